package rollout

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// forecastOf is a forecast as text: a line for each moment.
func forecastOf(t *testing.T, s Snapshot) string {
	t.Helper()
	f, err := Foresee(s, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, m := range f.Moments {
		if s.Deployment.Routed() {
			fmt.Fprintf(&b, "%s: %v %s\n", m.After, m.Happenings, m.Waiting)
			continue
		}
		fmt.Fprintf(&b, "%s: %s; %d up, floor %d\n", m.After, strings.Join(m.Begin, " "), m.Up, m.Floor)
	}
	fmt.Fprint(&b, f.End.Status)
	if f.End.Failure != nil {
		fmt.Fprint(&b, " ", f.End.Failure.Code)
	}
	return b.String()
}

// healthyFleet is a deployment of v2 to hosts that run v1, with a letter for the zone of each.
func healthyFleet(healthy deploy.MinimumHealthy, zones string) Snapshot {
	s := Snapshot{Group: &deploy.Group{}, Deployment: deploy.Deployment{ID: "d", Platform: deploy.Server,
		Style: deploy.DefaultStyle, Config: deploy.Config{Healthy: healthy}, Limits: deploy.DefaultLimits, Revision: revision("v2")}}
	for i, z := range zones {
		h := deploy.NewTarget("d", fmt.Sprintf("h%d", i+1), "arn", deploy.Lifecycle(deploy.Server, deploy.DefaultStyle), time.Time{})
		h.WasHealthy, h.Running, h.Zone = true, revision("v1").Key(), string(z)
		s.Targets = append(s.Targets, h)
	}
	return s
}

func TestForesee(t *testing.T) {
	half := deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: 50}
	all := deploy.MinimumHealthy{Type: deploy.HostCount, Value: 0}
	for name, c := range map[string]struct {
		s      Snapshot
		change func(*Snapshot)
		want   string
	}{
		"all at once": {s: healthyFleet(all, "aaa"), want: "0s: h1 h2 h3; 0 up, floor 0\nSucceeded"},
		"one at a time": {s: healthyFleet(deploy.MinimumHealthy{Type: deploy.OneAtATime}, "aaa"),
			want: "0s: h1; 2 up, floor 2\n1m0s: h2; 2 up, floor 2\n2m0s: h3; 2 up, floor 2\nSucceeded"},
		"half, one is down": {s: healthyFleet(half, "aaaa"), change: func(s *Snapshot) { s.Targets[0].WasHealthy = false },
			want: "0s: h1 h2; 2 up, floor 2\n1m0s: h3 h4; 2 up, floor 2\nSucceeded"},
		"zones": {s: healthyFleet(all, "ab"), change: func(s *Snapshot) {
			s.Deployment.Config.Zonal = &deploy.ZonalConfig{Monitor: new(int64(300))}
		}, want: "0s: h1; 1 up, floor 0\n1m0s: ; 2 up, floor 0\n6m0s: h2; 1 up, floor 0\nSucceeded"},
		"blue/green": {s: healthyFleet(all, "aabb"), change: func(s *Snapshot) {
			d := &s.Deployment
			d.Style = deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl}
			d.BlueGreen = &deploy.BlueGreenOptions{GreenAction: deploy.DiscoverExisting, BlueAction: deploy.Terminate, TerminationWait: new(int32(5))}
			d.TargetInstances = &deploy.TargetInstances{AutoScalingGroups: []string{"new"}}
			for i := range s.Targets {
				side := deploy.Green
				if i > 1 {
					side = deploy.Blue
				}
				s.Targets[i] = deploy.NewTarget("d", s.Targets[i].ID, "arn", d.Lifecycle(side), time.Time{})
				s.Targets[i].Label = side
			}
		}, want: "0s: h1 h2; 0 up, floor 0\n1m0s: h1 h2; 0 up, floor 0\n2m0s: h3 h4; 2 up, floor 0\n3m0s: ; 4 up, floor 0\nSucceeded"},
		"never": {s: healthyFleet(deploy.MinimumHealthy{Type: deploy.HostCount, Value: 2}, "aa"),
			want: "Failed HEALTH_CONSTRAINTS_INVALID"},
		"nobody": {s: healthyFleet(all, ""), want: "Failed NO_INSTANCES"},
		"up to date": {s: healthyFleet(half, "aa"), change: func(s *Snapshot) {
			s.Deployment.UpdateOutdatedOnly, s.Targets[0].Running = true, revision("v2").Key()
		}, want: "0s: h2; 1 up, floor 1\nSucceeded"},
		"alarm": {s: healthyFleet(all, "aa"), change: func(s *Snapshot) {
			s.Deployment.Alarms, s.Alarms.Active = &deploy.Alarms{Enabled: true}, []string{"errors"}
		}, want: "Stopped ALARM_ACTIVE"},
		"quiet alarm": {s: healthyFleet(all, "aa"), change: func(s *Snapshot) {
			s.Deployment.Alarms = &deploy.Alarms{Enabled: true}
		}, want: "0s: h1 h2; 0 up, floor 0\nSucceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.change != nil {
				c.change(&c.s)
			}
			if got := forecastOf(t, c.s); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if len(c.s.Targets) > 0 && c.s.Targets[0].Status != deploy.TargetPending {
				t.Error("the forecast changed what it was made from")
			}
		})
	}
}

// TestForeseeIsBounded: a fleet that is taken host by host is not played to its end.
func TestForeseeIsBounded(t *testing.T) {
	f, err := Foresee(healthyFleet(deploy.MinimumHealthy{Type: deploy.OneAtATime}, strings.Repeat("a", 2*mostMoments)), time.Unix(0, 0), time.Minute)
	if err != nil || len(f.Moments) != mostMoments || f.End.Status.Done() {
		t.Errorf("%d moments, the end is %s, %v", len(f.Moments), f.End.Status, err)
	}
}

// routedTo is a deployment of functions, or of a service, with the config of that name.
func routedTo(t *testing.T, command string) Snapshot {
	t.Helper()
	tr := &trace{s: Snapshot{Group: &deploy.Group{}}}
	words := strings.Fields(command)
	if err := tr.routed(words[0], words[1:]); err != nil {
		t.Fatal(err)
	}
	return tr.s
}

// TestForeseeTraffic: the schedule, and what is around it.
func TestForeseeTraffic(t *testing.T) {
	for command, want := range map[string]string{
		"functions 1 AllAtOnce":               "0s: [{f1:live AllowTraffic  100}] \nSucceeded",
		"functions 1 Canary10Percent5Minutes": "0s: [{f1:live AllowTraffic  10}] \n5m0s: [{f1:live AllowTraffic  100}] \nSucceeded",
		"functions 2 Canary10Percent30Minutes before after": "0s: [{f1:live BeforeAllowTraffic check 0} {f2:live BeforeAllowTraffic check 0}] \n" +
			"1m0s: [{f1:live AllowTraffic  10} {f2:live AllowTraffic  10}] \n31m0s: [{f1:live AllowTraffic  100} {f2:live AllowTraffic  100} " +
			"{f1:live AfterAllowTraffic verify 100} {f2:live AfterAllowTraffic verify 100}] \nSucceeded",
		"functions 1 Canary10Percent30Minutes scale:60": "0s: [{f1:live AllowTraffic  10}] \n30s: [{f1:live AllowTraffic  100}] \nSucceeded",
		"service AllAtOnce terminate:5": "0s: [{c:s Install  0}] \n1m0s: [{c:s AllowTraffic  100}] \n" +
			"1m0s: [] The traffic has moved. The original task set stays until 2026-01-01T00:06:00Z.\nSucceeded",
		"service Canary10Percent5Minutes ready:10": "0s: [{c:s Install  0}] \n" +
			"1m0s: [] The replacement is ready. Continue the deployment to move the traffic; it is stopped at 2026-01-01T00:11:00Z.\n" +
			"1m0s: [{c:s AllowTraffic  10}] \n6m0s: [{c:s AllowTraffic  100}] \nSucceeded",
	} {
		t.Run(command, func(t *testing.T) {
			if got := forecastOf(t, routedTo(t, command)); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
	s := routedTo(t, "functions 1 Linear10PercentEvery1Minute")
	f, err := Foresee(s, time.Unix(0, 0), time.Minute)
	if err != nil || len(f.Moments) != 10 || f.End.CompletedAt.Sub(f.End.CreatedAt) != 9*time.Minute {
		t.Errorf("%d moments, it ends after %s, %v", len(f.Moments), f.End.CompletedAt.Sub(f.End.CreatedAt), err)
	}
	s.Deployment.Alarms, s.Alarms.Active = &deploy.Alarms{Enabled: true}, []string{"errors"}
	if got := forecastOf(t, s); got != "Stopped ALARM_ACTIVE" {
		t.Errorf("with an active alarm: %s", got)
	}
}
