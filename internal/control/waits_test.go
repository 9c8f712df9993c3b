package control_test

import (
	"testing"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
)

// A blue/green deployment is continued when it is ready, and once more when it waits to
// terminate what it has replaced; at any other time it is not.
func TestContinue(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{})
	wait := int32(60)
	id := must(t)(w.deployBundle(t.Context()))
	change := func(change func(*deploy.Deployment)) {
		t.Helper()
		err := w.store.UpdateDeployment(t.Context(), id, func(d *deploy.Deployment) error { change(d); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	w.end(t, id, deploy.Queued, deploy.InProgress)
	change(func(d *deploy.Deployment) {
		d.Style = deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl}
		d.BlueGreen = &deploy.BlueGreenOptions{ReadyAction: deploy.StopDeployment, ReadyWait: &wait,
			BlueAction: deploy.Terminate, TerminationWait: &wait}
		d.StartedAt = start
	})
	carryOn := func(wait string) error { return w.ContinueDeployment(t.Context(), admin, id, wait) }
	read := func() deploy.Deployment {
		d, _ := w.store.Deployment(t.Context(), id)
		return d
	}
	wantError(t, carryOn(""), "DeploymentIsNotInReadyState", "is InProgress; only one that is Ready can be continued")

	w.end(t, id, deploy.Ready)
	wantError(t, carryOn("TERMINATION_WAIT"), "InvalidDeploymentStatus", "does not wait to terminate")
	if err := carryOn("READY_WAIT"); err != nil || read().ContinuedAt.IsZero() {
		t.Errorf("ready: %v, continued at %s", err, read().ContinuedAt)
	}

	w.end(t, id, deploy.InProgress)
	waiting := deploy.Retirement{Side: deploy.Blue, Since: start, After: start.Add(time.Hour)}
	for name, end := range map[string]func() error{
		"continue": func() error { return carryOn("TERMINATION_WAIT") },
		"skip":     func() error { return w.SkipTerminationWait(t.Context(), admin, id) },
	} {
		change(func(d *deploy.Deployment) { d.Retirement = &waiting })
		if err := end(); err != nil || !read().Retirement.After.Before(waiting.After) {
			t.Errorf("%s: %v, they go after %s", name, err, read().Retirement.After)
		}
		if err := end(); err == nil {
			t.Errorf("%s: the wait ended twice", name)
		}
	}
	change(func(d *deploy.Deployment) {
		d.Retirement = &deploy.Retirement{Side: deploy.Green, After: start.Add(time.Hour)}
	})
	wantError(t, carryOn("TERMINATION_WAIT"), "InvalidDeploymentStatus", "does not wait to terminate")
}
