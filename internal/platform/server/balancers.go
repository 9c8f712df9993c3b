package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	v2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// LoadBalancing is what is needed of Elastic Load Balancing's second API: target groups.
type LoadBalancing interface {
	DescribeTargetGroups(context.Context, *elbv2.DescribeTargetGroupsInput, ...func(*elbv2.Options)) (*elbv2.DescribeTargetGroupsOutput, error)
	DescribeTargetHealth(context.Context, *elbv2.DescribeTargetHealthInput, ...func(*elbv2.Options)) (*elbv2.DescribeTargetHealthOutput, error)
	RegisterTargets(context.Context, *elbv2.RegisterTargetsInput, ...func(*elbv2.Options)) (*elbv2.RegisterTargetsOutput, error)
	DeregisterTargets(context.Context, *elbv2.DeregisterTargetsInput, ...func(*elbv2.Options)) (*elbv2.DeregisterTargetsOutput, error)
}

// ClassicLoadBalancing is what is needed of its first API.
type ClassicLoadBalancing interface {
	DescribeInstanceHealth(context.Context, *elb.DescribeInstanceHealthInput, ...func(*elb.Options)) (*elb.DescribeInstanceHealthOutput, error)
	RegisterInstancesWithLoadBalancer(context.Context, *elb.RegisterInstancesWithLoadBalancerInput, ...func(*elb.Options)) (*elb.RegisterInstancesWithLoadBalancerOutput, error)
	DeregisterInstancesFromLoadBalancer(context.Context, *elb.DeregisterInstancesFromLoadBalancerInput, ...func(*elb.Options)) (*elb.DeregisterInstancesFromLoadBalancerOutput, error)
}

// A targetGroup is a balancer of application and network load balancers.
type targetGroup struct {
	api  LoadBalancing
	name string
	arn  *string // nil until asked
}

func (g *targetGroup) String() string { return "target group " + g.name }

// find learns the ARN; groups name their target groups, the API wants ARNs.
func (g *targetGroup) find(ctx context.Context) error {
	if g.arn != nil {
		return nil
	}
	out, err := g.api.DescribeTargetGroups(ctx, &elbv2.DescribeTargetGroupsInput{Names: []string{g.name}})
	if err != nil {
		return err
	}
	if len(out.TargetGroups) == 0 {
		return &v2types.TargetGroupNotFoundException{}
	}
	found := out.TargetGroups[0]
	if found.TargetType != v2types.TargetTypeEnumInstance {
		return platform.Refuse(deploy.LoadBalancerInvalid, "The target group %s has the target type %s; a deployment to servers needs instance.",
			g.name, found.TargetType)
	}
	g.arn = found.TargetGroupArn
	return nil
}

func (g *targetGroup) look(ctx context.Context) (map[string][]standing, error) {
	if err := g.find(ctx); err != nil {
		return nil, err
	}
	out, err := g.api.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: g.arn})
	if err != nil {
		return nil, err
	}
	all := map[string][]standing{}
	for _, d := range out.TargetHealthDescriptions {
		id := aws.ToString(d.Target.Id)
		all[id] = append(all[id], standingOf(d))
	}
	return all, nil
}

func standingOf(d v2types.TargetHealthDescription) standing {
	s := standing{port: aws.ToInt32(d.Target.Port), phase: coming}
	h := d.TargetHealth
	if h == nil {
		return s
	}
	s.why = strings.Join(strings.Fields(strings.Join([]string{string(h.State), string(h.Reason), aws.ToString(h.Description)}, " ")), " ")
	switch h.State {
	case v2types.TargetHealthStateEnumHealthy, v2types.TargetHealthStateEnumUnavailable: // unavailable: nobody checks
		s.phase = serving
	case v2types.TargetHealthStateEnumDraining, v2types.TargetHealthStateEnumUnhealthyDraining:
		s.phase = leaving
	case v2types.TargetHealthStateEnumUnused:
		s.phase = idle
	}
	return s
}

func (g *targetGroup) put(ctx context.Context, instance string, ports []int32) error {
	if err := g.find(ctx); err != nil {
		return err
	}
	_, err := g.api.RegisterTargets(ctx, &elbv2.RegisterTargetsInput{TargetGroupArn: g.arn, Targets: descriptions(instance, ports)})
	return err
}

func (g *targetGroup) take(ctx context.Context, instance string, ports []int32) error {
	if err := g.find(ctx); err != nil {
		return err
	}
	_, err := g.api.DeregisterTargets(ctx, &elbv2.DeregisterTargetsInput{TargetGroupArn: g.arn, Targets: descriptions(instance, ports)})
	return err
}

func descriptions(instance string, ports []int32) (list []v2types.TargetDescription) {
	for _, port := range ports {
		list = append(list, v2types.TargetDescription{Id: &instance, Port: &port})
	}
	if len(list) == 0 {
		list = append(list, v2types.TargetDescription{Id: &instance})
	}
	return list
}

// A classic is a Classic Load Balancer.
type classic struct {
	api  ClassicLoadBalancing
	name string
}

func (c *classic) String() string { return "load balancer " + c.name }

func (c *classic) look(ctx context.Context) (map[string][]standing, error) {
	out, err := c.api.DescribeInstanceHealth(ctx, &elb.DescribeInstanceHealthInput{LoadBalancerName: &c.name})
	if err != nil {
		return nil, err
	}
	all := map[string][]standing{}
	for _, i := range out.InstanceStates {
		s := standing{phase: coming, why: strings.TrimSpace(aws.ToString(i.State) + " " + aws.ToString(i.Description))}
		switch {
		case aws.ToString(i.State) == "InService":
			s.phase = serving
		case strings.Contains(aws.ToString(i.Description), "deregistration"):
			s.phase = leaving
		}
		all[aws.ToString(i.InstanceId)] = []standing{s}
	}
	return all, nil
}

func (c *classic) put(ctx context.Context, instance string, _ []int32) error {
	_, err := c.api.RegisterInstancesWithLoadBalancer(ctx, &elb.RegisterInstancesWithLoadBalancerInput{
		LoadBalancerName: &c.name, Instances: []elbtypes.Instance{{InstanceId: &instance}},
	})
	return err
}

func (c *classic) take(ctx context.Context, instance string, _ []int32) error {
	_, err := c.api.DeregisterInstancesFromLoadBalancer(ctx, &elb.DeregisterInstancesFromLoadBalancerInput{
		LoadBalancerName: &c.name, Instances: []elbtypes.Instance{{InstanceId: &instance}},
	})
	return err
}

// final are the answers that asking again does not change, and what they mean for a
// deployment.
var final = map[string]deploy.FailureCode{
	"TargetGroupNotFound":           deploy.LoadBalancerInvalid,
	"LoadBalancerNotFound":          deploy.LoadBalancerInvalid, // classic calls it AccessPointNotFound as well
	"AccessPointNotFoundException":  deploy.LoadBalancerInvalid,
	"InvalidTarget":                 deploy.LoadBalancerInstance,
	"InvalidInstance":               deploy.LoadBalancerInstance,
	"InvalidEndPointException":      deploy.LoadBalancerInstance,
	"TooManyTargets":                deploy.LoadBalancerInvalid,
	"TooManyRegistrationsForTarget": deploy.LoadBalancerInvalid,
	"AccessDenied":                  deploy.RolePermissions,
	"AccessDeniedException":         deploy.RolePermissions,
}

// refusedOr turns an answer that is final into a refusal. The client has tried the others
// again before they come here.
func refusedOr(err error, b balancer) error {
	if err == nil || platform.Refused(err) != nil {
		return err
	}
	answer, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return fmt.Errorf("%s: %w", b, err)
	}
	if _, throttled := retry.DefaultThrottleErrorCodes[answer.ErrorCode()]; throttled {
		return fmt.Errorf("%s: %w: %w", b, platform.ErrThrottled, err)
	}
	code, ok := final[answer.ErrorCode()]
	if !ok {
		return fmt.Errorf("%s: %w", b, err)
	}
	text := fmt.Sprintf("The %s: %s", b, cmp.Or(answer.ErrorMessage(), answer.ErrorCode()))
	if published := deploy.Failure(code).Message; published != "" {
		text = published + " " + text
	}
	return platform.Refuse(code, "%s", text)
}
