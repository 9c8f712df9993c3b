package install

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// A placer carries out instructions and keeps the cleanup file.
type placer struct {
	log    *os.File
	buffer []byte
	root   bool
}

func newPlacer(log *os.File) *placer {
	return &placer{log: log, buffer: make([]byte, 256<<10), root: os.Geteuid() == 0}
}

func (p *placer) carryOut(step Instruction) error {
	switch step.Type {
	case mkdir:
		return p.makeDir(step.Directory)
	case copying:
		return p.copy(step.Source, step.Destination)
	case chmod:
		return changeMode(step.File, step.Mode)
	case chown:
		return os.Lchown(step.File, step.uid, step.gid)
	}
	return fmt.Errorf("carry out an instruction of the unknown type %q", step.Type)
}

// changeMode leaves symbolic links alone: they have no mode, and what they lead to is not ours.
func changeMode(file, digits string) error {
	mode, err := strconv.ParseUint(digits, 8, 32)
	if err != nil {
		return err
	}
	info, err := os.Lstat(file)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return err
	}
	return syscallError("chmod", file, syscall.Chmod(file, uint32(mode)))
}

func syscallError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: path, Err: err}
}

// record names a path in the cleanup file at once: a crash must not lose it.
func (p *placer) record(path string) error {
	_, err := p.log.WriteString(path + "\n")
	return err
}

// makeDir tolerates a folder that clean-up could not remove after all; that one is not ours.
func (p *placer) makeDir(dir string) error {
	err := os.Mkdir(dir, 0o777)
	if errors.Is(err, fs.ErrExist) {
		if info, statErr := os.Stat(dir); statErr == nil && info.IsDir() {
			return nil
		}
	}
	if err != nil {
		return err
	}
	return p.record(dir)
}

func (p *placer) copy(source, destination string) error {
	info, err := os.Lstat(source)
	if err != nil {
		return err
	}
	if err := p.record(destination); err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return copyLink(source, destination)
	case !info.Mode().IsRegular():
		return fmt.Errorf("the revision holds %s, which is neither a file, a folder nor a link: remove it from the revision", source)
	}
	return p.copyFile(source, destination, info)
}

func copyLink(source, destination string) error {
	target, err := os.Readlink(source)
	if err != nil {
		return err
	}
	err = os.Symlink(target, destination)
	if errors.Is(err, fs.ErrExist) {
		return errors.Join(syscall.Unlink(destination), os.Symlink(target, destination))
	}
	return err
}

// copyFile makes a new file rather than writing into the one that is there: a running program can
// be replaced that way, and nothing is written through a link.
func (p *placer) copyFile(source, destination string, info fs.FileInfo) error {
	from, err := os.Open(source)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := create(destination)
	if err != nil {
		return err
	}
	if err := p.fill(to, from, info); err != nil {
		to.Close()
		return fmt.Errorf("copy %s: %w", destination, err)
	}
	if err := to.Close(); err != nil {
		return err
	}
	return os.Chtimes(destination, info.ModTime(), info.ModTime())
}

func create(destination string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	to, err := os.OpenFile(destination, flags, 0o600)
	if !errors.Is(err, fs.ErrExist) {
		return to, err
	}
	if err := syscallError("replace", destination, syscall.Unlink(destination)); err != nil {
		return nil, err
	}
	return os.OpenFile(destination, flags, 0o600)
}

func (p *placer) fill(to, from *os.File, info fs.FileInfo) error {
	if _, err := io.CopyBuffer(to, from, p.buffer); err != nil {
		return err
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && p.root {
		// In a user namespace the packager's user may not exist; the file is then the agent's.
		err := to.Chown(int(stat.Uid), int(stat.Gid))
		if err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.EPERM) {
			return err
		}
	}
	return to.Chmod(info.Mode() & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky))
}
