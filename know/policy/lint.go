package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
)

// Finding is something in a pack that is likely wrong. A pack with a finding
// still runs.
type Finding struct {
	Rule    string         `json:"rule" enum:"gap,overlap,unreachable,dates,citation,unconfirmed,words,unused,unanswered"`
	At      string         `json:"at"`   // the file, with the line where there is one
	Name    string         `json:"name"` // the row, table, input or part
	Message Words          `json:"message"`
	Input   map[string]any `json:"input,omitempty"` // of a gap or an overlap: an input that shows it
}

// The rules of the lint.
const (
	lintGap         = "gap"         // an input for which a unique table has no row
	lintOverlap     = "overlap"     // an input for which it has two
	lintUnreachable = "unreachable" // a row of a first table that never applies
	lintDates       = "dates"       // dates out of order, or two values at one time
	lintCitation    = "citation"    // a row without source, article, phrase or status
	lintUnconfirmed = "unconfirmed" // a value marked U: it is shipped as unset
	lintWords       = "words"       // Chinese or English is missing
	lintUnused      = "unused"      // an input or parameter that nothing reads
	lintUnanswered  = "unanswered"  // a column or part that nothing gives
)

// Lint looks for gaps and overlaps in unique tables, rows that never apply,
// dates out of order, rows without a ground in law, missing words, and names
// that lead nowhere. The findings stand in the order of the pack; they are the
// same on every run.
func (p *Pack) Lint() []Finding {
	l := &linter{seen: map[string]bool{}}
	codes := make([]string, 0, len(p.programs))
	for code := range p.programs {
		codes = append(codes, code)
	}
	slices.SortFunc(codes, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	l.used(p)
	for _, code := range codes {
		l.program = p.programs[code]
		l.asked = l.program.asked()
		l.heads()
		l.rows()
		l.tables()
	}
	return l.out
}

type linter struct {
	program *program
	asked   map[string]bool // inputs of which has() asks whether they are given
	seen    map[string]bool
	out     []Finding
}

// asked finds the inputs of which has() asks whether they are given.
func (p *program) asked() map[string]bool {
	out := map[string]bool{}
	var walk func(e ast.Expr)
	walk = func(e ast.Expr) {
		if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == callGiven {
			if arg := e.AsCall().Args()[0]; arg.Kind() == ast.IdentKind {
				out[strings.TrimPrefix(arg.AsIdent(), ".")] = true
			}
		}
		for _, c := range children(e) {
			walk(c)
		}
	}
	for _, s := range p.sentences {
		walk(s.checked.ast.Expr())
	}
	return out
}

func (l *linter) find(rule string, line int, name, zh, en string) *Finding {
	key := rule + "\x00" + name + "\x00" + en
	if l.seen[key] { // in a wider place
		return &Finding{}
	}
	l.seen[key] = true
	l.out = append(l.out, Finding{Rule: rule, At: place(l.program.file, line), Name: name, Message: Words{zh, en}})
	return &l.out[len(l.out)-1]
}

// words wants both languages.
func (l *linter) words(name string, line int, w Words) {
	if w.ZH == "" || w.EN == "" {
		l.find(lintWords, line, name, "缺中文或英文", "Chinese or English is missing")
	}
}

// heads looks at what stands around the rows.
func (l *linter) heads() {
	d := l.program.doc
	l.words("title", 1, d.Title)
	l.words("summary", 1, d.Summary)
	l.span("effective", 1, d.Effective.From, d.Effective.Until)
	for _, s := range d.Sources {
		if p, e := s.Value.Published, s.Value.Effective; p != nil && e != nil && *e < *p {
			l.find(lintDates, s.Line, s.Name, "施行日早于公布日", "it takes effect before it is published")
		}
		if s.Value.Document == "" {
			l.find(lintCitation, s.Line, s.Name, "来源没有文件名", "a source names its document")
		}
	}
	for _, e := range d.Inputs {
		l.words(e.Name, e.Line, Words{e.Value.ZH, e.Value.EN})
		for _, o := range e.Value.Of {
			l.words(e.Name+"."+o.Name, o.Line, Words{o.Value.ZH, o.Value.EN})
			for _, v := range o.Value.Of {
				l.words(e.Name+"."+o.Name+"."+v.Name, v.Line, v.Value)
			}
		}
	}
	for _, e := range d.Tables {
		l.words(e.Name, e.Line, Words{e.Value.ZH, e.Value.EN})
		l.columns(e.Name, e.Value)
	}
	l.results()
	for _, e := range d.Parameters {
		l.parameter(e.Name, e.Line, e.Value)
	}
}

// columns wants words for what a table gives, and for each code that it gives:
// a column of codes is an enum.
func (l *linter) columns(name string, t table) {
	for i, c := range l.program.columnViews(name) {
		g := t.Gives[i]
		l.words(name+"."+c.Name, g.Line, c.Words)
		for _, v := range g.Value.Of {
			l.words(name+"."+c.Name+"."+v.Name, v.Line, v.Value)
		}
		if c.Type != "string" {
			continue
		}
		cells := slices.Clone(t.Otherwise)
		for _, r := range t.Rows {
			cells = append(cells, r.Then...)
		}
		for _, cell := range cells {
			if cell.Name == c.Name && !cell.Value.Null && isCode(cell.Value.Text) {
				l.wordless(name+"."+c.Name, cell.Value.Line, cell.Value.Text)
			}
		}
	}
}

// results wants words for each part of the result, and for the codes that it
// gives of its own.
func (l *linter) results() {
	for i, e := range l.program.doc.Result {
		l.words(e.Name, e.Line, Words{e.Value.ZH, e.Value.EN})
		if e.Value.Note != (Words{}) {
			l.words(e.Name, e.Line, e.Value.Note)
		}
		for _, v := range e.Value.Of {
			l.words(e.Name+"."+v.Name, v.Line, v.Value)
		}
		r := &l.program.results[i]
		if r.sentence == nil {
			continue
		}
		for _, text := range literalTexts(r.sentence.checked.ast.Expr()) {
			if isCode(text) && !slices.ContainsFunc(r.said.Of, func(v InputView) bool { return v.Name == text }) {
				l.wordless(e.Name, e.Line, text)
			}
		}
	}
}

func (l *linter) wordless(name string, line int, code string) {
	l.find(lintWords, line, name, "取值"+code+"没有中文和英文：写在 of 里", "the value "+code+" has no words: `of` says them")
}

// isCode reports whether a text is a name for machines.
func isCode(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && (s[0] < '0' || s[0] > '9')
}

func (l *linter) parameter(name string, line int, p param) {
	l.words(name, line, p.words())
	if p.Unset != nil {
		l.words(name, line, *p.Unset)
	}
	for i, v := range p.Values {
		l.ground(&v.cited, v.Line, true)
		l.span(v.ID, v.Line, v.From, v.Until)
		if v.Status == Unconfirmed {
			l.find(lintUnconfirmed, v.Line, v.ID, "未确认的数值不随包发布，应写为未定（unset）", "a value marked U is shipped as unset")
		}
		a, b := span(v.From, v.Until)
		for _, w := range p.Values[:i] {
			c, d := span(w.From, w.Until)
			if a < d && c < b && v.Ground != nil && w.Ground != nil && v.place == w.place {
				l.find(lintDates, v.Line, v.ID, "与"+w.ID+"同时有效", "it holds at the same time as "+w.ID)
			}
		}
	}
}

func (l *linter) span(name string, line int, from, until *yamlDay) {
	if from != nil && until != nil && *until <= *from {
		l.find(lintDates, line, name, "失效日不晚于生效日", "it ends before it begins")
	}
}

// ground wants what a citation is made of. An article is wanted where the text
// itself was read and has a number.
func (l *linter) ground(c *cited, line int, phrase bool) {
	wanted := []string{}
	if c.Ground == nil {
		wanted = append(wanted, "source")
	}
	if c.Status == "" {
		wanted = append(wanted, "status")
	}
	if phrase && c.Phrase == "" {
		wanted = append(wanted, "phrase")
	}
	if phrase && c.Article == "" && c.Status == Confirmed && c.Ground != nil && c.Ground.Number != "" {
		wanted = append(wanted, "article")
	}
	if len(wanted) > 0 {
		names := strings.Join(wanted, ", ")
		l.find(lintCitation, line, c.ID, "缺"+names, "it has no "+names)
	}
}

func (l *linter) rows() {
	d := l.program.doc
	for _, t := range d.Tables {
		for _, r := range t.Value.Rows {
			l.ground(&r.cited, r.Line, true)
			l.span(r.ID, r.Line, r.From, r.Until)
			if r.Open != nil {
				l.words(r.ID, r.Line, *r.Open)
			} else {
				l.words(r.ID, r.Line, r.words())
			}
		}
	}
	for _, o := range d.Obligations {
		l.ground(&o.cited, o.Line, true)
		l.words(o.ID, o.Line, o.words())
		if o.Clock != (Words{}) {
			l.words(o.ID, o.Line, o.Clock)
		}
		l.span(o.ID, o.Line, o.Effective.From, o.Effective.Until)
	}
	for _, s := range d.Silences {
		l.ground(&s.cited, s.Line, false)
		l.words(s.ID, s.Line, s.words())
	}
}

// used looks for names that nothing reads, in any place, and columns that
// nothing gives.
func (l *linter) used(p *Pack) {
	read := map[string]bool{p.base.Date: true}
	given := map[int]bool{} // columns, by slot: the same in all places
	var widest *program
	for _, program := range p.programs {
		if widest == nil || len(program.file) < len(widest.file) || len(program.file) == len(widest.file) && program.file < widest.file {
			widest = program
		}
		for _, s := range program.sentences {
			var walk func(e ast.Expr)
			walk = func(e ast.Expr) {
				if e.Kind() == ast.IdentKind {
					read[strings.TrimPrefix(e.AsIdent(), ".")] = true
				}
				for _, c := range children(e) {
					walk(c)
				}
			}
			walk(s.checked.ast.Expr())
		}
		for i := range program.tables {
			t := &program.tables[i]
			for c := range t.columns {
				for _, r := range t.rows {
					given[t.slot+c] = given[t.slot+c] || r.then[c] != nil || r.open
				}
				given[t.slot+c] = given[t.slot+c] || t.otherwise != nil && t.otherwise[c] != nil || t.hit == hitCollect
			}
		}
	}
	l.program = widest
	for _, e := range p.base.Inputs {
		if !read[e.Name] {
			l.find(lintUnused, e.Line, e.Name, "没有一行用到这个输入", "nothing reads this input")
		}
	}
	for _, e := range p.base.Parameters {
		if !read[e.Name] {
			l.find(lintUnused, e.Line, e.Name, "没有一行用到这个参数", "nothing reads this parameter")
		}
	}
	for i := range widest.tables {
		t := &widest.tables[i]
		for c, col := range t.columns {
			if !given[t.slot+c] {
				l.find(lintUnanswered, p.base.Tables[i].Line, t.name+"."+col.name, "没有一行给出这一列", "no row gives this column")
			}
		}
	}
}

// tables looks at what rows do together.
func (l *linter) tables() {
	for i := range l.program.tables {
		t := &l.program.tables[i]
		for j, r := range t.rows {
			own := r.spec.place == l.program.place // where a place has its own rules, a wider row may well be left without a use
			switch {
			case t.hit == hitFirst && own && !l.everApplies(t.rows[:j], r):
				l.find(lintUnreachable, r.spec.Line, r.spec.ID, "这一行永远不会适用：条件不可能成立，或者前面的行总是先适用", "this row never applies: its condition cannot hold, or a row before it always applies first")
			case t.hit == hitUnique:
				for _, other := range t.rows[:j] {
					l.overlap(t, other, r)
				}
			}
		}
		if t.hit == hitUnique && t.otherwise == nil {
			l.gap(t)
		}
	}
}

// lintBudget bounds the evaluations for one question of the lint. A question
// that it does not settle is no finding.
const lintBudget = 20_000

// on are the days on which a row may be in force with another set of rows
// around it.
func (l *linter) on(rows ...*rowCode) []int64 {
	from, until := span(l.program.doc.Effective.From, l.program.doc.Effective.Until)
	days := map[int64]bool{}
	for _, r := range rows {
		for _, day := range []int64{r.from, r.until} {
			if day != always && day != forever && day >= from && day < until {
				days[day] = true
			}
		}
	}
	if from != always {
		days[from] = true
	} else {
		days[dayOf(2024, 12, 1)] = true // a draft that was never in force
	}
	out := make([]int64, 0, len(days))
	for d := range days {
		out = append(out, d)
	}
	slices.Sort(out)
	return out
}

// everApplies is whether some input makes a row of a first table apply.
func (l *linter) everApplies(before []*rowCode, r *rowCode) bool {
	for _, day := range l.on(append(slices.Clone(before), r)...) {
		if day < r.from || day >= r.until {
			continue
		}
		_, found, sure := l.search(day, func(f *frame) truth {
			v := r.when(f)
			for _, b := range before {
				if v == isNot {
					return isNot
				}
				if day < b.from || day >= b.until || b.unconfirmed {
					continue
				}
				v = bothOf(v, b.when(f).not())
			}
			return v
		})
		if found || !sure {
			return true
		}
	}
	return false
}

func bothOf(a, b truth) truth {
	switch {
	case a == isNot || b == isNot:
		return isNot
	case a == unclear || b == unclear:
		return unclear
	}
	return is
}

func (l *linter) overlap(t *tableCode, a, b *rowCode) {
	for _, day := range l.on(a, b) {
		if day < max(a.from, b.from) || day >= min(a.until, b.until) {
			continue
		}
		input, found, _ := l.search(day, func(f *frame) truth { return bothOf(a.when(f), b.when(f)) })
		if found {
			l.find(lintOverlap, b.spec.Line, b.spec.ID, fmt.Sprintf("与%s可以同时成立（表%s最多一行）", a.spec.ID, t.name),
				fmt.Sprintf("it can hold together with %s (at most one row of %s may)", a.spec.ID, t.name)).Input = input
			return
		}
	}
}

func (l *linter) gap(t *tableCode) {
	for _, day := range l.on(t.rows...) {
		input, found, _ := l.search(day, func(f *frame) truth {
			v := is
			for _, r := range t.rows {
				if day >= r.from && day < r.until && v != isNot {
					v = bothOf(v, r.when(f).not())
				}
			}
			return v
		})
		if found {
			line := 0
			for _, e := range l.program.doc.Tables {
				if e.Name == t.name {
					line = e.Line
				}
			}
			l.find(lintGap, line, t.name, "存在没有一行成立的情形，又没有写明 otherwise", "there are facts for which no row holds, and no otherwise").Input = input
			return
		}
	}
}

// search looks for facts under which a goal holds on a day. sure is whether
// there are none when none was found.
func (l *linter) search(day int64, goal func(f *frame) truth) (input map[string]any, found, sure bool) {
	f := newFrame(l.program)
	f.clear()
	f.at, f.free = day, true
	f.dated()
	left, rough := lintBudget, false
	var try func() bool
	try = func() bool {
		left--
		f.acc = nameSet{}
		v := goal(f)
		if v != unclear {
			return v == is
		}
		next := f.next(&f.acc)
		if next < 0 || left < 0 {
			rough = true
			return false
		}
		values, whole := f.domain(next)
		if u := f.nameOf(next); l.asked[u.name] {
			values = append(values, value{kind: null, assumed: true}) // not given
		}
		rough = rough || !whole
		for _, v := range values {
			undo := f.assume(next, v)
			if try() {
				return true // and leave the assumptions for the witness
			}
			undo()
		}
		return false
	}
	if try() {
		return f.assumed(), true, true
	}
	return nil, false, !rough
}

// assumed is the input that the frame holds.
func (f *frame) assumed() map[string]any {
	out := map[string]any{}
	for i := range f.program.inputs {
		in := &f.program.inputs[i]
		v := f.vals[i]
		if v.kind <= null {
			continue
		}
		at := out
		parts := strings.Split(in.path, ".")
		for _, p := range parts[:len(parts)-1] {
			next, ok := at[p].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[p] = next
			}
			at = next
		}
		t := in.typ
		at[parts[len(parts)-1]] = f.plain(v, t)
	}
	return out
}
