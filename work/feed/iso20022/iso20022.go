// Package iso20022 takes transfers as ISO 20022 messages: pacs.008 (a transfer
// is under way) and pacs.002 (what became of it), as XML by the published
// schemas and as the JSON that Tazama's clients send, on the paths that they
// send it to. What comes in is a message; what goes out is a batch of transfers
// for the detector, an answer in the shape that the client expects, and a
// report that it can fetch. The package judges nothing: a Scorer does.
package iso20022

import (
	"context"
	"time"

	"lanzha"
	"lanzha/work/feed"
)

// Channel is the channel of every transfer that comes by this way.
const Channel = "iso20022"

// Transfer is one transfer of a pacs.008.
type Transfer struct {
	// How later messages name it. EndToEnd is always given; "NOTPROVIDED", as
	// the standard has it where the payer gave none, names nothing.
	EndToEnd string
	UETR     string
	TxID     string
	InstrID  string

	At       time.Time  // CreDtTm
	From     string     // the debtor's account
	To       string     // the creditor's account
	Amount   lanzha.Fen // settled between the banks, in hundredths of Currency
	Currency string
	Person   string // the debtor's identifier

	// What Tazama's reports repeat.
	Debtor, Creditor               string     // identifiers with their schemes behind them
	DebtorAccount, CreditorAccount string     // identifiers with scheme and bank behind them
	Instructed                     lanzha.Fen // in hundredths of InstructedCurrency
	InstructedCurrency             string
	ExchangeRate                   string // as presented; "" is none
}

// Status is what a pacs.002 says of one transfer, or of all of one message.
type Status struct {
	EndToEnd, UETR, TxID, InstrID string // as the pacs.008 had them; "" is not said
	Message                       string // MsgId of the pacs.008; "" is not said
	Whole                         bool   // of all transfers of Message
	Code                          string // ACCC, RJCT ...
	Path                          string // where it stands in the message
}

// Outcome is what a status code means for a transfer.
type Outcome string

// The outcomes, and the states of a transfer.
const (
	Awaiting Outcome = "awaiting" // nothing final was said yet
	Settled  Outcome = "settled"  // the money arrived
	Rejected Outcome = "rejected" // it will not arrive
)

// OutcomeOf is what a code of ExternalPaymentTransactionStatus1Code means. The
// money has arrived at ACCC (on the creditor's account) and ACSC (settlement
// completed); RJCT and CANC end a transfer; all others are steps on the way.
func OutcomeOf(code string) Outcome {
	switch code {
	case "ACCC", "ACSC":
		return Settled
	case "RJCT", "CANC":
		return Rejected
	}
	return Awaiting
}

// Message is a message that was read.
type Message struct {
	Type      string // "pacs.008.001.10"
	ID        string // MsgId
	At        time.Time
	Transfers []Transfer // of a pacs.008
	Statuses  []Status   // of a pacs.002
	Refused   []feed.Refusal
	Body      map[string]any // as Tazama would answer it: known fields, in their types
}

// Scorer judges transfers. The detector is one.
type Scorer interface {
	// Score takes a batch of events, on disk when it returns, and says of each
	// event that is not refused what it found, in order.
	Score(ctx context.Context, kind feed.Kind, b *feed.Batch) ([]Scored, error)
}

// Scored is what was found of one event.
type Scored struct {
	Score   int    // 0..100
	Band    string // low, medium, high
	Action  string // advice to the caller: allow, review, warn, hold
	Reasons []Reason
	Packs   []Pack // those with rules for the kind, all of them; may be shared
}

// Reason is a rule that held.
type Reason struct {
	Pack   string  `json:"pack"`
	Rule   string  `json:"rule"`
	Weight int     `json:"weight"`
	Live   bool    `json:"live"` // false: it is tried out and adds nothing to the score
	Zh     string  `json:"zh"`
	En     string  `json:"en"`
	Value  float64 `json:"value"` // the first of the values that fired; 0 is not told
}

// Pack is a pack of rules that judged.
type Pack struct {
	Name    string
	Version int
	High    int      // the score from which a band is high
	Rules   []string // the IDs of its live rules for transfers, in order
}

// Batch makes a batch of transfers. The row of an event, or of what the feed
// refuses, is the place of its transfer among them, from 1.
func Batch(transfers []Transfer) *feed.Batch {
	builder := feed.NewBuilder(feed.Transfer)
	for i := range transfers {
		t := &transfers[i]
		values := map[string]string{
			"id": t.EndToEnd, "time": t.At.UTC().Format(time.RFC3339Nano), "from": t.From, "to": t.To,
			"amount": decimal(t.Amount), "currency": t.Currency, "channel": Channel,
		}
		if t.Person != "" {
			values["person"] = t.Person
		}
		builder.Add(values) // what it refuses stands in the batch
	}
	return builder.Batch()
}
