package autoscaling

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	classicsdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancing"
	elbsdk "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/identity/identitytest"
	"github.com/slipway/slipway/internal/standin/ec2"
	"github.com/slipway/slipway/internal/standin/ec2/ec2test"
	"github.com/slipway/slipway/internal/standin/elb"
	"github.com/slipway/slipway/internal/standin/elb/planetest"
)

// A region is the stand-ins beside each other, as a server has them.
type region struct {
	*sdk.Client
	ec2  *ec2sdk.Client
	elb  *elbsdk.Client
	stop func()
}

func newRegion(t *testing.T, store *memory) *region {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	caller := identity.Administrator(account)
	caller.ARN = "arn:aws:iam::" + account + ":role/aws-service-role/codedeploy.amazonaws.com/Slipway" // as the server calls
	var handler http.Handler
	config := awsclient.InProcess(func() http.Handler { return handler }, "us-east-1", "AKIA", "secret")
	r := &region{Client: sdk.NewFromConfig(config), ec2: ec2sdk.NewFromConfig(config), elb: elbsdk.NewFromConfig(config)}
	machines := must[*ec2.Service](t)(ec2.Open(t.Context(), ec2.Config{
		Store: store, Machines: ec2test.Machines{}, Region: "us-east-1", Account: account, Log: log,
		Identity: identity.New(identity.Config{Store: identitytest.NewStore(), Account: account}),
	}))
	balancers := must[*elb.Service](t)(elb.Open(t.Context(), elb.Config{
		Store: store, Engine: &planetest.Content{}, Region: "us-east-1", Account: account, Log: log,
		Address: func(context.Context, string) (string, bool, error) { return "127.0.0.1", true, nil },
	}))
	groups := must[*Service](t)(Open(t.Context(), Config{
		Store: store, Region: "us-east-1", Account: account, EC2: r.ec2, ELB: r.elb, Classic: classicsdk.NewFromConfig(config),
	}))
	handler = awswire.Authenticated(keys{caller}, time.Now, 0, machines.Wire(), balancers.Wire(), groups.Wire())
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for _, run := range []func(context.Context) error{machines.Run, balancers.Run, groups.Run} {
		all.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	r.stop = func() { cancel(); all.Wait() }
	return r
}

func settled() {
	for range 30 {
		time.Sleep(time.Second)
		synctest.Wait()
	}
}

// running are the ids of the group's instances that are in service, which EC2 says run and the
// target group says are healthy; all three must agree.
func (r *region) running(t *testing.T, target string) (ids []string) {
	t.Helper()
	groups := must[*sdk.DescribeAutoScalingGroupsOutput](t)(r.DescribeAutoScalingGroups(t.Context(), &sdk.DescribeAutoScalingGroupsInput{}))
	for _, i := range groups.AutoScalingGroups[0].Instances {
		if i.LifecycleState == types.LifecycleStateInService {
			ids = append(ids, *i.InstanceId)
		}
	}
	var machines, targets []string
	out := must[*ec2sdk.DescribeInstancesOutput](t)(r.ec2.DescribeInstances(t.Context(), &ec2sdk.DescribeInstancesInput{Filters: []ec2types.Filter{
		{Name: aws.String("instance-state-name"), Values: []string{"running"}},
		{Name: aws.String("tag:" + GroupTag), Values: []string{"web"}}, {Name: aws.String("tag:fleet"), Values: []string{"web"}},
	}}))
	for _, reservation := range out.Reservations {
		for _, i := range reservation.Instances {
			machines = append(machines, *i.InstanceId)
		}
	}
	health := must[*elbsdk.DescribeTargetHealthOutput](t)(r.elb.DescribeTargetHealth(t.Context(), &elbsdk.DescribeTargetHealthInput{TargetGroupArn: &target}))
	for _, h := range health.TargetHealthDescriptions {
		targets = append(targets, *h.Target.Id)
	}
	for _, list := range [][]string{ids, machines, targets} {
		slices.Sort(list)
	}
	if !slices.Equal(ids, machines) || !slices.Equal(ids, targets) {
		t.Errorf("in service are %v, running %v, registered %v", ids, machines, targets)
	}
	return ids
}

// TestBesideTheOtherStandIns has the group's calls answered by what a server answers them with.
func TestBesideTheOtherStandIns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := newRegion(t, store)
		target := *must[*elbsdk.CreateTargetGroupOutput](t)(r.elb.CreateTargetGroup(t.Context(), &elbsdk.CreateTargetGroupInput{
			Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(80)})).TargetGroups[0].TargetGroupArn
		must[*ec2sdk.CreateLaunchTemplateOutput](t)(r.ec2.CreateLaunchTemplate(t.Context(), &ec2sdk.CreateLaunchTemplateInput{
			LaunchTemplateName: aws.String("web"), LaunchTemplateData: &ec2types.RequestLaunchTemplateData{ImageId: aws.String("ami-12345678"), InstanceType: "t3.micro"}}))
		subnets := must[*ec2sdk.DescribeSubnetsOutput](t)(r.ec2.DescribeSubnets(t.Context(), &ec2sdk.DescribeSubnetsInput{})).Subnets
		must[*sdk.CreateAutoScalingGroupOutput](t)(r.CreateAutoScalingGroup(t.Context(), &sdk.CreateAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("web"), MinSize: aws.Int32(1), MaxSize: aws.Int32(4), DesiredCapacity: aws.Int32(2),
			LaunchTemplate:    &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web"), Version: aws.String("$Latest")},
			VPCZoneIdentifier: aws.String(*subnets[0].SubnetId + "," + *subnets[1].SubnetId), TargetGroupARNs: []string{target},
			Tags: []types.Tag{{Key: aws.String("fleet"), Value: aws.String("web"), PropagateAtLaunch: aws.Bool(true)}},
		}))
		settled()
		first := r.running(t, target)
		if len(first) != 2 {
			t.Fatalf("%d instances run, want 2", len(first))
		}

		must[*ec2sdk.TerminateInstancesOutput](t)(r.ec2.TerminateInstances(t.Context(), &ec2sdk.TerminateInstancesInput{InstanceIds: first[:1]}))
		settled()
		if now := r.running(t, target); len(now) != 2 || slices.Contains(now, first[0]) {
			t.Errorf("after %s was terminated, %v run", first[0], now)
		}

		must[*sdk.SetDesiredCapacityOutput](t)(r.SetDesiredCapacity(t.Context(), &sdk.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("web"), DesiredCapacity: aws.Int32(4)}))
		r.stop() // in the midst
		r = newRegion(t, store)
		settled()
		if now := r.running(t, target); len(now) != 4 {
			t.Errorf("after a restart %v run, want 4", now)
		}
		must[*sdk.DeleteAutoScalingGroupOutput](t)(r.DeleteAutoScalingGroup(t.Context(), &sdk.DeleteAutoScalingGroupInput{
			AutoScalingGroupName: aws.String("web"), ForceDelete: aws.Bool(true)}))
		settled()
		left := must[*ec2sdk.DescribeInstancesOutput](t)(r.ec2.DescribeInstances(t.Context(), &ec2sdk.DescribeInstancesInput{Filters: []ec2types.Filter{
			{Name: aws.String("instance-state-name"), Values: []string{"pending", "running", "shutting-down"}}}}))
		if len(left.Reservations) != 0 {
			t.Errorf("instances are left: %+v", left.Reservations)
		}
		r.stop()
	})
}
