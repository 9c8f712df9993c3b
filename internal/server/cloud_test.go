package server

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// TestOwnCalls: the server reaches its embedded services without a socket, as itself; nobody
// else can use its key without its secret, and its secret is in no file.
func TestOwnCalls(t *testing.T) {
	s, err := New(t.Context(), Config{DataDir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cfg := s.inProcess()
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil)
	if err != nil || !strings.HasSuffix(*who.Arn, "/Slipway") {
		t.Fatalf("it is %v, %v", who, err)
	}
	if _, err := iam.NewFromConfig(cfg).ListUsers(t.Context(), nil); err != nil {
		t.Errorf("it may not list users: %v", err)
	}
	cfg.Credentials = credentials.NewStaticCredentialsProvider(s.own.accessKeyID, "guessed", "")
	if _, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "SignatureDoesNotMatch") {
		t.Errorf("a guessed secret: %v", err)
	}
	gone, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := sts.NewFromConfig(s.inProcess()).GetCallerIdentity(gone, nil); err == nil {
		t.Error("a call whose time is over was answered")
	}
}
