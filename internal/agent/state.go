package agent

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// A state is what a running agent lets slipway-agent status know, in ROOT_DIR/.state.
type state struct {
	PID      int       `json:"pid"`
	Version  string    `json:"version"`
	Host     string    `json:"host"`
	Region   string    `json:"region"`
	Endpoint string    `json:"endpoint"`
	Started  time.Time `json:"started"`
	// LastPoll is when the service last answered a poll, zero when it never did.
	LastPoll time.Time `json:"lastPoll,omitzero"`
	// Trouble is why the last poll that ended failed, and TroubleAt when; empty when it did not. The
	// next one may have been held by a server that is well again since.
	Trouble   string    `json:"trouble,omitempty"`
	TroubleAt time.Time `json:"troubleAt,omitzero"`
	Stopping  bool      `json:"stopping,omitempty"`
}

// A stateFile keeps a state on disk. An error is no reason to stop working, so none is reported.
type stateFile struct {
	path string

	mu  sync.Mutex
	now state
}

func (l layout) stateFile() string { return filepath.Join(l.root, ".state") }

// change alters the state and writes it down.
func (s *stateFile) change(f func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.now)
	if text, err := json.Marshal(s.now); err == nil {
		_ = writeFile(s.path, text)
	}
}

func readState(path string) (state, error) {
	var s state
	text, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}

// pidDir is where the PID file is: beside the deployment root if nothing else is said, which is
// AWS's place when the root is AWS's.
func (c Config) pidFile() string {
	dir := c.PIDDir
	if dir == "" {
		dir = filepath.Join(filepath.Dir(filepath.Clean(c.RootDir)), "state", ".pid")
	}
	return filepath.Join(dir, c.ProgramName+".pid")
}

// writePID writes the PID file and returns what removes it. The lock on the deployment root, and
// not this file, is what keeps a second agent away, so one that was left behind does no harm.
func (c Config) writePID() (func(), error) {
	path := c.pidFile()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	if err := writeFile(path, []byte(strconv.Itoa(os.Getpid())+"\n")); err != nil {
		return nil, err
	}
	return func() { _ = os.Remove(path) }, nil
}

// errLocked means that another process has the lock.
var errLocked = errors.New("locked by another process")

// running says whether an agent works on the deployment root.
func (l layout) running() (bool, error) {
	file, err := os.Open(l.lockFile())
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	err = lockShared(file)
	if errors.Is(err, errLocked) {
		return true, nil
	}
	return false, err
}
