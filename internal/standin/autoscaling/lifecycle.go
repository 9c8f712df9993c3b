package autoscaling

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

// advance takes an instance through its states, as far as it gets:
//
//	Pending ─ Pending:Wait ─ Pending:Proceed ─ InService ─ Terminating ─ Terminating:Wait ─ Terminating:Proceed ─ Terminated
//	                                              │ EnteringStandby ─ Standby ─ Pending:Proceed
//	                                              └ Detaching ─ Detached
func (p *plan) advance(m *member) {
	for was := types.LifecycleState(""); was != m.State; {
		was = m.State
		p.step(m)
	}
}

func (p *plan) step(m *member) {
	if m.ID == "" {
		return
	}
	p.drain(m)
	switch m.State {
	case types.LifecycleStatePending, types.LifecycleStatePendingWait, types.LifecycleStatePendingProceed:
		p.comeUp(m)
	case types.LifecycleStateEnteringStandby:
		p.finishOut(m, types.LifecycleStateStandby)
	case types.LifecycleStateDetaching:
		p.finishOut(m, types.LifecycleStateDetached)
	case types.LifecycleStateTerminating, types.LifecycleStateTerminatingWait, types.LifecycleStateTerminatingProceed:
		p.goDown(m)
	}
}

// comeUp moves an instance that is on its way into service.
func (p *plan) comeUp(m *member) {
	if p.isDown(*m) {
		p.abort(m, types.ScalingActivityStatusCodeFailed, "Instance became unhealthy while waiting for instance to be in InService state.")
		p.holdOff()
		return
	}
	switch m.State {
	case types.LifecycleStatePending:
		if p.seen.machines[m.ID] == "running" && !p.waitFor(m, launching, types.LifecycleStatePendingWait) {
			p.enter(m, types.LifecycleStatePendingProceed)
		}
	case types.LifecycleStatePendingWait:
		p.settle(m, resultAbandon)
		if w := abandoned(*m); w != nil {
			p.abort(m, types.ScalingActivityStatusCodeFailed, w.failure())
			p.holdOff()
		} else if !m.waiting() {
			m.Admitted = true
			p.enter(m, types.LifecycleStatePendingProceed)
		}
	default:
		if p.isSuspended("AddToLoadBalancer") && len(m.Joined) == 0 {
			m.Apart = p.balancers()
		}
		if len(p.unjoined(*m)) == 0 {
			m.Admitted, m.Spare, p.Failures = true, false, 0
			p.enter(m, types.LifecycleStateInService)
			p.finish(m)
		}
	}
}

// unjoined are the load balancers that the instance is still to be registered with.
func (g group) unjoined(m member) []string {
	return slices.DeleteFunc(g.balancers(), func(b string) bool { return slices.Contains(m.Joined, b) || slices.Contains(m.Apart, b) })
}

// finishOut ends the way out of service once no connection is left.
func (p *plan) finishOut(m *member, to types.LifecycleState) {
	if len(m.Joined)+len(m.Leaving) == 0 {
		p.enter(m, to)
		p.finish(m)
	}
}

// goDown moves an instance that is on its way to its end. One that does not run any more, that
// was never in service, or whose group goes with it, is not waited for.
func (p *plan) goDown(m *member) {
	atOnce := p.Deleting || p.isDown(*m) || !m.Admitted
	switch m.State {
	case types.LifecycleStateTerminating:
		if !atOnce && len(m.Joined)+len(m.Leaving) > 0 {
			return
		}
		if atOnce || !p.waitFor(m, terminating, types.LifecycleStateTerminatingWait) {
			p.enter(m, types.LifecycleStateTerminatingProceed)
		}
	case types.LifecycleStateTerminatingWait:
		p.settle(m, resultContinue)
		if atOnce || abandoned(*m) != nil || !m.waiting() {
			m.Waits = nil
			p.enter(m, types.LifecycleStateTerminatingProceed)
		}
	default:
		if p.seen.machines[m.ID] == "terminated" && len(m.Joined) == 0 {
			p.enter(m, types.LifecycleStateTerminated)
			p.finish(m)
		}
	}
}

// drain forgets the load balancers that the instance has no connection from any more.
func (p *plan) drain(m *member) {
	m.Leaving = slices.DeleteFunc(m.Leaving, func(balancer string) bool {
		targets, answered := p.seen.targets[balancer]
		return answered && targets[m.ID] != draining
	})
}

// waitFor makes an instance wait for the hooks of a transition, if there are any and it has
// not been through them.
func (p *plan) waitFor(m *member, transition string, state types.LifecycleState) bool {
	hooks := p.hooksAt(transition)
	if len(hooks) == 0 || transition == launching && m.Admitted {
		return false
	}
	for _, h := range hooks {
		m.Waits = append(m.Waits, wait{
			Hook: *h.LifecycleHookName, Token: p.newID("lifecycle"), Deadline: p.now.Add(seconds(h.HeartbeatTimeout)),
			Last: p.now.Add(seconds(h.GlobalTimeout)),
		})
	}
	p.enter(m, state)
	m.Activity.StatusCode, m.Activity.Progress = types.ScalingActivityStatusCodeMidLifecycleAction, aws.Int32(60)
	p.note(m)
	return true
}

// settle gives waits that are over their hook's default result, and forgets those to go on after.
func (p *plan) settle(m *member, otherwise string) {
	for i := range m.Waits {
		w := &m.Waits[i]
		if w.Result != "" || p.now.Before(w.end()) {
			continue
		}
		w.Result, w.Expired = otherwise, true
		if h := p.hook(w.Hook); h != nil {
			w.Result = *h.DefaultResult
		}
	}
	m.Waits = slices.DeleteFunc(m.Waits, func(w wait) bool { return w.Result == resultContinue })
}

// hook is the lifecycle hook of that name.
func (g *group) hook(name string) *types.LifecycleHook {
	i := slices.IndexFunc(g.Hooks, func(h types.LifecycleHook) bool { return *h.LifecycleHookName == name })
	if i < 0 {
		return nil
	}
	return &g.Hooks[i]
}

// end is when the wait is over without an answer.
func (w wait) end() time.Time {
	if w.Last.Before(w.Deadline) {
		return w.Last
	}
	return w.Deadline
}

func (w wait) failure() string {
	how := "was completed with ABANDON Result"
	if w.Expired {
		how = "was abandoned: Heartbeat Timeout"
	}
	return fmt.Sprintf("Instance failed to complete user's Lifecycle Action: Lifecycle Action with token %s %s", w.Token, how)
}

// abandoned is a wait that was answered with ABANDON.
func abandoned(m member) *wait {
	i := slices.IndexFunc(m.Waits, func(w wait) bool { return w.Result == resultAbandon })
	if i < 0 {
		return nil
	}
	return &m.Waits[i]
}

func (p *plan) enter(m *member, state types.LifecycleState) {
	m.State, m.Since = state, p.now
}

// end begins to end an instance that is or was in service.
func (p *plan) end(m *member, cause string) {
	p.begin(m, "Terminating EC2 instance: "+m.ID, cause)
	p.enter(m, types.LifecycleStateTerminating)
	m.Waits = nil
}

// abort ends an instance on its way into service.
func (p *plan) abort(m *member, code types.ScalingActivityStatusCode, why string) {
	p.fail(m, code, why)
	p.enter(m, types.LifecycleStateTerminating)
	m.Waits, m.Spare = nil, false
}

// stamp writes a time as activities have it.
func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

// begin opens an activity of the instance.
func (p *plan) begin(m *member, description, cause string) {
	m.Activity = p.activity(description, cause)
	details, err := json.Marshal(struct {
		Subnet string `json:"Subnet ID,omitempty"`
		Zone   string `json:"Availability Zone"`
	}{m.Subnet, m.Zone})
	if err == nil { // two strings
		m.Activity.Details = aws.String(string(details))
	}
	p.note(m)
}

func (p *plan) activity(description, cause string) types.Activity {
	now := p.now
	return types.Activity{
		ActivityId: aws.String(p.newID("activity")), AutoScalingGroupName: p.AutoScalingGroupName, AutoScalingGroupARN: p.AutoScalingGroupARN,
		Cause: &cause, Description: &description, StartTime: &now,
		StatusCode: types.ScalingActivityStatusCodeInProgress, Progress: aws.Int32(30),
	}
}

// finish ends the instance's activity, unless it is over.
func (p *plan) finish(m *member) {
	if m.Activity.EndTime == nil {
		p.close(m, types.ScalingActivityStatusCodeSuccessful)
	}
}

func (p *plan) fail(m *member, code types.ScalingActivityStatusCode, why string) {
	if m.Activity.EndTime == nil {
		m.Activity.StatusMessage = &why
		m.Activity.Description = aws.String(*m.Activity.Description + ".  Status Reason: " + why)
		p.close(m, code)
	}
}

func (p *plan) close(m *member, code types.ScalingActivityStatusCode) {
	now := p.now
	m.Activity.StatusCode, m.Activity.EndTime, m.Activity.Progress = code, &now, aws.Int32(100)
	p.note(m)
}

func (p *plan) note(m *member) { p.activities = append(p.activities, m.Activity) }
