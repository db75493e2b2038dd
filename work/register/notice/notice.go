// Package notice tells a listed subject in writing (告知书): on what basis, by
// which measures, for how long, what stays open, and how to object. A notice is
// frozen as it is served. It carries a one-time code for the person's own view,
// of which only the hash is kept. By which channel it goes is not fixed in any
// text that could be read: the officer records the way and the proof.
package notice

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"lanzha"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// Kind is what a notice tells of.
type Kind string

// The kinds.
const (
	OfListing Kind = "listing" // 惩戒告知书
	OfLifting Kind = "lifting" // 解除惩戒告知书
)

// Text is a notice as it is served.
type Text struct {
	Title    string    `json:"title"`
	Number   string    `json:"number"`
	To       string    `json:"to"` // whom it is addressed to, with the number of the paper
	Opening  string    `json:"opening"`
	Sections []Section `json:"sections"`
	Unit     string    `json:"unit"`
	Day      string    `json:"day"`
}

// Section is one numbered part of a notice.
type Section struct {
	Heading string   `json:"heading"`
	Lines   []string `json:"lines"`
}

// Notice is one notice about one listing.
type Notice struct {
	ID      lanzha.ID
	Version int64
	Listing lanzha.ID
	Kind    Kind
	Number  string
	Region  lanzha.Region
	Text    Text // empty once erased
	MadeBy  lanzha.ID
	MadeAt  time.Time
	CodeAt  time.Time // when the code was last made; zero is none
	Served  Served
}

// Served is the proof that a notice reached the person.
type Served struct {
	How        string // as the officer records it; "" is not served yet
	At         time.Time
	By         string // who handed it over
	ReceiptNo  string // of the parcel, the receipt, the record
	RecordedBy lanzha.ID
}

// Serve records the proof. Its error is CodeConflict when it was recorded.
func (n Notice) Serve(s Served, now time.Time) (Notice, error) {
	s.How, s.By, s.ReceiptNo = strings.TrimSpace(s.How), strings.TrimSpace(s.By), strings.TrimSpace(s.ReceiptNo)
	switch {
	case n.Served.How != "":
		return n, lanzha.Conflict("the proof of delivery is recorded already")
	case s.How == "" || utf8.RuneCountInString(s.How) > 100:
		return n, lanzha.Invalid("body.how", "say by which way, in up to 100 characters")
	case s.By == "" || utf8.RuneCountInString(s.By) > 100:
		return n, lanzha.Invalid("body.by", "say who handed it over, in up to 100 characters")
	case s.At.Before(n.MadeAt.Truncate(time.Minute)) || s.At.After(now):
		return n, lanzha.Invalid("body.at", "a notice is served after it was made, and not in the future")
	case utf8.RuneCountInString(s.ReceiptNo) > 100:
		return n, lanzha.Invalid("body.receiptNo", "a receipt's number has up to 100 characters")
	}
	n.Version++
	n.Served = s
	return n, nil
}

// Party is who tells.
type Party struct {
	Unit    string // the organ that designated
	Contact string // where it is reached
}

// Compose writes the notice of a listing, or of its lifting. answer is that on
// which the listing was decided; the zero Answer of a record that was imported.
func Compose(l register.Listing, s register.Subject, answer policy.Answer, number string, p Party, today register.Day) Text {
	t := Text{Number: number, To: addressee(s), Unit: p.Unit, Day: chinese(today)}
	if !l.LiftedAt.IsZero() {
		t.Title = "电信网络诈骗联合惩戒解除告知书"
		t.Opening = "对你（单位）的联合惩戒已经解除，现告知如下："
		t.Sections = []Section{
			{"解除的认定", []string{decision(l, p)}},
			{"解除原因", []string{lifted[l.LiftGround]}},
			{"解除的措施", measures(l)},
			{"咨询", []string{p.Unit + "，" + p.Contact}},
		}
		return t
	}
	t.Title = "电信网络诈骗联合惩戒告知书"
	t.Opening = "你（单位）被依法认定为电信网络诈骗及其关联违法犯罪联合惩戒对象，现将惩戒依据、措施、期限和申诉权利告知如下："
	t.Sections = []Section{
		{"惩戒依据", append([]string{decision(l, p)}, basis(l, answer)...)},
		{"惩戒措施", measures(l)},
		{"保留的服务", keeps(l)},
		{"惩戒期限", term(l)},
		{"申诉权利", []string{
			"对认定有异议，或者惩戒期满未解除的，可以向作出认定的公安机关申诉：" + p.Unit + "，" + p.Contact + "。",
			"也可以凭本告知书上的查询码在线查询惩戒情况、提出申诉、查看申诉办理进展，无需注册。",
			"认定有误的，及时解除惩戒。",
		}},
	}
	return t
}

// Masked is a text for who reads it without a purpose: the addressee's name and
// number are masked. What addressee does not write is masked as one.
func (t Text) Masked() Text {
	open := strings.LastIndex(t.To, "（") // a unit's name may have brackets of its own
	paper, number, found := strings.Cut(strings.TrimSuffix(t.To[max(open, 0):], "）"), "：")
	if open < 0 || !found {
		t.To = lanzha.Mask(t.To)
		return t
	}
	t.To = lanzha.Mask(t.To[:open]) + paper + "：" + lanzha.Mask(number) + "）"
	return t
}

func addressee(s register.Subject) string {
	paper := map[register.NumberKind]string{register.ResidentID: "公民身份号码", register.OtherPaper: "证件号码", register.CreditCode: "统一社会信用代码"}[s.NumberKind]
	return s.Name + "（" + paper + "：" + s.Number + "）"
}

var lifted = map[register.LiftGround]string{
	register.Wrong: "经复核，原认定有误。", register.Upheld: "申诉成立，原认定有误。", register.Ordered: "依生效裁判或者上级公安机关的决定解除。",
}

func decision(l register.Listing, p Party) string {
	no := ""
	if l.DocumentNo != "" {
		no = "（" + l.DocumentNo + "）"
	}
	return p.Unit + "于" + chinese(l.DecidedOn) + "作出的认定决定" + no + "。"
}

// grounds are the tables of the pack whose rows say why somebody is listed.
var grounds = map[string]bool{"grounds": true, "listing": true, "basis": true}

// basis lists the rows by which the subject is listed.
func basis(l register.Listing, answer policy.Answer) []string {
	var out []string
	for _, m := range answer.Matched {
		if grounds[m.Table] && m.Applied {
			out = append(out, m.Words.ZH+"："+Cite(m.Citation)+"。")
		}
	}
	if len(out) == 0 { // of an older regime: its measures say it
		for _, m := range l.Measures {
			out = append(out, Cite(m.Citation)+"。")
		}
	}
	return out
}

// Cite writes a citation as a document does; an article whose number is
// inferred says so.
func Cite(c policy.Citation) string {
	article := c.Article
	if c.Inferred && article != "" {
		article += "（条号待核）"
	}
	text := c.Document + article
	if c.Phrase != "" {
		text += "“" + c.Phrase + "”"
	}
	return text
}

func measures(l register.Listing) []string {
	out := make([]string, len(l.Measures))
	for i, m := range l.Measures {
		out[i] = m.Words.ZH + "：" + Cite(m.Citation) + "；"
	}
	return out
}

func keeps(l register.Listing) []string {
	out := make([]string, len(l.Keeps))
	for i, k := range l.Keeps {
		out[i] = k.Words.ZH + "；"
	}
	if len(out) == 0 {
		out = []string{"按作出认定时的规定执行。"}
	}
	return out
}

func term(l register.Listing) []string {
	length := "惩戒期限" // of an older regime: its dates say it
	switch {
	case l.TermMonths > 0 && l.TermMonths%12 == 0:
		length = fmt.Sprintf("惩戒期限%d年", l.TermMonths/12)
	case l.TermMonths > 0:
		length = fmt.Sprintf("惩戒期限%d个月", l.TermMonths)
	}
	if l.Span.From == "" {
		return []string{length + "，自服刑完毕时起算；起止日期待服刑完毕后另行书面告知。", "期满自动解除。"}
	}
	out := []string{length + "，自" + chinese(l.Span.From) + "起，至" + chinese(l.Span.Until.AddDays(-1)) + "止。"}
	if !l.Older() && l.Span.Until != l.Start.AddMonths(l.TermMonths) {
		out = append(out, "此前的惩戒期限尚未届满，期限累计执行。")
	}
	if l.Span.Capped {
		out = append(out, fmt.Sprintf("连续执行惩戒期限不得超过%d年，以上届满日已据此计算。", l.CapMonths/12))
	}
	return append(out, "自"+chinese(l.Span.Until)+"起自动解除，无需申请。")
}

// chinese writes a day: 2026年11月25日.
func chinese(d register.Day) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return "（日期不详）"
	}
	return t.Format("2006年1月2日")
}

const (
	alphabet   = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // Crockford's: nothing looks like something else
	codeLength = 16                                 // characters: 80 bits
)

// NewCode makes a code, in groups as it is printed: "7K3Q-9F2M-XT4V-0B8N".
func NewCode(random io.Reader) (string, error) {
	raw := make([]byte, codeLength)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", lanzha.Internal("notice.NewCode", err)
	}
	var out strings.Builder
	for i, b := range raw {
		if i > 0 && i%4 == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(alphabet[b&31])
	}
	return out.String(), nil
}

// HashOf is what is kept of a code, "" of what cannot be one. Case, spaces,
// hyphens and what is read for another character do not matter.
func HashOf(code string) string {
	code = strings.NewReplacer("-", "", " ", "", "O", "0", "I", "1", "L", "1").Replace(strings.ToUpper(code))
	if len(code) != codeLength || strings.Trim(code, alphabet) != "" {
		return ""
	}
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}
