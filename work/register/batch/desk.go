package batch

import (
	"context"
	"slices"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/work/register"
)

// Options are the operator's figures.
type Options struct {
	// FeedbackWithin is how long after the platform's receipt the executing
	// institutions have to report back before that is told; 0 is no clock.
	FeedbackWithin time.Duration
}

// Desk gathers, hands up, and follows.
type Desk struct {
	Register *register.Desk
	Store    Store
	Gateway  Upward
	// Unit is how the organ of a region is called in what it hands up.
	Unit    func(region lanzha.Region) string
	Options Options
}

// most is how many entries one batch takes.
const most = 2000

// Follow hooks the desk into journal and outbox, before they run.
func (d *Desk) Follow() {
	d.Register.Journal.Tail("register.batch", []string{"listing.made", "listing.dated", "listing.lifted"}, d.follow)
	d.Register.Outbox.Handle("batch.hand", d.send)
	d.Register.Outbox.Handle("batch.chase", d.chase)
}

// follow keeps what waits to go up. A listing that was lifted before it was
// ever gathered leaves nothing behind; its dates go up with it, and again only
// when they change after that.
func (d *Desk) follow(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
	known, err := d.Store.Of(ctx, tx, row.Record)
	if err != nil {
		return err
	}
	gone := slices.ContainsFunc(known, func(e Entry) bool { return e.Action == List && e.Batch != "" })
	e := Entry{ID: d.Register.IDs.Next(), Listing: row.Record, Region: row.Region, At: row.At}
	switch row.Kind {
	case "listing.made":
		e.Action = List
	case "listing.dated":
		// What waits is read when it is gathered: one entry is enough.
		if !gone || slices.ContainsFunc(known, func(e Entry) bool { return e.Batch == "" }) {
			return nil
		}
		e.Action = Date
	case "listing.lifted":
		if err := d.Store.Drop(ctx, tx, row.Record); err != nil || !gone {
			return err
		}
		e.Action = Lift
	}
	return d.Store.Wait(ctx, tx, e)
}

func resource(b Batch) auth.Resource {
	return auth.Resource{Type: "batch", ID: b.ID, Region: b.Region}
}

func (d *Desk) note(ctx context.Context, tx *sqldb.Tx, kind string, b Batch, by lanzha.ID, payload map[string]any) error {
	if payload == nil {
		payload = map[string]any{}
	}
	payload["state"], payload["entries"] = b.State, b.Entries
	return d.Register.Journal.Append(ctx, tx, d.Register.Now(), journal.Entry{Kind: kind, Record: b.ID, Version: b.Version, Actor: by, Region: b.Region, Payload: payload})
}

// Make gathers what waits in a region into a batch. It is CodeConflict when
// nothing waits.
func (d *Desk) Make(ctx context.Context, tx *sqldb.Tx, region lanzha.Region, by lanzha.ID) (Batch, error) {
	b := Batch{ID: d.Register.IDs.Next(), Version: 1, State: Made, Region: region, MadeBy: by, MadeAt: d.Register.Now()}
	waiting, err := d.Store.Waiting(ctx, tx, region, most)
	if err != nil {
		return b, err
	}
	for _, e := range waiting {
		l, err := d.Register.Store.Listing(ctx, tx, e.Listing)
		if err != nil {
			return b, err
		}
		if e.Action == List && !l.LiftedAt.IsZero() {
			// It came back with a refused batch and was lifted since.
			if err := d.Store.Drop(ctx, tx, l.ID); err != nil {
				return b, err
			}
			continue
		}
		if e.Batch = b.ID; e.Action != Date {
			e.Measures = int64(len(l.Measures))
		}
		taken, err := d.Store.Take(ctx, tx, e)
		if err != nil {
			return b, err
		}
		if taken {
			b.Entries++
		}
	}
	if b.Entries == 0 {
		return b, lanzha.Conflict("nothing waits to go up in this region")
	}
	if err := d.Store.Insert(ctx, tx, b); err != nil {
		return b, err
	}
	return b, d.note(ctx, tx, "batch.made", b, by, nil)
}

// change decides on the version of a batch that was read; 0 is any.
func (d *Desk) change(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, kind string, by lanzha.ID, decide func(Batch) (Batch, error)) (Batch, error) {
	b, err := d.Store.Get(ctx, tx, id)
	if err != nil {
		return b, err
	}
	if version != 0 && b.Version != version {
		return b, errOvertaken()
	}
	if b, err = decide(b); err != nil {
		return b, err
	}
	if err := d.Store.Update(ctx, tx, b); err != nil {
		return b, err
	}
	return b, d.note(ctx, tx, kind, b, by, nil)
}

// Hand gives a batch to the gateway.
func (d *Desk) Hand(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, by lanzha.ID) (Batch, error) {
	b, err := d.change(ctx, tx, id, version, "batch.handed", by, func(b Batch) (Batch, error) { return b.Hand(by, d.Register.Now()) })
	if err != nil {
		return b, err
	}
	return b, d.Register.Outbox.Owe(ctx, tx, outbox.Item{Key: "batch.hand-" + string(id), Kind: "batch.hand", Lane: "platform", Record: id, DueAt: d.Register.Now()})
}

// send hands the lines of a batch over, with the same key each time.
func (d *Desk) send(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
	q := d.Register.DB.Read()
	b, err := d.Store.Get(ctx, q, it.Record)
	if err != nil {
		return nil, err
	}
	h := Handing{Key: string(b.ID), Unit: d.Unit(b.Region), Region: b.Region, At: b.HandedAt}
	entries, err := d.Store.Entries(ctx, q, b.ID, "", most)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		line, err := d.line(ctx, q, e)
		if err != nil {
			return nil, err
		}
		h.Lines = append(h.Lines, line)
	}
	if err := d.Gateway.HandUp(ctx, h); err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := d.change(ctx, tx, b.ID, 0, "batch.sent", "", func(b Batch) (Batch, error) {
			if b.State != Handed {
				return b, lanzha.Conflict("the batch is %s", b.State) // its receipt was faster
			}
			b.Version++
			b.State, b.SentAt = Sent, d.Register.Now()
			return b, nil
		})
		return err
	}, nil
}

func (d *Desk) line(ctx context.Context, q sqldb.Queryer, e Entry) (Line, error) {
	l, err := d.Register.Store.Listing(ctx, q, e.Listing)
	if err != nil {
		return Line{}, err
	}
	s, err := d.Register.Store.Subject(ctx, q, l.Subject)
	if err != nil {
		return Line{}, err
	}
	return Line{
		Listing: l.ID, Action: e.Action, Kind: s.Kind, Name: s.Name, NumberKind: s.NumberKind, Number: s.Number, Class: l.Class, Grounds: l.Grounds, Pack: l.Pack,
		DocumentNo: l.DocumentNo, DecidedOn: l.DecidedOn, From: l.Span.From, Until: l.Span.Until, Measures: register.FactOf(l, "", "").Measures,
		LiftedAt: l.LiftedAt, LiftGround: l.LiftGround,
	}, nil
}

// Taken leaves the row of who took a batch's file, which names persons.
func (d *Desk) Taken(ctx context.Context, id, by lanzha.ID) error {
	return d.Register.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		b, err := d.Store.Get(ctx, tx, id)
		if err != nil {
			return err
		}
		return d.note(ctx, tx, "batch.taken", b, by, nil)
	})
}

// Receive takes the platform's receipt. What a refused batch held waits again.
func (d *Desk) Receive(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, r Receipt, by lanzha.ID) (Batch, error) {
	kind := "batch.acknowledged"
	if !r.Acknowledged {
		kind = "batch.refused"
	}
	b, err := d.change(ctx, tx, id, version, kind, by, func(b Batch) (Batch, error) { return b.Receive(r, d.Register.Now()) })
	switch {
	case err != nil:
		return b, err
	case b.State == Refused:
		return b, d.Store.Free(ctx, tx, id)
	case d.Options.FeedbackWithin <= 0:
		return b, nil
	}
	return b, d.Register.Outbox.Owe(ctx, tx, outbox.Item{
		Key: "batch.chase-" + string(id), Kind: "batch.chase", Lane: "deadline", Record: id, DueAt: d.Register.Now().Add(d.Options.FeedbackWithin),
	})
}

// chase tells that institutions have not reported back in time.
func (d *Desk) chase(_ context.Context, it outbox.Item) (outbox.Effect, error) {
	return func(ctx context.Context, tx *sqldb.Tx) error {
		b, err := d.Store.Get(ctx, tx, it.Record)
		if err != nil {
			return err
		}
		f, err := d.Store.Figures(ctx, tx, b.ID)
		if err != nil {
			return err
		}
		if f.Missing() <= 0 {
			return lanzha.Conflict("everything was reported")
		}
		return d.note(ctx, tx, "batch.late", b, "", map[string]any{"missing": f.Missing(), "failed": f.Failed})
	}, nil
}

// Report records what institutions reported of a batch's entries. A row that is
// of no entry, or of a measure that its listing does not have, is refused by
// its number, and with it all.
func (d *Desk) Report(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, reports []Execution, by lanzha.ID) (Batch, error) {
	b, err := d.Store.Get(ctx, tx, id)
	if err != nil {
		return b, err
	}
	if b.State != Acknowledged {
		return b, lanzha.Conflict("the batch is %s: institutions report on one that the platform has acknowledged", b.State)
	}
	now := d.Register.Now()
	about := map[lanzha.ID]bool{}
	failed := 0
	for i, r := range reports {
		if err := d.check(ctx, tx, b, r, now); err != nil {
			err.Row = i + 1
			return b, err
		}
		if err := d.Store.Report(ctx, tx, id, r, by, now); err != nil {
			return b, err
		}
		if about[r.Listing] = true; r.State == "failed" {
			failed++
		}
	}
	listings := []lanzha.ID{}
	for listing := range about {
		listings = append(listings, listing)
	}
	slices.Sort(listings)
	return b, d.Register.Journal.Append(ctx, tx, now, journal.Entry{
		Kind: "batch.reported", Record: b.ID, About: listings, Version: b.Version, Actor: by, Region: b.Region,
		Payload: map[string]any{"reports": len(reports), "failed": failed},
	})
}

// check says what is wrong with a report.
func (d *Desk) check(ctx context.Context, tx *sqldb.Tx, b Batch, r Execution, now time.Time) *lanzha.Error {
	entries, err := d.Store.Of(ctx, tx, r.Listing)
	if err != nil {
		return lanzha.Internal("batch.check", err)
	}
	if !slices.ContainsFunc(entries, func(e Entry) bool { return e.Batch == b.ID && e.Action == r.Action }) {
		return lanzha.Invalid("body.reports.listing", "the batch has no such entry")
	}
	l, err := d.Register.Store.Listing(ctx, tx, r.Listing)
	if err != nil {
		return lanzha.Internal("batch.check", err)
	}
	switch {
	case !slices.ContainsFunc(l.Measures, func(m register.Measure) bool { return m.Row == r.Measure }):
		return lanzha.Invalid("body.reports.measure", "the listing has no such measure")
	case r.State != "done" && r.State != "failed":
		return lanzha.Invalid("body.reports.state", "a measure was done or it failed")
	case r.At.IsZero() || r.At.After(now.Add(24*time.Hour)):
		return lanzha.Invalid("body.reports.at", "a report has the time at which the measure was done, not in the future")
	}
	return nil
}
