package rollout

import (
	"fmt"

	"github.com/slipway/slipway/internal/deploy"
)

// settle draws the conclusions of what has ended: it moves each target at work to its next
// event, or ends it.
func (p *pass) settle() {
	for i := range p.targets {
		if p.targets[i].Status == deploy.TargetInProgress {
			p.settleTarget(i)
		}
	}
}

func (p *pass) settleTarget(i int) {
	t := &p.targets[i]
	for k := range t.Events {
		e := &t.Events[k]
		if e.Status == deploy.EventInProgress {
			p.expire(i, e)
		}
		switch {
		case e.Status == deploy.EventInProgress:
			return
		case e.Status == deploy.EventPending:
			p.nextEvent(i, e)
			return
		case e.Status != deploy.EventSucceeded && !p.forgiven(e):
			p.moveTarget(i, deploy.TargetFailed)
			return
		}
	}
	p.moveTarget(i, deploy.TargetSucceeded)
}

// nextEvent begins e, unless the deployment is being stopped.
func (p *pass) nextEvent(i int, e *deploy.EventRecord) {
	if p.d.Stop == nil {
		p.moveEvent(i, e, deploy.EventInProgress)
	}
}

// forgiven says whether the failure of e does not fail its target: its scripts belong to
// the revision that is being replaced, and the caller said not to mind them.
func (p *pass) forgiven(e *deploy.EventRecord) bool {
	return p.d.IgnoreApplicationStopFailures && e.Name.RunsPrevious()
}

// expire fails an event that is past its deadline.
func (p *pass) expire(i int, e *deploy.EventRecord) {
	if p.now.Before(e.Deadline(p.d.Limits)) {
		return
	}
	message := deploy.NotPickedUp
	if !e.TakenAt.IsZero() {
		message = fmt.Sprintf("The host took the lifecycle event %s but did not report its outcome within %s. "+
			"Check that the host is up and that its CodeDeploy agent is running.", e.Name, p.d.Limits.Event)
	}
	log := ""
	if e.Diagnostics != nil {
		log = e.Diagnostics.Log // what the host had told so far
	}
	e.Diagnostics = &deploy.Diagnostics{Code: deploy.CodeUnknownError, Message: message, Log: log}
	p.plan.Withdrawn = append(p.plan.Withdrawn, p.step(i, e))
	p.moveEvent(i, e, deploy.EventFailed)
}

// start lets as many targets begin as the floor of healthy hosts allows, or ends the
// deployment when there is nothing left to do.
func (p *pass) start() {
	if p.d.Status == deploy.Queued && !p.open() {
		return
	}
	tally := p.tally()
	if p.d.Failure != nil {
		p.giveUp(tally)
		return
	}
	healthy := p.d.Config.Healthy
	switch healthy.Judge(tally) {
	case deploy.NotValid:
		p.fail(deploy.HealthConstraintsInvalid, tally)
	case deploy.TooMany, deploy.TooFew:
		p.fail(deploy.HealthConstraints, tally)
	case deploy.Enough:
		p.end(deploy.Succeeded)
	default:
		p.startTargets(healthy.Room(tally))
		p.d.Waiting = p.explain(p.tally())
	}
}

// open moves a queued deployment to work, and reports whether there is any.
func (p *pass) open() bool {
	if len(p.targets) == 0 {
		p.abort(deploy.Failed, deploy.Failure(deploy.NoInstances))
		return false
	}
	p.become(deploy.InProgress)
	if p.d.UpdateOutdatedOnly {
		p.skipCurrent()
	}
	return true
}

// skipCurrent skips the targets that run the revision already.
func (p *pass) skipCurrent() {
	for i := range p.targets {
		if p.targets[i].Running == p.d.Revision.Key() {
			p.moveTarget(i, deploy.TargetSkipped)
		}
	}
}

// startTargets begins the first n targets that wait.
func (p *pass) startTargets(n int) {
	for i := range p.targets {
		if n == 0 {
			return
		}
		if p.targets[i].Status == deploy.TargetPending {
			p.moveTarget(i, deploy.TargetInProgress)
			p.settleTarget(i)
			n--
		}
	}
}

// tally counts the fleet. A target that was skipped because it is up to date is healthy.
func (p *pass) tally() deploy.Tally {
	t := deploy.Tally{Fleet: len(p.targets)}
	for i := range p.targets {
		switch p.targets[i].Status {
		case deploy.TargetPending:
			t.Waiting++
		case deploy.TargetInProgress, deploy.TargetReady:
			t.InFlight++
		case deploy.TargetFailed, deploy.TargetUnknown:
			t.Failed++
		}
	}
	return t
}

// fail decides that the deployment fails, and ends it when nothing is at work any more.
func (p *pass) fail(code deploy.FailureCode, t deploy.Tally) {
	p.d.Failure = deploy.Failure(code)
	p.giveUp(t)
}

// giveUp lets the targets at work come to their end, so that no host is left between two
// revisions, and starts no other.
func (p *pass) giveUp(t deploy.Tally) {
	p.skipPending()
	if t.InFlight == 0 {
		p.end(deploy.Failed)
		return
	}
	p.d.Waiting = fmt.Sprintf("The deployment has failed; %s at work will come to an end first.", hosts(t.InFlight))
}

func (p *pass) skipPending() {
	for i := range p.targets {
		if p.targets[i].Status == deploy.TargetPending {
			p.moveTarget(i, deploy.TargetSkipped)
		}
	}
}

// explain says why nothing more starts now.
func (p *pass) explain(t deploy.Tally) string {
	if t.Waiting == 0 {
		return fmt.Sprintf("Waiting for %s at work.", hosts(t.InFlight))
	}
	floor := p.d.Config.Healthy.Floor(t.Fleet)
	return fmt.Sprintf("%s at work; %s must wait, because %d of %d must stay healthy.",
		hosts(t.InFlight), hosts(t.Waiting), floor, t.Fleet)
}

func hosts(n int) string {
	if n == 1 {
		return "1 instance"
	}
	return fmt.Sprintf("%d instances", n)
}
