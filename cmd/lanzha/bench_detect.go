package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/app"
	"lanzha/base/sqldb"
	"lanzha/work/detect"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// BenchDetectCmd measures detection.
type BenchDetectCmd struct {
	Events   int    `default:"20000000" help:"Calls that go through, 100,000 to 1,000,000,000."`
	Subjects int    `default:"2000000" help:"Callers, and as many callees; a sixth as many devices, a fiftieth as many cells. 1,000 to 50,000,000."`
	Rules    int    `default:"50" help:"Rules, 1 to 500."`
	Curve    bool   `help:"Measure the machine without the log at 1, 5 and 20 million subjects instead."`
	Profile  string `placeholder:"FILE" help:"Write a CPU profile of the run through the log."`
	JSON     bool   `name:"json" help:"Print one line of JSON, which is all there is."`
}

// Help says what is measured.
func (c *BenchDetectCmd) Help() string {
	return strings.Join(strings.Fields(`Starts the house as shipped, with a SQLite database and an event log of its own that go again with it
		(TMPDIR says where). Calls are drawn beforehand, a pool of up to four million in batches of 10,000, each batch of which is used
		again with later times; callers and callees are drawn from all subjects, and one call of twenty comes from a busy
		caller, of which there is one in four thousand. Each batch is encoded, written to the log and synced, then counted into eleven features of four keys (caller, callee, device, cell)
		and judged by the rules; alerts are stored with their journal rows. per_second counts from the first batch to the last alert that is
		stored. event_to_alert_p99_ms is from handing the batch in, its queueing included, to the commit of the alert, with batches of 200 calls at a tenth of
		the measured rate. bytes_per_subject is what the heap of the machine grew by, over the callers, callees, devices and cells
		that it knows. per_second_without_log is the machine alone in a run of its own.`), " ")
}

// benchedDetect is what the command prints.
type benchedDetect struct {
	PerSecond    float64       `json:"per_second,omitempty"`
	WithoutLog   float64       `json:"per_second_without_log,omitempty"`
	PerSubject   float64       `json:"bytes_per_subject,omitempty"`
	ToAlertP50   float64       `json:"event_to_alert_p50_ms,omitempty"`
	ToAlertP99   float64       `json:"event_to_alert_p99_ms,omitempty"`
	CPU          float64       `json:"cpu_us_per_event,omitempty"`
	CPUWithout   float64       `json:"cpu_us_per_event_without_log,omitempty"`
	Events       int           `json:"events"`
	Subjects     int           `json:"subjects"`
	Keys         int           `json:"keys,omitempty"` // that the machine knows, of all four sorts
	Rules        int           `json:"rules"`
	Features     int           `json:"features"`
	Alerts       int64         `json:"alerts,omitempty"`
	LogMB        float64       `json:"log_mb,omitempty"` // encoded
	BytesPerCall float64       `json:"log_bytes_per_event,omitempty"`
	Cores        int           `json:"cores"`
	Curve        []curvedPoint `json:"curve,omitempty"`
}

// curvedPoint is the machine alone at a number of subjects.
type curvedPoint struct {
	Subjects   int     `json:"subjects"`
	PerSecond  float64 `json:"per_second_without_log"`
	CPU        float64 `json:"cpu_us_per_event"`
	PerSubject float64 `json:"bytes_per_subject"`
}

const (
	benchBatch = 10_000
	benchPool  = 4_000_000
	benchBusy  = 4_000 // one of so many callers calls much
)

// Run measures.
func (c *BenchDetectCmd) Run(ctx context.Context, std *Std) (err error) {
	if c.Events < 100_000 || c.Events > 1_000_000_000 || c.Subjects < 1_000 || c.Subjects > 50_000_000 || c.Rules < 1 || c.Rules > 500 {
		return lanzha.Invalid("events", "100,000 to 1,000,000,000 events, 1,000 to 50,000,000 subjects, 1 to 500 rules")
	}
	pack, err := rule.Parse("bench.yaml", callRules(c.Rules))
	if err != nil {
		return err
	}
	out := benchedDetect{Events: c.Events, Subjects: c.Subjects, Rules: c.Rules, Features: len(pack.Features.Features), Cores: runtime.GOMAXPROCS(0)}
	if c.Curve {
		for _, subjects := range []int{1_000_000, 5_000_000, 20_000_000} {
			p, err := c.alone(ctx, pack, subjects)
			if err != nil {
				return err
			}
			out.Curve = append(out.Curve, curvedPoint{subjects, p.WithoutLog, p.CPUWithout, p.PerSubject})
		}
		return json.NewEncoder(std.Out).Encode(out)
	}
	alone, err := c.alone(ctx, pack, c.Subjects)
	if err != nil {
		return err
	}
	out.WithoutLog, out.CPUWithout, out.PerSubject, out.Keys = alone.WithoutLog, alone.CPUWithout, alone.PerSubject, alone.Keys
	if err := c.through(ctx, std, pack, &out); err != nil {
		return err
	}
	return json.NewEncoder(std.Out).Encode(out)
}

// alone measures the machine without a log.
func (c *BenchDetectCmd) alone(ctx context.Context, pack *rule.Pack, subjects int) (out benchedDetect, err error) {
	pool := drawCalls(min(c.Events, benchPool), subjects)
	before := heap()
	m, err := rule.NewMachine([]*rule.Pack{pack}, rule.Options{Late: 10 * time.Minute})
	if err != nil {
		return out, err
	}
	used, began := cpu(), time.Now()
	for n := 0; n < c.Events; n += benchBatch {
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
		m.Add(feed.Call, pool.batch(n/benchBatch), rule.AddOptions{}, nil)
	}
	lasted, spent := time.Since(began), cpu()-used
	out.WithoutLog = float64(int64(float64(c.Events) / lasted.Seconds()))
	out.CPUWithout = thousandths(float64(spent.Microseconds()) / float64(c.Events))
	out.Keys = pool.distinct
	out.PerSubject = thousandths(float64(heap()-before) / float64(out.Keys))
	runtime.KeepAlive(m)
	runtime.KeepAlive(pool) // its memory is in both
	return out, nil
}

// heap is what is in use after what is not needed has gone.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// through measures the house.
func (c *BenchDetectCmd) through(ctx context.Context, std *Std, pack *rule.Pack, out *benchedDetect) (err error) {
	cfg, remove, err := scratch(ctx, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	l, err := listen(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer l.Close()
	house, err := app.New(ctx, cfg, app.Options{Now: std.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	watch := &alertWatch{}
	house.Detector.Options.Packs, house.Detector.Options.Stored = []*rule.Pack{pack}, watch.stored
	running, stop := context.WithCancel(ctx)
	defer stop()
	group, running := errgroup.WithContext(running)
	group.Go(func() error { return house.Run(running, l) })
	group.Go(func() error {
		defer stop()
		if err := benchReady(running, house.Detector, pack.SHA256); err != nil {
			return err
		}
		return c.drive(running, house, watch, out)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// benchReady waits until the detector runs the pack.
func benchReady(ctx context.Context, d *detect.Detector, sha string) error {
	for {
		s := d.State()
		if s.State == detect.Active && len(s.Packs) == 1 && s.Packs[0].SHA256 == sha {
			return nil
		}
		if s.State == detect.Failed {
			return errors.New("the detector fails: " + s.Trouble)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

func (c *BenchDetectCmd) drive(ctx context.Context, house *app.App, watch *alertWatch, out *benchedDetect) error {
	pool := drawCalls(min(c.Events, benchPool), c.Subjects)
	if c.Profile != "" {
		file, err := os.Create(c.Profile)
		if err != nil {
			return err
		}
		defer file.Close()
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
	}
	runtime.GC()
	used, began := cpu(), time.Now()
	if err := passCalls(ctx, house.Detector, pool, 0, c.Events); err != nil {
		return err
	}
	for house.Detector.State().Pending > 0 {
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	lasted, spent := time.Since(began), cpu()-used
	pprof.StopCPUProfile()
	out.PerSecond = float64(int64(float64(c.Events) / lasted.Seconds()))
	out.CPU = thousandths(float64(spent.Microseconds()) / float64(c.Events))
	out.BytesPerCall = thousandths(float64(len(pool.batch(0).Encode(nil, feed.Call, feed.Header{}))) / benchBatch)
	out.LogMB = thousandths(out.BytesPerCall * float64(c.Events) / 1e6)
	if err := c.pace(ctx, house.Detector, pool, watch, out); err != nil {
		return err
	}
	var err error
	out.Alerts, err = sqldb.One(ctx, house.DB.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM alert`)
	if err == nil && (out.Alerts == 0 || out.ToAlertP99 == 0) {
		err = fmt.Errorf("%d alerts were raised, and none of those that were to be timed", out.Alerts)
	}
	return err
}

// passCalls hands batches in as fast as they go, in order.
func passCalls(ctx context.Context, d *detect.Detector, pool *callPool, from, events int) error {
	var waits []func(context.Context) error
	for n := 0; n < events; n += benchBatch {
		_, wait, err := d.Begin(ctx, feed.Call, pool.batch(from+n/benchBatch), feed.Header{})
		if err != nil {
			return err
		}
		// A batch of the pool is used again once it was computed.
		if waits = append(waits, wait); len(waits) == 16 {
			if err := waits[0](ctx); err != nil {
				return err
			}
			waits = waits[1:]
		}
	}
	for _, wait := range waits {
		if err := wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// pace hands small batches in at a tenth of what was measured, for some
// seconds, and takes the time from each batch to its alerts.
func (c *BenchDetectCmd) pace(ctx context.Context, d *detect.Detector, pool *callPool, watch *alertWatch, out *benchedDetect) error {
	const size, during = 200, 10 * time.Second
	every := time.Duration(float64(size) / (out.PerSecond / 10) * float64(time.Second))
	pool.cycle = c.Events/pool.size + 2 // later than all before
	watch.begin(pool.at(0, pool.cycle))
	began := time.Now()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(64)
	for i := 0; time.Since(began) < during; i++ {
		due := began.Add(time.Duration(i) * every)
		if err := pause(ctx, time.Until(due)); err != nil {
			break
		}
		b := pool.piece(i, size)
		if b == nil {
			break
		}
		watch.sent(b.Events[0].Time, due)
		_, wait, err := d.Begin(ctx, feed.Call, b, feed.Header{})
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error { return wait(ctx) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for d.State().Pending > 0 {
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	out.ToAlertP50, out.ToAlertP99 = watch.quantiles()
	return nil
}

// alertWatch takes the time from a batch to its alerts.
type alertWatch struct {
	mu    sync.Mutex
	from  int64 // events from here on are watched; 0 is none
	times []int64
	at    []time.Time
	took  []time.Duration
}

func (w *alertWatch) begin(from int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.from = from
}

func (w *alertWatch) sent(first int64, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times, w.at = append(w.times, first), append(w.at, at)
}

func (w *alertWatch) stored(all []alert.Raised) {
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range all {
		if w.from == 0 || int64(a.At) < w.from {
			continue
		}
		i := len(w.times) - 1
		for i > 0 && w.times[i] > int64(a.At) {
			i--
		}
		if i >= 0 {
			w.took = append(w.took, now.Sub(w.at[i]))
		}
	}
}

func (w *alertWatch) quantiles() (p50, p99 float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return quantile(w.took, 0.5), quantile(w.took, 0.99)
}

// callPool is calls in batches, used again with later times.
type callPool struct {
	size     int   // calls
	gap      int64 // between two calls, in microseconds: whoever is not busy calls every half hour or so
	batches  []*feed.Batch
	shifted  []int // how often the times of a batch were moved on
	cycle    int
	distinct int // callers, callees, devices and cells
}

// drawCalls draws calls, the same on every run.
func drawCalls(n, subjects int) *callPool {
	p := &callPool{size: n, gap: max(2_000_000_000/int64(subjects), 1)}
	random := rand.New(rand.NewPCG(5, 8))
	field := func(name string) feed.Field {
		f, ok := feed.Call.Field(name)
		if !ok {
			panic("bench: a call has no " + name)
		}
		return f
	}
	id, caller, callee, imei, cell := field("id"), field("caller"), field("callee"), field("imei"), field("cell")
	duration, answered := field("duration_s"), field("answered")
	devices, cells := max(subjects/6, 1), max(subjects/50, 1)
	known := [4][]uint64{make([]uint64, subjects/64+1), make([]uint64, subjects/64+1), make([]uint64, devices/64+1), make([]uint64, cells/64+1)}
	note := func(which, n int) {
		if bit := uint64(1) << (n % 64); known[which][n/64]&bit == 0 {
			known[which][n/64] |= bit
			p.distinct++
		}
	}
	for from := 0; from < n; from += benchBatch {
		b := feed.NewBuilder(feed.Call)
		for i := from; i < min(from+benchBatch, n); i++ {
			who := random.IntN(subjects)
			if random.IntN(20) == 0 {
				who = random.IntN(max(subjects/benchBusy, 1))
			}
			whom := random.IntN(subjects)
			note(0, who)
			note(1, whom)
			note(2, who%devices)
			note(3, whom%cells)
			b.Put(p.at(i, 0),
				feed.Value{Field: id, Text: strconv.Itoa(10_000_000 + i)},
				feed.Value{Field: caller, Text: strconv.Itoa(13_000_000_000 + who)}, feed.Value{Field: callee, Text: strconv.Itoa(15_000_000_000 + whom)},
				feed.Value{Field: duration, Num: int64(random.IntN(300))}, feed.Value{Field: answered, Num: int64(random.IntN(2))},
				feed.Value{Field: imei, Text: strconv.Itoa(860_000_000_000_000 + who%devices)}, feed.Value{Field: cell, Text: "46000-" + strconv.Itoa(100_000+whom%cells)},
			)
		}
		p.batches, p.shifted = append(p.batches, b.Batch()), append(p.shifted, 0)
	}
	return p
}

// at is the time of the i-th call of a cycle.
func (p *callPool) at(i, cycle int) int64 {
	begin := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC).UnixMicro()
	return begin + int64(cycle*p.size+i)*p.gap
}

// batch is the n-th batch of all.
func (p *callPool) batch(n int) *feed.Batch {
	i, cycle := n%len(p.batches), n/len(p.batches)
	b := p.batches[i]
	if move := int64(cycle-p.shifted[i]) * int64(p.size) * p.gap; move != 0 {
		for k := range b.Events {
			b.Events[k].Time += move
		}
		p.shifted[i] = cycle
	}
	return b
}

// piece is a small batch of its own, the i-th of the pool's cycle; nil when
// there are no more.
func (p *callPool) piece(i, size int) *feed.Batch {
	if (i+1)*size > p.size {
		return nil
	}
	whole := p.batches[i*size/benchBatch]
	var b feed.Batch
	part := *whole
	part.Events = whole.Events[i*size%benchBatch:][:size]
	b.Join(&part)
	for k := range b.Events {
		b.Events[k].Time = p.at(i*size+k, p.cycle)
	}
	return &b
}

// callRules is a pack of four keys and some rules. The busy callers raise
// alerts; the other rules look at every call and hold for few.
func callRules(rules int) []byte {
	var b strings.Builder
	b.WriteString(`pack: bench
version: 1
title: {zh: 压测, en: bench}
zone: Asia/Shanghai
event: call
features:
`)
	feature := func(name, key, rest string) {
		fmt.Fprintf(&b, "  - {name: %s, title: {zh: %s, en: %s}, key: %s, %s}\n", name, name, name, key, rest)
	}
	feature("calls_10m", "caller", "aggregate: count, window: 10m")
	feature("calls_1h", "caller", "aggregate: count, window: 1h")
	feature("callees_1h", "caller", "aggregate: distinct, of: callee, window: 1h")
	feature("talk_1h", "caller", "aggregate: sum, of: duration_s, window: 1h")
	feature("answered_1h", "caller", "aggregate: share, of: answered, window: 1h")
	feature("received_30m", "callee", "aggregate: count, window: 30m")
	feature("longest_1h", "callee", "aggregate: max, of: duration_s, window: 1h")
	feature("device_calls_1h", "imei", "aggregate: count, window: 1h")
	feature("device_callers_1h", "imei", "aggregate: distinct, of: caller, window: 1h")
	feature("cell_calls_10m", "cell", "aggregate: count, window: 10m")
	feature("cell_talk_10m", "cell", "aggregate: mean, of: duration_s, window: 10m")
	b.WriteString("bands: {medium: 40, high: 70}\nactions: {low: allow, medium: review, high: hold}\nrules:\n")
	conditions := []struct{ subject, when string }{
		{"caller", "calls_10m >= %d && answered_1h < 0.9"},
		{"caller", "callees_1h >= %d && talk_1h > 100 && answered_1h > 0.05"},
		{"callee", "received_30m >= %d && longest_1h > 20"},
		{"imei", "device_callers_1h >= %d && device_calls_1h > 50 && answered_1h < 0.3"},
		{"cell", "cell_calls_10m > %d00 && cell_talk_10m < 100.0"},
	}
	for i := range rules {
		x := conditions[i%len(conditions)]
		least := 400 + 30*i
		if i == 0 {
			least = 6 // the rule that the busy callers meet
		}
		fmt.Fprintf(&b, "  - {id: bench-%d, title: {zh: 规则%d, en: rule %d}, event: call, subject: %s, severity: medium, weight: 30, when: '%s', reason: {zh: '{calls_10m}次', en: '{calls_10m} calls'}, hold: 1h, becomes: none, status: live}\n",
			i+1, i+1, i+1, x.subject, fmt.Sprintf(x.when, least))
	}
	return []byte(b.String())
}
