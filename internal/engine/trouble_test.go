package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/engine"
	"github.com/slipway/slipway/internal/platform"
)

// cloudy is a driver whose services are away. The steps of web-2 are no trouble.
type cloudy struct {
	*driver
	resolve, start error
	hang           bool // Start says nothing until it is given up

	mu    sync.Mutex
	tries []time.Time
}

func (c *cloudy) try() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tries = append(c.tries, time.Now())
}

func (c *cloudy) Resolve(_ context.Context, dep deploy.Deployment, _ deploy.Group, now time.Time) (list []deploy.Target, err error) {
	if c.resolve != nil {
		c.try()
		return nil, c.resolve
	}
	for _, name := range []string{"web-1", "web-2"} {
		list = append(list, deploy.NewTarget(dep.ID, name, "arn", deploy.Lifecycle(dep.Platform, dep.Style), now))
	}
	return list, nil
}

func (c *cloudy) Start(ctx context.Context, s deploy.Step) error {
	if s.TargetID == "web-2" {
		return nil
	}
	c.try()
	if c.hang {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return c.start
}

func (c *cloudy) Observe(_ context.Context, s deploy.Step) (platform.Observation, error) {
	if s.TargetID == "web-2" {
		time.Sleep(time.Millisecond)
		return platform.Observation{Outcome: &deploy.Outcome{Status: deploy.EventSucceeded}}, nil
	}
	return platform.Observation{}, nil
}

// under runs an engine over c and a deployment on it.
func (c *cloudy) under(t *testing.T, test func(t *testing.T, b *bench, id string)) {
	t.Helper()
	inBubble(t, &driver{}, func(t *testing.T, b *bench) {
		c.driver = b.driver
		e := engine.New(engine.Config{Store: b.Store, Owner: "one", Drivers: map[deploy.Platform]platform.Driver{deploy.Server: c}})
		defer run(t, e)()
		id := b.create(t, 1)
		e.Wake(id)
		test(t, b, id)
	})
}

// TestServicesInTrouble keep a deployment from beginning for five minutes, and it says so
// meanwhile; it fails then, with the reason.
func TestServicesInTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		fault error
		want  deploy.FailureCode
		text  string
	}{
		"refusing connections": {errors.New("target group web: connection refused"), deploy.InternalError,
			"The instances of the deployment could not be determined within 5m0s: target group web: connection refused"},
		"throttling": {fmt.Errorf("target group web: %w: Rate exceeded", platform.ErrThrottled), deploy.Throttled,
			"The deployment failed because more requests were made than are permitted for AWS CodeDeploy by an IAM role. " +
				"Try reducing the number of requests. target group web: throttled: Rate exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			driver := &cloudy{resolve: c.fault}
			driver.under(t, func(t *testing.T, b *bench, id string) {
				until(t, "say so", time.Second, func() bool {
					d, err := b.Deployment(t.Context(), id)
					return err == nil && d.Status == deploy.Queued &&
						strings.HasPrefix(d.Waiting, "Tried ") && strings.HasSuffix(d.Waiting, ": "+c.fault.Error())
				})
				time.Sleep(4*time.Minute + 55*time.Second)
				if got := b.status(t, id); got != deploy.Queued {
					t.Errorf("it is %s before its time", got)
				}
				until(t, "fail", time.Minute, func() bool { return b.status(t, id) == deploy.Failed })
				d, err := b.Deployment(t.Context(), id)
				if err != nil || d.Failure.Code != c.want || d.Failure.Message != c.text {
					t.Errorf("failed with %+v, %v", d.Failure, err)
				}
				if n := len(driver.tries); n < 8 || n > 30 {
					t.Errorf("tried %d times", n)
				}
			})
		})
	}
}

// TestAStepInTrouble is tried again with growing pauses, shows what is in the way, and does
// not keep the other instance waiting. It ends at its deadline.
func TestAStepInTrouble(t *testing.T) {
	for name, c := range map[string]struct {
		driver *cloudy
		note   string
	}{
		"failing": {&cloudy{start: errors.New("connection refused")}, "connection refused"},
		"hanging": {&cloudy{hang: true}, "context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			c.driver.under(t, func(t *testing.T, b *bench, id string) {
				event := func(target string, i int) deploy.EventRecord {
					found, err := b.Target(t.Context(), id, target)
					if err != nil {
						return deploy.EventRecord{}
					}
					return found.Events[i]
				}
				until(t, "show the trouble", 30*time.Second, func() bool {
					d := event("web-1", 0).Diagnostics
					return d != nil && strings.HasPrefix(d.Log, "Tried 2 times, the next time in ") && strings.HasSuffix(d.Log, c.note)
				})
				time.Sleep(2 * time.Minute)
				if got := event("web-2", 6).Status; got != deploy.EventSucceeded {
					t.Errorf("the other one's last event is %s", got)
				}
				time.Sleep(4 * time.Minute)
				if got := event("web-1", 0).Status; got != deploy.EventFailed {
					t.Errorf("it is %s after its time", got)
				}
				if n := len(c.driver.tries); n < 5 || n > 30 {
					t.Errorf("tried %d times", n)
				}
			})
		})
	}
}
