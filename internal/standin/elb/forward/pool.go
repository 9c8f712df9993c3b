package forward

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// A pool is the targets that get traffic now. It is never changed, only replaced.
type pool struct {
	spec    plane.Group
	targets []*target
	since   []time.Time // when each became healthy; only looked at in a slow start
	next    atomic.Uint64
	mu      sync.Mutex // of slow start
}

// pick chooses a target that is not among those that were tried, or nil.
func (p *pool) pick(tried []*target) *target {
	n := uint64(len(p.targets))
	if n == 0 {
		return nil
	}
	start := p.next.Add(1)
	if p.spec.SlowStart > 0 && len(tried) == 0 {
		if t := p.ramp(start); t != nil {
			return t
		}
	}
	var best *target
	for i := range n {
		t := p.targets[(start+i)%n]
		if slices.Contains(tried, t) {
			continue
		}
		if p.spec.Algorithm != plane.LeastOutstanding {
			return t
		}
		if best == nil || t.open.Load() < best.open.Load() {
			best = t
		}
	}
	return best
}

// ramp goes around the targets and takes the first that has saved up a whole turn. In each turn a target
// earns the share of the slow start that is behind it, so one at 30 % is taken in three turns of ten.
func (p *pool) ramp(start uint64) *target {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := uint64(len(p.targets))
	for i := range n {
		at := (start + i) % n
		t := p.targets[at]
		t.credit += min(1, float64(time.Since(p.since[at]))/float64(p.spec.SlowStart))
		if t.credit >= 1 {
			t.credit = min(t.credit-1, 1)
			p.next.Store(start + i)
			return t
		}
	}
	return nil
}

// find returns the target that a sticky client had.
func (p *pool) find(stamp string) *target {
	for _, t := range p.targets {
		if stampOf(t.ID, t.Address) == stamp {
			return t
		}
	}
	return nil
}

func compareTargets(a, b plane.Target) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Address, b.Address))
}
