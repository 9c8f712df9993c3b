package web

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func deployed(t *testing.T, version, page string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{"version": version + "\n", "page.html": page} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// serve runs the server on a free port and returns its URL; the test's end stops it.
func serve(t *testing.T, root string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, root, addr) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return "http://" + addr
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestServesTheDeployedPage(t *testing.T) {
	url := serve(t, deployed(t, "v1", "<b>${Version}</b> ${Requests}"))
	// The server may not listen yet: Check waits for that.
	if err := Check(within(t, 10*time.Second), url+"/healthz", "v1"); err != nil {
		t.Fatal(err)
	}
	if err := Check(within(t, 10*time.Second), url+"/", "v2"); err == nil || !strings.Contains(err.Error(), `as version "v1", not "v2"`) {
		t.Errorf("wrong version: %v", err)
	}
	resp, err := http.Get(url + "/nothing")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNotFound {
		t.Errorf("/nothing answered %d", resp.StatusCode)
	}
}

func TestABrokenPageAnswers500(t *testing.T) {
	url := serve(t, deployed(t, "v3", "${Versoin}"))
	for _, path := range []string{"/", "/healthz"} {
		err := Check(within(t, 10*time.Second), url+path, "v3")
		if err == nil || !strings.Contains(err.Error(), "answered 500: page.html: nobody knows ${Versoin}") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestCheckGivesUp(t *testing.T) {
	err := Check(within(t, 50*time.Millisecond), "http://127.0.0.1:1/", "")
	if err == nil || !strings.Contains(err.Error(), "gave up") {
		t.Errorf("error %v", err)
	}
}

func TestServeNeedsADeployedVersion(t *testing.T) {
	if err := Serve(t.Context(), t.TempDir(), "127.0.0.1:0"); err == nil || !strings.Contains(err.Error(), "read the deployed version") {
		t.Errorf("error %v", err)
	}
}
