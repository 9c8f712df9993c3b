package awswire

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

func TestSignaturesThatHold(t *testing.T) {
	server := serve(t, io.Discard, keyring{}, 0)
	tests := map[string]call{
		"plain":                  {},
		"without stated hash":    {noHash: true},
		"four minutes slow":      {at: now.Add(-4 * time.Minute)},
		"five minutes fast":      {at: now.Add(5 * time.Minute)},
		"odd query":              {url: "/?b=2&a=%20x+y&a=1&empty&%E2%82%AC=%2F&plus=a%2Bb"},
		"spaces in a header":     {header: http.Header{"X-Note": {"  a   b  "}}},
		"header given twice":     {header: http.Header{"X-Note": {"one", " two "}}},
		"header with no value":   {header: http.Header{"X-Note": {""}}},
		"proxy adds a header":    {mangle: func(r *http.Request) { r.Header.Set("X-Forwarded-For", "10.0.0.1") }},
		"trace id is not signed": {mangle: func(r *http.Request) { r.Header.Set("X-Amzn-Trace-Id", "Root=1") }},
	}
	for name, c := range tests {
		t.Run(name, func(t *testing.T) {
			c.target, c.body = echo, `{"name":"x"}`
			if response, body := c.do(t, server.URL); response.StatusCode != 200 {
				t.Errorf("got %d %s", response.StatusCode, body)
			}
		})
	}
}

// Paths other than / reach no operation, yet their signature must hold: the
// answer is 404, not a mismatch.
func TestOddPathsAreVerified(t *testing.T) {
	server := serve(t, io.Discard, keyring{}, 0)
	for _, path := range []string{"/a%20b", "/a/b%2Fc", "/~x-y_z.", "/%E2%82%AC", "//double", "/semi;colon=1", "/a+b@c:d"} {
		if response, body := (call{target: echo, url: path}).do(t, server.URL); response.StatusCode != 404 {
			t.Errorf("%s: got %d %s", path, response.StatusCode, body)
		}
	}
}

func TestSessionTokens(t *testing.T) {
	server := serve(t, io.Discard, keyring{token: "tok"}, 0)
	session := aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret, SessionToken: "tok"}
	if response, body := (call{target: echo, key: session}).do(t, server.URL); response.StatusCode != 200 {
		t.Errorf("right token: got %d %s", response.StatusCode, body)
	}
	if _, body := (call{target: echo}).do(t, server.URL); !strings.Contains(body, "UnrecognizedClientException") {
		t.Errorf("no token: got %s", body)
	}
}

// denials are refused by both protocols, each in its own code.
var denials = []struct {
	name        string
	call        call
	json, query string
	status      int // of Query; JSON's is always 400
	message     string
}{
	{"wrong secret", call{key: aws.Credentials{AccessKeyID: keyID, SecretAccessKey: "guess"}},
		"InvalidSignatureException", "SignatureDoesNotMatch", 403, "The request signature we calculated does not match"},
	{"unknown key", call{key: aws.Credentials{AccessKeyID: "AKIAUNKNOWN", SecretAccessKey: secret}},
		"UnrecognizedClientException", "InvalidClientTokenId", 403, "The security token included in the request is invalid."},
	{"unsigned", call{unsigned: true},
		"MissingAuthenticationTokenException", "MissingAuthenticationToken", 403, "Missing Authentication Token"},
	{"six minutes slow", call{at: now.Add(-15 * time.Minute)},
		"InvalidSignatureException", "SignatureDoesNotMatch", 403,
		"Signature expired: 20261122T101010Z is now earlier than 20261122T102010Z (20261122T102510Z - 5 min.)"},
	{"six minutes fast", call{at: now.Add(6 * time.Minute)},
		"InvalidSignatureException", "SignatureDoesNotMatch", 403,
		"Signature not yet current: 20261122T103110Z is still later than 20261122T103010Z (20261122T102510Z + 5 min.)"},
	{"body changed", call{noHash: true, mangle: otherBody},
		"InvalidSignatureException", "SignatureDoesNotMatch", 403, "does not match"},
	{"body and stated hash differ", call{mangle: otherBody},
		"InvalidSignatureException", "SignatureDoesNotMatch", 403, "X-Amz-Content-Sha256"},
	{"query added", call{mangle: func(r *http.Request) { r.URL.RawQuery = "Action=DeleteUser" }},
		"InvalidSignatureException", "SignatureDoesNotMatch", 403, "does not match"},
	{"host changed", call{mangle: func(r *http.Request) { r.Host = "elsewhere" }},
		"InvalidSignatureException", "SignatureDoesNotMatch", 403, "does not match"},
	{"date moved", call{mangle: func(r *http.Request) { r.Header.Set("X-Amz-Date", "20261122T102511Z") }},
		"InvalidSignatureException", "SignatureDoesNotMatch", 403, "does not match"},
	{"token of no session", call{key: aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret, SessionToken: "t"}},
		"UnrecognizedClientException", "InvalidClientTokenId", 403, ""},
	{"no signed headers", call{mangle: authorization("AWS4-HMAC-SHA256 Credential=" + keyID + "/20261122/us-east-1/SCOPE/aws4_request")},
		"IncompleteSignatureException", "IncompleteSignature", 400, "Authorization header requires"},
}

// otherBody keeps the length, which the SDK signs as well.
func otherBody(r *http.Request) {
	r.GetBody = nil
	r.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", int(r.ContentLength))))
}

func authorization(value string) func(*http.Request) {
	return func(r *http.Request) {
		scope, _, _, _ := ScopeOf(r)
		r.Header.Set("Authorization", strings.Replace(value, "SCOPE", scope, 1))
	}
}

func TestSignaturesThatDoNotHold(t *testing.T) {
	server := serve(t, io.Discard, keyring{}, 0)
	for _, test := range denials {
		t.Run(test.name, func(t *testing.T) {
			c := test.call
			c.target, c.body = echo, `{}`
			response, body := c.do(t, server.URL)
			if response.StatusCode != 400 || !strings.Contains(body, `"__type":"`+test.json+`"`) || !strings.Contains(body, test.message) {
				t.Errorf("JSON: got %d %s", response.StatusCode, body)
			}
			if response.Header.Get("Date") == "" {
				t.Error("JSON: no Date header, by which clients correct their clocks")
			}
			c.target, c.body = "", "Action=Silent&Version=2010-05-08"
			response, body = c.do(t, server.URL)
			if response.StatusCode != test.status || !strings.Contains(body, "<Code>"+test.query+"</Code>") || !strings.Contains(body, test.message) {
				t.Errorf("Query: got %d %s", response.StatusCode, body)
			}
		})
	}
}

func TestWhatGivesMeaningMustBeSigned(t *testing.T) {
	server := serve(t, io.Discard, keyring{}, 0)
	swapped := call{body: `{}`, scope: "codedeploy", mangle: func(r *http.Request) { r.Header.Set("X-Amz-Target", echo) }}
	if _, body := swapped.do(t, server.URL); !strings.Contains(body, "'x-amz-target' must be a 'SignedHeader'") {
		t.Errorf("an unsigned operation was taken: %s", body)
	}
}

func TestMalformedAuthorization(t *testing.T) {
	const credential = "Credential=" + keyID + "/20261122/us-east-1/codedeploy/aws4_request"
	server := serve(t, io.Discard, keyring{}, 0)
	for _, value := range []string{
		"AWS4-HMAC-SHA256",
		"AWS4-HMAC-SHA256 " + credential,
		"AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host",
		"AWS4-HMAC-SHA256 " + credential + ", Signature=00",
		"AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=00",
		"Bearer abc",
		"AWS4-ECDSA-P256-SHA256 " + credential + ", SignedHeaders=host, Signature=00",
	} {
		response, body := call{target: echo, mangle: authorization(value)}.do(t, server.URL)
		if response.StatusCode != 400 || !strings.Contains(body, "IncompleteSignatureException") {
			t.Errorf("%s: got %d %s", value, response.StatusCode, body)
		}
	}
}

func TestAnotherService(t *testing.T) {
	server := serve(t, io.Discard, keyring{}, 0)
	_, body := call{target: "AmazonEC2.Run", scope: "ec2"}.do(t, server.URL)
	if !strings.Contains(body, `a service of this server (codedeploy, iam), not \"ec2\"`) {
		t.Errorf("got %s", body)
	}
}

func TestScopeOf(t *testing.T) {
	signed := call{target: echo}.request(t, "http://localhost")
	presigned := httptest.NewRequest("GET", "/b/k?X-Amz-Credential=AK%2FIA%2F20261122%2Feu-west-1%2Fs3%2Faws4_request", nil)
	plain := httptest.NewRequest("GET", "/", nil)
	tests := []struct {
		request              *http.Request
		service, region, key string
		ok                   bool
	}{
		{signed, "codedeploy", "us-east-1", keyID, true},
		{presigned, "s3", "eu-west-1", "AK/IA", true},
		{plain, "", "", "", false},
	}
	for _, test := range tests {
		service, region, key, ok := ScopeOf(test.request)
		if service != test.service || region != test.region || key != test.key || ok != test.ok {
			t.Errorf("got %q %q %q %v, want %+v", service, region, key, ok, test)
		}
	}
}

func BenchmarkAuthenticated(b *testing.B) {
	g := Authenticated(keyring{}, func() time.Time { return now }, 0,
		JSON([]string{"codedeploy"}, []string{"CodeDeploy_20141006"}, operations(), nil))
	r := call{target: echo}.request(b, "http://localhost")
	for b.Loop() {
		r.Body = io.NopCloser(strings.NewReader(""))
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
