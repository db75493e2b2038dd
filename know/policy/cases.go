package policy

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"lanzha"
)

// suite is the file of a pack's own cases, NAME_test.yaml.
type suite struct {
	Pack  string     `yaml:"pack"`
	Tests []testCase `yaml:"tests"`
}

type testCase struct {
	Name         string           `yaml:"name"`
	Input        loose            `yaml:"input"`
	At           *yamlDay         `yaml:"at"`
	Jurisdiction string           `yaml:"jurisdiction"`
	Want         ordered[loose]   `yaml:"want"`
	Rows         *[]string        `yaml:"rows"`
	Missing      *[]string        `yaml:"missing"`
	Silent       *[]string        `yaml:"silent"`
	Due          ordered[nullish] `yaml:"due"`
	InForce      *bool            `yaml:"inForce"`
	Line         int              `yaml:"-"`
}

// UnmarshalYAML keeps the line.
func (c *testCase) UnmarshalYAML(n *yaml.Node) error {
	type plain testCase
	c.Line = n.Line
	return n.Decode((*plain)(c))
}

// loose is any value, as JSON would have it: a date is its text.
type loose struct{ value any }

// UnmarshalYAML reads a value of any form.
func (l *loose) UnmarshalYAML(n *yaml.Node) error {
	v, err := plainNode(n)
	l.value = v
	return err
}

func plainNode(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := plainNode(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			out[n.Content[i].Value] = v
		}
		return out, nil
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			v, err := plainNode(c)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.ScalarNode:
		if n.Tag == "!!timestamp" {
			return n.Value, nil
		}
		var v any
		err := n.Decode(&v)
		if i, ok := v.(int); ok {
			v = int64(i)
		}
		return v, err
	}
	return nil, fmt.Errorf("line %d: a plain value is wanted here", n.Line)
}

// nullish is a text, or "" for null.
type nullish string

// UnmarshalYAML reads a scalar by its text.
func (s *nullish) UnmarshalYAML(n *yaml.Node) error {
	if n.Tag != "!!null" {
		*s = nullish(n.Value)
	}
	return nil
}

// Failure is a case that did not hold.
type Failure struct {
	Case string   `json:"case"`
	At   string   `json:"at"`   // file and line
	Diff []string `json:"diff"` // "- what was wanted", "+ what was answered"
}

// Test runs the cases of a file against the pack. run counts them.
func (p *Pack) Test(cases File) (run int, failures []Failure, err error) {
	s := &suite{}
	if err := readStrict(cases, s); err != nil {
		return 0, nil, err
	}
	if s.Pack != p.Name() {
		return 0, nil, lanzha.Invalid(cases.Name, "these are cases of %q, and the pack is %q", s.Pack, p.Name())
	}
	for _, c := range s.Tests {
		if diff := p.check(c); len(diff) > 0 {
			failures = append(failures, Failure{Case: c.Name, At: place(cases.Name, c.Line), Diff: diff})
		}
	}
	return len(s.Tests), failures, nil
}

// check runs one case and says how the answer differs.
func (p *Pack) check(c testCase) []string {
	o := Options{Jurisdiction: c.Jurisdiction, Today: p.testDay()}
	if c.At != nil {
		o.At = time.Unix(int64(*c.At)*daySeconds, 0).UTC()
	}
	in, ok := c.Input.value.(map[string]any)
	if !ok && c.Input.value != nil {
		return []string{"+ the input is no object"}
	}
	a, err := p.Eval(in, o)
	if err != nil {
		return []string{"+ " + err.Error()}
	}
	diff := []string{}
	differ := func(what string, want, got any) {
		w, g := printed(want), printed(got)
		if w != g {
			diff = append(diff, fmt.Sprintf("- %s: %s", what, w), fmt.Sprintf("+ %s: %s", what, g))
		}
	}
	for _, w := range c.Want {
		got, ok := a.Result[w.Name]
		if !ok {
			diff = append(diff, fmt.Sprintf("+ the result has no part %q", w.Name))
			continue
		}
		differ(w.Name, w.Value.value, got)
	}
	if c.Rows != nil {
		got := []string{}
		for _, m := range a.Matched {
			got = append(got, m.Row)
		}
		differ("rows", *c.Rows, got)
	}
	if c.Missing != nil {
		differ("missing", sorted(*c.Missing), sorted(a.Missing))
	}
	if c.Silent != nil {
		got := []string{}
		for _, s := range a.Silent {
			got = append(got, s.Row)
		}
		differ("silent", sorted(*c.Silent), sorted(got))
	}
	for _, w := range c.Due {
		got, ok := "not due", false
		for _, d := range a.Due {
			if d.Row == w.Name {
				got, ok = d.Due, true
			}
		}
		if !ok || got != string(w.Value) {
			differ("due "+w.Name, string(w.Value), got)
		}
	}
	if c.InForce != nil {
		differ("inForce", *c.InForce, a.InForce)
	}
	return diff
}

// testDay is what a case counts as today when it names no day: the first day
// on which the pack is in force.
func (p *Pack) testDay() time.Time {
	if from := p.base.Effective.From; from != nil {
		return time.Unix(int64(*from)*daySeconds, 0).UTC()
	}
	return Day(2024, time.December, 1)
}

func sorted(in []string) []string {
	out := append([]string{}, in...)
	slices.Sort(out)
	return out
}

func printed(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// ShippedCases are the cases of a shipped pack; ok is false when it has none.
func ShippedCases(pack string) (cases File, ok bool) {
	name := pack + "_test.yaml"
	text, err := fs.ReadFile(shippedFiles, "packs/"+name)
	return File{Name: name, Text: text}, err == nil && !strings.Contains(pack, "/")
}
