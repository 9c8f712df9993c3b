package haproxy

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// A plan is what HAProxy should be: a configuration, and the servers in its backends.
type plan struct {
	text    string            // with %SERVERS:name% where a backend's servers belong
	files   map[string][]byte // certificates and bodies, by the name in the text
	servers map[string]servers
}

// servers are those of a backend, by name.
type servers map[string]server

type server struct {
	address string
	secure  bool
	weight  int
	ready   bool // gets traffic
}

func (s server) options() string {
	if s.secure {
		return fmt.Sprintf("weight %d ssl verify none", s.weight)
	}
	return fmt.Sprintf("weight %d", s.weight)
}

// serverName is the name of a target in every backend that it is in.
func serverName(k key) string {
	sum := sha256.Sum256([]byte(k.group + "\x00" + k.target.ID + "\x00" + k.target.Address))
	return "s" + hex.EncodeToString(sum[:8])
}

// plan says what HAProxy should be now. It needs e.mu.
func (e *Engine) plan() plan {
	p := plan{files: map[string][]byte{}, servers: map[string]servers{}}
	w := &writer{plan: &p, dir: e.dir, groups: map[string]plane.Group{}, engine: e,
		balancers: map[string]string{}, owners: map[string]string{}}
	for _, g := range e.desired.Groups {
		w.groups[g.ID] = g
	}
	w.global()
	for _, l := range slices.SortedFunc(slices.Values(e.desired.Listeners), func(a, b plane.Listener) int { return cmp.Compare(a.ID, b.ID) }) {
		w.listener("l"+short(l.ID), l)
	}
	for k := range e.targets {
		w.owners[serverName(k)] = k.group
	}
	e.meter.name(w.balancers, w.owners)
	p.text = w.text.String()
	return p
}

func short(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:4])
}

// serversOf says which servers a forward action has, with which weights. It needs e.mu.
func (e *Engine) serversOf(f plane.Forward, groups map[string]plane.Group) servers {
	all := servers{}
	shares := map[string]float64{}
	for _, share := range f.Groups {
		g := groups[share.Group]
		chosen := e.eligible(g)
		for _, spec := range g.Targets {
			k := key{g.ID, spec}
			ready := slices.Contains(chosen, spec) && share.Weight > 0
			all[serverName(k)] = server{address: spec.Address, secure: g.Protocol.Secure(), ready: ready, weight: 1}
			if ready {
				shares[serverName(k)] = float64(share.Weight) / float64(len(chosen))
			}
		}
	}
	for name, weight := range scale(shares) {
		s := all[name]
		s.weight = weight
		all[name] = s
	}
	return all
}

// eligible is which targets of a group get traffic: the healthy ones, or if there are none, all.
func (e *Engine) eligible(g plane.Group) []plane.Target {
	var healthy []plane.Target
	for _, spec := range g.Targets {
		if t := e.targets[key{g.ID, spec}]; t != nil && t.health.State == plane.Healthy {
			healthy = append(healthy, spec)
		}
	}
	if len(healthy) == 0 {
		return g.Targets
	}
	return healthy
}

// scale turns shares into weights from 1 to 256: exact ones if there are such, else the nearest.
func scale(shares map[string]float64) map[string]int {
	highest := 0.0
	for _, s := range shares {
		highest = max(highest, s)
	}
	weights, best := map[string]int{}, -1.0
	for top := 1; top <= 256; top++ {
		wrong, candidate := 0.0, map[string]int{}
		for name, s := range shares {
			exact := s / highest * float64(top)
			whole := max(1, int(exact+0.5))
			wrong = max(wrong, max(exact/float64(whole), float64(whole)/exact)-1)
			candidate[name] = whole
		}
		if best < 0 || wrong < best-1e-9 {
			weights, best = candidate, wrong
		}
	}
	return weights
}

// patience is the longest that a group with weight may take to respond.
func (w *writer) patience(f plane.Forward) time.Duration {
	longest := time.Duration(0)
	for _, share := range f.Groups {
		if share.Weight > 0 {
			longest = max(longest, cmp.Or(w.groups[share.Group].ResponseTimeout, time.Minute))
		}
	}
	return cmp.Or(longest, time.Minute)
}

// stickiness is how long a client keeps its target; zero is not at all.
func (w *writer) stickiness(f plane.Forward) time.Duration {
	lasts := f.Stickiness
	for _, share := range f.Groups {
		lasts = max(lasts, w.groups[share.Group].Stickiness)
	}
	return lasts
}

func indent(lines ...string) string { return "\t" + strings.Join(lines, "\n\t") + "\n" }
