package sandbox

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKeptRunning: what goes before the command runs once, the command again and again, and after
// Stop not any more; who outlives it is asked to end.
func TestKeptRunning(t *testing.T) {
	bothModes(t, func(t *testing.T, namespaces bool) {
		spec, out := shell(t, namespaces, "")
		spec.Before = []string{"/bin/sh", "-c", "echo before; exit 3"}
		spec.Command = []string{"/bin/sh", "-c", `
			echo command
			if [ ! -e "$ROOT/tmp/second" ]; then touch "$ROOT/tmp/second"; exit 1; fi
			(trap 'echo farewell; exit' TERM; sleep 4000.25 & touch "$ROOT/tmp/ready"; wait) &
			exec sleep 4000.25`}
		spec.Respawn, spec.Farewell = true, 5*time.Second
		box := mustStart(t, spec)
		eventually(t, "the command runs again", func() bool {
			_, err := os.Stat(filepath.Join(spec.Root, "tmp/ready"))
			return err == nil
		})
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		if err := box.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		if got := strings.Fields(content(t, out)); strings.Join(got, " ") != "before command command farewell" {
			t.Errorf("it printed %q", got)
		}
	})
}

// TestStopWhileNothingRuns: between two runs of the command there is nobody to ask.
func TestStopWhileNothingRuns(t *testing.T) {
	spec, out := shell(t, false, "echo gone; exit 1")
	spec.Respawn = true
	box := mustStart(t, spec)
	eventually(t, "the command has ended", func() bool { return content(t, out) != "" && len(childrenOf(box.Pid())) == 0 })
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
	defer cancel()
	if err := box.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}
