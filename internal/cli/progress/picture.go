package progress

import (
	"fmt"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/cli/screen"
)

// short names lifecycle events in table headings.
var short = map[string]string{
	"ApplicationStop": "Stop", "DownloadBundle": "Download", "BeforeInstall": "Before", "Install": "Install",
	"AfterInstall": "After", "ApplicationStart": "Start", "ValidateService": "Validate",
	"BeforeBlockTraffic": "PreBlock", "BlockTraffic": "Block", "AfterBlockTraffic": "Blocked",
	"BeforeAllowTraffic": "PreAllow", "AllowTraffic": "Allow", "AfterAllowTraffic": "Allowed",
	"AllowTestTraffic": "Test", "AfterAllowTestTraffic": "Tested",
}

// glyph is how a status looks in a table.
func glyph(s *screen.Screen, status string) string {
	switch status {
	case "Succeeded":
		return s.Paint(screen.Green, "✓")
	case "Failed":
		return s.Paint(screen.Red, "✗")
	case "InProgress":
		return s.Paint(screen.Yellow, "●")
	case "Skipped":
		return s.Paint(screen.Dim, "–")
	case "Pending", "":
		return s.Paint(screen.Dim, "·")
	default:
		return s.Paint(screen.Red, "?")
	}
}

// Status is a status in its colour.
func Status(s *screen.Screen, status string) string {
	switch status {
	case "Succeeded":
		return s.Paint(screen.Green, status)
	case "Failed", "Stopped":
		return s.Paint(screen.Red, status)
	case "InProgress", "Created", "Queued", "Ready", "Baking":
		return s.Paint(screen.Yellow, status)
	default:
		return s.Paint(screen.Dim, status)
	}
}

// A Lead is what a caller adds in front of a target's row in a Table.
type Lead struct {
	Heading string
	Width   int
	Cell    func(targetID string) string
}

// statusWidth is kept free for a target's status. The event beside it may be cut off.
const statusWidth = 14

// Table draws the targets: a row each, a column per lifecycle event. On narrow screens the
// headings shrink. Beyond limit rows, only targets at work or failed are shown,
// and the last line counts the others.
func Table(s *screen.Screen, targets []Target, limit int, leads ...Lead) []string {
	if len(targets) == 0 {
		return []string{s.Paint(screen.Dim, "(no targets yet)")}
	}
	shown, hidden := pick(targets, limit)
	nameWidth := 8
	for _, t := range shown {
		nameWidth = max(nameWidth, len(t.name()))
	}
	events := columns(targets)
	headings := headings(events, s.Width()-nameWidth-statusWidth-leadWidth(leads))
	head := screen.Pad("", nameWidth)
	for _, l := range leads {
		head += "  " + screen.Pad(l.Heading, l.Width)
	}
	lines := []string{s.Paint(screen.Dim, head+"  "+strings.Join(headings, "  "))}
	for _, t := range shown {
		line := s.Paint(screen.Bold, screen.Pad(t.name(), nameWidth))
		for _, l := range leads {
			line += "  " + screen.Pad(l.Cell(t.ID), l.Width)
		}
		for i, name := range events {
			mark := " " // not one of its events
			if e := t.event(name); e.Name != "" {
				mark = glyph(s, e.Status)
			}
			line += "  " + center(mark, len(headings[i]))
		}
		lines = append(lines, line+"  "+Status(s, t.Status)+s.Paint(screen.Dim, t.current()))
	}
	if hidden > 0 {
		lines = append(lines, s.Paint(screen.Dim, fmt.Sprintf("… and %d more", hidden)))
	}
	return lines
}

// pick chooses the rows to show: all, or those that are at work or failed.
func pick(targets []Target, limit int) (shown []Target, hidden int) {
	if limit <= 0 || len(targets) <= limit {
		return targets, 0
	}
	for _, t := range targets {
		if len(shown) < limit && (t.Status == "InProgress" || t.Status == "Failed") {
			shown = append(shown, t)
		}
	}
	return shown, len(targets) - len(shown)
}

func leadWidth(leads []Lead) int {
	width := 0
	for _, l := range leads {
		width += 2 + l.Width
	}
	return width
}

// columns are the names of all the targets' events, those of the target that has most first:
// the two sides of a blue/green deployment have different ones.
func columns(targets []Target) (names []string) {
	byLength := slices.SortedStableFunc(slices.Values(targets), func(a, b Target) int { return len(b.Events) - len(a.Events) })
	for _, t := range byLength {
		for _, e := range t.Events {
			if !slices.Contains(names, e.Name) {
				names = append(names, e.Name)
			}
		}
	}
	return names
}

// headings names the events in at most width columns: in a word, in four letters, or in one.
func headings(events []string, width int) []string {
	for _, letters := range []int{len("Download"), 4, 1} {
		total := 0
		names := make([]string, len(events))
		for i, name := range events {
			if s, ok := short[name]; ok {
				name = s
			}
			names[i] = name[:min(letters, len(name))]
			total += 2 + len(names[i])
		}
		if total <= width || letters == 1 {
			return names
		}
	}
	return nil
}

func center(text string, width int) string {
	left := (width - screen.Columns(text)) / 2
	return screen.Pad(strings.Repeat(" ", max(left, 0))+text, width)
}

// name is the target's id, with its side.
func (t Target) name() string {
	if t.Side != "" {
		return t.ID + " " + strings.ToLower(t.Side)
	}
	return t.ID
}

func (t Target) event(name string) Event {
	for _, e := range t.Events {
		if e.Name == name {
			return e
		}
	}
	return Event{}
}

// current names the event at work, or the one that failed, and says where the traffic is.
func (t Target) current() string {
	traffic := ""
	if t.Share != nil && t.To != "" {
		traffic = fmt.Sprintf("  %.0f %% to %s", *t.Share, t.To)
	}
	for _, e := range t.Events {
		if e.Status == "InProgress" || e.Status == "Failed" {
			return " " + e.Name + traffic
		}
	}
	return traffic
}
