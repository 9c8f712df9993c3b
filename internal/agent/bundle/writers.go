package bundle

import (
	"errors"
	"hash/maphash"
	"os"
	"path"
	"sync"
)

const (
	// smallFile is the size up to which a file is handed to a writer in one piece.
	smallFile   = 256 << 10
	writerCount = 3
	inFlight    = 16 // buffers, and so the bound of the memory
)

// A file is a small file that a writer makes.
type file struct {
	member
	data []byte
}

// Writers make small files at the same time. Files of one name go to one writer, so that the last
// of them still wins.
type writers struct {
	root    *os.Root
	queues  []chan file
	buffers chan []byte
	pending sync.WaitGroup // files handed over and not made yet
	running sync.WaitGroup
	once    sync.Once
	seed    maphash.Seed

	mu  sync.Mutex
	err error // the first one
}

func startWriters(root *os.Root) *writers {
	w := &writers{root: root, buffers: make(chan []byte, inFlight), seed: maphash.MakeSeed()}
	for range inFlight {
		w.buffers <- nil // made when first used: most bundles are small
	}
	for range writerCount {
		queue := make(chan file, inFlight)
		w.queues = append(w.queues, queue)
		w.running.Go(func() { w.run(queue) })
	}
	return w
}

// buffer waits for room of the size smallFile; it fails as soon as a writer has.
func (w *writers) buffer() ([]byte, error) {
	if err := w.failed(); err != nil {
		return nil, err
	}
	b := <-w.buffers
	if b == nil {
		b = make([]byte, smallFile)
	}
	return b, nil
}

func (w *writers) put(f file) {
	w.pending.Add(1)
	w.queues[maphash.String(w.seed, f.name)%writerCount] <- f
}

// drain waits until everything that was handed over is on disk.
func (w *writers) drain() error {
	w.pending.Wait()
	return w.failed()
}

// stop drains and ends the writers; it may be called twice.
func (w *writers) stop() error {
	err := w.drain()
	w.once.Do(func() {
		for _, queue := range w.queues {
			close(queue)
		}
		w.running.Wait()
	})
	return err
}

func (w *writers) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

func (w *writers) run(queue chan file) {
	at := folder{top: w.root}
	defer at.close()
	for f := range queue {
		if err := at.write(f); err != nil {
			w.mu.Lock()
			if w.err == nil {
				w.err = err
			}
			w.mu.Unlock()
		}
		w.buffers <- f.data[:cap(f.data)]
		w.pending.Done()
	}
}

// A folder keeps the folder of the last file open: archives list them folder by folder, and an
// os.Root looks at every part of a longer path again.
type folder struct {
	top, open *os.Root
	name      string
}

func (d *folder) close() {
	if d.open != nil {
		d.open.Close()
		d.open = nil
	}
}

func (d *folder) write(f file) error {
	dir, base := path.Split(f.name)
	root := d.top
	if dir != "" {
		if d.open == nil || d.name != dir {
			d.close()
			var err error
			if d.open, err = d.top.OpenRoot(dir); err != nil {
				return err
			}
			d.name = dir
		}
		root = d.open
	}
	out, err := create(root, base)
	if err != nil {
		var refused *RefusedError
		if errors.As(err, &refused) {
			refused.Member = f.name
		}
		return err
	}
	if _, err := out.Write(f.data); err != nil {
		out.Close()
		return err
	}
	return finishFile(out, f.member)
}
