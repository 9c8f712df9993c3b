package deploy

import (
	"cmp"
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
	if e.Delivery == "" || e.Delivery == delivery && e.TakenAt.IsZero() {
		e.Delivery, e.TakenAt, t.UpdatedAt = delivery, now, now
	}
	return e.Delivery == delivery
}

// Offer names the delivery that is going to be made of the step, before it is. It returns the
// name that the step has, which is another one where that was done before, and "" when the
// step is not in hand any more.
func (t *Target) Offer(s Step, delivery string) string {
	e := t.inHand(s)
	if e == nil {
		return ""
	}
	e.Delivery = cmp.Or(e.Delivery, delivery)
	return e.Delivery
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

// Note sets the log of the step so far, and, where somebody is in its way, which code that has. It
// reports false when the step is not in hand any more or the log says so already.
func (t *Target) Note(s Step, log string, why FailureCode) bool {
	e := t.inHand(s)
	if e == nil || e.Diagnostics != nil && e.Diagnostics.Log == log {
		return false
	}
	e.Diagnostics = &Diagnostics{Log: log, Refused: why}
	return true
}

// Append sets the log of the step's delivery, also after it has ended: what a function printed is
// known only once it is back. It reports false when that is another delivery.
func (t *Target) Append(s Step, delivery, log string) bool {
	e := t.Event(s.Event)
	if e == nil || e.Attempt != s.Attempt || e.Delivery != delivery {
		return false
	}
	d := Diagnostics{}
	if e.Diagnostics != nil {
		d = *e.Diagnostics
	}
	d.Log = log
	e.Diagnostics = &d
	return true
}

// InHand says whether the step is still to be carried out. One that is not must change nothing
// any more, whoever asks: somebody may be late.
func (t *Target) InHand(s Step) bool { return t.inHand(s) != nil }

func (t *Target) inHand(s Step) *EventRecord {
	e := t.Event(s.Event)
	if e == nil || e.Status != EventInProgress || e.Attempt != s.Attempt {
		return nil
	}
	return e
}
