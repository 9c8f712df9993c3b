package check

import (
	"testing"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// TestJudge goes through results by a letter each: + good, - bad, t a timeout. After each the state's
// first letter is written: initial, healthy, unhealthy.
func TestJudge(t *testing.T) {
	c := plane.HealthCheck{Healthy: 3, Unhealthy: 2}
	for results, want := range map[string]string{
		"+":          "h",
		"-+":         "ih",
		"--":         "iu",
		"+-+-":       "hhhh",
		"+--":        "hhu",
		"--++-+++":   "iuuuuuuh",
		"--+++":      "iuuuh",
		"+---+++--+": "hhuuuuhhuu",
	} {
		h := Health{}
		h.Enter(plane.Initial, plane.InitialHealthChecking)
		got := ""
		for _, r := range results {
			before := h
			changed := h.Judge(c, Result{fine: r == '+', reason: map[rune]plane.Reason{'-': plane.FailedHealthChecks}[r]})
			if changed != (before.State != h.State) {
				t.Errorf("%s: changed is %v, from %s to %s", results, changed, before.State, h.State)
			}
			got += string(h.State[0])
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", results, got, want)
		}
	}
	h := Health{State: plane.Unhealthy, Reason: plane.FailedHealthChecks}
	if !h.Judge(c, Result{reason: plane.ResponseCodeMismatch, detail: " with these codes: [500]"}) ||
		h.Description() != "Health checks failed with these codes: [500]" {
		t.Errorf("another reason: %q", h.Description())
	}
}
