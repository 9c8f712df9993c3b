package rollout

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/deploy"
)

// settle draws the conclusions of what has ended: it moves each target at work to its next
// event, or ends it.
func (p *pass) settle() {
	for i := range p.targets {
		if t := &p.targets[i]; t.Gone && !t.Status.Done() {
			p.leave(i)
		}
		if p.targets[i].Status == deploy.TargetInProgress {
			p.settleTarget(i)
		}
	}
}

// leave leaves an instance alone that is not there any more: it fails nothing.
func (p *pass) leave(i int) {
	if e := p.targets[i].Current(); e != nil {
		p.plan.Withdrawn = append(p.plan.Withdrawn, p.step(i, e))
	}
	p.moveTarget(i, deploy.TargetSkipped)
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
		case e.Status == deploy.EventPending && p.holdsBefore(e.Name):
			p.moveTarget(i, deploy.TargetReady)
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

// nextEvent begins e, unless the deployment is being stopped, or goes back.
func (p *pass) nextEvent(i int, e *deploy.EventRecord) {
	if p.d.Stop == nil && !(p.d.Routed() && p.d.Failure != nil) {
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
	if p.now.Before(p.deadline(i, e)) {
		return
	}
	message := deploy.NotPickedUp
	switch {
	case p.d.Routed():
		message = p.lateRouted(&p.targets[i], e)
	case e.Name == deploy.BlockTraffic:
		message = fmt.Sprintf("The instance still had traffic %s after it was taken out of its load balancers.", p.d.Limits.Event)
	case e.Name == deploy.AllowTraffic:
		message = fmt.Sprintf("The instance did not become healthy in its load balancers within %s. "+
			"Check its health checks there.", p.d.Limits.Event)
	case !e.TakenAt.IsZero():
		message = fmt.Sprintf("The host took the lifecycle event %s but did not report its outcome within %s. "+
			"Check that the host is up and that its CodeDeploy agent is running.", e.Name, p.d.Limits.Event)
	}
	log := ""
	if e.Diagnostics != nil {
		log = e.Diagnostics.Log // what the host had told so far, or what was awaited
	}
	if e.Name.ByService() && log != "" {
		message += " " + log
	}
	if p.turnsBack(i, e, message) {
		return
	}
	e.Diagnostics = &deploy.Diagnostics{Code: deploy.CodeUnknownError, Message: message, Log: log}
	p.plan.Withdrawn = append(p.plan.Withdrawn, p.step(i, e))
	p.moveEvent(i, e, deploy.EventFailed)
}

// start lets as many targets begin as the floor of healthy hosts allows, or ends the
// deployment when there is nothing left to do.
func (p *pass) start() {
	switch {
	case p.d.Status == deploy.Queued && !p.open():
		return
	case p.d.Status == deploy.Ready && p.rerouting():
		p.become(deploy.InProgress)
	}
	if p.d.Failure != nil {
		p.giveUp()
		return
	}
	tally := p.tally()
	switch p.verdict(tally) {
	case deploy.NotValid:
		p.fail(deploy.Failure(deploy.HealthConstraintsInvalid))
	case deploy.TooMany, deploy.TooFew:
		p.fail(deploy.Failure(deploy.HealthConstraints))
	case deploy.Enough:
		p.enough()
	default:
		p.startMore(tally)
	}
}

// enough goes on once enough targets have come through: in place there is nothing more.
func (p *pass) enough() {
	if p.incoming() == "" {
		p.end(deploy.Succeeded)
		return
	}
	p.nextStage()
}

// verdict is the fleet's, unless a zone's own floor speaks against going on.
func (p *pass) verdict(t deploy.Tally) deploy.Verdict {
	if v := p.zoneVerdict(); v != deploy.GoOn {
		return v
	}
	return p.d.Config.Healthy.Judge(t)
}

// startMore begins as many targets of the zone in hand as the floors allow.
func (p *pass) startMore(tally deploy.Tally) {
	z, opens := p.zone()
	if p.now.Before(opens) {
		p.monitoring(z, opens)
		return
	}
	p.startTargets(z, p.roomIn(z, p.d.Config.Healthy.Room(tally)))
	if tally = p.tally(); tally.InFlight == 0 && tally.Waiting > 0 && p.d.Stop == nil {
		p.fail(deploy.Failure(deploy.HealthConstraints)) // hosts of another zone are down: nothing here may be taken
		return
	}
	p.d.Waiting = p.explain(tally)
}

// spare is how many hosts that are up may be taken: the others hold the floor. Hosts that
// are down are usually tried first, and then this follows from the room there is; but those
// in a later zone are not. A side that gets its traffic only now holds nothing up yet.
func (p *pass) spare() int {
	if p.incoming() != "" {
		return len(p.targets)
	}
	up, before, fleet := 0, 0, p.fleet()
	for i := fleet.from; i < fleet.till; i++ {
		t := &p.targets[i]
		if t.WasHealthy {
			before++
		}
		if t.Status == deploy.TargetSucceeded || t.WasHealthy && (t.Status == deploy.TargetPending || t.Status == deploy.TargetSkipped) {
			up++
		}
	}
	return up - min(p.d.Config.Healthy.Floor(fleet.till), before)
}

// open moves a queued deployment to work, and reports whether there is any.
func (p *pass) open() bool {
	if p.fleet().till == 0 {
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

// startTargets begins the first n targets of z that wait.
func (p *pass) startTargets(z zone, n int) {
	spare := p.spare()
	for i := z.from; i < z.till && n > 0; i++ {
		if !p.waits(i) {
			continue
		}
		if p.targets[i].WasHealthy {
			if spare <= 0 {
				continue
			}
			spare--
		}
		p.moveTarget(i, deploy.TargetInProgress)
		p.settleTarget(i)
		n--
	}
}

// fleet is the targets that the config's floor is about.
func (p *pass) fleet() zone {
	if in := p.incoming(); in != "" {
		return p.side(in)
	}
	return zone{till: len(p.targets)}
}

// tally counts the fleet. A target that was skipped because it is up to date is healthy.
func (p *pass) tally() deploy.Tally { return p.tallyOf(p.fleet()) }

func (p *pass) tallyOf(z zone) deploy.Tally {
	t := deploy.Tally{Fleet: z.till - z.from}
	for i := z.from; i < z.till; i++ {
		switch status := p.targets[i].Status; {
		case p.targets[i].Gone:
			t.Fleet--
		case p.waits(i):
			t.Waiting++
		case status == deploy.TargetInProgress:
			t.InFlight++
		case status == deploy.TargetFailed, status == deploy.TargetUnknown:
			t.Failed++
		}
	}
	return t
}

// waits says whether target i is still to be begun, in the stage in hand.
func (p *pass) waits(i int) bool {
	status := p.targets[i].Status
	return status == deploy.TargetPending || status == deploy.TargetReady && p.rerouting()
}

// fail decides that the deployment fails, and ends it when nothing is at work any more.
func (p *pass) fail(why *deploy.ErrorInfo) {
	p.d.Failure = why
	p.giveUp()
}

// giveUp lets the targets at work come to their end, so that no host is left between two
// revisions, and starts no other.
func (p *pass) giveUp() {
	p.skipWaiting()
	t := p.tallyOf(zone{till: len(p.targets)})
	if t.InFlight == 0 {
		p.d.Failure = p.precise(p.d.Failure)
		p.end(deploy.Failed)
		return
	}
	p.d.Waiting = fmt.Sprintf("The deployment has failed; %s at work will come to an end first.", hosts(t.InFlight))
}

// precise replaces the general reason of a failure where all that failed has the same one.
func (p *pass) precise(why *deploy.ErrorInfo) *deploy.ErrorInfo {
	switch refused, gone := p.refused(), p.allGone(); {
	case why.Code != deploy.HealthConstraints:
		return why
	case gone != "":
		return &deploy.ErrorInfo{Code: deploy.NoInstances, Message: "The deployment failed because none of its instances is left: " +
			gone + " went before it had ended."}
	case p.allSilent():
		return deploy.Failure(deploy.AgentIssue)
	case refused != nil:
		return refused
	default:
		return why
	}
}

// refused is why the platform could not carry out the events of all targets that failed, nil
// where one has failed for another reason.
func (p *pass) refused() (why *deploy.ErrorInfo) {
	for _, t := range p.targets {
		if t.Status != deploy.TargetFailed {
			continue
		}
		of := t.Refused()
		if of == nil || why != nil && of.Code != why.Code {
			return nil
		}
		why = cmp.Or(why, of)
	}
	return why
}

// allGone names the instances of the deployment where somebody else has ended every one, "" else.
func (p *pass) allGone() string {
	fleet := p.fleet()
	var names []string
	for _, t := range p.targets[fleet.from:fleet.till] {
		if !t.Gone {
			return ""
		}
		names = append(names, t.ID)
	}
	if more := len(names) - mostNamed; more > 0 {
		names = append(names[:mostNamed], fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// mostNamed is how many instances a sentence names.
const mostNamed = 5

// allSilent says whether not one instance of the deployment ever took what it was asked.
func (p *pass) allSilent() bool {
	fleet := p.fleet()
	return !slices.ContainsFunc(p.targets[fleet.from:fleet.till], func(t deploy.Target) bool {
		return t.Status != deploy.TargetFailed || t.Touched()
	})
}

func (p *pass) skipWaiting() {
	for i := range p.targets {
		if s := p.targets[i].Status; s == deploy.TargetPending || s == deploy.TargetReady {
			p.moveTarget(i, deploy.TargetSkipped)
		}
	}
}

// explain says why nothing more starts now.
func (p *pass) explain(t deploy.Tally) string {
	if t.Waiting == 0 {
		return fmt.Sprintf("Waiting for %s at work.", hosts(t.InFlight))
	}
	z, _ := p.zone()
	switch here, floor := p.tallyOf(z), p.zoneFloor(); {
	case here.Waiting == 0:
		return fmt.Sprintf("%s at work; %s must wait until %s is finished.", hosts(t.InFlight), hosts(t.Waiting), z)
	case floor != nil && floor.Room(here) == 0:
		return fmt.Sprintf("%s at work; %s must wait, because %d of %d in %s must stay healthy.",
			hosts(t.InFlight), hosts(t.Waiting), floor.Floor(here.Fleet), here.Fleet, z)
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
