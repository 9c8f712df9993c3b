//go:build !linux

package install

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

func (c *copier) copyFile(source, destination string) error {
	info, err := os.Lstat(source)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return errNotAFile
	}
	from, err := os.Open(source)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := create(destination)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(to, from, c.buffer)
	err = errors.Join(err, to.Chmod(info.Mode()&(fs.ModePerm|fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky)))
	if err := errors.Join(err, to.Close()); err != nil {
		return fmt.Errorf("copy %s: %w", destination, err)
	}
	return os.Chtimes(destination, info.ModTime(), info.ModTime())
}

func create(destination string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	to, err := os.OpenFile(destination, flags, 0o600)
	if !errors.Is(err, fs.ErrExist) {
		return to, err
	}
	if err := os.Remove(destination); err != nil {
		return nil, err
	}
	return os.OpenFile(destination, flags, 0o600)
}
