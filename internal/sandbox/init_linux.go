package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// exitSetup is the init's status when the command could not be started; the reason travels
// in the report.
const exitSetup = 125

// Init is the whole life of the re-executed program. It never returns.
func Init() {
	lifeline, report := os.NewFile(3, "lifeline"), os.NewFile(4, "report")
	if lifeline == nil || report == nil {
		fmt.Fprintln(os.Stderr, "sandbox-init is started by slipway itself")
		os.Exit(2)
	}
	unix.CloseOnExec(3)
	unix.CloseOnExec(4)
	var o order
	orders := json.NewDecoder(lifeline)
	if err := orders.Decode(&o); err != nil {
		fmt.Fprintln(os.Stderr, "sandbox-init is started by slipway itself:", err)
		os.Exit(2)
	}
	// Before the command runs: process 1 of a namespace is deaf to what it has no handler for.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2)
	pid, err := begin(o)
	if err != nil {
		fmt.Fprint(report, err)
		os.Exit(exitSetup)
	}
	fmt.Fprint(report, reportReady)
	report.Close()
	// From here on there is nothing to flush, and a race detector would first sleep a second.
	if o.Probe {
		syscall.Exit(0)
	}
	gone := make(chan struct{})
	go func() {
		orders.Decode(&struct{}{}) // returns when the other end closes
		close(gone)
	}()
	syscall.Exit(supervise(pid, signals, gone))
}

// begin builds the root and starts the command.
func begin(o order) (pid int, err error) {
	spec := Spec(o.Spec)
	if spec.Namespaces {
		err = enterRoot(spec)
	} else {
		err = layRoot(spec)
	}
	if err != nil || o.Probe {
		return 0, err
	}
	// Orphans of the command come to us, not to the host's init. As process 1 of a
	// namespace that is so anyway.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("become the reaper: %w", err)
	}
	dir := spec.Path(cmp.Or(spec.Dir, "/"))
	pid, err = syscall.ForkExec(spec.Command[0], spec.Command, &syscall.ProcAttr{
		Dir:   dir,
		Env:   spec.Env,
		Files: []uintptr{0, 1, 2},
		Sys:   &syscall.SysProcAttr{Credential: credential(spec)},
	})
	if err != nil {
		return 0, fmt.Errorf("run %s: %w", spec.Command[0], err)
	}
	return pid, nil
}

// credential is who the command runs as; nil for whoever the init is.
func credential(spec Spec) *syscall.Credential {
	if spec.User == 0 || !spec.Namespaces || !mapped(spec.User) {
		return nil
	}
	return &syscall.Credential{Uid: spec.User, Gid: spec.User}
}

// mapped tells whether the namespace has that user.
func mapped(id uint32) bool {
	return slices.ContainsFunc(ownIDs("/proc/self/uid_map"), func(m syscall.SysProcIDMap) bool {
		return m.ContainerID <= int(id) && int(id) < m.ContainerID+m.Size
	})
}

// supervise forwards signals to the command and reaps until the command has ended or the
// lifeline is cut; then it kills whatever is left. It returns the exit status.
func supervise(pid int, signals <-chan os.Signal, gone <-chan struct{}) int {
	ended := make(chan int, 1)
	alone := make(chan struct{})
	go reap(pid, ended, alone)
	for {
		select {
		case sig := <-signals:
			syscall.Kill(pid, sig.(syscall.Signal))
		case <-gone:
			killRest(alone)
			return 128 + int(syscall.SIGKILL)
		case status := <-ended:
			killRest(alone)
			return status
		}
	}
}

// reap waits for every child, adopted ones included, until there is none. It sends the
// status of pid to ended and closes alone at the end.
func reap(pid int, ended chan<- int, alone chan<- struct{}) {
	defer close(alone)
	for {
		var ws syscall.WaitStatus
		child, err := syscall.Wait4(-1, &ws, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return // ECHILD
		case child != pid:
		case ws.Signaled():
			ended <- 128 + int(ws.Signal())
		default:
			ended <- ws.ExitStatus()
		}
	}
}

// killRest kills every process below this one. Killing a child hands its own children to us,
// so it goes on until there are none.
func killRest(alone <-chan struct{}) {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	for {
		for _, child := range childrenOf(os.Getpid()) {
			syscall.Kill(child, syscall.SIGKILL)
		}
		select {
		case <-alone:
			return
		case <-children:
		}
	}
}

// childrenOf lists the processes whose parent is pid.
func childrenOf(pid int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	var found []int
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it ended meanwhile
		}
		// "PID (NAME) STATE PPID …", where NAME may hold anything, parentheses too.
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(pid) {
			continue
		}
		if child, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			found = append(found, child)
		}
	}
	return found
}
