package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"os"

	"github.com/slipway/slipway/internal/identity"
	"github.com/slipway/slipway/internal/store"
)

var _ identity.Store = (*Store)(nil)

// makePrivate makes the file, if need be, and lets nobody but its owner read it: it holds the
// secrets of access keys. SQLite gives its other files the same mode.
func makePrivate(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Chmod(0o600)
}

// CreateUser keeps a new user with their access keys and policies.
func (s *Store) CreateUser(ctx context.Context, r identity.Record) error {
	text, err := encode(r)
	if err != nil {
		return err
	}
	return identityError(s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `
			insert into users (name, path, body)
			values ($1, $2, $3)`,
			r.User.Name, r.User.Path, text)
		if err != nil {
			return err
		}
		return insertKeys(ctx, tx, r)
	}))
}

func insertKeys(ctx context.Context, tx *transaction, r identity.Record) error {
	for _, k := range r.Keys {
		_, err := tx.ExecContext(ctx, `insert into access_keys (id, user_name) values ($1, $2)`, k.ID, r.User.Name)
		if err != nil {
			return err
		}
	}
	return nil
}

// User returns the user of that name.
func (s *Store) User(ctx context.Context, name string) (identity.Record, error) {
	r, err := user(ctx, s.reader, name)
	return r, identityError(err)
}

func user(ctx context.Context, q querier, name string) (identity.Record, error) {
	return one[identity.Record](q.QueryRowContext(ctx, `select body from users where name = $1`, name))
}

// UserOfKey returns the user who has the access key.
func (s *Store) UserOfKey(ctx context.Context, accessKeyID string) (identity.Record, error) {
	r, err := one[identity.Record](s.reader.QueryRowContext(ctx, `
		select u.body
		from access_keys k
		join users u on u.name = k.user_name
		where k.id = $1`,
		accessKeyID))
	return r, identityError(err)
}

// Users lists by name.
func (s *Store) Users(ctx context.Context, prefix, after string, n int) ([]identity.User, error) {
	rows, err := s.reader.QueryContext(ctx, `
		select body
		from users
		where name > $2 and substr(path, 1, length($1)) = $1
		order by name
		limit $3`,
		prefix, after, limit(n))
	return all(rows, err, func(rows *sql.Rows) (identity.User, error) {
		r, err := body[identity.Record](rows)
		return r.User, err
	})
}

// UpdateUser reads, changes and writes in one transaction. The name and the path stay.
func (s *Store) UpdateUser(ctx context.Context, name string, change func(*identity.Record) error) error {
	return identityError(s.write(ctx, func(tx *transaction) error {
		r, err := user(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := change(&r); err != nil {
			return err
		}
		text, err := encode(r)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `update users set body = $2 where name = $1`, name, text); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `delete from access_keys where user_name = $1`, name); err != nil {
			return err
		}
		return insertKeys(ctx, tx, r)
	}))
}

// DeleteUser reads, asks check and deletes in one transaction.
func (s *Store) DeleteUser(ctx context.Context, name string, check func(identity.Record) error) error {
	return identityError(s.write(ctx, func(tx *transaction) error {
		r, err := user(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := check(r); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `delete from users where name = $1`, name)
		return err
	}))
}

// identityError says the store's errors in the words of the other contract.
func identityError(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return identity.ErrNotFound
	case errors.Is(err, store.ErrExists):
		return identity.ErrExists
	}
	return err
}
