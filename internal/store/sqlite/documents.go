package sqlite

import (
	"context"
)

// Documents returns a whole collection, by key.
func (s *Store) Documents(ctx context.Context, collection string) (map[string][]byte, error) {
	rows, err := s.reader.QueryContext(ctx, `select key, body from documents where collection = $1`, collection)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string][]byte{}
	for rows.Next() {
		var key string
		var body []byte
		if err := rows.Scan(&key, &body); err != nil {
			return nil, err
		}
		found[key] = body
	}
	return found, rows.Err()
}

// PutDocument keeps a document, in the place of an older one.
func (s *Store) PutDocument(ctx context.Context, collection, key string, body []byte) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `
			insert into documents (collection, key, body)
			values ($1, $2, $3)
			on conflict (collection, key) do update set body = excluded.body`,
			collection, key, string(body))
		return err
	})
}

// DeleteDocument removes a document, if it is there.
func (s *Store) DeleteDocument(ctx context.Context, collection, key string) error {
	return s.write(ctx, func(tx *transaction) error {
		_, err := tx.ExecContext(ctx, `delete from documents where collection = $1 and key = $2`, collection, key)
		return err
	})
}
