package feature

import (
	"slices"
	"time"

	"hash/fnv"
	"lanzha"
	"lanzha/work/feed"
	"sync"
)

// Engine holds the state of features. It consists of parts, each of which owns
// the state of some keys and can work beside the others. An engine belongs to
// one goroutine.
type Engine struct {
	features []*Feature
	groups   []int // of each feature: those of one began to count together
	since    []int64
	kinds    []atKind // by kind of event
	parts    []*part
	options  OnlineOptions
	packs    []*Pack
	kind     feed.Kind // of a file's events; 0 is online
}

// atKind is what has a value at the events of a kind.
type atKind struct {
	values []int // features
	places map[int]int
	ratios []ratio
}

// ratio is a feature that is made of two others, by their places.
type ratio struct {
	feature              *Feature
	place, first, second int
	of                   [2]int
	parts                [2]*Feature
}

// OnlineOptions are the choices of an engine.
type OnlineOptions struct {
	Late   time.Duration // by how much an event may come after a later one of its key, and be put into its place; 0 to 24 h
	Listed Lists         // what conditions with listed() ask; nil is lists in which nothing stands
}

// Engine compiles the features of a pack that are of one kind of event, for a
// file of such events, in up to so many parts. It refuses a pack that has none.
func (p *Pack) Engine(kind feed.Kind, parts int) (*Engine, error) {
	mine := []*Feature{}
	for _, f := range p.Features {
		has := func(i int) bool { return slices.Contains(mine, p.Features[i]) }
		if f.Event == kind && slices.Contains(f.At, kind) && (f.Aggregate != Ratio || has(f.parts[0]) && has(f.parts[1])) {
			mine = append(mine, f)
		}
	}
	if len(mine) == 0 {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: p.Name, Message: "the pack has no feature of a " + kind.String(), Hint: "each feature names its kind of event, or the pack names it for all"}
	}
	g := &Engine{kind: kind, packs: []*Pack{p}}
	g.compile(mine, make([]int, len(mine)), parts)
	return g, nil
}

// Online compiles the features of packs, of all kinds of event, into one
// engine. What is declared alike, in one pack or in two, shares its state. The
// names of the packs differ; they may have no features.
func Online(packs []*Pack, o OnlineOptions) (*Engine, error) {
	if o.Late < 0 || o.Late > 24*time.Hour {
		return nil, lanzha.Invalid("late", "0 to 24 hours are wanted")
	}
	g := &Engine{options: o, packs: packs}
	features := []*Feature{}
	for i, p := range packs {
		if slices.ContainsFunc(packs[:i], func(q *Pack) bool { return q.Name == p.Name }) {
			return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: p.Name, Message: "two packs have this name", Hint: "give one of them another"}
		}
		features = append(features, p.Features...)
	}
	g.compile(features, make([]int, len(features)), halves)
	return g, nil
}

// Online compiles the features of one pack for all kinds of event.
func (p *Pack) Online(o OnlineOptions) (*Engine, error) { return Online([]*Pack{p}, o) }

// halves is how many parts an engine online has. Which of them a key belongs to
// follows from its name alone, so that it is the same in the next version of a
// pack, and Adopt finds it there.
const halves = 2

// half is the part of a key, by its name.
func half(name string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // it cannot fail
	return int(h.Sum32() % halves)
}

// compile makes the parts of an engine for features, each of a group.
func (g *Engine) compile(features []*Feature, groups []int, parts int) {
	g.features, g.groups, g.since = features, groups, make([]int64, len(features))
	g.kinds, g.parts = make([]atKind, len(feed.Kinds())+1), nil
	index, byKey := map[*Feature]int{}, map[string][]int{}
	for i, f := range features {
		index[f] = i
		if f.Aggregate != Ratio {
			byKey[f.keyName()] = append(byKey[f.keyName()], i)
		}
		for _, kind := range f.At {
			at := &g.kinds[kind]
			if at.places == nil {
				at.places = map[int]int{}
			}
			at.places[i] = len(at.values)
			at.values = append(at.values, i)
		}
	}
	for i, f := range features {
		if f.Aggregate != Ratio {
			continue
		}
		pack := g.packs[slices.IndexFunc(g.packs, func(p *Pack) bool { return p.Name == f.Pack })]
		of := [2]int{index[pack.Features[f.parts[0]]], index[pack.Features[f.parts[1]]]}
		for _, kind := range f.At {
			at := &g.kinds[kind]
			at.ratios = append(at.ratios, ratio{f, at.places[i], at.places[of[0]], at.places[of[1]], of, [2]*Feature{features[of[0]], features[of[1]]}})
		}
	}
	// Of a file, the key with the most features goes first, each to the part that
	// has the fewest yet.
	names := []string{}
	for name := range byKey {
		names = append(names, name)
	}
	slices.Sort(names)
	slices.SortStableFunc(names, func(a, b string) int { return len(byKey[b]) - len(byKey[a]) })
	online := g.kind == 0
	if !online {
		parts = max(1, min(parts, len(names)))
	}
	of := make([][]int, parts)
	for _, name := range names {
		to := half(name)
		if !online {
			to = 0
			for i := range of {
				if len(of[i]) < len(of[to]) {
					to = i
				}
			}
		}
		of[to] = append(of[to], byKey[name]...)
	}
	for _, mine := range of {
		g.parts = append(g.parts, g.part(mine))
	}
}

// part makes a part for features, by their places.
func (g *Engine) part(mine []int) *part {
	x := &part{learned: beforeAll, kinds: make([]work, len(g.kinds)), lists: g.options.Listed, lag: g.options.Late.Microseconds()}
	for _, kind := range feed.Kinds() {
		w := &x.kinds[kind]
		w.width = len(g.kinds[kind].values)
		w.outcome, _ = kind.Field("outcome")
		w.known, _ = kind.Field("known")
	}
	last := 0
	for _, i := range mine {
		last = max(last, g.groups[i])
	}
	// What an earlier group has is the same with and without a later one.
	for group := range last + 1 {
		for _, i := range mine {
			if f := g.features[i]; g.groups[i] == group {
				x.key(f.Event, f.Key, true)
			}
		}
		for _, i := range mine {
			f := g.features[i]
			if g.groups[i] != group {
				continue
			}
			s, r := x.plan(f, group)
			of := x.keys[x.key(f.Event, f.Key, true)]
			for _, kind := range f.At {
				r.place = g.kinds[kind].places[i]
				r.view = x.view(kind, of, s, f.reads[kind])
				x.kinds[kind].readers = append(x.kinds[kind].readers, r)
			}
		}
	}
	x.lay()
	x.age.plan(x, g.features, mine)
	return x
}

// Features are the features that the engine computes: those of the first pack
// in the order of its file, then those of the next.
func (g *Engine) Features() []*Feature { return g.features }

// Index finds a feature among Features by the names of its pack and its own;
// -1 is none.
func (g *Engine) Index(pack, name string) int {
	return slices.IndexFunc(g.features, func(f *Feature) bool { return f.Pack == pack && f.Name == name })
}

// Values are the features that have a value at the events of a kind, by their
// places in Features, ascending: what AddAll gives of an event, in its order.
func (g *Engine) Values(kind feed.Kind) []int { return g.kinds[kind].values }

// Since is from which moment a feature counts: the time of the last events
// before it was added to a running engine. 0 is since the engine began.
func (g *Engine) Since(feature int) int64 { return g.since[feature] }

// AddAll takes events of a kind into the state, one behind the other, and gives
// the features of each as they stand then, the event included where a window
// ends at the present. Refused events are passed over, and their places in out
// stay as they are. out has a row for each event: a place for each of Values.
// Events come in the order of their time, but for what Late allows; of two with
// one time the first that comes is the earlier. The batch is only read. The
// parts work side by side where the events are many; Lists are asked by both.
func (g *Engine) AddAll(kind feed.Kind, b *feed.Batch, events []feed.Event, out []Value) {
	first, others := g.parts[0], g.parts[1:]
	var beside sync.WaitGroup
	for _, p := range others {
		if len(events) < sideBySide || len(first.kinds[kind].keys) == 0 || len(p.kinds[kind].keys) == 0 {
			p.addAll(kind, b, events, out)
			continue
		}
		beside.Go(func() { p.addAll(kind, b, events, out) })
	}
	first.addAll(kind, b, events, out)
	beside.Wait()
	if len(g.kinds[kind].ratios) == 0 {
		return
	}
	n := len(g.kinds[kind].values)
	for i := range events {
		if !events[i].Refused {
			g.divide(kind, out[i*n:(i+1)*n])
		}
	}
}

// Add takes one event, as AddAll does.
func (g *Engine) Add(kind feed.Kind, b *feed.Batch, e *feed.Event, out []Value) {
	for _, p := range g.parts {
		p.one[0] = *e
		p.addAll(kind, b, p.one[:], out)
	}
	g.divide(kind, out)
}

// divide computes the ratios, when all else is there.
func (g *Engine) divide(kind feed.Kind, out []Value) {
	for i := range g.kinds[kind].ratios {
		r := &g.kinds[kind].ratios[i]
		out[r.place] = r.value(out[r.first], out[r.second])
	}
}

func (r *ratio) value(first, second Value) Value {
	a, ok := r.parts[0].Float(first)
	b, too := r.parts[1].Float(second)
	if ok && too && b != 0 {
		return float(a / b)
	}
	return r.feature.orEmpty(Absent)
}

// sideBySide is from how many events on a goroutine for each part is worth its
// start, some microseconds; an event takes about two in each.
const sideBySide = 32

// ahead is for how many events memory is asked beforehand: all that they need
// fits into the nearest cache.
const ahead = 16

// addAll adds events one behind the other, and passes over those that were
// refused. out has places for the features of each.
//
// Most of the time goes into waiting for memory, since every event names other
// keys. So it is asked for beforehand, for several events at once, in short
// loops that do nothing else: the core then waits for many places together.
// First come the names, then the numbers of the records, then the records, then
// the places in their rings.
func (g *part) addAll(kind feed.Kind, b *feed.Batch, events []feed.Event, out []Value) {
	w := &g.kinds[kind]
	if len(w.keys) == 0 {
		return
	}
	n, k, m, v := w.width, len(w.keys), len(w.names), len(w.visits)
	for from := 0; from < len(events); from += ahead {
		some := events[from:min(from+ahead, len(events))]
		g.seek(w, b, some)
		for i := range some {
			if ids := g.ahead[i*k : (i+1)*k]; some[i].Refused {
				clear(ids)
			} else {
				g.name(w, &some[i], g.sought[i*m:(i+1)*m], g.named[i*m:(i+1)*m], ids)
			}
		}
		g.fetch(w, len(some))
		for i := range some {
			if !some[i].Refused {
				g.add(w, b, &some[i], g.named[i*m:(i+1)*m], g.ahead[i*k:(i+1)*k], g.numbers[i*v:(i+1)*v], out[(from+i)*n:(from+i+1)*n])
			}
		}
		g.age.sweep(g)
	}
}

// seek works out where the names of events would stand, and asks for that.
func (g *part) seek(w *work, b *feed.Batch, some []feed.Event) {
	m := len(w.names)
	for i := range some {
		e := &some[i]
		for j := range w.names {
			s := &g.sought[i*m+j]
			if s.form = 0; e.Has(w.names[j].field) && !e.Refused {
				*s = seek(b.Text(e, w.names[j].field))
			}
		}
	}
	touched := uint32(0)
	for j := range w.names {
		t := &g.names[w.names[j].field.Domain]
		if len(t.segments) == 0 {
			continue
		}
		for i := j; i < len(some)*m; i += m {
			home := g.sought[i].home
			touched += t.segment(home).names[home%segmentSize].id
		}
	}
	g.touched += uint64(touched)
}

// fetch asks for the records of events, and for what lies behind them.
func (g *part) fetch(w *work, events int) {
	touched, k, v := uint32(0), len(w.keys), len(w.visits)
	for j := range w.visits {
		x := &w.visits[j]
		for i := range events {
			g.numbers[i*v+j] = x.of.number(g.ahead[i*k+x.at])
		}
	}
	for j := range w.visits {
		x := &w.visits[j]
		for i := range events {
			if n := g.numbers[i*v+j]; n != 0 {
				rec := x.of.at(n)
				for _, line := range x.lines {
					touched += rec[line]
				}
			}
		}
	}
	for j := range w.visits {
		x := &w.visits[j]
		for i := range events {
			n := g.numbers[i*v+j]
			if n == 0 {
				continue
			}
			rec := x.of.at(n)
			for _, s := range x.series {
				sec := s.section(rec)
				if sec[wordRing] == 0 {
					continue
				}
				ring := s.ring(sec)
				for _, at := range s.ats {
					touched += *ring.head(sec[at])
				}
			}
		}
	}
	g.touched += uint64(touched)
}

// unknown is a key that is named and has no state.
const unknown = 1<<32 - 1

// name finds the numbers of the names and of the keys of an event; 0 is none.
func (g *part) name(w *work, e *feed.Event, of []sought, named, ids []uint32) {
	day := g.age.tick(e.Time)
	for j := range w.names {
		n := &w.names[j]
		if named[j] = 0; !e.Has(n.field) {
			continue
		}
		t := &g.names[n.field.Domain]
		at := t.find(&of[j])
		if at != nil && g.age.over(at.day) {
			if at.day = day; n.own {
				g.release(n.field.Domain, at.id)
			} else {
				at = nil
			}
		}
		switch {
		case at != nil:
		case n.own:
			at = t.add(&of[j])
			g.age.owed += sweepAdded
			at.day = day
		default:
			named[j] = unknown
			continue
		}
		if n.own && int16(day-at.day) > 0 {
			at.day = day
		}
		named[j] = at.id
	}
	for j, i := range w.keys {
		k := g.keys[i]
		id := named[k.names[0]]
		for level := 1; level < len(k.names) && id != 0 && id != unknown; level++ {
			id = g.pair(k, level-1, id, named[k.names[level]], day)
		}
		// All fields of a tuple must be given, the last as well as the first.
		for _, n := range k.names {
			if named[n] == 0 {
				id = 0
			}
		}
		ids[j] = id
	}
}

// pair is the number of a pair of numbers.
func (g *part) pair(k *key, level int, a, b uint32, day uint16) uint32 {
	if b == 0 || b == unknown {
		return b
	}
	t := &g.pairs[level]
	s := seekPair(a, b)
	at := t.find(&s)
	if at != nil && g.age.over(at.day) {
		if at.day = day; k.own {
			g.releasePair(level, at.id)
		} else {
			at = nil
		}
	}
	switch {
	case at != nil:
	case k.own:
		at = t.add(&s)
		g.age.owed += sweepAdded
		at.day = day
	default:
		return unknown
	}
	if k.own && int16(day-at.day) > 0 {
		at.day = day
	}
	return at.id
}

func (g *part) add(w *work, b *feed.Batch, e *feed.Event, named, ids, numbers []uint32, out []Value) {
	g.learned = max(g.learned, e.Time)
	g.learn(g.learned)
	for j := range w.visits {
		v := &w.visits[j]
		k := v.of
		v.rec = nil
		switch {
		case ids[v.at] == 0:
		case v.own:
			if k.nth = numbers[j]; k.nth == 0 {
				k.nth = k.make(ids[v.at])
			}
			v.rec = k.at(k.nth)
		case numbers[j] != 0:
			v.rec = k.at(numbers[j])
		default:
			v.rec = k.find(ids[v.at])
		}
		if v.own {
			k.rec = v.rec
		}
		if v.rec != nil {
			for _, s := range v.series {
				g.move(s, s.section(v.rec), e.Time)
			}
		}
	}
	for i := range w.views {
		v := &w.views[i]
		v.absent, v.sec = ids[v.at] == 0, nil
		if rec := w.visits[v.visit].rec; rec != nil {
			v.sec = v.series.section(rec)
		}
	}
	for i := range w.readers {
		if r := &w.readers[i]; r.before {
			out[r.place] = g.read(w, r, e.Time)
		}
	}
	hidden := e
	if w.late && e.Has(w.outcome) && e.Has(w.known) && e.Num(w.known) > g.learned {
		x := e.Without(w.outcome)
		hidden = &x
	}
	for _, k := range w.own {
		if k.rec != nil {
			for _, s := range k.series {
				g.push(w, k, s, b, e, hidden, named)
			}
		}
	}
	for i := range w.readers {
		if r := &w.readers[i]; !r.before {
			out[r.place] = g.read(w, r, e.Time)
		}
	}
}

// find is the record of a key; nil when there is none.
func (k *key) find(id uint32) []uint32 {
	if n := k.number(id); n != 0 {
		return k.at(n)
	}
	return nil
}

// number is that of a record, from 1 on; 0 is none.
func (k *key) number(id uint32) uint32 {
	if c := id / idsPerChunk; int(c) < len(k.ids) {
		return k.ids[c][id%idsPerChunk]
	}
	return 0
}

func (k *key) at(n uint32) []uint32 {
	from := int((n-1)%recordsPerChunk) * k.words
	return k.recs[(n-1)/recordsPerChunk][from : from+k.words]
}

// make gives a key a record, if it has none yet, and tells its number.
func (k *key) make(id uint32) uint32 {
	for int(id/idsPerChunk) >= len(k.ids) {
		k.ids = append(k.ids, make([]uint32, idsPerChunk))
	}
	n := &k.ids[id/idsPerChunk][id%idsPerChunk]
	switch free := len(k.free); {
	case *n != 0:
	case free > 0:
		*n, k.free = k.free[free-1], k.free[:free-1]
	default:
		if k.n%recordsPerChunk == 0 {
			k.recs = append(k.recs, make([]uint32, recordsPerChunk*k.words))
		}
		k.n++
		*n = k.n
	}
	return *n
}

// drop forgets the record of a key.
func (g *part) drop(k *key, id uint32) {
	n := k.number(id)
	if n == 0 {
		return
	}
	k.ids[id/idsPerChunk][id%idsPerChunk] = 0
	rec := k.at(n)
	for _, s := range k.series {
		g.empty(s, s.section(rec))
		if s.late {
			g.unlearn(s, n)
		}
	}
	clear(rec)
	k.free = append(k.free, n)
}

// empty gives back the memory of a section.
func (g *part) empty(s *series, sec []uint32) {
	g.arena(s.width).put(sec[wordRing], sec[wordMoment]&0xff)
	for _, b := range s.bounds {
		for i := range b.steps {
			if o := &b.steps[i]; o.do == enters || o.do == appears {
				g.arena(o.table.width).empty(sec[o.at:])
			}
		}
	}
}

// release forgets what is kept under a name.
func (g *part) release(domain feed.Domain, id uint32) {
	for _, k := range g.keys {
		if k.own && len(k.fields) == 1 && k.fields[0].Domain == domain {
			g.drop(k, id)
		}
	}
}

func (g *part) releasePair(level int, id uint32) {
	for _, k := range g.keys {
		if k.own && len(k.fields) == level+2 {
			g.drop(k, id)
		}
	}
}

// Keys is how many values of keys have state.
func (g *Engine) Keys() (n int64) {
	for _, p := range g.parts {
		for _, k := range p.keys {
			n += int64(k.n) - int64(len(k.free))
		}
	}
	return n
}

// Bytes is the memory that the state takes, the names of keys included, and
// what is set aside for more.
func (g *Engine) Bytes() (n int64) {
	for _, p := range g.parts {
		for _, a := range p.arenas {
			n += a.bytes()
		}
		for i := range p.names {
			n += p.names[i].bytes()
		}
		for i := range p.pairs {
			n += p.pairs[i].bytes()
		}
		for _, k := range p.keys {
			n += 4 * int64(idsPerChunk*len(k.ids)+recordsPerChunk*k.words*len(k.recs)+cap(k.free))
		}
	}
	return n
}
