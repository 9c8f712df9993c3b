package ec2_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/identity/identitytest"
	"github.com/slipway/slipway/internal/standin/ec2"
	"github.com/slipway/slipway/internal/standin/record/recordtest"
)

const account = "123456789012"

// garage has machines without processes.
type garage struct {
	mu      sync.Mutex
	running map[string]*car
	boots   []ec2.Boot
	removed []string
	broken  error // of every start
}

type car struct {
	garage *garage
	id     string
	done   chan struct{}
}

func (g *garage) Start(_ context.Context, b ec2.Boot) (ec2.Machine, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.broken != nil {
		return nil, g.broken
	}
	if g.running[b.ID] != nil {
		return nil, errors.New("it runs already")
	}
	c := &car{g, b.ID, make(chan struct{})}
	g.running[b.ID] = c
	g.boots = append(g.boots, b)
	return c, nil
}

func (g *garage) Remove(id string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running[id] != nil {
		return errors.New("it runs still")
	}
	g.removed = append(g.removed, id)
	return nil
}

func (g *garage) Console(string) ([]byte, time.Time, error) {
	return []byte("hello\n"), time.Unix(1, 0), nil
}

func (c *car) Stop(context.Context) error {
	c.garage.mu.Lock()
	defer c.garage.mu.Unlock()
	if c.garage.running[c.id] == c {
		delete(c.garage.running, c.id)
		close(c.done)
	}
	return nil
}

func (c *car) Done() <-chan struct{} { return c.done }

func (g *garage) ids() (list []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id := range g.running {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

type keys struct{ caller identity.Caller }

func (k keys) Secret(context.Context, string, string) (string, any, error) {
	return "secret", k.caller, nil
}

// A world is the stand-in behind verified signatures, and a client.
type world struct {
	*sdk.Client
	service  *ec2.Service
	garage   *garage
	store    *recordtest.Memory
	identity *identity.Service
	running  bool // and so in a bubble
}

func newWorld(t *testing.T) *world {
	return open(t, &recordtest.Memory{}, identity.Administrator(account))
}

func open(t *testing.T, store *recordtest.Memory, caller identity.Caller) *world {
	t.Helper()
	w := &world{store: store, garage: &garage{running: map[string]*car{}}, identity: identity.New(identity.Config{Store: identitytest.NewStore(), Account: account})}
	var err error
	w.service, err = ec2.Open(t.Context(), ec2.Config{
		Store: store, Machines: w.garage, Identity: w.identity, Region: "us-east-1", Account: account, Limit: 12, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	handler := awswire.Authenticated(keys{caller}, time.Now, 0, w.service.Wire())
	config := awsclient.InProcess(func() http.Handler { return handler }, "us-east-1", "AKIAEXAMPLE", "secret")
	p := &proofreader{t: t, next: config.HTTPClient}
	w.Client = sdk.NewFromConfig(config, func(o *sdk.Options) {
		o.HTTPClient = p
		o.APIOptions = append(o.APIOptions, p.read)
	})
	return w
}

// run runs the keepers until the test ends, in a bubble.
func (w *world) run(t *testing.T) (stop func()) {
	w.running = true
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		w.service.Run(ctx)
		close(done)
	}()
	synctest.Wait()
	return func() {
		cancel()
		<-done
	}
}

func codeOf(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

func (w *world) launch(t *testing.T, n int32, change func(*sdk.RunInstancesInput)) (ids []string) {
	t.Helper()
	in := &sdk.RunInstancesInput{ImageId: aws.String("ami-12345678"), MinCount: &n, MaxCount: &n}
	if change != nil {
		change(in)
	}
	out, err := w.RunInstances(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range out.Instances {
		ids = append(ids, *i.InstanceId)
	}
	if w.running {
		synctest.Wait()
	}
	return ids
}

// one describes an instance.
func (w *world) one(t *testing.T, id string) types.Instance {
	t.Helper()
	out, err := w.DescribeInstances(t.Context(), &sdk.DescribeInstancesInput{InstanceIds: []string{id}})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Reservations) != 1 || len(out.Reservations[0].Instances) != 1 {
		t.Fatalf("reservations: %+v", out.Reservations)
	}
	return out.Reservations[0].Instances[0]
}

func (w *world) state(t *testing.T, id string) types.InstanceStateName {
	t.Helper()
	return w.one(t, id).State.Name
}

func TestLifeOfAnInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		stop := w.run(t)
		defer stop()
		out, err := w.RunInstances(t.Context(), &sdk.RunInstancesInput{ImageId: aws.String("ami-12345678"), MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
			UserData: aws.String("IyEvYmluL3NoCg=="), InstanceType: types.InstanceTypeT3Micro})
		if err != nil {
			t.Fatal(err)
		}
		id := *out.Instances[0].InstanceId
		if got := out.Instances[0].State.Name; got != types.InstanceStateNamePending {
			t.Errorf("launched as %s, want pending", got)
		}
		synctest.Wait()
		i := w.one(t, id)
		if i.State.Name != types.InstanceStateNameRunning || *i.State.Code != 16 || *i.PrivateIpAddress == "" || *i.Placement.AvailabilityZone != "us-east-1a" {
			t.Errorf("running: %v %v in %v", i.State, i.PrivateIpAddress, i.Placement)
		}
		boot := w.garage.boots[0]
		if boot.Address != *i.PrivateIpAddress || boot.Hostname != *i.PrivateDnsName || string(boot.UserData) != "#!/bin/sh\n" {
			t.Errorf("booted with %+v", boot)
		}
		ids := []string{id}
		for _, step := range []struct {
			name string
			do   func() error
			want types.InstanceStateName
			runs bool
		}{
			{"stop", func() error { return second(w.StopInstances(t.Context(), &sdk.StopInstancesInput{InstanceIds: ids})) }, types.InstanceStateNameStopped, false},
			{"start", func() error { return second(w.StartInstances(t.Context(), &sdk.StartInstancesInput{InstanceIds: ids})) }, types.InstanceStateNameRunning, true},
			{"reboot", func() error {
				return second(w.RebootInstances(t.Context(), &sdk.RebootInstancesInput{InstanceIds: ids}))
			}, types.InstanceStateNameRunning, true},
			{"terminate", func() error {
				return second(w.TerminateInstances(t.Context(), &sdk.TerminateInstancesInput{InstanceIds: ids}))
			}, types.InstanceStateNameTerminated, false},
		} {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			synctest.Wait()
			if got := w.state(t, id); got != step.want || (len(w.garage.ids()) == 1) != step.runs {
				t.Errorf("%s: it is %s with %v running, want %s", step.name, got, w.garage.ids(), step.want)
			}
		}
		if got := w.one(t, id); *got.StateReason.Code != "Client.UserInitiatedShutdown" || got.PrivateIpAddress != nil {
			t.Errorf("terminated: %v at %v", got.StateReason, got.PrivateIpAddress)
		}
		if len(w.garage.boots) != 3 || !slices.Equal(w.garage.removed, []string{id}) {
			t.Errorf("%d boots, want 3 (the first, the start, the reboot); removed %v", len(w.garage.boots), w.garage.removed)
		}
		_, err = w.StartInstances(t.Context(), &sdk.StartInstancesInput{InstanceIds: []string{id}})
		if codeOf(err) != "IncorrectInstanceState" {
			t.Errorf("a terminated instance is started: %v", err)
		}
		time.Sleep(2 * time.Hour)
		if _, err := w.DescribeInstances(t.Context(), &sdk.DescribeInstancesInput{InstanceIds: []string{id}}); codeOf(err) != "InvalidInstanceID.NotFound" {
			t.Errorf("it is remembered for more than an hour: %v", err)
		}
	})
}

// TestRestart: what ran runs again, what was being ended is ended, and nothing runs meanwhile.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		stop := w.run(t)
		ids := w.launch(t, 3, nil)
		before := w.one(t, ids[0])
		if _, err := w.StopInstances(t.Context(), &sdk.StopInstancesInput{InstanceIds: ids[1:2]}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		stop()
		if left := w.garage.ids(); len(left) > 0 {
			t.Errorf("after the server's end %v run", left)
		}
		if _, err := w.TerminateInstances(t.Context(), &sdk.TerminateInstancesInput{InstanceIds: ids[2:]}); err != nil {
			t.Fatal(err)
		}
		again := open(t, w.store, identity.Administrator(account))
		defer again.run(t)()
		if got := again.garage.ids(); !slices.Equal(got, ids[:1]) {
			t.Errorf("%v run, want %v", got, ids[:1])
		}
		for n, want := range []types.InstanceStateName{types.InstanceStateNameRunning, types.InstanceStateNameStopped, types.InstanceStateNameTerminated} {
			if got := again.state(t, ids[n]); got != want {
				t.Errorf("instance %d is %s, want %s", n, got, want)
			}
		}
		if after := again.one(t, ids[0]); *after.PrivateIpAddress != *before.PrivateIpAddress || !after.LaunchTime.Equal(*before.LaunchTime) {
			t.Errorf("it came back as %v, was %v", after.PrivateIpAddress, before.PrivateIpAddress)
		}
	})
}

func TestAMachineThatDiesIsBootedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.run(t)()
		id := w.launch(t, 1, nil)[0]
		w.garage.mu.Lock()
		dead := w.garage.running[id]
		w.garage.mu.Unlock()
		dead.Stop(t.Context())
		synctest.Wait()
		if got := w.state(t, id); got != types.InstanceStateNameRunning {
			t.Errorf("it is %s meanwhile", got)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if got := w.garage.ids(); !slices.Equal(got, []string{id}) {
			t.Errorf("after a second %v run", got)
		}
	})
}

func TestLaunchThatFailsEndsTheInstance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.run(t)()
		w.garage.broken = errors.New("no more processes")
		i := w.one(t, w.launch(t, 1, nil)[0])
		if i.State.Name != types.InstanceStateNameTerminated || *i.StateReason.Code != "Server.InternalError" {
			t.Errorf("it is %v because of %v", i.State, i.StateReason)
		}
	})
}
