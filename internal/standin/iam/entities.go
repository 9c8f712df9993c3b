package iam

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// entityInput is the input of operations on a role's or a group's policies.
type entityInput struct {
	RoleName            string
	GroupName           string
	InstanceProfileName string
	PolicyName          string
	PolicyDocument      string
	PolicyArn           string
	PathPrefix          string
	Marker              string
	MaxItems            *int32
}

func (in *entityInput) paging() paging { return paging{in.Marker, in.MaxItems} }

// An entityKind makes the operations that roles and groups have in common.
type entityKind struct {
	*service
	kind  identity.Kind
	field string // its name in IAM's texts
	name  func(*entityInput) string
}

func (s *service) rolesKind() entityKind {
	return entityKind{s, identity.Role, "roleName", func(in *entityInput) string { return in.RoleName }}
}

func (s *service) groupsKind() entityKind {
	return entityKind{s, identity.Group, "groupName", func(in *entityInput) string { return in.GroupName }}
}

// may authorises an operation on the entity of that name, whether it exists or not.
func (s *service) may(ctx context.Context, caller identity.Caller, operation string, kind identity.Kind, field, name string) error {
	if name == "" {
		return required(field)
	}
	arn := s.users.EntityARN(kind, "/", name)
	if e, err := s.users.GetEntity(ctx, kind, name); err == nil {
		arn = e.ARN
		caller = ofTagged(caller, e.Tags)
	}
	return authorize(caller, operation, arn)
}

// ofTagged lets policies ask for the tags of what an operation is about.
func ofTagged(caller identity.Caller, tags []identity.Tag) identity.Caller {
	keys := map[string][]string{}
	for _, t := range tags {
		keys[identity.ResourceTag+t.Key] = []string{t.Value}
	}
	return caller.With(keys)
}

// plain is an operation without an output. Policies may ask for the managed policy that it
// names, by iam:PolicyARN.
func (k entityKind) plain(operation string, do func(ctx context.Context, name string, in *entityInput) error) awswire.Operation {
	return op(func(ctx context.Context, caller identity.Caller, in *entityInput) (*awswire.Empty, error) {
		if in.PolicyArn != "" {
			caller = caller.With(map[string][]string{"iam:PolicyARN": {in.PolicyArn}})
		}
		if err := k.may(ctx, caller, operation, k.kind, k.field, k.name(in)); err != nil {
			return nil, err
		}
		return &awswire.Empty{}, do(ctx, k.name(in), in)
	})
}

// operations are those on policies, and the end.
func (k entityKind) operations() awswire.Operations {
	kind := map[identity.Kind]string{identity.Role: "Role", identity.Group: "Group"}[k.kind]
	return awswire.Operations{
		"Delete" + kind: k.plain("Delete"+kind, func(ctx context.Context, name string, _ *entityInput) error {
			return k.users.DeleteEntity(ctx, k.kind, name)
		}),
		"Put" + kind + "Policy": k.plain("Put"+kind+"Policy", func(ctx context.Context, name string, in *entityInput) error {
			return k.users.PutEntityPolicy(ctx, k.kind, name, in.PolicyName, in.PolicyDocument)
		}),
		"Delete" + kind + "Policy": k.plain("Delete"+kind+"Policy", func(ctx context.Context, name string, in *entityInput) error {
			return k.users.DeleteEntityPolicy(ctx, k.kind, name, in.PolicyName)
		}),
		"Attach" + kind + "Policy": k.plain("Attach"+kind+"Policy", func(ctx context.Context, name string, in *entityInput) error {
			return k.users.AttachEntityPolicy(ctx, k.kind, name, in.PolicyArn)
		}),
		"Detach" + kind + "Policy": k.plain("Detach"+kind+"Policy", func(ctx context.Context, name string, in *entityInput) error {
			return k.users.DetachEntityPolicy(ctx, k.kind, name, in.PolicyArn)
		}),
		"Get" + kind + "Policy":            op(k.getPolicy),
		"List" + kind + "Policies":         op(k.listPolicies),
		"ListAttached" + kind + "Policies": op(k.listAttached),
	}
}

func (k entityKind) verb(before, after string) string {
	return before + map[identity.Kind]string{identity.Role: "Role", identity.Group: "Group"}[k.kind] + after
}

type getEntityPolicyOutput struct {
	RoleName       *string
	GroupName      *string
	PolicyName     string
	PolicyDocument string
}

func (k entityKind) getPolicy(ctx context.Context, caller identity.Caller, in *entityInput) (*getEntityPolicyOutput, error) {
	name := k.name(in)
	if err := k.may(ctx, caller, k.verb("Get", "Policy"), k.kind, k.field, name); err != nil {
		return nil, err
	}
	document, err := k.users.GetEntityPolicy(ctx, k.kind, name, in.PolicyName)
	if err != nil {
		return nil, err
	}
	out := &getEntityPolicyOutput{PolicyName: in.PolicyName, PolicyDocument: escapeDocument(document)}
	if k.kind == identity.Role {
		out.RoleName = &name
	} else {
		out.GroupName = &name
	}
	return out, nil
}

// escapeDocument writes a document in RFC 3986's encoding, in which a plus sign is no space.
func escapeDocument(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}

func (k entityKind) listPolicies(ctx context.Context, caller identity.Caller, in *entityInput) (*listUserPoliciesOutput, error) {
	if err := k.may(ctx, caller, k.verb("List", "Policies"), k.kind, k.field, k.name(in)); err != nil {
		return nil, err
	}
	e, err := k.users.GetEntity(ctx, k.kind, k.name(in))
	if err != nil {
		return nil, err
	}
	names, next, err := cut(slices.Sorted(maps.Keys(e.Policies)), in.paging(), func(name string) string { return name })
	if err != nil {
		return nil, err
	}
	return &listUserPoliciesOutput{append([]string{}, names...), next != nil, next}, nil
}

func (k entityKind) listAttached(
	ctx context.Context, caller identity.Caller, in *entityInput,
) (*listAttachedUserPoliciesOutput, error) {
	if err := k.may(ctx, caller, k.verb("ListAttached", "Policies"), k.kind, k.field, k.name(in)); err != nil {
		return nil, err
	}
	e, err := k.users.GetEntity(ctx, k.kind, k.name(in))
	if err != nil {
		return nil, err
	}
	list := []attachedPolicy{}
	for _, arn := range e.Attached {
		list = append(list, attachedPolicy{arn[strings.LastIndexByte(arn, '/')+1:], arn})
	}
	list, next, err := cut(list, in.paging(), func(p attachedPolicy) string { return p.PolicyArn })
	if err != nil {
		return nil, err
	}
	return &listAttachedUserPoliciesOutput{list, next != nil, next}, nil
}

// page lists entities of a kind, with the marker of the next page.
func (s *service) page(
	ctx context.Context, caller identity.Caller, operation string, kind identity.Kind, prefix string, p paging,
) (list []identity.Entity, next *string, err error) {
	if prefix == "" {
		prefix = "/"
	}
	if err := authorize(caller, operation, s.users.EntityARN(kind, prefix, "")); err != nil {
		return nil, nil, err
	}
	after, size, err := p.decode()
	if err != nil {
		return nil, nil, err
	}
	list, more, err := s.users.ListEntities(ctx, kind, prefix, after, size)
	if more {
		next = marker(list[len(list)-1].Name)
	}
	return list, next, err
}
