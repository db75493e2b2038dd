package sandbox

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"lanzha"
)

// Story is what happened in section 1 of the design, told again with other
// people: a citizen reports a mobile number, the provincial centre pushes a
// fixed line, and both stand in one room.
type Story struct {
	Report Report
	Lead   Lead
	Traps  []Trap // what must raise nothing beside it
	// Place is where the lines truly are. The carriers write it differently.
	Place Address
	// Mobile and Fixed are the two numbers, canonical.
	Mobile, Fixed string
	// Found is what the officers find on site.
	Found Found
}

// Report is a citizen's report.
type Report struct {
	Type      string        `json:"type"`    // report | tip | inquiry
	Channel   string        `json:"channel"` // phone | 110 | online | counter
	Ref110    string        `json:"ref110,omitempty"`
	Region    lanzha.Region `json:"region"` // district
	AmountFen lanzha.Fen    `json:"amountFen"`
	Caller    Caller        `json:"caller"`
	Numbers   []string      `json:"numbers"` // the numbers in the text, canonical; cards too
	// Ago is how long before the report it happened.
	Ago time.Duration `json:"-"`

	text string // {time} stands for when it happened
}

// Caller is who reports; the number is canonical.
type Caller struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
}

// Text is what the citizen says at an instant. The time in it is the clock's,
// to five minutes, and lies before the instant.
func (r Report) Text(at time.Time) string {
	return strings.ReplaceAll(r.text, "{time}", spoken(at.In(zone).Add(-r.Ago).Truncate(5*time.Minute), at.In(zone)))
}

// spoken says a time as people do: 今天下午3点, 昨天晚上11点40分.
func spoken(t, now time.Time) string {
	day := "今天"
	if t.YearDay() != now.YearDay() {
		day = "昨天"
	}
	h := t.Hour()
	part := "晚上"
	switch {
	case h < 6:
		part = "凌晨"
	case h < 12:
		part = "上午"
	case h < 13:
		part = "中午"
	case h < 18:
		part = "下午"
	}
	if h > 12 {
		h -= 12
	}
	s := fmt.Sprintf("%s%s%d点", day, part, h)
	if t.Minute() != 0 {
		s += strconv.Itoa(t.Minute()) + "分"
	}
	return s
}

// Lead is what the provincial centre pushes. Its JSON is the body of POST
// /api/v1/leads.
type Lead struct {
	Ref    string        `json:"ref"`    // the centre's own number
	Value  string        `json:"value"`  // canonical
	Region lanzha.Region `json:"region"` // the city
	Note   string        `json:"note"`
	Source string        `json:"-"` // the centre's name, as in the directory
	Kind   string        `json:"-"` // fixed | mobile
	Truth  string        `json:"-"` // true | unknown
}

// Found is the outcome of a check on site.
type Found struct {
	People  int     `json:"people"`
	Devices Devices `json:"devices"`
	Cards   Cards   `json:"cards"`
	Note    string  `json:"note"`
}

// Devices counts what was seized.
type Devices struct {
	GOIP     int `json:"goip"`
	Router   int `json:"router"`
	SIMPool  int `json:"simPool"`
	Phone    int `json:"phone"`
	Computer int `json:"computer"`
}

// Cards counts phone cards and bank cards.
type Cards struct {
	Phone int `json:"phone"`
	Bank  int `json:"bank"`
}

// Story is the first story of the city.
func (c *City) Story() Story { return c.StoryAt(0) }

// StoryAt is the n-th story; the first 10,000 have places, people and numbers
// of their own.
func (c *City) StoryAt(n int) Story {
	n %= block
	u := uint64(n)
	s := Story{
		Place:  c.denPlace(n),
		Mobile: c.mobile(0, segStory, c.shuffle("mobile", n)),
		Fixed:  c.fixed(segStory, c.shuffle("fixed", n)),
		Traps:  []Trap{c.Trap(4 * n), c.Trap(4*n + 1), c.Trap(4*n + 2), c.Trap(4*n + 3)},
		Found:  c.found(u),
	}
	yuan := lanzha.Fen(3+c.pick("amount", u, 180)) * 500
	s.Report = Report{
		Type: "report", Channel: "110", Ref110: c.ref110(u),
		Region: choose(c, "victim", u, c.districts).Code, AmountFen: yuan * 100,
		Caller: c.caller(u), Numbers: []string{s.Mobile},
		Ago: time.Duration(15+c.pick("ago", u, 60)) * time.Minute,
	}
	s.Report.text = fill(choose(c, "tale", u, tales), "{number}", c.said(s.Mobile, u), "{amount}", c.saidAmount(yuan, u))
	s.Lead = Lead{
		Ref: fmt.Sprintf("SJ%06d", 100_000+n), Source: c.centreName(), Kind: "fixed", Value: s.Fixed, Truth: "true",
		Region: c.region, Note: "省级平台研判：该固定电话近日集中外呼，疑似诈骗团伙使用，请核查装机地址。",
	}
	return s
}

func (c *City) found(n uint64) Found {
	f := Found{People: 3 + c.pick("people", n, 4)}
	f.Devices = Devices{
		GOIP: 1 + c.pick("goip", n, 5), Router: 1 + c.pick("router", n, 4), SIMPool: 1 + c.pick("pool", n, 2),
		Phone: f.People + c.pick("phones", n, 12), Computer: 1 + c.pick("computers", n, 3),
	}
	f.Cards = Cards{Phone: f.Devices.GOIP * (8 + c.pick("cards", n, 24)), Bank: c.pick("bankcards", n, 9)}
	f.Note = fmt.Sprintf("现场查获%d人，GOIP设备%d台、路由器%d台，设备正在运行。", f.People, f.Devices.GOIP, f.Devices.Router)
	return f
}

// Lead is the i-th lead of the provincial centre; Lead(0) is the story's. The
// others are ordinary lines.
func (c *City) Lead(i int) Lead {
	if i == 0 {
		return c.Story().Lead
	}
	u := uint64(i)
	l := Lead{
		Ref: fmt.Sprintf("SJ%06d", 500_000+i), Source: c.centreName(), Truth: choose(c, "leadtruth", u, []string{"true", "unknown"}),
		Region: c.region, Note: "省级平台推送：该号码触发高频外呼模型，请核查机主。",
	}
	if c.chance("leadfixed", u, 300) {
		l.Kind, l.Value = "fixed", c.fixed(1+i%2, c.shuffle("lead", i/2%block))
	} else {
		l.Kind, l.Value = "mobile", c.life(u+40_000)
	}
	return l
}

// life is an ordinary mobile number; the first 60,000 differ.
func (c *City) life(n uint64) string {
	k := int(n % (6 * block))
	carrier, seg := k%3, segLife1+k/3%2
	return c.mobile(carrier, seg, c.shuffle("life"+strconv.Itoa(k%6), k/6))
}

func (c *City) caller(n uint64) Caller {
	return Caller{Name: c.Person(7_000_000 + n).Name, Phone: c.life(59_999 - n%20_000)}
}

func (c *City) ref110(n uint64) string {
	return fmt.Sprintf("JQ%s%08d", c.region[:4], 10_000_000+(n*7+c.hash("ref110", 0)%1_000_000)%80_000_000)
}

// said is a number as people say it.
func (c *City) said(number string, n uint64) string {
	s := strings.TrimPrefix(number, "+86")
	if s[0] != '1' || strings.HasPrefix(s, "10") || len(s) != 11 { // fixed
		area := c.plan.area
		return "0" + area + "-" + strings.TrimPrefix(s, area)
	}
	switch c.pick("said", n, 4) {
	case 0:
		return s[:3] + "-" + s[3:7] + "-" + s[7:]
	case 1:
		return s[:3] + " " + s[3:7] + " " + s[7:]
	}
	return s
}

// saidAmount is an amount of yuan as people say it.
func (c *City) saidAmount(yuan lanzha.Fen, n uint64) string {
	switch {
	case yuan >= 10_000 && yuan%1000 == 0 && c.chance("wan", n, 500):
		return strings.TrimSuffix(fmt.Sprintf("%d.%d", yuan/10_000, yuan%10_000/1000), ".0") + "万元"
	case yuan >= 1000 && c.chance("yen", n, 300):
		return fmt.Sprintf("¥%d,%03d", yuan/1000, yuan%1000)
	}
	return fmt.Sprintf("%d元", yuan)
}

func fill(s string, pairs ...string) string { return strings.NewReplacer(pairs...).Replace(s) }

// tales are what victims tell; each names a number, an amount and a time.
var tales = []string{
	"{time}左右，我接到{number}打来的电话，对方自称平台客服，说我开通的会员要每月扣费，让我按他说的操作取消。我照做后卡里被转走{amount}，再打过去就没人接了。",
	"我要报警。{time}有个号码{number}打给我，说是快递公司理赔，加了微信让我先转保证金，我一共转了{amount}，对方还让我继续转，我才发现被骗。",
	"对方用{number}给我打电话，时间是{time}，说我涉嫌洗钱要配合调查，让我把钱转到安全账户，我转了{amount}过去。",
	"{time}接到{number}的电话，冒充我单位领导，说急用钱让我先垫付，我通过手机银行转了{amount}，后来打领导本人电话才知道是假的。",
	"有人{time}打电话说能帮我提高贷款额度，号码是{number}，要先交{amount}验资，我转完他就把我拉黑了。",
}
