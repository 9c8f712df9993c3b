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

// A fakeHost serves one version, and can be made to answer 500.
type fakeHost struct {
	*httptest.Server
	broken atomic.Bool
	served atomic.Int64
}

func newFakeHost(t *testing.T, version string) *fakeHost {
	f := &fakeHost{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(web.VersionHeader, version)
		if f.broken.Load() {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		if r.URL.Path == "/" {
			f.served.Add(1)
		}
		io.WriteString(w, "page "+version)
	}))
	t.Cleanup(f.Close)
	return f
}

// inFront starts a balancer in front of the hosts and waits until it knows them all.
func inFront(t *testing.T, fakes ...*fakeHost) (*balancer, string) {
	t.Helper()
	var hosts []*host
	for i, f := range fakes {
		hosts = append(hosts, &host{name: []string{"a", "b", "c"}[i], address: strings.TrimPrefix(f.URL, "http://")})
	}
	b := newBalancer(hosts)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Run(ctx)
	}()
	front := httptest.NewServer(b)
	t.Cleanup(func() {
		front.Close()
		cancel()
		<-done
	})
	eventually(t, "all hosts are up", func() bool {
		for _, h := range hosts {
			if up, _ := b.look(h.name); !up {
				return false
			}
		}
		return true
	})
	return b, front.URL
}

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

func status(t *testing.T, method, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestBalancerSpreadsRequests(t *testing.T) {
	one, two := newFakeHost(t, "v1"), newFakeHost(t, "v1")
	_, url := inFront(t, one, two)
	for range 20 {
		if got := status(t, "GET", url+"/"); got != 200 {
			t.Fatalf("answered %d", got)
		}
	}
	if one.served.Load() != 10 || two.served.Load() != 10 {
		t.Errorf("served %d and %d of 20", one.served.Load(), two.served.Load())
	}
}

func TestBalancerAsksAnotherHost(t *testing.T) {
	one, two, three := newFakeHost(t, "v1"), newFakeHost(t, "v2"), newFakeHost(t, "v2")
	b, url := inFront(t, one, two, three)
	floor := b.watchFloor()
	one.Close()            // refuses connections
	two.broken.Store(true) // answers 500
	for range 20 {
		if version, err := get(t.Context(), http.DefaultClient, url+"/"); err != nil || version != "v2" {
			t.Fatalf("version %q, %v", version, err)
		}
	}
	if got := floor(); got != 1 {
		t.Errorf("the floor was %d, want 1", got)
	}
	if n := b.retried.Load(); n > 4 {
		t.Errorf("%d requests were asked again; hosts known to be down should not be asked first", n)
	}
	if got := status(t, "GET", url+"/in-rotation/b"); got != 503 {
		t.Errorf("in-rotation/b answers %d", got)
	}
	two.broken.Store(false)
	eventually(t, "b is back", func() bool { return status(t, "GET", url+"/in-rotation/b") == 200 })
}

func TestBalancerWithoutHosts(t *testing.T) {
	one := newFakeHost(t, "v1")
	_, url := inFront(t, one)
	one.broken.Store(true)
	if got := status(t, "GET", url+"/"); got != 500 {
		t.Errorf("the only host answers 500, the balancer %d", got)
	}
	one.Close()
	if got := status(t, "GET", url+"/"); got != 502 {
		t.Errorf("no host listens, the balancer answers %d", got)
	}
	if got := status(t, "POST", url+"/"); got != 405 {
		t.Errorf("POST answered %d", got)
	}
}

func TestTrafficCounts(t *testing.T) {
	one := newFakeHost(t, "v1")
	b, url := inFront(t, one)
	tr := newTraffic(url + "/")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- tr.Run(ctx) }()
	eventually(t, "ten good answers", func() bool { return tr.figures(10).requests >= 10 })
	one.broken.Store(true)
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
	if b.retried.Load() != 0 {
		t.Error("there was no other host to ask")
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
