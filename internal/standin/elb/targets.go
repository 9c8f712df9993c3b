package elb

import (
	"cmp"
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// A target is registered in a group. One that was deregistered is the data plane's alone, which
// lists it until nothing is open on it.
type target struct {
	ID   string
	Port int32
	Zone string `json:",omitempty"`
	Host string // where it was last known to be; "" while that is not known
}

func (s *Service) targetOperations() awswire.Operations {
	return awswire.Operations{
		"RegisterTargets": writes(s, "RegisterTargets",
			func(in *elbv2.RegisterTargetsInput) []string { return []string{aws.ToString(in.TargetGroupArn)} }, s.registerTargets),
		"DeregisterTargets": writes(s, "DeregisterTargets",
			func(in *elbv2.DeregisterTargetsInput) []string { return []string{aws.ToString(in.TargetGroupArn)} }, s.deregisterTargets),
		"DescribeTargetHealth": reads("DescribeTargetHealth", nil, s.describeTargetHealth),
	}
}

const maxTargets = 1000

func (s *Service) registerTargets(ctx context.Context, in *elbv2.RegisterTargetsInput) (*elbv2.RegisterTargetsOutput, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	g.Targets = slices.Clone(g.Targets)
	var missing []string
	for _, d := range in.Targets {
		t, err := newTarget(d, g.TargetGroup)
		if err != nil {
			return nil, err
		}
		found := true
		if t.Host, found, err = s.host(ctx, g, t.ID); err != nil {
			return nil, err
		}
		if !found {
			missing = append(missing, "'"+t.ID+"'")
		}
		if !slices.ContainsFunc(g.Targets, func(have target) bool { return have.ID == t.ID && have.Port == t.Port }) {
			g.Targets = append(g.Targets, t)
		}
	}
	if len(missing) > 0 {
		return nil, awswire.Errorf("InvalidTarget", "The following instances do not exist: %s", strings.Join(missing, ", "))
	}
	if len(g.Targets) > maxTargets {
		return nil, awswire.Errorf("TooManyTargets", "The maximum number of targets per target group is '%d'", maxTargets)
	}
	return nil, s.groups.Put(ctx, g.arn(), g)
}

func newTarget(d types.TargetDescription, g types.TargetGroup) (target, error) {
	if err := required("targets.member.id", d.Id); err != nil {
		return target{}, err
	}
	t := target{ID: *d.Id, Port: aws.ToInt32(g.Port), Zone: aws.ToString(d.AvailabilityZone)}
	if d.Port != nil {
		t.Port = *d.Port
	}
	if err := checkPort(t.Port); err != nil {
		return target{}, err
	}
	if g.TargetType == types.TargetTypeEnumIp {
		if at, err := netip.ParseAddr(t.ID); err != nil || !at.Is4() {
			return target{}, invalid("The IP address '%s' is not a valid IPv4 address", t.ID)
		}
	}
	return t, nil
}

// host is where a target of the group is; found is false where there is no such instance.
func (s *Service) host(ctx context.Context, g targetGroup, id string) (host string, found bool, err error) {
	if g.TargetType == types.TargetTypeEnumIp {
		return id, true, nil
	}
	return s.cfg.Address(ctx, id)
}

// deregisterTargets takes targets out by their id and port; without a port, on all of its ports.
func (s *Service) deregisterTargets(ctx context.Context, in *elbv2.DeregisterTargetsInput) (*elbv2.DeregisterTargetsOutput, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	g.Targets = slices.DeleteFunc(slices.Clone(g.Targets), func(t target) bool {
		return slices.ContainsFunc(in.Targets, func(d types.TargetDescription) bool { return names(d, t.ID, t.Port) })
	})
	return nil, s.groups.Put(ctx, g.arn(), g)
}

func names(d types.TargetDescription, id string, port int32) bool {
	return aws.ToString(d.Id) == id && (d.Port == nil || *d.Port == port)
}

func (s *Service) describeTargetHealth(ctx context.Context, in *elbv2.DescribeTargetHealthInput) (*elbv2.DescribeTargetHealthOutput, error) {
	g, err := s.group(in.TargetGroupArn)
	if err != nil {
		return nil, err
	}
	all := s.healthOf(g)
	if len(in.Targets) == 0 {
		return &elbv2.DescribeTargetHealthOutput{TargetHealthDescriptions: all}, nil
	}
	list := []types.TargetHealthDescription{}
	for _, d := range in.Targets {
		of := slices.DeleteFunc(slices.Clone(all), func(h types.TargetHealthDescription) bool {
			return !names(d, aws.ToString(h.Target.Id), aws.ToInt32(h.Target.Port))
		})
		if len(of) == 0 {
			if _, found, err := s.host(ctx, g, aws.ToString(d.Id)); err != nil || !found {
				return nil, cmp.Or(err, error(awswire.Errorf("InvalidTarget", "The following instances do not exist: '%s'", aws.ToString(d.Id))))
			}
			of = append(of, notRegistered(g, d))
		}
		list = append(list, of...)
	}
	return &elbv2.DescribeTargetHealthOutput{TargetHealthDescriptions: list}, nil
}

func notRegistered(g targetGroup, d types.TargetDescription) types.TargetHealthDescription {
	if d.Port == nil {
		d.Port = g.Port
	}
	return types.TargetHealthDescription{Target: &d, TargetHealth: &types.TargetHealth{
		State: types.TargetHealthStateEnumUnused, Reason: types.TargetHealthReasonEnumNotRegistered,
		Description: aws.String("Target is not registered to the target group"),
	}}
}

// healthOf tells how the group's targets are, and those that still drain.
func (s *Service) healthOf(g targetGroup) []types.TargetHealthDescription {
	list := []types.TargetHealthDescription{}
	seen := s.cfg.Engine.Observe()
	for _, t := range g.Targets {
		list = append(list, g.describe(t, s.stateOf(g, t, seen)))
	}
	for _, status := range seen.Targets {
		if status.Group != g.arn() || status.State != plane.Draining {
			continue
		}
		t := target{ID: status.Target.ID, Port: portOf(status.Target.Address)}
		if !slices.ContainsFunc(g.Targets, func(have target) bool { return have.ID == t.ID && have.Port == t.Port }) {
			list = append(list, g.describe(t, healthFrom(status)))
		}
	}
	return list
}

func (g targetGroup) describe(t target, h *types.TargetHealth) types.TargetHealthDescription {
	d := types.TargetHealthDescription{
		Target:       &types.TargetDescription{Id: aws.String(t.ID), Port: aws.Int32(t.Port)},
		TargetHealth: h, HealthCheckPort: g.HealthCheckPort,
	}
	if t.Zone != "" {
		d.Target.AvailabilityZone = aws.String(t.Zone)
	}
	if aws.ToString(g.HealthCheckPort) == "traffic-port" {
		d.HealthCheckPort = aws.String(strconv.Itoa(int(t.Port)))
	}
	return d
}

// stateOf is the health of a registered target.
func (s *Service) stateOf(g targetGroup, t target, seen plane.Observed) *types.TargetHealth {
	if len(s.balancersOf(g.arn())) == 0 {
		return healthFrom(plane.Status{State: plane.Unused, Reason: plane.NotInUse, Description: plane.NotInUse.Description()})
	}
	if !aws.ToBool(g.HealthCheckEnabled) {
		return &types.TargetHealth{
			State: types.TargetHealthStateEnumUnavailable, Reason: types.TargetHealthReasonEnumHealthCheckDisabled,
			Description: aws.String("Health checks are disabled for this target group"),
		}
	}
	for _, status := range seen.Targets {
		// Unused here is a listener that is not open yet: somebody does ask for the target.
		if status.Group == g.arn() && status.Target == t.onPlane() && status.State != plane.Draining && status.State != plane.Unused {
			return healthFrom(status)
		}
	}
	return &types.TargetHealth{
		State: types.TargetHealthStateEnumInitial, Reason: types.TargetHealthReasonEnumRegistrationInProgress,
		Description: aws.String(t.inProgress()),
	}
}

// inProgress says why a registered target is not with the data plane.
func (t target) inProgress() string {
	if t.Host == "" {
		return "Target registration is in progress: the address of the instance is not known yet; its agent has not connected, " +
			"and it has no tag " + AddressTag
	}
	return "Target registration is in progress"
}

func healthFrom(status plane.Status) *types.TargetHealth {
	h := &types.TargetHealth{State: types.TargetHealthStateEnum(status.State), Reason: types.TargetHealthReasonEnum(status.Reason)}
	if status.Description != "" {
		h.Description = aws.String(status.Description)
	}
	return h
}

// onPlane is the target as the data plane knows it.
func (t target) onPlane() plane.Target {
	return plane.Target{ID: t.ID, Address: net.JoinHostPort(t.Host, strconv.Itoa(int(t.Port)))}
}

func portOf(address string) int32 {
	_, text, _ := net.SplitHostPort(address)
	port, _ := strconv.Atoi(text)
	return int32(port)
}
