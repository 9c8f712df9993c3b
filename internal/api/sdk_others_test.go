package api_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

const arnOfWeb = "arn:aws:codedeploy:us-east-1:000000000000:application:web"

func TestSDKTags(t *testing.T) {
	c := newServer(t).client()
	prod(t, c)
	for _, arn := range []string{arnOfWeb, "arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:web/prod"} {
		call(t, c.TagResource, &codedeploy.TagResourceInput{
			ResourceArn: &arn, Tags: []types.Tag{tag("team", "a"), tag("cost", "7"), tag("old", "")},
		})
		call(t, c.TagResource, &codedeploy.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{tag("team", "b")}})
		call(t, c.UntagResource, &codedeploy.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"old", "nope"}})
		got := call(t, c.ListTagsForResource, &codedeploy.ListTagsForResourceInput{ResourceArn: &arn})
		equal(t, "tags", got.Tags, []types.Tag{tag("cost", "7"), tag("team", "b")})
	}
}

func TestSDKTagsRefused(t *testing.T) {
	c := newServer(t).client()
	web(t, c)
	list := func(arn string) *codedeploy.ListTagsForResourceInput {
		return &codedeploy.ListTagsForResourceInput{ResourceArn: &arn}
	}
	refused[*types.ResourceArnRequiredException](t, c.ListTagsForResource, list(""))
	refused[*types.InvalidArnException](t, c.ListTagsForResource, list("web"))
	refused[*types.ArnNotSupportedException](t, c.ListTagsForResource, list("arn:aws:codedeploy:us-east-1:000000000000:deploymentconfig:x"))
	refused[*types.TagRequiredException](t, c.TagResource, &codedeploy.TagResourceInput{ResourceArn: new(arnOfWeb), Tags: []types.Tag{}})
	refused[*types.InvalidTagsToAddException](t, c.TagResource,
		&codedeploy.TagResourceInput{ResourceArn: new(arnOfWeb), Tags: []types.Tag{tag("aws:x", "")}})
	refused[*types.TagRequiredException](t, c.UntagResource, &codedeploy.UntagResourceInput{ResourceArn: new(arnOfWeb), TagKeys: []string{}})
}

// What there is none of, and what belongs to nobody.
func TestSDKTokensAndStacks(t *testing.T) {
	c := newServer(t).client()
	tokens := call(t, c.ListGitHubAccountTokenNames, &codedeploy.ListGitHubAccountTokenNamesInput{})
	equal(t, "tokens", len(tokens.TokenNameList), 0)
	refused[*types.InvalidNextTokenException](t, c.ListGitHubAccountTokenNames,
		&codedeploy.ListGitHubAccountTokenNamesInput{NextToken: new("nonsense")})
	refused[*types.GitHubAccountTokenDoesNotExistException](t, c.DeleteGitHubAccountToken,
		&codedeploy.DeleteGitHubAccountTokenInput{TokenName: new("mine")})
	refused[*types.GitHubAccountTokenNameRequiredException](t, c.DeleteGitHubAccountToken, &codedeploy.DeleteGitHubAccountTokenInput{})
	call(t, c.DeleteResourcesByExternalId, &codedeploy.DeleteResourcesByExternalIdInput{ExternalId: new("stack")})
}
