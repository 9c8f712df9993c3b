// Package simulated is a platform of imagined hosts in virtual time. Each host takes the
// steps that it is asked for, works for a while, and reports, as real agents do; it can be
// told to fail an event or never to answer. It watches the engine while it does so: a step
// that is asked for before the store says so, or that would run twice, is a violation.
package simulated

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// A Host says how an imagined host behaves.
type Host struct {
	Name   string
	Tags   []deploy.Tag
	Work   time.Duration           // how long each event takes
	Fails  map[deploy.Event]string // events that fail, by the revision (S3 key) that makes them; "*" is any
	Silent bool                    // never answers
	Broken int                     // how many reports get lost before one arrives
	Zone   string                  // its availability zone
	// Faults are what happens to the first requests to its load balancer, one after the other.
	Faults []Fault
	// Serving says that it gets requests from the beginning.
	Serving bool
}

// Store is what the hosts read and report to.
type Store interface {
	Deployment(ctx context.Context, id string) (deploy.Deployment, error)
	Target(ctx context.Context, deploymentID, targetID string) (deploy.Target, error)
	Targets(ctx context.Context, deploymentID string) ([]deploy.Target, error)
	UpdateTarget(ctx context.Context, deploymentID, targetID string, change func(*deploy.Target) error) error
	Health(ctx context.Context, groupID string) (map[string]deploy.InstanceHealth, error)
}

// A Platform is the platform.Driver over imagined hosts. Reports go to Wake.
type Platform struct {
	store Store
	hosts map[string]Host
	order []Host
	wake  func(deploymentID string)

	mu         sync.Mutex
	started    map[deploy.Step]bool
	traffic    map[string]*traffic
	least      int               // see LeastServing
	fleets     map[string]*fleet // by the name of their Auto Scaling group
	aliases    map[string]*Alias
	made       map[deploy.Step]time.Time // when the tasks of an Install run
	ran        []deploy.Step
	violations []string
	busy       sync.WaitGroup
}

var _ platform.Driver = (*Platform)(nil)

// New returns a platform of these hosts.
func New(store Store, hosts []Host) *Platform {
	p := &Platform{store: store, hosts: map[string]Host{}, order: hosts, started: map[deploy.Step]bool{},
		traffic: map[string]*traffic{}, wake: func(string) {}, aliases: map[string]*Alias{}, made: map[deploy.Step]time.Time{}}
	p.least = math.MaxInt
	p.fleets = map[string]*fleet{FirstFleet: {hosts: hosts}}
	for _, h := range hosts {
		p.hosts[h.Name] = h
		p.traffic[h.Name] = &traffic{faults: h.Faults, in: h.Serving}
	}
	return p
}

// Attach sets whom to tell of a report; a new engine takes the place of a crashed one.
func (p *Platform) Attach(wake func(deploymentID string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wake = wake
}

// Wait returns when no host works any more.
func (p *Platform) Wait() { p.busy.Wait() }

// Ran lists the steps that hosts carried out, in order.
func (p *Platform) Ran() []deploy.Step {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]deploy.Step(nil), p.ran...)
}

// Violations lists the laws that were seen broken.
func (p *Platform) Violations() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.violations...)
}

func (p *Platform) violate(format string, args ...any) {
	p.violations = append(p.violations, fmt.Sprintf(format, args...))
}

// Resolve selects the hosts by the group's tag filters, or takes both sides of a blue/green deployment.
func (p *Platform) Resolve(ctx context.Context, d deploy.Deployment, g deploy.Group, now time.Time) ([]deploy.Target, error) {
	switch {
	case d.Routed():
		return p.resolveRouted(ctx, d, now)
	case d.Style.Type == deploy.BlueGreen:
		return p.resolveSides(ctx, d, now)
	}
	if d.Style.Option == deploy.WithTrafficControl && len(p.order) > 0 {
		if err := p.nextFault(p.order[0].Name).happen(ctx); err != nil {
			return nil, err
		}
	}
	health, err := p.store.Health(ctx, g.ID)
	if err != nil {
		return nil, err
	}
	var targets []deploy.Target
	for _, h := range p.order {
		if g.Selects(h.Tags) {
			t := deploy.NewTarget(d.ID, h.Name, "arn:simulated:"+h.Name, d.Lifecycle(""), now)
			t.WasHealthy, t.Running, t.Zone = health[h.Name].Healthy, health[h.Name].Revision, h.Zone
			targets = append(targets, t)
		}
	}
	return targets, nil
}

// Start lets the host begin, once however often it is asked.
func (p *Platform) Start(ctx context.Context, s deploy.Step) error {
	t, err := p.store.Target(ctx, s.DeploymentID, s.TargetID)
	if err != nil {
		return err
	}
	e := t.Event(s.Event)
	if e == nil || e.Attempt < s.Attempt || e.Status == deploy.EventPending {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.violate("%s was started before the store said so", s)
		return nil
	}
	if t.Function != nil {
		if hook, err := p.startRouted(ctx, t, s); !hook || err != nil {
			return err
		}
	} else if s.Event.ByService() {
		return p.shift(ctx, s)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.started[s] {
		return nil
	}
	p.started[s] = true
	if h := p.hosts[s.TargetID]; !h.Silent {
		p.busy.Add(1)
		go p.run(h, s)
	}
	return nil
}

// Cancel has nothing to do: a host that reports late is not heard.
func (p *Platform) Cancel(context.Context, deploy.Step) error { return nil }

// Forget has nothing to forget.
func (p *Platform) Forget(string) {}

// run is one host carrying out one step.
func (p *Platform) run(h Host, s deploy.Step) {
	defer p.busy.Done()
	const delivery = "only"
	taken := false
	p.insist(h, s, func(t *deploy.Target) { taken = t.Take(s, delivery, time.Now().UTC()) })
	if !taken {
		return
	}
	outcome, err := p.carryOut(h, s)
	if err != nil {
		return
	}
	time.Sleep(h.Work)
	p.insist(h, s, func(t *deploy.Target) { t.Finish(s, delivery, outcome, time.Now().UTC()) })
}

func (p *Platform) carryOut(h Host, s deploy.Step) (deploy.Outcome, error) {
	d, err := p.store.Deployment(context.Background(), s.DeploymentID)
	if err != nil {
		return deploy.Outcome{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, done := range p.ran {
		if done == s {
			p.violate("%s ran twice", s)
		}
	}
	p.ran = append(p.ran, s)
	if d.Style.Option == deploy.WithTrafficControl && p.traffic[h.Name].in && s.Event == deploy.Install {
		p.violate("%s ran while its host had traffic", s)
	}
	return h.outcome(s.Event, d.Revision.S3.Key), nil
}

// outcome is how the event ends on the host, with that revision.
func (h Host) outcome(e deploy.Event, revision string) deploy.Outcome {
	if by := h.Fails[e]; by == "*" || by != "" && by == revision {
		return deploy.Outcome{Status: deploy.EventFailed, Diagnostics: deploy.Diagnostics{
			Code: deploy.CodeScriptFailed, Message: "simulated failure"}}
	}
	return deploy.Outcome{Status: deploy.EventSucceeded, Diagnostics: deploy.Diagnostics{Code: deploy.CodeSuccess}}
}

// insist writes until it gets through, as an agent does, and then tells the engine.
func (p *Platform) insist(h Host, s deploy.Step, change func(*deploy.Target)) {
	for lost := 0; ; lost++ {
		if lost >= h.Broken {
			err := p.store.UpdateTarget(context.Background(), s.DeploymentID, s.TargetID, func(t *deploy.Target) error {
				change(t)
				return nil
			})
			if err == nil {
				break
			}
		}
		time.Sleep(time.Second)
	}
	p.mu.Lock()
	wake := p.wake
	p.mu.Unlock()
	wake(s.DeploymentID)
}
