package autoscaling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"
)

// observe asks the services around about the group's instances. A load balancer that does not
// answer is left out of what is seen, and nothing is decided by it.
func (s *Service) observe(ctx context.Context, g group) (sight, error) {
	seen := sight{targets: map[string]map[string]targetState{}}
	var err error
	if seen.machines, err = s.machines(ctx, g); err != nil {
		return seen, err
	}
	var errs []error
	for _, balancer := range g.interesting() {
		if seen.targets[balancer], err = s.targetsOf(ctx, balancer); err != nil {
			delete(seen.targets, balancer)
			errs = append(errs, err)
		}
	}
	if g.capacity() < g.desired() || g.fullness(g.fullest())-g.fullness(g.emptiest().Zone) > 1 {
		seen.source, err = s.sourceOf(ctx, g)
		if err != nil && !isRefusal(err) {
			errs = append(errs, err)
		} else if err != nil {
			seen.trouble = refusal(err)
		}
	}
	return seen, errors.Join(errs...)
}

// describeAtOnce is how many values a filter of EC2's takes.
const describeAtOnce = 200

func (s *Service) machines(ctx context.Context, g group) (map[string]string, error) {
	machines := map[string]string{}
	var ids []string
	for _, m := range g.Members {
		if m.ID != "" {
			ids, machines[m.ID] = append(ids, m.ID), "terminated"
		}
	}
	for some := range slices.Chunk(ids, describeAtOnce) {
		found, err := s.instances(ctx, "instance-id", some)
		if err != nil {
			return nil, err
		}
		for _, i := range found {
			machines[*i.InstanceId] = string(i.State.Name)
		}
	}
	return machines, nil
}

// instances are those that EC2 finds by a filter, of at most describeAtOnce values.
func (s *Service) instances(ctx context.Context, filter string, values []string) (found []ec2types.Instance, err error) {
	in := &ec2.DescribeInstancesInput{Filters: []ec2types.Filter{{Name: &filter, Values: values}}}
	for page := ec2.NewDescribeInstancesPaginator(s.cfg.EC2, in); page.HasMorePages(); {
		out, err := page.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("describe instances: %w", err)
		}
		for _, r := range out.Reservations {
			found = append(found, r.Instances...)
		}
	}
	return found, nil
}

// interesting are the load balancers whose opinion matters now: they judge the group's health,
// or still have connections to instances that were taken out.
func (g group) interesting() (list []string) {
	if g.usesELB() && !g.isSuspended("HealthCheck") {
		list = g.balancers()
	}
	for _, m := range g.Members {
		for _, b := range m.Leaving {
			if !slices.Contains(list, b) {
				list = append(list, b)
			}
		}
	}
	return list
}

func (s *Service) targetsOf(ctx context.Context, balancer string) (map[string]targetState, error) {
	states := map[string]targetState{}
	if !isTargetGroup(balancer) {
		out, err := s.cfg.Classic.DescribeInstanceHealth(ctx, &elasticloadbalancing.DescribeInstanceHealthInput{LoadBalancerName: &balancer})
		if err != nil {
			return states, unlessGone(err, "describe the instances of load balancer "+balancer)
		}
		for _, i := range out.InstanceStates {
			states[aws.ToString(i.InstanceId)] = classicState(aws.ToString(i.State), aws.ToString(i.ReasonCode), aws.ToString(i.Description))
		}
		return states, nil
	}
	out, err := s.cfg.ELB.DescribeTargetHealth(ctx, &elasticloadbalancingv2.DescribeTargetHealthInput{TargetGroupArn: &balancer})
	if err != nil {
		return states, unlessGone(err, "describe the health of "+balancer)
	}
	for _, h := range out.TargetHealthDescriptions {
		switch id := aws.ToString(h.Target.Id); h.TargetHealth.State {
		case elbtypes.TargetHealthStateEnumDraining:
			states[id] = draining
		case elbtypes.TargetHealthStateEnumUnhealthy:
			states[id] = unhealthy
		case elbtypes.TargetHealthStateEnumHealthy:
			states[id] = healthy
		}
	}
	return states, nil
}

func classicState(state, reason, description string) targetState {
	switch {
	case description == "Instance deregistration currently in progress.":
		return draining
	case state == "OutOfService" && reason == "Instance":
		return unhealthy
	case state == "InService":
		return healthy
	}
	return other
}

// unlessGone is nil where the load balancer does not exist any more: nothing is behind it.
func unlessGone(err error, doing string) error {
	var e smithy.APIError
	if errors.As(err, &e) && (e.ErrorCode() == "TargetGroupNotFound" || e.ErrorCode() == "LoadBalancerNotFound") {
		return nil
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// isRefusal tells whether a service understood the request and will never fulfil it as it is.
func isRefusal(err error) bool {
	var e smithy.APIError
	return errors.As(err, &e) && e.ErrorFault() != smithy.FaultServer && e.ErrorCode() != "RequestLimitExceeded"
}

func refusal(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorMessage()
	}
	return err.Error()
}

// sourceOf is what the group's next instance is made from.
func (s *Service) sourceOf(ctx context.Context, g group) (source, error) {
	if g.LaunchConfigurationName != nil {
		c, err := s.configuration(*g.LaunchConfigurationName)
		if err != nil {
			return source{}, &smithy.GenericAPIError{Code: "ValidationError", Message: err.Error()}
		}
		return source{Configuration: *c.LaunchConfigurationName, Made: *c.CreatedTime}, nil
	}
	return s.template(ctx, *g.LaunchTemplate)
}

// template finds the version that a launch template's specification means now.
func (s *Service) template(ctx context.Context, spec types.LaunchTemplateSpecification) (source, error) {
	version := aws.ToString(spec.Version)
	if version == "" {
		version = "$Default"
	}
	in := &ec2.DescribeLaunchTemplateVersionsInput{LaunchTemplateId: spec.LaunchTemplateId, Versions: []string{version}}
	if spec.LaunchTemplateId == nil {
		in.LaunchTemplateName = spec.LaunchTemplateName
	}
	out, err := s.cfg.EC2.DescribeLaunchTemplateVersions(ctx, in)
	if err != nil {
		return source{}, fmt.Errorf("describe the launch template: %w", err)
	}
	if len(out.LaunchTemplateVersions) == 0 {
		return source{}, &smithy.GenericAPIError{Code: "InvalidLaunchTemplateId.VersionNotFound",
			Message: fmt.Sprintf("Could not find launch template version %s", version)}
	}
	v := out.LaunchTemplateVersions[0]
	return source{
		Template: aws.ToString(v.LaunchTemplateId), TemplateName: aws.ToString(v.LaunchTemplateName),
		Version: strconv.FormatInt(aws.ToInt64(v.VersionNumber), 10), Made: aws.ToTime(v.CreateTime),
	}, nil
}
