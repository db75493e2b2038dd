package city

import (
	"time"

	"lanzha/work/feed"
)

// How much of a day's calls, messages and payments falls into each hour, as
// parts of a thousand. Nights are all but silent; calls have their height
// before noon and in the evening, payments at meals.
var (
	callRhythm    = [24]int{6, 3, 2, 1, 1, 3, 11, 28, 52, 71, 78, 74, 56, 50, 56, 60, 62, 70, 78, 82, 70, 50, 25, 11}
	messageRhythm = [24]int{10, 5, 3, 2, 2, 4, 14, 34, 54, 64, 66, 64, 58, 50, 50, 54, 56, 62, 68, 78, 78, 66, 38, 20}
	paymentRhythm = [24]int{6, 3, 1, 1, 1, 4, 20, 58, 62, 46, 48, 82, 92, 58, 42, 42, 46, 66, 88, 82, 68, 48, 24, 12}
)

// What an inhabitant of average liveliness does in a day.
const (
	callsADay    = 4.0
	messagesADay = 2.6
	paymentsADay = 1.4
)

// everyday is the ordinary life of an hour.
func (c *City) everyday(hour int) {
	for i := range c.people {
		c.live(i, hour)
	}
	h := hour % 24
	if h >= 9 && h < 18 {
		c.errands(hour)
	}
	c.wages(hour)
}

func (c *City) live(i, hour int) {
	p := &c.people[i]
	d := c.dice("person", i, hour)
	h := (hour + 24 - p.late) % 24
	rest := 1.0
	if c.weekday(hour) > 5 {
		rest = 0.8
	}
	for range d.times(callsADay * p.lively * rest * float64(callRhythm[h]) / 1000) {
		c.chat(d, i, hour)
	}
	for range d.times(messagesADay * float64(messageRhythm[h]) / 1000) {
		at := c.moment(d, hour)
		if d.chance(0.25) { // friends write elsewhere nowadays
			f := &c.people[c.friend(d, i)]
			c.put(event{at: at, kind: feed.Message, a: p.number, b: f.number, word: choose(d, chats), imei: p.imei, cell: c.where(d, p, hour), person: p.person})
			continue
		}
		n := d.n(len(notices))
		c.put(event{at: at, kind: feed.Message, a: "1069" + pad(2400+n*311%7000, 4), b: p.number, word: notices[n], cell: c.where(d, p, hour)})
	}
	for range d.times(paymentsADay * rest * float64(paymentRhythm[h]) / 1000) {
		c.spend(d, i, hour)
	}
}

// chat is a call of an inhabitant, and the call back when nobody answered.
func (c *City) chat(d *dice, i, hour int) {
	p := &c.people[i]
	at := c.moment(d, hour)
	if at >= p.silentFrom && at < p.silentTo {
		return
	}
	from := p.line
	from.cell = c.where(d, p, hour)
	switch x := d.f(); {
	case x < 0.82:
		f := &c.people[c.friend(d, i)]
		reached := d.chance(0.74) && (at < f.silentFrom || at >= f.silentTo)
		c.call(at, from, f.number, talk(d), reached, nil)
		if back := at + int64(d.between(60, 3000))*second; !reached && d.chance(0.5) && (back < f.silentFrom || back >= f.silentTo) {
			from := f.line
			from.cell = c.where(d, f, hour)
			c.call(back, from, p.number, talk(d), d.chance(0.8), nil)
		}
	case x < 0.87:
		c.call(at, from, choose(d, []string{"10086", "10010", "10000", "95588", "95533", "12306", "12345"}), d.about(120, 0.8), true, nil)
	default: // a shop, a plumber, somebody new
		c.call(at, from, c.somebody(d).number, talk(d), d.chance(0.85), nil)
	}
}

// talk is how long people talk, in seconds.
func talk(d *dice) float64 {
	if d.chance(0.06) {
		return d.about(700, 0.7)
	}
	return d.about(45, 0.9)
}

// spend is a payment of an inhabitant.
func (c *City) spend(d *dice, i, hour int) {
	p := &c.people[i]
	at := c.moment(d, hour)
	switch x := d.f(); {
	case x < 0.80:
		shop := (i/perShop + min(int(d.exp(3)), 30)) % len(c.shops)
		c.pay(at, p.card, c.shops[shop], yuan(d.about(32, 0.9)), "qr", p.phoneFor(), p.person, nil)
	case x < 0.90:
		f := &c.people[c.friend(d, i)]
		c.pay(at, p.card, f.card, yuan(d.about(200, 1.1)), "app", p.phoneFor(), p.person, nil)
	case x < 0.97:
		c.pay(at, p.card, choose(d, c.services), yuan(d.about(90, 0.5)), "app", p.phoneFor(), p.person, nil)
	case x < 0.995:
		c.pay(at, p.card, c.shops[d.n(len(c.shops))], yuan(d.about(900, 0.8)), "card", p.phoneFor(), p.person, nil)
	default: // rent, a deposit, a used car
		c.pay(at, p.card, c.somebody(d).card, yuan(d.about(5000, 0.8)), "app", p.phoneFor(), p.person, nil)
	}
}

func (p *person) phoneFor() string { return p.number }

// wages pays those whose payday it is.
func (c *City) wages(hour int) {
	now := time.UnixMicro(c.start(hour)).In(Zone)
	for n, e := range c.employers {
		if now.Day() != e.payday || now.Hour() != e.hour {
			continue
		}
		for i := range c.people {
			if p := &c.people[i]; p.employer == n {
				d := c.dice("wage", i, hour)
				c.pay(c.start(hour)+int64(d.n(900))*second, e.account, p.card, yuan(d.about(6500, 0.4)), "batch", "", "E"+pad(n, 5), nil)
			}
		}
	}
}

// errands are the lines and accounts that ordinary people open, and the cards
// and phones they change, in the hours of business.
func (c *City) errands(hour int) {
	d := c.dice("errands", 0, hour)
	each := float64(len(c.people)) * 0.0012 / 9
	for range d.times(each) {
		l := c.newLine("N" + pad(c.lines, 7))
		at := c.moment(d, hour)
		c.opened(at, "open", l.number, "", choose(d, c.outlets), "", "counter", l.person, nil)
		c.actors = append(c.actors, &newcomer{line: l, from: hour + 1, home: d.n(len(c.cells))})
	}
	for range d.times(each) {
		p := c.somebody(d)
		c.opened(c.moment(d, hour), "open", "", c.newCard(), choose(d, c.branches), "", choose(d, []string{"counter", "counter", "app"}), p.person, nil)
	}
	for range d.times(each / 2) { // a lost phone
		p := c.somebody(d)
		c.opened(c.moment(d, hour), choose(d, []string{"replace", "replace", "restore"}), p.number, "", choose(d, c.outlets), "", "counter", p.person, nil)
		p.imsi = c.newSIM()
		if d.chance(0.5) {
			p.imei = c.newDevice()
		}
	}
}

// newcomer is somebody whose line is new and who tells a few people.
type newcomer struct {
	line
	from, home int
}

func (n *newcomer) live(c *City, hour int) {
	if hour < n.from {
		return
	}
	d := c.dice("newcomer "+n.number, 0, hour)
	rate := callsADay * 1.3
	for range d.times(rate * float64(callRhythm[hour%24]) / 1000) {
		from := n.line
		from.cell = c.cells[n.home]
		i := (n.home*perCell + d.n(30)) % len(c.people)
		c.call(c.moment(d, hour), from, c.people[i].number, talk(d), d.chance(0.78), nil)
		if d.chance(0.6) {
			back := c.people[i].line
			back.cell = c.where(d, &c.people[i], hour)
			c.call(c.moment(d, hour), back, n.number, talk(d), d.chance(0.8), nil)
		}
	}
}

var chats = []string{
	"晚上回家吃饭吗", "我到楼下了", "好的，谢谢", "明天上午九点见", "会议改到三点", "生日快乐", "路上堵车，晚到十分钟", "孩子接到了", "资料发你邮箱了", "周末一起爬山？",
}

// notices are what companies of the city write.
var notices = []string{
	"【模拟快递】您的包裹已到驿站，请凭取件码领取。", "【模拟银行】您尾号的账户有一笔支出。", "【模拟出行】司机已到达上车点。", "【模拟外卖】您的订单已送达。",
	"【模拟移动】您本月流量已使用过半。", "【模拟供电】本月电费账单已出。", "【模拟医院】您预约的门诊为明天上午。", "【模拟商城】您的验证码为六位数字，请勿告知他人。",
	"【模拟铁路】您的车票已出票。", "【模拟物业】本周六上午停水检修。", "【模拟学习】课程将在三十分钟后开始。", "【模拟社保】本月缴费已入账。",
}
