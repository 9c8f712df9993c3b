// Package api is CodeDeploy's API: it translates between the types on the wire and the words
// of package control, and does nothing else.
//
// Each of the 47 operations is a method of a few lines in the file of its resource. Whether
// a request is allowed, makes sense and can be had is for control to say; errors.go turns
// its codes into the model's exceptions. The stories in testdata show what every operation
// answers.
package api

import (
	"context"
	"errors"
	"log/slog"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/identity"
)

// SigningName is the service in the credential scope of requests to the API.
const SigningName = "codedeploy"

// New returns the API as a service. Faults of ours are logged to log, and masked.
func New(c *control.Service, log *slog.Logger) awswire.Service {
	a := &api{control: c}
	return awswire.Editions(awswire.JSON([]string{SigningName}, []string{wire.TargetPrefix}, a.operations(), log), a.own(log))
}

type api struct{ control *control.Service }

func (a *api) operations() awswire.Operations {
	return awswire.Operations{
		"CreateApplication":    op(a.createApplication),
		"GetApplication":       op(a.getApplication),
		"BatchGetApplications": op(a.batchGetApplications),
		"ListApplications":     op(a.listApplications),
		"UpdateApplication":    op(a.updateApplication),
		"DeleteApplication":    op(a.deleteApplication),

		"CreateDeploymentGroup":    op(a.createDeploymentGroup),
		"GetDeploymentGroup":       op(a.getDeploymentGroup),
		"BatchGetDeploymentGroups": op(a.batchGetDeploymentGroups),
		"ListDeploymentGroups":     op(a.listDeploymentGroups),
		"UpdateDeploymentGroup":    op(a.updateDeploymentGroup),
		"DeleteDeploymentGroup":    op(a.deleteDeploymentGroup),

		"CreateDeploymentConfig": op(a.createDeploymentConfig),
		"GetDeploymentConfig":    op(a.getDeploymentConfig),
		"ListDeploymentConfigs":  op(a.listDeploymentConfigs),
		"DeleteDeploymentConfig": op(a.deleteDeploymentConfig),

		"RegisterApplicationRevision":  op(a.registerApplicationRevision),
		"GetApplicationRevision":       op(a.getApplicationRevision),
		"BatchGetApplicationRevisions": op(a.batchGetApplicationRevisions),
		"ListApplicationRevisions":     op(a.listApplicationRevisions),

		"RegisterOnPremisesInstance":        op(a.registerOnPremisesInstance),
		"DeregisterOnPremisesInstance":      op(a.deregisterOnPremisesInstance),
		"GetOnPremisesInstance":             op(a.getOnPremisesInstance),
		"BatchGetOnPremisesInstances":       op(a.batchGetOnPremisesInstances),
		"ListOnPremisesInstances":           op(a.listOnPremisesInstances),
		"AddTagsToOnPremisesInstances":      op(a.addTagsToOnPremisesInstances),
		"RemoveTagsFromOnPremisesInstances": op(a.removeTagsFromOnPremisesInstances),

		"CreateDeployment":                     op(a.createDeployment),
		"GetDeployment":                        op(a.getDeployment),
		"BatchGetDeployments":                  op(a.batchGetDeployments),
		"ListDeployments":                      op(a.listDeployments),
		"StopDeployment":                       op(a.stopDeployment),
		"ContinueDeployment":                   op(a.continueDeployment),
		"SkipWaitTimeForInstanceTermination":   op(a.skipWaitTimeForInstanceTermination),
		"PutLifecycleEventHookExecutionStatus": op(a.putLifecycleEventHookExecutionStatus),

		"ListDeploymentTargets":       op(a.listDeploymentTargets),
		"GetDeploymentTarget":         op(a.getDeploymentTarget),
		"BatchGetDeploymentTargets":   op(a.batchGetDeploymentTargets),
		"ListDeploymentInstances":     op(a.listDeploymentInstances),
		"GetDeploymentInstance":       op(a.getDeploymentInstance),
		"BatchGetDeploymentInstances": op(a.batchGetDeploymentInstances),

		"ListTagsForResource": op(a.listTagsForResource),
		"TagResource":         op(a.tagResource),
		"UntagResource":       op(a.untagResource),

		"ListGitHubAccountTokenNames": op(a.listGitHubAccountTokenNames),
		"DeleteGitHubAccountToken":    op(a.deleteGitHubAccountToken),
		"DeleteResourcesByExternalId": op(a.deleteResourcesByExternalId),
	}
}

// op makes an operation of a method that is told who is calling.
func op[In, Out any](f func(context.Context, identity.Caller, *In) (*Out, error)) awswire.Operation {
	return awswire.Op(func(ctx context.Context, in *In) (*Out, error) {
		caller, ok := awswire.Caller(ctx).(identity.Caller)
		if !ok {
			return nil, errors.New("the request has no caller")
		}
		out, err := f(ctx, caller, in)
		if err != nil {
			return nil, wireError(err)
		}
		return out, nil
	})
}
