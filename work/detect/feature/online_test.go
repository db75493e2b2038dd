package feature_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// parsed is a pack that is right.
func parsed(t rapid.TB, text string) *feature.Pack {
	t.Helper()
	p, err := feature.Parse("p.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return p
}

// batches reads events from canonical CSV.
func batches(t rapid.TB, kind feed.Kind, text string) []*feed.Batch {
	t.Helper()
	m, err := feed.Canonical(kind, feed.CSV)
	if err != nil {
		t.Fatal(err)
	}
	src, err := feed.Open(strings.NewReader(text), m)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	all := []*feed.Batch{}
	for {
		b := &feed.Batch{}
		if err := src.Next(b); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Refused {
			t.Fatalf("row %d: %s: %s", r.Row, r.Field, r.Reason)
		}
		all = append(all, b)
	}
}

// shown are the features of events as text, by name, with the pack before it.
func shown(t rapid.TB, g *feature.Engine, kind feed.Kind, text string) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	n := len(g.Values(kind))
	for _, b := range batches(t, kind, text) {
		values := make([]feature.Value, len(b.Events)*n)
		g.AddAll(kind, b, b.Events, values)
		for i := range b.Events {
			for j, k := range g.Values(kind) {
				f := g.Features()[k]
				name := f.Pack + "." + f.Name
				out[name] = append(out[name], string(f.Append(nil, values[i*n+j])))
			}
		}
	}
	return out
}

const callsPack = `
pack: calls
version: 1
event: call
features:
  - {name: talked, key: callee, aggregate: sum, of: duration_s, window: 1h}
  - {name: risky, key: callee, filter: "listed('clues', caller)", aggregate: sum, of: duration_s, window: 2h, at: [transfer, call], read: {transfer: phone, call: callee}}
  - {name: risky_talks, key: callee, filter: "listed('clues', caller)", aggregate: count, at: transfer, read: phone}
  - {name: talk, aggregate: ratio, of: [risky, risky_talks]}
  - {name: blocks, key: caller, aggregate: distinct, of: callee, cut: 2, window: 1h}
`

const transfersPack = `
pack: transfers
version: 1
event: transfer
features:
  - {name: talked, key: from, aggregate: count, window: 1h}
`

// TestKindsMeet: one engine takes all kinds of event; what was counted of calls
// is read at a transfer, by what the transfer names.
func TestKindsMeet(t *testing.T) {
	listed := func(list string, of feed.Domain, value []byte) bool {
		return list == "clues" && of == feed.Number && string(value) == "bad"
	}
	g, err := feature.Online([]*feature.Pack{parsed(t, callsPack), parsed(t, transfersPack)}, feature.OnlineOptions{Listed: listed})
	if err != nil {
		t.Fatal(err)
	}
	calls := shown(t, g, feed.Call, `start,caller,callee,duration_s
2026-03-01T00:00:00Z,bad,13800000001,600
2026-03-01T00:20:00Z,good,13800000001,60
2026-03-01T00:30:00Z,bad,13800000002,30
2026-03-01T00:30:01Z,bad,13800000103,
`)
	if diff := cmp.Diff(map[string][]string{
		"calls.talked": {"600", "660", "30", "0"}, "calls.risky": {"600", "600", "30", "0"}, "calls.blocks": {"1", "1", "1", "2"},
	}, calls); diff != "" {
		t.Error(diff)
	}
	transfers := shown(t, g, feed.Transfer, `time,from,to,amount,phone
2026-03-01T00:40:00Z,a,b,1,13800000001
2026-03-01T00:41:00Z,a,b,1,13800000002
2026-03-01T00:42:00Z,a,b,1,13800000009
2026-03-01T00:43:00Z,c,b,1,
2026-03-01T02:00:00Z,a,b,1,13800000001
`)
	if diff := cmp.Diff(map[string][]string{
		"calls.risky": {"600", "30", "0", "", "0"}, "calls.risky_talks": {"1", "1", "0", "", "1"}, "calls.talk": {"600", "30", "", "", "0"},
		"transfers.talked": {"1", "2", "3", "1", "1"},
	}, transfers); diff != "" {
		t.Error(diff)
	}
}

// TestPeek: features are read by the text of a key, at a moment, without an
// event, and reading changes nothing.
func TestPeek(t *testing.T) {
	g, err := parsed(t, callsPack).Online(feature.OnlineOptions{Listed: func(string, feed.Domain, []byte) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	shown(t, g, feed.Call, "start,caller,callee,duration_s\n2026-03-01T00:00:00Z,a,b,600\n2026-03-01T00:30:00Z,a,b,7\n")
	begin := batches(t, feed.Call, "start,caller,callee\n2026-03-01T00:00:00Z,a,b\n")[0].Events[0].Time
	features := []int{g.Index("calls", "talked"), g.Index("calls", "risky_talks"), g.Index("calls", "talk")}
	if slices.Contains(features, -1) || g.Index("calls", "none") != -1 {
		t.Fatal("a feature is not found by its name")
	}
	for _, x := range []struct {
		key  string
		at   int64
		seen bool
		want []string
	}{
		{"b", 30 * 60, true, []string{"607", "2", "303.5"}},
		{"b", 90 * 60, true, []string{"0", "2", "303.5"}},
		{"b", 60 * 60, true, []string{"7", "2", "303.5"}},
		{"b", 30 * 60, true, []string{"607", "2", "303.5"}},
		{"a", 30 * 60, false, []string{"0", "0", ""}},
		{"nobody", 30 * 60, false, []string{"0", "0", ""}},
	} {
		out := make([]feature.Value, len(features))
		if seen := g.Peek(features, []string{x.key}, begin+x.at*1_000_000, out); seen != x.seen {
			t.Errorf("%s: seen is %v", x.key, seen)
		}
		got := []string{}
		for i, n := range features {
			got = append(got, string(g.Features()[n].Append(nil, out[i])))
		}
		if diff := cmp.Diff(x.want, got); diff != "" {
			t.Errorf("%s after %d s: %s", x.key, x.at, diff)
		}
	}
	if got := shown(t, g, feed.Call, "start,caller,callee,duration_s\n2026-03-01T00:31:00Z,a,b,1\n"); got["calls.talked"][0] != "608" {
		t.Errorf("after reading, the next event finds %v", got)
	}
}
