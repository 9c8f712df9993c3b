package forward_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/forward"
	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// TestNothingStays applies a state whose targets cannot be reached, and looks for what is left after Close.
func TestNothingStays(t *testing.T) {
	e := forward.New(forward.Config{})
	group := plane.Group{ID: "g", Protocol: plane.TCP, DeregistrationDelay: time.Hour, Targets: []plane.Target{{ID: "t", Address: "127.0.0.1:1"}},
		Health: plane.HealthCheck{Protocol: plane.TCP, Interval: time.Millisecond, Timeout: time.Second, Healthy: 1, Unhealthy: 1}}
	d := plane.Desired{Groups: []plane.Group{group}, Listeners: []plane.Listener{{ID: "l", Address: "127.0.0.1:18999", Protocol: plane.TCP,
		Default: plane.Action{Forward: &plane.Forward{Groups: []plane.Weighted{{Group: "g", Weight: 1}}}}}}}
	for _, state := range []plane.Desired{d, {}, d} {
		if err := e.Apply(t.Context(), state); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	stacks := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(stacks[:runtime.Stack(stacks, true)]), "\n\n") {
		if strings.Contains(stack, "elb/forward.(") || strings.Contains(stack, "elb/check.") {
			t.Errorf("still there: %s", stack)
		}
	}
}
