package ec2

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// maxUserData is AWS's bound, in bytes before Base64.
const maxUserData = 16 << 10

const defaultType = types.InstanceTypeM1Small // as at AWS

var (
	imagePattern = regexp.MustCompile(`^(ami-[0-9a-f]{8,17}|resolve:ssm:.+)$`)
	typePattern  = regexp.MustCompile(`^[a-z0-9-]+\.[a-z0-9-]+$`)
)

// runInstances records instances as pending; their keepers boot them.
func (s *Service) runInstances(ctx context.Context, in *ec2.RunInstancesInput) (*ec2.RunInstancesOutput, error) {
	if before := s.launchedBy(aws.ToString(in.ClientToken)); len(before) > 0 {
		return s.launched(before), nil
	}
	in, template, err := s.withTemplate(ctx, in)
	if err != nil {
		return nil, err
	}
	like, err := s.plan(ctx, in)
	if err != nil {
		return nil, err
	}
	like.Tags = append(like.Tags, template...)
	count, err := s.count(in)
	if err != nil {
		return nil, err
	}
	list := make([]instance, 0, count)
	taken := s.taken()
	zone, zoneAsked := like.Zone, like.Zone != ""
	for n := range count {
		i := like
		i.ID, i.Index, i.State, i.Boots, i.LaunchedAt = newID("i"), int32(n), types.InstanceStateNamePending, 1, like.CreatedAt
		if !zoneAsked {
			zone = s.emptiest(list)
		}
		i.Zone = zone
		if i.Address == "" {
			if i.Address, err = s.newAddress(taken); err != nil {
				return nil, err
			}
		}
		taken[i.Address] = true
		list = append(list, i)
	}
	for _, i := range list {
		if err := s.instances.Put(ctx, i.ID, i); err != nil {
			return nil, err
		}
		s.keep(i.ID)
	}
	return s.launched(list), nil
}

func (s *Service) launched(list []instance) *ec2.RunInstancesOutput {
	r := s.reservations(list)[0]
	return &ec2.RunInstancesOutput{ReservationId: r.ReservationId, OwnerId: r.OwnerId, Groups: r.Groups, Instances: r.Instances}
}

// launchedBy are the instances that a request with that token has launched already.
func (s *Service) launchedBy(token string) (list []instance) {
	for _, i := range s.instances.All() {
		if token != "" && i.Token == token {
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b instance) int { return int(a.Index - b.Index) })
	return list
}

// count is how many instances to launch: as many of those that are asked for as the limit allows.
func (s *Service) count(in *ec2.RunInstancesInput) (int, error) {
	least, most := in.MinCount, in.MaxCount
	switch {
	case least == nil:
		return 0, missing("MinCount")
	case most == nil:
		return 0, missing("MaxCount")
	case *least < 1:
		return 0, invalid("Value (%d) for parameter minCount is invalid. Minimum value is 1.", *least)
	case *most < *least:
		return 0, awswire.Errorf("InvalidParameterCombination", "The maximum count %d is less than the minimum count %d", *most, *least)
	}
	live := 0
	for _, i := range s.instances.All() {
		if !i.over() {
			live++
		}
	}
	if live+int(*least) > s.cfg.Limit {
		return 0, awswire.Errorf("InstanceLimitExceeded", "You have requested more instances (%d) than your current instance limit of %d allows. "+
			"Terminate others, or start the server with a larger --max-ec2-instances.", live+int(*least), s.cfg.Limit)
	}
	if in.PrivateIpAddress != nil && *most > 1 {
		return 0, awswire.Errorf("InvalidParameterCombination", "A private IP address is for one instance, not for %d", *most)
	}
	return min(int(*most), s.cfg.Limit-live), nil
}

// plan checks the request and makes of it what all its instances have in common.
func (s *Service) plan(ctx context.Context, in *ec2.RunInstancesInput) (i instance, err error) {
	i = instance{
		CreatedAt: s.cfg.Now().UTC(), Reservation: newID("r"), Token: aws.ToString(in.ClientToken), Image: aws.ToString(in.ImageId), Type: string(in.InstanceType),
		Key: aws.ToString(in.KeyName), UserData: aws.ToString(in.UserData), Groups: in.SecurityGroupIds,
		Protected: aws.ToBool(in.DisableApiTermination), Behavior: in.InstanceInitiatedShutdownBehavior,
		Monitored:    in.Monitoring != nil && aws.ToBool(in.Monitoring.Enabled),
		MetadataTags: types.InstanceMetadataTagsStateDisabled, HopLimit: 1, MetadataEndpoint: types.InstanceMetadataEndpointStateEnabled,
	}
	if i.Type == "" {
		i.Type = string(defaultType)
	}
	if i.Behavior == "" {
		i.Behavior = types.ShutdownBehaviorStop
	}
	if m := in.MetadataOptions; m != nil {
		i.MetadataTags = cmp.Or(m.InstanceMetadataTags, i.MetadataTags)
		i.MetadataEndpoint = cmp.Or(m.HttpEndpoint, i.MetadataEndpoint)
		i.HopLimit = cmp.Or(aws.ToInt32(m.HttpPutResponseHopLimit), i.HopLimit)
	}
	if i.Tags, err = tagsFor(in.TagSpecifications, types.ResourceTypeInstance); err != nil {
		return i, err
	}
	if err := s.mayTag(ctx, "instance", i.Tags); err != nil {
		return i, err
	}
	if err := checkPlan(i); err != nil {
		return i, err
	}
	if err := s.place(&i, in); err != nil {
		return i, err
	}
	return i, s.give(ctx, &i, in.IamInstanceProfile)
}

func checkPlan(i instance) error {
	switch {
	case i.Image == "":
		return missing("ImageId")
	case !imagePattern.MatchString(i.Image):
		return awswire.Errorf("InvalidAMIID.Malformed", `Invalid id: "%s" (expecting "ami-...")`, i.Image)
	case !typePattern.MatchString(i.Type):
		return invalid("Invalid value '%s' for InstanceType.", i.Type)
	}
	data, err := base64.StdEncoding.DecodeString(i.UserData)
	switch {
	case err != nil:
		return invalid("Invalid BASE64 encoding of user data.")
	case len(data) > maxUserData:
		return invalid("User data is limited to %d bytes", maxUserData)
	}
	return nil
}

// place reads where the instances are to be, as far as the request says it.
func (s *Service) place(i *instance, in *ec2.RunInstancesInput) error {
	subnet, address := aws.ToString(in.SubnetId), aws.ToString(in.PrivateIpAddress)
	if len(in.NetworkInterfaces) > 0 {
		first := in.NetworkInterfaces[0]
		subnet, address = cmp.Or(subnet, aws.ToString(first.SubnetId)), cmp.Or(address, aws.ToString(first.PrivateIpAddress))
		i.Groups = append(i.Groups, first.Groups...)
	}
	if in.Placement != nil {
		i.Zone = aws.ToString(in.Placement.AvailabilityZone)
	}
	if i.Zone != "" && !slices.Contains(s.zones(), i.Zone) {
		return invalid("Invalid availability zone: [%s]", i.Zone)
	}
	if subnet != "" {
		zone, ok := s.zoneOf(subnet)
		if !ok {
			return subnetNotFound(subnet)
		}
		i.Zone = zone
	}
	if len(i.Groups) == 0 {
		i.Groups = []string{s.made("sg", "default")}
	}
	if address == "" {
		return nil
	}
	at, err := netip.ParseAddr(address)
	switch {
	case err != nil || !s.cfg.Pool.Contains(at):
		return invalid("Address %s is not in the address range of the subnet, %s", address, s.cfg.Pool)
	case s.taken()[address]:
		return awswire.Errorf("InvalidIPAddress.InUse", "Address %s is in use.", address)
	}
	i.Address = address
	return nil
}

// groupName is the name of a security group, which is not more than a name here.
func groupName(id string) string {
	if strings.HasPrefix(id, "sg-") {
		return "default"
	}
	return id
}

// give finds the instance profile, and asks whether the caller may hand out its role.
func (s *Service) give(ctx context.Context, i *instance, want *types.IamInstanceProfileSpecification) error {
	if want == nil || want.Arn == nil && want.Name == nil {
		return nil
	}
	name, member, what := aws.ToString(want.Name), "name", "name"
	if want.Arn != nil {
		member, what = "arn", "ARN"
		name = (*want.Arn)[strings.LastIndex(*want.Arn, "/")+1:]
	}
	profile, err := s.cfg.Identity.GetEntity(ctx, identity.InstanceProfile, name)
	_, refused := errors.AsType[*identity.Error](err)
	if refused || err == nil && want.Arn != nil && *want.Arn != profile.ARN {
		return invalid("Value (%s) for parameter iamInstanceProfile.%s is invalid. Invalid IAM Instance Profile %s", cmp.Or(aws.ToString(want.Arn), name), member, what)
	}
	if err != nil {
		return err
	}
	for _, role := range profile.Members {
		e, err := s.cfg.Identity.GetEntity(ctx, identity.Role, role)
		if err != nil {
			return err
		}
		if err := authorize(ctx, "iam:PassRole", e.ARN); err != nil {
			return err
		}
	}
	i.Profile, i.ProfileID = profile.ARN, profile.ID
	return nil
}

// emptiest is the zone with the fewest instances, those about to be launched included.
func (s *Service) emptiest(launching []instance) string {
	have := map[string]int{}
	for _, i := range append(s.instances.All(), launching...) {
		if !i.over() {
			have[i.Zone]++
		}
	}
	return slices.MinFunc(s.zones(), func(a, b string) int { return have[a] - have[b] })
}

// taken are the addresses that instances have.
func (s *Service) taken() map[string]bool {
	taken := map[string]bool{}
	for _, i := range s.instances.All() {
		if !i.over() {
			taken[i.Address] = true
		}
	}
	return taken
}

// newAddress picks a free address of the pool at random, so that two servers on one machine are
// unlikely to want the same.
func (s *Service) newAddress(taken map[string]bool) (string, error) {
	pool := s.cfg.Pool.Masked()
	size := 1 << min(pool.Addr().BitLen()-pool.Bits(), 24)
	for n, first := 0, rand.IntN(size); n < size; n++ {
		at := plus(pool.Addr(), (first+n)%size)
		if last := at.AsSlice()[len(at.AsSlice())-1]; size > 2 && (last == 0 || last == 255) {
			continue // by custom addresses of networks
		}
		if !taken[at.String()] {
			return at.String(), nil
		}
	}
	return "", awswire.Errorf("InsufficientFreeAddressesInSubnet", "All addresses of %s are taken by instances.", pool)
}

// plus is the n-th address after at.
func plus(at netip.Addr, n int) netip.Addr {
	b := at.AsSlice()
	for i := len(b) - 1; i >= 0 && n > 0; i-- {
		n += int(b[i])
		b[i] = byte(n)
		n >>= 8
	}
	sum, _ := netip.AddrFromSlice(b)
	return sum
}
