// Package haproxy is a data plane of the load balancers that drives HAProxy (2.6 or later), for those who run it
// already. It keeps the contract of package plane.
//
//	desired ──► config.go ── the text differs ──► process.go: write, check, reload
//	                │ only servers differ
//	                └──────────────────────────► runtime.go: add, weigh, ready, maint over the master's socket
//
// Every forward action is one backend, whose servers are the targets of all its groups; HAProxy's round robin over
// server weights is exact, so the weights of groups become weights of servers. Health is looked at by package check,
// as for the built-in engine, and given to HAProxy as the state of its servers. A reload leaves the old worker running until its
// connections have ended, so what is open on a target is asked of all workers. Every request's log line comes
// to log.go, which counts the metrics.
//
// Two things differ from the built-in engine. A client that sticks to a group sticks to one target of it. And
// the share of a group without targets goes to the other groups of its action, where the built-in engine answers 503.
package haproxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// Config is what an Engine needs.
type Config struct {
	Dir     string       // where it keeps its configuration, certificates and sockets; made if missing
	Program string       // empty: haproxy in PATH
	Log     *slog.Logger // nil: no log
	Checks  int          // health checks at the same time; 0 is 64
}

// An Engine runs one HAProxy.
type Engine struct {
	dir     string
	program string
	log     *slog.Logger
	checks  chan struct{}
	ctx     context.Context
	cancel  context.CancelFunc
	work    sync.WaitGroup
	meter   *meter

	applying sync.Mutex // serializes Apply, the followers of health, and Close

	mu      sync.Mutex // of what follows
	closed  bool
	desired plane.Desired
	targets map[key]*target
	change  chan struct{}

	// Under applying.
	process *process
	text    string             // the configuration in force, without servers that come and go
	servers map[string]servers // what the worker has, by backend
	dirty   chan struct{}      // something about health has changed
}

var _ plane.Engine = (*Engine)(nil)

// key names a target of a group.
type key struct {
	group  string
	target plane.Target
}

// New returns an engine that does nothing until Apply. It fails where there is no HAProxy.
func New(c Config) (*Engine, error) {
	if c.Program == "" {
		c.Program = "haproxy"
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Checks == 0 {
		c.Checks = 64
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory of HAProxy: %w", err)
	}
	meter, err := newMeter(filepath.Join(c.Dir, "log.sock"))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	e := &Engine{
		dir: c.Dir, program: c.Program, log: c.Log, checks: make(chan struct{}, c.Checks), ctx: ctx, cancel: cancel, meter: meter,
		targets: map[key]*target{}, change: make(chan struct{}), servers: map[string]servers{}, dirty: make(chan struct{}, 1),
	}
	if err := e.endPredecessor(); err != nil {
		cancel()
		return nil, err
	}
	return e, nil
}

// Apply implements [plane.Engine].
func (e *Engine) Apply(ctx context.Context, desired plane.Desired) error {
	if err := desired.Validate(); err != nil {
		return err
	}
	e.applying.Lock()
	defer e.applying.Unlock()
	if err := e.begin(); err != nil {
		return err
	}
	busy := e.leaveOutBusy(&desired)
	e.mu.Lock()
	leaving := e.adopt(desired)
	e.mu.Unlock()
	err := e.reconcile(ctx)
	// Only now, when the worker sends nothing to them any more.
	for _, t := range leaving {
		e.follow(t)
	}
	e.notify()
	return errors.Join(err, busy)
}

// begin starts what runs beside HAProxy, at the first Apply.
func (e *Engine) begin() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return errors.New("the load balancer's data plane is closed")
	}
	if e.meter.begun {
		return nil
	}
	e.meter.begun = true
	e.work.Go(e.meter.run)
	e.work.Go(e.followHealth)
	return nil
}

// leaveOutBusy removes listeners from the state whose address somebody else has, for HAProxy would then refuse all.
func (e *Engine) leaveOutBusy(desired *plane.Desired) error {
	mine := map[string]bool{}
	e.mu.Lock()
	for _, l := range e.desired.Listeners {
		mine[l.Address] = e.process.running()
	}
	e.mu.Unlock()
	var free []plane.Listener
	var errs []error
	for _, l := range desired.Listeners {
		if !mine[l.Address] {
			socket, err := net.Listen("tcp", l.Address)
			if err != nil {
				errs = append(errs, fmt.Errorf("open listener %s: %w", l.ID, err))
				continue
			}
			_ = socket.Close()
		}
		free = append(free, l)
	}
	desired.Listeners = free
	return errors.Join(errs...)
}

// reconcile makes HAProxy as is desired and healthy now.
func (e *Engine) reconcile(ctx context.Context) error {
	e.mu.Lock()
	plan := e.plan()
	e.mu.Unlock()
	if plan.text != e.text || !e.process.running() {
		return e.reload(ctx, plan)
	}
	return e.adjust(plan)
}

// followHealth gives HAProxy what changes in the targets' health.
func (e *Engine) followHealth() {
	for {
		select {
		case <-e.ctx.Done():
			return
		case <-e.dirty:
		}
		e.applying.Lock()
		if e.ctx.Err() == nil {
			if err := e.reconcile(e.ctx); err != nil {
				e.log.Error("give health to HAProxy", "error", err)
			}
		}
		e.applying.Unlock()
		e.notify()
	}
}

// Changed implements [plane.Engine].
func (e *Engine) Changed() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.change
}

func (e *Engine) notify() {
	e.mu.Lock()
	defer e.mu.Unlock()
	close(e.change)
	e.change = make(chan struct{})
}

// Close implements [plane.Engine].
func (e *Engine) Close(ctx context.Context) error {
	e.applying.Lock()
	defer e.applying.Unlock()
	e.mu.Lock()
	closed := e.closed
	e.closed = true
	e.mu.Unlock()
	if closed {
		return nil
	}
	err := e.process.stop(ctx)
	e.cancel()
	err = errors.Join(err, e.meter.close())
	// Whoever waits for applying finds the engine at its end.
	e.applying.Unlock()
	e.work.Wait()
	e.applying.Lock()
	return err
}

// pause waits a little, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
