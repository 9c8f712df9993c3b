package agent

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	logFileSize  = 64 << 20
	logFilesKept = 8
	logDaysKept  = 7
)

// A logFile is appended to until it is full, and then becomes .1, .1 becomes .2 and so on. A daily
// one becomes .YYYYMMDD at the first line of another day, and is also split when it is full.
type logFile struct {
	path  string
	limit int64
	keep  int // files in all
	days  int // kept of a daily one, 0 for a log that is not

	mu   sync.Mutex
	file *os.File
	size int64
	day  string // of the lines in it
	now  func() time.Time
}

func openLogFile(path string) (*logFile, error) {
	return openLog(&logFile{path: path, limit: logFileSize, keep: logFilesKept, now: time.Now})
}

// openDailyLog is the agent's own log.
func openDailyLog(path string) (*logFile, error) {
	return openLog(&logFile{path: path, limit: logFileSize, keep: logFilesKept, days: logDaysKept, now: time.Now})
}

func openLog(l *logFile) (*logFile, error) {
	if err := os.MkdirAll(filepath.Dir(l.path), 0o755); err != nil {
		return nil, err
	}
	return l, l.open()
}

func (l *logFile) open() error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return err
	}
	l.file, l.size, l.day = file, info.Size(), dayOf(info.ModTime())
	if l.size == 0 {
		n, _ := fmt.Fprintf(file, "# Logfile created on %s by slipway-agent\n", time.Now().Format("2006-01-02 15:04:05 -0700"))
		l.size, l.day = int64(n), dayOf(l.now())
	}
	return nil
}

func dayOf(t time.Time) string { return t.Format("20060102") }

// Write appends p, in one piece.
func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if today := dayOf(l.now()); l.days > 0 && today != l.day {
		if err := l.turn(today); err != nil {
			return 0, err
		}
	}
	if l.size >= l.limit {
		if err := l.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

// turn puts yesterday's file aside and deletes the oldest.
func (l *logFile) turn(today string) error {
	_ = l.file.Close()
	_ = os.Rename(l.path, l.path+"."+l.day)
	old, _ := filepath.Glob(l.path + ".[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]")
	slices.Sort(old)
	for _, path := range old[:max(len(old)-l.days, 0)] {
		_ = os.Remove(path)
	}
	if err := l.open(); err != nil {
		return err
	}
	l.day = today
	return nil
}

func (l *logFile) rotate() error {
	_ = l.file.Close()
	for i := l.keep - 1; i > 0; i-- {
		from := l.path
		if i > 1 {
			from = fmt.Sprintf("%s.%d", l.path, i-1)
		}
		_ = os.Rename(from, fmt.Sprintf("%s.%d", l.path, i))
	}
	return l.open()
}

// Close closes the file; later writes fail.
func (l *logFile) Close() error { return l.file.Close() }

// An awsHandler writes log lines in the format of AWS's agent:
// TIME LEVEL [codedeploy-agent(PID)]: text key=value
type awsHandler struct {
	w       io.Writer
	program string
	level   slog.Level
	attrs   string
}

func (h *awsHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.level }

func (h *awsHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %-5s [%s(%d)]: %s%s", r.Time.Format("2006-01-02T15:04:05"), r.Level, h.program, os.Getpid(), r.Message, h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(attr(a))
		return true
	})
	_, err := io.WriteString(h.w, strings.ReplaceAll(b.String(), "\n", `\n`)+"\n")
	return err
}

func (h *awsHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := *h
	for _, a := range attrs {
		with.attrs += attr(a)
	}
	return &with
}

// WithGroup ignores the name: nothing here logs groups.
func (h *awsHandler) WithGroup(string) slog.Handler { return h }

func attr(a slog.Attr) string { return fmt.Sprintf(" %s=%q", a.Key, a.Value.String()) }
