package autoscaling

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

// awake remembers which groups are to be looked at at once.
type awake struct {
	mu    *sync.Mutex
	names map[string]bool
	ring  chan struct{}
}

func newAwake() awake {
	return awake{mu: new(sync.Mutex), names: map[string]bool{}, ring: make(chan struct{}, 1)}
}

func (a awake) group(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.names[name] = true
	select {
	case a.ring <- struct{}{}:
	default:
	}
}

// take tells whether the group was woken since it was last asked about.
func (a awake) take(name string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	woken := a.names[name]
	delete(a.names, name)
	return woken
}

// Run looks after the groups until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	next := map[string]time.Time{}
	timer, hourly := time.NewTimer(0), time.NewTicker(time.Hour)
	defer timer.Stop()
	defer hourly.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hourly.C:
			if err := s.forget(ctx); err != nil && ctx.Err() == nil {
				s.cfg.Log.Error("old scaling activities are not forgotten", "error", err)
			}
		case <-timer.C:
		case <-s.awake.ring:
		}
		timer.Reset(max(0, s.lookAtDue(ctx, next).Sub(s.cfg.Now())))
	}
}

// idle is how long the loop sleeps where there is nothing to wait for.
const idle = time.Hour

// lookAtDue looks at the groups whose time has come or which were woken, and returns when the
// next will be.
func (s *Service) lookAtDue(ctx context.Context, next map[string]time.Time) time.Time {
	soonest := s.cfg.Now().Add(idle)
	for _, g := range s.groups.All() {
		if at := next[g.arn()]; s.awake.take(g.name()) || !s.cfg.Now().Before(at) {
			next[g.arn()] = s.look(ctx, g)
		}
		if next[g.arn()].Before(soonest) {
			soonest = next[g.arn()]
		}
	}
	return soonest
}

// look takes one group a step on and returns when to look again.
func (s *Service) look(ctx context.Context, g group) time.Time {
	p, err := s.pass(ctx, g)
	if ctx.Err() == nil {
		s.troubles.tell(s.cfg.Log, g.name(), err)
	}
	switch {
	case p == nil:
		return s.cfg.Now().Add(s.cfg.Every)
	case p.moved:
		return s.cfg.Now()
	}
	next := p.nextLook(s.cfg.Every)
	if !s.notify(ctx, p.group) {
		next = earlier(next, p.now.Add(s.cfg.Every))
	}
	return next
}

// A passed group is as it was recorded last; moved tells that there may be more to do at once.
type passed struct {
	*plan
	moved bool
}

// pass observes, decides, records and acts. What is decided is decided about the group as it is
// by then, for callers may have changed it.
func (s *Service) pass(ctx context.Context, g group) (*passed, error) {
	seen, err := s.observe(ctx, g)
	if seen.machines == nil {
		return nil, err
	}
	p, recordErr := s.record(ctx, g, func(p *plan) { *p = *decide(p.group, seen, p.now) })
	if p == nil || recordErr != nil {
		return nil, errors.Join(err, recordErr)
	}
	changes, actErr := s.actAll(ctx, p.group, due(p.group, seen))
	if len(changes) == 0 {
		return &passed{p, err == nil && p.lacksSource()}, errors.Join(err, actErr)
	}
	p, recordErr = s.record(ctx, g, func(p *plan) {
		for key, list := range changes {
			i := slices.IndexFunc(p.Members, func(m member) bool { return m.key() == key })
			if i < 0 {
				continue
			}
			for _, c := range list {
				c(p, &p.Members[i])
			}
		}
		p.Members = slices.DeleteFunc(p.Members, member.ended)
	})
	if p == nil || recordErr != nil {
		return nil, errors.Join(err, actErr, recordErr)
	}
	return &passed{p, true}, errors.Join(err, actErr)
}

// lacksSource tells whether instances turned out to be missing that the look around was not for.
func (p *plan) lacksSource() bool {
	return p.capacity() < p.desired() && p.seen.source == source{} && p.seen.trouble == "" && !p.isSuspended("Launch") && !p.now.Before(p.Resume)
}

// record changes a group, unless it is gone by now: then there is no plan.
func (s *Service) record(ctx context.Context, g group, change func(*plan)) (*plan, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now, ok := s.groups.Get(g.name())
	if !ok || now.UID != g.UID {
		return nil, nil
	}
	p := &plan{group: now.clone(), now: s.cfg.Now()}
	change(p)
	if len(p.activities) == 0 && reflect.DeepEqual(now, p.group) {
		return p, nil
	}
	return p, s.keep(ctx, p)
}

// keep writes a group down, the activities first: should the second write fail, they are made
// again as they were.
func (s *Service) keep(ctx context.Context, p *plan) error {
	for _, a := range p.activities {
		if err := s.keepActivity(ctx, p.group, a); err != nil {
			return err
		}
	}
	if p.Deleting && len(p.Members) == 0 {
		return s.groups.Delete(ctx, p.name())
	}
	return s.groups.Put(ctx, p.name(), p.group)
}

// actAll carries out actions and collects what they came to, by member.
func (s *Service) actAll(ctx context.Context, g group, list []action) (map[string][]change, error) {
	changes := map[string][]change{}
	var errs []error
	for _, a := range list {
		c, err := s.act(ctx, g, a)
		if c != nil {
			changes[a.member] = append(changes[a.member], c)
		}
		errs = append(errs, err)
	}
	return changes, errors.Join(errs...)
}

// quicker is how much more often a group is looked at while something is on its way.
const quicker = 5

// nextLook is when something may have to be done, unless somebody calls before.
func (p *plan) nextLook(every time.Duration) time.Time {
	next := p.now.Add(idle)
	if len(p.Members) > 0 {
		next = p.now.Add(every)
	}
	for _, m := range p.Members {
		for _, w := range m.Waits {
			next = earlier(next, w.end())
		}
		switch m.State {
		case types.LifecycleStateInService, types.LifecycleStateStandby, types.LifecycleStatePendingWait, types.LifecycleStateTerminatingWait:
		default:
			next = earlier(next, p.now.Add(every/quicker))
		}
	}
	if p.capacity() < p.desired() && !p.isSuspended("Launch") {
		next = earlier(next, later(p.Resume, p.now.Add(every/quicker)))
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
