package server_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/slipway/slipway/internal/server"
	"github.com/slipway/slipway/internal/server/servertest"
)

// A journal is a log that can be read while it is written.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// TestGarbage sends what no client would: every answer is a refusal, nothing panics, and the
// server still works.
func TestGarbage(t *testing.T) {
	var log journal
	s := servertest.Start(t, func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	header := func(text string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", text) }
	}
	for name, mangle := range map[string]func(*http.Request){
		"no equals signs":  header("AWS4-HMAC-SHA256 Credential Signature SignedHeaders"),
		"empty parts":      header("AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature="),
		"short scope":      header("AWS4-HMAC-SHA256 Credential=AKID/codedeploy, SignedHeaders=host, Signature=00"),
		"slashes":          header("AWS4-HMAC-SHA256 Credential=///////, SignedHeaders=;;;;, Signature=zz"),
		"another scheme":   header("Bearer eyJhbGciOiJub25lIn0.e30."),
		"a year long past": func(r *http.Request) { r.Header.Set("X-Amz-Date", "00000101T000000Z") },
		"no date":          func(r *http.Request) { r.Header.Del("X-Amz-Date") },
		"a long target":    func(r *http.Request) { r.Header.Set("X-Amz-Target", strings.Repeat(".", 500_000)) },
		"a signed query":   func(r *http.Request) { r.URL.RawQuery = "X-Amz-Signature=%00&X-Amz-Credential=/&X-Amz-Date=x&x=%zz" },
		"an odd path":      func(r *http.Request) { r.URL.Opaque = "//%2e%2e/..//%00" },
	} {
		for _, service := range []string{codeDeploy, commands, "iam", "s3"} {
			t.Run(name+"/"+service, func(t *testing.T) {
				r := usual(service)
				r.as = credentialsOf(t, s.Admin)
				out := r.make(t, s.URL)
				mangle(out)
				response, err := http.DefaultClient.Do(out)
				if err != nil {
					t.Fatalf("no answer: %v", err)
				}
				defer response.Body.Close()
				if body, _ := io.ReadAll(response.Body); response.StatusCode < 400 || response.StatusCode > 499 {
					t.Errorf("answer %d %s", response.StatusCode, body)
				}
			})
		}
	}
	for _, text := range []string{"\x16\x03\x01\x02\x00", "GET / HTTP/9.9\r\n\r\n", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, text)
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, conn)
		conn.Close()
	}
	r := usual(codeDeploy)
	r.as = credentialsOf(t, s.Admin)
	status, body := r.send(t, s.URL)
	answer{200, nil}.check(t, status, body)
	if text := log.String(); strings.Contains(text, "panic") || strings.Contains(text, "level=ERROR") {
		t.Errorf("the server logged\n%s", text)
	}
}

// TestUnsignedCBOR: a client of a service in CBOR, whose path looks like an object's, is told
// in CBOR that its request is not signed.
func TestUnsignedCBOR(t *testing.T) {
	s := servertest.Start(t)
	r, err := http.NewRequest(http.MethodPost, s.URL+"/service/GraniteServiceVersion20100801/operation/ListMetrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusForbidden || got != "application/cbor" {
		t.Errorf("got %d in %s", response.StatusCode, got)
	}
}
