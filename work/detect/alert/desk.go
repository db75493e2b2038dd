package alert

import (
	"context"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/know/institution"
)

// Desk does the work on alerts. Its methods that take a transaction write
// through it and leave their journal rows in it.
type Desk struct {
	Store     *Store
	DB        *sqldb.DB
	Journal   *journal.Journal
	Outbox    *outbox.Outbox
	IDs       *lanzha.IDs
	Now       func() time.Time
	Zone      *time.Location // of the days in figures
	Directory *institution.Directory

	// Centre is the region of the house: alerts about what lies elsewhere, or
	// nowhere, are its work. "" is the whole country.
	Centre lanzha.Region
	// OfficerName is how an account is named to those who read an alert.
	OfficerName func(ctx context.Context, q sqldb.Queryer, account lanzha.ID) (string, error)

	// Changer is the detector; nil where this house runs none: then nobody is
	// left alone and no list is kept.
	Changer Changer
	// Clue reads the subject that a clue is about, of domain feed.Other where no
	// event can name it; CodeNotFound where there is no such clue.
	Clue func(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Subject, error)
	// Named are the lists that the rules in force ask for; nil is none.
	Named func() []string
}

// act changes the version of an alert that was read, and leaves the journal row
// of the change.
func (d *Desk) act(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, by lanzha.ID, kind string,
	decide func(Alert) (Alert, map[string]any, error),
) (Alert, error) {
	a, err := d.Store.GetLocked(ctx, tx, id)
	if err != nil {
		return a, err
	}
	if a.Version != version {
		return a, errOvertaken()
	}
	a, payload, err := decide(a)
	if err != nil {
		return a, err
	}
	if err := d.Store.Update(ctx, tx, a); err != nil {
		return a, err
	}
	payload["rule"] = a.Key.Rule
	return a, d.note(ctx, tx, kind, a, by, payload)
}

// Take has an officer look into an alert.
func (d *Desk) Take(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, by lanzha.ID) (Alert, error) {
	return d.act(ctx, tx, id, version, by, "alert.taken", func(a Alert) (Alert, map[string]any, error) {
		a, err := a.Take(by, d.Now())
		return a, map[string]any{}, err
	})
}

// Decide is an officer's decision. Where no institution is named, a referral
// goes to who holds the line or account, and a warning to the police of the
// place, if the directory knows them.
func (d *Desk) Decide(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, decision Decision, to lanzha.ID, text string, by lanzha.ID) (Alert, error) {
	return d.act(ctx, tx, id, version, by, "alert.decided", func(a Alert) (Alert, map[string]any, error) {
		in, err := d.receiver(ctx, tx, a, decision, to)
		if err != nil {
			return a, nil, err
		}
		a, err = a.Decide(decision, in, text, by, d.Now())
		return a, map[string]any{"decision": a.Decision, "institution": a.Institution, "tookMs": a.DecidedAt.Sub(a.RaisedAt).Milliseconds()}, err
	})
}

func (d *Desk) receiver(ctx context.Context, q sqldb.Queryer, a Alert, decision Decision, named lanzha.ID) (institution.Institution, error) {
	switch {
	case named != "":
		in, err := d.Directory.Get(ctx, q, named)
		if lanzha.CodeOf(err) == lanzha.CodeNotFound {
			return in, lanzha.Invalid("body.institution", "the directory has no such institution")
		}
		return in, err
	case decision == DecisionReferral:
		return d.holder(ctx, q, a)
	case decision == DecisionWarning:
		return d.police(ctx, q, a.Region)
	}
	return institution.Institution{}, nil
}

// Hand gives a warning or a referral to an institution.
func (d *Desk) Hand(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, to lanzha.ID, by lanzha.ID) (Alert, error) {
	return d.act(ctx, tx, id, version, by, "alert.handed", func(a Alert) (Alert, map[string]any, error) {
		in, err := d.receiver(ctx, tx, a, a.Decision, to)
		if err != nil {
			return a, nil, err
		}
		before := a.Institution
		a, err = a.Hand(in)
		return a, map[string]any{"institution": a.Institution, "before": before}, err
	})
}

// Receive has the institution say that it has what was handed to it.
func (d *Desk) Receive(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, by lanzha.ID) (Alert, error) {
	return d.act(ctx, tx, id, version, by, "alert.received", func(a Alert) (Alert, map[string]any, error) {
		a, err := a.Receive(d.Now())
		return a, map[string]any{"decision": a.Decision, "tookMs": a.ReceivedAt.Sub(a.DecidedAt).Milliseconds()}, err
	})
}

// Judge records what an officer or the institution found.
func (d *Desk) Judge(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, f Feedback) (Alert, error) {
	f.ID, f.At = d.IDs.Next(), d.Now()
	return d.act(ctx, tx, id, version, f.Actor, "alert.judged", func(a Alert) (Alert, map[string]any, error) {
		a, judged, err := a.Judge(f)
		if err != nil {
			return a, nil, err
		}
		return a, map[string]any{"verdict": a.Verdict, "from": f.Institution}, d.Store.AddFeedback(ctx, tx, id, judged)
	})
}

// revealed leaves the row of a subject that was shown.
func (d *Desk) revealed(ctx context.Context, tx *sqldb.Tx, a Alert, purpose string, by lanzha.ID) error {
	return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
		Kind: "alert.revealed", Record: a.ID, Version: a.Version, Actor: by, Purpose: purpose, Region: a.Region,
		Payload: map[string]any{"field": "subject"},
	})
}
