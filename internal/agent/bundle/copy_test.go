package bundle_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/agent/bundle"
)

// A secret in the bundle's folder is no less secret in the copy.
func TestCopyKeepsModesAndTimes(t *testing.T) {
	from, dir := t.TempDir(), filepath.Join(t.TempDir(), "deployment-archive")
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	modes := map[string]os.FileMode{"secret": 0o600, "private/run.sh": 0o755, "large": 0o640}
	for name, mode := range modes {
		path := filepath.Join(from, name)
		content := strings.Repeat("x", 300<<10)
		if name != "large" {
			content = name
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if os.WriteFile(path, []byte(content), mode) != nil || os.Chmod(path, mode) != nil || os.Chtimes(path, old, old) != nil {
			t.Fatal("prepare")
		}
	}
	if runtime.GOOS != "windows" && os.Symlink("/nowhere", filepath.Join(from, "link")) != nil {
		t.Fatal("prepare")
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(from, link); err != nil {
		link = from // a right of its own on Windows
	}
	for _, from := range []string{from, link} { // the second time over the first copy
		if err := bundle.Copy(t.Context(), from, dir); err != nil {
			t.Fatal(err)
		}
	}
	for name, mode := range modes {
		want, _ := os.ReadFile(filepath.Join(from, name))
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(want), err)
		}
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || !info.ModTime().Equal(old) || runtime.GOOS != "windows" && info.Mode() != mode {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
	if runtime.GOOS == "windows" {
		return
	}
	if info, err := os.Stat(filepath.Join(dir, "private")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v %v", info, err)
	}
	if target, err := os.Readlink(filepath.Join(dir, "link")); target != "/nowhere" {
		t.Errorf("the link leads to %q: %v", target, err)
	}
}
