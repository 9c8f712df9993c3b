package demo

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	asgtypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// The names of what takes the hosts' place: a deployment group, an Auto Scaling group and a
// target group of the same name.
const (
	instances     = "instances"
	instanceCount = 2
	instancePort  = 8080
)

// userData makes of an instance what the application expects of a host. It runs on the machine
// itself, as these instances have no namespaces.
const userData = `#!/bin/sh
set -e
cd "$SLIPWAY_INSTALL_ROOT"
mkdir -p opt/slipway/bin run srv var/log
ln -sf '%s' opt/slipway/bin/slipway
echo "LISTEN=$SLIPWAY_INSTANCE_ADDRESS:%d" > opt/slipway/host.env
`

// replacement is the second part of the story: an Auto Scaling group takes the place of the hosts,
// and then another one its place.
func (f *fleet) replacement(ctx context.Context) (err error) {
	f.board.say("starting an Auto Scaling group of %d instances, which are to take the hosts' place", instanceCount)
	group, err := f.startInstances(ctx)
	if err != nil {
		return err
	}
	if err := f.door.share(ctx, f.clients, 1, group, 0); err != nil {
		return err
	}
	if f.moved, err = f.deployment(ctx, 6, instances, "v2", sound, "CodeDeployDefault.AllAtOnce"); err != nil {
		return err
	}
	if err := f.door.share(ctx, f.clients, 0, group, 1); err != nil {
		return err
	}
	if err := f.pause(ctx); err != nil {
		return err
	}
	if err := f.replaceFromNowOn(ctx); err != nil {
		return err
	}
	if f.v5, err = f.deployment(ctx, 7, instances, "v5", sound, "CodeDeployDefault.AllAtOnce"); err != nil {
		return err
	}
	f.left, err = f.scalingGroups(ctx)
	return err
}

// startInstances makes all that the second deployment group consists of, and the group.
func (f *fleet) startInstances(ctx context.Context) (targetGroup string, err error) {
	if err := f.createTemplate(ctx); err != nil {
		return "", err
	}
	made, err := f.clients.ELB.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: aws.String(instances), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(instancePort), VpcId: aws.String("vpc-demo"),
		TargetType: elbtypes.TargetTypeEnumInstance, HealthCheckPath: aws.String("/healthz"),
		HealthCheckIntervalSeconds: aws.Int32(5), HealthyThresholdCount: aws.Int32(2),
	})
	if err != nil {
		return "", fmt.Errorf("create the target group of the instances: %w", err)
	}
	_, err = f.clients.AutoScaling.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String(instances), MinSize: aws.Int32(0), MaxSize: aws.Int32(instanceCount), DesiredCapacity: aws.Int32(instanceCount),
		LaunchTemplate:    &asgtypes.LaunchTemplateSpecification{LaunchTemplateName: aws.String(application), Version: aws.String("$Latest")},
		AvailabilityZones: []string{region + "a", region + "b"},
	})
	if err != nil {
		return "", fmt.Errorf("create the Auto Scaling group: %w", err)
	}
	if err := f.inService(ctx); err != nil {
		return "", err
	}
	_, err = f.clients.CodeDeploy.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(application), DeploymentGroupName: aws.String(instances), ServiceRoleArn: aws.String(roleARN),
		AutoScalingGroups: []string{instances},
		DeploymentStyle: &cdtypes.DeploymentStyle{
			DeploymentType: cdtypes.DeploymentTypeInPlace, DeploymentOption: cdtypes.DeploymentOptionWithTrafficControl,
		},
		LoadBalancerInfo: &cdtypes.LoadBalancerInfo{TargetGroupInfoList: []cdtypes.TargetGroupInfo{{Name: aws.String(instances)}}},
	})
	if err != nil {
		return "", fmt.Errorf("create the deployment group of the instances: %w", err)
	}
	return aws.ToString(made.TargetGroups[0].TargetGroupArn), nil
}

// createTemplate makes what instances are started from, and the role that they act as.
func (f *fleet) createTemplate(ctx context.Context) error {
	name := aws.String("demo-instance")
	_, err := f.clients.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`)})
	if err == nil {
		_, err = f.clients.IAM.CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: name})
	}
	if err == nil {
		_, err = f.clients.IAM.AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: name})
	}
	if err != nil {
		return fmt.Errorf("create the role of the instances: %w", err)
	}
	script := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, userData, f.plant.self, instancePort))
	_, err = f.clients.EC2.CreateLaunchTemplate(ctx, &ec2.CreateLaunchTemplateInput{
		LaunchTemplateName: aws.String(application),
		LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
			ImageId: aws.String("ami-12345678"), InstanceType: ec2types.InstanceTypeT3Micro, UserData: &script,
			IamInstanceProfile: &ec2types.LaunchTemplateIamInstanceProfileSpecificationRequest{Name: name},
		},
	})
	if err != nil {
		return fmt.Errorf("create the launch template: %w", err)
	}
	return nil
}

// inService waits until the Auto Scaling group has its instances.
func (f *fleet) inService(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, deploymentLimit, fmt.Errorf("the instances are not in service after %v", deploymentLimit))
	defer cancel()
	for {
		out, err := f.clients.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
		if err != nil {
			return fmt.Errorf("look at the Auto Scaling group: %w", err)
		}
		count := 0
		for _, i := range out.AutoScalingGroups[0].Instances {
			if i.LifecycleState == asgtypes.LifecycleStateInService {
				count++
			}
		}
		if count == instanceCount {
			return nil
		}
		select {
		case <-time.After(lookEvery):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// replaceFromNowOn lets deployments to the instances be blue/green, without waits.
func (f *fleet) replaceFromNowOn(ctx context.Context) error {
	_, err := f.clients.CodeDeploy.UpdateDeploymentGroup(ctx, &codedeploy.UpdateDeploymentGroupInput{
		ApplicationName: aws.String(application), CurrentDeploymentGroupName: aws.String(instances), AutoScalingGroups: []string{instances},
		DeploymentStyle: &cdtypes.DeploymentStyle{
			DeploymentType: cdtypes.DeploymentTypeBlueGreen, DeploymentOption: cdtypes.DeploymentOptionWithTrafficControl,
		},
		BlueGreenDeploymentConfiguration: &cdtypes.BlueGreenDeploymentConfiguration{
			GreenFleetProvisioningOption: &cdtypes.GreenFleetProvisioningOption{Action: cdtypes.GreenFleetProvisioningActionCopyAutoScalingGroup},
			DeploymentReadyOption:        &cdtypes.DeploymentReadyOption{ActionOnTimeout: cdtypes.DeploymentReadyActionContinueDeployment},
			TerminateBlueInstancesOnDeploymentSuccess: &cdtypes.BlueInstanceTerminationOption{
				Action: cdtypes.InstanceActionTerminate, TerminationWaitTimeInMinutes: 0,
			},
		},
	})
	if err != nil {
		return fmt.Errorf("make the deployment group blue/green: %w", err)
	}
	return nil
}

// scalingGroups names the Auto Scaling groups that there are.
func (f *fleet) scalingGroups(ctx context.Context) (names []string, err error) {
	out, err := f.clients.AutoScaling.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
	if err != nil {
		return nil, fmt.Errorf("look at the Auto Scaling groups: %w", err)
	}
	for _, g := range out.AutoScalingGroups {
		names = append(names, aws.ToString(g.AutoScalingGroupName))
	}
	return names, nil
}
