package check

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/vault"
	"lanzha/know/institution"
	"lanzha/work/register"
)

// Index is the current listings in memory, found by the blind index of the
// person's number. It holds dates and no states: what binds follows from the
// day on which it is asked. A listing takes 52 bytes and its place in the table
// 4 to 11 more.
type Index struct {
	mu      sync.RWMutex
	entries []entry
	slots   []uint32 // 1 + place in entries, 0 is free; open addressing
	shapes  []*shape
	laws    map[string]uint32 // shapes by their law
	gone    map[[16]byte]bool // listings of whom only the ID is known, to be dropped
	asOf    asOf
}

type asOf struct {
	at     time.Time
	cursor journal.Cursor
	text   []byte // the JSON of AsOf up to the value of late
}

// entry is one listing of one person.
type entry struct {
	person  [16]byte // blind index of the number
	listing [16]byte // the ULID
	name    [8]byte  // half of the blind index of the name: it is only compared with one
	from    int32    // days since 1970; never while the start is not known
	until   int32    // the first day on which it binds no more; never where that is not known
	shape   uint32
}

const never = math.MaxInt32

// shape is the measures that listings have in common.
type shape struct {
	bound map[ask][]bound           // what binds
	kinds map[institution.Kind]bool // the kinds of institutions that any of it binds
	free  map[Service][]byte        // what the text says to stay open as a whole, JSON of Words
}

// bound is a measure as it is answered: the JSON of a Bound up to the value of
// its until.
type bound struct {
	row  string
	text []byte
}

// ask is what an institution of a kind wants to know.
type ask struct {
	kind    institution.Kind
	service Service
}

// NewIndex makes an empty index with room for some listings.
func NewIndex(room int) *Index {
	x := &Index{laws: map[string]uint32{}, gone: map[[16]byte]bool{}}
	x.grow(room)
	return x
}

// grow makes the table fit for n listings at three quarters full.
func (x *Index) grow(n int) {
	size := 1024
	for size*3/4 < n {
		size *= 2
	}
	x.slots = make([]uint32, size)
	for i := range x.entries {
		x.place(uint32(i))
	}
}

func (x *Index) start(person [16]byte) uint64 {
	return binary.LittleEndian.Uint64(person[:8]) & uint64(len(x.slots)-1)
}

func (x *Index) place(i uint32) {
	at := x.start(x.entries[i].person)
	for x.slots[at] != 0 {
		at = (at + 1) & uint64(len(x.slots)-1)
	}
	x.slots[at] = i + 1
}

// each calls fn for every listing of a person until it returns false.
func (x *Index) each(person [16]byte, fn func(*entry) bool) {
	for at := x.start(person); x.slots[at] != 0; at = (at + 1) & uint64(len(x.slots)-1) {
		if e := &x.entries[x.slots[at]-1]; e.person == person && !fn(e) {
			return
		}
	}
}

// Put adds a listing, or what it has become.
func (x *Index) Put(c register.Current) error {
	e, err := x.read(c)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	was := (*entry)(nil)
	x.each(e.person, func(have *entry) bool {
		if have.listing == e.listing {
			was = have
		}
		return was == nil
	})
	if was != nil {
		*was = e
		return nil
	}
	x.entries = append(x.entries, e)
	if len(x.entries) > len(x.slots)*3/4 {
		x.grow(2 * len(x.entries))
	} else {
		x.place(uint32(len(x.entries) - 1))
	}
	return nil
}

// read makes an entry of a listing.
func (x *Index) read(c register.Current) (entry, error) {
	person, ok := vault.ParseSum(c.Index)
	id, fits := packed(c.Listing)
	if !ok || !fits {
		return entry{}, lanzha.Internal("check.Put", fmt.Errorf("the listing %s has no index", c.Listing))
	}
	e := entry{person: person.Bits, listing: id, from: number(c.Span.From, never), until: number(c.Span.Until, never)}
	if name, ok := vault.ParseSum(c.Name); ok {
		e.name = [8]byte(name.Bits[:8])
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if e.shape, ok = x.laws[c.Law]; !ok {
		return e, lanzha.Internal("check.Put", fmt.Errorf("the law of listing %s was not learned", c.Listing))
	}
	return e, nil
}

// Knows reports whether a law was learned.
func (x *Index) Knows(law string) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	_, ok := x.laws[law]
	return ok
}

// Learn takes what the listings of a law bind to and leave open, before the
// first of them is put.
func (x *Index) Learn(law string, measures []register.Measure, keeps []register.Kept) {
	s := shapeOf(measures, keeps)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.laws[law] = uint32(len(x.shapes))
	x.shapes = append(x.shapes, s)
}

func shapeOf(measures []register.Measure, keeps []register.Kept) *shape {
	s := &shape{bound: map[ask][]bound{}, kinds: map[institution.Kind]bool{}, free: map[Service][]byte{}}
	for _, k := range keeps {
		s.free[Service(k.Item)] = marshal(Words(k.Words))
	}
	for _, m := range measures {
		b := Bound{Measure: m.Measure, Words: Words(m.Words), Basis: m.Citation.Document + m.Citation.Article}
		if m.Citation.Inferred {
			b.Basis += "（条号待核）"
		}
		if m.Keeps != nil {
			b.Keeps = new(Words(m.Keeps.Words))
		}
		text := bytes.TrimSuffix(marshal(b), []byte("null}"))
		for _, kind := range bindsWhom[m.Institution] {
			s.kinds[kind] = true
			to := ask{kind, Service(m.Service)}
			s.bound[to] = append(s.bound[to], bound{m.Row, text})
		}
	}
	return s
}

// Drop takes listings out that were lifted or erased.
func (x *Index) Drop(listings ...lanzha.ID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, id := range listings {
		if b, ok := packed(id); ok {
			x.gone[b] = true
		}
	}
	if len(x.gone) == 0 {
		return
	}
	for i := range x.entries {
		if e := &x.entries[i]; x.gone[e.listing] {
			// It keeps its slot, which others may have been placed behind.
			*e = entry{from: never}
		}
	}
	clear(x.gone)
}

// Len is the number of listings held, those that were dropped included.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.entries)
}

// Bytes is what the index takes in memory, without the few texts.
func (x *Index) Bytes() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return cap(x.entries)*52 + cap(x.slots)*4
}

// number is a day as days since 1970.
func number(d register.Day, none int32) int32 {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return none
	}
	return int32(t.Unix() / secondsADay)
}

const secondsADay = 24 * 60 * 60

// today is the civil day of an instant in a zone, as days since 1970.
func today(now time.Time, zone *time.Location) int32 {
	_, offset := now.In(zone).Zone()
	return int32((now.Unix() + int64(offset)) / secondsADay)
}

func day(n int32) register.Day {
	return register.Day(time.Unix(int64(n)*secondsADay, 0).UTC().Format(time.DateOnly))
}

const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// packed is an ID in 16 bytes.
func packed(id lanzha.ID) (out [16]byte, ok bool) {
	if len(id) != 26 {
		return out, false
	}
	var hi, lo uint64
	for i := range len(id) {
		v := strings.IndexByte(crockford, id[i])
		if v < 0 {
			return out, false
		}
		hi = hi<<5 | lo>>59
		lo = lo<<5 | uint64(v)
	}
	binary.BigEndian.PutUint64(out[:8], hi)
	binary.BigEndian.PutUint64(out[8:], lo)
	return out, true
}

func unpacked(b [16]byte) lanzha.ID {
	ms := int64(binary.BigEndian.Uint64(b[:8]) >> 16)
	return lanzha.NewID(time.UnixMilli(ms), [10]byte(b[6:]))
}
