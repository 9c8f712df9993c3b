package environment

import (
	"context"
	"errors"
	"slices"
	"time"
)

// A pool has the environments of one revision of a function. Everything in it is guarded by
// the Runner's lock.
type pool struct {
	idle      []*environment // the one used last is at the end
	finishing int            // have answered, and are about to ask for more
	waiting   []chan *environment
}

// state is where an environment is in its life.
type state int

const (
	starting state = iota
	busy
	finishing
	idle
	gone
)

// finishTimeout bounds how long a call waits for an environment that has just answered
// another one, which asks for more within a millisecond.
const finishTimeout = 500 * time.Millisecond

var errClosed = errors.New("the functions' environments are closed")

// acquire returns an environment that is ready for a call, and nobody else's.
func (r *Runner) acquire(ctx context.Context, f Function, c Call) (*environment, error) {
	r.mu.Lock()
	p := r.pool(f)
	if e := r.popIdle(p); e != nil {
		r.mu.Unlock()
		return e, nil
	}
	if p.finishing > len(p.waiting) {
		turn := make(chan *environment, 1)
		p.waiting = append(p.waiting, turn)
		r.mu.Unlock()
		if e, err := r.await(ctx, p, turn); e != nil || err != nil {
			return e, err
		}
		r.mu.Lock()
	}
	victim, err := r.reserve()
	r.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if victim != nil {
		victim.end()
	}
	return r.start(ctx, f, c)
}

func (r *Runner) pool(f Function) *pool {
	p := r.pools[f.key()]
	if p == nil {
		p = &pool{}
		r.pools[f.key()] = p
	}
	return p
}

// popIdle takes the environment that was used last: the others may then rest until they are
// reaped. One whose credentials are about to expire is let go.
func (r *Runner) popIdle(p *pool) *environment {
	for n := len(p.idle); n > 0; n = len(p.idle) {
		e := p.idle[n-1]
		p.idle = p.idle[:n-1]
		if time.Until(e.expires) > e.function.Timeout {
			e.state = busy
			return e
		}
		e.state = gone
		go e.end()
	}
	return nil
}

// await waits for its turn at an environment that is finishing. It returns nil where there is
// none to be had.
func (r *Runner) await(ctx context.Context, p *pool, turn chan *environment) (*environment, error) {
	late := time.NewTimer(finishTimeout)
	defer late.Stop()
	var err error
	select {
	case e := <-turn:
		return e, nil
	case <-late.C:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.Index(p.waiting, turn); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
		return nil, err
	}
	e := <-turn // it came in the meantime
	if e != nil && err != nil {
		r.rest(e)
		e = nil
	}
	return e, err
}

// reserve makes room for a new environment, at the cost of the one that has been without work
// for longest, if need be.
func (r *Runner) reserve() (victim *environment, err error) {
	if r.closed {
		return nil, errClosed
	}
	if r.count < r.cfg.Max {
		r.count++
		return nil, nil
	}
	for e := range r.live {
		if (e.state == idle || e.state == finishing) && (victim == nil || e.since.Before(victim.since)) {
			victim = e
		}
	}
	if victim == nil {
		return nil, ErrBusy
	}
	r.unrest(victim)
	r.count++ // its own place is given back when it has ended
	return victim, nil
}

// ready is told that an environment asks for work.
func (r *Runner) ready(e *environment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e.state {
	case starting:
		e.state = busy // for whoever has started it
		close(e.started)
	case busy:
		e.asks = true // it was quicker than who takes its answer
	case finishing:
		r.pool(e.function).finishing--
		r.rest(e)
	}
}

// rest gives an environment to the next who waits for one, or keeps it.
func (r *Runner) rest(e *environment) {
	p := r.pool(e.function)
	switch {
	case e.retired:
		e.state = gone
		go e.end()
		p.wake()
	case len(p.waiting) > 0:
		e.state = busy
		p.waiting[0] <- e
		p.waiting = p.waiting[1:]
	default:
		e.state, e.since = idle, time.Now()
		p.idle = append(p.idle, e)
	}
}

// wake sends away who waits for more environments than are finishing.
func (p *pool) wake() {
	for n := len(p.waiting); n > p.finishing; n = len(p.waiting) {
		p.waiting[n-1] <- nil
		p.waiting = p.waiting[:n-1]
	}
}

// unrest takes an environment that is idle or finishing out of its pool, for good.
func (r *Runner) unrest(e *environment) {
	p := r.pool(e.function)
	switch e.state {
	case idle:
		p.idle = slices.DeleteFunc(p.idle, func(other *environment) bool { return other == e })
	case finishing:
		p.finishing--
		p.wake()
	}
	e.state = gone
}

// answered is told that a call is over and its environment about to ask for more.
func (r *Runner) answered(e *environment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case e.state != busy: // it has ended
	case e.asks:
		e.asks = false
		r.rest(e)
	default:
		e.state, e.since = finishing, time.Now()
		r.pool(e.function).finishing++
	}
}

// lost is told that an environment has ended.
func (r *Runner) lost(e *environment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count--
	delete(r.live, e)
	p := r.pool(e.function)
	r.unrest(e)
	if len(p.idle)+p.finishing+len(p.waiting) == 0 && !r.hasLive(e.function) {
		delete(r.pools, e.function.key())
	}
}

func (r *Runner) hasLive(f Function) bool {
	for e := range r.live {
		if e.function.key() == f.key() {
			return true
		}
	}
	return false
}

// reap ends what has been idle since before then.
func (r *Runner) reap(then time.Time) {
	for _, e := range r.take(func(e *environment) bool { return e.since.Before(then) }) {
		e.end()
	}
}

// Retire ends the environments of a version, except those of the revision: the idle ones now,
// others when they have answered. A revision of "" retires all.
func (r *Runner) Retire(arn, revision string) {
	for _, e := range r.take(func(e *environment) bool {
		e.retired = e.retired || e.function.ARN == arn && e.function.Revision != revision
		return e.retired
	}) {
		go e.end()
	}
}

// take takes the idle environments that are chosen out of the pools. All are asked about.
func (r *Runner) take(chosen func(*environment) bool) []*environment {
	r.mu.Lock()
	defer r.mu.Unlock()
	var taken []*environment
	for e := range r.live {
		if chosen(e) && e.state == idle {
			r.unrest(e)
			taken = append(taken, e)
		}
	}
	return taken
}
