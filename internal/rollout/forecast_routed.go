package rollout

import (
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// A Happening is what begins on a target whose traffic moves: a lifecycle event that takes some
// time, or a further share of the traffic.
type Happening struct {
	Target   string // its id
	Event    deploy.Event
	Function string // that validates, if one does
	Share    int    // of AllowTraffic: how much of the traffic is asked for, in percent
}

// takesTime says whether an event lasts any longer than it takes to look.
func (h Happening) takesTime() bool { return h.Function != "" || h.Event == deploy.Install }

// keepRouted notes what begins with the plan, which f has in mind.
func (f *forecaster) keepRouted(plan Plan, work time.Duration) {
	m := Moment{After: f.now.Sub(f.begin)}
	working := false
	for i := range f.s.Targets {
		t := &f.s.Targets[i]
		e := t.Current()
		working = working || e != nil
		if e == nil || e.Name == deploy.AllowTraffic && t.Shift.Since.IsZero() {
			continue
		}
		h := Happening{Target: t.ID, Event: e.Name, Function: t.Hooks[e.Name], Share: t.Shift.Want}
		if f.begun[h] {
			continue
		}
		f.begun[h], f.ends[i], e.TakenAt = true, f.now, f.now
		if h.takesTime() {
			f.ends[i] = f.now.Add(work)
		}
		if h.takesTime() || e.Name == deploy.AllowTraffic {
			m.Happenings = append(m.Happenings, h)
		}
	}
	if !working && !plan.Deployment.Status.Done() {
		m.Waiting = plan.Deployment.Waiting
	}
	f.note(m)
}

// note adds a moment that says something new, to the one before where that is at the same time.
func (f *forecaster) note(m Moment) {
	n := len(f.moments)
	switch {
	case len(m.Happenings) == 0 && (m.Waiting == "" || n > 0 && f.moments[n-1].Waiting == m.Waiting):
	case n > 0 && f.moments[n-1].After == m.After && f.moments[n-1].Waiting == "" && m.Waiting == "":
		f.moments[n-1].Happenings = append(f.moments[n-1].Happenings, m.Happenings...)
	default:
		f.moments = append(f.moments, m)
	}
}

// finishRouted lets what is over have succeeded, traffic be where it is wanted, and somebody
// continue what waits for that.
func (f *forecaster) finishRouted() {
	d := &f.s.Deployment
	if d.Status == deploy.Ready && d.ContinuedAt.IsZero() {
		d.ContinuedAt = f.now
	}
	for i, end := range f.ends {
		if f.now.Before(end) {
			continue
		}
		delete(f.ends, i)
		t := &f.s.Targets[i]
		e := t.Current()
		if e == nil {
			continue // the deployment is over
		}
		if e.Name == deploy.AllowTraffic {
			t.See(deploy.Step{DeploymentID: d.ID, TargetID: t.ID, Event: e.Name, Attempt: e.Attempt}, t.Shift.Want, f.now)
		}
		if e.Name != deploy.AllowTraffic || t.Shift.Share == 100 {
			e.Status, e.EndedAt = deploy.EventSucceeded, f.now
		}
	}
}
