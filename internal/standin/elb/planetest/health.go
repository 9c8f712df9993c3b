package planetest

import (
	"net"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

func testHealth(t *testing.T, e plane.Engine) {
	a, b := start(t, "a"), start(t, "b")
	s := newSite(t, e, groupOf("blue", a, b))
	s.desired.Groups[0].Health.Healthy, s.desired.Groups[0].Health.Unhealthy = 3, 2
	s.serve()
	b.sick.Store(500)
	s.until("b is unhealthy", s.state("blue", "b", plane.Unhealthy))
	for range 10 {
		if _, got, _ := s.get("/"); got != "a" {
			t.Fatalf("%s answered, which is unhealthy", got)
		}
	}
	b.sick.Store(0)
	s.until("b is healthy again", s.state("blue", "b", plane.Healthy))
	before := b.served.Load()
	for range 10 {
		s.get("/")
	}
	if b.served.Load() == before {
		t.Error("b is healthy again and gets nothing")
	}
}

func testReasons(t *testing.T, e plane.Engine) {
	mute, err := net.Listen("tcp", "127.0.0.1:0") // accepts, by its backlog, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	wrong := start(t, "wrong")
	wrong.sick.Store(418)
	slow := groupOf("slow")
	slow.Health.Timeout = 100 * time.Millisecond
	slow.Targets = []plane.Target{{ID: "mute", Address: mute.Addr().String()}}
	refused := groupOf("refused")
	refused.Targets = []plane.Target{{ID: "nobody", Address: freeAddress(t)}}
	s := newSite(t, e, groupOf("wrong", wrong), slow, refused)
	s.desired.Groups = append(s.desired.Groups, groupOf("idle", start(t, "idle")))
	s.apply()
	for _, want := range []plane.Status{
		{Group: "wrong", Target: plane.Target{ID: "wrong"}, State: plane.Unhealthy, Reason: "Target.ResponseCodeMismatch",
			Description: "Health checks failed with these codes: [418]"},
		{Group: "slow", Target: plane.Target{ID: "mute"}, State: plane.Unhealthy, Reason: "Target.Timeout", Description: "Request timed out"},
		{Group: "refused", Target: plane.Target{ID: "nobody"}, State: plane.Unhealthy, Reason: "Target.FailedHealthChecks",
			Description: "Health checks failed"},
		{Group: "idle", Target: plane.Target{ID: "idle"}, State: plane.Unused, Reason: "Target.NotInUse",
			Description: "Target group is not configured to receive traffic from the load balancer"},
	} {
		s.until(want.Target.ID, s.state(want.Group, want.Target.ID, want.State))
		got, _ := e.Observe().Find(want.Group, want.Target.ID)
		if got.Reason != want.Reason || got.Description != want.Description {
			t.Errorf("%s: got %s %q, want %s %q", want.Target.ID, got.Reason, got.Description, want.Reason, want.Description)
		}
	}
}

func testFailOpen(t *testing.T, e plane.Engine) {
	a, b := start(t, "a"), start(t, "b")
	a.sick.Store(500)
	b.sick.Store(500)
	s := newSite(t, e, groupOf("blue", a, b))
	s.apply()
	s.until("a is unhealthy", s.state("blue", "a", plane.Unhealthy))
	s.until("b is unhealthy", s.state("blue", "b", plane.Unhealthy))
	for range 10 {
		if status, _, _ := s.get("/"); status != 200 {
			t.Fatalf("status %d: with no healthy target all are used", status)
		}
	}
	if a.served.Load() == 0 || b.served.Load() == 0 {
		t.Error("only one of two unhealthy targets was used")
	}
}

// slowly asks for /slow in the background and returns when it has arrived.
func (s *site) slowly(at *backend) (answer chan string) {
	answer = make(chan string, 1)
	go func() {
		_, body, _, err := s.try("GET", "/slow", "")
		if err != nil {
			body = "error"
		}
		answer <- body
	}()
	<-at.waiting
	return answer
}

func testDrained(t *testing.T, e plane.Engine) {
	a, b := start(t, "a"), start(t, "b")
	s := newSite(t, e, groupOf("blue", a))
	s.serve()
	answer := s.slowly(a)
	s.desired.Groups[0].Targets = []plane.Target{b.target()}
	s.serve()
	got, known := e.Observe().Find("blue", "a")
	if !known || got.State != plane.Draining || got.Reason != plane.DeregistrationInProgress || got.Open != 1 {
		t.Errorf("observed %+v, want it draining with 1 open", got)
	}
	for range 5 {
		if _, who, _ := s.get("/"); who != "b" {
			t.Errorf("%s answered, which drains", who)
		}
	}
	close(a.gate)
	s.until("a has drained", s.gone("blue", "a")) // its delay is an hour
	if body := <-answer; body != "a" {
		t.Errorf("the open request got %q", body)
	}
}

func testDelay(t *testing.T, e plane.Engine) {
	a := start(t, "a")
	s := newSite(t, e, groupOf("blue", a))
	s.desired.Groups[0].DeregistrationDelay = 100 * time.Millisecond
	s.serve()
	answer := s.slowly(a)
	s.desired.Groups[0].Targets = nil
	s.apply()
	s.until("a is let go", s.gone("blue", "a"))
	if body := <-answer; body == "a" {
		t.Error("the request that was open too long was answered")
	}
}

func testRevived(t *testing.T, e plane.Engine) {
	a := start(t, "a")
	s := newSite(t, e, groupOf("blue", a))
	s.serve()
	answer := s.slowly(a)
	all := s.desired.Groups[0].Targets
	s.desired.Groups[0].Targets = nil
	s.apply()
	s.until("a drains", s.state("blue", "a", plane.Draining))
	s.desired.Groups[0].Targets = all
	s.serve()
	if _, who, _ := s.get("/"); who != "a" {
		t.Errorf("%q answered, want a, which is back", who)
	}
	close(a.gate)
	if body := <-answer; body != "a" {
		t.Errorf("the request that was open all the time got %q", body)
	}
}
