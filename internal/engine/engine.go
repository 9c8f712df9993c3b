// Package engine remembers and acts. It finds deployments that are due, asks rollout what
// should happen, stores that, and lets the platform's driver do it:
//
//	snapshot := load(id)               // what is stored
//	plan     := rollout.Next(…, now)   // decide: pure
//	commit(plan)                       // remember: refused when someone else moved
//	for each step: driver.Start        // act: idempotent, keyed by step
//
// There is one loop and a bounded number of passes at a time; no goroutine belongs to a
// deployment. A deployment is leased to one engine, but nothing depends on that for
// correctness: a commit that was computed from something old is refused.
package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/rollout"
	"github.com/slipway/slipway/internal/store"
)

const (
	// leaseFor is how long a deployment belongs to the engine that last advanced it.
	leaseFor = 30 * time.Second
	// restateEvery is the longest time without a pass over an unfinished deployment. It
	// renews the lease, and starts steps again whose start was lost in a crash.
	restateEvery = 20 * time.Second
	// scanEvery is the longest time without a look for deployments that are due.
	scanEvery = 10 * time.Second
	// scanPause is the shortest time between two such looks.
	scanPause = 50 * time.Millisecond
	// fruitlessPause takes its place after a look that found only what is at work or backing
	// off already: that stays due, and looking does not help it.
	fruitlessPause = time.Second
	// scanLimit is how many deployments one look takes.
	scanLimit = 64
)

// Store is what the engine needs of a store.
type Store interface {
	store.Engine
	UpdateTarget(ctx context.Context, deploymentID, targetID string, change func(*deploy.Target) error) error
	UpdateDeployment(ctx context.Context, id string, change func(*deploy.Deployment) error) error
}

// Config is what an Engine is made of. Store, Drivers and Owner are needed.
type Config struct {
	Store   Store
	Drivers map[deploy.Platform]platform.Driver
	// Alarms reads the alarms of deployments that have some; nil for an installation that
	// refuses such deployments.
	Alarms Alarms
	// Owner names this engine in leases. One that starts again under its old name goes on
	// with its deployments at once.
	Owner string
	// Told is called when there is something in the store's outbox. Nil does nothing.
	Told func()
	// Passes is how many deployments are advanced at a time; 4 when zero.
	Passes int
	Now    func() time.Time // time.Now when nil
	Log    *slog.Logger     // silent when nil
}

// An Engine advances deployments while it runs.
type Engine struct {
	cfg    Config
	signal chan struct{} // somebody woke a deployment

	mu   sync.Mutex
	work map[string]*work
}

// work is what the engine holds in mind of a deployment. All of it may be lost.
type work struct {
	leased   time.Time // held until then
	woken    bool
	running  bool
	failures int       // passes in a row that ended in an error
	notUntil time.Time // backing off
	troubles map[deploy.Step]*trouble
	alarms   rollout.AlarmReading
	stale    bool        // some alarm changed since
	again    *time.Timer // wakes it at next, to observe a step; nil if never needed
	next     time.Time
}

// New returns an Engine that does nothing until Run.
func New(cfg Config) *Engine {
	if cfg.Passes == 0 {
		cfg.Passes = 4
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return time.Now().UTC() }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Told == nil {
		cfg.Told = func() {}
	}
	return &Engine{cfg: cfg, signal: make(chan struct{}, 1), work: map[string]*work{}}
}

// Wake asks for a pass over the deployment soon. It never blocks, and losing it does no
// harm: what makes a deployment due is in the store.
func (e *Engine) Wake(id string) {
	e.mu.Lock()
	e.of(id).woken = true
	e.mu.Unlock()
	e.nudge()
}

// wakeIn wakes the deployment in a while. However often it is called, the deployment is
// woken once, at the earliest of the times.
func (e *Engine) wakeIn(id string, d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w, now := e.of(id), e.cfg.Now()
	if at := now.Add(d); !w.next.After(now) || at.Before(w.next) {
		if w.again != nil {
			w.again.Stop()
		}
		w.next, w.again = at, time.AfterFunc(d, func() { e.Wake(id) })
	}
}

func (e *Engine) nudge() {
	select {
	case e.signal <- struct{}{}:
	default:
	}
}

func (e *Engine) of(id string) *work {
	w := e.work[id]
	if w == nil {
		w = &work{}
		e.work[id] = w
	}
	return w
}

// Run advances deployments until ctx ends; passes under way come to their end first.
func (e *Engine) Run(ctx context.Context) error {
	passes := semaphore.NewWeighted(int64(e.cfg.Passes))
	defer func() { _ = passes.Acquire(context.Background(), int64(e.cfg.Passes)) }()
	if err := e.cfg.Store.Reclaim(ctx, e.cfg.Owner); err != nil {
		if ctx.Err() != nil {
			return nil // gone before it began, which is no fault
		}
		return fmt.Errorf("reclaim the deployments of %s: %w", e.cfg.Owner, err)
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	var last look
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-e.signal:
		case <-timer.C:
		}
		ready, strangers := e.ready()
		now := e.cfg.Now()
		if now.Sub(last.at) >= scanPause && (strangers || !now.Before(e.nextScan(ctx, last))) {
			var found []string
			found, last = e.scan(ctx, now)
			ready = append(ready, found...)
		}
		for _, id := range ready {
			e.dispatch(ctx, id, passes)
		}
		timer.Reset(e.pause(ctx, last))
	}
}

// ready lists the woken deployments that this engine holds, and says whether there are
// woken ones that it does not hold.
func (e *Engine) ready() (ids []string, strangers bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.cfg.Now()
	for id, w := range e.work {
		switch {
		case !w.woken || w.running || now.Before(w.notUntil):
		case now.Before(w.leased):
			ids = append(ids, id)
		default:
			strangers = true
		}
	}
	return ids, strangers
}

// A look is the last time that the engine asked the store for what is due.
type look struct {
	at        time.Time
	fruitless bool // it failed, or all that it found was at work or backing off
}

// scan leases what is due.
func (e *Engine) scan(ctx context.Context, now time.Time) (ready []string, this look) {
	ids, err := e.cfg.Store.Claim(ctx, e.cfg.Owner, now, now.Add(leaseFor), scanLimit)
	if err != nil && ctx.Err() == nil {
		e.cfg.Log.Error("look for deployments that are due", "error", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range ids {
		w := e.of(id)
		w.leased = now.Add(leaseFor)
		if !w.running && !now.Before(w.notUntil) {
			ready = append(ready, id)
		}
	}
	e.forget(now)
	return ready, look{now, len(ready) == 0 && (len(ids) > 0 || err != nil)}
}

// forget drops what is neither held nor at work, so that memory does not grow with history.
func (e *Engine) forget(now time.Time) {
	for id, w := range e.work {
		if !w.running && !now.Before(w.leased) && !now.Before(w.notUntil) {
			delete(e.work, id)
		}
	}
}

// nextScan is when something is due, but not later than scanEvery after the last look.
func (e *Engine) nextScan(ctx context.Context, last look) time.Time {
	latest := last.at.Add(scanEvery)
	due, err := e.cfg.Store.NextDue(ctx, e.cfg.Owner)
	if err != nil || due.IsZero() || due.After(latest) {
		return latest
	}
	if earliest := last.at.Add(fruitlessPause); last.fruitless && due.Before(earliest) {
		return earliest
	}
	return due
}

// pause is how long there is nothing to do: until the next look, or until a deployment that
// backs off may be tried again.
func (e *Engine) pause(ctx context.Context, last look) time.Duration {
	now := e.cfg.Now()
	next := e.nextScan(ctx, last)
	retry, strangers := e.waiting(now)
	if strangers {
		next = now
	}
	if earliest := last.at.Add(scanPause); next.Before(earliest) {
		next = earliest
	}
	if !retry.IsZero() && retry.Before(next) {
		next = retry
	}
	return max(next.Sub(now), time.Millisecond)
}

// waiting says when the first of the woken deployments that back off may be tried again
// (zero: there is none), and whether there are woken ones that this engine does not hold.
func (e *Engine) waiting(now time.Time) (retry time.Time, strangers bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, w := range e.work {
		switch {
		case !w.woken || w.running:
		case now.Before(w.notUntil):
			if retry.IsZero() || w.notUntil.Before(retry) {
				retry = w.notUntil
			}
		case !now.Before(w.leased):
			strangers = true
		}
	}
	return retry, strangers
}

// keep notes that the deployment is leased until then, also if the pass fails later on.
func (e *Engine) keep(id string, until time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.of(id).leased = until
}

// dispatch runs passes over one deployment in the background until it rests.
func (e *Engine) dispatch(ctx context.Context, id string, passes *semaphore.Weighted) {
	if passes.Acquire(ctx, 1) != nil {
		return
	}
	e.mu.Lock()
	w := e.of(id)
	if w.running { // a look at the store found it while somebody woke it
		w.woken = true
		e.mu.Unlock()
		passes.Release(1)
		return
	}
	w.running, w.woken = true, false
	e.mu.Unlock()
	go func() {
		defer passes.Release(1)
		// A pass that has begun is finished, also when the engine is leaving: it is short.
		again := e.pass(context.WithoutCancel(ctx), id)
		e.mu.Lock()
		w.running = false
		w.woken = w.woken || again
		woken := w.woken
		e.mu.Unlock()
		if woken {
			e.nudge()
		}
	}()
}

// pass advances a deployment once and says whether to do so again at once.
func (e *Engine) pass(ctx context.Context, id string) (again bool) {
	ctx, cancel := context.WithTimeout(ctx, leaseFor)
	defer cancel()
	again, err := e.Advance(ctx, id)
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.of(id)
	if err == nil {
		w.failures = 0
		w.leased = e.cfg.Now().Add(leaseFor)
		return again
	}
	w.failures++
	w.notUntil = e.cfg.Now().Add(backoff(w.failures))
	e.cfg.Log.Error("advance deployment", "deployment", id, "failures", w.failures, "error", err)
	return true
}
