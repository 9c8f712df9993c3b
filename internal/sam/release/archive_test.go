package release

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The same files make the same archive, whenever they were made.
func TestArchiveIsTheSameAgain(t *testing.T) {
	var made [2][]byte
	for i := range made {
		folder := t.TempDir()
		for name, mode := range map[string]os.FileMode{"bootstrap": 0o700, "data/words": 0o600} {
			path := filepath.Join(folder, name)
			must(t, os.MkdirAll(filepath.Dir(path), 0o755))
			must(t, os.WriteFile(path, []byte(name), mode))
			must(t, os.Chtimes(path, time.Time{}, time.Unix(int64(1e9+i), 0)))
		}
		var err error
		made[i], err = archive(folder)
		must(t, err)
	}
	if !bytes.Equal(made[0], made[1]) {
		t.Error("they differ")
	}
	r, err := zip.NewReader(bytes.NewReader(made[0]), int64(len(made[0])))
	must(t, err)
	if len(r.File) != 2 || r.File[0].Name != "bootstrap" || r.File[0].Mode() != 0o744 || r.File[1].Name != "data/words" || r.File[1].Mode() != 0o644 {
		t.Errorf("it has %v %v, %v %v", r.File[0].Name, r.File[0].Mode(), r.File[1].Name, r.File[1].Mode())
	}
}

func TestArchivesThatAreNone(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.txt")
	must(t, os.WriteFile(text, []byte("hello"), 0o644))
	for path, want := range map[string]string{
		filepath.Join(folder, "nothing"): "no such file", t.TempDir(): "is empty: build the function first", text: "neither a folder nor a zip file",
	} {
		if _, err := archive(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
	for _, c := range [][2]string{{"index", "python3.11"}, {"../index.handler", "python3.11"}, {"index.handler", "provided.al2023"}} {
		if _, err := inlineArchive(c[0], c[1], "x"); err == nil {
			t.Errorf("a handler %s of %s was taken", c[0], c[1])
		}
	}
}

func TestInlineArchive(t *testing.T) {
	made, err := inlineArchive("index.handler", "nodejs20.x", "exports.handler = 1")
	must(t, err)
	r, err := zip.NewReader(bytes.NewReader(made), int64(len(made)))
	must(t, err)
	if len(r.File) != 1 || r.File[0].Name != "index.js" {
		t.Errorf("it has %v", r.File)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
