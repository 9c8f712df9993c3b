package api_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// engine moves a deployment as a story's directives do.
func engine(t *testing.T, s *server, words ...string) {
	t.Helper()
	(&story{server: s, t: t}).directive(words)
}

func info(t *testing.T, c *codedeploy.Client, id string) types.DeploymentInfo {
	t.Helper()
	return *call(t, c.GetDeployment, &codedeploy.GetDeploymentInput{DeploymentId: &id}).DeploymentInfo
}

// A deployment from its making to its end, with everything that it says of itself.
func TestSDKDeployment(t *testing.T) {
	s := newServer(t)
	c := s.client()
	groupID := prod(t, c)
	in := codedeploy.CreateDeploymentInput{
		ApplicationName: new("web"), DeploymentGroupName: new("prod"), Revision: s3Revision("web-1.zip"),
		Description: new("the first"), DeploymentConfigName: new("CodeDeployDefault.AllAtOnce"),
		FileExistsBehavior: types.FileExistsBehaviorOverwrite, IgnoreApplicationStopFailures: true, UpdateOutdatedInstancesOnly: true,
		AutoRollbackConfiguration: &types.AutoRollbackConfiguration{
			Enabled: true, Events: []types.AutoRollbackEvent{types.AutoRollbackEventDeploymentFailure},
		},
	}
	id := call(t, c.CreateDeployment, &in).DeploymentId
	want := types.DeploymentInfo{
		DeploymentId: id, ApplicationName: in.ApplicationName, DeploymentGroupName: in.DeploymentGroupName,
		Revision: in.Revision, Description: in.Description, DeploymentConfigName: in.DeploymentConfigName,
		FileExistsBehavior: in.FileExistsBehavior, IgnoreApplicationStopFailures: true, UpdateOutdatedInstancesOnly: true,
		AutoRollbackConfiguration: in.AutoRollbackConfiguration,
		Creator:                   types.DeploymentCreatorUser, ComputePlatform: types.ComputePlatformServer,
		DeploymentStyle: inPlace("").DeploymentStyle,
		Status:          types.DeploymentStatusCreated, CreateTime: after(0),
	}
	equal(t, "just made", info(t, c, *id), want)

	s.clock.tick()
	engine(t, s, "targets", *id, "web-1", "web-2")
	engine(t, s, "wait", *id, "web-2", "is", "next")
	want.Status, want.StartTime = types.DeploymentStatusInProgress, after(1)
	want.DeploymentOverview = &types.DeploymentOverview{InProgress: 1, Pending: 1}
	want.DeploymentStatusMessages = []string{"web-2 is next"}
	equal(t, "under way", info(t, c, *id), want)

	s.clock.tick()
	engine(t, s, "finish", *id, "Succeeded")
	want.Status, want.CompleteTime = types.DeploymentStatusSucceeded, after(2)
	want.DeploymentOverview, want.DeploymentStatusMessages = &types.DeploymentOverview{Succeeded: 2}, nil
	waiter := codedeploy.NewDeploymentSuccessfulWaiter(c)
	got, err := waiter.WaitForOutput(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: id}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "what the waiter waited for", *got.DeploymentInfo, want)
	batch := call(t, c.BatchGetDeployments, &codedeploy.BatchGetDeploymentsInput{DeploymentIds: []string{*id}})
	equal(t, "batch", batch.DeploymentsInfo, []types.DeploymentInfo{want})

	last := types.LastDeploymentInfo{
		DeploymentId: id, Status: types.DeploymentStatusSucceeded, CreateTime: after(0), EndTime: after(2),
	}
	after := inPlace(groupID)
	after.TargetRevision, after.LastAttemptedDeployment, after.LastSuccessfulDeployment = in.Revision, &last, &last
	equal(t, "group", group(t, c, "web", "prod"), after)
}

// One that fails says why, and the waiter gives up.
func TestSDKDeploymentFails(t *testing.T) {
	s := newServer(t)
	c := s.client()
	prod(t, c)
	first := release(t, c, "web-1.zip")
	engine(t, s, "targets", first, "web-1")
	engine(t, s, "finish", first, "Succeeded")
	second := release(t, c, "web-2.zip")
	engine(t, s, "targets", second, "web-1", "web-2")
	engine(t, s, "finish", second, "Failed")

	got := info(t, c, second)
	equal(t, "status", got.Status, types.DeploymentStatusFailed)
	equal(t, "error", got.ErrorInformation.Code, types.ErrorCodeHealthConstraints)
	equal(t, "overview", got.DeploymentOverview, &types.DeploymentOverview{Failed: 1, Skipped: 1})
	equal(t, "revision before", got.PreviousRevision, s3Revision("web-1.zip"))
	waiter := codedeploy.NewDeploymentSuccessfulWaiter(c)
	if err := waiter.Wait(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &second}, time.Minute); err == nil {
		t.Error("the waiter takes a failure for a success")
	}
	equal(t, "last success", *group(t, c, "web", "prod").LastSuccessfulDeployment.DeploymentId, first)
	equal(t, "last attempt", *group(t, c, "web", "prod").LastAttemptedDeployment.DeploymentId, second)
}

func TestSDKStopAndList(t *testing.T) {
	s := newServer(t)
	c := s.client()
	prod(t, c)
	done := release(t, c, "web-1.zip")
	engine(t, s, "targets", done, "web-1")
	engine(t, s, "finish", done, "Succeeded")
	s.clock.tick()
	s.clock.tick()
	running := release(t, c, "web-2.zip")
	engine(t, s, "targets", running, "web-1")
	stopped := call(t, c.StopDeployment, &codedeploy.StopDeploymentInput{DeploymentId: &running, AutoRollbackEnabled: new(false)})
	equal(t, "message", *stopped.StatusMessage, "No more commands will be scheduled for execution in the deployment instances")

	list := func(in codedeploy.ListDeploymentsInput) []string { return call(t, c.ListDeployments, &in).Deployments }
	type input = codedeploy.ListDeploymentsInput
	equal(t, "all", len(list(input{})), 2)
	equal(t, "of the group", len(list(input{ApplicationName: new("web"), DeploymentGroupName: new("prod")})), 2)
	equal(t, "that succeeded", list(input{IncludeOnlyStatuses: []types.DeploymentStatus{types.DeploymentStatusSucceeded}}), []string{done})
	equal(t, "of that time", list(input{CreateTimeRange: &types.TimeRange{Start: after(1), End: after(5)}}), []string{running})
	equal(t, "of another creator", len(list(input{ExternalId: new("stack")})), 0)
}

func TestSDKDeploymentsRefused(t *testing.T) {
	s := newServer(t)
	c := s.client()
	prod(t, c)
	id := release(t, c, "web-1.zip")
	create := func(change func(*codedeploy.CreateDeploymentInput)) *codedeploy.CreateDeploymentInput {
		in := codedeploy.CreateDeploymentInput{ApplicationName: new("web"), DeploymentGroupName: new("prod"), Revision: s3Revision("web-2.zip")}
		change(&in)
		return &in
	}
	type input = codedeploy.CreateDeploymentInput
	refused[*types.DeploymentLimitExceededException](t, c.CreateDeployment, create(func(*input) {}))
	refused[*types.ApplicationDoesNotExistException](t, c.CreateDeployment, create(func(in *input) { in.ApplicationName = new("nope") }))
	refused[*types.DeploymentGroupDoesNotExistException](t, c.CreateDeployment, create(func(in *input) { in.DeploymentGroupName = new("nope") }))
	refused[*types.DeploymentConfigDoesNotExistException](t, c.CreateDeployment, create(func(in *input) { in.DeploymentConfigName = new("nope") }))
	refused[*types.RevisionRequiredException](t, c.CreateDeployment, create(func(in *input) { in.Revision = nil }))
	refused[*types.RevisionDoesNotExistException](t, c.CreateDeployment, create(func(in *input) { in.Revision.S3Location.Bucket = new("missing") }))
	refused[*types.InvalidRevisionException](t, c.CreateDeployment, create(func(in *input) { in.Revision.S3Location.BundleType = "" }))
	refused[*types.InvalidFileExistsBehaviorException](t, c.CreateDeployment, create(func(in *input) { in.FileExistsBehavior = "SHRUG" }))
	refused[*types.InvalidAutoRollbackConfigException](t, c.CreateDeployment, create(func(in *input) {
		in.AutoRollbackConfiguration = &types.AutoRollbackConfiguration{Enabled: true, Events: []types.AutoRollbackEvent{"RAIN"}}
	}))

	get := func(id string) *codedeploy.GetDeploymentInput {
		return &codedeploy.GetDeploymentInput{DeploymentId: &id}
	}
	refused[*types.DeploymentIdRequiredException](t, c.GetDeployment, get(""))
	refused[*types.InvalidDeploymentIdException](t, c.GetDeployment, get("bogus-deployment"))
	refused[*types.DeploymentDoesNotExistException](t, c.GetDeployment, get("d-NOTTHERE0"))
	refused[*types.DeploymentIdRequiredException](t, c.BatchGetDeployments, &codedeploy.BatchGetDeploymentsInput{DeploymentIds: []string{}})
	refused[*types.DeploymentDoesNotExistException](t, c.StopDeployment, &codedeploy.StopDeploymentInput{DeploymentId: new("d-NOTTHERE0")})
	engine(t, s, "targets", id, "web-1")
	engine(t, s, "finish", id, "Succeeded")
	refused[*types.DeploymentAlreadyCompletedException](t, c.StopDeployment, &codedeploy.StopDeploymentInput{DeploymentId: &id})

	refused[*types.DeploymentGroupNameRequiredException](t, c.ListDeployments, &codedeploy.ListDeploymentsInput{ApplicationName: new("web")})
	refused[*types.ApplicationNameRequiredException](t, c.ListDeployments, &codedeploy.ListDeploymentsInput{DeploymentGroupName: new("prod")})
	refused[*types.InvalidDeploymentStatusException](t, c.ListDeployments,
		&codedeploy.ListDeploymentsInput{IncludeOnlyStatuses: []types.DeploymentStatus{"Perhaps"}})
	refused[*types.InvalidTimeRangeException](t, c.ListDeployments,
		&codedeploy.ListDeploymentsInput{CreateTimeRange: &types.TimeRange{Start: after(2), End: after(1)}})
	refused[*types.InvalidNextTokenException](t, c.ListDeployments, &codedeploy.ListDeploymentsInput{NextToken: new("nonsense")})
}

// A blue/green deployment is continued when its replacement is ready, and when it waits to end
// what was replaced.
func TestSDKContinue(t *testing.T) {
	s := newServer(t)
	c := s.client()
	call(t, c.CreateApplication, &codedeploy.CreateApplicationInput{ApplicationName: new("web")})
	call(t, c.CreateDeploymentGroup, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: new("web"), DeploymentGroupName: new("prod"), ServiceRoleArn: new("arn:aws:iam::000000000000:role/service"),
		AutoScalingGroups: []string{"fleet"},
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
		},
		LoadBalancerInfo: &types.LoadBalancerInfo{TargetGroupInfoList: []types.TargetGroupInfo{{Name: new("web")}}},
		BlueGreenDeploymentConfiguration: &types.BlueGreenDeploymentConfiguration{
			DeploymentReadyOption: &types.DeploymentReadyOption{ActionOnTimeout: types.DeploymentReadyActionStopDeployment, WaitTimeInMinutes: 30},
			GreenFleetProvisioningOption: &types.GreenFleetProvisioningOption{
				Action: types.GreenFleetProvisioningActionCopyAutoScalingGroup,
			},
			TerminateBlueInstancesOnDeploymentSuccess: &types.BlueInstanceTerminationOption{
				Action: types.InstanceActionTerminate, TerminationWaitTimeInMinutes: 60,
			},
		},
	})
	id := release(t, c, "web-1.zip")
	engine(t, s, "targets", id, "i-blue", "i-green")
	engine(t, s, "ready", id)
	call(t, c.ContinueDeployment, &codedeploy.ContinueDeploymentInput{DeploymentId: &id, DeploymentWaitType: types.DeploymentWaitTypeReadyWait})
	engine(t, s, "retiring", id)
	equal(t, "the wait has begun", call(t, c.GetDeployment, &codedeploy.GetDeploymentInput{DeploymentId: &id}).DeploymentInfo.InstanceTerminationWaitTimeStarted, true)
	//lint:ignore SA1019 the older forms are part of the API
	call(t, c.SkipWaitTimeForInstanceTermination, &codedeploy.SkipWaitTimeForInstanceTerminationInput{DeploymentId: &id})
}

// What only blue/green deployments and Lambda hooks have.
func TestSDKOtherDeploymentsRefused(t *testing.T) {
	c := newServer(t).client()
	prod(t, c)
	id := release(t, c, "web-1.zip")
	next := func(id string, wait types.DeploymentWaitType) *codedeploy.ContinueDeploymentInput {
		return &codedeploy.ContinueDeploymentInput{DeploymentId: &id, DeploymentWaitType: wait}
	}
	refused[*types.UnsupportedActionForDeploymentTypeException](t, c.ContinueDeployment, next(id, types.DeploymentWaitTypeReadyWait))
	refused[*types.InvalidDeploymentWaitTypeException](t, c.ContinueDeployment, next(id, "LUNCH_WAIT"))
	refused[*types.DeploymentDoesNotExistException](t, c.ContinueDeployment, next("d-NOTTHERE0", ""))
	//lint:ignore SA1019 the older forms are part of the API
	refused[*types.UnsupportedActionForDeploymentTypeException](t, c.SkipWaitTimeForInstanceTermination,
		&codedeploy.SkipWaitTimeForInstanceTerminationInput{DeploymentId: &id})
	refused[*types.UnsupportedActionForDeploymentTypeException](t, c.PutLifecycleEventHookExecutionStatus,
		&codedeploy.PutLifecycleEventHookExecutionStatusInput{
			DeploymentId: &id, LifecycleEventHookExecutionId: new("x"), Status: types.LifecycleEventStatusSucceeded,
		})
}

// A function that validates a deployment to Lambda reports on it.
func TestSDKHookReports(t *testing.T) {
	s := newServer(t)
	c := s.client()
	call(t, c.CreateApplication, &codedeploy.CreateApplicationInput{ApplicationName: new("fn"), ComputePlatform: types.ComputePlatformLambda})
	call(t, c.CreateDeploymentGroup, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: new("fn"), DeploymentGroupName: new("live"), ServiceRoleArn: new(role),
		DeploymentStyle: &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeBlueGreen, DeploymentOption: types.DeploymentOptionWithTrafficControl,
		},
	})
	id := call(t, c.CreateDeployment, &codedeploy.CreateDeploymentInput{
		ApplicationName: new("fn"), DeploymentGroupName: new("live"), Revision: &types.RevisionLocation{
			RevisionType: types.RevisionLocationTypeAppSpecContent, AppSpecContent: &types.AppSpecContent{Content: new("version: 0.0")},
		},
	}).DeploymentId
	engine(t, s, "targets", *id, "shop")
	report := &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: id, LifecycleEventHookExecutionId: new("hook-1"), Status: types.LifecycleEventStatusSucceeded,
	}
	equal(t, "what it reported on", call(t, c.PutLifecycleEventHookExecutionStatus, report).LifecycleEventHookExecutionId, new("hook-1"))
	refused[*types.LifecycleEventAlreadyCompletedException](t, c.PutLifecycleEventHookExecutionStatus, report)
	target := call(t, c.GetDeploymentTarget, &codedeploy.GetDeploymentTargetInput{DeploymentId: id, TargetId: new("shop")}).DeploymentTarget.LambdaTarget
	equal(t, "event", target.LifecycleEvents[0].Status, types.LifecycleEventStatusSucceeded)
	equal(t, "function", *target.LambdaFunctionInfo, types.LambdaFunctionInfo{
		FunctionName: new("shop"), FunctionAlias: new("live"), CurrentVersion: new("1"), TargetVersion: new("2"),
	})
}
