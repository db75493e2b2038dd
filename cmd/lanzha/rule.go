package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lanzha"
	"lanzha/work/detect/feature"
	"lanzha/work/detect/rule"
)

// RuleCmd is the rules of detection by themselves: checked, tried on cases and
// on stored events without a server.
type RuleCmd struct {
	Check    RuleCheckCmd    `cmd:"" help:"Read packs of rules and say what is wrong, or likely wrong, in them."`
	Test     RuleTestCmd     `cmd:"" help:"Run the packs' own cases: events, and the alerts that must come of them."`
	Backtest RuleBacktestCmd `cmd:"" help:"Run packs over stored events: hits, hit rate, cost, and the difference to another version."`
}

// ruleFile is a pack with its cases.
type ruleFile struct {
	pack  *rule.Pack
	name  string // of the cases
	cases []byte // nil is none
}

// ruleFiles reads packs: the names of shipped ones, files, or folders of files.
// None named is all that are shipped.
func ruleFiles(named []string) ([]ruleFile, error) {
	packs, err := rule.Shipped()
	if err != nil {
		return nil, err
	}
	out, names := []ruleFile{}, []string{}
	for _, p := range packs {
		names = append(names, p.Name)
	}
	if len(named) == 0 {
		named = names
	}
	for _, name := range named {
		if i := slices.Index(names, name); i >= 0 {
			f := ruleFile{pack: packs[i]}
			if file, text, ok := rule.ShippedCases(packs[i]); ok {
				f.name, f.cases = file, text
			}
			out = append(out, f)
			continue
		}
		paths, err := rulePaths(name, names)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			f, err := readRuleFile(path)
			if err != nil {
				return nil, err
			}
			out = append(out, f)
		}
	}
	return out, nil
}

// rulePaths are the packs behind a path.
func rulePaths(path string, shipped []string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &lanzha.Error{
			Code: lanzha.CodeNotFound, Field: path, Message: "there is no such pack, file or folder",
			Hint: "the shipped packs are " + strings.Join(shipped, ", ") + "; docs/rules.md describes the files",
		}
	}
	if !info.IsDir() {
		if strings.HasSuffix(path, "_test.yaml") {
			return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: path, Message: "these are cases", Hint: "name the pack: its cases are read with it"}
		}
		return []string{path}, nil
	}
	paths, err := filepath.Glob(filepath.Join(path, "*.yaml"))
	if err != nil {
		return nil, err
	}
	paths = slices.DeleteFunc(paths, func(p string) bool { return strings.HasSuffix(p, "_test.yaml") })
	if len(paths) == 0 {
		return nil, &lanzha.Error{Code: lanzha.CodeNotFound, Field: path, Message: "the folder holds no pack", Hint: "packs end in .yaml, their cases in _test.yaml"}
	}
	return paths, nil
}

func readRuleFile(path string) (ruleFile, error) {
	text, err := readDeclared("pack", path)
	if err != nil {
		return ruleFile{}, err
	}
	f := ruleFile{name: rule.CasesOf(filepath.Base(path))}
	if f.pack, err = rule.Parse(filepath.Base(path), text); err != nil {
		return ruleFile{}, err
	}
	if cases := rule.CasesOf(path); cases != path {
		if _, err := os.Stat(cases); err == nil {
			if f.cases, err = readDeclared("cases", cases); err != nil {
				return ruleFile{}, err
			}
		}
	}
	return f, nil
}

// sayWords picks the language of plain output.
func sayWords(lang string, w feature.Words) string {
	if lang == "en" && w.EN != "" || w.ZH == "" {
		return w.EN
	}
	return w.ZH
}

// RuleCheckCmd reads packs.
type RuleCheckCmd struct {
	Packs []string `arg:"" optional:"" name:"pack" help:"Names of shipped packs, files, or folders of files. Default: all shipped packs."`
	JSON  bool     `name:"json" help:"Print one line of JSON."`
	Lang  string   `help:"Language of the plain output." enum:"zh,en" default:"zh"`
}

// Help says what is looked for.
func (c *RuleCheckCmd) Help() string {
	return strings.Join(strings.Fields(`A pack that cannot work is refused with line, member and what is wanted. In one that can, what is likely
		wrong is listed: features and lists that nothing reads, rules without a case that lets them fire, missing Chinese or English, bands
		that the weights cannot reach. The command fails when there is a finding.`), " ")
}

// Run reads the packs and fails when there is a finding.
func (c *RuleCheckCmd) Run(std *Std) error {
	files, err := ruleFiles(c.Packs)
	if err != nil {
		return err
	}
	type checked struct {
		Pack     string         `json:"pack"`
		Version  int            `json:"version"`
		SHA256   string         `json:"sha256"`
		Rules    int            `json:"rules"`
		Features int            `json:"features"`
		Signals  int            `json:"signals"`
		Findings []rule.Finding `json:"findings"`
	}
	out := struct {
		Packs []checked `json:"packs"`
	}{[]checked{}}
	packs, clean := []*rule.Pack{}, true
	for _, f := range files {
		p := f.pack
		findings, err := p.Lint(f.name, f.cases)
		if err != nil {
			return err
		}
		packs, clean = append(packs, p), clean && len(findings) == 0
		out.Packs = append(out.Packs, checked{p.Name, p.Version, p.SHA256, len(p.Rules), len(p.Features.Features), len(p.Signals), findings})
	}
	if _, err := rule.NewMachine(packs, rule.Options{}); err != nil { // what two packs have in common
		return err
	}
	if c.JSON {
		if err := printJSON(std.Out, out); err != nil {
			return err
		}
	} else {
		for _, p := range out.Packs {
			if len(p.Findings) == 0 {
				fmt.Fprintf(std.Out, "%s\tv%d\t%s\n", p.Pack, p.Version,
					fmt.Sprintf(sayWords(c.Lang, feature.Words{ZH: "%d 条规则，%d 个特征，无问题", EN: "%d rules, %d features, clean"}), p.Rules, p.Features))
			}
			for _, f := range p.Findings {
				fmt.Fprintf(std.Out, "%s: %s: %s: %s\n", f.At, f.Rule, f.Name, sayWords(c.Lang, f.Message))
			}
		}
	}
	if !clean {
		return errSilent
	}
	return nil
}

// RuleTestCmd runs cases.
type RuleTestCmd struct {
	Packs []string `arg:"" optional:"" name:"pack" help:"Names of shipped packs, files, or folders of files, whose cases are NAME_test.yaml beside them. Default: all shipped packs."`
	JSON  bool     `name:"json" help:"Print one line of JSON: passed, failed and the failures."`
	Lang  string   `help:"Language of the plain output." enum:"zh,en" default:"zh"`
}

// Help says how cases are run.
func (c *RuleTestCmd) Help() string {
	return strings.Join(strings.Fields(`Each case runs on a machine of its own that has seen nothing. Every rule counts as live in it, whatever its
		status. A case fails when an alert that it wants does not come (-), and when one comes that it does not want (+). The command
		fails when a case does.`), " ")
}

// Run runs the cases of each pack and fails when one does not hold.
func (c *RuleTestCmd) Run(std *Std) error {
	files, err := ruleFiles(c.Packs)
	if err != nil {
		return err
	}
	out := struct {
		Passed int           `json:"passed"`
		Failed int           `json:"failed"`
		Packs  []rule.Tested `json:"packs"`
	}{Packs: []rule.Tested{}}
	for _, f := range files {
		if f.cases == nil {
			return &lanzha.Error{Code: lanzha.CodeNotFound, Field: f.pack.Name, Message: "the pack has no cases", Hint: "write them beside it, in NAME_test.yaml; docs/rules.md shows how"}
		}
		t, err := rule.Test(f.pack, f.name, f.cases)
		if err != nil {
			return err
		}
		out.Passed, out.Failed = out.Passed+t.Run-len(t.Failures), out.Failed+len(t.Failures)
		out.Packs = append(out.Packs, t)
	}
	if c.JSON {
		if err := printJSON(std.Out, out); err != nil {
			return err
		}
	} else {
		for _, t := range out.Packs {
			fmt.Fprintf(std.Out, "%s\t%d/%d\n", t.Pack, t.Run-len(t.Failures), t.Run)
			for _, f := range t.Failures {
				fmt.Fprintf(std.Out, "%s: %s\n    %s\n", f.At, sayWords(c.Lang, f.Case), strings.Join(f.Diff, "\n    "))
			}
		}
	}
	if out.Failed > 0 {
		return errSilent
	}
	return nil
}
