package api_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// A revision of each kind comes back as it was registered.
func TestSDKRevisions(t *testing.T) {
	c := newServer(t).client()
	web(t, c)
	call(t, c.CreateApplication, &codedeploy.CreateApplicationInput{ApplicationName: new("fn"), ComputePlatform: types.ComputePlatformLambda})
	versioned := s3Revision("web-1.zip")
	versioned.S3Location.ETag, versioned.S3Location.Version = new("abc"), new("v1")
	const sha256 = "61e3942b5adadc9bea4d6feffc38d6567dff72bd20136aca04f5f20755ede10a"
	for application, revisions := range map[string][]types.RevisionLocation{
		"web": {
			*versioned,
			{
				RevisionType:   types.RevisionLocationTypeGitHub,
				GitHubLocation: &types.GitHubLocation{Repository: new("acme/web"), CommitId: new(commit)},
			},
		},
		"fn": {{
			RevisionType:   types.RevisionLocationTypeAppSpecContent,
			AppSpecContent: &types.AppSpecContent{Content: new("version: 0.0"), Sha256: new(sha256)},
		}},
	} {
		for _, want := range revisions {
			call(t, c.RegisterApplicationRevision, &codedeploy.RegisterApplicationRevisionInput{
				ApplicationName: &application, Description: new("first"), Revision: &want,
			})
			got := call(t, c.GetApplicationRevision, &codedeploy.GetApplicationRevisionInput{ApplicationName: &application, Revision: &want})
			equal(t, "revision", *got.Revision, want)
			equal(t, "about it", *got.RevisionInfo, types.GenericRevisionInfo{Description: new("first"), RegisterTime: after(0)})
			equal(t, "application", *got.ApplicationName, application)
		}
	}
	batch := call(t, c.BatchGetApplicationRevisions, &codedeploy.BatchGetApplicationRevisionsInput{
		ApplicationName: new("web"), Revisions: []types.RevisionLocation{*versioned},
	})
	equal(t, "batch", batch.Revisions, []types.RevisionInfo{{
		RevisionLocation:    versioned,
		GenericRevisionInfo: &types.GenericRevisionInfo{Description: new("first"), RegisterTime: after(0)},
	}})
	equal(t, "what is missing", *batch.ErrorMessage, "")
}

// What has been deployed is known by the groups that it went to, and can be listed by it.
func TestSDKRevisionsInUse(t *testing.T) {
	s := newServer(t)
	c := s.client()
	prod(t, c)
	for _, key := range []string{"web-1.zip", "web-2.zip"} {
		s.clock.tick()
		call(t, c.RegisterApplicationRevision, &codedeploy.RegisterApplicationRevisionInput{ApplicationName: new("web"), Revision: s3Revision(key)})
	}
	s.clock.tick()
	release(t, c, "web-1.zip")
	got := call(t, c.GetApplicationRevision, &codedeploy.GetApplicationRevisionInput{ApplicationName: new("web"), Revision: s3Revision("web-1.zip")})
	equal(t, "about it", *got.RevisionInfo, types.GenericRevisionInfo{
		DeploymentGroups: []string{"prod"}, RegisterTime: after(1), FirstUsedTime: after(3), LastUsedTime: after(3),
	})
	keys := func(in codedeploy.ListApplicationRevisionsInput) (keys []string) {
		in.ApplicationName = new("web")
		for _, r := range call(t, c.ListApplicationRevisions, &in).Revisions {
			keys = append(keys, *r.S3Location.Key)
		}
		return keys
	}
	type input = codedeploy.ListApplicationRevisionsInput
	equal(t, "deployed", keys(input{Deployed: types.ListStateFilterActionInclude}), []string{"web-1.zip"})
	equal(t, "not deployed", keys(input{Deployed: types.ListStateFilterActionExclude}), []string{"web-2.zip"})
	equal(t, "newest first", keys(input{SortBy: types.ApplicationRevisionSortByRegisterTime, SortOrder: types.SortOrderDescending}),
		[]string{"web-2.zip", "web-1.zip"})
	equal(t, "by prefix", keys(input{S3Bucket: new("releases"), S3KeyPrefix: new("web-2")}), []string{"web-2.zip"})
}

func TestSDKRevisionsRefused(t *testing.T) {
	c := newServer(t).client()
	web(t, c)
	register := func(r types.RevisionLocation) *codedeploy.RegisterApplicationRevisionInput {
		return &codedeploy.RegisterApplicationRevisionInput{ApplicationName: new("web"), Revision: &r}
	}
	refused[*types.InvalidRevisionException](t, c.RegisterApplicationRevision, register(types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3}))
	refused[*types.InvalidRevisionException](t, c.RegisterApplicationRevision, register(types.RevisionLocation{
		RevisionType:   types.RevisionLocationTypeGitHub,
		GitHubLocation: &types.GitHubLocation{Repository: new("acme/web"), CommitId: new("main")},
	}))
	in := register(*s3Revision("web-1.zip"))
	in.ApplicationName = new("nope")
	refused[*types.ApplicationDoesNotExistException](t, c.RegisterApplicationRevision, in)
	refused[*types.RevisionDoesNotExistException](t, c.GetApplicationRevision,
		&codedeploy.GetApplicationRevisionInput{ApplicationName: new("web"), Revision: s3Revision("web-9.zip")})
	refused[*types.RevisionRequiredException](t, c.BatchGetApplicationRevisions,
		&codedeploy.BatchGetApplicationRevisionsInput{ApplicationName: new("web"), Revisions: []types.RevisionLocation{}})
	list := func(change func(*codedeploy.ListApplicationRevisionsInput)) *codedeploy.ListApplicationRevisionsInput {
		in := codedeploy.ListApplicationRevisionsInput{ApplicationName: new("web")}
		change(&in)
		return &in
	}
	type input = codedeploy.ListApplicationRevisionsInput
	refused[*types.InvalidSortByException](t, c.ListApplicationRevisions, list(func(in *input) { in.SortBy = "size" }))
	refused[*types.InvalidSortOrderException](t, c.ListApplicationRevisions, list(func(in *input) { in.SortOrder = "sideways" }))
	refused[*types.InvalidDeployedStateFilterException](t, c.ListApplicationRevisions, list(func(in *input) { in.Deployed = "perhaps" }))
	refused[*types.BucketNameFilterRequiredException](t, c.ListApplicationRevisions, list(func(in *input) { in.S3KeyPrefix = new("web-") }))
	refused[*types.InvalidNextTokenException](t, c.ListApplicationRevisions, list(func(in *input) { in.NextToken = new("nonsense") }))
}
