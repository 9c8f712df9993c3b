package awswire

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var now = time.Date(2026, 11, 22, 10, 25, 10, 0, time.UTC)

const (
	keyID  = "AKIAIOSFODNN7EXAMPLE"
	secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// keyring is Keys with one key, optionally of a session.
type keyring struct {
	token string
	err   error
}

func (k keyring) Secret(_ context.Context, id, token string) (string, any, error) {
	if k.err != nil {
		return "", nil, k.err
	}
	if id != keyID || token != k.token {
		return "", nil, nil
	}
	return secret, "alice", nil
}

type echoInput struct {
	Name  *string  `json:"name"`
	Count *int32   `json:"count"`
	Tags  []string `json:"tags"`
}

type echoOutput struct {
	Name   *string  `json:"name,omitempty"`
	Caller string   `json:"caller"`
	Tags   []string `json:"tags,omitzero"`
}

// operations used by the tests of both protocols.
func operations() Operations {
	return Operations{
		"Echo": Op(func(ctx context.Context, in *echoInput) (*echoOutput, error) {
			return &echoOutput{Name: in.Name, Caller: Caller(ctx).(string), Tags: in.Tags}, nil
		}),
		"Silent":  Op(func(context.Context, *struct{}) (*Empty, error) { return nil, nil }),
		"Nothing": Op(func(context.Context, *struct{}) (*struct{}, error) { return nil, nil }),
		"Refuse": Op(func(context.Context, *struct{}) (*struct{}, error) {
			return nil, &Error{"NoSuchEntity", `no <"thing"> & more`, http.StatusNotFound}
		}),
		"Foreign": Op(func(context.Context, *struct{}) (*struct{}, error) { return nil, foreign{} }),
		"Break": Op(func(context.Context, *struct{}) (*struct{}, error) {
			return nil, errors.New("disk on fire at /var/secret")
		}),
		"Panic": Op(func(context.Context, *struct{}) (*struct{}, error) { panic("at the disco") }),
	}
}

// foreign is an error of a package that does not know awswire.
type foreign struct{}

func (foreign) Error() string        { return "foreign" }
func (foreign) ErrorCode() string    { return "ForeignException" }
func (foreign) ErrorMessage() string { return "from abroad" }

func serve(t testing.TB, log io.Writer, keys Keys, maxBody int64) *httptest.Server {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(log, nil))
	server := httptest.NewServer(Authenticated(keys, func() time.Time { return now }, maxBody,
		JSON([]string{"codedeploy"}, []string{"CodeDeploy_20141006"}, operations(), logger),
		Query("iam", "2010-05-08", "https://iam.example/", operations(), logger),
	))
	t.Cleanup(server.Close)
	return server
}

// call is a request as a client makes it, signed by the SDK's signer.
type call struct {
	target   string // JSON operation with its prefix; empty for Query
	scope    string // signing name; default codedeploy, or iam for Query
	url      string // path and query; default /
	body     string
	header   http.Header
	key      aws.Credentials
	at       time.Time
	mangle   func(*http.Request) // after signing
	noHash   bool                // leave X-Amz-Content-Sha256 out
	unsigned bool
}

func (c call) request(t testing.TB, base string) *http.Request {
	t.Helper()
	if c.url == "" {
		c.url = "/"
	}
	r, err := http.NewRequest(http.MethodPost, base+c.url, strings.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	scope := "iam"
	if c.target != "" {
		scope = "codedeploy"
		r.Header.Set("X-Amz-Target", c.target)
	}
	if c.scope != "" {
		scope = c.scope
	}
	for name, values := range c.header {
		r.Header[name] = values
	}
	if c.at.IsZero() {
		c.at = now
	}
	if c.key.AccessKeyID == "" {
		c.key = aws.Credentials{AccessKeyID: keyID, SecretAccessKey: secret}
	}
	sum := sha256.Sum256([]byte(c.body))
	hash := hex.EncodeToString(sum[:])
	if !c.noHash {
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	if !c.unsigned {
		if err := v4.NewSigner().SignHTTP(t.Context(), c.key, r, hash, scope, "us-east-1", c.at); err != nil {
			t.Fatal(err)
		}
	}
	if c.mangle != nil {
		c.mangle(r)
	}
	return r
}

func (c call) do(t testing.TB, base string) (*http.Response, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(c.request(t, base))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

const echo = "CodeDeploy_20141006.Echo"

func TestJSON(t *testing.T) {
	var log bytes.Buffer
	server := serve(t, &log, keyring{}, 0)
	tests := []struct {
		name   string
		call   call
		status int
		body   string
	}{
		{"echo", call{target: echo, body: `{"name":"a<b","tags":[],"unknown":1}`}, 200, `{"name":"a<b","caller":"alice","tags":[]}`},
		{"no body", call{target: echo}, 200, `{"caller":"alice"}`},
		{"empty body out", call{target: "CodeDeploy_20141006.Silent", body: `{}`}, 200, ``},
		{"empty structure out", call{target: "CodeDeploy_20141006.Nothing", body: `{}`}, 200, `{}`},
		{"refusal", call{target: "CodeDeploy_20141006.Refuse"}, 404, `{"__type":"NoSuchEntity","message":"no <\"thing\"> & more"}`},
		{"another package's error", call{target: "CodeDeploy_20141006.Foreign"}, 400, `{"__type":"ForeignException","message":"from abroad"}`},
		{"wrong type", call{target: echo, body: `{"name":5}`}, 400, `{"__type":"SerializationException","message":"NUMBER_VALUE can not be converted to String (member name)."}`},
		{"not an integer", call{target: echo, body: `{"count":1.5}`}, 400, `{"__type":"SerializationException","message":"NUMBER_VALUE can not be converted to Integer (member count)."}`},
		{"array", call{target: echo, body: `[]`}, 400, `{"__type":"SerializationException","message":"The request's body is not a JSON object."}`},
		{"two objects", call{target: echo, body: `{} {}`}, 400, `{"__type":"SerializationException","message":"The request's body could not be read: invalid character '{' after top-level value, at byte 3."}`},
		{"unknown operation", call{target: "CodeDeploy_20141006.Explode"}, 400, `{"__type":"UnknownOperationException","message":"Unknown operation \"Explode\"."}`},
		{"unknown prefix", call{target: "DynamoDB_20120810.Echo"}, 400, `{"__type":"UnknownOperationException","message":"Unknown target \"DynamoDB_20120810.Echo\"; operations are named CodeDeploy_20141006.<Operation>."}`},
		{"other path", call{target: echo, url: "/elsewhere"}, 404, `{"__type":"UnknownOperationException","message":"An operation is a POST to /."}`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			response, body := test.call.do(t, server.URL)
			if response.StatusCode != test.status || body != test.body {
				t.Errorf("got %d %s\nwant %d %s", response.StatusCode, body, test.status, test.body)
			}
			if got := response.Header.Get("Content-Type"); got != "application/x-amz-json-1.1" {
				t.Errorf("content type %q", got)
			}
			if got := response.Header.Get("x-amzn-RequestId"); len(got) != 36 {
				t.Errorf("request id %q", got)
			}
		})
	}
	if log.Len() > 0 {
		t.Errorf("clients' mistakes were logged: %s", &log)
	}
}

func TestUnknownErrorsAreMaskedAndLoggedOnce(t *testing.T) {
	for _, operation := range []string{"Break", "Panic"} {
		var log bytes.Buffer
		server := serve(t, &log, keyring{}, 0)
		response, body := call{target: "CodeDeploy_20141006." + operation}.do(t, server.URL)
		if response.StatusCode != 500 || !strings.HasPrefix(body, `{"__type":"InternalFailure"`) || strings.Contains(body, "secret") {
			t.Errorf("%s: got %d %s", operation, response.StatusCode, body)
		}
		id := response.Header.Get("x-amzn-RequestId")
		if got := log.String(); strings.Count(got, "level=ERROR") != 1 || !strings.Contains(got, id) {
			t.Errorf("%s: logged %q, want one line with %s", operation, got, id)
		}
	}
}

func TestFailingKeysAreMasked(t *testing.T) {
	var log bytes.Buffer
	server := serve(t, &log, keyring{err: errors.New("database is locked")}, 0)
	response, body := call{target: echo}.do(t, server.URL)
	if response.StatusCode != 500 || strings.Contains(body, "locked") || !strings.Contains(log.String(), "database is locked") {
		t.Errorf("got %d %s; logged %s", response.StatusCode, body, &log)
	}
	server = serve(t, &log, keyring{err: &Error{Code: "ExpiredTokenException", Message: "gone"}}, 0)
	if response, body := (call{target: echo}).do(t, server.URL); response.StatusCode != 400 || !strings.Contains(body, "ExpiredTokenException") {
		t.Errorf("got %d %s", response.StatusCode, body)
	}
}

func TestBodyBeyondTheBound(t *testing.T) {
	server := serve(t, io.Discard, keyring{}, 1000)
	for _, size := range []int{1001, 20 << 20} {
		response, body := call{target: echo, body: strings.Repeat(" ", size)}.do(t, server.URL)
		if response.StatusCode != 413 || !strings.Contains(body, "RequestEntityTooLargeException") {
			t.Errorf("%d bytes: got %d %s", size, response.StatusCode, body)
		}
		chunked := call{target: echo, body: strings.Repeat(" ", size), mangle: func(r *http.Request) { r.ContentLength = -1 }}
		if response, body := chunked.do(t, server.URL); response.StatusCode != 413 || !response.Close {
			t.Errorf("%d bytes, chunked: got %d %s", size, response.StatusCode, body)
		}
	}
	if response, body := (call{target: echo, body: strings.Repeat(" ", 998) + "{}"}).do(t, server.URL); response.StatusCode != 200 {
		t.Errorf("1000 bytes: got %d %s", response.StatusCode, body)
	}
}
