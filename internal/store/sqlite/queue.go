package sqlite

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// batchSize bounds how many writes share a transaction, and so how long one of them waits.
const batchSize = 128

// A queue holds the writes that wait for the writer. Whoever finds nobody leading leads:
// it runs what is queued in one transaction and hands the lead to the next in line. There
// is no goroutine behind it.
type queue struct {
	mu      sync.Mutex
	leading bool
	waiting []*job
}

// A job is one caller's write. The caller hears on done how it went, or that it leads now.
type job struct {
	ctx  context.Context
	run  func(*transaction) error
	err  error
	done chan bool // true: ended; false: you lead
}

// write runs fn in a transaction that it may share with other callers. An error of fn
// undoes fn's own writes and nobody else's. When write returns nil, the write is on disk.
func (s *Store) write(ctx context.Context, fn func(*transaction) error) error {
	mine := &job{ctx: ctx, run: fn, done: make(chan bool, 1)}
	if !s.queue.join(mine) && <-mine.done {
		return mine.err
	}
	batch := s.queue.take()
	s.runBatch(batch)
	s.queue.handOver()
	for _, j := range batch {
		j.done <- true
	}
	<-mine.done
	return mine.err
}

// join queues the job and says whether it leads.
func (q *queue) join(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, j)
	lead := !q.leading
	q.leading = true
	return lead
}

// take removes the next batch. The leader's own job is always in it, at the front.
func (q *queue) take() []*job {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), batchSize)
	batch := q.waiting[:n:n]
	q.waiting = q.waiting[n:]
	return batch
}

func (q *queue) handOver() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		q.leading = false
		return
	}
	q.waiting[0].done <- false
}

// runBatch sets every job's err.
func (s *Store) runBatch(batch []*job) {
	err := s.commitBatch(batch)
	for _, j := range batch {
		if j.err == nil {
			j.err = err
		}
	}
}

func (s *Store) commitBatch(batch []*job) error {
	return s.writer.transaction(func(tx *transaction) error {
		if len(batch) == 1 {
			return batch[0].alone(tx)
		}
		for _, j := range batch {
			if err := runJob(tx, j); err != nil {
				return err
			}
		}
		return nil
	})
}

// runJob returns an error only when the whole transaction is lost.
func runJob(tx *transaction, j *job) error {
	if j.err = j.ctx.Err(); j.err != nil {
		return nil
	}
	if _, err := tx.exec(`savepoint job`); err != nil {
		return err
	}
	if j.err = translate(j.attempt(tx)); j.err != nil {
		if _, err := tx.exec(`rollback to job`); err != nil {
			return errors.Join(j.err, err)
		}
	}
	_, err := tx.exec(`release job`)
	return err
}

// alone needs no savepoint: the transaction is all its own.
func (j *job) alone(tx *transaction) error {
	if j.err = j.ctx.Err(); j.err == nil {
		j.err = translate(j.attempt(tx))
	}
	return j.err
}

// attempt turns a panic into the job's error, for those behind it wait for the leader.
func (j *job) attempt(tx *transaction) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return j.run(tx)
}
