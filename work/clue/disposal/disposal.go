package disposal

import (
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/know/institution"
	"lanzha/work/clue"
)

// State is where a disposal stands.
type State string

// The states.
const (
	Requested    State = "requested"    // a second officer must decide
	Approved     State = "approved"     // decided, not yet delivered
	Rejected     State = "rejected"     // not to be done, or withdrawn
	Sent         State = "sent"         // delivered; the receipt comes by another way
	Acknowledged State = "acknowledged" // taken on; of a recheck: the user has been told
	Done         State = "done"         // carried out
	Refused      State = "refused"      // by the institution, with a reason
	Undone       State = "undone"       // lifted again
)

// Open reports whether the institution has yet to carry it out.
func (s State) Open() bool { return s == Approved || s == Sent || s == Acknowledged }

// The outcomes of a recheck.
const (
	Verified  = "verified"  // the user passed: nothing stands
	Suspended = "suspended" // not verified in time, or failed: the line is suspended
)

// Disposal is one order to one institution about one value.
type Disposal struct {
	ID          lanzha.ID // also the key that every sending carries
	Version     int64
	Batch       lanzha.ID // shared by what was requested at once; empty for a single value
	Clue        lanzha.ID
	ValueKind   clue.Kind
	Value       string // the clue's
	Institution lanzha.ID
	Kind        Kind
	State       State
	Category    Category
	Reason      string // told to the institution and to the person concerned
	LegalBasis  string
	DocumentNo  string
	Papers      []string      // what the person must bring to object
	Protected   bool          // stood on the protected list when requested
	Region      lanzha.Region // the unit that decides

	RequestedBy  lanzha.ID // empty is the system: an end that was set beforehand
	RequestedAt  time.Time
	DecidedBy    lanzha.ID // the second officer; empty where none was needed
	DecidedAt    time.Time // zero while requested
	DecisionNote string    // why it was rejected

	Deadline       time.Duration // for the institution, from the decision
	DueAt          time.Time     // of an acknowledged recheck: until when the user may verify
	SentAt         time.Time     // when it was first delivered
	AcknowledgedAt time.Time
	NoticedAt      time.Time // of a recheck: when the carrier told the user, by its own clock
	EndedAt        time.Time // done or refused
	UndoneAt       time.Time
	Until          time.Time // when it is lifted by itself; zero is until somebody lifts it

	Undoes   lanzha.ID // of a restore: what it lifts
	LiftedBy lanzha.ID // the restore under way, or the one that lifted it

	Escalation  int // 0 none, 1 the institution's contact was told, 2 the leader on duty was
	EscalatedTo lanzha.ID
	OverdueAt   time.Time

	Outcome    string // of a recheck that is done: Verified or Suspended; may be unknown
	Remark     string // what the institution said: why it refused, or how it was done
	PlatformNo string
	Raw        []byte // a receipt that could not be parsed

	Notice Notice // frozen when sent
	Served Served
}

// Served is how the person concerned was told.
type Served struct {
	How  string // sms, phone, counter, post, carrier
	At   time.Time
	By   lanzha.ID
	Note string
}

// Request is a disposal as an officer states it, for one or many values.
type Request struct {
	Kind       Kind
	Category   Category // "" takes the kind's own
	Reason     string
	LegalBasis string
	DocumentNo string
	Papers     []string      // empty takes the usual ones
	Deadline   time.Duration // 0 takes the institution's own target
	Until      time.Time
	By         lanzha.ID
	Region     lanzha.Region
	Batch      lanzha.ID
	Second     bool // a second officer must decide
}

const (
	// defaultDeadline stands where neither the officer nor the institution
	// states a figure. No national rule fixes one.
	defaultDeadline = 24 * time.Hour
	maxDeadline     = 90 * 24 * time.Hour
	// verifyWithin is how long a user has to verify after the carrier's notice:
	// 工信部、公安部 2021-06-02 通告, item four.
	verifyWithin = 24 * time.Hour
)

// New decides whether a disposal may be requested; whether the institution can
// carry it out is Can's to say. What needs no second officer is decided with it.
func New(id lanzha.ID, c clue.Clue, in institution.Institution, r Request, protected bool, now time.Time) (Disposal, error) {
	d := Disposal{
		ID: id, Version: 1, Batch: r.Batch, Clue: c.ID, ValueKind: c.Kind, Value: c.Value, Institution: in.ID, Kind: r.Kind, State: Requested,
		Category: r.Category, Reason: strings.TrimSpace(r.Reason), LegalBasis: strings.TrimSpace(r.LegalBasis), DocumentNo: strings.TrimSpace(r.DocumentNo),
		Papers: r.Papers, Protected: protected, Region: r.Region, RequestedBy: r.By, RequestedAt: now, Deadline: r.Deadline, Until: r.Until,
	}
	if d.Category == "" {
		d.Category = usual(r.Kind)
	}
	if len(d.Papers) == 0 {
		d.Papers = usualPapers(c.Kind)
	}
	switch {
	case d.Reason == "":
		return d, lanzha.Invalid("body.reason", "a disposal states its reason: the person concerned is told")
	case d.LegalBasis == "":
		return d, lanzha.Invalid("body.legalBasis", "a disposal states its legal basis")
	case !d.Category.fits(r.Kind):
		return d, lanzha.Invalid("body.category", "this reason does not fit the kind of disposal")
	case r.Deadline < 0 || r.Deadline > maxDeadline:
		return d, lanzha.Invalid("body.deadlineSeconds", "a deadline lies within 90 days")
	case !r.Until.IsZero() && !r.Until.After(now):
		return d, lanzha.Invalid("body.until", "the end lies in the future")
	case !r.Until.IsZero() && (r.Kind == Recheck || r.Kind == Restore):
		return d, lanzha.Invalid("body.until", "a %s has no end to set", string(r.Kind))
	case c.State == clue.StateClosed && r.Kind != Restore:
		return d, lanzha.Conflict("the clue is closed")
	}
	if d.Deadline == 0 {
		d.Deadline = in.AnswerTarget
	}
	if d.Deadline == 0 {
		d.Deadline = defaultDeadline
	}
	d.DueAt = now.Add(d.Deadline)
	if !r.Second {
		d.State, d.DecidedAt = Approved, now
	}
	return d, nil
}

// Approve lets it out. Who requested it cannot.
func (d Disposal) Approve(by lanzha.ID, now time.Time) (Disposal, error) {
	if err := d.decidable(by); err != nil {
		return d, err
	}
	d.State, d.DecidedBy, d.DecidedAt, d.DueAt = Approved, by, now, now.Add(d.Deadline)
	d.Version++
	return d, nil
}

// Reject ends a request with the reason.
func (d Disposal) Reject(by lanzha.ID, note string, now time.Time) (Disposal, error) {
	if err := d.decidable(by); err != nil {
		return d, err
	}
	if strings.TrimSpace(note) == "" {
		return d, lanzha.Invalid("body.reason", "say why it is rejected")
	}
	d.State, d.DecidedBy, d.DecidedAt, d.DecisionNote = Rejected, by, now, strings.TrimSpace(note)
	d.Version++
	return d, nil
}

func (d Disposal) decidable(by lanzha.ID) error {
	switch {
	case d.State != Requested:
		return lanzha.Conflict("the disposal is %s already", string(d.State))
	case by == d.RequestedBy:
		return lanzha.Forbidden("who asked for it cannot decide on it")
	}
	return nil
}

// Withdraw takes a request back before anybody decided.
func (d Disposal) Withdraw(by lanzha.ID, note string, now time.Time) (Disposal, error) {
	if d.State != Requested {
		return d, lanzha.Conflict("the disposal is %s already", string(d.State))
	}
	d.State, d.DecidedBy, d.DecidedAt, d.DecisionNote = Rejected, by, now, "撤回："+strings.TrimSpace(note)
	d.Version++
	return d, nil
}

// Receive takes a receipt. sent is when the order left the house, now when the
// receipt came. A receipt that cannot be parsed is kept and leaves the order
// open: its deadline brings it to a person.
func (d Disposal) Receive(r Receipt, sent, now time.Time) (Disposal, error) {
	if !d.State.Open() {
		return d, lanzha.Conflict("the disposal is %s already", string(d.State))
	}
	was := d.State
	if d.SentAt.IsZero() {
		d.SentAt = sent
	}
	if r.PlatformNo != "" {
		d.PlatformNo = r.PlatformNo
	}
	if d.State == Approved {
		d.State = Sent
	}
	switch r.State {
	case ReceiptPending:
		if was != Approved {
			return d, lanzha.Conflict("the disposal is %s already", string(was))
		}
	case ReceiptUnreadable:
		d.Raw = r.Raw
	case ReceiptAcknowledged:
		if was == Acknowledged {
			return d, lanzha.Conflict("the disposal is acknowledged already")
		}
		d.State, d.AcknowledgedAt = Acknowledged, now
		if d.Kind == Recheck {
			d.NoticedAt = r.At
			if r.At.Before(d.DecidedAt) || r.At.After(now) {
				d.NoticedAt = now // no clock of theirs moves the user's deadline out of reason
			}
			d.DueAt, d.Escalation, d.EscalatedTo, d.OverdueAt = d.NoticedAt.Add(verifyWithin), 0, "", time.Time{}
		}
	case ReceiptDone:
		if r.Outcome != "" && (d.Kind != Recheck || r.Outcome != Verified && r.Outcome != Suspended) {
			return d, lanzha.Invalid("body.outcome", "only a recheck has an outcome: verified or suspended")
		}
		d.State, d.EndedAt, d.Outcome, d.Remark = Done, now, r.Outcome, strings.TrimSpace(r.Reason)
	case ReceiptRefused:
		d.State, d.EndedAt, d.Remark = Refused, now, strings.TrimSpace(r.Reason)
		if d.Remark == "" {
			d.Remark = "没有说明理由"
		}
	default:
		return d, lanzha.Invalid("state", "a receipt is acknowledged, done, refused, pending or unreadable")
	}
	d.Version++
	return d, nil
}

// half and full are when the clock escalates: that of the institution, or that
// of the user after a recheck's notice.
func (d Disposal) half() time.Time {
	from := d.DecidedAt
	if !d.NoticedAt.IsZero() {
		from = d.NoticedAt
	}
	return from.Add(d.DueAt.Sub(from) / 2)
}

func (d Disposal) full() time.Time { return d.DueAt }

// Escalate raises an open disposal one step: at half time to the institution's
// contact, at full time to the leader on duty, when it is overdue. A clock that
// has been set anew since does nothing.
func (d Disposal) Escalate(level int, to lanzha.ID, now time.Time) (Disposal, error) {
	at := d.half()
	if level == 2 {
		at = d.full()
	}
	if !d.State.Open() || d.Escalation >= level || now.Before(at) {
		return d, lanzha.Conflict("nothing is left to escalate")
	}
	d.Escalation = level
	if level == 2 {
		d.EscalatedTo, d.OverdueAt = to, now
	}
	d.Version++
	return d, nil
}

// Standing reports whether it holds or is on its way: of one kind, one value
// and one institution there is one at a time.
func (d Disposal) Standing() bool {
	if d.State != Done {
		return d.State == Requested || d.State.Open()
	}
	switch d.Kind {
	case Restore:
		return false
	case Recheck:
		return d.Outcome == Suspended
	}
	return true
}

// Liftable refuses to lift what cannot be.
func (d Disposal) Liftable() error {
	switch {
	case d.Kind == Restore:
		return lanzha.Invalid("id", "a restore is not undone: order the disposal anew")
	case d.State != Done && !d.State.Open():
		return lanzha.Conflict("the disposal is %s: there is nothing to lift", string(d.State))
	case d.State == Done && d.Outcome == Verified:
		return lanzha.Conflict("the user was verified: there is nothing to lift")
	case d.LiftedBy != "":
		return lanzha.Conflict("it is being lifted already")
	}
	return nil
}

// Lift notes the restore that lifts it. It stays in its state until that is
// done: the institution decides when the line works again.
func (d Disposal) Lift(restore lanzha.ID) (Disposal, error) {
	if err := d.Liftable(); err != nil {
		return d, err
	}
	d.LiftedBy = restore
	d.Version++
	return d, nil
}

// Keep takes back Lift after the restore was refused, so that it can be tried
// again.
func (d Disposal) Keep() Disposal {
	d.LiftedBy = ""
	d.Version++
	return d
}

// Undo ends it after its restore was done.
func (d Disposal) Undo(now time.Time) (Disposal, error) {
	if d.LiftedBy == "" || d.State != Done && !d.State.Open() {
		return d, lanzha.Conflict("the disposal is %s: there is nothing to lift", string(d.State))
	}
	d.State, d.UndoneAt = Undone, now
	d.Version++
	return d, nil
}

// Tell records how the person concerned was told. A second telling replaces
// nothing: the first counts.
func (d Disposal) Tell(s Served) (Disposal, error) {
	switch {
	case d.Notice.ZH == "":
		return d, lanzha.Conflict("there is no notice: the disposal has not been delivered")
	case !s.At.After(time.Time{}) || s.At.Before(d.SentAt.Add(-time.Minute)):
		return d, lanzha.Invalid("body.at", "a notice is served after the disposal was sent")
	case !slices.Contains(ways, s.How):
		return d, lanzha.Invalid("body.how", "a notice is served by sms, phone, counter, post or carrier")
	case d.Served.How != "":
		return d, lanzha.Conflict("the notice was served already")
	}
	d.Served = s
	d.Version++
	return d, nil
}

var ways = []string{"sms", "phone", "counter", "post", "carrier"}

// The keys of what a disposal owes.
func (d Disposal) halfKey() string   { return string(d.ID) + ".half" }
func (d Disposal) fullKey() string   { return string(d.ID) + ".full" }
func (d Disposal) verifyKey() string { return string(d.ID) + ".verify" }
func (d Disposal) untilKey() string  { return string(d.ID) + ".until" }
