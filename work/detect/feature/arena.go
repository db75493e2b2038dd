package feature

// arena is memory for what grows: rings, queues and tables of records. It hands
// out blocks of 2^class words from chunks without pointers, which the garbage
// collector passes over, and takes them back when their owner moves to a larger
// one.
type arena struct {
	chunks [][]int64
	used   int // words of the last chunk of the common size
	last   int // that chunk, or -1
	free   [40][]block
	words  int64 // handed out, and not given to anyone again when their owner moved
}

// block is where a block lies, and its class: chunk, offset, class from high to
// low bits. 0 is none.
type block int64

const chunkClass = 16 // 512 KiB; a larger block is a chunk of its own

func newArena() *arena { return &arena{last: -1} }

func (a *arena) get(class int) block {
	if n := len(a.free[class]); n > 0 {
		b := a.free[class][n-1]
		a.free[class] = a.free[class][:n-1]
		clear(a.at(b))
		return b
	}
	a.words += 1 << class
	if class > chunkClass {
		return place(a.chunk(class), 0, class)
	}
	if a.last < 0 || a.used+1<<class > 1<<chunkClass {
		a.last, a.used = a.chunk(chunkClass), 0
	}
	b := place(a.last, a.used, class)
	a.used += 1 << class
	return b
}

func (a *arena) chunk(class int) int {
	a.chunks = append(a.chunks, make([]int64, 1<<class))
	return len(a.chunks) - 1
}

func place(chunk, offset, class int) block {
	return block(chunk+1)<<32 | block(offset)<<6 | block(class)
}

// put takes a block back.
func (a *arena) put(b block) {
	if b != 0 {
		a.free[b.class()] = append(a.free[b.class()], b)
	}
}

func (b block) class() int { return int(b & 63) }

// at is the memory of a block.
func (a *arena) at(b block) []int64 {
	from := int(b>>6) & (1<<26 - 1)
	return a.chunks[b>>32-1][from : from+1<<(b&63)]
}

// A queue keeps the least value of a window: tags and values that ascend, since
// a value behind which a lesser one has come is the least of no window to come.
// It is two words of a record: its block, and head and length.

// push adds a value with its tag. Tags never descend.
func (a *arena) push(q []int64, tag, value int64) {
	head, length := uint32(q[1]>>32), uint32(q[1])
	var mem []int64
	var mask uint32
	if q[0] != 0 {
		mem = a.at(block(q[0]))
		mask = uint32(len(mem)/2 - 1)
	}
	for length > 0 {
		back := mem[2*((head+length-1)&mask):]
		if back[1] < value {
			if back[0] == tag { // it leaves together with the lesser
				return
			}
			break
		}
		length--
	}
	if q[0] == 0 || length > mask {
		class := 3
		if q[0] != 0 {
			class = block(q[0]).class() + 1
		}
		grown := a.get(class)
		to := a.at(grown)
		for i := range length {
			from := 2 * ((head + i) & mask)
			to[2*i], to[2*i+1] = mem[from], mem[from+1]
		}
		a.put(block(q[0]))
		q[0], mem, mask, head = int64(grown), to, uint32(len(to)/2-1), 0
	}
	back := mem[2*((head+length)&mask):]
	back[0], back[1] = tag, value
	q[1] = int64(head)<<32 | int64(length+1)
}

// pop removes what has this tag or an earlier one.
func (a *arena) pop(q []int64, tag int64) {
	head, length := uint32(q[1]>>32), uint32(q[1])
	if length == 0 {
		return
	}
	mem := a.at(block(q[0]))
	mask := uint32(len(mem)/2 - 1)
	for length > 0 && mem[2*(head&mask)] <= tag {
		head, length = (head+1)&mask, length-1
	}
	q[1] = int64(head)<<32 | int64(length)
}

// least is the least value of a queue; ok is false when it is empty.
func (a *arena) least(q []int64) (value int64, ok bool) {
	head, length := uint32(q[1]>>32), uint32(q[1])
	if length == 0 {
		return 0, false
	}
	return a.at(block(q[0]))[2*head+1], true
}

// A table keeps the values of a window, each with the tag of the last event
// that had it. It is two words of a record: its block, and how many it holds.
// Values are hashed already; a free place has tag 0, so tags are kept one up.

// see notes a value with its tag.
func (a *arena) see(t []int64, value, tag int64) {
	if t[0] == 0 {
		t[0] = int64(a.get(3))
	}
	mem := a.at(block(t[0]))
	if int(t[1])*4 >= len(mem)/2*3 {
		a.rebuild(t, block(t[0]).class()+1, -1)
		mem = a.at(block(t[0]))
	}
	mask := len(mem)/2 - 1
	for i := int(value) & mask; ; i = (i + 1) & mask {
		switch {
		case mem[2*i+1] == 0:
			mem[2*i], mem[2*i+1] = value, tag+1
			t[1]++
			return
		case mem[2*i] == value:
			mem[2*i+1] = tag + 1
			return
		}
	}
}

// rebuild moves to a block of another class what has a later tag than one.
func (a *arena) rebuild(t []int64, class int, tag int64) {
	old := block(t[0])
	from := a.at(old)
	t[0], t[1] = int64(a.get(class)), 0
	to := a.at(block(t[0]))
	mask := len(to)/2 - 1
	for k := 0; k < len(from); k += 2 {
		if from[k+1] <= tag+1 {
			continue
		}
		i := int(from[k]) & mask
		for to[2*i+1] != 0 {
			i = (i + 1) & mask
		}
		to[2*i], to[2*i+1] = from[k], from[k+1]
		t[1]++
	}
	a.put(old)
}

// forget removes a value when no later event than the one with this tag has
// had it.
func (a *arena) forget(t []int64, value, tag int64) {
	mem := a.at(block(t[0]))
	mask := len(mem)/2 - 1
	i := int(value) & mask
	for mem[2*i+1] != 0 && mem[2*i] != value {
		i = (i + 1) & mask
	}
	if mem[2*i+1] != tag+1 {
		return
	}
	t[1]--
	// What stands behind it and would have liked its place moves up.
	for k := (i + 1) & mask; mem[2*k+1] != 0; k = (k + 1) & mask {
		if home := int(mem[2*k]) & mask; (k-home)&mask >= (k-i)&mask {
			mem[2*i], mem[2*i+1] = mem[2*k], mem[2*k+1]
			i = k
		}
	}
	mem[2*i], mem[2*i+1] = 0, 0
}

// forgetAll removes what has this tag or an earlier one.
func (a *arena) forgetAll(t []int64, tag int64) {
	if t[0] != 0 {
		a.rebuild(t, block(t[0]).class(), tag)
	}
}
