package city

import (
	"lanzha/work/feed"
)

// mule is an account that lends itself to a scam.
type mule struct {
	account, person, phone string
	next                   []string // where the money goes
	of                     *Case
	wait                   float64 // seconds until it goes on
	keeps                  float64 // share
	until                  int     // hour from which it takes no more
}

// newMule is an account of a straw man.
func (c *City) newMule(d *dice, k *Case) *mule {
	l := c.newLine(c.straw(c.lines))
	m := &mule{account: c.newCard(), person: l.person, phone: l.number, of: k, wait: 240, keeps: 0.02}
	for range d.between(2, 4) {
		m.next = append(m.next, c.newCard())
	}
	k.add(feed.Account, m.account)
	k.add(feed.Person, m.person)
	return m
}

// forward sends on what came in at an instant.
func (c *City) forward(d *dice, m *mule, at, fen int64) {
	rest := int64(float64(fen) * (1 - m.keeps))
	parts := d.between(1, 3)
	for i := range parts {
		part := rest
		if i < parts-1 {
			part = rest / int64(parts-i) / 100 * 100
		}
		rest -= part
		at += int64(20+d.exp(m.wait)) * second
		c.pay(at, m.account, choose(d, m.next), part, "app", m.phone, m.person, m.of)
	}
}

// spell is a victim: a long call from a number that is risky, after which
// money goes to an account that the victim never paid before.
func (c *City) spell(k *Case, d *dice, at int) {
	who := d.n(len(c.people))
	p := &c.people[who]
	k.add(feed.Account, p.card)
	k.add(feed.Number, p.number)
	k.add(feed.Person, p.person)
	own := c.newMule(d, k)
	c.actors = append(c.actors, &once{at, func(c *City, hour int) {
		d := c.dice("spell "+k.ID, 0, hour)
		from := line{number: abroad(d)}
		if len(c.dens) > 0 && d.chance(0.6) {
			from = *choose(d, c.dens)
		}
		m := own
		for _, x := range c.mules {
			if hour < x.until && d.chance(0.3) {
				m = x
			}
		}
		k.add(feed.Account, m.account)
		begin := c.start(hour) + int64(d.n(1800))*second
		long := max(480, d.about(2000, 0.5))
		c.call(begin, from, p.number, long, true, k)
		pays := begin + int64(long+d.exp(700))*second
		amount, parts := d.about(28_000, 0.9), d.between(1, 3)
		switch k.Way {
		case slow: // the next morning, when the call is long over
			pays += int64(d.between(10, 18)) * hourly
		case mixed, mimic: // small amounts
			amount, parts = amount/20, d.between(4, 7)
		case rotating: // several calls, none of them long
			for x := range 3 {
				c.call(begin+int64(x+1)*900*second, line{number: abroad(d)}, p.number, 280, true, k)
			}
		}
		for range parts {
			fen := max(yuan(amount/float64(parts)), 100_00)
			c.pay(pays, p.card, m.account, fen, "app", p.number, p.person, k)
			c.forward(d, m, pays, fen)
			pays += int64(d.between(90, 900)) * second
		}
	}})
}

// through is an account on which nothing stays.
func (c *City) through(k *Case, d *dice, at int) {
	m := c.newMule(d, k)
	m.until = at + d.between(10, 60)
	anHour := 1.2
	switch k.Way {
	case slow:
		m.wait, m.keeps = 3*3600, 0.2
	case mimic:
		m.wait, m.keeps, anHour = 9*3600, 0.35, 0.3
	case rotating:
		m.until = at + 4
	}
	if d.chance(0.5) {
		c.actors = append(c.actors, &once{max(0, at-d.between(1, 30)), func(c *City, hour int) {
			d := c.dice("opened "+k.ID, 0, hour)
			c.opened(c.moment(d, hour), "open", "", m.account, choose(d, c.branches), "", "counter", m.person, nil)
		}})
	}
	c.actors = append(c.actors, &once{at, func(c *City, _ int) { c.mules = append(c.mules, m) }})
	c.work(at, m.until-at, func(c *City, hour int) {
		d := c.dice("through "+k.ID, 0, hour)
		for range d.times(anHour) {
			at := c.moment(d, hour)
			fen := yuan(d.about(9000, 0.9))
			c.victimPays(d, k, m.account, at, fen)
			c.forward(d, m, at, fen)
		}
		if (k.Way == mixed || k.Way == mimic) && d.chance(0.7) { // lives from it
			c.pay(c.moment(d, hour), m.account, choose(d, c.shops), yuan(d.about(30, 0.8)), "qr", m.phone, m.person, nil)
		}
	})
}

// victimPays is money of somebody who was deceived elsewhere: of the city, or
// from another bank, whose customer's number is not known here.
func (c *City) victimPays(d *dice, k *Case, to string, at, fen int64) {
	if d.chance(0.5) {
		p := c.somebody(d)
		c.pay(at, p.card, to, fen, "app", p.number, p.person, k)
		return
	}
	c.pay(at, c.newCard(), to, fen, "interbank", "", "", k)
}

// collect is an account into which many strangers pay within hours: tasks that
// are never paid back, goods that are never sent.
func (c *City) collect(k *Case, d *dice, at int) {
	m := c.newMule(d, k)
	m.wait = 600
	payers, hours, amount := d.between(18, 60), d.between(3, 9), 900.0
	switch k.Way {
	case slow, mimic:
		payers, hours = 14, 60
	case mixed:
		amount = 120
	}
	var held int64
	c.work(at, hours, func(c *City, hour int) {
		d := c.dice("collect "+k.ID, 0, hour)
		for range d.times(float64(payers) / float64(min(hours, 30))) {
			fen := yuan(d.about(amount, 0.8))
			held += fen
			c.victimPays(d, k, m.account, c.moment(d, hour), fen)
		}
		if held > 0 {
			c.forward(d, m, c.start(hour)+58*minute, held)
			held = 0
		}
	})
}

// dormant is an account that does nothing, is tried with small change, sleeps
// again, and then works for hours.
func (c *City) dormant(k *Case, d *dice) {
	m := c.newMule(d, k)
	days := c.hours / 24
	begin := d.n(max(1, days/5)) * 24
	wakes := min(c.hours-12, begin+24*max(1, days/2+d.n(max(1, days/3)))) / 24 * 24
	other := c.newCard()
	c.actors = append(c.actors, &once{begin + d.between(8, 20), func(c *City, hour int) {
		d := c.dice("dormant "+k.ID, 0, hour)
		for range d.between(1, 2) {
			c.pay(c.moment(d, hour), other, m.account, int64(d.between(1, 100)), "app", "", "", nil)
		}
		if d.chance(0.5) {
			c.pay(c.start(hour)+58*minute, m.account, other, 1, "app", m.phone, m.person, nil)
		}
	}})
	anHour, hours := float64(d.between(5, 12)), d.between(4, 8)
	switch k.Way {
	case slow:
		anHour, hours = 0.7, 20
		m.wait = 3600
	case mimic:
		anHour, hours = 1.5, 10
		m.wait, m.keeps = 9*3600, 0.3
	case rotating:
		hours = 2
	}
	c.work(wakes+d.between(9, 11), hours, func(c *City, hour int) {
		d := c.dice("dormant "+k.ID, 1, hour)
		for range d.times(anHour) {
			at := c.moment(d, hour)
			fen := yuan(d.about(4000, 0.9))
			c.victimPays(d, k, m.account, at, fen)
			c.forward(d, m, at, fen)
		}
	})
}

// openings is an outlet, or a clerk of it, that opens lines or accounts for
// straw men.
func (c *City) openings(k *Case, d *dice, at int) {
	many, hours, straws := d.between(18, 45), d.between(2, 4), d.between(3, 6)
	of := c.outlets
	if k.Kind == AccountOpening {
		of = c.branches
		many = d.between(12, 30)
	}
	outlet := choose(d, of)
	device := ""
	channel := "counter"
	switch k.Way {
	case slow, mimic: // a few a day, each for somebody else
		many, hours, straws = 12, 24*4, 12
		if at+hours > c.hours {
			at %= 24
		}
	case rotating: // an agent with one device, for several outlets
		device, channel = c.newDevice(), "agent"
		k.add(feed.Device, device)
	case mixed:
		straws = many / 2
	}
	k.add(feed.Outlet, outlet)
	names := []string{}
	for range straws {
		names = append(names, c.straw(c.lines))
		c.newNumber() // the name's own
	}
	k.add(feed.Person, names...)
	made := 0
	perHour := float64(many) / float64(min(hours, 10))
	if hours > 24 {
		perHour = float64(many) / float64(hours/24*11)
	}
	c.work(at, hours, func(c *City, hour int) {
		d := c.dice("openings "+k.ID, 0, hour)
		for range d.times(perHour) {
			where := outlet
			if k.Way == rotating {
				where = choose(d, of)
				k.add(feed.Outlet, where)
			}
			at := c.moment(d, hour)
			name := names[made%len(names)]
			made++
			if k.Kind == AccountOpening {
				account := c.newCard()
				k.add(feed.Account, account)
				c.opened(at, "open", "", account, where, device, channel, name, k)
				continue
			}
			l := c.newLine(name)
			k.add(feed.Number, l.number)
			c.opened(at, "open", l.number, "", where, device, channel, name, k)
			c.actors = append(c.actors, &once{hour + d.between(20, 40), func(c *City, hour int) { c.misuse(k, l, hour) }})
		}
	})
}

// misuse is what a line of a straw man is for: a day later it calls strangers
// for an hour.
func (c *City) misuse(k *Case, l line, hour int) {
	if h := hour % 24; h < 9 || h >= 20 {
		return
	}
	d := c.dice("misuse "+l.number, 0, hour)
	l.cell = c.someCells(d, 1)[0]
	for range d.between(10, 30) {
		to, _ := c.stranger(d)
		c.bait(d, k, l, to, c.moment(d, hour), 0.3)
	}
}
