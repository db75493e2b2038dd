package city

import (
	"lanzha/work/feed"
)

// The look-alikes: honest people whose events resemble those of a scam. How
// many of each there are follows from the size of the city.

// LookAlikes lists their kinds.
func LookAlikes() []string {
	return []string{
		"courier", "taxi-dispatch", "hospital", "bank-line", "family-phone", "payroll", "school", "merchant", "moved-house", "call-centre",
		"market-stall", "class-fees", "repair-shop", "campus-day", "two-phones", "family-abroad", "big-purchase",
		"telesales", "small-trader", "staff-accounts",
	}
}

// desk is a line that calls for its work, and what is ordinary about it.
type desk struct {
	line
	name       string // for the dice
	perHour    float64
	from, to   int     // hours of the day; to is behind the last
	weekend    bool    // works then too
	regulars   int     // whom it calls again and again, from first on; 0 is only strangers
	first      int     // inhabitant
	familiar   float64 // share of calls to regulars
	answered   float64
	seconds    float64 // median
	calledBack float64 // share of those reached or missed who call
	cells      []string
}

func (k *desk) live(c *City, hour int) {
	h := hour % 24
	if h < k.from || h >= k.to || !k.weekend && c.weekday(hour) > 5 {
		return
	}
	d := c.dice(k.name, 0, hour)
	if len(k.cells) > 0 {
		k.cell = choose(d, k.cells)
	}
	rate := k.perHour
	if k.to == 24 { // day and night, and less at night
		rate *= min(1.2, 0.1+float64(callRhythm[h])/50)
	}
	for range d.times(rate) {
		p := c.somebody(d)
		if k.regulars > 0 && d.chance(k.familiar) {
			p = &c.people[(k.first+d.n(k.regulars))%len(c.people)]
		}
		at := c.moment(d, hour)
		if len(k.cells) > 0 && d.chance(0.3) { // on the move
			k.cell = choose(d, k.cells)
		}
		c.call(at, k.line, p.number, d.about(k.seconds, 0.8), d.chance(k.answered), nil)
		if d.chance(k.calledBack) {
			from := p.line
			from.cell = c.where(d, p, hour)
			c.call(at+int64(d.between(30, 1500))*second, from, k.number, d.about(k.seconds, 0.7), d.chance(0.85), nil)
		}
	}
}

// till is an account that many pay into.
type till struct {
	account, person string
	name            string
	perDay          float64
	median          float64 // yuan
	from, to        int
	sweep           string // where the day's takings go, after it closes
	wholesale       string // whom it pays in the morning
	taken           int64
}

func (t *till) live(c *City, hour int) {
	h := hour % 24
	d := c.dice(t.name, 1, hour)
	if h >= t.from && h < t.to {
		for range d.times(t.perDay / float64(t.to-t.from)) {
			p := c.somebody(d)
			fen := yuan(d.about(t.median, 0.7))
			t.taken += fen
			c.pay(c.moment(d, hour), p.card, t.account, fen, "qr", p.number, p.person, nil)
		}
	}
	if h == t.to && t.sweep != "" && t.taken > 0 {
		c.pay(c.moment(d, hour), t.account, t.sweep, t.taken, "batch", "", t.person, nil)
		t.taken = 0
	}
	if h == t.from-1 && t.wholesale != "" {
		for range d.between(1, 3) {
			c.pay(c.moment(d, hour), t.account, t.wholesale, yuan(d.about(900, 0.5)), "app", "", t.person, nil)
		}
	}
}

// once is something that happens in one hour.
type once struct {
	hour int
	do   func(c *City, hour int)
}

func (o *once) live(c *City, hour int) {
	if hour == o.hour {
		o.do(c, hour)
	}
}

// daily is something that happens on working days, at an hour.
type daily struct {
	at int
	do func(c *City, hour int)
}

func (o *daily) live(c *City, hour int) {
	if hour%24 == o.at && c.weekday(hour) <= 5 {
		o.do(c, hour)
	}
}

// day is an hour on some day of the city's time.
func (c *City) day(d *dice, hour int) int { return d.n(c.hours/24)*24 + hour }

func (c *City) someCells(d *dice, n int) []string {
	at := d.n(len(c.cells))
	out := []string{}
	for i := range n {
		out = append(out, c.cells[(at+i)%len(c.cells)])
	}
	return out
}

func one(domain feed.Domain, value string) Subject { return Subject{domain, value} }

// honestPeople gives the look-alikes their places.
func (c *City) honestPeople() {
	count := 2 + len(c.people)/5000
	for i := range count {
		d := c.dice("honest", i, 0)
		c.callers(d, i)
		c.households(d, i)
		c.businesses(d, i)
		c.events(d, i)
	}
}

// callers are those who call for their work.
func (c *City) callers(d *dice, i int) {
	n := pad(i, 3)
	add := func(kind string, k *desk) {
		k.name = kind + n + k.number
		c.actors = append(c.actors, k)
		c.honest(kind, one(feed.Number, k.number))
	}
	for range 3 {
		add("courier", &desk{
			line: c.newLine("C" + pad(c.lines, 6)), perHour: float64(d.between(8, 15)), from: 9, to: 20, weekend: true, first: d.n(len(c.people)), regulars: 300, familiar: 0.7,
			answered: 0.78, seconds: 18, calledBack: 0.1, cells: c.someCells(d, d.between(5, 9)),
		})
	}
	fixed := func(x int) line { return line{number: c.newFixed(i*10 + x), person: "B" + pad(i*10+x, 5)} }
	add("taxi-dispatch", &desk{line: fixed(0), perHour: float64(d.between(30, 70)), to: 24, weekend: true, first: d.n(len(c.people)), regulars: 80, familiar: 0.7, answered: 0.92, seconds: 22, calledBack: 0.3})
	add("hospital", &desk{line: fixed(1), perHour: float64(d.between(15, 35)), from: 8, to: 18, answered: 0.72, seconds: 85, calledBack: 0.12})
	add("bank-line", &desk{line: line{number: "955" + pad(70+i, 2), person: "B" + pad(i*10+2, 5)}, perHour: float64(d.between(60, 140)), from: 9, to: 20, answered: 0.5, seconds: 40, calledBack: 0.03})
	for x := range 3 {
		add("call-centre", &desk{line: fixed(3 + x), perHour: float64(d.between(18, 30)), from: 9, to: 19, weekend: true, answered: 0.82, seconds: 100, calledBack: 0.08})
	}
	// Somebody who sells by telephone, to strangers who did not ask for it: to the
	// eye of a carrier there is little that tells this line from that of a scam.
	add("telesales", &desk{line: c.newLine("C" + pad(c.lines, 6)), perHour: float64(d.between(10, 22)), from: 9, to: 18, answered: 0.4, seconds: 18, calledBack: 0.02, cells: c.someCells(d, 1)})
	// An agent with one phone for customers and one for colleagues.
	a := c.newLine("C" + pad(c.lines, 6))
	b := c.newLine(a.person)
	cells, first := c.someCells(d, 6), d.n(len(c.people))
	for x, l := range []line{a, b} {
		k := &desk{line: l, perHour: float64(d.between(2, 5)), from: 9, to: 20, weekend: true, first: first, regulars: 90 - 60*x, familiar: 0.6, answered: 0.78, seconds: 60, calledBack: 0.3, cells: cells}
		k.name = "two-phones" + n + l.number
		c.actors = append(c.actors, k)
	}
	c.honest("two-phones", one(feed.Number, a.number), one(feed.Number, b.number), one(feed.Person, a.person))
}

// households are families and those who begin anew.
func (c *City) households(d *dice, i int) {
	n := pad(i, 3)
	// Three cards and one phone, which everybody at home uses.
	shared := c.newDevice()
	subjects := []Subject{one(feed.Device, shared), one(feed.Person, "P8"+pad(i, 6))}
	first, cell := d.n(len(c.people)), c.someCells(d, 1)
	for range 3 {
		l := c.newLine("P8" + pad(i, 6))
		l.imei = shared
		k := &desk{line: l, perHour: 1.2, from: 7, to: 22, weekend: true, first: first, regulars: 40, familiar: 0.9, answered: 0.75, seconds: 70, calledBack: 0.5, cells: cell}
		k.name = "family" + n + l.number
		c.actors = append(c.actors, k)
		subjects = append(subjects, one(feed.Number, l.number))
	}
	c.honest("family-phone", subjects...)
	// Somebody moved here, has a new card, and tells everybody.
	for range 2 {
		at := c.day(d, d.between(9, 15))
		who := d.n(len(c.people))
		c.honest("moved-house", one(feed.Number, c.people[who].number), one(feed.Person, c.people[who].person))
		c.actors = append(c.actors, &once{at, func(c *City, hour int) { c.move(who, hour) }})
	}
	// A daughter studies abroad and calls in the evening; then the house sleeps.
	who := d.n(len(c.people))
	c.honest("family-abroad", one(feed.Number, c.people[who].number))
	from := line{number: abroad(d)}
	c.actors = append(c.actors, &daily{20 + d.n(2), func(c *City, hour int) {
		d := c.dice("abroad"+n, who, hour)
		if d.chance(0.5) {
			c.call(c.moment(d, hour), from, c.people[who].number, d.about(1500, 0.5), true, nil)
		}
	}})
	// A flat is bought: the agent calls at length, and the deposit goes to
	// somebody who was never paid before.
	for x := range 2 {
		at := c.day(d, d.between(10, 16))
		buyer := d.n(len(c.people))
		agent, seller := c.newLine("C"+pad(c.lines, 6)), c.newCard()
		agent.cell = c.someCells(d, 1)[0]
		p := &c.people[buyer]
		c.honest("big-purchase", one(feed.Number, p.number), one(feed.Account, p.card), one(feed.Account, seller), one(feed.Person, p.person))
		c.actors = append(c.actors, &once{at, func(c *City, hour int) {
			d := c.dice("flat"+n, x, hour)
			begin := c.start(hour) + int64(d.n(1200))*second
			long := d.about(700, 0.5)
			c.call(begin, agent, p.number, long, true, nil)
			c.pay(begin+int64(long+d.exp(1500))*second, p.card, seller, yuan(d.about(40_000, 0.6)), "app", p.number, p.person, nil)
		}})
	}
}

// move gives a person a new card and home; in the next hours they call
// whomever they know.
func (c *City) move(who, hour int) {
	d := c.dice("move", who, hour)
	p := &c.people[who]
	c.opened(c.start(hour)+int64(d.n(1200))*second, "replace", p.number, "", choose(d, c.outlets), "", "counter", p.person, nil)
	p.imsi, p.home = c.newSIM(), d.n(len(c.cells))
	for x := range d.between(20, 40) {
		from := p.line
		from.cell = c.cells[p.home]
		at := c.start(hour) + 30*minute + int64(x)*int64(d.between(60, 500))*second
		f := &c.people[c.contact(who, d.n(2*circle))]
		if d.chance(0.25) {
			f = c.somebody(d) // the landlord, the internet, the movers
		}
		reached := d.chance(0.78)
		c.call(at, from, f.number, d.about(70, 0.8), reached, nil)
		if !reached && d.chance(0.6) {
			back := f.line
			back.cell = c.where(d, f, hour)
			c.call(at+int64(d.between(60, 3000))*second, back, p.number, talk(d), true, nil)
		}
	}
}

// businesses are accounts with much on them.
func (c *City) businesses(d *dice, i int) {
	n := pad(i, 3)
	shop := &till{account: c.newCard(), person: "E9" + n, name: "merchant" + n, perDay: float64(d.between(250, 700)), median: 38, from: 8, to: 22, sweep: c.newCard()}
	stall := &till{account: c.newCard(), person: "P7" + pad(i, 6), name: "stall" + n, perDay: float64(d.between(70, 180)), median: 18, from: 6, to: 12, wholesale: c.newCard()}
	c.actors = append(c.actors, shop, stall)
	c.honest("merchant", one(feed.Account, shop.account))
	c.honest("market-stall", one(feed.Account, stall.account))
	// Somebody who sells from home, and pays the maker the same evening.
	trader := &till{account: c.newCard(), person: "P6" + pad(i, 6), name: "trader" + n, perDay: float64(d.between(12, 35)), median: 240, from: 9, to: 22, sweep: c.newCard()}
	c.actors = append(c.actors, trader)
	c.honest("small-trader", one(feed.Account, trader.account))
	// An agency that pays its workers every Friday, an hour after the money came.
	pool, client := c.newCard(), c.newCard()
	workers, first := d.between(30, 120), d.n(len(c.people))
	c.honest("payroll", one(feed.Account, pool))
	c.actors = append(c.actors, &daily{14, func(c *City, hour int) {
		if c.weekday(hour) != 5 && c.hours >= 5*24 {
			return
		}
		d := c.dice("payroll"+n, 0, hour)
		var sum int64
		at := c.start(hour) + int64(d.n(600))*second
		for x := range workers {
			fen := yuan(d.about(1600, 0.3))
			sum += fen
			c.pay(at+5*minute+int64(d.n(900))*second, pool, c.people[(first+x)%len(c.people)].card, fen, "batch", "", "E8"+n, nil)
		}
		c.pay(at, client, pool, sum, "corporate", "", "E7"+n, nil)
	}})
	// Parents pay for a trip to one of them, who pays the coach.
	collector := d.n(len(c.people))
	each := int64(d.between(8, 40)) * 10_00
	c.honest("class-fees", one(feed.Account, c.people[collector].card), one(feed.Person, c.people[collector].person))
	c.actors = append(c.actors, &once{c.day(d, 19), func(c *City, hour int) {
		d := c.dice("class"+n, 0, hour)
		p := &c.people[collector]
		parents := d.between(28, 48)
		for x := range parents {
			q := &c.people[(collector+x*7+3)%len(c.people)]
			c.pay(c.start(hour)+int64(d.exp(2400))*second, q.card, p.card, each, "app", q.number, q.person, nil)
		}
		c.pay(c.start(hour)+int64(d.between(14, 20))*hourly, p.card, c.shops[0], each*int64(parents), "app", p.number, p.person, nil)
	}})
}

// events are places where much happens at once.
func (c *City) events(d *dice, i int) {
	n := pad(i, 3)
	// A school writes to all parents at the end of the day.
	sender, parents, first := "1069"+pad(9300+i, 4), d.between(400, 1100), d.n(len(c.people))
	c.honest("school", one(feed.Number, sender))
	c.actors = append(c.actors, &daily{16, func(c *City, hour int) {
		d := c.dice("school"+n, 0, hour)
		at := c.start(hour) + int64(d.n(2400))*second
		for x := range parents {
			p := &c.people[(first+x)%len(c.people)]
			c.put(event{at: at + int64(d.n(240))*second, kind: feed.Message, a: sender, b: p.number, word: "【模拟学校】今日放学时间不变，请家长按时接送。", cell: c.where(d, p, hour)})
		}
	}})
	// A shop that mends phones puts its customers' cards into one to try them.
	tester, cell := c.newDevice(), c.someCells(d, 1)[0]
	c.honest("repair-shop", one(feed.Device, tester))
	c.actors = append(c.actors, &daily{10, func(c *City, hour int) {
		d := c.dice("repair"+n, 0, hour)
		for range d.between(4, 9) {
			l := c.somebody(d).line
			l.imei, l.cell = tester, cell
			for range d.between(1, 2) {
				c.call(c.start(hour)+int64(d.n(8*3600))*second, l, choose(d, []string{"10086", "10010", "10000"}), d.about(25, 0.5), true, nil)
			}
		}
	}})
	// A company's new staff open accounts, some of them two.
	branch, staff := c.branches[(i*7+3)%len(c.branches)], d.between(15, 40)
	c.honest("staff-accounts", one(feed.Outlet, branch))
	c.actors = append(c.actors, &once{c.day(d, 10), func(c *City, hour int) {
		d := c.dice("staff"+n, 0, hour)
		for x := range staff {
			p := &c.people[(first+x*3)%len(c.people)]
			for range 1 + d.times(0.25) {
				c.opened(c.start(hour)+int64(d.n(5*3600))*second, "open", "", c.newCard(), branch, "", "counter", p.person, nil)
			}
		}
	}})
	// Freshmen open lines at the counter on the campus.
	outlet := c.outlets[i%len(c.outlets)]
	c.honest("campus-day", one(feed.Outlet, outlet))
	c.actors = append(c.actors, &once{c.day(d, 9), func(c *City, hour int) {
		d := c.dice("campus"+n, 0, hour)
		for range d.between(50, 120) {
			l := c.newLine("N" + pad(c.lines, 7))
			at := c.start(hour) + int64(d.n(7*3600))*second
			c.opened(at, "open", l.number, "", outlet, "", "counter", l.person, nil)
			c.actors = append(c.actors, &newcomer{line: l, from: int((at-c.begin)/hourly) + 1, home: d.n(len(c.cells))})
		}
	}})
}
