package feature

import "container/heap"

// lesson is an outcome that is not known yet: from a moment on, other
// conditions hold for an event.
type lesson struct {
	at     int64
	order  int64 // of those at one moment
	key    *key
	series *series
	rec    uint32
	tag    uint32   // of the event, or its pane
	then   uint32   // which conditions hold
	event  []uint32 // as it was
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

func (g *part) postpone(l lesson) {
	l.order = g.order
	g.order++
	heap.Push((*lessons)(&g.pending), l)
}

// shift tells what is to be learned of a record that a late event moved others
// on by one place.
func (g *part) shift(s *series, rec, place uint32) {
	for i := range g.pending {
		if l := &g.pending[i]; l.series == s && l.rec == rec && int32(l.tag-place) >= 0 {
			l.tag++
		}
	}
}

// unlearn forgets what is to be learned of a record that is gone.
func (g *part) unlearn(s *series, rec uint32) {
	kept := g.pending[:0]
	for _, l := range g.pending {
		if l.series != s || l.rec != rec {
			kept = append(kept, l)
		}
	}
	if len(kept) < len(g.pending) {
		g.pending = kept
		heap.Init((*lessons)(&g.pending))
	}
}

// learn applies what is known by now.
func (g *part) learn(now int64) {
	for len(g.pending) > 0 && g.pending[0].at <= now {
		l := heap.Pop((*lessons)(&g.pending)).(lesson)
		l.series.learn(&l)
	}
}

// learn corrects every boundary that has passed the event, and the event
// itself when it is still kept.
func (s *series) learn(l *lesson) {
	sec := s.section(l.key.at(l.rec))
	for _, b := range s.bounds {
		if int32(sec[b.at]-l.tag) > 0 {
			for i := range b.steps {
				l.correct(&b.steps[i], sec[b.steps[i].at:])
			}
		}
	}
	if s.far == s.now || int32(l.tag-sec[s.far.at]) < 0 {
		return
	}
	r := s.ring(sec)
	slot := r.slot(l.tag)
	if s.pane == 0 {
		slot[0] = slot[0]&^0xff | l.then
		return
	}
	for i := range s.merges {
		o := &s.merges[i]
		if o.do == tallies {
			slot[o.word] += l.then>>o.bit&1 - l.event[0]>>o.bit&1
			continue
		}
		l.correct(o, slot[o.word:])
	}
}

// correct adds the event to what it now counts for, or takes it out.
func (l *lesson) correct(o *step, words []uint32) {
	was, is := l.event[0]>>o.bit&1, l.then>>o.bit&1
	switch {
	case was == is:
	case o.do == counts:
		words[0] += uint32(o.sign) * (is - was)
	case o.do == tallies:
		add(words, o.sign*(int64(is)-int64(was)))
	case o.do == sums:
		add(words, o.sign*(int64(is)-int64(was))*o.value(l.event))
	case o.do == squares && (is == 1) == (o.sign > 0):
		addSquare(words, o.value(l.event))
	case o.do == squares:
		subtractSquare(words, o.value(l.event))
	}
}
