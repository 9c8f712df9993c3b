package server

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/deploy"
)

type fleet struct {
	deployment deploy.Deployment
	group      deploy.Group
	targets    map[string]deploy.Target
	instances  []deploy.Instance
	health     map[string]deploy.InstanceHealth
}

func (f fleet) Instances(context.Context) ([]deploy.Instance, error) { return f.instances, nil }

func (f fleet) Health(context.Context, string) (map[string]deploy.InstanceHealth, error) {
	return f.health, nil
}

func (f fleet) Deployment(context.Context, string) (deploy.Deployment, error) {
	return f.deployment, nil
}

func (f fleet) Targets(context.Context, string) (list []deploy.Target, err error) {
	for _, t := range f.targets {
		list = append(list, t)
	}
	return list, nil
}

func (f fleet) Group(context.Context, string, string) (deploy.Group, error) {
	return f.group, nil
}

func (f fleet) Target(_ context.Context, _, id string) (deploy.Target, error) {
	return f.targets[id], nil
}

func TestResolveSelectsRegisteredInstancesByTag(t *testing.T) {
	web := []deploy.Tag{{Key: "fleet", Value: "web"}}
	now := time.Unix(1000, 0)
	d := New(Config{Fleet: fleet{
		instances: []deploy.Instance{
			{Name: "web-1", ARN: "arn:1", Tags: web},
			{Name: "gone", ARN: "arn:2", Tags: web, DeregisteredAt: now},
			{Name: "db-1", ARN: "arn:3", Tags: []deploy.Tag{{Key: "fleet", Value: "db"}}},
		},
		health: map[string]deploy.InstanceHealth{"web-1": {Healthy: true, Revision: "r1"}},
	}})
	dep := deploy.Deployment{ID: "d-1", Platform: deploy.Server, Style: deploy.DefaultStyle}
	group := deploy.Group{OnPremisesFilters: []deploy.TagFilter{{Key: "fleet", Value: "web"}}}
	got, err := d.Resolve(t.Context(), dep, group, now)
	if err != nil {
		t.Fatal(err)
	}
	want := deploy.NewTarget("d-1", "web-1", "arn:1", deploy.Lifecycle(deploy.Server, deploy.DefaultStyle), now)
	want.WasHealthy, want.Running = true, "r1"
	if diff := cmp.Diff([]deploy.Target{want}, got); diff != "" {
		t.Error(diff)
	}
	dep.Style.Type = deploy.BlueGreen
	if _, err := d.Resolve(t.Context(), dep, group, now); err == nil {
		t.Error("a style that nobody carries out was resolved")
	}
}

// TestStartWakesOnce: a step that a plan restates does not wake the host again, the next one does.
func TestStartWakesOnce(t *testing.T) {
	var woken []string
	d := New(Config{Wake: func(host string) { woken = append(woken, host) }})
	step := deploy.Step{DeploymentID: "d-1", TargetID: "web-1", Event: deploy.Install, Attempt: 1}
	start := func(s deploy.Step) {
		if err := d.Start(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	start(step)
	start(step)
	next := step
	next.Event = deploy.AfterInstall
	start(next)
	if len(woken) != 2 {
		t.Errorf("woken %d times for two steps", len(woken))
	}
	if d.Forget("d-1"); len(d.woken) != 0 {
		t.Errorf("an ended deployment is remembered: %v", d.woken)
	}
}
