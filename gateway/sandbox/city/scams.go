package city

import (
	"lanzha/work/feed"
)

// How scammers hide. Not all do; those who do are what keeps recall from being
// one. What they can do is told by work that simulates them: cards that change
// places, calls among their own, a pace as slow as that of people.
const (
	openly   = "open"
	slow     = "slow"     // few calls or payments at a time
	rotating = "rotating" // cards change devices, lines are given up early
	mixed    = "mixed"    // honest-looking events in between
	mimic    = "mimic"    // all of it, at the pace and with the answers of people
)

// scammers gives every kind of scam its cases. They begin in the hours in which
// such things begin, on any day but the first hours and the last, so that
// there is a life before them.
func (c *City) scammers() {
	days := c.hours / 24
	count := 3 + len(c.people)*days/20_000
	for i := range count {
		for _, kind := range Kinds() {
			d := c.dice("scam "+string(kind), i, 0)
			way := openly
			if i%2 == 1 {
				way = []string{slow, rotating, mixed, mimic}[i/2%4]
			}
			at := d.n(days)*24 + d.between(9, 15)
			k := c.open(kind, i, way)
			switch kind {
			case GOIP:
				c.goip(k, d, at)
			case PhoneRelay:
				c.relay(k, d, at)
			case Blast, Sequential:
				c.dial(k, d, at)
			case ManySIMs:
				c.stack(k, d, at)
			case NewSIM:
				c.newSIMs(k, d, at)
			case FakeStation:
				c.station(k, d, at)
			case OverseasSilence:
				c.isolate(k, d, at)
			case Spell:
				c.spell(k, d, at)
			case MuleThrough:
				c.through(k, d, at)
			case MulePayers:
				c.collect(k, d, at)
			case MuleDormant:
				c.dormant(k, d)
			case LineOpening, AccountOpening:
				c.openings(k, d, at)
			}
		}
	}
}

// shift is somebody who works from one hour on for so many, in the hours of
// the day from 9 to 20.
type shift struct {
	from, hours int
	do          func(c *City, hour int)
}

func (s *shift) live(c *City, hour int) {
	if h := hour % 24; hour >= s.from && hour < s.from+s.hours && h >= 9 && h < 20 {
		s.do(c, hour)
	}
}

func (c *City) work(from, hours int, do func(c *City, hour int)) {
	c.actors = append(c.actors, &shift{from, hours, do})
}

// bait is a call of a scammer to a stranger: most do not answer, most who do
// hang up, and a few stay.
func (c *City) bait(d *dice, k *Case, l line, to string, at int64, answered float64) {
	seconds := d.about(14, 0.7)
	if d.chance(0.06) {
		seconds = d.about(500, 0.6)
	}
	c.call(at, l, to, seconds, d.chance(answered), k)
}

// goip is a box with a place for each card, in one room.
func (c *City) goip(k *Case, d *dice, at int) {
	places := d.between(8, 24)
	perPlace := float64(d.between(7, 15)) // calls an hour
	cards := places
	cell := c.someCells(d, 2)
	switch k.Way {
	case slow:
		perPlace = 2
	case rotating:
		cards = places * d.between(3, 6)
	case mimic:
		perPlace, cards = 2.5, places*d.between(5, 9)
	}
	devices := c.newDevices(places)
	if k.Way == mimic { // each card comes with a device that nobody has seen
		devices = devices[:0]
		for range cards {
			devices = append(devices, c.newDevice())
		}
	}
	// Their numbers are those of one place: whoever asks the carriers finds it.
	numbers := c.denLines(cards)
	lines := []line{}
	for range cards {
		l := c.newLine(c.straw(c.lines))
		l.imei, l.cell = devices[len(lines)%len(devices)], cell[0]
		if n := len(lines); n < len(numbers) {
			l.number = numbers[n]
		}
		lines = append(lines, l)
		k.add(feed.Number, l.number)
		k.add(feed.SIM, l.imsi)
		k.add(feed.Person, l.person)
	}
	k.add(feed.Device, devices...)
	k.add(feed.Cell, cell[0])
	name := "goip " + k.ID
	c.work(at, 24*d.between(1, 4), func(c *City, hour int) {
		d := c.dice(name, 0, hour)
		for p := range places {
			l := &lines[p]
			if k.Way == rotating { // another card each hour, and at times another place
				l = &lines[(hour*places+p)%cards]
				l.imei = devices[(p+hour/5)%places]
			}
			if k.Way == mimic { // a card works for three hours
				l = &lines[(hour/3*places+p)%cards]
			}
			if k.Way == mixed || k.Way == mimic {
				l.cell = cell[(hour+p)/6%2]
				k.add(feed.Cell, l.cell)
			}
			if d.chance(0.3) {
				c.dens = append(c.dens, l)
			}
			for range d.times(perPlace) {
				to, _ := c.stranger(d)
				at := c.moment(d, hour)
				if (k.Way == mixed || k.Way == mimic) && d.chance(0.45) { // among their own, answered, at length
					other := lines[d.n(cards)]
					if other.number != l.number {
						c.call(at, *l, other.number, d.about(60, 0.6), true, k)
						continue
					}
				}
				c.bait(d, k, *l, to, at, 0.28)
			}
		}
	})
}

// relay is two or three phones of one holder beside each other, one of which is
// on the internet with those who talk, and whose lines call strangers nearby in
// turn. The lines had a life of their own before.
func (c *City) relay(k *Case, d *dice, at int) {
	holder := c.straw(c.lines)
	lines := []line{}
	for range d.between(2, 3) {
		l := c.newLine(holder)
		lines = append(lines, l)
		k.add(feed.Number, l.number)
		k.add(feed.Device, l.imei)
		k.add(feed.SIM, l.imsi)
	}
	k.add(feed.Person, holder)
	home := d.n(len(c.people))
	cells := c.someCells(d, 4)
	name := "relay " + k.ID
	pace := 6.0 + d.f()*8
	hours := d.between(4, 9)
	switch k.Way {
	case slow:
		pace, hours = 3, 30
	case rotating:
		hours = 24 * 2
	case mimic: // one phone at a time, on the move, between calls to friends
		pace, hours = 3.5, 24*2
		lines = lines[:1]
	}
	// A life: the holder's own calls, on the first line, until the work begins.
	c.actors = append(c.actors, &own{line: lines[0], name: name, home: home, until: at})
	c.work(at, hours, func(c *City, hour int) {
		d := c.dice(name, 1, hour)
		l := 0
		for at := c.start(hour) + int64(d.exp(3600/pace))*second; at < c.start(hour+1); at += int64(20+d.exp(3600/pace)) * second {
			from := lines[l%len(lines)]
			l++
			from.cell = cells[0]
			if k.Way == rotating || k.Way == mimic { // in a car
				from.cell = cells[hour%4]
			}
			if (k.Way == mixed || k.Way == mimic) && d.chance(0.35) {
				c.call(at, from, c.people[c.friend(d, home)].number, talk(d), d.chance(0.8), k)
				continue
			}
			p := c.somebody(d)
			c.bait(d, k, from, p.number, at, 0.38)
		}
		k.add(feed.Cell, cells[0])
	})
}

// own is the ordinary life of a line that will be misused.
type own struct {
	line
	name        string
	home, until int
}

func (o *own) live(c *City, hour int) {
	if hour >= o.until {
		return
	}
	d := c.dice("own "+o.name, 0, hour)
	for range d.times(callsADay * float64(callRhythm[hour%24]) / 1000) {
		from := o.line
		from.cell = c.cells[c.people[o.home].home]
		c.call(c.moment(d, hour), from, c.people[c.friend(d, o.home)].number, talk(d), d.chance(0.75), nil)
		if d.chance(0.5) {
			f := c.people[c.friend(d, o.home)].line
			f.cell = from.cell
			c.call(c.moment(d, hour), f, o.number, talk(d), d.chance(0.75), nil)
		}
	}
}

// dial is a line that a machine dials with: numbers at random, or one after
// the other.
func (c *City) dial(k *Case, d *dice, at int) {
	pace := float64(d.between(150, 500))
	if k.Kind == Sequential {
		pace = float64(d.between(50, 130))
	}
	switch k.Way {
	case slow:
		pace /= 6
	case rotating:
		pace /= 2
	case mimic:
		pace /= 12
	}
	var l line
	next := d.n(100_000_000)
	prefix := choose(d, elsewhere)
	cell := c.someCells(d, 1)[0]
	fresh := func() {
		l = c.newLine(c.straw(c.lines))
		l.cell = cell
		k.add(feed.Number, l.number)
		k.add(feed.SIM, l.imsi)
		k.add(feed.Person, l.person)
		k.add(feed.Device, l.imei)
	}
	fresh()
	answered := 0.12
	if k.Kind == Sequential {
		answered = 0.2 // many of the numbers are nobody's
	}
	if k.Way == mimic {
		answered = 0.5
	}
	c.work(at, d.between(3, 8), func(c *City, hour int) {
		d := c.dice("dial "+k.ID, 0, hour)
		if k.Way == rotating && hour > at {
			fresh()
		}
		step := int64(3600/pace*1e6) * second / 1e6
		for at := c.start(hour) + int64(d.n(int(minute))); at < c.start(hour+1); at += int64(float64(step) * (0.5 + d.f())) {
			to, _ := c.stranger(d)
			if k.Kind == Sequential {
				next = (next + 1) % 100_000_000
				if k.Way == mixed || k.Way == mimic {
					next = (next + d.n(5)) % 100_000_000
				}
				to = prefix + pad(next, 8)
			}
			c.bait(d, k, l, to, at, answered)
			if k.Way == mixed && d.chance(0.1) {
				from := c.somebody(d).line
				c.call(at+minute, from, l.number, d.about(30, 0.5), true, nil)
			}
		}
	})
}

// stack is one device through which a stack of cards goes, each for a call or
// two: they are kept warm, or tried.
func (c *City) stack(k *Case, d *dice, at int) {
	device := c.newDevice()
	devices := []string{device}
	k.add(feed.Device, device)
	cell := c.someCells(d, 1)[0]
	anHour, hours := float64(d.between(4, 9)), d.between(5, 10)
	switch k.Way {
	case slow:
		anHour, hours = 0.4, 24*5
	case rotating:
		devices = append(devices, c.newDevice(), c.newDevice())
		k.add(feed.Device, devices...)
	case mimic: // two cards for each device
		for range 20 {
			devices = append(devices, c.newDevice())
		}
		k.add(feed.Device, devices...)
	}
	c.work(at, hours, func(c *City, hour int) {
		d := c.dice("stack "+k.ID, 0, hour)
		for range d.times(anHour) {
			l := c.newLine(c.straw(c.lines))
			l.imei, l.cell = choose(d, devices), cell
			k.add(feed.Number, l.number)
			k.add(feed.SIM, l.imsi)
			begin := c.moment(d, hour)
			for x := range d.between(1, 3) {
				to, _ := c.stranger(d)
				if k.Way == mixed {
					to = "10086"
				}
				c.call(begin+int64(x)*40*second, l, to, d.about(20, 0.6), d.chance(0.6), k)
			}
			if d.chance(0.4) {
				to, _ := c.stranger(d)
				c.put(event{at: begin + 3*minute, kind: feed.Message, a: l.number, b: to, word: choose(d, chats), imei: l.imei, cell: cell, person: l.person, of: k})
			}
		}
	})
}

// newSIMs is a line that is opened or restored and works at once.
func (c *City) newSIMs(k *Case, d *dice, at int) {
	l := c.newLine(c.straw(c.lines))
	l.cell = c.someCells(d, 1)[0]
	k.add(feed.Number, l.number)
	k.add(feed.SIM, l.imsi)
	k.add(feed.Device, l.imei)
	k.add(feed.Person, l.person)
	what := choose(d, []string{"open", "open", "restore", "replace"})
	wait, pace, hours := d.between(0, 3), float64(d.between(18, 45)), d.between(2, 6)
	switch k.Way {
	case slow:
		pace, hours = 5, 20
	case mimic:
		pace, hours = 8, 10
	case rotating: // lies still for a day first
		wait = d.between(23, 26)
		if at+1+wait >= c.hours {
			at %= 24
		}
	}
	c.actors = append(c.actors, &once{at, func(c *City, hour int) {
		d := c.dice("newsim "+k.ID, 0, hour)
		c.opened(c.start(hour)+int64(d.n(1800))*second, what, l.number, "", choose(d, c.outlets), "", choose(d, []string{"counter", "app"}), l.person, k)
	}})
	c.work(at+1+wait, hours, func(c *City, hour int) {
		d := c.dice("newsim "+k.ID, 1, hour)
		for range d.times(pace) {
			to, p := c.stranger(d)
			answered := 0.3
			if k.Way == mimic {
				answered = 0.6
			}
			if k.Way == mixed && p != nil && d.chance(0.4) {
				answered = 0.9
			}
			c.bait(d, k, l, to, c.moment(d, hour), answered)
		}
	})
}

// station is a false cell that stands in a crowd, or drives through the city,
// and writes to all phones near it under the name of a bank. What is known of
// it is what phones report: it is no cell of a carrier.
func (c *City) station(k *Case, d *dice, at int) {
	sender := choose(d, []string{"95588", "95533", "10086", "12306"})
	crowd, every := d.between(60, 250), 1 // people in reach, in ten minutes
	k.add(feed.Number, sender)
	switch k.Way {
	case slow:
		crowd = d.between(12, 25)
	case rotating:
		every = 3
	case mimic:
		crowd, every = d.between(4, 9), 3
	}
	cell := func(i int) string { return "460-00-6" + pad(4000+i, 4) + "-001" }
	base := d.n(900)
	texts := []string{
		"【积分兑换】您的积分今日到期，点击 http://jf.mobank.example 兑换现金。", "【银行提醒】您的账户已被冻结，请登录 http://mobank.example 验证身份。",
	}
	k.add(feed.Cell, cell(base))
	c.work(at, d.between(1, 3), func(c *City, hour int) {
		d := c.dice("station "+k.ID, 0, hour)
		where := d.n(len(c.people))
		for ten := range 6 {
			now := base
			if every > 1 { // it drives, and takes another name
				now = base + hour%24*6 + ten
				where += perCell
				k.add(feed.Cell, cell(now))
			}
			for x := range crowd {
				p := &c.people[(where+x*3+ten)%len(c.people)]
				c.put(event{at: c.start(hour) + int64(ten)*10*minute + int64(d.n(600))*second, kind: feed.Message, a: sender, b: p.number, word: choose(d, texts), cell: cell(now), of: k})
			}
		}
	})
}

// isolate is a long call from abroad, after which the person is kept on the
// internet and told to speak to nobody, while the family tries.
func (c *City) isolate(k *Case, d *dice, at int) {
	who := d.n(len(c.people))
	p := &c.people[who]
	from := line{number: abroad(d)}
	k.add(feed.Number, p.number, from.number)
	k.add(feed.Person, p.person)
	silence := int64(d.between(150, 400)) * minute
	long := d.about(2400, 0.4)
	tries := d.between(4, 8)
	switch k.Way {
	case slow: // several short calls
		long /= 5
	case mixed, mimic: // nearly nobody tries
		tries = 2
	}
	c.actors = append(c.actors, &once{at, func(c *City, hour int) {
		d := c.dice("isolate "+k.ID, 0, hour)
		begin := c.start(hour) + int64(d.n(3000))*second
		c.call(begin, from, p.number, long, true, k)
		if k.Way == slow {
			for x := range 4 {
				c.call(begin+int64(x+1)*(int64(long)+300)*second, from, p.number, long, true, k)
			}
		}
		p.silentFrom = begin + int64(long)*second
		p.silentTo = p.silentFrom + silence
		for range tries {
			f := &c.people[c.contact(who, d.n(4))]
			l := f.line
			l.cell = c.where(d, f, hour)
			c.call(p.silentFrom+int64(d.n(int(silence/second)))*second, l, p.number, 0, false, k)
		}
	}})
}
