package control

import (
	"context"
	"fmt"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

// A HookReport is the outcome of a function that validates a deployment, in the API's words.
type HookReport struct {
	DeploymentID string
	ExecutionID  string // what the function was called with
	Status       string // Succeeded or Failed
}

// ReportHook takes the outcome of a function that validates a deployment. The first report of
// an execution stands. Deployments to servers have no such functions.
func (s *Service) ReportHook(ctx context.Context, caller identity.Caller, r HookReport) error {
	d, err := s.deployment(ctx, caller, "PutLifecycleEventHookExecutionStatus", r.DeploymentID)
	if err != nil {
		return err
	}
	status := deploy.EventStatus(r.Status)
	switch {
	case d.Platform == deploy.Server:
		return errUnsupportedAction(d, "take the status of a lifecycle event hook")
	case status != deploy.EventSucceeded && status != deploy.EventFailed:
		return deploy.Errorf("InvalidLifecycleEventHookExecutionStatus",
			"The status of a lifecycle event hook is not valid: %s. It is Succeeded or Failed", shown(r.Status))
	}
	step, function, err := s.execution(ctx, d, r.ExecutionID)
	if err != nil {
		return err
	}
	err = s.store.UpdateTarget(ctx, d.ID, step.TargetID, func(t *deploy.Target) error {
		o := deploy.Outcome{Status: status, Diagnostics: deploy.Diagnostics{Code: deploy.CodeSuccess}}
		if status == deploy.EventFailed {
			o.Diagnostics = deploy.Diagnostics{Code: deploy.CodeScriptFailed, Message: fmt.Sprintf("The function %s has reported Failed.", function)}
		}
		o.Diagnostics.Script = function
		if e := t.Event(step.Event); e.Diagnostics != nil {
			o.Diagnostics.Log = e.Diagnostics.Log
		}
		if !t.Finish(step, r.ExecutionID, o, s.now()) {
			return errEventCompleted(d, step.Event)
		}
		return nil
	})
	if err != nil {
		return wrapFault("report on hook", err)
	}
	s.wake(d.ID)
	return nil
}

// execution finds the step that the function was called for.
func (s *Service) execution(ctx context.Context, d deploy.Deployment, id string) (step deploy.Step, function string, err error) {
	targets, err := s.store.Targets(ctx, d.ID)
	if err != nil {
		return step, "", fmt.Errorf("read targets: %w", err)
	}
	for _, t := range targets {
		for _, e := range t.Events {
			if id != "" && e.Delivery == id && t.Hooks[e.Name] != "" {
				step = deploy.Step{DeploymentID: d.ID, TargetID: t.ID, Event: e.Name, Attempt: e.Attempt}
				return step, t.Hooks[e.Name], nil
			}
		}
	}
	return step, "", deploy.Errorf("InvalidLifecycleEventHookExecutionId",
		"The deployment %s has called no hook with the lifecycleEventHookExecutionId %s", d.ID, shown(id))
}

func errEventCompleted(d deploy.Deployment, e deploy.Event) error {
	return deploy.Errorf("LifecycleEventAlreadyCompleted",
		"The lifecycle event %s of the deployment %s has ended already: a report was too late, or the second one", e, d.ID)
}
