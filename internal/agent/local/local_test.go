//go:build unix

package local_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/slipway/slipway/internal/agent"
	"github.com/slipway/slipway/internal/agent/local"
)

// A bench is a machine: a configuration, a place to install to, and bundles.
type bench struct {
	t     testing.TB
	dir   string
	env   map[string]string
	lines bytes.Buffer
	cut   []string            // events named as interrupted at the last start
	user  *syscall.Credential // of runs in a process of their own; nil for the test's
}

func newBench(t testing.TB) *bench {
	b := &bench{t: t, dir: t.TempDir(), env: map[string]string{}}
	b.write("agent.yml", ":root_dir: "+b.dir+"/root\n:install_root: "+b.dir+"/host\n:log_dir: "+b.dir+"/log\n:max_revisions: 2\n", 0o644)
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) write(name, text string, mode os.FileMode) {
	b.t.Helper()
	if err := os.MkdirAll(filepath.Dir(b.path(name)), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(b.path(name), []byte(text), mode); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(b.path(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

func (b *bench) exists(name string) bool {
	_, err := os.Lstat(b.path(name))
	return err == nil
}

// bundle writes a revision that installs one file of its own name, and notes each hook in
// host/hooks as VERSION EVENT.
func (b *bench) bundle(name string, extra ...string) string {
	b.t.Helper()
	var hooks strings.Builder
	for _, event := range append([]string{"BeforeBlockTraffic", "ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService", "AfterAllowTraffic"}, extra...) {
		fmt.Fprintf(&hooks, "  %s:\n    - location: hook.sh\n", event)
	}
	b.write(name+"/appspec.yml", "version: 0.0\nos: linux\nfiles:\n  - source: files\n    destination: /srv\nhooks:\n"+hooks.String(), 0o644)
	b.write(name+"/files/"+name, "content of "+name, 0o644)
	b.write(name+"/hook.sh", "#!/bin/sh\necho "+name+" $LIFECYCLE_EVENT >>"+b.dir+"/hooks\n", 0o755)
	return b.path(name)
}

// Started, Event and Ended make a bench the watcher of its own runs.
func (b *bench) Started(_ string, interrupted []string) { b.cut = interrupted }
func (b *bench) Event(string) io.Writer                 { return &b.lines }
func (b *bench) Ended(agent.EventOutcome)               {}

func (b *bench) run(o local.Options) (*local.Result, error) {
	b.t.Helper()
	if o.ConfigFile == "" {
		o.ConfigFile = b.path("agent.yml")
	}
	_ = os.Remove(b.path("hooks"))
	return local.Run(context.Background(), o, func(key string) string { return b.env[key] }, b)
}

func (b *bench) succeeds(o local.Options) *local.Result {
	b.t.Helper()
	r, err := b.run(o)
	if err != nil {
		b.t.Fatal(err)
	}
	if f := r.Failed(); f != nil {
		b.t.Fatalf("%s failed: %+v", f.Event, f.Diagnostics)
	}
	return r
}

func (b *bench) fails(o local.Options, event, message string) *local.Result {
	b.t.Helper()
	r, err := b.run(o)
	if err != nil {
		b.t.Fatal(err)
	}
	f := r.Failed()
	if f == nil || f.Event != event || !strings.Contains(f.Diagnostics.Message, message) {
		b.t.Fatalf("it ended with %+v, want %s: %s", f, event, message)
	}
	return r
}

func TestRunsFollowEachOther(t *testing.T) {
	b := newBench(t)
	first := b.succeeds(local.Options{BundleLocation: b.bundle("v1")})
	if want := "v1 BeforeInstall\nv1 AfterInstall\nv1 ApplicationStart\nv1 ValidateService\nv1 AfterAllowTraffic\n"; b.read("hooks") != want {
		t.Errorf("the first run had\n%s", b.read("hooks"))
	}
	second := b.succeeds(local.Options{BundleLocation: b.bundle("v2")})
	want := "v1 BeforeBlockTraffic\nv1 ApplicationStop\nv2 BeforeInstall\nv2 AfterInstall\nv2 ApplicationStart\nv2 ValidateService\nv2 AfterAllowTraffic\n"
	if got := b.read("hooks"); got != want {
		t.Errorf("the second run had\n%s", got)
	}
	if b.exists("host/srv/v1") || b.read("host/srv/v2") != "content of v2" {
		t.Error("the second run did not take the place of the first")
	}
	if second.Events[0].Revision != first.Deployment || second.Events[4].Revision != second.Deployment {
		t.Errorf("the revisions are said to be %+v", second.Events)
	}
	if log := b.read("log/codedeploy-local.log"); !strings.Contains(log, second.Deployment) || !strings.Contains(log, " INFO  [codedeploy-local(") {
		t.Errorf("the log is\n%s", log)
	}
}

func TestRevisionsAreRetained(t *testing.T) {
	b := newBench(t)
	var ids []string
	for range 4 {
		ids = append(ids, b.succeeds(local.Options{BundleLocation: b.bundle("v1")}).Deployment)
	}
	entries, err := os.ReadDir(b.path("root/" + local.DefaultGroup))
	if err != nil || len(entries) != 2 {
		t.Fatalf("%d revisions are kept (%v), want max_revisions, 2", len(entries), err)
	}
	for _, e := range entries {
		if !slices.Contains(ids[2:], e.Name()) {
			t.Errorf("%s is kept, not one of the last two of %v", e.Name(), ids)
		}
	}
}

func TestGroupsDoNotRunEachOthersScripts(t *testing.T) {
	b := newBench(t)
	b.succeeds(local.Options{BundleLocation: b.bundle("shop"), Group: "shop"})
	b.succeeds(local.Options{BundleLocation: b.bundle("blog"), Group: "blog"})
	b.succeeds(local.Options{BundleLocation: b.bundle("shop"), Group: "shop"})
	if strings.Contains(b.read("hooks"), "blog") || !b.exists("host/srv/blog") {
		t.Errorf("a deployment of shop touched blog:\n%s", b.read("hooks"))
	}
}

// Clean-up is each group's own, so a path that another group has is in the way.
func TestGroupsOnOnePath(t *testing.T) {
	b := newBench(t)
	v1 := b.bundle("v1")
	b.succeeds(local.Options{BundleLocation: v1, Group: "shop"})
	b.fails(local.Options{BundleLocation: v1, Group: "blog"}, "Install", "The deployment failed because a specified file already exists at this location: ")
	b.succeeds(local.Options{BundleLocation: v1, Group: "shop"})
	b.succeeds(local.Options{BundleLocation: v1, Group: "blog", FileExistsBehavior: "OVERWRITE"})
}

func TestChosenEvents(t *testing.T) {
	b := newBench(t)
	v1 := b.bundle("v1", "Smoke")
	tests := []struct{ events, ran string }{
		{"BeforeInstall,ApplicationStart,Smoke", "DownloadBundle Install BeforeInstall ApplicationStart Smoke"},
		{"DownloadBundle,BeforeInstall,Smoke", "DownloadBundle Install BeforeInstall Smoke"},
		{"ApplicationStop,DownloadBundle,BeforeInstall,Install,Smoke", "ApplicationStop DownloadBundle BeforeInstall Install Smoke"},
		{"Install,Smoke", "DownloadBundle Install Smoke"},
	}
	for _, tt := range tests {
		r := b.succeeds(local.Options{BundleLocation: v1, Events: strings.Split(tt.events, ",")})
		var ran []string
		for _, e := range r.Events {
			ran = append(ran, e.Event)
		}
		if got := strings.Join(ran, " "); got != tt.ran || !strings.HasSuffix(b.read("hooks"), "v1 Smoke\n") {
			t.Errorf("-e %s ran %s, want %s; scripts:\n%s", tt.events, got, tt.ran, b.read("hooks"))
		}
	}
	b.fails(local.Options{BundleLocation: v1}, "DownloadBundle", `names "Smoke"`)
	b.fails(local.Options{BundleLocation: b.bundle("v2"), Events: []string{"Smoke", "Other"}}, "Install",
		"You specified a lifecycle event which is not a default one and doesn't exist in your appspec.yml file: Smoke,Other")
	b.succeeds(local.Options{BundleLocation: b.bundle("v3")}) // v1, whose Smoke is not known now, is stopped
}

func TestFileExistsBehavior(t *testing.T) {
	for behavior, want := range map[string]string{"OVERWRITE": "content of v1", "RETAIN": "mine", "retain": "mine"} {
		b := newBench(t)
		b.write("host/srv/v1", "mine", 0o644)
		r := b.fails(local.Options{BundleLocation: b.bundle("v1")}, "Install", "The deployment failed because a specified file already exists at this location: ")
		if len(r.Skipped) == 0 || r.Skipped[0] != "AfterInstall" {
			t.Errorf("skipped are %v", r.Skipped)
		}
		b.succeeds(local.Options{BundleLocation: b.bundle("v1"), FileExistsBehavior: behavior})
		if got := b.read("host/srv/v1"); got != want {
			t.Errorf("%s leaves %q", behavior, got)
		}
	}
}

func TestFailedScript(t *testing.T) {
	b := newBench(t)
	b.bundle("v1")
	b.write("v1/hook.sh", "#!/bin/sh\necho why\nexit 3\n", 0o755)
	r := b.fails(local.Options{BundleLocation: b.path("v1")}, "BeforeInstall", "Script at specified location: hook.sh failed with exit code 3")
	if d := r.Failed().Diagnostics; d.ErrorCode != 4 || d.ScriptName != "hook.sh" || !strings.Contains(d.Log, "[stdout]why\n") {
		t.Errorf("diagnostics: %+v", d)
	}
	if got, want := b.lines.String(), "LifecycleEvent - BeforeInstall\nScript - hook.sh\n[stdout]why\n"; got != want {
		t.Errorf("the watcher saw %q, want %q", got, want)
	}
}

func TestOneRunAtATime(t *testing.T) {
	b := newBench(t)
	other := newBench(t)
	other.write("agent.yml", b.read("agent.yml"), 0o644)
	blocked := &reentrant{bench: b, again: func() error {
		_, err := other.run(local.Options{BundleLocation: other.bundle("v9")})
		return err
	}}
	_, err := local.Run(t.Context(), local.Options{BundleLocation: b.bundle("v1"), ConfigFile: b.path("agent.yml")}, os.Getenv, blocked)
	if err != nil || blocked.err == nil || !strings.Contains(blocked.err.Error(), "Could not acquire lock") {
		t.Errorf("run %v, the one beside it %v", err, blocked.err)
	}
}

// reentrant starts another run from within a run.
type reentrant struct {
	*bench
	again func() error
	err   error
}

func (r *reentrant) Started(string, []string) { r.err = r.again() }
