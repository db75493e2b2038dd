package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"lanzha"
	"lanzha/know/policy"
)

// PolicyListCmd lists packs.
type PolicyListCmd struct {
	At   string `placeholder:"DATE" help:"The day on which packs are in force or not. Default: today."`
	JSON bool   `name:"json" help:"Print one line of JSON."`
	Lang string `help:"Language of the plain output." enum:"zh,en" default:"zh"`
}

// listedPack is a pack in a list.
type listedPack struct {
	policy.Ref
	Title     policy.Words  `json:"title"`
	InForce   bool          `json:"inForce"`
	Effective policy.Period `json:"effective"`
	Places    []string      `json:"jurisdictions"` // that have rows of their own
}

// Run lists the shipped packs.
func (c *PolicyListCmd) Run(std *Std) error {
	at, err := policyDay(c.At)
	if err != nil {
		return err
	}
	if at.IsZero() {
		at = std.Now()
	}
	library, err := policy.Shipped()
	if err != nil {
		return err
	}
	out := struct {
		Packs []listedPack `json:"packs"`
	}{[]listedPack{}}
	for _, p := range library.Packs() {
		v, err := p.View("")
		if err != nil {
			return err
		}
		out.Packs = append(out.Packs, listedPack{v.Ref, v.Title, p.InForce(at), v.Effective, v.Places})
	}
	if c.JSON {
		return printJSON(std.Out, out)
	}
	for _, p := range out.Packs {
		state := policy.Words{ZH: "施行中", EN: "in force"}
		switch {
		case p.Effective.Never:
			state = policy.Words{ZH: "草案，从未施行", EN: "draft, never in force"}
		case !p.InForce:
			state = policy.Words{ZH: "不在施行期", EN: "not in force"}
		}
		local := ""
		if n := len(p.Places) - 1; n > 0 {
			local = fmt.Sprintf(say(c.Lang, policy.Words{ZH: "，另有%d地规则", EN: ", local rules of %d places"}), n)
		}
		if _, err := fmt.Fprintf(std.Out, "%s\tv%d\t%s\t%s%s\n", p.Name, p.Version, say(c.Lang, state), say(c.Lang, p.Title), local); err != nil {
			return err
		}
	}
	return nil
}

// PolicyShowCmd prints a pack.
type PolicyShowCmd struct {
	Pack         string `arg:"" help:"Name of a shipped pack, or the path of a file."`
	Inputs       bool   `help:"Print the JSON Schema of the input, which is JSON with or without --json."`
	Jurisdiction string `placeholder:"CODE" help:"Division code whose local rules are shown as well. Default: the nation."`
	JSON         bool   `name:"json" help:"Print one line of JSON."`
	Lang         string `help:"Language of the plain output." enum:"zh,en" default:"zh"`
}

// Run prints the pack as it applies in the jurisdiction.
func (c *PolicyShowCmd) Run(std *Std) error {
	p, _, err := policyPack(c.Pack)
	if err != nil {
		return err
	}
	if c.Inputs {
		return printJSON(std.Out, p.Schema())
	}
	v, err := p.View(c.Jurisdiction)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(std.Out, v)
	}
	(&packPrinter{std.Out, c.Lang}).pack(v)
	return nil
}

// packPrinter prints a pack as a person reads it.
type packPrinter struct {
	w    io.Writer
	lang string
}

func (p *packPrinter) line(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

func (p *packPrinter) word(zh, en string) string { return say(p.lang, policy.Words{ZH: zh, EN: en}) }

func (p *packPrinter) pack(v policy.View) {
	p.line("%s  %s v%d  %s", say(p.lang, v.Title), v.Name, v.Version, v.Jurisdiction)
	p.line("%s", strings.TrimSpace(say(p.lang, v.Summary)))
	p.line("%s %s  sha256 %s", p.word("施行", "effective"), p.period(v.Effective), v.SHA256)
	p.line("\n# %s", p.word("输入", "inputs"))
	for _, in := range v.Inputs {
		p.line("%s (%s)  %s", in.Name, in.Type, say(p.lang, in.Words))
		for _, of := range in.Of {
			p.line("    %s  %s", of.Name, say(p.lang, of.Words))
		}
	}
	if len(v.Parameters) > 0 {
		p.line("\n# %s", p.word("参数", "parameters"))
	}
	for _, x := range v.Parameters {
		p.line("%s (%s)  %s", x.Name, x.Type, say(p.lang, x.Words))
		if x.Unset != nil {
			p.line("    %s %s", p.word("未定：", "not set:"), say(p.lang, *x.Unset))
		}
		for _, d := range x.Values {
			p.line("    %s = %s  %s", d.ID, d.Value, p.period(d.Effective))
			p.line("    %s", cite(p.lang, d.Citation))
		}
	}
	for _, t := range v.Tables {
		p.line("\n# %s (%s, %s)", say(p.lang, t.Words), t.Name, t.Hit)
		p.words(t.Gives)
		for _, r := range t.Rows {
			p.line("%s %s", r.ID, say(p.lang, r.Words))
			p.ground(r.Ground)
			p.line("    %s %s", p.word("当", "when"), say(p.lang, r.Says))
			if r.Open != nil {
				p.line("    %s %s", p.word("未定：", "not settled:"), say(p.lang, *r.Open))
			}
			p.line("    -> %s", p.cells(r.Then, t.Gives))
		}
		if len(t.Otherwise) > 0 {
			p.line("%s -> %s", p.word("否则", "otherwise"), p.cells(t.Otherwise, t.Gives))
		}
	}
	if len(v.Obligations) > 0 {
		p.line("\n# %s", p.word("期限", "obligations"))
	}
	for _, o := range v.Obligations {
		p.line("%s %s", o.ID, say(p.lang, o.Words))
		p.ground(o.Ground)
		p.line("    %s %s", p.word("当", "when"), say(p.lang, o.Says))
		p.line("    %s + %s %s  %s", say(p.lang, o.Since), o.Within.Text, o.Unit, say(p.lang, o.Clock))
	}
	if len(v.Silences) > 0 {
		p.line("\n# %s", p.word("未规定", "on which the law is silent"))
	}
	for _, s := range v.Silences {
		p.line("%s %s", s.ID, say(p.lang, s.Words))
		p.line("    %s %s", p.word("当", "when"), say(p.lang, s.Says))
	}
	p.line("\n# %s", p.word("结果", "result"))
	for _, r := range v.Result {
		p.line("%s = %s", named(p.lang, r.Words, r.Name), r.Is)
		if r.Note != nil {
			p.line("    %s", say(p.lang, *r.Note))
		}
		p.words(slices.DeleteFunc(slices.Clone(r.Of), func(o policy.InputView) bool { return o.Type != "" })) // columns stand at their table
	}
}

// words prints what columns and values are called.
func (p *packPrinter) words(of []policy.InputView) {
	for _, o := range of {
		line := o.Name + "  " + say(p.lang, o.Words)
		if o.Type != "" {
			line = o.Name + " (" + o.Type + ")  " + say(p.lang, o.Words)
		}
		p.line("    %s", line)
		for _, v := range o.Of {
			p.line("        %s  %s", v.Name, say(p.lang, v.Words))
		}
	}
}

// ground prints where a row stands in law and when it holds.
func (p *packPrinter) ground(g policy.Ground) {
	at := p.period(g.Effective)
	if g.Jurisdiction != "" {
		at += "  " + g.Jurisdiction
	}
	p.line("    %s  %s", cite(p.lang, g.Citation), at)
}

func (p *packPrinter) period(e policy.Period) string {
	switch {
	case e.Never:
		return p.word("从未施行", "never")
	case e.From == "" && e.Until == "":
		return ""
	}
	return e.From + "–" + e.Until
}

// cells prints what a row gives, with the words of its columns and values.
func (p *packPrinter) cells(of []policy.Cell, columns []policy.InputView) string {
	out := make([]string, len(of))
	for i, c := range of {
		column := viewOf(columns, c.Column)
		text := c.Text
		if !c.CEL && !c.Null {
			text = valueText(p.lang, c.Text, column.Of)
		}
		out[i] = named(p.lang, column.Words, c.Column) + " = " + text
	}
	return strings.Join(out, ", ")
}

// PolicyLintCmd looks for what is likely wrong.
type PolicyLintCmd struct {
	Packs []string `arg:"" optional:"" name:"pack" help:"Names of shipped packs, or paths of files. Default: all shipped packs."`
	JSON  bool     `name:"json" help:"Print one line of JSON: the findings of each pack."`
	Lang  string   `help:"Language of the plain output." enum:"zh,en" default:"zh"`
}

// Run looks through each pack and fails when there is a finding.
func (c *PolicyLintCmd) Run(std *Std) error {
	type linted struct {
		Pack     string           `json:"pack"`
		Findings []policy.Finding `json:"findings"`
	}
	out := struct {
		Packs []linted `json:"packs"`
	}{[]linted{}}
	clean := true
	for _, name := range policyNames(c.Packs) {
		p, _, err := policyPack(name)
		if err != nil {
			return err
		}
		findings := p.Lint()
		clean = clean && len(findings) == 0
		out.Packs = append(out.Packs, linted{p.Name(), append([]policy.Finding{}, findings...)})
	}
	if c.JSON {
		if err := printJSON(std.Out, out); err != nil {
			return err
		}
	} else {
		for _, l := range out.Packs {
			if len(l.Findings) == 0 {
				fmt.Fprintf(std.Out, "%s\t%s\n", l.Pack, say(c.Lang, policy.Words{ZH: "无问题", EN: "clean"}))
			}
			for _, f := range l.Findings {
				fmt.Fprintf(std.Out, "%s: %s: %s: %s\n", f.At, f.Rule, f.Name, say(c.Lang, f.Message))
				if f.Input != nil {
					fmt.Fprintf(std.Out, "    %s\n", strings.TrimSpace(jsonText(f.Input)))
				}
			}
		}
	}
	if !clean {
		return errSilent
	}
	return nil
}

// PolicyDiffCmd compares two texts.
type PolicyDiffCmd struct {
	Old          string `arg:"" help:"The older pack: name or file."`
	New          string `arg:"" help:"The newer pack: name or file."`
	Jurisdiction string `placeholder:"CODE" help:"Division code whose local rules are compared as well. Default: the nation."`
	JSON         bool   `name:"json" help:"Print one line of JSON: both texts and the changes."`
	Lang         string `help:"Language of the plain output." enum:"zh,en" default:"zh"`
}

// Run prints what was added, removed and changed.
func (c *PolicyDiffCmd) Run(std *Std) error {
	var views [2]policy.View
	for i, name := range []string{c.Old, c.New} {
		p, _, err := policyPack(name)
		if err != nil {
			return err
		}
		if views[i], err = p.View(c.Jurisdiction); err != nil {
			return err
		}
	}
	changes := policy.Diff(views[0], views[1])
	if c.JSON {
		return printJSON(std.Out, struct {
			Old     policy.Ref      `json:"old"`
			New     policy.Ref      `json:"new"`
			Changes []policy.Change `json:"changes"`
		}{views[0].Ref, views[1].Ref, changes})
	}
	for _, change := range changes {
		mark, ok := map[string]string{"added": "+", "removed": "-", "changed": "~"}[change.Kind]
		if !ok {
			return lanzha.Internal("policy diff", fmt.Errorf("a change of kind %q", change.Kind))
		}
		in := ""
		if change.In != "" {
			in = change.In + "."
		}
		if _, err := fmt.Fprintf(std.Out, "%s %s %s%s  %s\n", mark, change.Part, in, change.ID, say(c.Lang, change.Words)); err != nil {
			return err
		}
		for _, f := range change.Fields {
			if f.Old != "" {
				fmt.Fprintf(std.Out, "    - %s: %s\n", f.Field, f.Old)
			}
			if f.New != "" {
				fmt.Fprintf(std.Out, "    + %s: %s\n", f.Field, f.New)
			}
		}
	}
	return nil
}
