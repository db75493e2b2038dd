package policy

import (
	"fmt"
	"slices"
	"strings"

	"lanzha"
)

// File is the text of a pack or of an overlay, under the name that errors cite.
type File struct {
	Name string
	Text []byte
}

// nation is the jurisdiction of the whole country.
const nation = "nation"

// region is the prefix of division codes that a jurisdiction covers: "" is the
// nation, "53" a province, "5301" a city, "530114" a district. Codes may be
// written with their trailing zeros.
func region(code string) (string, error) {
	if code == "" || code == nation {
		return "", nil
	}
	if len(code) > 6 || len(code)%2 != 0 || strings.Trim(code, "0123456789") != "" {
		return "", lanzha.Invalid("jurisdiction", "%q is no division code: two digits name a province, four a city, six a district", code)
	}
	for len(code) > 2 && strings.HasSuffix(code, "00") {
		code = code[:len(code)-2]
	}
	return code, nil
}

// read reads one file and fills in what its rows have in common.
func read(f File) (*document, error) {
	d := &document{}
	if err := readStrict(f, d); err != nil {
		return nil, err
	}
	wrong := func(line int, format string, args ...any) error {
		return &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: place(f.Name, line), Message: fmt.Sprintf(format, args...),
			Hint: "docs/policy-packs.md describes the format",
		}
	}
	code, err := region(d.Jurisdiction)
	switch {
	case d.Pack == "":
		return nil, wrong(1, "a pack has a name: `pack: NAME`")
	case d.Version < 1:
		return nil, wrong(1, "a pack has a version that counts up from 1")
	case d.Jurisdiction == "" || err != nil:
		return nil, wrong(1, "jurisdiction is `nation` or a division code")
	case d.Effective.From == nil && !d.Effective.Never:
		return nil, wrong(1, "a pack says since when it is in force: `effective: {from: DATE}`")
	}
	d.Jurisdiction = code
	ids := map[string]bool{}
	ground := func(c *cited, line int) error {
		switch {
		case c.ID == "":
			return wrong(line, "every row has an id")
		case ids[c.ID]:
			return wrong(line, "%s stands here twice: an ID names one row", c.ID)
		}
		ids[c.ID] = true
		c.place = code
		if c.Source == "" {
			return nil // the lint tells
		}
		s, ok := d.Sources.find(c.Source)
		if !ok {
			return wrong(line, "%s: there is no source %q", c.ID, c.Source)
		}
		c.Ground = &s
		switch c.Status {
		case Confirmed, Secondary, Local, Unconfirmed, "":
			return nil
		}
		return wrong(line, "%s: the status is C, S, L or U", c.ID)
	}
	for i := range d.Tables {
		t := &d.Tables[i].Value
		for j := range t.Rows {
			r := &t.Rows[j]
			orElse(&r.Source, t.Source)
			orElse(&r.Article, t.Article)
			orElse(&r.Status, t.Status)
			if r.From == nil && r.Until == nil {
				r.From, r.Until = t.From, t.Until
			}
			if code != "" && r.From == nil && r.Until == nil { // an overlay's rows live in its time
				r.From, r.Until = d.Effective.From, d.Effective.Until
			}
			if err := ground(&r.cited, r.Line); err != nil {
				return nil, err
			}
		}
	}
	for i := range d.Parameters {
		values := d.Parameters[i].Value.Values
		for j := range values {
			if v := &values[j]; code != "" && v.From == nil && v.Until == nil {
				v.From, v.Until = d.Effective.From, d.Effective.Until
			}
			if err := ground(&values[j].cited, values[j].Line); err != nil {
				return nil, err
			}
		}
	}
	for i := range d.Obligations {
		o := &d.Obligations[i]
		if code != "" && o.Effective == (period{}) {
			o.Effective = d.Effective
		}
		if err := ground(&o.cited, o.Line); err != nil {
			return nil, err
		}
	}
	for i := range d.Silences {
		s := &d.Silences[i]
		if code != "" && s.Effective == (period{}) {
			s.Effective = d.Effective
		}
		if err := ground(&s.cited, s.Line); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// place names a line of a file as errors do.
func place(file string, line int) string {
	if line < 1 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

func orElse[T comparable](to *T, def T) {
	var zero T
	if *to == zero {
		*to = def
	}
}

// overlaid is base with what an overlay replaces, by ID, and adds. Neither is
// changed.
func overlaid(base, over *document, file string) (*document, error) {
	wrong := func(line int, format string, args ...any) error {
		return &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: place(file, line), Message: fmt.Sprintf(format, args...),
			Hint: "an overlay replaces rows, values, obligations and silences by their ID and adds new ones; it has the tables, inputs and results of its pack",
		}
	}
	if len(over.Inputs)+len(over.Derived)+len(over.Result) > 0 || over.Date != "" {
		return nil, wrong(1, "an overlay has no inputs, derived values, results or date of its own")
	}
	out := *base
	out.Tables = slices.Clone(base.Tables)
	for _, t := range over.Tables {
		at := slices.IndexFunc(out.Tables, func(e entry[table]) bool { return e.Name == t.Name })
		if at < 0 {
			return nil, wrong(t.Line, "the pack has no table %q", t.Name)
		}
		if t.Value.Hit != "" || len(t.Value.Otherwise) > 0 {
			return nil, wrong(t.Line, "an overlay adds rows to %q and does not change how it is read", t.Name)
		}
		gives, line := widened(out.Tables[at].Value.Gives, t.Value.Gives)
		if line > 0 {
			return nil, wrong(line, "of a column of %q an overlay says in `of` what further values its rows give, and no more", t.Name)
		}
		out.Tables[at].Value.Gives = gives
		out.Tables[at].Value.Rows = replaced(out.Tables[at].Value.Rows, t.Value.Rows, func(r row) string { return r.ID },
			func(r *row) (from, until **yamlDay) { return &r.From, &r.Until })
	}
	out.Parameters = slices.Clone(base.Parameters)
	for _, p := range over.Parameters {
		at := slices.IndexFunc(out.Parameters, func(e entry[param]) bool { return e.Name == p.Name })
		if at < 0 {
			return nil, wrong(p.Line, "the pack has no parameter %q", p.Name)
		}
		out.Parameters[at].Value.Values = replaced(out.Parameters[at].Value.Values, p.Value.Values, func(v dated) string { return v.ID },
			func(v *dated) (from, until **yamlDay) { return &v.From, &v.Until })
	}
	out.Obligations = replaced(base.Obligations, over.Obligations, func(o duty) string { return o.ID },
		func(o *duty) (from, until **yamlDay) { return &o.Effective.From, &o.Effective.Until })
	out.Silences = replaced(base.Silences, over.Silences, func(s silence) string { return s.ID },
		func(s *silence) (from, until **yamlDay) { return &s.Effective.From, &s.Effective.Until })
	return &out, nil
}

// widened is the columns of base with the further values that an overlay's rows
// give. line is where over says something else; 0 is nowhere.
func widened(base, over ordered[giving]) (out ordered[giving], line int) {
	out = slices.Clone(base)
	for _, g := range over {
		at := slices.IndexFunc(out, func(e entry[giving]) bool { return e.Name == g.Name })
		if at < 0 || g.Value.Type+g.Value.ZH+g.Value.EN != "" {
			return nil, g.Line
		}
		of := slices.Clone(out[at].Value.Of)
		for _, v := range g.Value.Of {
			if _, taken := of.find(v.Name); taken {
				return nil, v.Line
			}
			of = append(of, v)
		}
		out[at].Value.Of = of
	}
	return out, 0
}

// replaced is base with what over says. What over replaces, by its ID, stands
// on for the time before and after that: a local rule of 2025 leaves the
// nation's in force until then.
func replaced[T any](base, over []T, id func(T) string, period func(*T) (from, until **yamlDay)) []T {
	out := []T{}
	taken := map[string]bool{}
	for _, b := range base {
		at := slices.IndexFunc(over, func(o T) bool { return id(o) == id(b) })
		if at < 0 {
			out = append(out, b)
			continue
		}
		from, until := period(&over[at])
		for _, rest := range [2][2]*yamlDay{{nil, *from}, {*until, nil}} {
			if left, ok := clipped(b, rest[0], rest[1], period); ok && (rest[0] != nil || rest[1] != nil) {
				out = append(out, left)
			}
		}
		if !taken[id(b)] {
			out = append(out, over[at])
		}
		taken[id(b)] = true
	}
	for _, o := range over {
		if !taken[id(o)] {
			out = append(out, o)
		}
	}
	return out
}

// clipped is b in the part of its time that lies in [from, until); ok is
// whether there is one.
func clipped[T any](b T, from, until *yamlDay, period func(*T) (from, until **yamlDay)) (left T, ok bool) {
	f, u := period(&b) // of the copy
	if from != nil && (*f == nil || **f < *from) {
		*f = from
	}
	if until != nil && (*u == nil || *until < **u) {
		*u = until
	}
	return b, *f == nil || *u == nil || **f < **u
}
