package control_test

import (
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

var (
	admin  = identity.Administrator(account)
	nobody = identity.Caller{ARN: userARN + "nobody", AccountID: account, UserName: "nobody"}
)

// developer may do what is granted, in the form "Action end-of-an-ARN", with wildcards.
func developer(t *testing.T, grants ...string) identity.Caller {
	t.Helper()
	caller := identity.Caller{ARN: userARN + "dev", AccountID: account, UserName: "dev"}
	for _, grant := range grants {
		action, resource, _ := strings.Cut(grant, " ")
		p, err := identity.ParsePolicy(`{"Version": "2012-10-17", "Statement": [` +
			`{"Effect": "Allow", "Action": "codedeploy:` + action + `", "Resource": "` + arn(resource) + `"}]}`)
		if err != nil {
			t.Fatal(err)
		}
		caller.Policies = append(caller.Policies, p)
	}
	return caller
}

// Who may work on one group learns nothing of another, and cannot take its name.
func TestADeveloperKeepsToTheirGroup(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{})
	ctx := t.Context()
	must(t)(w.CreateGroup(ctx, admin, "web", "dev", control.GroupSettings{ServiceRoleARN: role}, nil))
	theirs := must(t)(w.deployBundle(ctx))
	dev := developer(t, "* deploymentgroup:web/dev", readConfigs, register)

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
	_, err = w.UpdateGroup(ctx, dev, "web", "dev", "stage", control.GroupSettings{})
	wantError(t, err, "AccessDenied", "deploymentgroup:web/stage")
}

const (
	readConfigs = "GetDeploymentConfig deploymentconfig:*"
	register    = "*ApplicationRevision application:web"
)

// A deployment takes the config and the revision too: the new revision is registered, one that
// is known is read.
func TestADeploymentNeedsItsConfigAndItsRevision(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{})
	ctx := t.Context()
	must(t)(w.CreateGroup(ctx, admin, "web", "dev", control.GroupSettings{ServiceRoleARN: role}, nil))
	if err := w.RegisterRevision(ctx, admin, "web", bundle, ""); err != nil {
		t.Fatal(err)
	}
	unknown := deploy.Revision{Type: deploy.GitHub, GitHub: &deploy.GitHubLocation{Repository: "o/r", CommitID: strings.Repeat("a", 40)}}
	create := "CreateDeployment deploymentgroup:web/*"
	once := "GetDeploymentConfig deploymentconfig:CodeDeployDefault.OneAtATime"
	for _, c := range []struct {
		name     string
		grants   []string
		group    string
		config   string
		revision deploy.Revision
		refused  string // the action and the end of the ARN, or "" where it is created
	}{
		{"the action alone", []string{create}, "prod", "", bundle, "GetApplicationRevision on resource: " + arn(web)},
		{"no config", []string{create, register}, "prod", "", bundle,
			"GetDeploymentConfig on resource: " + arn("deploymentconfig:CodeDeployDefault.OneAtATime")},
		{"another config", []string{create, register, once}, "prod", "CodeDeployDefault.AllAtOnce", bundle,
			"GetDeploymentConfig on resource: " + arn("deploymentconfig:CodeDeployDefault.AllAtOnce")},
		{"may not register", []string{create, once, "GetApplicationRevision " + web}, "prod", "", unknown,
			"RegisterApplicationRevision on resource: " + arn(web)},
		{"a registered one", []string{create, once, "GetApplicationRevision " + web}, "prod", "", bundle, ""},
		{"a new one", []string{create, once, "RegisterApplicationRevision " + web}, "dev", "", unknown, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.CreateDeployment(ctx, developer(t, c.grants...), control.DeploymentRequest{
				Application: "web", Group: c.group, ConfigName: c.config, Revision: c.revision,
			})
			if c.refused != "" {
				wantError(t, err, "AccessDenied", "codedeploy:"+c.refused)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// A new resource with tags needs the permission to tag it.
func TestTagsOfANewResourceNeedTheirOwnPermission(t *testing.T) {
	w := newWorld(t)
	dev := developer(t, "Create* application:*")
	must(t)(w.CreateApplication(t.Context(), dev, "plain", "", nil))
	_, err := w.CreateApplication(t.Context(), dev, "tagged", "", []deploy.Tag{{Key: "team", Value: "a"}})
	wantError(t, err, "AccessDenied", "codedeploy:TagResource on resource: "+arn("application:tagged"))
}
