package awswire

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
)

// An observer hears of every operation that was found, also of one that panics.
func TestObserved(t *testing.T) {
	type input struct{ Name string }
	var calls []Call
	s := JSON([]string{"test"}, []string{"T"}, Operations{
		"Make":  Op(func(context.Context, *input) (*input, error) { return &input{"made"}, nil }),
		"Deny":  Op(func(context.Context, *input) (*input, error) { return nil, Errorf("Denied", "no") }),
		"Panic": Op(func(context.Context, *input) (*input, error) { panic("x") }),
	}, slog.New(slog.DiscardHandler)).Observed(func(_ context.Context, c Call) { calls = append(calls, c) })
	for _, operation := range []string{"Make", "Deny", "Panic", "Unknown"} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(""))
		r.Header.Set("X-Amz-Target", "T."+operation)
		s.serve(httptest.NewRecorder(), r, "id", []byte(`{"Name": "web"}`))
	}
	if len(calls) != 3 {
		t.Fatalf("observed %d calls, want 3", len(calls))
	}
	for i, want := range []string{"", "Denied", "InternalFailure"} {
		c, code := calls[i], ""
		if c.Err != nil {
			code = c.Err.Code
		}
		if code != want || c.Input.(*input).Name != "web" || (c.Output == nil) != (want != "") {
			t.Errorf("%s: observed %+v, want the error %q", c.Operation, c, want)
		}
	}
}
