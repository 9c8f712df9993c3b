package awswire

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type shelf struct {
	Name    *string
	Since   *time.Time
	Count   int32
	Kind    string
	Labels  map[string]string
	Books   []struct{ Title *string }
	Nothing []string
}

func TestSDKJSON(t *testing.T) {
	var got *shelf
	server := httptest.NewServer(Authenticated(keyring{}, func() time.Time { return now }, 0, SDKJSON("library", "Library_2020", Operations{
		"Echo": Op(func(_ context.Context, in *shelf) (*shelf, error) { got = in; return in, nil }),
	}, slog.New(slog.DiscardHandler))))
	defer server.Close()
	ask := func(body string) (int, string) {
		r, text := call{scope: "library", body: body, header: http.Header{"X-Amz-Target": {"Library_2020.Echo"}}}.do(t, server.URL)
		return r.StatusCode, text
	}
	const body = `{"books":[{"title":"Go"}],"count":0,"labels":{"Big-Key":"v"},"name":"a","since":1700000000.25}`
	if code, text := ask(body); code != http.StatusOK || text != body {
		t.Errorf("answer is %d %s", code, text)
	}
	if got == nil || got.Since == nil || got.Since.UnixMilli() != 1700000000250 {
		t.Errorf("the operation got %+v", got)
	}
	if code, text := ask(`{"count":"x"}`); code != http.StatusBadRequest || !strings.Contains(text, "STRING_VALUE can not be converted to Integer") {
		t.Errorf("answer is %d %s", code, text)
	}
}
