package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// A deployment shows the present names of its application and group while they exist.
const selectDeployment = `
	select d.body, d.version, coalesce(a.name, ''), coalesce(g.name, '')
	from deployments d
	left join applications a on a.id = d.application_id
	left join deployment_groups g on g.id = d.group_id`

func scanDeployment(row interface{ Scan(...any) error }) (deploy.Deployment, error) {
	var d deploy.Deployment
	var text []byte
	var version int64
	var application, group string
	err := row.Scan(&text, &version, &application, &group)
	if errors.Is(err, sql.ErrNoRows) {
		return d, store.ErrNotFound
	}
	if err != nil {
		return d, err
	}
	if err := decode(text, &d); err != nil {
		return d, err
	}
	d.Version = version
	if application != "" {
		d.Application = application
	}
	if group != "" {
		d.Group = group
	}
	return d, nil
}

// CreateDeployment keeps a new deployment, due at once.
func (s *Store) CreateDeployment(ctx context.Context, d deploy.Deployment) error {
	return s.write(ctx, func(tx *transaction) error {
		g, err := groupByID(ctx, tx, d.GroupID)
		if err != nil {
			return err
		}
		return createDeployment(ctx, tx, d, g.History)
	})
}

func createDeployment(ctx context.Context, tx *transaction, d deploy.Deployment, h deploy.GroupHistory) error {
	if d.Beside() {
		return insertDeployment(ctx, tx, d) // of a revision that is in use already
	}
	var active string
	err := tx.QueryRowContext(ctx, `
		select id from deployments where group_id = $1 and completed_at is null and beside = 0`, d.GroupID).Scan(&active)
	if err == nil {
		return &store.ActiveError{DeploymentID: active}
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err := insertDeployment(ctx, tx, d); err != nil {
		return err
	}
	if err := useRevision(ctx, tx, d); err != nil {
		return err
	}
	h.LastAttempted, h.TargetRevision = d.Summary(), &d.Revision
	return writeHistory(ctx, tx, d.GroupID, h)
}

func insertDeployment(ctx context.Context, tx *transaction, d deploy.Deployment) error {
	text, err := encode(d)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		insert into deployments (id, application_id, group_id, status, created_at, due, version, body, beside)
		values ($1, $2, $3, $4, $5, $5, 1, $6, $7)`,
		d.ID, d.ApplicationID, d.GroupID, d.Status, d.CreatedAt.UnixNano(), text, d.Beside())
	return err
}

// Deployment returns the deployment of that id.
func (s *Store) Deployment(ctx context.Context, id string) (deploy.Deployment, error) {
	return deployment(ctx, s.reader, id)
}

func deployment(ctx context.Context, q querier, id string) (deploy.Deployment, error) {
	return scanDeployment(q.QueryRowContext(ctx, selectDeployment+` where d.id = $1`, id))
}

// ListDeployments lists what the filter selects, newest first.
func (s *Store) ListDeployments(ctx context.Context, f store.DeploymentFilter) ([]deploy.Deployment, error) {
	where, args := conditions(f)
	args = append(args, limit(f.Limit))
	rows, err := s.reader.QueryContext(ctx, selectDeployment+where+fmt.Sprintf(`
		order by d.created_at desc, d.id desc
		limit $%d`, len(args)), args...)
	return all(rows, err, func(rows *sql.Rows) (deploy.Deployment, error) { return scanDeployment(rows) })
}

// conditions makes the where clause of a filter and its arguments.
func conditions(f store.DeploymentFilter) (string, []any) {
	var terms []string
	var args []any
	add := func(term string, values ...any) {
		numbers := make([]any, len(values))
		for i, v := range values {
			args = append(args, v)
			numbers[i] = fmt.Sprintf("$%d", len(args))
		}
		terms = append(terms, fmt.Sprintf(term, numbers...))
	}
	if f.ApplicationID != "" {
		add(`d.application_id = %s`, f.ApplicationID)
	}
	if f.GroupID != "" {
		add(`d.group_id = %s`, f.GroupID)
	}
	if len(f.Statuses) > 0 {
		values := make([]any, len(f.Statuses))
		for i, s := range f.Statuses {
			values[i] = s
		}
		add(`d.status in (`+strings.TrimSuffix(strings.Repeat("%s, ", len(values)), ", ")+`)`, values...)
	}
	if !f.From.IsZero() {
		add(`d.created_at >= %s`, f.From.UnixNano())
	}
	if !f.To.IsZero() {
		add(`d.created_at <= %s`, f.To.UnixNano())
	}
	if f.After != "" {
		add(`(d.created_at, d.id) < (select created_at, id from deployments where id = %s)`, f.After)
	}
	if len(terms) == 0 {
		return "", nil
	}
	return " where " + strings.Join(terms, " and "), args
}

// UpdateDeployment reads, changes and writes in one transaction, and makes the deployment due.
func (s *Store) UpdateDeployment(ctx context.Context, id string, change func(*deploy.Deployment) error) error {
	return s.write(ctx, func(tx *transaction) error {
		d, err := deployment(ctx, tx, id)
		if err != nil {
			return err
		}
		before := d.Status
		if err := change(&d); err != nil {
			return err
		}
		if d.Status != before {
			return &deploy.IllegalMove{What: "deployment " + id, From: string(before), To: string(d.Status)}
		}
		text, err := encode(d)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `
			update deployments
			set body = $2, version = version + 1, due = case when completed_at is null then 0 end
			where id = $1`,
			id, text)
		return err
	})
}
