package api

import (
	"context"
	"strings"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

func (a *api) listDeploymentTargets(
	ctx context.Context, caller identity.Caller, in *wire.ListDeploymentTargetsInput,
) (*wire.ListDeploymentTargetsOutput, error) {
	filters := map[string][]string{}
	for name, values := range in.TargetFilters {
		filters[string(name)] = values
	}
	ids, next, err := a.control.ListTargets(ctx, caller, value(in.DeploymentId), filters, value(in.NextToken))
	return &wire.ListDeploymentTargetsOutput{TargetIds: ids, NextToken: given(next)}, err
}

func (a *api) getDeploymentTarget(
	ctx context.Context, caller identity.Caller, in *wire.GetDeploymentTargetInput,
) (*wire.GetDeploymentTargetOutput, error) {
	t, err := a.control.Target(ctx, caller, value(in.DeploymentId), value(in.TargetId))
	return &wire.GetDeploymentTargetOutput{DeploymentTarget: new(targetOut(t))}, err
}

func (a *api) batchGetDeploymentTargets(
	ctx context.Context, caller identity.Caller, in *wire.BatchGetDeploymentTargetsInput,
) (*wire.BatchGetDeploymentTargetsOutput, error) {
	found, err := a.control.BatchTargets(ctx, caller, value(in.DeploymentId), in.TargetIds)
	return &wire.BatchGetDeploymentTargetsOutput{DeploymentTargets: each(found, targetOut)}, err
}

func (a *api) listDeploymentInstances(
	ctx context.Context, caller identity.Caller, in *wire.ListDeploymentInstancesInput,
) (*wire.ListDeploymentInstancesOutput, error) {
	ids, next, err := a.control.ListDeploymentInstances(ctx, caller, value(in.DeploymentId),
		each(in.InstanceStatusFilter, as[string]), each(in.InstanceTypeFilter, as[string]), value(in.NextToken))
	return &wire.ListDeploymentInstancesOutput{InstancesList: ids, NextToken: given(next)}, err
}

func (a *api) getDeploymentInstance(
	ctx context.Context, caller identity.Caller, in *wire.GetDeploymentInstanceInput,
) (*wire.GetDeploymentInstanceOutput, error) {
	t, err := a.control.DeploymentInstance(ctx, caller, value(in.DeploymentId), value(in.InstanceId))
	return &wire.GetDeploymentInstanceOutput{InstanceSummary: new(summaryOut(t))}, err
}

func (a *api) batchGetDeploymentInstances(
	ctx context.Context, caller identity.Caller, in *wire.BatchGetDeploymentInstancesInput,
) (*wire.BatchGetDeploymentInstancesOutput, error) {
	found, missing, err := a.control.BatchDeploymentInstances(ctx, caller, value(in.DeploymentId), in.InstanceIds)
	out := &wire.BatchGetDeploymentInstancesOutput{InstancesSummary: each(found, summaryOut), ErrorMessage: new("")}
	if len(missing) > 0 {
		out.ErrorMessage = new("No instance found with ID: " + strings.Join(missing, ", "))
	}
	return out, err
}

// targetOut shows a target as what it is on its platform. Its type names the member.
func targetOut(t control.TargetView) wire.DeploymentTarget {
	status, updated, events := wire.TargetStatus(t.Status), wire.TimestampOf(t.UpdatedAt), each(t.Events, eventOut)
	switch t.Platform {
	case deploy.Lambda:
		return wire.DeploymentTarget{
			DeploymentTargetType: wire.DeploymentTargetTypeLambdaTarget,
			LambdaTarget: &wire.LambdaTarget{
				DeploymentId: &t.DeploymentID, TargetId: &t.ID, TargetArn: &t.ARN,
				Status: status, LastUpdatedAt: updated, LifecycleEvents: events, LambdaFunctionInfo: functionOut(t.Target),
			},
		}
	case deploy.ECS:
		return wire.DeploymentTarget{
			DeploymentTargetType: wire.DeploymentTargetTypeECSTarget,
			EcsTarget: &wire.ECSTarget{
				DeploymentId: &t.DeploymentID, TargetId: &t.ID, TargetArn: &t.ARN,
				Status: status, LastUpdatedAt: updated, LifecycleEvents: events, TaskSetsInfo: each(t.TaskSets, taskSetOut),
			},
		}
	}
	return wire.DeploymentTarget{
		DeploymentTargetType: wire.DeploymentTargetTypeInstanceTarget,
		InstanceTarget: &wire.InstanceTarget{
			DeploymentId: &t.DeploymentID, TargetId: &t.ID, TargetArn: &t.ARN,
			Status: status, LastUpdatedAt: updated, LifecycleEvents: events, InstanceLabel: wire.TargetLabel(t.Label),
		},
	}
}

// functionOut shows an alias, with the share of its traffic that was seen last.
func functionOut(t deploy.Target) *wire.LambdaFunctionInfo {
	f := t.Function
	if f == nil {
		return nil
	}
	return &wire.LambdaFunctionInfo{
		FunctionName: &f.Name, FunctionAlias: &f.Alias, CurrentVersion: &f.Current, TargetVersion: &f.Target,
		TargetVersionWeight: new(float64(t.Shift.Share)),
	}
}

func taskSetOut(s deploy.TaskSet) wire.ECSTaskSet {
	return wire.ECSTaskSet{
		Identifer: &s.ID, Status: &s.Status, TaskSetLabel: wire.TargetLabel(s.Label), TargetGroup: &wire.TargetGroupInfo{Name: &s.TargetGroup},
		DesiredCount: new(int64(s.Desired)), PendingCount: new(int64(s.Pending)), RunningCount: new(int64(s.Running)),
		TrafficWeight: new(float64(s.Weight)),
	}
}

// summaryOut is the older form of a target. Its instanceId is the ARN, as on AWS.
func summaryOut(t deploy.Target) wire.InstanceSummary {
	return wire.InstanceSummary{
		DeploymentId:    &t.DeploymentID,
		InstanceId:      &t.ARN,
		Status:          wire.InstanceStatus(t.Status),
		InstanceType:    wire.InstanceType(t.Label),
		LastUpdatedAt:   wire.TimestampOf(t.UpdatedAt),
		LifecycleEvents: each(t.Events, eventOut),
	}
}

func eventOut(e deploy.EventRecord) wire.LifecycleEvent {
	return wire.LifecycleEvent{
		LifecycleEventName: new(string(e.Name)),
		Status:             wire.LifecycleEventStatus(e.Status),
		StartTime:          wire.TimestampOf(e.StartedAt),
		EndTime:            wire.TimestampOf(e.EndedAt),
		Diagnostics:        diagnosticsOut(e.Diagnostics),
	}
}

func diagnosticsOut(d *deploy.Diagnostics) *wire.Diagnostics {
	if d == nil {
		return nil
	}
	message := d.Message
	if message == "" && d.Code == deploy.CodeSuccess {
		message = "Succeeded"
	}
	return &wire.Diagnostics{
		ErrorCode:  wire.LifecycleErrorCode(d.Code),
		ScriptName: &d.Script,
		Message:    &message,
		LogTail:    &d.Log,
	}
}
