package sqlite

import (
	"context"

	"github.com/slipway/slipway/internal/deploy"
)

// CreateApplication keeps a new application.
func (s *Store) CreateApplication(ctx context.Context, a deploy.Application) error {
	text, err := encode(a)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `
			insert into applications (id, name, body)
			values ($1, $2, $3)`,
			a.ID, a.Name, text)
		return err
	})
}

// Application returns the application of that name.
func (s *Store) Application(ctx context.Context, name string) (deploy.Application, error) {
	return application(ctx, s.reader, name)
}

func application(ctx context.Context, q querier, name string) (deploy.Application, error) {
	return one[deploy.Application](q.QueryRowContext(ctx, `select body from applications where name = $1`, name))
}

// Applications lists by name.
func (s *Store) Applications(ctx context.Context, after string, n int) ([]deploy.Application, error) {
	rows, err := s.reader.QueryContext(ctx, `
		select body
		from applications
		where name > $1
		order by name
		limit $2`,
		after, limit(n))
	return all(rows, err, body[deploy.Application])
}

// CountApplications counts them all.
func (s *Store) CountApplications(ctx context.Context) (n int, err error) {
	err = s.reader.QueryRowContext(ctx, `select count(*) from applications`).Scan(&n)
	return n, err
}

// UpdateApplication reads, changes and writes in one transaction.
func (s *Store) UpdateApplication(ctx context.Context, name string, change func(*deploy.Application) error) error {
	return s.write(ctx, func(tx *transaction) error {
		a, err := application(ctx, tx, name)
		if err != nil {
			return err
		}
		if err := change(&a); err != nil {
			return err
		}
		text, err := encode(a)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `update applications set name = $2, body = $3 where id = $1`, a.ID, a.Name, text)
		return err
	})
}

// DeleteApplication removes the application with its groups and revisions, if it exists.
func (s *Store) DeleteApplication(ctx context.Context, name string) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `delete from applications where name = $1`, name)
		return err
	})
}
