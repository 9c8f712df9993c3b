package lambda

import (
	"context"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/standin/lambda/environment"
)

// Metrics takes what was counted: of several values of one moment how many there are, their sum,
// the least and the greatest.
type Metrics interface {
	PutStatistics(namespace, name string, dimensions map[string]string, count, sum, least, greatest float64)
}

const (
	namespace    = "AWS/Lambda"
	measureEvery = time.Second
)

// counts is what happened since it was last told to CloudWatch.
type counts struct {
	mu  sync.Mutex
	all map[place]*tally
}

// A place is what is counted apart: a version, by the name that it was called by.
type place struct{ function, resource, executed string }

// A tally is what happened in a place.
type tally struct {
	invocations, errors, throttles float64
	sum, least, greatest           float64 // of durations, in milliseconds
}

func placeOf(to target) place {
	p := place{function: to.asked.name, resource: to.asked.String()}
	if isAlias(to.asked.qualifier) {
		p.executed = *to.version.Version
	}
	return p
}

func (c *counts) at(to target) *tally {
	if c.all == nil {
		c.all = map[place]*tally{}
	}
	p := placeOf(to)
	if c.all[p] == nil {
		c.all[p] = &tally{}
	}
	return c.all[p]
}

func (c *counts) throttled(to target) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at(to).throttles++
}

func (c *counts) ran(to target, result environment.Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t, took := c.at(to), float64(result.Duration)/float64(time.Millisecond)
	t.add(tally{invocations: 1, sum: took, least: took, greatest: took})
	if result.Error != "" {
		t.errors++
	}
}

func (t *tally) add(other tally) {
	if t.invocations == 0 {
		t.least = other.least
	} else if other.invocations > 0 {
		t.least = min(t.least, other.least)
	}
	t.greatest = max(t.greatest, other.greatest)
	t.invocations += other.invocations
	t.errors += other.errors
	t.throttles += other.throttles
	t.sum += other.sum
}

func (c *counts) take() map[place]*tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	c.all = nil
	return all
}

// measure tells CloudWatch every second what happened.
func (s *Service) measure(ctx context.Context) error {
	tick := time.NewTicker(measureEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.tell()
		}
	}
}

// tell says it of each function, of each name that it was called by, and of the versions
// behind each alias, as Lambda does.
func (s *Service) tell() {
	all := s.counts.take()
	if s.cfg.Metrics == nil {
		return
	}
	sums := map[place]*tally{}
	for at, t := range all {
		for _, wider := range []place{{function: at.function}, {function: at.function, resource: at.resource}, at} {
			if wider == at && at.executed == "" {
				continue
			}
			if sums[wider] == nil {
				sums[wider] = &tally{}
			}
			sums[wider].add(*t)
		}
	}
	for at, t := range sums {
		t.tell(s.cfg.Metrics, at.dimensions())
	}
}

func (p place) dimensions() map[string]string {
	d := map[string]string{"FunctionName": p.function}
	if p.resource != "" {
		d["Resource"] = p.resource
	}
	if p.executed != "" {
		d["ExecutedVersion"] = p.executed
	}
	return d
}

func (t *tally) tell(m Metrics, dimensions map[string]string) {
	if n := t.invocations; n > 0 {
		m.PutStatistics(namespace, "Invocations", dimensions, n, n, 1, 1)
		m.PutStatistics(namespace, "Duration", dimensions, n, t.sum, t.least, t.greatest)
		// Of every call it is said whether it was an error, so that the average is a rate.
		m.PutStatistics(namespace, "Errors", dimensions, n, t.errors, truth(t.errors == n), truth(t.errors > 0))
	}
	if t.throttles > 0 {
		m.PutStatistics(namespace, "Throttles", dimensions, t.throttles, t.throttles, 1, 1)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
