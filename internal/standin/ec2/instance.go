package ec2

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// An instance as it is recorded.
type instance struct {
	ID          string
	Reservation string
	Index       int32  // in the reservation
	Token       string `json:",omitempty"` // of the request

	Image, Type, Key string
	Zone, Address    string
	Profile          string      `json:",omitempty"` // ARN
	ProfileID        string      `json:",omitempty"`
	Groups           []string    `json:",omitempty"` // ids of security groups
	Tags             []types.Tag `json:",omitempty"`
	UserData         string      `json:",omitempty"` // in Base64
	Protected        bool        `json:",omitempty"` // from being terminated by the API
	Behavior         types.ShutdownBehavior
	Monitored        bool                                `json:",omitempty"`
	MetadataTags     types.InstanceMetadataTagsState     `json:",omitempty"`
	HopLimit         int32                               `json:",omitempty"`
	MetadataEndpoint types.InstanceMetadataEndpointState `json:",omitempty"`

	State      types.InstanceStateName
	Reason     *types.StateReason `json:",omitempty"`
	Transition string             `json:",omitempty"` // "User initiated (2026-11-22 10:10:10 GMT)"
	CreatedAt  time.Time
	LaunchedAt time.Time // last
	EndedAt    time.Time `json:",omitzero"`
	Boots      int       // how often it was told to boot
}

// stateCodes are AWS's.
var stateCodes = map[types.InstanceStateName]int32{
	types.InstanceStateNamePending: 0, types.InstanceStateNameRunning: 16, types.InstanceStateNameShuttingDown: 32,
	types.InstanceStateNameTerminated: 48, types.InstanceStateNameStopping: 64, types.InstanceStateNameStopped: 80,
}

func stateOf(name types.InstanceStateName) *types.InstanceState {
	return &types.InstanceState{Name: name, Code: aws.Int32(stateCodes[name])}
}

// over tells whether the instance only is remembered.
func (i instance) over() bool { return i.State == types.InstanceStateNameTerminated }

func newID(prefix string) string {
	var b [9]byte
	rand.Read(b[:])
	return prefix + "-0" + hex.EncodeToString(b[:])[:16]
}

// hostname is the private DNS name of an address, as AWS makes it. Nothing resolves it.
func (s *Service) hostname(address string) string {
	domain := s.cfg.Region + ".compute.internal"
	if s.cfg.Region == "us-east-1" {
		domain = "ec2.internal"
	}
	return "ip-" + strings.ReplaceAll(address, ".", "-") + "." + domain
}

// wire is the instance as DescribeInstances tells it.
func (s *Service) wire(i instance) types.Instance {
	w := types.Instance{
		InstanceId: &i.ID, ImageId: &i.Image, InstanceType: types.InstanceType(i.Type), AmiLaunchIndex: &i.Index,
		State: stateOf(i.State), StateReason: i.Reason, StateTransitionReason: &i.Transition, LaunchTime: &i.LaunchedAt,
		Placement:    &types.Placement{AvailabilityZone: &i.Zone, GroupName: aws.String(""), Tenancy: types.TenancyDefault},
		Monitoring:   &types.Monitoring{State: monitoring(i.Monitored)},
		Architecture: architecture(), Hypervisor: types.HypervisorTypeXen, VirtualizationType: types.VirtualizationTypeHvm,
		RootDeviceType: types.DeviceTypeEbs, RootDeviceName: aws.String("/dev/xvda"), PlatformDetails: aws.String("Linux/UNIX"),
		EbsOptimized: aws.Bool(false), PublicDnsName: aws.String(""), PrivateDnsName: aws.String(""), ProductCodes: []types.ProductCode{},
		BlockDeviceMappings: []types.InstanceBlockDeviceMapping{}, NetworkInterfaces: []types.InstanceNetworkInterface{},
		SecurityGroups: []types.GroupIdentifier{}, Tags: i.Tags,
	}
	if i.Token != "" {
		w.ClientToken = &i.Token
	}
	if i.Key != "" {
		w.KeyName = &i.Key
	}
	if i.over() {
		return w
	}
	w.PrivateIpAddress, w.PrivateDnsName = &i.Address, aws.String(s.hostname(i.Address))
	w.SubnetId, w.VpcId = aws.String(s.subnetOf(i.Zone)), aws.String(s.vpc())
	for _, id := range i.Groups {
		w.SecurityGroups = append(w.SecurityGroups, types.GroupIdentifier{GroupId: &id, GroupName: aws.String(groupName(id))})
	}
	if i.Profile != "" {
		w.IamInstanceProfile = &types.IamInstanceProfile{Arn: &i.Profile, Id: &i.ProfileID}
	}
	w.MetadataOptions = &types.InstanceMetadataOptionsResponse{
		State: types.InstanceMetadataOptionsStateApplied, HttpTokens: types.HttpTokensStateRequired, HttpEndpoint: i.MetadataEndpoint,
		HttpPutResponseHopLimit: &i.HopLimit, InstanceMetadataTags: i.MetadataTags, HttpProtocolIpv6: types.InstanceMetadataProtocolStateDisabled,
	}
	return w
}

func monitoring(on bool) types.MonitoringState {
	if on {
		return types.MonitoringStateEnabled
	}
	return types.MonitoringStateDisabled
}

// reservations groups instances by the requests that launched them, as AWS lists them.
func (s *Service) reservations(list []instance) []types.Reservation {
	all := []types.Reservation{}
	at := map[string]int{}
	for _, i := range list {
		n, ok := at[i.Reservation]
		if !ok {
			n, at[i.Reservation] = len(all), len(all)
			all = append(all, types.Reservation{
				ReservationId: &i.Reservation, OwnerId: &s.cfg.Account, Groups: []types.GroupIdentifier{},
			})
		}
		all[n].Instances = append(all[n].Instances, s.wire(i))
	}
	return all
}

// Address is where an instance is reached; ok is false where there is no such instance, or no
// more.
func (s *Service) Address(id string) (address string, ok bool) {
	i, ok := s.instances.Get(id)
	if !ok || i.over() {
		return "", false
	}
	return i.Address, true
}
