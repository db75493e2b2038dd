package extract

import (
	"strings"

	"lanzha/know/number"
)

// group is a run of digits without anything between them.
type group struct {
	start, end int
	digits     string
	han        bool // spoken digits: 一三八
}

// maxGroups is how many groups one number may be written in.
const maxGroups = 7

// numbers finds telephone numbers, cards and ID numbers. It cuts the text into
// groups of digits, joins groups that only a blank, a dash or a bracket parts,
// and asks of each such sequence, the longest first, what it could be.
func (s *scan) numbers() {
	var seq []group
	for i := 0; i < len(s.r); {
		if number.Digit(s.r[i]) < 0 {
			i++
			continue
		}
		seq = seq[:0]
		for {
			g := s.group(i)
			seq = append(seq, g)
			next := s.gap(g)
			if next == 0 {
				i = g.end
				break
			}
			i = next
		}
		s.sequence(seq)
	}
}

func (s *scan) group(i int) group {
	g := group{start: i, han: !isDigit(s.r[i])}
	var b strings.Builder
	for i < len(s.r) {
		d := number.Digit(s.r[i])
		if d < 0 || isDigit(s.r[i]) == g.han {
			break
		}
		if b.Len() < 40 { // more digits than any number has: the value no longer matters
			b.WriteByte('0' + byte(d))
		}
		i++
	}
	g.end, g.digits = i, b.String()
	return g
}

// gap returns where the group after g begins when both may be parts of one
// number, or 0.
func (s *scan) gap(g group) int {
	i := g.end
	for range 3 {
		r := s.c(i)
		if number.Digit(r) >= 0 {
			if !isDigit(r) != g.han || i == g.end {
				return 0
			}
			return i
		}
		switch {
		case r == ' ' || r == '-' || r == '.' || r == '·' || r == ')' || r == '(':
		case g.han && (r == ',' || r == '、'):
		default:
			return 0
		}
		i++
	}
	return 0
}

func (s *scan) sequence(seq []group) {
	for i := 0; i < len(seq); {
		used := 0
		for n := min(maxGroups, len(seq)-i); n > 0 && used == 0; n-- {
			if s.judge(seq, i, n) {
				used = n
			}
		}
		i += max(used, 1)
	}
}

// judge decides what groups i to i+n of a sequence are together.
func (s *scan) judge(seq []group, i, n int) bool {
	gs := seq[i : i+n]
	total := 0
	for _, g := range gs {
		if total += g.end - g.start; total > 21 {
			return false
		}
	}
	if total < 3 || total < 5 && gs[0].han || total < 9 && n > 1 {
		return false
	}
	w := writing{scan: s, groups: gs, start: gs[0].start, end: gs[n-1].end}
	for _, g := range gs {
		w.digits += g.digits
	}
	if !w.free(seq, i, n) {
		return false
	}
	return w.id() || w.card() || w.abroad() || w.phone() || w.service()
}

// writing is one string of digits as it stands in the text.
type writing struct {
	*scan
	groups     []group
	digits     string
	start, end int
}

// free reports whether nothing glued to the digits makes them part of
// something longer: a letter, a further group behind a dash, a decimal point.
func (w *writing) free(seq []group, i, n int) bool {
	s := w.scan
	if before := s.c(w.start - 1); isLetter(before) || before == '_' || before == '@' || before == '$' || before == '¥' || before == '#' {
		j := w.start - 1
		for isLetter(s.c(j)) && w.start-j < 12 {
			j--
		}
		switch string(s.r[j+1 : w.start]) {
		case "tel", "phone", "mobile", "call", "hp", "ph", "t", "m", "fax", "cell", "whatsapp", "card", "ic", "id":
		default:
			return false
		}
	} else if number.Digit(before) >= 0 || strings.ContainsRune("十百千万亿第", before) && before != 0 {
		if !(before == '百' && w.hundred()) {
			return false
		}
	}
	after := s.c(w.end)
	switch {
	case after == 'x', after == 'e' && s.has(w.end, "ext"): // an ID's check character, an extension
	case isLetter(after), after == '_', after == '@', after == '%', after == '‰':
		return false
	case number.Digit(after) >= 0 && !isDigit(after) && !w.groups[n-1].han && number.Digit(s.c(w.end+1)) < 0:
		// 13888812345一天打了好几次: one spoken digit behind written ones begins a word
	case number.Digit(after) >= 0, after != 0 && strings.ContainsRune("十百千", after):
		return false
	}
	tight := func(a, b group) bool {
		between := s.r[a.end]
		return b.start-a.end == 1 && (between == '-' || between == '.')
	}
	if i > 0 && tight(seq[i-1], seq[i]) && !(len(w.digits) == 11 && s.covered(seq[i-1].end)) {
		return false
	}
	if i+n < len(seq) && tight(seq[i+n-1], seq[i+n]) {
		next := seq[i+n].digits
		if isPhone := len(next) == 11 || len(next) == 3 && next[0] == '1' && len(w.digits) == 11; !isPhone && !w.extended(next) {
			return false
		}
	}
	if n > 1 { // groups of one writing that go on in the same way are something longer
		if i > 0 && seq[i].start-seq[i-1].end == 1 && s.r[seq[i-1].end] == ' ' && !s.covered(seq[i-1].end) {
			return false
		}
		if i+n < len(seq) && seq[i+n].start-w.end == 1 && s.r[w.end] == ' ' && len(seq[i+n].digits) < 5 && len(seq[i+n].digits) != 3 {
			return false
		}
	}
	return true
}

// covered reports whether the last candidate ends at i.
func (s *scan) covered(i int) bool {
	return len(s.cands) > 0 && s.cands[len(s.cands)-1].end == i
}

// extended reports whether a dash and next behind the digits are an extension.
func (w *writing) extended(next string) bool {
	return len(next) <= 5 && (w.digits[0] == '0' && len(w.digits) >= 11 || strings.HasPrefix(w.digits, "400") && len(w.digits) == 10)
}

// hundred recognises 四百 and 八百 before the rest of a 400 or 800 number.
func (w *writing) hundred() bool {
	r := w.c(w.start - 2)
	return (r == '四' || r == '八') && w.groups[0].han && len(w.digits) == 7
}

// sizes gives the lengths of the groups: "3-4-4".
func (w *writing) sizes() string {
	var b strings.Builder
	for i, g := range w.groups {
		if i > 0 {
			b.WriteByte('-')
		}
		if n := len(g.digits); n > 9 {
			b.WriteByte('0' + byte(n/10))
		}
		b.WriteByte('0' + byte(len(g.digits)%10))
	}
	return b.String()
}

func (w *writing) id() bool {
	end, digits := w.end, w.digits
	if len(digits) == 17 {
		j := end
		if w.c(j) == ' ' {
			j++
		}
		if w.c(j) != 'x' || isWord(w.c(j+1)) {
			return false
		}
		end, digits = j+1, digits+"x"
	} else if w.c(end) == 'x' {
		return false
	}
	switch len(digits) {
	case 18:
		if !isID(digits) {
			return false
		}
		digits = strings.ToUpper(digits)
	case 15: // cards of the first generation, valid as proof of old facts
		if !containsAny(w.back(w.start, 14), idCues) || !strings.Contains(provinces, " "+digits[:2]+" ") || !isBirthday("19"+digits[6:12]) {
			return false
		}
	default:
		return false
	}
	w.add(rankID, ID, w.start, end, maskID(digits), "")
	return true
}

func (w *writing) card() bool {
	n := len(w.digits)
	if n < 13 || n > 19 || w.c(w.end) == 'x' || w.digits[0] < '3' || !luhn(w.digits) {
		return false
	}
	fours := len(w.groups) >= 4
	for i, g := range w.groups {
		if l := len(g.digits); i < len(w.groups)-1 && l != 4 {
			fours = false
		}
	}
	if len(w.groups) > 1 && !fours && !(len(w.groups) == 2 && len(w.groups[0].digits) >= 4) && len(w.groups) > 3 {
		return false
	}
	bank, fits := issuer(w.digits)
	cued := containsAny(w.back(w.start, 14), cardCues) || containsAny(w.front(w.end, 6), cardCues)
	switch {
	case !fits && !cued && !(fours && (bank != "" || w.digits[:2] == "62")):
		return false
	case w.digits[0] > '6' && !fits, w.denied(w.start):
		return false
	}
	w.add(rankCard, Card, w.start, w.end, w.digits, bank)
	return true
}

// abroad reads numbers with a country code: + or 00 before them.
func (w *writing) abroad() bool {
	start, digits := w.start, w.digits
	switch {
	case w.c(start-1) == '+':
		start--
		if w.c(start-1) == '(' {
			start--
		}
	case strings.HasPrefix(digits, "00") && len(w.groups[0].digits) > 2 && len(digits) >= 11:
		digits = digits[2:]
	default:
		return false
	}
	if len(digits) < 8 && !(strings.HasPrefix(digits, "86") && len(digits) >= 5) || len(digits) > 15 {
		return false
	}
	if strings.HasPrefix(digits, "86") {
		n, err := number.Parse("+" + digits)
		return err == nil && !w.denied(start) && w.found(n, start)
	}
	n, ok := number.Foreign(digits)
	return ok && !w.denied(start) && w.found(n, start)
}

// writings of mobile numbers, by the sizes of their groups.
var mobileSizes = map[string]bool{"11": true, "3-4-4": true, "3-8": true, "7-4": true, "4-3-4": true, "3-3-5": true, "4-4-3": true, "5-6": true, "3-2-2-2-2": true, "3-4-2-2": true}

var tollfreeSizes = map[string]bool{"10": true, "3-3-4": true, "3-7": true, "4-3-3": true, "6-4": true, "4-6": true, "3-4-3": true, "3-1-3-3": true}

func (w *writing) phone() bool {
	digits, sizes, gs := w.digits, w.sizes(), w.groups
	if strings.HasPrefix(digits, "86") {
		switch {
		case len(digits) == 13 && digits[2] == '1':
			digits = digits[2:]
			sizes = strings.TrimPrefix(strings.TrimPrefix(sizes, "2-"), "13")
			if sizes == "" {
				sizes = "11"
			}
		case len(gs) > 1 && gs[0].digits == "86" && len(gs[1].digits) >= 2 && len(gs[1].digits) <= 4:
			digits, gs = "0"+strings.TrimPrefix(digits[2:], "0"), gs[1:]
		}
	}
	if len(digits) == 12 && sizes == "12" && strings.HasPrefix(digits, "01") {
		digits, sizes = digits[1:], "11"
	}
	if w.hundred() {
		digits, sizes = w.fourOrEight()+digits, "10"
	}
	n, ok := number.Domestic(digits)
	if !ok {
		return false
	}
	switch n.Kind {
	case number.Mobile, number.Virtual, number.Satellite:
		ok = mobileSizes[sizes]
	case number.IoT:
		ok = len(digits) == 11 && mobileSizes[sizes]
	case number.Freephone:
		ok = tollfreeSizes[sizes]
	case number.Fixed:
		local := len(digits) - len(n.AreaCode)
		joined := len(gs) == 1
		split := len(gs) >= 2 && len(gs[0].digits) >= len(n.AreaCode)-1 && len(gs[0].digits) <= len(n.AreaCode) &&
			(len(gs) == 2 || len(gs) == 3 && len(gs[2].digits) == 4 && len(gs[1].digits) == local-4)
		ok = joined || split
	default:
		return false
	}
	if !ok || w.denied(w.start) {
		return false
	}
	start := w.start
	if w.hundred() {
		start -= 2
	}
	if n.Kind == number.Fixed && w.c(start-1) == '(' && strings.ContainsRune(string(w.r[start:w.end]), ')') {
		start--
	}
	return w.found(n, start)
}

func (w *writing) fourOrEight() string {
	if w.c(w.start-2) == '四' {
		return "400"
	}
	return "800"
}

// service judges short numbers and those of message senders, which look like
// anything else and so need words beside them.
func (w *writing) service() bool {
	if len(w.groups) != 1 || len(w.digits) > 20 {
		return false
	}
	n, ok := number.Domestic(w.digits)
	if !ok || w.denied(w.start) {
		return false
	}
	before, after := w.back(w.start, 12), w.front(w.end, 6)
	if unit := w.c(w.end); strings.ContainsRune("元块万亿个年月日号人次米%:.", unit) && unit != 0 && !(unit == '.' && !isDigit(w.c(w.end+1))) && unit != ':' {
		return false
	}
	caller := containsAny(w.back(w.start, 12), callerCues)
	switch n.Kind {
	case number.Emergency:
		ok = caller
	case number.Service:
		cued := caller || containsAny(before, numberCues) || containsAny(after, []string{"热线", "电话", "客服", "来电", "短信", "打来", "hotline"})
		ok = cued || number.Known(w.digits) && strings.HasPrefix(w.digits, "9") && !isHan(w.c(w.end)) && !isHan(w.c(w.start-1)) || w.digits == "96110"
	case number.Port:
		ok = caller || containsAny(before, numberCues) || containsAny(after, []string{"短信", "发来"})
	default:
		ok = false
	}
	return ok && w.found(n, w.start)
}

// found records a telephone number, with its extension where it has one.
func (w *writing) found(n number.Number, start int) bool {
	end, note := w.end, ""
	kind, r := Service, rankService
	switch n.Kind {
	case number.Mobile, number.Virtual, number.IoT, number.Satellite:
		kind, r = Mobile, rankMobile
	case number.Fixed:
		kind, r = Fixed, rankFixed
	case number.International:
		kind, r = International, rankMobile
	}
	if n.Kind == number.Fixed || n.Kind == number.Freephone {
		if e, ext := w.extension(end); ext != "" {
			end, note = e, "ext "+ext
		}
	}
	if isLetter(w.c(end)) {
		return false
	}
	w.add(r, kind, start, end, n.Value, note)
	return true
}

var extensionWords = []string{"转", "转接", "转分机", "分机", "分机号", "ext", "ext.", "ext:", "extension", "x", "-", "#"}

func (s *scan) extension(end int) (int, string) {
	i := s.spaces(end)
	if s.c(i) == ',' || s.c(i) == '(' {
		i = s.spaces(i + 1)
	}
	_, n := s.longest(i, extensionWords)
	if n == 0 {
		return end, ""
	}
	i = s.spaces(i + n)
	from := i
	var b strings.Builder
	for number.Digit(s.c(i)) >= 0 && i-from < 7 {
		b.WriteByte('0' + byte(number.Digit(s.c(i))))
		i++
	}
	if b.Len() == 0 || b.Len() > 6 || isLetter(s.c(i)) {
		return end, ""
	}
	if s.c(i) == ')' {
		i++
	}
	return i, b.String()
}
