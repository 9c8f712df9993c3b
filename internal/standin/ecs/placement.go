package ecs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"
)

// A placement is where and how tasks of a set are to run.
type placement struct {
	launch    types.LaunchType
	strategy  []types.CapacityProviderStrategyItem
	version   *string // of the platform
	network   *types.NetworkConfiguration
	balancers []types.LoadBalancer
}

// checkPlacement holds a placement against the definition, and says in it what AWS says where
// the caller has not. balanced demands that target groups are behind a load balancer already.
func (s *Service) checkPlacement(ctx context.Context, v service, d definition, p *placement, balanced bool) error {
	if p.launch != "" && len(p.strategy) > 0 {
		return invalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	}
	if p.launch == "" && len(p.strategy) == 0 {
		p.launch = types.LaunchTypeEc2
	}
	fargate := p.launch == types.LaunchTypeFargate ||
		len(p.strategy) > 0 && slices.Contains([]string{"FARGATE", "FARGATE_SPOT"}, aws.ToString(p.strategy[0].CapacityProvider))
	if fargate && !slices.Contains(d.Compatibilities, types.CompatibilityFargate) {
		return invalid("Task definition does not support launch_type FARGATE.")
	}
	if !fargate && p.version != nil {
		return invalid("The platform version must be null when specifying an EC2 launch type.")
	}
	if fargate && p.version == nil {
		p.version = aws.String("LATEST")
	}
	if err := checkNetwork(d, p.network); err != nil {
		return err
	}
	for _, b := range p.balancers {
		if err := s.checkBalancer(ctx, v, d, b, balanced); err != nil {
			return err
		}
	}
	return nil
}

func checkNetwork(d definition, n *types.NetworkConfiguration) error {
	given := n != nil && n.AwsvpcConfiguration != nil
	switch isVPC := d.NetworkMode == types.NetworkModeAwsvpc; {
	case isVPC && !given:
		return invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	case !isVPC && given:
		return invalid("Network Configuration is not valid for the given networkMode of this task definition.")
	case isVPC && len(n.AwsvpcConfiguration.Subnets) == 0:
		return invalid("subnets can not be empty.")
	}
	return nil
}

// checkBalancer holds a target group against the definition and against other services.
func (s *Service) checkBalancer(ctx context.Context, v service, d definition, b types.LoadBalancer, balanced bool) error {
	if b.LoadBalancerName != nil {
		return invalid("Classic Load Balancers are not available for services here. Use a target group of an application or network load balancer.")
	}
	if aws.ToString(b.TargetGroupArn) == "" {
		return invalid("targetGroupArn cannot be empty.")
	}
	if b.AdvancedConfiguration != nil {
		return invalid("The advanced configuration of load balancers is for ECS's own blue/green deployments, which are not available here.")
	}
	c, ok := d.container(aws.ToString(b.ContainerName))
	if !ok {
		return invalid("The container %s does not exist in the task definition.", clipped(aws.ToString(b.ContainerName)))
	}
	if !slices.ContainsFunc(c.PortMappings, func(p types.PortMapping) bool { return aws.ToInt32(p.ContainerPort) == aws.ToInt32(b.ContainerPort) }) {
		return invalid("The container %s did not have a container port %d defined.", *c.Name, aws.ToInt32(b.ContainerPort))
	}
	g, err := s.targetGroup(ctx, *b.TargetGroupArn)
	if err != nil {
		return err
	}
	if balanced && len(g.LoadBalancerArns) == 0 {
		return invalid("The target group with targetGroupArn %s does not have an associated load balancer.", *b.TargetGroupArn)
	}
	want := elbtypes.TargetTypeEnumInstance
	if d.NetworkMode == types.NetworkModeAwsvpc {
		want = elbtypes.TargetTypeEnumIp
	}
	if g.TargetType != want {
		return invalid("The provided target group %s has target type %s, which is incompatible with the %s network mode specified in the task definition.",
			*b.TargetGroupArn, g.TargetType, d.NetworkMode)
	}
	return s.checkOthers(v, *b.TargetGroupArn)
}

// checkOthers refuses a target group that another service has, where either is deployed to with
// traffic moved from group to group: it would move the other's as well.
func (s *Service) checkOthers(v service, group string) error {
	for _, other := range s.services.All() {
		if other.key() == v.key() || other.is() != active || v.rolls() && other.rolls() {
			continue
		}
		all := other.LoadBalancers
		for _, x := range other.Sets {
			all = append(slices.Clone(all), x.LoadBalancers...)
		}
		if slices.ContainsFunc(all, func(b types.LoadBalancer) bool { return aws.ToString(b.TargetGroupArn) == group }) {
			return invalid("The target group %s is already in use by the service %s. Give this one a target group of its own.", group, other.name())
		}
	}
	return nil
}

func (s *Service) targetGroup(ctx context.Context, arn string) (elbtypes.TargetGroup, error) {
	out, err := s.cfg.ELB.DescribeTargetGroups(ctx, &elasticloadbalancingv2.DescribeTargetGroupsInput{TargetGroupArns: []string{arn}})
	if e, ok := errors.AsType[smithy.APIError](err); ok && e.ErrorFault() != smithy.FaultServer {
		return elbtypes.TargetGroup{}, invalid("The specified target group does not exist: %s", arn)
	}
	if err != nil {
		return elbtypes.TargetGroup{}, fmt.Errorf("look for the target group: %w", err)
	}
	return out.TargetGroups[0], nil
}
