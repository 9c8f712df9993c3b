package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/slipway/slipway/internal/store"
)

// Claim leases deployments that are due.
func (s *Store) Claim(ctx context.Context, owner string, now, until time.Time, n int) ([]string, error) {
	var ids []string
	err := s.write(ctx, func(tx *transaction) error {
		rows, err := tx.QueryContext(ctx, `
			update deployments
			set lease_owner = $1, lease_until = $3
			where id in (
				select id
				from deployments
				where due <= $2 and (lease_owner is null or lease_owner = $1 or lease_until <= $2)
				order by due
				limit $4)
			returning id`,
			owner, now.UnixNano(), until.UnixNano(), n)
		ids, err = all(rows, err, func(rows *sql.Rows) (id string, err error) {
			err = rows.Scan(&id)
			return id, err
		})
		return err
	})
	return ids, err
}

// Reclaim makes the unfinished deployments that are leased to owner due now.
func (s *Store) Reclaim(ctx context.Context, owner string) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `
			update deployments set due = 0 where lease_owner = $1 and completed_at is null`, owner)
		return err
	})
}

// NextDue is the earliest time at which owner may claim an unfinished deployment.
func (s *Store) NextDue(ctx context.Context, owner string) (time.Time, error) {
	var due sql.NullInt64
	err := s.reader.QueryRowContext(ctx, `
		select min(case when lease_owner <> $1 and lease_until > due then lease_until else due end)
		from deployments
		where due is not null`,
		owner).Scan(&due)
	if err != nil || !due.Valid {
		return time.Time{}, err
	}
	return time.Unix(0, due.Int64), nil
}

// Load reads all that a plan is made from, in one transaction.
func (s *Store) Load(ctx context.Context, id string) (store.Loaded, error) {
	var l store.Loaded
	err := s.reader.snapshot(ctx, func(q querier) (err error) {
		l, err = load(ctx, q, id)
		return err
	})
	return l, err
}

func load(ctx context.Context, q querier, id string) (l store.Loaded, err error) {
	if l.Deployment, err = deployment(ctx, q, id); err != nil {
		return l, err
	}
	g, err := groupByID(ctx, q, l.Deployment.GroupID)
	switch {
	case err == nil:
		l.Group = &g
	case !errors.Is(err, store.ErrNotFound):
		return l, err
	default:
		err := q.QueryRowContext(ctx, `select not exists (select 1 from applications where id = $1)`,
			l.Deployment.ApplicationID).Scan(&l.ApplicationGone)
		if err != nil {
			return l, err
		}
	}
	if l.Targets, err = targets(ctx, q, id); err != nil {
		return l, err
	}
	err = q.QueryRowContext(ctx, `select reports from deployments where id = $1`, id).Scan(&l.Reports)
	return l, err
}

// Commit writes what one pass of the engine decided, all or nothing.
func (s *Store) Commit(ctx context.Context, c store.Commit) error {
	return s.write(ctx, func(tx *transaction) error {
		if err := commitDeployment(ctx, tx, c); err != nil {
			return err
		}
		if err := commitTargets(ctx, tx, c); err != nil {
			return err
		}
		for _, h := range c.Health {
			if err := writeHealth(ctx, tx, h); err != nil {
				return err
			}
		}
		if err := commitMembers(ctx, tx, c); err != nil {
			return err
		}
		if err := commitNotices(ctx, tx, c); err != nil {
			return err
		}
		return commitHistory(ctx, tx, c)
	})
}

// commitMembers gives the group other instances, if it is still there.
func commitMembers(ctx context.Context, tx *transaction, c store.Commit) error {
	if c.Members == nil {
		return nil
	}
	g, err := groupByID(ctx, tx, c.Deployment.GroupID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	g.SetMembers(*c.Members)
	return writeGroup(ctx, tx, g)
}

// commitDeployment leaves a deployment due at once when something was reported since it
// was read: the report's wake-up must not be overwritten by a later one.
func commitDeployment(ctx context.Context, tx *transaction, c store.Commit) error {
	d := c.Deployment
	text, err := encode(d)
	if err != nil {
		return err
	}
	result, err := tx.ExecContext(ctx, `
		update deployments
		set status = $3, completed_at = $4, version = version + 1, body = $6,
		    due = case when $4 is null and reports <> $7 then 0 else $5 end,
		    lease_until = $8
		where id = $1 and version = $2`,
		d.ID, d.Version, d.Status, nanos(d.CompletedAt), nanos(c.Due), text, c.Reports, nanos(c.Lease))
	return fence(result, err)
}

// commitHistory writes the group's memory, and the rollback that begins with it.
func commitHistory(ctx context.Context, tx *transaction, c store.Commit) error {
	if c.History == nil {
		return nil
	}
	if err := writeHistory(ctx, tx, c.Deployment.GroupID, *c.History); err != nil {
		return err
	}
	if c.Rollback == nil {
		return nil
	}
	return createDeployment(ctx, tx, *c.Rollback, *c.History)
}
