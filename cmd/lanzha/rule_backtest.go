package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lanzha"
	"lanzha/work/detect/feature"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// RuleBacktestCmd runs packs over stored events.
type RuleBacktestCmd struct {
	Packs   []string      `arg:"" name:"pack" help:"Names of shipped packs, files, or folders of files."`
	Against []string      `placeholder:"PACK" help:"The version to compare with: names, files or folders."`
	Input   []string      `required:"" placeholder:"FILE" help:"Events: CSV or NDJSON, plain, gzip or zstd, in the order of time; several are merged by time. Canonical columns need their kind in front, as in call:calls.csv, when no mapping tells. - is standard input."`
	Map     []string      `placeholder:"FILE" help:"Mappings, one for each input in their order: which columns are which fields."`
	Late    time.Duration `default:"10m" help:"By how much an event may come after a later one and still count at its own time."`
	Alerts  string        `placeholder:"FILE" help:"Where each alert goes, one line of JSON with its row, subject and reason. - is standard output, and the summary goes to standard error."`
	JSON    bool          `name:"json" help:"Print the summary as one line of JSON."`
	Lang    string        `help:"Language of the plain output." enum:"zh,en" default:"zh"`
}

// Help says how to read the figures.
func (c *RuleBacktestCmd) Help() string {
	return strings.Join(strings.Fields(`Events go through the same machine as on line, which begins empty: rules that look back over days say little in
		the first days. A hit is an event for which a rule holds; an alert is a hit that no earlier alert of its subject holds back. The hit
		rate is the share confirmed among the hits whose outcome the file knows; hits of which nothing is known stand beside it. With --against
		the subjects that only one version alerts are counted. Shadow rules count as if they were live; rules that are off are not computed.
		The cost is that of a rule for one event of its kind whose features are known, on a sample.`), " ")
}

// Run runs the packs and prints what came of it.
func (c *RuleBacktestCmd) Run(ctx context.Context, std *Std) (err error) {
	packs, err := c.read(c.Packs)
	if err != nil {
		return err
	}
	against, err := c.read(c.Against)
	if err != nil {
		return err
	}
	inputs, err := c.inputs(std)
	if err != nil {
		return err
	}
	defer inputs.close()
	letters := &letterBox{}
	began := time.Now() // of the monotonic clock
	o := rule.BacktestOptions{Late: c.Late, Refused: letters.put, Clock: func() int64 { return time.Since(began).Nanoseconds() }}
	to := std.Out
	if c.Alerts != "" {
		out, err := createOutput(std, c.Alerts)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, out.end(err == nil)) }()
		if c.Alerts == "-" {
			to = std.Err
		}
		lines := json.NewEncoder(out)
		lines.SetEscapeHTML(false)
		o.Alert = func(a rule.BacktestAlert) error { return lines.Encode(a) }
	}
	bar := newProgress(std, inputs.read, inputs.size)
	o.Wrote = bar.tell
	started := std.Now()
	sum, err := rule.Backtest(ctx, inputs.of, packs, against, o)
	bar.end()
	if err != nil {
		return err
	}
	if sum.Refused > 0 {
		fmt.Fprintf(std.Err, "lanzha: %d of %d records were refused:\n  %s\n", sum.Refused, sum.Refused+sum.Events, strings.Join(letters.first, "\n  "))
	}
	if err := c.say(to, sum, std.Now().Sub(started)); err != nil {
		return err
	}
	if sum.Events == 0 && sum.Refused > 0 {
		return errSilent
	}
	return nil
}

// read reads packs; none named is nil.
func (c *RuleBacktestCmd) read(named []string) ([]*rule.Pack, error) {
	if len(named) == 0 {
		return nil, nil
	}
	files, err := ruleFiles(named)
	if err != nil {
		return nil, err
	}
	out := []*rule.Pack{}
	for _, f := range files {
		out = append(out, f.pack)
	}
	return out, nil
}

// eventInputs are opened files of events.
type eventInputs struct {
	of    []rule.Input
	read  *counter // of all
	size  int64    // of all; 0 when one is not known
	files []io.Closer
}

func (i *eventInputs) close() {
	for n, in := range i.of {
		in.Source.Close()
		_ = i.files[n].Close() // it was only read
	}
}

// inputs opens the files.
func (c *RuleBacktestCmd) inputs(std *Std) (*eventInputs, error) {
	if len(c.Map) > 0 && len(c.Map) != len(c.Input) {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "map", Message: "one mapping for each input is wanted, in their order", Hint: "leave --map out where all inputs have canonical columns"}
	}
	out := &eventInputs{read: &counter{}}
	known := true
	for n, path := range c.Input {
		mapping, path, err := c.mapping(n, path)
		if err == nil {
			err = out.open(std, path, mapping, &known)
		}
		if err != nil {
			out.close()
			return nil, err
		}
	}
	if !known {
		out.size = 0
	}
	return out, nil
}

func (i *eventInputs) open(std *Std, path string, mapping *feed.Mapping, known *bool) error {
	file, size, err := openInput(std, path)
	if err != nil {
		return err
	}
	*known = *known && size > 0
	i.size += size
	src, err := feed.Open(io.TeeReader(file, counting{i.read}), mapping)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	i.of, i.files = append(i.of, rule.Input{Kind: mapping.Kind(), Source: src}), append(i.files, file)
	return nil
}

// counting adds what is read of one of several files.
type counting struct{ to *counter }

func (c counting) Write(p []byte) (int, error) {
	c.to.n.Add(int64(len(p)))
	return len(p), nil
}

// mapping is the mapping of an input, and its path without the kind.
func (c *RuleBacktestCmd) mapping(n int, path string) (*feed.Mapping, string, error) {
	name, rest, ok := strings.Cut(path, ":")
	kind, err := feed.ParseKind(name)
	if ok && err == nil {
		path = rest
	}
	if len(c.Map) > 0 && c.Map[n] != "" {
		text, err := readDeclared("map", c.Map[n])
		if err != nil {
			return nil, path, err
		}
		m, err := feed.ParseMapping(filepath.Base(c.Map[n]), text)
		return m, path, err
	}
	if !ok || err != nil {
		if _, missing := os.Stat(path); missing != nil && path != "-" {
			return nil, path, &lanzha.Error{Code: lanzha.CodeNotFound, Field: "input", Message: "the file cannot be read", Err: missing}
		}
		return nil, path, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "input", Message: "which kind of event it holds is not known", Hint: "write the kind in front, as in call:" + path + ", or give a mapping (--map)"}
	}
	format := feed.CSV
	if plain := strings.TrimSuffix(strings.TrimSuffix(path, ".gz"), ".zst"); strings.HasSuffix(plain, ".ndjson") || strings.HasSuffix(plain, ".jsonl") {
		format = feed.NDJSON
	}
	m, err := feed.Canonical(kind, format)
	return m, path, err
}

// say prints what came of it.
func (c *RuleBacktestCmd) say(to io.Writer, sum rule.Backtested, took time.Duration) error {
	rate := 0.0
	if took > 0 {
		rate = float64(int64(float64(sum.Events) / took.Seconds()))
	}
	if c.JSON {
		return printJSON(to, struct {
			rule.Backtested
			First   string  `json:"first,omitempty"`
			Last    string  `json:"last,omitempty"`
			Seconds float64 `json:"seconds"`
			Rate    float64 `json:"events_per_second"`
		}{sum, instant(sum.First), instant(sum.Last), float64(took.Milliseconds()) / 1000, rate})
	}
	word := func(zh, en string) string { return sayWords(c.Lang, feature.Words{ZH: zh, EN: en}) }
	fmt.Fprintf(to, word("%d 个事件，%s 至 %s，%.1f 秒\n", "%d events, %s to %s, in %.1f s\n"), sum.Events, instant(sum.First), instant(sum.Last), took.Seconds())
	for _, k := range sum.Kinds {
		fmt.Fprintf(to, word("  %s：%d 个，%d 个命中规则；结果已知 %d 个（确认 %d、排除 %d），未知 %d\n", "  %s: %d, %d with a hit; outcome known of %d (confirmed %d, cleared %d), unknown of %d\n"),
			k.Kind, k.Events, k.WithHit, k.Of.Confirmed+k.Of.Cleared, k.Of.Confirmed, k.Of.Cleared, k.Of.Unknown)
	}
	head := []string{word("规则", "rule"), word("状态", "status"), word("命中", "hits"), word("告警", "alerts"), word("对象", "subjects"),
		word("命中率", "hit rate"), word("未知", "unknown"), word("查全", "found"), word("出错", "errors"), word("纳秒", "ns")}
	if len(c.Against) > 0 {
		head = append(head, word("两版都有", "in both"), word("仅本版", "only here"), word("仅另一版", "only there"))
	}
	rows := [][]string{head}
	for _, r := range sum.Rules {
		row := []string{r.Rule, string(r.Status), fmt.Sprint(r.Hits), fmt.Sprint(r.Raised), fmt.Sprint(r.Subjects), percent(r.HitRate),
			fmt.Sprint(r.Of.Unknown), percent(r.Found), fmt.Sprint(r.Errors), fmt.Sprintf("%.1f", r.NS)}
		if r.Diff != nil {
			row = append(row, fmt.Sprint(r.Diff.Both), fmt.Sprint(r.Diff.OnlyHere), fmt.Sprint(r.Diff.OnlyThere))
		}
		rows = append(rows, row)
	}
	return writeTable(to, rows)
}

// writeTable writes rows in columns, the first and second to the left and
// figures to the right. A Chinese character is as wide as two others.
func writeTable(to io.Writer, rows [][]string) error {
	width := func(s string) (n int) {
		for _, r := range s {
			if n++; r >= 0x1100 {
				n++
			}
		}
		return n
	}
	wide := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			wide[i] = max(wide[i], width(cell))
		}
	}
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			pad := strings.Repeat(" ", wide[i]-width(cell))
			if i < 2 {
				line += cell + pad + "  "
			} else {
				line += pad + cell + "  "
			}
		}
		if _, err := fmt.Fprintln(to, strings.TrimRight(line, " ")); err != nil {
			return err
		}
	}
	return nil
}

func percent(x *float64) string {
	if x == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100**x)
}
