// Package den finds the places that independent clues point to. Answers about
// lines come in as sightings of a place; two clues that stand by themselves at
// one place raise a suspected den, which people judge, approve, check on site,
// and confirm or not. It tails the journal for answers; it never asks for one,
// and it never decides what only people may decide.
package den

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/know/institution"
	"lanzha/know/place"
)

// State is where a den stands.
type State string

// The states. The last three are final.
const (
	Suspected    State = "suspected"     // clues met; an analyst must judge
	Analysed     State = "analysed"      // judged worth a check; a leader must approve
	Approved     State = "approved"      // with the document that entry needs
	Dispatched   State = "dispatched"    // handed to the police of the place
	Received     State = "received"      // they have it
	Confirmed    State = "confirmed"     // checked on site: a den
	NothingFound State = "nothing_found" // checked on site: nothing
	Dismissed    State = "dismissed"     // judged not worth a check
)

// States lists them in the order of the work.
var States = []State{Suspected, Analysed, Approved, Dispatched, Received, Confirmed, NothingFound, Dismissed}

// Final reports whether nothing more is to be done.
func (s State) Final() bool { return s == Confirmed || s == NothingFound || s == Dismissed }

// Verb is what somebody does to a den. The action that allows it is "den."
// and the verb.
type Verb string

// The verbs.
const (
	Analyse     Verb = "analyse"
	Dismiss     Verb = "dismiss"
	Approve     Verb = "approve"
	Reject      Verb = "reject"
	Dispatch    Verb = "dispatch"
	Receive     Verb = "receive"
	Confirm     Verb = "confirm"
	FindNothing Verb = "nothing_found"
)

// Action is what the gate knows the verb by.
func (v Verb) Action() string { return "den." + string(v) }

// way is one edge of the state machine; done names the step and, after "den.",
// the journal row.
type way struct {
	from, to State
	done     string
}

var ways = map[Verb]way{
	Analyse:     {Suspected, Analysed, "analysed"},
	Dismiss:     {Suspected, Dismissed, "dismissed"},
	Approve:     {Analysed, Approved, "approved"},
	Reject:      {Analysed, Suspected, "rejected"},
	Dispatch:    {Approved, Dispatched, "dispatched"},
	Receive:     {Dispatched, Received, "received"},
	Confirm:     {Received, Confirmed, "confirmed"},
	FindNothing: {Received, NothingFound, "nothing_found"},
}

// DocumentKind is what document lets the police enter.
type DocumentKind string

// The kinds of documents.
const (
	Inspection DocumentKind = "inspection" // 检查证
	Search     DocumentKind = "search"     // 搜查证
)

// Devices counts what was found on site.
type Devices struct {
	GOIP     int `json:"goip" required:"false" minimum:"0" maximum:"100000"`
	Router   int `json:"router" required:"false" minimum:"0" maximum:"100000"`
	SIMPool  int `json:"simPool" required:"false" minimum:"0" maximum:"100000"`
	Phone    int `json:"phone" required:"false" minimum:"0" maximum:"100000"`
	Computer int `json:"computer" required:"false" minimum:"0" maximum:"100000"`
}

// Cards counts phone cards and bank cards.
type Cards struct {
	Phone int `json:"phone" required:"false" minimum:"0" maximum:"1000000"`
	Bank  int `json:"bank" required:"false" minimum:"0" maximum:"1000000"`
}

// Outcome is what a check on site found.
type Outcome struct {
	People  int     `json:"people" minimum:"0" maximum:"10000" doc:"persons arrested or taken along"`
	Devices Devices `json:"devices" required:"false"`
	Cards   Cards   `json:"cards" required:"false"`
	Note    string  `json:"note" required:"false" maxLength:"2000"`
}

// empty reports whether nothing was found; a note alone is nothing.
func (o Outcome) empty() bool {
	o.Note = ""
	return o == Outcome{}
}

// Den is a place that independent clues point to.
type Den struct {
	ID      lanzha.ID
	Version int64
	State   State

	Key        string        // the building, as place.Key had it when the den was raised
	Place      place.Address // what the evidence agrees on; fixed once an analyst has judged it
	Region     lanzha.Region // of the place: the den's scope
	Confidence Confidence
	Reasons    []Reason
	Clues      int64 // how many clues its evidence has

	AnalysedBy   lanzha.ID // of the judgement that stands; empty until then
	ApprovedBy   lanzha.ID
	DocumentKind DocumentKind
	DocumentNo   string
	Unit         lanzha.ID // the police unit that it was dispatched to

	SuspectedAt  time.Time
	ApprovedAt   time.Time
	DispatchedAt time.Time
	FinishedAt   time.Time // when it was confirmed, dismissed or nothing was found
	CheckedAt    time.Time // when the police were on site
	Outcome      Outcome   // of a confirmed den, or of one where nothing was found
}

// Address is the place as it is written out.
func (d Den) Address() string { return d.Place.String() }

// Command is what somebody does, with what it takes.
type Command struct {
	Verb Verb
	Note string // Analyse: the opinion; Dismiss, Reject: the reason; FindNothing: what was seen

	DocumentKind DocumentKind            // Approve
	DocumentNo   string                  // Approve
	Unit         institution.Institution // Dispatch
	Outcome      Outcome                 // Confirm
	CheckedAt    time.Time               // Confirm, FindNothing; zero means now
}

// longestNote bounds opinions and reasons, in characters.
const longestNote = 2000

// Decide does a command to a den. Its errors are CodeConflict where the state
// does not allow it, CodeForbidden where the same person would decide twice,
// and CodeInvalid where something that it takes is missing.
func Decide(d Den, c Command, by lanzha.ID, now time.Time) (Den, error) {
	w, ok := ways[c.Verb]
	if !ok {
		return d, lanzha.Invalid("verb", "there is no such step")
	}
	if d.State != w.from {
		return d, lanzha.Conflict("the den is %s; this needs one that is %s", d.State, w.from)
	}
	c.Note, c.DocumentNo = strings.TrimSpace(c.Note), strings.TrimSpace(c.DocumentNo)
	if utf8.RuneCountInString(c.Note) > longestNote {
		return d, lanzha.Invalid("body.note", "a note has up to %d characters", longestNote)
	}
	was := d
	d.State = w.to
	d.Version++
	var err error
	switch c.Verb {
	case Analyse, Dismiss, Reject:
		err = d.judge(c, by, now)
	case Approve:
		err = d.approve(c, by, now)
	case Dispatch:
		err = d.dispatch(c, now)
	case Confirm, FindNothing:
		err = d.check(c, now)
	}
	if err != nil {
		return was, err
	}
	return d, nil
}

func (d *Den) judge(c Command, by lanzha.ID, now time.Time) error {
	switch {
	case c.Note == "" && c.Verb == Analyse:
		return lanzha.Invalid("body.opinion", "an analysis states the analyst's opinion")
	case c.Note == "":
		return lanzha.Invalid("body.reason", "say why")
	case c.Verb == Reject && by == d.AnalysedBy:
		return errTwice("reject")
	}
	switch c.Verb {
	case Analyse:
		d.AnalysedBy = by
	case Reject:
		d.AnalysedBy = ""
	case Dismiss:
		d.FinishedAt = now
	}
	return nil
}

// approve is the decision to enter: another person than the analyst, and the
// document that the law wants (检查证 for a check of a place, 搜查证 in a case).
func (d *Den) approve(c Command, by lanzha.ID, now time.Time) error {
	switch {
	case by == "" || by == d.AnalysedBy:
		return errTwice("approve")
	case c.DocumentKind != Inspection && c.DocumentKind != Search:
		return lanzha.Invalid("body.documentKind", "entry needs a 检查证 (inspection) or a 搜查证 (search)")
	case c.DocumentNo == "" || utf8.RuneCountInString(c.DocumentNo) > 100:
		return lanzha.Invalid("body.documentNo", "entry needs the number of its document, of up to 100 characters")
	}
	d.ApprovedBy, d.ApprovedAt, d.DocumentKind, d.DocumentNo = by, now, c.DocumentKind, c.DocumentNo
	return nil
}

func errTwice(verb string) error {
	e := lanzha.Forbidden("who analysed a den cannot %s it", verb)
	e.Hint = "ask another leader"
	return e
}

func (d *Den) dispatch(c Command, now time.Time) error {
	u := c.Unit
	switch {
	case u.Kind != institution.Police:
		return lanzha.Invalid("body.institution", "a den goes to a police unit")
	case u.Disabled:
		return lanzha.Invalid("body.institution", "this unit is not worked with any more")
	case d.Region == "" || !u.Region.Contains(d.Region):
		return &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: "body.institution", Message: "the place does not lie in this unit's region",
			Hint: "choose a unit of the district in which the place lies, or of its city",
		}
	}
	d.Unit, d.DispatchedAt = u.ID, now
	return nil
}

func (d *Den) check(c Command, now time.Time) error {
	if c.CheckedAt.IsZero() {
		c.CheckedAt = now
	}
	// Nobody enters before the decision, and nobody reports what is still to come.
	if c.CheckedAt.Before(d.ApprovedAt) || c.CheckedAt.After(now) {
		return lanzha.Invalid("body.checkedAt", "the check lies between the approval and now")
	}
	d.CheckedAt, d.FinishedAt = c.CheckedAt.UTC(), now
	if c.Verb == FindNothing {
		if c.Note == "" {
			return lanzha.Invalid("body.note", "say what was seen on site")
		}
		d.Outcome = Outcome{Note: c.Note}
		return nil
	}
	o := c.Outcome
	o.Note = strings.TrimSpace(o.Note)
	counts := []int{o.People, o.Devices.GOIP, o.Devices.Router, o.Devices.SIMPool, o.Devices.Phone, o.Devices.Computer, o.Cards.Phone, o.Cards.Bank}
	switch {
	case slices.Min(counts) < 0:
		return lanzha.Invalid("body.outcome", "a count is zero or more")
	case o.empty():
		return &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: "body.outcome", Message: "a confirmed den has people, devices or cards",
			Hint: "where there was nothing, say nothing found: that is an outcome too",
		}
	case utf8.RuneCountInString(o.Note) > longestNote:
		return lanzha.Invalid("body.outcome.note", "a note has up to %d characters", longestNote)
	}
	d.Outcome = o
	return nil
}
