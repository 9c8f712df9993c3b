package lambda_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/lambda/lambdatest"
)

// TestRefusalsOfCreateFunction: what is wrong is said in Lambda's words.
func TestRefusalsOfCreateFunction(t *testing.T) {
	w := newWorld(t)
	good := lambdatest.Zip(t, lambdatest.File{Name: "bootstrap", Mode: 0o755, Content: []byte("x")})
	w.create(t, "taken", func(in *sdk.CreateFunctionInput) { in.Code = zipped(good) })
	for name, c := range map[string]struct {
		change     func(*sdk.CreateFunctionInput)
		code, text string
	}{
		"taken":     {func(in *sdk.CreateFunctionInput) { in.FunctionName = aws.String("taken") }, "ResourceConflictException", "Function already exist: taken"},
		"name":      {func(in *sdk.CreateFunctionInput) { in.FunctionName = aws.String("a b") }, "ValidationException", "at 'functionName'"},
		"long name": {func(in *sdk.CreateFunctionInput) { in.FunctionName = aws.String(strings.Repeat("x", 65)) }, "ValidationException", "less than or equal to 64"},
		"elsewhere": {func(in *sdk.CreateFunctionInput) {
			in.FunctionName = aws.String("arn:aws:lambda:eu-west-1:123456789012:function:x")
		}, "ResourceNotFoundException", "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"},
		"runtime":    {func(in *sdk.CreateFunctionInput) { in.Runtime = "cobol85" }, "InvalidParameterValueException", "Value cobol85 at 'runtime' failed to satisfy constraint"},
		"no handler": {func(in *sdk.CreateFunctionInput) { in.Handler = nil }, "InvalidParameterValueException", "Runtime and Handler are mandatory parameters"},
		"role": {func(in *sdk.CreateFunctionInput) { in.Role = aws.String("arn:aws:iam::123456789012:role/none") },
			"InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."},
		"not a zip": {func(in *sdk.CreateFunctionInput) { in.Code.ZipFile = []byte("hello") }, "InvalidParameterValueException", "Could not unzip uploaded file."},
		"outside": {func(in *sdk.CreateFunctionInput) {
			in.Code.ZipFile = lambdatest.Zip(t, lambdatest.File{Name: "../x", Mode: 0o644})
		}, "InvalidParameterValueException", "outside of the function's directory"},
		"no code": {func(in *sdk.CreateFunctionInput) { in.Code = &types.FunctionCode{} }, "InvalidParameterValueException", "Please provide a source for function code."},
		"both":    {func(in *sdk.CreateFunctionInput) { in.Code.S3Bucket = aws.String("b") }, "InvalidParameterValueException", "do not provide other FunctionCode parameters"},
		"no object": {func(in *sdk.CreateFunctionInput) {
			in.Code = &types.FunctionCode{S3Bucket: aws.String("b"), S3Key: aws.String("k")}
		}, "InvalidParameterValueException", "S3 Error Code: NoSuchKey"},
		"image":   {func(in *sdk.CreateFunctionInput) { in.PackageType = types.PackageTypeImage }, "InvalidParameterValueException", "PackageType Image is not supported here"},
		"layers":  {func(in *sdk.CreateFunctionInput) { in.Layers = []string{"arn:x"} }, "InvalidParameterValueException", "Layers is not supported here"},
		"memory":  {func(in *sdk.CreateFunctionInput) { in.MemorySize = aws.Int32(64) }, "ValidationException", "greater than or equal to 128"},
		"timeout": {func(in *sdk.CreateFunctionInput) { in.Timeout = aws.Int32(901) }, "ValidationException", "less than or equal to 900"},
		"reserved": {func(in *sdk.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"AWS_REGION": "x"}}
		}, "InvalidParameterValueException", "Reserved keys used in this request: AWS_REGION"},
		"environment": {func(in *sdk.CreateFunctionInput) {
			in.Environment = &types.Environment{Variables: map[string]string{"XX": strings.Repeat("x", 5000)}}
		}, "InvalidParameterValueException", "exceeded the 4KB limit"},
	} {
		in := &sdk.CreateFunctionInput{
			FunctionName: aws.String("shop"), Role: aws.String(role), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
			Code: &types.FunctionCode{ZipFile: good},
		}
		c.change(in)
		_, err := w.CreateFunction(t.Context(), in)
		t.Run(name, func(t *testing.T) { refused(t, err, c.code, c.text) })
	}
	if out, err := w.ListFunctions(t.Context(), &sdk.ListFunctionsInput{}); err != nil || len(out.Functions) != 1 {
		t.Errorf("something was made all the same: %+v, %v", out, err)
	}
}

// TestRefusalsOfInvoke, and the forms of a function's name.
func TestRefusalsOfInvoke(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	w.create(t, "shop")
	for _, c := range []struct {
		in         sdk.InvokeInput
		code, text string
	}{
		{sdk.InvokeInput{FunctionName: aws.String("none")}, "ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:123456789012:function:none"},
		{sdk.InvokeInput{FunctionName: aws.String("shop"), Qualifier: aws.String("live")}, "ResourceNotFoundException", "Cannot find alias arn:"},
		{sdk.InvokeInput{FunctionName: aws.String("shop"), Qualifier: aws.String("3")}, "ResourceNotFoundException", "function:shop:3"},
		{sdk.InvokeInput{FunctionName: aws.String("shop:1"), Qualifier: aws.String("2")}, "InvalidParameterValueException", "does not match the specified qualifier"},
		{sdk.InvokeInput{FunctionName: aws.String("shop"), Payload: []byte("{no")}, "InvalidRequestContentException", "Could not parse request body into json: "},
		{sdk.InvokeInput{FunctionName: aws.String("shop"), Payload: bytes.Repeat([]byte(" "), 6<<20+1)}, "RequestTooLargeException", "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"},
		{sdk.InvokeInput{FunctionName: aws.String("shop"), InvocationType: types.InvocationTypeEvent, Payload: bytes.Repeat([]byte(" "), 1<<20+1)}, "RequestTooLargeException", "Event"},
		{sdk.InvokeInput{FunctionName: aws.String("shop"), InvocationType: "Later"}, "ValidationException", "at 'invocationType'"},
		{sdk.InvokeInput{FunctionName: aws.String("shop"), ClientContext: aws.String("?")}, "InvalidRequestContentException", "Client context"},
	} {
		_, err := w.Invoke(ctx, &c.in)
		refused(t, err, c.code, c.text)
	}
	for _, name := range []string{
		"shop", "shop:$LATEST", "function:shop", "123456789012:function:shop", "arn:aws:lambda:us-east-1:123456789012:function:shop",
		"arn:aws:lambda:us-east-1:123456789012:function:shop:$LATEST",
	} {
		w.describe(t, name)
	}
	dry, err := w.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("shop"), InvocationType: types.InvocationTypeDryRun})
	if err != nil || dry.StatusCode != 204 || len(dry.Payload) > 0 {
		t.Errorf("a dry run: %+v, %v", dry, err)
	}
}

// TestCodeStorage: all versions together have a limit.
func TestCodeStorage(t *testing.T) {
	archive := lambdatest.Zip(t, lambdatest.File{Name: "bootstrap", Mode: 0o755, Content: []byte("x")})
	w := newWorld(t, func(c *lambdaConfig) { c.MaxCode = int64(len(archive)) * 2 })
	w.create(t, "shop", func(in *sdk.CreateFunctionInput) { in.Code, in.Publish = zipped(archive), true })
	in := &sdk.UpdateFunctionCodeInput{FunctionName: aws.String("shop"), ZipFile: archive}
	if _, err := w.UpdateFunctionCode(t.Context(), in); err != nil {
		t.Errorf("in the place of what was there: %v", err)
	}
	_, err := w.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: in.FunctionName, Timeout: aws.Int32(5)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.PublishVersion(t.Context(), &sdk.PublishVersionInput{FunctionName: in.FunctionName})
	refused(t, err, "CodeStorageExceededException", "Code storage limit exceeded.")
	in.ZipFile = lambdatest.Zip(t, lambdatest.File{Name: "bootstrap", Mode: 0o755, Content: []byte("something larger")})
	_, err = w.UpdateFunctionCode(t.Context(), in)
	refused(t, err, "CodeStorageExceededException", "Code storage limit exceeded.")
}

// TestCodeInS3, by its key and its version.
func TestCodeInS3(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	w.objects["code/shop.zip"] = lambdatest.Function(t)
	w.objects["code/shop.zipv2"] = lambdatest.Zip(t, lambdatest.File{Name: "bootstrap", Mode: 0o755, Content: []byte("#!/bin/sh\nexit 9\n")})
	made := w.create(t, "shop", func(in *sdk.CreateFunctionInput) {
		in.Code = &types.FunctionCode{S3Bucket: aws.String("code"), S3Key: aws.String("shop.zip")}
	})
	w.describe(t, "shop")
	dry, err := w.UpdateFunctionCode(ctx, &sdk.UpdateFunctionCodeInput{
		FunctionName: aws.String("shop"), S3Bucket: aws.String("code"), S3Key: aws.String("shop.zip"), S3ObjectVersion: aws.String("v2"), DryRun: true,
	})
	if err != nil || *dry.CodeSha256 == *made.CodeSha256 {
		t.Errorf("%+v, %v", dry, err)
	}
	w.describe(t, "shop")
	got, err := w.GetFunction(ctx, &sdk.GetFunctionInput{FunctionName: aws.String("shop")})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(*got.Code.Location)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if archive, err := io.ReadAll(answer.Body); err != nil || !bytes.Equal(archive, w.objects["code/shop.zip"]) {
		t.Errorf("GetFunction's link gives %d bytes, status %d, %v", len(archive), answer.StatusCode, err)
	}
	forged, err := http.Get(strings.Replace(*got.Code.Location, "expires=", "expires=1", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer forged.Body.Close()
	if forged.StatusCode != http.StatusForbidden {
		t.Errorf("a forged link: %d", forged.StatusCode)
	}
}

// TestWhoMay: policies decide, by the function and the qualifier, and on passing a role.
func TestWhoMay(t *testing.T) {
	p, err := identity.ParsePolicy(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"lambda:*","Resource":["arn:aws:lambda:us-east-1:123456789012:function:dev-*"]},
		{"Effect":"Deny","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:*:*:function:*:live"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	w := open(t, identity.Caller{ARN: "arn:aws:iam::123456789012:user/dev", AccountID: account, UserName: "dev", Policies: []identity.Policy{p}})
	ctx := t.Context()
	_, err = w.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("shop")})
	refused(t, err, "AccessDeniedException", "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: lambda:InvokeFunction on resource: "+
		"arn:aws:lambda:us-east-1:123456789012:function:shop because no identity-based policy allows the lambda:InvokeFunction action")
	_, err = w.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("dev-shop:live")})
	refused(t, err, "AccessDeniedException", "with an explicit deny")
	_, err = w.Invoke(ctx, &sdk.InvokeInput{FunctionName: aws.String("dev-shop")})
	refused(t, err, "ResourceNotFoundException", "")
	_, err = w.ListFunctions(ctx, &sdk.ListFunctionsInput{})
	refused(t, err, "AccessDeniedException", "lambda:ListFunctions on resource: *")
	_, err = w.CreateFunction(ctx, &sdk.CreateFunctionInput{
		FunctionName: aws.String("dev-shop"), Role: aws.String(role), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("x"),
		Code: &types.FunctionCode{ZipFile: lambdatest.Zip(t, lambdatest.File{Name: "bootstrap", Mode: 0o755})},
	})
	refused(t, err, "AccessDeniedException", "iam:PassRole on resource: "+role)
}

// TestEvents: they are done later, again where they fail, and after a restart.
func TestEvents(t *testing.T) {
	w := newWorld(t, func(c *lambdaConfig) { c.RetryEvents = 10 * time.Millisecond })
	w.create(t, "shop")
	send := func(event string) {
		t.Helper()
		out, err := w.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("shop"), InvocationType: types.InvocationTypeEvent, Payload: []byte(event)})
		if err != nil || out.StatusCode != 202 || len(out.Payload) > 0 {
			t.Fatalf("%+v, %v", out, err)
		}
	}
	send(`{"Do":"log"}`)
	send(`{"Do":"error","Text":"no"}`)
	w.eventually(t, "1 success and 3 tries of the failure", func() bool {
		return w.metrics.sum("AWS/Lambda Invocations shop  ") == 4 && w.metrics.sum("AWS/Lambda Errors shop  ") == 3
	})
	w.eventually(t, "nothing left to do", func() bool {
		left, _ := w.cfg.Store.Documents(context.Background(), "lambda/event")
		return len(left) == 0
	})
}

// TestEventsOutliveTheServer: what was accepted is done by the next process.
func TestEventsOutliveTheServer(t *testing.T) {
	w := newWorld(t, func(c *lambdaConfig) { c.RetryEvents = time.Hour })
	w.create(t, "shop", func(in *sdk.CreateFunctionInput) { in.Timeout = aws.Int32(3) })
	if _, err := w.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: aws.String("shop"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`{"Do":"hang"}`)}); err != nil {
		t.Fatal(err)
	}
	w.stop()
	again := newWorld(t, func(c *lambdaConfig) { c.Store, c.Dir = w.cfg.Store, w.cfg.Dir })
	again.eventually(t, "another try", func() bool { return again.metrics.sum("AWS/Lambda Errors shop  ") > 0 })
}

// eventually waits for something to become so.
func (w *world) eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for start := time.Now(); !so(); {
		if time.Since(start) > 30*time.Second {
			t.Fatalf("there never was %s: %v", what, w.metrics.all())
		}
		<-time.After(10 * time.Millisecond)
	}
}

func TestTags(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	made := w.create(t, "shop", func(in *sdk.CreateFunctionInput) { in.Tags = map[string]string{"team": "shop", "stage": "dev"} })
	if _, err := w.TagResource(ctx, &sdk.TagResourceInput{Resource: made.FunctionArn, Tags: map[string]string{"stage": "prod", "a b": "c"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.UntagResource(ctx, &sdk.UntagResourceInput{Resource: made.FunctionArn, TagKeys: []string{"team", "a b"}}); err != nil {
		t.Fatal(err)
	}
	out, err := w.ListTags(ctx, &sdk.ListTagsInput{Resource: made.FunctionArn})
	if err != nil || len(out.Tags) != 1 || out.Tags["stage"] != "prod" {
		t.Errorf("%+v, %v", out, err)
	}
	_, err = w.TagResource(ctx, &sdk.TagResourceInput{Resource: made.FunctionArn, Tags: map[string]string{"aws:x": "y"}})
	refused(t, err, "InvalidParameterValueException", "cannot start with 'aws:'")
}

func TestResourcePolicy(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	w.create(t, "shop")
	in := &sdk.AddPermissionInput{
		FunctionName: aws.String("shop"), StatementId: aws.String("events"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("events.amazonaws.com"), SourceArn: aws.String("arn:aws:events:us-east-1:123456789012:rule/x"),
	}
	if _, err := w.AddPermission(ctx, in); err != nil {
		t.Fatal(err)
	}
	_, err := w.AddPermission(ctx, in)
	refused(t, err, "ResourceConflictException", "The statement id (events) provided already exists.")
	got, err := w.GetPolicy(ctx, &sdk.GetPolicyInput{FunctionName: aws.String("shop")})
	want := `{"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"events","Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},` +
		`"Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:us-east-1:123456789012:function:shop","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:us-east-1:123456789012:rule/x"}}}]}`
	if err != nil || *got.Policy != want {
		t.Errorf("%v, %v", aws.ToString(got.Policy), err)
	}
	if _, err := w.RemovePermission(ctx, &sdk.RemovePermissionInput{FunctionName: aws.String("shop"), StatementId: aws.String("events")}); err != nil {
		t.Error(err)
	}
	_, err = w.GetPolicy(ctx, &sdk.GetPolicyInput{FunctionName: aws.String("shop")})
	refused(t, err, "ResourceNotFoundException", "")
}

// TestClientContext reaches the function.
func TestClientContext(t *testing.T) {
	w := newWorld(t)
	w.create(t, "shop")
	out, err := w.Invoke(t.Context(), &sdk.InvokeInput{
		FunctionName: aws.String("shop"), ClientContext: aws.String(base64.StdEncoding.EncodeToString([]byte(`{"custom":{"k":"v"}}`))),
	})
	if err != nil || !strings.Contains(string(out.Payload), `"Custom":{"k":"v"}`) {
		t.Errorf("%s, %v", out.Payload, err)
	}
}
