package hook

import (
	"fmt"
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
type Tail struct {
	mu      sync.Mutex
	entries []string
	lengths []int
	total   int
}

// Add appends an entry, which normally is a line with its newline. Bytes that are not UTF-8 are
// replaced.
func (t *Tail) Add(entry string) {
	entry = strings.ToValidUTF8(entry, "\uFFFD")
	length := utf8.RuneCountInString(entry)
	if length >= tailLimit {
		entry = cut(entry, length)
		length = utf8.RuneCountInString(entry)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.entries, t.lengths, t.total = append(t.entries, entry), append(t.lengths, length), t.total+length
	for t.total >= tailLimit {
		t.total -= t.lengths[0]
		t.entries, t.lengths = t.entries[1:], t.lengths[1:]
	}
}

func cut(entry string, length int) string {
	end := 0
	for range cutLength {
		_, size := utf8.DecodeRuneInString(entry[end:])
		end += size
	}
	return fmt.Sprintf("%s... [%d more characters]\n", entry[:end], length-cutLength)
}

// String is what has been kept so far.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.Join(t.entries, "")
}
