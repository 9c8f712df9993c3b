package forward

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// The cookies that keep a client with its group and with its target.
const (
	groupCookie  = "AWSALBTG"
	targetCookie = "AWSALB"
)

// shares deals requests to groups by their weights, exactly and evenly: of any W in a row, W being the sum of the
// weights, each group gets as many as its weight says (smooth weighted round robin).
type shares struct {
	sticky time.Duration
	total  int

	mu     sync.Mutex
	groups []share
}

type share struct {
	group   *group
	weight  int
	current int // grows by weight with each turn, falls by total when it is this group's
}

func newShares(f plane.Forward, find func(string) *group) *shares {
	s := &shares{sticky: f.Stickiness}
	for _, w := range f.Groups {
		s.groups = append(s.groups, share{group: find(w.Group), weight: w.Weight})
		s.total += w.Weight
	}
	return s
}

// next returns the group whose turn it is; nil when all weights are zero.
func (s *shares) next() *group {
	if len(s.groups) == 1 && s.total > 0 {
		return s.groups[0].group
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var best *share
	for i := range s.groups {
		g := &s.groups[i]
		g.current += g.weight
		if g.weight > 0 && (best == nil || g.current > best.current) {
			best = g
		}
	}
	if best == nil {
		return nil
	}
	best.current -= s.total
	return best.group
}

// choose returns the group for a request: the one its cookie names while that still has weight, else the next.
func (s *shares) choose(r *http.Request) *group {
	if s.sticky > 0 && r != nil { // of bytes there is no cookie
		if c, err := r.Cookie(groupCookie); err == nil {
			for _, g := range s.groups {
				if g.weight > 0 && stampOf(g.group.id) == c.Value {
					return g.group
				}
			}
		}
	}
	return s.next()
}

// stampOf is what a cookie says instead of a name or an address, which are no client's business.
func stampOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}

func stick(h http.Header, name, value string, lasts time.Duration) {
	c := http.Cookie{Name: name, Value: value, Path: "/", Expires: time.Now().Add(lasts)}
	h.Add("Set-Cookie", c.String())
}
