package policy

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cel.dev/cel-go/common/ast"

	"lanzha"
)

// program is a pack, with the overlays of one place, ready to run. It is not
// changed once it is built.
//
// Every name has a slot: first the inputs, then the parameters, the derived
// values, and the columns of the tables, in the pack's order.
type program struct {
	file     string
	place    string // the jurisdiction of the narrowest text in it
	doc      *document
	ref      Ref
	holidays *holidays
	scope    *scope

	names       []unknownName // what may be unknown, in the pack's order
	holidayName int
	lists       []int // the slots of inputs that are lists

	inputs    []inputSlot
	root      *branch // the same, as a tree of JSON objects
	dateSlot  int     // the input that carries the relevant date; -1 is none
	params    []paramSlot
	computed  int            // the first slot that is computed when it is read
	fills     []func(*frame) // from computed on: computes the slot
	slots     int
	tables    []tableCode
	results   []resultCode
	duties    []dutyCode
	silences  []silenceCode
	blank     []value     // the slots of an empty input
	blankDeps []nameSet   // the names that their unknowns depend on
	sentences []*sentence // every expression, for the search and the lint
	files     []File      // the texts it was made from
	frames    sync.Pool

	unconfirmed bool         // some row is marked U
	questions   nameSet      // the names of open rows and rows marked U
	behind      [][]*checked // by computed slot: the expressions that give its value
	literals    [][]value    // by computed slot: the literals that do
	resting     [][]int      // by name: the computed slots that rest on it
	once        sync.Once
	prints      []footprint
}

// unknownName is one thing that may be missing.
type unknownName struct {
	name string
	kind string // as in Need
	why  Words
	slot int // of an input or parameter; -1 is none
	row  *rowCode
}

// The kinds of a Need.
const (
	needInput        = "input"
	needParameter    = "parameter"
	needConfirmation = "confirmation"
	needReading      = "reading"
	needHolidays     = "holidays"
)

type paramSlot struct {
	name   string
	slot   int
	typ    typ
	spec   *param
	values []paramValue
}

type paramValue struct {
	from, until int64
	value       value
	usable      bool // not marked U
	spec        *dated
	unknown     int // the name of a value marked U
}

// tableCode is a compiled table.
type tableCode struct {
	name      string
	spec      *table
	hit       string
	columns   []column
	slot      int // of the first column; of the rows, when it collects
	rows      []*rowCode
	otherwise []expr
	typ       typ // of the rows
}

type column struct {
	name string
	typ  typ
}

// rowCode is a compiled row.
type rowCode struct {
	spec         *row
	from, until  int64
	when         cond
	checked      *checked
	then         []expr // by column; nil where the row says nothing
	unknown      int    // the name of a row marked U or open; -1 is none
	open         bool
	unconfirmed  bool
	alternatives [][]expr // what an open row may turn out to give
	citation     Citation
}

type resultCode struct {
	name     string
	is       expr
	typ      typ // of a list or object: its fields
	sentence *sentence
	object   bool
	said     PartView
}

type dutyCode struct {
	spec     *duty
	when     cond
	from     expr
	unit     string
	n        expr
	citation Citation
}

type silenceCode struct {
	spec *silence
	when cond
}

// sentence is an expression and where it stands.
type sentence struct {
	where   string // "MK-01.when"
	line    int
	checked *checked
}

const (
	always  = math.MinInt64
	forever = math.MaxInt64
)

func span(from, until *yamlDay) (int64, int64) {
	a, b := int64(always), int64(forever)
	if from != nil {
		a = int64(*from)
	}
	if until != nil {
		b = int64(*until)
	}
	return a, b
}

// builder makes a program.
type builder struct {
	*program
	scopeNames map[string]name
}

// build compiles a document. cache may hold expressions that were checked for
// another overlay of the same pack; nil is none.
func build(file string, d *document, ref Ref, shared *scope) (*program, error) {
	h, err := shippedHolidays()
	if err != nil {
		return nil, err
	}
	b := &builder{program: &program{file: file, doc: d, ref: ref, holidays: h, dateSlot: -1}, scopeNames: map[string]name{}}
	for _, step := range []func() error{b.declareInputs, b.declareParams, b.declareDerived, b.declareTables} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if b.scope, err = newScope(b.scopeNames, len(b.inputs)); err != nil {
		return nil, lanzha.Internal("policy.build", err)
	}
	if shared != nil {
		b.scope.cache = shared.cache
	}
	b.fills = make([]func(*frame), b.slots-b.computed)
	b.behind, b.literals = make([][]*checked, b.slots-b.computed), make([][]value, b.slots-b.computed)
	for _, step := range []func() error{b.compileDerived, b.compileTables, b.compileDuties, b.compileSilences, b.compileResult} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	b.holidayName = len(b.names)
	b.names = append(b.names, unknownName{name: "holidays", kind: needHolidays, slot: -1, why: Words{"该年的放假安排尚未载入，工作日无法计算", "the notice of that year's working days has not been read"}})
	if len(b.names) > maxNames {
		return nil, b.wrong(1, "a pack has at most %d inputs, parameters, open and unconfirmed rows", maxNames)
	}
	b.makeBlank()
	b.findResting()
	return b.program, nil
}

func (b *builder) wrong(line int, format string, args ...any) error {
	return &lanzha.Error{
		Code: lanzha.CodeInvalid, Field: place(b.file, line), Message: fmt.Sprintf(format, args...),
		Hint: "docs/policy-packs.md describes the format",
	}
}

// declare gives a name its slot.
func (b *builder) declare(n string, line int, t typ) (int, error) {
	if !validName(n) {
		return 0, b.wrong(line, "%q is no name: letters and digits, parts joined by dots", n)
	}
	if _, taken := b.scopeNames[n]; taken {
		return 0, b.wrong(line, "%q stands for two things", n)
	}
	slot := b.slots
	b.slots++
	b.scopeNames[n] = name{slot, t}
	return slot, nil
}

func validName(n string) bool {
	for _, part := range strings.Split(n, ".") {
		for i, r := range part {
			letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_'
			if !letter && (i == 0 || r < '0' || r > '9') {
				return false
			}
		}
		if part == "" || reserved[part] {
			return false
		}
	}
	return true
}

var reserved = map[string]bool{
	"true": true, "false": true, "null": true, "in": true, "as": true, "break": true, "const": true, "continue": true, "else": true, "for": true,
	"function": true, "if": true, "import": true, "let": true, "loop": true, "package": true, "namespace": true, "return": true, "var": true, "void": true, "while": true,
}

var typeKinds = map[string]kind{"bool": boolean, "int": integer, "string": text, "enum": text, "date": date, "instant": instant, "list": list}

func (b *builder) declareParams() error {
	for i := range b.doc.Parameters {
		e := &b.doc.Parameters[i]
		k, ok := typeKinds[e.Value.Type]
		if !ok || k == list {
			return b.wrong(e.Line, "parameter %s: the type is bool, int, string, date or instant", e.Name)
		}
		if e.Value.Unset == nil && len(e.Value.Values) == 0 {
			return b.wrong(e.Line, "parameter %s: it has dated values, or says with `unset` that none is known", e.Name)
		}
		slot, err := b.declare(e.Name, e.Line, typ{kind: k})
		if err != nil {
			return err
		}
		why := Words{e.Value.ZH, e.Value.EN}
		if e.Value.Unset != nil {
			why = *e.Value.Unset
		}
		b.names = append(b.names, unknownName{name: e.Name, kind: needParameter, why: why, slot: slot})
		p := paramSlot{name: e.Name, slot: slot, typ: typ{kind: k}, spec: &e.Value}
		for j := range e.Value.Values {
			d := &e.Value.Values[j]
			v, err := literalOf(d.Value, k)
			if err != nil {
				return b.wrong(d.Line, "%s: %s", d.ID, err)
			}
			pv := paramValue{value: v, usable: d.Status != Unconfirmed, spec: d, unknown: -1}
			pv.from, pv.until = span(d.From, d.Until)
			if !pv.usable {
				pv.unknown = len(b.names)
				b.names = append(b.names, unknownName{name: d.ID, kind: needConfirmation, why: why, slot: slot})
			}
			p.values = append(p.values, pv)
		}
		b.params = append(b.params, p)
	}
	b.computed = b.slots
	return nil
}

// literalOf reads a literal by the type that is wanted.
func literalOf(c cellText, k kind) (value, error) {
	if c.Null {
		return none, nil
	}
	switch k {
	case boolean:
		switch c.Text {
		case "true":
			return yes, nil
		case "false":
			return no, nil
		}
		return missing, fmt.Errorf("%q is neither true nor false", c.Text)
	case integer:
		n, err := strconv.ParseInt(c.Text, 10, 64)
		if err != nil {
			return missing, fmt.Errorf("%q is no integer", c.Text)
		}
		return intOf(n), nil
	case text:
		return textOf(c.Text), nil
	case date:
		n, err := parseDate(c.Text)
		return dateOf(n), err
	case instant:
		n, err := parseInstant(c.Text)
		return instantOf(n), err
	}
	return missing, fmt.Errorf("a %s has no literal", k)
}

func (b *builder) declareDerived() error {
	for i := range b.doc.Derived {
		e := b.doc.Derived[i]
		k, ok := typeKinds[e.Value.Type]
		if !ok || k == list {
			return b.wrong(e.Line, "derived %s: the type is bool, int, string, date or instant", e.Name)
		}
		if _, err := b.declare(e.Name, e.Line, typ{kind: k}); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) declareTables() error {
	for i := range b.doc.Tables {
		e := &b.doc.Tables[i]
		t := tableCode{name: e.Name, spec: &e.Value, hit: e.Value.Hit, slot: b.slots}
		switch t.hit {
		case hitFirst, hitUnique, hitCollect:
		default:
			return b.wrong(e.Line, "table %s: hit is first, unique or collect", e.Name)
		}
		if len(e.Value.Gives) == 0 {
			return b.wrong(e.Line, "table %s: `gives` names the columns and their types", e.Name)
		}
		t.typ = typ{kind: list, object: "table." + e.Name, fields: []field{{"id", typ{kind: text}}}}
		for _, g := range e.Value.Gives {
			k, ok := typeKinds[g.Value.Type]
			if !ok || k == list {
				return b.wrong(g.Line, "table %s: column %s: the type is bool, int, enum, string, date or instant", e.Name, g.Name)
			}
			enum, values := g.Value.Type == "enum", len(g.Value.Of) > 0
			if values && !enum || enum && !values && len(e.Value.Rows) > 0 { // a table of places' rows alone has their values alone
				return b.wrong(g.Line, "table %s: column %s: `of` says what values an enum has, and no other type has them", e.Name, g.Name)
			}
			if g.Name == "id" {
				return b.wrong(g.Line, "table %s: a row's id is given by itself", e.Name)
			}
			c := column{g.Name, typ{kind: k}}
			for _, v := range g.Value.Of {
				c.typ.options = append(c.typ.options, v.Name)
			}
			t.columns = append(t.columns, c)
			t.typ.fields = append(t.typ.fields, field(c))
		}
		if t.hit == hitCollect {
			if len(e.Value.Otherwise) > 0 {
				return b.wrong(e.Line, "table %s: a table that collects has no otherwise", e.Name)
			}
			if _, err := b.declare(e.Name, e.Line, t.typ); err != nil {
				return err
			}
		} else {
			for _, c := range t.columns {
				if _, err := b.declare(e.Name+"."+c.name, e.Line, c.typ); err != nil {
					return err
				}
			}
		}
		b.tables = append(b.tables, t)
	}
	return nil
}

// expression compiles one, and keeps where it stands.
func (b *builder) expression(where string, line int, src string, limit int, want ...kind) (expr, *sentence, error) {
	e, c, err := b.scope.compile(src, limit, want...)
	if err != nil {
		return nil, nil, b.wrong(line, "%s: %s", where, err)
	}
	s := &sentence{where: where, line: line, checked: c}
	b.sentences = append(b.sentences, s)
	return e, s, nil
}

// when compiles the condition of a row.
func (b *builder) when(id string, line int, src string, limit int) (cond, *sentence, error) {
	e, c, err := b.scope.condition(src, limit)
	if err != nil {
		return nil, nil, b.wrong(line, "%s.when: %s", id, err)
	}
	s := &sentence{where: id + ".when", line: line, checked: c}
	b.sentences = append(b.sentences, s)
	return e, s, nil
}

// cell compiles a literal, or CEL behind =.
func (b *builder) cell(where string, c cellText, limit int, want kind) (expr, *sentence, error) {
	if src, ok := c.cel(); ok {
		return b.expression(where, c.Line, src, limit, want)
	}
	v, err := literalOf(c, want)
	if err != nil {
		return nil, nil, b.wrong(c.Line, "%s: %s", where, err)
	}
	return func(*frame) value { return v }, nil, nil
}

func (b *builder) compileDerived() error {
	for _, d := range b.doc.Derived {
		slot := b.scopeNames[d.Name].slot
		e, s, err := b.expression("derived "+d.Name, d.Value.Line, d.Value.Is, slot, typeKinds[d.Value.Type])
		if err != nil {
			return err
		}
		b.behind[slot-b.computed] = append(b.behind[slot-b.computed], s.checked)
		b.fills[slot-b.computed] = func(f *frame) { f.keep(slot, e) }
	}
	return nil
}

func (b *builder) compileTables() error {
	for i := range b.tables {
		t := &b.tables[i]
		for j := range t.spec.Rows {
			r, err := b.compileRow(t, &t.spec.Rows[j])
			if err != nil {
				return err
			}
			t.rows = append(t.rows, r)
		}
		if t.hit == hitCollect {
			b.fills[t.slot-b.computed] = t.collect
			continue
		}
		if len(t.spec.Otherwise) > 0 {
			var err error
			if t.otherwise, err = b.columns(t, "otherwise", 0, t.spec.Otherwise); err != nil {
				return err
			}
		}
		for c := range t.columns {
			b.fills[t.slot+c-b.computed] = t.decide
		}
		for _, r := range t.rows {
			if r.open && r.alternatives == nil {
				r.alternatives = t.others(r)
			}
		}
	}
	return nil
}

// others is what an open row that names no reading of its own may turn out to
// give: what any other row gives, or both ways where a column says yes or no.
func (t *tableCode) others(open *rowCode) [][]expr {
	out := [][]expr{}
	for _, r := range t.rows {
		if r != open && !r.open {
			out = append(out, r.then)
		}
	}
	if t.otherwise != nil {
		out = append(out, t.otherwise)
	}
	for i, c := range t.columns {
		if c.typ.kind != boolean {
			continue
		}
		for _, v := range []value{yes, no} {
			then := make([]expr, len(t.columns))
			then[i] = func(*frame) value { return v }
			out = append(out, then)
		}
	}
	return out
}

func (b *builder) columns(t *tableCode, where string, line int, then ordered[cellText]) ([]expr, error) {
	out := make([]expr, len(t.columns))
	for _, cell := range then {
		at := slices.IndexFunc(t.columns, func(c column) bool { return c.name == cell.Name })
		if at < 0 {
			return nil, b.wrong(max(line, cell.Line), "%s: the table %s has no column %q", where, t.name, cell.Name)
		}
		var s *sentence
		var err error
		if out[at], s, err = b.cell(where+"."+cell.Name, cell.Value, t.slot, t.columns[at].typ.kind); err != nil {
			return nil, err
		}
		slot := t.slot - b.computed
		if t.hit != hitCollect {
			slot += at
		}
		if wrong := t.columns[at].lacks(cell.Value, s); wrong != "" {
			return nil, b.wrong(max(line, cell.Line), "%s.%s: %q is none of the values of this column (%s)", where, cell.Name, wrong, strings.Join(t.columns[at].typ.options, ", "))
		}
		if s != nil {
			b.behind[slot] = append(b.behind[slot], s.checked)
		} else if v := out[at](nil); v.kind != null {
			b.literals[slot] = append(b.literals[slot], v)
		}
	}
	return out, nil
}

func (b *builder) compileRow(t *tableCode, spec *row) (*rowCode, error) {
	r := &rowCode{spec: spec, unknown: -1, open: spec.Open != nil, unconfirmed: spec.Status == Unconfirmed, citation: spec.citation()}
	r.from, r.until = span(spec.From, spec.Until)
	var err error
	var s *sentence
	if r.when, s, err = b.when(spec.ID, spec.Line, spec.When, t.slot); err != nil {
		return nil, err
	}
	r.checked = s.checked
	if r.then, err = b.columns(t, spec.ID+".then", spec.Line, spec.Then); err != nil {
		return nil, err
	}
	switch {
	case r.open:
		r.unknown = len(b.names)
		b.names = append(b.names, unknownName{name: spec.ID, kind: needReading, why: *spec.Open, slot: -1, row: r})
		if len(spec.Then) > 0 { // the reading that is open
			r.alternatives = [][]expr{r.then}
		}
	case len(spec.Then) == 0:
		return nil, b.wrong(spec.Line, "%s: a row gives something with `then`, or says with `open` what is not settled", spec.ID)
	case r.unconfirmed:
		b.unconfirmed = true
		r.unknown = len(b.names)
		b.names = append(b.names, unknownName{name: spec.ID, kind: needConfirmation, why: spec.words(), slot: -1, row: r})
	}
	return r, nil
}

func (c *cited) citation() Citation {
	out := Citation{Article: c.Article, Inferred: c.Inferred, Phrase: c.Phrase, Status: c.Status}
	if s := c.Ground; s != nil {
		out.Document, out.Number, out.Bodies, out.Publisher = s.Document, s.Number, s.Bodies, s.Publisher
		if s.Effective != nil {
			out.Effective = printDate(int64(*s.Effective))
		}
	}
	return out
}

var units = []string{"minutes", "hours", "days", "workdays", "months", "years"}

func (b *builder) compileDuties() error {
	for i := range b.doc.Obligations {
		spec := &b.doc.Obligations[i]
		d := dutyCode{spec: spec, citation: spec.citation()}
		var s *sentence
		var err error
		if d.when, _, err = b.when(spec.ID, spec.Line, spec.When, b.slots); err != nil {
			return err
		}
		if d.from, s, err = b.expression(spec.ID+".from", spec.Line, spec.From, b.slots, date, instant); err != nil {
			return err
		}
		if len(spec.Within) != 1 || !slices.Contains(units, spec.Within[0].Name) {
			return b.wrong(spec.Line, "%s: `within` is one of %s", spec.ID, strings.Join(units, ", "))
		}
		d.unit = spec.Within[0].Name
		if (d.unit == "hours" || d.unit == "minutes") && kindOf(s.checked.ast.GetType(s.checked.ast.Expr().ID())) != instant {
			return b.wrong(spec.Line, "%s: hours and minutes run from an instant, and this is a date", spec.ID)
		}
		if d.n, _, err = b.cell(spec.ID+".within", spec.Within[0].Value, b.slots, integer); err != nil {
			return err
		}
		b.duties = append(b.duties, d)
	}
	return nil
}

func (b *builder) compileSilences() error {
	for i := range b.doc.Silences {
		spec := &b.doc.Silences[i]
		when, _, err := b.when(spec.ID, spec.Line, spec.When, b.slots)
		if err != nil {
			return err
		}
		b.silences = append(b.silences, silenceCode{spec, when})
	}
	return nil
}

func (b *builder) compileResult() error {
	if len(b.doc.Result) == 0 {
		return b.wrong(1, "a pack says in `result` what it answers")
	}
	for _, e := range b.doc.Result {
		src, ok := e.Value.Is.cel()
		if !ok {
			return b.wrong(e.Line, "result %s: CEL behind = is wanted", e.Name)
		}
		r := resultCode{name: e.Name, said: PartView{Name: e.Name, Words: Words{e.Value.ZH, e.Value.EN}, Of: []InputView{}}}
		if e.Value.Note != (Words{}) {
			r.said.Note = &e.Value.Note
		}
		if at := slices.IndexFunc(b.tables, func(t tableCode) bool { return t.name == strings.TrimSpace(src) && t.hit != hitCollect }); at >= 0 {
			t := &b.tables[at]
			r.typ, r.object = typ{kind: object, fields: t.typ.fields[1:]}, true
			r.said.Of = b.columnViews(t.name)
			r.is = func(f *frame) value {
				of := make([]value, len(t.columns))
				for c := range of {
					of[c] = f.read(t.slot + c)
				}
				return value{kind: object, l: &of}
			}
			b.results = append(b.results, r)
			continue
		}
		var err error
		if r.is, r.sentence, err = b.expression("result "+e.Name, e.Value.Is.Line, src, b.slots); err != nil {
			return err
		}
		tree := r.sentence.checked.ast
		r.typ = (&compiler{scope: b.scope, tree: tree}).typeOf(tree.Expr())
		r.said.Of = either(valueViews(e.Value.Of), b.valuesOf(tree.Expr(), nil))
		b.results = append(b.results, r)
	}
	return nil
}

// findResting finds which computed slots rest on which names, by way of others
// as well.
func (b *builder) findResting() {
	rests := make([]nameSet, b.slots)
	for i, n := range b.names {
		if n.slot >= 0 {
			rests[n.slot].add(i)
		}
	}
	reads := func(to *nameSet, c *checked) {
		var walk func(e ast.Expr)
		walk = func(e ast.Expr) {
			if e.Kind() == ast.IdentKind {
				if n, ok := b.scopeNames[strings.TrimPrefix(e.AsIdent(), ".")]; ok {
					to.join(&rests[n.slot])
				}
			}
			for _, child := range children(e) {
				walk(child)
			}
		}
		walk(c.ast.Expr())
	}
	for slot := b.computed; slot < b.slots; slot++ {
		for _, c := range b.behind[slot-b.computed] {
			reads(&rests[slot], c)
		}
		at := slices.IndexFunc(b.tables, func(t tableCode) bool { return t.slot == slot })
		if at < 0 {
			continue
		}
		t := &b.tables[at] // its columns stand side by side, and rest on all of its conditions
		var all nameSet
		for _, r := range t.rows {
			reads(&all, r.checked)
			if r.unknown >= 0 {
				all.add(r.unknown)
			}
		}
		last := slot
		if t.hit != hitCollect {
			last += len(t.columns) - 1
		}
		for s := slot; s <= last; s++ {
			for _, c := range b.behind[s-b.computed] {
				reads(&all, c)
			}
		}
		for s := slot; s <= last; s++ {
			rests[s] = all
		}
		slot = last
	}
	b.resting = make([][]int, len(b.names))
	for slot := b.computed; slot < b.slots; slot++ {
		for _, n := range rests[slot].all() {
			b.resting[n] = append(b.resting[n], slot)
		}
	}
}

func (b *builder) makeBlank() {
	b.blank = make([]value, b.computed)
	b.blankDeps = make([]nameSet, b.slots)
	for i, n := range b.names {
		if n.row != nil {
			b.questions.add(i)
		}
		if n.slot >= 0 && n.kind != needConfirmation {
			b.blankDeps[n.slot].add(i)
		}
	}
}
