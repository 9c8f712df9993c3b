// Package sqlite keeps a store in one SQLite file: WAL, full synchronisation, one writer.
//
// Exported methods own their transaction; helpers take it. Concurrent writers share a
// transaction (see write), so that a fleet's reports cost one disk flush for many.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/slipway/slipway/internal/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// A Store is a store.Store in a file.
type Store struct {
	writer *writer
	reader *reader
	queue  queue
	now    func() time.Time
}

var _ store.Store = (*Store)(nil)

// An Option changes how a file is opened.
type Option string

// WithoutSync does not wait for the disk: what is written may be lost with the machine's
// power, though not with the process. For simulations.
const WithoutSync Option = "synchronous(OFF)"

// Open opens the database file at path, making or migrating it as needed.
func Open(ctx context.Context, path string, options ...Option) (*Store, error) {
	pragmas := url.Values{"_pragma": {
		"journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "busy_timeout(5000)",
	}}
	for _, o := range options {
		pragmas.Add("_pragma", string(o))
	}
	if err := makePrivate(path); err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + pragmas.Encode()
	writing, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	writing.SetMaxOpenConns(1) // SQLite has one writer
	reading, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", path, err)
	}
	reading.SetMaxOpenConns(4)
	reading.SetMaxIdleConns(4)
	s := &Store{writer: &writer{db: writing}, reader: newReader(reading), now: time.Now}
	if err := s.migrate(ctx); err != nil {
		s.Close()
		return nil, fmt.Errorf("migrate database %s: %w", path, err)
	}
	return s, nil
}

// Close closes the file. Reads under way fail; a write under way is waited for.
func (s *Store) Close() error {
	return errors.Join(s.reader.db.Close(), s.writer.close())
}

// migrate runs the embedded files that have not run yet, in order of name.
func (s *Store) migrate(ctx context.Context) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	var done int
	if err := s.reader.db.QueryRowContext(ctx, `pragma user_version`).Scan(&done); err != nil {
		return err
	}
	if done > len(names) {
		return fmt.Errorf("it is at version %d, which a newer Slipway wrote; this one knows %d", done, len(names))
	}
	for i := done; i < len(names); i++ {
		if err := s.migrateOne(ctx, names[i], i+1); err != nil {
			return fmt.Errorf("%s: %w", names[i], err)
		}
	}
	return nil
}

func (s *Store) migrateOne(ctx context.Context, name string, version int) error {
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *transaction) error {
		if err := tx.script(string(text)); err != nil {
			return err
		}
		return tx.script(fmt.Sprintf(`pragma user_version = %d`, version))
	})
}

// Secret returns the bytes kept under name, making them the first time.
func (s *Store) Secret(ctx context.Context, name string, create func() ([]byte, error)) ([]byte, error) {
	var value []byte
	err := s.write(ctx, func(tx *transaction) error {
		err := tx.QueryRowContext(ctx, `select value from meta where name = $1`, name).Scan(&value)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if value, err = create(); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `insert into meta (name, value) values ($1, $2)`, name, value)
		return err
	})
	return value, err
}

// querier is a transaction or a pool: reading is the same in both.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// one scans a body and whatever stands behind it from a row.
func one[T any](row *sql.Row, rest ...any) (T, error) {
	var value T
	var body []byte
	if err := row.Scan(append([]any{&body}, rest...)...); errors.Is(err, sql.ErrNoRows) {
		return value, store.ErrNotFound
	} else if err != nil {
		return value, err
	}
	return value, decode(body, &value)
}

// all collects what read makes of each row.
func all[T any](rows *sql.Rows, err error, read func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		value, err := read(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, rows.Err()
}

// body reads a row that is only a body.
func body[T any](rows *sql.Rows) (T, error) {
	var value T
	var text []byte
	if err := rows.Scan(&text); err != nil {
		return value, err
	}
	return value, decode(text, &value)
}

func encode(value any) (string, error) {
	text, err := json.Marshal(value)
	return string(text), err
}

// decode reads what encode wrote, in less time than encoding/json does.
func decode(text []byte, value any) error {
	return jsonv2.Unmarshal(text, value, jsonv1.FormatDurationAsNano(true))
}

// limit turns "0 means all" into SQLite's words.
func limit(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// nanos is a time as it is stored: null for the zero time.
func nanos(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixNano()
}

// translate turns a broken unique constraint into ErrExists.
func translate(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return store.ErrExists
		}
	}
	return err
}
