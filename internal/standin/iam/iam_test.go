package iam_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/identity/identitytest"
	"github.com/slipway/slipway/internal/standin/iam"
)

const account = "123456789012"

// A world is IAM and STS behind verified signatures, with an administrator.
type world struct {
	url   string
	admin identity.AccessKey
}

// keys is what the server has between awswire and identity.
type keys struct{ *identity.Service }

func (k keys) Secret(ctx context.Context, accessKeyID, _ string) (string, any, error) {
	secret, ok, err := k.Service.Secret(ctx, accessKeyID)
	if err != nil || !ok {
		return "", nil, err
	}
	caller, err := k.CallerOf(ctx, accessKeyID)
	return secret, caller, err
}

func newWorld(t *testing.T, others ...awswire.Service) *world {
	t.Helper()
	users := identity.New(identity.Config{Store: identitytest.NewStore(), Account: account})
	admin, _, err := users.EnsureAdministrator(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	services := append(iam.Services(users, slog.New(slog.NewTextHandler(&log, nil))), others...)
	server := httptest.NewServer(awswire.Authenticated(keys{users}, time.Now, 0, services...))
	t.Cleanup(func() {
		server.Close()
		if log.Len() > 0 {
			t.Errorf("the server logged: %s", log.String())
		}
	})
	return &world{server.URL, admin}
}

func (w *world) config(id, secret string) aws.Config {
	return aws.Config{
		Region: "us-east-1", BaseEndpoint: &w.url,
		Credentials:      credentials.NewStaticCredentialsProvider(id, secret, ""),
		RetryMaxAttempts: 1,
	}
}

func (w *world) iam() *sdk.Client { return sdk.NewFromConfig(w.config(w.admin.ID, w.admin.Secret)) }

// newcomer makes a user with the document as only policy, if it is not empty.
func (w *world) newcomer(t *testing.T, name, document string) *types.AccessKey {
	t.Helper()
	ctx, client := t.Context(), w.iam()
	must[*sdk.CreateUserOutput](t)(client.CreateUser(ctx, &sdk.CreateUserInput{UserName: &name}))
	key := must[*sdk.CreateAccessKeyOutput](t)(client.CreateAccessKey(ctx, &sdk.CreateAccessKeyInput{UserName: &name}))
	if document != "" {
		must[*sdk.PutUserPolicyOutput](t)(client.PutUserPolicy(ctx, &sdk.PutUserPolicyInput{
			UserName: &name, PolicyName: aws.String("own"), PolicyDocument: &document,
		}))
	}
	return key.AccessKey
}

func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// wantError checks the code and a part of the message, as the SDK read them.
func wantError(t *testing.T, what string, err error, code, message string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), message) {
		t.Errorf("%s: error is %v, want %s: %s", what, err, code, message)
	}
}

func TestUsers(t *testing.T) {
	w := newWorld(t)
	ctx, client := t.Context(), w.iam()
	for _, name := range []string{"web-2", "web-1", "web-3"} {
		out := must[*sdk.CreateUserOutput](t)(client.CreateUser(ctx, &sdk.CreateUserInput{
			UserName: &name, Path: aws.String("/AWS/CodeDeploy/"),
		}))
		if want := "arn:aws:iam::123456789012:user/AWS/CodeDeploy/" + name; *out.User.Arn != want {
			t.Errorf("ARN is %s, want %s", *out.User.Arn, want)
		}
		if age := time.Since(*out.User.CreateDate); age < 0 || age > time.Minute {
			t.Errorf("%s was made %v ago", name, age)
		}
	}
	got := must[*sdk.GetUserOutput](t)(client.GetUser(ctx, &sdk.GetUserInput{UserName: aws.String("web-1")}))
	if u := got.User; *u.UserName != "web-1" || *u.Path != "/AWS/CodeDeploy/" || !strings.HasPrefix(*u.UserId, "AIDA") {
		t.Errorf("GetUser is %s %s %s", *u.UserName, *u.Path, *u.UserId)
	}
	me := must[*sdk.GetUserOutput](t)(client.GetUser(ctx, &sdk.GetUserInput{}))
	if *me.User.UserName != "administrator" {
		t.Errorf("GetUser without a name is %s", *me.User.UserName)
	}
	_, err := client.CreateUser(ctx, &sdk.CreateUserInput{UserName: aws.String("WEB-1")})
	wantError(t, "CreateUser again", err, "EntityAlreadyExists", "User with name WEB-1 already exists.")
	_, err = client.CreateUser(ctx, &sdk.CreateUserInput{
		UserName: aws.String("x"), PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/None"),
	})
	wantError(t, "CreateUser with a boundary that is not there", err, "NoSuchEntity", "Policy arn:aws:iam::aws:policy/None was not found")
	_, err = client.GetUser(ctx, &sdk.GetUserInput{UserName: aws.String("x")})
	wantError(t, "the user with that boundary", err, "NoSuchEntity", "")
	must[*sdk.DeleteUserOutput](t)(client.DeleteUser(ctx, &sdk.DeleteUserInput{UserName: aws.String("web-1")}))
	_, err = client.GetUser(ctx, &sdk.GetUserInput{UserName: aws.String("web-1")})
	wantError(t, "GetUser of a deleted one", err, "NoSuchEntity", "The user with name web-1 cannot be found.")
	var typed *types.NoSuchEntityException
	if !errors.As(err, &typed) {
		t.Errorf("the SDK does not know %v", err)
	}
}

func TestUsersComeInPages(t *testing.T) {
	w := newWorld(t)
	ctx, client := t.Context(), w.iam()
	for _, name := range []string{"d", "b", "a", "c", "e"} {
		must[*sdk.CreateUserOutput](t)(client.CreateUser(ctx, &sdk.CreateUserInput{UserName: &name, Path: aws.String("/hosts/")}))
	}
	var pages []string
	p := sdk.NewListUsersPaginator(client, &sdk.ListUsersInput{PathPrefix: aws.String("/hosts/"), MaxItems: aws.Int32(2)})
	for p.HasMorePages() {
		names := ""
		for _, u := range must[*sdk.ListUsersOutput](t)(p.NextPage(ctx)).Users {
			names += *u.UserName
		}
		pages = append(pages, names)
	}
	if got := strings.Join(pages, " "); got != "ab cd e" {
		t.Errorf("pages are %q", got)
	}
	_, err := client.ListUsers(ctx, &sdk.ListUsersInput{Marker: aws.String("%%")})
	wantError(t, "a made-up marker", err, "ValidationError", "Invalid Marker")
	_, err = client.ListUsers(ctx, &sdk.ListUsersInput{MaxItems: aws.Int32(1001)})
	wantError(t, "a page too big", err, "ValidationError", "between 1 and 1000")
}

func TestAccessKeys(t *testing.T) {
	w := newWorld(t)
	ctx, client := t.Context(), w.iam()
	key := w.newcomer(t, "web-1", "")
	user := key.UserName
	if len(*key.AccessKeyId) != 20 || len(*key.SecretAccessKey) != 40 || key.Status != types.StatusTypeActive {
		t.Errorf("key is %s, secret of %d, %s", *key.AccessKeyId, len(*key.SecretAccessKey), key.Status)
	}
	second := must[*sdk.CreateAccessKeyOutput](t)(client.CreateAccessKey(ctx, &sdk.CreateAccessKeyInput{UserName: user})).AccessKey
	_, err := client.CreateAccessKey(ctx, &sdk.CreateAccessKeyInput{UserName: user})
	wantError(t, "a third key", err, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")

	page := must[*sdk.ListAccessKeysOutput](t)(client.ListAccessKeys(ctx, &sdk.ListAccessKeysInput{UserName: user, MaxItems: aws.Int32(1)}))
	if len(page.AccessKeyMetadata) != 1 || *page.AccessKeyMetadata[0].AccessKeyId != *key.AccessKeyId || !page.IsTruncated {
		t.Errorf("the first page is %+v, %v", page.AccessKeyMetadata, page.IsTruncated)
	}
	page = must[*sdk.ListAccessKeysOutput](t)(client.ListAccessKeys(ctx, &sdk.ListAccessKeysInput{UserName: user, Marker: page.Marker}))
	if len(page.AccessKeyMetadata) != 1 || *page.AccessKeyMetadata[0].AccessKeyId != *second.AccessKeyId || page.IsTruncated {
		t.Errorf("the second page is %+v, %v", page.AccessKeyMetadata, page.IsTruncated)
	}

	who := func() error {
		client := sts.NewFromConfig(w.config(*key.AccessKeyId, *key.SecretAccessKey))
		_, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		return err
	}
	if err := who(); err != nil {
		t.Error(err)
	}
	must[*sdk.UpdateAccessKeyOutput](t)(client.UpdateAccessKey(ctx, &sdk.UpdateAccessKeyInput{
		UserName: user, AccessKeyId: key.AccessKeyId, Status: types.StatusTypeInactive,
	}))
	wantError(t, "an inactive key", who(), "InvalidClientTokenId", "")
	must[*sdk.DeleteAccessKeyOutput](t)(client.DeleteAccessKey(ctx, &sdk.DeleteAccessKeyInput{UserName: user, AccessKeyId: key.AccessKeyId}))
	_, err = client.DeleteAccessKey(ctx, &sdk.DeleteAccessKeyInput{UserName: user, AccessKeyId: key.AccessKeyId})
	wantError(t, "deleting it again", err, "NoSuchEntity", "The Access Key with id "+*key.AccessKeyId+" cannot be found.")
	_, err = client.DeleteUser(ctx, &sdk.DeleteUserInput{UserName: user})
	wantError(t, "deleting its user", err, "DeleteConflict", "must delete access keys first")
}

func TestPolicies(t *testing.T) {
	w := newWorld(t)
	ctx, client := t.Context(), w.iam()
	document := `{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": "arn:aws:s3:::a+b/ä&%=*"}}`
	user := w.newcomer(t, "web-1", document).UserName
	got := must[*sdk.GetUserPolicyOutput](t)(client.GetUserPolicy(ctx, &sdk.GetUserPolicyInput{UserName: user, PolicyName: aws.String("own")}))
	for name, decode := range map[string]func(string) (string, error){"path": url.PathUnescape, "query": url.QueryUnescape} {
		if text, err := decode(*got.PolicyDocument); err != nil || text != document {
			t.Errorf("the document, decoded as a %s, is %s, %v", name, text, err)
		}
	}
	names := must[*sdk.ListUserPoliciesOutput](t)(client.ListUserPolicies(ctx, &sdk.ListUserPoliciesInput{UserName: user}))
	if len(names.PolicyNames) != 1 || names.PolicyNames[0] != "own" {
		t.Errorf("policies are %v", names.PolicyNames)
	}
	_, err := client.PutUserPolicy(ctx, &sdk.PutUserPolicyInput{
		UserName: user, PolicyName: aws.String("bad"), PolicyDocument: aws.String(strings.Replace(document, "Allow", "allow", 1)),
	})
	wantError(t, "a bad document", err, "MalformedPolicyDocument", "Allow or Deny")

	arn := aws.String("arn:aws:iam::aws:policy/AWSCodeDeployDeployerAccess")
	must[*sdk.AttachUserPolicyOutput](t)(client.AttachUserPolicy(ctx, &sdk.AttachUserPolicyInput{UserName: user, PolicyArn: arn}))
	attached := must[*sdk.ListAttachedUserPoliciesOutput](t)(client.ListAttachedUserPolicies(ctx, &sdk.ListAttachedUserPoliciesInput{UserName: user}))
	if len(attached.AttachedPolicies) != 1 || *attached.AttachedPolicies[0].PolicyName != "AWSCodeDeployDeployerAccess" {
		t.Errorf("attached policies are %v", attached.AttachedPolicies)
	}
	must[*sdk.DetachUserPolicyOutput](t)(client.DetachUserPolicy(ctx, &sdk.DetachUserPolicyInput{UserName: user, PolicyArn: arn}))
	_, err = client.DetachUserPolicy(ctx, &sdk.DetachUserPolicyInput{UserName: user, PolicyArn: arn})
	wantError(t, "detaching again", err, "NoSuchEntity", "was not found")
	must[*sdk.DeleteUserPolicyOutput](t)(client.DeleteUserPolicy(ctx, &sdk.DeleteUserPolicyInput{UserName: user, PolicyName: aws.String("own")}))
	_, err = client.GetUserPolicy(ctx, &sdk.GetUserPolicyInput{UserName: user, PolicyName: aws.String("own")})
	wantError(t, "a deleted policy", err, "NoSuchEntity", "The user policy with name own cannot be found.")
}

func TestCallerIdentity(t *testing.T) {
	w := newWorld(t)
	key := w.newcomer(t, "web-1", "")
	client := sts.NewFromConfig(w.config(*key.AccessKeyId, *key.SecretAccessKey))
	me := must[*sts.GetCallerIdentityOutput](t)(client.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{}))
	if *me.Account != account || *me.Arn != "arn:aws:iam::123456789012:user/web-1" || !strings.HasPrefix(*me.UserId, "AIDA") {
		t.Errorf("I am %s %s %s", *me.Account, *me.Arn, *me.UserId)
	}
	wrong := sts.NewFromConfig(w.config(*key.AccessKeyId, "not the secret"))
	_, err := wrong.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantError(t, "a wrong secret", err, "SignatureDoesNotMatch", "")
}
