package notice

import (
	"context"
	"fmt"
	"io"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// Desk makes notices and records that they were served.
type Desk struct {
	Register *register.Desk
	Store    *Store
	Random   io.Reader // of the codes; crypto/rand

	// Unit is how the organ of a region is called on a notice.
	Unit func(region lanzha.Region) string
	// Contact is where it is reached; empty is the national line for advice.
	Contact string
}

const nationalLine = "电话96110"

// Party is who tells the subjects of a region's listings.
func (d *Desk) Party(region lanzha.Region) Party {
	p := Party{Unit: string(region), Contact: nationalLine}
	if d.Unit != nil {
		p.Unit = d.Unit(region)
	}
	if d.Contact != "" {
		p.Contact = "电话" + d.Contact
	}
	return p
}

// Follow hooks the desk into the journal: what names a person goes with the
// subject's personal fields.
func (d *Desk) Follow() {
	d.Register.Journal.Tail("register.notice", []string{"listing.erased"}, func(ctx context.Context, tx *sqldb.Tx, row journal.Row) error {
		return d.Store.Erase(ctx, tx, row.Record)
	})
}

func resource(n Notice) auth.Resource {
	return auth.Resource{Type: "notice", ID: n.ID, Region: n.Region}
}

func (d *Desk) note(ctx context.Context, tx *sqldb.Tx, kind string, n Notice, by lanzha.ID, payload map[string]any) error {
	return d.Register.Journal.Append(ctx, tx, d.Register.Now(), journal.Entry{
		Kind: kind, Record: n.ID, About: []lanzha.ID{n.Listing}, Version: n.Version, Actor: by, Region: n.Region, Payload: payload,
	})
}

// Make composes the notice of a listing as it stands now. Its error is
// CodeConflict where the personal fields were erased.
func (d *Desk) Make(ctx context.Context, tx *sqldb.Tx, l register.Listing, by lanzha.ID) (Notice, error) {
	s, err := d.Register.Store.HoldSubject(ctx, tx, l.Subject) // numbers are counted one at a time
	if err != nil {
		return Notice{}, err
	}
	if !s.ErasedAt.IsZero() {
		return Notice{}, lanzha.Conflict("the personal fields were erased: there is nobody to tell")
	}
	var answer policy.Answer
	if l.Proposal != "" {
		p, err := d.Register.Store.Proposal(ctx, tx, l.Proposal)
		if err != nil {
			return Notice{}, err
		}
		answer = p.Answer
	}
	before, err := d.Store.Count(ctx, tx, l.ID)
	if err != nil {
		return Notice{}, err
	}
	n := Notice{ID: d.Register.IDs.Next(), Version: 1, Listing: l.ID, Kind: OfListing, Region: l.Region, MadeBy: by, MadeAt: d.Register.Now()}
	if !l.LiftedAt.IsZero() {
		n.Kind = OfLifting
	}
	n.Number = fmt.Sprintf("%s-%d", l.ID, before+1)
	n.Text = Compose(l, s, answer, n.Number, d.Party(l.Region), d.Register.Today())
	if err := d.Store.Insert(ctx, tx, n); err != nil {
		return n, err
	}
	return n, d.note(ctx, tx, "notice.made", n, by, map[string]any{"kind": n.Kind, "number": n.Number})
}

// Code makes a new code for a notice; the one before opens nothing any more.
// It is told once and kept nowhere.
func (d *Desk) Code(ctx context.Context, tx *sqldb.Tx, n Notice, by lanzha.ID) (string, error) {
	if n.Text.Title == "" {
		return "", lanzha.Conflict("the notice was erased")
	}
	code, err := NewCode(d.Random)
	if err != nil {
		return "", err
	}
	if err := d.Store.SetCode(ctx, tx, n.ID, HashOf(code), d.Register.Now()); err != nil {
		return "", err
	}
	n.Version++
	return code, d.note(ctx, tx, "notice.coded", n, by, nil)
}

// printed leaves the row of who had the whole notice, and for what.
func (d *Desk) printed(ctx context.Context, tx *sqldb.Tx, n Notice, by lanzha.ID, purpose string) error {
	return d.Register.Journal.Append(ctx, tx, d.Register.Now(), journal.Entry{
		Kind: "notice.printed", Record: n.ID, About: []lanzha.ID{n.Listing}, Version: n.Version, Actor: by, Purpose: purpose, Region: n.Region,
		Payload: map[string]any{"number": n.Number},
	})
}

// Serve records the proof of delivery.
func (d *Desk) Serve(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, s Served) (Notice, error) {
	n, err := d.Store.Get(ctx, tx, id)
	if err != nil {
		return n, err
	}
	if n.Version != version {
		return n, lanzha.Conflict("somebody changed this notice before you")
	}
	if s.At.IsZero() {
		s.At = d.Register.Now()
	}
	if n, err = n.Serve(s, d.Register.Now()); err != nil {
		return n, err
	}
	if err := d.Store.Update(ctx, tx, n); err != nil {
		return n, err
	}
	return n, d.note(ctx, tx, "notice.served", n, s.RecordedBy, map[string]any{"how": n.Served.How, "at": n.Served.At, "receiptNo": n.Served.ReceiptNo})
}

// optional is an instant that may not be.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
