package install

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncDisk waits until everything on the file system of f is on the disk: one call for a version
// of any number of files.
func syncDisk(f *os.File) error { return unix.Syncfs(int(f.Fd())) }
