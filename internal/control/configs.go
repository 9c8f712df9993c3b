package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
)

// A ConfigRequest asks for a custom deployment config. An empty platform is Server.
type ConfigRequest struct {
	Name     string
	Platform deploy.Platform
	// Healthy is required for servers.
	Healthy *deploy.MinimumHealthy
	// Traffic is required for Lambda and ECS.
	Traffic *deploy.TrafficRouting
	Zonal   *deploy.ZonalConfig
}

// CreateConfig makes a custom deployment config and returns its id.
func (s *Service) CreateConfig(ctx context.Context, caller identity.Caller, r ConfigRequest) (string, error) {
	if err := authorize(caller, "CreateDeploymentConfig", s.configARN(r.Name)); err != nil {
		return "", err
	}
	if r.Platform == "" {
		r.Platform = deploy.Server
	}
	if err := checkConfig(r); err != nil {
		return "", err
	}
	if err := s.checkConfigQuota(ctx); err != nil {
		return "", err
	}
	c := deploy.Config{
		ID: deploy.NewUUID(), Name: r.Name, Platform: r.Platform,
		Traffic: r.Traffic, Zonal: r.Zonal, CreatedAt: s.now(),
	}
	if r.Healthy != nil {
		c.Healthy = *r.Healthy
	}
	switch err := s.store.CreateConfig(ctx, c); {
	case errors.Is(err, store.ErrExists):
		return "", deploy.Errorf("DeploymentConfigAlreadyExists",
			"Deployment configuration already exists with name: %s", r.Name)
	case err != nil:
		return "", fmt.Errorf("create deployment config: %w", err)
	}
	s.log.InfoContext(ctx, "deployment config created", "config", r.Name, "by", caller.ARN)
	return c.ID, nil
}

func checkConfig(r ConfigRequest) error {
	if err := checkConfigName(r.Name); err != nil {
		return err
	}
	switch {
	case strings.HasPrefix(r.Name, deploy.PredefinedPrefix):
		return deploy.Errorf("InvalidDeploymentConfigName",
			"Deployment configuration name is not valid: %s. Names that begin with %s are predefined",
			r.Name, deploy.PredefinedPrefix)
	case !slices.Contains(deploy.Platforms, r.Platform):
		return deploy.Errorf("InvalidComputePlatform",
			"The compute platform is not valid: %s. It is Server, Lambda or ECS", shown(string(r.Platform)))
	case r.Platform != deploy.Server:
		return checkRoutedConfig(r)
	case r.Traffic != nil:
		return deploy.Errorf("InvalidTrafficRoutingConfiguration",
			"A deployment configuration of the Server compute platform has no trafficRoutingConfig")
	}
	if err := checkMinimumHealthy(r.Healthy); err != nil {
		return err
	}
	return checkZonal(r.Zonal)
}

func checkMinimumHealthy(m *deploy.MinimumHealthy) error {
	const code = "InvalidMinimumHealthyHostValue"
	switch {
	case m == nil:
		return deploy.Errorf(code, "minimumHealthyHosts is missing: the Server compute platform needs it")
	case m.Type != deploy.HostCount && m.Type != deploy.FleetPercent:
		return deploy.Errorf(code, "The minimumHealthyHosts type is not valid: %s. It is HOST_COUNT or FLEET_PERCENT",
			shown(string(m.Type)))
	case m.Value < 0:
		return deploy.Errorf(code, "The minimumHealthyHosts value is not valid: %d. It is 0 or more", m.Value)
	case m.Type == deploy.FleetPercent && m.Value >= 100:
		return deploy.Errorf(code, "The minimumHealthyHosts value is not valid: %d. FLEET_PERCENT is less than 100", m.Value)
	}
	return nil
}

// Config returns the deployment config of that name, predefined or custom.
func (s *Service) Config(ctx context.Context, caller identity.Caller, name string) (deploy.Config, error) {
	if err := authorize(caller, "GetDeploymentConfig", s.configARN(name)); err != nil {
		return deploy.Config{}, err
	}
	return s.config(ctx, name)
}

// ListConfigs returns a page of names, predefined ones among them, and the token of the next page.
func (s *Service) ListConfigs(
	ctx context.Context, caller identity.Caller, token string,
) (names []string, next string, err error) {
	if err := authorize(caller, "ListDeploymentConfigs", s.configARN("*")); err != nil {
		return nil, "", err
	}
	after, err := readToken("configs", token)
	if err != nil {
		return nil, "", err
	}
	custom, err := s.store.Configs(ctx, after, pageSize+1)
	if err != nil {
		return nil, "", fmt.Errorf("list deployment configs: %w", err)
	}
	for _, c := range append(deploy.PredefinedConfigs(), custom...) {
		if c.Name > after {
			names = append(names, c.Name)
		}
	}
	slices.Sort(names)
	names, next = firstPage("configs", names, itself)
	return names, next, nil
}

// DeleteConfig removes a custom deployment config that no group names and no deployment
// under way goes by. A missing one is no error.
func (s *Service) DeleteConfig(ctx context.Context, caller identity.Caller, name string) error {
	if err := authorize(caller, "DeleteDeploymentConfig", s.configARN(name)); err != nil {
		return err
	}
	if err := checkConfigName(name); err != nil {
		return err
	}
	if strings.HasPrefix(name, deploy.PredefinedPrefix) {
		return deploy.Errorf("InvalidOperation", "Predefined configurations cannot be deleted: %s", name)
	}
	used, err := s.store.ConfigInUse(ctx, name)
	if err != nil {
		return fmt.Errorf("look for users of deployment config: %w", err)
	}
	if used {
		return deploy.Errorf("DeploymentConfigInUse",
			"The deployment configuration %s is in use by a deployment group or a deployment", name)
	}
	if err := s.store.DeleteConfig(ctx, name); err != nil {
		return fmt.Errorf("delete deployment config: %w", err)
	}
	s.log.InfoContext(ctx, "deployment config deleted", "config", name, "by", caller.ARN)
	return nil
}

// config checks the name and reads the config.
func (s *Service) config(ctx context.Context, name string) (deploy.Config, error) {
	if err := checkConfigName(name); err != nil {
		return deploy.Config{}, err
	}
	if c, ok := deploy.Predefined(name); ok {
		return c, nil
	}
	c, err := s.store.Config(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return c, deploy.Errorf("DeploymentConfigDoesNotExist", "No deployment configuration found for name: %s", name)
	}
	if err != nil {
		return c, fmt.Errorf("read deployment config: %w", err)
	}
	return c, nil
}

// configFor is config for use on a platform.
func (s *Service) configFor(ctx context.Context, name string, platform deploy.Platform) (deploy.Config, error) {
	c, err := s.config(ctx, name)
	if err == nil && c.Platform != platform {
		err = deploy.Errorf("InvalidDeploymentConfigName",
			"The deployment configuration %s is of the %s compute platform, not of %s", name, c.Platform, platform)
	}
	return c, err
}
