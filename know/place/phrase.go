package place

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	zone    = regexp.MustCompile(`^.{0,8}?(?:经济技术开发区|高新技术产业开发区|高新技术开发区|高新技术产业园区|经济开发区|旅游度假区|国家级新区|高新区|经开区|度假区|开发区|保税区|自贸区|示范区|大学城|新区)`)
	town    = regexp.MustCompile(`^(.{1,6}?)(?:街道办事处|街道办|街道)|^(.{2,6}?)(?:镇|乡|苏木)`)
	village = regexp.MustCompile(`^(.{1,8}?)(?:村民委员会|村委会|居民委员会|社区居委会|居委会|社区|自然村|行政村|村)`)

	strongRoad = strings.Fields("大道 大街 公路 支路 胡同 国道 省道 路 街 巷")
	weakRoad   = strings.Fields("道 里 弄 坊 条 段 环")
	noRoad     = strings.Fields("铁 公 道 马 网 线 公交")
	noise      = strings.Fields("内 里 里面 内的 的 在 与 和 及 处 交 上 院内 市区 城区 县城")
)

// flush understands the words gathered so far. door says that a number
// follows, so that 和平里 can be a road.
func (s *scanner) flush(door bool) {
	t := s.words
	s.words = nil
	for len(t) > 0 {
		n := s.phrase(t, door)
		if n == 0 {
			return
		}
		t = t[n:]
	}
}

// phrase reads one phrase at the start of t and returns its length.
func (s *scanner) phrase(t []rune, door bool) int {
	a := s.a
	if n := prefixOf(t, noise); n > 0 && (n == len(t) || !isRoadTail(t[n:], 1) && n == 1 && strings.ContainsRune("与和及交", t[0]) && a.Road != "") {
		return n
	}
	str := string(t)
	first := a.Road == "" && a.Village == "" && len(a.POI) == 0
	if m := zone.FindString(str); m != "" && first && !(door && len(m) == len(str)) && !isRoadTail([]rune(str[len(m):]), 1) && !isPlaceTail([]rune(str[len(m):])) {
		return len([]rune(m))
	}
	if m := town.FindStringSubmatch(str); m != nil && first && a.Town == "" {
		after := []rune(str[len(m[0]):])
		if !isRoadTail(after, 1) && prefixOf(after, placeWords) == 0 && !roadInside([]rune(m[1]+m[2])) {
			a.Town = m[1] + m[2]
			return len([]rune(m[0]))
		}
	}
	if m := village.FindStringSubmatch(str); m != nil {
		after := []rune(str[len(m[0]):])
		n := len([]rune(m[0]))
		clear := !isRoadTail(after, 1) && prefixOf(after, []string{"庄", "镇", "小学", "客栈"}) == 0 && !strings.HasSuffix(m[1], "度假") && !hasRoadEnd([]rune(m[1]))
		switch {
		case clear && a.Road == "" && len(a.POI) == 0:
			a.Village, s.placed = m[1], false
			return n
		case clear && a.Road != "" && strings.HasSuffix(m[0], "社区"):
			return n
		}
	}
	if n := roadEnd(t, door); n > 0 && !s.note {
		if lead := placeBefore(t[:n]); lead > 0 {
			s.place(string(t[:lead]))
			return lead
		}
		switch {
		case a.Road == "" || a.Number == "" && !s.placed && door && n == len(t):
			a.Road, s.placed = strings.TrimPrefix(string(t[:n]), "号"), false
			return n
		case a.Number == "" && n == len(t): // a second road: a crossing
			return n
		}
	}
	s.place(str)
	return len(t)
}

// roadEnd finds where a road name that begins t ends, or 0.
func roadEnd(t []rune, door bool) int {
	for i := 1; i < len(t) && i <= 12; i++ {
		if n := prefixOf(t[i:], strongRoad); n > 0 {
			after := t[i+n:]
			switch {
			case isRoadTail(after, 0), hasPrefix(t[i:], "街道"), hasPrefix(t[i:], "街坊"):
				continue
			case prefixOf(after, []string{"店", "站", "分店", "分公司", "校区", "营业厅", "局", "桥", "灯", "政", "由器", "商城", "市场", "小区", "花园", "公寓", "新村", "大厦", "小学", "中学", "派出所"}) > 0:
				continue
			case slices.Contains(noRoad, string(t[:i])) && !(door && len(after) == 0):
				continue
			}
			if len(after) == 2 && hasPrefix(after[1:], "段") && strings.ContainsRune("东南西北中", after[0]) {
				return i + n + 2
			}
			if hasPrefix(after, "延长线") {
				n += 3
			}
			return i + n
		}
	}
	if n := len(t); door && n >= 2 && slices.ContainsFunc(weakRoad, func(w string) bool { return strings.HasSuffix(string(t), w) }) && !strings.HasSuffix(string(t), "小区") {
		return n
	}
	return 0
}

// roadInside reports a road that ends before t does: 彩云路|斗南 is a road and
// a town, 小街 may be a town.
func roadInside(t []rune) bool {
	n := roadEnd(t, false)
	return n > 0 && n < len(t)
}

func hasRoadEnd(t []rune) bool { return roadEnd(t, false) > 0 }
func endsRoad(t []rune) bool   { return roadEnd(t, true) == len(t) && len(t) > 0 }

// placeBefore finds a named place in front of a road: 云岭酒店|彩云南路. It
// returns the length of the place, or 0.
func placeBefore(t []rune) int {
	for i := len(t) - 3; i >= 4; i-- {
		for _, w := range placeWords {
			if n := utf8.RuneCountInString(w); n >= 2 && i-n >= 2 && strings.HasSuffix(string(t[:i]), w) && !isRoadTail(t[i:], 1) && !hasPrefix(t[i:], "城") {
				return i
			}
		}
	}
	return 0
}

func endsPlace(s string) bool {
	return slices.ContainsFunc(placeWords, func(w string) bool { return strings.HasSuffix(s, w) && len(s) > len(w) })
}

// place takes named places out of a run of words: the estate and the hotel in
// it are two. What does not end like a place is left over.
func (s *scanner) place(str string) {
	for _, w := range []string{"内", "里", "院内", "的", "客房部", "客房", "前台", "大堂"} {
		str = strings.TrimSuffix(str, w)
	}
	str = strings.TrimPrefix(strings.TrimPrefix(str, "的"), "内")
	t := []rune(str)
	if r := readRegion(t, s.a.Region); r.code != "" && within(s.a.Region, r.code) && len(t)-r.used >= 3 {
		t = t[r.used:]
	}
	for len(t) > 0 {
		n := placeEnd(t)
		piece := string(t[:n])
		t = t[n:]
		switch {
		case isBranch(piece) && len(s.a.POI) > 0:
			s.branch(piece)
		case endsPlace(piece):
			if name := canonicalPlace(piece); !slices.Contains(s.a.POI, name) {
				s.a.POI = append(s.a.POI, name)
			}
			s.placed, s.unsure = true, false
		case len(s.a.POI) > 0 || s.a.Number != "" || s.note:
			s.rest = append(s.rest, piece)
		case utf8.RuneCountInString(piece) >= 2 && !isAscii(piece):
			s.rest = append(s.rest, piece)
			s.placed, s.unsure = true, true
		default:
			s.rest = append(s.rest, piece)
		}
	}
}

func isAscii(s string) bool { return !strings.ContainsFunc(s, func(r rune) bool { return r > 127 }) }

// placeEnd finds the end of the first named place in t: the first word of two
// characters that ends one, when a whole name follows.
func placeEnd(t []rune) int {
	for i := 2; i < len(t)-2; i++ {
		n := prefixOf(t[i:], placeWords)
		if n < 2 {
			continue
		}
		end := i + n
		rest := t[end:]
		if k := prefixOf(rest, placeWords); len(rest) >= 3 && k == 0 && (endsPlace(string(rest)) || isBranch(string(rest))) {
			return end
		}
		i = end - 1
	}
	return len(t)
}

// isBranch tells 春融街店 and 呈贡校区 from 酒店 and 大学.
func isBranch(s string) bool {
	for _, w := range []string{"分店", "分公司", "旗舰店", "店"} {
		if stem, ok := strings.CutSuffix(s, w); ok && stem != "" {
			return utf8.RuneCountInString(s) <= 8 && !endsPlace(s[:len(s)-len("店")]) &&
				prefixOf([]rune(lastRunes(s, 2)), strings.Fields("酒店 饭店 旅店 商店 书店 药店 客店 网店")) == 0
		}
	}
	return false
}

func lastRunes(s string, n int) string {
	t := []rune(s)
	return string(t[max(0, len(t)-n):])
}

// branch marks the last place with its branch, unless that only repeats the
// region.
func (s *scanner) branch(name string) {
	stem := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, "店"), "分"), "旗舰")
	if strings.Contains(FullName(s.a.Region), stem) || len(s.a.POI) == 0 {
		return
	}
	last := &s.a.POI[len(s.a.POI)-1]
	if !strings.Contains(*last, "(") {
		*last += "(" + stem + "店)"
	}
}

var estates = regexp.MustCompile(`(?:花园|家园|家苑|嘉园|苑|新村|新城|城|华庭|公寓|山庄|园|郡|湾|府)$`)

// canonicalPlace drops what one writer adds and another leaves out.
func canonicalPlace(name string) string {
	for _, w := range []string{"有限责任公司", "股份有限公司", "有限公司", "公司"} {
		if short, ok := strings.CutSuffix(name, w); ok && utf8.RuneCountInString(short) >= 2 {
			return short + "公司"
		}
	}
	for _, w := range []string{"住宅小区", "小区", "住宅区"} {
		if short, ok := strings.CutSuffix(name, w); ok && estates.MatchString(short) && utf8.RuneCountInString(short) >= 3 {
			return short
		}
	}
	for _, w := range []string{"酒店", "饭店"} {
		if short, ok := strings.CutSuffix(name, "大"+w); ok && utf8.RuneCountInString(short) >= 1 {
			return short + w
		}
	}
	return name
}
