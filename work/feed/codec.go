package feed

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"

	"lanzha"
)

// codecVersion is the first byte of what Encode writes. A later form gets the
// next number; Decode reads them all, and testdata holds one of each.
const codecVersion = 1

// Header says where a batch comes from, so that it is taken once.
type Header struct {
	Source string // what sent it; "" is nobody who would send it again
	Number int64  // grows with every batch of the source, from 1
}

const (
	digitsBit = 1  // of the length of a text: it stands as digits, two a byte
	slack     = 32 // bytes behind the end that words may be read from or written to
)

// textBits and numberBits are the bits of the texts and numbers among the
// fields of a kind, in the order of their places in an event.
var textBits, numberBits = func() (texts, numbers [len(fields)][]uint8) {
	for kind, of := range fields {
		for i, f := range of {
			switch {
			case i == timeField:
			case f.Type == Text:
				texts[kind] = append(texts[kind], uint8(i))
			default:
				numbers[kind] = append(numbers[kind], uint8(i))
			}
		}
	}
	return texts, numbers
}()

// Encode appends the events of a batch, without those refused, in the form in
// which the log keeps them:
//
//	version, kind: a byte each
//	number of the header: varint
//	source of the header: length, bytes
//	how many events: varint
//	each event: which fields are given (2 bytes, low first), the time as the
//	difference to the one before (zigzag varint), the texts, the numbers
//
// Texts and numbers stand in the order of their fields. A text is its length
// shifted left by one, and its bytes; with the low bit set they are digits, two
// a byte, the first one low. A number is a varint; an instant, the zigzag
// difference to the time.
func (b *Batch) Encode(dst []byte, kind Kind, h Header) []byte {
	taken := 0
	for i := range b.Events {
		if !b.Events[i].Refused {
			taken++
		}
	}
	dst = append(dst, codecVersion, byte(kind))
	dst = binary.AppendUvarint(dst, uint64(h.Number))
	dst = binary.AppendUvarint(dst, uint64(len(h.Source)))
	dst = append(dst, h.Source...)
	dst = binary.AppendUvarint(dst, uint64(taken))
	before := int64(0)
	for i := range b.Events {
		e := &b.Events[i]
		if e.Refused {
			continue
		}
		size := 2 + 10*(1+maxTexts+maxNumbers) + slack
		for k := range e.texts {
			size += int(e.texts[k].To - e.texts[k].From)
		}
		if cap(dst)-len(dst) < size {
			dst = slices.Grow(dst, size)
		}
		n := b.encode(dst[len(dst):len(dst)+size], e, kind, before)
		dst = dst[:len(dst)+n]
		before = e.Time
	}
	return dst
}

// encode writes an event to the beginning of out, which has room for it.
func (b *Batch) encode(out []byte, e *Event, kind Kind, before int64) int {
	binary.LittleEndian.PutUint16(out, e.given)
	n := 2 + putUvarint(out[2:], zigzag(e.Time-before))
	for at, bit := range textBits[kind] {
		if e.given>>bit&1 != 0 {
			n += b.encodeText(out[n:], e.texts[at])
		}
	}
	for at, bit := range numberBits[kind] {
		if e.given>>bit&1 == 0 {
			continue
		}
		x := uint64(e.nums[at])
		if fields[kind][bit].Type == Instant {
			x = zigzag(e.nums[at] - e.Time)
		}
		n += putUvarint(out[n:], x)
	}
	return n
}

func (b *Batch) encodeText(out []byte, s Span) int {
	length := s.To - s.From
	if length-2 <= 14 && int(s.From)+16 <= len(b.data) { // 2 to 16: the rule
		text := b.data[s.From : s.From+16]
		low := (binary.LittleEndian.Uint64(text) ^ zeros) & masks[min(length, 8)]
		high := (binary.LittleEndian.Uint64(text[8:]) ^ zeros) & masks[max(length, 8)-8]
		if !digits8(low) || !digits8(high) {
			out[0] = byte(length << 1)
			return 1 + copy(out[1:], text[:length])
		}
		out[0] = byte(length<<1 | digitsBit)
		binary.LittleEndian.PutUint64(out[1:], uint64(pack(low))|uint64(pack(high))<<32)
		return 1 + int(length+1)/2
	}
	if length >= 2 {
		head := putUvarint(out, uint64(length)<<1|digitsBit)
		if packed(out[head:], b.data, s) {
			return head + int(length+1)/2
		}
	}
	head := putUvarint(out, uint64(length)<<1)
	return head + copy(out[head:], b.data[s.From:s.To])
}

const zeros = 0x3030303030303030

// masks keep the first bytes of a word, by how many.
var masks = [9]uint64{
	0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff, 0xffffffffffffffff,
}

// digits8 reports whether eight bytes, which zeros was taken from, are 0 to 9.
func digits8(x uint64) bool { return (x|(x+0x7676767676767676))&0x8080808080808080 == 0 }

// pack is eight bytes from 0 to 9, two in a byte.
func pack(x uint64) uint32 {
	x = (x | x>>4) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return uint32(x | x>>16)
}

// packed writes digits of any length, two a byte, and reports whether they were
// digits alone.
func packed(out, data []byte, s Span) bool {
	for from := s.From; from < s.To; from += 8 {
		var eight [8]byte
		copy(eight[:], data[from:s.To])
		x := (binary.LittleEndian.Uint64(eight[:]) ^ zeros) & masks[min(8, s.To-from)]
		if !digits8(x) {
			return false
		}
		binary.LittleEndian.PutUint32(out, pack(x))
		out = out[4:]
	}
	return true
}

// unpack is eight digits of four bytes.
func unpack(word uint32) uint64 {
	x := uint64(word)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	x = (x | x<<4) & 0x0f0f0f0f0f0f0f0f
	return x | zeros
}

func zigzag(x int64) uint64   { return uint64(x)<<1 ^ uint64(x>>63) }
func unzigzag(x uint64) int64 { return int64(x>>1) ^ -int64(x&1) }

// putUvarint is binary.PutUvarint, small enough to stand where it is called for
// the lengths, which are one byte.
func putUvarint(out []byte, x uint64) int {
	if x < 0x80 {
		out[0] = byte(x)
		return 1
	}
	return binary.PutUvarint(out, x)
}

// Decode reads what Encode wrote into b, whose former content is gone. The
// batch does not keep data.
func (b *Batch) Decode(data []byte) (Kind, Header, error) {
	b.Clear()
	if len(data) < 2 || data[0] != codecVersion {
		return 0, Header{}, &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: "version", Message: "the log holds events in a form that this version does not read",
			Hint: "a later version of the program wrote them: start that one",
		}
	}
	if len(data) > maxEncoded {
		return 0, Header{}, damaged()
	}
	kind := Kind(data[1])
	if kind == 0 || int(kind) >= len(fields) {
		return 0, Header{}, damaged()
	}
	// The bytes as they are, then the digits that are unpacked: at most two of a
	// byte.
	size := 3*len(data) + slack
	b.kind = kind
	b.data = append(slices.Grow(b.data[:0], size), data...)
	d := decoder{data: b.data[:size], end: len(data), at: 2, free: len(data)}
	var h Header
	h.Number = int64(d.uvarint())
	if length := d.uvarint(); length <= uint64(d.end-d.at) {
		h.Source = string(d.data[d.at : d.at+int(length)])
		d.at += int(length)
	} else {
		d.bad = true
	}
	count := d.uvarint()
	if d.bad || h.Number < 0 || count > uint64(d.end-d.at)/3 { // an event has three bytes at least
		return 0, Header{}, damaged()
	}
	b.Events = slices.Grow(b.Events, int(count))[:count]
	at := int64(0)
	for i := range b.Events {
		e := &b.Events[i]
		*e = Event{Row: i + 1}
		d.event(e, kind, at)
		if d.bad {
			break
		}
		at = e.Time
	}
	if d.bad || d.at != d.end {
		b.Events = b.Events[:0]
		return 0, Header{}, damaged()
	}
	b.data = b.data[:d.free]
	return kind, h, nil
}

// maxEncoded bounds what is decoded, so that places in it fit a Span.
const maxEncoded = 1 << 28

func damaged() error {
	return &lanzha.Error{Code: lanzha.CodeInternal, Message: "an entry of the event log is damaged", Hint: "restore the log from a backup, or start a new one"}
}

// decoder reads one entry.
type decoder struct {
	data []byte // the entry, what is unpacked, and room for that
	end  int    // of the entry
	at   int
	free int // where the next digits go
	bad  bool
}

func (d *decoder) uvarint() uint64 {
	if d.at < d.end && d.data[d.at] < 0x80 {
		d.at++
		return uint64(d.data[d.at-1])
	}
	x, n := binary.Uvarint(d.data[min(d.at, d.end):d.end])
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.at += n
	return x
}

func (d *decoder) event(e *Event, kind Kind, before int64) {
	if d.at+2 > d.end {
		d.bad = true
		return
	}
	e.given = binary.LittleEndian.Uint16(d.data[d.at:])
	d.at += 2
	if bits.Len16(e.given) > len(fields[kind]) || e.given>>timeField&1 == 0 {
		d.bad = true
		return
	}
	e.Time = before + unzigzag(d.uvarint())
	for at, bit := range textBits[kind] {
		if e.given>>bit&1 != 0 {
			e.texts[at] = d.text()
		}
	}
	for at, bit := range numberBits[kind] {
		if e.given>>bit&1 == 0 {
			continue
		}
		x := d.uvarint()
		e.nums[at] = int64(x)
		if fields[kind][bit].Type == Instant {
			e.nums[at] = e.Time + unzigzag(x)
		}
		d.bad = d.bad || !fields[kind][bit].Type.holds(e.nums[at])
	}
	d.bad = d.bad || !Instant.holds(e.Time)
}

// text reads a text; digits are unpacked behind the end.
func (d *decoder) text() Span {
	head := d.uvarint()
	length := head >> 1
	if length > uint64(maxEncoded) {
		d.bad = true
		return Span{}
	}
	n := int(length)
	if head&digitsBit == 0 {
		from := d.at
		if d.at += n; d.at > d.end {
			d.bad = true
			return Span{}
		}
		return Span{uint32(from), uint32(d.at)}
	}
	stands := (n + 1) / 2
	if d.at+stands > d.end {
		d.bad = true
		return Span{}
	}
	from := d.free
	if n <= 16 { // the rule
		to := d.data[from : from+16]
		word := binary.LittleEndian.Uint64(d.data[d.at:])
		binary.LittleEndian.PutUint64(to, unpack(uint32(word)))
		binary.LittleEndian.PutUint64(to[8:], unpack(uint32(word>>32)))
		d.at += stands
		d.free += n
		return Span{uint32(from), uint32(d.free)}
	}
	for done := 0; done < n; done += 8 {
		binary.LittleEndian.PutUint64(d.data[from+done:], unpack(binary.LittleEndian.Uint32(d.data[d.at+done/2:])))
	}
	d.at += stands
	d.free += n
	return Span{uint32(from), uint32(d.free)}
}

// holds reports whether a number is in the range of its type.
func (t Type) holds(n int64) bool {
	switch t {
	case Instant:
		return n >= earliest && n <= latest
	case Amount:
		return n >= 0 && n <= maxFen
	case Bool:
		return n == 0 || n == 1
	case Outcome:
		return n == Cleared || n == Confirmed
	}
	return n >= 0
}

// Check reports what is wrong with a batch that somebody else encoded: Decode
// looks at the form alone. The error names the event by its place.
func (b *Batch) Check() error {
	for i := range b.Events {
		e := &b.Events[i]
		field, reason := b.kind.lacks(e.given)
		for k := range fields[b.kind] {
			f := &fields[b.kind][k]
			switch {
			case f.Required && !e.Has(*f):
				field, reason = f.Name, absent
			case f.Type != Text || !e.Has(*f):
			case !utf8.Valid(b.Text(e, *f)):
				field, reason = f.Name, badUTF8
			case f.Of != nil && !slices.Contains(f.Of, string(b.Text(e, *f))):
				field, reason = f.Name, badWord
			}
		}
		if reason != "" {
			err := lanzha.Invalid(field, "%s", reason)
			err.Row = i + 1
			return err
		}
	}
	return nil
}
