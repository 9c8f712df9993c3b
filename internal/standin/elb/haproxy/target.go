package haproxy

import (
	"context"
	"reflect"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/check"
	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// A target is what the engine knows of one; guarded by the engine's mu.
type target struct {
	key    key
	health check.Health
	delay  time.Duration
	stop   context.CancelFunc // ends what looks at it: health checks, or the wait for its end
}

// adopt takes on a desired state and returns the targets that have begun to leave. It needs e.mu.
func (e *Engine) adopt(desired plane.Desired) (leaving []*target) {
	before := map[string]plane.Group{}
	for _, g := range e.desired.Groups {
		before[g.ID] = g
	}
	used := balancersOf(desired.Listeners)
	wanted := map[key]bool{}
	for _, g := range desired.Groups {
		recheck := !reflect.DeepEqual(before[g.ID].Health, g.Health)
		for _, spec := range g.Targets {
			k := key{g.ID, spec}
			wanted[k] = true
			_, inUse := used[g.ID]
			e.attend(k, g, inUse, recheck)
		}
	}
	for k, t := range e.targets {
		if !wanted[k] && t.health.State != plane.Draining {
			t.end()
			t.health.Enter(plane.Draining, plane.DeregistrationInProgress)
			leaving = append(leaving, t)
		}
	}
	e.desired = desired
	return leaving
}

// attend has a target that should be there looked at as its group says.
func (e *Engine) attend(k key, g plane.Group, used, recheck bool) {
	t := e.targets[k]
	if t == nil {
		t = &target{key: k}
		e.targets[k] = t
	}
	t.delay = g.DeregistrationDelay
	if t.health.State == plane.Draining || t.health.State == "" {
		t.end()
		t.health.Enter(plane.Initial, plane.InitialHealthChecking)
	}
	switch {
	case !used:
		t.end()
		t.health.Enter(plane.Unused, plane.NotInUse)
		return
	case g.Health.Disabled:
		t.end()
		t.health.Enter(plane.Healthy, "")
		return
	case t.health.State == plane.Unused:
		t.health.Enter(plane.Initial, plane.InitialHealthChecking)
	}
	if recheck {
		t.end()
	}
	if t.stop == nil {
		ctx := t.begin(e.ctx)
		e.work.Go(func() {
			check.Run(ctx, g.Health, k.target.Address, e.checks, func(r check.Result) { e.judge(ctx, t, g.Health, r) })
		})
	}
}

func (t *target) begin(parent context.Context) context.Context {
	ctx, stop := context.WithCancel(parent)
	t.stop = stop
	return ctx
}

func (t *target) end() {
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
}

// judge takes the result of a check into account, unless the checks have ended meanwhile.
func (e *Engine) judge(ctx context.Context, t *target, c plane.HealthCheck, r check.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ctx.Err() != nil || !t.health.Judge(c, r) {
		return
	}
	e.log.Info("target health", "group", t.key.group, "target", t.key.target.ID, "address", t.key.target.Address,
		"state", t.health.State, "reason", t.health.Reason)
	select {
	case e.dirty <- struct{}{}:
	default:
	}
}

// follow waits until nothing is open on a target that leaves, or its delay is over, and then forgets it. HAProxy has
// no word for the end of a connection, so it is asked.
func (e *Engine) follow(t *target) {
	e.mu.Lock()
	ctx, cut := t.begin(e.ctx), time.Now().Add(t.delay)
	e.mu.Unlock()
	e.work.Go(func() {
		for {
			process := e.running()
			open, err := process.open()
			late := time.Now().After(cut)
			if late {
				process.cut(serverName(t.key))
			}
			if late || err == nil && open[serverName(t.key)] == 0 {
				break
			}
			if pause(ctx, 20*time.Millisecond) != nil {
				return
			}
		}
		e.mu.Lock()
		if ctx.Err() == nil {
			delete(e.targets, t.key)
			t.end()
		}
		e.mu.Unlock()
		e.notify()
	})
}

// Observe implements [plane.Engine].
func (e *Engine) Observe() plane.Observed {
	open, _ := e.running().open() // of none running nothing is open
	e.mu.Lock()
	defer e.mu.Unlock()
	var o plane.Observed
	for k, t := range e.targets {
		o.Targets = append(o.Targets, plane.Status{
			Group: k.group, Target: k.target, State: t.health.State, Reason: t.health.Reason,
			Description: t.health.Description(), Open: open[serverName(k)], Since: t.health.Since,
		})
	}
	return o
}

// balancersOf maps each group that a listener leads to, to the load balancer of that listener.
func balancersOf(listeners []plane.Listener) map[string]string {
	users := map[string]string{}
	for _, l := range listeners {
		for _, a := range actionsOf(l) {
			if a.Forward == nil {
				continue
			}
			for _, w := range a.Forward.Groups {
				users[w.Group] = l.Balancer
			}
		}
	}
	return users
}

func actionsOf(l plane.Listener) []plane.Action {
	actions := []plane.Action{l.Default}
	for _, r := range l.Rules {
		actions = append(actions, r.Action)
	}
	return actions
}
