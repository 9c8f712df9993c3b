package forward

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// A listener accepts connections at an address.
type listener struct {
	engine *Engine
	port   string
	quiet  *log.Logger
	socket net.Listener
	routes atomic.Pointer[routes]
	tls    atomic.Pointer[tls.Config] // nil when not secure
	server *http.Server               // of HTTP and HTTPS
	open   inflight                   // requests, or connections forwarded as bytes
	ctx    context.Context            // ends when connections are cut
	cancel context.CancelFunc
}

// listen opens a listener.
func (e *Engine) listen(spec plane.Listener) (*listener, error) {
	socket, err := (&net.ListenConfig{}).Listen(e.ctx, "tcp", spec.Address)
	if err != nil {
		return nil, fmt.Errorf("open listener %s: %w", spec.ID, err)
	}
	_, port, _ := net.SplitHostPort(spec.Address)
	l := &listener{engine: e, port: port, socket: socket, quiet: log.New(io.Discard, "", 0)}
	l.ctx, l.cancel = context.WithCancel(e.ctx)
	if err := l.apply(spec); err != nil {
		_ = socket.Close()
		return nil, err
	}
	if spec.Protocol.Requests() {
		l.serveRequests(spec)
	} else {
		e.work.Go(l.serveBytes)
	}
	return l, nil
}

// canBecome tells whether the listener can take on the new state with its socket open.
func (l *listener) canBecome(spec plane.Listener) bool {
	now := l.routes.Load().spec
	return now.Address == spec.Address && now.Protocol == spec.Protocol && now.Balancer == spec.Balancer && now.IdleTimeout == spec.IdleTimeout
}

// apply takes on new rules and certificates. What has not changed keeps its place in the dealing of weights.
func (l *listener) apply(spec plane.Listener) error {
	now := l.routes.Load()
	if now != nil && reflect.DeepEqual(now.spec, spec) {
		return nil
	}
	if spec.Protocol.Secure() {
		config, err := tlsConfig(spec)
		if err != nil {
			return fmt.Errorf("listener %s: %w", spec.ID, err)
		}
		l.tls.Store(config)
	}
	l.routes.Store(compile(spec, l.engine.counted(spec.Balancer), l.engine.group))
	return nil
}

func tlsConfig(spec plane.Listener) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if spec.Protocol.Requests() {
		c.NextProtos = []string{"h2", "http/1.1"}
	}
	for _, pair := range spec.Certificates {
		cert, err := tls.X509KeyPair(pair.Chain, pair.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate %s: %w", pair.ID, err)
		}
		c.Certificates = append(c.Certificates, cert)
	}
	return c, nil
}

// serveRequests serves HTTP and HTTPS.
func (l *listener) serveRequests(spec plane.Listener) {
	idle := spec.IdleTimeout
	if idle <= 0 {
		idle = 60 * time.Second
	}
	l.server = &http.Server{Handler: l, IdleTimeout: idle, ReadHeaderTimeout: idle, ErrorLog: l.quiet}
	accepting := countingListener{l.socket, l.routes.Load().counters, &l.open}
	l.engine.work.Go(func() {
		var err error
		if spec.Protocol.Secure() {
			l.server.TLSConfig = &tls.Config{
				NextProtos:         []string{"h2", "http/1.1"},
				GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return l.tls.Load(), nil },
			}
			err = l.server.ServeTLS(accepting, "", "")
		} else {
			err = l.server.Serve(accepting)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			l.engine.log.Error("listener ended", "listener", spec.ID, "error", err)
		}
	})
}

// ServeHTTP does what the rules say with one request.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.open.begin()
	defer l.open.end()
	routes := l.routes.Load()
	routes.counters.requests.Add(1)
	action := routes.match(r)
	if action.shares != nil {
		l.forward(w, r)
		return
	}
	routes.counters.answered(action.answer(w, r, l.port))
}

// retire closes the listener's socket at once, and its connections when they have ended or have lingered enough.
func (l *listener) retire() {
	_ = l.socket.Close()
	l.engine.retired.begin()
	l.engine.work.Go(func() {
		defer l.engine.retired.end()
		ctx, cancel := context.WithTimeout(l.engine.ctx, lingering)
		defer cancel()
		l.close(ctx)
	})
}

// close stops accepting, waits for what is open until ctx ends, and cuts the rest.
func (l *listener) close(ctx context.Context) {
	_ = l.socket.Close()
	if l.server != nil {
		_ = l.server.Shutdown(ctx)
	}
	select {
	case <-l.open.ended():
	case <-ctx.Done():
	}
	l.cancel()
	l.open.cut()
	if l.server != nil {
		_ = l.server.Close()
	}
	<-l.open.ended() // soon, for it has lost its connections
}
