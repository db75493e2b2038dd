package feature

import (
	"slices"
	"strings"
	"time"

	"lanzha/work/feed"
)

// The layout of state. All features over the events of one key share a record:
// a section of it and a ring of events, oldest first, for each series. A window
// has two boundaries, at its offset and at offset plus length; each boundary is
// a place in the ring that moves on as time goes, and keeps for each aggregate
// what all events that it ever passed add up to. The value of a window is the
// difference between its two boundaries. So sums of integers are exact and never
// drift, windows that share a boundary share its work, and an event costs each
// boundary one step. A boundary goes back as it came, when an event is late.
//
// A series in panes keeps not events but panes, pieces of time of equal
// length, with what their events add up to, and its boundaries pass whole panes.
// That at the present has passed the pane in which the present lies.

// series is events of one key, of one form.
type series struct {
	group  int   // of features that were declared together
	pane   int64 // length in microseconds; 0 is exact
	conds  []cond
	late   bool // some condition reads the outcome
	cols   []column
	bounds []*bound // by distance, the present first
	merges []step   // of a pane: what its slot adds up
	far    *bound   // the last: what it has passed is gone
	now    *bound   // the first when its distance is 0, or nil
	keep   *bound   // when events may be late: what they may need. It is far
	index  int      // among those of the part
	base   int      // of its section in the record
	size   int      // of the section
	width  int      // words of a slot
	memory *arena
	queued bool // it has queues

	edges []edge   // the boundaries of exact series, laid out
	ats   []int    // their words
	heads []int64  // the times before which the boundaries of a record stand
	event []uint32 // the present event as a slot: time<<8 | which conditions hold, then columns
}

// Words of a section before those of its boundaries.
const (
	wordRing   = iota // block
	wordEnd           // events or panes that ever came; the last one's number is one less
	wordMoment        // time<<8 to which the boundaries have moved, and the class of the ring
	_                 //
	wordFirst         // the first boundary
)

const (
	maxConds = 7  // conditions of a series: a slot has eight bits for them, of which the lowest is always set
	few      = 32 // events of a window through which a search for a value goes one by one
)

// cond is when an event counts: all that is not nil or absent must hold.
type cond struct {
	filter, of *condition
	field      *feed.Field // must be given
}

// text tells conditions apart.
func (c cond) text() string {
	out := []string{"", "", ""}
	for i, x := range []*condition{c.filter, c.of} {
		if x != nil {
			out[i] = x.text + " " + x.zone
		}
	}
	if c.field != nil {
		out[2] = c.field.Name
	}
	return strings.Join(out, "\n")
}

func (c cond) holds(b *feed.Batch, e *feed.Event, l Lists) bool {
	return (c.field == nil || e.Has(*c.field)) && (c.filter == nil || c.filter.holds(b, e, l)) && (c.of == nil || c.of.holds(b, e, l))
}

func (c cond) late() bool { return c.filter != nil && c.filter.late || c.of != nil && c.of.late }

// column is a value of an event that its slot keeps.
type column struct {
	field feed.Field
	as    columnForm
	cut   int // of a text: bytes at its end that are left out
	name  int // of a text whose number is kept: among the names of the kind of event
	at    int // word of a slot
}

type columnForm uint8

const (
	asNumber columnForm = iota // an amount, in two words
	asShort                    // another number, in one: what is larger counts as the largest that fits
	asName                     // the number of a text that is interned anyhow
	asHash                     // 64 bits of a text
)

const largestShort = 1<<32 - 1

func (c *column) wide() bool { return c.as == asNumber || c.as == asHash }

// edge is a boundary laid out.
type edge struct {
	at     int   // word of the section
	before int64 // how far before the present, as the order of slots counts
	steps  []step
}

type bound struct {
	dist  int64 // microseconds before the present
	at    int   // word of the section: how many slots it has passed
	ops   []*op
	steps []step // the same, laid out
	plain []step // those of them that change words of the section alone
}

// op is what a boundary does with an event that it passes, as it is planned.
type op struct {
	do    doing
	bit   uint8 // of the condition under which it counts
	col   int   // column and 1; 0 is the time
	sign  int64 // of a queue or extreme: -1 keeps the greatest
	of    *op   // of leaves, vanishes and settles: the one that came before
	end   int64 // of a queue or set: where its window ends, which tells it from others; -1 is nowhere
	at    int   // word of the section
	word  int   // word of a pane's slot
	other *bound
	lows  []*op // of what adds up: what it does at the far ends of its windows, nil for all time
	taken *op   // of such a one: what it takes out of, when that is of one window alone
}

// step is an op laid out.
type step struct {
	do    doing
	bit   uint8
	wide  bool  // the column has two words
	col   int   // word of a slot; 0 is the time
	sign  int64 // of what adds up: -1 takes out
	at    int   // word of the section
	word  int   // word of a pane's slot
	other int   // of a set: word of the boundary at the other end of its window; 0 is none
	table *arena
}

type doing uint8

const (
	counts   doing = iota // one word, which wraps: windows are shorter than that
	tallies               // two words: of all time, and of panes
	sums                  // two words
	squares               // four words, high and low
	extreme               // of all time: two words
	settles               // the same, of what can have no earlier event before it any more: two words
	enters                // a queue
	leaves                //
	appears               // a set
	vanishes              //
)

func (d doing) words(panes bool) int {
	switch d {
	case counts:
		return 1
	case tallies, sums, extreme, settles:
		return 2
	case appears:
		if panes {
			return 3 // the last pane of those that are out
		}
		return 2
	case squares:
		return 4
	case enters:
		return 3
	}
	return 0
}

// key is a tuple of fields of a kind of event. Each value of it has a record,
// if events are kept under it.
type key struct {
	kind   feed.Kind
	fields []feed.Field
	names  []int // the fields, among the names of the kind of event
	own    bool  // events are kept under it
	series []*series

	words int // of a record
	ids   [][]uint32
	recs  [][]uint32
	n     uint32 // records made
	free  []uint32
	rec   []uint32 // of the present event
	nth   uint32   // its number
}

const (
	recordsPerChunk = 1024
	idsPerChunk     = 1 << 14
	lineWords       = 16
)

// view is how a feature looks at a series: by its own key, or by what another
// field of the event names.
type view struct {
	series *series
	of     *key // of the series
	key    int  // that names it
	at     int  // of that, among the keys of the event
	visit  int  // by which the section is found
	sec    []uint32
	absent bool // the event does not name the key
}

// reader computes one feature from a section.
type reader struct {
	does       reading
	feature    *Feature
	place      int // of its value among those of an event
	view       int // among those of the kind of event
	count, sum difference
	square     difference
	all        difference // of a share: what it is a share of
	queue      *op
	set        step
	low, up    *bound // of the window; low is nil for all time
	before     bool   // read before the present event is added
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
// are laid out; low is the word of the ring, which is not used, when the first is all there is.
type difference struct {
	upOf, lowOf *int
	far         *op // what is done at the far end
	up, low     int
	two         bool // of counts: they have two words
}

// part is the state of some keys.
type part struct {
	keys    []*key
	kinds   []work // by kind of event
	series  []*series
	names   [feed.Domains]interner
	pairs   [maxKey - 1]interner
	arenas  []*arena // by width
	pending []lesson
	order   int64
	learned int64 // up to when outcomes are known: the time of the latest event
	lists   Lists
	lag     int64 // by how much an event may be late, in microseconds
	age     age

	sought  []sought // of the events to come
	ahead   []uint32 // their keys
	numbers []uint32 // of the records that they need
	touched uint64   // keeps what is asked for beforehand from being left out
	named   []uint32
	one     [1]feed.Event
	scratch []uint32
}

// work is what a part does with the events of a kind.
type work struct {
	width   int // values of an event
	names   []named
	keys    []int // to look up
	own     []*key
	views   []view
	readers []reader
	visits  []visit // series whose memory an event needs
	late    bool    // some series of it reads the outcome
	outcome feed.Field
	known   feed.Field
}

// named is a field that is part of a key.
type named struct {
	field feed.Field
	own   bool // events are kept under it: unknown values are added
}

// visit is to a record that an event needs.
type visit struct {
	of     *key
	at     int // of the key that names it, among those of the event
	own    bool
	series []*series
	lines  []int // words, one in each line of memory
	rec    []uint32
}

// arena is that of slots of a width.
func (g *part) arena(width int) *arena {
	for len(g.arenas) <= width {
		g.arenas = append(g.arenas, &arena{width: len(g.arenas)})
	}
	return g.arenas[width]
}

func (f *Feature) keyName() string {
	names := []string{f.Event.String()}
	for _, field := range f.Key {
		names = append(names, field.Name)
	}
	return strings.Join(names, ",")
}

func (g *part) key(kind feed.Kind, fields []feed.Field, own bool) int {
	i := slices.IndexFunc(g.keys, func(k *key) bool {
		return k.kind == kind && slices.EqualFunc(k.fields, fields, func(a, b feed.Field) bool { return a.Name == b.Name })
	})
	if i < 0 {
		i = len(g.keys)
		k := &key{kind: kind, fields: fields}
		for _, f := range fields {
			k.names = append(k.names, g.kinds[kind].name(f))
		}
		g.keys = append(g.keys, k)
	}
	k := g.keys[i]
	if k.own = k.own || own; own {
		for _, n := range k.names {
			g.kinds[kind].names[n].own = true
		}
	}
	return i
}

func (w *work) name(f feed.Field) int {
	i := slices.IndexFunc(w.names, func(n named) bool { return n.field.Name == f.Name })
	if i < 0 {
		i = len(w.names)
		w.names = append(w.names, named{field: f})
	}
	return i
}

// place finds the series of a feature and the bits of its conditions in it, and
// makes what is missing.
func (g *part) place(f *Feature, group int, conds ...cond) (s *series, bits []uint8) {
	own := g.keys[g.key(f.Event, f.Key, true)]
	pane := int64(0)
	if f.Panes > 0 {
		pane = f.Window.Microseconds() / int64(f.Panes)
	}
	for _, s := range own.series {
		if s.pane != pane || s.group != group {
			continue
		}
		missing := 0
		for _, c := range conds {
			if c != (cond{}) && !slices.ContainsFunc(s.conds, func(x cond) bool { return x.text() == c.text() }) {
				missing++
			}
		}
		if len(s.conds)+missing <= maxConds {
			return s, s.bits(conds)
		}
	}
	s = &series{index: len(g.series), group: group, pane: pane}
	g.series = append(g.series, s)
	own.series = append(own.series, s)
	return s, s.bits(conds)
}

func (s *series) bits(conds []cond) (out []uint8) {
	for _, c := range conds {
		if c == (cond{}) {
			out = append(out, 0)
			continue
		}
		i := slices.IndexFunc(s.conds, func(x cond) bool { return x.text() == c.text() })
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
		if x.do == o.do && x.bit == o.bit && x.col == o.col && x.sign == o.sign && x.of == o.of && x.end == o.end {
			return x
		}
	}
	b.ops = append(b.ops, &o)
	return &o
}

func (s *series) column(c column) int {
	i := slices.IndexFunc(s.cols, func(x column) bool { return x.field.Name == c.field.Name && x.as == c.as && x.cut == c.cut })
	if i < 0 {
		i = len(s.cols)
		s.cols = append(s.cols, c)
	}
	return i + 1
}

// columnOf is how the field of a feature is kept. The number of a text is kept
// when the text is part of a key in any case; of all time it is not, since
// numbers of names that were forgotten are given again.
func (g *part) columnOf(f *Feature) column {
	c := column{field: *f.field, cut: f.cut}
	switch w := &g.kinds[f.Event]; {
	case f.field.Type == feed.Amount:
		c.as = asNumber
	case f.field.Type != feed.Text:
		c.as = asShort
	case f.cut == 0 && f.Window > 0 && slices.ContainsFunc(w.names, func(n named) bool { return n.own && n.field.Name == f.field.Name }):
		c.as, c.name = asName, w.name(*f.field)
	default:
		c.as = asHash
	}
	return c
}

// plan gives a feature its place in a series.
func (g *part) plan(f *Feature, group int) (*series, reader) {
	c := cond{filter: f.filter}
	if f.field != nil && !f.field.Required {
		c.field = f.field
	}
	conds := []cond{c}
	if f.Aggregate == Share {
		conds = append(conds, cond{filter: f.filter, of: f.of})
	}
	s, bits := g.place(f, group, conds...)
	r := reader{does: readings[f.Aggregate], feature: f, before: f.Aggregate == LastSeen || f.Aggregate == Since && !f.sinceFirst(), scale: 1}
	r.up = s.bound(f.Offset)
	up := r.up
	var low *bound
	end := int64(-1)
	if f.Window > 0 {
		low = s.bound(f.Offset + f.Window)
		end = low.dist
	}
	r.low = low
	add := func(do doing, bit uint8, col int) difference {
		if do == counts && (low == nil || s.pane > 0) {
			do = tallies
		}
		if do == counts && bit == 0 { // the boundary's own place counts
			return difference{upOf: &up.at, lowOf: &low.at}
		}
		o := up.op(op{do: do, bit: bit, col: col})
		d := difference{upOf: &o.at, two: do == tallies}
		var far *op
		if low != nil {
			far = low.op(op{do: do, bit: bit, col: col})
			d.lowOf, d.far = &far.at, far
		}
		if !slices.Contains(o.lows, far) {
			o.lows = append(o.lows, far)
		}
		return d
	}
	col := 0
	if f.field != nil {
		c := g.columnOf(f)
		if f.Aggregate != Distinct && c.as != asNumber {
			c.as = asShort
		}
		col = s.column(c)
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
		r.queue = up.op(op{do: appears, bit: bits[0], col: col, end: end, other: low})
		if low != nil {
			low.op(op{do: vanishes, bit: bits[0], col: col, of: r.queue, other: up})
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
		r.queue = up.op(op{do: enters, bit: bits[0], col: col, sign: sign, end: end, other: low})
		low.op(op{do: leaves, bit: bits[0], col: col, of: r.queue})
		s.queued = true
	}
	return s, r
}

func (f *Feature) sinceFirst() bool {
	return len(f.Of) == 1 && strings.EqualFold(f.Of[0], string(FirstSeen))
}

func (g *part) view(kind feed.Kind, of *key, s *series, read []feed.Field) int {
	k := g.key(kind, read, false)
	w := &g.kinds[kind]
	i := slices.IndexFunc(w.views, func(v view) bool { return v.series == s && v.key == k })
	if i < 0 {
		i = len(w.views)
		w.views = append(w.views, view{series: s, of: of, key: k})
	}
	return i
}

// lay gives everything its place.
func (g *part) lay() {
	for i, k := range g.keys {
		w := &g.kinds[k.kind]
		w.keys = append(w.keys, i)
		if !k.own {
			continue
		}
		w.own = append(w.own, k)
		for _, s := range k.series {
			s.base = k.words
			s.lay(g)
			k.words += s.size
			w.late = w.late || s.late
		}
		w.visits = append(w.visits, visit{of: k, at: len(w.keys) - 1, own: true, series: k.series})
		// A record that nearly fills its last line of memory begins at one.
		if rest := k.words % lineWords; rest >= lineWords-3 {
			k.words += lineWords - rest
		}
	}
	most, visits := 0, 0
	for kind := range g.kinds {
		w := &g.kinds[kind]
		most = max(most, len(w.names))
		for i := range w.views {
			v := &w.views[i]
			v.at = slices.Index(w.keys, v.key)
			v.visit = slices.IndexFunc(w.visits, func(x visit) bool { return x.of == v.of && x.at == v.at })
			if v.visit < 0 {
				v.visit = len(w.visits)
				w.visits = append(w.visits, visit{of: v.of, at: v.at})
			}
			if x := &w.visits[v.visit]; !slices.Contains(x.series, v.series) {
				x.series = append(x.series, v.series)
			}
		}
		visits = max(visits, len(w.visits))
		for i := range w.visits {
			x := &w.visits[i]
			for _, s := range x.series {
				for at := s.base; at < s.base+s.size; at += lineWords {
					x.lines = append(x.lines, at)
				}
				x.lines = append(x.lines, s.base+s.size-1)
			}
		}
		for i := range w.readers {
			r := &w.readers[i]
			for _, d := range []*difference{&r.count, &r.sum, &r.square, &r.all} {
				if d.upOf != nil {
					d.up = *d.upOf
				}
				if d.lowOf != nil && (d.far == nil || d.far.taken == nil) {
					d.low = *d.lowOf
				}
			}
			if r.queue != nil {
				r.set = w.views[r.view].series.step(g, r.queue)
			}
		}
	}
	g.ahead = make([]uint32, ahead*len(g.keys))
	g.numbers = make([]uint32, ahead*visits)
	g.sought, g.named = make([]sought, ahead*most), make([]uint32, ahead*most)
}

// lay gives every boundary and operation its words.
func (s *series) lay(g *part) {
	slices.SortFunc(s.bounds, func(a, b *bound) int { return int(min(max(a.dist-b.dist, -1), 1)) })
	if s.bounds[0].dist == 0 {
		s.now = s.bounds[0]
	}
	if g.lag > 0 {
		s.keep = &bound{dist: s.bounds[len(s.bounds)-1].dist + g.lag}
		for _, b := range s.bounds {
			for _, o := range b.ops {
				if o.do == extreme {
					s.keep.op(op{do: settles, bit: o.bit, col: o.col, sign: o.sign, of: o})
				}
			}
		}
		s.bounds = append(s.bounds, s.keep)
	}
	s.far = s.bounds[len(s.bounds)-1]
	s.width = 2
	for i := range s.cols {
		s.cols[i].at = s.width
		if s.width++; s.cols[i].wide() {
			s.width++
		}
	}
	s.event, s.heads = make([]uint32, s.width), make([]int64, len(s.bounds))
	s.size = wordFirst
	// Where one window alone looks at a sum, its far end takes out of it again
	// instead of keeping a sum of its own.
	for _, b := range s.bounds {
		for _, o := range b.ops {
			if len(o.lows) == 1 && o.lows[0] != nil && len(o.lows[0].lows) == 0 {
				o.lows[0].taken = o
			}
		}
	}
	slot := 1
	for _, b := range s.bounds {
		b.at = s.size
		s.size++
		for _, o := range b.ops {
			if o.at = s.size; o.taken == nil {
				s.size += o.do.words(s.pane > 0)
			}
			if s.pane == 0 || o.do >= leaves {
				continue
			}
			if i := slices.IndexFunc(s.merges, func(m step) bool {
				return m.do == o.do && m.bit == o.bit && m.col == s.word(o.col) && (m.sign == o.sign || o.do <= squares)
			}); i >= 0 {
				o.word = s.merges[i].word
				continue
			}
			o.word = slot
			slot += o.do.words(true)
			if o.do == enters || o.do == tallies {
				slot-- // a pane keeps the least alone, and counts to 4 billion
			}
			s.merges = append(s.merges, s.step(g, o))
		}
	}
	for _, b := range s.bounds {
		for _, o := range b.ops {
			b.steps = append(b.steps, s.step(g, o))
			if o.do < settles {
				b.plain = append(b.plain, s.step(g, o))
			}
		}
	}
	for _, b := range s.bounds {
		s.ats = append(s.ats, b.at)
		s.edges = append(s.edges, edge{b.at, b.dist << 8, b.steps})
	}
	if s.pane > 0 {
		s.width = slot
	}
	s.memory = g.arena(s.width)
}

// word is the word of a slot in which a column begins.
func (s *series) word(col int) int {
	if col == 0 {
		return 0
	}
	return s.cols[col-1].at
}

func (s *series) step(g *part, o *op) step {
	x := step{do: o.do, bit: o.bit, col: s.word(o.col), sign: o.sign, at: o.at, word: o.word}
	if o.do <= squares {
		x.sign = 1
	}
	if o.taken != nil {
		x.at, x.sign = o.taken.at, -1
	}
	if o.col > 0 {
		x.wide = s.cols[o.col-1].wide()
	}
	switch o.do {
	case enters, leaves:
		x.table = g.arena(queueWidth)
	case appears, vanishes:
		x.table = g.arena(2)
		if x.wide {
			x.table = g.arena(3)
		}
	}
	if o.of != nil {
		x.word, x.at = x.at, o.of.at // what it undoes, or begins from
		if o.do == settles {
			x.at, x.word = o.at, o.of.at
		}
	}
	if o.other != nil {
		x.other = o.other.at
	}
	return x
}
