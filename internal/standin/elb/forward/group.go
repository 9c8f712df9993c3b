package forward

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/slipway/slipway/internal/standin/elb/check"
	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// A group is a target group with the state of its targets.
type group struct {
	id       string
	wanted   bool // guarded by the engine's groupsMu
	engine   *Engine
	counters counters
	pool     atomic.Pointer[pool]

	mu       sync.Mutex
	spec     plane.Group
	used     bool   // a listener leads to it
	balancer string // of that listener
	targets  map[plane.Target]*target
	leaving  map[plane.Target]*target // those that drain
}

func newGroup(e *Engine, id string) *group {
	g := &group{id: id, engine: e, targets: map[plane.Target]*target{}, leaving: map[plane.Target]*target{}}
	g.pool.Store(&pool{})
	return g
}

// apply makes the group as desired, but for the targets that should go: that is prune.
func (g *group) apply(spec plane.Group, balancer string, used bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	recheck := !reflect.DeepEqual(g.spec.Health, spec.Health)
	g.spec, g.balancer, g.used = spec, balancer, used
	for _, ts := range spec.Targets {
		if g.targets[ts] == nil {
			g.targets[ts] = g.admit(ts)
		}
	}
	for _, t := range g.targets {
		t.tune(spec)
		g.attend(t, recheck)
	}
	g.refill()
}

// prune lets the targets go that the group should not have.
func (g *group) prune() {
	g.mu.Lock()
	defer g.mu.Unlock()
	var removed []*target
	for ts, t := range g.targets {
		if !slices.Contains(g.spec.Targets, ts) {
			removed = append(removed, t)
			g.dismiss(t)
		}
	}
	g.refill()
	for _, t := range removed { // after refill: whoever is refused finds a pool without the target
		t.drain(g.spec.DeregistrationDelay)
	}
}

// admit returns a target that is new, or back before it had drained.
func (g *group) admit(spec plane.Target) *target {
	t := g.leaving[spec]
	if t == nil {
		t = newTarget(g, spec)
	} else {
		delete(g.leaving, spec)
		t.revive()
	}
	t.health.Enter(plane.Initial, plane.InitialHealthChecking)
	return t
}

// dismiss moves a target to those that leave.
func (g *group) dismiss(t *target) {
	delete(g.targets, t.Target)
	g.leaving[t.Target] = t
	g.unwatch(t)
	t.health.Enter(plane.Draining, plane.DeregistrationInProgress)
}

// attend starts or ends a target's health checks, as the group is used or not.
func (g *group) attend(t *target, recheck bool) {
	switch {
	case !g.used:
		g.unwatch(t)
		t.health.Enter(plane.Unused, plane.NotInUse)
	case g.spec.Health.Disabled:
		g.unwatch(t)
		t.health.Enter(plane.Healthy, "")
	default:
		if t.health.State == plane.Unused {
			t.health.Enter(plane.Initial, plane.InitialHealthChecking)
		}
		if recheck {
			g.unwatch(t)
		}
		if t.stop == nil {
			g.watch(t)
		}
	}
}

func (g *group) watch(t *target) {
	ctx, stop := context.WithCancel(g.engine.ctx)
	t.stop = stop
	spec := g.spec.Health
	g.engine.work.Go(func() {
		check.Run(ctx, spec, t.Address, g.engine.checks, func(r check.Result) { g.judge(ctx, t, r) })
	})
}

func (g *group) unwatch(t *target) {
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
}

// judge takes the result of a health check into account, unless the checks have ended meanwhile.
func (g *group) judge(ctx context.Context, t *target, r check.Result) {
	g.mu.Lock()
	changed := false
	if ctx.Err() == nil {
		before := t.health.State
		if changed = t.health.Judge(g.spec.Health, r); changed {
			g.engine.log.Info("target health", "group", g.id, "target", t.ID, "address", t.Address,
				"from", before, "to", t.health.State, "reason", t.health.Reason)
			g.refill()
		}
	}
	g.mu.Unlock()
	if changed {
		g.engine.notify()
	}
}

// refill replaces the pool by one of the targets that should get traffic now: the healthy ones, or if there
// are none, all.
func (g *group) refill() {
	all := slices.SortedFunc(maps.Values(g.targets), func(a, b *target) int { return compareTargets(a.Target, b.Target) })
	p := &pool{spec: g.spec}
	for _, t := range all {
		if t.health.State == plane.Healthy {
			p.targets = append(p.targets, t)
			p.since = append(p.since, t.health.Since)
		}
	}
	if len(p.targets) == 0 {
		p.targets, p.spec.SlowStart = all, 0
	}
	p.next.Store(g.pool.Load().next.Load())
	g.pool.Store(p)
}

// retire lets every target go; when the last one has drained the group is forgotten.
func (g *group) retire() {
	g.mu.Lock()
	spec := g.spec
	g.mu.Unlock()
	spec.Targets = nil
	g.apply(spec, "", false)
	g.prune()
	g.engine.forget(g)
}

// release is called when a target has drained; it does nothing if the target has come back meanwhile.
func (g *group) release(t *target, revived chan struct{}) {
	g.mu.Lock()
	select {
	case <-revived:
		g.mu.Unlock()
		return
	default:
	}
	delete(g.leaving, t.Target)
	gone := !g.used && len(g.spec.Targets) == 0
	g.mu.Unlock()
	t.cut()
	if gone {
		g.engine.forget(g)
	}
	g.engine.notify()
}

func (g *group) empty() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.targets) == 0 && len(g.leaving) == 0
}

func (g *group) observe() []plane.Status {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []plane.Status
	for _, set := range []map[plane.Target]*target{g.targets, g.leaving} {
		for _, t := range set {
			all = append(all, plane.Status{
				Group: g.id, Target: t.Target, State: t.health.State, Reason: t.health.Reason,
				Description: t.health.Description(), Open: int(t.open.Load()), Since: t.health.Since,
			})
		}
	}
	return all
}

func (g *group) collect() (sample plane.Sample, used bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.used {
		return sample, false
	}
	sample = g.counters.collect()
	sample.Balancer, sample.Group = g.balancer, g.id
	for _, t := range g.targets {
		switch t.health.State {
		case plane.Healthy:
			sample.HealthyHosts++
		case plane.Unhealthy:
			sample.UnhealthyHosts++
		}
	}
	return sample, true
}

// cut closes every connection to the group's targets.
func (g *group) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, set := range []map[plane.Target]*target{g.targets, g.leaving} {
		for _, t := range set {
			t.cut()
		}
	}
}
