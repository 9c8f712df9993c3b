package identitytest

import (
	"context"
	"slices"
	"strings"

	"github.com/slipway/slipway/internal/identity"
)

func entityKey(kind identity.Kind, name string) string { return string(kind) + "/" + name }

// CreateEntity keeps a new entity.
func (s *Store) CreateEntity(_ context.Context, e identity.Entity) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.entities {
		if strings.EqualFold(key, entityKey(e.Kind, e.Name)) {
			return identity.ErrExists
		}
	}
	s.entities[entityKey(e.Kind, e.Name)] = e.Clone()
	return nil
}

// Entity returns the entity of that kind and name.
func (s *Store) Entity(_ context.Context, kind identity.Kind, name string) (identity.Entity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entity(kind, name)
}

func (s *Store) entity(kind identity.Kind, name string) (identity.Entity, error) {
	e, ok := s.entities[entityKey(kind, name)]
	if !ok {
		return e, identity.ErrNotFound
	}
	return e.Clone(), nil
}

// Entities lists entities by name.
func (s *Store) Entities(_ context.Context, kind identity.Kind, prefix, after string, limit int) ([]identity.Entity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []identity.Entity
	for _, e := range s.entities {
		if e.Kind == kind && e.Name > after && strings.HasPrefix(e.Path, prefix) {
			list = append(list, e.Clone())
		}
	}
	slices.SortFunc(list, func(a, b identity.Entity) int { return strings.Compare(a.Name, b.Name) })
	if limit > 0 && len(list) > limit {
		list = list[:limit]
	}
	return list, nil
}

// UpdateEntity reads, changes and writes under one lock.
func (s *Store) UpdateEntity(_ context.Context, kind identity.Kind, name string, change func(*identity.Entity) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.entity(kind, name)
	if err != nil {
		return err
	}
	if err := change(&e); err != nil {
		return err
	}
	s.entities[entityKey(kind, name)] = e.Clone()
	return nil
}

// DeleteEntity reads, asks and deletes under one lock.
func (s *Store) DeleteEntity(_ context.Context, kind identity.Kind, name string, check func(identity.Entity) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.entity(kind, name)
	if err != nil {
		return err
	}
	if err := check(e); err != nil {
		return err
	}
	delete(s.entities, entityKey(kind, name))
	return nil
}

// PutSession keeps a session.
func (s *Store) PutSession(_ context.Context, session identity.Session) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions[session.AccessKeyID] = session
	return nil
}

// Session returns the session of an access key.
func (s *Store) Session(_ context.Context, accessKeyID string) (identity.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	session, ok := s.sessions[accessKeyID]
	if !ok {
		return session, identity.ErrNotFound
	}
	return session, nil
}
