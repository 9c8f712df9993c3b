package autoscaling

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
)

func (w *world) complete(n Notification, result string) error {
	_, err := w.CompleteLifecycleAction(w.t.Context(), &sdk.CompleteLifecycleActionInput{
		AutoScalingGroupName: &n.Group, LifecycleHookName: &n.Hook, LifecycleActionToken: &n.Token, LifecycleActionResult: &result,
	})
	return err
}

// notice is the nth notification.
func (w *world) notice(n int) Notification {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.told) <= n {
		w.t.Fatalf("there were %d notifications", len(w.told))
	}
	return w.told[n]
}

// notices is how many notifications there were.
func (w *world) notices() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.told)
}

// deafen has notifications refused; nil has them taken again.
func (w *world) deafen(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = err
}

func TestLaunchWaitsForItsHook(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 2, behindTargetGroup, withHook(launching))
		w.is("i-1 a Pending:Wait")
		w.did("MidLifecycleAction: Launching a new EC2 instance: i-1")
		if w.cloud.is("i-1") != "" {
			t.Error("the instance gets traffic before its hook was completed")
		}
		text, err := json.Marshal(w.notice(0))
		if err != nil {
			t.Fatal(err)
		}
		want := `"AutoScalingGroupName":"web","EC2InstanceId":"i-1","LifecycleTransition":"autoscaling:EC2_INSTANCE_LAUNCHING",` +
			`"LifecycleHookName":"hook","LifecycleActionToken":"` + w.notice(0).Token + `","NotificationMetadata":"meta"}`
		if !strings.HasSuffix(string(text), want) || w.notice(0).Target != "arn:aws:sqs:us-east-1:1:q" {
			t.Errorf("the notification is %s to %s, want …%s", text, w.notice(0).Target, want)
		}
		if err := w.complete(w.notice(0), "CONTINUE"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.is("i-1 a InService")
		if w.notices() != 1 || w.cloud.is("i-1") != "healthy" {
			t.Errorf("%d notifications; behind the load balancer it is %q", w.notices(), w.cloud.is("i-1"))
		}
		w.refused(w.complete(w.notice(0), "CONTINUE"), "ValidationError", "No active Lifecycle Action found with token "+w.notice(0).Token)
	})
}

func TestAbandonedLaunchIsTriedAgain(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 2, withHook(launching))
		if err := w.complete(w.notice(0), "ABANDON"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.is("i-2 a Pending:Wait")
		reason := "Instance failed to complete user's Lifecycle Action: Lifecycle Action with token " + w.notice(0).Token + " was completed with ABANDON Result"
		w.did("MidLifecycleAction: Launching a new EC2 instance: i-2", "Failed: Launching a new EC2 instance: i-1.  Status Reason: "+reason)
	})
}

func TestAbandonedLaunchIsNoTermination(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 2, withHook(launching))
		must[*sdk.PutLifecycleHookOutput](t)(w.PutLifecycleHook(t.Context(), &sdk.PutLifecycleHookInput{
			AutoScalingGroupName: aws.String("web"), LifecycleHookName: aws.String("down"), LifecycleTransition: aws.String(terminating)}))
		if err := w.complete(w.notice(0), "ABANDON"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.is("i-2 a Pending:Wait")
	})
}

func TestHeartbeatsMoveTheDeadline(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 2, withHook(launching))
		for range 3 {
			time.Sleep(9 * time.Minute)
			must[*sdk.RecordLifecycleActionHeartbeatOutput](t)(w.RecordLifecycleActionHeartbeat(t.Context(), &sdk.RecordLifecycleActionHeartbeatInput{
				AutoScalingGroupName: aws.String("web"), LifecycleHookName: aws.String("hook"), InstanceId: aws.String("i-1"),
			}))
		}
		time.Sleep(10*time.Minute - time.Second)
		synctest.Wait()
		w.is("i-1 a Pending:Wait")
		time.Sleep(2 * time.Second)
		w.settle()
		w.is("i-2 a Pending:Wait")
		w.did("MidLifecycleAction: Launching a new EC2 instance: i-2", "Failed: Launching a new EC2 instance: i-1.  Status Reason: Instance failed to "+
			"complete user's Lifecycle Action: Lifecycle Action with token "+w.notice(0).Token+" was abandoned: Heartbeat Timeout")
	})
}

func TestHeartbeatsEndAfterAHundredTimeouts(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 2, withHook(launching))
		must[*sdk.PutLifecycleHookOutput](t)(w.PutLifecycleHook(t.Context(), &sdk.PutLifecycleHookInput{
			AutoScalingGroupName: aws.String("web"), LifecycleHookName: aws.String("hook"), HeartbeatTimeout: aws.Int32(30),
		}))
		w.desire(2) // the second waits for a hook of 30 seconds, 50 minutes at most
		for range 125 {
			_, err := w.RecordLifecycleActionHeartbeat(t.Context(), &sdk.RecordLifecycleActionHeartbeatInput{
				AutoScalingGroupName: aws.String("web"), LifecycleHookName: aws.String("hook"), InstanceId: aws.String("i-2"),
			})
			if err != nil {
				w.refused(err, "ValidationError", "No active Lifecycle Action found with instance ID i-2")
				if since := time.Since(w.notice(1).Time); since < 50*time.Minute || since > 51*time.Minute {
					t.Errorf("it was over after %s, want 50 minutes", since)
				}
				return
			}
			time.Sleep(25 * time.Second)
			synctest.Wait()
		}
		t.Error("heartbeats keep an instance waiting for ever")
	})
}

func TestDefaultResultContinueLetsTheLaunchGoOn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 2, withHook(launching), func(in *sdk.CreateAutoScalingGroupInput) {
			in.LifecycleHookSpecificationList[0].DefaultResult = aws.String("CONTINUE")
		})
		time.Sleep(10 * time.Minute)
		w.settle()
		w.is("i-1 a InService")
	})
}

func TestTerminationWaitsForDrainingThenForItsHook(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 2, behindTargetGroup, withHook(terminating))
		w.desire(0)
		w.is("i-1 a Terminating")
		if w.notices() != 0 || w.cloud.is("i-1") != "draining" {
			t.Errorf("notified %d times while it is %q", w.notices(), w.cloud.is("i-1"))
		}
		w.cloud.drained("i-1")
		w.settle()
		w.is("i-1 a Terminating:Wait")
		if len(w.cloud.alive()) != 1 {
			t.Error("the instance was ended before its hook was completed")
		}
		if err := w.complete(w.notice(0), "ABANDON"); err != nil { // ends it as well
			t.Fatal(err)
		}
		w.settle()
		w.is()
		if len(w.cloud.alive()) != 0 {
			t.Error("the instance still lives")
		}
	})
}

func TestDeletedHookHoldsNobody(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 2, withHook(launching))
		must[*sdk.DeleteLifecycleHookOutput](t)(w.DeleteLifecycleHook(t.Context(), &sdk.DeleteLifecycleHookInput{
			AutoScalingGroupName: aws.String("web"), LifecycleHookName: aws.String("hook"),
		}))
		w.settle()
		w.is("i-2 a InService") // the first is abandoned, as at AWS
	})
}

func TestNotificationsAreNotLost(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.deafen(errors.New("not now"))
		w.group(0, 1, 2, withHook(launching))
		w.is("i-1 a Pending:Wait")
		w.deafen(nil)
		w.settle()
		first := w.notice(0)

		w.restart()
		w.settle()
		if again := w.notice(1); again.Token != first.Token || again.Instance != first.Instance {
			t.Errorf("after the restart it is told %+v, want %+v", again, first)
		}
		if w.notices() != 2 {
			t.Errorf("it was told %d times, want once in each life", w.notices())
		}
		if err := w.complete(first, "CONTINUE"); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.is("i-1 a InService")
	})
}
