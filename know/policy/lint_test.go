package policy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanzha/know/policy"
)

// lintHead is a head without inputs of its own, since those that nothing reads
// are findings.
const lintHead = `pack: p
version: 1
title: {zh: 试, en: test}
summary: {zh: 试, en: test}
jurisdiction: nation
effective: {from: 2024-01-01}
sources: {law: {document: 《某办法》, number: 1号}}
`

// TestLint: each rule finds what it is for, names the place, and shows an
// input that proves a gap or an overlap.
func TestLint(t *testing.T) {
	rows := func(hit, rows string) string {
		return lintHead + `inputs:
  n: {type: int, min: 0, zh: 数, en: n}
  k: {type: enum, zh: 种, en: kind, of: {x: {zh: 子, en: x}, y: {zh: 丑, en: y}}}
tables: {t: {zh: 表, en: table, hit: ` + hit + `, gives: {v: int}, source: law, article: 第一条, status: C, rows: [` + rows + `]}}
result: {v: {is: "=t.v", zh: 值, en: v}, n: {is: "=n", zh: 数, en: n}, k: {is: "=k", zh: 种, en: kind}}
`
	}
	row := func(id, when, more string) string {
		return `{id: ` + id + `, zh: 行, en: row, when: "` + when + `", then: {v: 1}, phrase: 某` + more + `}`
	}
	params := func(values string) string {
		return lintHead + "parameters: {d: {type: int, zh: 天, en: days, values: [" + values + "]}}\nresult: {d: {is: \"=d\", zh: 天, en: days}}\n"
	}
	value := func(id, more string) string {
		return `{id: ` + id + `, value: 1, source: law, article: 第一条, phrase: 某, ` + more + `}`
	}
	for _, c := range []struct {
		name, text string
		want       []string // rule name input
	}{
		{"clean", rows("unique", row("R1", "n < 3", "")+","+row("R2", "n >= 3", "")), nil},
		{"clean by three names", rows("unique", row("R1", "n < 3 && k == 'x'", "")+","+row("R2", "n < 3 && k != 'x'", "")+","+row("R3", "!(n < 3)", "")), nil},
		{"overlap", rows("unique", row("R1", "n <= 3", "")+","+row("R2", "n >= 3", "")), []string{`overlap R2 {"n":3}`}},
		{"gap", rows("unique", row("R1", "n < 3", "")+","+row("R2", "n > 3", "")), []string{`gap t {"n":3}`}},
		{"no overlap in different times", rows("unique", row("R1", "n >= 0", ", until: 2025-01-01")+","+row("R2", "n >= 0", ", from: 2025-01-01")), nil},
		{"gap in one time", rows("unique", row("R1", "n >= 0", ", until: 2025-01-01")+","+row("R2", "n >= 1", ", from: 2025-01-01")), []string{`gap t {"n":0}`}},
		{"never applies", rows("first", row("R1", "n >= 0", "")+","+row("R2", "n == 7", "")), []string{"unreachable R2 null"}},
		{"cannot hold", rows("first", row("R1", "n > 5 && n < 5", "")+","+row("R2", "n == 7", "")), []string{"unreachable R1 null"}},
		{"applies in its time", rows("first", row("R1", "n >= 0", ", until: 2025-01-01")+","+row("R2", "n == 7", "")), nil},
		{"a row marked U hides none", rows("first", row("R1", "n >= 0", ", status: U")+","+row("R2", "n == 7", "")), nil},
		{"ends before it begins", rows("first", row("R1", "n > 5", ", from: 2025-01-01, until: 2025-01-01")), []string{"dates R1 null", "unreachable R1 null"}},
		{"no phrase", rows("first", `{id: R1, zh: 行, en: row, when: "n > 5", then: {v: 1}}`), []string{"citation R1 null"}},
		{"no source", strings.Replace(rows("first", row("R1", "n > 5", "")), "source: law, ", "", 1), []string{"citation R1 null"}},
		{"no English", rows("first", `{id: R1, zh: 行, when: "n > 5", then: {v: 1}, phrase: 某}`), []string{"words R1 null"}},
		{"nothing reads it", strings.Replace(rows("first", row("R1", "n > 5", "")), `, k: {is: "=k", zh: 种, en: kind}`, "", 1), []string{"unused k null"}},
		{"nothing gives it", strings.Replace(rows("first", row("R1", "n > 5", "")), "{v: int}", "{v: int, w: {type: int, zh: 另, en: w}}", 1), []string{"unanswered t.w null"}},
		{"a column without words", strings.Replace(rows("first", row("R1", "n > 5", ", until: 2025-01-01")+","+`{id: R2, zh: 行, en: row, when: "n > 5", then: {w: 1}, phrase: 某}`), "{v: int}", "{v: int, w: int}", 1), []string{"words t.w null"}},
		{"a part without words", strings.Replace(rows("first", row("R1", "n > 5", "")), `{is: "=n", zh: 数, en: n}`, `"=n"`, 1), []string{"words n null"}},
		{"a part without English", strings.Replace(rows("first", row("R1", "n > 5", "")), `zh: 数, en: n}`, `zh: 数}`, 1), []string{"words n null"}},
		{"a code of a part without words", strings.Replace(rows("first", row("R1", "n > 5", "")), `is: "=n"`, `is: "=n > 3 ? 'many' : 'few'", of: {few: {zh: 少, en: few}}`, 1), []string{"words n null"}},
		{"a code of a column without words", strings.NewReplacer("{v: int}", "{v: string}", "{v: 1}", "{v: one}").Replace(rows("first", row("R1", "n > 5", ""))), []string{"words t.v null"}},
		{"words of a code without English", strings.NewReplacer("{v: int}", "{v: {type: enum, of: {one: {zh: 一}}}}", "{v: 1}", "{v: one}").Replace(rows("first", row("R1", "n > 5", ""))), []string{"words t.v.one null"}},
		{"two values at one time", params(value("A", "status: C, from: 2024-01-01") + "," + value("B", "status: C, from: 2025-01-01")), []string{"dates B null"}},
		{"one after the other", params(value("A", "status: C, from: 2024-01-01, until: 2025-01-01") + "," + value("B", "status: C, from: 2025-01-01")), nil},
		{"a value marked U", params(value("A", "status: U, from: 2024-01-01")), []string{"unconfirmed A null"}},
		{"in force before it was published", strings.Replace(params(value("A", "status: C")), "number: 1号", "number: 1号, published: 2024-02-01, effective: 2024-01-01", 1), []string{"dates law null"}},
	} {
		p, err := policy.Parse(policy.File{Name: "p.yaml", Text: []byte(c.text)})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []string
		for _, f := range p.Lint() {
			input, err := json.Marshal(f.Input)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f.Rule+" "+f.Name+" "+string(input))
			if !strings.HasPrefix(f.At, "p.yaml:") || f.Message.ZH == "" || f.Message.EN == "" {
				t.Errorf("%s: %+v", c.name, f)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestLintWitness: the input of a finding really shows it.
func TestLintWitness(t *testing.T) {
	p := parse(t, `
tables:
  t: {zh: 表, en: table, hit: unique, gives: {v: int}, source: law, article: 第一条, status: C, rows: [{id: R1, zh: 一, en: one, when: "months(on, 3) >= date('2026-05-31') && a", then: {v: 1}, phrase: 一}, {id: R2, zh: 二, en: two, when: "things.sum(x, x.count) >= 3 && who.kind == 'unit'", then: {v: 2}, phrase: 二}]}
result: {v: "=t.v"}
`)
	for _, f := range p.Lint() {
		if f.Rule != "overlap" {
			continue
		}
		_, err := p.Eval(f.Input, policy.Options{At: policy.Day(2025, 1, 1)})
		if err == nil || !strings.Contains(err.Error(), "both R1 and R2 hold") {
			t.Errorf("%v does not show the overlap: %v", f.Input, err)
		}
		return
	}
	t.Errorf("no overlap was found: %+v", p.Lint())
}
