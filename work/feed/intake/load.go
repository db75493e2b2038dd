package intake

import (
	"context"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/work/feed"
)

// keepLoads is how long it is known that a file was loaded.
const keepLoads = 365 * 24 * time.Hour

// LoadState is how far a load is.
type LoadState string

// The states.
const (
	Loading LoadState = "open"
	Loaded  LoadState = "done"
)

// Load is a file that is loaded in parts. It may be cut off at any moment and
// goes on behind the last part.
type Load struct {
	ID    lanzha.ID
	State LoadState
	Sender
	Name    string
	Digest  string // SHA-256 of the file and its mapping, in hexadecimal
	Attempt int64
	Form    feed.Form
	LastRow int
	Taken   int64
	Refused int64
	Skipped int64
	Started time.Time
	Ended   time.Time
}

func (l Load) origin() Origin {
	return Origin{Sender: l.Sender, Channel: File, Name: l.Name, Load: l.ID, Source: "load/" + string(l.ID)}
}

// Begin begins a load, or finds it when the sender began it before. With again,
// a file that is loaded already is loaded once more.
func (d *Desk) Begin(ctx context.Context, l Load, again bool) (Load, error) {
	err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		last, found, err := d.store().loadOf(ctx, tx, l.Digest, l.Institution)
		if err != nil {
			return err
		}
		if found && (last.State == Loading || !again) {
			l = last
			return nil
		}
		l.ID, l.State, l.Attempt, l.Started = d.IDs.Next(), Loading, last.Attempt+1, d.Now()
		if err := d.store().insertLoad(ctx, tx, l); err != nil {
			return err
		}
		return d.note(ctx, tx, "feed.load_started", l)
	})
	if sqldb.IsUnique(err) {
		return l, lanzha.Conflict("somebody began to load this file at the same moment")
	}
	return l, err
}

func (d *Desk) note(ctx context.Context, tx *sqldb.Tx, kind string, l Load) error {
	return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
		Kind: kind, Record: l.ID, Actor: l.Account, Region: l.Region, Institution: l.Institution,
		Payload: map[string]any{"kind": l.Form.Kind.String(), "attempt": l.Attempt, "taken": l.Taken, "refused": l.Refused},
	})
}

// Part takes a part of a load that was decoded elsewhere: the events of the
// records up to last.
func (d *Desk) Part(ctx context.Context, l Load, b *feed.Batch, last int) (*Taken, error) {
	if l.State != Loading {
		return nil, lanzha.Conflict("the load has ended")
	}
	out, err := d.put(ctx, l.origin(), l.Form, b, last)
	if err != nil {
		return nil, err
	}
	return out, d.passed(ctx, l, out, last)
}

// passed notes how far a load is.
func (d *Desk) passed(ctx context.Context, l Load, part *Taken, last int) error {
	return d.DB.Tx(ctx, func(tx *sqldb.Tx) error { return d.store().passed(ctx, tx, l.ID, part, last) })
}

// File takes the rest of a file of a load and ends the load.
func (d *Desk) File(ctx context.Context, l Load, s *feed.Source) (*Taken, Load, error) {
	if l.State != Loading {
		return nil, l, lanzha.Conflict("the load has ended")
	}
	out, err := d.Take(ctx, l.origin(), s, l.LastRow, func(part *Taken, last int) error { return d.passed(ctx, l, part, last) })
	if err != nil {
		return out, l, err
	}
	l, err = d.End(ctx, l)
	return out, l, err
}

// End ends a load.
func (d *Desk) End(ctx context.Context, l Load) (Load, error) {
	err := d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		var err error
		if l, err = d.store().load(ctx, tx, l.ID); err != nil || l.State == Loaded {
			return err
		}
		l.State, l.Ended = Loaded, d.Now()
		if err := d.store().endLoad(ctx, tx, l); err != nil {
			return err
		}
		return d.note(ctx, tx, "feed.load_ended", l)
	})
	return l, err
}
