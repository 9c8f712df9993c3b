// Package code keeps what functions are made of: zip archives by their SHA-256, and what is in
// them, unpacked when a function first runs.
package code

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/singleflight"
)

// A Store has the archives of all functions in a directory.
type Store struct {
	dir    string
	limits Limits

	unpacking singleflight.Group
	mu        sync.Mutex // held while files come and go
}

// Open makes the directory where it is missing. What was unpacked is unpacked again when it is
// needed: a machine that has lost its power may have kept half of it.
func Open(dir string, limits Limits) (*Store, error) {
	s := &Store{dir: dir, limits: limits}
	if err := os.RemoveAll(s.unpacked()); err != nil {
		return nil, fmt.Errorf("remove functions' code that was unpacked before: %w", err)
	}
	for _, d := range []string{s.archives(), s.unpacked()} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fmt.Errorf("make the directory of functions' code: %w", err)
		}
	}
	return s, nil
}

func (s *Store) archives() string { return filepath.Join(s.dir, "archives") }
func (s *Store) unpacked() string { return filepath.Join(s.dir, "unpacked") }

// Archive is the file of an archive, by the hash that Put returned.
func (s *Store) Archive(hash string) string { return filepath.Join(s.archives(), hash+".zip") }

// Put keeps an archive, which must be whole and within the limits, and returns its hash in hex.
func (s *Store) Put(archive []byte) (hash string, err error) {
	if err := s.limits.check(bytes.NewReader(archive), int64(len(archive))); err != nil {
		return "", err
	}
	sum := sha256.Sum256(archive)
	hash = hex.EncodeToString(sum[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := os.Stat(s.Archive(hash)); err == nil {
		return hash, nil
	}
	return hash, writeFile(s.Archive(hash), archive)
}

// writeFile leaves either the whole file or none.
func writeFile(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return fmt.Errorf("keep the archive: %w", err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keep the archive: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("keep the archive: %w", err)
	}
	return nil
}

// Unpacked returns the directory with what is in an archive. Callers at the same time share
// the work. An archive whose members exclude each other cannot be unpacked.
func (s *Store) Unpacked(ctx context.Context, hash string) (string, error) {
	dir := filepath.Join(s.unpacked(), hash)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	_, err, _ := s.unpacking.Do(hash, func() (any, error) { return nil, s.unpack(hash, dir) })
	if err != nil {
		return "", fmt.Errorf("unpack the function's code: %w", err)
	}
	return dir, ctx.Err()
}

func (s *Store) unpack(hash, dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	fresh, err := os.MkdirTemp(s.unpacked(), ".new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(fresh)
	if err := s.limits.extract(s.Archive(hash), fresh); err != nil {
		return err
	}
	if err := openDirs(fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// openDirs lets whoever runs functions into the directories, whatever this process's umask is.
func openDirs(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o755)
	})
}

// Keep removes every archive whose hash is not in use.
func (s *Store) Keep(used map[string]bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries, err := os.ReadDir(s.archives())
	if err != nil {
		return fmt.Errorf("look for archives that are in no use: %w", err)
	}
	var errs []error
	for _, entry := range entries {
		hash, ok := cutExt(entry.Name())
		if ok && used[hash] {
			continue
		}
		errs = append(errs, os.Remove(filepath.Join(s.archives(), entry.Name())), os.RemoveAll(filepath.Join(s.unpacked(), hash)))
	}
	return errors.Join(errs...)
}

func cutExt(name string) (hash string, ok bool) {
	ext := filepath.Ext(name)
	return name[:len(name)-len(ext)], ext == ".zip" && len(name) == 2*sha256.Size+len(ext)
}
