package server_test

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/server/servertest"
)

// wantCode checks the code that AWS's SDK reads from the answer.
func wantCode(t *testing.T, code string, call func() error) {
	t.Helper()
	err := call()
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// TestWhatAHostMay: a host's user has no policy. It may fetch registered revisions and speak
// for itself, and nothing else.
func TestWhatAHostMay(t *testing.T) {
	ctx := t.Context()
	s := servertest.Start(t)
	own, host := s.AddHost(t, "web-1")
	other, _ := s.AddHost(t, "web-2")
	_, person := s.AddUser(t, "nobody")
	admin := codedeploy.NewFromConfig(s.Admin)
	putObject(t, s.Admin, "releases", "web-1.zip", "a bundle")
	if _, err := servertest.S3(s.Admin).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("releases"), Key: aws.String("secret.txt")}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")}); err != nil {
		t.Fatal(err)
	}
	fetch := func(cfg aws.Config, key string) func() error {
		return func() error {
			_, err := servertest.S3(cfg).GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("releases"), Key: &key})
			return err
		}
	}
	wantCode(t, "AccessDenied", fetch(host, "web-1.zip")) // not a revision yet
	_, err := admin.RegisterApplicationRevision(ctx, &codedeploy.RegisterApplicationRevisionInput{
		ApplicationName: aws.String("shop"),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3, S3Location: &types.S3Location{
			Bucket: aws.String("releases"), Key: aws.String("web-1.zip"), BundleType: types.BundleTypeZip,
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if text := getObject(t, host, "releases", "web-1.zip"); text != "a bundle" {
		t.Errorf("the bundle is %q", text)
	}
	wantCode(t, "AccessDenied", fetch(host, "secret.txt"))
	wantCode(t, "AccessDenied", fetch(person, "web-1.zip"))
	wantCode(t, "AccessDenied", func() error {
		_, err := servertest.S3(host).PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("releases"), Key: aws.String("web-1.zip")})
		return err
	})
	wantCode(t, "AccessDenied", func() error {
		_, err := servertest.S3(host).ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("releases")})
		return err
	})
	wantCode(t, "AccessDeniedException", func() error {
		_, err := codedeploy.NewFromConfig(host).ListApplications(ctx, &codedeploy.ListApplicationsInput{})
		return err
	})
	wantCode(t, "AccessDenied", func() error {
		_, err := iam.NewFromConfig(host).ListUsers(ctx, &iam.ListUsersInput{})
		return err
	})

	poll := func(as aws.Config, claimed string) (int, string) {
		r := usual(commands)
		r.as, r.body = credentialsOf(t, as), `{"HostIdentifier":"`+claimed+`"}`
		return r.send(t, s.URL)
	}
	status, body := poll(host, other)
	answer{400, []string{`"__type":"AccessDeniedException"`, own + " may not act as host " + other}}.check(t, status, body)
	status, body = poll(person, own)
	answer{400, []string{`"__type":"AccessDeniedException"`, "is not the identity of a registered on-premises instance"}}.check(t, status, body)
}
