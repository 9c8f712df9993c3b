package install

import (
	"errors"
	"fmt"
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// copyFile speaks to the kernel directly: ten calls for a small file, where os.File would make
// twenty, among them two that offer each file to the poller. Large files go by io.Copy, which
// copies inside the kernel and shares the blocks where the file system can (xfs, btrfs).
func (c *copier) copyFile(source, destination string) error {
	from, err := open(source, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENXIO) {
		return errNotAFile
	}
	if err != nil {
		return err
	}
	defer unix.Close(from)
	var info unix.Stat_t
	if err := unix.Fstat(from, &info); err != nil {
		return pathError("stat", source, err)
	}
	if info.Mode&unix.S_IFMT != unix.S_IFREG {
		return errNotAFile
	}
	to, err := create(destination)
	if err != nil {
		return err
	}
	err = c.fill(to, from, &info)
	if err := errors.Join(err, unix.Close(to)); err != nil {
		return fmt.Errorf("copy %s: %w", destination, err)
	}
	return nil
}

// open is open(2), again after a signal.
func open(path string, flags int, mode uint32) (int, error) {
	for {
		fd, err := unix.Open(path, flags|unix.O_CLOEXEC, mode)
		if !errors.Is(err, unix.EINTR) {
			return fd, pathError("open", path, err)
		}
	}
}

func create(destination string) (int, error) {
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL
	fd, err := open(destination, flags, 0o600)
	if !errors.Is(err, unix.EEXIST) {
		return fd, err
	}
	if err := pathError("replace", destination, unix.Unlink(destination)); err != nil {
		return -1, err
	}
	return open(destination, flags, 0o600)
}

// fill gives a new file the content of another and then its owner, mode and time; an owner given
// later would clear setuid, and content written later would change the time.
func (c *copier) fill(to, from int, info *unix.Stat_t) error {
	if err := c.content(to, from, info.Size); err != nil {
		return err
	}
	if c.root {
		// In a user namespace the packager's user may not exist; the file is then the agent's.
		err := unix.Fchown(to, int(info.Uid), int(info.Gid))
		if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.EPERM) {
			return err
		}
	}
	if err := unix.Fchmod(to, info.Mode&0o7777); err != nil {
		return err
	}
	times := [2]unix.Timespec{info.Mtim, info.Mtim}
	if _, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, uintptr(to), 0, uintptr(unsafe.Pointer(&times)), 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

func (c *copier) content(to, from int, size int64) error {
	if size > int64(len(c.buffer)) {
		return copyLarge(to, from)
	}
	for size > 0 {
		n, err := unix.Read(from, c.buffer)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			return err // shorter than it was is as it is now
		}
		if err := writeAll(to, c.buffer[:n]); err != nil {
			return err
		}
		size -= int64(n)
	}
	return nil
}

func writeAll(fd int, data []byte) error {
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		data = data[max(n, 0):]
	}
	return nil
}

// copyLarge works on duplicates, because an os.File closes its descriptor.
func copyLarge(to, from int) error {
	source, err := duplicate(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := duplicate(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

func duplicate(fd int) (*os.File, error) {
	copied, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(copied), "file"), nil
}
