package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lanzha"
	"lanzha/know/policy"
)

// PolicyCmd is the pack engine by itself: law as data, evaluated, tested and
// compared without a server.
type PolicyCmd struct {
	List PolicyListCmd `cmd:"" help:"The shipped packs and what is in force."`
	Show PolicyShowCmd `cmd:"" help:"The tables of a pack with their citations, or the JSON Schema of its input."`
	Eval PolicyEvalCmd `cmd:"" help:"Evaluate a pack on an input."`
	Test PolicyTestCmd `cmd:"" help:"Run the packs' own cases."`
	Lint PolicyLintCmd `cmd:"" help:"Find gaps, overlaps, rows that never apply, dates out of order, rows without a source."`
	Diff PolicyDiffCmd `cmd:"" help:"What changed between two texts of a pack, row by row."`
}

// policyFiles are the texts behind the name of a shipped pack or a path. A
// file brings the overlays that lie beside it, NAME@CODE.yaml, and its cases.
func policyFiles(pack string) (files []policy.File, cases *policy.File, err error) {
	if !strings.HasSuffix(pack, ".yaml") && !strings.ContainsRune(pack, os.PathSeparator) {
		names := []string{}
		for _, files := range policy.ShippedFiles() {
			name := strings.TrimSuffix(files[0].Name, ".yaml")
			if name == pack {
				if found, ok := policy.ShippedCases(name); ok {
					cases = &found
				}
				return files, cases, nil
			}
			names = append(names, name)
		}
		return nil, nil, &lanzha.Error{
			Code: lanzha.CodeNotFound, Field: "pack", Message: fmt.Sprintf("there is no pack %q", pack),
			Hint: "the shipped packs are " + strings.Join(names, ", ") + "; a file ends in .yaml",
		}
	}
	paths := []string{pack}
	if !strings.Contains(filepath.Base(pack), "@") {
		overlays, err := filepath.Glob(strings.TrimSuffix(pack, ".yaml") + "@*.yaml")
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", pack, err)
		}
		paths = append(paths, overlays...)
	}
	for _, path := range paths {
		text, err := readPolicyFile(path)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, policy.File{Name: filepath.Base(path), Text: text})
	}
	path := strings.TrimSuffix(pack, ".yaml") + "_test.yaml"
	if _, err := os.Stat(path); err == nil {
		text, err := readPolicyFile(path)
		if err != nil {
			return nil, nil, err
		}
		cases = &policy.File{Name: filepath.Base(path), Text: text}
	}
	return files, cases, nil
}

func readPolicyFile(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &lanzha.Error{
			Code: lanzha.CodeNotFound, Field: path, Message: "the file cannot be read", Err: err,
			Hint: "name a shipped pack (lanzha policy list) or the path of a file",
		}
	}
	return text, nil
}

func policyPack(pack string) (*policy.Pack, *policy.File, error) {
	files, cases, err := policyFiles(pack)
	if err != nil {
		return nil, nil, err
	}
	p, err := policy.Parse(files...)
	return p, cases, err
}

// policyDay reads --at.
func policyDay(at string) (time.Time, error) {
	if at == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, at)
	if err != nil {
		return time.Time{}, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "at", Message: "this is no date", Hint: "write it as 2024-12-01"}
	}
	return day, nil
}

// PolicyEvalCmd evaluates one input.
type PolicyEvalCmd struct {
	Pack         string `arg:"" help:"Name of a shipped pack, or the path of a file."`
	Input        string `required:"" placeholder:"JSON|FILE" help:"The input: a JSON object, the path of a file that has one, or - for standard input."`
	At           string `placeholder:"DATE" help:"The day on which the law is read, as 2024-12-01. Default: what the input says, else today."`
	Jurisdiction string `placeholder:"CODE" help:"Division code whose local rules apply as well: 53 a province, 5301 a city. Default: the nation."`
	JSON         bool   `name:"json" help:"Print one line of JSON."`
	Lang         string `help:"Language of the plain output." enum:"zh,en" default:"zh"`
}

// Run evaluates and prints the answer.
func (c *PolicyEvalCmd) Run(std *Std) error {
	p, _, err := policyPack(c.Pack)
	if err != nil {
		return err
	}
	at, err := policyDay(c.At)
	if err != nil {
		return err
	}
	input, err := policyInput(c.Input, std.In)
	if err != nil {
		return err
	}
	a, err := p.Eval(input, policy.Options{At: at, Today: std.Now(), Jurisdiction: c.Jurisdiction})
	if err != nil {
		return err
	}
	if c.JSON {
		a.Parts = nil // for programs: lanzha policy show --json has the words
		return printJSON(std.Out, a)
	}
	return printAnswer(std.Out, p, a, c.Lang)
}

// printJSON prints one line.
func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// policyInput reads a JSON object given as such, in a file or on standard input.
func policyInput(from string, in io.Reader) (map[string]any, error) {
	wrong := func(message string, err error) error {
		return &lanzha.Error{Code: lanzha.CodeInvalid, Field: "input", Message: message, Err: err, Hint: "lanzha policy show PACK --inputs prints the JSON Schema of the input"}
	}
	text := []byte(from)
	switch trimmed := strings.TrimSpace(from); {
	case from == "-":
		var err error
		if text, err = io.ReadAll(io.LimitReader(in, maxInput+1)); err != nil {
			return nil, fmt.Errorf("standard input: %w", err)
		}
	case !strings.HasPrefix(trimmed, "{"):
		var err error
		if text, err = os.ReadFile(from); err != nil {
			return nil, wrong("this is neither a JSON object nor a file that can be read", err)
		}
	}
	if len(text) > maxInput {
		return nil, &lanzha.Error{Code: lanzha.CodeTooLarge, Field: "input", Message: "the input is longer than 64 MiB", Hint: "send it in parts"}
	}
	return policy.DecodeInput(text)
}

// PolicyTestCmd runs cases.
type PolicyTestCmd struct {
	Packs []string `arg:"" optional:"" name:"pack" help:"Names of shipped packs, or paths of files, whose cases are NAME_test.yaml beside them. Default: all shipped packs."`
	JSON  bool     `name:"json" help:"Print one line of JSON: passed, failed and the failures."`
}

// Run runs the cases of each pack and fails when one does not hold.
func (c *PolicyTestCmd) Run(std *Std) error {
	type tested struct {
		Pack     string           `json:"pack"`
		Run      int              `json:"run"`
		Failures []policy.Failure `json:"failures"`
	}
	out := struct {
		Passed int      `json:"passed"`
		Failed int      `json:"failed"`
		Packs  []tested `json:"packs"`
	}{Packs: []tested{}}
	for _, name := range policyNames(c.Packs) {
		p, cases, err := policyPack(name)
		if err != nil {
			return err
		}
		if cases == nil {
			return &lanzha.Error{Code: lanzha.CodeNotFound, Field: name, Message: "the pack has no cases", Hint: "write them beside it, in NAME_test.yaml"}
		}
		run, failures, err := p.Test(*cases)
		if err != nil {
			return err
		}
		out.Passed, out.Failed = out.Passed+run-len(failures), out.Failed+len(failures)
		out.Packs = append(out.Packs, tested{p.Name(), run, append([]policy.Failure{}, failures...)})
	}
	if c.JSON {
		if err := printJSON(std.Out, out); err != nil {
			return err
		}
	} else {
		for _, t := range out.Packs {
			if _, err := fmt.Fprintf(std.Out, "%s\t%d of %d\n", t.Pack, t.Run-len(t.Failures), t.Run); err != nil {
				return err
			}
			for _, f := range t.Failures {
				fmt.Fprintf(std.Out, "%s: %s\n    %s\n", f.At, f.Case, strings.Join(f.Diff, "\n    "))
			}
		}
	}
	if out.Failed > 0 {
		return errSilent
	}
	return nil
}

// policyNames are the packs that are named, or all that are shipped.
func policyNames(named []string) []string {
	if len(named) > 0 {
		return named
	}
	for _, files := range policy.ShippedFiles() {
		named = append(named, strings.TrimSuffix(files[0].Name, ".yaml"))
	}
	slices.Sort(named)
	return named
}
