package iam

import (
	"context"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// boundaryInput bounds a user or a role.
type boundaryInput struct{ UserName, RoleName, PermissionsBoundary string }

func (s *service) boundaryOperations() awswire.Operations {
	return awswire.Operations{
		"PutUserPermissionsBoundary":    s.boundary("PutUserPermissionsBoundary", true),
		"PutRolePermissionsBoundary":    s.boundary("PutRolePermissionsBoundary", true),
		"DeleteUserPermissionsBoundary": s.boundary("DeleteUserPermissionsBoundary", false),
		"DeleteRolePermissionsBoundary": s.boundary("DeleteRolePermissionsBoundary", false),
	}
}

func (s *service) boundary(operation string, put bool) awswire.Operation {
	return op(func(ctx context.Context, caller identity.Caller, in *boundaryInput) (*awswire.Empty, error) {
		policy := ""
		if put {
			if policy = in.PermissionsBoundary; policy == "" {
				return nil, required("permissionsBoundary")
			}
			caller = caller.With(map[string][]string{"iam:PermissionsBoundary": {policy}})
		}
		if in.UserName != "" {
			if err := s.named(ctx, caller, operation, in.UserName); err != nil {
				return nil, err
			}
			return &awswire.Empty{}, s.users.BoundUser(ctx, in.UserName, policy)
		}
		if err := s.may(ctx, caller, operation, identity.Role, "roleName", in.RoleName); err != nil {
			return nil, err
		}
		return &awswire.Empty{}, s.users.BoundRole(ctx, in.RoleName, policy)
	})
}
