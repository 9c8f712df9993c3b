package demo

import (
	"archive/tar"
	"context"
	"debug/elf"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/moby/moby/client"

	"github.com/slipway/slipway/internal/cli/demo/web"
)

// TaskPort is where a container of the demonstration listens.
const TaskPort = "8080"

const image = "slipway-demo:latest"

// A services is the venue of ECS: two tasks of the service "shop" behind a load balancer.
type services struct {
	*show
	engine     *client.Client
	prod, test string // listeners
	targets    [2]string
}

func (v *services) describe() (title, mode string) {
	return "a service of two tasks behind a load balancer, four versions of a shop; five minutes pass in five seconds",
		"each task is a container of the Docker Engine"
}

func (v *services) canary() string { return "CodeDeployDefault.ECSCanary10Percent5Minutes" }
func (v *services) linear() string { return "CodeDeployDefault.ECSLinear10PercentEvery3Minutes" }

// missing finds the Docker Engine, and makes sure that this program can run in an empty container.
func (v *services) missing(ctx context.Context) (err error) {
	if v.engine, err = client.New(client.FromEnv); err != nil {
		return fmt.Errorf("read DOCKER_HOST: %w", err)
	}
	if _, err := v.engine.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		return fmt.Errorf("no Docker Engine answers at %s, and services run in one: install it (Debian, Ubuntu: apt-get install docker.io), start it, "+
			"and be allowed to use it, or name another in DOCKER_HOST", v.engine.DaemonHost())
	}
	f, err := elf.Open(v.Self)
	if err != nil {
		return fmt.Errorf("look at this program: %w", err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("this program needs shared libraries, which the demonstration's containers do not have: build it with CGO_ENABLED=0, as make build does")
		}
	}
	return nil
}

func (v *services) open(ctx context.Context) (url string, err error) {
	v.board.say("importing an image, creating a load balancer, a service, an alarm, application %q and deployment group %q", application, group)
	if err := v.importImage(ctx); err != nil {
		return "", fmt.Errorf("import an image: %w", err)
	}
	host, err := v.balance(ctx)
	if err != nil {
		return "", err
	}
	if err := v.createRole(ctx); err != nil {
		return "", err
	}
	url, probe := "http://"+net.JoinHostPort(host, TaskPort)+"/", "http://"+net.JoinHostPort(host, "8081")+"/"
	if err := v.create(ctx, validator, "validate", map[string]string{web.ProbeVariable: probe}); err != nil {
		return "", err
	}
	if err := v.serve(ctx); err != nil {
		return "", err
	}
	return url, v.createGroup(ctx, cdtypes.ComputePlatformEcs, v.canary(), func(in *codedeploy.CreateDeploymentGroupInput) {
		in.EcsServices = []cdtypes.ECSService{{ClusterName: aws.String(group), ServiceName: aws.String(application)}}
		in.BlueGreenDeploymentConfiguration = &cdtypes.BlueGreenDeploymentConfiguration{
			DeploymentReadyOption:                     &cdtypes.DeploymentReadyOption{ActionOnTimeout: cdtypes.DeploymentReadyActionContinueDeployment},
			TerminateBlueInstancesOnDeploymentSuccess: &cdtypes.BlueInstanceTerminationOption{Action: cdtypes.InstanceActionTerminate}}
		in.LoadBalancerInfo = &cdtypes.LoadBalancerInfo{TargetGroupPairInfoList: []cdtypes.TargetGroupPairInfo{{
			TargetGroups:     []cdtypes.TargetGroupInfo{{Name: aws.String("blue")}, {Name: aws.String("green")}},
			ProdTrafficRoute: &cdtypes.TrafficRoute{ListenerArns: []string{v.prod}}, TestTrafficRoute: &cdtypes.TrafficRoute{ListenerArns: []string{v.test}}}}}
	})
}

// importImage makes an image with this program and nothing else.
func (v *services) importImage(ctx context.Context) error {
	f, err := os.Open(v.Self)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	go func() {
		archive := tar.NewWriter(w)
		err := archive.WriteHeader(&tar.Header{Name: "slipway", Mode: 0o755, Size: info.Size()})
		if err == nil {
			_, err = io.Copy(archive, f)
		}
		if err == nil {
			err = archive.Close()
		}
		w.CloseWithError(err)
	}()
	out, err := v.engine.ImageImport(ctx, client.ImageImportSource{Source: r, SourceName: "-"}, image,
		client.ImageImportOptions{Changes: []string{`ENTRYPOINT ["/slipway", "demo-web", "task"]`}})
	if err != nil {
		return err
	}
	defer out.Close()
	_, err = io.Copy(io.Discard, out)
	return err
}

// balance makes the load balancer with two listeners and two target groups, and the alarm.
func (v *services) balance(ctx context.Context) (host string, err error) {
	made, err := v.clients.ELB.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		Name: aws.String(application), Type: elbtypes.LoadBalancerTypeEnumApplication, Subnets: []string{"subnet-demo-a", "subnet-demo-b"}})
	if err != nil {
		return "", fmt.Errorf("create the load balancer: %w", err)
	}
	balancer := made.LoadBalancers[0]
	port, err := strconv.Atoi(TaskPort)
	if err != nil {
		return "", err
	}
	for i, name := range []string{"blue", "green"} {
		out, err := v.clients.ELB.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
			Name: &name, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(int32(port)), VpcId: aws.String("vpc-demo"), TargetType: elbtypes.TargetTypeEnumIp,
			HealthCheckPath: aws.String("/healthz"), HealthCheckIntervalSeconds: aws.Int32(5), HealthyThresholdCount: aws.Int32(2)})
		if err != nil {
			return "", fmt.Errorf("create the target group %s: %w", name, err)
		}
		v.targets[i] = *out.TargetGroups[0].TargetGroupArn
	}
	for i, listener := range []*string{&v.prod, &v.test} {
		out, err := v.clients.ELB.CreateListener(ctx, &elb.CreateListenerInput{
			LoadBalancerArn: balancer.LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(int32(port + i)),
			DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &v.targets[0]}}})
		if err != nil {
			return "", fmt.Errorf("create a listener: %w", err)
		}
		*listener = *out.Listeners[0].ListenerArn
	}
	_, name, _ := strings.Cut(*balancer.LoadBalancerArn, ":loadbalancer/")
	_, err = v.clients.CloudWatch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(slow), Namespace: aws.String("AWS/ApplicationELB"), MetricName: aws.String("TargetResponseTime"),
		Dimensions: []cwtypes.Dimension{{Name: aws.String("LoadBalancer"), Value: &name}},
		Statistic:  cwtypes.StatisticAverage, Period: aws.Int32(10), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(shiftTooSlow), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold})
	if err != nil {
		return "", fmt.Errorf("create the alarm: %w", err)
	}
	return *balancer.DNSName, nil
}

// serve makes the cluster and the service with v1, and waits until that is healthy.
func (v *services) serve(ctx context.Context) error {
	if _, err := v.clients.ECS.CreateCluster(ctx, &ecs.CreateClusterInput{ClusterName: aws.String(group)}); err != nil {
		return fmt.Errorf("create the cluster: %w", err)
	}
	definition, err := v.define(ctx, "v1", "")
	if err != nil {
		return fmt.Errorf("register v1: %w", err)
	}
	port, err := strconv.Atoi(TaskPort)
	if err != nil {
		return err
	}
	_, err = v.clients.ECS.CreateService(ctx, &ecs.CreateServiceInput{
		Cluster: aws.String(group), ServiceName: aws.String(application), TaskDefinition: &definition, DesiredCount: aws.Int32(2), LaunchType: types.LaunchTypeFargate,
		DeploymentController: &types.DeploymentController{Type: types.DeploymentControllerTypeCodeDeploy},
		NetworkConfiguration: &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: []string{"subnet-demo-a"}}},
		LoadBalancers:        []types.LoadBalancer{{TargetGroupArn: &v.targets[0], ContainerName: aws.String(application), ContainerPort: aws.Int32(int32(port))}}})
	if err != nil {
		return fmt.Errorf("create the service: %w", err)
	}
	v.board.say("waiting until two tasks of v1 are healthy")
	wait := elb.NewTargetInServiceWaiter(v.clients.ELB, func(o *elb.TargetInServiceWaiterOptions) { o.MinDelay, o.MaxDelay = lookEvery, time.Second })
	for {
		health, err := v.clients.ELB.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &v.targets[0]})
		if err != nil || len(health.TargetHealthDescriptions) == 2 {
			break
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if err := wait.Wait(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: &v.targets[0]}, time.Minute); err != nil {
		return fmt.Errorf("wait for the service: %w", err)
	}
	return nil
}

// define registers a version as a task definition.
func (v *services) define(ctx context.Context, version, fault string) (arn string, err error) {
	port, err := strconv.Atoi(TaskPort)
	if err != nil {
		return "", err
	}
	out, err := v.clients.ECS.RegisterTaskDefinition(ctx, &ecs.RegisterTaskDefinitionInput{
		Family: aws.String(application), NetworkMode: types.NetworkModeAwsvpc, RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate},
		Cpu: aws.String("256"), Memory: aws.String("512"),
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String(application), Image: aws.String(image), PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(int32(port))}}, StopTimeout: aws.Int32(5),
			Environment: []types.KeyValuePair{{Name: aws.String(web.VersionVariable), Value: &version}, {Name: aws.String(web.FaultVariable), Value: &fault}}}}})
	if err != nil {
		return "", err
	}
	return *out.TaskDefinition.TaskDefinitionArn, nil
}

func (v *services) publish(ctx context.Context, version, fault string) (string, error) {
	definition, err := v.define(ctx, version, fault)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`{"version": 0.0, "Resources": [{"shop": {"Type": "AWS::ECS::Service", "Properties":
		{"TaskDefinition": %q, "LoadBalancerInfo": {"ContainerName": %q, "ContainerPort": %s}}}}], "Hooks": [{"AfterAllowTestTraffic": %q}]}`,
		definition, application, TaskPort, validator), nil
}

// close removes the service with its containers, and the image.
func (v *services) close() {
	if v.engine == nil || v.clients == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	defer v.engine.Close()
	_, err := v.clients.ECS.DeleteService(ctx, &ecs.DeleteServiceInput{Cluster: aws.String(group), Service: aws.String(application), Force: aws.Bool(true)})
	for err == nil && ctx.Err() == nil {
		out, describeErr := v.clients.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: aws.String(group), Services: []string{application}})
		if describeErr != nil || len(out.Services) == 0 || aws.ToString(out.Services[0].Status) == "INACTIVE" {
			break
		}
		time.Sleep(lookEvery)
	}
	_, _ = v.engine.ImageRemove(ctx, image, client.ImageRemoveOptions{Force: true})
}
