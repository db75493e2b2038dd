// Package sqldb is the one way to the database: SQLite by default, PostgreSQL
// by address. One SQL text with $n placeholders runs on both; where they
// differ, the difference lives here. Writes go through Tx, reads through Read.
// It never decides anything.
package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the PostgreSQL driver, "pgx"
	_ "modernc.org/sqlite"             // the SQLite driver, "sqlite"

	"lanzha"
)

// Dialect is the kind of database.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// DB is an open database. It is safe for use by many goroutines.
type DB struct {
	Dialect Dialect

	// Committed, when set before first use, is called after every commit that
	// wrote through Tx, before its After functions. Crash tests end the process
	// there.
	Committed func()

	url   string
	write *sql.DB
	read  *sql.DB

	writer *writer // SQLite only
	reader Queryer
}

// Options tune Open; the zero value is what ships.
type Options struct {
	// Readers bounds the reading connections on SQLite and all connections on
	// PostgreSQL. 0 means 8 on SQLite and 32 on PostgreSQL.
	Readers int
}

// Open opens "postgres://..." with PostgreSQL and anything else as the path of
// a SQLite file, which is created where it is missing. It connects before it
// returns: an address nobody answers is CodeUnavailable.
func Open(ctx context.Context, address string, o Options) (*DB, error) {
	if strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://") {
		return openPostgres(ctx, address, o)
	}
	return openSQLite(ctx, address, o)
}

func openPostgres(ctx context.Context, address string, o Options) (*DB, error) {
	pool, err := sql.Open("pgx", address)
	if err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Op: "sqldb.Open", Message: "the database address cannot be read", Err: err}
	}
	if o.Readers == 0 {
		o.Readers = 32
	}
	pool.SetMaxOpenConns(o.Readers)
	pool.SetMaxIdleConns(o.Readers)
	if err := pool.PingContext(ctx); err != nil {
		_ = pool.Close()
		return nil, &lanzha.Error{
			Code: lanzha.CodeUnavailable, Op: "sqldb.Open", Message: "PostgreSQL does not answer",
			Hint: "check the address, the password and that the server runs", Err: err,
		}
	}
	return &DB{Dialect: Postgres, url: address, write: pool, read: pool, reader: pool}, nil
}

// openSQLite keeps one writing connection and several that can only read, so
// that a reader never waits for the writer (WAL) and writers queue in Go
// instead of failing with SQLITE_BUSY. synchronous=FULL: a commit is on disk.
func openSQLite(ctx context.Context, path string, o Options) (*DB, error) {
	if o.Readers == 0 {
		o.Readers = min(8, 2*runtime.NumCPU())
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, lanzha.Internal("sqldb.Open", err)
	}
	// SQLite would make the file, and those beside it, for everybody to read.
	if file, err := os.OpenFile(abs, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, closedFile(err)
	} else if err := file.Close(); err != nil {
		return nil, closedFile(err)
	}
	dsn := func(extra ...string) string {
		q := url.Values{"_pragma": append([]string{
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
			"cache_size(-65536)", "mmap_size(1073741824)", "temp_store(2)",
		}, extra...), "_txlock": {"immediate"}}
		return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: abs}).EscapedPath(), RawQuery: q.Encode()}).String()
	}
	w, err := sql.Open("sqlite", dsn())
	if err != nil {
		return nil, lanzha.Internal("sqldb.Open", err)
	}
	w.SetMaxOpenConns(3) // ours, and two for migrations
	w.SetConnMaxIdleTime(0)
	one, err := newWriter(ctx, w)
	if err != nil {
		_ = w.Close()
		return nil, closedFile(err)
	}
	r, err := sql.Open("sqlite", dsn("query_only(1)"))
	if err != nil {
		_ = w.Close()
		return nil, lanzha.Internal("sqldb.Open", err)
	}
	r.SetMaxOpenConns(o.Readers)
	r.SetMaxIdleConns(o.Readers)
	return &DB{Dialect: SQLite, url: abs, write: w, read: r, writer: one, reader: &reader{pool: r, stmts: map[string]*sql.Stmt{}}}, nil
}

func closedFile(err error) error {
	return &lanzha.Error{
		Code: lanzha.CodeUnavailable, Op: "sqldb.Open", Message: "the database file cannot be opened",
		Hint: "check that the folder exists and can be written", Err: err,
	}
}

// Close closes all connections.
func (db *DB) Close() error {
	if db.read == db.write {
		return db.write.Close()
	}
	// The reader first: the last writer to go folds the WAL into the file.
	return errors.Join(db.read.Close(), db.writer.close(), db.write.Close())
}

// Address is what Open was given: the absolute path of a SQLite file, or the
// PostgreSQL address with its password.
func (db *DB) Address() string { return db.url }

// Read gives the pool for queries outside a transaction. On SQLite it cannot
// write.
func (db *DB) Read() Queryer { return db.reader }

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.read.PingContext(ctx); err != nil {
		return &lanzha.Error{Code: lanzha.CodeUnavailable, Op: "sqldb.Ping", Message: "the database does not answer", Err: err}
	}
	return nil
}

// Pool gives the writing pool, for what needs a connection of its own:
// migrations, LISTEN, backup.
func (db *DB) Pool() *sql.DB { return db.write }

// Queryer is what Read and Tx have in common.
type Queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Tx is a transaction that will commit when its function returns nil.
type Tx struct {
	Dialect Dialect
	tx      *sql.Conn
	db      *DB
	after   []func()
	later   []statement // PostgreSQL only: goes out with the next statement
	failed  error       // why later did not go well
}

// After has f run once the transaction has committed; it does not run when the
// transaction fails. It is for waking those who wait, never for work that must
// not be lost: that is a row in the outbox.
func (tx *Tx) After(f func()) { tx.after = append(tx.after, f) }

// ExecContext runs a statement.
func (tx *Tx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if s := tx.prepared(query); s != nil {
		return s.ExecContext(tx.whole(ctx), args...)
	}
	if len(tx.later) > 0 && len(args) > 0 {
		n, err := tx.send(ctx, statement{query, args})
		return driver.RowsAffected(n), err
	}
	if err := tx.flush(ctx); err != nil {
		return nil, err
	}
	return tx.tx.ExecContext(tx.whole(ctx), query, args...)
}

// QueryContext runs a query.
func (tx *Tx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s := tx.prepared(query); s != nil {
		return s.QueryContext(tx.whole(ctx), args...)
	}
	if err := tx.flush(ctx); err != nil {
		return nil, err
	}
	return tx.tx.QueryContext(tx.whole(ctx), query, args...)
}

// QueryRowContext runs a query for one row.
func (tx *Tx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if s := tx.prepared(query); s != nil {
		return s.QueryRowContext(tx.whole(ctx), args...)
	}
	_ = tx.flush(ctx) // kept as tx.failed: the query fails after it
	return tx.tx.QueryRowContext(tx.whole(ctx), query, args...)
}

// prepared is the statement as SQLite's writer keeps it; pgx keeps them by
// itself.
func (tx *Tx) prepared(query string) *sql.Stmt {
	if tx.db.writer == nil {
		return nil
	}
	s, err := tx.db.writer.prepared(query)
	if err != nil {
		return nil // it says so when it runs
	}
	return s
}

// whole lets a context that ends stop a transaction of SQLite between two
// statements and not within one: SQLite would roll back all that shares the
// commit.
func (tx *Tx) whole(ctx context.Context) context.Context {
	if tx.db.writer == nil || ctx.Err() != nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// Tx runs fn in a transaction and commits when it returns nil. A serialisation
// failure or a deadlock runs fn again, up to five times, so fn must have no
// effect outside the transaction; After is the place for those.
func (db *DB) Tx(ctx context.Context, fn func(tx *Tx) error) error {
	for attempt := 0; ; attempt++ {
		err := db.once(ctx, fn)
		if err == nil || !retryable(err) || attempt == 4 {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(1<<attempt) * 2 * time.Millisecond):
		}
	}
}

func (db *DB) once(ctx context.Context, fn func(tx *Tx) error) error {
	tx := &Tx{Dialect: db.Dialect, db: db}
	var err error
	if db.writer != nil {
		tx.tx = db.writer.conn
		err = db.writer.run(ctx, tx, fn, db.Committed)
	} else {
		err = db.alone(ctx, tx, fn)
	}
	if err != nil {
		return err
	}
	for _, f := range tx.after {
		f()
	}
	return nil
}

func wrap(op string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return lanzha.Internal(op, err)
}

func retryable(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "40001" || pg.Code == "40P01"
	}
	return errors.Is(err, errGroupLost)
}

// IsUnique reports whether err is a violation of a unique constraint or a
// primary key.
func IsUnique(err error) bool {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pg.Code == "23505"
	}
	return err != nil && strings.Contains(err.Error(), "UNIQUE constraint failed")
}

// All runs a query and scans every row.
func All[T any](ctx context.Context, q Queryer, scan func(Scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, wrap("sqldb.All", fmt.Errorf("%w in %s", err, head(query)))
	}
	defer rows.Close()
	out := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, wrap("sqldb.All", fmt.Errorf("%w in %s", err, head(query)))
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, wrap("sqldb.All", err)
	}
	return out, nil
}

// One runs a query and scans its first row; no row is CodeNotFound.
func One[T any](ctx context.Context, q Queryer, what string, scan func(Scanner) (T, error), query string, args ...any) (T, error) {
	v, err := scan(q.QueryRowContext(ctx, query, args...))
	switch {
	case errors.Is(err, sql.ErrNoRows):
		var zero T
		return zero, lanzha.NotFound(what)
	case err != nil:
		return v, wrap("sqldb.One", fmt.Errorf("%w in %s", err, head(query)))
	}
	return v, nil
}

// Exec runs a statement and returns the number of rows that it changed.
func Exec(ctx context.Context, tx *Tx, query string, args ...any) (int64, error) {
	res, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, wrap("sqldb.Exec", fmt.Errorf("%w in %s", err, head(query)))
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, wrap("sqldb.Exec", err)
	}
	return n, nil
}

// Later runs a statement about whose outcome the transaction does not care, so
// long as there is no error: on PostgreSQL it travels with the next statement
// or the commit instead of waiting for an answer of its own. An error ends the
// transaction.
func Later(ctx context.Context, tx *Tx, query string, args ...any) error {
	if tx.Dialect == Postgres {
		tx.later = append(tx.later, statement{query, args})
		return nil
	}
	_, err := Exec(ctx, tx, query, args...)
	return err
}

// Scanner is a *sql.Row or *sql.Rows.
type Scanner interface{ Scan(dest ...any) error }

// Value scans a single column.
func Value[T any](s Scanner) (T, error) {
	var v T
	err := s.Scan(&v)
	return v, err
}

// head is the start of a statement, for an error: statements hold no data.
func head(query string) string {
	query = strings.Join(strings.Fields(query), " ")
	if len(query) > 120 {
		query = query[:120] + "..."
	}
	return query
}

// ForUpdate ends a SELECT that reads a row in order to change it: other
// processes wait for this transaction. SQLite has one writer anyway.
func (tx *Tx) ForUpdate() string {
	if tx.Dialect == Postgres {
		return " FOR UPDATE"
	}
	return ""
}
