package api

import (
	"context"

	"github.com/slipway/slipway/internal/api/wire"
	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/control"
	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

func (a *api) createDeploymentConfig(
	ctx context.Context, caller identity.Caller, in *wire.CreateDeploymentConfigInput,
) (*wire.CreateDeploymentConfigOutput, error) {
	r := control.ConfigRequest{
		Name:     value(in.DeploymentConfigName),
		Platform: deploy.Platform(in.ComputePlatform),
		Traffic:  in.TrafficRoutingConfig != nil,
		Zonal:    in.ZonalConfig != nil,
	}
	if m := in.MinimumHealthyHosts; m != nil {
		// SDKs leave a zero value out, so absent is zero.
		r.Healthy = &deploy.MinimumHealthy{Type: deploy.MinimumHealthyType(m.Type), Value: int(value(m.Value))}
	}
	id, err := a.control.CreateConfig(ctx, caller, r)
	return &wire.CreateDeploymentConfigOutput{DeploymentConfigId: &id}, err
}

func (a *api) getDeploymentConfig(
	ctx context.Context, caller identity.Caller, in *wire.GetDeploymentConfigInput,
) (*wire.GetDeploymentConfigOutput, error) {
	c, err := a.control.Config(ctx, caller, value(in.DeploymentConfigName))
	return &wire.GetDeploymentConfigOutput{DeploymentConfigInfo: configOut(c)}, err
}

func (a *api) listDeploymentConfigs(
	ctx context.Context, caller identity.Caller, in *wire.ListDeploymentConfigsInput,
) (*wire.ListDeploymentConfigsOutput, error) {
	names, next, err := a.control.ListConfigs(ctx, caller, value(in.NextToken))
	return &wire.ListDeploymentConfigsOutput{DeploymentConfigsList: names, NextToken: given(next)}, err
}

func (a *api) deleteDeploymentConfig(
	ctx context.Context, caller identity.Caller, in *wire.DeleteDeploymentConfigInput,
) (*awswire.Empty, error) {
	return nil, a.control.DeleteConfig(ctx, caller, value(in.DeploymentConfigName))
}

func configOut(c deploy.Config) *wire.DeploymentConfigInfo {
	return &wire.DeploymentConfigInfo{
		DeploymentConfigId:   &c.ID,
		DeploymentConfigName: &c.Name,
		ComputePlatform:      wire.ComputePlatform(c.Platform),
		CreateTime:           wire.TimestampOf(c.CreatedAt),
		MinimumHealthyHosts:  healthyOut(c.Healthy),
	}
}

// mostConcurrency is how AWS's own documented answer shows CodeDeployDefault.OneAtATime:
// with a type that is not in the model's enumeration and that nobody can ask for.
const mostConcurrency wire.MinimumHealthyHostsType = "MOST_CONCURRENCY"

func healthyOut(m deploy.MinimumHealthy) *wire.MinimumHealthyHosts {
	kind := wire.MinimumHealthyHostsType(m.Type)
	if m.Type == deploy.OneAtATime {
		kind = mostConcurrency
	}
	return &wire.MinimumHealthyHosts{Type: kind, Value: new(int32(m.Value))}
}
