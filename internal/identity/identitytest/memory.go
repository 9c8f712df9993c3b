package identitytest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/slipway/slipway/internal/identity"
)

// A Store is an identity.Store in memory.
type Store struct {
	mu       sync.Mutex
	records  map[string]identity.Record
	entities map[string]identity.Entity // by kind and name
	sessions map[string]identity.Session
}

var _ identity.Store = (*Store)(nil)

// NewStore returns a Store without users.
func NewStore() *Store {
	return &Store{
		records: map[string]identity.Record{}, entities: map[string]identity.Entity{}, sessions: map[string]identity.Session{},
	}
}

// CreateUser keeps a new user.
func (s *Store) CreateUser(_ context.Context, r identity.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.records {
		if strings.EqualFold(name, r.User.Name) {
			return identity.ErrExists
		}
	}
	return s.keep(r)
}

// keep refuses a record with a key that somebody else has.
func (s *Store) keep(r identity.Record) error {
	for _, k := range r.Keys {
		if owner, ok := s.ownerOf(k.ID); ok && owner != r.User.Name {
			return identity.ErrExists
		}
	}
	s.records[r.User.Name] = r.Clone()
	return nil
}

func (s *Store) ownerOf(accessKeyID string) (name string, ok bool) {
	for name, r := range s.records {
		if slices.ContainsFunc(r.Keys, func(k identity.AccessKey) bool { return k.ID == accessKeyID }) {
			return name, true
		}
	}
	return "", false
}

// User returns the user of that name.
func (s *Store) User(_ context.Context, name string) (identity.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user(name)
}

func (s *Store) user(name string) (identity.Record, error) {
	r, ok := s.records[name]
	if !ok {
		return r, identity.ErrNotFound
	}
	return r.Clone(), nil
}

// UserOfKey returns the user who has the access key.
func (s *Store) UserOfKey(_ context.Context, accessKeyID string) (identity.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, _ := s.ownerOf(accessKeyID)
	return s.user(name)
}

// Users lists users by name.
func (s *Store) Users(_ context.Context, prefix, after string, limit int) ([]identity.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var users []identity.User
	for name, r := range s.records {
		if name > after && strings.HasPrefix(r.User.Path, prefix) {
			users = append(users, r.User)
		}
	}
	slices.SortFunc(users, func(a, b identity.User) int { return strings.Compare(a.Name, b.Name) })
	if limit > 0 && len(users) > limit {
		users = users[:limit]
	}
	return users, nil
}

// UpdateUser reads, changes and writes under one lock.
func (s *Store) UpdateUser(_ context.Context, name string, change func(*identity.Record) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.user(name)
	if err != nil {
		return err
	}
	if err := change(&r); err != nil {
		return err
	}
	return s.keep(r)
}

// DeleteUser reads, asks and deletes under one lock.
func (s *Store) DeleteUser(_ context.Context, name string, check func(identity.Record) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.user(name)
	if err != nil {
		return err
	}
	if err := check(r); err != nil {
		return err
	}
	delete(s.records, name)
	return nil
}
