package hook

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// lineLimit is the longest line that is handled as one; a longer one is logged in pieces.
const lineLimit = 64 << 10

// An output spreads what the scripts of one event print. Lines are buffered and written to the
// files once per piece read, so that a talkative script costs no system call per line.
type output struct {
	mu          sync.Mutex
	file        *os.File
	log         *bufio.Writer // scripts.log
	deployments *bufio.Writer // nil when switched off
	deployment  string
	tail        *Tail
	live        io.Writer // nil when nobody watches
	closed      bool
}

func newOutput(file *os.File, deployments io.Writer, deployment string, tail *Tail) *output {
	o := &output{file: file, log: bufio.NewWriterSize(file, lineLimit), deployment: deployment, tail: tail}
	if deployments != nil {
		o.deployments = bufio.NewWriterSize(deployments, lineLimit)
	}
	return o
}

// note adds a line of the agent's own, to the deployment's log and to the tail.
func (o *output) note(entry string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := time.Now()
	o.logLine(now, entry)
	o.show(entry)
	o.flush()
}

// drain reads one stream of a script to its end. After close it goes on reading, for the sake of
// the writer, and discards.
func (o *output) drain(r io.Reader, label string) {
	buf := make([]byte, lineLimit)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		kept = o.take(buf, kept+n, label, err != nil)
		if err != nil {
			return
		}
	}
}

// take handles the whole lines in buf[:n] and moves the rest to the front; last says that no more
// will come.
func (o *output) take(buf []byte, n int, label string, last bool) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	data, now := buf[:n], time.Now()
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n') + 1
		if end == 0 && (last || len(data) == len(buf)) {
			end = len(data)
		}
		if end == 0 {
			break
		}
		o.line(now, label+string(data[:end]))
		data = data[end:]
	}
	o.flush()
	return copy(buf, data)
}

func (o *output) line(now time.Time, entry string) {
	if o.closed {
		return
	}
	o.logLine(now, entry)
	if o.deployments != nil {
		o.deployments.WriteString(now.Format("[2006-01-02 15:04:05.000] [") + o.deployment + "]" + strings.TrimSpace(entry) + "\n")
	}
	o.show(entry)
}

// show passes an entry on to those who look at the event while it runs.
func (o *output) show(entry string) {
	o.tail.Add(entry)
	if o.live != nil {
		_, _ = io.WriteString(o.live, entry) // nobody may be there any more
	}
}

func (o *output) logLine(now time.Time, entry string) {
	o.log.WriteString(now.Format("2006-01-02 15:04:05 "))
	o.log.WriteString(entry)
	if !strings.HasSuffix(entry, "\n") {
		o.log.WriteByte('\n')
	}
}

// flush ignores errors: a log that cannot be written, on a full disk say, is no reason to fail a
// script that has done its work.
func (o *output) flush() {
	if o.closed {
		return
	}
	if o.log.Flush() != nil {
		o.log.Reset(o.file)
	}
	if o.deployments != nil {
		_ = o.deployments.Flush()
	}
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	_ = o.file.Close()
}
