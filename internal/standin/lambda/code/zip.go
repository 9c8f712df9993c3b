package code

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Limits bound what an archive may hold.
type Limits struct {
	Unpacked int64 // bytes in all
	Entries  int   // files and directories
}

// DefaultLimits are Lambda's size, and a number of files that no function of that size has.
var DefaultLimits = Limits{Unpacked: 262144000, Entries: 100_000}

// Errors that are the archive's fault.
var (
	ErrFormat = errors.New("it is not a zip archive")
	ErrLarge  = errors.New("what is in the archive is too large")
)

// check reads the whole archive once, so that what was accepted can be unpacked later. What
// the directory of an archive says of sizes is not believed.
func (l Limits) check(archive io.ReaderAt, size int64) error {
	return l.each(archive, size, func(f *zip.File, _ string, content io.Reader) error {
		_, err := io.Copy(io.Discard, content)
		return err
	})
}

// each calls visit for every member, with what is in it. Names and kinds that have no place
// in a function are an ErrFormat.
func (l Limits) each(archive io.ReaderAt, size int64, visit func(f *zip.File, name string, content io.Reader) error) error {
	r, err := zip.NewReader(archive, size)
	if err != nil {
		return fmt.Errorf("%w: %v", ErrFormat, err)
	}
	if len(r.File) > l.Entries {
		return fmt.Errorf("%w: it has %d members, and may have %d", ErrLarge, len(r.File), l.Entries)
	}
	left := l.Unpacked
	for _, f := range r.File {
		name, err := cleaned(f)
		if err != nil {
			return err
		}
		n, err := l.visitOne(f, name, left, visit)
		if err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// visitOne visits a member of at most left bytes, and returns how many it has.
func (l Limits) visitOne(f *zip.File, name string, left int64, visit func(*zip.File, string, io.Reader) error) (int64, error) {
	if f.UncompressedSize64 > uint64(left) {
		return 0, ErrLarge
	}
	content, err := f.Open()
	if err != nil {
		return 0, fmt.Errorf("%w: %s: %v", ErrFormat, name, err)
	}
	defer content.Close()
	bounded := &boundedReader{from: content, left: left}
	if err := visit(f, name, bounded); err != nil {
		if errors.Is(err, ErrLarge) || bounded.err == nil {
			return 0, err
		}
		return 0, fmt.Errorf("%w: %s: %v", ErrFormat, name, err)
	}
	return bounded.read, nil
}

// A boundedReader fails where there is more to read than there may be.
type boundedReader struct {
	from       io.Reader
	left, read int64
	err        error // of from
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.from.Read(p)
	b.read += int64(n)
	if b.read > b.left {
		return 0, ErrLarge
	}
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// cleaned is a member's name, which must lead into the function's own directory.
func cleaned(f *zip.File) (string, error) {
	name := path.Clean(strings.ReplaceAll(f.Name, `\`, "/"))
	kind := f.Mode().Type()
	switch {
	case f.Name == "" || strings.ContainsRune(f.Name, 0) || !fs.ValidPath(name):
		return "", fmt.Errorf("%w: the member %.100q would lie outside of the function's directory", ErrFormat, f.Name)
	case kind != 0 && kind != fs.ModeDir && kind != fs.ModeSymlink:
		return "", fmt.Errorf("%w: the member %.100q is neither a file, a directory nor a link", ErrFormat, f.Name)
	}
	return name, nil
}

// extract unpacks an archive that check has passed. An os.Root keeps links from leading out.
func (l Limits) extract(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return l.each(f, info.Size(), func(f *zip.File, name string, content io.Reader) error {
		return place(root, f, name, content)
	})
}

func place(root *os.Root, f *zip.File, name string, content io.Reader) error {
	if f.Mode().IsDir() || strings.HasSuffix(f.Name, "/") {
		return root.MkdirAll(name, 0o755)
	}
	if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
		return err
	}
	if err := root.RemoveAll(name); err != nil { // the last member of a name counts
		return err
	}
	if f.Mode().Type() == fs.ModeSymlink {
		target, err := io.ReadAll(io.LimitReader(content, 4096))
		if err != nil {
			return err
		}
		return root.Symlink(string(target), name)
	}
	out, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	// Whoever runs functions may read them, whatever the archive says, and nobody change them.
	return errors.Join(err, out.Chmod(f.Mode().Perm()&0o111|0o444), out.Close())
}
