package install_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Two groups on one path: the second is refused by DISALLOW, and with OVERWRITE takes the file over.
func TestTwoGroupsOnOnePath(t *testing.T) {
	h := newHost(t)
	h.install(all, map[string]string{"a": "group 1"})
	h.job.Group = "group-2"
	if _, err := h.plan(all, map[string]string{"a": "group 2"}); err == nil || !strings.Contains(err.Error(), "already exists at this location: "+h.job.Root+"/srv/app/a") {
		t.Errorf("got %v", err)
	}
	h.install(all+"file_exists_behavior: OVERWRITE\n", map[string]string{"a": "group 2"})
	h.expect(map[string]string{"srv/": "", "srv/app/": "", "srv/app/a": "group 2"})
	h.job.Group = "group-1"
	h.install("files:\n", nil) // AWS's agent, too, thinks that it owns the file
	h.expect(map[string]string{})
}

// A relative destination starts where the agent does, and ~ is the home of its user.
func TestRelativeDestination(t *testing.T) {
	h := newHost(t)
	h.job.Root = ""
	t.Chdir(h.dir)
	t.Setenv("HOME", h.mkdir("home"))
	h.install("files:\n- {source: /, destination: app/x}\n- {source: a, destination: ~/y}\n", map[string]string{"a": "1"})
	for _, name := range []string{"app/x/a", "home/y/a"} {
		if got, err := os.ReadFile(filepath.Join(h.dir, name)); string(got) != "1" {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
}

// A file that cannot be removed fails the event with its name, and the list of what to remove stays
// for the next try.
func TestCleanupFailureKeepsTheList(t *testing.T) {
	h := newHost(t)
	cleanup := filepath.Join(h.job.Instructions, "group-1-cleanup")
	if err := os.WriteFile(cleanup, []byte("/proc/self/status\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	in, err := h.plan("files:\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := in.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "remove the previous installation: remove /proc/self/status: ") {
		t.Errorf("got %v", err)
	}
	if got, _ := os.ReadFile(cleanup); string(got) != "/proc/self/status\n" {
		t.Errorf("the cleanup file is %q", got)
	}
}

// The instructions are on record before anything is changed.
func TestInstructionsAreWrittenFirst(t *testing.T) {
	h := newHost(t)
	in, err := h.plan(all, map[string]string{"a": "1"})
	if err != nil {
		t.Fatal(err)
	}
	h.write(h.job.Root, map[string]string{"srv": "in the way since the plan"})
	if err := in.Run(t.Context()); err == nil {
		t.Fatal("installed into a file")
	}
	record, err := os.ReadFile(filepath.Join(h.job.Instructions, "group-1-install.json"))
	if err != nil || !strings.Contains(string(record), `/srv/app/a"`) {
		t.Errorf("install.json is %s (%v)", record, err)
	}
}
