package release

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/slipway/slipway/internal/sam"
)

func (r *Release) makeRoles(ctx context.Context) error {
	for _, role := range r.Stack.Roles {
		if err := r.makeRole(ctx, role); err != nil {
			return fmt.Errorf("make the role %s: %w", role.Name, err)
		}
	}
	return nil
}

func (r *Release) makeRole(ctx context.Context, role sam.Role) error {
	_, err := r.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &role.Name, AssumeRolePolicyDocument: &role.Trust,
		Description: optional(role.Text), MaxSessionDuration: positive(role.MaxSession)})
	switch {
	case answered(err, "EntityAlreadyExists"):
		err = r.updateRole(ctx, role)
	case err == nil:
		r.Say("role %s created", role.Name)
	}
	if err != nil {
		return err
	}
	if len(role.Tags) > 0 {
		if _, err := r.IAM.TagRole(ctx, &iam.TagRoleInput{RoleName: &role.Name, Tags: roleTags(role)}); err != nil {
			return fmt.Errorf("tag it: %w", err)
		}
	}
	for _, arn := range role.Managed {
		if _, err := r.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &role.Name, PolicyArn: &arn}); err != nil {
			return fmt.Errorf("attach %s: %w", arn, err)
		}
	}
	for name, document := range role.Inline {
		if _, err := r.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role.Name, PolicyName: &name, PolicyDocument: &document}); err != nil {
			return fmt.Errorf("put the policy %s: %w", name, err)
		}
	}
	return nil
}

func (r *Release) updateRole(ctx context.Context, role sam.Role) error {
	_, err := r.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &role.Name, PolicyDocument: &role.Trust})
	if err != nil || role.Text == "" && role.MaxSession == 0 {
		return err
	}
	_, err = r.IAM.UpdateRole(ctx, &iam.UpdateRoleInput{RoleName: &role.Name,
		Description: optional(role.Text), MaxSessionDuration: positive(role.MaxSession)})
	return err
}

func roleTags(role sam.Role) (tags []types.Tag) {
	for _, key := range slices.Sorted(maps.Keys(role.Tags)) {
		tags = append(tags, types.Tag{Key: &key, Value: aws.String(role.Tags[key])})
	}
	return tags
}
