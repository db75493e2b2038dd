package alert

import (
	"context"
	"regexp"
	"strings"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
)

// Change is one change of what the detector says, as it is told. Changes are
// delivered at least once, and a repeat changes nothing.
type Change struct {
	List     *ListChange     // one of the two is set
	Suppress *SuppressChange //
	By       lanzha.ID       // empty: the house
	Why      string
}

// ListChange puts a value on a named list or takes it off.
type ListChange struct {
	List   string
	Domain string        // as DomainName writes it
	Value  string        // as events write it
	Until  lanzha.Micros // 0: without an end
	Remove bool
}

// SuppressChange leaves a subject alone until an instant, or no longer.
type SuppressChange struct {
	Rule   string // "" is every rule
	Domain string
	Value  string
	Until  lanzha.Micros
	Lift   bool
}

// Changer takes changes into the event log; the detector is one. An error means
// that the change was not taken, or that this is not known: it comes again.
type Changer interface {
	Change(ctx context.Context, c Change) error
}

// Standing is where a suppression or an entry stands.
type Standing string

// The standings.
const (
	InForce Standing = "in_force"
	Over    Standing = "over"   // its time has passed
	Removed Standing = "lifted" // early, by somebody
)

// Suppression leaves a subject alone that is known to be good.
type Suppression struct {
	ID       lanzha.ID
	Version  int64
	Rule     string // "" is every rule
	Subject  Subject
	Region   lanzha.Region
	Alert    lanzha.ID // that led to it; empty: none
	Until    time.Time
	Why      string
	MadeBy   lanzha.ID
	MadeAt   time.Time
	LiftedBy lanzha.ID
	LiftedAt time.Time // zero: not lifted
	LiftWhy  string
	Told     int64 // the version that the detector has
}

// Standing is where it stands.
func (s Suppression) Standing(now time.Time) Standing {
	switch {
	case s.LiftedBy != "":
		return Removed
	case !s.Until.After(now):
		return Over
	}
	return InForce
}

// changes are what the detector is told: one change for each form of the value.
func (s Suppression) changes() []Change {
	out := []Change{}
	for _, form := range s.Subject.Forms() {
		c := Change{By: s.MadeBy, Why: s.Why, Suppress: &SuppressChange{Rule: s.Rule, Domain: DomainName(s.Subject.Domain), Value: form, Until: lanzha.At(s.Until)}}
		if s.LiftedBy != "" {
			c.Suppress.Lift, c.By, c.Why = true, s.LiftedBy, s.LiftWhy
		}
		out = append(out, c)
	}
	return out
}

// Entry is a value on a named list.
type Entry struct {
	ID        lanzha.ID
	Version   int64
	List      string
	Subject   Subject
	Clue      lanzha.ID // whose value it is, where the house keeps the list; empty: entered by hand
	Until     time.Time // zero: without an end
	Why       string
	MadeBy    lanzha.ID
	MadeAt    time.Time
	RemovedBy lanzha.ID
	RemovedAt time.Time // zero: not removed
	RemoveWhy string
	Told      int64
}

// Standing is where it stands.
func (e Entry) Standing(now time.Time) Standing {
	over := !e.Until.IsZero() && !e.Until.After(now)
	switch {
	case !e.RemovedAt.IsZero() && (e.RemovedBy != "" || e.Clue != ""):
		return Removed
	case over:
		return Over
	}
	return InForce
}

func (e Entry) changes() []Change {
	out := []Change{}
	for _, form := range e.Subject.Forms() {
		c := Change{By: e.MadeBy, Why: e.Why, List: &ListChange{List: e.List, Domain: DomainName(e.Subject.Domain), Value: form, Until: lanzha.At(e.Until)}}
		if !e.RemovedAt.IsZero() {
			c.List.Remove, c.By, c.Why = true, e.RemovedBy, e.RemoveWhy
		}
		out = append(out, c)
	}
	return out
}

// The lists that the house keeps by itself.
const (
	ClueList = "clues" // values of open clues
	DenList  = "dens"  // values of clues at confirmed dens, for a year
)

// denListFor is how long a value stays on DenList: carriers give a number that
// was closed to somebody else after a while.
const denListFor = 365 * 24 * time.Hour

// IsHouseList reports whether nobody enters values by hand.
func IsHouseList(name string) bool { return name == ClueList || name == DenList }

var listName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// longestSuppression is how far ahead a suppression may end: whoever is known
// to be good is looked at anew each year.
const longestSuppression = 366 * 24 * time.Hour

// errOff is a change that no detector of this house would hear of.
func errOff() error {
	return &lanzha.Error{
		Code: lanzha.CodeUnavailable, Message: "this house runs no detector", Hint: "turn it on by detect.on",
	}
}

// Suppress leaves a subject alone for a time.
func (d *Desk) Suppress(ctx context.Context, tx *sqldb.Tx, s Suppression) (Suppression, error) {
	now := d.Now()
	var err error
	if d.Changer == nil {
		return s, errOff()
	}
	if s.Why, err = note("body.why", s.Why, true); err != nil {
		return s, err
	}
	if s.Subject.Value = strings.TrimSpace(s.Subject.Value); s.Subject.Value == "" {
		return s, lanzha.Invalid("body.value", "say what is left alone")
	}
	if !s.Until.After(now) || s.Until.Sub(now) > longestSuppression {
		return s, lanzha.Invalid("body.until", "a suppression ends after now and within a year")
	}
	s.ID, s.Version, s.MadeAt = d.IDs.Next(), 1, now
	if err := d.Store.insertSuppression(ctx, tx, s, now); err != nil {
		return s, err
	}
	return s, d.suppressed(ctx, tx, "suppression.made", s, s.MadeBy)
}

// Lift ends a suppression early, in the version that was read.
func (d *Desk) Lift(ctx context.Context, tx *sqldb.Tx, id lanzha.ID, version int64, why string, by lanzha.ID) (Suppression, error) {
	s, err := d.Store.suppressionLocked(ctx, tx, id)
	if err != nil {
		return s, err
	}
	why, err = note("body.reason", why, true)
	switch {
	case d.Changer == nil:
		return s, errOff()
	case err != nil:
		return s, err
	case s.Version != version:
		return s, lanzha.Conflict("somebody changed this suppression before you")
	case s.Standing(d.Now()) != InForce:
		return s, lanzha.Conflict("the suppression is over already")
	}
	s.Version++
	s.LiftedBy, s.LiftedAt, s.LiftWhy = by, d.Now(), why
	if err := d.Store.updateSuppression(ctx, tx, s); err != nil {
		return s, err
	}
	return s, d.suppressed(ctx, tx, "suppression.lifted", s, by)
}

// suppressed leaves the journal row of a suppression and owes the detector the
// news of it.
func (d *Desk) suppressed(ctx context.Context, tx *sqldb.Tx, kind string, s Suppression, by lanzha.ID) error {
	if err := d.Journal.Append(ctx, tx, d.Now(), journal.Entry{
		Kind: kind, Record: s.ID, About: []lanzha.ID{s.Alert}, Version: s.Version, Actor: by, Region: s.Region,
		Payload: map[string]any{"rule": s.Rule, "domain": DomainName(s.Subject.Domain), "subject": lanzha.Mask(s.Subject.Value), "until": s.Until, "alert": s.Alert},
	}); err != nil {
		return err
	}
	return d.Outbox.Owe(ctx, tx, d.news("suppression.tell", s.ID, s.Version))
}

// news is what is owed to the detector about one version of a record.
func (d *Desk) news(kind string, id lanzha.ID, version int64) outbox.Item {
	return outbox.Item{Key: tellKey(id, version), Kind: kind, Lane: "detector", Record: id, DueAt: d.Now()}
}

// Enter puts a value on a named list by hand.
func (d *Desk) Enter(ctx context.Context, tx *sqldb.Tx, e Entry) (Entry, error) {
	now := d.Now()
	var err error
	switch {
	case d.Changer == nil:
		return e, errOff()
	case !listName.MatchString(e.List):
		return e, lanzha.Invalid("list", "a list is named in small letters, digits and dashes")
	case IsHouseList(e.List):
		return e, errHouseList()
	}
	if e.Why, err = note("body.why", e.Why, true); err != nil {
		return e, err
	}
	if e.Subject.Value = strings.TrimSpace(e.Subject.Value); e.Subject.Value == "" {
		return e, lanzha.Invalid("body.value", "say what is put on the list")
	}
	if err := ends(e.Until, now); err != nil {
		return e, err
	}
	e.ID, e.Version, e.MadeAt = d.IDs.Next(), 1, now
	if fresh, err := d.Store.insertEntry(ctx, tx, e, now); err != nil {
		return e, err
	} else if !fresh {
		return e, &lanzha.Error{Code: lanzha.CodeConflict, Message: "the value is on this list already", Hint: "change the entry that is there"}
	}
	return e, d.listed(ctx, tx, "namedlist.added", e, e.MadeBy)
}

func ends(until, now time.Time) error {
	if !until.IsZero() && !until.After(now) {
		return lanzha.Invalid("body.until", "the end lies after now, or is left out")
	}
	return nil
}

func errHouseList() error {
	return &lanzha.Error{
		Code: lanzha.CodeConflict, Message: "the house keeps this list by itself",
		Hint: "open or close the clue; confirmed dens enter their clues",
	}
}

// Keep changes until when an entry holds and why.
func (d *Desk) Keep(ctx context.Context, tx *sqldb.Tx, list string, id lanzha.ID, version int64, until time.Time, why string, by lanzha.ID) (Entry, error) {
	e, err := d.entryToChange(ctx, tx, list, id, version)
	if err != nil {
		return e, err
	}
	if e.Why, err = note("body.why", why, true); err != nil {
		return e, err
	}
	if err := ends(until, d.Now()); err != nil {
		return e, err
	}
	e.Version++
	e.Until = until
	if err := d.Store.updateEntry(ctx, tx, e); err != nil {
		return e, err
	}
	return e, d.listed(ctx, tx, "namedlist.changed", e, by)
}

// TakeOff takes an entry off its list.
func (d *Desk) TakeOff(ctx context.Context, tx *sqldb.Tx, list string, id lanzha.ID, version int64, why string, by lanzha.ID) (Entry, error) {
	e, err := d.entryToChange(ctx, tx, list, id, version)
	if err != nil {
		return e, err
	}
	if why, err = note("body.reason", why, true); err != nil {
		return e, err
	}
	return d.takeOff(ctx, tx, e, why, by)
}

func (d *Desk) takeOff(ctx context.Context, tx *sqldb.Tx, e Entry, why string, by lanzha.ID) (Entry, error) {
	e.Version++
	e.RemovedBy, e.RemovedAt, e.RemoveWhy = by, d.Now(), why
	if err := d.Store.updateEntry(ctx, tx, e); err != nil {
		return e, err
	}
	return e, d.listed(ctx, tx, "namedlist.removed", e, by)
}

func (d *Desk) entryToChange(ctx context.Context, tx *sqldb.Tx, list string, id lanzha.ID, version int64) (Entry, error) {
	e, err := d.Store.entryLocked(ctx, tx, id)
	switch {
	case err != nil:
		return e, err
	case e.List != list:
		return e, lanzha.NotFound("entry")
	case d.Changer == nil:
		return e, errOff()
	case e.Clue != "":
		return e, errHouseList()
	case e.Version != version:
		return e, lanzha.Conflict("somebody changed this entry before you")
	case e.Standing(d.Now()) != InForce:
		return e, lanzha.Conflict("the entry is over already")
	}
	return e, nil
}

// listed leaves the journal row of an entry and owes the detector the news.
func (d *Desk) listed(ctx context.Context, tx *sqldb.Tx, kind string, e Entry, by lanzha.ID) error {
	payload := map[string]any{"list": e.List, "domain": DomainName(e.Subject.Domain), "subject": lanzha.Mask(e.Subject.Value)}
	if !e.Until.IsZero() {
		payload["until"] = e.Until
	}
	if e.Clue == "" { // what the house keeps follows from rows of the clue
		if err := d.Journal.Append(ctx, tx, d.Now(), journal.Entry{Kind: kind, Record: e.ID, Version: e.Version, Actor: by, Region: d.Centre, Payload: payload}); err != nil {
			return err
		}
	}
	return d.Outbox.Owe(ctx, tx, d.news("namedlist.tell", e.ID, e.Version))
}

// filled reads the value of an entry that the house keeps from its clue.
func (d *Desk) filled(ctx context.Context, q sqldb.Queryer, e Entry) (Entry, error) {
	if e.Clue == "" {
		return e, nil
	}
	var err error
	e.Subject, err = d.Clue(ctx, q, e.Clue)
	return e, err
}
