package rollout

import (
	"strings"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

const (
	// alarmEvery is how old a reading of the alarms may be; AWS's reaction is as fast. Where time
	// passes faster it is younger, down to alarmOften.
	alarmEvery = 10 * time.Second
	alarmOften = 200 * time.Millisecond
	// alarmPatience is for how long the alarms may be unreadable before that alone stops
	// the deployment: one throttled call is no reason.
	alarmPatience = 30 * time.Second
)

// An AlarmReading is what was last read of a deployment's alarms. The zero value is none.
type AlarmReading struct {
	At     time.Time
	Active []string // the names of those in state ALARM
	// Fault is why reading failed, and Since when it began to fail.
	Fault string
	Since time.Time
}

// WantsAlarms says whether a plan at now needs a newer reading of the deployment's alarms.
func WantsAlarms(d deploy.Deployment, last AlarmReading, now time.Time) bool {
	return Watched(d) && !now.Before(last.At.Add(alarmPace(d)))
}

func alarmPace(d deploy.Deployment) time.Duration { return max(d.Pace(alarmEvery), alarmOften) }

// Watched says whether alarms may stop the deployment, which has not ended. They never stop a rollback: it is
// what mends them.
func Watched(d deploy.Deployment) bool {
	return d.Alarms != nil && d.Alarms.Enabled && d.Creator != deploy.ByRollback && !d.Status.Done()
}

// heedAlarms asks for a stop when an alarm is active. It reports whether the alarms are
// known well enough for anything to start.
func (p *pass) heedAlarms() bool {
	if !Watched(p.d) || p.d.Stop != nil || p.d.Failure != nil {
		return true
	}
	r := p.s.Alarms
	p.wake(later(p.now, r.At.Add(alarmPace(p.d))))
	switch {
	case len(r.Active) > 0:
		p.stopByAlarm("One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, " +
			"and the affected deployments have been stopped. Activated alarms: <" + strings.Join(r.Active, "> <") + ">")
	case r.Fault == "" || p.d.Alarms.IgnorePollFailure:
		return !r.At.IsZero()
	case r.At.Sub(r.Since) >= alarmPatience:
		p.stopByAlarm("The alarms of the deployment could not be read for " + alarmPatience.String() + ": " + strings.TrimSuffix(r.Fault, ".") +
			". To deploy without them set ignorePollAlarmFailure.")
	}
	return false
}

func (p *pass) stopByAlarm(message string) {
	p.d.Failure = &deploy.ErrorInfo{Code: deploy.AlarmActive, Message: message}
	p.d.Stop = &deploy.StopRequest{At: p.now, ByAlarm: true}
}
