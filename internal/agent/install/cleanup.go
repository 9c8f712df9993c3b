package install

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// semanagePrefix marks a line of the cleanup file that undoes an SELinux rule.
const semanagePrefix = "semanage\x00"

// A cleanup is what the previous deployment of a group installed, in the order in which it did.
type cleanup struct {
	file  string
	paths []string
}

// readCleanup reads a cleanup file; without one there is nothing to remove. A last line without
// its newline was torn by a crash and names nothing.
func readCleanup(file string) (*cleanup, error) {
	text, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	c := &cleanup{file: file}
	for len(text) > 0 {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if whole && len(line) > 0 {
			c.paths = append(c.paths, string(line))
		}
		text = rest
	}
	return c, nil
}

// keep takes a path off the list.
func (c *cleanup) keep(path string) {
	c.paths = slices.DeleteFunc(c.paths, func(p string) bool { return p == path })
}

// run removes what is listed, last made first, and then the list. Folders that hold anything else
// stay, and so does a folder that cannot be removed: it may be a mount point by now.
func (c *cleanup) run() error {
	for _, path := range slices.Backward(c.paths) {
		if rule, isRule := strings.CutPrefix(path, semanagePrefix); isRule {
			unlabel(rule)
			continue
		}
		err := syscall.Unlink(path)
		if errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.EPERM) {
			if info, statErr := os.Lstat(path); statErr == nil && info.IsDir() {
				_ = syscall.Rmdir(path)
				continue
			}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return &fs.PathError{Op: "remove", Path: path, Err: err}
		}
	}
	err := os.Remove(c.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// An afterCleanup answers what will exist when the previous installation is gone.
type afterCleanup struct {
	listed map[string]bool
	gone   map[string]bool // answers so far
}

func newAfterCleanup(paths []string) *afterCleanup {
	a := &afterCleanup{listed: map[string]bool{}, gone: map[string]bool{}}
	for _, p := range paths {
		a.listed[p] = true
	}
	return a
}

// stat follows links, so a dangling link counts as nothing, as it does for AWS's agent.
func (a *afterCleanup) stat(path string) (fs.FileInfo, bool) {
	if a.willGo(path) {
		return nil, false
	}
	info, err := os.Stat(path)
	return info, err == nil
}

// willGo says whether clean-up removes path: it is listed and, if it is a folder, everything in
// it goes as well.
func (a *afterCleanup) willGo(path string) bool {
	if !a.listed[path] {
		return false
	}
	if gone, known := a.gone[path]; known {
		return gone
	}
	gone := true
	if info, err := os.Lstat(path); err == nil && info.IsDir() {
		names, err := readNames(path)
		gone = err == nil && !slices.ContainsFunc(names, func(name string) bool {
			return !a.willGo(filepath.Join(path, name))
		})
	}
	a.gone[path] = gone
	return gone
}

func readNames(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}
