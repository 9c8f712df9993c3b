// Package sandbox runs a command as if on a machine of its own: a root file system, a
// process tree and a host name that it shares with nobody, without a container runtime
// and without root.
//
//	box, err := sandbox.Start(ctx, sandbox.Spec{Root: dir, Command: argv, Namespaces: true})
//	...
//	err = box.Stop(ctx) // SIGTERM, then SIGKILL when ctx ends; nothing it started survives
//
// There are two modes. With Namespaces the command gets its own user, mount, process and
// host name namespaces: Root becomes /, with the host's /usr, /etc and friends mounted
// read-only beneath it and /srv, /var, /opt, /tmp … private. Without, for kernels that do not
// allow that, the command is a plain process that is told where its root directory is
// (Spec.Path translates), and only the process tree is looked after. [Available] tells
// whether the first mode works here. The network is the host's in both.
//
// Either way the program re-executes itself as "PROGRAM sandbox-init", so a program that
// starts sandboxes must call [Init] when its first argument is [InitArg]. That process is
// the sandbox's init: it builds the root, starts the command, forwards signals to it, reaps
// orphans, and ends everything when the command ends, when Stop is called, or when the
// process that called Start is gone, however that happened.
package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// InitArg is the first argument with which the program re-executes itself.
const InitArg = "sandbox-init"

// startTimeout bounds the building of a root, which takes a few milliseconds.
const startTimeout = 20 * time.Second

// killGrace is how long the init gets to end everything before it is killed itself.
const killGrace = 3 * time.Second

// reportReady is what the init reports when the command runs.
const reportReady = "ready"

// A Spec describes a sandbox.
type Spec struct {
	// Root is the directory on the host that becomes the root. It is created if absent and
	// stays after the sandbox ends, so it can be started again.
	Root string
	// Command is the argument list; its first element is an absolute path as seen inside
	// (see Path).
	Command []string
	// Before is run to its end before the command, whatever comes of it; nothing when empty.
	Before []string
	// Respawn starts the command again whenever it ends, until Stop.
	Respawn bool
	// Farewell is how long processes that outlive the command get to end after a SIGTERM; they
	// are killed at once when it is zero.
	Farewell time.Duration
	// Dir is the directory, as seen inside, that the command starts in; / when empty.
	Dir string
	// Env is the whole environment of the command.
	Env []string
	// Binds are files and directories of the host to show inside. Without namespaces they
	// become symbolic links.
	Binds []Bind
	// Hostname inside; the host's own name when empty or without namespaces.
	Hostname string
	// Namespaces asks for the isolated mode.
	Namespaces bool
	// User is the user and the group, by id, that the command runs as in a namespace that root
	// has started; 0 is root. Elsewhere the command runs as whoever starts it.
	User uint32
	// Stdout and Stderr receive the command's output; nil discards it.
	Stdout, Stderr *os.File
}

// A Bind shows a file or directory of the host at a path inside a sandbox.
type Bind struct {
	Host     string
	Path     string
	Writable bool
}

// Path is how the command inside must spell the path that is inside in the sandbox: itself
// with namespaces, below Root without.
func (s Spec) Path(inside string) string {
	if s.Namespaces {
		return inside
	}
	return filepath.Join(s.Root, inside)
}

// A Sandbox is a started command with everything it has started since.
type Sandbox struct {
	cmd      *exec.Cmd
	lifeline *os.File // the init ends everything when this closes
	done     chan struct{}
	err      error // of the command; set before done closes
}

// Start builds the root and starts the command. It returns once the command runs; ctx bounds
// only that. An error names the step that the kernel refused.
func Start(ctx context.Context, spec Spec) (*Sandbox, error) {
	if len(spec.Command) == 0 || !filepath.IsAbs(spec.Command[0]) {
		return nil, errors.New("start sandbox: the command must begin with an absolute path")
	}
	return start(ctx, spec, false)
}

func start(ctx context.Context, spec Spec, probe bool) (*Sandbox, error) {
	if !supported {
		return nil, fmt.Errorf("start sandbox: it needs Linux: %w", errors.ErrUnsupported)
	}
	root, err := filepath.Abs(spec.Root)
	if err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	spec.Root = root
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	orderR, orderW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	defer orderR.Close()
	reportR, reportW, err := os.Pipe()
	if err != nil {
		orderW.Close()
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	defer reportR.Close()
	s := &Sandbox{cmd: initCommand(spec, orderR, reportW), lifeline: orderW, done: make(chan struct{})}
	err = s.launch()
	reportW.Close()
	if err != nil {
		orderW.Close()
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	if err := s.handshake(ctx, order{Spec: wireSpec(spec), Probe: probe}, reportR); err != nil {
		s.kill()
		return nil, fmt.Errorf("start sandbox: %w", err)
	}
	return s, nil
}

// An order is what Start tells the init on descriptor 3.
type order struct {
	Spec  wireSpec
	Probe bool // build the root and end
}

// wireSpec is a Spec on its way: the open files travel as descriptors.
type wireSpec Spec

// MarshalJSON leaves out the open files.
func (s wireSpec) MarshalJSON() ([]byte, error) {
	type plain wireSpec
	s.Stdout, s.Stderr = nil, nil
	return json.Marshal(plain(s))
}

// launch starts the init and waits for it on one thread, because the kernel sends the
// parent-death signal when the starting thread ends, not the process.
func (s *Sandbox) launch() error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	return <-started
}

func (s *Sandbox) handshake(ctx context.Context, o order, report *os.File) error {
	if err := json.NewEncoder(s.lifeline).Encode(o); err != nil {
		return fmt.Errorf("instruct its init: %w", err)
	}
	if err := report.SetReadDeadline(time.Now().Add(startTimeout)); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { report.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	said, err := io.ReadAll(report)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return fmt.Errorf("wait for its init: %w", err)
	case string(said) == reportReady:
		return nil
	case len(said) == 0:
		return fmt.Errorf("its init ended without a word (does the program call sandbox.Init on %q?)", InitArg)
	default:
		return errors.New(strings.TrimSpace(string(said)))
	}
}

// Pid is the init's process id on the host.
func (s *Sandbox) Pid() int { return s.cmd.Process.Pid }

// Done is closed when nothing of the sandbox runs any more.
func (s *Sandbox) Done() <-chan struct{} { return s.done }

// Wait returns when nothing of the sandbox runs any more: nil if the command exited with 0,
// else an error that says how it ended. An exit by signal N counts as status 128+N.
func (s *Sandbox) Wait() error {
	<-s.done
	return s.err
}

// Stop asks the command to end with SIGTERM and waits. When ctx ends first, everything is
// killed and the cause of ctx is returned. Stopping twice, or after the end, is harmless.
func (s *Sandbox) Stop(ctx context.Context) error {
	defer s.lifeline.Close()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		s.kill()
		return fmt.Errorf("stop sandbox: %w", err)
	}
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		s.kill()
		return fmt.Errorf("stop sandbox: killed: %w", context.Cause(ctx))
	}
}

// kill lets the init end everything at once, and ends the init if it does not.
func (s *Sandbox) kill() {
	s.lifeline.Close()
	select {
	case <-s.done:
	case <-time.After(killGrace):
		s.cmd.Process.Kill()
		<-s.done
	}
}
