package feature_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"lanzha"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// someDays gives events of callers who are new each day, and of some who come
// on certain days, to an engine. perDay is told the values of the last event.
func someDays(t *testing.T, g *feature.Engine, from, to int, who func(day, i int) string, perDay func(day int, last []feature.Value)) {
	t.Helper()
	field := func(name string) feed.Field {
		f, ok := feed.Call.Field(name)
		if !ok {
			t.Fatal(name)
		}
		return f
	}
	caller, callee := field("caller"), field("callee")
	n := len(g.Values(feed.Call))
	const each = 2048 // calls of a day
	build := feed.NewBuilder(feed.Call)
	for day := from; day < to; day++ {
		build.Reset()
		for i := range each {
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, day).Add(time.Duration(i) * 24 * time.Hour / each)
			build.Put(at.UnixMicro(), feed.Value{Field: caller, Text: who(day, i)}, feed.Value{Field: callee, Text: "a callee whose name is long, of day " + strconv.Itoa(day)})
		}
		b := build.Batch()
		values := make([]feature.Value, each*n)
		g.AddAll(feed.Call, b, b.Events, values)
		perDay(day, values[(each-1)*n:])
	}
}

// TestKeysAreForgotten: what is in no window any more takes no memory, and
// nothing changes by that; features of all time are forgotten as the pack says.
func TestKeysAreForgotten(t *testing.T) {
	windows := "pack: w\nversion: 1\nevent: call\nfeatures:\n" +
		"  - {name: n, key: caller, aggregate: count, window: 1d}\n  - {name: d, key: callee, aggregate: distinct, of: caller, window: 2d}\n  - {name: p, key: [caller, callee], aggregate: count, window: 2d, panes: 4}\n"
	all := "pack: a\nversion: 1\nevent: call\nforget: 20d\nfeatures:\n  - {name: all, key: caller, aggregate: count}\n"
	who := func(day, i int) string {
		switch {
		case i == 2047 && (day%15 == 0 || day == 89):
			return "returns"
		case i == 2047 && (day == 0 || day == 50):
			return "comes late"
		}
		return fmt.Sprintf("%04d%07d", day, i)
	}
	g, err := parsed(t, windows).Online(feature.OnlineOptions{Late: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	var keys, size [90]int64
	someDays(t, g, 0, 90, who, func(day int, last []feature.Value) {
		keys[day], size[day] = g.Keys(), g.Bytes()
		if last[0] != 1 || last[2] != 1 {
			t.Errorf("day %d: %v", day, last)
		}
	})
	if keys[89] > 12*2*2048 || keys[89] > keys[30]*11/10 {
		t.Errorf("%d keys after 90 days, %d after 30", keys[89], keys[30])
	}
	if size[89] > size[30]*11/10 {
		t.Errorf("%d bytes after 90 days, %d after 30", size[89], size[30])
	}

	if g, err = parsed(t, all).Online(feature.OnlineOptions{}); err != nil {
		t.Fatal(err)
	}
	someDays(t, g, 0, 90, who, func(day int, last []feature.Value) {
		keys[day] = g.Keys()
		want := map[int]feature.Value{0: 1, 15: 2, 30: 3, 45: 4, 60: 5, 75: 6, 89: 7}[day] // never idle for 20 days
		if want > 0 && last[0] != want {
			t.Errorf("day %d: %v, want %v", day, last, want)
		}
		if day == 50 && last[0] != 1 {
			t.Errorf("who comes again after 50 days has %v", last)
		}
	})
	if keys[89] > 45*2048 || keys[89] > keys[60]*11/10 {
		t.Errorf("%d keys after 90 days, %d after 60", keys[89], keys[60])
	}
	out := make([]feature.Value, 1)
	now := time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC).UnixMicro()
	if seen := g.Peek([]int{0}, []string{"00030000001"}, now, out); seen || out[0] != 0 {
		t.Errorf("a caller of day 3 is still known: %v", out)
	}
	if seen := g.Peek([]int{0}, []string{"returns"}, now, out); !seen || out[0] != 7 {
		t.Errorf("a caller of day 89 is not known: %v", out)
	}
}

// TestForgettingChangesNothing: an engine that has forgotten much gives the same
// values, snapshot or not, as one that computes the last days alone.
func TestForgettingChangesNothing(t *testing.T) {
	pack := "pack: w\nversion: 1\nevent: call\nfeatures:\n" +
		"  - {name: n, key: caller, aggregate: count, window: 2d}\n  - {name: d, key: callee, aggregate: distinct, of: caller, window: 2d}\n" +
		"  - {name: p, key: [caller, callee], aggregate: count, window: 2d, panes: 4}\n  - {name: m, key: caller, aggregate: distinct, of: callee, window: 3d, panes: 6}\n"
	who := func(day, i int) string { return strconv.Itoa((day*389 + i*i*7) % 40_000) }
	engine := func() *feature.Engine {
		g, err := parsed(t, pack).Online(feature.OnlineOptions{Late: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	long, short, restored := engine(), engine(), engine()
	someDays(t, long, 0, 40, who, func(int, []feature.Value) {})
	someDays(t, short, 36, 40, who, func(int, []feature.Value) {})
	var state bytes.Buffer
	if err := long.Snapshot(&state); err != nil {
		t.Fatal(err)
	}
	if err := restored.Restore(&state); err != nil {
		t.Fatal(err)
	}
	var got [3][][]feature.Value
	for i, g := range []*feature.Engine{long, short, restored} {
		someDays(t, g, 40, 50, who, func(_ int, last []feature.Value) { got[i] = append(got[i], slices.Clone(last)) })
	}
	if fmt.Sprint(got[0]) != fmt.Sprint(got[1]) || fmt.Sprint(got[0]) != fmt.Sprint(got[2]) {
		t.Errorf("all days: %v\nthe last days alone: %v\nrestored: %v", got[0], got[1], got[2])
	}
	if long.Keys() != restored.Keys() {
		t.Errorf("%d keys, %d when restored", long.Keys(), restored.Keys())
	}
}

// TestWrongSnapshots: what is damaged, cut off, of another version or of other
// features is refused, and the engine stays as it was. What follows a snapshot
// is left to others.
func TestWrongSnapshots(t *testing.T) {
	pack := parsed(t, callsPack)
	made := func(p *feature.Pack, o feature.OnlineOptions) *feature.Engine {
		g, err := p.Online(o)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := made(pack, feature.OnlineOptions{})
	shown(t, g, feed.Call, "start,caller,callee,duration_s\n2026-03-01T00:00:00Z,a,b,600\n")
	var whole bytes.Buffer
	if err := g.Snapshot(&whole); err != nil {
		t.Fatal(err)
	}
	state := whole.Bytes()
	r := io.MultiReader(bytes.NewReader(state), strings.NewReader("more"))
	if err := made(pack, feature.OnlineOptions{}).Restore(r); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(r); err != nil || string(rest) != "more" {
		t.Errorf("behind the snapshot stands %q, %v", rest, err)
	}
	refused := func(what string, x *feature.Engine, state []byte, code lanzha.Code) {
		t.Helper()
		shown(t, x, feed.Call, "start,caller,callee,duration_s\n2026-03-01T00:01:00Z,a,b,1\n")
		if err := x.Restore(bytes.NewReader(state)); lanzha.CodeOf(err) != code {
			t.Errorf("%s: %v, want %s", what, err, code)
		}
		if got := shown(t, x, feed.Call, "start,caller,callee,duration_s\n2026-03-01T00:02:00Z,a,b,1\n")["calls.talked"]; !slices.Equal(got, []string{"2"}) {
			t.Errorf("%s: afterwards a call finds %v", what, got)
		}
	}
	for at := 0; at < len(state); at += 1 + len(state)/80 {
		wrong := slices.Clone(state)
		wrong[at] ^= 0x10
		refused(fmt.Sprintf("byte %d of %d", at, len(state)), made(pack, feature.OnlineOptions{}), wrong, lanzha.CodeInvalid)
		refused(fmt.Sprintf("cut off at %d of %d", at, len(state)), made(pack, feature.OnlineOptions{}), state[:at], lanzha.CodeInvalid)
	}
	refused("another option", made(pack, feature.OnlineOptions{Late: time.Minute}), state, lanzha.CodeConflict)
	refused("another window", made(parsed(t, strings.Replace(callsPack, "window: 2h", "window: 3h", 1)), feature.OnlineOptions{}), state, lanzha.CodeConflict)
	refused("another name", made(parsed(t, strings.Replace(callsPack, "name: blocks", "name: block", 1)), feature.OnlineOptions{}), state, lanzha.CodeConflict)
	broken := errors.New("broken")
	if err := g.Snapshot(failing{broken}); !errors.Is(err, broken) {
		t.Errorf("a writer that fails: %v", err)
	}
}
