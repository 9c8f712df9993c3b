package cloudwatch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// answering is a Prometheus that needs no network.
type answering func(*http.Request) (string, error)

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := f(r)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: 200, Status: "200 OK", Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

const scalar = `{"status":"success","data":{"resultType":"scalar","result":[1,"VALUE"]}}`

// TestPrometheusComesAndGoes: the state follows the query, and the reason says when it cannot.
func TestPrometheusComesAndGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var value atomic.Value
		value.Store("hangs")
		c := open(t, Config{Prometheus: "http://prometheus", HTTP: &http.Client{Transport: answering(func(r *http.Request) (string, error) {
			switch v := value.Load().(string); v {
			case "hangs":
				<-r.Context().Done()
				return "", r.Context().Err()
			case "refuses":
				return `{"status":"error","error":"no such function"}`, nil
			case "gone":
				return "", errors.New("connection refused")
			default:
				return strings.Replace(scalar, "VALUE", v, 1), nil
			}
		})}})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		must(t, second(c.putMetricAlarm(t.Context(), errorsAlarm(func(in *cloudwatch.PutMetricAlarmInput) {
			in.Namespace, in.MetricName = aws.String("Prometheus"), aws.String("errors")
			in.Statistic = types.StatisticAverage
		}))))
		for _, step := range []struct {
			answer string
			state  types.StateValue
			reason string
		}{
			{"hangs", types.StateValueInsufficientData, "Insufficient Data: 1 datapoint was unknown. Prometheus could not be asked"},
			{"refuses", types.StateValueInsufficientData, "Prometheus refuses the query: no such function"},
			{"1.5", types.StateValueOk, "was not greater than the threshold (2.0)."},
			{"9", types.StateValueAlarm, "was greater than the threshold (2.0)."},
			{"gone", types.StateValueInsufficientData, "Prometheus could not be asked"},
			{"9", types.StateValueAlarm, "was greater"},
			{"NaN", types.StateValueInsufficientData, "Insufficient Data: 1 datapoint was unknown."},
		} {
			value.Store(step.answer)
			time.Sleep(time.Minute)
			synctest.Wait() // the query of this very instant too
			if a := c.state(t); a.StateValue != step.state || !strings.Contains(aws.ToString(a.StateReason), step.reason) {
				t.Errorf("with %s it is %s: %s; want %s: %s", step.answer, a.StateValue, aws.ToString(a.StateReason), step.state, step.reason)
			}
		}
		must(t, second(c.deleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{"errors"}})))
		value.Store("gone")
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(c.faults.byQuery) != 0 {
			t.Errorf("faults of queries that are not asked are kept: %v", c.faults.byQuery)
		}
		stop()
		must(t, <-ended)
	})
}
