package hostapi

import (
	"context"
	"maps"
	"net/http"
	"net/netip"
	"time"

	"github.com/slipway/slipway/internal/hostwire"
)

// versionHeader is what AWS's agents and Slipway's say their version in.
const versionHeader = "X-Amz-Codedeploy-Agent-Version"

// versionLimit bounds what is kept of a version, in bytes: hosts choose it.
const versionLimit = 64

// A Sighting is the last that was heard of a host.
type Sighting struct {
	At      time.Time
	Version string     // of the agent, as it says; "" when it says nothing
	From    netip.Addr // that it called from; invalid when that is not known
	Plans   bool       // whether it can be asked what a deployment would do
}

type (
	versionKey struct{}
	plansKey   struct{}
)

// Observed lets the endpoint behind next know the version of the agent that asks.
func Observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if version := r.Header.Get(versionHeader); version != "" {
			r = r.WithContext(context.WithValue(r.Context(), versionKey{}, clipTo(version, versionLimit)))
		}
		if r.Header.Get(hostwire.PlansHeader) != "" {
			r = r.WithContext(context.WithValue(r.Context(), plansKey{}, true))
		}
		next.ServeHTTP(w, r)
	})
}

func clipTo(s string, limit int) string { return s[:min(len(s), limit)] }

// see remembers that a host asked for work and was let. A host is one entry, so the fleet
// bounds the memory.
func (e *Endpoint) see(ctx context.Context, host string) {
	version, _ := ctx.Value(versionKey{}).(string)
	plans, _ := ctx.Value(plansKey{}).(bool)
	e.mu.Lock()
	before, known := e.seen[host]
	e.seen[host] = Sighting{At: time.Now(), Version: version, From: caller(ctx).Request.SourceIP, Plans: plans}
	e.mu.Unlock()
	if !known || before.Version != version {
		e.cfg.Log.Debug("host polls", "host", host, "agent", version)
	}
}

// meet sees a host that was not seen yet before its first poll ends, which may take a while:
// load balancers learn from it where the host is.
func (e *Endpoint) meet(ctx context.Context, host string) {
	if _, known := e.Sighted(host); known || host != e.cfg.Hosts.Identifier(caller(ctx)) {
		return
	}
	if _, err := e.cfg.Hosts.Instance(ctx, caller(ctx)); err == nil {
		e.see(ctx, host)
	}
}

// Seen is when each host was last heard of, by its identifier, since the server started.
func (e *Endpoint) Seen() map[string]Sighting {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.seen)
}

// Sighted is when a host was last heard of, if it was since the server started.
func (e *Endpoint) Sighted(host string) (Sighting, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	seen, ok := e.seen[host]
	return seen, ok
}
