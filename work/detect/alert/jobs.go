package alert

import (
	"context"
	"fmt"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/work/feed"
)

// Register hooks the desk into the journal and the outbox, before they run: it
// hears which clue came of an alert, and where there is a detector it keeps
// the lists of the house and tells of every change.
func (d *Desk) Register() {
	d.Journal.Tail("alert", []string{"clue.opened", "clue.reported", "clue.reopened"}, d.became)
	if d.Changer == nil {
		return
	}
	d.Journal.Tail("alert-lists", []string{"clue.opened", "clue.reopened", "clue.closed", "den.confirmed"}, d.houseLists)
	d.Outbox.Handle("suppression.tell", d.tellSuppression)
	d.Outbox.Handle("namedlist.tell", d.tellEntry)
}

// became notes the clue that came of an alert.
func (d *Desk) became(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
	var told struct {
		Source string    `json:"source"`
		From   lanzha.ID `json:"from"`
	}
	if err := row.Into(&told); err != nil || told.Source != "alert" {
		return err
	}
	return d.Store.SetClue(ctx, tx, told.From, row.Record)
}

// houseLists keeps the lists of open clues and of confirmed dens.
func (d *Desk) houseLists(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
	switch row.Kind {
	case "clue.closed":
		return d.takeOffClue(ctx, tx, row.Record, "")
	case "den.confirmed":
		var facts struct {
			Clues []lanzha.ID `json:"clues"`
		}
		if err := row.Into(&facts); err != nil {
			return err
		}
		for _, clue := range facts.Clues {
			if err := d.enterClue(ctx, tx, DenList, clue, row.At.Add(denListFor), string(row.Record)); err != nil {
				return err
			}
		}
		return nil
	}
	return d.enterClue(ctx, tx, ClueList, row.Record, time.Time{}, "")
}

// enterClue puts the value of a clue on a list of the house.
func (d *Desk) enterClue(ctx context.Context, tx *sqldb.Tx, list string, clue lanzha.ID, until time.Time, why string) error {
	subject, err := d.Clue(ctx, tx, clue)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return nil // not kept any more
	}
	if err != nil || subject.Domain == feed.Other {
		return err
	}
	now := d.Now()
	e := Entry{ID: d.IDs.Next(), Version: 1, List: list, Subject: subject, Clue: clue, Until: until, Why: why, MadeAt: now}
	fresh, err := d.Store.insertEntry(ctx, tx, e, now)
	if err != nil || !fresh {
		return err
	}
	return d.listed(ctx, tx, "", e, "")
}

func (d *Desk) takeOffClue(ctx context.Context, tx *sqldb.Tx, clue lanzha.ID, why string) error {
	entries, err := d.Store.entriesOf(ctx, tx, ClueList, clue)
	for _, e := range entries {
		if _, err := d.takeOff(ctx, tx, e, why, ""); err != nil {
			return err
		}
	}
	return err
}

// tellKey is the outbox key of a version of a record.
func tellKey(id lanzha.ID, version int64) string { return fmt.Sprintf("%s.tell.%d", id, version) }

// tellSuppression tells the detector where a suppression stands now, which may
// be later than the version that owed it.
func (d *Desk) tellSuppression(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
	s, err := d.Store.Suppression(ctx, d.DB.Read(), it.Record)
	if err != nil {
		return gone(err)
	}
	if err := d.change(ctx, s.changes()); err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sqldb.Tx) error {
		latest, err := d.Store.suppressionLocked(ctx, tx, s.ID)
		if err != nil {
			return err
		}
		if latest.Version != s.Version {
			return errMoved()
		}
		return d.Store.told(ctx, tx, "suppression", s.ID, s.Version)
	}, nil
}

func (d *Desk) tellEntry(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
	e, err := d.Store.Entry(ctx, d.DB.Read(), it.Record)
	if err != nil {
		return gone(err)
	}
	if e, err = d.filled(ctx, d.DB.Read(), e); err != nil {
		return nil, err
	}
	if err := d.change(ctx, e.changes()); err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sqldb.Tx) error {
		latest, err := d.Store.entryLocked(ctx, tx, e.ID)
		if err != nil {
			return err
		}
		if latest.Version != e.Version {
			return errMoved()
		}
		return d.Store.told(ctx, tx, "named_list_entry", e.ID, e.Version)
	}, nil
}

// gone is the end of an item whose record is not kept any more.
func gone(err error) (outbox.Effect, error) {
	if lanzha.CodeOf(err) == lanzha.CodeNotFound {
		return nil, nil
	}
	return nil, err
}

// errMoved keeps an item owed whose record changed while the detector was told:
// what was told last may be what came first.
func errMoved() error {
	return &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "the record changed while the detector was told of it"}
}

func (d *Desk) change(ctx context.Context, changes []Change) error {
	for _, c := range changes {
		if err := d.Changer.Change(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// Kept is how long an alert is kept from its decision, or from raising where
// nobody decided; keptEnded how long suppressions and entries from their end.
const (
	Kept      = 180 * 24 * time.Hour
	keptEnded = 3 * 366 * 24 * time.Hour
)

// Tidy is the work of every hour: what is not kept any longer goes, and what
// the detector could not be told for too long is owed anew.
func (d *Desk) Tidy(ctx context.Context) error {
	now := d.Now()
	for {
		var n int64
		if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			n, err = d.Store.Forget(ctx, tx, now.Add(-Kept))
			return err
		}); err != nil {
			return err
		}
		if n < forgetBatch {
			break
		}
	}
	return d.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		if err := d.Store.ForgetEnded(ctx, tx, now.Add(-keptEnded)); err != nil || d.Changer == nil {
			return err
		}
		return d.retell(ctx, tx, now)
	})
}

// Retell has the outbox tell the detector again of all that is in force: it
// begins with nothing, since its event log is new or its state is lost. What
// ended before it began it need not hear.
func (d *Desk) Retell(ctx context.Context) error {
	now := d.Now()
	for table, kind := range tells {
		for after := lanzha.ID(""); ; {
			var found []version
			if err := d.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
				if found, err = d.Store.untold(ctx, tx, table, after, now); err != nil {
					return err
				}
				return d.owe(ctx, tx, kind, found, now.UTC().Format("20060102T150405.000000"))
			}); err != nil {
				return err
			}
			if len(found) < tellBatch {
				break
			}
			after = found[len(found)-1].ID
		}
	}
	return nil
}

// tells are the kinds of news by the table of the record.
var tells = map[string]string{"suppression": "suppression.tell", "named_list_entry": "namedlist.tell"}

// tellBatch is how many records are owed anew in one transaction.
const tellBatch = 500

// owe owes the detector the news of records; mark tells this time from others.
func (d *Desk) owe(ctx context.Context, tx *sqldb.Tx, kind string, records []version, mark string) error {
	items := make([]outbox.Item, len(records))
	for i, r := range records {
		items[i] = d.news(kind, r.ID, r.Version)
		items[i].Key += "." + mark
	}
	return d.Outbox.Owe(ctx, tx, items...)
}

// retell owes the detector again what it has not been told an hour after it was
// made or changed: the outbox gives up after half an hour of failures.
func (d *Desk) retell(ctx context.Context, tx *sqldb.Tx, now time.Time) error {
	for table, kind := range tells {
		behind, err := d.Store.behind(ctx, tx, table, now.Add(-time.Hour))
		if err != nil {
			return err
		}
		if err := d.owe(ctx, tx, kind, behind, now.UTC().Format("20060102T15")); err != nil {
			return err
		}
	}
	return nil
}
