package bundle

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A member is one entry of an archive, whatever its format.
type member struct {
	name    string
	mode    fs.FileMode
	modTime time.Time
	owner   *owner
}

type owner struct{ uid, gid int }

type link struct {
	member
	target string
}

// A tree is the folder that an archive is unpacked into. Small files are made by writers beside the
// one that reads the archive, large ones by the reader itself. Folders get their modes and times,
// and links are made, in finish: a folder without write permission can be filled until then, and no
// file is ever written through a link.
type tree struct {
	root    *os.Root
	made    string // the folder that the last member went into
	dirs    []member
	links   []link
	buffer  []byte
	budget  *budget
	writers *writers
}

func newTree(dir string, limit *budget) (*tree, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if err := limit.measure(dir); err != nil {
		root.Close()
		return nil, err
	}
	return &tree{root: root, made: ".", buffer: make([]byte, smallFile), budget: limit, writers: startWriters(root)}, nil
}

// close ends the writers; it may be called twice.
func (t *tree) close() {
	_ = t.writers.stop()
	t.root.Close()
}

// local checks a member's name and brings it into its shortest form.
func local(name string) (string, error) {
	const remedy = "Build the archive from inside the revision's folder, so that every name is relative to it."
	switch {
	case strings.HasPrefix(name, "/"):
		return "", &RefusedError{name, "has an absolute name", remedy}
	case slices.Contains(strings.Split(name, "/"), ".."):
		return "", &RefusedError{name, "leads out of the revision (..)", remedy}
	case strings.ContainsRune(name, 0):
		return "", &RefusedError{name, "has a NUL character in its name", "Rename it."}
	case !filepath.IsLocal(name) && name != "":
		return "", &RefusedError{name, "has a name that this system cannot have", "Rename it."}
	}
	return path.Clean(name), nil
}

func (t *tree) addDir(m member) error {
	name, err := local(m.name)
	if err != nil || name == "." {
		return err
	}
	if err := t.parent(name + "/."); err != nil {
		return err
	}
	m.name = name
	t.dirs = append(t.dirs, m)
	return nil
}

// parent makes the folder that name is in.
func (t *tree) parent(name string) error {
	dir := path.Dir(name)
	if dir == t.made || dir == "." {
		return nil
	}
	if err := t.root.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	t.made = dir
	return nil
}

func (t *tree) addFile(m member, size int64, content io.Reader) error {
	name, err := local(m.name)
	if err != nil {
		return err
	}
	if name == "." {
		return &RefusedError{m.name, "is a file without a name", "Build the archive again."}
	}
	if err := errors.Join(t.budget.mayHold(name, size), t.parent(name)); err != nil {
		return err
	}
	m.name = name
	if size >= 0 && size <= smallFile {
		return t.queue(m, size, content)
	}
	if err := t.writers.drain(); err != nil {
		return err
	}
	f, err := create(t.root, name)
	if err != nil {
		return err
	}
	if err := t.fill(f, content); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", name, err)
	}
	return finishFile(f, m)
}

// queue reads a small file and leaves the rest to a writer.
func (t *tree) queue(m member, size int64, content io.Reader) error {
	data, err := t.writers.buffer()
	if err != nil {
		return err
	}
	source := &sourceReader{r: content}
	n, err := io.ReadFull(source, data[:size])
	if err == nil {
		// One more byte shows a member that is longer than it says, and checks a zip's checksum.
		var rest [1]byte
		if extra, _ := source.Read(rest[:]); extra > 0 {
			err = &readError{fmt.Errorf("%s: is longer than it says", m.name)}
		}
	}
	if source.err != nil {
		return &readError{fmt.Errorf("%s: %w", m.name, source.err)}
	}
	if err != nil {
		return &readError{fmt.Errorf("%s: %w", m.name, err)}
	}
	t.budget.wrote(int64(n))
	t.writers.put(file{m, data[:n]})
	return nil
}

// create makes a new file. A name that comes twice in an archive means its last occurrence.
func create(root *os.Root, name string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	f, err := root.OpenFile(name, flags, 0o600)
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	if info, err := root.Lstat(name); err != nil || info.IsDir() {
		return nil, &RefusedError{name, "is both a file and a folder", "Remove one of the two from the archive."}
	}
	if err := root.Remove(name); err != nil {
		return nil, err
	}
	return root.OpenFile(name, flags, 0o600)
}

// finishFile gives a written file its owner, mode and time, and closes it. The time comes last:
// whatever writes would change it.
func finishFile(f *os.File, m member) error {
	err := errors.Join(own(f.Chown, m.owner), f.Chmod(keep(m.mode)), setTime(f, m.modTime))
	return errors.Join(err, f.Close())
}

// fill copies a member's content and tells a fault of the archive from one of the disk.
func (t *tree) fill(f *os.File, content io.Reader) error {
	source := &sourceReader{r: content}
	// The writer is wrapped so that the copy uses the one buffer and not a new one per file.
	_, err := io.CopyBuffer(&boundedWriter{f, t.budget}, source, t.buffer)
	if source.err != nil {
		return &readError{source.err}
	}
	return err
}

type sourceReader struct {
	r   io.Reader
	err error
}

func (s *sourceReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func keep(mode fs.FileMode) fs.FileMode {
	return mode & (fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky)
}

// own gives a file to its owner. In a user namespace most numbers do not exist; there the file
// stays the agent's, as everything in that place is.
func own(chown func(uid, gid int) error, o *owner) error {
	if o == nil {
		return nil
	}
	err := chown(o.uid, o.gid)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}

func (t *tree) addLink(m member, target string) error {
	name, err := local(m.name)
	if err != nil {
		return err
	}
	if name == "." {
		return &RefusedError{m.name, "is a link without a name", "Build the archive again."}
	}
	m.name = name
	t.links = append(t.links, link{m, target})
	return nil
}

// addHardLink makes a second name of a file that came earlier in the archive. Placing a revision
// copies each name for itself, so nothing outside the archive's folder shares the content.
func (t *tree) addHardLink(m member, target string) error {
	const remedy = "Build the archive with tar --hard-dereference, which stores a copy."
	name, err := local(m.name)
	if err != nil {
		return err
	}
	from, err := local(target)
	if err != nil {
		return &RefusedError{name, fmt.Sprintf("is a hard link out of the revision (to %q)", target), remedy}
	}
	if err := errors.Join(t.writers.drain(), t.parent(name)); err != nil {
		return err
	}
	info, err := t.root.Lstat(from)
	if err != nil || !info.Mode().IsRegular() || name == "." {
		return &RefusedError{name, fmt.Sprintf("is a hard link to %q, which is no file that came before it in the archive", target), remedy}
	}
	if name == from {
		return nil
	}
	if err := t.root.Link(from, name); !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err := t.root.Lstat(name); err != nil || info.IsDir() {
		return &RefusedError{name, "is both a file and a folder", "Remove one of the two from the archive."}
	}
	return errors.Join(t.root.Remove(name), t.root.Link(from, name))
}

// finish makes the links and gives folders their modes and times, innermost first.
func (t *tree) finish() error {
	if err := t.writers.stop(); err != nil {
		return err
	}
	for _, l := range t.links {
		if err := t.makeLink(l); err != nil {
			return err
		}
	}
	for _, d := range slices.Backward(t.dirs) {
		err := own(func(uid, gid int) error { return t.root.Lchown(d.name, uid, gid) }, d.owner)
		err = errors.Join(err, t.root.Chmod(d.name, keep(d.mode)), t.root.Chtimes(d.name, d.modTime, d.modTime))
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tree) makeLink(l link) error {
	if err := t.parent(l.name); err != nil {
		return err
	}
	err := t.root.Symlink(l.target, l.name)
	if errors.Is(err, fs.ErrExist) {
		if info, err := t.root.Lstat(l.name); err != nil || info.IsDir() {
			return &RefusedError{l.name, "is both a link and a folder", "Remove one of the two from the archive."}
		}
		err = errors.Join(t.root.Remove(l.name), t.root.Symlink(l.target, l.name))
	}
	if err != nil {
		return err
	}
	return own(func(uid, gid int) error { return t.root.Lchown(l.name, uid, gid) }, l.owner)
}

// checkLinks refuses a link that leads outside, when everything is in its final place. A chain of
// links can leave although each of them looks harmless, so each is followed on disk as well.
func checkLinks(dir, stripped string, links []link) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, l := range links {
		name := l.name
		if stripped != "" {
			name = strings.TrimPrefix(name, stripped+"/")
		}
		if err := checkLink(root, name, l.target); err != nil {
			return err
		}
	}
	return nil
}

func checkLink(root *os.Root, name, target string) error {
	const remedy = "Use a relative link that stays inside, or create the link in an AfterInstall script."
	if path.IsAbs(target) {
		return &RefusedError{name, fmt.Sprintf("is a symbolic link to the absolute path %q", target), remedy}
	}
	outside := &RefusedError{name, fmt.Sprintf("is a symbolic link out of the revision (to %q)", target), remedy}
	if !filepath.IsLocal(path.Join(path.Dir(name), target)) {
		return outside
	}
	_, err := root.Stat(name)
	switch {
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil // a link may dangle
	case errors.Is(err, syscall.ELOOP):
		return &RefusedError{name, "is a symbolic link in a circle", "Remove the link from the archive."}
	}
	return outside
}
