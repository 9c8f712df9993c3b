package forward

import (
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// counters count what happens in a load balancer or a group.
type counters struct {
	requests         atomic.Int64
	target           [6]atomic.Int64 // responses of targets by their class: 2 is 2xx
	own              [6]atomic.Int64 // responses of the load balancer itself by class
	own5xx           [5]atomic.Int64 // and those of 500 to 504 by code
	connectionErrors atomic.Int64
	retried          atomic.Int64
	bytes            atomic.Int64
	fresh, active    atomic.Int64 // connections

	mu    sync.Mutex
	times plane.Distribution
}

// answered counts the load balancer's own response.
func (c *counters) answered(status int) {
	if class := status / 100; class < len(c.own) {
		c.own[class].Add(1)
	}
	if i := status - http.StatusInternalServerError; i >= 0 && i < len(c.own5xx) {
		c.own5xx[i].Add(1)
	}
}

// responded counts a target's response.
func (c *counters) responded(status int, took time.Duration) {
	if class := status / 100; class < len(c.target) {
		c.target[class].Add(1)
	}
	c.mu.Lock()
	c.times.Add(took)
	c.mu.Unlock()
}

// collect returns the counts and starts again.
func (c *counters) collect() plane.Sample {
	take := func(n *atomic.Int64) int { return int(n.Swap(0)) }
	c.mu.Lock()
	times := c.times
	c.times = plane.Distribution{}
	c.mu.Unlock()
	return plane.Sample{
		Requests:  take(&c.requests),
		Target2xx: take(&c.target[2]), Target3xx: take(&c.target[3]),
		Target4xx: take(&c.target[4]), Target5xx: take(&c.target[5]),
		ELB3xx: take(&c.own[3]), ELB4xx: take(&c.own[4]), ELB5xx: take(&c.own[5]),
		ELB500: take(&c.own5xx[0]), ELB502: take(&c.own5xx[2]),
		ELB503: take(&c.own5xx[3]), ELB504: take(&c.own5xx[4]),
		ResponseTime: times, ConnectionErrors: take(&c.connectionErrors), Retried: take(&c.retried),
		ProcessedBytes: c.bytes.Swap(0), NewConnections: take(&c.fresh), ActiveConnections: int(c.active.Load()),
	}
}

// opened counts a connection, until the function it returns is called.
func (c *counters) opened() (closed func()) {
	c.fresh.Add(1)
	c.active.Add(1)
	return sync.OnceFunc(func() { c.active.Add(-1) })
}

// A countingListener counts the connections it accepts, and what goes through them.
type countingListener struct {
	net.Listener
	counters *counters
	open     *inflight
}

func (l countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &countingConn{Conn: conn, counters: l.counters}
	l.open.hold(c)
	closed := l.counters.opened()
	c.closed = func() {
		closed()
		l.open.drop(c)
	}
	return c, nil
}

type countingConn struct {
	net.Conn
	counters *counters
	closed   func()
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.counters.bytes.Add(int64(n))
	return n, err
}

func (c *countingConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.counters.bytes.Add(int64(n))
	return n, err
}

func (c *countingConn) Close() error {
	c.closed()
	return c.Conn.Close()
}

// CloseWrite lets whoever hijacked the connection end one way of it.
func (c *countingConn) CloseWrite() error {
	return c.Conn.(*net.TCPConn).CloseWrite()
}
