package iam

import (
	"context"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// tag is a tag on the wire.
type tag struct{ Key, Value string }

func tagsOf(tags []tag) []identity.Tag {
	var list []identity.Tag
	for _, t := range tags {
		list = append(list, identity.Tag(t))
	}
	return list
}

func wireTags(tags []identity.Tag) []tag {
	var list []tag
	for _, t := range tags {
		list = append(list, tag(t))
	}
	return list
}

// boundary is a permissions boundary on the wire.
type boundary struct{ PermissionsBoundaryType, PermissionsBoundaryArn string }

func boundaryOf(arn string) *boundary {
	if arn == "" {
		return nil
	}
	return &boundary{"Policy", arn}
}

// mayCreate authorises making a user, role, policy or instance profile, and what comes with
// it: its tags and its boundary want permissions of their own.
func (s *service) mayCreate(ctx context.Context, caller identity.Caller, what, arn string, tags []tag, boundaryARN string) error {
	caller = withTags(caller, tags)
	if boundaryARN != "" {
		caller = caller.With(map[string][]string{"iam:PermissionsBoundary": {boundaryARN}})
	}
	if err := authorize(caller, "Create"+what, arn); err != nil {
		return err
	}
	if boundaryARN != "" {
		if err := authorize(caller, "Put"+what+"PermissionsBoundary", arn); err != nil {
			return err
		}
		if _, err := s.users.PolicyByARN(ctx, boundaryARN); err != nil {
			return err // before anything is made
		}
	}
	if len(tags) > 0 {
		return authorize(caller, "Tag"+what, arn)
	}
	return nil
}

// withTags lets policies ask for the tags of a request.
func withTags(caller identity.Caller, tags []tag) identity.Caller {
	keys := map[string][]string{}
	for _, t := range tags {
		keys[identity.RequestTag+t.Key] = []string{t.Value}
		keys[identity.TagKeys] = append(keys[identity.TagKeys], t.Key)
	}
	return caller.With(keys)
}

// tagInput is the input of operations on tags, of whatever they belong to.
type tagInput struct {
	UserName            string
	RoleName            string
	InstanceProfileName string
	PolicyArn           string
	Tags                []tag
	TagKeys             []string
	Marker              string
	MaxItems            *int32
}

type listTagsOutput struct {
	Tags        []tag
	IsTruncated bool
	Marker      *string
}

// A tagged kind of things has three operations on its tags.
type tagged struct {
	name  string // as in TagRole
	find  func(ctx context.Context, caller identity.Caller, operation string, in *tagInput) (name string, have []identity.Tag, err error)
	add   func(ctx context.Context, name string, tags []identity.Tag) error
	strip func(ctx context.Context, name string, keys []string) error
}

func (k tagged) operations() awswire.Operations {
	return awswire.Operations{
		"Tag" + k.name: op(func(ctx context.Context, caller identity.Caller, in *tagInput) (*awswire.Empty, error) {
			name, _, err := k.find(ctx, withTags(caller, in.Tags), "Tag"+k.name, in)
			if err != nil {
				return nil, err
			}
			return &awswire.Empty{}, k.add(ctx, name, tagsOf(in.Tags))
		}),
		"Untag" + k.name: op(func(ctx context.Context, caller identity.Caller, in *tagInput) (*awswire.Empty, error) {
			caller = caller.With(map[string][]string{identity.TagKeys: in.TagKeys})
			name, _, err := k.find(ctx, caller, "Untag"+k.name, in)
			if err != nil {
				return nil, err
			}
			return &awswire.Empty{}, k.strip(ctx, name, in.TagKeys)
		}),
		"List" + k.name + "Tags": op(func(ctx context.Context, caller identity.Caller, in *tagInput) (*listTagsOutput, error) {
			_, have, err := k.find(ctx, caller, "List"+k.name+"Tags", in)
			if err != nil {
				return nil, err
			}
			list, next, err := cut(append([]tag{}, wireTags(have)...), paging{in.Marker, in.MaxItems}, func(t tag) string { return t.Key })
			return &listTagsOutput{list, next != nil, next}, err
		}),
	}
}

func (s *service) taggedKinds() []tagged {
	of := func(kind identity.Kind, name, field string, nameOf func(*tagInput) string) tagged {
		return tagged{
			name: name,
			find: func(ctx context.Context, caller identity.Caller, operation string, in *tagInput) (string, []identity.Tag, error) {
				if err := s.may(ctx, caller, operation, kind, field, nameOf(in)); err != nil {
					return "", nil, err
				}
				e, err := s.users.GetEntity(ctx, kind, nameOf(in))
				return e.Name, e.Tags, err
			},
			add: func(ctx context.Context, name string, tags []identity.Tag) error {
				return s.users.TagEntity(ctx, kind, name, tags)
			},
			strip: func(ctx context.Context, name string, keys []string) error {
				return s.users.UntagEntity(ctx, kind, name, keys)
			},
		}
	}
	policies := of(identity.ManagedPolicy, "Policy", "", nil)
	policies.find = func(ctx context.Context, caller identity.Caller, operation string, in *tagInput) (string, []identity.Tag, error) {
		e, err := s.own(ctx, caller, operation, in.PolicyArn)
		return e.Name, e.Tags, err
	}
	return []tagged{
		of(identity.Role, "Role", "roleName", func(in *tagInput) string { return in.RoleName }),
		of(identity.InstanceProfile, "InstanceProfile", "instanceProfileName", func(in *tagInput) string { return in.InstanceProfileName }),
		policies,
		{name: "User", find: s.taggedUser, add: s.users.TagUser, strip: s.users.UntagUser},
	}
}

func (s *service) taggedUser(ctx context.Context, caller identity.Caller, operation string, in *tagInput) (string, []identity.Tag, error) {
	if err := s.named(ctx, caller, operation, in.UserName); err != nil {
		return "", nil, err
	}
	r, err := s.users.Details(ctx, in.UserName)
	return in.UserName, r.Tags, err
}
