package bundle

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// Copy replaces the folder dir with a copy of the folder from, whose modes and times it keeps; the
// files are the agent's own. Links stay as they are: from is a folder of this host and not somebody
// else's input. After an error dir does not exist.
func Copy(ctx context.Context, from, dir string) error {
	from, err := filepath.EvalSymlinks(from)
	if err != nil {
		return err
	}
	if err := Remove(dir); err != nil {
		return err
	}
	if err := copyInto(ctx, from, dir); err != nil {
		return errors.Join(err, Remove(dir))
	}
	return nil
}

func copyInto(ctx context.Context, from, dir string) error {
	t, err := newTree(dir, &budget{left: math.MaxInt64, free: -1})
	if err != nil {
		return err
	}
	defer t.close()
	err = filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || path == from {
			return err
		}
		return t.addCopy(ctx, path, strings.TrimPrefix(path[len(from):], string(filepath.Separator)), entry)
	})
	if err != nil {
		return err
	}
	return t.finish()
}

// addCopy adds a file of this host under the given name.
func (t *tree) addCopy(ctx context.Context, path, name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	// Without setuid: the copy has another owner than the original.
	m := member{name: filepath.ToSlash(name), mode: info.Mode().Perm(), modTime: info.ModTime()}
	switch {
	case info.IsDir():
		return t.addDir(m)
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return t.addLink(m, target)
	case !info.Mode().IsRegular():
		return fmt.Errorf("the bundle's folder holds %s, which is neither a file, a folder nor a link: remove it", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	const unknown = -1 // it may be written to while it is copied
	return t.addFile(m, unknown, &contextReader{ctx, file})
}
