package control

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
)

// CreateApplication makes an application and returns its id. An empty platform is Server.
func (s *Service) CreateApplication(
	ctx context.Context, caller identity.Caller, name string, platform deploy.Platform, tags []deploy.Tag,
) (string, error) {
	if err := authorizeWithTags(caller, "CreateApplication", s.applicationARN(name), tags); err != nil {
		return "", err
	}
	if platform == "" {
		platform = deploy.Server
	}
	if err := checkApplicationName(name); err != nil {
		return "", err
	}
	if !slices.Contains(deploy.Platforms, platform) {
		return "", deploy.Errorf("InvalidComputePlatform",
			"The compute platform is not valid: %s. It is Server, Lambda or ECS", shown(string(platform)))
	}
	if err := checkResourceTags(tags); err != nil {
		return "", err
	}
	if err := s.checkApplicationQuota(ctx); err != nil {
		return "", err
	}
	app := deploy.Application{
		ID: deploy.NewUUID(), Name: name, Platform: platform, CreatedAt: s.now(), Tags: tags,
	}
	switch err := s.store.CreateApplication(ctx, app); {
	case errors.Is(err, store.ErrExists):
		return "", errApplicationExists(name)
	case err != nil:
		return "", fmt.Errorf("create application: %w", err)
	}
	s.log.InfoContext(ctx, "application created", "application", name, "by", caller.ARN)
	return app.ID, nil
}

// Application returns the application of that name.
func (s *Service) Application(ctx context.Context, caller identity.Caller, name string) (deploy.Application, error) {
	if err := authorize(caller, "GetApplication", s.applicationARN(name)); err != nil {
		return deploy.Application{}, err
	}
	return s.application(ctx, name)
}

// BatchApplications returns the applications of those names. One unknown name fails the call.
func (s *Service) BatchApplications(
	ctx context.Context, caller identity.Caller, names []string,
) ([]deploy.Application, error) {
	if err := authorizeEach(caller, "BatchGetApplications", names, s.applicationARN); err != nil {
		return nil, err
	}
	if err := checkBatch("application names", len(names), "ApplicationNameRequired"); err != nil {
		return nil, err
	}
	apps := make([]deploy.Application, 0, len(names))
	for _, name := range names {
		app, err := s.application(ctx, name)
		if err != nil {
			return nil, err
		}
		apps = append(apps, app)
	}
	return apps, nil
}

// ListApplications returns a page of names and the token of the next page.
func (s *Service) ListApplications(
	ctx context.Context, caller identity.Caller, token string,
) (names []string, next string, err error) {
	if err := authorize(caller, "ListApplications", s.applicationARN("*")); err != nil {
		return nil, "", err
	}
	after, err := readToken("applications", token)
	if err != nil {
		return nil, "", err
	}
	apps, err := s.store.Applications(ctx, after, pageSize+1)
	if err != nil {
		return nil, "", fmt.Errorf("list applications: %w", err)
	}
	names = make([]string, 0, len(apps))
	for _, app := range apps {
		names = append(names, app.Name)
	}
	names, next = firstPage("applications", names, itself)
	return names, next, nil
}

// RenameApplication gives the application a new name; an empty one changes nothing. Groups,
// revisions and deployments follow.
func (s *Service) RenameApplication(ctx context.Context, caller identity.Caller, name, newName string) error {
	if err := authorize(caller, "UpdateApplication", s.applicationARN(name)); err != nil {
		return err
	}
	if newName == "" {
		_, err := s.application(ctx, name)
		return err
	}
	// Without this, a caller who may touch one application could take any other name.
	if err := authorize(caller, "UpdateApplication", s.applicationARN(newName)); err != nil {
		return err
	}
	for _, n := range []string{name, newName} {
		if err := checkApplicationName(n); err != nil {
			return err
		}
	}
	err := s.store.UpdateApplication(ctx, name, func(app *deploy.Application) error {
		app.Name = newName
		return nil
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errNoApplication(name)
	case errors.Is(err, store.ErrExists):
		return errApplicationExists(newName)
	case err != nil:
		return fmt.Errorf("rename application: %w", err)
	}
	s.log.InfoContext(ctx, "application renamed", "application", name, "to", newName, "by", caller.ARN)
	return nil
}

// DeleteApplication removes the application with its groups and revisions. A missing one is
// no error. Deployments under way find their group gone, and fail.
func (s *Service) DeleteApplication(ctx context.Context, caller identity.Caller, name string) error {
	if err := authorize(caller, "DeleteApplication", s.applicationARN(name)); err != nil {
		return err
	}
	app, err := s.application(ctx, name)
	if deploy.ErrorCode(err) == "ApplicationDoesNotExist" {
		return nil
	}
	if err != nil {
		return err
	}
	groups, err := s.store.Groups(ctx, name, "", 0)
	if err != nil {
		return fmt.Errorf("list deployment groups: %w", err)
	}
	if err := s.store.DeleteApplication(ctx, name); err != nil {
		return fmt.Errorf("delete application: %w", err)
	}
	for _, g := range groups {
		s.deleteHooks(ctx, g, g.AutoScalingGroups)
	}
	s.log.InfoContext(ctx, "application deleted", "application", name, "by", caller.ARN)
	return s.lookAgain(ctx, store.DeploymentFilter{ApplicationID: app.ID})
}

// application checks the name and reads the application.
func (s *Service) application(ctx context.Context, name string) (deploy.Application, error) {
	if err := checkApplicationName(name); err != nil {
		return deploy.Application{}, err
	}
	app, err := s.store.Application(ctx, name)
	if errors.Is(err, store.ErrNotFound) {
		return app, errNoApplication(name)
	}
	if err != nil {
		return app, fmt.Errorf("read application: %w", err)
	}
	return app, nil
}

func errNoApplication(name string) error {
	return deploy.Errorf("ApplicationDoesNotExist", "No application found for name: %s", name)
}

func errApplicationExists(name string) error {
	return deploy.Errorf("ApplicationAlreadyExists", "Application already exists with name: %s", name)
}
