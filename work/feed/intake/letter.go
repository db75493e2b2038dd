package intake

import (
	"context"
	"fmt"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/work/feed"
)

// keepLetters is how long dead letters are kept.
const keepLetters = 30 * 24 * time.Hour

// State is what became of a letter.
type State string

// The states.
const (
	Open      State = "open"
	Corrected State = "corrected" // and sent again
	Discarded State = "discarded"
)

// Letter is a record that was refused, without the record.
type Letter struct {
	ID      lanzha.ID
	Version int64
	State   State
	Origin
	Form     string
	Kind     feed.Kind
	Row      int
	Field    string
	Reason   string
	At       time.Time
	ClosedBy lanzha.ID
	ClosedAt time.Time
	Note     string
}

// close ends an open letter whose version the caller has read.
func (l Letter) close(to State, version int64, by lanzha.ID, note string, now time.Time) (Letter, error) {
	switch {
	case l.Version != version:
		return l, lanzha.Conflict("somebody changed this letter before you")
	case l.State != Open:
		return l, lanzha.Conflict("the letter is no longer open")
	}
	l.Version++
	l.State, l.ClosedBy, l.ClosedAt, l.Note = to, by, now, note
	return l, nil
}

// Keep puts refused records among the dead letters; form is how they are read
// again. Those of a source that stand there already stay as they are.
func (d *Desk) Keep(ctx context.Context, from Origin, form feed.Form, refused []feed.Refusal) error {
	now := d.Now()
	return d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		id, err := d.store().putForm(ctx, tx, form, now)
		if err != nil {
			return err
		}
		return d.store().insert(ctx, tx, from, id, form.Kind, refused, d.IDs, now)
	})
}

// KeepOf puts records that whoever acts in ctx sent on another way among the
// dead letters, as JSON with the canonical names.
func (d *Desk) KeepOf(ctx context.Context, channel Channel, kind feed.Kind, refused []feed.Refusal) error {
	d.Count(channel, d.sender(ctx).Institution, kind, 0, int64(len(refused)))
	return d.Keep(ctx, Origin{Sender: d.sender(ctx), Channel: channel}, feed.Form{Kind: kind, Format: feed.NDJSON}, refused)
}

// Correct sends the mended record of a letter to the log and ends the letter.
func (d *Desk) Correct(ctx context.Context, l Letter, version int64, record string, by lanzha.ID) (Letter, error) {
	closed, err := l.close(Corrected, version, by, "", d.Now())
	if err != nil {
		return l, err
	}
	form, err := d.store().form(ctx, d.DB.Read(), l.Form)
	if err != nil {
		return l, err
	}
	b, err := form.Read(record)
	if err != nil {
		return l, err
	}
	// The log comes first: when this is cut off, the letter is still open, and
	// what is sent again is known by the letter's ID.
	if _, err := d.Log.Append(ctx, l.Kind, b, feed.Header{Source: "letter/" + string(l.ID), Number: 1}); err != nil {
		return l, err
	}
	d.Count(l.Channel, l.Institution, l.Kind, 1, 0)
	return closed, d.end(ctx, closed, "letter.corrected", by)
}

// Discard ends a letter that nobody will mend.
func (d *Desk) Discard(ctx context.Context, l Letter, version int64, note string, by lanzha.ID) (Letter, error) {
	closed, err := l.close(Discarded, version, by, note, d.Now())
	if err != nil {
		return l, err
	}
	return closed, d.end(ctx, closed, "letter.discarded", by)
}

func (d *Desk) end(ctx context.Context, l Letter, kind string, by lanzha.ID) error {
	return d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := d.store().update(ctx, tx, l); err != nil {
			return err
		}
		return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
			Kind: kind, Record: l.ID, Version: l.Version, Actor: by, Region: l.Region, Institution: l.Institution,
			Payload: map[string]any{"kind": l.Kind.String(), "channel": l.Channel},
		})
	})
}

// Record is the record of a letter and how it is read. That it was read stands
// in the journal with the purpose.
func (d *Desk) Record(ctx context.Context, l Letter, purpose string, by lanzha.ID) (string, feed.Form, error) {
	form, err := d.store().form(ctx, d.DB.Read(), l.Form)
	if err != nil {
		return "", form, err
	}
	record, err := d.store().record(ctx, d.DB.Read(), l.ID)
	if err != nil {
		return "", form, err
	}
	return record, form, d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
			Kind: "letter.read", Record: l.ID, Version: l.Version, Actor: by, Purpose: purpose, Region: l.Region, Institution: l.Institution,
			Payload: map[string]any{"kind": l.Kind.String()},
		})
	})
}

// Forget deletes what is past its time: letters and the forms that none names,
// and loads.
func (d *Desk) Forget(ctx context.Context) error {
	if err := d.store().forget(ctx, d.DB, d.Now()); err != nil {
		return fmt.Errorf("dead letters past their time: %w", err)
	}
	return nil
}
