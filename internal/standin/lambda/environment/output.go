package environment

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	tailSize = 4 << 10  // of what a call has logged, that its caller may see
	callLog  = 1 << 20  // of what a call has logged, that the file keeps
	pipeSize = 64 << 10 // Linux's, of a pipe
)

// An output takes what a process prints: the last of it for the caller, the first of it for
// the log file.
type output struct {
	pipe *os.File
	raw  syscall.RawConn
	log  *logFile

	mu      sync.Mutex
	tail    []byte // at most twice tailSize
	left    int    // what the file takes yet of this call
	dropped int    // what it did not take
}

// newOutput also returns the end of the pipe that the process writes to.
func newOutput(log *logFile) (*output, *os.File, error) {
	pipe, writer, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("make a pipe: %w", err)
	}
	raw, err := pipe.SyscallConn()
	if err != nil {
		pipe.Close()
		writer.Close()
		return nil, nil, fmt.Errorf("make a pipe: %w", err)
	}
	o := &output{pipe: pipe, raw: raw, log: log, left: callLog}
	go o.run()
	return o, writer, nil
}

// run reads until the pipe's end.
func (o *output) run() {
	buf := make([]byte, 32<<10)
	// An error says that the pipe was closed.
	_ = o.raw.Read(func(fd uintptr) bool {
		for {
			n, err := o.read(fd, buf)
			if n <= 0 && !errors.Is(err, unix.EINTR) {
				return !errors.Is(err, unix.EAGAIN)
			}
		}
	})
}

func (o *output) read(fd uintptr, buf []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := unix.Read(int(fd), buf)
	if n > 0 {
		o.take(buf[:n])
	}
	return n, err
}

// drain takes what is in the pipe, which is all that was printed before.
func (o *output) drain() {
	buf := make([]byte, 4<<10)
	_ = o.raw.Control(func(fd uintptr) {
		for got := 0; got < pipeSize; {
			n, err := o.read(fd, buf)
			if n <= 0 && !errors.Is(err, unix.EINTR) {
				return
			}
			got += max(n, 0)
		}
	})
}

// take keeps what was printed. The lock is held.
func (o *output) take(text []byte) {
	o.tail = append(o.tail, text...)
	if n := len(o.tail); n > 2*tailSize {
		o.tail = append(o.tail[:0], o.tail[n-tailSize:]...)
	}
	kept := min(len(text), o.left)
	o.log.write(text[:kept])
	o.left -= kept
	o.dropped += len(text) - kept
}

// begin begins a call's log.
func (o *output) begin(line string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tail, o.left, o.dropped = o.tail[:0], callLog, 0
	o.take([]byte(line))
}

// finish ends a call's log and returns the last of it.
func (o *output) finish(lines string) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dropped > 0 {
		o.log.write(fmt.Appendf(nil, "\n[%d bytes of this call's log were left out]\n", o.dropped))
	}
	o.left = max(o.left, len(lines))
	if n := len(o.tail); n > 0 && o.tail[n-1] != '\n' {
		lines = "\n" + lines
	}
	o.take([]byte(lines))
	return append([]byte(nil), o.tail[max(0, len(o.tail)-tailSize):]...)
}

func (o *output) close() {
	o.drain()
	o.pipe.Close()
}
