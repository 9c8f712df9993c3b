package agent

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/slipway/slipway/internal/hostwire"
)

// A full disk fails the event with a text that says so, leaves nothing on the disk, and the next
// deployment works. The disk is a tmpfs of 512 KiB.
func TestFullDisk(t *testing.T) { withOwnMounts(t, deployToFullDisk) }

// withOwnMounts runs a test once more, in a process with a mount namespace of its own, and there
// calls do with an empty folder.
func withOwnMounts(t *testing.T, do func(t *testing.T, dir string)) {
	if dir := os.Getenv("AGENT_TEST_MOUNTS"); dir != "" {
		do(t, dir)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), "AGENT_TEST_MOUNTS="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "CANNOT MOUNT") || len(out) == 0 {
		t.Skipf("this kernel lets the test have no mount namespace of its own: %v %s", err, out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// mount puts a small tmpfs on a folder and says whether that is allowed here.
func mount(t *testing.T, dir string) bool {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=512k"); err != nil {
		fmt.Println("CANNOT MOUNT", err)
		return false
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
	return true
}

// An old revision that cannot be deleted, because something is mounted in it, is in the log, and
// the deployment goes on.
func TestRevisionThatCannotBeDeleted(t *testing.T) { withOwnMounts(t, deployBesideMount) }

func deployBesideMount(t *testing.T, dir string) {
	y := newToy(t)
	c := y.config()
	c.RootDir, c.MaxRevisions = filepath.Join(dir, "deployment-root"), 1
	inUse := filepath.Join(c.RootDir, group, "d-OLD", "deployment-archive")
	if err := os.MkdirAll(inUse, 0o755); err != nil {
		t.Fatal(err)
	}
	if !mount(t, inUse) {
		return
	}
	var log bytes.Buffer
	agent := y.start(c, func(a *Agent) { a.log = slog.New(slog.NewTextHandler(&log, nil)) })
	y.deployment("d-NEW", "tgz", traceBundle(t, "1"))
	y.succeeds("d-NEW", "DownloadBundle")
	if err := agent.stop(); err != nil { // before the log is read
		t.Fatal(err)
	}
	if got := log.String(); !strings.Contains(got, "old revisions could not be deleted") || !strings.Contains(got, inUse) {
		t.Errorf("the log is %s", got)
	}
}

func deployToFullDisk(t *testing.T, dir string) {
	if !mount(t, dir) {
		return
	}
	y := newToy(t)
	c := y.config()
	c.RootDir, c.InstallRoot = filepath.Join(dir, "deployment-root"), ""
	y.start(c)

	noise := make([]byte, 1<<20)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	y.deployment("d-LARGE", "tgz", tgz(t, map[string]string{"appspec.yml": "x", "noise": string(noise)}))
	y.fails("d-LARGE", "DownloadBundle", hostwire.CodeUnknown, "The disk is (or was) full during the download of the revision. Free some space and deploy again")
	y.deployment("d-ZEROS", "tgz", tgz(t, map[string]string{"appspec.yml": "x", "zeros": string(make([]byte, 1<<20))}))
	y.fails("d-ZEROS", "DownloadBundle", hostwire.CodeUnknown, "The disk is (or was) full during extraction.")
	y.deployment("d-SMALL", "tgz", tgz(t, map[string]string{"appspec.yml": "version: 0.0\nos: linux\n"}))
	y.succeeds("d-SMALL", "DownloadBundle", "Install")
}
