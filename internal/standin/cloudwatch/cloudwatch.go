// Package cloudwatch stands in for CloudWatch: metrics are kept for a few hours in memory,
// alarms on them are evaluated for real and last in the store.
//
//	awswire (Query, CBOR) ─ operation ─ metrics  (series.go: what was put, by second)
//	                                  └ alarms   (alarms.go; evaluate.go decides, Run asks)
//
// Of an alarm's actions nothing is carried out but what deployments make of its state. An
// alarm in the namespace Prometheus has a PromQL query for its metric (prometheus.go).
package cloudwatch

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/slipway/slipway/internal/awswire"
	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/standin/record"
)

// Config is what a CloudWatch is made of. Store, Region and Account are needed.
type Config struct {
	Store           record.Store
	Region, Account string
	// Prometheus is the base URL of a Prometheus server, for alarms on its queries.
	Prometheus string
	HTTP       *http.Client // asks Prometheus; one with a time-out of five seconds when nil
	// Changed is told after every change of an alarm's state.
	Changed func(alarm string)
	Now     func() time.Time // time.Now when nil
	Log     *slog.Logger     // silent when nil
}

// A CloudWatch keeps metrics and watches alarms while it runs.
type CloudWatch struct {
	cfg    Config
	alarms *record.Table[alarm]
	series *seriesSet
	faults faults

	mu sync.Mutex // held over every change of an alarm
}

// New reads the alarms that there are.
func New(ctx context.Context, cfg Config) (*CloudWatch, error) {
	if cfg.HTTP == nil {
		cfg.HTTP = &http.Client{Timeout: 5 * time.Second}
	}
	if cfg.Changed == nil {
		cfg.Changed = func(string) {}
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return time.Now().UTC() }
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	alarms, err := record.Open[alarm](ctx, cfg.Store, "cloudwatch/alarm")
	if err != nil {
		return nil, err
	}
	return &CloudWatch{cfg: cfg, alarms: alarms, series: newSeriesSet(), faults: faults{byQuery: map[string]string{}}}, nil
}

// Service answers the API in the three protocols that clients of CloudWatch speak: AWS Query
// (older CLIs), JSON (newer ones) and CBOR (the SDK for Go).
func (c *CloudWatch) Service() awswire.Service {
	const scope, target = "monitoring", "GraniteServiceVersion20100801"
	operations := c.operations()
	return awswire.Editions(
		awswire.Query(scope, "2010-08-01", "http://monitoring.amazonaws.com/doc/2010-08-01/", operations, c.cfg.Log),
		awswire.CBOR(scope, target, shapes, operations, c.cfg.Log),
		awswire.PlainJSON(scope, target, shapes, operations, c.cfg.Log),
	)
}

// The codes of refusals, as they are in AWS Query.
const (
	invalidValue       = "InvalidParameterValue"
	invalidCombination = "InvalidParameterCombination"
	missingParameter   = "MissingParameter"
	limitExceeded      = "LimitExceeded"
	notFound           = "ResourceNotFound"
	invalidFormat      = "InvalidFormat"
	invalidToken       = "InvalidNextToken"
)

// shapes are the exceptions' names in the newer protocol.
var shapes = map[string]string{
	invalidValue:       "InvalidParameterValueException",
	invalidCombination: "InvalidParameterCombinationException",
	missingParameter:   "MissingRequiredParameterException",
	limitExceeded:      "LimitExceededFault",
	invalidFormat:      "InvalidFormatFault",
}

func (c *CloudWatch) operations() awswire.Operations {
	return awswire.Operations{
		"PutMetricData":       op(c, "PutMetricData", c.putMetricData),
		"GetMetricStatistics": op(c, "GetMetricStatistics", c.getMetricStatistics),
		"GetMetricData":       op(c, "GetMetricData", c.getMetricData),
		"ListMetrics":         op(c, "ListMetrics", c.listMetrics),
		"PutMetricAlarm": opOn(c, "PutMetricAlarm", c.putMetricAlarm,
			func(in *cloudwatch.PutMetricAlarmInput) []string { return c.named(in.AlarmName) }),
		"DescribeAlarms": opOn(c, "DescribeAlarms", c.describeAlarms,
			func(*cloudwatch.DescribeAlarmsInput) []string { return c.named(nil) }),
		"DescribeAlarmHistory": opOn(c, "DescribeAlarmHistory", c.describeAlarmHistory,
			func(in *cloudwatch.DescribeAlarmHistoryInput) []string { return c.named(in.AlarmName) }),
		"SetAlarmState": opOn(c, "SetAlarmState", c.setAlarmState,
			func(in *cloudwatch.SetAlarmStateInput) []string { return c.named(in.AlarmName) }),
		"DeleteAlarms": opOn(c, "DeleteAlarms", c.deleteAlarms,
			func(in *cloudwatch.DeleteAlarmsInput) []string { return c.arns(in.AlarmNames) }),
		"EnableAlarmActions": opOn(c, "EnableAlarmActions", c.enableAlarmActions,
			func(in *cloudwatch.EnableAlarmActionsInput) []string { return c.arns(in.AlarmNames) }),
		"DisableAlarmActions": opOn(c, "DisableAlarmActions", c.disableAlarmActions,
			func(in *cloudwatch.DisableAlarmActionsInput) []string { return c.arns(in.AlarmNames) }),
		"TagResource": opOn(c, "TagResource", c.tagResource,
			func(in *cloudwatch.TagResourceInput) []string { return []string{aws.ToString(in.ResourceARN)} }),
		"UntagResource": opOn(c, "UntagResource", c.untagResource,
			func(in *cloudwatch.UntagResourceInput) []string { return []string{aws.ToString(in.ResourceARN)} }),
		"ListTagsForResource": opOn(c, "ListTagsForResource", c.listTagsForResource,
			func(in *cloudwatch.ListTagsForResourceInput) []string { return []string{aws.ToString(in.ResourceARN)} }),
	}
}

// op makes an operation that the caller must be allowed: cloudwatch:name on every resource,
// as CloudWatch has it for what has to do with metrics.
func op[In, Out any](c *CloudWatch, name string, f func(context.Context, *In) (*Out, error)) awswire.Operation {
	return opOn(c, name, f, func(*In) []string { return []string{"*"} })
}

// opOn makes an operation that the caller must be allowed on the alarms of those ARNs.
func opOn[In, Out any](
	c *CloudWatch, name string, f func(context.Context, *In) (*Out, error), arns func(*In) []string,
) awswire.Operation {
	return awswire.Op(func(ctx context.Context, in *In) (*Out, error) {
		caller, ok := awswire.Caller(ctx).(identity.Caller)
		if !ok {
			return nil, errors.New("the caller in the context is not an identity.Caller")
		}
		caller = caller.With(tagsAsked(in))
		action := "cloudwatch:" + name
		for _, arn := range arns(in) {
			if decision := caller.Decide(action, arn); decision != identity.Allowed {
				return nil, &awswire.Error{Code: "AccessDenied", Message: caller.Refusal(action, arn, decision), Status: http.StatusForbidden}
			}
		}
		return f(ctx, in)
	})
}

// tagsAsked lets policies ask for the tags of a request.
func tagsAsked(in any) map[string][]string {
	var tags []types.Tag
	keys := map[string][]string{}
	switch in := in.(type) {
	case *cloudwatch.PutMetricAlarmInput:
		tags = in.Tags
	case *cloudwatch.TagResourceInput:
		tags = in.Tags
	case *cloudwatch.UntagResourceInput:
		keys[identity.TagKeys] = in.TagKeys
	}
	for _, t := range tags {
		keys[identity.RequestTag+aws.ToString(t.Key)] = []string{aws.ToString(t.Value)}
		keys[identity.TagKeys] = append(keys[identity.TagKeys], aws.ToString(t.Key))
	}
	return keys
}

// named is the ARN of the alarm of that name; of all alarms where there is none.
func (c *CloudWatch) named(name *string) []string {
	if name == nil {
		return []string{c.arn("*")}
	}
	return []string{c.arn(*name)}
}

func (c *CloudWatch) arns(names []string) []string {
	var list []string
	for _, name := range names {
		list = append(list, c.arn(name))
	}
	return list
}

// Run evaluates the alarms until ctx ends.
func (c *CloudWatch) Run(ctx context.Context) error {
	var asking sync.WaitGroup
	defer asking.Wait()
	if c.cfg.Prometheus != "" {
		asking.Go(func() { every(ctx, prometheusEvery, c.askPrometheus) })
	}
	every(ctx, evaluateEvery, func(ctx context.Context) {
		c.series.trim(c.cfg.Now())
		c.evaluateAll(ctx)
	})
	return nil
}

func every(ctx context.Context, pause time.Duration, do func(context.Context)) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(ctx)
		}
	}
}
