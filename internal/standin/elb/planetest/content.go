package planetest

import (
	"context"
	"sync"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// Content is a data plane without sockets, on which every target is healthy as soon as it is
// listed. Unlike those that Run holds to the contract, it forwards and drains nothing.
type Content struct {
	mu      sync.Mutex
	desired plane.Desired
}

var _ plane.Engine = (*Content)(nil)

// Apply remembers the targets.
func (c *Content) Apply(_ context.Context, d plane.Desired) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.desired = d
	return nil
}

// Observe finds the targets of the last Apply healthy.
func (c *Content) Observe() (seen plane.Observed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, g := range c.desired.Groups {
		for _, t := range g.Targets {
			seen.Targets = append(seen.Targets, plane.Status{Group: g.ID, Target: t, State: plane.Healthy})
		}
	}
	return seen
}

// Changed never says so: who asks again finds out.
func (c *Content) Changed() <-chan struct{} { return nil }

// Collect has nothing to tell.
func (c *Content) Collect() []plane.Sample { return nil }

// Close ends nothing.
func (c *Content) Close(context.Context) error { return nil }
