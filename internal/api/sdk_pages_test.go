package api_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// A paginator of the SDK.
type paginator[O any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*codedeploy.Options)) (O, error)
}

// pages checks that a list comes in two pages, with every item once.
func pages[O any](t *testing.T, p paginator[O], items int, of func(O) []string) {
	t.Helper()
	var all []string
	count := 0
	for ; p.HasMorePages(); count++ {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, of(page)...)
	}
	slices.Sort(all)
	if count != 2 || len(all) != items || len(slices.Compact(all)) != items {
		t.Errorf("%T: %d pages with %d items, of which %d are different; want 2 with %d", p, count, len(all), len(slices.Compact(all)), items)
	}
}

// names are more than a page holds.
func names(kind string) (names []string) {
	for i := range 101 {
		names = append(names, fmt.Sprintf("%s-%03d", kind, i))
	}
	return names
}

func TestSDKPagesOfRecords(t *testing.T) {
	c := newServer(t).client()
	for _, name := range names("app") {
		call(t, c.CreateApplication, &codedeploy.CreateApplicationInput{ApplicationName: &name})
	}
	web(t, c)
	for _, name := range names("group") {
		call(t, c.CreateDeploymentGroup, &codedeploy.CreateDeploymentGroupInput{
			ApplicationName: new("web"), DeploymentGroupName: &name, ServiceRoleArn: new(role),
		})
	}
	for _, name := range names("revision") {
		call(t, c.RegisterApplicationRevision, &codedeploy.RegisterApplicationRevisionInput{
			ApplicationName: new("web"), Revision: s3Revision(name),
		})
	}
	for _, name := range names("config") {
		call(t, c.CreateDeploymentConfig, &codedeploy.CreateDeploymentConfigInput{
			DeploymentConfigName: &name, MinimumHealthyHosts: percent(50),
		})
	}
	pages(t, codedeploy.NewListApplicationsPaginator(c, &codedeploy.ListApplicationsInput{}), 102,
		func(o *codedeploy.ListApplicationsOutput) []string { return o.Applications })
	pages(t, codedeploy.NewListDeploymentGroupsPaginator(c, &codedeploy.ListDeploymentGroupsInput{ApplicationName: new("web")}), 101,
		func(o *codedeploy.ListDeploymentGroupsOutput) []string { return o.DeploymentGroups })
	pages(t, codedeploy.NewListApplicationRevisionsPaginator(c, &codedeploy.ListApplicationRevisionsInput{ApplicationName: new("web")}), 101,
		func(o *codedeploy.ListApplicationRevisionsOutput) (keys []string) {
			for _, r := range o.Revisions {
				keys = append(keys, *r.S3Location.Key)
			}
			return keys
		})
	pages(t, codedeploy.NewListDeploymentConfigsPaginator(c, &codedeploy.ListDeploymentConfigsInput{}), 118,
		func(o *codedeploy.ListDeploymentConfigsOutput) []string { return o.DeploymentConfigsList })
}

func TestSDKPagesOfDeployments(t *testing.T) {
	s := newServer(t)
	c := s.client()
	prod(t, c)
	id := release(t, c, "web-1.zip")
	engine(t, s, append([]string{"targets", id}, names("host")...)...)
	pages(t, codedeploy.NewListDeploymentInstancesPaginator(c, &codedeploy.ListDeploymentInstancesInput{DeploymentId: &id}), 101,
		func(o *codedeploy.ListDeploymentInstancesOutput) []string { return o.InstancesList })
	// This list has tokens, but no paginator.
	first := call(t, c.ListDeploymentTargets, &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id})
	second := call(t, c.ListDeploymentTargets, &codedeploy.ListDeploymentTargetsInput{DeploymentId: &id, NextToken: first.NextToken})
	equal(t, "targets", append(first.TargetIds, second.TargetIds...), names("host"))

	for range 100 {
		s.commit(t, id, func(c *store.Commit, _ store.Loaded) {
			c.Deployment.Status, c.Deployment.CompletedAt, c.Due = deploy.Succeeded, s.clock.Now(), time.Time{}
		})
		id = release(t, c, "web-1.zip")
	}
	pages(t, codedeploy.NewListDeploymentsPaginator(c, &codedeploy.ListDeploymentsInput{}), 101,
		func(o *codedeploy.ListDeploymentsOutput) []string { return o.Deployments })
}

func TestSDKPagesOfInstances(t *testing.T) {
	c := newServer(t).client()
	for _, name := range names("host") {
		call(t, c.RegisterOnPremisesInstance, &codedeploy.RegisterOnPremisesInstanceInput{
			InstanceName: &name, IamUserArn: new("arn:aws:iam::000000000000:user/" + name),
		})
	}
	first := call(t, c.ListOnPremisesInstances, &codedeploy.ListOnPremisesInstancesInput{})
	second := call(t, c.ListOnPremisesInstances, &codedeploy.ListOnPremisesInstancesInput{NextToken: first.NextToken})
	equal(t, "pages", []int{len(first.InstanceNames), len(second.InstanceNames)}, []int{100, 1})
	equal(t, "instances", append(first.InstanceNames, second.InstanceNames...), names("host"))
}
