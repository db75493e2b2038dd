// Package report takes what citizens tell: a report (报案), a tip (举报) or an
// inquiry (咨询), by telephone, from 110, at the counter or online. It keeps
// the text as told, with what was found in it, and tells the journal; what
// follows from a report is the business of later stages.
package report

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/work/report/extract"
)

// Type is what the citizen wants.
type Type string

// The types.
const (
	TypeReport  Type = "report"  // 报案: was cheated
	TypeTip     Type = "tip"     // 举报: tells of something suspicious
	TypeInquiry Type = "inquiry" // 咨询: asks
)

// Channel is how it came.
type Channel string

// The channels.
const (
	ChannelPhone    Channel = "phone"    // the centre's own line
	Channel110      Channel = "110"      // handed over by the 110 desk
	ChannelOnline   Channel = "online"   // an app or a site
	ChannelCounter  Channel = "counter"  // in person
	ChannelPlatform Channel = "platform" // from another platform
)

// State is where it stands.
type State string

// The states.
const (
	StateOpen   State = "open"
	StateClosed State = "closed"
)

// Caller is who tells it. Both fields are kept encrypted.
type Caller struct {
	Name  string `json:"name" maxLength:"100"`
	Phone string `json:"phone" maxLength:"40"`
}

// Party is one side of a three-way call.
type Party struct {
	Role string `json:"role" enum:"caller,desk110,centre" doc:"who: the caller, the 110 desk, the centre"`
	Name string `json:"name" maxLength:"100" doc:"the officer, or how the caller is addressed"`
	Note string `json:"note,omitempty" maxLength:"500" doc:"what this side said or agreed to"`
}

// Report is one telling.
type Report struct {
	ID         lanzha.ID
	Version    int64
	Type       Type
	Channel    Channel
	Ref110     string // the 110 desk's own number of the call; empty when it did not come from there
	State      State
	Region     lanzha.Region // the district that handles it
	ReceivedAt time.Time
	OccurredAt time.Time // zero when not told
	AmountFen  lanzha.Fen
	Text       string
	Caller     Caller
	Parties    []Party
	Finds      []extract.Find
	TakenBy    lanzha.ID
	CloseNote  string
}

// Draft is a report as it is handed in.
type Draft struct {
	Type       Type
	Channel    Channel
	Ref110     string
	Region     lanzha.Region
	ReceivedAt time.Time // zero means now
	OccurredAt time.Time // zero takes the first time found in the text
	AmountFen  lanzha.Fen
	Text       string
	Caller     Caller
	Parties    []Party
	Values     []string // numbers, accounts or sites entered beside the text
	Dropped    []string // values found in the text that the officer struck out
}

const (
	maxText   = 20_000 // characters: two hours of speech
	maxValues = 100
)

// New decides what a draft becomes: it checks the fields, finds what the text
// holds, and fills in what the citizen has already said. It performs no I/O.
func New(id lanzha.ID, d Draft, takenBy lanzha.ID, now time.Time, zone *time.Location) (Report, error) {
	r := Report{
		ID: id, Version: 1, Type: d.Type, Channel: d.Channel, Ref110: strings.TrimSpace(d.Ref110), State: StateOpen, Region: d.Region,
		ReceivedAt: d.ReceivedAt, OccurredAt: d.OccurredAt, AmountFen: d.AmountFen, Text: d.Text,
		Caller:  Caller{Name: strings.TrimSpace(d.Caller.Name), Phone: strings.TrimSpace(d.Caller.Phone)},
		Parties: d.Parties, TakenBy: takenBy,
	}
	if r.ReceivedAt.IsZero() {
		r.ReceivedAt = now
	}
	switch {
	case strings.TrimSpace(r.Text) == "" && len(d.Values) == 0:
		return r, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body.text", Message: "a report needs a text or a number", Hint: "write down what the caller said, or enter the number"}
	case !utf8.ValidString(r.Text):
		return r, lanzha.Invalid("body.text", "the text is not UTF-8")
	case utf8.RuneCountInString(r.Text) > maxText:
		return r, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "body.text", Message: "the text is longer than 20,000 characters", Hint: "keep the essence here and attach the rest to the dossier"}
	case len(d.Values) > maxValues:
		return r, lanzha.Invalid("body.values", "more than 100 values in one report")
	case !r.Region.Valid():
		return r, lanzha.Invalid("body.region", "a region has six digits, as 530114")
	case r.AmountFen < 0:
		return r, lanzha.Invalid("body.amountFen", "an amount is not negative")
	case !within(r.ReceivedAt, now):
		return r, lanzha.Invalid("body.receivedAt", "must lie between 2000 and tomorrow")
	case !r.OccurredAt.IsZero() && !within(r.OccurredAt, now):
		return r, lanzha.Invalid("body.occurredAt", "must lie between 2000 and tomorrow")
	}
	switch r.Type {
	case TypeReport, TypeTip, TypeInquiry:
	default:
		return r, lanzha.Invalid("body.type", "must be report, tip or inquiry")
	}
	switch r.Channel {
	case ChannelPhone, Channel110, ChannelOnline, ChannelCounter, ChannelPlatform:
	default:
		return r, lanzha.Invalid("body.channel", "must be phone, 110, online, counter or platform")
	}
	r.Finds = finds(r, d, zone)
	r.fill()
	return r, nil
}

// within keeps instants to those a report can have; a slip of the keyboard in
// the year would otherwise sort above everything for good.
func within(t, now time.Time) bool {
	return t.Year() >= 2000 && t.Before(now.Add(24*time.Hour))
}

// finds is what the text and the entered values hold, without what the officer
// struck out and without the caller's own number.
func finds(r Report, d Draft, zone *time.Location) []extract.Find {
	found := extract.Extract(r.Text, r.ReceivedAt, zone)
	for _, value := range d.Values {
		for _, f := range extract.Extract(value, r.ReceivedAt, zone) {
			f.Start, f.End = 0, 0 // entered beside the text: no place in it
			found = append(found, f)
		}
	}
	strike := map[string]bool{}
	for _, value := range d.Dropped {
		strike[value] = true
	}
	for _, f := range extract.Extract(r.Caller.Phone, r.ReceivedAt, zone) {
		strike[f.Value] = true
	}
	kept := []extract.Find{}
	for _, f := range found {
		if !strike[f.Value] {
			kept = append(kept, f)
		}
	}
	return kept
}

// fill takes amount and time from the text when they were not entered: nobody
// types twice. Of several amounts the largest, of several times the first.
func (r *Report) fill() {
	entered := r.AmountFen != 0
	for _, f := range r.Finds {
		switch f.Kind {
		case extract.Amount:
			fen, err := strconv.ParseInt(f.Value, 10, 64)
			if err == nil && !entered && f.Note == "CNY" && lanzha.Fen(fen) > r.AmountFen {
				r.AmountFen = lanzha.Fen(fen)
			}
		case extract.Time:
			at, err := time.Parse(time.RFC3339, f.Value)
			if err == nil && r.OccurredAt.IsZero() && at.Year() >= 2000 && !at.After(r.ReceivedAt) {
				r.OccurredAt = at.UTC()
			}
		}
	}
}

// Close ends a report with a note of what came of it.
func Close(r Report, note string) (Report, error) {
	if r.State == StateClosed {
		return r, lanzha.Conflict("the report is closed already")
	}
	if strings.TrimSpace(note) == "" {
		return r, lanzha.Invalid("body.note", "say what came of it")
	}
	r.State, r.CloseNote = StateClosed, strings.TrimSpace(note)
	return r, nil
}
