package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/slipway/slipway/test/awscli"
)

const (
	adminKey, adminSecret = "AKIAADMIN00000000000", "admin-secret"
	readKey, readSecret   = "AKIAREADER0000000000", "reader-secret"
)

// world is a gateway behind a server, with an administrator and somebody who may read what
// lies in bucket/open/.
type world struct {
	*Gateway
	url, dir string
	mu       sync.Mutex
	asked    []string // what Authorize was asked about the reader
}

func (w *world) Secret(_ context.Context, id string) (string, bool, error) {
	secret, ok := map[string]string{adminKey: adminSecret, readKey: readSecret}[id]
	return secret, ok, nil
}

type keyError string

func (e keyError) Error() string     { return string(e) }
func (e keyError) ErrorCode() string { return string(e) }

// Check knows one token, of the reader.
func (w *world) Check(_ context.Context, id, token string) error {
	switch {
	case token == "expired" && id == readKey:
		return keyError("ExpiredToken")
	case token == "valid" && id == readKey, token == "" && (id == adminKey || id == readKey):
		return nil
	}
	return keyError("InvalidClientTokenId")
}

func (w *world) authorize(_ context.Context, id, action, resource string, keys map[string][]string) error {
	if id == adminKey {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, action+" "+resource)
	if action == "s3:ListBucket" && slices.Equal(keys["s3:prefix"], []string{"open/"}) {
		return nil
	}
	if action == "s3:GetObject" && strings.HasPrefix(resource, "arn:aws:s3:::bucket/open/") ||
		action == "s3:PutObject" && resource == "arn:aws:s3:::bucket/open/c" {
		return nil
	}
	return fmt.Errorf("User: reader is not authorized to perform: %s on resource: %s", action, resource)
}

func start(t *testing.T) *world {
	t.Helper()
	return startIn(t, t.TempDir())
}

// startIn starts a gateway that ends with the test.
func startIn(t *testing.T, dir string) *world {
	t.Helper()
	w := &world{dir: dir}
	home, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chdir(home) }) // the gateway changes it
	w.Gateway, err = New(Config{
		Dir: filepath.Join(w.dir, "s3"), Region: "us-east-1", Keys: w, Authorize: w.authorize,
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	server := httptest.NewServer(w.Gateway)
	w.url = server.URL
	t.Cleanup(func() {
		server.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return w
}

func (w *world) client(key, secret string) *awss3.Client {
	return awss3.New(awss3.Options{
		Region: "us-east-1", BaseEndpoint: &w.url, UsePathStyle: true, RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, ""),
	})
}

// fill makes bucket with open/a and closed/b.
func (w *world) fill(t *testing.T) {
	t.Helper()
	admin := w.client(adminKey, adminSecret)
	if _, err := admin.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("bucket")}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"open/a", "closed/b"} {
		if _, err := admin.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: aws.String("bucket"), Key: &key, Body: strings.NewReader("in " + key)}); err != nil {
			t.Fatal(err)
		}
	}
}

func (w *world) run(t *testing.T, cli string, args ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), cli, append([]string{"--endpoint-url", w.url}, args...)...)
	command.Dir = w.dir
	command.Env = append(os.Environ(), "AWS_ENDPOINT_URL="+w.url, "AWS_DEFAULT_REGION=us-east-1", "AWS_DEFAULT_OUTPUT=json",
		"AWS_ACCESS_KEY_ID="+adminKey, "AWS_SECRET_ACCESS_KEY="+adminSecret, "AWS_EC2_METADATA_DISABLED=true")
	out, err := command.CombinedOutput()
	return string(out), err
}

func TestCommandLine(t *testing.T) {
	cli, err := awscli.Find()
	if err != nil {
		t.Skip("the AWS CLI is not installed")
	}
	w := start(t)
	big := make([]byte, 20<<20)
	rand.Read(big)
	for name, content := range map[string][]byte{"big": big, "small": []byte("one"), "small2": []byte("two")} {
		if err := os.WriteFile(filepath.Join(w.dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ args, want string }{
		{"s3 mb s3://releases", "make_bucket: releases"},
		{"s3api put-bucket-versioning --bucket releases --versioning-configuration Status=Enabled", ""},
		{"s3api get-bucket-versioning --bucket releases", `"Status": "Enabled"`},
		{"s3 cp --quiet big s3://releases/app/big", ""}, // three parts
		{"s3 cp --quiet s3://releases/app/big big.back", ""},
		{"s3 cp --quiet small s3://releases/app/small", ""},
		{"s3 cp --quiet small2 s3://releases/app/small", ""},
		{"s3 ls s3://releases/app/", "small"},
		{"s3api head-object --bucket releases --key app/big", `"ContentLength": 20971520`},
		{"s3api list-object-versions --bucket releases --prefix app/small", `"IsLatest": false`},
		{"s3 cp --quiet s3://releases/app/small -", "two"},
		{"s3 cp s3://releases/app/small s3://releases/copy", ""},
		{"s3 rm s3://releases/app/small", "delete: s3://releases/app/small"},
		{`s3api delete-objects --bucket releases --delete Objects=[{Key=copy},{Key=app/big}]`, `"Deleted"`},
		{"s3 ls", "releases"},
		{"s3 mb s3://empty", ""},
		{"s3 rb s3://empty", "remove_bucket: empty"},
	} {
		if out, err := w.run(t, cli, strings.Fields(step.args)...); err != nil || !strings.Contains(out, step.want) {
			t.Fatalf("aws %s: %v\n%s", step.args, err, out)
		}
	}
	back, err := os.ReadFile(filepath.Join(w.dir, "big.back"))
	if err != nil || !bytes.Equal(back, big) {
		t.Errorf("20 MB came back as %d other bytes, %v", len(back), err)
	}
}

func TestVersionsAndExists(t *testing.T) {
	w := start(t)
	w.fill(t)
	ctx, admin, bucket := t.Context(), w.client(adminKey, adminSecret), aws.String("bucket")
	_, err := admin.PutBucketVersioning(ctx, &awss3.PutBucketVersioningInput{Bucket: bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	if err != nil {
		t.Fatal(err)
	}
	var versions []string
	for _, body := range []string{"one", "two"} {
		put, err := admin.PutObject(ctx, &awss3.PutObjectInput{Bucket: bucket, Key: aws.String("k"), Body: strings.NewReader(body)})
		if err != nil || aws.ToString(put.VersionId) == "" {
			t.Fatalf("put %+v, %v", put, err)
		}
		versions = append(versions, *put.VersionId)
	}
	got, err := admin.GetObject(ctx, &awss3.GetObjectInput{Bucket: bucket, Key: aws.String("k"), VersionId: &versions[0]})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(got.Body); string(text) != "one" {
		t.Errorf("the first version is %q", text)
	}
	for _, test := range []struct {
		bucket, key, version string
		want                 bool
	}{
		{"bucket", "k", "", true}, {"bucket", "k", versions[0], true}, {"bucket", "k", versions[1], true},
		{"bucket", "k", "01ARZ3NDEKTSV4RRFFQ69G5FAV", false}, {"bucket", "k", "nonsense", false},
		{"bucket", "none", "", false}, {"nowhere", "k", "", false}, {"bucket", "open", "", false},
	} {
		if ok, err := w.Exists(ctx, test.bucket, test.key, test.version); err != nil || ok != test.want {
			t.Errorf("%+v: got %v, %v", test, ok, err)
		}
	}
	if _, err := admin.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: bucket, Key: aws.String("k")}); err != nil {
		t.Fatal(err)
	}
	if ok, err := w.Exists(ctx, "bucket", "k", ""); ok || err != nil {
		t.Errorf("deleted: %v, %v", ok, err)
	}
	if ok, err := w.Exists(ctx, "bucket", "k", versions[0]); !ok || err != nil {
		t.Errorf("deleted, by version: %v, %v", ok, err)
	}
}

// get asks for a path with a request that prepare may sign or spoil.
func (w *world) get(t *testing.T, method, target string, header http.Header) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, w.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.URL, err = url.Parse(w.url + target)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	return response.StatusCode, string(body)
}

// presigned is the path and query of a presigned GET.
func (w *world) presigned(t *testing.T, key, secret, object string, valid time.Duration) string {
	t.Helper()
	p := awss3.NewPresignClient(w.client(key, secret), awss3.WithPresignExpires(valid))
	r, err := p.PresignGetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("bucket"), Key: &object})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(r.URL, w.url)
}

func TestPresignedURLs(t *testing.T) {
	w := start(t)
	w.fill(t)
	good := w.presigned(t, adminKey, adminSecret, "closed/b", time.Minute)
	for _, test := range []struct {
		name, target string
		status       int
		body         string
	}{
		{"good", good, 200, "in closed/b"},
		{"tampered signature", good[:len(good)-1] + map[bool]string{true: "1", false: "0"}[good[len(good)-1] == '0'], 403, "SignatureDoesNotMatch"},
		{"another object", strings.Replace(good, "closed/b", "open/a", 1), 403, "SignatureDoesNotMatch"},
		{"the reader, not allowed", w.presigned(t, readKey, readSecret, "closed/b", time.Minute), 403, "<Code>AccessDenied</Code><Message>User: reader is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::bucket/closed/b"},
		{"the reader, allowed", w.presigned(t, readKey, readSecret, "open/a", time.Minute), 200, "in open/a"},
		{"unknown key", w.presigned(t, "AKIANOBODY", "x", "open/a", time.Minute), 403, "InvalidAccessKeyId"},
		{"signature version 2", "/bucket/open/a?AWSAccessKeyId=" + adminKey + "&Signature=x&Expires=9999999999", 400, "AWS4-HMAC-SHA256"},
		{"anonymous", "/bucket/open/a", 403, "<Code>AccessDenied</Code>"},
	} {
		if status, body := w.get(t, "GET", test.target, nil); status != test.status || !strings.Contains(body, test.body) {
			t.Errorf("%s: got %d %s", test.name, status, body)
		}
	}
}

func TestWrongSecretAndClock(t *testing.T) {
	w := start(t)
	w.fill(t)
	_, err := w.client(adminKey, "wrong").ListBuckets(t.Context(), &awss3.ListBucketsInput{})
	if err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
		t.Errorf("wrong secret: %v", err)
	}
	date := time.Now().Add(-time.Hour).UTC()
	status, body := w.get(t, "GET", "/bucket/open/a", http.Header{
		"X-Amz-Date":           {date.Format("20060102T150405Z")},
		"X-Amz-Content-Sha256": {"UNSIGNED-PAYLOAD"},
		"Authorization": {"AWS4-HMAC-SHA256 Credential=" + adminKey + "/" + date.Format("20060102") +
			"/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("0", 64)},
	})
	if status != 403 || !strings.Contains(body, "RequestTimeTooSkewed") {
		t.Errorf("an hour slow: %d %s", status, body)
	}
}

// A request that reads as one caller's here and as another's at versitygw would pass with the
// rights of the one and the signature of the other.
func TestTwoMeaningsAreRefused(t *testing.T) {
	w := start(t)
	w.fill(t)
	mine := w.presigned(t, readKey, readSecret, "closed/b", time.Minute)
	asAdmin := "AWS4-HMAC-SHA256 Credential=" + adminKey + "/20261122/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00"
	credential := "&X-Amz-Credential=" + url.QueryEscape(adminKey+"/20261122/us-east-1/s3/aws4_request")
	for name, test := range map[string]struct {
		method, target string
		header         http.Header
	}{
		"header and URL":          {"GET", mine, http.Header{"Authorization": {asAdmin}}},
		"two headers":             {"GET", "/bucket/closed/b", http.Header{"Authorization": {asAdmin, asAdmin}}},
		"two credentials":         {"GET", strings.Replace(mine, "?", "?"+credential[1:]+"&", 1), nil},
		"credential in odd case":  {"GET", mine + strings.ToLower(credential[:len("&X-Amz-Credential")]) + credential[len("&X-Amz-Credential"):], nil},
		"form with policy":        {"POST", "/bucket", http.Header{"Authorization": {asAdmin}, "Content-Type": {"multipart/form-data; boundary=x"}}},
		"unreadable query":        {"GET", mine + "&%zz", nil},
		"two prefixes":            {"GET", strings.Replace(mine, "bucket/closed/b?", "bucket?prefix=open/&prefix=closed/&", 1), nil},
		"two sources":             {"PUT", mine, http.Header{"X-Amz-Copy-Source": {"bucket/open/a", "bucket/closed/b"}}},
		"encoded slash":           {"GET", strings.Replace(mine, "closed/b", "open%2F..%2Fclosed/b", 1), nil},
		"semicolon in the query":  {"GET", mine + "&a;b", nil},
		"dots":                    {"GET", strings.Replace(mine, "closed/b", "open/../closed/b", 1), nil},
		"encoded dots":            {"GET", strings.Replace(mine, "closed/b", "open/%2e%2e/closed/b", 1), nil},
		"doubly encoded dots":     {"GET", strings.Replace(mine, "closed/b", "open/%252e%252e/closed/b", 1), nil},
		"double slash":            {"GET", strings.Replace(mine, "closed/b", "open//a", 1), nil},
		"administration":          {"PATCH", strings.Replace(mine, "bucket/closed/b", "create-user", 1), nil},
		"source without a bucket": {"PUT", mine, http.Header{"X-Amz-Copy-Source": {"nothing"}}},
	} {
		if status, body := w.get(t, test.method, test.target, test.header); status != 400 && status != 405 {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
}

func TestWhatTheReaderMayDo(t *testing.T) {
	w := start(t)
	w.fill(t)
	ctx, reader, bucket := t.Context(), w.client(readKey, readSecret), aws.String("bucket")
	got, err := reader.GetObject(ctx, &awss3.GetObjectInput{Bucket: bucket, Key: aws.String("open/a")})
	if err != nil {
		t.Fatal(err)
	}
	got.Body.Close()
	for _, test := range []struct {
		want string // the question that is refused
		do   func() error
	}{
		{"s3:GetObject arn:aws:s3:::bucket/closed/b", func() error {
			_, err := reader.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: bucket, Key: aws.String("closed/b")})
			return err
		}},
		{"s3:PutObject arn:aws:s3:::bucket/open/a", func() error {
			_, err := reader.PutObject(ctx, &awss3.PutObjectInput{Bucket: bucket, Key: aws.String("open/a"), Body: strings.NewReader("x")})
			return err
		}},
		{"s3:GetObject arn:aws:s3:::bucket/closed/b", func() error {
			_, err := w.client(readKey, readSecret).CopyObject(ctx, &awss3.CopyObjectInput{Bucket: bucket, Key: aws.String("open/c"), CopySource: aws.String("bucket/closed/b")})
			return err
		}},
		{"s3:DeleteObject arn:aws:s3:::bucket/open/a", func() error {
			_, err := reader.DeleteObjects(ctx, &awss3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("open/a")}}}})
			return err
		}},
		{"s3:ListBucket arn:aws:s3:::bucket", func() error {
			_, err := reader.ListObjectsV2(ctx, &awss3.ListObjectsV2Input{Bucket: bucket})
			return err
		}},
		{"s3:GetBucketVersioning arn:aws:s3:::bucket", func() error {
			_, err := reader.GetBucketVersioning(ctx, &awss3.GetBucketVersioningInput{Bucket: bucket})
			return err
		}},
		{"s3:GetObjectVersion arn:aws:s3:::bucket/open/a", func() error {
			_, err := reader.GetObject(ctx, &awss3.GetObjectInput{Bucket: bucket, Key: aws.String("open/a"), VersionId: aws.String("v")})
			return err
		}},
		{"s3:ListAllMyBuckets *", func() error { _, err := reader.ListBuckets(ctx, &awss3.ListBucketsInput{}); return err }},
		{"s3:CreateBucket arn:aws:s3:::other", func() error {
			_, err := reader.CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: aws.String("other")})
			return err
		}},
		{"s3:DeleteBucketPolicy arn:aws:s3:::bucket", func() error {
			_, err := reader.DeleteBucketPolicy(ctx, &awss3.DeleteBucketPolicyInput{Bucket: bucket})
			return err
		}},
	} {
		w.asked = nil
		err := test.do()
		if err == nil || !strings.Contains(err.Error(), "403") {
			t.Errorf("%s: got %v", test.want, err)
		}
		if !slices.Contains(w.asked, test.want) {
			t.Errorf("asked %q, want %q", w.asked, test.want)
		}
	}
}

// Who may list what lies below a prefix lists that, and nothing else.
func TestListByPrefix(t *testing.T) {
	w := start(t)
	w.fill(t)
	reader := w.client(readKey, readSecret)
	out, err := reader.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("bucket"), Prefix: aws.String("open/")})
	if err != nil || len(out.Contents) != 1 || *out.Contents[0].Key != "open/a" {
		t.Errorf("listed %+v, %v", out, err)
	}
	for _, prefix := range []*string{nil, aws.String(""), aws.String("closed/"), aws.String("open/../closed/")} {
		if _, err := reader.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: aws.String("bucket"), Prefix: prefix}); err == nil {
			t.Errorf("the prefix %q was listed", aws.ToString(prefix))
		}
	}
}

// Nobody makes a bucket public, reads it without a key, or sees what versitygw keeps for itself.
func TestNothingIsPublic(t *testing.T) {
	w := start(t)
	w.fill(t)
	reader, bucket := w.client(readKey, readSecret), aws.String("bucket")
	if _, err := reader.PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: bucket, Policy: aws.String("{}")}); err == nil {
		t.Error("the reader put a policy")
	}
	if _, err := reader.PutBucketAcl(t.Context(), &awss3.PutBucketAclInput{Bucket: bucket, ACL: types.BucketCannedACLPublicRead}); err == nil {
		t.Error("the reader put an ACL")
	}
	policy := `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/*"}]}`
	// Whatever comes of it, nobody without a key reads.
	_, _ = w.client(adminKey, adminSecret).PutBucketPolicy(t.Context(), &awss3.PutBucketPolicyInput{Bucket: bucket, Policy: &policy})
	if status, body := w.get(t, "GET", "/bucket/open/a", nil); status != 403 {
		t.Errorf("without a key: %d %s", status, body)
	}
	for _, key := range []string{".sgwtmp/multipart/x", ".sgwtmp"} {
		out, err := w.client(adminKey, adminSecret).GetObject(t.Context(), &awss3.GetObjectInput{Bucket: bucket, Key: &key})
		if err == nil {
			t.Errorf("%s is an object: %+v", key, out)
		}
	}
}

func TestHostNamesOfBuckets(t *testing.T) {
	w := start(t)
	w.fill(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(w.url, "http://"), ":")
	client := awss3.New(awss3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String("http://localhost:" + port), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider(readKey, readSecret, ""),
		HTTPClient:  &http.Client{Transport: toServer(w.url)},
	})
	got, err := client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("open/a")})
	if err != nil {
		t.Fatal(err)
	}
	if text, _ := io.ReadAll(got.Body); string(text) != "in open/a" {
		t.Errorf("got %q", text)
	}
	_, err = client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String("closed/b")})
	if err == nil || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("closed: %v", err)
	}
}

// toServer resolves every name to the server, as *.localhost does where a resolver knows it.
func toServer(server string) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		if !strings.HasPrefix(r.URL.Host, "bucket.localhost") {
			return nil, fmt.Errorf("the client did not address the bucket by name: %s", r.URL)
		}
		r.Host = r.URL.Host
		r.URL.Host = strings.TrimPrefix(server, "http://")
		return http.DefaultTransport.RoundTrip(r)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDirectoryMustBeAbsolute(t *testing.T) {
	if _, err := New(Config{Dir: "relative"}); err == nil {
		t.Error("a relative directory was taken")
	}
}
