package api

import (
	"context"
	"strings"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

func (a *api) createDeploymentGroup(
	ctx context.Context, caller identity.Caller, in *wire.CreateDeploymentGroupInput,
) (*wire.CreateDeploymentGroupOutput, error) {
	id, err := a.control.CreateGroup(ctx, caller,
		value(in.ApplicationName), value(in.DeploymentGroupName), settingsIn(in), tagsIn(in.Tags))
	return &wire.CreateDeploymentGroupOutput{DeploymentGroupId: &id}, err
}

func (a *api) getDeploymentGroup(
	ctx context.Context, caller identity.Caller, in *wire.GetDeploymentGroupInput,
) (*wire.GetDeploymentGroupOutput, error) {
	g, err := a.control.Group(ctx, caller, value(in.ApplicationName), value(in.DeploymentGroupName))
	return &wire.GetDeploymentGroupOutput{DeploymentGroupInfo: new(groupOut(g))}, err
}

func (a *api) batchGetDeploymentGroups(
	ctx context.Context, caller identity.Caller, in *wire.BatchGetDeploymentGroupsInput,
) (*wire.BatchGetDeploymentGroupsOutput, error) {
	groups, missing, err := a.control.BatchGroups(ctx, caller, value(in.ApplicationName), in.DeploymentGroupNames)
	out := &wire.BatchGetDeploymentGroupsOutput{DeploymentGroupsInfo: each(groups, groupOut)}
	if len(missing) > 0 {
		out.ErrorMessage = new("No Deployment Group found for name: " + strings.Join(missing, ", "))
	}
	return out, err
}

func (a *api) listDeploymentGroups(
	ctx context.Context, caller identity.Caller, in *wire.ListDeploymentGroupsInput,
) (*wire.ListDeploymentGroupsOutput, error) {
	names, next, err := a.control.ListGroups(ctx, caller, value(in.ApplicationName), value(in.NextToken))
	return &wire.ListDeploymentGroupsOutput{
		ApplicationName: in.ApplicationName, DeploymentGroups: names, NextToken: given(next),
	}, err
}

func (a *api) updateDeploymentGroup(
	ctx context.Context, caller identity.Caller, in *wire.UpdateDeploymentGroupInput,
) (*wire.UpdateDeploymentGroupOutput, error) {
	// What both operations have in common is of the same types, so it is read once.
	settings := settingsIn(&wire.CreateDeploymentGroupInput{
		AlarmConfiguration:               in.AlarmConfiguration,
		AutoRollbackConfiguration:        in.AutoRollbackConfiguration,
		AutoScalingGroups:                in.AutoScalingGroups,
		BlueGreenDeploymentConfiguration: in.BlueGreenDeploymentConfiguration,
		DeploymentConfigName:             in.DeploymentConfigName,
		DeploymentStyle:                  in.DeploymentStyle,
		Ec2TagFilters:                    in.Ec2TagFilters,
		Ec2TagSet:                        in.Ec2TagSet,
		EcsServices:                      in.EcsServices,
		LoadBalancerInfo:                 in.LoadBalancerInfo,
		OnPremisesInstanceTagFilters:     in.OnPremisesInstanceTagFilters,
		OnPremisesTagSet:                 in.OnPremisesTagSet,
		OutdatedInstancesStrategy:        in.OutdatedInstancesStrategy,
		ServiceRoleArn:                   in.ServiceRoleArn,
		TerminationHookEnabled:           in.TerminationHookEnabled,
		TriggerConfigurations:            in.TriggerConfigurations,
	})
	left, err := a.control.UpdateGroup(ctx, caller, value(in.ApplicationName),
		value(in.CurrentDeploymentGroupName), value(in.NewDeploymentGroupName), settings)
	return &wire.UpdateDeploymentGroupOutput{HooksNotCleanedUp: each(left, hookOut)}, err
}

func (a *api) deleteDeploymentGroup(
	ctx context.Context, caller identity.Caller, in *wire.DeleteDeploymentGroupInput,
) (*wire.DeleteDeploymentGroupOutput, error) {
	left, err := a.control.DeleteGroup(ctx, caller, value(in.ApplicationName), value(in.DeploymentGroupName))
	return &wire.DeleteDeploymentGroupOutput{HooksNotCleanedUp: each(left, hookOut)}, err
}

func hookOut(h control.HookLeft) wire.AutoScalingGroup {
	return wire.AutoScalingGroup{Name: &h.AutoScalingGroup, Hook: &h.Launch, TerminationHook: given(h.Termination)}
}

func settingsIn(in *wire.CreateDeploymentGroupInput) control.GroupSettings {
	s := control.GroupSettings{
		ConfigName:        value(in.DeploymentConfigName),
		ServiceRoleARN:    value(in.ServiceRoleArn),
		OnPremisesFilters: eachGiven(in.OnPremisesInstanceTagFilters, filterIn),
		EC2Filters:        eachGiven(in.Ec2TagFilters, ec2FilterIn),
		Rollback:          rollbackIn(in.AutoRollbackConfiguration),
		OutdatedInstances: string(in.OutdatedInstancesStrategy),
		TerminationHook:   in.TerminationHookEnabled,
	}
	environmentIn(in, &s)
	if in.DeploymentStyle != nil {
		s.Style = &deploy.Style{
			Type:   deploy.StyleType(in.DeploymentStyle.DeploymentType),
			Option: deploy.TrafficOption(in.DeploymentStyle.DeploymentOption),
		}
	}
	if in.OnPremisesTagSet != nil {
		s.OnPremisesSet = each(in.OnPremisesTagSet.OnPremisesTagSetList, func(list []wire.TagFilter) []deploy.TagFilter {
			return each(list, filterIn)
		})
	}
	if in.Ec2TagSet != nil {
		s.EC2Set = ec2SetIn(in.Ec2TagSet)
	}
	return s
}

func rollbackIn(c *wire.AutoRollbackConfiguration) *deploy.AutoRollback {
	if c == nil {
		return nil
	}
	return &deploy.AutoRollback{
		Enabled: value(c.Enabled),
		Events:  eachGiven(c.Events, as[deploy.RollbackEvent]),
	}
}

func filterIn(f wire.TagFilter) deploy.TagFilter {
	return deploy.TagFilter{Key: value(f.Key), Value: value(f.Value), Type: deploy.TagFilterType(f.Type)}
}

func ec2FilterIn(f wire.EC2TagFilter) deploy.TagFilter {
	return deploy.TagFilter{Key: value(f.Key), Value: value(f.Value), Type: deploy.TagFilterType(f.Type)}
}

func groupOut(g deploy.Group) wire.DeploymentGroupInfo {
	out := wire.DeploymentGroupInfo{
		ApplicationName:              &g.Application,
		DeploymentGroupId:            &g.ID,
		DeploymentGroupName:          &g.Name,
		ComputePlatform:              wire.ComputePlatform(g.Platform),
		DeploymentConfigName:         &g.ConfigName,
		ServiceRoleArn:               &g.ServiceRoleARN,
		DeploymentStyle:              styleOut(g.Style),
		OnPremisesInstanceTagFilters: each(g.OnPremisesFilters, filterOut),
		Ec2TagFilters:                each(g.EC2Filters, ec2FilterOut),
		AutoRollbackConfiguration:    rollbackOut(g.Rollback),
		OutdatedInstancesStrategy:    wire.OutdatedInstancesStrategy(g.OutdatedInstances),
		TerminationHookEnabled:       &g.TerminationHook,
		LastAttemptedDeployment:      lastOut(g.History.LastAttempted),
		LastSuccessfulDeployment:     lastOut(g.History.LastSuccessful),
	}
	environmentOut(g, &out)
	if r := g.History.TargetRevision; r != nil {
		out.TargetRevision = new(locationOut(*r))
	}
	// AWS shows a tag set only where that form is in use.
	if len(g.OnPremisesSet) > 0 {
		out.OnPremisesTagSet = &wire.OnPremisesTagSet{
			OnPremisesTagSetList: each(g.OnPremisesSet, func(list []deploy.TagFilter) []wire.TagFilter {
				return each(list, filterOut)
			}),
		}
	}
	out.Ec2TagSet = ec2SetOut(g.EC2Set)
	return out
}

func ec2SetIn(s *wire.EC2TagSet) [][]deploy.TagFilter {
	return each(s.Ec2TagSetList, func(list []wire.EC2TagFilter) []deploy.TagFilter { return each(list, ec2FilterIn) })
}

func ec2SetOut(set [][]deploy.TagFilter) *wire.EC2TagSet {
	if len(set) == 0 {
		return nil
	}
	return &wire.EC2TagSet{
		Ec2TagSetList: each(set, func(list []deploy.TagFilter) []wire.EC2TagFilter { return each(list, ec2FilterOut) }),
	}
}

func filterOut(f deploy.TagFilter) wire.TagFilter {
	return wire.TagFilter{Key: given(f.Key), Value: given(f.Value), Type: wire.TagFilterType(f.Type)}
}

func ec2FilterOut(f deploy.TagFilter) wire.EC2TagFilter {
	return wire.EC2TagFilter{Key: given(f.Key), Value: given(f.Value), Type: wire.EC2TagFilterType(f.Type)}
}

func styleOut(s deploy.Style) *wire.DeploymentStyle {
	return &wire.DeploymentStyle{
		DeploymentType:   wire.DeploymentType(s.Type),
		DeploymentOption: wire.DeploymentOption(s.Option),
	}
}

func rollbackOut(r deploy.AutoRollback) *wire.AutoRollbackConfiguration {
	out := &wire.AutoRollbackConfiguration{Enabled: &r.Enabled}
	if len(r.Events) > 0 {
		out.Events = each(r.Events, as[wire.AutoRollbackEvent])
	}
	return out
}

func lastOut(s *deploy.DeploymentSummary) *wire.LastDeploymentInfo {
	if s == nil {
		return nil
	}
	return &wire.LastDeploymentInfo{
		DeploymentId: &s.ID,
		Status:       wire.DeploymentStatus(s.Status),
		CreateTime:   wire.TimestampOf(s.CreatedAt),
		EndTime:      wire.TimestampOf(s.EndedAt),
	}
}
