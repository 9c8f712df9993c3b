package iam

import (
	"context"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

func (s *service) managedPolicyOperations() awswire.Operations {
	return awswire.Operations{
		"CreatePolicy":            op(s.createPolicy),
		"GetPolicy":               op(s.getPolicy),
		"ListPolicies":            op(s.listPolicies),
		"DeletePolicy":            op(s.deletePolicy),
		"ListEntitiesForPolicy":   op(s.listEntitiesForPolicy),
		"CreatePolicyVersion":     op(s.createPolicyVersion),
		"GetPolicyVersion":        op(s.getPolicyVersion),
		"ListPolicyVersions":      op(s.listPolicyVersions),
		"SetDefaultPolicyVersion": op(s.setDefaultPolicyVersion),
		"DeletePolicyVersion":     op(s.deletePolicyVersion),
	}
}

// managedPolicy is a managed policy on the wire.
type managedPolicy struct {
	PolicyName                    string
	PolicyId                      string
	Arn                           string
	Path                          string
	DefaultVersionId              string
	AttachmentCount               *int32
	PermissionsBoundaryUsageCount *int32
	IsAttachable                  bool
	Description                   *string
	CreateDate                    *time.Time
	UpdateDate                    *time.Time
	Tags                          []tag
}

func managedPolicyOf(e identity.Entity) managedPolicy {
	p := managedPolicy{
		PolicyName: e.Name, PolicyId: e.ID, Arn: e.ARN, Path: e.Path, DefaultVersionId: e.DefaultVersion(), IsAttachable: true,
	}
	if e.Description != "" {
		p.Description = &e.Description
	}
	if !e.CreatedAt.IsZero() {
		p.CreateDate, p.UpdateDate = &e.CreatedAt, &e.UpdatedAt
	}
	return p
}

type managedPolicyInput struct {
	PolicyName     string
	PolicyArn      string
	PolicyDocument string
	Path           string
	Description    string
	VersionId      string
	SetAsDefault   bool
	Scope          string
	OnlyAttached   bool
	PathPrefix     string
	Marker         string
	MaxItems       *int32
	Tags           []tag
}

type managedPolicyOutput struct{ Policy managedPolicy }

func (s *service) createPolicy(
	ctx context.Context, caller identity.Caller, in *managedPolicyInput,
) (*managedPolicyOutput, error) {
	path := in.Path
	if path == "" {
		path = "/"
	}
	if in.PolicyName == "" {
		return nil, required("policyName")
	}
	arn := s.users.EntityARN(identity.ManagedPolicy, path, in.PolicyName)
	if err := s.mayCreate(ctx, caller, "Policy", arn, in.Tags, ""); err != nil {
		return nil, err
	}
	e, err := s.users.CreatePolicy(ctx, in.PolicyName, path, in.Description, in.PolicyDocument, tagsOf(in.Tags))
	if err != nil {
		return nil, err
	}
	out := &managedPolicyOutput{managedPolicyOf(e)}
	out.Policy.Tags = wireTags(e.Tags)
	return out, nil
}

// byARN authorises and reads.
func (s *service) byARN(ctx context.Context, caller identity.Caller, operation, arn string) (identity.Entity, error) {
	if arn == "" {
		return identity.Entity{}, required("policyArn")
	}
	if err := authorize(caller, operation, arn); err != nil {
		return identity.Entity{}, err
	}
	return s.users.PolicyByARN(ctx, arn)
}

// own is byARN of a policy that can be changed.
func (s *service) own(ctx context.Context, caller identity.Caller, operation, arn string) (identity.Entity, error) {
	e, err := s.byARN(ctx, caller, operation, arn)
	if err == nil && e.CreatedAt.IsZero() {
		err = &awswire.Error{Code: identity.AccessDenied, Status: 403, Message: "AWS's managed policies cannot be changed."}
	}
	return e, err
}

func (s *service) getPolicy(ctx context.Context, caller identity.Caller, in *managedPolicyInput) (*managedPolicyOutput, error) {
	e, err := s.byARN(ctx, caller, "GetPolicy", in.PolicyArn)
	if err != nil {
		return nil, err
	}
	attached, bounded, err := s.users.UsersOfPolicy(ctx, e.ARN)
	if err != nil {
		return nil, err
	}
	out := &managedPolicyOutput{managedPolicyOf(e)}
	attachments, bounds := int32(attached.Count()), int32(bounded.Count())
	out.Policy.AttachmentCount, out.Policy.PermissionsBoundaryUsageCount = &attachments, &bounds
	out.Policy.Tags = wireTags(e.Tags)
	return out, nil
}

type listPoliciesOutput struct {
	Policies    []managedPolicy
	IsTruncated bool
	Marker      *string
}

func (s *service) listPolicies(ctx context.Context, caller identity.Caller, in *managedPolicyInput) (*listPoliciesOutput, error) {
	if err := authorize(caller, "ListPolicies", s.users.EntityARN(identity.ManagedPolicy, "/", "")); err != nil {
		return nil, err
	}
	if in.OnlyAttached {
		return nil, awswire.Errorf(identity.ValidationError, "OnlyAttached is not supported. Ask GetPolicy for AttachmentCount.")
	}
	var list []identity.Entity
	if in.Scope != "Local" {
		list = identity.AWSPolicies()
	}
	if in.Scope != "AWS" {
		own, _, err := s.users.ListEntities(ctx, identity.ManagedPolicy, "", "", 0)
		if err != nil {
			return nil, err
		}
		list = append(list, own...)
	}
	var wanted []identity.Entity
	for _, e := range list {
		if strings.HasPrefix(e.Path, in.PathPrefix) {
			wanted = append(wanted, e)
		}
	}
	wanted, next, err := cut(wanted, paging{in.Marker, in.MaxItems}, func(e identity.Entity) string { return e.ARN })
	if err != nil {
		return nil, err
	}
	out := &listPoliciesOutput{Policies: []managedPolicy{}, IsTruncated: next != nil, Marker: next}
	for _, e := range wanted {
		out.Policies = append(out.Policies, managedPolicyOf(e))
	}
	return out, nil
}

func (s *service) deletePolicy(ctx context.Context, caller identity.Caller, in *managedPolicyInput) (*awswire.Empty, error) {
	e, err := s.own(ctx, caller, "DeletePolicy", in.PolicyArn)
	if err != nil {
		return nil, err
	}
	return &awswire.Empty{}, s.users.DeleteEntity(ctx, identity.ManagedPolicy, e.Name)
}
