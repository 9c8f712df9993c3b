package install_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// getfacl says in setfacl's words which ACL a file has; numbers, so that it does not matter who
// exists on the host.
func getfacl(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command("getfacl", "--omit-header", "--numeric", "--no-effective", "--absolute-names", path).CombinedOutput()
	if err != nil {
		t.Fatal(err, string(out))
	}
	return strings.Join(strings.Fields(string(out)), " ")
}

func needACLTools(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"setfacl", "getfacl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s: run test/install-tools", tool)
		}
	}
}

// Each list is set by the installation and, spelled out with what AWS's agent adds, by setfacl; the
// two must read the same.
func TestACLs(t *testing.T) {
	needACLTools(t)
	uid, gid := os.Getuid(), os.Getgid()
	user, group := fmt.Sprintf("u:%d:rw", uid), fmt.Sprintf("g:%d:rx", gid)
	for name, tt := range map[string]struct{ acls, mode, file, list string }{
		"a user":           {user, "0640", "f", "u::rw,g::r,o::-,m::r," + user},
		"a group":          {group, "0604", "f", "u::rw,g::-,o::r,m::-," + group},
		"with a mask":      {user + "'; 'm::rw", "0600", "f", "u::rw,g::-,o::-,m::rw," + user},
		"mask alone":       {"m::rx", "0777", "f", "u::rwx,g::rwx,o::rwx,m::rx"},
		"several":          {group + "'; '" + user + "'; 'g:4242:7", "0750", "f", "u::rwx,g::rx,o::-,m::rx," + group + "," + user + ",g:4242:rwx"},
		"the last counts":  {"u:4242:r'; 'u:4242:w", "0666", "f", "u::rw,g::rw,o::rw,m::rw,u:4242:w"},
		"defaults":         {"d:" + user, "0750", "d", "u::rwx,g::rx,o::-,d:u::rwx,d:g::rx,d:o::-,d:m::rx,d:" + user},
		"default group":    {"d:g::7'; 'd:" + user, "0755", "d", "u::rwx,g::rx,o::rx,d:u::rwx,d:g::rwx,d:o::rx,d:m::rwx,d:" + user},
		"default and mask": {"d:m::1'; 'd:" + user + "'; '" + group, "0711", "d", "u::rwx,g::x,o::x,m::x," + group + ",d:u::rwx,d:g::x,d:o::x,d:m::x,d:" + user},
		"default base":     {"d::7'; 'd:g::5'; 'd:o::0", "0700", "d", "u::rwx,g::-,o::-,d:u::rwx,d:g::rx,d:o::-"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			kind := map[string]string{"f": "file", "d": "directory"}[tt.file]
			acls := "['" + strings.ReplaceAll(tt.acls, "; ", ", ") + "']"
			h.install(all+"permissions: [{object: /srv/app, mode: "+tt.mode+", type: ["+kind+"], acls: "+acls+"}]\n",
				map[string]string{"f": "1", "d/": ""})
			got := getfacl(t, filepath.Join(h.job.Root, "srv/app", tt.file))

			other := filepath.Join(h.mkdir("by-setfacl"), "d")
			h.write(filepath.Dir(other), map[string]string{map[string]string{"f": "d", "d": "d/"}[tt.file]: "1"})
			if out, err := exec.Command("setfacl", "--set", tt.list, other).CombinedOutput(); err != nil {
				t.Fatal(err, string(out))
			}
			if want := getfacl(t, other); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

// AWS's agent gives the second file of a permission the first one's mask; here each has its own.
func TestACLMaskIsEachFilesOwn(t *testing.T) {
	needACLTools(t)
	h := newHost(t)
	in, err := h.plan(all+"permissions: [{object: /srv/app, acls: ['u:4242:rw']}]\n", map[string]string{"a b": "1", "c": "1", "link": "-> c"})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(h.job.Archive, "a b"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(h.job.Archive, "c"), 0o664); err != nil {
		t.Fatal(err)
	}
	if err := in.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"a b": "user::rw- user:4242:rw- group::--- mask::--- other::---",
		"c":   "user::rw- user:4242:rw- group::rw- mask::rw- other::r--",
	} {
		if got := getfacl(t, filepath.Join(h.job.Root, "srv/app", name)); got != want {
			t.Errorf("%s has %s, want %s", name, got, want)
		}
	}
	record, _ := os.ReadFile(filepath.Join(h.job.Instructions, "group-1-install.json"))
	if want := `{"type":"setfacl","acl":["user:4242:rw-"],"file":"` + h.job.Root + `/srv/app/a b"}`; !strings.Contains(string(record), want) {
		t.Errorf("install.json lacks %s:\n%s", want, record)
	}
}

func TestACLMistakes(t *testing.T) {
	for name, tt := range map[string]struct{ permission, want string }{
		"unknown user":             {"object: /srv/app, acls: ['u:no-such-user:r']", "(ACL) named u:no-such-user:r in the permissions section of the AppSpec file: can't find user for no-such-user"},
		"unknown group":            {"object: /srv/app, acls: ['g:no-such-group:r']", "can't find group for no-such-group"},
		"default on a file":        {"object: /srv/app/a, acls: ['d:u:4242:r']", "because the -d parameter has been specified to apply an acl setting to a file"},
		"default on files below":   {"object: /srv/app, acls: ['d:u:4242:r']", "because the -d parameter has been specified to apply an acl setting to a file"},
		"nothing that matches it":  {"object: /elsewhere, acls: ['d:u:4242:r']", ""},
		"folders only, as default": {"object: /srv/app, type: [directory], acls: ['d:u:4242:r']", ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t)
			_, err := h.plan(all+"permissions: [{"+tt.permission+"}]\n", map[string]string{"a": "1"})
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			h.expect(map[string]string{})
		})
	}
}

// /proc keeps no ACLs, and says so before anything is changed.
func TestNoACLsOnThisFileSystem(t *testing.T) {
	h := newHost(t)
	h.job.Root = "/proc/self"
	_, err := h.plan("files: [{source: /, destination: /slipway}]\npermissions: [{object: /slipway, acls: ['u:4242:r']}]\n", map[string]string{"a": "1"})
	if err == nil || !strings.Contains(err.Error(), "the file system of /proc/self does not keep them") {
		t.Errorf("got %v", err)
	}
}
