package control

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
)

// CreateGroup makes a deployment group and returns its id.
func (s *Service) CreateGroup(
	ctx context.Context, caller identity.Caller, application, name string, settings GroupSettings, tags []deploy.Tag,
) (string, error) {
	if err := authorizeWithTags(caller, "CreateDeploymentGroup", s.groupARN(application, name), tags); err != nil {
		return "", err
	}
	app, err := s.application(ctx, application)
	if err != nil {
		return "", err
	}
	if err := checkGroupName(name); err != nil {
		return "", err
	}
	g := deploy.Group{
		ID: deploy.NewUUID(), ApplicationID: app.ID, Application: app.Name, Name: name, Platform: app.Platform,
		ConfigName: deploy.DefaultConfig(app.Platform), Style: deploy.DefaultStyle, OutdatedInstances: outdatedUpdate,
		Tags: tags, CreatedAt: s.now(),
	}
	if err := s.checkSettings(ctx, app.Platform, settings); err != nil {
		return "", err
	}
	if err := checkRole(settings.ServiceRoleARN); err != nil {
		return "", err
	}
	if err := checkResourceTags(tags); err != nil {
		return "", err
	}
	settings.apply(&g)
	if err := s.checkGroup(ctx, g, settings); err != nil {
		return "", err
	}
	if err := s.checkGroupQuota(ctx, app); err != nil {
		return "", err
	}
	if err := s.testTriggers(ctx, g, settings); err != nil {
		return "", err
	}
	err = s.store.CreateGroup(ctx, g)
	if errors.Is(err, store.ErrNotFound) {
		return "", errNoApplication(application)
	}
	if err != nil {
		return "", groupFault("create deployment group", name, err)
	}
	if err := s.putHooks(ctx, g); err != nil {
		s.deleteHooks(ctx, g, g.AutoScalingGroups)
		return "", errors.Join(err, s.store.DeleteGroup(ctx, application, name))
	}
	s.log.InfoContext(ctx, "deployment group created", "application", application, "group", name, "by", caller.ARN)
	return g.ID, nil
}

// Group returns the group of that name.
func (s *Service) Group(
	ctx context.Context, caller identity.Caller, application, name string,
) (deploy.Group, error) {
	if err := authorize(caller, "GetDeploymentGroup", s.groupARN(application, name)); err != nil {
		return deploy.Group{}, err
	}
	return s.group(ctx, application, name)
}

// BatchGroups returns those of the named groups that exist, and the names of those that do not.
func (s *Service) BatchGroups(
	ctx context.Context, caller identity.Caller, application string, names []string,
) (groups []deploy.Group, missing []string, err error) {
	arn := func(name string) string { return s.groupARN(application, name) }
	if err := authorizeEach(caller, "BatchGetDeploymentGroups", names, arn); err != nil {
		return nil, nil, err
	}
	if _, err := s.application(ctx, application); err != nil {
		return nil, nil, err
	}
	if err := checkBatch("deployment group names", len(names), "DeploymentGroupNameRequired"); err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		g, err := s.group(ctx, application, name)
		switch {
		case deploy.ErrorCode(err) == "DeploymentGroupDoesNotExist":
			missing = append(missing, name)
		case err != nil:
			return nil, nil, err
		default:
			groups = append(groups, g)
		}
	}
	return groups, missing, nil
}

// ListGroups returns a page of the names of an application's groups and the token of the next page.
func (s *Service) ListGroups(
	ctx context.Context, caller identity.Caller, application, token string,
) (names []string, next string, err error) {
	if err := authorize(caller, "ListDeploymentGroups", s.applicationARN(application)); err != nil {
		return nil, "", err
	}
	app, err := s.application(ctx, application)
	if err != nil {
		return nil, "", err
	}
	kind := listKind("groups", app.ID)
	after, err := readToken(kind, token)
	if err != nil {
		return nil, "", err
	}
	groups, err := s.store.Groups(ctx, application, after, pageSize+1)
	if err != nil {
		return nil, "", fmt.Errorf("list deployment groups: %w", err)
	}
	names = make([]string, 0, len(groups))
	for _, g := range groups {
		names = append(names, g.Name)
	}
	names, next = firstPage(kind, names, itself)
	return names, next, nil
}

// UpdateGroup changes what settings gives and keeps the rest. An empty newName keeps the
// name. A deployment under way goes on with what it was created with.
//
// Hooks that an Auto Scaling group has no more use for, and that could not be removed, are told.
func (s *Service) UpdateGroup(
	ctx context.Context, caller identity.Caller, application, name, newName string, settings GroupSettings,
) ([]HookLeft, error) {
	if err := authorize(caller, "UpdateDeploymentGroup", s.groupARN(application, name)); err != nil {
		return nil, err
	}
	before, err := s.group(ctx, application, name)
	if err != nil {
		return nil, err
	}
	if newName == "" {
		newName = name
	}
	// Without this, a caller who may touch one group could take any other name.
	if err := authorize(caller, "UpdateDeploymentGroup", s.groupARN(application, newName)); err != nil {
		return nil, err
	}
	if err := checkGroupName(newName); err != nil {
		return nil, err
	}
	if err := s.checkSettings(ctx, before.Platform, settings); err != nil {
		return nil, err
	}
	g := before
	g.Name = newName
	settings.apply(&g)
	if err := s.checkGroup(ctx, g, settings); err != nil {
		return nil, err
	}
	if err := s.testTriggers(ctx, g, settings); err != nil {
		return nil, err
	}
	err = s.store.UpdateGroup(ctx, application, name, func(stored *deploy.Group) error {
		stored.Name = newName
		settings.apply(stored)
		g = *stored
		return s.checkGroup(ctx, g, settings)
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoGroup(name)
	}
	if err != nil {
		return nil, groupFault("update deployment group", newName, err)
	}
	left, err := s.changeHooks(ctx, before, g)
	if err != nil {
		restore := func(stored *deploy.Group) error { *stored = before; return nil }
		return nil, errors.Join(err, s.store.UpdateGroup(ctx, application, newName, restore))
	}
	s.log.InfoContext(ctx, "deployment group updated", "application", application, "group", newName, "by", caller.ARN)
	return left, nil
}

// DeleteGroup removes the group. A missing one, or one of a missing application, is no
// error. Its deployment under way finds it gone, and fails.
// Its hooks that could not be removed are told.
func (s *Service) DeleteGroup(ctx context.Context, caller identity.Caller, application, name string) ([]HookLeft, error) {
	if err := authorize(caller, "DeleteDeploymentGroup", s.groupARN(application, name)); err != nil {
		return nil, err
	}
	g, err := s.group(ctx, application, name)
	switch deploy.ErrorCode(err) {
	case "ApplicationDoesNotExist", "DeploymentGroupDoesNotExist":
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := s.store.DeleteGroup(ctx, application, name); err != nil {
		return nil, fmt.Errorf("delete deployment group: %w", err)
	}
	s.log.InfoContext(ctx, "deployment group deleted", "application", application, "group", name, "by", caller.ARN)
	left := s.deleteHooks(ctx, g, g.AutoScalingGroups)
	return left, s.lookAgain(ctx, store.DeploymentFilter{GroupID: g.ID})
}

// group checks both names and reads the group.
func (s *Service) group(ctx context.Context, application, name string) (deploy.Group, error) {
	if _, err := s.application(ctx, application); err != nil {
		return deploy.Group{}, err
	}
	if err := checkGroupName(name); err != nil {
		return deploy.Group{}, err
	}
	g, err := s.store.Group(ctx, application, name)
	if errors.Is(err, store.ErrNotFound) {
		return g, errNoGroup(name)
	}
	if err != nil {
		return g, fmt.Errorf("read deployment group: %w", err)
	}
	return g, nil
}

// checkGroup checks a group as it would be kept, whole.
func (s *Service) checkGroup(ctx context.Context, g deploy.Group, given GroupSettings) error {
	if err := checkEnvironment(g, given); err != nil {
		return err
	}
	config, err := s.configFor(ctx, g.ConfigName, g.Platform)
	if err != nil {
		return err
	}
	return checkGradual(config, g.LoadBalancer)
}

// testTriggers publishes a test notification to the topic of every trigger that is set, as AWS
// does: a group is not kept with one that does not arrive.
func (s *Service) testTriggers(ctx context.Context, g deploy.Group, given GroupSettings) error {
	for _, t := range given.Triggers {
		if err := s.testTrigger(ctx, g, t); err != nil {
			return deploy.Errorf("InvalidTriggerConfig", "The test notification of the trigger %s could not be published to %s: %s",
				shown(t.Name), shown(t.Topic), err)
		}
	}
	return nil
}

// groupFault says why a group of that name was not kept.
func groupFault(doing, name string, err error) error {
	var mapped *store.MappedError
	switch {
	case errors.Is(err, store.ErrExists):
		return errGroupExists(name)
	case errors.As(err, &mapped):
		return deploy.Errorf("ECSServiceMappingLimitExceeded",
			"The Amazon ECS service is associated with the deployment group %s of the application %s; "+
				"a service belongs to one deployment group only", mapped.Group, mapped.Application)
	}
	return wrapFault(doing, err)
}

func errNoGroup(name string) error {
	return deploy.Errorf("DeploymentGroupDoesNotExist", "No Deployment Group found for name: %s", name)
}

func errGroupExists(name string) error {
	return deploy.Errorf("DeploymentGroupAlreadyExists", "Deployment group already exists with name: %s", name)
}
