package cloudwatch

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// drawn is an alarm on more than 2, of the latest three periods, with datapoints as AWS's
// tables of missing data draw them: oldest first, 0 for fine, X for breaching.
func drawn(picture string, atLeast int32, treat string) (alarm, []datapoint) {
	a := alarm{MetricAlarm: types.MetricAlarm{
		Threshold: aws.Float64(2), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(3), DatapointsToAlarm: &atLeast, TreatMissingData: &treat,
	}}
	var points []datapoint
	for _, mark := range strings.Fields(picture) {
		p := map[string]datapoint{"0": {1, true}, "X": {5, true}}[mark]
		points = append([]datapoint{p}, points...)
	}
	return a, points
}

// TestJudge is AWS's two tables of how missing data are treated, and what they leave out.
func TestJudge(t *testing.T) {
	const ok, bad, none, stays = types.StateValueOk, types.StateValueAlarm, types.StateValueInsufficientData, types.StateValue("")
	for _, c := range []struct {
		picture                                  string
		atLeast                                  int32
		missing, ignore, breaching, notBreaching types.StateValue
	}{
		{"0 - X - X", 3, ok, ok, ok, ok},
		{"- - - - 0", 3, ok, ok, ok, ok},
		{"- - - - -", 3, none, stays, bad, ok},
		{"0 X X - X", 3, bad, bad, bad, bad},
		{"- - X - -", 3, bad, stays, bad, ok},
		{"0 - X - X", 2, bad, bad, bad, bad},
		{"0 0 X 0 X", 2, bad, bad, bad, bad},
		{"0 - X - -", 2, ok, ok, bad, ok},
		{"- - - - 0", 2, ok, ok, bad, ok},
		{"- - - X -", 2, bad, stays, bad, ok},
		{"- - - - X", 2, stays, stays, bad, ok},
		{"X X 0 0 0", 2, ok, ok, ok, ok},
	} {
		for treat, want := range map[string]types.StateValue{
			"missing": c.missing, "ignore": c.ignore, "breaching": c.breaching, "notBreaching": c.notBreaching,
		} {
			a, points := drawn(c.picture, c.atLeast, treat)
			if got := a.judge(points); got != want {
				t.Errorf("%s, %d to alarm, %s: %q, want %q", c.picture, c.atLeast, treat, got, want)
			}
		}
	}
}

func TestReason(t *testing.T) {
	now := time.Date(2026, 11, 23, 4, 10, 0, 0, time.UTC)
	for _, c := range []struct {
		picture string
		state   types.StateValue
		treat   string
		atLeast *int32
		want    string
	}{
		{"0 0 X 0 X", types.StateValueAlarm, "missing", aws.Int32(2), "Threshold Crossed: 2 out of the last 3 datapoints " +
			"[5.0 (23/11/26 04:09:00), 5.0 (23/11/26 04:07:00)] were greater than the threshold (2.0) " +
			"(minimum 2 datapoints for OK -> ALARM transition)."},
		{"0 0 0 0 X", types.StateValueOk, "missing", aws.Int32(3), "Threshold Crossed: 2 out of the last 3 datapoints " +
			"[1.0 (23/11/26 04:08:00), 1.0 (23/11/26 04:07:00)] were not greater than the threshold (2.0) " +
			"(minimum 1 datapoint for ALARM -> OK transition)."},
		{"- - - - X", types.StateValueAlarm, "breaching", nil,
			"Threshold Crossed: 1 datapoint [5.0 (23/11/26 04:09:00)] was greater than the threshold (2.0)."},
		{"- - - - -", types.StateValueOk, "notBreaching", nil,
			"Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as [NotBreaching]."},
		{"- - - - -", types.StateValueInsufficientData, "missing", nil, "Insufficient Data: 3 datapoints were unknown."},
	} {
		a, points := drawn(c.picture, 0, c.treat)
		a.DatapointsToAlarm = c.atLeast
		if got := a.reason(c.state, points, now); got != c.want {
			t.Errorf("%s: %s\nwant %s", c.picture, got, c.want)
		}
	}
}
