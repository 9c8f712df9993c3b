package agent

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Our signatures are those of AWS's SDK.
func TestSignAsTheSDKDoes(t *testing.T) {
	now := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	request := func(method, address string, header ...string) *http.Request {
		r, err := http.NewRequestWithContext(context.Background(), method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		return r
	}
	for _, c := range []struct {
		service, token, body string
		make                 func() *http.Request
	}{
		{"codedeploy-commands", "", `{"HostIdentifier":"x"}`, func() *http.Request {
			return request("POST", "https://codedeploy-commands.us-east-1.amazonaws.com/", "X-Amz-Target", "A.B", "Content-Type", "application/x-amz-json-1.1")
		}},
		{"codedeploy-commands", "a/session+token=", "{}", func() *http.Request { return request("POST", "http://127.0.0.1:8000/", "X-Amz-Target", "A.  B ") }},
		{"s3", "", "", func() *http.Request {
			return request("GET", "http://127.0.0.1/b/a%20b/%C3%BC?versionId=3%2F%2B%20x&a=b", "Range", "bytes=7-", "If-Match", `"e"`)
		}},
		{"s3", "t", "", func() *http.Request { return request("GET", "https://s3.eu-west-1.amazonaws.com") }},
	} {
		host := Host{Region: "us-east-1", Credentials: Credentials{AccessKeyID: "AKID", SecretAccessKey: "s3cret/+", SessionToken: c.token}}
		ours, theirs := c.make(), c.make()
		if err := sign(t.Context(), host, ours, []byte(c.body), c.service, now); err != nil {
			t.Fatal(err)
		}
		theirs.Header.Set("X-Amz-Content-Sha256", hexSum([]byte(c.body)))
		err := v4.NewSigner().SignHTTP(t.Context(), aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "s3cret/+", SessionToken: c.token},
			theirs, hexSum([]byte(c.body)), c.service, "us-east-1", now, func(o *v4.SignerOptions) { o.DisableURIPathEscaping = c.service == "s3" })
		if err != nil {
			t.Fatal(err)
		}
		if got, want := ours.Header.Get("Authorization"), theirs.Header.Get("Authorization"); got != want {
			t.Errorf("%s %s\ngot  %s\nwant %s", theirs.Method, theirs.URL, got, want)
		}
	}
}
