package penalty

import (
	"context"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// Desk does the work on penalties. Its methods that take a transaction write
// through it and leave their journal rows in it.
type Desk struct {
	Store   *Store
	DB      *sqldb.DB
	Journal *journal.Journal
	IDs     *lanzha.IDs
	Now     func() time.Time
	Zone    *time.Location // of legal days

	// Law evaluates a pack on facts.
	Law func(pack string, input map[string]any, o policy.Options) (policy.Answer, error)
}

func (d *Desk) today() register.Day { return register.DayOf(d.Now(), d.Zone) }

// find asks the law what follows from facts in a region.
func (d *Desk) find(f Facts, kind register.SubjectKind, region lanzha.Region) (policy.Answer, Band, error) {
	a, err := d.Law(Pack, f.input(kind), policy.Options{Today: d.Now(), Jurisdiction: string(region)})
	if err != nil {
		return a, Band{}, err
	}
	band, err := bandOf(a)
	return a, band, err
}

// Draft is what an officer proposes.
type Draft struct {
	Subject register.Subject
	Region  lanzha.Region
	Facts   Facts
	Account string
	Devices []Device
	Measure Measure
}

// Open proposes a penalty.
func (d *Desk) Open(ctx context.Context, tx *sqldb.Tx, draft Draft, by lanzha.ID) (Penalty, error) {
	p := Penalty{ID: d.IDs.Next(), Kind: draft.Subject.Kind, Number: draft.Subject.NumberKind, Name: draft.Subject.Name, No: draft.Subject.Number, Region: draft.Region}
	p, answer, err := d.propose(p, draft, by)
	if err != nil {
		return p, err
	}
	if err := d.Store.Insert(ctx, tx, p, answer); err != nil {
		return p, err
	}
	return p, d.tell(ctx, tx, "penalty.proposed", p, by, map[string]any{"conduct": p.Facts.Conduct, "article": p.Band.Article})
}

// Change proposes a penalty anew, on other facts or in another measure.
func (d *Desk) Change(ctx context.Context, tx *sqldb.Tx, p Penalty, draft Draft, by lanzha.ID) (Penalty, error) {
	was := p
	p, answer, err := d.propose(p, draft, by)
	if err != nil {
		return p, err
	}
	if err := d.Store.Update(ctx, tx, was, p, &answer); err != nil {
		return p, err
	}
	return p, d.tell(ctx, tx, "penalty.proposed", p, by, map[string]any{"conduct": p.Facts.Conduct, "article": p.Band.Article})
}

func (d *Desk) propose(p Penalty, draft Draft, by lanzha.ID) (Penalty, policy.Answer, error) {
	facts, err := checkFacts(draft.Facts, d.today())
	if err != nil {
		return p, policy.Answer{}, err
	}
	answer, band, err := d.find(facts, p.Kind, p.Region)
	if err != nil {
		return p, answer, err
	}
	p.Facts, p.Band, p.Pack, p.Account, p.Devices = facts, band, answer.Pack, draft.Account, draft.Devices
	p, err = p.Propose(draft.Measure, by, lanzha.At(d.Now()).Time())
	return p, answer, err
}

// Decide imposes a penalty. The law is asked again: what it answers now must be
// what was proposed on.
func (d *Desk) Decide(ctx context.Context, tx *sqldb.Tx, p Penalty, decision Decision, by lanzha.ID) (Penalty, error) {
	answer, band, err := d.find(p.Facts, p.Kind, p.Region)
	if err != nil {
		return p, err
	}
	was := p
	if p, err = p.Decide(decision, band, answer.Pack, by, lanzha.At(d.Now()).Time(), d.today()); err != nil {
		return p, err
	}
	if err := d.Store.Update(ctx, tx, was, p, &answer); err != nil {
		return p, err
	}
	return p, d.tell(ctx, tx, "penalty.decided", p, by, map[string]any{
		"conduct": p.Facts.Conduct, "article": p.Band.Article, "documentNo": p.DocumentNo, "decidedOn": p.DecidedOn,
		"fineFen": p.Decided.FineFen, "detentionDays": p.Decided.DetentionDays, "confiscateFen": p.Band.ConfiscateFen,
	})
}

// step keeps what a penalty has become where the law need not be asked; err is
// why it has not.
func (d *Desk) step(ctx context.Context, tx *sqldb.Tx, kind string, was, p Penalty, by lanzha.ID, payload any, err error) (Penalty, error) {
	if err != nil {
		return p, err
	}
	if err := d.Store.Update(ctx, tx, was, p, nil); err != nil {
		return p, err
	}
	return p, d.tell(ctx, tx, kind, p, by, payload)
}

func (d *Desk) tell(ctx context.Context, tx *sqldb.Tx, kind string, p Penalty, by lanzha.ID, payload any) error {
	return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{Kind: kind, Record: p.ID, Version: p.Version, Actor: by, Region: p.Region, Payload: payload})
}

// resource is a penalty as the policies see it; who proposed it cannot decide.
func resource(p Penalty) auth.Resource {
	return auth.Resource{Type: "penalty", ID: p.ID, Region: p.Region, RequestedBy: p.ProposedBy}
}
