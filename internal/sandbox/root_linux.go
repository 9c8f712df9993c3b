package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// system lists what a sandbox borrows from the host, read-only. Patterns may match nothing;
// a symbolic link (/bin → usr/bin) is made again rather than followed.
var system = []string{"/usr", "/etc", "/bin", "/sbin", "/lib*", "/nix"}

// private lists the directories that every sandbox has to itself.
var private = []struct {
	path string
	mode os.FileMode
}{
	{"/home", 0o755}, {"/opt", 0o755}, {"/root", 0o700}, {"/run", 0o755}, {"/srv", 0o755},
	{"/tmp", 0o777 | os.ModeSticky},
	{"/var", 0o755}, {"/var/lib", 0o755}, {"/var/log", 0o755}, {"/var/tmp", 0o777 | os.ModeSticky},
}

// devices are the nodes of /dev that programs expect everywhere.
var devices = []string{"null", "zero", "full", "random", "urandom", "tty"}

// layRoot makes the private directories of a root, and links instead of mounts.
func layRoot(spec Spec) error {
	if err := makePrivate(spec.Root); err != nil {
		return err
	}
	for _, b := range spec.Binds {
		at := filepath.Join(spec.Root, b.Path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := link(b.Host, at); err != nil {
			return fmt.Errorf("link %s: %w", b.Path, err)
		}
	}
	return nil
}

// enterRoot turns spec.Root into this process's root directory. The process must be alone in
// new user, mount, process and host name namespaces.
func enterRoot(spec Spec) error {
	unix.Umask(0o022)
	// Nothing mounted from here on may travel back to the host.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	if err := unix.Mount(spec.Root, spec.Root, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount the root on itself: %w", err)
	}
	for _, build := range []func(Spec) error{borrowSystem, privateDirs, mountProc, mountDev, bindExtras, pivot} {
		if err := build(spec); err != nil {
			return err
		}
	}
	if spec.Hostname == "" {
		return nil
	}
	if err := unix.Sethostname([]byte(spec.Hostname)); err != nil {
		return fmt.Errorf("set the host name: %w", err)
	}
	return nil
}

func privateDirs(spec Spec) error { return makePrivate(spec.Root) }

func makePrivate(root string) error {
	inside, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer inside.Close()
	for _, dir := range private {
		if err := inside.MkdirAll(dir.path[1:], 0o755); err != nil {
			return err
		}
		if err := inside.Chmod(dir.path[1:], dir.mode); err != nil {
			return err
		}
	}
	return nil
}

func borrowSystem(spec Spec) error {
	for _, pattern := range system {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		for _, path := range paths {
			if err := borrow(path, spec.Root); err != nil {
				return err
			}
		}
	}
	return nil
}

// borrow shows a directory of the host, or its symbolic link, read-only in the root.
func borrow(path, root string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode()&os.ModeSymlink != 0 {
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return link(target, filepath.Join(root, path))
	}
	return bind(Bind{Host: path, Path: path}, root)
}

// link makes the symbolic link at → target, in place of an older one.
func link(target, at string) error {
	err := os.Symlink(target, at)
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	if err := os.Remove(at); err != nil {
		return err
	}
	return os.Symlink(target, at)
}

func bindExtras(spec Spec) error {
	for _, b := range spec.Binds {
		if err := bind(b, spec.Root); err != nil {
			return err
		}
	}
	return nil
}

// bind mounts a file or directory of the host at its path in the new root.
func bind(b Bind, root string) error {
	at, err := mountpoint(root, b.Path, b.Host)
	if err != nil {
		return fmt.Errorf("prepare %s: %w", b.Path, err)
	}
	// Recursive even for a file: the kernel refuses to uncover what a mount of the outer
	// namespace hides.
	if err := unix.Mount(b.Host, at, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("mount %s at %s: %w", b.Host, b.Path, err)
	}
	if b.Writable {
		return nil
	}
	if err := readOnly(at); err != nil {
		return fmt.Errorf("make %s read-only: %w", b.Path, err)
	}
	return nil
}

// mountpoint makes an empty file or directory at a path in the root, to match host. What was left
// in the root by those who ran in it, such as links that lead out, is not followed.
func mountpoint(root, path, host string) (at string, err error) {
	info, err := os.Stat(host)
	if err != nil {
		return "", err
	}
	inside, err := os.OpenRoot(root)
	if err != nil {
		return "", err
	}
	defer inside.Close()
	name, folder := path[1:], path[1:]
	if !info.IsDir() {
		folder = filepath.Dir(name)
	}
	if err := inside.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	if !info.IsDir() {
		f, err := inside.OpenFile(name, os.O_CREATE|os.O_RDONLY, 0o644)
		if err != nil {
			return "", err
		}
		f.Close()
	}
	return filepath.Join(root, path), nil
}

// readOnly closes a mount and all below it for writing. Kernels before 5.12 close only the
// mount itself, and insist that the flags it came with are repeated.
func readOnly(at string) error {
	attr := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	err := unix.MountSetattr(unix.AT_FDCWD, at, unix.AT_RECURSIVE, attr)
	if !errors.Is(err, unix.ENOSYS) {
		return err
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(at, &fs); err != nil {
		return err
	}
	const kept = unix.ST_NOSUID | unix.ST_NODEV | unix.ST_NOEXEC | unix.ST_NOATIME | unix.ST_NODIRATIME | unix.ST_RELATIME
	flags := uintptr(fs.Flags)&kept | unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY
	return unix.Mount("", at, "", flags, "")
}

func mountProc(spec Spec) error {
	at, err := mountpoint(spec.Root, "/proc", "/proc")
	if err != nil {
		return err
	}
	if err := unix.Mount("proc", at, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return nil
}

// mountDev makes a /dev in memory, because a user namespace may mount device nodes but not
// make them.
func mountDev(spec Spec) error {
	dev, err := mountpoint(spec.Root, "/dev", "/dev")
	if err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", dev, "tmpfs", unix.MS_NOSUID, "mode=755"); err != nil {
		return fmt.Errorf("mount /dev: %w", err)
	}
	for _, name := range devices {
		host := filepath.Join("/dev", name)
		if _, err := os.Stat(host); err != nil {
			continue
		}
		if err := bind(Bind{Host: host, Path: host, Writable: true}, spec.Root); err != nil {
			return err
		}
	}
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2",
	} {
		if err := os.Symlink(target, filepath.Join(dev, name)); err != nil {
			return err
		}
	}
	shm := filepath.Join(dev, "shm")
	if err := os.Mkdir(shm, 0o755); err != nil {
		return err
	}
	return os.Chmod(shm, 0o777|os.ModeSticky)
}

// pivot makes the new root the only one: the old one is detached and unreachable.
func pivot(spec Spec) error {
	if err := os.Chdir(spec.Root); err != nil {
		return err
	}
	// Both arguments the same: the old root lands on top of the new one, and is taken off.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the host's root: %w", err)
	}
	return os.Chdir("/")
}
