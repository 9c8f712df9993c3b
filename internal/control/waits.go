package control

import (
	"context"
	"slices"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

// The waits of a blue/green deployment, in the API's words.
const (
	readyWait       = "READY_WAIT"       // before traffic moves
	terminationWait = "TERMINATION_WAIT" // before what was replaced goes
)

// ContinueDeployment ends a wait of a blue/green deployment; an empty wait is READY_WAIT.
// Deployments in place have no such wait, and no deployment gets as far as one yet.
func (s *Service) ContinueDeployment(ctx context.Context, caller identity.Caller, id, wait string) error {
	d, err := s.deployment(ctx, caller, "ContinueDeployment", id)
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains([]string{"", readyWait, terminationWait}, wait):
		return deploy.Errorf("InvalidDeploymentWaitType",
			"The deploymentWaitType is not valid: %s. It is READY_WAIT or TERMINATION_WAIT", shown(wait))
	case d.Style.Type == deploy.InPlace:
		return errUnsupportedAction(d, "be continued")
	case d.Status.Done():
		return errCompleted(d.ID)
	case wait == terminationWait:
		return deploy.Errorf("InvalidDeploymentStatus",
			"The deployment %s is %s, and does not wait to terminate what it has replaced", d.ID, d.Status)
	}
	return deploy.Errorf("DeploymentIsNotInReadyState",
		"The deployment %s is %s; only one that is Ready can be continued", d.ID, d.Status)
}

// SkipTerminationWait ends the wait before the replaced instances of a blue/green deployment
// are terminated: the older form of ContinueDeployment, for servers only.
func (s *Service) SkipTerminationWait(ctx context.Context, caller identity.Caller, id string) error {
	d, err := s.deployment(ctx, caller, "SkipWaitTimeForInstanceTermination", id)
	if err != nil {
		return err
	}
	switch {
	case d.Style.Type == deploy.InPlace || d.Platform != deploy.Server:
		return errUnsupportedAction(d, "skip a termination wait")
	case d.Status.Done():
		return errCompleted(d.ID)
	case d.StartedAt.IsZero():
		return errNotStarted(d)
	}
	return deploy.Errorf("UnsupportedActionForDeploymentType",
		"The deployment %s does not wait to terminate what it has replaced", d.ID)
}

// A HookReport is the outcome of a Lambda hook, in the API's words.
type HookReport struct {
	DeploymentID string
	ExecutionID  string // what the hook was called with
	Status       string // Succeeded or Failed
}

// ReportHook takes the outcome of a Lambda hook. Deployments to servers have no such hooks,
// and no other deployment gets as far as calling one yet, so there is none to report on.
func (s *Service) ReportHook(ctx context.Context, caller identity.Caller, r HookReport) error {
	d, err := s.deployment(ctx, caller, "PutLifecycleEventHookExecutionStatus", r.DeploymentID)
	if err != nil {
		return err
	}
	switch {
	case d.Platform == deploy.Server:
		return errUnsupportedAction(d, "take the status of a lifecycle event hook")
	case r.Status != string(deploy.EventSucceeded) && r.Status != string(deploy.EventFailed):
		return deploy.Errorf("InvalidLifecycleEventHookExecutionStatus",
			"The status of a lifecycle event hook is not valid: %s. It is Succeeded or Failed", shown(r.Status))
	}
	return deploy.Errorf("InvalidLifecycleEventHookExecutionId",
		"The deployment %s has called no hook with the lifecycleEventHookExecutionId %s", d.ID, shown(r.ExecutionID))
}

func errUnsupportedAction(d deploy.Deployment, action string) error {
	return deploy.Errorf("UnsupportedActionForDeploymentType",
		"The deployment %s is of type %s on the %s compute platform, which cannot %s", d.ID, d.Style.Type, d.Platform, action)
}
