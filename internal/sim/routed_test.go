package sim

import (
	"testing"
	"time"

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
