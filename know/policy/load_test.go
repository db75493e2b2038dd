package policy_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/know/policy"
)

// TestPacksThatAreRefused: a pack with an error is not loaded, and the error
// names the line, the row and the place in the expression.
func TestPacksThatAreRefused(t *testing.T) {
	table := func(row string) string {
		return head + "tables:\n  t: {zh: 表, en: table, hit: first, gives: {n: int}, source: law, article: 第一条, status: C, rows: [" + row + "]}\nresult: {n: '=t.n'}\n"
	}
	row := func(when, then string) string {
		return table(`{id: R1, zh: 行, en: row, when: "` + when + `", then: {n: ` + then + `}, phrase: 某}`)
	}
	result := func(cel string) string { return head + "result: {is: \"=" + cel + "\"}\n" }
	for _, c := range []struct{ name, text, says string }{
		{"nothing", "", "empty"},
		{"no mapping", "[]", "cannot unmarshal"},
		{"unknown key", head + "sourecs: {}\nresult: {is: '=a'}\n", `p.yaml: line 17: there is no "sourecs" here`},
		{"unknown key in a row", table(`{id: R1, whenn: a, then: {n: 1}}`), `line 18: there is no "whenn"`},
		{"a text that broke at its comma", table(`{id: R1, zh: 行, en: row, one of two, when: a, then: {n: 1}}`), "stands in quotes"},
		{"key twice", head + "result: {is: '=a', is: '=b'}\n", "twice"},
		{"anchor", head + "result: &r {is: '=a'}\n", "no anchors"},
		{"two documents", head + "result: {is: '=a'}\n---\n{}\n", "one document"},
		{"no result", head, "says in `result` what it answers"},
		{"unknown name", row("nn > 1", "1"), `p.yaml:18: R1.when: character 1: undeclared reference to 'nn'`},
		{"types", row("n > 'x'", "1"), "R1.when: character 3: found no matching overload"},
		{"no condition", row("n", "1"), "this gives a int, and a bool is wanted"},
		{"a column's type", row("a", "x"), `R1.then.n: "x" is no integer`},
		{"a column's CEL", row("a", `"=a"`), "this gives a bool, and a int is wanted"},
		{"no such column", table(`{id: R1, zh: 行, en: row, when: a, then: {m: 1}, phrase: 某}`), `has no column "m"`},
		{"no outcome", table(`{id: R1, zh: 行, en: row, when: a, phrase: 某}`), "gives something with `then`"},
		{"later table", row("t.n > 1", "1"), `"t.n" stands later`},
		{"no value of the enum", row("who.kind == 'untit'", "1"), `"untit" is none of the values of this name (unit, person)`},
		{"no value of a field", row("things.exists(x, x.kind in ['card', 'lime'])", "1"), `"lime" is none`},
		{"no field", row("things.exists(x, x.sort == 'card')", "1"), "undefined field"},
		{"ID twice", table(`{id: R1, zh: 行, en: row, when: a, then: {n: 1}, phrase: 某}, {id: R1, zh: 行, en: row, when: b, then: {n: 2}, phrase: 某}`), "R1 stands here twice"},
		{"no source of that name", table(`{id: R1, zh: 行, en: row, when: a, then: {n: 1}, phrase: 某, source: lwa}`), `R1: there is no source "lwa"`},
		{"status", table(`{id: R1, zh: 行, en: row, when: a, then: {n: 1}, phrase: 某, status: X}`), "C, S, L or U"},
		{"has of a column", row("has(t.n)", "1"), "has() asks"},
		{"outside the subset", result("things[0].count"), "undeclared reference"},
		{"a float", result("1.5"), "true, false, integers and strings"},
		{"a map", result("{'a': 1}"), "part of CEL"},
		{"exists_one", result("things.exists_one(x, x.count > 1)"), "undeclared reference"},
		{"a date that is none", result("on < date('2026-02-30')"), "a date is written as"},
		{"a date from a name", result("on < date(name)"), "a date is written as"},
		{"hours of a date", result("hours(on, 1)"), "overload"},
		{"no CEL", head + "result: {is: a}\n", "CEL behind = is wanted"},
		{"hit", strings.Replace(row("a", "1"), "hit: first", "hit: any", 1), "hit is first, unique or collect"},
		{"no period", strings.Replace(row("a", "1"), "effective: {from: 2024-01-01, until: 2027-01-01}", "effective: {}", 1), "since when it is in force"},
		{"a day that is none", strings.Replace(row("a", "1"), "from: 2024-01-01", "from: 2024-13-01", 1), "is no date"},
		{"name", strings.Replace(row("a", "1"), "  name:", "  in.name:", 1), "is no name"},
		{"a value and an object", strings.Replace(row("a", "1"), "  name:", "  who:", 1), "not both"},
		{"a pack's date", row("a", "1") + "date: off\n", `there is no input "off"`},
		{"too deep", result(strings.Repeat("(", 300) + "a" + strings.Repeat(")", 300)), "character"},
	} {
		_, err := policy.Parse(policy.File{Name: "p.yaml", Text: []byte(c.text)})
		e, ok := errors.AsType[*lanzha.Error](err)
		if !ok || e.Code != lanzha.CodeInvalid || e.Hint == "" || !strings.Contains(e.Error(), c.says) || !strings.HasPrefix(e.Field, "p.yaml") {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
}

const layered = `
parameters:
  days: {type: int, zh: 天数, en: days, unset: {zh: 未查明, en: not known}}
tables:
  t:
    zh: 表
    en: table
    hit: collect
    gives: {who: string}
    rows:
      - {id: R1, zh: 一, en: one, when: "true", then: {who: nation}, source: law, article: 第一条, phrase: 一, status: C}
      - {id: R2, zh: 二, en: two, when: "true", then: {who: nation}, source: law, article: 第一条, phrase: 二, status: C}
result: {who: "=t.map(r, r.who)", days: "=days"}
`

func overlay(code, row, more string) string {
	return fmt.Sprintf(`pack: p
version: 1
title: {zh: 地, en: place}
jurisdiction: "%s"
effective: {from: 2025-01-01}
sources: {local: {document: 《%s办法》}}
tables: {t: {rows: [%s]}}
%s`, code, code, row, more)
}

func localRow(id, who string) string {
	return fmt.Sprintf(`{id: %s, zh: 地, en: place, when: "true", then: {who: %s}, source: local, phrase: 地, status: L}`, id, who)
}

// TestOverlays: rows are replaced by ID and added, from the nation down, in
// the overlay's own time; the hash is that of the texts one behind the other.
func TestOverlays(t *testing.T) {
	province := overlay("53", localRow("R1", "province"), `parameters: {days: {values: [{id: D1, from: 2025-01-01, value: 30, source: local, phrase: 三十日, status: L}]}}`)
	city := overlay("5301", localRow("R3", "city")+","+localRow("R1", "city"), `parameters: {days: {values: [{id: D2, from: 2026-01-01, value: 10, source: local, phrase: 十日, status: L}]}}`)
	p := parse(t, layered, city, province) // in any order
	for _, c := range []struct {
		place string
		day   time.Time
		who   []any
		days  any
		named string
	}{
		{"", policy.Day(2026, 1, 1), []any{"nation", "nation"}, nil, "nation"},
		{"nation", policy.Day(2026, 1, 1), []any{"nation", "nation"}, nil, "nation"},
		{"44", policy.Day(2026, 1, 1), []any{"nation", "nation"}, nil, "44"},
		{"530000", policy.Day(2026, 1, 1), []any{"province", "nation"}, int64(30), "53"},
		{"5303", policy.Day(2026, 1, 1), []any{"province", "nation"}, int64(30), "5303"},
		{"530114", policy.Day(2026, 1, 1), []any{"city", "nation", "city"}, int64(10), "530114"},
		{"530100", policy.Day(2025, 6, 1), []any{"city", "nation", "city"}, int64(30), "5301"},
		{"530100", policy.Day(2024, 6, 1), []any{"nation", "nation"}, nil, "5301"}, // the local rules are not in force yet
	} {
		a := eval(t, p, `{}`, policy.Options{At: c.day, Jurisdiction: c.place})
		if diff := cmp.Diff(c.who, a.Result["who"]); diff != "" || a.Result["days"] != c.days || a.Jurisdiction != c.named {
			t.Errorf("%q at %s: days %v in %s (-want +got):\n%s", c.place, c.day.Format(time.DateOnly), a.Result["days"], a.Jurisdiction, diff)
		}
	}
	ref, err := p.Ref("5301")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(head + layered + province + city))
	if ref.SHA256 != hex.EncodeToString(sum[:]) {
		t.Error("the hash is not that of the files one behind the other")
	}
	if _, err := p.Ref("53x"); lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("a code that is none: %v", err)
	}
	for name, text := range map[string]string{
		"another pack":   strings.Replace(province, "pack: p", "pack: q", 1),
		"no such table":  strings.Replace(province, "tables: {t:", "tables: {u:", 1),
		"an input":       province + "inputs: {z: {type: bool, zh: 乙, en: z}}\n",
		"same place":     city,
		"changes policy": strings.Replace(province, "{t: {rows", "{t: {hit: first, rows", 1),
	} {
		if _, err := policy.Parse(policy.File{Name: "p.yaml", Text: []byte(head + layered)}, policy.File{Name: "p@a.yaml", Text: []byte(text)}, policy.File{Name: "p@b.yaml", Text: []byte(city)}); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func version(t *testing.T, n int, result string) *policy.Pack {
	t.Helper()
	text := strings.Replace(head, "version: 1", fmt.Sprintf("version: %d", n), 1) + "result: {is: '=" + result + "'}\n"
	p, err := policy.Parse(policy.File{Name: "p.yaml", Text: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestLibrary: the newest version serves, every old one explains itself, and
// readers are never in the way of one that adds.
func TestLibrary(t *testing.T) {
	l := policy.NewLibrary()
	if _, err := l.Pack("p"); lanzha.CodeOf(err) != lanzha.CodeNotFound {
		t.Errorf("an empty library: %v", err)
	}
	first := version(t, 1, "1")
	if err := l.Add(first); err != nil {
		t.Fatal(err)
	}
	old, err := first.Ref("")
	if err != nil {
		t.Fatal(err)
	}
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 200 {
				p, err := l.Pack("p")
				if err != nil {
					t.Error(err)
					return
				}
				if a, err := p.Eval(nil, policy.Options{At: policy.Day(2025, 1, 1)}); err != nil || a.Result["is"] != int64(p.Version()) {
					t.Errorf("version %d gives %v, %v", p.Version(), a.Result, err)
				}
			}
		})
	}
	for n := 2; n <= 10; n++ {
		if err := l.Add(version(t, n, fmt.Sprint(n))); err != nil {
			t.Fatal(err)
		}
	}
	readers.Wait()
	if p, err := l.Pack("p"); err != nil || p.Version() != 10 {
		t.Errorf("the newest is %v, %v", p, err)
	}
	p, err := l.BySHA(old.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if a := eval(t, p, `{}`, policy.Options{}); a.Result["is"] != int64(1) || a.Pack != old {
		t.Errorf("after ten versions the first answers %v by %+v", a.Result, a.Pack)
	}
	files, err := p.Files("")
	if sum := sha256.Sum256(files[0].Text); err != nil || hex.EncodeToString(sum[:]) != old.SHA256 {
		t.Error("the text is not kept whole")
	}
	if err := l.Add(version(t, 3, "33")); lanzha.CodeOf(err) != lanzha.CodeConflict {
		t.Errorf("another text under a version that is taken: %v", err)
	}
	if err := l.Add(version(t, 3, "3")); err != nil {
		t.Errorf("the same text again: %v", err)
	}
	if _, err := l.BySHA(strings.Repeat("0", 64)); lanzha.CodeOf(err) != lanzha.CodeNotFound {
		t.Errorf("a hash of nothing: %v", err)
	}
}

// TestSchema: the schema has every input at its place, with both languages and
// all that an input is held to.
func TestSchema(t *testing.T) {
	got := one(t, "a").Schema()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Schema     string `json:"$schema"`
		Additional *bool  `json:"additionalProperties"`
		Properties map[string]json.RawMessage
	}
	if err := json.Unmarshal(text, &s); err != nil || s.Schema != "https://json-schema.org/draft/2020-12/schema" || s.Additional == nil || *s.Additional {
		t.Errorf("schema %s: %v", text, err)
	}
	for name, want := range map[string]string{
		"a":  `{"description":"a","title":"甲","type":"boolean"}`,
		"on": `{"description":"day","format":"date","title":"日","type":"string"}`,
		"at": `{"description":"instant","format":"date-time","title":"时","type":"string"}`,
		"who": `{"additionalProperties":false,"properties":{"kind":{"description":"kind","enum":["unit","person"],"oneOf":[{"const":"unit","description":"unit","title":"单位"},` +
			`{"const":"person","description":"person","title":"个人"}],"title":"种类","type":"string"}},"required":[],"type":"object"}`,
		"things": `{"description":"things","items":{"additionalProperties":false,"properties":{"count":{"description":"count","maximum":100,"minimum":0,"title":"数","type":"integer"},` +
			`"kind":{"description":"kind","enum":["card","line"],"oneOf":[{"const":"card","description":"card","title":"卡"},{"const":"line","description":"line","title":"线"}],"title":"种","type":"string"}},` +
			`"required":[],"type":"object"},"maxItems":1000,"title":"物","type":"array"}`,
	} {
		if diff := cmp.Diff(want, string(s.Properties[name])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
