package clue

import (
	"context"
	"time"

	"lanzha/know/institution"
)

// Question is one lookup as it leaves the house.
type Question struct {
	Key                string // the idempotency key: the lookup's ID; a repeat carries the same
	Institution        institution.Institution
	Kind               Kind   // of the clue
	Value              string // canonical: "+8613888812345"
	Truth              Truth  // what is thought of a caller number that was presented
	Fields             []Field
	Purpose            string
	LegalBasis         string
	DocumentNo         string // empty where the fields need none
	LocationDecisionNo string // the recorded decision behind FieldLocation
	Officers           []string
	AskedAt, DueAt     time.Time
}

// The states of an answer.
const (
	AnswerAnswered   = "answered"
	AnswerRefused    = "refused"
	AnswerPending    = "pending"    // delivered; the answer comes by another way
	AnswerUnreadable = "unreadable" // something came back that cannot be parsed; Raw keeps it
)

// Person is who opened a line.
type Person struct {
	Name     string `json:"name"`
	IDNumber string `json:"idNumber"`
}

// Answer is what an institution says.
type Answer struct {
	State          string
	Subscriber     *Person // nil where it was not asked or not said
	Outlet         string  // where the line was opened
	OpenedOn       string  // a civil date, "2023-01-05"
	InstallAddress string
	AddressRole    string // how the address relates to the line: see place roles in package den
	LineStatus     string // active, suspended, closed; or the institution's own word
	Location       string
	Reason         string    // why it refused
	PlatformNo     string    // the platform's number of the entry, if any
	At             time.Time // the institution's own time; zero where it gave none
	Raw            []byte    // what came back, where it cannot be parsed
}

// Asker speaks one institution's protocol. An error means not delivered, or
// not known: the question is asked again with the same key. A refusal is an
// answer, not an error.
type Asker interface {
	Ask(ctx context.Context, q Question) (Answer, error)
}
