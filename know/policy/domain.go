package policy

import (
	"cmp"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// The search for what is missing tries values. Between two constants that a
// name is compared with nothing changes, so it is enough to try each constant
// and its neighbours: a finite domain stands for all integers and dates. Where
// more than shifts and one sum stands between a name and what it is compared
// with, the values are good guesses and prove nothing; the footprint is rough.

// footprint is what a name is compared with, anywhere in the pack.
type footprint struct {
	numbers []value // integers, dates, instants
	texts   []string
	shifts  []shift
	rivals  []int // other inputs and parameters
	sums    int   // additions and subtractions that stand between them
	rough   bool
}

// shift is days(x, 30) and its like.
type shift struct {
	unit string
	n    int64
	slot int // of the input or parameter that says how many; -1 is n
}

func (p *footprint) join(o *footprint) {
	p.numbers, p.texts, p.shifts, p.rivals = append(p.numbers, o.numbers...), append(p.texts, o.texts...), append(p.shifts, o.shifts...), append(p.rivals, o.rivals...)
	p.sums, p.rough = max(p.sums, o.sums), p.rough || o.rough
}

func (p *footprint) compact() {
	slices.SortFunc(p.numbers, compareValues)
	p.numbers = slices.CompactFunc(p.numbers, value.same)
	slices.Sort(p.texts)
	p.texts = slices.Compact(p.texts)
	slices.SortFunc(p.shifts, func(a, b shift) int {
		if c := strings.Compare(a.unit, b.unit); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.n, b.n), cmp.Compare(a.slot, b.slot))
	})
	p.shifts = slices.Compact(p.shifts)
	slices.Sort(p.rivals)
	p.rivals = slices.Compact(p.rivals)
}

func compareValues(a, b value) int {
	switch {
	case a.kind != b.kind:
		return int(a.kind) - int(b.kind)
	case a.n < b.n:
		return -1
	case a.n > b.n:
		return 1
	}
	return strings.Compare(a.s, b.s)
}

// footprints finds the footprint of every input and parameter, by slot.
func (p *program) footprints() []footprint {
	p.once.Do(func() {
		w := &walker{program: p, sources: make([]*footprint, p.slots)}
		p.prints = make([]footprint, p.computed)
		for _, s := range p.sentences {
			w.over = loopLists(s.checked.ast.Expr())
			w.comparisons(s.checked.ast, s.checked.ast.Expr())
		}
		for i := range p.prints {
			p.prints[i].compact()
		}
	})
	return p.prints
}

// walker walks through checked expressions.
type walker struct {
	program *program
	sources []*footprint          // by slot: what goes into a computed name
	over    map[string][]ast.Expr // the lists that loop variables of a name go over
	shifted int                   // shifts around the place that is walked through
}

// comparisons finds every comparison under e.
func (w *walker) comparisons(tree *ast.AST, e ast.Expr) {
	if e.Kind() == ast.CallKind {
		switch e.AsCall().FunctionName() {
		case operators.Equals, operators.NotEquals, operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals, operators.In,
			"startsWith", "endsWith", "contains", "sum":
			found := &footprint{}
			w.gather(tree, e, found)
			for _, slot := range found.rivals {
				w.program.prints[slot].join(found)
			}
		}
	}
	for _, c := range children(e) {
		w.comparisons(tree, c)
	}
}

// gather adds all that stands under e, and behind the names in it.
func (w *walker) gather(tree *ast.AST, e ast.Expr, to *footprint) {
	c := &compiler{scope: w.program.scope, tree: tree}
	if v, ok := c.constant(e); ok {
		to.add(v)
		return
	}
	switch e.Kind() {
	case ast.IdentKind:
		if lists, ok := w.over[e.AsIdent()]; ok {
			w.over[e.AsIdent()] = nil // such a list may have a loop with a variable of this name in it
			for _, l := range lists {
				w.gather(tree, l, to)
			}
			w.over[e.AsIdent()] = lists
		} else if n, ok := w.program.scope.names[strings.TrimPrefix(e.AsIdent(), ".")]; ok {
			w.behind(n.slot, to)
		}
	case ast.CallKind:
		switch name := e.AsCall().FunctionName(); name {
		case "days", "months", "years", "workdays", "hours", "minutes":
			w.shifts(tree, name, e.AsCall().Args()[1], to)
			w.shifted++
			w.gather(tree, e.AsCall().Args()[0], to)
			w.shifted--
			return
		case operators.Add, operators.Subtract:
			to.sums++
			to.rough = to.rough || to.sums > 1
		case operators.Multiply, operators.Divide, operators.Modulo, operators.Negate, "sum", "size", "startsWith", "endsWith", "contains":
			to.sums++
			to.rough = true
		}
	case ast.ComprehensionKind:
		if e.AsComprehension().AccuVar() == loopSum {
			to.sums++
			to.rough = true
		}
	}
	for _, child := range children(e) {
		w.gather(tree, child, to)
	}
}

// shifts adds by how much a date is moved: the numbers that by may stand for.
// Where they are not all known beforehand, or one shift stands in another, the
// footprint is rough.
func (w *walker) shifts(tree *ast.AST, unit string, by ast.Expr, to *footprint) {
	amount := &footprint{}
	w.gather(tree, by, amount)
	for _, v := range amount.numbers {
		if v.kind == integer {
			to.shifts = append(to.shifts, shift{unit, v.n, -1})
		}
	}
	settled := len(to.shifts) > 0
	for _, slot := range amount.rivals {
		to.shifts = append(to.shifts, shift{unit, 0, slot})
		at := slot - len(w.program.inputs)
		settled = settled && (at < 0 && w.program.inputs[slot].typ.kind != integer || at >= 0 && len(w.program.params[at].values) > 0)
	}
	to.rivals = append(to.rivals, amount.rivals...)
	to.rough = to.rough || amount.rough || !settled || amount.sums > 0 || unit == "workdays" || w.shifted > 0
}

func (p *footprint) add(v value) {
	switch v.kind {
	case text:
		p.texts = append(p.texts, v.s)
	case integer, date, instant:
		p.numbers = append(p.numbers, v)
	}
}

// behind adds what goes into a name.
func (w *walker) behind(slot int, to *footprint) {
	p := w.program
	if slot < p.computed {
		to.rivals = append(to.rivals, slot)
		if at := slot - len(p.inputs); at >= 0 {
			for _, v := range p.params[at].values {
				to.add(v.value)
			}
		}
		return
	}
	if w.sources[slot] == nil {
		found := &footprint{}
		w.sources[slot] = found // a name stands only on those before it
		over, shifted := w.over, w.shifted
		w.shifted = 0
		for _, s := range p.behind[slot-p.computed] {
			one := &footprint{} // of several rows one applies: their sums do not add up
			w.over = loopLists(s.ast.Expr())
			w.gather(s.ast, s.ast.Expr(), one)
			found.join(one)
		}
		w.over, w.shifted = over, shifted
		for _, v := range p.literals[slot-p.computed] {
			found.add(v)
		}
		found.compact()
	}
	if w.shifted > 0 && len(w.sources[slot].shifts) > 0 {
		to.rough = true
	}
	sums := to.sums + w.sources[slot].sums
	to.join(w.sources[slot])
	to.sums, to.rough = sums, to.rough || sums > 1
}

// loopLists finds what the variables of an expression's loops go over.
func loopLists(e ast.Expr) map[string][]ast.Expr {
	out := map[string][]ast.Expr{}
	var walk func(e ast.Expr)
	walk = func(e ast.Expr) {
		if e.Kind() == ast.ComprehensionKind {
			l := e.AsComprehension()
			out[l.IterVar()] = append(out[l.IterVar()], l.IterRange())
			out[l.AccuVar()] = nil
		}
		for _, c := range children(e) {
			walk(c)
		}
	}
	walk(e)
	return out
}

func children(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() {
			return append([]ast.Expr{c.Target()}, c.Args()...)
		}
		return c.Args()
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.ListKind:
		return e.AsList().Elements()
	case ast.ComprehensionKind:
		return []ast.Expr{e.AsComprehension().IterRange(), e.AsComprehension().LoopStep()}
	}
	return nil
}

// maxDomain bounds the values that are tried for one name, and maxLists those
// for a list. Beyond it the search no longer claims to have tried all.
const (
	maxDomain = 256
	maxLists  = 96
)

// smallRange is a range of integers of which all are tried.
const smallRange = 16

// domain lists the values to try for one name in the frame's present state;
// whole is whether they stand for all values.
func (f *frame) domain(n int) (values []value, whole bool) {
	p := f.program
	switch u := f.nameOf(n); {
	case n >= len(p.names):
		e := f.extra[n-len(p.names)]
		in := &p.inputs[e.input]
		values, whole = f.valuesOf(in.typ.fields[e.field].typ, in.of[e.field], e.input)
	case u.row != nil:
		for i := range len(u.row.alternatives) + 1 {
			values = append(values, intOf(int64(i+1)))
		}
		if u.row.unconfirmed && !u.row.open {
			values = append(values, intOf(2))
		}
		return values, true
	case u.slot < len(p.inputs):
		in := &p.inputs[u.slot]
		if in.typ.kind == list {
			return f.lists(u.slot)
		}
		values, whole = f.valuesOf(in.typ, bounds{in.min, in.max}, u.slot)
	default:
		values, whole = f.valuesOf(p.params[u.slot-len(p.inputs)].typ, bounds{-maxInt, maxInt}, u.slot)
	}
	for i := range values {
		values[i].assumed = true
	}
	return values, whole
}

func (f *frame) valuesOf(t typ, within bounds, slot int) ([]value, bool) {
	print := &f.program.footprints()[slot]
	switch t.kind {
	case boolean:
		return []value{no, yes}, true
	case text:
		out := []value{}
		if t.options != nil {
			for _, o := range t.options {
				out = append(out, textOf(o))
			}
			return out, true
		}
		texts := slices.Clone(print.texts)
		for _, r := range print.rivals {
			if v := f.vals[r]; v.kind == text {
				texts = append(texts, v.s)
			}
			if r < len(f.program.inputs) {
				texts = append(texts, f.program.inputs[r].typ.options...)
			}
		}
		slices.Sort(texts)
		for _, s := range slices.Compact(texts) {
			out = append(out, textOf(s))
		}
		return append(out, textOf("\x00")), !print.rough // any other text
	}
	if t.kind == integer && within.max-within.min < smallRange {
		out := []value{}
		for n := within.min; n <= within.max; n++ {
			out = append(out, intOf(n))
		}
		return out, true
	}
	marks := f.marks(t.kind, print)
	around := map[int64]bool{}
	for _, m := range marks {
		for d := int64(-1); d <= 1; d++ {
			if n := m + d; n >= within.min && n <= within.max || t.kind != integer {
				around[n] = true
			}
		}
	}
	if t.kind == integer {
		for _, n := range []int64{0, 1, within.min, min(within.min+1, within.max)} {
			if n >= within.min && n <= within.max && (len(around) < 2 || n != -maxInt) {
				around[n] = true
			}
		}
	}
	numbers := make([]int64, 0, len(around))
	for n := range around {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	whole := !print.rough && len(numbers) <= maxDomain
	if len(numbers) > maxDomain {
		numbers = numbers[:maxDomain]
	}
	out := make([]value, len(numbers))
	for i, n := range numbers {
		out[i] = value{kind: t.kind, n: n}
	}
	return out, whole
}

// marks lists the numbers at which something may change.
func (f *frame) marks(k kind, print *footprint) []int64 {
	var out []int64
	add := func(v value) {
		switch {
		case v.kind == k:
			out = append(out, v.n)
		case k == date && v.kind == instant:
			out = append(out, f.civil(v).n)
		case k == instant && v.kind == date:
			out = append(out, f.midnight(v.n), f.midnight(v.n+1))
		}
	}
	for _, v := range print.numbers {
		add(v)
	}
	for _, r := range print.rivals {
		if v := f.vals[r]; v.kind != list {
			add(v)
			continue
		}
		for _, o := range *f.vals[r].l {
			for _, v := range *o.l {
				add(v)
			}
		}
	}
	if k != integer && len(out) == 0 {
		add(dateOf(f.at))
	}
	base := slices.Clone(out)
	for _, s := range print.shifts {
		amount := s.n
		if s.slot >= 0 {
			amount = f.vals[s.slot].n // 0 while it is unknown
		}
		for _, m := range base {
			for _, n := range []int64{amount, -amount} {
				v := strict[s.unit].two(f, value{kind: k, n: m}, intOf(n))
				if v.kind <= null {
					continue
				}
				add(v)
				if v.kind == date && (s.unit == "months" || s.unit == "years") { // where months clip, the change lies up to three days off
					add(dateOf(v.n - 3))
					add(dateOf(v.n + 3))
				}
			}
		}
	}
	if print.sums > 0 && k == integer && len(base) <= 8 {
		for _, a := range base {
			for _, b := range base {
				out = append(out, a-b, a+b)
			}
		}
	}
	return out
}

// midnight is the instant at which a day begins.
func (f *frame) midnight(day int64) int64 {
	at := day * daySeconds * secondMicros
	for range 2 { // the zone's offset may change in between
		t := timeOf(at).In(f.zone)
		_, offset := t.Zone()
		at = (day*daySeconds - int64(offset)) * secondMicros
	}
	return at
}

// lists are the lists to try for an input that is one: none, each sort of
// element once and three times, and some in twos. They never stand for all.
func (f *frame) lists(slot int) (values []value, whole bool) {
	in := &f.program.inputs[slot]
	elements := [][]value{{}}
	for i, fd := range in.typ.fields {
		of, _ := f.valuesOf(fd.typ, in.of[i], slot)
		if len(elements)*len(of) > maxLists/2 { // vary the fields one at a time
			base := len(elements)
			for _, v := range of[1:] {
				elements = append(elements, append(slices.Clone(elements[0]), v))
			}
			for j := range base {
				elements[j] = append(elements[j], of[0])
			}
			continue
		}
		next := [][]value{}
		for _, e := range elements {
			for _, v := range of {
				next = append(next, append(slices.Clone(e), v))
			}
		}
		elements = next
	}
	objects := make([]value, len(elements))
	for i := range elements {
		objects[i] = value{kind: object, l: &elements[i]}
	}
	add := func(of ...value) {
		if len(values) < maxLists {
			values = append(values, value{kind: list, l: &of, assumed: true})
		}
	}
	add()
	for _, o := range objects {
		add(o)
	}
	for i, o := range objects {
		add(o, objects[(i+1)%len(objects)])
		add(o, o, o)
	}
	for _, v := range f.program.footprints()[slot].numbers { // what the size may be compared with
		if v.kind == integer && v.n > 3 && v.n <= 50 {
			add(slices.Repeat(objects[:1], int(v.n))...)
		}
	}
	return values, false
}
