package hook

import (
	"bytes"
	"io"
	"sync"
	"time"
	"unicode"
)

const (
	// lineLimit is the longest line that is handled as one; a longer one is logged in pieces.
	lineLimit = 64 << 10
	// writeSize is how much is gathered for a file before it is written.
	writeSize = 128 << 10
)

// An output spreads what the scripts of one event print. It takes a piece as large as a pipe holds
// at a time: the clock is looked at and the files are written to once per piece, and a line costs no
// more than being copied behind its prefix.
type output struct {
	mu          sync.Mutex
	log         io.WriteCloser // scripts.log
	deployments io.Writer      // nil when switched off
	deployment  string
	tail        *Tail
	live        io.Writer // nil when nobody watches
	closed      bool

	// What is to be written to log and to deployments.
	forLog, forDeployments []byte
}

// note adds a line of the agent's own, to the deployment's log and to the tail.
func (o *output) note(entry string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forLog = append(append(o.forLog, logStamp(time.Now())...), entry...)
	o.flush()
	o.tail.Add(entry)
	o.show("", []byte(entry))
}

// drain reads one stream of a script to its end. After close it goes on reading, for the sake of
// the writer, and discards.
func (o *output) drain(r io.Reader, label string) {
	buf := make([]byte, lineLimit)
	kept := 0
	for {
		n, err := r.Read(buf[kept:])
		whole := bytes.LastIndexByte(buf[kept:kept+n], '\n') + 1
		if whole > 0 {
			whole += kept
		}
		n += kept
		if err != nil || whole == 0 && n == len(buf) {
			whole = n // a last line without an end, or a piece of a very long one
		}
		o.take(buf[:whole], label)
		kept = copy(buf, buf[whole:n])
		if err != nil {
			return
		}
	}
}

// take spreads whole lines.
func (o *output) take(lines []byte, label string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || len(lines) == 0 {
		return
	}
	now := time.Now()
	prefix := logStamp(now) + label
	common := ""
	if o.deployments != nil {
		common = now.Format("[2006-01-02 15:04:05.000] [") + o.deployment + "]" + label
	}
	for rest := lines; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		o.forLog = append(append(o.forLog, prefix...), line...)
		if line[len(line)-1] != '\n' {
			o.forLog = append(o.forLog, '\n')
		}
		if o.deployments != nil {
			o.forDeployments = append(append(o.forDeployments, common...), bytes.TrimRightFunc(line, unicode.IsSpace)...)
			o.forDeployments = append(o.forDeployments, '\n')
		}
		o.show(label, line)
		if len(o.forLog)+len(o.forDeployments) > writeSize {
			o.flush()
		}
	}
	o.flush()
	o.tail.addLines(label, lines)
}

// cutLine splits off the first line, with its end.
func cutLine(text []byte) (line, rest []byte) {
	end := bytes.IndexByte(text, '\n') + 1
	if end == 0 {
		end = len(text)
	}
	return text[:end], text[end:]
}

func logStamp(now time.Time) string { return now.Format("2006-01-02 15:04:05 ") }

// show passes an entry on to who looks at the event while it runs.
func (o *output) show(label string, line []byte) {
	if o.live != nil {
		_, _ = io.WriteString(o.live, label+string(line)) // nobody may be there any more
	}
}

// flush ignores errors: a log that cannot be written, on a full disk say, is no reason to fail a
// script that has done its work.
func (o *output) flush() {
	if !o.closed && len(o.forLog) > 0 {
		_, _ = o.log.Write(o.forLog)
	}
	if !o.closed && len(o.forDeployments) > 0 {
		_, _ = o.deployments.Write(o.forDeployments)
	}
	o.forLog, o.forDeployments = o.forLog[:0], o.forDeployments[:0]
}

func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	_ = o.log.Close()
}
