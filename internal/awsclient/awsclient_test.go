package awsclient

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/codedeploy"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// clearAWS removes whatever the machine's user has set up for AWS.
func clearAWS(t *testing.T) {
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	t.Setenv("HOME", t.TempDir())
}

func dataDir(t *testing.T, endpoint string) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(EndpointFile, endpoint+"\n")
	write(CredentialsFile, "[default]\naws_access_key_id = AKIDADMIN\naws_secret_access_key = admin-secret\n")
	return dir
}

// recorder is a server that remembers how it was called and knows nothing.
func recorder(t *testing.T) (url string, last func() *http.Request) {
	var seen *http.Request
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.WriteHeader(http.StatusBadRequest)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, func() *http.Request { return seen }
}

func TestDataDirectoryIsEnough(t *testing.T) {
	clearAWS(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDOTHER") // must not win
	t.Setenv("AWS_SECRET_ACCESS_KEY", "other")
	url, last := recorder(t)
	clients, err := New(t.Context(), Options{DataDir: dataDir(t, url)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clients.CodeDeploy.ListApplications(t.Context(), &codedeploy.ListApplicationsInput{}); err == nil {
		t.Fatal("the recorder answered 400 and there was no error")
	}
	auth := last().Header.Get("Authorization")
	if !strings.Contains(auth, "Credential=AKIDADMIN/") || !strings.Contains(auth, "/us-east-1/codedeploy/") {
		t.Errorf("Authorization: %s", auth)
	}
	bucket, key := "releases", "a b"
	clients.S3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if got := last().URL.EscapedPath(); got != "/releases/a%20b" {
		t.Errorf("S3 was asked for %s: want the bucket in the path", got)
	}
}

func TestEnvironmentIsEnough(t *testing.T) {
	clearAWS(t)
	url, last := recorder(t)
	t.Setenv("AWS_ENDPOINT_URL", url)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(dataDir(t, url), CredentialsFile))
	t.Setenv("AWS_REGION", "eu-central-1")
	clients, err := New(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	clients.CodeDeploy.ListApplications(t.Context(), &codedeploy.ListApplicationsInput{})
	if r := last(); r == nil || !strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/codedeploy/") {
		t.Errorf("the server was not asked as the environment says: %+v", r)
	}
}

func TestNew_refuses(t *testing.T) {
	clearAWS(t)
	if _, err := New(t.Context(), Options{}); !errors.Is(err, ErrNoServer) {
		t.Errorf("no endpoint: %v", err)
	}
	_, err := New(t.Context(), Options{DataDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "start one with: slipway server --data") {
		t.Errorf("empty data directory: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = New(ctx, Options{Endpoint: "http://127.0.0.1:1"})
	if !errors.Is(err, ErrNoCredentials) {
		t.Errorf("no credentials: %v", err)
	}
}
