// Package alert keeps what the detector says of a subject (模型告警): a number,
// an account, a device, with the rule that held, the values that fired and the
// reasons in words. An officer decides, or the rule has decided at once: the
// alert becomes a clue, a warning to be given by the community police, or a
// referral for the institution's own checks. It never becomes a stop order:
// there is no such way out. What officers and institutions find goes to the
// figures of the rule. The package also keeps who is left alone for a time
// (suppressions) and the named lists that rules ask for, and tells the detector
// of every change.
package alert

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/know/institution"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// State is where an alert stands.
type State string

// The states.
const (
	StateNew     State = "new"     // nobody has it
	StateTaken   State = "taken"   // an officer looks into it
	StateDecided State = "decided" // by an officer, or at once by the rule
)

// Decision is what an alert becomes.
type Decision string

// The decisions. There is none that stops anything.
const (
	DecisionClue      Decision = "clue"      // somebody must verify the subject
	DecisionWarning   Decision = "warning"   // the community police warn the person
	DecisionReferral  Decision = "referral"  // the institution that holds the line or account checks by itself
	DecisionDismissed Decision = "dismissed" // nothing is to be done
)

// None is the word of a rule that leaves the decision to an officer.
const None = "none"

// Verdict is what somebody who looked says of an alert.
type Verdict string

// The verdicts.
const (
	Right  Verdict = "right"
	Wrong  Verdict = "wrong"
	Unsure Verdict = "unsure"
)

// Severity is how grave a rule takes what it found.
type Severity string

// The severities.
const (
	Low    Severity = "low"
	Medium Severity = "medium"
	High   Severity = "high"
)

// NamedValue is a value that fired, as it is written: a decimal number, yuan
// with two decimals, or a time as RFC 3339; "" is absent.
type NamedValue struct {
	Name  string        `json:"name"`
	Title feature.Words `json:"title"`
	Text  string        `json:"text"`
}

// Alert is what the detector said of a subject once.
type Alert struct {
	ID          lanzha.ID
	Version     int64
	State       State
	Key         Key
	Pack        string
	PackVersion int
	PackSHA     string
	Title       feature.Words // of the rule, as it was then
	Severity    Severity
	Score       int // 0 to 100
	Subject     Subject
	Reasons     feature.Words
	Values      []NamedValue
	Kind        feed.Kind // of the event
	EventID     string    // "" where the event had none
	At          time.Time // of the event
	RaisedAt    time.Time // when it reached the desk
	Becomes     string    // what the rule wanted: clue, warning, referral, none
	Region      lanzha.Region
	Institution lanzha.ID // to which a warning or a referral was handed; empty: nobody yet

	Decision  Decision // empty until decided
	Note      string   // of the decision
	TakenBy   lanzha.ID
	TakenAt   time.Time
	DecidedBy lanzha.ID // empty: the rule
	DecidedAt time.Time

	ReceivedAt time.Time // of a referral or a warning, when the institution said so
	CheckedAt  time.Time // when it said what it found
	Verdict    Verdict   // the latest feedback
	Clue       lanzha.ID // that came of it
}

// Key tells alerts apart: the same log and the same rules give the same keys.
type Key struct {
	Log   string // the log's ID
	Seq   uint64 // the entry in it
	Index int    // the event in the entry
	Rule  string
}

// AtOnce reports whether the rule decided, and no officer.
func (a Alert) AtOnce() bool { return a.State == StateDecided && a.DecidedBy == "" }

// longestNote bounds notes and reasons, in characters.
const longestNote = 2000

func note(field, text string, needed bool) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "" && needed:
		return "", lanzha.Invalid(field, "say why")
	case utf8.RuneCountInString(text) > longestNote:
		return "", lanzha.Invalid(field, "a note has up to %d characters", longestNote)
	}
	return text, nil
}

// Take is an officer taking an alert on.
func (a Alert) Take(by lanzha.ID, now time.Time) (Alert, error) {
	if a.State != StateNew {
		return a, lanzha.Conflict("the alert is %s; this needs one that is %s", a.State, StateNew)
	}
	a.Version++
	a.State, a.TakenBy, a.TakenAt = StateTaken, by, now
	return a, nil
}

// Decide is an officer's decision, or the rule's where by is empty. A warning
// and a referral are handed to an institution; a warning may wait for one.
func (a Alert) Decide(d Decision, to institution.Institution, text string, by lanzha.ID, now time.Time) (Alert, error) {
	text, err := note("body.note", text, d == DecisionDismissed)
	switch {
	case err != nil:
		return a, err
	case a.State == StateDecided:
		return a, lanzha.Conflict("the alert is decided already")
	case d == DecisionClue && !a.Subject.Clueable():
		return a, &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: "body.decision", Message: "no clue can be opened about this subject: nobody can be asked about it",
			Hint: "clues are about numbers, accounts and devices; choose another way, or dismiss it",
		}
	case !slices.Contains([]Decision{DecisionClue, DecisionWarning, DecisionReferral, DecisionDismissed}, d):
		return a, lanzha.Invalid("body.decision", "must be clue, warning, referral or dismissed")
	case to.ID != "" && (d == DecisionClue || d == DecisionDismissed):
		return a, lanzha.Invalid("body.institution", "only a warning or a referral is handed to an institution")
	}
	was := a
	a.Version++
	a.State, a.Decision, a.Note, a.DecidedBy, a.DecidedAt = StateDecided, d, text, by, now
	if d == DecisionReferral && to.ID == "" {
		return was, &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: "body.institution", Message: "the directory knows nobody who holds this subject",
			Hint: "name the institution",
		}
	}
	if to.ID != "" {
		if a, err = a.give(to); err != nil {
			return was, err
		}
	}
	return a, nil
}

// Hand gives a warning or a referral to an institution, or to another one as
// long as nobody has received it.
func (a Alert) Hand(to institution.Institution) (Alert, error) {
	switch {
	case a.Decision != DecisionWarning && a.Decision != DecisionReferral:
		return a, lanzha.Conflict("only a warning or a referral is handed to an institution")
	case !a.ReceivedAt.IsZero():
		return a, lanzha.Conflict("the institution has received it already")
	}
	was := a
	a.Version++
	a, err := a.give(to)
	if err != nil {
		return was, err
	}
	return a, nil
}

// receivers are the kinds of institutions that take what an alert became.
var receivers = map[Decision][]institution.Kind{
	DecisionWarning:  {institution.Police, institution.Community},
	DecisionReferral: {institution.Bank, institution.Payment, institution.Carrier},
}

func (a Alert) give(to institution.Institution) (Alert, error) {
	switch {
	case to.Disabled:
		return a, lanzha.Invalid("body.institution", "this unit is not worked with any more")
	case !slices.Contains(receivers[a.Decision], to.Kind) && a.Decision == DecisionWarning:
		return a, lanzha.Invalid("body.institution", "a warning goes to the police or the community of the place")
	case !slices.Contains(receivers[a.Decision], to.Kind):
		return a, lanzha.Invalid("body.institution", "a referral goes to a bank, a payment firm or a carrier")
	}
	a.Institution = to.ID
	return a, nil
}

// Receive is the institution saying that it has what was handed to it.
func (a Alert) Receive(now time.Time) (Alert, error) {
	switch {
	case a.Institution == "":
		return a, lanzha.Conflict("only a warning or a referral is handed to an institution")
	case !a.ReceivedAt.IsZero():
		return a, lanzha.Conflict("the institution has received it already")
	}
	a.Version++
	a.ReceivedAt = now
	return a, nil
}

// Feedback is what somebody found.
type Feedback struct {
	ID          lanzha.ID
	Verdict     Verdict
	Note        string
	Actor       lanzha.ID
	Institution lanzha.ID // of the actor; empty: the centre
	At          time.Time
}

// Judge takes feedback; the institution's own also says that it has checked.
func (a Alert) Judge(f Feedback) (Alert, Feedback, error) {
	if !slices.Contains([]Verdict{Right, Wrong, Unsure}, f.Verdict) {
		return a, f, lanzha.Invalid("body.verdict", "must be right, wrong or unsure")
	}
	var err error
	if f.Note, err = note("body.note", f.Note, false); err != nil {
		return a, f, err
	}
	a.Version++
	a.Verdict = f.Verdict
	if f.Institution != "" && f.Institution == a.Institution {
		a.CheckedAt = f.At
		if a.ReceivedAt.IsZero() {
			a.ReceivedAt = f.At
		}
	}
	return a, f, nil
}
