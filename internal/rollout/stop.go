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

// stopTarget ends a target and reports whether it has ended.
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
	p.cut(i)
	return true
}

// cut ends a target that is not to go on. One that was begun has failed, unless it holds the
// new revision whole, and waits for traffic.
func (p *pass) cut(i int) {
	if t := &p.targets[i]; t.Touched() && t.Status != deploy.TargetReady {
		p.moveTarget(i, deploy.TargetFailed)
		return
	}
	p.moveTarget(i, deploy.TargetSkipped)
}

// abort ends the deployment at once, whatever is at work: nobody would hear of it any more.
// What moves traffic moves it back first.
func (p *pass) abort(status deploy.Status, why *deploy.ErrorInfo) {
	if p.d.Routed() {
		if p.d.Failure == nil {
			p.d.Failure = why
		}
		p.settle()
		p.unwind(status)
		return
	}
	for i := range p.targets {
		t := &p.targets[i]
		if e := t.Current(); e != nil {
			p.plan.Withdrawn = append(p.plan.Withdrawn, p.step(i, e))
			e.Diagnostics = &deploy.Diagnostics{Code: deploy.CodeUnknownError, Message: why.Message}
			p.moveEvent(i, e, deploy.EventFailed)
		}
		if !t.Status.Done() {
			p.cut(i)
		}
	}
	p.d.Failure = why
	p.end(status)
}
