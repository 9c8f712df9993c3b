package api_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

func percent(value int32) *types.MinimumHealthyHosts {
	return &types.MinimumHealthyHosts{Type: types.MinimumHealthyHostsTypeFleetPercent, Value: value}
}

// What the configs of each platform say comes back as it was given.
func TestSDKConfigs(t *testing.T) {
	c := newServer(t).client()
	for _, want := range []types.DeploymentConfigInfo{
		{
			DeploymentConfigName: new("count"), ComputePlatform: types.ComputePlatformServer,
			MinimumHealthyHosts: &types.MinimumHealthyHosts{Type: types.MinimumHealthyHostsTypeHostCount, Value: 3},
		},
		{DeploymentConfigName: new("none"), ComputePlatform: types.ComputePlatformServer, MinimumHealthyHosts: percent(0)},
		{
			DeploymentConfigName: new("zones"), ComputePlatform: types.ComputePlatformServer, MinimumHealthyHosts: percent(50),
			ZonalConfig: &types.ZonalConfig{
				FirstZoneMonitorDurationInSeconds: new(int64(120)), MonitorDurationInSeconds: new(int64(60)),
				MinimumHealthyHostsPerZone: &types.MinimumHealthyHostsPerZone{
					Type: types.MinimumHealthyHostsPerZoneTypeHostCount, Value: 1,
				},
			},
		},
		{
			DeploymentConfigName: new("canary"), ComputePlatform: types.ComputePlatformLambda,
			TrafficRoutingConfig: &types.TrafficRoutingConfig{
				Type:            types.TrafficRoutingTypeTimeBasedCanary,
				TimeBasedCanary: &types.TimeBasedCanary{CanaryPercentage: 20, CanaryInterval: 7},
			},
		},
		{
			DeploymentConfigName: new("linear"), ComputePlatform: types.ComputePlatformEcs,
			TrafficRoutingConfig: &types.TrafficRoutingConfig{
				Type:            types.TrafficRoutingTypeTimeBasedLinear,
				TimeBasedLinear: &types.TimeBasedLinear{LinearPercentage: 25, LinearInterval: 2},
			},
		},
	} {
		want.DeploymentConfigId = call(t, c.CreateDeploymentConfig, &codedeploy.CreateDeploymentConfigInput{
			DeploymentConfigName: want.DeploymentConfigName, ComputePlatform: want.ComputePlatform,
			MinimumHealthyHosts: want.MinimumHealthyHosts, TrafficRoutingConfig: want.TrafficRoutingConfig,
			ZonalConfig: want.ZonalConfig,
		}).DeploymentConfigId
		want.CreateTime = after(0)
		got := call(t, c.GetDeploymentConfig, &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: want.DeploymentConfigName})
		equal(t, *want.DeploymentConfigName, *got.DeploymentConfigInfo, want)
		call(t, c.DeleteDeploymentConfig, &codedeploy.DeleteDeploymentConfigInput{DeploymentConfigName: want.DeploymentConfigName})
	}
}

// The predefined ones, with their values.
func TestSDKPredefinedConfigs(t *testing.T) {
	c := newServer(t).client()
	names := call(t, c.ListDeploymentConfigs, &codedeploy.ListDeploymentConfigsInput{}).DeploymentConfigsList
	equal(t, "number of configs", len(names), 17)
	platforms := map[types.ComputePlatform]int{}
	for _, name := range names {
		info := call(t, c.GetDeploymentConfig, &codedeploy.GetDeploymentConfigInput{DeploymentConfigName: &name}).DeploymentConfigInfo
		platforms[info.ComputePlatform]++
		equal(t, name+" names itself", *info.DeploymentConfigName, name)
		equal(t, name+" has hosts", info.MinimumHealthyHosts != nil, info.ComputePlatform == types.ComputePlatformServer)
		equal(t, name+" routes", info.TrafficRoutingConfig != nil, info.ComputePlatform != types.ComputePlatformServer)
	}
	equal(t, "platforms", platforms, map[types.ComputePlatform]int{
		types.ComputePlatformServer: 3, types.ComputePlatformLambda: 9, types.ComputePlatformEcs: 5,
	})
	got := call(t, c.GetDeploymentConfig, &codedeploy.GetDeploymentConfigInput{
		DeploymentConfigName: new("CodeDeployDefault.LambdaCanary10Percent5Minutes"),
	}).DeploymentConfigInfo
	equal(t, "canary", *got.TrafficRoutingConfig.TimeBasedCanary, types.TimeBasedCanary{CanaryPercentage: 10, CanaryInterval: 5})
}

func TestSDKConfigsRefused(t *testing.T) {
	c := newServer(t).client()
	create := func(name string) *codedeploy.CreateDeploymentConfigInput {
		return &codedeploy.CreateDeploymentConfigInput{DeploymentConfigName: &name, MinimumHealthyHosts: percent(50)}
	}
	call(t, c.CreateDeploymentConfig, create("half"))
	refused[*types.DeploymentConfigNameRequiredException](t, c.CreateDeploymentConfig, create(""))
	refused[*types.InvalidDeploymentConfigNameException](t, c.CreateDeploymentConfig, create("a b"))
	refused[*types.DeploymentConfigAlreadyExistsException](t, c.CreateDeploymentConfig, create("half"))
	in := create("other")
	in.MinimumHealthyHosts = percent(100)
	refused[*types.InvalidMinimumHealthyHostValueException](t, c.CreateDeploymentConfig, in)
	in = create("other")
	in.ComputePlatform = "Mainframe"
	refused[*types.InvalidComputePlatformException](t, c.CreateDeploymentConfig, in)
	in = create("other")
	in.ZonalConfig = &types.ZonalConfig{MonitorDurationInSeconds: new(int64(-1))}
	refused[*types.InvalidZonalDeploymentConfigurationException](t, c.CreateDeploymentConfig, in)
	in.ComputePlatform, in.MinimumHealthyHosts, in.ZonalConfig = types.ComputePlatformLambda, nil, nil
	in.TrafficRoutingConfig = &types.TrafficRoutingConfig{Type: "Sideways"}
	refused[*types.InvalidTrafficRoutingConfigurationException](t, c.CreateDeploymentConfig, in)

	refused[*types.DeploymentConfigDoesNotExistException](t, c.GetDeploymentConfig,
		&codedeploy.GetDeploymentConfigInput{DeploymentConfigName: new("nope")})
	refused[*types.InvalidNextTokenException](t, c.ListDeploymentConfigs,
		&codedeploy.ListDeploymentConfigsInput{NextToken: new("nonsense")})
	web(t, c)
	call(t, c.CreateDeploymentGroup, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: new("web"), DeploymentGroupName: new("prod"), ServiceRoleArn: new(role), DeploymentConfigName: new("half"),
	})
	refused[*types.DeploymentConfigInUseException](t, c.DeleteDeploymentConfig,
		&codedeploy.DeleteDeploymentConfigInput{DeploymentConfigName: new("half")})
	refused[*types.InvalidOperationException](t, c.DeleteDeploymentConfig,
		&codedeploy.DeleteDeploymentConfigInput{DeploymentConfigName: new("CodeDeployDefault.AllAtOnce")})
}
