package forward

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/check"
	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// connecting is how long a target may take to accept a connection, as an Application Load Balancer allows.
const connecting = 10 * time.Second

// A target is one address that a group's traffic may go to.
type target struct {
	plane.Target
	group *group
	way   atomic.Pointer[way] // replaced when the group changes
	open  atomic.Int64        // changed under mu, read without

	mu       sync.Mutex
	draining bool
	idle     chan struct{} // while draining: closed when nothing is open
	revived  chan struct{} // while draining: closed when it has come back
	conns    map[net.Conn]struct{}
	cutOff   bool

	// Guarded by the group's mu.
	health check.Health
	stop   context.CancelFunc // ends the checks; nil when there are none
	credit float64            // what slow start has saved up for it; guarded by the pool's mu
}

func newTarget(g *group, spec plane.Target) *target {
	t := &target{Target: spec, group: g, conns: map[net.Conn]struct{}{}}
	t.tune(g.spec)
	return t
}

// A way is how a target is spoken to, over connections of its own: so they can be told from others'.
type way struct {
	secure    bool
	patience  time.Duration   // for the beginning of a response
	links     links           // of requests whose body is in memory
	transport *http.Transport // of the others
}

// tune makes the target spoken to as its group says. Requests that are under way go on as they began.
func (t *target) tune(spec plane.Group) {
	secure, patience := spec.Protocol.Secure(), spec.ResponseTimeout
	if patience <= 0 {
		patience = 60 * time.Second
	}
	before := t.way.Load()
	if before != nil && before.secure == secure && before.patience == patience {
		return
	}
	t.way.Store(&way{secure: secure, patience: patience, transport: &http.Transport{
		DialContext:           t.dial,
		DisableCompression:    true, // what the client accepts is between it and the target
		MaxIdleConnsPerHost:   1024,
		IdleConnTimeout:       60 * time.Second,
		ExpectContinueTimeout: time.Second,
		ResponseHeaderTimeout: patience,
		// A load balancer does not verify its targets' certificates; neither does AWS's.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}})
	if before != nil {
		before.close()
	}
}

// close closes the idle connections.
func (w *way) close() {
	w.links.close()
	w.transport.CloseIdleConnections()
}

// send sends a request and returns the response once its head is there.
func (t *target) send(r *http.Request, body *replayable) (*http.Response, error) {
	w := t.way.Load()
	r.URL.Scheme, r.URL.Host = "http", t.Address
	if w.secure {
		r.URL.Scheme = "https"
	}
	for {
		body.attach(r)
		if body.last != nil || r.Header.Get("Upgrade") != "" {
			return w.transport.RoundTrip(r)
		}
		l := w.links.take()
		if l == nil {
			conn, err := t.dialSecurely(r.Context())
			if err != nil {
				return nil, err
			}
			l = newLink(conn)
		}
		response, err := l.ask(r, w.patience, &w.links)
		if err == nil || !l.stale(r, err) {
			return response, err
		}
	}
}

// acquire counts one more request or connection. It says false when the target drains.
func (t *target) acquire() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.draining {
		return false
	}
	t.open.Add(1)
	return true
}

// release counts one less.
func (t *target) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open.Add(-1) == 0 && t.draining {
		close(t.idle)
	}
}

// drain refuses everything new, and when nothing is open any more or the delay is over, lets the target go.
func (t *target) drain(delay time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.draining {
		return
	}
	t.draining, t.idle, t.revived = true, make(chan struct{}), make(chan struct{})
	if t.open.Load() == 0 {
		close(t.idle)
	}
	idle, revived := t.idle, t.revived
	t.group.engine.work.Go(func() {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-revived:
			return
		case <-idle:
		case <-timer.C:
		case <-t.group.engine.ctx.Done():
		}
		t.group.release(t, revived)
	})
}

// revive takes a draining target back.
func (t *target) revive() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.draining {
		t.draining = false
		close(t.revived)
	}
}

// cut closes every connection to the target; there will be no further.
func (t *target) cut() {
	t.mu.Lock()
	t.cutOff = true
	conns := t.conns
	t.conns = nil
	t.mu.Unlock()
	for c := range conns {
		_ = c.Close()
	}
	t.way.Load().close()
}

// dial connects to the target. The connection is known to it until closed.
func (t *target) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: connecting}
	raw, err := dialer.DialContext(ctx, network, t.Address)
	if err != nil {
		if ctx.Err() == nil {
			t.group.counters.connectionErrors.Add(1)
		}
		return nil, err
	}
	c := &targetConn{TCPConn: raw.(*net.TCPConn), target: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cutOff {
		_ = raw.Close()
		return nil, net.ErrClosed
	}
	t.conns[c] = struct{}{}
	return c, nil
}

// A targetConn is a connection that its target can cut. It stays a TCPConn, which can splice.
type targetConn struct {
	*net.TCPConn
	target *target
}

func (c *targetConn) Close() error {
	c.target.mu.Lock()
	delete(c.target.conns, c)
	c.target.mu.Unlock()
	return c.TCPConn.Close()
}
