package hook_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/slipway/slipway/internal/agent/hook"
)

// A script that somebody still has open for writing is waited for, as the kernel refuses it.
func TestTextBusy(t *testing.T) {
	s := newStage(t)
	s.add("busy", "#!/bin/sh\necho ran\n", 0o755)
	passing, err := os.OpenFile(filepath.Join(s.job.Archive, "busy"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(30*time.Millisecond, func() { passing.Close() })
	if f := s.run(); f != nil {
		t.Error(f)
	}

	s = newStage(t)
	s.add("busy", "#!/bin/sh\necho ran\n", 0o755)
	writer, err := os.OpenFile(filepath.Join(s.job.Archive, "busy"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	s.fails(hook.ScriptFailed, "busy", "Script at specified location: busy failed with error Errno::ETXTBSY with message text file busy - "+filepath.Join(s.job.Archive, "busy"))
}

// On a file system that is read-only a script cannot be made executable, not even by root.
func TestCannotBeMadeExecutable(t *testing.T) {
	s := newStage(t)
	s.add("x.sh", "#!/bin/sh\n", 0o644)
	release := readOnly(t, s.job.Archive)
	defer release()
	s.fails(hook.ScriptNotExecutable, "x.sh", "Unable to set script at specified location: x.sh as executable")
}

// readOnly mounts a folder onto itself, read-only.
func readOnly(t *testing.T, dir string) func() {
	t.Helper()
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		t.Skip("nothing can be mounted here: ", err)
	}
	release := func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		release()
		t.Skip("nothing can be mounted read-only here: ", err)
	}
	return release
}
