package sim

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	asg "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	awsec2 "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	classicelb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	awselb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/identity/identitytest"
	"github.com/slipway/slipway/internal/standin/autoscaling"
	"github.com/slipway/slipway/internal/standin/ec2"
	"github.com/slipway/slipway/internal/standin/ec2/ec2test"
	"github.com/slipway/slipway/internal/standin/elb"
	"github.com/slipway/slipway/internal/standin/elb/planetest"
	"github.com/slipway/slipway/internal/store/sqlite"
)

const account = "000000000000"

// A region is EC2, Elastic Load Balancing and Auto Scaling as a server embeds them, in virtual
// time: real but for the machines, which have no processes, and the data plane, which finds
// every target healthy.
type region struct {
	groups  *asg.Client
	ec2     *awsec2.Client
	elb     *awselb.Client
	classic *classicelb.Client
	config  aws.Config // reaches them all
	notify  func()     // an instance waits under a lifecycle hook
	target  string     // the ARN of the target group "web"
}

// keys lets everybody in as the server itself, which may give instances the tags of their group.
type keys struct{}

func (keys) Secret(context.Context, string, string) (string, any, error) {
	caller := identity.Administrator(account)
	caller.ARN = "arn:aws:iam::" + account + ":role/aws-service-role/codedeploy.amazonaws.com/Slipway"
	return "secret", caller, nil
}

// newRegion opens the services and lets them run until ctx ends.
func newRegion(t *testing.T, ctx context.Context, st *sqlite.Store, all *sync.WaitGroup) *region {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	var handler http.Handler
	config := awsclient.InProcess(func() http.Handler { return handler }, "us-east-1", "AKIA", "secret")
	r := &region{groups: asg.NewFromConfig(config), ec2: awsec2.NewFromConfig(config), elb: awselb.NewFromConfig(config),
		classic: classicelb.NewFromConfig(config), config: config, notify: func() {}}
	machines, err := ec2.Open(ctx, ec2.Config{
		Store: st, Machines: ec2test.Machines{}, Region: "us-east-1", Account: account, Log: log,
		Identity: identity.New(identity.Config{Store: identitytest.NewStore(), Account: account}),
	})
	check(t, err)
	balancers, err := elb.Open(ctx, elb.Config{
		Store: st, Engine: &planetest.Content{}, Region: "us-east-1", Account: account, Log: log,
		Address: func(context.Context, string) (string, bool, error) { return "127.0.0.1", true, nil },
	})
	check(t, err)
	groups, err := autoscaling.Open(ctx, autoscaling.Config{
		Store: st, Region: "us-east-1", Account: account, EC2: r.ec2, ELB: r.elb, Classic: r.classic, Every: 5 * time.Second,
		Notify: func(context.Context, autoscaling.Notification) error { r.notify(); return nil },
	})
	check(t, err)
	handler = awswire.Authenticated(keys{}, time.Now, 0, machines.Wire(), balancers.Wire(), groups.Wire())
	for _, run := range []func(context.Context) error{machines.Run, balancers.Run, groups.Run} {
		all.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	r.furnish(t, ctx)
	return r
}

// furnish makes the target group "web" behind a load balancer, and a launch template.
func (r *region) furnish(t *testing.T, ctx context.Context) {
	t.Helper()
	made, err := r.elb.CreateTargetGroup(ctx, &awselb.CreateTargetGroupInput{
		Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80)})
	check(t, err)
	r.target = *made.TargetGroups[0].TargetGroupArn
	_, err = r.elb.ModifyTargetGroupAttributes(ctx, &awselb.ModifyTargetGroupAttributesInput{TargetGroupArn: &r.target,
		Attributes: []elbtypes.TargetGroupAttribute{{Key: aws.String("deregistration_delay.timeout_seconds"), Value: aws.String("0")}}})
	check(t, err)
	balancer, err := r.elb.CreateLoadBalancer(ctx, &awselb.CreateLoadBalancerInput{Name: aws.String("web")})
	check(t, err)
	_, err = r.elb.CreateListener(ctx, &awselb.CreateListenerInput{
		LoadBalancerArn: balancer.LoadBalancers[0].LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80),
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: &r.target}}})
	check(t, err)
	_, err = r.ec2.CreateLaunchTemplate(ctx, &awsec2.CreateLaunchTemplateInput{LaunchTemplateName: aws.String("web"),
		LaunchTemplateData: &ec2types.RequestLaunchTemplateData{ImageId: aws.String("ami-12345678"), InstanceType: "t3.micro"}})
	check(t, err)
}

// makeGroup makes an Auto Scaling group of n instances behind the target group.
func (r *region) makeGroup(t *testing.T, ctx context.Context, name string, n int32) {
	t.Helper()
	_, err := r.groups.CreateAutoScalingGroup(ctx, &asg.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: aws.Int32(0), MaxSize: aws.Int32(9), DesiredCapacity: &n,
		LaunchTemplate:    &asgtypes.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web"), Version: aws.String("$Latest")},
		AvailabilityZones: []string{"us-east-1a"}, TargetGroupARNs: []string{r.target},
	})
	check(t, err)
}

// scalingGroups are those that there are, by name.
func (r *region) scalingGroups(t *testing.T, ctx context.Context) map[string]asgtypes.AutoScalingGroup {
	t.Helper()
	out, err := r.groups.DescribeAutoScalingGroups(ctx, &asg.DescribeAutoScalingGroupsInput{})
	check(t, err)
	all := map[string]asgtypes.AutoScalingGroup{}
	for _, g := range out.AutoScalingGroups {
		all[*g.AutoScalingGroupName] = g
	}
	return all
}

// inService are the instances of the group that are.
func inService(g asgtypes.AutoScalingGroup) (ids []string) {
	for _, i := range g.Instances {
		if i.LifecycleState == asgtypes.LifecycleStateInService {
			ids = append(ids, *i.InstanceId)
		}
	}
	return ids
}

// running are the instances that EC2 says run.
func (r *region) running(t *testing.T, ctx context.Context) map[string]bool {
	t.Helper()
	out, err := r.ec2.DescribeInstances(ctx, &awsec2.DescribeInstancesInput{Filters: []ec2types.Filter{
		{Name: aws.String("instance-state-name"), Values: []string{"running"}}}})
	check(t, err)
	ids := map[string]bool{}
	for _, reservation := range out.Reservations {
		for _, i := range reservation.Instances {
			ids[*i.InstanceId] = true
		}
	}
	return ids
}

// registered are the instances that the target group sends requests to.
func (r *region) registered(t *testing.T, ctx context.Context) map[string]bool {
	t.Helper()
	out, err := r.elb.DescribeTargetHealth(ctx, &awselb.DescribeTargetHealthInput{TargetGroupArn: &r.target})
	check(t, err)
	ids := map[string]bool{}
	for _, d := range out.TargetHealthDescriptions {
		if d.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
			ids[*d.Target.Id] = true
		}
	}
	return ids
}

// terminate ends an instance behind the back of its Auto Scaling group.
func (r *region) terminate(t *testing.T, ctx context.Context, id string) {
	t.Helper()
	_, err := r.ec2.TerminateInstances(ctx, &awsec2.TerminateInstancesInput{InstanceIds: []string{id}})
	check(t, err)
}

// scale changes how many instances the group should have; it does nothing to one that is gone.
func (r *region) scale(t *testing.T, ctx context.Context, name string, by int32) {
	t.Helper()
	g, ok := r.scalingGroups(t, ctx)[name]
	if !ok || aws.ToString(g.Status) != "" {
		return
	}
	n := min(max(*g.DesiredCapacity+by, *g.MinSize), *g.MaxSize)
	_, err := r.groups.SetDesiredCapacity(ctx, &asg.SetDesiredCapacityInput{AutoScalingGroupName: &name, DesiredCapacity: &n})
	check(t, err)
}

// remove deletes the group with its instances.
func (r *region) remove(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if _, ok := r.scalingGroups(t, ctx)[name]; !ok {
		return
	}
	_, err := r.groups.DeleteAutoScalingGroup(ctx, &asg.DeleteAutoScalingGroupInput{AutoScalingGroupName: &name, ForceDelete: aws.Bool(true)})
	check(t, err)
}

// hooks are the names of the group's lifecycle hooks.
func (r *region) hooks(t *testing.T, ctx context.Context, name string) (names []string) {
	t.Helper()
	out, err := r.groups.DescribeLifecycleHooks(ctx, &asg.DescribeLifecycleHooksInput{AutoScalingGroupName: &name})
	check(t, err)
	for _, h := range out.LifecycleHooks {
		names = append(names, *h.LifecycleHookName)
	}
	return names
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
