package agent

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Credentials are an access key, with the token of its session if it is temporary.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	// Expires is when the service stops taking them; zero when it does not, or nobody knows.
	Expires time.Time
}

// A CredentialsProvider returns the keys to sign with now. It is asked for every request and
// renews what is about to expire.
type CredentialsProvider interface {
	Retrieve(ctx context.Context) (Credentials, error)
}

// Retrieve returns the keys themselves, which never change.
func (c Credentials) Retrieve(context.Context) (Credentials, error) { return c, nil }

// sign adds a signature (SigV4) to a request whose path is escaped as SigV4 has it. It is written
// out here because AWS's SDK for it would add 90 KB and a dozen packages to the program.
func sign(ctx context.Context, host Host, r *http.Request, body []byte, service string, now time.Time) error {
	credentials, err := host.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	hash := hexSum(body)
	date := now.UTC().Format("20060102T150405Z")
	r.Header.Set("X-Amz-Content-Sha256", hash)
	r.Header.Set("X-Amz-Date", date)
	if credentials.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", credentials.SessionToken)
	}
	names, headers := signedHeaders(r)
	canonical := strings.Join([]string{r.Method, cmp.Or(r.URL.EscapedPath(), "/"), canonicalQuery(r.URL), headers, names, hash}, "\n")
	scope := strings.Join([]string{date[:8], host.Region, service, "aws4_request"}, "/")
	key := []byte("AWS4" + credentials.SecretAccessKey)
	for part := range strings.SplitSeq(scope, "/") {
		key = hmacSum(key, part)
	}
	signature := hex.EncodeToString(hmacSum(key, strings.Join([]string{"AWS4-HMAC-SHA256", date, scope, hexSum([]byte(canonical))}, "\n")))
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+credentials.AccessKeyID+"/"+scope+", SignedHeaders="+names+", Signature="+signature)
	return nil
}

// signedHeaders are the host and all headers that the request has so far: their names, and each
// with its value on a line of its own.
func signedHeaders(r *http.Request) (names, lines string) {
	values := map[string]string{"host": cmp.Or(r.Host, r.URL.Host)}
	for name, value := range r.Header {
		if name != "Authorization" {
			values[strings.ToLower(name)] = strings.Join(strings.Fields(strings.Join(value, ",")), " ")
		}
	}
	var list []string
	for name := range values {
		list = append(list, name)
	}
	slices.Sort(list)
	var b strings.Builder
	for _, name := range list {
		b.WriteString(name + ":" + values[name] + "\n")
	}
	return strings.Join(list, ";"), b.String()
}

// canonicalQuery is the query in order, with a space as %20.
func canonicalQuery(u *url.URL) string {
	return strings.ReplaceAll(u.Query().Encode(), "+", "%20")
}

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func hmacSum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
