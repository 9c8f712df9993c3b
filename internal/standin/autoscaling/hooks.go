package autoscaling

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/slipway/slipway/internal/awswire"
)

// The bounds of lifecycle hooks.
const (
	maxHooks         = 50
	leastHeartbeat   = 30
	mostHeartbeat    = 7200
	defaultHeartbeat = 3600
	longestWait      = 48 * 3600 // of heartbeats together, and not above a hundred of them
)

func (s *Service) hookOperations() awswire.Operations {
	return awswire.Operations{
		"PutLifecycleHook": onGroup(s, "PutLifecycleHook",
			func(in *autoscaling.PutLifecycleHookInput) *string { return in.AutoScalingGroupName }, s.putLifecycleHook),
		"DeleteLifecycleHook": onGroup(s, "DeleteLifecycleHook",
			func(in *autoscaling.DeleteLifecycleHookInput) *string { return in.AutoScalingGroupName }, s.deleteLifecycleHook),
		"CompleteLifecycleAction": onGroup(s, "CompleteLifecycleAction",
			func(in *autoscaling.CompleteLifecycleActionInput) *string { return in.AutoScalingGroupName }, s.completeLifecycleAction),
		"RecordLifecycleActionHeartbeat": onGroup(s, "RecordLifecycleActionHeartbeat",
			func(in *autoscaling.RecordLifecycleActionHeartbeatInput) *string { return in.AutoScalingGroupName }, s.recordHeartbeat),
		"DescribeLifecycleHooks": op("DescribeLifecycleHooks", nil, s.describeLifecycleHooks),
	}
}

func hookOf(h types.LifecycleHookSpecification) types.LifecycleHook {
	return types.LifecycleHook{
		LifecycleHookName: h.LifecycleHookName, LifecycleTransition: h.LifecycleTransition, DefaultResult: h.DefaultResult,
		HeartbeatTimeout: h.HeartbeatTimeout, NotificationMetadata: h.NotificationMetadata, NotificationTargetARN: h.NotificationTargetARN,
		RoleARN: h.RoleARN,
	}
}

func (s *Service) putLifecycleHook(_ context.Context, in *autoscaling.PutLifecycleHookInput, p *plan) (*autoscaling.PutLifecycleHookOutput, error) {
	return nil, s.putHook(p, types.LifecycleHook{
		LifecycleHookName: in.LifecycleHookName, LifecycleTransition: in.LifecycleTransition, DefaultResult: in.DefaultResult,
		HeartbeatTimeout: in.HeartbeatTimeout, NotificationMetadata: in.NotificationMetadata, NotificationTargetARN: in.NotificationTargetARN,
		RoleARN: in.RoleARN,
	})
}

// putHook makes a hook, or changes what is given of one that is there.
func (s *Service) putHook(p *plan, given types.LifecycleHook) error {
	if err := p.mayChange(); err != nil {
		return err
	}
	if err := required("lifecycleHookName", given.LifecycleHookName); err != nil {
		return err
	}
	if err := checkName("lifecycleHookName", *given.LifecycleHookName); err != nil {
		return err
	}
	p.Hooks = slices.Clone(p.Hooks)
	h := p.hook(*given.LifecycleHookName)
	if h == nil {
		p.Hooks = append(p.Hooks, types.LifecycleHook{
			AutoScalingGroupName: p.AutoScalingGroupName, LifecycleHookName: given.LifecycleHookName,
			HeartbeatTimeout: aws.Int32(defaultHeartbeat), DefaultResult: aws.String(resultAbandon),
		})
		h = &p.Hooks[len(p.Hooks)-1]
	}
	set(&h.LifecycleTransition, given.LifecycleTransition)
	set(&h.HeartbeatTimeout, given.HeartbeatTimeout)
	set(&h.DefaultResult, given.DefaultResult)
	set(&h.NotificationMetadata, given.NotificationMetadata)
	set(&h.NotificationTargetARN, given.NotificationTargetARN)
	set(&h.RoleARN, given.RoleARN)
	h.GlobalTimeout = aws.Int32(min(longestWait, 100*min(*h.HeartbeatTimeout, mostHeartbeat)))
	if len(p.Hooks) > maxHooks {
		return awswire.Errorf(limitExceeded, "You've reached your limit of %d lifecycle hooks of AutoScalingGroup %s.", maxHooks, p.name())
	}
	return checkHook(*h)
}

func checkHook(h types.LifecycleHook) error {
	switch transition := aws.ToString(h.LifecycleTransition); {
	case transition == "":
		return invalid("Lifecycle transition must be specified for the new lifecycle hook %s: %s or %s", *h.LifecycleHookName, launching, terminating)
	case transition != launching && transition != terminating:
		return invalid("Lifecycle transition %s is not valid; use %s or %s", transition, launching, terminating)
	case *h.DefaultResult != resultContinue && *h.DefaultResult != resultAbandon:
		return invalid("Lifecycle hook's default result %s is not valid; use CONTINUE or ABANDON", *h.DefaultResult)
	}
	return between("heartbeatTimeout", h.HeartbeatTimeout, leastHeartbeat, mostHeartbeat)
}

// deleteLifecycleHook lets instances that wait for the hook go: up as abandoned, down.
func (s *Service) deleteLifecycleHook(
	_ context.Context, in *autoscaling.DeleteLifecycleHookInput, p *plan,
) (*autoscaling.DeleteLifecycleHookOutput, error) {
	name := aws.ToString(in.LifecycleHookName)
	h := p.hook(name)
	if h == nil {
		return nil, invalid("No Lifecycle Hook found with name %s for AutoScalingGroup %s", name, p.name())
	}
	result := resultContinue
	if *h.LifecycleTransition == launching {
		result = resultAbandon
	}
	for _, m := range p.Members {
		for i := range m.Waits {
			if w := &m.Waits[i]; w.Hook == name && w.Result == "" {
				w.Result = result
			}
		}
	}
	p.Hooks = slices.DeleteFunc(slices.Clone(p.Hooks), func(h types.LifecycleHook) bool { return *h.LifecycleHookName == name })
	return nil, nil
}

// awaited is what an instance waits for: the action of that token, or of that instance.
func (p *plan) awaited(hook, token, instance *string) (*wait, error) {
	if err := required("lifecycleHookName", hook); err != nil {
		return nil, err
	}
	if token == nil && instance == nil {
		return nil, invalid("Either the lifecycle action token or the instance ID must be specified")
	}
	for _, m := range p.Members {
		for i := range m.Waits {
			w := &m.Waits[i]
			if w.Result == "" && w.Hook == *hook && (token == nil || w.Token == *token) && (instance == nil || m.ID == *instance) {
				return w, nil
			}
		}
	}
	if token != nil {
		return nil, invalid("No active Lifecycle Action found with token %s", *token)
	}
	return nil, invalid("No active Lifecycle Action found with instance ID %s", *instance)
}

func (s *Service) completeLifecycleAction(
	_ context.Context, in *autoscaling.CompleteLifecycleActionInput, p *plan,
) (*autoscaling.CompleteLifecycleActionOutput, error) {
	result := aws.ToString(in.LifecycleActionResult)
	if result != resultContinue && result != resultAbandon {
		return nil, invalid("Lifecycle action result %s is not valid; use CONTINUE or ABANDON", result)
	}
	w, err := p.awaited(in.LifecycleHookName, in.LifecycleActionToken, in.InstanceId)
	if err != nil {
		return nil, err
	}
	w.Result = result
	return nil, nil
}

func (s *Service) recordHeartbeat(
	_ context.Context, in *autoscaling.RecordLifecycleActionHeartbeatInput, p *plan,
) (*autoscaling.RecordLifecycleActionHeartbeatOutput, error) {
	w, err := p.awaited(in.LifecycleHookName, in.LifecycleActionToken, in.InstanceId)
	if err != nil {
		return nil, err
	}
	w.Deadline = p.now.Add(seconds(p.hook(w.Hook).HeartbeatTimeout))
	return nil, nil
}

func (s *Service) describeLifecycleHooks(
	_ context.Context, in *autoscaling.DescribeLifecycleHooksInput,
) (*autoscaling.DescribeLifecycleHooksOutput, error) {
	g, err := s.group(in.AutoScalingGroupName)
	if err != nil {
		return nil, err
	}
	out := &autoscaling.DescribeLifecycleHooksOutput{LifecycleHooks: []types.LifecycleHook{}}
	for _, h := range g.Hooks {
		if len(in.LifecycleHookNames) == 0 || slices.Contains(in.LifecycleHookNames, *h.LifecycleHookName) {
			out.LifecycleHooks = append(out.LifecycleHooks, h)
		}
	}
	return out, nil
}
