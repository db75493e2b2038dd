package clue

import (
	"context"
	"slices"
	"time"

	"lanzha"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
)

// Register hooks the desk into the journal and the outbox, before they run.
func (d *Desk) Register() {
	d.Journal.Tail("clue", []string{"report.received"}, d.fromReport)
	if d.Alerts != nil {
		d.Journal.Tail("clue-alert", []string{"alert.raised", "alert.decided"}, d.fromAlert)
	}
	d.Outbox.Handle("lookup.send", d.send)
	d.Outbox.Handle("lookup.half", d.deadline(1))
	d.Outbox.Handle("lookup.full", d.deadline(2))
}

// send delivers one question. An error leaves it owed; it goes out again with
// the same key.
func (d *Desk) send(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
	l, err := d.Store.Lookup(ctx, d.DB.Read(), it.Record)
	if err != nil {
		return nil, err
	}
	if !l.State.Pending() {
		return nil, nil
	}
	c, err := d.Store.Get(ctx, d.DB.Read(), l.Clue)
	if err != nil {
		return nil, err
	}
	in, err := d.Directory.Known(ctx, d.DB.Read(), l.Institution)
	if err != nil {
		return nil, err
	}
	gateway := d.Gateways[in.Gateway]
	if gateway == nil {
		return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "this house has no gateway " + string(in.Gateway)}
	}
	answer, err := gateway.Ask(ctx, Question{
		Key: string(l.ID), Institution: in, Kind: c.Kind, Value: c.Value, Truth: c.Truth, Fields: l.Fields,
		Purpose: l.Purpose, LegalBasis: l.LegalBasis, DocumentNo: l.DocumentNo, LocationDecisionNo: l.LocationDecisionNo,
		Officers: l.Officers, AskedAt: l.AskedAt, DueAt: l.DueAt,
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := d.Receive(ctx, tx, l.ID, answer, it.Started, "")
		return err
	}, nil
}

// deadline escalates a question that is still open: at half time to the
// institution's contact, at full time to the leader on duty.
func (d *Desk) deadline(level int) outbox.Handler {
	return func(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
		return func(ctx context.Context, tx *sqldb.Tx) error {
			l, err := d.Store.LookupLocked(ctx, tx, it.Record)
			if err != nil {
				return err
			}
			leader := lanzha.ID("")
			if level == 2 {
				if leader, err = d.Leader(ctx, tx, l.Region, d.Now()); err != nil {
					return err
				}
			}
			if l, err = l.Escalate(level, leader); err != nil {
				return err
			}
			if err := d.Store.UpdateLookup(ctx, tx, l); err != nil {
				return err
			}
			payload := map[string]any{"level": level, "to": "contact"}
			if level == 2 {
				payload["to"], payload["leader"] = "leader", leader
				if err := d.note(ctx, tx, "lookup.overdue", l, "", map[string]any{"dueAt": l.DueAt}); err != nil {
					return err
				}
			} else if in, err := d.Directory.Get(ctx, tx, l.Institution); err != nil {
				return err
			} else if len(in.Contacts) > 0 {
				payload["contact"] = in.Contacts[0].Role // the name is theirs; the role says whom to call
			}
			return d.note(ctx, tx, "lookup.escalated", l, "", payload)
		}, nil
	}
}

// Figures by institution of the questions asked in [from, to).
func (d *Desk) Figures(ctx context.Context, region lanzha.Region, from, to time.Time) ([]Figures, error) {
	return d.Store.Figures(ctx, d.DB.Read(), region, from, to, d.Now())
}

// Attempts are the tries at delivering the questions about a clue.
func (d *Desk) Attempts(ctx context.Context, lookups []Lookup) (map[lanzha.ID][]outbox.Attempt, error) {
	out := map[lanzha.ID][]outbox.Attempt{}
	for _, l := range lookups {
		attempts, err := d.Outbox.Attempts(ctx, l.ID)
		if err != nil {
			return nil, err
		}
		out[l.ID] = slices.DeleteFunc(attempts, func(a outbox.Attempt) bool { return a.Kind != "lookup.send" })
	}
	return out, nil
}
