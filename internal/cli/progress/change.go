package progress

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Change is one thing that is different between two snapshots. Target and Event are empty
// for the deployment itself; Event is empty for a target as a whole.
type Change struct {
	Deployment string        `json:"deploymentId"`
	Target     string        `json:"targetId,omitempty"`
	Event      string        `json:"lifecycleEvent,omitempty"`
	Status     string        `json:"status"`
	Took       time.Duration `json:"-"`
	Seconds    float64       `json:"seconds,omitempty"`
	Failure    *Failure      `json:"failure,omitempty"`
	// Share is how much of the target's traffic has moved now, in percent, where that is what changed.
	Share *float64  `json:"trafficShare,omitempty"`
	At    time.Time `json:"time,omitzero"`
}

// Changes lists what differs, in the order in which it happened: what began, the lifecycle
// events by their time, what ended. Events of a target that is skipped are not listed one by
// one. before may be nil.
func Changes(before, after *Snapshot) []Change {
	if before == nil {
		before = &Snapshot{}
	}
	was := map[string]Target{}
	for _, t := range before.Targets {
		was[t.ID] = t
	}
	var began, events, ended []Change
	note := func(c Change) {
		if c.Status == "Created" || c.Status == "InProgress" {
			began = append(began, c)
		} else {
			ended = append(ended, c)
		}
	}
	if after.Status != before.Status && !after.Done() {
		note(Change{Deployment: after.ID, Status: after.Status})
	}
	for _, t := range after.Targets {
		if shareOf(t) != shareOf(was[t.ID]) {
			c := Change{Deployment: after.ID, Target: t.ID, Event: "AllowTraffic", Status: t.Status, Share: t.Share}
			if began := t.event("AllowTraffic").Started; began != nil {
				c.At = *began
			}
			events = append(events, c)
		}
		events = append(events, eventChanges(after.ID, was[t.ID], t)...)
		if t.Status != was[t.ID].Status && t.Status != "Pending" {
			note(Change{Deployment: after.ID, Target: t.ID, Status: t.Status})
		}
	}
	if after.Status != before.Status && after.Done() {
		c := Change{Deployment: after.ID, Status: after.Status}
		c.took(after.Took(after.Created))
		note(c)
	}
	slices.SortStableFunc(events, func(a, b Change) int { return a.At.Compare(b.At) })
	return slices.Concat(began, events, ended)
}

func shareOf(t Target) float64 {
	if t.Share == nil {
		return 0
	}
	return *t.Share
}

func eventChanges(id string, before, after Target) []Change {
	var changes []Change
	for _, e := range after.Events {
		if e.Status == "Pending" || e.Status == "Skipped" || slices.ContainsFunc(before.Events, func(b Event) bool {
			return b.Name == e.Name && b.Status == e.Status
		}) {
			continue
		}
		c := Change{Deployment: id, Target: after.ID, Event: e.Name, Status: e.Status, Failure: e.Failure}
		switch {
		case e.Ended != nil:
			c.At = *e.Ended
			c.took(e.Took())
		case e.Started != nil:
			c.At = *e.Started
		}
		changes = append(changes, c)
	}
	return changes
}

func (c *Change) took(d time.Duration) {
	c.Took, c.Seconds = d, d.Seconds()
}

// String is the change as a line of plain progress: who, what, how, how long.
func (c Change) String() string {
	subject := c.Target
	if subject == "" {
		subject = c.Deployment
	}
	what := c.Event
	if what == "" && c.Target == "" {
		what = "deployment"
	}
	line := fmt.Sprintf("%-12s %-17s %s", subject, what, c.Status)
	if c.Share != nil {
		return fmt.Sprintf("%-12s %-17s %.0f %% of the traffic", subject, what, *c.Share)
	}
	if c.Took > 0 {
		line += "  " + Seconds(c.Took)
	}
	return strings.TrimRight(line, " ")
}

// Seconds is a duration as people read it: 1.2 s, 0.03 s, 2 min 5 s.
func Seconds(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	case d >= 10*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d >= time.Second/10:
		return fmt.Sprintf("%.1f s", d.Seconds())
	default:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
}
