//go:build unix

package hook

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// A group is a script's process and all that it starts: a process group.
type group struct{ leader int }

// attributes make a command the leader of a group of its own.
func (i identity) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: i.credential}
}

// groupOf is the group of a command that was started.
func groupOf(cmd *exec.Cmd) (*group, error) { return &group{cmd.Process.Pid}, nil }

// close lets go of the group; its processes live on.
func (g *group) close() {}

// terminate asks all processes to end.
func (g *group) terminate() { _ = syscall.Kill(-g.leader, syscall.SIGTERM) }

func (g *group) kill() { _ = syscall.Kill(-g.leader, syscall.SIGKILL) }

// gone says that no process is left; only true once the leader was waited for.
func (g *group) gone() bool { return errors.Is(syscall.Kill(-g.leader, 0), syscall.ESRCH) }

// interpreted says how a script is run that does not say so itself.
func interpreted(path string) []string { return []string{"/bin/sh", path} }

// invocation is the command line of a script.
func invocation(path string) []string { return []string{path} }

// exitCode is the code as messages have it.
func exitCode(exit *exec.ExitError) string {
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return fmt.Sprintf("%d (killed by %s)", 128+int(status.Signal()), unix.SignalName(status.Signal()))
	}
	return fmt.Sprint(exit.ExitCode())
}

func errorName(errno syscall.Errno) string { return unix.ErrnoName(errno) }
