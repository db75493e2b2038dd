package rule_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lanzha"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

// TestShippedPacks: every rule that ships has cases, and they hold.
func TestShippedPacks(t *testing.T) {
	packs, err := rule.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	if len(packs) == 0 {
		t.Fatal("no pack is shipped")
	}
	if _, err := rule.NewMachine(packs, rule.Options{}); err != nil {
		t.Errorf("they cannot run together: %v", err)
	}
	for _, p := range packs {
		name, cases, ok := rule.ShippedCases(p)
		if !ok {
			t.Errorf("%s has no cases", p.Name)
			continue
		}
		tested, err := rule.Test(p, name, cases)
		if err != nil {
			t.Error(err)
		}
		for _, f := range tested.Failures {
			t.Errorf("%s: %s\n%s", f.At, f.Case.EN, strings.Join(f.Diff, "\n"))
		}
		findings, err := p.Lint(name, cases)
		if err != nil {
			t.Error(err)
		}
		for _, f := range findings {
			t.Errorf("%s: %s: %s: %s", f.At, f.Rule, f.Name, f.Message.EN)
		}
	}
}

const head = `pack: p
version: 1
title: {zh: 模型, en: rules}
event: call
features:
  - {name: calls_1h, title: {zh: 次数, en: calls}, key: caller, aggregate: count, window: 1h}
  - {name: seconds_1h, title: {zh: 时长, en: seconds}, key: caller, aggregate: sum, of: duration_s, window: 1h}
  - {name: share_1h, title: {zh: 接通率, en: answered}, key: caller, aggregate: share, of: answered, window: 1h}
  - {name: received_1h, title: {zh: 被叫, en: received}, key: callee, aggregate: count, window: 1h}
lists: [couriers]
`

func parse(t testing.TB, text string) *rule.Pack {
	t.Helper()
	p, err := rule.Parse("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func machine(t testing.TB, text string) *rule.Machine {
	t.Helper()
	m, err := rule.NewMachine([]*rule.Pack{parse(t, text)}, rule.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var begin = time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)

// calls makes a batch of calls: after how many seconds, who, whom, for how long.
func calls(t testing.TB, of ...[4]string) *feed.Batch {
	t.Helper()
	b := feed.NewBuilder(feed.Call)
	for _, c := range of {
		after, err := time.ParseDuration(c[0])
		if err != nil {
			t.Fatal(err)
		}
		if !b.Add(map[string]string{"start": begin.Add(after).Format(time.RFC3339Nano), "caller": c[1], "callee": c[2], "duration_s": c[3], "answered": fmt.Sprint(c[3] != "0")}) {
			t.Fatal(b.Batch().Refused)
		}
	}
	return b.Batch()
}

// run feeds calls and writes what is said as text.
func run(m *rule.Machine, b *feed.Batch, all bool) []string {
	out := []string{}
	m.Add(feed.Call, b, rule.AddOptions{All: all}, func(i int, v *rule.Verdict) {
		line := fmt.Sprintf("%d: %d %s %s", i, v.Score, v.Band, v.Action)
		for _, h := range v.Hits {
			line += fmt.Sprintf(" | %s %s raise=%v held=%v suppressed=%v err=%v %s / %s %v", h.Rule.ID, h.Subject, h.Raise, h.Held, h.Suppressed, h.Err, h.Reasons.ZH, h.Reasons.EN, h.Values)
		}
		out = append(out, line)
	})
	return out
}

// alerts are the rule and the subject of each alert of calls.
func alerts(m *rule.Machine, b *feed.Batch) []string {
	out := []string{}
	m.Add(feed.Call, b, rule.AddOptions{}, func(i int, v *rule.Verdict) {
		for _, h := range v.Hits {
			if h.Raise {
				out = append(out, fmt.Sprintf("%d %s %s", i, h.Rule.ID, h.Subject))
			}
		}
	})
	return out
}

func apply(t testing.TB, m *rule.Machine, c rule.Change) {
	t.Helper()
	if err := m.Apply(c, lanzha.At(begin)); err != nil {
		t.Fatal(err)
	}
}

// TestVerdict: scores add up, bands follow, reasons tell values in words.
func TestVerdict(t *testing.T) {
	m := machine(t, head+`
bands: {medium: 30, high: 60}
actions: {low: allow, medium: warn, high: hold}
rules:
  - {id: often, title: {zh: 频繁, en: often}, subject: caller, weight: 35, when: calls_1h >= 2, reason: {zh: "{calls_1h}次，接通率{share_1h%}，共{seconds_1h:duration}", en: "{calls_1h} calls, {share_1h%} answered, {seconds_1h:duration}"}}
  - {id: long, title: {zh: 久, en: long}, subject: callee, weight: 80, when: duration_s > 3600, reason: {zh: "{duration_s:duration}{{}}", en: "{duration_s}"}}
  - {id: tried, title: {zh: 试, en: tried}, subject: caller, weight: 50, status: shadow, when: calls_1h >= 2, reason: {zh: a, en: b}}
  - {id: never, title: {zh: 关, en: off}, subject: caller, weight: 50, status: off, when: calls_1h >= 0, reason: {zh: a, en: b}}
`)
	got := run(m, calls(t, [4]string{"0s", "1", "2", "0"}, [4]string{"1m", "1", "3", "200"}, [4]string{"2m", "1", "4", "3661"}), true)
	want := []string{
		"0: 0 low allow",
		"1: 35 medium warn | often 1 raise=true held=false suppressed=false err=<nil> 2次，接通率50%，共3分20秒 / 2 calls, 50% answered, 3 min 20 s [{calls_1h {次数 calls} 2} {share_1h {接通率 answered} 0.5} {seconds_1h {时长 seconds} 200}]" +
			" | tried 1 raise=false held=false suppressed=false err=<nil> a / b [{calls_1h {次数 calls} 2}]",
		"2: 100 high hold | often 1 raise=false held=true suppressed=false err=<nil> 3次，接通率66.7%，共1小时4分 / 3 calls, 66.7% answered, 1 h 4 min [{calls_1h {次数 calls} 3} {share_1h {接通率 answered} 0.6666666666666666} {seconds_1h {时长 seconds} 3861}]" +
			" | long 4 raise=true held=false suppressed=false err=<nil> 1小时1分{} / 3661 [{duration_s { } 3661}]" +
			" | tried 1 raise=false held=true suppressed=false err=<nil> a / b [{calls_1h {次数 calls} 3}]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	f := m.Figures()
	if f[0].Hits != 2 || f[0].Raised != 1 || f[0].Held != 1 || f[2].Raised != 1 || f[3].Hits != 0 {
		t.Errorf("figures: %+v", f)
	}
}

const often = head + `
rules:
  - {id: often, title: {zh: 频繁, en: often}, subject: caller, weight: 35, hold: 10m, when: "calls_1h >= 2 && !listed('couriers', caller)", reason: {zh: "{calls_1h}", en: "{calls_1h}"}}
`

// TestHold: one alert of a subject within the time, others of others.
func TestHold(t *testing.T) {
	m := machine(t, often)
	got := alerts(m, calls(t, [4]string{"0s", "1", "2", "1"}, [4]string{"1s", "1", "2", "1"}, [4]string{"2s", "9", "2", "1"}, [4]string{"3s", "9", "2", "1"},
		[4]string{"10m0.999999s", "1", "2", "1"}, [4]string{"10m1s", "1", "2", "1"}))
	if diff := cmp.Diff([]string{"1 often 1", "3 often 9", "5 often 1"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestLeftAlone: suppressions and lists, until they end or are taken back.
func TestLeftAlone(t *testing.T) {
	m := machine(t, often)
	until := lanzha.At(begin.Add(time.Minute))
	apply(t, m, rule.Change{Suppress: &rule.Suppression{Rule: "often", Domain: "number", Value: "1", Until: until}})
	apply(t, m, rule.Change{Suppress: &rule.Suppression{Domain: "number", Value: "2"}})
	apply(t, m, rule.Change{Suppress: &rule.Suppression{Rule: "other", Domain: "number", Value: "3"}})
	apply(t, m, rule.Change{Suppress: &rule.Suppression{Rule: "often", Domain: "account", Value: "3"}})
	apply(t, m, rule.Change{List: &rule.ListEntry{List: "couriers", Domain: "number", Value: "4", Until: until}})
	apply(t, m, rule.Change{List: &rule.ListEntry{List: "couriers", Domain: "account", Value: "3"}})
	b := calls(t, [4]string{"0s", "1", "x", "1"}, [4]string{"0s", "2", "x", "1"}, [4]string{"0s", "3", "x", "1"}, [4]string{"0s", "4", "x", "1"},
		[4]string{"1s", "1", "x", "1"}, [4]string{"1s", "2", "x", "1"}, [4]string{"1s", "3", "x", "1"}, [4]string{"1s", "4", "x", "1"},
		[4]string{"1m", "1", "x", "1"}, [4]string{"1m", "2", "x", "1"}, [4]string{"1m", "4", "x", "1"})
	if diff := cmp.Diff([]string{"6 often 3", "8 often 1", "10 often 4"}, alerts(m, b)); diff != "" {
		t.Error(diff)
	}
	if f := m.Figures()[0]; f.Suppressed != 3 || f.Hits != 6 {
		t.Errorf("figures %+v", f)
	}
	apply(t, m, rule.Change{Suppress: &rule.Suppression{Domain: "number", Value: "2", Lift: true}})
	apply(t, m, rule.Change{Suppress: &rule.Suppression{Domain: "number", Value: "2", Lift: true}}) // a repeat changes nothing
	if diff := cmp.Diff([]string{"0 often 2"}, alerts(m, calls(t, [4]string{"2m", "2", "x", "1"}))); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []rule.Change{
		{List: &rule.ListEntry{List: "couriers", Domain: "phone", Value: "4"}}, {List: &rule.ListEntry{List: "", Domain: "number", Value: "4"}},
		{Suppress: &rule.Suppression{Domain: "number"}}, {Packs: []string{"pack: x"}},
	} {
		if err := m.Apply(bad, 0); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// TestErrors: a rule that divides by zero stands alone with it.
func TestErrors(t *testing.T) {
	m := machine(t, head+`
rules:
  - {id: bad, title: {zh: 坏, en: bad}, subject: caller, weight: 10, when: "calls_1h / duration_s > 1", reason: {zh: a, en: a}}
  - {id: decided, title: {zh: 定, en: decided}, subject: caller, weight: 10, when: "calls_1h / duration_s > 1 && calls_1h > 5", reason: {zh: a, en: a}}
  - {id: either, title: {zh: 或, en: either}, subject: caller, weight: 10, when: "calls_1h / duration_s > 1 || calls_1h > 0", reason: {zh: a, en: a}}
  - {id: not, title: {zh: 非, en: not}, subject: caller, weight: 10, when: "!(calls_1h / duration_s > 1)", reason: {zh: a, en: a}}
`)
	got := []string{}
	m.Add(feed.Call, calls(t, [4]string{"0s", "1", "2", "0"}), rule.AddOptions{All: true}, func(_ int, v *rule.Verdict) {
		for _, h := range v.Hits {
			got = append(got, fmt.Sprint(h.Rule.ID, " ", h.Err, " ", v.Score))
		}
	})
	if diff := cmp.Diff([]string{"bad it divides by zero 10", "either <nil> 10", "not it divides by zero 10"}, got); diff != "" {
		t.Error(diff)
	}
	if f := m.Figures(); f[0].Errors != 1 || f[0].LastError == "" || f[1].Errors != 0 || f[2].Hits != 1 || f[3].Errors != 1 {
		t.Errorf("figures %+v", f)
	}
}

// TestReload: other packs take over what stays, and a wrong one changes nothing.
func TestReload(t *testing.T) {
	m := machine(t, often)
	alerts(m, calls(t, [4]string{"0s", "1", "2", "1"}, [4]string{"1s", "1", "2", "1"}))
	wrong := strings.Replace(often, "calls_1h >= 2", "call_1h >= 2", 1)
	if err := m.Apply(rule.Change{Packs: []string{wrong}}, 0); lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Fatal(err)
	}
	next := strings.Replace(often, "rules:\n", "rules:\n  - {id: more, title: {zh: 多, en: more}, subject: caller, weight: 35, when: calls_1h >= 4, reason: {zh: a, en: a}}\n", 1)
	apply(t, m, rule.Change{Packs: []string{next}})
	got := alerts(m, calls(t, [4]string{"2s", "1", "2", "1"}, [4]string{"3s", "1", "2", "1"}))
	if diff := cmp.Diff([]string{"1 more 1"}, got); diff != "" {
		t.Errorf("what was counted and held is lost: %s", diff)
	}
	if m.Figures()[1].Hits != 3 || len(m.Packs()) != 1 {
		t.Errorf("%+v", m.Figures())
	}
	apply(t, m, rule.Change{Packs: []string{}})
	if got := run(m, calls(t, [4]string{"4s", "1", "2", "1"}), true); got[0] != "0: 0 low allow" {
		t.Error(got)
	}
}

// TestSignal: yes, no, or unknown, about a value.
func TestSignal(t *testing.T) {
	m := machine(t, head+`
signals:
  - {id: busy, title: {zh: 忙, en: busy}, key: callee, when: received_1h >= 2}
`)
	alerts(m, calls(t, [4]string{"0s", "1", "2", "1"}, [4]string{"1s", "1", "2", "1"}, [4]string{"1s", "1", "3", "1"}))
	for value, want := range map[string]string{"2": "yes", "3": "no", "7": "unknown"} {
		for range 2 { // asking changes nothing
			if got, err := m.Signal("busy", value, lanzha.At(begin.Add(time.Minute))); got != want || err != nil {
				t.Errorf("%s: %s %v", value, got, err)
			}
		}
	}
	if got, _ := m.Signal("busy", "2", lanzha.At(begin.Add(2*time.Hour))); got == "yes" {
		t.Error("two hours later it is busy still")
	}
	if _, err := m.Signal("none", "2", 0); lanzha.CodeOf(err) != lanzha.CodeNotFound {
		t.Error(err)
	}
}

// TestSameInputSameOutput: the same calls and changes give the same verdicts,
// however they are cut into batches, and when the machine goes through
// snapshots in between.
func TestSameInputSameOutput(t *testing.T) {
	text := head + `
  # more
rules:
  - {id: often, title: {zh: 频繁, en: often}, subject: caller, weight: 35, hold: 1m, when: "calls_1h >= 3 && !listed('couriers', callee)", reason: {zh: "{calls_1h}", en: "{seconds_1h:duration}"}}
  - {id: long, title: {zh: 久, en: long}, subject: callee, weight: 45, hold: 2m, when: "seconds_1h / received_1h > 20 || share_1h < 0.5", reason: {zh: "{share_1h%}", en: "{received_1h}"}}
  - {id: zero, title: {zh: 零, en: zero}, subject: callee, weight: 1, hold: 0s, when: "calls_1h / duration_s > 1", reason: {zh: "{share_1h%}", en: "{received_1h}"}}
`
	text = strings.Replace(text, "aggregate: count, window: 1h}\nlists", "aggregate: count, filter: \"!listed('couriers', caller)\", window: 1h}\nlists", 1)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "calls")
		b := feed.NewBuilder(feed.Call)
		at := begin
		for range n {
			at = at.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "after")) * time.Second)
			b.Add(map[string]string{
				"start": at.Format(time.RFC3339), "caller": fmt.Sprint(rapid.IntRange(1, 4).Draw(t, "caller")), "callee": fmt.Sprint(rapid.IntRange(1, 4).Draw(t, "callee")),
				"duration_s": fmt.Sprint(rapid.IntRange(0, 60).Draw(t, "s")), "answered": fmt.Sprint(rapid.Bool().Draw(t, "answered")),
			})
		}
		changes := map[int]*rule.Change{}
		for range rapid.IntRange(0, 5).Draw(t, "changes") {
			value, until := fmt.Sprint(rapid.IntRange(1, 4).Draw(t, "value")), lanzha.At(begin.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "until"))*time.Second))
			c := &rule.Change{List: &rule.ListEntry{List: "couriers", Domain: "number", Value: value, Until: until, Remove: rapid.Bool().Draw(t, "remove")}}
			if rapid.Bool().Draw(t, "suppress") {
				c = &rule.Change{Suppress: &rule.Suppression{Domain: "number", Value: value, Until: until, Lift: rapid.Bool().Draw(t, "lift")}}
			}
			changes[rapid.IntRange(0, n-1).Draw(t, "at")] = c
		}
		p, err := rule.Parse("p.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		through := func(cuts, snapshots map[int]bool) (said []string, end []byte) {
			m, err := rule.NewMachine([]*rule.Pack{p}, rule.Options{Late: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			whole := b.Batch()
			for from := 0; from < n; {
				to := from + 1
				for to < n && !cuts[to] && !snapshots[to] && changes[to] == nil {
					to++
				}
				if c := changes[from]; c != nil {
					if err := m.Apply(*c, 0); err != nil {
						t.Fatal(err)
					}
				}
				if snapshots[from] {
					var kept bytes.Buffer
					if err := m.Snapshot(&kept); err != nil {
						t.Fatal(err)
					}
					if m, err = rule.Restore(bytes.NewReader(kept.Bytes()), rule.Options{Late: time.Minute}); err != nil {
						t.Fatal(err)
					}
				}
				part := *whole
				part.Events = whole.Events[from:to]
				for _, line := range run(m, &part, true) {
					said = append(said, line[strings.IndexByte(line, ':'):])
				}
				from = to
			}
			var kept bytes.Buffer
			if err := m.Snapshot(&kept); err != nil {
				t.Fatal(err)
			}
			return said, kept.Bytes()
		}
		some := func(label string) map[int]bool {
			out := map[int]bool{}
			for range rapid.IntRange(0, 4).Draw(t, label) {
				out[rapid.IntRange(0, n).Draw(t, label)] = true
			}
			return out
		}
		first, end := through(nil, nil)
		again, endAgain := through(nil, nil)
		if diff := cmp.Diff(first, again); diff != "" || !bytes.Equal(end, endAgain) {
			t.Fatalf("the second run differs: %s", diff)
		}
		cut, _ := through(some("cuts"), nil)
		if diff := cmp.Diff(first, cut); diff != "" {
			t.Fatalf("other batches say other things: %s", diff)
		}
		kept, _ := through(nil, some("snapshots"))
		if diff := cmp.Diff(first, kept); diff != "" {
			t.Fatalf("after a snapshot other things are said: %s", diff)
		}
	})
}

// TestSnapshotThatCannotBeRead is refused and said so.
func TestSnapshotThatCannotBeRead(t *testing.T) {
	m := machine(t, often)
	alerts(m, calls(t, [4]string{"0s", "1", "2", "1"}, [4]string{"1s", "1", "2", "1"}))
	var kept bytes.Buffer
	if err := m.Snapshot(&kept); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < kept.Len(); n += 1 + kept.Len()/40 {
		if _, err := rule.Restore(bytes.NewReader(kept.Bytes()[:n]), rule.Options{}); err == nil {
			t.Fatalf("%d of %d bytes are taken for a snapshot", n, kept.Len())
		}
	}
}

// TestWrongPacks: where, what, and what was probably meant.
func TestWrongPacks(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("testdata", "wrong.txt"))
	if err != nil {
		t.Fatal(err)
	}
	good := often + "signals:\n  - {id: busy, title: {zh: 忙, en: busy}, key: callee, when: received_1h >= 2}\n"
	parse(t, good)
	for _, c := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		parts := strings.Split(c, " => ")
		if len(parts) != 3 {
			t.Fatalf("a line is written old => new => error: %s", c)
		}
		if !strings.Contains(good, parts[0]) {
			t.Fatalf("the pack has no %q", parts[0])
		}
		_, err := rule.Parse("p.yaml", []byte(strings.Replace(good, parts[0], parts[1], 1)))
		if err == nil || err.Error() != parts[2] {
			t.Errorf("%s\n got: %v\nwant: %s", c, err, parts[2])
		}
	}
}
