package awswire

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// DefaultMaxBody bounds a request's body where the caller of
	// [Authenticated] passes 0.
	DefaultMaxBody = 4 << 20

	readTimeout  = 30 * time.Second // for a body within the bound
	drainTimeout = 10 * time.Second // for what is read of a body beyond it
	drainBound   = 256 << 20
)

// Keys looks up access keys.
type Keys interface {
	// Secret returns the secret of an active access key and who it stands
	// for, which operations get from [Caller]. An empty secret means that the
	// key (or its session token) is not valid. [ErrExpired] and errors that
	// have a wire code reach the client; any other is a failure of the server.
	Secret(ctx context.Context, accessKeyID, sessionToken string) (secret string, caller any, err error)
}

// ErrExpired says that the session of a temporary access key is over. Clients
// then get the protocol's own code, by which they know to renew it.
var ErrExpired = errors.New("the session is over")

// Authenticated serves the services to whoever signs requests with one of the
// keys. now is the server's clock, for signatures may be five minutes off;
// maxBody bounds a body in bytes (0 means [DefaultMaxBody]).
func Authenticated(keys Keys, now func() time.Time, maxBody int64, services ...Service) http.Handler {
	if maxBody == 0 {
		maxBody = DefaultMaxBody
	}
	return &gate{keys: keys, now: now, maxBody: maxBody, services: services}
}

type gate struct {
	keys     Keys
	now      func() time.Time
	maxBody  int64
	services []Service
	signing  signingKeys
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := newRequestID()
	service, ok := g.service(r)
	if !ok {
		g.refuseScope(w, r, requestID)
		return
	}
	maxBody := cmp.Or(service.maxBody, g.maxBody)
	body, err := readBody(w, r, maxBody)
	if err != nil {
		service.edition(r, nil).refuse(w, r, requestID, "", err)
		return
	}
	service = service.edition(r, body)
	caller, err := g.authenticate(service, r, body)
	if err == nil {
		body, err = inflated(r, body, maxBody)
	}
	if err != nil {
		service.refuse(w, r, requestID, "", err)
		return
	}
	service.serve(w, r.WithContext(WithCaller(r.Context(), caller)), requestID, body)
}

// service finds the service a request is for: by its credential scope, or,
// where it is not signed, by its looks, so that the refusal is one that the
// client understands.
func (g *gate) service(r *http.Request) (Service, bool) {
	scope, _, _, signed := ScopeOf(r)
	i := slices.IndexFunc(g.services, func(s Service) bool {
		if signed {
			return s.Serves(scope)
		}
		return s.claims(r)
	})
	if i < 0 {
		return Service{}, false
	}
	return g.services[i], true
}

// refuseScope answers a request that is for no service here, in the protocol
// that the client seems to speak.
func (g *gate) refuseScope(w http.ResponseWriter, r *http.Request, requestID string) {
	var p protocol = &queryProtocol{namespace: "https://iam.amazonaws.com/doc/2010-05-08/"}
	switch {
	case r.Header.Get("X-Amz-Target") != "":
		p = &jsonProtocol{}
	case speaksCBOR(r):
		p = &cborProtocol{}
	}
	scope, _, _, signed := ScopeOf(r)
	if !signed {
		p.refuse(w, requestID, p.denied(missing()))
		return
	}
	var served []string
	for _, s := range g.services {
		served = append(served, s.scopes...)
	}
	p.refuse(w, requestID, p.denied(&denial{deniedSignature, fmt.Sprintf(
		"Credential should be scoped to a service of this server (%s), not %q.", strings.Join(served, ", "), scope)}))
}

// authenticate verifies the signature and returns the caller.
func (g *gate) authenticate(service Service, r *http.Request, body []byte) (any, error) {
	s, d := parseSignature(r)
	if d == nil {
		d = s.checkDate(g.now())
	}
	if d != nil {
		return nil, service.protocol.denied(d)
	}
	secret, caller, err := g.keys.Secret(r.Context(), s.accessKeyID, r.Header.Get("X-Amz-Security-Token"))
	if errors.Is(err, ErrExpired) {
		return nil, service.protocol.denied(&denial{deniedExpired, "The security token included in the request is expired"})
	}
	if err != nil {
		return nil, fmt.Errorf("look up the access key: %w", err)
	}
	if secret == "" {
		return nil, service.protocol.denied(&denial{deniedKey, "The security token included in the request is invalid."})
	}
	if d := s.verify(r, body, secret, &g.signing); d != nil {
		return nil, service.protocol.denied(d)
	}
	return caller, nil
}

// readBody reads a body of at most max bytes. The deadline is the request's
// own, so a client that stalls holds no memory for long.
func readBody(w http.ResponseWriter, r *http.Request, max int64) ([]byte, error) {
	if r.ContentLength > max {
		return nil, tooLarge(w, r, max)
	}
	deadline := http.NewResponseController(w)
	// Not every writer has deadlines (recorders in tests); then there is none.
	_ = deadline.SetReadDeadline(time.Now().Add(readTimeout))
	body, err := io.ReadAll(io.LimitReader(r.Body, max+1))
	if err != nil {
		w.Header().Set("Connection", "close")
		return nil, &Error{"RequestTimeoutException", "The request's body did not arrive completely.", http.StatusRequestTimeout}
	}
	if int64(len(body)) > max {
		return nil, tooLarge(w, r, max)
	}
	_ = deadline.SetReadDeadline(time.Time{})
	return body, nil
}

// tooLarge takes in what the client is still sending, for a while, because a
// client whose sending fails never reads the answer. One that waits for "100
// Continue" sends nothing and reads at once.
func tooLarge(w http.ResponseWriter, r *http.Request, max int64) *Error {
	w.Header().Set("Connection", "close")
	if !strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(drainTimeout))
		_, _ = io.CopyN(io.Discard, r.Body, drainBound)
	}
	return &Error{"RequestEntityTooLargeException",
		fmt.Sprintf("The request's body is larger than %d bytes.", max), http.StatusRequestEntityTooLarge}
}

// writeBody writes a complete response.
func writeBody(w http.ResponseWriter, requestID, contentType string, status int, body []byte) {
	h := w.Header()
	h.Set("X-Amzn-Requestid", requestID)
	if status != http.StatusNoContent {
		h.Set("Content-Type", contentType)
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(status)
	// A client that has gone does not get its answer; nobody is left to tell.
	_, _ = w.Write(body)
}
