package iam_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// A call is an operation with the resource that it must ask for, and what comes of it once it
// is allowed ("" for success). Calls are in an order in which they can follow each other.
type call struct {
	operation, resource, then string
	by                        func(context.Context, *sdk.Client) error
}

const (
	maker = "arn:aws:iam::123456789012:user/maker"
	host  = "arn:aws:iam::123456789012:user/hosts/web-1"
	ghost = "arn:aws:iam::123456789012:user/ghost"
)

func calls() []call { return append(userCalls(), policyCalls()...) }

func userCalls() []call {
	name := aws.String("web-1")
	return []call{
		{"CreateUser", host, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.CreateUser(ctx, &sdk.CreateUserInput{UserName: name, Path: aws.String("/hosts/")})
			return err
		}},
		{"GetUser", host, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.GetUser(ctx, &sdk.GetUserInput{UserName: name})
			return err
		}},
		{"GetUser", maker, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.GetUser(ctx, &sdk.GetUserInput{})
			return err
		}},
		{"GetUser", ghost, "NoSuchEntity", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.GetUser(ctx, &sdk.GetUserInput{UserName: aws.String("ghost")})
			return err
		}},
		{"ListUsers", "arn:aws:iam::123456789012:user/", "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.ListUsers(ctx, &sdk.ListUsersInput{})
			return err
		}},
		{"CreateAccessKey", host, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.CreateAccessKey(ctx, &sdk.CreateAccessKeyInput{UserName: name})
			return err
		}},
		{"ListAccessKeys", host, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.ListAccessKeys(ctx, &sdk.ListAccessKeysInput{UserName: name})
			return err
		}},
		{"UpdateAccessKey", host, "NoSuchEntity", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.UpdateAccessKey(ctx, &sdk.UpdateAccessKeyInput{
				UserName: name, AccessKeyId: aws.String("AKIAAAAAAAAAAAAAAAAA"), Status: types.StatusTypeActive,
			})
			return err
		}},
		{"DeleteAccessKey", host, "NoSuchEntity", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.DeleteAccessKey(ctx, &sdk.DeleteAccessKeyInput{UserName: name, AccessKeyId: aws.String("AKIAAAAAAAAAAAAAAAAA")})
			return err
		}},
	}
}

func policyCalls() []call {
	name, policy := aws.String("web-1"), aws.String("p")
	document := aws.String(`{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}`)
	arn := aws.String("arn:aws:iam::aws:policy/AdministratorAccess")
	return []call{
		{"PutUserPolicy", host, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.PutUserPolicy(ctx, &sdk.PutUserPolicyInput{UserName: name, PolicyName: policy, PolicyDocument: document})
			return err
		}},
		{"GetUserPolicy", host, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.GetUserPolicy(ctx, &sdk.GetUserPolicyInput{UserName: name, PolicyName: policy})
			return err
		}},
		{"ListUserPolicies", host, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.ListUserPolicies(ctx, &sdk.ListUserPoliciesInput{UserName: name})
			return err
		}},
		{"DeleteUserPolicy", host, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.DeleteUserPolicy(ctx, &sdk.DeleteUserPolicyInput{UserName: name, PolicyName: policy})
			return err
		}},
		{"AttachUserPolicy", host, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.AttachUserPolicy(ctx, &sdk.AttachUserPolicyInput{UserName: name, PolicyArn: arn})
			return err
		}},
		{"ListAttachedUserPolicies", host, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.ListAttachedUserPolicies(ctx, &sdk.ListAttachedUserPoliciesInput{UserName: name})
			return err
		}},
		{"DetachUserPolicy", host, "", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.DetachUserPolicy(ctx, &sdk.DetachUserPolicyInput{UserName: name, PolicyArn: arn})
			return err
		}},
		{"DeleteUser", host, "DeleteConflict", func(ctx context.Context, c *sdk.Client) error {
			_, err := c.DeleteUser(ctx, &sdk.DeleteUserInput{UserName: name})
			return err
		}},
	}
}

// Every operation asks for its own action on the user's ARN, and for no more.
func TestEveryOperationAuthorises(t *testing.T) {
	w := newWorld(t)
	key := w.newcomer(t, "maker", "")
	client := sdk.NewFromConfig(w.config(*key.AccessKeyId, *key.SecretAccessKey))
	for _, c := range calls() {
		action := "iam:" + c.operation
		w.put(t, "maker", fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [
			{"Effect": "Allow", "NotAction": %q, "Resource": "*"},
			{"Effect": "Allow", "Action": %q, "Resource": %q}]}`, action, action, c.resource+"x"))
		wantError(t, c.operation+" without permission", c.by(t.Context(), client), "AccessDenied",
			"User: "+maker+" is not authorized to perform: "+action+" on resource: "+c.resource+
				" because no identity-based policy allows the "+action+" action")
		w.put(t, "maker", fmt.Sprintf(`{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": %q, "Resource": %q}}`,
			action, c.resource))
		err := c.by(t.Context(), client)
		if c.then != "" {
			wantError(t, c.operation+" with permission", err, c.then, "")
		} else if err != nil {
			t.Errorf("%s with permission: %v", c.operation, err)
		}
	}
}

// put replaces the only inline policy of a user.
func (w *world) put(t *testing.T, userName, document string) {
	t.Helper()
	must[*sdk.PutUserPolicyOutput](t)(w.iam().PutUserPolicy(t.Context(), &sdk.PutUserPolicyInput{
		UserName: &userName, PolicyName: aws.String("own"), PolicyDocument: &document,
	}))
}
