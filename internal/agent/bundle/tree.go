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

// A tree is the folder that an archive is unpacked into. Folders get their modes and times, and
// links are made, in finish: a folder without write permission can be filled until then, and no
// file is ever written through a link.
type tree struct {
	root   *os.Root
	made   string // the folder that the last member went into
	dirs   []member
	links  []link
	buffer []byte
}

func newTree(dir string) (*tree, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &tree{root: root, made: ".", buffer: make([]byte, 256<<10)}, nil
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

func (t *tree) addFile(m member, content io.Reader) error {
	name, err := local(m.name)
	if err != nil {
		return err
	}
	if name == "." {
		return &RefusedError{m.name, "is a file without a name", "Build the archive again."}
	}
	if err := t.parent(name); err != nil {
		return err
	}
	f, err := t.create(name)
	if err != nil {
		return err
	}
	if err := t.fill(f, content); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", name, err)
	}
	err = errors.Join(own(f.Chown, m.owner), f.Chmod(keep(m.mode)))
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	return t.root.Chtimes(name, m.modTime, m.modTime)
}

// create makes a new file. A name that comes twice in an archive means its last occurrence.
func (t *tree) create(name string) (*os.File, error) {
	const flags = os.O_WRONLY | os.O_CREATE | os.O_EXCL
	f, err := t.root.OpenFile(name, flags, 0o600)
	if !errors.Is(err, fs.ErrExist) {
		return f, err
	}
	if info, err := t.root.Lstat(name); err != nil || info.IsDir() {
		return nil, &RefusedError{name, "is both a file and a folder", "Remove one of the two from the archive."}
	}
	if err := t.root.Remove(name); err != nil {
		return nil, err
	}
	return t.root.OpenFile(name, flags, 0o600)
}

// fill copies a member's content and tells a fault of the archive from one of the disk.
func (t *tree) fill(f *os.File, content io.Reader) error {
	source := &sourceReader{r: content}
	// The writer is wrapped so that the copy uses the one buffer and not a new one per file.
	_, err := io.CopyBuffer(struct{ io.Writer }{f}, source, t.buffer)
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

// finish makes the links and gives folders their modes and times, innermost first.
func (t *tree) finish() error {
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
