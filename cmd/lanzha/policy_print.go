package main

import (
	"fmt"
	"io"
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
	for _, name := range p.Parts() {
		value := "—"
		if v := a.Result[name]; v != nil {
			value = strings.TrimSpace(jsonText(v))
		}
		line("结果", "result", "%s = %s", name, value)
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

// jsonText is a value on one line.
func jsonText(v any) string {
	var b strings.Builder
	if err := printJSON(&b, v); err != nil {
		return fmt.Sprint(v)
	}
	return b.String()
}
