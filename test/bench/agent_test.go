package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// idleFor is how long an idle agent is watched.
const idleFor = 10 * time.Second

// BenchmarkIdleAgent watches an agent with nothing to do, connected to a server by a long poll,
// fresh and after ten deployments: what is resident of it, also as a part of the goal of 20 MiB, and
// the share of one processor.
func BenchmarkIdleAgent(b *testing.B) {
	w, api := start(b)
	for range b.N {
		pid := agentPID(b, w.Dir, "web-1")
		fresh, _ := watch(b, pid, time.Second)
		for range 10 {
			deploy(b, w, api)
		}
		used, cpu := watch(b, pid, idleFor)
		b.ReportMetric(fresh, "fresh-mib")
		b.ReportMetric(used, "used-mib")
		b.ReportMetric(used/20, "of-20-mib")
		b.ReportMetric(1000*cpu.Seconds()/idleFor.Seconds(), "cpu-permille")
	}
}

// agentPID is the process of a host's agent, which wrote it down itself.
func agentPID(b *testing.B, dir, host string) int {
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		text, _ := os.ReadFile(filepath.Join(dir, "hosts", host, "pid", "codedeploy-agent.pid"))
		if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return pid
		}
		if time.Now().After(deadline) {
			b.Fatal("the agent wrote no PID file")
		}
	}
}

// watch returns the largest resident size that was seen, in MiB, and the processor's time.
func watch(b *testing.B, pid int, d time.Duration) (mib float64, cpu time.Duration) {
	began := processorTime(b, pid)
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		mib = max(mib, resident(b, pid))
	}
	return mib, processorTime(b, pid) - began
}

func resident(b *testing.B, pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	check(b, err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			check(b, err)
			return kb / 1024
		}
	}
	b.Fatal("no VmRSS")
	return 0
}

// processorTime is what a process has used so far, in steps of 10 ms.
func processorTime(b *testing.B, pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	check(b, err)
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+2:]))
	user, err := strconv.Atoi(fields[11])
	check(b, err)
	system, err := strconv.Atoi(fields[12])
	check(b, err)
	return time.Duration(user+system) * 10 * time.Millisecond
}
