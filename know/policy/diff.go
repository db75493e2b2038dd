package policy

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Change is one thing in which two versions of a pack differ.
type Change struct {
	Part   string        `json:"part" doc:"what it is: pack, source, input, parameter, value, derived, table, row, obligation, silence or result"`
	In     string        `json:"in,omitempty" doc:"the table of a row, the parameter of a value"`
	ID     string        `json:"id"`
	Kind   string        `json:"kind" enum:"added,removed,changed"`
	Words  Words         `json:"words" doc:"how the pack calls it"`
	Fields []FieldChange `json:"fields" doc:"what differs; of something added or removed all that it says"`
}

// FieldChange is a field in two versions; "" is not there.
type FieldChange struct {
	Field string `json:"field"`
	Old   string `json:"old"`
	New   string `json:"new"`
}

// item is one thing of a pack with its fields in order.
type item struct {
	part, in, id string
	words        Words
	fields       []FieldChange // New alone is used
}

func (i item) key() string { return i.part + "\x00" + i.in + "\x00" + i.id }

// Diff tells how two versions of a pack differ, row by row, in the order of
// the newer one; what was removed comes last.
func Diff(older, newer View) []Change {
	was := map[string]item{}
	for _, i := range older.items() {
		was[i.key()] = i
	}
	out := []Change{}
	is := map[string]bool{}
	for _, i := range newer.items() {
		is[i.key()] = true
		o, known := was[i.key()]
		c := Change{Part: i.part, In: i.in, ID: i.id, Kind: "added", Words: i.words, Fields: differing(o.fields, i.fields)}
		if known {
			c.Kind = "changed"
		}
		if !known || len(c.Fields) > 0 {
			out = append(out, c)
		}
	}
	for _, o := range older.items() {
		if !is[o.key()] {
			out = append(out, Change{Part: o.part, In: o.in, ID: o.id, Kind: "removed", Words: o.words, Fields: differing(o.fields, nil)})
		}
	}
	return out
}

// differing lists the fields that are not the same in both.
func differing(older, newer []FieldChange) []FieldChange {
	out := []FieldChange{}
	old := map[string]string{}
	for _, f := range older {
		old[f.Field] = f.New
	}
	for _, f := range newer {
		if old[f.Field] != f.New {
			out = append(out, FieldChange{f.Field, old[f.Field], f.New})
		}
		delete(old, f.Field)
	}
	for _, f := range older {
		if text, gone := old[f.Field]; gone && text != "" {
			out = append(out, FieldChange{f.Field, text, ""})
		}
	}
	return out
}

func (v View) items() []item {
	out := []item{}
	add := func(part, in, id string, words Words, fields ...string) {
		i := item{part: part, in: in, id: id, words: words}
		for n := 0; n+1 < len(fields); n += 2 {
			if fields[n+1] != "" {
				i.fields = append(i.fields, FieldChange{Field: fields[n], New: fields[n+1]})
			}
		}
		out = append(out, i)
	}
	add("pack", "", v.Name, v.Title, "title.zh", v.Title.ZH, "title.en", v.Title.EN, "summary.zh", v.Summary.ZH, "summary.en", v.Summary.EN,
		"effective", v.Effective.String(), "date", v.Date)
	for _, s := range v.Sources {
		add("source", "", s.Key, Words{s.Document, s.Document}, "document", s.Document, "number", s.Number, "bodies", strings.Join(s.Bodies, "、"),
			"published", s.Published, "effective", s.Effective, "publisher", s.Publisher)
	}
	for _, in := range v.Inputs {
		add("input", "", in.Name, in.Words, "type", in.Type, "zh", in.Words.ZH, "en", in.Words.EN, "min", compact(in.Min), "max", compact(in.Max), "of", compact(in.Of))
	}
	for _, p := range v.Parameters {
		unset := Words{}
		if p.Unset != nil {
			unset = *p.Unset
		}
		add("parameter", "", p.Name, p.Words, "type", p.Type, "zh", p.Words.ZH, "en", p.Words.EN, "unset", unset.ZH)
		for _, x := range p.Values {
			add("value", p.Name, x.ID, p.Words, append([]string{"value", x.Value}, x.Ground.fields()...)...)
		}
	}
	for _, d := range v.Derived {
		add("derived", "", d.Name, d.Words, "type", d.Type, "is", d.Is)
	}
	for _, t := range v.Tables {
		add("table", "", t.Name, t.Words, "hit", t.Hit, "columns", strings.Join(t.Columns, ", "), "gives", t.gives(), "otherwise", cellsText(t.Otherwise))
		for _, r := range t.Rows {
			open := Words{}
			if r.Open != nil {
				open = *r.Open
			}
			add("row", t.Name, r.ID, r.Words, append([]string{"when", r.When, "then", cellsText(r.Then), "open", open.ZH}, r.Ground.fields()...)...)
		}
	}
	for _, o := range v.Obligations {
		add("obligation", "", o.ID, o.Words, append([]string{"when", o.When, "from", o.From, "within", o.Within.text() + " " + o.Unit, "clock", o.Clock.ZH}, o.Ground.fields()...)...)
	}
	for _, s := range v.Silences {
		add("silence", "", s.ID, s.Words, append([]string{"when", s.When}, s.Ground.fields()...)...)
	}
	for _, r := range v.Result {
		note := Words{}
		if r.Note != nil {
			note = *r.Note
		}
		add("result", "", r.Name, Words{cmp.Or(r.Words.ZH, r.Name), cmp.Or(r.Words.EN, r.Name)}, "is", r.Is, "zh", r.Words.ZH, "en", r.Words.EN, "note", note.ZH, "of", compact(r.Of))
	}
	return out
}

func (g Ground) fields() []string {
	article := g.Citation.Article
	if g.Citation.Inferred {
		article += "（条号待核）"
	}
	confirmed := g.ConfirmedBy
	if g.ConfirmedOn != "" {
		confirmed += " " + g.ConfirmedOn
	}
	return []string{
		"zh", g.Words.ZH, "en", g.Words.EN, "source", g.Source, "article", article, "phrase", g.Citation.Phrase, "status", string(g.Citation.Status),
		"effective", g.Effective.String(), "confirmed", confirmed, "jurisdiction", g.Jurisdiction,
	}
}

// String is the period as a reader writes it; "" is always.
func (p Period) String() string {
	switch {
	case p.Never:
		return "never"
	case p.From == "" && p.Until == "":
		return ""
	}
	return p.From + " – " + p.Until
}

func (c Cell) text() string {
	switch {
	case c.Null:
		return "null"
	case c.CEL:
		return "=" + c.Text
	}
	return c.Text
}

func cellsText(cells []Cell) string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = c.Column + ": " + c.text()
	}
	return strings.Join(out, "; ")
}

// compact is a value as JSON; nothing is "".
func compact(v any) string {
	text, err := json.Marshal(v)
	if err != nil || string(text) == "null" || string(text) == "[]" {
		return ""
	}
	return string(text)
}

// Has reports whether something of the pack has an ID: a row, a value, a
// parameter, an input, an obligation or a silence.
func (v View) Has(id string) bool {
	return slices.ContainsFunc(v.items(), func(i item) bool { return i.id == id })
}

// gives is the words of the columns and their values, where a pack says them.
func (t TableView) gives() string {
	out := []string{}
	for _, g := range t.Gives {
		text := g.Name + ": " + g.Words.ZH
		for _, v := range g.Of {
			text += "; " + v.Name + ": " + v.Words.ZH
		}
		if g.Words != (Words{}) || len(g.Of) > 0 {
			out = append(out, text)
		}
	}
	return strings.Join(out, " | ")
}
