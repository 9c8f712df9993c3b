package cloudwatch

import (
	"context"
	"fmt"
	"strconv"
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

// beyond is how many periods before those that are evaluated are looked at as well: with
// enough datapoints there, a gap among the latest changes nothing.
const beyond = 2

// A reading is the datapoints that count: of the latest EvaluationPeriods that are there,
// which go over the threshold and which do not, by their place in the list.
type reading struct {
	breaching, fine []int
	missing         int // how many fewer there are than EvaluationPeriods
}

func (a alarm) read(points []datapoint) reading {
	r := reading{missing: int(aws.ToInt32(a.EvaluationPeriods))}
	for i, p := range points {
		switch {
		case !p.ok || r.missing == 0:
			continue
		case a.breaches(p.value):
			r.breaching = append(r.breaching, i)
		default:
			r.fine = append(r.fine, i)
		}
		r.missing--
	}
	return r
}

// judge decides the state of an alarm from its datapoints, the latest first. It is empty
// where the alarm should stay as it is.
func (a alarm) judge(points []datapoint) types.StateValue {
	r, treat := a.read(points), a.missingData()
	breaching := len(r.breaching)
	if treat == "breaching" {
		breaching += r.missing
	}
	switch {
	case breaching >= a.datapointsToAlarm():
		return types.StateValueAlarm
	case len(r.fine) > 0 || treat == "notBreaching":
		return types.StateValueOk
	case treat == "ignore":
		return ""
	case breaching == 0:
		return types.StateValueInsufficientData
	case r.breaching[breaching-1]+1 >= a.datapointsToAlarm():
		return types.StateValueAlarm // nothing has been fine since
	default:
		return "" // what comes next decides
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
	r, periods, least := a.read(points), int(aws.ToInt32(a.EvaluationPeriods)), a.datapointsToAlarm()
	shown, was, transition := r.breaching, "", "OK -> ALARM"
	if state == types.StateValueOk {
		shown, was, transition, least = r.fine, " not", "ALARM -> OK", periods-least+1
	}
	if state == types.StateValueInsufficientData {
		return fmt.Sprintf("Insufficient Data: %s unknown.", plural(r.missing, "datapoint was", "datapoints were"))
	}
	if len(shown) == 0 {
		treated := a.missingData()
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %s and %s treated as [%s%s].",
			plural(r.missing, "period", "periods"), plural(r.missing, "missing datapoint was", "missing datapoints were"),
			strings.ToUpper(treated[:1]), treated[1:])
	}
	var values []string
	for _, i := range shown {
		at := now.Add(-time.Duration(i+1) * a.period())
		values = append(values, fmt.Sprintf("%s (%s)", decimal(points[i].value), at.UTC().Format("02/01/06 15:04:05")))
	}
	were := "was"
	if len(shown) > 1 {
		were = "were"
	}
	what := fmt.Sprintf("[%s] %s%s %s the threshold (%s)", strings.Join(values, ", "), were, was,
		comparisons[a.ComparisonOperator], decimal(aws.ToFloat64(a.Threshold)))
	if a.DatapointsToAlarm == nil {
		return fmt.Sprintf("Threshold Crossed: %s %s.", plural(len(shown), "datapoint", "datapoints"), what)
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %s %s (minimum %s for %s transition).", len(shown),
		plural(periods, "datapoints", "datapoints"), what, plural(least, "datapoint", "datapoints"), transition)
}

// decimal writes a number as CloudWatch does: 3.0, 0.25.
func decimal(f float64) string {
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// points are the alarm's datapoints, the latest first. Its periods end at the end of the
// second before now, which is still being filled.
func (c *CloudWatch) points(a alarm, now time.Time) []datapoint {
	length := int64(a.period() / time.Second)
	list := make([]datapoint, aws.ToInt32(a.EvaluationPeriods)+beyond)
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
		return s(c.series.between(a.metric(), from, to))
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

// heldByHand tells whether the state was set by hand and no period that began since has data.
func (a alarm) heldByHand(points []datapoint, now time.Time) bool {
	if a.SetByHand.IsZero() {
		return false
	}
	for i, p := range points {
		if p.ok && !now.Add(-time.Duration(i+1)*a.period()).Before(a.SetByHand) {
			return false
		}
	}
	return true
}

// evaluate moves the alarm to the state that its datapoints call for. A state that somebody
// set stays until there are data from after it.
func (c *CloudWatch) evaluate(ctx context.Context, a alarm, now time.Time) (changed bool, err error) {
	points := c.points(a, now)
	state := a.judge(points)
	fault := c.faults.of(a)
	switch {
	case state == types.StateValueInsufficientData && a.SetByHand.IsZero() && fault != "" && !strings.Contains(aws.ToString(a.StateReason), fault):
		return state != a.StateValue, c.move(ctx, a, state, a.reason(state, points, now)+" "+fault, "")
	case state == "" || state == a.StateValue:
		return false, nil
	case a.heldByHand(points, now):
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
