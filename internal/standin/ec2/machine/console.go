package machine

import (
	"io"
	"os"
)

// consoleKept is how much of the end of a console is kept at least, and half of how much at most,
// in bytes. AWS keeps as much.
const consoleKept = 64 << 10

// openConsole makes the terminal that a machine prints to. What is printed goes to the end of the
// file, whose beginning goes when it is long. done is closed when the terminal has been closed by
// all who had it, and everything is written.
func openConsole(path string) (tty *os.File, done <-chan struct{}, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, nil, err
	}
	from, tty, err := os.Pipe()
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		defer from.Close()
		defer file.Close()
		io.Copy(&console{file}, from) // a full disk costs the console, not the machine
	}()
	return tty, finished, nil
}

// A console is a file that forgets its beginning.
type console struct{ file *os.File }

// Write never fails, so that the machine is never held up.
func (c *console) Write(p []byte) (int, error) {
	c.file.Write(p)
	if info, err := c.file.Stat(); err == nil && info.Size() > 2*consoleKept {
		c.cut(info.Size())
	}
	return len(p), nil
}

func (c *console) cut(size int64) {
	end := make([]byte, consoleKept)
	n, err := c.file.ReadAt(end, size-consoleKept)
	if err == nil && c.file.Truncate(0) == nil {
		c.file.Write(end[:n])
	}
}
