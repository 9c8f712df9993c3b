package machine_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipway/slipway/internal/sandbox"
	"github.com/slipway/slipway/internal/standin/ec2"
	"github.com/slipway/slipway/internal/standin/ec2/machine"
)

// The test's own program is what machines run as their agent: it asks for a metadata token, says
// what came of that, and stays.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == sandbox.InitArg:
		sandbox.Init()
	case len(os.Args) > 1 && os.Args[1] == "agent":
		base := os.Getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT")
		fmt.Println("agent with", strings.Join(os.Args[2:], " "), "gets", ask(base))
		fmt.Println("metadata at", base)
		if os.Remove(filepath.Join(os.Getenv("HOME"), "die")) == nil {
			os.Exit(1)
		}
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM)
		<-asked
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// ask asks for a token.
func ask(base string) string {
	r, err := http.NewRequest(http.MethodPut, base+"latest/api/token", nil)
	if err != nil {
		return err.Error()
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	return fmt.Sprint(answer.StatusCode, " ", strings.TrimSpace(string(text)))
}

// bothModes runs a test with namespaces, if they work here, and without.
func bothModes(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("namespaces", func(t *testing.T) {
		if err := sandbox.Available(t.Context()); err != nil {
			t.Skipf("no namespaces here: %v", err)
		}
		test(t, newWorld(t, false))
	})
	t.Run("plain", func(t *testing.T) { test(t, newWorld(t, true)) })
}

type world struct {
	*machine.Machines
	dir  string
	boot ec2.Boot
}

func newWorld(t *testing.T, plain bool) *world {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{dir: t.TempDir()}
	w.Machines = machine.New(machine.Config{
		Dir: w.dir, Program: program, Plain: plain, Log: slog.New(slog.DiscardHandler),
		World: func() (machine.World, error) {
			return machine.World{Endpoint: "http://192.0.2.1", Region: "us-east-1", SignerCA: []byte("ca")}, nil
		},
	})
	w.boot = ec2.Boot{
		ID: "i-1", Address: "127.0.0.1", Hostname: "one.example", UserData: []byte("#!/bin/sh\necho user data $SLIPWAY_INSTANCE_ADDRESS\n"),
		Metadata: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "a token") }),
	}
	return w
}

// start boots the machine, and stops it with the test.
func (w *world) start(t *testing.T) ec2.Machine {
	t.Helper()
	m, err := w.Start(t.Context(), w.boot)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, m) })
	return m
}

func stop(t *testing.T, m ec2.Machine) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := m.Stop(ctx); err != nil {
		t.Errorf("stop: %v", err)
	}
}

// printed waits until the console has so many matches, and returns it.
func (w *world) printed(t *testing.T, pattern string, times int) string {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		text, _, err := w.Console("i-1")
		if err != nil {
			t.Fatal(err)
		}
		if len(regexp.MustCompile(pattern).FindAll(text, -1)) >= times {
			return string(text)
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatalf("the console never says %q %d times:\n%s", pattern, times, text)
		}
	}
}

// TestBoots: user data runs once, scripts of each boot each time, the agent always, and files stay
// until the machine is removed.
func TestBoots(t *testing.T) {
	bothModes(t, func(t *testing.T, w *world) {
		first := w.start(t)
		w.printed(t, "metadata at", 1)
		boot := filepath.Join(w.dir, "i-1/root/var/lib/cloud/scripts/per-boot")
		if err := os.MkdirAll(boot, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(boot, "10-app"), []byte("#!/bin/sh\necho up again\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		stop(t, first)
		if _, open := <-first.Done(); open {
			t.Error("it is stopped and not done")
		}
		second := w.start(t)
		said := w.printed(t, "metadata at", 2)
		if strings.Count(said, "user data 127.0.0.1") != 1 || strings.Count(said, "up again") != 1 || strings.Count(said, "codedeployagent.yml gets 200 a token") != 2 {
			t.Errorf("the console says:\n%s", said)
		}
		stop(t, second)
		if err := w.Remove("i-1"); err != nil {
			t.Fatal(err)
		}
		if left, _ := os.ReadDir(w.dir); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
		if err := w.Remove("i-1"); err != nil {
			t.Errorf("what is gone is removed: %v", err)
		}
	})
}

// TestMetadataIsForTheMachineOnly: nobody else on the host gets a token.
func TestMetadataIsForTheMachineOnly(t *testing.T) {
	bothModes(t, func(t *testing.T, w *world) {
		w.start(t)
		said := w.printed(t, "metadata at http", 1)
		base := regexp.MustCompile(`metadata at (\S+)`).FindStringSubmatch(said)[1]
		if got := ask(base); got != "403 Forbidden" {
			t.Errorf("from outside a token is answered %q", got)
		}
	})
}

func TestTheAgentIsKeptRunning(t *testing.T) {
	bothModes(t, func(t *testing.T, w *world) {
		w.boot.UserData = []byte("#!/bin/sh\ntouch $HOME/die\n")
		w.start(t)
		w.printed(t, "metadata at", 2)
	})
}

func TestConsoleForgetsItsBeginning(t *testing.T) {
	w := newWorld(t, true)
	w.boot.UserData = []byte("#!/bin/sh\necho beginning\nhead -c 300000 /dev/zero | tr '\\0' x | fold -w 100\necho end\n")
	w.start(t)
	said := w.printed(t, "metadata at", 1)
	if len(said) > 64<<10 || strings.Contains(said, "beginning") || !strings.Contains(said, "end\n") {
		t.Errorf("%d bytes are kept, which end with %q", len(said), said[max(0, len(said)-100):])
	}
}

// TestLinksOutOfTheRoot: what an instance leaves behind does not make the server write elsewhere.
func TestLinksOutOfTheRoot(t *testing.T) {
	w := newWorld(t, true)
	outside := t.TempDir()
	if err := os.MkdirAll(filepath.Join(w.dir, "i-1/root/opt"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(w.dir, "i-1/root/opt/codedeploy-agent")); err != nil {
		t.Fatal(err)
	}
	if m, err := w.Start(t.Context(), w.boot); err == nil {
		stop(t, m)
		t.Error("it boots")
	}
	if names, _ := os.ReadDir(outside); len(names) > 0 {
		t.Errorf("%v was written outside", names)
	}
}
