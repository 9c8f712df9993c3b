// Package sim runs whole deployments in virtual time: the real planner, the real engine
// and the real store over imagined hosts. Its tests crash the engine at every write and at
// every act, and hold the laws of the project against thousands of random fleets.
package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/engine"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/platform/simulated"
	"github.com/slipway/slipway/internal/store"
)

// A Scenario is a fleet and the deployments that are made to it, one after the other.
type Scenario struct {
	Hosts       []simulated.Host
	Config      deploy.Config
	Rollback    deploy.AutoRollback
	Deployments []Deployment
	Limits      deploy.Limits
	// Balanced puts the hosts behind a load balancer.
	Balanced bool
	// Platform is where the hosts are imagined: functions or services of that name, whose hooks are
	// what the hosts do; empty for servers.
	Platform deploy.Platform
	// BlueGreen replaces the hosts, which are behind one, by copies; nil updates them in place.
	BlueGreen *deploy.BlueGreenOptions
}

func (sc Scenario) platform() deploy.Platform { return cmp.Or(sc.Platform, deploy.Server) }

func (sc Scenario) style() deploy.Style {
	if sc.BlueGreen != nil || sc.Platform != "" {
		return deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl}
	}
	if sc.Balanced {
		return deploy.Style{Type: deploy.InPlace, Option: deploy.WithTrafficControl}
	}
	return deploy.DefaultStyle
}

// A Deployment is one deployment of a Scenario, and what is done to it.
type Deployment struct {
	Revision  string        // the S3 key
	StopAfter time.Duration // zero: not stopped
	Rollback  *bool         // of the stop
	// ContinueAfter ends the wait of a blue/green deployment that is ready; zero: never.
	ContinueAfter time.Duration
	// AlarmFrom turns an alarm on once a host has run that event of this deployment, until
	// the next one; empty: never.
	AlarmFrom deploy.Event
	// AlarmShare turns it on while that much of some traffic goes to the deployment's version, in percent.
	AlarmShare int
	// AlarmFaults is how many readings of the alarms fail first.
	AlarmFaults int
}

// A Result is how a scenario went.
type Result struct {
	// Deployments are all that there were, oldest first, rollbacks among them.
	Deployments []deploy.Deployment
	Targets     map[string][]deploy.Target
	Ran         []deploy.Step
	Violations  []string
	// Traffic are the hosts that get requests in the end.
	Traffic map[string]bool
	// Fleets are the hosts that there are in the end, by their Auto Scaling group, and Group
	// is whose the deployment group's are.
	Fleets map[string][]string
	Group  []string
	// Aliases are where the traffic of functions and services goes in the end.
	Aliases map[string]simulated.Alias
	// LeastServing is the fewest hosts that got requests at a time.
	LeastServing int
	// Notices are what the group's trigger told, of every event that there is, in order.
	Notices []store.PendingNotice
	// Points is how often the engine had just written or acted.
	Points int
}

// A run is a scenario under way.
type run struct {
	scenario Scenario
	store    store.Store
	platform *simulated.Platform
	crasher  *crasher
	group    deploy.Group
	alarms   alarms
	writes   atomic.Int64

	mu     sync.Mutex
	engine *engine.Engine
	check  func() // called whenever anything has changed
}

// A counting store counts its writes, so that nobody looks where nothing can be new.
type counting struct {
	store.Store
	writes *atomic.Int64
}

func (s counting) Commit(ctx context.Context, c store.Commit) error {
	defer s.writes.Add(1)
	return s.Store.Commit(ctx, c)
}

func (s counting) UpdateTarget(ctx context.Context, deployment, target string, change func(*deploy.Target) error) error {
	defer s.writes.Add(1)
	return s.Store.UpdateTarget(ctx, deployment, target, change)
}

func (s counting) UpdateDeployment(ctx context.Context, id string, change func(*deploy.Deployment) error) error {
	defer s.writes.Add(1)
	return s.Store.UpdateDeployment(ctx, id, change)
}

// Run plays the scenario in st, which must be empty, and crashes the engine at the given
// point (counted from 1; 0 never). A crashed engine is replaced by a new one that knows
// only the store. It must be called inside a testing/synctest bubble; check is called at
// every half second of virtual time in which something was written.
func Run(ctx context.Context, st store.Store, sc Scenario, crashAt int, check func(store.Store, deploy.Group)) (Result, error) {
	r := &run{scenario: sc, crasher: &crasher{at: crashAt}}
	r.store = counting{st, &r.writes}
	r.platform = simulated.New(r.store, sc.Hosts)
	r.alarms.platform = r.platform
	if err := r.setUp(ctx); err != nil {
		return Result{}, err
	}
	r.check = func() { check(st, r.group) }
	engines := make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	r.crasher.kill = func() { engines <- struct{}{} }
	all.Go(func() { r.engines(ctx, engines) })
	err := r.play(ctx)
	r.platform.Wait()
	cancel()
	all.Wait()
	if err != nil {
		return Result{}, err
	}
	return r.result(context.WithoutCancel(ctx))
}

// engines keeps one engine alive: when it is killed, the next takes over.
func (r *run) engines(ctx context.Context, killed <-chan struct{}) {
	crash := r.crasher
	for generation := 0; ctx.Err() == nil; generation++ {
		mortal, die := context.WithCancel(ctx)
		e := engine.New(engine.Config{
			Store:   crashStore{r.store, crash},
			Drivers: map[deploy.Platform]platform.Driver{r.scenario.platform(): crashDriver{r.platform, crash}},
			Owner:   fmt.Sprintf("engine-%d", generation),
			Alarms:  &r.alarms,
		})
		r.mu.Lock()
		r.engine = e
		r.mu.Unlock()
		r.platform.Attach(e.Wake)
		go func() {
			select {
			case <-killed:
			case <-mortal.Done():
			}
			die()
		}()
		_ = e.Run(mortal)
		die()
		crash = &crasher{kill: func() {}} // the next one lives
	}
}

func (r *run) setUp(ctx context.Context) error {
	now := time.Now().UTC()
	app := deploy.Application{ID: "app-1", Name: "shop", Platform: r.scenario.platform(), CreatedAt: now}
	r.group = deploy.Group{
		ID: "group-1", ApplicationID: app.ID, Application: app.Name, Name: "prod",
		Platform: r.scenario.platform(), Style: r.scenario.style(), Rollback: r.scenario.Rollback,
		AutoScalingGroups: []string{simulated.FirstFleet},
		Triggers:          []deploy.Trigger{{Name: "all", Topic: everything, Events: deploy.TriggerEvents}},
		ConfigName:        r.scenario.Config.Name, OnPremisesFilters: []deploy.TagFilter{{Key: "fleet", Type: deploy.KeyOnly}},
	}
	if err := r.store.CreateApplication(ctx, app); err != nil {
		return err
	}
	return r.store.CreateGroup(ctx, r.group)
}

// everything is the topic that hears of every event; nobody takes anything out of the outbox.
const everything = "arn:aws:sns:us-east-1:000000000000:everything"

// play makes the scenario's deployments, each when the one before has ended with its rollback.
func (r *run) play(ctx context.Context) error {
	for i, d := range r.scenario.Deployments {
		id := fmt.Sprintf("d-SIM%06d", i)
		r.alarms.set(id, d)
		if err := r.create(ctx, id, d); err != nil {
			return err
		}
		if d.ContinueAfter > 0 {
			time.Sleep(d.ContinueAfter)
			if err := r.carryOn(ctx, id); err != nil {
				return err
			}
		}
		if d.StopAfter > 0 {
			time.Sleep(d.StopAfter)
			if err := r.stop(ctx, id, d.Rollback); err != nil {
				return err
			}
		}
		if err := r.settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) create(ctx context.Context, id string, d Deployment) error {
	limits := r.scenario.Limits
	if limits == (deploy.Limits{}) {
		limits = deploy.DefaultLimits
	}
	var watched *deploy.Alarms
	if d.AlarmFrom != "" || d.AlarmShare > 0 || d.AlarmFaults > 0 {
		watched = &deploy.Alarms{Enabled: true, Names: []string{"errors"}}
	}
	g, err := r.store.Group(ctx, "shop", r.group.Name)
	if err != nil {
		return err
	}
	err = r.store.CreateDeployment(ctx, deploy.Deployment{
		BlueGreen: r.scenario.BlueGreen, Members: g.Members(),
		ID: id, ApplicationID: "app-1", Application: "shop", GroupID: r.group.ID, Group: r.group.Name,
		Platform: r.scenario.platform(), Style: r.scenario.style(), Config: r.scenario.Config, Alarms: watched,
		Revision: deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "b", Key: d.Revision, BundleType: "zip"}},
		Creator:  deploy.ByUser, FileExists: deploy.Disallow, Rollback: r.scenario.Rollback,
		Limits: limits, Status: deploy.Created, CreatedAt: time.Now().UTC(),
	})
	r.wake(id)
	return err
}

func (r *run) carryOn(ctx context.Context, id string) error {
	err := r.store.UpdateDeployment(ctx, id, func(d *deploy.Deployment) error {
		if d.Status == deploy.Ready {
			d.ContinuedAt = time.Now().UTC()
		}
		return nil
	})
	r.wake(id)
	return err
}

func (r *run) stop(ctx context.Context, id string, rollback *bool) error {
	err := r.store.UpdateDeployment(ctx, id, func(d *deploy.Deployment) error {
		if !d.Status.Done() {
			d.Stop = &deploy.StopRequest{At: time.Now().UTC(), Rollback: rollback}
		}
		return nil
	})
	r.wake(id)
	return err
}

func (r *run) wake(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.engine != nil {
		r.engine.Wake(id)
	}
}

// settle waits until every deployment has ended: at most a virtual day.
func (r *run) settle(ctx context.Context) error {
	for end, seen := time.Now().Add(24*time.Hour), int64(-1); time.Now().Before(end); time.Sleep(500 * time.Millisecond) {
		if seen == r.writes.Load() {
			continue
		}
		seen = r.writes.Load()
		r.check()
		due, err := r.store.NextDue(ctx, "")
		if err != nil || due.IsZero() {
			return err
		}
	}
	return errors.New("a deployment did not end within a day")
}

func (r *run) result(ctx context.Context) (Result, error) {
	list, err := r.store.ListDeployments(ctx, store.DeploymentFilter{})
	if err != nil {
		return Result{}, err
	}
	res := Result{Targets: map[string][]deploy.Target{}, Ran: r.platform.Ran(),
		Violations: r.platform.Violations(), Points: r.crasher.points, Traffic: map[string]bool{}}
	res.Aliases = r.platform.Aliases()
	res.Fleets, res.LeastServing = r.platform.Fleets(), r.platform.LeastServing()
	for _, hosts := range res.Fleets {
		for _, h := range hosts {
			res.Traffic[h] = r.platform.HasTraffic(h)
		}
	}
	g, err := r.store.Group(ctx, "shop", r.group.Name)
	if err != nil {
		return Result{}, err
	}
	res.Group = g.AutoScalingGroups
	if res.Notices, err = r.store.Notices(ctx, everything, 10_000); err != nil {
		return Result{}, err
	}
	for i := len(list) - 1; i >= 0; i-- {
		res.Deployments = append(res.Deployments, list[i])
		if res.Targets[list[i].ID], err = r.store.Targets(ctx, list[i].ID); err != nil {
			return Result{}, err
		}
	}
	return res, nil
}
