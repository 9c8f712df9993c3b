package sim

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/smithy-go/middleware"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/engine"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/platform"
	"github.com/slipway/slipway/internal/platform/server"
	"github.com/slipway/slipway/internal/scaling"
	"github.com/slipway/slipway/internal/store"
)

// A shop is a deployment group of instances that come and go: the real control, engine, driver and
// keeper over a region, with agents that are imagined.
type shop struct {
	*stage
	*region
	store   counting
	control *control.Service

	keeper  *scaling.Keeper
	carries map[string]string // the revision that each instance runs
	deaf    string            // the Auto Scaling group whose instances have no agent
	broken  string            // the revision that does not start

	disowned []string // the Auto Scaling groups of the deployment group when it was deleted
	wrong    []string // what is not as it must be
}

// limits are short: nothing in a shop takes long by itself.
var limits = deploy.Limits{Pickup: time.Minute, Event: 5 * time.Minute, Total: 4 * time.Hour}

// toil is how long each event takes an agent.
const toil = 2 * time.Second

var administrator = identity.Administrator(account)

// inShop opens a shop in virtual time, and closes it after f. Its engine, driver and keeper die at
// the point crashAt, if that is not 0, and others take over. It returns how many points there were,
// and what was wrong.
func inShop(t *testing.T, crashAt int, f func(*shop)) (points int, wrong []string) {
	t.Helper()
	points = onStage(t, crashAt, func(at *stage) {
		s := &shop{stage: at, carries: map[string]string{}}
		s.open()
		f(s)
		wrong = s.wrong
	})
	return points, wrong
}

// wrongf notes that something is not as it must be.
func (s *shop) wrongf(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

func (s *shop) open() {
	s.store = counting{s.st, new(atomic.Int64)}
	s.region = newRegion(s.t, s.ctx, s.st, &s.cleared)
	s.control = control.New(control.Config{
		Store: s.store, Region: "us-east-1", Account: account, Limits: limits, Hooks: cloudOf(s.config), Wake: s.wakeUp, Log: slog.New(slog.DiscardHandler)})
	s.notify = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.keeper.Look()
	}
	s.man(s.hire)
	s.cleared.Go(s.agents)
}

// hire makes the next engine with its keeper, which know only the store.
func (s *shop) hire(c *crasher) crew {
	log := slog.New(slog.DiscardHandler)
	config := mortal(s.config, c)
	cloud := cloudOf(config)
	driver := server.New(server.Config{Fleet: s.store, Cloud: cloud, Wake: func(string) {},
		Traffic: &server.Traffic{V2: elbv2.NewFromConfig(config), Classic: elb.NewFromConfig(config), Every: 2 * time.Second}})
	e := engine.New(engine.Config{Store: crashStore{s.store, c}, Owner: "embedded",
		Drivers: map[deploy.Platform]platform.Driver{deploy.Server: crashDriver{driver, c}}})
	receive := func(ctx context.Context, g deploy.Group, a control.Arrival) (id string, err error) {
		err = around(c, func() error { id, err = s.control.Receive(ctx, g, a); return err })
		return id, err
	}
	k := scaling.New(scaling.Config{Store: s.store, Cloud: cloud, Receive: receive, Wake: s.wakeUp,
		Every: 5 * time.Second, Now: time.Now, Log: log})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine, s.keeper = e, k
	return crew{e.Run, k.Run}
}

func cloudOf(config aws.Config) *server.Cloud {
	return &server.Cloud{EC2: ec2.NewFromConfig(config), AutoScaling: autoscaling.NewFromConfig(config), Region: "us-east-1", Account: account,
		Every: 2 * time.Second}
}

// mortal is a configuration of AWS clients which die around each call that changes something.
func mortal(config aws.Config, c *crasher) aws.Config {
	config = config.Copy()
	config.APIOptions = append(config.APIOptions, func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("crash", func(
			ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler,
		) (out middleware.InitializeOutput, about middleware.Metadata, err error) {
			call := func() error { out, about, err = next.HandleInitialize(ctx, in); return err }
			if strings.HasPrefix(middleware.GetOperationName(ctx), "Describe") {
				err = call()
			} else {
				err = around(c, call)
			}
			return out, about, err
		}), middleware.After)
	})
	return config
}

// agents let every instance that runs do what its deployments ask of it.
func (s *shop) agents() {
	seen := int64(-1)
	var busy sync.WaitGroup
	defer busy.Wait()
	for range ticks(s.ctx, time.Second) {
		if now := s.store.writes.Load(); now != seen {
			seen = now
			s.offers(&busy)
		}
	}
}

// ticks are the moments until ctx ends.
func ticks(ctx context.Context, every time.Duration) func(func(time.Time) bool) {
	return func(yield func(time.Time) bool) {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-ticker.C:
				if !yield(now) {
					return
				}
			}
		}
	}
}

// offers lets agents take what is there for them.
func (s *shop) offers(busy *sync.WaitGroup) {
	list, err := s.store.ListDeployments(s.ctx, store.DeploymentFilter{Statuses: underWay})
	if err != nil {
		return // it is closing time
	}
	for _, d := range list {
		targets, err := s.store.Targets(s.ctx, d.ID)
		if err != nil {
			return
		}
		for _, t := range targets {
			if e := t.Current(); e != nil && !e.Name.ByService() && e.TakenAt.IsZero() && s.answers(t.ID) {
				step := deploy.Step{DeploymentID: d.ID, TargetID: t.ID, Event: e.Name, Attempt: e.Attempt}
				busy.Go(func() { s.agent(d, step) })
			}
		}
	}
}

var underWay = []deploy.Status{deploy.Created, deploy.Queued, deploy.InProgress, deploy.Ready}

// answers says whether the instance runs and has an agent that works.
func (s *shop) answers(id string) bool {
	s.mu.Lock()
	deaf := s.deaf
	s.mu.Unlock()
	if !s.running(s.t, s.ctx)[id] {
		return false
	}
	if deaf == "" {
		return true
	}
	for _, i := range s.scalingGroups(s.t, s.ctx)[deaf].Instances {
		if *i.InstanceId == id {
			return false
		}
	}
	return true
}

// agent carries out a step, unless another delivery does.
func (s *shop) agent(d deploy.Deployment, step deploy.Step) {
	delivery := fmt.Sprint(time.Now().UnixNano())
	taken := false
	s.report(step, func(t *deploy.Target) { taken = t.Take(step, delivery, time.Now().UTC()) })
	if !taken {
		return
	}
	time.Sleep(toil)
	if !s.answers(step.TargetID) {
		return // it died meanwhile
	}
	outcome := deploy.Outcome{Status: deploy.EventSucceeded, Diagnostics: deploy.Diagnostics{Code: deploy.CodeSuccess}}
	s.mu.Lock()
	switch revision := d.Revision.S3.Key; {
	case step.Event == deploy.ApplicationStart && revision == s.broken:
		outcome = deploy.Outcome{Status: deploy.EventFailed, Diagnostics: deploy.Diagnostics{Code: deploy.CodeScriptFailed, Message: "does not start"}}
	case step.Event == deploy.ApplicationStart:
		s.carries[step.TargetID] = revision
	}
	s.mu.Unlock()
	s.report(step, func(t *deploy.Target) { t.Finish(step, delivery, outcome, time.Now().UTC()) })
}

func (s *shop) report(step deploy.Step, change func(*deploy.Target)) {
	_ = s.store.UpdateTarget(s.ctx, step.DeploymentID, step.TargetID, func(t *deploy.Target) error {
		change(t)
		return nil
	})
	s.wakeUp(step.DeploymentID)
}

// makeShop makes the application and the group "prod" of the Auto Scaling group "web" with n
// instances, which v1 is deployed to, and gives the group its settings then.
func (s *shop) makeShop(settings control.GroupSettings, n int32) {
	s.t.Helper()
	s.makeGroup(s.t, s.ctx, "web", n)
	s.await("the first instances", func() bool { return len(inService(s.scalingGroups(s.t, s.ctx)["web"])) == int(n) })
	_, err := s.control.CreateApplication(s.ctx, administrator, "shop", deploy.Server, nil)
	check(s.t, err)
	_, err = s.control.CreateGroup(s.ctx, administrator, "shop", "prod", control.GroupSettings{
		ServiceRoleARN: "arn:aws:iam::" + account + ":role/deploy", ConfigName: "CodeDeployDefault.AllAtOnce",
		AutoScalingGroups: []string{"web"}, LoadBalancer: &deploy.LoadBalancer{TargetGroups: []string{"web"}}}, nil)
	check(s.t, err)
	first := s.deploy("v1", nil)
	s.await(first, func() bool { return s.deployment(first).Status == deploy.Succeeded })
	settings.AutoScalingGroups = []string{"web"}
	_, err = s.control.UpdateGroup(s.ctx, administrator, "shop", "prod", "", settings)
	check(s.t, err)
}

// deploy makes a deployment of the revision.
func (s *shop) deploy(revision string, to *deploy.TargetInstances) string {
	s.t.Helper()
	id, err := s.control.CreateDeployment(s.ctx, administrator, control.DeploymentRequest{
		Application: "shop", Group: "prod", TargetInstances: to,
		Revision: deploy.Revision{Type: deploy.S3, S3: &deploy.S3Location{Bucket: "b", Key: revision, BundleType: "zip"}},
	})
	check(s.t, err)
	return id
}

// quiet waits until every deployment has ended, and none has begun for two minutes.
func (s *shop) quiet() {
	s.t.Helper()
	since := time.Now()
	s.await("the end of all deployments", func() bool {
		list, err := s.store.ListDeployments(s.ctx, store.DeploymentFilter{Statuses: underWay})
		check(s.t, err)
		if len(list) > 0 {
			since = time.Now()
		}
		time.Sleep(5 * time.Second)
		return time.Since(since) > 2*time.Minute
	})
}

// ours are the hooks of ours in the Auto Scaling group.
func (s *shop) ours(name string) []string {
	return slices.DeleteFunc(s.hooks(s.t, s.ctx, name), func(hook string) bool { return !strings.HasPrefix(hook, deploy.HookPrefix) })
}
