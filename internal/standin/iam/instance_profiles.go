package iam

import (
	"context"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

func (s *service) instanceProfileOperations() awswire.Operations {
	kind := entityKind{s, identity.InstanceProfile, "instanceProfileName", func(in *entityInput) string { return in.InstanceProfileName }}
	return awswire.Operations{
		"CreateInstanceProfile":       op(s.createInstanceProfile),
		"GetInstanceProfile":          op(s.getInstanceProfile),
		"ListInstanceProfiles":        op(s.listInstanceProfiles),
		"ListInstanceProfilesForRole": op(s.listInstanceProfilesForRole),
		"DeleteInstanceProfile": kind.plain("DeleteInstanceProfile", func(ctx context.Context, name string, _ *entityInput) error {
			return s.users.DeleteEntity(ctx, identity.InstanceProfile, name)
		}),
		"AddRoleToInstanceProfile": kind.plain("AddRoleToInstanceProfile", func(ctx context.Context, name string, in *entityInput) error {
			return s.users.AddRoleToInstanceProfile(ctx, name, in.RoleName)
		}),
		"RemoveRoleFromInstanceProfile": kind.plain("RemoveRoleFromInstanceProfile", func(ctx context.Context, name string, in *entityInput) error {
			return s.users.RemoveRoleFromInstanceProfile(ctx, name, in.RoleName)
		}),
	}
}

// instanceProfile is an instance profile on the wire.
type instanceProfile struct {
	Path                string
	InstanceProfileName string
	InstanceProfileId   string
	Arn                 string
	CreateDate          time.Time
	Roles               []role
	Tags                []tag
}

func (s *service) instanceProfileOf(ctx context.Context, e identity.Entity) (instanceProfile, error) {
	p := instanceProfile{
		Path: e.Path, InstanceProfileName: e.Name, InstanceProfileId: e.ID, Arn: e.ARN, CreateDate: e.CreatedAt,
		Roles: []role{}, Tags: wireTags(e.Tags),
	}
	for _, name := range e.Members {
		r, err := s.users.GetEntity(ctx, identity.Role, name)
		if err != nil {
			return p, err
		}
		p.Roles = append(p.Roles, roleOf(r))
	}
	return p, nil
}

type instanceProfileOutput struct{ InstanceProfile instanceProfile }

type createInstanceProfileInput struct {
	InstanceProfileName, Path string
	Tags                      []tag
}

func (s *service) createInstanceProfile(
	ctx context.Context, caller identity.Caller, in *createInstanceProfileInput,
) (*instanceProfileOutput, error) {
	path := in.Path
	if path == "" {
		path = "/"
	}
	if in.InstanceProfileName == "" {
		return nil, required("instanceProfileName")
	}
	arn := s.users.EntityARN(identity.InstanceProfile, path, in.InstanceProfileName)
	if err := s.mayCreate(ctx, caller, "InstanceProfile", arn, in.Tags, ""); err != nil {
		return nil, err
	}
	e, err := s.users.CreateInstanceProfile(ctx, in.InstanceProfileName, path, tagsOf(in.Tags))
	if err != nil {
		return nil, err
	}
	p, err := s.instanceProfileOf(ctx, e)
	return &instanceProfileOutput{p}, err
}

func (s *service) getInstanceProfile(ctx context.Context, caller identity.Caller, in *entityInput) (*instanceProfileOutput, error) {
	err := s.may(ctx, caller, "GetInstanceProfile", identity.InstanceProfile, "instanceProfileName", in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	e, err := s.users.GetEntity(ctx, identity.InstanceProfile, in.InstanceProfileName)
	if err != nil {
		return nil, err
	}
	p, err := s.instanceProfileOf(ctx, e)
	return &instanceProfileOutput{p}, err
}

type listInstanceProfilesOutput struct {
	InstanceProfiles []instanceProfile
	IsTruncated      bool
	Marker           *string
}

func (s *service) listInstanceProfiles(
	ctx context.Context, caller identity.Caller, in *entityInput,
) (*listInstanceProfilesOutput, error) {
	list, next, err := s.page(ctx, caller, "ListInstanceProfiles", identity.InstanceProfile, in.PathPrefix, in.paging())
	if err != nil {
		return nil, err
	}
	return s.instanceProfilesOutput(ctx, list, next)
}

func (s *service) listInstanceProfilesForRole(
	ctx context.Context, caller identity.Caller, in *entityInput,
) (*listInstanceProfilesOutput, error) {
	if err := s.may(ctx, caller, "ListInstanceProfilesForRole", identity.Role, "roleName", in.RoleName); err != nil {
		return nil, err
	}
	if _, err := s.users.GetEntity(ctx, identity.Role, in.RoleName); err != nil {
		return nil, err
	}
	all, err := s.users.InstanceProfilesOf(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	list, next, err := cut(all, in.paging(), func(e identity.Entity) string { return e.Name })
	if err != nil {
		return nil, err
	}
	return s.instanceProfilesOutput(ctx, list, next)
}

func (s *service) instanceProfilesOutput(
	ctx context.Context, list []identity.Entity, next *string,
) (*listInstanceProfilesOutput, error) {
	out := &listInstanceProfilesOutput{InstanceProfiles: []instanceProfile{}, IsTruncated: next != nil, Marker: next}
	for _, e := range list {
		p, err := s.instanceProfileOf(ctx, e)
		if err != nil {
			return nil, err
		}
		p.Tags = nil // as at AWS
		out.InstanceProfiles = append(out.InstanceProfiles, p)
	}
	return out, nil
}
