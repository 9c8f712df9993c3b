package deploy

import (
	"encoding/json"
	"time"
)

// A Function is an alias of a Lambda function, whose calls a deployment moves from one version
// to another.
type Function struct {
	Name    string `json:"name"`
	Alias   string `json:"alias"`
	Current string `json:"current"` // the version that the alias points at before
	Target  string `json:"target"`  // the version that it is to point at
}

// ID is what the deployment's target is called.
func (f Function) ID() string { return f.Name + ":" + f.Alias }

// A Shift is how much of a target's traffic goes to what is deployed, in percent.
type Shift struct {
	Want  int `json:"want"`  // what is asked for
	Share int `json:"share"` // what was seen last
	// Since is when Want was asked for, and At when it was seen; zero until then.
	Since time.Time `json:"since,omitzero"`
	At    time.Time `json:"at,omitzero"`
	// Back says that the traffic is to be where it was: the deployment has come to nothing.
	Back bool `json:"back,omitempty"`
}

// Settled says whether the traffic is as it is wanted.
func (s Shift) Settled() bool { return !s.At.IsZero() }

// Forward says whether traffic was asked to move, and not yet asked to come back.
func (s Shift) Forward() bool { return !s.Since.IsZero() && !s.Back }

// To asks for another share.
func (s Shift) To(percent int, now time.Time) Shift {
	return Shift{Want: percent, Share: s.Share, Since: now, Back: s.Back}
}

// See records the share that traffic was seen to have. It reports false, and changes nothing,
// when the step is not in hand any more or that is nothing new.
func (t *Target) See(s Step, percent int, now time.Time) bool {
	if t.inHand(s) == nil || percent == t.Shift.Share && (t.Shift.Settled() || percent != t.Shift.Want) {
		return false
	}
	t.Shift.Share = percent
	if percent == t.Shift.Want && !t.Shift.Settled() {
		t.Shift.At = now
	}
	t.UpdatedAt = now
	return true
}

// Routed says whether the deployment moves traffic bit by bit in front of what it replaces,
// and not instances: on Lambda and ECS.
func (d Deployment) Routed() bool { return d.Platform == Lambda || d.Platform == ECS }

// Pace turns a wait that the deployment's settings ask for into how long it lasts here:
// shorter where the server lets time pass faster.
func (d Deployment) Pace(wait time.Duration) time.Duration {
	if d.TimeScale > 1 {
		return time.Duration(float64(wait) / d.TimeScale)
	}
	return wait
}

// Next is the share of the traffic that follows percent, and how long percent is kept before.
func (r *TrafficRouting) Next(percent int) (next int, wait time.Duration) {
	step := time.Duration(0)
	if r != nil {
		step = time.Duration(r.Interval) * time.Minute
	}
	switch {
	case r == nil || r.Type == RouteAllAtOnce:
		return 100, 0
	case percent <= 0:
		return min(r.Percent, 100), 0
	case r.Type == RouteLinear:
		return min(percent+r.Percent, 100), step
	default:
		return 100, step
	}
}

// Duration is how long the traffic takes to move, apart from the moving itself.
func (r *TrafficRouting) Duration() (total time.Duration) {
	for share := 0; share < 100; {
		next, wait := r.Next(share)
		if next <= share {
			break // a config that never gets anywhere is refused where it is made
		}
		share, total = next, total+wait
	}
	return total
}

// LongestShift is how long a deployment that moves traffic may take in all: its waits, the shift,
// and the longest that every event may.
func (d Deployment) LongestShift() time.Duration {
	ready, _ := d.ReadyWait()
	return ready + d.TerminationWait() + d.Pace(d.Config.Traffic.Duration()) + time.Duration(len(d.Lifecycle(""))+1)*d.Limits.Event
}

// ReverseFunctions is the revision that puts the aliases back to where they were: an AppSpec
// without hooks.
func ReverseFunctions(list []Function) Revision {
	type properties struct{ Name, Alias, CurrentVersion, TargetVersion string }
	type resource struct {
		Type       string
		Properties properties
	}
	resources := make([]map[string]resource, 0, len(list))
	for _, f := range list {
		resources = append(resources, map[string]resource{f.Name: {
			Type: FunctionResource, Properties: properties{f.Name, f.Alias, f.Target, f.Current},
		}})
	}
	text, _ := json.Marshal(map[string]any{"version": "0.0", "Resources": resources}) // of strings: it cannot fail
	return Inline(string(text))
}

// The types of resources in AppSpec files.
const (
	FunctionResource = "AWS::Lambda::Function"
	ServiceResource  = "AWS::ECS::Service"
)
