package agent

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// writeFile replaces a file in one step, so that a crash leaves the old or the new content.
func writeFile(path string, content []byte) error { return writeThrough(path, content, 0o644, false) }

// writeThrough does that and, if it is to be durable, returns only when a power cut would not undo
// it: the content is on the disk before its name is, and the name before the return.
func writeThrough(path string, content []byte, mode fs.FileMode, durable bool) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(content)
	if err == nil && durable {
		err = temp.Sync()
	}
	err = errors.Join(err, temp.Chmod(mode), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temp.Name()))
	}
	if durable {
		return syncFolder(filepath.Dir(path))
	}
	return nil
}

// makeFolder makes a folder and those above it.
func makeFolder(path string, durable bool) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent == path {
		return os.Mkdir(path, 0o755)
	}
	if err := makeFolder(parent, durable); err != nil {
		return err
	}
	if err := os.Mkdir(path, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if durable {
		return syncFolder(parent)
	}
	return nil
}
