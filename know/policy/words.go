package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
)

// A condition in words says what CEL says with the names that the pack's
// authors gave to inputs and values, so that a lawyer reads a row without
// knowing CEL. It is for reading only: what is evaluated is the CEL itself.

// phrase is a condition in words, and how tightly it binds.
type phrase struct {
	Words
	level int // 0 or, 1 and, 2 comparison, 3 a name or value
}

const (
	levelOr = iota
	levelAnd
	levelCompare
	levelName
)

// inside is p in brackets where it binds less tightly than what stands around
// it.
func (p phrase) inside(level int) Words {
	if p.level >= level {
		return p.Words
	}
	return Words{"（" + p.ZH + "）", "(" + p.EN + ")"}
}

type wording struct {
	program *program
	labels  map[string]input // what loop variables name
	deep    int              // derived values inside derived values
}

func (p *program) inWords(e ast.Expr) Words {
	return (&wording{program: p, labels: map[string]input{}}).say(e).Words
}

var comparisons = map[string]Words{
	operators.Equals: {"为", "is"}, operators.NotEquals: {"不为", "is not"},
	operators.Less: {"小于", "<"}, operators.LessEquals: {"不超过", "≤"}, operators.Greater: {"大于", ">"}, operators.GreaterEquals: {"不少于", "≥"},
}

// dated compares moments: a date is before another, not smaller.
var datedComparisons = map[string]Words{
	operators.Less: {"早于", "before"}, operators.LessEquals: {"不晚于", "not after"}, operators.Greater: {"晚于", "after"}, operators.GreaterEquals: {"不早于", "not before"},
}

var signs = map[string]string{
	operators.Add: "+", operators.Subtract: "−", operators.Multiply: "×", operators.Divide: "÷", operators.Modulo: "mod",
}

var moves = map[string]Words{
	"days": {"日", "days"}, "months": {"个月", "months"}, "years": {"年", "years"}, "workdays": {"个工作日", "working days"}, "hours": {"小时", "hours"}, "minutes": {"分钟", "minutes"},
}

func (w *wording) say(e ast.Expr) phrase {
	switch e.Kind() {
	case ast.LiteralKind:
		switch v := e.AsLiteral().(type) {
		case types.Bool:
			if v {
				return phrase{Words{"一律", "always"}, levelName}
			}
			return phrase{Words{"从不", "never"}, levelName}
		case types.Int:
			s := strconv.FormatInt(int64(v), 10)
			return phrase{Words{s, s}, levelName}
		case types.String:
			return phrase{Words{"“" + string(v) + "”", strconv.Quote(string(v))}, levelName}
		}
	case ast.IdentKind:
		if said, ok := w.derived(strings.TrimPrefix(e.AsIdent(), ".")); ok {
			return said
		}
		return phrase{w.name(e), levelName}
	case ast.SelectKind:
		return phrase{w.name(e), levelName}
	case ast.ListKind:
		return phrase{w.items(e, nil), levelName}
	case ast.CallKind:
		return w.call(e.AsCall())
	case ast.ComprehensionKind:
		return w.loop(e.AsComprehension())
	}
	return phrase{Words{"…", "…"}, levelName}
}

// derived says a derived value that has no words of its own by what it is.
func (w *wording) derived(name string) (phrase, bool) {
	d, ok := w.program.doc.Derived.find(name)
	if !ok || d.ZH != "" || w.deep > 2 {
		return phrase{}, false
	}
	at := slices.IndexFunc(w.program.sentences, func(s *sentence) bool { return s.where == "derived "+name })
	if at < 0 {
		return phrase{}, false
	}
	w.deep++
	said := w.say(w.program.sentences[at].checked.ast.Expr())
	w.deep--
	return said, len([]rune(said.ZH)) <= longestInline
}

// longestInline bounds what stands in place of a derived name, in characters:
// beyond it the name is easier to read.
const longestInline = 80

// spec is what the pack says of the input, parameter or derived value that an
// expression names.
func (w *wording) spec(e ast.Expr) (input, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		n := strings.TrimPrefix(e.AsIdent(), ".")
		if in, ok := w.labels[n]; ok {
			return in, true
		}
		if in, ok := w.program.doc.Inputs.find(n); ok {
			return in, true
		}
		if p, ok := w.program.doc.Parameters.find(n); ok {
			return input{Type: p.Type, ZH: p.ZH, EN: p.EN}, true
		}
		if d, ok := w.program.doc.Derived.find(n); ok {
			return input{Type: d.Type, ZH: d.ZH, EN: d.EN}, true
		}
		for _, t := range w.program.doc.Tables {
			if n == t.Name {
				return w.rows(t.Name, t.Value), true
			}
			if column, ok := strings.CutPrefix(n, t.Name+"."); ok && t.Value.ZH != "" {
				return w.column(t.Name, t.Value, column), true
			}
		}
	case ast.SelectKind:
		if of, ok := w.spec(e.AsSelect().Operand()); ok {
			if f, ok := of.Of.find(e.AsSelect().FieldName()); ok {
				in := input{Type: f.Type, ZH: f.ZH, EN: f.EN}
				for _, o := range f.Of {
					in.Of = append(in.Of, entry[part]{Name: o.Name, Value: part{ZH: o.Value.ZH, EN: o.Value.EN}})
				}
				return in, true
			}
		}
	}
	return input{}, false
}

// rows are those of a table that collects, whose elements have its columns.
func (w *wording) rows(name string, t table) input {
	in := input{Type: "list", ZH: t.ZH, EN: t.EN}
	for _, c := range w.program.columnViews(name) {
		field := part{Type: c.Type, ZH: c.Words.ZH, EN: c.Words.EN}
		for _, v := range c.Of {
			field.Of = append(field.Of, entry[Words]{Name: v.Name, Value: v.Words})
		}
		in.Of = append(in.Of, entry[part]{Name: c.Name, Value: field})
	}
	return in
}

// column is what a table decides; where it decides one thing, the table's name
// says it.
func (w *wording) column(name string, t table, column string) input {
	in := input{ZH: t.ZH, EN: t.EN}
	for _, c := range w.program.columnViews(name) {
		if c.Name != column {
			continue
		}
		in.Type = c.Type
		for _, v := range c.Of {
			in.Of = append(in.Of, entry[part]{Name: v.Name, Value: part{ZH: v.Words.ZH, EN: v.Words.EN}})
		}
		if len(t.Gives) > 1 {
			in.ZH, in.EN = t.ZH+"·"+cmp.Or(c.Words.ZH, column), t.EN+": "+cmp.Or(c.Words.EN, column)
		}
	}
	return in
}

func (w *wording) name(e ast.Expr) Words {
	if in, ok := w.spec(e); ok && in.ZH != "" {
		return Words{short(in.ZH, "（", "；"), short(in.EN, " (", "; ")}
	}
	n := ""
	switch e.Kind() {
	case ast.IdentKind:
		n = strings.TrimPrefix(e.AsIdent(), ".")
	case ast.SelectKind:
		n = e.AsSelect().FieldName()
	}
	return Words{n, n}
}

// short is the name itself without what its authors explain behind it.
func short(s string, ends ...string) string {
	for _, end := range ends {
		if name, _, cut := strings.Cut(s, end); cut && name != "" {
			s = name
		}
	}
	return s
}

// value is one side of a comparison; a value of an enum has its own words.
func (w *wording) value(e, other ast.Expr) Words {
	if e.Kind() == ast.LiteralKind {
		if s, ok := e.AsLiteral().(types.String); ok {
			if in, ok := w.spec(other); ok {
				if o, ok := in.Of.find(string(s)); ok && o.ZH != "" {
					return Words{"“" + o.ZH + "”", "“" + o.EN + "”"}
				}
			}
		}
		if b, ok := e.AsLiteral().(types.Bool); ok {
			if b {
				return Words{"是", "yes"}
			}
			return Words{"否", "no"}
		}
	}
	return w.say(e).inside(levelName)
}

func (w *wording) items(e, other ast.Expr) Words {
	zh, en := []string{}, []string{}
	for _, item := range e.AsList().Elements() {
		said := w.say(item).Words
		if other != nil {
			said = w.value(item, other)
		}
		zh, en = append(zh, said.ZH), append(en, said.EN)
	}
	return Words{strings.Join(zh, "、"), strings.Join(en, ", ")}
}

func (w *wording) moment(e ast.Expr) bool {
	if in, ok := w.spec(e); ok {
		return in.Type == "date" || in.Type == "instant"
	}
	if e.Kind() != ast.CallKind {
		return false
	}
	name := e.AsCall().FunctionName()
	_, moved := moves[name]
	return name == "date" || moved
}

func (w *wording) call(c ast.CallExpr) phrase {
	args := c.Args()
	if c.IsMemberFunction() {
		args = append([]ast.Expr{c.Target()}, args...)
	}
	both := func(level int, zh, en string) phrase {
		a, b := w.say(args[0]).inside(level), w.say(args[1]).inside(level)
		return phrase{Words{a.ZH + zh + b.ZH, a.EN + en + b.EN}, level}
	}
	name := c.FunctionName()
	switch name {
	case operators.LogicalAnd:
		return both(levelAnd, "，且", " and ")
	case operators.LogicalOr:
		return both(levelOr, "，或者", " or ")
	case operators.LogicalNot:
		a := w.say(args[0]).inside(levelName)
		return phrase{Words{"非" + bracketed(a.ZH, "“", "”"), "not " + a.EN}, levelCompare}
	case operators.Conditional:
		a, b, d := w.say(args[0]).inside(levelCompare), w.say(args[1]).inside(levelName), w.say(args[2]).inside(levelName)
		return phrase{Words{"若" + a.ZH + "则" + b.ZH + "，否则" + d.ZH, "if " + a.EN + " then " + b.EN + ", else " + d.EN}, levelOr}
	case operators.In:
		a := w.say(args[0]).inside(levelName)
		b := w.say(args[1]).inside(levelName)
		if args[1].Kind() == ast.ListKind {
			b = w.items(args[1], args[0])
			if len(args[1].AsList().Elements()) == 1 {
				return phrase{Words{a.ZH + "为" + b.ZH, a.EN + " is " + b.EN}, levelCompare}
			}
			return phrase{Words{a.ZH + "为" + b.ZH + "之一", a.EN + " is one of " + b.EN}, levelCompare}
		}
		return phrase{Words{a.ZH + "属于" + b.ZH, a.EN + " is among " + b.EN}, levelCompare}
	case callGiven:
		a := w.say(args[0]).Words
		return phrase{Words{"已知" + bracketed(a.ZH, "“", "”"), bracketed(a.EN, "“", "”") + " is given"}, levelCompare}
	case operators.Negate:
		a := w.say(args[0]).inside(levelName)
		return phrase{Words{"−" + a.ZH, "−" + a.EN}, levelName}
	case "date":
		if args[0].Kind() == ast.LiteralKind {
			if s, ok := args[0].AsLiteral().(types.String); ok {
				return phrase{Words{string(s), string(s)}, levelName}
			}
		}
		return w.say(args[0])
	case "size", "sum":
		a := w.say(args[0]).inside(levelName)
		if name == "sum" {
			return phrase{Words{a.ZH + "之和", "the sum of " + a.EN}, levelName}
		}
		return phrase{Words{a.ZH + "的数量", "the number of " + a.EN}, levelName}
	case "earlier", "later":
		a, b := w.say(args[0]).Words, w.say(args[1]).Words
		which := map[string]Words{"earlier": {"较早（小）者", "the earlier"}, "later": {"较晚（大）者", "the later"}}[name]
		return phrase{Words{a.ZH + "与" + b.ZH + "之" + which.ZH, which.EN + " of " + a.EN + " and " + b.EN}, levelName}
	case "startsWith", "endsWith", "contains":
		a, b := w.say(args[0]).inside(levelName), w.say(args[1]).inside(levelName)
		how := map[string]Words{"startsWith": {"开头为", "begins with"}, "endsWith": {"末尾为", "ends with"}, "contains": {"含", "contains"}}[name]
		return phrase{Words{a.ZH + how.ZH + b.ZH, a.EN + " " + how.EN + " " + b.EN}, levelCompare}
	}
	if op, ok := comparisons[name]; ok {
		if d, ok := datedComparisons[name]; ok && (w.moment(args[0]) || w.moment(args[1])) {
			op = d
		}
		a, b := w.value(args[0], args[1]), w.value(args[1], args[0])
		return phrase{Words{a.ZH + op.ZH + b.ZH, a.EN + " " + op.EN + " " + b.EN}, levelCompare}
	}
	if op, ok := signs[name]; ok {
		a, b := w.say(args[0]).inside(levelName), w.say(args[1]).inside(levelName)
		return phrase{Words{a.ZH + " " + op + " " + b.ZH, a.EN + " " + op + " " + b.EN}, levelCompare}
	}
	if unit, ok := moves[name]; ok {
		a, b := w.say(args[0]).inside(levelName), w.say(args[1]).inside(levelName)
		return phrase{Words{a.ZH + "后" + b.ZH + unit.ZH, b.EN + " " + unit.EN + " after " + a.EN}, levelName}
	}
	return phrase{Words{name, name}, levelName}
}

func (w *wording) loop(c ast.ComprehensionExpr) phrase {
	over := w.say(c.IterRange()).inside(levelName)
	was, had := w.labels[c.IterVar()], false
	if of, ok := w.spec(c.IterRange()); ok {
		_, had = w.labels[c.IterVar()]
		w.labels[c.IterVar()] = input{ZH: "其", EN: "it", Of: of.Of}
	}
	args := c.LoopStep().AsCall().Args()
	body := args[1]
	if c.AccuVar() == loopFilter {
		body = args[0]
	}
	b := w.say(body).Words
	if had {
		w.labels[c.IterVar()] = was
	} else {
		delete(w.labels, c.IterVar())
	}
	forms := map[string]Words{
		loopExists: {"%s中有任一项：%s", "any of %s has: %s"}, loopAll: {"%s中每一项都：%s", "every one of %s has: %s"},
		loopFilter: {"%s中符合“%s”的各项", "those of %s with %s"}, loopMap: {"%s各项的%s", "of each of %s: %s"}, loopSum: {"%s各项的%s之和", "summed over %s: %s"},
	}
	form := forms[c.AccuVar()]
	return phrase{Words{fmt.Sprintf(form.ZH, over.ZH, b.ZH), fmt.Sprintf(form.EN, over.EN, b.EN)}, levelOr}
}

// bracketed puts what is longer than a name between marks.
func bracketed(s, open, shut string) string {
	if strings.HasPrefix(s, "（") || strings.HasPrefix(s, open) {
		return s
	}
	return open + s + shut
}
