package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/cli/progress"
)

// A run is what is judged.
type run struct {
	evidence
	traffic *traffic
}

func (r *run) judged() error { return failedChecks(r.judge(r.traffic.figures(1))) }

// asPromised is a run in which everything happened.
func asPromised() *run {
	ended := func(s *progress.Snapshot) *chapter { return &chapter{took: time.Second, snapshot: s} }
	target := func(id, status, event string) progress.Target {
		t := progress.Target{ID: id, Status: status}
		if event != "" {
			t.Events = []progress.Event{{Name: "ApplicationStop", Status: "Succeeded"}, {Name: event, Status: "Failed"}}
		}
		return t
	}
	e := &run{traffic: newTraffic(""), evidence: evidence{
		v1: ended(&progress.Snapshot{ID: "d-1", Status: "Succeeded"}),
		v2: ended(&progress.Snapshot{ID: "d-2", Status: "Succeeded"}),
		v3: ended(&progress.Snapshot{ID: "d-3", Status: "Failed", RollbackID: "d-4", Targets: []progress.Target{
			target("web-1", "Failed", "ValidateService"), target("web-2", "Skipped", ""), target("web-3", "Skipped", "")}}),
		rollback: ended(&progress.Snapshot{ID: "d-4", Status: "Succeeded", RollbackOf: "d-3"}),
		v4: ended(&progress.Snapshot{ID: "d-5", Status: "Stopped", ErrorCode: "ALARM_ACTIVE", RollbackID: "d-6", Targets: []progress.Target{
			target("web-1", "Succeeded", ""), target("web-2", "Skipped", ""), target("web-3", "Skipped", "")}}),
		rollback4: ended(&progress.Snapshot{ID: "d-6", Status: "Succeeded", RollbackOf: "d-5"}),
		moved:     ended(&progress.Snapshot{ID: "d-7", Status: "Succeeded", Targets: []progress.Target{target("i-1", "Succeeded", ""), target("i-2", "Succeeded", "")}}),
		v5:        ended(&progress.Snapshot{ID: "d-8", Status: "Succeeded"}),
		left:      []string{"CodeDeploy_instances_d-8"},
		servedV1:  3, servedV2: 3, servedAfter: 3, floor: 2,
	}}
	e.traffic.record(e.traffic.started, time.Millisecond, "v1", nil)
	e.traffic.record(e.traffic.started, time.Millisecond, "v4", nil)
	e.traffic.record(e.traffic.started, time.Millisecond, "v5", nil)
	return e
}

func TestJudge(t *testing.T) {
	if err := asPromised().judged(); err != nil {
		t.Errorf("everything happened, and yet: %v", err)
	}
	for promise, spoil := range map[string]func(*run){
		"v1 is everywhere":       func(e *run) { e.servedV1 = 2 },
		"v2 replaced it":         func(e *run) { e.v2.snapshot.Status = "Failed" },
		"all hosts but one":      func(e *run) { e.floor = 1 },
		"v3 failed Validate":     func(e *run) { e.v3.snapshot.Targets[1].Status = "Failed" },
		"others kept v2":         func(e *run) { e.v3.snapshot.Targets[2].Status = "Succeeded" },
		"failed ValidateService": func(e *run) { e.v3.snapshot.Targets[0].Events[1].Name = "Install" },
		"rolled back by itself":  func(e *run) { e.v3.snapshot.RollbackID = "" },
		"v2 is everywhere again": func(e *run) { e.servedAfter = 0 },
		"not one saw v3":         func(e *run) { e.traffic.record(e.traffic.started, 0, "v3", nil) },
		"stopped by the alarm":   func(e *run) { e.v4.snapshot.ErrorCode = "MANUAL_STOP" },
		"only its first rack":    func(e *run) { e.v4.snapshot.Targets[1].Status = "Succeeded" },
		"by itself too":          func(e *run) { e.rollback4.snapshot.RollbackOf = "d-3" },
		"took the hosts' place":  func(e *run) { e.moved.snapshot.Targets[0].Status = "Skipped" },
		"v5 came blue/green":     func(e *run) { e.v5.snapshot.Status = "Failed" },
		"replaced is gone":       func(e *run) { e.left = append(e.left, "instances") },
		"not one request":        func(e *run) { e.traffic.failed = 1 },
	} {
		e := asPromised()
		spoil(e)
		err := e.judged()
		if err == nil || !strings.Contains(err.Error(), promise) || strings.Count(err.Error(), "did not happen") != 1 {
			t.Errorf("spoilt %q: %v", promise, err)
		}
	}
}
