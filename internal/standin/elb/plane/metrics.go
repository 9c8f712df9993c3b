package plane

import (
	"math"
	"time"
)

// A Sample is what happened in one load balancer, or in one of its groups, since the last Collect.
type Sample struct {
	Balancer string
	Group    string // empty: the sample is the whole load balancer's

	Requests int // that reached an action

	// Target2xx to Target5xx are responses that targets gave.
	Target2xx, Target3xx, Target4xx, Target5xx int

	// Of the load balancer itself, not of its targets. They are counted in its own sample, and those that
	// concern a group in the group's as well.
	ELB3xx, ELB4xx, ELB5xx, ELB500, ELB502, ELB503, ELB504 int

	ResponseTime     Distribution // from the request's leaving to the response's first byte
	ConnectionErrors int          // connections to targets that could not be made
	Retried          int          // requests that were sent to another target, because they could not be delivered
	ProcessedBytes   int64        // both ways, as clients see them

	NewConnections    int // of clients; in a group: connections and requests forwarded as bytes
	ActiveConnections int // gauge

	HealthyHosts, UnhealthyHosts int // gauges; only of groups
}

// Distribution is how long things took. The zero value is ready to use.
type Distribution struct {
	Count    int
	Sum, Max time.Duration
	// Buckets count the durations up to [Bound] of their index; the last one holds all above.
	Buckets [40]int
}

// Bound is the upper end of a bucket: 100 µs, and half as much again with each further one (the 39th is over 8 minutes).
func Bound(bucket int) time.Duration {
	return time.Duration(100e3 * math.Pow(1.5, float64(bucket)))
}

// Bucket is the index of the bucket that a duration falls into.
func Bucket(d time.Duration) int {
	if d <= 100*time.Microsecond {
		return 0
	}
	b := int(math.Ceil(math.Log(float64(d)/100e3) / math.Log(1.5)))
	return min(b, len(Distribution{}.Buckets)-1)
}

// Add counts one duration.
func (d *Distribution) Add(took time.Duration) {
	d.Count++
	d.Sum += took
	d.Max = max(d.Max, took)
	d.Buckets[Bucket(took)]++
}

// Merge counts everything that another distribution has counted.
func (d *Distribution) Merge(o Distribution) {
	d.Count += o.Count
	d.Sum += o.Sum
	d.Max = max(d.Max, o.Max)
	for i, n := range o.Buckets {
		d.Buckets[i] += n
	}
}

// Quantile is the duration that the share q (0 to 1) did not exceed, to within its bucket. Of nothing it is zero.
func (d *Distribution) Quantile(q float64) time.Duration {
	rank, seen := int(math.Ceil(q*float64(d.Count))), 0
	for i, n := range d.Buckets {
		if seen += n; n > 0 && seen >= rank && i < len(d.Buckets)-1 {
			return min(Bound(i), d.Max)
		}
	}
	return d.Max
}
