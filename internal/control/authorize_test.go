package control_test

import (
	"context"
	"slices"
	"testing"

	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

// A call is an operation with the action and the resource that it must ask for.
type call struct {
	action, resource string
	by               func(identity.Caller) error
}

const (
	web  = "application:web"
	prod = "deploymentgroup:web/prod"
	web1 = "instance/web-1"
)

// Every operation asks for its own action on the resource that AWS names, before it looks
// at anything else: the caller here has no permission, and no request here makes sense.
func TestEveryOperationAuthorises(t *testing.T) {
	w := newWorld(t).withGroup(t, control.GroupSettings{})
	ctx := t.Context()
	id := must(t)(w.deployBundle(ctx))
	for _, c := range slices.Concat(
		applicationCalls(ctx, w), groupCalls(ctx, w), configCalls(ctx, w), revisionCalls(ctx, w), instanceCalls(ctx, w),
		deploymentCalls(ctx, w, id), targetCalls(ctx, w, id), otherCalls(ctx, w),
	) {
		t.Run(c.action, func(t *testing.T) {
			resource := "*"
			if c.resource != "" {
				resource = arn(c.resource)
			}
			wantError(t, c.by(nobody), "AccessDenied",
				"is not authorized to perform: codedeploy:"+c.action+" on resource: "+resource+" because")
		})
	}
}

func applicationCalls(ctx context.Context, w *world) []call {
	return []call{
		{"CreateApplication", web, func(c identity.Caller) error { _, err := w.CreateApplication(ctx, c, "web", "", nil); return err }},
		{"GetApplication", web, func(c identity.Caller) error { _, err := w.Application(ctx, c, "web"); return err }},
		{"BatchGetApplications", web, func(c identity.Caller) error { _, err := w.BatchApplications(ctx, c, []string{"web"}); return err }},
		{"ListApplications", "application:*", func(c identity.Caller) error { _, _, err := w.ListApplications(ctx, c, ""); return err }},
		{"UpdateApplication", web, func(c identity.Caller) error { return w.RenameApplication(ctx, c, "web", "shop") }},
		{"DeleteApplication", web, func(c identity.Caller) error { return w.DeleteApplication(ctx, c, "web") }},
	}
}

func groupCalls(ctx context.Context, w *world) []call {
	return []call{
		{"CreateDeploymentGroup", prod, func(c identity.Caller) error {
			_, err := w.CreateGroup(ctx, c, "web", "prod", control.GroupSettings{}, nil)
			return err
		}},
		{"GetDeploymentGroup", prod, func(c identity.Caller) error { _, err := w.Group(ctx, c, "web", "prod"); return err }},
		{"BatchGetDeploymentGroups", prod, func(c identity.Caller) error { _, _, err := w.BatchGroups(ctx, c, "web", []string{"prod"}); return err }},
		{"ListDeploymentGroups", web, func(c identity.Caller) error { _, _, err := w.ListGroups(ctx, c, "web", ""); return err }},
		{"UpdateDeploymentGroup", prod, func(c identity.Caller) error {
			_, err := w.UpdateGroup(ctx, c, "web", "prod", "", control.GroupSettings{})
			return err
		}},
		{"DeleteDeploymentGroup", prod, func(c identity.Caller) error { _, err := w.DeleteGroup(ctx, c, "web", "prod"); return err }},
	}
}

func configCalls(ctx context.Context, w *world) []call {
	return []call{
		{"CreateDeploymentConfig", "deploymentconfig:half", func(c identity.Caller) error {
			_, err := w.CreateConfig(ctx, c, control.ConfigRequest{Name: "half"})
			return err
		}},
		{"GetDeploymentConfig", "deploymentconfig:half", func(c identity.Caller) error { _, err := w.Config(ctx, c, "half"); return err }},
		{"ListDeploymentConfigs", "deploymentconfig:*", func(c identity.Caller) error { _, _, err := w.ListConfigs(ctx, c, ""); return err }},
		{"DeleteDeploymentConfig", "deploymentconfig:half", func(c identity.Caller) error { return w.DeleteConfig(ctx, c, "half") }},
	}
}

func revisionCalls(ctx context.Context, w *world) []call {
	return []call{
		{"RegisterApplicationRevision", web, func(c identity.Caller) error { return w.RegisterRevision(ctx, c, "web", bundle, "") }},
		{"GetApplicationRevision", web, func(c identity.Caller) error { _, err := w.Revision(ctx, c, "web", bundle); return err }},
		{"BatchGetApplicationRevisions", web, func(c identity.Caller) error {
			_, _, err := w.BatchRevisions(ctx, c, "web", []deploy.Revision{bundle})
			return err
		}},
		{"ListApplicationRevisions", web, func(c identity.Caller) error {
			_, _, err := w.ListRevisions(ctx, c, "web", control.RevisionFilter{}, "")
			return err
		}},
	}
}

func instanceCalls(ctx context.Context, w *world) []call {
	return []call{
		{"RegisterOnPremisesInstance", web1, func(c identity.Caller) error { return w.RegisterInstance(ctx, c, "web-1", "", "") }},
		{"DeregisterOnPremisesInstance", web1, func(c identity.Caller) error { return w.DeregisterInstance(ctx, c, "web-1") }},
		{"GetOnPremisesInstance", web1, func(c identity.Caller) error { _, err := w.Instance(ctx, c, "web-1"); return err }},
		{"BatchGetOnPremisesInstances", web1, func(c identity.Caller) error { _, err := w.BatchInstances(ctx, c, []string{"web-1"}); return err }},
		{"ListOnPremisesInstances", "instance/*", func(c identity.Caller) error { _, _, err := w.ListInstances(ctx, c, "", nil, ""); return err }},
		{"AddTagsToOnPremisesInstances", web1, func(c identity.Caller) error { return w.TagInstances(ctx, c, []string{"web-1"}, nil) }},
		{"RemoveTagsFromOnPremisesInstances", web1, func(c identity.Caller) error { return w.UntagInstances(ctx, c, []string{"web-1"}, nil) }},
	}
}

func deploymentCalls(ctx context.Context, w *world, id string) []call {
	return []call{
		{"CreateDeployment", prod, func(c identity.Caller) error {
			_, err := w.CreateDeployment(ctx, c, control.DeploymentRequest{Application: "web", Group: "prod"})
			return err
		}},
		{"GetDeployment", prod, func(c identity.Caller) error { _, err := w.Deployment(ctx, c, id); return err }},
		{"GetDeployment", "deploymentgroup:*/*", func(c identity.Caller) error { _, err := w.Deployment(ctx, c, "d-NOTTHERE0"); return err }},
		{"BatchGetDeployments", prod, func(c identity.Caller) error { _, err := w.BatchDeployments(ctx, c, []string{id}); return err }},
		{"ListDeployments", "deploymentgroup:*/*", func(c identity.Caller) error {
			_, _, err := w.ListDeployments(ctx, c, control.DeploymentsRequest{}, "")
			return err
		}},
		{"StopDeployment", prod, func(c identity.Caller) error { _, err := w.StopDeployment(ctx, c, id, nil); return err }},
		{"ContinueDeployment", prod, func(c identity.Caller) error { return w.ContinueDeployment(ctx, c, id, "") }},
		{"SkipWaitTimeForInstanceTermination", prod, func(c identity.Caller) error { return w.SkipTerminationWait(ctx, c, id) }},
		{"PutLifecycleEventHookExecutionStatus", prod, func(c identity.Caller) error { return w.ReportHook(ctx, c, control.HookReport{DeploymentID: id}) }},
	}
}

func targetCalls(ctx context.Context, w *world, id string) []call {
	return []call{
		{"ListDeploymentTargets", prod, func(c identity.Caller) error { _, _, err := w.ListTargets(ctx, c, id, nil, ""); return err }},
		{"GetDeploymentTarget", prod, func(c identity.Caller) error { _, err := w.Target(ctx, c, id, "web-1"); return err }},
		{"BatchGetDeploymentTargets", prod, func(c identity.Caller) error { _, err := w.BatchTargets(ctx, c, id, []string{"web-1"}); return err }},
		{"ListDeploymentInstances", prod, func(c identity.Caller) error {
			_, _, err := w.ListDeploymentInstances(ctx, c, id, nil, nil, "")
			return err
		}},
		{"GetDeploymentInstance", prod, func(c identity.Caller) error { _, err := w.DeploymentInstance(ctx, c, id, "web-1"); return err }},
		{"BatchGetDeploymentInstances", prod, func(c identity.Caller) error {
			_, _, err := w.BatchDeploymentInstances(ctx, c, id, []string{"web-1"})
			return err
		}},
	}
}

func otherCalls(ctx context.Context, w *world) []call {
	return []call{
		{"ListTagsForResource", web, func(c identity.Caller) error { _, err := w.ResourceTags(ctx, c, arn(web)); return err }},
		{"TagResource", web, func(c identity.Caller) error { return w.TagResource(ctx, c, arn(web), nil) }},
		{"UntagResource", web, func(c identity.Caller) error { return w.UntagResource(ctx, c, arn(web), nil) }},
		{"ListGitHubAccountTokenNames", "", func(c identity.Caller) error { _, err := w.GitHubTokens(ctx, c, ""); return err }},
		{"DeleteGitHubAccountToken", "", func(c identity.Caller) error { return w.DeleteGitHubToken(ctx, c, "x") }},
		{"DeleteResourcesByExternalId", "", func(c identity.Caller) error { return w.DeleteByExternalID(ctx, c, "x") }},
	}
}
