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

// ResourceTags returns the tags of the application or group of that ARN, by key.
func (s *Service) ResourceTags(ctx context.Context, caller identity.Caller, arn string) ([]deploy.Tag, error) {
	if err := authorize(caller, "ListTagsForResource", arn); err != nil {
		return nil, err
	}
	r, err := s.taggable(arn)
	if err != nil {
		return nil, err
	}
	tags, err := s.readTags(ctx, r)
	switch deploy.ErrorCode(err) {
	case "ApplicationDoesNotExist", "DeploymentGroupDoesNotExist":
		// The model gives this operation no other way to say that nothing is there.
		return nil, errARN(arn, "There is no such resource")
	}
	if err != nil {
		return nil, err
	}
	tags = slices.Clone(tags)
	slices.SortFunc(tags, func(a, b deploy.Tag) int { return strings.Compare(a.Key, b.Key) })
	return tags, nil
}

// TagsOf returns the tags that policies may ask for by aws:ResourceTag; a resource that cannot
// have any, or is not there, has none.
func (s *Service) TagsOf(ctx context.Context, arn string) ([]deploy.Tag, error) {
	r, err := s.taggable(arn)
	if err != nil {
		return nil, nil
	}
	tags, err := s.readTags(ctx, r)
	if deploy.ErrorCode(err) != "" {
		return nil, nil
	}
	return tags, err
}

func (s *Service) readTags(ctx context.Context, r taggable) ([]deploy.Tag, error) {
	if r.group == "" {
		app, err := s.application(ctx, r.application)
		return app.Tags, err
	}
	g, err := s.group(ctx, r.application, r.group)
	return g.Tags, err
}

// TagResource adds the tags to the resource; a key that is there gets the new value.
func (s *Service) TagResource(ctx context.Context, caller identity.Caller, arn string, tags []deploy.Tag) error {
	return s.changeResource(ctx, withTags(caller, tags), "TagResource", arn, len(tags), func(have []deploy.Tag) ([]deploy.Tag, error) {
		if err := checkResourceTags(tags); err != nil {
			return nil, err
		}
		merged := mergeTags(have, tags)
		return merged, checkResourceTags(merged)
	})
}

// UntagResource removes the tags of those keys from the resource.
func (s *Service) UntagResource(ctx context.Context, caller identity.Caller, arn string, keys []string) error {
	caller = caller.With(map[string][]string{identity.TagKeys: keys})
	return s.changeResource(ctx, caller, "UntagResource", arn, len(keys), func(have []deploy.Tag) ([]deploy.Tag, error) {
		return filtered(have, func(t deploy.Tag) bool { return !slices.Contains(keys, t.Key) }), nil
	})
}

func (s *Service) changeResource(
	ctx context.Context, caller identity.Caller, operation, arn string, given int,
	change func([]deploy.Tag) ([]deploy.Tag, error),
) error {
	if err := authorize(caller, operation, arn); err != nil {
		return err
	}
	r, err := s.taggable(arn)
	if err != nil {
		return err
	}
	if given == 0 {
		return deploy.Errorf("TagRequired", "No tags are given")
	}
	if err := s.writeTags(ctx, r, change); err != nil {
		return err
	}
	s.log.InfoContext(ctx, "resource tags changed", "operation", operation, "resource", arn, "by", caller.ARN)
	return nil
}

func (s *Service) writeTags(ctx context.Context, r taggable, change func([]deploy.Tag) ([]deploy.Tag, error)) error {
	if r.group == "" {
		err := s.store.UpdateApplication(ctx, r.application, func(a *deploy.Application) (err error) {
			a.Tags, err = change(a.Tags)
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			return errNoApplication(r.application)
		}
		return wrapFault("change tags of application", err)
	}
	if _, err := s.application(ctx, r.application); err != nil {
		return err
	}
	err := s.store.UpdateGroup(ctx, r.application, r.group, func(g *deploy.Group) (err error) {
		g.Tags, err = change(g.Tags)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return errNoGroup(r.group)
	}
	return wrapFault("change tags of deployment group", err)
}

// wrapFault says what was being done, except of an error that is meant for the caller.
func wrapFault(doing string, err error) error {
	if err == nil || deploy.ErrorCode(err) != "" {
		return err
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// A taggable is what a resource ARN names. Group is empty for an application.
type taggable struct{ application, group string }

// taggable reads the ARN of an application or a group.
func (s *Service) taggable(arn string) (taggable, error) {
	if arn == "" {
		return taggable{}, deploy.Errorf("ResourceArnRequired", "The resource ARN is missing")
	}
	parts := strings.SplitN(arn, ":", 6)
	// The partition counts too: policies match the text, so a resource has one ARN only.
	if len(parts) != 6 || parts[0] != "arn" || parts[1] != "aws" || parts[2] != "codedeploy" || len(arn) > maxARN {
		return taggable{}, errARN(arn, "It has the form arn:aws:codedeploy:<region>:<account>:application:<name>")
	}
	if parts[3] != s.region || parts[4] != s.account {
		return taggable{}, errARN(arn, "It names another Region or account than "+s.region+" and "+s.account)
	}
	kind, name, _ := strings.Cut(parts[5], ":")
	switch kind {
	case "application":
		if !validName(name) {
			return taggable{}, errARN(arn, "It does not name an application")
		}
		return taggable{application: name}, nil
	case "deploymentgroup":
		application, group, _ := strings.Cut(name, "/")
		if !validName(application) || !validName(group) {
			return taggable{}, errARN(arn, "It ends in <application>/<deployment group>")
		}
		return taggable{application, group}, nil
	}
	return taggable{}, deploy.Errorf("ArnNotSupported",
		"The resource cannot have tags: %s. Applications and deployment groups can", shown(arn))
}

func errARN(arn, why string) error {
	return deploy.Errorf("InvalidArn", "The resource ARN is not valid: %s. %s", shown(arn), why)
}
