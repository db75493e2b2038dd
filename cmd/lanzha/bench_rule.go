package main

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"lanzha/work/detect/feature"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// BenchRuleCmd measures rules.
type BenchRuleCmd struct {
	For  time.Duration `default:"500ms" help:"How long a run takes."`
	Runs int           `default:"5" help:"Runs of each sort; the middle one counts."`
	JSON bool          `name:"json" help:"Print one line of JSON, which is all there is."`
}

// Help says what is measured.
func (c *BenchRuleCmd) Help() string {
	return strings.Join(strings.Fields(`One condition of five comparisons over four features and a field of a call, drawn so that the first four hold
		and the fifth decides: all five are made. The same text runs as cel-go's own program, optimized, over an activation whose values are
		made beforehand in cel-go's types; both answers are compared for every input. Then 50 rules of three to five comparisons over
		the features of calls as the engine gives them, of which none holds: what an ordinary event costs behind its features. Processor
		time, one core.`), " ")
}

// benchedRule is what the command prints.
type benchedRule struct {
	NS          float64   `json:"ns_per_condition"`       // the middle run
	CelGo       float64   `json:"celgo_ns_per_condition"` // the middle run
	Ratio       float64   `json:"ratio"`                  // of the two
	Comparisons int       `json:"comparisons"`
	Rules       int       `json:"rules"`
	NSPerEvent  float64   `json:"ns_per_event_50_rules"` // the middle run
	Asked       float64   `json:"rules_asked_per_event"` // whose first comparison held, so that the rest was looked at
	Held        float64   `json:"condition_held"`        // share of the inputs
	Runs        []float64 `json:"runs"`                  // ns per condition
	CelGoRuns   []float64 `json:"celgo_runs"`
	EventRuns   []float64 `json:"event_runs"`
	Inputs      int       `json:"inputs"`
	Checked     bool      `json:"checked"` // the two answered alike for every input
	Measured    string    `json:"measured"`
}

const (
	benchedCondition = "calls_1h >= 20 && answered_share_1h < 0.3 && callees_1h > 15 && idle_s <= 120 && duration_s < 30"
	benchedInputs    = 512 // what they are made of fits into the nearest caches
)

// benchRulePack is a pack of features and of so many rules that no call below
// meets: each wants something common and something that is not there.
func benchRulePack(rules int) string {
	var b strings.Builder
	b.WriteString(`pack: bench
version: 1
title: {zh: 测速用规则, en: rules to measure}
event: call
features:
  - {name: calls_1h, key: caller, aggregate: count, window: 1h}
  - {name: answered_share_1h, key: caller, aggregate: share, of: answered, window: 1h}
  - {name: callees_1h, key: caller, aggregate: distinct, of: callee, window: 1h}
  - {name: idle_s, key: caller, aggregate: since}
  - {name: calls_10m, key: caller, aggregate: count, window: 10m}
  - {name: mean_s_1d, key: caller, aggregate: mean, of: duration_s, window: 1d}
  - {name: imsis_1h, key: imei, aggregate: distinct, of: imsi, window: 1h}
  - {name: device_calls_1h, key: imei, aggregate: count, window: 1h}
  - {name: cell_calls_1h, key: cell, aggregate: count, window: 1h}
  - {name: received_1h, key: callee, aggregate: count, window: 1h}
  - {name: longest_1d, key: callee, aggregate: max, of: duration_s, window: 1d}
  - {name: age_s, key: caller, aggregate: since, of: first_seen}
rules:
`)
	for i := range rules {
		n := i / 5
		when := []string{
			fmt.Sprintf("calls_1h >= %d && answered_share_1h < 0.2 && callees_1h > 400", 2+n),
			fmt.Sprintf("imsis_1h >= %d && device_calls_1h > 5 && answered_share_1h < 0.1 && imsis_1h > 90", 2+n),
			fmt.Sprintf("mean_s_1d < %d && calls_10m >= 2 && age_s < 86400 && duration_s > 7200", 20+n),
			fmt.Sprintf("received_1h >= %d && longest_1d > 600 && longest_1d > 100 * mean_s_1d && idle_s > 3600 && caller != ''", 2+n),
			fmt.Sprintf("cell_calls_1h > %d && callees_1h >= 3 && has(longest_1d) && duration_s == 1 && calls_1h > 300", 40+10*n),
		}[i%5]
		if i == 0 {
			when = benchedCondition
		}
		fmt.Fprintf(&b, "  - {id: rule-%02d, title: {zh: 规则%d, en: rule %d}, subject: caller, weight: 5, when: \"%s\", reason: {zh: \"近1小时{calls_1h}次\", en: \"{calls_1h} in 1 h\"}}\n", i+1, i+1, i+1, when)
	}
	return b.String()
}

// Run measures and prints.
func (c *BenchRuleCmd) Run(std *Std) error {
	if c.Runs < 1 || c.For < 50*time.Millisecond {
		return errors.New("one run of 50 ms at least is wanted: processor time is told in steps")
	}
	const rules = 50
	pack, err := rule.Parse("bench.yaml", []byte(benchRulePack(rules)))
	if err != nil {
		return err
	}
	machine, err := rule.NewMachine([]*rule.Pack{pack}, rule.Options{})
	if err != nil {
		return err
	}
	out := benchedRule{Comparisons: 5, Rules: rules, Inputs: benchedInputs, Measured: "processor time; a condition of five comparisons that are all made, beside cel-go's program; 50 rules of which none holds, behind the features"}
	if err := c.condition(machine, &out); err != nil {
		return err
	}
	if err := c.events(machine, &out); err != nil {
		return err
	}
	return printJSON(std.Out, out)
}

// condition measures one condition in both ways.
func (c *BenchRuleCmd) condition(m *rule.Machine, out *benchedRule) error {
	names := []string{}
	for _, f := range m.Features(feed.Call) {
		names = append(names, f.Name)
	}
	program, err := celProgram(names)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, 2)) // the same on every run
	builder := feed.NewBuilder(feed.Call)
	values := make([][]feature.Value, benchedInputs)
	activations := make([]cel.Activation, benchedInputs)
	for i := range values {
		seconds := random.Int64N(60)
		if !builder.Add(map[string]string{"start": "2026-03-02T02:00:00Z", "caller": "13800000001", "callee": "13900000001", "duration_s": fmt.Sprint(seconds)}) {
			return errors.New("an event was refused")
		}
		drawn := map[string]float64{
			"calls_1h": 20 + float64(random.IntN(100)), "answered_share_1h": 0.29 * random.Float64(), "callees_1h": 16 + float64(random.IntN(50)),
			"idle_s": float64(random.IntN(120)), "duration_s": float64(seconds),
		}
		known := map[string]any{}
		for k, v := range drawn {
			known[k] = v
		}
		if activations[i], err = cel.NewActivation(known); err != nil {
			return err
		}
		values[i] = make([]feature.Value, len(names))
		for k, f := range m.Features(feed.Call) {
			switch scale := f.Scale(); scale {
			case 0:
				values[i][k] = feature.Value(math.Float64bits(drawn[f.Name]))
			default:
				values[i][k] = feature.Value(drawn[f.Name] * float64(scale))
			}
		}
	}
	batch, holds, held := builder.Batch(), m.Condition("rule-01"), 0
	for i := range values {
		theirs, _, err := program.Eval(activations[i])
		if err != nil {
			return err
		}
		ours := holds(batch, &batch.Events[i], values[i])
		if theirs.Value() != ours {
			return fmt.Errorf("input %d: cel-go says %v, and we %v", i, theirs.Value(), ours)
		}
		if ours {
			held++
		}
	}
	out.Checked, out.Held = true, thousandths(float64(held)/benchedInputs)
	for range c.Runs {
		out.Runs = append(out.Runs, c.time(func(i int) bool { return holds(batch, &batch.Events[i], values[i]) }))
		out.CelGoRuns = append(out.CelGoRuns, c.time(func(i int) bool {
			v, _, err := program.Eval(activations[i])
			return err == nil && v.Value() == true
		}))
	}
	out.NS, out.CelGo = median(out.Runs), median(out.CelGoRuns)
	out.Ratio = thousandths(out.CelGo / out.NS)
	return nil
}

// celProgram compiles the measured condition with cel-go itself.
func celProgram(features []string) (cel.Program, error) {
	options := []cel.EnvOption{cel.CrossTypeNumericComparisons(true), cel.Variable("duration_s", cel.DoubleType)}
	for _, name := range features {
		options = append(options, cel.Variable(name, cel.DoubleType))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		return nil, err
	}
	tree, issues := env.Compile(benchedCondition)
	if issues.Err() != nil {
		return nil, issues.Err()
	}
	return env.Program(tree, cel.EvalOptions(cel.OptOptimize))
}

// events measures what 50 rules cost an event of which none holds.
func (c *BenchRuleCmd) events(m *rule.Machine, out *benchedRule) error {
	random := rand.New(rand.NewPCG(3, 4))
	builder := feed.NewBuilder(feed.Call)
	start := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	for i := range benchedInputs {
		subscriber := random.IntN(600)
		if !builder.Add(map[string]string{
			"start": start.Add(time.Duration(i) * 500 * time.Millisecond).Format(time.RFC3339Nano), "caller": fmt.Sprintf("138%08d", subscriber),
			"callee": fmt.Sprintf("139%08d", random.IntN(800)), "duration_s": fmt.Sprint(random.IntN(180)), "answered": fmt.Sprint(random.IntN(3) > 0),
			"imei": fmt.Sprintf("8600000000%05d", subscriber), "imsi": fmt.Sprintf("4600000000%05d", subscriber), "cell": fmt.Sprintf("460-00-1-%d", subscriber%20),
		}) {
			return errors.New("an event was refused")
		}
	}
	batch, values := builder.Batch(), make([][]feature.Value, benchedInputs)
	hits := 0
	m.Add(feed.Call, batch, rule.AddOptions{All: true}, func(i int, v *rule.Verdict) {
		values[i], hits = slices.Clone(v.Values), hits+len(v.Hits)
	})
	if hits > 0 {
		return fmt.Errorf("%d times a rule held, and none should", hits)
	}
	for i, v := range values {
		out.Asked += float64(m.Asked(feed.Call, v)) / float64(len(values))
		if v == nil {
			return fmt.Errorf("event %d has no features", i)
		}
	}
	out.Asked = thousandths(out.Asked)
	for range c.Runs {
		out.EventRuns = append(out.EventRuns, c.time(func(i int) bool {
			return m.Judge(feed.Call, batch, &batch.Events[i], values[i], rule.AddOptions{}) != nil
		}))
	}
	out.NSPerEvent = median(out.EventRuns)
	return nil
}

// time is the nanoseconds of processor time that one call of f takes, over all inputs in turn for as long
// as a run takes.
func (c *BenchRuleCmd) time(f func(i int) bool) float64 {
	n, trues, start, used := 0, 0, time.Now(), cpu()
	for time.Since(start) < c.For {
		for i := range benchedInputs {
			if f(i) {
				trues++ // so that no answer goes unused
			}
		}
		n += benchedInputs
	}
	took := cpu() - used
	if trues > n {
		panic("more answers than questions")
	}
	return thousandths(float64(took.Nanoseconds()) / float64(n))
}

func median(of []float64) float64 {
	sorted := slices.Sorted(slices.Values(of))
	return sorted[len(sorted)/2]
}
