package forward

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

// health is what checks have found about a target.
type health struct {
	state  plane.State
	reason plane.Reason
	detail string // completes the description
	since  time.Time
	streak int // checks in a row that speak against the state
}

// result is the outcome of one check: fine, or why not.
type result struct {
	fine   bool
	reason plane.Reason
	detail string
}

func (h *health) enter(state plane.State, reason plane.Reason, detail string) {
	if h.state != state {
		h.since, h.streak = time.Now(), 0
	}
	h.state, h.reason, h.detail = state, reason, detail
}

// judge takes a result into account and tells whether what is observed has changed. A target that
// is initial is healthy with its first good check, as at AWS, and unhealthy after as many bad ones as
// any other.
func (h *health) judge(check plane.HealthCheck, r result) (changed bool) {
	if h.state == plane.Initial && r.fine {
		h.enter(plane.Healthy, "", "")
		return true
	}
	if h.state != plane.Initial && r.fine == (h.state == plane.Healthy) {
		h.streak = 0
		changed = h.reason != r.reason || h.detail != r.detail
		h.reason, h.detail = r.reason, r.detail
		return changed
	}
	h.streak++
	switch {
	case r.fine && h.streak >= check.Healthy:
		h.enter(plane.Healthy, "", "")
	case !r.fine && h.streak >= check.Unhealthy:
		h.enter(plane.Unhealthy, r.reason, r.detail)
	default:
		return false
	}
	return true
}

func (h *health) description() string {
	if h.detail != "" {
		return h.reason.Description() + h.detail
	}
	return h.reason.Description()
}

// check looks at a target, at once and then in every interval, until ctx ends. The first waits a little and the
// intervals differ by a tenth, so that the targets of a big group are not all looked at in the same moment.
func (e *Engine) check(ctx context.Context, c plane.HealthCheck, t *target) {
	probe := newProbe(c, t)
	defer probe.close()
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
		case e.checks <- struct{}{}:
		}
		began := time.Now()
		r := probe.once(ctx)
		<-e.checks
		t.group.judge(ctx, t, r)
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

func newProbe(c plane.HealthCheck, t *target) *probe {
	matcher, _ := plane.ParseMatcher(c.Matcher) // has been validated
	p := &probe{check: c, address: t.Address, matcher: matcher}
	if c.Port != 0 {
		host, _, _ := net.SplitHostPort(t.Address)
		p.address = net.JoinHostPort(host, strconv.Itoa(c.Port))
	}
	p.transport = &http.Transport{
		DisableKeepAlives: true, DisableCompression: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, // as AWS's does
	}
	return p
}

func (p *probe) close() { p.transport.CloseIdleConnections() }

func (p *probe) once(ctx context.Context) result {
	ctx, cancel := context.WithTimeout(ctx, p.check.Timeout)
	defer cancel()
	code, err := p.ask(ctx)
	var timeout net.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return result{reason: plane.Timeout}
	case err != nil:
		return result{reason: plane.FailedHealthChecks}
	case code != 0 && !p.matcher.Match(code):
		return result{reason: plane.ResponseCodeMismatch, detail: fmt.Sprintf(" with these codes: [%d]", code)}
	}
	return result{fine: true}
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
