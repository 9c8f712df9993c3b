package rollout

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// A blue/green deployment has two sides, and four stages. The side that is to get the
// traffic comes first among the targets, and is what the config's floor is about.
//
//  1. The replacement installs the revision, batch by batch, as a fleet in place does. Each
//     instance is Ready then; the deployment is too, until somebody continues it, if the
//     group wants that.
//  2. The replacement gets traffic, again batch by batch.
//  3. The original instances lose theirs, all at once: one that cannot fails the deployment.
//  4. The replacement's instances are the group's from here on. The original ones stay for
//     as long as the group wants to be able to go back, and go.
//
// Until stage 4 is over the way back is to move the traffic, so that is what a rollback
// does: stages 2 to 4 with the sides exchanged.

// incoming is the side that is to get the traffic; empty in place.
func (p *pass) incoming() deploy.Label { return p.d.Incoming() }

// side is the stretch of the targets with that label: the incoming ones, or the others.
func (p *pass) side(label deploy.Label) zone {
	border := 0
	for border < len(p.targets) && p.targets[border].Label == p.incoming() {
		border++
	}
	if label == p.incoming() {
		return zone{till: border}
	}
	return zone{from: border, till: len(p.targets)}
}

// outgoing is the side that loses its traffic.
func (p *pass) outgoing() (deploy.Label, zone) {
	label := deploy.Blue
	if p.incoming() == deploy.Blue {
		label = deploy.Green
	}
	return label, p.side(label)
}

// provisionPatience is for how long the replacement instances may take to be there.
const provisionPatience = time.Hour

// resolve asks for the targets. Those of a blue/green deployment may have to be made first.
func (p *pass) resolve() {
	if p.incoming() == "" || p.now.Before(p.d.CreatedAt.Add(provisionPatience)) {
		p.plan.Resolve = true
		return
	}
	p.abort(deploy.Failed, &deploy.ErrorInfo{Code: deploy.TimedOut, Message: fmt.Sprintf(
		"The replacement instances were not there within %s. %s", provisionPatience, p.d.Waiting)})
}

// rerouting says whether the deployment has come to move traffic.
func (p *pass) rerouting() bool {
	return !p.d.ContinuedAt.IsZero() || p.incoming() == deploy.Blue
}

// holdsBefore says whether a target that would begin e next is Ready instead.
func (p *pass) holdsBefore(e deploy.Event) bool {
	if e != deploy.BeforeAllowTraffic || p.rerouting() {
		return false
	}
	_, waits := p.d.ReadyWait()
	return p.incoming() != "" || p.d.Platform == deploy.ECS && waits
}

// rerouted says whether any traffic may have moved.
func (p *pass) rerouted() bool {
	in := p.side(p.incoming())
	for i := range p.targets {
		first := deploy.BeforeAllowTraffic
		if i >= in.till {
			first = deploy.BeforeBlockTraffic
		}
		if e := p.targets[i].Event(first); e != nil && !e.StartedAt.IsZero() {
			return true
		}
	}
	return false
}

// nextStage goes on when enough of the incoming side has come through the stage in hand.
func (p *pass) nextStage() {
	if !p.rerouting() {
		p.ready()
		return
	}
	p.takeOut()
}

// ready waits to be continued, where the group wants that, and moves traffic then.
func (p *pass) ready() {
	if p.d.ReadyAt.IsZero() {
		p.d.ReadyAt = p.now
	}
	wait, stops := p.d.ReadyWait()
	until := p.d.ReadyAt.Add(wait)
	switch {
	case !stops:
		p.d.ContinuedAt = p.now
		p.startMore(p.tally())
	case p.rerouting():
		if p.d.Status == deploy.Ready {
			p.become(deploy.InProgress)
		}
	case p.now.Before(until):
		if p.d.Status != deploy.Ready {
			p.become(deploy.Ready)
		}
		p.wake(until)
		p.d.Waiting = fmt.Sprintf("The replacement is ready. Continue the deployment to move the traffic; it is stopped at %s.",
			until.UTC().Format(time.RFC3339))
	default:
		var limit int32
		if configured := p.d.BlueGreen.ReadyWait; configured != nil {
			limit = *configured
		}
		p.d.Failure = &deploy.ErrorInfo{Code: deploy.TimedOut, Message: fmt.Sprintf(
			"The deployment timed out while waiting for a notification to continue. This time out period is %d minutes.", limit)}
		p.d.Stop = &deploy.StopRequest{At: p.now}
		p.advance()
	}
}

// takeOut takes the traffic from the outgoing side.
func (p *pass) takeOut() {
	_, out := p.outgoing()
	for i := out.from; i < out.till; i++ {
		t := &p.targets[i]
		if t.Status == deploy.TargetPending {
			p.moveTarget(i, deploy.TargetInProgress)
			p.settleTarget(i)
		}
		if t.Status == deploy.TargetFailed {
			p.fail(p.notTakenOut(t))
			return
		}
	}
	if n := p.tallyOf(out).InFlight; n > 0 {
		p.d.Waiting = fmt.Sprintf("Taking %s out of the load balancers.", hosts(n))
		return
	}
	p.end(deploy.Succeeded)
}

// notTakenOut says why one instance fails the whole deployment: it still has traffic.
func (p *pass) notTakenOut(t *deploy.Target) *deploy.ErrorInfo {
	why := ""
	for _, e := range t.Events {
		if e.Status == deploy.EventFailed && e.Diagnostics != nil {
			why = fmt.Sprintf(" %s: %s", e.Name, e.Diagnostics.Message)
		}
	}
	return &deploy.ErrorInfo{Code: deploy.HealthConstraints, Message: fmt.Sprintf(
		"The instance %s could not be taken out of its load balancers.%s", t.ID, why)}
}

// retirementPatience is for how long instances that are to go may take.
const retirementPatience = time.Hour

// retired says whether nothing is left to remove before the deployment ends as status, and
// asks for that otherwise.
func (p *pass) retired(status deploy.Status) bool {
	r := p.d.Retirement
	side, any := p.retires(status)
	switch {
	case !any:
		return true
	case r == nil || r.Side != side:
		r = p.retire(side)
	case !r.EndedAt.IsZero():
		return true
	}
	if !p.now.Before(r.After.Add(retirementPatience)) {
		given := *r
		given.EndedAt = p.now
		given.Left = append(given.Left, fmt.Sprintf("Given up after %s: %s", retirementPatience, p.d.Waiting))
		p.d.Retirement = &given
		return true
	}
	p.plan.Retire = true
	p.wake(r.After.Add(retirementPatience))
	p.d.Waiting = fmt.Sprintf("Removing the %s.", p.sideName(side))
	if side == "" {
		p.d.Waiting = "Letting Auto Scaling go on."
	}
	if p.now.Before(r.After) {
		p.wake(r.After)
		p.d.Waiting = fmt.Sprintf("The traffic has moved. The %s %s until %s.",
			p.sideName(side), p.stay(), r.After.UTC().Format(time.RFC3339))
	}
	return false
}

// retires is the side whose instances have no more purpose: what was replaced, or a
// replacement that never got any traffic. A deployment that Auto Scaling waits for lets it go
// on, which has no side.
func (p *pass) retires(status deploy.Status) (side deploy.Label, any bool) {
	switch {
	case p.d.Platform == deploy.ECS:
		return p.retiresTasks(status)
	case p.incoming() == "":
		return "", p.d.Action != nil
	case status == deploy.Succeeded:
		side, _ := p.outgoing()
		return side, true
	case p.incoming() == deploy.Green && !p.rerouted():
		return deploy.Green, true
	default:
		return "", false
	}
}

// retire begins to remove a side. When it is the one that was replaced, the other takes its
// place in the group.
func (p *pass) retire(side deploy.Label) *deploy.Retirement {
	r := &deploy.Retirement{Side: side, Since: p.now, After: p.now}
	switch {
	case side == "" || side == p.incoming() || p.d.Routed() && side == deploy.Green:
	case p.d.Routed():
		r.After = p.now.Add(p.d.TerminationWait())
	default:
		r.After = p.now.Add(p.d.TerminationWait())
		members := p.d.TakesOver()
		p.plan.Members = &members
	}
	p.d.Retirement = r
	return r
}

// retirementCutShort says whether somebody asked for a stop while the traffic could still go back.
func (p *pass) retirementCutShort() bool {
	r, stop := p.d.Retirement, p.d.Stop
	return r.Side == p.incoming() || p.d.Routed() && r.Side == deploy.Green || stop != nil && stop.At.Before(r.After)
}

// reroutingBack moves the traffic back to where it was, all at once: those instances have
// carried it before.
func (p *pass) reroutingBack() *deploy.Deployment {
	good, files := p.d.Revision, p.d.FileExists
	h := p.s.Group.History
	if h.LastGood != nil {
		good, files = *h.LastGood, h.LastGoodFileExists
	}
	d := p.redeployment(good, files)
	d.Previous = h.LastGood
	d.Config, _ = deploy.Predefined(deploy.PredefinedPrefix + "AllAtOnce")
	d.BlueGreen, d.TargetInstances, d.Members = p.d.BlueGreen, p.d.TargetInstances, p.d.Members
	return d
}

// provesRevision says whether the deployment installs its revision. Traffic that goes back
// says nothing new about the revision that gets it.
func (p *pass) provesRevision() bool {
	return p.incoming() != deploy.Blue && p.d.Creator != deploy.ByEnding
}

// residueOf says what an instance that came to no good end in a blue/green deployment is left with.
func (p *pass) residueOf(t *deploy.Target) []string {
	if e := t.Event(deploy.AllowTraffic); e != nil && !e.StartedAt.IsZero() {
		return []string{t.ID + " may get traffic from its load balancers, or may not."}
	}
	if e := t.Event(deploy.BlockTraffic); e != nil && !e.StartedAt.IsZero() {
		return []string{t.ID + " may still get traffic from its load balancers."}
	}
	return nil
}

// leftWithoutTraffic says whether an instance of the deployment group lost its traffic to a replacement
// that came to no good end.
func (p *pass) leftWithoutTraffic(t *deploy.Target) bool {
	return p.incoming() == deploy.Green && t.Label == deploy.Blue && t.Status == deploy.TargetSucceeded && !t.Gone &&
		p.d.Status != deploy.Succeeded && p.unowned() == deploy.Green
}

// left is what is there still and has no more purpose.
func (p *pass) left() []string {
	r := p.d.Retirement
	switch {
	case r == nil && p.incoming() != "" && p.d.Status != deploy.Succeeded:
		return p.leftOf(p.unowned()) // both sides may have traffic, and nobody wanted, or was able, to go back
	case r == nil:
		return nil
	case !r.EndedAt.IsZero():
		return r.Left
	case r.Side == "":
		return nil
	case p.d.Routed():
		return []string{fmt.Sprintf("The %s is not removed.", p.sideName(r.Side))}
	}
	return p.leftOf(r.Side) // the deployment was stopped while they waited
}

// unowned is the side that is not the deployment group's.
func (p *pass) unowned() deploy.Label {
	if r := p.d.Retirement; r != nil {
		return r.Side
	}
	if g := p.s.Group; g != nil && slices.Contains(g.AutoScalingGroups, p.d.Replacement()) {
		return deploy.Blue
	}
	return deploy.Green
}

// leftOf names what stays of a side without being the group's. An Auto Scaling group may be there still
// when its instances are gone.
func (p *pass) leftOf(side deploy.Label) []string {
	var what, names []string
	switch made := p.d.Replacement(); {
	case made == "":
	case side == deploy.Blue:
		what = append(what, "the Auto Scaling group "+strings.Join(p.d.Members.AutoScalingGroups, ", "))
	case p.incoming() == deploy.Blue:
		what = append(what, "the Auto Scaling group "+made)
	default:
		what = append(what, "the Auto Scaling group "+made+", some of whose processes the deployment suspended")
	}
	stretch := p.side(side)
	for _, t := range p.targets[stretch.from:stretch.till] {
		if !t.Gone {
			names = append(names, t.ID)
		}
	}
	if len(names) > 0 {
		what = append(what, strings.Join(names, ", "))
	}
	if len(what) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("The %s are not removed, and do not belong to the deployment group: %s.",
		p.sideName(side), strings.Join(what, "; "))}
}

func (p *pass) stay() string {
	if p.d.Routed() {
		return "stays"
	}
	return "stay"
}

// sideName is what is on a side, in words.
func (p *pass) sideName(side deploy.Label) string {
	name, what := "replacement", "instances"
	if side == deploy.Blue {
		name = "original"
	}
	if p.d.Routed() {
		what = "task set"
	}
	return name + " " + what
}
