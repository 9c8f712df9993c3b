package api_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

func group(t *testing.T, c *codedeploy.Client, application, name string) types.DeploymentGroupInfo {
	t.Helper()
	return *call(t, c.GetDeploymentGroup, &codedeploy.GetDeploymentGroupInput{
		ApplicationName: &application, DeploymentGroupName: &name,
	}).DeploymentGroupInfo
}

// inPlace is what a group says of itself when nothing was asked for.
func inPlace(id string) types.DeploymentGroupInfo {
	return types.DeploymentGroupInfo{
		ApplicationName: new("web"), DeploymentGroupName: new("prod"), DeploymentGroupId: &id,
		ComputePlatform: types.ComputePlatformServer, ServiceRoleArn: new(role),
		DeploymentConfigName:      new("CodeDeployDefault.OneAtATime"),
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{},
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeInPlace, DeploymentOption: types.DeploymentOptionWithoutTrafficControl,
		},
		OutdatedInstancesStrategy: types.OutdatedInstancesStrategyUpdate,
	}
}

func TestSDKGroups(t *testing.T) {
	c := newServer(t).client()
	want := inPlace(prod(t, c))
	equal(t, "defaults", group(t, c, "web", "prod"), want)

	update := codedeploy.UpdateDeploymentGroupInput{
		ApplicationName: new("web"), CurrentDeploymentGroupName: new("prod"), NewDeploymentGroupName: new("live"),
		DeploymentConfigName: new("CodeDeployDefault.AllAtOnce"),
		OnPremisesTagSet: &types.OnPremisesTagSet{OnPremisesTagSetList: [][]types.TagFilter{
			{{Key: new("tier"), Value: new("web"), Type: types.TagFilterTypeKeyAndValue}},
			{{Key: new("zone"), Type: types.TagFilterTypeKeyOnly}, {Value: new("any"), Type: types.TagFilterTypeValueOnly}},
		}},
		Ec2TagFilters: []types.EC2TagFilter{{Key: new("tier"), Value: new("web"), Type: types.EC2TagFilterTypeKeyAndValue}},
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{
			Enabled: true, Events: []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentFailure, types.AutoRollbackEventDeploymentStopOnRequest},
		},
		AlarmConfiguration: &types.AlarmConfiguration{
			Enabled: true, IgnorePollAlarmFailure: true, Alarms: []types.Alarm{{Name: new("cpu")}},
		},
		TriggerConfigurations: []types.TriggerConfig{{
			TriggerName: new("told"), TriggerTargetArn: new("arn:aws:sns:us-east-1:000000000000:deployments"),
			TriggerEvents: []types.TriggerEventType{types.TriggerEventTypeDeploymentStart, types.TriggerEventTypeInstanceFailure},
		}},
		OutdatedInstancesStrategy: types.OutdatedInstancesStrategyIgnore,
		TerminationHookEnabled:    new(true),
	}
	changed := call(t, c.UpdateDeploymentGroup, &update)
	equal(t, "hooks that are left", len(changed.HooksNotCleanedUp), 0)
	want.DeploymentGroupName, want.DeploymentConfigName = update.NewDeploymentGroupName, update.DeploymentConfigName
	want.OnPremisesTagSet, want.Ec2TagFilters = update.OnPremisesTagSet, update.Ec2TagFilters
	want.AutoRollbackConfiguration, want.AlarmConfiguration = update.AutoRollbackConfiguration, update.AlarmConfiguration
	want.TriggerConfigurations, want.TerminationHookEnabled = update.TriggerConfigurations, true
	want.OutdatedInstancesStrategy = update.OutdatedInstancesStrategy
	equal(t, "all of it changed", group(t, c, "web", "live"), want)

	batch := call(t, c.BatchGetDeploymentGroups, &codedeploy.BatchGetDeploymentGroupsInput{
		ApplicationName: new("web"), DeploymentGroupNames: []string{"live", "nope"},
	})
	equal(t, "batch", batch.DeploymentGroupsInfo, []types.DeploymentGroupInfo{want})
	equal(t, "what is missing", *batch.ErrorMessage, "No Deployment Group found for name: nope")
	list := call(t, c.ListDeploymentGroups, &codedeploy.ListDeploymentGroupsInput{ApplicationName: new("web")})
	equal(t, "application", *list.ApplicationName, "web")
	equal(t, "groups", list.DeploymentGroups, []string{"live"})
	for range 2 {
		call(t, c.DeleteDeploymentGroup, &codedeploy.DeleteDeploymentGroupInput{ApplicationName: new("web"), DeploymentGroupName: new("live")})
	}
}

// A group of ECS with a load balancer, and blue/green to it.
func TestSDKGroupOfECS(t *testing.T) {
	c := newServer(t).client()
	call(t, c.CreateApplication, &codedeploy.CreateApplicationInput{
		ApplicationName: new("ecs"), ComputePlatform: types.ComputePlatformEcs,
	})
	in := codedeploy.CreateDeploymentGroupInput{
		ApplicationName: new("ecs"), DeploymentGroupName: new("svc"), ServiceRoleArn: new(role),
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
		},
		EcsServices: []types.ECSService{{ClusterName: new("c"), ServiceName: new("s")}},
		LoadBalancerInfo: &types.LoadBalancerInfo{TargetGroupPairInfoList: []types.TargetGroupPairInfo{{
			TargetGroups:     []types.TargetGroupInfo{{Name: new("blue")}, {Name: new("green")}},
			ProdTrafficRoute: &types.TrafficRoute{ListenerArns: []string{"arn:aws:elasticloadbalancing:us-east-1:000000000000:listener/app/l/1/2"}},
		}}},
		BlueGreenDeploymentConfiguration: &types.BlueGreenDeploymentConfiguration{
			DeploymentReadyOption: &types.DeploymentReadyOption{ActionOnTimeout: types.DeploymentReadyActionContinueDeployment},
			TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{
				Action: types.InstanceActionTerminate, TerminationWaitTimeInMinutes: 5,
			},
		},
	}
	id := call(t, c.CreateDeploymentGroup, &in).DeploymentGroupId
	got := group(t, c, "ecs", "svc")
	equal(t, "id", got.DeploymentGroupId, id)
	equal(t, "platform", got.ComputePlatform, types.ComputePlatformEcs)
	equal(t, "style", got.DeploymentStyle, in.DeploymentStyle)
	equal(t, "services", got.EcsServices, in.EcsServices)
	equal(t, "load balancer", got.LoadBalancerInfo, in.LoadBalancerInfo)
	equal(t, "blue/green", got.BlueGreenDeploymentConfiguration, in.BlueGreenDeploymentConfiguration)
	equal(t, "config", *got.DeploymentConfigName, "CodeDeployDefault.ECSAllAtOnce")
}

func TestSDKGroupsRefused(t *testing.T) {
	c := newServer(t).client()
	prod(t, c)
	create := func(change func(*codedeploy.CreateDeploymentGroupInput)) *codedeploy.CreateDeploymentGroupInput {
		in := codedeploy.CreateDeploymentGroupInput{
			ApplicationName: new("web"), DeploymentGroupName: new("other"), ServiceRoleArn: new(role),
		}
		change(&in)
		return &in
	}
	type input = codedeploy.CreateDeploymentGroupInput
	refused[*types.ApplicationDoesNotExistException](t, c.CreateDeploymentGroup, create(func(in *input) { in.ApplicationName = new("nope") }))
	refused[*types.DeploymentGroupNameRequiredException](t, c.CreateDeploymentGroup, create(func(in *input) { in.DeploymentGroupName = new("") }))
	refused[*types.InvalidDeploymentGroupNameException](t, c.CreateDeploymentGroup, create(func(in *input) { in.DeploymentGroupName = new("a/b") }))
	refused[*types.DeploymentGroupAlreadyExistsException](t, c.CreateDeploymentGroup, create(func(in *input) { in.DeploymentGroupName = new("prod") }))
	refused[*types.RoleRequiredException](t, c.CreateDeploymentGroup, create(func(in *input) { in.ServiceRoleArn = new("") }))
	refused[*types.InvalidRoleException](t, c.CreateDeploymentGroup, create(func(in *input) { in.ServiceRoleArn = new("me") }))
	refused[*types.DeploymentConfigDoesNotExistException](t, c.CreateDeploymentGroup, create(func(in *input) { in.DeploymentConfigName = new("nope") }))
	refused[*types.InvalidAutoScalingGroupException](t, c.CreateDeploymentGroup, create(func(in *input) { in.AutoScalingGroups = []string{""} }))
	refused[*types.InvalidECSServiceException](t, c.CreateDeploymentGroup, create(func(in *input) {
		in.EcsServices = []types.ECSService{{ClusterName: new("c"), ServiceName: new("s")}}
	}))
	refused[*types.InvalidLoadBalancerInfoException](t, c.CreateDeploymentGroup, create(func(in *input) {
		in.DeploymentStyle = &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeInPlace, DeploymentOption: types.DeploymentOptionWithTrafficControl,
		}
	}))
	refused[*types.InvalidAutoRollbackConfigException](t, c.CreateDeploymentGroup, create(func(in *input) {
		in.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{Enabled: true}
	}))
	refused[*types.InvalidTriggerConfigException](t, c.CreateDeploymentGroup, create(func(in *input) {
		in.TriggerConfigurations = []types.TriggerConfig{{TriggerName: new("t")}}
	}))
	refused[*types.InvalidOnPremisesTagCombinationException](t, c.CreateDeploymentGroup, create(func(in *input) {
		in.OnPremisesInstanceTagFilters = []types.TagFilter{{Key: new("a")}}
		in.OnPremisesTagSet = &types.OnPremisesTagSet{OnPremisesTagSetList: [][]types.TagFilter{{{Key: new("a")}}}}
	}))
	refused[*types.InvalidTagsToAddException](t, c.CreateDeploymentGroup, create(func(in *input) { in.Tags = []types.Tag{{Key: new("aws:x")}} }))

	refused[*types.DeploymentGroupDoesNotExistException](t, c.GetDeploymentGroup,
		&codedeploy.GetDeploymentGroupInput{ApplicationName: new("web"), DeploymentGroupName: new("nope")})
	refused[*types.DeploymentGroupNameRequiredException](t, c.BatchGetDeploymentGroups,
		&codedeploy.BatchGetDeploymentGroupsInput{ApplicationName: new("web"), DeploymentGroupNames: []string{}})
	refused[*types.ApplicationDoesNotExistException](t, c.ListDeploymentGroups,
		&codedeploy.ListDeploymentGroupsInput{ApplicationName: new("nope")})
	refused[*types.DeploymentGroupDoesNotExistException](t, c.UpdateDeploymentGroup,
		&codedeploy.UpdateDeploymentGroupInput{ApplicationName: new("web"), CurrentDeploymentGroupName: new("nope")})
	refused[*types.InvalidDeploymentGroupNameException](t, c.DeleteDeploymentGroup,
		&codedeploy.DeleteDeploymentGroupInput{ApplicationName: new("web"), DeploymentGroupName: new("a/b")})
}
