package city

import (
	"fmt"
	"time"

	"lanzha/work/feed"
)

// Truth is what truly went on in the city. It is complete once all events have
// been drawn.
type Truth struct {
	Seed       uint64      `json:"seed"`
	Days       int         `json:"days"`
	People     int         `json:"people"`
	Begin      time.Time   `json:"begin"`
	Cases      []*Case     `json:"cases"`
	LookAlikes []LookAlike `json:"look_alikes"`
	Note       string      `json:"note"`
}

// Note stands beside every figure that comes from a city.
const Note = "figures of a simulation: they prove function, not accuracy in the field"

// Subject is what an alert can be about.
type Subject struct {
	Domain feed.Domain
	Value  string
}

// MarshalText writes "number:13800000000".
func (s Subject) MarshalText() ([]byte, error) {
	return []byte(domainNames[s.Domain] + ":" + s.Value), nil
}

var domainNames = [feed.Domains]string{
	feed.Other: "other", feed.Number: "number", feed.Account: "account", feed.Device: "device", feed.SIM: "sim", feed.Cell: "cell",
	feed.Person: "person", feed.Outlet: "outlet",
}

// Case is one scam: who is behind it, since when, and which events are its own.
type Case struct {
	ID       string     `json:"id"`
	Kind     Kind       `json:"kind"`
	Way      string     `json:"way"` // open, or how it hides
	Subjects []Subject  `json:"subjects"`
	Began    *time.Time `json:"began"` // its first event; absent when none came to pass
	Ended    *time.Time `json:"ended"` // its last
	Events   []string   `json:"events"`
}

// LookAlike is somebody honest whose events resemble those of a scam.
type LookAlike struct {
	Kind     string    `json:"kind"`
	Subjects []Subject `json:"subjects"`
}

// Kind is a kind of scam.
type Kind string

// The kinds.
const (
	GOIP            Kind = "goip"             // 群呼设备 GOIP: many SIM cards work in boxes in one place
	PhoneRelay      Kind = "phone-relay"      // 手机口: phones joined by a cable, one on the internet, one calling strangers nearby
	Blast           Kind = "blast"            // one line calls masses
	Sequential      Kind = "sequential"       // numbers are called one after the other
	ManySIMs        Kind = "many-sims"        // one device, a stack of SIM cards
	NewSIM          Kind = "new-sim-burst"    // a line works as soon as it is opened or restored
	FakeStation     Kind = "fake-station"     // 伪基站: a false cell sends messages to all phones near it
	OverseasSilence Kind = "overseas-silence" // after a long call from abroad nobody reaches the person any more
	Spell           Kind = "spell"            // a long call from a risky number, then money to somebody new
	MuleThrough     Kind = "mule-through"     // money comes in and is gone within minutes
	MulePayers      Kind = "mule-many-payers" // many strangers pay in
	MuleDormant     Kind = "mule-dormant"     // an account sleeps, is tried with small change, and works
	LineOpening     Kind = "line-opening"     // an outlet opens lines for straw men
	AccountOpening  Kind = "account-opening"  // an outlet opens accounts for straw men
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{
		GOIP, PhoneRelay, Blast, Sequential, ManySIMs, NewSIM, FakeStation, OverseasSilence, Spell,
		MuleThrough, MulePayers, MuleDormant, LineOpening, AccountOpening,
	}
}

// add names a subject once.
func (k *Case) add(domain feed.Domain, values ...string) {
	for _, v := range values {
		s := Subject{domain, v}
		seen := false
		for _, x := range k.Subjects {
			seen = seen || x == s
		}
		if !seen {
			k.Subjects = append(k.Subjects, s)
		}
	}
}

// open begins a case in the truth.
func (c *City) open(kind Kind, n int, way string) *Case {
	k := &Case{ID: fmt.Sprintf("%s-%d", kind, n+1), Kind: kind, Way: way, Subjects: []Subject{}, Events: []string{}}
	c.truth.Cases = append(c.truth.Cases, k)
	return k
}

// honest names a look-alike in the truth.
func (c *City) honest(kind string, subjects ...Subject) {
	c.truth.LookAlikes = append(c.truth.LookAlikes, LookAlike{Kind: kind, Subjects: subjects})
}

// came takes an event into its case.
func (k *Case) came(id string, at time.Time) {
	if k.Began == nil {
		k.Began = &at
	}
	k.Ended = &at
	k.Events = append(k.Events, id)
}
