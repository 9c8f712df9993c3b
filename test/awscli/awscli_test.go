package awscli_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slipway/slipway/test/awscli"
)

// TestLoadedIsTheSame calls the CLI both ways: it must print the same and end the same.
func TestLoadedIsTheSame(t *testing.T) {
	cold, err := awscli.Find()
	if err != nil {
		t.Skip("the AWS CLI is not installed; make test installs it")
	}
	warm, end, err := awscli.Load(cold, t.TempDir())
	if err != nil && strings.HasSuffix(err.Error(), "is not a Python program") {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "config"), []byte("[profile racks]\nregion = mars-north-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"version":       {"--version"},
		"wrong usage":   {"deploy", "no-such-command"},
		"environment":   {"configure", "get", "region", "--profile", "racks"},
		"nothing there": {"configure", "get", "region", "--profile", "none"},
		"folder":        {"deploy", "push", "--application-name", "a", "--s3-location", "s3://b/c.zip", "--source", "missing"},
		"input":         {"s3", "cp", "-", "s3://bucket/key", "--endpoint-url", "http://127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			run := func(program string) (string, string, int) {
				cmd := exec.Command(program, args...)
				var stdout, stderr bytes.Buffer
				cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = folder, strings.NewReader("text"), &stdout, &stderr
				cmd.Env = []string{"HOME=" + folder, "AWS_CONFIG_FILE=config", "AWS_REGION=us-east-1", "AWS_DEFAULT_REGION=us-east-1",
					"AWS_MAX_ATTEMPTS=1", "AWS_EC2_METADATA_DISABLED=true", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x", "PATH=" + os.Getenv("PATH")}
				_ = cmd.Run()
				return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
			}
			out, msg, code := run(warm)
			wantOut, wantMsg, wantCode := run(cold)
			if out != wantOut || msg != wantMsg || code != wantCode {
				t.Errorf("loaded: exit %d\n%s%s\nby itself: exit %d\n%s%s", code, out, msg, wantCode, wantOut, wantMsg)
			}
		})
	}
}
