package alert

import (
	"context"
	"slices"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/institution"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// Raised is an alert as the detector raises it.
type Raised struct {
	Log      string // the event log's ID
	Seq      uint64 // the entry of the log
	Index    int    // the event in the entry
	Rule     string
	Title    feature.Words // of the rule
	Pack     string
	Version  int // of the pack
	PackSHA  string
	Severity string
	Domain   feed.Domain
	Subject  string
	At       lanzha.Micros // of the event
	Score    int
	Becomes  string // clue, warning, referral, none
	Reasons  feature.Words
	Values   []NamedValue
	Kind     feed.Kind
	EventID  string
}

// raiseBatch is how many alerts go into one statement. SQLite looks for each
// parameter from the first on, so what a statement costs grows with their square.
const raiseBatch = 5

// Raise stores alerts with their journal rows. One that is there already, by
// log, entry, event and rule, is left as it is. What the rule wants is decided
// at once, except where it cannot be: a clue about what no clue is about, or a
// referral that nobody is known for, waits for an officer.
func (d *Desk) Raise(ctx context.Context, tx *sqldb.Tx, batch []Raised) error {
	now, units := d.Now(), map[lanzha.Region]institution.Institution{}
	for part := range slices.Chunk(batch, raiseBatch) {
		alerts := make([]Alert, len(part))
		for i, r := range part {
			a, err := d.settle(ctx, tx, d.alertOf(r, now), units, now)
			if err != nil {
				return err
			}
			alerts[i] = a
		}
		fresh, err := d.Store.Insert(ctx, tx, alerts)
		if err != nil {
			return err
		}
		for _, a := range alerts {
			if !fresh[a.ID] {
				continue
			}
			if err := d.note(ctx, tx, "alert.raised", a, "", map[string]any{
				"rule": a.Key.Rule, "severity": a.Severity, "score": a.Score, "domain": DomainName(a.Subject.Domain),
				"subject": lanzha.Mask(a.Subject.Value), "at": a.At, "decision": a.Decision,
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Desk) alertOf(r Raised, now time.Time) Alert {
	a := Alert{
		ID: d.IDs.Next(), Version: 1, State: StateNew, Key: Key{r.Log, r.Seq, r.Index, r.Rule}, Pack: r.Pack, PackVersion: r.Version, PackSHA: r.PackSHA,
		Title: r.Title, Severity: Severity(r.Severity), Score: r.Score, Subject: Subject{r.Domain, r.Subject}, Reasons: r.Reasons, Values: r.Values,
		Kind: r.Kind, EventID: r.EventID, At: r.At.Time(), RaisedAt: now, Becomes: r.Becomes,
	}
	if a.Values == nil {
		a.Values = []NamedValue{}
	}
	a.Region = d.regionOf(a.Subject)
	return a
}

// regionOf is where a subject is dealt with: where the number plan puts a
// number of the centre's own region, else the centre. A number from elsewhere
// that the centre's detector saw is the centre's work.
func (d *Desk) regionOf(s Subject) lanzha.Region {
	if home := s.Home(); home != "" && d.Centre.Contains(home) {
		return home
	}
	return d.Centre
}

// settle decides at once what the rule wants, as far as it can be done.
func (d *Desk) settle(ctx context.Context, q sqldb.Queryer, a Alert, units map[lanzha.Region]institution.Institution, now time.Time) (Alert, error) {
	var to institution.Institution
	var err error
	switch decision := Decision(a.Becomes); decision {
	case DecisionClue:
		if !a.Subject.Clueable() {
			return a, nil
		}
	case DecisionWarning:
		var known bool
		if to, known = units[a.Region]; !known {
			if to, err = d.police(ctx, q, a.Region); err != nil {
				return a, err
			}
			units[a.Region] = to
		}
	case DecisionReferral:
		if to, err = d.holder(ctx, q, a); err != nil || to.ID == "" {
			return a, err
		}
	default:
		return a, nil
	}
	decided, err := a.Decide(Decision(a.Becomes), to, "", "", now)
	if lanzha.CodeOf(err) == lanzha.CodeInvalid {
		return a, nil // the directory names somebody who takes no such thing: an officer must look
	}
	decided.Version = a.Version // nobody has read it yet
	return decided, err
}

// holder is the institution that holds the line or the account; none is empty.
func (d *Desk) holder(ctx context.Context, q sqldb.Queryer, a Alert) (institution.Institution, error) {
	for _, kind := range a.Subject.ranges() {
		found, err := d.Directory.Route(ctx, q, string(kind), a.Subject.Key(), a.Region)
		if err != nil || len(found) > 0 {
			return first(found), err
		}
	}
	return institution.Institution{}, nil
}

func first(found []institution.Institution) institution.Institution {
	if len(found) == 0 {
		return institution.Institution{}
	}
	return found[0]
}

// police is the unit whose region holds a place most narrowly, the first by
// code; none is empty.
func (d *Desk) police(ctx context.Context, q sqldb.Queryer, region lanzha.Region) (best institution.Institution, err error) {
	found, err := d.Directory.List(ctx, q, institution.Filter{Kind: institution.Police, Region: region.Province(), Limit: 1000})
	for _, in := range found {
		if in.Disabled || region == "" || !in.Region.Contains(region) {
			continue
		}
		if best.ID == "" || len(in.Region.Levels()) > len(best.Region.Levels()) {
			best = in
		}
	}
	return best, err
}

// Hour is how much a subject did in one hour.
type Hour struct {
	At       time.Time `json:"at" doc:"when the hour begins"`
	Count    int64     `json:"count"`
	Answered int64     `json:"answered" doc:"of calls"`
	Amount   int64     `json:"amount" doc:"of transfers, in fen"`
}

// Neighbour is whom or what the subject dealt with.
type Neighbour struct {
	Domain string    `json:"domain" enum:"other,number,account,device,sim,cell,person,outlet"`
	Value  string    `json:"value"`
	Count  int64     `json:"count"`
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
}

// Evidence is what the detector knows of the subject beside the values: its
// last seven days by hour, and its neighbours.
type Evidence struct {
	Hours      []Hour      `json:"hours"`
	Neighbours []Neighbour `json:"neighbours"`
}

// SetEvidence keeps the evidence of an alert that was raised, in place of what
// was kept before. An alert that is not there any more is CodeNotFound.
func (d *Desk) SetEvidence(ctx context.Context, tx *sqldb.Tx, key Key, e Evidence) error {
	return d.Store.SetEvidence(ctx, tx, key, e)
}

// Bare lists alerts younger than seven days that have no evidence yet, the
// newest first, for whoever gathers it.
func (d *Desk) Bare(ctx context.Context, q sqldb.Queryer, limit int) ([]Bare, error) {
	return d.Store.Bare(ctx, q, d.Now(), limit)
}

// note leaves an alert's journal row.
func (d *Desk) note(ctx context.Context, tx *sqldb.Tx, kind string, a Alert, by lanzha.ID, payload map[string]any) error {
	return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
		Kind: kind, Record: a.ID, About: []lanzha.ID{a.Clue}, Version: a.Version, Actor: by, Region: a.Region, Institution: a.Institution, Payload: payload,
	})
}
