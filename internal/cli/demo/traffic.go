package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/slipway/slipway/internal/cli/demo/web"
)

const (
	clients    = 4
	thinkTime  = 8 * time.Millisecond
	slotLength = 250 * time.Millisecond
)

// A traffic is the people who use the application while it is being deployed: a few
// clients, each asking for the page again and again.
type traffic struct {
	url     string
	started time.Time

	mu       sync.Mutex
	requests int
	failed   int
	failure  string // the first
	slowest  time.Duration
	versions map[string]int
	slots    []map[string]int // answers per version, per slotLength since started
}

func newTraffic(url string) *traffic {
	return &traffic{url: url, started: time.Now(), versions: map[string]int{}}
}

// Run keeps the requests coming until ctx ends.
func (t *traffic) Run(ctx context.Context) error {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	defer client.CloseIdleConnections()
	var asking sync.WaitGroup
	for range clients {
		asking.Go(func() {
			tick := time.NewTicker(thinkTime)
			defer tick.Stop()
			for ctx.Err() == nil {
				t.request(ctx, client)
				select {
				case <-tick.C:
				case <-ctx.Done():
				}
			}
		})
	}
	asking.Wait()
	return nil
}

func (t *traffic) request(ctx context.Context, client *http.Client) {
	began := time.Now()
	version, err := get(ctx, client, t.url)
	if ctx.Err() != nil {
		return // we are leaving; not an answer that anybody missed
	}
	t.record(began, time.Since(began), version, err)
}

func get(ctx context.Context, client *http.Client, url string) (version string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("answered %d: %s", resp.StatusCode, strings.TrimSpace(string(body)))
	}
	return resp.Header.Get(web.VersionHeader), nil
}

func (t *traffic) record(began time.Time, took time.Duration, version string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	t.slowest = max(t.slowest, took)
	if err != nil {
		if t.failed == 0 {
			t.failure = err.Error()
		}
		t.failed++
		return
	}
	t.versions[version]++
	slot := int(began.Sub(t.started) / slotLength)
	for len(t.slots) <= slot {
		t.slots = append(t.slots, map[string]int{})
	}
	t.slots[slot][version]++
}

// Figures are what the clients have seen so far.
type figures struct {
	requests, failed int
	failure          string
	slowest          time.Duration
	perSecond        float64
	versions         []versionCount // in the order of their names
}

type versionCount struct {
	version string
	count   int
	history string // a bar per slot: how much of the traffic it had
}

// figures counts up. The histories are at most width bars long: the latest.
func (t *traffic) figures(width int) figures {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := figures{requests: t.requests, failed: t.failed, failure: t.failure, slowest: t.slowest}
	if seconds := time.Since(t.started).Seconds(); seconds > 0 {
		f.perSecond = float64(t.requests) / seconds
	}
	slots := t.slots[max(0, len(t.slots)-width):]
	for version, count := range t.versions {
		f.versions = append(f.versions, versionCount{version, count, history(slots, version)})
	}
	slices.SortFunc(f.versions, func(a, b versionCount) int { return strings.Compare(a.version, b.version) })
	return f
}

// history draws the share of one version in every slot.
func history(slots []map[string]int, version string) string {
	bars := []rune(" ▁▂▃▄▅▆▇█")
	var b strings.Builder
	for _, slot := range slots {
		total := 0
		for _, n := range slot {
			total += n
		}
		share := 0
		if total > 0 && slot[version] > 0 {
			share = max(1, slot[version]*(len(bars)-1)/total)
		}
		b.WriteRune(bars[share])
	}
	return b.String()
}
