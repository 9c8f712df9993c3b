package agent

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/slipway/slipway/internal/hostwire"
)

const (
	// downloadTries is how often in a row a download may fail without a byte of progress.
	downloadTries = 8
	// stallLimit is how long a download may stand still before the connection is given up.
	stallLimit = 80 * time.Second
	errorLimit = 64 << 10
	// progressEvery is how often the log hears about a download that takes long.
	progressEvery = 10 * time.Second
)

// A downloader fetches bundles from S3 and GitHub.
type downloader struct {
	http   *http.Client
	host   Host
	now    func() time.Time // by the service's clock, for signatures
	s3     string           // endpoint
	github string           // endpoint
	retry  func(n int) time.Duration
	log    *slog.Logger
}

func newDownloader(client *http.Client, c Config, h Host, now func() time.Time, log *slog.Logger) *downloader {
	return &downloader{http: client, host: h, now: now, s3: s3Endpoint(c, h), github: c.GitHubEndpoint, retry: quick, log: log}
}

// A fetch is one file being downloaded, over as many connections as it takes.
type fetch struct {
	file    *os.File
	request func(ctx context.Context) (*http.Request, error)
	// check looks at the first answer's headers.
	check func(http.Header) error
	// resumable sources are asked for the rest; the others start again.
	resumable bool

	have int64  // bytes on disk
	size int64  // of the whole, -1 when unknown
	etag string // of the first answer
}

// refusedError is an answer that will not change by asking again.
type refusedError struct{ error }

func (r refusedError) Unwrap() error { return r.error }

// download runs a fetch into a new file at path. What an error leaves behind is removed: the disk
// may be full.
func (d *downloader) download(ctx context.Context, path string, f *fetch) error {
	err := d.persevere(ctx, path, f)
	if err != nil {
		_ = os.Remove(path)
	}
	return err
}

func (d *downloader) persevere(ctx context.Context, path string, f *fetch) error {
	// The path may be a symbolic link from an earlier local revision; never write through it.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	f.file, f.size = file, -1
	for failures := 0; ; {
		before := f.have
		err := d.attempt(ctx, f)
		if err == nil {
			return file.Close()
		}
		if f.have > before {
			failures = 0
		}
		failures++
		var refused refusedError
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.As(err, &refused):
			return refused.error
		case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
			return fmt.Errorf("The disk is (or was) full during the download of the revision. Free some space and deploy again: %w", err)
		case failures >= downloadTries:
			return fmt.Errorf("%w (after %d attempts)", err, failures)
		}
		if err := pause(ctx, d.retry(failures)); err != nil {
			return err
		}
	}
}

// attempt makes one request and reads as much as it gives.
func (d *downloader) attempt(ctx context.Context, f *fetch) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(stallLimit, func() { cancel(errors.New("the download stood still")) })
	defer stalled.Stop()
	if !f.resumable {
		if err := f.restart(); err != nil {
			return err
		}
	}
	request, err := f.request(ctx)
	if err != nil {
		return refusedError{err}
	}
	response, err := d.http.Do(request)
	if err != nil {
		return cmp.Or(context.Cause(ctx), plainError(err))
	}
	defer response.Body.Close()
	if err := f.accept(response); err != nil {
		return err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{f.file}, &progress{r: response.Body, alarm: stalled, fetch: f, log: d.log, logged: time.Now()}, make([]byte, 256<<10))
	f.have += n
	switch {
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("the download broke off after %d bytes: %w", f.have, err)
	case f.size >= 0 && f.have != f.size:
		return fmt.Errorf("the download ended after %d of %d bytes", f.have, f.size)
	}
	return nil
}

func (f *fetch) restart() error {
	f.have, f.etag, f.size = 0, "", -1
	_, err := f.file.Seek(0, io.SeekStart)
	return errors.Join(err, f.file.Truncate(0))
}

// accept decides from status and headers whether the body belongs at the end of the file.
func (f *fetch) accept(r *http.Response) error {
	switch {
	case r.StatusCode == http.StatusPartialContent && f.have > 0:
		var from, to, size int64
		if n, _ := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &size); n != 3 || from != f.have || size != f.size {
			return errors.Join(fmt.Errorf("the server continued at the wrong place (%s)", r.Header.Get("Content-Range")), f.restart())
		}
		return nil
	case r.StatusCode == http.StatusPreconditionFailed || r.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		return errors.Join(errors.New("the file changed while it was downloaded"), f.restart())
	case r.StatusCode != http.StatusOK:
		return answerError(r)
	}
	if err := f.restart(); err != nil {
		return err
	}
	f.size, f.etag = r.ContentLength, r.Header.Get("ETag")
	if err := f.check(r.Header); err != nil {
		return refusedError{err}
	}
	return nil
}

// answerError surfaces what S3 says in XML and GitHub in JSON; errors of the server itself may pass.
func answerError(r *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(r.Body, errorLimit))
	code, message := element(string(text), "Code"), element(string(text), "Message")
	var github struct{ Message string }
	_ = json.Unmarshal(text, &github) // S3 answers XML, and a proxy whatever it likes
	where := fmt.Sprintf("HTTP %d", r.StatusCode)
	if code != "" {
		where = code + ", " + where
	}
	err := fmt.Errorf("%s (%s)", firstOf(message, github.Message, http.StatusText(r.StatusCode), "no message"), where)
	if r.StatusCode >= 500 || r.StatusCode == http.StatusTooManyRequests || r.StatusCode == http.StatusRequestTimeout || code == "RequestTimeout" {
		return err
	}
	return refusedError{&answeredError{err, r.StatusCode}}
}

// An answeredError is an answer other than 200.
type answeredError struct {
	error
	status int
}

// element is the text of the first XML element with this name, empty when there is none. It spares
// the agent an XML parser: GitHub and proxies answer something else anyhow.
func element(document, name string) string {
	_, rest, _ := strings.Cut(document, "<"+name+">")
	text, _, found := strings.Cut(rest, "</"+name+">")
	if !found {
		return ""
	}
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&#34;", `"`, "&#39;", "'", "&amp;", "&").Replace(text)
}

// progress pushes the stall alarm back with every piece that arrives, and says in the log how far
// a long download is.
type progress struct {
	r      io.Reader
	alarm  *time.Timer
	fetch  *fetch
	log    *slog.Logger
	read   int64 // on this connection
	logged time.Time
}

func (p *progress) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.alarm.Reset(stallLimit)
	p.read += int64(n)
	if time.Since(p.logged) >= progressEvery {
		p.logged = time.Now()
		p.log.Info("downloading", "bytes", p.fetch.have+p.read, "of", p.fetch.size)
	}
	return n, err
}

// fromS3 downloads a revision and returns its ETag without quotes. A bundle that is damaged is
// downloaded a second time.
func (d *downloader) fromS3(ctx context.Context, r *hostwire.S3Revision, path string) (string, error) {
	etag, err := d.fromS3Once(ctx, r, path)
	if errors.Is(err, errDamaged) {
		d.log.Warn("the bundle is downloaded again", "error", err)
		etag, err = d.fromS3Once(ctx, r, path)
	}
	return etag, err
}

func (d *downloader) fromS3Once(ctx context.Context, r *hostwire.S3Revision, path string) (string, error) {
	f := &fetch{resumable: true}
	var sum expected
	f.request = func(ctx context.Context) (*http.Request, error) {
		request, err := newS3Request(ctx, d.s3, r)
		if err != nil {
			return nil, err
		}
		request.Header.Set("X-Amz-Checksum-Mode", "ENABLED")
		if f.have > 0 {
			request.Header.Set("Range", "bytes="+strconv.FormatInt(f.have, 10)+"-")
			request.Header.Set("If-Match", f.etag)
		}
		return request, sign(ctx, d.host, request, nil, "s3", d.now())
	}
	f.check = func(h http.Header) error {
		want, got := strings.Trim(r.ETag, `"`), strings.Trim(h.Get("ETag"), `"`)
		if want != "" && want != got {
			return fmt.Errorf("Expected deployment artifact bundle etag %s but was actually %s", want, got)
		}
		sum = expectedOf(h)
		return nil
	}
	begun := time.Now()
	err := d.download(ctx, path, f)
	if err == nil {
		if err = sum.verify(path); err != nil {
			_ = os.Remove(path)
		}
	}
	if err != nil {
		return "", fmt.Errorf("download s3://%s/%s from %s: %w", r.Bucket, r.Key, d.s3, err)
	}
	d.log.Info("downloaded", "bucket", r.Bucket, "key", r.Key, "bytes", f.have, "checksum", firstOf(sum.algorithm, "none"), "took", time.Since(begun).Round(time.Millisecond))
	return strings.Trim(f.etag, `"`), nil
}

// newS3Request addresses the object in path style, which every S3 understands.
func newS3Request(ctx context.Context, endpoint string, r *hostwire.S3Revision) (*http.Request, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	u.Path += "/" + r.Bucket + "/" + r.Key
	u.RawPath = escapePath(u.Path)
	if r.Version != "" {
		u.RawQuery = url.Values{"versionId": {r.Version}}.Encode()
	}
	return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
}

// escapePath escapes as SigV4 prescribes: everything but letters, digits, -._~ and the slash.
func escapePath(path string) string {
	var b strings.Builder
	for _, c := range []byte(path) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("-._~/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// fromGitHub downloads a commit and returns the type of its archive.
func (d *downloader) fromGitHub(ctx context.Context, r *hostwire.GitHubRevision, token, path string) (string, error) {
	format, kind := "tarball", "tar"
	switch r.BundleType {
	case "", "tar":
	case "zip":
		format, kind = "zipball", "zip"
	default:
		return "", fmt.Errorf("GitHub revision specified with bundle_type other than zip or tar [bundle_type=%s", r.BundleType)
	}
	address := strings.TrimRight(d.github, "/") + "/repos/" + url.PathEscape(r.Account) + "/" + url.PathEscape(r.Repository) + "/" + format + "/" + url.PathEscape(r.CommitId)
	f := &fetch{check: func(http.Header) error { return nil }}
	f.request = func(ctx context.Context) (*http.Request, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err == nil && token != "" {
			request.Header.Set("Authorization", "token "+token)
		}
		return request, err
	}
	// GitHub redirects to where the archive is; net/http keeps the token from other hosts.
	follow := *d
	client := *d.http
	client.CheckRedirect = nil
	follow.http = &client
	if err := follow.download(ctx, path, f); err != nil {
		if answer, ok := errors.AsType[*answeredError](err); ok && answer.status == http.StatusNotFound {
			err = fmt.Errorf("%w. The repository or the commit does not exist, or it is private and the token, if there is one, may not read it", err)
		}
		return "", fmt.Errorf("Could not download bundle at '%s': %w", address, err)
	}
	return kind, nil
}
