package autoscaling

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

const account = "123456789012"

type keys struct{ caller identity.Caller }

func (k keys) Secret(context.Context, string, string) (string, any, error) {
	return "secret", k.caller, nil
}

// A world is the stand-in behind verified signatures, with a client, over a cloud in memory, in
// virtual time.
type world struct {
	*sdk.Client
	t       *testing.T
	cloud   *cloud
	store   *memory
	service *Service
	stop    func()

	mu   sync.Mutex
	told []Notification
	deaf error // what Notify says
}

// inWorld runs a test in virtual time, with the loop running.
func inWorld(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, cloud: newCloud(time.Now), store: &memory{}}
		w.start()
		defer func() { w.stop() }()
		test(t, w)
	})
}

func (w *world) start() {
	w.t.Helper()
	var err error
	w.service, err = Open(w.t.Context(), Config{
		Store: w.store, Region: "us-east-1", Account: account, EC2: w.cloud, ELB: balancing{w.cloud}, Classic: classics{w.cloud},
		Notify: func(_ context.Context, n Notification) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			if w.deaf == nil {
				w.told = append(w.told, n)
			}
			return w.deaf
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.Client = w.as(identity.Administrator(account))
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error)
	go func() { done <- w.service.Run(ctx) }()
	w.stop = func() { cancel(); <-done }
}

func (w *world) as(caller identity.Caller) *sdk.Client {
	handler := awswire.Authenticated(keys{caller}, time.Now, 0, w.service.Wire())
	cfg := awsclient.InProcess(func() http.Handler { return handler }, "us-east-1", "AKIA", "secret")
	cfg.RetryMaxAttempts, cfg.Credentials = 1, credentials.NewStaticCredentialsProvider("AKIA", "secret", "")
	return sdk.NewFromConfig(cfg)
}

// restart ends the server and starts it on what it recorded.
func (w *world) restart() {
	w.stop()
	w.start()
}

// settle lets the loop run until a few seconds have brought nothing new.
func (w *world) settle() {
	for range 20 {
		time.Sleep(time.Second)
		synctest.Wait()
	}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func (w *world) refused(err error, code, text string) {
	w.t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), text) {
		w.t.Errorf("error is %v, want %s: %s", err, code, text)
	}
}

// group makes the group web of the launch template in two zones.
func (w *world) group(least, desired, most int32, with ...func(*sdk.CreateAutoScalingGroupInput)) {
	w.t.Helper()
	in := &sdk.CreateAutoScalingGroupInput{
		AutoScalingGroupName: aws.String("web"), MinSize: &least, MaxSize: &most, DesiredCapacity: &desired,
		LaunchTemplate:    &types.LaunchTemplateSpecification{LaunchTemplateName: aws.String("web"), Version: aws.String("$Latest")},
		VPCZoneIdentifier: aws.String("subnet-a,subnet-b"),
	}
	for _, f := range with {
		f(in)
	}
	must[*sdk.CreateAutoScalingGroupOutput](w.t)(w.CreateAutoScalingGroup(w.t.Context(), in))
	w.settle()
}

func behindTargetGroup(in *sdk.CreateAutoScalingGroupInput) {
	in.TargetGroupARNs = []string{targetGroup}
}

func withHook(transition string) func(*sdk.CreateAutoScalingGroupInput) {
	return func(in *sdk.CreateAutoScalingGroupInput) {
		in.LifecycleHookSpecificationList = append(in.LifecycleHookSpecificationList, types.LifecycleHookSpecification{
			LifecycleHookName: aws.String("hook"), LifecycleTransition: &transition, HeartbeatTimeout: aws.Int32(600),
			NotificationMetadata: aws.String("meta"), NotificationTargetARN: aws.String("arn:aws:sqs:us-east-1:1:q"), RoleARN: aws.String("arn:aws:iam::1:role/r"),
		})
	}
}

// web is the group as it is described.
func (w *world) web() types.AutoScalingGroup {
	w.t.Helper()
	out := must[*sdk.DescribeAutoScalingGroupsOutput](w.t)(w.DescribeAutoScalingGroups(w.t.Context(),
		&sdk.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{"web"}}))
	if len(out.AutoScalingGroups) != 1 {
		w.t.Fatalf("there are %d groups web", len(out.AutoScalingGroups))
	}
	return out.AutoScalingGroups[0]
}

// is expects the group's instances to be as listed: id, zone's letter, state, and Unhealthy if so.
func (w *world) is(want ...string) {
	w.t.Helper()
	var got []string
	for _, i := range w.web().Instances {
		line := fmt.Sprintf("%s %s %s", *i.InstanceId, (*i.AvailabilityZone)[9:], i.LifecycleState)
		if *i.HealthStatus != "Healthy" {
			line += " " + *i.HealthStatus
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("the group's instances are\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// did expects the latest activities, the newest first: the status and the description.
func (w *world) did(want ...string) {
	w.t.Helper()
	out := must[*sdk.DescribeScalingActivitiesOutput](w.t)(w.DescribeScalingActivities(w.t.Context(),
		&sdk.DescribeScalingActivitiesInput{AutoScalingGroupName: aws.String("web"), IncludeDeletedGroups: aws.Bool(true)}))
	var got []string
	for _, a := range out.Activities {
		got = append(got, string(a.StatusCode)+": "+*a.Description)
	}
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		w.t.Errorf("activities are\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func (w *world) desire(n int32) {
	w.t.Helper()
	must[*sdk.SetDesiredCapacityOutput](w.t)(w.SetDesiredCapacity(w.t.Context(),
		&sdk.SetDesiredCapacityInput{AutoScalingGroupName: aws.String("web"), DesiredCapacity: &n}))
	w.settle()
}

func TestScaleOutAndIn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(1, 2, 4, behindTargetGroup, func(in *sdk.CreateAutoScalingGroupInput) {
			in.Tags = []types.Tag{
				{Key: aws.String("fleet"), Value: aws.String("web"), PropagateAtLaunch: aws.Bool(true)},
				{Key: aws.String("team"), Value: aws.String("shop"), PropagateAtLaunch: aws.Bool(false)},
			}
		})
		w.is("i-1 a InService", "i-2 b InService")
		w.did("Successful: Launching a new EC2 instance: i-2", "Successful: Launching a new EC2 instance: i-1")
		if tags := w.cloud.machine(t, "i-1").tags; len(tags) != 2 || tags["fleet"] != "web" || tags[GroupTag] != "web" {
			t.Errorf("the instance's tags are %v", tags)
		}
		if w.cloud.is("i-1") != "healthy" || w.cloud.is("i-2") != "healthy" {
			t.Error("the instances are not registered")
		}

		w.desire(3)
		w.is("i-1 a InService", "i-2 b InService", "i-3 a InService")

		// The fuller zone loses its instance; it keeps what it has begun with.
		w.desire(2)
		w.is("i-1 a Terminating", "i-2 b InService", "i-3 a InService")
		w.cloud.drained("i-1")
		w.settle()
		w.is("i-2 b InService", "i-3 a InService")
		w.did("Successful: Terminating EC2 instance: i-1")
		if got := w.cloud.alive(); !slices.Equal(got, []string{"i-2", "i-3"}) {
			t.Errorf("instances that live: %v", got)
		}
	})
}

func TestCausesAreAsAtAWS(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.group(0, 1, 4)
		w.desire(2)
		w.desire(1)
		out := must[*sdk.DescribeScalingActivitiesOutput](t)(w.DescribeScalingActivities(t.Context(), &sdk.DescribeScalingActivitiesInput{}))
		for i, want := range []string{
			"At 2000-01-01T00:00:40Z a user request explicitly set group desired capacity changing the desired capacity from 2 to 1.  " +
				"At 2000-01-01T00:00:40Z an instance was taken out of service in response to a difference between desired and actual capacity, " +
				"shrinking the capacity from 2 to 1.  At 2000-01-01T00:00:40Z instance i-1 was selected for termination.",
			"At 2000-01-01T00:00:20Z a user request explicitly set group desired capacity changing the desired capacity from 1 to 2.  " +
				"At 2000-01-01T00:00:20Z an instance was started in response to a difference between desired and actual capacity, " +
				"increasing the capacity from 1 to 2.",
			"At 2000-01-01T00:00:00Z a user request created an AutoScalingGroup changing the desired capacity from 0 to 1.  " +
				"At 2000-01-01T00:00:00Z an instance was started in response to a difference between desired and actual capacity, " +
				"increasing the capacity from 0 to 1.",
		} {
			if got := *out.Activities[i].Cause; got != want {
				t.Errorf("cause %d is\n%s\nwant\n%s", i, got, want)
			}
		}
		if got, want := *out.Activities[2].Details, `{"Subnet ID":"subnet-a","Availability Zone":"us-east-1a"}`; got != want {
			t.Errorf("details are %s, want %s", got, want)
		}
	})
}
