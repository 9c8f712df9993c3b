package autoscaling

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/slipway/slipway/internal/awswire"
)

func (s *Service) balancerOperations() awswire.Operations {
	return awswire.Operations{
		"AttachLoadBalancerTargetGroups": onGroup(s, "AttachLoadBalancerTargetGroups",
			func(in *autoscaling.AttachLoadBalancerTargetGroupsInput) *string { return in.AutoScalingGroupName },
			func(ctx context.Context, in *autoscaling.AttachLoadBalancerTargetGroupsInput, p *plan) (*struct{}, error) {
				return nil, s.attach(ctx, p, sourcesOf(in.TargetGroupARNs))
			}),
		"DetachLoadBalancerTargetGroups": onGroup(s, "DetachLoadBalancerTargetGroups",
			func(in *autoscaling.DetachLoadBalancerTargetGroupsInput) *string { return in.AutoScalingGroupName },
			func(_ context.Context, in *autoscaling.DetachLoadBalancerTargetGroupsInput, p *plan) (*struct{}, error) {
				return nil, p.detach(sourcesOf(in.TargetGroupARNs))
			}),
		"AttachLoadBalancers": onGroup(s, "AttachLoadBalancers",
			func(in *autoscaling.AttachLoadBalancersInput) *string { return in.AutoScalingGroupName },
			func(ctx context.Context, in *autoscaling.AttachLoadBalancersInput, p *plan) (*struct{}, error) {
				return nil, s.attach(ctx, p, sourcesOf(in.LoadBalancerNames))
			}),
		"DetachLoadBalancers": onGroup(s, "DetachLoadBalancers",
			func(in *autoscaling.DetachLoadBalancersInput) *string { return in.AutoScalingGroupName },
			func(_ context.Context, in *autoscaling.DetachLoadBalancersInput, p *plan) (*struct{}, error) {
				return nil, p.detach(sourcesOf(in.LoadBalancerNames))
			}),
		"AttachTrafficSources": onGroup(s, "AttachTrafficSources",
			func(in *autoscaling.AttachTrafficSourcesInput) *string { return in.AutoScalingGroupName },
			func(ctx context.Context, in *autoscaling.AttachTrafficSourcesInput, p *plan) (*struct{}, error) {
				return nil, s.attach(ctx, p, in.TrafficSources)
			}),
		"DetachTrafficSources": onGroup(s, "DetachTrafficSources",
			func(in *autoscaling.DetachTrafficSourcesInput) *string { return in.AutoScalingGroupName },
			func(_ context.Context, in *autoscaling.DetachTrafficSourcesInput, p *plan) (*struct{}, error) {
				return nil, p.detach(in.TrafficSources)
			}),
		"DescribeLoadBalancerTargetGroups": op("DescribeLoadBalancerTargetGroups", nil, s.describeTargetGroups),
		"DescribeLoadBalancers":            op("DescribeLoadBalancers", nil, s.describeLoadBalancers),
		"DescribeTrafficSources":           op("DescribeTrafficSources", nil, s.describeTrafficSources),
	}
}

// The kinds of traffic sources.
const (
	sourceELB   = "elb"   // a Classic Load Balancer
	sourceELBv2 = "elbv2" // a target group
)

func kindOfSource(balancer string) string {
	if isTargetGroup(balancer) {
		return sourceELBv2
	}
	return sourceELB
}

func sourcesOf(balancers []string) (list []types.TrafficSourceIdentifier) {
	for _, b := range balancers {
		list = append(list, types.TrafficSourceIdentifier{Identifier: &b})
	}
	return list
}

// attach puts the group behind load balancers: its instances are registered as soon as the
// loop sees it. One that is attached already stays so.
func (s *Service) attach(ctx context.Context, p *plan, sources []types.TrafficSourceIdentifier) error {
	for _, source := range sources {
		id := aws.ToString(source.Identifier)
		if source.Type != nil && *source.Type != kindOfSource(id) {
			return invalid("The traffic source %s is not of the type %s; %s and %s are available here", id, *source.Type, sourceELB, sourceELBv2)
		}
		if slices.Contains(p.balancers(), id) {
			continue
		}
		if err := s.checkBalancer(ctx, id); err != nil {
			return err
		}
		if isTargetGroup(id) {
			p.TargetGroupARNs = append(slices.Clone(p.TargetGroupARNs), id)
		} else {
			p.LoadBalancerNames = append(slices.Clone(p.LoadBalancerNames), id)
		}
	}
	return p.mayChange()
}

func (s *Service) checkBalancer(ctx context.Context, id string) error {
	what, err := "Target Groups", error(nil)
	if isTargetGroup(id) {
		_, err = s.cfg.ELB.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{id}})
	} else {
		what = "Load Balancers"
		_, err = s.cfg.Classic.DescribeLoadBalancers(ctx, &elasticloadbalancing.DescribeLoadBalancersInput{LoadBalancerNames: []string{id}})
	}
	if err != nil && isRefusal(err) {
		return invalid("Provided %s may not be valid. Please ensure they exist and try again.", what)
	}
	if err != nil {
		return fmt.Errorf("look for %s: %w", id, err)
	}
	return nil
}

// detach takes the group from behind load balancers.
func (p *plan) detach(sources []types.TrafficSourceIdentifier) error {
	for _, source := range sources {
		id := aws.ToString(source.Identifier)
		if !slices.Contains(p.balancers(), id) {
			what := "Load Balancers"
			if isTargetGroup(id) {
				what = "Target Groups"
			}
			return invalid("Trying to remove %s that are not part of the group", what)
		}
		isIt := func(b string) bool { return b == id }
		p.TargetGroupARNs = slices.DeleteFunc(slices.Clone(p.TargetGroupARNs), isIt)
		p.LoadBalancerNames = slices.DeleteFunc(slices.Clone(p.LoadBalancerNames), isIt)
	}
	for i := range p.Members {
		m := &p.Members[i]
		m.Apart = slices.DeleteFunc(slices.Clone(m.Apart), func(b string) bool { return !slices.Contains(p.balancers(), b) })
	}
	return nil
}

// A standing is a load balancer with the state that it has for the group.
type standing struct{ balancer, state string }

// standings are those that are attached, and those that instances are still taken out of.
func (s *Service) standings(ctx context.Context, name *string) (list []standing, err error) {
	g, err := s.group(name)
	if err != nil {
		return nil, err
	}
	all := g.balancers()
	for _, m := range g.Members {
		for _, b := range slices.Concat(m.Joined, m.Leaving) {
			if !slices.Contains(all, b) {
				all = append(all, b)
			}
		}
	}
	for _, b := range all {
		state, err := s.standing(ctx, g, b)
		if err != nil {
			return nil, err
		}
		list = append(list, standing{b, state})
	}
	return list, nil
}

func (s *Service) standing(ctx context.Context, g group, balancer string) (string, error) {
	if !slices.Contains(g.balancers(), balancer) {
		return "Removing", nil
	}
	targets, err := s.targetsOf(ctx, balancer)
	if err != nil {
		return "", err
	}
	state := "Added"
	for _, m := range g.Members {
		if m.State == types.LifecycleStateInService && slices.Contains(g.unjoined(m), balancer) {
			return "Adding", nil
		}
		if targets[m.ID] == healthy {
			state = "InService"
		}
	}
	return state, nil
}

func (s *Service) describeTargetGroups(
	ctx context.Context, in *autoscaling.DescribeLoadBalancerTargetGroupsInput,
) (*autoscaling.DescribeLoadBalancerTargetGroupsOutput, error) {
	all, err := s.standings(ctx, in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	list := []types.LoadBalancerTargetGroupState{}
	for _, b := range all {
		if isTargetGroup(b.balancer) {
			list = append(list, types.LoadBalancerTargetGroupState{LoadBalancerTargetGroupARN: &b.balancer, State: &b.state})
		}
	}
	list, next, err := page(list, in.NextToken, in.MaxRecords, 100, 100,
		func(b types.LoadBalancerTargetGroupState) string { return *b.LoadBalancerTargetGroupARN })
	return &autoscaling.DescribeLoadBalancerTargetGroupsOutput{LoadBalancerTargetGroups: list, NextToken: next}, err
}

func (s *Service) describeLoadBalancers(
	ctx context.Context, in *autoscaling.DescribeLoadBalancersInput,
) (*autoscaling.DescribeLoadBalancersOutput, error) {
	all, err := s.standings(ctx, in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	list := []types.LoadBalancerState{}
	for _, b := range all {
		if !isTargetGroup(b.balancer) {
			list = append(list, types.LoadBalancerState{LoadBalancerName: &b.balancer, State: &b.state})
		}
	}
	list, next, err := page(list, in.NextToken, in.MaxRecords, 100, 100, func(b types.LoadBalancerState) string { return *b.LoadBalancerName })
	return &autoscaling.DescribeLoadBalancersOutput{LoadBalancers: list, NextToken: next}, err
}

func (s *Service) describeTrafficSources(
	ctx context.Context, in *autoscaling.DescribeTrafficSourcesInput,
) (*autoscaling.DescribeTrafficSourcesOutput, error) {
	all, err := s.standings(ctx, in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	list := []types.TrafficSourceState{}
	for _, b := range all {
		kind := kindOfSource(b.balancer)
		if in.TrafficSourceType == nil || *in.TrafficSourceType == kind {
			list = append(list, types.TrafficSourceState{Identifier: &b.balancer, State: &b.state, Type: &kind})
		}
	}
	list, next, err := page(list, in.NextToken, in.MaxRecords, 50, 50, func(b types.TrafficSourceState) string { return *b.Identifier })
	return &autoscaling.DescribeTrafficSourcesOutput{TrafficSources: list, NextToken: next}, err
}
