package awswire

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
	maxSkew    = 5 * time.Minute
)

// signature is a request's Signature Version 4 in its header form, as the
// client stated it.
type signature struct {
	credential
	signedHeaders []string
	signature     string
	at            time.Time // when the client says it signed
}

// credential is "accessKey/date/region/service/aws4_request".
type credential struct {
	accessKeyID string
	date        string
	region      string
	service     string
}

// denialKind says what failed in authenticating; a protocol has its own code
// for each.
type denialKind int

const (
	deniedMissing denialKind = iota
	deniedIncomplete
	deniedKey
	deniedExpired
	deniedSignature
)

type denial struct {
	kind    denialKind
	message string
}

func missing() *denial { return &denial{deniedMissing, "Missing Authentication Token"} }

// ScopeOf reads, without verifying anything, the service, the region and the
// access key that a request claims to be signed for: in the Authorization
// header or, for a presigned URL, in X-Amz-Credential.
func ScopeOf(r *http.Request) (service, region, accessKeyID string, ok bool) {
	var text string
	if header := r.Header.Get("Authorization"); header != "" {
		text = signatureValue(header, "Credential")
	} else {
		text = r.URL.Query().Get("X-Amz-Credential")
	}
	c, ok := parseCredential(text)
	return c.service, c.region, c.accessKeyID, ok
}

// signatureValue is one value of "AWS4-HMAC-SHA256 Name=value, Name=value"; empty where it is
// missing, and for another algorithm.
func signatureValue(header, name string) string {
	list, _ := strings.CutPrefix(header, algorithm)
	if len(list) == len(header) {
		return ""
	}
	found := ""
	for part := range strings.SplitSeq(list, ",") {
		if n, value, _ := strings.Cut(strings.TrimSpace(part), "="); n == name {
			found = value
		}
	}
	return found
}

// parseCredential reads from the right, since only the access key may itself
// hold slashes.
func parseCredential(text string) (credential, bool) {
	parts := strings.Split(text, "/")
	n := len(parts)
	if n < 5 || parts[n-1] != "aws4_request" || slices.Contains(parts, "") {
		return credential{}, false
	}
	return credential{
		accessKeyID: strings.Join(parts[:n-4], "/"),
		date:        parts[n-4],
		region:      parts[n-3],
		service:     parts[n-2],
	}, true
}

// parseSignature reads the Authorization header. Its messages name what is
// wrong and never repeat the header.
func parseSignature(r *http.Request) (*signature, *denial) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return nil, missing()
	}
	if !strings.HasPrefix(header, algorithm) {
		return nil, incomplete("Authorization header requires the algorithm " + algorithm + ".")
	}
	for _, name := range []string{"Credential", "SignedHeaders", "Signature"} {
		if signatureValue(header, name) == "" {
			return nil, incomplete(fmt.Sprintf("Authorization header requires '%s' parameter.", name))
		}
	}
	c, ok := parseCredential(signatureValue(header, "Credential"))
	if !ok {
		return nil, incomplete("Credential must have at least 5 slash-delimited elements: accessKey/date/region/service/aws4_request.")
	}
	at, d := signedAt(r)
	if d != nil {
		return nil, d
	}
	return &signature{c, strings.Split(signatureValue(header, "SignedHeaders"), ";"), signatureValue(header, "Signature"), at}, nil
}

func incomplete(message string) *denial { return &denial{deniedIncomplete, message} }

// signedAt is X-Amz-Date, or Date where there is none.
func signedAt(r *http.Request) (time.Time, *denial) {
	if text := r.Header.Get("X-Amz-Date"); text != "" {
		at, err := time.Parse(timeFormat, text)
		if err != nil {
			return time.Time{}, incomplete("X-Amz-Date must be in ISO-8601 'basic format', such as 20261122T101010Z.")
		}
		return at, nil
	}
	text := r.Header.Get("Date")
	if at, err := time.Parse(timeFormat, text); err == nil {
		return at, nil
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return time.Time{}, incomplete("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	return at.UTC(), nil
}

// checkDate refuses signatures more than five minutes off the server's clock,
// in AWS's words: host agents set their clocks by them.
func (s *signature) checkDate(now time.Time) *denial {
	now = now.UTC()
	text := func(t time.Time) string { return t.Format(timeFormat) }
	if early := now.Add(-maxSkew); s.at.Before(early) {
		return &denial{deniedSignature, fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - 5 min.)",
			text(s.at), text(early), text(now))}
	}
	if late := now.Add(maxSkew); s.at.After(late) {
		return &denial{deniedSignature, fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + 5 min.)",
			text(s.at), text(late), text(now))}
	}
	if day := s.at.Format("20060102"); s.date != day {
		return &denial{deniedSignature, fmt.Sprintf(
			"Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '%s' != '%s'.", s.date, day)}
	}
	return nil
}
