// Package planetest holds data planes to the contract of package plane, over real sockets:
//
//	func TestEngine(t *testing.T) {
//		planetest.Run(t, func(t *testing.T) plane.Engine { return forward.New(forward.Config{}) })
//	}
package planetest

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// limit is how long anything may take before the test has failed. Nothing is measured against it.
const limit = 60 * time.Second

// Run runs the suite, with a new engine for each test.
func Run(t *testing.T, open func(t *testing.T) plane.Engine) {
	for name, test := range map[string]func(*testing.T, plane.Engine){
		"weights": testWeights, "weights shift": testShift, "health": testHealth, "health reasons": testReasons, "fail open": testFailOpen,
		"drained by the last request": testDrained, "drained by the delay": testDelay, "back before drained": testRevived,
		"no request is lost": testNothingLost, "a killed target": testKilled, "rules change": testRulesChange,
		"websocket and stream while draining": testLongLived,
		"rules":                               testRules, "answers of its own": testAnswers, "errors": testErrors,
		"tcp": testTCP, "tls": testTLS, "https": testHTTPS, "stickiness": testSticky,
		"bodies and headers": testBodies, "metrics": testMetrics, "address in use": testBusy, "close": testClose,
	} {
		t.Run(name, func(t *testing.T) {
			e := open(t)
			t.Cleanup(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				if err := e.Close(ctx); err != nil {
					t.Error(err)
				}
			})
			test(t, e)
		})
	}
}

// A backend is a target that answers with its name.
type backend struct {
	*httptest.Server
	name    string
	sick    atomic.Int32  // what /health answers, 0 is 200
	gate    chan struct{} // what /slow waits for
	waiting chan struct{} // gets one for each /slow
	served  atomic.Int64
}

func start(t *testing.T, name string) *backend {
	b := &backend{name: name, gate: make(chan struct{}), waiting: make(chan struct{}, 100)}
	b.Server = httptest.NewServer(b)
	t.Cleanup(func() {
		b.CloseClientConnections()
		b.Close()
	})
	return b
}

func (b *backend) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Backend", b.name)
	switch r.URL.Path {
	case "/health":
		if code := b.sick.Load(); code != 0 {
			w.WriteHeader(int(code))
		}
		return
	case "/slow":
		b.waiting <- struct{}{}
		select {
		case <-b.gate:
		case <-r.Context().Done():
		}
	case "/never":
		<-r.Context().Done()
	case "/status":
		var code int
		_, _ = fmt.Sscan(r.URL.RawQuery, &code)
		w.WriteHeader(code)
	case "/echo":
		w.Header().Set("Trailer", "Length")
		for name, values := range r.Header {
			w.Header()["Got-"+name] = values
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
		w.Header().Set("Length", fmt.Sprint(len(body)))
		return
	case "/stream":
		b.stream(w, r)
		return
	case "/upgrade":
		b.upgrade(w, r)
		return
	}
	b.served.Add(1)
	_, _ = io.WriteString(w, b.name)
}

// upgrade switches to a protocol that echoes, as a WebSocket does.
func (b *backend) upgrade(w http.ResponseWriter, _ *http.Request) {
	conn, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
	_, _ = io.Copy(conn, rw)
}

const streamed = 100 << 20

// stream sends 100 MB; before the last half it waits at the gate.
func (b *backend) stream(w http.ResponseWriter, r *http.Request) {
	piece := make([]byte, 1<<20)
	for i := range streamed / len(piece) {
		if i == streamed/len(piece)/2 {
			b.waiting <- struct{}{}
			select {
			case <-b.gate:
			case <-r.Context().Done():
				return
			}
		}
		if _, err := w.Write(piece); err != nil {
			return
		}
	}
}

func (b *backend) target() plane.Target {
	return plane.Target{ID: b.name, Address: b.Listener.Addr().String()}
}

// groupOf is a target group of backends, checked often.
func groupOf(id string, backends ...*backend) plane.Group {
	g := plane.Group{
		ID: id, Protocol: plane.HTTP, DeregistrationDelay: time.Hour,
		Health: plane.HealthCheck{Protocol: plane.HTTP, Path: "/health", Interval: 50 * time.Millisecond,
			Timeout: 5 * time.Second, Healthy: 1, Unhealthy: 1},
	}
	for _, b := range backends {
		g.Targets = append(g.Targets, b.target())
	}
	return g
}

// A site is a desired state with one HTTP listener in front of groups.
type site struct {
	t       *testing.T
	engine  plane.Engine
	address string
	desired plane.Desired
}

func newSite(t *testing.T, e plane.Engine, groups ...plane.Group) *site {
	s := &site{t: t, engine: e, address: freeAddress(t)}
	f := &plane.Forward{}
	for _, g := range groups {
		f.Groups = append(f.Groups, plane.Weighted{Group: g.ID, Weight: 1})
	}
	s.desired = plane.Desired{Groups: groups, Listeners: []plane.Listener{{
		ID: "web", Balancer: "lb", Address: s.address, Protocol: plane.HTTP, Default: plane.Action{Forward: f},
	}}}
	return s
}

func (s *site) apply() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	if err := s.engine.Apply(ctx, s.desired); err != nil {
		s.t.Fatal(err)
	}
}

// serve applies and waits until every target is healthy.
func (s *site) serve() {
	s.t.Helper()
	s.apply()
	s.until("all targets are healthy", func(o plane.Observed) bool {
		n := 0
		for _, g := range s.desired.Groups {
			n += len(g.Targets)
		}
		for _, t := range o.Targets {
			if t.State == plane.Healthy {
				n--
			}
		}
		return n == 0
	})
}

// until waits for what is observed.
func (s *site) until(what string, is func(plane.Observed) bool) {
	s.t.Helper()
	deadline := time.After(limit)
	for {
		changed := s.engine.Changed()
		o := s.engine.Observe()
		if is(o) {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			s.t.Fatalf("never: %s; observed %+v", what, o)
		}
	}
}

func (s *site) state(group, id string, state plane.State) func(plane.Observed) bool {
	return func(o plane.Observed) bool {
		got, known := o.Find(group, id)
		return known && got.State == state
	}
}

func (s *site) gone(group, id string) func(plane.Observed) bool {
	return func(o plane.Observed) bool {
		_, known := o.Find(group, id)
		return !known
	}
}

func (s *site) url(path string) string { return "http://" + s.address + path }

// get asks once, over a connection of its own, and returns the status and the body.
func (s *site) get(path string, headers ...string) (int, string, http.Header) {
	s.t.Helper()
	status, body, header, err := s.try(http.MethodGet, path, "", headers...)
	if err != nil {
		s.t.Fatal(err)
	}
	return status, body, header
}

func (s *site) try(method, path, content string, headers ...string) (int, string, http.Header, error) {
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       limit,
	}
	r, err := http.NewRequest(method, s.url(path), strings.NewReader(content))
	if err != nil {
		return 0, "", nil, err
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
	}
	response, err := client.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), response.Header, err
}

// freeAddress is one on a loopback address of its own, so that no connection of anybody else's gets its port meanwhile.
func freeAddress(t *testing.T) string {
	n := rand.Uint32()
	l, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.%d:0", 1+n>>24%250, n>>16&0xff, 1+n&0xff%250))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
