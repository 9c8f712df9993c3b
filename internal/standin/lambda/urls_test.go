package lambda_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/slipway/slipway/internal/standin/lambda/lambdatest"
)

// echo answers with its event, as a browser would see it; a path /raw returns it as it is.
var echo = lambdatest.File{Name: "index.py", Mode: 0o644, Content: []byte(`
import json
def handler(event, context):
    if event["rawPath"] == "/raw": return {"plain": True}
    if event["rawPath"] == "/fail": raise ValueError("no")
    if event["rawPath"] == "/image": return {"statusCode": 200, "headers": {"content-type": "image/png"}, "body": "iVBORw==", "isBase64Encoded": True}
    return {"statusCode": 201, "headers": {"X-Made": "yes", "X-Count": 3}, "cookies": ["a=1; Secure", "b=2"], "body": json.dumps(event)}
`)}

func (w *world) echo(t *testing.T) {
	t.Helper()
	w.create(t, "web", func(in *sdk.CreateFunctionInput) {
		in.Runtime, in.Handler, in.Code, in.MemorySize = types.RuntimePython312, aws.String("index.handler"), zipped(lambdatest.Zip(t, echo)), aws.Int32(512)
	})
}

func (w *world) makeURL(t *testing.T, auth types.FunctionUrlAuthType, cors *types.Cors) string {
	t.Helper()
	out, err := w.CreateFunctionUrlConfig(t.Context(), &sdk.CreateFunctionUrlConfigInput{FunctionName: aws.String("web"), AuthType: auth, Cors: cors})
	if err != nil {
		t.Fatal(err)
	}
	return *out.FunctionUrl
}

// ask sends a request and returns the answer with its body.
func ask(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

func request(t *testing.T, method, url string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestFunctionURL: a plain HTTP request becomes an event of the format 2.0, and the answer a
// response.
func TestFunctionURL(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	w.echo(t)
	url := w.makeURL(t, types.FunctionUrlAuthTypeNone, &types.Cors{AllowOrigins: []string{"https://shop.example"}, AllowMethods: []string{"GET"}})
	if answer, body := ask(t, request(t, "GET", url, nil)); answer.StatusCode != 403 || !strings.Contains(body, "add-permission") {
		t.Errorf("without a permission: %d %s", answer.StatusCode, body)
	}
	if _, err := w.AddPermission(ctx, &sdk.AddPermissionInput{
		FunctionName: aws.String("web"), StatementId: aws.String("all"), Action: aws.String("lambda:InvokeFunctionUrl"), Principal: aws.String("*"),
		FunctionUrlAuthType: types.FunctionUrlAuthTypeNone,
	}); err != nil {
		t.Fatal(err)
	}
	r := request(t, "POST", url+"a%2Fb/c?x=1&x=2&y=z", []byte(`{"n":1}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Cookie", "k=v; l=w")
	r.Header.Set("Origin", "https://shop.example")
	answer, body := ask(t, r)
	if answer.StatusCode != 201 || answer.Header.Get("X-Made") != "yes" || answer.Header.Get("X-Count") != "3" ||
		len(answer.Header.Values("Set-Cookie")) != 2 || answer.Header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
	var e struct {
		Version, RawPath, RawQueryString, Body string
		Cookies                                []string
		Headers, QueryStringParameters         map[string]string
		IsBase64Encoded                        bool
		RequestContext                         struct {
			AccountID, RequestID string
			HTTP                 struct{ Method, Path, SourceIP string }
		}
	}
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatal(err)
	}
	if e.Version != "2.0" || e.RawPath != "/a%2Fb/c" || e.RawQueryString != "x=1&x=2&y=z" || e.QueryStringParameters["x"] != "1,2" || e.Body != `{"n":1}` ||
		e.IsBase64Encoded || len(e.Cookies) != 2 || e.Headers["content-type"] != "application/json" || e.RequestContext.AccountID != "anonymous" ||
		e.RequestContext.HTTP.Method != "POST" || e.RequestContext.HTTP.SourceIP != "127.0.0.1" {
		t.Errorf("the event is %s", body)
	}
	for path, want := range map[string]struct {
		status            int
		contentType, body string
	}{
		"raw":   {200, "application/json", `{"plain": true}`},
		"image": {200, "image/png", "\x89PNG"},
		"fail":  {502, "application/json", "{\"Message\":\"Internal Server Error\"}\n"},
	} {
		answer, body := ask(t, request(t, "GET", url+path, nil))
		if answer.StatusCode != want.status || answer.Header.Get("Content-Type") != want.contentType || body != want.body {
			t.Errorf("%s: %d %v %q", path, answer.StatusCode, answer.Header, body)
		}
	}
	preflight := request(t, "OPTIONS", url, nil)
	preflight.Header.Set("Origin", "https://shop.example")
	preflight.Header.Set("Access-Control-Request-Method", "GET")
	if answer, _ := ask(t, preflight); answer.StatusCode != 200 || answer.Header.Get("Access-Control-Allow-Methods") != "GET" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
	large := request(t, "POST", url, bytes.Repeat([]byte("x"), 7<<20))
	if answer, _ := ask(t, large); answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body: %d", answer.StatusCode)
	}
	if _, err := w.DeleteFunctionUrlConfig(ctx, &sdk.DeleteFunctionUrlConfigInput{FunctionName: aws.String("web")}); err != nil {
		t.Fatal(err)
	}
	if answer, _ := ask(t, request(t, "GET", url, nil)); answer.StatusCode != 404 {
		t.Errorf("a URL that is gone: %d", answer.StatusCode)
	}
}

// TestSignedFunctionURL: only who signs may call, and the function learns who.
func TestSignedFunctionURL(t *testing.T) {
	w := newWorld(t)
	w.echo(t)
	url := w.makeURL(t, types.FunctionUrlAuthTypeAwsIam, nil)
	for service, want := range map[string]int{"": 403, "s3": 403, "lambda": 201} {
		r := request(t, "POST", url+"x", []byte("hello"))
		if service != "" {
			hash := sha256.Sum256([]byte("hello"))
			key := aws.Credentials{AccessKeyID: "AKIAIOSFODNN7EXAMPLE", SecretAccessKey: "secret"}
			if err := v4.NewSigner().SignHTTP(t.Context(), key, r, hex.EncodeToString(hash[:]), service, region, time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		answer, body := ask(t, r)
		if answer.StatusCode != want || want == 201 && !strings.Contains(body, `"userArn": "arn:aws:iam::123456789012:user/`) {
			t.Errorf("signed for %q: %d %s", service, answer.StatusCode, body)
		}
	}
}

func TestFunctionURLConfigs(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	name := aws.String("web")
	w.create(t, *name)
	url := w.makeURL(t, types.FunctionUrlAuthTypeAwsIam, nil)
	_, err := w.CreateFunctionUrlConfig(ctx, &sdk.CreateFunctionUrlConfigInput{FunctionName: name, AuthType: types.FunctionUrlAuthTypeNone})
	refused(t, err, "ResourceConflictException", "FunctionUrlConfig exists for this Lambda function")
	_, err = w.CreateFunctionUrlConfig(ctx, &sdk.CreateFunctionUrlConfigInput{FunctionName: aws.String("none"), AuthType: types.FunctionUrlAuthTypeNone})
	refused(t, err, "ResourceNotFoundException", "function:none")
	_, err = w.UpdateFunctionUrlConfig(ctx, &sdk.UpdateFunctionUrlConfigInput{FunctionName: name, InvokeMode: types.InvokeModeResponseStream})
	refused(t, err, "InvalidParameterValueException", "RESPONSE_STREAM is not supported here")
	if _, err := w.UpdateFunctionUrlConfig(ctx, &sdk.UpdateFunctionUrlConfigInput{FunctionName: name, AuthType: types.FunctionUrlAuthTypeNone}); err != nil {
		t.Error(err)
	}
	got, err := w.GetFunctionUrlConfig(ctx, &sdk.GetFunctionUrlConfigInput{FunctionName: name})
	if err != nil || *got.FunctionUrl != url || got.AuthType != types.FunctionUrlAuthTypeNone {
		t.Errorf("%+v, %v", got, err)
	}
	list, err := w.ListFunctionUrlConfigs(ctx, &sdk.ListFunctionUrlConfigsInput{FunctionName: name})
	if err != nil || len(list.FunctionUrlConfigs) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
}
