// Package docs_test follows the documentation as a new user would: every block of a page, in
// order, in one shell, on a copy of the project.
package docs_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slipway/slipway/test/awscli"
)

// patience bounds the whole tutorial, its build included.
const patience = 10 * time.Minute

func TestTutorial(t *testing.T) {
	text := follow(t, "tutorial.md", "")
	for _, want := range []string{"ValidateService", "Failed", "is triggered to roll back deployment"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in what the tutorial printed", want)
		}
	}
	if strings.Count(text, "\nhello\n") != 2 {
		t.Errorf("the page did not say hello before and after the rollback")
	}
	if t.Failed() {
		t.Log(text)
	}
}

func TestIdentity(t *testing.T) {
	if cli, err := awscli.Find(); err == nil {
		if recent, err := awscli.Recent(cli); err == nil && !recent {
			t.Skip("the page wants a newer AWS CLI, as it says")
		}
	}
	text := follow(t, "identity.md", "CGO_ENABLED=0 go build -o slipway ./cmd/slipway && mkdir -p try")
	for _, want := range []string{
		"because no identity-based policy allows the", "refused, exit status", "appspec.yml", "not hers", "deleted, hers",
		"assumed-role/releaser/", "AccessDeniedException", `"eventName": "CreateUser"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in what the page's blocks printed", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// follow runs what goes before a page, and its blocks, and returns what they print.
func follow(t *testing.T, page, before string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and deploys for real")
	}
	if _, err := awscli.Find(); err != nil {
		t.Skip("the AWS CLI is not installed; make test installs it")
	}
	home := t.TempDir()
	root := copyProject(t, home)
	script := "set -m\n" + before + "\n" + strings.Join(blocks(t, filepath.Join(root, "docs", page)), "\n")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "HOME="+home, "GOCACHE="+goEnv(t, "GOCACHE"), "GOMODCACHE="+goEnv(t, "GOMODCACHE"), "AWS_PAGER=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

// copyProject copies what git tracks: the tutorial leaves things behind.
func copyProject(t *testing.T, into string) string {
	t.Helper()
	root := filepath.Join(into, "slipway")
	top, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		t.Skip("not a git checkout")
	}
	copied := exec.Command("bash", "-c", `git ls-files -z | xargs -0 cp --parents -t "$0"`, root)
	copied.Dir = strings.TrimSpace(string(top))
	if err := os.Mkdir(root, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := copied.CombinedOutput(); err != nil {
		t.Fatalf("copy the project: %v\n%s", err, out)
	}
	return root
}

// blocks returns the shell blocks of a page, in order.
func blocks(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, part := range strings.Split(string(text), "```sh\n")[1:] {
		block, _, _ := strings.Cut(part, "```")
		list = append(list, block)
	}
	if len(list) < 5 {
		t.Fatalf("%s has %d blocks", path, len(list))
	}
	return list
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
