package screen

import (
	"bytes"
	"os"
	"testing"
)

func live(w *bytes.Buffer, width, height int) *Screen {
	return &Screen{Live: true, w: w, size: func() (int, int) { return width, height }}
}

func TestDrawReplacesThePicture(t *testing.T) {
	var out bytes.Buffer
	s := live(&out, 20, 10)
	s.Draw([]string{"one", "two"})
	out.Reset()
	s.Draw([]string{"three"})
	if got, want := out.String(), "\x1b[?25l\x1b[2A\rthree\x1b[K\n\x1b[J"; got != want {
		t.Errorf("second picture: %q, want %q", got, want)
	}
	out.Reset()
	s.Print("stays")
	if got, want := out.String(), "\x1b[1A\r\x1b[Jstays\n"; got != want {
		t.Errorf("a line: %q, want %q", got, want)
	}
	out.Reset()
	s.Draw([]string{"four"})
	if bytes.Contains(out.Bytes(), []byte("A\r")) {
		t.Errorf("the picture after a line moved up and would overwrite it: %q", out.String())
	}
}

func TestDrawFitsTheTerminal(t *testing.T) {
	var out bytes.Buffer
	s := live(&out, 6, 3)
	s.Draw([]string{s.Paint(Green, "abcdefgh"), "2", "3", "4"})
	if got, want := out.String(), "\x1b[?25l\r\x1b[32mabcde\x1b[0m\x1b[K\n\r2\x1b[K\n\x1b[J"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNotLive(t *testing.T) {
	var out bytes.Buffer
	s := New(&out, os.Getenv)
	s.Draw([]string{"picture"})
	s.Print(s.Paint(Red, "line"))
	s.Close()
	if out.String() != "line\n" {
		t.Errorf("got %q", out.String())
	}
}

func TestColumns(t *testing.T) {
	s := &Screen{Live: true}
	text := s.Paint(Bold, "✓ ok")
	if Columns(text) != 4 {
		t.Errorf("%q counts %d columns", text, Columns(text))
	}
	if got := Pad(text, 6); got != text+"  " {
		t.Errorf("padded: %q", got)
	}
	if got := Cut("äöü", 2); got != "äö" {
		t.Errorf("cut: %q", got)
	}
}
