package demo

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/cli/demo/web"
)

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after 10 s still not: %s", what)
		}
	}
}

func TestTrafficCounts(t *testing.T) {
	var broken atomic.Bool
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(web.VersionHeader, "v1")
		if broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		io.WriteString(w, "page v1")
	}))
	defer shop.Close()
	tr := newTraffic(shop.URL + "/")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- tr.Run(ctx) }()
	eventually(t, "ten good answers", func() bool { return tr.figures(10).requests >= 10 })
	broken.Store(true)
	eventually(t, "a failed request", func() bool { return tr.figures(10).failed > 0 })
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	f := tr.figures(10)
	if len(f.versions) != 1 || f.versions[0].version != "v1" || f.versions[0].count+f.failed != f.requests {
		t.Errorf("figures do not add up: %+v", f)
	}
	if !strings.Contains(f.failure, "answered 500") {
		t.Errorf("first failure: %q", f.failure)
	}
}

func TestHistory(t *testing.T) {
	slots := []map[string]int{{"v1": 10}, {"v1": 5, "v2": 5}, {"v1": 1, "v2": 99}, {}, {"v2": 7}}
	if got, want := history(slots, "v1"), "█▄▁  "; got != want {
		t.Errorf("v1: %q, want %q", got, want)
	}
	if got, want := history(slots, "v2"), " ▄▇ █"; got != want {
		t.Errorf("v2: %q, want %q", got, want)
	}
}

func TestLookoutRemembersTheFloor(t *testing.T) {
	l := &lookout{hosts: make([]*host, 3)}
	up := sight{true, "v1"}
	all := map[string]sight{"web-1": up, "web-2": up, "web-3": up}
	l.saw(map[string]sight{"web-1": up})
	floor := l.watchFloor()
	l.saw(all)
	l.saw(map[string]sight{"web-1": up, "web-3": {true, "v2"}})
	l.saw(all)
	if floor() != 2 {
		t.Errorf("the floor was %d, want 2", floor())
	}
	if !l.sight("web-2").healthy || l.sight("web-9").healthy {
		t.Error("a host was seen wrongly")
	}
}
