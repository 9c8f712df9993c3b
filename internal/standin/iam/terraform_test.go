package iam_test

import (
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const trustEC2 = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`

var team = []types.Tag{{Key: aws.String("team"), Value: aws.String("shop")}}

// What Terraform asks when it makes, refreshes, changes and destroys a role with its policy
// and instance profile.
func TestRoleWithPolicyAndInstanceProfile(t *testing.T) {
	w := newWorld(t)
	client, ctx, name := w.iam(), t.Context(), aws.String("web")
	policy := must[*sdk.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &sdk.CreatePolicyInput{
		PolicyName: name, PolicyDocument: aws.String(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}}`), Tags: team,
	})).Policy
	made := must[*sdk.CreateRoleOutput](t)(client.CreateRole(ctx, &sdk.CreateRoleInput{
		RoleName: name, AssumeRolePolicyDocument: aws.String(trustEC2), Tags: team, PermissionsBoundary: policy.Arn,
	})).Role
	if made.PermissionsBoundary == nil || *made.PermissionsBoundary.PermissionsBoundaryArn != *policy.Arn || len(made.Tags) != 1 {
		t.Errorf("the role has the boundary %+v and the tags %v", made.PermissionsBoundary, made.Tags)
	}
	must[*sdk.UpdateRoleOutput](t)(client.UpdateRole(ctx, &sdk.UpdateRoleInput{RoleName: name, Description: aws.String("of the web"), MaxSessionDuration: aws.Int32(7200)}))
	must[*sdk.AttachRolePolicyOutput](t)(client.AttachRolePolicy(ctx, &sdk.AttachRolePolicyInput{RoleName: name, PolicyArn: policy.Arn}))
	must[*sdk.CreateInstanceProfileOutput](t)(client.CreateInstanceProfile(ctx, &sdk.CreateInstanceProfileInput{InstanceProfileName: name, Tags: team}))
	must[*sdk.AddRoleToInstanceProfileOutput](t)(client.AddRoleToInstanceProfile(ctx, &sdk.AddRoleToInstanceProfileInput{InstanceProfileName: name, RoleName: name}))

	got := must[*sdk.GetRoleOutput](t)(client.GetRole(ctx, &sdk.GetRoleInput{RoleName: name})).Role
	document, _ := url.QueryUnescape(*got.AssumeRolePolicyDocument)
	if *got.Description != "of the web" || *got.MaxSessionDuration != 7200 || document != trustEC2 || *got.Tags[0].Value != "shop" {
		t.Errorf("the role is %q, %d, %s, %v", *got.Description, *got.MaxSessionDuration, document, got.Tags)
	}
	profiles := must[*sdk.ListInstanceProfilesForRoleOutput](t)(client.ListInstanceProfilesForRole(ctx, &sdk.ListInstanceProfilesForRoleInput{RoleName: name}))
	if len(profiles.InstanceProfiles) != 1 || *profiles.InstanceProfiles[0].Roles[0].RoleName != "web" {
		t.Errorf("instance profiles are %+v", profiles.InstanceProfiles)
	}
	have := must[*sdk.ListEntitiesForPolicyOutput](t)(client.ListEntitiesForPolicy(ctx, &sdk.ListEntitiesForPolicyInput{PolicyArn: policy.Arn}))
	if len(have.PolicyRoles) != 1 || *have.PolicyRoles[0].RoleName != "web" || len(have.PolicyUsers) != 0 {
		t.Errorf("the policy's entities are %+v", have)
	}
	counted := must[*sdk.GetPolicyOutput](t)(client.GetPolicy(ctx, &sdk.GetPolicyInput{PolicyArn: policy.Arn})).Policy
	if *counted.AttachmentCount != 1 || *counted.PermissionsBoundaryUsageCount != 1 || len(counted.Tags) != 1 {
		t.Errorf("the policy is attached %d times, bounds %d, has %v", *counted.AttachmentCount, *counted.PermissionsBoundaryUsageCount, counted.Tags)
	}

	_, err := client.DeleteRole(ctx, &sdk.DeleteRoleInput{RoleName: name})
	wantError(t, "DeleteRole", err, "DeleteConflict", "must remove roles from instance profile first")
	must[*sdk.RemoveRoleFromInstanceProfileOutput](t)(client.RemoveRoleFromInstanceProfile(ctx, &sdk.RemoveRoleFromInstanceProfileInput{InstanceProfileName: name, RoleName: name}))
	_, err = client.DeleteRole(ctx, &sdk.DeleteRoleInput{RoleName: name})
	wantError(t, "DeleteRole", err, "DeleteConflict", "must detach all policies first")
	must[*sdk.DetachRolePolicyOutput](t)(client.DetachRolePolicy(ctx, &sdk.DetachRolePolicyInput{RoleName: name, PolicyArn: policy.Arn}))
	_, err = client.DeletePolicy(ctx, &sdk.DeletePolicyInput{PolicyArn: policy.Arn})
	wantError(t, "DeletePolicy of a boundary", err, "DeleteConflict", "attached to entities")
	must[*sdk.DeleteRolePermissionsBoundaryOutput](t)(client.DeleteRolePermissionsBoundary(ctx, &sdk.DeleteRolePermissionsBoundaryInput{RoleName: name}))
	must[*sdk.DeleteRoleOutput](t)(client.DeleteRole(ctx, &sdk.DeleteRoleInput{RoleName: name}))
	must[*sdk.DeleteInstanceProfileOutput](t)(client.DeleteInstanceProfile(ctx, &sdk.DeleteInstanceProfileInput{InstanceProfileName: name}))
	must[*sdk.DeletePolicyOutput](t)(client.DeletePolicy(ctx, &sdk.DeletePolicyInput{PolicyArn: policy.Arn}))
}

// Versions of a policy, as `aws iam create-policy-version --set-as-default` and Terraform use them.
func TestPolicyVersions(t *testing.T) {
	w := newWorld(t)
	client, ctx := w.iam(), t.Context()
	document := aws.String(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}`)
	arn := must[*sdk.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &sdk.CreatePolicyInput{PolicyName: aws.String("all"), PolicyDocument: document})).Policy.Arn
	v := must[*sdk.CreatePolicyVersionOutput](t)(client.CreatePolicyVersion(ctx, &sdk.CreatePolicyVersionInput{PolicyArn: arn, PolicyDocument: document, SetAsDefault: true})).PolicyVersion
	if *v.VersionId != "v2" || !v.IsDefaultVersion {
		t.Errorf("the new version is %s, default %v", *v.VersionId, v.IsDefaultVersion)
	}
	list := must[*sdk.ListPolicyVersionsOutput](t)(client.ListPolicyVersions(ctx, &sdk.ListPolicyVersionsInput{PolicyArn: arn})).Versions
	if len(list) != 2 || *list[0].VersionId != "v2" || list[1].IsDefaultVersion {
		t.Errorf("the versions are %+v", list)
	}
	must[*sdk.DeletePolicyVersionOutput](t)(client.DeletePolicyVersion(ctx, &sdk.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")}))
	_, err := client.DeletePolicyVersion(ctx, &sdk.DeletePolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v2")})
	wantError(t, "DeletePolicyVersion", err, "DeleteConflict", "Cannot delete the default version of a policy.")
	_, err = client.CreatePolicyVersion(ctx, &sdk.CreatePolicyVersionInput{PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess"), PolicyDocument: document})
	wantError(t, "a version of AWS's own", err, "AccessDenied", "cannot be changed")
}

// Tags are merged by key, and taken away.
func TestUserTags(t *testing.T) {
	w := newWorld(t)
	client, ctx, name := w.iam(), t.Context(), aws.String("anna")
	must[*sdk.CreateUserOutput](t)(client.CreateUser(ctx, &sdk.CreateUserInput{UserName: name, Tags: team}))
	must[*sdk.TagUserOutput](t)(client.TagUser(ctx, &sdk.TagUserInput{UserName: name, Tags: []types.Tag{{Key: aws.String("Team"), Value: aws.String("bank")}, {Key: aws.String("cost"), Value: aws.String("")}}}))
	tags := must[*sdk.ListUserTagsOutput](t)(client.ListUserTags(ctx, &sdk.ListUserTagsInput{UserName: name})).Tags
	if len(tags) != 2 || *tags[0].Value != "bank" || *tags[1].Key != "cost" {
		t.Errorf("tags are %+v", tags)
	}
	must[*sdk.UntagUserOutput](t)(client.UntagUser(ctx, &sdk.UntagUserInput{UserName: name, TagKeys: []string{"team"}}))
	if u := must[*sdk.GetUserOutput](t)(client.GetUser(ctx, &sdk.GetUserInput{UserName: name})).User; len(u.Tags) != 1 {
		t.Errorf("tags are %+v", u.Tags)
	}
	_, err := client.TagUser(ctx, &sdk.TagUserInput{UserName: name, Tags: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("")}}})
	wantError(t, "a key of AWS", err, "InvalidInput", "aws:x")
}
