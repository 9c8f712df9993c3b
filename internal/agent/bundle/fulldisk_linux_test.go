package bundle_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/slipway/slipway/internal/agent/bundle"
)

// The disk fills up for real: a tmpfs of 256 KiB in a mount namespace of the test's own.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv("BUNDLE_TEST_FULL_DISK"); dir != "" {
		unpackOnFullDisk(t, dir)
		return
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), "BUNDLE_TEST_FULL_DISK="+dir)
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

func unpackOnFullDisk(t *testing.T, dir string) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		fmt.Println("CANNOT MOUNT", err)
		return
	}
	defer syscall.Unmount(dir, 0)
	archive := filepath.Join(t.TempDir(), "bundle.tar")
	data := gzipped(t, tarOf(t, entry{name: "small", mode: 0o644}, entry{name: "large", content: strings.Repeat("x", 1<<20), mode: 0o644}))
	if err := os.WriteFile(archive, data, 0o600); err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(dir, "deployment-archive")
	err := bundle.Unpack(t.Context(), archive, bundle.Tgz, target)
	if err == nil || !strings.HasPrefix(err.Error(), "The disk is (or was) full during extraction.") || !strings.Contains(err.Error(), "large") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(target); err == nil {
		t.Error("the half-unpacked revision still takes up the disk")
	}
}
