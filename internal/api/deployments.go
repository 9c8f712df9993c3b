package api

import (
	"context"
	"fmt"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

func (a *api) createDeployment(
	ctx context.Context, caller identity.Caller, in *wire.CreateDeploymentInput,
) (*wire.CreateDeploymentOutput, error) {
	id, err := a.control.CreateDeployment(ctx, caller, deploymentRequestIn(in))
	return &wire.CreateDeploymentOutput{DeploymentId: &id}, err
}

func deploymentRequestIn(in *wire.CreateDeploymentInput) control.DeploymentRequest {
	return control.DeploymentRequest{
		Application:                   value(in.ApplicationName),
		Group:                         value(in.DeploymentGroupName),
		Revision:                      revisionIn(value(in.Revision)),
		ConfigName:                    value(in.DeploymentConfigName),
		Description:                   value(in.Description),
		Rollback:                      rollbackIn(in.AutoRollbackConfiguration),
		FileExists:                    deploy.FileExistsBehavior(in.FileExistsBehavior),
		IgnoreApplicationStopFailures: value(in.IgnoreApplicationStopFailures),
		UpdateOutdatedOnly:            value(in.UpdateOutdatedInstancesOnly),
		TargetInstances:               targetInstancesIn(in.TargetInstances),
		Alarms:                        alarmsIn(in.OverrideAlarmConfiguration),
	}
}

func (a *api) getDeployment(
	ctx context.Context, caller identity.Caller, in *wire.GetDeploymentInput,
) (*wire.GetDeploymentOutput, error) {
	d, err := a.control.Deployment(ctx, caller, value(in.DeploymentId))
	return &wire.GetDeploymentOutput{DeploymentInfo: new(deploymentOut(d))}, err
}

func (a *api) batchGetDeployments(
	ctx context.Context, caller identity.Caller, in *wire.BatchGetDeploymentsInput,
) (*wire.BatchGetDeploymentsOutput, error) {
	found, err := a.control.BatchDeployments(ctx, caller, in.DeploymentIds)
	return &wire.BatchGetDeploymentsOutput{DeploymentsInfo: each(found, deploymentOut)}, err
}

func (a *api) listDeployments(
	ctx context.Context, caller identity.Caller, in *wire.ListDeploymentsInput,
) (*wire.ListDeploymentsOutput, error) {
	created := value(in.CreateTimeRange)
	ids, next, err := a.control.ListDeployments(ctx, caller, control.DeploymentsRequest{
		Application: value(in.ApplicationName),
		Group:       value(in.DeploymentGroupName),
		ExternalID:  value(in.ExternalId),
		Statuses:    each(in.IncludeOnlyStatuses, as[deploy.Status]),
		From:        value(created.Start).Time,
		To:          value(created.End).Time,
	}, value(in.NextToken))
	return &wire.ListDeploymentsOutput{Deployments: ids, NextToken: given(next)}, err
}

// stopMessage is AWS's, of a stop that is done; it is as true of one that is pending.
const stopMessage = "No more commands will be scheduled for execution in the deployment instances"

func (a *api) stopDeployment(
	ctx context.Context, caller identity.Caller, in *wire.StopDeploymentInput,
) (*wire.StopDeploymentOutput, error) {
	stopping, err := a.control.StopDeployment(ctx, caller, value(in.DeploymentId), in.AutoRollbackEnabled)
	out := &wire.StopDeploymentOutput{Status: wire.StopStatusSucceeded, StatusMessage: new(stopMessage)}
	if stopping.Pending {
		out.Status = wire.StopStatusPending
	}
	return out, err
}

func (a *api) continueDeployment(
	ctx context.Context, caller identity.Caller, in *wire.ContinueDeploymentInput,
) (*awswire.Empty, error) {
	return nil, a.control.ContinueDeployment(ctx, caller, value(in.DeploymentId), string(in.DeploymentWaitType))
}

func (a *api) skipWaitTimeForInstanceTermination(
	ctx context.Context, caller identity.Caller, in *wire.SkipWaitTimeForInstanceTerminationInput,
) (*awswire.Empty, error) {
	return nil, a.control.SkipTerminationWait(ctx, caller, value(in.DeploymentId))
}

func (a *api) putLifecycleEventHookExecutionStatus(
	ctx context.Context, caller identity.Caller, in *wire.PutLifecycleEventHookExecutionStatusInput,
) (*wire.PutLifecycleEventHookExecutionStatusOutput, error) {
	err := a.control.ReportHook(ctx, caller, control.HookReport{
		DeploymentID: value(in.DeploymentId), ExecutionID: value(in.LifecycleEventHookExecutionId), Status: string(in.Status),
	})
	return &wire.PutLifecycleEventHookExecutionStatusOutput{
		LifecycleEventHookExecutionId: in.LifecycleEventHookExecutionId,
	}, err
}

func deploymentOut(d control.DeploymentView) wire.DeploymentInfo {
	out := wire.DeploymentInfo{
		DeploymentId:                       &d.ID,
		ApplicationName:                    &d.Application,
		DeploymentGroupName:                &d.Group,
		DeploymentConfigName:               &d.Config.Name,
		ComputePlatform:                    wire.ComputePlatform(d.Platform),
		DeploymentStyle:                    styleOut(d.Style),
		Revision:                           new(locationOut(d.Revision)),
		Description:                        given(d.Description),
		Creator:                            wire.DeploymentCreator(d.Creator),
		IgnoreApplicationStopFailures:      &d.IgnoreApplicationStopFailures,
		UpdateOutdatedInstancesOnly:        &d.UpdateOutdatedOnly,
		InstanceTerminationWaitTimeStarted: new(d.WaitsToTerminate()),
		FileExistsBehavior:                 wire.FileExistsBehavior(d.FileExists),
		AutoRollbackConfiguration:          rollbackOut(d.Rollback),
		Status:                             wire.DeploymentStatus(d.Status),
		DeploymentStatusMessages:           statusMessages(d),
		DeploymentOverview:                 overviewOut(d),
		RollbackInfo:                       rollbackInfoOut(d.RollbackInfo),
		TargetInstances:                    targetInstancesOut(d.TargetInstances),
		OverrideAlarmConfiguration:         alarmsOut(d.OverrideAlarms),
		LoadBalancerInfo:                   loadBalancerOut(d.LoadBalancer),
		BlueGreenDeploymentConfiguration:   blueGreenOut(d.BlueGreen),
		RelatedDeployments:                 relatedOut(d),
		CreateTime:                         wire.TimestampOf(d.CreatedAt),
		StartTime:                          wire.TimestampOf(d.StartedAt),
		CompleteTime:                       wire.TimestampOf(d.CompletedAt),
	}
	if d.Previous != nil {
		out.PreviousRevision = new(locationOut(*d.Previous))
	}
	// Failing is decided before the deployment has ended; AWS shows why only then.
	if d.Failure != nil && d.Status.Done() {
		out.ErrorInformation = &wire.ErrorInformation{
			Code: wire.ErrorCode(d.Failure.Code), Message: &d.Failure.Message,
		}
	}
	return out
}

// statusMessages is the reason why a deployment under way waits, where AWS has no words, or
// what one that has ended left behind, and what its triggers could not tell.
func statusMessages(d control.DeploymentView) []string {
	messages := each(d.Residue, as[string])
	if !d.Status.Done() && d.Waiting != "" {
		messages = []string{d.Waiting}
	}
	for _, u := range d.Untold {
		messages = append(messages, fmt.Sprintf("%d of the notifications of the trigger %s could not be published to %s: %s",
			u.Count, u.Trigger, u.Topic, u.Why))
	}
	return messages
}

// relatedOut names the deployment that this one follows, or those that follow it.
func relatedOut(d control.DeploymentView) *wire.RelatedDeployments {
	if d.RootID == "" && len(d.Followers) == 0 {
		return nil
	}
	return &wire.RelatedDeployments{
		AutoUpdateOutdatedInstancesRootDeploymentId: given(d.RootID),
		AutoUpdateOutdatedInstancesDeploymentIds:    d.Followers,
	}
}

// overviewOut is absent until a deployment is under way, or, without instances to count,
// until it is over, as on AWS. A target of unknown end is counted as failed, so that the
// numbers add up to the fleet.
func overviewOut(d control.DeploymentView) *wire.DeploymentOverview {
	starting := d.Overview == nil && (d.Status == deploy.Created || d.Status == deploy.Queued)
	if starting || d.Platform != deploy.Server && !d.Status.Done() {
		return nil
	}
	count := func(statuses ...deploy.TargetStatus) *int64 {
		n := 0
		for _, s := range statuses {
			n += d.Overview[s]
		}
		return new(int64(n))
	}
	return &wire.DeploymentOverview{
		Pending:    count(deploy.TargetPending),
		InProgress: count(deploy.TargetInProgress),
		Succeeded:  count(deploy.TargetSucceeded),
		Failed:     count(deploy.TargetFailed, deploy.TargetUnknown),
		Skipped:    count(deploy.TargetSkipped),
		Ready:      count(deploy.TargetReady),
	}
}

func rollbackInfoOut(r *deploy.RollbackInfo) *wire.RollbackInfo {
	if r == nil {
		return nil
	}
	return &wire.RollbackInfo{
		RollbackDeploymentId:           given(r.RollbackID),
		RollbackTriggeringDeploymentId: given(r.TriggeringID),
		RollbackMessage:                given(r.Message),
	}
}
