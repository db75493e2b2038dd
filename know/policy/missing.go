package policy

// What is missing is exactly what can still change the result. The names that
// an undetermined part of the result depends on (frame.acc) are candidates;
// for each the search looks for a witness: an assignment of the other unknowns
// under which two values of the candidate give two results. It tries them one
// unknown after the other, and stops on a branch as soon as the part is
// determined, or no longer depends on the candidate.
//
// An open row and a row marked U are questions about the facts at hand. An
// input is tried with the questions left open: what matters only under one
// answer is not asked for before there is that answer. A question is named
// once the condition of its row holds; until then the inputs that the
// condition waits for are named.
//
// When nothing has a witness, and all was tried, the part is the same whatever
// the unknowns are: that is then the result.

// The evaluations of one search over all parts are bounded, and those for one
// candidate in one part. What has not been ruled out then stays named.
const (
	searchBudget = 20_000
	searchShare  = 1_500
)

// missing fills in what the result still depends on, and the parts that the
// search has determined.
func (f *frame) missing(parts []outcome, a *Answer) {
	clash := f.clash
	wide := make([]outcome, len(parts)) // with rows marked U as unknown
	for i := range parts {
		wide[i] = parts[i]
		if f.program.unconfirmed {
			f.widen(true)
			wide[i] = f.part(i)
		}
	}
	waits := make([]nameSet, len(parts)) // by part
	s := &search{frame: f, left: searchBudget}
	f.widen(false)
	s.seen = make([]nameSet, len(parts))
	for i := range parts {
		named, constant := s.named(i, &parts[i])
		waits[i] = named
		if constant && !parts[i].known {
			if v, ok := s.any(); ok {
				parts[i] = outcome{value: v, known: true}
			}
		}
	}
	if f.program.unconfirmed {
		f.widen(true)
		s.seen = make([]nameSet, len(parts))
		for i := range parts {
			named, _ := s.named(i, &wide[i])
			waits[i].join(&named)
		}
		f.widen(false)
	}
	f.clash = clash
	f.report(waits, a)
}

// named finds the names that matter to a part. constant is whether it is
// certain that none does.
func (s *search) named(part int, now *outcome) (named nameSet, constant bool) {
	s.part, s.rough = part, false
	var later nameSet // questions that have not arisen
	for _, n := range now.deps.all() {
		if n == s.frame.program.holidayName { // there is nothing to try: nobody knows the year
			named.add(n)
			continue
		}
		question := s.frame.program.questions.has(n)
		if !s.seen[part].has(n) {
			s.share = max(0, s.left-searchShare)
			if found, tried := s.witness(n, now, question); !found && tried {
				continue
			}
		}
		if question && !s.frame.arisen(n) {
			later.add(n)
		} else {
			named.add(n)
		}
	}
	constant = named.empty() && later.empty() && !s.rough
	switch {
	case !named.empty() || constant:
	case !later.empty(): // whatever the facts are, some question arises
		named = later
	default: // the values tried did not show it, and they do not stand for all
		named = now.deps
	}
	return named, constant
}

// report lists the names in the pack's order. A due date waits for parameters
// that are not set and for holidays that are not known; an input that starts
// its clock is no gap, it has not happened yet.
func (f *frame) report(waits []nameSet, a *Answer) {
	var all nameSet
	for i := range waits {
		all.join(&waits[i])
	}
	for i := range f.waits {
		all.join(&f.waits[i])
	}
	for _, n := range all.all() {
		u := f.nameOf(n)
		need := Need{Name: u.name, Kind: u.kind, Why: u.why, For: []string{}}
		for i := range waits {
			if waits[i].has(n) {
				need.For = append(need.For, f.program.results[i].name)
			}
		}
		for i := range f.waits {
			if f.waits[i].has(n) {
				need.For = append(need.For, a.Due[i].Row)
			}
		}
		a.Missing = append(a.Missing, u.name)
		a.Needs = append(a.Needs, need)
	}
}

// widen sets whether rows marked U count as unknown.
func (f *frame) widen(wide bool) {
	f.wide = wide
	f.again()
}

// arisen is whether a question has arisen: the condition of a row that is open
// or marked U holds. Inputs and parameters always have.
func (f *frame) arisen(n int) bool {
	u := f.nameOf(n)
	if u.row == nil {
		return true
	}
	return u.row.when(f) == is
}

// search tries values for what is unknown.
type search struct {
	frame *frame
	part  int
	left  int       // evaluations that may still be made
	share int       // what this candidate leaves of them
	rough bool      // values were tried that do not stand for all
	seen  []nameSet // by part: names whose witness was met on the way
}

// eval evaluates the part anew.
func (s *search) eval() outcome {
	s.left--
	return s.frame.part(s.part)
}

// witness looks for a witness that a candidate changes the part. tried is
// whether it has looked everywhere; answering is whether questions are tried
// as well.
func (s *search) witness(candidate int, now *outcome, answering bool) (found, tried bool) {
	if now.known || !now.deps.has(candidate) {
		return false, true
	}
	if s.left <= s.share {
		return false, false
	}
	others := now.deps
	others.remove(candidate)
	if !answering {
		others.without(&s.frame.program.questions)
	}
	next := s.frame.next(&others)
	if next < 0 { // nothing else is open
		return s.changes(candidate)
	}
	for _, v := range s.domain(next) {
		undo := s.frame.assume(next, v)
		o := s.eval()
		found, tried := s.witness(candidate, &o, answering)
		undo()
		if found || !tried {
			return found, tried
		}
	}
	return false, true
}

// domain lists the values to try, and notes when they do not stand for all.
func (s *search) domain(n int) []value {
	values, whole := s.frame.domain(n)
	s.rough = s.rough || !whole
	return values
}

// changes is whether two values of a candidate give two results. That the
// result stays open is one more result.
func (s *search) changes(candidate int) (found, tried bool) {
	var first outcome
	values := s.domain(candidate)
	for i, v := range values {
		undo := s.frame.assume(candidate, v)
		o := s.eval()
		if !o.known {
			o = s.settled(&o)
		}
		undo()
		switch {
		case i == 0:
			first = o
		case o.known != first.known, o.known && !o.value.same(first.value):
			s.spread(candidate, values[0], v)
			return true, true
		}
	}
	return false, s.left > s.share
}

// spread notes which other parts the same witness serves.
func (s *search) spread(candidate int, one, other value) {
	parts := make([]outcome, len(s.seen))
	undo := s.frame.assume(candidate, one)
	for i := s.part + 1; i < len(parts); i++ {
		parts[i] = s.frame.part(i)
	}
	undo()
	undo = s.frame.assume(candidate, other)
	for i := s.part + 1; i < len(parts); i++ {
		if o := s.frame.part(i); o.known && parts[i].known && !o.value.same(parts[i].value) {
			s.seen[i].add(candidate)
		}
	}
	undo()
}

// settled is the part when every answer to the questions gives the same, else
// an open one.
func (s *search) settled(now *outcome) (o outcome) {
	questions := now.deps
	questions.within(&s.frame.program.questions)
	next := s.frame.next(&questions)
	if next < 0 || s.left <= s.share {
		s.rough = true
		return outcome{}
	}
	for i, v := range s.domain(next) {
		undo := s.frame.assume(next, v)
		one := s.eval()
		if !one.known {
			one = s.settled(&one)
		}
		undo()
		if !one.known || i > 0 && !one.value.same(o.value) {
			return outcome{}
		}
		o = one
	}
	return o
}

// any gives the part under some assignment of all it depends on.
func (s *search) any() (v value, ok bool) {
	o := s.eval()
	for !o.known {
		n := s.frame.next(&o.deps)
		if n < 0 {
			return missing, false
		}
		values, _ := s.frame.domain(n)
		if len(values) == 0 {
			return missing, false
		}
		defer s.frame.assume(n, values[0])()
		o = s.eval()
	}
	return o.value, true
}

// next picks the unknown to try first: the one on which most of the pack rests,
// since it settles most; among equals the one with the fewest values; -1 is
// none.
func (f *frame) next(of *nameSet) int {
	best, most, least := -1, -1, 0
	for _, n := range of.all() {
		if n == f.program.holidayName {
			continue
		}
		rests, cost := 0, f.cost(n)
		if n < len(f.program.names) {
			rests = len(f.program.resting[n])
		}
		if rests > most || rests == most && cost < least {
			best, most, least = n, rests, cost
		}
	}
	return best
}

func (f *frame) cost(n int) int {
	u := f.nameOf(n)
	var t typ
	switch p := f.program; {
	case n >= len(p.names):
		e := f.extra[n-len(p.names)]
		t = p.inputs[e.input].typ.fields[e.field].typ
	case u.row != nil:
		return 2
	case u.slot < len(p.inputs):
		t = p.inputs[u.slot].typ
	default:
		t = p.params[u.slot-len(p.inputs)].typ
	}
	switch t.kind {
	case boolean:
		return 2
	case text:
		return 3 + len(t.options)
	case list:
		return 90
	}
	return 10
}

// assume gives a name a value until undo is called, and has all that rests on
// it computed anew.
func (f *frame) assume(n int, v value) (undo func()) {
	u := f.nameOf(n)
	if u.row != nil {
		f.choice[n] = int8(v.n)
		f.forget(n)
		return func() {
			f.choice[n] = 0
			f.forget(n)
		}
	}
	if u.slot >= 0 {
		old := f.vals[u.slot]
		f.vals[u.slot] = v
		f.forget(n)
		return func() {
			f.vals[u.slot] = old
			f.forget(n)
		}
	}
	e := f.extra[n-len(f.program.names)]
	l := f.vals[e.input]
	cell := &(*(*l.l)[e.item].l)[e.field]
	old := *cell
	set := func(v value) {
		*cell = v
		settled := true
		for _, item := range *l.l {
			settled = settled && item.known()
		}
		f.vals[e.input].doubt = !settled
		if v.kind == unknown {
			f.deps[e.input].add(n)
		} else {
			f.deps[e.input].remove(n)
		}
		f.forget(e.input) // an input's name has its slot's number
	}
	set(v)
	return func() { set(old) }
}

// forget has the slots that rest on a name computed anew.
func (f *frame) forget(n int) {
	for _, slot := range f.program.resting[n] {
		f.ready[slot] = 0
	}
}
