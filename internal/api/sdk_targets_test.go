package api_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

const arnOfWeb1 = "arn:aws:codedeploy:us-east-1:000000000000:instance/web-1"

// halfFailed makes a deployment whose first script has failed on web-1, two seconds after the
// server's start, so that web-2 was left alone.
func halfFailed(t *testing.T, s *server) (id string) {
	t.Helper()
	prod(t, s.client())
	id = release(t, s.client(), "web-1.zip")
	s.clock.tick()
	engine(t, s, "targets", id, "web-1", "web-2")
	s.clock.tick()
	engine(t, s, "finish", id, "Failed")
	return id
}

// eventsOfWeb1 are the lifecycle events that halfFailed leaves on web-1.
func eventsOfWeb1() []types.LifecycleEvent {
	events := []types.LifecycleEvent{{
		LifecycleEventName: new("ApplicationStop"), Status: types.LifecycleEventStatusFailed, StartTime: after(1), EndTime: after(2),
		Diagnostics: &types.Diagnostics{
			ErrorCode: types.LifecycleErrorCodeScriptFailed, ScriptName: new("stop.sh"),
			Message: new("exit code 1"), LogTail: new("[stderr]no such process"),
		},
	}}
	for _, name := range []string{"DownloadBundle", "BeforeInstall", "Install", "AfterInstall", "ApplicationStart", "ValidateService"} {
		events = append(events, types.LifecycleEvent{
			LifecycleEventName: &name, Status: types.LifecycleEventStatusSkipped, EndTime: after(2),
		})
	}
	return events
}

func TestSDKTargets(t *testing.T) {
	s := newServer(t)
	c := s.client()
	id := halfFailed(t, s)
	got := call(t, c.GetDeploymentTarget, &codedeploy.GetDeploymentTargetInput{DeploymentId: &id, TargetId: new("web-1")}).DeploymentTarget
	equal(t, "target", *got, types.DeploymentTarget{
		DeploymentTargetType: types.DeploymentTargetTypeInstanceTarget,
		InstanceTarget: &types.InstanceTarget{
			DeploymentId: &id, TargetId: new("web-1"), TargetArn: new(arnOfWeb1), Status: types.TargetStatusFailed,
			LastUpdatedAt: after(2), LifecycleEvents: eventsOfWeb1(),
		},
	})
	batch := call(t, c.BatchGetDeploymentTargets, &codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: []string{"web-2", "web-1"}})
	equal(t, "the second of the batch", batch.DeploymentTargets[1], *got)
	equal(t, "status of the first", batch.DeploymentTargets[0].InstanceTarget.Status, types.TargetStatusSkipped)

	list := func(filters map[string][]string) []string {
		return call(t, c.ListDeploymentTargets, &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id, TargetFilters: filters}).TargetIds
	}
	equal(t, "all", list(nil), []string{"web-1", "web-2"})
	equal(t, "that failed", list(map[string][]string{string(types.TargetFilterNameTargetStatus): {"Failed"}}), []string{"web-1"})
}

// The older form of the same.
func TestSDKDeploymentInstances(t *testing.T) {
	s := newServer(t)
	c := s.client()
	id := halfFailed(t, s)
	//lint:ignore SA1019 the older forms are part of the API
	got := call(t, c.GetDeploymentInstance, &codedeploy.GetDeploymentInstanceInput{DeploymentId: &id, InstanceId: new("web-1")}).InstanceSummary
	equal(t, "instance", *got, types.InstanceSummary{
		//lint:ignore SA1019 the older forms are part of the API
		DeploymentId: &id, InstanceId: new(arnOfWeb1), Status: types.InstanceStatusFailed,
		LastUpdatedAt: after(2), LifecycleEvents: eventsOfWeb1(),
	})
	//lint:ignore SA1019 the older forms are part of the API
	batch := call(t, c.BatchGetDeploymentInstances, &codedeploy.BatchGetDeploymentInstancesInput{DeploymentId: &id, InstanceIds: []string{"web-1", "nope"}})
	equal(t, "batch", batch.InstancesSummary, []types.InstanceSummary{*got})
	equal(t, "what is missing", *batch.ErrorMessage, "No instance found with ID: nope")
	//lint:ignore SA1019 the older forms are part of the API
	list := call(t, c.ListDeploymentInstances, &codedeploy.ListDeploymentInstancesInput{
		DeploymentId: &id, InstanceStatusFilter: []types.InstanceStatus{types.InstanceStatusSkipped},
	})
	equal(t, "that were skipped", list.InstancesList, []string{"web-2"})
}

func TestSDKTargetsRefused(t *testing.T) {
	s := newServer(t)
	c := s.client()
	id := halfFailed(t, s)
	created := release(t, c, "web-2.zip")
	refused[*types.DeploymentNotStartedException](t, c.ListDeploymentTargets, &codedeploy.ListDeploymentTargetsInput{DeploymentId: &created})
	refused[*types.InvalidTargetFilterNameException](t, c.ListDeploymentTargets,
		&codedeploy.ListDeploymentTargetsInput{DeploymentId: &id, TargetFilters: map[string][]string{"Colour": {"Red"}}})
	refused[*types.InvalidNextTokenException](t, c.ListDeploymentTargets,
		&codedeploy.ListDeploymentTargetsInput{DeploymentId: &id, NextToken: new("nonsense")})
	refused[*types.DeploymentTargetDoesNotExistException](t, c.GetDeploymentTarget,
		&codedeploy.GetDeploymentTargetInput{DeploymentId: &id, TargetId: new("nope")})
	refused[*types.DeploymentTargetIdRequiredException](t, c.BatchGetDeploymentTargets,
		&codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: []string{}})
	refused[*types.DeploymentTargetListSizeExceededException](t, c.BatchGetDeploymentTargets,
		&codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: make([]string, 101)})

	//lint:ignore SA1019 the older forms are part of the API
	refused[*types.InvalidInstanceTypeException](t, c.ListDeploymentInstances,
		&codedeploy.ListDeploymentInstancesInput{DeploymentId: &id, InstanceTypeFilter: []types.InstanceType{"Red"}})
	//lint:ignore SA1019 the older forms are part of the API
	refused[*types.InstanceDoesNotExistException](t, c.GetDeploymentInstance,
		&codedeploy.GetDeploymentInstanceInput{DeploymentId: &id, InstanceId: new("nope")})
	//lint:ignore SA1019 the older forms are part of the API
	refused[*types.InstanceIdRequiredException](t, c.BatchGetDeploymentInstances,
		&codedeploy.BatchGetDeploymentInstancesInput{DeploymentId: &id, InstanceIds: []string{}})
}
