package hook

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/slipway/slipway/internal/appspec"
)

// A scriptRun is one script being run.
type scriptRun struct {
	runner *Runner
	script appspec.Script
	path   string
	env    []string
	out    *output
}

func (s *scriptRun) run(ctx context.Context) error {
	streams, err := openStreams()
	if err != nil {
		return s.broken(err)
	}
	cmd, err := s.start(streams)
	streams.closeWriters()
	if err != nil {
		streams.closeReaders()
		return s.broken(err)
	}
	readers := streams.drain(s.out)
	failure := s.wait(ctx, cmd)
	s.waitForOutput(streams, readers)
	return failure
}

// patience is how many graces are granted when nobody is seen to hold the output: most likely the
// machine is busy, and what has been printed is still being read.
const patience = 10

// waitForOutput returns when the output is at its end, or is left open by a background process.
func (s *scriptRun) waitForOutput(streams *streams, readers *draining) {
	for n := 1; ; n++ {
		open := readers.wait(s.runner.outputGrace())
		if len(open) == 0 {
			return
		}
		who := holders(streams.inodes())
		if len(who) == 0 && n < patience {
			continue
		}
		s.out.note(fmt.Sprintf("Script - %s has ended, but %s open. What else is printed there is discarded; redirect the output of background processes\n",
			s.script.Location, leftOpen(who, open)))
		return
	}
}

// start runs the script directly, or by a shell when it does not say what to run it with.
func (s *scriptRun) start(streams *streams) (*exec.Cmd, error) {
	cmd, err := s.startAs(streams, invocation(s.path)...)
	if errors.Is(err, syscall.ENOEXEC) {
		return s.startAs(streams, interpreted(s.path)...)
	}
	return cmd, err
}

// startAs waits out ETXTBSY. Another script of this agent, forked while this one was being
// written to disk, holds it open for writing until its own exec.
func (s *scriptRun) startAs(streams *streams, argv ...string) (*exec.Cmd, error) {
	for pause := time.Millisecond; ; pause *= 2 {
		cmd, err := s.command(streams, argv...)
		if err != nil {
			return nil, err
		}
		err = cmd.Start()
		if !errors.Is(err, syscall.ETXTBSY) || pause > 500*time.Millisecond {
			return cmd, err
		}
		time.Sleep(pause)
	}
}

func (s *scriptRun) command(streams *streams, argv ...string) (*exec.Cmd, error) {
	who, err := switchUser(s.script)
	if err != nil {
		return nil, err
	}
	argv = append(who.prefix, argv...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = environment(s.env, who.env)
	cmd.Stdout, cmd.Stderr = streams.stdout.w, streams.stderr.w
	cmd.SysProcAttr = who.attributes()
	return cmd, nil
}

// wait lets the script end, or ends it.
func (s *scriptRun) wait(ctx context.Context, cmd *exec.Cmd) error {
	group, err := groupOf(cmd)
	if err != nil {
		_ = cmd.Process.Kill()
		return s.broken(errors.Join(err, cmd.Wait()))
	}
	defer group.close()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	timeout := time.NewTimer(s.script.Timeout)
	defer timeout.Stop()
	select {
	case err := <-ended:
		return s.outcome(err)
	case <-timeout.C:
		terminate(group, s.runner.killGrace(), ended)
		return &Failure{ScriptTimedOut, s.script.Location, fmt.Sprintf("Script at specified location: %s failed to complete in %s seconds", s.script.Location, s.script.Seconds())}
	case <-ctx.Done():
		group.kill()
		<-ended
		return &Failure{ScriptFailed, s.script.Location, fmt.Sprintf("%s was killed because the agent was told to stop at once", s.subject())}
	}
}

// terminate ends a process group and waits for its leader.
func terminate(group *group, grace time.Duration, ended <-chan error) {
	group.terminate()
	deadline := time.NewTimer(grace)
	defer deadline.Stop()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	leader := ended
	for {
		select {
		case <-leader:
			leader = nil
		case <-look.C:
			if leader == nil && group.gone() {
				return
			}
		case <-deadline.C:
			group.kill()
			if leader != nil {
				<-leader
			}
			return
		}
	}
}

func (s *scriptRun) subject() string {
	if s.script.RunAs != "" {
		return fmt.Sprintf("Script at specified location: %s run as user %s", s.script.Location, s.script.RunAs)
	}
	return "Script at specified location: " + s.script.Location
}

func (s *scriptRun) outcome(err error) error {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &exit):
		return s.broken(err)
	}
	return &Failure{ScriptFailed, s.script.Location, s.subject() + " failed with exit code " + exitCode(exit)}
}

// broken reports a script that could not be run at all.
func (s *scriptRun) broken(err error) error {
	class, text := "Error", err.Error()
	var errno syscall.Errno
	if errors.As(err, &errno) {
		class, text = "Errno::"+errorName(errno), errno.Error()+" - "+s.path+s.hint(errno)
	}
	return &Failure{ScriptFailed, s.script.Location, fmt.Sprintf("Script at specified location: %s failed with error %s with message %s", s.script.Location, class, text)}
}

// hint explains the errors of exec that mislead: they are seldom about the script itself.
func (s *scriptRun) hint(errno syscall.Errno) string {
	switch {
	case errno == syscall.ENOENT:
		interpreter := shebang(s.path)
		if strings.HasSuffix(interpreter, "\r") {
			return fmt.Sprintf(" (its first line ends in a carriage return, so the interpreter %q is looked for: convert the script to Unix line endings)", interpreter)
		}
		return fmt.Sprintf(" (its interpreter %q does not exist on this host)", interpreter)
	case (errno == syscall.EPERM || errno == syscall.EINVAL) && s.script.RunAs != "":
		return fmt.Sprintf(" (the agent cannot become the user %s here, probably because it runs in a sandbox with one user only: remove runas from the AppSpec file)", s.script.RunAs)
	case errno == syscall.EACCES && s.script.RunAs != "":
		return fmt.Sprintf(" (the user %s may not run it: check the modes of the script and of the folders above it)", s.script.RunAs)
	}
	return ""
}

func shebang(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	line, _ := bufio.NewReaderSize(f, 256).ReadSlice('\n')
	text, _ := strings.CutPrefix(strings.TrimSuffix(string(line), "\n"), "#!")
	return strings.TrimLeft(text, " ")
}

// A pipe is one output stream of a script.
type pipe struct {
	name  string // as messages call it
	label string // as log lines do
	r, w  *os.File
}

type streams struct{ stdout, stderr pipe }

func openStreams() (*streams, error) {
	s := &streams{stdout: pipe{name: "STDOUT", label: "[stdout]"}, stderr: pipe{name: "STDERR", label: "[stderr]"}}
	var err error
	if s.stdout.r, s.stdout.w, err = os.Pipe(); err != nil {
		return nil, err
	}
	if s.stderr.r, s.stderr.w, err = os.Pipe(); err != nil {
		return nil, errors.Join(err, s.stdout.r.Close(), s.stdout.w.Close())
	}
	return s, nil
}

func (s *streams) closeWriters() { _, _ = s.stdout.w.Close(), s.stderr.w.Close() }
func (s *streams) closeReaders() { _, _ = s.stdout.r.Close(), s.stderr.r.Close() }

// draining tells which streams are still open.
type draining struct {
	mu   sync.Mutex
	open map[string]*os.File
	done chan struct{} // closed when all are at their end
}

// drain reads both streams in the background, to their end: that may be long after the event, and
// at the latest when the agent ends.
func (s *streams) drain(out *output) *draining {
	d := &draining{open: map[string]*os.File{s.stdout.name: s.stdout.r, s.stderr.name: s.stderr.r}, done: make(chan struct{})}
	for _, p := range []pipe{s.stdout, s.stderr} {
		go func() {
			out.drain(p.r, p.label)
			d.ended(p)
		}()
	}
	return d
}

func (d *draining) ended(p pipe) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_ = p.r.Close()
	delete(d.open, p.name)
	if len(d.open) == 0 {
		close(d.done)
	}
}

// wait returns the streams that are still open after the grace.
func (d *draining) wait(grace time.Duration) []string {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-d.done:
		return nil
	case <-timer.C:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for _, name := range []string{"STDOUT", "STDERR"} {
		if d.open[name] != nil {
			names = append(names, name)
		}
	}
	return names
}
