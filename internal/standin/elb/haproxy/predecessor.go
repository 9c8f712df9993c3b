package haproxy

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pidFile has the process id of HAProxy's master, which is that of its group.
const pidFile = "haproxy.pid"

// farewell is how long the HAProxy of a server that was killed may take to end.
const farewell = 5 * time.Second

// endPredecessor ends the HAProxy that a server with this directory has left behind, because it was
// killed: it has gone on serving until now, and holds the addresses.
func (e *Engine) endPredecessor() error {
	text, err := os.ReadFile(filepath.Join(e.dir, pidFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for another HAProxy: %w", err)
	}
	group, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || group <= 1 || !e.isOurs(group) {
		return nil // the number is somebody else's by now
	}
	e.log.Info("ending the HAProxy of a server that was killed", "pid", group)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		_ = syscall.Kill(-group, signal) // the master with its workers
		for end := time.Now().Add(farewell); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
			if errors.Is(syscall.Kill(-group, 0), syscall.ESRCH) {
				return nil
			}
		}
	}
	return fmt.Errorf("another HAProxy, process %d, does not end", group)
}

// isOurs says whether the process runs the configuration of this directory.
func (e *Engine) isOurs(pid int) bool {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && bytes.Contains(line, []byte(filepath.Join(e.dir, "haproxy.cfg")))
}
