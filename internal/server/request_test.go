package server_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/slipway/slipway/internal/server/servertest"
)

const (
	codeDeploy = "codedeploy"
	commands   = "codedeploy-commands"

	listApplications = "CodeDeploy_20141006.ListApplications"
	pollHostCommand  = "CodeDeployCommandService_v20141006.PollHostCommand"
)

// A request is what a client sends, with every part open to change.
type request struct {
	service string
	method  string
	path    string
	target  string
	body    string
	as      aws.Credentials
	region  string
	off     time.Duration // how far the client's clock is ahead
	bare    bool          // not signed
}

// usual is an ordinary request to each service, by signing name.
func usual(service string) request {
	r := request{service: service, method: http.MethodPost, path: "/", region: servertest.Region}
	switch service {
	case codeDeploy:
		r.target, r.body = listApplications, "{}"
	case commands:
		r.target, r.body = pollHostCommand, `{"HostIdentifier":"x"}`
	case "iam":
		r.body = "Action=ListUsers&Version=2010-05-08"
	case "sts":
		r.body = "Action=GetCallerIdentity&Version=2011-06-15"
	case "s3":
		r.method = http.MethodGet
	}
	return r
}

func (r request) make(t *testing.T, url string) *http.Request {
	t.Helper()
	out, err := http.NewRequestWithContext(t.Context(), r.method, url+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if r.target != "" {
		out.Header.Set("X-Amz-Target", r.target)
		out.Header.Set("Content-Type", "application/x-amz-json-1.1")
	} else if r.method == http.MethodPost {
		out.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	}
	if r.bare {
		return out
	}
	sum := sha256.Sum256([]byte(r.body))
	hash := hex.EncodeToString(sum[:])
	if r.service == "s3" {
		out.Header.Set("X-Amz-Content-Sha256", hash)
	}
	err = v4.NewSigner().SignHTTP(t.Context(), r.as, out, hash, r.service, r.region, time.Now().Add(r.off))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// send returns the status and the body of the answer.
func (r request) send(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.DefaultClient.Do(r.make(t, url))
	if err != nil {
		t.Fatalf("%s: no answer: %v", r.service, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func credentialsOf(t *testing.T, cfg aws.Config) aws.Credentials {
	t.Helper()
	c, err := cfg.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// An answer is what a client must be told: a status, and parts of the body.
type answer struct {
	status int
	parts  []string
}

func (want answer) check(t *testing.T, status int, body string) {
	t.Helper()
	if status != want.status {
		t.Errorf("status %d, want %d: %s", status, want.status, body)
	}
	for _, part := range want.parts {
		if !strings.Contains(body, part) {
			t.Errorf("answer %s, want %s in it", body, part)
		}
	}
}

// TestWhoCalls is what each service says to callers that it cannot believe.
func TestWhoCalls(t *testing.T) {
	s := servertest.Start(t)
	admin := credentialsOf(t, s.Admin)
	for name, c := range map[string]struct {
		change func(*request)
		want   map[string]answer
	}{
		"a clock that is late": {func(r *request) { r.off = -20 * time.Minute }, map[string]answer{
			codeDeploy: {400, []string{`"__type":"InvalidSignatureException"`, "Signature expired: ", " is now earlier than "}},
			commands:   {400, []string{`"__type":"InvalidSignatureException"`, "Signature expired: "}},
			"iam":      {403, []string{"<Code>SignatureDoesNotMatch</Code>", "Signature expired: "}},
			"sts":      {403, []string{"<Code>SignatureDoesNotMatch</Code>", "Signature expired: "}},
			"s3":       {403, []string{"<Code>RequestTimeTooSkewed</Code>"}},
		}},
		"a clock that is early": {func(r *request) { r.off = 20 * time.Minute }, map[string]answer{
			codeDeploy: {400, []string{`"__type":"InvalidSignatureException"`, "Signature not yet current: "}},
			commands:   {400, []string{`"__type":"InvalidSignatureException"`, "Signature not yet current: "}},
			"iam":      {403, []string{"<Code>SignatureDoesNotMatch</Code>", "Signature not yet current: "}},
			"sts":      {403, []string{"<Code>SignatureDoesNotMatch</Code>", "Signature not yet current: "}},
			"s3":       {403, []string{"<Code>RequestTimeTooSkewed</Code>"}},
		}},
		"an unknown key": {func(r *request) { r.as.AccessKeyID = "AKIANOBODYHASTHISKEY" }, map[string]answer{
			codeDeploy: {400, []string{`"__type":"UnrecognizedClientException"`}},
			commands:   {400, []string{`"__type":"UnrecognizedClientException"`}},
			"iam":      {403, []string{"<Code>InvalidClientTokenId</Code>"}},
			"sts":      {403, []string{"<Code>InvalidClientTokenId</Code>"}},
			"s3":       {403, []string{"<Code>InvalidAccessKeyId</Code>"}},
		}},
		"a wrong secret": {func(r *request) { r.as.SecretAccessKey = "wrong" }, map[string]answer{
			codeDeploy: {400, []string{`"__type":"InvalidSignatureException"`, "does not match the signature you provided"}},
			commands:   {400, []string{`"__type":"InvalidSignatureException"`}},
			"iam":      {403, []string{"<Code>SignatureDoesNotMatch</Code>"}},
			"sts":      {403, []string{"<Code>SignatureDoesNotMatch</Code>"}},
			"s3":       {403, []string{"<Code>SignatureDoesNotMatch</Code>"}},
		}},
		"no signature": {func(r *request) { r.bare = true }, map[string]answer{
			codeDeploy: {400, []string{`"__type":"MissingAuthenticationTokenException"`}},
			commands:   {400, []string{`"__type":"MissingAuthenticationTokenException"`}},
			"iam":      {403, []string{"<Code>MissingAuthenticationToken</Code>"}},
			"sts":      {403, []string{"<Code>MissingAuthenticationToken</Code>"}},
		}},
	} {
		for service, want := range c.want {
			t.Run(name+"/"+service, func(t *testing.T) {
				r := usual(service)
				r.as = admin
				c.change(&r)
				status, body := r.send(t, s.URL)
				want.check(t, status, body)
				if strings.Contains(body, admin.SecretAccessKey) {
					t.Error("the answer tells the secret")
				}
			})
		}
	}
}

// TestObjectsNeedASignature: "GET /" without one is the greeting, an object is refused.
func TestObjectsNeedASignature(t *testing.T) {
	s := servertest.Start(t)
	r := request{service: "s3", method: http.MethodGet, path: "/bucket/key", bare: true}
	status, body := r.send(t, s.URL)
	answer{403, []string{"<Code>AccessDenied</Code>"}}.check(t, status, body)
}

// TestRegions: CodeDeploy and IAM take a signature for any region, because clients of one
// server that is nowhere have it set to anything. S3 takes the server's, and says which.
func TestRegions(t *testing.T) {
	s := servertest.Start(t)
	for service, want := range map[string]answer{
		codeDeploy: {200, []string{`"applications"`}},
		"iam":      {200, []string{"<UserName>administrator</UserName>"}},
		"sts":      {200, []string{"user/administrator"}},
		"s3":       {400, []string{"<Code>AuthorizationHeaderMalformed</Code>", "us-east-1"}},
	} {
		t.Run(service, func(t *testing.T) {
			r := usual(service)
			r.as, r.region = credentialsOf(t, s.Admin), "eu-central-1"
			status, body := r.send(t, s.URL)
			want.check(t, status, body)
		})
	}
}

// TestWhatIsAsked is what callers who are believed are told of requests that make no sense.
func TestWhatIsAsked(t *testing.T) {
	s := servertest.Start(t)
	admin := credentialsOf(t, s.Admin)
	for name, c := range map[string]struct {
		service string
		change  func(*request)
		want    answer
	}{
		"not JSON": {codeDeploy, func(r *request) { r.body = "applications please" },
			answer{400, []string{`"__type":"SerializationException"`}}},
		"broken JSON": {commands, func(r *request) { r.body = `{"HostIdentifier":` },
			answer{400, []string{`"__type":"SerializationException"`}}},
		"bytes": {codeDeploy, func(r *request) { r.body = "{\"\xff\x00\":\x01}" },
			answer{400, []string{`"__type":"SerializationException"`}}},
		"deep JSON": {codeDeploy, func(r *request) { r.body = strings.Repeat(`{"a":`, 100_000) },
			answer{400, []string{`"__type":"SerializationException"`}}},
		"unknown operation": {codeDeploy, func(r *request) { r.target = "CodeDeploy_20141006.Explode" },
			answer{400, []string{`"__type":"UnknownOperationException"`, "Explode"}}},
		"unknown command": {commands, func(r *request) { r.target = "CodeDeployCommandService_v20141006.Explode" },
			answer{400, []string{`"__type":"UnknownOperationException"`, "Explode"}}},
		"another service's operation": {codeDeploy, func(r *request) { r.target = pollHostCommand },
			answer{400, []string{`"__type":"UnknownOperationException"`}}},
		"another service's signature": {"dynamodb", func(r *request) { r.target = listApplications },
			answer{400, []string{`"__type":"InvalidSignatureException"`, "dynamodb"}}},
		"unknown action": {"iam", func(r *request) { r.body = "Action=Explode&Version=2010-05-08" },
			answer{400, []string{"<Code>InvalidAction</Code>", "Explode"}}},
		"not a form": {"iam", func(r *request) { r.body = "%zz=&&;;=%" },
			answer{400, []string{"<Code>"}}},
		"another path": {codeDeploy, func(r *request) { r.path = "/elsewhere" },
			answer{404, []string{`"__type":"UnknownOperationException"`}}},
		"another method": {codeDeploy, func(r *request) { r.method = http.MethodPut },
			answer{404, []string{`"__type":"UnknownOperationException"`}}},
		"a body of 100 MB": {codeDeploy, func(r *request) { r.body = strings.Repeat(" ", 100<<20) },
			answer{413, []string{`"__type":"RequestEntityTooLargeException"`, "larger than"}}},
	} {
		t.Run(name, func(t *testing.T) {
			r := usual(c.service)
			r.as = admin
			c.change(&r)
			if r.method == "" {
				r.method = http.MethodPost
			}
			status, body := r.send(t, s.URL)
			c.want.check(t, status, body)
		})
	}
}
