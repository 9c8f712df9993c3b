package cloudwatch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// evaluateEvery is how often every alarm is looked at. Its periods end at that moment, so an
// alarm does not wait for the clock's next full minute.
const evaluateEvery = time.Second

// A datapoint is the value of one period; ok is false where there is none.
type datapoint struct {
	value float64
	ok    bool
}

// judge decides the state of an alarm from its datapoints, the latest first. It is empty
// where the alarm should stay as it is.
func (a alarm) judge(points []datapoint) types.StateValue {
	breaching, missing := 0, 0
	for _, p := range points {
		switch {
		case p.ok && a.breaches(p.value), !p.ok && a.missingData() == "breaching":
			breaching++
		case !p.ok && a.missingData() != "notBreaching":
			missing++
		}
	}
	switch {
	case breaching >= a.datapointsToAlarm():
		return types.StateValueAlarm
	case missing == len(points) && a.missingData() == "ignore":
		return ""
	case missing == len(points):
		return types.StateValueInsufficientData
	default:
		return types.StateValueOk
	}
}

func (a alarm) breaches(v float64) bool {
	threshold := aws.ToFloat64(a.Threshold)
	switch a.ComparisonOperator {
	case types.ComparisonOperatorGreaterThanThreshold:
		return v > threshold
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return v >= threshold
	case types.ComparisonOperatorLessThanThreshold:
		return v < threshold
	default:
		return v <= threshold
	}
}

// comparisons are CloudWatch's words for what a datapoint was.
var comparisons = map[types.ComparisonOperator]string{
	types.ComparisonOperatorGreaterThanThreshold:          "greater than",
	types.ComparisonOperatorGreaterThanOrEqualToThreshold: "greater than or equal to",
	types.ComparisonOperatorLessThanThreshold:             "less than",
	types.ComparisonOperatorLessThanOrEqualToThreshold:    "less than or equal to",
}

// reason says why the alarm is in the state, in CloudWatch's words.
func (a alarm) reason(state types.StateValue, points []datapoint, now time.Time) string {
	var shown []string
	unknown := 0
	for i, p := range points {
		if !p.ok {
			unknown++
			continue
		}
		at := now.Add(-time.Duration(i+1) * a.period())
		shown = append(shown, fmt.Sprintf("%v (%s)", p.value, at.UTC().Format("02/01/06 15:04:05")))
	}
	if state == types.StateValueInsufficientData {
		return fmt.Sprintf("Insufficient Data: %s unknown.", plural(unknown, "datapoint was", "datapoints were"))
	}
	if len(shown) == 0 {
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %s and %s missing data was treated as [%s].",
			plural(len(points), "period", "periods"), plural(unknown, "", ""), a.missingData())
	}
	was := "was"
	if state == types.StateValueOk {
		was = "was not"
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints [%s] %s %s the threshold (%v) (minimum %s for %s transition).",
		len(shown), len(points), strings.Join(shown, ", "), was, comparisons[a.ComparisonOperator], aws.ToFloat64(a.Threshold),
		plural(a.datapointsToAlarm(), "datapoint", "datapoints"), transition(state))
}

func transition(to types.StateValue) string {
	if to == types.StateValueAlarm {
		return "OK -> ALARM"
	}
	return "ALARM -> OK"
}

func plural(n int, one, many string) string {
	if n == 1 {
		return strings.TrimSpace("1 " + one)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", n, many))
}

// points are the alarm's datapoints, the latest first. Its periods end at the end of the
// second before now, which is still being filled.
func (c *CloudWatch) points(a alarm, now time.Time) []datapoint {
	length := int64(a.period() / time.Second)
	list := make([]datapoint, aws.ToInt32(a.EvaluationPeriods))
	for i := range list {
		to := now.Unix() - int64(i)*length
		list[i].value, list[i].ok = c.value(a, to-length, to)
	}
	return list
}

// value is what the alarm's metric or expression was in from ≤ t < to.
func (c *CloudWatch) value(a alarm, from, to int64) (float64, bool) {
	if len(a.Metrics) == 0 {
		s, err := statisticOf(a.statistic())
		if err != nil {
			return 0, false // checked when the alarm was put
		}
		return s(c.series.between(metric{aws.ToString(a.Namespace), aws.ToString(a.MetricName), dimensionsOf(a.Dimensions)}, from, to))
	}
	q, err := alarmQueries(a.Metrics)
	if err != nil {
		return 0, false
	}
	return q.value(q.returned, func(m metric, s statistic) (float64, bool) { return s(c.series.between(m, from, to)) })
}

// evaluateAll looks at every alarm once.
func (c *CloudWatch) evaluateAll(ctx context.Context) {
	now := c.cfg.Now()
	c.mu.Lock()
	var changed []string
	for _, a := range c.alarms.All() {
		ok, err := c.evaluate(ctx, a, now)
		if err != nil && ctx.Err() == nil {
			c.cfg.Log.Error("evaluate alarm", "alarm", a.name(), "error", err)
		}
		if ok {
			changed = append(changed, a.name())
		}
	}
	c.mu.Unlock()
	for _, name := range changed {
		c.cfg.Changed(name)
	}
}

// evaluate moves the alarm to the state that its datapoints call for. A state that somebody
// set stays for a period, and where there are no data, until there are.
func (c *CloudWatch) evaluate(ctx context.Context, a alarm, now time.Time) (changed bool, err error) {
	points := c.points(a, now)
	state := a.judge(points)
	switch {
	case state == "" || state == a.StateValue:
		return false, nil
	case !a.SetByHand.IsZero() && (state == types.StateValueInsufficientData || now.Before(a.SetByHand.Add(a.period()))):
		return false, nil
	}
	a.SetByHand = time.Time{}
	return true, c.move(ctx, a, state, a.reason(state, points, now), "")
}

// move brings the alarm into a state and keeps it.
func (c *CloudWatch) move(ctx context.Context, a alarm, state types.StateValue, reason, data string) error {
	now := c.cfg.Now()
	if a.StateValue != state {
		a.note(now, types.HistoryItemTypeStateUpdate, fmt.Sprintf("Alarm updated from %s to %s", a.StateValue, state), reason)
		a.StateTransitionedTimestamp = &now
		c.cfg.Log.InfoContext(ctx, "alarm is "+string(state), "alarm", a.name(), "reason", reason)
	}
	a.StateValue, a.StateReason, a.StateUpdatedTimestamp, a.StateReasonData = state, &reason, &now, nil
	if data != "" {
		a.StateReasonData = &data
	}
	return c.alarms.Put(ctx, a.name(), a)
}
