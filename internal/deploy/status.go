package deploy

import "fmt"

// A Status is the status of a deployment.
type Status string

// The statuses of a deployment. Moves between them are in deploymentMoves.
const (
	Created    Status = "Created"
	Queued     Status = "Queued"
	InProgress Status = "InProgress"
	Baking     Status = "Baking"
	Ready      Status = "Ready"
	Succeeded  Status = "Succeeded"
	Failed     Status = "Failed"
	Stopped    Status = "Stopped"
)

// Done says whether a deployment of this status has ended for good.
func (s Status) Done() bool { return s == Succeeded || s == Failed || s == Stopped }

// deploymentMoves holds every legal move of a deployment's status.
//
//	Created → Queued → InProgress → Succeeded | Failed | Stopped
//	                   InProgress ⇄ Ready, InProgress → Baking → …
var deploymentMoves = map[Status][]Status{
	Created:    {Queued, Failed, Stopped},
	Queued:     {InProgress, Succeeded, Failed, Stopped},
	InProgress: {Ready, Baking, Succeeded, Failed, Stopped},
	Baking:     {Succeeded, Failed, Stopped},
	Ready:      {InProgress, Failed, Stopped},
}

// MayBecome says whether a deployment may move from s to next.
func (s Status) MayBecome(next Status) bool { return contains(deploymentMoves[s], next) }

// A TargetStatus is the status of a target.
type TargetStatus string

// The statuses of a target.
const (
	TargetPending    TargetStatus = "Pending"
	TargetInProgress TargetStatus = "InProgress"
	TargetReady      TargetStatus = "Ready"
	TargetSucceeded  TargetStatus = "Succeeded"
	TargetFailed     TargetStatus = "Failed"
	TargetSkipped    TargetStatus = "Skipped"
	TargetUnknown    TargetStatus = "Unknown"
)

// Done says whether a target of this status has ended for good.
func (s TargetStatus) Done() bool {
	return s == TargetSucceeded || s == TargetFailed || s == TargetSkipped || s == TargetUnknown
}

// targetMoves holds every legal move of a target's status.
//
//	Pending → InProgress → Succeeded | Failed | Skipped | Unknown
//	Pending → Skipped      InProgress ⇄ Ready
var targetMoves = map[TargetStatus][]TargetStatus{
	TargetPending:    {TargetInProgress, TargetSkipped},
	TargetInProgress: {TargetReady, TargetSucceeded, TargetFailed, TargetSkipped, TargetUnknown},
	TargetReady:      {TargetInProgress, TargetSucceeded, TargetFailed, TargetSkipped},
}

// MayBecome says whether a target may move from s to next.
func (s TargetStatus) MayBecome(next TargetStatus) bool { return contains(targetMoves[s], next) }

// An EventStatus is the status of one lifecycle event of a target.
type EventStatus string

// The statuses of a lifecycle event.
const (
	EventPending    EventStatus = "Pending"
	EventInProgress EventStatus = "InProgress"
	EventSucceeded  EventStatus = "Succeeded"
	EventFailed     EventStatus = "Failed"
	EventSkipped    EventStatus = "Skipped"
	EventUnknown    EventStatus = "Unknown"
)

// Done says whether an event of this status has ended for good.
func (s EventStatus) Done() bool { return s != EventPending && s != EventInProgress }

// eventMoves holds every legal move of a lifecycle event's status.
//
//	Pending → InProgress → Succeeded | Failed | Unknown | Skipped (never picked up)
//	Pending → Skipped
var eventMoves = map[EventStatus][]EventStatus{
	EventPending:    {EventInProgress, EventSkipped},
	EventInProgress: {EventSucceeded, EventFailed, EventSkipped, EventUnknown},
}

// MayBecome says whether an event may move from s to next.
func (s EventStatus) MayBecome(next EventStatus) bool { return contains(eventMoves[s], next) }

// An IllegalMove is a change of status that no table allows: a fault of the program.
type IllegalMove struct{ What, From, To string }

func (e *IllegalMove) Error() string {
	return fmt.Sprintf("illegal move of %s from %s to %s", e.What, e.From, e.To)
}

func contains[T comparable](list []T, want T) bool {
	for _, have := range list {
		if have == want {
			return true
		}
	}
	return false
}
