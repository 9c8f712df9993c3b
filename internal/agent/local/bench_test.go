//go:build unix

package local_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkProgram runs a trivial bundle with seven hooks by each program that can, beside the seven
// bare scripts, and prints both times, their difference and the memory that was resident at most.
func BenchmarkProgram(b *testing.B) {
	for _, name := range []string{"slipway", "slipway-agent"} {
		b.Run(name, func(b *testing.B) { benchmark(b, name) })
	}
}

func benchmark(b *testing.B, name string) {
	m := newBench(b)
	program := m.path("program")
	if out, err := exec.Command("go", "build", "-o", program, "../../../cmd/"+name).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	bundle := m.bundle("v1")
	run := func(name string, args ...string) *os.ProcessState {
		cmd := exec.Command(name, args...)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		return cmd.ProcessState
	}
	arguments := []string{"local", "-l", bundle, "-c", m.path("agent.yml")}
	run(program, arguments...)
	var whole, bare time.Duration
	var resident int64
	for b.Loop() {
		begun := time.Now()
		state := run(program, arguments...)
		whole += time.Since(begun)
		if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
			resident = max(resident, usage.Maxrss)
		}
		begun = time.Now()
		for range 7 {
			run(filepath.Join(bundle, "hook.sh"))
		}
		bare += time.Since(begun)
	}
	n := float64(b.N)
	b.ReportMetric(whole.Seconds()*1000/n, "ms/run")
	b.ReportMetric(bare.Seconds()*1000/n, "ms/scripts")
	b.ReportMetric((whole-bare).Seconds()*1000/n, "ms-beyond-scripts")
	b.ReportMetric(float64(resident)/1024, "MiB-resident")
	b.ReportMetric(0, "ns/op")
	if !strings.Contains(m.read("hooks"), "v1") {
		b.Error("no script ran")
	}
}
