package elb

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awswire"
)

// A targetGroup is as it is recorded, with its targets.
type targetGroup struct {
	types.TargetGroup
	Attributes map[string]string // that differ from their defaults
	Tags       []types.Tag
	Targets    []target
}

func (g targetGroup) arn() string { return aws.ToString(g.TargetGroupArn) }

// network tells whether the group is for network load balancers.
func (g targetGroup) network() bool { return !isHTTP(g.Protocol) }

func isHTTP(p types.ProtocolEnum) bool {
	return p == types.ProtocolEnumHttp || p == types.ProtocolEnumHttps
}

func (s *Service) groupOperations() awswire.Operations {
	return awswire.Operations{
		"CreateTargetGroup": writes(s, "CreateTargetGroup", func(in *elbv2.CreateTargetGroupInput) []string {
			return []string{s.arn("targetgroup/%s/*", aws.ToString(in.Name))}
		}, s.createTargetGroup),
		"DescribeTargetGroups": reads("DescribeTargetGroups", nil, s.describeTargetGroups),
		"ModifyTargetGroup": writes(s, "ModifyTargetGroup",
			func(in *elbv2.ModifyTargetGroupInput) []string { return []string{aws.ToString(in.TargetGroupArn)} }, s.modifyTargetGroup),
		"DeleteTargetGroup": writes(s, "DeleteTargetGroup",
			func(in *elbv2.DeleteTargetGroupInput) []string { return []string{aws.ToString(in.TargetGroupArn)} }, s.deleteTargetGroup),
	}
}

func (s *Service) createTargetGroup(ctx context.Context, in *elbv2.CreateTargetGroupInput) (*elbv2.CreateTargetGroupOutput, error) {
	if err := checkNewGroup(in); err != nil {
		return nil, err
	}
	made := types.TargetGroup{
		TargetGroupArn:      aws.String(s.arn("targetgroup/%s/%s", *in.Name, newID())),
		TargetGroupName:     in.Name,
		TargetType:          types.TargetTypeEnumInstance,
		Protocol:            in.Protocol,
		Port:                in.Port,
		VpcId:               orElse(in.VpcId, vpc),
		IpAddressType:       types.TargetGroupIpAddressTypeEnumIpv4,
		HealthCheckEnabled:  aws.Bool(true),
		HealthCheckPort:     aws.String("traffic-port"),
		HealthCheckProtocol: in.HealthCheckProtocol,
	}
	if in.TargetType != "" {
		made.TargetType = in.TargetType
	}
	if isHTTP(in.Protocol) {
		made.ProtocolVersion = orElse(in.ProtocolVersion, "HTTP1")
	}
	if made.HealthCheckProtocol == "" {
		made.HealthCheckProtocol = defaultCheck(in.Protocol)
	}
	healthDefaults(&made)
	settings := healthSettings{
		in.HealthCheckEnabled, in.HealthCheckIntervalSeconds, in.HealthCheckPath, in.HealthCheckPort, "",
		in.HealthCheckTimeoutSeconds, in.HealthyThresholdCount, in.Matcher, in.UnhealthyThresholdCount,
	}
	if err := settings.on(&made); err != nil {
		return nil, err
	}
	for _, g := range s.groups.All() {
		if aws.ToString(g.TargetGroupName) != *in.Name {
			continue
		}
		if !sameSettings(g.TargetGroup, made) {
			return nil, awswire.Errorf("DuplicateTargetGroupName",
				"A target group with the same name '%s' exists, but with different settings", *in.Name)
		}
		return &elbv2.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{s.shownGroup(g)}}, nil
	}
	g := targetGroup{TargetGroup: made, Tags: in.Tags}
	if err := s.groups.Put(ctx, g.arn(), g); err != nil {
		return nil, err
	}
	return &elbv2.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{s.shownGroup(g)}}, nil
}

func orElse(given *string, otherwise string) *string {
	if given != nil {
		return given
	}
	return &otherwise
}

func sameSettings(a, b types.TargetGroup) bool {
	return a.Protocol == b.Protocol && aws.ToInt32(a.Port) == aws.ToInt32(b.Port) && a.TargetType == b.TargetType &&
		aws.ToString(a.VpcId) == aws.ToString(b.VpcId) && aws.ToString(a.HealthCheckPath) == aws.ToString(b.HealthCheckPath) &&
		aws.ToString(a.HealthCheckPort) == aws.ToString(b.HealthCheckPort) && a.HealthCheckProtocol == b.HealthCheckProtocol &&
		aws.ToInt32(a.HealthCheckIntervalSeconds) == aws.ToInt32(b.HealthCheckIntervalSeconds)
}

func checkNewGroup(in *elbv2.CreateTargetGroupInput) error {
	if err := required("name", in.Name); err != nil {
		return err
	}
	if err := checkName("Target group name", *in.Name); err != nil {
		return err
	}
	protocols := []types.ProtocolEnum{types.ProtocolEnumHttp, types.ProtocolEnumHttps, types.ProtocolEnumTcp, types.ProtocolEnumTls}
	switch {
	case in.TargetType == types.TargetTypeEnumLambda || in.TargetType == types.TargetTypeEnumAlb:
		return invalid("The target type '%s' is not available here; use instance or ip", in.TargetType)
	case in.Protocol == "":
		return invalid("A protocol must be specified")
	case in.Port == nil:
		return invalid("A port must be specified")
	case !slices.Contains(protocols, in.Protocol):
		return invalid("The protocol '%s' is not available here; use HTTP, HTTPS, TCP or TLS", in.Protocol)
	case in.HealthCheckProtocol != "" && !slices.Contains(protocols[:3], in.HealthCheckProtocol),
		isHTTP(in.Protocol) && in.HealthCheckProtocol == types.ProtocolEnumTcp:
		return invalid("Health check protocol '%s' is not supported for target groups with protocol '%s'", in.HealthCheckProtocol, in.Protocol)
	case in.ProtocolVersion != nil && *in.ProtocolVersion != "HTTP1":
		return invalid("The protocol version '%s' is not available here; use HTTP1", *in.ProtocolVersion)
	case in.IpAddressType != "" && in.IpAddressType != types.TargetGroupIpAddressTypeEnumIpv4:
		return invalid("The IP address type '%s' is not available here; use ipv4", in.IpAddressType)
	}
	if err := checkPort(*in.Port); err != nil {
		return err
	}
	return checkTags(in.Tags)
}

func checkPort(port int32) error {
	if port < 1 || port > 65535 {
		return invalid("1 validation error detected: Value '%d' at 'port' failed to satisfy constraint: "+
			"Member must have value between 1 and 65535", port)
	}
	return nil
}

func groupNotFound() error {
	return awswire.Errorf("TargetGroupNotFound", "One or more target groups not found")
}

func (s *Service) group(arn *string) (targetGroup, error) {
	if err := required("targetGroupArn", arn); err != nil {
		return targetGroup{}, err
	}
	g, ok := s.groups.Get(*arn)
	if !ok {
		return g, groupNotFound()
	}
	return g, nil
}

func (s *Service) describeTargetGroups(_ context.Context, in *elbv2.DescribeTargetGroupsInput) (*elbv2.DescribeTargetGroupsOutput, error) {
	if in.LoadBalancerArn != nil {
		if _, err := s.balancer(in.LoadBalancerArn); err != nil {
			return nil, err
		}
	}
	all, found := []types.TargetGroup{}, map[string]bool{}
	for _, g := range s.groups.All() {
		shown := s.shownGroup(g)
		name := aws.ToString(g.TargetGroupName)
		switch {
		case in.LoadBalancerArn != nil && !slices.Contains(shown.LoadBalancerArns, *in.LoadBalancerArn),
			len(in.TargetGroupArns) > 0 && !slices.Contains(in.TargetGroupArns, g.arn()),
			len(in.Names) > 0 && !slices.Contains(in.Names, name):
			continue
		}
		all, found[g.arn()], found[name] = append(all, shown), true, true
	}
	for _, wanted := range slices.Concat(in.TargetGroupArns, in.Names) {
		if !found[wanted] {
			return nil, groupNotFound()
		}
	}
	out := &elbv2.DescribeTargetGroupsOutput{}
	var err error
	out.TargetGroups, out.NextMarker, err = page(all, in.Marker, in.PageSize,
		func(g types.TargetGroup) string { return aws.ToString(g.TargetGroupArn) })
	return out, err
}

// shownGroup is the group with the load balancers that forward to it.
func (s *Service) shownGroup(g targetGroup) types.TargetGroup {
	shown := g.TargetGroup
	shown.LoadBalancerArns = s.balancersOf(g.arn())
	return shown
}

// balancersOf are the load balancers with a rule that forwards to the group.
func (s *Service) balancersOf(groupARN string) []string {
	list := []string{}
	for _, r := range s.rules.All() {
		l, ok := s.listeners.Get(r.Listener)
		arn := aws.ToString(l.LoadBalancerArn)
		if ok && slices.Contains(groupsOf(r.Actions), groupARN) && !slices.Contains(list, arn) {
			list = append(list, arn)
		}
	}
	return list
}

func (s *Service) modifyTargetGroup(ctx context.Context, in *elbv2.ModifyTargetGroupInput) (*elbv2.ModifyTargetGroupOutput, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	settings := healthSettings{
		in.HealthCheckEnabled, in.HealthCheckIntervalSeconds, in.HealthCheckPath, in.HealthCheckPort, in.HealthCheckProtocol,
		in.HealthCheckTimeoutSeconds, in.HealthyThresholdCount, in.Matcher, in.UnhealthyThresholdCount,
	}
	if err := settings.on(&g.TargetGroup); err != nil {
		return nil, err
	}
	return &elbv2.ModifyTargetGroupOutput{TargetGroups: []types.TargetGroup{s.shownGroup(g)}}, s.groups.Put(ctx, g.arn(), g)
}

func (s *Service) deleteTargetGroup(ctx context.Context, in *elbv2.DeleteTargetGroupInput) (*elbv2.DeleteTargetGroupOutput, error) {
	if err := required("targetGroupArn", in.TargetGroupArn); err != nil {
		return nil, err
	}
	if len(s.balancersOf(*in.TargetGroupArn)) > 0 {
		return nil, awswire.Errorf("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", *in.TargetGroupArn)
	}
	return nil, s.groups.Delete(ctx, *in.TargetGroupArn)
}
