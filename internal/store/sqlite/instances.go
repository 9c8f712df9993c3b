package sqlite

import (
	"context"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// RegisterInstance keeps a new instance, or replaces a deregistered one of the name.
func (s *Store) RegisterInstance(ctx context.Context, i deploy.Instance) error {
	return s.write(ctx, func(tx *transaction) error {
		if _, err := tx.ExecContext(ctx, `delete from instances where name = $1 and registered = 0`, i.Name); err != nil {
			return err
		}
		return insertInstance(ctx, tx, i)
	})
}

func insertInstance(ctx context.Context, tx *transaction, i deploy.Instance) error {
	text, err := encode(i)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		insert into instances (name, identity, registered, body)
		values ($1, $2, $3, $4)`,
		i.Name, i.Identity(), i.Registered(), text)
	return err
}

// Instance returns the instance of that name, registered or not.
func (s *Store) Instance(ctx context.Context, name string) (deploy.Instance, error) {
	return instance(ctx, s.reader, name)
}

func instance(ctx context.Context, q querier, name string) (deploy.Instance, error) {
	return one[deploy.Instance](q.QueryRowContext(ctx, `select body from instances where name = $1`, name))
}

// InstanceOf returns the registered instance whose host calls as that ARN.
func (s *Store) InstanceOf(ctx context.Context, identity string) (deploy.Instance, error) {
	if identity == "" {
		return deploy.Instance{}, store.ErrNotFound
	}
	return one[deploy.Instance](s.reader.QueryRowContext(ctx, `
		select body from instances where identity = $1 and registered = 1`, identity))
}

// Instances lists every instance by name, registered or not.
func (s *Store) Instances(ctx context.Context) ([]deploy.Instance, error) {
	rows, err := s.reader.QueryContext(ctx, `select body from instances order by name`)
	return all(rows, err, body[deploy.Instance])
}

// UpdateInstance reads, changes and writes in one transaction. The name stays.
func (s *Store) UpdateInstance(ctx context.Context, name string, change func(*deploy.Instance) error) error {
	return s.write(ctx, func(tx *transaction) error {
		i, err := instance(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := change(&i); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `delete from instances where name = $1`, name); err != nil {
			return err
		}
		return insertInstance(ctx, tx, i)
	})
}
