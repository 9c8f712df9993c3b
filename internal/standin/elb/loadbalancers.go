package elb

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A loadBalancer is an application or a network load balancer as it is recorded.
type loadBalancer struct {
	types.LoadBalancer
	Address    string            // that it listens on
	Attributes map[string]string // that differ from their defaults
	Tags       []types.Tag
}

func (b loadBalancer) arn() string { return aws.ToString(b.LoadBalancerArn) }

func (s *Service) balancerOperations() awswire.Operations {
	one := func(arn *string) []string { return []string{aws.ToString(arn)} }
	return awswire.Operations{
		"CreateLoadBalancer": writes(s, "CreateLoadBalancer", func(in *elbv2.CreateLoadBalancerInput) []string {
			return []string{s.arn("loadbalancer/%s/%s/*", kindOf(in.Type), aws.ToString(in.Name))}
		}, s.createLoadBalancer),
		"DescribeLoadBalancers": reads("DescribeLoadBalancers", nil, s.describeLoadBalancers),
		"DeleteLoadBalancer": writes(s, "DeleteLoadBalancer",
			func(in *elbv2.DeleteLoadBalancerInput) []string { return one(in.LoadBalancerArn) }, s.deleteLoadBalancer),
		"SetSubnets": writes(s, "SetSubnets",
			func(in *elbv2.SetSubnetsInput) []string { return one(in.LoadBalancerArn) }, s.setSubnets),
		"SetSecurityGroups": writes(s, "SetSecurityGroups",
			func(in *elbv2.SetSecurityGroupsInput) []string { return one(in.LoadBalancerArn) }, s.setSecurityGroups),
		"SetIpAddressType": writes(s, "SetIpAddressType",
			func(in *elbv2.SetIpAddressTypeInput) []string { return one(in.LoadBalancerArn) }, s.setIPAddressType),
		"DescribeCapacityReservation": reads("DescribeCapacityReservation", nil, s.describeCapacityReservation),
		"DescribeAccountLimits":       reads("DescribeAccountLimits", nil, s.describeAccountLimits),
	}
}

// kindOf is how ARNs write a type.
func kindOf(t types.LoadBalancerTypeEnum) string {
	if t == types.LoadBalancerTypeEnumNetwork {
		return "net"
	}
	return "app"
}

func (s *Service) createLoadBalancer(ctx context.Context, in *elbv2.CreateLoadBalancerInput) (*elbv2.CreateLoadBalancerOutput, error) {
	if in.Type == "" {
		in.Type = types.LoadBalancerTypeEnumApplication
	}
	if in.Scheme == "" {
		in.Scheme = types.LoadBalancerSchemeEnumInternetFacing
	}
	if err := checkNewBalancer(in); err != nil {
		return nil, err
	}
	if b, ok := s.balancerNamed(*in.Name); ok {
		if b.Type != in.Type || b.Scheme != in.Scheme {
			return nil, awswire.Errorf("DuplicateLoadBalancerName",
				"A load balancer with the same name '%s' exists, but with different settings", *in.Name)
		}
		return &elbv2.CreateLoadBalancerOutput{LoadBalancers: []types.LoadBalancer{b.LoadBalancer}}, nil
	}
	address, err := s.newAddress()
	if err != nil {
		return nil, err
	}
	b := loadBalancer{Address: address, Tags: in.Tags, LoadBalancer: types.LoadBalancer{
		LoadBalancerArn:       aws.String(s.arn("loadbalancer/%s/%s/%s", kindOf(in.Type), *in.Name, newID())),
		LoadBalancerName:      in.Name,
		DNSName:               &address,
		CanonicalHostedZoneId: aws.String("ZSLIPWAY"),
		CreatedTime:           aws.Time(s.cfg.Now().UTC()),
		Type:                  in.Type,
		Scheme:                in.Scheme,
		IpAddressType:         types.IpAddressTypeIpv4,
		SecurityGroups:        append([]string{}, in.SecurityGroups...),
		AvailabilityZones:     s.zones(in.Subnets, in.SubnetMappings),
		VpcId:                 aws.String(vpc),
		State:                 &types.LoadBalancerState{Code: types.LoadBalancerStateEnumActive},
	}}
	if err := s.balancers.Put(ctx, b.arn(), b); err != nil {
		return nil, err
	}
	shown := b.LoadBalancer
	shown.State = &types.LoadBalancerState{Code: types.LoadBalancerStateEnumProvisioning}
	return &elbv2.CreateLoadBalancerOutput{LoadBalancers: []types.LoadBalancer{shown}}, nil
}

// vpc is the one network there is.
const vpc = "vpc-00000000"

func checkNewBalancer(in *elbv2.CreateLoadBalancerInput) error {
	if err := required("name", in.Name); err != nil {
		return err
	}
	if err := checkName("The load balancer name", *in.Name); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(*in.Name, "internal-"):
		return invalid("Load balancer name cannot be prefixed with 'internal-'")
	case in.Type != types.LoadBalancerTypeEnumApplication && in.Type != types.LoadBalancerTypeEnumNetwork:
		return invalid("Load balancers of the type '%s' are not available here; use application or network", in.Type)
	case in.IpAddressType != "" && in.IpAddressType != types.IpAddressTypeIpv4:
		return invalid("The IP address type '%s' is not available here; use ipv4", in.IpAddressType)
	case len(in.Subnets) > 0 && len(in.SubnetMappings) > 0:
		return invalid("Only one of 'subnets' and 'subnetMappings' can be specified")
	}
	return checkTags(in.Tags)
}

// zones are the availability zones of subnets, which are recorded and mean nothing here.
func (s *Service) zones(subnets []string, mappings []types.SubnetMapping) []types.AvailabilityZone {
	list := []types.AvailabilityZone{}
	for _, m := range mappings {
		subnets = append(subnets, aws.ToString(m.SubnetId))
	}
	for i, id := range subnets {
		zone := s.cfg.Region + string(rune('a'+i%6))
		list = append(list, types.AvailabilityZone{SubnetId: aws.String(id), ZoneName: &zone, LoadBalancerAddresses: []types.LoadBalancerAddress{}})
	}
	return list
}

func (s *Service) balancerNamed(name string) (loadBalancer, bool) {
	for _, b := range s.balancers.All() {
		if aws.ToString(b.LoadBalancerName) == name {
			return b, true
		}
	}
	return loadBalancer{}, false
}

func balancerNotFound() error {
	return awswire.Errorf("LoadBalancerNotFound", "One or more load balancers not found")
}

func (s *Service) balancer(arn *string) (loadBalancer, error) {
	if err := required("loadBalancerArn", arn); err != nil {
		return loadBalancer{}, err
	}
	b, ok := s.balancers.Get(*arn)
	if !ok {
		return b, balancerNotFound()
	}
	return b, nil
}

func (s *Service) describeLoadBalancers(_ context.Context, in *elbv2.DescribeLoadBalancersInput) (*elbv2.DescribeLoadBalancersOutput, error) {
	if len(in.Names) > 0 && len(in.LoadBalancerArns) > 0 {
		return nil, invalid("Load balancer names and load balancer ARNs cannot be specified at the same time")
	}
	list := []types.LoadBalancer{}
	for _, name := range in.Names {
		b, ok := s.balancerNamed(name)
		if !ok {
			return nil, awswire.Errorf("LoadBalancerNotFound", "Load balancers '[%s]' not found", name)
		}
		list = append(list, s.shown(b))
	}
	for _, arn := range in.LoadBalancerArns {
		b, ok := s.balancers.Get(arn)
		if !ok {
			return nil, awswire.Errorf("LoadBalancerNotFound", "Load balancers '[%s]' not found", arn)
		}
		list = append(list, s.shown(b))
	}
	if len(in.Names)+len(in.LoadBalancerArns) == 0 {
		for _, b := range s.balancers.All() {
			list = append(list, s.shown(b))
		}
	}
	out := &elbv2.DescribeLoadBalancersOutput{}
	var err error
	out.LoadBalancers, out.NextMarker, err = page(list, in.Marker, in.PageSize,
		func(b types.LoadBalancer) string { return aws.ToString(b.LoadBalancerArn) })
	return out, err
}

// shown is the load balancer with the state that it has now.
func (s *Service) shown(b loadBalancer) types.LoadBalancer {
	if why := s.trouble(b); why != "" {
		b.State = &types.LoadBalancerState{Code: types.LoadBalancerStateEnumFailed, Reason: &why}
	}
	return b.LoadBalancer
}

// deleteLoadBalancer takes the listeners and rules along; one that is not there is no error.
func (s *Service) deleteLoadBalancer(ctx context.Context, in *elbv2.DeleteLoadBalancerInput) (*elbv2.DeleteLoadBalancerOutput, error) {
	if err := required("loadBalancerArn", in.LoadBalancerArn); err != nil {
		return nil, err
	}
	b, ok := s.balancers.Get(*in.LoadBalancerArn)
	if ok && b.Attributes["deletion_protection.enabled"] == "true" {
		return nil, awswire.Errorf("OperationNotPermitted",
			"Load balancer '%s' cannot be deleted because deletion protection is enabled", b.arn())
	}
	for _, l := range s.listenersOf(*in.LoadBalancerArn) {
		if err := s.removeListener(ctx, l.arn()); err != nil {
			return nil, err
		}
	}
	return nil, s.balancers.Delete(ctx, *in.LoadBalancerArn)
}

func (s *Service) setSubnets(ctx context.Context, in *elbv2.SetSubnetsInput) (*elbv2.SetSubnetsOutput, error) {
	b, err := s.balancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	b.AvailabilityZones = s.zones(in.Subnets, in.SubnetMappings)
	return &elbv2.SetSubnetsOutput{AvailabilityZones: b.AvailabilityZones, IpAddressType: b.IpAddressType}, s.balancers.Put(ctx, b.arn(), b)
}

func (s *Service) setSecurityGroups(ctx context.Context, in *elbv2.SetSecurityGroupsInput) (*elbv2.SetSecurityGroupsOutput, error) {
	b, err := s.balancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	b.SecurityGroups = append([]string{}, in.SecurityGroups...)
	return &elbv2.SetSecurityGroupsOutput{SecurityGroupIds: b.SecurityGroups}, s.balancers.Put(ctx, b.arn(), b)
}

func (s *Service) setIPAddressType(_ context.Context, in *elbv2.SetIpAddressTypeInput) (*elbv2.SetIpAddressTypeOutput, error) {
	b, err := s.balancer(in.LoadBalancerArn)
	if err != nil {
		return nil, err
	}
	if in.IpAddressType != b.IpAddressType {
		return nil, invalid("The IP address type '%s' is not available here; use ipv4", in.IpAddressType)
	}
	return &elbv2.SetIpAddressTypeOutput{IpAddressType: b.IpAddressType}, nil
}

// describeCapacityReservation tells of none; Terraform asks.
func (s *Service) describeCapacityReservation(
	_ context.Context, in *elbv2.DescribeCapacityReservationInput,
) (*elbv2.DescribeCapacityReservationOutput, error) {
	_, err := s.balancer(in.LoadBalancerArn)
	return &elbv2.DescribeCapacityReservationOutput{}, err
}

// limits are AWS's defaults.
var limits = []struct{ name, most string }{
	{"application-load-balancers", "50"}, {"network-load-balancers", "50"},
	{"listeners-per-application-load-balancer", "50"}, {"listeners-per-network-load-balancer", "50"},
	{"rules-per-application-load-balancer", "100"}, {"certificates-per-application-load-balancer", "25"},
	{"target-groups", "3000"}, {"target-groups-per-application-load-balancer", "100"},
	{"target-groups-per-action-on-application-load-balancer", "5"}, {"target-groups-per-action-on-network-load-balancer", "1"},
	{"targets-per-application-load-balancer", "1000"}, {"targets-per-network-load-balancer", "3000"},
	{"targets-per-target-group", "1000"}, {"condition-values-per-alb-rule", "5"}, {"condition-wildcards-per-alb-rule", "6"},
}

func (s *Service) describeAccountLimits(_ context.Context, in *elbv2.DescribeAccountLimitsInput) (*elbv2.DescribeAccountLimitsOutput, error) {
	var list []types.Limit
	for _, l := range limits {
		list = append(list, types.Limit{Name: aws.String(l.name), Max: aws.String(l.most)})
	}
	out := &elbv2.DescribeAccountLimitsOutput{}
	var err error
	out.Limits, out.NextMarker, err = page(list, in.Marker, in.PageSize, func(l types.Limit) string { return *l.Name })
	return out, err
}

// listenersOf are the load balancer's listeners, by port.
func (s *Service) listenersOf(balancerARN string) (list []listener) {
	for _, l := range s.listeners.All() {
		if aws.ToString(l.LoadBalancerArn) == balancerARN {
			list = append(list, l)
		}
	}
	slices.SortFunc(list, func(a, b listener) int { return int(aws.ToInt32(a.Port) - aws.ToInt32(b.Port)) })
	return list
}
