package planetest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

func (s *site) weigh(weights ...int) {
	f := *s.desired.Listeners[0].Default.Forward
	f.Groups = nil
	for i, w := range weights {
		f.Groups = append(f.Groups, plane.Weighted{Group: s.desired.Groups[i].ID, Weight: w})
	}
	s.desired.Listeners[0].Default.Forward = &f
}

func testWeights(t *testing.T, e plane.Engine) {
	blue, green := start(t, "blue"), start(t, "green")
	s := newSite(t, e, groupOf("blue", blue), groupOf("green", green))
	s.weigh(90, 10)
	s.serve()
	for round := range 5 { // exact in every window of a hundred
		before := green.served.Load()
		for range 100 {
			s.get("/")
		}
		if got := green.served.Load() - before; got != 10 {
			t.Errorf("round %d: of 100 requests %d went to the group with 10 %%", round, got)
		}
	}
}

func testShift(t *testing.T, e plane.Engine) {
	s := newSite(t, e, groupOf("blue", start(t, "blue")), groupOf("green", start(t, "green")))
	for _, want := range []string{"blue", "green", "blue"} {
		s.weigh(0, 100)
		if want == "blue" {
			s.weigh(100, 0)
		}
		s.serve()
		for range 20 {
			if _, got, _ := s.get("/"); got != want {
				t.Fatalf("%s answered, all weight is on %s", got, want)
			}
		}
	}
}

// A load counts requests until it is stopped, and what went wrong with them.
type load struct {
	stop   chan struct{}
	wg     sync.WaitGroup
	sent   atomic.Int64
	tick   chan struct{} // gets one for a request, if somebody waits
	mu     sync.Mutex
	failed []string
}

// press sends requests over several connections, half of which are kept alive. Every third is a POST with a body.
func (s *site) press(clients int, methods ...string) *load {
	l := &load{stop: make(chan struct{}), tick: make(chan struct{})}
	for i := range clients {
		l.wg.Go(func() {
			transport := &http.Transport{DisableKeepAlives: i%2 == 1}
			defer transport.CloseIdleConnections()
			for n := 0; ; n++ {
				select {
				case <-l.stop:
					return
				default:
				}
				l.send(transport, methods[n%len(methods)], s.url("/"))
			}
		})
	}
	return l
}

func (l *load) send(transport http.RoundTripper, method, url string) {
	body := ""
	if method == http.MethodPost {
		body = strings.Repeat("x", 4000)
	}
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err == nil {
		var response *http.Response
		if response, err = transport.RoundTrip(r); err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			if err == nil && response.StatusCode != http.StatusOK {
				err = fmt.Errorf("status %d", response.StatusCode)
			}
		}
	}
	l.sent.Add(1)
	select {
	case l.tick <- struct{}{}:
	default:
	}
	if err != nil {
		l.mu.Lock()
		l.failed = append(l.failed, method+": "+err.Error())
		l.mu.Unlock()
	}
}

// pass waits until so many more requests have ended.
func (l *load) pass(n int) {
	for range n {
		<-l.tick
	}
}

// end stops the load and fails the test if a request has.
func (l *load) end(t *testing.T) {
	t.Helper()
	close(l.stop)
	l.wg.Wait()
	if len(l.failed) > 0 {
		t.Errorf("%d of %d requests failed, the first: %s", len(l.failed), l.sent.Load(), l.failed[0])
	}
	t.Logf("%d requests", l.sent.Load())
}

// testNothingLost replaces every target of a group, one after the other and all at once, and shifts weights, under load.
// A target is shut down as soon as it has drained.
func testNothingLost(t *testing.T, e plane.Engine) {
	first := []*backend{start(t, "a-0"), start(t, "b-0"), start(t, "c-0")}
	s := newSite(t, e, groupOf("blue", first...), groupOf("green"))
	s.weigh(1, 0)
	s.serve()
	l := s.press(8, http.MethodGet, http.MethodPost, http.MethodGet)
	blue, green := &s.desired.Groups[0], &s.desired.Groups[1]
	current := first
	for round := 1; round <= 4; round++ {
		for i, old := range current { // in place, one at a time
			next := start(t, fmt.Sprintf("%c-%d", 'a'+i, round))
			blue.Targets = append(blue.Targets[:i:i], blue.Targets[i+1:]...)
			s.apply()
			l.pass(50)
			s.until("drained", s.gone("blue", old.name))
			old.Close()
			blue.Targets = append(blue.Targets[:i:i], append([]plane.Target{next.target()}, blue.Targets[i:]...)...)
			s.serve()
			current[i] = next
		}
		// Blue/green, there and back.
		other := start(t, fmt.Sprintf("d-%d", round))
		green.Targets = []plane.Target{other.target()}
		s.serve()
		for _, share := range []int{10, 50, 100} {
			s.weigh(100-share, share)
			s.apply()
			l.pass(100)
		}
		s.weigh(1, 0)
		green.Targets = nil // in the same breath
		s.apply()
		s.until("drained", s.gone("green", other.name))
		other.Close()
	}
	l.end(t)
}

// testKilled closes a target's sockets under load, with no word to the engine. What is safe to repeat is repeated.
func testKilled(t *testing.T, e plane.Engine) {
	a, b, c := start(t, "a"), start(t, "b"), start(t, "c")
	s := newSite(t, e, groupOf("blue", a, b, c))
	s.serve()
	l := s.press(8, http.MethodGet)
	for _, victim := range []*backend{a, b} {
		_ = victim.Listener.Close()
		victim.CloseClientConnections()
		s.until("seen", s.state("blue", victim.name, plane.Unhealthy))
		l.pass(100)
	}
	l.end(t)
}

// testRulesChange changes rules and listeners under load, with a request open all the time.
func testRulesChange(t *testing.T, e plane.Engine) {
	a := start(t, "a")
	s := newSite(t, e, groupOf("blue", a))
	s.serve()
	answer := s.slowly(a)
	l := s.press(4, http.MethodGet)
	for i := range 5 {
		other := s.desired.Listeners[0]
		other.ID, other.Address = fmt.Sprint("other-", i), freeAddress(t)
		other.Rules = []plane.Rule{{ID: "r", Priority: i + 1, Conditions: []plane.Condition{{Field: plane.PathPattern, Values: []string{"/x"}}},
			Action: other.Default}}
		s.desired.Listeners = []plane.Listener{s.desired.Listeners[0], other}
		s.desired.Listeners[0].Rules = other.Rules
		s.apply()
		l.pass(50)
	}
	l.end(t)
	got, known := e.Observe().Find("blue", "a")
	if !known || got.Open != 1 {
		t.Errorf("observed %+v, want 1 open", got)
	}
	close(a.gate)
	if body := <-answer; body != "a" {
		t.Errorf("the request that was open all the time got %q", body)
	}
}
