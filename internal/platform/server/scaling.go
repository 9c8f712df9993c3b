package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// AutoScaling is what is needed of Amazon EC2 Auto Scaling.
type AutoScaling interface {
	DescribeAutoScalingGroups(context.Context, *autoscaling.DescribeAutoScalingGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingGroupsOutput, error)
	DescribeAutoScalingInstances(context.Context, *autoscaling.DescribeAutoScalingInstancesInput, ...func(*autoscaling.Options)) (*autoscaling.DescribeAutoScalingInstancesOutput, error)
	CreateAutoScalingGroup(context.Context, *autoscaling.CreateAutoScalingGroupInput, ...func(*autoscaling.Options)) (*autoscaling.CreateAutoScalingGroupOutput, error)
	UpdateAutoScalingGroup(context.Context, *autoscaling.UpdateAutoScalingGroupInput, ...func(*autoscaling.Options)) (*autoscaling.UpdateAutoScalingGroupOutput, error)
	DeleteAutoScalingGroup(context.Context, *autoscaling.DeleteAutoScalingGroupInput, ...func(*autoscaling.Options)) (*autoscaling.DeleteAutoScalingGroupOutput, error)
	SuspendProcesses(context.Context, *autoscaling.SuspendProcessesInput, ...func(*autoscaling.Options)) (*autoscaling.SuspendProcessesOutput, error)
	ResumeProcesses(context.Context, *autoscaling.ResumeProcessesInput, ...func(*autoscaling.Options)) (*autoscaling.ResumeProcessesOutput, error)
	AttachLoadBalancerTargetGroups(context.Context, *autoscaling.AttachLoadBalancerTargetGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.AttachLoadBalancerTargetGroupsOutput, error)
	AttachLoadBalancers(context.Context, *autoscaling.AttachLoadBalancersInput, ...func(*autoscaling.Options)) (*autoscaling.AttachLoadBalancersOutput, error)
	DetachLoadBalancerTargetGroups(context.Context, *autoscaling.DetachLoadBalancerTargetGroupsInput, ...func(*autoscaling.Options)) (*autoscaling.DetachLoadBalancerTargetGroupsOutput, error)
	DetachLoadBalancers(context.Context, *autoscaling.DetachLoadBalancersInput, ...func(*autoscaling.Options)) (*autoscaling.DetachLoadBalancersOutput, error)
	TerminateInstanceInAutoScalingGroup(context.Context, *autoscaling.TerminateInstanceInAutoScalingGroupInput, ...func(*autoscaling.Options)) (*autoscaling.TerminateInstanceInAutoScalingGroupOutput, error)
	PutLifecycleHook(context.Context, *autoscaling.PutLifecycleHookInput, ...func(*autoscaling.Options)) (*autoscaling.PutLifecycleHookOutput, error)
	CompleteLifecycleAction(context.Context, *autoscaling.CompleteLifecycleActionInput, ...func(*autoscaling.Options)) (*autoscaling.CompleteLifecycleActionOutput, error)
	RecordLifecycleActionHeartbeat(context.Context, *autoscaling.RecordLifecycleActionHeartbeatInput, ...func(*autoscaling.Options)) (*autoscaling.RecordLifecycleActionHeartbeatOutput, error)
	DeleteLifecycleHook(context.Context, *autoscaling.DeleteLifecycleHookInput, ...func(*autoscaling.Options)) (*autoscaling.DeleteLifecycleHookOutput, error)
}

// asleep are the processes of a replacement that would get in the way until the traffic has
// moved: AWS suspends the same.
var asleep = []string{"AddToLoadBalancer", "AlarmNotification", "ScheduledActions"}

// provisionTag is the tag of a replacement that names its deployment.
const provisionTag = "CodeDeployProvisioningDeploymentId"

// provision makes the copy of the group's Auto Scaling group, with as many instances as are
// healthy there, and returns them once all are in service. It picks up what an earlier call
// left half done.
func (c *Cloud) provision(ctx context.Context, dep deploy.Deployment, now time.Time) ([]machine, error) {
	switch {
	case c == nil:
		return nil, platform.Refuse(deploy.ScalingInvalid, "This server speaks to no Auto Scaling.")
	case len(dep.Members.AutoScalingGroups) != 1:
		return nil, platform.Refuse(deploy.ScalingInvalid, "The deployment group has %d Auto Scaling groups; exactly one can be copied.",
			len(dep.Members.AutoScalingGroups))
	}
	if dep.Planned() {
		return c.imagine(ctx, dep.Members.AutoScalingGroups[0])
	}
	name := dep.Replacement()
	replacement, err := c.findScalingGroup(ctx, name)
	if err != nil {
		return nil, err
	}
	if replacement == nil || aws.ToInt32(replacement.DesiredCapacity) == 0 {
		source, err := c.scalingGroup(ctx, dep.Members.AutoScalingGroups[0])
		if err != nil {
			return nil, err
		}
		if err := c.copyGroup(ctx, source, replacement, dep); err != nil {
			return nil, err
		}
		return nil, &platform.Wait{Again: c.Every, Note: "Starting the Auto Scaling group " + name + "."}
	}
	ready := c.inService(*replacement)
	if want := int(aws.ToInt32(replacement.DesiredCapacity)); len(ready) < want {
		return nil, &platform.Wait{Again: c.Every, Note: fmt.Sprintf(
			"%d of %d instances of the Auto Scaling group %s are in service.%s", len(ready), want, name, onTheWay(*replacement))}
	}
	return ready, nil
}

// imagine is what a copy of the Auto Scaling group would consist of: instances without ARNs, for
// there are none.
func (c *Cloud) imagine(ctx context.Context, source string) (list []machine, err error) {
	g, err := c.scalingGroup(ctx, source)
	if err != nil {
		return nil, err
	}
	for _, m := range c.inService(g) {
		list = append(list, machine{id: "copy-of-" + m.id, zone: m.zone})
	}
	if len(list) == 0 {
		return nil, nothingToReplace(source)
	}
	return list, nil
}

func nothingToReplace(group string) error {
	return platform.Refuse(deploy.NoInstances, "The Auto Scaling group %s has no instance in service to replace.", group)
}

// onTheWay names the instances that are not in service yet.
func onTheWay(g types.AutoScalingGroup) string {
	var list []string
	for _, i := range g.Instances {
		if i.LifecycleState != types.LifecycleStateInService {
			list = append(list, aws.ToString(i.InstanceId)+" is "+string(i.LifecycleState))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return " " + strings.Join(list, ", ") + "."
}

// copyGroup makes the replacement, unless it is there, puts to sleep what would get in the
// way, and asks for as many instances as are healthy in the source.
func (c *Cloud) copyGroup(ctx context.Context, source types.AutoScalingGroup, replacement *types.AutoScalingGroup, dep deploy.Deployment) error {
	name := dep.Replacement()
	n := int32(len(c.inService(source)))
	if n == 0 {
		return nothingToReplace(aws.ToString(source.AutoScalingGroupName))
	}
	if replacement == nil {
		if _, err := c.AutoScaling.CreateAutoScalingGroup(ctx, likeness(source, name, dep.ID)); err != nil && code(err) != "AlreadyExists" {
			return fmt.Errorf("create Auto Scaling group %s: %w", name, scalingRefusal(err))
		}
	}
	if _, err := c.AutoScaling.SuspendProcesses(ctx, &autoscaling.SuspendProcessesInput{
		AutoScalingGroupName: &name, ScalingProcesses: asleep}); err != nil {
		return fmt.Errorf("suspend processes of %s: %w", name, scalingRefusal(err))
	}
	if _, err := c.AutoScaling.UpdateAutoScalingGroup(ctx, &autoscaling.UpdateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: &n, DesiredCapacity: &n}); err != nil {
		return fmt.Errorf("start the instances of %s: %w", name, scalingRefusal(err))
	}
	return nil
}

// likeness is the source under another name, without instances, load balancers and hooks.
func likeness(source types.AutoScalingGroup, name, deploymentID string) *autoscaling.CreateAutoScalingGroupInput {
	in := &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: aws.Int32(0), DesiredCapacity: aws.Int32(0), MaxSize: source.MaxSize,
		LaunchConfigurationName: source.LaunchConfigurationName, LaunchTemplate: byID(source.LaunchTemplate),
		MixedInstancesPolicy: source.MixedInstancesPolicy, VPCZoneIdentifier: source.VPCZoneIdentifier,
		HealthCheckType: source.HealthCheckType, HealthCheckGracePeriod: source.HealthCheckGracePeriod,
		DefaultCooldown: source.DefaultCooldown, TerminationPolicies: source.TerminationPolicies,
		PlacementGroup: source.PlacementGroup, NewInstancesProtectedFromScaleIn: source.NewInstancesProtectedFromScaleIn,
		CapacityRebalance: source.CapacityRebalance, MaxInstanceLifetime: source.MaxInstanceLifetime,
		ServiceLinkedRoleARN: source.ServiceLinkedRoleARN,
	}
	if aws.ToString(source.VPCZoneIdentifier) == "" {
		in.AvailabilityZones = source.AvailabilityZones // with subnets the zones follow from them
	}
	for _, t := range source.Tags {
		if aws.ToString(t.Key) != provisionTag {
			in.Tags = append(in.Tags, types.Tag{Key: t.Key, Value: t.Value, PropagateAtLaunch: t.PropagateAtLaunch,
				ResourceId: &name, ResourceType: aws.String("auto-scaling-group")})
		}
	}
	in.Tags = append(in.Tags, types.Tag{Key: aws.String(provisionTag), Value: &deploymentID, PropagateAtLaunch: aws.Bool(false),
		ResourceId: &name, ResourceType: aws.String("auto-scaling-group")})
	return in
}

// byID is a launch template as a request has it: it must not name what its id names already.
func byID(t *types.LaunchTemplateSpecification) *types.LaunchTemplateSpecification {
	if t == nil || t.LaunchTemplateId == nil {
		return t
	}
	return &types.LaunchTemplateSpecification{LaunchTemplateId: t.LaunchTemplateId, Version: t.Version}
}

// tookOver refuses to go on when the Auto Scaling group that has the traffic is deleted: the other
// one is all that is left.
func (c *Cloud) tookOver(ctx context.Context, dep deploy.Deployment) error {
	name := dep.Replacement()
	if name == "" {
		return nil
	}
	if dep.Creator == deploy.ByRollback {
		name = dep.Members.AutoScalingGroups[0]
	}
	g, err := c.scalingGroup(ctx, name)
	if err == nil && aws.ToString(g.Status) != "" {
		err = platform.Refuse(deploy.ScalingInvalid, "The Auto Scaling group %s is being deleted.", name)
	}
	return err
}

// takeOver gives the group that got the traffic the load balancers and the hooks of the other,
// and wakes what slept. Where the other is deleted, the load balancers are the deployment's. Auto Scaling
// groups that were there before keep their own load balancers.
func (c *Cloud) takeOver(ctx context.Context, g deploy.Group, dep deploy.Deployment, t *Traffic) error {
	name := dep.Replacement()
	if name == "" {
		return c.moveHooks(ctx, g, dep)
	}
	original := dep.Members.AutoScalingGroups[0]
	if dep.Creator == deploy.ByRollback {
		return c.PutHooks(ctx, g, original) // it has all else that it had
	}
	source, err := c.findScalingGroup(ctx, original)
	if err != nil {
		return err
	}
	switch {
	case source != nil:
		if err := c.attach(ctx, name, source.TargetGroupARNs, source.LoadBalancerNames); err != nil {
			return err
		}
		if err := c.DeleteHooks(ctx, g, original); err != nil {
			return err
		}
	case !dep.LoadBalancer.Empty():
		arns, err := t.targetGroups(ctx, dep.LoadBalancer.TargetGroups)
		if err != nil {
			return err
		}
		if err := c.attach(ctx, name, arns, dep.LoadBalancer.Classic); err != nil {
			return err
		}
	}
	if err := c.PutHooks(ctx, g, name); err != nil {
		return err
	}
	_, err = c.AutoScaling.ResumeProcesses(ctx, &autoscaling.ResumeProcessesInput{AutoScalingGroupName: &name, ScalingProcesses: asleep})
	if err != nil {
		return fmt.Errorf("resume processes of %s: %w", name, scalingRefusal(err))
	}
	return nil
}

// attach lets what the Auto Scaling group starts get traffic.
func (c *Cloud) attach(ctx context.Context, name string, arns, classic []string) error {
	if len(arns) > 0 {
		_, err := c.AutoScaling.AttachLoadBalancerTargetGroups(ctx, &autoscaling.AttachLoadBalancerTargetGroupsInput{
			AutoScalingGroupName: &name, TargetGroupARNs: arns})
		if err != nil {
			return fmt.Errorf("attach target groups to %s: %w", name, scalingRefusal(err))
		}
	}
	if len(classic) > 0 {
		_, err := c.AutoScaling.AttachLoadBalancers(ctx, &autoscaling.AttachLoadBalancersInput{
			AutoScalingGroupName: &name, LoadBalancerNames: classic})
		if err != nil {
			return fmt.Errorf("attach load balancers to %s: %w", name, scalingRefusal(err))
		}
	}
	return nil
}

// detach takes its load balancers from an Auto Scaling group that is kept and is nobody's any more:
// what it starts would get traffic, without a revision.
func (c *Cloud) detach(ctx context.Context, name string) error {
	g, err := c.findScalingGroup(ctx, name)
	if err != nil || g == nil {
		return err
	}
	if arns := g.TargetGroupARNs; len(arns) > 0 {
		_, err := c.AutoScaling.DetachLoadBalancerTargetGroups(ctx, &autoscaling.DetachLoadBalancerTargetGroupsInput{
			AutoScalingGroupName: &name, TargetGroupARNs: arns})
		if err != nil {
			return fmt.Errorf("detach target groups from %s: %w", name, scalingRefusal(err))
		}
	}
	if names := g.LoadBalancerNames; len(names) > 0 {
		_, err := c.AutoScaling.DetachLoadBalancers(ctx, &autoscaling.DetachLoadBalancersInput{
			AutoScalingGroupName: &name, LoadBalancerNames: names})
		if err != nil {
			return fmt.Errorf("detach load balancers from %s: %w", name, scalingRefusal(err))
		}
	}
	return nil
}

// endScalingGroup removes the group with its instances, and waits until it is gone.
func (c *Cloud) endScalingGroup(ctx context.Context, name string) error {
	g, err := c.findScalingGroup(ctx, name)
	if err != nil || g == nil {
		return err
	}
	if aws.ToString(g.Status) == "" { // not being deleted
		_, err := c.AutoScaling.DeleteAutoScalingGroup(ctx, &autoscaling.DeleteAutoScalingGroupInput{
			AutoScalingGroupName: &name, ForceDelete: aws.Bool(true)})
		if err != nil {
			return fmt.Errorf("delete Auto Scaling group %s: %w", name, scalingRefusal(err))
		}
	}
	return &platform.Wait{Again: c.Every, Note: "The Auto Scaling group " + name + " is being deleted."}
}

// end terminates instances.
func (c *Cloud) end(ctx context.Context, ids []string) error {
	scaled := map[string]bool{}
	for some := range slices.Chunk(ids, mostScaled) {
		out, err := c.AutoScaling.DescribeAutoScalingInstances(ctx, &autoscaling.DescribeAutoScalingInstancesInput{InstanceIds: some})
		if err != nil {
			return fmt.Errorf("look for Auto Scaling groups of the original instances: %w", scalingRefusal(err))
		}
		for _, i := range out.AutoScalingInstances {
			scaled[aws.ToString(i.InstanceId)] = true
			if err := c.endScaled(ctx, i); err != nil {
				return err
			}
		}
	}
	others := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return scaled[id] })
	for some := range slices.Chunk(others, mostAtOneTime) {
		if _, err := c.EC2.TerminateInstances(ctx, &ec2.TerminateInstancesInput{InstanceIds: some}); err != nil {
			return fmt.Errorf("terminate the original instances: %w", scalingRefusal(err))
		}
	}
	return nil
}

// endScaled terminates an instance with its place in its Auto Scaling group, or it would be replaced.
func (c *Cloud) endScaled(ctx context.Context, i types.AutoScalingInstanceDetails) error {
	_, err := c.AutoScaling.TerminateInstanceInAutoScalingGroup(ctx, &autoscaling.TerminateInstanceInAutoScalingGroupInput{
		InstanceId: i.InstanceId, ShouldDecrementDesiredCapacity: aws.Bool(true)})
	if err != nil && !strings.HasPrefix(aws.ToString(i.LifecycleState), "Terminating") {
		return fmt.Errorf("terminate %s: %w", aws.ToString(i.InstanceId), scalingRefusal(err))
	}
	return nil
}

// code is the code of an answer of AWS, without the suffix that some of its APIs add.
func code(err error) string {
	answer, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return ""
	}
	return strings.TrimSuffix(answer.ErrorCode(), "Fault")
}

// scalingRefusal turns an answer that asking again does not change into a refusal.
func scalingRefusal(err error) error {
	answer, ok := errors.AsType[smithy.APIError](err)
	if !ok {
		return err
	}
	switch code(err) {
	case "AccessDenied", "AccessDeniedException", "UnauthorizedOperation":
		return platform.Refuse(deploy.ScalingPermissions, "%s %s", deploy.Failure(deploy.ScalingPermissions).Message, answer.ErrorMessage())
	case "ValidationError":
		return platform.Refuse(deploy.ScalingValidation, "%s", answer.ErrorMessage())
	case "LimitExceeded":
		return platform.Refuse(deploy.ScalingInvalid, "%s", answer.ErrorMessage())
	}
	return err
}
