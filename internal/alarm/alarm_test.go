package alarm

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"
)

// watch is a CloudWatch with some alarms.
type watch struct {
	states    map[string]types.StateValue
	composite string
	fault     error
}

func (w watch) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	out := &cloudwatch.DescribeAlarmsOutput{}
	for _, name := range in.AlarmNames {
		state, ok := w.states[name]
		switch {
		case !ok:
		case name == w.composite:
			out.CompositeAlarms = append(out.CompositeAlarms, types.CompositeAlarm{AlarmName: aws.String(name), StateValue: state})
		default:
			out.MetricAlarms = append(out.MetricAlarms, types.MetricAlarm{AlarmName: aws.String(name), StateValue: state})
		}
	}
	return out, w.fault
}

func TestActive(t *testing.T) {
	w := watch{composite: "all", states: map[string]types.StateValue{
		"errors": types.StateValueAlarm, "latency": types.StateValueOk,
		"new": types.StateValueInsufficientData, "all": types.StateValueAlarm,
	}}
	for name, c := range map[string]struct {
		names []string
		fault error
		want  []string
		err   string
	}{
		"none":                          {[]string{"latency", "new"}, nil, nil, ""},
		"in the order of the names":     {[]string{"errors", "latency", "all"}, nil, []string{"errors", "all"}, ""},
		"missing":                       {[]string{"latency", "gone"}, nil, nil, "there is no alarm <gone>"},
		"missing beside one that is on": {[]string{"gone", "errors"}, nil, []string{"errors"}, ""},
		"unreadable":                    {[]string{"errors"}, errors.New("Rate exceeded"), nil, "Rate exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			w.fault = c.fault
			got, err := Alarms{w}.Active(t.Context(), c.names)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v, want %q", err, c.err)
			}
		})
	}
}
