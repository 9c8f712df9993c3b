// Package web is the application that the demonstration deploys: a small web server whose
// one page comes out of the deployed bundle, and the check with which its ValidateService
// hook looks at it.
package web

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// VersionHeader tells which version of the application answered.
const VersionHeader = "X-App-Version"

// drain is how long requests in hand may take when the server is asked to end.
const drain = 5 * time.Second

// A site is one deployed version. Its page names values as ${Version}; one that names what
// nobody knows answers 500 to everything, as many an application would.
type site struct {
	version  string
	page     string
	broken   error
	host     string
	delay    time.Duration // before every page
	started  time.Time
	requests atomic.Int64
}

func open(root string) (*site, error) {
	version, err := os.ReadFile(filepath.Join(root, "version"))
	if err != nil {
		return nil, fmt.Errorf("read the deployed version: %w", err)
	}
	s := &site{version: strings.TrimSpace(string(version)), started: time.Now()}
	s.host, _ = os.Hostname()
	page, err := os.ReadFile(filepath.Join(root, "page.html"))
	if err != nil {
		return nil, fmt.Errorf("read the deployed page: %w", err)
	}
	s.page = string(page)
	if text, err := os.ReadFile(filepath.Join(root, "delay")); err == nil {
		if s.delay, err = time.ParseDuration(strings.TrimSpace(string(text))); err != nil {
			return nil, fmt.Errorf("read the deployed delay: %w", err)
		}
	}
	_, s.broken = s.render(0)
	return s, nil
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(VersionHeader, s.version)
	if s.broken != nil {
		http.Error(w, s.broken.Error(), http.StatusInternalServerError)
		return
	}
	switch r.URL.Path {
	case "/healthz":
		io.WriteString(w, "ok\n")
	case "/":
		time.Sleep(s.delay)
		s.serve(w)
	default:
		http.NotFound(w, r)
	}
}

func (s *site) serve(w http.ResponseWriter) {
	page, err := s.render(s.requests.Add(1))
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(w, page)
}

// render fills in the page. A template of the standard library would do it too, and make
// the whole program a third larger: it keeps the linker from leaving unused methods out.
func (s *site) render(requests int64) (page string, err error) {
	values := map[string]string{
		"Version": s.version, "Host": s.host, "Requests": strconv.FormatInt(requests, 10),
		"Since": s.started.Format(time.TimeOnly),
	}
	page = os.Expand(s.page, func(name string) string {
		value, known := values[name]
		if !known {
			err = fmt.Errorf("page.html: nobody knows ${%s}", name)
		}
		return html.EscapeString(value)
	})
	return page, err
}

// Serve serves the version that is deployed in root until ctx ends, then answers what it has
// in hand and returns nil.
func Serve(ctx context.Context, root, listen string) error {
	s, err := open(root)
	if err != nil {
		return err
	}
	return listenAndServe(ctx, listen, s)
}

// listenAndServe serves until ctx ends, then answers what it has in hand.
func listenAndServe(ctx context.Context, listen string, pages http.Handler) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: pages, ReadHeaderTimeout: 5 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	return server.Shutdown(ctx)
}

// Check asks url until it answers 200, with that version unless it is empty. It keeps
// asking while nothing listens or the answer is 503, until ctx ends; any other answer is an
// error at once, that quotes it.
func Check(ctx context.Context, url, version string) error {
	const pause = 20 * time.Millisecond
	for {
		err := ask(ctx, url, version)
		var notYet notYetError
		if err == nil || !errors.As(err, &notYet) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("gave up: %w", err)
		case <-time.After(pause):
		}
	}
}

// notYetError is an answer that may become a better one.
type notYetError struct{ error }

func (e notYetError) Unwrap() error { return e.error }

func ask(ctx context.Context, url, version string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return notYetError{err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return notYetError{err}
	}
	answer := fmt.Errorf("%s answered %d: %s", url, resp.StatusCode, strings.TrimSpace(string(body)))
	got := resp.Header.Get(VersionHeader)
	switch {
	case resp.StatusCode == http.StatusServiceUnavailable:
		return notYetError{answer}
	case resp.StatusCode != http.StatusOK:
		return answer
	case version != "" && got != version:
		return fmt.Errorf("%s answers as version %q, not %q", url, got, version)
	}
	return nil
}
