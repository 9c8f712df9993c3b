package awswire

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestCompressedBodies: within the bound when they are whole, or refused.
func TestCompressedBodies(t *testing.T) {
	server := serve(t, io.Discard, keyring{}, 1000)
	packed := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		io.WriteString(w, text)
		w.Close()
		return b.String()
	}
	for _, test := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"whole", packed(`{"name":"a"}`), 200, `"name":"a"`},
		{"beyond the bound", packed(strings.Repeat(" ", 100_000)), 413, "RequestEntityTooLargeException"},
		{"cut off", packed(`{"name":"a"}`)[:20], 400, "SerializationException"},
		{"no gzip", `{"name":"a"}`, 400, "SerializationException"},
	} {
		response, body := call{target: echo, body: test.body, header: http.Header{"Content-Encoding": {"gzip"}}}.do(t, server.URL)
		if response.StatusCode != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s: got %d %s", test.name, response.StatusCode, body)
		}
	}
}
