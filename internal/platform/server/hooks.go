package server

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"github.com/slipway/slipway/internal/deploy"
)

// An instance that Auto Scaling starts waits for its deployment for as long as heartbeats
// come, and is ended if they do not: AWS's values.
const (
	hookPatience = 600 // seconds
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

// hooksOf are the group's hooks by name, each with its transition.
func hooksOf(g deploy.Group, scalingGroup string) map[string]string {
	hooks := map[string]string{g.LaunchHook(scalingGroup): "autoscaling:EC2_INSTANCE_LAUNCHING"}
	if name := g.TerminationHookOf(scalingGroup); name != "" {
		hooks[name] = "autoscaling:EC2_INSTANCE_TERMINATING"
	}
	return hooks
}
