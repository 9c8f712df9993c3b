package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/awswire"
)

// refusal is an S3 error.
type refusal struct {
	status        int
	code, message string
}

func (r *refusal) Error() string { return r.code + ": " + r.message }

// ServeHTTP decides whether the caller may do what the request asks, and passes it on.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := g.admit(r)
	if err != nil {
		no, ok := errors.AsType[*refusal](err)
		if !ok {
			g.failed(w, r, err)
			return
		}
		g.refused(r, c, no)
		// Clients stop sending a body that nobody reads; the connection cannot be kept.
		w.Header().Set("Connection", "close")
		refuse(w, r, no.status, no.code, no.message)
		return
	}
	select {
	case <-g.ready:
		g.pass(w, r, c)
	case <-g.stopped:
		refuse(w, r, http.StatusServiceUnavailable, "ServiceUnavailable", "The object store is not running.")
	case <-r.Context().Done():
	}
}

// maxHeader is S3's bound of a request's line and headers. versitygw keeps it too, but hangs
// up on those that are far beyond it, which looks like a fault.
const maxHeader = 8 << 10

func headerSize(r *http.Request) int {
	size := len(r.Method) + len(r.RequestURI) + len(r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}
	return size
}

// admit returns a refusal where the request may not pass, and how far it was understood.
func (g *Gateway) admit(r *http.Request) (c call, err error) {
	if headerSize(r) > maxHeader {
		return c, &refusal{http.StatusBadRequest, "RequestHeaderSectionTooLarge",
			"Your request header section exceeds the maximum allowed size."}
	}
	if c.at, err = g.address(r); err != nil {
		return c, err
	}
	if c.key, err = g.claimedKey(r); err != nil {
		return c, err
	}
	needed, err := permissions(r, c.at)
	if err != nil {
		return c, err
	}
	c.operation = operationOf(r, needed)
	keys := conditionKeys(r)
	for _, n := range needed {
		if err := g.cfg.Authorize(r.Context(), c.key, n.action, n.resource, keys); err != nil {
			return c, denied(err)
		}
	}
	return c, nil
}

// denied words a refusal by Authorize: errors that name another code than AccessDenied, or
// none, are still nothing but a no.
func denied(err error) *refusal {
	message := err.Error()
	if coded, ok := errors.AsType[interface {
		error
		ErrorMessage() string
	}](err); ok {
		message = coded.ErrorMessage()
	}
	return &refusal{http.StatusForbidden, "AccessDenied", message}
}

// claimedKey is the access key that the request says it is signed with; versitygw verifies
// that it is. A request that could be read as signed in two ways could pass as one caller
// here and as another there.
func (g *Gateway) claimedKey(r *http.Request) (string, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", &refusal{http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI."}
	}
	inHeader, inURL := r.Header.Values("Authorization"), 0
	for name, values := range query {
		switch strings.ToLower(name) {
		case "x-amz-credential", "awsaccesskeyid", "x-amz-algorithm", "x-amz-signature":
			inURL = max(inURL, len(values))
			if name != http.CanonicalHeaderKey(name) && !strings.EqualFold(name, "AWSAccessKeyId") {
				inURL = 2 // not as any client writes it
			}
		}
	}
	form := strings.HasPrefix(strings.ToLower(r.Header.Get("Content-Type")), "multipart/form-data")
	switch {
	case len(inHeader) == 0 && inURL == 0:
		return "", &refusal{http.StatusForbidden, "AccessDenied", "Anonymous access is forbidden for this operation"}
	case len(inHeader)+inURL > 1 || form && r.Method == http.MethodPost:
		return "", &refusal{http.StatusBadRequest, "InvalidArgument", "Only one auth mechanism allowed"}
	}
	service, _, key, ok := awswire.ScopeOf(r)
	if !ok || service != "s3" {
		return "", &refusal{http.StatusBadRequest, "InvalidRequest",
			"The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256 (aws configure set default.s3.signature_version s3v4)."}
	}
	return key, g.checkKey(r, query, key)
}

// checkKey refuses a key that is not valid, or whose session token is not: versitygw knows of
// no tokens.
func (g *Gateway) checkKey(r *http.Request, query url.Values, key string) error {
	tokens := r.Header.Values("X-Amz-Security-Token")
	for name, values := range query {
		if strings.EqualFold(name, "X-Amz-Security-Token") {
			tokens = append(tokens, values...)
		}
	}
	if len(tokens) > 1 {
		return &refusal{http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid."}
	}
	err := g.cfg.Keys.Check(r.Context(), key, strings.Join(tokens, ""))
	coded, ok := errors.AsType[interface {
		error
		ErrorCode() string
	}](err)
	switch {
	case err == nil:
		return nil
	case !ok:
		return fmt.Errorf("look up the access key: %w", err)
	case coded.ErrorCode() == "ExpiredToken":
		return &refusal{http.StatusBadRequest, "ExpiredToken", "The provided token has expired."}
	case len(tokens) > 0:
		return &refusal{http.StatusBadRequest, "InvalidToken", "The provided token is malformed or otherwise invalid."}
	}
	return &refusal{http.StatusForbidden, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records."}
}

// address is what a request is about; empty parts are not given.
type address struct{ bucket, key string }

// address reads the bucket from the host name or the path, as versitygw will.
func (g *Gateway) address(r *http.Request) (address, error) {
	path := r.URL.Path // decoded once
	if bucket, _, found := strings.Cut(r.Host, "."+g.cfg.Domain); found && bucket != "" {
		path = "/" + bucket + path
	}
	path, found := strings.CutPrefix(path, "/")
	if !found || ambiguous(path) {
		return address{}, &refusal{http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI."}
	}
	bucket, key, _ := strings.Cut(path, "/")
	return address{bucket, key}, nil
}

// ambiguous refuses paths that a file system or a second decoding would read as others: no
// key here may hold empty, "." or ".." parts.
func ambiguous(path string) bool {
	for range 3 {
		parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
		if strings.ContainsAny(path, "\x00\\") ||
			slices.Contains(parts, ".") || slices.Contains(parts, "..") || len(parts) > 1 && slices.Contains(parts, "") {
			return true
		}
		decoded, err := url.PathUnescape(path)
		if err != nil || decoded == path {
			return false
		}
		path = decoded
	}
	return false
}

// refuse writes an error as S3 does. A HEAD has no body to say why.
func refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	var b bytes.Buffer
	b.WriteString(xml.Header + "<Error><Code>" + code + "</Code><Message>")
	// A bytes.Buffer takes everything.
	_ = xml.EscapeText(&b, []byte(message))
	b.WriteString("</Message><Resource>")
	_ = xml.EscapeText(&b, []byte(r.URL.Path))
	b.WriteString("</Resource></Error>")
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	// A client that has gone does not get its answer; nobody is left to tell.
	_, _ = io.Copy(w, &b)
}
