package register

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/know/policy"
)

// DefaultPack is by which rules a proposal is evaluated that names none.
const DefaultPack = "joint-punishment-2024"

// Options are the operator's figures.
type Options struct {
	// Retention is how long after the last end of a subject's listings the
	// personal fields are kept; 0: they are erased on command only.
	Retention time.Duration
}

// Desk does the work on proposals and listings. Its methods that take a
// transaction write through it and leave their journal rows in it.
type Desk struct {
	Store   *Store
	DB      *sqldb.DB
	Journal *journal.Journal
	Outbox  *outbox.Outbox
	IDs     *lanzha.IDs
	Now     func() time.Time
	Zone    *time.Location // of legal days

	// Law evaluates a pack on facts.
	Law func(pack string, input map[string]any, o policy.Options) (policy.Answer, error)
	// OfficerName is how an account is named to those who read a record.
	OfficerName func(ctx context.Context, q sqldb.Queryer, account lanzha.ID) (string, error)
	// Held says whether something about a listing is still under way in a later
	// room, as an objection; nil is nothing. What is held is not erased.
	Held func(ctx context.Context, q sqldb.Queryer, listing lanzha.ID) (bool, error)

	Options Options
}

// Today is the civil date in the centre's zone.
func (d *Desk) Today() Day { return DayOf(d.Now(), d.Zone) }

// Resource is what the gate is asked about a listing. Who designated it is who
// asked for it: they cannot decide on what is said against it.
func Resource(l Listing) auth.Resource {
	return auth.Resource{Type: "listing", ID: l.ID, Region: l.Region, RequestedBy: l.DecidedBy}
}

// evaluate asks the pack about facts, as if an organ of a level decided today
// on a subject. The answer is returned with the facts as they were completed.
func (d *Desk) evaluate(ctx context.Context, q sqldb.Queryer, p Proposal, level Level) (map[string]any, policy.Answer, error) {
	c := circumstances{responsible: p.UnitOf != "", level: level, today: d.Today()}
	var err error
	if c.subject, err = d.Store.Subject(ctx, q, p.Subject); err != nil {
		return nil, policy.Answer{}, err
	}
	if c.others, err = d.Store.ListingsOf(ctx, q, p.Subject); err != nil {
		return nil, policy.Answer{}, err
	}
	facts := complete(p.Facts, c)
	answer, err := d.Law(p.Pack, facts, policy.Options{Today: d.Now(), Jurisdiction: string(p.Region), Zone: d.Zone})
	return facts, answer, inFacts(err)
}

// DraftProposal is what a proposal is opened with.
type DraftProposal struct {
	Subject  Subject
	UnitOf   lanzha.ID
	Region   lanzha.Region
	Pack     string
	Facts    map[string]any
	Evidence []string
}

// Create opens a proposal on facts. A number that the register has under
// another name is CodeConflict.
func (d *Desk) Create(ctx context.Context, tx *sqldb.Tx, in DraftProposal, by lanzha.ID) (Proposal, error) {
	now := d.Now()
	if in.Pack == "" {
		in.Pack = DefaultPack
	}
	if in.UnitOf != "" {
		unit, err := d.Store.Proposal(ctx, tx, in.UnitOf)
		switch {
		case lanzha.CodeOf(err) == lanzha.CodeNotFound:
			return Proposal{}, lanzha.Invalid("body.unitOf", "there is no such proposal")
		case err != nil:
			return Proposal{}, err
		case unit.Kind != UnitKind || in.Subject.Kind != Individual:
			return Proposal{}, lanzha.Invalid("body.unitOf", "a responsible person is an individual, of the proposal of a unit")
		case unit.Region != in.Region:
			return Proposal{}, lanzha.Invalid("body.unitOf", "the unit's proposal is of another region")
		}
	}
	if err := checkFacts(in.Facts, in.Subject.Kind, d.Today()); err != nil {
		return Proposal{}, err
	}
	subject, err := d.subject(ctx, tx, in.Subject)
	if err != nil {
		return Proposal{}, err
	}
	p := Proposal{
		ID: d.IDs.Next(), Version: 1, State: Draft, Subject: subject.ID, Kind: subject.Kind, UnitOf: in.UnitOf, Region: in.Region, Pack: in.Pack,
		Facts: in.Facts, Evidence: in.Evidence, EvaluatedAt: now, CreatedBy: by, CreatedAt: now,
	}
	if _, p.Answer, err = d.evaluate(ctx, tx, p, City); err != nil {
		return p, err
	}
	if err := d.Store.InsertProposal(ctx, tx, p); err != nil {
		return p, err
	}
	return p, d.step(ctx, tx, p, "created", by, "")
}

// subject finds or makes the row of a subject.
func (d *Desk) subject(ctx context.Context, tx *sqldb.Tx, in Subject) (Subject, error) {
	found, err := d.Store.FindSubject(ctx, tx, in.Number)
	switch {
	case lanzha.CodeOf(err) == lanzha.CodeNotFound:
		in.ID, in.CreatedAt = d.IDs.Next(), d.Now()
		return in, d.Store.InsertSubject(ctx, tx, in)
	case err != nil:
		return found, err
	case found.Name != in.Name:
		listed, err := d.Store.ListingsOf(ctx, tx, found.ID)
		if err != nil {
			return found, err
		}
		if len(listed) > 0 {
			return found, &lanzha.Error{
				Code: lanzha.CodeConflict, Field: "body.subject.name", Message: "the register has this number under another name",
				Hint: "check both against the identity paper; a leader corrects the name of who is listed",
			}
		}
		// Nobody is listed yet: a slip in an earlier draft stands against nothing.
		found.Name = in.Name
		return found, d.Store.Rename(ctx, tx, found)
	case found.Kind != in.Kind:
		return found, lanzha.Conflict("the register has this number as of another kind of subject")
	}
	return found, nil
}

// inFacts says that an error of the pack's input is one of the facts.
func inFacts(err error) error {
	e, ok := errors.AsType[*lanzha.Error](err)
	if !ok || e.Code != lanzha.CodeInvalid || strings.HasPrefix(e.Field, "body.") {
		return err
	}
	named := *e
	named.Field = strings.TrimSuffix("body.facts."+e.Field, ".")
	return &named
}

// step records one step of a proposal and leaves its journal row.
func (d *Desk) step(ctx context.Context, tx *sqldb.Tx, p Proposal, done string, by lanzha.ID, note string) error {
	if err := d.Store.AddStep(ctx, tx, p.ID, Step{Version: p.Version, Name: done, Actor: by, At: d.Now(), Note: note}); err != nil {
		return err
	}
	f, err := Find(p.Answer)
	if err != nil {
		return err
	}
	return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
		Kind: "proposal." + done, Record: p.ID, About: []lanzha.ID{p.UnitOf, p.Listing}, Version: p.Version, Actor: by, Region: p.Region,
		Payload: map[string]any{"state": p.State, "class": f.Class, "grounds": f.Grounds, "level": f.Level, "missing": len(p.Answer.Missing), "pack": p.Answer.Pack},
	})
}

// Act does a command to the version of a proposal that its doer has read. An
// approval makes the listing in the same transaction.
func (d *Desk) Act(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, c Command, by Officer) (Proposal, error) {
	was, err := d.Store.Proposal(ctx, tx, id)
	if err != nil {
		return was, err
	}
	if was.Version != version {
		return was, lanzha.Conflict("somebody changed this proposal before you")
	}
	asked := was
	switch c.Verb {
	case Change:
		if err := checkFacts(c.Facts, was.Kind, d.Today()); err != nil {
			return was, err
		}
		asked.Facts = c.Facts
	case Review:
		asked.Facts = withReview(was.Facts)
	}
	if !slices.Contains([]Verb{Disagree, Return, Refuse}, c.Verb) {
		if asked.Facts, c.Answer, err = d.evaluate(ctx, tx, asked, max(by.Level, City)); err != nil {
			return was, err
		}
	}
	p, err := Decide(was, c, by, d.Now())
	if err != nil {
		return was, err
	}
	if c.Verb == Approve {
		p.Listing = d.IDs.Next()
		p.Facts = asked.Facts // as they were decided on
	}
	if err := d.Store.UpdateProposal(ctx, tx, p); err != nil {
		return p, err
	}
	if err := d.step(ctx, tx, p, ways[c.Verb].done, by.ID, note(c)); err != nil {
		return p, err
	}
	if c.Verb != Approve {
		return p, nil
	}
	return p, d.list(ctx, tx, p)
}

// note is what a step keeps of its command.
func note(c Command) string {
	if c.Row != "" {
		return c.Row + ": " + strings.TrimSpace(c.Note)
	}
	return strings.TrimSpace(c.Note)
}
