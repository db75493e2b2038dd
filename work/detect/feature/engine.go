package feature

import (
	"container/heap"
	"math"
	"math/bits"
	"slices"

	"lanzha/work/feed"
)

// AddAll takes events of a kind into the state, one behind the other, and gives
// the features of each as they stand then, the event included where a window
// ends at the present. Refused events are passed over, and their places in out
// stay as they are. out has a row for each event: a place for each of Values.
// Events come in the order of their time; of two with one time the first that
// comes is the earlier.
func (g *Engine) AddAll(kind feed.Kind, b *feed.Batch, events []feed.Event, out []Value) {
	for _, p := range g.parts {
		p.addAll(kind, b, events, out)
	}
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
		p.name(&p.kinds[kind], b, e, p.ids)
		p.add(&p.kinds[kind], b, e, p.ids, out)
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
	a, ok := r.of[0].Float(first)
	b, too := r.of[1].Float(second)
	if ok && too && b != 0 {
		return float(a / b)
	}
	return r.feature.orEmpty(Absent)
}

// ahead is for how many events memory is asked beforehand: all that they need
// fits into the nearest cache.
const ahead = 16

// addAll adds events one behind the other, and passes over those that were
// refused. out has places for the features of each.
//
// Most of the time goes into waiting for memory, since every event names other
// keys. So it is asked for in steps for several events at once: first who they
// are, then their records, then the places in their rings.
func (g *part) addAll(kind feed.Kind, b *feed.Batch, events []feed.Event, out []Value) {
	w := &g.kinds[kind]
	n, k := w.width, len(g.keys)
	for from := 0; from < len(events); from += ahead {
		some := events[from:min(from+ahead, len(events))]
		touched := int64(0)
		for i := range some {
			ids := g.ahead[i*k : (i+1)*k]
			g.name(w, b, &some[i], ids)
			for _, s := range w.series {
				if rec := s.find(ids[s.key]); rec != nil {
					touched += rec[wordRing] + rec[s.far.at]
				}
			}
		}
		for i := range some {
			for _, s := range w.series {
				if rec := s.find(g.ahead[i*k+s.key]); rec != nil && rec[wordRing] != 0 {
					ring := g.memory.at(block(rec[wordRing]))
					mask := int64(len(ring)>>s.shift - 1)
					for _, at := range s.ats {
						touched += ring[(rec[at]&mask)<<s.shift]
					}
				}
			}
		}
		g.touched = touched
		for i := range some {
			if !some[i].Refused {
				g.add(w, b, &some[i], g.ahead[i*k:(i+1)*k], out[(from+i)*n:(from+i+1)*n])
			}
		}
	}
}

// name finds the numbers of the keys that an event names.
func (g *part) name(w *work, b *feed.Batch, e *feed.Event, ids []uint32) {
	for _, i := range w.keys {
		ids[i] = g.id(b, e, &g.keys[i])
	}
}

func (g *part) add(w *work, b *feed.Batch, e *feed.Event, ids []uint32, out []Value) {
	g.learn(e.Time)
	for _, s := range w.series {
		if s.own = nil; ids[s.key] != 0 {
			s.own = s.record(ids[s.key])
			s.advance(g.memory, s.own, e.Time)
		}
	}
	for i := range w.views {
		v := &w.views[i]
		v.absent = ids[v.key] == 0
		switch {
		case v.key == v.series.key:
			v.rec = v.series.own
		case v.absent:
			v.rec = nil
		default:
			if v.rec = v.series.find(ids[v.key]); v.rec != nil {
				v.series.advance(g.memory, v.rec, e.Time)
			}
		}
	}
	for i := range w.readers {
		if r := &w.readers[i]; r.before {
			out[r.place] = g.read(w, r, e.Time)
		}
	}
	hidden := e
	if w.late && e.Has(w.outcome) && e.Has(w.known) && e.Num(w.known) > e.Time {
		x := e.Without(w.outcome)
		hidden = &x
	}
	for _, s := range w.series {
		if s.own != nil {
			g.push(w, s, b, e, hidden)
		}
	}
	for i := range w.readers {
		if r := &w.readers[i]; !r.before {
			out[r.place] = g.read(w, r, e.Time)
		}
	}
}

// id is the number of the key that the event names; 0 is none.
func (g *part) id(b *feed.Batch, e *feed.Event, k *key) uint32 {
	for i := range k.fields {
		if !e.Has(k.fields[i]) {
			return 0
		}
	}
	id := uint32(0)
	for i := range k.fields {
		f := &k.fields[i]
		next := g.names[f.Domain].find(b.Text(e, *f), k.own)
		switch {
		case next == 0:
			return unknown
		case i == 0:
			id = next
		default:
			if id = g.pairs[i-1].find(id, next, k.own); id == 0 {
				return unknown
			}
		}
	}
	return id
}

// unknown is a key that is named and has no state.
const unknown = math.MaxUint32

// find is the record of a key; nil when there is none.
func (s *series) find(id uint32) []int64 {
	if int64(id) >= int64(len(s.ids)) || s.ids[id] == 0 {
		return nil
	}
	return s.rec(s.ids[id] - 1)
}

func (s *series) rec(n uint32) []int64 {
	from := int(n%recordsPerChunk) * s.words
	return s.recs[n/recordsPerChunk][from : from+s.words]
}

// record is the record of a key, made when it is new.
func (s *series) record(id uint32) []int64 {
	if int(id) >= len(s.ids) {
		s.ids = slices.Grow(s.ids, int(id)+1-len(s.ids))[:int(id)+1]
	}
	if s.ids[id] == 0 {
		if s.n%recordsPerChunk == 0 {
			s.recs = append(s.recs, make([]int64, recordsPerChunk*s.words))
		}
		s.n++
		s.ids[id] = s.n
	}
	s.ownAt = s.ids[id] - 1
	return s.rec(s.ownAt)
}

// advance moves the boundaries of a record on to a moment, the nearest first:
// what enters a window enters before it leaves.
func (s *series) advance(memory *arena, rec []int64, now int64) {
	end := rec[wordEnd]
	if rec[s.far.at] == end {
		return
	}
	ring := memory.at(block(rec[wordRing]))
	mask := int64(len(ring)>>s.shift - 1)
	// Each boundary stands in another line of memory. All of them are asked for
	// before the first is looked at, so that the core waits once and not for each.
	heads := s.heads
	for i, at := range s.ats {
		heads[i] = ring[(rec[at]&mask)<<s.shift]
	}
	for i, b := range s.bounds {
		limit := (now-b.dist)<<8 | 0xff
		if heads[i] > limit {
			continue
		}
		at := rec[b.at]
		for ; at < end; at++ {
			slot := ring[(at&mask)<<s.shift:]
			if slot[0] > limit {
				break
			}
			if s.pane == 0 {
				pass(memory, b.ops, rec, slot, at)
			} else {
				passPane(memory, b.ops, rec, slot, at)
			}
		}
		rec[b.at] = at
	}
}

func value(slot []int64, col int) int64 {
	if col == 0 {
		return slot[0] >> 8
	}
	return slot[col]
}

// pass takes an event over a boundary. tag is its number, or its pane's.
func pass(memory *arena, ops []*op, rec, slot []int64, tag int64) {
	for _, o := range ops {
		if slot[0]>>o.bit&1 == 0 && o.do != leaves {
			continue
		}
		switch o.do {
		case counts:
			rec[o.at]++
		case sums:
			rec[o.at] += slot[o.col]
		case squares:
			addSquare(rec[o.at:], slot[o.col])
		case extreme:
			if v := o.sign * value(slot, o.col); rec[o.at] == 0 || v < rec[o.at+1] {
				rec[o.at], rec[o.at+1] = 1, v
			}
		case enters:
			memory.push(rec[o.at:], tag, o.sign*value(slot, o.col))
		case leaves:
			memory.pop(rec[o.of.at:], tag)
		case appears:
			memory.see(rec[o.at:], slot[o.col], tag)
		case vanishes:
			memory.forget(rec[o.of.at:], slot[o.col], tag)
		}
	}
}

// passPane takes a pane over a boundary.
func passPane(memory *arena, ops []*op, rec, slot []int64, tag int64) {
	for _, o := range ops {
		switch o.do {
		case counts, sums:
			rec[o.at] += slot[o.word]
		case squares:
			high, low := wide(rec[o.at:])
			x, y := wide(slot[o.word:])
			low, carry := bits.Add64(low, y, 0)
			high, _ = bits.Add64(high, x, carry)
			rec[o.at], rec[o.at+1] = int64(high), int64(low)
		case enters:
			if slot[o.word] != none {
				memory.push(rec[o.at:], tag, slot[o.word])
			}
		case leaves:
			memory.pop(rec[o.of.at:], tag)
		case vanishes:
			memory.forgetAll(rec[o.of.at:], tag)
		}
	}
}

func wide(w []int64) (high, low uint64) { return uint64(w[0]), uint64(w[1]) }

// addSquare adds the square of x to a sum of 128 bits.
func addSquare(w []int64, x int64) {
	h, l := bits.Mul64(uint64(max(x, -x)), uint64(max(x, -x)))
	high, low := wide(w)
	low, carry := bits.Add64(low, l, 0)
	high, _ = bits.Add64(high, h, carry)
	w[0], w[1] = int64(high), int64(low)
}

func subtractSquare(w []int64, x int64) {
	h, l := bits.Mul64(uint64(max(x, -x)), uint64(max(x, -x)))
	high, low := wide(w)
	low, borrow := bits.Sub64(low, l, 0)
	high, _ = bits.Sub64(high, h, borrow)
	w[0], w[1] = int64(high), int64(low)
}

// push adds the present event to its record. hidden is the event without what
// becomes known of it later, or the event itself.
func (g *part) push(w *work, s *series, b *feed.Batch, e, hidden *feed.Event) {
	s.event[0] = e.Time<<8 | s.which(b, hidden, g.lists)
	for i := range s.cols {
		c := &s.cols[i]
		switch {
		case c.hash && c.field.Type == feed.Text:
			s.event[1+i] = int64(hash(c.text(b, e)))
		case c.hash:
			s.event[1+i] = int64(scatter(uint64(e.Num(c.field))))
		default:
			s.event[1+i] = e.Num(c.field)
		}
	}
	rec := s.own
	tag := rec[wordEnd]
	switch {
	case s.far == s.now: // nothing is ever asked for again
		rec[wordEnd]++
	case s.pane == 0:
		copy(s.slot(g.memory, rec), s.event)
	default:
		tag = s.merge(g.memory, rec, e.Time)
	}
	if s.now != nil {
		pass(g.memory, s.now.ops, rec, s.event, tag)
		rec[s.now.at] = rec[wordEnd]
	}
	if hidden == e || !s.late {
		return
	}
	if then := e.Time<<8 | s.which(b, e, g.lists); then != s.event[0] {
		l := lesson{at: e.Num(w.known), order: g.order, series: s, rec: s.ownAt, tag: tag, then: then, event: slices.Clone(s.event)}
		g.order++
		heap.Push((*lessons)(&g.pending), l)
	}
}

// text is what tells a text from others.
func (c *column) text(b *feed.Batch, e *feed.Event) []byte {
	text := b.Text(e, c.field)
	return text[:max(len(text)-c.cut, 0)]
}

// which are the bits of the conditions that hold.
func (s *series) which(b *feed.Batch, e *feed.Event, l Lists) int64 {
	w := int64(1)
	for i := range s.conds {
		if s.conds[i].holds(b, e, l) {
			w |= 2 << i
		}
	}
	return w
}

// slot is a new slot at the end of a record's ring, which grows when it is full.
func (s *series) slot(memory *arena, rec []int64) []int64 {
	first, end := rec[s.far.at], rec[wordEnd]
	var ring []int64
	if rec[wordRing] != 0 {
		ring = memory.at(block(rec[wordRing]))
	}
	size := int64(len(ring) >> s.shift)
	if end-first == size {
		class := int(s.shift) + 2
		if size > 0 {
			class = block(rec[wordRing]).class() + 1
		}
		grown := memory.get(class)
		to := memory.at(grown)
		more := int64(len(to)>>s.shift - 1)
		for i := first; i < end; i++ {
			copy(to[(i&more)<<s.shift:][:1<<s.shift], ring[(i&(size-1))<<s.shift:])
		}
		memory.put(block(rec[wordRing]))
		rec[wordRing], ring, size = int64(grown), to, more+1
	}
	rec[wordEnd]++
	return ring[(end&(size-1))<<s.shift:][:1<<s.shift]
}

// merge adds the present event to the last pane, or to a new one, and gives
// the pane's number.
func (s *series) merge(memory *arena, rec []int64, now int64) (tag int64) {
	last := now - mod(now, s.pane) + s.pane - 1 // the pane's last microsecond
	var slot []int64
	if tag = rec[wordEnd] - 1; tag >= rec[s.far.at] {
		ring := memory.at(block(rec[wordRing]))
		slot = ring[(tag&int64(len(ring)>>s.shift-1))<<s.shift:]
	}
	if slot == nil || slot[0]>>8 != last {
		slot = s.slot(memory, rec)
		tag++
		clear(slot)
		slot[0] = last<<8 | 1
		for _, o := range s.merges {
			if o.do == enters {
				slot[o.word] = none
			}
		}
	}
	for _, o := range s.merges {
		if s.event[0]>>o.bit&1 == 0 {
			continue
		}
		switch o.do {
		case counts:
			slot[o.word]++
		case sums:
			slot[o.word] += s.event[o.col]
		case squares:
			addSquare(slot[o.word:], s.event[o.col])
		case enters:
			slot[o.word] = min(slot[o.word], o.sign*value(s.event, o.col))
		}
	}
	return tag
}

func mod(a, b int64) int64 {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}

// read computes a feature.
func (g *part) read(w *work, r *reader, now int64) Value {
	v := Absent
	if view := &w.views[r.view]; !view.absent {
		v = g.aggregate(r, view.rec, now)
	}
	return r.feature.orEmpty(v)
}

// orEmpty is a value, or what stands for an empty one.
func (f *Feature) orEmpty(v Value) Value {
	if v == Absent && f.Empty != nil {
		return f.empty()
	}
	return v
}

// empty is the declared value of an empty feature in its own form.
func (f *Feature) empty() Value {
	switch f.form {
	case amounts:
		return Value(math.Round(*f.Empty * 100))
	case seconds, instants:
		return Value(math.Round(*f.Empty * 1e6))
	case floats:
		return float(*f.Empty)
	}
	return Value(math.Round(*f.Empty))
}

func (d *difference) of(rec []int64) int64 {
	if d.low == 0 {
		return rec[d.up]
	}
	return rec[d.up] - rec[d.low]
}

func (g *part) aggregate(r *reader, rec []int64, now int64) Value {
	if rec == nil {
		switch r.does {
		case readCount, readSum, readDistinct:
			return 0
		}
		return Absent
	}
	switch r.does {
	case readCount:
		return Value(r.count.of(rec))
	case readSum:
		return Value(r.sum.of(rec))
	case readMean:
		if n := r.count.of(rec); n > 0 {
			return float(float64(r.sum.of(rec)) / (float64(n) * r.scale))
		}
		return Absent
	case readShare:
		n := r.all.of(rec)
		switch hits := r.count.of(rec); {
		case n == 0:
			return Absent
		case hits == 0:
			return 0
		default:
			return float(float64(hits) / float64(n))
		}
	case readDeviation:
		if n := r.count.of(rec); n > 1 {
			return float(deviation(n, r.sum.of(rec), r.squares(rec)) / r.scale)
		}
		return Absent
	case readDistinct:
		return Value(rec[r.queue.at+1])
	}
	v, ok := rec[r.queue.at+1], rec[r.queue.at] != 0
	if r.queue.do == enters {
		v, ok = g.memory.least(rec[r.queue.at:])
	}
	switch v *= r.queue.sign; {
	case !ok:
		return Absent
	case r.does == readSince:
		return Value(now - v)
	}
	return Value(v)
}

func (r *reader) squares(rec []int64) [2]uint64 {
	high, low := wide(rec[r.square.up:])
	if r.square.low != 0 {
		h, l := wide(rec[r.square.low:])
		var borrow uint64
		low, borrow = bits.Sub64(low, l, 0)
		high, _ = bits.Sub64(high, h, borrow)
	}
	return [2]uint64{high, low}
}

// deviation is the standard deviation of a sample of n values from their sum
// and the sum of their squares. n times the squares less the square of the sum
// is exact in 192 bits; only then it is rounded.
func deviation(n, sum int64, square [2]uint64) float64 {
	h1, l1 := bits.Mul64(uint64(n), square[1])
	h2, l2 := bits.Mul64(uint64(n), square[0])
	mid, carry := bits.Add64(h1, l2, 0)
	top := h2 + carry
	magnitude := uint64(max(sum, -sum))
	sh, sl := bits.Mul64(magnitude, magnitude)
	low, borrow := bits.Sub64(l1, sl, 0)
	mid, borrow = bits.Sub64(mid, sh, borrow)
	top -= borrow
	spread := math.Ldexp(float64(top), 128) + math.Ldexp(float64(mid), 64) + float64(low)
	return math.Sqrt(spread / (float64(n) * float64(n-1)))
}

// lesson is an outcome that is not known yet: from a moment on, other
// conditions hold for an event.
type lesson struct {
	at     int64
	order  int64 // of those at one moment
	series *series
	rec    uint32
	tag    int64 // of the event, or its pane
	then   int64 // word of time and conditions
	event  []int64
}

type lessons []lesson

func (l lessons) Len() int { return len(l) }
func (l lessons) Less(i, j int) bool {
	return l[i].at < l[j].at || l[i].at == l[j].at && l[i].order < l[j].order
}
func (l lessons) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l *lessons) Push(x any)   { *l = append(*l, x.(lesson)) }
func (l *lessons) Pop() any {
	last := len(*l) - 1
	x := (*l)[last]
	*l = (*l)[:last]
	return x
}

// learn applies what is known by now.
func (g *part) learn(now int64) {
	for len(g.pending) > 0 && g.pending[0].at <= now {
		l := heap.Pop((*lessons)(&g.pending)).(lesson)
		l.series.learn(g.memory, &l)
	}
}

// learn corrects every boundary that has passed the event, and the event
// itself when it is still kept.
func (s *series) learn(memory *arena, l *lesson) {
	rec := s.rec(l.rec)
	for _, b := range s.bounds {
		if rec[b.at] > l.tag {
			for _, o := range b.ops {
				l.correct(o, rec, o.at)
			}
		}
	}
	if l.tag < rec[s.far.at] || s.far == s.now {
		return
	}
	ring := memory.at(block(rec[wordRing]))
	slot := ring[(l.tag&int64(len(ring)>>s.shift-1))<<s.shift:]
	if s.pane == 0 {
		slot[0] = l.then
		return
	}
	for _, o := range s.merges {
		l.correct(o, slot, o.word)
	}
}

// correct adds the event to what it now counts for, or takes it out.
func (l *lesson) correct(o *op, words []int64, at int) {
	was, is := l.event[0]>>o.bit&1, l.then>>o.bit&1
	switch {
	case was == is:
	case o.do == counts:
		words[at] += is - was
	case o.do == sums:
		words[at] += (is - was) * l.event[o.col]
	case o.do == squares && is == 1:
		addSquare(words[at:], l.event[o.col])
	case o.do == squares:
		subtractSquare(words[at:], l.event[o.col])
	}
}

// Peek reads features, by their places in Features, for a key whose fields
// have these texts, as they stand at a moment, without an event. seen is false
// when no event has named the key, or it is forgotten.
func (g *Engine) Peek(features []int, key []string, now int64, out []Value) (seen bool) {
	for i, n := range features {
		v, ok := g.peek(g.features[n], key, now)
		out[i] = g.features[n].orEmpty(v)
		seen = seen || ok
	}
	return seen
}

func (g *Engine) peek(f *Feature, key []string, now int64) (v Value, seen bool) {
	kind := f.At[0]
	at := &g.kinds[kind]
	place := at.places[slices.Index(g.features, f)]
	for i := range at.ratios {
		if r := &at.ratios[i]; r.place == place {
			first, seen := g.peek(r.of[0], key, now)
			second, also := g.peek(r.of[1], key, now)
			return r.value(r.of[0].orEmpty(first), r.of[1].orEmpty(second)), seen || also
		}
	}
	for _, p := range g.parts {
		w := &p.kinds[kind]
		for i := range w.readers {
			r := &w.readers[i]
			if r.place != place {
				continue
			}
			s := w.views[r.view].series
			id := p.idOf(&p.keys[s.key], key)
			rec := s.find(id)
			if rec != nil {
				s.advance(p.memory, rec, now)
			}
			return p.aggregate(r, rec, now), rec != nil
		}
	}
	return Absent, false
}

// idOf is the number of the key with these texts; 0 is none.
func (g *part) idOf(k *key, texts []string) (id uint32) {
	if len(texts) != len(k.fields) {
		return 0
	}
	for i := range k.fields {
		next := g.names[k.fields[i].Domain].find([]byte(texts[i]), false)
		switch {
		case next == 0:
			return 0
		case i == 0:
			id = next
		default:
			if id = g.pairs[i-1].find(id, next, false); id == 0 {
				return 0
			}
		}
	}
	return id
}

// Since is from which moment a feature counts; 0 is since the engine began.
func (g *Engine) Since(int) int64 { return 0 }

// Keys is how many values of keys have state.
func (g *Engine) Keys() (n int64) {
	for _, p := range g.parts {
		for _, s := range p.series {
			n += int64(s.n)
		}
	}
	return n
}

// Bytes is the memory that the state takes, the names of keys included; not
// counted is what is set aside for keys to come.
func (g *Engine) Bytes() (n int64) {
	for _, p := range g.parts {
		n += 8 * p.memory.words
		for i := range p.names {
			n += p.names[i].bytes()
		}
		for i := range p.pairs {
			n += p.pairs[i].bytes()
		}
		for _, s := range p.series {
			n += 4*int64(len(s.ids)) + 8*int64(s.n)*int64(s.words)
		}
	}
	return n
}
