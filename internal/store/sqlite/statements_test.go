package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "slipway.db"), WithoutSync)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func create(t *testing.T, s *Store, name string) {
	t.Helper()
	if err := s.CreateApplication(t.Context(), deploy.Application{ID: name, Name: name}); err != nil {
		t.Fatalf("create %s: %v", name, err)
	}
}

func TestAWriteThatPanicsUndoesItselfAndHoldsNobodyUp(t *testing.T) {
	s := open(t)
	create(t, s, "a")
	err := s.UpdateApplication(t.Context(), "a", func(a *deploy.Application) error { panic("at the disco") })
	if err == nil || !strings.Contains(err.Error(), "at the disco") {
		t.Errorf("a panic is %v", err)
	}
	create(t, s, "b")
}

func TestAWriterWithoutItsConnectionTakesANewOne(t *testing.T) {
	s := open(t)
	create(t, s, "a")
	s.writer.disconnect()
	create(t, s, "b")
	if err := s.writer.transaction(func(tx *transaction) error { return tx.script(`rollback`) }); err == nil {
		t.Error("a commit without a transaction succeeded")
	}
	create(t, s, "c")
}

// Snapshots hold connections; that of each reader's first query must not wait for another.
func TestManySnapshotsOfAColdStore(t *testing.T) {
	s := open(t)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := s.Load(context.Background(), "d-NOTTHERE0"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("load: %v", err)
			}
		})
	}
	all.Wait()
}

func TestStatementsBeyondTheBoundAreNotKept(t *testing.T) {
	s := open(t)
	for i := range maxPrepared + 10 {
		var n int
		if err := s.reader.QueryRowContext(t.Context(), fmt.Sprintf(`select %d`, i)).Scan(&n); err != nil || n != i {
			t.Fatalf("select %d: %d %v", i, n, err)
		}
	}
	if n := len(s.reader.prepared); n != maxPrepared {
		t.Errorf("%d statements are kept", n)
	}
	if _, err := s.Applications(t.Context(), "", 0); err != nil {
		t.Error(err)
	}
}

func TestAClosedStoreRefuses(t *testing.T) {
	s := open(t)
	create(t, s, "a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateApplication(t.Context(), deploy.Application{ID: "b", Name: "b"}); err == nil {
		t.Error("a closed store took a write")
	}
}
