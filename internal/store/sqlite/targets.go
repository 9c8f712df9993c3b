package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

const selectTarget = `
	select body, version
	from targets`

func scanTarget(row interface{ Scan(...any) error }) (deploy.Target, error) {
	var t deploy.Target
	var text []byte
	var version int64
	err := row.Scan(&text, &version)
	if errors.Is(err, sql.ErrNoRows) {
		return t, store.ErrNotFound
	}
	if err != nil {
		return t, err
	}
	err = decode(text, &t)
	t.Version = version
	return t, err
}

// Target returns one target of a deployment.
func (s *Store) Target(ctx context.Context, deploymentID, targetID string) (deploy.Target, error) {
	return target(ctx, s.reader, deploymentID, targetID)
}

func target(ctx context.Context, q querier, deploymentID, targetID string) (deploy.Target, error) {
	return scanTarget(q.QueryRowContext(ctx, selectTarget+` where deployment_id = $1 and id = $2`, deploymentID, targetID))
}

// Targets lists a deployment's targets in the order in which it takes them.
func (s *Store) Targets(ctx context.Context, deploymentID string) ([]deploy.Target, error) {
	return targets(ctx, s.reader, deploymentID)
}

func targets(ctx context.Context, q querier, deploymentID string) ([]deploy.Target, error) {
	rows, err := q.QueryContext(ctx, selectTarget+` where deployment_id = $1 order by ord`, deploymentID)
	return all(rows, err, func(rows *sql.Rows) (deploy.Target, error) { return scanTarget(rows) })
}

// UpdateTarget reads, changes and writes in one transaction, and makes the deployment due.
// A deployment that has ended is left alone: what is late changes nothing.
func (s *Store) UpdateTarget(ctx context.Context, deploymentID, targetID string, change func(*deploy.Target) error) error {
	return s.write(ctx, func(tx *transaction) error {
		t, err := target(ctx, tx, deploymentID, targetID)
		if err != nil {
			return err
		}
		if err := change(&t); err != nil {
			return err
		}
		if err := writeTarget(ctx, tx, t); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			update deployments
			set due = 0, reports = reports + 1
			where id = $1 and completed_at is null`, deploymentID)
		return err
	})
}

const (
	// updateTarget changes nothing when somebody has written the target since it was read.
	updateTarget = `
		update targets
		set status = $4, version = version + 1, body = $5
		where deployment_id = $1 and id = $2 and version = $3`
	insertTarget = `
		insert into targets (deployment_id, id, ord, status, version, body)
		values ($1, $2, $3, $4, 1, $5)`
)

func writeTarget(ctx context.Context, tx *transaction, t deploy.Target) error {
	text, err := encode(t)
	if err != nil {
		return err
	}
	return fence(tx.ExecContext(ctx, updateTarget, t.DeploymentID, t.ID, t.Version, t.Status, text))
}

// commitTargets writes what a plan changes, which may be a whole fleet.
func commitTargets(ctx context.Context, tx *transaction, c store.Commit) error {
	if len(c.Targets) == 0 {
		return nil
	}
	query := updateTarget
	if c.Resolved {
		query = insertTarget
	}
	for i, t := range c.Targets {
		text, err := encode(t)
		if err != nil {
			return err
		}
		fenced := t.Version
		if c.Resolved {
			fenced = int64(i) // the order, in the place of the version
		}
		if err := fence(tx.ExecContext(ctx, query, t.DeploymentID, t.ID, fenced, t.Status, text)); err != nil {
			return err
		}
	}
	return nil
}

// Inbox returns the targets of that id with an event in progress, oldest deployment first.
func (s *Store) Inbox(ctx context.Context, targetID string) ([]deploy.Target, error) {
	rows, err := s.reader.QueryContext(ctx, `
		select t.body, t.version
		from targets t
		join deployments d on d.id = t.deployment_id
		where t.id = $1 and t.status = 'InProgress' and d.completed_at is null
		order by d.created_at, d.id`,
		targetID)
	list, err := all(rows, err, func(rows *sql.Rows) (deploy.Target, error) { return scanTarget(rows) })
	var inHand []deploy.Target
	for _, t := range list {
		if t.Current() != nil {
			inHand = append(inHand, t)
		}
	}
	return inHand, err
}

// Overview counts a deployment's targets by status.
func (s *Store) Overview(ctx context.Context, deploymentID string) (map[deploy.TargetStatus]int, error) {
	counts := map[deploy.TargetStatus]int{}
	rows, err := s.reader.QueryContext(ctx, `
		select status, count(*) from targets where deployment_id = $1 group by status`, deploymentID)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var status deploy.TargetStatus
		var n int
		if err := rows.Scan(&status, &n); err != nil {
			return nil, err
		}
		counts[status] = n
	}
	return counts, rows.Err()
}

// fence turns "no row changed" into ErrStale.
func fence(result sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil {
		return err
	} else if n == 0 {
		return store.ErrStale
	}
	return nil
}
