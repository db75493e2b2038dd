package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"lanzha"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// FeaturesCmd computes features of a file of events.
type FeaturesCmd struct {
	Pack    string        `required:"" placeholder:"FILE" help:"Features to compute, a YAML file (docs/features.md)."`
	Map     string        `placeholder:"FILE" help:"Which columns of the input are which fields, a YAML file. Without it the columns have their canonical names."`
	Input   string        `required:"" placeholder:"FILE" help:"Events: CSV or NDJSON, plain, gzip or zstd, or Parquet. - is standard input."`
	Output  string        `required:"" placeholder:"FILE" help:"CSV: each record as it stands in the input, then its features. - is standard output."`
	Kind    string        `placeholder:"KIND" help:"Kind of the events when there is no mapping: call, message, transfer or registration."`
	Format  string        `placeholder:"FORMAT" help:"Format of the input when there is no mapping: csv or ndjson. Default: by the name of the file, else csv."`
	Late    time.Duration `default:"0s" help:"By how much an event may stand behind a later one and still count in its place, such as 10m. What is later still is refused."`
	Refused string        `placeholder:"FILE" help:"Where refused records go with their row, field and reason, one line of JSON each."`
	JSON    bool          `name:"json" help:"Print a summary as one line of JSON: on standard output, or on standard error when the features go to standard output."`
}

// Help says what comes out.
func (c *FeaturesCmd) Help() string {
	return strings.Join(strings.Fields(`Every event comes out with its features as they stood at that moment, by the code that computes them
		for rules. Rows keep the order of the input. A record that cannot be read is refused with its row, its field and the reason, and
		never stops the rest; how many were refused and why stands on standard error.`), " ")
}

// Run computes the features.
func (c *FeaturesCmd) Run(ctx context.Context, std *Std) (err error) {
	pack, mapping, err := c.declared()
	if err != nil {
		return err
	}
	engine, err := pack.Engine(mapping.Kind(), runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	in, size, err := openInput(std, c.Input)
	if err != nil {
		return err
	}
	defer in.Close()
	counted := &counter{Reader: in, size: size}
	src, err := feed.Open(counted, mapping)
	if err != nil {
		return err
	}
	defer src.Close()
	out, err := createOutput(std, c.Output)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.end(err == nil)) }()
	letters, err := c.letters()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, letters.end()) }()
	started := std.Now()
	bar := newProgress(std, counted, size)
	sum, err := feature.Export(ctx, src, engine, out, feature.Options{Late: c.Late, Refuse: letters.put, Wrote: bar.tell})
	bar.end()
	if err != nil {
		return err
	}
	c.say(std, pack, mapping, sum, letters, std.Now().Sub(started))
	if sum.Events == 0 && sum.Refused > 0 {
		return errSilent
	}
	return nil
}

// declared reads the pack and the mapping.
func (c *FeaturesCmd) declared() (*feature.Pack, *feed.Mapping, error) {
	text, err := readDeclared("pack", c.Pack)
	if err != nil {
		return nil, nil, err
	}
	pack, err := feature.Parse(filepath.Base(c.Pack), text)
	if err != nil {
		return nil, nil, err
	}
	if c.Map != "" {
		if c.Kind != "" || c.Format != "" {
			return nil, nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "map", Message: "the mapping says the kind and the format", Hint: "leave out --kind and --format"}
		}
		if text, err = readDeclared("map", c.Map); err != nil {
			return nil, nil, err
		}
		mapping, err := feed.ParseMapping(filepath.Base(c.Map), text)
		return pack, mapping, err
	}
	kind := pack.Features[0].Event
	switch {
	case c.Kind != "":
		if kind, err = feed.ParseKind(c.Kind); err != nil {
			return nil, nil, err
		}
	default:
		for _, f := range pack.Features {
			if f.Event != kind {
				return nil, nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "kind", Message: "the pack has features of several kinds of event", Hint: "say which kind the input holds: --kind " + kind.String()}
			}
		}
	}
	format := feed.Format(c.Format)
	if name := strings.TrimSuffix(strings.TrimSuffix(c.Input, ".gz"), ".zst"); format == "" {
		format = feed.CSV
		if strings.HasSuffix(name, ".ndjson") || strings.HasSuffix(name, ".jsonl") {
			format = feed.NDJSON
		}
	}
	if format != feed.CSV && format != feed.NDJSON {
		return nil, nil, lanzha.Invalid("format", "csv or ndjson is wanted")
	}
	mapping, err := feed.Canonical(kind, format)
	return pack, mapping, err
}

func readDeclared(field, path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeNotFound, Field: field, Message: "the file cannot be read", Hint: "docs/features.md describes it, with examples", Err: err}
	}
	return text, nil
}

// say prints what came of it.
func (c *FeaturesCmd) say(std *Std, pack *feature.Pack, mapping *feed.Mapping, sum feature.Summary, letters *letterBox, took time.Duration) {
	if sum.Refused > 0 {
		fmt.Fprintf(std.Err, "lanzha: %d of %d records were refused:\n", sum.Refused, sum.Refused+sum.Events)
		for _, line := range letters.first {
			fmt.Fprintln(std.Err, "  "+line)
		}
		if more := sum.Refused - int64(len(letters.first)); more > 0 {
			fmt.Fprintf(std.Err, "  and %d more\n", more)
		}
		if c.Refused == "" {
			fmt.Fprintln(std.Err, "hint: --refused FILE keeps them with their reasons")
		}
	}
	for _, f := range pack.Features {
		if f.Event != mapping.Kind() {
			fmt.Fprintf(std.Err, "lanzha: %s is a feature of a %s and was left out\n", f.Name, f.Event)
		}
	}
	to := std.Out
	if c.Output == "-" {
		to = std.Err
	}
	rate := 0.0
	if took > 0 {
		rate = float64(int64(float64(sum.Events) / took.Seconds()))
	}
	if c.JSON {
		// Standard error and output take what they can; the features are written.
		_ = printJSON(to, struct {
			Kind string `json:"kind"`
			feature.Summary
			First   string  `json:"first,omitempty"`
			Last    string  `json:"last,omitempty"`
			Seconds float64 `json:"seconds"`
			Rate    float64 `json:"rows_per_second"`
		}{mapping.Kind().String(), sum, instant(sum.First), instant(sum.Last), float64(took.Milliseconds()) / 1000, rate})
		return
	}
	fmt.Fprintf(to, "%d events with %d features in %.1f s; %d keys, %.0f bytes each\n", sum.Events, sum.Features, took.Seconds(), sum.Keys, sum.BytesPerKey)
}

func instant(m lanzha.Micros) string {
	if m == 0 {
		return ""
	}
	return m.Time().Format(time.RFC3339)
}

// letters opens the place of dead letters.
func (c *FeaturesCmd) letters() (*letterBox, error) {
	b := &letterBox{}
	if c.Refused == "" {
		return b, nil
	}
	f, err := os.OpenFile(c.Refused, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "refused", Message: "the file cannot be written", Err: err}
	}
	b.file, b.w = f, bufio.NewWriter(f)
	return b, nil
}

// letterBox keeps refused records in a file, and remembers the first reasons.
type letterBox struct {
	file  *os.File
	w     *bufio.Writer
	line  []byte
	first []string
}

func (b *letterBox) put(r feed.Refusal) error {
	if len(b.first) < 5 {
		e := &lanzha.Error{Row: r.Row, Field: r.Field, Message: r.Reason}
		b.first = append(b.first, e.Error())
	}
	if b.file == nil {
		return nil
	}
	var err error
	if b.line, err = r.Append(b.line[:0]); err != nil {
		return err
	}
	_, err = b.w.Write(b.line)
	return err
}

func (b *letterBox) end() error {
	if b.file == nil {
		return nil
	}
	return errors.Join(b.w.Flush(), b.file.Close())
}

// openInput opens a file, or standard input; size is 0 when it is not known.
func openInput(std *Std, path string) (io.ReadCloser, int64, error) {
	if path == "-" {
		return io.NopCloser(std.In), 0, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, 0, &lanzha.Error{Code: lanzha.CodeNotFound, Field: "input", Message: "the file cannot be read", Err: err}
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if info.IsDir() {
		return nil, 0, lanzha.Invalid("input", "this is a folder")
	}
	return f, info.Size(), nil
}

// output is a file that stands under its name only when it is whole.
type output struct {
	io.Writer
	file *os.File // nil: nothing to close
	path string   // its name in the end; "" when it has it already
}

func createOutput(std *Std, path string) (*output, error) {
	if path == "-" {
		return &output{Writer: std.Out}, nil
	}
	wrong := func(err error) (*output, error) {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "output", Message: "the file cannot be written", Err: err}
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() { // a pipe or device
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return wrong(err)
		}
		return &output{Writer: f, file: f}, nil
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return wrong(err)
	}
	return &output{Writer: f, file: f, path: path}, nil
}

func (o *output) end(whole bool) error {
	if o.file == nil {
		return nil
	}
	err := o.file.Close()
	switch {
	case o.path == "":
		return err
	case whole && err == nil:
		return os.Rename(o.file.Name(), o.path)
	}
	return errors.Join(err, os.Remove(o.file.Name()))
}

// counter counts what is read, for the progress.
type counter struct {
	io.Reader
	size int64 // 0 is not known
	n    atomic.Int64
}

// Size and ReadAt are for Parquet files, which are read from their end.
func (c *counter) Size() int64 { return c.size }

func (c *counter) ReadAt(p []byte, at int64) (int, error) {
	in, ok := c.Reader.(io.ReaderAt)
	if !ok {
		return 0, errors.ErrUnsupported
	}
	n, err := in.ReadAt(p, at)
	c.n.Add(int64(n))
	return n, err
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// progress is a line on a terminal that says how far a load is.
type progress struct {
	w    io.Writer // nil: no terminal
	now  func() time.Time
	read *counter
	size int64 // 0 is not known
	last time.Time
}

func newProgress(std *Std, read *counter, size int64) *progress {
	p := &progress{now: std.Now, read: read, size: size, last: std.Now()}
	if f, ok := std.Err.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.w = f
		}
	}
	return p
}

// tell shows how far it is, five times a second at most.
func (p *progress) tell(events int64) {
	if p.w == nil || p.now().Sub(p.last) < 200*time.Millisecond {
		return
	}
	p.last = p.now()
	if p.size > 0 {
		done := min(float64(p.read.n.Load())/float64(p.size), 1)
		fmt.Fprintf(p.w, "\r[%-30s] %3.0f%%  %d events\x1b[K", strings.Repeat("=", int(30*done)), 100*done, events)
		return
	}
	fmt.Fprintf(p.w, "\r%d events\x1b[K", events)
}

// end clears the line.
func (p *progress) end() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
