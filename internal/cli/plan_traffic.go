package cli

import (
	"fmt"
	"slices"
	"strings"
)

// printTraffic prints how the traffic of functions, or of a service, would move in time.
func (p *program) printTraffic(a plan) {
	to := map[string]string{}
	for _, t := range a.Targets {
		to[t.TargetID] = a.version(t.To)
		fmt.Fprintf(p.stdout, "%s: from %s to %s%s\n", t.TargetID, a.version(t.From), a.version(t.To), validatedBy(t))
	}
	if a.TimeScale > 1 {
		fmt.Fprintf(p.stdout, "This server lets time pass %g times as fast.\n", a.TimeScale)
	}
	if len(a.Moments) > 0 {
		fmt.Fprintln(p.stdout)
	}
	for _, m := range a.Moments {
		for _, h := range m.Happenings {
			fmt.Fprintf(p.stdout, "%s  %s: %s\n", offset(m.Seconds), h.TargetID, h.describe(to[h.TargetID]))
		}
		if m.Waiting != "" {
			fmt.Fprintf(p.stdout, "%s  %s\n", offset(m.Seconds), m.Waiting)
		}
	}
	if a.ErrorInformation == nil {
		fmt.Fprintf(p.stdout, "%s  %s\n", offset(a.Seconds), a.Status)
	}
}

// version names what a target's traffic goes to.
func (a plan) version(text string) string {
	if a.Platform == "Lambda" {
		return "version " + text
	}
	return text
}

// validatedBy names the functions of a target's hooks, in the order in which they are called.
func validatedBy(t plannedTarget) string {
	var list []string
	for _, e := range t.Events {
		if function := t.Hooks[e]; function != "" {
			list = append(list, fmt.Sprintf("%s (%s)", function, e))
		}
	}
	if len(list) == 0 {
		return ""
	}
	return ", validated by " + strings.Join(list, ", ")
}

// describe says what happens with a target whose traffic goes there.
func (h plannedHappening) describe(to string) string {
	switch {
	case h.Percent != nil:
		return fmt.Sprintf("%d%% of the traffic to %s", *h.Percent, to)
	case h.Function != "":
		return fmt.Sprintf("%s calls the function %s", h.Event, h.Function)
	default:
		return h.Event
	}
}

// takesTime says whether anything happens whose duration is not set down.
func (a plan) takesTime() bool {
	return a.Platform == "ECS" || slices.ContainsFunc(a.Targets, func(t plannedTarget) bool {
		return len(t.Hooks) > 0
	})
}
