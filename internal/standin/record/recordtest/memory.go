// Package recordtest has what tests of stand-ins keep their records in.
package recordtest

import (
	"context"
	"maps"
	"sync"

	"github.com/slipway/slipway/internal/standin/record"
)

// A Memory is a record.Store that lasts as long as the test: stand-ins that are opened on the
// same one are one stand-in that was started again. Its zero value is empty.
type Memory struct {
	mu   sync.Mutex
	rows map[string]map[string][]byte
}

var _ record.Store = (*Memory)(nil)

// Documents returns a copy of the collection.
func (m *Memory) Documents(_ context.Context, collection string) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.rows[collection]), nil
}

// PutDocument keeps the body as it is, without a copy.
func (m *Memory) PutDocument(_ context.Context, collection, key string, body []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows == nil {
		m.rows = map[string]map[string][]byte{}
	}
	if m.rows[collection] == nil {
		m.rows[collection] = map[string][]byte{}
	}
	m.rows[collection][key] = body
	return nil
}

// DeleteDocument removes the document, if there is one.
func (m *Memory) DeleteDocument(_ context.Context, collection, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.rows[collection], key)
	return nil
}
