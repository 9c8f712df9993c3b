package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
)

// SQLite takes longer to parse most of the statements here than to run them, so each is
// prepared once and kept. Their texts are constants of this package, except for those that
// lists with filters put together; maxPrepared bounds what these can add.
const maxPrepared = 500

// A reader is a pool of connections that only read.
type reader struct {
	db       *sql.DB
	mu       sync.RWMutex
	prepared map[string]*sql.Stmt // database/sql prepares it on each connection that needs it
}

func newReader(db *sql.DB) *reader { return &reader{db: db, prepared: map[string]*sql.Stmt{}} }

// statement returns nil where there are too many.
func (r *reader) statement(ctx context.Context, query string) (*sql.Stmt, error) {
	r.mu.RLock()
	statement, full := r.prepared[query], len(r.prepared) >= maxPrepared
	r.mu.RUnlock()
	if statement != nil || full {
		return statement, nil
	}
	statement, err := r.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if earlier := r.prepared[query]; earlier != nil {
		return earlier, statement.Close()
	}
	r.prepared[query] = statement
	return statement, nil
}

// QueryContext is like the pool's own.
func (r *reader) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := r.statement(ctx, query)
	if err != nil {
		return nil, err
	}
	if statement == nil {
		return r.db.QueryContext(ctx, query, args...)
	}
	return statement.QueryContext(ctx, args...)
}

// QueryRowContext is like the pool's own.
func (r *reader) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if statement, err := r.statement(ctx, query); err == nil && statement != nil {
		return statement.QueryRowContext(ctx, args...)
	}
	return r.db.QueryRowContext(ctx, query, args...) // which says what is wrong with the query
}

// snapshot runs fn in a transaction: all that it reads is of one moment.
func (r *reader) snapshot(ctx context.Context, fn func(querier) error) error {
	tx, err := r.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	s := &snapshot{reader: r, tx: tx}
	err = errors.Join(fn(s), tx.Rollback())
	for _, query := range s.missed {
		_, _ = r.statement(ctx, query) // running it has said what is wrong with it
	}
	return err
}

// A snapshot uses what is prepared. What is not, it leaves for afterwards: preparing takes a
// connection, and many snapshots that each hold one and wait for another would wait for ever.
type snapshot struct {
	reader *reader
	tx     *sql.Tx
	missed []string
}

func (s *snapshot) statement(ctx context.Context, query string) *sql.Stmt {
	s.reader.mu.RLock()
	defer s.reader.mu.RUnlock()
	if statement := s.reader.prepared[query]; statement != nil {
		return s.tx.StmtContext(ctx, statement)
	}
	s.missed = append(s.missed, query)
	return nil
}

func (s *snapshot) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if statement := s.statement(ctx, query); statement != nil {
		return statement.QueryContext(ctx, args...)
	}
	return s.tx.QueryContext(ctx, query, args...)
}

func (s *snapshot) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if statement := s.statement(ctx, query); statement != nil {
		return statement.QueryRowContext(ctx, args...)
	}
	return s.tx.QueryRowContext(ctx, query, args...)
}

// A writer is the one connection that writes.
type writer struct {
	mu       sync.Mutex // held while there is a transaction
	db       *sql.DB
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

// transaction runs fn in a transaction, which fn's error undoes.
func (w *writer) transaction(fn func(*transaction) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.connect(); err != nil {
		return err
	}
	tx := &transaction{w}
	if _, err := tx.exec(`begin immediate`); err != nil {
		w.disconnect()
		return err
	}
	err := fn(tx)
	if err == nil {
		_, err = tx.exec(`commit`)
	}
	if err == nil {
		return nil
	}
	if _, undo := tx.exec(`rollback`); undo != nil {
		w.disconnect() // SQLite may have rolled back by itself: a new connection has certainly none open
	}
	return err
}

func (w *writer) connect() (err error) {
	if w.conn != nil {
		return nil
	}
	w.prepared = map[string]*sql.Stmt{}
	w.conn, err = w.db.Conn(context.Background())
	return err
}

// disconnect closes the connection itself: a bad one does not go back to the pool.
func (w *writer) disconnect() {
	_ = w.conn.Raw(func(any) error { return driver.ErrBadConn })
	w.conn = nil
}

// close waits for a transaction under way. Later ones fail.
func (w *writer) close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn == nil {
		return w.db.Close()
	}
	err := w.conn.Close()
	w.conn = nil
	return errors.Join(err, w.db.Close())
}

// A transaction is the writer's. It takes contexts as database/sql does and leaves them be: a
// caller that gives up must not interrupt a statement, which would undo the writes of all who
// share the transaction.
type transaction struct{ writer *writer }

func (t *transaction) statement(query string) (*sql.Stmt, error) {
	if statement := t.writer.prepared[query]; statement != nil {
		return statement, nil
	}
	statement, err := t.writer.conn.PrepareContext(context.Background(), query)
	if err == nil {
		t.writer.prepared[query] = statement
	}
	return statement, err
}

func (t *transaction) exec(query string, args ...any) (sql.Result, error) {
	statement, err := t.statement(query)
	if err != nil {
		return nil, err
	}
	return statement.ExecContext(context.Background(), args...)
}

// ExecContext runs one statement.
func (t *transaction) ExecContext(_ context.Context, query string, args ...any) (sql.Result, error) {
	return t.exec(query, args...)
}

// QueryContext runs a query. Its rows are closed before the next statement.
func (t *transaction) QueryContext(_ context.Context, query string, args ...any) (*sql.Rows, error) {
	statement, err := t.statement(query)
	if err != nil {
		return nil, err
	}
	return statement.QueryContext(context.Background(), args...)
}

// QueryRowContext runs a query for one row.
func (t *transaction) QueryRowContext(_ context.Context, query string, args ...any) *sql.Row {
	statement, err := t.statement(query)
	if err != nil {
		return t.writer.conn.QueryRowContext(context.Background(), query, args...) // which says what is wrong
	}
	return statement.QueryRowContext(context.Background(), args...)
}

// script runs statements that are not worth keeping, such as a migration's.
func (t *transaction) script(text string) error {
	_, err := t.writer.conn.ExecContext(context.Background(), text)
	return err
}
