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
		"UpdateRole": op(s.updateRole),
		"UpdateAssumeRolePolicy": s.rolesKind().plain("UpdateAssumeRolePolicy", func(ctx context.Context, name string, in *entityInput) error {
			return s.users.UpdateAssumeRolePolicy(ctx, name, in.PolicyDocument)
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
	PermissionsBoundary      *boundary
	Tags                     []tag
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

// describeRole is a role with what a list of roles leaves out.
func describeRole(e identity.Entity) *roleOutput {
	r := roleOf(e)
	r.PermissionsBoundary, r.Tags = boundaryOf(e.Boundary), wireTags(e.Tags)
	return &roleOutput{r}
}

type roleOutput struct{ Role role }

type createRoleInput struct {
	RoleName                 string
	Path                     string
	Description              string
	AssumeRolePolicyDocument string
	MaxSessionDuration       *int32
	PermissionsBoundary      string
	Tags                     []tag
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
	}
	if err := s.mayCreate(ctx, caller, "Role", s.users.EntityARN(identity.Role, path, in.RoleName), in.Tags, in.PermissionsBoundary); err != nil {
		return nil, err
	}
	e, err := s.users.CreateRole(ctx, in.RoleName, path, in.Description, in.AssumeRolePolicyDocument,
		seconds(in.MaxSessionDuration), tagsOf(in.Tags)...)
	if err == nil && in.PermissionsBoundary != "" {
		e.Boundary = in.PermissionsBoundary
		err = s.users.BoundRole(ctx, in.RoleName, in.PermissionsBoundary)
	}
	if err != nil {
		return nil, err
	}
	return describeRole(e), nil
}

type updateRoleInput struct {
	RoleName           string
	Description        *string
	MaxSessionDuration *int32
}

// updateRoleOutput is empty, but clients want its element.
type updateRoleOutput struct{}

func (s *service) updateRole(ctx context.Context, caller identity.Caller, in *updateRoleInput) (*updateRoleOutput, error) {
	if err := s.may(ctx, caller, "UpdateRole", identity.Role, "roleName", in.RoleName); err != nil {
		return nil, err
	}
	_, err := s.users.UpdateRole(ctx, in.RoleName, in.Description, seconds(in.MaxSessionDuration))
	return &updateRoleOutput{}, err
}

func (s *service) getRole(ctx context.Context, caller identity.Caller, in *entityInput) (*roleOutput, error) {
	if err := s.may(ctx, caller, "GetRole", identity.Role, "roleName", in.RoleName); err != nil {
		return nil, err
	}
	e, err := s.users.GetEntity(ctx, identity.Role, in.RoleName)
	if err != nil {
		return nil, err
	}
	return describeRole(e), nil
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
