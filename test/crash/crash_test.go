// Package crash_test kills real processes in the middle of real deployments, after each
// hook that any host has run, and looks at what became of them.
package crash_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipway/slipway/test/world"
)

// scripted are the events that have a hook here; hooks per host, in order.
var scripted = []string{"BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService"}

// hook writes down that it ran, where everybody's hooks do: one line, one write.
const hook = "#!/bin/sh\necho \"$DEPLOYMENT_ID $(basename \"$(dirname \"$SLIPWAY_INSTALL_ROOT\")\") $LIFECYCLE_EVENT\" >> \"$SLIPWAY_STORY/hooks.log\"\n"

type fleet struct {
	*world.World
	api *codedeploy.Client
}

func start(t *testing.T) *fleet {
	t.Helper()
	dir := t.TempDir()
	check(t, world.Build(dir))
	w := world.New(dir, dir, os.Environ)
	t.Cleanup(w.End)
	check(t, w.StartServer(nil))
	for _, name := range []string{"web-1", "web-2"} {
		check(t, w.AddHost(name, []string{"fleet=web"}))
	}
	f := &fleet{World: w}
	f.setUp(t)
	return f
}

func (f *fleet) setUp(t *testing.T) {
	cfg, err := f.Config()
	check(t, err)
	f.api = codedeploy.NewFromConfig(cfg)
	ctx := context.Background()
	objects := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	_, err = objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("releases")})
	check(t, err)
	_, err = objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("releases"), Key: aws.String("v1.zip"), Body: bytes.NewReader(bundle(t))})
	check(t, err)
	_, err = f.api.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")})
	check(t, err)
	_, err = f.api.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod"),
		ServiceRoleArn:               aws.String("arn:aws:iam::000000000000:role/deploy"),
		OnPremisesInstanceTagFilters: []types.TagFilter{{Key: aws.String("fleet"), Value: aws.String("web"), Type: types.TagFilterTypeKeyAndValue}},
	})
	check(t, err)
}

func bundle(t *testing.T) []byte {
	appspec := "version: 0.0\nos: linux\nhooks:\n"
	for _, event := range scripted {
		appspec += fmt.Sprintf("  %s:\n    - location: hook.sh\n", event)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range map[string]string{"appspec.yml": appspec, "hook.sh": hook} {
		h := &zip.FileHeader{Name: name}
		h.SetMode(0o755)
		file, err := z.CreateHeader(h)
		check(t, err)
		_, err = file.Write([]byte(text))
		check(t, err)
	}
	check(t, z.Close())
	return out.Bytes()
}

func (f *fleet) deploy(t *testing.T) string {
	t.Helper()
	out, err := f.api.CreateDeployment(context.Background(), &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod"),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3,
			S3Location: &types.S3Location{Bucket: aws.String("releases"), Key: aws.String("v1.zip"), BundleType: types.BundleTypeZip}},
	})
	check(t, err)
	return *out.DeploymentId
}

// ran lists the hooks that a deployment has run: "web-1 Install", in order.
func (f *fleet) ran(id string) []string {
	text, _ := os.ReadFile(filepath.Join(f.Dir, "hooks.log"))
	var list []string
	for _, line := range strings.Split(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, id+" "); ok {
			list = append(list, rest)
		}
	}
	return list
}

func (f *fleet) awaitHooks(t *testing.T, id string, n int) {
	t.Helper()
	check(t, f.Await(fmt.Sprintf("%s has run %d hooks", id, n), func() (bool, error) { return len(f.ran(id)) >= n, nil }))
}

func (f *fleet) awaitEnd(t *testing.T, id string) types.DeploymentStatus {
	t.Helper()
	var status types.DeploymentStatus
	check(t, f.Await(id+" ends", func() (bool, error) {
		out, err := f.api.GetDeployment(context.Background(), &codedeploy.GetDeploymentInput{DeploymentId: &id})
		if err != nil {
			return false, err
		}
		status = out.DeploymentInfo.Status
		return out.DeploymentInfo.CompleteTime != nil, nil
	}))
	return status
}

// twice returns a hook that ran more than once.
func twice(ran []string) string {
	seen := map[string]bool{}
	for _, hook := range ran {
		if seen[hook] {
			return hook
		}
		seen[hook] = true
	}
	return ""
}

// TestServerKilledAfterEachHook: whenever the server dies, the deployment succeeds all the
// same, and every hook has run exactly once.
func TestServerKilledAfterEachHook(t *testing.T) {
	f := start(t)
	for n := range 2*len(scripted) + 1 {
		id := f.deploy(t)
		f.awaitHooks(t, id, n)
		f.Kill("server")
		check(t, f.StartServer(nil))
		if status := f.awaitEnd(t, id); status != types.DeploymentStatusSucceeded {
			t.Errorf("killed after %d hooks: %s", n, status)
		}
		if ran := f.ran(id); len(ran) != 2*len(scripted) || twice(ran) != "" {
			t.Errorf("killed after %d hooks, these ran: %q", n, ran)
		}
	}
}

// TestAgentKilledAfterEachHook: whenever an agent dies, the deployment ends, no hook runs
// twice, and it succeeded if and only if every hook ran to its end.
func TestAgentKilledAfterEachHook(t *testing.T) {
	f := start(t)
	for n := range len(scripted) + 1 {
		id := f.deploy(t)
		f.awaitHooks(t, id, n)
		f.Kill("agent-web-1")
		check(t, f.StartAgent("web-1"))
		status := f.awaitEnd(t, id)
		ran := f.ran(id)
		if hook := twice(ran); hook != "" {
			t.Errorf("killed after %d hooks, %s ran twice", n, hook)
		}
		if status == types.DeploymentStatusSucceeded && len(ran) != 2*len(scripted) {
			t.Errorf("killed after %d hooks, succeeded with %q", n, ran)
		}
		t.Logf("killed after %d hooks: %s with %d", n, status, len(ran))
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
