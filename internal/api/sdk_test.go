package api_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

const role = "arn:aws:iam::000000000000:role/service"

func s3Revision(key string) *types.RevisionLocation {
	return &types.RevisionLocation{
		RevisionType: types.RevisionLocationTypeS3,
		S3Location:   &types.S3Location{Bucket: aws.String("releases"), Key: &key, BundleType: types.BundleTypeZip},
	}
}

// ok returns a call's result, or ends the test.
func ok[T any](t *testing.T) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

// refused checks that a call failed with that exception.
func refused[E error](t *testing.T, err error) {
	t.Helper()
	var want E
	if !errors.As(err, &want) {
		t.Errorf("error is %v, want %T", err, want)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestSDKApplications(t *testing.T) {
	ctx, c := t.Context(), newServer(t).client()
	made := ok[*codedeploy.CreateApplicationOutput](t)(c.CreateApplication(ctx,
		&codedeploy.CreateApplicationInput{ApplicationName: aws.String("web")}))
	got := ok[*codedeploy.GetApplicationOutput](t)(c.GetApplication(ctx,
		&codedeploy.GetApplicationInput{ApplicationName: aws.String("web")}))
	equal(t, "id", *got.Application.ApplicationId, *made.ApplicationId)
	equal(t, "platform", got.Application.ComputePlatform, types.ComputePlatformServer)
	equal(t, "create time", got.Application.CreateTime.UTC(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))

	batch := ok[*codedeploy.BatchGetApplicationsOutput](t)(c.BatchGetApplications(ctx,
		&codedeploy.BatchGetApplicationsInput{ApplicationNames: []string{"web"}}))
	equal(t, "batch", len(batch.ApplicationsInfo), 1)
	ok[*codedeploy.UpdateApplicationOutput](t)(c.UpdateApplication(ctx,
		&codedeploy.UpdateApplicationInput{ApplicationName: aws.String("web"), NewApplicationName: aws.String("shop")}))
	list := ok[*codedeploy.ListApplicationsOutput](t)(c.ListApplications(ctx, &codedeploy.ListApplicationsInput{}))
	equal(t, "names", list.Applications, []string{"shop"})

	_, err := c.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")})
	refused[*types.ApplicationAlreadyExistsException](t, err)
	_, err = c.GetApplication(ctx, &codedeploy.GetApplicationInput{ApplicationName: aws.String("web")})
	refused[*types.ApplicationDoesNotExistException](t, err)

	for range 2 {
		ok[*codedeploy.DeleteApplicationOutput](t)(c.DeleteApplication(ctx,
			&codedeploy.DeleteApplicationInput{ApplicationName: aws.String("shop")}))
	}
}

func TestSDKGroupsAndConfigs(t *testing.T) {
	ctx, c := t.Context(), newServer(t).client()
	ok[*codedeploy.CreateApplicationOutput](t)(c.CreateApplication(ctx,
		&codedeploy.CreateApplicationInput{ApplicationName: aws.String("web")}))
	config := ok[*codedeploy.CreateDeploymentConfigOutput](t)(c.CreateDeploymentConfig(ctx,
		&codedeploy.CreateDeploymentConfigInput{
			DeploymentConfigName: aws.String("three"),
			MinimumHealthyHosts:  &types.MinimumHealthyHosts{Type: types.MinimumHealthyHostsTypeHostCount, Value: 3},
		}))
	info := ok[*codedeploy.GetDeploymentConfigOutput](t)(c.GetDeploymentConfig(ctx,
		&codedeploy.GetDeploymentConfigInput{DeploymentConfigName: aws.String("three")})).DeploymentConfigInfo
	equal(t, "config id", *info.DeploymentConfigId, *config.DeploymentConfigId)
	equal(t, "config value", info.MinimumHealthyHosts.Value, int32(3))

	group := ok[*codedeploy.CreateDeploymentGroupOutput](t)(c.CreateDeploymentGroup(ctx,
		&codedeploy.CreateDeploymentGroupInput{
			ApplicationName: aws.String("web"), DeploymentGroupName: aws.String("prod"),
			ServiceRoleArn: aws.String(role), DeploymentConfigName: aws.String("three"),
			OnPremisesInstanceTagFilters: []types.TagFilter{
				{Key: aws.String("tier"), Value: aws.String("web"), Type: types.TagFilterTypeKeyAndValue},
			},
		}))
	got := ok[*codedeploy.GetDeploymentGroupOutput](t)(c.GetDeploymentGroup(ctx,
		&codedeploy.GetDeploymentGroupInput{ApplicationName: aws.String("web"), DeploymentGroupName: aws.String("prod")})).DeploymentGroupInfo
	equal(t, "group id", *got.DeploymentGroupId, *group.DeploymentGroupId)
	equal(t, "filter", *got.OnPremisesInstanceTagFilters[0].Key, "tier")

	_, err := c.DeleteDeploymentConfig(ctx, &codedeploy.DeleteDeploymentConfigInput{DeploymentConfigName: aws.String("three")})
	refused[*types.DeploymentConfigInUseException](t, err)
	_, err = c.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String("web"), DeploymentGroupName: aws.String("blue"), ServiceRoleArn: aws.String(role),
		AutoScalingGroups: []string{""},
	})
	refused[*types.InvalidAutoScalingGroupException](t, err)

	ok[*codedeploy.UpdateDeploymentGroupOutput](t)(c.UpdateDeploymentGroup(ctx, &codedeploy.UpdateDeploymentGroupInput{
		ApplicationName: aws.String("web"), CurrentDeploymentGroupName: aws.String("prod"),
		DeploymentConfigName: aws.String("CodeDeployDefault.AllAtOnce"),
	}))
	batch := ok[*codedeploy.BatchGetDeploymentGroupsOutput](t)(c.BatchGetDeploymentGroups(ctx,
		&codedeploy.BatchGetDeploymentGroupsInput{ApplicationName: aws.String("web"), DeploymentGroupNames: []string{"prod"}}))
	equal(t, "config of the group", *batch.DeploymentGroupsInfo[0].DeploymentConfigName, "CodeDeployDefault.AllAtOnce")
	groups := ok[*codedeploy.ListDeploymentGroupsOutput](t)(c.ListDeploymentGroups(ctx,
		&codedeploy.ListDeploymentGroupsInput{ApplicationName: aws.String("web")}))
	equal(t, "groups", groups.DeploymentGroups, []string{"prod"})

	ok[*codedeploy.DeleteDeploymentConfigOutput](t)(c.DeleteDeploymentConfig(ctx,
		&codedeploy.DeleteDeploymentConfigInput{DeploymentConfigName: aws.String("three")}))
	configs := ok[*codedeploy.ListDeploymentConfigsOutput](t)(c.ListDeploymentConfigs(ctx, &codedeploy.ListDeploymentConfigsInput{}))
	equal(t, "predefined configs", slices.Contains(configs.DeploymentConfigsList, "CodeDeployDefault.OneAtATime"), true)
	ok[*codedeploy.DeleteDeploymentGroupOutput](t)(c.DeleteDeploymentGroup(ctx,
		&codedeploy.DeleteDeploymentGroupInput{ApplicationName: aws.String("web"), DeploymentGroupName: aws.String("prod")}))
}

func TestSDKInstances(t *testing.T) {
	ctx, c := t.Context(), newServer(t).client()
	user := "arn:aws:iam::000000000000:user/web-1"
	register := &codedeploy.RegisterOnPremisesInstanceInput{InstanceName: aws.String("web-1"), IamUserArn: &user}
	ok[*codedeploy.RegisterOnPremisesInstanceOutput](t)(c.RegisterOnPremisesInstance(ctx, register))
	_, err := c.RegisterOnPremisesInstance(ctx, register)
	refused[*types.InstanceNameAlreadyRegisteredException](t, err)

	tags := []types.Tag{{Key: aws.String("tier"), Value: aws.String("web")}}
	ok[*codedeploy.AddTagsToOnPremisesInstancesOutput](t)(c.AddTagsToOnPremisesInstances(ctx,
		&codedeploy.AddTagsToOnPremisesInstancesInput{InstanceNames: []string{"web-1"}, Tags: tags}))
	got := ok[*codedeploy.GetOnPremisesInstanceOutput](t)(c.GetOnPremisesInstance(ctx,
		&codedeploy.GetOnPremisesInstanceInput{InstanceName: aws.String("web-1")})).InstanceInfo
	equal(t, "user", *got.IamUserArn, user)
	equal(t, "tag", *got.Tags[0].Value, "web")
	ok[*codedeploy.RemoveTagsFromOnPremisesInstancesOutput](t)(c.RemoveTagsFromOnPremisesInstances(ctx,
		&codedeploy.RemoveTagsFromOnPremisesInstancesInput{InstanceNames: []string{"web-1"}, Tags: tags}))
	ok[*codedeploy.DeregisterOnPremisesInstanceOutput](t)(c.DeregisterOnPremisesInstance(ctx,
		&codedeploy.DeregisterOnPremisesInstanceInput{InstanceName: aws.String("web-1")}))

	batch := ok[*codedeploy.BatchGetOnPremisesInstancesOutput](t)(c.BatchGetOnPremisesInstances(ctx,
		&codedeploy.BatchGetOnPremisesInstancesInput{InstanceNames: []string{"web-1"}}))
	equal(t, "tags", len(batch.InstanceInfos[0].Tags), 0)
	equal(t, "deregistered", batch.InstanceInfos[0].DeregisterTime != nil, true)
	list := ok[*codedeploy.ListOnPremisesInstancesOutput](t)(c.ListOnPremisesInstances(ctx,
		&codedeploy.ListOnPremisesInstancesInput{RegistrationStatus: types.RegistrationStatusRegistered}))
	equal(t, "registered", len(list.InstanceNames), 0)
}

func TestSDKRevisionsAndTags(t *testing.T) {
	ctx, c := t.Context(), newServer(t).client()
	ok[*codedeploy.CreateApplicationOutput](t)(c.CreateApplication(ctx,
		&codedeploy.CreateApplicationInput{ApplicationName: aws.String("web")}))
	ok[*codedeploy.RegisterApplicationRevisionOutput](t)(c.RegisterApplicationRevision(ctx,
		&codedeploy.RegisterApplicationRevisionInput{
			ApplicationName: aws.String("web"), Description: aws.String("first"), Revision: s3Revision("web-1.zip"),
		}))
	got := ok[*codedeploy.GetApplicationRevisionOutput](t)(c.GetApplicationRevision(ctx,
		&codedeploy.GetApplicationRevisionInput{ApplicationName: aws.String("web"), Revision: s3Revision("web-1.zip")}))
	equal(t, "description", *got.RevisionInfo.Description, "first")
	batch := ok[*codedeploy.BatchGetApplicationRevisionsOutput](t)(c.BatchGetApplicationRevisions(ctx,
		&codedeploy.BatchGetApplicationRevisionsInput{
			ApplicationName: aws.String("web"), Revisions: []types.RevisionLocation{*s3Revision("web-1.zip")},
		}))
	equal(t, "error message", *batch.ErrorMessage, "")
	list := ok[*codedeploy.ListApplicationRevisionsOutput](t)(c.ListApplicationRevisions(ctx,
		&codedeploy.ListApplicationRevisionsInput{ApplicationName: aws.String("web")}))
	equal(t, "key", *list.Revisions[0].S3Location.Key, "web-1.zip")
	_, err := c.GetApplicationRevision(ctx, &codedeploy.GetApplicationRevisionInput{
		ApplicationName: aws.String("web"), Revision: s3Revision("web-9.zip"),
	})
	refused[*types.RevisionDoesNotExistException](t, err)

	web := aws.String("arn:aws:codedeploy:us-east-1:000000000000:application:web")
	ok[*codedeploy.TagResourceOutput](t)(c.TagResource(ctx, &codedeploy.TagResourceInput{
		ResourceArn: web, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}, {Key: aws.String("x"), Value: aws.String("y")}},
	}))
	ok[*codedeploy.UntagResourceOutput](t)(c.UntagResource(ctx,
		&codedeploy.UntagResourceInput{ResourceArn: web, TagKeys: []string{"x"}}))
	tags := ok[*codedeploy.ListTagsForResourceOutput](t)(c.ListTagsForResource(ctx,
		&codedeploy.ListTagsForResourceInput{ResourceArn: web}))
	equal(t, "tags", len(tags.Tags), 1)
	equal(t, "tag", *tags.Tags[0].Key, "team")
	tokens := ok[*codedeploy.ListGitHubAccountTokenNamesOutput](t)(c.ListGitHubAccountTokenNames(ctx,
		&codedeploy.ListGitHubAccountTokenNamesInput{}))
	equal(t, "tokens", len(tokens.TokenNameList), 0)
}

// deployment makes application, group and a deployment, and returns the deployment's id.
func deployment(t *testing.T, c *codedeploy.Client) string {
	t.Helper()
	ctx := t.Context()
	ok[*codedeploy.CreateApplicationOutput](t)(c.CreateApplication(ctx,
		&codedeploy.CreateApplicationInput{ApplicationName: aws.String("web")}))
	ok[*codedeploy.CreateDeploymentGroupOutput](t)(c.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String("web"), DeploymentGroupName: aws.String("prod"), ServiceRoleArn: aws.String(role),
	}))
	made := ok[*codedeploy.CreateDeploymentOutput](t)(c.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String("web"), DeploymentGroupName: aws.String("prod"), Revision: s3Revision("web-1.zip"),
	}))
	return *made.DeploymentId
}

func TestSDKDeployments(t *testing.T) {
	s := newServer(t)
	ctx, c := t.Context(), s.client()
	id := deployment(t, c)

	_, err := c.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String("web"), DeploymentGroupName: aws.String("prod"), Revision: s3Revision("web-2.zip"),
	})
	refused[*types.DeploymentLimitExceededException](t, err)
	_, err = c.ListDeploymentTargets(ctx, &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id})
	refused[*types.DeploymentNotStartedException](t, err)

	st := &story{server: s, t: t}
	st.directive([]string{"targets", id, "web-1", "web-2"})
	stopped := ok[*codedeploy.StopDeploymentOutput](t)(c.StopDeployment(ctx, &codedeploy.StopDeploymentInput{DeploymentId: &id}))
	equal(t, "stop", stopped.Status, types.StopStatusSucceeded)
	st.directive([]string{"finish", id, "Succeeded"})
	_, err = c.StopDeployment(ctx, &codedeploy.StopDeploymentInput{DeploymentId: &id})
	refused[*types.DeploymentAlreadyCompletedException](t, err)

	waiter := codedeploy.NewDeploymentSuccessfulWaiter(c)
	got := ok[*codedeploy.GetDeploymentOutput](t)(waiter.WaitForOutput(ctx, &codedeploy.GetDeploymentInput{DeploymentId: &id}, time.Minute))
	equal(t, "succeeded", got.DeploymentInfo.DeploymentOverview.Succeeded, int64(2))
	equal(t, "creator", got.DeploymentInfo.Creator, types.DeploymentCreatorUser)
	batch := ok[*codedeploy.BatchGetDeploymentsOutput](t)(c.BatchGetDeployments(ctx,
		&codedeploy.BatchGetDeploymentsInput{DeploymentIds: []string{id}}))
	equal(t, "status", batch.DeploymentsInfo[0].Status, types.DeploymentStatusSucceeded)
	list := ok[*codedeploy.ListDeploymentsOutput](t)(c.ListDeployments(ctx, &codedeploy.ListDeploymentsInput{
		CreateTimeRange: &types.TimeRange{Start: aws.Time(s.clock.Now().Add(-time.Hour))},
	}))
	equal(t, "deployments", list.Deployments, []string{id})
	_, err = c.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: aws.String("bogus-deployment")})
	refused[*types.InvalidDeploymentIdException](t, err)
	_, err = c.ContinueDeployment(ctx, &codedeploy.ContinueDeploymentInput{DeploymentId: &id})
	refused[*types.UnsupportedActionForDeploymentTypeException](t, err)
}

func TestSDKTargets(t *testing.T) {
	s := newServer(t)
	ctx, c := t.Context(), s.client()
	id := deployment(t, c)
	st := &story{server: s, t: t}
	st.directive([]string{"targets", id, "web-1", "web-2"})
	st.directive([]string{"finish", id, "Failed"})

	targets := ok[*codedeploy.ListDeploymentTargetsOutput](t)(c.ListDeploymentTargets(ctx, &codedeploy.ListDeploymentTargetsInput{
		DeploymentId: &id, TargetFilters: map[string][]string{"TargetStatus": {"Failed"}},
	}))
	equal(t, "failed targets", targets.TargetIds, []string{"web-1"})
	target := ok[*codedeploy.GetDeploymentTargetOutput](t)(c.GetDeploymentTarget(ctx,
		&codedeploy.GetDeploymentTargetInput{DeploymentId: &id, TargetId: aws.String("web-1")})).DeploymentTarget
	equal(t, "type", target.DeploymentTargetType, types.DeploymentTargetTypeInstanceTarget)
	first := target.InstanceTarget.LifecycleEvents[0]
	equal(t, "error code", first.Diagnostics.ErrorCode, types.LifecycleErrorCodeScriptFailed)
	equal(t, "log tail", *first.Diagnostics.LogTail, "[stderr]no such process")
	batch := ok[*codedeploy.BatchGetDeploymentTargetsOutput](t)(c.BatchGetDeploymentTargets(ctx,
		&codedeploy.BatchGetDeploymentTargetsInput{DeploymentId: &id, TargetIds: []string{"web-2"}}))
	equal(t, "status", batch.DeploymentTargets[0].InstanceTarget.Status, types.TargetStatusSkipped)
	_, err := c.GetDeploymentTarget(ctx, &codedeploy.GetDeploymentTargetInput{DeploymentId: &id, TargetId: aws.String("nope")})
	refused[*types.DeploymentTargetDoesNotExistException](t, err)

	//lint:ignore SA1019 the older forms are part of the API
	instances := ok[*codedeploy.ListDeploymentInstancesOutput](t)(c.ListDeploymentInstances(ctx,
		&codedeploy.ListDeploymentInstancesInput{DeploymentId: &id}))
	equal(t, "instances", instances.InstancesList, []string{"web-1", "web-2"})
	//lint:ignore SA1019 the older forms are part of the API
	one := ok[*codedeploy.GetDeploymentInstanceOutput](t)(c.GetDeploymentInstance(ctx,
		&codedeploy.GetDeploymentInstanceInput{DeploymentId: &id, InstanceId: aws.String("web-1")}))
	//lint:ignore SA1019 the older forms are part of the API
	equal(t, "events", len(one.InstanceSummary.LifecycleEvents), 7)
	//lint:ignore SA1019 the older forms are part of the API
	some := ok[*codedeploy.BatchGetDeploymentInstancesOutput](t)(c.BatchGetDeploymentInstances(ctx,
		&codedeploy.BatchGetDeploymentInstancesInput{DeploymentId: &id, InstanceIds: []string{"web-2"}}))
	equal(t, "summaries", len(some.InstancesSummary), 1)
}

func TestSDKPaginator(t *testing.T) {
	ctx, c := t.Context(), newServer(t).client()
	for i := range 101 {
		ok[*codedeploy.CreateApplicationOutput](t)(c.CreateApplication(ctx,
			&codedeploy.CreateApplicationInput{ApplicationName: aws.String(fmt.Sprintf("a%03d", i))}))
	}
	pages, names := 0, 0
	for p := codedeploy.NewListApplicationsPaginator(c, &codedeploy.ListApplicationsInput{}); p.HasMorePages(); pages++ {
		names += len(ok[*codedeploy.ListApplicationsOutput](t)(p.NextPage(ctx)).Applications)
	}
	equal(t, "pages", pages, 2)
	equal(t, "names", names, 101)
}

// A fault of ours is masked for the caller, and told to the log.
func TestFaultsAreMasked(t *testing.T) {
	s := newServer(t)
	s.store.Close()
	_, err := s.client().ListApplications(t.Context(), &codedeploy.ListApplicationsInput{})
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != "InternalFailure" {
		t.Errorf("error is %v, want InternalFailure", err)
	}
	if log := s.log.String(); !strings.Contains(log, "list applications: ") || !strings.Contains(log, "operation=ListApplications") {
		t.Errorf("the log says %q", log)
	}
}

// AccessDeniedException is not in the API's model; clients know it by its code.
func TestAccessIsDeniedInAWSsWords(t *testing.T) {
	_, err := newServer(t).clientOf(nobodyKey).GetApplication(t.Context(),
		&codedeploy.GetApplicationInput{ApplicationName: aws.String("web")})
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	equal(t, "code", e.ErrorCode(), "AccessDeniedException")
	equal(t, "message", e.ErrorMessage(), "User: arn:aws:iam::000000000000:user/nobody is not authorized to perform: "+
		"codedeploy:GetApplication on resource: arn:aws:codedeploy:us-east-1:000000000000:application:web "+
		"because no identity-based policy allows the codedeploy:GetApplication action")
}
