package engine_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/engine"
	"github.com/slipway/slipway/internal/platform"
)

// refusing is a driver that cannot do one thing.
type refusing struct {
	*driver
	resolve, start bool
}

var refusal = &platform.Refusal{Info: deploy.ErrorInfo{Code: deploy.LoadBalancerInvalid, Message: "There is no target group web."}}

func (r refusing) Resolve(ctx context.Context, d deploy.Deployment, g deploy.Group, now time.Time) ([]deploy.Target, error) {
	if r.resolve {
		return nil, refusal
	}
	return r.driver.Resolve(ctx, d, g, now)
}

func (r refusing) Start(ctx context.Context, s deploy.Step) error {
	if r.start {
		return refusal
	}
	return r.driver.Start(ctx, s)
}

// TestRefusals end what was refused, with the driver's reason, and are not asked for again.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		resolve bool
		want    deploy.FailureCode
	}{
		"the deployment": {true, deploy.LoadBalancerInvalid},
		"a step":         {false, deploy.LoadBalancerInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			d := &driver{}
			inBubble(t, d, func(t *testing.T, b *bench) {
				e := engine.New(engine.Config{Store: b.Store, Owner: "one", Drivers: map[deploy.Platform]platform.Driver{
					deploy.Server: refusing{d, c.resolve, true},
				}})
				defer run(t, e)()
				id := b.create(t, 1)
				e.Wake(id)
				until(t, "fail", time.Second, func() bool { return b.status(t, id) == deploy.Failed })
				dep, err := b.Deployment(t.Context(), id)
				if err != nil || dep.Failure.Code != c.want {
					t.Errorf("failed with %+v, %v", dep.Failure, err)
				}
				if c.resolve {
					return
				}
				target, err := b.Target(t.Context(), id, "web-1")
				if err != nil || target.Events[0].Diagnostics.Message != refusal.Info.Message {
					t.Errorf("the step says %+v, %v", target.Events[0].Diagnostics, err)
				}
			})
		})
	}
}

// alarms counts its readings.
type alarms struct {
	readings atomic.Int32
	fault    error
	active   atomic.Bool
}

func (a *alarms) Active(_ context.Context, names []string) ([]string, error) {
	a.readings.Add(1)
	if a.active.Load() {
		return names, nil
	}
	return nil, a.fault
}

// TestAlarmsAreReadInTime: before anything starts, and then as often as AWS does, however
// many passes there are.
func TestAlarmsAreReadInTime(t *testing.T) {
	for name, c := range map[string]struct {
		fault error
		want  deploy.Status
	}{
		"readable":   {nil, deploy.InProgress},
		"unreadable": {errors.New("throttled"), deploy.Stopped},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, &driver{}, func(t *testing.T, b *bench) {
				a := &alarms{fault: c.fault}
				e := engine.New(engine.Config{Store: b.Store, Owner: "one", Alarms: a,
					Drivers: map[deploy.Platform]platform.Driver{deploy.Server: b.driver}})
				defer run(t, e)()
				id := b.create(t, 1)
				err := b.UpdateDeployment(t.Context(), id, func(d *deploy.Deployment) error {
					d.Alarms = &deploy.Alarms{Enabled: true, Names: []string{"errors"}}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				for range 61 {
					e.Wake(id)
					time.Sleep(time.Second)
				}
				if got := b.status(t, id); got != c.want {
					t.Errorf("the deployment is %s, want %s", got, c.want)
				}
				if n := a.readings.Load(); c.fault == nil && n != 7 {
					t.Errorf("%d readings in a minute, want one at the start and one each ten seconds", n)
				}
			})
		})
	}
}

// TestAlarmsThatChange are read at once, not when the last reading is old.
func TestAlarmsThatChange(t *testing.T) {
	inBubble(t, &driver{}, func(t *testing.T, b *bench) {
		a := &alarms{}
		e := engine.New(engine.Config{Store: b.Store, Owner: "one", Alarms: a,
			Drivers: map[deploy.Platform]platform.Driver{deploy.Server: b.driver}})
		defer run(t, e)()
		id := b.create(t, 1)
		err := b.UpdateDeployment(t.Context(), id, func(d *deploy.Deployment) error {
			d.Alarms = &deploy.Alarms{Enabled: true, Names: []string{"errors"}}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		e.Wake(id)
		until(t, "start", time.Second, func() bool { return b.status(t, id) == deploy.InProgress })
		a.active.Store(true)
		e.AlarmsChanged()
		until(t, "stop", time.Second, func() bool { return b.status(t, id) == deploy.Stopped })
	})
}
