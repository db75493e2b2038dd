package clue

import (
	"context"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/know/institution"
	"lanzha/know/number"
	"lanzha/work/detect/alert"
	"lanzha/work/report"
	"lanzha/work/report/extract"
)

// Desk does the work on clues. Its methods that take a transaction write
// through it and leave their journal rows in it.
type Desk struct {
	Store   *Store
	DB      *sqldb.DB
	Journal *journal.Journal
	Outbox  *outbox.Outbox
	IDs     *lanzha.IDs
	Now     func() time.Time

	Reports   *report.Store
	Alerts    *alert.Store // nil where no detector is heard
	Directory *institution.Directory
	Gateways  map[institution.Gateway]Asker

	// Leader finds who leads the duty of a region; "" is nobody.
	Leader func(ctx context.Context, q sqldb.Queryer, region lanzha.Region, at time.Time) (lanzha.ID, error)
	// OfficerName is how an account is named on a question.
	OfficerName func(ctx context.Context, q sqldb.Queryer, account lanzha.ID) (string, error)

	Auto Auto
}

// Auto is what happens by itself when a report or a lead brings a line.
type Auto struct {
	On         bool
	Purpose    string
	LegalBasis string
}

// repeatAfter is how long an institution is not asked again by itself about a
// clue that it was asked about: the officer may ask at any time.
const repeatAfter = 24 * time.Hour

// Open finds the clue of a value or opens one, and records who told of it. It
// reports whether this source was new to the clue.
func (d *Desk) Open(ctx context.Context, tx *sqldb.Tx, kind Kind, value string, src Source, via, actor lanzha.ID) (Clue, bool, error) {
	now := d.Now()
	c := Clue{
		ID: d.IDs.Next(), Version: 1, Kind: kind, Value: value, Truth: TruthUnknown, State: StateOpen, Reports: 1, OpenedAt: now, Via: via,
	}
	if n, err := number.Parse(value); err == nil && (kind.IsLine() || kind == KindService || kind == KindInternational) {
		c.Carrier, c.Home = n.Carrier, n.Region
	}
	near := c.Home
	if near == "" {
		near = src.Region
	}
	found, err := d.Directory.Route(ctx, tx, string(kind), value, near)
	if err != nil {
		return c, false, err
	}
	if len(found) > 0 {
		c.Institution = found[0].ID
	}
	fresh, err := d.Store.Insert(ctx, tx, c)
	if err != nil {
		return c, false, err
	}
	what := "clue.opened"
	if fresh {
		if src.ID == "" {
			src.ID = c.ID
		}
		if err := d.Store.firstSource(ctx, tx, c.ID, src); err != nil {
			return c, false, err
		}
	} else {
		known, err := d.Store.Find(ctx, tx, kind, value)
		if err != nil {
			return c, false, err
		}
		if c, err = d.Store.GetLocked(ctx, tx, known.ID); err != nil {
			return c, false, err
		}
		if src.ID == "" {
			src.ID = c.ID
		}
		told, err := d.Store.AddSource(ctx, tx, c.ID, src)
		if err != nil || !told {
			return c, false, err
		}
		c.Reports++
		c.Version++
		what = "clue.reported"
		if c.State == StateClosed {
			c.State, c.CloseReason = StateOpen, "" // told of again: somebody must look anew
			what = "clue.reopened"
		}
		if err := d.Store.Update(ctx, tx, c); err != nil {
			return c, false, err
		}
	}
	if err := d.Store.Place(ctx, tx, c, src.Region); err != nil {
		return c, false, err
	}
	err = d.Journal.Append(ctx, tx, now, journal.Entry{
		Kind: what, Record: c.ID, About: []lanzha.ID{src.ID, via}, Version: c.Version, Actor: actor, Region: src.Region,
		Payload: map[string]any{"kind": c.Kind, "value": lanzha.Mask(c.Value), "source": src.Kind, "from": src.ID, "reports": c.Reports},
	})
	return c, true, err
}

// Ask puts a question about a clue to institutions, at once and in parallel;
// an empty list means those that the directory routes to.
func (d *Desk) Ask(ctx context.Context, tx *sqldb.Tx, c Clue, institutions []lanzha.ID, a Ask) ([]Lookup, error) {
	var asked []institution.Institution
	if len(institutions) == 0 {
		near := c.Home
		if near == "" {
			near = a.Region
		}
		found, err := d.Directory.Route(ctx, tx, string(c.Kind), c.Value, near)
		if err != nil {
			return nil, err
		}
		asked = found
	}
	for _, id := range institutions {
		in, err := d.Directory.Get(ctx, tx, id)
		if err != nil {
			return nil, err
		}
		asked = append(asked, in)
	}
	if len(asked) == 0 {
		_, err := NewLookup("", c, "", 0, a, d.Now())
		return nil, err
	}
	lookups := []Lookup{}
	for _, in := range asked {
		l, err := d.ask(ctx, tx, c, in, a)
		if err != nil {
			return nil, err
		}
		lookups = append(lookups, l)
	}
	return lookups, d.refresh(ctx, tx, c.ID, "")
}

func (d *Desk) ask(ctx context.Context, tx *sqldb.Tx, c Clue, in institution.Institution, a Ask) (Lookup, error) {
	now := d.Now()
	l, err := NewLookup(d.IDs.Next(), c, in.ID, in.AnswerTarget, a, now)
	if err != nil {
		return l, err
	}
	if in.Disabled {
		return l, lanzha.Conflict("this institution is not asked any more")
	}
	if err := d.Store.InsertLookup(ctx, tx, l); err != nil {
		return l, err
	}
	if err := d.Outbox.Owe(ctx, tx,
		outbox.Item{Key: string(l.ID), Kind: "lookup.send", Lane: "ask." + string(in.ID), Record: l.ID, DueAt: now},
		outbox.Item{Key: l.halfKey(), Kind: "lookup.half", Lane: "deadline", Record: l.ID, DueAt: l.Half()},
		outbox.Item{Key: l.fullKey(), Kind: "lookup.full", Lane: "deadline", Record: l.ID, DueAt: l.DueAt},
	); err != nil {
		return l, err
	}
	return l, d.note(ctx, tx, "lookup.asked", l, a.AskedBy, map[string]any{"fields": l.Fields, "dueAt": l.DueAt, "documentNo": l.DocumentNo})
}

// note leaves a lookup's journal row: it stands in the clue's timeline and the
// report's too, and its institution may see it.
func (d *Desk) note(ctx context.Context, tx *sqldb.Tx, kind string, l Lookup, actor lanzha.ID, payload map[string]any) error {
	payload["clue"], payload["institution"] = l.Clue, l.Institution
	err := d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
		Kind: kind, Record: l.ID, About: []lanzha.ID{l.Clue, l.Report}, Version: l.Version, Actor: actor, Purpose: l.Purpose,
		Region: l.Region, Institution: l.Institution, Payload: payload,
	})
	return err
}

// refresh brings a clue's deadline and place in the lists up to date with its
// lookups. A state that is not empty is taken on.
func (d *Desk) refresh(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, state State) error {
	c, err := d.Store.GetLocked(ctx, tx, id)
	if err != nil {
		return err
	}
	due, from, err := d.Store.soonest(ctx, tx, id)
	if err != nil {
		return err
	}
	if c.DueAt.Equal(due) && (state == "" || state == c.State) {
		return nil
	}
	c.DueAt, c.DueFrom = due, from
	if state != "" {
		c.State = state
	}
	c.Version++
	return d.Store.Update(ctx, tx, c)
}

// Receive takes an answer to a lookup, whoever brings it: a gateway, the
// institution's own officer, a receipt file.
func (d *Desk) Receive(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, a Answer, sent time.Time, actor lanzha.ID) (Lookup, error) {
	l, err := d.Store.LookupLocked(ctx, tx, id)
	if err != nil {
		return l, err
	}
	now := d.Now()
	was := l.State
	if l, err = l.Receive(a, sent, now); err != nil {
		return l, err
	}
	if err := d.Store.UpdateLookup(ctx, tx, l); err != nil {
		return l, err
	}
	if l.State.Pending() {
		switch {
		case was == LookupAsked && l.State == LookupSent:
			return l, d.note(ctx, tx, "lookup.sent", l, actor, map[string]any{"platformNo": a.PlatformNo})
		case a.PlatformNo != "":
			return l, d.note(ctx, tx, "lookup.receipt", l, actor, map[string]any{"platformNo": a.PlatformNo, "at": a.At})
		}
		return l, nil
	}
	if err := d.Store.IndexSubscriber(ctx, tx, l); err != nil {
		return l, err
	}
	state := State("")
	if l.State == LookupAnswered {
		state = StateVerified
	}
	if err := d.refresh(ctx, tx, l.Clue, state); err != nil {
		return l, err
	}
	if err := d.Outbox.Forgive(ctx, tx, l.halfKey(), l.fullKey()); err != nil {
		return l, err
	}
	payload := map[string]any{"tookMs": l.Took().Milliseconds(), "late": now.After(l.DueAt)}
	switch l.State {
	case LookupAnswered:
		payload["address"] = l.Answer.InstallAddress != ""
	case LookupRefused:
		payload["reason"] = l.Answer.Reason
	case LookupUnreadable:
		payload["bytes"] = len(l.Answer.Raw)
	}
	return l, d.note(ctx, tx, "lookup."+string(l.State), l, actor, payload)
}

// fromReport opens the clues of a report and asks about its lines.
func (d *Desk) fromReport(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
	r, err := d.Reports.Get(ctx, tx, row.Record)
	if err != nil {
		return err
	}
	name, err := d.officer(ctx, tx, r.TakenBy)
	if err != nil {
		return err
	}
	src := Source{ID: r.ID, Kind: "report", Region: r.Region, At: r.ReceivedAt}
	for _, f := range r.Finds {
		kind, ok := KindOf(f)
		if !ok {
			continue
		}
		c, told, err := d.Open(ctx, tx, kind, f.Value, src, "", r.TakenBy)
		if err != nil {
			return err
		}
		if told {
			if err := d.askByItself(ctx, tx, c, r.ID, name, r.Region); err != nil {
				return err
			}
		}
	}
	return nil
}

// officer is the name that a question bears which goes out by itself.
func (d *Desk) officer(ctx context.Context, tx *sqldb.Tx, account lanzha.ID) (string, error) {
	const desk = "接警处置席"
	if account == "" {
		return desk, nil
	}
	name, err := d.OfficerName(ctx, tx, account)
	if lanzha.CodeOf(err) == lanzha.CodeNotFound || err == nil && name == "" {
		return desk, nil
	}
	return name, err
}

// askByItself asks who opened a line as soon as somebody tells of it. A value
// that nobody answers for stays open for an officer.
func (d *Desk) askByItself(ctx context.Context, tx *sqldb.Tx, c Clue, source lanzha.ID, officer string, region lanzha.Region) error {
	if !d.Auto.On || !c.Kind.IsLine() {
		return nil
	}
	near := c.Home
	if near == "" {
		near = region
	}
	found, err := d.Directory.Route(ctx, tx, string(c.Kind), c.Value, near)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return nil
	}
	fresh := c.Version == 1 // just opened: nobody was asked about it
	for _, in := range found {
		if !fresh {
			if known, err := d.Store.asked(ctx, tx, c.ID, in.ID, d.Now().Add(-repeatAfter)); err != nil {
				return err
			} else if known {
				continue
			}
		}
		l, err := d.ask(ctx, tx, c, in, Ask{
			Officers: []string{officer}, Purpose: d.Auto.Purpose, LegalBasis: d.Auto.LegalBasis, Report: source, Region: region,
		})
		if err != nil {
			return err
		}
		if c.DueAt.IsZero() || l.DueAt.Before(c.DueAt) {
			c.DueAt, c.DueFrom = l.DueAt, l.AskedAt
		}
	}
	if !fresh {
		return d.refresh(ctx, tx, c.ID, "")
	}
	return d.Store.setDue(ctx, tx, c)
}

// Push takes a lead of another centre. It must hold exactly one value that can
// be a clue.
func (d *Desk) Push(ctx context.Context, tx *sqldb.Tx, raw string, region lanzha.Region, ref, note string, from, actor lanzha.ID) (Lead, Clue, error) {
	now := d.Now()
	kind, value, err := Canonical(raw, now)
	if err != nil {
		return Lead{}, Clue{}, err
	}
	l := Lead{ID: d.IDs.Next(), Institution: from, Region: region, At: now, Ref: strings.TrimSpace(ref), Note: strings.TrimSpace(note)}
	c, _, err := d.Open(ctx, tx, kind, value, Source{ID: l.ID, Kind: "lead", Region: region, At: now}, "", actor)
	if err != nil {
		return l, c, err
	}
	l.Clue = c.ID
	if err := d.Store.InsertLead(ctx, tx, l); err != nil {
		return l, c, err
	}
	name, err := d.officer(ctx, tx, "")
	if err != nil {
		return l, c, err
	}
	return l, c, d.askByItself(ctx, tx, c, l.ID, name, region)
}

// Canonical reads one value that can be a clue from what somebody typed.
func Canonical(raw string, now time.Time) (Kind, string, error) {
	for _, f := range extract.Extract(strings.TrimSpace(raw), now, time.UTC) {
		if kind, ok := KindOf(f); ok {
			return kind, f.Value, nil
		}
	}
	return "", "", &lanzha.Error{
		Code: lanzha.CodeInvalid, Field: "body.value", Message: "this is no number, account, site or name that can be verified",
		Hint: "write it as it was presented, as 0871-63161234 or example.com",
	}
}
