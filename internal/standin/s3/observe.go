package s3

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"time"

	"github.com/slipway/slipway/internal/awswire"
)

// A call is a request as far as it was understood.
type call struct {
	at  address
	key string // the access key that it says it is signed with
	// operation is empty for what changes nothing, and for parts of uploads.
	operation string
}

// operationOf names what a request does, as S3's API does.
func operationOf(r *http.Request, needed []permission) string {
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodGet || r.Method == http.MethodHead || query.Has("select"):
		return ""
	case query.Has("delete"):
		return "DeleteObjects"
	case query.Has("uploads"):
		return "CreateMultipartUpload"
	case query.Has("uploadId"):
		return map[string]string{http.MethodPost: "CompleteMultipartUpload", http.MethodDelete: "AbortMultipartUpload"}[r.Method]
	case r.Header.Get("X-Amz-Copy-Source") != "":
		return "CopyObject"
	}
	return needed[0].action[len("s3:"):]
}

// refused tells of a call that the front did not let through, if its signature is good: nobody
// shall be said to have asked for what another made up. Of presigned URLs that is not known.
func (g *Gateway) refused(r *http.Request, c call, no *refusal) {
	if g.cfg.Observe == nil || c.operation == "" || no.code != "AccessDenied" {
		return
	}
	secret, ok, err := g.cfg.Keys.Secret(r.Context(), c.key)
	if err != nil || !ok || !awswire.SignedForObjects(r, secret, time.Now()) {
		return
	}
	g.tell(r, c, &awswire.Error{Code: no.code, Message: no.message, Status: no.status})
}

func (g *Gateway) tell(r *http.Request, c call, err *awswire.Error) {
	input := map[string]string{"bucketName": c.at.bucket}
	if c.at.key != "" {
		input["objectArn"] = "arn:aws:s3:::" + c.at.bucket + "/" + c.at.key
	}
	told := awswire.Call{Scope: "s3", Operation: c.operation, Region: g.cfg.Region, Request: r, Input: input, Err: err}
	g.cfg.Observe(r.Context(), c.key, told)
}

// pass hands the request to versitygw and tells what came of it.
func (g *Gateway) pass(w http.ResponseWriter, r *http.Request, c call) {
	if g.cfg.Observe == nil || c.operation == "" {
		g.proxy.ServeHTTP(w, r)
		return
	}
	answer := &answer{ResponseWriter: w}
	g.proxy.ServeHTTP(answer, r)
	if err := answer.err(); err == nil || !unsigned[err.Code] {
		g.tell(r, c, err)
	}
}

// unsigned are the errors of requests whose caller is not known for sure.
var unsigned = map[string]bool{
	"SignatureDoesNotMatch": true, "InvalidAccessKeyId": true, "RequestTimeTooSkewed": true, "InvalidToken": true,
	"ExpiredToken": true, "AuthorizationHeaderMalformed": true, "AuthorizationQueryParametersError": true,
	"MissingSecurityHeader": true, "InvalidArgument": true, "InvalidRequest": true, "AccessDenied": true,
	"XAmzContentSHA256Mismatch": true,
}

// An answer remembers its status and how its error begins.
type answer struct {
	http.ResponseWriter
	status int
	text   bytes.Buffer
}

func (a *answer) WriteHeader(status int) {
	if status >= http.StatusOK { // what goes before is no answer
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

const errorBound = 4 << 10 // S3's errors are short

func (a *answer) Write(p []byte) (int, error) {
	if a.status >= http.StatusBadRequest && a.text.Len()+len(p) <= errorBound {
		a.text.Write(p)
	}
	return a.ResponseWriter.Write(p)
}

// Unwrap lets the proxy flush.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// err is the S3 error that was answered, if one was.
func (a *answer) err() *awswire.Error {
	if a.status < http.StatusBadRequest {
		return nil
	}
	var body struct{ Code, Message string }
	if xml.Unmarshal(a.text.Bytes(), &body) != nil || body.Code == "" {
		body.Code = http.StatusText(a.status)
	}
	return &awswire.Error{Code: body.Code, Message: body.Message, Status: a.status}
}
