package awswire

import (
	"context"
	"net/http"
)

// A Call is an operation that a verified caller asked for, with what came of it.
type Call struct {
	Scope     string // the service's signing name
	Operation string
	Region    string // that the request was signed for
	RequestID string
	Request   *http.Request // its body has been read
	Input     any           // a pointer to the decoded input; nil where it could not be decoded
	Output    any           // nil where the operation failed
	Err       *Error        // as the client will see it; nil where the operation succeeded
}

// Observed returns the service with an observer of its calls, which is told the outcome
// before the client is. The caller is in the context.
func (s Service) Observed(observe func(context.Context, Call)) Service {
	s.observe = observe
	return s
}

// tell tells the observer, if there is one and an operation was found.
func (s Service) tell(r *http.Request, requestID, name string, in, out any, err error) {
	if s.observe == nil || name == "" {
		return
	}
	c := Call{Scope: s.scopes[0], Operation: name, RequestID: requestID, Request: r, Input: in, Output: out}
	_, c.Region, _, _ = ScopeOf(r)
	if err != nil {
		c.Err, _ = asError(err)
		c.Output = nil
	}
	s.observe(r.Context(), c)
}
