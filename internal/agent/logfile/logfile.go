// Package logfile is a log on disk that does not fill it: by size, a full file becomes NAME.0, that
// one NAME.1 and so on, and the oldest is deleted; a daily one becomes NAME.YYYYMMDD. The numbers
// and dates are those of AWS's agent, so that log shippers find what they are set up for.
package logfile

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// AWS's agents keep as much.
const (
	Size  = 64 << 20 // bytes in a file before the next one is begun
	Files = 8        // of a log that is kept by size
	Days  = 7        // of a daily log
)

// Options are how a log is kept. The zero value stands for a log of Files files of Size bytes
// without a first line of its own.
type Options struct {
	Size  int64 // a file takes what is written in one piece beyond it
	Files int   // in all, the one being written to included
	Days  int   // how many of a daily log are kept, besides today's; 0 for a log that is not daily
	// Header is whether each file begins with a line that says when it was begun, as AWS's do.
	Header bool
	Now    func() time.Time // the clock of a daily log; time.Now when nil
}

// A File is appended to, by several goroutines if need be.
type File struct {
	path string
	o    Options

	mu   sync.Mutex
	file *os.File // nil when the next one could not be begun
	size int64
	day  string // of the lines in it
}

// Open opens a log, and makes it and its folder where they are missing.
func Open(path string, o Options) (*File, error) {
	if o.Size == 0 {
		o.Size = Size
	}
	if o.Files == 0 {
		o.Files = Files
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	l := &File{path: path, o: o}
	return l, l.open()
}

func (l *File) open() error {
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
	if l.size > 0 {
		return nil
	}
	now := l.o.Now()
	l.day = dayOf(now)
	if l.o.Header {
		n, _ := fmt.Fprintf(file, "# Logfile created on %s by slipway-agent\n", now.Format("2006-01-02 15:04:05 -0700"))
		l.size = int64(n)
	}
	return nil
}

func dayOf(t time.Time) string { return t.Format("20060102") }

// Write appends p, in one piece.
func (l *File) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.makeRoom(); err != nil {
		return 0, err
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	return n, err
}

// makeRoom begins the next file when it is time.
func (l *File) makeRoom() error {
	if l.file == nil {
		return l.open()
	}
	if l.o.Days > 0 {
		if today := dayOf(l.o.Now()); today != l.day {
			return l.turn(today)
		}
	}
	if l.size >= l.o.Size {
		return l.rotate()
	}
	return nil
}

// turn puts yesterday's file aside and deletes the oldest.
func (l *File) turn(today string) error {
	l.closeFile()
	_ = os.Rename(l.path, l.path+"."+l.day)
	old, _ := filepath.Glob(l.path + ".[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]")
	slices.Sort(old)
	for _, path := range old[:max(len(old)-l.o.Days, 0)] {
		_ = os.Remove(path)
	}
	if err := l.open(); err != nil {
		return err
	}
	l.day = today
	return nil
}

func (l *File) rotate() error {
	l.closeFile()
	for i := l.o.Files - 2; i > 0; i-- {
		_ = os.Rename(l.numbered(i-1), l.numbered(i))
	}
	_ = os.Rename(l.path, l.numbered(0))
	return l.open()
}

func (l *File) closeFile() {
	_ = l.file.Close()
	l.file = nil
}

func (l *File) numbered(n int) string { return fmt.Sprintf("%s.%d", l.path, n) }

// Close closes the file; later writes fail.
func (l *File) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.file.Close()
}
