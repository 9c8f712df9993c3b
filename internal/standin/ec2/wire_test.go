package ec2_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	t    testing.TB
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
func written(t testing.TB, operation string, out any) []byte {
	t.Helper()
	service := awswire.EC2Query("ec2", "2016-11-15", "http://ec2.amazonaws.com/doc/2016-11-15/", ec2.WireNames, awswire.Operations{
		operation: awswire.Op(func(context.Context, *struct{}) (*any, error) { return &out, nil }),
	}, slog.New(slog.DiscardHandler))
	return post(t, awswire.Authenticated(keys{identity.Caller{}}, time.Now, 0, service), "Action="+operation+"&Version=2016-11-15").Body.Bytes()
}

// post sends a signed form.
func post(t testing.TB, to http.Handler, form string) *httptest.ResponseRecorder {
	t.Helper()
	sum := sha256.Sum256([]byte(form))
	hash := hex.EncodeToString(sum[:])
	r := httptest.NewRequest(http.MethodPost, "http://ec2.example/", strings.NewReader(form))
	r.Header.Set("X-Amz-Content-Sha256", hash)
	key := aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: "secret"}
	if err := v4.NewSigner().SignHTTP(t.Context(), key, r, hash, "ec2", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	to.ServeHTTP(w, r)
	return w
}

// FuzzRequest: whatever is asked, the answer is one or a refusal, never a failure of the server.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		"RunInstances&MinCount=1&MaxCount=2&ImageId=ami-12345678&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=k",
		"RunInstances&MinCount=1&MaxCount=1&LaunchTemplate.LaunchTemplateName=web&LaunchTemplate.Version=$Latest&UserData=IyE=",
		"DescribeInstances&Filter.1.Name=tag:a&Filter.1.Value.1=*&MaxResults=5&NextToken=YQ",
		"DescribeInstanceStatus&InstanceId.1=i-00000000&IncludeAllInstances=true",
		"CreateLaunchTemplate&LaunchTemplateName=web&LaunchTemplateData.ImageId=ami-12345678&LaunchTemplateData.TagSpecification.1.Tag.1.Value=v",
		"CreateLaunchTemplateVersion&LaunchTemplateName=web&SourceVersion=1&LaunchTemplateData.InstanceType=t3.micro",
		"DescribeLaunchTemplateVersions&LaunchTemplateVersion.1=$Default&MinVersion=1&MaxResults=0",
		"DeleteLaunchTemplateVersions&LaunchTemplateName=web&LaunchTemplateVersion.1=x", "ModifyLaunchTemplate&SetDefaultVersion=1&LaunchTemplateId=lt-1",
		"CreateTags&ResourceId.1=lt-1&Tag.1.Key=", "DeleteTags&ResourceId.1=i-1&Tag.1.Value=v", "DescribeTags&MaxResults=-1",
		"ModifyInstanceAttribute&InstanceId=i-00000000&Attribute=userData&Value=!", "DescribeInstanceAttribute&Attribute=kernel",
		"DescribeSubnets&SubnetId.1=", "DescribeInstanceTypes&InstanceType.1=.", "DescribeAvailabilityZones&ZoneName.1=z", "StopInstances", "GetConsoleOutput",
	} {
		f.Add("Action=" + seed + "&Version=2016-11-15")
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, form string) {
		answer := post(t, w.handler, form)
		if answer.Code >= http.StatusInternalServerError || answer.Code != http.StatusOK && !strings.Contains(answer.Body.String(), "<Response><Errors><Error><Code>") {
			t.Errorf("%q is answered %d %s", form, answer.Code, answer.Body)
		}
	})
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
