package den

import (
	"context"
	"slices"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/know/place"
	"lanzha/work/clue"
)

var followed = []string{"lookup.answered", "clue.reported", "clue.reopened", "clue.judged"}

// Register hooks the desk into the journal and the outbox, before they run. It
// follows answers, and what changes whether clues stand by themselves: somebody
// else tells of one, or one is judged anew.
func (d *Desk) Register() {
	d.Journal.Tail("den", followed, d.follow)
	d.Outbox.Handle("den.receive", d.late)
}

func (d *Desk) follow(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
	if row.Kind == "lookup.answered" {
		return d.fromLookup(ctx, tx, row)
	}
	return d.fromClue(ctx, tx, row)
}

// fromLookup makes a sighting of an answer that has an address.
func (d *Desk) fromLookup(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
	var payload struct {
		Address bool `json:"address"`
	}
	if err := row.Into(&payload); err != nil || !payload.Address {
		return err
	}
	l, err := d.Clues.Lookup(ctx, tx, row.Record)
	if err != nil || l.State != clue.LookupAnswered || l.Answer.InstallAddress == "" {
		return err
	}
	role := RoleOf(l.Answer.AddressRole)
	if role == RoleID {
		return nil // somebody's home: it raises nothing, so it is not kept in the clear
	}
	c, err := d.Clues.Get(ctx, tx, l.Clue)
	if err != nil {
		return err
	}
	hint, err := d.hint(ctx, tx, l, c)
	if err != nil {
		return err
	}
	return d.See(ctx, tx, Sighting{
		Clue: c.ID, Source: "lookup", Origin: l.ID, Institution: l.Institution, Role: role,
		Raw: l.Answer.InstallAddress, Address: place.Parse(l.Answer.InstallAddress, hint), At: l.AnsweredAt,
	}, c.Kind)
}

// hint is the city in which an address lies that names none: that of who
// answered, else that of the line, else that of who asked. It is never a
// district, since nothing of these says in which district a line stands.
func (d *Desk) hint(ctx context.Context, tx *sqldb.Tx, l clue.Lookup, c clue.Clue) (lanzha.Region, error) {
	in, err := d.Directory.Known(ctx, tx, l.Institution)
	if err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound {
		return "", err
	}
	for _, r := range []lanzha.Region{in.Region, c.Home, l.Region} {
		if city := r.City(); city != "" && in.Region.Contains(city) {
			return city, nil
		}
	}
	return in.Region, nil
}

// fromClue looks anew at the places where a clue was seen.
func (d *Desk) fromClue(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
	seen, err := d.Store.SightingsOf(ctx, tx, row.Record, row.At.Add(-d.Options.window()))
	if err != nil {
		return err
	}
	// The heaviest of each place speaks for all of them.
	slices.SortStableFunc(seen, func(a, b Sighting) int { return int(b.Weight - a.Weight) })
	for i, s := range seen {
		if slices.ContainsFunc(seen[:i], func(before Sighting) bool { return place.Key(before.Address) == place.Key(s.Address) }) {
			continue
		}
		if err := d.settle(ctx, tx, s, row.Kind != "clue.judged"); err != nil {
			return err
		}
	}
	return nil
}

// late tells the leader on duty of a den that its unit has not received in
// time.
func (d *Desk) late(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
	return func(ctx context.Context, tx *sqldb.Tx) error {
		den, err := d.Store.GetLocked(ctx, tx, it.Record)
		if err != nil {
			return err
		}
		if den.State != Dispatched {
			return lanzha.Conflict("the den is %s", den.State)
		}
		leader, err := d.Leader(ctx, tx, den.Region, d.Now())
		if err != nil {
			return err
		}
		err = d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
			Kind: "den.late", Record: den.ID, Version: den.Version, Region: den.Region, Institution: den.Unit,
			Payload: map[string]any{"address": den.Address(), "unit": den.Unit, "dispatchedAt": den.DispatchedAt, "leader": leader},
		})
		return err
	}, nil
}
