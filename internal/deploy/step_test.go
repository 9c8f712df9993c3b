package deploy

import (
	"testing"
	"time"
)

// TestFirstDeliveryWins: of two deliveries of a step one runs, and its first report stands.
func TestFirstDeliveryWins(t *testing.T) {
	now := time.Unix(1000, 0)
	target := NewTarget("d-1", "web-1", "arn", []Event{Install}, now)
	step := Step{DeploymentID: "d-1", TargetID: "web-1", Event: Install, Attempt: 1}
	if target.Take(step, "a", now) {
		t.Error("a step that was not called for was taken")
	}
	target.Events[0].Status, target.Events[0].Attempt = EventInProgress, 1
	for i, delivery := range []string{"a", "a", "b"} {
		if got, want := target.Take(step, delivery, now), delivery == "a"; got != want {
			t.Errorf("question %d, by delivery %s: may run %t", i, delivery, got)
		}
	}
	ok, bad := Outcome{Status: EventSucceeded}, Outcome{Status: EventFailed}
	if target.Finish(step, "b", bad, now) || !target.Finish(step, "a", ok, now) || target.Finish(step, "a", bad, now) {
		t.Error("not the first report of the delivery that runs, and only it, stands")
	}
	if target.Events[0].Status != EventSucceeded || target.Take(step, "a", now) {
		t.Errorf("after the end: %+v", target.Events[0])
	}
	late := step
	late.Attempt = 2
	if target.Finish(late, "a", bad, now) {
		t.Error("another attempt's report was taken for this one's")
	}
}
