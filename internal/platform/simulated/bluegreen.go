package simulated

import (
	"context"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// FirstFleet is the Auto Scaling group that the hosts of New are in.
const FirstFleet = "first"

// A fleet is an Auto Scaling group of imagined hosts. Those of a replacement are copies of
// the hosts of New, and as long in coming, and in going, as the slowest one's events take.
type fleet struct {
	hosts []Host
	there time.Time
	going time.Time // zero until it is asked to go
}

// resolveSides names the targets of a blue/green deployment, making the replacement first. A
// rollback has those of the deployment that it undoes.
func (p *Platform) resolveSides(ctx context.Context, d deploy.Deployment, now time.Time) ([]deploy.Target, error) {
	if d.Creator == deploy.ByRollback {
		return p.sidesOf(ctx, d, now)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	green := p.fleets[d.Replacement()]
	if green == nil {
		green = p.provision(d.Replacement(), d.ID, now)
	}
	if left := green.there.Sub(now); left > 0 {
		return nil, &platform.Wait{Again: left, Note: "the replacement is being started"}
	}
	targets := p.side(d, green, deploy.Green, now)
	return append(targets, p.side(d, p.fleets[d.Members.AutoScalingGroups[0]], deploy.Blue, now)...), nil
}

func (p *Platform) provision(name, id string, now time.Time) *fleet {
	f := &fleet{there: now}
	for _, h := range p.order {
		h.Name += "-of-" + id
		f.hosts = append(f.hosts, h)
		p.hosts[h.Name], p.traffic[h.Name] = h, &traffic{faults: h.Faults}
		if there := now.Add(h.Work); there.After(f.there) {
			f.there = there
		}
	}
	p.fleets[name] = f
	return f
}

func (p *Platform) side(d deploy.Deployment, f *fleet, label deploy.Label, now time.Time) (targets []deploy.Target) {
	if f == nil {
		p.violate("%s is to move the traffic of a fleet that is gone", d.ID)
		return nil
	}
	for _, h := range f.hosts {
		t := deploy.NewTarget(d.ID, h.Name, "arn:simulated:"+h.Name, d.Lifecycle(label), now)
		t.Label = label
		targets = append(targets, t)
	}
	return targets
}

func (p *Platform) sidesOf(ctx context.Context, d deploy.Deployment, now time.Time) ([]deploy.Target, error) {
	undone, err := p.store.Targets(ctx, d.RollbackInfo.TriggeringID)
	if err != nil {
		return nil, err
	}
	targets := make([]deploy.Target, 0, len(undone))
	for _, u := range undone {
		t := deploy.NewTarget(d.ID, u.ID, u.ARN, d.Lifecycle(u.Label), now)
		t.Label = u.Label
		targets = append(targets, t)
	}
	return targets, nil
}

// Retire ends a whole fleet, once that is due.
func (p *Platform) Retire(ctx context.Context, d deploy.Deployment, now time.Time) ([]string, error) {
	if !d.Retirement.Due(now) {
		return nil, nil
	}
	if d.Routed() {
		return p.retireRouted(ctx, d)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	name := d.Replacement()
	if d.Retirement.Side == deploy.Blue {
		name = d.Members.AutoScalingGroups[0]
	}
	f := p.fleets[name]
	if f == nil {
		return nil, nil // gone before
	}
	if f.going.IsZero() {
		f.going = now
		for _, h := range f.hosts {
			if p.traffic[h.Name].in {
				p.violate("%s is ended while it has traffic", h.Name)
			}
			if gone := now.Add(h.Work); gone.After(f.going) {
				f.going = gone
			}
		}
	}
	if left := f.going.Sub(now); left > 0 {
		return nil, &platform.Wait{Again: left, Note: name + " is being removed"}
	}
	delete(p.fleets, name)
	return nil, nil
}

// Fleets lists the hosts of every fleet that is there.
func (p *Platform) Fleets() map[string][]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[string][]string{}
	for name, f := range p.fleets {
		for _, h := range f.hosts {
			all[name] = append(all[name], h.Name)
		}
	}
	return all
}

// LeastServing is how few hosts got requests at any time after some host's traffic moved.
func (p *Platform) LeastServing() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.least
}

// countServing notes how many hosts get requests now.
func (p *Platform) countServing() {
	n := 0
	for _, t := range p.traffic {
		if t.in {
			n++
		}
	}
	p.least = min(p.least, n)
}
