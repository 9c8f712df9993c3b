package awswire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/schemas"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/awswire"
)

// restKeys knows everybody.
type restKeys struct{}

func (restKeys) Secret(context.Context, string, string) (string, any, error) {
	return "secret", "me", nil
}

// seen remembers the input of the last operation.
type seen struct{ last any }

func remember[In, Out any](s *seen, out *Out, err error) awswire.Operation {
	return awswire.Op(func(_ context.Context, in *In) (*Out, error) {
		s.last = in
		return out, err
	})
}

// restService has operations of Lambda's with every kind of binding.
func restService(s *seen) awswire.Service {
	of := smithy.NewOperationSchema
	model := []*smithy.OperationSchema{
		of(schemas.Invoke, schemas.InvocationRequest, schemas.InvocationResponse),
		of(schemas.UpdateFunctionCode, schemas.UpdateFunctionCodeRequest, nil),
		of(schemas.UntagResource, schemas.UntagResourceRequest, nil),
		of(schemas.ListFunctions, schemas.ListFunctionsRequest, nil),
		of(schemas.DeleteFunction, schemas.DeleteFunctionRequest, schemas.DeleteFunctionResponse),
		of(schemas.GetAlias, schemas.GetAliasRequest, nil),
		of(schemas.GetPolicy, schemas.GetPolicyRequest, nil), // has no operation
	}
	operations := awswire.Operations{
		"Invoke": remember[lambda.InvokeInput](s, &lambda.InvokeOutput{
			StatusCode: 202, Payload: []byte("any \x00 bytes"), FunctionError: aws.String("Unhandled"), ExecutedVersion: aws.String("7"),
		}, nil),
		"UpdateFunctionCode": remember[lambda.UpdateFunctionCodeInput](s, &types.FunctionConfiguration{
			FunctionName: aws.String("<shop>"), Timeout: aws.Int32(3), State: types.StateActive,
			Environment: &types.EnvironmentResponse{Variables: map[string]string{"A": "é"}},
		}, nil),
		"UntagResource":  remember[lambda.UntagResourceInput](s, (*awswire.Empty)(nil), nil),
		"ListFunctions":  remember[lambda.ListFunctionsInput](s, &lambda.ListFunctionsOutput{}, nil),
		"DeleteFunction": remember[lambda.DeleteFunctionInput, lambda.DeleteFunctionOutput](s, nil, awswire.Errorf("ResourceNotFoundException", "gone")),
		"GetAlias":       remember[lambda.GetAliasInput, types.AliasConfiguration](s, nil, errors.New("a secret of the server's")),
	}
	return awswire.RESTJSON("lambda", model, []*smithy.Schema{schemas.ResourceNotFoundException}, operations, slog.New(slog.DiscardHandler))
}

func restClient(t *testing.T, s *seen) (*lambda.Client, string) {
	t.Helper()
	server := httptest.NewServer(awswire.Authenticated(restKeys{}, time.Now, 1<<20, restService(s)))
	t.Cleanup(server.Close)
	return lambda.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", ""),
	}), server.URL
}

// TestRESTJSON: members travel where the model says, in both directions, as the SDK has it.
func TestRESTJSON(t *testing.T) {
	var s seen
	client, _ := restClient(t, &s)
	ctx := t.Context()
	out, err := client.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: aws.String("arn:aws:lambda:us-east-1:1:function:a b/c"), Qualifier: aws.String("x&y=z"), Payload: []byte("\xff{"),
		InvocationType: types.InvocationTypeEvent, LogType: types.LogTypeTail,
	})
	if err != nil || out.StatusCode != 202 || string(out.Payload) != "any \x00 bytes" || *out.FunctionError != "Unhandled" || *out.ExecutedVersion != "7" || out.LogResult != nil {
		t.Errorf("%+v, %v", out, err)
	}
	in := s.last.(*lambda.InvokeInput)
	if *in.FunctionName != "arn:aws:lambda:us-east-1:1:function:a b/c" || *in.Qualifier != "x&y=z" || string(in.Payload) != "\xff{" ||
		in.InvocationType != types.InvocationTypeEvent || in.LogType != types.LogTypeTail {
		t.Errorf("%+v", in)
	}
	made, err := client.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("shop"), ZipFile: []byte{0, 1, 255}, DryRun: true})
	if err != nil || *made.FunctionName != "<shop>" || *made.Timeout != 3 || made.State != types.StateActive || made.Environment.Variables["A"] != "é" {
		t.Errorf("%+v, %v", made, err)
	}
	if in := s.last.(*lambda.UpdateFunctionCodeInput); *in.FunctionName != "shop" || !bytes.Equal(in.ZipFile, []byte{0, 1, 255}) || !in.DryRun || in.S3Key != nil {
		t.Errorf("%+v", in)
	}
	if _, err := client.UntagResource(ctx, &lambda.UntagResourceInput{Resource: aws.String("arn:x"), TagKeys: []string{"a", "b&c"}}); err != nil {
		t.Error(err)
	}
	if in := s.last.(*lambda.UntagResourceInput); !slices.Equal(in.TagKeys, []string{"a", "b&c"}) || *in.Resource != "arn:x" {
		t.Errorf("%+v", in)
	}
	if _, err := client.ListFunctions(ctx, &lambda.ListFunctionsInput{MaxItems: aws.Int32(5)}); err != nil || *s.last.(*lambda.ListFunctionsInput).MaxItems != 5 {
		t.Errorf("%+v, %v", s.last, err)
	}
	_, err = client.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("shop")})
	if e, ok := errors.AsType[*types.ResourceNotFoundException](err); !ok || e.ErrorMessage() != "gone" || *e.Type != "User" {
		t.Errorf("%v", err)
	}
	_, err = client.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: aws.String("shop"), Name: aws.String("x")})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "InternalFailure" || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	_, err = client.GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String("shop")})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "UnknownOperationException" {
		t.Errorf("%v", err)
	}
}

// TestRESTJSONBounds: a service may take larger bodies than the others, and a wrong signature
// is refused in words that the SDK knows.
func TestRESTJSONBounds(t *testing.T) {
	var s seen
	client, url := restClient(t, &s)
	large := &lambda.InvokeInput{FunctionName: aws.String("shop"), Payload: bytes.Repeat([]byte("x"), 1<<20+1)}
	_, err := client.Invoke(t.Context(), large)
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "RequestEntityTooLargeException" {
		t.Errorf("%v", err)
	}
	wide := httptest.NewServer(awswire.Authenticated(restKeys{}, time.Now, 1<<20, restService(&s).Taking(2<<20)))
	defer wide.Close()
	if _, err := client.Invoke(t.Context(), large, func(o *lambda.Options) { o.BaseEndpoint = &wide.URL }); err != nil {
		t.Error(err)
	}
	stranger := lambda.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &url, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "wrong", ""),
	})
	_, err = stranger.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("shop")})
	if e, ok := errors.AsType[smithy.APIError](err); !ok || e.ErrorCode() != "InvalidSignatureException" {
		t.Errorf("%v", err)
	}
	answer, err := http.Post(url+"/2015-03-31/functions/shop/invocations", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 403 || answer.Header.Get("X-Amzn-Errortype") != "MissingAuthenticationTokenException" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
}

// FuzzRESTJSON: any method, path, query, header and body gets an answer in JSON that is no
// failure of the server's.
func FuzzRESTJSON(f *testing.F) {
	f.Add("POST", "/2015-03-31/functions/shop/invocations", "Qualifier=1", "Event", []byte(`{}`))
	f.Add("PUT", "/2015-03-31/functions/shop/code", "", "", []byte(`{"ZipFile":"AAE=","DryRun":true,"Architectures":["x"]}`))
	f.Add("PUT", "/2015-03-31/functions/a%2Fb/code", "", "", []byte(`{"ZipFile":1}`))
	f.Add("DELETE", "/2017-03-31/tags/arn", "tagKeys=a&tagKeys=b", "", []byte(nil))
	f.Add("GET", "/2015-03-31/functions", "MaxItems=x", "", []byte(nil))
	f.Fuzz(func(t *testing.T, method, path, query, header string, body []byte) {
		u, err := url.Parse("http://lambda" + path)
		if err != nil || !strings.HasPrefix(path, "/") {
			return
		}
		u.RawQuery = query
		r, err := http.NewRequest(method, u.String(), bytes.NewReader(body))
		if err != nil {
			return
		}
		r.Header.Set("X-Amz-Invocation-Type", header)
		var s seen
		w := httptest.NewRecorder()
		awswire.ServeUnsigned(restService(&s), w, r, body)
		if w.Code >= 500 && !strings.Contains(path, "/aliases/") {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		if _, isCall := s.last.(*lambda.InvokeInput); !isCall && w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: %s", method, path, w.Body)
		}
	})
}
