package feature

import "math"

// State is kept in words of 32 bits. What needs more takes two of them, the low
// half first.

func get(w []uint32) int64 { return int64(uint64(w[0]) | uint64(w[1])<<32) }

func set(w []uint32, x int64) { w[1], w[0] = uint32(uint64(x)>>32), uint32(x) }

func add(w []uint32, x int64) { set(w, get(w)+x) }

// none is the least of no values. An extreme is kept with these bits turned, so
// that memory that was never written holds none.
const none = math.MaxInt64

// arena is memory for what grows: rings, queues and tables, which consist of
// slots of one width. It hands out blocks of 2^class slots from chunks without
// pointers, which the garbage collector passes over and which never move, and
// takes them back when their owner has no use for them.
type arena struct {
	width  int // words of a slot
	chunks [][]uint32
	used   uint32 // the first slot of the last chunk that was never handed out
	end    uint32 // of that chunk
	free   [32][]uint32
}

// A block is known by its first slot; 0 is none.

const (
	chunkBits  = 14 // slots of a chunk; a larger block is as many chunks as it takes
	chunkSlots = 1 << chunkBits

	// A word that tells how much there is also holds the class of the block.
	classShift = 27
	muchMask   = 1<<classShift - 1
)

// get hands out a block of zeros.
func (a *arena) get(class uint32) uint32 {
	if n := len(a.free[class]); n > 0 {
		b := a.free[class][n-1]
		a.free[class] = a.free[class][:n-1]
		clear(a.at(b, class))
		return b
	}
	size := uint32(1) << class
	if size > chunkSlots && len(a.chunks) > 0 { // no block has number 0
		b := uint32(len(a.chunks)) << chunkBits
		a.chunks = append(a.chunks, make([]uint32, a.width<<class))
		for range size>>chunkBits - 1 {
			a.chunks = append(a.chunks, nil)
		}
		return b
	}
	if a.end-a.used < size {
		for k := uint32(chunkBits); a.used < a.end; { // what is left goes to those who want less
			if a.end-a.used < 1<<k {
				k--
				continue
			}
			a.free[k] = append(a.free[k], a.used)
			a.used += 1 << k
		}
		a.used = uint32(len(a.chunks)) << chunkBits
		a.end = a.used + chunkSlots
		a.chunks = append(a.chunks, make([]uint32, a.width<<chunkBits))
		if a.used == 0 {
			a.used = 1
			if size >= chunkSlots {
				return a.get(class)
			}
		}
	}
	b := a.used
	a.used += size
	return b
}

// put takes a block back.
func (a *arena) put(b, class uint32) {
	if b != 0 {
		a.free[class] = append(a.free[class], b)
	}
}

// at is the memory of a block.
func (a *arena) at(b, class uint32) []uint32 {
	from := int(b&(chunkSlots-1)) * a.width
	return a.chunks[b>>chunkBits][from : from+a.width<<class]
}

func (a *arena) bytes() (n int64) {
	for _, c := range a.chunks {
		n += 4 * int64(len(c))
	}
	for _, f := range a.free {
		n += 4 * int64(cap(f))
	}
	return n
}

// A queue keeps the least value of a window: tags and values that ascend, since
// a value behind which a lesser one has come is the least of no window to come.
// It is three words of a record: class and length, block, and the slot of the
// first. Its slots are the tag and the value.

const queueWidth = 3

// push adds a value with its tag. Tags never descend.
func (a *arena) push(q []uint32, tag uint32, value int64) {
	length, class := q[0]&muchMask, q[0]>>classShift
	var mem []uint32
	if q[1] != 0 {
		mem = a.at(q[1], class)
	}
	mask := uint32(1)<<class - 1
	for length > 0 {
		back := mem[queueWidth*((q[2]+length-1)&mask):]
		if get(back[1:]) < value {
			if back[0] == tag { // it leaves together with the lesser
				q[0] = class<<classShift | length
				return
			}
			break
		}
		length--
	}
	switch {
	case q[1] == 0:
		q[1], q[2] = a.get(class), 0
		mem = a.at(q[1], class)
	case length > mask:
		grown := a.get(class + 1)
		to := a.at(grown, class+1)
		for i := range length {
			copy(to[queueWidth*i:][:queueWidth], mem[queueWidth*((q[2]+i)&mask):])
		}
		a.put(q[1], class)
		class++
		q[1], q[2], mem, mask = grown, 0, to, 1<<class-1
	}
	back := mem[queueWidth*((q[2]+length)&mask):]
	back[0] = tag
	set(back[1:], value)
	q[0] = class<<classShift | (length + 1)
}

// pop removes what has this tag or an earlier one.
func (a *arena) pop(q []uint32, tag uint32) {
	length, class := q[0]&muchMask, q[0]>>classShift
	if length == 0 {
		return
	}
	mem, mask := a.at(q[1], class), uint32(1)<<class-1
	for length > 0 && int32(mem[queueWidth*(q[2]&mask)]-tag) <= 0 {
		q[2], length = q[2]+1, length-1
	}
	if q[0] = class<<classShift | length; length == 0 {
		a.empty(q)
	}
}

// empty takes back the memory of a queue or a table, and what it holds.
func (a *arena) empty(q []uint32) {
	a.put(q[1], q[0]>>classShift)
	q[0], q[1] = 0, 0
}

// least is the least value of a queue; ok is false when it is empty.
func (a *arena) least(q []uint32) (value int64, ok bool) {
	if q[0]&muchMask == 0 {
		return 0, false
	}
	class := q[0] >> classShift
	return get(a.at(q[1], class)[queueWidth*(q[2]&(1<<class-1))+1:]), true
}

// A table keeps distinct values, each with a word that is not 0: how often it
// is there, or which pane was the last to have it. It is two words of a record:
// class and how many values there are, and its block. Its slots are the value,
// of one word or two, and that word.

// seek is where a value is, or would be.
func (a *arena) seek(mem []uint32, class uint32, value uint64) []uint32 {
	mask := uint32(1)<<class - 1
	w := a.width
	for i := uint32(value*0x9e3779b97f4a7c15>>32) & mask; ; i = (i + 1) & mask {
		slot := mem[int(i)*w:][:w]
		if slot[w-1] == 0 || slot[0] == uint32(value) && (w == 2 || slot[1] == uint32(value>>32)) {
			return slot
		}
	}
}

// of is the slot of a value, with room for it.
func (a *arena) of(t []uint32, value uint64) []uint32 {
	n, class := t[0]&muchMask, t[0]>>classShift
	if t[1] == 0 {
		class = 1
		t[0], t[1] = class<<classShift, a.get(class)
	} else if (n+1)*4 > 3<<class {
		a.rebuild(t, class+1, 0)
		class++
	}
	slot := a.seek(a.at(t[1], class), class, value)
	if slot[a.width-1] == 0 {
		slot[0] = uint32(value)
		if a.width == 3 {
			slot[1] = uint32(value >> 32)
		}
		t[0]++
	}
	return slot
}

// has reports whether a value is there.
func (a *arena) has(t []uint32, value uint64) bool {
	class := t[0] >> classShift
	return t[1] != 0 && a.seek(a.at(t[1], class), class, value)[a.width-1] != 0
}

// more counts a value once more.
func (a *arena) more(t []uint32, value uint64) { a.of(t, value)[a.width-1]++ }

// less counts a value once less, and removes it with the last.
func (a *arena) less(t []uint32, value uint64) {
	class := t[0] >> classShift
	mem := a.at(t[1], class)
	slot := a.seek(mem, class, value)
	if slot[a.width-1]--; slot[a.width-1] > 0 {
		return
	}
	t[0]--
	// What stands behind it and would have liked its place moves up.
	mask, w := uint32(1)<<class-1, uint32(a.width)
	i := uint32(value*0x9e3779b97f4a7c15>>32) & mask
	for mem[i*w] != uint32(value) || w == 3 && mem[i*w+1] != uint32(value>>32) || mem[i*w+w-1] != 0 {
		i = (i + 1) & mask
	}
	for k := (i + 1) & mask; mem[k*w+w-1] != 0; k = (k + 1) & mask {
		v := uint64(mem[k*w])
		if w == 3 {
			v |= uint64(mem[k*w+1]) << 32
		}
		if home := uint32(v*0x9e3779b97f4a7c15>>32) & mask; (k-home)&mask >= (k-i)&mask {
			copy(mem[i*w:][:w], mem[k*w:][:w])
			i = k
		}
	}
	clear(mem[i*w:][:w])
}

// rebuild moves what has more than a tag to a block of another class.
func (a *arena) rebuild(t []uint32, class, tag uint32) {
	old, was := t[1], t[0]>>classShift
	from := a.at(old, was)
	t[0], t[1] = class<<classShift, a.get(class)
	to := a.at(t[1], class)
	for w := a.width; len(from) >= w; from = from[w:] {
		if from[w-1] <= tag {
			continue
		}
		v := uint64(from[0])
		if w == 3 {
			v |= uint64(from[1]) << 32
		}
		copy(a.seek(to, class, v), from[:w])
		t[0]++
	}
	a.put(old, was)
}

// forgetTo removes what has this tag or an earlier one, and moves what is left
// to as little memory as it needs.
func (a *arena) forgetTo(t []uint32, tag uint32) {
	if t[1] == 0 {
		return
	}
	class := t[0] >> classShift
	left := uint32(0)
	mem := a.at(t[1], class)
	for i := a.width - 1; i < len(mem); i += a.width {
		if mem[i] > tag {
			left++
		}
	}
	if left == 0 {
		a.empty(t)
		return
	}
	for class > 1 && left*8 <= 3<<class {
		class--
	}
	a.rebuild(t, class, tag)
}
