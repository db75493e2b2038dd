package den

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/know/institution"
	"lanzha/know/place"
	"lanzha/work/clue"
)

// Options are the operator's figures; the zero value is what ships.
type Options struct {
	Window        time.Duration // how far apart answers may lie that raise a den; 0 means 720 hours
	ReceiveWithin time.Duration // how long a unit has to receive a den before the leader hears of it; 0 means 30 minutes
}

func (o Options) window() time.Duration {
	if o.Window == 0 {
		return 720 * time.Hour
	}
	return o.Window
}

func (o Options) receiveWithin() time.Duration {
	if o.ReceiveWithin == 0 {
		return 30 * time.Minute
	}
	return o.ReceiveWithin
}

// Desk does the work on dens. Its methods that take a transaction write
// through it and leave their journal rows in it.
type Desk struct {
	Store     Store
	DB        *sqldb.DB
	Journal   *journal.Journal
	Outbox    *outbox.Outbox
	IDs       *lanzha.IDs
	Now       func() time.Time
	Clues     *clue.Store
	Directory *institution.Directory

	// Leader finds who leads the duty of a region; "" is nobody.
	Leader func(ctx context.Context, q sqldb.Queryer, region lanzha.Region, at time.Time) (lanzha.ID, error)
	// OfficerName is how an account is named to those who read a den.
	OfficerName func(ctx context.Context, q sqldb.Queryer, account lanzha.ID) (string, error)

	Options Options
}

// Facts is the payload of the journal rows by which a dossier is opened and
// kept.
type Facts struct {
	Address string      `json:"address"`
	Clues   []lanzha.ID `json:"clues"`
	Reports []lanzha.ID `json:"reports"`
	Outcome *Outcome    `json:"outcome,omitempty"`
}

// See takes an answer that puts a clue at an address: it joins the den at that
// place, or raises one when it meets another independent clue there. An answer
// that was seen before changes nothing. The clue is read for what it weighs.
func (d *Desk) See(ctx context.Context, tx *sqldb.Tx, s Sighting, kind clue.Kind) error {
	s.ID, s.Weight = d.IDs.Next(), Weigh(kind, s.Role, s.Address)
	fresh, err := d.Store.InsertSighting(ctx, tx, s, place.Keys(s.Address))
	if err != nil || !fresh {
		return err
	}
	return d.settle(ctx, tx, s, false)
}

// settle finds what follows from a sighting. told says that the sighting is
// known and somebody else has told of its clue since.
func (d *Desk) settle(ctx context.Context, tx *sqldb.Tx, s Sighting, told bool) error {
	keys := place.Keys(s.Address)
	if len(keys) == 0 {
		return nil
	}
	slices.Sort(keys)
	keys = slices.Compact(keys) // two named places may share a key
	if err := d.Store.Hold(ctx, tx, keys); err != nil {
		return err
	}
	known, since, err := d.known(ctx, tx, s, keys)
	switch {
	case err != nil:
		return err
	case known != "":
		return d.join(ctx, tx, known, []Sighting{s}, told)
	case s.Weight == Supports || !s.At.After(since):
		return nil
	}
	return d.meet(ctx, tx, s, keys, since)
}

// known finds the den to which a sighting belongs: one under way at its place,
// or one confirmed within the window. What was checked without a find, or
// dismissed, is settled as of then: since is when, and only what was said later
// can raise it anew.
func (d *Desk) known(ctx context.Context, tx *sqldb.Tx, s Sighting, keys []string) (id lanzha.ID, since time.Time, err error) {
	dens, err := d.Store.Under(ctx, tx, keys)
	if err != nil {
		return "", since, err
	}
	for _, den := range dens {
		if here, err := d.isAt(ctx, tx, den, s); err != nil {
			return "", since, err
		} else if !here {
			continue
		}
		if !den.State.Final() || den.State == Confirmed && !s.At.After(den.FinishedAt.Add(d.Options.window())) {
			return den.ID, since, nil
		}
		if den.FinishedAt.After(since) {
			since = den.FinishedAt
		}
	}
	return "", since, nil
}

// isAt reports whether a sighting is at a den's place, as the den has it or as
// any of its evidence has: one knows the hotel by its door, one by its name.
func (d *Desk) isAt(ctx context.Context, tx *sqldb.Tx, den Den, s Sighting) (bool, error) {
	if m, _ := place.Same(den.Place, s.Address); m.Same() {
		return true, nil
	}
	evidence, err := d.Store.Evidence(ctx, tx, den.ID)
	return slices.ContainsFunc(evidence, func(e Sighting) bool {
		m, _ := place.Same(e.Address, s.Address)
		return e.ID == s.ID || m.Same()
	}), err
}

// meet looks for others at the place of a sighting and raises a den when two
// clues there stand by themselves.
func (d *Desk) meet(ctx context.Context, tx *sqldb.Tx, s Sighting, keys []string, since time.Time) error {
	found := []Sighting{s}
	gather := func(weights ...Weight) error {
		for _, key := range keys {
			for _, w := range weights {
				near, err := d.Store.SightingsAt(ctx, tx, key, w, s.At.Add(-d.Options.window()), s.At.Add(d.Options.window()))
				if err != nil {
					return err
				}
				for _, n := range near {
					m, _ := place.Same(n.Address, s.Address)
					if m.Same() && n.At.After(since) && !slices.ContainsFunc(found, func(f Sighting) bool { return f.ID == n.ID }) {
						found = append(found, n)
					}
				}
			}
		}
		return nil
	}
	if err := gather(Counts, Beside); err != nil {
		return err
	}
	if !slices.ContainsFunc(found, func(f Sighting) bool { return f.Clue != s.Clue }) {
		return nil // alone there, as most are
	}
	evidence, err := d.evidence(ctx, tx, found)
	if err != nil {
		return err
	}
	best := core(evidence)
	if best == nil {
		return nil
	}
	if err := gather(Supports); err != nil {
		return err
	}
	return d.raise(ctx, tx, best, found)
}

func (d *Desk) raise(ctx context.Context, tx *sqldb.Tx, best []Evidence, found []Sighting) error {
	slices.SortFunc(found, func(a, b Sighting) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	all, err := d.evidence(ctx, tx, found)
	if err != nil {
		return err
	}
	now := d.Now()
	den := Den{ID: d.IDs.Next(), Version: 1, State: Suspected, Place: common(best), SuspectedAt: now}
	den.Key, den.Region = place.Key(den.Place), den.Place.Region
	den.assess(all, best)
	fresh, err := d.Store.Insert(ctx, tx, den)
	if err != nil {
		return err
	}
	if !fresh { // another name at one door: one door, one den
		there, err := d.Store.UnderWay(ctx, tx, den.Key)
		if err != nil {
			return err
		}
		return d.join(ctx, tx, there.ID, found, false)
	}
	for _, e := range all {
		if _, err := d.Store.AddEvidence(ctx, tx, den.ID, e.Sighting.ID, place.Keys(e.Address), now); err != nil {
			return err
		}
	}
	if err := d.Store.AddStep(ctx, tx, den.ID, Step{Version: 1, Name: string(Suspected), At: now}); err != nil {
		return err
	}
	return d.note(ctx, tx, "den.suspected", den, "", all, all, nil)
}

// assess says how much speaks for a den now.
func (d *Den) assess(all, best []Evidence) {
	d.Confidence, d.Reasons = Assess(all, best)
	clues, _, _ := parties(all)
	d.Clues = int64(len(clues))
}

// join adds sightings to a den and says anew how much speaks for it. An
// analyst's judgement is of one place: from then on the place stays.
func (d *Desk) join(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, found []Sighting, told bool) error {
	den, err := d.Store.GetLocked(ctx, tx, id)
	if err != nil {
		return err
	}
	now, fresh := d.Now(), false
	for _, s := range found {
		added, err := d.Store.AddEvidence(ctx, tx, id, s.ID, place.Keys(s.Address), now)
		if err != nil {
			return err
		}
		fresh = fresh || added
	}
	sightings, err := d.Store.Evidence(ctx, tx, id)
	if err != nil {
		return err
	}
	all, err := d.evidence(ctx, tx, sightings)
	if err != nil {
		return err
	}
	best, before := core(all), den.Reasons
	den.assess(all, best)
	if !fresh && !told && slices.Equal(before, den.Reasons) {
		return nil
	}
	if den.State == Suspected && best != nil {
		den.Place = common(best)
		den.Region = den.Place.Region
	}
	den.Version++
	if err := d.Store.Update(ctx, tx, den); err != nil {
		return err
	}
	added := slices.DeleteFunc(slices.Clone(all), func(e Evidence) bool {
		return !slices.ContainsFunc(found, func(s Sighting) bool { return s.Clue == e.Sighting.Clue })
	})
	return d.note(ctx, tx, "den.evidence_added", den, "", all, added, nil)
}

// evidence reads what independence depends on of the sightings' clues.
func (d *Desk) evidence(ctx context.Context, q sqldb.Queryer, sightings []Sighting) ([]Evidence, error) {
	known := map[lanzha.ID]Subject{}
	out := make([]Evidence, 0, len(sightings))
	for _, s := range sightings {
		subject, ok := known[s.Clue]
		if !ok {
			var err error
			if subject, err = d.subject(ctx, q, s.Clue); err != nil {
				return nil, err
			}
			known[s.Clue] = subject
		}
		out = append(out, Evidence{Sighting: s, Subject: subject})
	}
	return out, nil
}

// longestWay bounds the clues through which a clue was found.
const longestWay = 16

func (d *Desk) subject(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (Subject, error) {
	c, err := d.Clues.Get(ctx, q, id)
	if err != nil {
		return Subject{}, err
	}
	s := Subject{ID: c.ID, Kind: c.Kind, Value: c.Value, Truth: c.Truth}
	for via := c.Via; via != "" && len(s.Via) < longestWay; {
		s.Via = append(s.Via, via)
		next, err := d.Clues.Get(ctx, q, via)
		if err != nil {
			return s, err
		}
		via = next.Via
	}
	s.Sources, err = d.Clues.Sources(ctx, q, id)
	return s, err
}

// note leaves a den's journal row, which stands in the timelines of the clues
// and reports that are about. A nil payload is the Facts of all.
func (d *Desk) note(ctx context.Context, tx *sqldb.Tx, kind string, den Den, actor lanzha.ID, all, about []Evidence, payload any) error {
	if payload == nil {
		facts := Facts{Address: den.Address()}
		facts.Clues, facts.Reports, _ = parties(all)
		if den.State == Confirmed || den.State == NothingFound {
			facts.Outcome = &den.Outcome
		}
		payload = facts
	}
	clues, reports, leads := parties(about)
	err := d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
		Kind: kind, Record: den.ID, About: slices.Concat(clues, reports, leads), Version: den.Version, Actor: actor,
		Region: den.Region, Institution: den.Unit, Payload: payload,
	})
	return err
}

// parties lists the clues of evidence, and the reports and leads that told of
// them.
func parties(all []Evidence) (clues, reports, leads []lanzha.ID) {
	clues, reports = []lanzha.ID{}, []lanzha.ID{}
	add := func(to *[]lanzha.ID, id lanzha.ID) {
		if !slices.Contains(*to, id) {
			*to = append(*to, id)
		}
	}
	for _, e := range all {
		add(&clues, e.Subject.ID)
		for _, s := range e.Subject.Sources {
			switch s.Kind {
			case "report":
				add(&reports, s.ID)
			case "lead":
				add(&leads, s.ID)
			}
		}
	}
	return clues, reports, leads
}

// receiveKey is the key of the clock that runs from dispatch to receipt.
func receiveKey(id lanzha.ID) string { return string(id) + ".receive" }

// Act does a command to the den in the version that was read, and leaves its
// step and its journal row. What follows from a command is owed in the same
// transaction.
func (d *Desk) Act(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, c Command, by lanzha.ID) (Den, error) {
	den, err := d.Store.GetLocked(ctx, tx, id)
	if err != nil {
		return den, err
	}
	if den.Version != version {
		return den, errOvertaken()
	}
	now := d.Now()
	if den, err = Decide(den, c, by, now); err != nil {
		return den, err
	}
	if err := d.Store.Update(ctx, tx, den); err != nil {
		return den, err
	}
	done := ways[c.Verb].done
	if err := d.Store.AddStep(ctx, tx, id, Step{Version: den.Version, Name: done, Actor: by, At: now, Note: strings.TrimSpace(c.Note)}); err != nil {
		return den, err
	}
	var payload any
	switch c.Verb {
	case Analyse, Reject:
		payload = map[string]any{"address": den.Address(), "confidence": den.Confidence}
	case Approve:
		payload = map[string]any{"address": den.Address(), "documentKind": den.DocumentKind, "documentNo": den.DocumentNo}
	case Dispatch:
		due := now.Add(d.Options.receiveWithin())
		payload = map[string]any{"address": den.Address(), "unit": den.Unit, "receiveBy": due}
		if err := d.Outbox.Owe(ctx, tx, outbox.Item{Key: receiveKey(id), Kind: "den.receive", Lane: "deadline", Record: id, DueAt: due}); err != nil {
			return den, err
		}
	case Receive:
		payload = map[string]any{"address": den.Address(), "tookMs": now.Sub(den.DispatchedAt).Milliseconds()}
		if err := d.Outbox.Forgive(ctx, tx, receiveKey(id)); err != nil {
			return den, err
		}
	}
	sightings, err := d.Store.Evidence(ctx, tx, id)
	if err != nil {
		return den, err
	}
	all, err := d.evidence(ctx, tx, sightings)
	if err != nil {
		return den, err
	}
	return den, d.note(ctx, tx, "den."+done, den, by, all, all, payload)
}
