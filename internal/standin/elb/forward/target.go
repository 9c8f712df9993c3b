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
	group     *group
	secure    atomic.Bool                    // it is spoken to with TLS
	transport atomic.Pointer[http.Transport] // its own, so that its connections can be told from others'
	open      atomic.Int64                   // changed under mu, read without

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

// tune makes the target spoken to as its group says, by a transport that waits so long for the beginning of a response. Requests that are under way
// go on with the one they have.
func (t *target) tune(spec plane.Group) {
	t.secure.Store(spec.Protocol.Secure())
	patience := spec.ResponseTimeout
	if patience <= 0 {
		patience = 60 * time.Second
	}
	before := t.transport.Load()
	if before != nil && before.ResponseHeaderTimeout == patience {
		return
	}
	t.transport.Store(&http.Transport{
		DialContext:           t.dial,
		DisableCompression:    true, // what the client accepts is between it and the target
		MaxIdleConnsPerHost:   1024,
		IdleConnTimeout:       60 * time.Second,
		ExpectContinueTimeout: time.Second,
		ResponseHeaderTimeout: patience,
		// A load balancer does not verify its targets' certificates; neither does AWS's.
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	})
	if before != nil {
		before.CloseIdleConnections()
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
	t.transport.Load().CloseIdleConnections()
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
