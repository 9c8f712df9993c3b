package rollout

import (
	"fmt"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// A routed deployment moves traffic in front of what it replaces, on Lambda and ECS. All its
// targets begin at once; what the config says is how much of the traffic of each follows, and
// when. The schedule is a conversation: the plan asks for a share (Shift.Want), the platform
// makes it so and sees that it is (Shift.At), and the next share is due an interval after that.
//
// Such a deployment never ends half way: whatever keeps it from its end, the traffic of each
// target that has not all moved goes back first.

// route goes on with a routed deployment, or takes it back.
func (p *pass) route(clear bool) {
	switch {
	case p.d.Stop != nil:
		if p.d.Failure == nil {
			p.d.Failure = deploy.Failure(deploy.ManualStop)
		}
		p.unwind(deploy.Stopped)
		return
	case p.d.Failure != nil:
		p.unwind(deploy.Failed)
		return
	case p.d.Status == deploy.Queued && !clear:
		p.d.Waiting = "Waiting until the state of the alarms is known."
		return
	case p.d.Status == deploy.Queued:
		p.become(deploy.InProgress)
	}
	for i := range p.targets {
		switch p.targets[i].Status {
		case deploy.TargetReady:
			if p.ready(); p.d.ContinuedAt.IsZero() || p.d.Stop != nil {
				return
			}
			fallthrough
		case deploy.TargetPending:
			p.moveTarget(i, deploy.TargetInProgress)
			p.settleTarget(i)
		}
	}
	for i := range p.targets {
		if p.targets[i].Status == deploy.TargetFailed {
			p.d.Failure = p.routedFailure(&p.targets[i])
			p.unwind(deploy.Failed)
			return
		}
	}
	p.move(clear)
}

// move lets the traffic of each target follow its schedule.
func (p *pass) move(clear bool) {
	done := true
	p.d.Waiting = ""
	for i := range p.targets {
		t := &p.targets[i]
		if e := t.Current(); e != nil && e.Name == deploy.AllowTraffic && clear {
			p.shift(i)
		}
		if t.Status != deploy.TargetSucceeded {
			done = false
			p.d.Waiting = p.explainRouted(t)
		}
	}
	if done {
		p.end(deploy.Succeeded)
	}
}

// shift asks for the next share of the traffic once it is due.
func (p *pass) shift(i int) {
	s := p.targets[i].Shift
	if s.Back || s.Share == 100 || s.Share != s.Want {
		return
	}
	next, _ := p.d.Config.Traffic.Next(s.Share)
	if due := p.nextShare(s); p.now.Before(due) {
		p.wake(due)
		return
	}
	p.targets[i].Shift = s.To(next, p.now)
	p.dirty[i] = true
}

// nextShare is when the share after the one that was reached is due.
func (p *pass) nextShare(s deploy.Shift) time.Time {
	_, wait := p.d.Config.Traffic.Next(s.Share)
	return s.At.Add(p.d.Pace(wait))
}

// unwind ends a routed deployment that has come to nothing, once all traffic is where it was
// that has not moved for good.
func (p *pass) unwind(status deploy.Status) {
	returning := 0
	for i := range p.targets {
		if !p.unwindTarget(i) {
			returning++
		}
	}
	if returning == 0 {
		p.end(status)
		return
	}
	p.d.Waiting = "Moving the traffic back: " + p.d.Failure.Message
}

// unwindTarget ends a target, and reports whether it has ended.
func (p *pass) unwindTarget(i int) bool {
	t := &p.targets[i]
	e := t.Current()
	switch {
	case t.Status.Done():
		return true
	case e == nil || e.Name != deploy.AllowTraffic || t.Shift.Since.IsZero():
		p.leaveOff(i, e)
		return true
	case p.d.Creator == deploy.ByRollback:
		p.leaveOff(i, e) // behind it is what it was to undo
		return true
	case !t.Shift.Back:
		t.Shift.Back = true
		t.Shift = t.Shift.To(0, p.now)
		p.dirty[i] = true
		return false
	case !t.Shift.Settled():
		return false
	default:
		p.leaveOff(i, e)
		return true
	}
}

// turnsBack says that the event in hand, which is late, does not end yet, since its traffic goes
// back first. The deployment has failed of it.
func (p *pass) turnsBack(i int, e *deploy.EventRecord, late string) bool {
	if !p.d.Routed() || e.Name != deploy.AllowTraffic || !p.targets[i].Shift.Forward() || p.d.Creator == deploy.ByRollback {
		return false
	}
	if p.d.Failure == nil {
		p.d.Failure = &deploy.ErrorInfo{Code: deploy.TimedOut, Message: late}
		if d := e.Diagnostics; d != nil && d.Refused != "" {
			p.d.Failure.Code = d.Refused
		}
	}
	return true
}

// leaveOff ends a target where it is.
func (p *pass) leaveOff(i int, e *deploy.EventRecord) {
	if e == nil {
		p.cut(i)
		return
	}
	p.withdraw(i, e, p.d.Failure.Message)
	p.moveTarget(i, deploy.TargetFailed)
}

// withdraw fails the event in hand, which is no longer wanted.
func (p *pass) withdraw(i int, e *deploy.EventRecord, why string) {
	p.plan.Withdrawn = append(p.plan.Withdrawn, p.step(i, e))
	log := ""
	if e.Diagnostics != nil {
		log = e.Diagnostics.Log
	}
	e.Diagnostics = &deploy.Diagnostics{Code: deploy.CodeUnknownError, Message: why, Log: log}
	p.moveEvent(i, e, deploy.EventFailed)
}

// The texts of AWS about hooks.
const (
	hookFailed = "The deployment failed because one or more of the lifecycle event validation functions failed."
	hookSilent = "The deployment timed out while waiting for a status callback. CodeDeploy expects a status callback " +
		"within one hour after a deployment hook is invoked."
)

// routedFailure is why the failure of a target fails the whole deployment.
func (p *pass) routedFailure(t *deploy.Target) *deploy.ErrorInfo {
	if why := t.Refused(); why != nil {
		return why
	}
	for _, e := range t.Events {
		switch d := e.Diagnostics; {
		case e.Status != deploy.EventFailed || d == nil:
		case t.Hooks[e.Name] == "":
			return &deploy.ErrorInfo{Code: deploy.TimedOut, Message: d.Message}
		case d.Message == hookSilent:
			return &deploy.ErrorInfo{Code: deploy.HookFailed, Message: d.Message}
		default:
			return &deploy.ErrorInfo{Code: deploy.HookFailed, Message: fmt.Sprintf("%s %s of %s: %s", hookFailed, e.Name, t.ID, d.Message)}
		}
	}
	return deploy.Failure(deploy.HookFailed)
}

// deadline is when the event in hand has failed.
func (p *pass) deadline(i int, e *deploy.EventRecord) time.Time {
	s := p.targets[i].Shift
	switch {
	case !p.d.Routed():
		return e.Deadline(p.d.Limits)
	case e.Name != deploy.AllowTraffic && p.targets[i].Hooks[e.Name] != "":
		return e.Deadline(p.d.Limits) // it is taken when the function is called
	case e.Name != deploy.AllowTraffic || s.Since.IsZero():
		return e.StartedAt.Add(p.d.Limits.Event)
	case s.Settled():
		return p.nextShare(s).Add(p.d.Limits.Event)
	default:
		return s.Since.Add(p.d.Limits.Event)
	}
}

// inMinutes is how AWS says for how long it waits.
func inMinutes(d time.Duration) string {
	if d%time.Minute != 0 {
		return d.String()
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}

// lateRouted says what an event of a routed deployment that is past its deadline has failed of.
func (p *pass) lateRouted(t *deploy.Target, e *deploy.EventRecord) string {
	hook := t.Hooks[e.Name]
	switch {
	case e.Name == deploy.Install:
		text := fmt.Sprintf("The deployment timed out while waiting for the replacement task set to become healthy. "+
			"This time out period is %s.", inMinutes(p.d.Limits.Event))
		if d := e.Diagnostics; d != nil {
			text += " " + d.Log // what was seen of it last
		}
		return text
	case e.Name == deploy.AllowTraffic:
		return fmt.Sprintf("%d%% of the traffic of %s was to move, but did not within %s.", t.Shift.Want, t.ID, p.d.Limits.Event)
	case hook == "":
		return fmt.Sprintf("%s of %s was not done within %s.", e.Name, t.ID, p.d.Limits.Event)
	case e.TakenAt.IsZero():
		return fmt.Sprintf("The function %s could not be called within %s.", hook, p.d.Limits.Pickup)
	default:
		return hookSilent
	}
}

func (p *pass) explainRouted(t *deploy.Target) string {
	e := t.Current()
	switch s := t.Shift; {
	case e == nil:
		return fmt.Sprintf("%s is at work.", t.ID)
	case t.Hooks[e.Name] != "":
		return fmt.Sprintf("Waiting for the function %s to report on %s of %s.", t.Hooks[e.Name], e.Name, t.ID)
	case e.Name == deploy.AllowTraffic && s.Settled() && s.Share < 100:
		next, _ := p.d.Config.Traffic.Next(s.Share)
		return fmt.Sprintf("%d%% of the traffic of %s has moved; %d%% follows at %s.", s.Share, t.ID, next-s.Share,
			p.nextShare(s).UTC().Format(time.RFC3339))
	case e.Name == deploy.AllowTraffic:
		return fmt.Sprintf("Moving %d%% of the traffic of %s.", s.Want, t.ID)
	default:
		return fmt.Sprintf("%s of %s.", e.Name, t.ID)
	}
}

// retiresTasks is the side of an ECS service that has no more purpose: the one that has lost the
// traffic, or a replacement that has none. One that has all of it stays, with the original, when
// the deployment fails after that: a rollback goes back to the original and removes the other.
func (p *pass) retiresTasks(status deploy.Status) (side deploy.Label, any bool) {
	t := p.service()
	switch {
	case t == nil:
		return "", false
	case status == deploy.Succeeded:
		return deploy.Blue, p.d.Terminates() || p.d.Creator == deploy.ByRollback
	case p.d.Creator == deploy.ByRollback, t.Shift.Share > 0, !t.Shift.Since.IsZero() && !t.Shift.Settled():
		return "", false
	default:
		return deploy.Green, !t.Event(deploy.Install).StartedAt.IsZero()
	}
}

// service is the only target of a deployment on ECS, nil while there is none.
func (p *pass) service() *deploy.Target {
	if p.d.Platform != deploy.ECS || len(p.targets) == 0 {
		return nil
	}
	return &p.targets[0]
}

// moved says whether any traffic of a routed deployment was asked to move.
func (p *pass) moved() bool {
	for i := range p.targets {
		if !p.targets[i].Shift.Since.IsZero() {
			return true
		}
	}
	return false
}

// reversal is the deployment that moves the traffic of a routed one back, all at once.
func (p *pass) reversal() *deploy.Deployment {
	if p.d.Platform == deploy.ECS {
		return p.reversalOfService()
	}
	var functions []deploy.Function
	for _, t := range p.targets {
		if t.Function != nil && !t.Shift.Since.IsZero() {
			functions = append(functions, *t.Function)
		}
	}
	d := p.redeployment(deploy.ReverseFunctions(functions), p.d.FileExists)
	d.Previous = p.s.Group.History.LastGood
	d.Config, _ = deploy.Predefined(deploy.PredefinedPrefix + string(p.d.Platform) + "AllAtOnce")
	d.IgnoreApplicationStopFailures = false
	return d
}

// reversalOfService moves the traffic back to the task set that had it, which is still there.
func (p *pass) reversalOfService() *deploy.Deployment {
	good := p.d.Revision
	if h := p.s.Group.History; h.LastGood != nil {
		good = *h.LastGood
	}
	d := p.redeployment(good, p.d.FileExists)
	d.Previous = p.s.Group.History.LastGood
	d.Config, _ = deploy.Predefined(deploy.PredefinedPrefix + string(p.d.Platform) + "AllAtOnce")
	d.IgnoreApplicationStopFailures, d.BlueGreen = false, p.d.BlueGreen
	return d
}

// residueRouted says where the traffic of each target is that is not where it should be.
func (p *pass) residueRouted() (list []string) {
	for _, t := range p.targets {
		to := "the replacement task set"
		if t.Function != nil {
			to = "version " + t.Function.Target
		}
		s := t.Shift
		unseen := !s.Since.IsZero() && !s.Settled() // what was asked for last may have been done
		if t.Status != deploy.TargetSucceeded && (s.Want != s.Share || s.Share != 0 || unseen) {
			list = append(list, fmt.Sprintf("%d%% of the traffic of %s goes to %s, as far as could be seen.", s.Share, t.ID, to))
		}
	}
	return list
}
