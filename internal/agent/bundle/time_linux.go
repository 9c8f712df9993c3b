package bundle

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// setTime is futimens(3): utimensat with a descriptor and no name. A member without a time, or with
// one that this host cannot express, keeps that of its unpacking.
func setTime(f *os.File, when time.Time) error {
	stamp, err := unix.TimeToTimespec(when)
	if err != nil || when.IsZero() {
		return nil
	}
	times := [2]unix.Timespec{stamp, stamp}
	_, _, errno := syscall.Syscall6(syscall.SYS_UTIMENSAT, f.Fd(), 0, uintptr(unsafe.Pointer(&times)), 0, 0, 0)
	if errno != 0 {
		return &os.PathError{Op: "set the time of", Path: f.Name(), Err: errno}
	}
	return nil
}
