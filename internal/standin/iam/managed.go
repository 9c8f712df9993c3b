package iam

import (
	"context"
	"strings"
	"time"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// onlyVersion is the version that every managed policy has for ever.
const onlyVersion = "v1"

func (s *service) managedPolicyOperations() awswire.Operations {
	return awswire.Operations{
		"CreatePolicy":     op(s.createPolicy),
		"GetPolicy":        op(s.getPolicy),
		"GetPolicyVersion": op(s.getPolicyVersion),
		"ListPolicies":     op(s.listPolicies),
		"DeletePolicy":     op(s.deletePolicy),
	}
}

// managedPolicy is a managed policy on the wire.
type managedPolicy struct {
	PolicyName       string
	PolicyId         string
	Arn              string
	Path             string
	DefaultVersionId string
	AttachmentCount  *int32
	IsAttachable     bool
	Description      *string
	CreateDate       *time.Time
	UpdateDate       *time.Time
}

func managedPolicyOf(e identity.Entity) managedPolicy {
	p := managedPolicy{
		PolicyName: e.Name, PolicyId: e.ID, Arn: e.ARN, Path: e.Path, DefaultVersionId: onlyVersion, IsAttachable: true,
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
	Scope          string
	OnlyAttached   bool
	PathPrefix     string
	Marker         string
	MaxItems       *int32
	Tags           []struct{ Key, Value string }
}

type managedPolicyOutput struct{ Policy managedPolicy }

func (s *service) createPolicy(
	ctx context.Context, caller identity.Caller, in *managedPolicyInput,
) (*managedPolicyOutput, error) {
	path := in.Path
	if path == "" {
		path = "/"
	}
	switch {
	case in.PolicyName == "":
		return nil, required("policyName")
	case len(in.Tags) > 0:
		return nil, awswire.Errorf(identity.ValidationError, "Tags of policies are not supported. Leave them out.")
	}
	if err := authorize(caller, "CreatePolicy", s.users.EntityARN(identity.ManagedPolicy, path, in.PolicyName)); err != nil {
		return nil, err
	}
	e, err := s.users.CreatePolicy(ctx, in.PolicyName, path, in.Description, in.PolicyDocument)
	if err != nil {
		return nil, err
	}
	return &managedPolicyOutput{managedPolicyOf(e)}, nil
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

func (s *service) getPolicy(ctx context.Context, caller identity.Caller, in *managedPolicyInput) (*managedPolicyOutput, error) {
	e, err := s.byARN(ctx, caller, "GetPolicy", in.PolicyArn)
	if err != nil {
		return nil, err
	}
	n, err := s.users.Attachments(ctx, e.ARN)
	if err != nil {
		return nil, err
	}
	out := &managedPolicyOutput{managedPolicyOf(e)}
	count := int32(n)
	out.Policy.AttachmentCount = &count
	return out, nil
}

type policyVersionOutput struct {
	PolicyVersion struct {
		Document         string
		VersionId        string
		IsDefaultVersion bool
		CreateDate       *time.Time
	}
}

func (s *service) getPolicyVersion(
	ctx context.Context, caller identity.Caller, in *managedPolicyInput,
) (*policyVersionOutput, error) {
	e, err := s.byARN(ctx, caller, "GetPolicyVersion", in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if in.VersionId != onlyVersion {
		return nil, &identity.Error{Code: identity.NoSuchEntity,
			Message: "Policy " + in.PolicyArn + " version " + in.VersionId + " does not exist or is not attachable."}
	}
	out := &policyVersionOutput{}
	out.PolicyVersion.Document, out.PolicyVersion.VersionId = escapeDocument(e.Document), onlyVersion
	out.PolicyVersion.IsDefaultVersion, out.PolicyVersion.CreateDate = true, managedPolicyOf(e).CreateDate
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
	e, err := s.byARN(ctx, caller, "DeletePolicy", in.PolicyArn)
	if err != nil {
		return nil, err
	}
	if e.CreatedAt.IsZero() {
		return nil, &awswire.Error{Code: identity.AccessDenied, Status: 403, Message: "AWS's managed policies cannot be deleted."}
	}
	return &awswire.Empty{}, s.users.DeleteEntity(ctx, identity.ManagedPolicy, e.Name)
}
