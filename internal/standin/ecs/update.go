package ecs

import (
	"context"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func (s *Service) updateService(ctx context.Context, in *sdk.UpdateServiceInput) (*sdk.UpdateServiceOutput, error) {
	v, err := s.service(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if err := mayUpdate(v.controller(), in); err != nil {
		return nil, err
	}
	if err := checkConfiguration(in.DeploymentConfiguration); err != nil {
		return nil, err
	}
	if in.DesiredCount != nil {
		if *in.DesiredCount < 0 {
			return nil, invalid("desiredCount must not be negative.")
		}
		v.DesiredCount = *in.DesiredCount
	}
	if in.DeploymentConfiguration != nil {
		v.DeploymentConfiguration = deploymentConfiguration(in.DeploymentConfiguration)
	}
	if in.HealthCheckGracePeriodSeconds != nil {
		v.HealthCheckGracePeriodSeconds = in.HealthCheckGracePeriodSeconds
	}
	if in.PlacementConstraints != nil {
		v.PlacementConstraints = in.PlacementConstraints
	}
	if in.PlacementStrategy != nil {
		v.PlacementStrategy = in.PlacementStrategy
	}
	if in.PropagateTags != "" {
		v.PropagateTags = in.PropagateTags
	}
	if in.EnableECSManagedTags != nil {
		v.EnableECSManagedTags = *in.EnableECSManagedTags
	}
	if in.EnableExecuteCommand != nil {
		v.EnableExecuteCommand = *in.EnableExecuteCommand
	}
	if v.rolls() {
		if err := s.roll(ctx, &v, in); err != nil {
			return nil, err
		}
	}
	v.Steady = false
	if err := s.services.Put(ctx, v.key(), v); err != nil {
		return nil, err
	}
	return &sdk.UpdateServiceOutput{Service: v.shown(s.tasksOf(v))}, nil
}

// mayUpdate refuses what is for deployments to change, of a service that is deployed to from
// outside.
func mayUpdate(c types.DeploymentControllerType, in *sdk.UpdateServiceInput) error {
	if in.DeploymentController != nil && in.DeploymentController.Type != c {
		return invalid("The deployment controller of a service cannot be changed here. Create another service.")
	}
	if len(in.ServiceRegistries) > 0 || in.ServiceConnectConfiguration != nil && in.ServiceConnectConfiguration.Enabled ||
		len(in.VolumeConfigurations) > 0 || len(in.VpcLatticeConfigurations) > 0 {
		return invalid("Service registries, Service Connect, VPC Lattice and volumes of services are not available here. Leave them out.")
	}
	if c == types.DeploymentControllerTypeEcs {
		return nil
	}
	instead := "Use AWS CodeDeploy to trigger a new deployment."
	if c == types.DeploymentControllerTypeExternal {
		instead = "Create a task set instead."
	}
	for _, m := range []struct {
		what  string
		asked bool
	}{
		{"update task definition", in.TaskDefinition != nil},
		{"update network parameters", in.NetworkConfiguration != nil},
		{"update load balancers", in.LoadBalancers != nil},
		{"update platform version", in.PlatformVersion != nil},
		{"update capacity provider strategy", in.CapacityProviderStrategy != nil},
		{"update deployment configuration", in.DeploymentConfiguration != nil && c == types.DeploymentControllerTypeExternal},
		{"force a new deployment", in.ForceNewDeployment},
	} {
		if m.asked {
			return invalid("Unable to %s on services with a %s deployment controller. %s", m.what, c, instead)
		}
	}
	return nil
}

// roll begins a deployment of a service that replaces its tasks by itself, where anything has
// changed that its tasks are made from.
func (s *Service) roll(ctx context.Context, v *service, in *sdk.UpdateServiceInput) error {
	before := v.Sets[v.primary()]
	if in.TaskDefinition == nil {
		in.TaskDefinition = before.TaskDefinition
	}
	d, ok := s.definition(*in.TaskDefinition)
	if !ok || *d.TaskDefinitionArn != *before.TaskDefinition {
		var err error
		if d, err = s.activeDefinition(in.TaskDefinition); err != nil {
			return err
		}
	}
	p := placement{v.LaunchType, v.CapacityProviderStrategy, v.PlatformVersion, v.NetworkConfiguration, v.LoadBalancers}
	if in.CapacityProviderStrategy != nil {
		p.launch, p.strategy = "", in.CapacityProviderStrategy
	}
	if in.PlatformVersion != nil {
		p.version = in.PlatformVersion
	}
	if in.NetworkConfiguration != nil {
		p.network = in.NetworkConfiguration
	}
	if in.LoadBalancers != nil {
		p.balancers = in.LoadBalancers
	}
	after := *v
	after.LaunchType, after.CapacityProviderStrategy, after.PlatformVersion = p.launch, p.strategy, p.version
	after.NetworkConfiguration, after.LoadBalancers, after.TaskDefinition = p.network, p.balancers, d.TaskDefinitionArn
	if reflect.DeepEqual(after.Service, v.Service) && !in.ForceNewDeployment {
		return nil
	}
	if err := s.checkPlacement(ctx, *v, d, &p, true); err != nil {
		return err
	}
	for i := range after.Sets {
		after.Sets[i].TaskSet.Status = aws.String(active)
	}
	after.Sets = append(after.Sets, s.newSet(after, d, primary, 100))
	*v = after
	return nil
}
