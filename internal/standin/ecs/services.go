package ecs

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/slipway/slipway/internal/awswire"
)

func (s *Service) serviceOperations() awswire.Operations {
	one := func(cluster, name *string) scope {
		return s.inCluster(cluster, "service", serviceName(aws.ToString(name)))
	}
	return awswire.Operations{
		"CreateService": writes(s, "CreateService", func(in *sdk.CreateServiceInput) scope { return one(in.Cluster, in.ServiceName) }, s.createService),
		"UpdateService": writes(s, "UpdateService", func(in *sdk.UpdateServiceInput) scope { return one(in.Cluster, in.Service) }, s.updateService),
		"DeleteService": writes(s, "DeleteService", func(in *sdk.DeleteServiceInput) scope { return one(in.Cluster, in.Service) }, s.deleteService),
		"DescribeServices": reads("DescribeServices", func(in *sdk.DescribeServicesInput) scope {
			var names []string
			for _, name := range in.Services {
				names = append(names, serviceName(name))
			}
			return s.inCluster(in.Cluster, "service", names...)
		}, s.describeServices),
		"ListServices": reads("ListServices", func(in *sdk.ListServicesInput) scope { return s.inCluster(in.Cluster, "service") }, s.listServices),
	}
}

// service finds a service that is not over.
func (s *Service) service(cluster, name *string) (service, error) {
	at, err := s.cluster(cluster)
	if err != nil {
		return service{}, err
	}
	v, ok := s.services.Get(serviceKey(at, serviceName(aws.ToString(name))))
	switch {
	case !ok:
		return v, awswire.Errorf(serviceNotFound, "Service not found.")
	case v.is() != active:
		return v, awswire.Errorf(serviceNotActive, "Service was not ACTIVE.")
	}
	v.Sets = slices.Clone(v.Sets)
	return v, nil
}

func (s *Service) createService(ctx context.Context, in *sdk.CreateServiceInput) (*sdk.CreateServiceOutput, error) {
	cluster, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if err := checkService(in); err != nil {
		return nil, err
	}
	switch have, _ := s.services.Get(serviceKey(cluster, *in.ServiceName)); have.is() {
	case active:
		return nil, invalid("Creation of service was not idempotent.")
	case draining:
		return nil, invalid("Unable to Start a service that is still Draining.")
	}
	caller, err := callerOf(ctx)
	if err != nil {
		return nil, err
	}
	v := service{Cluster: cluster, Service: types.Service{
		ServiceName: in.ServiceName, ServiceArn: aws.String(s.arn("service", cluster+"/"+*in.ServiceName)), ClusterArn: aws.String(s.clusterARN(cluster)),
		Status: aws.String(active), DesiredCount: aws.ToInt32(in.DesiredCount), LaunchType: in.LaunchType, LoadBalancers: in.LoadBalancers,
		NetworkConfiguration: in.NetworkConfiguration, CapacityProviderStrategy: in.CapacityProviderStrategy, CreatedAt: s.now(),
		CreatedBy: &caller.ARN, DeploymentController: in.DeploymentController, DeploymentConfiguration: deploymentConfiguration(in.DeploymentConfiguration),
		HealthCheckGracePeriodSeconds: in.HealthCheckGracePeriodSeconds, SchedulingStrategy: types.SchedulingStrategyReplica,
		PlacementConstraints: in.PlacementConstraints, PlacementStrategy: in.PlacementStrategy, PropagateTags: in.PropagateTags, Tags: in.Tags,
		EnableECSManagedTags: in.EnableECSManagedTags, EnableExecuteCommand: in.EnableExecuteCommand, RoleArn: in.Role,
	}}
	if v.DeploymentController == nil {
		v.DeploymentController = &types.DeploymentController{Type: types.DeploymentControllerTypeEcs}
	}
	if v.PropagateTags == "" {
		v.PropagateTags = types.PropagateTagsNone
	}
	if err := s.begin(ctx, &v, in); err != nil {
		return nil, err
	}
	if err := s.services.Put(ctx, v.key(), v); err != nil {
		return nil, err
	}
	return &sdk.CreateServiceOutput{Service: v.shown(nil)}, nil
}

// begin gives a new service its first set. One that somebody else deploys to may begin without.
func (s *Service) begin(ctx context.Context, v *service, in *sdk.CreateServiceInput) error {
	if in.TaskDefinition == nil && v.controller() == types.DeploymentControllerTypeExternal {
		if len(in.LoadBalancers) > 0 || in.NetworkConfiguration != nil || in.LaunchType != "" || in.PlatformVersion != nil {
			return invalid("Load balancers, network configuration, launch type and platform version of a service with an EXTERNAL deployment " +
				"controller are for its task sets.")
		}
		return nil
	}
	d, err := s.activeDefinition(in.TaskDefinition)
	if err != nil {
		return err
	}
	placed := placement{in.LaunchType, in.CapacityProviderStrategy, in.PlatformVersion, in.NetworkConfiguration, in.LoadBalancers}
	if err := s.checkPlacement(ctx, *v, d, &placed, true); err != nil {
		return err
	}
	v.LaunchType, v.PlatformVersion, v.TaskDefinition = placed.launch, placed.version, d.TaskDefinitionArn
	if v.LaunchType == types.LaunchTypeFargate {
		v.PlatformFamily = aws.String("Linux")
	}
	v.Sets = []set{s.newSet(*v, d, primary, 100)}
	return nil
}

// checkService refuses what is wrong with a new service by itself.
func checkService(in *sdk.CreateServiceInput) error {
	switch {
	case !namePattern.MatchString(aws.ToString(in.ServiceName)):
		return invalid("Identifier was of invalid length or contained invalid characters. A service's name has 1 to 255 letters, numbers, " +
			"underscores and hyphens.")
	case in.SchedulingStrategy == types.SchedulingStrategyDaemon:
		return invalid("The scheduling strategy DAEMON is not available here. Use REPLICA.")
	case in.DesiredCount == nil && (in.DeploymentController == nil || in.DeploymentController.Type != types.DeploymentControllerTypeExternal):
		return invalid("desiredCount cannot be empty when the scheduling strategy is REPLICA.")
	case aws.ToInt32(in.DesiredCount) < 0:
		return invalid("desiredCount must not be negative.")
	case len(in.ServiceRegistries) > 0 || in.ServiceConnectConfiguration != nil && in.ServiceConnectConfiguration.Enabled ||
		len(in.VolumeConfigurations) > 0 || len(in.VpcLatticeConfigurations) > 0:
		return invalid("Service registries, Service Connect, VPC Lattice and volumes of services are not available here. Leave them out.")
	}
	if c := in.DeploymentController; c != nil && !slices.Contains(c.Type.Values(), c.Type) {
		return invalid("The deployment controller is ECS, CODE_DEPLOY or EXTERNAL, not %s.", clipped(string(c.Type)))
	}
	if err := checkConfiguration(in.DeploymentConfiguration); err != nil {
		return err
	}
	return checkTags(in.Tags)
}

func checkConfiguration(c *types.DeploymentConfiguration) error {
	switch {
	case c == nil:
		return nil
	case c.Strategy != "" && c.Strategy != types.DeploymentStrategyRolling:
		return invalid("The deployment strategy %s is not available here: use ROLLING, or a CODE_DEPLOY deployment controller.", c.Strategy)
	case c.Alarms != nil && c.Alarms.Enable:
		return invalid("Deployment alarms of services are not available here. Leave them out.")
	case c.MaximumPercent != nil && *c.MaximumPercent < 100:
		return invalid("maximumPercent must be at least 100.")
	case c.MinimumHealthyPercent != nil && (*c.MinimumHealthyPercent < 0 || *c.MinimumHealthyPercent > 100):
		return invalid("minimumHealthyPercent must be between 0 and 100.")
	case c.MaximumPercent != nil && c.MinimumHealthyPercent != nil && *c.MaximumPercent == 100 && *c.MinimumHealthyPercent == 100:
		return invalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
	}
	return nil
}

func deploymentConfiguration(given *types.DeploymentConfiguration) *types.DeploymentConfiguration {
	c := types.DeploymentConfiguration{}
	if given != nil {
		c = *given
	}
	if c.MaximumPercent == nil {
		c.MaximumPercent = aws.Int32(200)
	}
	if c.MinimumHealthyPercent == nil {
		c.MinimumHealthyPercent = aws.Int32(100)
	}
	return &c
}

func (s *Service) deleteService(ctx context.Context, in *sdk.DeleteServiceInput) (*sdk.DeleteServiceOutput, error) {
	v, err := s.service(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	tasks := s.tasksOf(v)
	if !aws.ToBool(in.Force) {
		if v.DesiredCount > 0 && len(v.Sets) > 0 {
			return nil, invalid("The service cannot be stopped while it is scaled above 0.")
		}
		if !v.rolls() && len(v.Sets) > 1 {
			return nil, invalid("The service cannot be stopped while it has task sets other than the primary one.")
		}
	}
	v.Status, v.DesiredCount = aws.String(draining), 0
	for i := range v.Sets {
		v.Sets[i].TaskSet.Status = aws.String(draining)
	}
	if err := s.services.Put(ctx, v.key(), v); err != nil {
		return nil, err
	}
	return &sdk.DeleteServiceOutput{Service: v.shown(tasks)}, nil
}

func (s *Service) describeServices(_ context.Context, in *sdk.DescribeServicesInput) (*sdk.DescribeServicesOutput, error) {
	cluster, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	switch {
	case len(in.Services) == 0:
		return nil, invalid("Services cannot be empty.")
	case len(in.Services) > 10:
		return nil, invalid("Services cannot have more than 10 elements.")
	}
	out := &sdk.DescribeServicesOutput{Services: []types.Service{}, Failures: []types.Failure{}}
	for _, name := range in.Services {
		v, ok := s.services.Get(serviceKey(cluster, serviceName(name)))
		if !ok {
			out.Failures = append(out.Failures, fail(s.arn("service", cluster+"/"+serviceName(name)), "MISSING", ""))
			continue
		}
		shown := v.shown(s.tasksOf(v))
		if slices.Contains(in.Include, types.ServiceFieldTags) {
			shown.Tags = append([]types.Tag{}, v.Tags...)
		}
		out.Services = append(out.Services, *shown)
	}
	return out, nil
}

func (s *Service) listServices(_ context.Context, in *sdk.ListServicesInput) (*sdk.ListServicesOutput, error) {
	cluster, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, v := range s.services.All() {
		if v.Cluster == cluster && v.is() != inactive && (in.LaunchType == "" || in.LaunchType == v.LaunchType) {
			arns = append(arns, *v.ServiceArn)
		}
	}
	size := in.MaxResults
	if size == nil {
		size = aws.Int32(10)
	}
	cut, next, err := page(arns, in.NextToken, size, 100)
	return &sdk.ListServicesOutput{ServiceArns: cut, NextToken: next}, err
}
