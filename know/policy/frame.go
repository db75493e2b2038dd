package policy

import (
	"math/bits"
	"time"
)

// nameSet is a set of what may be unknown in a pack, by number.
type nameSet [maxNames / 64]uint64

// maxNames bounds what may be unknown in a pack, with the unknown fields of
// the lists that are given.
const maxNames = 256

func (s *nameSet) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s *nameSet) remove(i int)   { s[i/64] &^= 1 << (i % 64) }
func (s *nameSet) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }
func (s *nameSet) join(other *nameSet) {
	s[0] |= other[0]
	s[1] |= other[1]
	s[2] |= other[2]
	s[3] |= other[3]
}
func (s *nameSet) empty() bool { return s[0]|s[1]|s[2]|s[3] == 0 }

// without takes the members of other out, within takes all else out.
func (s *nameSet) without(other *nameSet) {
	for i := range s {
		s[i] &^= other[i]
	}
}

func (s *nameSet) within(other *nameSet) {
	for i := range s {
		s[i] &= other[i]
	}
}

// all lists the members in the pack's order.
func (s *nameSet) all() []int {
	var out []int
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			out = append(out, w*64+bits.TrailingZeros64(word))
		}
	}
	return out
}

// frame is the memory of one evaluation. It is used again for the next one, by
// one goroutine at a time.
type frame struct {
	program  *program
	zone     *time.Location
	at       int64     // the relevant date
	asked    time.Time // the last moment whose date was wanted, the zone, and the date
	askedIn  *time.Location
	askedDay int64
	vals     []value   // by slot
	deps     []nameSet // by slot: the names on which its unknown depends
	ready    []uint32  // by slot: the round in which it was computed
	round    uint32
	acc      nameSet // the unknowns met by the expression that is running
	locals   []value // of loops
	used     []int   // by parameter: 1 + the value that was read; 0 is none
	picked   []int   // by parameter: 1 + the value in force; 0 is none
	wide     bool    // rows marked U are unknown instead of left out
	choice   []int8  // by name, of open rows and rows marked U: 0 is open, 1 it is not so, 2 and more it is
	free     bool    // for the lint: what is assumed counts as given, and no value as not given
	clash    *clash
	extra    []extraName // unknown fields of lists that were given
	waits    []nameSet   // by obligation that has arisen: parameters and holidays that its date waits for
}

// clash is two rows of a unique table that both hold.
type clash struct {
	table      *tableCode
	one, other *rowCode
}

// extraName is a field of an element of a list that was not given.
type extraName struct {
	path  string
	input int // the list's
	item  int
	field int
}

func newFrame(p *program) *frame {
	f := &frame{
		program: p, zone: centreZone(),
		vals: make([]value, p.slots), deps: make([]nameSet, p.slots), ready: make([]uint32, p.slots),
		locals: make([]value, p.scope.loops), used: make([]int, len(p.params)), picked: make([]int, len(p.params)),
		choice: make([]int8, maxNames),
	}
	copy(f.deps, p.blankDeps)
	return f
}

// clear makes the frame one of an empty input.
func (f *frame) clear() {
	p := f.program
	copy(f.vals[:p.computed], p.blank)
	for _, slot := range p.lists { // what a list that was given left unknown
		f.deps[slot] = p.blankDeps[slot]
	}
	clear(f.used)
	f.acc, f.clash, f.wide, f.extra, f.waits = nameSet{}, nil, false, f.extra[:0], f.waits[:0]
	f.again()
}

// again forgets what was computed.
func (f *frame) again() {
	f.round++
	if f.round == 0 { // once in 4 thousand million
		clear(f.ready)
		f.round = 1
	}
}

// dated picks the values of parameters that are in force at the frame's date.
func (f *frame) dated() {
	for i := range f.program.params {
		p := &f.program.params[i]
		v, deps := missing, f.program.blankDeps[p.slot]
		f.picked[i] = 0
		for j := range p.values {
			c := &p.values[j]
			if f.at < c.from || f.at >= c.until {
				continue
			}
			if c.usable { // a narrower place stands later and wins
				v, f.picked[i] = c.value, j+1
			} else if v.kind == unknown {
				deps = nameSet{}
				deps.add(c.unknown)
			}
		}
		f.vals[p.slot], f.deps[p.slot] = v, deps
	}
}

// read gives a slot, computes it first where need be, and notes what its
// unknown depends on.
func (f *frame) read(slot int) value {
	if at := slot - f.program.computed; at >= 0 {
		if f.ready[slot] != f.round {
			f.program.fills[at](f)
		}
	} else if p := slot - len(f.program.inputs); p >= 0 {
		f.used[p] = f.picked[p]
	}
	v := f.vals[slot]
	if v.kind == unknown || v.doubt {
		f.acc.join(&f.deps[slot])
	}
	return v
}

// given is whether a value of the input was given.
func (f *frame) given(v value) truth {
	return truthIf(v.kind != unknown && (!v.assumed || f.free && v.kind != null))
}

// met notes an unknown that has a name.
func (f *frame) met(v value) value {
	if v.kind == unknown && v.n > 0 {
		f.acc.add(int(v.n - 1))
		return missing
	}
	return v
}

// keep computes a slot.
func (f *frame) keep(slot int, e expr) {
	outer := f.acc
	f.acc = nameSet{}
	f.vals[slot] = e(f)
	f.deps[slot] = f.acc
	f.ready[slot] = f.round
	f.acc = outer
}

// civil is the date of a date or an instant.
func (f *frame) civil(v value) value {
	if v.kind == instant {
		return dateOf(dateOn(v.n, f.zone))
	}
	return v
}

// holds is whether a row holds. alternative is what an open row is assumed to
// give; then it is -1 where that is not settled.
func (f *frame) holds(r *rowCode) (t truth, alternative int) {
	if f.at < r.from || f.at >= r.until {
		return isNot, 0
	}
	if r.unknown < 0 {
		return r.when(f), 0
	}
	if r.unconfirmed && !f.wide {
		return isNot, 0
	}
	chosen := f.choice[r.unknown]
	if chosen == 1 {
		return isNot, 0
	}
	t = r.when(f)
	switch {
	case t == isNot:
		return isNot, 0
	case r.open && chosen == 0:
		f.acc.add(r.unknown)
		return t, -1
	case r.open:
		return t, int(chosen - 2)
	case chosen == 0:
		f.acc.add(r.unknown)
		return unclear, 0
	}
	return t, 0
}

// decide computes the columns of a table of which one row applies. Where more
// than one still may, a column is known if all of them give the same.
func (t *tableCode) decide(f *frame) {
	outer := f.acc
	f.acc = nameSet{}
	var settled *rowCode
	started := false
	for _, r := range t.rows {
		v, alternative := f.holds(r)
		if v == isNot {
			continue
		}
		if settled != nil { // only in a unique table
			if v == is && f.clash == nil {
				f.clash = &clash{t, settled, r}
			}
			continue
		}
		if v == is && t.hit == hitUnique {
			started = false // the others cannot hold as well
		}
		then := r.then
		switch {
		case alternative < 0: // it may turn out not to apply, too
			for _, reading := range r.alternatives {
				for _, e := range reading {
					if e != nil {
						e(f)
					}
				}
			}
			t.merge(f, nil, true, started)
			started = true
			continue
		case r.open:
			then = r.alternatives[alternative]
		}
		t.merge(f, then, false, started)
		started = true
		if v == is {
			settled = r
			if t.hit == hitFirst {
				break
			}
		}
	}
	if settled == nil {
		t.merge(f, t.otherwise, false, started)
	}
	for c := range t.columns {
		slot := t.slot + c
		if f.vals[slot].kind == unknown {
			f.deps[slot].join(&f.acc)
		}
		f.ready[slot] = f.round
	}
	f.acc = outer
}

// merge joins what one more row would give. A nil then gives no value;
// undecided gives unknowns.
func (t *tableCode) merge(f *frame, then []expr, undecided, started bool) {
	conditions := f.acc
	for c := range t.columns {
		slot := t.slot + c
		v := none
		f.acc = nameSet{}
		switch {
		case undecided:
			v = missing
		case then != nil && then[c] != nil:
			v = then[c](f)
		}
		if !started {
			f.vals[slot], f.deps[slot] = v, f.acc
			continue
		}
		if !v.same(f.vals[slot]) {
			f.deps[slot].join(&f.acc)
			f.vals[slot] = missing
		}
	}
	f.acc = conditions
}

// collect computes the rows of a table that collects. A row that may hold is
// an element in doubt.
func (t *tableCode) collect(f *frame) {
	outer := f.acc
	f.acc = nameSet{}
	rows := make([]value, 0, len(t.rows))
	out := value{kind: list, l: &rows}
	for _, r := range t.rows {
		v, alternative := f.holds(r)
		if v == isNot {
			continue
		}
		of := make([]value, 1, 1+len(t.columns))
		of[0] = textOf(r.spec.ID)
		then := r.then
		if r.open && alternative >= 0 && len(r.alternatives) > alternative {
			then = r.alternatives[alternative]
		}
		item := value{kind: object, l: &of, doubt: v == unclear || alternative < 0}
		for c := range t.columns {
			cell := none
			if then[c] != nil {
				cell = then[c](f)
			}
			of = append(of, cell)
			out.doubt = out.doubt || cell.kind == unknown
		}
		out.doubt = out.doubt || item.doubt
		rows = append(rows, item)
	}
	f.vals[t.slot], f.deps[t.slot], f.ready[t.slot] = out, f.acc, f.round
	f.acc = outer
}
