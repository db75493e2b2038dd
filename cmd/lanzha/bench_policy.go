package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"lanzha/know/policy"
)

// BenchPolicyCmd measures the pack engine.
type BenchPolicyCmd struct {
	For  time.Duration `default:"2s" help:"How long a run takes."`
	Runs int           `default:"5" help:"Runs of each sort; the middle one counts."`
	JSON bool          `help:"Print one line of JSON, which is all there is."`
}

// Help says what is measured.
func (c *BenchPolicyCmd) Help() string {
	return strings.Join(strings.Fields(`One table of 20 rows in which the first that holds applies, with conditions over eight inputs
		of all types (numbers, dates, enums, yes and no). Inputs are drawn beforehand so that every row applies to some and no two
		that follow each other are alike; they are maps as JSON is decoded to. Plain: input in, result out. Explained: with every row
		that holds, its citation, what is missing, silences, due dates; a quarter of the inputs leave something out. One goroutine for
		each core. Every result is compared with what the same rules give when written in Go.`), " ")
}

// benchedPolicy is what the command prints.
type benchedPolicy struct {
	PlainPerSecond     float64 `json:"plain_per_second"`     // the middle run
	ExplainedPerSecond float64 `json:"explained_per_second"` // the middle run
	PlainCPU           float64 `json:"plain_cpu_us_per_op"`  // of one core, the middle run: what counts when others use the machine too
	ExplainedCPU       float64 `json:"explained_cpu_us_per_op"`
	Plain              spread  `json:"plain"`
	Explained          spread  `json:"explained"`
	PlainBytes         float64 `json:"plain_bytes_per_op"` // allocated
	Rows               int     `json:"rows"`
	RowsApplied        int     `json:"rows_applied"` // how many of them applied to some input
	Inputs             int     `json:"inputs"`
	Incomplete         int     `json:"inputs_incomplete"` // of the explained, those that leave something out
	Cores              int     `json:"cores"`
	Checked            bool    `json:"checked"` // every result was compared
	Measured           string  `json:"measured"`
}

// spread is the runs of one sort, in results a second.
type spread struct {
	Min    float64   `json:"min"`
	Median float64   `json:"median"`
	Max    float64   `json:"max"`
	Runs   []float64 `json:"runs"`

	cpu float64 // microseconds a result
}

const benchedRows = 20

// Run measures and prints.
func (c *BenchPolicyCmd) Run(std *Std) error {
	pack, err := policy.Parse(policy.File{Name: "bench.yaml", Text: []byte(benchPack())})
	if err != nil {
		return err
	}
	whole, want := benchInputs(pack, 4096, false)
	part, _ := benchInputs(pack, 4096, true)
	out := benchedPolicy{
		Rows: benchedRows, Inputs: len(whole), Incomplete: incomplete(part), Cores: runtime.GOMAXPROCS(0), Checked: true,
		Measured: "one first-match table of 20 rows over 8 inputs; plain: decoded map in, result out; explained: with rows, citations and what is missing",
	}
	applied := map[string]bool{}
	for _, w := range want {
		applied[w] = true
	}
	out.RowsApplied = len(applied)
	options := policy.Options{At: policy.Day(2025, time.June, 1)}
	plain := func(worker int, until time.Time) (int, error) {
		x, err := pack.Plain("")
		if err != nil {
			return 0, err
		}
		n := worker * 37
		for ; ; n++ {
			if n%256 == 0 && time.Now().After(until) {
				return n - worker*37, nil
			}
			i := n % len(whole)
			if _, err := x.Eval(whole[i], options); err != nil {
				return 0, err
			}
			if got := x.Text(0); got != want[i] {
				return 0, fmt.Errorf("input %d gives %s, and the rules give %s", i, got, want[i])
			}
		}
	}
	explained := func(worker int, until time.Time) (int, error) {
		n := worker * 37
		for ; ; n++ {
			if n%64 == 0 && time.Now().After(until) {
				return n - worker*37, nil
			}
			i := n % len(part)
			a, err := pack.Eval(part[i], options)
			if err != nil {
				return 0, err
			}
			if a.Result["row"] == nil && len(a.Missing) == 0 {
				return 0, fmt.Errorf("input %d has no result, and nothing is missing", i)
			}
		}
	}
	if out.Plain, err = c.measure(plain); err != nil {
		return err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, err := plain(0, time.Now().Add(c.For/4))
	if err != nil {
		return err
	}
	runtime.ReadMemStats(&after)
	out.PlainBytes = float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
	if out.Explained, err = c.measure(explained); err != nil {
		return err
	}
	out.PlainPerSecond, out.ExplainedPerSecond = out.Plain.Median, out.Explained.Median
	out.PlainCPU, out.ExplainedCPU = out.Plain.cpu, out.Explained.cpu
	return json.NewEncoder(std.Out).Encode(out)
}

// measure runs one sort on every core, c.Runs times after a short one that is
// not counted.
func (c *BenchPolicyCmd) measure(work func(worker int, until time.Time) (int, error)) (spread, error) {
	var s spread
	costs := []float64{}
	for run := range c.Runs + 1 {
		length := c.For
		if run == 0 {
			length /= 4
		}
		start, used := time.Now(), cpu()
		until := start.Add(length)
		counts, errs := make([]int, runtime.GOMAXPROCS(0)), make([]error, runtime.GOMAXPROCS(0))
		var all sync.WaitGroup
		for w := range counts {
			all.Go(func() { counts[w], errs[w] = work(w, until) })
		}
		all.Wait()
		took := time.Since(start).Seconds()
		total := 0
		for w := range counts {
			if errs[w] != nil {
				return s, errs[w]
			}
			total += counts[w]
		}
		if run > 0 {
			costs = append(costs, float64((cpu()-used).Nanoseconds())/1000/float64(total))
			s.Runs = append(s.Runs, float64(int(float64(total)/took)))
		}
	}
	if len(s.Runs) == 0 {
		return s, fmt.Errorf("no run was asked for")
	}
	sorted := slices.Sorted(slices.Values(s.Runs))
	slices.Sort(costs)
	s.cpu = float64(int(costs[len(costs)/2]*1000)) / 1000
	s.Min, s.Median, s.Max = sorted[0], sorted[len(sorted)/2], sorted[len(sorted)-1]
	return s, nil
}

var (
	benchKinds  = []string{"card", "account", "wallet", "line", "number", "device"}
	benchLevels = []string{"county", "city", "province", "ministry"}
)

// benchRules are the rows in CEL and the same in Go.
var benchRules = []struct {
	cel  string
	goes func(b benchFacts) bool
}{
	{"object.kind == 'card' && object.count >= 10 && fraud", func(b benchFacts) bool { return b.kind == "card" && b.count >= 10 && b.fraud }},
	{"amount > 50000000 && level in ['province', 'ministry']", func(b benchFacts) bool {
		return b.amount > 50_000_000 && (b.level == "province" || b.level == "ministry")
	}},
	{"object.kind == 'device' && (object.count >= 3 || conduct.occasions >= 5)", func(b benchFacts) bool { return b.kind == "device" && (b.count >= 3 || b.occasions >= 5) }},
	{"conduct.done < date('2022-12-01') && !fraud", func(b benchFacts) bool { return b.done < "2022-12-01" && !b.fraud }},
	{"object.kind in ['line', 'number'] && object.count > 5 && level == 'city'", func(b benchFacts) bool {
		return (b.kind == "line" || b.kind == "number") && b.count > 5 && b.level == "city"
	}},
	{"again && conduct.occasions >= 3", func(b benchFacts) bool { return b.again && b.occasions >= 3 }},
	{"fraud && amount >= 5000000 && amount < 20000000", func(b benchFacts) bool { return b.fraud && b.amount >= 5_000_000 && b.amount < 20_000_000 }},
	{"object.kind == 'wallet' && again", func(b benchFacts) bool { return b.kind == "wallet" && b.again }},
	{"days(conduct.done, 30) >= date('2024-12-01') && object.count == 3", func(b benchFacts) bool { return b.done >= "2024-11-01" && b.count == 3 }},
	{"level == 'county' && amount > 2000000 && !again", func(b benchFacts) bool { return b.level == "county" && b.amount > 2_000_000 && !b.again }},
	{"object.kind == 'account' && conduct.occasions * 2 > object.count", func(b benchFacts) bool { return b.kind == "account" && b.occasions*2 > b.count }},
	{"object.kind == 'card' && object.count >= 3", func(b benchFacts) bool { return b.kind == "card" && b.count >= 3 }},
	{"conduct.done >= date('2024-12-01') && fraud", func(b benchFacts) bool { return b.done >= "2024-12-01" && b.fraud }},
	{"amount > 1000000 && level == 'ministry'", func(b benchFacts) bool { return b.amount > 1_000_000 && b.level == "ministry" }},
	{"object.kind == 'number' && conduct.occasions > 0", func(b benchFacts) bool { return b.kind == "number" && b.occasions > 0 }},
	{"object.kind == 'line' && !again && object.count > 1", func(b benchFacts) bool { return b.kind == "line" && !b.again && b.count > 1 }},
	{"fraud && conduct.occasions == 1", func(b benchFacts) bool { return b.fraud && b.occasions == 1 }},
	{"object.count + conduct.occasions > 8", func(b benchFacts) bool { return b.count+b.occasions > 8 }},
	{"level != 'county' && object.kind != 'card'", func(b benchFacts) bool { return b.level != "county" && b.kind != "card" }},
	{"true", func(benchFacts) bool { return true }},
}

// benchFacts are one input.
type benchFacts struct {
	kind, level, done        string
	count, occasions, amount int
	fraud, again             bool
}

// benchPack writes the pack.
func benchPack() string {
	var b strings.Builder
	b.WriteString(`pack: bench
version: 1
title: {zh: 测速用表, en: a table to measure}
summary: {zh: 测速用, en: to measure}
jurisdiction: nation
effective: {from: 2024-12-01}
sources: {own: {document: 测速用表（不是规定）}}
inputs:
  object.kind: {type: enum, zh: 种类, en: kind, of: {card: {zh: 卡, en: card}, account: {zh: 账户, en: account}, wallet: {zh: 钱包, en: wallet}, line: {zh: 线路, en: line}, number: {zh: 号码, en: number}, device: {zh: 设备, en: device}}}
  object.count: {type: int, min: 0, max: 1000, zh: 数量, en: count}
  conduct.occasions: {type: int, min: 0, max: 1000, zh: 次数, en: occasions}
  conduct.done: {type: date, zh: 日期, en: day}
  amount: {type: int, min: 0, zh: 金额（分）, en: amount in fen}
  fraud: {type: bool, zh: 涉诈, en: fraud}
  again: {type: bool, zh: 再次, en: again}
  level: {type: enum, zh: 层级, en: level, of: {county: {zh: 县级, en: county}, city: {zh: 市级, en: city}, province: {zh: 省级, en: province}, ministry: {zh: 部, en: ministry}}}
tables:
  outcome:
    zh: 结论
    en: outcome
    hit: first
    gives: {row: string, years: int}
    source: own
    status: C
    rows:
`)
	for i, r := range benchRules {
		fmt.Fprintf(&b, "      - {id: B-%02d, zh: 第%d行, en: row %d, when: \"%s\", then: {row: r%02d, years: %d}, article: 第%d条, phrase: 测速}\n", i+1, i+1, i+1, r.cel, i+1, 1+i%5, i+1)
	}
	b.WriteString("result: {row: \"=outcome.row\", years: \"=outcome.years\"}\n")
	return b.String()
}

// benchInputs draws n inputs, of which some leave something out when asked,
// and the row that applies to each whole one. Every row gets its share.
func benchInputs(_ *policy.Pack, n int, leaving bool) (inputs []map[string]any, want []string) {
	random := rand.New(rand.NewPCG(1, 2)) // the same on every run
	share := map[string]int{}
	for tries := 0; len(inputs) < n && tries < 1000*n; tries++ {
		f := benchFacts{
			kind: benchKinds[random.IntN(len(benchKinds))], level: benchLevels[random.IntN(len(benchLevels))],
			done:  time.Date(2022, 1, 1+random.IntN(1300), 0, 0, 0, 0, time.UTC).Format(time.DateOnly),
			count: random.IntN(15), occasions: random.IntN(8), amount: random.IntN(90_000_000) * random.IntN(2), fraud: random.IntN(2) == 0, again: random.IntN(2) == 0,
		}
		row := ""
		for i, r := range benchRules {
			if r.goes(f) {
				row = fmt.Sprintf("r%02d", i+1)
				break
			}
		}
		if share[row] > n/benchedRows {
			continue
		}
		share[row]++
		in := map[string]any{
			"object": map[string]any{"kind": f.kind, "count": float64(f.count)}, "conduct": map[string]any{"occasions": float64(f.occasions), "done": f.done},
			"amount": float64(f.amount), "fraud": f.fraud, "again": f.again, "level": f.level,
		}
		if leaving && random.IntN(4) == 0 {
			delete(in, []string{"amount", "fraud", "again", "level"}[random.IntN(4)])
		}
		inputs, want = append(inputs, in), append(want, row)
	}
	return inputs, want
}

func incomplete(inputs []map[string]any) (n int) {
	for _, in := range inputs {
		if len(in) < 6 {
			n++
		}
	}
	return n
}
