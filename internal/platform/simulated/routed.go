package simulated

import (
	"context"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// FirstVersion is where the alias of every imagined function points at first, and what the only
// task set of every imagined service runs.
const FirstVersion = "v0"

// An Alias is where the traffic of an imagined function or service goes: to a version, and for
// Weight percent of it to Next.
type Alias struct {
	Version, Next string
	Weight        int
	// Sets are the versions that tasks run of: on ECS only.
	Sets map[string]bool

	changes int // so far
}

// Aliases lists where the traffic of every host goes.
func (p *Platform) Aliases() map[string]Alias {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string]Alias{}
	for name, a := range p.aliases {
		all[name] = *a
	}
	return all
}

func (p *Platform) aliasOf(host string) *Alias {
	a := p.aliases[host]
	if a == nil {
		a = &Alias{Version: FirstVersion, Sets: map[string]bool{FirstVersion: true}}
		p.aliases[host] = a
	}
	return a
}

// share is how much of the traffic has moved, from f's current version to its target.
func (p *Platform) share(host string, f deploy.Function) int {
	switch a := p.aliasOf(host); {
	case a.Version == f.Target && a.Weight == 0:
		return 100
	case a.Version == f.Current && a.Weight == 0:
		return 0
	case a.Version == f.Current && a.Next == f.Target:
		return a.Weight
	default:
		p.violate("the traffic of %s is at %+v, not between %s and %s", host, *a, f.Current, f.Target)
		return 0
	}
}

func (p *Platform) resolveRouted(ctx context.Context, d deploy.Deployment, now time.Time) (targets []deploy.Target, err error) {
	if d.Creator == deploy.ByRollback {
		return p.resolveReversed(ctx, d, now)
	}
	for _, h := range p.order {
		if err := p.nextFault(h.Name).happen(ctx); err != nil {
			return nil, err
		}
		p.mu.Lock()
		a := p.aliasOf(h.Name)
		if a.Weight != 0 {
			p.violate("the traffic of %s was left half way: %+v", h.Name, *a)
		}
		f := deploy.Function{Name: h.Name, Alias: "live", Current: a.Version, Target: d.Revision.S3.Key}
		p.mu.Unlock()
		targets = append(targets, routedTarget(d, h.Name, f, true, now))
	}
	return targets, nil
}

func (p *Platform) resolveReversed(ctx context.Context, d deploy.Deployment, now time.Time) (targets []deploy.Target, err error) {
	undone, err := p.store.Targets(ctx, d.RollbackInfo.TriggeringID)
	for _, u := range undone {
		f := deploy.Function{Name: u.ID, Alias: "live", Current: u.Function.Target, Target: u.Function.Current}
		targets = append(targets, routedTarget(d, u.ID, f, false, now))
	}
	return targets, err
}

func routedTarget(d deploy.Deployment, name string, f deploy.Function, hooked bool, now time.Time) deploy.Target {
	t := deploy.NewTarget(d.ID, name, "arn:simulated:"+name, d.Lifecycle(""), now)
	t.Function = &f
	if hooked {
		t.Hooks = map[deploy.Event]string{deploy.BeforeAllowTraffic: "before", deploy.AfterAllowTraffic: "after"}
	}
	return t
}

// startRouted lets the host's hooks run, moves traffic, or makes tasks.
func (p *Platform) startRouted(ctx context.Context, t deploy.Target, s deploy.Step) (hook bool, err error) {
	p.mu.Lock()
	changes := p.aliasOf(t.ID).changes
	p.mu.Unlock()
	if t, err = p.store.Target(ctx, s.DeploymentID, s.TargetID); err != nil || !t.InHand(s) {
		return false, err // somebody is late
	}
	switch {
	case t.Hooks[s.Event] != "":
		return true, nil
	case s.Event == deploy.AllowTraffic && !t.Shift.Since.IsZero():
		return false, p.move(ctx, t, changes)
	case s.Event == deploy.Install:
		p.mu.Lock()
		defer p.mu.Unlock()
		a := p.aliasOf(t.ID)
		a.Sets[t.Function.Target] = true
		if p.made[s].IsZero() {
			p.made[s] = time.Now().Add(p.hosts[t.ID].Work)
		}
	}
	return false, nil
}

// move moves the traffic, unless somebody else has since it had changed that often.
func (p *Platform) move(ctx context.Context, t deploy.Target, changes int) error {
	fault := p.nextFault(t.ID)
	if fault == "" || fault == Lost {
		p.mu.Lock()
		a, f := p.aliasOf(t.ID), t.Function
		if a.changes != changes {
			p.mu.Unlock()
			return errRefused
		}
		p.share(t.ID, *f)
		a.changes++
		a.Version, a.Next, a.Weight = f.Current, f.Target, t.Shift.Want
		if t.Shift.Want == 0 || t.Shift.Want == 100 {
			a.Next, a.Weight = "", 0
		}
		if t.Shift.Want == 100 {
			a.Version = f.Target
		}
		p.mu.Unlock()
	}
	return fault.happen(ctx)
}

func (p *Platform) observeRouted(ctx context.Context, d deploy.Deployment, t deploy.Target, s deploy.Step) (seen platform.Observation, err error) {
	if t.Hooks[s.Event] != "" || !t.InHand(s) {
		return seen, nil
	}
	if err := p.nextFault(t.ID).happen(ctx); err != nil {
		return seen, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	outcome := deploy.Outcome{Status: deploy.EventSucceeded, Diagnostics: deploy.Diagnostics{Code: deploy.CodeSuccess}}
	if d.Creator != deploy.ByRollback {
		outcome = p.hosts[t.ID].outcome(s.Event, t.Function.Target)
	}
	switch {
	case s.Event == deploy.AllowTraffic && t.Shift.Since.IsZero():
		return seen, nil
	case s.Event == deploy.AllowTraffic:
		share := p.share(t.ID, *t.Function)
		seen.Share = &share
		if share == 100 && t.Shift.Want == 100 {
			seen.Outcome = &outcome
		}
	case s.Event == deploy.Install && time.Now().Before(p.made[s]):
		seen.Again = time.Until(p.made[s])
	default:
		seen.Outcome = &outcome
	}
	return seen, nil
}

// retireRouted removes the tasks of one side, which must have no traffic.
func (p *Platform) retireRouted(ctx context.Context, d deploy.Deployment) ([]string, error) {
	targets, err := p.store.Targets(ctx, d.ID)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range targets {
		version, a := t.Function.Current, p.aliasOf(t.ID)
		if d.Retirement.Side == deploy.Green {
			version = t.Function.Target
		}
		if a.Version == version || a.Next == version && a.Weight > 0 {
			p.violate("the tasks of %s of %s are removed while they have traffic: %+v", version, t.ID, *a)
		}
		delete(a.Sets, version)
	}
	return nil, nil
}
