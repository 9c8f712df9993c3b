package agent

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/hostwire"
)

// TestMain turns the test binary into the agent when a test asks for a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("SLIPWAY_TEST_RUN_AGENT") != "" {
		os.Exit(Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// process starts an agent of the toy as a process of its own.
func (y *toy) process(c Config) *exec.Cmd {
	y.t.Helper()
	dir := filepath.Dir(c.RootDir)
	files := map[string]string{
		"onpremises.yml": "region: us-east-1\niam_user_arn: " + hostARN + "\naws_access_key_id: AKIDEXAMPLE\naws_secret_access_key: s3cret-key\n",
		"agent.yml": fmt.Sprintf(":root_dir: %s\n:install_root: %s\n:on_premises_config_file: %s/onpremises.yml\n:deploy_control_endpoint: %s\n:s3_endpoint_override: %s\n:log_dir: %s/log\n",
			c.RootDir, c.InstallRoot, dir, y.server.URL, y.server.URL, dir),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			y.t.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0], "--config", filepath.Join(dir, "agent.yml"))
	cmd.Env = append(os.Environ(), "SLIPWAY_TEST_RUN_AGENT=1", "AWS_SECRET_ACCESS_KEY=s3cret-in-the-environment")
	cmd.Stderr = y.t.Output()
	if err := cmd.Start(); err != nil {
		y.t.Fatal(err)
	}
	y.t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

const waiting = "#!/bin/sh\nid=$$\necho $id >>$SLIPWAY_INSTALL_ROOT/ran\nenv >$SLIPWAY_INSTALL_ROOT/env\nwhile [ -d $SLIPWAY_INSTALL_ROOT ] && ! [ -e $SLIPWAY_INSTALL_ROOT/gate ]; do sleep 0.01; done\n"

// begun starts an event that waits for the file gate, and returns when its script runs.
func (y *toy) begun(c Config) string {
	y.t.Helper()
	y.deployment("d-ONE", "tgz", tgz(y.t, map[string]string{
		"appspec.yml": "version: 0.0\nos: linux\nhooks: {AfterInstall: [{location: wait.sh}]}\n", "wait.sh": waiting,
	}))
	y.succeeds("d-ONE", "DownloadBundle", "Install")
	identifier := y.offer("d-ONE", "AfterInstall")
	waitFor(y.t, "the script runs", func() bool {
		_, err := os.Stat(filepath.Join(c.InstallRoot, "env"))
		return err == nil
	})
	return identifier
}

func (y *toy) ran(c Config) int {
	text, _ := os.ReadFile(filepath.Join(c.InstallRoot, "ran"))
	return strings.Count(string(text), "\n")
}

func (y *toy) openGate(c Config) {
	y.t.Helper()
	if err := os.WriteFile(filepath.Join(c.InstallRoot, "gate"), nil, 0o600); err != nil {
		y.t.Fatal(err)
	}
}

func TestKilledAgentReportsAtItsNextStart(t *testing.T) {
	y := newToy(t)
	c := y.config()
	first := y.process(c)
	identifier := y.begun(c)
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait()
	t.Cleanup(func() { y.openGate(c) }) // the orphaned script

	y.process(c)
	restart := hostwire.Diagnostics{ErrorCode: 7, Message: "Failed: Failing in-progress lifecycle event after an agent restart."}
	if o := y.outcome(identifier); o.status != hostwire.Failed || o.diagnostics != restart {
		t.Errorf("got %+v", o)
	}
	if again := y.event("d-ONE", "AfterInstall"); again.diagnostics != restart {
		t.Errorf("handed out again: %+v", again)
	}
	if n := y.ran(c); n != 1 {
		t.Errorf("the script ran %d times", n)
	}
	// What ended before the crash is still answered from its record, without doing it again.
	y.succeeds("d-ONE", "Install")
}

func TestTermLetsTheEventEnd(t *testing.T) {
	y := newToy(t)
	c := y.config()
	agent := y.process(c)
	identifier := y.begun(c)
	polls, _, _ := y.counts()
	if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the log says that it stops", func() bool {
		text, _ := os.ReadFile(filepath.Join(filepath.Dir(c.RootDir), "log", "codedeploy-agent.log"))
		return strings.Contains(string(text), "]: stopping signal=")
	})
	y.openGate(c)
	if err := agent.Wait(); err != nil {
		t.Errorf("the agent ended with %v", err)
	}
	if o := y.outcome(identifier); o.status != hostwire.Succeeded {
		t.Errorf("got %+v", o)
	}
	if now, _, _ := y.counts(); now > polls+1 {
		t.Errorf("it polled %d times more", now-polls)
	}
	if env, _ := os.ReadFile(filepath.Join(c.InstallRoot, "env")); strings.Contains(string(env), "s3cret") || !strings.Contains(string(env), "AWS_HOST_IDENTIFIER="+hostARN) {
		t.Errorf("the script's environment is\n%s", env)
	}
}

func TestSecondTermKills(t *testing.T) {
	y := newToy(t)
	c := y.config()
	agent := y.process(c)
	identifier := y.begun(c)
	for range 2 {
		if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		waitFor(t, "the signal is seen", func() bool {
			text, _ := os.ReadFile(filepath.Join(filepath.Dir(c.RootDir), "log", "codedeploy-agent.log"))
			return strings.Contains(string(text), "]: stopping signal=")
		})
	}
	if err := agent.Wait(); err != nil {
		t.Errorf("the agent ended with %v", err)
	}
	y.process(c)
	if o := y.outcome(identifier); o.status != hostwire.Failed || !strings.Contains(o.diagnostics.Message, "was killed because the agent was told to stop at once") {
		t.Errorf("got %+v", o)
	}
}

// An event that does not end within kill_agent_max_wait_time_seconds is killed, and reported.
func TestStopWaitsSoLong(t *testing.T) {
	y := newToy(t)
	c := y.config()
	c.KillMaxWait = 100 * time.Millisecond
	a, err := New(c, testHost(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	identifier := y.begun(c)
	cancel()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "lifecycle events were still running after 100ms and were killed") {
		t.Errorf("got %v", err)
	}
	if o := y.outcome(identifier); o.status != hostwire.Failed || !strings.Contains(o.diagnostics.Message, "was killed because the agent was told to stop at once") {
		t.Errorf("got %+v", o)
	}
}
