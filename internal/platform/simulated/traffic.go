package simulated

import (
	"context"
	"errors"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// A Fault is what happens to a request to a load balancer; the zero value is none.
type Fault string

// The faults.
const (
	Refused Fault = "refused" // an error at once, and nothing done: throttled, or nobody listens
	Hanging Fault = "hanging" // nothing done, and no answer
	Lost    Fault = "lost"    // done, and no answer
)

var errRefused = errors.New("the load balancer is busy")

// happen is how the request ends, as far as its sender knows.
func (f Fault) happen(ctx context.Context) error {
	switch f {
	case "":
		return nil
	case Refused:
		return errRefused
	default:
		<-ctx.Done()
		return context.Cause(ctx)
	}
}

// traffic is what a load balancer does with one host.
type traffic struct {
	in      bool        // the host gets requests
	want    bool        // whether it should
	step    deploy.Step // the last that asked
	settled time.Time   // when want is reached
	faults  []Fault     // that are still to come
}

func (p *Platform) nextFault(host string) (f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t := p.traffic[host]; len(t.faults) > 0 {
		f, t.faults = t.faults[0], t.faults[1:]
	}
	return f
}

// shift asks the host's load balancer to take it out or put it in, which takes as long as
// an event does. Asking again for the same step changes nothing.
func (p *Platform) shift(ctx context.Context, s deploy.Step) error {
	fault := p.nextFault(s.TargetID)
	if fault == "" || fault == Lost {
		p.mu.Lock()
		if t := p.traffic[s.TargetID]; t.step != s {
			t.step, t.want, t.settled = s, s.Event == deploy.AllowTraffic, time.Now().Add(p.hosts[s.TargetID].Work)
		}
		p.mu.Unlock()
	}
	return fault.happen(ctx)
}

// Observe looks at the load balancer; everything else the hosts report by themselves.
func (p *Platform) Observe(ctx context.Context, s deploy.Step) (platform.Observation, error) {
	if d, err := p.store.Deployment(ctx, s.DeploymentID); err != nil || d.Routed() {
		t, err := p.store.Target(ctx, s.DeploymentID, s.TargetID)
		if err != nil {
			return platform.Observation{}, err
		}
		return p.observeRouted(ctx, d, t, s)
	}
	if !s.Event.ByService() {
		return platform.Observation{}, nil
	}
	if err := p.nextFault(s.TargetID).happen(ctx); err != nil {
		return platform.Observation{}, err
	}
	d, err := p.store.Deployment(ctx, s.DeploymentID)
	if err != nil {
		return platform.Observation{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.traffic[s.TargetID]
	if left := time.Until(t.settled); left > 0 {
		return platform.Observation{Again: left}, nil
	}
	outcome := p.hosts[s.TargetID].outcome(s.Event, d.Revision.S3.Key)
	if t.step == s && outcome.Status == deploy.EventSucceeded {
		t.in = t.want
		p.countServing()
	}
	return platform.Observation{Outcome: &outcome}, nil
}

// HasTraffic says whether the host gets requests.
func (p *Platform) HasTraffic(host string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.traffic[host].in
}
