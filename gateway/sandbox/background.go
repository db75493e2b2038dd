package sandbox

import (
	"time"

	"lanzha"
)

// Background is the i-th report of a day in the city that has nothing to do
// with the story: frauds, attempts, questions. Every seventh and eighth name
// the two halves of a trap.
func (c *City) Background(i int) Report {
	u := uint64(i) + 1_000_000
	r := Report{
		Type: "report", Channel: choose(c, "channel", u, []string{"phone", "110", "online", "counter"}),
		Region: choose(c, "where", u, c.districts).Code, Caller: c.caller(u),
		Ago: time.Duration(10+c.pick("bgago", u, 300)) * time.Minute,
	}
	if r.Channel == "110" {
		r.Ref110 = c.ref110(u)
	}
	number := c.life(uint64(i))
	switch {
	case i%8 >= 6:
		number = c.Trap(i / 8).Numbers[i%8-6]
	case i%11 == 3:
		number = c.fixed(1+i%2, c.shuffle("fixedlife", i/11%block))
	}
	r.Numbers = []string{number}
	said := c.said(number, u)
	switch choose(c, "shape", u, []string{"loss", "loss", "tip", "inquiry", "card"}) {
	case "loss":
		yuan := lanzha.Fen(2+c.pick("bgamount", u, 120)) * 100
		r.AmountFen = yuan * 100
		r.text = fill(choose(c, "tale", u, tales), "{number}", said, "{amount}", c.saidAmount(yuan, u))
	case "tip":
		r.Type = "tip"
		r.text = fill(choose(c, "tip", u, tips), "{number}", said)
	case "inquiry":
		r.Type = "inquiry"
		r.text = fill(choose(c, "inquiry", u, inquiries), "{number}", said)
	case "card":
		yuan := lanzha.Fen(5+c.pick("bgamount", u, 200)) * 200
		card := c.Card(c.pick("cardbank", u, len(bankBINs)), i)
		r.AmountFen = yuan * 100
		r.Numbers = append(r.Numbers, card)
		r.text = fill(choose(c, "cardtale", u, cardTales), "{number}", said, "{amount}", c.saidAmount(yuan, u), "{card}", card)
	}
	return r
}

var tips = []string{
	"{time}有个{number}的电话打来推销高收益理财，听着像骗子，我没有转钱，举报一下。",
	"举报诈骗电话{number}，{time}打来冒充客服，让我下载软件共享屏幕，被我识破了。",
	"这个号码{number}今天打了好几次，说我医保卡异常，最近一次是{time}，请你们查一查。",
}

var inquiries = []string{
	"{time}接到{number}的电话，说我的快递丢了要给我理赔，想问问是不是诈骗，我还没有操作。",
	"请问{number}是不是诈骗号码？{time}打来说我孩子学费没交齐。",
}

var cardTales = []string{
	"{time}接到{number}的电话让我刷单返利，我往对方给的银行卡{card}转了{amount}，现在提不出来。",
	"对方电话{number}，{time}让我把{amount}转到卡号{card}，说是解冻费，转完就联系不上了。",
}

// Lines are the n-th three ordinary lines of the city, canonical: a mobile of
// each of the first two carriers and a fixed line. The first 20,000 threes
// have no line in common, and no line shares its house with another.
func (c *City) Lines(n int) [3]string {
	u := uint64(n)
	return [3]string{c.life(3 * u), c.life(3*u + 1), c.fixed(1+n%2, c.shuffle("lines", n/2%block))}
}
