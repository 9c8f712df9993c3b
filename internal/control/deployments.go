package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
)

// A DeploymentView is a deployment with its targets counted by status. Overview is nil
// while there are none.
type DeploymentView struct {
	deploy.Deployment
	Overview map[deploy.TargetStatus]int
	// Followers are the deployments that brought instances up to date which came during this one.
	Followers []string
	// Untold is what the group's triggers could not tell of it.
	Untold []deploy.Untold
}

// Deployment returns the deployment of that id.
func (s *Service) Deployment(ctx context.Context, caller identity.Caller, id string) (DeploymentView, error) {
	d, err := s.deployment(ctx, caller, "GetDeployment", id)
	if err != nil {
		return DeploymentView{}, err
	}
	return s.view(ctx, d)
}

// BatchDeployments returns those of the deployments that exist.
func (s *Service) BatchDeployments(
	ctx context.Context, caller identity.Caller, ids []string,
) ([]DeploymentView, error) {
	if err := checkBatch("deployment IDs", len(ids), "DeploymentIdRequired"); err != nil {
		if denied := authorize(caller, "BatchGetDeployments", s.groupARN("*", "*")); denied != nil {
			return nil, denied
		}
		return nil, err
	}
	views := make([]DeploymentView, 0, len(ids))
	for _, id := range ids {
		d, err := s.deployment(ctx, caller, "BatchGetDeployments", id)
		if deploy.ErrorCode(err) == "DeploymentDoesNotExist" {
			continue
		}
		if err != nil {
			return nil, err
		}
		view, err := s.view(ctx, d)
		if err != nil {
			return nil, err
		}
		views = append(views, view)
	}
	return views, nil
}

func (s *Service) view(ctx context.Context, d deploy.Deployment) (DeploymentView, error) {
	overview, err := s.store.Overview(ctx, d.ID)
	if err != nil {
		return DeploymentView{}, fmt.Errorf("count targets: %w", err)
	}
	if len(overview) == 0 {
		overview = nil
	}
	untold, err := s.store.Untold(ctx, d.ID)
	if err != nil {
		return DeploymentView{}, fmt.Errorf("read what could not be told: %w", err)
	}
	followers, err := s.followers(ctx, d)
	return DeploymentView{Deployment: d, Overview: overview, Followers: followers, Untold: untold}, err
}

// followers are looked for only where there can be some: instances come by themselves in Auto
// Scaling groups only, and are brought up to date after a success.
func (s *Service) followers(ctx context.Context, d deploy.Deployment) (ids []string, err error) {
	if !d.Scaled || d.Status != deploy.Succeeded {
		return nil, nil
	}
	list, err := s.store.ListDeployments(ctx, store.DeploymentFilter{GroupID: d.GroupID, From: d.CreatedAt})
	if err != nil {
		return nil, fmt.Errorf("list the deployments that follow: %w", err)
	}
	for _, other := range list {
		if other.RootID == d.ID {
			ids = append(ids, other.ID)
		}
	}
	return ids, nil
}

// A DeploymentsRequest selects deployments. Application and Group are given together or not
// at all; Statuses, From and To select everything where empty.
type DeploymentsRequest struct {
	Application string
	Group       string
	ExternalID  string // of a CloudFormation stack: no deployment has one yet
	Statuses    []deploy.Status
	From, To    time.Time
}

// ListDeployments returns a page of ids, newest first, and the token of the next page.
func (s *Service) ListDeployments(
	ctx context.Context, caller identity.Caller, r DeploymentsRequest, token string,
) (ids []string, next string, err error) {
	application, group := r.Application, r.Group
	if application == "" {
		application = "*"
	}
	if group == "" {
		group = "*"
	}
	if err := authorize(caller, "ListDeployments", s.groupARN(application, group)); err != nil {
		return nil, "", err
	}
	filter, err := s.filter(ctx, r)
	if err != nil {
		return nil, "", err
	}
	kind := listKind("deployments", r.Application, r.Group, r.ExternalID, r.Statuses, r.From.UnixNano(), r.To.UnixNano())
	if filter.After, err = readToken(kind, token); err != nil {
		return nil, "", err
	}
	if filter.After != "" && !deploy.ValidDeploymentID(filter.After) {
		return nil, "", errNextToken()
	}
	if r.ExternalID != "" {
		return []string{}, "", nil
	}
	list, err := s.store.ListDeployments(ctx, filter)
	if err != nil {
		return nil, "", fmt.Errorf("list deployments: %w", err)
	}
	ids = make([]string, 0, len(list))
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	ids, next = firstPage(kind, ids, itself)
	return ids, next, nil
}

// filter checks the request and says it in the store's words.
func (s *Service) filter(ctx context.Context, r DeploymentsRequest) (store.DeploymentFilter, error) {
	f := store.DeploymentFilter{Statuses: r.Statuses, From: r.From, To: r.To, Limit: pageSize + 1}
	for _, status := range r.Statuses {
		if !slices.Contains(statuses, status) {
			return f, deploy.Errorf("InvalidDeploymentStatus", "The deployment status is not valid: %s", shown(string(status)))
		}
	}
	if !r.From.IsZero() && !r.To.IsZero() && r.From.After(r.To) {
		return f, deploy.Errorf("InvalidTimeRange", "The createTimeRange ends before it starts")
	}
	if r.ExternalID != "" && !validTargetID(r.ExternalID) {
		return f, deploy.Errorf("InvalidExternalId", "The externalId is not valid: %s. It is the ID of a stack, without blanks", shown(r.ExternalID))
	}
	if r.Application == "" && r.Group == "" {
		return f, nil
	}
	if r.ExternalID != "" {
		return f, deploy.Errorf("InvalidInput", "An externalId selects alone: give it without applicationName and deploymentGroupName")
	}
	g, err := s.group(ctx, r.Application, r.Group)
	f.ApplicationID, f.GroupID = g.ApplicationID, g.ID
	return f, err
}

var (
	activeStatuses = []deploy.Status{deploy.Created, deploy.Queued, deploy.InProgress, deploy.Baking, deploy.Ready}
	statuses       = append(slices.Clone(activeStatuses), deploy.Succeeded, deploy.Failed, deploy.Stopped)
)

// A Stopping says how far a stop has come.
type Stopping struct {
	// Pending is set while an event that a host has taken is still running, or traffic that has
	// moved is still to go back.
	Pending bool
}

// StopDeployment asks a deployment to end. Rollback, where given, overrules what the
// deployment was created with. A second request changes nothing.
func (s *Service) StopDeployment(
	ctx context.Context, caller identity.Caller, id string, rollback *bool,
) (Stopping, error) {
	if _, err := s.deployment(ctx, caller, "StopDeployment", id); err != nil {
		return Stopping{}, err
	}
	err := s.store.UpdateDeployment(ctx, id, func(d *deploy.Deployment) error {
		if d.Status.Done() {
			return errCompleted(d.ID)
		}
		if d.Stop == nil {
			d.Stop = &deploy.StopRequest{At: s.now(), Rollback: rollback}
		}
		return nil
	})
	if err != nil {
		return Stopping{}, wrapFault("request stop", err)
	}
	s.wake(id)
	s.log.InfoContext(ctx, "stop requested", "deployment", id, "by", caller.ARN)
	targets, err := s.store.Targets(ctx, id)
	if err != nil {
		return Stopping{}, fmt.Errorf("read targets: %w", err)
	}
	running := slices.ContainsFunc(targets, func(t deploy.Target) bool {
		e := t.Current()
		return e != nil && (!e.TakenAt.IsZero() || !t.Shift.Since.IsZero())
	})
	return Stopping{Pending: running}, nil
}

func errCompleted(id string) error {
	return deploy.Errorf("DeploymentAlreadyCompleted", "The deployment %s has already completed", id)
}

// deployment checks the id, reads the deployment and authorises the caller for its group,
// so that even whether an id exists is told only to those who may know.
func (s *Service) deployment(
	ctx context.Context, caller identity.Caller, operation, id string,
) (deploy.Deployment, error) {
	d, err := s.readDeployment(ctx, id)
	application, group := d.Application, d.Group
	if err != nil {
		application, group = "*", "*"
	}
	if denied := authorize(caller, operation, s.groupARN(application, group)); denied != nil {
		return deploy.Deployment{}, denied
	}
	return d, err
}

func (s *Service) readDeployment(ctx context.Context, id string) (deploy.Deployment, error) {
	if err := checkDeploymentID(id); err != nil {
		return deploy.Deployment{}, err
	}
	d, err := s.store.Deployment(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return d, deploy.Errorf("DeploymentDoesNotExist", "The deployment %s could not be found", id)
	}
	if err != nil {
		return d, fmt.Errorf("read deployment: %w", err)
	}
	return d, nil
}

// lookAgain makes the active deployments of the filter due, because what they depend on changed.
func (s *Service) lookAgain(ctx context.Context, f store.DeploymentFilter) error {
	f.Statuses = activeStatuses
	active, err := s.store.ListDeployments(ctx, f)
	if err != nil {
		return fmt.Errorf("list active deployments: %w", err)
	}
	for _, d := range active {
		if err := s.store.UpdateDeployment(ctx, d.ID, func(*deploy.Deployment) error { return nil }); err != nil {
			return fmt.Errorf("make deployment due: %w", err)
		}
		s.wake(d.ID)
	}
	return nil
}
