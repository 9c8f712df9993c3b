package rollout

import (
	"fmt"

	"github.com/slipway/slipway/internal/deploy"
)

// stop ends the deployment at the caller's wish: what no host has taken yet is withdrawn,
// what runs may end, nothing follows it.
func (p *pass) stop() {
	running := 0
	for i := range p.targets {
		if !p.stopTarget(i) {
			running++
		}
	}
	if running > 0 {
		p.d.Waiting = fmt.Sprintf("Stopping: waiting for the running lifecycle event of %s.", hosts(running))
		return
	}
	if p.d.Failure == nil {
		p.d.Failure = deploy.Failure(deploy.ManualStop)
	}
	p.end(deploy.Stopped)
}

// stopTarget ends a target and reports whether it has ended. One that was begun and cut
// short has failed: its host is between two revisions.
func (p *pass) stopTarget(i int) bool {
	t := &p.targets[i]
	if t.Status.Done() {
		return true
	}
	if e := t.Current(); e != nil {
		if !e.TakenAt.IsZero() { // what the service does itself is simply left
			return false
		}
		p.plan.Withdrawn = append(p.plan.Withdrawn, p.step(i, e))
	}
	if t.Touched() {
		p.moveTarget(i, deploy.TargetFailed)
	} else {
		p.moveTarget(i, deploy.TargetSkipped)
	}
	return true
}

// abort ends the deployment at once, whatever is at work: nobody would hear of it any more.
func (p *pass) abort(status deploy.Status, why *deploy.ErrorInfo) {
	for i := range p.targets {
		t := &p.targets[i]
		if e := t.Current(); e != nil {
			p.plan.Withdrawn = append(p.plan.Withdrawn, p.step(i, e))
			e.Diagnostics = &deploy.Diagnostics{Code: deploy.CodeUnknownError, Message: why.Message}
			p.moveEvent(i, e, deploy.EventFailed)
		}
		switch {
		case t.Status.Done():
		case t.Touched():
			p.moveTarget(i, deploy.TargetFailed)
		default:
			p.moveTarget(i, deploy.TargetSkipped)
		}
	}
	p.d.Failure = why
	p.end(status)
}
