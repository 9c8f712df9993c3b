package web

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// ProbeVariable is the URL at which a validating function tries a version; where there is none it
// calls the function that is deployed.
const ProbeVariable = "DEMO_PROBE"

// ServeFunction is the application as a Lambda function. It returns when there is no one to call it
// any more.
func ServeFunction(ctx context.Context) error {
	return answerCalls(ctx, func(context.Context, []byte) (any, error) {
		status, page := answer()
		return map[string]any{"statusCode": status, "body": page,
			"headers": map[string]string{VersionHeader: os.Getenv(VersionVariable), "Content-Type": "text/html; charset=utf-8"}}, nil
	})
}

// ValidateFunction is the Lambda function that tries a version before it gets traffic.
func ValidateFunction(ctx context.Context) error {
	return answerCalls(ctx, func(ctx context.Context, event []byte) (any, error) {
		var v validation
		if err := json.Unmarshal(event, &v); err != nil {
			return nil, err
		}
		return nil, validate(ctx, v)
	})
}

// A validation is what CodeDeploy asks for.
type validation struct {
	DeploymentId                  string
	LifecycleEventHookExecutionId string
}

func validate(ctx context.Context, v validation) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	api, verdict := codedeploy.NewFromConfig(cfg), types.LifecycleEventStatusSucceeded
	if err := try(ctx, api, lambda.NewFromConfig(cfg), v.DeploymentId); err != nil {
		fmt.Println("the version is not good:", err) // what the event's log shows
		verdict = types.LifecycleEventStatusFailed
	}
	_, err = api.PutLifecycleEventHookExecutionStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: &v.DeploymentId, LifecycleEventHookExecutionId: &v.LifecycleEventHookExecutionId, Status: verdict})
	return err
}

func try(ctx context.Context, api *codedeploy.Client, functions *lambda.Client, deployment string) error {
	if url := os.Getenv(ProbeVariable); url != "" {
		return Check(ctx, url, "")
	}
	list, err := api.ListDeploymentTargets(ctx, &codedeploy.ListDeploymentTargetsInput{DeploymentId: &deployment})
	if err != nil || len(list.TargetIds) == 0 {
		return err
	}
	target, err := api.GetDeploymentTarget(ctx, &codedeploy.GetDeploymentTargetInput{DeploymentId: &deployment, TargetId: &list.TargetIds[0]})
	if err != nil {
		return err
	}
	info := target.DeploymentTarget.LambdaTarget.LambdaFunctionInfo
	out, err := functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: info.FunctionName, Qualifier: info.TargetVersion})
	switch {
	case err != nil:
		return err
	case out.FunctionError != nil || !strings.Contains(string(out.Payload), `"statusCode":200`):
		return fmt.Errorf("version %s answered %s", aws.ToString(info.TargetVersion), out.Payload)
	}
	return nil
}
