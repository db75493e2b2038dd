package feed

// rows finds the cells of CSV: RFC 4180, with any separator, with or without
// carriage returns.
type rows struct {
	class [256]uint8
	found []Span
}

const (
	plain = iota
	separates
	ends
	quotes
)

func newRows(separator byte) *rows {
	r := &rows{}
	r.class[separator], r.class['\n'], r.class['"'] = separates, ends, quotes
	return r
}

func (r *rows) cells() []Span { return r.found }

const (
	badQuote = "a quote stands inside a cell that is not quoted"
	badClose = "a quoted cell goes on behind its closing quote"
)

// scan implements shape.
func (r *rows) scan(data []byte, from, end int) (grown []byte, next int, reason string) {
	found := r.found[:0]
	at := from
	text := data[:end]
	for at < len(text) {
		if text[at] == '"' {
			var cell Span
			if data, cell, at = quoted(data, at, end); at < 0 {
				break
			}
			found = append(found, cell)
			if at < end && data[at] == '\r' && at+1 < end && data[at+1] == '\n' {
				at++
			}
			if at >= end {
				break
			}
			switch r.class[data[at]] {
			case separates:
				at++
				continue
			case ends:
				r.found = found
				return data, at + 1, reason
			}
			return data, lineEnd(data, from, end), badClose
		}
		begin := at
		for at < len(text) && r.class[text[at]] == plain {
			at++
		}
		if at == len(text) {
			break
		}
		switch r.class[text[at]] {
		case separates:
			found = append(found, Span{uint32(begin), uint32(at)})
			at++
		case ends:
			to := at
			if to > begin && text[to-1] == '\r' {
				to--
			}
			r.found = append(found, Span{uint32(begin), uint32(to)})
			return data, at + 1, reason
		default:
			return data, lineEnd(data, from, end), badQuote
		}
	}
	r.found = found
	return data, -1, ""
}

// lineEnd is behind the line in which from stands, or -1.
func lineEnd(data []byte, from, end int) int {
	for i := from; i < end; i++ {
		if data[i] == '\n' {
			return i + 1
		}
	}
	return -1
}

// quoted reads a cell in quotes that begins at at. Doubled quotes become one,
// behind the end of data. next is behind the closing quote, or -1.
func quoted(data []byte, at, end int) (grown []byte, cell Span, next int) {
	begin, doubled := at+1, false
	for i := begin; i < end; i++ {
		if data[i] != '"' {
			continue
		}
		if i+1 < end && data[i+1] == '"' {
			doubled = true
			i++
			continue
		}
		if i+1 == end {
			return data, cell, -1 // a second quote may follow
		}
		if !doubled {
			return data, Span{uint32(begin), uint32(i)}, i + 1
		}
		from := len(data)
		for k := begin; k < i; k++ {
			data = append(data, data[k])
			if data[k] == '"' {
				k++
			}
		}
		return data, Span{uint32(from), uint32(len(data))}, i + 1
	}
	return data, cell, -1
}
