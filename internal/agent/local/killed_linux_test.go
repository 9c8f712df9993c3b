package local_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/slipway/slipway/internal/agent"
	"github.com/slipway/slipway/internal/agent/local"
)

// TestMain lets this program be a run that kills itself: SUICIDE is when:EVENT.
func TestMain(m *testing.M) {
	if when := os.Getenv("SUICIDE"); when != "" {
		r, err := local.Run(context.Background(), local.Options{BundleLocation: os.Args[1], ConfigFile: os.Args[2]}, os.Getenv, &suicidal{when: when})
		switch {
		case err != nil:
			fmt.Println(err)
		case r.Failed() != nil:
			fmt.Println(r.Failed().Event + ": " + r.Failed().Diagnostics.Message)
		default:
			fmt.Println("succeeded")
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

type suicidal struct{ when string }

func (s *suicidal) at(moment string) {
	if moment == s.when {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
}

func (s *suicidal) Started(string, []string) { s.at("started") }

// Event kills within Install once a first file is in its place.
func (s *suicidal) Event(event string) io.Writer {
	s.at("before:" + event)
	if first, within := strings.CutPrefix(s.when, "within:"); within && event == "Install" {
		go func() {
			for {
				if _, err := os.Lstat(first); err == nil {
					_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				}
			}
		}()
	}
	return io.Discard
}

func (s *suicidal) Ended(o agent.EventOutcome) { s.at("after:" + o.Event) }

func moments() []string {
	all := []string{"started"}
	for _, e := range []string{"BeforeBlockTraffic", "AfterBlockTraffic", "ApplicationStop", "DownloadBundle", "BeforeInstall", "Install",
		"AfterInstall", "ApplicationStart", "ValidateService", "BeforeAllowTraffic", "AfterAllowTraffic"} {
		all = append(all, "before:"+e, "after:"+e)
	}
	return all
}

// command is a run in a process of its own, as the user that owns the bench.
func (b *bench) command(bundle, when string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], bundle, b.path("agent.yml"))
	cmd.Env = append(os.Environ(), "SUICIDE="+when)
	if b.user != nil {
		cmd.Path, cmd.Dir, cmd.SysProcAttr = b.path("program"), b.dir, &syscall.SysProcAttr{Credential: b.user}
	}
	return cmd
}

// dies runs a bundle in a process of its own, which must be killed.
func (b *bench) dies(bundle, when string) {
	b.t.Helper()
	cmd := b.command(bundle, when)
	out, _ := cmd.CombinedOutput()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		b.t.Fatalf("%s: the run was not killed: %s", when, out)
	}
}

// TestKilledAtEveryBoundary: whenever a run is killed, the next one replaces what is there and
// ends as if nothing had been.
func TestKilledAtEveryBoundary(t *testing.T) {
	for _, when := range moments() {
		t.Run(when, func(t *testing.T) {
			b := newBench(t)
			b.succeeds(local.Options{BundleLocation: b.bundle("v1")})
			b.dies(b.bundle("v2"), when)
			b.succeeds(local.Options{BundleLocation: b.bundle("v3")})
			if len(b.cut) != 0 {
				t.Errorf("nothing was in hand, but %v is called interrupted", b.cut)
			}
			if b.exists("host/srv/v1") || b.exists("host/srv/v2") || !b.exists("host/srv/v3") {
				t.Error("the host has files of several revisions")
			}
		})
	}
}

// TestKilledWithinAScript: a script that takes its run with it leaves an event that failed.
func TestKilledWithinAScript(t *testing.T) {
	for _, event := range []string{"BeforeBlockTraffic", "ApplicationStop", "BeforeInstall", "AfterInstall", "ValidateService"} {
		b := newBench(t)
		deadly := "#!/bin/sh\ncase $LIFECYCLE_EVENT in " + event + ") [ -e " + b.dir + "/armed ] && rm " + b.dir + "/armed && kill -9 $PPID;; esac\nexit 0\n"
		b.bundle("v1")
		b.write("v1/hook.sh", deadly, 0o755)
		b.succeeds(local.Options{BundleLocation: b.path("v1")})
		b.bundle("v2")
		b.write("v2/hook.sh", deadly, 0o755)
		b.write("armed", "", 0o644)
		b.dies(b.path("v2"), "never")
		b.succeeds(local.Options{BundleLocation: b.bundle("v3")})
		if len(b.cut) != 1 || !strings.HasSuffix(b.cut[0], "/"+event) {
			t.Errorf("killed in %s, the next run calls %v interrupted", event, b.cut)
		}
		if b.exists("host/srv/v1") || b.exists("host/srv/v2") || !b.exists("host/srv/v3") {
			t.Errorf("killed in %s, the host has files of several revisions", event)
		}
		b.succeeds(local.Options{BundleLocation: b.path("v3")})
		if len(b.cut) != 0 {
			t.Errorf("%v is called interrupted a second time", b.cut)
		}
	}
}

// TestKilledWithinInstall: what half an installation left behind is in nobody's way.
func TestKilledWithinInstall(t *testing.T) {
	b := newBench(t)
	b.succeeds(local.Options{BundleLocation: b.bundle("v1")})
	b.bundle("v2")
	for n := range 3000 {
		b.write(fmt.Sprintf("v2/files/many/%04d", n), "text", 0o644)
	}
	b.dies(b.path("v2"), "within:"+b.path("host/srv/many"))
	b.succeeds(local.Options{BundleLocation: b.bundle("v3")})
	if len(b.cut) != 1 || !strings.HasSuffix(b.cut[0], "/Install") {
		t.Errorf("the next run calls %v interrupted", b.cut)
	}
	if b.exists("host/srv/v1") || b.exists("host/srv/v2") || b.exists("host/srv/many") || !b.exists("host/srv/v3") {
		t.Error("the host has files of several revisions")
	}
}
