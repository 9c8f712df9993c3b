package forward

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
)

// small is up to which length a body is kept, so that it can be sent once more.
const small = 16 << 10

// A replayable is a request's body that can be sent again if none of it has been read, or all of it is kept.
type replayable struct {
	body io.ReadCloser // nil: there is none
	kept []byte        // the body, if it is small
	last *once         // what the last attempt got
}

func replayableOf(r *http.Request) *replayable {
	b := &replayable{body: r.Body}
	if r.Body == nil || r.Body == http.NoBody {
		b.body = nil
		return b
	}
	// Who expects a word before sending the body must hear the target's.
	if r.ContentLength > 0 && r.ContentLength <= small && r.Header.Get("Expect") == "" {
		kept := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(r.Body, kept); err == nil {
			b.kept = kept
		} else {
			b.body = io.NopCloser(failing{err})
		}
	}
	return b
}

// attach gives the request its body for an attempt.
func (b *replayable) attach(r *http.Request) {
	switch {
	case b.body == nil:
	case b.kept != nil:
		r.Body = io.NopCloser(bytes.NewReader(b.kept))
		// With this the transport itself tries again what it could not begin to write.
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b.kept)), nil }
	default:
		b.last = &once{body: b.body}
		r.Body = b.last
	}
}

// again tells whether a request that failed may be sent to another target: it must be whole, and the
// target must not have begun on it, or it must not matter if it has.
func (b *replayable) again(r *http.Request, err error) bool {
	if b.last != nil && !b.last.abandon() {
		return false
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return true
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return false // it may be at work on it
	}
	return repeatable(r.Method)
}

// repeatable tells whether a request may come to a target twice.
func repeatable(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// once is a body for one attempt. The transport may read it even after it has given up the attempt, so it can be taken away.
type once struct {
	mu      sync.Mutex
	body    io.ReadCloser
	begun   bool
	removed bool
}

func (o *once) Read(p []byte) (int, error) {
	o.mu.Lock()
	removed := o.removed
	o.begun = true
	o.mu.Unlock()
	if removed {
		return 0, io.ErrUnexpectedEOF
	}
	return o.body.Read(p)
}

// Close leaves the body open for the next attempt; the server closes it in the end.
func (o *once) Close() error { return nil }

// abandon takes the body away, if nothing has been read of it.
func (o *once) abandon() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.removed = !o.begun
	return o.removed
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
