package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// statement waits to be sent to PostgreSQL.
type statement struct {
	query string
	args  []any
}

// rollbackFor bounds how long a failed transaction of PostgreSQL may take to
// say so; a connection that does not is closed.
const rollbackFor = 5 * time.Second

// alone runs a transaction of PostgreSQL on a connection of its own.
func (db *DB) alone(ctx context.Context, tx *Tx, fn func(tx *Tx) error) error {
	conn, err := db.write.Conn(ctx)
	if err != nil {
		return wrap("sqldb.Begin", err)
	}
	defer conn.Close()
	tx.tx = conn
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return wrap("sqldb.Begin", err)
	}
	done := false
	defer func() {
		if done {
			return
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackFor)
		defer cancel()
		if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // never used again
		}
	}()
	err = fn(tx)
	if tx.failed != nil {
		return tx.failed // what came after it only says that something failed before
	}
	if err != nil {
		return err
	}
	if _, err := tx.send(ctx, statement{query: "COMMIT"}); err != nil {
		return err
	}
	done = true
	if db.Committed != nil {
		db.Committed()
	}
	return nil
}

func (tx *Tx) flush(ctx context.Context) error {
	if len(tx.later) == 0 {
		return nil
	}
	last := tx.later[len(tx.later)-1]
	tx.later = tx.later[:len(tx.later)-1]
	_, err := tx.send(ctx, last)
	return err
}

// send sends what waits and a last statement in one go, and returns how many
// rows the last one changed.
func (tx *Tx) send(ctx context.Context, last statement) (int64, error) {
	all := append(tx.later, last)
	tx.later = nil
	var batch pgx.Batch
	for _, s := range all {
		batch.Queue(s.query, s.args...)
	}
	var done pgconn.CommandTag
	err := tx.tx.Raw(func(c any) (err error) {
		results := c.(*stdlib.Conn).Conn().SendBatch(ctx, &batch)
		defer func() { err = errors.Join(err, results.Close()) }()
		for _, s := range all {
			if done, err = results.Exec(); err != nil {
				return fmt.Errorf("%w in %s", err, head(s.query))
			}
		}
		return nil
	})
	if err == nil && last.query == "COMMIT" && done.String() != "COMMIT" {
		err = errors.New("the transaction had failed before its commit")
	}
	if err != nil {
		tx.failed = wrap("sqldb.Later", err)
		return 0, tx.failed
	}
	return done.RowsAffected(), nil
}
