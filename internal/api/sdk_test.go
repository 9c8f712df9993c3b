package api_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/slipway/slipway/internal/api/wire"
)

// The official SDK for Go as the client, operation by operation: the files sdk_*_test.go.

const (
	role = "arn:aws:iam::000000000000:role/service"
	user = "arn:aws:iam::000000000000:user/web-1"
)

// start is the first time on a server's clock.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// operation is a method of the client.
type operation[I, O any] = func(context.Context, I, ...func(*codedeploy.Options)) (O, error)

// call returns what an operation answers, or ends the test.
func call[I, O any](t *testing.T, f operation[I, O], in I) O {
	t.Helper()
	out, err := f(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// refused checks that an operation fails with the SDK's type of an exception, and with words.
func refused[E smithy.APIError, I, O any](t *testing.T, f operation[I, O], in I) {
	t.Helper()
	_, err := f(t.Context(), in)
	want, ok := errors.AsType[E](err)
	if !ok {
		t.Errorf("%T: error is %v, want %v", in, err, reflect.TypeFor[E]())
	} else if want.ErrorMessage() == "" {
		t.Errorf("%T: %v says nothing", in, reflect.TypeFor[E]())
	}
}

// equal compares what the SDK made of an answer, but not the answer's circumstances. Lists
// that are empty and lists that are absent look the same there.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	everything := cmp.Exporter(func(reflect.Type) bool { return true })
	if diff := cmp.Diff(want, got, everything, cmpopts.IgnoreTypes(middleware.Metadata{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// after is a time on a server's clock, as answers show it.
func after(seconds int) *time.Time { return new(start.Add(time.Duration(seconds) * time.Second)) }

func s3Revision(key string) *types.RevisionLocation {
	return &types.RevisionLocation{
		RevisionType: types.RevisionLocationTypeS3,
		S3Location:   &types.S3Location{Bucket: new("releases"), Key: &key, BundleType: types.BundleTypeZip},
	}
}

// web makes an application.
func web(t *testing.T, c *codedeploy.Client) string {
	t.Helper()
	return *call(t, c.CreateApplication, &codedeploy.CreateApplicationInput{ApplicationName: new("web")}).ApplicationId
}

// prod makes an application and a group.
func prod(t *testing.T, c *codedeploy.Client) (groupID string) {
	t.Helper()
	web(t, c)
	return *call(t, c.CreateDeploymentGroup, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: new("web"), DeploymentGroupName: new("prod"), ServiceRoleArn: new(role),
	}).DeploymentGroupId
}

// release creates a deployment to the group prod.
func release(t *testing.T, c *codedeploy.Client, key string) (id string) {
	t.Helper()
	return *call(t, c.CreateDeployment, &codedeploy.CreateDeploymentInput{
		ApplicationName: new("web"), DeploymentGroupName: new("prod"), Revision: s3Revision(key),
	}).DeploymentId
}

// Every operation of the model is called here with success and without it, except for those
// that never fail and those that always do.
func TestSDKCallsEveryOperation(t *testing.T) {
	files, err := filepath.Glob("sdk_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	neverRefused := []string{"DeleteResourcesByExternalId"}
	for _, op := range wire.Operations() {
		good := regexp.MustCompile(`(call\(t, c\.|codedeploy\.New)` + op.Name + `(,|Paginator)`).MatchString(source.String())
		if good == slices.Contains(alwaysRefused, op.Name) {
			t.Errorf("%s: called with success %v", op.Name, good)
		}
		bad := regexp.MustCompile(`refused\[\*types\.\w+\]\(t, c\.` + op.Name + `,`).MatchString(source.String())
		if bad == slices.Contains(neverRefused, op.Name) {
			t.Errorf("%s: called without success %v", op.Name, bad)
		}
	}
}

// A fault of ours is masked for the caller, and told to the log.
func TestFaultsAreMasked(t *testing.T) {
	s := newServer(t)
	s.store.Close()
	_, err := s.client().ListApplications(t.Context(), &codedeploy.ListApplicationsInput{})
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != "InternalFailure" {
		t.Errorf("error is %v, want InternalFailure", err)
	}
	if log := s.log.String(); !strings.Contains(log, "list applications: ") || !strings.Contains(log, "operation=ListApplications") {
		t.Errorf("the log says %q", log)
	}
}

// AccessDeniedException is not in the API's model; clients know it by its code.
func TestAccessIsDeniedInAWSsWords(t *testing.T) {
	_, err := newServer(t).clientOf(nobodyKey).GetApplication(t.Context(),
		&codedeploy.GetApplicationInput{ApplicationName: new("web")})
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	equal(t, "code", e.ErrorCode(), "AccessDeniedException")
	equal(t, "message", e.ErrorMessage(), "User: arn:aws:iam::000000000000:user/nobody is not authorized to perform: "+
		"codedeploy:GetApplication on resource: arn:aws:codedeploy:us-east-1:000000000000:application:web "+
		"because no identity-based policy allows the codedeploy:GetApplication action")
}
