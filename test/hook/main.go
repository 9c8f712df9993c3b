// Command hook is a Lambda function that validates deployments, for tests: it reports what
// VERDICT in its environment says.
//
//	Succeeded, Failed  report that
//	twice              report Succeeded and then Failed
//	silent             report nothing
//	crash              end without a report
//	elsewhere          report on the deployment in ELSEWHERE, with this one's execution id
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy/types"
)

// An event is what CodeDeploy tells.
type event struct {
	DeploymentId                  string
	LifecycleEventHookExecutionId string
}

func main() { lambda.Start(handle) }

func handle(ctx context.Context, e event) error {
	verdict := os.Getenv("VERDICT")
	fmt.Printf("validating %s: %s\n", e.DeploymentId, verdict)
	switch verdict {
	case "silent":
		return nil
	case "crash":
		fmt.Fprintln(os.Stderr, "the database is away")
		os.Exit(1)
	case "twice":
		if err := report(ctx, e, "Succeeded"); err != nil {
			return err
		}
		fmt.Println(report(ctx, e, "Failed"))
		return nil
	case "elsewhere":
		e.DeploymentId, verdict = os.Getenv("ELSEWHERE"), "Succeeded"
	}
	return report(ctx, e, verdict)
}

func report(ctx context.Context, e event, verdict string) error {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	_, err = codedeploy.NewFromConfig(cfg).PutLifecycleEventHookExecutionStatus(ctx, &codedeploy.PutLifecycleEventHookExecutionStatusInput{
		DeploymentId: &e.DeploymentId, LifecycleEventHookExecutionId: &e.LifecycleEventHookExecutionId,
		Status: types.LifecycleEventStatus(verdict),
	})
	return err
}
