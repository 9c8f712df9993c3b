package forward

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// routes is what a listener does with what it accepts. It is never changed, only replaced.
type routes struct {
	spec     plane.Listener
	counters *counters
	rules    []rule // by priority
	fallback action
}

type rule struct {
	conditions []condition
	action     action
}

type condition func(*http.Request) bool

// An action is plane.Action with its groups looked up.
type action struct {
	plane.Action
	shares *shares // of Forward
}

func compile(spec plane.Listener, c *counters, find func(string) *group) *routes {
	build := func(a plane.Action) action {
		if a.Forward == nil {
			return action{Action: a}
		}
		return action{Action: a, shares: newShares(*a.Forward, find)}
	}
	r := &routes{spec: spec, counters: c, fallback: build(spec.Default)}
	byPriority := slices.SortedStableFunc(slices.Values(spec.Rules), func(a, b plane.Rule) int { return a.Priority - b.Priority })
	for _, s := range byPriority {
		compiled := rule{action: build(s.Action)}
		for _, c := range s.Conditions {
			compiled.conditions = append(compiled.conditions, compileCondition(c))
		}
		r.rules = append(r.rules, compiled)
	}
	return r
}

// match returns the action for a request.
func (r *routes) match(request *http.Request) *action {
next:
	for i := range r.rules {
		for _, met := range r.rules[i].conditions {
			if !met(request) {
				continue next
			}
		}
		return &r.rules[i].action
	}
	return &r.fallback
}

func compileCondition(c plane.Condition) condition {
	switch c.Field {
	case plane.HostHeader:
		return func(r *http.Request) bool { return matchAny(c.Values, hostOf(r.Host), true) }
	case plane.PathPattern:
		return func(r *http.Request) bool { return matchAny(c.Values, r.URL.EscapedPath(), false) }
	case plane.HTTPHeader:
		return func(r *http.Request) bool {
			return slices.ContainsFunc(r.Header.Values(c.Header), func(v string) bool { return matchAny(c.Values, v, true) })
		}
	case plane.RequestMethod:
		return func(r *http.Request) bool { return slices.Contains(c.Values, r.Method) }
	case plane.QueryString:
		return func(r *http.Request) bool { return matchQuery(c.Query, r.URL.RawQuery) }
	case plane.SourceIP:
		return matchSource(c.Values)
	}
	return func(*http.Request) bool { return false } // has been validated
}

func matchQuery(wanted []plane.Query, raw string) bool {
	for pair := range strings.SplitSeq(raw, "&") {
		key, value, _ := strings.Cut(pair, "=")
		if unescaped, err := url.QueryUnescape(key); err == nil {
			key = unescaped
		}
		if unescaped, err := url.QueryUnescape(value); err == nil {
			value = unescaped
		}
		for _, q := range wanted {
			if (q.Key == "" || wildcard(q.Key, key, true)) && wildcard(q.Value, value, true) {
				return true
			}
		}
	}
	return false
}

func matchSource(blocks []string) condition {
	var prefixes []netip.Prefix
	for _, b := range blocks {
		if p, err := netip.ParsePrefix(b); err == nil {
			prefixes = append(prefixes, p)
		}
	}
	return func(r *http.Request) bool {
		from, err := netip.ParseAddrPort(r.RemoteAddr)
		return err == nil && slices.ContainsFunc(prefixes, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap()) })
	}
}

// hostOf is the host header without its port.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

func matchAny(patterns []string, text string, fold bool) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return wildcard(p, text, fold) })
}

// wildcard matches a pattern in which * is any text and ? any one character. When the text after a *
// does not fit, the * takes one character more; only the last * need ever be tried again.
func wildcard(pattern, text string, fold bool) bool {
	if fold {
		pattern, text = strings.ToLower(pattern), strings.ToLower(text)
	}
	p, t, star, taken := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, taken = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			taken++
			p, t = star+1, taken
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
