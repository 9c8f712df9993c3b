package server_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/slipway/slipway/internal/sandbox"
	"github.com/slipway/slipway/internal/server/servertest"
	"github.com/slipway/slipway/internal/standin/lambda/lambdatest"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == sandbox.InitArg {
		sandbox.Init() // of functions
	}
	os.Exit(m.Run())
}

// TestFunctionCallsTheServer: a function, whose code is in the server's own S3, has credentials
// of its role, which the server's services know.
func TestFunctionCallsTheServer(t *testing.T) {
	archive := lambdatest.Function(t)
	s := servertest.Start(t)
	ctx := t.Context()
	objects, functions := servertest.S3(s.Admin), lambda.NewFromConfig(s.Admin)
	if _, err := objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("code")}); err != nil {
		t.Fatal(err)
	}
	if _, err := objects.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String("code"), Key: aws.String("shop.zip"), Body: strings.NewReader(string(archive)),
	}); err != nil {
		t.Fatal(err)
	}
	in := &lambda.CreateFunctionInput{
		FunctionName: aws.String("shop"), Role: aws.String("arn:aws:iam::000000000000:role/shop"), Runtime: types.RuntimeProvidedal2023,
		Handler: aws.String("bootstrap"), Code: &types.FunctionCode{S3Bucket: aws.String("code"), S3Key: aws.String("shop.zip")},
	}
	if _, err := functions.CreateFunction(ctx, in); err == nil || !strings.Contains(err.Error(), "The role defined for the function cannot be assumed by Lambda.") {
		t.Errorf("a role that is not there: %v", err)
	}
	if _, err := iam.NewFromConfig(s.Admin).CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String("shop"), AssumeRolePolicyDocument: aws.String(lambdatest.TrustPolicy),
	}); err != nil {
		t.Fatal(err)
	}
	in.Code.S3Key = aws.String("none.zip")
	if _, err := functions.CreateFunction(ctx, in); err == nil || !strings.Contains(err.Error(), "S3 Error Code: NoSuchKey") {
		t.Errorf("an object that is not there: %v", err)
	}
	in.Code.S3Key = aws.String("shop.zip")
	if _, err := functions.CreateFunction(ctx, in); err != nil {
		t.Fatal(err)
	}
	out, err := functions.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("shop")})
	if err != nil || out.FunctionError != nil {
		t.Fatalf("%v %s", err, out.Payload)
	}
	var k struct{ Environment map[string]string }
	if err := json.Unmarshal(out.Payload, &k); err != nil {
		t.Fatal(err)
	}
	env := k.Environment
	caller, err := sts.NewFromConfig(aws.Config{
		Region: env["AWS_REGION"], BaseEndpoint: aws.String(env["AWS_ENDPOINT_URL"]), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env["AWS_SESSION_TOKEN"]),
	}).GetCallerIdentity(ctx, nil)
	if err != nil || *caller.Arn != "arn:aws:sts::000000000000:assumed-role/shop/shop" {
		t.Errorf("the function is %+v, %v", caller, err)
	}
}
