// Package awswire speaks AWS's wire protocols on the server's side.
//
// A [Service] is a table of [Operations] in one protocol: [JSON] (AWS JSON
// 1.1, as CodeDeploy and its agents speak), [Query] (forms and XML, as IAM
// and STS speak), [EC2Query] (EC2's dialect of it), [CBOR], [PlainJSON] or
// [RESTJSON] (as Lambda speaks). An operation is a plain function from its
// input to its output, wrapped by [Op]; it reports failure as an [*Error] or as any error with ErrorCode and
// ErrorMessage methods, and every other error reaches the client as a masked
// InternalFailure and the log once.
//
// [Authenticated] puts services behind one http.Handler: it reads the body
// within a bound, verifies the Signature Version 4 of every request, finds
// the service by the signature's credential scope and calls the operation
// with the caller in its context ([Caller]).
//
//	keys ──┐
//	HTTP ──┴─ Authenticated ─ scope ─ Service ─ decode ─ your function ─ encode
package awswire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
)

// Error is a failure as a client sees it.
type Error struct {
	// Code is the exception's name on the wire.
	Code string
	// Message is what a person reads.
	Message string
	// Status is the HTTP status; 0 means 400.
	Status int
}

// Errorf makes an Error with status 400 and a formatted message.
func Errorf(code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrorCode is the exception's name, as in the AWS SDK's APIError.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage is what a person reads, as in the AWS SDK's APIError.
func (e *Error) ErrorMessage() string { return e.Message }

func (e *Error) status() int {
	if e.Status == 0 {
		return http.StatusBadRequest
	}
	return e.Status
}

// coded is an error of another package that names its own wire code.
type coded interface {
	ErrorCode() string
	ErrorMessage() string
}

// asError finds the wire error in err; known is false where there is none,
// and the result is then the masked InternalFailure.
func asError(err error) (e *Error, known bool) {
	if errors.As(err, &e) {
		return e, true
	}
	var c coded
	if errors.As(err, &c) {
		return &Error{Code: c.ErrorCode(), Message: c.ErrorMessage()}, true
	}
	return &Error{
		Code:    "InternalFailure",
		Message: "The request processing has failed because of an unknown error, exception or failure.",
		Status:  http.StatusInternalServerError,
	}, false
}

type (
	callerKey  struct{}
	requestKey struct{}
)

// request is what an operation may ask about the HTTP request that called it.
type request struct {
	id     string
	header http.Header
}

// WithCaller returns a context that carries who calls.
func WithCaller(ctx context.Context, caller any) context.Context {
	return context.WithValue(ctx, callerKey{}, caller)
}

// Caller is who calls, as [Keys] returned it; nil outside of a request.
func Caller(ctx context.Context) any { return ctx.Value(callerKey{}) }

// RequestID is the id that the response carries in x-amzn-RequestId; empty
// outside of a request.
func RequestID(ctx context.Context) string {
	r, _ := ctx.Value(requestKey{}).(request)
	return r.id
}

// Header holds the request's headers (an agent names its version there); nil
// outside of a request.
func Header(ctx context.Context) http.Header {
	r, _ := ctx.Value(requestKey{}).(request)
	return r.header
}

// newRequestID makes a random UUID, version 4.
func newRequestID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
