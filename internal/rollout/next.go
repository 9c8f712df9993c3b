package rollout

import (
	"fmt"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// Next plans the next moves of a deployment. The error is an *deploy.IllegalMove: a fault
// of this package, never of what it looked at.
func Next(s Snapshot, now time.Time) (Plan, error) {
	p := newPass(s, now)
	switch {
	case p.d.Status.Done():
		return p.plan, nil
	case p.s.ApplicationGone:
		p.abort(deploy.Failed, deploy.Failure(deploy.ApplicationMissing))
	case p.s.Group == nil:
		p.abort(deploy.Failed, deploy.Failure(deploy.DeploymentGroupMissing))
	case !now.Before(p.d.CreatedAt.Add(p.d.Limits.Total)):
		p.abort(deploy.Failed, deploy.Failure(deploy.TimedOut))
	case p.d.Refusal != nil:
		p.abort(deploy.Failed, p.d.Refusal)
	case p.d.Trouble != nil && !now.Before(p.d.Trouble.Since.Add(p.d.Limits.Pickup)):
		p.abort(deploy.Failed, p.outOfReach(*p.d.Trouble))
	case p.d.Status == deploy.Created && p.d.Stop == nil:
		p.become(deploy.Queued)
		p.plan.Resolve = true
	case p.d.ResolvedAt.IsZero() && p.d.Stop == nil:
		p.resolve()
	default:
		p.advance()
	}
	return p.finish()
}

// advance settles what has ended, then goes on, stops or gives up.
func (p *pass) advance() {
	clear := p.heedAlarms()
	p.settle()
	switch {
	case p.d.Retirement.Due(p.now) && !p.retirementCutShort():
		p.end(deploy.Succeeded) // what could bring the traffic back is going: too late for anything else
	case p.d.Routed():
		p.route(clear)
	case p.d.Stop != nil:
		p.stop()
	case !clear && p.d.Status == deploy.Queued:
		p.d.Waiting = "Waiting until the state of the alarms is known."
	default:
		p.start()
	}
}

// outOfReach says why the services around could not name the targets.
func (p *pass) outOfReach(t deploy.Trouble) *deploy.ErrorInfo {
	if t.Throttled {
		why := deploy.Failure(deploy.Throttled)
		why.Message += " " + t.Cause
		return why
	}
	return &deploy.ErrorInfo{Code: deploy.InternalError, Message: fmt.Sprintf(
		"The instances of the deployment could not be determined within %s: %s", p.d.Limits.Pickup, t.Cause)}
}

// A pass is the working set of one call of Next: copies that may be changed, and what changed.
type pass struct {
	s       Snapshot
	now     time.Time
	d       deploy.Deployment
	targets []deploy.Target
	dirty   map[int]bool
	plan    Plan
	err     error
}

func newPass(s Snapshot, now time.Time) *pass {
	p := &pass{s: s, now: now, d: s.Deployment, dirty: map[int]bool{}}
	p.plan.Deployment = s.Deployment
	p.targets = make([]deploy.Target, len(s.Targets))
	for i, t := range s.Targets {
		p.targets[i] = t.Clone()
	}
	return p
}

// finish assembles the plan from what the pass changed.
func (p *pass) finish() (Plan, error) {
	for i := range p.targets {
		if p.dirty[i] {
			p.plan.Targets = append(p.plan.Targets, p.targets[i])
		}
	}
	p.restate()
	p.plan.Deployment = p.d
	p.plan.Notices = p.notices()
	return p.plan, p.err
}

// restate lists the steps in hand and when the first of them is overdue.
func (p *pass) restate() {
	if p.d.Status.Done() {
		p.plan.Wake = time.Time{}
		return
	}
	if total := p.d.CreatedAt.Add(p.d.Limits.Total); p.now.Before(total) {
		p.wake(total) // past it, what is still under way has deadlines of its own
	}
	if p.plan.Resolve {
		p.wake(p.now)
	}
	for i := range p.targets {
		if e := p.targets[i].Current(); e != nil {
			p.plan.Steps = append(p.plan.Steps, p.step(i, e))
			p.wake(p.deadline(i, e))
		}
	}
}

func (p *pass) wake(at time.Time) {
	if p.plan.Wake.IsZero() || at.Before(p.plan.Wake) {
		p.plan.Wake = at
	}
}

func (p *pass) step(i int, e *deploy.EventRecord) deploy.Step {
	return deploy.Step{DeploymentID: p.d.ID, TargetID: p.targets[i].ID, Event: e.Name, Attempt: e.Attempt}
}

// become moves the deployment along its table.
func (p *pass) become(next deploy.Status) {
	if !p.d.Status.MayBecome(next) {
		p.illegal("deployment "+p.d.ID, string(p.d.Status), string(next))
		return
	}
	p.d.Status = next
	switch {
	case next == deploy.InProgress && p.d.StartedAt.IsZero():
		p.d.StartedAt = p.now
	case next.Done():
		p.d.CompletedAt, p.d.Waiting = p.now, ""
	}
}

// moveTarget moves a target along its table; its open events end with it.
func (p *pass) moveTarget(i int, next deploy.TargetStatus) {
	t := &p.targets[i]
	if !t.Status.MayBecome(next) {
		p.illegal("target "+t.ID, string(t.Status), string(next))
		return
	}
	t.Status, t.UpdatedAt = next, p.now
	p.dirty[i] = true
	if !next.Done() {
		return
	}
	for k := range t.Events {
		if !t.Events[k].Status.Done() {
			p.moveEvent(i, &t.Events[k], deploy.EventSkipped)
		}
	}
}

// moveEvent moves a lifecycle event along its table.
func (p *pass) moveEvent(i int, e *deploy.EventRecord, next deploy.EventStatus) {
	if !e.Status.MayBecome(next) {
		p.illegal("event "+string(e.Name)+" of "+p.targets[i].ID, string(e.Status), string(next))
		return
	}
	e.Status = next
	p.targets[i].UpdatedAt = p.now
	p.dirty[i] = true
	if next == deploy.EventInProgress {
		e.StartedAt = p.now
		e.Attempt++
	} else {
		e.EndedAt = p.now
	}
}

func (p *pass) illegal(what, from, to string) {
	if p.err == nil {
		p.err = &deploy.IllegalMove{What: what, From: from, To: to}
	}
}
