// Package forward is the built-in data plane of the load balancers: it accepts connections, sends each
// request or connection to a target by weight, health and stickiness, and lets targets go without losing
// what is open on them. It keeps the contract of package plane on net/http.
//
//	listener ── rules ──► forward action ── weights ──► group ── health ──► target
//	listener.go rule.go   share.go                      group.go check.go   target.go
//
// A request's way is exchange.go, and from there over a kept connection of link.go or, where it is long or
// switches protocols, over an [http.Transport]. What counts on that way is read without a lock or under one that is held for
// nanoseconds: the listener's routes and the group's pool are immutable and replaced whole; a target counts what is open
// on it, and refuses more once it drains. So nothing new can reach a target after it was seen idle: whoever is
// refused looks at the new pool, or at the new routes.
package forward

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// lingering is how long the connections of a removed listener may go on.
const lingering = 30 * time.Second

// Config is what an Engine needs. The zero value works.
type Config struct {
	Log    *slog.Logger // nil: no log
	Checks int          // health checks at the same time; 0 is 64
}

// An Engine forwards traffic inside this process.
type Engine struct {
	log     *slog.Logger
	checks  chan struct{} // one for each health check under way
	ctx     context.Context
	cancel  context.CancelFunc
	work    sync.WaitGroup // every goroutine of the engine
	retired inflight       // listeners that linger
	buffers *buffers

	mu        sync.Mutex // serializes Apply and Close
	closed    bool
	listeners map[string]*listener
	balancers map[string]*counters

	groupsMu sync.RWMutex
	groups   map[string]*group // also those that are gone but still drain

	changeMu sync.Mutex
	change   chan struct{}
}

var _ plane.Engine = (*Engine)(nil)

// New returns an engine that does nothing until Apply.
func New(c Config) *Engine {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Checks == 0 {
		c.Checks = 64
	}
	ctx, cancel := context.WithCancel(context.Background())
	return &Engine{
		log: c.Log, checks: make(chan struct{}, c.Checks), ctx: ctx, cancel: cancel,
		listeners: map[string]*listener{}, balancers: map[string]*counters{}, groups: map[string]*group{},
		change: make(chan struct{}), buffers: newBuffers(),
	}
}

// Apply implements [plane.Engine].
func (e *Engine) Apply(ctx context.Context, desired plane.Desired) error {
	if err := desired.Validate(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errors.New("the load balancer's data plane is closed")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	kept, gone := e.applyGroups(desired)
	err := e.applyListeners(desired.Listeners)
	// Only now, when no rule leads to what goes: a group may lose its last target together with its weight.
	for _, g := range kept {
		g.prune()
	}
	for _, g := range gone {
		g.retire()
	}
	e.notify()
	return err
}

// applyGroups makes the groups as desired, with more targets than that for now, and returns them and those that
// are not desired.
func (e *Engine) applyGroups(desired plane.Desired) (kept, gone []*group) {
	users := balancersOf(desired.Listeners)
	wanted := map[string]bool{}
	for _, spec := range desired.Groups {
		wanted[spec.ID] = true
		g := e.want(spec.ID)
		balancer, used := users[spec.ID]
		g.apply(spec, balancer, used)
		kept = append(kept, g)
	}
	e.groupsMu.Lock()
	defer e.groupsMu.Unlock()
	for id, g := range e.groups {
		if !wanted[id] {
			g.wanted = false
			gone = append(gone, g)
		}
	}
	return kept, gone
}

// want returns the group of that id: a new one, or the one there is, even if it is gone and still drains.
func (e *Engine) want(id string) *group {
	e.groupsMu.Lock()
	defer e.groupsMu.Unlock()
	if e.groups[id] == nil {
		e.groups[id] = newGroup(e, id)
	}
	e.groups[id].wanted = true
	return e.groups[id]
}

// balancersOf maps each group that a listener leads to, to the load balancer of that listener.
func balancersOf(listeners []plane.Listener) map[string]string {
	users := map[string]string{}
	use := func(l plane.Listener, a plane.Action) {
		if a.Forward != nil {
			for _, w := range a.Forward.Groups {
				users[w.Group] = l.Balancer
			}
		}
	}
	for _, l := range listeners {
		use(l, l.Default)
		for _, r := range l.Rules {
			use(l, r.Action)
		}
	}
	return users
}

// applyListeners makes the listeners as desired. Those that go are closed first, for others may want their address.
func (e *Engine) applyListeners(specs []plane.Listener) error {
	wanted := map[string]plane.Listener{}
	for _, spec := range specs {
		wanted[spec.ID] = spec
	}
	for id, l := range e.listeners {
		if spec, keep := wanted[id]; !keep || !l.canBecome(spec) {
			delete(e.listeners, id)
			l.retire()
		}
	}
	used := map[string]bool{}
	var errs []error
	for _, spec := range specs {
		used[spec.Balancer] = true
		if l := e.listeners[spec.ID]; l != nil {
			errs = append(errs, l.apply(spec))
			continue
		}
		l, err := e.listen(spec)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		e.listeners[spec.ID] = l
	}
	for name := range e.balancers {
		if !used[name] {
			delete(e.balancers, name)
		}
	}
	return errors.Join(errs...)
}

// counted returns a load balancer's counters. It needs e.mu.
func (e *Engine) counted(balancer string) *counters {
	c := e.balancers[balancer]
	if c == nil {
		c = &counters{}
		e.balancers[balancer] = c
	}
	return c
}

func (e *Engine) group(id string) *group {
	e.groupsMu.RLock()
	defer e.groupsMu.RUnlock()
	return e.groups[id]
}

func (e *Engine) eachGroup(do func(*group)) {
	e.groupsMu.RLock()
	defer e.groupsMu.RUnlock()
	for _, g := range e.groups {
		do(g)
	}
}

// forget drops a group that is gone, once nothing of it drains.
func (e *Engine) forget(g *group) {
	e.groupsMu.Lock()
	defer e.groupsMu.Unlock()
	if !g.wanted && g.empty() {
		delete(e.groups, g.id)
	}
}

// Observe implements [plane.Engine].
func (e *Engine) Observe() plane.Observed {
	var o plane.Observed
	e.eachGroup(func(g *group) { o.Targets = append(o.Targets, g.observe()...) })
	return o
}

// Changed implements [plane.Engine].
func (e *Engine) Changed() <-chan struct{} {
	e.changeMu.Lock()
	defer e.changeMu.Unlock()
	return e.change
}

func (e *Engine) notify() {
	e.changeMu.Lock()
	defer e.changeMu.Unlock()
	close(e.change)
	e.change = make(chan struct{})
}

// Collect implements [plane.Engine].
func (e *Engine) Collect() []plane.Sample {
	e.mu.Lock()
	defer e.mu.Unlock()
	var samples []plane.Sample
	for name, c := range e.balancers {
		s := c.collect()
		s.Balancer = name
		samples = append(samples, s)
	}
	e.eachGroup(func(g *group) {
		if s, used := g.collect(); used {
			samples = append(samples, s)
		}
	})
	return samples
}

// Close implements [plane.Engine].
func (e *Engine) Close(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	var closing sync.WaitGroup
	closing.Go(func() {
		select {
		case <-e.retired.ended():
		case <-ctx.Done():
		}
	})
	for _, l := range e.listeners {
		closing.Go(func() { l.close(ctx) })
	}
	closing.Wait()
	e.cancel()
	e.eachGroup(func(g *group) { g.cut() })
	e.work.Wait()
	return nil
}
