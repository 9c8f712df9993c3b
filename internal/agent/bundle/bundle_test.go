package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/agent/bundle"
)

var stamp = time.Date(2020, 2, 3, 4, 5, 6, 0, time.UTC)

// An entry describes a member in the same way for tar and zip.
type entry struct {
	name, content string
	mode          fs.FileMode
	link          string // target of a symbolic link
	kind          byte   // a tar type, when it is not a file, a folder or a symbolic link
}

func tarOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: int64(e.mode.Perm()), Size: int64(len(e.content)), ModTime: stamp, Typeflag: tar.TypeReg, Uid: os.Getuid(), Gid: os.Getgid()}
		switch {
		case e.kind != 0:
			h.Typeflag, h.Linkname, h.Size = e.kind, e.link, 0
		case e.link != "":
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, e.link, 0
		case e.mode.IsDir():
			h.Typeflag = tar.TypeDir
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write([]byte(e.content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipOf(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Modified: stamp, Method: zip.Deflate}
		content := e.content
		switch {
		case e.link != "":
			h.SetMode(fs.ModeSymlink | 0o777)
			content = e.link
		default:
			h.SetMode(e.mode)
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if !e.mode.IsDir() {
			if _, err := f.Write([]byte(content)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpack writes data to a file and unpacks it; it returns the target folder.
func unpack(t testing.TB, kind string, data []byte) (string, error) {
	t.Helper()
	tmp := t.TempDir()
	archive := filepath.Join(tmp, "bundle.tar")
	if err := os.WriteFile(archive, data, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(tmp, "deployment-archive")
	t.Cleanup(func() {
		if err := bundle.Remove(dir); err != nil {
			t.Error(err)
		}
	})
	return dir, bundle.Unpack(t.Context(), archive, kind, dir)
}

func revision() []entry {
	return []entry{
		{name: "./", mode: fs.ModeDir | 0o755},
		{name: "./appspec.yml", content: "version: 0.0\n", mode: 0o644},
		{name: "scripts/", mode: fs.ModeDir | 0o555},
		{name: "scripts/start.sh", content: "#!/bin/sh\n", mode: 0o750},
		{name: "deep/er/file", content: strings.Repeat("x", 1<<20), mode: 0o600},
		{name: "current", link: "deep/er"},
		{name: "deep/back", link: "../scripts/start.sh"},
		{name: "dangling", link: "nowhere"},
	}
}

func TestUnpack(t *testing.T) {
	entries := revision()
	plain := tarOf(t, entries...)
	for name, tt := range map[string]struct {
		kind string
		data []byte
	}{
		"tar":                 {bundle.Tar, plain},
		"tgz":                 {bundle.Tgz, gzipped(t, plain)},
		"zip":                 {bundle.Zip, zipOf(t, entries[1:]...)},
		"tar, really gzipped": {bundle.Tar, gzipped(t, plain)},
		"unknown":             {"", gzipped(t, plain)},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := unpack(t, tt.kind, tt.data)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries[1:] {
				checkEntry(t, dir, e)
			}
			names, _ := os.ReadDir(dir)
			if len(names) != 5 {
				t.Errorf("the top folder holds %v", names)
			}
		})
	}
}

func checkEntry(t *testing.T, dir string, e entry) {
	t.Helper()
	path := filepath.Join(dir, e.name)
	if e.link != "" {
		if got, err := os.Readlink(path); got != e.link {
			t.Errorf("%s links to %q (%v), want %q", e.name, got, err, e.link)
		}
		return
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Error(err)
		return
	}
	if info.Mode() != e.mode {
		t.Errorf("%s has mode %v, want %v", e.name, info.Mode(), e.mode)
	}
	if !info.ModTime().Equal(stamp) {
		t.Errorf("%s has time %v, want %v", e.name, info.ModTime(), stamp)
	}
	if !e.mode.IsDir() {
		if got, _ := os.ReadFile(path); string(got) != e.content {
			t.Errorf("%s has %d bytes that are not the archive's %d", e.name, len(got), len(e.content))
		}
	}
}

func TestSingleFolder(t *testing.T) {
	spec := entry{name: "app-1.2/appspec.yml", content: "version: 0.0\n", mode: 0o644}
	other := entry{name: "app-1.2/readme", content: "x", mode: 0o644}
	inner := entry{name: "app-1.2/link", link: "readme"}
	for name, tt := range map[string]struct {
		entries []entry
		want    string
	}{
		"with an appspec it is lifted":   {[]entry{spec, other, inner}, "appspec.yml"},
		"without one it stays":           {[]entry{other}, "app-1.2/readme"},
		"beside another entry it stays":  {[]entry{spec, {name: "x", mode: 0o644}}, "app-1.2/appspec.yml"},
		"any name with appspec in it":    {[]entry{{name: "d/My-AppSpec.json", content: "{}", mode: 0o644}}, "My-AppSpec.json"},
		"the name may be that of a file": {[]entry{{name: "d/d/appspec.yml", mode: 0o644}, {name: "d/appspec.yml", mode: 0o644}}, "d/appspec.yml"},
	} {
		for kind, data := range map[string][]byte{bundle.Tar: tarOf(t, tt.entries...), bundle.Zip: zipOf(t, tt.entries...)} {
			dir, err := unpack(t, kind, data)
			if err != nil {
				t.Errorf("%s (%s): %v", name, kind, err)
				continue
			}
			if _, err := os.Stat(filepath.Join(dir, tt.want)); err != nil {
				t.Errorf("%s (%s): %v", name, kind, err)
			}
			if _, err := os.Stat(dir + "-temp"); err == nil {
				t.Errorf("%s (%s): the temporary folder is still there", name, kind)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	file := entry{name: "a/b/file", content: "x", mode: 0o644}
	for name, tt := range map[string]struct {
		entries []entry
		member  string
		want    string
	}{
		"dot dot":                 {[]entry{{name: "../up", content: "x", mode: 0o644}}, "../up", "leads out of the revision"},
		"dot dot in the middle":   {[]entry{{name: "a/../../up", content: "x", mode: 0o644}}, "a/../../up", "leads out of the revision"},
		"folder":                  {[]entry{{name: "../d/", mode: fs.ModeDir | 0o755}}, "../d/", "leads out of the revision"},
		"absolute":                {[]entry{{name: "/etc/evil", content: "x", mode: 0o644}}, "/etc/evil", "has an absolute name"},
		"link name":               {[]entry{{name: "../l", link: "x"}}, "../l", "leads out of the revision"},
		"absolute link":           {[]entry{file, {name: "l", link: "/etc"}}, "l", `symbolic link to the absolute path "/etc"`},
		"link out":                {[]entry{file, {name: "a/l", link: "../../x"}}, "a/l", "symbolic link out of the revision"},
		"through a link":          {[]entry{{name: "l", link: "/tmp"}, {name: "l/evil", content: "x", mode: 0o644}}, "l", "both a link and a folder"},
		"chain of harmless links": {[]entry{file, {name: "a/b/top", link: "../.."}, {name: "a/b/l", link: "top/../../etc"}}, "a/b/l", "symbolic link out of the revision"},
		"link behind a link":      {[]entry{file, {name: "a/b/top", link: "../.."}, {name: "a/b/top/l", link: "../../etc"}}, "a/b/top/l", "symbolic link out of the revision"},
		"circle":                  {[]entry{{name: "p", link: "q"}, {name: "q", link: "p"}}, "p", "symbolic link in a circle"},
		"out after lifting":       {[]entry{{name: "d/appspec.yml", mode: 0o644}, {name: "d/l", link: "../x"}}, "l", "symbolic link out of the revision"},
		"file and folder":         {[]entry{{name: "a/b", content: "x", mode: 0o644}, {name: "a", content: "x", mode: 0o644}}, "a", "both a file and a folder"},
	} {
		for kind, data := range map[string][]byte{bundle.Tar: tarOf(t, tt.entries...), bundle.Tgz: gzipped(t, tarOf(t, tt.entries...)), bundle.Zip: zipOf(t, tt.entries...)} {
			dir, err := unpack(t, kind, data)
			checkRefused(t, name+" as "+kind, err, tt.member, tt.want)
			if _, err := os.Lstat(dir); err == nil {
				t.Errorf("%s as %s: the folder is still there", name, kind)
			}
			if left, _ := os.ReadDir(filepath.Dir(dir)); len(left) != 1 {
				t.Errorf("%s as %s: something was written beside the folder: %v", name, kind, left)
			}
		}
	}
}

func TestRefusedTypes(t *testing.T) {
	for name, e := range map[string]entry{
		"hard link":    {name: "h", kind: tar.TypeLink, link: "/etc/shadow"},
		"device":       {name: "h", kind: tar.TypeChar},
		"block device": {name: "h", kind: tar.TypeBlock},
		"named pipe":   {name: "h", kind: tar.TypeFifo},
	} {
		_, err := unpack(t, bundle.Tar, tarOf(t, e))
		want := "is a device or a named pipe"
		if e.kind == tar.TypeLink {
			want = `is a hard link out of the revision (to "/etc/shadow"). Build the archive with tar --hard-dereference`
		}
		checkRefused(t, name, err, "h", want)
	}
}

func checkRefused(t *testing.T, name string, err error, member, want string) {
	t.Helper()
	var refused *bundle.RefusedError
	if !errors.As(err, &refused) {
		t.Errorf("%s: got %v, want a RefusedError", name, err)
		return
	}
	if refused.Member != member || !strings.Contains(err.Error(), want) || refused.Remedy == "" {
		t.Errorf("%s: got %q about %q, want %q about %q", name, err, refused.Member, want, member)
	}
}

// Every place where an archive can be cut gives an error, and what is left is nothing.
func TestTruncated(t *testing.T) {
	entries := []entry{
		{name: "appspec.yml", content: "version: 0.0\n", mode: 0o644},
		{name: "b", content: strings.Repeat("random-ish ", 300), mode: 0o644},
		{name: "c", content: "end", mode: 0o644},
	}
	plain := tarOf(t, entries...)
	for kind, data := range map[string][]byte{bundle.Tar: plain[:len(plain)-512], bundle.Tgz: gzipped(t, plain), bundle.Zip: zipOf(t, entries...)} {
		for cut := 0; cut < len(data)-1; cut += 1 + len(data)/40 {
			dir, err := unpack(t, kind, data[:cut])
			if err == nil {
				t.Errorf("%s cut at %d of %d was unpacked", kind, cut, len(data))
				continue
			}
			if !strings.Contains(err.Error(), "truncated") && !strings.Contains(err.Error(), "damaged") {
				t.Errorf("%s cut at %d: %v", kind, cut, err)
			}
			if _, err := os.Stat(dir); err == nil {
				t.Errorf("%s cut at %d left its folder behind", kind, cut)
			}
		}
	}
	if _, err := unpack(t, bundle.Tgz, gzipped(t, plain)[:100]); err == nil || !strings.Contains(err.Error(), "is truncated: it ends in the middle (as tgz). Build and upload the revision again") {
		t.Errorf("the text for a cut tgz is %v", err)
	}
	if _, err := unpack(t, bundle.Zip, zipOf(t, entries...)[:200]); err == nil || !strings.Contains(err.Error(), "is truncated") {
		t.Errorf("the text for a cut zip is %v", err)
	}
}

func TestDamaged(t *testing.T) {
	data := gzipped(t, tarOf(t, entry{name: "a", content: strings.Repeat("abcdefg", 1000), mode: 0o644}))
	data[len(data)-6] ^= 0xff // the checksum
	if _, err := unpack(t, bundle.Tgz, data); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a wrong checksum gives %v", err)
	}
	if _, err := unpack(t, bundle.Zip, data); err == nil || !strings.Contains(err.Error(), "is not a zip archive (it looks like tgz)") {
		t.Errorf("a tgz called zip gives %v", err)
	}
	if _, err := unpack(t, bundle.Tar, zipOf(t, entry{name: "a", content: strings.Repeat("abcdefg", 1000), mode: 0o644})); err == nil || !strings.Contains(err.Error(), "looks like zip") {
		t.Errorf("a zip called tar gives %v", err)
	}
}

func TestUnpackReplaces(t *testing.T) {
	tmp := t.TempDir()
	archive, dir := filepath.Join(tmp, "b"), filepath.Join(tmp, "d")
	if err := os.WriteFile(archive, tarOf(t, entry{name: "new", mode: 0o644}), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "old"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := bundle.Unpack(t.Context(), archive, bundle.Tar, dir); err != nil {
		t.Fatal(err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 || names[0].Name() != "new" {
		t.Errorf("the folder holds %v", names)
	}
}

func TestLastOccurrenceWins(t *testing.T) {
	dir, err := unpack(t, bundle.Tar, tarOf(t, entry{name: "a", content: "first", mode: 0o644}, entry{name: "a", content: "2", mode: 0o600}))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, "a")); string(got) != "2" {
		t.Errorf("got %q", got)
	}
}

func FuzzUnpack(f *testing.F) {
	// A large member would make every input slow, and more so when it is minimized.
	small := slices.DeleteFunc(revision(), func(e entry) bool { return len(e.content) > 1<<10 })
	f.Add(bundle.Tar, tarOf(f, small...))
	f.Add(bundle.Tgz, gzipped(f, tarOf(f, entry{name: "a/b", content: "x", mode: 0o644}, entry{name: "l", link: "../x"})))
	f.Add(bundle.Zip, zipOf(f, small[1:]...))
	f.Fuzz(func(t *testing.T, kind string, data []byte) {
		tmp := t.TempDir()
		sentinel := filepath.Join(tmp, "outside")
		archive := filepath.Join(tmp, "bundle.tar")
		if os.WriteFile(archive, data, 0o600) != nil || os.WriteFile(sentinel, []byte("untouched"), 0o600) != nil {
			t.Fatal("prepare")
		}
		dir := filepath.Join(tmp, "deployment-archive")
		t.Cleanup(func() { _ = bundle.Remove(dir) })
		if err := bundle.Unpack(t.Context(), archive, kind, dir); err != nil {
			if _, err := os.Lstat(dir); err == nil {
				t.Error("an error left the folder behind")
			}
		}
		if got, _ := os.ReadFile(sentinel); string(got) != "untouched" {
			t.Error("a file outside was changed")
		}
		if names, _ := os.ReadDir(tmp); len(names) > 3 {
			t.Errorf("something was made outside: %v", names)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			return
		}
		defer root.Close()
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Type()&fs.ModeSymlink != 0 {
				rel, _ := filepath.Rel(dir, path)
				if _, err := root.Stat(rel); err != nil && strings.Contains(err.Error(), "escapes") {
					t.Errorf("the link %s leads outside", rel)
				}
			}
			return nil
		})
	})
}
