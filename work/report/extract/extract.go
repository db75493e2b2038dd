// Package extract finds in a report's free text what somebody must act on:
// numbers, bank cards, accounts, ID numbers, amounts, links, contact names,
// apps and times, in Chinese and in English.
//
// In comes the text as the citizen or the officer wrote it, out come the finds
// in the order of the text, none overlapping another. Precision comes first: a
// string of digits that could as well be an order number is no find, since each
// find becomes a question to an institution about a person. ID numbers are
// masked in everything that leaves the package.
//
// The work is linear in the length of the text. The text may be any bytes:
// each byte that is not UTF-8 counts as one code point.
package extract

import (
	"cmp"
	"slices"
	"time"
	"unicode/utf8"
)

// Kind is what a find is. The list is closed.
type Kind string

// The kinds. What follows the dash is the form of Find.Value.
const (
	Mobile        Kind = "mobile"        // "+8613888812345"
	Fixed         Kind = "fixed"         // "+8687163161234"; an extension stands in the note
	Service       Kind = "service"       // "95588", "+864008001234"
	International Kind = "international" // "+85291234567"
	Card          Kind = "card"          // digits alone; the note is the issuer where known
	Account       Kind = "account"       // "alipay:13888812345", "alipay:a@b.cn", "bank:87110120109"
	ID            Kind = "id"            // masked, "5301**********1234"
	Amount        Kind = "amount"        // hundredths of the currency that the note names: fen for CNY
	URL           Kind = "url"           // lower-case scheme and host, defanging undone
	Domain        Kind = "domain"        // lower-case ASCII
	IM            Kind = "im"            // "wechat:name", "qq:12345", "telegram:name", "whatsapp:+85291234567"
	App           Kind = "app"           // the name as written
	Time          Kind = "time"          // RFC 3339 in the given zone; the note says "day" where no time of day was told
)

// Find is one thing found. Start and End count Unicode code points of the text
// and End is exclusive, so that the raw text is [...text].slice(start, end) in
// JavaScript and text[start:end] in Python; ByteSpan gives bytes.
type Find struct {
	Kind  Kind   `json:"kind"`
	Value string `json:"value"`
	Raw   string `json:"raw"` // as written, masked for ID numbers
	Start int    `json:"start"`
	End   int    `json:"end"`
	Note  string `json:"note,omitempty"` // issuer, currency, extension or precision: see the kind
}

// ByteSpan converts the span of f to byte offsets in the text it was found in.
func (f Find) ByteSpan(text string) (start, end int) {
	n := 0
	for i := 0; i < len(text); n++ {
		if n == f.Start {
			start = i
		}
		if n == f.End {
			return start, i
		}
		_, w := utf8.DecodeRuneInString(text[i:])
		i += w
	}
	return start, len(text)
}

// Extract finds everything in text. Words such as 昨天 are told from at, the
// instant of the report, in loc, the zone of the centre (nil is UTC); with the
// zero at only complete dates are found.
func Extract(text string, at time.Time, loc *time.Location) []Find {
	if loc == nil {
		loc = time.UTC
	}
	s := &scan{at: at.In(loc), loc: loc, known: !at.IsZero()}
	s.read(text)
	s.links()
	s.names()
	s.numbers()
	s.amounts()
	s.times()
	return s.settle()
}

// rank orders rivals for the same text: the higher wins whole.
type rank int

const (
	rankApp rank = iota
	rankTime
	rankService
	rankFixed
	rankMobile
	rankAmount
	rankAccount
	rankIM
	rankCard
	rankID
	rankBlock // text that is known to be nothing of ours: an e-mail address, an IP address, an order number
	rankLink
)

type candidate struct {
	rank  rank
	start int
	end   int
	kind  Kind // "" only keeps others off the text
	value string
	note  string
}

// scan is the text made ready and what was found so far.
type scan struct {
	text  string
	r     []rune  // folded: half width, lower case; one per code point
	off   []int32 // byte offset of each code point, and the length at the end
	at    time.Time
	loc   *time.Location
	known bool // whether at is
	cands []candidate
}

// MaxText is the longest text in bytes that is looked at; what follows is left
// unread. It stands far above any report and keeps offsets in 32 bits.
const MaxText = 1 << 30

func (s *scan) read(text string) {
	if len(text) > MaxText {
		text = text[:MaxText]
	}
	n := utf8.RuneCountInString(text)
	s.text, s.r, s.off = text, make([]rune, 0, n), make([]int32, 0, n+1)
	for i, r := range text {
		s.r, s.off = append(s.r, fold(r)), append(s.off, int32(i))
	}
	s.off = append(s.off, int32(len(text)))
}

// fold makes full-width forms half width and ASCII lower case.
func fold(r rune) rune {
	switch {
	case r >= 'A' && r <= 'Z':
		return r + 'a' - 'A'
	case r < 0x80:
		return r
	case r >= 0xff01 && r <= 0xff5e:
		return fold(r - 0xff01 + '!')
	}
	switch r {
	case 0x3000, 0xa0, 0x2002, 0x2003, 0x2009:
		return ' '
	case '￥':
		return '¥'
	case '－', '‐', '‑', '–', '—', '―', '−':
		return '-'
	}
	return r
}

// rune at i, or 0 outside the text.
func (s *scan) c(i int) rune {
	if i < 0 || i >= len(s.r) {
		return 0
	}
	return s.r[i]
}

// raw is the text between two code points as written, U+FFFD standing for each
// byte that is not UTF-8.
func (s *scan) raw(start, end int) string {
	return string([]rune(s.text[s.off[start]:s.off[end]]))
}

// has reports whether the folded text continues with word at i.
func (s *scan) has(i int, word string) bool {
	for _, w := range word {
		if s.c(i) != w {
			return false
		}
		i++
	}
	return true
}

// longest returns the length in code points of the longest of words at i.
func (s *scan) longest(i int, words []string) (word string, n int) {
	for _, w := range words {
		if len(w) > len(word) && s.has(i, w) {
			word, n = w, utf8.RuneCountInString(w)
		}
	}
	return word, n
}

// spaces skips blanks from i on.
func (s *scan) spaces(i int) int {
	for s.c(i) == ' ' || s.c(i) == '\t' {
		i++
	}
	return i
}

func (s *scan) add(r rank, kind Kind, start, end int, value, note string) {
	s.cands = append(s.cands, candidate{r, start, end, kind, value, note})
}

func (s *scan) block(start, end int) { s.add(rankBlock, "", start, end, "", "") }

// settle lets the strongest of overlapping candidates win, the longer of equals.
func (s *scan) settle() []Find {
	slices.SortFunc(s.cands, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(b.end-b.start, a.end-a.start), cmp.Compare(a.start, b.start))
	})
	taken := make([]bool, len(s.r))
	out := []Find{}
	for _, c := range s.cands {
		if slices.Contains(taken[c.start:c.end], true) {
			continue
		}
		for i := c.start; i < c.end; i++ {
			taken[i] = true
		}
		if c.kind == "" {
			continue
		}
		f := Find{Kind: c.kind, Value: c.value, Raw: s.raw(c.start, c.end), Start: c.start, End: c.end, Note: c.note}
		if f.Kind == ID {
			f.Raw = maskID(f.Raw)
		}
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b Find) int { return cmp.Compare(a.Start, b.Start) })
	return out
}

func isDigit(r rune) bool  { return r >= '0' && r <= '9' }
func isLetter(r rune) bool { return r >= 'a' && r <= 'z' } // of folded text
func isWord(r rune) bool   { return isDigit(r) || isLetter(r) }
func isHan(r rune) bool    { return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf }
