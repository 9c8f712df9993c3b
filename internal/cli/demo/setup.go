package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipway/slipway/internal/awsclient"
	"github.com/slipway/slipway/internal/sandbox"
)

// The names of the demonstration.
const (
	application = "shop"
	group       = "web"
	bucket      = "releases"
	roleARN     = "arn:aws:iam::000000000000:role/slipway-demo"
	region      = awsclient.DefaultRegion
)

// serverStart bounds the first start of a server, with its database and keys to be made.
const serverStart = 30 * time.Second

// startServer runs "slipway server" as a process of its own, which ends with this one, and
// returns once it serves.
func startServer(ctx context.Context, self, data, log string, flags []string) (*sandbox.Sandbox, string, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, "", err
	}
	defer out.Close()
	// Without namespaces a sandbox is a process that cannot outlive us, which is all we need.
	box, err := sandbox.Start(ctx, sandbox.Spec{
		Root:    filepath.Join(filepath.Dir(data), "server-root"),
		Command: append([]string{self, "server", "--data", data, "--listen", "127.0.0.1:0", "--region", region}, flags...),
		Env:     []string{"PATH=" + os.Getenv("PATH"), "HOME=" + data},
		Stdout:  out, Stderr: out,
	})
	if err != nil {
		return nil, "", fmt.Errorf("start the server: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, serverStart, fmt.Errorf("the server does not serve after %v", serverStart))
	defer cancel()
	for {
		if endpoint, err := awsclient.Endpoint(data); err == nil && healthy(ctx, endpoint) {
			return box, endpoint, nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-box.Done():
			return nil, "", fmt.Errorf("the server ended at once:\n%s", lastLines(log, 5))
		case <-ctx.Done():
			return box, "", context.Cause(ctx)
		}
	}
}

func healthy(ctx context.Context, endpoint string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/healthz", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// setUp does what an administrator does once: a bucket, an identity and a registration for
// every host, the load balancer, the application and its deployment group.
func setUp(ctx context.Context, c *awsclient.Clients, hosts []*host) (*frontDoor, error) {
	if _, err := c.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		return nil, fmt.Errorf("create the bucket: %w", err)
	}
	for _, h := range hosts {
		if err := registerHost(ctx, c, h); err != nil {
			return nil, fmt.Errorf("register %s: %w", h.name, err)
		}
	}
	door, err := openFrontDoor(ctx, c, hosts)
	if err != nil {
		return nil, err
	}
	_, err = c.CodeDeploy.CreateApplication(ctx, &codedeploy.CreateApplicationInput{
		ApplicationName: aws.String(application), ComputePlatform: cdtypes.ComputePlatformServer,
	})
	if err != nil {
		return nil, fmt.Errorf("create the application: %w", err)
	}
	_, err = c.CodeDeploy.CreateDeploymentGroup(ctx, &codedeploy.CreateDeploymentGroupInput{
		ApplicationName: aws.String(application), DeploymentGroupName: aws.String(group),
		ServiceRoleArn:       aws.String(roleARN),
		DeploymentConfigName: aws.String("CodeDeployDefault.OneAtATime"),
		OnPremisesInstanceTagFilters: []cdtypes.TagFilter{
			{Key: aws.String("role"), Value: aws.String("web"), Type: cdtypes.TagFilterTypeKeyAndValue},
		},
		DeploymentStyle: &cdtypes.DeploymentStyle{
			DeploymentType: cdtypes.DeploymentTypeInPlace, DeploymentOption: cdtypes.DeploymentOptionWithTrafficControl,
		},
		LoadBalancerInfo:   &cdtypes.LoadBalancerInfo{TargetGroupInfoList: []cdtypes.TargetGroupInfo{{Name: aws.String(application)}}},
		AlarmConfiguration: &cdtypes.AlarmConfiguration{Enabled: true, Alarms: []cdtypes.Alarm{{Name: aws.String(slow)}}},
		AutoRollbackConfiguration: &cdtypes.AutoRollbackConfiguration{
			Enabled: true, Events: []cdtypes.AutoRollbackEvent{
				cdtypes.AutoRollbackEventDeploymentFailure, cdtypes.AutoRollbackEventDeploymentStopOnAlarm,
			},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("create the deployment group: %w", err)
	}
	return door, createRackByRack(ctx, c)
}

// registerHost gives a host a user with an access key, and makes it a tagged instance.
func registerHost(ctx context.Context, c *awsclient.Clients, h *host) error {
	user, err := c.IAM.CreateUser(ctx, &iam.CreateUserInput{UserName: &h.name, Path: aws.String("/AWS/CodeDeploy/")})
	if err != nil {
		return fmt.Errorf("create its user: %w", err)
	}
	key, err := c.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &h.name})
	if err != nil {
		return fmt.Errorf("create its access key: %w", err)
	}
	if user.User == nil || key.AccessKey == nil {
		return errors.New("create its user: the server's answer names neither user nor key")
	}
	h.key = accessKey{aws.ToString(user.User.Arn), aws.ToString(key.AccessKey.AccessKeyId), aws.ToString(key.AccessKey.SecretAccessKey)}
	_, err = c.CodeDeploy.RegisterOnPremisesInstance(ctx, &codedeploy.RegisterOnPremisesInstanceInput{
		InstanceName: &h.name, IamUserArn: &h.key.userARN,
	})
	if err != nil {
		return err
	}
	address, _, err := net.SplitHostPort(h.address)
	if err != nil {
		return err
	}
	_, err = c.CodeDeploy.AddTagsToOnPremisesInstances(ctx, &codedeploy.AddTagsToOnPremisesInstancesInput{
		InstanceNames: []string{h.name}, Tags: []cdtypes.Tag{
			{Key: aws.String("role"), Value: aws.String("web")},
			{Key: aws.String("slipway:address"), Value: aws.String(address)},
			{Key: aws.String("slipway:zone"), Value: &h.rack},
		},
	})
	return err
}

// deploy uploads a version, registers it as a revision and creates its deployment to a group.
func deploy(ctx context.Context, c *awsclient.Clients, to, version string, f fault, config string) (id string, err error) {
	content, err := bundle(version, f)
	if err != nil {
		return "", err
	}
	key := application + "-" + version + ".zip"
	put, err := c.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(content),
	})
	if err != nil {
		return "", fmt.Errorf("upload %s: %w", version, err)
	}
	revision := &cdtypes.RevisionLocation{
		RevisionType: cdtypes.RevisionLocationTypeS3,
		S3Location: &cdtypes.S3Location{
			Bucket: aws.String(bucket), Key: &key, BundleType: cdtypes.BundleTypeZip, ETag: put.ETag,
		},
	}
	_, err = c.CodeDeploy.RegisterApplicationRevision(ctx, &codedeploy.RegisterApplicationRevisionInput{
		ApplicationName: aws.String(application), Revision: revision, Description: &version,
	})
	if err != nil {
		return "", fmt.Errorf("register %s: %w", version, err)
	}
	out, err := c.CodeDeploy.CreateDeployment(ctx, &codedeploy.CreateDeploymentInput{
		ApplicationName: aws.String(application), DeploymentGroupName: &to,
		DeploymentConfigName: &config, Revision: revision, Description: &version,
	})
	if err != nil {
		return "", fmt.Errorf("deploy %s: %w", version, err)
	}
	return aws.ToString(out.DeploymentId), nil
}
