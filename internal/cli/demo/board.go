package demo

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/cli/progress"
	"github.com/slipway/slipway/internal/cli/screen"
)

const redrawEvery = 80 * time.Millisecond

// A chapter is one deployment of the story.
type chapter struct {
	title    string
	began    time.Time
	took     time.Duration // once it has ended
	snapshot *progress.Snapshot
}

// A board shows the story while it happens: the chapters, the fleet with every lifecycle
// event of the deployment at work, and the traffic. Off a terminal it prints a line per
// change instead.
type board struct {
	screen  *screen.Screen
	lookout *lookout // nil at first
	began   time.Time

	mu       sync.Mutex
	chapters []*chapter
	current  int // -1 before the first
	traffic  *traffic
	note     string
}

func newBoard(s *screen.Screen, titles ...string) *board {
	b := &board{screen: s, began: time.Now(), current: -1}
	for _, title := range titles {
		b.chapters = append(b.chapters, &chapter{title: title})
	}
	return b
}

// Run redraws until ctx ends.
func (b *board) Run(ctx context.Context) error {
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	for {
		b.screen.Draw(b.picture(time.Now()))
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.screen.Draw(b.picture(time.Now()))
			return nil
		}
	}
}

// say shows what is being done between deployments.
func (b *board) say(format string, args ...any) {
	b.mu.Lock()
	b.note = fmt.Sprintf(format, args...)
	b.mu.Unlock()
	b.line(b.note)
}

// line prints a line of plain progress; a live board draws instead.
func (b *board) line(text string) {
	if !b.screen.Live {
		b.screen.Printf("%6.2fs  %s", time.Since(b.began).Seconds(), text)
	}
}

// turnTo begins a chapter.
func (b *board) turnTo(index int) *chapter {
	b.mu.Lock()
	c := b.chapters[index]
	c.began, b.current = time.Now(), index
	b.note = ""
	b.mu.Unlock()
	b.line("── " + c.title)
	return c
}

// look takes a new snapshot of a chapter's deployment.
func (b *board) look(c *chapter, s *progress.Snapshot) {
	b.mu.Lock()
	before := c.snapshot
	c.snapshot = s
	if s.Done() && c.took == 0 {
		c.took = time.Since(c.began)
	}
	b.mu.Unlock()
	if b.screen.Live {
		return
	}
	for _, change := range progress.Changes(before, s) {
		if change.Status != "Pending" {
			b.line("   " + change.String())
		}
	}
}

func (b *board) picture(now time.Time) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var lines []string
	for i, c := range b.chapters {
		lines = append(lines, b.chapterLine(i, c, now))
	}
	lines = append(lines, "")
	lines = append(lines, b.fleet()...)
	lines = append(lines, "")
	return append(lines, b.trafficLines()...)
}

func (b *board) chapterLine(index int, c *chapter, now time.Time) string {
	s := b.screen
	mark, status, took := s.Paint(screen.Dim, "·"), "", time.Duration(0)
	if c.snapshot != nil {
		status = progress.Status(s, c.snapshot.Status)
	}
	switch {
	case c.took > 0 && c.snapshot.Succeeded():
		mark, took = s.Paint(screen.Green, "✓"), c.took
	case c.took > 0:
		mark, took = s.Paint(screen.Red, "✗"), c.took
	case index == b.current:
		mark, took = s.Paint(screen.Yellow, "●"), now.Sub(c.began)
	}
	title := screen.Pad(c.title, 41)
	if index == b.current {
		title = s.Paint(screen.Bold, title)
	}
	line := "  " + mark + " " + title
	if took > 0 {
		line += screen.Pad(progress.Seconds(took), 8) + screen.Pad(status, 12) + s.Paint(screen.Dim, c.outcome())
	}
	return strings.TrimRight(line, " ")
}

// outcome is the deployment's id, and where it failed, if it did.
func (c *chapter) outcome() string {
	if c.snapshot == nil {
		return ""
	}
	text := c.snapshot.ID
	if targets, event, _ := c.failures(); len(targets) > 0 {
		text += "  " + event + " failed on " + strings.Join(targets, ", ")
	}
	return text
}

// fleet draws the targets, as the deployment at work sees them, and hosts as the load balancer does.
func (b *board) fleet() []string {
	s := b.screen
	if b.current < 0 || b.chapters[b.current].snapshot == nil {
		return []string{"  " + s.Paint(screen.Dim, b.note)}
	}
	var leads []progress.Lead
	if b.lookout != nil {
		leads = b.sights()
	}
	var lines []string
	for _, line := range progress.Table(s, b.chapters[b.current].snapshot.Targets, 0, leads...) {
		lines = append(lines, "  "+line)
	}
	return lines
}

// sights are what the hosts look like from in front.
func (b *board) sights() []progress.Lead {
	s := b.screen
	up := progress.Lead{Heading: "up", Width: 2, Cell: func(id string) string {
		if b.lookout.sight(id).healthy {
			return s.Paint(screen.Green, "▲")
		}
		return s.Paint(screen.Red, "▼")
	}}
	serves := progress.Lead{Heading: "serves", Width: 6, Cell: func(id string) string {
		seen := b.lookout.sight(id)
		if !seen.healthy {
			return s.Paint(screen.Dim, "–")
		}
		return paintVersion(s, seen.version, seen.version)
	}}
	return []progress.Lead{up, serves}
}

func (b *board) trafficLines() []string {
	if b.traffic == nil {
		return nil
	}
	f := b.traffic.figures(b.screen.Width() - 16)
	failed := fmt.Sprintf("%d failed", f.failed)
	if f.failed > 0 {
		failed = b.screen.Paint(screen.Red, failed)
	}
	lines := []string{fmt.Sprintf("  %s  %d requests, %.0f a second · %s",
		b.screen.Paint(screen.Bold, "traffic "), f.requests, f.perSecond, failed)}
	return append(lines, histories(b.screen, f)...)
}

// histories draws which version had how much of the traffic, over time.
func histories(s *screen.Screen, f figures) []string {
	var lines []string
	for _, v := range f.versions {
		lines = append(lines, "  "+screen.Pad("", 4)+screen.Pad(v.version, 4)+"  "+paintVersion(s, v.version, v.history))
	}
	return lines
}

// paintVersion gives every version its colour.
func paintVersion(s *screen.Screen, version, text string) string {
	switch strings.TrimPrefix(version, "v") {
	case "1":
		return s.Paint(screen.Blue, text)
	case "2":
		return s.Paint(screen.Green, text)
	case "4":
		return s.Paint(screen.Yellow, text)
	case "5":
		return s.Paint(screen.Purple, text)
	default:
		return s.Paint(screen.Red, text)
	}
}
