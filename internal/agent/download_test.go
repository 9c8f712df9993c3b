package agent

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/hostwire"
)

func (y *toy) downloader() *downloader {
	y.t.Helper()
	c := y.config()
	a, err := New(c, testHost(), slog.New(slog.DiscardHandler))
	if err != nil {
		y.t.Fatal(err)
	}
	a.downloads.retry = func(int) time.Duration { return time.Millisecond }
	return a.downloads
}

func (y *toy) object(key string, size int) []byte {
	content := make([]byte, size)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	y.objects["/b/"+key] = content
	return content
}

// cut answers with the object but breaks the connection after n bytes of the body.
func (y *toy) cut(n int) fault {
	return func(w http.ResponseWriter, r *http.Request) {
		y.get(&cutWriter{w, n}, r)
	}
}

type cutWriter struct {
	http.ResponseWriter
	left int
}

func (c *cutWriter) Write(p []byte) (int, error) {
	if len(p) < c.left {
		c.left -= len(p)
		return c.ResponseWriter.Write(p)
	}
	_, _ = c.ResponseWriter.Write(p[:c.left])
	c.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func TestDownloadIsResumed(t *testing.T) {
	y := newToy(t)
	content := y.object("k", 1<<20)
	y.faults["GET"] = []fault{status(503, "SlowDown"), y.cut(400_000), y.cut(300_000), status(500, "InternalError")}
	path := filepath.Join(t.TempDir(), "bundle.tar")
	etag, err := y.downloader().fromS3(t.Context(), &hostwire.S3Revision{Bucket: "b", Key: "k", Version: "v 1"}, path)
	if err != nil || etag != "etag-1" {
		t.Fatal(etag, err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, content) {
		t.Errorf("got %d bytes that are not the %d sent", len(got), len(content))
	}
	var ranges []string
	for _, r := range y.gets {
		if r.URL.Query().Get("versionId") != "v 1" {
			t.Errorf("the version was not asked for: %s", r.URL)
		}
		ranges = append(ranges, r.Header.Get("Range")+" "+r.Header.Get("If-Match"))
	}
	if want := []string{" ", `bytes=400000- "etag-1"`, `bytes=700000- "etag-1"`}; !slices.Equal(ranges, want) {
		t.Errorf("asked for %q, want %q", ranges, want)
	}
}

// An object that changes in the middle is fetched anew, not glued together.
func TestDownloadOfChangedObject(t *testing.T) {
	y := newToy(t)
	y.object("k", 100_000)
	var second []byte
	y.faults["GET"] = []fault{y.cut(50_000), func(w http.ResponseWriter, _ *http.Request) {
		second = y.object("k", 77_000)
		w.WriteHeader(http.StatusPreconditionFailed)
	}}
	path := filepath.Join(t.TempDir(), "bundle.tar")
	if _, err := y.downloader().fromS3(t.Context(), &hostwire.S3Revision{Bucket: "b", Key: "k"}, path); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, second) {
		t.Errorf("got %d bytes, want the new %d", len(got), len(second))
	}
}

func TestDownloadErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		faults []fault
		key    string
		etag   string
		want   string
		tries  int
	}{
		"missing":       {nil, "none", "", "download s3://b/none from http://127.0.0.1:", 1},
		"surfaced":      {nil, "none", "", "The specified key does not exist & never did. (NoSuchKey, HTTP 404)", 1},
		"forbidden":     {[]fault{status(403, "x")}, "k", "", "as scripted (HTTP 403)", 0},
		"other etag":    {nil, "k", `"etag-2"`, "Expected deployment artifact bundle etag etag-2 but was actually etag-1", 1},
		"always broken": {slices.Repeat([]fault{status(500, "x")}, 20), "k", "", "as scripted (HTTP 500) (after 8 attempts)", 0},
	} {
		t.Run(name, func(t *testing.T) {
			y := newToy(t)
			y.object("k", 10)
			y.faults["GET"] = tt.faults
			_, err := y.downloader().fromS3(t.Context(), &hostwire.S3Revision{Bucket: "b", Key: tt.key, ETag: tt.etag}, filepath.Join(t.TempDir(), "f"))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if len(y.gets) != tt.tries {
				t.Errorf("it was asked for %d times", len(y.gets))
			}
		})
	}
}

func TestDownloadEndsWithContext(t *testing.T) {
	y := newToy(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	y.faults["GET"] = []fault{func(w http.ResponseWriter, r *http.Request) {
		cancel(ErrKilled)
		<-r.Context().Done()
	}}
	_, err := y.downloader().fromS3(ctx, &hostwire.S3Revision{Bucket: "b", Key: "k"}, filepath.Join(t.TempDir(), "f"))
	if err == nil || !strings.Contains(err.Error(), ErrKilled.Error()) {
		t.Errorf("got %v", err)
	}
}

// A link that an earlier local revision left is replaced, not written through.
func TestDownloadDoesNotFollowLinks(t *testing.T) {
	y := newToy(t)
	y.object("k", 10)
	dir := t.TempDir()
	target, path := filepath.Join(dir, "precious"), filepath.Join(dir, "bundle.tar")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Fatal(err)
	}
	if _, err := y.downloader().fromS3(t.Context(), &hostwire.S3Revision{Bucket: "b", Key: "k"}, path); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(target); string(got) != "precious" {
		t.Errorf("got %q", got)
	}
}

func TestS3Addresses(t *testing.T) {
	for key, want := range map[string]string{
		"a/b.tgz":      "/b/a/b.tgz",
		"a b+c.tgz":    "/b/a%20b%2Bc.tgz",
		"ü/%41?x#y&z=": "/b/%C3%BC/%2541%3Fx%23y%26z%3D",
		"a//b/../c":    "/b/a//b/../c",
	} {
		r, err := newS3Request(t.Context(), "https://s3.example/", &hostwire.S3Revision{Bucket: "b", Key: key})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimPrefix(r.URL.EscapedPath(), "/"); "/"+strings.TrimPrefix(got, "/") != want {
			t.Errorf("%q is asked for as %s, want %s", key, r.URL.EscapedPath(), want)
		}
	}
}

func TestGitHub(t *testing.T) {
	y := newToy(t)
	a := y.start(y.config())
	y.mu.Lock()
	y.objects["/archive"] = tgz(t, map[string]string{"owner-repo-abc/appspec.yml": "version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: c.sh}]}\n", "owner-repo-abc/c.sh": "#!/bin/sh\necho commit $BUNDLE_COMMIT\nexit 1\n"})
	var asked []string
	y.faults["GET"] = []fault{status(502, "x"), func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.Header.Get("Authorization"))
		http.Redirect(w, r, "/archive", http.StatusFound)
	}}
	y.mu.Unlock()
	y.deployment("d-HUB", "tgz", nil, func(s *hostwire.Specification) {
		s.GitHubAccessToken = "gh-token"
		s.Revision = &hostwire.Revision{RevisionType: "GitHub", GitHubRevision: &hostwire.GitHubRevision{Account: "owner", Repository: "repo", CommitId: "abc"}}
	})
	y.succeeds("d-HUB", "DownloadBundle")
	if want := []string{"/repos/owner/repo/tarball/abc token gh-token"}; !slices.Equal(asked, want) {
		t.Errorf("asked for %q", asked)
	}
	if d := y.fails("d-HUB", "AfterInstall", hostwire.CodeScriptFailed, "exit code 1"); !strings.Contains(d.Log, "commit abc\n") {
		t.Errorf("the log is %q", d.Log)
	}
	for answer, want := range map[int]string{
		http.StatusNotFound:  "GitHub's own words (HTTP 404). The repository or the commit does not exist, or it is private",
		http.StatusForbidden: "GitHub's own words (HTTP 403)",
	} {
		y.mu.Lock()
		y.faults["GET"] = []fault{func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(answer)
			fmt.Fprint(w, `{"message": "GitHub's own words", "documentation_url": "u"}`)
		}}
		y.mu.Unlock()
		_, err := a.downloads.fromGitHub(t.Context(), &hostwire.GitHubRevision{Account: "o", Repository: "r", CommitId: "c"}, "gh-token", filepath.Join(t.TempDir(), "f"))
		want = fmt.Sprintf("Could not download bundle at '%s/repos/o/r/tarball/c': ", y.server.URL) + want
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "gh-token") {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestLocalRevisions(t *testing.T) {
	y := newToy(t)
	y.start(y.config())
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "appspec.yml"), []byte("version: 0.0\nos: linux\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "x.tgz")
	if err := os.WriteFile(archive, traceBundle(t, "1"), 0o600); err != nil {
		t.Fatal(err)
	}
	for id, r := range map[string]hostwire.Revision{
		"d-DIR":  {RevisionType: "Local Directory", LocalRevision: &hostwire.LocalRevision{Location: dir, BundleType: "directory"}},
		"d-FILE": {RevisionType: "Local File", LocalRevision: &hostwire.LocalRevision{Location: archive, BundleType: "tgz"}},
	} {
		y.deployment(id, "tgz", nil, func(s *hostwire.Specification) { s.Revision = &r })
		y.succeeds(id, "DownloadBundle", "Install")
	}
}
