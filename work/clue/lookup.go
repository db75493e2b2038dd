package clue

import (
	"slices"
	"strings"
	"time"

	"lanzha"
)

// Field is one thing asked of an institution.
type Field string

// The fields.
const (
	FieldSubscriber     Field = "subscriber"     // who opened the line
	FieldOutlet         Field = "outlet"         // where it was opened
	FieldOpenedOn       Field = "openedOn"       // when
	FieldInstallAddress Field = "installAddress" // where it is installed
	FieldStatus         Field = "status"         // active, suspended, closed
	FieldLocation       Field = "location"       // where it is now: only against a recorded decision
)

// UsualFields are asked when nothing else is said: the opening information of
// a line, and nothing more.
var UsualFields = []Field{FieldSubscriber, FieldOutlet, FieldOpenedOn, FieldInstallAddress, FieldStatus}

// LookupState is where a question stands.
type LookupState string

// The states. Pending are asked, sent and overdue.
const (
	LookupAsked      LookupState = "asked"      // decided, not yet delivered
	LookupSent       LookupState = "sent"       // delivered, the answer comes by another way
	LookupOverdue    LookupState = "overdue"    // the deadline has passed without an answer
	LookupAnswered   LookupState = "answered"   // perhaps late: see AnsweredAt
	LookupRefused    LookupState = "refused"    // with a reason
	LookupUnreadable LookupState = "unreadable" // something came that cannot be parsed; it is kept
	LookupCancelled  LookupState = "cancelled"  // withdrawn by the asker
)

// Pending reports whether an answer is still to come.
func (s LookupState) Pending() bool {
	return s == LookupAsked || s == LookupSent || s == LookupOverdue
}

// Lookup is one question to one institution about one clue.
type Lookup struct {
	ID                 lanzha.ID // also the key that every sending carries
	Version            int64
	Clue               lanzha.ID
	Institution        lanzha.ID
	State              LookupState
	Fields             []Field
	Officers           []string // who stands for the question; documents name two
	Purpose            string
	LegalBasis         string
	DocumentNo         string // 调取证据通知书, where the clue needs one
	LocationDecisionNo string
	AskedBy            lanzha.ID // empty when a report asked by itself
	Report             lanzha.ID // the report that led to it; empty when an officer asked
	Region             lanzha.Region
	AskedAt            time.Time
	DueAt              time.Time
	SentAt             time.Time // when it was first delivered; zero until then
	AnsweredAt         time.Time
	Escalation         int       // 0 none, 1 the institution's contact was told, 2 the leader on duty was
	EscalatedTo        lanzha.ID // the leader's account
	Answer             Answer    // kept encrypted
}

// Ask is a question as an officer states it.
type Ask struct {
	Fields             []Field // empty means UsualFields
	Officers           []string
	Purpose            string
	LegalBasis         string
	DocumentNo         string
	LocationDecisionNo string
	Deadline           time.Duration // 0 means the institution's own target
	AskedBy            lanzha.ID
	Report             lanzha.ID
	Region             lanzha.Region
}

// defaultDeadline stands where neither the asker nor the institution states a
// figure.
const defaultDeadline = 24 * time.Hour

// NewLookup decides whether a question may be asked. Location is asked only
// against a recorded decision (LK-01 in the law reference: tracking a person's
// whereabouts is a technical investigation measure), and what a bank knows of
// an account only by document (LK-02: ask by document, take what it covers).
func NewLookup(id lanzha.ID, c Clue, institution lanzha.ID, target time.Duration, a Ask, now time.Time) (Lookup, error) {
	l := Lookup{
		ID: id, Version: 1, Clue: c.ID, Institution: institution, State: LookupAsked,
		Fields: a.Fields, Officers: a.Officers, Purpose: strings.TrimSpace(a.Purpose), LegalBasis: strings.TrimSpace(a.LegalBasis),
		DocumentNo: strings.TrimSpace(a.DocumentNo), LocationDecisionNo: strings.TrimSpace(a.LocationDecisionNo),
		AskedBy: a.AskedBy, Report: a.Report, Region: a.Region, AskedAt: now,
	}
	if len(l.Fields) == 0 {
		l.Fields = UsualFields
	}
	for _, f := range l.Fields {
		if f != FieldLocation && !slices.Contains(UsualFields, f) {
			return l, lanzha.Invalid("body.fields", "an institution cannot be asked for %q", string(f))
		}
	}
	switch {
	case c.State == StateClosed:
		return l, lanzha.Conflict("the clue is closed")
	case institution == "":
		return l, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body.institutions", Message: "the directory knows nobody who answers for this value", Hint: "name the institution"}
	case l.Purpose == "":
		return l, lanzha.Invalid("body.purpose", "a lookup states its purpose")
	case l.LegalBasis == "":
		return l, lanzha.Invalid("body.legalBasis", "a lookup states its legal basis")
	case len(l.Officers) == 0 || slices.Contains(l.Officers, ""):
		return l, lanzha.Invalid("body.officers", "a lookup names the officers who stand for it")
	case slices.Contains(l.Fields, FieldLocation) && l.LocationDecisionNo == "":
		return l, &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: "body.locationDecisionNo", Message: "location is asked only against a recorded decision",
			Hint: "enter the number of the decision, or do not ask for the location",
		}
	case (c.Kind == KindCard || c.Kind == KindAccount) && l.DocumentNo == "":
		return l, &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: "body.documentNo", Message: "what an institution knows of an account is asked by document",
			Hint: "enter the number of the 调取证据通知书",
		}
	case a.Deadline < 0 || a.Deadline > 90*24*time.Hour:
		return l, lanzha.Invalid("body.deadlineSeconds", "a deadline lies within 90 days")
	}
	switch {
	case a.Deadline > 0:
		l.DueAt = now.Add(a.Deadline)
	case target > 0:
		l.DueAt = now.Add(target)
	default:
		l.DueAt = now.Add(defaultDeadline)
	}
	return l, nil
}

// Half is when the first escalation is due.
func (l Lookup) Half() time.Time { return l.AskedAt.Add(l.DueAt.Sub(l.AskedAt) / 2) }

// Receive takes an answer. A second one is a conflict: the first stands. An
// answer after the deadline is taken, and counts as late. sent is when the
// question left the house.
func (l Lookup) Receive(a Answer, sent, now time.Time) (Lookup, error) {
	if !l.State.Pending() {
		return l, lanzha.Conflict("the question is %s already", string(l.State))
	}
	l.Version++
	if l.SentAt.IsZero() {
		l.SentAt = sent
	}
	switch a.State {
	case AnswerPending:
		if l.State == LookupAsked {
			l.State = LookupSent
		}
		if a.PlatformNo != "" {
			l.Answer.PlatformNo, l.Answer.At = a.PlatformNo, a.At
		}
		return l, nil
	case AnswerAnswered:
		l.State = LookupAnswered
	case AnswerRefused:
		if strings.TrimSpace(a.Reason) == "" {
			a.Reason = "没有说明理由"
		}
		l.State = LookupRefused
	case AnswerUnreadable:
		l.State = LookupUnreadable
	default:
		return l, lanzha.Invalid("state", "an answer is answered, refused, pending or unreadable")
	}
	a = l.covered(a)
	l.Answer, l.AnsweredAt = a, now
	return l, nil
}

// covered drops what was not asked: an institution that says more than the
// question covers does not widen it.
func (l Lookup) covered(a Answer) Answer {
	asked := func(f Field) bool { return slices.Contains(l.Fields, f) }
	if !asked(FieldSubscriber) {
		a.Subscriber = nil
	}
	if !asked(FieldOutlet) {
		a.Outlet = ""
	}
	if !asked(FieldOpenedOn) {
		a.OpenedOn = ""
	}
	if !asked(FieldInstallAddress) {
		a.InstallAddress, a.AddressRole = "", ""
	}
	if !asked(FieldStatus) {
		a.LineStatus = ""
	}
	if !asked(FieldLocation) {
		a.Location = ""
	}
	return a
}

// Escalate raises the question one step: at half time to the institution's
// contact, at full time to the leader on duty, when it becomes overdue.
func (l Lookup) Escalate(level int, to lanzha.ID) (Lookup, error) {
	if !l.State.Pending() || l.Escalation >= level {
		return l, lanzha.Conflict("nothing is left to escalate")
	}
	l.Escalation = level
	if level == 2 {
		l.State, l.EscalatedTo = LookupOverdue, to
	}
	l.Version++
	return l, nil
}

// Cancel withdraws the question.
func (l Lookup) Cancel() (Lookup, error) {
	if !l.State.Pending() {
		return l, lanzha.Conflict("the question is %s already", string(l.State))
	}
	l.State = LookupCancelled
	l.Version++
	return l, nil
}

// Took is how long the institution had it until it answered; 0 while it has
// not.
func (l Lookup) Took() time.Duration {
	if l.AnsweredAt.IsZero() {
		return 0
	}
	return l.AnsweredAt.Sub(l.AskedAt)
}

// The keys of what a lookup owes.
func (l Lookup) halfKey() string { return string(l.ID) + ".half" }
func (l Lookup) fullKey() string { return string(l.ID) + ".full" }

// elsewhere is what another unit sees of a question about a clue that it has
// too: that an institution was asked and how far it is, not by whom, on what
// grounds, and what was answered.
func (l Lookup) elsewhere() Lookup {
	return Lookup{
		Clue: l.Clue, Institution: l.Institution, State: l.State, Fields: l.Fields, Officers: []string{},
		AskedAt: l.AskedAt, DueAt: l.DueAt, SentAt: l.SentAt, AnsweredAt: l.AnsweredAt,
	}
}
