package bundle

import (
	"archive/zip"
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
)

const (
	zipEncrypted  = 0x1
	maxLinkTarget = 4096
	creatorFAT    = 0
	creatorNTFS   = 11
)

func readZip(ctx context.Context, f *os.File, t *tree) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := zip.NewReader(f, info.Size())
	if errors.Is(err, zip.ErrFormat) && startsLikeZip(f) {
		// The table of contents is at the end of a zip archive: this one has lost it.
		return &readError{io.ErrUnexpectedEOF}
	}
	if err != nil {
		return &readError{err}
	}
	for _, entry := range r.File {
		if err := t.budget.entry(); err != nil {
			return err
		}
		if err := addZipMember(ctx, t, entry); err != nil {
			return err
		}
	}
	return nil
}

func startsLikeZip(f *os.File) bool {
	head := make([]byte, 4)
	_, err := f.ReadAt(head, 0)
	return err == nil && string(head) == "PK\x03\x04"
}

func addZipMember(ctx context.Context, t *tree, entry *zip.File) error {
	m := member{name: entry.Name, mode: zipMode(entry), modTime: entry.Modified}
	if windows(entry) {
		m.name = strings.ReplaceAll(m.name, `\`, "/")
	}
	if entry.Flags&zipEncrypted != 0 {
		return &RefusedError{m.name, "is encrypted", "Build the archive without a password."}
	}
	if m.mode.IsDir() || strings.HasSuffix(m.name, "/") {
		return t.addDir(m)
	}
	if m.mode&(fs.ModeDevice|fs.ModeCharDevice|fs.ModeNamedPipe|fs.ModeSocket) != 0 {
		return &RefusedError{m.name, "is a device or a named pipe", "Leave it out of the archive and create it in an AfterInstall script."}
	}
	content, err := entry.Open()
	if errors.Is(err, zip.ErrAlgorithm) {
		return &RefusedError{m.name, "is compressed in a way that this agent cannot read", "Build the archive with the usual method (deflate)."}
	}
	if err != nil {
		return &readError{err}
	}
	defer content.Close()
	if m.mode&fs.ModeSymlink != 0 {
		target, err := io.ReadAll(io.LimitReader(content, maxLinkTarget))
		if err != nil {
			return &readError{err}
		}
		return t.addLink(m, string(target))
	}
	return t.addFile(m, int64(min(entry.UncompressedSize64, math.MaxInt64)), &contextReader{ctx, content})
}

// windows says whether an archive was built where names may have backslashes and files have no mode.
func windows(entry *zip.File) bool {
	creator := entry.CreatorVersion >> 8
	return creator == creatorFAT || creator == creatorNTFS
}

func zipMode(entry *zip.File) fs.FileMode {
	mode := entry.Mode()
	switch {
	case !windows(entry) && mode.Perm() != 0:
		return mode
	case mode.IsDir():
		return mode&^fs.ModePerm | 0o755
	}
	return mode&^fs.ModePerm | 0o644
}
