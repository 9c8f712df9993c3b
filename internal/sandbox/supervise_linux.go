package sandbox

import (
	"cmp"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// A command that is respawned is started again after a pause, which doubles up to the longest,
// and is the shortest again once the command has run for that long.
const (
	shortestPause = time.Second
	longestPause  = 30 * time.Second
)

// A supervisor looks after the command, and after whatever the command leaves behind.
type supervisor struct {
	spec     Spec
	children chan os.Signal // one has ended
	pid      int            // of what runs: the command, or what goes before it; 0 when neither does
	before   bool           // it is what goes before
	started  time.Time
	pause    time.Duration
	again    <-chan time.Time // when the command is started again
	ending   bool             // somebody has asked the command to end
}

func newSupervisor(spec Spec) *supervisor {
	s := &supervisor{spec: spec, children: make(chan os.Signal, 1)}
	signal.Notify(s.children, syscall.SIGCHLD)
	return s
}

// begin starts what goes before the command, or, where that is nothing, the command.
func (s *supervisor) begin() error {
	s.before = len(s.spec.Before) > 0
	if s.before {
		err := s.start(s.spec.Before)
		if err == nil {
			return nil
		}
		fmt.Fprintln(os.Stderr, err)
		s.before = false
	}
	return s.start(s.spec.Command)
}

func (s *supervisor) start(command []string) (err error) {
	s.pid, err = syscall.ForkExec(command[0], command, &syscall.ProcAttr{
		Dir:   s.spec.Path(cmp.Or(s.spec.Dir, "/")),
		Env:   s.spec.Env,
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Credential: credential(s.spec)},
	})
	s.started = time.Now()
	if err != nil {
		s.pid = 0
		return fmt.Errorf("run %s: %w", command[0], err)
	}
	return nil
}

// supervise forwards signals to the command and reaps until the command has ended for good or
// the lifeline is cut; then it ends whatever is left. It returns the exit status.
func (s *supervisor) supervise(signals <-chan os.Signal, gone <-chan struct{}) int {
	for {
		select {
		case sig := <-signals:
			s.ending = s.ending || sig == syscall.SIGTERM || sig == syscall.SIGINT
			if s.pid != 0 {
				syscall.Kill(s.pid, sig.(syscall.Signal))
			} else if s.ending {
				return s.end(0, gone)
			}
		case <-gone:
			s.killRest()
			return 128 + int(syscall.SIGKILL)
		case <-s.children:
			status, ended, _ := s.reap()
			if ended && !s.goOn() {
				return s.end(status, gone)
			}
		case <-s.again:
			s.again = nil
			s.respawn()
		}
	}
}

// goOn says whether the end of what ran is not the end of the sandbox, and sees to what is next.
func (s *supervisor) goOn() bool {
	switch {
	case s.ending, !s.before && !s.spec.Respawn:
		return false
	case s.before:
		s.before = false
		s.respawn()
		return s.pid != 0 || s.again != nil
	}
	s.later()
	return true
}

// respawn starts the command; where that fails, it is tried again if the command is one that is
// kept running.
func (s *supervisor) respawn() {
	if err := s.start(s.spec.Command); err != nil {
		fmt.Fprintln(os.Stderr, err)
		if s.spec.Respawn {
			s.later()
		}
	}
}

func (s *supervisor) later() {
	if time.Since(s.started) >= longestPause {
		s.pause = 0
	}
	s.pause = min(max(2*s.pause, shortestPause), longestPause)
	s.again = time.After(s.pause)
}

// reap takes in all who have ended, adopted ones included. ended says that what ran is among
// them, alone that there is nobody else.
func (s *supervisor) reap() (status int, ended, alone bool) {
	for {
		var ws syscall.WaitStatus
		child, err := syscall.Wait4(-1, &ws, syscall.WNOHANG, nil)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return status, ended, true // ECHILD
		case child == 0:
			return status, ended, false
		case child != s.pid:
			continue
		}
		s.pid, ended = 0, true
		if status = ws.ExitStatus(); ws.Signaled() {
			status = 128 + int(ws.Signal())
		}
	}
}

// end asks those who are left to end, waits for them as long as the spec says, and kills the
// rest. It returns the status.
func (s *supervisor) end(status int, gone <-chan struct{}) int {
	if s.spec.Farewell > 0 {
		for _, pid := range descendantsOf(os.Getpid()) {
			syscall.Kill(pid, syscall.SIGTERM)
		}
		late := time.After(s.spec.Farewell)
		for waiting := true; waiting; {
			if _, _, alone := s.reap(); alone {
				return status
			}
			select {
			case <-s.children:
			case <-gone:
				waiting = false
			case <-late:
				waiting = false
			}
		}
	}
	s.killRest()
	return status
}

// killRest kills every process below this one. Killing a child hands its own children to us, so
// it goes on until there are none.
func (s *supervisor) killRest() {
	for {
		for _, child := range childrenOf(os.Getpid()) {
			syscall.Kill(child, syscall.SIGKILL)
		}
		if _, _, alone := s.reap(); alone {
			return
		}
		<-s.children
	}
}
