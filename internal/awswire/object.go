package awswire

import (
	"net/http"
	"slices"
	"time"
)

// SignedForObjects says whether the secret made the signature in the Authorization header of
// a request to S3, which encodes paths once, and whose body's hash is taken as stated: it is
// for those who want to know who asked, not for those who take the body.
func SignedForObjects(r *http.Request, secret string, now time.Time) bool {
	s, d := parseSignature(r)
	if d != nil || s.checkDate(now) != nil || !slices.Contains(s.signedHeaders, "host") {
		return false
	}
	return s.madeWith(s.keyOf(secret).derive(), r, escapePath(r.URL.Path), r.Header.Get("X-Amz-Content-Sha256"))
}
