package faults_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	awselb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/test/engine"
)

// A harbour is a server with the service "web", one task of it behind a listener, as a
// deployment needs it.
type harbour struct {
	*shop
	ecs      *ecs.Client
	elb      *awselb.Client
	image    string
	listener string
	blue     string // ARN of the target group that has the traffic
	green    string
}

const servicePort = 8080

// openHarbour starts a server whose services have their tasks in the engine at host, if that is said.
func openHarbour(t *testing.T, env []string, flags ...string) *harbour {
	t.Helper()
	if why := engine.Missing(); why != "" {
		t.Skip(why)
	}
	image, err := engine.Image(t.Context())
	check(t, err)
	s := open(t, env, flags...)
	h := &harbour{shop: s, image: image, ecs: ecs.NewFromConfig(s.cfg), elb: awselb.NewFromConfig(s.cfg)}
	t.Cleanup(func() { _ = engine.Clear(context.Background(), filepath.Join(s.Dir, "data")) })
	h.listener, h.blue, h.green = h.balance(t, "web", elbtypes.TargetTypeEnumIp)
	_, err = h.ecs.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("prod")})
	check(t, err)
	h.define(t, "web", nil)
	h.serve(t, "web", h.blue, ecstypes.NetworkModeAwsvpc)
	h.application(t)
	h.offer(t, "web", h.listener)
	return h
}

func (h *harbour) application(t *testing.T) {
	t.Helper()
	_, err := h.api.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{
		ApplicationName: aws.String("services"), ComputePlatform: types.ComputePlatformEcs})
	check(t, err)
}

// balance makes the target groups NAME-blue and NAME-green, and a listener that forwards to the first.
func (h *harbour) balance(t *testing.T, name string, targets elbtypes.TargetTypeEnum) (listener, blue, green string) {
	t.Helper()
	made, err := h.elb.CreateLoadBalancer(t.Context(), &awselb.CreateLoadBalancerInput{Name: &name})
	check(t, err)
	group := func(name string) string {
		group, err := h.elb.CreateTargetGroup(t.Context(), &awselb.CreateTargetGroupInput{
			Name: &name, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(servicePort), TargetType: targets, VpcId: aws.String("vpc-1"),
			HealthCheckPath: aws.String("/health"), HealthCheckIntervalSeconds: aws.Int32(5), HealthyThresholdCount: aws.Int32(2)})
		check(t, err)
		arn := group.TargetGroups[0].TargetGroupArn
		_, err = h.elb.ModifyTargetGroupAttributes(t.Context(), &awselb.ModifyTargetGroupAttributesInput{TargetGroupArn: arn,
			Attributes: []elbtypes.TargetGroupAttribute{{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("0")}}})
		check(t, err)
		return *arn
	}
	blue, green = group(name+"-blue"), group(name+"-green")
	out, err := h.elb.CreateListener(t.Context(), &awselb.CreateListenerInput{
		LoadBalancerArn: made.LoadBalancers[0].LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(servicePort),
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &blue}}})
	check(t, err)
	return *out.Listeners[0].ListenerArn, blue, green
}

// define registers a task definition of that family, after change.
func (h *harbour) define(t *testing.T, family string, change func(*ecs.RegisterTaskDefinitionInput, *ecstypes.ContainerDefinition)) {
	t.Helper()
	in := &ecs.RegisterTaskDefinitionInput{Family: &family, NetworkMode: ecstypes.NetworkModeAwsvpc}
	container := ecstypes.ContainerDefinition{Name: aws.String("web"), Image: &h.image, Memory: aws.Int32(64),
		StopTimeout: aws.Int32(2), PortMappings: []ecstypes.PortMapping{{ContainerPort: aws.Int32(servicePort)}}}
	if change != nil {
		change(in, &container)
	}
	in.ContainerDefinitions = []ecstypes.ContainerDefinition{container}
	_, err := h.ecs.RegisterTaskDefinition(t.Context(), in)
	check(t, err)
}

// serve makes a service of one task that deployments may replace.
func (h *harbour) serve(t *testing.T, name, targetGroup string, network ecstypes.NetworkMode) {
	t.Helper()
	in := &ecs.CreateServiceInput{
		Cluster: aws.String("prod"), ServiceName: &name, TaskDefinition: &name, DesiredCount: aws.Int32(1),
		DeploymentController: &ecstypes.DeploymentController{Type: ecstypes.DeploymentControllerTypeCodeDeploy},
		LoadBalancers:        []ecstypes.LoadBalancer{{TargetGroupArn: &targetGroup, ContainerName: aws.String("web"), ContainerPort: aws.Int32(servicePort)}},
	}
	if network == ecstypes.NetworkModeAwsvpc {
		in.NetworkConfiguration = &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{Subnets: []string{"subnet-1"}}}
	}
	_, err := h.ecs.CreateService(t.Context(), in)
	check(t, err)
	check(t, h.Await("the task of "+name+" is healthy", func() (bool, error) {
		out, err := h.elb.DescribeTargetHealth(t.Context(), &awselb.DescribeTargetHealthInput{TargetGroupArn: &targetGroup})
		if err != nil || len(out.TargetHealthDescriptions) == 0 {
			return false, err
		}
		state := out.TargetHealthDescriptions[0].TargetHealth.State
		return state == elbtypes.TargetHealthStateEnumHealthy || state == elbtypes.TargetHealthStateEnumUnused, nil
	}))
}

// offer makes the service's deployment group, which has its name.
func (h *harbour) offer(t *testing.T, service, listener string) {
	t.Helper()
	pair := types.TargetGroupPairInfo{ProdTrafficRoute: &types.TrafficRoute{ListenerArns: []string{listener}},
		TargetGroups: []types.TargetGroupInfo{{Name: aws.String(service + "-blue")}, {Name: aws.String(service + "-green")}}}
	_, err := h.api.CreateDeploymentGroup(t.Context(), &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String("services"), DeploymentGroupName: &service, ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/deploy"),
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl},
		EcsServices: []types.ECSService{{ClusterName: aws.String("prod"), ServiceName: &service}},
		BlueGreenDeploymentConfiguration: &types.BlueGreenDeploymentConfiguration{
			DeploymentReadyOption: &types.DeploymentReadyOption{ActionOnTimeout: types.DeploymentReadyActionContinueDeployment},
			TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{
				Action: types.InstanceActionTerminate, TerminationWaitTimeInMinutes: 0}},
		LoadBalancerInfo: &types.LoadBalancerInfo{TargetGroupPairInfoList: []types.TargetGroupPairInfo{pair}},
	})
	check(t, err)
}

// replace deploys the AppSpec to the service.
func (h *harbour) replace(t *testing.T, service, spec string) string {
	t.Helper()
	out, err := h.api.CreateDeployment(t.Context(), &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String("services"), DeploymentGroupName: &service,
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: &spec}},
	})
	check(t, err)
	return *out.DeploymentId
}

func failedOf(t *testing.T, info *types.DeploymentInfo, code types.ErrorCode, says string) {
	t.Helper()
	if why := info.ErrorInformation; why == nil || why.Code != code || !regexp.MustCompile("(?s)"+says).MatchString(*why.Message) {
		t.Errorf("got %s %q, want %s: %s", why.Code, *why.Message, code, says)
	}
}

// replacement is the AppSpec of a deployment to a service.
func replacement(definition, container string, port int) string {
	return fmt.Sprintf("version: 0.0\nResources:\n  - it:\n      Type: AWS::ECS::Service\n      Properties:\n"+
		"        TaskDefinition: %s\n        LoadBalancerInfo:\n          ContainerName: %s\n          ContainerPort: %d\n", definition, container, port)
}

// undisturbed wants the traffic and the tasks to be as they were.
func (h *harbour) undisturbed(t *testing.T) {
	t.Helper()
	listeners, err := h.elb.DescribeListeners(t.Context(), &awselb.DescribeListenersInput{ListenerArns: []string{h.listener}})
	check(t, err)
	for _, g := range listeners.Listeners[0].DefaultActions[0].ForwardConfig.TargetGroups {
		if all := *g.TargetGroupArn == h.blue; all != (*g.Weight > 0) {
			t.Errorf("%s has the weight %d", *g.TargetGroupArn, *g.Weight)
		}
	}
	var sets []ecstypes.TaskSet
	err = h.Await("only the original task set is left", func() (bool, error) {
		out, err := h.ecs.DescribeTaskSets(t.Context(), &ecs.DescribeTaskSetsInput{Cluster: aws.String("prod"), Service: aws.String("web")})
		if err == nil {
			sets = out.TaskSets
		}
		return len(sets) == 1 && *sets[0].Status == "PRIMARY" && sets[0].RunningCount == 1, err
	})
	if err != nil {
		t.Errorf("%v: %+v", err, sets)
	}
}

// TestServicesInTrouble: each fault of a replacement is a clear error, and the traffic and the
// tasks are as they were.
func TestServicesInTrouble(t *testing.T) {
	h := openHarbour(t, nil, "--event-timeout", "2m")
	type container = ecstypes.ContainerDefinition
	for _, c := range []struct {
		name   string
		change func(*ecs.RegisterTaskDefinitionInput, *container) // of the task definition, if there is one
		spec   string
		code   types.ErrorCode
		says   string
	}{
		{"gone", nil, replacement("nothing", "web", servicePort), types.ErrorCodeEcsUpdateError, "nothing"},
		{"stranger", nil, replacement("web", "wep", servicePort), types.ErrorCodeEcsUpdateError, "no container wep"},
		{"port", nil, replacement("web", "web", 81), types.ErrorCodeEcsUpdateError, "port 81"},
		{"specless", nil, "version: 0.0\n", types.ErrorCodeInvalidRevision, "Resources"},
		{"image", func(_ *ecs.RegisterTaskDefinitionInput, c *container) { c.Image = aws.String("127.0.0.1:1/nothing:1") },
			replacement("image", "web", servicePort), types.ErrorCodeEcsUpdateError, "replacement task set is unhealthy.*CannotPullContainerError"},
		{"exits", func(_ *ecs.RegisterTaskDefinitionInput, c *container) {
			c.Environment = []ecstypes.KeyValuePair{{Name: aws.String("EXIT"), Value: aws.String("3")}}
		}, replacement("exits", "web", servicePort), types.ErrorCodeEcsUpdateError, "replacement task set is unhealthy.*exit code 3"},
		{"sick", func(_ *ecs.RegisterTaskDefinitionInput, c *container) {
			c.Environment = []ecstypes.KeyValuePair{{Name: aws.String("SICK"), Value: aws.String("yes")}}
		}, replacement("sick", "web", servicePort), types.ErrorCodeEcsUpdateError, "replacement task set is unhealthy.*0 are healthy.*Task failed ELB health checks"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.change != nil {
				h.define(t, c.name, c.change)
			}
			id := h.replace(t, "web", c.spec)
			info := h.ended(t, id)
			failedOf(t, info, c.code, c.says)
			h.undisturbed(t)
		})
	}
}

// TestPlacesTaken: a replacement that has no place to be, because somebody else has it.
func TestPlacesTaken(t *testing.T) {
	h := openHarbour(t, nil, "--event-timeout", "20s")
	t.Run("target group", func(t *testing.T) {
		h.define(t, "guest", nil)
		balancers, err := h.elb.DescribeLoadBalancers(t.Context(), &awselb.DescribeLoadBalancersInput{Names: []string{"web"}})
		check(t, err)
		_, err = h.elb.CreateListener(t.Context(), &awselb.CreateListenerInput{
			LoadBalancerArn: balancers.LoadBalancers[0].LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(servicePort + 1),
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &h.green}}})
		check(t, err)
		h.serve(t, "guest", h.green, ecstypes.NetworkModeAwsvpc)
		id := h.replace(t, "web", replacement("web", "web", servicePort))
		failedOf(t, h.ended(t, id), types.ErrorCodeElasticLoadBalancingInvalid, "target group web-green is in use: its target .* is none of the service prod:web")
	})
	t.Run("port", func(t *testing.T) {
		h.define(t, "fixed", func(in *ecs.RegisterTaskDefinitionInput, c *ecstypes.ContainerDefinition) {
			in.NetworkMode = ecstypes.NetworkModeBridge
			c.PortMappings[0].HostPort = aws.Int32(38471)
		})
		listener, blue, _ := h.balance(t, "fixed", elbtypes.TargetTypeEnumInstance)
		h.serve(t, "fixed", blue, ecstypes.NetworkModeBridge)
		h.offer(t, "fixed", listener)
		id := h.replace(t, "fixed", replacement("fixed", "web", servicePort))
		failedOf(t, h.ended(t, id), types.ErrorCodeTimeout, "38471")
	})
}

// TestTheEngineIsAway: while no engine answers a deployment waits for one, and says so; when time
// is up, the traffic is where it was, and what was made is removed once there is an engine again.
func TestTheEngineIsAway(t *testing.T) {
	gate := openGate(t)
	h := openHarbour(t, []string{"DOCKER_HOST=unix://" + gate.path}, "--event-timeout", "15s")
	gate.shut()
	id := h.replace(t, "web", replacement("web", "web", servicePort))
	failedOf(t, h.ended(t, id), types.ErrorCodeTimeout, "no Docker Engine at unix://")
	gate.open(t)
	h.undisturbed(t)
	if info := h.ended(t, h.replace(t, "web", replacement("web", "web", servicePort))); info.Status != types.DeploymentStatusSucceeded {
		t.Errorf("it is %s: %+v", info.Status, info.ErrorInformation)
	}
}

// A gate is on the way to the Docker Engine.
type gate struct {
	path, engine string
	mu           sync.Mutex
	listener     net.Listener
	through      []net.Conn
}

func openGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{path: filepath.Join(t.TempDir(), "docker.sock"), engine: "/var/run/docker.sock"}
	if host, ok := strings.CutPrefix(os.Getenv("DOCKER_HOST"), "unix://"); ok {
		g.engine = host
	}
	g.open(t)
	t.Cleanup(g.shut)
	return g
}

func (g *gate) open(t *testing.T) {
	t.Helper()
	l, err := net.Listen("unix", g.path)
	check(t, err)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.listener = l
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go g.pass(c)
		}
	}()
}

func (g *gate) pass(c net.Conn) {
	defer c.Close()
	e, err := net.Dial("unix", g.engine)
	if err != nil {
		return
	}
	defer e.Close()
	g.mu.Lock()
	g.through = append(g.through, c, e)
	g.mu.Unlock()
	go func() {
		_, _ = io.Copy(e, c)
		e.Close()
	}()
	_, _ = io.Copy(c, e)
}

// shut ends every conversation, and lets none begin.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.listener.Close()
	for _, c := range g.through {
		c.Close()
	}
	g.through = nil
}
