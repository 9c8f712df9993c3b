package cloudwatch_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/cloudwatch"
)

// documents is a record.Store of a test that restarts nothing.
type documents struct{}

func (documents) Documents(context.Context, string) (map[string][]byte, error) { return nil, nil }
func (documents) PutDocument(context.Context, string, string, []byte) error    { return nil }
func (documents) DeleteDocument(context.Context, string, string) error         { return nil }

// keys knows one key, of whoever has the policy.
type keys struct{ caller identity.Caller }

const (
	keyID  = "AKIAIOSFODNN7EXAMPLE"
	secret = "secret"
)

func (k keys) Secret(context.Context, string, string) (string, any, error) {
	return secret, k.caller, nil
}

// serve runs CloudWatch behind verified signatures, for a caller with the statements, and
// returns where.
func serve(t *testing.T, statements string) string {
	t.Helper()
	c, err := cloudwatch.New(t.Context(), cloudwatch.Config{Store: documents{}, Region: "us-east-1", Account: "123456789012"})
	if err != nil {
		t.Fatal(err)
	}
	policy, err := identity.ParsePolicy(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)
	if err != nil {
		t.Fatal(err)
	}
	caller := identity.Caller{ARN: "arn:aws:iam::123456789012:user/web", AccountID: "123456789012", UserName: "web", Policies: []identity.Policy{policy}}
	server := httptest.NewServer(awswire.Authenticated(keys{caller}, time.Now, 0, c.Service()))
	t.Cleanup(server.Close)
	return server.URL
}

func client(url string) *sdk.Client {
	return sdk.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &url, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(keyID, secret, ""),
	})
}

const anything = `{"Effect":"Allow","Action":"cloudwatch:*","Resource":"*"}`

func latency(name string) *sdk.PutMetricAlarmInput {
	return &sdk.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("Shop"), MetricName: aws.String("Latency"), ExtendedStatistic: aws.String("p99"),
		Period: aws.Int32(60), EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: aws.Int32(2), Threshold: aws.Float64(0.25),
		ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold, TreatMissingData: aws.String("notBreaching"),
		Dimensions:   []types.Dimension{{Name: aws.String("Group"), Value: aws.String("web")}},
		AlarmActions: []string{"arn:aws:sns:us-east-1:123456789012:page"}, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("shop")}},
	}
}

// TestOverTheWire: an alarm and a metric as the official SDK puts and reads them.
func TestOverTheWire(t *testing.T) {
	cw, ctx := client(serve(t, anything)), t.Context()
	for _, name := range []string{"web-b", "web-a", "db"} {
		if _, err := cw.PutMetricAlarm(ctx, latency(name)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := cw.DescribeAlarms(ctx, &sdk.DescribeAlarmsInput{AlarmNamePrefix: aws.String("web"), MaxRecords: aws.Int32(1)})
	if err != nil || len(out.MetricAlarms) != 1 || out.NextToken == nil {
		t.Fatalf("%+v, %v", out, err)
	}
	a := out.MetricAlarms[0]
	if *a.AlarmArn != "arn:aws:cloudwatch:us-east-1:123456789012:alarm:web-a" || a.StateValue != types.StateValueInsufficientData ||
		*a.StateReason != "Unchecked: Initial alarm creation" || *a.Threshold != 0.25 || *a.DatapointsToAlarm != 2 || !*a.ActionsEnabled ||
		*a.Dimensions[0].Value != "web" || time.Since(*a.StateUpdatedTimestamp).Abs() > time.Minute {
		t.Errorf("%+v", a)
	}
	tags, err := cw.ListTagsForResource(ctx, &sdk.ListTagsForResourceInput{ResourceARN: a.AlarmArn})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "shop" {
		t.Errorf("%+v, %v", tags, err)
	}
	for range 3 {
		_, err := cw.PutMetricData(ctx, &sdk.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: []types.MetricDatum{
			{MetricName: aws.String("Latency"), Value: aws.Float64(0.5), StorageResolution: aws.Int32(1)},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	stat := &types.MetricStat{Metric: &types.Metric{Namespace: aws.String("Shop"), MetricName: aws.String("Latency")}, Period: aws.Int32(3600), Stat: aws.String("Sum")}
	data, err := cw.GetMetricData(ctx, &sdk.GetMetricDataInput{
		StartTime: aws.Time(time.Now().Add(-2 * time.Hour)), EndTime: aws.Time(time.Now().Add(time.Hour)),
		MetricDataQueries: []types.MetricDataQuery{
			{Id: aws.String("twice"), Expression: aws.String("m * 2")},
			{Id: aws.String("m"), MetricStat: stat, ReturnData: aws.Bool(false)},
		},
	})
	if err != nil || len(data.MetricDataResults) != 1 || len(data.MetricDataResults[0].Values) != 1 || data.MetricDataResults[0].Values[0] != 3 {
		t.Errorf("%+v, %v", data, err)
	}
}

// TestRefusals: what goes wrong is a type that programs can ask for.
func TestRefusals(t *testing.T) {
	cw, ctx := client(serve(t, anything)), t.Context()
	_, err := cw.DeleteAlarms(ctx, &sdk.DeleteAlarmsInput{AlarmNames: []string{"gone"}})
	var missing *types.ResourceNotFound
	if !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
	bad := latency("web")
	bad.Period = aws.Int32(7)
	_, err = cw.PutMetricAlarm(ctx, bad)
	var api smithy.APIError
	if !errors.As(err, &api) || !strings.Contains(api.ErrorMessage(), "Period must be 10, 20, 30 or a multiple of 60") {
		t.Errorf("%v", err)
	}
	_, err = cw.SetAlarmState(ctx, &sdk.SetAlarmStateInput{AlarmName: aws.String("web"), StateValue: types.StateValueOk,
		StateReason: aws.String("so"), StateReasonData: aws.String("{")})
	var format *types.InvalidFormatFault
	if !errors.As(err, &format) {
		t.Errorf("%v", err)
	}
}

// TestPermissionOnAnAlarm: policies may speak of single alarms, to allow and to deny.
func TestPermissionOnAnAlarm(t *testing.T) {
	const arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
	cw, ctx := client(serve(t, `{"Effect":"Allow","Action":"cloudwatch:*","Resource":"`+arn+`web-*"},
		{"Effect":"Deny","Action":"cloudwatch:*","Resource":"`+arn+`web-prod"}`)), t.Context()
	set := func(name string) error {
		_, err := cw.SetAlarmState(ctx, &sdk.SetAlarmStateInput{AlarmName: &name, StateValue: types.StateValueOk, StateReason: aws.String("so")})
		return err
	}
	most := client(serve(t, anything+`,{"Effect":"Deny","Action":"cloudwatch:DeleteAlarms","Resource":"`+arn+`web-prod"}`))
	_, excepted := most.DeleteAlarms(ctx, &sdk.DeleteAlarmsInput{AlarmNames: []string{"web-prod"}})
	_, untag := cw.UntagResource(ctx, &sdk.UntagResourceInput{ResourceARN: aws.String(arn + "web-prod"), TagKeys: []string{"a"}})
	_, several := cw.DeleteAlarms(ctx, &sdk.DeleteAlarmsInput{AlarmNames: []string{"web-1", "web-prod"}})
	_, metrics := cw.ListMetrics(ctx, nil)
	_, created := cw.PutMetricAlarm(ctx, latency("web-1"))
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"allowed": {created, ""}, "denied": {set("web-prod"), "AccessDenied"}, "not allowed": {set("db"), "AccessDenied"},
		"the exception": {excepted, "AccessDenied"}, "one of two denied": {several, "AccessDenied"}, "tags denied": {untag, "AccessDenied"}, "no alarm": {metrics, "AccessDenied"},
	} {
		var api smithy.APIError
		if c.want == "" && c.err != nil || c.want != "" && (!errors.As(c.err, &api) || api.ErrorCode() != c.want) {
			t.Errorf("%s: %v", name, c.err)
		}
	}
}

// TestQueryForms: the same operations for clients that speak AWS Query.
func TestQueryForms(t *testing.T) {
	url := serve(t, anything)
	if status, body := ask(t, url, "PutMetricAlarm", "AlarmName", "web", "Namespace", "Shop", "MetricName", "Errors", "Statistic", "Sum", "Period", "60",
		"EvaluationPeriods", "1", "Threshold", "2.5", "ComparisonOperator", "GreaterThanThreshold", "AlarmActions.member.1", "arn:aws:sns:us-east-1:1:x",
		"Dimensions.member.1.Name", "Group", "Dimensions.member.1.Value", "web"); status != 200 || !strings.Contains(body, "<PutMetricAlarmResponse") {
		t.Fatalf("%d %s", status, body)
	}
	_, body := ask(t, url, "DescribeAlarms", "AlarmNames.member.1", "web", "AlarmNames.member.2", "gone")
	for _, want := range []string{"<AlarmName>web</AlarmName>", "<Threshold>2.5</Threshold>", "<StateValue>INSUFFICIENT_DATA</StateValue>",
		"<Dimensions><member><Name>Group</Name><Value>web</Value></member></Dimensions>", `xmlns="http://monitoring.amazonaws.com/doc/2010-08-01/"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
	if status, body := ask(t, url, "DeleteAlarms", "AlarmNames.member.1", "gone"); status != 404 || !strings.Contains(body, "<Code>ResourceNotFound</Code>") {
		t.Errorf("%d %s", status, body)
	}
	if status, body := ask(t, url, "PutMetricAlarm", "AlarmName", "web", "Period", "60"); status != 400 || !strings.Contains(body, "<Code>InvalidParameterValue</Code>") {
		t.Errorf("%d %s", status, body)
	}
}

func ask(t *testing.T, address, action string, parameters ...string) (int, string) {
	t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2010-08-01"}}
	for i := 0; i < len(parameters); i += 2 {
		form.Set(parameters[i], parameters[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(form.Encode())))
	if err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}, r, sum, "monitoring", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}
