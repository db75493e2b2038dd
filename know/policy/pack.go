package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"lanzha"
)

// document is one file of a pack as its authors wrote it.
type document struct {
	Pack         string            `yaml:"pack"`
	Version      int               `yaml:"version"`
	Title        Words             `yaml:"title"`
	Summary      Words             `yaml:"summary"`
	Jurisdiction string            `yaml:"jurisdiction"`
	Effective    period            `yaml:"effective"`
	Date         string            `yaml:"date"`
	Sources      ordered[source]   `yaml:"sources"`
	Inputs       ordered[input]    `yaml:"inputs"`
	Parameters   ordered[param]    `yaml:"parameters"`
	Derived      ordered[derived]  `yaml:"derived"`
	Tables       ordered[table]    `yaml:"tables"`
	Obligations  []duty            `yaml:"obligations"`
	Silences     []silence         `yaml:"silences"`
	Result       ordered[answered] `yaml:"result"`
}

// period is when something is in force.
type period struct {
	From  *yamlDay `yaml:"from"`
	Until *yamlDay `yaml:"until"` // exclusive
	Never bool     `yaml:"never"` // a draft that is explained and never applied
}

// covers reports whether a day lies in p.
func (p period) covers(day int64) bool {
	return !p.Never && (p.From == nil || int64(*p.From) <= day) && (p.Until == nil || day < int64(*p.Until))
}

type source struct {
	Document  string   `yaml:"document"`
	Bodies    []string `yaml:"bodies"`
	Number    string   `yaml:"number"`
	Published *yamlDay `yaml:"published"`
	Effective *yamlDay `yaml:"effective"`
	Publisher string   `yaml:"publisher"`
}

// input is a place in the JSON input, or a field of a list's elements.
type input struct {
	Type string        `yaml:"type"`
	ZH   string        `yaml:"zh"`
	EN   string        `yaml:"en"`
	Min  *int64        `yaml:"min"`
	Max  *int64        `yaml:"max"`
	Of   ordered[part] `yaml:"of"`
}

// part is a value of an enum (words alone) or a field of a list's elements.
type part struct {
	Type string         `yaml:"type"`
	ZH   string         `yaml:"zh"`
	EN   string         `yaml:"en"`
	Min  *int64         `yaml:"min"`
	Max  *int64         `yaml:"max"`
	Of   ordered[Words] `yaml:"of"`
}

// cited is what everything with a ground in law carries.
type cited struct {
	ID        string    `yaml:"id"`
	ZH        string    `yaml:"zh"`
	EN        string    `yaml:"en"`
	Source    string    `yaml:"source"`
	Article   string    `yaml:"article"`
	Inferred  bool      `yaml:"inferred"`
	Phrase    string    `yaml:"phrase"`
	Status    Status    `yaml:"status"`
	Confirmed *struct { // who read the text, and when
		By string  `yaml:"by"`
		On yamlDay `yaml:"on"`
	} `yaml:"confirmed"`

	Ground *source `yaml:"-"` // the source that Source names in the same file
	place  string  // the jurisdiction of the file
}

func (c *cited) words() Words { return Words{c.ZH, c.EN} }

type param struct {
	Type   string  `yaml:"type"`
	ZH     string  `yaml:"zh"`
	EN     string  `yaml:"en"`
	Unset  *Words  `yaml:"unset"`
	Values []dated `yaml:"values"`
}

// dated is a parameter's value with its time.
type dated struct {
	cited `yaml:",inline"`
	From  *yamlDay `yaml:"from"`
	Until *yamlDay `yaml:"until"`
	Value cellText `yaml:"value"`
	Line  int      `yaml:"-"`
}

type derived struct {
	Type string `yaml:"type"`
	ZH   string `yaml:"zh"`
	EN   string `yaml:"en"`
	Is   string `yaml:"is"`
	Line int    `yaml:"-"`
}

// The hit policies of a table.
const (
	hitFirst   = "first"
	hitUnique  = "unique"
	hitCollect = "collect"
)

type table struct {
	ZH        string            `yaml:"zh"`
	EN        string            `yaml:"en"`
	Hit       string            `yaml:"hit"`
	Gives     ordered[giving]   `yaml:"gives"`
	Otherwise ordered[cellText] `yaml:"otherwise"`
	Source    string            `yaml:"source"` // these five hold for all rows that do not say otherwise
	Article   string            `yaml:"article"`
	Status    Status            `yaml:"status"`
	From      *yamlDay          `yaml:"from"`
	Until     *yamlDay          `yaml:"until"`
	Rows      []row             `yaml:"rows"`
}

// giving is a column of a table: its type alone, or with words. The values of
// an enum are in Of.
type giving struct {
	Type string         `yaml:"type"`
	ZH   string         `yaml:"zh"`
	EN   string         `yaml:"en"`
	Of   ordered[Words] `yaml:"of"`
}

// UnmarshalYAML reads the short form, a type, as well.
func (g *giving) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		g.Type = n.Value
		return nil
	}
	type plain giving
	return n.Decode((*plain)(g))
}

// answered is a part of the result: what it is alone, or with words. The words
// of its values are those of the columns that it reads, and in Of.
type answered struct {
	Is   cellText       `yaml:"is"`
	ZH   string         `yaml:"zh"`
	EN   string         `yaml:"en"`
	Note Words          `yaml:"note"` // what a reader should know beside the name
	Of   ordered[Words] `yaml:"of"`
}

// UnmarshalYAML reads the short form, CEL behind =, as well.
func (a *answered) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return a.Is.UnmarshalYAML(n)
	}
	type plain answered
	return n.Decode((*plain)(a))
}

type row struct {
	cited `yaml:",inline"`
	From  *yamlDay          `yaml:"from"`
	Until *yamlDay          `yaml:"until"`
	When  string            `yaml:"when"`
	Then  ordered[cellText] `yaml:"then"`
	Open  *Words            `yaml:"open"`
	Line  int               `yaml:"-"`
}

// duty is an obligation: what is due, by which clock.
type duty struct {
	cited     `yaml:",inline"`
	Effective period            `yaml:"effective"` // `from` is the clock's start
	When      string            `yaml:"when"`
	From      string            `yaml:"from"`
	Within    ordered[cellText] `yaml:"within"`
	Clock     Words             `yaml:"clock"`
	Line      int               `yaml:"-"`
}

type silence struct {
	cited     `yaml:",inline"`
	Effective period `yaml:"effective"`
	When      string `yaml:"when"`
	Line      int    `yaml:"-"`
}

// cellText is a literal, or CEL when it begins with =.
type cellText struct {
	Text string
	Null bool
	Line int
}

// UnmarshalYAML reads any scalar by its text: the column's type says what it is.
func (c *cellText) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: a single value is wanted here", n.Line)
	}
	*c = cellText{Text: n.Value, Null: n.Tag == "!!null", Line: n.Line}
	return nil
}

// cel is the expression of c, when it is one.
func (c cellText) cel() (string, bool) { return strings.CutPrefix(c.Text, "=") }

// UnmarshalYAML keeps the line.
func (r *row) UnmarshalYAML(n *yaml.Node) error {
	type plain row
	r.Line = n.Line
	return n.Decode((*plain)(r))
}

// UnmarshalYAML keeps the line.
func (d *dated) UnmarshalYAML(n *yaml.Node) error {
	type plain dated
	d.Line = n.Line
	return n.Decode((*plain)(d))
}

// UnmarshalYAML keeps the line.
func (d *duty) UnmarshalYAML(n *yaml.Node) error {
	type plain duty
	d.Line = n.Line
	return n.Decode((*plain)(d))
}

// UnmarshalYAML keeps the line.
func (s *silence) UnmarshalYAML(n *yaml.Node) error {
	type plain silence
	s.Line = n.Line
	return n.Decode((*plain)(s))
}

// UnmarshalYAML keeps the line.
func (d *derived) UnmarshalYAML(n *yaml.Node) error {
	type plain derived
	d.Line = n.Line
	return n.Decode((*plain)(d))
}

// ordered is a YAML mapping that keeps the order of its authors.
type ordered[T any] []entry[T]

type entry[T any] struct {
	Name  string
	Line  int
	Value T
}

// UnmarshalYAML reads a mapping and refuses a name that stands there twice.
func (o *ordered[T]) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: a mapping is wanted here", n.Line)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if seen[key.Value] {
			return fmt.Errorf("line %d: %q stands here twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		e := entry[T]{Name: key.Value, Line: key.Line}
		if err := n.Content[i+1].Decode(&e.Value); err != nil {
			return err
		}
		*o = append(*o, e)
	}
	return nil
}

func (o ordered[T]) find(name string) (T, bool) {
	for _, e := range o {
		if e.Name == name {
			return e.Value, true
		}
	}
	var zero T
	return zero, false
}

func (ordered[T]) element() reflect.Type { return reflect.TypeFor[T]() }

// maxText bounds a pack's file: 1 MiB.
const maxText = 1 << 20

// readStrict reads one YAML document into out and refuses keys that out does not have.
func readStrict(f File, out any) error {
	wrong := func(err error) error {
		return &lanzha.Error{
			Code: lanzha.CodeInvalid, Field: f.Name, Message: strings.TrimPrefix(err.Error(), "yaml: "),
			Hint: "docs/policy-packs.md describes the format",
		}
	}
	if len(f.Text) > maxText {
		return wrong(errors.New("a pack is at most 1 MiB"))
	}
	decoder := yaml.NewDecoder(bytes.NewReader(f.Text))
	var root yaml.Node
	if err := decoder.Decode(&root); err != nil {
		if errors.Is(err, io.EOF) {
			err = errors.New("the file is empty")
		}
		return wrong(err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return wrong(errors.New("one file holds one document"))
	}
	if err := knownKeys(&root, reflect.TypeOf(out).Elem()); err != nil {
		return wrong(err)
	}
	if err := root.Decode(out); err != nil {
		return wrong(err)
	}
	return nil
}

// knownKeys refuses what a type has no field for, with its line.
func knownKeys(n *yaml.Node, t reflect.Type) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return fmt.Errorf("line %d: a pack is read by lawyers: no anchors and aliases", n.Line)
	}
	if t == reflect.TypeFor[loose]() {
		return nil
	}
	if n.Kind == yaml.DocumentNode {
		return knownKeys(n.Content[0], t)
	}
	if o, ok := reflect.Zero(t).Interface().(interface{ element() reflect.Type }); ok {
		for i := 1; i < len(n.Content); i += 2 {
			if err := knownKeys(n.Content[i], o.element()); err != nil {
				return err
			}
		}
		return nil
	}
	switch {
	case t.Kind() == reflect.Slice && n.Kind == yaml.SequenceNode:
		for _, c := range n.Content {
			if err := knownKeys(c, t.Elem()); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Struct && n.Kind == yaml.MappingNode:
		fields := yamlFields(t)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			field, ok := fields[key.Value]
			if !ok {
				return fmt.Errorf("line %d: there is no %q here (a text in braces that has a comma or a colon stands in quotes)", key.Line, key.Value)
			}
			if err := knownKeys(n.Content[i+1], field); err != nil {
				return err
			}
		}
	}
	return nil
}

func yamlFields(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			for k, v := range yamlFields(f.Type) {
				fields[k] = v
			}
		case name != "" && name != "-":
			fields[name] = f.Type
		}
	}
	return fields
}
