package bundle

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// newFile makes a file that is not there yet in an open folder; its name has no folder in it. What
// os.Root opens is offered to the poller, which takes no files: five system calls for nothing.
func newFile(folder *os.File, name string) (*os.File, error) {
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(int(folder.Fd()), name, flags, 0o600)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), filepath.Join(folder.Name(), name)), nil
}
