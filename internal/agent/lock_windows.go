package agent

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

func lockExclusive(file *os.File) error { return lockFile(file, windows.LOCKFILE_EXCLUSIVE_LOCK) }

func lockShared(file *os.File) error { return lockFile(file, 0) }

// lockFile locks a byte far behind the end, so that others may still read whose lock it is.
func lockFile(file *os.File, flags uint32) error {
	at := windows.Overlapped{OffsetHigh: 1}
	err := windows.LockFileEx(windows.Handle(file.Fd()), flags|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}
