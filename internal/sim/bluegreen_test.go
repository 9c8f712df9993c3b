package sim

import (
	"testing"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform/simulated"
)

// blueGreens are the stories in which the fleet is replaced by a copy, each with how it must end.
func blueGreens() map[string]story {
	serving := func(h *simulated.Host) { h.Serving, h.Faults = true, []simulated.Fault{simulated.Refused} }
	failing := func(e deploy.Event) func(*simulated.Host) {
		return func(h *simulated.Host) {
			serving(h)
			h.Fails = map[deploy.Event]string{e: "v2"}
		}
	}
	replace := func(ready string, readyWait, terminationWait int32) *deploy.BlueGreenOptions {
		return &deploy.BlueGreenOptions{GreenAction: deploy.CopyAutoScalingGroup, ReadyAction: ready, ReadyWait: &readyWait,
			BlueAction: deploy.Terminate, TerminationWait: &terminationWait}
	}
	yes, no := true, false
	succeeded, failed, stopped := deploy.Succeeded, deploy.Failed, deploy.Stopped
	return map[string]story{
		"two replacements": {
			Scenario{Hosts: fleet(2, serving), Config: oneAtATime, BlueGreen: replace("", 0, 1),
				Deployments: []Deployment{{Revision: "v1"}, {Revision: "v2"}}},
			[]deploy.Status{succeeded, succeeded},
		},
		"continued": {
			Scenario{Hosts: fleet(1, serving), Config: allAtOnce, BlueGreen: replace(deploy.StopDeployment, 2, 0),
				Deployments: []Deployment{{Revision: "v1", ContinueAfter: time.Minute}}},
			[]deploy.Status{succeeded},
		},
		"nobody continues": {
			Scenario{Hosts: fleet(1, serving), Config: allAtOnce, BlueGreen: replace(deploy.StopDeployment, 2, 0),
				Deployments: []Deployment{{Revision: "v1"}}},
			[]deploy.Status{stopped},
		},
		"does not start": {
			Scenario{Hosts: fleet(2, failing(deploy.ApplicationStart)), Config: oneAtATime, BlueGreen: replace("", 0, 1),
				Rollback: onFailure, Deployments: []Deployment{{Revision: "v1"}, {Revision: "v2"}}},
			[]deploy.Status{succeeded, failed},
		},
		"does not get healthy": {
			Scenario{Hosts: fleet(2, failing(deploy.AllowTraffic)), Config: oneAtATime, BlueGreen: replace("", 0, 1),
				Rollback: onFailure, Deployments: []Deployment{{Revision: "v1"}, {Revision: "v2"}}},
			[]deploy.Status{succeeded, failed, succeeded},
		},
		"alarm in the wait": {
			Scenario{Hosts: fleet(2, serving), Config: allAtOnce, BlueGreen: replace("", 0, 1), Rollback: onFailure,
				Deployments: []Deployment{{Revision: "v1"}, {Revision: "v2", AlarmFrom: deploy.AfterAllowTraffic, AlarmFaults: 1}}},
			[]deploy.Status{succeeded, stopped, succeeded},
		},
		"stopped, rolled back": {
			// Even a crash lets the traffic move before the stop, which comes in the wait.
			Scenario{Hosts: fleet(2, serving), Config: oneAtATime, BlueGreen: replace("", 0, 4),
				Rollback:    deploy.AutoRollback{Enabled: true},
				Deployments: []Deployment{{Revision: "v1", StopAfter: 2 * time.Minute, Rollback: &yes}}},
			[]deploy.Status{stopped, succeeded},
		},
		"stopped early": {
			Scenario{Hosts: fleet(2, serving), Config: oneAtATime, BlueGreen: replace("", 0, 1),
				Deployments: []Deployment{{Revision: "v1", StopAfter: 3500 * time.Millisecond, Rollback: &no}}},
			[]deploy.Status{stopped},
		},
	}
}

// TestBlueGreenCrashSweep kills the engine at every thirteenth point of every blue/green story
// (see stride): they are long, and most of their points lie in events that in-place stories have too.
func TestBlueGreenCrashSweep(t *testing.T) {
	for name, s := range blueGreens() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sweep(t, s, 13*stride, checkFleets)
		})
	}
}

// checkFleets: there were requests served at every moment, and in the end one fleet is there,
// whole, with all the traffic, and it is the group's.
func checkFleets(t *testing.T, res Result) {
	t.Helper()
	if res.LeastServing < 1 {
		t.Errorf("for a while nobody got requests")
	}
	if len(res.Group) != 1 || len(res.Fleets) != 1 || len(res.Fleets[res.Group[0]]) == 0 {
		t.Errorf("the group's fleet is %v, there are %v", res.Group, res.Fleets)
	}
	for _, hosts := range res.Fleets {
		for _, h := range hosts {
			if !res.Traffic[h] {
				t.Errorf("%s is left without traffic", h)
			}
		}
	}
}
