package sim

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform/simulated"
)

// routes are the stories of functions and services whose traffic moves, each with how it must
// end and the version that must have all the traffic then.
func routes() map[string]struct {
	story
	serves string
} {
	routing := func(p deploy.Platform, name string) deploy.Config {
		c, ok := deploy.Predefined(deploy.PredefinedPrefix + string(p) + name)
		if !ok {
			panic(name)
		}
		return c
	}
	canary := routing(deploy.Lambda, "Canary10Percent5Minutes")
	linear := routing(deploy.Lambda, "Linear10PercentEvery1Minute")
	atOnce := routing(deploy.ECS, "AllAtOnce")
	gradual := routing(deploy.ECS, "Canary10Percent5Minutes")
	faulty := func(h *simulated.Host) {
		h.Faults = []simulated.Fault{simulated.Refused, simulated.Lost, "", simulated.Hanging}
	}
	failing := func(e deploy.Event) func(*simulated.Host) {
		return func(h *simulated.Host) { h.Fails = map[deploy.Event]string{e: "v2"} }
	}
	replace := func(ready string, readyWait, terminationWait int32) *deploy.BlueGreenOptions {
		return &deploy.BlueGreenOptions{ReadyAction: ready, ReadyWait: &readyWait, BlueAction: deploy.Terminate, TerminationWait: &terminationWait}
	}
	yes, no := true, false
	good, failed, stopped := deploy.Succeeded, deploy.Failed, deploy.Stopped
	type S = []deploy.Status
	type D = []Deployment
	type routed = struct {
		story
		serves string
	}
	return map[string]routed{
		"canary": {story{Scenario{Platform: deploy.Lambda, Hosts: fleet(2, faulty), Config: canary,
			Deployments: D{{Revision: "v1"}}}, S{good}}, "v1"},
		"linear": {story{Scenario{Platform: deploy.Lambda, Hosts: fleet(1, nil), Config: linear,
			Deployments: D{{Revision: "v1"}}}, S{good}}, "v1"},
		"hook before": {story{Scenario{Platform: deploy.Lambda, Hosts: fleet(1, failing(deploy.BeforeAllowTraffic)), Config: canary, Rollback: onFailure,
			Deployments: D{{Revision: "v1"}, {Revision: "v2"}}}, S{good, failed}}, "v1"},
		"hook after": {story{Scenario{Platform: deploy.Lambda, Hosts: fleet(2, failing(deploy.AfterAllowTraffic)), Config: canary, Rollback: onFailure,
			Deployments: D{{Revision: "v1"}, {Revision: "v2"}}}, S{good, failed, good}}, "v1"},
		"hook is silent": {story{Scenario{Platform: deploy.Lambda, Hosts: fleet(1, func(h *simulated.Host) { h.Silent = true }), Config: canary,
			Deployments: D{{Revision: "v1"}}}, S{failed}}, simulated.FirstVersion},
		"stopped": {story{Scenario{Platform: deploy.Lambda, Hosts: fleet(2, faulty), Config: linear,
			Deployments: D{{Revision: "v1", StopAfter: 5 * time.Minute, Rollback: &no}}}, S{stopped}}, simulated.FirstVersion},
		"alarm": {story{Scenario{Platform: deploy.Lambda, Hosts: fleet(1, nil), Config: linear, Rollback: onFailure,
			Deployments: D{{Revision: "v1"}, {Revision: "v2", AlarmShare: 30, AlarmFaults: 1}}}, S{good, stopped, good}}, "v1"},
		"service": {story{Scenario{Platform: deploy.ECS, Hosts: fleet(1, faulty), Config: gradual, BlueGreen: replace("", 0, 1),
			Deployments: D{{Revision: "v1"}, {Revision: "v2"}}}, S{good, good}}, "v2"},
		"service, continued": {story{Scenario{Platform: deploy.ECS, Hosts: fleet(1, nil), Config: atOnce, BlueGreen: replace(deploy.StopDeployment, 2, 0),
			Deployments: D{{Revision: "v1", ContinueAfter: time.Minute}}}, S{good}}, "v1"},
		"service, nobody continues": {story{Scenario{Platform: deploy.ECS, Hosts: fleet(1, nil), Config: atOnce, BlueGreen: replace(deploy.StopDeployment, 2, 0),
			Deployments: D{{Revision: "v1"}}}, S{stopped}}, simulated.FirstVersion},
		"service, unhealthy": {story{Scenario{Platform: deploy.ECS, Hosts: fleet(1, failing(deploy.Install)), Config: atOnce, BlueGreen: replace("", 0, 1), Rollback: onFailure,
			Deployments: D{{Revision: "v1"}, {Revision: "v2"}}}, S{good, failed}}, "v1"},
		"service, hook after": {story{Scenario{Platform: deploy.ECS, Hosts: fleet(1, failing(deploy.AfterAllowTraffic)), Config: atOnce, BlueGreen: replace("", 0, 1), Rollback: onFailure,
			Deployments: D{{Revision: "v1"}, {Revision: "v2"}}}, S{good, failed, good}}, "v1"},
		"service, alarm while it bakes": {story{Scenario{Platform: deploy.ECS, Hosts: fleet(1, nil), Config: atOnce, BlueGreen: replace("", 0, 5), Rollback: onFailure,
			Deployments: D{{Revision: "v1"}, {Revision: "v2", AlarmFrom: deploy.AfterAllowTraffic}}}, S{good, stopped, good}}, "v1"},
		"service, stopped in the shift": {story{Scenario{Platform: deploy.ECS, Hosts: fleet(1, faulty), Config: gradual, BlueGreen: replace("", 0, 1),
			Deployments: D{{Revision: "v1", StopAfter: 3 * time.Minute, Rollback: &yes}}}, S{stopped, good}}, simulated.FirstVersion},
	}
}

// TestRoutedCrashSweep kills the engine at every seventh point of every story of moving traffic (see stride).
func TestRoutedCrashSweep(t *testing.T) {
	for name, s := range routes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sweep(t, s.story, 7*stride, func(t *testing.T, res Result) { checkAliases(t, res, s.serves) })
		})
	}
}

// checkAliases: one version has all the traffic, and no tasks but its own are left.
func checkAliases(t *testing.T, res Result, want string) {
	t.Helper()
	for name, a := range res.Aliases {
		if a.Version != want || a.Weight != 0 {
			t.Errorf("the traffic of %s goes to %+v, want %s", name, a, want)
		}
		last := res.Deployments[len(res.Deployments)-1]
		if last.Platform == deploy.ECS && (len(a.Sets) != 1 || !a.Sets[want]) {
			t.Errorf("of %s there are tasks of %v", name, a.Sets)
		}
	}
	for _, d := range res.Deployments {
		for _, target := range res.Targets[d.ID] {
			if s := target.Shift; s.Share != 0 && s.Share != 100 {
				t.Errorf("%s left %d%% of the traffic of %s where it is not wanted", d.ID, s.Share, target.ID)
			}
		}
	}
}

// TestRandomRoutes plays random schedules, failures, faults, alarms, stops and crashes. Whatever
// happens, no traffic stays half way, every deployment ends, and a rollback that succeeded leaves
// everything as it was before what it undoes.
func TestRandomRoutes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sc := drawRoutes(rt)
		res := play(t, sc, rapid.IntRange(0, 120).Draw(rt, "crashAt"))
		checkEnd(t, res, nil)
		checkRollbacks(t, res)
		for name, a := range res.Aliases {
			if a.Weight != 0 {
				t.Errorf("the traffic of %s is left half way: %+v", name, a)
			}
			if sc.Platform == deploy.ECS && !a.Sets[a.Version] {
				t.Errorf("the traffic of %s goes to %+v, where no tasks are", name, a)
			}
		}
		if t.Failed() {
			rt.Fatalf("scenario %+v", sc)
		}
	})
}

func drawRoutes(rt *rapid.T) Scenario {
	sc := Scenario{
		Platform: rapid.SampledFrom([]deploy.Platform{deploy.Lambda, deploy.ECS}).Draw(rt, "platform"),
		Limits:   deploy.Limits{Pickup: time.Minute, Event: 10 * time.Minute, Total: 12 * time.Hour},
	}
	kind := rapid.SampledFrom([]deploy.RoutingType{deploy.RouteAllAtOnce, deploy.RouteCanary, deploy.RouteLinear}).Draw(rt, "routing")
	sc.Config = deploy.Config{Name: "drawn", Platform: sc.Platform, Traffic: &deploy.TrafficRouting{Type: kind}}
	if kind != deploy.RouteAllAtOnce {
		sc.Config.Traffic.Percent, sc.Config.Traffic.Interval = rapid.IntRange(10, 99).Draw(rt, "percent"), rapid.IntRange(1, 10).Draw(rt, "interval")
	}
	n := 1
	if sc.Platform == deploy.Lambda {
		n = rapid.IntRange(1, 3).Draw(rt, "functions")
	} else {
		ready, termination := int32(rapid.IntRange(0, 5).Draw(rt, "ready")), int32(rapid.IntRange(0, 5).Draw(rt, "termination"))
		sc.BlueGreen = &deploy.BlueGreenOptions{BlueAction: deploy.Terminate, ReadyWait: &ready, TerminationWait: &termination}
		if ready > 0 {
			sc.BlueGreen.ReadyAction = deploy.StopDeployment
		}
	}
	lifecycle := deploy.Deployment{Platform: sc.Platform}.Lifecycle("")
	sc.Hosts = fleet(n, func(h *simulated.Host) {
		h.Faults = rapid.SliceOfN(rapid.SampledFrom([]simulated.Fault{"", simulated.Refused, simulated.Hanging, simulated.Lost}), 0, 6).Draw(rt, "faults")
		h.Silent = rapid.IntRange(0, 9).Draw(rt, "silent") == 0
		if rapid.IntRange(0, 2).Draw(rt, "fails") == 0 {
			h.Fails = map[deploy.Event]string{rapid.SampledFrom(lifecycle).Draw(rt, "event"): fmt.Sprintf("v%d", rapid.IntRange(1, 3).Draw(rt, "by"))}
		}
	})
	if rapid.Bool().Draw(rt, "rollback") {
		sc.Rollback = deploy.AutoRollback{Enabled: true,
			Events: []deploy.RollbackEvent{deploy.RollbackOnFailure, deploy.RollbackOnRequest, deploy.RollbackOnAlarm}}
	}
	for i := range rapid.IntRange(1, 3).Draw(rt, "deployments") {
		d := Deployment{Revision: fmt.Sprintf("v%d", i+1), AlarmShare: rapid.SampledFrom([]int{0, 0, 0, 1, 50}).Draw(rt, "alarm")}
		if rapid.IntRange(0, 2).Draw(rt, "stop") == 0 {
			d.StopAfter = time.Duration(rapid.IntRange(1, 600).Draw(rt, "stopAfter")) * time.Second
		} else if rapid.Bool().Draw(rt, "continue") {
			d.ContinueAfter = time.Duration(rapid.IntRange(1, 300).Draw(rt, "continueAfter")) * time.Second
		}
		sc.Deployments = append(sc.Deployments, d)
	}
	return sc
}
