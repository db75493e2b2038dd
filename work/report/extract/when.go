package extract

import (
	"strings"
	"time"
)

// moment is a time being read: what the text has said of it so far.
type moment struct {
	y, m, d     int
	hour, min   int
	sec         int
	day, clock  bool // a day, a time of day was told
	part        string
	alone       bool           // the day's word may stand without a time of day
	exact       bool           // the instant is complete: at minus a duration, or with a zone
	instant     time.Time      // when exact
	zone        *time.Location // told in the text
	relativeDay bool
}

// times finds dates and times of day. Relative words need s.known.
func (s *scan) times() {
	for i := 0; i < len(s.r); {
		if !s.mayStart(i) {
			i++
			continue
		}
		m := moment{}
		end := s.moment(i, &m)
		if end == 0 {
			i++
			continue
		}
		if t, ok := s.resolve(m); ok {
			note := "minute"
			if !m.clock && !m.exact {
				note = "day"
			}
			s.add(rankTime, Time, i, end, t.Format(time.RFC3339), note)
		}
		i = end
	}
}

// mayStart passes only the characters that a time can begin with.
func (s *scan) mayStart(i int) bool {
	r, before := s.r[i], s.c(i-1)
	if isWord(r) {
		return !isWord(before) && !((before == '-' || before == '.' || before == ':' || before == '/' || before == ',') && isDigit(s.c(i-2))) && numeral(before) < 0 && before != '第' && before != '$' && before != '¥'
	}
	if n := numeral(r); n >= 0 && n <= 10 {
		return numeral(before) < 0 && before != '第' && !isWord(before)
	}
	return strings.ContainsRune("今昨前明后大去凌早上清中下午傍晚夜半深这本周星礼", r)
}

func (s *scan) moment(i int, m *moment) int {
	if end := s.ago(i, m); end > 0 {
		return end
	}
	end := s.date(i, m)
	if end == 0 {
		if r := s.c(i - 1); r != 0 && strings.ContainsRune("号日天周月晚早", r) {
			return 0 // the time of a day that was not understood: no guess
		}
		end = i
	}
	j := end
	if m.day {
		j = s.spaces(j)
		for _, w := range []string{",", "的", "t", "在", "at ", "around "} {
			if s.has(j, w) && (w != "t" || isDigit(s.c(j+1))) {
				j = s.spaces(j + len([]rune(w)))
				break
			}
		}
	}
	if k := s.clock(j, m); k > 0 {
		return k
	}
	if m.day && (!m.relativeDay || m.alone) {
		return end
	}
	return 0
}

// ago reads 30分钟前, 两小时前, 三天前, "2 hours ago".
func (s *scan) ago(i int, m *moment) int {
	var n, j int
	half := s.c(i) == '半'
	if half {
		j = i + 1
	} else if n, j = s.small(i, 3); j == i {
		return 0
	} else if s.has(j, "个半") {
		half, j = true, j+2
	}
	j = s.spaces(j)
	if s.c(j) == '个' {
		j++
	}
	var step time.Duration
	for w, d := range map[string]time.Duration{"分钟": time.Minute, "小时": time.Hour, "钟头": time.Hour, "天": 24 * time.Hour,
		"minute": time.Minute, "minutes": time.Minute, "hour": time.Hour, "hours": time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour} {
		k := j + len([]rune(w))
		if !s.has(j, w) || isLetter(s.c(k)) {
			continue
		}
		k = s.spaces(k)
		for _, tail := range []string{"以前", "之前", "前", "ago"} {
			if s.has(k, tail) && (n > 0 || half) {
				k += len([]rune(tail))
				if r := s.c(k); r == '往' || r == '提' { // 24小时前往
					return 0
				}
				step = d
				m.instant = s.at.Add(-time.Duration(n) * d)
				if half {
					m.instant = m.instant.Add(-d / 2)
				}
				if step == 24*time.Hour && !half {
					m.relative(s.at.AddDate(0, 0, -n))
					m.alone = true
					if c := s.clock(k, m); c > 0 {
						return c
					}
					return k
				}
				m.exact = s.known
				return k
			}
		}
	}
	return 0
}

func (m *moment) relative(day time.Time) {
	m.y, m.m, m.d, m.day, m.relativeDay = day.Year(), int(day.Month()), day.Day(), true, true
}

// small reads a whole number of up to n digits, or a Chinese one below 100.
func (s *scan) small(i, n int) (v, end int) {
	if isDigit(s.c(i)) {
		j := i
		for isDigit(s.c(j)) && j-i <= n {
			v = v*10 + int(s.r[j]-'0')
			j++
		}
		if j-i > n {
			return 0, i
		}
		return v, j
	}
	j := i
	for d := numeral(s.c(j)); d >= 0 && d <= 10 && j-i < 4; d = numeral(s.c(j)) {
		switch {
		case d == 10 && v == 0:
			v = 10
		case d == 10:
			v *= 10
		case v >= 10 && v%10 == 0:
			v += d
		case v > 0:
			return 0, i
		default:
			v = d
		}
		j++
	}
	return v, j
}

var dayWords = map[string]int{"今天": 0, "今日": 0, "今": 0, "昨天": -1, "昨日": -1, "昨": -1, "前天": -2, "大前天": -3, "明天": 1, "明日": 1, "后天": 2,
	"today": 0, "yesterday": -1, "tomorrow": 1, "tonight": 0, "last night": -1, "this morning": 0, "this afternoon": 0, "this evening": 0}

var dayList = keysInt(dayWords)

func keysInt(m map[string]int) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}

var months = []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}

// date reads the day of a time, when one stands at i, and returns its end or 0.
func (s *scan) date(i int, m *moment) int {
	if w, n := s.longest(i, dayList); n > 0 {
		if isLetter(s.r[i]) && isLetter(s.c(i+n)) {
			return 0
		}
		if w == "今" || w == "昨" { // 今早, 昨晚, not 今后
			switch s.c(i + n) {
			case '早', '晚', '夜', '晨':
			case '年':
				return s.numericDate(i, m)
			default:
				return 0
			}
		}
		m.relative(s.at.AddDate(0, 0, dayWords[w]))
		m.alone = dayWords[w] < 0 && w != "昨"
		switch w {
		case "tonight", "last night", "this evening", "this afternoon":
			m.part = "pm"
		case "this morning":
			m.part = "am"
		}
		return i + n
	}
	if isLetter(s.r[i]) {
		return s.englishDate(i, m)
	}
	if end := s.weekday(i, m); end > 0 {
		return end
	}
	return s.numericDate(i, m)
}

// weekday reads 周三 (the latest one), 上周五, 本周一, 下星期天.
func (s *scan) weekday(i int, m *moment) int {
	which := s.c(i)
	j := i
	if strings.ContainsRune("上下这本", which) {
		if j++; s.c(j) == '个' {
			j++
		}
	} else {
		which = 0
	}
	_, n := s.longest(j, []string{"周", "星期", "礼拜"})
	if n == 0 {
		return 0
	}
	j += n
	day := numeral(s.c(j))
	if r := s.c(j); r == '日' || r == '天' {
		day = 7
	}
	if day < 1 || day > 7 || isDigit(s.c(j)) || day == 7 && s.c(j) == '七' {
		return 0
	}
	today := (int(s.at.Weekday())+6)%7 + 1
	shift := day - today
	switch {
	case which == '上':
		shift -= 7
	case which == '下':
		shift += 7
	case which == 0 && shift > 0:
		shift -= 7
	}
	m.relative(s.at.AddDate(0, 0, shift))
	m.alone = which == '上'
	return j + 1
}

// numericDate reads 2023-02-20, 2023年2月20日, 2月20号, 二零二三年二月二十日, 3 Nov 2023.
func (s *scan) numericDate(i int, m *moment) int {
	j := i
	for _, w := range []struct {
		word string
		back int
	}{{"去年", 1}, {"前年", 2}, {"今年", 0}, {"明年", -1}} {
		if s.has(j, w.word) {
			m.y, j = s.at.Year()-w.back, j+2
		}
	}
	if m.y == 0 {
		y, n := 0, 0
		for d := numeral(s.c(i + n)); d >= 0 && d < 10 && n < 4; d = numeral(s.c(i + n)) {
			y, n = y*10+d, n+1
		}
		sep := s.c(i + n)
		switch {
		case n == 4 && y >= 1900 && y < 2100 && sep == '年':
			m.y, j = y, i+5
		case n == 4 && y >= 1900 && y < 2100 && isDigit(s.r[i]) && (sep == '-' || sep == '/' || sep == '.'):
			mon, k := s.small(i+5, 2)
			if k > i+5 && s.c(k) == sep && isDigit(s.c(k+1)) {
				day, e := s.small(k+1, 2)
				if e > k+1 && !isDigit(s.c(e)) && !(s.c(e) == '-' || s.c(e) == '.' || s.c(e) == '/') || e > k+1 && s.c(e) == '.' && !isWord(s.c(e+1)) {
					m.y, m.m, m.d, m.day = y, mon, day, true
					return e
				}
			}
			return 0
		}
	}
	j = s.spaces(j)
	mon, k := s.small(j, 2)
	if k == j {
		m.y = 0
		return 0
	}
	if isDigit(s.r[j]) && s.c(k) == ' ' {
		if month, e := s.month(k + 1); e > 0 { // 3 Nov 2023
			m.m, m.d, m.day = month, mon, true
			return s.englishYear(e, m)
		}
	}
	k = s.spaces(k)
	if s.c(k) != '月' {
		m.y = 0
		return 0
	}
	k = s.spaces(k + 1)
	day, e := s.small(k, 2)
	if e == k {
		m.y = 0
		return 0
	}
	m.m, m.d, m.day = mon, day, true
	if r := s.c(s.spaces(e)); r == '日' || r == '号' {
		return s.spaces(e) + 1
	}
	m.day, m.y = false, 0
	return 0
}

func (s *scan) month(i int) (month, end int) {
	for n, name := range months {
		if s.has(i, name) {
			for isLetter(s.c(i)) {
				i++
			}
			if s.c(i) == '.' {
				i++
			}
			return n + 1, i
		}
	}
	return 0, 0
}

// englishDate reads November 3rd, 2023 and Nov 3.
func (s *scan) englishDate(i int, m *moment) int {
	month, j := s.month(i)
	if j == 0 || j-i > 10 || s.c(j) != ' ' || s.text[s.off[i]] > 'Z' { // "may 5 people come"
		return 0
	}
	day, k := s.small(j+1, 2)
	if k == j+1 || !isDigit(s.c(j+1)) {
		return 0
	}
	for _, th := range []string{"st", "nd", "rd", "th"} {
		if s.has(k, th) {
			k += 2
			break
		}
	}
	if isWord(s.c(k)) || s.c(k) == '%' {
		return 0
	}
	m.m, m.d, m.day = month, day, true
	return s.englishYear(k, m)
}

func (s *scan) englishYear(i int, m *moment) int {
	j := i
	if s.c(j) == ',' {
		j++
	}
	j = s.spaces(j)
	if y, k := s.small(j, 4); k == j+4 && isDigit(s.c(j)) && y >= 1900 && y < 2100 && !isWord(s.c(k)) && s.c(k) != ':' {
		m.y = y
		return k
	}
	return i
}

var parts = map[string]string{"凌晨": "night", "清晨": "am", "早上": "am", "早晨": "am", "早": "am", "上午": "am", "中午": "noon", "下午": "pm", "午后": "pm", "傍晚": "pm",
	"晚上": "pm", "晚": "pm", "夜里": "pm", "夜间": "pm", "深夜": "pm", "夜": "pm", "半夜": "night", "晨": "am"}

var partList = func() []string {
	var out []string
	for k := range parts {
		out = append(out, k)
	}
	return out
}()

// clock reads the time of day at i and returns its end, or 0 where there is
// none that is sure: 3点 alone may be three reasons.
func (s *scan) clock(i int, m *moment) int {
	sure := m.day
	word, n := s.longest(i, partList)
	if n > 0 {
		m.part, sure = parts[word], true
	}
	j := s.spaces(i + n)
	if n > 0 && s.c(j) == '的' {
		j++
	}
	partEnd := i + n
	end := s.hour(j, m, sure)
	if end == 0 {
		if n > 0 && m.day && m.relativeDay && (m.alone || word == "晚" || word == "早" || word == "晚上" || word == "上午" || word == "下午" || word == "中午" || word == "凌晨") {
			// the day is known, the hour is not
			return partEnd
		}
		return 0
	}
	switch { // 晚上12点 is the end of that day; it is kept as its last hour's end
	case m.part == "pm" && m.hour < 12 || m.part == "noon" && m.hour < 3:
		m.hour += 12
	case m.part == "pm" && m.hour == 12 && strings.ContainsAny(word, "晚夜"):
		m.hour = 24
	case (m.part == "am" || m.part == "night") && m.hour == 12 && word == "凌晨", m.part == "night" && m.hour == 12:
		m.hour = 0
	}
	m.clock = true
	return end
}

// hour reads 3点半, 14时20分, 14:20, 3pm, 3:30 p.m.
func (s *scan) hour(i int, m *moment, sure bool) int {
	h, j := s.small(i, 2)
	if j == i || h > 24 {
		return 0
	}
	k := s.spaces(j)
	switch r := s.c(j); {
	case r == ':' && isDigit(s.c(j+1)) && isDigit(s.c(j+2)) && !isDigit(s.c(j+3)) && isDigit(s.c(i)):
		return s.colonTime(i, j, h, m, sure)
	case (s.has(k, "am") || s.has(k, "pm") || s.has(k, "a.m.") || s.has(k, "p.m.")) && h >= 1 && h <= 12 && isDigit(s.c(i)):
		e := k + 2
		if s.c(k+1) == '.' {
			e = k + 4
		}
		if isWord(s.c(e)) {
			return 0
		}
		m.setHalf(s.c(k), h)
		return e
	case r == '点' || r == '时' && s.c(j+1) != '间' && s.c(j+1) != '候' || r == '點':
	case sure && m.day && isLetter(s.c(i-2)) && s.has(i-3, "at "):
		if m.part == "pm" && h <= 12 && !isWord(s.c(j)) && s.c(j) != '.' {
			m.hour = h
			return j
		}
		return 0
	default:
		return 0
	}
	e := j + 1
	m.hour, m.min = h, 0
	if s.c(e) == '钟' {
		return e + 1
	}
	if s.c(e) == '整' {
		return e + 1
	}
	if s.c(e) == '半' {
		m.min = 30
		return e + 1
	}
	if s.has(e, "一刻") || s.has(e, "三刻") {
		m.min = 15 * numeral(s.c(e))
		return e + 2
	}
	from := e
	for s.c(from) == '零' || s.c(from) == '过' || s.c(from) == '〇' {
		from++
	}
	if min, f := s.small(from, 2); f > from && min < 60 && (s.c(f) == '分' && s.c(f+1) != '钱' || sure && s.c(e-1) == '点' && (f-from > 1 || from > e) && numeral(s.c(f)) < 0) {
		m.min = min
		if s.c(f) != '分' {
			return f
		}
		e = f + 1
		if s.c(e) == '许' {
			return e + 1
		}
		if sec, g := s.small(e, 2); g > e && sec < 60 && s.c(g) == '秒' {
			m.sec = sec
			return g + 1
		}
		return e
	}
	for _, w := range []string{"左右", "多", "许", "前后"} {
		if s.has(e, w) && (sure || w != "多") {
			return e + len([]rune(w))
		}
	}
	if !sure || s.c(j) == '点' && s.c(e) == '点' {
		return 0
	}
	return e
}

func (s *scan) colonTime(i, j, h int, m *moment, sure bool) int {
	if h == 24 || !sure && j-i < 2 && !isLetter(s.c(s.spaces(j+3))) {
		// 1:10 may be odds or a ratio; 09:10 and 9:10am are times
		return 0
	}
	min, e := s.small(j+1, 2)
	if min > 59 {
		return 0
	}
	sec := 0
	if s.c(e) == ':' {
		v, f := s.small(e+1, 2)
		if f != e+3 || v > 59 || isDigit(s.c(f)) {
			return 0
		}
		sec, e = v, f
		if s.c(e) == '.' && isDigit(s.c(e+1)) {
			for e++; isDigit(s.c(e)); e++ {
			}
		}
	}
	if k := s.spaces(e); (s.c(k) == 'a' || s.c(k) == 'p') && (s.c(k+1) == 'm' || s.has(k+1, ".m.")) && h >= 1 && h <= 12 {
		half := s.c(k)
		if e = k + 2; s.c(k+1) == '.' {
			e = k + 4
		}
		m.setHalf(half, h)
		m.min, m.sec = min, sec
		if isWord(s.c(e)) {
			return 0
		}
		return e
	}
	if !sure && j-i < 2 {
		return 0
	}
	m.hour, m.min, m.sec = h, min, sec
	if m.day && !m.relativeDay && s.c(e) == 'z' && !isWord(s.c(e+1)) {
		m.zone = time.UTC
		return e + 1
	}
	if sign := s.c(e); m.day && !m.relativeDay && (sign == '+' || sign == '-') && isDigit(s.c(e+1)) && isDigit(s.c(e+2)) && s.c(e+3) == ':' && isDigit(s.c(e+4)) && isDigit(s.c(e+5)) && !isDigit(s.c(e+6)) {
		zh, _ := s.small(e+1, 2)
		zm, _ := s.small(e+4, 2)
		seconds := zh*3600 + zm*60
		if sign == '-' {
			seconds = -seconds
		}
		if zh <= 14 && zm < 60 {
			m.zone = time.FixedZone("", seconds)
			return e + 6
		}
	}
	if isWord(s.c(e)) || s.c(e) == ':' || s.c(e) == '%' {
		return 0
	}
	return e
}

// setHalf takes h o'clock, before noon (a) or after it (p).
func (m *moment) setHalf(half rune, h int) {
	m.part, m.hour = "", h%12
	if half == 'p' {
		m.hour += 12
	}
}

// ahead is how far in the future a day without a year may lie. People report
// what happened, and sometimes what they were told to do in the days to come.
const ahead = 31 * 24 * time.Hour

// resolve makes an instant of what was told; what was left open is the latest
// time of day before the report, or the latest such day that is not too far
// ahead of it.
func (s *scan) resolve(m moment) (time.Time, bool) {
	if m.exact {
		return m.instant.Truncate(time.Second), true
	}
	if (!m.day || m.relativeDay || m.y == 0) && !s.known {
		return time.Time{}, false
	}
	zone := s.loc
	if m.zone != nil {
		zone = m.zone
	}
	y, mon, d := m.y, m.m, m.d
	switch {
	case !m.day:
		y, mon, d = s.at.Year(), int(s.at.Month()), s.at.Day()
	case m.y == 0:
		y = s.at.Year()
		if time.Date(y+1, time.Month(mon), d, 12, 0, 0, 0, zone).Sub(s.at) <= ahead {
			y++
		} else if time.Date(y, time.Month(mon), d, 12, 0, 0, 0, zone).Sub(s.at) > ahead {
			y--
		}
	}
	if mon < 1 || mon > 12 || d < 1 || d > time.Date(y, time.Month(mon)+1, 0, 0, 0, 0, 0, time.UTC).Day() || m.hour > 24 {
		return time.Time{}, false
	}
	t := time.Date(y, time.Month(mon), d, m.hour, m.min, m.sec, 0, zone)
	if !m.day && t.After(s.at) {
		t = time.Date(y, time.Month(mon), d-1, m.hour, m.min, m.sec, 0, zone)
	}
	return t.In(s.loc), true
}
