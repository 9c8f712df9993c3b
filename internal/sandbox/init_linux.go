package sandbox

import (
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
	keep, err := begin(o)
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
	syscall.Exit(keep.supervise(signals, gone))
}

// begin builds the root and starts the command, or what goes before it.
func begin(o order) (*supervisor, error) {
	spec, err := Spec(o.Spec), error(nil)
	if spec.Namespaces {
		err = enterRoot(spec)
	} else {
		err = layRoot(spec)
	}
	if err != nil || o.Probe {
		return nil, err
	}
	// Orphans of the command come to us, not to the host's init. As process 1 of a
	// namespace that is so anyway.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("become the reaper: %w", err)
	}
	s := newSupervisor(spec)
	return s, s.begin()
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

// childrenOf lists the processes whose parent is pid.
func childrenOf(pid int) []int { return families()[pid] }

// descendantsOf lists the processes below pid.
func descendantsOf(pid int) (list []int) {
	children := families()
	for next := children[pid]; len(next) > 0; next = next[1:] {
		list = append(list, next[0])
		next = append(next, children[next[0]]...)
	}
	return list
}

// families lists all processes by their parents.
func families() map[int][]int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it ended meanwhile
		}
		// "PID (NAME) STATE PPID …", where NAME may hold anything, parentheses too.
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		if len(fields) < 2 {
			continue
		}
		parent, err := strconv.Atoi(fields[1])
		child, err2 := strconv.Atoi(filepath.Base(filepath.Dir(name)))
		if err == nil && err2 == nil {
			children[parent] = append(children[parent], child)
		}
	}
	return children
}
