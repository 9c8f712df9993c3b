// Package faults_test raises what can go wrong with a deployment, with real servers and real
// agents: each error code of the API, and the faults of a cloud that is reached over HTTP.
package faults_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipway/slipway/test/world"
)

// binaries is where slipway and slipway-agent were built to.
var binaries string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "slipway-faults-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		if err := world.Build(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		binaries = dir
		return m.Run()
	}())
}

// A shop is a server with an application "shop" and two bundles: good.zip, and bad.zip whose
// hook fails.
type shop struct {
	*world.World
	cfg aws.Config
	api *codedeploy.Client
}

// open starts a server. Its environment is the test's own and env.
func open(t *testing.T, env []string, flags ...string) *shop {
	t.Helper()
	w := world.New(t.TempDir(), binaries, func() []string { return append(os.Environ(), env...) })
	t.Cleanup(w.End)
	check(t, w.StartServer(flags))
	cfg, err := w.Config()
	check(t, err)
	s := &shop{World: w, cfg: cfg, api: codedeploy.NewFromConfig(cfg)}
	objects := s.objects()
	_, err = objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("releases")})
	check(t, err)
	s.put(t, "good.zip", "exit 0")
	s.put(t, "bad.zip", "exit 1")
	s.application(t, "shop")
	return s
}

func (s *shop) objects() *s3.Client {
	return s3.NewFromConfig(s.cfg, func(o *s3.Options) { o.UsePathStyle = true })
}

func (s *shop) put(t *testing.T, key, hook string) {
	t.Helper()
	var bundle bytes.Buffer
	z := zip.NewWriter(&bundle)
	for name, text := range map[string]string{
		"appspec.yml": "version: 0.0\nos: linux\nhooks:\n  ApplicationStart:\n    - location: hook.sh\n",
		"hook.sh":     "#!/bin/sh\n" + hook + "\n",
	} {
		h := &zip.FileHeader{Name: name}
		h.SetMode(0o755)
		file, err := z.CreateHeader(h)
		check(t, err)
		_, err = file.Write([]byte(text))
		check(t, err)
	}
	check(t, z.Close())
	_, err := s.objects().PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("releases"), Key: &key, Body: bytes.NewReader(bundle.Bytes())})
	check(t, err)
}

func (s *shop) application(t *testing.T, name string) {
	t.Helper()
	_, err := s.api.CreateApplication(t.Context(), &codedeploy.CreateApplicationInput{ApplicationName: &name})
	check(t, err)
}

// ghost registers an instance without an agent, with a tag fleet.
func (s *shop) ghost(t *testing.T, name, fleet string, more ...types.Tag) {
	t.Helper()
	user, err := iam.NewFromConfig(s.cfg).CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
	check(t, err)
	_, err = s.api.RegisterOnPremisesInstance(t.Context(), &codedeploy.RegisterOnPremisesInstanceInput{
		InstanceName: &name, IamUserArn: user.User.Arn})
	check(t, err)
	_, err = s.api.AddTagsToOnPremisesInstances(t.Context(), &codedeploy.AddTagsToOnPremisesInstancesInput{
		InstanceNames: []string{name}, Tags: append(more, types.Tag{Key: aws.String("fleet"), Value: &fleet})})
	check(t, err)
}

// group makes a deployment group, of the application shop unless change says otherwise, of
// the instances with that tag fleet.
func (s *shop) group(t *testing.T, name, fleet string, change func(*codedeploy.CreateDeploymentGroupInput)) {
	t.Helper()
	in := &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String("shop"), DeploymentGroupName: &name,
		ServiceRoleArn:       aws.String("arn:aws:iam::000000000000:role/deploy"),
		DeploymentConfigName: aws.String("CodeDeployDefault.AllAtOnce"),
		OnPremisesInstanceTagFilters: []types.TagFilter{
			{Key: aws.String("fleet"), Value: &fleet, Type: types.TagFilterTypeKeyAndValue}},
	}
	if change != nil {
		change(in)
	}
	_, err := s.api.CreateDeploymentGroup(t.Context(), in)
	check(t, err)
}

func behind(targetGroup string) func(*codedeploy.CreateDeploymentGroupInput) {
	return func(in *codedeploy.CreateDeploymentGroupInput) {
		in.DeploymentStyle = &types.DeploymentStyle{
			DeploymentType: types.DeploymentTypeInPlace, DeploymentOption: types.DeploymentOptionWithTrafficControl}
		in.LoadBalancerInfo = &types.LoadBalancerInfo{TargetGroupInfoList: []types.TargetGroupInfo{{Name: &targetGroup}}}
	}
}

// deploy deploys a bundle to a group of the application.
func (s *shop) deploy(t *testing.T, application, group, key string) (id string) {
	t.Helper()
	out, err := s.api.CreateDeployment(t.Context(), &codedeploy.CreateDeploymentInput{
		ApplicationName: &application, DeploymentGroupName: &group,
		Revision: &types.RevisionLocation{RevisionType: types.RevisionLocationTypeS3,
			S3Location: &types.S3Location{Bucket: aws.String("releases"), Key: &key, BundleType: types.BundleTypeZip}},
	})
	check(t, err)
	return *out.DeploymentId
}

func (s *shop) info(t *testing.T, id string) *types.DeploymentInfo {
	t.Helper()
	out, err := s.api.GetDeployment(t.Context(), &codedeploy.GetDeploymentInput{DeploymentId: &id})
	check(t, err)
	return out.DeploymentInfo
}

// ended waits for the end of a deployment.
func (s *shop) ended(t *testing.T, id string) (info *types.DeploymentInfo) {
	t.Helper()
	check(t, s.Await("deployment "+id+" ends", func() (bool, error) {
		info = s.info(t, id)
		return info.CompleteTime != nil, nil
	}))
	return info
}

// event is where a lifecycle event of an instance stands.
func (s *shop) event(t *testing.T, id, instance, name string) types.LifecycleEvent {
	t.Helper()
	out, err := s.api.GetDeploymentTarget(t.Context(), &codedeploy.GetDeploymentTargetInput{DeploymentId: &id, TargetId: &instance})
	if err != nil {
		return types.LifecycleEvent{} // not yet
	}
	for _, e := range out.DeploymentTarget.InstanceTarget.LifecycleEvents {
		if *e.LifecycleEventName == name {
			return e
		}
	}
	return types.LifecycleEvent{}
}

// log is what a lifecycle event of an instance says it is waiting for.
func (s *shop) log(t *testing.T, id, instance, name string) string {
	t.Helper()
	if d := s.event(t, id, instance, name).Diagnostics; d != nil {
		return aws.ToString(d.LogTail)
	}
	return ""
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
