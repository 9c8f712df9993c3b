package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/slipway/slipway/internal/deploy"
)

// An instance that Auto Scaling starts waits for its deployment for as long as heartbeats
// come, and is ended if they do not: AWS's values.
const (
	hookPatience = 600 // seconds
	goOn         = "CONTINUE"
	abandon      = "ABANDON"
)

// PutHooks makes Auto Scaling wait for the group's deployments to instances that it starts, and
// where the group wants that, to those that it ends.
func (c *Cloud) PutHooks(ctx context.Context, g deploy.Group, scalingGroup string) error {
	for name, transition := range hooksOf(g, scalingGroup) {
		_, err := c.AutoScaling.PutLifecycleHook(ctx, &autoscaling.PutLifecycleHookInput{
			AutoScalingGroupName: &scalingGroup, LifecycleHookName: &name, LifecycleTransition: &transition,
			DefaultResult: aws.String(abandon), HeartbeatTimeout: aws.Int32(hookPatience),
		})
		if err != nil {
			return fmt.Errorf("put lifecycle hook %s on %s: %w", name, scalingGroup, scalingRefusal(err))
		}
	}
	return nil
}

// DeleteHooks takes back what PutHooks did. Hooks that are gone, or whose Auto Scaling group
// is, are as good as deleted.
func (c *Cloud) DeleteHooks(ctx context.Context, g deploy.Group, scalingGroup string) error {
	g.TerminationHook = true // it may have had one before
	for name := range hooksOf(g, scalingGroup) {
		_, err := c.AutoScaling.DeleteLifecycleHook(ctx, &autoscaling.DeleteLifecycleHookInput{
			AutoScalingGroupName: &scalingGroup, LifecycleHookName: &name,
		})
		if err != nil && code(err) != "ValidationError" {
			return fmt.Errorf("delete lifecycle hook %s of %s: %w", name, scalingGroup, scalingRefusal(err))
		}
	}
	return nil
}

// moveHooks gives the hooks to the Auto Scaling groups of the side that got the traffic, and takes them from the
// other's: what those start would wait for deployments that are nobody's to make.
func (c *Cloud) moveHooks(ctx context.Context, g deploy.Group, dep deploy.Deployment) error {
	in, out := dep.TakesOver().AutoScalingGroups, dep.Members.AutoScalingGroups
	if dep.Creator == deploy.ByRollback && dep.TargetInstances != nil {
		out = dep.TargetInstances.AutoScalingGroups
	}
	for _, name := range in {
		if err := c.PutHooks(ctx, g, name); err != nil {
			return err
		}
	}
	for _, name := range out {
		if slices.Contains(in, name) {
			continue
		}
		if err := c.DeleteHooks(ctx, g, name); err != nil {
			return err
		}
	}
	return nil
}

// hooksOf are the group's hooks by name, each with its transition.
func hooksOf(g deploy.Group, scalingGroup string) map[string]string {
	hooks := map[string]string{g.LaunchHook(scalingGroup): "autoscaling:EC2_INSTANCE_LAUNCHING"}
	if name := g.TerminationHookOf(scalingGroup); name != "" {
		hooks[name] = "autoscaling:EC2_INSTANCE_TERMINATING"
	}
	return hooks
}

// LetGo lets an instance that waits take its course: one that starts goes into service, or is
// ended when its deployment failed; one that ends is ended in any case. One that does not wait
// any more has taken it already.
func (c *Cloud) LetGo(ctx context.Context, a deploy.LifecycleAction, succeeded bool) error {
	result := abandon
	if succeeded {
		result = goOn
	}
	_, err := c.AutoScaling.CompleteLifecycleAction(ctx, &autoscaling.CompleteLifecycleActionInput{
		AutoScalingGroupName: &a.AutoScalingGroup, LifecycleHookName: &a.Hook, InstanceId: &a.Instance, LifecycleActionResult: &result,
	})
	if err != nil && code(err) != "ValidationError" {
		return fmt.Errorf("complete the lifecycle action of %s: %w", a.Instance, scalingRefusal(err))
	}
	return nil
}

// KeepWaiting is a sign of life: the deployment that the instance waits for is under way.
func (c *Cloud) KeepWaiting(ctx context.Context, a deploy.LifecycleAction) error {
	_, err := c.AutoScaling.RecordLifecycleActionHeartbeat(ctx, &autoscaling.RecordLifecycleActionHeartbeatInput{
		AutoScalingGroupName: &a.AutoScalingGroup, LifecycleHookName: &a.Hook, InstanceId: &a.Instance,
	})
	if err != nil && code(err) != "ValidationError" {
		return fmt.Errorf("keep %s waiting: %w", a.Instance, err)
	}
	return nil
}

// Standing tells which instances of the group's Auto Scaling groups wait under its hooks, and
// which are in service, by their ids.
func (c *Cloud) Standing(ctx context.Context, g deploy.Group) (waiting []deploy.LifecycleAction, inService []string, err error) {
	for _, name := range g.AutoScalingGroups {
		found, err := c.findScalingGroup(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if found == nil {
			continue
		}
		for _, i := range found.Instances {
			a := deploy.LifecycleAction{AutoScalingGroup: name, Instance: aws.ToString(i.InstanceId)}
			switch i.LifecycleState {
			case types.LifecycleStatePendingWait:
				a.Hook = g.LaunchHook(name)
				waiting = append(waiting, a)
			case types.LifecycleStateTerminatingWait:
				if a.Hook = g.TerminationHookOf(name); a.Hook != "" {
					waiting = append(waiting, a)
				}
			case types.LifecycleStateInService:
				inService = append(inService, a.Instance)
			}
		}
	}
	return waiting, inService, nil
}

// Gone are those of the EC2 instances that are ended, or being ended.
func (c *Cloud) Gone(ctx context.Context, ids []string) (gone []string, err error) {
	there := map[string]bool{}
	err = c.eachNamed(ctx, ids, func(i ec2types.Instance) {
		s := stateOf(i)
		there[aws.ToString(i.InstanceId)] = s != ec2types.InstanceStateNameTerminated && s != ec2types.InstanceStateNameShuttingDown
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return there[id] }), nil
}
