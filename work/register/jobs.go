package register

import (
	"context"

	"lanzha"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
)

// Register hooks the desk into the outbox, before it runs.
func (d *Desk) Register() { d.Outbox.Handle("register.erase", d.purposeEnded) }

// purposeEnded erases the personal fields of a subject when the retention after
// the last end is over. What has come since, another listing or proposal, is a
// conflict: the item counts as done, and the newer end owes its own.
func (d *Desk) purposeEnded(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
	return func(ctx context.Context, tx *sqldb.Tx) error {
		all, err := d.Store.ListingsOf(ctx, tx, it.Record)
		if err != nil {
			return err
		}
		for _, l := range all {
			if over := l.over(d.Zone); over.IsZero() || d.Options.Retention <= 0 || d.Now().Before(over.Add(d.Options.Retention)) {
				return lanzha.Conflict("the purpose has not ended")
			}
		}
		return d.Erase(ctx, tx, it.Record, "", "保存期届满")
	}, nil
}
