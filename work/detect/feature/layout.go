package feature

import (
	"math"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/work/feed"
)

// The layout of state. All features over the events of one key share a series:
// for each value of the key one record of fixed size and one ring of events,
// oldest first. A window has two boundaries, at its offset and at offset plus
// length; each boundary is a place in the ring that moves on as time goes, and
// keeps for each aggregate what all events that it ever passed add up to. The
// value of a window is the difference between its two boundaries. So sums of
// integers are exact and never drift, windows that share a boundary share its
// work, and an event costs each boundary one step.
//
// A series in panes keeps not events but panes, pieces of time of equal
// length, with what their events add up to. A boundary passes a pane when the
// whole of it is past. Boundary 0, the present, takes every event at once.

// series is the state of one key.
type series struct {
	key    int   // of the engine's keys
	pane   int64 // length in microseconds; 0 is exact
	conds  []cond
	late   bool // some condition reads the outcome
	cols   []column
	bounds []*bound // by distance, the present first
	merges []*op    // of a pane: what its slot adds up
	far    *bound   // the last: what it has passed is forgotten
	now    *bound   // the first when its distance is 0, or nil
	shift  uint     // a slot of the ring has 2^shift words
	words  int      // of a record

	ats   []int   // words of the boundaries
	heads []int64 // the slots before which the boundaries of a record stand
	event []int64 // the present event as a slot: time<<8 | which conditions hold, then columns
	own   []int64 // record of the present event
	ownAt uint32  // its number
	ids   []uint32
	recs  [][]int64
	n     uint32
}

// Words of a record before those of its boundaries.
const (
	wordRing  = iota // block
	wordEnd          // events or panes that ever came; the last one's number is one less
	wordFirst        // the first boundary
)

const (
	recordsPerChunk = 256
	maxConds        = 7 // conditions of a series: a slot has eight bits for them, of which the lowest is always set
)

// cond is when an event counts: all that is not nil or absent must hold.
type cond struct {
	filter, of *condition
	field      *feed.Field // must be given
}

func (c cond) same(d cond) bool {
	text := func(x *condition) string {
		if x == nil {
			return ""
		}
		return x.text
	}
	name := func(f *feed.Field) string {
		if f == nil {
			return ""
		}
		return f.Name
	}
	return text(c.filter) == text(d.filter) && text(c.of) == text(d.of) && name(c.field) == name(d.field)
}

func (c cond) holds(b *feed.Batch, e *feed.Event, l Lists) bool {
	return (c.field == nil || e.Has(*c.field)) && (c.filter == nil || c.filter.holds(b, e, l)) && (c.of == nil || c.of.holds(b, e, l))
}

func (c cond) late() bool { return c.filter != nil && c.filter.late || c.of != nil && c.of.late }

// column is a value of an event that its slot keeps.
type column struct {
	field feed.Field
	hash  bool // of a text or number, to tell distinct ones
	cut   int  // of a text: bytes at its end that are left out
}

type bound struct {
	dist int64 // microseconds before the present
	at   int   // word of the record: how many slots it has passed
	ops  []*op
}

// op is what a boundary does with an event that it passes.
type op struct {
	do   doing
	bit  uint8 // of the condition under which it counts
	col  int   // word of a slot; 0 is the time
	sign int64 // of a queue or extreme: -1 keeps the greatest
	of   *op   // of leaves and forgets: the one that came before
	dist int64 // of a queue or table: where its window ends, which tells it from others; -1 is nowhere
	at   int   // word of the record
	word int   // word of a pane's slot
}

type doing uint8

const (
	counts   doing = iota // one word
	sums                  // one word
	squares               // two words, high and low
	extreme               // of all time: two words, whether there is one, and it
	enters                // a queue
	leaves                //
	appears               // a table
	vanishes              //
)

func (d doing) words() int {
	switch d {
	case counts, sums:
		return 1
	case leaves, vanishes:
		return 0
	}
	return 2
}

// key is a tuple of fields of a kind of event.
type key struct {
	kind   feed.Kind
	fields []feed.Field
	own    bool // events are kept under it: unknown values are added
}

// view is how a feature looks at a series: by its own key, or by what another
// field of the event names.
type view struct {
	series *series
	key    int
	rec    []int64
	absent bool // the event does not name the key
}

// reader computes one feature from a record.
type reader struct {
	does       reading
	feature    *Feature
	place      int // of its value among those of an event
	view       int // among those of the kind of event
	count, sum difference
	square     difference
	all        difference // of a share: what it is a share of
	queue      *op
	before     bool // read before the present event is added
	scale      float64
}

// reading is how a feature is read from its record: the aggregate, as a number.
type reading uint8

const (
	readCount reading = iota
	readSum
	readMean
	readShare
	readDeviation
	readDistinct
	readExtreme
	readSince
)

var readings = map[Aggregate]reading{
	Count: readCount, Sum: readSum, Mean: readMean, Share: readShare, StdDev: readDeviation, Distinct: readDistinct,
	Min: readExtreme, Max: readExtreme, FirstSeen: readExtreme, LastSeen: readExtreme, Since: readSince,
}

// difference is what two boundaries differ by. It knows their words once they
// are laid out; low is the word of the ring, which is not used, for all time.
type difference struct {
	upOf, lowOf *int
	up, low     int
}

// Engine holds the state of features. It consists of parts, each of which owns
// the state of some keys and can work beside the others. An engine belongs to
// one goroutine.
type Engine struct {
	features []*Feature
	kinds    []atKind // by kind of event
	parts    []*part
	lists    Lists
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
	of                   [2]*Feature
}

// part is the state of some keys.
type part struct {
	keys    []key
	kinds   []work   // by kind of event
	ids     []uint32 // of the present event, by key
	ahead   []uint32 // of the events to come
	touched int64    // keeps what is asked for beforehand from being left out
	series  []*series
	names   [feed.Domains]interner
	pairs   [maxKey - 1]pairer
	memory  *arena
	pending []lesson
	order   int64
	lists   Lists
}

// work is what a part does with the events of a kind.
type work struct {
	width   int       // values of an event
	keys    []int     // to look up
	series  []*series // to add it to
	views   []view
	readers []reader
	late    bool // some series of it reads the outcome
	outcome feed.Field
	known   feed.Field
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
	g := compilePacks([]*Pack{{Name: p.Name, Features: mine}}, map[string][]*Feature{p.Name: p.Features}, OnlineOptions{}, parts)
	g.kind = kind
	return g, nil
}

// Online compiles the features of packs, of all kinds of event, into one
// engine. What is declared alike, in one pack or in two, shares its state. The
// names of the packs differ; they may have no features.
func Online(packs []*Pack, o OnlineOptions) (*Engine, error) {
	if o.Late < 0 || o.Late > 24*time.Hour {
		return nil, lanzha.Invalid("late", "0 to 24 hours are wanted")
	}
	declared := map[string][]*Feature{}
	for _, p := range packs {
		if _, ok := declared[p.Name]; ok {
			return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: p.Name, Message: "two packs have this name", Hint: "give one of them another"}
		}
		declared[p.Name] = p.Features
	}
	return compilePacks(packs, declared, o, 1), nil
}

// Online compiles the features of one pack for all kinds of event.
func (p *Pack) Online(o OnlineOptions) (*Engine, error) { return Online([]*Pack{p}, o) }

// compilePacks makes an engine. declared are all features of each pack: ratios
// name their parts by their places among them.
func compilePacks(packs []*Pack, declared map[string][]*Feature, o OnlineOptions, parts int) *Engine {
	g := &Engine{lists: o.Listed, kinds: make([]atKind, len(feed.Kinds())+1)}
	index := map[*Feature]int{}
	byKey := map[string][]*Feature{}
	for _, p := range packs {
		for _, f := range p.Features {
			index[f] = len(g.features)
			g.features = append(g.features, f)
			if f.Aggregate != Ratio {
				byKey[f.keyName()] = append(byKey[f.keyName()], f)
			}
		}
	}
	for i, f := range g.features {
		for _, kind := range f.At {
			at := &g.kinds[kind]
			if at.places == nil {
				at.places = map[int]int{}
			}
			at.places[i] = len(at.values)
			at.values = append(at.values, i)
		}
	}
	for i, f := range g.features {
		if f.Aggregate != Ratio {
			continue
		}
		of := [2]*Feature{declared[f.Pack][f.parts[0]], declared[f.Pack][f.parts[1]]}
		for _, kind := range f.At {
			at := &g.kinds[kind]
			at.ratios = append(at.ratios, ratio{f, at.places[i], at.places[index[of[0]]], at.places[index[of[1]]], of})
		}
	}
	// The key with the most features goes first, each to the part that has the
	// fewest yet.
	names := sortedNames(byKey)
	slices.SortStableFunc(names, func(a, b string) int { return len(byKey[b]) - len(byKey[a]) })
	for range max(1, min(parts, len(names))) {
		x := &part{memory: newArena(), kinds: make([]work, len(g.kinds)), lists: o.Listed}
		for _, kind := range feed.Kinds() {
			w := &x.kinds[kind]
			w.width = len(g.kinds[kind].values)
			w.outcome, _ = kind.Field("outcome")
			w.known, _ = kind.Field("known")
		}
		g.parts = append(g.parts, x)
	}
	load := make([]int, len(g.parts))
	for _, name := range names {
		least := 0
		for i := range load {
			if load[i] < load[least] {
				least = i
			}
		}
		load[least] += len(byKey[name])
		x := g.parts[least]
		for _, f := range byKey[name] {
			s, r := x.plan(f)
			for _, kind := range f.At {
				r.place = g.kinds[kind].places[index[f]]
				r.view = x.view(kind, s, f.reads[kind])
				x.kinds[kind].readers = append(x.kinds[kind].readers, r)
			}
		}
	}
	for _, x := range g.parts {
		x.lay()
	}
	return g
}

func (f *Feature) keyName() string {
	names := []string{f.Event.String()}
	for _, field := range f.Key {
		names = append(names, field.Name)
	}
	return strings.Join(names, ",")
}

func sortedNames(of map[string][]*Feature) []string {
	out := []string{}
	for name := range of {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// lay gives everything its place.
func (g *part) lay() {
	for _, s := range g.series {
		s.lay()
		w := &g.kinds[g.keys[s.key].kind]
		w.series = append(w.series, s)
		w.late = w.late || s.late
	}
	for i := range g.keys {
		w := &g.kinds[g.keys[i].kind]
		w.keys = append(w.keys, i)
	}
	for k := range g.kinds {
		for i := range g.kinds[k].readers {
			r := &g.kinds[k].readers[i]
			for _, d := range []*difference{&r.count, &r.sum, &r.square, &r.all} {
				if d.upOf != nil {
					d.up = *d.upOf
				}
				if d.lowOf != nil {
					d.low = *d.lowOf
				}
			}
		}
	}
	g.ids, g.ahead = make([]uint32, len(g.keys)), make([]uint32, ahead*len(g.keys))
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

func (g *part) key(kind feed.Kind, fields []feed.Field, own bool) int {
	i := slices.IndexFunc(g.keys, func(k key) bool {
		return k.kind == kind && slices.EqualFunc(k.fields, fields, func(a, b feed.Field) bool { return a.Name == b.Name })
	})
	if i < 0 {
		i = len(g.keys)
		g.keys = append(g.keys, key{kind: kind, fields: fields})
	}
	g.keys[i].own = g.keys[i].own || own
	return i
}

// place finds the series of a feature and the bits of its conditions in it, and
// makes what is missing.
func (g *part) place(f *Feature, conds ...cond) (s *series, bits []uint8) {
	own := g.key(f.Event, f.Key, true)
	pane := int64(0)
	if f.Panes > 0 {
		pane = f.Window.Microseconds() / int64(f.Panes)
	}
	for _, s := range g.series {
		if s.key != own || s.pane != pane {
			continue
		}
		missing := 0
		for _, c := range conds {
			if c != (cond{}) && !slices.ContainsFunc(s.conds, c.same) {
				missing++
			}
		}
		if len(s.conds)+missing <= maxConds {
			return s, s.bits(conds)
		}
	}
	s = &series{key: own, pane: pane}
	g.series = append(g.series, s)
	return s, s.bits(conds)
}

func (s *series) bits(conds []cond) (out []uint8) {
	for _, c := range conds {
		if c == (cond{}) {
			out = append(out, 0)
			continue
		}
		i := slices.IndexFunc(s.conds, c.same)
		if i < 0 {
			i = len(s.conds)
			s.conds = append(s.conds, c)
			s.late = s.late || c.late()
		}
		out = append(out, uint8(i+1))
	}
	return out
}

func (s *series) bound(dist time.Duration) *bound {
	d := dist.Microseconds()
	for _, b := range s.bounds {
		if b.dist == d {
			return b
		}
	}
	b := &bound{dist: d}
	s.bounds = append(s.bounds, b)
	return b
}

// op finds or makes what a boundary does.
func (b *bound) op(o op) *op {
	for _, x := range b.ops {
		if x.do == o.do && x.bit == o.bit && x.col == o.col && x.sign == o.sign && x.of == o.of && x.dist == o.dist {
			return x
		}
	}
	b.ops = append(b.ops, &o)
	return &o
}

func (s *series) column(f feed.Field, hashed bool, cut int) int {
	i := slices.IndexFunc(s.cols, func(c column) bool { return c.field.Name == f.Name && c.hash == hashed && c.cut == cut })
	if i < 0 {
		i = len(s.cols)
		s.cols = append(s.cols, column{f, hashed, cut})
	}
	return i + 1
}

// plan gives a feature its place in a series.
func (g *part) plan(f *Feature) (*series, reader) {
	c := cond{filter: f.filter}
	if f.field != nil && !f.field.Required {
		c.field = f.field
	}
	conds := []cond{c}
	if f.Aggregate == Share {
		conds = append(conds, cond{filter: f.filter, of: f.of})
	}
	s, bits := g.place(f, conds...)
	r := reader{does: readings[f.Aggregate], feature: f, before: f.Aggregate == LastSeen || f.Aggregate == Since && !f.sinceFirst(), scale: 1}
	up := s.bound(f.Offset)
	var low *bound
	end := int64(-1)
	if f.Window > 0 {
		low = s.bound(f.Offset + f.Window)
		end = low.dist
	}
	add := func(do doing, bit uint8, col int) difference {
		if do == counts && bit == 0 && s.pane == 0 { // the boundary's own place counts
			if low == nil {
				return difference{upOf: &up.at}
			}
			return difference{upOf: &up.at, lowOf: &low.at}
		}
		d := difference{upOf: &up.op(op{do: do, bit: bit, col: col}).at}
		if low != nil {
			d.lowOf = &low.op(op{do: do, bit: bit, col: col}).at
		}
		return d
	}
	col := 0
	if f.field != nil {
		col = s.column(*f.field, f.Aggregate == Distinct, f.cut)
		if f.field.Type == feed.Amount {
			r.scale = 100
		}
	}
	switch f.Aggregate {
	case Count:
		r.count = add(counts, bits[0], 0)
	case Share:
		r.all, r.count = add(counts, bits[0], 0), add(counts, bits[1], 0)
	case Sum:
		r.sum = add(sums, bits[0], col)
	case StdDev:
		r.square = add(squares, bits[0], col)
		fallthrough
	case Mean:
		r.count, r.sum = add(counts, bits[0], 0), add(sums, bits[0], col)
	case Distinct:
		r.queue = up.op(op{do: appears, bit: bits[0], col: col, dist: end})
		if low != nil {
			low.op(op{do: vanishes, bit: bits[0], col: col, of: r.queue})
		}
	default: // the least or greatest of a column, or of the time
		sign := int64(1)
		if f.Aggregate == Max || f.Aggregate == LastSeen || f.Aggregate == Since && !f.sinceFirst() {
			sign = -1
		}
		if low == nil {
			r.queue = up.op(op{do: extreme, bit: bits[0], col: col, sign: sign})
			break
		}
		r.queue = up.op(op{do: enters, bit: bits[0], col: col, sign: sign, dist: end})
		low.op(op{do: leaves, bit: bits[0], col: col, of: r.queue})
	}
	return s, r
}

func (f *Feature) sinceFirst() bool {
	return len(f.Of) == 1 && strings.EqualFold(f.Of[0], string(FirstSeen))
}

func (g *part) view(kind feed.Kind, s *series, read []feed.Field) int {
	k := g.key(kind, read, false)
	w := &g.kinds[kind]
	i := slices.IndexFunc(w.views, func(v view) bool { return v.series == s && v.key == k })
	if i < 0 {
		i = len(w.views)
		w.views = append(w.views, view{series: s, key: k})
	}
	return i
}

// lay gives every boundary and operation its words.
func (s *series) lay() {
	slices.SortFunc(s.bounds, func(a, b *bound) int { return int(min(max(a.dist-b.dist, -1), 1)) })
	s.far = s.bounds[len(s.bounds)-1]
	if s.bounds[0].dist == 0 {
		s.now = s.bounds[0]
	}
	s.words = wordFirst
	slot := 1
	for _, b := range s.bounds {
		b.at = s.words
		s.ats = append(s.ats, b.at)
		s.words++
		for _, o := range b.ops {
			o.at = s.words
			s.words += o.do.words()
			if s.pane == 0 || b.dist == 0 || o.do == leaves || o.do == vanishes {
				continue
			}
			if i := slices.IndexFunc(s.merges, func(m *op) bool { return m.do == o.do && m.bit == o.bit && m.col == o.col && m.sign == o.sign }); i >= 0 {
				o.word = s.merges[i].word
				continue
			}
			o.word = slot
			slot += o.do.words()
			if o.do == enters {
				slot-- // a pane keeps the least alone
			}
			s.merges = append(s.merges, o)
		}
	}
	if s.pane == 0 {
		slot = 1 + len(s.cols)
	}
	for 1<<s.shift < slot {
		s.shift++
	}
	s.event, s.heads = make([]int64, 1+len(s.cols)), make([]int64, len(s.bounds))
}

// none is the least of no values in a pane.
const none = math.MaxInt64
