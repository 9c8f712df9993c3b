package environment

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// maxLog is when a function's log file is put aside, in the place of the one before.
const maxLog = 5 << 20

// logs has the log file of every function that has run.
type logs struct {
	dir string

	mu    sync.Mutex
	files map[string]*logFile
}

// open returns the log of a function.
func (l *logs) open(function string) (*logFile, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.files[function]; f != nil {
		return f, nil
	}
	f := &logFile{path: filepath.Join(l.dir, function+".log")}
	if err := f.open(); err != nil {
		return nil, err
	}
	if l.files == nil {
		l.files = map[string]*logFile{}
	}
	l.files[function] = f
	return f, nil
}

// A logFile has what a function prints, and beside it what it has printed before.
type logFile struct {
	path string

	mu   sync.Mutex
	file *os.File
	size int64
}

func (l *logFile) open() error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the function's log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return fmt.Errorf("open the function's log: %w", err)
	}
	l.file, l.size = file, info.Size()
	return nil
}

// write never fails: a full disk must not stop functions, and leaves a hole in the log.
func (l *logFile) write(text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil || len(text) == 0 {
		return
	}
	n, _ := l.file.Write(text)
	l.size += int64(n)
	if l.size >= maxLog {
		l.file.Close()
		l.file = nil
		_ = os.Rename(l.path, l.path+".1")
		_ = l.open()
	}
}
