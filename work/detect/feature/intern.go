package feature

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// hash folds a text into 64 bits: by multiplication into 128 bits, whose halves
// are joined. It is the same on every machine, so that a state can be kept.
func hash(b []byte) uint64 {
	// Odd numbers from the digits of the golden ratio and of the roots of 2 and 3.
	const k0, k1, k2 = 0x9e3779b97f4a7c15, 0x6a09e667f3bcc909, 0xbb67ae8584caa73b
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

// scatter spreads a number over 64 bits, one to one.
func scatter(x uint64) uint64 {
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	return x ^ x>>32
}

// interner gives each text of a domain a number from 1 on, in the order in
// which they first appear.
type interner struct {
	slots []slot
	long  []byte // texts of more than 16 bytes
	n     uint32
}

// slot holds a text of up to 16 bytes itself; of a longer one it holds where
// the text begins, and its hash.
type slot struct {
	x, y   uint64
	length uint32
	id     uint32 // 0 is free
}

// find is the number of a text; 0 when it has none and add is false.
func (t *interner) find(b []byte, add bool) uint32 {
	if len(t.slots) == 0 {
		t.slots = make([]slot, 1<<10)
	}
	var x, y uint64
	length := uint32(len(b))
	switch {
	case len(b) > 16:
		y = hash(b)
	case len(b) >= 8:
		x, y = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])
	case len(b) >= 4:
		x, y = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))
	case len(b) > 0:
		x = uint64(b[0])<<16 | uint64(b[len(b)/2])<<8 | uint64(b[len(b)-1])
	}
	mask := uint64(len(t.slots) - 1)
	for i := home(x, y, length) & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		switch {
		case s.id == 0 && !add:
			return 0
		case s.id == 0:
			if len(b) > 16 {
				x = uint64(len(t.long))
				t.long = append(t.long, b...)
			}
			t.n++
			*s = slot{x, y, length, t.n}
			if id := t.n; int(id)*4 > len(t.slots)*3 {
				t.grow()
			}
			return t.n
		case s.y == y && s.length == length && (s.x == x || len(b) > 16) && (len(b) <= 16 || bytes.Equal(t.long[s.x:s.x+uint64(length)], b)):
			return s.id
		}
	}
}

// home is where a text would like to stand. x of a long text is not known
// before it has its place.
func home(x, y uint64, length uint32) uint64 {
	if length > 16 {
		return y
	}
	return fold(x^0x9e3779b97f4a7c15, y^0x6a09e667f3bcc909+uint64(length))
}

func (t *interner) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	mask := uint64(len(t.slots) - 1)
	for _, s := range old {
		if s.id == 0 {
			continue
		}
		i := home(s.x, s.y, s.length) & mask
		for t.slots[i].id != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
}

func (t *interner) bytes() int64 { return int64(24*len(t.slots) + cap(t.long)) }

// pairer gives each pair of numbers a number from 1 on: tuples are pairs of
// pairs.
type pairer struct {
	slots []pair
	n     uint32
}

type pair struct {
	of uint64
	id uint32
}

func (p *pairer) find(a, b uint32, add bool) uint32 {
	if len(p.slots) == 0 {
		p.slots = make([]pair, 1<<8)
	}
	of := uint64(a)<<32 | uint64(b)
	mask := uint64(len(p.slots) - 1)
	for i := scatter(of) & mask; ; i = (i + 1) & mask {
		s := &p.slots[i]
		switch {
		case s.id == 0 && !add:
			return 0
		case s.id == 0:
			p.n++
			*s = pair{of, p.n}
			if id := p.n; int(id)*4 > len(p.slots)*3 {
				p.grow()
			}
			return p.n
		case s.of == of:
			return s.id
		}
	}
}

func (p *pairer) grow() {
	old := p.slots
	p.slots = make([]pair, 2*len(old))
	mask := uint64(len(p.slots) - 1)
	for _, s := range old {
		if s.id == 0 {
			continue
		}
		i := scatter(s.of) & mask
		for p.slots[i].id != 0 {
			i = (i + 1) & mask
		}
		p.slots[i] = s
	}
}

func (p *pairer) bytes() int64 { return int64(16 * len(p.slots)) }
