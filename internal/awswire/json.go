package awswire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

const jsonType = "application/x-amz-json-1.1"

// JSON makes a service that speaks AWS JSON 1.1: POST / with the header
// "X-Amz-Target: prefix.Operation". It answers to the given signing names
// (scopes) and to any of the prefixes.
func JSON(scopes, prefixes []string, operations Operations, log *slog.Logger) Service {
	return Service{scopes: scopes, protocol: &jsonProtocol{prefixes: prefixes, operations: operations}, log: log}
}

// AnyText makes a service that takes text which is no UTF-8 as well, with U+FFFD for what is
// wrong in it: what an agent reports is what somebody's script has printed. The service must
// be one of [JSON].
func AnyText(s Service) Service {
	p := *s.protocol.(*jsonProtocol)
	p.anyText = true
	s.protocol = &p
	return s
}

type jsonProtocol struct {
	prefixes   []string
	operations Operations
	anyText    bool
}

func (p *jsonProtocol) claims(r *http.Request) bool {
	_, _, ok := p.target(r)
	return ok
}

func (p *jsonProtocol) isMeant(r *http.Request, _ []byte) bool { return p.claims(r) }

// target splits X-Amz-Target; ok is false where the prefix is not ours.
func (p *jsonProtocol) target(r *http.Request) (target, operation string, ok bool) {
	target = r.Header.Get("X-Amz-Target")
	dot := strings.LastIndexByte(target, '.')
	if dot < 0 {
		return target, "", false
	}
	return target, target[dot+1:], slices.Contains(p.prefixes, target[:dot])
}

func (p *jsonProtocol) find(r *http.Request, body []byte) (found, error) {
	target, name, ours := p.target(r)
	switch {
	case r.Method != http.MethodPost || r.URL.Path != "/":
		return found{}, &Error{"UnknownOperationException", "An operation is a POST to /.", http.StatusNotFound}
	case target == "":
		return found{}, Errorf("UnknownOperationException", "The header X-Amz-Target is missing.")
	case !ours:
		return found{}, Errorf("UnknownOperationException", "Unknown target %q; operations are named %s.<Operation>.", target, p.prefixes[0])
	}
	operation, ok := p.operations[name]
	if !ok {
		return found{}, Errorf("UnknownOperationException", "Unknown operation %q.", name)
	}
	return found{name, operation, func(in any) error { return decodeJSON(body, in, jsontext.AllowInvalidUTF8(p.anyText)) }}, nil
}

func (p *jsonProtocol) reply(w http.ResponseWriter, requestID, _ string, out any) error {
	if _, empty := out.(*Empty); empty {
		writeBody(w, requestID, jsonType, http.StatusOK, nil)
		return nil
	}
	text, err := marshalJSON(out)
	if err != nil {
		return fmt.Errorf("encode the output: %w", err)
	}
	writeBody(w, requestID, jsonType, http.StatusOK, text)
	return nil
}

func (p *jsonProtocol) refuse(w http.ResponseWriter, requestID string, e *Error) {
	// Two strings always encode.
	text, _ := marshalJSON(struct {
		Type    string `json:"__type"`
		Message string `json:"message"`
	}{e.Code, e.Message})
	writeBody(w, requestID, jsonType, e.status(), text)
}

func (p *jsonProtocol) denied(d *denial) *Error {
	codes := map[denialKind]string{
		deniedMissing:    "MissingAuthenticationTokenException",
		deniedIncomplete: "IncompleteSignatureException",
		deniedKey:        "UnrecognizedClientException",
		deniedExpired:    "ExpiredTokenException",
		deniedSignature:  "InvalidSignatureException",
	}
	return &Error{Code: codes[d.kind], Message: d.message}
}

// marshalJSON encodes as AWS does, which leaves <, > and & as they are.
func marshalJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
