package objection

import (
	"context"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// Desk does the work on objections.
type Desk struct {
	Register *register.Desk
	Store    *Store
}

// Follow hooks the desk into journal and outbox, before they run: what people
// said goes with the subject's personal fields, which are held as long as an
// answer is owed.
func (d *Desk) Follow() {
	d.Register.Held = d.Store.Open
	d.Register.Journal.Tail("register.objection", []string{"listing.erased"}, func(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
		return d.Store.Erase(ctx, tx, row.Record)
	})
	d.Register.Outbox.Handle("objection.late", d.late)
}

// resource is what the gate is asked: who designated the listing cannot decide
// on what is said against it.
func resource(o Objection, l register.Listing) auth.Resource {
	return auth.Resource{Type: "objection", ID: o.ID, Region: o.Region, RequestedBy: l.DecidedBy}
}

func (d *Desk) note(ctx context.Context, tx *sqldb.Tx, kind string, o Objection, by lanzha.ID) error {
	return d.Register.Journal.Append(ctx, tx, d.Register.Now(), journal.Entry{
		Kind: kind, Record: o.ID, About: []lanzha.ID{o.Listing}, Version: o.Version, Actor: by, Region: o.Region,
		Payload: map[string]any{"state": o.State, "ground": o.Ground, "via": o.Via},
	})
}

// Take receives an objection; by is empty where the person hands it in.
func (d *Desk) Take(ctx context.Context, tx *sqldb.Tx, l register.Listing, ground Ground, words string, by lanzha.ID) (Objection, error) {
	o := Objection{
		ID: d.Register.IDs.Next(), Version: 1, State: Received, Listing: l.ID, Region: l.Region, Ground: ground, Via: ViaOfficer, ReceivedAt: d.Register.Now(),
	}
	if by == "" {
		o.Via = ViaOwn
	}
	if words = strings.TrimSpace(words); words == "" {
		return o, lanzha.Invalid("body.words", "say what is objected to")
	}
	if !l.ErasedAt.IsZero() {
		return o, lanzha.Conflict("the personal fields of this listing were erased")
	}
	if err := d.Store.Insert(ctx, tx, o); err != nil {
		return o, err
	}
	return o, d.done(ctx, tx, o, words, by)
}

// done records a step that led to the objection's state, and owes its deadlines
// where they are known.
func (d *Desk) done(ctx context.Context, tx *sqldb.Tx, o Objection, words string, by lanzha.ID) error {
	if err := d.Store.AddStep(ctx, tx, o.ID, Step{Version: o.Version, State: o.State, Actor: by, At: d.Register.Now(), Words: strings.TrimSpace(words)}); err != nil {
		return err
	}
	if err := d.note(ctx, tx, "objection."+string(o.State), o, by); err != nil {
		return err
	}
	clocks, err := d.Clocks(ctx, tx, o)
	if err != nil {
		return err
	}
	for _, c := range clocks.Due {
		due, err := time.ParseInLocation(time.DateOnly, c.Due, d.Register.Zone)
		if err != nil || !o.State.Open() {
			continue // not known, or nothing is owed any more
		}
		// A deadline of days has run out when its last day has.
		if err := d.Register.Outbox.Owe(ctx, tx, outbox.Item{
			Key: "objection.late-" + string(o.ID) + "-" + c.Row, Kind: "objection.late", Lane: "deadline", Record: o.ID, DueAt: due.AddDate(0, 0, 1),
			Payload: map[string]any{"row": c.Row, "state": o.State},
		}); err != nil {
			return err
		}
	}
	return nil
}

// late tells that a step was not done in its days.
func (d *Desk) late(_ context.Context, it outbox.Item) (outbox.Effect, error) {
	var owed struct {
		Row   string `json:"row"`
		State State  `json:"state"`
	}
	if err := it.Into(&owed); err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sqldb.Tx) error {
		o, err := d.Store.Get(ctx, tx, it.Record)
		if err != nil {
			return err
		}
		if o.State != owed.State {
			return lanzha.Conflict("the objection is %s", o.State)
		}
		return d.note(ctx, tx, "objection.late", o, "")
	}, nil
}

// Clocks are the deadlines of an objection by the pack of its listing. A date
// that is empty is not known: the operator has not cited how many days the text
// gives.
type Clocks struct {
	Due    []policy.Due
	Silent []policy.Silence // grounds on which no clause was found
}

// Clocks asks the pack. A listing of an older regime has none here.
func (d *Desk) Clocks(ctx context.Context, q sqldb.Queryer, o Objection) (Clocks, error) {
	l, err := d.Register.Store.Listing(ctx, q, o.Listing)
	if err != nil || l.Older() {
		return Clocks{Due: []policy.Due{}, Silent: []policy.Silence{}}, err
	}
	steps, err := d.Store.Steps(ctx, q, o.ID)
	if err != nil {
		return Clocks{}, err
	}
	appeal := map[string]any{"ground": string(o.Ground)}
	places := map[State]string{Received: "receivedOn", Accepted: "acceptedOn", Verified: "verifiedOn", Upheld: "upheldOn"}
	for _, st := range steps {
		if place := places[st.State]; place != "" {
			appeal[place] = string(register.DayOf(st.At, d.Register.Zone))
		}
	}
	decided, err := time.ParseInLocation(time.DateOnly, string(l.DecidedOn), d.Register.Zone)
	if err != nil {
		return Clocks{}, lanzha.Internal("objection.Clocks", err)
	}
	answer, err := d.Register.Law(l.Pack.Name, map[string]any{"appeal": appeal},
		policy.Options{At: decided, Today: d.Register.Now(), Jurisdiction: string(l.Region), Zone: d.Register.Zone})
	if err != nil {
		return Clocks{}, err
	}
	out := Clocks{Due: []policy.Due{}, Silent: []policy.Silence{}}
	for _, due := range answer.Due {
		if strings.HasPrefix(due.Row, "JP-28") {
			out.Due = append(out.Due, due)
		}
	}
	for _, s := range answer.Silent {
		if strings.HasPrefix(s.Row, "JP-28") {
			out.Silent = append(out.Silent, s)
		}
	}
	return out, nil
}

// act does one step to the version that was read. One that is upheld lifts the
// listing at once, unless it is over anyway.
func (d *Desk) act(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, words string, by lanzha.ID, decide func(Objection) (Objection, error)) (Objection, error) {
	o, err := d.Store.Get(ctx, tx, id)
	if err != nil {
		return o, err
	}
	if o.Version != version {
		return o, lanzha.Conflict("somebody changed this objection before you")
	}
	if o, err = decide(o); err != nil {
		return o, err
	}
	if err := d.Store.Update(ctx, tx, o); err != nil {
		return o, err
	}
	if err := d.done(ctx, tx, o, words, by); err != nil || o.State != Upheld {
		return o, err
	}
	l, err := d.Register.Store.Listing(ctx, tx, o.Listing)
	if err != nil {
		return o, err
	}
	switch l.State(d.Register.Today()) {
	case register.Ended, register.Lifted:
		return o, nil // what is still felt is chased where it is executed
	case register.Pending, register.Upcoming, register.Running:
	}
	_, err = d.Register.Lift(ctx, tx, l.ID, 0, register.Upheld, words, by)
	return o, err
}
