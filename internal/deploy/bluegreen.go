package deploy

import (
	"slices"
	"strings"
	"time"
)

// Members say which EC2 instances belong to a group.
type Members struct {
	Filters           []TagFilter   `json:"filters,omitempty"`
	Set               [][]TagFilter `json:"set,omitempty"`
	AutoScalingGroups []string      `json:"autoScalingGroups,omitempty"`
}

// Members are the group's, but for its on-premises instances.
func (g Group) Members() Members {
	return Members{Filters: g.EC2Filters, Set: g.EC2Set, AutoScalingGroups: g.AutoScalingGroups}
}

// SetMembers gives the group other EC2 instances.
func (g *Group) SetMembers(m Members) {
	g.EC2Filters, g.EC2Set, g.AutoScalingGroups = m.Filters, m.Set, m.AutoScalingGroups
}

// Incoming is the side of a blue/green deployment of instances that is to get the traffic: the
// replacement, or in a rollback the original instances. It is empty in place.
func (d Deployment) Incoming() Label {
	switch {
	case d.Style.Type != BlueGreen || d.Routed():
		return ""
	case d.Creator == ByRollback:
		return Blue
	default:
		return Green
	}
}

// Planned says that the deployment was not made: somebody wants to know what it would do. Nothing
// may be made for it.
func (d Deployment) Planned() bool { return d.ID == "" }

// Replacement is the name of the Auto Scaling group that the deployment's replacement
// instances are in, empty where they were there before. A rollback has that of the
// deployment which it undoes.
func (d Deployment) Replacement() string {
	if d.BlueGreen == nil || d.BlueGreen.GreenAction != CopyAutoScalingGroup {
		return ""
	}
	id := d.ID
	if d.Creator == ByRollback && d.RollbackInfo != nil {
		id = d.RollbackInfo.TriggeringID
	}
	return replacementPrefix + d.Group + "_" + id
}

const replacementPrefix = "CodeDeploy_"

// Replaced says whether the group's Auto Scaling group is one that a deployment of it made.
func (g Group) Replaced() bool {
	return slices.ContainsFunc(g.AutoScalingGroups, func(name string) bool {
		return strings.HasPrefix(name, replacementPrefix+g.Name+"_")
	})
}

// TakesOver is whose instances are the group's once the deployment has moved the traffic.
func (d Deployment) TakesOver() Members {
	m := d.Members
	switch name := d.Replacement(); {
	case d.Creator == ByRollback:
	case name != "":
		m.AutoScalingGroups = []string{name}
	case d.TargetInstances != nil:
		m = Members(*d.TargetInstances)
	}
	return m
}

// ReadyWait is for how long the deployment waits, ready, until somebody continues it; it is
// stopped then. ok is false where it goes on by itself.
func (d Deployment) ReadyWait() (wait time.Duration, ok bool) {
	b := d.BlueGreen
	if b == nil || b.ReadyAction != StopDeployment || d.Creator == ByRollback {
		return 0, false
	}
	return d.Pace(minutes(b.ReadyWait)), true
}

// TerminationWait is for how long what was replaced stays, so that the traffic can go back.
func (d Deployment) TerminationWait() time.Duration {
	if b := d.BlueGreen; d.Terminates() {
		return d.Pace(minutes(b.TerminationWait))
	}
	return 0
}

// Terminates says whether the original instances go once they are replaced.
func (d Deployment) Terminates() bool {
	return d.BlueGreen != nil && d.BlueGreen.BlueAction == Terminate && d.Creator != ByRollback
}

// WaitsToTerminate says whether the wait before the original instances go has begun.
func (d Deployment) WaitsToTerminate() bool {
	return d.Terminates() && d.Retirement != nil && d.Retirement.Side == Blue
}

// LongestBlueGreen is how long the deployment may take in all: its waits, and the longest
// that every event of both sides may.
func (d Deployment) LongestBlueGreen() time.Duration {
	ready, _ := d.ReadyWait()
	const events = 13
	return ready + d.TerminationWait() + events*d.Limits.Event
}

func minutes(n *int32) time.Duration {
	if n == nil {
		return 0
	}
	return time.Duration(*n) * time.Minute
}

// A Retirement is the end of what a deployment leaves without traffic: instances that were
// replaced, or the replacement of a deployment that never came to move any.
type Retirement struct {
	Side  Label     `json:"side,omitempty"`
	Since time.Time `json:"since"`
	// After is when the instances may go. Until then the traffic can go back to them.
	After time.Time `json:"after"`
	// EndedAt is when they were gone, or given up.
	EndedAt time.Time `json:"endedAt,omitzero"`
	// Left names what could not be removed, a sentence each.
	Left []string `json:"left,omitempty"`
}

// Due says whether the instances are to go now.
func (r *Retirement) Due(now time.Time) bool { return r != nil && !now.Before(r.After) }

// blueGreenLifecycle is what an instance of that side goes through. Those that are to get
// the traffic run the new revision first, unless they have it already.
func (d Deployment) blueGreenLifecycle(side Label) []Event {
	switch in := d.Incoming(); {
	case side != in:
		return slices.Clone(leaveBalancer)
	case d.Creator == ByRollback:
		return slices.Clone(joinBalancer)
	default:
		return slices.Concat(serverInPlace, joinBalancer)
	}
}
