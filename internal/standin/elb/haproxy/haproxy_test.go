package haproxy_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/slipway/slipway/internal/standin/elb/haproxy"
	"github.com/slipway/slipway/internal/standin/elb/plane"
	"github.com/slipway/slipway/internal/standin/elb/planetest"
)

func TestContract(t *testing.T) {
	if _, err := exec.LookPath("haproxy"); err != nil {
		t.Skip("haproxy is not installed: test/install-tools installs it")
	}
	planetest.Run(t, func(t *testing.T) plane.Engine {
		e, err := haproxy.New(haproxy.Config{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		return e
	})
}

// What a server that was killed has left behind ends when the next one begins: it holds the addresses.
func TestPredecessorEnds(t *testing.T) {
	program, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("haproxy is not installed: test/install-tools installs it")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "haproxy.cfg")
	text := "defaults\ntimeout client 1s\nfrontend idle\nbind unix@" + filepath.Join(dir, "idle.sock") + "\nmode http\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	left := exec.Command(program, "-W", "-f", config)
	left.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "haproxy.pid"), fmt.Append(nil, left.Process.Pid), 0o600); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- left.Wait() }()
	e, err := haproxy.New(haproxy.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	<-ended
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
