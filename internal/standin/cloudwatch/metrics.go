package cloudwatch

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/slipway/slipway/internal/awswire"
)

const (
	maxDatumValues = 150 // of one MetricDatum, as at AWS
	maxDatums      = 1000
	maxPoints      = 1440 // of one answer of GetMetricStatistics, as at AWS; GetMetricData has ten times as many for each query
)

func (c *CloudWatch) putMetricData(_ context.Context, in *cloudwatch.PutMetricDataInput) (*awswire.Empty, error) {
	if aws.ToString(in.Namespace) == "" {
		return nil, awswire.Errorf(missingParameter, "The parameter Namespace is required.")
	}
	if n := len(in.MetricData); n == 0 || n > maxDatums {
		return nil, awswire.Errorf(invalidValue, "MetricData has 1 to %d elements.", maxDatums)
	}
	now := c.cfg.Now()
	var metrics []metric
	var samples [][]sample
	for i, d := range in.MetricData {
		parts, err := samplesOf(d, now)
		if err != nil {
			return nil, awswire.Errorf(invalidValue, "The element %d of MetricData is not valid: %s", i+1, err.Message)
		}
		metrics = append(metrics, metric{*in.Namespace, *d.MetricName, dimensionsOf(d.Dimensions)})
		samples = append(samples, parts)
	}
	for i := range metrics {
		for _, s := range samples[i] {
			if err := c.series.put(metrics[i], s); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// samplesOf reads one datum in whichever of the three forms it has.
func samplesOf(d types.MetricDatum, now time.Time) ([]sample, *awswire.Error) {
	at := now
	if d.Timestamp != nil {
		at = *d.Timestamp
	}
	switch {
	case aws.ToString(d.MetricName) == "":
		return nil, awswire.Errorf(missingParameter, "it has no MetricName.")
	case len(d.Dimensions) > 30:
		return nil, awswire.Errorf(invalidValue, "it has more than 30 dimensions.")
	case at.Before(now.Add(-keepCoarse)) || at.After(now.Add(2*time.Hour)):
		return nil, awswire.Errorf(invalidValue, "its timestamp is not within the last %s.", keepCoarse)
	case len(d.Values) > maxDatumValues || len(d.Counts) > 0 && len(d.Counts) != len(d.Values):
		return nil, awswire.Errorf(invalidValue, "it has at most %d Values, and as many Counts.", maxDatumValues)
	}
	var list []sample
	switch {
	case d.Value != nil:
		list = []sample{single(at.Unix(), *d.Value)}
	case d.StatisticValues != nil:
		v := d.StatisticValues
		list = []sample{{at: at.Unix(), sum: aws.ToFloat64(v.Sum), count: aws.ToFloat64(v.SampleCount),
			min: aws.ToFloat64(v.Minimum), max: aws.ToFloat64(v.Maximum)}}
	case len(d.Values) > 0:
		for i, value := range d.Values {
			count := 1.0
			if len(d.Counts) > 0 {
				count = d.Counts[i]
			}
			list = append(list, repeated(at.Unix(), value, count))
		}
	default:
		return nil, awswire.Errorf(missingParameter, "it has none of Value, Values and StatisticValues.")
	}
	for i := range list {
		list[i].unit = d.Unit
		if s := list[i]; !finite(s.sum, s.count, s.min, s.max) || s.count <= 0 || s.min > s.max {
			return nil, awswire.Errorf(invalidValue, "its value is not a number, or there is none of it.")
		}
	}
	return list, nil
}

func finite(numbers ...float64) bool {
	return !slices.ContainsFunc(numbers, func(f float64) bool { return math.IsNaN(f) || math.IsInf(f, 0) })
}

// span checks the time that is asked for and returns the beginnings of its periods, if they
// are not more than most.
func span(start, end *time.Time, period int32, most int64) ([]int64, error) {
	switch {
	case start == nil || end == nil || !start.Before(*end):
		return nil, awswire.Errorf(invalidCombination, "The parameter StartTime must be less than the parameter EndTime.")
	case period < 1:
		return nil, awswire.Errorf(invalidValue, "The parameter Period must be greater than 0.")
	}
	from := start.Unix() - start.Unix()%int64(period)
	n := (end.Unix() - from + int64(period) - 1) / int64(period)
	if n > most {
		return nil, awswire.Errorf(invalidCombination, "You have requested up to %s datapoints, which exceeds the limit of %s. "+
			"You may reduce the datapoints requested by increasing Period, or decreasing the time range.", grouped(n), grouped(most))
	}
	begins := make([]int64, n)
	for i := range begins {
		begins[i] = from + int64(i)*int64(period)
	}
	return begins, nil
}

// grouped writes a count with commas, as CloudWatch does: 1,440.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func (c *CloudWatch) getMetricStatistics(_ context.Context, in *cloudwatch.GetMetricStatisticsInput) (*cloudwatch.GetMetricStatisticsOutput, error) {
	if aws.ToString(in.Namespace) == "" || aws.ToString(in.MetricName) == "" {
		return nil, awswire.Errorf(missingParameter, "The parameters Namespace and MetricName are required.")
	}
	if len(in.Statistics)+len(in.ExtendedStatistics) == 0 {
		return nil, awswire.Errorf(missingParameter, "Either Statistics or ExtendedStatistics is required.")
	}
	period := aws.ToInt32(in.Period)
	begins, err := span(in.StartTime, in.EndTime, period, maxPoints)
	if err != nil {
		return nil, err
	}
	m := metric{*in.Namespace, *in.MetricName, dimensionsOf(in.Dimensions)}
	out := &cloudwatch.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []types.Datapoint{}}
	for _, begin := range begins {
		s := c.series.between(m, begin, begin+int64(period))
		if s.count == 0 {
			continue
		}
		point, err := datapointOut(s, begin, in)
		if err != nil {
			return nil, err
		}
		out.Datapoints = append(out.Datapoints, point)
	}
	return out, nil
}

func datapointOut(s sample, begin int64, in *cloudwatch.GetMetricStatisticsInput) (types.Datapoint, error) {
	p := types.Datapoint{Timestamp: aws.Time(time.Unix(begin, 0).UTC()), Unit: s.unit}
	if p.Unit == "" {
		p.Unit = types.StandardUnitNone
	}
	members := map[types.Statistic]**float64{
		types.StatisticAverage: &p.Average, types.StatisticSum: &p.Sum, types.StatisticMinimum: &p.Minimum,
		types.StatisticMaximum: &p.Maximum, types.StatisticSampleCount: &p.SampleCount,
	}
	for _, name := range in.Statistics {
		member := members[name]
		if member == nil {
			return p, awswire.Errorf(invalidValue, "The statistic %s is not known.", name)
		}
		v, _ := statistics[string(name)](s)
		*member = &v
	}
	for _, name := range in.ExtendedStatistics {
		of, err := statisticOf(name)
		if err != nil {
			return p, err
		}
		if v, ok := of(s); ok {
			if p.ExtendedStatistics == nil {
				p.ExtendedStatistics = map[string]float64{}
			}
			p.ExtendedStatistics[name] = v
		}
	}
	return p, nil
}

func (c *CloudWatch) getMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput) (*cloudwatch.GetMetricDataOutput, error) {
	q, err := newQueries(in.MetricDataQueries)
	if err != nil {
		return nil, err
	}
	out := &cloudwatch.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{}}
	for _, one := range in.MetricDataQueries {
		if one.ReturnData != nil && !*one.ReturnData {
			continue
		}
		period := aws.ToInt32(one.Period)
		for _, id := range q.order { // an expression has the longest period of what it is made from
			if m := q.byID[id].MetricStat; m != nil && (one.MetricStat == nil || id == *one.Id) {
				period = max(period, aws.ToInt32(m.Period))
			}
		}
		begins, err := span(in.StartTime, in.EndTime, period, 10*maxPoints)
		if err != nil {
			return nil, err
		}
		result := types.MetricDataResult{Id: one.Id, Label: label(one), StatusCode: types.StatusCodeComplete,
			Timestamps: []time.Time{}, Values: []float64{}}
		if in.ScanBy != types.ScanByTimestampAscending {
			slices.Reverse(begins) // the latest first, as CloudWatch does
		}
		for _, begin := range begins {
			v, ok := q.value(*one.Id, func(m metric, s statistic) (float64, bool) {
				return s(c.series.between(m, begin, begin+int64(period)))
			})
			if ok {
				result.Timestamps, result.Values = append(result.Timestamps, time.Unix(begin, 0).UTC()), append(result.Values, v)
			}
		}
		out.MetricDataResults = append(out.MetricDataResults, result)
	}
	return out, nil
}

func label(q types.MetricDataQuery) *string {
	if q.Label == nil && q.MetricStat != nil {
		return q.MetricStat.Metric.MetricName
	}
	if q.Label == nil {
		return q.Id
	}
	return q.Label
}

func (c *CloudWatch) listMetrics(_ context.Context, in *cloudwatch.ListMetricsInput) (*cloudwatch.ListMetricsOutput, error) {
	var found []types.Metric
	for _, m := range c.series.metrics() {
		if in.Namespace != nil && m.namespace != *in.Namespace || in.MetricName != nil && m.name != *in.MetricName {
			continue
		}
		if !slices.ContainsFunc(in.Dimensions, func(d types.DimensionFilter) bool {
			have, ok := m.dimensions[aws.ToString(d.Name)]
			return !ok || d.Value != nil && have != *d.Value
		}) {
			found = append(found, types.Metric{Namespace: &m.namespace, MetricName: &m.name, Dimensions: dimensionsOut(m.dimensions)})
		}
	}
	page, next, err := page(found, in.NextToken, 500)
	return &cloudwatch.ListMetricsOutput{Metrics: page, NextToken: next}, err
}

// page cuts a list; a token is where the next page begins.
func page[T any](all []T, token *string, size int) ([]T, *string, error) {
	from := 0
	if token != nil {
		n, err := strconv.Atoi(*token)
		if err != nil || n < 0 || n > len(all) {
			return nil, nil, awswire.Errorf(invalidToken, "The next token is not one of this server's.")
		}
		from = n
	}
	to := min(from+size, len(all))
	if to < len(all) {
		return all[from:to], aws.String(strconv.Itoa(to)), nil
	}
	return append([]T{}, all[from:to]...), nil, nil
}
