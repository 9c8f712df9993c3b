package release

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/slipway/slipway/internal/sam"
)

func (r *Release) makeAlarms(ctx context.Context) error {
	for _, a := range r.Stack.Alarms {
		if _, err := r.CloudWatch.PutMetricAlarm(ctx, r.alarm(a)); err != nil {
			return fmt.Errorf("put the alarm %s: %w", a.Name, err)
		}
		r.Say("alarm %s put", a.Name)
	}
	return nil
}

func (r *Release) alarm(a sam.Alarm) *cloudwatch.PutMetricAlarmInput {
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: &a.Name, Namespace: &a.Namespace, MetricName: &a.Metric, AlarmDescription: optional(a.Text),
		Statistic: types.Statistic(a.Statistic), ExtendedStatistic: optional(a.Extended), Unit: types.StandardUnit(a.Unit),
		Period: positive(a.Period), EvaluationPeriods: positive(a.Periods), DatapointsToAlarm: positive(a.Datapoints),
		Threshold: &a.Threshold, ComparisonOperator: types.ComparisonOperator(a.Comparison), TreatMissingData: optional(a.Missing),
	}
	for name, value := range a.Dimensions {
		in.Dimensions = append(in.Dimensions, types.Dimension{Name: &name, Value: aws.String(r.Stack.Late(value, r.versions))})
	}
	return in
}

func optional(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
