package awswire

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

const mismatch = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// verify computes the signature that the secret gives for this request and
// compares. It hashes the body itself, for a client may leave
// X-Amz-Content-Sha256 out, and refuses one that states another hash.
func (s *signature) verify(r *http.Request, body []byte, secret string, keys *signingKeys) *denial {
	if name := s.unsigned(r); name != "" {
		return &denial{deniedSignature, "The header '" + name + "' must be a 'SignedHeader' in the AWS Authorization."}
	}
	payload := hexHash(body)
	if stated := r.Header.Get("X-Amz-Content-Sha256"); stated != "" && stated != payload {
		return &denial{deniedSignature, "The value of X-Amz-Content-Sha256 is not the SHA-256 of the request's body."}
	}
	of := s.keyOf(secret)
	key := keys.recall(of)
	known := key != nil
	if !known {
		key = of.derive()
	}
	if !s.madeWith(key, r, canonicalPath(r.URL), payload) {
		return &denial{deniedSignature, mismatch}
	}
	if !known {
		keys.keep(of, key)
	}
	return nil
}

// unsigned names a header that gives the request its meaning and that the
// signature leaves out, which would let a third party change it on the way.
func (s *signature) unsigned(r *http.Request) string {
	if !slices.Contains(s.signedHeaders, "host") {
		return "host"
	}
	names := []string{"x-amz-target", "x-amz-date", "x-amz-security-token"}
	if r.Header.Get("X-Amz-Date") == "" {
		names = append(names, "date")
	}
	for _, name := range names {
		if r.Header.Get(name) != "" && !slices.Contains(s.signedHeaders, name) {
			return name
		}
	}
	return ""
}

// madeWith says whether the key makes this signature of the request, whose path is in canonical
// form and whose body has the hash payload.
func (s *signature) madeWith(key []byte, r *http.Request, path, payload string) bool {
	toSign := strings.Join([]string{
		algorithm,
		s.at.Format(timeFormat),
		strings.Join([]string{s.date, s.region, s.service, "aws4_request"}, "/"),
		hexHash([]byte(s.canonicalRequest(r, path, payload))),
	}, "\n")
	want := hex.EncodeToString(hmacSHA256(key, toSign))
	return hmac.Equal([]byte(want), []byte(s.signature))
}

func (s *signature) canonicalRequest(r *http.Request, path, payload string) string {
	var b strings.Builder
	b.WriteString(r.Method + "\n" + path + "\n" + canonicalQuery(r.URL.RawQuery) + "\n")
	for _, name := range s.signedHeaders {
		b.WriteString(name + ":" + canonicalHeader(r, name) + "\n")
	}
	b.WriteString("\n" + strings.Join(s.signedHeaders, ";") + "\n" + payload)
	return b.String()
}

// canonicalPath encodes the path a second time, as every service but S3 has it.
func canonicalPath(u *url.URL) string { return escapePath(u.EscapedPath()) }

func escapePath(path string) string {
	if path == "" {
		return "/"
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = escape(segment)
	}
	return strings.Join(segments, "/")
}

func canonicalQuery(raw string) string {
	type pair struct{ name, value string }
	var pairs []pair
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		pairs = append(pairs, pair{reescape(name), reescape(value)})
	}
	slices.SortFunc(pairs, func(a, b pair) int {
		if c := strings.Compare(a.name, b.name); c != 0 {
			return c
		}
		return strings.Compare(a.value, b.value)
	})
	var b strings.Builder
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name + "=" + p.value)
	}
	return b.String()
}

// reescape brings a query's name or value to AWS's one encoding; what does
// not decode stays, and then fails to match.
func reescape(text string) string {
	plain, err := url.QueryUnescape(text)
	if err != nil {
		return text
	}
	return escape(plain)
}

// escape is RFC 3986's percent-encoding with AWS's set of plain characters.
func escape(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-._~", c) >= 0:
			b.WriteByte(c)
		default:
			b.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{c})))
		}
	}
	return b.String()
}

// canonicalHeader joins a header's values, each with its runs of spaces made
// one. net/http keeps Host and Content-Length apart from the other headers.
func canonicalHeader(r *http.Request, name string) string {
	if name == "host" {
		return r.Host
	}
	values := slices.Clone(r.Header[textproto.CanonicalMIMEHeaderKey(name)])
	if len(values) == 0 && name == "content-length" && r.ContentLength >= 0 {
		return strconv.FormatInt(r.ContentLength, 10)
	}
	for i, value := range values {
		values[i] = squeeze(value)
	}
	return strings.Join(values, ",")
}

func squeeze(value string) string {
	value = strings.Trim(value, " \t")
	for strings.Contains(value, "  ") {
		value = strings.ReplaceAll(value, "  ", " ")
	}
	return value
}

// signingKeys remembers keys of signatures that held: a key is good for a day, a region and a
// service, and costs four hashes to derive.
type signingKeys struct {
	mu  sync.RWMutex
	all map[signingKeyOf][]byte
}

type signingKeyOf struct{ secret, date, region, service string }

func (s *signature) keyOf(secret string) signingKeyOf {
	return signingKeyOf{secret, s.date, s.region, s.service}
}

// maxSigningKeys is when all are forgotten, yesterday's among them.
const maxSigningKeys = 4096

func (k *signingKeys) recall(of signingKeyOf) []byte {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.all[of]
}

func (k *signingKeys) keep(of signingKeyOf, key []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil || len(k.all) >= maxSigningKeys {
		k.all = map[signingKeyOf][]byte{}
	}
	k.all[of] = key
}

func (of signingKeyOf) derive() []byte {
	key := []byte("AWS4" + of.secret)
	for _, part := range []string{of.date, of.region, of.service, "aws4_request"} {
		key = hmacSHA256(key, part)
	}
	return key
}

func hmacSHA256(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexHash(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
