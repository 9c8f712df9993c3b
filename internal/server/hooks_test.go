package server_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"

	"github.com/slipway/slipway/internal/server/servertest"
)

// TestHooksThatAreRefused: when Auto Scaling refuses the lifecycle hook of a deployment group, the
// caller hears it in CodeDeploy's code and Auto Scaling's words, and nothing is made.
func TestHooksThatAreRefused(t *testing.T) {
	ctx := t.Context()
	s := servertest.Start(t)
	groups, admin := autoscaling.NewFromConfig(s.Admin), codedeploy.NewFromConfig(s.Admin)
	scalingGroupFullOfHooks(ctx, t, groups, "web")
	if _, err := admin.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")}); err != nil {
		t.Fatal(err)
	}
	create := func(scalingGroup string) func() error {
		return func() error {
			_, err := admin.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
				ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod"), AutoScalingGroups: []string{scalingGroup},
				ServiceRoleArn: aws.String("arn:aws:iam::000000000000:role/deploy")})
			return err
		}
	}
	wantCode(t, "LifecycleHookLimitExceededException", create("web"))
	wantCode(t, "InvalidAutoScalingGroupException", create("nobody"))
	list, err := admin.ListDeploymentGroups(ctx, &codedeploy.ListDeploymentGroupsInput{ApplicationName: aws.String("shop")})
	if err != nil || len(list.DeploymentGroups) > 0 {
		t.Errorf("there are the groups %v, %v", list.DeploymentGroups, err)
	}

	_, err = groups.DeleteLifecycleHook(ctx, &autoscaling.DeleteLifecycleHookInput{
		AutoScalingGroupName: aws.String("web"), LifecycleHookName: aws.String("hook-0")})
	if err != nil {
		t.Fatal(err)
	}
	if err := create("web")(); err != nil {
		t.Errorf("with room for a hook: %v", err)
	}
}

// scalingGroupFullOfHooks makes an Auto Scaling group without instances and with as many hooks as it takes.
func scalingGroupFullOfHooks(ctx context.Context, t *testing.T, groups *autoscaling.Client, name string) {
	t.Helper()
	_, err := groups.CreateLaunchConfiguration(ctx, &autoscaling.CreateLaunchConfigurationInput{
		LaunchConfigurationName: aws.String("small"), ImageId: aws.String("ami-12345678"), InstanceType: aws.String("t3.small")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = groups.CreateAutoScalingGroup(ctx, &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: &name, LaunchConfigurationName: aws.String("small"), MinSize: aws.Int32(0), MaxSize: aws.Int32(1),
		AvailabilityZones: []string{"us-east-1a"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		_, err := groups.PutLifecycleHook(ctx, &autoscaling.PutLifecycleHookInput{AutoScalingGroupName: &name,
			LifecycleHookName: aws.String(fmt.Sprintf("hook-%d", i)), LifecycleTransition: aws.String("autoscaling:EC2_INSTANCE_LAUNCHING")})
		if err != nil {
			t.Fatal(err)
		}
	}
}
