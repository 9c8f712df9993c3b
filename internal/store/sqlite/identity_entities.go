package sqlite

import (
	"context"
	"time"

	"github.com/slipway/slipway/internal/identity"
)

// CreateEntity keeps a new role, group or policy.
func (s *Store) CreateEntity(ctx context.Context, e identity.Entity) error {
	text, err := encode(e)
	if err != nil {
		return err
	}
	return identityError(s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `
			insert into entities (kind, name, path, body)
			values ($1, $2, $3, $4)`,
			e.Kind, e.Name, e.Path, text)
		return err
	}))
}

// Entity returns the entity of that kind and name.
func (s *Store) Entity(ctx context.Context, kind identity.Kind, name string) (identity.Entity, error) {
	e, err := entity(ctx, s.reader, kind, name)
	return e, identityError(err)
}

func entity(ctx context.Context, q querier, kind identity.Kind, name string) (identity.Entity, error) {
	return one[identity.Entity](q.QueryRowContext(ctx, `select body from entities where kind = $1 and name = $2`, kind, name))
}

// Entities lists by name.
func (s *Store) Entities(ctx context.Context, kind identity.Kind, prefix, after string, n int) ([]identity.Entity, error) {
	rows, err := s.reader.QueryContext(ctx, `
		select body
		from entities
		where kind = $1 and name > $3 and substr(path, 1, length($2)) = $2
		order by name
		limit $4`,
		kind, prefix, after, limit(n))
	return all(rows, err, body[identity.Entity])
}

// UpdateEntity reads, changes and writes in one transaction.
func (s *Store) UpdateEntity(ctx context.Context, kind identity.Kind, name string, change func(*identity.Entity) error) error {
	return identityError(s.write(ctx, func(tx *transaction) error {
		e, err := entity(ctx, tx, kind, name)
		if err != nil {
			return err
		}
		if err := change(&e); err != nil {
			return err
		}
		text, err := encode(e)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `update entities set body = $3 where kind = $1 and name = $2`, kind, name, text)
		return err
	}))
}

// DeleteEntity reads, asks check and deletes in one transaction.
func (s *Store) DeleteEntity(ctx context.Context, kind identity.Kind, name string, check func(identity.Entity) error) error {
	return identityError(s.write(ctx, func(tx *transaction) error {
		e, err := entity(ctx, tx, kind, name)
		if err != nil {
			return err
		}
		if err := check(e); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `delete from entities where kind = $1 and name = $2`, kind, name)
		return err
	}))
}

// PutSession keeps a session, and drops those that ended a day before it began.
func (s *Store) PutSession(ctx context.Context, session identity.Session) error {
	text, err := encode(session)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `delete from sessions where expires_at < $1`, session.IssuedAt.Add(-24*time.Hour).UnixNano())
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			insert into sessions (id, expires_at, body)
			values ($1, $2, $3)`,
			session.AccessKeyID, session.ExpiresAt.UnixNano(), text)
		return err
	})
}

// Session returns the session of an access key.
func (s *Store) Session(ctx context.Context, accessKeyID string) (identity.Session, error) {
	session, err := one[identity.Session](s.reader.QueryRowContext(ctx, `select body from sessions where id = $1`, accessKeyID))
	return session, identityError(err)
}
