// Package record keeps what a stand-in remembers: tables of JSON documents that are read
// from memory and written through to the store, so that nothing which a caller was told is
// lost with the process.
package record

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// Store is where documents last.
type Store interface {
	// Documents returns a whole collection, by key.
	Documents(ctx context.Context, collection string) (map[string][]byte, error)
	// PutDocument keeps a document, in the place of an older one.
	PutDocument(ctx context.Context, collection, key string, body []byte) error
	// DeleteDocument removes a document, if it is there.
	DeleteDocument(ctx context.Context, collection, key string) error
}

// A Table is one collection of things of one shape. Values are copied in and out as they
// are; what they point to must not be changed. It is safe for concurrent use, but a change
// that depends on what was read needs a lock of the caller's.
type Table[T any] struct {
	store      Store
	collection string

	mu   sync.RWMutex
	rows map[string]T
}

// Open reads the collection, such as "elb/listener".
func Open[T any](ctx context.Context, store Store, collection string) (*Table[T], error) {
	documents, err := store.Documents(ctx, collection)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", collection, err)
	}
	t := &Table[T]{store: store, collection: collection, rows: map[string]T{}}
	for key, body := range documents {
		var row T
		if err := json.Unmarshal(body, &row); err != nil {
			return nil, fmt.Errorf("read %s %s: %w", collection, key, err)
		}
		t.rows[key] = row
	}
	return t, nil
}

// Get returns the row of that key, if there is one.
func (t *Table[T]) Get(key string) (T, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	row, ok := t.rows[key]
	return row, ok
}

// All returns every row, by key.
func (t *Table[T]) All() []T {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make([]T, 0, len(t.rows))
	for _, key := range slices.Sorted(maps.Keys(t.rows)) {
		all = append(all, t.rows[key])
	}
	return all
}

// Put keeps a row. It is seen by others once it is durable.
func (t *Table[T]) Put(ctx context.Context, key string, row T) error {
	body, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("write %s %s: %w", t.collection, key, err)
	}
	if err := t.store.PutDocument(ctx, t.collection, key, body); err != nil {
		return fmt.Errorf("write %s %s: %w", t.collection, key, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[key] = row
	return nil
}

// Delete removes a row, if it is there.
func (t *Table[T]) Delete(ctx context.Context, key string) error {
	if err := t.store.DeleteDocument(ctx, t.collection, key); err != nil {
		return fmt.Errorf("remove %s %s: %w", t.collection, key, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.rows, key)
	return nil
}
