package server_test

import (
	"context"
	"encoding/pem"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipway/slipway/internal/server"
	"github.com/slipway/slipway/internal/server/servertest"
)

// get asks for a page without a signature.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestPages(t *testing.T) {
	s := servertest.Start(t)
	if status, body := get(t, s.URL+"/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("healthz says %d %q", status, body)
	}
	if status, body := get(t, s.URL+"/"); status != 200 || !strings.Contains(body, "export AWS_ENDPOINT_URL="+s.URL+"\n") {
		t.Errorf("the greeting is %d %q", status, body)
	}
}

// TestFirstStart: what a person finds in the data directory, and who else may read it.
func TestFirstStart(t *testing.T) {
	s := servertest.Start(t)
	for name, want := range map[string]fs.FileMode{
		".": fs.ModeDir | 0o700, server.CredentialsFile: 0o600, server.EndpointFile: 0o644, server.SignerCAFile: 0o644, "slipway.db": 0o600,
	} {
		info, err := os.Stat(filepath.Join(s.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != want {
			t.Errorf("%s has the mode %v, want %v", name, info.Mode(), want)
		}
	}
	if url := read(t, s, server.EndpointFile); url != s.URL+"\n" {
		t.Errorf("the endpoint file says %q, want %s", url, s.URL)
	}
	if block, _ := pem.Decode([]byte(read(t, s, server.SignerCAFile))); block == nil || block.Type != "CERTIFICATE" {
		t.Errorf("the signer's CA is %+v", block)
	}
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(s.Dir, server.EndpointFile)); err == nil {
		t.Error("the endpoint of a server that has ended is still there")
	}
}

func read(t *testing.T, s *servertest.Server, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestARestartKeepsEverything(t *testing.T) {
	ctx := t.Context()
	first := servertest.Start(t)
	_, dev := first.AddUser(t, "dev")
	_, err := codedeploy.NewFromConfig(first.Admin).CreateApplication(ctx, &codedeploy.CreateApplicationInput{ApplicationName: aws.String("shop")})
	if err != nil {
		t.Fatal(err)
	}
	putObject(t, first.Admin, "releases", "web-1.zip", "the first version")
	credentials, ca := read(t, first, server.CredentialsFile), read(t, first, server.SignerCAFile)
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}

	second := servertest.Start(t, servertest.In(first.Dir))
	if read(t, second, server.CredentialsFile) != credentials {
		t.Error("the credentials have changed")
	}
	if read(t, second, server.SignerCAFile) != ca {
		t.Error("the signer's CA, which agents pin, has changed")
	}
	apps, err := codedeploy.NewFromConfig(second.Admin).ListApplications(ctx, &codedeploy.ListApplicationsInput{})
	if err != nil || len(apps.Applications) != 1 || apps.Applications[0] != "shop" {
		t.Errorf("applications %+v, %v", apps, err)
	}
	if text := getObject(t, second.Admin, "releases", "web-1.zip"); text != "the first version" {
		t.Errorf("the object is %q", text)
	}
	dev.BaseEndpoint = &second.URL
	wantCode(t, "AccessDenied", func() error { // known, and still without a policy
		_, err := iam.NewFromConfig(dev).ListUsers(ctx, &iam.ListUsersInput{})
		return err
	})
}

func putObject(t *testing.T, cfg aws.Config, bucket, key, text string) {
	t.Helper()
	client := servertest.S3(cfg)
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
}

func getObject(t *testing.T, cfg aws.Config, bucket, key string) string {
	t.Helper()
	out, err := servertest.S3(cfg).GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestGivenAdministrator(t *testing.T) {
	give := func(c *server.Config) {
		c.AdminAccessKeyID, c.AdminSecretAccessKey = "AKIAGIVENBYTHEOWNER1", "a-secret-from-a-vault"
	}
	first := servertest.Start(t)
	random := first.Admin
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}
	second := servertest.Start(t, servertest.In(first.Dir), give)
	if c := credentialsOf(t, second.Admin); c.AccessKeyID != "AKIAGIVENBYTHEOWNER1" || c.SecretAccessKey != "a-secret-from-a-vault" {
		t.Errorf("the credentials file has the key %s", c.AccessKeyID)
	}
	random.BaseEndpoint = &second.URL
	for name, cfg := range map[string]aws.Config{"given": second.Admin, "random": random} {
		if _, err := iam.NewFromConfig(cfg).ListUsers(t.Context(), &iam.ListUsersInput{}); err != nil {
			t.Errorf("the %s key: %v", name, err)
		}
	}
	_, err := server.New(t.Context(), server.Config{
		DataDir: t.TempDir(), Listen: "127.0.0.1:0", AdminAccessKeyID: "AKIAGIVENBYTHEOWNER1",
	})
	if err == nil || !strings.Contains(err.Error(), "both, or neither") {
		t.Errorf("half a key: %v", err)
	}
}

// TestOneServerADirectory: the second one says what to do, and takes nothing from the first.
func TestOneServerADirectory(t *testing.T) {
	s := servertest.Start(t)
	_, err := server.New(t.Context(), server.Config{DataDir: s.Dir, Listen: "127.0.0.1:0"})
	if err == nil {
		t.Fatal("two servers run in one directory")
	}
	want := "another server is running in " + s.Dir + "; stop it, or choose another directory with --data"
	if err.Error() != want {
		t.Errorf("refused with %q, want %q", err, want)
	}
	if url := read(t, s, server.EndpointFile); url != s.URL+"\n" {
		t.Errorf("the endpoint file says %q", url)
	}
	if _, err := iam.NewFromConfig(s.Admin).ListUsers(t.Context(), &iam.ListUsersInput{}); err != nil {
		t.Errorf("the first server: %v", err)
	}
}

// TestAnAddressInUse: the data directory is free again, for a server with another address.
func TestAnAddressInUse(t *testing.T) {
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	taken, dir := other.Addr().String(), filepath.Join(t.TempDir(), "data")
	t.Setenv("TMPDIR", t.TempDir())
	_, err = server.New(t.Context(), server.Config{DataDir: dir, Listen: taken})
	if err == nil || !strings.Contains(err.Error(), taken) || !strings.Contains(err.Error(), "--listen") {
		t.Errorf("two servers on one address: %v", err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left behind %v", left)
	}
	servertest.Start(t, servertest.In(dir))
}

// TestTheEndOfAServer: it leaves while a host's poll waits, and the poll ends in order.
func TestTheEndOfAServer(t *testing.T) {
	s := servertest.Start(t)
	arn, host := s.AddHost(t, "web-1")
	r := usual(commands)
	r.as, r.body = credentialsOf(t, host), `{"HostIdentifier":"`+arn+`"}`
	// Once the server asks for the body, the request is under way.
	arrived := make(chan struct{})
	out := r.make(t, s.URL)
	out.Header.Set("Expect", "100-continue")
	out = out.WithContext(httptrace.WithClientTrace(out.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(arrived) }}))
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	defer client.CloseIdleConnections()

	type ending struct {
		status int
		body   string
		err    error
	}
	ended := make(chan ending, 1)
	go func() {
		response, err := client.Do(out)
		if err != nil {
			ended <- ending{err: err}
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		ended <- ending{response.StatusCode, string(body), err}
	}()
	select {
	case <-arrived:
	case e := <-ended:
		t.Fatalf("the poll did not wait: %+v", e)
	}
	begun := time.Now()
	if err := s.Stop(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("leaving took %v", took)
	}
	if e := <-ended; e.err != nil || e.status != 200 || e.body != "{}" {
		t.Errorf("the poll ended with %+v", e)
	}
}

// TestANewServerThatIsNotRun gives back what it took.
func TestANewServerThatIsNotRun(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s, err := server.New(context.Background(), server.Config{DataDir: filepath.Join(t.TempDir(), "data"), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left behind %v", left)
	}
}
