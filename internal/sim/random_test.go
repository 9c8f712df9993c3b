package sim

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform/simulated"
)

// TestRandomFleets plays random fleets, configs, failures, stops and crashes. The floor is
// held at every moment, every deployment ends, and what has ended stays as it is.
func TestRandomFleets(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		sc := drawScenario(rt)
		crashAt := rapid.IntRange(0, 60).Draw(rt, "crashAt")
		res := play(t, sc, crashAt)
		checkEnd(t, res, nil)
		checkRollbacks(t, res)
		if t.Failed() {
			rt.Fatalf("scenario %+v", sc)
		}
	})
}

func drawScenario(rt *rapid.T) Scenario {
	sc := Scenario{
		Config:   deploy.Config{Name: "drawn", Healthy: drawHealthy(rt)},
		Limits:   deploy.Limits{Pickup: time.Minute, Event: 10 * time.Minute, Total: 4 * time.Hour},
		Balanced: rapid.Bool().Draw(rt, "balanced"),
	}
	if rapid.IntRange(0, 2).Draw(rt, "zonal") == 0 {
		sc.Config.Zonal = drawZonal(rt)
	}
	n := rapid.IntRange(0, 5).Draw(rt, "hosts")
	sc.Hosts = fleet(n, func(h *simulated.Host) { drawHost(rt, h, sc.style()) })
	if rapid.Bool().Draw(rt, "rollback") {
		sc.Rollback = deploy.AutoRollback{Enabled: true,
			Events: []deploy.RollbackEvent{deploy.RollbackOnFailure, deploy.RollbackOnRequest, deploy.RollbackOnAlarm}}
	}
	for i := range rapid.IntRange(1, 3).Draw(rt, "deployments") {
		d := Deployment{Revision: fmt.Sprintf("v%d", i+1)}
		if rapid.IntRange(0, 3).Draw(rt, "stop") == 0 {
			d.StopAfter = time.Duration(rapid.IntRange(1, 60).Draw(rt, "stopAfter")) * 500 * time.Millisecond
		}
		if rapid.IntRange(0, 3).Draw(rt, "alarm") == 0 {
			d.AlarmFrom = rapid.SampledFrom(deploy.Lifecycle(deploy.Server, deploy.DefaultStyle)).Draw(rt, "alarmFrom")
			d.AlarmFaults = rapid.IntRange(0, 8).Draw(rt, "alarmFaults")
		}
		sc.Deployments = append(sc.Deployments, d)
	}
	return sc
}

func drawHealthy(rt *rapid.T) deploy.MinimumHealthy {
	switch rapid.IntRange(0, 2).Draw(rt, "config") {
	case 0:
		return deploy.MinimumHealthy{Type: deploy.OneAtATime, Value: 1}
	case 1:
		return deploy.MinimumHealthy{Type: deploy.HostCount, Value: rapid.IntRange(0, 5).Draw(rt, "count")}
	default:
		return deploy.MinimumHealthy{Type: deploy.FleetPercent, Value: rapid.IntRange(0, 99).Draw(rt, "percent")}
	}
}

func drawZonal(rt *rapid.T) *deploy.ZonalConfig {
	z := &deploy.ZonalConfig{Monitor: new(int64(rapid.IntRange(0, 90).Draw(rt, "monitor")))}
	if rapid.Bool().Draw(rt, "perZone") {
		z.HealthyPerZone = &deploy.MinimumHealthy{Type: deploy.HostCount, Value: rapid.IntRange(0, 2).Draw(rt, "zoneFloor")}
	}
	return z
}

func drawHost(rt *rapid.T, h *simulated.Host, style deploy.Style) {
	h.Zone = rapid.SampledFrom([]string{"", "a", "b"}).Draw(rt, "zone")
	h.Faults = rapid.SliceOfN(rapid.SampledFrom([]simulated.Fault{"", simulated.Refused, simulated.Hanging, simulated.Lost}), 0, 6).Draw(rt, "faults")
	h.Work = time.Duration(rapid.IntRange(1, 5).Draw(rt, "work")) * time.Second
	h.Silent = rapid.IntRange(0, 9).Draw(rt, "silent") == 0
	h.Broken = rapid.IntRange(0, 3).Draw(rt, "broken")
	if rapid.IntRange(0, 3).Draw(rt, "fails") == 0 {
		event := rapid.SampledFrom(deploy.Lifecycle(deploy.Server, style)).Draw(rt, "event")
		h.Fails = map[deploy.Event]string{event: fmt.Sprintf("v%d", rapid.IntRange(1, 3).Draw(rt, "by"))}
	}
}

// checkRollbacks: each side of a rollback names the other, and no rollback is rolled back.
func checkRollbacks(t *testing.T, res Result) {
	t.Helper()
	byID := map[string]deploy.Deployment{}
	for _, d := range res.Deployments {
		byID[d.ID] = d
	}
	for _, d := range res.Deployments {
		if d.Creator != deploy.ByRollback {
			continue
		}
		trigger := byID[d.RollbackInfo.TriggeringID]
		if trigger.RollbackInfo == nil || trigger.RollbackInfo.RollbackID != d.ID {
			t.Errorf("%s rolls back %s, which does not know", d.ID, trigger.ID)
		}
		if trigger.Creator == deploy.ByRollback || trigger.Status == deploy.Succeeded {
			t.Errorf("%s rolls back %s, created by %s, %s", d.ID, trigger.ID, trigger.Creator, trigger.Status)
		}
	}
}
