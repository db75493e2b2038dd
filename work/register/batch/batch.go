// Package batch hands the register upward (上报): what was listed, dated or
// lifted is gathered by an officer, handed to the platform's gateway, and
// followed. The ministry hands the lists over, their trades execute them; the
// centre executes nothing. What they report back is kept for each listing and
// measure, and chased where the operator says so.
package batch

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// State is where a batch stands.
type State string

// The states. The last two are final; what a refused batch held waits again.
const (
	Made         State = "made"   // gathered, to be looked at
	Handed       State = "handed" // to the gateway
	Sent         State = "sent"   // the signed file is written
	Acknowledged State = "acknowledged"
	Refused      State = "refused"
)

// Action is what an entry tells of a listing.
type Action string

// The actions.
const (
	List Action = "list"
	Date Action = "date" // its dates are known now, or others than were handed up
	Lift Action = "lift"
)

// Batch is what goes up at once.
type Batch struct {
	ID         lanzha.ID
	Version    int64
	State      State
	Region     lanzha.Region
	Entries    int64
	MadeBy     lanzha.ID
	MadeAt     time.Time
	HandedBy   lanzha.ID
	HandedAt   time.Time
	SentAt     time.Time
	PlatformNo string
	ReceiptAt  time.Time
	Reason     string
}

// Entry is one change of one listing.
type Entry struct {
	ID       lanzha.ID
	Listing  lanzha.ID
	Action   Action
	Region   lanzha.Region
	At       time.Time
	Batch    lanzha.ID
	Measures int64 // how many are to be carried out or ended
}

// Hand decides that a batch goes up.
func (b Batch) Hand(by lanzha.ID, now time.Time) (Batch, error) {
	if b.State != Made {
		return b, lanzha.Conflict("the batch is %s: it goes up once", b.State)
	}
	b.Version++
	b.State, b.HandedBy, b.HandedAt = Handed, by, now
	return b, nil
}

// Receipt is what the platform says of a batch.
type Receipt struct {
	Acknowledged bool
	PlatformNo   string
	At           time.Time // the platform's own time
	Reason       string    // of a refusal
}

// Receive takes the receipt.
func (b Batch) Receive(r Receipt, now time.Time) (Batch, error) {
	r.PlatformNo, r.Reason = strings.TrimSpace(r.PlatformNo), strings.TrimSpace(r.Reason)
	switch {
	case b.State != Handed && b.State != Sent:
		return b, lanzha.Conflict("the batch is %s: it waits for no receipt", b.State)
	case r.PlatformNo == "" || utf8.RuneCountInString(r.PlatformNo) > 64:
		return b, lanzha.Invalid("body.platformNo", "a receipt has a number, of up to 64 characters")
	case r.At.After(now.Add(24*time.Hour)) || r.At.Before(b.HandedAt.Add(-24*time.Hour)):
		return b, lanzha.Invalid("body.at", "the receipt's time lies after the handing and not in the future; clocks may differ by a day")
	case !r.Acknowledged && (r.Reason == "" || utf8.RuneCountInString(r.Reason) > 1000):
		return b, lanzha.Invalid("body.reason", "a refusal says why, in up to 1000 characters")
	}
	b.Version++
	b.State, b.PlatformNo, b.ReceiptAt, b.Reason = Acknowledged, r.PlatformNo, r.At, r.Reason
	if !r.Acknowledged {
		b.State = Refused
	}
	return b, nil
}

// Execution is what an institution reported of one measure.
type Execution struct {
	Listing     lanzha.ID `json:"listing" minLength:"26" maxLength:"26"`
	Action      Action    `json:"action" enum:"list,lift" doc:"list: the measure is carried out; lift: it has ended"`
	Measure     string    `json:"measure" minLength:"1" maxLength:"64" doc:"the row on which the measure stands"`
	State       string    `json:"state" enum:"done,failed"`
	Institution string    `json:"institution" minLength:"1" maxLength:"100" doc:"as the report names it"`
	At          time.Time `json:"at" doc:"as the report has it"`
	Note        string    `json:"note,omitempty" maxLength:"500" doc:"nothing of the person"`
}

// Line is one entry as it goes up. It holds personal data: it goes into the
// gateway's file and nowhere else.
type Line struct {
	Listing    lanzha.ID              `json:"listing"`
	Action     Action                 `json:"action"`
	Kind       register.SubjectKind   `json:"kind"`
	Name       string                 `json:"name"`
	NumberKind register.NumberKind    `json:"numberKind"`
	Number     string                 `json:"number"`
	Class      register.Class         `json:"class"`
	Grounds    []string               `json:"grounds"`
	Pack       policy.Ref             `json:"pack"`
	DocumentNo string                 `json:"documentNo"`
	DecidedOn  register.Day           `json:"decidedOn"`
	From       register.Day           `json:"from"`
	Until      register.Day           `json:"until"`
	Measures   []register.FactMeasure `json:"measures"`
	LiftedAt   time.Time              `json:"liftedAt,omitzero"`
	LiftGround register.LiftGround    `json:"liftGround,omitempty"`
}

// Handing is a batch as a gateway takes it over.
type Handing struct {
	Key    string // the batch; carried by every attempt
	Unit   string // who hands it up
	Region lanzha.Region
	At     time.Time
	Lines  []Line
}

// Upward is a gateway to the level above. Handing the same key again is no
// second handing.
type Upward interface {
	HandUp(ctx context.Context, h Handing) error
}
