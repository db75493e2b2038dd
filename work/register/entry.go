package register

import (
	"context"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
)

// Fact is the payload of listing.made, listing.imported, listing.dated and
// listing.lifted: the listing as it stands after it, without personal data. A
// follower that keeps the last one of each listing knows what binds on any day.
// The indexes are blind, of the newest keys (vault.Index); listing.erased has
// no payload: the follower drops the listing.
type Fact struct {
	Index    string        `json:"index"` // of the subject's number
	Name     string        `json:"name"`  // of the subject's name
	Kind     SubjectKind   `json:"kind"`
	Class    Class         `json:"class"`
	From     Day           `json:"from"`  // "": the start is not known, nothing is said to bind
	Until    Day           `json:"until"` // exclusive
	Lifted   bool          `json:"lifted"`
	Measures []FactMeasure `json:"measures"`
}

// FactMeasure is one measure of a Fact; it binds as long as the listing does.
type FactMeasure struct {
	Row         string `json:"row"`
	Kind        string `json:"kind"`
	Measure     string `json:"measure"`
	Service     string `json:"service"`
	Institution string `json:"institution"`
	Keeps       string `json:"keeps,omitempty"` // the item that stays open
}

// FactOf is what the journal says of a listing.
func FactOf(l Listing, index, name string) Fact {
	f := Fact{Index: index, Name: name, Kind: l.Kind, Class: l.Class, From: l.Span.From, Until: l.Span.Until, Lifted: !l.LiftedAt.IsZero(), Measures: []FactMeasure{}}
	for _, m := range l.Measures {
		f.Measures = append(f.Measures, m.fact())
	}
	return f
}

func (m Measure) fact() FactMeasure {
	f := FactMeasure{Row: m.Row, Kind: m.Kind, Measure: m.Measure, Service: m.Service, Institution: m.Institution}
	if m.Keeps != nil {
		f.Keeps = m.Keeps.Item
	}
	return f
}

// tell leaves the row of what happened to a listing.
func (d *Desk) tell(ctx context.Context, tx *sqldb.Tx, kind string, l Listing, by lanzha.ID, purpose string) error {
	index, name, err := d.Store.Indexes(ctx, tx, l.Subject)
	if err != nil {
		return err
	}
	return d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
		Kind: kind, Record: l.ID, About: []lanzha.ID{l.Proposal}, Version: l.Version, Actor: by, Purpose: purpose, Region: l.Region,
		Payload: FactOf(l, index, name),
	})
}

// erased is the row by which followers drop a listing.
func erased(l Listing, by lanzha.ID, purpose string) journal.Entry {
	return journal.Entry{Kind: "listing.erased", Record: l.ID, About: []lanzha.ID{l.Proposal}, Version: l.Version + 1, Actor: by, Purpose: purpose, Region: l.Region}
}
