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

func (c cond) holds(b *feed.Batch, e *feed.Event) bool {
	return (c.field == nil || e.Has(*c.field)) && (c.filter == nil || c.filter.holds(b, e)) && (c.of == nil || c.of.holds(b, e))
}

func (c cond) late() bool { return c.filter != nil && c.filter.late || c.of != nil && c.of.late }

// column is a value of an event that its slot keeps.
type column struct {
	field feed.Field
	hash  bool // of a text or number, to tell distinct ones
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

// key is a tuple of fields.
type key struct {
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
	place      int // of the feature among the engine's
	view       int
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

// Engine holds the state of the features of one kind of event. It consists of
// parts, each of which owns the state of some keys and can work beside the
// others.
type Engine struct {
	features []*Feature
	parts    []*part
	ratios   []ratio
}

// ratio is a feature that is made of two others, by their places.
type ratio struct{ place, first, second int }

// part is the state of some keys.
type part struct {
	width   int // features of the engine
	readers []reader
	keys    []key
	ids     []uint32 // of the present event, by key
	ahead   []uint32 // of the events to come
	touched int64    // keeps what is asked for beforehand from being left out
	series  []*series
	views   []view
	names   [feed.Domains]interner
	pairs   [maxKey - 1]pairer
	memory  *arena
	late    bool
	pending []lesson
	order   int64
	outcome feed.Field
	known   feed.Field
}

// Engine compiles the features of a pack that are of one kind of event, in up
// to so many parts. It refuses a pack that has none.
func (p *Pack) Engine(kind feed.Kind, parts int) (*Engine, error) {
	g := &Engine{}
	place := map[*Feature]int{}
	byKey := map[string][]*Feature{}
	for _, f := range p.Features {
		if f.Event != kind {
			continue
		}
		place[f] = len(g.features)
		g.features = append(g.features, f)
		if f.Aggregate == Ratio {
			g.ratios = append(g.ratios, ratio{place[f], place[p.Features[f.parts[0]]], place[p.Features[f.parts[1]]]})
			continue
		}
		byKey[f.keyName()] = append(byKey[f.keyName()], f)
	}
	if len(g.features) == 0 {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: p.Name, Message: "the pack has no feature of a " + kind.String(), Hint: "each feature names its kind of event, or the pack names it for all"}
	}
	// The key with the most features goes first, each to the part that has the
	// fewest yet.
	names := sortedNames(byKey)
	slices.SortStableFunc(names, func(a, b string) int { return len(byKey[b]) - len(byKey[a]) })
	for range max(1, min(parts, len(names))) {
		x := &part{width: len(g.features), memory: newArena()}
		x.outcome, _ = kind.Field("outcome")
		x.known, _ = kind.Field("known")
		g.parts = append(g.parts, x)
	}
	for _, name := range names {
		x := slices.MinFunc(g.parts, func(a, b *part) int { return len(a.readers) - len(b.readers) })
		for _, f := range byKey[name] {
			x.readers = append(x.readers, x.plan(f, place[f]))
		}
	}
	for _, x := range g.parts {
		x.lay()
	}
	return g, nil
}

func (f *Feature) keyName() string {
	names := []string{}
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
		g.late = g.late || s.late
	}
	for i := range g.readers {
		r := &g.readers[i]
		for _, d := range []*difference{&r.count, &r.sum, &r.square, &r.all} {
			if d.upOf != nil {
				d.up = *d.upOf
			}
			if d.lowOf != nil {
				d.low = *d.lowOf
			}
		}
	}
	g.ids, g.ahead = make([]uint32, len(g.keys)), make([]uint32, ahead*len(g.keys))
}

// Features are the features that the engine computes, in the order of the
// values that Add gives.
func (g *Engine) Features() []*Feature { return g.features }

func (g *part) key(fields []feed.Field, own bool) int {
	i := slices.IndexFunc(g.keys, func(k key) bool {
		return slices.EqualFunc(k.fields, fields, func(a, b feed.Field) bool { return a.Name == b.Name })
	})
	if i < 0 {
		i = len(g.keys)
		g.keys = append(g.keys, key{fields: fields})
	}
	g.keys[i].own = g.keys[i].own || own
	return i
}

// place finds the series of a feature and the bits of its conditions in it, and
// makes what is missing.
func (g *part) place(f *Feature, conds ...cond) (s *series, bits []uint8) {
	own := g.key(f.Key, true)
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

func (s *series) column(f feed.Field, hashed bool) int {
	i := slices.IndexFunc(s.cols, func(c column) bool { return c.field.Name == f.Name && c.hash == hashed })
	if i < 0 {
		i = len(s.cols)
		s.cols = append(s.cols, column{f, hashed})
	}
	return i + 1
}

// plan gives a feature its place.
func (g *part) plan(f *Feature, place int) reader {
	c := cond{filter: f.filter}
	if f.field != nil && !f.field.Required {
		c.field = f.field
	}
	conds := []cond{c}
	if f.Aggregate == Share {
		conds = append(conds, cond{filter: f.filter, of: f.of})
	}
	s, bits := g.place(f, conds...)
	r := reader{does: readings[f.Aggregate], feature: f, place: place, view: g.view(s, f.Read), before: f.Aggregate == LastSeen || f.Aggregate == Since && !f.sinceFirst(), scale: 1}
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
		col = s.column(*f.field, f.Aggregate == Distinct)
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
	return r
}

func (f *Feature) sinceFirst() bool {
	return len(f.Of) == 1 && strings.EqualFold(f.Of[0], string(FirstSeen))
}

func (g *part) view(s *series, read []feed.Field) int {
	k := g.key(read, false)
	i := slices.IndexFunc(g.views, func(v view) bool { return v.series == s && v.key == k })
	if i < 0 {
		i = len(g.views)
		g.views = append(g.views, view{series: s, key: k})
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
