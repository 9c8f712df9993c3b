package ecs

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/slipway/slipway/internal/awswire"
)

// maxSets is how many task sets a service has at most, as at AWS.
const maxSets = 5

func (s *Service) setOperations() awswire.Operations {
	one := func(cluster, name, set *string) scope {
		return s.inCluster(cluster, "task-set", serviceName(aws.ToString(name))+"/"+setID(aws.ToString(set)))
	}
	return awswire.Operations{
		"CreateTaskSet": writes(s, "CreateTaskSet",
			func(in *sdk.CreateTaskSetInput) scope { return one(in.Cluster, in.Service, aws.String("*")) }, s.createSet),
		"UpdateTaskSet": writes(s, "UpdateTaskSet",
			func(in *sdk.UpdateTaskSetInput) scope { return one(in.Cluster, in.Service, in.TaskSet) }, s.updateSet),
		"DeleteTaskSet": writes(s, "DeleteTaskSet",
			func(in *sdk.DeleteTaskSetInput) scope { return one(in.Cluster, in.Service, in.TaskSet) }, s.deleteSet),
		"UpdateServicePrimaryTaskSet": writes(s, "UpdateServicePrimaryTaskSet", func(in *sdk.UpdateServicePrimaryTaskSetInput) scope {
			return s.inCluster(in.Cluster, "service", serviceName(aws.ToString(in.Service)))
		}, s.setPrimary),
		"DescribeTaskSets": reads("DescribeTaskSets", func(in *sdk.DescribeTaskSetsInput) scope {
			return one(in.Cluster, in.Service, aws.String("*"))
		}, s.describeSets),
	}
}

// setsOf finds the service of task sets.
func (s *Service) setsOf(cluster, name *string) (service, error) {
	v, err := s.service(cluster, name)
	if err != nil {
		return v, err
	}
	if v.rolls() {
		return v, invalid("The service %s has the deployment controller ECS. Amazon ECS only supports task sets for services with the deployment "+
			"controllers CODE_DEPLOY and EXTERNAL.", v.name())
	}
	return v, nil
}

// setOf finds a task set, as an index.
func (s *Service) setOf(cluster, name, id *string) (service, int, error) {
	v, err := s.setsOf(cluster, name)
	if err != nil {
		return v, 0, err
	}
	i := v.set(setID(aws.ToString(id)))
	if i < 0 || v.Sets[i].status() == draining {
		return v, i, awswire.Errorf(taskSetNotFound, "The specified task set does not exist.")
	}
	return v, i, nil
}

func checkScale(scale *types.Scale) error {
	if scale == nil || scale.Unit != types.ScaleUnitPercent || scale.Value < 0 || scale.Value > 100 {
		return invalid("The scale of a task set is a value from 0 to 100 of the unit PERCENT.")
	}
	return nil
}

func (s *Service) createSet(ctx context.Context, in *sdk.CreateTaskSetInput) (*sdk.CreateTaskSetOutput, error) {
	v, err := s.setsOf(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	tasks := s.tasksOf(v)
	token := aws.ToString(in.ClientToken)
	for _, x := range v.Sets {
		if token != "" && x.Token == token {
			shown := x.shownSet(v.DesiredCount, tasks)
			return &sdk.CreateTaskSetOutput{TaskSet: &shown}, nil
		}
	}
	if in.Scale == nil {
		in.Scale = &types.Scale{Unit: types.ScaleUnitPercent, Value: 100}
	}
	if err := checkScale(in.Scale); err != nil {
		return nil, err
	}
	if len(v.Sets) >= maxSets {
		return nil, awswire.Errorf("LimitExceededException", "A service has at most %d task sets. Delete one first.", maxSets)
	}
	if len(in.ServiceRegistries) > 0 {
		return nil, invalid("Service registries are not available here. Leave them out.")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	d, err := s.activeDefinition(in.TaskDefinition)
	if err != nil {
		return nil, err
	}
	p := placement{in.LaunchType, in.CapacityProviderStrategy, in.PlatformVersion, in.NetworkConfiguration, in.LoadBalancers}
	if err := s.checkPlacement(ctx, v, d, &p, false); err != nil {
		return nil, err
	}
	x := s.newSet(v, d, active, in.Scale.Value)
	x.LaunchType, x.CapacityProviderStrategy, x.PlatformVersion = p.launch, p.strategy, p.version
	x.NetworkConfiguration, x.LoadBalancers = p.network, p.balancers
	x.ExternalId, x.Tags, x.Token = in.ExternalId, in.Tags, token
	x.StartedBy = aws.String(startedBy(v))
	v.Sets, v.Steady = append(v.Sets, x), false
	if err := s.services.Put(ctx, v.key(), v); err != nil {
		return nil, err
	}
	shown := x.shownSet(v.DesiredCount, tasks)
	return &sdk.CreateTaskSetOutput{TaskSet: &shown}, nil
}

// startedBy says who makes task sets of a service.
func startedBy(v service) string {
	if v.controller() == types.DeploymentControllerTypeCodeDeploy {
		return "CODE_DEPLOY"
	}
	return "EXTERNAL"
}

func (s *Service) updateSet(ctx context.Context, in *sdk.UpdateTaskSetInput) (*sdk.UpdateTaskSetOutput, error) {
	v, i, err := s.setOf(in.Cluster, in.Service, in.TaskSet)
	if err != nil {
		return nil, err
	}
	if err := checkScale(in.Scale); err != nil {
		return nil, err
	}
	x := &v.Sets[i]
	x.Scale, x.UpdatedAt = in.Scale, s.now()
	x.StabilityStatus, x.StabilityStatusAt = types.StabilityStatusStabilizing, s.now()
	v.Steady = false
	if err := s.services.Put(ctx, v.key(), v); err != nil {
		return nil, err
	}
	shown := x.shownSet(v.DesiredCount, s.tasksOf(v))
	return &sdk.UpdateTaskSetOutput{TaskSet: &shown}, nil
}

// setPrimary makes another set the primary one; what was it stays, as an active one. The
// service then has what its primary set has.
func (s *Service) setPrimary(
	ctx context.Context, in *sdk.UpdateServicePrimaryTaskSetInput,
) (*sdk.UpdateServicePrimaryTaskSetOutput, error) {
	v, i, err := s.setOf(in.Cluster, in.Service, in.PrimaryTaskSet)
	if err != nil {
		return nil, err
	}
	if old := v.primary(); old >= 0 && old != i {
		v.Sets[old].TaskSet.Status, v.Sets[old].UpdatedAt = aws.String(active), s.now()
	}
	x := &v.Sets[i]
	x.TaskSet.Status, x.UpdatedAt = aws.String(primary), s.now()
	v.TaskDefinition, v.LoadBalancers, v.NetworkConfiguration = x.TaskDefinition, x.LoadBalancers, x.NetworkConfiguration
	v.LaunchType, v.CapacityProviderStrategy, v.PlatformVersion = x.LaunchType, x.CapacityProviderStrategy, x.PlatformVersion
	if err := s.services.Put(ctx, v.key(), v); err != nil {
		return nil, err
	}
	shown := x.shownSet(v.DesiredCount, s.tasksOf(v))
	return &sdk.UpdateServicePrimaryTaskSetOutput{TaskSet: &shown}, nil
}

// deleteSet lets the tasks of a set end; it is gone when they have.
func (s *Service) deleteSet(ctx context.Context, in *sdk.DeleteTaskSetInput) (*sdk.DeleteTaskSetOutput, error) {
	v, i, err := s.setOf(in.Cluster, in.Service, in.TaskSet)
	if err != nil {
		return nil, err
	}
	x := &v.Sets[i]
	if !aws.ToBool(in.Force) {
		if x.status() == primary {
			return nil, invalid("The primary task set of the service %s cannot be deleted. Make another one the primary task set first, or use force.", v.name())
		}
		if x.computed(v.DesiredCount) > 0 {
			return nil, invalid("The task set %s is scaled above 0. Scale it down first, or use force.", x.id())
		}
	}
	x.TaskSet.Status, x.UpdatedAt = aws.String(draining), s.now()
	if err := s.services.Put(ctx, v.key(), v); err != nil {
		return nil, err
	}
	shown := x.shownSet(v.DesiredCount, s.tasksOf(v))
	return &sdk.DeleteTaskSetOutput{TaskSet: &shown}, nil
}

func (s *Service) describeSets(_ context.Context, in *sdk.DescribeTaskSetsInput) (*sdk.DescribeTaskSetsOutput, error) {
	v, err := s.setsOf(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeTaskSetsOutput{TaskSets: []types.TaskSet{}, Failures: []types.Failure{}}
	tasks := s.tasksOf(v)
	for _, x := range v.Sets {
		if len(in.TaskSets) > 0 && !slices.ContainsFunc(in.TaskSets, func(id string) bool { return setID(id) == x.id() }) {
			continue
		}
		shown := x.shownSet(v.DesiredCount, tasks)
		if slices.Contains(in.Include, types.TaskSetFieldTags) {
			shown.Tags = append([]types.Tag{}, x.Tags...)
		}
		out.TaskSets = append(out.TaskSets, shown)
	}
	for _, id := range in.TaskSets {
		if v.set(setID(id)) < 0 {
			out.Failures = append(out.Failures, fail(s.arn("task-set", v.key()+"/"+setID(id)), "MISSING", ""))
		}
	}
	return out, nil
}
