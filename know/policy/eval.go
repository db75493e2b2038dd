package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"lanzha"
)

// Eval evaluates the pack on an input as decoded from JSON and explains the
// result. What the input does not give, or gives as null, is unknown; what the
// pack does not know, or what is of another type, is refused with its path
// (CodeInvalid). Two rows of a unique table that both hold are CodeConflict.
func (p *Pack) Eval(input map[string]any, o Options) (Answer, error) {
	program, place, err := p.in(o.Jurisdiction)
	if err != nil {
		return Answer{}, err
	}
	f := program.frame()
	defer program.release(f)
	if err := f.begin(input, o); err != nil {
		return Answer{}, err
	}
	return f.explain(place)
}

// begin reads an input into the frame and settles the relevant date.
func (f *frame) begin(input map[string]any, o Options) error {
	p := f.program
	f.clear()
	f.zone = o.Zone
	if f.zone == nil {
		f.zone = centreZone()
	}
	if err := f.take(p.root, input); err != nil {
		return p.firstWrong(f, input, err)
	}
	var carried value
	if p.dateSlot >= 0 {
		carried = f.civil(f.vals[p.dateSlot])
	}
	switch {
	case !o.At.IsZero():
		f.at = f.dayOf(o.At)
		if p.dateSlot >= 0 && carried.kind == unknown && p.inputs[p.dateSlot].typ.kind == date {
			f.vals[p.dateSlot] = dateOf(f.at) // who asks for a day says what day it is
		}
	case carried.kind == date:
		f.at = carried.n
	case !o.Today.IsZero():
		f.at = f.dayOf(o.Today)
	default:
		return lanzha.Invalid("at", "on which day the law is read is not said: give a date, or what counts as today")
	}
	f.dated()
	return nil
}

// dayOf is the civil date of a moment. The last one is kept, since many inputs
// are asked for one day.
func (f *frame) dayOf(t time.Time) int64 {
	if t != f.asked || f.zone != f.askedIn {
		f.asked, f.askedIn, f.askedDay = t, f.zone, dateOn(t.UnixMicro(), f.zone)
	}
	return f.askedDay
}

// explain evaluates all and says why.
func (f *frame) explain(jurisdiction string) (Answer, error) {
	p := f.program
	a := Answer{
		Result: make(map[string]any, len(p.results)), Matched: []Match{}, Missing: []string{}, Needs: []Need{}, Silent: []Silence{}, Due: []Due{},
		InForce: p.doc.Effective.covers(f.at), At: printDate(f.at), Jurisdiction: jurisdiction, Pack: p.ref,
	}
	if !a.InForce && !p.doc.Effective.Never {
		for _, r := range p.results {
			a.Result[r.name] = nil
		}
		a.Parts = p.spoken(a.Result)
		return a, nil
	}
	parts := make([]outcome, len(p.results))
	for i := range p.results {
		parts[i] = f.part(i)
	}
	rows := f.matches()
	dues := f.dues()
	for _, s := range p.silences {
		if s.spec.Effective.covers(f.at) || s.spec.Effective == (period{}) {
			if s.when(f) == is {
				a.Silent = append(a.Silent, Silence{Row: s.spec.ID, Words: s.spec.words()})
			}
		}
	}
	for i, r := range f.used { // after all that may read one
		if r > 0 {
			d := p.params[i].values[r-1].spec
			a.Matched = append(a.Matched, Match{Row: d.ID, Words: p.params[i].spec.words(), Citation: d.citation(), Applied: true})
		}
	}
	a.Matched = append(a.Matched, rows...)
	a.Due = append(a.Due, dues...)
	if c := f.clash; c != nil {
		return Answer{}, &lanzha.Error{
			Code: lanzha.CodeConflict, Field: c.table.name,
			Message: fmt.Sprintf("both %s and %s hold, and at most one row of this table may", c.one.spec.ID, c.other.spec.ID),
			Hint:    "the pack is wrong here: lanzha policy lint finds such overlaps",
		}
	}
	f.missing(parts, &a)
	for i, r := range p.results {
		a.Result[r.name] = f.plain(parts[i].value, r.typ)
	}
	a.Parts = p.spoken(a.Result)
	return a, nil
}

// outcome is one part of the result, and the names it depends on while it is
// not determined.
type outcome struct {
	value value
	known bool
	deps  nameSet
}

// part evaluates one part of the result.
func (f *frame) part(i int) outcome {
	f.acc = nameSet{}
	v := f.program.results[i].is(f)
	o := outcome{value: v, known: v.known()}
	if !o.known {
		f.deepen(v)
		o.deps = f.acc
	}
	return o
}

// deepen notes the named unknowns inside a list or an object.
func (f *frame) deepen(v value) {
	f.met(v)
	if v.kind == list || v.kind == object {
		for _, e := range *v.l {
			f.deepen(e)
		}
	}
}

// matches lists the rows that hold, in the pack's order. Of a table of which
// one row applies, the others that hold are listed too, as not applied.
func (f *frame) matches() []Match {
	out := []Match{}
	for i := range f.program.tables {
		t := &f.program.tables[i]
		taken := false
		for _, r := range t.rows {
			v, _ := f.holds(r)
			if v == unclear || r.open && v == is {
				taken = true // it is not settled which row applies
			}
			if v != is || r.open {
				continue
			}
			out = append(out, Match{Row: r.spec.ID, Table: t.name, Words: r.spec.words(), Citation: r.citation, Applied: t.hit == hitCollect || !taken})
			taken = true
		}
	}
	return out
}

func (p *param) words() Words { return Words{p.ZH, p.EN} }

// dues lists the obligations that have arisen.
func (f *frame) dues() []Due {
	out := []Due{}
	for i := range f.program.duties {
		d := &f.program.duties[i]
		if d.spec.Effective != (period{}) && !d.spec.Effective.covers(f.at) || d.spec.Status == Unconfirmed {
			continue
		}
		if d.when(f) != is {
			continue
		}
		f.acc = nameSet{}
		from, n := d.from(f), d.n(f)
		due := strict[d.unit].two
		row := Due{Row: d.spec.ID, Words: d.spec.words(), From: f.print(from), Clock: d.spec.Clock, Citation: d.citation, Waits: []string{}}
		if from.kind > null && n.kind > null {
			row.Due = f.print(due(f, from, n))
		}
		var waits nameSet
		if row.Due == "" {
			for _, n := range f.acc.all() {
				u := f.nameOf(n)
				row.Waits = append(row.Waits, u.name)
				if u.kind == needParameter || u.kind == needHolidays {
					waits.add(n)
				}
			}
		}
		f.waits = append(f.waits, waits)
		out = append(out, row)
	}
	return out
}

// print writes a date or an instant; "" is none.
func (f *frame) print(v value) string {
	switch v.kind {
	case date:
		return printDate(v.n)
	case instant:
		return printInstant(v.n, f.zone)
	}
	return ""
}

// plain is a value as JSON has it: null where it is not determined.
func (f *frame) plain(v value, t typ) any {
	switch v.kind {
	case boolean:
		return v.n != 0
	case integer:
		return v.n
	case text:
		return v.s
	case date, instant:
		return f.print(v)
	case list:
		out := make([]any, 0, len(*v.l))
		for _, e := range *v.l {
			if e.doubt {
				return nil
			}
			out = append(out, f.plain(e, t))
		}
		return out
	case object:
		out := make(map[string]any, len(t.fields))
		for i, e := range *v.l {
			out[t.fields[i].name] = f.plain(e, t.fields[i].typ)
		}
		return out
	}
	return nil
}

// nameOf is a name by its number.
func (f *frame) nameOf(i int) unknownName {
	if n := i - len(f.program.names); n >= 0 {
		e := f.extra[n]
		in := f.program.inputs[e.input].spec.Of[e.field].Value
		return unknownName{name: e.path, kind: needInput, why: Words{in.ZH, in.EN}, slot: -1}
	}
	return f.program.names[i]
}

// frame lends a frame.
func (p *program) frame() *frame {
	if f, ok := p.frames.Get().(*frame); ok {
		return f
	}
	return newFrame(p)
}

func (p *program) release(f *frame) { p.frames.Put(f) }

// in finds the program for a jurisdiction, and what the jurisdiction is called.
func (p *Pack) in(jurisdiction string) (*program, string, error) {
	code, err := region(jurisdiction)
	if err != nil {
		return nil, "", err
	}
	name := code
	if code == "" {
		name = nation
	}
	for at := code; ; at = at[:len(at)-2] {
		if program, ok := p.programs[at]; ok {
			return program, name, nil
		}
		if len(at) < 2 {
			break
		}
	}
	return nil, "", &lanzha.Error{
		Code: lanzha.CodeNotFound, Field: "jurisdiction", Message: fmt.Sprintf("the pack %s is not made for %s", p.Name(), name),
		Hint: "it holds in " + strings.Join(p.places(), ", "),
	}
}

// places lists the jurisdictions that have rows of their own.
func (p *Pack) places() []string {
	out := []string{}
	for code := range p.programs {
		if code == "" {
			code = nation
		}
		out = append(out, code)
	}
	slices.Sort(out)
	return out
}

// Plain evaluates one pack for one jurisdiction without explanation, as often
// as is wanted. It keeps its memory: one goroutine uses it at a time. Tables
// that collect and loops allocate; nothing else does.
type Plain struct {
	frame *frame
	parts []value
}

// Plain makes a fast evaluator.
func (p *Pack) Plain(jurisdiction string) (*Plain, error) {
	program, _, err := p.in(jurisdiction)
	if err != nil {
		return nil, err
	}
	return &Plain{frame: newFrame(program), parts: make([]value, len(program.results))}, nil
}

// Parts names the parts of the result, in the order of their numbers.
func (x *Plain) Parts() []string {
	out := make([]string, len(x.frame.program.results))
	for i, r := range x.frame.program.results {
		out[i] = r.name
	}
	return out
}

// Eval evaluates. Unlike Pack.Eval it does not search: a part that is the same
// for every value of what is unknown may stay undetermined. inForce is false,
// and nothing determined, outside the pack's time.
func (x *Plain) Eval(input map[string]any, o Options) (inForce bool, err error) {
	f := x.frame
	if err := f.begin(input, o); err != nil {
		return false, err
	}
	effective := &f.program.doc.Effective
	inForce = effective.covers(f.at)
	if !inForce && !effective.Never {
		clear(x.parts)
		return false, nil
	}
	for i := range f.program.results {
		x.parts[i] = f.program.results[i].is(f)
	}
	if f.clash != nil {
		return false, lanzha.Conflict("both %s and %s hold, and at most one row of %s may", f.clash.one.spec.ID, f.clash.other.spec.ID, f.clash.table.name)
	}
	return inForce, nil
}

// Known reports whether a part is determined; "no value" is.
func (x *Plain) Known(part int) bool { return x.parts[part].known() }

// Text is a part that is a string; "" where it is none or undetermined.
func (x *Plain) Text(part int) string { return x.parts[part].s }

// Int is a part that is an integer; 0 where it is none or undetermined.
func (x *Plain) Int(part int) int64 { return x.of(part, integer) }

// Bool is a part that is yes; false where it is no, none or undetermined.
func (x *Plain) Bool(part int) bool { return x.of(part, boolean) != 0 }

func (x *Plain) of(part int, k kind) int64 {
	if v := x.parts[part]; v.kind == k {
		return v.n
	}
	return 0
}

// Value is a part as JSON has it, nil where it is none or undetermined.
func (x *Plain) Value(part int) any {
	return x.frame.plain(x.parts[part], x.frame.program.results[part].typ)
}

// Day is a civil date as Options take it.
func Day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
}
