package awswire

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
)

// Query makes a service that speaks AWS Query: a form with Action, Version
// and parameters, answered in XML of the given namespace. It answers to one
// signing name (scope) and one API version. Inputs and outputs are structs
// whose field names are the names on the wire, such as the AWS SDK's own.
func Query(scope, version, namespace string, operations Operations, log *slog.Logger) Service {
	return Service{scopes: []string{scope}, protocol: &queryProtocol{version, namespace, operations}, log: log}
}

// Editions joins services that share a signing name, in other API versions of AWS Query or in
// [CBOR]: a request is for the one that it looks like, and for the first where it is like none.
func Editions(first Service, others ...Service) Service {
	first.editions = others
	return first
}

type queryProtocol struct {
	version    string
	namespace  string
	operations Operations
}

// claims cannot tell one Query service from another without its signature.
func (p *queryProtocol) claims(r *http.Request) bool { return false }

// isMeant tells whether the request names the API version.
func (p *queryProtocol) isMeant(r *http.Request, body []byte) bool {
	form, err := formOf(r, body)
	return err == nil && form.Get("Version") == p.version
}

func (p *queryProtocol) find(r *http.Request, body []byte) (found, error) {
	form, err := formOf(r, body)
	if err != nil {
		return found{}, &Error{Code: "MalformedQueryString", Message: "The request's form could not be read."}
	}
	action, version := form.Get("Action"), form.Get("Version")
	if action == "" {
		return found{}, &Error{Code: "MissingAction", Message: "The request must contain the parameter Action."}
	}
	operation, ok := p.operations[action]
	if !ok || version != p.version {
		if version == "" {
			version = "NO_VERSION_SPECIFIED"
		}
		return found{}, Errorf("InvalidAction", "Could not find operation %s for version %s", action, version)
	}
	return found{action, operation, func(in any) error { return decodeForm(form, in) }}, nil
}

// formOf joins the parameters of the URL and of the body.
func formOf(r *http.Request, body []byte) (url.Values, error) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	inURL, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	for name, values := range inURL {
		form[name] = append(form[name], values...)
	}
	return form, nil
}

func (p *queryProtocol) reply(w http.ResponseWriter, requestID, operation string, out any) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<%sResponse xmlns="%s">`, operation, p.namespace)
	if _, empty := out.(*Empty); !empty {
		if err := encodeXML(&b, operation+"Result", out); err != nil {
			return fmt.Errorf("encode the output: %w", err)
		}
	}
	fmt.Fprintf(&b, `<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata></%sResponse>`, requestID, operation)
	writeBody(w, requestID, "text/xml", http.StatusOK, b.Bytes())
	return nil
}

func (p *queryProtocol) refuse(w http.ResponseWriter, requestID string, e *Error) {
	fault := "Sender"
	if e.status() >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<ErrorResponse xmlns="%s"><Error><Type>%s</Type><Code>%s</Code><Message>`, p.namespace, fault, e.Code)
	// A bytes.Buffer takes everything.
	_ = xml.EscapeText(&b, []byte(e.Message))
	fmt.Fprintf(&b, `</Message></Error><RequestId>%s</RequestId></ErrorResponse>`, requestID)
	writeBody(w, requestID, "text/xml", e.status(), b.Bytes())
}

func (p *queryProtocol) denied(d *denial) *Error {
	errors := map[denialKind]Error{
		deniedMissing:    {Code: "MissingAuthenticationToken", Status: http.StatusForbidden},
		deniedIncomplete: {Code: "IncompleteSignature", Status: http.StatusBadRequest},
		deniedKey:        {Code: "InvalidClientTokenId", Status: http.StatusForbidden},
		deniedExpired:    {Code: "ExpiredToken", Status: http.StatusForbidden},
		deniedSignature:  {Code: "SignatureDoesNotMatch", Status: http.StatusForbidden},
	}
	e := errors[d.kind]
	e.Message = d.message
	return &e
}
