package iam

import (
	"context"
	"net/url"
	"strings"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
)

// policyInput names an inline policy and perhaps its document.
type policyInput struct {
	UserName       string
	PolicyName     string
	PolicyDocument string
}

func (s *service) putUserPolicy(ctx context.Context, caller identity.Caller, in *policyInput) (*awswire.Empty, error) {
	if err := s.named(ctx, caller, "PutUserPolicy", in.UserName); err != nil {
		return nil, err
	}
	return &awswire.Empty{}, s.users.PutUserPolicy(ctx, in.UserName, in.PolicyName, in.PolicyDocument)
}

type getUserPolicyOutput struct {
	UserName       string
	PolicyName     string
	PolicyDocument string
}

func (s *service) getUserPolicy(ctx context.Context, caller identity.Caller, in *policyInput) (*getUserPolicyOutput, error) {
	if err := s.named(ctx, caller, "GetUserPolicy", in.UserName); err != nil {
		return nil, err
	}
	document, err := s.users.GetUserPolicy(ctx, in.UserName, in.PolicyName)
	if err != nil {
		return nil, err
	}
	// IAM's documents travel in RFC 3986's encoding, in which a plus sign is no space.
	encoded := strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
	return &getUserPolicyOutput{in.UserName, in.PolicyName, encoded}, nil
}

type listUserPoliciesOutput struct {
	PolicyNames []string
	IsTruncated bool
	Marker      *string
}

func (s *service) listUserPolicies(
	ctx context.Context, caller identity.Caller, in *listInput,
) (*listUserPoliciesOutput, error) {
	if err := s.named(ctx, caller, "ListUserPolicies", in.UserName); err != nil {
		return nil, err
	}
	names, err := s.users.ListUserPolicies(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	names, next, err := cut(names, in.paging(), func(name string) string { return name })
	if err != nil {
		return nil, err
	}
	return &listUserPoliciesOutput{append([]string{}, names...), next != nil, next}, nil
}

func (s *service) deleteUserPolicy(ctx context.Context, caller identity.Caller, in *policyInput) (*awswire.Empty, error) {
	if err := s.named(ctx, caller, "DeleteUserPolicy", in.UserName); err != nil {
		return nil, err
	}
	return &awswire.Empty{}, s.users.DeleteUserPolicy(ctx, in.UserName, in.PolicyName)
}

// attachInput names a managed policy.
type attachInput struct {
	UserName  string
	PolicyArn string
}

func (s *service) attachUserPolicy(ctx context.Context, caller identity.Caller, in *attachInput) (*awswire.Empty, error) {
	caller = caller.With(map[string][]string{"iam:PolicyARN": {in.PolicyArn}})
	if err := s.named(ctx, caller, "AttachUserPolicy", in.UserName); err != nil {
		return nil, err
	}
	return &awswire.Empty{}, s.users.AttachUserPolicy(ctx, in.UserName, in.PolicyArn)
}

func (s *service) detachUserPolicy(ctx context.Context, caller identity.Caller, in *attachInput) (*awswire.Empty, error) {
	caller = caller.With(map[string][]string{"iam:PolicyARN": {in.PolicyArn}})
	if err := s.named(ctx, caller, "DetachUserPolicy", in.UserName); err != nil {
		return nil, err
	}
	return &awswire.Empty{}, s.users.DetachUserPolicy(ctx, in.UserName, in.PolicyArn)
}

type attachedPolicy struct {
	PolicyName string
	PolicyArn  string
}

type listAttachedUserPoliciesOutput struct {
	AttachedPolicies []attachedPolicy
	IsTruncated      bool
	Marker           *string
}

func (s *service) listAttachedUserPolicies(
	ctx context.Context, caller identity.Caller, in *listInput,
) (*listAttachedUserPoliciesOutput, error) {
	if err := s.named(ctx, caller, "ListAttachedUserPolicies", in.UserName); err != nil {
		return nil, err
	}
	attached, err := s.users.ListAttachedUserPolicies(ctx, in.UserName)
	if err != nil {
		return nil, err
	}
	list := []attachedPolicy{}
	if in.PathPrefix == "" || in.PathPrefix == "/" { // managed policies have the path "/"
		for _, p := range attached {
			list = append(list, attachedPolicy{p.Name, p.ARN})
		}
	}
	list, next, err := cut(list, in.paging(), func(p attachedPolicy) string { return p.PolicyArn })
	if err != nil {
		return nil, err
	}
	return &listAttachedUserPoliciesOutput{list, next != nil, next}, nil
}
