package policy

import (
	"slices"
)

// View is a pack as it applies in a place, as data for readers: tables with
// their rows, values with their dates, and behind each the words of the law.
type View struct {
	Ref
	Title        Words           `json:"title"`
	Summary      Words           `json:"summary"`
	Jurisdiction string          `json:"jurisdiction" doc:"nation or a division code: where these rows apply together"`
	Places       []string        `json:"places" doc:"jurisdictions with rows of their own"`
	Effective    Period          `json:"effective"`
	Date         string          `json:"date" doc:"the input that carries the legally relevant date; empty is none"`
	Sources      []SourceView    `json:"sources"`
	Inputs       []InputView     `json:"inputs"`
	Parameters   []ParameterView `json:"parameters"`
	Derived      []DerivedView   `json:"derived"`
	Tables       []TableView     `json:"tables"`
	Obligations  []DutyView      `json:"obligations"`
	Silences     []SilenceView   `json:"silences"`
	Result       []ResultView    `json:"result"`
}

// Period is when something is in force: civil dates, "" is open.
type Period struct {
	From  string `json:"from,omitempty"`
	Until string `json:"until,omitempty" doc:"the first day on which it is in force no more"`
	Never bool   `json:"never,omitempty" doc:"a draft that explains old articles and is never applied"`
}

// SourceView is a document that rows cite.
type SourceView struct {
	Key       string   `json:"key"`
	Document  string   `json:"document"`
	Number    string   `json:"number,omitempty"`
	Bodies    []string `json:"bodies"`
	Published string   `json:"published,omitempty"`
	Effective string   `json:"effective,omitempty"`
	Publisher string   `json:"publisher,omitempty"`
}

// InputView is one place of the input, a column of a table, a field of a list's
// elements, or (with words alone) a value of an enum.
type InputView struct {
	Name  string      `json:"name"`
	Type  string      `json:"type,omitempty"`
	Words Words       `json:"words"`
	Min   *int64      `json:"min,omitempty"`
	Max   *int64      `json:"max,omitempty"`
	Of    []InputView `json:"of"`
}

// Ground is what everything with a ground in law carries.
type Ground struct {
	ID           string   `json:"id"`
	Words        Words    `json:"words"`
	Source       string   `json:"source,omitempty" doc:"the key of its source"`
	Citation     Citation `json:"citation"`
	Effective    Period   `json:"effective"`
	Jurisdiction string   `json:"jurisdiction,omitempty" doc:"the place whose rule it is, where it is not the pack's own"`
	ConfirmedBy  string   `json:"confirmedBy,omitempty"`
	ConfirmedOn  string   `json:"confirmedOn,omitempty"`
}

// Cell is a column's value: a literal, or CEL.
type Cell struct {
	Column string `json:"column"`
	Text   string `json:"text"`
	CEL    bool   `json:"cel,omitempty"`
	Null   bool   `json:"null,omitempty"`
}

// ParameterView is a parameter with its dated values.
type ParameterView struct {
	Name   string      `json:"name"`
	Type   string      `json:"type"`
	Words  Words       `json:"words"`
	Unset  *Words      `json:"unset,omitempty" doc:"what the law leaves open here, when no value is set"`
	Values []ValueView `json:"values"`
}

// ValueView is a dated value.
type ValueView struct {
	Ground
	Value string `json:"value"`
}

// DerivedView is plain arithmetic without a source of its own.
type DerivedView struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Words Words  `json:"words"`
	Is    string `json:"is"`
}

// TableView is a decision table.
type TableView struct {
	Name      string      `json:"name"`
	Words     Words       `json:"words"`
	Hit       string      `json:"hit" enum:"first,unique,collect"`
	Columns   []string    `json:"columns"`
	Gives     []InputView `json:"gives" doc:"the columns with their words, and those of their values"`
	Otherwise []Cell      `json:"otherwise" doc:"when no row holds"`
	Rows      []RowView   `json:"rows"`
}

// RowView is a row of a table.
type RowView struct {
	Ground
	When string `json:"when" doc:"the condition, as CEL"`
	Says Words  `json:"says" doc:"the condition in words"`
	Then []Cell `json:"then"`
	Open *Words `json:"open,omitempty" doc:"what the text does not settle"`
}

// DutyView is an obligation: what is due, by which clock.
type DutyView struct {
	Ground
	When   string `json:"when"`
	Says   Words  `json:"says"`
	From   string `json:"from" doc:"the clock's start, as CEL"`
	Since  Words  `json:"since" doc:"the clock's start in words"`
	Unit   string `json:"unit" enum:"minutes,hours,days,workdays,months,years"`
	Within Cell   `json:"within"`
	Clock  Words  `json:"clock"`
}

// SilenceView is a question on which no clause was found.
type SilenceView struct {
	Ground
	When string `json:"when"`
	Says Words  `json:"says"`
}

// ResultView is a part of what is answered.
type ResultView struct {
	PartView
	Is string `json:"is" doc:"CEL"`
}

// View shows the pack as it applies in a jurisdiction.
func (p *Pack) View(jurisdiction string) (View, error) {
	program, _, err := p.in(jurisdiction)
	if err != nil {
		return View{}, err
	}
	v := viewer{program, p.base.Jurisdiction}
	d := program.doc
	place := nation
	for code, other := range p.programs {
		if other == program && code != "" {
			place = code
		}
	}
	out := View{
		Ref: program.ref, Title: p.base.Title, Summary: p.base.Summary, Jurisdiction: place, Places: p.places(),
		Effective: d.Effective.view(), Date: d.Date, Sources: sourceViews(program.files), Inputs: []InputView{}, Parameters: []ParameterView{}, Derived: []DerivedView{},
		Tables: []TableView{}, Obligations: []DutyView{}, Silences: []SilenceView{}, Result: []ResultView{},
	}
	for _, e := range d.Inputs {
		out.Inputs = append(out.Inputs, e.Value.view(e.Name))
	}
	for _, e := range d.Parameters {
		out.Parameters = append(out.Parameters, v.parameter(e.Name, e.Value))
	}
	for _, e := range d.Derived {
		out.Derived = append(out.Derived, DerivedView{e.Name, e.Value.Type, Words{e.Value.ZH, e.Value.EN}, e.Value.Is})
	}
	for _, e := range d.Tables {
		out.Tables = append(out.Tables, v.table(e.Name, e.Value))
	}
	for _, o := range d.Obligations {
		row := DutyView{Ground: v.ground(&o.cited, o.Effective), When: o.When, Says: v.says(o.ID + ".when"), From: o.From, Since: v.says(o.ID + ".from"), Clock: o.Clock}
		if len(o.Within) == 1 { // build has seen to it
			row.Unit, row.Within = o.Within[0].Name, cellOf(o.Within[0].Name, o.Within[0].Value)
		}
		out.Obligations = append(out.Obligations, row)
	}
	for _, s := range d.Silences {
		out.Silences = append(out.Silences, SilenceView{v.ground(&s.cited, s.Effective), s.When, v.says(s.ID + ".when")})
	}
	for i, e := range d.Result {
		is, _ := e.Value.Is.cel()
		out.Result = append(out.Result, ResultView{program.results[i].said, is})
	}
	return out, nil
}

// viewer shows the parts of one program.
type viewer struct {
	program *program
	base    string // the pack's own jurisdiction
}

func sourceViews(files []File) []SourceView {
	out := []SourceView{}
	for _, f := range files {
		d, err := read(f)
		if err != nil {
			continue // cannot be: the program was made of it
		}
		for _, e := range d.Sources {
			s := SourceView{Key: e.Name, Document: e.Value.Document, Number: e.Value.Number, Bodies: append([]string{}, e.Value.Bodies...), Publisher: e.Value.Publisher}
			s.Published, s.Effective = dayText(e.Value.Published), dayText(e.Value.Effective)
			out = append(out, s)
		}
	}
	return out
}

func dayText(d *yamlDay) string {
	if d == nil {
		return ""
	}
	return printDate(int64(*d))
}

func (p period) view() Period { return Period{dayText(p.From), dayText(p.Until), p.Never} }

func (in input) view(name string) InputView {
	v := InputView{Name: name, Type: in.Type, Words: Words{in.ZH, in.EN}, Min: in.Min, Max: in.Max, Of: []InputView{}}
	for _, e := range in.Of {
		part := InputView{Name: e.Name, Type: e.Value.Type, Words: Words{e.Value.ZH, e.Value.EN}, Min: e.Value.Min, Max: e.Value.Max, Of: []InputView{}}
		for _, o := range e.Value.Of {
			part.Of = append(part.Of, InputView{Name: o.Name, Words: o.Value, Of: []InputView{}})
		}
		v.Of = append(v.Of, part)
	}
	return v
}

func cellOf(column string, c cellText) Cell {
	if cel, ok := c.cel(); ok {
		return Cell{Column: column, Text: cel, CEL: true}
	}
	return Cell{Column: column, Text: c.Text, Null: c.Null}
}

func (v viewer) ground(c *cited, p period) Ground {
	g := Ground{ID: c.ID, Words: c.words(), Source: c.Source, Citation: c.citation(), Effective: p.view()}
	if c.place != v.base { // an overlay says it
		g.Jurisdiction = c.place
	}
	if c.Confirmed != nil {
		g.ConfirmedBy, g.ConfirmedOn = c.Confirmed.By, dayText(&c.Confirmed.On)
	}
	return g
}

func (v viewer) parameter(name string, p param) ParameterView {
	out := ParameterView{Name: name, Type: p.Type, Words: p.words(), Values: []ValueView{}}
	if len(p.Values) == 0 {
		out.Unset = p.Unset
	}
	for _, d := range p.Values {
		out.Values = append(out.Values, ValueView{v.ground(&d.cited, period{From: d.From, Until: d.Until}), d.Value.Text})
	}
	return out
}

func (v viewer) table(name string, t table) TableView {
	out := TableView{Name: name, Words: Words{t.ZH, t.EN}, Hit: t.Hit, Columns: []string{}, Gives: v.program.columnViews(name), Otherwise: []Cell{}, Rows: []RowView{}}
	for _, c := range t.Gives {
		out.Columns = append(out.Columns, c.Name)
	}
	for _, c := range t.Otherwise {
		out.Otherwise = append(out.Otherwise, cellOf(c.Name, c.Value))
	}
	for _, r := range t.Rows {
		row := RowView{Ground: v.ground(&r.cited, period{From: r.From, Until: r.Until}), When: r.When, Says: v.says(r.ID + ".when"), Then: []Cell{}, Open: r.Open}
		for _, c := range r.Then {
			row.Then = append(row.Then, cellOf(c.Name, c.Value))
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// says is a condition in words.
func (v viewer) says(where string) Words {
	at := slices.IndexFunc(v.program.sentences, func(s *sentence) bool { return s.where == where })
	if at < 0 {
		return Words{}
	}
	return v.program.inWords(v.program.sentences[at].checked.ast.Expr())
}

// CaseView is one case of a pack's own tests, for readers.
type CaseView struct {
	Name         string         `json:"name"`
	Input        map[string]any `json:"input"`
	At           string         `json:"at,omitempty"`
	Jurisdiction string         `json:"jurisdiction,omitempty"`
	Want         map[string]any `json:"want"`
	Diff         []string       `json:"diff" doc:"how the answer differs, as - wanted and + answered; empty when the case holds"`
}

// Cases runs the cases of a file and shows each.
func (p *Pack) Cases(cases File) ([]CaseView, error) {
	s := &suite{}
	if err := readStrict(cases, s); err != nil {
		return nil, err
	}
	_, failures, err := p.Test(cases)
	if err != nil {
		return nil, err
	}
	out := make([]CaseView, 0, len(s.Tests))
	for _, c := range s.Tests {
		v := CaseView{Name: c.Name, At: dayText(c.At), Jurisdiction: c.Jurisdiction, Want: map[string]any{}, Diff: []string{}}
		v.Input, _ = c.Input.value.(map[string]any)
		if v.Input == nil {
			v.Input = map[string]any{}
		}
		for _, w := range c.Want {
			v.Want[w.Name] = w.Value.value
		}
		for _, f := range failures {
			if f.At == place(cases.Name, c.Line) {
				v.Diff = f.Diff
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// Heading is what a text says of itself.
type Heading struct {
	Pack    string
	Version int
	Place   string // "nation" or a division code
}

// Head reads the heading of a text. What cannot be read at all is CodeInvalid.
func Head(f File) (Heading, error) {
	d, err := read(f)
	if err != nil {
		return Heading{}, err
	}
	h := Heading{d.Pack, d.Version, d.Jurisdiction}
	if h.Place == "" {
		h.Place = nation
	}
	return h, nil
}

// All are the texts of the pack for all places, the pack's own first.
func (p *Pack) All() []File { return slices.Clone(p.files) }
