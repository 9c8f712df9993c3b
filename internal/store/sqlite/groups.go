package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

const selectGroup = `
	select g.body, g.history, a.name
	from deployment_groups g
	join applications a on a.id = g.application_id`

// CreateGroup keeps a new group.
func (s *Store) CreateGroup(ctx context.Context, g deploy.Group) error {
	text, err := encode(g)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *transaction) error {
		if a, err := application(ctx, tx, g.Application); err != nil {
			return err
		} else if a.ID != g.ApplicationID {
			return store.ErrNotFound
		}
		if err := checkMapping(ctx, tx, g); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `
			insert into deployment_groups (id, application_id, name, config_name, body)
			values ($1, $2, $3, $4, $5)`,
			g.ID, g.ApplicationID, g.Name, g.ConfigName, text)
		return err
	})
}

// checkMapping refuses a group whose ECS service another group has.
func checkMapping(ctx context.Context, tx *transaction, g deploy.Group) error {
	for _, s := range g.ECSServices {
		var other store.MappedError
		err := tx.QueryRowContext(ctx, `
			select a.name, g.name
			from deployment_groups g
			join applications a on a.id = g.application_id
			join json_each(g.body, '$.ecsServices') s
			where g.id <> $1 and s.value ->> 'cluster' = $2 and s.value ->> 'service' = $3`,
			g.ID, s.Cluster, s.Service).Scan(&other.Application, &other.Group)
		if err == nil {
			return &other
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	return nil
}

// CountGroups counts an application's groups.
func (s *Store) CountGroups(ctx context.Context, applicationID string) (n int, err error) {
	err = s.reader.QueryRowContext(ctx, `
		select count(*) from deployment_groups where application_id = $1`, applicationID).Scan(&n)
	return n, err
}

// Group returns the group of that name in that application.
func (s *Store) Group(ctx context.Context, application, name string) (deploy.Group, error) {
	return groupByName(ctx, s.reader, application, name)
}

func groupByName(ctx context.Context, q querier, application, name string) (deploy.Group, error) {
	return scanGroup(q.QueryRowContext(ctx, selectGroup+` where a.name = $1 and g.name = $2`, application, name))
}

func groupByID(ctx context.Context, q querier, id string) (deploy.Group, error) {
	return scanGroup(q.QueryRowContext(ctx, selectGroup+` where g.id = $1`, id))
}

func scanGroup(row interface{ Scan(...any) error }) (deploy.Group, error) {
	var g deploy.Group
	var text, history []byte
	var application string
	err := row.Scan(&text, &history, &application)
	if errors.Is(err, sql.ErrNoRows) {
		return g, store.ErrNotFound
	}
	if err != nil {
		return g, err
	}
	if err := decode(text, &g); err != nil {
		return g, err
	}
	g.Application = application // follows a rename
	return g, decode(history, &g.History)
}

// Groups lists an application's groups by name.
func (s *Store) Groups(ctx context.Context, application, after string, n int) ([]deploy.Group, error) {
	rows, err := s.reader.QueryContext(ctx, selectGroup+`
		where a.name = $1 and g.name > $2
		order by g.name
		limit $3`,
		application, after, limit(n))
	return all(rows, err, func(rows *sql.Rows) (deploy.Group, error) { return scanGroup(rows) })
}

// UpdateGroup reads, changes and writes in one transaction; the history is left alone.
func (s *Store) UpdateGroup(ctx context.Context, application, name string, change func(*deploy.Group) error) error {
	return s.write(ctx, func(tx *transaction) error {
		g, err := groupByName(ctx, tx, application, name)
		if err != nil {
			return err
		}
		if err := change(&g); err != nil {
			return err
		}
		if err := checkMapping(ctx, tx, g); err != nil {
			return err
		}
		return writeGroup(ctx, tx, g)
	})
}

func writeGroup(ctx context.Context, tx *transaction, g deploy.Group) error {
	text, err := encode(g)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		update deployment_groups
		set name = $2, config_name = $3, body = $4
		where id = $1`,
		g.ID, g.Name, g.ConfigName, text)
	return err
}

// DeleteGroup removes the group and what it remembers of instances, if it exists.
func (s *Store) DeleteGroup(ctx context.Context, application, name string) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `
			delete from deployment_groups
			where name = $2 and application_id = (select id from applications where name = $1)`,
			application, name)
		return err
	})
}

func writeHistory(ctx context.Context, tx *transaction, groupID string, h deploy.GroupHistory) error {
	text, err := encode(h)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `update deployment_groups set history = $2 where id = $1`, groupID, text)
	return err
}

// Health returns what the group remembers of instances, by name.
func (s *Store) Health(ctx context.Context, groupID string) (map[string]deploy.InstanceHealth, error) {
	rows, err := s.reader.QueryContext(ctx, `
		select instance, healthy, revision, registrations
		from instance_health
		where group_id = $1`,
		groupID)
	list, err := all(rows, err, func(rows *sql.Rows) (deploy.InstanceHealth, error) {
		h := deploy.InstanceHealth{GroupID: groupID}
		var registrations []byte
		err := rows.Scan(&h.Instance, &h.Healthy, &h.Revision, &registrations)
		if err == nil && len(registrations) > 0 {
			err = decode(registrations, &h.Registrations)
		}
		return h, err
	})
	health := make(map[string]deploy.InstanceHealth, len(list))
	for _, h := range list {
		health[h.Instance] = h
	}
	return health, err
}

func writeHealth(ctx context.Context, tx *transaction, h deploy.InstanceHealth) error {
	registrations := ""
	if len(h.Registrations) > 0 {
		text, err := encode(h.Registrations)
		if err != nil {
			return err
		}
		registrations = text
	}
	_, err := tx.ExecContext(ctx, `
		insert into instance_health (group_id, instance, healthy, revision, registrations)
		values ($1, $2, $3, $4, $5)
		on conflict (group_id, instance) do update
		set healthy = excluded.healthy, revision = excluded.revision, registrations = excluded.registrations`,
		h.GroupID, h.Instance, h.Healthy, h.Revision, registrations)
	return err
}
