// Package check looks at targets' health as Elastic Load Balancing does, for any data plane: [Run] asks a target in
// every interval, [Health] judges what it answers by the thresholds of its group.
package check

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// Health is what checks have found about a target.
type Health struct {
	State  plane.State
	Reason plane.Reason
	Since  time.Time // when it entered the state
	detail string    // completes the description
	streak int       // checks in a row that speak against the state
}

// Result is the outcome of one check: fine, or why not.
type Result struct {
	fine   bool
	reason plane.Reason
	detail string
}

// Enter moves to a state, from now on.
func (h *Health) Enter(state plane.State, reason plane.Reason) {
	if h.State != state {
		h.Since, h.streak = time.Now(), 0
	}
	h.State, h.Reason, h.detail = state, reason, ""
}

// Judge takes a result into account and tells whether what is observed has changed. A target that
// is initial is healthy with its first good check, as at AWS, and unhealthy after as many bad ones as
// any other.
func (h *Health) Judge(check plane.HealthCheck, r Result) (changed bool) {
	if h.State == plane.Initial && r.fine {
		h.Enter(plane.Healthy, "")
		return true
	}
	if h.State != plane.Initial && r.fine == (h.State == plane.Healthy) {
		h.streak = 0
		changed = h.Reason != r.reason || h.detail != r.detail
		h.Reason, h.detail = r.reason, r.detail
		return changed
	}
	h.streak++
	switch {
	case r.fine && h.streak >= check.Healthy:
		h.Enter(plane.Healthy, "")
	case !r.fine && h.streak >= check.Unhealthy:
		h.Enter(plane.Unhealthy, r.reason)
		h.detail = r.detail
	default:
		return false
	}
	return true
}

// Description is ELB's text for the reason.
func (h *Health) Description() string {
	if h.detail != "" {
		return h.Reason.Description() + h.detail
	}
	return h.Reason.Description()
}

// Run looks at a target, at once and then in every interval, until ctx ends, and reports each result. As many
// as bound has room for are looked at at the same time. The first check waits a little and the intervals differ
// by a tenth, so that the targets of a big group are not all looked at in the same moment.
func Run(ctx context.Context, c plane.HealthCheck, address string, bound chan struct{}, report func(Result)) {
	probe := newProbe(c, address)
	wait := time.Duration(rand.Int64N(int64(min(c.Interval/10, 100*time.Millisecond)) + 1))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		select {
		case <-ctx.Done():
			return
		case bound <- struct{}{}:
		}
		began := time.Now()
		r := probe.once(ctx)
		<-bound
		report(r)
		tenth := int64(c.Interval / 10)
		timer.Reset(c.Interval - time.Since(began) + time.Duration(rand.Int64N(2*tenth+1)-tenth))
	}
}

// A probe asks one target for its health.
type probe struct {
	check     plane.HealthCheck
	address   string
	matcher   plane.Matcher
	transport *http.Transport
}

func newProbe(c plane.HealthCheck, address string) *probe {
	matcher, _ := plane.ParseMatcher(c.Matcher) // has been validated
	p := &probe{check: c, address: address, matcher: matcher}
	if c.Port != 0 {
		host, _, _ := net.SplitHostPort(address)
		p.address = net.JoinHostPort(host, strconv.Itoa(c.Port))
	}
	p.transport = &http.Transport{
		DisableKeepAlives: true, DisableCompression: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // as AWS's does
	}
	return p
}

func (p *probe) once(ctx context.Context) Result {
	ctx, cancel := context.WithTimeout(ctx, p.check.Timeout)
	defer cancel()
	code, err := p.ask(ctx)
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return Result{reason: plane.Timeout}
	case err != nil:
		return Result{reason: plane.FailedHealthChecks}
	case code != 0 && !p.matcher.Match(code):
		return Result{reason: plane.ResponseCodeMismatch, detail: fmt.Sprintf(" with these codes: [%d]", code)}
	}
	return Result{fine: true}
}

// ask returns the response's code; of TCP there is none.
func (p *probe) ask(ctx context.Context) (code int, err error) {
	if !p.check.Protocol.Requests() {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", p.address)
		if err != nil {
			return 0, err
		}
		return 0, conn.Close()
	}
	scheme := "http://"
	if p.check.Protocol.Secure() {
		scheme = "https://"
	}
	path := p.check.Path
	if path == "" {
		path = "/"
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+p.address+path, nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	response, err := p.transport.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}
