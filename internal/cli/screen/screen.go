// Package screen shows progress: a picture that is redrawn in place on a terminal, plain
// lines everywhere else.
//
//	s := screen.New(os.Stdout, os.Getenv)
//	defer s.Close()
//	s.Print("a line that stays")
//	s.Draw([]string{"a picture", "of two lines"}) // replaces the picture before it
//
// A picture is only drawn when Live; a caller prints lines for what changed otherwise.
package screen

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"
)

// A Screen is where a command shows its progress. Its methods may be called concurrently.
type Screen struct {
	// Live says whether pictures are drawn: on a terminal, unless NO_COLOR or CI is set or
	// TERM is dumb.
	Live bool

	mu    sync.Mutex
	w     io.Writer
	size  func() (width, height int)
	drawn int // lines of the picture that stands below the printed lines
}

// New returns the screen that w is. getenv is os.Getenv outside tests.
func New(w io.Writer, getenv func(string) string) *Screen {
	s := &Screen{w: w, size: func() (int, int) { return 80, 24 }}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	s.Live = getenv("NO_COLOR") == "" && getenv("CI") == "" && getenv("TERM") != "dumb"
	s.size = func() (int, int) {
		width, height, err := term.GetSize(int(f.Fd()))
		if err != nil || width <= 0 || height <= 0 {
			return 80, 24
		}
		return width, height
	}
	return s
}

// Width is the number of columns; 80 where it cannot be known.
func (s *Screen) Width() int {
	width, _ := s.size()
	return width
}

// Print writes a line that stays, above the picture.
func (s *Screen) Print(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rewind()
	fmt.Fprintln(s.w, line)
}

// Printf is Print of a formatted line.
func (s *Screen) Printf(format string, args ...any) { s.Print(fmt.Sprintf(format, args...)) }

// Draw replaces the picture. Lines are cut at the terminal's width, and the picture at its
// height, because a line that wraps or scrolls could not be replaced. It does nothing unless
// Live.
func (s *Screen) Draw(picture []string) {
	if !s.Live {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	width, height := s.size()
	if len(picture) > height-1 {
		picture = picture[:max(height-1, 0)]
	}
	var b strings.Builder
	b.WriteString("\x1b[?25l") // no cursor while it moves about
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	for _, line := range picture {
		b.WriteString("\r" + Cut(line, width-1) + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	io.WriteString(s.w, b.String())
	s.drawn = len(picture)
}

// Close leaves the last picture standing and gives the cursor back.
func (s *Screen) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.Live {
		io.WriteString(s.w, "\x1b[?25h")
	}
	s.drawn = 0
}

// rewind takes the picture away, so that a line can stand in its place.
func (s *Screen) rewind() {
	if s.drawn > 0 {
		fmt.Fprintf(s.w, "\x1b[%dA\r\x1b[J", s.drawn)
		s.drawn = 0
	}
}

// A Color is how text stands out on a live screen.
type Color string

// The colours used.
const (
	Bold   Color = "1"
	Dim    Color = "2"
	Red    Color = "31"
	Green  Color = "32"
	Yellow Color = "33"
	Blue   Color = "36"
	Purple Color = "35"
)

// Paint colours text if the screen is live, and returns it unchanged otherwise.
func (s *Screen) Paint(c Color, text string) string {
	if !s.Live || c == "" || text == "" {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}

// Cut shortens a line to that many columns, not counting colours. Every character counts as
// one column.
func Cut(line string, width int) string {
	var b strings.Builder
	columns := 0
	for len(line) > 0 {
		if n := escape(line); n > 0 {
			b.WriteString(line[:n])
			line = line[n:]
			continue
		}
		_, n := utf8.DecodeRuneInString(line)
		if columns < width {
			b.WriteString(line[:n])
			columns++
		}
		line = line[n:]
	}
	return b.String()
}

// Pad fills text up with spaces to that many columns, not counting colours.
func Pad(text string, width int) string {
	if missing := width - Columns(text); missing > 0 {
		return text + strings.Repeat(" ", missing)
	}
	return text
}

// Columns counts the columns of text, colours aside.
func Columns(text string) int {
	columns := 0
	for len(text) > 0 {
		n := escape(text)
		if n == 0 {
			_, n = utf8.DecodeRuneInString(text)
			columns++
		}
		text = text[n:]
	}
	return columns
}

// escape is the length of the colour sequence that text begins with, or 0.
func escape(text string) int {
	if !strings.HasPrefix(text, "\x1b[") {
		return 0
	}
	if end := strings.IndexByte(text, 'm'); end >= 0 {
		return end + 1
	}
	return 0
}
