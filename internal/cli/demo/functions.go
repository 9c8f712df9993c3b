package demo

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	cdtypes "github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipway/slipway/internal/cli/demo/web"
)

// The names of the demonstration of functions.
const (
	alias     = "live"
	validator = "CodeDeployHook_try"
	roleName  = "slipway-demo"
)

// A functions is the venue of Lambda: the function "shop" behind the alias "live".
type functions struct {
	*show
	version string // that the alias points at
}

func (f *functions) missing(context.Context) error { return nil }

func (f *functions) describe() (title, mode string) {
	return "a function behind an alias, four versions of a shop; five minutes pass in five seconds",
		"each call is a process of its own, kept warm"
}

func (f *functions) canary() string { return "CodeDeployDefault.LambdaCanary10Percent5Minutes" }
func (f *functions) linear() string { return "CodeDeployDefault.LambdaLinear10PercentEvery3Minutes" }
func (f *functions) close()         {}

func (f *functions) open(ctx context.Context) (url string, err error) {
	f.board.say("creating functions, an alias with a URL, an alarm, application %q and deployment group %q", application, group)
	if err := f.createRole(ctx); err != nil {
		return "", err
	}
	if err := f.create(ctx, application, "function", map[string]string{web.VersionVariable: "v1"}); err != nil {
		return "", err
	}
	if err := f.create(ctx, validator, "validate", nil); err != nil {
		return "", err
	}
	if f.version, err = f.publishVersion(ctx); err != nil {
		return "", err
	}
	if url, err = f.createURL(ctx); err != nil {
		return "", err
	}
	_, err = f.clients.CloudWatch.PutMetricAlarm(ctx, &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String(slow), Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Duration"),
		Dimensions: []cwtypes.Dimension{{Name: aws.String("FunctionName"), Value: aws.String(application)}},
		Statistic:  cwtypes.StatisticAverage, Period: aws.Int32(10), EvaluationPeriods: aws.Int32(1),
		Threshold: aws.Float64(shiftTooSlow * 1000), ComparisonOperator: cwtypes.ComparisonOperatorGreaterThanThreshold,
	})
	if err != nil {
		return "", fmt.Errorf("create the alarm: %w", err)
	}
	return url, f.createGroup(ctx, cdtypes.ComputePlatformLambda, f.canary(), func(*codedeploy.CreateDeploymentGroupInput) {})
}

// createRole makes the role of functions: it may report on deployments and try versions.
func (s *show) createRole(ctx context.Context) error {
	_, err := s.clients.IAM.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String(roleName), AssumeRolePolicyDocument: aws.String(
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`)})
	if err != nil {
		return fmt.Errorf("create the functions' role: %w", err)
	}
	_, err = s.clients.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(roleName), PolicyName: aws.String("try"), PolicyDocument: aws.String(
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", "Action": ["codedeploy:PutLifecycleEventHookExecutionStatus",
			"codedeploy:GetDeploymentTarget", "codedeploy:ListDeploymentTargets", "lambda:InvokeFunction"]}]}`)})
	if err != nil {
		return fmt.Errorf("let the functions report: %w", err)
	}
	return nil
}

// create makes a function, whose program is this one.
func (s *show) create(ctx context.Context, name, command string, environment map[string]string) error {
	code, err := program(s.Self, command)
	if err != nil {
		return fmt.Errorf("bundle the function %s: %w", name, err)
	}
	_, _ = s.clients.S3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}) // it may be there already
	key := name + ".zip"
	if _, err := s.clients.S3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader(code)}); err != nil {
		return fmt.Errorf("upload the function %s: %w", name, err)
	}
	_, err = s.clients.Lambda.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String(roleARN), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"), Timeout: aws.Int32(20),
		Code: &types.FunctionCode{S3Bucket: aws.String(bucket), S3Key: &key}, Environment: &types.Environment{Variables: environment}})
	if err != nil {
		return fmt.Errorf("create the function %s: %w", name, err)
	}
	return s.updated(ctx, name)
}

// program is the archive of a function that runs a command of the program at path.
func program(path, command string) ([]byte, error) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	script := &zip.FileHeader{Name: "bootstrap", Method: zip.Store}
	script.SetMode(0o755)
	b, err := w.CreateHeader(script)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(b, "#!/bin/sh\nexec \"$LAMBDA_TASK_ROOT/slipway\" demo-web %s\n", command)
	binary := &zip.FileHeader{Name: "slipway", Method: zip.Store}
	binary.SetMode(0o755)
	if b, err = w.CreateHeader(binary); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := io.Copy(b, f); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// updated waits until a function is what it was told to be.
func (s *show) updated(ctx context.Context, name string) error {
	in := &lambda.GetFunctionConfigurationInput{FunctionName: &name}
	quick := func(o *lambda.FunctionActiveWaiterOptions) { o.MinDelay = lookEvery }
	if err := lambda.NewFunctionActiveWaiter(s.clients.Lambda).Wait(ctx, in, time.Minute, quick); err != nil {
		return fmt.Errorf("wait for the function %s: %w", name, err)
	}
	return nil
}

func (f *functions) publishVersion(ctx context.Context) (string, error) {
	out, err := f.clients.Lambda.PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: aws.String(application)})
	if err != nil {
		return "", fmt.Errorf("publish a version: %w", err)
	}
	return *out.Version, nil
}

func (f *functions) createURL(ctx context.Context) (string, error) {
	_, err := f.clients.Lambda.CreateAlias(ctx, &lambda.CreateAliasInput{FunctionName: aws.String(application), Name: aws.String(alias), FunctionVersion: &f.version})
	if err != nil {
		return "", fmt.Errorf("create the alias: %w", err)
	}
	out, err := f.clients.Lambda.CreateFunctionUrlConfig(ctx, &lambda.CreateFunctionUrlConfigInput{
		FunctionName: aws.String(application), Qualifier: aws.String(alias), AuthType: types.FunctionUrlAuthTypeNone})
	if err != nil {
		return "", fmt.Errorf("create the alias's URL: %w", err)
	}
	_, err = f.clients.Lambda.AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: aws.String(application), Qualifier: aws.String(alias), StatementId: aws.String("everybody"),
		Action: aws.String("lambda:InvokeFunctionUrl"), Principal: aws.String("*"), FunctionUrlAuthType: types.FunctionUrlAuthTypeNone})
	if err != nil {
		return "", fmt.Errorf("let everybody call the URL: %w", err)
	}
	return *out.FunctionUrl, nil
}

func (f *functions) publish(ctx context.Context, version, fault string) (string, error) {
	_, err := f.clients.Lambda.UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String(application),
		Environment: &types.Environment{Variables: map[string]string{web.VersionVariable: version, web.FaultVariable: fault}}})
	if err != nil {
		return "", err
	}
	if err := f.updated(ctx, application); err != nil {
		return "", err
	}
	to, err := f.publishVersion(ctx)
	if err != nil {
		return "", err
	}
	now, err := f.clients.Lambda.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: aws.String(application), Name: aws.String(alias)})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(`{"version": 0.0, "Resources": [{"shop": {"Type": "AWS::Lambda::Function", "Properties":
		{"Name": %q, "Alias": %q, "CurrentVersion": %q, "TargetVersion": %q}}}], "Hooks": [{"BeforeAllowTraffic": %q}]}`,
		application, alias, *now.FunctionVersion, to, validator), nil
}
