package feature_test

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// wantOnline is a feature of the event that arrives as number i: of all that
// arrived before, those with its time or an earlier one, and itself as the last.
// A pane counts as a whole, whatever of it arrived before. Distinct values in
// panes are of the window of the latest moment of the key.
func (d declared) wantOnline(arrived []call, i int, others map[string]float64) (float64, bool) {
	now := arrived[i]
	known := now.at
	for _, c := range arrived[:i] {
		known = max(known, c.at)
	}
	if d.aggregate == "distinct" && d.panes > 0 {
		return d.wantPanes(arrived, i)
	}
	before := []call{}
	for _, c := range arrived[:i] {
		if c.at <= now.at || d.panes > 0 && d.inside(c.at, now.at) {
			before = append(before, c)
		}
	}
	slices.SortStableFunc(before, func(a, b call) int { return int(a.at - b.at) })
	for k := range before {
		before[k].settle(known)
	}
	now.settle(known)
	return d.want(append(before, now), len(before), others)
}

// settle makes known what is known at a moment, and nothing else.
func (c *call) settle(moment int64) {
	if c.known > moment {
		c.outcome = ""
	}
	c.known = 0
}

func (d declared) wantPanes(arrived []call, i int) (float64, bool) {
	read := d.key
	if d.read != nil {
		read = d.read
	}
	mine, ok := arrived[i].key(read)
	if !ok {
		return 0, false
	}
	pane := d.window.Microseconds() / int64(d.panes)
	moment := arrived[i].at
	for _, c := range arrived[:i] {
		for _, names := range [][]string{d.key, read} {
			if key, ok := c.key(names); ok && key == mine {
				moment = max(moment, c.at)
			}
		}
	}
	values := map[string]bool{}
	for _, c := range arrived[:i+1] {
		value := map[string]string{"callee": c.callee, "cell": c.cell, "duration_s": fmt.Sprint(c.duration)}[d.of]
		if key, ok := c.key(d.key); !ok || key != mine || value == "" || value == "-1" || !conditions[d.filter].goes(c, c.at) {
			continue
		}
		if last := c.at - c.at%pane + pane - 1; last > moment-d.window.Microseconds() {
			values[value] = true
		}
	}
	return float64(len(values)), true
}

// online gives events of a batch to an engine, some at a time.
func online(g *feature.Engine, b *feed.Batch, from, to int) [][]feature.Value {
	n := len(g.Values(feed.Call))
	values := make([]feature.Value, (to-from)*n)
	g.AddAll(feed.Call, b, b.Events[from:to], values)
	rows := [][]feature.Value{}
	for i := range to - from {
		rows = append(rows, values[i*n:(i+1)*n])
	}
	return rows
}

// TestOnlineAgainstAnOracle: events that come late are put into their place,
// and later ones count them right; an engine that is restored from a snapshot
// goes on with the same values; one that takes over from another pack does too,
// as far as they declare the same.
func TestOnlineAgainstAnOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		features := []declared{}
		head := "pack: drawn\nversion: 1\nevent: call\nfeatures:\n"
		pack := head
		for i := range rapid.IntRange(1, 12).Draw(t, "features") {
			d := drawFeature(t, fmt.Sprintf("f%d", i), features)
			features = append(features, d)
			pack += d.yaml()
		}
		calls := drawCalls(t)
		o := feature.OnlineOptions{Late: late}
		if rapid.Bool().Draw(t, "in order") {
			slices.SortStableFunc(calls, func(a, b call) int { return int(a.at - b.at) })
			if rapid.Bool().Draw(t, "and nothing late") {
				o.Late = 0
			}
		}
		b := batches(t, feed.Call, file(calls))[0]
		if len(b.Events) != len(calls) {
			t.Fatal("the events do not fit into a batch")
		}
		engine := func(text string) *feature.Engine {
			g, err := parsed(t, text).Online(o)
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		g := engine(pack)
		cut := rapid.IntRange(0, len(calls)).Draw(t, "cut")
		rows := online(g, b, 0, cut)
		var snapshot bytes.Buffer
		if err := g.Snapshot(&snapshot); err != nil {
			t.Fatal(err)
		}
		kept := bytes.NewReader(snapshot.Bytes())
		restored := engine(pack)
		if err := restored.Restore(kept); err != nil {
			t.Fatal(err)
		}
		rest := online(g, b, cut, len(calls))
		again := online(restored, b, cut, len(calls))
		for i := range rest {
			if !slices.Equal(rest[i], again[i]) {
				t.Fatalf("call %d after a snapshot at %d: %v, want %v\n%s%s", cut+i, cut, again[i], rest[i], pack, file(calls))
			}
		}
		rows = append(rows, rest...)
		wants := make([]map[string]float64, len(calls))
		for i := range calls {
			wants[i] = map[string]float64{}
			for j, d := range features {
				want, ok := d.wantOnline(calls, i, wants[i])
				if ok {
					wants[i][d.name] = want
				}
				got := string(g.Features()[j].Append(nil, rows[i][j]))
				if !agrees(got, want, ok) {
					t.Fatalf("call %d: %s is %q, want %v (%v)\n%s%s", i, d.name, got, want, ok, pack, file(calls))
				}
			}
		}

		// Another pack with some of the features, and some others, takes over.
		other, same := head, map[string]bool{}
		for _, d := range features {
			parts := d.aggregate != "ratio" || same[d.parts[0]] && same[d.parts[1]]
			if parts && rapid.Bool().Draw(t, "keep") {
				other += d.yaml()
				same[d.name] = true
			}
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "more") {
			other += drawFeature(t, fmt.Sprintf("n%d", i), nil).yaml()
		}
		if other == head {
			return
		}
		before, next := engine(pack), engine(other)
		if err := before.Restore(bytes.NewReader(snapshot.Bytes())); err != nil {
			t.Fatal(err)
		}
		next.Adopt(before)
		for i, row := range online(next, b, cut, len(calls)) {
			for j, d := range features {
				k := next.Index("drawn", d.name)
				if k < 0 || next.Since(k) != 0 && cut > 0 {
					continue
				}
				want, ok := wants[cut+i][d.name]
				if got := string(next.Features()[k].Append(nil, row[k])); !agrees(got, want, ok) {
					t.Fatalf("call %d: %s is %q after a change of packs at %d, want %v (%v), %s before\n%s\n%s%s", cut+i, d.name, got, cut, want, ok, g.Features()[j].Append(nil, rows[cut+i][j]), pack, other, file(calls))
				}
			}
		}
		var after bytes.Buffer
		if err := next.Snapshot(&after); err != nil {
			t.Fatal(err)
		}
		if err := engine(other).Restore(bytes.NewReader(after.Bytes())); err != nil {
			t.Fatalf("a snapshot after a change of packs: %v", err)
		}
	})
}

// TestPeekAsAtAnEvent: what is read by key is what an event of another kind
// reads at that moment, and reading changes nothing.
func TestPeekAsAtAnEvent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pack := "pack: drawn\nversion: 1\nevent: call\nfeatures:\n"
		for i := range rapid.IntRange(1, 8).Draw(t, "features") {
			d := drawFeature(t, fmt.Sprintf("f%d", i), nil)
			d.key, d.read, d.parts = []string{"callee"}, nil, [2]string{}
			text := d.yaml()
			pack += text[:len(text)-2] + ", at: transfer, read: phone}\n"
		}
		calls := drawCalls(t)
		o := feature.OnlineOptions{Late: late}
		g, err := parsed(t, pack).Online(o)
		if err != nil {
			t.Fatal(err)
		}
		b := batches(t, feed.Call, file(calls))[0]
		g.AddAll(feed.Call, b, b.Events, nil)
		newest := int64(0)
		for _, c := range calls {
			newest = max(newest, c.at)
		}
		for range rapid.IntRange(1, 8).Draw(t, "times") {
			newest += int64(rapid.IntRange(0, 600).Draw(t, "later")) * 1_000_000
			key := rapid.SampledFrom([]string{"a", "b", "c", "a longer name than fits in", "never"}).Draw(t, "key")
			features := g.Values(feed.Transfer)
			peeked, again := make([]feature.Value, len(features)), make([]feature.Value, len(features))
			seen := g.Peek(features, []string{key}, newest, peeked)
			if g.Peek(features, []string{key}, newest, again); !slices.Equal(peeked, again) {
				t.Fatalf("read twice: %v and %v", peeked, again)
			}
			if want := slices.ContainsFunc(calls, func(c call) bool { return c.callee == key }); seen != want {
				t.Fatalf("%s: seen is %v", key, seen)
			}
			row := "time,from,to,amount,phone\n" + time.UnixMicro(newest).UTC().Format(time.RFC3339Nano) + ",x,y,1," + key + "\n"
			x := batches(t, feed.Transfer, row)[0]
			values := make([]feature.Value, len(features))
			g.AddAll(feed.Transfer, x, x.Events, values)
			if !slices.Equal(peeked, values) {
				t.Fatalf("%s at %d: peeked %v, an event reads %v\n%s%s", key, newest, peeked, values, pack, file(calls))
			}
		}
	})
}

// TestWrongClocks: one event from far in the future, and a clock that was set
// back, spoil nothing but what they name, and that for a while.
func TestWrongClocks(t *testing.T) {
	g, err := parsed(t, head+"  - {name: n, key: from, aggregate: count, window: 1h}\n").Online(feature.OnlineOptions{Late: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	text := "time,from,to,amount\n"
	want := []string{}
	for i, x := range []struct {
		at   string
		from string
		n    int
	}{
		{"2026-03-01T00:00:00Z", "a", 1}, {"2026-03-01T00:01:00Z", "b", 1},
		{"2099-01-01T00:00:00Z", "a", 1},                                   // one event of a wrong time
		{"2026-03-01T00:02:00Z", "b", 2}, {"2026-03-01T00:02:00Z", "a", 1}, // what a had is gone for an hour
		{"2026-03-01T00:03:00Z", "a", 2}, {"2026-03-01T00:04:00Z", "b", 3},
		{"2026-02-28T20:00:00Z", "b", 1}, {"2026-02-28T20:01:00Z", "b", 2}, // the clock is set back
		{"2026-02-28T23:59:00Z", "b", 1}, {"2026-03-01T00:04:30Z", "b", 5}, // and comes again to where it was
	} {
		text += x.at + "," + x.from + ",y," + strconv.Itoa(i) + "\n"
		want = append(want, strconv.Itoa(x.n))
	}
	if got := shown(t, g, feed.Transfer, text)["p.n"]; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
