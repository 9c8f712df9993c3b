package sqlite

import (
	"context"
	"database/sql"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// commitNotices puts what triggers have to tell into the outbox.
func commitNotices(ctx context.Context, tx *transaction, c store.Commit) error {
	for _, n := range c.Notices {
		text, err := encode(n)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `insert into notices (topic, body) values ($1, $2)`, n.Topic, text); err != nil {
			return err
		}
	}
	return nil
}

// NoticeTopics are the topics that have something to be told.
func (s *Store) NoticeTopics(ctx context.Context) ([]string, error) {
	rows, err := s.reader.QueryContext(ctx, `select distinct topic from notices order by topic`)
	return all(rows, err, func(rows *sql.Rows) (topic string, err error) {
		err = rows.Scan(&topic)
		return topic, err
	})
}

// Notices are what a topic has to be told, oldest first.
func (s *Store) Notices(ctx context.Context, topic string, limit int) ([]store.PendingNotice, error) {
	rows, err := s.reader.QueryContext(ctx, `select id, body from notices where topic = $1 order by id limit $2`, topic, limit)
	return all(rows, err, func(rows *sql.Rows) (n store.PendingNotice, err error) {
		var text []byte
		if err := rows.Scan(&n.ID, &text); err != nil {
			return n, err
		}
		return n, decode(text, &n.Notice)
	})
}

// ForgetNotice removes a notice that was told.
func (s *Store) ForgetNotice(ctx context.Context, id int64) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `delete from notices where id = $1`, id)
		return err
	})
}

// GiveUpNotice removes a notice, and counts it among what its deployment could not tell. One that
// is not there any more is not counted.
func (s *Store) GiveUpNotice(ctx context.Context, n store.PendingNotice, why string) error {
	return s.write(ctx, func(tx *transaction) error {
		result, err := tx.ExecContext(ctx, `delete from notices where id = $1`, n.ID)
		if err != nil {
			return err
		}
		if there, err := result.RowsAffected(); err != nil || there == 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			insert into untold (deployment_id, trigger_name, topic, count, why) values ($1, $2, $3, 1, $4)
			on conflict (deployment_id, trigger_name) do update set topic = excluded.topic, count = count + 1, why = excluded.why`,
			n.DeploymentID, n.Trigger, n.Topic, why)
		return err
	})
}

// Untold is what a deployment could not tell, by trigger.
func (s *Store) Untold(ctx context.Context, deploymentID string) ([]deploy.Untold, error) {
	rows, err := s.reader.QueryContext(ctx, `
		select trigger_name, topic, count, why from untold where deployment_id = $1 order by trigger_name`, deploymentID)
	return all(rows, err, func(rows *sql.Rows) (u deploy.Untold, err error) {
		err = rows.Scan(&u.Trigger, &u.Topic, &u.Count, &u.Why)
		return u, err
	})
}
