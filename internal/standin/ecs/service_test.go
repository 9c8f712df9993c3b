package ecs

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestServiceRunsTasks(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		blue := w.balance.add("blue", elbtypes.TargetTypeEnumIp)
		w.define(types.NetworkModeAwsvpc)
		w.serve(2, func(in *sdk.CreateServiceInput) { in.LoadBalancers = behind(blue) })
		v := w.web()
		if v.RunningCount != 2 || v.PendingCount != 0 || v.Deployments[0].RolloutState != types.DeploymentRolloutStateCompleted {
			t.Errorf("the service is %+v", v)
		}
		if got := w.balance.targets(blue); !slices.Equal(got, []string{"10.0.0.1:8080", "10.0.0.2:8080"}) {
			t.Errorf("targets are %v", got)
		}
		w.said("(service web) has started 2 tasks: (task #) (task #).", "(service web) registered 1 targets in (target-group "+blue+")",
			"(service web) (deployment #) deployment completed.", "(service web) has reached a steady state.")
		one := w.tasks("")[0]
		if *one.LastStatus != running || *one.Group != "service:web" || *one.StartedBy != *v.Deployments[0].Id || *one.PlatformVersion != "1.4.0" ||
			*one.Containers[0].NetworkInterfaces[0].PrivateIpv4Address == "" || *one.Containers[0].RuntimeId == "" {
			t.Errorf("the task is %+v", one)
		}

		// A container that ends is replaced, and the task says why.
		w.dock.happens(taskID(*one.TaskArn), "web", func(c *ContainerSight) { c.State, c.ExitCode = stopped, aws.Int32(137) })
		w.settle()
		over := w.tasks(types.DesiredStatusStopped)[0]
		if *over.LastStatus != stopped || over.StopCode != types.TaskStopCodeEssentialContainerExited ||
			*over.StoppedReason != "Essential container in task exited" || *over.Containers[0].ExitCode != 137 {
			t.Errorf("the task that has ended is %+v", over)
		}
		if n := len(w.tasks("")); n != 2 || len(w.dock.loaded()) != 2 || len(w.balance.targets(blue)) != 2 {
			t.Errorf("there are %d tasks, the engine has %v, targets are %v", n, w.dock.loaded(), w.balance.targets(blue))
		}

		// A restart of the server changes nothing.
		before := w.dock.loaded()
		w.stop()
		w.start()
		w.settle()
		if got := w.dock.loaded(); !slices.Equal(got, before) {
			t.Errorf("after a restart the engine has %v, want %v", got, before)
		}

	})
}

func TestServiceGoesWhenItHasDrained(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		blue := w.balance.add("blue", elbtypes.TargetTypeEnumIp)
		w.define(types.NetworkModeAwsvpc)
		w.serve(2, func(in *sdk.CreateServiceInput) { in.LoadBalancers = behind(blue) })
		w.balance.drains = true
		must[*sdk.UpdateServiceOutput](t)(w.UpdateService(t.Context(), &sdk.UpdateServiceInput{Service: aws.String("web"), DesiredCount: aws.Int32(1)}))
		w.settle()
		if got := w.dock.loaded(); len(got) != 2 || *w.tasks(types.DesiredStatusStopped)[0].LastStatus != deactivating {
			t.Errorf("before the target has drained the engine has %v", got)
		}
		w.balance.free()
		w.settle()
		if got := w.dock.loaded(); len(got) != 1 {
			t.Errorf("the engine has %v, want one", got)
		}
		w.said("(service web) has stopped 1 running tasks: (task #).", "(service web) deregistered 1 targets in (target-group "+blue+")",
			"(service web) has begun draining connections on 1 tasks.", "(service web) has reached a steady state.")

		_, err := w.DeleteService(t.Context(), &sdk.DeleteServiceInput{Service: aws.String("web")})
		w.refused(err, "InvalidParameterException", "The service cannot be stopped while it is scaled above 0.")
		must[*sdk.DeleteServiceOutput](t)(w.DeleteService(t.Context(), &sdk.DeleteServiceInput{Service: aws.String("web"), Force: aws.Bool(true)}))
		w.settle()
		if v := w.web(); *v.Status != inactive || len(w.dock.loaded()) > 0 || len(w.balance.targets(blue)) > 0 {
			t.Errorf("after its deletion the service is %s, the engine has %v", *v.Status, w.dock.loaded())
		}
		must[*sdk.DeleteClusterOutput](t)(w.DeleteCluster(t.Context(), &sdk.DeleteClusterInput{Cluster: aws.String("default")}))
		time.Sleep(2 * rememberFor)
		w.stop()
		w.start()
		if n := len(w.service.tasks.All()) + len(w.service.services.All()); n != 0 {
			t.Errorf("%d records are kept for ever", n)
		}
	})
}

func TestRollingUpdate(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		blue := w.balance.add("blue", elbtypes.TargetTypeEnumInstance)
		w.define(types.NetworkModeBridge)
		w.serve(2, func(in *sdk.CreateServiceInput) {
			in.LaunchType, in.NetworkConfiguration, in.LoadBalancers = types.LaunchTypeEc2, nil, behind(blue)
			in.DeploymentConfiguration = &types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: true}}
		})
		if got := w.balance.targets(blue); !slices.Equal(got, []string{InstanceID + ":32001", InstanceID + ":32002"}) {
			t.Errorf("targets are %v", got)
		}
		second := w.define(types.NetworkModeBridge)
		update := func(change func(*sdk.UpdateServiceInput)) {
			in := &sdk.UpdateServiceInput{Service: aws.String("web"), TaskDefinition: aws.String("web")}
			change(in)
			must[*sdk.UpdateServiceOutput](t)(w.UpdateService(t.Context(), in))
		}
		update(func(*sdk.UpdateServiceInput) {})
		w.settle()
		v := w.web()
		if len(v.Deployments) != 1 || *v.Deployments[0].TaskDefinition != *second.TaskDefinitionArn || v.RunningCount != 2 {
			t.Errorf("the service is %+v", v)
		}
		if w.dock.started != 4 {
			t.Errorf("%d tasks were started, want 4", w.dock.started)
		}

		// A revision that cannot start is rolled back, and never takes from those that serve.
		w.dock.refuses["bad"] = &StartError{"web", "CannotPullContainerError: no such image"}
		w.define(types.NetworkModeBridge, func(in *sdk.RegisterTaskDefinitionInput) { in.ContainerDefinitions[0].Image = aws.String("bad") })
		update(func(*sdk.UpdateServiceInput) {})
		for range 6 {
			w.settle()
			if n := len(w.balance.targets(blue)); n != 2 {
				t.Errorf("%d targets while a deployment fails", n)
			}
		}
		w.said("(service web) was unable to start (task #). Reason: CannotPullContainerError: no such image",
			"(service web) (deployment #) deployment failed: tasks failed to start.", "(service web) rolling back to deployment "+*v.Deployments[0].Id+".")
		if v := w.web(); len(v.Deployments) != 1 || *v.TaskDefinition != *second.TaskDefinitionArn || v.Deployments[0].RolloutState != types.DeploymentRolloutStateCompleted {
			t.Errorf("after the rollback the service is %+v", v)
		}
		over := w.tasks(types.DesiredStatusStopped)
		bad := slices.IndexFunc(over, func(t types.Task) bool { return t.StopCode == types.TaskStopCodeTaskFailedToStart })
		if bad < 0 || *over[bad].Containers[0].Reason != "CannotPullContainerError: no such image" {
			t.Errorf("tasks that are over: %+v", over)
		}

		// With no room above, half go first.
		update(func(in *sdk.UpdateServiceInput) {
			in.TaskDefinition, in.ForceNewDeployment = second.TaskDefinitionArn, true
			in.DeploymentConfiguration = &types.DeploymentConfiguration{MaximumPercent: aws.Int32(100), MinimumHealthyPercent: aws.Int32(50)}
		})
		w.settle()
		if v := w.web(); len(v.Deployments) != 1 || v.RunningCount != 2 {
			t.Errorf("the service is %+v", v)
		}
	})
}

func TestUnhealthyTasksAreReplaced(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		blue := w.balance.add("blue", elbtypes.TargetTypeEnumIp)
		w.define(types.NetworkModeAwsvpc, func(in *sdk.RegisterTaskDefinitionInput) {
			in.ContainerDefinitions[0].HealthCheck = &types.HealthCheck{Command: []string{"CMD", "/check"}}
		})
		w.serve(1, func(in *sdk.CreateServiceInput) {
			in.LoadBalancers, in.HealthCheckGracePeriodSeconds = behind(blue), aws.Int32(60)
		})
		if v := w.web(); v.RunningCount != 1 || v.Deployments[0].RolloutState != types.DeploymentRolloutStateInProgress {
			t.Errorf("before its health is known the service is %+v", v)
		}
		first := taskID(*w.tasks("")[0].TaskArn)
		healthy := func(c *ContainerSight) { c.Health = types.HealthStatusHealthy }
		w.dock.happens(first, "web", healthy)
		w.settle()
		if v := w.web(); v.Deployments[0].RolloutState != types.DeploymentRolloutStateCompleted {
			t.Errorf("the service is %+v", v)
		}
		w.dock.happens(first, "web", func(c *ContainerSight) { c.Health = types.HealthStatusUnhealthy })
		w.settle()
		second := taskID(*w.tasks("")[0].TaskArn)
		if over := w.tasks(types.DesiredStatusStopped); second == first || *over[0].StoppedReason != "Task failed container health checks" {
			t.Errorf("after its check has failed, tasks that are over are %+v", over)
		}

		// The load balancer's opinion counts after the grace period.
		w.dock.happens(second, "web", healthy)
		w.balance.set(blue, elbtypes.TargetHealthStateEnumUnhealthy)
		w.settle()
		if now := taskID(*w.tasks("")[0].TaskArn); now != second {
			t.Error("the task was replaced within its grace period")
		}
		time.Sleep(time.Minute)
		w.settle()
		if over := w.tasks(types.DesiredStatusStopped); len(over) < 2 || *over[1].StoppedReason != "Task failed ELB health checks in (target-group "+blue+")" {
			t.Errorf("after its target was unhealthy, tasks that are over are %+v", over)
		}
		w.said("(service web) (task #) failed container health checks.",
			"(service web) (task #) (port 8080) is unhealthy in (target-group "+blue+") due to (reason Health checks failed).")
	})
}

func TestHoldsOff(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.dock.refuses["web:1"] = &StartError{"web", "CannotStartContainerError: no"}
		w.define(types.NetworkModeAwsvpc)
		w.serve(3)
		time.Sleep(10 * time.Minute)
		w.settle()
		if n := len(w.tasks(types.DesiredStatusStopped)); n < 3*10 || n > 3*22 {
			t.Errorf("%d tasks were tried in ten minutes", n)
		}
		w.said("(service web) is unable to consistently start tasks successfully. For more information, see the stopped reasons of its tasks.")
	})
}

func TestEngineComesAndGoes(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.dock.goes(errNoEngine)
		w.define(types.NetworkModeAwsvpc)
		w.serve(1)
		w.said("(service web) was unable to place a task because no container instance met all of its requirements. Reason: install an engine")
		if n := len(w.web().Events); n != 1 {
			t.Errorf("%d events say the same", n)
		}
		out := must[*sdk.RunTaskOutput](t)(w.RunTask(t.Context(), &sdk.RunTaskInput{TaskDefinition: aws.String("web"), NetworkConfiguration: network}))
		if len(out.Tasks) != 0 || *out.Failures[0].Reason != "AGENT" || *out.Failures[0].Detail != "install an engine" {
			t.Errorf("without an engine RunTask says %+v", out)
		}
		w.dock.goes(nil)
		w.settle()
		if v := w.web(); v.RunningCount != 1 {
			t.Errorf("with an engine the service is %+v", v)
		}

		// While it is away, nothing is known and nothing is changed; what was asked for is done then.
		before := w.tasks("")[0]
		w.dock.goes(errNoEngine)
		must[*sdk.StopTaskOutput](t)(w.StopTask(t.Context(), &sdk.StopTaskInput{Task: before.TaskArn, Reason: aws.String("enough")}))
		w.settle()
		if len(w.dock.loaded()) != 1 || len(w.tasks("")) != 0 {
			t.Errorf("while the engine is away it has %v", w.dock.loaded())
		}
		w.dock.goes(nil)
		time.Sleep(time.Minute)
		w.settle()
		over := w.tasks(types.DesiredStatusStopped)[0]
		if *over.LastStatus != stopped || *over.StoppedReason != "enough" || over.StopCode != types.TaskStopCodeUserInitiated || w.web().RunningCount != 1 {
			t.Errorf("when the engine is back the task is %+v", over)
		}
		if got := w.dock.loaded(); len(got) != 1 || got[0] == taskID(*before.TaskArn) {
			t.Errorf("the engine has %v", got)
		}
	})
}
