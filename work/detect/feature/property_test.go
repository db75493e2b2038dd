package feature_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// A call as the oracle sees it. Times are microseconds; "" and -1 are absent.
type call struct {
	at                  int64
	caller, callee      string
	duration            int64
	answered            string
	imei, cell, outcome string
	known               int64 // 0: with the event
	number              int
}

// judged is the outcome as far as it is known at a moment.
func (c call) judged(now int64) string {
	if c.known > now {
		return ""
	}
	return c.outcome
}

func (c call) field(name string) string {
	return map[string]string{"caller": c.caller, "callee": c.callee, "imei": c.imei, "cell": c.cell}[name]
}

func (c call) key(names []string) (string, bool) {
	parts := []string{}
	for _, name := range names {
		if c.field(name) == "" {
			return "", false
		}
		parts = append(parts, c.field(name))
	}
	return strings.Join(parts, "|"), true
}

// conditions in the language of packs and in Go.
var conditions = []struct {
	cel  string
	late bool
	goes func(c call, now int64) bool
}{
	{"", false, func(call, int64) bool { return true }},
	{"duration_s >= 5", false, func(c call, _ int64) bool { return c.duration >= 5 }},
	{"!(duration_s < 3)", false, func(c call, _ int64) bool { return c.duration < 0 || c.duration >= 3 }},
	{"answered", false, func(c call, _ int64) bool { return c.answered == "true" }},
	{"has(imei) && !answered", false, func(c call, _ int64) bool { return c.imei != "" && c.answered != "true" }},
	{"imei == 'b' || cell in ['a', 'c']", false, func(c call, _ int64) bool { return c.imei == "b" || c.cell == "a" || c.cell == "c" }},
	{"caller != callee && callee.startsWith('b')", false, func(c call, _ int64) bool { return c.caller != c.callee && strings.HasPrefix(c.callee, "b") }},
	{"outcome == 'confirmed'", true, func(c call, now int64) bool { return c.judged(now) == "confirmed" }},
	{"outcome != 'cleared' && duration_s > 2", true, func(c call, now int64) bool { return c.judged(now) != "cleared" && c.duration > 2 }},
	{"has(outcome)", true, func(c call, now int64) bool { return c.judged(now) != "" }},
}

// declared is a feature as the test declares it.
type declared struct {
	name, aggregate, of string
	key, read           []string
	filter, condition   int // of conditions
	window, offset      time.Duration
	panes               int
	parts               [2]string
}

func (d declared) yaml() string {
	list := func(of []string) string { return "[" + strings.Join(of, ", ") + "]" }
	out := fmt.Sprintf("  - {name: %s, aggregate: %s", d.name, d.aggregate)
	if d.aggregate == "ratio" {
		return out + fmt.Sprintf(", of: [%s, %s]}\n", d.parts[0], d.parts[1])
	}
	out += ", key: " + list(d.key)
	if d.read != nil {
		out += ", read: " + list(d.read)
	}
	if d.filter > 0 {
		out += fmt.Sprintf(", filter: %q", conditions[d.filter].cel)
	}
	switch {
	case d.aggregate == "share":
		out += fmt.Sprintf(", of: %q", conditions[d.condition].cel)
	case d.of != "":
		out += ", of: " + d.of
	}
	if d.window > 0 {
		out += fmt.Sprintf(", window: %dm", int(d.window.Minutes()))
	}
	if d.offset > 0 {
		out += fmt.Sprintf(", offset: %dm", int(d.offset.Minutes()))
	}
	if d.panes > 0 {
		out += fmt.Sprintf(", panes: %d", d.panes)
	}
	return out + "}\n"
}

// want computes a feature for a call by going through all that were before;
// ok is false for empty.
func (d declared) want(calls []call, i int, others map[string]float64) (x float64, ok bool) {
	if d.aggregate == "ratio" {
		a, okA := others[d.parts[0]]
		b, okB := others[d.parts[1]]
		return a / b, okA && okB && b != 0
	}
	now := calls[i]
	read := d.key
	if d.read != nil {
		read = d.read
	}
	mine, ok := now.key(read)
	if !ok {
		return 0, false
	}
	n, hits, sum := 0, 0, 0.0
	values, distinct := []float64{}, map[string]bool{}
	for k := 0; k <= i; k++ {
		c := calls[k]
		if d.aggregate == "last_seen" || d.aggregate == "since" && d.of != "first_seen" {
			if k == i {
				break // those before the present one
			}
		}
		if key, ok := c.key(d.key); !ok || key != mine || !d.inside(c.at, now.at) || !conditions[d.filter].goes(c, now.at) {
			continue
		}
		switch d.of {
		case "duration_s":
			if c.duration < 0 {
				continue
			}
			values = append(values, float64(c.duration))
			distinct[fmt.Sprint(c.duration)] = true
		case "callee", "cell":
			if c.field(d.of) == "" {
				continue
			}
			distinct[c.field(d.of)] = true
		default:
			values = append(values, float64(c.at)) // microseconds are whole numbers: a difference of two is exact
		}
		n++
		if d.aggregate == "share" && conditions[d.condition].goes(c, now.at) {
			hits++
		}
	}
	for _, v := range values {
		sum += v
	}
	switch d.aggregate {
	case "count":
		return float64(n), true
	case "sum":
		return sum, true
	case "distinct":
		return float64(len(distinct)), true
	case "share":
		return float64(hits) / float64(n), n > 0
	case "mean":
		return sum / float64(n), n > 0
	case "stddev":
		squares := 0.0
		for _, v := range values {
			squares += (v - sum/float64(n)) * (v - sum/float64(n))
		}
		return math.Sqrt(squares / float64(n-1)), n > 1
	}
	if n == 0 {
		return 0, false
	}
	switch {
	case d.aggregate == "first_seen":
		return slices.Min(values) / 1e6, true
	case d.aggregate == "last_seen":
		return slices.Max(values) / 1e6, true
	case d.aggregate == "since" && d.of == "first_seen":
		return (float64(now.at) - slices.Min(values)) / 1e6, true
	case d.aggregate == "since":
		return (float64(now.at) - slices.Max(values)) / 1e6, true
	case d.aggregate == "min":
		return slices.Min(values), true
	}
	return slices.Max(values), true
}

// inside is the window. In panes a window that ends now begins at the beginning
// of a pane, less than a pane earlier; one that ends some time ago ends at the
// end of a pane too.
func (d declared) inside(at, now int64) bool {
	end := now - d.offset.Microseconds()
	if d.panes == 0 {
		return at <= end && (d.window == 0 || at > end-d.window.Microseconds())
	}
	pane := d.window.Microseconds() / int64(d.panes)
	last := at - at%pane + pane - 1
	if d.offset > 0 && last > end || at-at%pane > end {
		return false
	}
	return last > end-d.window.Microseconds()
}

func drawFeature(t *rapid.T, name string, before []declared) declared {
	d := declared{name: name}
	d.aggregate = rapid.SampledFrom([]string{"count", "sum", "mean", "min", "max", "stddev", "distinct", "share", "ratio", "first_seen", "last_seen", "since"}).Draw(t, "aggregate")
	if d.aggregate == "ratio" {
		numbers := []string{}
		for _, b := range before {
			if b.aggregate != "first_seen" && b.aggregate != "last_seen" {
				numbers = append(numbers, b.name)
			}
		}
		if len(numbers) > 0 {
			d.parts = [2]string{rapid.SampledFrom(numbers).Draw(t, "part"), rapid.SampledFrom(numbers).Draw(t, "part")}
			return d
		}
		d.aggregate = "count"
	}
	keys := [][2][]string{
		{{"caller"}, nil}, {{"callee"}, nil}, {{"imei"}, nil}, {{"caller", "callee"}, nil}, {{"cell", "imei", "caller"}, nil},
		{{"callee"}, {"caller"}}, {{"caller"}, {"callee"}}, {{"caller", "callee"}, {"callee", "caller"}},
	}
	k := rapid.SampledFrom(keys).Draw(t, "key")
	d.key, d.read = k[0], k[1]
	last := len(conditions) - 1
	if slices.Contains([]string{"min", "max", "distinct", "first_seen", "last_seen", "since"}, d.aggregate) {
		last = slices.IndexFunc(conditions, func(c struct {
			cel  string
			late bool
			goes func(c call, now int64) bool
		}) bool {
			return c.late
		}) - 1
	}
	d.filter = rapid.IntRange(0, last).Draw(t, "filter")
	switch d.aggregate {
	case "sum", "mean", "min", "max", "stddev":
		d.of = "duration_s"
	case "distinct":
		d.of = rapid.SampledFrom([]string{"callee", "cell", "duration_s"}).Draw(t, "of")
	case "share":
		d.condition = rapid.IntRange(1, len(conditions)-1).Draw(t, "condition")
	case "since":
		d.of = rapid.SampledFrom([]string{"", "first_seen", "last_seen"}).Draw(t, "of")
	}
	d.window = rapid.SampledFrom([]time.Duration{0, 1, 2, 5, 10, 60}).Draw(t, "window") * time.Minute
	d.offset = rapid.SampledFrom([]time.Duration{0, 0, 1, 3, 10}).Draw(t, "offset") * time.Minute
	panes := rapid.SampledFrom([]int{0, 2, 4, 5}).Draw(t, "panes")
	plain := !slices.Contains([]string{"first_seen", "last_seen", "since"}, d.aggregate) && (d.aggregate != "distinct" || d.offset == 0)
	if panes > 0 && d.window > 0 && plain && d.offset%(d.window/time.Duration(panes)) == 0 {
		d.panes = panes
	}
	return d
}

const late = 90 * time.Second

func drawCalls(t *rapid.T) []call {
	calls := []call{}
	who := rapid.SampledFrom([]string{"a", "b", "c", "a longer name than fits in", "a longer name than fits at"})
	some := rapid.SampledFrom([]string{"", "a", "b", "c"})
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	arrivals := map[int]int64{}
	for i := range rapid.IntRange(1, 80).Draw(t, "calls") {
		// Half a minute's grid makes ties and times that lie on boundaries.
		at := begin + int64(rapid.IntRange(0, 60).Draw(t, "at"))*30_000_000
		if rapid.Bool().Draw(t, "off the grid") {
			at += int64(rapid.IntRange(-5_000_000, 5_000_000).Draw(t, "by"))
		}
		c := call{at: at, number: i, caller: who.Draw(t, "caller"), callee: who.Draw(t, "callee"), duration: int64(rapid.IntRange(-1, 9).Draw(t, "duration")),
			answered: rapid.SampledFrom([]string{"", "true", "false"}).Draw(t, "answered"), imei: some.Draw(t, "imei"), cell: some.Draw(t, "cell"),
			outcome: rapid.SampledFrom([]string{"", "confirmed", "cleared"}).Draw(t, "outcome")}
		if c.outcome != "" && rapid.Bool().Draw(t, "later") {
			c.known = at + int64(rapid.IntRange(-60, 900).Draw(t, "known"))*1_000_000
		}
		if rapid.IntRange(0, 9).Draw(t, "withheld") == 0 {
			c.caller = ""
		}
		arrivals[i] = at + int64(rapid.IntRange(0, int(late.Microseconds())).Draw(t, "delay"))
		calls = append(calls, c)
	}
	slices.SortStableFunc(calls, func(a, b call) int { return int(arrivals[a.number] - arrivals[b.number]) })
	for i := range calls {
		calls[i].number = i
	}
	return calls
}

func file(calls []call) string {
	var out strings.Builder
	out.WriteString("id,start,caller,callee,duration_s,answered,imei,imsi,cell,outcome,known\n")
	for _, c := range calls {
		duration, known := strconv.FormatInt(c.duration, 10), ""
		if c.duration < 0 {
			duration = ""
		}
		if c.known > 0 {
			known = time.UnixMicro(c.known).UTC().Format(time.RFC3339Nano)
		}
		fmt.Fprintf(&out, "%d,%s,%s,%s,%s,%s,%s,,%s,%s,%s\n", c.number, time.UnixMicro(c.at).UTC().Format(time.RFC3339Nano), c.caller, c.callee, duration, c.answered, c.imei, c.cell, c.outcome, known)
	}
	return out.String()
}

// TestFeaturesAgainstAnOracle: every aggregate, key, filter, window, offset,
// exact and in panes, over events that come out of order, with outcomes that
// become known later, is what going through all earlier events gives.
func TestFeaturesAgainstAnOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		features := []declared{}
		pack := "pack: drawn\nversion: 1\nevent: call\nfeatures:\n"
		for i := range rapid.IntRange(1, 12).Draw(t, "features") {
			d := drawFeature(t, fmt.Sprintf("f%d", i), features)
			features = append(features, d)
			pack += d.yaml()
		}
		calls := drawCalls(t)
		allowed := late
		if rapid.Bool().Draw(t, "in order") {
			slices.SortStableFunc(calls, func(a, b call) int { return int(a.at - b.at) })
			allowed = 0
		}
		rows, sum := export(t, pack, feed.Call, file(calls), feature.Options{Late: allowed})
		if int(sum.Events) != len(calls) || len(rows) != len(calls)+1 || sum.Refused > 0 {
			t.Fatalf("%d events of %d came out, %d refused\n%s", sum.Events, len(calls), sum.Refused, file(calls))
		}
		at := map[string]int{}
		for i, name := range rows[0] {
			at[name] = i
		}
		row := map[int][]string{}
		for i, c := range calls {
			if row[c.number] = rows[i+1]; rows[i+1][0] != strconv.Itoa(c.number) {
				t.Fatalf("row %d is of call %s, want %d", i+2, rows[i+1][0], c.number)
			}
		}
		sorted := slices.Clone(calls)
		slices.SortStableFunc(sorted, func(a, b call) int { return int(a.at - b.at) })
		for i, c := range sorted {
			others := map[string]float64{}
			for _, d := range features {
				want, ok := d.want(sorted, i, others)
				if ok {
					others[d.name] = want
				}
				if got := row[c.number][at[d.name]]; !agrees(got, want, ok) {
					t.Fatalf("call %d: %s is %q, want %v (%v)\n%s%s", c.number, d.name, got, want, ok, pack, file(calls))
				}
			}
		}
	})
}

func agrees(got string, want float64, ok bool) bool {
	if !ok || got == "" {
		return !ok && got == ""
	}
	x, err := strconv.ParseFloat(got, 64)
	if err != nil {
		at, err := time.Parse(time.RFC3339, got)
		if err != nil {
			return false
		}
		x = float64(at.UnixMicro()) / 1e6
	}
	return math.Abs(x-want) <= 1e-6*max(1, math.Abs(want)/1e6)
}

// export runs a pack over a file and returns the rows that come out.
func export(t rapid.TB, pack string, kind feed.Kind, text string, o feature.Options) ([][]string, feature.Summary) {
	t.Helper()
	p, err := feature.Parse("p.yaml", []byte(pack))
	if err != nil {
		t.Fatalf("%v\n%s", err, pack)
	}
	g, err := p.Engine(kind, 2)
	if err != nil {
		t.Fatal(err)
	}
	m, err := feed.Canonical(kind, feed.CSV)
	if err != nil {
		t.Fatal(err)
	}
	src, err := feed.Open(strings.NewReader(text), m)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var out bytes.Buffer
	sum, err := feature.Export(context.Background(), src, g, &out, o)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows, sum
}
