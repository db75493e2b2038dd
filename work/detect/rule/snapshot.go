package rule

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"lanzha"
	"lanzha/work/feed"
)

// A snapshot is the magic word, the state of the rules, each text behind its
// length, then the state of the features. Two machines of one state write the
// same bytes.
const magic = "lanzha-rules-1\n"

// Snapshot writes the whole state, packs included: a machine that is restored
// from it goes on exactly as this one does. It holds numbers and accounts, as
// the machine does.
func (m *Machine) Snapshot(w io.Writer) error {
	out := bufio.NewWriterSize(w, 64<<10)
	s := &saver{w: out}
	s.bytes([]byte(magic))
	s.count(len(m.packs))
	for _, p := range m.packs {
		s.text(p.file)
		s.text(string(p.Text))
	}
	s.int(m.newest)
	s.lists(m.lists)
	s.lists(m.left)
	s.count(len(m.rules))
	for _, id := range slices.Sorted(maps.Keys(m.rules)) {
		h := m.rules[id]
		figures, err := json.Marshal(h.figures)
		if err != nil {
			return err
		}
		s.text(id)
		s.text(string(figures))
		s.int(int64(h.swept))
		s.values(h.raised)
	}
	if s.err == nil {
		s.err = out.Flush()
	}
	if s.err != nil {
		return s.err
	}
	return m.engine.Snapshot(w)
}

// Restore makes a machine from a snapshot. What cannot be read, or is of
// another version, is refused: then the log is read anew.
func Restore(r io.Reader, o Options) (*Machine, error) {
	l := &loader{r: bufio.NewReaderSize(r, 64<<10)}
	if string(l.bytes(len(magic))) != magic {
		return nil, unreadable(errors.New("it begins otherwise"))
	}
	packs := []*Pack{}
	for n := l.count(); n > 0 && l.err == nil; n-- {
		name, text := l.text(), l.text()
		if l.err != nil {
			break
		}
		p, err := Parse(name, []byte(text))
		if err != nil {
			return nil, unreadable(err)
		}
		packs = append(packs, p)
	}
	m := &Machine{o: o, rules: map[string]*history{}, unsorted: true}
	m.newest = l.int()
	m.lists, m.left = l.lists(), l.lists()
	for n := l.count(); n > 0 && l.err == nil; n-- {
		id, figures := l.text(), l.text()
		h := &history{swept: int(l.int()), raised: l.values()}
		if l.err != nil {
			break
		}
		if err := json.Unmarshal([]byte(figures), &h.figures); err != nil {
			return nil, unreadable(err)
		}
		m.rules[id] = h
	}
	if l.err != nil {
		return nil, unreadable(l.err)
	}
	if err := m.load(packs); err != nil {
		return nil, err
	}
	if err := m.engine.Restore(l.r); err != nil {
		return nil, err
	}
	return m, nil
}

func unreadable(err error) error {
	return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "snapshot", Message: "the snapshot of the rules cannot be read", Hint: "take it away: the state is computed anew from the event log", Err: err}
}

// saver writes parts, the first error ending all.
type saver struct {
	w   *bufio.Writer
	err error
}

func (s *saver) bytes(b []byte) {
	if s.err == nil {
		_, s.err = s.w.Write(b)
	}
}

func (s *saver) int(n int64) { s.bytes(binary.AppendVarint(nil, n)) }
func (s *saver) count(n int) { s.int(int64(n)) }

func (s *saver) text(t string) {
	s.count(len(t))
	s.bytes([]byte(t))
}

func (s *saver) values(of map[string]int64) {
	s.count(len(of))
	for _, v := range slices.Sorted(maps.Keys(of)) {
		s.text(v)
		s.int(of[v])
	}
}

func (s *saver) lists(of map[string]*list) {
	s.count(len(of))
	for _, name := range slices.Sorted(maps.Keys(of)) {
		s.text(name)
		for _, values := range of[name].of {
			s.values(values)
		}
	}
}

// loader reads what a saver wrote; after an error everything is empty.
type loader struct {
	r   *bufio.Reader
	err error
}

// maxPart bounds a text of a snapshot.
const maxPart = 64 << 20

func (l *loader) bytes(n int) []byte {
	if l.err == nil && (n < 0 || n > maxPart) {
		l.err = fmt.Errorf("a part of %d bytes", n)
	}
	if l.err != nil {
		return nil
	}
	b := make([]byte, n)
	_, l.err = io.ReadFull(l.r, b)
	return b
}

func (l *loader) int() (n int64) {
	if l.err == nil {
		n, l.err = binary.ReadVarint(l.r)
	}
	return n
}

func (l *loader) count() int   { return int(l.int()) }
func (l *loader) text() string { return string(l.bytes(l.count())) }

func (l *loader) values() map[string]int64 {
	out := map[string]int64{}
	for n := l.count(); n > 0 && l.err == nil; n-- {
		v := l.text()
		out[v] = l.int()
	}
	return out
}

func (l *loader) lists() map[string]*list {
	out := map[string]*list{}
	for n := l.count(); n > 0 && l.err == nil; n-- {
		name, x := l.text(), &list{}
		for d := range feed.Domains {
			if values := l.values(); len(values) > 0 {
				x.of[d] = values
			}
		}
		out[name] = x
	}
	return out
}
