package ecs

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// enoughFailures is how many tasks may stop before a replacement of which none is healthy is
// given up.
const enoughFailures = 3

func taskSetOf(set types.TaskSet, label deploy.Label, ref deploy.TaskSetRef) deploy.TaskSet {
	return deploy.TaskSet{
		ID: aws.ToString(set.Id), Label: label, Status: aws.ToString(set.Status), TargetGroup: ref.TargetGroup,
		Desired: set.ComputedDesiredCount, Pending: set.PendingCount, Running: set.RunningCount,
	}
}

// install makes the replacement task set. Before that its target group gets a place behind the
// listener, without a share of the traffic, so that its health is known before any comes.
func (d *Driver) install(ctx context.Context, at *scene) error {
	if at.service.Spec == nil || at.service.Replacement.ID != "" {
		return nil
	}
	if err := d.clear(ctx, at); err != nil {
		return err
	}
	if !at.network() {
		if err := d.forward(ctx, at, at.prod(), at.routes, 0); err != nil {
			return err
		}
	}
	primary, err := at.taskSet(at.service.Original.ID)
	if err != nil {
		return err
	}
	_, err = d.cfg.Services.CreateTaskSet(ctx, createTaskSet(at, primary))
	return refusedOr(err, "replacement task set of %s", at.service.ID())
}

func createTaskSet(at *scene, primary types.TaskSet) *sdk.CreateTaskSetInput {
	s, spec, id := at.service, at.service.Spec, at.deployment.ID
	in := &sdk.CreateTaskSetInput{
		Cluster: &s.Cluster, Service: &s.Name, ExternalId: &id, ClientToken: &id, TaskDefinition: &spec.TaskDefinition,
		LoadBalancers: []types.LoadBalancer{{
			TargetGroupArn: &s.Replacement.TargetGroupARN, ContainerName: &spec.ContainerName, ContainerPort: &spec.ContainerPort,
		}},
		Scale:                &types.Scale{Unit: types.ScaleUnitPercent, Value: 100},
		NetworkConfiguration: primary.NetworkConfiguration, PlatformVersion: primary.PlatformVersion,
		LaunchType: primary.LaunchType, CapacityProviderStrategy: primary.CapacityProviderStrategy, ServiceRegistries: primary.ServiceRegistries,
	}
	if spec.PlatformVersion != "" {
		in.PlatformVersion = &spec.PlatformVersion
	}
	if n := spec.Network; n != nil {
		in.NetworkConfiguration = &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
			Subnets: n.Subnets, SecurityGroups: n.SecurityGroups, AssignPublicIp: types.AssignPublicIp(n.AssignPublicIP),
		}}
	}
	if len(spec.Capacity) > 0 {
		in.CapacityProviderStrategy = nil
		for _, c := range spec.Capacity {
			in.CapacityProviderStrategy = append(in.CapacityProviderStrategy,
				types.CapacityProviderStrategyItem{CapacityProvider: &c.Name, Base: c.Base, Weight: c.Weight})
		}
	}
	if len(in.CapacityProviderStrategy) > 0 {
		in.LaunchType = "" // one excludes the other
	}
	return in
}

// taskSet is a task set as ECS describes it.
func (at *scene) taskSet(id string) (types.TaskSet, error) {
	i := slices.IndexFunc(at.all, func(set types.TaskSet) bool { return *set.Id == id })
	if i < 0 {
		return types.TaskSet{}, platform.Refuse(deploy.ServiceInvalid, "The deployment failed because the task set %s of %s is gone.", id, at.service.ID())
	}
	return at.all[i], nil
}

// clear removes what an earlier deployment has left in the replacement's target group: a task
// set without traffic.
func (d *Driver) clear(ctx context.Context, at *scene) error {
	for _, set := range at.all {
		if aws.ToString(set.Status) == "PRIMARY" || !registersIn(set, at.service.Replacement.TargetGroupARN) {
			continue
		}
		if err := d.delete(ctx, at, *set.Id); err != nil {
			return err
		}
		return fmt.Errorf("the task set %s, which the deployment %s has left behind, is still being removed", *set.Id, aws.ToString(set.ExternalId))
	}
	return nil
}

// installed says whether the replacement runs and is healthy.
func (d *Driver) installed(ctx context.Context, at *scene) (seen platform.Observation, err error) {
	if at.service.Spec == nil {
		return platform.Observation{Outcome: succeeded()}, nil // a rollback
	}
	set := at.set(deploy.Green)
	if set == nil {
		return platform.Observation{Again: d.cfg.Every}, nil
	}
	raw, err := at.taskSet(set.ID)
	if err != nil {
		return seen, err
	}
	healthy, why, err := d.healthy(ctx, at)
	if err != nil {
		return seen, err
	}
	if raw.StabilityStatus == types.StabilityStatusSteadyState && set.Running >= set.Desired && healthy >= int(set.Desired) {
		return platform.Observation{Outcome: succeeded()}, nil
	}
	failures, last, err := d.failures(ctx, at, set.ID)
	if err != nil {
		return seen, err
	}
	note := fmt.Sprintf("%d of %d tasks run, %d are healthy.", set.Running, set.Desired, healthy)
	if why != "" {
		note += " " + why
	}
	if last != "" {
		note += " The last one that stopped: " + last
	}
	if set.Running < set.Desired {
		said, err := d.said(ctx, at, set.ID)
		if err != nil {
			return seen, err
		}
		note += said
	}
	if failures >= enoughFailures && healthy == 0 {
		return seen, platform.Refuse(deploy.ServiceUpdate, "CodeDeploy detected that the replacement task set is unhealthy. %s", note)
	}
	return platform.Observation{Again: d.cfg.Every, Note: note}, nil
}

// healthy counts the healthy targets of the replacement. Where the load balancer asks nobody,
// because the target group has no place behind it, all count.
func (d *Driver) healthy(ctx context.Context, at *scene) (n int, why string, err error) {
	targets, err := d.targets(ctx, at.service.Replacement)
	if err != nil {
		return 0, "", err
	}
	for _, t := range targets {
		if t.TargetHealth == nil {
			continue
		}
		switch h := t.TargetHealth; h.State {
		case elbtypes.TargetHealthStateEnumHealthy, elbtypes.TargetHealthStateEnumUnused, elbtypes.TargetHealthStateEnumUnavailable:
			n++
		case elbtypes.TargetHealthStateEnumDraining:
		default:
			why = strings.TrimSpace(fmt.Sprintf("%s is %s: %s", aws.ToString(t.Target.Id), h.State, cmp.Or(aws.ToString(h.Description), string(h.Reason))))
		}
	}
	return n, why, nil
}

// targets are those of the target group, with their health.
func (d *Driver) targets(ctx context.Context, in deploy.TaskSetRef) ([]elbtypes.TargetHealthDescription, error) {
	out, err := d.cfg.Balancer.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &in.TargetGroupARN})
	if err != nil {
		return nil, refusedOr(err, "target group %s", in.TargetGroup)
	}
	return out.TargetHealthDescriptions, nil
}

// said is the last that the service has said of why the set's tasks do not run, after a space.
func (d *Driver) said(ctx context.Context, at *scene, id string) (string, error) {
	out, err := d.cfg.Services.DescribeServices(ctx, &sdk.DescribeServicesInput{Cluster: &at.service.Cluster, Services: []string{at.service.Name}})
	if err != nil || len(out.Services) == 0 {
		return "", refusedOr(err, "service %s", at.service.ID())
	}
	for _, e := range out.Services[0].Events { // the newest first
		if text := aws.ToString(e.Message); strings.Contains(text, id) && strings.Contains(text, "unable to") {
			return " " + text, nil
		}
	}
	return "", nil
}

// failures counts the tasks of the set that have stopped, and says why the last one did.
func (d *Driver) failures(ctx context.Context, at *scene, id string) (n int, last string, err error) {
	list, err := d.cfg.Services.ListTasks(ctx, &sdk.ListTasksInput{Cluster: &at.service.Cluster, StartedBy: &id, DesiredStatus: types.DesiredStatusStopped})
	if err != nil || len(list.TaskArns) == 0 {
		return 0, "", refusedOr(err, "tasks of %s", at.service.ID())
	}
	out, err := d.cfg.Services.DescribeTasks(ctx, &sdk.DescribeTasksInput{Cluster: &at.service.Cluster, Tasks: list.TaskArns})
	if err != nil {
		return 0, "", refusedOr(err, "tasks of %s", at.service.ID())
	}
	var latest *types.Task
	for i, t := range out.Tasks {
		if t.StoppedAt != nil && (latest == nil || t.StoppedAt.After(*latest.StoppedAt)) {
			latest = &out.Tasks[i]
		}
	}
	if latest == nil {
		return len(list.TaskArns), "", nil
	}
	last = aws.ToString(latest.StoppedReason)
	for _, c := range latest.Containers {
		if c.ExitCode != nil {
			last += fmt.Sprintf(" (container %s: exit code %d)", aws.ToString(c.Name), *c.ExitCode)
		} else if c.Reason != nil {
			last += fmt.Sprintf(" (container %s: %s)", aws.ToString(c.Name), *c.Reason)
		}
	}
	return len(list.TaskArns), last, nil
}
