package local_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is the number of the user without rights.
const nobody = 65534

// ordinary gives a bench to the user nobody, in whose name its runs are from here on. A test that
// does not run as root is an ordinary user already.
func (b *bench) ordinary() {
	b.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	probe := exec.Command("/bin/true")
	probe.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if err := probe.Run(); err != nil {
		b.t.Skip("nobody else can be become here: ", err)
	}
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		b.t.Fatal(err)
	}
	b.write("program", string(program), 0o755)
	for dir := b.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			b.t.Fatal(err)
		}
	}
	err = filepath.WalkDir(b.dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, nobody, nobody)
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.user = &syscall.Credential{Uid: nobody, Gid: nobody}
}

// ends runs a bundle in a process of its own and returns the last thing it says.
func (b *bench) ends(bundle string) string {
	b.t.Helper()
	out, err := b.command(b.path(bundle), "never").Output()
	if err != nil {
		b.t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func (b *bench) appspec(name, text string) {
	b.bundle(name)
	b.write(name+"/appspec.yml", "version: 0.0\nos: linux\nfiles:\n  - source: files\n    destination: /srv\n"+text, 0o644)
}

// TestOrdinaryUser: everything works that needs no rights, and what does is refused with the reason.
func TestOrdinaryUser(t *testing.T) {
	for _, tt := range []struct{ name, appspec, want string }{
		{"own files", "permissions:\n  - object: /srv\n    mode: 640\n    type: [file]\nhooks:\n  AfterInstall: [{location: hook.sh}]\n", "succeeded"},
		{"runas", "hooks:\n  AfterInstall: [{location: hook.sh, runas: daemon}]\n", "AfterInstall: Script at specified location: hook.sh failed with error"},
		{"owner", "permissions:\n  - object: /srv\n    owner: daemon\n    type: [file]\n", "Install: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t)
			b.appspec("v1", tt.appspec)
			b.ordinary()
			got := b.ends("v1")
			if !strings.HasPrefix(got, tt.want) {
				t.Fatalf("it ended: %s\nwant %s", got, tt.want)
			}
			switch tt.name {
			case "own files":
				info, err := os.Stat(b.path("host/srv/v1"))
				if err != nil || info.Mode().Perm() != 0o640 {
					t.Errorf("the file: %v, %v", info, err)
				}
			case "runas":
				if !strings.Contains(got, "only root can run a script as daemon: run the agent as root, or remove runas from the AppSpec file") {
					t.Errorf("it ended: %s", got)
				}
			case "owner":
				if !strings.Contains(got, "gives /srv to the user daemon, which only root can do") {
					t.Errorf("it ended: %s", got)
				}
			}
		})
	}
}

// TestOrdinaryUserWithoutRights: a place that is closed is named, and a rerun works once it is open.
func TestOrdinaryUserWithoutRights(t *testing.T) {
	b := newBench(t)
	b.appspec("v1", "")
	b.write("host/other", "", 0o644)
	b.ordinary()
	if err := os.Chmod(b.path("host"), 0o555); err != nil {
		t.Fatal(err)
	}
	got := b.ends("v1")
	if !strings.HasPrefix(got, "Install: ") || !strings.Contains(got, "permission denied") {
		t.Errorf("it ended: %s", got)
	}
	if err := os.Chmod(b.path("host"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := b.ends("v1"); got != "succeeded" || !b.exists("host/srv/v1") {
		t.Errorf("the rerun ended: %s", got)
	}
}

// TestOrdinaryUserKilled: as for root, a killed run is in nobody's way.
func TestOrdinaryUserKilled(t *testing.T) {
	b := newBench(t)
	for _, v := range []string{"v1", "v2", "v3"} {
		b.bundle(v)
	}
	b.ordinary()
	for _, when := range moments() {
		if got := b.ends("v1"); got != "succeeded" {
			t.Fatal(got)
		}
		b.dies(b.path("v2"), when)
		if got := b.ends("v3"); got != "succeeded" || b.exists("host/srv/v1") || b.exists("host/srv/v2") || !b.exists("host/srv/v3") {
			t.Errorf("killed %s, the rerun ended: %s", when, got)
		}
	}
}
