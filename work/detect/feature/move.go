package feature

import (
	"math/bits"
	"slices"

	"lanzha/work/feed"
)

// ring is the events or panes of a section.
type ring struct {
	mem   []uint32
	mask  uint32
	width int
}

func (s *series) section(rec []uint32) []uint32 { return rec[s.base : s.base+s.size] }

func (s *series) ring(sec []uint32) ring {
	class := sec[wordMoment] & 0xff
	return ring{s.memory.at(sec[wordRing], class), 1<<class - 1, s.width}
}

func (r *ring) slot(at uint32) []uint32 {
	from := int(at&r.mask) * r.width
	return r.mem[from : from+r.width]
}

func (r *ring) head(at uint32) *uint32 { return &r.mem[int(at&r.mask)*r.width] }

// order is what the slots of a ring ascend by: time and conditions, or the
// number of the pane.
func (s *series) order(slot []uint32) int64 {
	if s.pane == 0 {
		return get(slot)
	}
	return int64(slot[0])
}

// limit is the order of the last slot that a boundary has passed at a moment.
func (s *series) limit(b *bound, now int64) int64 {
	switch {
	case s.pane == 0:
		return (now-b.dist)<<8 | 0xff
	case b.dist == 0:
		return s.paneOf(now)
	}
	return s.paneOf(now-b.dist+1) - 1 // the whole pane is past
}

// beforeAll is where the number of panes begins: no event is so early.
const beforeAll = -2_208_988_800_000_000 // 1900, in microseconds

// paneOf is the number of the pane in which a moment lies, from 1 on. Panes
// begin at multiples of their length since 1970.
func (s *series) paneOf(at int64) int64 {
	return quotient(at, s.pane) - quotient(beforeAll, s.pane) + 1
}

func quotient(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// move moves the boundaries of a section to a moment.
func (g *part) move(s *series, sec []uint32, now int64) {
	moment := get(sec[wordMoment:])
	class := moment & 0xff
	switch {
	case now < moment>>8:
		s.settle(sec, moment>>8)
		g.back(s, sec, now)
	case sec[s.far.at] != sec[wordEnd]:
		if s.pane == 0 {
			s.forward(sec, now)
		} else {
			s.forwardPanes(sec, now)
		}
		if sec[s.far.at] == sec[wordEnd] && class > 1 { // what a busy time took is given back
			s.memory.put(sec[wordRing], uint32(class))
			sec[wordRing], class = 0, 0
		}
	}
	set(sec[wordMoment:], now<<8|class)
}

// settle notes in sets of panes from which pane on they count: that of the
// latest moment, to which events that come late do not change it.
func (s *series) settle(sec []uint32, moment int64) {
	if s.pane == 0 {
		return
	}
	for _, b := range s.bounds {
		for i := range b.steps {
			if o := &b.steps[i]; o.do == vanishes {
				set := sec[o.at:]
				set[2] = max(set[2], uint32(max(s.limit(b, moment), 0)))
			}
		}
	}
}

// forward moves the boundaries on, the nearest first: what enters a window
// enters before it leaves.
func (s *series) forward(sec []uint32, now int64) {
	r, end := s.ring(sec), sec[wordEnd]
	// Each boundary stands in another line of memory. All of them are asked for
	// before the first is looked at, so that the core waits once and not for each.
	heads := s.heads[:len(s.edges)]
	for i := range s.edges {
		heads[i] = get(r.mem[int(sec[s.edges[i].at]&r.mask)*r.width:])
	}
	last := now<<8 | 0xff
	for i := range s.edges {
		e := &s.edges[i]
		limit := last - e.before
		if heads[i] > limit {
			continue
		}
		at := sec[e.at]
		for at != end {
			slot := r.slot(at)
			if get(slot) > limit {
				break
			}
			if len(e.steps) > 0 {
				s.pass(&r, e.steps, sec, slot, at)
			}
			at++
		}
		sec[e.at] = at
	}
}

func (s *series) forwardPanes(sec []uint32, now int64) {
	r, end := s.ring(sec), sec[wordEnd]
	for _, b := range s.bounds {
		at, limit := sec[b.at], s.limit(b, now)
		for ; at != end; at++ {
			slot := r.slot(at)
			if s.order(slot) > limit {
				break
			}
			s.passPane(b.steps, sec, slot, at)
		}
		sec[b.at] = at
	}
}

// back moves the boundaries back, the farthest first. What the farthest of all
// has passed is gone.
func (g *part) back(s *series, sec []uint32, now int64) {
	first := sec[s.far.at]
	if first == sec[wordEnd] {
		return
	}
	r := s.ring(sec)
	moved := false
	for _, b := range slices.Backward(s.bounds) {
		if b == s.far {
			continue
		}
		at, limit := sec[b.at], s.limit(b, now)
		for ; at != first; at-- {
			slot := r.slot(at - 1)
			if s.order(slot) <= limit {
				break
			}
			moved = true
			if s.pane == 0 {
				s.unpass(&r, b.steps, sec, slot, at-1)
			} else {
				s.unpassPane(b.steps, sec, slot)
			}
		}
		sec[b.at] = at
	}
	if moved {
		s.again(&r, sec)
	}
}

func (o *step) value(slot []uint32) int64 {
	switch {
	case o.col == 0:
		return get(slot) >> 8
	case o.wide:
		return get(slot[o.col:])
	}
	return int64(slot[o.col])
}

// pass takes an event over a boundary. at is its number.
func (s *series) pass(r *ring, steps []step, sec, slot []uint32, at uint32) {
	bits := slot[0]
	for i := range steps {
		o := &steps[i]
		if bits>>o.bit&1 == 0 {
			continue
		}
		switch o.do {
		case counts:
			sec[o.at] += uint32(o.sign)
		case tallies:
			add(sec[o.at:], o.sign)
		case sums:
			add(sec[o.at:], o.sign*o.value(slot))
		case squares:
			o.square(sec, o.value(slot), o.sign)
		case extreme, settles:
			if v := o.sign * o.value(slot); v < get(sec[o.at:])^none {
				set(sec[o.at:], v^none)
			}
		case enters:
			o.table.push(sec[o.at:], at, o.sign*o.value(slot))
		case leaves:
			o.table.pop(sec[o.at:], at)
		case appears:
			o.enter(r, sec, slot, at)
		case vanishes:
			o.leave(r, sec, slot, at)
		}
	}
}

// unpass takes an event back over a boundary.
func (s *series) unpass(r *ring, steps []step, sec, slot []uint32, at uint32) {
	bits := slot[0]
	for i := range steps {
		o := &steps[i]
		if bits>>o.bit&1 == 0 {
			continue
		}
		switch o.do {
		case counts:
			sec[o.at] -= uint32(o.sign)
		case tallies:
			add(sec[o.at:], -o.sign)
		case sums:
			add(sec[o.at:], -o.sign*o.value(slot))
		case squares:
			o.square(sec, o.value(slot), -o.sign)
		case extreme:
			if o.sign*o.value(slot) == get(sec[o.at:])^none {
				set(sec[o.at:], lost^none)
			}
		case appears:
			set := sec[o.at:]
			if set[1] != 0 {
				o.table.less(set, uint64(o.value(slot)))
			} else if !o.within(r, sec[o.other], at, o.value(slot)) {
				set[0]--
			}
		case vanishes:
			set := sec[o.at:]
			if set[1] != 0 {
				o.table.more(set, uint64(o.value(slot)))
			} else if !o.within(r, at+1, sec[o.other], o.value(slot)) {
				set[0]++
			}
		}
	}
}

// lost is an extreme that went back over its boundary.
const lost = -1 << 63

// again works out what cannot be taken back: queues, and extremes that are lost.
func (s *series) again(r *ring, sec []uint32) {
	for _, b := range s.bounds {
		for i := range b.steps {
			o := &b.steps[i]
			switch {
			case o.do == enters:
				if sec[o.at+1] != 0 {
					o.table.empty(sec[o.at:])
				}
				for at := sec[o.other]; at != sec[b.at]; at++ {
					slot := r.slot(at)
					switch {
					case s.pane > 0:
						if v := get(slot[o.word:]) ^ none; v != none {
							o.table.push(sec[o.at:], at, v)
						}
					case slot[0]>>o.bit&1 != 0:
						o.table.push(sec[o.at:], at, o.sign*o.value(slot))
					}
				}
			case o.do == extreme && get(sec[o.at:])^none == lost:
				set(sec[o.at:], s.least(r, sec, o, b)^none)
			}
		}
	}
}

// least is the extreme of what has passed a boundary: of what has settled, and
// of what is still in the ring.
func (s *series) least(r *ring, sec []uint32, o *step, b *bound) int64 {
	v := int64(none)
	for i := range s.far.steps {
		if f := &s.far.steps[i]; f.do == settles && f.word == o.at {
			v = get(sec[f.at:]) ^ none
		}
	}
	first, n := sec[s.far.at], sec[b.at]-sec[s.far.at]
	for i := range n {
		at := first + i
		if o.col == 0 && o.sign < 0 { // the last is the latest
			at = first + n - 1 - i
		}
		if slot := r.slot(at); slot[0]>>o.bit&1 != 0 {
			if v = min(v, o.sign*o.value(slot)); o.col == 0 {
				break
			}
		}
	}
	return v
}

// A set counts the distinct values of a window. While the window has few events
// it is a number alone, and a value is looked for among them; then it is a table.

// within reports whether some event from one to before another has a value.
func (o *step) within(r *ring, from, to uint32, value int64) bool {
	for ; from != to; from++ {
		if slot := r.slot(from); slot[0]>>o.bit&1 != 0 && o.value(slot) == value {
			return true
		}
	}
	return false
}

// enter adds the value of an event at the near end of the window.
func (o *step) enter(r *ring, sec, slot []uint32, at uint32) {
	set := sec[o.at:]
	if set[1] != 0 || o.other == 0 {
		o.table.more(set, uint64(o.value(slot)))
		return
	}
	first := sec[o.other]
	if at-first < few {
		if !o.within(r, first, at, o.value(slot)) {
			set[0]++
		}
		return
	}
	set[0] = 0
	for ; first != at+1; first++ {
		if slot := r.slot(first); slot[0]>>o.bit&1 != 0 {
			o.table.more(set, uint64(o.value(slot)))
		}
	}
}

// leave removes the value of an event at the far end of the window.
func (o *step) leave(r *ring, sec, slot []uint32, at uint32) {
	set := sec[o.at:]
	if set[1] == 0 {
		if !o.within(r, at+1, sec[o.other], o.value(slot)) {
			set[0]--
		}
		return
	}
	o.table.less(set, uint64(o.value(slot)))
	if sec[o.other]-at <= few/4 {
		n := set[0] & muchMask
		o.table.empty(set)
		set[0] = n
	}
}

// passPane takes a pane over a boundary. at is its place in the ring.
func (s *series) passPane(steps []step, sec, slot []uint32, at uint32) {
	for i := range steps {
		o := &steps[i]
		switch o.do {
		case tallies:
			add(sec[o.at:], o.sign*int64(slot[o.word]))
		case sums:
			add(sec[o.at:], o.sign*get(slot[o.word:]))
		case squares:
			o.squares(sec, slot, o.sign)
		case enters:
			if v := get(slot[o.word:]) ^ none; v != none {
				o.table.push(sec[o.at:], at, v)
			}
		case leaves:
			o.table.pop(sec[o.at:], at)
		case vanishes:
			if set := sec[o.at:]; slot[0] > set[2] {
				set[2] = slot[0]
				o.table.forgetTo(set, slot[0])
			}
		}
	}
}

// unpassPane takes a pane back over a boundary. Distinct values in panes do not
// go back.
func (s *series) unpassPane(steps []step, sec, slot []uint32) {
	for i := range steps {
		o := &steps[i]
		switch o.do {
		case tallies:
			add(sec[o.at:], -o.sign*int64(slot[o.word]))
		case sums:
			add(sec[o.at:], -o.sign*get(slot[o.word:]))
		case squares:
			o.squares(sec, slot, -o.sign)
		}
	}
}

// Squares are sums of 128 bits.

func wide(w []uint32) (high, low uint64) { return uint64(get(w)), uint64(get(w[2:])) }

func addWide(w []uint32, high, low uint64) {
	h, l := wide(w)
	l, carry := bits.Add64(l, low, 0)
	h, _ = bits.Add64(h, high, carry)
	set(w, int64(h))
	set(w[2:], int64(l))
}

func subtractWide(w []uint32, high, low uint64) {
	h, l := wide(w)
	l, borrow := bits.Sub64(l, low, 0)
	h, _ = bits.Sub64(h, high, borrow)
	set(w, int64(h))
	set(w[2:], int64(l))
}

func addSquare(w []uint32, x int64) {
	h, l := bits.Mul64(uint64(max(x, -x)), uint64(max(x, -x)))
	addWide(w, h, l)
}

func subtractSquare(w []uint32, x int64) {
	h, l := bits.Mul64(uint64(max(x, -x)), uint64(max(x, -x)))
	subtractWide(w, h, l)
}

// square adds the square of a value, or takes it out.
func (o *step) square(sec []uint32, value, sign int64) {
	if sign > 0 {
		addSquare(sec[o.at:], value)
	} else {
		subtractSquare(sec[o.at:], value)
	}
}

// squares adds those of a pane, or takes them out.
func (o *step) squares(sec, slot []uint32, sign int64) {
	if high, low := wide(slot[o.word:]); sign > 0 {
		addWide(sec[o.at:], high, low)
	} else {
		subtractWide(sec[o.at:], high, low)
	}
}

// push adds the present event to its record. hidden is the event without what
// becomes known of it later, or the event itself.
func (g *part) push(w *work, k *key, s *series, b *feed.Batch, e, hidden *feed.Event, named []uint32) {
	set(s.event, e.Time<<8|s.which(b, hidden, g.lists))
	for i := range s.cols {
		switch c := &s.cols[i]; c.as {
		case asName:
			s.event[c.at] = named[c.name]
		case asShort:
			s.event[c.at] = uint32(min(e.Num(c.field), largestShort))
		case asNumber:
			set(s.event[c.at:], e.Num(c.field))
		default:
			set(s.event[c.at:], int64(hash(c.text(b, e))))
		}
	}
	sec := s.section(k.rec)
	tag := sec[wordEnd]
	var r ring
	switch {
	case s.far == s.now: // nothing is ever asked for again
		sec[wordEnd]++
		s.pass(&r, s.now.steps, sec, s.event, tag)
		sec[s.now.at]++
	case s.pane == 0:
		tag, r = g.insert(k, s, sec, s.placeOf(sec, e.Time<<8|0xff))
		copy(r.slot(tag), s.event)
		if s.now != nil {
			s.pass(&r, s.now.steps, sec, s.event, tag)
			sec[s.now.at]++
		}
	default:
		tag = g.merge(k, s, sec, e.Time)
	}
	if hidden == e || !s.late {
		return
	}
	if then := s.which(b, e, g.lists); then != int64(s.event[0]&0xff) {
		g.postpone(lesson{at: e.Num(w.known), key: k, series: s, rec: k.nth, tag: tag, then: uint32(then), event: slices.Clone(s.event)})
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

// placeOf is where what has this order comes to stand, behind what has the same.
func (s *series) placeOf(sec []uint32, order int64) uint32 {
	if s.now != nil {
		return sec[s.now.at]
	}
	at := sec[wordEnd]
	if at == sec[s.far.at] {
		return at
	}
	r := s.ring(sec)
	for at != sec[s.far.at] && s.order(r.slot(at-1)) > order {
		at--
	}
	return at
}

// insert makes room for a slot in the ring, which grows when it is full.
func (g *part) insert(k *key, s *series, sec []uint32, place uint32) (uint32, ring) {
	first, end, class := sec[s.far.at], sec[wordEnd], sec[wordMoment]&0xff
	var r ring
	if sec[wordRing] != 0 {
		r = s.ring(sec)
	}
	if sec[wordRing] == 0 || end-first > r.mask {
		grown := uint32(0)
		if sec[wordRing] != 0 {
			grown = class + 1
		}
		block := s.memory.get(grown)
		to := ring{s.memory.at(block, grown), 1<<grown - 1, s.width}
		for at := first; at != end; at++ {
			copy(to.slot(at), r.slot(at))
		}
		s.memory.put(sec[wordRing], class)
		sec[wordRing], r = block, to
		sec[wordMoment] = sec[wordMoment]&^0xff | grown
	}
	for at := end; at != place; at-- {
		copy(r.slot(at), r.slot(at-1))
	}
	if sec[wordEnd]++; place != end && s.late {
		g.shift(s, k.nth, place)
	}
	return place, r
}

// merge adds the present event to its pane, and gives the place of that.
func (g *part) merge(k *key, s *series, sec []uint32, now int64) (at uint32) {
	pane := s.paneOf(now)
	at = s.placeOf(sec, pane)
	var r ring
	var slot []uint32
	if at != sec[s.far.at] {
		r = s.ring(sec)
		if last := r.slot(at - 1); int64(last[0]) == pane {
			at, slot = at-1, last
		}
	}
	if slot == nil {
		at, r = g.insert(k, s, sec, at)
		slot = r.slot(at)
		clear(slot)
		slot[0] = uint32(pane)
		if s.now != nil {
			sec[s.now.at]++
		}
	}
	for i := range s.merges {
		o := &s.merges[i]
		if s.event[0]>>o.bit&1 == 0 {
			continue
		}
		switch o.do {
		case tallies:
			slot[o.word]++
		case sums:
			add(slot[o.word:], o.value(s.event))
		case squares:
			addSquare(slot[o.word:], o.value(s.event))
		case enters:
			if v := o.sign * o.value(s.event); v < get(slot[o.word:])^none {
				set(slot[o.word:], v^none)
			}
		}
	}
	if s.now == nil {
		return at
	}
	for i := range s.now.steps {
		o := &s.now.steps[i]
		if s.event[0]>>o.bit&1 == 0 {
			continue
		}
		switch o.do {
		case tallies:
			add(sec[o.at:], 1)
		case sums:
			add(sec[o.at:], o.value(s.event))
		case squares:
			addSquare(sec[o.at:], o.value(s.event))
		case enters:
			o.table.push(sec[o.at:], at, o.sign*o.value(s.event))
		case appears:
			if set := sec[o.at:]; uint32(pane) > set[2] {
				tag := &o.table.of(set, uint64(o.value(s.event)))[o.table.width-1]
				*tag = max(*tag, uint32(pane))
			}
		}
	}
	return at
}
