// Package bundle unpacks the archive of a revision: tar, gzipped tar or zip; or copies its folder.
//
// An archive is somebody else's input, so nothing in it may reach outside the target folder. Every
// file is made through an os.Root; names with ".." and absolute names, hard links to anything but an
// earlier member, and devices are refused by name; symbolic links are made last, when no member can
// be written through them any more, and each must then lead to a place inside. A budget bounds what
// an archive may become: its number of members, its size beside the archive's own and the free disk.
//
// One goroutine reads the archive and unpacks gzip, one looks at the members, and a few writers make
// the small files, so both cores of a small host are busy. Members are streamed: memory does not
// grow with the size of the archive, only a little with its number of folders and links.
//
// Modes and modification times are kept. Owners are kept too when the agent is root, as tar does.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Kinds of archive, in CodeDeploy's words.
const (
	Tar = "tar"
	Tgz = "tgz"
	Zip = "zip"
)

// Unpack replaces the folder dir with the content of archive. Kind is Tar, Tgz or Zip; tar and tgz
// (and anything else) are told apart by looking, as tar itself does. If the archive holds a single
// folder with an appspec in it, that folder's content takes its place. After an error dir does
// not exist.
func Unpack(ctx context.Context, archive, kind, dir string) error {
	if err := Remove(dir); err != nil {
		return fmt.Errorf("remove the earlier unpacked revision: %w", err)
	}
	err := unpack(ctx, archive, kind, dir)
	if err != nil {
		return errors.Join(explain(err, archive, kind), Remove(dir))
	}
	return nil
}

// Remove removes a folder with all that is in it. Folders of a revision may lack the permission to
// change them; for an agent that is not root that is in the way, so they get it first.
func Remove(dir string) error {
	err := os.RemoveAll(dir)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(path, 0o700) // what fails here fails below
		}
		return nil
	})
	return os.RemoveAll(dir)
}

func unpack(ctx context.Context, archive, kind, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	limit, err := newBudget(f)
	if err != nil {
		return err
	}
	t, err := newTree(dir, limit)
	if err != nil {
		return err
	}
	defer t.close()
	if kind == Zip {
		err = readZip(ctx, f, t)
	} else {
		err = readTar(ctx, f, t)
	}
	if err == nil {
		err = t.finish()
	}
	if err != nil {
		return err
	}
	stripped, err := strip(dir)
	if err != nil {
		return fmt.Errorf("lift the single folder of the archive: %w", err)
	}
	return checkLinks(dir, stripped, t.links)
}

// A RefusedError names the member of an archive that the agent will not unpack, and a way out.
type RefusedError struct {
	Member, Reason, Remedy string
}

// Error is one sentence with the member in quotes, and the remedy.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("The archive was refused because its member %q %s. %s", e.Member, e.Reason, e.Remedy)
}

// A readError is a fault in what the archive holds, as opposed to one in writing it out.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// explain turns an error of a library into one that says what to do.
func explain(err error, archive, kind string) error {
	var re *readError
	var refused *RefusedError
	var limit *LimitError
	switch {
	case errors.As(err, &refused), errors.As(err, &limit):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("The disk is (or was) full during extraction. Free some space and deploy again: %w", err)
	case errors.As(err, &re) && looksLike(archive, kind) != "":
		return fmt.Errorf("the archive %s is not a %s archive (it looks like %s): %w. Build and upload the revision again, with the right bundle type",
			archive, kindName(kind), looksLike(archive, kind), err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return fmt.Errorf("the archive %s is truncated: it ends in the middle (as %s). Build and upload the revision again", archive, kindName(kind))
	case errors.As(err, &re):
		return fmt.Errorf("the archive %s is damaged or is not a %s archive: %w. Build and upload the revision again", archive, kindName(kind), err)
	}
	return fmt.Errorf("unpack %s: %w", archive, err)
}

func kindName(kind string) string {
	if kind == "" {
		return Tar
	}
	return kind
}

// looksLike tells what an archive seems to be that is not of the kind it is said to be.
func looksLike(archive, kind string) string {
	head := make([]byte, 4)
	f, err := os.Open(archive)
	if err != nil {
		return ""
	}
	defer f.Close()
	n, _ := io.ReadFull(f, head)
	switch {
	case kind != Zip && strings.HasPrefix(string(head[:n]), "PK"):
		return Zip
	case kind == Zip && strings.HasPrefix(string(head[:n]), "\x1f\x8b"):
		return Tgz
	}
	return ""
}

// strip lifts the content of a single folder with an appspec in it, and returns that folder's name.
func strip(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 || !entries[0].IsDir() {
		return "", err
	}
	inner := entries[0].Name()
	names, err := os.ReadDir(filepath.Join(dir, inner))
	if err != nil {
		return "", err
	}
	for _, n := range names {
		if strings.Contains(strings.ToLower(n.Name()), "appspec") {
			return inner, lift(dir, inner)
		}
	}
	return "", nil
}

func lift(dir, inner string) error {
	temp := dir + "-temp"
	if err := Remove(temp); err != nil {
		return err
	}
	if err := os.Rename(dir, temp); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(temp, inner), dir); err != nil {
		return err
	}
	return Remove(temp)
}

// A contextReader stops when ctx ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
