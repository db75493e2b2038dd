package feed

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// objects finds the cells of a line of NDJSON: the members that the columns
// name, a dot leading into an object. Members that no column names are passed
// over; arrays as well. null is absent.
type objects struct {
	columns map[string]int
	found   []Span
	path    []byte
	strict  bool   // a member that no column names is refused
	unknown string // that member; "" is none
}

func newObjects(columns []string) *objects {
	o := &objects{columns: map[string]int{}, found: make([]Span, len(columns))}
	for i, name := range columns {
		o.columns[name] = i
	}
	return o
}

func (o *objects) cells() []Span { return o.found }

const (
	badJSON  = "this is no JSON object"
	badTwice = "a member stands in it twice"
	noField  = "there is no such field"
	badArray = "a list stands where a value is wanted"
	maxDepth = 16
)

// scan implements shape.
func (o *objects) scan(data []byte, from, end int) (grown []byte, next int, reason string) {
	next = lineEnd(data, from, end)
	if next < 0 {
		return data, -1, ""
	}
	grown, reason = o.read(data, from, next)
	return grown, next, reason
}

// read finds the cells of the object that is data[from:end].
func (o *objects) read(data []byte, from, end int) (grown []byte, reason string) {
	for i := range o.found {
		o.found[i] = Span{}
	}
	p := object{objects: o, data: data, at: from, end: end}
	if p.space(); p.at == p.end {
		return data, "" // an empty line; its cells are empty
	}
	o.path, o.unknown = o.path[:0], ""
	if !p.members(0) {
		return p.data, p.reason
	}
	if p.space(); p.at < p.end {
		return p.data, badJSON
	}
	return p.data, ""
}

// object reads one line.
type object struct {
	*objects
	data    []byte
	at, end int
	reason  string
}

func (p *object) fail(reason string) bool {
	p.reason = reason
	return false
}

func (p *object) space() {
	for p.at < p.end {
		switch p.data[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

// take passes over c.
func (p *object) take(c byte) bool {
	if p.space(); p.at < p.end && p.data[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *object) members(depth int) bool {
	if depth > maxDepth || !p.take('{') {
		return p.fail(badJSON)
	}
	if p.take('}') {
		return true
	}
	for {
		if p.space(); p.at == p.end || p.data[p.at] != '"' {
			return p.fail(badJSON)
		}
		key, ok := p.text()
		if !ok || !p.take(':') {
			return p.fail(badJSON)
		}
		outer := len(p.path)
		if outer > 0 {
			p.path = append(p.path, '.')
		}
		p.path = append(p.path, p.data[key.From:key.To]...)
		if !p.value(depth) {
			return false
		}
		p.path = p.path[:outer]
		if p.take(',') {
			continue
		}
		if !p.take('}') {
			return p.fail(badJSON)
		}
		return true
	}
}

func (p *object) value(depth int) bool {
	p.space()
	if p.at == p.end {
		return p.fail(badJSON)
	}
	column, wanted := p.columns[string(p.path)]
	if !wanted && p.strict {
		p.unknown = string(p.path)
		return p.fail(noField)
	}
	var cell Span
	switch p.data[p.at] {
	case '{':
		if wanted {
			return p.fail("an object stands where a value is wanted")
		}
		return p.members(depth + 1)
	case '[':
		if wanted {
			return p.fail(badArray)
		}
		return p.list(depth + 1)
	case '"':
		var ok bool
		if cell, ok = p.text(); !ok {
			return p.fail(badJSON)
		}
	default:
		begin := p.at
		for p.at < p.end && !isDelimiter(p.data[p.at]) {
			p.at++
		}
		word := p.data[begin:p.at]
		switch {
		case string(word) == "null":
			return true
		case string(word) == "true", string(word) == "false", isNumber(word):
			cell = Span{uint32(begin), uint32(p.at)}
		default:
			return p.fail(badJSON)
		}
	}
	if wanted {
		if p.found[column].To != 0 {
			return p.fail(badTwice)
		}
		p.found[column] = cell
	}
	return true
}

// list passes over an array.
func (p *object) list(depth int) bool {
	if depth > maxDepth || !p.take('[') {
		return p.fail(badJSON)
	}
	if p.take(']') {
		return true
	}
	outer := len(p.path)
	p.path = append(p.path, "[]"...) // no column has such a name
	for {
		if !p.value(depth) {
			return false
		}
		if p.take(',') {
			continue
		}
		p.path = p.path[:outer]
		if !p.take(']') {
			return p.fail(badJSON)
		}
		return true
	}
}

func isDelimiter(c byte) bool {
	switch c {
	case ',', '}', ']', ' ', '\t', '\r', '\n':
		return true
	}
	return false
}

// isNumber reports whether b is a number as JSON writes it.
func isNumber(b []byte) bool {
	run := func() (n int) {
		for len(b) > 0 && b[0]-'0' <= 9 {
			b, n = b[1:], n+1
		}
		return n
	}
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	if len(b) > 1 && b[0] == '0' && b[1]-'0' <= 9 || run() == 0 {
		return false
	}
	if len(b) > 0 && b[0] == '.' {
		if b = b[1:]; run() == 0 {
			return false
		}
	}
	if len(b) > 0 && (b[0] == 'e' || b[0] == 'E') {
		if b = b[1:]; len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		if run() == 0 {
			return false
		}
	}
	return len(b) == 0
}

// text reads a string. One with escapes is unescaped behind the end of data.
func (p *object) text() (Span, bool) {
	begin := p.at + 1
	for i := begin; i < p.end; i++ {
		switch c := p.data[i]; {
		case c == '"':
			p.at = i + 1
			return Span{uint32(begin), uint32(i)}, true
		case c == '\\':
			return p.escaped(begin)
		case c < 0x20:
			return Span{}, false
		}
	}
	return Span{}, false
}

func (p *object) escaped(begin int) (Span, bool) {
	from := len(p.data)
	for i := begin; i < p.end; i++ {
		c := p.data[i]
		switch {
		case c == '"':
			p.at = i + 1
			return Span{uint32(from), uint32(len(p.data))}, true
		case c < 0x20:
			return Span{}, false
		case c != '\\':
			p.data = append(p.data, c)
			continue
		}
		if i++; i >= p.end {
			return Span{}, false
		}
		switch c := p.data[i]; c {
		case '"', '\\', '/':
			p.data = append(p.data, c)
		case 'b':
			p.data = append(p.data, '\b')
		case 'f':
			p.data = append(p.data, '\f')
		case 'n':
			p.data = append(p.data, '\n')
		case 'r':
			p.data = append(p.data, '\r')
		case 't':
			p.data = append(p.data, '\t')
		case 'u':
			r, ok := p.unit(i + 1)
			if !ok {
				return Span{}, false
			}
			i += 4
			if utf16.IsSurrogate(r) {
				low, ok := rune(0), false
				if i+2 < p.end && p.data[i+1] == '\\' && p.data[i+2] == 'u' {
					low, ok = p.unit(i + 3)
				}
				if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
					return Span{}, false
				}
				i += 6
			}
			p.data = utf8.AppendRune(p.data, r)
		default:
			return Span{}, false
		}
	}
	return Span{}, false
}

// unit reads four hexadecimal digits.
func (p *object) unit(at int) (rune, bool) {
	if at+4 > p.end {
		return 0, false
	}
	x, err := strconv.ParseUint(string(p.data[at:at+4]), 16, 16)
	return rune(x), err == nil
}
