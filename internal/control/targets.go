package control

import (
	"context"
	"fmt"
	"slices"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/identity"
)

// A TargetView is a target of a deployment on its platform.
type TargetView struct {
	deploy.Target
	Platform deploy.Platform
}

var targetStatuses = []deploy.TargetStatus{
	deploy.TargetPending, deploy.TargetInProgress, deploy.TargetReady, deploy.TargetSucceeded,
	deploy.TargetFailed, deploy.TargetSkipped, deploy.TargetUnknown,
}

// ListTargets returns a page of a deployment's target ids, in the order in which it takes
// them, and the token of the next page. Filters are the API's: TargetStatus and
// ServerInstanceLabel, each with the values that are wanted.
func (s *Service) ListTargets(
	ctx context.Context, caller identity.Caller, id string, filters map[string][]string, token string,
) (ids []string, next string, err error) {
	d, err := s.deployment(ctx, caller, "ListDeploymentTargets", id)
	if err != nil {
		return nil, "", err
	}
	for name := range filters {
		if name != "TargetStatus" && name != "ServerInstanceLabel" {
			return nil, "", deploy.Errorf("InvalidTargetFilterName",
				"The target filter name is not valid: %s. It is TargetStatus or ServerInstanceLabel", shown(name))
		}
	}
	return s.listTargets(ctx, d, filters["TargetStatus"], filters["ServerInstanceLabel"], token)
}

// ListDeploymentInstances is the older form of ListTargets, for servers only. Labels are
// Blue and Green, which targets of a deployment in place have not.
func (s *Service) ListDeploymentInstances(
	ctx context.Context, caller identity.Caller, id string, statuses, labels []string, token string,
) (ids []string, next string, err error) {
	d, err := s.serverDeployment(ctx, caller, "ListDeploymentInstances", id)
	if err != nil {
		return nil, "", err
	}
	return s.listTargets(ctx, d, statuses, labels, token)
}

func (s *Service) listTargets(
	ctx context.Context, d deploy.Deployment, statuses, labels []string, token string,
) (ids []string, next string, err error) {
	if err := checkTargetFilters(d, statuses, labels); err != nil {
		return nil, "", err
	}
	kind := listKind("targets", d.ID, statuses, labels)
	after, err := readToken(kind, token)
	if err != nil {
		return nil, "", err
	}
	targets, err := s.startedTargets(ctx, d)
	if err != nil {
		return nil, "", err
	}
	rest, err := itemsAfter(targets, after, targetID)
	if err != nil {
		return nil, "", err
	}
	rest = filtered(rest, func(t deploy.Target) bool {
		return (len(statuses) == 0 || slices.Contains(statuses, string(t.Status))) &&
			(len(labels) == 0 || slices.Contains(labels, string(t.Label)))
	})
	rest, next = firstPage(kind, rest, targetID)
	ids = make([]string, 0, len(rest))
	for _, t := range rest {
		ids = append(ids, t.ID)
	}
	return ids, next, nil
}

func targetID(t deploy.Target) string { return t.ID }

func checkTargetFilters(d deploy.Deployment, statuses, labels []string) error {
	for _, status := range statuses {
		if !slices.Contains(targetStatuses, deploy.TargetStatus(status)) {
			return deploy.Errorf("InvalidInstanceStatus", "The target status is not valid: %s", shown(status))
		}
	}
	for _, label := range labels {
		if label != string(deploy.Blue) && label != string(deploy.Green) {
			return deploy.Errorf("InvalidInstanceType", "The instance label is not valid: %s. It is Blue or Green", shown(label))
		}
	}
	if len(labels) > 0 && d.Style.Type == deploy.InPlace {
		return deploy.Errorf("InvalidDeploymentInstanceType",
			"An instance label was given for the in-place deployment %s; only blue/green deployments have them", d.ID)
	}
	return nil
}

// Target returns one target of a deployment.
func (s *Service) Target(ctx context.Context, caller identity.Caller, id, target string) (TargetView, error) {
	d, err := s.deployment(ctx, caller, "GetDeploymentTarget", id)
	if err != nil {
		return TargetView{}, err
	}
	found, err := s.pickTargets(ctx, d, []string{target})
	if err != nil {
		return TargetView{}, err
	}
	return found[0], nil
}

// BatchTargets returns the targets of those ids. One unknown id fails the call.
func (s *Service) BatchTargets(
	ctx context.Context, caller identity.Caller, id string, ids []string,
) ([]TargetView, error) {
	d, err := s.deployment(ctx, caller, "BatchGetDeploymentTargets", id)
	if err != nil {
		return nil, err
	}
	most := maxBatch
	if d.Platform != deploy.Server {
		most = 1 // all that such a deployment has
	}
	if len(ids) > most {
		return nil, deploy.Errorf("DeploymentTargetListSizeExceeded",
			"%d target IDs are given; at most %d are allowed for a deployment on the %s compute platform", len(ids), most, d.Platform)
	}
	return s.pickTargets(ctx, d, ids)
}

func (s *Service) pickTargets(ctx context.Context, d deploy.Deployment, ids []string) ([]TargetView, error) {
	if len(ids) == 0 || slices.Contains(ids, "") {
		return nil, deploy.Errorf("DeploymentTargetIdRequired", "A deployment target ID is missing")
	}
	for _, id := range ids {
		if !validTargetID(id) {
			return nil, deploy.Errorf("InvalidDeploymentTargetId", "The deployment target ID is not valid: %s. %s", shown(id), targetIDRule)
		}
	}
	targets, err := s.startedTargets(ctx, d)
	if err != nil {
		return nil, err
	}
	views := make([]TargetView, 0, len(ids))
	for _, id := range ids {
		t := findTarget(targets, id)
		if t == nil {
			return nil, deploy.Errorf("DeploymentTargetDoesNotExist",
				"The deployment %s has no target with ID %s", d.ID, shown(id))
		}
		views = append(views, TargetView{*t, d.Platform})
	}
	return views, nil
}

// DeploymentInstance is the older form of Target, for servers only.
func (s *Service) DeploymentInstance(
	ctx context.Context, caller identity.Caller, id, instance string,
) (deploy.Target, error) {
	d, err := s.serverDeployment(ctx, caller, "GetDeploymentInstance", id)
	if err != nil {
		return deploy.Target{}, err
	}
	found, _, err := s.pickInstances(ctx, d, []string{instance})
	if err != nil {
		return deploy.Target{}, err
	}
	if len(found) == 0 {
		return deploy.Target{}, deploy.Errorf("InstanceDoesNotExist",
			"The deployment %s has no instance with ID %s", d.ID, shown(instance))
	}
	return found[0], nil
}

// BatchDeploymentInstances returns those of the instances that the deployment has, and the
// ids of the others. Of the older forms this one knows functions too, as on AWS.
func (s *Service) BatchDeploymentInstances(
	ctx context.Context, caller identity.Caller, id string, instances []string,
) (found []deploy.Target, missing []string, err error) {
	d, err := s.oldDeployment(ctx, caller, "BatchGetDeploymentInstances", id, deploy.Server, deploy.Lambda)
	if err != nil {
		return nil, nil, err
	}
	if err := checkBatch("instance IDs", len(instances), "InstanceIdRequired"); err != nil {
		return nil, nil, err
	}
	return s.pickInstances(ctx, d, instances)
}

func (s *Service) pickInstances(
	ctx context.Context, d deploy.Deployment, ids []string,
) (found []deploy.Target, missing []string, err error) {
	if slices.Contains(ids, "") {
		return nil, nil, deploy.Errorf("InstanceIdRequired", "An instance ID is missing")
	}
	for _, id := range ids {
		if !validTargetID(id) {
			return nil, nil, deploy.Errorf("InvalidInstanceName", "The instance ID is not valid: %s. %s", shown(id), targetIDRule)
		}
	}
	targets, err := s.store.Targets(ctx, d.ID)
	if err != nil {
		return nil, nil, fmt.Errorf("read targets: %w", err)
	}
	for _, id := range ids {
		if t := findTarget(targets, id); t != nil {
			found = append(found, *t)
		} else {
			missing = append(missing, id)
		}
	}
	return found, missing, nil
}

// findTarget finds a target by its id or by its ARN.
func findTarget(targets []deploy.Target, id string) *deploy.Target {
	for i := range targets {
		if targets[i].ID == id || targets[i].ARN == id {
			return &targets[i]
		}
	}
	return nil
}

// startedTargets reads the targets of a deployment that has got as far as having any.
func (s *Service) startedTargets(ctx context.Context, d deploy.Deployment) ([]deploy.Target, error) {
	targets, err := s.store.Targets(ctx, d.ID)
	if err != nil {
		return nil, fmt.Errorf("read targets: %w", err)
	}
	if len(targets) == 0 && !d.Status.Done() {
		return nil, errNotStarted(d)
	}
	return targets, nil
}

func errNotStarted(d deploy.Deployment) error {
	return deploy.Errorf("DeploymentNotStarted", "The deployment %s has not started", d.ID)
}

func (s *Service) serverDeployment(
	ctx context.Context, caller identity.Caller, operation, id string,
) (deploy.Deployment, error) {
	return s.oldDeployment(ctx, caller, operation, id, deploy.Server)
}

// oldDeployment is for operations that are older than some platforms.
func (s *Service) oldDeployment(
	ctx context.Context, caller identity.Caller, operation, id string, platforms ...deploy.Platform,
) (deploy.Deployment, error) {
	d, err := s.deployment(ctx, caller, operation, id)
	if err == nil && !slices.Contains(platforms, d.Platform) {
		err = deploy.Errorf("InvalidComputePlatform", "The deployment %s is on the %s compute platform; %s is not for it, "+
			"use the operations on deployment targets", d.ID, d.Platform, operation)
	}
	return d, err
}
