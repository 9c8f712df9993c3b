package bundle

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// Limits that no honest revision comes near. An archive may always become a gibibyte; beyond that it
// may not become more than 200 times its own size (text reaches 10, logs 50, gzip's limit is 1032).
const (
	maxEntries   = 1_000_000
	alwaysFine   = 1 << 30
	maxExpansion = 200
)

// A budget bounds what an archive may become.
type budget struct {
	archive int64 // its size
	left    int64 // bytes that may still be written
	free    int64 // bytes that were free on the disk at the beginning; negative when unknown
	written int64
	entries int
}

func newBudget(archive *os.File) (*budget, error) {
	info, err := archive.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	return &budget{archive: size, left: max(alwaysFine, size*maxExpansion), free: -1}, nil
}

// measure looks how much room the disk with dir has.
func (b *budget) measure(dir string) error {
	free, err := freeSpace(dir)
	if err != nil {
		return fmt.Errorf("ask for the free space of %s: %w", dir, err)
	}
	b.free = free
	return nil
}

// entry counts one more member.
func (b *budget) entry() error {
	if b.entries++; b.entries > maxEntries {
		return &LimitError{fmt.Sprintf("it has more than %d members", maxEntries)}
	}
	return nil
}

// mayHold refuses a file that says it is too large, before any of it is written. A negative size
// is one that is not known.
func (b *budget) mayHold(name string, size int64) error {
	if b.free >= 0 && size > b.free-b.written {
		return fmt.Errorf("%s needs %d bytes and %d are free: %w", name, size, max(0, b.free-b.written), syscall.ENOSPC)
	}
	if size > b.left {
		return b.exceeded()
	}
	return nil
}

func (b *budget) wrote(n int64) {
	b.written += n
	b.left -= n
}

func (b *budget) exceeded() error {
	return &LimitError{fmt.Sprintf("it unpacks to more than %d bytes, %d times its own size", max(alwaysFine, b.archive*maxExpansion), maxExpansion)}
}

// A LimitError says which limit an archive breaks.
type LimitError struct{ Reason string }

func (e *LimitError) Error() string {
	return "The archive was refused because " + e.Reason + ", which looks like an attack on the host's disk. Build the archive from fewer or less compressible files."
}

// A boundedWriter counts what becomes of a member whose size cannot be trusted.
type boundedWriter struct {
	w      io.Writer
	budget *budget
}

func (b *boundedWriter) Write(p []byte) (int, error) {
	if int64(len(p)) > b.budget.left {
		return 0, b.budget.exceeded()
	}
	b.budget.wrote(int64(len(p)))
	return b.w.Write(p)
}

// A boundedReader counts what is read and thrown away.
type boundedReader struct {
	r      io.Reader
	budget *budget
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.budget.left -= int64(n); b.budget.left < 0 {
		return n, b.budget.exceeded()
	}
	return n, err
}
