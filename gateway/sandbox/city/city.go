// Package city lets the people of the simulated city live: they call and
// write, earn and pay, lose their phones and open accounts, by day and by
// week; among them work couriers, dispatchers, schools and merchants, whose
// events look like those of a scam and are none, and scammers, some open and
// some hiding. Events come out hour by hour in the order of time, together
// with the truth about them. The same seed gives the same events, byte by byte.
//
// Nobody in it exists. Mobile numbers are of real segments of the region, so
// that everything that reads them sees what it would see; numbers from abroad
// are those that the regulator of North America keeps free for films; devices
// are of the range for tests. What is measured on it proves that something
// works, and not how well it would do in the field.
package city

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"lanzha"
	"lanzha/gateway/sandbox"
	"lanzha/work/feed"
)

// Options are how a city is.
type Options struct {
	Seed   uint64
	Days   int           // 1 to 365
	People int           // 500 to 500,000
	Begin  time.Time     // the day on which it begins, in the city's zone; zero is Monday, 2 March 2026
	Region lanzha.Region // of the city; Kunming when it is empty
}

// City is a city whose time passes. It has one user.
type City struct {
	seed   uint64
	begin  int64 // microseconds
	hours  int   // in all
	hour   int   // the next one
	people []person
	cells  []string
	sand   *sandbox.City

	segments []string
	lines    int // numbers given out
	cards    int // accounts given out
	devices  int
	boxes    int // dens with a GOIP
	sims     int

	shops     []string // accounts
	services  []string // accounts of power, water, telephone
	employers []employer
	outlets   []string
	branches  []string
	actors    []actor
	dens      []*line // lines that work in a den this hour
	mules     []*mule // that take the money of others' victims too

	ahead  [][]event // by hour; made and not yet due
	order  []int32
	counts [5]int // events given out, by kind
	truth  Truth
}

// actor is somebody with a life of their own in the city.
type actor interface {
	// live does what happens in an hour.
	live(c *City, hour int)
}

// event is an event of any kind. What a field holds is said where it is
// written.
type event struct {
	at     int64     // microseconds
	kind   feed.Kind //
	yes    bool      // answered
	n      int64     // seconds, or fen
	a, b   string    // caller and callee; sender and recipient; from and to; number and account
	word   string    // text; channel; what
	imei   string
	imsi   string
	cell   string
	person string
	phone  string // of a transfer; of a call: as presented
	outlet string
	of     *Case
}

const (
	second = int64(1_000_000)
	minute = 60 * second
	hourly = 60 * minute
	dayly  = 24 * hourly
)

// Zone is the city's time.
var Zone = time.FixedZone("CST", 8*3600)

// New furnishes a city.
func New(o Options) (*City, error) {
	if o.Begin.IsZero() {
		o.Begin = time.Date(2026, 3, 2, 0, 0, 0, 0, Zone)
	}
	switch year := o.Begin.Year(); {
	case o.Days < 1 || o.Days > 365:
		return nil, lanzha.Invalid("days", "1 to 365 days are wanted")
	case o.People < 500 || o.People > 500_000:
		return nil, lanzha.Invalid("people", "500 to 500,000 people are wanted")
	case year < 1990 || year > 2900:
		return nil, lanzha.Invalid("begin", "a day from 1990 to 2900 is wanted")
	}
	local := o.Begin.In(Zone)
	begin := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, Zone)
	c := &City{
		seed: o.Seed, begin: begin.UnixMicro(), hours: 24 * o.Days, ahead: make([][]event, 24*o.Days),
		sand:  sandbox.NewCity(o.Seed, o.Region),
		truth: Truth{Seed: o.Seed, Days: o.Days, People: o.People, Begin: begin, Cases: []*Case{}, LookAlikes: []LookAlike{}, Note: Note},
	}
	c.segments = c.sand.Segments(8 + o.People/5000)
	c.furnish(o.People)
	c.honestPeople()
	c.scammers()
	return c, nil
}

// Truth is what truly went on, complete once Hour has given the last hour.
func (c *City) Truth() *Truth { return &c.truth }

// weekday is 1, Monday, to 7.
func (c *City) weekday(hour int) int {
	return int((time.UnixMicro(c.begin+int64(hour)*hourly).In(Zone).Weekday()+6)%7) + 1
}

// start is when an hour begins.
func (c *City) start(hour int) int64 { return c.begin + int64(hour)*hourly }

// moment is some time within an hour.
func (c *City) moment(d *dice, hour int) int64 { return c.start(hour) + int64(d.n(int(hourly))) }

// put makes an event. What lies before the hour that is being lived happens at
// its beginning; what lies behind the end of the city's time never does.
func (c *City) put(e event) {
	h := int((e.at - c.begin) / hourly)
	if e.at < c.start(c.hour) {
		e.at, h = c.start(c.hour), c.hour
	}
	if h < c.hours {
		c.ahead[h] = append(c.ahead[h], e)
	}
}

// Hour lives the next hour and hands its events out in the order of time.
// It reports false when the city's time is over.
func (c *City) Hour(give func(Event)) bool {
	if c.hour == c.hours {
		return false
	}
	c.dens = c.dens[:0]
	for _, a := range c.actors {
		a.live(c, c.hour)
	}
	c.everyday(c.hour)
	events := c.ahead[c.hour]
	c.order = c.order[:0]
	for i := range events {
		c.order = append(c.order, int32(i))
	}
	// Events of one instant stay in the order in which they were made.
	slices.SortFunc(c.order, func(a, b int32) int {
		return cmp.Or(cmp.Compare(events[a].at, events[b].at), cmp.Compare(a, b))
	})
	for _, i := range c.order {
		e := &events[i]
		c.counts[e.kind]++
		x := Event{Kind: e.kind, event: e, number: c.counts[e.kind]}
		if e.of != nil {
			e.of.came(x.ID(), time.UnixMicro(e.at).In(Zone))
		}
		give(x)
	}
	c.ahead[c.hour] = nil
	c.hour++
	return true
}

// Case is the scam that the event belongs to, or nil.
func (e Event) Case() *Case { return e.event.of }

// Event is an event of the city. It lives until Hour returns.
type Event struct {
	Kind   feed.Kind
	event  *event
	number int
}

var letters = [...]string{feed.Call: "c", feed.Message: "m", feed.Transfer: "t", feed.Registration: "r"}

// ID is its identifier.
func (e Event) ID() string { return string(appendPadded([]byte(letters[e.Kind]), e.number)) }

// At is when it happened.
func (e Event) At() time.Time { return time.UnixMicro(e.event.at).In(Zone) }

func pad(n, width int) string { return fmt.Sprintf("%0*d", width, n) }

// headers are the canonical columns, and those of hindsight.
var headers = [...]string{
	feed.Call:         "id,start,caller,callee,duration_s,answered,imei,imsi,cell,presented,person",
	feed.Message:      "id,time,sender,recipient,text,imei,cell,person",
	feed.Transfer:     "id,time,from,to,amount,currency,channel,phone,person",
	feed.Registration: "id,time,what,number,account,outlet,imei,channel,person",
}

// Header is the header of a file of events, with its line end.
func Header(kind feed.Kind, labels bool) string {
	if labels {
		return headers[kind] + ",outcome,known\n"
	}
	return headers[kind] + "\n"
}

// known is how long after an event its outcome is known: a victim needs a day
// to report, and a desk to look.
const known = 24 * hourly

// Append appends the event as a line of CSV in the columns of Header.
func (e Event) Append(dst []byte, labels bool) []byte {
	x := e.event
	dst = append(dst, letters[e.Kind]...)
	dst = appendPadded(dst, e.number)
	dst = append(dst, ',')
	dst = appendTime(dst, x.at)
	switch e.Kind {
	case feed.Call:
		dst = cells(dst, x.a, x.b)
		dst = strconv.AppendInt(append(dst, ','), x.n, 10)
		dst = strconv.AppendBool(append(dst, ','), x.yes)
		dst = cells(dst, x.imei, x.imsi, x.cell, x.phone, x.person)
	case feed.Message:
		dst = append(append(dst, ','), x.a...)
		dst = append(append(dst, ','), x.b...)
		dst = feed.AppendCell(append(dst, ','), []byte(x.word))
		dst = cells(dst, x.imei, x.cell, x.person)
	case feed.Transfer:
		dst = cells(dst, x.a, x.b)
		dst = strconv.AppendInt(append(dst, ','), x.n/100, 10)
		dst = append(dst, '.', byte('0'+x.n/10%10), byte('0'+x.n%10))
		dst = cells(dst, "CNY", x.word, x.phone, x.person)
	case feed.Registration:
		dst = cells(dst, x.word, x.a, x.b, x.outlet, x.imei, x.cell, x.person)
	}
	if labels {
		if x.of != nil {
			dst = appendTime(append(dst, ",confirmed,"...), x.at+known)
		} else {
			dst = append(dst, ",,"...)
		}
	}
	return append(dst, '\n')
}

func cells(dst []byte, of ...string) []byte {
	for _, s := range of {
		dst = append(append(dst, ','), s...)
	}
	return dst
}

func appendPadded(dst []byte, n int) []byte {
	for place := 100_000_000; place > 0; place /= 10 {
		dst = append(dst, byte('0'+n/place%10))
	}
	return dst
}

// appendTime writes RFC 3339 with the city's offset, to the second; a fraction
// where there is one.
func appendTime(dst []byte, at int64) []byte {
	const layout = "2006-01-02T15:04:05.999-07:00"
	return time.UnixMicro(at/1000*1000).In(Zone).AppendFormat(dst, layout)
}
