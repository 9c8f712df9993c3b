//go:build unix

package hook_test

import (
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/agent/hook"
	"github.com/slipway/slipway/internal/agent/logfile"
	"github.com/slipway/slipway/internal/appspec"
)

// BenchmarkGigabyte runs a script that prints a gigabyte, half of it in one line, and prints how
// much memory the heap took at most, and the time beside that of the same output read by nobody,
// and of the same output put into a file by the shell: medians of what was run in turns.
func BenchmarkGigabyte(b *testing.B) {
	const script = "#!/bin/sh\nhead -c 500000000 /dev/zero | tr '\\0' x\necho\nyes 'a line of a usual length, as programs print them' | head -c 500000000\n"
	dir := b.TempDir()
	path := dir + "/loud"
	if err := os.WriteFile(path, []byte(script), 0o755); err != nil {
		b.Fatal(err)
	}
	all, err := logfile.Open(dir+"/all.log", logfile.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer all.Close()
	job := hook.Job{Event: "ApplicationStart", Archive: dir, Deployment: "d-1", Dir: dir, Scripts: []appspec.Script{{Location: "loud", Timeout: time.Hour}}}
	environ := []string{"PATH=/usr/bin:/bin"}
	var most uint64
	var file, ours, both []float64
	for b.Loop() {
		piped := exec.Command(path)
		piped.Stdout = discard{} // through a pipe, as a hook's
		bare := took(b, piped.Run)
		file = append(file, took(b, exec.Command("sh", "-c", path+" >"+dir+"/file").Run)/bare)
		stop := watchHeap(&most)
		ours = append(ours, took(b, func() error {
			return (&hook.Runner{Environ: environ}).Run(b.Context(), job, &hook.Tail{})
		})/bare)
		both = append(both, took(b, func() error {
			return (&hook.Runner{Environ: environ, Deployments: all}).Run(b.Context(), job, &hook.Tail{})
		})/bare)
		stop()
	}
	b.ReportMetric(float64(most)/(1<<20), "MiB-heap")
	b.ReportMetric(median(file), "times-bare-shell-to-file")
	b.ReportMetric(median(ours), "times-bare")
	b.ReportMetric(median(both), "times-bare-both-logs")
	b.ReportMetric(0, "ns/op")
}

func took(b *testing.B, f func() error) float64 {
	begun := time.Now()
	if err := f(); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun).Seconds()
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
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
