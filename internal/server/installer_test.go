package server_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/slipway/slipway/internal/server"
	"github.com/slipway/slipway/internal/server/servertest"
)

const agentBucket = "aws-codedeploy-us-east-1"

func agentProgram(file string) servertest.Option {
	return func(c *server.Config) { c.AgentProgram = file }
}

// A host reads the script and the program from the bucket that AWS has for it; the program of
// this test stands for the agent's.
func TestInstaller(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	s := servertest.Start(t, agentProgram(self))
	_, host := s.AddUser(t, "web-1")
	script, found := strings.CutSuffix(getObject(t, host, agentBucket, "latest/install"), string(program))
	if !found {
		t.Fatal("the program is not behind the script")
	}
	for _, part := range []string{"server='" + s.URL + "'", "-----BEGIN CERTIFICATE-----", "Architecture: "} {
		if !strings.Contains(script, part) {
			t.Errorf("the script has no %s", part)
		}
	}
	if i := strings.Index(script, "@"); i >= 0 && strings.Contains(script[i+1:], "@\n") {
		t.Errorf("something is not filled in: %.40s", script[i:])
	}
	check := exec.Command("sh", "-n")
	check.Stdin = strings.NewReader(script)
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("the script is no script: %v: %s", err, out)
	}
	if whole := getObject(t, host, agentBucket, "latest/slipway-agent"); whole != string(program) {
		t.Error("the program alone is another")
	}
	part, err := servertest.S3(host).GetObject(t.Context(), &s3.GetObjectInput{
		Bucket: new(agentBucket), Key: new("latest/slipway-agent"), Range: new("bytes=1-3"),
	})
	if err != nil || *part.ContentLength != 3 {
		t.Errorf("a part: %v, %v", part, err)
	}
}

func TestInstallerRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slipway-agent")
	s := servertest.Start(t, agentProgram(file))
	_, host := s.AddUser(t, "web-1")
	read := func(ctx context.Context, c *s3.Client, key string) func() error {
		return func() error {
			_, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: new(agentBucket), Key: &key})
			return err
		}
	}
	client := servertest.S3(host)
	wantCode(t, "NoSuchKey", read(t.Context(), client, "latest/install"))
	if err := read(t.Context(), client, "latest/install")(); !strings.Contains(err.Error(), file) {
		t.Errorf("what is missing where is not said: %v", err)
	}
	wantCode(t, "NoSuchKey", read(t.Context(), client, "latest/other"))
	key, err := host.Credentials.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, "SignatureDoesNotMatch", read(t.Context(), servertest.S3(s.As(key.AccessKeyID, "wrong")), "latest/install"))
	wantCode(t, "InvalidAccessKeyId", read(t.Context(), servertest.S3(s.As("AKIANOBODY0000000000", "wrong")), "latest/install"))
	wantCode(t, "AccessDenied", func() error {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: new(agentBucket), Key: new("latest/install"), Body: strings.NewReader("rm -rf")})
		return err
	})
	if err := os.WriteFile(file, []byte("#!/bin/sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "InternalError", read(t.Context(), client, "latest/install"))
}
