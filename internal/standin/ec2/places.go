package ec2

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/awswire"
)

func (s *Service) placeOperations() awswire.Operations {
	return awswire.Operations{
		"DescribeRegions":           reads("DescribeRegions", nil, s.describeRegions),
		"DescribeAvailabilityZones": reads("DescribeAvailabilityZones", nil, s.describeZones),
		"DescribeVpcs":              reads("DescribeVpcs", nil, s.describeVpcs),
		"DescribeSubnets":           reads("DescribeSubnets", nil, s.describeSubnets),
		"DescribeInstanceTypes":     reads("DescribeInstanceTypes", nil, s.describeInstanceTypes),
	}
}

// zones are those of the region. They are names: the machine is the same.
func (s *Service) zones() []string {
	return []string{s.cfg.Region + "a", s.cfg.Region + "b", s.cfg.Region + "c"}
}

// made is an id that is always the same for a name: there is one VPC, and a subnet in each zone.
func (s *Service) made(prefix, name string) string {
	sum := sha256.Sum256([]byte(prefix + "/" + s.cfg.Account + "/" + s.cfg.Region + "/" + name))
	return prefix + "-0" + hex.EncodeToString(sum[:8])
}

func (s *Service) vpc() string                 { return s.made("vpc", "default") }
func (s *Service) subnetOf(zone string) string { return s.made("subnet", zone) }

// zoneOf is the zone of a subnet.
func (s *Service) zoneOf(subnet string) (string, bool) {
	i := slices.IndexFunc(s.zones(), func(zone string) bool { return s.subnetOf(zone) == subnet })
	if i < 0 {
		return "", false
	}
	return s.zones()[i], true
}

// zoneID is the zone's name with AWS's short name of regions, such as use1-az1.
func (s *Service) zoneID(zone string) string {
	area, rest, _ := strings.Cut(s.cfg.Region, "-")
	direction, number, _ := strings.Cut(rest, "-")
	short := map[string]string{
		"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw", "central": "c",
		"north": "n", "south": "s", "east": "e", "west": "w",
	}[direction]
	return area + short + number + "-az" + string('1'+zone[len(zone)-1]-'a')
}

func (s *Service) describeRegions(_ context.Context, in *ec2.DescribeRegionsInput) (*ec2.DescribeRegionsOutput, error) {
	region := types.Region{
		RegionName: &s.cfg.Region, Endpoint: aws.String("ec2." + s.cfg.Region + ".amazonaws.com"), OptInStatus: aws.String("opt-in-not-required"),
	}
	for _, name := range in.RegionNames {
		if name != s.cfg.Region {
			return nil, invalid("Invalid region provided: %s", name)
		}
	}
	found, err := filtered([]types.Region{region}, in.Filters, func(r types.Region) facts {
		return facts{"region-name": {*r.RegionName}, "endpoint": {*r.Endpoint}, "opt-in-status": {*r.OptInStatus}}
	})
	return &ec2.DescribeRegionsOutput{Regions: found}, err
}

func (s *Service) describeZones(_ context.Context, in *ec2.DescribeAvailabilityZonesInput) (*ec2.DescribeAvailabilityZonesOutput, error) {
	var list []types.AvailabilityZone
	for _, zone := range s.zones() {
		id := s.zoneID(zone)
		if !among(in.ZoneNames, zone) || !among(in.ZoneIds, id) {
			continue
		}
		list = append(list, types.AvailabilityZone{
			ZoneName: &zone, ZoneId: &id, RegionName: &s.cfg.Region, State: types.AvailabilityZoneStateAvailable, GroupName: &s.cfg.Region,
			NetworkBorderGroup: &s.cfg.Region, ZoneType: aws.String("availability-zone"), Messages: []types.AvailabilityZoneMessage{},
			OptInStatus: types.AvailabilityZoneOptInStatusOptInNotRequired,
		})
	}
	for _, zone := range in.ZoneNames {
		if !slices.Contains(s.zones(), zone) {
			return nil, invalid("Invalid availability zone: [%s]", zone)
		}
	}
	found, err := filtered(list, in.Filters, func(z types.AvailabilityZone) facts {
		return facts{"zone-name": {*z.ZoneName}, "zone-id": {*z.ZoneId}, "region-name": {*z.RegionName}, "state": {string(z.State)},
			"group-name": {*z.GroupName}, "zone-type": {*z.ZoneType}, "opt-in-status": {string(z.OptInStatus)}}
	})
	return &ec2.DescribeAvailabilityZonesOutput{AvailabilityZones: found}, err
}

// among tells whether a list that may be left out has the name.
func among(list []string, name string) bool { return len(list) == 0 || slices.Contains(list, name) }

func (s *Service) describeVpcs(_ context.Context, in *ec2.DescribeVpcsInput) (*ec2.DescribeVpcsOutput, error) {
	for _, id := range in.VpcIds {
		if id != s.vpc() {
			return nil, awswire.Errorf("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
		}
	}
	vpc := types.Vpc{VpcId: aws.String(s.vpc()), CidrBlock: aws.String(s.cfg.Pool.String()), IsDefault: aws.Bool(true), OwnerId: &s.cfg.Account,
		State: types.VpcStateAvailable, InstanceTenancy: types.TenancyDefault, DhcpOptionsId: aws.String("default")}
	found, err := filtered([]types.Vpc{vpc}, in.Filters, func(v types.Vpc) facts {
		return facts{"vpc-id": {*v.VpcId}, "cidr": {*v.CidrBlock}, "state": {string(v.State)}, "owner-id": {*v.OwnerId},
			"is-default": {"true"}, "isDefault": {"true"}, "tag-key": {}}
	})
	return &ec2.DescribeVpcsOutput{Vpcs: found}, err
}

func (s *Service) describeSubnets(_ context.Context, in *ec2.DescribeSubnetsInput) (*ec2.DescribeSubnetsOutput, error) {
	var list []types.Subnet
	for _, zone := range s.zones() {
		if id := s.subnetOf(zone); among(in.SubnetIds, id) {
			list = append(list, types.Subnet{
				SubnetId: &id, SubnetArn: aws.String(s.arn("subnet", id)), VpcId: aws.String(s.vpc()), AvailabilityZone: &zone,
				AvailabilityZoneId: aws.String(s.zoneID(zone)), CidrBlock: aws.String(s.cfg.Pool.String()), DefaultForAz: aws.Bool(true),
				State: types.SubnetStateAvailable, OwnerId: &s.cfg.Account, MapPublicIpOnLaunch: aws.Bool(false),
				AvailableIpAddressCount: aws.Int32(int32(s.cfg.Limit)), AssignIpv6AddressOnCreation: aws.Bool(false),
			})
		}
	}
	for _, id := range in.SubnetIds {
		if _, ok := s.zoneOf(id); !ok {
			return nil, subnetNotFound(id)
		}
	}
	found, err := filtered(list, in.Filters, func(n types.Subnet) facts {
		return facts{"subnet-id": {*n.SubnetId}, "vpc-id": {*n.VpcId}, "availability-zone": {*n.AvailabilityZone},
			"availabilityZone": {*n.AvailabilityZone}, "availability-zone-id": {*n.AvailabilityZoneId}, "state": {string(n.State)},
			"default-for-az": {"true"}, "defaultForAz": {"true"}, "owner-id": {*n.OwnerId}, "map-public-ip-on-launch": {"false"}, "tag-key": {}}
	})
	return &ec2.DescribeSubnetsOutput{Subnets: found}, err
}

func subnetNotFound(id string) error {
	return awswire.Errorf("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
}

// architecture is the machine's own.
func architecture() types.ArchitectureValues {
	if runtime.GOARCH == "arm64" {
		return types.ArchitectureValuesArm64
	}
	return types.ArchitectureValuesX8664
}

// usual are the types that are told of where none is asked for.
var usual = []types.InstanceType{types.InstanceTypeT3Nano, types.InstanceTypeT3Micro, types.InstanceTypeT3Small, types.InstanceTypeM5Large}

// describeInstanceTypes tells the truth: of whatever type an instance is, it has what the machine
// has that the server runs on.
func (s *Service) describeInstanceTypes(_ context.Context, in *ec2.DescribeInstanceTypesInput) (*ec2.DescribeInstanceTypesOutput, error) {
	names := in.InstanceTypes
	if len(names) == 0 {
		names = usual
	}
	var list []types.InstanceTypeInfo
	for _, name := range names {
		if !typePattern.MatchString(string(name)) {
			return nil, awswire.Errorf("InvalidInstanceType", "The following supplied instance types do not exist: [%s]", name)
		}
		list = append(list, types.InstanceTypeInfo{
			InstanceType: name, CurrentGeneration: aws.Bool(true), FreeTierEligible: aws.Bool(false), BareMetal: aws.Bool(false),
			VCpuInfo:                      &types.VCpuInfo{DefaultVCpus: aws.Int32(int32(runtime.NumCPU())), DefaultCores: aws.Int32(int32(runtime.NumCPU()))},
			MemoryInfo:                    &types.MemoryInfo{SizeInMiB: memoryMiB()},
			ProcessorInfo:                 &types.ProcessorInfo{SupportedArchitectures: []types.ArchitectureType{types.ArchitectureType(architecture())}},
			SupportedRootDeviceTypes:      []types.RootDeviceType{types.RootDeviceTypeEbs},
			SupportedUsageClasses:         []types.UsageClassType{types.UsageClassTypeOnDemand},
			SupportedVirtualizationTypes:  []types.VirtualizationType{types.VirtualizationTypeHvm},
			BurstablePerformanceSupported: aws.Bool(false), InstanceStorageSupported: aws.Bool(false), HibernationSupported: aws.Bool(false),
		})
	}
	found, err := filtered(list, in.Filters, func(t types.InstanceTypeInfo) facts {
		return facts{"instance-type": {string(t.InstanceType)}, "current-generation": {"true"}, "bare-metal": {"false"},
			"processor-info.supported-architecture": {string(architecture())}}
	})
	return &ec2.DescribeInstanceTypesOutput{InstanceTypes: found}, err
}

// memoryMiB is the machine's memory; nil where it does not say.
func memoryMiB() *int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return nil
	}
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line)
	if len(fields) < 2 || fields[0] != "MemTotal:" {
		return nil
	}
	var kib int64
	for _, digit := range fields[1] {
		kib = kib*10 + int64(digit-'0')
	}
	return aws.Int64(kib / 1024)
}
