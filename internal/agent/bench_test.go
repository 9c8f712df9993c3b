package agent

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/slipway/slipway/internal/hostwire"
)

// The agent's own time per event, beside what cannot be avoided in the same run: the four requests
// of a command (one of them signed by the toy), and for a script its bare run.
func BenchmarkEvent(b *testing.B) {
	b.Run("four requests", func(b *testing.B) {
		y := newToy(b)
		a := y.start(y.config())
		y.deployment("d-ONE", "tgz", traceBundle(b, "1"))
		for b.Loop() {
			if _, err := a.service.specification(b.Context(), execution("d-ONE")); err != nil {
				b.Fatal(err)
			}
			for range 3 {
				if err := a.service.update(b.Context(), "none", hostwire.Diagnostics{}); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("without a script", func(b *testing.B) { benchmarkEvent(b, "BeforeAllowTraffic") })
	b.Run("bare script", func(b *testing.B) {
		dir := b.TempDir()
		unpackForBenchmark(b, dir)
		for b.Loop() {
			cmd := exec.Command(filepath.Join(dir, "trace.sh"))
			cmd.Env = []string{"SLIPWAY_INSTALL_ROOT=" + dir}
			if out, err := cmd.CombinedOutput(); err != nil {
				b.Fatal(err, string(out))
			}
		}
	})
	b.Run("with a script", func(b *testing.B) { benchmarkEvent(b, "AfterInstall") })
}

func benchmarkEvent(b *testing.B, event string) {
	y := newToy(b)
	c := y.config()
	a := y.start(c)
	y.deployment("d-ONE", "tgz", traceBundle(b, "1"))
	if o := y.event("d-ONE", "DownloadBundle"); o.status != hostwire.Succeeded {
		b.Fatal(o)
	}
	p := place{group: group, id: "d-ONE", dir: filepath.Join(c.RootDir, group, "d-ONE")}
	for b.Loop() {
		b.StopTimer()
		a.forgetOutcome(b, p, event)
		b.StartTimer()
		if o := y.event("d-ONE", event); o.status != hostwire.Succeeded {
			b.Fatal(o)
		}
	}
}

// forgetOutcome removes the record of an event, so that it runs again.
func (r *running) forgetOutcome(b *testing.B, p place, event string) {
	waitFor(b, "the event is over", func() bool {
		r.busy.mu.Lock()
		defer r.busy.mu.Unlock()
		return len(r.busy.keys) == 0
	})
	_ = os.Remove(p.outcome(event))
}

func unpackForBenchmark(b *testing.B, dir string) {
	archive := filepath.Join(dir, "bundle.tgz")
	if err := os.WriteFile(archive, traceBundle(b, "1"), 0o600); err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command("tar", "xzf", archive, "-C", dir).CombinedOutput(); err != nil {
		b.Fatal(err, string(out))
	}
}

// What it costs that an outcome survives a power cut: the two files of an event, forced to disk,
// beside the same without that, and a bare fsync of the same disk.
func BenchmarkOutcome(b *testing.B) {
	l := layout{root: b.TempDir()}
	l.tracking = l.root
	p := place{group: group, id: "d-ONE", dir: filepath.Join(l.root, group, "d-ONE")}
	event := func(durable bool) {
		track := l.track(p.id, "AfterInstall", "identifier", "execution")
		err := track.take(p, durable)
		if durable {
			err = errors.Join(err, track.begin())
		}
		err = errors.Join(err, p.record("AfterInstall", succeeded("identifier"), durable), track.end())
		if err != nil {
			b.Fatal(err)
		}
	}
	for name, durable := range map[string]bool{"in memory": false, "on disk": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				event(durable)
			}
		})
	}
	b.Run("bare fsync", func(b *testing.B) {
		file, err := os.Create(filepath.Join(l.root, "x"))
		if err != nil {
			b.Fatal(err)
		}
		defer file.Close()
		for b.Loop() {
			if _, err := file.Write([]byte("x")); err != nil {
				b.Fatal(err)
			}
			if err := file.Sync(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
