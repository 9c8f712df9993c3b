package awswire

import (
	"crypto/hmac"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
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
	var b strings.Builder
	b.WriteString(r.Method + "\n" + objectPath(r) + "\n" + canonicalQuery(r.URL.RawQuery) + "\n")
	for _, name := range s.signedHeaders {
		b.WriteString(name + ":" + canonicalHeader(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(s.signedHeaders, ";") + "\n" + r.Header.Get("X-Amz-Content-Sha256"))
	toSign := strings.Join([]string{
		algorithm, s.at.Format(timeFormat), strings.Join([]string{s.date, s.region, s.service, "aws4_request"}, "/"), hexHash([]byte(b.String())),
	}, "\n")
	want := hex.EncodeToString(hmacSHA256(s.keyOf(secret).derive(), toSign))
	return hmac.Equal([]byte(want), []byte(s.signature))
}

func objectPath(r *http.Request) string {
	segments := strings.Split(r.URL.Path, "/")
	for i, segment := range segments {
		segments[i] = escape(segment)
	}
	if path := strings.Join(segments, "/"); path != "" {
		return path
	}
	return "/"
}
