package control_test

import (
	"testing"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

var (
	admin  = identity.Administrator(account)
	nobody = identity.Caller{ARN: userARN + "nobody", AccountID: account, UserName: "nobody"}
)

// developer may do the actions on the resources, which are the ends of ARNs.
func developer(t *testing.T, actions, resource string) identity.Caller {
	t.Helper()
	p, err := identity.ParsePolicy(`{"Version": "2012-10-17", "Statement": [` +
		`{"Effect": "Allow", "Action": "codedeploy:` + actions + `", "Resource": "` + arn(resource) + `"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	return identity.Caller{
		ARN: userARN + "dev", AccountID: account, UserName: "dev", Policies: []identity.Policy{p},
	}
}

// Who may work on one group learns nothing of another, and cannot take its name.
func TestADeveloperKeepsToTheirGroup(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{})
	ctx := t.Context()
	must(t)(w.CreateGroup(ctx, admin, "web", "dev", control.GroupSettings{ServiceRoleARN: role}, nil))
	theirs := must(t)(w.deployBundle(ctx))
	dev := developer(t, "*", "deploymentgroup:web/dev")

	mine := must(t)(w.CreateDeployment(ctx, dev, control.DeploymentRequest{Application: "web", Group: "dev", Revision: bundle}))
	if _, err := w.Deployment(ctx, dev, mine); err != nil {
		t.Error(err)
	}
	_, err := w.CreateDeployment(ctx, dev, control.DeploymentRequest{Application: "web", Group: "prod", Revision: bundle})
	wantError(t, err, "AccessDenied", "deploymentgroup:web/prod")
	_, err = w.Deployment(ctx, dev, theirs)
	wantError(t, err, "AccessDenied", "deploymentgroup:web/prod")
	_, err = w.BatchDeployments(ctx, dev, []string{mine, theirs})
	wantError(t, err, "AccessDenied", "deploymentgroup:web/prod")
	_, _, err = w.BatchGroups(ctx, dev, "web", []string{"dev", "prod"})
	wantError(t, err, "AccessDenied", "deploymentgroup:web/prod")
	_, _, err = w.ListDeployments(ctx, dev, control.DeploymentsRequest{}, "")
	wantError(t, err, "AccessDenied", "deploymentgroup:*/*")
	err = w.UpdateGroup(ctx, dev, "web", "dev", "stage", control.GroupSettings{})
	wantError(t, err, "AccessDenied", "deploymentgroup:web/stage")
}

// A new resource with tags needs the permission to tag it.
func TestTagsOfANewResourceNeedTheirOwnPermission(t *testing.T) {
	w := newWorld(t)
	dev := developer(t, "Create*", "application:*")
	must(t)(w.CreateApplication(t.Context(), dev, "plain", "", nil))
	_, err := w.CreateApplication(t.Context(), dev, "tagged", "", []deploy.Tag{{Key: "team", Value: "a"}})
	wantError(t, err, "AccessDenied", "codedeploy:TagResource on resource: "+arn("application:tagged"))
}
