package deploy

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestSchedules: the share of the traffic at each minute at which it changes, until all has moved.
func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		routing *TrafficRouting
		want    string
		lasts   time.Duration
	}{
		{nil, "0m:100", 0},
		{&TrafficRouting{Type: RouteAllAtOnce}, "0m:100", 0},
		{&TrafficRouting{RouteAllAtOnce, 10, 5}, "0m:100", 0}, // what it does not have does not count
		{&TrafficRouting{RouteCanary, 10, 5}, "0m:10 5m:100", 5 * time.Minute},
		{&TrafficRouting{RouteCanary, 1, 2880}, "0m:1 2880m:100", 48 * time.Hour},
		{&TrafficRouting{RouteCanary, 99, 1}, "0m:99 1m:100", time.Minute},
		{&TrafficRouting{RouteCanary, 50, 0}, "0m:50 0m:100", 0},
		{&TrafficRouting{RouteLinear, 10, 1}, "0m:10 1m:20 2m:30 3m:40 4m:50 5m:60 6m:70 7m:80 8m:90 9m:100", 9 * time.Minute},
		{&TrafficRouting{RouteLinear, 33, 2}, "0m:33 2m:66 4m:99 6m:100", 6 * time.Minute},
		{&TrafficRouting{RouteLinear, 37, 3}, "0m:37 3m:74 6m:100", 6 * time.Minute},
		{&TrafficRouting{RouteLinear, 50, 10}, "0m:50 10m:100", 10 * time.Minute},
		{&TrafficRouting{RouteLinear, 99, 1}, "0m:99 1m:100", time.Minute},
	} {
		var got []string
		at, share := time.Duration(0), 0
		for steps := 0; share < 100 && steps < 200; steps++ {
			next, wait := c.routing.Next(share)
			share, at = next, at+wait
			got = append(got, fmt.Sprintf("%dm:%d", int(at.Minutes()), share))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("%+v: %s, want %s", c.routing, text, c.want)
		}
		if lasts := c.routing.Duration(); lasts != c.lasts {
			t.Errorf("%+v lasts %s, want %s", c.routing, lasts, c.lasts)
		}
	}
}

// TestEveryPercentGetsThere: no share leads back, over the whole, or nowhere.
func TestEveryPercentGetsThere(t *testing.T) {
	for _, kind := range []RoutingType{RouteCanary, RouteLinear} {
		for percent := 1; percent < 100; percent++ {
			r := &TrafficRouting{kind, percent, 1}
			for share, steps := 0, 0; share < 100; steps++ {
				next, _ := r.Next(share)
				if next <= share || next > 100 || next-share > percent && kind == RouteLinear {
					t.Fatalf("%+v: %d follows %d", r, next, share)
				}
				share = next
			}
		}
	}
	// One that was stored and never gets anywhere must not hold up who asks how long it takes.
	if d := (&TrafficRouting{RouteLinear, 0, 1}).Duration(); d != 0 {
		t.Errorf("a shift by nothing lasts %s", d)
	}
}

func TestPace(t *testing.T) {
	for _, c := range []struct {
		scale      float64
		wait, want time.Duration
	}{
		{0, time.Hour, time.Hour}, // stored before there was a scale
		{1, time.Hour, time.Hour},
		{0.5, time.Hour, time.Hour}, // nobody waits longer than is asked for
		{60, 10 * time.Minute, 10 * time.Second},
		{600, 10 * time.Minute, time.Second},
		{7, 7 * time.Millisecond, time.Millisecond},
		{100, 0, 0},
	} {
		if got := (Deployment{TimeScale: c.scale}).Pace(c.wait); got != c.want {
			t.Errorf("%s at %v times the pace lasts %s, want %s", c.wait, c.scale, got, c.want)
		}
	}
}

// TestSee: a share is news once; what is wanted is reached once; a late look changes nothing.
func TestSee(t *testing.T) {
	start := time.Unix(1000, 0)
	step := Step{DeploymentID: "d", TargetID: "f:live", Event: AllowTraffic, Attempt: 1}
	target := NewTarget("d", "f:live", "arn", joinBalancer, start)
	target.Event(AllowTraffic).Status, target.Event(AllowTraffic).Attempt = EventInProgress, 1
	target.Shift = Shift{}.To(10, start)
	for _, c := range []struct {
		step    Step
		percent int
		news    bool
		settled bool
	}{
		{step, 0, false, false}, // as before
		{Step{"d", "f:live", AllowTraffic, 2}, 10, false, false},
		{Step{"d", "f:live", BeforeAllowTraffic, 1}, 10, false, false},
		{step, 10, true, true},
		{step, 10, false, true},
		{step, 50, true, true}, // somebody else moved it
		{step, 10, true, true},
	} {
		start = start.Add(time.Second)
		if news := target.See(c.step, c.percent, start); news != c.news || target.Shift.Settled() != c.settled {
			t.Errorf("%s %d%%: news %v, settled %v; want %v, %v", c.step, c.percent, news, target.Shift.Settled(), c.news, c.settled)
		}
	}
	if want := time.Unix(1004, 0); !target.Shift.At.Equal(want) || target.Shift.Share != 10 {
		t.Errorf("10%% were reached at %s, want %s; the share is %d", target.Shift.At, want, target.Shift.Share)
	}
	target.Shift = target.Shift.To(100, start)
	if target.Shift.Settled() || target.Shift.Share != 10 || target.Shift.Back {
		t.Errorf("after another share was asked for it is %+v", target.Shift)
	}
}
