// Package server is the platform of hosts: registered machines whose agents poll for what
// to do. The step in progress in the store is the host's inbox, and the host reports the
// outcome by itself; so starting a step only wakes the host's waiting poll.
package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// Fleet is what the driver needs to know of machines.
type Fleet interface {
	// Instances lists the on-premises instances, registered or not.
	Instances(context.Context) ([]deploy.Instance, error)
	// Health is what a group remembers of its instances, by name.
	Health(ctx context.Context, groupID string) (map[string]deploy.InstanceHealth, error)
}

// Config is what a Driver is made of. Both members are needed.
type Config struct {
	Fleet Fleet
	// Wake lets the poll of a target's host look into its inbox.
	Wake func(targetID string)
}

// A Driver is the platform.Driver for hosts.
type Driver struct {
	cfg Config

	mu sync.Mutex
	// woken is the last step for which each target of a deployment was woken. Plans restate
	// the steps in hand, and a fleet must not be woken for what it is doing already.
	woken map[string]map[string]deploy.Step
}

var _ platform.Driver = (*Driver)(nil)

// New returns a Driver.
func New(cfg Config) *Driver {
	return &Driver{cfg: cfg, woken: map[string]map[string]deploy.Step{}}
}

// Resolve selects the registered instances whose tags the group names.
func (d *Driver) Resolve(ctx context.Context, dep deploy.Deployment, g deploy.Group, now time.Time) ([]deploy.Target, error) {
	instances, err := d.cfg.Fleet.Instances(ctx)
	if err != nil {
		return nil, fmt.Errorf("list instances: %w", err)
	}
	health, err := d.cfg.Fleet.Health(ctx, g.ID)
	if err != nil {
		return nil, fmt.Errorf("recall the health of group %s: %w", g.Name, err)
	}
	events := deploy.Lifecycle(dep.Platform, dep.Style)
	if events == nil {
		return nil, fmt.Errorf("no lifecycle for %s deployments of style %s, %s", dep.Platform, dep.Style.Type, dep.Style.Option)
	}
	var targets []deploy.Target
	for _, i := range instances {
		if i.Registered() && g.Selects(i.Tags) {
			t := deploy.NewTarget(dep.ID, i.Name, i.ARN, events, now)
			t.WasHealthy, t.Running = health[i.Name].Healthy, health[i.Name].Revision
			targets = append(targets, t)
		}
	}
	return targets, nil
}

// Start wakes the host's poll, once. A host that is not polling finds the step when it does.
func (d *Driver) Start(_ context.Context, s deploy.Step) error {
	if d.isNew(s) {
		d.cfg.Wake(s.TargetID)
	}
	return nil
}

func (d *Driver) isNew(s deploy.Step) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	targets := d.woken[s.DeploymentID]
	if targets == nil {
		targets = map[string]deploy.Step{}
		d.woken[s.DeploymentID] = targets
	}
	if targets[s.TargetID] == s {
		return false
	}
	targets[s.TargetID] = s
	return true
}

// Observe knows nothing: hosts report by themselves.
func (d *Driver) Observe(context.Context, deploy.Step) (platform.Observation, error) {
	return platform.Observation{}, nil
}

// Cancel does nothing: a host that takes the step now is told that it has ended.
func (d *Driver) Cancel(context.Context, deploy.Step) error { return nil }

// Retire forgets the deployment: one in place replaces nothing that stays behind.
func (d *Driver) Retire(_ context.Context, dep deploy.Deployment) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.woken, dep.ID)
	return nil
}
