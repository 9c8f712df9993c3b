package lambda_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/sandbox"
	"github.com/slipway/slipway/internal/standin/lambda"
	"github.com/slipway/slipway/internal/standin/lambda/environment"
	"github.com/slipway/slipway/internal/standin/lambda/lambdatest"
	"github.com/slipway/slipway/internal/standin/record/recordtest"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == sandbox.InitArg {
		sandbox.Init()
	}
	os.Exit(m.Run())
}

const (
	account = "123456789012"
	region  = "us-east-1"
	role    = "arn:aws:iam::123456789012:role/shop"
)

type keys struct{ caller identity.Caller }

func (k keys) Secret(context.Context, string, string) (string, any, error) {
	return "secret", k.caller, nil
}

// A world is the stand-in behind verified signatures, and a client.
type world struct {
	*sdk.Client
	service *lambda.Service
	url     string
	cfg     lambda.Config
	metrics *metrics
	objects map[string][]byte
	stop    func()
}

func newWorld(t *testing.T, options ...func(*lambda.Config)) *world {
	t.Helper()
	return open(t, identity.Administrator(account), options...)
}

func open(t *testing.T, caller identity.Caller, options ...func(*lambda.Config)) *world {
	t.Helper()
	w := &world{metrics: &metrics{}, objects: map[string][]byte{}}
	w.objects["code/function"] = lambdatest.Function(t)
	w.cfg = lambda.Config{
		Store: &recordtest.Memory{}, Dir: t.TempDir(), Region: region, Account: account,
		Endpoint: func() string { return w.url }, AssumeRole: assume, Object: w.object, Metrics: w.metrics,
	}
	for _, o := range options {
		o(&w.cfg)
	}
	var err error
	if w.service, err = lambda.Open(t.Context(), w.cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.service.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.stop)
	signed := awswire.Authenticated(keys{caller}, time.Now, 0, w.service.Wire())
	server := httptest.NewServer(route(signed, w.service.Web(keys{caller})))
	t.Cleanup(server.Close)
	w.url = server.URL
	w.Client = sdk.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: &w.url, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", ""),
	})
	return w
}

func assume(_ context.Context, arn, session string) (environment.Credentials, error) {
	if arn != role {
		return environment.Credentials{}, &identity.Error{Code: identity.AccessDenied, Message: "no"}
	}
	return environment.Credentials{AccessKeyID: "ASIA" + session, Secret: "s", Token: "t", Expires: time.Now().Add(time.Hour)}, nil
}

type unreadable string

func (u unreadable) Error() string        { return string(u) }
func (u unreadable) ErrorCode() string    { return string(u) }
func (u unreadable) ErrorMessage() string { return "The specified key does not exist." }

func (w *world) object(_ context.Context, _ identity.Caller, bucket, key, version string) (io.ReadCloser, error) {
	body, ok := w.objects[bucket+"/"+key+version]
	if !ok {
		return nil, unreadable("NoSuchKey")
	}
	return io.NopCloser(strings.NewReader(string(body))), nil
}

// zipped is code in the request.
func zipped(archive []byte) *types.FunctionCode { return &types.FunctionCode{ZipFile: archive} }

// create makes a function of test/function, which is in S3.
func (w *world) create(t *testing.T, name string, change ...func(*sdk.CreateFunctionInput)) *sdk.CreateFunctionOutput {
	t.Helper()
	in := &sdk.CreateFunctionInput{
		FunctionName: &name, Role: aws.String(role), Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Code: &types.FunctionCode{S3Bucket: aws.String("code"), S3Key: aws.String("function")}, Timeout: aws.Int32(10),
	}
	for _, c := range change {
		c(in)
	}
	out, err := w.CreateFunction(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// call invokes a function and returns its answer, which must be no error, as text.
func (w *world) call(t *testing.T, name, event string) string {
	t.Helper()
	out := w.invoke(t, name, event)
	if out.FunctionError != nil {
		t.Fatalf("%s of %s: %s", event, name, out.Payload)
	}
	return string(out.Payload)
}

func (w *world) invoke(t *testing.T, name, event string) *sdk.InvokeOutput {
	t.Helper()
	out, err := w.Invoke(t.Context(), &sdk.InvokeInput{FunctionName: &name, Payload: []byte(event), LogType: types.LogTypeTail})
	if err != nil {
		t.Fatalf("%s of %s: %v", event, name, err)
	}
	return out
}

func tail(t *testing.T, out *sdk.InvokeOutput) string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(aws.ToString(out.LogResult))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// refused checks the code and the text of an error.
func refused(t *testing.T, err error, code, text string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), text) {
		t.Errorf("got %v, want %s: …%s…", err, code, text)
	}
}

// known is what a function tells of itself.
type known struct {
	Request, ARN, Version string
	Calls, Process, User  int
	Left                  int64
	Directory             string
	Environment           map[string]string
}

func (w *world) describe(t *testing.T, name string) known {
	t.Helper()
	var k known
	if err := json.Unmarshal([]byte(w.call(t, name, `{}`)), &k); err != nil {
		t.Fatal(err)
	}
	return k
}

// TestFunctionRuns: a program built with AWS's library is created, called, and told what
// Lambda tells.
func TestFunctionRuns(t *testing.T) {
	w := newWorld(t)
	made := w.create(t, "shop", func(in *sdk.CreateFunctionInput) {
		in.Code = zipped(lambdatest.Function(t))
		in.Environment = &types.Environment{Variables: map[string]string{"COLOUR": "blue"}}
	})
	if made.State != types.StateActive || *made.Version != "$LATEST" || *made.FunctionArn != "arn:aws:lambda:us-east-1:123456789012:function:shop" {
		t.Errorf("%+v", made)
	}
	k := w.describe(t, "shop")
	for name, want := range map[string]string{
		"COLOUR": "blue", "AWS_LAMBDA_FUNCTION_NAME": "shop", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
		"LAMBDA_TASK_ROOT": "/var/task", "_HANDLER": "bootstrap", "AWS_REGION": region, "AWS_ACCESS_KEY_ID": "ASIAshop", "AWS_ENDPOINT_URL": w.url,
	} {
		if k.Environment[name] != want {
			t.Errorf("%s is %q, want %q", name, k.Environment[name], want)
		}
	}
	if k.ARN != *made.FunctionArn || k.Request == "" || k.Directory != "/var/task" || k.Left < 5000 || k.Left > 10000 {
		t.Errorf("%+v", k)
	}
	if os.Geteuid() == 0 && k.User == 0 {
		t.Error("the function runs as root")
	}
	if again := w.describe(t, "shop"); again.Process != k.Process || again.Calls != 2 || again.Request == k.Request {
		t.Errorf("the second call was not a warm one: %+v", again)
	}
}
