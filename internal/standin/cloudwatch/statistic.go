package cloudwatch

import (
	"math"
	"strconv"
	"strings"

	"github.com/slipway/slipway/internal/awswire"
)

// statistic makes a number of a sample; false when the sample has no data for it.
type statistic func(sample) (float64, bool)

var statistics = map[string]statistic{
	"Sum":         func(s sample) (float64, bool) { return s.sum, s.count > 0 },
	"Average":     func(s sample) (float64, bool) { return s.sum / s.count, s.count > 0 },
	"Minimum":     func(s sample) (float64, bool) { return s.min, s.count > 0 },
	"Maximum":     func(s sample) (float64, bool) { return s.max, s.count > 0 },
	"SampleCount": func(s sample) (float64, bool) { return s.count, s.count > 0 },
}

// statisticOf finds a statistic by its name, a percentile such as p99 or p99.9 too.
func statisticOf(name string) (statistic, error) {
	if s := statistics[name]; s != nil {
		return s, nil
	}
	text, ok := strings.CutPrefix(name, "p")
	rank, err := strconv.ParseFloat(text, 64)
	if !ok || err != nil || math.IsNaN(rank) || rank < 0 || rank > 100 {
		return nil, awswire.Errorf(invalidValue, "The value %s for parameter Stat is not supported: "+
			"it is Sum, Average, Minimum, Maximum, SampleCount or a percentile such as p99.", name)
	}
	return func(s sample) (float64, bool) {
		v, ok := s.values.percentile(rank)
		return min(max(v, s.min), s.max), ok
	}, nil
}
