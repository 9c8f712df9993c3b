package simulated

import (
	"context"
	"errors"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// traffic is what a load balancer does with one host.
type traffic struct {
	in      bool        // the host gets requests
	want    bool        // whether it should
	step    deploy.Step // the last that asked
	settled time.Time   // when want is reached
	flaky   int         // errors that it still gives
}

var errFlaky = errors.New("the load balancer is busy")

// shift asks the host's load balancer to take it out or put it in, which takes as long as
// an event does. Asking again for the same step changes nothing.
func (p *Platform) shift(s deploy.Step) error {
	t := p.traffic[s.TargetID]
	if t.flaky > 0 {
		t.flaky--
		return errFlaky
	}
	if t.step != s {
		t.step, t.want, t.settled = s, s.Event == deploy.AllowTraffic, time.Now().Add(p.hosts[s.TargetID].Work)
	}
	return nil
}

// Observe looks at the load balancer; everything else the hosts report by themselves.
func (p *Platform) Observe(ctx context.Context, s deploy.Step) (platform.Observation, error) {
	if !s.Event.ByService() {
		return platform.Observation{}, nil
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
