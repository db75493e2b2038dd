package feed

import (
	"errors"
	"io"
)

const (
	partRows  = 8192    // a part of a file ends at a multiple of so many records,
	partBytes = 1 << 20 // or behind the record with which its texts and what it refused reach this
)

// Parts cuts a file into parts that end at the same records however often it
// is read, so that one that was cut off goes on where it was, and nothing is
// taken twice. A part has its own memory: what was read may go.
type Parts struct {
	source   *Source
	read     Batch
	events   int // of read, that are handed out
	refusals int
	after    int // records up to this one were taken before
	end      int // record with which the present part ends at the latest
	skipped  int // left out by the mapping since the last part
	refused  int // bytes of what the present part refused
	err      error
}

// NewParts reads the parts behind a record; 0 is the beginning.
func NewParts(s *Source, after int) *Parts {
	return &Parts{source: s, after: after, end: (after/partRows + 1) * partRows}
}

// Next reads the next part into b, whose former content is gone, and says with
// which record it ends: its number at the log. It returns io.EOF when there is
// none. A file that breaks off within a part gives an error and not the part: a
// whole one will have it.
func (p *Parts) Next(b *Batch) (last int, err error) {
	b.Clear()
	b.kind = p.source.mapping.kind
	for {
		for p.events < len(p.read.Events) || p.refusals < len(p.read.Refused) {
			row := p.row()
			if row > p.end {
				if last = p.end; p.close(b, last) {
					return last, nil
				}
				p.end = (row + partRows - 1) / partRows * partRows
			}
			p.take(b, row)
			if len(b.data)+p.refused >= partBytes {
				last = row
				p.close(b, last)
				return last, nil
			}
		}
		if p.err != nil {
			if !errors.Is(p.err, io.EOF) {
				return 0, p.err
			}
			if last = p.source.row; p.close(b, last) {
				return last, nil
			}
			return 0, p.err
		}
		p.events, p.refusals = 0, 0
		if p.err = p.source.Next(&p.read); p.err != nil {
			p.read.Clear()
		}
		p.skipped += p.read.Skipped
	}
}

// row is the number of the next record.
func (p *Parts) row() int {
	switch {
	case p.events == len(p.read.Events):
		return p.read.Refused[p.refusals].Row
	case p.refusals == len(p.read.Refused):
		return p.read.Events[p.events].Row
	}
	return min(p.read.Events[p.events].Row, p.read.Refused[p.refusals].Row)
}

// take moves the next record into b, unless it was taken before.
func (p *Parts) take(b *Batch, row int) {
	if p.events < len(p.read.Events) && p.read.Events[p.events].Row == row {
		if row > p.after {
			b.copy(&p.read, &p.read.Events[p.events])
		}
		p.events++
		return
	}
	if row > p.after {
		b.Refused = append(b.Refused, p.read.Refused[p.refusals])
		p.refused += len(p.read.Refused[p.refusals].Record)
	}
	p.refusals++
}

// close ends a part with a record, and reports whether there is anything in it.
func (p *Parts) close(b *Batch, last int) bool {
	if last > p.after && len(b.Events)+len(b.Refused) > 0 {
		b.Skipped, p.skipped, p.refused = p.skipped, 0, 0
		p.after = last
		if p.end <= last {
			p.end = (last/partRows + 1) * partRows
		}
		return true
	}
	return false
}

// copy appends an event of another batch with its texts, without its record.
func (b *Batch) copy(x *Batch, e *Event) {
	b.Events = append(b.Events, *e)
	to := &b.Events[len(b.Events)-1]
	to.raw, to.cells = Span{}, 0
	for i := range to.texts {
		if s := &to.texts[i]; s.From < s.To {
			from := uint32(len(b.data))
			b.data = append(b.data, x.data[s.From:s.To]...)
			*s = Span{from, uint32(len(b.data))}
		}
	}
}
