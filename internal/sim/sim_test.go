package sim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform/simulated"
	"github.com/slipway/slipway/internal/store"
	"github.com/slipway/slipway/internal/store/sqlite"
)

var (
	allAtOnce  = deploy.Config{Name: "all", Healthy: deploy.MinimumHealthy{Type: deploy.HostCount, Value: 0}}
	oneAtATime = deploy.Config{Name: "one", Healthy: deploy.MinimumHealthy{Type: deploy.OneAtATime, Value: 1}}
	balanced   = deploy.Style{Type: deploy.InPlace, Option: deploy.WithTrafficControl}
	onFailure  = deploy.AutoRollback{Enabled: true,
		Events: []deploy.RollbackEvent{deploy.RollbackOnFailure, deploy.RollbackOnAlarm}}
)

func fleet(n int, each func(*simulated.Host)) []simulated.Host {
	hosts := make([]simulated.Host, n)
	for i := range hosts {
		hosts[i] = simulated.Host{
			Name: fmt.Sprintf("web-%d", i+1),
			Tags: []deploy.Tag{{Key: "fleet", Value: "web"}},
			Work: time.Second,
		}
		if each != nil {
			each(&hosts[i])
		}
	}
	return hosts
}

// A story is a scenario with how it must end.
type story struct {
	Scenario
	want []deploy.Status
}

// scenarios are the in-place stories of the crash sweep, each with how it must end.
func scenarios() map[string]story {
	no := false
	return map[string]story{
		"first deployment": {
			Scenario{Hosts: fleet(2, nil), Config: allAtOnce, Deployments: []Deployment{{Revision: "v1"}}},
			[]deploy.Status{deploy.Succeeded},
		},
		"one at a time": {
			Scenario{Hosts: fleet(3, nil), Config: oneAtATime, Deployments: []Deployment{{Revision: "v1"}}},
			[]deploy.Status{deploy.Succeeded},
		},
		"bad version is rolled back": {
			Scenario{
				Hosts: fleet(2, func(h *simulated.Host) {
					h.Fails = map[deploy.Event]string{deploy.ValidateService: "v2"}
				}),
				Config: oneAtATime, Rollback: onFailure,
				Deployments: []Deployment{{Revision: "v1"}, {Revision: "v2"}},
			},
			[]deploy.Status{deploy.Succeeded, deploy.Failed, deploy.Succeeded},
		},
		"stopped": {
			Scenario{Hosts: fleet(2, nil), Config: oneAtATime,
				Deployments: []Deployment{{Revision: "v1", StopAfter: 2500 * time.Millisecond, Rollback: &no}}},
			[]deploy.Status{deploy.Stopped},
		},
		"balanced": {
			Scenario{Hosts: fleet(2, func(h *simulated.Host) {
				h.Faults = []simulated.Fault{simulated.Refused, simulated.Lost, "", simulated.Hanging}
			}), Config: oneAtATime, Balanced: true,
				Deployments: []Deployment{{Revision: "v1"}}},
			[]deploy.Status{deploy.Succeeded},
		},
		"balancer is away": {
			Scenario{Hosts: fleet(1, func(h *simulated.Host) { h.Faults = slices.Repeat([]simulated.Fault{simulated.Refused}, 100) }),
				Config: oneAtATime, Balanced: true, Deployments: []Deployment{{Revision: "v1"}}},
			[]deploy.Status{deploy.Failed},
		},
		"balanced, unhealthy with a bad version": {
			Scenario{
				Hosts: fleet(1, func(h *simulated.Host) {
					h.Fails = map[deploy.Event]string{deploy.AllowTraffic: "v2"}
				}),
				Config: allAtOnce, Balanced: true, Rollback: onFailure,
				Deployments: []Deployment{{Revision: "v1"}, {Revision: "v2"}},
			},
			[]deploy.Status{deploy.Succeeded, deploy.Failed, deploy.Succeeded},
		},
		"zone after zone": {
			Scenario{
				Hosts: fleet(3, func(h *simulated.Host) { h.Zone = map[string]string{"web-1": "a", "web-2": "a", "web-3": "b"}[h.Name] }),
				Config: deploy.Config{Name: "zonal", Healthy: deploy.MinimumHealthy{Type: deploy.HostCount, Value: 0},
					Zonal: &deploy.ZonalConfig{Monitor: new(int64(60))}},
				Deployments: []Deployment{{Revision: "v1"}},
			},
			[]deploy.Status{deploy.Succeeded},
		},
		"alarm": {
			// Each host works for longer than the alarms go unread.
			Scenario{Hosts: fleet(2, func(h *simulated.Host) { h.Work = 2 * time.Second }), Config: oneAtATime, Rollback: onFailure,
				Deployments: []Deployment{{Revision: "v1"}, {Revision: "v2", AlarmFrom: deploy.ApplicationStart, AlarmFaults: 1}}},
			[]deploy.Status{deploy.Succeeded, deploy.Stopped, deploy.Succeeded},
		},
		"host never answers": {
			Scenario{Hosts: fleet(2, func(h *simulated.Host) { h.Silent = h.Name == "web-1" }), Config: oneAtATime,
				Deployments: []Deployment{{Revision: "v1"}}},
			[]deploy.Status{deploy.Failed},
		},
	}
}

// TestCrashSweep kills the engine at every third point of every scenario (see stride), at every one with
// SLIPWAY_SWEEP=all in the environment.
func TestCrashSweep(t *testing.T) {
	every := 3
	if os.Getenv("SLIPWAY_SWEEP") == "all" {
		every = 1
	}
	for name, story := range scenarios() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sweep(t, story, every*stride, func(*testing.T, Result) {})
		})
	}
}

// sweep kills the engine at every stride-th point of the story, which must come to its end all the same.
func sweep(t *testing.T, s story, stride int, also func(*testing.T, Result)) {
	t.Helper()
	whole := play(t, s.Scenario, 0)
	checkEnd(t, whole, s.want)
	also(t, whole)
	t.Logf("%d points", whole.Points)
	for at := 1; at <= whole.Points && !t.Failed(); at += stride {
		crashed := play(t, s.Scenario, at)
		checkEnd(t, crashed, s.want)
		also(t, crashed)
		if t.Failed() {
			t.Fatalf("crashed at point %d of %d", at, whole.Points)
		}
	}
}

// emptyDatabase is a database file with nothing in it: making one anew costs more than some
// scenarios do.
var emptyDatabase = sync.OnceValue(func() []byte {
	dir, err := os.MkdirTemp("", "slipway-sim-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "slipway.db")
	st, err := sqlite.Open(context.Background(), path, sqlite.WithoutSync)
	if err == nil {
		err = st.Close()
	}
	text, readErr := os.ReadFile(path)
	if err := errors.Join(err, readErr); err != nil {
		panic(err)
	}
	return text
})

// play runs a scenario in a bubble of virtual time over a new database.
func play(t *testing.T, sc Scenario, crashAt int) (res Result) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "slipway.db")
	if err := os.WriteFile(path, emptyDatabase(), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx := context.Background()
		st, err := sqlite.Open(ctx, path, sqlite.WithoutSync)
		if err != nil {
			t.Fatal(err)
		}
		res, err = Run(ctx, st, sc, crashAt, func(st store.Store, g deploy.Group) { checkNow(t, st, sc) })
		if err != nil {
			t.Errorf("crash at %d: %v", crashAt, err)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	return res
}

// checkNow holds the laws that must be true at every moment.
func checkNow(t *testing.T, st store.Store, sc Scenario) {
	ctx := context.Background()
	list, err := st.ListDeployments(ctx, store.DeploymentFilter{Limit: 1})
	if err != nil || len(list) == 0 {
		return
	}
	targets, err := st.Targets(ctx, list[0].ID)
	if err != nil || len(targets) == 0 {
		return
	}
	checkFloor(t, list[0], targets)
}

// checkFloor: as long as a host that was healthy has been taken, at least the floor of the
// fleet is neither at work nor broken.
func checkFloor(t *testing.T, d deploy.Deployment, targets []deploy.Target) {
	if d.Style.Type == deploy.BlueGreen {
		return // its floor is about hosts that hold nothing up yet: see checkFleets
	}
	floor := d.Config.Healthy.Floor(len(targets))
	up, tookHealthy := 0, false
	for _, target := range targets {
		switch target.Status {
		case deploy.TargetInProgress, deploy.TargetFailed:
			tookHealthy = tookHealthy || target.WasHealthy
		case deploy.TargetSucceeded:
			up++
		default:
			if target.WasHealthy {
				up++
			}
		}
	}
	if tookHealthy && up < min(floor, countHealthy(targets)) {
		t.Errorf("%s: %d hosts up, the floor is %d", d.ID, up, floor)
	}
}

// countHealthy is how many hosts were up when the deployment began: it cannot keep more.
func countHealthy(targets []deploy.Target) (n int) {
	for _, target := range targets {
		if target.WasHealthy {
			n++
		}
	}
	return n
}

// checkEnd holds the laws that must be true when everything has ended.
func checkEnd(t *testing.T, res Result, want []deploy.Status) {
	t.Helper()
	for _, v := range res.Violations {
		t.Errorf("violation: %s", v)
	}
	var got []deploy.Status
	for _, d := range res.Deployments {
		got = append(got, d.Status)
		checkTargets(t, d, res.Targets[d.ID])
	}
	if want != nil && fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("deployments ended %v, want %v", got, want)
	}
	checkTraffic(t, res)
	checkNotices(t, res)
	seen := map[deploy.Step]bool{}
	for _, s := range res.Ran {
		if seen[s] {
			t.Errorf("%s ran twice", s)
		}
		seen[s] = true
	}
}

// checkNotices: each event was told once, whenever the engine was killed.
func checkNotices(t *testing.T, res Result) {
	t.Helper()
	told := map[string]int{}
	for _, n := range res.Notices {
		about := n.DeploymentID
		if n.Instance != nil {
			about += "/" + n.Instance.ID
		}
		told[about+" "+n.Event]++
	}
	want := func(about, event string, happened bool) {
		if got := told[about+" "+event]; got != map[bool]int{true: 1}[happened] {
			t.Errorf("%s of %s was told %d times; it happened: %t", event, about, got, happened)
		}
	}
	for _, d := range res.Deployments {
		want(d.ID, deploy.DeploymentStart, true)
		want(d.ID, deploy.DeploymentRollback, d.Creator == deploy.ByRollback && !d.StartedAt.IsZero())
		want(d.ID, deploy.DeploymentReady, !d.ReadyAt.IsZero())
		want(d.ID, deploy.DeploymentSuccess, d.Status == deploy.Succeeded)
		want(d.ID, deploy.DeploymentFailure, d.Status == deploy.Failed)
		want(d.ID, deploy.DeploymentStop, d.Status == deploy.Stopped)
		for _, target := range res.Targets[d.ID] {
			about, instance := d.ID+"/"+target.ID, d.Platform == deploy.Server
			want(about, deploy.InstanceSuccess, instance && target.Status == deploy.TargetSucceeded)
			want(about, deploy.InstanceFailure, instance && (target.Status == deploy.TargetFailed || target.Status == deploy.TargetUnknown))
			if target.Status != deploy.TargetSkipped {
				want(about, deploy.InstanceStart, instance)
			}
		}
	}
}

// checkTraffic: a host that the last deployment brought to its end has its traffic back.
func checkTraffic(t *testing.T, res Result) {
	t.Helper()
	last := res.Deployments[len(res.Deployments)-1]
	for _, target := range res.Targets[last.ID] {
		if last.Style == balanced && target.Status == deploy.TargetSucceeded && !res.Traffic[target.ID] {
			t.Errorf("%s: %s succeeded and has no traffic", last.ID, target.ID)
		}
	}
}

// checkTargets: whatever the end, every target and event has one, in order, and a
// deployment that did not succeed says why.
func checkTargets(t *testing.T, d deploy.Deployment, targets []deploy.Target) {
	t.Helper()
	if (d.Failure == nil) != (d.Status == deploy.Succeeded) {
		t.Errorf("%s is %s with reason %v", d.ID, d.Status, d.Failure)
	}
	for _, target := range targets {
		if !target.Status.Done() {
			t.Errorf("%s: %s is %s after the end", d.ID, target.ID, target.Status)
		}
		open := false
		for _, e := range target.Events {
			if !e.Status.Done() {
				t.Errorf("%s: %s of %s is %s after the end", d.ID, e.Name, target.ID, e.Status)
			}
			if open && e.Status != deploy.EventSkipped {
				t.Errorf("%s: %s of %s is %s after a failure", d.ID, e.Name, target.ID, e.Status)
			}
			open = open || e.Status != deploy.EventSucceeded && !d.IgnoreApplicationStopFailures
		}
	}
}
