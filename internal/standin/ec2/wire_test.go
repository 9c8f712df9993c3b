package ec2_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/middleware"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/ec2"
)

// A proofreader reads every answer that the client gets. The SDK leaves out what it does not
// know, so an answer that it has read and that is written again is the same only if every
// member was called as EC2 calls it.
type proofreader struct {
	t    *testing.T
	next aws.HTTPClient
	last []byte
}

func (p *proofreader) Do(r *http.Request) (*http.Response, error) {
	response, err := p.next.Do(r)
	if err != nil {
		return nil, err
	}
	p.last, err = io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(p.last))
	return response, err
}

var requestID = regexp.MustCompile(`<requestId>[^<]*</requestId>`)

func (p *proofreader) read(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("proofread", func(
		ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler,
	) (out middleware.DeserializeOutput, m middleware.Metadata, err error) {
		out, m, err = next.HandleDeserialize(ctx, in)
		if err == nil {
			again := requestID.ReplaceAll(written(p.t, middleware.GetOperationName(ctx), out.Result), nil)
			if sent := requestID.ReplaceAll(p.last, nil); !bytes.Equal(sent, again) {
				p.t.Errorf("%s is read as something else:\n%s\n%s", middleware.GetOperationName(ctx), sent, again)
			}
		}
		return out, m, err
	}), middleware.Before)
}

// written is an output as the stand-in writes it.
func written(t *testing.T, operation string, out any) []byte {
	t.Helper()
	service := awswire.EC2Query("ec2", "2016-11-15", "http://ec2.amazonaws.com/doc/2016-11-15/", ec2.WireNames, awswire.Operations{
		operation: awswire.Op(func(context.Context, *struct{}) (*any, error) { return &out, nil }),
	}, slog.New(slog.DiscardHandler))
	body := "Action=" + operation + "&Version=2016-11-15"
	r := httptest.NewRequest(http.MethodPost, "http://ec2.example/", strings.NewReader(body))
	sum := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	r.Header.Set("X-Amz-Content-Sha256", sum)
	key := aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}
	r.URL.RawQuery, r.Body = body, http.NoBody
	if err := v4.NewSigner().SignHTTP(t.Context(), key, r, sum, "ec2", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	awswire.Authenticated(keys{identity.Caller{}}, time.Now, 0, service).ServeHTTP(w, r)
	return w.Body.Bytes()
}

// TestEveryParameterIsKnown: what the SDK can say of a launch is read, for what is not is refused.
func TestEveryParameterIsKnown(t *testing.T) {
	w := newWorld(t)
	run, template := new(sdk.RunInstancesInput), new(sdk.CreateLaunchTemplateInput)
	fill(reflect.ValueOf(run).Elem())
	fill(reflect.ValueOf(template).Elem())
	if _, err := w.RunInstances(t.Context(), run); codeOf(err) != "DryRunOperation" {
		t.Errorf("RunInstances: %v", err)
	}
	if _, err := w.CreateLaunchTemplate(t.Context(), template); codeOf(err) != "DryRunOperation" {
		t.Errorf("CreateLaunchTemplate: %v", err)
	}
}

// fill sets everything below v that can be set.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(1, 0)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("text")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(7)
	}
}
