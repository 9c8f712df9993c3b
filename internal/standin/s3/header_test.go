package s3_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slipway/slipway/internal/standin/s3"
)

// TestLongHeaders are refused before versitygw, which need not even run, hangs up on them.
func TestLongHeaders(t *testing.T) {
	g, err := s3.New(s3.Config{Dir: t.TempDir(), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // whatever passes would wait for versitygw
	for name, lengthen := range map[string]func(*http.Request){
		"header": func(r *http.Request) { r.Header.Set("X-Amz-Meta-Note", strings.Repeat("x", 9000)) },
		"query":  func(r *http.Request) { r.RequestURI = "/?" + strings.Repeat("x", 9000) },
	} {
		r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
		lengthen(r)
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "<Code>RequestHeaderSectionTooLarge</Code>") {
			t.Errorf("a long %s: %d %s", name, w.Code, w.Body)
		}
	}
}
