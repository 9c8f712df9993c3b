package agent

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func (y *toy) status(c Config, args ...string) (int, string) {
	y.t.Helper()
	var stdout, stderr bytes.Buffer
	args = append([]string{"status", "--config", filepath.Join(filepath.Dir(c.RootDir), "agent.yml")}, args...)
	exit := Main(y.t.Context(), args, &stdout, &stderr)
	if stderr.Len() > 0 {
		y.t.Error(stderr.String())
	}
	return exit, stdout.String()
}

func TestStatus(t *testing.T) {
	y := newToy(t)
	c := y.config()
	agent := y.process(c)
	identifier := y.begun(c)
	exit, text := y.status(c)
	for _, want := range []string{
		"The AWS CodeDeploy agent is running as PID " + strconv.Itoa(agent.Process.Pid) + "\n",
		"host        " + hostARN + " (us-east-1)\n", "server      " + y.server.URL + ", reachable\n",
		"in hand     AfterInstall of d-ONE, since 20", "group       " + group + ": last d-ONE (Install Succeeded, 20", "installed d-ONE\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if exit != 0 || strings.Contains(text, "last poll   never") {
		t.Errorf("exit status %d\n%s", exit, text)
	}
	_, text = y.status(c, "--output", "json")
	var r report
	if err := json.Unmarshal([]byte(text), &r); err != nil || !r.Running || time.Since(r.LastPoll) > time.Minute || len(r.InHand) != 1 {
		t.Errorf("%v in %s", err, text)
	}
	y.openGate(c)
	y.outcome(identifier)

	if err := agent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = agent.Wait()
	if exit, text := y.status(c); exit != 1 || !strings.Contains(text, "it has died") {
		t.Errorf("after SIGKILL: exit status %d\n%s", exit, text)
	}
	agent = y.process(c)
	waitFor(t, "it runs again", func() bool { exit, _ := y.status(c); return exit == 0 })
	if err := agent.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := agent.Wait(); err != nil {
		t.Fatal(err)
	}
	y.server.Close()
	if exit, text := y.status(c); exit != 3 || !strings.Contains(text, "error: No AWS CodeDeploy agent running\n") || !strings.Contains(text, "NOT reachable: ") {
		t.Errorf("after SIGTERM: exit status %d\n%s", exit, text)
	}
}

func TestPIDFile(t *testing.T) {
	y := newToy(t)
	c := y.config()
	c.PIDDir = t.TempDir()
	file := filepath.Join(c.PIDDir, "codedeploy-agent.pid")
	if err := os.WriteFile(file, []byte("1\n"), 0o600); err != nil { // of an agent that was killed
		t.Fatal(err)
	}
	a := y.start(c)
	waitFor(t, "the PID file names this process", func() bool {
		text, _ := os.ReadFile(file)
		return string(text) == strconv.Itoa(os.Getpid())+"\n"
	})
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the PID file is still there")
	}
}

func TestNotify(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", socket)
	y := newToy(t)
	a := y.start(y.config())
	if _, there := os.LookupEnv("NOTIFY_SOCKET"); there {
		t.Error("scripts would find the socket")
	}
	y.until("it polls", func() bool { return y.polls > 0 })
	if err := a.stop(); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 200)
	for _, want := range []string{"READY=1\nSTATUS=" + hostARN, "STOPPING=1"} {
		n, err := conn.Read(got)
		if err != nil || string(got[:n]) != want {
			t.Errorf("systemd hears %q (%v), not %q", got[:n], err, want)
		}
	}
}

// A service that refuses the host shows in the status, with the time and what to do.
func TestStatusOfTrouble(t *testing.T) {
	y := newToy(t)
	y.faults["PollHostCommand"] = slices.Repeat([]fault{status(400, "AccessDeniedException")}, 100)
	c := y.config()
	y.process(c)
	text := ""
	waitFor(t, "the trouble shows", func() bool {
		_, text = y.status(c)
		return strings.Contains(text, "\n  trouble     ")
	})
	if !strings.Contains(text, "trouble     20") || !strings.Contains(text, "AccessDeniedException") || !strings.Contains(text, "see that the host is registered") {
		t.Error(text)
	}
}
