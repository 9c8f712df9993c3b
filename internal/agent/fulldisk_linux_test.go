package agent

import (
	"fmt"
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
// deployment works. The disk is a tmpfs of 512 KiB in a mount namespace of the test's own.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv("AGENT_TEST_FULL_DISK"); dir != "" {
		deployToFullDisk(t, dir)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), "AGENT_TEST_FULL_DISK="+t.TempDir())
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

func deployToFullDisk(t *testing.T, dir string) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=512k"); err != nil {
		fmt.Println("CANNOT MOUNT", err)
		return
	}
	t.Cleanup(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) })
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
