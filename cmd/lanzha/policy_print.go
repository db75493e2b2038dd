package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"lanzha/know/policy"
)

// say picks the words of a language.
func say(lang string, w policy.Words) string {
	if lang == "en" {
		return w.EN
	}
	return w.ZH
}

// cite is a citation as a person reads it; an inferred article says so.
func cite(lang string, c policy.Citation) string {
	parts := []string{c.Document}
	if c.Number != "" {
		parts = append(parts, c.Number)
	}
	if c.Article != "" {
		article := c.Article
		if c.Inferred {
			article += say(lang, policy.Words{ZH: "（条号待核）", EN: " (article number to be checked)"})
		}
		parts = append(parts, article)
	}
	if c.Phrase != "" {
		parts = append(parts, "“"+c.Phrase+"”")
	}
	parts = append(parts, "["+string(c.Status)+"]")
	return strings.Join(parts, " ")
}

var kindWords = map[string]policy.Words{
	"input":        {ZH: "事实", EN: "fact"},
	"parameter":    {ZH: "参数未定", EN: "parameter not set"},
	"confirmation": {ZH: "条文待确认", EN: "to be confirmed"},
	"reading":      {ZH: "理解未定", EN: "reading not settled"},
	"holidays":     {ZH: "放假安排", EN: "working days"},
}

// printAnswer prints an answer for a person.
func printAnswer(w io.Writer, p *policy.Pack, a policy.Answer, lang string) error {
	line := func(zh, en, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", say(lang, policy.Words{ZH: zh, EN: en}), fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(w, "%s  v%d  %s\n", say(lang, p.Title()), p.Version(), a.At)
	if !a.InForce {
		line("效力", "in force", "%s", say(lang, policy.Words{ZH: "该日不适用（尚未施行、已经失效或者为未生效的草案）", EN: "not applied on this day (not yet in force, no longer, or a draft that never was)"}))
	}
	for _, part := range a.Parts {
		line("结果", "result", "%s = %s", named(lang, part.Words, part.Name), valueText(lang, a.Result[part.Name], part.Of))
	}
	for _, m := range a.Matched {
		mark := ""
		if !m.Applied {
			mark = say(lang, policy.Words{ZH: "（同表在前的一行适用，或者是否适用尚未查明）", EN: " (a row before it in its table applies, or may)"})
		}
		line("依据", "row", "%s %s%s\n\t%s", m.Row, say(lang, m.Words), mark, cite(lang, m.Citation))
	}
	for _, d := range a.Due {
		due := d.Due
		if due == "" {
			due = say(lang, policy.Words{ZH: "待定", EN: "not known yet"})
			if len(d.Waits) > 0 {
				due += " (" + strings.Join(d.Waits, ", ") + ")"
			}
		}
		clock := say(lang, d.Clock)
		if clock != "" {
			clock = " · " + clock
		}
		line("期限", "due", "%s %s %s%s\n\t%s", due, d.Row, say(lang, d.Words), clock, cite(lang, d.Citation))
	}
	for _, n := range a.Needs {
		line("尚缺", "missing", "%s %s %s -> %s", n.Name, say(lang, kindWords[n.Kind]), say(lang, n.Why), strings.Join(n.For, ", "))
	}
	for _, s := range a.Silent {
		line("未规定", "silent", "%s %s", s.Row, say(lang, s.Words))
	}
	_, err := fmt.Fprintf(w, "sha256\t%s\n", a.Pack.SHA256)
	return err
}

// named is what a pack calls something, with the name itself behind it.
func named(lang string, w policy.Words, name string) string {
	words := say(lang, w)
	if words == "" {
		return name
	}
	if lang == "en" {
		return words + " (" + name + ")"
	}
	return words + "（" + name + "）"
}

// valueText is a value of a result as a person reads it, rows on a line each. of
// are the words of its values; of rows, their columns.
func valueText(lang string, v any, of []policy.InputView) string {
	switch v := v.(type) {
	case nil:
		return "—"
	case bool:
		return say(lang, map[bool]policy.Words{true: {ZH: "是", EN: "yes"}, false: {ZH: "否", EN: "no"}}[v])
	case string:
		return named(lang, viewOf(of, v).Words, v)
	case []any:
		if len(v) == 0 {
			return say(lang, policy.Words{ZH: "无", EN: "none"})
		}
		out, mark := make([]string, len(v)), say(lang, policy.Words{ZH: "、", EN: ", "})
		for i, x := range v {
			out[i] = valueText(lang, x, of)
			if _, row := x.(map[string]any); row {
				mark, out[i] = "", "\n\t"+out[i]
			}
		}
		return strings.Join(out, mark)
	case map[string]any:
		return rowText(lang, v, of)
	}
	return strings.TrimSpace(jsonText(v))
}

// rowText is a row: its ID, then its columns, each called by its name where
// there is more than one.
func rowText(lang string, row map[string]any, columns []policy.InputView) string {
	id, out := "", []string{}
	for _, name := range columnNames(row, columns) {
		column := viewOf(columns, name)
		text := valueText(lang, row[name], column.Of)
		if s, ok := row[name].(string); ok { // the codes are in the JSON
			text = cmp.Or(say(lang, viewOf(column.Of, s).Words), s)
		}
		if name == "id" {
			id = text + " "
			continue
		}
		out = append(out, cmp.Or(say(lang, column.Words), name)+say(lang, policy.Words{ZH: "：", EN: ": "})+text)
		if len(row) == 2 {
			out[0] = text
		}
	}
	return id + strings.Join(out, say(lang, policy.Words{ZH: "；", EN: "; "}))
}

// viewOf is a column or value by its name; one without words where a pack has
// none.
func viewOf(of []policy.InputView, name string) policy.InputView {
	at := slices.IndexFunc(of, func(o policy.InputView) bool { return o.Name == name })
	if at < 0 {
		return policy.InputView{Name: name}
	}
	return of[at]
}

// columnNames are the columns of a row in the order of the pack; those that it
// has no words for stand behind.
func columnNames(row map[string]any, of []policy.InputView) []string {
	out := []string{}
	for _, o := range of {
		if _, ok := row[o.Name]; ok {
			out = append(out, o.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(row)) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// jsonText is a value on one line.
func jsonText(v any) string {
	var b strings.Builder
	if err := printJSON(&b, v); err != nil {
		return fmt.Sprint(v)
	}
	return b.String()
}
