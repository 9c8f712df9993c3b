package cloudwatch

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// prometheusNamespace is where an alarm's metric name is a PromQL query. What the server
// answers is put as a metric like any other, so that periods, thresholds and missing data
// mean what they mean elsewhere; a server that does not answer is missing data.
const prometheusNamespace = "Prometheus"

// prometheusEvery is how often a query is asked.
const prometheusEvery = 5 * time.Second

// askPrometheus asks for every alarm's query.
func (c *CloudWatch) askPrometheus(ctx context.Context) {
	asked := map[string]bool{}
	for _, a := range c.alarms.All() {
		query := aws.ToString(a.MetricName)
		if aws.ToString(a.Namespace) != prometheusNamespace || asked[query] {
			continue
		}
		asked[query] = true
		value, ok, err := c.ask(ctx, query)
		if err != nil {
			c.cfg.Log.WarnContext(ctx, "ask Prometheus", "alarm", a.name(), "error", err)
		}
		if ok {
			_ = c.series.put(metric{prometheusNamespace, query, dimensionsOf(a.Dimensions)}, single(c.cfg.Now().Unix(), value))
		}
	}
}

// ask returns the value of a query: the scalar, or the sum of a vector's elements. ok is
// false for an empty vector.
func (c *CloudWatch) ask(ctx context.Context, query string) (value float64, ok bool, err error) {
	address := strings.TrimSuffix(c.cfg.Prometheus, "/") + "/api/v1/query?" + url.Values{"query": {query}}.Encode()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, false, err
	}
	answer, err := c.cfg.HTTP.Do(r)
	if err != nil {
		return 0, false, err
	}
	defer answer.Body.Close()
	var body struct {
		Status, Error string
		Data          struct {
			ResultType string
			Result     json.RawMessage
		}
	}
	const limit = 1 << 20
	if err := json.NewDecoder(io.LimitReader(answer.Body, limit)).Decode(&body); err != nil {
		return 0, false, fmt.Errorf("read the answer, of status %s: %w", answer.Status, err)
	}
	if body.Status != "success" {
		return 0, false, fmt.Errorf("the query failed: %s", body.Error)
	}
	return sumOf(body.Data.ResultType, body.Data.Result)
}

// sumOf reads the result of an instant query.
func sumOf(kind string, result json.RawMessage) (sum float64, ok bool, err error) {
	type point [2]any // time, value
	var points []point
	switch kind {
	case "scalar":
		points = make([]point, 1)
		err = json.Unmarshal(result, &points[0])
	case "vector":
		var vector []struct{ Value point }
		err = json.Unmarshal(result, &vector)
		for _, v := range vector {
			points = append(points, v.Value)
		}
	default:
		return 0, false, fmt.Errorf("the query gives a %s, not a scalar or a vector", kind)
	}
	for _, p := range points {
		text, _ := p[1].(string)
		value, fault := strconv.ParseFloat(text, 64)
		if fault != nil {
			err = fault
			break
		}
		sum += value
	}
	return sum, len(points) > 0 && err == nil, err
}
