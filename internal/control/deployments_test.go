package control_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

func TestADeploymentCarriesCopiesOfItsSettings(t *testing.T) {
	w := newWorld(t, func(c *control.Config) { c.Limits = deploy.Limits{Pickup: 1, Event: 2, Total: 3} }).
		withGroup(t, control.GroupSettings{ConfigName: "CodeDeployDefault.HalfAtATime", Rollback: &onFailure})
	id := must(t)(w.deployBundle(t.Context()))
	d, err := w.store.Deployment(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	half, _ := deploy.Predefined("CodeDeployDefault.HalfAtATime")
	want := deploy.Deployment{
		ID: id, ApplicationID: d.ApplicationID, Application: "web", GroupID: d.GroupID, Group: "prod",
		Platform: deploy.Server, Style: deploy.DefaultStyle, Config: half, Revision: bundle,
		Creator: deploy.ByUser, CreatedBy: admin.ARN, FileExists: deploy.Disallow, Rollback: onFailure,
		Limits: deploy.Limits{Pickup: 1, Event: 2, Total: 3}, Status: deploy.Created, CreatedAt: start, Version: d.Version,
	}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("stored\n%+v\nwant\n%+v", d, want)
	}
	if !reflect.DeepEqual(w.woken, []string{id}) {
		t.Errorf("woke %v, want the new deployment", w.woken)
	}
}

func TestARequestOverrulesItsGroup(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{Rollback: &onFailure})
	id := must(t)(w.CreateDeployment(t.Context(), admin, control.DeploymentRequest{
		Application: "web", Group: "prod", Revision: bundle, ConfigName: "CodeDeployDefault.AllAtOnce",
		Description: "by hand", Rollback: &deploy.AutoRollback{}, FileExists: deploy.Retain,
		IgnoreApplicationStopFailures: true, UpdateOutdatedOnly: true,
	}))
	d, _ := w.store.Deployment(t.Context(), id)
	if d.Config.Name != "CodeDeployDefault.AllAtOnce" || d.Rollback.Enabled || d.FileExists != deploy.Retain ||
		d.Description != "by hand" || !d.IgnoreApplicationStopFailures || !d.UpdateOutdatedOnly {
		t.Errorf("stored %+v", d)
	}
}

func TestTheSecondDeploymentOfAGroupWaitsForTheFirst(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{})
	first := must(t)(w.deployBundle(t.Context()))
	_, err := w.deployBundle(t.Context())
	wantError(t, err, "DeploymentLimitExceeded", "The Deployment Group 'prod' already has an active Deployment '"+first+"'")

	w.end(t, first, deploy.Queued, deploy.InProgress, deploy.Succeeded)
	second := must(t)(w.deployBundle(t.Context()))
	d, _ := w.store.Deployment(t.Context(), second)
	if d.Previous == nil || d.Previous.Key() != bundle.Key() {
		t.Errorf("the second deployment's previous revision is %+v, want the first one's", d.Previous)
	}
}

// takenIDs is a store in which the first ids that are drawn are taken.
type takenIDs struct {
	store.Store
	taken int
}

func (s *takenIDs) CreateDeployment(ctx context.Context, d deploy.Deployment) error {
	if s.taken--; s.taken >= 0 {
		return store.ErrExists
	}
	return s.Store.CreateDeployment(ctx, d)
}

func TestATakenIDIsDrawnAgain(t *testing.T) {
	w := newWorld(t, func(c *control.Config) { c.Store = &takenIDs{c.Store, 3} }).withGroup(t, control.GroupSettings{})
	id := must(t)(w.deployBundle(t.Context()))
	if _, err := w.store.Deployment(t.Context(), id); err != nil {
		t.Error(err)
	}
}

func TestARevisionThatIsNotThereIsRefused(t *testing.T) {
	asked := deploy.Revision{}
	w := newWorld(t, func(c *control.Config) {
		c.RevisionExists = func(_ context.Context, r deploy.Revision) error {
			asked = r
			return deploy.Errorf("RevisionDoesNotExist", "no object")
		}
	}).withGroup(t, control.GroupSettings{})
	_, err := w.deployBundle(t.Context())
	wantError(t, err, "RevisionDoesNotExist", "no object")
	if asked.Key() != bundle.Key() || len(w.woken) > 0 {
		t.Errorf("asked for %+v, woke %v", asked, w.woken)
	}
}

func TestAStopIsRequestedOnce(t *testing.T) {
	clock := start
	w := newWorld(t, func(c *control.Config) { c.Now = func() time.Time { return clock } }).
		withGroup(t, control.GroupSettings{})
	id := must(t)(w.deployBundle(t.Context()))
	yes, no := true, false
	for _, rollback := range []*bool{&yes, &no} {
		clock = clock.Add(time.Second)
		if _, err := w.StopDeployment(t.Context(), admin, id, rollback); err != nil {
			t.Fatal(err)
		}
	}
	d, _ := w.store.Deployment(t.Context(), id)
	if d.Stop == nil || !d.Stop.At.Equal(start.Add(time.Second)) || d.Stop.Rollback == nil || !*d.Stop.Rollback {
		t.Errorf("stop request is %+v, want the first one", d.Stop)
	}
	if want := []string{id, id, id}; !reflect.DeepEqual(w.woken, want) {
		t.Errorf("woke %v, want %v", w.woken, want)
	}
	w.end(t, id, deploy.Stopped)
	_, err := w.StopDeployment(t.Context(), admin, id, nil)
	wantError(t, err, "DeploymentAlreadyCompleted", id)
}

func TestAStopIsPendingWhileAnEventRuns(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{})
	id := must(t)(w.deployBundle(t.Context()))
	target := deploy.NewTarget(id, "web-1", "arn", deploy.Lifecycle(deploy.Server, deploy.DefaultStyle), start)
	target.Status = deploy.TargetInProgress
	target.Events[0].Status, target.Events[0].Attempt, target.Events[0].StartedAt = deploy.EventInProgress, 1, start
	w.end(t, id, deploy.Queued)
	l, _ := w.store.Load(t.Context(), id)
	err := w.store.Commit(t.Context(), store.Commit{
		Deployment: l.Deployment, Targets: []deploy.Target{target}, Resolved: true, Due: start,
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.StopDeployment(t.Context(), admin, id, nil); err != nil || got.Pending {
		t.Errorf("before an event is taken: %+v, %v; want not pending", got, err)
	}
	step := deploy.Step{DeploymentID: id, TargetID: "web-1", Event: deploy.ApplicationStop, Attempt: 1}
	err = w.store.UpdateTarget(t.Context(), id, "web-1", func(t *deploy.Target) error {
		t.Take(step, "delivery", start)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.StopDeployment(t.Context(), admin, id, nil); err != nil || !got.Pending {
		t.Errorf("while an event runs: %+v, %v; want pending", got, err)
	}
}

// Deleting what a deployment runs in makes the engine look at it at once, not at its deadline.
func TestADeletionWakesTheDeployment(t *testing.T) {
	for name, remove := range map[string]func(*world) error{
		"group":       func(w *world) error { _, err := w.DeleteGroup(t.Context(), admin, "web", "prod"); return err },
		"application": func(w *world) error { return w.DeleteApplication(t.Context(), admin, "web") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).withGroup(t, control.GroupSettings{})
			id := must(t)(w.deployBundle(t.Context()))
			w.woken = nil
			if err := remove(w); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(w.woken, []string{id}) {
				t.Errorf("woke %v, want %s", w.woken, id)
			}
			if l, err := w.store.Load(t.Context(), id); err != nil || l.Group != nil {
				t.Errorf("loaded %+v, %v; want no group", l, err)
			}
		})
	}
}

// Inline content that is registered is deployed by its hash alone.
func TestContentByItsHash(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	must(t)(w.CreateApplication(ctx, admin, "fn", deploy.Lambda, nil))
	must(t)(w.CreateGroup(ctx, admin, "fn", "live", control.GroupSettings{
		ServiceRoleARN: role, Style: &deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl},
	}, nil))
	request := control.DeploymentRequest{Application: "fn", Group: "live", Revision: deploy.Revision{
		Type: deploy.AppSpecContent, Content: &deploy.Content{SHA256: "61E3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"},
	}}
	_, err := w.CreateDeployment(ctx, admin, request)
	wantError(t, err, "RevisionDoesNotExist", "61e3942b")
	if err := w.RegisterRevision(ctx, admin, "fn", inline, ""); err != nil {
		t.Fatal(err)
	}
	id, err := w.CreateDeployment(ctx, admin, request)
	if err != nil {
		t.Fatal(err)
	}
	d, err := w.Deployment(ctx, admin, id)
	if err != nil || d.Revision.Content.Content != inline.Content.Content {
		t.Errorf("the deployment is of %v, %v", d.Revision.Content, err)
	}
}

// Alarms of a deployment's own take the permission to change the group, and the place of its alarms.
func TestAlarmsOfItsOwn(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{Alarms: &deploy.Alarms{Enabled: true, Names: []string{"cpu"}}})
	request := control.DeploymentRequest{
		Application: "web", Group: "prod", Revision: bundle, Alarms: &deploy.Alarms{Names: []string{"cpu"}},
	}
	_, err := w.CreateDeployment(t.Context(), developer(t, "CreateDeployment deploymentgroup:web/prod"), request)
	wantError(t, err, "AccessDenied", "codedeploy:UpdateDeploymentGroup")
	id := must(t)(w.CreateDeployment(t.Context(), developer(t, "* deploymentgroup:web/prod", readConfigs, register), request))
	d, _ := w.store.Deployment(t.Context(), id)
	if d.Alarms == nil || d.Alarms.Enabled || d.OverrideAlarms == nil {
		t.Errorf("alarms in force %+v, given %+v; want those given, switched off", d.Alarms, d.OverrideAlarms)
	}
}
