package survey

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/deploy"
)

// The functions that validate a deployment are asked for, once each; no bundle is.
func TestCheckFunctions(t *testing.T) {
	d := deploy.Deployment{Platform: deploy.Lambda}
	var targets []deploy.Target
	for _, id := range []string{"page:live", "cart:live"} {
		target := deploy.NewTarget("", id, "arn", d.Lifecycle(""), time.Time{})
		target.Hooks = map[deploy.Event]string{deploy.BeforeAllowTraffic: "check", deploy.AfterAllowTraffic: "verify"}
		targets = append(targets, target)
	}
	for name, c := range map[string]struct {
		answers map[string]error
		want    []string
	}{
		"all there": {},
		"one gone": {map[string]error{"verify": deploy.Errorf("FunctionDoesNotExist", "There is no function verify")},
			[]string{"AfterAllowTraffic would fail: There is no function verify"}},
		"out of reach": {map[string]error{"check": errors.New("connection refused")},
			[]string{"Whether BeforeAllowTraffic can call the function check could not be looked at: connection refused"}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []string
			s := &Survey{Callable: func(_ context.Context, function string) error {
				asked = append(asked, function)
				return c.answers[function]
			}}
			list, err := s.CheckBundle(t.Context(), d, targets)
			must(t, err)
			var got []string
			for _, w := range list {
				got = append(got, w.Target+w.Text)
			}
			if !slices.Equal(got, c.want) || !slices.Equal(asked, []string{"check", "verify"}) {
				t.Errorf("warnings %q, want %q; asked for %q", got, c.want, asked)
			}
			if list, err := s.CheckBundle(t.Context(), d, nil); err != nil || len(list) != 0 {
				t.Errorf("without a target: %v, %v", list, err)
			}
		})
	}
}
