//go:build unix

package hook_test

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/agent/hook"
	"github.com/slipway/slipway/internal/appspec"
)

// BenchmarkGigabyte runs a script that prints a gigabyte, half of it in one line, and prints how
// much memory the heap took at most, and the time beside that of the same output read by nobody.
func BenchmarkGigabyte(b *testing.B) {
	const script = "#!/bin/sh\nhead -c 500000000 /dev/zero | tr '\\0' x\necho\nyes 'a line of a usual length, as programs print them' | head -c 500000000\n"
	dir := b.TempDir()
	path := dir + "/loud"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		b.Fatal(err)
	}
	job := hook.Job{Event: "ApplicationStart", Archive: dir, Deployment: "d-1", Dir: dir, Scripts: []appspec.Script{{Location: "loud", Timeout: time.Hour}}}
	var most uint64
	var bare, ours time.Duration
	for b.Loop() {
		begun := time.Now()
		cmd := exec.Command(path)
		cmd.Stdout = discard{} // through a pipe, as a hook's
		if err := cmd.Run(); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(begun)
		begun = time.Now()
		stop := watchHeap(&most)
		err := (&hook.Runner{Environ: []string{"PATH=/usr/bin:/bin"}}).Run(b.Context(), job, &hook.Tail{})
		stop()
		if err != nil {
			b.Fatal(err)
		}
		ours += time.Since(begun)
	}
	b.ReportMetric(float64(most)/(1<<20), "MiB-heap")
	b.ReportMetric(ours.Seconds()/bare.Seconds(), "times-bare")
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// watchHeap looks at the heap every few milliseconds until stopped.
func watchHeap(most *uint64) func() {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		look := time.NewTicker(20 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-done:
				return
			case <-look.C:
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				*most = max(*most, m.HeapInuse)
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
