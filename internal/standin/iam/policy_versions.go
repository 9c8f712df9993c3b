package iam

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// policyVersion is a version of a managed policy on the wire. Lists have no documents.
type policyVersion struct {
	Document         *string
	VersionId        string
	IsDefaultVersion bool
	CreateDate       *time.Time
}

func policyVersionOf(e identity.Entity, v identity.PolicyVersion) policyVersion {
	out := policyVersion{VersionId: v.ID, IsDefaultVersion: v.ID == e.DefaultVersion()}
	if !v.CreatedAt.IsZero() { // AWS's own have no date here
		out.CreateDate = &v.CreatedAt
	}
	return out
}

type policyVersionOutput struct{ PolicyVersion policyVersion }

func (s *service) createPolicyVersion(
	ctx context.Context, caller identity.Caller, in *managedPolicyInput,
) (*policyVersionOutput, error) {
	e, err := s.own(ctx, caller, "CreatePolicyVersion", in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := s.users.CreatePolicyVersion(ctx, e.Name, in.PolicyDocument, in.SetAsDefault)
	if err != nil {
		return nil, err
	}
	out := policyVersionOf(e, v)
	out.IsDefaultVersion = in.SetAsDefault
	return &policyVersionOutput{out}, nil
}

func (s *service) getPolicyVersion(
	ctx context.Context, caller identity.Caller, in *managedPolicyInput,
) (*policyVersionOutput, error) {
	e, err := s.byARN(ctx, caller, "GetPolicyVersion", in.PolicyArn)
	if err != nil {
		return nil, err
	}
	v, err := e.Version(in.VersionId)
	if err != nil {
		return nil, err
	}
	out, document := policyVersionOf(e, v), escapeDocument(v.Document)
	out.Document = &document
	return &policyVersionOutput{out}, nil
}

type listPolicyVersionsOutput struct {
	Versions    []policyVersion
	IsTruncated bool
	Marker      *string
}

func (s *service) listPolicyVersions(
	ctx context.Context, caller identity.Caller, in *managedPolicyInput,
) (*listPolicyVersionsOutput, error) {
	e, err := s.byARN(ctx, caller, "ListPolicyVersions", in.PolicyArn)
	if err != nil {
		return nil, err
	}
	list, next, err := cut(e.PolicyVersions(), paging{in.Marker, in.MaxItems}, func(v identity.PolicyVersion) string { return v.ID })
	if err != nil {
		return nil, err
	}
	out := &listPolicyVersionsOutput{Versions: []policyVersion{}, IsTruncated: next != nil, Marker: next}
	for _, v := range list {
		out.Versions = append(out.Versions, policyVersionOf(e, v))
	}
	return out, nil
}

func (s *service) setDefaultPolicyVersion(ctx context.Context, caller identity.Caller, in *managedPolicyInput) (*awswire.Empty, error) {
	e, err := s.own(ctx, caller, "SetDefaultPolicyVersion", in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &awswire.Empty{}, s.users.SetDefaultPolicyVersion(ctx, e.Name, in.VersionId)
}

func (s *service) deletePolicyVersion(ctx context.Context, caller identity.Caller, in *managedPolicyInput) (*awswire.Empty, error) {
	e, err := s.own(ctx, caller, "DeletePolicyVersion", in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &awswire.Empty{}, s.users.DeletePolicyVersion(ctx, e.Name, in.VersionId)
}

type listEntitiesForPolicyInput struct {
	PolicyArn         string
	EntityFilter      string
	PathPrefix        string
	PolicyUsageFilter string
	Marker            string
	MaxItems          *int32
}

type (
	policyUser  struct{ UserName, UserId string }
	policyRole  struct{ RoleName, RoleId string }
	policyGroup struct{ GroupName, GroupId string }
)

type listEntitiesForPolicyOutput struct {
	PolicyUsers  []policyUser
	PolicyRoles  []policyRole
	PolicyGroups []policyGroup
	IsTruncated  bool
	Marker       *string
}

// policyEntity is one that has a policy. Exactly one of its pointers is set.
type policyEntity struct {
	path, id string
	user     *policyUser
	role     *policyRole
	group    *policyGroup
}

func (s *service) listEntitiesForPolicy(
	ctx context.Context, caller identity.Caller, in *listEntitiesForPolicyInput,
) (*listEntitiesForPolicyOutput, error) {
	e, err := s.byARN(ctx, caller, "ListEntitiesForPolicy", in.PolicyArn)
	if err != nil {
		return nil, err
	}
	attached, bounded, err := s.users.UsersOfPolicy(ctx, e.ARN)
	if err != nil {
		return nil, err
	}
	var list []policyEntity
	if in.PolicyUsageFilter != "PermissionsBoundary" {
		list = in.wanted(attached, list)
	}
	if in.PolicyUsageFilter != "PermissionsPolicy" {
		list = in.wanted(bounded, list)
	}
	list, next, err := cut(list, paging{in.Marker, in.MaxItems}, func(e policyEntity) string { return e.id })
	if err != nil {
		return nil, err
	}
	out := &listEntitiesForPolicyOutput{
		PolicyUsers: []policyUser{}, PolicyRoles: []policyRole{}, PolicyGroups: []policyGroup{}, IsTruncated: next != nil, Marker: next,
	}
	for _, e := range list {
		switch {
		case e.user != nil:
			out.PolicyUsers = append(out.PolicyUsers, *e.user)
		case e.role != nil:
			out.PolicyRoles = append(out.PolicyRoles, *e.role)
		default:
			out.PolicyGroups = append(out.PolicyGroups, *e.group)
		}
	}
	return out, nil
}

// wanted appends those that the filters let through and that are not there yet.
func (in *listEntitiesForPolicyInput) wanted(of identity.Users, list []policyEntity) []policyEntity {
	add := func(kind string, e policyEntity) {
		have := func(other policyEntity) bool { return other.id == e.id }
		if (in.EntityFilter == "" || in.EntityFilter == kind) && strings.HasPrefix(e.path, in.PathPrefix) && !slices.ContainsFunc(list, have) {
			list = append(list, e)
		}
	}
	for _, u := range of.Users {
		add("User", policyEntity{path: u.Path, id: u.ID, user: &policyUser{u.Name, u.ID}})
	}
	for _, r := range of.Roles {
		add("Role", policyEntity{path: r.Path, id: r.ID, role: &policyRole{r.Name, r.ID}})
	}
	for _, g := range of.Groups {
		add("Group", policyEntity{path: g.Path, id: g.ID, group: &policyGroup{g.Name, g.ID}})
	}
	return list
}
