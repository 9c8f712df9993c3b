package autoscaling

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
)

func checkedByELB(grace int32) func(*sdk.CreateAutoScalingGroupInput) {
	return func(in *sdk.CreateAutoScalingGroupInput) {
		in.HealthCheckType, in.HealthCheckGracePeriod = aws.String("ELB"), &grace
	}
}

func TestDeadInstanceIsReplaced(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(2, 2, 2, behindTargetGroup)
		w.cloud.kill("i-1")
		w.settle()
		w.is("i-2 b InService", "i-3 a InService")
		w.did("Successful: Launching a new EC2 instance: i-3", "Successful: Terminating EC2 instance: i-1")
		if w.cloud.is("i-1") != "draining" {
			t.Errorf("the dead instance is %q behind the load balancer", w.cloud.is("i-1"))
		}
	})
}

func TestUnhealthyInstanceIsReplacedAfterItsGracePeriod(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(1, 1, 2, behindTargetGroup, checkedByELB(300))
		if err := (balancing{w.cloud}).put(targetGroup, "i-1", "unhealthy"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.is("i-1 a InService")
		time.Sleep(300 * time.Second)
		w.settle()
		w.is("i-1 a Terminating Unhealthy", "i-2 a InService")
		w.did("Successful: Launching a new EC2 instance: i-2", "InProgress: Terminating EC2 instance: i-1")
	})
}

func TestOnlyEC2sOpinionCountsWhereELBsIsNotAskedFor(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(1, 1, 2, behindTargetGroup)
		if err := (balancing{w.cloud}).put(targetGroup, "i-1", "unhealthy"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.is("i-1 a InService")
	})
}

func TestSetInstanceHealth(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(1, 1, 2, func(in *sdk.CreateAutoScalingGroupInput) { in.HealthCheckGracePeriod = aws.Int32(300) })
		set := func(health string, respect bool) error {
			_, err := w.SetInstanceHealth(t.Context(), &sdk.SetInstanceHealthInput{
				InstanceId: aws.String("i-1"), HealthStatus: &health, ShouldRespectGracePeriod: &respect})
			return err
		}
		if err := set("Unhealthy", true); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.is("i-1 a InService")
		w.refused(set("Ill", true), "ValidationError", "use Healthy or Unhealthy")
		if err := set("Unhealthy", false); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.is("i-2 a InService")
		w.refused(set("Unhealthy", false), "ValidationError", "No managed instance found for instance ID: i-1")
	})
}

func TestSuspendedProcesses(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		suspend := func(names ...string) {
			must[*sdk.SuspendProcessesOutput](t)(w.SuspendProcesses(t.Context(),
				&sdk.SuspendProcessesInput{AutoScalingGroupName: aws.String("web"), ScalingProcesses: names}))
		}
		resume := func(names ...string) {
			must[*sdk.ResumeProcessesOutput](t)(w.ResumeProcesses(t.Context(),
				&sdk.ResumeProcessesInput{AutoScalingGroupName: aws.String("web"), ScalingProcesses: names}))
			w.settle()
		}
		w.group(0, 1, 4, behindTargetGroup)
		suspend("Launch", "Terminate")
		w.desire(2)
		w.is("i-1 a InService")
		resume("Launch")
		w.is("i-1 a InService", "i-2 b InService")
		w.desire(1)
		w.is("i-1 a InService", "i-2 b InService")
		w.desire(2)
		resume()

		suspend("ReplaceUnhealthy")
		w.cloud.kill("i-1")
		w.settle()
		w.is("i-1 a InService Unhealthy", "i-2 b InService")
		resume()
		w.is("i-2 b InService", "i-3 a InService")

		// What comes while AddToLoadBalancer is suspended stays out, as CodeDeploy wants it.
		suspend("AddToLoadBalancer")
		w.desire(3)
		w.is("i-2 b InService", "i-3 a InService", "i-4 a InService")
		resume()
		if w.cloud.is("i-4") != "" {
			t.Error("the instance was registered when the process was resumed")
		}
		if reason := *func() types.SuspendedProcess { suspend("HealthCheck"); return w.web().SuspendedProcesses[0] }().SuspensionReason; reason[:18] != "User suspended at " {
			t.Errorf("the reason is %q", reason)
		}
	})
}

func TestProtectionHoldsAgainstScaleIn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 2, 4)
		must[*sdk.SetInstanceProtectionOutput](t)(w.SetInstanceProtection(t.Context(), &sdk.SetInstanceProtectionInput{
			AutoScalingGroupName: aws.String("web"), InstanceIds: []string{"i-1"}, ProtectedFromScaleIn: aws.Bool(true)}))
		w.desire(0)
		w.is("i-1 a InService")
		must[*sdk.SetInstanceProtectionOutput](t)(w.SetInstanceProtection(t.Context(), &sdk.SetInstanceProtectionInput{
			AutoScalingGroupName: aws.String("web"), InstanceIds: []string{"i-1"}, ProtectedFromScaleIn: aws.Bool(false)}))
		w.settle()
		w.is()
	})
}

func TestStandby(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(1, 2, 2, behindTargetGroup, withHook(launching), func(in *sdk.CreateAutoScalingGroupInput) {
			in.LifecycleHookSpecificationList[0].DefaultResult = aws.String("CONTINUE")
		})
		time.Sleep(10 * time.Minute)
		w.settle()
		enter := func(id string, decrement bool) error {
			_, err := w.EnterStandby(t.Context(), &sdk.EnterStandbyInput{
				AutoScalingGroupName: aws.String("web"), InstanceIds: []string{id}, ShouldDecrementDesiredCapacity: &decrement})
			w.settle()
			return err
		}
		if err := enter("i-1", true); err != nil {
			t.Fatal(err)
		}
		w.is("i-1 a EnteringStandby", "i-2 b InService")
		w.cloud.drained("i-1")
		w.settle()
		w.is("i-1 a Standby", "i-2 b InService")
		w.did("Successful: Moving EC2 instance to Standby: i-1")
		w.refused(enter("i-2", true), "ValidationError", "AutoScalingGroup web has min-size=1, max-size=2, and desired-size=1. "+
			"To place into standby 1 instance, please update the AutoScalingGroup sizes appropriately.")
		w.refused(enter("i-1", false), "ValidationError", "The instance i-1 is not in InService.")

		told := w.notices()
		must[*sdk.ExitStandbyOutput](t)(w.ExitStandby(t.Context(), &sdk.ExitStandbyInput{
			AutoScalingGroupName: aws.String("web"), InstanceIds: []string{"i-1"}}))
		w.settle()
		w.is("i-1 a InService", "i-2 b InService")
		if w.cloud.is("i-1") != "healthy" || w.notices() != told {
			t.Errorf("back in service it is %q, and its hook ran %d times more", w.cloud.is("i-1"), w.notices()-told)
		}
	})
}

func TestAttachAndDetachInstances(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 2, behindTargetGroup)
		must[*sdk.DetachInstancesOutput](t)(w.DetachInstances(t.Context(), &sdk.DetachInstancesInput{
			AutoScalingGroupName: aws.String("web"), InstanceIds: []string{"i-1"}, ShouldDecrementDesiredCapacity: aws.Bool(false)}))
		w.settle()
		w.cloud.drained("i-1")
		w.settle()
		w.is("i-2 a InService")
		if got := w.cloud.alive(); !slices.Equal(got, []string{"i-1", "i-2"}) {
			t.Errorf("instances that live: %v, want the detached one among them", got)
		}
		attach := func(ids ...string) error {
			_, err := w.AttachInstances(t.Context(), &sdk.AttachInstancesInput{AutoScalingGroupName: aws.String("web"), InstanceIds: ids})
			w.settle()
			return err
		}
		w.refused(attach("i-2"), "ValidationError", "The instance i-2 is already part of AutoScalingGroup: web")
		w.refused(attach("i-9"), "ValidationError", "Invalid Instance ID(s): [i-9] specified")
		w.refused(attach("i-1", "i-9"), "ValidationError", "has min-size=0, max-size=2, and desired-size=1. To attach 2 more instance")
		if err := attach("i-1"); err != nil {
			t.Fatal(err)
		}
		w.is("i-2 a InService", "i-1 a InService")
		if *w.web().DesiredCapacity != 2 || w.cloud.is("i-1") != "healthy" {
			t.Errorf("desired are %d; the instance is %q", *w.web().DesiredCapacity, w.cloud.is("i-1"))
		}
	})
}

func TestTerminateInstance(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(1, 2, 2)
		end := func(id string, decrement bool) error {
			_, err := w.TerminateInstanceInAutoScalingGroup(t.Context(), &sdk.TerminateInstanceInAutoScalingGroupInput{
				InstanceId: &id, ShouldDecrementDesiredCapacity: &decrement})
			w.settle()
			return err
		}
		if err := end("i-1", true); err != nil {
			t.Fatal(err)
		}
		w.is("i-2 b InService")
		w.refused(end("i-2", true), "ValidationError", "Currently, desiredSize equals minSize (1).")
		if err := end("i-2", false); err != nil {
			t.Fatal(err)
		}
		w.is("i-3 a InService")
		w.refused(end("i-2", false), "ValidationError", "Instance Id not found - No managed instance found for instance ID: i-2")
	})
}
