package hook

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

const (
	// tailLimit is the number of characters that the kept entries stay below.
	tailLimit = 2048
	// cutLength is what remains of an entry that would fill the tail alone. AWS's agent loses
	// everything then; here the line is cut and the lines around it stay readable.
	cutLength = 1000
)

// A Tail keeps the last entries of a log: whole ones, together shorter than 2048 characters.
// The zero Tail is empty and ready; it is safe for concurrent use.
//
// What comes is put on a heap of text first, and looked at when somebody asks or the heap is full:
// most of what a talkative script prints is never looked at.
type Tail struct {
	mu      sync.Mutex
	entries []string
	lengths []int
	total   int

	text   []byte
	chunks []chunk
}

// A chunk is a piece of the heap: lines with one label, which each of them gets.
type chunk struct {
	label      string
	begin, end int
}

const (
	heapSize   = 256 << 10
	heapChunks = 256
)

// Add appends an entry, which is a line with its newline. Bytes that are not UTF-8 are replaced.
func (t *Tail) Add(entry string) { t.addLines("", []byte(entry)) }

// addLines adds each line with its label in front. The last one may be without an end; what comes
// next is an entry of its own nevertheless.
func (t *Tail) addLines(label string, lines []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.text)+len(lines) > heapSize || len(t.chunks) == heapChunks {
		t.clear()
	}
	begin := len(t.text)
	t.text = append(t.text, lines...)
	t.chunks = append(t.chunks, chunk{label, begin, len(t.text)})
}

// clear empties the heap into the entries. It goes backwards, as far as entries can stay.
func (t *Tail) clear() {
	var entries []string
	var lengths []int
	total := 0
	for _, c := range slices.Backward(t.chunks) {
		for end := c.end; end > c.begin && total < tailLimit; {
			begin := c.begin + bytes.LastIndexByte(t.text[c.begin:end-1], '\n') + 1
			entry, length := fit(c.label, t.text[begin:end])
			entries, lengths, total = append(entries, entry), append(lengths, length), total+length
			end = begin
		}
	}
	for i, entry := range slices.Backward(entries) {
		t.add(entry, lengths[i])
	}
	t.text, t.chunks = t.text[:0], t.chunks[:0]
}

func (t *Tail) add(entry string, length int) {
	t.entries, t.lengths, t.total = append(t.entries, entry), append(t.lengths, length), t.total+length
	for t.total >= tailLimit {
		t.total -= t.lengths[0]
		t.entries, t.lengths = t.entries[1:], t.lengths[1:]
	}
}

// fit makes a line and its label an entry that is valid and short enough, and counts its characters.
func fit(label string, line []byte) (string, int) {
	if !utf8.Valid(line) {
		line = bytes.ToValidUTF8(line, []byte("\uFFFD"))
	}
	length := len(label) + utf8.RuneCount(line)
	if length < tailLimit {
		return label + string(line), length
	}
	end := 0
	for range cutLength - len(label) {
		_, size := utf8.DecodeRune(line[end:])
		end += size
	}
	entry := fmt.Sprintf("%s%s... [%d more characters]\n", label, line[:end], length-cutLength)
	return entry, utf8.RuneCountInString(entry)
}

// String is what has been kept so far.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.clear()
	return strings.Join(t.entries, "")
}
