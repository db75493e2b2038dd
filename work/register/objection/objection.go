// Package objection takes what listed subjects say against their listing
// (申诉): received, accepted or not, verified, answered. Each step has its day
// and its officer, who is never the one that designated. One that is upheld
// lifts the listing in the same transaction. How many days each step may take
// could not be read: until the operator cites it in the pack, no deadline is
// shown, and that is said.
package objection

import (
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
)

// State is where an objection stands.
type State string

// The states. NotAccepted, Upheld and Dismissed are final.
const (
	Received    State = "received"
	Accepted    State = "accepted"
	NotAccepted State = "not_accepted"
	Verified    State = "verified"
	Upheld      State = "upheld"    // the designation was wrong: lifted
	Dismissed   State = "dismissed" // it stands
)

// Open reports whether an answer is still owed.
func (s State) Open() bool { return s == Received || s == Accepted || s == Verified }

// Ground is what is objected to.
type Ground string

// The grounds. The text names the first two (JP-28); on others no clause was
// found.
const (
	Designation Ground = "designation"
	NotLifted   Ground = "not_lifted" // measures are still felt after the end
	Other       Ground = "other"
)

// Step is one step of an objection's way.
type Step struct {
	Version int64
	State   State // to which it led
	Actor   lanzha.ID
	At      time.Time
	Words   string
}

// Objection is one objection against one listing.
type Objection struct {
	ID         lanzha.ID
	Version    int64
	State      State
	Listing    lanzha.ID
	Region     lanzha.Region
	Ground     Ground
	Via        string // own, officer
	ReceivedAt time.Time
}

// The ways by which an objection comes.
const (
	ViaOwn     = "own"     // by the code on the notice
	ViaOfficer = "officer" // at the counter, by letter or telephone
)

const longestWords = 2000 // characters

// step moves an objection to a state from another, with the words of it.
func (o Objection) step(from, to State, words string) (Objection, error) {
	words = strings.TrimSpace(words)
	switch {
	case o.State != from:
		return o, lanzha.Conflict("the objection is %s; this needs one that is %s", o.State, from)
	case words == "" || utf8.RuneCountInString(words) > longestWords:
		return o, lanzha.Invalid("body.words", "say it in 1 to %d characters", longestWords)
	}
	o.Version++
	o.State = to
	return o, nil
}

// Accept decides whether the objection is dealt with.
func (o Objection) Accept(accepted bool, words string) (Objection, error) {
	to := Accepted
	if !accepted {
		to = NotAccepted
	}
	return o.step(Received, to, words)
}

// Verify records what was found.
func (o Objection) Verify(words string) (Objection, error) { return o.step(Accepted, Verified, words) }

// Answer upholds or dismisses it.
func (o Objection) Answer(upheld bool, words string) (Objection, error) {
	to := Upheld
	if !upheld {
		to = Dismissed
	}
	return o.step(Verified, to, words)
}
