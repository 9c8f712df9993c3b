package demo_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/cli"
	"github.com/slipway/slipway/internal/cli/demo"
	"github.com/slipway/slipway/internal/sandbox"
	"github.com/slipway/slipway/test/engine"
)

// The test binary is slipway itself when its first argument is a command: the demonstration
// starts its server, agents and web servers from it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && !strings.HasPrefix(os.Args[1], "-") {
		// Not os.Exit: a race detector would sleep a second at the end of every process.
		syscall.Exit(cli.Main(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// inTemp makes this test's temporary directory the place where the demonstration works.
func inTemp(t *testing.T) string {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	return dir
}

func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for _, mode := range []struct {
		name  string
		plain bool
		says  string
	}{
		{"namespaces", false, "host name (namespaces)"},
		{"plain", true, "each host is a root directory"},
	} {
		t.Run(mode.name, func(t *testing.T) {
			if err := sandbox.Available(t.Context()); err != nil && !mode.plain {
				t.Skipf("no namespaces here: %v", err)
			}
			dir := inTemp(t)
			var out bytes.Buffer
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			err := demo.Run(ctx, demo.Config{Stdout: &out, Pause: 200 * time.Millisecond, Plain: mode.plain})
			if err != nil {
				t.Fatalf("%v\n%s%s", err, out.String(), logs(dir))
			}
			for _, want := range []string{
				"✓ v1 is everywhere", "✓ v2 replaced it", "at least 2 of 3", "✓ v3 failed ValidateService on one host",
				"✓ it was rolled back by itself", "✓ v4 was stopped by the alarm", "✓ and was rolled back by itself too", "✓ v2 is everywhere again", "✓ an Auto Scaling group took the hosts' place", "✓ v5 came blue/green, and what it replaced is gone", "0 failed", "answered 500: page.html", mode.says,
			} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, out.String())
				}
			}
			nothingLeft(t, dir)
		})
	}
}

// TestDemoOfPlatforms: the same story of what traffic is shifted to by weight.
func TestDemoOfPlatforms(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	self := filepath.Join(t.TempDir(), "slipway") // as it is released: without shared libraries
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", self, "github.com/slipway/slipway/cmd/slipway")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, platform := range demo.Platforms[1:] {
		t.Run(platform, func(t *testing.T) {
			if why := engine.Missing(); why != "" && platform == "ecs" {
				t.Skip(why)
			}
			dir := inTemp(t)
			var out bytes.Buffer
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			if err := demo.Run(ctx, demo.Config{Platform: platform, Self: self, Stdout: &out, Pause: 200 * time.Millisecond}); err != nil {
				t.Fatalf("%v\n%s%s", err, out.String(), logs(dir))
			}
			for _, want := range []string{
				"✓ v2 replaced v1", "✓ v3 was refused by the function that tried it", "✓ v4 was stopped by the alarm in mid-shift",
				"✓ and was rolled back by itself", "✓ v2 has all the traffic again", "0 failed", "nobody knows ${Price}",
			} {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in:\n%s", want, out.String())
				}
			}
			nothingLeft(t, dir)
		})
	}
}

// What a machine lacks is said, with what to do about it.
func TestDemoWithoutAnEngine(t *testing.T) {
	dir := inTemp(t)
	t.Setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
	err := demo.Run(t.Context(), demo.Config{Platform: "ecs", Stdout: io.Discard})
	if err == nil || !strings.Contains(err.Error(), "no Docker Engine answers at unix:///nowhere/docker.sock, and services run in one: install it") {
		t.Errorf("got %v\n%s", err, logs(dir))
	}
}

// Whenever it is interrupted, nothing stays behind.
func TestDemoInterrupted(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for _, at := range []string{"starting the server", "starting the hosts", "v1 to all", "v2 one host"} {
		t.Run(at, func(t *testing.T) {
			dir := inTemp(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			err := demo.Run(ctx, demo.Config{Stdout: &tripwire{word: at, trip: cancel}})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v\n%s", err, logs(dir))
			}
			nothingLeft(t, dir)
		})
	}
}

// A tripwire calls trip when word is written to it.
type tripwire struct {
	word string
	trip func()
}

func (w *tripwire) Write(b []byte) (int, error) {
	if strings.Contains(string(b), w.word) {
		w.trip()
	}
	return len(b), nil
}

// nothingLeft checks that neither files nor processes of a demonstration in dir are left.
func nothingLeft(t *testing.T, dir string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(dir, "slipway-demo-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	commands, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range commands {
		if b, _ := os.ReadFile(file); bytes.Contains(b, []byte(dir)) {
			t.Errorf("still running: %q", b)
		}
	}
}

func logs(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, "slipway-demo-*", "*.log"))
	var all strings.Builder
	for _, file := range files {
		b, _ := os.ReadFile(file)
		all.WriteString("\n" + file + ":\n" + string(b))
	}
	return all.String()
}
