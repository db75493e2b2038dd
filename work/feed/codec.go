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
	slack     = 16 // bytes behind the end that words may be read from or written to
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
		for _, t := range e.texts {
			size += int(t.To - t.From)
		}
		dst = slices.Grow(dst, size)
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
	if length >= 2 {
		head := putUvarint(out, uint64(length)<<1|digitsBit)
		if packed(out[head:], b.data, s) {
			return head + int(length+1)/2
		}
	}
	head := putUvarint(out, uint64(length)<<1)
	return head + copy(out[head:], b.data[s.From:s.To])
}

// packed writes digits, two a byte, and reports whether they were digits alone.
// Eight are looked at in one step.
func packed(out, data []byte, s Span) bool {
	for from := s.From; from < s.To; from += 8 {
		var x uint64
		if int(from)+8 <= len(data) {
			x = binary.LittleEndian.Uint64(data[from:])
		} else {
			var last [8]byte
			copy(last[:], data[from:])
			x = binary.LittleEndian.Uint64(last[:])
		}
		if left := s.To - from; left < 8 {
			mask := uint64(1)<<(8*left) - 1
			x = x&mask | 0x3030303030303030&^mask
		}
		if x&0xf0f0f0f0f0f0f0f0 != 0x3030303030303030 || (x+0x0606060606060606)&0xf0f0f0f0f0f0f0f0 != 0x3030303030303030 {
			return false
		}
		x &= 0x0f0f0f0f0f0f0f0f
		x = (x | x>>4) & 0x00ff00ff00ff00ff
		x = (x | x>>8) & 0x0000ffff0000ffff
		binary.LittleEndian.PutUint32(out, uint32(x|x>>16))
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
	return x | 0x3030303030303030
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
