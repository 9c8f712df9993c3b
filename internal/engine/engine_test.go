package engine_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/engine"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/store"
	"github.com/slipway/slipway/internal/store/sqlite"
)

// A driver plays one host, web-1. Its members are set before the engine runs.
type driver struct {
	refuse  int           // how many starts fail before one works
	observe bool          // Observe says that the step has succeeded
	again   time.Duration // … only after it was asked once and told to come back then
	block   chan struct{} // Start waits for it, when it is there
	entered chan struct{} // and says so here

	mu        sync.Mutex
	asked     []time.Time // every call of Start
	started   map[deploy.Step]int
	looked    map[deploy.Step]time.Time // the first call of Observe
	forgotten []string
}

func (d *driver) Resolve(_ context.Context, dep deploy.Deployment, _ deploy.Group, now time.Time) ([]deploy.Target, error) {
	return []deploy.Target{deploy.NewTarget(dep.ID, "web-1", "arn", deploy.Lifecycle(dep.Platform, dep.Style), now)}, nil
}

func (d *driver) Start(_ context.Context, s deploy.Step) error {
	d.mu.Lock()
	d.asked = append(d.asked, time.Now())
	refused := len(d.asked) <= d.refuse
	if !refused {
		d.started[s]++
	}
	d.mu.Unlock()
	if refused {
		return errors.New("the platform is away")
	}
	if d.block != nil {
		d.entered <- struct{}{}
		<-d.block
	}
	return nil
}

func (d *driver) Observe(_ context.Context, s deploy.Step) (platform.Observation, error) {
	if !d.observe {
		return platform.Observation{}, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.looked[s]; !ok {
		d.looked[s] = time.Now()
	}
	if left := d.again - time.Since(d.looked[s]); left > 0 {
		return platform.Observation{Again: left}, nil
	}
	return platform.Observation{Outcome: &deploy.Outcome{Status: deploy.EventSucceeded}}, nil
}

func (d *driver) Cancel(context.Context, deploy.Step) error { return nil }

func (d *driver) Retire(context.Context, deploy.Deployment, time.Time) ([]string, error) {
	return nil, nil
}

func (d *driver) Forget(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forgotten = append(d.forgotten, id)
}

func (d *driver) starts() (all []time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append(all, d.asked...)
}

// A bench is a store with groups, and one driver for every engine on it.
type bench struct {
	*sqlite.Store
	*driver
}

// inBubble runs test on a bench in virtual time.
func inBubble(t *testing.T, d *driver, test func(*testing.T, *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "slipway.db"), sqlite.WithoutSync)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		err = db.CreateApplication(t.Context(), deploy.Application{ID: "app", Name: "shop", Platform: deploy.Server})
		if err != nil {
			t.Fatal(err)
		}
		d.started, d.looked = map[deploy.Step]int{}, map[deploy.Step]time.Time{}
		test(t, &bench{db, d})
	})
}

func (b *bench) engine(owner string, s engine.Store) *engine.Engine {
	return engine.New(engine.Config{
		Store: s, Owner: owner, Drivers: map[deploy.Platform]platform.Driver{deploy.Server: b.driver},
	})
}

// run runs an engine until stop, which says whether it left in order.
func run(t *testing.T, e *engine.Engine) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the engine ended with %v", err)
		}
	}
}

// create makes deployment number n, in a group of its own.
func (b *bench) create(t *testing.T, n int) (id string) {
	t.Helper()
	group := deploy.Group{ID: fmt.Sprintf("group-%d", n), ApplicationID: "app", Application: "shop",
		Name: fmt.Sprintf("prod-%d", n), Platform: deploy.Server, Style: deploy.DefaultStyle}
	if err := b.CreateGroup(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	id = fmt.Sprintf("d-TEST%05d", n)
	err := b.CreateDeployment(t.Context(), deploy.Deployment{
		ID: id, ApplicationID: "app", Application: "shop", GroupID: group.ID, Group: group.Name,
		Platform: deploy.Server, Style: deploy.DefaultStyle,
		Config:   deploy.Config{Name: "all", Healthy: deploy.MinimumHealthy{Type: deploy.HostCount}},
		Revision: deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "b", Key: "k", BundleType: "zip"}},
		Creator:  deploy.ByUser, Limits: deploy.DefaultLimits, Status: deploy.Created, CreatedAt: time.Now().UTC(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (b *bench) status(t *testing.T, id string) deploy.Status {
	t.Helper()
	d, err := b.Deployment(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return d.Status
}

// until waits in virtual time, and says how long it took.
func until(t *testing.T, what string, limit time.Duration, true func() bool) time.Duration {
	t.Helper()
	begun := time.Now()
	for !true() {
		if time.Since(begun) > limit {
			t.Fatalf("%s: not within %v", what, limit)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(begun)
}

// report finishes web-1's event in progress, as a host does: without telling the engine.
func (b *bench) report(t *testing.T, id string, status deploy.EventStatus) {
	t.Helper()
	err := b.UpdateTarget(t.Context(), id, "web-1", func(target *deploy.Target) error {
		e := target.Current()
		if e == nil {
			return errors.New("no event is in progress")
		}
		s := deploy.Step{DeploymentID: id, TargetID: "web-1", Event: e.Name, Attempt: e.Attempt}
		if !target.Take(s, "one", time.Now()) || !target.Finish(s, "one", deploy.Outcome{Status: status}, time.Now()) {
			return errors.New("the report was not taken")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsDueIsFound, without a wake-up within the time between two looks, and at once
// with one.
func TestWhatIsDueIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		wake  bool
		limit time.Duration
	}{"by itself": {false, 10 * time.Second}, "woken": {true, 100 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, &driver{}, func(t *testing.T, b *bench) {
				e := b.engine("one", b.Store)
				defer run(t, e)()
				time.Sleep(3 * time.Second) // it has looked and found nothing
				id := b.create(t, 1)
				if c.wake {
					e.Wake(id)
				}
				until(t, "start the first step", c.limit, func() bool { return len(b.starts()) == 1 })

				b.report(t, id, deploy.EventFailed)
				if c.wake {
					e.Wake(id)
				}
				until(t, "end the deployment", c.limit, func() bool { return b.status(t, id) == deploy.Failed })
			})
		})
	}
}

// TestObservedOutcomes: a platform whose driver knows how a step went needs nobody else.
func TestObservedOutcomes(t *testing.T) {
	for _, c := range []struct{ again, limit time.Duration }{
		{0, time.Second},
		{2 * time.Second, 7*2*time.Second + time.Second},
	} {
		t.Run(c.again.String(), func(t *testing.T) {
			inBubble(t, &driver{observe: true, again: c.again}, func(t *testing.T, b *bench) {
				e := b.engine("one", b.Store)
				defer run(t, e)()
				id := b.create(t, 1)
				e.Wake(id)
				took := until(t, "succeed", c.limit, func() bool { return b.status(t, id) == deploy.Succeeded })
				if took < 7*c.again {
					t.Errorf("seven steps of %v each took %v", c.again, took)
				}
				synctest.Wait()
				if len(b.started) != 7 {
					t.Errorf("started %v, want the seven lifecycle events", b.started)
				}
				if len(b.forgotten) == 0 || b.forgotten[0] != id {
					t.Errorf("retired %v, want %s", b.forgotten, id)
				}
			})
		})
	}
}

// TestBackingOff: a driver that fails is asked again, soon at first and then less and less
// often; once it works, the deployment goes on.
func TestBackingOff(t *testing.T) {
	const failures = 8
	inBubble(t, &driver{refuse: failures, observe: true}, func(t *testing.T, b *bench) {
		e := b.engine("one", b.Store)
		defer run(t, e)()
		id := b.create(t, 1)
		e.Wake(id)
		until(t, "succeed", 2*time.Minute, func() bool { return b.status(t, id) == deploy.Succeeded })
		asked := b.starts()
		for n := 1; n <= failures; n++ {
			pause, step := asked[n].Sub(asked[n-1]), 100*time.Millisecond<<(n-1)
			// Half of the step to three halves of it, and what it takes to look again.
			if pause < step/2 || pause > step*3/2+100*time.Millisecond {
				t.Errorf("after failure %d it was asked again in %v, want about %v", n, pause, step)
			}
		}
	})
}

// A closed store counts how often it is asked, in vain.
type closed struct {
	*sqlite.Store
	mu    sync.Mutex
	looks int
	all   bool // looks fail too
}

func (c *closed) Claim(ctx context.Context, owner string, now, until time.Time, limit int) ([]string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	if c.all {
		return nil, errors.New("the database is away")
	}
	return c.Store.Claim(ctx, owner, now, until, limit)
}

func (c *closed) Load(context.Context, string) (store.Loaded, error) {
	return store.Loaded{}, errors.New("the database is away")
}

// TestFailuresAreNoHurry: while nothing can be done about what is due, the engine does not
// write to the store over and over.
func TestFailuresAreNoHurry(t *testing.T) {
	for _, all := range []bool{false, true} {
		t.Run(fmt.Sprint(all), func(t *testing.T) {
			inBubble(t, &driver{}, func(t *testing.T, b *bench) {
				away := &closed{Store: b.Store, all: all}
				e := b.engine("one", away)
				id := b.create(t, 1)
				stop := run(t, e)
				e.Wake(id)
				time.Sleep(time.Minute)
				stop()
				if away.looks < 6 || away.looks > 80 {
					t.Errorf("it looked %d times in a minute", away.looks)
				}
			})
		})
	}
}

// TestOneStepTwoEngines: engines on one store share the deployments, and no step is begun by both.
func TestOneStepTwoEngines(t *testing.T) {
	const deployments = 20
	inBubble(t, &driver{observe: true}, func(t *testing.T, b *bench) {
		one, two := b.engine("one", b.Store), b.engine("two", b.Store)
		defer run(t, one)()
		defer run(t, two)()
		var ids []string
		for n := range deployments {
			id := b.create(t, n)
			ids = append(ids, id)
			one.Wake(id)
			two.Wake(id)
		}
		until(t, "succeed", time.Minute, func() bool {
			for _, id := range ids {
				if b.status(t, id) != deploy.Succeeded {
					return false
				}
			}
			return true
		})
		for s, n := range b.started {
			if n != 1 {
				t.Errorf("%s was started %d times", s, n)
			}
		}
		if len(b.started) != deployments*7 {
			t.Errorf("%d steps were started, want %d", len(b.started), deployments*7)
		}
	})
}

// A rendezvous is a store that lets an engine decide, but not remember, before others have
// decided too.
type rendezvous struct {
	*sqlite.Store
	loaded *sync.WaitGroup
}

func (r rendezvous) Load(ctx context.Context, id string) (store.Loaded, error) {
	l, err := r.Store.Load(ctx, id)
	r.loaded.Done()
	r.loaded.Wait()
	return l, err
}

// TestAStaleDecisionLoses: of two engines that decide from the same state, whatever their
// leases say, one writes and acts; the other has done nothing and looks again.
func TestAStaleDecisionLoses(t *testing.T) {
	inBubble(t, &driver{}, func(t *testing.T, b *bench) {
		id := b.create(t, 1)
		// The passes of a deployment up to its second step; the report comes in between.
		reported := false
		for pass := 0; len(b.started) < 2; pass++ {
			if pass == 20 {
				t.Fatalf("after %d passes it is %s", pass, b.status(t, id))
			}
			if len(b.started) == 1 && !reported {
				b.report(t, id, deploy.EventSucceeded)
				reported = true
			}
			before, _ := b.Deployment(t.Context(), id)
			acted := len(b.starts())
			b.race(t, id)
			after, _ := b.Deployment(t.Context(), id)
			if after.Version > before.Version+1 {
				t.Errorf("pass %d, of a deployment %s: both engines have written", pass, before.Status)
			}
			if n := len(b.starts()) - acted; n > 1 {
				t.Errorf("pass %d, of a deployment %s: both engines have acted", pass, before.Status)
			}
		}
	})
}

// race lets two engines make a pass from what both have read.
func (b *bench) race(t *testing.T, id string) {
	t.Helper()
	var loaded, passes sync.WaitGroup
	loaded.Add(2)
	again := make([]bool, 2)
	for i, owner := range []string{"one", "two"} {
		e := b.engine(owner, rendezvous{b.Store, &loaded})
		passes.Go(func() {
			var err error
			if again[i], err = e.Advance(t.Context(), id); err != nil {
				t.Errorf("%s: %v", owner, err)
			}
		})
	}
	passes.Wait()
	if !again[0] && !again[1] {
		t.Error("neither engine looks again")
	}
}

// TestTheDeploymentsOfADeadEngine are taken over when its lease has run out, not before.
func TestTheDeploymentsOfADeadEngine(t *testing.T) {
	inBubble(t, &driver{}, func(t *testing.T, b *bench) {
		stop := run(t, b.engine("dead", b.Store))
		id := b.create(t, 1)
		until(t, "start the first step", 20*time.Second, func() bool { return len(b.starts()) == 1 })
		died := time.Now()
		stop()
		b.report(t, id, deploy.EventFailed)
		defer run(t, b.engine("heir", b.Store))()
		until(t, "end the deployment", time.Minute, func() bool { return b.status(t, id) == deploy.Failed })
		if after := time.Since(died); after < 15*time.Second || after > 31*time.Second {
			t.Errorf("taken over after %v, want the rest of a lease of 30s", after)
		}
	})
}

// TestAnEngineThatStartsAgain goes on at once with what it had in hand.
func TestAnEngineThatStartsAgain(t *testing.T) {
	inBubble(t, &driver{}, func(t *testing.T, b *bench) {
		stop := run(t, b.engine("one", b.Store))
		id := b.create(t, 1)
		until(t, "start the first step", 20*time.Second, func() bool { return len(b.starts()) == 1 })
		stop()
		defer run(t, b.engine("one", b.Store))()
		until(t, "start the step again", time.Second, func() bool { return len(b.starts()) == 2 })
		if len(b.started) != 1 {
			t.Errorf("started %v, want the same step", b.started)
		}
		if s := b.status(t, id); s != deploy.InProgress {
			t.Errorf("the deployment is %s", s)
		}
	})
}

// TestLeaving: Run waits for the pass under way, which acts and writes to its end.
func TestLeaving(t *testing.T) {
	d := &driver{observe: true}
	inBubble(t, d, func(t *testing.T, b *bench) {
		d.block, d.entered = make(chan struct{}), make(chan struct{}, 1)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		e := b.engine("one", b.Store)
		go func() { ended <- e.Run(ctx) }()
		id := b.create(t, 1)
		e.Wake(id)
		<-d.entered
		cancel()
		synctest.Wait()
		select {
		case err := <-ended:
			t.Fatalf("it left in the middle of a pass: %v", err)
		default:
		}
		close(d.block)
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
		target, err := b.Target(t.Context(), id, "web-1")
		if err != nil {
			t.Fatal(err)
		}
		if first := target.Events[0]; first.Status != deploy.EventSucceeded {
			t.Errorf("the event is %s; what the pass saw is lost", first.Status)
		}
		if len(d.started) != 1 {
			t.Errorf("started %v, want no more than was under way", d.started)
		}
	})
}

// TestLeavingBeforeItBegan is no fault.
func TestLeavingBeforeItBegan(t *testing.T) {
	inBubble(t, &driver{}, func(t *testing.T, b *bench) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := b.engine("one", b.Store).Run(ctx); err != nil {
			t.Error(err)
		}
	})
}
