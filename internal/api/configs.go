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
		Traffic:  routingIn(in.TrafficRoutingConfig),
		Zonal:    zonalIn(in.ZonalConfig),
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
	out := &wire.DeploymentConfigInfo{
		DeploymentConfigId:   &c.ID,
		DeploymentConfigName: &c.Name,
		ComputePlatform:      wire.ComputePlatform(c.Platform),
		CreateTime:           wire.TimestampOf(c.CreatedAt),
		TrafficRoutingConfig: routingOut(c.Traffic),
		ZonalConfig:          zonalOut(c.Zonal),
	}
	if c.Platform == deploy.Server {
		out.MinimumHealthyHosts = healthyOut(c.Healthy)
	}
	return out
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

// routingIn reads the member that the type names. One of another type is a contradiction,
// which is kept for control to refuse.
func routingIn(in *wire.TrafficRoutingConfig) *deploy.TrafficRouting {
	if in == nil {
		return nil
	}
	r := &deploy.TrafficRouting{Type: deploy.RoutingType(in.Type)}
	canary, linear := in.TimeBasedCanary, in.TimeBasedLinear
	switch {
	case canary != nil && linear != nil:
		r.Type = deploy.RoutingType(string(in.Type) + " with both timeBasedCanary and timeBasedLinear")
	case canary != nil && r.Type == deploy.RouteLinear, linear != nil && r.Type == deploy.RouteCanary:
		// The numbers that the type needs are absent: control says so.
	case canary != nil:
		r.Percent, r.Interval = int(value(canary.CanaryPercentage)), int(value(canary.CanaryInterval))
	case linear != nil:
		r.Percent, r.Interval = int(value(linear.LinearPercentage)), int(value(linear.LinearInterval))
	}
	return r
}

func routingOut(r *deploy.TrafficRouting) *wire.TrafficRoutingConfig {
	if r == nil {
		return nil
	}
	out := &wire.TrafficRoutingConfig{Type: wire.TrafficRoutingType(r.Type)}
	switch percent, interval := int32(r.Percent), int32(r.Interval); r.Type {
	case deploy.RouteCanary:
		out.TimeBasedCanary = &wire.TimeBasedCanary{CanaryPercentage: &percent, CanaryInterval: &interval}
	case deploy.RouteLinear:
		out.TimeBasedLinear = &wire.TimeBasedLinear{LinearPercentage: &percent, LinearInterval: &interval}
	}
	return out
}

func zonalIn(in *wire.ZonalConfig) *deploy.ZonalConfig {
	if in == nil {
		return nil
	}
	z := &deploy.ZonalConfig{FirstMonitor: in.FirstZoneMonitorDurationInSeconds, Monitor: in.MonitorDurationInSeconds}
	if m := in.MinimumHealthyHostsPerZone; m != nil {
		z.HealthyPerZone = &deploy.MinimumHealthy{Type: deploy.MinimumHealthyType(m.Type), Value: int(value(m.Value))}
	}
	return z
}

func zonalOut(z *deploy.ZonalConfig) *wire.ZonalConfig {
	if z == nil {
		return nil
	}
	out := &wire.ZonalConfig{FirstZoneMonitorDurationInSeconds: z.FirstMonitor, MonitorDurationInSeconds: z.Monitor}
	if m := z.HealthyPerZone; m != nil {
		out.MinimumHealthyHostsPerZone = &wire.MinimumHealthyHostsPerZone{
			Type: wire.MinimumHealthyHostsPerZoneType(m.Type), Value: new(int32(m.Value)),
		}
	}
	return out
}
