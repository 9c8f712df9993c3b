package release

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/iam"

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
	_, err := r.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &role.Name, AssumeRolePolicyDocument: &role.Trust})
	switch {
	case answered(err, "EntityAlreadyExists"):
		_, err = r.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &role.Name, PolicyDocument: &role.Trust})
	case err == nil:
		r.Say("role %s created", role.Name)
	}
	if err != nil {
		return err
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
