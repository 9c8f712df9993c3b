package sqlite

import (
	"context"

	"github.com/slipway/slipway/internal/deploy"
)

// CreateConfig keeps a new custom config.
func (s *Store) CreateConfig(ctx context.Context, c deploy.Config) error {
	text, err := encode(c)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `insert into configs (name, body) values ($1, $2)`, c.Name, text)
		return err
	})
}

// Config returns the custom config of that name.
func (s *Store) Config(ctx context.Context, name string) (deploy.Config, error) {
	return one[deploy.Config](s.reader.QueryRowContext(ctx, `select body from configs where name = $1`, name))
}

// Configs lists custom configs by name.
func (s *Store) Configs(ctx context.Context, after string, n int) ([]deploy.Config, error) {
	rows, err := s.reader.QueryContext(ctx, `
		select body
		from configs
		where name > $1
		order by name
		limit $2`,
		after, limit(n))
	return all(rows, err, body[deploy.Config])
}

// CountConfigs counts the custom configs.
func (s *Store) CountConfigs(ctx context.Context) (n int, err error) {
	err = s.reader.QueryRowContext(ctx, `select count(*) from configs`).Scan(&n)
	return n, err
}

// DeleteConfig removes the config, if it exists.
func (s *Store) DeleteConfig(ctx context.Context, name string) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `delete from configs where name = $1`, name)
		return err
	})
}

// ConfigInUse says whether a group names the config, or a deployment under way goes by it.
func (s *Store) ConfigInUse(ctx context.Context, name string) (bool, error) {
	var used bool
	err := s.reader.QueryRowContext(ctx, `
		select exists (select 1 from deployment_groups where config_name = $1)
		or exists (select 1 from deployments where completed_at is null and body -> 'config' ->> 'name' = $1)`, name).Scan(&used)
	return used, err
}
