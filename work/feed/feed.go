// Package feed brings machine events in: calls, messages, transfers and
// registrations, from files, over HTTP and over NATS, as the canonical columns
// or as a mapping says. What comes out is a batch of events whose texts point
// into it, written to the event log in a binary form of its own; what cannot be
// read comes out beside them with its row, its field and the reason, never stops
// the rest, and stands among the dead letters until somebody corrects it.
package feed

import (
	"slices"

	"lanzha"
)

// Kind is what sort of event something is.
type Kind uint8

// The kinds.
const (
	Call Kind = iota + 1
	Message
	Transfer
	Registration // a line or an account is opened, restored or replaced
)

var kindNames = [...]string{"", "call", "message", "transfer", "registration"}

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{Call, Message, Transfer, Registration} }

func (k Kind) String() string { return kindNames[k] }

// ParseKind reads "call", "message", "transfer" or "registration".
func ParseKind(s string) (Kind, error) {
	if i := slices.Index(kindNames[1:], s); i >= 0 {
		return Kind(i + 1), nil
	}
	return 0, lanzha.Invalid("kind", "the kinds of event are call, message, transfer and registration")
}

// Type is what the values of a field are.
type Type uint8

// The types.
const (
	Text    Type = iota + 1 // as presented
	Instant                 // microseconds since 1970 UTC
	Integer                 // 0 or more
	Amount                  // fen, 0 or more
	Bool                    // 0 or 1
	Outcome                 // Cleared or Confirmed
)

// What is known of an event in hindsight; 0 is nothing.
const (
	Cleared   = 1 // looked into, and no fraud
	Confirmed = 2 // fraud
)

// Domain is what a text names: two fields of one domain name the same things,
// so that the caller of one call can be the callee of another.
type Domain uint8

// The domains.
const (
	Other Domain = iota
	Number
	Account
	Device
	SIM
	Cell
	Person
	Outlet // who opens lines and accounts

	Domains = int(Outlet) + 1
)

// Field is a field of the events of a kind.
type Field struct {
	Name     string
	Type     Type
	Domain   Domain
	Required bool     // an event without it is refused
	Of       []string // what a text may be; nil is anything

	index int // among the fields of the kind
	at    int // among its texts or its numbers
}

// The column of the time is the second of every kind; the last three are the
// same in all and stand in no canonical file that lacks them. The log knows a
// field by its place: a place that is taken is never given to another without
// a new version of the codec.
var fields = [...][]Field{
	Call: number([]Field{
		{Name: "id", Type: Text}, {Name: "start", Type: Instant, Required: true},
		{Name: "caller", Type: Text, Domain: Number}, // withheld numbers are absent
		{Name: "callee", Type: Text, Domain: Number, Required: true},
		{Name: "duration_s", Type: Integer}, {Name: "answered", Type: Bool},
		{Name: "imei", Type: Text, Domain: Device}, {Name: "imsi", Type: Text, Domain: SIM}, {Name: "cell", Type: Text, Domain: Cell},
		{Name: "presented", Type: Text, Domain: Number}, // what the callee saw, when it was not the caller
	}),
	Message: number([]Field{
		{Name: "id", Type: Text}, {Name: "time", Type: Instant, Required: true},
		{Name: "sender", Type: Text, Domain: Number},
		{Name: "recipient", Type: Text, Domain: Number, Required: true},
		{Name: "text", Type: Text}, {Name: "imei", Type: Text, Domain: Device}, {Name: "cell", Type: Text, Domain: Cell},
	}),
	Transfer: number([]Field{
		{Name: "id", Type: Text}, {Name: "time", Type: Instant, Required: true},
		{Name: "from", Type: Text, Domain: Account, Required: true}, {Name: "to", Type: Text, Domain: Account, Required: true},
		{Name: "amount", Type: Amount, Required: true}, {Name: "currency", Type: Text}, {Name: "channel", Type: Text},
		{Name: "phone", Type: Text, Domain: Number}, // the payer's, as the bank has it: where calls and transfers meet
	}),
	Registration: number([]Field{
		{Name: "id", Type: Text}, {Name: "time", Type: Instant, Required: true},
		{Name: "what", Type: Text, Required: true, Of: []string{"open", "restore", "replace"}},
		{Name: "number", Type: Text, Domain: Number}, {Name: "account", Type: Text, Domain: Account}, // one of the two
		{Name: "outlet", Type: Text, Domain: Outlet}, {Name: "imei", Type: Text, Domain: Device}, {Name: "channel", Type: Text},
	}),
}

const (
	maxTexts   = 8
	maxNumbers = 4
	timeField  = 1 // of every kind
)

// number adds what every kind has and counts the places.
func number(of []Field) []Field {
	of = append(of, Field{Name: "person", Type: Text, Domain: Person}, Field{Name: "outcome", Type: Outcome}, Field{Name: "known", Type: Instant})
	texts, numbers := 0, 0
	for i := range of {
		of[i].index = i
		switch {
		case i == timeField:
		case of[i].Type == Text:
			of[i].at, texts = texts, texts+1
		default:
			of[i].at, numbers = numbers, numbers+1
		}
	}
	if texts > maxTexts || numbers > maxNumbers {
		panic("feed: an event has no room for its fields")
	}
	return of
}

// Fields lists the fields of a kind in their canonical order. Beside those of
// the canonical header there are person (whose account or line it is), outcome
// (confirmed or cleared) and known (since when the outcome counts as known; the
// event's own time when absent).
func (k Kind) Fields() []Field { return fields[k] }

// Field finds a field by name.
func (k Kind) Field(name string) (Field, bool) {
	i := slices.IndexFunc(fields[k], func(f Field) bool { return f.Name == name })
	if i < 0 {
		return Field{}, false
	}
	return fields[k][i], true
}

// Span is a part of a batch's data.
type Span struct{ From, To uint32 }

// Event is one machine fact. It lives as long as its batch.
type Event struct {
	Time    int64 // microseconds since 1970 UTC, from 1900 to 2999
	Row     int   // record of the file; the first after a header is 2, as in a spreadsheet
	Refused bool  // it stands among the batch's refused; Refuse sets it

	given uint16 // bit i: field i
	cells int32
	raw   Span // the record as it stood in the file, without its line end
	texts [maxTexts]Span
	nums  [maxNumbers]int64
}

// Has reports whether a field is given.
func (e *Event) Has(f Field) bool { return e.given>>f.index&1 != 0 }

// Num is a number, an instant, an amount in fen, or a yes (1) or no (0) of an
// event; 0 when it is absent.
func (e *Event) Num(f Field) int64 {
	if f.index == timeField {
		return e.Time
	}
	return e.nums[f.at]
}

// Without is the event as it is before a field of it is known.
func (e *Event) Without(f Field) Event {
	x := *e
	x.given &^= 1 << f.index
	x.nums[f.at] = 0
	return x
}

// lacks says what an event of a kind is nothing without, beside its required
// fields; "" is nothing.
func (k Kind) lacks(given uint16) (field, reason string) {
	if k == Registration && given&registered == 0 {
		return "number", "a registration has a number or an account"
	}
	return "", ""
}

var registered = func() uint16 {
	number, _ := Registration.Field("number")
	account, _ := Registration.Field("account")
	return 1<<number.index | 1<<account.index
}()

// Batch is events of one kind, whole records only: a part of a file, what came
// in one request, or one entry of the log.
type Batch struct {
	Events  []Event
	Refused []Refusal
	Skipped int // records that the mapping leaves out

	kind Kind
	data []byte // constants of the mapping, then what was read, then what was unescaped
}

// Kind is the kind of the events.
func (b *Batch) Kind() Kind { return b.kind }

// Text is a text of an event; empty when it is absent.
func (b *Batch) Text(e *Event, f Field) []byte {
	s := e.texts[f.at]
	return b.data[s.From:s.To]
}

// Refuse moves an event to the refused.
func (b *Batch) Refuse(e *Event, field, reason string) {
	e.Refused = true
	b.refuse(e.Row, field, reason, e.raw)
}

func (b *Batch) refuse(row int, field, reason string, raw Span) {
	b.Refused = append(b.Refused, Refusal{Row: row, Field: field, Reason: reason, Record: string(b.data[raw.From:raw.To])})
}
