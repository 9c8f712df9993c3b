package bench

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/standin/elb/plane"
)

// BenchmarkRequestsBalanced sends requests over 16 kept connections through the built-in data plane, through HAProxy
// with the same desired state, and to one backend directly: the same backends and the same load, in one run, each
// data plane in a process of its own.
// of-direct and of-haproxy are this data plane's requests per second as a share of those. Load, backends and
// data plane share the machine's cores, so that what one saves the others get, and what else the machine does falls on
// all of them. cpu-µs is what the data plane's processes alone take of a core for one request.
func BenchmarkRequestsBalanced(b *testing.B) {
	var targets []plane.Target
	for i := range 2 {
		backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 1024))
		}))
		b.Cleanup(backend.Close)
		targets = append(targets, plane.Target{ID: fmt.Sprint(i), Address: backend.Listener.Addr().String()})
	}
	var direct, peer float64
	b.Run("direct", func(b *testing.B) { direct = press(b, targets[0].Address) })
	b.Run("haproxy", func(b *testing.B) {
		if _, err := exec.LookPath("haproxy"); err != nil {
			b.Skip("haproxy is not installed: test/install-tools installs it")
		}
		peer = pressPlane(b, "haproxy", targets)
		b.ReportMetric(peer/direct, "of-direct")
	})
	b.Run("built-in", func(b *testing.B) {
		own := pressPlane(b, "built-in", targets)
		if direct > 0 { // or it was not asked for
			b.ReportMetric(own/direct, "of-direct")
		}
		if peer > 0 {
			b.ReportMetric(own/peer, "of-haproxy")
		}
	})
}

// pressPlane sends b.N requests through a data plane and returns how many there were per second.
func pressPlane(b *testing.B, engine string, targets []plane.Target) float64 {
	address := servePlane(b, engine, targets)
	before := cpuOfChildren(b)
	rate := press(b, address)
	b.ReportMetric(float64((cpuOfChildren(b)-before).Microseconds())/float64(b.N), "cpu-µs")
	return rate
}

// press sends b.N requests and returns how many there were per second.
func press(b *testing.B, address string) float64 {
	const connections = 16
	request := []byte("GET / HTTP/1.1\r\nHost: bench\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n")
	var left atomic.Int64
	left.Store(int64(b.N))
	times := make([][]time.Duration, connections)
	var wg sync.WaitGroup
	b.ResetTimer()
	began := time.Now()
	for i := range connections {
		wg.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return
			}
			defer conn.Close()
			reader := bufio.NewReader(conn)
			for left.Add(-1) >= 0 {
				start := time.Now()
				_, _ = conn.Write(request)
				if err := discard(reader); err != nil {
					b.Error(err)
					return
				}
				times[i] = append(times[i], time.Since(start))
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	b.StopTimer()
	all := slices.Sorted(slices.Values(slices.Concat(times...)))
	if len(all) != b.N {
		b.Fatalf("%d of %d requests were answered", len(all), b.N)
	}
	rate := float64(b.N) / took.Seconds()
	b.ReportMetric(rate, "requests/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
	return rate
}

// discard reads one response with a length.
func discard(r *bufio.Reader) error {
	length, status := -1, ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if status == "" {
			status = line
		}
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && strings.EqualFold(name, "Content-Length") {
			if _, err := fmt.Sscan(value, &length); err != nil {
				return err
			}
		}
		if line == "\r\n" {
			break
		}
	}
	if length < 0 || !strings.Contains(status, " 200 ") {
		return fmt.Errorf("answer %q of length %d", status, length)
	}
	_, err := r.Discard(length)
	return err
}
