package sqlite_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/audit"
	"github.com/slipway/slipway/internal/store/sqlite"
)

// Events are found by what they name, newest first, and go when they are old or too many.
func TestAuditEvents(t *testing.T) {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "slipway.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	log := audit.New(s, audit.Bounds{Age: time.Hour, Count: 3}, func() time.Time { return now })
	add := func(name string) {
		t.Helper()
		e := audit.Event{Name: name, By: audit.Principal{Name: "anna"}, Resources: []audit.Resource{{Type: "T", Name: "of " + name}}}
		if err := log.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, q audit.Query, want ...string) {
		t.Helper()
		list, err := log.Events(t.Context(), q)
		var got []string
		for _, e := range list {
			got = append(got, e.Name)
		}
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: events are %v, %v; want %v", what, got, err, want)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%s: events are %v, want %v", what, got, want)
			}
		}
	}
	for _, name := range []string{"A", "B", "C", "D"} {
		add(name)
	}
	check("no more than three", audit.Query{}, "D", "C", "B")
	check("a page", audit.Query{Limit: 2}, "D", "C")
	list, _ := log.Events(t.Context(), audit.Query{Limit: 2})
	check("the next", audit.Query{Limit: 2, Before: list[1].Position}, "B")
	check("by name", audit.Query{Attribute: "EventName", Value: "C"}, "C")
	check("by user", audit.Query{Attribute: "Username", Value: "anna"}, "D", "C", "B")
	check("by resource", audit.Query{Attribute: "ResourceName", Value: "of B"}, "B")
	check("by id", audit.Query{Attribute: "EventId", Value: list[0].ID}, "D")
	now = now.Add(2 * time.Hour)
	add("E")
	check("no older than an hour", audit.Query{}, "E")
	check("later", audit.Query{From: now.Add(time.Second)})
}
