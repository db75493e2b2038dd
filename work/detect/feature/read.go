package feature

import (
	"math"
	"math/bits"
	"slices"
)

// read computes a feature.
func (g *part) read(w *work, r *reader, now int64) Value {
	v := Absent
	if view := &w.views[r.view]; !view.absent {
		v = g.aggregate(r, view.sec, now)
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

// count is what a count came to in the window.
func (d *difference) count(sec []uint32) int64 {
	if d.two {
		return d.sum(sec)
	}
	if d.low == 0 {
		return int64(sec[d.up])
	}
	return int64(sec[d.up] - sec[d.low])
}

func (d *difference) sum(sec []uint32) int64 {
	if d.low == 0 {
		return get(sec[d.up:])
	}
	return get(sec[d.up:]) - get(sec[d.low:])
}

func (g *part) aggregate(r *reader, sec []uint32, now int64) Value {
	if sec == nil {
		switch r.does {
		case readCount, readSum, readDistinct:
			return 0
		}
		return Absent
	}
	switch r.does {
	case readDistinct:
		return Value(sec[r.set.at] & muchMask)
	case readExtreme, readSince:
		v := get(sec[r.set.at:]) ^ none
		if r.queue.do == enters {
			var ok bool
			if v, ok = r.set.table.least(sec[r.set.at:]); !ok {
				v = none
			}
		}
		return r.least(v, now)
	}
	return r.added(sec)
}

// least is a feature from the least value, or none.
func (r *reader) least(v, now int64) Value {
	switch v *= r.set.sign; {
	case v == none*r.set.sign:
		return Absent
	case r.does == readSince:
		return Value(now - v)
	}
	return Value(v)
}

// added is a feature from what the boundaries have added up.
func (r *reader) added(sec []uint32) Value {
	switch r.does {
	case readCount:
		return Value(r.count.count(sec))
	case readSum:
		return Value(r.sum.sum(sec))
	case readMean:
		if n := r.count.count(sec); n > 0 {
			return float(float64(r.sum.sum(sec)) / (float64(n) * r.scale))
		}
	case readShare:
		n := r.all.count(sec)
		switch hits := r.count.count(sec); {
		case n == 0:
		case hits == 0:
			return 0
		default:
			return float(float64(hits) / float64(n))
		}
	case readDeviation:
		if n := r.count.count(sec); n > 1 {
			return float(deviation(n, r.sum.sum(sec), r.squares(sec)) / r.scale)
		}
	}
	return Absent
}

func (r *reader) squares(sec []uint32) [2]uint64 {
	high, low := wide(sec[r.square.up:])
	if r.square.low != 0 {
		h, l := wide(sec[r.square.low:])
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

// Peek reads features, by their places in Features, for a key whose fields have
// these texts, as they stand at a moment, without an event. A moment before the
// last to which the key's events have led is read as that one. seen is false
// when no event has named the key, or it is forgotten. Nothing changes.
func (g *Engine) Peek(features []int, key []string, now int64, out []Value) (seen bool) {
	for i, n := range features {
		v, ok := g.peek(n, key, now)
		out[i] = v
		seen = seen || ok
	}
	return seen
}

func (g *Engine) peek(n int, key []string, now int64) (v Value, seen bool) {
	f := g.features[n]
	at := &g.kinds[f.At[0]]
	for i := range at.ratios {
		if r := &at.ratios[i]; r.feature == f {
			first, seen := g.peek(r.of[0], key, now)
			second, also := g.peek(r.of[1], key, now)
			return r.value(first, second), seen || also
		}
	}
	for _, p := range g.parts {
		w := &p.kinds[f.At[0]]
		for i := range w.readers {
			if r := &w.readers[i]; r.feature == f {
				view := &w.views[r.view]
				rec := view.of.number(p.idOf(view.of, key))
				if rec == 0 {
					return f.orEmpty(p.aggregate(r, nil, now)), false
				}
				return f.orEmpty(p.peek(view, r, rec, now)), true
			}
		}
	}
	return f.orEmpty(Absent), false
}

// idOf is the number of the key with these texts; 0 is none.
func (g *part) idOf(k *key, texts []string) (id uint32) {
	if len(texts) != len(k.fields) {
		return 0
	}
	for i := range k.fields {
		s := seek([]byte(texts[i]))
		at := g.names[k.fields[i].Domain].find(&s)
		if at == nil || g.age.over(at.day) {
			return 0
		}
		if i == 0 {
			id = at.id
			continue
		}
		s = seekPair(id, at.id)
		if at = g.pairs[i-1].find(&s); at == nil || g.age.over(at.day) {
			return 0
		}
		id = at.id
	}
	return id
}

// peek reads a feature from a copy of its section whose boundaries are moved
// on. Queues and sets are left as they are: what they would hold is worked out
// from the ring.
func (g *part) peek(v *view, r *reader, rec uint32, now int64) Value {
	s := v.series
	g.scratch = append(g.scratch[:0], s.section(v.of.at(rec))...)
	sec := g.scratch
	before := sec[r.up.at]
	now = max(now, get(sec[wordMoment:])>>8)
	var ring ring
	if sec[wordRing] != 0 {
		ring = s.ring(sec)
		for _, b := range s.bounds {
			limit := s.limit(b, now)
			for ; sec[b.at] != sec[wordEnd] && s.order(ring.slot(sec[b.at])) <= limit; sec[b.at]++ {
				slot := ring.slot(sec[b.at])
				if s.pane == 0 {
					s.pass(&ring, b.plain, sec, slot, sec[b.at])
				} else {
					s.passPane(b.plain, sec, slot, sec[b.at])
				}
			}
		}
	}
	for i := range g.pending {
		l := &g.pending[i]
		if l.series != s || l.rec != rec || l.at > now {
			continue
		}
		for _, b := range s.bounds {
			if int32(sec[b.at]-l.tag) > 0 {
				for i := range b.plain {
					l.correct(&b.plain[i], sec[b.plain[i].at:])
				}
			}
		}
	}
	switch {
	case r.does == readDistinct && s.pane > 0:
		return Value(r.set.table.later(sec[r.set.at:], uint32(max(s.limit(r.low, now), 0))))
	case r.does == readDistinct:
		return Value(r.distinct(&ring, sec, before))
	case r.queue != nil && r.queue.do == enters:
		least := int64(none)
		for at := sec[r.low.at]; at != sec[r.up.at]; at++ {
			switch slot := ring.slot(at); {
			case s.pane > 0:
				least = min(least, get(slot[r.set.word:])^none)
			case slot[0]>>r.set.bit&1 != 0:
				least = min(least, r.set.sign*r.set.value(slot))
			}
		}
		return r.least(least, now)
	}
	return g.aggregate(r, sec, now)
}

// distinct counts the values between two boundaries; of all time those that the
// set has and those of events that it has not seen.
func (r *reader) distinct(ring *ring, sec []uint32, before uint32) int64 {
	from, set := before, sec[r.set.at:]
	n := int64(set[0] & muchMask)
	if r.low != nil {
		from, n = sec[r.low.at], 0
	}
	seen := []int64{}
	for ; from != sec[r.up.at]; from++ {
		if slot := ring.slot(from); slot[0]>>r.set.bit&1 != 0 && (r.low != nil || !r.set.table.has(set, uint64(r.set.value(slot)))) {
			seen = append(seen, r.set.value(slot))
		}
	}
	slices.Sort(seen)
	return n + int64(len(slices.Compact(seen)))
}

// later is how many values of a table have a later tag than one.
func (a *arena) later(t []uint32, tag uint32) (n int) {
	if t[1] == 0 {
		return 0
	}
	mem := a.at(t[1], t[0]>>classShift)
	for i := a.width - 1; i < len(mem); i += a.width {
		if mem[i] > tag {
			n++
		}
	}
	return n
}
