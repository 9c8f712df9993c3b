package lambda

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/standin/lambda/environment"
)

// An event is a call that nobody waits for. It is kept until it is done, and so survives the
// process.
type event struct {
	Call      environment.Call
	Function  string
	Qualifier string
	Accepted  time.Time
	Due       time.Time // not before then
	Errors    int       // of the function's, so far
	Throttles int
}

// How events are tried again, as at AWS.
const (
	eventAge      = 6 * time.Hour
	eventErrors   = 3 // tries
	eventWorkers  = 16
	maxEvents     = 10_000
	maxEventBytes = 256 << 20 // of the payloads of all
	retryThrottle = time.Second
	retryLongest  = 5 * time.Minute
)

// A queue is what was accepted and not yet taken up.
type queue struct {
	wake chan struct{} // holds one

	mu   sync.Mutex
	list []event

	// With what was taken up and is not done.
	size, bytes int
}

// enqueue accepts an event, which is done some time later.
func (s *Service) enqueue(ctx context.Context, at reference, c environment.Call) error {
	if s.queue.full() {
		return &awswire.Error{Code: tooManyRequests, Message: "Rate Exceeded."}
	}
	e := event{Call: c, Function: at.name, Qualifier: at.qualifier, Accepted: s.cfg.Now()}
	if err := s.events.Put(ctx, c.ID, e); err != nil {
		return err
	}
	s.queue.push(e)
	return nil
}

func (q *queue) full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.size >= maxEvents || q.bytes >= maxEventBytes
}

func (q *queue) push(list ...event) {
	q.mu.Lock()
	q.list = append(q.list, list...)
	for _, e := range list {
		q.size++
		q.bytes += len(e.Call.Payload)
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) take() []event {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list
	q.list = nil
	return list
}

func (q *queue) done(e event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.size--
	q.bytes -= len(e.Call.Payload)
}

// deliverAll does the events, those of a former process first, until ctx ends.
func (s *Service) deliverAll(ctx context.Context) error {
	s.queue.push(s.events.All()...)
	var working sync.WaitGroup
	defer working.Wait()
	slots := make(chan struct{}, eventWorkers)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.queue.wake:
		}
		for _, e := range s.queue.take() {
			working.Go(func() {
				defer s.queue.done(e)
				s.deliver(ctx, slots, e)
			})
		}
	}
}

// deliver does an event, again where it fails, until it is done with or ctx ends.
func (s *Service) deliver(ctx context.Context, slots chan struct{}, e event) {
	for {
		if !wait(ctx, e.Due.Sub(s.cfg.Now())) {
			return
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		again := s.try(ctx, &e)
		<-slots
		if ctx.Err() != nil {
			return
		}
		if !again || s.cfg.Now().Sub(e.Accepted) > eventAge {
			break
		}
		if err := s.events.Put(ctx, e.Call.ID, e); err != nil {
			s.cfg.Log.Error("an event's failure is not kept", "function", e.Function, "requestId", e.Call.ID, "error", err)
		}
	}
	if err := s.events.Delete(ctx, e.Call.ID); err != nil {
		s.cfg.Log.Error("an event that is done stays, and is done again after a restart", "requestId", e.Call.ID, "error", err)
	}
}

// try runs an event once and says whether, and in e when, it is to be tried again.
func (s *Service) try(ctx context.Context, e *event) (again bool) {
	to, err := s.resolve(reference{e.Function, e.Qualifier})
	if err != nil {
		s.cfg.Log.Warn("an event is dropped", "function", e.Function, "requestId", e.Call.ID, "error", err)
		return false
	}
	result, err := s.run(ctx, to, e.Call)
	if err == nil && result.Error == "" {
		return false
	}
	if refused, ok := errors.AsType[*awswire.Error](err); err != nil && (!ok || refused.Code == tooManyRequests) {
		e.Throttles++
		e.Due = s.cfg.Now().Add(min(retryThrottle<<min(e.Throttles-1, 20), retryLongest))
		return true
	}
	e.Errors++
	e.Due = s.cfg.Now().Add(s.cfg.RetryEvents * time.Duration(e.Errors))
	if e.Errors < eventErrors {
		return true
	}
	s.cfg.Log.Warn("an event has failed for the last time", "function", e.Function, "requestId", e.Call.ID, "answer", clipped(string(result.Payload)))
	return false
}

func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
