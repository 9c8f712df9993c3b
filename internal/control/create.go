package control

import (
	"context"
	"errors"
	"fmt"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
)

// A DeploymentRequest asks for a deployment. Empty members take the group's setting, or the
// API's default.
type DeploymentRequest struct {
	Application string
	Group       string
	Revision    deploy.Revision
	ConfigName  string
	Description string
	Rollback    *deploy.AutoRollback
	FileExists  deploy.FileExistsBehavior

	IgnoreApplicationStopFailures bool
	UpdateOutdatedOnly            bool

	// TargetInstances and Alarms are nil where the request has no such member.
	TargetInstances *deploy.TargetInstances
	Alarms          *deploy.Alarms
}

// CreateDeployment makes a deployment, which the engine then carries out, and returns its id.
// Like AWS it asks for more than its own action: to use the config and the revision, and to
// change the group where the request brings alarms of its own.
func (s *Service) CreateDeployment(
	ctx context.Context, caller identity.Caller, r DeploymentRequest,
) (string, error) {
	d, _, err := s.prepare(ctx, caller, r)
	if err != nil {
		return "", err
	}
	if err := s.record(ctx, &d); err != nil {
		return "", err
	}
	s.wake(d.ID)
	s.log.InfoContext(ctx, "deployment created",
		"deployment", d.ID, "application", d.Application, "group", d.Group, "by", caller.ARN)
	return d.ID, nil
}

// prepare checks the request, and puts together the deployment that it asks for and its group.
func (s *Service) prepare(
	ctx context.Context, caller identity.Caller, r DeploymentRequest,
) (d deploy.Deployment, g deploy.Group, err error) {
	if err := authorize(caller, "CreateDeployment", s.groupARN(r.Application, r.Group)); err != nil {
		return d, g, err
	}
	// Who may name other alarms than the group's could as well change the group.
	if r.Alarms != nil {
		if err := authorize(caller, "UpdateDeploymentGroup", s.groupARN(r.Application, r.Group)); err != nil {
			return d, g, err
		}
	}
	if g, err = s.group(ctx, r.Application, r.Group); err != nil {
		return d, g, err
	}
	if err := r.check(g); err != nil {
		return d, g, err
	}
	if r.Alarms != nil {
		g.Alarms = r.Alarms
	}
	revision, err := s.deployable(ctx, caller, r.Revision, g)
	if err != nil {
		return d, g, err
	}
	if d, err = s.newDeployment(ctx, caller, g, r); err != nil {
		return d, g, err
	}
	d.Revision = revision
	return d, g, nil
}

// deployable checks that the revision suits the platform and can be fetched, and that the
// caller may use it. Inline content that is registered may be named by its hash alone.
func (s *Service) deployable(
	ctx context.Context, caller identity.Caller, r deploy.Revision, g deploy.Group,
) (deploy.Revision, error) {
	if c := r.Content; c != nil && c.Content == "" && g.Platform != deploy.Server {
		if err := authorize(caller, "GetApplicationRevision", s.applicationARN(g.Application)); err != nil {
			return r, err
		}
		app := deploy.Application{ID: g.ApplicationID, Name: g.Application}
		view, err := s.revision(ctx, app, r, nil)
		return view.Revision, err
	}
	r, err := checkRevision(r, g.Platform)
	if err != nil {
		return r, err
	}
	if err := s.authorizeRevision(ctx, caller, r, g); err != nil || r.S3 == nil {
		return r, err
	}
	return r, wrapFault("look for revision", s.revisionExists(ctx, r))
}

// authorizeRevision asks whether the caller may read the revision, or, where it is not
// registered yet, may register it: a deployment does.
func (s *Service) authorizeRevision(ctx context.Context, caller identity.Caller, r deploy.Revision, g deploy.Group) error {
	operation := "GetApplicationRevision"
	_, err := s.store.Revision(ctx, g.ApplicationID, r.Key())
	if errors.Is(err, store.ErrNotFound) {
		operation = "RegisterApplicationRevision"
	} else if err != nil {
		return fmt.Errorf("read revision: %w", err)
	}
	return authorize(caller, operation, s.applicationARN(g.Application))
}

// newDeployment puts together what the request gives and what the group has.
func (s *Service) newDeployment(
	ctx context.Context, caller identity.Caller, g deploy.Group, r DeploymentRequest,
) (deploy.Deployment, error) {
	name := r.ConfigName
	if name == "" {
		name = g.ConfigName
	}
	if err := authorize(caller, "GetDeploymentConfig", s.configARN(name)); err != nil {
		return deploy.Deployment{}, err
	}
	config, err := s.configFor(ctx, name, g.Platform)
	if err != nil {
		return deploy.Deployment{}, err
	}
	if err := checkGradual(config, g.LoadBalancer); err != nil {
		return deploy.Deployment{}, err
	}
	rollback := g.Rollback
	if r.Rollback != nil {
		rollback = *r.Rollback
	}
	behavior := r.FileExists
	if behavior == "" {
		behavior = deploy.Disallow
	}
	d := deploy.Deployment{
		ApplicationID: g.ApplicationID, Application: g.Application, GroupID: g.ID, Group: g.Name,
		Platform: g.Platform, Style: g.Style, Config: config,
		Previous: g.History.LastGood, Description: r.Description,
		Creator: deploy.ByUser, CreatedBy: caller.ARN,
		IgnoreApplicationStopFailures: r.IgnoreApplicationStopFailures, UpdateOutdatedOnly: r.UpdateOutdatedOnly,
		FileExists: behavior, Rollback: rollback, Limits: s.limits,
		LoadBalancer: g.LoadBalancer, BlueGreen: g.BlueGreen, TargetInstances: r.TargetInstances,
		Alarms: g.Alarms, OverrideAlarms: r.Alarms,
		TimeScale: s.timeScale, Scaled: len(g.AutoScalingGroups) > 0, Status: deploy.Created, CreatedAt: s.now(),
	}
	switch {
	case d.Routed():
		d.Limits.Total = d.LongestShift()
	case g.Style.Type == deploy.BlueGreen:
		d.Members = g.Members()
		d.Limits.Total = d.LongestBlueGreen()
	}
	return d, nil
}

// record stores the deployment under a new id. Ids are random, so one that is taken is
// simply drawn again.
func (s *Service) record(ctx context.Context, d *deploy.Deployment) error {
	const draws = 10
	for range draws {
		d.ID = deploy.NewDeploymentID()
		err := s.store.CreateDeployment(ctx, *d)
		var active *store.ActiveError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &active):
			return deploy.Errorf("DeploymentLimitExceeded",
				"The Deployment Group '%s' already has an active Deployment '%s'", d.Group, active.DeploymentID)
		case errors.Is(err, store.ErrNotFound):
			return errNoGroup(d.Group)
		case !errors.Is(err, store.ErrExists):
			return fmt.Errorf("create deployment: %w", err)
		}
	}
	return fmt.Errorf("create deployment: no free id in %d draws", draws)
}
