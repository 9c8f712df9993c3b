package rollout

import (
	"math"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// A Forecast is what Next would do with a deployment whose hosts all succeed.
type Forecast struct {
	Moments []Moment
	// End is the deployment as it would be in the end. It has not ended if the forecast
	// was cut off after so many moments that nobody reads on.
	End deploy.Deployment
}

// A Moment is a time at which targets begin, or at which everything waits.
type Moment struct {
	After time.Duration // since the beginning
	Begin []string      // the ids of the targets that begin
	// Up is how many targets are healthy and not at work, and Working how many are at work.
	// At least Floor stay up, as far as they were up before.
	Up, Working, Floor int
	// Waiting is why nothing more happens then.
	Waiting string
	// Happenings are what there is in place of Begin and those numbers where traffic moves, on
	// Lambda and ECS.
	Happenings []Happening
}

// mostMoments bounds a forecast. A fleet that is taken host by host has that many batches. A
// moment takes a few passes.
const (
	mostMoments = 500
	mostPasses  = 20 * mostMoments
)

// Foresee plays the deployment from now on, in a time of its own. A target takes as long as
// work, which must be shorter than the deployment's limit for an event; where traffic moves, that
// is how long a function takes to report, and tasks to run. s must have its targets; the alarms
// are read once, and who must continue a deployment does so at once.
func Foresee(s Snapshot, now time.Time, work time.Duration) (Forecast, error) {
	f := newForecaster(s, now)
	for passes := 0; len(f.moments) < mostMoments && passes < mostPasses; passes++ {
		plan, err := Next(f.s, f.now)
		if err != nil {
			return Forecast{}, err
		}
		f.keep(plan, work)
		if plan.Deployment.Status.Done() {
			break
		}
		f.now = f.next(plan)
		f.finish()
	}
	return Forecast{Moments: f.moments, End: f.s.Deployment}, nil
}

// A forecaster takes the places of the store, the engine, the hosts and the clock.
type forecaster struct {
	s          Snapshot
	begin, now time.Time
	at         map[string]int // where a target is
	ends       map[int]time.Time
	begun      map[Happening]bool
	moments    []Moment
}

func newForecaster(s Snapshot, now time.Time) *forecaster {
	f := &forecaster{s: s, begin: now, now: now, at: map[string]int{}, ends: map[int]time.Time{}, begun: map[Happening]bool{}}
	f.s.Targets = make([]deploy.Target, len(s.Targets))
	for i, t := range s.Targets {
		f.s.Targets[i], f.at[t.ID] = t.Clone(), i
	}
	d := &f.s.Deployment
	d.Status, d.CreatedAt, d.ResolvedAt = deploy.Queued, now, now
	d.Limits.Total = math.MaxInt64 // how long the work takes is a guess, which alone fails nothing
	if f.s.Alarms.At = now; len(f.s.Alarms.Active) == 0 && f.s.Alarms.Fault == "" {
		d.Alarms = nil // quiet ones stay so
	}
	return f
}

// keep remembers the plan, lets the targets that begin work, and notes the moment.
func (f *forecaster) keep(plan Plan, work time.Duration) {
	f.s.Deployment = plan.Deployment
	for _, t := range plan.Targets {
		f.s.Targets[f.at[t.ID]] = t
	}
	if plan.Deployment.Routed() {
		f.keepRouted(plan, work)
		return
	}
	m := Moment{After: f.now.Sub(f.begin), Waiting: plan.Deployment.Waiting}
	for i := range f.s.Targets {
		t := &f.s.Targets[i]
		if e := t.Current(); e != nil && e.TakenAt.IsZero() {
			e.TakenAt = f.now
			if f.ends[i].IsZero() {
				f.ends[i] = f.now.Add(work)
				m.Begin = append(m.Begin, t.ID)
			}
		}
		switch {
		case t.Status == deploy.TargetInProgress:
			m.Working++
		case t.Status == deploy.TargetSucceeded, t.WasHealthy && t.Status != deploy.TargetFailed:
			m.Up++
		}
	}
	m.Floor = plan.Deployment.Config.Healthy.Floor(len(f.s.Targets))
	if len(m.Begin) > 0 || m.Working == 0 && !plan.Deployment.Status.Done() {
		f.moments = append(f.moments, m)
	}
}

// next is when something happens again.
func (f *forecaster) next(plan Plan) time.Time {
	next := plan.Wake
	if d := plan.Deployment; d.Routed() && (d.Status == deploy.Ready || d.Retirement.Due(f.now)) {
		return f.now
	}
	for i, end := range f.ends {
		if f.s.Targets[i].Status == deploy.TargetInProgress && end.Before(next) {
			next = end
		}
	}
	return later(next, f.now)
}

// finish lets every target whose time is over have come through all its events; those of a
// replacement, for as long as no traffic moves, through the ones before that.
func (f *forecaster) finish() {
	f.remove()
	if f.s.Deployment.Routed() {
		f.finishRouted()
		return
	}
	d := &f.s.Deployment
	for i, end := range f.ends {
		t := &f.s.Targets[i]
		if t.Status != deploy.TargetInProgress || f.now.Before(end) {
			continue
		}
		delete(f.ends, i)
		for k := range t.Events {
			if t.Label == deploy.Green && t.Events[k].Name == deploy.BeforeAllowTraffic && d.ContinuedAt.IsZero() {
				break
			}
			t.Events[k].Status, t.Events[k].EndedAt = deploy.EventSucceeded, f.now
		}
	}
}

// remove lets what is due to be removed be gone.
func (f *forecaster) remove() {
	if r := f.s.Deployment.Retirement; r.Due(f.now) && r.EndedAt.IsZero() {
		done := *r
		done.EndedAt = f.now
		f.s.Deployment.Retirement = &done
	}
}
