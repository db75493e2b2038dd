package feed

import (
	"math"
	"strconv"
	"strings"
	"time"

	"lanzha"
)

// The instants that an event may have, in microseconds: from 1900 to 2999, so
// that a state can keep one beside eight bits in a word.
var (
	earliest = time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	latest   = time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() - 1
)

const (
	second = int64(1_000_000) // in microseconds
	day    = 86400 * second

	// maxFen bounds an amount, so that a sum of a thousand still fits: 90
	// trillion yuan. A float64 holds every such amount exactly.
	maxFen = 9_000_000_000_000_000
)

// Reasons for which a value is refused. They never quote it: they are shown
// and logged.
const (
	badTime    = "this is no time in the form that the file declares"
	badRange   = "a time between 1900 and 2999 is wanted"
	badInteger = "a whole number of 0 or more is wanted"
	badAmount  = "a decimal amount of 0 or more is wanted"
	badFen     = "an amount has two decimals at most"
	bigAmount  = "the amount is beyond 90 trillion"
	badBool    = "true or false is wanted"
	badOutcome = "confirmed or cleared is wanted"
	badWord    = "open, restore or replace is wanted"
	badValue   = "the mapping has no such value"
	badUTF8    = "the text is not UTF-8"
	absent     = "it is missing"
	tooLong    = "a record is longer than 1 MiB, or a quote in it does not end"
)

// parseInteger reads digits.
func parseInteger(b []byte) (int64, string) {
	if len(b) == 0 || len(b) > 18 {
		return 0, badInteger
	}
	var n int64
	for _, c := range b {
		if c-'0' > 9 {
			return 0, badInteger
		}
		n = n*10 + int64(c-'0')
	}
	return n, ""
}

// parseAmount reads a decimal amount of yuan into fen. More than two decimals
// are refused, or rounded half away from zero when round is set: then
// exponents are taken as well.
func parseAmount(b []byte, round bool) (int64, string) {
	var n int64
	i, digits := 0, 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if n > maxFen {
			return 0, bigAmount
		}
		n, digits = n*10+int64(b[i]-'0'), digits+1
	}
	n *= 100
	if i < len(b) && b[i] == '.' {
		i++
		for place := int64(10); i < len(b) && b[i]-'0' <= 9; i, place = i+1, place/10 {
			c := int64(b[i] - '0')
			switch {
			case place > 0:
				n += c * place
			case c != 0 && !round:
				return 0, badFen
			case i > 2 && b[i-3] == '.' && c >= 5: // the third decimal decides
				n++
			}
			digits++
		}
	}
	if i < len(b) && digits > 0 && round && (b[i] == 'e' || b[i] == 'E') {
		x, err := strconv.ParseFloat(string(b), 64)
		if err != nil || x > maxFen/100 {
			return 0, badAmount
		}
		return int64(math.Round(x * 100)), ""
	}
	switch {
	case i < len(b) || digits == 0:
		return 0, badAmount
	case n > maxFen:
		return 0, bigAmount
	}
	return n, ""
}

func parseBool(b []byte) (int64, string) {
	switch string(b) {
	case "true", "1", "True", "TRUE":
		return 1, ""
	case "false", "0", "False", "FALSE":
		return 0, ""
	}
	return 0, badBool
}

func parseOutcome(b []byte) (int64, string) {
	switch string(b) {
	case "confirmed":
		return Confirmed, ""
	case "cleared":
		return Cleared, ""
	}
	return 0, badOutcome
}

// clock reads instants of one form. It remembers the offset of its zone for
// the quarter of an hour it read last: no zone changes within one.
type clock struct {
	parts []part
	zone  *time.Location

	unit, origin int64 // of a number, when unit is not 0

	quarter, offset int64
}

// part is a piece of a layout: digits of a unit, or a byte that stands there.
type part struct {
	unit  byte // y M d H m s, f a fraction, Z an offset, 0 a literal
	at    int  // of a unit of digits, among y M d H m s
	width int
	is    byte
}

// newClock compiles a layout such as "yyyy-MM-dd HH:mm:ss". The letters are
// those of spreadsheets; ".f" is a fraction of any length that may be absent,
// and Z an offset as RFC 3339 writes it.
func newClock(layout string, zone *time.Location) (*clock, error) {
	c := &clock{zone: zone, quarter: math.MinInt64}
	seen := map[byte]bool{}
	for i := 0; i < len(layout); {
		width := 1
		for i+width < len(layout) && layout[i+width] == layout[i] {
			width++
		}
		switch u := layout[i]; u {
		case 'y', 'M', 'd', 'H', 'm', 's', 'f', 'Z':
			want := map[byte]int{'y': 4, 'f': 1, 'Z': 1}[u]
			if want == 0 {
				want = 2
			}
			if width != want || seen[u] {
				return nil, lanzha.Invalid("layout", "a layout is written like yyyy-MM-dd HH:mm:ss, each part once")
			}
			seen[u] = true
			c.parts = append(c.parts, part{unit: u, at: max(0, strings.IndexByte("yMdHms", u)), width: width})
		default:
			for range width {
				c.parts = append(c.parts, part{is: u})
			}
		}
		i += width
	}
	if !seen['y'] || !seen['M'] || !seen['d'] {
		return nil, lanzha.Invalid("layout", "a layout has a year (yyyy), a month (MM) and a day (dd)")
	}
	return c, nil
}

const rfc3339 = "yyyy-MM-ddTHH:mm:ss.fZ"

// parse reads an instant.
func (c *clock) parse(b []byte) (int64, string) {
	var at int64
	if c.unit != 0 {
		n, reason := parseInteger(b)
		if reason != "" {
			return 0, badTime
		}
		if n > (latest-earliest)/c.unit {
			return 0, badRange
		}
		at = c.origin + n*c.unit
	} else {
		var ok bool
		if at, ok = c.civil(b); !ok {
			return 0, badTime
		}
	}
	if at < earliest || at > latest {
		return 0, badRange
	}
	return at, ""
}

// digits reads n digits, or -1.
func digits(b []byte, n int) int {
	if len(b) < n {
		return -1
	}
	x := 0
	for _, c := range b[:n] {
		if c-'0' > 9 {
			return -1
		}
		x = x*10 + int(c-'0')
	}
	return x
}

func (c *clock) civil(b []byte) (int64, bool) {
	var v [6]int // y M d H m s
	micros, offset, zoned := int64(0), int64(0), false
	for i := range c.parts {
		p := &c.parts[i]
		switch p.unit {
		case 0:
			if len(b) > 0 && (b[0] == p.is || p.is == 'T' && (b[0] == 't' || b[0] == ' ')) {
				b = b[1:]
				continue
			}
			if p.is == '.' && i+1 < len(c.parts) && c.parts[i+1].unit == 'f' {
				continue // no fraction
			}
			return 0, false
		case 'f':
			place := int64(100_000)
			for len(b) > 0 && b[0]-'0' <= 9 { // finer than a microsecond is cut off
				micros, place, b = micros+int64(b[0]-'0')*place, place/10, b[1:]
			}
		case 'Z':
			zoned = true
			switch {
			case len(b) > 0 && (b[0] == 'Z' || b[0] == 'z'):
				b = b[1:]
			case len(b) >= 6 && (b[0] == '+' || b[0] == '-') && b[3] == ':':
				h, m := digits(b[1:], 2), digits(b[4:], 2)
				if h < 0 || m < 0 || h > 23 || m > 59 {
					return 0, false
				}
				offset = int64(h*3600+m*60) * second
				if b[0] == '-' {
					offset = -offset
				}
				b = b[6:]
			default:
				return 0, false
			}
		default:
			if v[p.at] = digits(b, p.width); v[p.at] < 0 {
				return 0, false
			}
			b = b[p.width:]
		}
	}
	y, mo, d, h, mi, s := v[0], v[1], v[2], v[3], v[4], v[5]
	if len(b) > 0 || mo < 1 || mo > 12 || d < 1 || d > daysIn(y, mo) || h > 23 || mi > 59 || s > 59 {
		return 0, false
	}
	at := daysSince1970(y, mo, d)*day + int64(h*3600+mi*60+s)*second + micros
	if zoned {
		return at - offset, true
	}
	if c.zone == time.UTC {
		return at, true
	}
	if q := floorDiv(at, 900*second); q != c.quarter {
		_, east := time.Date(y, time.Month(mo), d, h, mi, 0, 0, c.zone).Zone()
		c.quarter, c.offset = q, int64(east)*second
	}
	return at - c.offset, true
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func daysIn(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysSince1970 counts in years that begin in March, so that the day that comes
// and goes is the last of its year.
func daysSince1970(y, m, d int) int64 {
	if m < 3 {
		y, m = y-1, m+12
	}
	return int64(365*y+y/4-y/100+y/400) + int64((153*(m-3)+2)/5+d-1) - 719468
}
