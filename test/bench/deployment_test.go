// Package bench measures Slipway beside a peer or a physical limit of the same run, and
// prints the ratio. Nothing here asserts a time.
package bench

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipway/slipway/test/world"
)

// scripted are the events that can have a script; with DownloadBundle and Install they are the seven.
var scripted = []string{"ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService"}

const script = "#!/bin/sh\necho $LIFECYCLE_EVENT\nsleep 0.01\n"

// BenchmarkDeployment deploys a trivial bundle with a script for every event to one host,
// and runs the bare scripts beside it. overhead-ms is what server and agent add.
func BenchmarkDeployment(b *testing.B) {
	w, api := start(b)
	deploy(b, w, api) // the second deployment on has an ApplicationStop script
	var deployed, bare time.Duration
	for b.Loop() {
		deployed += deploy(b, w, api)
		bare += runBare(b)
	}
	n := time.Duration(b.N)
	ms := func(d time.Duration) float64 { return float64((d / n).Microseconds()) / 1000 }
	b.ReportMetric(ms(deployed), "deployment-ms")
	b.ReportMetric(ms(bare), "bare-scripts-ms")
	b.ReportMetric(ms(deployed-bare), "overhead-ms")
	b.ReportMetric(float64(deployed)/float64(bare), "ratio")
}

func start(b *testing.B) (*world.World, *codedeploy.Client) {
	dir := b.TempDir()
	check(b, world.Build(dir))
	w := world.New(dir, dir, os.Environ)
	b.Cleanup(w.End)
	check(b, w.StartServer(nil))
	check(b, w.AddHost("web-1", []string{"fleet=web"}))
	cfg, err := w.Config()
	check(b, err)
	api := codedeploy.NewFromConfig(cfg)
	objects := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	ctx := context.Background()
	_, err = objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("releases")})
	check(b, err)
	_, err = objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("releases"), Key: aws.String("v1.zip"), Body: bytes.NewReader(bundle(b))})
	check(b, err)
	_, err = api.CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")})
	check(b, err)
	_, err = api.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod"),
		ServiceRoleArn:               aws.String("arn:aws:iam::000000000000:role/deploy"),
		DeploymentConfigName:         aws.String("CodeDeployDefault.AllAtOnce"),
		OnPremisesInstanceTagFilters: []types.TagFilter{{Key: aws.String("fleet"), Value: aws.String("web"), Type: types.TagFilterTypeKeyAndValue}},
	})
	check(b, err)
	return w, api
}

func bundle(b *testing.B) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	appspec := "version: 0.0\nos: linux\nfiles:\n  - source: page.txt\n    destination: /srv/shop\nhooks:\n"
	for _, event := range scripted {
		appspec += fmt.Sprintf("  %s:\n    - location: hook.sh\n", event)
	}
	for name, text := range map[string]string{"appspec.yml": appspec, "hook.sh": script, "page.txt": "hello\n"} {
		h := &zip.FileHeader{Name: name}
		h.SetMode(0o755)
		f, err := z.CreateHeader(h)
		check(b, err)
		_, err = f.Write([]byte(text))
		check(b, err)
	}
	check(b, z.Close())
	return out.Bytes()
}

// deploy returns the time from the request until the deployment says that it has completed.
func deploy(b *testing.B, w *world.World, api *codedeploy.Client) time.Duration {
	ctx := context.Background()
	began := time.Now()
	out, err := api.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: aws.String("prod"),
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3,
			S3Location: &types.S3Location{Bucket: aws.String("releases"), Key: aws.String("v1.zip"), BundleType: types.BundleTypeZip}},
	})
	check(b, err)
	var info *types.DeploymentInfo
	check(b, w.Await("the deployment ends", func() (bool, error) {
		got, err := api.GetDeployment(ctx, &codedeploy.GetDeploymentInput{DeploymentId: out.DeploymentId})
		if err != nil {
			return false, err
		}
		info = got.DeploymentInfo
		return info.CompleteTime != nil, nil
	}))
	if info.Status != types.DeploymentStatusSucceeded {
		b.Fatalf("deployment %s ended %s", *out.DeploymentId, info.Status)
	}
	return info.CompleteTime.Sub(began)
}

// runBare runs the same scripts one after the other, as a shell would.
func runBare(b *testing.B) time.Duration {
	path := filepath.Join(b.TempDir(), "hook.sh")
	check(b, os.WriteFile(path, []byte(script), 0o755))
	began := time.Now()
	for _, event := range scripted {
		cmd := exec.Command(path)
		cmd.Env = append(os.Environ(), "LIFECYCLE_EVENT="+event)
		_, err := cmd.Output()
		check(b, err)
	}
	return time.Since(began)
}

func check(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
