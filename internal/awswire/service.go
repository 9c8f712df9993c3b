package awswire

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
)

// Service is one AWS service in one protocol, made by [JSON], [Query] or
// another one of this package's functions.
type Service struct {
	scopes   []string // signing names it answers to
	protocol protocol
	log      *slog.Logger
	observe  func(context.Context, Call) // nil: nobody
	editions []Service                   // of other API versions, under the same signing name
	maxBody  int64                       // 0: the gate's
}

// Taking returns the service with a bound of its own on a request's body, in bytes.
func (s Service) Taking(maxBody int64) Service {
	s.maxBody = maxBody
	return s
}

// Serves tells whether the service answers to a signing name, the service
// part of a credential scope.
func (s Service) Serves(scope string) bool { return slices.Contains(s.scopes, scope) }

// protocol is how a service's requests and responses look.
type protocol interface {
	// claims tells whether an unsigned request is likely meant for it.
	claims(r *http.Request) bool
	// find returns the operation asked for and how its input is decoded.
	find(r *http.Request, body []byte) (found, error)
	// reply writes the output of the operation with the given name.
	reply(w http.ResponseWriter, requestID, operation string, out any) error
	// refuse writes an error.
	refuse(w http.ResponseWriter, requestID string, e *Error)
	// denied is how it words a failed authentication.
	denied(d *denial) *Error
}

type found struct {
	name      string
	operation Operation
	decode    func(any) error
}

// meant is a protocol that can tell whether a request is for its service, and not for
// another of the same signing name.
type meant interface {
	isMeant(r *http.Request, body []byte) bool
}

// claims tells whether an unsigned request is likely meant for the service, in one of its editions.
func (s Service) claims(r *http.Request) bool {
	return s.protocol.claims(r) || slices.ContainsFunc(s.editions, func(e Service) bool { return e.claims(r) })
}

// edition is the service that the request looks like: s where it looks like none of the others.
func (s Service) edition(r *http.Request, body []byte) Service {
	for _, e := range s.editions {
		if p, ok := e.protocol.(meant); ok && p.isMeant(r, body) {
			e.observe = s.observe
			return e
		}
	}
	return s
}

// serve answers one authenticated request.
func (s Service) serve(w http.ResponseWriter, r *http.Request, requestID string, body []byte) {
	name, out, err := s.call(r, requestID, body)
	if err == nil {
		err = s.protocol.reply(w, requestID, name, out)
	}
	if err != nil {
		s.refuse(w, r, requestID, name, err)
	}
}

func (s Service) call(r *http.Request, requestID string, body []byte) (name string, out any, err error) {
	f, err := s.protocol.find(r, body)
	if err != nil {
		return f.name, nil, err
	}
	ctx := context.WithValue(r.Context(), requestKey{}, request{requestID, r.Header})
	var decoded any
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		s.tell(r, requestID, f.name, decoded, out, err)
	}()
	out, err = f.operation.call(ctx, func(in any) error {
		err := f.decode(in)
		if err == nil {
			decoded = in
		}
		return err
	})
	return f.name, out, err
}

// refuse writes err; one that has no wire code is logged here, its only trace.
func (s Service) refuse(w http.ResponseWriter, r *http.Request, requestID, operation string, err error) {
	e, known := asError(err)
	if !known && r.Context().Err() == nil {
		s.log.Error("request failed", "service", s.scopes[0], "operation", operation, "requestId", requestID, "error", err)
	}
	s.protocol.refuse(w, requestID, e)
}
