package deploy

import (
	"fmt"
	"time"
)

// A Step is one attempt at one lifecycle event of one target. Doing a step twice equals
// doing it once: everything that acts on it is keyed by its four members.
type Step struct {
	DeploymentID string
	TargetID     string
	Event        Event
	Attempt      int
}

func (s Step) String() string {
	return fmt.Sprintf("%s/%s/%s#%d", s.DeploymentID, s.TargetID, s.Event, s.Attempt)
}

// An Outcome is how a step ended. Status is EventSucceeded, EventFailed or EventUnknown.
type Outcome struct {
	Status      EventStatus
	Diagnostics Diagnostics
}

// Take records that a delivery of the step was picked up. It reports whether this delivery
// may run: the first one may, and again when it asks again; any other may not, nor may any
// once the step has ended.
func (t *Target) Take(s Step, delivery string, now time.Time) bool {
	e := t.inHand(s)
	if e == nil {
		return false
	}
	if e.Delivery == "" {
		e.Delivery, e.TakenAt, t.UpdatedAt = delivery, now, now
	}
	return e.Delivery == delivery
}

// Finish records the outcome of the step. It reports false, and changes nothing, when the
// step is not in hand any more or runs under another delivery: the first outcome stands.
func (t *Target) Finish(s Step, delivery string, o Outcome, now time.Time) bool {
	e := t.inHand(s)
	if e == nil || !e.Status.MayBecome(o.Status) {
		return false
	}
	if e.Delivery != "" && e.Delivery != delivery {
		return false
	}
	diagnostics := o.Diagnostics
	e.Status, e.EndedAt, e.Diagnostics, e.Delivery = o.Status, now, &diagnostics, delivery
	t.UpdatedAt = now
	return true
}

// Note sets the log of the step so far. It reports false when the step is not in hand any
// more or the log says so already.
func (t *Target) Note(s Step, log string) bool {
	e := t.inHand(s)
	if e == nil || e.Diagnostics != nil && e.Diagnostics.Log == log {
		return false
	}
	e.Diagnostics = &Diagnostics{Log: log}
	return true
}

func (t *Target) inHand(s Step) *EventRecord {
	e := t.Event(s.Event)
	if e == nil || e.Status != EventInProgress || e.Attempt != s.Attempt {
		return nil
	}
	return e
}
