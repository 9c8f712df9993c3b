package progress

import (
	"fmt"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/cli/screen"
)

// Headline is the deployment in one line.
func Headline(s *screen.Screen, d *Snapshot, now time.Time) string {
	line := fmt.Sprintf("%s  %s → %s  %s  %s", s.Paint(screen.Bold, d.ID), d.Application, d.Group,
		Status(s, d.Status), Seconds(d.Took(now)))
	if d.RollbackOf != "" {
		line += "  (rollback of " + d.RollbackOf + ")"
	}
	return line
}

// Explain says why a deployment failed: its own error, then for each target the lifecycle
// event that failed, with script, message and the tail of its log. It is empty when nothing
// failed.
func Explain(s *screen.Screen, d *Snapshot) []string {
	var lines []string
	if d.ErrorCode != "" || d.ErrorMessage != "" {
		lines = append(lines, s.Paint(screen.Red, d.ErrorCode)+": "+d.ErrorMessage)
	}
	for _, t := range d.Targets {
		for _, e := range t.Events {
			if e.Status == "Failed" {
				lines = append(lines, explainEvent(s, t.ID, e)...)
			}
		}
	}
	switch {
	case d.RollbackID != "":
		lines = append(lines, "rolled back by deployment "+d.RollbackID)
	case d.RollbackMessage != "":
		lines = append(lines, "rollback: "+d.RollbackMessage)
	}
	return lines
}

func explainEvent(s *screen.Screen, target string, e Event) []string {
	title := s.Paint(screen.Bold, target) + ": " + e.Name + " failed"
	f := e.Failure
	if f == nil {
		return []string{title}
	}
	if f.Code != "" {
		title += " (" + f.Code + ")"
	}
	lines := []string{title}
	if f.Script != "" {
		lines = append(lines, "    script   "+f.Script)
	}
	if f.Message != "" {
		lines = append(lines, "    message  "+f.Message)
	}
	if tail := strings.TrimSpace(f.LogTail); tail != "" {
		lines = append(lines, "    log")
		for _, line := range strings.Split(tail, "\n") {
			lines = append(lines, s.Paint(screen.Dim, "      │ "+strings.TrimRight(line, "\r")))
		}
	}
	return lines
}
