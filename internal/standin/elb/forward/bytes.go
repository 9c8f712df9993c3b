package forward

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// serveBytes accepts for TCP and TLS.
func (l *listener) serveBytes() {
	for {
		client, err := l.socket.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors: those that are open may end meanwhile
			l.engine.log.Error("accept", "listener", l.routes.Load().spec.ID, "error", err)
			select {
			case <-l.ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		l.open.begin()
		l.open.hold(client)
		l.engine.work.Go(func() {
			defer l.open.end()
			defer client.Close()
			defer l.open.drop(client)
			l.carry(client)
		})
	}
}

// carry forwards one connection until both sides have ended.
func (l *listener) carry(client net.Conn) {
	balancer := l.routes.Load().counters
	defer balancer.opened()()
	if config := l.tls.Load(); config != nil {
		secured := tls.Server(client, config)
		handshake, done := context.WithTimeout(l.ctx, connecting)
		err := secured.HandshakeContext(handshake)
		done()
		if err != nil {
			return
		}
		client = secured
	}
	x := &exchange{listener: l}
	defer x.release()
	behind, err := x.connect(l.ctx)
	if err != nil {
		l.engine.log.Debug("connection not forwarded", "listener", l.routes.Load().spec.ID, "error", err)
		return
	}
	defer behind.Close()
	defer x.group.counters.opened()()
	join(client, behind, func(n int64) {
		balancer.bytes.Add(n)
		x.group.counters.bytes.Add(n)
	})
}

// connect connects to a target; one that cannot be reached is passed over.
func (x *exchange) connect(ctx context.Context) (net.Conn, error) {
	failed := errNoTarget
	for x.choose() {
		conn, err := x.target.dialSecurely(ctx)
		if err == nil || ctx.Err() != nil {
			return conn, err
		}
		failed = err
		x.giveUp()
	}
	return nil, failed
}

// dialSecurely connects, with TLS if the group speaks it.
func (t *target) dialSecurely(ctx context.Context) (net.Conn, error) {
	conn, err := t.dial(ctx, "tcp", "")
	if err != nil || !t.way.Load().secure {
		return conn, err
	}
	secured := tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // a target's certificate is not verified
	ctx, cancel := context.WithTimeout(ctx, connecting)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return secured, nil
}

// join copies both ways until both sides have said that they end, or one is broken.
func join(client, behind net.Conn, count func(int64)) {
	var ways sync.WaitGroup
	ways.Go(func() { pour(behind, client, count) })
	pour(client, behind, count)
	ways.Wait()
}

// pour copies one way and passes on the end. A broken side breaks the other.
func pour(to, from net.Conn, count func(int64)) {
	for {
		// In pieces, so that what a long connection carries is counted while it does. Between two
		// TCP connections the kernel does the copying.
		n, err := io.CopyN(to, from, 1<<20)
		count(n)
		if errors.Is(err, io.EOF) {
			if half, ok := to.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
				return
			}
		}
		if err != nil {
			_ = to.Close()
			_ = from.Close()
			return
		}
	}
}
