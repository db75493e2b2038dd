package report

import (
	"context"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
)

// Desk takes reports. What it takes it tells the journal; clues and lookups
// follow from there.
type Desk struct {
	Store   *Store
	DB      *sqldb.DB
	Journal *journal.Journal
	IDs     *lanzha.IDs
	Now     func() time.Time
	Zone    *time.Location // in which "today" and "three in the afternoon" are meant
}

// Take records a report.
func (d *Desk) Take(ctx context.Context, tx *sqldb.Tx, draft Draft, by lanzha.ID) (Report, error) {
	r, err := New(d.IDs.Next(), draft, by, d.Now(), d.Zone)
	if err != nil {
		return r, err
	}
	return r, d.insert(ctx, tx, r)
}

func (d *Desk) insert(ctx context.Context, tx *sqldb.Tx, r Report) error {
	if err := d.Store.Insert(ctx, tx, r); err != nil {
		return err
	}
	return d.note(ctx, tx, "report.received", r, r.TakenBy, "", map[string]any{
		"type": r.Type, "channel": r.Channel, "finds": len(r.Finds), "amountFen": r.AmountFen,
	})
}

func (d *Desk) note(ctx context.Context, tx *sqldb.Tx, kind string, r Report, actor lanzha.ID, purpose string, payload map[string]any) error {
	err := d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
		Kind: kind, Record: r.ID, Version: r.Version, Actor: actor, Purpose: purpose, Region: r.Region, Payload: payload,
	})
	return err
}

// Close ends a report whose version the caller has read.
func (d *Desk) Close(ctx context.Context, tx *sqldb.Tx, r Report, version int64, note string, by lanzha.ID) (Report, error) {
	if r.Version != version {
		return r, lanzha.Conflict("somebody changed this report before you")
	}
	r, err := Close(r, note)
	if err != nil {
		return r, err
	}
	r.Version++
	if err := d.Store.Update(ctx, tx, r); err != nil {
		return r, err
	}
	return r, d.note(ctx, tx, "report.closed", r, by, "", map[string]any{})
}
