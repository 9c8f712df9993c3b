package sim

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/engine"
	"github.com/slipway/slipway/internal/store/sqlite"
)

// A stage is what a pier and a shop stand on: a database in virtual time, and the engine that works on it.
type stage struct {
	t       *testing.T
	ctx     context.Context
	st      *sqlite.Store
	crasher *crasher
	cleared sync.WaitGroup // what runs

	mu     sync.Mutex
	engine *engine.Engine
}

// onStage opens a stage, and closes it after f. It returns how many points there were at which its
// crew could have died; it does at the point crashAt, if that is not 0, and others take over.
func onStage(t *testing.T, crashAt int, f func(*stage)) (points int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "slipway.db")
	check(t, os.WriteFile(path, emptyDatabase(), 0o600))
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		st, err := sqlite.Open(ctx, path, sqlite.WithoutSync)
		check(t, err)
		s := &stage{t: t, ctx: ctx, st: st, crasher: &crasher{at: crashAt}}
		defer func() {
			cancel()
			s.cleared.Wait()
			check(t, st.Close())
		}()
		f(s)
		points = s.crasher.points
	})
	return points
}

// A crew is an engine and what works with it, which run together and die together.
type crew []func(context.Context) error

// man lets one crew follow the other until the stage closes. The crasher kills only the first.
func (s *stage) man(hire func(*crasher) crew) {
	killed := make(chan struct{}, 1)
	s.crasher.kill = func() { killed <- struct{}{} }
	now := hire(s.crasher)
	s.cleared.Go(func() {
		for s.ctx.Err() == nil {
			mortal, die := context.WithCancel(s.ctx)
			var all sync.WaitGroup
			for _, run := range now {
				all.Go(func() { _ = run(mortal) })
			}
			select {
			case <-killed:
			case <-mortal.Done():
			}
			die()
			all.Wait()
			now = hire(&crasher{kill: func() {}})
		}
	})
}

func (s *stage) wakeUp(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.engine != nil {
		s.engine.Wake(id)
	}
}

func (s *stage) deployment(id string) deploy.Deployment {
	s.t.Helper()
	d, err := s.st.Deployment(s.ctx, id)
	check(s.t, err)
	return d
}

// await waits for something to be so, for four virtual hours at most.
func (s *stage) await(what string, so func() bool) {
	s.t.Helper()
	for end := time.Now().Add(4 * time.Hour); !so(); time.Sleep(time.Second) {
		if time.Now().After(end) {
			s.t.Fatalf("%s: not within four hours", what)
		}
	}
}
