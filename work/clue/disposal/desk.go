package disposal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/know/institution"
	"lanzha/know/place"
	"lanzha/work/clue"
)

// Desk does the work on disposals. Its methods that take a transaction write
// through it and leave their journal rows in it.
type Desk struct {
	Clues    *clue.Desk // with its database, journal, outbox, clock and directory
	Store    *Store
	Gateways map[institution.Gateway]Disposer
	Zone     *time.Location // of the times on a notice

	// Unit names the unit of a region as its seal has it; nil makes the name
	// from the division.
	Unit func(region lanzha.Region) string
	// Contact is the telephone for objections; empty is the national line for
	// reports and complaints.
	Contact string
}

// nationalLine takes reports and complaints everywhere: 96110.
const nationalLine = "96110"

func (d *Desk) party(region lanzha.Region, institution string) Party {
	p := Party{Unit: place.FullName(region) + "反诈中心", Contact: d.Contact, Institution: institution}
	if d.Unit != nil {
		p.Unit = d.Unit(region)
	}
	if p.Contact == "" {
		p.Contact = nationalLine
	}
	return p
}

// Order requests one kind of disposal of one clue from the institutions that
// can; "" lets the directory route. What needs no second officer leaves at
// once.
func (d *Desk) Order(ctx context.Context, tx *sqldb.Tx, c clue.Clue, named lanzha.ID, r Request) ([]Disposal, error) {
	if err := Possible(r.Kind, c.Kind, c.Value); err != nil {
		return nil, err
	}
	who, err := d.who(ctx, tx, c, named, r)
	if err != nil {
		return nil, err
	}
	_, protected, err := d.Store.Protects(ctx, tx, c.Kind, c.Value, d.Clues.Now())
	if err != nil {
		return nil, err
	}
	out := []Disposal{}
	for _, in := range who {
		o, err := New(d.Clues.IDs.Next(), c, in, r, protected, d.Clues.Now())
		if err != nil {
			return nil, err
		}
		if err := d.enter(ctx, tx, o, d.Clues.Now()); err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	return out, nil
}

// who names the institutions that carry a disposal out: whom the directory
// routes to, or for an interception every carrier with users in the unit's
// region.
func (d *Desk) who(ctx context.Context, q sqldb.Queryer, c clue.Clue, named lanzha.ID, r Request) ([]institution.Institution, error) {
	near := c.Home
	if near == "" {
		near = r.Region
	}
	routed, err := d.Clues.Directory.Route(ctx, q, string(c.Kind), c.Value, near)
	if err != nil {
		return nil, err
	}
	if named != "" {
		in, err := d.Clues.Directory.Get(ctx, q, named)
		if err != nil {
			return nil, err
		}
		return []institution.Institution{in}, Can(r.Kind, in, routed, r.Region)
	}
	possible := routed
	if r.Kind == Intercept {
		if possible, err = d.all(ctx, q, institution.Carrier); err != nil {
			return nil, err
		}
	}
	able := func(found []institution.Institution) []institution.Institution {
		return slices.DeleteFunc(slices.Clone(found), func(in institution.Institution) bool { return Can(r.Kind, in, routed, r.Region) != nil })
	}
	found := able(possible)
	if r.Kind == Block && len(found) == 0 {
		// Nobody answers for the site itself: the regulator of the region has it
		// blocked.
		if possible, err = d.all(ctx, q, institution.Regulator); err != nil {
			return nil, err
		}
		found = able(possible)
	}
	if len(found) == 0 {
		e := lanzha.Invalid("body.institution", "the directory knows nobody who can do this")
		e.Hint = "name the institution, or have an administrator enter it"
		if len(routed) > 0 {
			e.Message = "who answers for this value cannot do this"
		}
		return nil, e
	}
	return found, nil
}

// all lists the institutions of a kind; a centre has some dozens.
func (d *Desk) all(ctx context.Context, q sqldb.Queryer, kind institution.Kind) ([]institution.Institution, error) {
	return d.Clues.Directory.List(ctx, q, institution.Filter{Kind: kind, Limit: 1000})
}

// Lift orders the restore of a disposal at the institution that carried it out.
// The disposal stays as it is until that is done.
func (d *Desk) Lift(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, r Request) (Disposal, error) {
	original, err := d.Store.Locked(ctx, tx, id)
	if err != nil {
		return Disposal{}, err
	}
	if err := original.Liftable(); err != nil {
		return Disposal{}, err
	}
	in, err := d.Clues.Directory.Get(ctx, tx, original.Institution)
	if err != nil {
		return Disposal{}, err
	}
	c, err := d.Clues.Store.Get(ctx, tx, original.Clue)
	if err != nil {
		return Disposal{}, err
	}
	r.Kind, r.Region = Restore, original.Region
	o, err := New(d.Clues.IDs.Next(), c, in, r, original.Protected, d.Clues.Now())
	if err != nil {
		return o, err
	}
	o.Undoes = original.ID
	if original, err = original.Lift(o.ID); err != nil {
		return o, err
	}
	if err := d.Store.Update(ctx, tx, original); err != nil {
		return o, err
	}
	at := d.Clues.Now()
	if original.State == Approved {
		// Not delivered as far as we know: no further attempt begins, and the
		// restore follows when one under way has ended, lest it arrive first.
		if err := d.Clues.Outbox.Forgive(ctx, tx, string(original.ID)); err != nil {
			return o, err
		}
		at = at.Add(longestAttempt)
	}
	return o, d.enter(ctx, tx, o, at)
}

// longestAttempt is as long as the outbox leases one.
const longestAttempt = 2 * time.Minute

// enter records a disposal; what is decided is sent at the instant given.
func (d *Desk) enter(ctx context.Context, tx *sqldb.Tx, o Disposal, at time.Time) error {
	if err := d.Store.Insert(ctx, tx, o); err != nil {
		return err
	}
	if err := d.note(ctx, tx, "disposal.requested", o, o.RequestedBy, map[string]any{"second": o.State == Requested, "documentNo": o.DocumentNo}); err != nil {
		return err
	}
	if o.State == Approved {
		return d.release(ctx, tx, o, at)
	}
	return nil
}

// release owes what follows from a decision: the sending, the clock, and the
// end that was set.
func (d *Desk) release(ctx context.Context, tx *sqldb.Tx, o Disposal, at time.Time) error {
	items := []outbox.Item{
		{Key: string(o.ID), Kind: "disposal.send", Lane: "dispose." + string(o.Institution), Record: o.ID, DueAt: at},
		{Key: o.halfKey(), Kind: "disposal.half", Lane: "deadline", Record: o.ID, DueAt: o.half()},
		{Key: o.fullKey(), Kind: "disposal.full", Lane: "deadline", Record: o.ID, DueAt: o.full()},
	}
	if !o.Until.IsZero() {
		items = append(items, outbox.Item{Key: o.untilKey(), Kind: "disposal.until", Lane: "deadline", Record: o.ID, DueAt: o.Until})
	}
	return d.Clues.Outbox.Owe(ctx, tx, items...)
}

// Approve lets a request out.
func (d *Desk) Approve(ctx context.Context, tx *sqldb.Tx, id, actor lanzha.ID) (Disposal, error) {
	o, err := d.Store.Locked(ctx, tx, id)
	if err != nil {
		return o, err
	}
	if o.Kind != Restore {
		// The list may have changed since it was requested.
		if _, o.Protected, err = d.Store.Protects(ctx, tx, o.ValueKind, o.Value, d.Clues.Now()); err != nil {
			return o, err
		}
	}
	if o, err = o.Approve(actor, d.Clues.Now()); err != nil {
		return o, err
	}
	if err := d.Store.Update(ctx, tx, o); err != nil {
		return o, err
	}
	if err := d.note(ctx, tx, "disposal.approved", o, actor, map[string]any{}); err != nil {
		return o, err
	}
	return o, d.release(ctx, tx, o, d.Clues.Now())
}

// Reject ends a request; who requested it withdraws it.
func (d *Desk) Reject(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, why string, actor lanzha.ID) (Disposal, error) {
	o, err := d.Store.Locked(ctx, tx, id)
	if err != nil {
		return o, err
	}
	decide := o.Reject
	if actor == o.RequestedBy {
		decide = o.Withdraw
	}
	if o, err = decide(actor, why, d.Clues.Now()); err != nil {
		return o, err
	}
	if err := d.Store.Update(ctx, tx, o); err != nil {
		return o, err
	}
	if err := d.note(ctx, tx, "disposal.rejected", o, actor, map[string]any{"withdrawn": actor == o.RequestedBy}); err != nil {
		return o, err
	}
	return o, d.keep(ctx, tx, o)
}

// keep lets what a restore would have lifted stand, so that it can be tried
// again.
func (d *Desk) keep(ctx context.Context, tx *sqldb.Tx, restore Disposal) error {
	if restore.Undoes == "" {
		return nil
	}
	original, err := d.Store.Locked(ctx, tx, restore.Undoes)
	if err != nil || original.LiftedBy != restore.ID {
		return err
	}
	return d.Store.Update(ctx, tx, original.Keep())
}

// Receive takes a receipt, whoever brings it: a gateway, the institution's own
// officer, a receipt file.
func (d *Desk) Receive(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, r Receipt, sent time.Time, actor lanzha.ID) (Disposal, error) {
	o, err := d.Store.Locked(ctx, tx, id)
	if err != nil {
		return o, err
	}
	was := o.State
	if o, err = o.Receive(r, sent, d.Clues.Now()); err != nil {
		return o, err
	}
	if was == Approved {
		if o.Notice, err = d.compose(ctx, tx, o); err != nil {
			return o, err
		}
	}
	if err := d.Store.Update(ctx, tx, o); err != nil {
		return o, err
	}
	if was == Approved {
		if err := d.note(ctx, tx, "disposal.sent", o, actor, map[string]any{"platformNo": r.PlatformNo}); err != nil {
			return o, err
		}
	}
	switch r.State {
	case ReceiptPending:
		return o, nil
	case ReceiptUnreadable:
		return o, d.note(ctx, tx, "disposal.unreadable", o, actor, map[string]any{"bytes": len(r.Raw)})
	}
	payload := map[string]any{"late": d.Clues.Now().After(o.DueAt), "platformNo": r.PlatformNo}
	switch o.State {
	case Refused:
		payload["reason"] = o.Remark
	case Done:
		payload["outcome"] = o.Outcome
	case Acknowledged:
		payload["late"] = false
		if o.Kind == Recheck {
			payload["verifyBy"] = o.DueAt
		}
	}
	if err := d.note(ctx, tx, "disposal."+string(o.State), o, actor, payload); err != nil {
		return o, err
	}
	return o, d.after(ctx, tx, o, actor)
}

// after does what follows from a state that an institution reported.
func (d *Desk) after(ctx context.Context, tx *sqldb.Tx, o Disposal, actor lanzha.ID) error {
	switch {
	case o.State == Acknowledged && o.Kind == Recheck:
		// From the carrier's notice the user's own clock runs.
		if err := d.Clues.Outbox.Forgive(ctx, tx, o.halfKey(), o.fullKey()); err != nil {
			return err
		}
		return d.Clues.Outbox.Owe(ctx, tx,
			outbox.Item{Key: o.verifyKey() + ".half", Kind: "disposal.half", Lane: "deadline", Record: o.ID, DueAt: o.half()},
			outbox.Item{Key: o.verifyKey(), Kind: "disposal.full", Lane: "deadline", Record: o.ID, DueAt: o.full()})
	case o.State == Acknowledged:
		return nil
	}
	if err := d.stop(ctx, tx, o, o.State == Refused || o.Outcome == Verified); err != nil {
		return err
	}
	if o.Undoes == "" {
		return nil
	}
	if o.State == Refused {
		return d.keep(ctx, tx, o)
	}
	original, err := d.Store.Locked(ctx, tx, o.Undoes)
	if err != nil {
		return err
	}
	if original, err = original.Undo(d.Clues.Now()); err != nil {
		return err
	}
	if err := d.Store.Update(ctx, tx, original); err != nil {
		return err
	}
	if err := d.stop(ctx, tx, original, true); err != nil {
		return err
	}
	return d.note(ctx, tx, "disposal.undone", original, actor, map[string]any{"restore": o.ID})
}

// stop forgives the clocks of a disposal; for good also its sending and the end
// that was set.
func (d *Desk) stop(ctx context.Context, tx *sqldb.Tx, o Disposal, forGood bool) error {
	keys := []string{o.halfKey(), o.fullKey(), o.verifyKey() + ".half", o.verifyKey()}
	if forGood {
		keys = append(keys, o.untilKey())
	}
	if o.State == Undone {
		keys = append(keys, string(o.ID))
	}
	return d.Clues.Outbox.Forgive(ctx, tx, keys...)
}

func (d *Desk) compose(ctx context.Context, q sqldb.Queryer, o Disposal) (Notice, error) {
	in, err := d.Clues.Directory.Get(ctx, q, o.Institution)
	if err != nil {
		return Notice{}, err
	}
	original := o.Kind
	if o.Undoes != "" {
		lifted, err := d.Store.Get(ctx, q, o.Undoes)
		if err != nil {
			return Notice{}, err
		}
		original = lifted.Kind
	}
	return Compose(o, original, d.party(o.Region, in.Name), d.Zone), nil
}

// Tell records how the person concerned was told.
func (d *Desk) Tell(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, s Served) (Disposal, error) {
	o, err := d.Store.Locked(ctx, tx, id)
	if err != nil {
		return o, err
	}
	if s.At.After(d.Clues.Now().Add(time.Minute)) {
		return o, lanzha.Invalid("body.at", "the future cannot be recorded")
	}
	if o, err = o.Tell(s); err != nil {
		return o, err
	}
	if err := d.Store.Update(ctx, tx, o); err != nil {
		return o, err
	}
	return o, d.note(ctx, tx, "disposal.served", o, s.By, map[string]any{"how": s.How, "at": s.At})
}

// Object records an objection of the person concerned.
func (d *Desk) Object(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, text string, actor lanzha.ID) (Objection, error) {
	o, err := d.Store.Locked(ctx, tx, id)
	if err != nil {
		return Objection{}, err
	}
	held := o
	held.LiftedBy = "" // while it is being lifted the person may still speak
	if err := held.Liftable(); err != nil {
		return Objection{}, err
	}
	ob := Objection{ID: d.Clues.IDs.Next(), Disposal: id, At: d.Clues.Now(), By: actor, Note: text}
	if err := d.Store.InsertObjection(ctx, tx, ob); err != nil {
		return ob, err
	}
	return ob, d.note(ctx, tx, "disposal.objected", o, actor, map[string]any{"objection": ob.ID})
}

// Answer decides on an objection. One that is accepted lifts the disposal at
// once, with no second officer; who requested the disposal cannot turn the
// objection down.
func (d *Desk) Answer(ctx context.Context, tx *sqldb.Tx, id, objection lanzha.ID, accepted bool, text string, actor lanzha.ID) (Objection, error) {
	o, err := d.Store.Locked(ctx, tx, id)
	if err != nil {
		return Objection{}, err
	}
	all, err := d.Store.Objections(ctx, tx, id)
	if err != nil {
		return Objection{}, err
	}
	at := slices.IndexFunc(all, func(ob Objection) bool { return ob.ID == objection })
	if at < 0 {
		return Objection{}, lanzha.NotFound("objection")
	}
	if !accepted && actor == o.RequestedBy {
		e := lanzha.Forbidden("who requested the disposal cannot turn down the objection to it")
		e.Hint = "ask another officer to decide; accepting it is open to you"
		return Objection{}, e
	}
	ob := all[at]
	ob.AnsweredAt, ob.AnsweredBy, ob.Accepted, ob.Answer = d.Clues.Now(), actor, accepted, text
	if err := d.Store.AnswerObjection(ctx, tx, ob); err != nil {
		return ob, err
	}
	if err := d.note(ctx, tx, "disposal.answered", o, actor, map[string]any{"objection": ob.ID, "accepted": accepted}); err != nil {
		return ob, err
	}
	if accepted {
		err = d.liftNow(ctx, tx, o, Request{Category: Objected, Reason: "申诉经核查成立", LegalBasis: bases[Restore][0].Citation, By: actor})
	}
	return ob, err
}

// liftNow lifts without a second officer: a restore that waits for one makes
// room. What is being lifted already, or is not there any more, is left.
func (d *Desk) liftNow(ctx context.Context, tx *sqldb.Tx, o Disposal, r Request) error {
	if o.LiftedBy != "" {
		waiting, err := d.Store.Locked(ctx, tx, o.LiftedBy)
		if err != nil || waiting.State != Requested {
			return err
		}
		if _, err := d.Reject(ctx, tx, waiting.ID, categories[r.Category].ZH+"，即时解除", r.By); err != nil {
			return err
		}
		o.LiftedBy = ""
	}
	if o.Liftable() != nil {
		return nil
	}
	_, err := d.Lift(ctx, tx, o.ID, r)
	return err
}

// note leaves a disposal's journal row. It stands in the clue's timeline too;
// the institution sees it from the decision on.
func (d *Desk) note(ctx context.Context, tx *sqldb.Tx, kind string, o Disposal, actor lanzha.ID, payload map[string]any) error {
	payload["kind"], payload["clue"], payload["institution"], payload["value"] = o.Kind, o.Clue, o.Institution, lanzha.Mask(o.Value)
	if o.Batch != "" {
		payload["batch"] = o.Batch
	}
	err := d.Clues.Journal.Append(ctx, tx, d.Clues.Now(), journal.Entry{
		Kind: kind, Record: o.ID, About: []lanzha.ID{o.Clue, o.Undoes}, Version: o.Version, Actor: actor,
		Region: o.Region, Institution: o.seenBy(), Payload: payload,
	})
	return err
}

// seenBy is the institution that may see a disposal: none until it is decided.
func (d Disposal) seenBy() lanzha.ID {
	if d.State == Requested || d.State == Rejected {
		return ""
	}
	return d.Institution
}

// at says which of several inputs an error is about.
func at(err error, field string, n int) error {
	if e, ok := errors.AsType[*lanzha.Error](err); ok && e.Code != lanzha.CodeInternal {
		told := *e
		told.Field = fmt.Sprintf("%s[%d]", field, n)
		return &told
	}
	return err
}
