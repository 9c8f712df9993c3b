package cloudwatch

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/slipway/slipway/internal/awswire"
)

// maxHistory is how many events of an alarm are remembered.
const maxHistory = 50

// An alarm is what is kept of an alarm: the SDK's shape, as it was defined and as it stands.
type alarm struct {
	types.MetricAlarm
	Tags    []types.Tag              `json:",omitempty"`
	History []types.AlarmHistoryItem `json:",omitempty"` // oldest first
	// SetByHand is when SetAlarmState set the state that the alarm is in; zero for none.
	SetByHand time.Time `json:",omitzero"`
}

func (a alarm) name() string { return aws.ToString(a.AlarmName) }

func (a alarm) statistic() string {
	if a.Statistic != "" {
		return string(a.Statistic)
	}
	return aws.ToString(a.ExtendedStatistic)
}

// metric is what an alarm on a single metric is on. A PromQL query has no dimensions but its own.
func (a alarm) metric() metric {
	m := metric{namespace: aws.ToString(a.Namespace), name: aws.ToString(a.MetricName)}
	if a.promQL() == "" {
		m.dimensions = dimensionsOf(a.Dimensions)
	}
	return m
}

// period is the length of one datapoint's time; a minute for an expression that names none.
func (a alarm) period() time.Duration {
	seconds := aws.ToInt32(a.Period)
	for _, q := range a.Metrics {
		if q.MetricStat != nil {
			seconds = max(seconds, aws.ToInt32(q.MetricStat.Period))
		}
		seconds = max(seconds, aws.ToInt32(q.Period))
	}
	if seconds == 0 {
		seconds = 60
	}
	return time.Duration(seconds) * time.Second
}

func (a alarm) datapointsToAlarm() int {
	if a.DatapointsToAlarm != nil {
		return int(*a.DatapointsToAlarm)
	}
	return int(aws.ToInt32(a.EvaluationPeriods))
}

func (a alarm) missingData() string {
	if a.TreatMissingData == nil {
		return "missing"
	}
	return *a.TreatMissingData
}

// note remembers an event.
func (a *alarm) note(at time.Time, kind types.HistoryItemType, summary, data string) {
	a.History = append(slices.Clone(a.History), types.AlarmHistoryItem{
		AlarmName: a.AlarmName, AlarmType: types.AlarmTypeMetricAlarm, HistoryItemType: kind,
		HistorySummary: &summary, HistoryData: &data, Timestamp: &at,
	})
	a.History = a.History[max(0, len(a.History)-maxHistory):]
}

// newAlarm checks a request and makes an alarm of it, without a state.
func newAlarm(in *cloudwatch.PutMetricAlarmInput) (alarm, error) {
	a := alarm{Tags: in.Tags, MetricAlarm: types.MetricAlarm{
		AlarmName: in.AlarmName, AlarmDescription: in.AlarmDescription,
		ActionsEnabled: in.ActionsEnabled, AlarmActions: in.AlarmActions, OKActions: in.OKActions,
		InsufficientDataActions: in.InsufficientDataActions,
		ComparisonOperator:      in.ComparisonOperator, Threshold: in.Threshold,
		EvaluationPeriods: in.EvaluationPeriods, DatapointsToAlarm: in.DatapointsToAlarm,
		TreatMissingData: in.TreatMissingData, EvaluateLowSampleCountPercentile: in.EvaluateLowSampleCountPercentile,
		Namespace: in.Namespace, MetricName: in.MetricName, Dimensions: in.Dimensions, Unit: in.Unit,
		Statistic: in.Statistic, ExtendedStatistic: in.ExtendedStatistic, Period: in.Period, Metrics: in.Metrics,
	}}
	if a.ActionsEnabled == nil {
		a.ActionsEnabled = aws.Bool(true)
	}
	if in.ThresholdMetricId != nil || in.WarmUpConfiguration != nil || in.EvaluationInterval != nil {
		return a, awswire.Errorf(invalidCombination, "This server does not know anomaly detection (ThresholdMetricId), "+
			"WarmUpConfiguration and EvaluationInterval. Leave them out.")
	}
	for _, check := range []func(alarm) error{checkRule, checkMetric, checkTime} {
		if err := check(a); err != nil {
			return a, err
		}
	}
	return a, nil
}

// checkRule checks what an alarm is called and when it goes off.
func checkRule(a alarm) error {
	switch {
	case a.name() == "" || len(a.name()) > 255:
		return awswire.Errorf(invalidValue, "The value for the parameter AlarmName has 1 to 255 characters.")
	case comparisons[a.ComparisonOperator] == "":
		return awswire.Errorf(invalidValue, "The ComparisonOperator %q is not supported: it is GreaterThanThreshold, "+
			"GreaterThanOrEqualToThreshold, LessThanThreshold or LessThanOrEqualToThreshold.", a.ComparisonOperator)
	case a.Threshold == nil:
		return awswire.Errorf(missingParameter, "The parameter Threshold is required.")
	case aws.ToInt32(a.EvaluationPeriods) < 1:
		return awswire.Errorf(invalidValue, "The parameter EvaluationPeriods must be greater than 0.")
	case a.DatapointsToAlarm != nil && (*a.DatapointsToAlarm < 1 || *a.DatapointsToAlarm > *a.EvaluationPeriods):
		return awswire.Errorf(invalidCombination, "The parameter DatapointsToAlarm is 1 to EvaluationPeriods.")
	case !slices.Contains([]string{"missing", "breaching", "notBreaching", "ignore"}, a.missingData()):
		return awswire.Errorf(invalidValue, "The TreatMissingData %q is not valid: it is missing, breaching, notBreaching or ignore.",
			a.missingData())
	}
	return nil
}

// checkMetric checks what an alarm is on: one metric, or an expression of several.
func checkMetric(a alarm) error {
	single := a.MetricName != nil || a.Namespace != nil || a.statistic() != "" || a.Period != nil
	switch {
	case single && len(a.Metrics) > 0:
		return awswire.Errorf(invalidCombination, "Give either Metrics, or MetricName with Namespace, Statistic and Period.")
	case len(a.Metrics) > 0:
		_, err := alarmQueries(a.Metrics)
		return err
	case aws.ToString(a.MetricName) == "":
		return awswire.Errorf(missingParameter, "The parameter MetricName is required.")
	case aws.ToString(a.Namespace) == "":
		return awswire.Errorf(missingParameter, "The parameter Namespace is required.")
	case a.Statistic != "" && a.ExtendedStatistic != nil:
		return awswire.Errorf(invalidCombination, "Give either Statistic or ExtendedStatistic.")
	case a.Period == nil:
		return awswire.Errorf(missingParameter, "The parameter Period is required.")
	}
	_, err := statisticOf(a.statistic())
	return err
}

// checkTime checks an alarm's periods: ten, twenty, thirty seconds, or minutes.
func checkTime(a alarm) error {
	seconds := int(a.period() / time.Second)
	switch {
	case !slices.Contains([]int{10, 20, 30}, seconds) && (seconds < 60 || seconds%60 != 0):
		return awswire.Errorf(invalidValue, "Period must be 10, 20, 30 or a multiple of 60.")
	case time.Duration(aws.ToInt32(a.EvaluationPeriods)) > keepCoarse/a.period(): // the product could overflow
		return awswire.Errorf(invalidCombination, "Metrics are kept for %s, so Period times EvaluationPeriods may not be longer.", keepCoarse)
	}
	return nil
}
