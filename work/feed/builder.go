package feed

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// Builder makes a batch of events that stand in no file, and checks them as
// those of a file are checked. Events have the names of the canonical columns;
// a name that no field has is refused. Rows count from 1 in the order in which
// events are added, refused or not. One goroutine uses it at a time.
type Builder struct {
	source  *Source
	objects *objects
	cells   []Span
	batch   Batch
}

// NewBuilder begins a batch of one kind.
func NewBuilder(kind Kind) *Builder {
	m, err := Canonical(kind, NDJSON)
	if err != nil {
		panic(err) // the form of its times is our own
	}
	b := &Builder{source: &Source{mapping: m, columns: m.named(), decides: -1}, cells: make([]Span, len(fields[kind]))}
	if err := b.source.compile(); err != nil {
		panic(err) // its columns are the fields
	}
	b.objects = newObjects(b.source.columns)
	b.objects.strict = true
	b.batch.kind = kind
	return b
}

// Batch is what was added since the last Reset. It is the builder's own.
func (b *Builder) Batch() *Batch { return &b.batch }

// Reset begins anew in the same memory.
func (b *Builder) Reset() {
	b.batch.Clear()
	b.source.row = 0
}

// Add adds an event: the texts of its fields by their names, "" being absent.
// False means that it stands, with field and reason, last among the refused.
func (b *Builder) Add(values map[string]string) bool {
	b.source.row++
	before, found, data := len(b.batch.Refused), 0, b.batch.data
	for i, name := range b.source.columns {
		value, given := values[name]
		if b.cells[i] = (Span{}); !given {
			continue
		}
		found++
		if !utf8.ValidString(value) {
			return b.refuse(values, name, badUTF8)
		}
		b.cells[i] = Span{uint32(len(data)), uint32(len(data) + len(value))}
		data = append(data, value...)
	}
	if found < len(values) {
		names := sortedKeys(values)
		unknown := slices.IndexFunc(names, func(name string) bool { return !slices.Contains(b.source.columns, name) })
		return b.refuse(values, names[unknown], noField)
	}
	if len(data)-len(b.batch.data) > maxRecord {
		return b.refuse(values, "", tooLong)
	}
	b.batch.data = data
	b.source.event(&b.batch, b.cells, Span{})
	if len(b.batch.Refused) > before {
		b.batch.Refused[before].Record = recordOf(values)
		return false
	}
	return true
}

func (b *Builder) refuse(values map[string]string, field, reason string) bool {
	b.batch.Refused = append(b.batch.Refused, Refusal{Row: b.source.row, Field: field, Reason: reason, Record: recordOf(values)})
	return false
}

// recordOf is the record of an event that stands in no file.
func recordOf(values map[string]string) string {
	record, err := json.Marshal(values)
	if err != nil {
		panic(err) // texts are always JSON
	}
	return string(record)
}

// AddJSON adds an event that is a JSON object. False means that it stands, with
// field and reason, last among the refused.
func (b *Builder) AddJSON(object []byte) bool {
	b.source.row++
	before := len(b.batch.Refused)
	if len(object) > maxRecord {
		b.batch.Refused = append(b.batch.Refused, Refusal{Row: b.source.row, Reason: tooLong, Record: string(object)})
		return false
	}
	raw := Span{uint32(len(b.batch.data)), uint32(len(b.batch.data) + len(object))}
	b.batch.data = append(b.batch.data, object...)
	if !utf8.Valid(object) {
		b.batch.refuse(b.source.row, "", badUTF8, raw)
		return false
	}
	grown, reason := b.objects.read(b.batch.data, int(raw.From), int(raw.To))
	b.batch.data = grown
	if reason != "" {
		b.batch.refuse(b.source.row, b.objects.unknown, reason, raw)
		return false
	}
	b.source.event(&b.batch, b.objects.cells(), raw)
	return len(b.batch.Refused) == before
}

// Value is a field with its value, where nothing has to be read: a text, or the
// number that Event.Num gives back.
type Value struct {
	Field Field
	Text  string
	Num   int64
}

// Put adds an event whose values are at hand: at is its time in microseconds
// since 1970 UTC. False means that it stands, with field and reason, last among
// the refused.
func (b *Builder) Put(at int64, values ...Value) bool {
	b.source.row++
	batch := &b.batch
	batch.Events = append(batch.Events, Event{Row: b.source.row, Time: at, given: 1 << timeField})
	e := &batch.Events[len(batch.Events)-1]
	field, reason := batch.put(e, values)
	if reason == "" {
		return true
	}
	batch.Refused = append(batch.Refused, Refusal{Row: e.Row, Field: field, Reason: reason, Record: string(batch.AppendJSON(nil, e))})
	batch.Events = batch.Events[:len(batch.Events)-1]
	return false
}

// put gives an event its values, all of them, and says the first that is wrong.
func (b *Batch) put(e *Event, values []Value) (field, reason string) {
	wrong := func(name, why string) {
		if reason == "" {
			field, reason = name, why
		}
	}
	if !Instant.holds(e.Time) {
		wrong(fields[b.kind][timeField].Name, badRange)
	}
	for i := range values {
		v := &values[i]
		if v.Field.index >= len(fields[b.kind]) || fields[b.kind][v.Field.index].Name != v.Field.Name || v.Field.index == timeField {
			wrong(v.Field.Name, noField)
			continue
		}
		switch {
		case v.Field.Type != Text:
			if !v.Field.Type.holds(v.Num) {
				wrong(v.Field.Name, v.Field.Type.wanted())
				continue
			}
			e.nums[v.Field.at] = v.Num
		case v.Text == "":
			continue
		default:
			if v.Field.Of != nil && !slices.Contains(v.Field.Of, v.Text) {
				wrong(v.Field.Name, badWord)
			}
			e.texts[v.Field.at] = Span{uint32(len(b.data)), uint32(len(b.data) + len(v.Text))}
			b.data = append(b.data, v.Text...)
		}
		e.given |= 1 << v.Field.index
	}
	for i := range fields[b.kind] {
		if f := &fields[b.kind][i]; f.Required && e.given>>f.index&1 == 0 {
			wrong(f.Name, absent)
		}
	}
	wrong(b.kind.lacks(e.given))
	return field, reason
}

// wanted is the reason for which a number out of range is refused.
func (t Type) wanted() string {
	switch t {
	case Instant:
		return badRange
	case Amount:
		return badAmount
	case Bool:
		return badBool
	case Outcome:
		return badOutcome
	}
	return badInteger
}

// AppendJSON appends an event as a JSON object with the names of the canonical
// columns, which AddJSON reads back.
func (b *Batch) AppendJSON(dst []byte, e *Event) []byte {
	dst = append(dst, '{')
	for i := range fields[b.kind] {
		f := &fields[b.kind][i]
		if !e.Has(*f) {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), f.Name...), `":`...)
		n := int64(0)
		if f.Type != Text {
			n = e.Num(*f)
		}
		switch f.Type {
		case Text:
			text, err := json.Marshal(string(b.Text(e, *f)))
			if err != nil {
				panic(err) // texts are always JSON
			}
			dst = append(dst, text...)
		case Instant:
			dst = append(time.UnixMicro(n).UTC().AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
		case Amount:
			dst = append(strconv.AppendInt(dst, n/100, 10), '.', '0'+byte(n/10%10), '0'+byte(n%10))
		case Bool:
			dst = strconv.AppendBool(dst, n != 0)
		case Outcome:
			dst = append(dst, map[int64]string{Cleared: `"cleared"`, Confirmed: `"confirmed"`}[n]...)
		default:
			dst = strconv.AppendInt(dst, n, 10)
		}
	}
	return append(dst, '}')
}

// Join appends the events of another batch of the same kind, which may then be
// used again. Those that it refused stay behind; rows are counted anew.
func (b *Batch) Join(x *Batch) {
	b.kind = x.kind
	from := uint32(len(b.data))
	b.data = append(b.data, x.data...)
	for i := range x.Events {
		if x.Events[i].Refused {
			continue
		}
		b.Events = append(b.Events, x.Events[i])
		e := &b.Events[len(b.Events)-1]
		e.Row = len(b.Events)
		e.raw.From, e.raw.To = e.raw.From+from, e.raw.To+from
		for k := range e.texts {
			e.texts[k].From, e.texts[k].To = e.texts[k].From+from, e.texts[k].To+from
		}
	}
}

// Clear empties a batch and keeps its memory.
func (b *Batch) Clear() {
	b.Events, b.Refused, b.Skipped, b.data = b.Events[:0], b.Refused[:0], 0, b.data[:0]
}
