package feature

import (
	"encoding/binary"
	"math/bits"
)

// Odd numbers from the digits of the golden ratio and of the roots of 2 and 3.
const k0, k1, k2 = 0x9e3779b97f4a7c15, 0x6a09e667f3bcc909, 0xbb67ae8584caa73b

// hash folds a text into 64 bits: by multiplication into 128 bits, whose halves
// are joined. It is the same on every machine, so that a state can be kept.
func hash(b []byte) uint64 {
	n, seed := uint64(len(b)), uint64(k0)
	for len(b) > 16 {
		seed = fold(binary.LittleEndian.Uint64(b)^k1, binary.LittleEndian.Uint64(b[8:])^seed)
		b = b[16:]
	}
	var x, y uint64
	switch {
	case len(b) >= 8:
		x, y = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])
	case len(b) >= 4:
		x, y = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))
	case len(b) > 0:
		x = uint64(b[0])<<16 | uint64(b[len(b)/2])<<8 | uint64(b[len(b)-1])
	}
	return fold(k2^n, fold(x^k1, y^seed))
}

func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// interner gives each text of a domain, or each pair of numbers, a number from
// 1 on. Numbers of what was forgotten are given again.
//
// Its names lie in segments of equal size, of which a directory by the first
// bits of the hash knows which is whose. A segment that is full is divided in
// two, so that growing never takes longer than that.
type interner struct {
	directory []uint32 // by the first depth bits
	depth     uint8
	segments  []segment
	n         uint32 // the largest number given
	free      []uint32
	long      arena // texts that do not fit into a name
}

type segment struct {
	names *[segmentSize]name
	n     int32
	depth uint8
}

const (
	segmentSize = 4096
	segmentFull = segmentSize * 4 / 5
)

// name is 16 bytes: four lie in a line of memory.
type name struct {
	x    uint64
	id   uint32 // 0 is free
	form uint16
	day  uint16 // when it was last named
}

// The forms of a name. A text of digits holds them at 4 bits each, or is their
// number when there are 17 to 19; a text of up to 8 bytes holds these; of other
// texts there are 32 bits of a hash, and where they lie.
const (
	formShort = 32 // and the length; less is as many digits
	formLong  = 64
	formPair  = 65
)

// sought is a name that is looked for.
type sought struct {
	x    uint64 // of a long text the hash alone, in its high half
	home uint64
	form uint16
	text []byte // of a long one
}

func seek(b []byte) (s sought) {
	n := len(b)
	switch {
	case n > 8 && n <= 16:
		x, y := binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
		if !digits(x) || !digits(y) {
			return seekLong(b)
		}
		s.x, s.form = nibbles(x)<<32|nibbles(y), uint16(n)
	case n > 16 && n <= 19:
		for _, c := range b {
			if c-'0' > 9 {
				return seekLong(b)
			}
			s.x = s.x*10 + uint64(c-'0')
		}
		s.form = uint16(n)
	case n > 19:
		return seekLong(b)
	case n == 8:
		s.x, s.form = binary.LittleEndian.Uint64(b), formShort+8
	default:
		for i := range b {
			s.x |= uint64(b[i]) << (8 * i)
		}
		s.form = formShort + uint16(n)
	}
	s.home = home(s.x, s.form)
	return s
}

func seekLong(b []byte) sought {
	x := hash(b) >> 32 << 32
	return sought{x: x, home: home(x, formLong), form: formLong, text: b}
}

func seekPair(a, b uint32) sought {
	x := uint64(a)<<32 | uint64(b)
	return sought{x: x, home: home(x, formPair), form: formPair}
}

// digits reports whether all eight bytes are digits.
func digits(v uint64) bool {
	const high, zeros, sixes = 0xf0f0f0f0f0f0f0f0, 0x3030303030303030, 0x0606060606060606
	return v&high == zeros && (v+sixes)&high == zeros
}

// nibbles puts the low halves of eight bytes into 32 bits.
func nibbles(v uint64) uint64 {
	v &= 0x0f0f0f0f0f0f0f0f
	v = (v | v>>4) & 0x00ff00ff00ff00ff
	v = (v | v>>8) & 0x0000ffff0000ffff
	return (v | v>>16) & 0xffffffff
}

// home is where a name would like to stand: the segment by its first bits, the
// slot by its last.
func home(x uint64, form uint16) uint64 {
	if form == formLong {
		x = x >> 32 << 32
	}
	return fold(x^k1, uint64(form)*k2^k0)
}

func (t *interner) segment(home uint64) *segment {
	return &t.segments[t.directory[home>>(64-t.depth)]]
}

// find is a name; nil when there is none. It stays where it is until another
// is added or forgotten.
func (t *interner) find(s *sought) *name {
	if len(t.segments) == 0 {
		return nil
	}
	names := t.segment(s.home).names
	for i := s.home % segmentSize; ; i = (i + 1) % segmentSize {
		switch n := &names[i]; {
		case n.id == 0:
			return nil
		case n.form != s.form:
		case n.x == s.x && s.form != formLong:
			return n
		case s.form == formLong && n.x>>32 == s.x>>32 && t.isText(uint32(n.x), s.text):
			return n
		}
	}
}

// add gives a new name its number.
func (t *interner) add(s *sought) *name {
	if len(t.segments) == 0 {
		t.directory, t.segments = []uint32{0}, []segment{{names: new([segmentSize]name)}}
	}
	for t.segment(s.home).n >= segmentFull {
		t.split(t.directory[s.home>>(64-t.depth)], s.home)
	}
	g := t.segment(s.home)
	i := s.home % segmentSize
	for g.names[i].id != 0 {
		i = (i + 1) % segmentSize
	}
	g.n++
	n := &g.names[i]
	n.x, n.form = s.x, s.form
	if s.form == formLong {
		n.x |= uint64(t.keep(s.text))
	}
	if k := len(t.free); k > 0 {
		n.id, t.free = t.free[k-1], t.free[:k-1]
	} else {
		t.n++
		n.id = t.n
	}
	return n
}

// split divides a segment by the next bit of the hash.
func (t *interner) split(number uint32, at uint64) {
	old := &t.segments[number]
	if old.depth == t.depth {
		wider := make([]uint32, 2*len(t.directory))
		for i := range wider {
			wider[i] = t.directory[i/2]
		}
		t.directory, t.depth = wider, t.depth+1
	}
	depth := old.depth + 1
	two := [2]segment{{new([segmentSize]name), 0, depth}, {new([segmentSize]name), 0, depth}}
	for _, n := range old.names {
		if n.id == 0 {
			continue
		}
		h := home(n.x, n.form)
		g := &two[h>>(64-depth)&1]
		i := h % segmentSize
		for g.names[i].id != 0 {
			i = (i + 1) % segmentSize
		}
		g.names[i] = n
		g.n++
	}
	t.segments[number] = two[0]
	t.segments = append(t.segments, two[1])
	// The entries of the directory that are of the second half.
	first := at>>(64-depth) | 1
	span := uint64(1) << (t.depth - depth)
	for i := range span {
		t.directory[first*span+i] = uint32(len(t.segments) - 1)
	}
}

// remove forgets the name in a slot of a segment.
func (t *interner) remove(number, slot int) {
	g := &t.segments[number]
	n := g.names[slot]
	t.free = append(t.free, n.id)
	if n.form == formLong {
		t.long.put(uint32(n.x), longClass(int(t.long.at(uint32(n.x), 0)[0])))
	}
	g.n--
	i := uint64(slot)
	for k := (i + 1) % segmentSize; g.names[k].id != 0; k = (k + 1) % segmentSize {
		if at := home(g.names[k].x, g.names[k].form); (k-at)%segmentSize >= (k-i)%segmentSize {
			g.names[i] = g.names[k]
			i = k
		}
	}
	g.names[i] = name{}
}

// Long texts lie in slots of four words: their length, then their bytes.

const longWidth = 4

func longClass(length int) uint32 {
	return uint32(bits.Len(uint((4+length+4*longWidth-1)/(4*longWidth) - 1)))
}

func (t *interner) keep(b []byte) uint32 {
	t.long.width = longWidth
	class := longClass(len(b))
	at := t.long.get(class)
	mem := t.long.at(at, class)
	mem[0] = uint32(len(b))
	for i, c := range b {
		mem[1+i/4] |= uint32(c) << (i % 4 * 8)
	}
	return at
}

func (t *interner) isText(at uint32, b []byte) bool {
	if t.long.at(at, 0)[0] != uint32(len(b)) {
		return false
	}
	mem := t.long.at(at, longClass(len(b)))
	i := 0
	for ; i+4 <= len(b); i += 4 {
		if mem[1+i/4] != binary.LittleEndian.Uint32(b[i:]) {
			return false
		}
	}
	for ; i < len(b); i++ {
		if byte(mem[1+i/4]>>(i%4*8)) != b[i] {
			return false
		}
	}
	return true
}

func (t *interner) bytes() int64 {
	return int64(len(t.segments)*segmentSize*16+4*len(t.directory)+4*cap(t.free)) + t.long.bytes()
}
