// Package alarm reads the alarms of deployments from CloudWatch: the embedded one, or AWS's.
package alarm

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// CloudWatch is what is needed of the SDK's client.
type CloudWatch interface {
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
}

// Alarms reads alarms by name. The client retries what is throttled or fails for a moment.
type Alarms struct{ CloudWatch CloudWatch }

// Active lists those of the names, at most 100, whose state is ALARM, in the order of the
// names. A name that no alarm has is an error: a deployment that relies on an alarm must not
// go on without it.
func (a Alarms) Active(ctx context.Context, names []string) ([]string, error) {
	out, err := a.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
		AlarmNames: names,
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
		MaxRecords: aws.Int32(100),
	})
	if err != nil {
		return nil, fmt.Errorf("describe alarms: %w", err)
	}
	states := map[string]types.StateValue{}
	for _, m := range out.MetricAlarms {
		states[aws.ToString(m.AlarmName)] = m.StateValue
	}
	for _, c := range out.CompositeAlarms {
		states[aws.ToString(c.AlarmName)] = c.StateValue
	}
	var active, missing []string
	for _, name := range names {
		state, ok := states[name]
		switch {
		case !ok:
			missing = append(missing, name)
		case state == types.StateValueAlarm:
			active = append(active, name)
		}
	}
	if len(active) == 0 && len(missing) > 0 {
		return nil, fmt.Errorf("there is no alarm <%s>; create it, or take it out of the deployment group's alarmConfiguration",
			strings.Join(missing, "> <"))
	}
	return active, nil
}
