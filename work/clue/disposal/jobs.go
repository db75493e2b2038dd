package disposal

import (
	"context"

	"lanzha"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
)

// Register hooks the desk into the outbox, before it runs.
func (d *Desk) Register() {
	d.Clues.Outbox.Handle("disposal.send", d.send)
	d.Clues.Outbox.Handle("disposal.half", d.deadline(1))
	d.Clues.Outbox.Handle("disposal.full", d.deadline(2))
	d.Clues.Outbox.Handle("disposal.until", d.end)
}

// send delivers one order. An error leaves it owed; it goes out again with the
// same key.
func (d *Desk) send(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
	o, err := d.Store.Get(ctx, d.Clues.DB.Read(), it.Record)
	if err != nil {
		return nil, err
	}
	if o.State != Approved || o.LiftedBy != "" {
		return nil, nil // somebody brought the receipt by hand, or lifted it before it left
	}
	in, err := d.Clues.Directory.Get(ctx, d.Clues.DB.Read(), o.Institution)
	if err != nil {
		return nil, err
	}
	gateway := d.Gateways[in.Gateway]
	if gateway == nil {
		return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "this house has no gateway " + string(in.Gateway) + " for disposals"}
	}
	receipt, err := gateway.Dispose(ctx, Order{
		Key: string(o.ID), Institution: in, Kind: o.Kind, ValueKind: o.ValueKind, Value: o.Value, Reason: o.Reason,
		LegalBasis: o.LegalBasis, DocumentNo: o.DocumentNo, DueAt: o.DueAt, Undoes: string(o.Undoes),
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sqldb.Tx) error {
		_, err := d.Receive(ctx, tx, o.ID, receipt, it.Started, "")
		return err
	}, nil
}

// deadline escalates what has not been carried out: at half time to the
// institution's contact, at full time to the leader on duty.
func (d *Desk) deadline(level int) outbox.Handler {
	return func(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
		return func(ctx context.Context, tx *sqldb.Tx) error {
			o, err := d.Store.Locked(ctx, tx, it.Record)
			if err != nil {
				return err
			}
			leader := lanzha.ID("")
			if level == 2 {
				if leader, err = d.Clues.Leader(ctx, tx, o.Region, d.Clues.Now()); err != nil {
					return err
				}
			}
			if o, err = o.Escalate(level, leader, d.Clues.Now()); err != nil {
				return err
			}
			if err := d.Store.Update(ctx, tx, o); err != nil {
				return err
			}
			payload := map[string]any{"level": level, "to": "contact"}
			if level == 2 {
				payload["to"], payload["leader"] = "leader", leader
				if err := d.note(ctx, tx, "disposal.overdue", o, "", map[string]any{"dueAt": o.DueAt}); err != nil {
					return err
				}
			} else if in, err := d.Clues.Directory.Get(ctx, tx, o.Institution); err != nil {
				return err
			} else if len(in.Contacts) > 0 {
				payload["contact"] = in.Contacts[0].Role // the name is theirs; the role says whom to call
			}
			return d.note(ctx, tx, "disposal.escalated", o, "", payload)
		}, nil
	}
}

// end lifts a disposal whose end was set beforehand.
func (d *Desk) end(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
	return func(ctx context.Context, tx *sqldb.Tx) error {
		o, err := d.Store.Locked(ctx, tx, it.Record)
		if err != nil {
			return err
		}
		return d.liftNow(ctx, tx, o, Request{Category: Ended, Reason: "处置期限届满", LegalBasis: o.LegalBasis, DocumentNo: o.DocumentNo})
	}, nil
}
