package cloudwatch

import (
	"math"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// TestPercentiles: every value counts, as often as it came; what is many is told within some
// percent, in bounded memory.
func TestPercentiles(t *testing.T) {
	var all sample
	for i := range 100_000 {
		all.add(single(0, float64(i+1)))
	}
	if n := len(all.values); n > maxValues {
		t.Errorf("%d values are kept", n)
	}
	for name, want := range map[string]float64{"p0": 1, "p50": 50_000, "p99": 99_000, "p99.9": 99_900, "p100": 100_000} {
		of, err := statisticOf(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := of(all); !ok || math.Abs(got-want) > want/10 {
			t.Errorf("%s is %v, want about %v", name, got, want)
		}
	}
	p50, _ := statisticOf("p50")
	var counted sample
	counted.add(repeated(0, 1, 1))
	counted.add(repeated(0, -3, 1))
	counted.add(repeated(0, 3, 100))
	if got, _ := p50(counted); got != 3 {
		t.Errorf("the median of one, minus three and a hundred threes is %v", got)
	}
	if _, ok := p50(sample{count: 5, sum: 5, min: 1, max: 1}); ok {
		t.Error("statistics have a percentile")
	}
}

func TestNumbersThatAreNone(t *testing.T) {
	c := open(t, Config{})
	nan, inf := math.NaN(), math.Inf(1)
	statistics := func(count, sum, least, most float64) types.MetricDatum {
		return types.MetricDatum{StatisticValues: &types.StatisticSet{SampleCount: &count, Sum: &sum, Minimum: &least, Maximum: &most}}
	}
	for _, bad := range []types.MetricDatum{
		{Value: &nan}, {Value: &inf}, {Values: []float64{1}, Counts: []float64{nan}},
		statistics(nan, 1, 1, 1), statistics(1, 1, nan, 1), statistics(1, 1, 1, inf), statistics(2, 1, 2, 1), statistics(0, 0, 0, 0),
	} {
		bad.MetricName = aws.String("x")
		if _, err := c.putMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: []types.MetricDatum{bad}}); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// TestNoRoom: what does not fit is refused with what to do, and fits again when there is room.
func TestNoRoom(t *testing.T) {
	s := newSeriesSet()
	s.size = maxSize
	m := metric{namespace: "Shop", name: "Errors"}
	if err := s.put(m, single(1, 1)); err == nil {
		t.Error("there was room")
	}
	s.trim(s.trimmed.Add(keepCoarse))
	if err := s.put(m, single(1, 1)); err != nil || s.size != 2 {
		t.Errorf("a sample with its value takes %d, %v", s.size, err)
	}
}

func TestTooManyQueries(t *testing.T) {
	for n, check := range map[int]func([]types.MetricDataQuery) (queries, error){maxQueries + 1: newQueries, maxAlarmQueries + 1: alarmQueries} {
		if _, err := check(make([]types.MetricDataQuery, n)); err == nil || err.(interface{ ErrorCode() string }).ErrorCode() != invalidCombination {
			t.Errorf("%d queries: %v", n, err)
		}
	}
}
