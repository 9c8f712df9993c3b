package forward

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httputil"
	"time"
)

// persistence is how long a request is tried on one target after another.
const persistence = 10 * time.Second

// errNoTarget is that a group has no target to try, or no further.
var errNoTarget = errors.New("no target")

// An exchange is one request that is forwarded, from the choice of its target to the last byte of its response. To
// the reverse proxy it is the transport.
type exchange struct {
	listener *listener
	balancer *counters
	in       *http.Request
	sticky   time.Duration // of the rule

	group   *group
	target  *target   // that has been acquired
	tried   []*target // that could not be reached
	started time.Time
}

// forward sends the request to a target and its response back.
func (l *listener) forward(w http.ResponseWriter, r *http.Request) {
	x := &exchange{listener: l, in: r}
	defer x.release() // also when a broken response makes the proxy panic
	proxy := httputil.ReverseProxy{
		Rewrite: x.rewrite, Transport: x, ModifyResponse: x.arrived, ErrorHandler: x.failed,
		BufferPool: l.engine.buffers, ErrorLog: l.quiet,
	}
	proxy.ServeHTTP(w, r)
}

// rewrite makes the request that the target gets.
func (x *exchange) rewrite(p *httputil.ProxyRequest) {
	out, in := p.Out, p.In
	out.URL.Scheme, out.URL.Host = "http", "target" // until one is chosen
	out.URL.RawQuery = in.URL.RawQuery
	for _, name := range []string{"Forwarded", "X-Forwarded-Host"} { // what clients say of these is passed on
		if values, ok := in.Header[name]; ok {
			out.Header[name] = values
		}
	}
	from, _, _ := net.SplitHostPort(in.RemoteAddr)
	if before := in.Header.Get("X-Forwarded-For"); before != "" {
		from = before + ", " + from
	}
	proto := "http"
	if in.TLS != nil {
		proto = "https"
	}
	out.Header["X-Forwarded-For"] = []string{from}
	out.Header["X-Forwarded-Proto"] = []string{proto}
	out.Header["X-Forwarded-Port"] = []string{x.listener.port}
}

// RoundTrip delivers the request to a target. What could not be delivered is tried on others, where that is safe.
func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	body := replayableOf(r)
	began := time.Now()
	failed := errNoTarget
	for x.choose() {
		x.started = time.Now()
		response, err := x.target.send(r, body)
		if err == nil {
			return response, nil
		}
		if r.Context().Err() != nil || time.Since(began) > persistence || !body.again(r, err) {
			return nil, err
		}
		failed = err
		x.giveUp()
	}
	return nil, failed
}

// giveUp lets a target go that could not be reached.
func (x *exchange) giveUp() {
	x.tried = append(x.tried, x.target)
	x.release()
	x.group.counters.retried.Add(1)
	x.balancer.retried.Add(1)
}

// choose takes a target for the request: at first in the group that the rules, the weights and the cookies say.
// When everything it finds has just begun to drain, it looks again at what is in force now.
func (x *exchange) choose() bool {
	for {
		routes := x.listener.routes.Load()
		if x.group == nil {
			shares := routes.match(x.in).shares
			if shares == nil {
				return false
			}
			x.group, x.balancer, x.sticky = shares.choose(x.in), routes.counters, shares.sticky
			if x.group == nil {
				return false
			}
		}
		for {
			pool := x.group.pool.Load()
			if x.acquire(pool) {
				return true
			}
			if pool == x.group.pool.Load() {
				break
			}
		}
		if routes == x.listener.routes.Load() {
			return false
		}
		x.group = nil
	}
}

// acquire takes a target of a pool: the one the client's cookie says, else the next.
func (x *exchange) acquire(p *pool) bool {
	if x.in != nil && p.spec.Stickiness > 0 && len(x.tried) == 0 {
		if c, err := x.in.Cookie(targetCookie); err == nil {
			if t := p.find(c.Value); t != nil && t.acquire() {
				x.target = t
				return true
			}
		}
	}
	for range p.targets {
		if t := p.pick(x.tried); t != nil && t.acquire() {
			x.target = t
			return true
		}
	}
	return false
}

// release ends the request on its target.
func (x *exchange) release() {
	if x.target != nil {
		x.target.release()
		x.target = nil
	}
}

// arrived looks at a target's response before it goes back.
func (x *exchange) arrived(r *http.Response) error {
	took := time.Since(x.started)
	x.group.counters.requests.Add(1)
	x.group.counters.responded(r.StatusCode, took)
	x.balancer.responded(r.StatusCode, took)
	if x.sticky > 0 {
		stick(r.Header, groupCookie, stampOf(x.group.id), x.sticky)
	}
	if lasts := x.group.pool.Load().spec.Stickiness; lasts > 0 {
		stick(r.Header, targetCookie, stampOf(x.target.ID, x.target.Address), lasts)
	}
	return nil
}

// failed answers for a target that did not.
func (x *exchange) failed(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadGateway
	var timeout net.Error
	switch {
	case errors.Is(err, errNoTarget):
		status = http.StatusServiceUnavailable
	case errors.Is(r.Context().Err(), context.Canceled):
		status = 460 // the client has closed; nobody reads this
	case errors.As(err, &timeout) && timeout.Timeout():
		status = http.StatusGatewayTimeout
	}
	if x.balancer == nil {
		x.balancer = x.listener.routes.Load().counters
	}
	x.balancer.answered(status)
	if x.group != nil {
		x.group.counters.requests.Add(1)
		x.group.counters.answered(status)
		x.listener.engine.log.Debug("request not answered by a target", "group", x.group.id, "status", status, "error", err)
	}
	respond(w, status)
}

var _ http.RoundTripper = (*exchange)(nil)
