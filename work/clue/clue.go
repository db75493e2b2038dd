// Package clue keeps what someone must verify: a number, an account, a device,
// an address of a site. There is one clue for one value, whoever reports it and
// how often. The package asks institutions about clues (lookups) and follows
// their answers; what is done to a clue (disposal) and where clues meet (den)
// are the rooms below it.
package clue

import (
	"strings"
	"time"

	"lanzha"
	"lanzha/work/report/extract"
)

// Kind is what a clue is.
type Kind string

// The kinds. They are those of package extract that someone can be asked
// about, and the devices that the detector tells of.
const (
	KindMobile        Kind = "mobile"
	KindFixed         Kind = "fixed"
	KindService       Kind = "service"
	KindInternational Kind = "international"
	KindCard          Kind = "card"
	KindAccount       Kind = "account"
	KindURL           Kind = "url"
	KindDomain        Kind = "domain"
	KindApp           Kind = "app"
	KindIM            Kind = "im"
	KindDevice        Kind = "device" // by its IMEI; only alerts tell of one
)

// Kinds lists them in the order of the console.
var Kinds = []Kind{KindMobile, KindFixed, KindService, KindInternational, KindCard, KindAccount, KindURL, KindDomain, KindApp, KindIM, KindDevice}

// KindOf says which clue a find becomes; amounts, times and ID numbers become
// none.
func KindOf(f extract.Find) (Kind, bool) {
	k := Kind(f.Kind)
	return k, k.Valid()
}

// Valid reports whether k is one of Kinds.
func (k Kind) Valid() bool {
	for _, known := range Kinds {
		if k == known {
			return true
		}
	}
	return false
}

// IsLine reports whether the clue is a line that a carrier can name the
// subscriber of.
func (k Kind) IsLine() bool { return k == KindMobile || k == KindFixed }

// Truth is what is thought of a caller number: the number presented on a call
// may be false, and whoever asks its carrier must see that.
type Truth string

// The truths.
const (
	TruthUnknown      Truth = "unknown"
	TruthTrue         Truth = "true"         // the line itself called
	TruthSpoofed      Truth = "spoofed"      // somebody else presented it
	TruthIntermediate Truth = "intermediate" // a line of a platform or a GOIP between caller and victim
)

// Valid reports whether t is one of the truths.
func (t Truth) Valid() bool {
	return t == TruthUnknown || t == TruthTrue || t == TruthSpoofed || t == TruthIntermediate
}

// State is where a clue stands.
type State string

// The states.
const (
	StateOpen     State = "open"     // somebody must verify it
	StateVerified State = "verified" // an institution has answered about it
	StateClosed   State = "closed"   // nothing more is to be done
)

// Clue is one value to verify.
type Clue struct {
	ID          lanzha.ID
	Version     int64
	Kind        Kind
	Value       string // canonical: "+8613888812345", "6222...", "example.com", "wechat:abc"
	Truth       Truth
	State       State
	Institution lanzha.ID     // who must answer by the directory; empty when nobody is known
	Carrier     string        // by the number plan, before porting; empty for what is no number
	Home        lanzha.Region // where the number plan puts it
	Reports     int64         // how often it was reported, leads among them
	OpenedAt    time.Time
	DueAt       time.Time // the soonest deadline of a pending lookup; zero is none
	DueFrom     time.Time // when that deadline began to run
	Via         lanzha.ID // the clue through which this one was found; empty when it stands by itself
	CloseReason string
}

// noDeadline sorts clues without a deadline behind those with one, the newest
// first. It lies beyond every instant.
const noDeadline = int64(1) << 61

// rank is the place of a clue in lists: late first, then soonest deadline,
// then the newest.
func (c Clue) rank() int64 {
	if !c.DueAt.IsZero() {
		return int64(lanzha.At(c.DueAt))
	}
	return noDeadline - int64(lanzha.At(c.OpenedAt))
}

// Judge sets what is thought of the caller number.
func Judge(c Clue, t Truth) (Clue, error) {
	if !t.Valid() {
		return c, lanzha.Invalid("body.truth", "must be unknown, true, spoofed or intermediate")
	}
	if c.State == StateClosed {
		return c, lanzha.Conflict("the clue is closed")
	}
	c.Truth = t
	c.Version++
	return c, nil
}

// Close ends a clue with a reason. Pending lookups must end first: a question
// that is out cannot be unasked.
func Close(c Clue, reason string) (Clue, error) {
	switch {
	case c.State == StateClosed:
		return c, lanzha.Conflict("the clue is closed already")
	case !c.DueAt.IsZero():
		return c, &lanzha.Error{Code: lanzha.CodeConflict, Message: "a lookup about this clue is still open", Hint: "wait for the answer, or cancel the lookup"}
	case strings.TrimSpace(reason) == "":
		return c, lanzha.Invalid("body.reason", "say why nothing more is to be done")
	}
	c.State, c.CloseReason = StateClosed, strings.TrimSpace(reason)
	c.Version++
	return c, nil
}
