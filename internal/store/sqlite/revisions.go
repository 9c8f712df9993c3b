package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/slipway/slipway/internal/deploy"
	"github.com/slipway/slipway/internal/store"
)

// RegisterRevision keeps the revision; doing it again updates the description if one is given.
func (s *Store) RegisterRevision(ctx context.Context, r deploy.RegisteredRevision) error {
	return s.write(ctx, func(tx *transaction) error {
		have, err := revision(ctx, tx, r.ApplicationID, r.Revision.Key())
		switch {
		case errors.Is(err, store.ErrNotFound):
			return writeRevision(ctx, tx, r)
		case err != nil:
			return err
		case r.Description == "":
			return nil
		}
		have.Description = r.Description
		return writeRevision(ctx, tx, have)
	})
}

// useRevision notes that a deployment uses the revision, registering it if nobody has.
func useRevision(ctx context.Context, tx *transaction, d deploy.Deployment) error {
	r, err := revision(ctx, tx, d.ApplicationID, d.Revision.Key())
	if errors.Is(err, store.ErrNotFound) {
		r = deploy.RegisteredRevision{
			ApplicationID: d.ApplicationID,
			Revision:      d.Revision,
			Description:   "Application revision registered by Deployment ID: " + d.ID,
			RegisteredAt:  d.CreatedAt,
		}
	} else if err != nil {
		return err
	}
	if r.FirstUsedAt.IsZero() {
		r.FirstUsedAt = d.CreatedAt
	}
	r.LastUsedAt = latest(r.LastUsedAt, d.CreatedAt)
	return writeRevision(ctx, tx, r)
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func writeRevision(ctx context.Context, tx *transaction, r deploy.RegisteredRevision) error {
	text, err := encode(r)
	if err != nil {
		return err
	}
	var bucket, object any
	if r.Revision.S3 != nil {
		bucket, object = r.Revision.S3.Bucket, r.Revision.S3.Key
	}
	_, err = tx.ExecContext(ctx, `
		insert into revisions (application_id, key, bucket, object, registered_at, body)
		values ($1, $2, $3, $4, $5, $6)
		on conflict (application_id, key) do update set body = excluded.body`,
		r.ApplicationID, r.Revision.Key(), bucket, object, r.RegisteredAt.UnixNano(), text)
	return err
}

// Revision returns the revision of that key.
func (s *Store) Revision(ctx context.Context, applicationID, key string) (deploy.RegisteredRevision, error) {
	return revision(ctx, s.reader, applicationID, key)
}

func revision(ctx context.Context, q querier, applicationID, key string) (deploy.RegisteredRevision, error) {
	return one[deploy.RegisteredRevision](q.QueryRowContext(ctx, `
		select body from revisions where application_id = $1 and key = $2`, applicationID, key))
}

// Revisions lists an application's revisions in order of registration.
func (s *Store) Revisions(ctx context.Context, applicationID string) ([]deploy.RegisteredRevision, error) {
	rows, err := s.reader.QueryContext(ctx, `
		select body
		from revisions
		where application_id = $1
		order by registered_at, key`,
		applicationID)
	return all(rows, err, body[deploy.RegisteredRevision])
}

// S3RevisionRegistered says whether any application has a revision in that object.
func (s *Store) S3RevisionRegistered(ctx context.Context, bucket, key string) (bool, error) {
	var found bool
	err := s.reader.QueryRowContext(ctx, `
		select exists (select 1 from revisions where bucket = $1 and object = $2)`, bucket, key).Scan(&found)
	return found, err
}
