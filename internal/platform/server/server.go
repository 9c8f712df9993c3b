// Package server is the platform of hosts: registered machines whose agents poll for what
// to do. The step in progress in the store is the host's inbox, and the host reports the
// outcome by itself; so starting a step only wakes the host's waiting poll.
package server

import (
	"context"
	"errors"
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
	Deployment(ctx context.Context, id string) (deploy.Deployment, error)
	Target(ctx context.Context, deploymentID, targetID string) (deploy.Target, error)
	Targets(ctx context.Context, deploymentID string) ([]deploy.Target, error)
	Group(ctx context.Context, application, name string) (deploy.Group, error)
}

// ZoneTag is the tag of an on-premises instance that names its availability zone.
const ZoneTag = "slipway:zone"

// Config is what a Driver is made of. Fleet and Wake are needed.
type Config struct {
	Fleet Fleet
	// Wake lets the poll of a target's host look into its inbox.
	Wake func(targetID string)
	// Traffic speaks to load balancers; nil refuses deployments behind one.
	Traffic *Traffic
	// Cloud knows EC2 instances and Auto Scaling groups; nil refuses groups that have some.
	Cloud *Cloud
	// RevisionExists returns a *deploy.Error, RevisionDoesNotExist, for a bundle that is gone;
	// nil asks nobody.
	RevisionExists func(context.Context, deploy.Revision) error
	// MaxInstances is the most of one deployment; zero bounds nothing.
	MaxInstances int
}

// A Driver is the platform.Driver for hosts.
type Driver struct {
	cfg Config

	mu sync.Mutex
	// handed are the deployments whose replacement has taken over.
	handed map[string]bool
	// woken is the last step for which each target of a deployment was woken. Plans restate
	// the steps in hand, and a fleet must not be woken for what it is doing already.
	woken map[string]map[string]deploy.Step
}

var _ platform.Driver = (*Driver)(nil)

// New returns a Driver.
func New(cfg Config) *Driver {
	return &Driver{cfg: cfg, woken: map[string]map[string]deploy.Step{}, handed: map[string]bool{}}
}

// Resolve selects the registered instances whose tags the group names, and the EC2 instances
// that are its members. A blue/green deployment has two sides of those: see sides.
func (d *Driver) Resolve(ctx context.Context, dep deploy.Deployment, g deploy.Group, now time.Time) ([]deploy.Target, error) {
	if err := d.checkRevision(ctx, dep.Revision); err != nil {
		return nil, err
	}
	targets, err := d.targets(ctx, dep, g, now)
	if err != nil {
		return nil, err
	}
	if most := d.cfg.MaxInstances; most > 0 && len(targets) > most {
		return nil, &platform.Refusal{Info: *deploy.Failure(deploy.OverMaxInstances)}
	}
	if dep.Style.Option == deploy.WithTrafficControl {
		return targets, d.resolveTraffic(ctx, dep, targets)
	}
	return targets, nil
}

// targets are the instances of the deployment, with what the group remembers of them.
func (d *Driver) targets(ctx context.Context, dep deploy.Deployment, g deploy.Group, now time.Time) ([]deploy.Target, error) {
	health, err := d.cfg.Fleet.Health(ctx, g.ID)
	if err != nil {
		return nil, fmt.Errorf("recall the health of group %s: %w", g.Name, err)
	}
	if dep.Lifecycle("") == nil && dep.Incoming() == "" {
		return nil, fmt.Errorf("no lifecycle for %s deployments of style %s, %s", dep.Platform, dep.Style.Type, dep.Style.Option)
	}
	var targets []deploy.Target
	add := func(m machine, side deploy.Label) {
		t := deploy.NewTarget(dep.ID, m.id, m.arn, dep.Lifecycle(side), now)
		t.Label, t.Zone = side, m.zone
		t.Running, t.Registrations = health[m.id].Revision, health[m.id].Registrations
		t.WasHealthy = side == "" && health[m.id].Healthy // one of two sides holds nothing up by itself
		targets = append(targets, t)
	}
	if dep.Incoming() != "" {
		return targets, d.sides(ctx, dep, now, add)
	}
	machines, err := d.machines(ctx, dep, g)
	for _, m := range machines {
		add(m, "")
	}
	return targets, err
}

// machines are the group's, wherever they are, or those that the deployment is limited to.
func (d *Driver) machines(ctx context.Context, dep deploy.Deployment, g deploy.Group) (list []machine, err error) {
	if len(dep.Only) > 0 {
		return d.cfg.Cloud.named(ctx, dep.Only)
	}
	instances, err := d.cfg.Fleet.Instances(ctx)
	if err != nil {
		return nil, fmt.Errorf("list instances: %w", err)
	}
	for _, i := range instances {
		if i.Registered() && g.Selects(i.Tags) {
			list = append(list, machine{id: i.Name, arn: i.ARN, zone: zoneOf(i)})
		}
	}
	members, err := d.cfg.Cloud.members(ctx, g.Members())
	return append(list, members...), err
}

// checkRevision refuses a bundle that is gone before anything is changed on a host.
func (d *Driver) checkRevision(ctx context.Context, r deploy.Revision) error {
	if d.cfg.RevisionExists == nil {
		return nil
	}
	err := d.cfg.RevisionExists(ctx, r)
	if gone, ok := errors.AsType[*deploy.Error](err); ok && gone.Code == "RevisionDoesNotExist" {
		return platform.Refuse(deploy.RevisionMissing, "%s", gone.Message)
	}
	return err
}

func zoneOf(i deploy.Instance) string {
	for _, tag := range i.Tags {
		if tag.Key == ZoneTag {
			return tag.Value
		}
	}
	return ""
}

func (d *Driver) resolveTraffic(ctx context.Context, dep deploy.Deployment, targets []deploy.Target) error {
	switch {
	case dep.LoadBalancer.Empty():
		return platform.Refuse(deploy.LoadBalancerMissing, "The deployment group has no load balancer any more.")
	case d.cfg.Traffic == nil:
		return platform.Refuse(deploy.LoadBalancerInvalid, "This server speaks to no load balancers.")
	}
	return d.cfg.Traffic.resolve(ctx, dep.LoadBalancer, targets)
}

// Start wakes the host's poll, once. A host that is not polling finds the step when it does.
// Traffic is shifted by the driver itself.
func (d *Driver) Start(ctx context.Context, s deploy.Step) error {
	if s.Event.ByService() {
		return d.withTraffic(ctx, s, func(of *deploy.LoadBalancer, t deploy.Target) error {
			return d.cfg.Traffic.start(ctx, s, of, t)
		})
	}
	if d.isNew(s) {
		d.cfg.Wake(s.TargetID)
	}
	return nil
}

// withTraffic finds what a step on traffic is about.
func (d *Driver) withTraffic(ctx context.Context, s deploy.Step, act func(*deploy.LoadBalancer, deploy.Target) error) error {
	if d.cfg.Traffic == nil {
		return platform.Refuse(deploy.LoadBalancerInvalid, "This server speaks to no load balancers.")
	}
	dep, err := d.cfg.Fleet.Deployment(ctx, s.DeploymentID)
	if err != nil {
		return fmt.Errorf("read deployment: %w", err)
	}
	target, err := d.cfg.Fleet.Target(ctx, s.DeploymentID, s.TargetID)
	if err != nil {
		return fmt.Errorf("read target: %w", err)
	}
	if !target.InHand(s) {
		return nil // somebody is late
	}
	return act(dep.LoadBalancer, target)
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

// Observe looks at load balancers; everything else hosts report by themselves.
func (d *Driver) Observe(ctx context.Context, s deploy.Step) (seen platform.Observation, err error) {
	if !s.Event.ByService() {
		return seen, nil
	}
	err = d.withTraffic(ctx, s, func(of *deploy.LoadBalancer, t deploy.Target) error {
		seen, err = d.cfg.Traffic.observe(ctx, s, of, t)
		return err
	})
	return seen, err
}

// Cancel does nothing: a host that takes the step now is told that it has ended.
func (d *Driver) Cancel(context.Context, deploy.Step) error { return nil }

// Forget forgets whom the deployment woke, and whether its replacement took over.
func (d *Driver) Forget(deploymentID string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.woken, deploymentID)
	delete(d.handed, deploymentID)
}
