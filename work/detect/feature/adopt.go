package feature

import (
	"fmt"
	"maps"
	"slices"
)

// signature is what a feature counts, whatever it is called and wherever it is
// read: features that count the same can go on with one state.
func (f *Feature) signature() string {
	return fmt.Sprintf("%s %q %s %v %v %v %d %d", f.keyName(), cond{filter: f.filter, of: f.of}.text(), f.Aggregate, f.Of, f.Window, f.Offset, f.Panes, f.cut)
}

// Adopt takes over what another engine has counted: features that count what
// one of its features counted go on from there, others begin now, which Since
// tells. It is for an engine that has seen no events, with options like the
// other's; the other is used up.
func (g *Engine) Adopt(old *Engine) {
	if g.kind != 0 || old.kind != 0 || g.options.Late != old.options.Late {
		g.begin(old.clock())
		return
	}
	was := map[string]int{}
	last := 0
	for i, f := range slices.Backward(old.features) {
		was[f.signature()] = i
		last = max(last, old.groups[i])
	}
	groups, since := make([]int, len(g.features)), make([]int64, len(g.features))
	for i, f := range g.features {
		if k, ok := was[f.signature()]; ok {
			groups[i], since[i] = old.groups[k], old.since[k]
		} else {
			groups[i], since[i] = last+1, old.clock()
		}
	}
	packs, options := g.packs, g.options
	*g = Engine{packs: packs, options: options}
	g.compile(slices.Concat(featuresOf(packs)...), groups, halves)
	g.since = since
	lost := map[*series]bool{}
	for i, p := range g.parts {
		maps.Copy(lost, p.adopt(old.parts[i]))
	}
	for i, f := range g.features {
		if f.Aggregate == Ratio {
			continue
		}
		if s := g.seriesOf(f); lost[s] {
			g.since[i] = old.clock()
		}
	}
	for i := range g.kinds {
		for _, r := range g.kinds[i].ratios {
			n := slices.Index(g.features, r.feature)
			g.since[n] = max(g.since[r.of[0]], g.since[r.of[1]])
		}
	}
	*old = Engine{}
}

func featuresOf(packs []*Pack) (all [][]*Feature) {
	for _, p := range packs {
		all = append(all, p.Features)
	}
	return all
}

// begin says of all features that they count from a moment on.
func (g *Engine) begin(at int64) {
	for i := range g.since {
		g.since[i] = at
	}
}

// clock is the time of the last events.
func (g *Engine) clock() (at int64) {
	for _, p := range g.parts {
		at = max(at, p.age.clock)
	}
	return at
}

func (g *Engine) seriesOf(f *Feature) *series {
	w := &g.parts[half(f.keyName())].kinds[f.At[0]]
	i := slices.IndexFunc(w.readers, func(r reader) bool { return r.feature == f })
	return w.views[w.readers[i].view].series
}

// adopt takes over the state of another part. What it gives are the series that
// begin empty though they were there: their layout cannot be made from the old.
func (g *part) adopt(old *part) (lost map[*series]bool) {
	lost = map[*series]bool{}
	for width, a := range old.arenas {
		*g.arena(width) = *a
	}
	g.names, g.pairs, g.order, g.learned = old.names, old.pairs, old.order, old.learned
	idle := g.age.idle
	g.age = old.age
	g.age.idle = idle
	g.age.domain, g.age.segment, g.age.slot, g.age.key, g.age.rec = 0, 0, 0, 0, 0
	taken := map[*series]*series{} // old to new
	for _, was := range old.keys {
		if !was.own {
			continue
		}
		i := slices.IndexFunc(g.keys, func(k *key) bool { return k.own && k.kind == was.kind && k.keyName() == was.keyName() })
		if i < 0 {
			g.discard(was, was.series)
			continue
		}
		k := g.keys[i]
		k.n, k.free, k.ids = was.n, was.free, was.ids
		left := slices.Clone(was.series)
		moves := []*conversion{}
		for _, s := range k.series {
			for i, o := range left {
				if o.group != s.group || o.pane != s.pane {
					continue
				}
				if c := convert(o, s); c != nil {
					moves, taken[o] = append(moves, c), s
					left = slices.Delete(left, i, i+1)
					delete(lost, s)
					break
				}
				lost[s] = true
			}
		}
		g.discard(was, left)
		k.adopt(g, was, moves)
	}
	for _, l := range old.pending {
		s := taken[l.series]
		if s == nil {
			continue
		}
		c := convert(l.series, s)
		l.then = c.conditions(l.then)
		event := make([]uint32, len(s.event))
		event[0], event[1] = l.event[0]&^0xff|c.conditions(l.event[0]), l.event[1]
		for x, y := range c.columns {
			event[x] = l.event[y]
		}
		l.event = event
		l.series = s
		l.key = g.keys[slices.IndexFunc(g.keys, func(k *key) bool { return slices.Contains(k.series, s) })]
		g.postpone(l)
	}
	return lost
}

func (k *key) keyName() string { return (&Feature{Event: k.kind, Key: k.fields}).keyName() }

// discard gives back the memory of series that nobody needs any more.
func (g *part) discard(k *key, of []*series) {
	if len(of) == 0 {
		return
	}
	for n := range k.n {
		rec := k.at(n + 1)
		for _, s := range of {
			g.empty(s, s.section(rec))
		}
	}
}

// adopt makes the records of a key from those that it had.
func (k *key) adopt(g *part, was *key, moves []*conversion) {
	same := k.words == was.words && len(moves) == len(k.series) && len(moves) == len(was.series)
	for _, c := range moves {
		same = same && c.same && c.from.base == c.to.base
	}
	if same {
		k.recs = was.recs
		return
	}
	for from := range was.recs {
		k.recs = append(k.recs, make([]uint32, recordsPerChunk*k.words))
		for i := range recordsPerChunk {
			n := uint32(from*recordsPerChunk + i + 1)
			if n > was.n {
				break
			}
			for _, c := range moves {
				c.section(g, c.from.section(was.at(n)), c.to.section(k.at(n)))
			}
		}
		was.recs[from] = nil // not both at once
	}
}

// conversion makes sections of one series from those of another that has all
// that it needs.
type conversion struct {
	from, to *series
	same     bool              // nothing is different
	ring     bool              // slots are alike
	bits     [8]int            // of each bit of a slot, that of the other; -1 is none
	columns  map[int]int       // words of an event, new to old
	words    map[int]int       // of a slot
	bounds   map[*bound]*bound // none is one to be found anew
	ops      map[*op]*op
}

// convert compares two series; nil when one cannot be made from the other.
func convert(from, to *series) *conversion {
	c := &conversion{from: from, to: to, columns: map[int]int{}, bounds: map[*bound]*bound{}, ops: map[*op]*op{}}
	c.bits[0] = 0
	for i := 1; i < len(c.bits); i++ {
		c.bits[i] = -1
	}
	for i, x := range to.conds {
		k := slices.IndexFunc(from.conds, func(y cond) bool { return x.text() == y.text() })
		if k < 0 {
			return nil
		}
		c.bits[i+1] = k + 1
	}
	columns := map[int]int{0: 0}
	for i, x := range to.cols {
		k := slices.IndexFunc(from.cols, func(y column) bool { return x.field.Name == y.field.Name && x.as == y.as && x.cut == y.cut })
		if k < 0 {
			return nil
		}
		columns[i+1] = k + 1
		c.columns[x.at] = from.cols[k].at
		if x.wide() {
			c.columns[x.at+1] = from.cols[k].at + 1
		}
	}
	alike := func(x, y *op) bool {
		return x.do == y.do && c.bits[x.bit] == int(y.bit) && columns[x.col] == y.col && x.sign == y.sign && x.end == y.end
	}
	for _, b := range to.bounds {
		i := slices.IndexFunc(from.bounds, func(x *bound) bool { return x.dist == b.dist && (b == to.keep) == (x == from.keep) })
		if i < 0 && b != to.keep {
			return nil
		}
		if i >= 0 {
			c.bounds[b] = from.bounds[i]
		}
		of := from.keep // what has settled there has settled here
		if i >= 0 {
			of = from.bounds[i]
		}
		for _, o := range b.ops {
			k := slices.IndexFunc(of.ops, func(x *op) bool { return alike(o, x) })
			if k < 0 {
				return nil
			}
			c.ops[o] = of.ops[k]
		}
	}
	identity := true
	for i, b := range c.bits {
		identity = identity && (b == i || b == -1 && i > len(from.conds))
	}
	if c.words = c.columns; to.pane > 0 {
		c.words = map[int]int{}
		for _, b := range to.bounds {
			for _, o := range b.ops {
				for i := range o.do.words(true) {
					if o.do < leaves && o.word+i < to.width {
						c.words[o.word+i] = c.ops[o].word + i
					}
				}
			}
		}
		maps.DeleteFunc(c.words, func(_, old int) bool { return old >= from.width })
	}
	for x, y := range c.words {
		identity = identity && x == y
	}
	c.ring = identity && from.width == to.width
	c.same = c.ring && from.size == to.size && len(from.bounds) == len(to.bounds)
	for x, y := range c.ops {
		c.same = c.same && x.at == y.at && (x.taken == nil) == (y.taken == nil)
	}
	for x, y := range c.bounds {
		c.same = c.same && x.at == y.at
	}
	return c
}

// conditions are the bits of a slot in the new order.
func (c *conversion) conditions(old uint32) (bits uint32) {
	for i, k := range c.bits {
		if k >= 0 {
			bits |= old >> k & 1 << i
		}
	}
	return bits
}

// slot makes a slot of the new width.
func (c *conversion) slot(old, into []uint32) []uint32 {
	if into[0] = old[0]; c.to.pane == 0 {
		into[0], into[1] = old[0]&^0xff|c.conditions(old[0]), old[1]
	}
	for x, y := range c.words {
		into[x] = old[y]
	}
	return into
}

// takeOut takes one sum out of another.
func (o *op) takeOut(of, x []uint32) {
	switch o.do {
	case counts:
		of[0] -= x[0]
	case tallies, sums:
		add(of, -get(x))
	case squares:
		high, low := wide(x)
		subtractWide(of, high, low)
	}
}

// section makes a section. The old one is used up.
func (c *conversion) section(g *part, old, sec []uint32) {
	copy(sec[:wordFirst], old[:wordFirst])
	gone := map[*op]bool{}
	for _, b := range c.from.bounds {
		for _, o := range b.ops {
			gone[o] = true
		}
	}
	for _, b := range c.to.bounds {
		if of := c.bounds[b]; of != nil {
			sec[b.at] = old[of.at]
		} else {
			sec[b.at] = old[c.from.far.at]
		}
		for _, o := range b.ops {
			was := c.ops[o]
			if delete(gone, was); o.taken == nil {
				copy(sec[o.at:o.at+o.do.words(c.to.pane > 0)], old[was.at:])
			}
		}
	}
	for _, b := range c.to.bounds {
		for _, o := range b.ops {
			if o.taken != nil && c.ops[o].taken == nil { // there were other windows
				o.takeOut(sec[o.taken.at:], old[c.ops[o].at:])
			}
		}
	}
	for o := range gone {
		if o.do == enters || o.do == appears {
			x := c.from.step(g, o)
			x.table.empty(old[o.at:])
		}
	}
	if old[wordRing] == 0 {
		return
	}
	if !c.ring {
		class := old[wordMoment] & 0xff
		block := c.to.memory.get(class)
		from, to := c.from.ring(old), ring{c.to.memory.at(block, class), 1<<class - 1, c.to.width}
		from.mem = g.arena(c.from.width).at(old[wordRing], class)
		for at := old[c.from.far.at]; at != old[wordEnd]; at++ {
			c.slot(from.slot(at), to.slot(at))
		}
		g.arena(c.from.width).put(old[wordRing], class)
		sec[wordRing] = block
	}
	if c.to.keep != nil && c.bounds[c.to.keep] == nil {
		r, b := c.to.ring(sec), c.to.keep
		for limit := c.to.limit(b, get(sec[wordMoment:])>>8); sec[b.at] != sec[wordEnd] && c.to.order(r.slot(sec[b.at])) <= limit; sec[b.at]++ {
			if c.to.pane == 0 {
				c.to.pass(&r, b.steps, sec, r.slot(sec[b.at]), sec[b.at])
			}
		}
	}
}
