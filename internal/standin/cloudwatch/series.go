package cloudwatch

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/slipway/slipway/internal/awswire"
)

const (
	// keepFine and keepCoarse bound the memory of a series: seconds are merged into
	// minutes, minutes are dropped.
	keepFine   = 15 * time.Minute
	keepCoarse = 3 * time.Hour
	// maxSeries, maxValues and maxSize bound the whole: series, different values of one second,
	// which percentiles are made from, and samples and values of all series, some 100 bytes each.
	maxSeries = 10_000
	maxValues = 200
	maxSize   = 2_000_000
)

// A metric is what a series is of. Its key is unique.
type metric struct {
	namespace, name string
	dimensions      map[string]string
}

func (m metric) key() string {
	parts := []string{m.namespace, m.name}
	for _, name := range slices.Sorted(maps.Keys(m.dimensions)) {
		parts = append(parts, name, m.dimensions[name])
	}
	return strings.Join(parts, "\x1f")
}

// A sample is what was put in one second, or in one minute of longer ago.
type sample struct {
	at         int64 // seconds since 1970: the beginning
	sum, count float64
	min, max   float64
	values     distribution // of what was not put as statistics
	unit       types.StandardUnit
}

func (s *sample) add(o sample) {
	if s.count == 0 {
		s.min, s.max, s.unit = o.min, o.max, o.unit
	}
	s.sum, s.count = s.sum+o.sum, s.count+o.count
	s.min, s.max = math.Min(s.min, o.min), math.Max(s.max, o.max)
	s.values = s.values.with(o.values)
}

// A series is the samples of a metric, oldest first.
type series struct {
	metric  metric
	samples []sample
}

// put adds a sample to its second; most come in order. It returns by how much the series grew.
func (s *series) put(o sample) (growth int) {
	i, found := slices.BinarySearchFunc(s.samples, o.at, func(have sample, at int64) int { return cmp.Compare(have.at, at) })
	if !found {
		s.samples = slices.Insert(s.samples, i, sample{at: o.at})
		growth = 1
	}
	before := len(s.samples[i].values)
	s.samples[i].add(o)
	return growth + len(s.samples[i].values) - before
}

// size is what counts against maxSize.
func (s *series) size() int {
	n := len(s.samples)
	for i := range s.samples {
		n += len(s.samples[i].values)
	}
	return n
}

// between merges the samples of from ≤ t < to, in seconds since 1970.
func (s *series) between(from, to int64) (all sample) {
	i, _ := slices.BinarySearchFunc(s.samples, from, func(have sample, at int64) int { return cmp.Compare(have.at, at) })
	for ; i < len(s.samples) && s.samples[i].at < to; i++ {
		all.add(s.samples[i])
	}
	return all
}

// trim merges and drops what is old.
func (s *series) trim(now time.Time) {
	seconds, minutes := now.Add(-keepFine).Unix(), now.Add(-keepCoarse).Unix()
	var kept []sample
	for _, one := range s.samples {
		if one.at < minutes {
			continue
		}
		if one.at < seconds {
			one.at -= one.at % 60
			if last := len(kept) - 1; last >= 0 && kept[last].at == one.at {
				kept[last].add(one)
				continue
			}
		}
		kept = append(kept, one)
	}
	s.samples = kept
}

// A seriesSet is all that is known of metrics.
type seriesSet struct {
	mu      sync.Mutex
	byKey   map[string]*series
	size    int // of all of them
	trimmed time.Time
}

func newSeriesSet() *seriesSet { return &seriesSet{byKey: map[string]*series{}} }

func (s *seriesSet) put(m metric, one sample) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := m.key()
	found := s.byKey[key]
	if s.size >= maxSize {
		return awswire.Errorf(limitExceeded, "There is no room for more data. They are dropped after %s; put fewer metrics, or less often.", keepCoarse)
	}
	if found == nil {
		if len(s.byKey) >= maxSeries {
			return awswire.Errorf(limitExceeded, "There are %d metrics already, which is the most that are kept.", maxSeries)
		}
		found = &series{metric: m}
		s.byKey[key] = found
	}
	s.size += found.put(one)
	return nil
}

func (s *seriesSet) between(m metric, from, to int64) sample {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found := s.byKey[m.key()]; found != nil {
		return found.between(from, to)
	}
	return sample{}
}

// trim bounds the memory, once a minute.
func (s *seriesSet) trim(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.trimmed) < time.Minute {
		return
	}
	s.trimmed, s.size = now, 0
	for key, one := range s.byKey {
		if one.trim(now); len(one.samples) == 0 {
			delete(s.byKey, key)
		}
		s.size += one.size()
	}
}

func (s *seriesSet) metrics() (all []metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(s.byKey)) {
		all = append(all, s.byKey[key].metric)
	}
	return all
}

// Put adds a value of now, for the services beside this one. What there is no room for is
// left out.
func (c *CloudWatch) Put(namespace, name string, dimensions map[string]string, value float64) {
	_ = c.series.put(metric{namespace, name, dimensions}, single(c.cfg.Now().Unix(), value))
}

// PutStatistics adds many values of now at once: how many, their sum, the least and the
// greatest.
func (c *CloudWatch) PutStatistics(namespace, name string, dimensions map[string]string, count, sum, least, greatest float64) {
	_ = c.series.put(metric{namespace, name, dimensions},
		sample{at: c.cfg.Now().Unix(), count: count, sum: sum, min: least, max: greatest})
}

func single(at int64, value float64) sample {
	return repeated(at, value, 1)
}

// repeated is a value that came count times.
func repeated(at int64, value, count float64) sample {
	return sample{at: at, sum: value * count, count: count, min: value, max: value, values: distribution{{value, count}}}
}

func dimensionsOf(list []types.Dimension) map[string]string {
	m := map[string]string{}
	for _, d := range list {
		m[aws.ToString(d.Name)] = aws.ToString(d.Value)
	}
	return m
}

func dimensionsOut(m map[string]string) []types.Dimension {
	list := []types.Dimension{}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, types.Dimension{Name: aws.String(name), Value: aws.String(m[name])})
	}
	return list
}
