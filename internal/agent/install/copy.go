package install

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// A copier copies one file or link after the other. What it makes is always new and never an
// existing file that is written into: a running program can be replaced that way, and nothing is
// written through a link.
type copier struct {
	buffer []byte
	root   bool // who may give files away keeps their owners
}

func newCopier() *copier {
	return &copier{buffer: make([]byte, copyBuffer), root: os.Geteuid() == 0}
}

func (c *copier) copy(source, destination string) error {
	err := c.copyFile(source, destination)
	if !errors.Is(err, errNotAFile) {
		return err
	}
	info, err := os.Lstat(source)
	switch {
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return copyLink(source, destination)
	}
	return fmt.Errorf("the revision holds %s, which is neither a file, a folder nor a link: remove it from the revision", source)
}

// errNotAFile says that a source is a link or something stranger.
var errNotAFile = errors.New("is not a regular file")

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
