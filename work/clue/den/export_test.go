package den

import (
	"context"
	"slices"

	"lanzha/base/journal"
	"lanzha/base/sqldb"
)

// CatchUp follows the rows after seq, one transaction each, and returns the
// number of the last. Tests that assert that nothing follows need to know when
// all has been looked at.
func (d *Desk) CatchUp(ctx context.Context, seq int64) (int64, error) {
	rows, err := d.Journal.Search(ctx, d.DB.Read(), journal.Filter{Limit: 10_000})
	if err != nil {
		return seq, err
	}
	slices.Reverse(rows)
	for _, row := range rows {
		if row.Seq <= seq {
			continue
		}
		seq = row.Seq
		if !slices.Contains(followed, row.Kind) {
			continue
		}
		if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error { return d.follow(ctx, tx, row) }); err != nil {
			return seq, err
		}
	}
	return seq, nil
}

// Follow takes one row, as the tail does.
func (d *Desk) Follow(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
	return d.follow(ctx, tx, row)
}
