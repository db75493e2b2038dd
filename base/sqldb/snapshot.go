package sqldb

import (
	"context"
	"database/sql"
)

// Snapshot runs fn on one consistent state of the whole database, which it can
// only read. Writers go on meanwhile; on SQLite their log cannot be folded
// back until fn returns.
func (db *DB) Snapshot(ctx context.Context, fn func(q Queryer) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if db.Dialect == Postgres {
		options.Isolation = sql.LevelRepeatableRead // every transaction of SQLite is that already
	}
	tx, err := db.read.BeginTx(ctx, options)
	if err != nil {
		return wrap("sqldb.Snapshot", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	return fn(tx)
}
