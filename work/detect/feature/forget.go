package feature

import (
	"time"

	"lanzha/work/feed"
)

// age decides what is forgotten. It has a clock that events drive: of so many
// in a row it follows the earliest when all are later, and the latest when all
// are earlier. So it stands still for one event with a wrong time, and goes
// back with a clock that was set back.
type age struct {
	idle int64 // days after which a name is forgotten; 0 is never

	// Numbers, and 0 or 1, of one type: a snapshot keeps them.
	begun     int64
	clock     int64
	low, high int64 // of the last events
	n         int64 // how many these are
	due       int64 // memory is to be swept

	domain, segment, slot int64 // names swept: the next
	key, rec              int64 // records swept
	owed                  int64 // slots of names to look at for names that were added
}

const (
	row         = 1024 // events
	sweepNames  = 1024 // slots of names looked at after each row
	sweepAdded  = 4    // and for each name that was added: more than one of them is then in use
	sweepRecs   = 512  // records
	microsADay  = int64(24 * time.Hour / time.Microsecond)
	whileInUse  = 2 // days that a name outlives what is kept under it
	domainsTwo  = int64(feed.Domains) + maxKey - 1
	neverForget = 0
)

// plan works out after how long nothing of a name can be in any window.
func (a *age) plan(g *part, features []*Feature, mine []int) {
	longest := int64(0)
	for _, s := range g.series {
		longest = max(longest, s.far.dist)
	}
	for _, i := range mine {
		f := features[i]
		if f.Window > 0 {
			continue
		}
		if f.forget == 0 {
			a.idle = neverForget
			return
		}
		longest = max(longest, f.forget.Microseconds())
	}
	a.idle = longest/microsADay + whileInUse
}

func dayOf(at int64) uint16 { return uint16(quotient(at, microsADay)) }

// tick takes note of the time of an event, and gives the day on which its names
// are named.
func (a *age) tick(at int64) uint16 {
	if a.begun == 0 {
		a.begun, a.clock = 1, at
	}
	if a.n == 0 {
		a.low, a.high = at, at
	}
	a.low, a.high = min(a.low, at), max(a.high, at)
	if a.n++; a.n == row {
		a.clock = min(max(a.clock, a.low), a.high)
		a.n, a.due = 0, 1
	}
	day, now := dayOf(at), dayOf(a.clock)
	if int16(now-day) > 0 {
		return now
	}
	return day
}

// over reports whether a name that was last named on a day is forgotten.
func (a *age) over(day uint16) bool {
	return a.idle > 0 && int64(int16(dayOf(a.clock)-day)) > a.idle
}

// sweep looks at a little of the state after each row of events: names that
// are over are forgotten, and rings of which all events are out of all windows
// are given back. Neither changes a value.
func (a *age) sweep(g *part) {
	if a.due == 0 {
		return
	}
	a.due = 0
	if a.idle > 0 {
		a.sweepNames(g)
	}
	a.sweepRecords(g)
}

func (a *age) sweepNames(g *part) {
	left := sweepNames + a.owed
	for a.owed = 0; left > 0; {
		var t *interner
		if a.domain < int64(feed.Domains) {
			t = &g.names[a.domain]
		} else {
			t = &g.pairs[a.domain-int64(feed.Domains)]
		}
		if a.segment >= int64(len(t.segments)) {
			a.segment, a.slot = 0, 0
			a.domain = (a.domain + 1) % domainsTwo
			left -= sweepNames / domainsTwo // an empty one costs something too
			continue
		}
		names := t.segments[a.segment].names
		for ; left > 0 && a.slot < segmentSize; left-- {
			n := &names[a.slot]
			if n.id == 0 || !a.over(n.day) {
				a.slot++
				continue
			}
			if a.domain < int64(feed.Domains) {
				g.release(feed.Domain(a.domain), n.id)
			} else {
				g.releasePair(int(a.domain)-feed.Domains, n.id)
			}
			t.remove(int(a.segment), int(a.slot))
		}
		if a.slot == segmentSize {
			a.segment, a.slot = a.segment+1, 0
		}
	}
}

func (a *age) sweepRecords(g *part) {
	for left := sweepRecs; left > 0; {
		k := g.keys[a.key]
		if !k.own || a.rec >= int64(k.n) {
			a.key, a.rec = (a.key+1)%int64(len(g.keys)), 0
			left -= 1 + sweepRecs/(2*len(g.keys))
			continue
		}
		a.rec++
		left--
		rec := k.at(uint32(a.rec))
		for _, s := range k.series {
			sec := s.section(rec)
			if sec[wordRing] == 0 || get(sec[wordMoment:])>>8+s.far.dist >= a.clock {
				continue
			}
			g.move(s, sec, a.clock)
			if sec[s.far.at] == sec[wordEnd] {
				s.memory.put(sec[wordRing], sec[wordMoment]&0xff)
				sec[wordRing], sec[wordMoment] = 0, sec[wordMoment]&^0xff
			}
		}
	}
}
