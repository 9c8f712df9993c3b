package bundle

import "io"

// An aheadReader reads in a goroutine of its own, a few pieces ahead of whoever uses them, so that
// unpacking gzip and writing files take turns on two cores instead of one.
type aheadReader struct {
	pieces chan piece
	free   chan []byte
	done   chan struct{} // closed when nobody wants more
	now    piece
	rest   []byte
}

type piece struct {
	data []byte
	err  error
}

const (
	pieceSize = 256 << 10
	pieces    = 8
)

func readAhead(r io.Reader) *aheadReader {
	a := &aheadReader{pieces: make(chan piece, pieces), free: make(chan []byte, pieces), done: make(chan struct{})}
	for range pieces {
		a.free <- make([]byte, pieceSize)
	}
	go a.run(r)
	return a
}

func (a *aheadReader) run(r io.Reader) {
	defer close(a.pieces)
	for {
		var buffer []byte
		select {
		case buffer = <-a.free:
		case <-a.done:
			return
		}
		n, err := 0, error(nil)
		for n < len(buffer) && err == nil {
			var more int
			more, err = r.Read(buffer[n:])
			n += more
		}
		a.pieces <- piece{buffer[:n], err} // never waits: there are as many places as buffers
		if err != nil {
			return
		}
	}
}

func (a *aheadReader) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.now.err != nil {
			return 0, a.now.err
		}
		if a.now.data != nil {
			a.free <- a.now.data[:cap(a.now.data)]
		}
		a.now = <-a.pieces
		a.rest = a.now.data
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

// Close waits until nothing is read any more.
func (a *aheadReader) Close() error {
	close(a.done)
	for range a.pieces {
	}
	return nil
}
