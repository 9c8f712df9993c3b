package iam

import (
	"context"
	"maps"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

func (s *service) groupOperations() awswire.Operations {
	all := awswire.Operations{
		"CreateGroup":       op(s.createGroup),
		"GetGroup":          op(s.getGroup),
		"ListGroups":        op(s.listGroups),
		"ListGroupsForUser": op(s.listGroupsForUser),
		"AddUserToGroup": s.membership("AddUserToGroup", func(ctx context.Context, in *memberInput) error {
			return s.users.AddUserToGroup(ctx, in.GroupName, in.UserName)
		}),
		"RemoveUserFromGroup": s.membership("RemoveUserFromGroup", func(ctx context.Context, in *memberInput) error {
			return s.users.RemoveUserFromGroup(ctx, in.GroupName, in.UserName)
		}),
	}
	maps.Copy(all, s.groupsKind().operations())
	return all
}

// group is a group on the wire.
type group struct {
	Path       string
	GroupName  string
	GroupId    string
	Arn        string
	CreateDate time.Time
}

func groupOf(e identity.Entity) group {
	return group{Path: e.Path, GroupName: e.Name, GroupId: e.ID, Arn: e.ARN, CreateDate: e.CreatedAt}
}

type memberInput struct {
	GroupName string
	UserName  string
	Marker    string
	MaxItems  *int32
}

func (s *service) membership(operation string, do func(context.Context, *memberInput) error) awswire.Operation {
	return op(func(ctx context.Context, caller identity.Caller, in *memberInput) (*awswire.Empty, error) {
		if in.UserName == "" {
			return nil, required("userName")
		}
		if err := s.may(ctx, caller, operation, identity.Group, "groupName", in.GroupName); err != nil {
			return nil, err
		}
		return &awswire.Empty{}, do(ctx, in)
	})
}

type createGroupInput struct{ GroupName, Path string }

type groupOutput struct{ Group group }

func (s *service) createGroup(ctx context.Context, caller identity.Caller, in *createGroupInput) (*groupOutput, error) {
	path := in.Path
	if path == "" {
		path = "/"
	}
	if in.GroupName == "" {
		return nil, required("groupName")
	}
	if err := authorize(caller, "CreateGroup", s.users.EntityARN(identity.Group, path, in.GroupName)); err != nil {
		return nil, err
	}
	e, err := s.users.CreateGroup(ctx, in.GroupName, path)
	if err != nil {
		return nil, err
	}
	return &groupOutput{groupOf(e)}, nil
}

type getGroupOutput struct {
	Group       group
	Users       []user
	IsTruncated bool
	Marker      *string
}

func (s *service) getGroup(ctx context.Context, caller identity.Caller, in *memberInput) (*getGroupOutput, error) {
	if err := s.may(ctx, caller, "GetGroup", identity.Group, "groupName", in.GroupName); err != nil {
		return nil, err
	}
	e, err := s.users.GetEntity(ctx, identity.Group, in.GroupName)
	if err != nil {
		return nil, err
	}
	names, next, err := cut(e.Members, paging{in.Marker, in.MaxItems}, func(name string) string { return name })
	if err != nil {
		return nil, err
	}
	out := &getGroupOutput{Group: groupOf(e), Users: []user{}, IsTruncated: next != nil, Marker: next}
	for _, name := range names {
		u, err := s.users.GetUser(ctx, name)
		if err != nil {
			return nil, err
		}
		out.Users = append(out.Users, userOf(u))
	}
	return out, nil
}

type listGroupsOutput struct {
	Groups      []group
	IsTruncated bool
	Marker      *string
}

func groupsOutput(list []identity.Entity, next *string) *listGroupsOutput {
	out := &listGroupsOutput{Groups: []group{}, IsTruncated: next != nil, Marker: next}
	for _, e := range list {
		out.Groups = append(out.Groups, groupOf(e))
	}
	return out
}

func (s *service) listGroups(ctx context.Context, caller identity.Caller, in *entityInput) (*listGroupsOutput, error) {
	list, next, err := s.page(ctx, caller, "ListGroups", identity.Group, in.PathPrefix, in.paging())
	if err != nil {
		return nil, err
	}
	return groupsOutput(list, next), nil
}

func (s *service) listGroupsForUser(ctx context.Context, caller identity.Caller, in *memberInput) (*listGroupsOutput, error) {
	if err := s.named(ctx, caller, "ListGroupsForUser", in.UserName); err != nil {
		return nil, err
	}
	if _, err := s.users.GetUser(ctx, in.UserName); err != nil {
		return nil, err
	}
	groups, err := s.users.GroupsOf(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	groups, next, err := cut(groups, paging{in.Marker, in.MaxItems}, func(e identity.Entity) string { return e.Name })
	if err != nil {
		return nil, err
	}
	return groupsOutput(groups, next), nil
}
