package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/base/stream"
	"lanzha/work/feed"
)

// BenchLoadCmd measures a file's way into the event log.
type BenchLoadCmd struct {
	File    string `placeholder:"FILE" help:"Events: CSV or NDJSON, plain, gzip or zstd, or Parquet. Without it calls are generated, with the canonical columns."`
	Map     string `placeholder:"FILE" help:"Which columns of the file are which fields. Without it they have their canonical names."`
	Kind    string `default:"call" help:"Kind of the events when there is no mapping."`
	Rows    int    `default:"2000000" help:"Calls that are generated, 10,000 to 100,000,000."`
	Profile string `placeholder:"FILE" help:"Write a CPU profile of the run through the log."`
	JSON    bool   `name:"json" help:"Print one line of JSON, which is all there is."`
}

// Help says what is measured.
func (c *BenchLoadCmd) Help() string {
	return strings.Join(strings.Fields(`The file is read record by record, decoded, checked, cut into parts as a load is, encoded, and written to an
		embedded event log that syncs before it acknowledges; per_second counts from the opening of the file to the last acknowledgement. The log
		and a generated file lie in TMPDIR; the file is in the cache of the system. Afterwards the log is read from its beginning, and must hold as
		many events as the file, all of which can be decoded. without_log is the same up to and with encoding, in a run of its own.`), " ")
}

// benchedLoad is what the command prints.
type benchedLoad struct {
	Rows       int     `json:"rows"` // in the log
	PerSecond  float64 `json:"per_second"`
	CPU        float64 `json:"cpu_us_per_row"`
	WithoutLog float64 `json:"without_log"` // rows a second
	CPUWithout float64 `json:"cpu_us_per_row_without_log"`
	Refused    int     `json:"refused"`
	Skipped    int     `json:"skipped"`
	MBIn       float64 `json:"mb_in"`
	MBLog      float64 `json:"mb_log"` // encoded
	PerRow     float64 `json:"log_bytes_per_row"`
	Seconds    float64 `json:"seconds"`
	Cores      int     `json:"cores"`
	Checked    bool    `json:"checked"` // the log was read back and holds every event
}

// Run measures.
func (c *BenchLoadCmd) Run(ctx context.Context, std *Std) (err error) {
	dir, err := os.MkdirTemp("", "lanzha-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := c.File
	if file == "" {
		if c.Rows < 10_000 || c.Rows > 100_000_000 {
			return lanzha.Invalid("rows", "10,000 to 100,000,000 rows")
		}
		file = filepath.Join(dir, "calls.csv")
		if err := generateCalls(file, c.Rows); err != nil {
			return err
		}
	}
	info, err := os.Stat(file)
	if err != nil {
		return &lanzha.Error{Code: lanzha.CodeNotFound, Field: "file", Message: "the file cannot be read", Err: err}
	}
	without, err := c.pass(ctx, std, file, nil)
	if err != nil {
		return err
	}
	log, err := stream.Open(ctx, stream.Options{Dir: filepath.Join(dir, "log"), MaxBytes: 1 << 40, Now: std.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	w, err := log.Claim(ctx, 0, "bench")
	if err != nil {
		return err
	}
	stop, err := c.profile()
	if err != nil {
		return err
	}
	out, err := c.pass(ctx, std, file, w)
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	stored, err := countStored(ctx, log)
	if err != nil {
		return err
	}
	if stored != out.Rows {
		return lanzha.Internal("bench load", fmt.Errorf("%d events were written and %d stand in the log", out.Rows, stored))
	}
	out.Checked, out.Cores, out.MBIn = true, runtime.GOMAXPROCS(0), float64(info.Size())/1e6
	out.WithoutLog, out.CPUWithout = without.PerSecond, without.CPU
	return json.NewEncoder(std.Out).Encode(out)
}

func (c *BenchLoadCmd) profile() (stop func() error, err error) {
	if c.Profile == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(c.Profile)
	if err != nil {
		return nil, err
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, pprof.StartCPUProfile(f)
}

// pass takes the file to its end: one goroutine decodes while another encodes
// and hands in. Without a writer nothing is kept.
func (c *BenchLoadCmd) pass(ctx context.Context, std *Std, file string, w *stream.Writer) (out benchedLoad, err error) {
	mapping, _, err := (&LoadCmd{File: file, Map: c.Map, Kind: map[bool]string{true: c.Kind}[c.Map == ""]}).mapping()
	if err != nil {
		return out, err
	}
	in, err := os.Open(file)
	if err != nil {
		return out, err
	}
	defer in.Close()
	started, used := std.Now(), cpu()
	src, err := feed.Open(in, mapping)
	if err != nil {
		return out, err
	}
	defer src.Close()
	group, ctx := errgroup.WithContext(ctx)
	const ahead = 4
	read, free := make(chan *feed.Batch, ahead), make(chan *feed.Batch, ahead)
	for range ahead {
		free <- &feed.Batch{}
	}
	group.Go(func() error {
		defer close(read)
		parts := feed.NewParts(src, 0)
		for {
			var b *feed.Batch
			select {
			case b = <-free:
			case <-ctx.Done():
				return ctx.Err()
			}
			if _, err := parts.Next(b); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			read <- b
		}
	})
	group.Go(func() error {
		waiting := []*stream.Pending{}
		var data []byte
		number := int64(0)
		for b := range read {
			number++
			out.Rows, out.Refused, out.Skipped = out.Rows+len(b.Events), out.Refused+len(b.Refused), out.Skipped+b.Skipped
			if w != nil {
				data = make([]byte, 0, len(data)+len(data)/8) // the log keeps it until it is written
			}
			data = b.Encode(data[:0], mapping.Kind(), feed.Header{Source: "bench", Number: number})
			free <- b
			out.MBLog += float64(len(data)) / 1e6
			if w == nil {
				continue
			}
			if waiting = append(waiting, w.Begin(data)); len(waiting) > 2*ahead {
				if _, err := waiting[0].Wait(ctx); err != nil {
					return err
				}
				waiting = waiting[1:]
			}
		}
		for _, p := range waiting {
			if _, err := p.Wait(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return out, err
	}
	seconds := std.Now().Sub(started).Seconds()
	rows := float64(max(1, out.Rows))
	out.Seconds, out.PerSecond, out.PerRow = seconds, float64(int64(rows/seconds)), out.MBLog*1e6/rows
	out.CPU = float64((cpu() - used).Microseconds()) / rows
	return out, nil
}

// countStored decodes what stands in the log.
func countStored(ctx context.Context, log *stream.Log) (n int, err error) {
	first, last, err := log.Bounds(ctx)
	if err != nil {
		return 0, err
	}
	var b feed.Batch
	err = log.Read(ctx, first, last, func(e stream.Entry) error {
		if e.Claim != "" {
			return nil
		}
		_, _, err := b.Decode(e.Data)
		n += len(b.Events)
		return err
	})
	return n, err
}

// generateCalls writes a file of calls with the canonical columns.
func generateCalls(path string, rows int) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	r := rand.New(rand.NewPCG(4, uint64(rows)))
	fmt.Fprintln(w, "id,start,caller,callee,duration_s,answered,imei,imsi,cell")
	at := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	digits := func(line []byte, n, width int) []byte {
		s := strconv.Itoa(n)
		return append(append(line, "000000000000"[:max(0, width-len(s))]...), s...)
	}
	var line []byte
	for i := range rows {
		at = at.Add(time.Duration(r.IntN(2000)) * time.Microsecond)
		caller := r.IntN(2_000_000)
		line = strconv.AppendInt(line[:0], int64(9_000_000_000+i), 10)
		line = at.AppendFormat(append(line, ','), "2006-01-02T15:04:05.000000Z")
		line = digits(append(line, ",138"...), caller, 8)
		line = digits(append(line, ",139"...), r.IntN(2_000_000), 8)
		answered := r.IntN(3) > 0
		line = append(line, ',')
		line = strconv.AppendInt(line, int64(map[bool]int{true: r.IntN(600)}[answered]), 10)
		line = strconv.AppendBool(append(line, ','), answered)
		line = digits(append(line, ",86012345"...), caller/6, 7)
		line = digits(append(line, ",46000"...), caller, 10)
		line = digits(append(line, ",46000"...), r.IntN(40_000), 7)
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
	}
	return w.Flush()
}
