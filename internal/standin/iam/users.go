package iam

import (
	"context"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// user is a user on the wire.
type user struct {
	Path                string
	UserName            string
	UserId              string
	Arn                 string
	CreateDate          time.Time
	PermissionsBoundary *boundary
	Tags                []tag
}

func userOf(u identity.User) user {
	return user{Path: u.Path, UserName: u.Name, UserId: u.ID, Arn: u.ARN, CreateDate: u.CreatedAt}
}

// userInput is the input of operations that want no more than a user.
type userInput struct{ UserName string }

type userOutput struct{ User user }

type createUserInput struct {
	UserName            string
	Path                string
	PermissionsBoundary string
	Tags                []tag
}

func (s *service) createUser(ctx context.Context, caller identity.Caller, in *createUserInput) (*userOutput, error) {
	path := in.Path
	if path == "" {
		path = "/"
	}
	if in.UserName == "" {
		return nil, required("userName")
	}
	arn := s.users.UserARN(path, in.UserName)
	if err := s.mayCreate(ctx, caller, "User", arn, in.Tags, in.PermissionsBoundary); err != nil {
		return nil, err
	}
	u, err := s.users.CreateUser(ctx, in.UserName, path, tagsOf(in.Tags)...)
	if err == nil && in.PermissionsBoundary != "" {
		err = s.users.BoundUser(ctx, in.UserName, in.PermissionsBoundary)
	}
	if err != nil {
		return nil, err
	}
	return s.describeUser(ctx, u.Name)
}

// describeUser is a user with what only they are shown with one by one.
func (s *service) describeUser(ctx context.Context, name string) (*userOutput, error) {
	r, err := s.users.Details(ctx, name)
	if err != nil {
		return nil, err
	}
	u := userOf(r.User)
	u.PermissionsBoundary, u.Tags = boundaryOf(r.Boundary), wireTags(r.Tags)
	return &userOutput{u}, nil
}

func (s *service) getUser(ctx context.Context, caller identity.Caller, in *userInput) (*userOutput, error) {
	name, err := s.target(ctx, caller, "GetUser", in.UserName)
	if err != nil {
		return nil, err
	}
	return s.describeUser(ctx, name)
}

type listUsersInput struct {
	PathPrefix string
	Marker     string
	MaxItems   *int32
}

type listUsersOutput struct {
	Users       []user
	IsTruncated bool
	Marker      *string
}

func (s *service) listUsers(ctx context.Context, caller identity.Caller, in *listUsersInput) (*listUsersOutput, error) {
	prefix := in.PathPrefix
	if prefix == "" {
		prefix = "/"
	}
	if err := authorize(caller, "ListUsers", s.users.UserARN(prefix, "")); err != nil {
		return nil, err
	}
	after, size, err := paging{in.Marker, in.MaxItems}.decode()
	if err != nil {
		return nil, err
	}
	list, more, err := s.users.ListUsers(ctx, prefix, after, size)
	if err != nil {
		return nil, err
	}
	out := &listUsersOutput{Users: []user{}}
	for _, u := range list {
		out.Users = append(out.Users, userOf(u))
	}
	if more {
		out.IsTruncated, out.Marker = true, marker(list[len(list)-1].Name)
	}
	return out, nil
}

func (s *service) deleteUser(ctx context.Context, caller identity.Caller, in *userInput) (*awswire.Empty, error) {
	if err := s.named(ctx, caller, "DeleteUser", in.UserName); err != nil {
		return nil, err
	}
	return &awswire.Empty{}, s.users.DeleteUser(ctx, in.UserName)
}
