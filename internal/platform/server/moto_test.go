package server

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	autoscalingtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	v2types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// A judge is moto, which somebody else wrote after AWS: what the driver asks of EC2, Auto Scaling and load
// balancers is asked of it, so that it is not only the stand-ins that understand the driver.
// It has no agents, starts instances at once, and does not know completed lifecycle actions.
type judge struct {
	*testing.T
	ec2     *ec2.Client
	scaling *autoscaling.Client
	v2      *elbv2.Client
	classic *elb.Client
	arn     string // of the target group "web"
}

// judged starts moto with an Auto Scaling group "web" of two behind the target group "web" and the
// Classic Load Balancer "old-web". Where moto is not installed the test is skipped.
func judged(t *testing.T) *judge {
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(startMoto(t)),
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", "")}
	j := &judge{T: t, ec2: ec2.NewFromConfig(cfg), scaling: autoscaling.NewFromConfig(cfg),
		v2: elbv2.NewFromConfig(cfg), classic: elb.NewFromConfig(cfg)}
	j.balance()
	j.launchable()
	j.group("web", "blue")
	_, err := j.scaling.AttachLoadBalancerTargetGroups(t.Context(), &autoscaling.AttachLoadBalancerTargetGroupsInput{
		AutoScalingGroupName: aws.String("web"), TargetGroupARNs: []string{j.arn}})
	j.check(err)
	for _, id := range members(j.find("web")) {
		j.check((&classic{j.classic, "old-web"}).put(t.Context(), id, nil))
	}
	return j
}

var motoRuns = regexp.MustCompile(`Running on (http://127\.0\.0\.1:[0-9]+)`)

// startMoto returns its address. It ends with the test.
func startMoto(t *testing.T) string {
	cmd := exec.CommandContext(t.Context(), "moto_server", "-H", "127.0.0.1", "-p", "0")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); errors.Is(err, exec.ErrNotFound) {
		t.Skip("moto is not installed (pip install 'moto[server]'): nobody else judges the calls to AWS")
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // the context has ended it by then
	said := ""
	for lines := bufio.NewScanner(out); lines.Scan(); said += lines.Text() + "\n" {
		if found := motoRuns.FindStringSubmatch(lines.Text()); found != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return found[1]
		}
	}
	t.Skipf("moto is installed and does not start:\n%s", said)
	return ""
}

func (j *judge) check(err error) {
	j.Helper()
	if err != nil {
		j.Fatal(err)
	}
}

// balance makes the load balancers "shop" and "old-web", and the target group.
func (j *judge) balance() {
	ctx := j.Context()
	subnets, err := j.ec2.DescribeSubnets(ctx, &ec2.DescribeSubnetsInput{})
	j.check(err)
	first, second := subnets.Subnets[0], subnets.Subnets[1]
	g, err := j.v2.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
		Name: aws.String("web"), Protocol: v2types.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: first.VpcId})
	j.check(err)
	j.arn = *g.TargetGroups[0].TargetGroupArn
	lb, err := j.v2.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{Name: aws.String("shop"), Subnets: []string{*first.SubnetId, *second.SubnetId}})
	j.check(err)
	_, err = j.v2.CreateListener(ctx, &elbv2.CreateListenerInput{
		LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Protocol: v2types.ProtocolEnumHttp, Port: aws.Int32(80),
		DefaultActions: []v2types.Action{{Type: v2types.ActionTypeEnumForward, TargetGroupArn: &j.arn}}})
	j.check(err)
	_, err = j.classic.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		LoadBalancerName: aws.String("old-web"), AvailabilityZones: []string{"us-east-1a"},
		Listeners: []elbtypes.Listener{{Protocol: aws.String("http"), LoadBalancerPort: 80, InstancePort: aws.Int32(8080)}}})
	j.check(err)
}

// launchable makes the launch template "web".
func (j *judge) launchable() {
	_, err := j.ec2.CreateLaunchTemplate(j.Context(), &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("web"),
		LaunchTemplateData: &ec2types.RequestLaunchTemplateData{ImageId: aws.String("ami-12345678"), InstanceType: ec2types.InstanceTypeT3Micro}})
	j.check(err)
}

// group makes an Auto Scaling group of two, whose instances have the tag fleet.
func (j *judge) group(name, fleet string) {
	_, err := j.scaling.CreateAutoScalingGroup(j.Context(), &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: aws.Int32(0), MaxSize: aws.Int32(4), DesiredCapacity: aws.Int32(2),
		LaunchTemplate:    &autoscalingtypes.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web"), Version: aws.String("$Latest")},
		AvailabilityZones: []string{"us-east-1a"},
		Tags:              []autoscalingtypes.Tag{{Key: aws.String("fleet"), Value: &fleet, PropagateAtLaunch: aws.Bool(true)}}})
	j.check(err)
}

// find is the Auto Scaling group, nil for one that does not exist.
func (j *judge) find(name string) *autoscalingtypes.AutoScalingGroup {
	out, err := j.scaling.DescribeAutoScalingGroups(j.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	j.check(err)
	if len(out.AutoScalingGroups) == 0 {
		return nil
	}
	return &out.AutoScalingGroups[0]
}

// hooks is how many lifecycle hooks the Auto Scaling group has.
func (j *judge) hooks(name string) int {
	out, err := j.scaling.DescribeLifecycleHooks(j.Context(), &autoscaling.DescribeLifecycleHooksInput{AutoScalingGroupName: &name})
	j.check(err)
	return len(out.LifecycleHooks)
}

// lone starts an instance that is in no Auto Scaling group.
func (j *judge) lone(fleet string) string {
	out, err := j.ec2.RunInstances(j.Context(), &ec2.RunInstancesInput{
		ImageId: aws.String("ami-12345678"), InstanceType: ec2types.InstanceTypeT3Micro, MinCount: aws.Int32(1), MaxCount: aws.Int32(1),
		TagSpecifications: []ec2types.TagSpecification{{ResourceType: ec2types.ResourceTypeInstance,
			Tags: []ec2types.Tag{{Key: aws.String("fleet"), Value: &fleet}}}}})
	j.check(err)
	return *out.Instances[0].InstanceId
}

// driver is one for the deployment, of which the targets are known once they are resolved.
func (j *judge) driver(dep deploy.Deployment, g deploy.Group, targets map[string]deploy.Target) *Driver {
	return New(Config{Fleet: fleet{deployment: dep, group: g, targets: targets},
		Cloud:   &Cloud{EC2: j.ec2, AutoScaling: j.scaling, Region: "us-east-1", Account: "123456789012"},
		Traffic: &Traffic{V2: j.v2, Classic: j.classic}})
}

// resolved are the targets of the deployment, also those that it must start first.
func (j *judge) resolved(d *Driver, dep deploy.Deployment, g deploy.Group) []deploy.Target {
	for range 10 {
		list, err := d.Resolve(j.Context(), dep, g, time.Now())
		if wait := (*platform.Wait)(nil); errors.As(err, &wait) {
			continue
		}
		j.check(err)
		return list
	}
	j.Fatal("the targets never come")
	return nil
}

// sided are the ids of that side.
func sided(list []deploy.Target, side deploy.Label) (ids []string) {
	for _, t := range list {
		if t.Label == side {
			ids = append(ids, t.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// move carries out an event on traffic.
func (j *judge) move(d *Driver, dep deploy.Deployment, t deploy.Target, e deploy.Event) {
	step := deploy.Step{DeploymentID: dep.ID, TargetID: t.ID, Event: e, Attempt: 1}
	for range 10 {
		j.check(d.cfg.Traffic.start(j.Context(), step, dep.LoadBalancer, t))
		seen, err := d.cfg.Traffic.observe(j.Context(), step, dep.LoadBalancer, t)
		j.check(err)
		if seen.Outcome != nil {
			return
		}
	}
	j.Errorf("%s of %s never ends", e, t.ID)
}

// serving are the instances that the target group and the Classic Load Balancer have, each.
func (j *judge) serving() (v2, classic []string) {
	ctx := j.Context()
	health, err := j.v2.DescribeTargetHealth(ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: &j.arn})
	j.check(err)
	for _, h := range health.TargetHealthDescriptions {
		v2 = append(v2, *h.Target.Id)
	}
	states, err := j.classic.DescribeInstanceHealth(ctx, &elb.DescribeInstanceHealthInput{LoadBalancerName: aws.String("old-web")})
	j.check(err)
	for _, s := range states.InstanceStates {
		classic = append(classic, *s.InstanceId)
	}
	slices.Sort(v2)
	slices.Sort(classic)
	return v2, classic
}

// retired lets the deployment's replacement take over, and the rest go, until nothing is to be waited for.
func (j *judge) retired(d *Driver, dep deploy.Deployment) {
	for range 10 {
		left, err := d.Retire(j.Context(), dep, time.Now())
		if wait := (*platform.Wait)(nil); errors.As(err, &wait) {
			continue
		}
		j.check(err)
		if len(left) > 0 {
			j.Errorf("left behind: %v", left)
		}
		return
	}
	j.Fatal("the original never goes")
}

// TestMotoReplacesAnAutoScalingGroup goes through what a blue/green deployment asks of AWS, with the original group
// ended and with it kept.
func TestMotoReplacesAnAutoScalingGroup(t *testing.T) {
	for _, action := range []string{deploy.Terminate, "KEEP_ALIVE"} {
		t.Run(action, func(t *testing.T) {
			j := judged(t)
			g := deploy.Group{ID: "g-1", Name: "prod", AutoScalingGroups: []string{"web"}, TerminationHook: true}
			dep := deploy.Deployment{ID: "d-1", Group: "prod", Platform: deploy.Server, Members: g.Members(),
				Style:        deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithTrafficControl},
				BlueGreen:    &deploy.BlueGreenOptions{GreenAction: deploy.CopyAutoScalingGroup, BlueAction: action},
				LoadBalancer: &deploy.LoadBalancer{TargetGroups: []string{"web"}, Classic: []string{"old-web"}},
			}
			targets := map[string]deploy.Target{}
			d := j.driver(dep, g, targets)
			j.check(d.cfg.Cloud.PutHooks(t.Context(), g, "web"))
			for _, target := range j.resolved(d, dep, g) {
				targets[target.ID] = target
			}
			name := dep.Replacement()
			j.copied(name, slices.Collect(maps.Values(targets)))
			j.switched(d, dep, targets)

			if action == "KEEP_ALIVE" {
				j.putBack(sided(slices.Collect(maps.Values(targets)), deploy.Blue))
			}
			dep.Retirement = &deploy.Retirement{Side: deploy.Blue}
			j.retired(d, dep)
			copied := j.find(name)
			if got := j.hooks(name); got != 2 || len(copied.SuspendedProcesses) > 0 || !slices.Equal(copied.TargetGroupARNs, []string{j.arn}) {
				t.Errorf("%s has %d hooks, %v suspended, and the target groups %v", name, got, copied.SuspendedProcesses, copied.TargetGroupARNs)
			}
			original := j.find("web")
			if action == deploy.Terminate {
				if original != nil {
					t.Errorf("the original is there: %v", original.Instances)
				}
				return
			}
			if original == nil || len(original.Instances) != 2 || j.hooks("web") > 0 || len(original.TargetGroupARNs) > 0 {
				t.Errorf("the original that is kept is %+v", original)
			}
		})
	}
}

// copied says whether the replacement is what it is to be before it has traffic.
func (j *judge) copied(name string, targets []deploy.Target) {
	j.Helper()
	copied := j.find(name)
	if copied == nil {
		j.Fatalf("there is no %s", name)
	}
	var suspended []string
	for _, p := range copied.SuspendedProcesses {
		suspended = append(suspended, *p.ProcessName)
	}
	slices.Sort(suspended)
	if !slices.Equal(suspended, asleep) || len(copied.TargetGroupARNs) > 0 {
		j.Errorf("%s has %v suspended and the target groups %v", name, suspended, copied.TargetGroupARNs)
	}
	if !slices.ContainsFunc(copied.Tags, func(t autoscalingtypes.TagDescription) bool { return *t.Key == provisionTag && *t.Value == "d-1" }) {
		j.Errorf("%s does not say whose it is: %v", name, copied.Tags)
	}
	for side, group := range map[deploy.Label]*autoscalingtypes.AutoScalingGroup{deploy.Blue: j.find("web"), deploy.Green: copied} {
		if got := sided(targets, side); len(got) != 2 || !slices.Equal(got, members(group)) {
			j.Errorf("%s is %v, and the Auto Scaling group has %v", side, got, members(group))
		}
	}
}

// putBack registers instances with the target group again: moto refuses to detach a target group from an Auto
// Scaling group whose instances are out of it. At AWS one that is not registered is as good as deregistered.
func (j *judge) putBack(ids []string) {
	for _, id := range ids {
		_, err := j.v2.RegisterTargets(j.Context(), &elbv2.RegisterTargetsInput{TargetGroupArn: &j.arn, Targets: descriptions(id, nil)})
		j.check(err)
	}
}

func members(g *autoscalingtypes.AutoScalingGroup) (ids []string) {
	for _, i := range g.Instances {
		ids = append(ids, *i.InstanceId)
	}
	slices.Sort(ids)
	return ids
}

// switched gives the replacement the traffic, and takes it from the original.
func (j *judge) switched(d *Driver, dep deploy.Deployment, targets map[string]deploy.Target) {
	j.Helper()
	for _, target := range targets {
		if target.Label == deploy.Green {
			j.move(d, dep, target, deploy.AllowTraffic)
		}
	}
	for _, target := range targets {
		if target.Label == deploy.Blue {
			j.move(d, dep, target, deploy.BlockTraffic)
		}
	}
	green := sided(slices.Collect(maps.Values(targets)), deploy.Green)
	if v2, classic := j.serving(); !slices.Equal(v2, green) || !slices.Equal(classic, green) {
		j.Errorf("traffic goes to %v and %v, want %v", v2, classic, green)
	}
}

// TestMotoFindsInstances: a mix of tags and an Auto Scaling group on either side, none of which is counted
// twice; the hook moves; the original instances are ended, in their Auto Scaling group and outside.
func TestMotoFindsInstances(t *testing.T) {
	j := judged(t)
	j.group("new", "green")
	alone, fresh := j.lone("blue"), j.lone("green")
	tagged := func(value string) []deploy.TagFilter {
		return []deploy.TagFilter{{Key: "fleet", Value: value, Type: "KEY_AND_VALUE"}}
	}
	g := deploy.Group{ID: "g-1", Name: "prod", AutoScalingGroups: []string{"web"}, EC2Filters: tagged("blue")}
	dep := deploy.Deployment{ID: "d-1", Group: "prod", Platform: deploy.Server, Members: g.Members(),
		Style:           deploy.Style{Type: deploy.BlueGreen, Option: deploy.WithoutTrafficControl},
		BlueGreen:       &deploy.BlueGreenOptions{GreenAction: "DISCOVER_EXISTING", BlueAction: deploy.Terminate},
		TargetInstances: &deploy.TargetInstances{AutoScalingGroups: []string{"new"}, Filters: tagged("green")},
	}
	targets := map[string]deploy.Target{}
	d := j.driver(dep, g, targets)
	list := j.resolved(d, dep, g)
	for _, target := range list {
		targets[target.ID] = target
	}
	blue, green := append(members(j.find("web")), alone), append(members(j.find("new")), fresh)
	slices.Sort(blue)
	slices.Sort(green)
	if got := sided(list, deploy.Blue); len(got) != 3 || !slices.Equal(got, blue) {
		t.Errorf("the original is %v, want %v", got, blue)
	}
	if got := sided(list, deploy.Green); len(got) != 3 || !slices.Equal(got, green) {
		t.Errorf("the replacement is %v, want %v", got, green)
	}
	j.check(d.cfg.Cloud.PutHooks(t.Context(), g, "web"))
	dep.Retirement = &deploy.Retirement{Side: deploy.Blue}
	j.retired(d, dep)
	if has, left := j.hooks("new"), j.hooks("web"); has != 1 || left > 0 {
		t.Errorf("new has %d hooks, and web has %d", has, left)
	}
	gone, err := d.cfg.Cloud.Gone(t.Context(), append(slices.Clone(blue), green...))
	j.check(err)
	if slices.Sort(gone); !slices.Equal(gone, blue) {
		t.Errorf("gone are %v, want %v", gone, blue)
	}
	if left := j.find("web"); len(left.Instances) > 0 || *left.DesiredCapacity != 0 {
		t.Errorf("the Auto Scaling group replaces what was ended: %d instances, %d desired", len(left.Instances), *left.DesiredCapacity)
	}
}
