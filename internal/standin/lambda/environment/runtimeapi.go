package environment

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// MaxPayload bounds what a function is called with and what it answers, in bytes: 6 MiB and
// some room for what is around it, as at AWS.
const MaxPayload = 6*1024*1024 + 100

// runtimeAPI is what the process talks to.
func (e *environment) runtimeAPI() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", e.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", e.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", e.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", e.initError)
	return mux
}

// next gives the process its next call, once there is one.
func (e *environment) next(w http.ResponseWriter, r *http.Request) {
	e.runner.ready(e)
	select {
	case c := <-e.calls:
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", strconv.Itoa(len(c.Payload)))
		h.Set("Lambda-Runtime-Aws-Request-Id", c.ID)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(c.deadline.UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", c.ARN)
		if c.TraceID != "" {
			h.Set("Lambda-Runtime-Trace-Id", c.TraceID)
		}
		if c.ClientContext != "" {
			h.Set("Lambda-Runtime-Client-Context", c.ClientContext)
		}
		// A process that has gone ends the call by that.
		_, _ = w.Write(c.Payload)
	case <-r.Context().Done():
	}
}

func (e *environment) response(w http.ResponseWriter, r *http.Request) {
	e.outcome(w, r, Result{Type: r.Header.Get("Content-Type")})
}

func (e *environment) failure(w http.ResponseWriter, r *http.Request) {
	kind := unhandled
	if r.Header.Get("Lambda-Runtime-Function-Error-Type") == handled {
		kind = handled
	}
	e.outcome(w, r, Result{Error: kind})
}

// outcome takes what came of the call that the process works on.
func (e *environment) outcome(w http.ResponseWriter, r *http.Request, result Result) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	c := e.claim(r.PathValue("id"))
	if c == nil {
		refuse(w, http.StatusBadRequest, "InvalidRequestID", "The environment does not work on that request.")
		return
	}
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		c.outcome <- errorResult("Function.ResponseSizeTooLarge", c.Call,
			"Error: Response payload size exceeded maximum allowed payload size (%d bytes).", MaxPayload)
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", MaxPayload))
		return
	}
	if err != nil {
		c.outcome <- errorResult("Runtime.TruncatedResponse", c.Call, "Error: the response did not arrive completely")
		return
	}
	result.Payload = payload
	// Streamed responses say at their end whether they have failed.
	if kind := r.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		result.Error = unhandled
	}
	c.outcome <- result
	accept(w)
}

// claim takes the call of that id from the environment, so that it has one outcome.
func (e *environment) claim(id string) *call {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.current
	if c == nil || c.ID != id {
		return nil
	}
	e.current = nil
	return c
}

// initError takes the process's own account of why it cannot start.
func (e *environment) initError(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxPayload))
	if err != nil {
		refuse(w, http.StatusBadRequest, "InvalidRequest", "The error could not be read.")
		return
	}
	select {
	case e.failed <- payload:
		accept(w)
	default:
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "The start has failed already.")
	}
}

func accept(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status":"OK"}`)
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"errorType":%q,"errorMessage":%q}`, kind, message)
}
