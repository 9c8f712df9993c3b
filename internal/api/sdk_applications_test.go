package api_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

func TestSDKApplications(t *testing.T) {
	c := newServer(t).client()
	lambda := *call(t, c.CreateApplication, &codedeploy.CreateApplicationInput{
		ApplicationName: new("fn"), ComputePlatform: types.ComputePlatformLambda,
		Tags: []types.Tag{{Key: new("team"), Value: new("a")}},
	}).ApplicationId
	want := types.ApplicationInfo{
		ApplicationId: new(web(t, c)), ApplicationName: new("web"), ComputePlatform: types.ComputePlatformServer,
		CreateTime: after(0),
	}
	got := call(t, c.GetApplication, &codedeploy.GetApplicationInput{ApplicationName: new("web")})
	equal(t, "application", *got.Application, want)
	batch := call(t, c.BatchGetApplications, &codedeploy.BatchGetApplicationsInput{ApplicationNames: []string{"fn", "web"}})
	equal(t, "batch", batch.ApplicationsInfo, []types.ApplicationInfo{
		{
			ApplicationId: &lambda, ApplicationName: new("fn"), ComputePlatform: types.ComputePlatformLambda,
			CreateTime: after(0),
		}, want,
	})

	call(t, c.UpdateApplication, &codedeploy.UpdateApplicationInput{
		ApplicationName: new("web"), NewApplicationName: new("shop"),
	})
	list := call(t, c.ListApplications, &codedeploy.ListApplicationsInput{})
	equal(t, "names", list.Applications, []string{"fn", "shop"})
	for range 2 {
		call(t, c.DeleteApplication, &codedeploy.DeleteApplicationInput{ApplicationName: new("shop")})
	}
	list = call(t, c.ListApplications, &codedeploy.ListApplicationsInput{})
	equal(t, "names", list.Applications, []string{"fn"})
}

func TestSDKApplicationsRefused(t *testing.T) {
	c := newServer(t).client()
	web(t, c)
	create := func(name string) *codedeploy.CreateApplicationInput {
		return &codedeploy.CreateApplicationInput{ApplicationName: &name}
	}
	refused[*types.ApplicationNameRequiredException](t, c.CreateApplication, create(""))
	refused[*types.InvalidApplicationNameException](t, c.CreateApplication, create("a/b"))
	refused[*types.ApplicationAlreadyExistsException](t, c.CreateApplication, create("web"))
	mainframe := create("other")
	mainframe.ComputePlatform = "Mainframe"
	refused[*types.InvalidComputePlatformException](t, c.CreateApplication, mainframe)
	untaggable := create("other")
	untaggable.Tags = []types.Tag{{Key: new("aws:x")}}
	refused[*types.InvalidTagsToAddException](t, c.CreateApplication, untaggable)

	refused[*types.ApplicationDoesNotExistException](t, c.GetApplication,
		&codedeploy.GetApplicationInput{ApplicationName: new("nope")})
	refused[*types.ApplicationDoesNotExistException](t, c.BatchGetApplications,
		&codedeploy.BatchGetApplicationsInput{ApplicationNames: []string{"web", "nope"}})
	refused[*types.BatchLimitExceededException](t, c.BatchGetApplications,
		&codedeploy.BatchGetApplicationsInput{ApplicationNames: make([]string, 101)})
	refused[*types.ApplicationDoesNotExistException](t, c.UpdateApplication,
		&codedeploy.UpdateApplicationInput{ApplicationName: new("nope"), NewApplicationName: new("shop")})
	refused[*types.InvalidApplicationNameException](t, c.DeleteApplication,
		&codedeploy.DeleteApplicationInput{ApplicationName: new("a/b")})
	refused[*types.InvalidNextTokenException](t, c.ListApplications,
		&codedeploy.ListApplicationsInput{NextToken: new("nonsense")})
}
