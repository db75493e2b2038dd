package check

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"lanzha"
)

// decode reads a request, and nothing but a request. It is written by hand
// since thousands come in a second, and stricter than encoding/json: keys are
// exact and stand once, and nothing is null. Errors name the field and repeat
// nothing of the body, which holds personal data.
func decode(body []byte) (Request, error) {
	var r Request
	in := &reader{b: body}
	in.object("body", []string{"purpose", "officer", "reference", "checks"}, func(key string) {
		switch key {
		case "purpose":
			r.Purpose = Purpose(in.text("body.purpose"))
		case "officer":
			r.Officer = in.text("body.officer")
		case "reference":
			r.Reference = in.text("body.reference")
		case "checks":
			in.checks(&r)
		}
	})
	if in.space(); in.err == nil && in.at < len(in.b) {
		in.fail("body", "something follows the request at byte %d", in.at)
	}
	return r, in.err
}

// checks reads the subjects; the field of an error counts from 0 as JSON does.
func (in *reader) checks(r *Request) {
	in.array("body.checks", func(i int) {
		if i >= MaxChecks {
			in.fail("body.checks", "want 1 to %d checks", MaxChecks)
			return
		}
		field := func(name string) string { return fmt.Sprintf("body.checks[%d].%s", i, name) }
		var s Subject
		in.object("body.checks", []string{"number", "name", "service"}, func(key string) {
			switch text, ok := in.string(); {
			case !ok:
				in.fail(field(key), "want a text")
			case key == "number":
				s.Number = text
			case key == "name":
				s.Name = text
			case key == "service":
				s.Service = Service(text)
			}
		})
		r.Checks = append(r.Checks, s)
	})
}

// reader reads JSON from a body that is valid UTF-8. After the first error
// nothing more is read.
type reader struct {
	b   []byte
	at  int
	err error
}

func (in *reader) fail(field, format string, args ...any) {
	if in.err == nil {
		in.err = lanzha.Invalid(field, format, args...)
	}
}

// bad says that the body is no JSON where the reading stands.
func (in *reader) bad() { in.fail("body", "byte %d is not as JSON has it", in.at) }

func (in *reader) space() {
	for in.at < len(in.b) && (in.b[in.at] == ' ' || in.b[in.at] == '\n' || in.b[in.at] == '\r' || in.b[in.at] == '\t') {
		in.at++
	}
}

// take takes a character after white space, where it stands there.
func (in *reader) take(c byte) bool {
	if in.space(); in.err != nil || in.at >= len(in.b) || in.b[in.at] != c {
		return false
	}
	in.at++
	return true
}

// list reads what stands between two brackets, by commas.
func (in *reader) list(field string, open, end byte, what string, each func(i int)) {
	if !in.take(open) {
		in.fail(field, "want %s", what)
		return
	}
	if in.take(end) {
		return
	}
	for i := 0; in.err == nil; i++ {
		if each(i); in.take(end) {
			return
		}
		if !in.take(',') {
			in.bad()
		}
	}
}

func (in *reader) array(field string, each func(i int)) { in.list(field, '[', ']', "a list", each) }

// object reads an object of some keys, each once at most; value reads what
// stands behind a key.
func (in *reader) object(field string, keys []string, value func(key string)) {
	var seen [4]bool // no object here has more keys
	in.list(field, '{', '}', "an object", func(int) {
		key, ok := in.string()
		if !ok {
			in.bad()
			return
		}
		n := slices.Index(keys, key)
		switch {
		case n < 0:
			in.fail(field, "there is a key that does not belong there; the keys are %v", keys)
		case seen[n]:
			in.fail(field+"."+key, "stands twice")
		case !in.take(':'):
			in.bad()
		default:
			seen[n] = true
			value(key)
		}
	})
}

func (in *reader) text(field string) string {
	s, ok := in.string()
	if !ok {
		in.fail(field, "want a text")
	}
	return s
}

// string reads a string, if one stands there.
func (in *reader) string() (text string, ok bool) {
	if !in.take('"') {
		return "", false
	}
	rest := in.b[in.at:]
	n := bytes.IndexByte(rest, '"')
	if n < 0 {
		in.bad()
		return "", false
	}
	if s := rest[:n]; !slices.ContainsFunc(s, func(c byte) bool { return c < ' ' || c == '\\' }) {
		in.at += n + 1
		return string(s), true
	}
	return in.escaped()
}

// escaped reads a string in which something is escaped.
func (in *reader) escaped() (text string, ok bool) {
	end := in.at
	for end < len(in.b) && in.b[end] != '"' {
		if in.b[end] == '\\' {
			end++
		}
		end++
	}
	if end >= len(in.b) || json.Unmarshal(in.b[in.at-1:end+1], &text) != nil {
		in.bad()
		return "", false
	}
	in.at = end + 1
	return text, true
}

// appendReply writes a Reply: as of when, and what was found of each subject.
func appendReply(b []byte, as asOf, late bool, all []found) []byte {
	b = append(append(b, `{"asOf":`...), as.text...)
	if late {
		b = append(b, "true"...)
	} else {
		b = append(b, "false"...)
	}
	b = append(b, `},"answers":[`...)
	for i := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = all[i].append(b)
	}
	return append(b, "]}\n"...)
}

// append writes an Answer.
func (f *found) append(b []byte) []byte {
	b = append(append(append(b, `{"result":"`...), f.result...), '"')
	if f.result != Listed {
		return append(b, '}')
	}
	for i, m := range f.bound {
		if i == 0 {
			b = append(b, `,"measures":[`...)
		} else {
			b = append(b, ',')
		}
		if b = append(b, m.text...); f.until[i] == never {
			b = append(b, "null}"...)
			continue
		}
		b = append(append(append(b, '"'), day(f.until[i])...), `"}`...)
	}
	if len(f.bound) > 0 {
		b = append(b, ']')
	}
	if f.free != nil || len(f.bound) == 0 {
		b = append(b, `,"open":`...)
		if f.free == nil {
			b = append(b, unrestricted...)
		} else {
			b = append(b, f.free...)
		}
	}
	return append(b, '}')
}

// unrestricted is what is told of a service that no measure restricts, where
// the text says nothing of it either.
var unrestricted = marshal(Words{"对该业务没有限制措施", "no measure restricts this service"})

// marshal writes what is made of texts alone, which cannot fail.
func marshal(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic("check: " + err.Error())
	}
	return text
}
