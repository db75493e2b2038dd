package sandbox

import (
	"slices"
	"time"

	"lanzha"
)

// Mode is how one institution behaves. The zero Mode answers at once,
// truthfully, always.
type Mode struct {
	// MinMS and MaxMS bound the delay of an answer in milliseconds, before
	// Options.Scale; most answers come early in the span.
	MinMS int `json:"minMs"`
	MaxMS int `json:"maxMs"`
	// ErrorRate in [0,1] is the share of requests that end in status 503,
	// half of them before and half after the question was taken down.
	ErrorRate float64 `json:"errorRate"`
	// Outages are when every request ends in status 503.
	Outages []Outage `json:"outages,omitempty"`
	// Lie replaces the reply: "" none, garbage, html, truncated, huge (10 MB),
	// empty, other (the answer to another question), cut (the connection ends
	// in the middle).
	Lie string `json:"lie,omitempty"`
	// DripMS sends the reply one byte at a time with this many milliseconds
	// between, before Options.Scale; 0 sends it at once.
	DripMS int `json:"dripMs,omitempty"`
}

// Outage is a span of time, or with Every a span that comes again.
type Outage struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// EveryS repeats the span every so many seconds; 0 does not.
	EveryS int `json:"everyS,omitempty"`
}

var lies = []string{"", "garbage", "html", "truncated", "huge", "empty", "other", "cut"}

func (m Mode) check() error {
	switch {
	case m.MinMS < 0 || m.MaxMS < m.MinMS || m.MaxMS > 3_600_000:
		return lanzha.Invalid("maxMs", "delays run from minMs to maxMs, an hour at the most")
	case !(m.ErrorRate >= 0 && m.ErrorRate <= 1):
		return lanzha.Invalid("errorRate", "a share between 0 and 1")
	case !slices.Contains(lies, m.Lie):
		return lanzha.Invalid("lie", "one of %q", lies)
	case m.DripMS < 0 || m.DripMS > 60_000:
		return lanzha.Invalid("dripMs", "0 to 60000")
	}
	for _, o := range m.Outages {
		if !o.To.After(o.From) || o.EveryS < 0 {
			return lanzha.Invalid("outages", "an outage ends after it begins")
		}
	}
	return nil
}

// down reports whether an outage covers now.
func (m Mode) down(now time.Time) bool {
	for _, o := range m.Outages {
		since := now.Sub(o.From)
		if since < 0 {
			continue
		}
		if o.EveryS > 0 {
			since %= time.Duration(o.EveryS) * time.Second
		}
		if since < o.To.Sub(o.From) {
			return true
		}
	}
	return false
}

// delay is the delay for a draw u in [0,1): early in the span as a rule.
func (m Mode) delay(u float64) time.Duration {
	return time.Duration((float64(m.MinMS) + float64(m.MaxMS-m.MinMS)*u*u) * float64(time.Millisecond))
}

// temper is how an institution of a city behaves of itself: carriers and banks
// differ, and outages start only some time after the server does.
func (c *City) temper(s int, start time.Time) Mode {
	m := [sites]Mode{
		{MinMS: 1500, MaxMS: 3000, ErrorRate: 0.005},
		{MinMS: 1800, MaxMS: 3500, ErrorRate: 0.005},
		{MinMS: 1500, MaxMS: 5000, ErrorRate: 0.004},
		{MinMS: 2500, MaxMS: 8000, ErrorRate: 0.01},
		{MinMS: 3000, MaxMS: 12000, ErrorRate: 0.01},
	}[s]
	from := start.Add(time.Duration(20+c.pick("outage", uint64(s), 40)) * time.Minute)
	m.Outages = []Outage{{
		From: from, To: from.Add(time.Duration(15+c.pick("outagelong", uint64(s), 60)) * time.Second),
		EveryS: 3600 + 60*s,
	}}
	return m
}
