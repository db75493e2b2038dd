package rule

import (
	"fmt"
	"math"
	"testing"

	"cel.dev/cel-go/cel"
	"pgregory.net/rapid"

	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// TestConditionsAgainstCEL compares what conditions mean with cel-go's own
// programs, over features of every form: counts, yuan, seconds and floats.
func TestConditionsAgainstCEL(t *testing.T) {
	p, err := Parse("p.yaml", []byte(`pack: p
version: 1
event: transfer
features:
  - {name: n, key: from, aggregate: count, window: 1h}
  - {name: yuan, key: from, aggregate: sum, of: amount, window: 1h}
  - {name: idle, key: from, aggregate: since}
  - {name: mean, key: from, aggregate: mean, of: amount, window: 1h, empty: -2}
`))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"n", "yuan", "idle", "mean", "amount"}
	options := []cel.EnvOption{cel.CrossTypeNumericComparisons(true), cel.Variable("to", cel.StringType)}
	for _, n := range names {
		options = append(options, cel.Variable(n, cel.DoubleType))
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		t.Fatal(err)
	}
	builder := feed.NewBuilder(feed.Transfer)
	rapid.Check(t, func(t *rapid.T) {
		// Written with a point: cel-go compares no whole number for equality.
		literal := rapid.SampledFrom([]string{"0.0", "1.0", "2.0", "3.0", "0.5", "1.25", "2.01", "2.3", "-1.0", "-2.0", "-0.5", "100.0", "0.07"})
		name := rapid.SampledFrom(names)
		number := func() string {
			switch rapid.IntRange(0, 5).Draw(t, "number") {
			case 0:
				return fmt.Sprintf("(%s %s %s)", name.Draw(t, "a"), rapid.SampledFrom([]string{"+", "-", "*"}).Draw(t, "op"), name.Draw(t, "b"))
			case 1:
				return literal.Draw(t, "literal")
			}
			return name.Draw(t, "name")
		}
		var condition func(depth int) string
		condition = func(depth int) string {
			if depth > 0 {
				switch rapid.IntRange(0, 4).Draw(t, "form") {
				case 0:
					return "(" + condition(depth-1) + " && " + condition(depth-1) + ")"
				case 1:
					return "(" + condition(depth-1) + " || " + condition(depth-1) + ")"
				case 2:
					return "!(" + condition(depth-1) + ")"
				case 3:
					return fmt.Sprintf("to.%s('%s')", rapid.SampledFrom([]string{"startsWith", "endsWith", "contains"}).Draw(t, "text"), rapid.SampledFrom([]string{"6", "62", "", "9"}).Draw(t, "part"))
				}
			}
			return number() + " " + rapid.SampledFrom([]string{"<", "<=", ">", ">=", "==", "!="}).Draw(t, "compare") + " " + number()
		}
		text := condition(3)
		c, err := p.scope(feed.Transfer, nil).compile(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if c, err = c.bind([]int{0, 1, 2, 3}, nil); err != nil {
			t.Fatal(err)
		}
		tree, issues := env.Compile(text)
		if issues.Err() != nil {
			t.Fatalf("%s: %v", text, issues.Err())
		}
		program, err := env.Program(tree)
		if err != nil {
			t.Fatal(err)
		}
		small := rapid.SampledFrom([]int64{0, 1, 2, 3, 7, 50, 100, 125, 200, 201, 230, 300})
		fen, sum, micros := small.Draw(t, "fen"), small.Draw(t, "sum"), small.Draw(t, "micros")*10_000
		count, mean := small.Draw(t, "count"), rapid.SampledFrom([]float64{0, 0.07, 0.5, 1.25, 2, 3, -0.5, -1, -2, 2.3}).Draw(t, "mean")
		builder.Reset()
		if !builder.Add(map[string]string{"time": "2026-03-02T02:00:00Z", "from": "1", "to": "6222", "amount": fmt.Sprintf("%d.%02d", fen/100, fen%100)}) {
			t.Fatal(builder.Batch().Refused)
		}
		bits := feature.Value(math.Float64bits(mean))
		if mean == 0 {
			bits = 0
		}
		b := builder.Batch()
		ours := c.decide(&moment{batch: b, event: &b.Events[0], values: []feature.Value{feature.Value(count), feature.Value(sum), feature.Value(micros), bits}}) == yes
		theirs, _, err := program.Eval(map[string]any{
			"n": float64(count), "yuan": float64(sum) / 100, "idle": float64(micros) / 1e6, "mean": mean, "amount": float64(fen) / 100, "to": "6222",
		})
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if theirs.Value() != ours {
			t.Fatalf("%s with n=%d yuan=%d fen, idle=%d us, mean=%v, amount=%d fen: cel-go says %v, and we %v", text, count, sum, micros, mean, fen, theirs.Value(), ours)
		}
	})
}

// TestAbsent: no comparison with what is absent holds, and has() tells.
func TestAbsent(t *testing.T) {
	p, err := Parse("p.yaml", []byte("pack: p\nversion: 1\nevent: call\nfeatures:\n  - {name: mean, key: caller, aggregate: mean, of: duration_s, window: 1h}\n  - {name: n, key: caller, aggregate: count, window: 1h}\n"))
	if err != nil {
		t.Fatal(err)
	}
	builder := feed.NewBuilder(feed.Call)
	builder.Add(map[string]string{"start": "2026-03-02T02:30:00Z", "callee": "2"})
	b := builder.Batch()
	for text, want := range map[string]answer{
		"mean < 5": no, "mean >= -5": no, "mean == 0": no, "mean != 3": no, "5 > mean": no, "mean + 1 > 0": no, "mean * 0 == 0": no, "!(mean < 5)": yes,
		"duration_s < 5": no, "duration_s >= 0": no, "has(mean)": no, "has(n)": yes, "has(duration_s)": no, "has(caller)": no, "has(callee)": yes,
		"caller == ''": yes, "answered": no, "1 / mean > 0": no, "mean / n > 0": no, "n / n > 0": nothing, "n / n > 0 && n > 1": no, "n > 1 && n / n > 0": no,
		"n / n > 0 || n == 0": yes, "n == 0 || n / n > 0": yes, "!(n / n > 0)": nothing, "n in [1, 0]": yes, "duration_s in [0, 1]": no, "callee in ['1', '2']": yes,
		"hour(start) == 10 && weekday(start) == 1": yes, "size(callee) == 1": yes, "has(caller) == has(callee)": no, "-n <= 0": yes, "n < 0.5 && n > -0.5": yes,
		"(n / n > 0 || mean > 0) && n == 0": nothing, "n > 9223372036854775807": no, "n / 2 == 0": yes,
	} {
		c, err := p.scope(feed.Call, nil).compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if c, err = c.bind([]int{0, 1}, nil); err != nil {
			t.Fatal(err)
		}
		if got := c.decide(&moment{batch: b, event: &b.Events[0], values: []feature.Value{feature.Absent, 0}}); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
