package feature

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"lanzha"
)

// A snapshot is the state as it lies in memory, in little-endian words: a
// mark whose last byte is the version, then blocks of at most 1 MiB, each with
// its length and its checksum before it, and one of no length at the end. The
// first is the head in JSON.

const (
	snapshotMark    = "lzfeat\x00"
	snapshotVersion = 1
	blockSize       = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// head says what a snapshot is of.
type head struct {
	Layout   string   `json:"layout"` // a digest
	Features []string `json:"features"`
	Groups   []int    `json:"groups"`
	Since    []int64  `json:"since"`
}

func (g *Engine) head() head {
	h := head{Layout: g.layout(), Groups: g.groups, Since: g.since, Features: []string{}}
	for _, f := range g.features {
		h.Features = append(h.Features, f.Pack+"."+f.Name)
	}
	return h
}

// layout is a digest of where everything lies in the state.
func (g *Engine) layout() string {
	d := sha256.New()
	for _, p := range g.parts {
		fmt.Fprintln(d, "part", p.lag, p.age.idle, len(p.names), chunkBits, recordsPerChunk, idsPerChunk, segmentSize)
		for _, k := range p.keys {
			fmt.Fprintln(d, "key", k.kind, k.own, k.words)
			for _, f := range k.fields {
				fmt.Fprintln(d, "of", f.Name, f.Domain)
			}
			for _, s := range k.series {
				fmt.Fprintln(d, "series", s.index, s.group, s.pane, s.base, s.size, s.width)
				for _, c := range s.conds {
					fmt.Fprintf(d, "cond %q\n", c.text())
				}
				for _, c := range s.cols {
					fmt.Fprintln(d, "column", c.field.Name, c.as, c.cut, c.at)
				}
				for _, b := range s.bounds {
					fmt.Fprintln(d, "bound", b.dist, b.at)
					for _, o := range b.ops {
						fmt.Fprintln(d, "op", o.do, o.bit, o.col, o.sign, o.end, o.at, o.word, o.taken != nil)
					}
				}
			}
		}
	}
	return hex.EncodeToString(d.Sum(nil))
}

// Snapshot writes the whole state. An engine that is restored from it goes on
// exactly as this one does.
func (g *Engine) Snapshot(w io.Writer) error {
	text, err := json.Marshal(g.head())
	if err != nil {
		return err
	}
	if _, err := w.Write(append([]byte(snapshotMark), snapshotVersion)); err != nil {
		return err
	}
	s := &saver{w: w, block: make([]byte, 8, 8+blockSize)}
	s.bytes(text)
	s.flush()
	for _, p := range g.parts {
		s.part(p)
	}
	s.flush()
	s.write(nil)
	return s.err
}

// saver writes blocks. The first error ends all.
type saver struct {
	w     io.Writer
	block []byte // eight bytes for length and checksum, then what it holds
	err   error
}

func (s *saver) flush() {
	if len(s.block) > 8 {
		s.write(s.block[8:])
		s.block = s.block[:8]
	}
}

func (s *saver) write(data []byte) {
	binary.LittleEndian.PutUint32(s.block, uint32(len(data)))
	binary.LittleEndian.PutUint32(s.block[4:], crc32.Checksum(data, castagnoli))
	if s.err == nil {
		_, s.err = s.w.Write(s.block[:8+len(data)])
	}
}

func (s *saver) bytes(b []byte) {
	for len(b) > 0 {
		n := min(len(b), cap(s.block)-len(s.block))
		s.block = append(s.block, b[:n]...)
		if b = b[n:]; len(s.block) == cap(s.block) {
			s.flush()
		}
	}
}

func (s *saver) words(words []uint32) {
	for len(words) > 0 {
		n := min(len(words), (cap(s.block)-len(s.block))/4)
		at := len(s.block)
		s.block = s.block[:at+4*n]
		to := s.block[at:]
		for _, w := range words[:n] {
			binary.LittleEndian.PutUint32(to, w)
			to = to[4:]
		}
		if words = words[n:]; cap(s.block)-len(s.block) < 8 {
			s.flush()
		}
	}
}

func (s *saver) int(x int64) {
	s.words([]uint32{uint32(x), uint32(uint64(x) >> 32)})
}

// list is words behind their number.
func (s *saver) list(words []uint32) {
	s.int(int64(len(words)))
	s.words(words)
}

func (s *saver) lists(of [][]uint32) {
	s.int(int64(len(of)))
	for _, words := range of {
		s.list(words)
	}
}

func (s *saver) part(p *part) {
	for _, x := range p.age.state() {
		s.int(*x)
	}
	s.int(p.order)
	s.int(p.learned)
	s.int(int64(len(p.arenas)))
	for _, a := range p.arenas {
		s.arena(a)
	}
	for i := range p.names {
		s.names(&p.names[i])
	}
	for i := range p.pairs {
		s.names(&p.pairs[i])
	}
	for _, k := range p.keys {
		s.int(int64(k.n))
		s.list(k.free)
		s.lists(k.ids)
		s.lists(k.recs)
	}
	s.int(int64(len(p.pending)))
	for _, l := range p.pending {
		s.int(l.at)
		s.int(l.order)
		s.int(int64(slices.Index(p.keys, l.key)))
		s.list([]uint32{uint32(l.series.index), l.rec, l.tag, l.then})
		s.list(l.event)
	}
}

func (s *saver) arena(a *arena) {
	s.int(int64(a.used))
	s.int(int64(a.end))
	s.lists(a.chunks)
	s.lists(a.free[:])
}

func (s *saver) names(t *interner) {
	s.int(int64(t.n))
	s.int(int64(t.depth))
	s.list(t.directory)
	s.list(t.free)
	s.int(int64(len(t.segments)))
	for i := range t.segments {
		g := &t.segments[i]
		s.int(int64(g.n)<<8 | int64(g.depth))
		for i := range g.names {
			n := &g.names[i]
			s.words([]uint32{uint32(n.x), uint32(n.x >> 32), n.id, uint32(n.day)<<16 | uint32(n.form)})
		}
	}
	s.arena(&t.long)
}

// state are the numbers of an age, to be written and read.
func (a *age) state() []*int64 {
	return []*int64{&a.begun, &a.clock, &a.low, &a.high, &a.n, &a.due, &a.domain, &a.segment, &a.slot, &a.key, &a.rec, &a.owed}
}

// errUnreadable is what is wrong with a snapshot; errOther is that it is of
// something else.
func errUnreadable(err error) error {
	return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "snapshot", Message: "the snapshot of the features cannot be read", Hint: "take an older one, or compute the state anew from the events", Err: err}
}

func errOther(field string) error {
	return &lanzha.Error{Code: lanzha.CodeConflict, Field: field, Message: "the snapshot is of other features", Hint: "restore it with the packs it was made with, or compute the state anew from the events"}
}

// Restore takes over a state that Snapshot has written, of an engine of the
// same packs and options. A snapshot of other features (conflict) or one that
// is damaged or of another version (invalid) is refused, and nothing changes.
// No more is read than the snapshot.
func (g *Engine) Restore(r io.Reader) error {
	mark := make([]byte, len(snapshotMark)+1)
	if _, err := io.ReadFull(r, mark); err != nil {
		return errUnreadable(err)
	}
	if string(mark[:len(snapshotMark)]) != snapshotMark || mark[len(snapshotMark)] != snapshotVersion {
		return errUnreadable(errors.New("it is of another version, or something else"))
	}
	l := &loader{r: r}
	l.next()
	if l.err != nil {
		return errUnreadable(l.err)
	}
	var h head
	if err := json.Unmarshal(l.rest, &h); err != nil {
		return errUnreadable(err)
	}
	l.rest = nil
	names := g.head().Features
	if !slices.Equal(names, h.Features) || len(h.Groups) != len(names) || len(h.Since) != len(names) || len(names) > 0 && slices.Max(h.Groups) > maxGroups {
		return errOther("features")
	}
	next := &Engine{options: g.options, packs: g.packs, kind: g.kind}
	next.compile(g.features, h.Groups, len(g.parts))
	next.since = h.Since
	if next.layout() != h.Layout {
		return errOther("layout")
	}
	for _, p := range next.parts {
		l.part(p)
	}
	if l.err == nil && len(l.rest) == 0 {
		l.next()
	}
	if !errors.Is(l.err, io.EOF) {
		return errUnreadable(errors.Join(l.err, errors.New("it does not end where it should")))
	}
	*g = *next
	return nil
}

// maxGroups is how often features can be added to a running engine before it
// has to begin anew.
const maxGroups = 10_000

// loader reads blocks. The first error ends all; io.EOF is the end.
type loader struct {
	r     io.Reader
	block []byte
	rest  []byte // of the block
	err   error
}

func (l *loader) next() {
	if l.err != nil {
		return
	}
	var lead [8]byte
	if _, l.err = io.ReadFull(l.r, lead[:]); l.err != nil {
		l.err = io.ErrUnexpectedEOF
		return
	}
	n := binary.LittleEndian.Uint32(lead[:])
	if n > blockSize {
		l.err = errors.New("a block is too long")
		return
	}
	if l.block == nil {
		l.block = make([]byte, blockSize)
	}
	l.rest = l.block[:n]
	if _, l.err = io.ReadFull(l.r, l.rest); l.err != nil {
		l.err = io.ErrUnexpectedEOF
		return
	}
	switch {
	case crc32.Checksum(l.rest, castagnoli) != binary.LittleEndian.Uint32(lead[4:]):
		l.err = errors.New("a checksum does not agree")
	case n == 0:
		l.err = io.EOF
	}
}

func (l *loader) words(to []uint32) {
	for len(to) > 0 {
		if len(l.rest) == 0 {
			l.next()
		}
		if l.err != nil {
			return
		}
		n := min(len(to), len(l.rest)/4)
		if n == 0 {
			l.err = errors.New("a word is cut off")
			return
		}
		from := l.rest[:4*n]
		for i := range to[:n] {
			to[i] = binary.LittleEndian.Uint32(from)
			from = from[4:]
		}
		to, l.rest = to[n:], l.rest[4*n:]
	}
}

func (l *loader) int() int64 {
	var w [2]uint32
	l.words(w[:])
	return int64(w[0]) | int64(w[1])<<32
}

// count is a number of things, of which there are at most so many.
func (l *loader) count(most int) int {
	n := l.int()
	if l.err == nil && (n < 0 || n > int64(most)) {
		l.err = errors.New("a number is out of range")
	}
	if l.err != nil {
		return 0
	}
	return int(n)
}

const mostWords = 1 << 34

func (l *loader) list() []uint32 {
	n := l.count(mostWords)
	if n == 0 {
		return nil
	}
	words := make([]uint32, n)
	l.words(words)
	return words
}

func (l *loader) lists() [][]uint32 {
	of := make([][]uint32, l.count(1<<28))
	for i := range of {
		of[i] = l.list()
	}
	return of
}

func (l *loader) part(p *part) {
	for _, x := range p.age.state() {
		*x = l.int()
	}
	p.order = l.int()
	p.learned = l.int()
	for n := l.count(1 << 16); n > len(p.arenas); {
		p.arena(len(p.arenas))
	}
	for _, a := range p.arenas {
		l.arena(a)
	}
	for i := range p.names {
		l.names(&p.names[i])
	}
	for i := range p.pairs {
		l.names(&p.pairs[i])
	}
	for _, k := range p.keys {
		k.n = uint32(l.int())
		k.free, k.ids, k.recs = l.list(), l.lists(), l.lists()
	}
	for range l.count(mostWords) {
		x := lesson{at: l.int(), order: l.int()}
		key := l.count(len(p.keys) - 1)
		words := l.list()
		x.event = l.list()
		if l.err != nil || len(words) != 4 || int(words[0]) >= len(p.series) {
			l.err = errors.Join(l.err, errors.New("an outcome is of no series"))
			return
		}
		x.key, x.series, x.rec, x.tag, x.then = p.keys[key], p.series[words[0]], words[1], words[2], words[3]
		p.pending = append(p.pending, x)
	}
}

func (l *loader) arena(a *arena) {
	a.used, a.end = uint32(l.int()), uint32(l.int())
	a.chunks = l.lists()
	free := l.lists()
	if l.err == nil && len(free) != len(a.free) {
		l.err = errors.New("the classes of blocks are others")
	}
	copy(a.free[:], free)
}

func (l *loader) names(t *interner) {
	t.n, t.depth = uint32(l.int()), uint8(l.int())
	t.directory, t.free = l.list(), l.list()
	t.segments = make([]segment, l.count(1<<24))
	raw := make([]uint32, 4*segmentSize)
	for i := range t.segments {
		g := &t.segments[i]
		x := l.int()
		g.n, g.depth, g.names = int32(x>>8), uint8(x), new([segmentSize]name)
		l.words(raw)
		for i := range g.names {
			w := raw[4*i:][:4]
			g.names[i] = name{uint64(w[0]) | uint64(w[1])<<32, w[2], uint16(w[3]), uint16(w[3] >> 16)}
		}
	}
	t.long.width = longWidth
	l.arena(&t.long)
}
