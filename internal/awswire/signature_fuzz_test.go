package awswire

import (
	"bufio"
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// FuzzSignature signs with the SDK whatever a request can hold, and sends it through the bytes
// of HTTP: the signature must hold here.
func FuzzSignature(f *testing.F) {
	f.Add("/", "b=2&a=%20x+y&a=1&empty&%E2%82%AC=%2F", "X-Note", "  a   b  ", "{}")
	f.Add("/a%2Fb//c/./d", "", "Content-Type", "", "")
	f.Add("/~x;y=1,z@", "X-Amz-Credential=a/b/c/d/aws4_request&X-Amz-Signature=0", "X-Amz-Meta", "a\tb", "\x00\xff")
	g := Authenticated(keyring{}, func() time.Time { return now }, 0,
		JSON([]string{"codedeploy"}, []string{"CodeDeploy_20141006"}, operations(), slog.New(slog.DiscardHandler)))
	f.Fuzz(func(t *testing.T, path, query, name, value, body string) {
		const base = "http://slipway.example"
		u, err := url.Parse(base + path + "?" + query)
		if err != nil || u.Host != "slipway.example" || u.Fragment != "" || !sendable(name) || strings.ContainsAny(value, "\r\n\x00") {
			t.Skip("no client sends this")
		}
		if _, err := url.ParseQuery(query); err != nil {
			t.Skip("the SDK does not sign it")
		}
		r := call{target: echo, url: path + "?" + query, body: body, header: http.Header{name: {value}}}.request(t, base)
		var wire bytes.Buffer
		if err := r.Write(&wire); err != nil {
			t.Skip(err)
		}
		received, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire.Bytes())))
		if err != nil {
			t.Skip(err)
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, received)
		if strings.Contains(w.Body.String(), "Signature") || w.Code >= 500 {
			t.Errorf("%d %s\n%q", w.Code, w.Body, wire.String())
		}
	})
}

var token = regexp.MustCompile("^[A-Za-z0-9-]+$")

// sendable leaves out headers that the SDK or net/http writes itself.
func sendable(name string) bool {
	switch name {
	case "X-Amz-Target", "X-Amz-Date", "X-Amz-Content-Sha256", "X-Amz-Security-Token", "Authorization",
		"Host", "Content-Length", "Transfer-Encoding", "Trailer", "User-Agent":
		return false
	}
	return token.MatchString(name) && name == http.CanonicalHeaderKey(name)
}
