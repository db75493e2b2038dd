package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"lanzha"
	"lanzha/know/number"
)

// heads are the mobile prefixes of the three carriers in the national plan, as
// package number names their owners.
var heads = [3]struct {
	owner    string
	prefixes []string
}{
	{"移动", []string{"134", "135", "136", "137", "138", "139", "147", "150", "151", "152", "157", "158", "159", "178", "182", "183", "184", "187", "188", "195", "198"}},
	{"电信", []string{"133", "149", "153", "173", "177", "180", "181", "189", "191", "199"}},
	{"联通", []string{"130", "131", "132", "145", "155", "156", "166", "175", "176", "185", "186"}},
}

// What a carrier's segments are for. A segment is seven digits of a mobile
// number; 10,000 numbers follow.
const (
	segStory = iota // the lines in dens
	segTrap         // lines that look like a den and are none
	segLife1        // everybody else
	segLife2
	segments
)

// fixedBlocks is how many exchanges the carrier of fixed lines has: the first
// for dens, the others for everybody else.
const fixedBlocks = 3

// plan is the city's share of the numbers.
type plan struct {
	mobile [3][segments]string // "1388712"
	area   string              // "871"
	fixed  [fixedBlocks]string // what stands between area code and the last four digits: "6316"
}

// findPlan looks for segments that the national plan gives to this city. A
// city that the plan does not list takes segments of its province, and failing
// that any.
func (c *City) findPlan() plan {
	var p plan
	for who, h := range heads {
		seen := map[string]bool{}
		var near, far []string
		found := 0
		for try := uint64(0); found < segments && try < 12000; try++ {
			r := c.hash("segment"+h.owner, try)
			seg := h.prefixes[r%uint64(len(h.prefixes))] + fmt.Sprintf("%04d", r>>16%block)
			if seen[seg] {
				continue
			}
			seen[seg] = true
			at, ok := issued(seg+"0000", number.Mobile)
			switch {
			case !ok:
			case c.here(at):
				p.mobile[who][found] = seg
				found++
			case at.Province() == c.region.Province():
				near = append(near, seg)
			default:
				far = append(far, seg)
			}
		}
		for spare := append(near, far...); found < segments; found++ {
			p.mobile[who][found], spare = spare[0], spare[1:]
		}
	}
	p.area = c.areaCode()
	p.fixed = c.exchanges(p.area)
	return p
}

// Segments are n segments of mobile numbers, seven digits each with 10,000
// numbers behind them: first those of the city's ordinary lines, then others
// that the national plan gives to its province. None holds the lines of a den
// or of a trap, and none comes twice.
func (c *City) Segments(n int) []string {
	var out, taken []string
	for _, of := range c.plan.mobile {
		taken = append(taken, of[:]...)
		out = append(out, of[segLife1:]...)
	}
	for try := uint64(0); len(out) < n; try++ {
		r := c.hash("further", try)
		seg := choose(c, "furtherhead", try, heads[r%uint64(len(heads))].prefixes) + fmt.Sprintf("%04d", r>>16%block)
		if at, ok := issued(seg+"0000", number.Mobile); ok && (at.Province() == c.region.Province() || try > 1_000_000) && !slices.Contains(taken, seg) {
			out, taken = append(out, seg), append(taken, seg)
		}
	}
	return out[:n]
}

// issued says where the plan gave out a number, written as dialled; false when
// it is not of the kind. The region may be unknown.
func issued(dialled string, kind number.Kind) (lanzha.Region, bool) {
	n, err := number.Parse(dialled)
	if err != nil || n.Kind != kind {
		return "", false
	}
	return n.Region, true
}

// here reports whether a number of a region is of this city. Of a municipality
// the plan names the province.
func (c *City) here(at lanzha.Region) bool {
	return at.City() == c.region || at == c.region.Province() && slices.Contains([]lanzha.Region{"110000", "120000", "310000", "500000"}, at)
}

// areaCode finds the area code of the city: the one that the plan gives to it,
// else the first of its province, else Kunming's.
func (c *City) areaCode() string {
	near := "871"
	for code := 999; code >= 10; code-- {
		if code == 309 {
			code = 29 // between them there is none
		}
		at, ok := issued("0"+strconv.Itoa(code)+"61234567", number.Fixed)
		if !ok {
			at, ok = issued("0"+strconv.Itoa(code)+"6123456", number.Fixed)
		}
		switch {
		case !ok:
		case c.here(at):
			return strconv.Itoa(code)
		case at.Province() == c.region.Province():
			near = strconv.Itoa(code)
		}
	}
	return near
}

// exchanges picks blocks of fixed numbers that the plan holds valid, of eight
// digits where the city has them, of seven elsewhere.
func (c *City) exchanges(area string) (out [fixedBlocks]string) {
	found := 0
	for try := uint64(0); found < fixedBlocks; try++ {
		exchange := strconv.Itoa(6000 + c.pick("exchange", try, 2999))
		if _, ok := issued("0"+area+exchange+"1234", number.Fixed); !ok {
			exchange = exchange[:3]
		}
		if !slices.Contains(out[:], exchange) {
			out[found] = exchange
			found++
		}
	}
	return out
}

// mobile is number i of a carrier's segment, canonical.
func (c *City) mobile(carrier, seg, i int) string {
	return fmt.Sprintf("+86%s%04d", c.plan.mobile[carrier][seg], i)
}

// fixed is number i of an exchange, canonical.
func (c *City) fixed(exchange, i int) string {
	return fmt.Sprintf("+86%s%s%04d", c.plan.area, c.plan.fixed[exchange], i)
}

// spot is where a number stands in the city's plan.
type spot struct {
	carrier int // 0 to 2
	fixed   bool
	seg     int // segment or exchange; -1 is a number of the carrier outside the city's own
	i       int // the last four digits
}

// locate finds whose a canonical number is; false is nobody's here.
func (c *City) locate(value string) (spot, bool) {
	n, ok := strings.CutPrefix(value, "+86")
	if !ok || len(n) < 9 || len(n) > 11 || !digits(n) {
		return spot{}, false
	}
	last, _ := strconv.Atoi(n[len(n)-4:])
	if n[0] == '1' && len(n) == 11 && n[:2] != "10" {
		for who := range c.plan.mobile {
			for seg, s := range c.plan.mobile[who] {
				if n[:7] == s {
					return spot{who, false, seg, last}, true
				}
			}
			for _, h := range heads[who].prefixes {
				if n[:3] == h {
					return spot{who, false, -1, last}, true
				}
			}
		}
		return spot{}, false
	}
	local, ok := strings.CutPrefix(n, c.plan.area)
	if !ok || len(local) < 7 {
		return spot{}, false
	}
	for x, s := range c.plan.fixed {
		if local[:len(local)-4] == s {
			return spot{fixedCarrier, true, x, last}, true
		}
	}
	return spot{fixedCarrier, true, -1, last}, true
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
