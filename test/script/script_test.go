// Package script_test tells Slipway's promises as stories: real binaries, real sockets,
// real hook scripts, and the AWS CLI as people have it. Each *.txtar file is a story; the
// words it may use are in commands_test.go.
package script_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/slipway/slipway/test/awscli"
	"github.com/slipway/slipway/test/engine"
	"github.com/slipway/slipway/test/world"
)

// binaries is where slipway and slipway-agent were built to.
var binaries string

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.parallel").Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) { // nobody has said
		_ = flag.Set("test.parallel", "4") // stories wait more than they work
	}
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "slipway-stories-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binaries = dir
		if err := errors.Join(world.Build(dir), buildFunctions(dir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// TestStories plays every story with the AWS CLI that comes first on the PATH; over HTTPS with
// SLIPWAY_STORIES=https in the environment. The CLI is loaded once, but in the stories about
// itself; with SLIPWAY_STORIES_CLI=cold each call starts it anew.
func TestStories(t *testing.T) {
	cli := installed(t)
	https := os.Getenv("SLIPWAY_STORIES") == "https"
	about, all := stories(t, "aws_cli*.txtar"), stories(t, "*.txtar")
	play(t, cli, cli, about, https)
	play(t, cli, loaded(t, cli), slices.DeleteFunc(all, func(file string) bool { return slices.Contains(about, file) }), https)
}

// TestStoriesOverHTTPS plays one that goes all the way, twice.
func TestStoriesOverHTTPS(t *testing.T) {
	cli := installed(t)
	play(t, cli, cli, stories(t, "server_killed.txtar"), true)
}

// TestOtherCLI plays the stories about the CLI itself with Debian's, where another one
// comes first.
func TestOtherCLI(t *testing.T) {
	const debian = "/usr/bin/aws"
	if installed(t) == debian {
		t.Skip("TestStories uses it already")
	}
	if _, err := os.Stat(debian); err != nil {
		t.Skip("Debian's AWS CLI is not installed; make test installs it")
	}
	play(t, debian, debian, stories(t, "aws_cli*.txtar"), false)
}

func installed(t *testing.T) string {
	cli, err := awscli.Find()
	if err != nil {
		t.Skip("the AWS CLI is not installed; make test installs it")
	}
	return cli
}

// loaded is the CLI in memory, or the CLI itself where it cannot be kept there.
func loaded(t *testing.T, cli string) string {
	if os.Getenv("SLIPWAY_STORIES_CLI") == "cold" {
		return cli
	}
	program, end, err := awscli.Load(cli, binaries)
	if err != nil {
		t.Logf("the AWS CLI is started anew for each call, which takes longer: %v", err)
		return cli
	}
	t.Cleanup(end)
	return program
}

func stories(t *testing.T, pattern string) []string {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no stories %s: %v", pattern, err)
	}
	return files
}

// play plays stories with the CLI: installed on the machine, and called.
func play(t *testing.T, installed, called string, files []string, https bool) {
	recent, err := awscli.Recent(installed)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files:               files,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds:                commands,
		Condition: func(name string) (bool, error) {
			switch name {
			case "recent":
				return recent, nil
			case "root":
				return os.Geteuid() == 0, nil
			case "machine": // there can be a machine of its own
				return machineMissing() == "", nil
			case "engine": // containers can be run
				return engine.Missing() == "", nil
			}
			return false, fmt.Errorf("unknown condition %s", name)
		},
		Setup: func(env *testscript.Env) error {
			w := world.New(env.WorkDir, binaries, func() []string { return env.Vars })
			w.HTTPS = https
			env.Values[storyKey{}] = &story{World: w, cli: called, installed: installed, recent: recent}
			env.Defer(w.End)
			for _, pair := range []string{
				"PATH=" + binaries + ":" + filepath.Dir(called) + ":" + os.Getenv("PATH"),
				"HOME=" + env.WorkDir,
				"FUNCTIONS=" + binaries,
				"AWS_EC2_METADATA_DISABLED=true",
				"AWS_PAGER=",
				"AWS_MAX_ATTEMPTS=1",
				"AWS_REGION=us-east-1",
				"AWS_DEFAULT_REGION=us-east-1",
				"AWS_SHARED_CREDENTIALS_FILE=" + filepath.Join(env.WorkDir, "data", "credentials"),
			} {
				name, value, _ := strings.Cut(pair, "=")
				env.Setenv(name, value)
			}
			return nil
		},
	})
}
