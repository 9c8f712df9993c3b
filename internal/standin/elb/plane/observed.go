package plane

import "time"

// State is a target's health.
type State string

// The states, as DescribeTargetHealth tells them.
const (
	Initial   State = "initial"   // no check has passed yet; gets traffic only when no target is healthy
	Healthy   State = "healthy"   // gets traffic
	Unhealthy State = "unhealthy" // gets traffic only when no target is healthy
	Draining  State = "draining"  // removed; gets nothing new
	Unused    State = "unused"    // no listener leads to its group; not checked
)

// Reason is why a target is in its state, in ELB's words. A healthy target has none.
type Reason string

// The reasons.
const (
	InitialHealthChecking    Reason = "Elb.InitialHealthChecking"
	FailedHealthChecks       Reason = "Target.FailedHealthChecks"
	ResponseCodeMismatch     Reason = "Target.ResponseCodeMismatch"
	Timeout                  Reason = "Target.Timeout"
	DeregistrationInProgress Reason = "Target.DeregistrationInProgress"
	NotInUse                 Reason = "Target.NotInUse"
)

// Description is what ELB says beside a reason. Of ResponseCodeMismatch it says which codes, so the engine
// completes that one.
func (r Reason) Description() string {
	switch r {
	case InitialHealthChecking:
		return "Initial health checks in progress"
	case FailedHealthChecks, ResponseCodeMismatch:
		return "Health checks failed"
	case Timeout:
		return "Request timed out"
	case DeregistrationInProgress:
		return "Target deregistration is in progress"
	case NotInUse:
		return "Target group is not configured to receive traffic from the load balancer"
	}
	return ""
}

// Observed is how things are. A target that was removed is listed as Draining until nothing is open on
// it or its group's deregistration delay is over; then it is not listed any more.
type Observed struct {
	Targets []Status // in no order
}

// Status is how one target is.
type Status struct {
	Group       string
	Target      Target
	State       State
	Reason      Reason
	Description string
	Open        int       // requests and connections in progress on it
	Since       time.Time // when it entered the state
}

// Find returns the status of a target by its group and id, and whether it is known. Of several with the
// same id it is the one that is furthest from done: draining before the others.
func (o Observed) Find(group, id string) (Status, bool) {
	var found Status
	known := false
	for _, s := range o.Targets {
		if s.Group != group || s.Target.ID != id {
			continue
		}
		if !known || s.State == Draining {
			found, known = s, true
		}
	}
	return found, known
}
