package ecs

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/record/recordtest"
)

const account = "123456789012"

// A dock is an engine in memory: containers are words.
type dock struct {
	mu      sync.Mutex
	tasks   map[string]*loaded
	started int
	gone    error            // what everything says while there is no engine
	refuses map[string]error // what starting an image says
	changed func(string)
}

type loaded struct {
	w       Workload
	address string
	state   map[string]*ContainerSight
}

func (d *dock) Ready(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.gone
}

// goes lets everything say err from now on.
func (d *dock) goes(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone = err
}

func (d *dock) Start(_ context.Context, w Workload) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone != nil {
		return d.gone
	}
	if d.tasks[w.Task] != nil {
		return nil
	}
	for _, c := range w.Containers {
		if err := d.refuses[*c.Image]; err != nil {
			return err
		}
	}
	d.started++
	l := &loaded{w: w, state: map[string]*ContainerSight{}}
	if w.Mode == types.NetworkModeAwsvpc {
		l.address = fmt.Sprintf("10.0.0.%d", d.started)
	}
	for _, c := range w.Containers {
		l.state[*c.Name] = &ContainerSight{Name: *c.Name, State: running, RuntimeID: w.Task + "-" + *c.Name, Health: types.HealthStatusUnknown}
		if w.Mode == types.NetworkModeBridge {
			for _, p := range c.PortMappings {
				l.state[*c.Name].Bindings = append(l.state[*c.Name].Bindings, types.NetworkBinding{
					BindIP: aws.String("127.0.0.1"), ContainerPort: p.ContainerPort, HostPort: aws.Int32(int32(32000 + d.started))})
			}
		}
	}
	d.tasks[w.Task] = l
	return nil
}

func (d *dock) Look(_ context.Context, task string) (s Sight, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone != nil {
		return s, d.gone
	}
	if l := d.tasks[task]; l != nil {
		s.Address = l.address
		for _, c := range l.w.Containers {
			s.Containers = append(s.Containers, *l.state[*c.Name])
		}
	}
	return s, nil
}

func (d *dock) Stop(_ context.Context, task string, _ func(string) time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.tasks[task]; l != nil && d.gone == nil {
		for _, c := range l.state {
			if c.State == running {
				c.State, c.ExitCode = stopped, aws.Int32(0)
			}
		}
	}
	return d.gone
}

func (d *dock) Remove(_ context.Context, task string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.tasks, task)
	return d.gone
}

func (d *dock) Forget(string) error { return nil }

func (d *dock) Sweep(_ context.Context, keep func(string) bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.tasks {
		if !keep(id) {
			delete(d.tasks, id)
		}
	}
	return d.gone
}

func (d *dock) Watch(ctx context.Context, changed func(string)) error {
	d.mu.Lock()
	d.changed = changed
	d.mu.Unlock()
	<-ctx.Done()
	return nil
}

// happens changes the containers of that name of a task, as the engine tells.
func (d *dock) happens(task, container string, change func(*ContainerSight)) {
	d.mu.Lock()
	change(d.tasks[task].state[container])
	changed := d.changed
	d.mu.Unlock()
	changed(task)
}

func (d *dock) loaded() (ids []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id := range d.tasks {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// A balancer is Elastic Load Balancing in memory. A target is healthy at once; one that was taken
// out drains until it is let go.
type balancer struct {
	mu     sync.Mutex
	groups map[string]*elbtypes.TargetGroup // by ARN
	state  map[target]elbtypes.TargetHealthStateEnum
	drains bool // what is taken out drains
}

func groupARN(name string) string {
	return "arn:aws:elasticloadbalancing:us-east-1:" + account + ":targetgroup/" + name + "/1"
}

func (b *balancer) add(name string, kind elbtypes.TargetTypeEnum) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	arn := groupARN(name)
	b.groups[arn] = &elbtypes.TargetGroup{TargetGroupArn: &arn, TargetType: kind, LoadBalancerArns: []string{"lb"}}
	return arn
}

func (b *balancer) DescribeTargetGroups(_ context.Context, in *elasticloadbalancingv2.DescribeTargetGroupsInput, _ ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DescribeTargetGroupsOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.groups[in.TargetGroupArns[0]]
	if g == nil {
		return nil, noGroup
	}
	return &elasticloadbalancingv2.DescribeTargetGroupsOutput{TargetGroups: []elbtypes.TargetGroup{*g}}, nil
}

var noGroup = &smithy.GenericAPIError{Code: "TargetGroupNotFound", Message: "One or more target groups not found", Fault: smithy.FaultClient}

func (b *balancer) RegisterTargets(_ context.Context, in *elasticloadbalancingv2.RegisterTargetsInput, _ ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.RegisterTargetsOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.groups[*in.TargetGroupArn] == nil {
		return nil, noGroup
	}
	b.state[target{*in.TargetGroupArn, *in.Targets[0].Id, *in.Targets[0].Port}] = elbtypes.TargetHealthStateEnumHealthy
	return nil, nil
}

func (b *balancer) DeregisterTargets(_ context.Context, in *elasticloadbalancingv2.DeregisterTargetsInput, _ ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DeregisterTargetsOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := target{*in.TargetGroupArn, *in.Targets[0].Id, *in.Targets[0].Port}
	if b.drains {
		b.state[at] = elbtypes.TargetHealthStateEnumDraining
	} else {
		delete(b.state, at)
	}
	return nil, nil
}

func (b *balancer) DescribeTargetHealth(_ context.Context, in *elasticloadbalancingv2.DescribeTargetHealthInput, _ ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DescribeTargetHealthOutput, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.groups[*in.TargetGroupArn] == nil {
		return nil, noGroup
	}
	out := &elasticloadbalancingv2.DescribeTargetHealthOutput{}
	for at, state := range b.state {
		if at.Group == *in.TargetGroupArn {
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, elbtypes.TargetHealthDescription{
				Target:       &elbtypes.TargetDescription{Id: aws.String(at.ID), Port: aws.Int32(at.Port)},
				TargetHealth: &elbtypes.TargetHealth{State: state, Description: aws.String("Health checks failed")},
			})
		}
	}
	return out, nil
}

// set says how every target of a group is.
func (b *balancer) set(group string, state elbtypes.TargetHealthStateEnum) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for at := range b.state {
		if at.Group == group {
			b.state[at] = state
		}
	}
}

// free lets drained targets go.
func (b *balancer) free() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drains = false
	for at, state := range b.state {
		if state == elbtypes.TargetHealthStateEnumDraining {
			delete(b.state, at)
		}
	}
}

// targets are those of a group that are registered.
func (b *balancer) targets(group string) (list []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for at := range b.state {
		if at.Group == group {
			list = append(list, fmt.Sprintf("%s:%d", at.ID, at.Port))
		}
	}
	slices.Sort(list)
	return list
}

type keys struct{ caller identity.Caller }

func (k keys) Secret(context.Context, string, string) (string, any, error) {
	return "secret", k.caller, nil
}

// A world is the stand-in behind verified signatures, with a client, over an engine and load
// balancers in memory, in virtual time.
type world struct {
	*sdk.Client
	t       *testing.T
	dock    *dock
	balance *balancer
	store   *recordtest.Memory
	service *Service
	stop    func()
}

func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			t: t, store: &recordtest.Memory{}, dock: &dock{tasks: map[string]*loaded{}, refuses: map[string]error{}},
			balance: &balancer{groups: map[string]*elbtypes.TargetGroup{}, state: map[target]elbtypes.TargetHealthStateEnum{}},
		}
		w.start()
		defer func() { w.stop() }()
		must[*sdk.CreateClusterOutput](t)(w.CreateCluster(t.Context(), &sdk.CreateClusterInput{}))
		test(t, w)
	})
}

func (w *world) start() {
	w.t.Helper()
	var err error
	w.service, err = Open(w.t.Context(), Config{Store: w.store, Engine: w.dock, ELB: w.balance, Region: "us-east-1", Account: account})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Client = w.as(identity.Administrator(account))
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error)
	go func() { done <- w.service.Run(ctx) }()
	w.stop = func() { cancel(); <-done }
}

func (w *world) as(caller identity.Caller) *sdk.Client {
	handler := awswire.Authenticated(keys{caller}, time.Now, 0, w.service.Wire())
	cfg := awsclient.InProcess(func() http.Handler { return handler }, "us-east-1", "AKIA", "secret")
	cfg.RetryMaxAttempts, cfg.Credentials = 1, credentials.NewStaticCredentialsProvider("AKIA", "secret", "")
	return sdk.NewFromConfig(cfg)
}

// settle lets everybody work until a few seconds have brought nothing new.
func (w *world) settle() {
	for range 10 {
		time.Sleep(time.Second)
		synctest.Wait()
	}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func (w *world) refused(err error, code, text string) {
	w.t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), text) {
		w.t.Errorf("error is %v, want %s: %s", err, code, text)
	}
}

// define registers a revision of web with one container.
func (w *world) define(mode types.NetworkMode, change ...func(*sdk.RegisterTaskDefinitionInput)) *types.TaskDefinition {
	w.t.Helper()
	in := &sdk.RegisterTaskDefinitionInput{
		Family: aws.String("web"), NetworkMode: mode, Cpu: aws.String("256"), Memory: aws.String("512"),
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("web"), Image: aws.String("web:1"), PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(8080)}},
		}},
	}
	for _, f := range change {
		f(in)
	}
	return must[*sdk.RegisterTaskDefinitionOutput](w.t)(w.RegisterTaskDefinition(w.t.Context(), in)).TaskDefinition
}

var network = &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}}

func behind(group string) []types.LoadBalancer {
	return []types.LoadBalancer{{TargetGroupArn: &group, ContainerName: aws.String("web"), ContainerPort: aws.Int32(8080)}}
}

func controlledBy(c types.DeploymentControllerType) *types.DeploymentController {
	return &types.DeploymentController{Type: c}
}

// serve creates the service web of the newest revision, with addresses of its tasks' own.
func (w *world) serve(n int32, change ...func(*sdk.CreateServiceInput)) {
	w.t.Helper()
	in := &sdk.CreateServiceInput{
		ServiceName: aws.String("web"), TaskDefinition: aws.String("web"), DesiredCount: &n, NetworkConfiguration: network,
		LaunchType: types.LaunchTypeFargate,
	}
	for _, f := range change {
		f(in)
	}
	must[*sdk.CreateServiceOutput](w.t)(w.CreateService(w.t.Context(), in))
	w.settle()
}

// web is the service as it is described.
func (w *world) web() types.Service {
	w.t.Helper()
	out := must[*sdk.DescribeServicesOutput](w.t)(w.DescribeServices(w.t.Context(), &sdk.DescribeServicesInput{Services: []string{"web"}}))
	if len(out.Services) != 1 {
		w.t.Fatalf("there are %d services web", len(out.Services))
	}
	return out.Services[0]
}

// tasks are all that are described, the oldest first.
func (w *world) tasks(desired types.DesiredStatus) []types.Task {
	w.t.Helper()
	arns := must[*sdk.ListTasksOutput](w.t)(w.ListTasks(w.t.Context(), &sdk.ListTasksInput{DesiredStatus: desired})).TaskArns
	if len(arns) == 0 {
		return nil
	}
	all := must[*sdk.DescribeTasksOutput](w.t)(w.DescribeTasks(w.t.Context(), &sdk.DescribeTasksInput{Tasks: arns})).Tasks
	slices.SortFunc(all, func(a, b types.Task) int { return a.CreatedAt.Compare(*b.CreatedAt) })
	return all
}

// said expects events in that order, the oldest first, with any others between; "#" stands for
// anything.
func (w *world) said(want ...string) {
	w.t.Helper()
	var got []string
	for _, e := range slices.Backward(w.web().Events) {
		got = append(got, *e.Message)
	}
	rest := got
	for _, text := range want {
		i := slices.IndexFunc(rest, func(line string) bool { return like(line, text) })
		if i < 0 {
			w.t.Errorf("no event %q in order; events are\n\t%s", text, strings.Join(got, "\n\t"))
			return
		}
		rest = rest[i+1:]
	}
}

func like(line, pattern string) bool {
	parts := strings.Split(pattern, "#")
	if !strings.HasPrefix(line, parts[0]) || !strings.HasSuffix(line, parts[len(parts)-1]) {
		return false
	}
	for _, part := range parts {
		_, after, ok := strings.Cut(line, part)
		if !ok {
			return false
		}
		line = after
	}
	return true
}
