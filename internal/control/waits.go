package control

import (
	"context"
	"slices"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

// The waits of a blue/green deployment, in the API's words.
const (
	readyWait       = "READY_WAIT"       // before traffic moves
	terminationWait = "TERMINATION_WAIT" // before what was replaced goes
)

// ContinueDeployment ends a wait of a blue/green deployment; an empty wait is READY_WAIT.
// Deployments in place have no such wait.
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
		return s.endWait(ctx, caller, id, endTerminationWait, deploy.Errorf("InvalidDeploymentStatus",
			"The deployment %s is %s, and does not wait to terminate what it has replaced", d.ID, d.Status))
	}
	return s.endWait(ctx, caller, id, endReadyWait, deploy.Errorf("DeploymentIsNotInReadyState",
		"The deployment %s is %s; only one that is Ready can be continued", d.ID, d.Status))
}

// endWait lets the deployment go on now. It returns otherwise when the deployment is in no
// such wait by the time it is changed.
func (s *Service) endWait(
	ctx context.Context, caller identity.Caller, id string, end func(*deploy.Deployment, time.Time) bool, otherwise error,
) error {
	err := s.store.UpdateDeployment(ctx, id, func(d *deploy.Deployment) error {
		if !end(d, s.now()) {
			return otherwise
		}
		return nil
	})
	if err != nil {
		return wrapFault("end wait", err)
	}
	s.wake(id)
	s.log.InfoContext(ctx, "deployment continued", "deployment", id, "by", caller.ARN)
	return nil
}

func endReadyWait(d *deploy.Deployment, now time.Time) bool {
	if d.Status != deploy.Ready {
		return false
	}
	d.ContinuedAt = now
	return true
}

func endTerminationWait(d *deploy.Deployment, now time.Time) bool {
	r := d.Retirement
	if !d.WaitsToTerminate() || r.Due(now) {
		return false
	}
	ended := *r
	ended.After = now
	d.Retirement = &ended
	return true
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
	return s.endWait(ctx, caller, id, endTerminationWait, deploy.Errorf("UnsupportedActionForDeploymentType",
		"The deployment %s does not wait to terminate what it has replaced", d.ID))
}

func errUnsupportedAction(d deploy.Deployment, action string) error {
	return deploy.Errorf("UnsupportedActionForDeploymentType",
		"The deployment %s is of type %s on the %s compute platform, which cannot %s", d.ID, d.Style.Type, d.Platform, action)
}
