package sandbox

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == InitArg {
		Init()
	}
	os.Exit(m.Run())
}

// bothModes runs a test with namespaces, if they work here, and without.
func bothModes(t *testing.T, test func(t *testing.T, namespaces bool)) {
	t.Run("namespaces", func(t *testing.T) {
		requireNamespaces(t)
		test(t, true)
	})
	t.Run("plain", func(t *testing.T) { test(t, false) })
}

func requireNamespaces(t *testing.T) {
	t.Helper()
	if err := Available(t.Context()); err != nil {
		t.Skipf("no namespaces here: %v", err)
	}
}

// shell is a sandbox spec whose command is a shell script. The script finds its root in $ROOT.
func shell(t *testing.T, namespaces bool, script string) (Spec, *os.File) {
	t.Helper()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { out.Close() })
	spec := Spec{Root: t.TempDir(), Namespaces: namespaces, Stdout: out, Stderr: out}
	spec.Command = []string{"/bin/sh", "-c", script}
	spec.Env = []string{"PATH=/usr/bin:/bin", "ROOT=" + strings.TrimSuffix(spec.Path("/"), "/")}
	return spec, out
}

func mustStart(t *testing.T, spec Spec) *Sandbox {
	t.Helper()
	box, err := Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stopNow(box) })
	return box
}

// stopNow kills without asking.
func stopNow(box *Sandbox) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	box.Stop(ctx)
}

func content(t *testing.T, f *os.File) string {
	t.Helper()
	b, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// eventually waits for a condition of another process, which cannot notify us.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after 10 s still not: %s", what)
		}
	}
}

// runningWith counts the processes of the host with that word in their command line. Words in
// these tests are unique numbers for sleep.
func runningWith(t *testing.T, word string) int {
	t.Helper()
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	count := 0
	for _, name := range names {
		b, _ := os.ReadFile(name)
		if bytes.Contains(b, []byte("sleep\x00"+word)) {
			count++
		}
	}
	return count
}

// A duration that no other sleep on this machine has.
func uniqueSeconds() string {
	return strconv.Itoa(1_000_000+os.Getpid()) + "." + strconv.Itoa(int(time.Now().UnixNano()%1_000_000_000))
}

func TestExitStatus(t *testing.T) {
	bothModes(t, func(t *testing.T, ns bool) {
		for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -TERM $$": 128 + 15} {
			spec, _ := shell(t, ns, script)
			err := mustStart(t, spec).Wait()
			got := 0
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
				got = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%q ended with %d, want %d", script, got, want)
			}
		}
	})
}

func TestRootIsPrivate(t *testing.T) {
	bothModes(t, func(t *testing.T, ns bool) {
		name := "slipway-private-" + uniqueSeconds()
		first, _ := shell(t, ns, `echo one >"$ROOT/srv/`+name+`"`)
		second, out := shell(t, ns, `ls "$ROOT/srv" "$ROOT/tmp" "$ROOT/opt"`)
		if err := mustStart(t, first).Wait(); err != nil {
			t.Fatal(err)
		}
		if err := mustStart(t, second).Wait(); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(content(t, out), name) {
			t.Errorf("the second sandbox sees the first one's file:\n%s", content(t, out))
		}
		if _, err := os.Stat(filepath.Join("/srv", name)); err == nil {
			os.Remove(filepath.Join("/srv", name))
			t.Error("the file is on the host")
		}
		if _, err := os.Stat(filepath.Join(first.Root, "srv", name)); err != nil {
			t.Errorf("the file is not below the root: %v", err)
		}
	})
}

func TestNamespacesHideTheHost(t *testing.T) {
	requireNamespaces(t)
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	spec, out := shell(t, true, `
		id -u; hostname; set -- /proc/[0-9]*; echo pids: $#
		cat `+secret+` && echo SEEN
		touch /usr/slipway-was-here && echo WRITTEN
		touch /etc/slipway-was-here && echo WRITTEN
		echo ok >/dev/null && head -c 4 /dev/urandom | wc -c
		test "$(ls /dev/fd/0)" && echo fds`)
	spec.Hostname = "web-1"
	if err := mustStart(t, spec).Wait(); err != nil {
		t.Fatalf("%v\n%s", err, content(t, out))
	}
	got := content(t, out)
	for _, want := range []string{"0\nweb-1\npids: 2", "\n4\n", "fds"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "SEEN") || strings.Contains(got, "WRITTEN") {
		t.Errorf("the host shows or can be written:\n%s", got)
	}
}

func TestBinds(t *testing.T) {
	bothModes(t, func(t *testing.T, ns bool) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "tool"), []byte("#!/bin/sh\necho tool runs\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		spec, out := shell(t, ns, `"$ROOT/opt/slipway/tool"; echo hello >"$ROOT/shared/greeting"`)
		shared := t.TempDir()
		spec.Binds = []Bind{
			{Host: filepath.Join(dir, "tool"), Path: "/opt/slipway/tool"},
			{Host: shared, Path: "/shared", Writable: true},
		}
		for range 2 { // a root can be started again
			if err := mustStart(t, spec).Wait(); err != nil {
				t.Fatalf("%v\n%s", err, content(t, out))
			}
		}
		if got := content(t, out); got != "tool runs\ntool runs\n" {
			t.Errorf("output %q", got)
		}
		if b, _ := os.ReadFile(filepath.Join(shared, "greeting")); string(b) != "hello\n" {
			t.Errorf("the writable bind holds %q", b)
		}
	})
}

func TestStopEndsDaemons(t *testing.T) {
	bothModes(t, func(t *testing.T, ns bool) {
		seconds := uniqueSeconds()
		spec, out := shell(t, ns, `
			trap 'echo asked; exit 0' TERM
			(setsid sh -c 'trap "" TERM HUP; sleep `+seconds+`' >/dev/null 2>&1 &)
			echo up; while :; do sleep 0.01; done`)
		box := mustStart(t, spec)
		eventually(t, "the daemon runs", func() bool { return runningWith(t, seconds) > 0 && content(t, out) != "" })
		if err := box.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := content(t, out); got != "up\nasked\n" {
			t.Errorf("the command said %q", got)
		}
		if n := runningWith(t, seconds); n != 0 {
			t.Errorf("%d daemons survived", n)
		}
		if err := box.Stop(t.Context()); err != nil {
			t.Errorf("second stop: %v", err)
		}
	})
}

func TestStopKillsTheStubborn(t *testing.T) {
	bothModes(t, func(t *testing.T, ns bool) {
		seconds := uniqueSeconds()
		spec, out := shell(t, ns, `trap '' TERM; echo up; while :; do sleep `+seconds+`; done`)
		box := mustStart(t, spec)
		eventually(t, "it is up", func() bool { return content(t, out) == "up\n" })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := box.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("stop: %v", err)
		}
		if n := runningWith(t, seconds); n != 0 {
			t.Errorf("%d survived", n)
		}
	})
}

// The process that started the sandbox is killed: nothing of the sandbox may survive it.
func TestDiesWithItsParent(t *testing.T) {
	if os.Getenv("SLIPWAY_TEST_PARENT") != "" {
		actParent(t)
		return
	}
	bothModes(t, func(t *testing.T, ns bool) {
		seconds := uniqueSeconds()
		parent := exec.Command(os.Args[0], "-test.run=^TestDiesWithItsParent$")
		parent.Env = append(os.Environ(), "SLIPWAY_TEST_PARENT="+seconds, "SLIPWAY_TEST_NS="+strconv.FormatBool(ns),
			"SLIPWAY_TEST_ROOT="+t.TempDir())
		if err := parent.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the daemon runs", func() bool { return runningWith(t, seconds) > 0 })
		parent.Process.Signal(syscall.SIGKILL)
		parent.Wait()
		eventually(t, "the daemon is gone", func() bool { return runningWith(t, seconds) == 0 })
	})
}

func actParent(t *testing.T) {
	spec, _ := shell(t, os.Getenv("SLIPWAY_TEST_NS") == "true",
		`(setsid sleep `+os.Getenv("SLIPWAY_TEST_PARENT")+` >/dev/null 2>&1 &); while :; do sleep 1; done`)
	spec.Root = os.Getenv("SLIPWAY_TEST_ROOT")
	if _, err := Start(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	select {}
}

func TestStartSaysWhatFailed(t *testing.T) {
	bothModes(t, func(t *testing.T, ns bool) {
		spec, _ := shell(t, ns, "")
		spec.Command = []string{"/no/such/program"}
		_, err := Start(t.Context(), spec)
		if err == nil || !strings.Contains(err.Error(), "run /no/such/program: no such file") {
			t.Errorf("error %v", err)
		}
	})
	if _, err := Start(t.Context(), Spec{Root: t.TempDir(), Command: []string{"sh"}}); err == nil {
		t.Error("a relative command was accepted")
	}
}

func TestRestriction(t *testing.T) {
	files := map[string]string{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns": "1\n"}
	read := func(name string) ([]byte, error) {
		if s, ok := files[name]; ok {
			return []byte(s), nil
		}
		return nil, os.ErrNotExist
	}
	if got := restriction(read); !strings.Contains(got, "AppArmor") {
		t.Errorf("got %q", got)
	}
	delete(files, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
	if got := restriction(read); got != "" {
		t.Errorf("got %q with nothing known", got)
	}
}

// TestLinksOutOfTheRootAreNotFollowed: who ran in a root may have left anything there, and the next
// start has the caller's rights.
func TestLinksOutOfTheRootAreNotFollowed(t *testing.T) {
	requireNamespaces(t)
	for _, path := range []string{"srv", "tmp", "proc", "dev", "opt/bound"} {
		spec, _ := shell(t, true, "true")
		outside := t.TempDir()
		spec.Binds = []Bind{{Host: t.TempDir(), Path: "/opt/bound/here"}}
		at := filepath.Join(spec.Root, path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, at); err != nil {
			t.Fatal(err)
		}
		if box, err := Start(t.Context(), spec); err == nil {
			stopNow(box)
			t.Errorf("with a link at /%s it starts", path)
		}
		info, err := os.Stat(outside)
		names, _ := os.ReadDir(outside)
		if err != nil || info.Mode().Perm() != 0o755 || len(names) > 0 {
			t.Errorf("by the link at /%s something was changed: %v %v", path, info.Mode(), names)
		}
	}
}
