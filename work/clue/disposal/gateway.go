package disposal

import (
	"context"
	"time"

	"lanzha/know/institution"
	"lanzha/work/clue"
)

// Order is one disposal as it leaves the house.
type Order struct {
	Key         string // the idempotency key: the disposal's ID; a repeat carries the same
	Institution institution.Institution
	Kind        Kind
	ValueKind   clue.Kind // what Value is
	Value       string    // canonical: "+8613888812345", "example.com"
	Reason      string
	LegalBasis  string
	DocumentNo  string // empty where the kind needs none
	DueAt       time.Time
	Undoes      string // of a restore: the key of the order that it lifts
}

// The states of a receipt.
const (
	ReceiptAcknowledged = "acknowledged" // taken on, to be done
	ReceiptDone         = "done"
	ReceiptRefused      = "refused"
	ReceiptPending      = "pending"    // delivered; the receipt comes by another way
	ReceiptUnreadable   = "unreadable" // something came back that cannot be parsed; Raw keeps it
)

// Receipt is what an institution says to an order.
type Receipt struct {
	State      string
	Reason     string    // why it refused, or a remark on how it was done
	Outcome    string    // of a recheck that is done: Verified or Suspended; empty where it did not say
	PlatformNo string    // the platform's number of the entry, if any
	At         time.Time // the institution's own time; zero where it gave none
	Raw        []byte    // what came back, where it cannot be parsed
}

// Disposer speaks one institution's protocol. An error means not delivered, or
// not known: the order goes out again with the same key. A refusal is a
// receipt, not an error.
type Disposer interface {
	Dispose(ctx context.Context, o Order) (Receipt, error)
}
