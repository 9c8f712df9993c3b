package demo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway/slipway/internal/cli/demo/web"
)

const (
	probeEvery   = 20 * time.Millisecond
	probeTimeout = 2 * time.Second
	pageLimit    = 1 << 20
)

// A balancer is the load balancer in front of the fleet. It asks every host for /healthz all
// the time, sends each request to the next healthy host, and asks another one when a host
// fails it, so that a host that goes down costs nobody an answer. Only reading requests are
// asked again; the demonstration has no others.
//
// GET /in-rotation/NAME answers 200 while the host of that name gets requests, else 503:
// ValidateService waits for it.
type balancer struct {
	backends []*backend
	client   *http.Client
	next     atomic.Uint64
	retried  atomic.Int64

	mu      sync.Mutex
	healthy int // now
	floor   int // the least since watchFloor
}

// A backend is a host as the balancer sees it.
type backend struct {
	name, address string
	up            bool   // guarded by balancer.mu
	version       string // that the last good answer came from; guarded by balancer.mu
}

func newBalancer(hosts []*host) *balancer {
	b := &balancer{client: &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: 16},
	}}
	for _, h := range hosts {
		b.backends = append(b.backends, &backend{name: h.name, address: h.address})
	}
	return b
}

// Run probes the hosts until ctx ends.
func (b *balancer) Run(ctx context.Context) error {
	var probing sync.WaitGroup
	for _, one := range b.backends {
		probing.Go(func() {
			tick := time.NewTicker(probeEvery)
			defer tick.Stop()
			for {
				b.probe(ctx, one)
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	probing.Wait()
	b.client.CloseIdleConnections()
	return nil
}

func (b *balancer) probe(ctx context.Context, one *backend) {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	got, err := b.ask(ctx, one, http.MethodGet, "/healthz")
	if ctx.Err() == context.Canceled {
		return
	}
	b.mark(one, err == nil && got.status == http.StatusOK, got.version)
}

// mark records whether a host is up, and how many that leaves.
func (b *balancer) mark(one *backend, up bool, version string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if up {
		one.version = version
	}
	if one.up == up {
		return
	}
	one.up = up
	if up {
		b.healthy++
	} else {
		b.healthy--
	}
	b.floor = min(b.floor, b.healthy)
}

// watchFloor begins to look for the least number of healthy hosts; the function it returns
// tells it.
func (b *balancer) watchFloor() func() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.floor = b.healthy
	return func() int {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.floor
	}
}

// look tells whether a host is up and which version it serves.
func (b *balancer) look(name string) (up bool, version string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, one := range b.backends {
		if one.name == name {
			return one.up, one.version
		}
	}
	return false, ""
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if name, ok := strings.CutPrefix(r.URL.Path, "/in-rotation/"); ok {
		if up, _ := b.look(name); !up {
			http.Error(w, name+" is not in rotation", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	var last answer
	var err error
	for i, one := range b.order() {
		if i > 0 {
			b.retried.Add(1)
		}
		last, err = b.ask(r.Context(), one, r.Method, r.URL.RequestURI())
		if err == nil && last.status < 500 {
			last.write(w)
			return
		}
		if r.Context().Err() != nil {
			return // the client has gone; that says nothing about the host
		}
		b.mark(one, false, "")
	}
	if err != nil {
		http.Error(w, "no host answers: "+err.Error(), http.StatusBadGateway)
		return
	}
	last.write(w)
}

// order is the hosts to ask: the healthy ones, beginning with another one each time, then
// the others as a last resort.
func (b *balancer) order() []*backend {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := int(b.next.Add(1) % uint64(len(b.backends)))
	var up, down []*backend
	for i := range b.backends {
		one := b.backends[(first+i)%len(b.backends)]
		if one.up {
			up = append(up, one)
		} else {
			down = append(down, one)
		}
	}
	return append(up, down...)
}

// An answer is read to its end before any of it is passed on, so that an answer that breaks
// off can still be had from another host.
type answer struct {
	status      int
	contentType string
	version     string
	body        []byte
}

func (b *balancer) ask(ctx context.Context, one *backend, method, uri string) (answer, error) {
	u, err := url.Parse("http://" + one.address + uri)
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), nil)
	if err != nil {
		return answer{}, err
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, pageLimit))
	if err != nil {
		return answer{}, err
	}
	return answer{resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get(web.VersionHeader), body}, nil
}

func (a answer) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", a.contentType)
	w.Header().Set(web.VersionHeader, a.version)
	w.WriteHeader(a.status)
	w.Write(a.body)
}
