package survey

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/deploy"
)

// pack makes a bundle of that kind of the files, by name.
func pack(t *testing.T, kind string, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if kind == "zip" {
		z := zip.NewWriter(&b)
		for name, text := range files {
			w, err := z.Create(name)
			must(t, err)
			_, err = io.WriteString(w, text)
			must(t, err)
		}
		must(t, z.Close())
		return b.Bytes()
	}
	var w io.Writer = &b
	if kind == "tgz" {
		g := gzip.NewWriter(&b)
		defer g.Close()
		w = g
	}
	a := tar.NewWriter(w)
	for name, text := range files {
		must(t, a.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}))
		_, err := io.WriteString(a, text)
		must(t, err)
	}
	must(t, a.Close())
	if g, ok := w.(*gzip.Writer); ok {
		must(t, g.Close())
	}
	return b.Bytes()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const good = "version: 0.0\nos: linux\nfiles:\n  - source: app/bin\n    destination: /opt/app\n  - source: /\n    destination: /opt/all\n" +
	"hooks:\n  ApplicationStart:\n    - location: ./scripts/start.sh\n"

func TestCheckBundle(t *testing.T) {
	whole := map[string]string{"appspec.yml": good, "app/bin/web": "x", "scripts/start.sh": "x"}
	for name, c := range map[string]struct {
		kind string
		body []byte
		err  error
		want []string // a part of each warning
	}{
		"zip":            {kind: "zip", body: pack(t, "zip", whole)},
		"tar":            {kind: "tar", body: pack(t, "tar", whole)},
		"tgz":            {kind: "tgz", body: pack(t, "tgz", whole)},
		"from a root":    {kind: "tar", body: pack(t, "tar", map[string]string{"./appspec.yml": good, "./app/bin/web": "x", "./scripts/start.sh": "x"})},
		"yaml":           {kind: "zip", body: pack(t, "zip", map[string]string{"appspec.yaml": good, "app/bin/web": "x", "scripts/start.sh": "x"})},
		"byte order":     {kind: "zip", body: pack(t, "zip", map[string]string{"appspec.yml": "\ufeffversion: 0.0\nos: linux\n"})},
		"no appspec":     {kind: "zip", body: pack(t, "zip", map[string]string{"shop/appspec.yml": good}), want: []string{"no appspec.yml in its root"}},
		"missing files":  {kind: "tgz", body: pack(t, "tgz", map[string]string{"appspec.yml": good}), want: []string{"the source app/bin", "the script ./scripts/start.sh"}},
		"bad appspec":    {kind: "tar", body: pack(t, "tar", map[string]string{"appspec.yml": "version: 1"}), want: []string{"DownloadBundle fails on every host: "}},
		"no zip":         {kind: "zip", body: []byte("hello"), want: []string{"could not be looked at: it is no zip archive"}},
		"no tgz":         {kind: "tgz", body: []byte("hello"), want: []string{"not compressed with gzip"}},
		"cut off":        {kind: "tgz", body: pack(t, "tgz", whole)[:60], want: []string{"could not be looked at"}},
		"cannot be read": {kind: "zip", err: errors.New("out of reach"), want: []string{"could not be looked at: out of reach"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Survey{Fetch: func(context.Context, deploy.S3Location) (io.ReadCloser, error) {
				return io.NopCloser(bytes.NewReader(c.body)), c.err
			}}
			got, err := s.CheckBundle(t.Context(), deploy.Deployment{Platform: deploy.Server, Revision: deploy.Revision{
				Type: deploy.S3, S3: &deploy.S3Location{Bucket: "b", Key: "k", BundleType: c.kind}}}, nil)
			must(t, err)
			if len(got) != len(c.want) {
				t.Fatalf("warnings %v, want %v", got, c.want)
			}
			for i, want := range c.want {
				if !strings.Contains(got[i].Text, want) {
					t.Errorf("warning %q, want %q", got[i].Text, want)
				}
			}
		})
	}
}

// FuzzContents: whatever an archive holds, it is looked at or refused, never a panic.
func FuzzContents(f *testing.F) {
	f.Add([]byte("PK\x03\x04"), byte(0))
	f.Add([]byte("\x1f\x8b\x08"), byte(1))
	f.Add(bytes.Repeat([]byte("a"), 1024), byte(2))
	f.Fuzz(func(_ *testing.T, body []byte, kind byte) {
		b := &contents{paths: map[string]bool{}}
		if kind%3 == 0 {
			_ = b.readZip(bytes.NewReader(body), int64(len(body)))
		} else {
			_ = b.readTar(bytes.NewReader(body), kind%3 == 1)
		}
		b.faults()
	})
}
