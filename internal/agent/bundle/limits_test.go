package bundle_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/agent/bundle"
)

// A bomb says how large it becomes; nothing of it is written.
func TestBombIsRefused(t *testing.T) {
	var plain bytes.Buffer
	w := tar.NewWriter(&plain)
	if err := w.WriteHeader(&tar.Header{Name: "zeros", Mode: 0o644, Size: 3 << 30, Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	checkBomb(t, bundle.Tgz, gzipped(t, plain.Bytes()))

	var packed bytes.Buffer
	z := zip.NewWriter(&packed)
	if _, err := z.CreateRaw(&zip.FileHeader{Name: "zeros", Method: zip.Deflate, UncompressedSize64: 3 << 30, CompressedSize64: 0}); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	checkBomb(t, bundle.Zip, packed.Bytes())
}

func checkBomb(t *testing.T, kind string, data []byte) {
	t.Helper()
	dir, err := unpack(t, kind, data)
	var limit *bundle.LimitError
	if !errors.As(err, &limit) || !strings.Contains(err.Error(), "it unpacks to more than 1073741824 bytes, 200 times its own size") {
		t.Errorf("%s: got %v", kind, err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("%s: the folder is still there", kind)
	}
}

// A zip's member that is longer than its table of contents says is damaged, not written.
func TestMemberLongerThanItSays(t *testing.T) {
	data := zipOf(t, entry{name: "a", content: strings.Repeat("x", 5000), mode: 0o644})
	at := bytes.LastIndex(data, []byte("PK\x01\x02"))
	copy(data[at+24:], []byte{10, 0, 0, 0}) // the size in the table of contents
	if _, err := unpack(t, bundle.Zip, data); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v", err)
	}
}

// Hard links are second names of files that came before, wherever they are in the archive.
func TestHardLinks(t *testing.T) {
	dir, err := unpack(t, bundle.Tar, tarOf(t,
		entry{name: "d/a", content: "same", mode: 0o640},
		entry{name: "e/b", kind: tar.TypeLink, link: "d/a"},
		entry{name: "d/a", content: "newer", mode: 0o644},
		entry{name: "e/b", kind: tar.TypeLink, link: "./d/a"},
		entry{name: "d/a", kind: tar.TypeLink, link: "d/a"}))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "e/b")); string(got) != "newer" {
		t.Errorf("got %q, %v", got, err)
	}
	file := entry{name: "d/a", content: "x", mode: 0o644}
	for name, tt := range map[string]struct {
		entries []entry
		want    string
	}{
		"out":             {[]entry{file, {name: "h", kind: tar.TypeLink, link: "../x"}}, "hard link out of the revision"},
		"to nothing":      {[]entry{file, {name: "h", kind: tar.TypeLink, link: "d/b"}}, "which is no file that came before it"},
		"to a folder":     {[]entry{file, {name: "h", kind: tar.TypeLink, link: "d"}}, "which is no file that came before it"},
		"by a link":       {[]entry{file, {name: "l", link: "d/a"}, {name: "h", kind: tar.TypeLink, link: "l"}}, "which is no file that came before it"},
		"over a folder":   {[]entry{file, {name: "d", kind: tar.TypeLink, link: "d/a"}}, "is both a file and a folder"},
		"named outside":   {[]entry{file, {name: "../h", kind: tar.TypeLink, link: "d/a"}}, "leads out of the revision"},
		"without a name":  {[]entry{file, {name: ".", kind: tar.TypeLink, link: "d/a"}}, "which is no file that came before it"},
		"the root itself": {[]entry{file, {name: "h", kind: tar.TypeLink, link: "."}}, "which is no file that came before it"},
	} {
		_, err := unpack(t, bundle.Tar, tarOf(t, tt.entries...))
		var refused *bundle.RefusedError
		if !errors.As(err, &refused) || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Names are bytes: what is not UTF-8 comes out as it went in, and backslashes separate folders only
// in archives that were made on Windows.
func TestNamesOfOtherEncodings(t *testing.T) {
	const latin = "caf\xe9.txt"
	for kind, data := range map[string][]byte{
		bundle.Tar: tarOf(t, entry{name: latin, content: "x", mode: 0o644}, entry{name: "日本/語", content: "x", mode: 0o644}, entry{name: `a\b`, content: "x", mode: 0o644}),
		bundle.Zip: zipOf(t, entry{name: latin, content: "x", mode: 0o644}, entry{name: "日本/語", content: "x", mode: 0o644}, entry{name: `a\b`, content: "x", mode: 0o644}),
	} {
		dir, err := unpack(t, kind, data)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		for _, name := range []string{latin, "日本/語", `a\b`} {
			if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
}

// Many files, made by several writers, are all there, also when names come twice and folders change
// with every member.
func TestManyFiles(t *testing.T) {
	var entries []entry
	want := map[string]string{}
	for i := range 2000 {
		name := fmt.Sprintf("d%d/f%d", i%7, i%500)
		content := strings.Repeat(fmt.Sprint(i, " "), i%40*200)
		entries = append(entries, entry{name: name, content: content, mode: 0o644})
		want[name] = content
	}
	for kind, data := range map[string][]byte{bundle.Tgz: gzipped(t, tarOf(t, entries...)), bundle.Zip: zipOf(t, entries...)} {
		dir, err := unpack(t, kind, data)
		if err != nil {
			t.Fatal(err)
		}
		for name, content := range want {
			if got, err := os.ReadFile(filepath.Join(dir, name)); string(got) != content {
				t.Errorf("%s: %s has %d bytes (%v), want %d", kind, name, len(got), err, len(content))
			}
		}
	}
}

// The last of a name wins also when the first takes longer to write, whoever writes the two.
func TestLastOccurrenceWinsAmongWriters(t *testing.T) {
	var entries []entry
	large := strings.Repeat("x", 200_000)
	for i := range 200 {
		name := fmt.Sprintf("f%d", i)
		entries = append(entries, entry{name: name, content: large, mode: 0o644}, entry{name: name, content: "2", mode: 0o644})
	}
	dir, err := unpack(t, bundle.Tar, tarOf(t, entries...))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		if got, _ := os.ReadFile(filepath.Join(dir, fmt.Sprintf("f%d", i))); string(got) != "2" {
			t.Errorf("f%d has %d bytes", i, len(got))
		}
	}
}
