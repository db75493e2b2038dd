package policy_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"lanzha"
	"lanzha/know/policy"
)

const spoken = `pack: spoken
version: 1
title: {zh: 试, en: test}
summary: {zh: 试, en: test}
jurisdiction: nation
effective: {from: 2024-01-01}
sources: {law: {document: 《某办法》, number: 1号}}
inputs:
  n: {type: int, zh: 数, en: n}
  who: {type: enum, zh: 对象, en: who, of: {person: {zh: 个人, en: a person}, unit: {zh: 单位, en: a unit}}}
tables:
  grade:
    zh: 等级
    en: grade
    hit: first
    gives: {level: {type: enum, of: {high: {zh: 高, en: high}, low: {zh: 低, en: low}}}, days: int}
    rows: [{id: G1, zh: 高, en: high, when: n > 3, then: {level: high, days: 2}, source: law, article: 第一条, phrase: 高, status: C}, {id: G2, zh: 低, en: low, when: n <= 3, then: {level: low}, source: law, article: 第二条, phrase: 低, status: C}]
  steps:
    zh: 步骤
    en: steps
    hit: collect
    gives: {step: {type: enum, zh: 步骤名, en: step, of: {tell: {zh: 告知, en: tell}, visit: {zh: 上门, en: visit}}}, by: {type: enum, zh: 由谁, en: by whom, of: {police: {zh: 公安机关, en: police}}}}
    rows: [{id: S1, zh: 告知, en: tell, when: n >= 0, then: {step: tell, by: police}, source: law, article: 第三条, phrase: 告知, status: C}, {id: S2, zh: 上门, en: visit, when: n > 3, then: {step: visit}, source: law, article: 第四条, phrase: 上门, status: C}]
  local:
    zh: 本地做法
    en: local practice
    hit: collect
    gives: {way: {type: enum}}
    rows: []
result:
  level: {is: "=grade.level", zh: 等级, en: grade}
  days: {is: "=grade.days", zh: 天数, en: days, note: {zh: 低等级为空, en: none for a low grade}}
  chosen: {is: "=n > 5 ? 'many' : grade.level", zh: 取法, en: choice, of: {many: {zh: 很多, en: many}}}
  who: {is: "=who", zh: 对象, en: who}
  names: {is: "=steps.map(s, s.step)", zh: 步骤名, en: steps by name}
  steps: {is: "=steps.filter(s, s.by == 'police')", zh: 步骤, en: steps}
  whole: {is: "=grade", zh: 全部, en: all of it}
  local: {is: "=local", zh: 本地, en: local}
`

const spokenHere = `pack: spoken
version: 1
jurisdiction: "53"
effective: {from: 2025-01-01}
sources: {city: {document: 《某省通知》}}
tables: {local: {gives: {way: {of: {WORDS}}}, rows: [{id: L1, zh: 网格, en: grid, when: n >= 0, then: {way: grid}, source: city, article: 第一条, phrase: 网格, status: L}]}}
`

// inShort is a part as "name words[value words ...]"; of rows the columns with
// their values.
func inShort(of []policy.InputView) string {
	out := []string{}
	for _, o := range of {
		text := o.Name + " " + o.Words.ZH
		if len(o.Of) > 0 {
			text += " [" + inShort(o.Of) + "]"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// TestResultInWords: an answer calls its parts and the values that occur as the
// pack does, whatever way a value came; the view has all values.
func TestResultInWords(t *testing.T) {
	here := strings.Replace(spokenHere, "WORDS", "grid: {zh: 网格员, en: the grid}", 1)
	p, err := policy.Parse(policy.File{Name: "spoken.yaml", Text: []byte(spoken)}, policy.File{Name: "spoken@53.yaml", Text: []byte(here)})
	if err != nil {
		t.Fatal(err)
	}
	if found := p.Lint(); len(found) > 0 {
		t.Errorf("the lint finds %+v", found)
	}
	a := eval(t, p, `{"n":4,"who":"unit"}`, policy.Options{At: policy.Day(2025, 6, 1), Jurisdiction: "5301"})
	got := []string{}
	for _, part := range a.Parts {
		got = append(got, fmt.Sprintf("%s %s %s: %s", part.Name, part.Words.ZH, part.Words.EN, inShort(part.Of)))
	}
	want := []string{
		"level 等级 grade: high 高", "days 天数 days: ", "chosen 取法 choice: high 高", "who 对象 who: unit 单位", "names 步骤名 steps by name: tell 告知, visit 上门",
		"steps 步骤 steps: id 条目, step 步骤名 [tell 告知], by 由谁 [police 公安机关]", "whole 全部 all of it: level 等级 [high 高], days 天数", "local 本地 local: id 条目, way 本地做法 [grid 网格员]",
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("the parts are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	if a.Parts[1].Note == nil || a.Parts[1].Note.EN != "none for a low grade" {
		t.Errorf("the note is %+v", a.Parts[1].Note)
	}
	v := view(t, p, "")
	if s := inShort(v.Result[2].Of); s != "many 很多, high 高, low 低" {
		t.Errorf("the view's choice has %s", s)
	}
	if v.Tables[0].Gives[0].Of[1].Words.EN != "low" || len(v.Tables[2].Gives[0].Of) != 0 {
		t.Errorf("the columns are %+v", v.Tables[0].Gives)
	}
}

// TestOlderTexts: a text without words loads, and explains by its names.
func TestOlderTexts(t *testing.T) {
	p := parse(t, "tables: {t: {zh: 表, en: table, hit: first, gives: {v: string}, rows: [{id: R1, zh: 行, en: row, when: a, then: {v: one}, source: law, article: 第一条, phrase: 某, status: C}]}}\nresult: {v: '=t.v'}\n")
	a := eval(t, p, `{"a":true}`, policy.Options{At: policy.Day(2025, 1, 1)})
	if a.Result["v"] != "one" || len(a.Matched) != 1 || len(a.Parts) != 1 || a.Parts[0].Words != (policy.Words{}) || len(a.Parts[0].Of) != 0 {
		t.Errorf("the answer is %+v", a)
	}
}

// TestCodesThatAreRefused: a column of codes gives those that have words.
func TestCodesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ name, was, is, words, says string }{
		{"a code without words", "then: {level: low}", "then: {level: lwo}", "grid: {zh: 网, en: g}", `G2.then.level: "lwo" is none of the values of this column (high, low)`},
		{"in CEL", "then: {level: low}", `then: {level: "=n > 1 ? 'lwo' : 'low'"}`, "grid: {zh: 网, en: g}", `"lwo" is none of the values`},
		{"compared", "s.by == 'police'", "s.by == 'polcie'", "grid: {zh: 网, en: g}", `"polcie" is none of the values of this name (police)`},
		{"no values", "{type: enum, of: {high: {zh: 高, en: high}, low: {zh: 低, en: low}}}", "{type: enum}", "grid: {zh: 网, en: g}", "`of` says what values an enum has"},
		{"values of a number", "days: int", "days: {type: int, of: {one: {zh: 一, en: one}}}", "grid: {zh: 网, en: g}", "no other type has them"},
		{"a place's code without words", "", "", "other: {zh: 他, en: other}", `"grid" is none of the values of this column (other)`},
		{"a part that is nothing", `{is: "=who", zh: 对象, en: who}`, "{zh: 对象, en: who}", "grid: {zh: 网, en: g}", "result who: CEL behind = is wanted"},
	} {
		text := spoken
		if c.was != "" {
			if text = strings.Replace(spoken, c.was, c.is, 1); text == spoken {
				t.Fatalf("%s: nothing was changed", c.name)
			}
		}
		_, err := policy.Parse(policy.File{Name: "spoken.yaml", Text: []byte(text)}, policy.File{Name: "spoken@53.yaml", Text: []byte(strings.Replace(spokenHere, "WORDS", c.words, 1))})
		if e, ok := errors.AsType[*lanzha.Error](err); !ok || !strings.Contains(e.Message, c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
	for _, gives := range []string{"way: {type: string}", "way: {of: {grid: {zh: 网, en: g}}}, more: {of: {x: {zh: 子, en: x}}}"} {
		here := strings.Replace(spokenHere, "way: {of: {WORDS}}", gives, 1)
		_, err := policy.Parse(policy.File{Name: "spoken.yaml", Text: []byte(spoken)}, policy.File{Name: "spoken@53.yaml", Text: []byte(here)})
		if err == nil || !strings.Contains(err.Error(), "says in `of` what further values") {
			t.Errorf("an overlay with %s: %v", gives, err)
		}
	}
}
