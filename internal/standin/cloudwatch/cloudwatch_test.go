package cloudwatch

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/standin/record/recordtest"
)

func open(t *testing.T, cfg Config) *CloudWatch {
	t.Helper()
	if cfg.Store == nil {
		cfg.Store = &recordtest.Memory{}
	}
	cfg.Region, cfg.Account = "us-east-1", "000000000000"
	c, err := New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// errorsAlarm is on more than two errors in ten seconds.
func errorsAlarm(change func(*cloudwatch.PutMetricAlarmInput)) *cloudwatch.PutMetricAlarmInput {
	in := &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("errors"), Namespace: aws.String("Shop"), MetricName: aws.String("Errors"),
		Statistic: types.StatisticSum, Period: aws.Int32(10), EvaluationPeriods: aws.Int32(1),
		ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, Threshold: aws.Float64(2),
	}
	if change != nil {
		change(in)
	}
	return in
}

func (c *CloudWatch) state(t *testing.T) types.MetricAlarm {
	t.Helper()
	out, err := c.describeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{"errors"}})
	if err != nil || len(out.MetricAlarms) != 1 {
		t.Fatalf("%+v, %v", out, err)
	}
	return out.MetricAlarms[0]
}

// TestAnAlarmLives: without data, with too many errors, with few, set by hand, and again
// after a restart.
func TestAnAlarmLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		changes := 0
		store := &recordtest.Memory{}
		c := open(t, Config{Store: store, Changed: func(string) { mu.Lock(); changes++; mu.Unlock() }})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		must(t, second(c.putMetricAlarm(t.Context(), errorsAlarm(nil))))
		time.Sleep(30 * time.Second)
		want := func(state types.StateValue, reason string) {
			t.Helper()
			if a := c.state(t); a.StateValue != state || !strings.Contains(aws.ToString(a.StateReason), reason) {
				t.Fatalf("%s: %s; want %s: %s", a.StateValue, aws.ToString(a.StateReason), state, reason)
			}
		}
		want(types.StateValueInsufficientData, "Unchecked: Initial alarm creation")
		for range 3 {
			c.Put("Shop", "Errors", nil, 1)
		}
		time.Sleep(2 * time.Second)
		want(types.StateValueAlarm, "Threshold Crossed: 1 datapoint [3.0 (")
		time.Sleep(5 * time.Second)
		c.Put("Shop", "Errors", nil, 1)
		time.Sleep(8 * time.Second)
		want(types.StateValueOk, "was not greater than the threshold (2.0).")
		must(t, second(c.setAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{
			AlarmName: aws.String("errors"), StateValue: types.StateValueAlarm, StateReason: aws.String("a drill")})))
		time.Sleep(60 * time.Second)
		want(types.StateValueAlarm, "a drill") // there are no data that say otherwise
		c.Put("Shop", "Errors", nil, 0)
		time.Sleep(2 * time.Second)
		want(types.StateValueOk, "")
		stop()
		must(t, <-ended)
		if changes != 4 {
			t.Errorf("told of %d changes, want 4", changes)
		}
		again := open(t, Config{Store: store})
		if a := again.state(t); a.StateValue != types.StateValueOk {
			t.Errorf("after a restart it is %s", a.StateValue)
		}
		history, err := again.describeAlarmHistory(t.Context(), &cloudwatch.DescribeAlarmHistoryInput{HistoryItemType: types.HistoryItemTypeStateUpdate})
		if err != nil || len(history.AlarmHistoryItems) != 4 || *history.AlarmHistoryItems[0].HistorySummary != "Alarm updated from ALARM to OK" {
			t.Errorf("%+v, %v", history, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestExpressions(t *testing.T) {
	values := map[string]float64{"m1": 5, "m2": 200, "zero": 0}
	ids := map[string]bool{"m1": true, "m2": true, "zero": true, "gone": true}
	for text, want := range map[string]string{
		"m1 / m2 * 100": "2.5", "m1+m2*2": "405", "(m1+m2)*2": "410", "-m1 - -2": "-3", "1e2/4": "25",
		"m1/zero": "missing", "m1+gone": "missing",
		"m1 m2": "error", "m3": "error", "(m1": "error", "": "error", "m1+": "error",
		strings.Repeat("(", 1000) + "m1": "error", "SUM(METRICS())": "error",
	} {
		e, err := parseExpression(text, ids)
		got := "error"
		if err == nil {
			got = "missing"
			if v, ok := e(values); ok {
				got = fmt.Sprint(v)
			}
		}
		if got != want {
			t.Errorf("%.30s is %s (%v), want %s", text, got, err, want)
		}
	}
}

// TestRate: an alarm on a share of two metrics.
func TestRate(t *testing.T) {
	stat := func(id, name string) types.MetricDataQuery {
		return types.MetricDataQuery{Id: &id, ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{Period: aws.Int32(10), Stat: aws.String("Sum"),
			Metric: &types.Metric{Namespace: aws.String("Shop"), MetricName: &name, Dimensions: []types.Dimension{{Name: aws.String("Group"), Value: aws.String("web")}}}}}
	}
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Config{})
		must(t, second(c.putMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.Namespace, in.MetricName, in.Statistic, in.Period = nil, nil, "", nil
			in.Metrics = []types.MetricDataQuery{
				{Id: aws.String("rate"), Expression: aws.String("failed/all*100")}, stat("failed", "Failed"), stat("all", "Requests"),
			}
		}))))
		web := map[string]string{"Group": "web"}
		c.PutStatistics("Shop", "Requests", web, 50, 50, 1, 1)
		c.PutStatistics("Shop", "Failed", web, 1, 1, 1, 1)
		time.Sleep(time.Second)
		c.evaluateAll(t.Context())
		if a := c.state(t); a.StateValue != types.StateValueOk {
			t.Errorf("two percent: %s", a.StateValue)
		}
		c.PutStatistics("Shop", "Failed", web, 1, 1, 1, 1)
		time.Sleep(time.Second)
		c.evaluateAll(t.Context())
		if a := c.state(t); a.StateValue != types.StateValueAlarm {
			t.Errorf("four percent: %s %s", a.StateValue, *a.StateReason)
		}
	})
}

func TestPrometheus(t *testing.T) {
	answers := map[string]string{
		"errors_total": `{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"3"]},{"value":[1,"4"]}]}}`,
		"one":          `{"status":"success","data":{"resultType":"scalar","result":[1,"2.5"]}}`,
		"nothing":      `{"status":"success","data":{"resultType":"vector","result":[]}}`,
		"bad":          `{"status":"error","error":"parse error"}`,
		"range":        `{"status":"success","data":{"resultType":"matrix","result":[]}}`,
		"html":         `<html>`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, answers[r.URL.Query().Get("query")])
	}))
	defer server.Close()
	c := open(t, Config{Prometheus: server.URL + "/"})
	for query, want := range map[string]string{
		"errors_total": "7 true", "one": "2.5 true", "nothing": "0 false",
		"bad": "the query failed: parse error", "range": "the query gives a matrix", "html": "read the answer",
	} {
		value, ok, err := c.ask(t.Context(), query)
		if got := fmt.Sprint(value, ok, err); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	must(t, second(c.putMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
		in.Namespace, in.MetricName = aws.String("Prometheus"), aws.String("errors_total")
	}))))
	c.askPrometheus(t.Context())
	m := metric{prometheusNamespace, "errors_total", map[string]string{}}
	if got := c.series.between(m, 0, time.Now().Unix()+1); got.sum != 7 {
		t.Errorf("%+v was put", got)
	}
	if _, err := open(t, Config{}).putMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
		in.Namespace = aws.String("Prometheus")
	})); err == nil || !strings.Contains(err.Error(), "--prometheus-url") {
		t.Errorf("without a Prometheus: %v", err)
	}
}

func TestAlarmsThatAreRefused(t *testing.T) {
	c := open(t, Config{})
	for name, change := range map[string]func(*cloudwatch.PutMetricAlarmInput){
		"InvalidParameterValue: AlarmName":      func(in *cloudwatch.PutMetricAlarmInput) { in.AlarmName = nil },
		"MissingParameter: Threshold":           func(in *cloudwatch.PutMetricAlarmInput) { in.Threshold = nil },
		"InvalidParameterValue: comparison":     func(in *cloudwatch.PutMetricAlarmInput) { in.ComparisonOperator = "Near" },
		"InvalidParameterValue: periods":        func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(0) },
		"InvalidParameterCombination: M of N":   func(in *cloudwatch.PutMetricAlarmInput) { in.DatapointsToAlarm = aws.Int32(2) },
		"InvalidParameterValue: missing":        func(in *cloudwatch.PutMetricAlarmInput) { in.TreatMissingData = aws.String("guess") },
		"InvalidParameterValue: period":         func(in *cloudwatch.PutMetricAlarmInput) { in.Period = aws.Int32(61) },
		"InvalidParameterCombination: too long": func(in *cloudwatch.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(2000) },
		"InvalidParameterCombination: overflow": func(in *cloudwatch.PutMetricAlarmInput) {
			in.EvaluationPeriods, in.Period = aws.Int32(1<<31-1), aws.Int32(60)
		},
		"MissingParameter: namespace":            func(in *cloudwatch.PutMetricAlarmInput) { in.Namespace = nil },
		"InvalidParameterValue: statistic":       func(in *cloudwatch.PutMetricAlarmInput) { in.Statistic = "" },
		"InvalidParameterCombination: anomaly":   func(in *cloudwatch.PutMetricAlarmInput) { in.ThresholdMetricId = aws.String("ad1") },
		"InvalidParameterCombination: two kinds": func(in *cloudwatch.PutMetricAlarmInput) { in.Metrics = []types.MetricDataQuery{{}} },
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.putMetricAlarm(t.Context(), errorsAlarm(change))
			if code, _, _ := strings.Cut(name, ":"); err == nil || !strings.HasPrefix(err.Error(), code) {
				t.Errorf("%v", err)
			}
		})
	}
	if all := c.alarms.All(); len(all) != 0 {
		t.Errorf("a refused alarm was kept: %+v", all)
	}
}

// TestMemoryIsBounded: seconds become minutes, minutes go; sums stay right.
func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Config{})
		begun := time.Now().Unix()
		for range 2 * 60 * 60 {
			c.Put("Shop", "Errors", nil, 1)
			time.Sleep(time.Second)
		}
		c.series.trim(time.Now())
		s := c.series.byKey[metric{"Shop", "Errors", nil}.key()]
		if n := len(s.samples); n > 15*60+2*60+2 {
			t.Errorf("%d samples are kept of two hours", n)
		}
		if got := c.series.between(s.metric, begun, time.Now().Unix()+1); got.sum != 7200 || got.count != 7200 || len(got.values) > maxValues {
			t.Errorf("they add up to %v of %v, with %d values", got.sum, got.count, len(got.values))
		}
		time.Sleep(4 * time.Hour)
		c.series.trim(time.Now())
		if len(c.series.byKey) != 0 {
			t.Error("a series without samples is kept")
		}
	})
}

func TestStatistics(t *testing.T) {
	c := open(t, Config{})
	now := time.Now().UTC().Truncate(time.Minute)
	must(t, second(c.putMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: []types.MetricDatum{
		{MetricName: aws.String("Latency"), Timestamp: &now, Values: []float64{1, 2, 3}, Counts: []float64{1, 1, 2}, Unit: types.StandardUnitSeconds},
		{MetricName: aws.String("Latency"), Timestamp: &now, Value: aws.Float64(10)},
		{MetricName: aws.String("Latency"), Timestamp: &now, StatisticValues: &types.StatisticSet{Sum: aws.Float64(4), SampleCount: aws.Float64(2), Minimum: aws.Float64(0.5), Maximum: aws.Float64(3.5)}},
	}})))
	out, err := c.getMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("Shop"), MetricName: aws.String("Latency"), StartTime: aws.Time(now.Add(-time.Minute)), EndTime: aws.Time(now.Add(time.Minute)),
		Period: aws.Int32(60), Statistics: types.Statistic("").Values(), ExtendedStatistics: []string{"p100"},
	})
	must(t, err)
	want := []types.Datapoint{{Timestamp: &now, Unit: types.StandardUnitSeconds, Sum: aws.Float64(23), SampleCount: aws.Float64(7), Average: aws.Float64(23.0 / 7),
		Minimum: aws.Float64(0.5), Maximum: aws.Float64(10), ExtendedStatistics: map[string]float64{"p100": 10}}}
	if diff := cmp.Diff(want, out.Datapoints, cmp.FilterPath(func(p cmp.Path) bool { return strings.Contains(p.String(), "noSmithy") }, cmp.Ignore())); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []types.MetricDatum{
		{}, {MetricName: aws.String("x")}, {MetricName: aws.String("x"), Value: aws.Float64(1), Timestamp: aws.Time(now.Add(-24 * time.Hour))},
		{MetricName: aws.String("x"), Values: []float64{1}, Counts: []float64{1, 2}},
	} {
		if _, err := c.putMetricData(t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("Shop"), MetricData: []types.MetricDatum{bad}}); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
	if names, _ := c.listMetrics(t.Context(), &cloudwatch.ListMetricsInput{}); len(names.Metrics) != 1 {
		t.Errorf("%+v", names.Metrics)
	}
}

func TestPages(t *testing.T) {
	var got []int
	var token *string
	for {
		some, next, err := page([]int{1, 2, 3, 4, 5}, token, 2)
		must(t, err)
		if got = append(got, some...); next == nil {
			break
		}
		token = next
	}
	if !slices.Equal(got, []int{1, 2, 3, 4, 5}) {
		t.Error(got)
	}
	if _, _, err := page([]int{1}, aws.String("x"), 2); err == nil {
		t.Error("a foreign token was taken")
	}
}
