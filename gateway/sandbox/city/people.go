package city

import (
	"fmt"
	"strconv"

	"lanzha/work/feed"
)

// line is a number with the card and the device it is in, at the moment.
type line struct {
	number, imei, imsi, person, cell string // a fixed line has neither device nor card nor cell
}

// person is an ordinary inhabitant.
type person struct {
	line
	card       string
	home, work int // cells
	lively     float64
	late       int // hours by which the day begins later
	employer   int // -1 is none
	// silent is when the person reaches nobody and is reached by nobody.
	silentFrom, silentTo int64
}

type employer struct {
	account string
	payday  int // of the month
	hour    int
}

const (
	circle   = 8   // distances at which contacts live: each gives two
	perCell  = 120 // people
	perShop  = 40
	perJob   = 60
	lateMost = 3
)

// furnish gives the people their homes, phones, cards and work.
func (c *City) furnish(people int) {
	n := max(24, people/perCell)
	for i := range n {
		c.cells = append(c.cells, fmt.Sprintf("460-00-%05d-%03d", 20_000+i/8*13, 1+i%8*3))
	}
	d := c.dice("furnish", 0, 0)
	for range people/perShop + 10 {
		c.shops = append(c.shops, c.newCard())
	}
	for range 8 {
		c.services = append(c.services, c.newCard())
	}
	for range people/perJob + 5 {
		c.employers = append(c.employers, employer{account: c.newCard(), payday: choose(d, []int{3, 5, 7, 10, 12, 15, 18, 20, 25, 28}), hour: d.between(9, 16)})
	}
	for carrier := range 3 {
		for i := range 12 {
			c.outlets = append(c.outlets, fmt.Sprintf("YYT-%d%02d", carrier+1, i+1))
		}
	}
	for bank := range 2 {
		for i := range 15 {
			c.branches = append(c.branches, fmt.Sprintf("ZH-%d%02d", bank+1, i+1))
		}
	}
	c.people = make([]person, people)
	for i := range c.people {
		p := &c.people[i]
		p.line = c.newLine("P" + pad(i+1, 7))
		p.card = c.newCard()
		p.home = i * len(c.cells) / people
		p.work = d.n(len(c.cells))
		p.lively = min(4, d.about(1, 0.6))
		p.late = d.n(lateMost + 1)
		p.employer = -1
		if d.chance(0.6) {
			p.employer = d.n(len(c.employers))
		}
	}
}

// contact is the k-th contact of person i; who is somebody's contact has them
// for one too. The first are the closest.
func (c *City) contact(i, k int) int {
	n := len(c.people)
	distance := 1 + k/2*(k/2+1)/2*37%(n-1) // family next door, then further away
	if k%2 == 0 {
		return (i + distance) % n
	}
	return (i + n - distance) % n
}

// friend picks a contact of person i, the close ones more often.
func (c *City) friend(d *dice, i int) int {
	return c.contact(i, min(int(d.exp(4)), 2*circle-1))
}

// where is the cell that a person is in.
func (c *City) where(d *dice, p *person, hour int) string {
	h := hour % 24
	switch {
	case d.chance(0.08):
		return c.cells[d.n(len(c.cells))]
	case h >= 9 && h < 18 && c.weekday(hour) <= 5 && p.employer >= 0:
		return c.cells[p.work]
	}
	return c.cells[p.home]
}

// somebody is any inhabitant.
func (c *City) somebody(d *dice) *person { return &c.people[d.n(len(c.people))] }

// stranger is a number that a scammer or a seller might dial: mostly of the
// city, else from elsewhere in the country.
func (c *City) stranger(d *dice) (number string, p *person) {
	if d.chance(0.7) {
		p = c.somebody(d)
		return p.number, p
	}
	return choose(d, elsewhere) + pad(d.n(100_000_000), 8), nil
}

var elsewhere = []string{"138", "139", "150", "159", "186", "188", "133", "189", "177", "198"}

// newNumber is a mobile number that nobody has yet.
func (c *City) newNumber() string {
	n := c.lines
	c.lines++
	if n/10_000 >= len(c.segments) {
		c.segments = c.sand.Segments(len(c.segments) + 8)
	}
	return c.segments[n/10_000] + pad((n*6967+4021)%10_000, 4)
}

// denLines are numbers of lines in a den of the city, as they are dialled.
func (c *City) denLines(n int) []string {
	out := c.sand.DenLines(c.boxes, n)
	c.boxes++
	for i := range out {
		out[i] = out[i][len("+86"):]
	}
	return out
}

// newFixed is a fixed number of an honest business, as it is dialled.
func (c *City) newFixed(i int) string { return "0" + c.sand.Lines(500 + i)[2][len("+86"):] }

// newLine is a new number with a SIM card and a phone.
func (c *City) newLine(person string) line {
	return line{number: c.newNumber(), imei: c.newDevice(), imsi: c.newSIM(), person: person}
}

func (c *City) newSIM() string {
	c.sims++
	return "460" + [3]string{"00", "11", "01"}[c.sims%3] + pad(1_200_000_000+c.sims*7919, 10)
}

// newDevice is the phone of somebody: an IMEI of the range for tests, of one of
// forty models, with its check digit.
func (c *City) newDevice() string {
	c.devices++
	return imei(1+c.devices%40, (c.devices*7919+c.devices/40*31)%1_000_000)
}

// newDevices are devices of one purchase: their numbers follow one another.
func (c *City) newDevices(n int) (out []string) {
	c.devices++
	for i := range n {
		out = append(out, imei(60, (c.devices*1013+i)%1_000_000))
	}
	return out
}

func imei(model, serial int) string {
	s := "00" + pad(1000+model, 6) + pad(serial, 6)
	sum := 0
	for i := range len(s) {
		x := int(s[i] - '0')
		if i%2 == 1 {
			if x *= 2; x > 9 {
				x -= 9
			}
		}
		sum += x
	}
	return s + strconv.Itoa((10-sum%10)%10)
}

// newCard is an account that nobody has yet.
func (c *City) newCard() string {
	c.cards++
	return c.sand.Card(c.cards%2, c.cards/2)
}

// straw is a person who lends their name.
func (c *City) straw(i int) string { return "P9" + pad(i, 6) }

// abroad is a number from abroad: of the ranges that the regulator of North
// America keeps free for films.
func abroad(d *dice) string {
	return "+1" + choose(d, filmed) + "55501" + pad(d.n(100), 2)
}

var filmed = []string{"201", "202", "206", "212", "213", "214", "215", "303", "305", "312", "313", "314", "404", "412", "415", "503", "512", "602", "612", "617", "702", "713", "805", "916"}

// call is a call from a line; it is made at once or later.
func (c *City) call(at int64, from line, to string, seconds float64, answered bool, of *Case) {
	n := int64(seconds)
	if !answered {
		n = 0
	} else if n < 1 {
		n = 1
	}
	c.put(event{at: at, kind: feed.Call, a: from.number, b: to, n: n, yes: answered, imei: from.imei, imsi: from.imsi, cell: from.cell, person: from.person, of: of})
}

// pay is a transfer. phone is the mobile number that the payer's bank knows.
func (c *City) pay(at int64, from, to string, fen int64, channel, phone, person string, of *Case) {
	c.put(event{at: at, kind: feed.Transfer, a: from, b: to, n: max(fen, 1), word: channel, phone: phone, person: person, of: of})
}

// yuan is an amount in fen, round as people's amounts are.
func yuan(x float64) int64 {
	switch {
	case x >= 1000:
		return int64(x/100) * 100_00
	case x >= 100:
		return int64(x/10) * 10_00
	}
	return max(int64(x*10)*10, 10)
}

// opened is a registration of a line or an account.
func (c *City) opened(at int64, what, number, account, outlet, device, channel, person string, of *Case) {
	c.put(event{at: at, kind: feed.Registration, word: what, a: number, b: account, outlet: outlet, imei: device, cell: channel, person: person, of: of})
}
