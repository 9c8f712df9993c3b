package lambda_test

import (
	"maps"
	"net/http"
	"strings"
	"sync"

	"github.com/slipway/slipway/internal/standin/lambda"
)

// metrics remembers what CloudWatch is told, by name and dimensions.
type metrics struct {
	mu   sync.Mutex
	sums map[string]float64
}

func (m *metrics) PutStatistics(namespace, name string, dimensions map[string]string, count, sum, least, greatest float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sums == nil {
		m.sums = map[string]float64{}
	}
	m.sums[strings.Join([]string{namespace, name, dimensions["FunctionName"], dimensions["Resource"], dimensions["ExecutedVersion"]}, " ")] += sum
}

// route is how the server tells the stand-in's two sides apart.
func route(signed, web http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, lambda.Prefix) {
			web.ServeHTTP(w, r)
			return
		}
		signed.ServeHTTP(w, r)
	})
}

func (m *metrics) sum(key string) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sums[key]
}

func (m *metrics) all() map[string]float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.sums)
}

// lambdaConfig is what options of a world change.
type lambdaConfig = lambda.Config
