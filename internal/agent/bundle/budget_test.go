package bundle

import (
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
)

func TestBudget(t *testing.T) {
	b := &budget{left: 100, free: -1, entries: maxEntries - 1}
	if err := b.entry(); err != nil {
		t.Error(err)
	}
	if err := b.entry(); err == nil || !strings.Contains(err.Error(), "it has more than 1000000 members") {
		t.Errorf("got %v", err)
	}
	w := &boundedWriter{io.Discard, b}
	if _, err := w.Write(make([]byte, 100)); err != nil {
		t.Error(err)
	}
	var limit *LimitError
	if _, err := w.Write(make([]byte, 1)); !errors.As(err, &limit) {
		t.Errorf("got %v", err)
	}
	if _, err := io.Copy(io.Discard, &boundedReader{strings.NewReader("x"), b}); !errors.As(err, &limit) {
		t.Errorf("got %v", err)
	}
	b = &budget{left: 100, free: 50}
	b.wrote(20)
	if err := b.mayHold("f", 31); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "f needs 31 bytes and 30 are free") {
		t.Errorf("got %v", err)
	}
	if err := b.mayHold("f", 30); err != nil {
		t.Error(err)
	}
}
