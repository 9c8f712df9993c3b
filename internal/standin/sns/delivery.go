package sns

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/awswire"
)

// A delivery is a message on its way to one subscription. It is kept until it has arrived, or
// is given up.
type delivery struct {
	ID           string
	Subscription string
	Confirmation bool // it asks whether the subscription is wanted
	Message      message
	Accepted     time.Time
	Due          time.Time // not before then
	Tries        int
}

const (
	deliverFor   = time.Hour        // from when it was accepted
	tryTimeout   = 15 * time.Second // as AWS's
	firstPause   = time.Second
	longestPause = time.Minute
	// atOnce is how many deliveries are tried at a time.
	atOnce = 16
	// maxWaiting and maxWaitingBytes bound what waits of all subscriptions, and maxOfOne what
	// waits of one, so that one that is down leaves room for the others.
	maxWaiting      = 10_000
	maxWaitingBytes = 64 << 20
	maxOfOne        = 1_000
	// sweepEvery is how often subscriptions that nobody confirms are looked for.
	sweepEvery = time.Hour
)

// A queue is what was accepted and not yet taken up.
type queue struct {
	wake chan struct{} // holds one

	mu   sync.Mutex
	list []delivery

	// With what was taken up and is not done.
	size, bytes int
	of          map[string]int // by subscription
}

func newQueue() queue { return queue{wake: make(chan struct{}, 1), of: map[string]int{}} }

// room says whether there is room for d: in all, and for its subscription.
func (q *queue) room(d delivery) (inAll, ofOne bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.size < maxWaiting && q.bytes+len(d.Message.Text) <= maxWaitingBytes, q.of[d.Subscription] < maxOfOne
}

func (q *queue) push(list ...delivery) {
	q.mu.Lock()
	q.list = append(q.list, list...)
	for _, d := range list {
		q.size++
		q.bytes += len(d.Message.Text)
		q.of[d.Subscription]++
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *queue) take() []delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list
	q.list = nil
	return list
}

func (q *queue) done(d delivery) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.size--
	q.bytes -= len(d.Message.Text)
	if q.of[d.Subscription]--; q.of[d.Subscription] == 0 {
		delete(q.of, d.Subscription)
	}
}

// enqueue accepts a delivery, which is made some time later. For a subscription that is far
// behind it is dropped.
func (s *Service) enqueue(ctx context.Context, d delivery) error {
	d.ID, d.Accepted = newID(), s.cfg.Now()
	inAll, ofOne := s.queue.room(d)
	if !ofOne {
		s.cfg.Log.Warn("a message is dropped: too many wait for its subscription", "subscription", d.Subscription, "waiting", maxOfOne)
		return nil
	}
	if !inAll {
		return &awswire.Error{Code: "Throttled", Message: "Rate exceeded: too many messages wait to be delivered. Try again later.",
			Status: http.StatusTooManyRequests}
	}
	if err := s.deliveries.Put(ctx, d.ID, d); err != nil {
		return err
	}
	s.queue.push(d)
	return nil
}

// Run delivers until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	var working sync.WaitGroup
	defer working.Wait()
	slots := make(chan struct{}, atOnce)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-sweep.C:
			s.forgetUnconfirmed(ctx)
		case <-s.queue.wake:
		}
		for _, d := range s.queue.take() {
			working.Go(func() {
				defer s.queue.done(d)
				s.deliver(ctx, slots, d)
			})
		}
	}
}

// deliver makes a delivery, again where it fails, until it is done with or ctx ends.
func (s *Service) deliver(ctx context.Context, slots chan struct{}, d delivery) {
	for {
		if !wait(ctx, d.Due.Sub(s.cfg.Now())) {
			return
		}
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		again, err := s.try(ctx, d)
		<-slots
		if ctx.Err() != nil {
			return
		}
		d.Tries++
		if err != nil && (!again || s.cfg.Now().Sub(d.Accepted) > deliverFor) {
			s.cfg.Log.Warn("a message is given up", "subscription", d.Subscription, "message", d.Message.ID, "tries", d.Tries, "error", err)
			again = false
		}
		if !again {
			break
		}
		d.Due = s.cfg.Now().Add(pauseAfter(d.Tries))
		if err := s.deliveries.Put(ctx, d.ID, d); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("a delivery's failure is not kept", "message", d.Message.ID, "error", err)
		}
	}
	if err := s.deliveries.Delete(ctx, d.ID); err != nil && ctx.Err() == nil {
		s.cfg.Log.Error("a delivery that is done stays, and is made again after a restart", "message", d.Message.ID, "error", err)
	}
}

// pauseAfter is how long the next try waits: a second, doubling to a minute, with jitter.
func pauseAfter(tries int) time.Duration {
	d := min(firstPause<<min(tries-1, 10), longestPause)
	return d/2 + rand.N(d)
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

// try makes a delivery once. Without an error it has arrived, or nobody wants it any more.
func (s *Service) try(ctx context.Context, d delivery) (again bool, err error) {
	sub, ok := s.subscriptions.Get(d.Subscription)
	if !ok || d.Confirmation && sub.Confirmed {
		return false, nil
	}
	keys, err := s.signer.get(ctx, s.cfg.Now())
	if err != nil {
		return true, err
	}
	e, err := s.envelopeOf(keys, sub, d)
	if err != nil {
		return true, err
	}
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	if sub.Protocol == "lambda" {
		event, err := e.lambdaEvent(sub.ARN)
		if err != nil {
			return false, err
		}
		err = s.cfg.Invoke(ctx, sub.Endpoint, event)
		return err != nil, err
	}
	return s.post(ctx, sub, e)
}

// newClient follows no redirects: messages are for the address that was confirmed.
func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// post sends an envelope to a web server. What the server finds wrong with it is not sent again.
func (s *Service) post(ctx context.Context, sub subscription, e envelope) (again bool, err error) {
	body, err := e.json()
	if err != nil {
		return false, err
	}
	raw := sub.Raw && e.Type == notification
	if raw {
		body = []byte(e.Message)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, sub.Endpoint, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	r.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	r.Header.Set("User-Agent", "Amazon Simple Notification Service Agent")
	r.Header.Set("x-amz-sns-message-type", e.Type)
	r.Header.Set("x-amz-sns-message-id", e.MessageID)
	r.Header.Set("x-amz-sns-topic-arn", e.TopicARN)
	if e.Type == notification {
		r.Header.Set("x-amz-sns-subscription-arn", sub.ARN)
	}
	if raw {
		r.Header.Set("x-amz-sns-rawdelivery", "true")
	}
	answer, err := s.web.Do(r)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return true, fmt.Errorf("%s: %w", withoutSecrets(sub.Endpoint), failed.Err) // the URL may carry a key
	}
	if err != nil {
		return true, err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // so that the connection can be used again
	switch {
	case answer.StatusCode < 300:
		return false, nil
	case answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests:
		return true, fmt.Errorf("%s answered %s", withoutSecrets(sub.Endpoint), answer.Status)
	default:
		return false, fmt.Errorf("%s answered %s, which another try does not change", withoutSecrets(sub.Endpoint), answer.Status)
	}
}
