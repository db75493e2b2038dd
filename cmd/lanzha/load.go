package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/base/api"
	"lanzha/work/feed"
	"lanzha/work/feed/intake"
)

// LoadCmd loads a file of events into a running server.
type LoadCmd struct {
	File   string `arg:"" placeholder:"FILE" help:"Events: CSV or NDJSON, plain, gzip or zstd, or Parquet."`
	Map    string `placeholder:"FILE" help:"Which columns are which fields, a YAML file (docs/feeds.md). Without it the columns have their canonical names."`
	Kind   string `placeholder:"KIND" help:"Kind of the events when there is no mapping: call, message, transfer or registration."`
	Format string `placeholder:"FORMAT" help:"Format of the file when there is no mapping: csv or ndjson. Default: by the name of the file, else csv."`
	Server string `default:"http://127.0.0.1:9611" help:"Address of the server."`
	Key    string `env:"LANZHA_KEY" help:"API key of an institution. The environment is the better place: a command line can be seen by others."`
	Again  bool   `help:"Load a file once more that is loaded already."`
	JSON   bool   `name:"json" help:"Print one line of JSON."`
}

// Help says what a load is.
func (c *LoadCmd) Help() string {
	return strings.Join(strings.Fields(`The file is read here and sent in parts. When it is cut off, the same command goes on behind the last part that the
		server took, and nothing is taken twice. A record that cannot be read is refused with its row, its field and the reason, stands among the dead
		letters of the server, and never stops the rest.`), " ")
}

// loader sends one file.
type loader struct {
	*remote
	std    *Std
	load   intake.LoadBody
	first  []string // reasons
	bar    *progress
	source *feed.Source
}

// Run loads the file.
func (c *LoadCmd) Run(ctx context.Context, std *Std) error {
	mapping, text, err := c.mapping()
	if err != nil {
		return err
	}
	in, size, err := openInput(std, c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	file, ok := in.(*os.File)
	if info, err := file.Stat(); !ok || err != nil || !info.Mode().IsRegular() {
		return lanzha.Invalid("file", "a file is wanted: a load that is cut off reads it again")
	}
	digest, err := digestOf(ctx, file, text)
	if err != nil {
		return err
	}
	counted := &counter{Reader: file, size: size}
	src, err := feed.Open(counted, mapping)
	if err != nil {
		return err
	}
	defer src.Close()
	server, err := newRemote(c.Server, c.Key)
	if err != nil {
		return err
	}
	l := &loader{remote: server, std: std, source: src, bar: newProgress(std, counted, size)}
	form := src.Form()
	if err := l.send(ctx, "/feeds/loads", intake.NewLoad{
		Name: filepath.Base(c.File), Digest: digest, Kind: mapping.Kind().String(), Format: form.Format, Columns: form.Columns, Mapping: form.Mapping, Again: c.Again,
	}, &l.load); err != nil {
		return err
	}
	if l.load.State == intake.Loaded {
		return c.say(std, l, 0)
	}
	started, from := std.Now(), l.load.LastRow
	if from > 0 {
		fmt.Fprintf(std.Err, "lanzha: goes on behind row %d\n", from)
	}
	err = l.parts(ctx)
	l.bar.end()
	if err == nil {
		err = l.send(ctx, "/feeds/loads/"+string(l.load.ID)+"/end", struct{}{}, &l.load)
	}
	if e, ok := errors.AsType[*lanzha.Error](err); ok && (e.Code == lanzha.CodeUnavailable || e.Code == lanzha.CodeTooMany) {
		told := *e
		told.Hint = "give the same command again: it goes on where it is"
		return &told
	}
	if err != nil {
		return err
	}
	return c.say(std, l, std.Now().Sub(started))
}

// mapping reads the mapping and its text.
func (c *LoadCmd) mapping() (*feed.Mapping, []byte, error) {
	if c.Map != "" {
		if c.Kind != "" || c.Format != "" {
			return nil, nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "map", Message: "the mapping says the kind and the format", Hint: "leave out --kind and --format"}
		}
		text, err := readDeclared("map", c.Map)
		if err != nil {
			return nil, nil, err
		}
		m, err := feed.ParseMapping(filepath.Base(c.Map), text)
		return m, text, err
	}
	if c.Kind == "" {
		return nil, nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "kind", Message: "what the file holds is not known", Hint: "say it with --kind call, message, transfer or registration, or give a mapping"}
	}
	kind, err := feed.ParseKind(c.Kind)
	if err != nil {
		return nil, nil, err
	}
	format := feed.Format(c.Format)
	if name := strings.TrimSuffix(strings.TrimSuffix(c.File, ".gz"), ".zst"); format == "" {
		format = feed.CSV
		if strings.HasSuffix(name, ".ndjson") || strings.HasSuffix(name, ".jsonl") {
			format = feed.NDJSON
		}
	}
	if format != feed.CSV && format != feed.NDJSON {
		return nil, nil, lanzha.Invalid("format", "csv or ndjson is wanted")
	}
	m, err := feed.Canonical(kind, format)
	return m, []byte("canonical " + c.Kind + " " + string(format)), err
}

// digestOf is by what a file is known, with its mapping.
func digestOf(ctx context.Context, file *os.File, mapping []byte) (string, error) {
	h := sha256.New()
	block := make([]byte, 1<<20)
	for {
		n, err := file.Read(block)
		h.Write(block[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return "", &lanzha.Error{Code: lanzha.CodeInvalid, Field: "file", Message: "the file cannot be read to its end", Err: err}
		}
	}
	h.Write(mapping)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return "", &lanzha.Error{Code: lanzha.CodeInvalid, Field: "file", Message: "the file cannot be read again", Err: err}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// parts sends the parts; the next is read while one is on its way.
func (l *loader) parts(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	next := make(chan intake.PartBody, 1)
	var read atomic.Int64
	group.Go(func() error {
		defer close(next)
		parts := feed.NewParts(l.source, l.load.LastRow)
		var b feed.Batch
		for {
			last, err := parts.Next(&b)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			part := intake.PartBody{LastRow: last, Skipped: b.Skipped, Events: b.Encode(nil, b.Kind(), feed.Header{})}
			for _, r := range b.Refused {
				part.Refused = append(part.Refused, intake.Unread{Row: r.Row, Field: r.Field, Reason: r.Reason, Record: []byte(r.Record)})
				l.tell(r)
			}
			read.Store(int64(last))
			select {
			case next <- part:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	})
	group.Go(func() error {
		for part := range next {
			if err := l.again(ctx, "/feeds/loads/"+string(l.load.ID)+"/parts", part); err != nil {
				return err
			}
			l.bar.tell(read.Load())
		}
		return ctx.Err()
	})
	return group.Wait()
}

// tell remembers the first reasons.
func (l *loader) tell(r feed.Refusal) {
	if len(l.first) < 5 {
		e := &lanzha.Error{Row: r.Row, Field: r.Field, Message: r.Reason}
		l.first = append(l.first, e.Error())
	}
}

// again sends a part until the server has it or will not take it. What it took
// before it fell silent it takes once.
func (l *loader) again(ctx context.Context, path string, part intake.PartBody) error {
	for wait := 250 * time.Millisecond; ; wait *= 2 {
		err := l.send(ctx, path, part, nil)
		code := lanzha.CodeOf(err)
		if err == nil || code != lanzha.CodeUnavailable && code != lanzha.CodeTooMany || wait > 32*time.Second {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// say prints what came of it.
func (c *LoadCmd) say(std *Std, l *loader, took time.Duration) error {
	if c.JSON {
		return printJSON(std.Out, struct {
			intake.LoadBody
			Seconds float64 `json:"seconds"`
		}{l.load, float64(took.Milliseconds()) / 1000})
	}
	if took == 0 {
		fmt.Fprintf(std.Out, "%s is loaded already, since %s: %d events, %d records refused\n", c.File, l.load.EndedAt.Local().Format(time.DateTime), l.load.Taken, l.load.Refused)
		_, err := fmt.Fprintln(std.Err, "hint: --again loads it once more")
		return err
	}
	if l.load.Refused > 0 {
		fmt.Fprintf(std.Err, "lanzha: %d records were refused and stand among the dead letters:\n", l.load.Refused)
		for _, line := range l.first {
			fmt.Fprintln(std.Err, "  "+line)
		}
		if more := l.load.Refused - int64(len(l.first)); more > 0 {
			fmt.Fprintf(std.Err, "  and %d more\n", more)
		}
	}
	_, err := fmt.Fprintf(std.Out, "%d events loaded, %d records refused, %d left out by the mapping, in %.1f s\n", l.load.Taken, l.load.Refused, l.load.Skipped, took.Seconds())
	return err
}

// remote speaks to a server's API.
type remote struct {
	base, key string
	http      *http.Client
}

func newRemote(server, key string) (*remote, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "server", Message: "this is no address of a server", Hint: "write it like http://127.0.0.1:9611"}
	}
	if key == "" {
		return nil, &lanzha.Error{Code: lanzha.CodeInvalid, Field: "key", Message: "an API key is wanted", Hint: "an administrator makes one for an institution's account; put it into LANZHA_KEY"}
	}
	return &remote{base: strings.TrimSuffix(server, "/") + api.Prefix, key: key, http: &http.Client{Timeout: 2 * time.Minute}}, nil
}

// send posts a request and reads the answer into out, unless that is nil. A
// server that cannot be reached is CodeUnavailable.
func (c *remote) send(ctx context.Context, path string, body, out any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+c.key)
	answer, err := c.http.Do(r)
	if err == nil {
		defer answer.Body.Close()
		text, err = io.ReadAll(answer.Body)
	}
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "the server cannot be reached", Hint: "is it running, and is --server its address?", Err: err}
	}
	if answer.StatusCode >= 300 {
		return problemOf(answer.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}

// problemOf is the error that an answer tells of.
func problemOf(status int, text []byte) error {
	var p api.Problem
	if err := json.Unmarshal(text, &p); err != nil || p.Code == "" {
		e := &lanzha.Error{Code: lanzha.CodeUnavailable, Message: fmt.Sprintf("the server answers %d", status), Hint: "is this the address of Lanzha, or of something before it?"}
		if status < 500 {
			e.Code = lanzha.CodeInvalid
		}
		return e
	}
	e := &lanzha.Error{Code: lanzha.Code(p.Code), Message: p.Detail, Hint: p.Hint}
	if len(p.Errors) == 1 {
		e.Field, e.Message, e.Row = p.Errors[0].Location, p.Errors[0].Message, p.Errors[0].Row
	}
	return e
}
