package policy_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/know/policy"
)

const head = `pack: p
version: 1
title: {zh: 试, en: test}
summary: {zh: 试, en: test}
jurisdiction: nation
effective: {from: 2024-01-01, until: 2027-01-01}
sources: {law: {document: 《某办法》, number: 1号}}
inputs:
  a: {type: bool, zh: 甲, en: a}
  b: {type: bool, zh: 乙, en: b}
  n: {type: int, zh: 数, en: n}
  on: {type: date, zh: 日, en: day}
  at: {type: instant, zh: 时, en: instant}
  name: {type: string, zh: 名, en: name}
  who.kind: {type: enum, zh: 种类, en: kind, of: {unit: {zh: 单位, en: unit}, person: {zh: 个人, en: person}}}
  things: {type: list, zh: 物, en: things, of: {kind: {type: enum, zh: 种, en: kind, of: {card: {zh: 卡, en: card}, line: {zh: 线, en: line}}}, count: {type: int, min: 0, max: 100, zh: 数, en: count}}}
`

// parse reads a pack whose head is given.
func parse(t *testing.T, body string, overlays ...string) *policy.Pack {
	t.Helper()
	files := []policy.File{{Name: "p.yaml", Text: []byte(head + body)}}
	for i, o := range overlays {
		files = append(files, policy.File{Name: "p@" + string(rune('a'+i)) + ".yaml", Text: []byte(o)})
	}
	p, err := policy.Parse(files...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// one is a pack with one expression as its result.
func one(t *testing.T, cel string) *policy.Pack {
	t.Helper()
	return parse(t, "result: {is: '="+strings.ReplaceAll(cel, "'", `"`)+"'}\n")
}

func eval(t *testing.T, p *policy.Pack, input string, o policy.Options) policy.Answer {
	t.Helper()
	in, err := policy.DecodeInput([]byte(input))
	if err != nil {
		t.Fatal(err)
	}
	if o.Today.IsZero() {
		o.Today = policy.Day(2026, time.March, 2)
	}
	a, err := p.Eval(in, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestExpressions: what an expression gives, with absent inputs unknown.
func TestExpressions(t *testing.T) {
	for _, c := range []struct {
		cel     string
		input   string
		want    any
		missing string // joined by a space
	}{
		{"a && b", `{"a":false}`, false, ""},
		{"a && b", `{"b":false}`, false, ""},
		{"a && b", `{"a":true}`, nil, "b"},
		{"a || b", `{"b":true}`, true, ""},
		{"a || b", `{}`, nil, "a b"},
		{"a || !a", `{}`, true, ""},
		{"a && !a", `{}`, false, ""},
		{"n > 3 || n <= 3", `{}`, true, ""},
		{"n * n >= 0 || a", `{"a":false}`, nil, "n"}, // beyond what is tried one cannot be sure
		{"a ? 1 : 1", `{}`, int64(1), ""},
		{"a ? n : 1", `{"n":1}`, int64(1), ""},
		{"a ? n : 1", `{"n":2}`, nil, "a"},
		{"a ? n : b ? 1 : 2", `{"a":true}`, nil, "n"},
		{"has(n)", `{}`, false, ""},
		{"has(n) && n > 2", `{"n":3}`, true, ""},
		{"has(n) && n > 2", `{"n":null}`, false, ""},
		{"7 / 2 + 7 % 2 - -1", `{}`, int64(5), ""},
		{"n / 0", `{"n":1}`, nil, ""},
		{"n * 1000000 * 1000000", `{"n":1000000000000}`, nil, ""},
		{"months(on, 1)", `{"on":"2026-01-31"}`, "2026-02-28", ""},
		{"months(on, 1)", `{"on":"2024-01-31"}`, "2024-02-29", ""},
		{"months(on, -1)", `{"on":"2026-03-31"}`, "2026-02-28", ""},
		{"months(on, 13)", `{"on":"2025-12-31"}`, "2027-01-31", ""},
		{"years(on, 1)", `{"on":"2024-02-29"}`, "2025-02-28", ""},
		{"years(on, 4)", `{"on":"2024-02-29"}`, "2028-02-29", ""},
		{"days(on, -10)", `{"on":"2026-03-05"}`, "2026-02-23", ""},
		{"days(on, 4000001)", `{"on":"2026-03-05"}`, nil, ""},
		{"workdays(on, 3)", `{"on":"2025-09-30"}`, "2025-10-11", ""},
		{"workdays(on, 1)", `{"on":"2026-02-13"}`, "2026-02-14", ""}, // a Saturday that is worked
		{"workdays(on, -1)", `{"on":"2026-02-24"}`, "2026-02-14", ""},
		{"workdays(on, 0)", `{"on":"2026-02-15"}`, "2026-02-15", ""},
		{"workdays(on, 2)", `{"on":"2026-12-31"}`, nil, "holidays"},
		{"a && workdays(on, 2) > on", `{"on":"2026-12-31"}`, nil, "a holidays"},
		{"a && workdays(on, 2) > on", `{"on":"2026-12-31","a":false}`, false, ""},
		{"hours(at, 48)", `{"at":"2026-02-27T23:30:00+08:00"}`, "2026-03-01T23:30:00+08:00", ""},
		{"minutes(at, 30)", `{"at":"2026-02-27T15:45:00Z"}`, "2026-02-28T00:15:00+08:00", ""},
		{"date(at)", `{"at":"2026-02-27T16:30:00Z"}`, "2026-02-28", ""}, // the day in the centre's zone
		{"days(at, 1)", `{"at":"2026-02-27T16:30:00Z"}`, "2026-03-01", ""},
		{"on == at", `{"on":"2026-02-28","at":"2026-02-27T16:30:00Z"}`, true, ""},
		{"at <= on", `{"on":"2026-02-27","at":"2026-02-27T16:30:00Z"}`, false, ""},
		{"on < date('2022-12-01')", `{"on":"2022-11-30"}`, true, ""},
		{"on < date('2022-12-01')", `{"on":"2022-12-01"}`, false, ""},
		{"later(on, date('2024-12-01'))", `{"on":"2023-01-01"}`, "2024-12-01", ""},
		{"earlier(n, 3)", `{"n":5}`, int64(3), ""},
		{"name.startsWith('公') && size(name) == 2", `{"name":"公司"}`, true, ""},
		{"name in ['x', 'y']", `{"name":"y"}`, true, ""},
		{"name in ['x', 'y']", `{}`, nil, "name"},
		{"who.kind == 'unit'", `{"who":{"kind":"unit"}}`, true, ""},
		{"who.kind in ['unit', 'person']", `{}`, true, ""}, // there is no third
		{"size(things)", `{"things":[]}`, int64(0), ""},
		{"things.sum(x, x.count)", `{"things":[{"kind":"card","count":2},{"kind":"line","count":3}]}`, int64(5), ""},
		{"sum(things.map(x, x.count))", `{"things":[{"kind":"card","count":2},{"kind":"line","count":3}]}`, int64(5), ""},
		{"things.filter(x, x.kind == 'card').sum(x, x.count) >= 3", `{"things":[{"kind":"card","count":2},{"count":3}]}`, nil, "things[1].kind"},
		{"things.filter(x, x.kind == 'card').sum(x, x.count) >= 3", `{"things":[{"kind":"card","count":3},{"count":3}]}`, true, ""},
		{"things.sum(x, x.count) >= 3", `{"things":[{"count":2},{"kind":"card"}]}`, nil, "things[1].count"},
		{"things.exists(x, x.kind == 'card')", `{"things":[{"kind":"line"},{"kind":"card"}]}`, true, ""},
		{"things.all(x, x.count > 0)", `{"things":[{"count":0},{}]}`, false, ""},
		{"things.exists(x, has(x.count))", `{"things":[{"kind":"card"}]}`, false, ""},
		{"things.exists(x, x.count > n)", `{}`, nil, "n things"},
		{"things.map(x, x.count)", `{"things":[{"count":1},{"count":2}]}`, []any{int64(1), int64(2)}, ""},
		{"3 in things.map(x, x.count)", `{"things":[{"count":1},{}]}`, nil, "things[1].count"},
	} {
		a := eval(t, one(t, c.cel), c.input, policy.Options{})
		if diff := cmp.Diff(c.want, a.Result["is"]); diff != "" {
			t.Errorf("%s with %s (-want +got):\n%s", c.cel, c.input, diff)
		}
		if got := strings.Join(a.Missing, " "); got != c.missing {
			t.Errorf("%s with %s: missing %q, want %q", c.cel, c.input, got, c.missing)
		}
	}
}

const term = `
parameters:
  days: {type: int, zh: 天数, en: days, unset: {zh: 未查明, en: not known}}
  cap: {type: int, zh: 上限, en: cap, values: [{id: V1, from: 2024-01-01, until: 2025-01-01, value: 5, source: law, article: 第一条, phrase: 五, status: C}, {id: V2, from: 2025-01-01, value: 3, source: law, article: 第一条, phrase: 三, status: C}]}
tables:
  term:
    zh: 期限
    en: term
    hit: first
    gives: {months: int, way: string}
    source: law
    article: 第二条
    status: C
    rows:
      - {id: R1, zh: 一, en: one, when: "a && n >= cap", then: {months: 12, way: long}, phrase: 一}
      - {id: R2, zh: 二, en: two, when: a, then: {months: 6, way: short}, phrase: 二, until: 2026-01-01}
      - {id: R3, zh: 三, en: three, when: a, then: {months: 3, way: short}, phrase: 三, inferred: true}
obligations:
  - {id: O1, zh: 办结, en: done, when: a, from: on, within: {days: 10}, source: law, article: 第三条, phrase: 十日, status: C}
  - {id: O2, zh: 受理, en: accepted, when: a, from: on, within: {days: "=days"}, source: law, article: 第三条, phrase: 若干日, status: C}
  - {id: O3, zh: 未确认, en: not confirmed, when: a, from: on, within: {days: 1}, source: law, article: 第三条, phrase: 一日, status: U}
silences:
  - {id: S1, when: "who.kind == 'unit'", zh: 未规定, en: not said, source: law, status: C}
result: {term: "=term", months: "=term.months"}
`

// TestLawAtADate: rows and values are those of the relevant day, and before
// and after the pack nothing is said.
func TestLawAtADate(t *testing.T) {
	p := parse(t, term)
	type seen struct {
		Months  any
		Rows    string
		InForce bool
		Missing string
	}
	look := func(input string, y int, m time.Month, d int) seen {
		a := eval(t, p, input, policy.Options{At: policy.Day(y, m, d)})
		rows := []string{}
		for _, r := range a.Matched {
			name := r.Row
			if !r.Applied {
				name = "(" + name + ")"
			}
			rows = append(rows, name)
		}
		return seen{a.Result["months"], strings.Join(rows, " "), a.InForce, strings.Join(a.Missing, " ")}
	}
	for _, c := range []struct {
		input string
		y     int
		m     time.Month
		d     int
		want  seen
	}{
		{`{"a":true,"n":4}`, 2024, 6, 1, seen{int64(6), "V1 R2 (R3)", true, "days"}},
		{`{"a":true,"n":4}`, 2024, 12, 31, seen{int64(6), "V1 R2 (R3)", true, "days"}},
		{`{"a":true,"n":4}`, 2025, 1, 1, seen{int64(12), "V2 R1 (R2) (R3)", true, "days"}},
		{`{"a":true,"n":1}`, 2026, 1, 1, seen{int64(3), "V2 R3", true, "days"}},
		{`{"a":false}`, 2026, 1, 1, seen{nil, "", true, ""}},
		{`{"a":true}`, 2026, 1, 1, seen{nil, "V2 (R3)", true, "n days"}},
		{`{"a":true,"n":9}`, 2023, 12, 31, seen{}},
		{`{"a":true,"n":9}`, 2027, 1, 1, seen{}},
	} {
		if diff := cmp.Diff(c.want, look(c.input, c.y, c.m, c.d)); diff != "" {
			t.Errorf("%s at %d-%02d-%02d (-want +got):\n%s", c.input, c.y, c.m, c.d, diff)
		}
	}
}

// TestAnswer: an answer carries its citations, due dates, silences and what
// they wait for.
func TestAnswer(t *testing.T) {
	p := parse(t, term)
	a := eval(t, p, `{"a":true,"n":1,"on":"2026-01-31","who":{"kind":"unit"}}`, policy.Options{At: policy.Day(2026, 2, 1)})
	law := policy.Citation{Document: "《某办法》", Number: "1号", Article: "第二条", Phrase: "三", Status: policy.Confirmed, Inferred: true}
	if diff := cmp.Diff(law, a.Matched[1].Citation); diff != "" {
		t.Errorf("citation (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]any{"months": int64(3), "way": "short"}, a.Result["term"]); diff != "" {
		t.Errorf("a table by its name is its row (-want +got):\n%s", diff)
	}
	dues := map[string]string{}
	for _, d := range a.Due {
		dues[d.Row] = d.Due + strings.Join(d.Waits, " ")
	}
	if diff := cmp.Diff(map[string]string{"O1": "2026-02-10", "O2": "days"}, dues); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
	need := []policy.Need{{Name: "days", Kind: "parameter", Why: policy.Words{ZH: "未查明", EN: "not known"}, For: []string{"O2"}}}
	if diff := cmp.Diff(need, a.Needs); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]policy.Silence{{Row: "S1", Words: policy.Words{ZH: "未规定", EN: "not said"}}}, a.Silent); diff != "" {
		t.Errorf("silent (-want +got):\n%s", diff)
	}
	if a.At != "2026-02-01" || a.Jurisdiction != "nation" || a.Pack.Version != 1 || len(a.Pack.SHA256) != 64 {
		t.Errorf("the answer is of %s in %s by %+v", a.At, a.Jurisdiction, a.Pack)
	}
	if a = eval(t, p, `{"a":true,"n":1}`, policy.Options{}); len(a.Due) != 2 || a.Due[0].Due != "" || !cmp.Equal(a.Due[0].Waits, []string{"on"}) {
		t.Errorf("a clock that has not started: %+v", a.Due)
	}
}

// TestQuestions: open rows and rows marked U are never answered, and are named
// when their own facts are there.
func TestQuestions(t *testing.T) {
	p := parse(t, `
tables:
  t:
    zh: 表
    en: table
    hit: first
    gives: {listed: bool}
    otherwise: {listed: false}
    source: law
    article: 第一条
    status: C
    rows:
      - {id: U1, zh: 未确认, en: not confirmed, when: b, then: {listed: true}, status: U, phrase: 一}
      - {id: O1, zh: 未明, en: open, when: "n == 5", open: {zh: 是否含五, en: whether five counts}, phrase: 二}
      - {id: R1, zh: 五以上, en: over five, when: "n > 5", then: {listed: true}, phrase: 三}
  u:
    zh: 只有未确认
    en: not confirmed alone
    hit: first
    gives: {level: string}
    rows:
      - {id: U2, zh: 未确认, en: not confirmed, when: "true", then: {level: city}, source: law, article: 第二条, phrase: 四, status: U}
result: {listed: "=t.listed", level: "=a ? u.level : 'none'"}
`)
	for _, c := range []struct {
		input   string
		listed  any
		level   any
		missing string
	}{
		{`{"n":6,"b":false,"a":false}`, true, "none", ""},
		{`{"n":6,"b":true,"a":false}`, true, "none", ""}, // confirmed or not, it is listed
		{`{"n":4,"b":true,"a":false}`, false, "none", "U1"},
		{`{"n":4,"a":false}`, false, "none", "b"}, // b would raise the question
		{`{"n":5,"b":false,"a":false}`, nil, "none", "O1"},
		{`{"n":5,"b":true,"a":false}`, nil, "none", "U1 O1"},
		{`{"b":false,"a":false}`, nil, "none", "n"},
		{`{"n":4,"b":false,"a":true}`, false, nil, "U2"},
		{`{"n":4,"b":false}`, false, nil, "a U2"}, // confirmed, it would matter if a
	} {
		a := eval(t, p, c.input, policy.Options{})
		if a.Result["listed"] != c.listed || a.Result["level"] != c.level || strings.Join(a.Missing, " ") != c.missing {
			t.Errorf("%s: %v, missing %v; want %v, %v, missing %q", c.input, a.Result, a.Missing, c.listed, c.level, c.missing)
		}
	}
}

// TestRelevantDay: the day is what is asked for, else what the input says,
// else today, in the centre's zone.
func TestRelevantDay(t *testing.T) {
	p := parse(t, "date: on\nresult: {on: '=on', given: '=has(on)'}\n")
	late := time.Date(2026, 2, 27, 17, 0, 0, 0, time.UTC) // the 28th in Shanghai
	for _, c := range []struct {
		input string
		o     policy.Options
		at    string
		on    any
	}{
		{`{"on":"2025-05-05"}`, policy.Options{Today: late}, "2025-05-05", "2025-05-05"},
		{`{"on":"2025-05-05"}`, policy.Options{At: policy.Day(2024, 3, 3)}, "2024-03-03", "2025-05-05"},
		{`{}`, policy.Options{At: policy.Day(2024, 3, 3)}, "2024-03-03", "2024-03-03"},
		{`{}`, policy.Options{Today: late}, "2026-02-28", nil},
		{`{}`, policy.Options{Today: late, Zone: time.UTC}, "2026-02-27", nil},
	} {
		if a := eval(t, p, c.input, c.o); a.At != c.at || a.Result["on"] != c.on {
			t.Errorf("%s: read on %s, on is %v; want %s, %v", c.input, a.At, a.Result["on"], c.at, c.on)
		}
	}
	if _, err := p.Eval(nil, policy.Options{}); lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("without any day: %v", err)
	}
}

// TestInputsThatAreRefused: the error names the place.
func TestInputsThatAreRefused(t *testing.T) {
	p := one(t, "a")
	for _, c := range []struct{ input, field, says string }{
		{`{"z":1}`, "z", "no such input"},
		{`{"who":{"kind":"dog"}}`, "who.kind", "none of the values"},
		{`{"who":{"sort":"unit"}}`, "who.sort", "no such input"},
		{`{"who":"unit"}`, "who", "an object"},
		{`{"a":1}`, "a", "true or false"},
		{`{"n":1.5}`, "n", "whole number"},
		{`{"n":99999999999999999999}`, "n", "whole number"},
		{`{"on":"2026-02-30"}`, "on", "date"},
		{`{"on":"2026-1-1"}`, "on", "date"},
		{`{"at":"2026-01-01"}`, "at", "instant"},
		{`{"things":{}}`, "things", "a list"},
		{`{"things":[1]}`, "things", "an object"},
		{`{"things":[{"count":-1}]}`, "things", "element 0, count"},
		{`{"things":[{"sort":1}]}`, "things", "does not know"},
		{`{"b":3,"a":4}`, "a", "true or false"}, // the first by name
	} {
		in, err := policy.DecodeInput([]byte(c.input))
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Eval(in, policy.Options{At: policy.Day(2025, 1, 1)})
		e, ok := errors.AsType[*lanzha.Error](err)
		if !ok || e.Code != lanzha.CodeInvalid || e.Field != c.field || !strings.Contains(e.Message, c.says) || e.Hint == "" {
			t.Errorf("%s: %v", c.input, err)
		}
	}
	for _, text := range []string{``, `[]`, `{"a":true} x`, `{"a":true,"a":false}`, `{`, strings.Repeat(`{"a":`, 40)} {
		if _, err := policy.DecodeInput([]byte(text)); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestUniqueTables: two rows that both hold are an error, however the input
// comes in.
func TestUniqueTables(t *testing.T) {
	p := parse(t, `
tables:
  t: {zh: 表, en: table, hit: unique, gives: {n: int}, source: law, article: 第一条, status: C, rows: [{id: R1, zh: 一, en: one, when: "n > 3", then: {n: 1}, phrase: 一}, {id: R2, zh: 二, en: two, when: a, then: {n: 2}, phrase: 二}]}
result: {n: "=t.n"}
`)
	if a := eval(t, p, `{"n":4}`, policy.Options{}); a.Result["n"] != int64(1) { // R2 cannot hold as well
		t.Errorf("one row that holds settles a unique table: %v, missing %v", a.Result, a.Missing)
	}
	in := map[string]any{"n": 4, "a": true}
	if _, err := p.Eval(in, policy.Options{At: policy.Day(2025, 1, 1)}); lanzha.CodeOf(err) != lanzha.CodeConflict || !strings.Contains(err.Error(), "R1 and R2") {
		t.Errorf("two rows hold: %v", err)
	}
	plain, err := p.Plain("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Eval(in, policy.Options{At: policy.Day(2025, 1, 1)}); lanzha.CodeOf(err) != lanzha.CodeConflict {
		t.Errorf("two rows hold, plain: %v", err)
	}
}

// TestDraft: a draft explains what was proposed and is never in force.
func TestDraft(t *testing.T) {
	text := strings.Replace(head, "{from: 2024-01-01, until: 2027-01-01}", "{never: true}", 1) + "result: {is: '=n + 1'}\n"
	p, err := policy.Parse(policy.File{Name: "p.yaml", Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	if a := eval(t, p, `{"n":1}`, policy.Options{}); a.InForce || a.Result["is"] != int64(2) {
		t.Errorf("a draft gives %v, in force %v", a.Result, a.InForce)
	}
}

// TestNoValue: what a table gives when no row holds is known, and no yes.
func TestNoValue(t *testing.T) {
	p := parse(t, `
tables:
  t: {zh: 表, en: table, hit: first, gives: {yes: bool, n: int, s: string}, source: law, article: 第一条, status: C, rows: [{id: R1, zh: 一, en: one, when: a, then: {yes: true, n: 1, s: x}, phrase: 一}]}
result: {yes: "=t.yes", not: "=!t.yes", and: "=t.yes && true", eq: "=t.n == 0", ne: "=t.n != 0", lt: "=t.n < 5", plus: "=t.n + 1", in: "=t.s in ['x']", either: "=t.yes ? 1 : 2"}
`)
	want := map[string]any{"yes": nil, "not": true, "and": false, "eq": false, "ne": true, "lt": false, "plus": nil, "in": false, "either": int64(2)}
	a := eval(t, p, `{"a":false}`, policy.Options{})
	if diff := cmp.Diff(want, a.Result); diff != "" || len(a.Missing) > 0 {
		t.Errorf("no value (-want +got):\n%s missing %v", diff, a.Missing)
	}
}
