package feed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/transform"

	"lanzha"
)

const (
	readSize  = 64 << 10 // a batch: its text and its events stay in the cache of a core
	maxRecord = 1 << 20  // a longer one is refused
)

// Source reads the batches of one file. It has one reader; AppendRecord may be
// called by one other goroutine at the same time.
type Source struct {
	mapping *Mapping
	in      io.Reader
	format  Format // of the records, whatever the mapping says of a Parquet file
	zstd    *zstd.Decoder
	parquet *columns
	shape   shape
	out     shape // for AppendRecord alone

	columns  []string
	prefix   []byte // the constants of the mapping: every batch begins with them
	rest     []byte // of the last batch: the beginning of a record
	ended    bool
	row      int
	plans    map[string]*plan // by the value that decides; "" when none does
	decides  int              // the column that decides, or -1
	takes    []choice
	begun    bool
	skipLine bool // the beginning of this line was refused: it was too long
}

// shape finds the cells of a record.
type shape interface {
	// scan finds the cells of the record that begins at from. next is where the
	// following one begins, or -1 when the record does not end within data;
	// data may have grown behind its end by what was unescaped. A reason says
	// why it is none.
	scan(data []byte, from, end int) (grown []byte, next int, reason string)
	cells() []Span
}

// choice is a column whose values decide whether a record is taken.
type choice struct {
	column int
	values []string
	take   bool // take these; or leave these out
}

// plan is how the cells of a record become an event.
type plan struct{ steps []step }

// translated is a value as the mapping translates it.
type translated struct {
	from   string
	to     Span // empty: absent
	number int64
}

type step struct {
	mapped
	cell, second int // columns; -1 is none
	constant     Span
	number       int64 // of a constant
	given        []translated
}

// Open begins to read a file. gzip, zstd and Parquet are told by their first
// bytes; for Parquet r is a file, or has ReadAt and Size. The columns that the
// mapping names must be there.
func Open(r io.Reader, m *Mapping) (*Source, error) {
	s := &Source{mapping: m, format: m.format, decides: -1, row: 1}
	in, err := s.unpack(r)
	if err != nil {
		return nil, err
	}
	if m.gb18030 && s.parquet == nil {
		in = transform.NewReader(in, simplifiedchinese.GB18030.NewDecoder())
	}
	s.in = in
	s.columns = m.columns
	switch s.format {
	case NDJSON:
		if s.columns = m.named(); s.parquet != nil {
			s.columns = s.parquet.names()
		}
		s.shape, s.out = newObjects(s.columns), newObjects(s.columns)
		s.row = 0
	default:
		s.shape, s.out = newRows(m.separator), newRows(m.separator)
		if !m.header {
			s.row = 0
		} else if err := s.readHeader(); err != nil {
			s.Close()
			return nil, err
		}
	}
	if err := s.compile(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends the source; the reader it was opened on stays open.
func (s *Source) Close() {
	if s.zstd != nil {
		s.zstd.Close()
	}
	if s.parquet != nil {
		s.parquet.close()
	}
}

func (s *Source) unpack(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReaderSize(r, 64<<10)
	first, err := buffered.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, failed(err)
	}
	switch {
	case bytes.HasPrefix(first, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, failed(err)
		}
		return z, nil
	case bytes.Equal(first, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, failed(err)
		}
		s.zstd = z
		return z, nil
	case string(first) == "PAR1":
		if s.parquet, err = openColumns(r, s.mapping); err != nil {
			return nil, err
		}
		s.format = NDJSON
		return s.parquet, nil
	}
	return buffered, nil
}

func failed(err error) error {
	if e, ok := errors.AsType[*lanzha.Error](err); ok {
		return e // who gave the file knows better
	}
	return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "input", Message: "the file cannot be read to its end", Hint: "is it whole? gzip -t or zstd -t tells of compressed ones", Err: err}
}

// named are the columns of a mapping, sorted as the fields are.
func (m *Mapping) named() []string {
	out := []string{}
	add := func(name string) {
		if name != "" && !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, of := range m.alternatives() {
		slices.SortStableFunc(of, func(a, b mapped) int { return a.field.index - b.field.index })
		for _, x := range of {
			for _, c := range x.columns {
				add(c)
			}
		}
	}
	if len(m.byValue) > 1 {
		slices.Sort(out) // the cases have no order of their own
	}
	add(m.byColumn)
	for _, choices := range []map[string][]string{m.take, m.skip} {
		for _, name := range sortedKeys(choices) {
			add(name)
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	out := []string{}
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// readHeader reads the names of the columns.
func (s *Source) readHeader() error {
	data, err := s.fill(nil)
	if err != nil {
		return err
	}
	if len(data) == 0 {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "input", Message: "the file is empty", Hint: "the first line names the columns"}
	}
	grown, next, reason := s.shape.scan(data, 0, len(data))
	if reason != "" || next < 0 {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "input", Row: 1, Message: "this is no header: " + cmpOr(reason, "it does not end")}
	}
	names := []string{}
	for _, c := range s.shape.cells() {
		name := string(grown[c.From:c.To])
		if !utf8.ValidString(name) {
			return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "input", Row: 1, Message: "the header is not UTF-8", Hint: "a mapping with encoding: gb18030 reads files of Chinese Windows"}
		}
		if slices.Contains(names, name) && slices.Contains(s.mapping.named(), name) {
			return lanzha.Invalid(name, "the header has this column twice")
		}
		names = append(names, name)
	}
	s.rest = append(s.rest[:0], data[next:]...)
	if len(s.mapping.columns) == 0 {
		s.columns = names
	} else if len(s.mapping.columns) > len(names) {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "columns", Message: fmt.Sprintf("the mapping names %d columns, and the file has %d", len(s.mapping.columns), len(names))}
	}
	return nil
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// compile resolves the columns of the mapping.
func (s *Source) compile() error {
	m := s.mapping
	find := func(name string) (int, error) {
		if i := slices.Index(s.columns, name); i >= 0 {
			return i, nil
		}
		return -1, &lanzha.Error{Code: lanzha.CodeInvalid, Field: name, Message: "the file has no such column", Hint: "its columns: " + strings.Join(s.columns, ", ")}
	}
	if m.strict && s.format == CSV {
		for _, name := range s.columns {
			if _, ok := m.kind.Field(name); !ok {
				return unknownColumn(m.kind, name)
			}
		}
	}
	if m.byColumn != "" {
		var err error
		if s.decides, err = find(m.byColumn); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		of   map[string][]string
		take bool
	}{{m.take, true}, {m.skip, false}} {
		for _, name := range sortedKeys(c.of) {
			column, err := find(name)
			if err != nil {
				return err
			}
			s.takes = append(s.takes, choice{column, c.of[name], c.take})
		}
	}
	constants := map[string]Span{}
	constant := func(text string) Span {
		if _, ok := constants[text]; !ok {
			from := uint32(len(s.prefix))
			s.prefix = append(s.prefix, text...)
			constants[text] = Span{from, from + uint32(len(text))}
		}
		return constants[text]
	}
	s.plans = map[string]*plan{}
	for value, of := range m.alternatives() {
		p := &plan{}
		for _, x := range of {
			st := step{mapped: x, cell: -1, second: -1}
			var err error
			switch {
			case x.value != nil:
				st.constant = constant(*x.value)
				st.number, _ = x.field.read([]byte(*x.value), x.clock, x.round)
			case m.strict && !x.field.Required:
				st.cell = slices.Index(s.columns, x.columns[0])
				if st.cell < 0 {
					continue // trailing columns may be absent
				}
			default:
				if st.cell, err = find(x.columns[0]); err != nil {
					return err
				}
				if len(x.columns) == 2 {
					if st.second, err = find(x.columns[1]); err != nil {
						return err
					}
				}
			}
			for _, from := range sortedKeys(x.values) {
				v := translated{from: from, to: constant(x.values[from])}
				if x.values[from] != "" {
					v.number, _ = x.field.read([]byte(x.values[from]), nil, x.round)
				}
				st.given = append(st.given, v)
			}
			p.steps = append(p.steps, st)
		}
		s.plans[value] = p
	}
	return nil
}

func unknownColumn(kind Kind, name string) error {
	return &lanzha.Error{
		Code: lanzha.CodeInvalid, Field: name, Message: fmt.Sprintf("a %s has no such field", kind),
		Hint: "a mapping (--map) says which columns are which fields; without one the columns have the canonical names",
	}
}

// Columns are the names of the cells that AppendRecord writes.
func (s *Source) Columns() []string { return s.columns }

// fill reads until data has its size or the file ends.
func (s *Source) fill(data []byte) ([]byte, error) {
	if size := max(readSize, 2*len(s.rest)) + len(data) + len(s.rest); cap(data) < size {
		data = append(make([]byte, 0, size+size/8), data...)
	}
	begin := len(data)
	data = append(data, s.rest...)
	s.rest = s.rest[:0]
	for !s.ended && len(data) < cap(data)-cap(data)/16 { // a sixteenth for what is unescaped
		n, err := s.in.Read(data[len(data) : cap(data)-cap(data)/16])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			s.ended = true
			if len(data) > 0 && data[len(data)-1] != '\n' {
				data = append(data, '\n')
			}
		} else if err != nil {
			return nil, failed(err)
		}
	}
	if !s.begun && bytes.HasPrefix(data[begin:], []byte("\xef\xbb\xbf")) { // a byte order mark
		data = append(data[:begin], data[begin+3:]...)
	}
	s.begun = true
	return data, nil
}

// Next reads the next batch into b, whose former content is gone. It returns
// io.EOF when there is none.
func (s *Source) Next(b *Batch) error {
	b.Clear()
	b.kind = s.mapping.kind
	data, err := s.fill(append(b.data[:0], s.prefix...))
	if err != nil {
		return err
	}
	begin, end := len(s.prefix), len(data)
	b.data = data
	if begin == end {
		return io.EOF
	}
	valid := utf8.Valid(data[begin:end])
	at := begin
	for at < end {
		if s.skipLine {
			line := bytes.IndexByte(b.data[at:end], '\n')
			if line < 0 {
				at = end
				break
			}
			at, s.skipLine = at+line+1, false
			continue
		}
		grown, next, reason := s.shape.scan(b.data, at, end)
		b.data = grown
		if next < 0 && !s.ended && end-at <= maxRecord {
			break
		}
		if next < 0 { // too long, or a quote that never ends: go on behind its line
			if reason == "" {
				reason = tooLong
			}
			line := bytes.IndexByte(b.data[at:end], '\n')
			if line < 0 {
				line = end - at - 1
				s.skipLine = true
			}
			next = at + line + 1
		}
		s.row++
		if raw := trim(b.data, at, next); raw.From < raw.To { // an empty line is nothing
			if reason == "" && !valid && !utf8.Valid(b.data[raw.From:raw.To]) {
				reason = badUTF8
			}
			if reason != "" {
				b.refuse(s.row, "", reason, raw)
			} else {
				s.event(b, s.shape.cells(), raw)
			}
		}
		at = next
	}
	s.rest = append(s.rest[:0], b.data[at:end]...)
	return nil
}

// trim is a record without its line end.
func trim(data []byte, from, next int) Span {
	to := next
	for to > from && (data[to-1] == '\n' || data[to-1] == '\r') {
		to--
	}
	return Span{uint32(from), uint32(to)}
}

// event makes an event of the cells of a record, or refuses it.
func (s *Source) event(b *Batch, cells []Span, raw Span) {
	if len(cells) > len(s.columns) {
		b.refuse(s.row, "", "it has more cells than there are columns", raw)
		return
	}
	for i := range s.takes {
		c := &s.takes[i]
		found := false
		if c.column < len(cells) {
			cell := b.data[cells[c.column].From:cells[c.column].To]
			for _, v := range c.values {
				found = found || string(cell) == v
			}
		}
		if found != c.take {
			b.Skipped++
			return
		}
	}
	p := s.plans[""]
	if s.decides >= 0 {
		var ok bool
		if s.decides < len(cells) {
			p, ok = s.plans[string(b.data[cells[s.decides].From:cells[s.decides].To])]
		}
		if !ok {
			b.refuse(s.row, s.columns[s.decides], badValue, raw)
			return
		}
	}
	b.Events = append(b.Events, Event{})
	e := &b.Events[len(b.Events)-1]
	e.Row, e.raw, e.cells = s.row, raw, int32(len(cells))
	for i := range p.steps {
		st := &p.steps[i]
		if reason := st.fill(b, e, cells); reason != "" {
			field := st.field.Name
			if st.cell >= 0 {
				field = s.columns[st.cell]
			}
			b.refuse(s.row, field, reason, raw)
			b.Events = b.Events[:len(b.Events)-1]
			return
		}
	}
	if field, reason := s.mapping.kind.lacks(e.given); reason != "" {
		b.refuse(s.row, field, reason, raw)
		b.Events = b.Events[:len(b.Events)-1]
	}
}

// fill sets one field of an event.
func (st *step) fill(b *Batch, e *Event, cells []Span) (reason string) {
	f := &st.field
	at, number := st.constant, st.number
	if st.cell >= 0 {
		at = Span{}
		if st.cell < len(cells) {
			at = cells[st.cell]
		}
		if st.given != nil {
			i := st.translate(b.data[at.From:at.To])
			if i >= 0 {
				number, at = st.given[i].number, st.given[i].to
			} else if at.From < at.To {
				return badValue
			}
		}
		if at.From == at.To {
			if f.Required {
				return absent
			}
			return ""
		}
		if (f.Type != Text || f.Of != nil) && st.given == nil {
			value := b.data[at.From:at.To]
			if st.second >= 0 {
				if st.second >= len(cells) {
					return absent
				}
				var joined [64]byte
				second := cells[st.second]
				value = append(append(append(joined[:0], value...), ' '), b.data[second.From:second.To]...)
			}
			if number, reason = f.read(value, st.clock, st.round); reason != "" {
				return reason
			}
		}
	}
	e.given |= 1 << f.index
	switch {
	case f.index == timeField:
		e.Time = number
	case f.Type == Text:
		e.texts[f.at] = at
	default:
		e.nums[f.at] = number
	}
	return ""
}

// translate finds a value among those of the mapping, or -1. They are few.
func (st *step) translate(value []byte) int {
	for i := range st.given {
		if st.given[i].from == string(value) {
			return i
		}
	}
	return -1
}

// AppendRecord appends the record of an event as CSV with commas: as it stood
// in the file when it was that already.
func (s *Source) AppendRecord(dst []byte, b *Batch, e *Event) []byte {
	raw := b.data[e.raw.From:e.raw.To]
	if s.format == CSV && s.mapping.separator == ',' {
		dst = append(dst, raw...)
		for i := int(e.cells); i < len(s.columns); i++ {
			dst = append(dst, ',')
		}
		return dst
	}
	line := append(append(make([]byte, 0, 2*len(raw)+1), raw...), '\n')
	grown, _, _ := s.out.scan(line, 0, len(line))
	cells := s.out.cells()
	for i := range s.columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		if i < len(cells) {
			dst = AppendCell(dst, grown[cells[i].From:cells[i].To])
		}
	}
	return dst
}

// AppendCell appends a cell of CSV, in quotes where it needs them.
func AppendCell(dst, cell []byte) []byte {
	if !bytes.ContainsAny(cell, ",\"\r\n") {
		return append(dst, cell...)
	}
	dst = append(dst, '"')
	for _, c := range cell {
		if c == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
