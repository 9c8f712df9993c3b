package deploy

import "testing"

// TestFinalIsFinal: nothing that has ended may move, and everything else may end.
func TestFinalIsFinal(t *testing.T) {
	all := []Status{Created, Queued, InProgress, Baking, Ready, Succeeded, Failed, Stopped}
	for _, from := range all {
		moves := 0
		for _, to := range all {
			if from.MayBecome(to) {
				moves++
			}
		}
		if from.Done() != (moves == 0) {
			t.Errorf("%s: done %t, moves %d", from, from.Done(), moves)
		}
		if !from.Done() && (!from.MayBecome(Failed) || !from.MayBecome(Stopped)) {
			t.Errorf("%s cannot fail or be stopped", from)
		}
	}
	targets := []TargetStatus{TargetPending, TargetInProgress, TargetReady, TargetSucceeded, TargetFailed, TargetSkipped, TargetUnknown}
	for _, from := range targets {
		for _, to := range targets {
			if from.Done() && from.MayBecome(to) {
				t.Errorf("target %s may become %s", from, to)
			}
		}
	}
	events := []EventStatus{EventPending, EventInProgress, EventSucceeded, EventFailed, EventSkipped, EventUnknown}
	for _, from := range events {
		for _, to := range events {
			if from.Done() && from.MayBecome(to) {
				t.Errorf("event %s may become %s", from, to)
			}
		}
	}
}
