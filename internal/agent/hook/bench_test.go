//go:build linux

package hook_test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/agent/hook"
	"github.com/slipway/slipway/internal/appspec"
)

const flood = "#!/bin/sh\nyes 'a line of output that is about as long as lines of output are' | head -c 1000000000\n"

// A script that prints 1 GB, beside the same into a pipe that is read and thrown away, and how much
// the heap grew meanwhile.
func BenchmarkOutputOfOneGB(b *testing.B) {
	dir := b.TempDir()
	path := filepath.Join(dir, "flood.sh")
	if err := os.WriteFile(path, []byte(flood), 0o755); err != nil {
		b.Fatal(err)
	}
	var bare, run time.Duration
	var grown uint64
	for b.Loop() {
		bare += readAndDiscard(b, path)
		var tail hook.Tail
		runner := &hook.Runner{Environ: os.Environ()}
		job := hook.Job{Event: "ApplicationStart", Scripts: []appspec.Script{{Location: "flood.sh", Timeout: time.Hour}}, Archive: dir, Deployment: "d-1", Dir: dir}
		largest := largestHeap(b.Context())
		began := time.Now()
		if err := runner.Run(context.Background(), job, &tail); err != nil {
			b.Fatal(err)
		}
		run += time.Since(began)
		grown = max(grown, largest())
		_ = os.RemoveAll(filepath.Join(dir, "logs"))
	}
	n := float64(b.N)
	b.ReportMetric(bare.Seconds()/n, "bare-pipe-s")
	b.ReportMetric(run.Seconds()/n, "hook-s")
	b.ReportMetric(float64(run)/float64(bare), "ratio")
	b.ReportMetric(float64(grown)/(1<<20), "heap-mib")
}

func readAndDiscard(b *testing.B, path string) time.Duration {
	began := time.Now()
	cmd := exec.Command(path)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, out); err != nil {
		b.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// largestHeap watches the heap until the returned function is called, which says how large it was.
func largestHeap(ctx context.Context) func() uint64 {
	ctx, cancel := context.WithCancel(ctx)
	largest := make(chan uint64)
	go func() {
		var most uint64
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
			select {
			case <-tick.C:
			case <-ctx.Done():
				largest <- most
				return
			}
		}
	}()
	return func() uint64 {
		cancel()
		return <-largest
	}
}
