package register

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
)

// list makes the listing of an approved proposal.
func (d *Desk) list(ctx context.Context, tx *sqldb.Tx, p Proposal) error {
	f, err := Find(p.Answer)
	if err != nil {
		return err
	}
	l := Listing{
		ID: p.Listing, Version: 1, Subject: p.Subject, Kind: p.Kind, Region: p.Region, Proposal: p.ID, Pack: p.Answer.Pack,
		Class: f.Class, Grounds: f.Grounds, Measures: f.Measures, Keeps: f.Keeps, TermMonths: f.TermMonths, CapMonths: f.CapMonths,
		DecidedOn: decidedOn(p.Facts, d.Today()), Start: f.Start, DocumentNo: p.DocumentNo, ProposedBy: p.ProposedBy, DecidedBy: p.DecidedBy, MadeAt: d.Now(),
	}
	return d.add(ctx, tx, "listing.made", l)
}

// add puts a listing into the register and counts the subject's terms anew.
func (d *Desk) add(ctx context.Context, tx *sqldb.Tx, kind string, l Listing) error {
	if _, err := d.Store.HoldSubject(ctx, tx, l.Subject); err != nil {
		return err
	}
	others, err := d.Store.ListingsOf(ctx, tx, l.Subject)
	if err != nil {
		return err
	}
	spans := Spans(append(others, l))
	l.Span = spans[l.ID]
	if err := d.Store.InsertListing(ctx, tx, l); err != nil {
		return err
	}
	if err := d.tell(ctx, tx, kind, l, l.DecidedBy, ""); err != nil {
		return err
	}
	return d.settle(ctx, tx, others, spans, l)
}

// settle writes the dates of a subject's other listings where they changed, and
// owes the erasure that follows the last end. done is the listing whose change
// brought it about.
func (d *Desk) settle(ctx context.Context, tx *sqldb.Tx, others []Listing, spans map[lanzha.ID]Span, done Listing) error {
	last := done.over(d.Zone)
	for _, o := range others {
		if span := spans[o.ID]; span != o.Span && o.ID != done.ID {
			o.Version++
			o.Span = span
			if err := d.Store.UpdateListing(ctx, tx, o); err != nil {
				return err
			}
			if err := d.tell(ctx, tx, "listing.dated", o, "", ""); err != nil {
				return err
			}
		}
		if end := o.over(d.Zone); o.ID != done.ID && (end.IsZero() || last.IsZero() || end.After(last)) {
			if !last.IsZero() {
				last = end
			}
		}
	}
	if d.Options.Retention <= 0 || last.IsZero() {
		return nil
	}
	due := last.Add(d.Options.Retention)
	return d.Outbox.Owe(ctx, tx, outbox.Item{
		Key: "register.erase-" + string(done.Subject) + "-" + due.UTC().Format("20060102150405"), Kind: "register.erase", Lane: "deadline", Record: done.Subject, DueAt: due,
	})
}

// over is when nothing of a listing binds any more: its end, or its lifting.
// Zero is not known yet.
func (l Listing) over(zone *time.Location) time.Time {
	switch {
	case !l.LiftedAt.IsZero():
		return l.LiftedAt
	case l.Span.Until == "":
		return time.Time{}
	}
	t := l.Span.Until.time()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, zone)
}

// change decides on one listing under the lock of its subject and counts the
// subject's terms anew.
func (d *Desk) change(ctx context.Context, tx *sqldb.Tx, kind string, id lanzha.ID, by lanzha.ID, decide func(Listing) (Listing, error)) (Listing, error) {
	l, err := d.Store.Listing(ctx, tx, id)
	if err != nil {
		return l, err
	}
	if _, err := d.Store.HoldSubject(ctx, tx, l.Subject); err != nil {
		return l, err
	}
	all, err := d.Store.ListingsOf(ctx, tx, l.Subject)
	if err != nil {
		return l, err
	}
	mine := -1
	for i, o := range all {
		if o.ID == id {
			mine = i
		}
	}
	if l, err = decide(all[mine]); err != nil {
		return l, err
	}
	all[mine] = l
	spans := Spans(all)
	l.Span = spans[id]
	if err := d.Store.UpdateListing(ctx, tx, l); err != nil {
		return l, err
	}
	if err := d.tell(ctx, tx, kind, l, by, ""); err != nil {
		return l, err
	}
	all[mine] = l
	return l, d.settle(ctx, tx, all, spans, l)
}

// errOvertaken says that a version was not the one read.
func errOvertaken() error { return lanzha.Conflict("somebody changed this listing before you") }

// Lift ends a listing at once. version 0 is any: an objection that is upheld
// lifts whatever stands.
func (d *Desk) Lift(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, ground LiftGround, reason string, by lanzha.ID) (Listing, error) {
	return d.change(ctx, tx, "listing.lifted", id, by, func(l Listing) (Listing, error) {
		if version != 0 && l.Version != version {
			return l, errOvertaken()
		}
		return l.Lift(ground, reason, by, d.Now(), d.Zone)
	})
}

// Release sets from when the term counts: the sentence was served.
func (d *Desk) Release(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, on Day, by lanzha.ID) (Listing, error) {
	return d.change(ctx, tx, "listing.dated", id, by, func(l Listing) (Listing, error) {
		if l.Version != version {
			return l, errOvertaken()
		}
		judged := Day("")
		if l.Proposal != "" {
			p, err := d.Store.Proposal(ctx, tx, l.Proposal)
			if err != nil {
				return l, err
			}
			if sentence, ok := p.Facts["sentence"].(map[string]any); ok {
				day, _ := sentence["effectiveOn"].(string)
				judged = Day(day)
			}
		}
		return l.Release(on, judged, d.Now(), d.Zone)
	})
}

// Correct writes the right name of a subject. Institutions compare names, so
// followers hear of every listing anew.
func (d *Desk) Correct(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, name, reason string, by lanzha.ID) (Listing, error) {
	l, err := d.Store.Listing(ctx, tx, id)
	if err != nil {
		return l, err
	}
	s, err := d.Store.HoldSubject(ctx, tx, l.Subject)
	if err != nil {
		return l, err
	}
	name = strings.TrimSpace(name)
	switch {
	case l.Version != version:
		return l, errOvertaken()
	case !s.ErasedAt.IsZero():
		return l, lanzha.Conflict("the personal fields are erased already")
	case name == "" || utf8.RuneCountInString(name) > 100:
		return l, lanzha.Invalid("body.name", "a name has 1 to 100 characters")
	case name == s.Name:
		return l, lanzha.Invalid("body.name", "the register has this name already")
	}
	s.Name = name
	if err := d.Store.Rename(ctx, tx, s); err != nil {
		return l, err
	}
	all, err := d.Store.ListingsOf(ctx, tx, l.Subject)
	if err != nil {
		return l, err
	}
	for _, o := range all {
		o.Version++
		if err := d.Store.UpdateListing(ctx, tx, o); err != nil {
			return l, err
		}
		if err := d.tell(ctx, tx, "listing.dated", o, by, reason); err != nil {
			return l, err
		}
		if o.ID == id {
			l = o
		}
	}
	return l, nil
}

// Erase empties the personal fields of a subject, when nothing of it binds or
// is under way any more. The error is CodeConflict otherwise.
func (d *Desk) Erase(ctx context.Context, tx *sqldb.Tx, subject lanzha.ID, by lanzha.ID, purpose string) error {
	s, err := d.Store.HoldSubject(ctx, tx, subject)
	if err != nil {
		return err
	}
	if !s.ErasedAt.IsZero() {
		return lanzha.Conflict("the personal fields are erased already")
	}
	if open, err := d.Store.Open(ctx, tx, subject); err != nil {
		return err
	} else if open {
		return lanzha.Conflict("a proposal about this subject is not decided")
	}
	all, err := d.Store.ListingsOf(ctx, tx, subject)
	if err != nil {
		return err
	}
	seqs := []int64{}
	for _, l := range all {
		if state := l.State(d.Today()); state != Ended && state != Lifted {
			return lanzha.Conflict("a listing of this subject is %s: what binds is not erased", state)
		}
		if d.Held != nil {
			if held, err := d.Held(ctx, tx, l.ID); err != nil {
				return err
			} else if held {
				return lanzha.Conflict("an objection about this subject is not answered")
			}
		}
		rows, err := d.Journal.Timeline(ctx, tx, l.ID, 0, 500)
		if err != nil {
			return err
		}
		for _, row := range rows {
			var fact Fact
			if row.Record == l.ID && len(row.Payload) > 0 && row.Into(&fact) == nil && fact.Index != "" {
				seqs = append(seqs, row.Seq)
			}
		}
	}
	now := d.Now()
	if err := d.Store.EraseSubject(ctx, tx, subject, now); err != nil {
		return err
	}
	if len(seqs) > 0 {
		// The blind indexes go too; what was sealed of the rows stays provable.
		if err := d.Journal.Erase(ctx, tx, now, by, purpose, seqs...); err != nil {
			return err
		}
	}
	for _, l := range all {
		if err := d.Journal.Append(ctx, tx, now, erased(l, by, purpose)); err != nil {
			return err
		}
	}
	return nil
}
