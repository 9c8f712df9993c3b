package ecs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"
)

// targetHealth is how targets are, as their groups say. A group that could not be asked has none.
type targetHealth map[target]elbtypes.TargetHealth

// serves tells that nobody who looks finds the target unhealthy: it is healthy, or no listener
// leads to its group, or its group does not look.
func (h targetHealth) serves(at target) bool {
	switch is := h[at]; is.State {
	case elbtypes.TargetHealthStateEnumHealthy, elbtypes.TargetHealthStateEnumUnavailable:
		return true
	case elbtypes.TargetHealthStateEnumUnused:
		return is.Reason != elbtypes.TargetHealthReasonEnumNotRegistered
	}
	return false
}

// failed tells that the target was found unhealthy, and why.
func (h targetHealth) failed(at target) (why string, bad bool) {
	is := h[at]
	return aws.ToString(is.Description), is.State == elbtypes.TargetHealthStateEnumUnhealthy
}

// healthOf asks the groups of those targets.
func (s *Service) healthOf(ctx context.Context, targets []target) (targetHealth, error) {
	health, groups := targetHealth{}, []string{}
	for _, at := range targets {
		if !slices.Contains(groups, at.Group) {
			groups = append(groups, at.Group)
		}
	}
	var errs []error
	for _, group := range groups {
		out, err := s.cfg.ELB.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &group})
		if err != nil && isRefusal(err) {
			continue // the group was deleted
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("describe the health of %s: %w", group, err))
			continue
		}
		for _, d := range out.TargetHealthDescriptions {
			health[target{group, aws.ToString(d.Target.Id), aws.ToInt32(d.Target.Port)}] = *d.TargetHealth
		}
	}
	return health, errors.Join(errs...)
}

// isRefusal tells whether a service understood the request and will never fulfil it as it is.
func isRefusal(err error) bool {
	e, ok := errors.AsType[smithy.APIError](err)
	return ok && e.ErrorFault() != smithy.FaultServer
}

// register puts a task in a target group.
func (s *Service) register(ctx context.Context, at target) error {
	_, err := s.cfg.ELB.RegisterTargets(ctx, &elasticloadbalancingv2.RegisterTargetsInput{
		TargetGroupArn: &at.Group, Targets: []elbtypes.TargetDescription{{Id: &at.ID, Port: &at.Port}},
	})
	return err
}

// deregister takes a task out of a target group. A group that is gone has let go of it.
func (s *Service) deregister(ctx context.Context, at target) error {
	_, err := s.cfg.ELB.DeregisterTargets(ctx, &elasticloadbalancingv2.DeregisterTargetsInput{
		TargetGroupArn: &at.Group, Targets: []elbtypes.TargetDescription{{Id: &at.ID, Port: &at.Port}},
	})
	if err != nil && !isRefusal(err) {
		return fmt.Errorf("deregister %s from %s: %w", at.ID, at.Group, err)
	}
	return nil
}

// drained tells that nothing is open on the targets any more.
func (s *Service) drained(ctx context.Context, targets []target) (bool, error) {
	health, err := s.healthOf(ctx, targets)
	for _, at := range targets {
		if health[at].State == elbtypes.TargetHealthStateEnumDraining {
			return false, err
		}
	}
	return err == nil, err
}

// InstanceID is the id by which the engine's machine goes in target groups of the type instance.
// No EC2 instance has it.
const InstanceID = "i-0ec5000000000000e"
