package code_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/standin/lambda/code"
	"github.com/slipway/slipway/internal/standin/lambda/lambdatest"
)

func store(t testing.TB, limits code.Limits) *code.Store {
	t.Helper()
	s, err := code.Open(t.TempDir(), limits)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestUnpacked: what is in an archive is there, for everybody to read and nobody to change.
func TestUnpacked(t *testing.T) {
	s := store(t, code.DefaultLimits)
	hash, err := s.Put(lambdatest.Zip(t,
		lambdatest.File{Name: "bootstrap", Mode: 0o777, Content: []byte("run")},
		lambdatest.File{Name: "data/", Mode: 0o700 | fs.ModeDir},
		lambdatest.File{Name: "data/a.txt", Mode: 0o600, Content: []byte("a")},
		lambdatest.File{Name: "link", Mode: 0o777 | fs.ModeSymlink, Content: []byte("data/a.txt")},
		lambdatest.File{Name: `windows\b.txt`, Mode: 0o644, Content: []byte("b")},
	))
	if err != nil {
		t.Fatal(err)
	}
	dir, err := s.Unpacked(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct {
		content string
		mode    fs.FileMode
	}{"bootstrap": {"run", 0o555}, "data/a.txt": {"a", 0o444}, "link": {"a", 0o444}, "windows/b.txt": {"b", 0o444}} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		info, _ := os.Stat(filepath.Join(dir, name))
		if err != nil || string(content) != want.content || info.Mode() != want.mode {
			t.Errorf("%s: %q, %v, %v", name, content, info, err)
		}
	}
	if err := s.Keep(map[string]bool{hash: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Archive(hash)); err != nil {
		t.Error(err)
	}
	if err := s.Keep(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what is in no use stays: %v", err)
	}
}

// TestBadArchives are refused before anything is unpacked.
func TestBadArchives(t *testing.T) {
	limits := code.Limits{Unpacked: 1 << 20, Entries: 100}
	many := make([]lambdatest.File, 101)
	for i := range many {
		many[i] = lambdatest.File{Name: strings.Repeat("x", i+1), Mode: 0o644}
	}
	good := lambdatest.Zip(t, lambdatest.File{Name: "a", Mode: 0o644, Content: bytes.Repeat([]byte("abc"), 1000)})
	damaged := bytes.Clone(good)
	damaged[40] ^= 0xff
	for name, c := range map[string]struct {
		archive []byte
		want    error
	}{
		"text":     {[]byte("hello"), code.ErrFormat},
		"nothing":  {nil, code.ErrFormat},
		"cut":      {good[:len(good)-10], code.ErrFormat},
		"damaged":  {damaged, code.ErrFormat},
		"bomb":     {lambdatest.Zip(t, lambdatest.File{Name: "a", Mode: 0o644, Content: make([]byte, 2<<20)}), code.ErrLarge},
		"liar":     {lied(t, make([]byte, 2<<20)), code.ErrFormat},
		"many":     {lambdatest.Zip(t, many...), code.ErrLarge},
		"up":       {lambdatest.Zip(t, lambdatest.File{Name: "../a", Mode: 0o644}), code.ErrFormat},
		"absolute": {lambdatest.Zip(t, lambdatest.File{Name: "/a", Mode: 0o644}), code.ErrFormat},
		"windows":  {lambdatest.Zip(t, lambdatest.File{Name: `..\a`, Mode: 0o644}), code.ErrFormat},
		"device":   {lambdatest.Zip(t, lambdatest.File{Name: "a", Mode: 0o644 | fs.ModeDevice}), code.ErrFormat},
	} {
		if _, err := store(t, limits).Put(c.archive); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// lied makes an archive whose directory says that the member has one byte.
func lied(t *testing.T, content []byte) []byte {
	t.Helper()
	archive := lambdatest.Zip(t, lambdatest.File{Name: "a", Mode: 0o644, Content: content})
	at := bytes.Index(archive, []byte("PK\x01\x02"))
	copy(archive[at+24:], []byte{1, 0, 0, 0})
	return archive
}

// TestLinksDoNotLeadOut: a link to elsewhere is harmless, and nothing is written through it.
func TestLinksDoNotLeadOut(t *testing.T) {
	outside := t.TempDir()
	s := store(t, code.DefaultLimits)
	hash, err := s.Put(lambdatest.Zip(t,
		lambdatest.File{Name: "out", Mode: 0o777 | fs.ModeSymlink, Content: []byte(outside)},
		lambdatest.File{Name: "out/a", Mode: 0o644, Content: []byte("x")},
	))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Unpacked(t.Context(), hash); err == nil {
		t.Error("an archive that writes through a link was unpacked")
	}
	if entries, _ := os.ReadDir(outside); len(entries) > 0 {
		t.Error("something was written outside")
	}
}

// FuzzArchive: whatever the bytes, the limits hold and nothing lies outside.
func FuzzArchive(f *testing.F) {
	f.Add(lambdatest.Zip(f, lambdatest.File{Name: "bootstrap", Mode: 0o755, Content: []byte("run")}, lambdatest.File{Name: "d/x", Mode: 0o644}))
	f.Add(lambdatest.Zip(f, lambdatest.File{Name: "l", Mode: 0o777 | fs.ModeSymlink, Content: []byte("..")}, lambdatest.File{Name: "l/x", Mode: 0o644}))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, archive []byte) {
		limits := code.Limits{Unpacked: 1 << 16, Entries: 16}
		root := t.TempDir()
		s, err := code.Open(filepath.Join(root, "store"), limits)
		if err != nil {
			t.Fatal(err)
		}
		hash, err := s.Put(archive)
		if err != nil {
			if !errors.Is(err, code.ErrFormat) && !errors.Is(err, code.ErrLarge) {
				t.Errorf("%v is neither ErrFormat nor ErrLarge", err)
			}
			return
		}
		dir, err := s.Unpacked(t.Context(), hash)
		if err != nil {
			return // a file where another one wants a directory
		}
		var size int64
		err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() {
				info, _ := entry.Info()
				size += info.Size()
			}
			return err
		})
		if entries, _ := os.ReadDir(root); err != nil || size > limits.Unpacked || len(entries) != 1 {
			t.Errorf("%d bytes, %d entries beside the store, %v", size, len(entries), err)
		}
	})
}
