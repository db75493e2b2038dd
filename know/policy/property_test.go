package policy_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lanzha/know/policy"
)

// The properties are tried on packs that are drawn at random, whose inputs
// have so few values that all completions of an input can be tried.

// drawn is a pack that was drawn, with the values of its inputs.
type drawn struct {
	text   string
	pack   *policy.Pack
	inputs []drawnInput
}

type drawnInput struct {
	name   string
	values []any
}

var drawnInputs = []drawnInput{
	{"a", []any{false, true}}, {"b", []any{false, true}}, {"who.n", []any{int64(0), int64(1), int64(2)}}, {"who.m", []any{int64(0), int64(1)}},
	// Any integer: what it is compared with lies well within what is tried.
	{"x", []any{int64(-9), int64(-1), int64(0), int64(1), int64(2), int64(3), int64(4), int64(5), int64(6), int64(7), int64(9)}},
	{"kind", []any{"x", "y", "z"}},
}

const drawnHead = `pack: drawn
version: 1
title: {zh: 抽取, en: drawn}
summary: {zh: 抽取, en: drawn}
jurisdiction: nation
effective: {from: 2024-01-01}
sources: {law: {document: 《某办法》, number: 1号}}
inputs:
  a: {type: bool, zh: 甲, en: a}
  b: {type: bool, zh: 乙, en: b}
  who.n: {type: int, min: 0, max: 2, zh: 数, en: n}
  who.m: {type: int, min: 0, max: 1, zh: 数, en: m}
  x: {type: int, zh: 整数, en: x}
  kind: {type: enum, zh: 种类, en: kind, of: {x: {zh: 子, en: x}, y: {zh: 丑, en: y}, z: {zh: 寅, en: z}}}
`

// condition draws CEL over the inputs and the columns before it.
func condition(t *rapid.T, columns []string, depth int) string {
	leaves := 6
	if len(columns) > 0 {
		leaves = 7
	}
	n := leaves
	if depth > 0 {
		n += 4
	}
	sub := func() string { return "(" + condition(t, columns, depth-1) + ")" }
	op := func() string { return rapid.SampledFrom([]string{"==", "!=", "<", "<=", ">", ">="}).Draw(t, "op") }
	c := func() int { return rapid.IntRange(-1, 4).Draw(t, "c") }
	switch i := rapid.IntRange(0, n-1).Draw(t, "form"); {
	case i == 0:
		return rapid.SampledFrom([]string{"a", "b", "!a", "!b"}).Draw(t, "bool")
	case i == 1:
		return fmt.Sprintf("who.n %s %d", op(), c())
	case i == 2:
		return fmt.Sprintf("who.m %s who.n", op())
	case i == 3:
		return fmt.Sprintf("who.n + who.m %s %d", op(), c())
	case i == 4:
		return rapid.SampledFrom([]string{"kind == 'x'", "kind != 'y'", "kind in ['x', 'z']", "!(kind in ['y'])"}).Draw(t, "enum")
	case i == 5:
		if i := rapid.IntRange(0, 3).Draw(t, "x"); i < 3 {
			return fmt.Sprintf([]string{"x %s %d", "x %s who.n + %d", "x - who.n %s %d"}[i], op(), c())
		}
		return rapid.SampledFrom([]string{"true", "false", "a || !a", "b && !b"}).Draw(t, "const")
	case i == 6 && leaves == 7:
		return rapid.SampledFrom(columns).Draw(t, "column") + rapid.SampledFrom([]string{".yes", ".n > 1", ".n == 2"}).Draw(t, "use")
	case i == leaves:
		return sub() + " && " + sub()
	case i == leaves+1:
		return sub() + " || " + sub()
	case i == leaves+2:
		return "!" + sub()
	}
	return sub() + " ? " + sub() + " : " + sub()
}

// draw draws a pack. Questions are open rows and rows marked U.
func draw(t *rapid.T, questions bool) drawn {
	var b strings.Builder
	b.WriteString(drawnHead + "tables:\n")
	columns := []string{}
	row := 0
	for i := range rapid.IntRange(1, 3).Draw(t, "tables") {
		name := fmt.Sprintf("t%d", i)
		fmt.Fprintf(&b, "  %s:\n    zh: 表\n    en: table\n    hit: first\n    gives: {yes: bool, n: int}\n    source: law\n    article: 第一条\n    status: C\n", name)
		if rapid.Bool().Draw(t, "otherwise") {
			b.WriteString("    otherwise: {yes: false, n: 0}\n")
		}
		b.WriteString("    rows:\n")
		for range rapid.IntRange(1, 4).Draw(t, "rows") {
			row++
			then := fmt.Sprintf("then: {yes: %v, n: %s}", rapid.Bool().Draw(t, "yes"), rapid.SampledFrom([]string{"0", "1", "2", `"=who.n"`, `"=who.n + 1"`}).Draw(t, "n"))
			if questions {
				switch rapid.IntRange(0, 4).Draw(t, "question") {
				case 0:
					then = "open: {zh: 未明, en: open}"
				case 1:
					then += ", status: U"
				}
			}
			fmt.Fprintf(&b, "      - {id: R%d, zh: 行, en: row, when: \"%s\", %s, phrase: 某}\n", row, condition(t, columns, 2), then)
		}
		columns = append(columns, name)
	}
	fmt.Fprintf(&b, "  all:\n    zh: 汇\n    en: all\n    hit: collect\n    gives: {n: int}\n    source: law\n    article: 第二条\n    status: C\n    rows:\n")
	for i := range rapid.IntRange(0, 2).Draw(t, "collected") {
		fmt.Fprintf(&b, "      - {id: C%d, zh: 行, en: row, when: \"%s\", then: {n: %d}, phrase: 某}\n", i, condition(t, columns, 1), i)
	}
	fmt.Fprintf(&b, "result:\n  yes: \"=%s.yes\"\n  n: \"=%s.n\"\n  all: \"=all\"\n  size: \"=size(all)\"\n  some: \"=all.exists(r, r.n == 1) || a\"\n", columns[len(columns)-1], columns[0])
	d := drawn{text: b.String(), inputs: drawnInputs}
	p, err := policy.Parse(policy.File{Name: "drawn.yaml", Text: []byte(d.text)})
	if err != nil {
		t.Fatalf("%v\n%s", err, d.text)
	}
	d.pack = p
	return d
}

// put puts a value at a dotted name.
func put(in map[string]any, name string, v any) {
	head, tail, inner := strings.Cut(name, ".")
	if !inner {
		in[head] = v
		return
	}
	o, _ := in[head].(map[string]any)
	if o == nil {
		o = map[string]any{}
		in[head] = o
	}
	o[tail] = v
}

func build(facts map[string]any) map[string]any {
	in := map[string]any{}
	for name, v := range facts {
		put(in, name, v)
	}
	return in
}

// partial draws which inputs are given, and what.
func (d drawn) partial(t *rapid.T) map[string]any {
	facts := map[string]any{}
	for _, in := range d.inputs {
		if rapid.Bool().Draw(t, "given "+in.name) {
			facts[in.name] = rapid.SampledFrom(in.values).Draw(t, in.name)
		}
	}
	return facts
}

// completions calls f with every completion of the facts.
func (d drawn) completions(facts map[string]any, f func(map[string]any)) {
	for _, in := range d.inputs {
		if _, given := facts[in.name]; given {
			continue
		}
		for _, v := range in.values {
			more := maps.Clone(facts)
			more[in.name] = v
			d.completions(more, f)
		}
		return
	}
	f(facts)
}

func (d drawn) eval(t *rapid.T, facts map[string]any) policy.Answer {
	a, err := d.pack.Eval(build(facts), policy.Options{At: policy.Day(2025, 1, 1)})
	if err != nil {
		t.Fatalf("%v\n%s", err, d.text)
	}
	return a
}

// TestDeterminedStays: what is determined from a part of the facts is the same
// under every completion of them, whatever questions the pack leaves open.
func TestDeterminedStays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t, true)
		facts := d.partial(t)
		a := d.eval(t, facts)
		d.completions(facts, func(whole map[string]any) {
			for part, v := range a.Result {
				if v == nil {
					continue
				}
				if diff := cmp.Diff(v, d.eval(t, whole).Result[part]); diff != "" {
					t.Fatalf("%s was determined from %v and is another with %v:\n%s\n%s", part, facts, whole, diff, d.text)
				}
			}
		})
	})
}

// TestMissingIsExact compares what is missing with a brute force over all
// completions: a name is missing if and only if two completions that differ in
// it alone give two results, and a part is null by ignorance only when its
// completions differ.
func TestMissingIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t, false)
		facts := d.partial(t)
		a := d.eval(t, facts)
		results := map[string]string{}
		key := func(m map[string]any) string { // in the order of the inputs
			var b strings.Builder
			for _, in := range d.inputs {
				fmt.Fprint(&b, m[in.name], " ")
			}
			return b.String()
		}
		var one *policy.Answer
		constant := map[string]bool{}
		d.completions(facts, func(whole map[string]any) {
			c := d.eval(t, whole)
			if len(c.Missing) > 0 {
				t.Fatalf("all is given and %v is missing\n%s", c.Missing, d.text)
			}
			results[key(whole)] = fmt.Sprint(c.Result) // fmt sorts
			if one == nil {
				one = &c
				for part := range c.Result {
					constant[part] = true
				}
			}
			for part := range c.Result {
				constant[part] = constant[part] && cmp.Equal(one.Result[part], c.Result[part])
			}
		})
		want := []string{}
		for _, in := range d.inputs {
			if _, given := facts[in.name]; given {
				continue
			}
			matters := false
			d.completions(facts, func(whole map[string]any) {
				if matters || whole[in.name] != in.values[0] {
					return
				}
				other := maps.Clone(whole)
				for _, v := range in.values {
					other[in.name] = v
					matters = matters || results[key(whole)] != results[key(other)]
				}
			})
			if matters {
				want = append(want, in.name)
			}
		}
		if diff := cmp.Diff(want, a.Missing); diff != "" {
			t.Fatalf("with %v missing differs from brute force (-want +got):\n%s\n%s", facts, diff, d.text)
		}
		for part := range a.Result {
			if constant[part] && !cmp.Equal(a.Result[part], one.Result[part]) {
				t.Fatalf("with %v %s is the same for all completions, %v, and the answer is %v\n%s", facts, part, one.Result[part], a.Result[part], d.text)
			}
		}
	})
}

// TestMissingIsEnough: once what is missing is given, no fact is missing any
// more, however many steps of questions a pack has.
func TestMissingIsEnough(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t, true)
		facts := d.partial(t)
		for range len(d.inputs) + 1 {
			a := d.eval(t, facts)
			asked := false
			for _, n := range a.Needs {
				if n.Kind != "input" {
					continue
				}
				in := d.inputs[slices.IndexFunc(d.inputs, func(in drawnInput) bool { return in.name == n.Name })]
				if _, given := facts[n.Name]; given {
					t.Fatalf("%s is given and missing", n.Name)
				}
				facts[n.Name] = rapid.SampledFrom(in.values).Draw(t, n.Name)
				asked = true
			}
			if asked {
				continue
			}
			d.completions(facts, func(whole map[string]any) { // what was never asked for changes nothing
				if diff := cmp.Diff(a.Result, d.eval(t, whole).Result); diff != "" {
					t.Fatalf("with %v nothing is asked, and %v changes the result:\n%s\n%s", facts, whole, diff, d.text)
				}
			})
			return
		}
		t.Fatal("facts are asked for without end")
	})
}

// TestPure: an evaluation depends on input, date, jurisdiction and pack alone,
// and the fast path gives what is explained.
func TestPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := draw(t, true)
		again, err := policy.Parse(policy.File{Name: "drawn.yaml", Text: []byte(d.text)})
		if err != nil {
			t.Fatal(err)
		}
		facts := d.partial(t)
		a := d.eval(t, facts)
		d.eval(t, d.partial(t)) // something else in between
		other := d
		other.pack = again
		for _, b := range []policy.Answer{d.eval(t, facts), other.eval(t, facts)} {
			if diff := cmp.Diff(a, b); diff != "" {
				t.Fatalf("two evaluations differ:\n%s\n%s", diff, d.text)
			}
		}
		plain, err := d.pack.Plain("")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := plain.Eval(build(facts), policy.Options{At: policy.Day(2025, 1, 1)}); err != nil {
			t.Fatal(err)
		}
		for i, part := range plain.Parts() {
			if plain.Known(i) && !cmp.Equal(plain.Value(i), a.Result[part]) {
				t.Fatalf("%s is %v, and explained %v\n%s", part, plain.Value(i), a.Result[part], d.text)
			}
		}
	})
}

// TestDatesAreTriedWhereTheyMatter compares with a brute force over days: also
// where months clip, a date is missing exactly when it can change the result.
func TestDatesAreTriedWhereTheyMatter(t *testing.T) {
	const head = `pack: days
version: 1
title: {zh: 日, en: days}
summary: {zh: 日, en: days}
jurisdiction: nation
effective: {from: 2020-01-01}
sources: {law: {document: 《某办法》, number: 1号}}
inputs:
  d: {type: date, zh: 日, en: d}
  e: {type: date, zh: 另一日, en: e}
  a: {type: bool, zh: 甲, en: a}
tables:
  t:
    zh: 表
    en: table
    hit: first
    gives: {n: int}
    source: law
    article: 第一条
    status: C
    rows:
`
	day := func(t *rapid.T, name string) string {
		return time.Date(2024, 1, 20+rapid.IntRange(0, 50).Draw(t, name), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		b.WriteString(head)
		for i := range rapid.IntRange(1, 3).Draw(t, "rows") {
			op := rapid.SampledFrom([]string{"==", "<", "<=", ">", ">="}).Draw(t, "op")
			unit := rapid.SampledFrom([]string{"days", "months", "years"}).Draw(t, "unit")
			n := rapid.IntRange(-2, 2).Draw(t, "n")
			left := fmt.Sprintf(rapid.SampledFrom([]string{"%s(d, %d)", "%s(e, %d)"}).Draw(t, "left"), unit, n)
			right := rapid.SampledFrom([]string{"date('" + day(t, "literal") + "')", "d", "e"}).Draw(t, "right")
			and := rapid.SampledFrom([]string{"", " && a", " || a"}).Draw(t, "and")
			fmt.Fprintf(&b, "      - {id: R%d, zh: 行, en: row, when: \"%s %s %s%s\", then: {n: %d}, phrase: 某}\n", i, left, op, right, and, i%2)
		}
		b.WriteString("result: {n: \"=t.n\"}\n")
		p, err := policy.Parse(policy.File{Name: "days.yaml", Text: []byte(b.String())})
		if err != nil {
			t.Fatal(err)
		}
		facts := map[string]any{"e": day(t, "e")}
		if rapid.Bool().Draw(t, "given") {
			facts["a"] = rapid.Bool().Draw(t, "a")
		}
		o := policy.Options{At: policy.Day(2025, 1, 1)}
		a, err := p.Eval(facts, o)
		if err != nil {
			t.Fatal(err)
		}
		var first any
		differ := false
		plain, err := p.Plain("")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5 * 366 { // shifts of two years reach no further
			for j, v := range []any{false, true} {
				whole := maps.Clone(facts)
				whole["d"] = time.Date(2021, 10, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
				if _, given := whole["a"]; !given {
					whole["a"] = v
				}
				if _, err := plain.Eval(whole, o); err != nil {
					t.Fatal(err)
				}
				if i == 0 && j == 0 {
					first = plain.Value(0)
				}
				differ = differ || first != plain.Value(0)
			}
		}
		switch {
		case differ && len(a.Missing) == 0:
			t.Fatalf("with %v the day matters, and nothing is missing: %v\n%s", facts, a.Result, b.String())
		case !differ && (len(a.Missing) > 0 || a.Result["n"] != first):
			t.Fatalf("with %v the result is always %v, and the answer is %v, missing %v\n%s", facts, first, a.Result, a.Missing, b.String())
		}
	})
}
