//go:build unix

package install_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeTools puts semanage and restorecon on the PATH, which write down how they were called, one
// word to a line. The file "fail" in their folder makes semanage -a fail.
func fakeTools(t *testing.T) (calls func() string, dir string) {
	t.Helper()
	dir = t.TempDir()
	script := "#!/bin/sh\n{ printf '%s' \"${0##*/}\"; for w; do printf '|%s' \"$w\"; done; echo; } >>" + dir + "/calls\n" +
		"if [ \"$2\" = -a ] && [ -e " + dir + "/fail ]; then echo 'ValueError: Type x is invalid' >&2; exit 1; fi\n"
	for _, tool := range []string{"semanage", "restorecon"} {
		if err := os.WriteFile(filepath.Join(dir, tool), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	return func() string {
		text, _ := os.ReadFile(filepath.Join(dir, "calls"))
		_ = os.Remove(filepath.Join(dir, "calls"))
		return string(text)
	}, dir
}

func TestSELinuxContext(t *testing.T) {
	calls, _ := fakeTools(t)
	h := newHost(t)
	h.install(all+"permissions: [{object: /srv/app, type: [file], context: {name: staff_u, type: httpd_t, range: 's0-s1:c3,c1.c2'}}]\n",
		map[string]string{"a b+c.txt": "1", "link": "-> /etc/passwd"})
	file := h.job.Root + "/srv/app/a b+c.txt"
	escaped := strings.ReplaceAll(file, "+", `\+`)
	want := "semanage|fcontext|-a|-s|staff_u|-t|httpd_t|-r|s0-s1:c1.c3|" + escaped + "\nrestorecon|-v|" + file + "\n"
	if got := calls(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	record, _ := os.ReadFile(filepath.Join(h.job.Instructions, "group-1-install.json"))
	if want := `"type":"semanage","context":{"user":"staff_u","role":null,"type":"httpd_t","range":"s0-s1:c1.c3"}`; !strings.Contains(string(record), want) {
		t.Errorf("install.json lacks %s:\n%s", want, record)
	}
	cleanup, _ := os.ReadFile(filepath.Join(h.job.Instructions, "group-1-cleanup"))
	if !strings.HasSuffix(string(cleanup), "\nsemanage\x00"+file+"\n") {
		t.Errorf("the cleanup file is %q", cleanup)
	}

	h.install("files:\n", nil)
	if got, want := calls(), "semanage|fcontext|-d|"+escaped+"\n"; got != want {
		t.Errorf("the next deployment calls\n%swant\n%s", got, want)
	}
	h.expect(map[string]string{})
}

// AWS's agent fails over a context without a range.
func TestSELinuxContextWithoutRange(t *testing.T) {
	calls, _ := fakeTools(t)
	h := newHost(t)
	h.install(all+"permissions: [{object: /srv/app/a, context: {type: httpd_t}}]\n", map[string]string{"a": "1"})
	file := h.job.Root + "/srv/app/a"
	if got, want := calls(), "semanage|fcontext|-a|-t|httpd_t|"+file+"\nrestorecon|-v|"+file+"\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A rule that the policy refuses fails the deployment, and the next one removes what was made.
func TestSELinuxFailure(t *testing.T) {
	calls, dir := fakeTools(t)
	h := newHost(t)
	if err := os.WriteFile(filepath.Join(dir, "fail"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := h.plan(all+"permissions: [{object: /srv/app/a, context: {type: x}}]\n", map[string]string{"a": "1"})
	if err != nil {
		t.Fatal(err)
	}
	err = in.Run(t.Context())
	want := "contains an error in the settings for the context parameter. Update the permissions section of the AppSpec file, and then try again. " +
		"Failed command: semanage fcontext -a -t x " + h.job.Root + "/srv/app/a. Exit code: exit status 1. It printed: ValueError: Type x is invalid"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
	calls()
	h.install("files:\n", nil)
	if got := calls(); got != "semanage|fcontext|-d|"+h.job.Root+"/srv/app/a\n" {
		t.Errorf("the next deployment calls %q", got)
	}
	h.expect(map[string]string{})
}

func TestNoSELinuxTools(t *testing.T) {
	h := newHost(t)
	h.install(all, map[string]string{"a": "old"})
	before := h.tree()
	t.Setenv("PATH", t.TempDir())
	_, err := h.plan(all+"permissions: [{object: /srv/app, context: {type: httpd_t}}]\n", map[string]string{"a": "new"})
	if err == nil || !strings.Contains(err.Error(), "asks for an SELinux context on /srv/app, but this host has no semanage: install the package") {
		t.Errorf("got %v", err)
	}
	h.expect(before)
}
