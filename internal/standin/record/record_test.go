package record_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway/slipway/internal/standin/record"
	"github.com/slipway/slipway/internal/store/sqlite"
)

type listener struct {
	Name string
	Port int
}

// TestRowsLast: what was put or deleted is so after the store was opened again.
func TestRowsLast(t *testing.T) {
	file := filepath.Join(t.TempDir(), "slipway.db")
	open := func() (*record.Table[listener], *sqlite.Store) {
		s, err := sqlite.Open(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		table, err := record.Open[listener](t.Context(), s, "elb/listener")
		if err != nil {
			t.Fatal(err)
		}
		return table, s
	}
	table, s := open()
	for _, row := range []listener{{"web", 80}, {"web", 443}, {"api", 1}, {"gone", 2}} {
		if err := table.Put(t.Context(), row.Name, row); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Delete(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	if err := s.PutDocument(t.Context(), "elb/rule", "web", []byte(`{"Name":"other"}`)); err != nil {
		t.Fatal(err)
	}
	want := []listener{{"api", 1}, {"web", 443}}
	if diff := cmp.Diff(want, table.All()); diff != "" {
		t.Error(diff)
	}
	s.Close()
	table, s = open()
	defer s.Close()
	if diff := cmp.Diff(want, table.All()); diff != "" {
		t.Errorf("after a restart: %s", diff)
	}
	if _, ok := table.Get("gone"); ok {
		t.Error("what was deleted is back")
	}
}

// broken is a store that keeps nothing.
type broken struct{}

var errBroken = errors.New("disk full")

func (broken) Documents(context.Context, string) (map[string][]byte, error)   { return nil, nil }
func (broken) PutDocument(context.Context, string, string, []byte) error      { return errBroken }
func (broken) DeleteDocument(_ context.Context, collection, key string) error { return errBroken }

// TestNothingIsSeenThatIsNotKept: a row that the store refused is not there.
func TestNothingIsSeenThatIsNotKept(t *testing.T) {
	table, err := record.Open[listener](t.Context(), broken{}, "elb/listener")
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Put(t.Context(), "web", listener{"web", 80}); !errors.Is(err, errBroken) {
		t.Errorf("put: %v", err)
	}
	if rows := table.All(); len(rows) != 0 {
		t.Errorf("%v is seen", rows)
	}
}
