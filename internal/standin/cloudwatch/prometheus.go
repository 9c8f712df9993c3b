package cloudwatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"
)

// prometheusNamespace is where an alarm's metric name is a PromQL query. What the server
// answers is put as a metric like any other, so that periods, thresholds and missing data
// mean what they mean elsewhere; a server that does not answer is missing data.
const prometheusNamespace = "Prometheus"

// prometheusEvery is how often a query is asked, and how long an answer is waited for: the
// next one is the retry. The shortest period of an alarm has room for two.
const prometheusEvery = 5 * time.Second

// maxAsking is how many queries are asked at a time.
const maxAsking = 8

// faults are the queries that were not answered the last time.
type faults struct {
	mu      sync.Mutex
	byQuery map[string]string
}

// of is what an alarm's reason says of its query; empty where all is well.
func (f *faults) of(a alarm) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.byQuery[a.promQL()]
}

// note remembers how it went, and tells whether that is news. The reason does not say which
// connection failed how: it would change from one time to the next.
func (f *faults) note(query string, err error) (news bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, failed := f.byQuery[query]
	var refused *promQLError
	switch {
	case err == nil:
		delete(f.byQuery, query)
	case errors.As(err, &refused):
		f.byQuery[query] = "Prometheus refuses the query: " + refused.text
	default:
		f.byQuery[query] = "Prometheus could not be asked; the server's log says why."
	}
	return failed != (err != nil)
}

// promQL is the query that the alarm is on; empty where it is on something else.
func (a alarm) promQL() string {
	if aws.ToString(a.Namespace) != prometheusNamespace {
		return ""
	}
	return aws.ToString(a.MetricName)
}

// askPrometheus asks for every alarm's query, once.
func (c *CloudWatch) askPrometheus(ctx context.Context) {
	queries := map[string]bool{}
	for _, a := range c.alarms.All() {
		if q := a.promQL(); q != "" {
			queries[q] = true
		}
	}
	c.faults.keep(queries)
	var asking errgroup.Group
	asking.SetLimit(maxAsking)
	for query := range queries {
		asking.Go(func() error {
			c.askOne(ctx, query)
			return nil
		})
	}
	_ = asking.Wait() // none has an error
}

// keep forgets the queries that no alarm is on.
func (f *faults) keep(queries map[string]bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	maps.DeleteFunc(f.byQuery, func(query, _ string) bool { return !queries[query] })
}

func (c *CloudWatch) askOne(ctx context.Context, query string) {
	limited, cancel := context.WithTimeout(ctx, prometheusEvery)
	defer cancel()
	value, ok, err := c.ask(limited, query)
	if ctx.Err() != nil {
		return // the server stops
	}
	switch news := c.faults.note(query, err); {
	case news && err != nil:
		c.cfg.Log.WarnContext(ctx, "Prometheus does not answer", "query", query, "error", err)
	case news:
		c.cfg.Log.InfoContext(ctx, "Prometheus answers again", "query", query)
	}
	if ok {
		_ = c.series.put(metric{namespace: prometheusNamespace, name: query}, single(c.cfg.Now().Unix(), value))
	}
}

// A promQLError is Prometheus's own refusal.
type promQLError struct{ text string }

func (e *promQLError) Error() string { return "the query failed: " + e.text }

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
		return 0, false, &promQLError{body.Error}
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
	// What was divided by nothing is no data.
	return sum, len(points) > 0 && err == nil && finite(sum), err
}
