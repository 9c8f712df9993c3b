package deploy

import "time"

// A Target is one instance, ECS service or Lambda function in a deployment.
type Target struct {
	DeploymentID string        `json:"deploymentId"`
	ID           string        `json:"id"` // an instance name or id: the host's side of it polls
	ARN          string        `json:"arn"`
	Status       TargetStatus  `json:"status"`
	Label        Label         `json:"label,omitempty"`
	Events       []EventRecord `json:"events"`
	UpdatedAt    time.Time     `json:"updatedAt"`
	// Zone is the availability zone; those without one are a zone of their own.
	Zone string `json:"zone,omitempty"`

	// Registrations are where the instance got its traffic when the deployment began.
	Registrations []Registration `json:"registrations,omitempty"`

	// WasHealthy and Running are what the group remembered of the instance when the
	// deployment began: whether its last deployment succeeded, and the revision key it runs.
	WasHealthy bool   `json:"wasHealthy,omitempty"`
	Running    string `json:"running,omitempty"`

	// Shift is how far the target's traffic has moved, where that is what the deployment does.
	Shift Shift `json:"shift,omitzero"`
	// Function is what the target is on Lambda.
	Function *Function `json:"function,omitempty"`
	// Service is what the target is on ECS, and TaskSets how its sides stood last.
	Service  *Service  `json:"service,omitempty"`
	TaskSets []TaskSet `json:"taskSets,omitempty"`
	// Hooks are the functions that validate a target which has no scripts of its own, by event.
	// Nobody changes the map.
	Hooks map[Event]string `json:"hooks,omitempty"`

	// Gone says that the instance was ended by someone else while the deployment ran.
	Gone bool `json:"gone,omitempty"`

	// Version counts the writes; one computed from an older version is refused.
	Version int64 `json:"-"`
}

// A Label says on which side of a blue/green deployment an instance is; empty in place.
type Label string

// The labels, as the API spells them: what is replaced, and what replaces it.
const (
	Blue  Label = "Blue"
	Green Label = "Green"
)

// An EventRecord is where one lifecycle event of a target stands.
type EventRecord struct {
	Name   Event       `json:"name"`
	Status EventStatus `json:"status"`
	// Attempt is 1 for the first step of this event.
	Attempt int `json:"attempt,omitempty"`
	// StartedAt is when the step was first called for; TakenAt when it was picked up.
	StartedAt time.Time `json:"startedAt,omitzero"`
	TakenAt   time.Time `json:"takenAt,omitzero"`
	EndedAt   time.Time `json:"endedAt,omitzero"`
	// Delivery names the one delivery of the command that won the right to run it.
	Delivery    string       `json:"delivery,omitempty"`
	Diagnostics *Diagnostics `json:"diagnostics,omitempty"`
}

// Deadline is when this event, in progress, has failed if nothing is heard of it.
func (e EventRecord) Deadline(l Limits) time.Time {
	switch {
	case e.Name.ByService():
		return e.StartedAt.Add(l.Event)
	case e.TakenAt.IsZero():
		return e.StartedAt.Add(l.Pickup)
	default:
		return e.TakenAt.Add(l.Event)
	}
}

// Diagnostics is what is known of how an event ended.
type Diagnostics struct {
	Code    ScriptCode `json:"code"`
	Script  string     `json:"script,omitempty"`
	Message string     `json:"message,omitempty"`
	Log     string     `json:"log,omitempty"` // the tail of the scripts' output
	// Refused is why the platform cannot carry the event out, now or later.
	Refused FailureCode `json:"refused,omitempty"`
}

// A ScriptCode is the API's lifecycleErrorCode.
type ScriptCode string

// The script codes.
const (
	CodeSuccess             ScriptCode = "Success"
	CodeScriptMissing       ScriptCode = "ScriptMissing"
	CodeScriptNotExecutable ScriptCode = "ScriptNotExecutable"
	CodeScriptTimedOut      ScriptCode = "ScriptTimedOut"
	CodeScriptFailed        ScriptCode = "ScriptFailed"
	CodeUnknownError        ScriptCode = "UnknownError"
)

// NewTarget returns a target that waits for its turn, with every event of its lifecycle pending.
func NewTarget(deploymentID, id, arn string, events []Event, now time.Time) Target {
	t := Target{DeploymentID: deploymentID, ID: id, ARN: arn, Status: TargetPending, UpdatedAt: now}
	for _, name := range events {
		t.Events = append(t.Events, EventRecord{Name: name, Status: EventPending})
	}
	return t
}

// Current is the event in progress, or nil. A target has at most one.
func (t *Target) Current() *EventRecord {
	for i := range t.Events {
		if t.Events[i].Status == EventInProgress {
			return &t.Events[i]
		}
	}
	return nil
}

// Event returns the record of the event of that name, or nil.
func (t *Target) Event(name Event) *EventRecord {
	for i := range t.Events {
		if t.Events[i].Name == name {
			return &t.Events[i]
		}
	}
	return nil
}

// Touched says whether anything of this deployment may have happened on the target: an
// event was taken or reported. One that no host ever heard of has changed nothing.
func (t *Target) Touched() bool {
	for _, e := range t.Events {
		if !e.TakenAt.IsZero() || e.Delivery != "" {
			return true
		}
	}
	return false
}

// Refused is why the platform could not carry out an event of the target, or nil.
func (t *Target) Refused() *ErrorInfo {
	for _, e := range t.Events {
		if d := e.Diagnostics; d != nil && d.Refused != "" {
			return &ErrorInfo{Code: d.Refused, Message: d.Message}
		}
	}
	return nil
}

// Clone returns a copy that shares no memory with t.
func (t Target) Clone() Target {
	events := make([]EventRecord, len(t.Events))
	copy(events, t.Events)
	t.Events = events
	return t
}
