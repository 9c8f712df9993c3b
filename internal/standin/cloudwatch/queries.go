package cloudwatch

import (
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/slipway/slipway/internal/awswire"
)

// How many queries a request and an alarm may have, as at AWS.
const (
	maxQueries      = 500
	maxAlarmQueries = 20
)

// A query is one member of a MetricDataQuery list: a metric's statistic, or an expression of
// the others.
type query struct {
	types.MetricDataQuery
	metric     metric
	statistic  statistic
	expression expression
}

// queries are such a list. returned is the id of the one that an alarm is on.
type queries struct {
	byID     map[string]query
	order    []string // metrics first, then expressions as given
	returned string
}

var idPattern = regexp.MustCompile(`^[a-z][A-Za-z0-9_]*$`)

func newQueries(list []types.MetricDataQuery) (queries, error) {
	q := queries{byID: map[string]query{}}
	if len(list) > maxQueries {
		return q, awswire.Errorf(invalidCombination, "There are %d queries; there may be %d.", len(list), maxQueries)
	}
	known := map[string]bool{}
	for _, one := range list {
		id := aws.ToString(one.Id)
		switch {
		case !idPattern.MatchString(id):
			return q, awswire.Errorf(invalidValue, "The Id %q is not valid: it begins with a lower-case letter.", id)
		case known[id]:
			return q, awswire.Errorf(invalidValue, "The Id %s is given twice.", id)
		case (one.MetricStat == nil) == (one.Expression == nil):
			return q, awswire.Errorf(invalidCombination, "%s needs either a MetricStat or an Expression.", id)
		}
		known[id] = true
		if one.MetricStat != nil {
			if err := q.addMetric(id, one); err != nil {
				return q, err
			}
		}
	}
	for _, one := range list {
		if one.Expression == nil {
			continue
		}
		if err := q.addExpression(aws.ToString(one.Id), one); err != nil {
			return q, err
		}
	}
	return q, nil
}

// alarmQueries are those of an alarm, which is on exactly one of them.
func alarmQueries(list []types.MetricDataQuery) (queries, error) {
	if len(list) > maxAlarmQueries {
		return queries{}, awswire.Errorf(invalidCombination, "An alarm has %d queries; it may have %d.", len(list), maxAlarmQueries)
	}
	q, err := newQueries(list)
	if err != nil {
		return q, err
	}
	return q, q.findReturned(list)
}

func (q *queries) addMetric(id string, one types.MetricDataQuery) error {
	m := one.MetricStat.Metric
	if m == nil || aws.ToString(m.MetricName) == "" || aws.ToString(m.Namespace) == "" {
		return awswire.Errorf(missingParameter, "The MetricStat of %s needs a Metric with Namespace and MetricName.", id)
	}
	if aws.ToInt32(one.MetricStat.Period) < 1 {
		return awswire.Errorf(missingParameter, "The MetricStat of %s needs a Period.", id)
	}
	s, err := statisticOf(aws.ToString(one.MetricStat.Stat))
	if err != nil {
		return err
	}
	q.byID[id] = query{one, metric{*m.Namespace, *m.MetricName, dimensionsOf(m.Dimensions)}, s, nil}
	q.order = append(q.order, id)
	return nil
}

// addExpression adds an expression of what was added before it.
func (q *queries) addExpression(id string, one types.MetricDataQuery) error {
	usable := map[string]bool{}
	for _, earlier := range q.order {
		usable[earlier] = true
	}
	e, err := parseExpression(*one.Expression, usable)
	if err != nil {
		return err
	}
	q.byID[id] = query{MetricDataQuery: one, expression: e}
	q.order = append(q.order, id)
	return nil
}

// findReturned finds the query whose data are asked for.
func (q *queries) findReturned(list []types.MetricDataQuery) error {
	count := 0
	for _, one := range list {
		if one.ReturnData == nil || *one.ReturnData {
			q.returned = aws.ToString(one.Id)
			count++
		}
	}
	if count != 1 {
		return awswire.Errorf(invalidCombination, "Exactly one element of the metrics list should return data.")
	}
	return nil
}

// value is the value of a query, where read gives those of metrics.
func (q queries) value(id string, read func(metric, statistic) (float64, bool)) (float64, bool) {
	if one, ok := q.byID[id]; ok && one.expression == nil {
		return read(one.metric, one.statistic)
	}
	values := map[string]float64{}
	for _, one := range q.order {
		query := q.byID[one]
		v, ok := 0.0, false
		if query.expression != nil {
			v, ok = query.expression(values)
		} else {
			v, ok = read(query.metric, query.statistic)
		}
		if ok {
			values[one] = v
		}
	}
	v, ok := values[id]
	return v, ok
}
