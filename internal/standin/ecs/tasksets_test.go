package ecs

import (
	"errors"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/identity"
)

var errNoEngine = errors.New("install an engine")

// TestBlueGreen is what CodeDeploy does with a service.
func TestBlueGreen(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		blue, green := w.balance.add("blue", elbtypes.TargetTypeEnumIp), w.balance.add("green", elbtypes.TargetTypeEnumIp)
		w.define(types.NetworkModeAwsvpc)
		w.serve(2, func(in *sdk.CreateServiceInput) {
			in.LoadBalancers, in.DeploymentController = behind(blue), controlledBy(types.DeploymentControllerTypeCodeDeploy)
		})
		v := w.web()
		if len(v.Deployments) != 0 || len(v.TaskSets) != 1 || *v.TaskSets[0].Status != primary || v.TaskSets[0].StabilityStatus != types.StabilityStatusSteadyState {
			t.Fatalf("the service is %+v", v)
		}
		second := w.define(types.NetworkModeAwsvpc)
		for what, in := range map[string]*sdk.UpdateServiceInput{
			"Unable to update task definition on services with a CODE_DEPLOY deployment controller. Use AWS CodeDeploy to trigger a new deployment.": {TaskDefinition: aws.String("web")},
			"Unable to update load balancers on services with a CODE_DEPLOY deployment controller.":                                                  {LoadBalancers: behind(green)},
			"Unable to update network parameters on services with a CODE_DEPLOY deployment controller.":                                              {NetworkConfiguration: network},
			"Unable to force a new deployment on services with a CODE_DEPLOY deployment controller.":                                                 {ForceNewDeployment: true},
		} {
			in.Service = aws.String("web")
			_, err := w.UpdateService(t.Context(), in)
			w.refused(err, "InvalidParameterException", what)
		}

		create := &sdk.CreateTaskSetInput{
			Service: aws.String("web"), Cluster: aws.String("default"), TaskDefinition: second.TaskDefinitionArn, LoadBalancers: behind(green),
			NetworkConfiguration: network, LaunchType: types.LaunchTypeFargate, ClientToken: aws.String("d-1"), ExternalId: aws.String("d-1"),
			Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: 50},
		}
		made := must[*sdk.CreateTaskSetOutput](t)(w.CreateTaskSet(t.Context(), create)).TaskSet
		if made.StabilityStatus != types.StabilityStatusStabilizing || made.ComputedDesiredCount != 1 || *made.Status != active {
			t.Errorf("the new task set is %+v", made)
		}
		if again := must[*sdk.CreateTaskSetOutput](t)(w.CreateTaskSet(t.Context(), create)).TaskSet; *again.Id != *made.Id {
			t.Error("the same token has made another task set")
		}
		w.settle()
		must[*sdk.UpdateTaskSetOutput](t)(w.UpdateTaskSet(t.Context(), &sdk.UpdateTaskSetInput{
			Cluster: aws.String("default"), Service: aws.String("web"), TaskSet: made.TaskSetArn, Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: 100}}))
		w.settle()
		sets := must[*sdk.DescribeTaskSetsOutput](t)(w.DescribeTaskSets(t.Context(), &sdk.DescribeTaskSetsInput{
			Cluster: aws.String("default"), Service: aws.String("web"), TaskSets: []string{*made.Id, "ecs-svc/1"}}))
		if len(sets.TaskSets) != 1 || sets.TaskSets[0].RunningCount != 2 || sets.TaskSets[0].StabilityStatus != types.StabilityStatusSteadyState || len(sets.Failures) != 1 {
			t.Errorf("the task sets are %+v", sets)
		}
		if n := len(w.balance.targets(green)); n != 2 || len(w.balance.targets(blue)) != 2 {
			t.Errorf("%d targets in the green group", n)
		}
		w.said("(service web, taskSet "+*made.Id+") has started 1 tasks: (task #).", "(service web, taskSet "+*made.Id+") registered 1 targets in (target-group "+green+")")

		// The other one serves; the first goes.
		old := w.web().TaskSets[0]
		_, err := w.DeleteTaskSet(t.Context(), &sdk.DeleteTaskSetInput{Cluster: aws.String("default"), Service: aws.String("web"), TaskSet: old.Id})
		w.refused(err, "InvalidParameterException", "The primary task set")
		must[*sdk.UpdateServicePrimaryTaskSetOutput](t)(w.UpdateServicePrimaryTaskSet(t.Context(), &sdk.UpdateServicePrimaryTaskSetInput{
			Cluster: aws.String("default"), Service: aws.String("web"), PrimaryTaskSet: made.Id}))
		if v := w.web(); *v.TaskDefinition != *second.TaskDefinitionArn || *v.LoadBalancers[0].TargetGroupArn != green || *v.TaskSets[0].Status != active {
			t.Errorf("with another primary task set the service is %+v", v)
		}
		_, err = w.DeleteTaskSet(t.Context(), &sdk.DeleteTaskSetInput{Cluster: aws.String("default"), Service: aws.String("web"), TaskSet: old.Id})
		w.refused(err, "InvalidParameterException", "scaled above 0")
		out := must[*sdk.DeleteTaskSetOutput](t)(w.DeleteTaskSet(t.Context(), &sdk.DeleteTaskSetInput{
			Cluster: aws.String("default"), Service: aws.String("web"), TaskSet: old.Id, Force: aws.Bool(true)}))
		if *out.TaskSet.Status != draining {
			t.Errorf("the deleted task set is %+v", out.TaskSet)
		}
		w.settle()
		if v := w.web(); len(v.TaskSets) != 1 || len(w.balance.targets(blue)) != 0 || len(w.dock.loaded()) != 2 {
			t.Errorf("after the deletion the service is %+v", v)
		}
	})
}

func TestExternalController(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.define(types.NetworkModeAwsvpc)
		external := func(in *sdk.CreateServiceInput) {
			in.TaskDefinition, in.NetworkConfiguration, in.LaunchType, in.DeploymentController = nil, nil, "", controlledBy(types.DeploymentControllerTypeExternal)
		}
		w.serve(3, external)
		set := must[*sdk.CreateTaskSetOutput](t)(w.CreateTaskSet(t.Context(), &sdk.CreateTaskSetInput{
			Cluster: aws.String("default"), Service: aws.String("web"), TaskDefinition: aws.String("web"), NetworkConfiguration: network,
			Scale: &types.Scale{Unit: types.ScaleUnitPercent, Value: 50}})).TaskSet
		w.settle()
		if v := w.web(); v.RunningCount != 2 || v.TaskSets[0].ComputedDesiredCount != 2 || *set.Status != active {
			t.Errorf("the service is %+v", v)
		}
	})
}

func TestRefusals(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		blue, byInstance := w.balance.add("blue", elbtypes.TargetTypeEnumIp), w.balance.add("instance", elbtypes.TargetTypeEnumInstance)
		alone := w.balance.add("alone", elbtypes.TargetTypeEnumIp)
		w.balance.groups[alone].LoadBalancerArns = nil
		w.define(types.NetworkModeAwsvpc)
		w.serve(1, func(in *sdk.CreateServiceInput) {
			in.LoadBalancers, in.DeploymentController = behind(blue), controlledBy(types.DeploymentControllerTypeCodeDeploy)
		})
		for name, test := range map[string]struct {
			change     func(*sdk.CreateServiceInput)
			code, text string
		}{
			"cluster":    {func(in *sdk.CreateServiceInput) { in.Cluster = aws.String("gone") }, "ClusterNotFoundException", "Cluster not found."},
			"again":      {func(in *sdk.CreateServiceInput) { in.ServiceName = aws.String("web") }, "InvalidParameterException", "Creation of service was not idempotent."},
			"definition": {func(in *sdk.CreateServiceInput) { in.TaskDefinition = aws.String("gone") }, "ClientException", "TaskDefinition not found."},
			"count":      {func(in *sdk.CreateServiceInput) { in.DesiredCount = aws.Int32(-1) }, "InvalidParameterException", "desiredCount"},
			"network": {func(in *sdk.CreateServiceInput) { in.NetworkConfiguration = nil }, "InvalidParameterException",
				"Network Configuration must be provided when networkMode 'awsvpc' is specified."},
			"container": {func(in *sdk.CreateServiceInput) {
				in.LoadBalancers = behind(blue)
				in.LoadBalancers[0].ContainerName = aws.String("gone")
			}, "InvalidParameterException", "The container gone does not exist in the task definition."},
			"port": {func(in *sdk.CreateServiceInput) {
				in.LoadBalancers = behind(blue)
				in.LoadBalancers[0].ContainerPort = aws.Int32(9)
			}, "InvalidParameterException", "The container web did not have a container port 9 defined."},
			"group": {func(in *sdk.CreateServiceInput) { in.LoadBalancers = behind(groupARN("gone")) }, "InvalidParameterException", "The specified target group does not exist"},
			"no balancer": {func(in *sdk.CreateServiceInput) { in.LoadBalancers = behind(alone) }, "InvalidParameterException",
				"The target group with targetGroupArn " + alone + " does not have an associated load balancer."},
			"kind": {func(in *sdk.CreateServiceInput) { in.LoadBalancers = behind(byInstance) }, "InvalidParameterException",
				"has target type instance, which is incompatible with the awsvpc network mode specified in the task definition."},
			"somebody's group": {func(in *sdk.CreateServiceInput) { in.LoadBalancers = behind(blue) }, "InvalidParameterException",
				"The target group " + blue + " is already in use by the service web."},
			"percents": {func(in *sdk.CreateServiceInput) {
				in.DeploymentConfiguration = &types.DeploymentConfiguration{MaximumPercent: aws.Int32(100), MinimumHealthyPercent: aws.Int32(100)}
			}, "InvalidParameterException", "as this will block deployments"},
		} {
			in := &sdk.CreateServiceInput{ServiceName: aws.String("other"), TaskDefinition: aws.String("web"), DesiredCount: aws.Int32(1),
				NetworkConfiguration: network, LaunchType: types.LaunchTypeFargate}
			test.change(in)
			t.Log(name)
			_, err := w.CreateService(t.Context(), in)
			w.refused(err, test.code, test.text)
		}
		_, err := w.UpdateService(t.Context(), &sdk.UpdateServiceInput{Service: aws.String("gone")})
		w.refused(err, "ServiceNotFoundException", "Service not found.")
		_, err = w.UpdateTaskSet(t.Context(), &sdk.UpdateTaskSetInput{Cluster: aws.String("default"), Service: aws.String("web"), TaskSet: aws.String("ecs-svc/1"),
			Scale: &types.Scale{Unit: types.ScaleUnitPercent}})
		w.refused(err, "TaskSetNotFoundException", "The specified task set does not exist.")
		_, err = w.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{TaskDefinition: aws.String("gone:1")})
		w.refused(err, "ClientException", "Unable to describe task definition.")
		_, err = w.StopTask(t.Context(), &sdk.StopTaskInput{Task: aws.String("gone")})
		w.refused(err, "InvalidParameterException", "The referenced task was not found.")
		_, err = w.DeleteCluster(t.Context(), &sdk.DeleteClusterInput{Cluster: aws.String("default")})
		w.refused(err, "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
	})
}

func TestFixedPortsAreOneTasks(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.define(types.NetworkModeBridge, func(in *sdk.RegisterTaskDefinitionInput) {
			in.ContainerDefinitions[0].PortMappings[0].HostPort = aws.Int32(9000)
		})
		w.serve(2, func(in *sdk.CreateServiceInput) { in.LaunchType, in.NetworkConfiguration = types.LaunchTypeEc2, nil })
		if got := w.dock.loaded(); len(got) != 1 {
			t.Errorf("the engine has %v", got)
		}
		w.said("(service web) was unable to place a task because no container instance met all of its requirements. " +
			"Reason: The closest matching container-instance # is already using a port required by your task: 9000/tcp, of (task #).")
		out := must[*sdk.RunTaskOutput](t)(w.RunTask(t.Context(), &sdk.RunTaskInput{TaskDefinition: aws.String("web")}))
		if len(out.Failures) != 1 || *out.Failures[0].Reason != "RESOURCE:PORTS" {
			t.Errorf("RunTask says %+v", out)
		}
	})
}

func TestRunTask(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.define(types.NetworkModeAwsvpc)
		in := &sdk.RunTaskInput{TaskDefinition: aws.String("web"), NetworkConfiguration: network, Count: aws.Int32(2), StartedBy: aws.String("me"),
			Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{
				Name: aws.String("web"), Command: []string{"once"}, Environment: []types.KeyValuePair{{Name: aws.String("A"), Value: aws.String("b")}},
			}}}}
		ran := must[*sdk.RunTaskOutput](t)(w.RunTask(t.Context(), in)).Tasks
		w.settle()
		id := taskID(*ran[0].TaskArn)
		c := w.dock.tasks[id].w.Containers[0]
		if len(ran) != 2 || c.Command[0] != "once" || *c.Environment[0].Value != "b" {
			t.Errorf("the container is %+v", c)
		}
		w.dock.happens(id, "web", func(c *ContainerSight) { c.State, c.ExitCode = stopped, aws.Int32(0) })
		w.settle()
		over := w.tasks(types.DesiredStatusStopped)
		if len(over) != 1 || *over[0].LastStatus != stopped || len(w.tasks("")) != 1 || *over[0].StartedBy != "me" || *over[0].Group != "family:web" {
			t.Errorf("tasks that are over: %+v", over)
		}
		in.ClientToken, in.Overrides.ContainerOverrides[0].Name = nil, aws.String("gone") // the client has set the token
		_, err := w.RunTask(t.Context(), in)
		w.refused(err, "InvalidParameterException", "Override for container named gone is not a container in the TaskDefinition.")
	})
}

func TestDefinitions(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		first, second := w.define(types.NetworkModeAwsvpc), w.define(types.NetworkModeAwsvpc)
		if second.Revision != 2 || !slices.Contains(second.Compatibilities, types.CompatibilityFargate) || !*second.ContainerDefinitions[0].Essential ||
			*second.ContainerDefinitions[0].PortMappings[0].HostPort != 8080 {
			t.Errorf("the second revision is %+v", second)
		}
		must[*sdk.DeregisterTaskDefinitionOutput](t)(w.DeregisterTaskDefinition(t.Context(), &sdk.DeregisterTaskDefinitionInput{TaskDefinition: second.TaskDefinitionArn}))
		if got := must[*sdk.DescribeTaskDefinitionOutput](t)(w.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{TaskDefinition: aws.String("web")})); got.TaskDefinition.Revision != 1 {
			t.Errorf("the newest active revision is %+v", got.TaskDefinition)
		}
		if got := must[*sdk.ListTaskDefinitionsOutput](t)(w.ListTaskDefinitions(t.Context(), &sdk.ListTaskDefinitionsInput{})).TaskDefinitionArns; !slices.Equal(got, []string{*first.TaskDefinitionArn}) {
			t.Errorf("active revisions are %v", got)
		}
		if third := w.define(types.NetworkModeAwsvpc); third.Revision != 3 {
			t.Errorf("the third revision is %d", third.Revision)
		}
		must[*sdk.DeleteTaskDefinitionsOutput](t)(w.DeleteTaskDefinitions(t.Context(), &sdk.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"web:2"}}))
		w.settle()
		_, err := w.DescribeTaskDefinition(t.Context(), &sdk.DescribeTaskDefinitionInput{TaskDefinition: aws.String("web:2")})
		w.refused(err, "ClientException", "Unable to describe task definition.")

		for text, change := range map[string]func(*sdk.RegisterTaskDefinitionInput){
			"Container list cannot be empty.": func(in *sdk.RegisterTaskDefinitionInput) {
				in.ContainerDefinitions = []types.ContainerDefinition{}
			},
			"Invalid setting for container 'web'. At least one of 'memory' or 'memoryReservation' must be specified.": func(in *sdk.RegisterTaskDefinitionInput) {
				in.Memory = nil
			},
			"Fargate only supports network mode ‘awsvpc’.": func(in *sdk.RegisterTaskDefinitionInput) {
				in.NetworkMode, in.RequiresCompatibilities = types.NetworkModeBridge, []types.Compatibility{types.CompatibilityFargate}
			},
			"No Fargate configuration exists for given values": func(in *sdk.RegisterTaskDefinitionInput) {
				in.Memory, in.RequiresCompatibilities = aws.String("9000"), []types.Compatibility{types.CompatibilityFargate}
			},
			"When networkMode=awsvpc, the host ports and container ports in port mappings must match.": func(in *sdk.RegisterTaskDefinitionInput) {
				in.ContainerDefinitions[0].PortMappings[0].HostPort = aws.Int32(80)
			},
			"This server's containers cannot have privileged, volumes.host.sourcePath.": func(in *sdk.RegisterTaskDefinitionInput) {
				in.ContainerDefinitions[0].Privileged = aws.Bool(true)
				in.Volumes = []types.Volume{{Name: aws.String("v"), Host: &types.HostVolumeProperties{SourcePath: aws.String("/etc")}}}
			},
			"The containers depend on each other in a circle.": func(in *sdk.RegisterTaskDefinitionInput) {
				in.ContainerDefinitions[0].DependsOn = []types.ContainerDependency{{ContainerName: aws.String("web"), Condition: types.ContainerConditionStart}}
			},
		} {
			in := &sdk.RegisterTaskDefinitionInput{Family: aws.String("web"), NetworkMode: types.NetworkModeAwsvpc, Cpu: aws.String("256"), Memory: aws.String("0.5 GB"),
				ContainerDefinitions: []types.ContainerDefinition{{Name: aws.String("web"), Image: aws.String("web:1"), PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(8080)}}}}}
			change(in)
			_, err := w.RegisterTaskDefinition(t.Context(), in)
			w.refused(err, "ClientException", text)
		}
	})
}

// TestPolicies: what a policy says of clusters and of tags holds.
func TestPolicies(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		policy, err := identity.ParsePolicy(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Action":"ecs:*","Resource":"*","Condition":{"ArnEquals":{"ecs:cluster":"arn:aws:ecs:us-east-1:123456789012:cluster/default"}}},
			{"Effect":"Allow","Action":"ecs:CreateCluster","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"shop"}}}]}`)
		if err != nil {
			t.Fatal(err)
		}
		caller := identity.Caller{ARN: "arn:aws:iam::" + account + ":user/anna", AccountID: account, Policies: []identity.Policy{policy}}
		anna := w.as(caller)
		must[*sdk.ListTasksOutput](t)(anna.ListTasks(t.Context(), &sdk.ListTasksInput{}))
		_, err = anna.ListTasks(t.Context(), &sdk.ListTasksInput{Cluster: aws.String("other")})
		w.refused(err, "AccessDeniedException", "ecs:ListTasks")
		_, err = anna.CreateCluster(t.Context(), &sdk.CreateClusterInput{ClusterName: aws.String("other")})
		w.refused(err, "AccessDeniedException", "ecs:CreateCluster")
		made := must[*sdk.CreateClusterOutput](t)(anna.CreateCluster(t.Context(), &sdk.CreateClusterInput{ClusterName: aws.String("other"),
			Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("shop")}}}))
		if got := w.service.TagsOf(*made.Cluster.ClusterArn); len(got) != 1 || got[0].Value != "shop" {
			t.Errorf("tags are %v", got)
		}
		must[*sdk.TagResourceOutput](t)(w.TagResource(t.Context(), &sdk.TagResourceInput{ResourceArn: made.Cluster.ClusterArn,
			Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("web")}, {Key: aws.String("stage")}}}))
		must[*sdk.UntagResourceOutput](t)(w.UntagResource(t.Context(), &sdk.UntagResourceInput{ResourceArn: made.Cluster.ClusterArn, TagKeys: []string{"stage"}}))
		got := must[*sdk.ListTagsForResourceOutput](t)(w.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceArn: made.Cluster.ClusterArn}))
		if len(got.Tags) != 1 || *got.Tags[0].Value != "web" {
			t.Errorf("tags are %+v", got.Tags)
		}
	})
}
