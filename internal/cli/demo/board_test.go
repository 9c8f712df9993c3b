package demo

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/cli/progress"
	"github.com/slipway/slipway/internal/cli/screen"
)

// halfway is a board in the middle of the second deployment.
func halfway(out *bytes.Buffer) *board {
	b := newBoard(screen.New(out, os.Getenv), (&fleet{}).titles()...)
	b.lookout = &lookout{}
	b.lookout.saw(map[string]sight{"web-1": {true, "v2"}})
	b.traffic = newTraffic("")
	for i := range 8 {
		version := "v1"
		if i%2 == 1 && i > 4 {
			version = "v2"
		}
		b.traffic.record(b.traffic.started.Add(time.Duration(i/2)*slotLength), time.Millisecond, version, nil)
	}
	event := func(name, status string) progress.Event { return progress.Event{Name: name, Status: status} }
	b.chapters[0].snapshot = &progress.Snapshot{ID: "d-1", Status: "Succeeded"}
	b.chapters[0].took = 900 * time.Millisecond
	c := b.turnTo(1)
	b.look(c, &progress.Snapshot{ID: "d-2", Status: "InProgress", Targets: []progress.Target{
		{ID: "web-1", Status: "Succeeded", Events: []progress.Event{event("ApplicationStop", "Succeeded"), event("Install", "Succeeded")}},
		{ID: "web-2", Status: "InProgress", Events: []progress.Event{event("ApplicationStop", "InProgress"), event("Install", "Pending")}},
	}})
	return b
}

func TestBoardDraws(t *testing.T) {
	var out bytes.Buffer
	b := halfway(&out)
	b.chapters[1].began = time.Now()
	picture := strings.Join(b.picture(b.chapters[1].began.Add(1500*time.Millisecond)), "\n")
	want := `  ✓ v1 to all hosts at once                  0.9 s   Succeeded   d-1
  ● v2 one host at a time, under traffic     1.5 s   InProgress  d-2
  · v3, which is broken, one host at a time
  · the automatic rollback to v2
  · v4, which is slow, one rack and then a look
  · the alarm goes off: rollback to v2
  · v2 to instances that take the hosts' place
  · v5 blue/green: others take their place

            up  serves  Stop  Install
  web-1     ▲   v2       ✓       ✓     Succeeded
  web-2     ▼   –        ●       ·     InProgress ApplicationStop

  traffic   8 requests, `
	if got, _, _ := strings.Cut(picture, " a second"); cmp.Diff(want, got[:min(len(want), len(got))]) != "" {
		t.Errorf("picture (-want +got):\n%s", cmp.Diff(want, got))
	}
	for _, want := range []string{"0 failed", "v1    ██▄▄\n", "v2      ▄▄"} {
		if !strings.Contains(picture, want) {
			t.Errorf("no %q in:\n%s", want, picture)
		}
	}
}

func TestBoardPrintsLines(t *testing.T) {
	var out bytes.Buffer
	halfway(&out)
	for _, want := range []string{
		"── v2 one host at a time", "web-2        ApplicationStop   InProgress", "web-1        Install           Succeeded", "d-2          deployment        InProgress",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}
