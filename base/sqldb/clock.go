package sqldb

import (
	"context"
	"time"
)

// Clock is the time of the database's machine. On SQLite that is this one.
func (db *DB) Clock(ctx context.Context) (time.Time, error) {
	query := `SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER)`
	if db.Dialect == Postgres {
		query = `SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint`
	}
	micros, err := One(ctx, db.reader, "time", Value[int64], query)
	return time.UnixMicro(micros).UTC(), err
}
