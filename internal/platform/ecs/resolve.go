package ecs

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/slipway/slipway/internal/appspec"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/platform"
)

// Resolve reads the AppSpec and makes sure that the service and its load balancer are as a
// deployment needs them. A rollback has the service of the deployment that it undoes, with the
// sides exchanged.
func (d *Driver) Resolve(ctx context.Context, dep deploy.Deployment, g deploy.Group, now time.Time) ([]deploy.Target, error) {
	if dep.Creator == deploy.ByRollback {
		return d.reversed(ctx, dep, now)
	}
	text, err := platform.Spec(ctx, dep.Revision, d.cfg.Fetch)
	if err != nil {
		return nil, err
	}
	spec, err := appspec.ParseService(text)
	if err != nil {
		return nil, platform.Refuse(deploy.RevisionInvalid, "%s", err)
	}
	if len(g.ECSServices) != 1 || dep.LoadBalancer.Empty() || len(dep.LoadBalancer.Pairs) != 1 {
		return nil, platform.Refuse(deploy.LoadBalancerMissing, "The deployment group has no ECS service, or no pair of target groups, any more.")
	}
	service, found, err := d.service(ctx, g.ECSServices[0])
	if err != nil {
		return nil, err
	}
	service.Spec = spec.Service
	if err := d.sides(ctx, dep, service, found.TaskSets); err != nil {
		return nil, err
	}
	if err := d.checkDefinition(ctx, *spec.Service); err != nil {
		return nil, err
	}
	t := deploy.NewTarget(dep.ID, service.ID(), aws.ToString(found.ServiceArn), dep.Lifecycle(""), now)
	t.Service, t.Hooks = service, spec.Hooks
	return []deploy.Target{t}, nil
}

// reversed is the target of the deployment that a rollback undoes, the other way round. A
// replacement that was never made leaves nothing to undo.
func (d *Driver) reversed(ctx context.Context, dep deploy.Deployment, now time.Time) ([]deploy.Target, error) {
	undone, err := d.cfg.Store.Targets(ctx, dep.RollbackInfo.TriggeringID)
	if err != nil {
		return nil, fmt.Errorf("read the targets of %s: %w", dep.RollbackInfo.TriggeringID, err)
	}
	var targets []deploy.Target
	for _, u := range undone {
		if u.Service == nil {
			continue
		}
		s := *u.Service
		s.Original, s.Replacement, s.Spec = u.Service.Replacement, u.Service.Original, nil
		for _, set := range u.TaskSets {
			if set.Label == deploy.Green {
				s.Original.ID = set.ID
			}
		}
		t := deploy.NewTarget(dep.ID, u.ID, u.ARN, dep.Lifecycle(""), now)
		t.Service = &s
		targets = append(targets, t)
	}
	return targets, nil
}

// service finds the service, with the task set that has its traffic, and as ECS describes it.
func (d *Driver) service(ctx context.Context, at deploy.ECSService) (s *deploy.Service, found types.Service, err error) {
	s = &deploy.Service{Cluster: at.Cluster, Name: at.Service}
	invalid := func(format string, args ...any) error {
		return platform.Refuse(deploy.ServiceInvalid, "The deployment failed because the ECS service %s %s", s.ID(), fmt.Sprintf(format, args...))
	}
	out, err := d.cfg.Services.DescribeServices(ctx, &sdk.DescribeServicesInput{Cluster: &at.Cluster, Services: []string{at.Service}})
	if err != nil {
		return nil, found, refusedOr(err, "service %s", s.ID())
	}
	if len(out.Services) == 0 || aws.ToString(out.Services[0].Status) != "ACTIVE" {
		return nil, found, invalid("does not exist, or is not active any more.")
	}
	found = out.Services[0]
	if found.DeploymentController == nil || found.DeploymentController.Type != types.DeploymentControllerTypeCodeDeploy {
		return nil, found, invalid("is not controlled by CodeDeploy: create it with deploymentController type=CODE_DEPLOY.")
	}
	primary := slices.IndexFunc(found.TaskSets, func(t types.TaskSet) bool { return aws.ToString(t.Status) == "PRIMARY" })
	if primary < 0 || len(found.TaskSets[primary].LoadBalancers) == 0 {
		return nil, found, invalid("has no primary task set behind a target group.")
	}
	set := found.TaskSets[primary]
	s.Original = deploy.TaskSetRef{ID: *set.Id, TargetGroupARN: aws.ToString(set.LoadBalancers[0].TargetGroupArn)}
	return s, found, nil
}

// sides finds the target groups, and makes sure that the traffic is where the primary task set is.
func (d *Driver) sides(ctx context.Context, dep deploy.Deployment, s *deploy.Service, sets []types.TaskSet) error {
	pair := dep.LoadBalancer.Pairs[0]
	out, err := d.cfg.Balancer.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: pair.TargetGroups})
	if err != nil {
		return refusedOr(err, "target groups %v", pair.TargetGroups)
	}
	original := s.Original.TargetGroupARN
	for _, g := range out.TargetGroups {
		ref := deploy.TaskSetRef{TargetGroup: *g.TargetGroupName, TargetGroupARN: *g.TargetGroupArn}
		if ref.TargetGroupARN == original {
			ref.ID = s.Original.ID
			s.Original = ref
		} else {
			s.Replacement = ref
		}
	}
	if s.Original.TargetGroup == "" || s.Replacement.TargetGroup == "" {
		return behind(pair.ProdListeners[0])
	}
	for _, listener := range slices.Concat(pair.ProdListeners, pair.TestListeners) {
		routes, err := d.routes(ctx, listener, *s)
		if err != nil {
			return err
		}
		if len(routes) == 0 || slices.ContainsFunc(routes, func(r route) bool { return r.share > 0 }) {
			return behind(listener)
		}
	}
	if slices.ContainsFunc(sets, func(set types.TaskSet) bool { return registersIn(set, s.Replacement.TargetGroupARN) }) {
		return nil // what is in the replacement's target group is its own, left by an earlier deployment
	}
	return d.unused(ctx, *s)
}

// unused makes sure that the replacement's target group has no targets: they are somebody else's,
// who would get the traffic too.
func (d *Driver) unused(ctx context.Context, s deploy.Service) error {
	targets, err := d.targets(ctx, s.Replacement)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if t.TargetHealth == nil || t.TargetHealth.State != elbtypes.TargetHealthStateEnumDraining {
			return platform.Refuse(deploy.LoadBalancerInvalid, "The ELB could not be updated due to the following error: "+
				"The target group %s is in use: its target %s is none of the service %s. Give the deployment group a pair of target groups of its own",
				s.Replacement.TargetGroup, aws.ToString(t.Target.Id), s.ID())
		}
	}
	return nil
}

func registersIn(set types.TaskSet, targetGroup string) bool {
	return slices.ContainsFunc(set.LoadBalancers, func(l types.LoadBalancer) bool { return aws.ToString(l.TargetGroupArn) == targetGroup })
}

func behind(listener string) error {
	return platform.Refuse(deploy.LoadBalancerInvalid,
		"The ELB could not be updated due to the following error: Primary taskset target group must be behind listener %s", listener)
}

// checkDefinition makes sure that the task definition is there and has the container.
func (d *Driver) checkDefinition(ctx context.Context, spec deploy.TaskSetSpec) error {
	out, err := d.cfg.Services.DescribeTaskDefinition(ctx, &sdk.DescribeTaskDefinitionInput{TaskDefinition: &spec.TaskDefinition})
	if err != nil {
		return refusedOr(err, "task definition %s", spec.TaskDefinition)
	}
	has := func(c types.ContainerDefinition) bool {
		return aws.ToString(c.Name) == spec.ContainerName && slices.ContainsFunc(c.PortMappings, func(m types.PortMapping) bool {
			return aws.ToInt32(m.ContainerPort) == spec.ContainerPort
		})
	}
	if !slices.ContainsFunc(out.TaskDefinition.ContainerDefinitions, has) {
		return platform.Refuse(deploy.ServiceUpdate, "The ECS service cannot be updated due to an unexpected error: "+
			"The task definition %s has no container %s with the port %d.", spec.TaskDefinition, spec.ContainerName, spec.ContainerPort)
	}
	return nil
}
