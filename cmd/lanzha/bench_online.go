package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// What the detector computes of calls, by the caller alone and by four keys:
// ten features each.
const (
	onlineCaller = `
pack: caller
version: 1
event: call
forget: 180d
features:
  - {name: calls_1h, key: caller, aggregate: count, window: 1h}
  - {name: calls_1d, key: caller, aggregate: count, window: 1d}
  - {name: calls_7d, key: caller, aggregate: count, window: 7d, panes: 28}
  - {name: callees_1d, key: caller, aggregate: distinct, of: callee, window: 1d}
  - {name: answered_1d, key: caller, aggregate: share, of: answered, window: 1d}
  - {name: short_1d, key: caller, filter: duration_s > 0, aggregate: share, of: duration_s < 15, window: 1d}
  - {name: talk_1d, key: caller, aggregate: sum, of: duration_s, window: 1d}
  - {name: talk_mean_1d, key: caller, aggregate: mean, of: duration_s, window: 1d}
  - {name: age, key: caller, aggregate: since, of: first_seen}
  - {name: idle, key: caller, aggregate: since}
`
	onlineKeys = `
pack: keys
version: 1
event: call
features:
  - {name: calls_1h, key: caller, aggregate: count, window: 1h}
  - {name: calls_1d, key: caller, aggregate: count, window: 1d}
  - {name: callees_1d, key: caller, aggregate: distinct, of: callee, window: 1d}
  - {name: answered_1d, key: caller, aggregate: share, of: answered, window: 1d}
  - {name: talk_mean_1d, key: caller, aggregate: mean, of: duration_s, window: 1d}
  - {name: received_1h, key: callee, aggregate: count, window: 1h}
  - {name: received_1d, key: callee, aggregate: count, window: 1d}
  - {name: device_calls_1h, key: imei, aggregate: count, window: 1h}
  - {name: device_lines_1d, key: imei, aggregate: distinct, of: caller, window: 1d}
  - {name: cell_calls_1h, key: cell, aggregate: count, window: 1h}
`
	onlineBatch = 4096
	onlineLate  = 10 * time.Minute
)

// benchedOnline is what the command prints.
type benchedOnline struct {
	Curve    []onlinePoint `json:"curve"`
	Measured string        `json:"measured"`
}

// onlinePoint is a pack with so many subjects.
type onlinePoint struct {
	Pack       string  `json:"pack"`
	Keys       int     `json:"keys"` // fields
	Features   int     `json:"features"`
	Subjects   int     `json:"subjects"`
	Events     int     `json:"events"`
	PerSubject float64 `json:"bytes_per_subject"`      // all state, by the engine's own account
	Heap       float64 `json:"heap_bytes_per_subject"` // by the account of the runtime
	PerEvent   float64 `json:"ns_per_event"`           // by the clock
	CPU        float64 `json:"cpu_ns_per_event"`
	Written    float64 `json:"snapshot_gb_per_s,omitempty"` // of the first size: to a file and back, by processor time
	Read       float64 `json:"restore_gb_per_s,omitempty"`
	LeftOut    string  `json:"left_out,omitempty"`
}

func (c *BenchFeaturesCmd) online(ctx context.Context, std *Std) error {
	result := benchedOnline{Measured: "calls of seven days in memory, in batches of 4,096, into the engine; one core; 10 minutes late are allowed; drawing the calls is not counted"}
	for _, text := range []string{onlineCaller, onlineKeys} {
		pack, err := feature.Parse("bench", []byte(text))
		if err != nil {
			return err
		}
		last := 0.0
		for i, subjects := range c.Subjects {
			point := onlinePoint{Pack: pack.Name, Features: len(pack.Features), Subjects: subjects, Events: subjects * c.PerEach}
			keys := map[string]bool{}
			for _, f := range pack.Features {
				keys[f.Key[0].Name] = true
			}
			point.Keys = len(keys)
			if last*float64(subjects) > float64(c.Memory)*1e9 {
				point.LeftOut = "it would take more than the memory that is allowed"
			} else if err := point.measure(ctx, pack, i == 0); err != nil {
				return err
			}
			last = max(last, point.PerSubject)
			result.Curve = append(result.Curve, point)
		}
	}
	return json.NewEncoder(std.Out).Encode(result)
}

// measure gives the events to an engine.
func (p *onlinePoint) measure(ctx context.Context, pack *feature.Pack, snapshot bool) error {
	before := liveHeap()
	engine, err := pack.Online(feature.OnlineOptions{Late: onlineLate})
	if err != nil {
		return err
	}
	calls := newOnlineCalls(p.Subjects, p.Events)
	out := make([]feature.Value, onlineBatch*len(engine.Values(feed.Call)))
	var took, spent time.Duration
	for b := calls.next(); b != nil; b = calls.next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		start, used := time.Now(), cpu()
		engine.AddAll(feed.Call, b, b.Events, out)
		spent += cpu() - used
		took += time.Since(start)
	}
	p.PerEvent = thousandths(float64(took.Nanoseconds()) / float64(p.Events))
	p.CPU = thousandths(float64(spent.Nanoseconds()) / float64(p.Events))
	p.PerSubject = thousandths(float64(engine.Bytes()) / float64(p.Subjects))
	p.Heap = thousandths(float64(liveHeap()-before) / float64(p.Subjects))
	if snapshot {
		err = p.throughFile(pack, engine)
	}
	runtime.KeepAlive(engine)
	return err
}

// throughFile writes a snapshot and reads it again.
func (p *onlinePoint) throughFile(pack *feature.Pack, engine *feature.Engine) (err error) {
	dir, err := os.MkdirTemp("", "lanzha-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "features.snapshot")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	used := cpu()
	if err := errors.Join(engine.Snapshot(f), f.Close()); err != nil {
		return err
	}
	written := cpu() - used
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	other, err := pack.Online(feature.OnlineOptions{Late: onlineLate})
	if err != nil {
		return err
	}
	if f, err = os.Open(path); err != nil {
		return err
	}
	defer f.Close()
	used = cpu()
	if err := other.Restore(bufio.NewReaderSize(f, 1<<20)); err != nil {
		return err
	}
	gb := float64(info.Size()) / 1e9
	p.Written, p.Read = thousandths(gb/written.Seconds()), thousandths(gb/(cpu()-used).Seconds())
	var one, two counted
	if err := errors.Join(engine.Snapshot(&one), other.Snapshot(&two)); err != nil {
		return err
	}
	if one != two {
		return errors.New("what was restored is not what was written")
	}
	return nil
}

// counted counts what is written, and folds it.
type counted struct{ n, sum uint64 }

func (c *counted) Write(p []byte) (int, error) {
	for _, b := range p {
		c.sum = c.sum*31 + uint64(b)
	}
	c.n += uint64(len(p))
	return len(p), nil
}

var _ io.Writer = (*counted)(nil)

// liveHeap is what is in use on the heap.
func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// onlineCalls draws calls in the order of time, the same on every run.
type onlineCalls struct {
	subjects, events, at int
	random               *rand.Rand
	build                *feed.Builder
	fields               []feed.Field
}

func newOnlineCalls(subjects, events int) *onlineCalls {
	c := &onlineCalls{subjects: subjects, events: events, random: rand.New(rand.NewPCG(6, 7)), build: feed.NewBuilder(feed.Call)}
	for _, name := range []string{"caller", "callee", "imei", "cell", "duration_s", "answered"} {
		i := slices.IndexFunc(feed.Call.Fields(), func(f feed.Field) bool { return f.Name == name })
		c.fields = append(c.fields, feed.Call.Fields()[i])
	}
	return c
}

// next is the next batch, which lives until the one after it; nil is the end.
func (c *onlineCalls) next() *feed.Batch {
	if c.at == c.events {
		return nil
	}
	c.build.Reset()
	const span = 7 * 24 * time.Hour
	begin := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC).UnixMicro()
	for end := min(c.at+onlineBatch, c.events); c.at < end; c.at++ {
		who, whom := c.random.IntN(c.subjects), c.random.IntN(c.subjects)
		texts := []string{strconv.Itoa(13_000_000_000 + who), strconv.Itoa(13_000_000_000 + whom), strconv.Itoa(860_000_000_000_000 + who), "46000" + strconv.Itoa(1_000_000+whom/50)}
		values := []feed.Value{}
		for i, text := range texts {
			values = append(values, feed.Value{Field: c.fields[i], Text: text})
		}
		values = append(values, feed.Value{Field: c.fields[4], Num: int64(c.random.IntN(300))}, feed.Value{Field: c.fields[5], Num: int64(c.random.IntN(2))})
		c.build.Put(begin+int64(float64(c.at)/float64(c.events)*float64(span.Microseconds())), values...)
	}
	return c.build.Batch()
}
