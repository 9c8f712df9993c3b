// Package s3 stands in for Amazon S3: buckets and versioned objects in a directory, behind
// the one listener.
//
//	client ── front: who claims to call, and may they? ── proxy ── versitygw: signature, S3
//
// versitygw, a whole S3 server, does the work on a socket of its own that only this process's
// user can open. It verifies every signature and then trusts the caller; what a caller may do
// is decided before, in front.go, from the access key that the request claims. Both must
// agree on what a request says, so the front refuses requests that could be read in two ways.
//
// versitygw changes the process's working directory to the objects' directory, and allows
// one Gateway to run in a process at a time.
package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"os"
	"path/filepath"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
	"github.com/versity/versitygw/s3err"

	"github.com/slipway/slipway/internal/awswire"
)

// maxCopy is the largest object that one request copies: S3's own limit.
const maxCopy = 5 << 30

// Keys looks up the secret of an access key; ok is false for one that is not valid.
type Keys interface {
	Secret(ctx context.Context, accessKeyID string) (secret string, ok bool, err error)
	// Check refuses a key that is not valid with this session token, which is empty for a
	// lasting key. A refusal has an ErrorCode method; "ExpiredToken" says that it was valid.
	Check(ctx context.Context, accessKeyID, sessionToken string) error
}

// Config is what a Gateway is made of. Dir, Region, Keys and Authorize are required.
type Config struct {
	// Dir holds the buckets, their versions and, where the file system keeps no user
	// attributes, their metadata. It must be absolute.
	Dir    string
	Region string
	Keys   Keys
	// Authorize refuses, with an error for the caller to read, an action such as s3:GetObject
	// on a resource such as arn:aws:s3:::bucket/key. keys is what policies may ask about the
	// request: s3:prefix, s3:delimiter and s3:max-keys of a list.
	Authorize func(ctx context.Context, accessKeyID, action, resource string, keys map[string][]string) error
	// Domain is the host name below which a bucket may be addressed as bucket.Domain; empty
	// means localhost. Below an IP address there are no names: clients put the bucket into
	// the path, which always works.
	Domain string
	// Library has objects to read that are in no bucket of this store. Nil: none.
	Library *Library
	// Observe is told of every call that can change something, once it is answered, with the
	// access key that signed it; nil tells nobody. Parts of uploads are not told of: an
	// upload's end is.
	Observe func(ctx context.Context, accessKeyID string, call awswire.Call)
	Log     *slog.Logger // nil discards
}

// Gateway is an S3 service. It answers while Run runs.
type Gateway struct {
	cfg       Config
	backend   backend.Backend
	socketDir string
	proxy     *httputil.ReverseProxy
	ready     chan struct{} // closed when the socket listens
	stopped   chan struct{} // closed when Run has ended
}

// New opens the directory, making it where it is missing, and changes the process's working
// directory into it.
func New(cfg Config) (*Gateway, error) {
	if !filepath.IsAbs(cfg.Dir) {
		return nil, fmt.Errorf("the object store's directory %q is not absolute", cfg.Dir)
	}
	if cfg.Domain == "" {
		cfg.Domain = "localhost"
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	be, err := openBackend(cfg.Dir)
	if err != nil {
		return nil, fmt.Errorf("open the object store in %s: %w", cfg.Dir, err)
	}
	// A socket's path may be no longer than 107 bytes, which a data directory may well be.
	socketDir, err := os.MkdirTemp("", "slipway-s3-") // mode 0700
	if err != nil {
		be.Shutdown()
		return nil, fmt.Errorf("make the object store's socket: %w", err)
	}
	g := &Gateway{cfg: cfg, backend: whole{be}, socketDir: socketDir, ready: make(chan struct{}), stopped: make(chan struct{})}
	g.proxy = g.newProxy()
	return g, nil
}

func openBackend(dir string) (backend.Backend, error) {
	objects, versions := filepath.Join(dir, "objects"), filepath.Join(dir, "versions")
	for _, d := range []string{objects, versions} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	options := posix.PosixOpts{VersioningDir: versions, CopyObjectThreshold: maxCopy}
	store, err := metadata(dir, objects, &options)
	if err != nil {
		return nil, err
	}
	return quietly(func() (*posix.Posix, error) { return posix.New(objects, store, options) })
}

// metadata keeps what belongs to an object in the file's attributes, or, where the file
// system has none (some network and overlay file systems), in files of their own. A
// directory that began with files stays with them, whatever the file system learns.
func metadata(dir, objects string, options *posix.PosixOpts) (meta.MetadataStorer, error) {
	sidecar := filepath.Join(dir, "metadata")
	_, err := os.Stat(sidecar)
	if errors.Is(err, os.ErrNotExist) && (meta.XattrMeta{}).Test(objects) == nil {
		return meta.XattrMeta{}, nil
	}
	if err := os.MkdirAll(sidecar, 0o700); err != nil {
		return nil, err
	}
	options.SideCarDir = sidecar
	return meta.NewSideCar(sidecar)
}

// quietly keeps what versitygw prints while it starts from the program's own output.
func quietly[T any](start func() (T, error)) (T, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return *new(T), err
	}
	defer null.Close()
	stdout := os.Stdout
	defer func() { os.Stdout = stdout }()
	os.Stdout = null
	return start()
}

func (g *Gateway) socket() string { return filepath.Join(g.socketDir, "s3.sock") }

func dialer(socket string) func(ctx context.Context, _, _ string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
}

// Close gives back what New took. A Gateway that runs does it at its end.
func (g *Gateway) Close() {
	g.backend.Shutdown()
	os.RemoveAll(g.socketDir)
}

// Run serves until ctx ends. A Gateway runs once.
func (g *Gateway) Run(ctx context.Context) error {
	defer close(g.stopped)
	defer g.Close()
	server, err := g.newServer()
	if err != nil {
		return fmt.Errorf("set up the object store: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.ServeMultiPort([]string{g.socket()}) }()
	select {
	case err := <-ended:
		return fmt.Errorf("run the object store: %w", err)
	case <-ctx.Done():
	}
	for {
		if err := server.ShutDown(); err != nil {
			g.cfg.Log.Warn("object store stopped in the middle of requests", "error", err)
		}
		select {
		case <-ended:
			return nil
		case <-time.After(5 * time.Millisecond): // while it starts, it hears nothing
		}
	}
}

// newServer is versitygw's server alone: embedgw, its front door, would link five kinds of
// directories and queues, two web sites and an administration that nothing here asks for.
func (g *Gateway) newServer() (*s3api.S3ApiServer, error) {
	// versitygw wants a root account; nobody is told this one.
	root := middlewares.RootUserConfig{Access: rand.Text(), Secret: rand.Text()}
	return s3api.New(g.backend, root, g.cfg.Region, accounts{g.cfg.Keys}, nil, nil, nil, nil,
		s3api.WithSocketPerm(0o600),
		s3api.WithConcurrencyLimiter(4096, 4096),
		s3api.WithMpMaxParts(10000),
		s3api.WithKeepAlive(),
		s3api.WithQuiet(),
		s3api.WithDisableACL(), // policies decide, in front
		s3api.WithHostStyle(g.cfg.Domain),
		s3api.WithOnListen(func() { close(g.ready) }),
	)
}

// newProxy passes requests on as they came: what is signed stays, Host included.
func (g *Gateway) newProxy() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", "s3.sock"
			r.Out.Host = r.In.Host
			// ReverseProxy drops parameters it cannot parse; the front has refused those.
			r.Out.URL.RawQuery = r.In.URL.RawQuery
		},
		Transport: &http.Transport{
			DialContext:         dialer(g.socket()),
			MaxIdleConnsPerHost: 64,
			DisableCompression:  true, // an object is what was stored
		},
		FlushInterval: -1,
		// versitygw has verified the signature when it finds that there is no such object.
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode == http.StatusNotFound && g.inLibrary(r.Request) {
				return errInLibrary
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if errors.Is(err, errInLibrary) {
				g.readLibrary(w, r)
				return
			}
			g.failed(w, r, err)
		},
		ErrorLog: slog.NewLogLogger(g.cfg.Log.Handler(), slog.LevelDebug),
	}
}

func (g *Gateway) failed(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() == nil {
		g.cfg.Log.Error("object store did not answer", "method", r.Method, "error", err)
	}
	refuse(w, r, http.StatusInternalServerError, "InternalError", "We encountered an internal error. Please try again.")
}

// Open reads an object, in the given version where one is given.
func (g *Gateway) Open(ctx context.Context, bucket, key, version string) (io.ReadCloser, error) {
	in := &awss3.GetObjectInput{Bucket: &bucket, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	out, err := g.backend.GetObject(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("read s3://%s/%s: %w", bucket, key, err)
	}
	return out.Body, nil
}

// Exists says whether an object is there, in the given version where one is given.
func (g *Gateway) Exists(ctx context.Context, bucket, key, version string) (bool, error) {
	in := &awss3.HeadObjectInput{Bucket: &bucket, Key: &key}
	if version != "" {
		in.VersionId = &version
	}
	_, err := g.backend.HeadObject(ctx, in)
	if refusal, ok := errors.AsType[s3err.S3Error](err); ok && refusal.StatusCode() < http.StatusInternalServerError {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for s3://%s/%s: %w", bucket, key, err)
	}
	return true, nil
}
