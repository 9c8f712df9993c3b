package sim

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	awselb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/engine"
	"github.com/slipway/slipway/internal/platform"
	driver "github.com/slipway/slipway/internal/platform/ecs"
	"github.com/slipway/slipway/internal/platform/validation"
	"github.com/slipway/slipway/internal/standin/ecs"
	"github.com/slipway/slipway/internal/standin/elb"
	"github.com/slipway/slipway/internal/standin/elb/planetest"
	"github.com/slipway/slipway/internal/store/sqlite"
)

// A pier is the service "web" of two tasks behind two listeners: the real control, engine and
// driver over the stand-ins, in virtual time, with containers that are words.
type pier struct {
	*stage
	ecs     *awsecs.Client
	elb     *awselb.Client
	dock    *dock
	control *control.Service

	network    bool              // the load balancer is one of the network: it cannot weigh
	prod, test string            // listeners
	groups     map[string]string // target groups by ARN: blue or green
	refuses    string            // the event at which the validating function says no
}

// onPier opens a pier, and closes it after f. Its engine and driver die at the point crashAt, if
// that is not 0, and others take over.
func onPier(t *testing.T, crashAt int, f func(*pier), furnish ...func(*pier)) (points int) {
	t.Helper()
	return onStage(t, crashAt, func(s *stage) {
		p := &pier{stage: s, groups: map[string]string{}}
		for _, change := range furnish {
			change(p)
		}
		p.open()
		f(p)
	})
}

func (p *pier) open() {
	p.t.Helper()
	var handler http.Handler
	config := awsclient.InProcess(func() http.Handler { return handler }, "us-east-1", "AKIA", "secret")
	p.ecs, p.elb, p.dock = awsecs.NewFromConfig(config), awselb.NewFromConfig(config), &dock{tasks: map[string]*loaded{}}
	log := slog.New(slog.DiscardHandler)
	balancers, err := elb.Open(p.ctx, elb.Config{Store: p.st, Engine: &planetest.Content{}, Region: "us-east-1", Account: account, Log: log,
		Address: func(context.Context, string) (string, bool, error) { return "127.0.0.1", true, nil }})
	check(p.t, err)
	services, err := ecs.Open(p.ctx, ecs.Config{Store: p.st, Engine: p.dock, ELB: p.elb, Region: "us-east-1", Account: account})
	check(p.t, err)
	handler = awswire.Authenticated(keys{}, time.Now, 0, balancers.Wire(), services.Wire())
	for _, run := range []func(context.Context) error{balancers.Run, services.Run} {
		p.cleared.Go(func() {
			if err := run(p.ctx); err != nil {
				p.t.Error(err)
			}
		})
	}
	p.control = control.New(control.Config{Store: p.st, Region: "us-east-1", Account: account, Limits: limits, Wake: p.wakeUp, Log: log})
	p.furnish()
	p.man(p.hire)
}

// doomed is the driver's store, whose driver may die around each write.
type doomed struct {
	*sqlite.Store
	crash crashStore
}

func (m doomed) UpdateTarget(ctx context.Context, deployment, target string, change func(*deploy.Target) error) error {
	return m.crash.UpdateTarget(ctx, deployment, target, change)
}

// hire makes the next engine, with the calls of its hooks.
func (p *pier) hire(c *crasher) crew {
	calls := validation.New(validation.Config{Lambda: inspector{p}, Store: p.st, Wake: p.wakeUp})
	d := driver.New(driver.Config{Services: p.ecs, Balancer: p.elb, Store: doomed{p.st, crashStore{p.st, c}}, Validation: calls, Every: 2 * time.Second})
	e := engine.New(engine.Config{Store: crashStore{p.st, c}, Owner: "embedded",
		Drivers: map[deploy.Platform]platform.Driver{deploy.ECS: crashDriver{d, c}}})
	p.mu.Lock()
	defer p.mu.Unlock()
	p.engine = e
	return crew{e.Run, calls.Run}
}

// An inspector is the Lambda of the functions that validate: it reports at once.
type inspector struct{ *pier }

func (i inspector) Invoke(ctx context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	var v struct{ DeploymentId, LifecycleEventHookExecutionId string }
	if err := json.Unmarshal(in.Payload, &v); err != nil {
		return nil, err
	}
	time.Sleep(toil)
	status := "Succeeded"
	i.mu.Lock()
	if _, event, _ := strings.Cut(*in.FunctionName, "-"); event == i.refuses {
		status = "Failed"
	}
	i.mu.Unlock()
	_ = i.control.ReportHook(ctx, administrator, control.HookReport{DeploymentID: v.DeploymentId, ExecutionID: v.LifecycleEventHookExecutionId, Status: status})
	return &lambda.InvokeOutput{StatusCode: 200}, nil
}

// furnish makes the load balancer, the service with its first task set, and the deployment group.
func (p *pier) furnish() {
	kind, protocol, config := elbtypes.LoadBalancerTypeEnumApplication, elbtypes.ProtocolEnumHttp, "CodeDeployDefault.ECSCanary10Percent5Minutes"
	if p.network {
		kind, protocol, config = elbtypes.LoadBalancerTypeEnumNetwork, elbtypes.ProtocolEnumTcp, "CodeDeployDefault.ECSAllAtOnce"
	}
	made, err := p.elb.CreateLoadBalancer(p.ctx, &awselb.CreateLoadBalancerInput{Name: aws.String("web"), Type: kind})
	check(p.t, err)
	var blue string
	for _, name := range []string{"green", "blue"} {
		out, err := p.elb.CreateTargetGroup(p.ctx, &awselb.CreateTargetGroupInput{
			Name: &name, Protocol: protocol, Port: aws.Int32(80), TargetType: elbtypes.TargetTypeEnumIp})
		check(p.t, err)
		blue = *out.TargetGroups[0].TargetGroupArn
		p.groups[blue] = name
	}
	for port, arn := range map[int32]*string{80: &p.prod, 81: &p.test} {
		out, err := p.elb.CreateListener(p.ctx, &awselb.CreateListenerInput{
			LoadBalancerArn: made.LoadBalancers[0].LoadBalancerArn, Protocol: protocol, Port: &port,
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &blue}}})
		check(p.t, err)
		*arn = *out.Listeners[0].ListenerArn
	}
	_, err = p.ecs.CreateCluster(p.ctx, &awsecs.CreateClusterInput{ClusterName: aws.String("prod")})
	check(p.t, err)
	for _, family := range []string{"v1", "v2"} {
		_, err = p.ecs.RegisterTaskDefinition(p.ctx, &awsecs.RegisterTaskDefinitionInput{Family: &family, NetworkMode: ecstypes.NetworkModeAwsvpc,
			ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("web"), Image: &family, Memory: aws.Int32(64),
				PortMappings: []ecstypes.PortMapping{{ContainerPort: aws.Int32(80)}}}}})
		check(p.t, err)
	}
	_, err = p.ecs.CreateService(p.ctx, &awsecs.CreateServiceInput{
		Cluster: aws.String("prod"), ServiceName: aws.String("web"), TaskDefinition: aws.String("v1"), DesiredCount: aws.Int32(2),
		DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeCodeDeploy},
		NetworkConfiguration: &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}},
		LoadBalancers:        []ecstypes.LoadBalancer{{TargetGroupArn: &blue, ContainerName: aws.String("web"), ContainerPort: aws.Int32(80)}}})
	check(p.t, err)
	p.await("the first tasks", func() bool { return p.set("PRIMARY").RunningCount == 2 })
	_, err = p.control.CreateApplication(p.ctx, administrator, "shop", deploy.ECS, nil)
	check(p.t, err)
	wait := int32(2)
	_, err = p.control.CreateGroup(p.ctx, administrator, "shop", "prod", control.GroupSettings{
		ServiceRoleARN: "arn:aws:iam::" + account + ":role/deploy", ConfigName: config,
		Style:       &deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl},
		Rollback:    &deploy.AutoRollback{Enabled: true, Events: []deploy.RollbackEvent{deploy.RollbackOnFailure, deploy.RollbackOnRequest}},
		BlueGreen:   &deploy.BlueGreenOptions{ReadyAction: "CONTINUE_DEPLOYMENT", BlueAction: deploy.Terminate, TerminationWait: &wait},
		ECSServices: []deploy.ECSService{{Cluster: "prod", Service: "web"}},
		LoadBalancer: &deploy.LoadBalancer{Pairs: []deploy.TargetGroupPair{{
			TargetGroups: []string{"blue", "green"}, ProdListeners: []string{p.prod}, TestListeners: []string{p.test}}}},
	}, nil)
	check(p.t, err)
}

// set is the service's task set of that status; a zero one where there is none, or are several.
func (p *pier) set(status string) (found ecstypes.TaskSet) {
	out, err := p.ecs.DescribeTaskSets(p.ctx, &awsecs.DescribeTaskSetsInput{Cluster: aws.String("prod"), Service: aws.String("web")})
	if err != nil {
		return found
	}
	for _, s := range out.TaskSets {
		if aws.ToString(s.Status) == status {
			found = s
		}
	}
	return found
}

// refuse lets the function at that event say no from now on.
func (p *pier) refuse(at deploy.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = string(at)
}

// replace deploys v2, with a validating function at each event that can have one.
func (p *pier) replace() string {
	p.t.Helper()
	hooks := ""
	for _, e := range []deploy.Event{deploy.BeforeInstall, deploy.AfterInstall, deploy.AfterAllowTestTraffic, deploy.BeforeAllowTraffic, deploy.AfterAllowTraffic} {
		hooks += fmt.Sprintf("  - %s: check-%s\n", e, e)
	}
	id, err := p.control.CreateDeployment(p.ctx, administrator, control.DeploymentRequest{Application: "shop", Group: "prod",
		Revision: deploy.Inline("version: 0.0\nResources:\n  - it:\n      Type: AWS::ECS::Service\n      Properties:\n" +
			"        TaskDefinition: v2\n        LoadBalancerInfo: {ContainerName: web, ContainerPort: 80}\nHooks:\n" + hooks)})
	check(p.t, err)
	return id
}
