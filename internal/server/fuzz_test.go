package server_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/textproto"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/slipway/slipway/internal/server"
	"github.com/slipway/slipway/internal/server/servertest"
)

// FuzzRequest sends any headers and any bytes after them to a server: the answer is a page, a
// 4xx in AWS's shape, or net/http's own refusal of what is not HTTP.
func FuzzRequest(f *testing.F) {
	const target = "X-Amz-Target: CodeDeploy_20141006.ListApplications\r\n"
	scoped := "Authorization: AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/codedeploy/aws4_request, SignedHeaders=host;x-amz-date, Signature=00\r\n"
	for _, seed := range []struct{ line, headers, body string }{
		{"POST / HTTP/1.1", target, "{}"},
		{"POST / HTTP/1.1", target + scoped + "X-Amz-Date: 20260101T000000Z\r\n", "{}"},
		{"POST / HTTP/1.1", target + scoped + "Date: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Length: 9\r\n", "{}"},
		{"POST / HTTP/1.1", target + "Transfer-Encoding: chunked\r\n", "2\r\n{}\r\n0\r\n\r\n"},
		{"POST / HTTP/1.1", target + "Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n{}"},
		{"POST / HTTP/1.1", "Content-Length: 99999999999\r\nExpect: 100-continue\r\n" + target, ""},
		{"POST / HTTP/1.1", "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 16\r\n", "Action=ListUsers"},
		{"GET /?X-Amz-Credential=a/b/c/codedeploy/aws4_request&X-Amz-Signature=0 HTTP/1.1", "", ""},
		{"PUT /%2e%2e/%00 HTTP/1.1", scoped, ""},
		{"GET / HTTP/1.0", "", ""},
	} {
		f.Add(seed.line, seed.headers, []byte(seed.body))
	}
	var log journal
	s := servertest.Start(f, func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	f.Fuzz(func(t *testing.T, line, headers string, body []byte) {
		response, text := exchangeRaw(t, s.URL, line+"\r\nHost: x\r\n"+headers+"\r\n", body)
		if response != nil {
			checkShape(t, response, text)
		}
		checkQuiet(t, &log)
	})
}

// exchangeRaw sends bytes and closes its side. No response is one too: net/http hangs up on
// what it can make nothing of.
func exchangeRaw(t *testing.T, url, head string, body []byte) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// A server that has answered already may have hung up: the answer is still there to read.
	_, _ = conn.Write(append([]byte(head), body...))
	_ = conn.(*net.TCPConn).CloseWrite()
	reader := bufio.NewReader(conn)
	for {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return nil, ""
		}
		text, _ := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusContinue {
			return response, string(text)
		}
	}
}

// FuzzSigned sends a signed request with any target, header and body, in one piece or in chunks.
func FuzzSigned(f *testing.F) {
	const prefix = "CodeDeploy_20141006."
	for _, seed := range []struct{ service, target, name, value, body string }{
		{codeDeploy, prefix + "ListApplications", "Content-Type", "application/x-amz-json-1.1", "{}"},
		{codeDeploy, prefix + "ListApplications", "Content-Type", "text/plain; charset=\xff", "{}"},
		{codeDeploy, prefix + "CreateApplication", "X-Amz-Security-Token", "token", `{"applicationName": "\ud800"}`},
		{codeDeploy, prefix + "CreateApplication", "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD", `{"applicationName": "a", "applicationName": "b"}`},
		{codeDeploy, prefix + ".", "X-Amz-Date", "20260101T000000Z", "\x00"},
		{codeDeploy, "", "Content-Encoding", "gzip", `Action=ListUsers`},
		{commands, pollHostCommand, "X-Amz-Target", "x", `{"HostIdentifier": 1e999}`},
		{"iam", "", "Content-Type", "application/x-www-form-urlencoded", "Action=CreateUser&UserName=%zz&Version=2010-05-08"},
		{"sts", "", "Content-Type", "multipart/form-data", "Action=GetCallerIdentity&Version="},
		{"cloudtrail", "CloudTrail_20131101.LookupEvents", "Accept", "*", `{"MaxResults": -1}`},
	} {
		f.Add(seed.service, seed.target, seed.name, seed.value, seed.body, false)
		f.Add(seed.service, seed.target, seed.name, seed.value, seed.body, true)
	}
	var log journal
	s := servertest.Start(f, func(c *server.Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	admin, err := s.Admin.Credentials.Retrieve(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, service, target, name, value, body string, chunked bool) {
		if service == "s3" || !headerName.MatchString(name) || dangerous[textproto.CanonicalMIMEHeaderKey(name)] {
			t.Skip("the object store is not ours to fuzz, and some headers break the client")
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if target != "" {
			r.Header.Set("X-Amz-Target", target)
		}
		r.Header.Set(name, value)
		if chunked {
			r.ContentLength = -1
		}
		sum := sha256.Sum256([]byte(body))
		if err := v4.NewSigner().SignHTTP(t.Context(), admin, r, hex.EncodeToString(sum[:]), service, servertest.Region, time.Now()); err != nil {
			t.Skip(err)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Skip(err) // the client refuses the header
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		checkShape(t, response, string(text))
		checkQuiet(t, &log)
	})
}

var (
	headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	dangerous  = map[string]bool{"Connection": true, "Upgrade": true, "Expect": true, "Host": true}
	xmlError   = regexp.MustCompile(`(?s)<Error(Response)?[ >].*<Code>[^<]+</Code>`)
)

// checkShape wants success, or a refusal of the client in AWS's shape.
func checkShape(t *testing.T, response *http.Response, text string) {
	t.Helper()
	status, header := response.StatusCode, response.Header
	var refusal struct {
		Type string `json:"__type"`
	}
	switch {
	case status < 400:
	case header.Get("Content-Type") == "text/plain; charset=utf-8" && header.Get("X-Amzn-Requestid") == "":
		if status >= 500 && status != http.StatusNotImplemented && status != http.StatusHTTPVersionNotSupported {
			t.Errorf("net/http's answer %d %s", status, text)
		}
	case status >= 500:
		t.Errorf("answer %d %s", status, text)
	case response.Request != nil && response.Request.Method == http.MethodHead || text == "":
	case json.Unmarshal([]byte(text), &refusal) == nil && refusal.Type != "":
	case xmlError.MatchString(text):
	default:
		t.Errorf("answer %d without AWS's shape: %q %q", status, header, text)
	}
}

// checkQuiet wants no fault of ours in the log.
func checkQuiet(t *testing.T, log *journal) {
	t.Helper()
	log.mu.Lock()
	defer log.mu.Unlock()
	if text := log.text.Bytes(); bytes.Contains(text, []byte("panic")) || bytes.Contains(text, []byte("level=ERROR")) {
		t.Errorf("the server logged\n%s", text)
	}
	log.text.Reset()
}
