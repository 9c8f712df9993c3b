package engine

import (
	"context"
	"errors"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/rollout"
)

// alarmTimeout bounds one reading of alarms, retries and all.
const alarmTimeout = 5 * time.Second

// Alarms reads the states of alarms.
type Alarms interface {
	// Active lists those of the names whose state is ALARM. A name that no alarm has is
	// none of them. It is called again after an error; it need not retry for long.
	Active(ctx context.Context, names []string) ([]string, error)
}

var errNoAlarms = errors.New("this server reads no alarms")

// AlarmsChanged makes every deployment at work look at its alarms again, at once. It is a
// hint: without it they are looked at in time.
func (e *Engine) AlarmsChanged() {
	e.mu.Lock()
	for _, w := range e.work {
		if !w.alarms.At.IsZero() {
			w.stale, w.woken = true, true
		}
	}
	e.mu.Unlock()
	e.nudge()
}

// readAlarms returns the last reading of the deployment's alarms, a new one if it is due. A
// failure to read is a reading too: the planner decides what it means.
func (e *Engine) readAlarms(ctx context.Context, d deploy.Deployment, now time.Time) rollout.AlarmReading {
	e.mu.Lock()
	last, stale := e.of(d.ID).alarms, e.of(d.ID).stale
	e.of(d.ID).stale = false
	e.mu.Unlock()
	if !rollout.WantsAlarms(d, last, now) && !(stale && rollout.Watched(d)) {
		return last
	}
	reading := rollout.AlarmReading{At: now}
	active, err := e.activeAlarms(ctx, d.Alarms.Names)
	if err != nil {
		e.cfg.Log.Warn("read alarms", "deployment", d.ID, "error", err)
		reading.Fault, reading.Since = err.Error(), now
		if last.Fault != "" {
			reading.Since = last.Since
		}
	}
	reading.Active = active
	e.mu.Lock()
	defer e.mu.Unlock()
	e.of(d.ID).alarms = reading
	return reading
}

func (e *Engine) activeAlarms(ctx context.Context, names []string) ([]string, error) {
	if e.cfg.Alarms == nil {
		return nil, errNoAlarms
	}
	ctx, cancel := context.WithTimeout(ctx, alarmTimeout)
	defer cancel()
	return e.cfg.Alarms.Active(ctx, names)
}
