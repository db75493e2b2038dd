// Package number knows the number plan: what kind of number a string of digits
// is, which carrier its segment was given to, and where it was issued.
//
// In comes a number as somebody wrote or said it, out comes its canonical form
// with those facts. Nothing is looked up outside the process.
//
// Since numbers can be carried to another operator (携号转网), the carrier is the
// one that the segment was first given to, never proof of who serves the number
// today, and Ported says "unknown". Whoever must know asks the directory of
// institutions first. Neither is a presented caller number proof of who called.
package number

import (
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"

	"lanzha"
)

// Kind is what a number is for. The list is closed.
type Kind string

// The kinds.
const (
	Mobile        Kind = "mobile"        // a carrier's own mobile number, 11 digits
	Virtual       Kind = "virtual"       // a mobile number of a reseller (170, 171, 162, 165, 167)
	IoT           Kind = "iot"           // a card for data or machines, 11 or 13 digits
	Satellite     Kind = "satellite"     // 1349, 1740 and the like
	Fixed         Kind = "fixed"         // area code and local number
	Freephone     Kind = "freephone"     // 400 and 800
	Service       Kind = "service"       // 95xxx, 96xxx, 123xx, 100xx
	Port          Kind = "port"          // 106..., from which organisations send short messages
	Emergency     Kind = "emergency"     // 110, 119, 120, 122
	International Kind = "international" // any number whose country code is not 86
)

// Number is one number and what the plan says of it. Empty fields are unknown.
type Number struct {
	// Value is the canonical form. It is E.164 where the number has such a form:
	// "+8613888812345", "+8687163161234", "+864008001234", "+85291234567".
	// Service, emergency and port numbers are the digits as dialled: "95588".
	Value string `json:"number"`
	Kind  Kind   `json:"kind"`
	// Carrier is who the segment was first given to, in Chinese; of an
	// international number in the words of that country's plan.
	Carrier string `json:"carrier"`
	// Holder names who answers a known service number: "中国工商银行".
	Holder   string `json:"holder,omitempty"`
	Province string `json:"province"`
	// City names every city where a code is shared by several; Region is then
	// the one that the code was first given to.
	City     string        `json:"city"`
	Region   lanzha.Region `json:"region"`
	AreaCode string        `json:"areaCode,omitempty"` // "0871", of fixed numbers
	// Country is ISO 3166, "CN" for the mainland's numbers.
	Country       string `json:"country"`
	CountryName   string `json:"countryName,omitempty"` // in Chinese; international numbers only
	International bool   `json:"international"`
	// Ported is always "unknown": see the package's comment.
	Ported string `json:"ported"`
}

// IsMobile reports whether n is a line of a mobile network: virtual numbers,
// things and satellites are too.
func (n Number) IsMobile() bool {
	return n.Kind == Mobile || n.Kind == Virtual || n.Kind == IoT || n.Kind == Satellite
}

// Parse reads one number in any common writing: with country code, area code in
// brackets, spaces, dashes, full-width or Chinese digits. Its errors have code
// Invalid and do not repeat the number.
func Parse(raw string) (Number, error) {
	digits, plus, err := normalise(raw)
	if err != nil {
		return Number{}, err
	}
	abroad := false // dialled from abroad: the 0 of the area code falls away
	switch {
	case plus && strings.HasPrefix(digits, "86"):
		digits, plus, abroad = digits[2:], false, true
	case plus:
	case strings.HasPrefix(digits, "0086"):
		digits, abroad = digits[4:], true
	case strings.HasPrefix(digits, "00"):
		digits, plus = digits[2:], true
	case len(digits) == 13 && strings.HasPrefix(digits, "861") && segmentOf(digits[2:]) != segment{}:
		digits = digits[2:]
	}
	if plus {
		return international(digits)
	}
	var n Number
	ok := false
	if abroad && !strings.HasPrefix(digits, "0") { // before 106...: +86 10 6234 5678 is a line in Beijing
		n, ok = fixed("0" + digits)
	}
	if !ok {
		n, ok = Domestic(digits)
	}
	if !ok {
		return Number{}, bad("no number of the Chinese plan has these %d digits", len(digits))
	}
	return n.located(), nil
}

func bad(format string, args ...any) *lanzha.Error {
	e := lanzha.Invalid("number", format, args...)
	e.Hint = "give a mobile number (13888812345), a fixed line with its area code (0871-63161234), a service number (95588), or a foreign number with + and its country code"
	return e
}

// normalise reduces a writing to ASCII digits and says whether a + led them.
func normalise(raw string) (digits string, plus bool, err error) {
	if len(raw) > 200 {
		return "", false, bad("a number is shorter than 200 bytes")
	}
	var b strings.Builder
	for _, r := range raw {
		d := Digit(r)
		switch {
		case d >= 0:
			b.WriteByte('0' + byte(d))
		case (r == '+' || r == '＋') && b.Len() == 0 && !plus:
			plus = true
		case strings.ContainsRune(" \t\r\n\u00a0\u3000-－‐‑–—.()（）/·*", r):
		default:
			return "", false, bad("a number has digits, spaces and dashes only")
		}
	}
	switch n := b.Len(); {
	case n == 0:
		return "", false, bad("there is no digit in it")
	case n > 20:
		return "", false, bad("%d digits are too many", n)
	}
	return b.String(), plus, nil
}

// Digit is the value of a digit, be it ASCII, full-width or Chinese as spoken
// in numbers (幺 is 1), or -1.
func Digit(r rune) int {
	switch {
	case r >= '0' && r <= '9':
		return int(r - '0')
	case r >= '０' && r <= '９':
		return int(r - '０')
	}
	switch r {
	case '零', '〇', '洞':
		return 0
	case '一', '幺', '壹':
		return 1
	case '二', '贰':
		return 2
	case '三', '叁':
		return 3
	case '四', '肆':
		return 4
	case '五', '伍':
		return 5
	case '六', '陆':
		return 6
	case '七', '柒', '拐':
		return 7
	case '八', '捌':
		return 8
	case '九', '玖':
		return 9
	}
	return -1
}

// Domestic classifies ASCII digits as they are dialled inside China: mobile
// numbers, fixed lines with their area code and its 0, and service numbers. It
// says nothing of where the number was issued, and costs little.
func Domestic(digits string) (Number, bool) {
	if len(digits) == 12 && strings.HasPrefix(digits, "01") && digits[2] != '0' {
		digits = digits[1:] // a mobile number dialled from another city, the old way
	}
	n := Number{Country: "CN", Ported: "unknown"}
	switch s := segmentOf(digits); {
	case s != segment{}:
		n.Value, n.Kind, n.Carrier = "+86"+digits, s.kind, s.carrier
		return n, true
	case strings.HasPrefix(digits, "0"):
		return fixed(digits)
	case len(digits) == 10 && (strings.HasPrefix(digits, "400") || strings.HasPrefix(digits, "800")):
		n.Value, n.Kind, n.Carrier = "+86"+digits, Freephone, tollfree[digits[:4]]
		return n, true
	case len(digits) == 13 && (things[digits[:3]] != "" || things[digits[:5]] != ""):
		n.Value, n.Kind, n.Carrier = "+86"+digits, IoT, things[digits[:3]]+things[digits[:5]]
		return n, true
	case emergency[digits] != "":
		n.Value, n.Kind, n.Holder = digits, Emergency, emergency[digits]
		return n, true
	case services[digits] != "" || isService(digits):
		n.Value, n.Kind, n.Holder = digits, Service, services[digits]
		if len(digits) == 5 && strings.HasPrefix(digits, "100") {
			n.Carrier = n.Holder
		}
		return n, true
	case strings.HasPrefix(digits, "106") && len(digits) >= 8 && len(digits) <= 20:
		n.Value, n.Kind = digits, Port
		return n, true
	}
	return Number{}, false
}

// Known reports whether a short number is one whose holder the plan names.
func Known(digits string) bool { return services[digits] != "" || emergency[digits] != "" }

// isService tells the ranges of service numbers: 95 with five to eight digits,
// 96 with five or six, 123xx, 100xx.
func isService(digits string) bool {
	switch {
	case len(digits) < 5 || len(digits) > 8:
		return false
	case digits[:2] == "95":
		return true
	case digits[:2] == "96":
		return len(digits) <= 6
	case digits[:3] == "123", digits[:3] == "100":
		return len(digits) == 5
	}
	return false
}

func segmentOf(digits string) segment {
	if len(digits) != 11 || digits[0] != '1' {
		return segment{}
	}
	if s, ok := segments[digits[:3]]; ok {
		return s
	}
	return segments[digits[:4]]
}

func fixed(digits string) (Number, bool) {
	area := AreaCode(digits)
	local := len(digits) - len(area)
	if area == "" || digits[len(area)] < '2' || digits[len(area)] == '9' || local > 8 || local < 7 || len(area) == 3 && local != 8 {
		return Number{}, false
	}
	return Number{Value: "+86" + digits[1:], Kind: Fixed, AreaCode: area, Country: "CN", Ported: "unknown"}, true
}

// located fills in where the number was issued.
func (n Number) located() Number {
	switch n.Kind {
	case Mobile, Virtual, Fixed:
	case IoT:
		if len(n.Value) != len("+8613888812345") {
			return n // the tables would read 10648 as Beijing's 10
		}
	default:
		return n
	}
	l := places().areas[n.AreaCode]
	if p, err := phonenumbers.Parse(n.Value, "CN"); err == nil {
		if label, err := phonenumbers.GetGeocodingForNumber(p, "zh"); err == nil {
			if exact, ok := places().labels[label]; ok {
				l = exact
			}
		}
	}
	n.Province, n.City, n.Region = l.province, l.city, l.region
	return n
}

func international(digits string) (Number, error) {
	n, ok := Foreign(digits)
	if !ok {
		return Number{}, bad("no country has a number of these %d digits", len(digits))
	}
	if p, err := phonenumbers.Parse(n.Value, ""); err == nil {
		// Both tables are optional knowledge: a number without a label is as valid.
		n.Carrier, _ = phonenumbers.GetCarrierForNumber(p, "zh")
		n.CountryName, _ = phonenumbers.GetGeocodingForNumber(p, "zh")
	}
	return n, nil
}

var callingCodes = sync.OnceValue(phonenumbers.GetSupportedCallingCodes)

// Foreign classifies ASCII digits that begin with a country code other than 86.
// Like Domestic it says nothing of where the number was issued.
func Foreign(digits string) (Number, bool) {
	if len(digits) < 7 || len(digits) > 15 || digits[0] == '0' {
		return Number{}, false
	}
	for width := 1; width <= 3; width++ { // no country code begins another
		code, err := strconv.Atoi(digits[:width])
		if err != nil || !callingCodes()[code] {
			continue
		}
		national, err := strconv.ParseUint(digits[width:], 10, 64)
		if err != nil || code == 86 || national == 0 {
			return Number{}, false
		}
		p := &phonenumbers.PhoneNumber{CountryCode: new(int32(code)), NationalNumber: new(national)}
		if digits[width] == '0' { // a 0 belongs to the number in some countries, and to none in others
			if p, err = phonenumbers.Parse("+"+digits, ""); err != nil {
				return Number{}, false
			}
		}
		country := phonenumbers.GetRegionCodeForNumber(p)
		if country == "" || !phonenumbers.IsValidNumberForRegion(p, country) {
			return Number{}, false
		}
		return Number{Value: phonenumbers.Format(p, phonenumbers.E164), Kind: International, International: true, Country: country, Ported: "unknown"}, true
	}
	return Number{}, false
}
