package install_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/agent/install"
)

const atomicSpec = all + "- {source: etc, destination: /etc/app}\natomic_install: {destination: /srv/app, versions: 2}\n"

// revision is a version of an application: each of its files holds the version's number.
func revision(n int) map[string]string {
	files := map[string]string{fmt.Sprintf("only-in-%d", n): fmt.Sprint(n), "etc/conf": fmt.Sprint(n)}
	for i := range 12 {
		files[fmt.Sprintf("d%d/f%d", i%3, i)] = fmt.Sprint(n)
	}
	return files
}

func (h *host) version(n int) {
	h.t.Helper()
	h.job.Version = fmt.Sprintf("d-%d", n)
	h.install(h.atomicSpec(), revision(n))
}

// atomicSpec keeps two versions, or so many that no reader sees one go.
func (h *host) atomicSpec() string {
	if os.Getenv("INSTALL_TEST_DIR") != "" {
		return strings.Replace(atomicSpec, "versions: 2", "versions: 100", 1)
	}
	return atomicSpec
}

// inUse reads the tree that the link leads to, through one handle as a careful reader does, and
// returns the version's number. A mixture or a missing file is an error.
func inUse(link string) (int, error) {
	root, err := os.OpenRoot(link)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	seen := map[string]int{}
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root.FS(), path)
		seen[string(content)]++
		return err
	})
	n := 0
	for content, count := range seen {
		if _, e := fmt.Sscan(content, &n); e != nil || len(seen) != 1 || count != len(revision(n)) {
			return 0, errors.Join(err, fmt.Errorf("not one whole version: %v", seen))
		}
	}
	return n, err
}

func (h *host) expectVersion(want int) {
	h.t.Helper()
	if got, err := inUse(filepath.Join(h.job.Root, "srv/app")); err != nil || got != want {
		h.t.Errorf("in use is version %d (%v), want %d", got, err, want)
	}
}

func (h *host) versions() (names []string) {
	entries, err := os.ReadDir(filepath.Join(h.job.Root, "srv/app.versions"))
	if err != nil {
		h.t.Error(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestAtomicVersions(t *testing.T) {
	h := newHost(t)
	for n := range 4 {
		h.version(n)
		h.expectVersion(n)
		if got, _ := os.ReadFile(filepath.Join(h.job.Root, "etc/app/conf")); string(got) != fmt.Sprint(n) {
			t.Errorf("/etc/app/conf is %s after version %d", got, n)
		}
	}
	if diff := cmp.Diff([]string{"d-2", "d-2.whole", "d-3", "d-3.whole"}, h.versions()); diff != "" {
		t.Error(diff)
	}
	h.version(3) // once more: nothing to do
	h.expectVersion(3)

	// The next appspec installs in place: the link goes, the versions stay for who wants them.
	h.install(all, map[string]string{"a": "1"})
	if info, err := os.Lstat(filepath.Join(h.job.Root, "srv/app")); err != nil || !info.IsDir() {
		t.Errorf("got %v, %v", info, err)
	}
	// And back again: a folder with nothing but the group's own files gives way.
	h.version(4)
	h.expectVersion(4)
}

func TestAtomicPermissions(t *testing.T) {
	h := newHost(t)
	h.job.Version = "d-1"
	h.install(atomicSpec+"permissions: [{object: /srv/app, pattern: '*.sh', mode: 750}]\n", map[string]string{"a.sh": "1", "b": "1", "etc/conf": "1"})
	checkMode(t, filepath.Join(h.job.Root, "srv/app/a.sh"), 0o750)
	checkMode(t, filepath.Join(h.job.Root, "srv/app/b"), 0o644)
}

// What stands at the destination and is not the group's is found before anything is changed.
func TestAtomicConflict(t *testing.T) {
	for name, there := range map[string]map[string]string{
		"folder":       {"srv/app/data": "precious"},
		"file":         {"srv/app": "x"},
		"foreign link": {"srv/app": "-> elsewhere"},
	} {
		h := newHost(t)
		h.write(h.job.Root, there)
		before := h.tree()
		h.job.Version = "d-1"
		_, err := h.plan(atomicSpec, revision(1))
		if err == nil || !strings.Contains(err.Error(), "a specified file already exists at this location: "+h.job.Root+"/srv/app\n") {
			t.Errorf("%s: got %v", name, err)
		}
		h.expect(before)
	}
	h := newHost(t)
	for _, version := range []string{"", "../x", "a/b"} {
		h.job.Version = version
		if _, err := h.plan(atomicSpec, revision(1)); err == nil {
			t.Errorf("the version %q was taken", version)
		}
	}
}

func TestRollback(t *testing.T) {
	h := newHost(t)
	link := filepath.Join(h.job.Root, "srv/app")
	if _, err := install.Rollback(link, ""); err == nil || !strings.Contains(err.Error(), "is not the destination of an atomic installation") {
		t.Errorf("got %v", err)
	}
	h.version(1)
	if _, err := install.Rollback(link, ""); err == nil || !strings.Contains(err.Error(), "on this host are, newest first: d-1") {
		t.Errorf("got %v", err)
	}
	h.version(2)
	if name, err := install.Rollback(link, ""); err != nil || name != "d-1" {
		t.Errorf("got %s, %v", name, err)
	}
	h.expectVersion(1)
	if name, err := install.Rollback(link, "d-2"); err != nil || name != "d-2" {
		t.Errorf("got %s, %v", name, err)
	}
	h.expectVersion(2)
	if _, err := install.Rollback(link, "d-9"); err == nil {
		t.Error("a version that does not exist was switched to")
	}
}

// After a rollback the version that works is the one before the next, and not the one that did not.
func TestRollbackAndNewVersion(t *testing.T) {
	h := newHost(t)
	link := filepath.Join(h.job.Root, "srv/app")
	h.version(1)
	h.version(2)
	if _, err := install.Rollback(link, ""); err != nil {
		t.Fatal(err)
	}
	h.version(3)
	if diff := cmp.Diff([]string{"d-1", "d-1.whole", "d-3", "d-3.whole"}, h.versions()); diff != "" {
		t.Error(diff)
	}
	if name, err := install.Rollback(link, ""); err != nil || name != "d-1" {
		t.Errorf("got %s, %v", name, err)
	}
	h.expectVersion(1)
}

// A stepContext ends when it has been asked so many times, and so stops an installation at any step.
type stepContext struct {
	context.Context
	left atomic.Int64
}

func (c *stepContext) Err() error {
	if c.left.Add(-1) < 0 {
		return context.Canceled
	}
	return nil
}

// Stopped at whichever step, the link leads to the whole old version, or to the whole new one, and
// the same installation repeated ends as if nothing had been.
func TestAtomicStoppedAtEachStep(t *testing.T) {
	finished := false
	for step := int64(0); !finished; step++ {
		h := newHost(t)
		h.version(1)
		h.job.Version = "d-2"
		in, err := h.plan(atomicSpec, revision(2))
		if err != nil {
			t.Fatal(err)
		}
		ctx := &stepContext{Context: t.Context()}
		ctx.left.Store(step)
		err = in.Run(ctx)
		finished = err == nil
		if n, readErr := inUse(filepath.Join(h.job.Root, "srv/app")); readErr != nil || n != map[bool]int{false: 1, true: 2}[finished] {
			t.Fatalf("stopped at step %d (%v): in use is %d, %v", step, err, n, readErr)
		}
		h.version(2)
		h.expectVersion(2)
		if diff := cmp.Diff([]string{"d-1", "d-1.whole", "d-2", "d-2.whole"}, h.versions()); diff != "" {
			t.Fatalf("stopped at step %d: %s", step, diff)
		}
		if step > 500 {
			t.Fatal("the installation never ends")
		}
	}
}

// A process that installs one version after the other is killed at odd moments, twelve times, while
// readers go over the tree without a pause. None of them ever sees anything but a whole version.
func TestAtomicKilledWhileRead(t *testing.T) {
	if dir := os.Getenv("INSTALL_TEST_DIR"); dir != "" {
		installForever(t, dir)
		return
	}
	h := newHost(t)
	h.version(0)
	link := filepath.Join(h.job.Root, "srv/app")
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	var looked atomic.Int64
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if _, err := inUse(link); err != nil {
					t.Error(err)
					return
				}
				looked.Add(1)
			}
		})
	}
	for round := range 12 {
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestAtomicKilledWhileRead$")
		cmd.Env = append(os.Environ(), "INSTALL_TEST_DIR="+h.dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(30+round*17)*time.Millisecond, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		kill.Stop()
		if _, err := inUse(link); err != nil {
			t.Fatalf("killed for the %d. time: %v", round, err)
		}
	}
	cancel()
	readers.Wait()
	if looked.Load() == 0 {
		t.Error("nobody has read")
	}
	h.version(1_000_000)
	h.expectVersion(1_000_000)
	if diff := cmp.Diff(4, len(h.versions())); diff != "" {
		t.Error("left are", h.versions())
	}
}

func installForever(t *testing.T, dir string) {
	h := &host{t: t, dir: dir}
	h.job = install.Job{Instructions: h.mkdir("deployment-instructions"), Group: "group-1", Root: h.mkdir("root")}
	first, err := inUse(filepath.Join(h.job.Root, "srv/app"))
	if err != nil {
		t.Fatal(err)
	}
	for n := first + 1; ; n++ {
		if err := os.RemoveAll(filepath.Join(dir, "archive-1")); err != nil {
			t.Fatal(err)
		}
		h.next = 0
		h.version(n)
	}
}
