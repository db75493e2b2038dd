// Package register keeps the joint-punishment register (联合惩戒): who was
// listed, by which article, on which facts, which measures bind, until when,
// and what stays open to the person. Officers propose on facts that a rule pack
// evaluates; leaders of the level that the row names decide. Whether a measure
// binds is computed from dates when asked: nothing flips a state, and the end
// comes by itself. The centre does not execute measures: it lists, hands the
// lists upward, and follows what comes back.
package register

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/know/policy"
)

// Class is by which of the two ways a subject came to be listed.
type Class string

// The classes.
const (
	ClassA Class = "A" // criminally punished (JP-03)
	ClassB Class = "B" // designated by a police organ of a districted city or above (JP-04)
)

// Measure is one measure of a listing, frozen as it was decided: what it is, on
// which row of the pack it stands, whom it binds, and what it leaves open. The
// words for kind, measure, service and institution are the pack's.
type Measure struct {
	Row         string          `json:"row"` // a measure without one does not exist
	Kind        string          `json:"kind" doc:"financial, telecom, credit"`
	Measure     string          `json:"measure" doc:"restrict, stop, suspend, refuse ..."`
	Service     string          `json:"service" doc:"on what it binds: payment_account, new_telecom_service ..."`
	Institution string          `json:"institution" doc:"whom it binds: bank, payment_firm, carrier ..."`
	Words       policy.Words    `json:"words"`
	Citation    policy.Citation `json:"citation"` // a measure without one does not exist
	Keeps       *Kept           `json:"keeps,omitempty" doc:"what stays open; absent is nothing"`
}

// Kept is what a measure leaves open, so that basic needs are met.
type Kept struct {
	Item     string          `json:"item"`
	Row      string          `json:"row"`
	Words    policy.Words    `json:"words"`
	Citation policy.Citation `json:"citation"`
}

// Listing is one designation of one subject (认定).
type Listing struct {
	ID      lanzha.ID
	Version int64
	Subject lanzha.ID
	// Kind is the subject's, kept here for lists.
	Kind     SubjectKind
	Region   lanzha.Region // of the organ that decided: the listing's scope
	Proposal lanzha.ID     // "" of a record that was imported

	Pack       policy.Ref // what it was decided by; of an older regime only the name is set
	Class      Class      // "" of an older regime
	Grounds    []string   // "A", "B1" ... as the pack has them; of an older regime its own words
	Measures   []Measure
	Keeps      []Kept // all that stays open, also what no measure comes near
	TermMonths int    // 0 of an older regime, which keeps its own dates
	CapMonths  int    // how long a continuous run may last at most; 0 is no cap

	DecidedOn  Day
	Start      Day  // from which the term counts; "" is not known: imprisoned and not released
	Span       Span // when it binds, all listings of the subject considered
	DocumentNo string
	ProposedBy lanzha.ID
	DecidedBy  lanzha.ID // the designator; "" of a record that was imported
	MadeAt     time.Time

	LiftedAt   time.Time // zero: it was not lifted
	LiftedBy   lanzha.ID
	LiftGround LiftGround
	LiftReason string
	ErasedAt   time.Time // when the personal fields were erased
}

// Older reports whether a listing was made under rules before the pack: it
// keeps its own term and is never computed anew.
func (l Listing) Older() bool { return l.Pack.SHA256 == "" }

// LiftGround is why a listing was lifted before its end.
type LiftGround string

// The grounds.
const (
	Wrong   LiftGround = "wrong"   // found wrong by the organ itself
	Upheld  LiftGround = "upheld"  // an objection was upheld
	Ordered LiftGround = "ordered" // a court or a higher organ ordered it
)

// State is where a listing stands on a day. It is computed, never stored.
type State string

// The states.
const (
	Pending  State = "pending"  // the start is not known: whether anything binds before it is not said by the text that could be read
	Upcoming State = "upcoming" // the start is known and has not come
	Running  State = "running"  // its measures bind
	Ended    State = "ended"    // the term is over
	Lifted   State = "lifted"
)

// States lists them.
var States = []State{Pending, Upcoming, Running, Ended, Lifted}

// State is where the listing stands on a day. A lifting counts from the moment
// it was done, whatever the day.
func (l Listing) State(day Day) State {
	switch {
	case !l.LiftedAt.IsZero():
		return Lifted
	case l.Span.From == "":
		return Pending
	case day < l.Span.From:
		return Upcoming
	case l.Span.Binds(day):
		return Running
	}
	return Ended
}

// Binding lists the measures that bind on a day: all of a listing that runs,
// else none.
func (l Listing) Binding(day Day) []Measure {
	if l.State(day) != Running {
		return nil
	}
	return l.Measures
}

const longestReason = 2000 // characters

// Lift ends a listing at once. Its error is CodeConflict when it was lifted or
// is over, CodeInvalid without a reason.
func (l Listing) Lift(ground LiftGround, reason string, by lanzha.ID, now time.Time, zone *time.Location) (Listing, error) {
	reason = strings.TrimSpace(reason)
	switch state := l.State(DayOf(now, zone)); {
	case state == Lifted:
		return l, lanzha.Conflict("the listing was lifted already")
	case state == Ended:
		return l, lanzha.Conflict("the listing is over: it ended by itself on %s", l.Span.Until)
	case !slices.Contains([]LiftGround{Wrong, Upheld, Ordered}, ground):
		return l, lanzha.Invalid("body.ground", "a listing is lifted as wrong, upheld or ordered")
	case reason == "" || utf8.RuneCountInString(reason) > longestReason:
		return l, lanzha.Invalid("body.reason", "say why, in up to %d characters", longestReason)
	}
	l.Version++
	l.LiftedAt, l.LiftedBy, l.LiftGround, l.LiftReason = now, by, ground, reason
	return l, nil
}

// Release sets the day on which the sentence was served, from which the term
// counts; it may lie before the listing, and not before the judgment, whose day
// may be "". Its error is CodeConflict when the start is known.
func (l Listing) Release(on, judged Day, now time.Time, zone *time.Location) (Listing, error) {
	switch {
	case !l.LiftedAt.IsZero():
		return l, lanzha.Conflict("the listing was lifted")
	case l.Start != "":
		return l, lanzha.Conflict("the term counts from %s already", l.Start)
	case on == "" || on < judged:
		return l, lanzha.Invalid("body.releasedOn", "the sentence was served after the judgment of %s", judged)
	case on > DayOf(now, zone):
		return l, lanzha.Invalid("body.releasedOn", "the release lies in the future: record it when it has come")
	}
	l.Version++
	l.Start = on
	return l, nil
}
