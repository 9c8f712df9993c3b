package awswire

import (
	"net/http"
	"time"
)

// A Verifier tells who has signed a request, for handlers that are no [Service].
type Verifier struct {
	gate    gate
	service Service // whose words refusals have
}

// NewVerifier returns a Verifier of requests that are signed for the scope. now and maxBody are
// those of [Authenticated].
func NewVerifier(keys Keys, now func() time.Time, maxBody int64, scope string) *Verifier {
	return &Verifier{
		gate:    gate{keys: keys, now: now, maxBody: maxBody},
		service: Service{scopes: []string{scope}, protocol: &restJSON{}},
	}
}

// Body reads a request's body, of any sender. An error is an *Error.
func (v *Verifier) Body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return readBody(w, r, v.gate.maxBody)
}

// Caller returns who has signed the request with that body, as [Keys] knows them. A refusal is
// an *Error.
func (v *Verifier) Caller(r *http.Request, body []byte) (any, error) {
	if scope, _, _, signed := ScopeOf(r); signed && !v.service.Serves(scope) {
		return nil, v.service.protocol.denied(&denial{deniedSignature,
			"Credential should be scoped to correct service: '" + v.service.scopes[0] + "'."})
	}
	return v.gate.authenticate(v.service, r, body)
}
