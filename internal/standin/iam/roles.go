package iam

import (
	"context"
	"maps"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

func (s *service) roleOperations() awswire.Operations {
	all := awswire.Operations{
		"CreateRole": op(s.createRole),
		"GetRole":    op(s.getRole),
		"ListRoles":  op(s.listRoles),
		"UpdateAssumeRolePolicy": op(func(ctx context.Context, caller identity.Caller, in *entityInput) (*awswire.Empty, error) {
			if err := s.may(ctx, caller, "UpdateAssumeRolePolicy", identity.Role, "roleName", in.RoleName); err != nil {
				return nil, err
			}
			return &awswire.Empty{}, s.users.UpdateAssumeRolePolicy(ctx, in.RoleName, in.PolicyDocument)
		}),
	}
	maps.Copy(all, s.rolesKind().operations())
	return all
}

// role is a role on the wire.
type role struct {
	Path                     string
	RoleName                 string
	RoleId                   string
	Arn                      string
	CreateDate               time.Time
	AssumeRolePolicyDocument string
	Description              *string
	MaxSessionDuration       int32
}

func roleOf(e identity.Entity) role {
	r := role{
		Path: e.Path, RoleName: e.Name, RoleId: e.ID, Arn: e.ARN, CreateDate: e.CreatedAt,
		AssumeRolePolicyDocument: escapeDocument(e.Document), MaxSessionDuration: int32(e.MaxSession.Seconds()),
	}
	if e.Description != "" {
		r.Description = &e.Description
	}
	return r
}

type roleOutput struct{ Role role }

type createRoleInput struct {
	RoleName                 string
	Path                     string
	Description              string
	AssumeRolePolicyDocument string
	MaxSessionDuration       *int32
	PermissionsBoundary      string
	Tags                     []struct{ Key, Value string }
}

func (s *service) createRole(ctx context.Context, caller identity.Caller, in *createRoleInput) (*roleOutput, error) {
	path := in.Path
	if path == "" {
		path = "/"
	}
	switch {
	case in.RoleName == "":
		return nil, required("roleName")
	case in.AssumeRolePolicyDocument == "":
		return nil, required("assumeRolePolicyDocument")
	case in.PermissionsBoundary != "":
		return nil, awswire.Errorf(identity.ValidationError, "Permissions boundaries are not supported. "+
			"Deny in a policy of the role what it must not do.")
	case len(in.Tags) > 0:
		return nil, awswire.Errorf(identity.ValidationError, "Tags of roles are not supported. Leave them out.")
	}
	if err := authorize(caller, "CreateRole", s.users.EntityARN(identity.Role, path, in.RoleName)); err != nil {
		return nil, err
	}
	e, err := s.users.CreateRole(ctx, in.RoleName, path, in.Description, in.AssumeRolePolicyDocument, seconds(in.MaxSessionDuration))
	if err != nil {
		return nil, err
	}
	return &roleOutput{roleOf(e)}, nil
}

func (s *service) getRole(ctx context.Context, caller identity.Caller, in *entityInput) (*roleOutput, error) {
	if err := s.may(ctx, caller, "GetRole", identity.Role, "roleName", in.RoleName); err != nil {
		return nil, err
	}
	e, err := s.users.GetEntity(ctx, identity.Role, in.RoleName)
	if err != nil {
		return nil, err
	}
	return &roleOutput{roleOf(e)}, nil
}

type listRolesOutput struct {
	Roles       []role
	IsTruncated bool
	Marker      *string
}

func (s *service) listRoles(ctx context.Context, caller identity.Caller, in *entityInput) (*listRolesOutput, error) {
	list, next, err := s.page(ctx, caller, "ListRoles", identity.Role, in.PathPrefix, in.paging())
	if err != nil {
		return nil, err
	}
	out := &listRolesOutput{Roles: []role{}, IsTruncated: next != nil, Marker: next}
	for _, e := range list {
		out.Roles = append(out.Roles, roleOf(e))
	}
	return out, nil
}
