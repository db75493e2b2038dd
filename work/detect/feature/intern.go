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
	text  []byte
	ends  []uint64 // of the texts; number n ends at ends[n]
}

type slot struct{ hash, id uint32 }

// find is the number of a text; 0 when it has none and add is false.
func (t *interner) find(b []byte, add bool) uint32 {
	if len(t.slots) == 0 {
		if !add {
			return 0
		}
		t.slots, t.ends = make([]slot, 1<<10), make([]uint64, 1, 1<<9)
	}
	h := hash(b)
	mask := uint64(len(t.slots) - 1)
	high := uint32(h >> 32)
	for i := h & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		switch {
		case s.id == 0:
			if !add {
				return 0
			}
			t.text = append(t.text, b...)
			t.ends = append(t.ends, uint64(len(t.text)))
			id := uint32(len(t.ends) - 1)
			*s = slot{high, id}
			if len(t.ends)*4 > len(t.slots)*3 {
				t.grow()
			}
			return id
		case s.hash == high && bytes.Equal(t.text[t.ends[s.id-1]:t.ends[s.id]], b):
			return s.id
		}
	}
}

func (t *interner) grow() {
	t.slots = make([]slot, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for id := 1; id < len(t.ends); id++ {
		h := hash(t.text[t.ends[id-1]:t.ends[id]])
		i := h & mask
		for t.slots[i].id != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = slot{uint32(h >> 32), uint32(id)}
	}
}

func (t *interner) bytes() int64 { return int64(8*len(t.slots) + cap(t.text) + 8*cap(t.ends)) }

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
