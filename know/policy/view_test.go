package policy_test

import (
	"slices"
	"strings"
	"testing"

	"lanzha/know/policy"
)

func view(t *testing.T, p *policy.Pack, place string) policy.View {
	t.Helper()
	v, err := p.View(place)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestViewsOfShippedPacks: a reader sees every row with its ground and its
// condition in words.
func TestViewsOfShippedPacks(t *testing.T) {
	l, err := policy.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range l.Packs() {
		v := view(t, p, "")
		if len(v.Tables) == 0 || len(v.Result) == 0 || len(v.Sources) == 0 {
			t.Errorf("%s shows no tables, result or sources", v.Name)
		}
		for _, table := range v.Tables {
			for _, r := range table.Rows {
				if r.Says.ZH == "" || r.Says.EN == "" || r.Citation.Document == "" || len(r.Then) == 0 && r.Open == nil {
					t.Errorf("%s %s: says %q, document %q, then %v", v.Name, r.ID, r.Says.ZH, r.Citation.Document, r.Then)
				}
			}
		}
		if changes := policy.Diff(v, v); len(changes) != 0 {
			t.Errorf("%s differs from itself: %+v", v.Name, changes)
		}
	}
}

const small = `pack: small
version: 1
title: {zh: 小, en: small}
jurisdiction: nation
effective: {from: 2024-01-01}
sources: {law: {document: 《某办法》, number: 1号}}
inputs:
  who: {type: enum, zh: 对象, en: who, of: {person: {zh: 个人, en: a person}, unit: {zh: 单位, en: a unit}}}
  age: {type: int, zh: 年龄（周岁）, en: age in years}
  on: {type: date, zh: 认定日, en: the day}
  things: {type: list, zh: 物品, en: things, of: {n: {type: int, zh: 数量, en: count}}}
parameters:
  days: {type: int, zh: 天数, en: days, unset: {zh: 未查明, en: not known}}
tables:
  term:
    zh: 期限
    en: term
    hit: first
    gives: {months: int}
    rows:
      - {id: R1, zh: 个人, en: person, when: "who == 'person' && (age < 18 || things.exists(x, x.n >= 3))", then: {months: 24}, source: law, article: 第一条, phrase: 个人, status: C}
      - {id: R2, zh: 单位, en: unit, when: "who in ['unit'] && on >= date('2024-06-01') && !has(age)", then: {months: "=days"}, source: law, article: 第二条, phrase: 单位, status: C, inferred: true}
result: {months: "=term.months"}
`

const local = `pack: small
version: 1
jurisdiction: "5301"
effective: {from: 2025-01-01}
sources: {city: {document: 《某市通知》}}
parameters: {days: {values: [{id: D1, from: 2025-01-01, value: 30, source: city, article: 第三条, phrase: 三十日, status: L}]}}
tables: {term: {rows: [{id: R1, zh: 本市个人, en: person here, when: "who == 'person'", then: {months: 12}, source: city, article: 第四条, phrase: 本市, status: L}]}}
`

func TestConditionsInWords(t *testing.T) {
	p, err := policy.Parse(policy.File{Name: "small.yaml", Text: []byte(small)})
	if err != nil {
		t.Fatal(err)
	}
	rows := view(t, p, "").Tables[0].Rows
	for i, want := range []policy.Words{
		{ZH: "对象为“个人”，且（年龄小于18，或者物品中有任一项：数量不少于3）", EN: "who is “a person” and (age in years < 18 or any of things has: count ≥ 3)"},
		{ZH: "对象为“单位”，且认定日不早于2024-06-01，且非（已知“年龄”）", EN: "who is “a unit” and the day not before 2024-06-01 and not (“age in years” is given)"},
	} {
		if rows[i].Says != want {
			t.Errorf("%s says\n%s\n%s\nwant\n%s\n%s", rows[i].ID, rows[i].Says.ZH, rows[i].Says.EN, want.ZH, want.EN)
		}
	}
}

// TestViewOfAPlace: what an overlay says is told from what the nation says, and
// the difference is row by row.
func TestViewOfAPlace(t *testing.T) {
	p, err := policy.Parse(policy.File{Name: "small@5301.yaml", Text: []byte(local)}, policy.File{Name: "small.yaml", Text: []byte(small)})
	if err != nil {
		t.Fatal(err)
	}
	nation, city := view(t, p, ""), view(t, p, "530114")
	if nation.Jurisdiction != "nation" || city.Jurisdiction != "5301" || len(city.Sources) != 2 {
		t.Errorf("the views are of %s and %s with %d sources", nation.Jurisdiction, city.Jurisdiction, len(city.Sources))
	}
	if nation.Parameters[0].Unset == nil || city.Parameters[0].Unset != nil || city.Parameters[0].Values[0].Jurisdiction != "5301" {
		t.Errorf("the parameter: %+v, in the city %+v", nation.Parameters[0], city.Parameters[0])
	}
	got := []string{}
	for _, c := range policy.Diff(nation, city) {
		fields := []string{}
		for _, f := range c.Fields {
			fields = append(fields, f.Field)
		}
		got = append(got, c.Kind+" "+c.Part+" "+c.ID+": "+strings.Join(fields, ","))
	}
	want := []string{
		"added source city: document", "changed parameter days: unset", "added value D1: value,source,article,phrase,status,effective,jurisdiction",
		"changed row R1: effective", // the nation's stands until the city's is in force
		"changed row R1: when,then,zh,en,source,article,phrase,status,effective,jurisdiction",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the difference is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	back := policy.Diff(city, nation)
	if last := back[len(back)-1]; last.Kind != "removed" || last.Part != "value" || last.Fields[0].Old == "" {
		t.Errorf("back: %+v", last)
	}
}

func TestCasesAreShown(t *testing.T) {
	p, err := policy.Parse(policy.File{Name: "small.yaml", Text: []byte(small)})
	if err != nil {
		t.Fatal(err)
	}
	cases, err := p.Cases(policy.File{Name: "small_test.yaml", Text: []byte("pack: small\ntests:\n  - {name: holds, input: {who: person, age: 10}, at: 2024-02-01, want: {months: 24}}\n  - {name: fails, input: {who: person, age: 10}, want: {months: 1}}\n")})
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) != 2 || len(cases[0].Diff) != 0 || cases[0].At != "2024-02-01" || cases[0].Input["who"] != "person" || len(cases[1].Diff) != 2 {
		t.Errorf("cases: %+v", cases)
	}
}
