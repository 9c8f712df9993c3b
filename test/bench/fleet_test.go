package bench

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipway/slipway/test/world"
)

// fleetSize is how many instances serve.
const fleetSize = 3

// BenchmarkFleetOfThree deploys to three instances behind a load balancer, all at once: in place, and to a copy of
// their Auto Scaling group, whose original is ended, with all waits set to zero. Beside it the bare Auto Scaling group
// starts three instances: what a copy cannot be faster than. Health checks are every five seconds, the
// fastest that there are, and two in a row make an instance healthy.
func BenchmarkFleetOfThree(b *testing.B) {
	f := newBenchFleet(b)
	f.deploy(b) // its application is there to be stopped from now on
	var bare, inPlace, replaced time.Duration
	for b.Loop() {
		bare += f.startBare(b)
		f.style(b, types.DeploymentTypeInPlace)
		inPlace += f.deploy(b)
		f.style(b, types.DeploymentTypeBlueGreen)
		replaced += f.deploy(b)
	}
	s := func(d time.Duration) float64 { return float64((d / time.Duration(b.N)).Milliseconds()) / 1000 }
	b.ReportMetric(s(bare), "three-instances-s")
	b.ReportMetric(s(inPlace), "in-place-s")
	b.ReportMetric(s(replaced), "blue-green-s")
	b.ReportMetric(float64(replaced)/float64(inPlace), "blue-green-of-in-place")
	b.ReportMetric(float64(replaced)/float64(bare), "blue-green-of-bare-start")
}

// A benchFleet is a deployment group of an Auto Scaling group behind a load balancer.
type benchFleet struct {
	*world.World
	api    *codedeploy.Client
	groups *autoscaling.Client
}

func newBenchFleet(b *testing.B) *benchFleet {
	dir := b.TempDir()
	check(b, world.Build(dir))
	w := world.New(dir, dir, os.Environ)
	b.Cleanup(w.End)
	check(b, w.StartServer([]string{"--no-namespaces"}))
	cfg, err := w.Config()
	check(b, err)
	f := &benchFleet{w, codedeploy.NewFromConfig(cfg), autoscaling.NewFromConfig(cfg)}
	ctx := context.Background()
	putRevision(b, s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), filepath.Join(dir, "slipway"))
	balance(b, elbv2.NewFromConfig(cfg))
	letInstancesBe(b, iam.NewFromConfig(cfg), ec2.NewFromConfig(cfg))
	f.makeGroup(b, "web")
	_, err = f.api.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")})
	check(b, err)
	_, err = f.api.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod"), AutoScalingGroups: []string{"web"},
		ServiceRoleArn:       aws.String("arn:aws:iam::000000000000:role/deploy"),
		DeploymentConfigName: aws.String("CodeDeployDefault.AllAtOnce"),
		LoadBalancerInfo:     &types.LoadBalancerInfo{TargetGroupInfoList: []types.TargetGroupInfo{{Name: aws.String("web")}}},
		DeploymentStyle:      styleOf(types.DeploymentTypeInPlace),
	})
	check(b, err)
	return f
}

// putRevision uploads a bundle that serves a page with slipway's own web server for demonstrations.
func putRevision(b *testing.B, objects *s3.Client, program string) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range map[string]string{
		"appspec.yml": "version: 0.0\nos: linux\nhooks:\n  ApplicationStop:\n    - location: stop.sh\n  ApplicationStart:\n    - location: start.sh\n",
		"stop.sh":     "#!/bin/sh\nkill $(cat \"$SLIPWAY_INSTALL_ROOT/web.pid\")\n",
		"start.sh": "#!/bin/sh\ncd \"$(dirname \"$0\")\"\nmkdir web\necho hello > web/page.html\necho 1 > web/version\n" +
			"nohup " + program + " demo-web serve --root web --listen \"$SLIPWAY_INSTANCE_ADDRESS:8080\" </dev/null >web.log 2>&1 &\n" +
			"echo $! > \"$SLIPWAY_INSTALL_ROOT/web.pid\"\n",
	} {
		h := &zip.FileHeader{Name: name}
		h.SetMode(0o755)
		file, err := z.CreateHeader(h)
		check(b, err)
		_, err = file.Write([]byte(text))
		check(b, err)
	}
	check(b, z.Close())
	ctx := context.Background()
	_, err := objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("releases")})
	check(b, err)
	_, err = objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("releases"), Key: aws.String("v1.zip"), Body: bytes.NewReader(out.Bytes())})
	check(b, err)
}

// balance makes the load balancer "shop" with the target group "web".
func balance(b *testing.B, api *elbv2.Client) {
	ctx := context.Background()
	lb, err := api.CreateLoadBalancer(ctx, &elbv2.CreateLoadBalancerInput{Name: aws.String("shop")})
	check(b, err)
	tg, err := api.CreateTargetGroup(ctx, &elbv2.CreateTargetGroupInput{
		Name: aws.String("web"), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: aws.String("vpc-1"),
		HealthCheckIntervalSeconds: aws.Int32(5), HealthCheckTimeoutSeconds: aws.Int32(2), HealthyThresholdCount: aws.Int32(2),
	})
	check(b, err)
	_, err = api.CreateListener(ctx, &elbv2.CreateListenerInput{
		LoadBalancerArn: lb.LoadBalancers[0].LoadBalancerArn, Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(8080),
		DefaultActions: []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: tg.TargetGroups[0].TargetGroupArn}},
	})
	check(b, err)
}

// letInstancesBe makes what instances are started from: a launch template, and a role.
func letInstancesBe(b *testing.B, people *iam.Client, machines *ec2.Client) {
	ctx := context.Background()
	_, err := people.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("host"), AssumeRolePolicyDocument: aws.String(
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`)})
	check(b, err)
	_, err = people.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: aws.String("host")})
	check(b, err)
	_, err = people.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: aws.String("host"), RoleName: aws.String("host")})
	check(b, err)
	_, err = machines.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String("web"),
		LaunchTemplateData: &ec2types.RequestLaunchTemplateData{ImageId: aws.String("ami-12345678"), InstanceType: ec2types.InstanceTypeT3Micro,
			IamInstanceProfile: &ec2types.LaunchTemplateIamInstanceProfileSpecificationRequest{Name: aws.String("host")}},
	})
	check(b, err)
}

// makeGroup makes an Auto Scaling group of three, and waits until they are in service.
func (f *benchFleet) makeGroup(b *testing.B, name string) {
	ctx := context.Background()
	_, err := f.groups.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, MinSize: aws.Int32(0), MaxSize: aws.Int32(fleetSize), DesiredCapacity: aws.Int32(fleetSize),
		LaunchTemplate:    &asgtypes.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web"), Version: aws.String("$Latest")},
		AvailabilityZones: []string{"us-east-1a"},
	})
	check(b, err)
	check(b, f.Await(name+" is in service", func() (bool, error) {
		out, err := f.groups.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
		if err != nil {
			return false, err
		}
		n := 0
		for _, i := range out.AutoScalingGroups[0].Instances {
			if i.LifecycleState == asgtypes.LifecycleStateInService {
				n++
			}
		}
		return n == fleetSize, nil
	}))
}

// startBare returns how long three instances take that nothing is deployed to. They are ended again.
func (f *benchFleet) startBare(b *testing.B) time.Duration {
	began := time.Now()
	f.makeGroup(b, "bare")
	took := time.Since(began)
	_, err := f.groups.DeleteAutoScalingGroup(context.Background(), &autoscaling.DeleteAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("bare"), ForceDelete: aws.Bool(true)})
	check(b, err)
	check(b, f.Await("the bare group is gone", func() (bool, error) {
		out, err := f.groups.DescribeAutoScalingGroups(context.Background(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"bare"}})
		return err == nil && len(out.AutoScalingGroups) == 0, err
	}))
	return took
}

func styleOf(kind types.DeploymentType) *types.DeploymentStyle {
	return &types.DeploymentStyle{DeploymentType: kind, DeploymentOption: types.DeploymentOptionWithTrafficControl}
}

// style says how the next deployment is made, with all waits set to zero.
func (f *benchFleet) style(b *testing.B, kind types.DeploymentType) {
	ctx := context.Background()
	g, err := f.api.GetDeploymentGroup(ctx, &codedeploy.GetDeploymentGroupInput{ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod")})
	check(b, err)
	in := &codedeploy.UpdateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), CurrentDeploymentGroupName: aws.String("prod"), DeploymentStyle: styleOf(kind),
		AutoScalingGroups: []string{*g.DeploymentGroupInfo.AutoScalingGroups[0].Name},
	}
	if kind == types.DeploymentTypeBlueGreen {
		in.BlueGreenDeploymentConfiguration = &types.BlueGreenDeploymentConfiguration{
			GreenFleetProvisioningOption: &types.GreenFleetProvisioningOption{Action: types.GreenFleetProvisioningActionCopyAutoScalingGroup},
			DeploymentReadyOption:        &types.DeploymentReadyOption{ActionOnTimeout: types.DeploymentReadyActionContinueDeployment},
			TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{
				Action: types.InstanceActionTerminate, TerminationWaitTimeInMinutes: 0},
		}
	}
	_, err = f.api.UpdateDeploymentGroup(ctx, in)
	check(b, err)
}

func (f *benchFleet) deploy(b *testing.B) time.Duration { return deploy(b, f.World, f.api) }
