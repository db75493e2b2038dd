package feature_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha/docs/examples"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

const head = "pack: p\nversion: 1\nevent: transfer\nfeatures:\n"

func column(t *testing.T, rows [][]string, name string) []string {
	t.Helper()
	for i, n := range rows[0] {
		if n == name {
			out := []string{}
			for _, r := range rows[1:] {
				out = append(out, r[i])
			}
			return out
		}
	}
	t.Fatalf("no column %s in %v", name, rows[0])
	return nil
}

// TestMoney: amounts come out in yuan, to the fen, and conditions read them so.
func TestMoney(t *testing.T) {
	pack := head + `
  - {name: total, key: from, aggregate: sum, of: amount}
  - {name: mean, key: from, aggregate: mean, of: amount}
  - {name: low, key: from, aggregate: min, of: amount, window: 30d}
  - {name: high, key: from, aggregate: max, of: amount}
  - {name: spread, key: from, aggregate: stddev, of: amount, empty: -1}
  - {name: large, key: from, aggregate: count, filter: amount >= 0.3 && amount < 1000}
  - {name: part, aggregate: ratio, of: [low, total], hidden: true}
  - {name: of_part, aggregate: ratio, of: [part, part], empty: 9}
  - {name: huge, key: to, aggregate: stddev, of: amount, window: 1d}
`
	file := `id,time,from,to,amount
1,2026-03-01T00:00:00Z,a,x,0.10
2,2026-03-01T00:00:01Z,a,x,0.20
3,2026-03-01T00:00:02Z,a,y,89999999999999.99
4,2026-03-01T00:00:03Z,a,y,89999999999999.97
5,2026-03-01T00:00:04Z,b,z,0
6,2026-03-01T00:00:05Z,a,x,0.3
`
	rows, _ := export(t, pack, feed.Transfer, file, feature.Options{})
	for name, want := range map[string][]string{
		"total":   {"0.1", "0.3", "90000000000000.29", "180000000000000.26", "0", "180000000000000.56"},
		"mean":    {"0.1", "0.15", "30000000000000.098", "45000000000000.06", "0", "36000000000000.11"},
		"low":     {"0.1", "0.1", "0.1", "0.1", "0", "0.1"},
		"high":    {"0.1", "0.2", "89999999999999.99", "89999999999999.99", "0", "89999999999999.99"},
		"large":   {"0", "0", "0", "0", "0", "1"},
		"of_part": {"1", "1", "1", "1", "9", "1"},
	} {
		if diff := cmp.Diff(want, column(t, rows, name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if got := column(t, rows, "spread"); got[0] != "-1" || got[4] != "-1" {
		t.Errorf("the deviation of one is %v, want -1 as declared", got)
	}
	// The squares are beyond 64 bits, and the difference is a fen.
	if got := column(t, rows, "huge")[3]; got != "0.01414213562373095" {
		t.Errorf("the deviation of two large amounts two fen apart is %s", got)
	}
	for _, name := range rows[0] {
		if name == "part" {
			t.Error("a hidden feature was written")
		}
	}
}

// TestTimes: what is seen when.
func TestTimes(t *testing.T) {
	pack := head + `
  - {name: first, key: from, aggregate: first_seen}
  - {name: last, key: from, aggregate: last_seen}
  - {name: idle, key: from, aggregate: since}
  - {name: night, key: from, aggregate: count, filter: hour(time) < 6 && weekday(time) == 7}
`
	file := `id,time,from,to,amount
1,2026-03-01T00:30:00+08:00,a,x,1
2,2026-03-01T00:30:00.25+08:00,a,x,1
3,2026-03-02T00:30:00+08:00,a,x,1
`
	rows, _ := export(t, pack, feed.Transfer, file, feature.Options{})
	for name, want := range map[string][]string{
		"first": {"2026-02-28T16:30:00Z", "2026-02-28T16:30:00Z", "2026-02-28T16:30:00Z"},
		"last":  {"", "2026-02-28T16:30:00Z", "2026-02-28T16:30:00.25Z"},
		"idle":  {"", "0.25", "86399.75"},
		"night": {"1", "2", "2"},
	} {
		if diff := cmp.Diff(want, column(t, rows, name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestLateEvents: what comes too late is refused and changes nothing.
func TestLateEvents(t *testing.T) {
	pack := head + "  - {name: n, key: from, aggregate: count, window: 1h}\n"
	file := `id,time,from,to,amount
1,2026-03-01T00:00:00Z,a,x,1
2,2026-03-01T00:10:00Z,a,x,1
3,2026-03-01T00:05:00Z,a,x,1
4,2026-03-01T00:04:59Z,a,x,1
5,2026-03-01T00:10:00Z,a,x,1
`
	for late, want := range map[time.Duration]struct {
		n       []string
		refused []string
	}{
		0:               {[]string{"1", "2", "3"}, []string{"4: it comes 5m0s after a later event; --late takes that", "5: it comes 5m1s after a later event; --late takes that"}},
		5 * time.Minute: {[]string{"1", "3", "2", "4"}, []string{"5: it comes 5m1s after a later event; --late takes that"}},
		time.Hour:       {[]string{"1", "4", "3", "2", "5"}, nil},
	} {
		var refused []string
		rows, sum := export(t, pack, feed.Transfer, file, feature.Options{Late: late, Refuse: func(r feed.Refusal) error {
			refused = append(refused, strings.Join([]string{strconv.Itoa(r.Row), r.Reason}, ": "))
			return nil
		}})
		if diff := cmp.Diff(want.n, column(t, rows, "n")); diff != "" {
			t.Errorf("late %v: %s", late, diff)
		}
		if diff := cmp.Diff(want.refused, refused); diff != "" || sum.Refused != int64(len(refused)) {
			t.Errorf("late %v: %s", late, diff)
		}
	}
}

// TestManyKeys: state of more keys than a chunk holds, of texts short and long.
func TestManyKeys(t *testing.T) {
	var file strings.Builder
	file.WriteString("id,time,from,to,amount\n")
	for round := range 3 {
		for i := range 5000 {
			file.WriteString(strconv.Itoa(i) + ",2026-03-0" + strconv.Itoa(round+1) + "T00:00:00Z,a" + strconv.Itoa(i) + ",a name that is longer than sixteen bytes " + strconv.Itoa(i%700) + ",1\n")
		}
	}
	rows, sum := export(t, head+"  - {name: a, key: from, aggregate: count}\n  - {name: b, key: to, aggregate: count, window: 1d}\n  - {name: c, key: [from, to], aggregate: count}\n", feed.Transfer, file.String(), feature.Options{})
	a, b, c := column(t, rows, "a"), column(t, rows, "b"), column(t, rows, "c")
	for i := range a {
		round, k := i/5000, i%5000
		if a[i] != strconv.Itoa(round+1) || c[i] != a[i] || b[i] != strconv.Itoa(k/700+1) {
			t.Fatalf("row %d: %s %s %s", i, a[i], b[i], c[i])
		}
	}
	if sum.Keys != 5000+700+5000 || sum.BytesPerKey < 8 || sum.BytesPerKey > 400 {
		t.Errorf("%d keys of %.0f bytes", sum.Keys, sum.BytesPerKey)
	}
}

// TestExportEnds: a reader, a writer or a caller that fails ends it with the
// error, and nothing is left running.
func TestExportEnds(t *testing.T) {
	p, err := feature.Parse("p.yaml", []byte(head+"  - {name: a, key: from, aggregate: count}\n"))
	if err != nil {
		t.Fatal(err)
	}
	text := "id,time,from,to,amount\n" + strings.Repeat("1,2026-03-01T00:00:00Z,a,b,1\n", 100_000)
	broken := errors.New("broken")
	run := func(r io.Reader, w io.Writer, o feature.Options) error {
		g, err := p.Engine(feed.Transfer, 2)
		if err != nil {
			t.Fatal(err)
		}
		m, err := feed.Canonical(feed.Transfer, feed.CSV)
		if err != nil {
			t.Fatal(err)
		}
		src, err := feed.Open(r, m)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		_, err = feature.Export(t.Context(), src, g, w, o)
		return err
	}
	if err := run(io.MultiReader(strings.NewReader(text), failing{broken}), io.Discard, feature.Options{}); !errors.Is(err, broken) {
		t.Errorf("a reader that fails: %v", err)
	}
	if err := run(strings.NewReader(text), failing{broken}, feature.Options{}); !errors.Is(err, broken) {
		t.Errorf("a writer that fails: %v", err)
	}
	if err := run(strings.NewReader(text+"x\n"), io.Discard, feature.Options{Refuse: func(feed.Refusal) error { return broken }}); !errors.Is(err, broken) {
		t.Errorf("a place of dead letters that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	g, err := p.Engine(feed.Transfer, 2)
	if err != nil {
		t.Fatal(err)
	}
	m, err := feed.Canonical(feed.Transfer, feed.CSV)
	if err != nil {
		t.Fatal(err)
	}
	src, err := feed.Open(strings.NewReader(text), m)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := feature.Export(ctx, src, g, io.Discard, feature.Options{Wrote: func(int64) { cancel() }}); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped by its caller: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error)  { return 0, f.err }
func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestWrongPacks: a pack that cannot work is refused with the place.
func TestWrongPacks(t *testing.T) {
	for _, x := range []struct{ text, want string }{
		{"", "p.yaml: the pack is empty"},
		{"pack: p\nversion: 1\nfeature: []\n", "feature"},
		{"pack: P!\nversion: 1\nfeatures: []\n", "pack: a name"},
		{head + "  - {name: a, key: from, aggregate: median}\n", "features[1] a: aggregate: there is no such aggregate"},
		{head + "  - {name: 1a, key: from, aggregate: count}\n", "name"},
		{head + "  - {name: a, key: from, aggregate: count}\n  - {name: a, key: from, aggregate: count}\n", "features[2] a: name: this name is declared already"},
		{head + "  - {name: a, key: caller, aggregate: count}\n", `key: a transfer has no text field "caller"`},
		{head + "  - {name: a, key: amount, aggregate: count}\n", "key"},
		{head + "  - {name: a, key: from, read: person, aggregate: count}\n", "read: what is read must name the same things"},
		{head + "  - {name: a, key: from, aggregate: sum, of: channel}\n", "of: a field that is a number"},
		{head + "  - {name: a, key: from, aggregate: count, of: amount}\n", "of: count is of events"},
		{head + "  - {name: a, key: from, aggregate: count, window: 30s}\n", "window: 1m to 30d"},
		{head + "  - {name: a, key: from, aggregate: count, window: 31d}\n", "window: 1m to 30d"},
		{head + "  - {name: a, key: from, aggregate: count, window: 1w}\n", "window"},
		{head + "  - {name: a, key: from, aggregate: count, offset: 1y}\n", "offset"},
		{head + "  - {name: a, key: from, aggregate: count, panes: 5}\n", "panes: panes divide a window"},
		{head + "  - {name: a, key: from, aggregate: count, window: 10m, panes: 5, offset: 1m}\n", "offset: the offset is a multiple of a pane"},
		{head + "  - {name: a, key: from, aggregate: count, window: 10m, panes: 5, exact: true}\n", "exact"},
		{head + "  - {name: a, key: from, aggregate: count, filter: amount > 'x'}\n", "filter: character"},
		{head + "  - {name: a, key: from, aggregate: count, filter: amont > 1}\n", "filter: character 1"},
		{head + "  - {name: a, key: from, aggregate: count, filter: amount}\n", "filter: yes or no is wanted"},
		{head + "  - {name: a, key: from, aggregate: count, filter: amount > 0.001}\n", "two decimals"},
		{head + "  - {name: a, key: from, aggregate: count, filter: outcome == 'fraud'}\n", "an outcome is 'confirmed'"},
		{head + "  - {name: a, key: from, aggregate: max, of: amount, filter: outcome == 'confirmed'}\n", "an outcome comes later"},
		{head + "  - {name: a, key: from, aggregate: share}\n", "of: a condition is wanted"},
		{head + "  - {name: a, aggregate: ratio, of: [b, c]}\n", `of: no feature "b"`},
	} {
		if _, err := feature.Parse("p.yaml", []byte(x.text)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%q: %v, want %q", x.text, err, x.want)
		}
	}
	p, err := feature.Parse("p.yaml", []byte(head+"  - {name: amount, key: from, aggregate: count}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Engine(feed.Call, 2); err == nil || !strings.Contains(err.Error(), "no feature of a call") {
		t.Errorf("an engine of another kind: %v", err)
	}
	g, err := p.Engine(feed.Transfer, 2)
	if err != nil {
		t.Fatal(err)
	}
	m, err := feed.Canonical(feed.Transfer, feed.CSV)
	if err != nil {
		t.Fatal(err)
	}
	src, err := feed.Open(strings.NewReader("id,time,from,to,amount\n"), m)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := feature.Export(t.Context(), src, g, io.Discard, feature.Options{}); err == nil || !strings.Contains(err.Error(), "amount: the file has a column of this name already") {
		t.Errorf("a feature with the name of a column: %v", err)
	}
}

// FuzzPack: no text makes the loader panic, and what it takes can be computed.
func FuzzPack(f *testing.F) {
	f.Add(examples.CardPayments)
	f.Add([]byte(head + "  - {name: a, key: [from, to], read: [to, from], filter: \"amount > 1.5 || !has(person) && channel in ['a']\", aggregate: share, of: outcome == '', window: 10m, offset: 2m, panes: 5}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := feature.Parse("p.yaml", text)
		if err != nil {
			return
		}
		for _, kind := range feed.Kinds() {
			g, err := p.Engine(kind, 2)
			if err != nil {
				continue
			}
			m, err := feed.Canonical(kind, feed.NDJSON)
			if err != nil {
				t.Fatal(err)
			}
			src, err := feed.Open(strings.NewReader(strings.Repeat(`{"time":"2026-03-01T00:00:00Z","start":"2026-03-01T00:00:00Z","from":"a","to":"b","caller":"a","callee":"b","sender":"a","recipient":"b","amount":1,"what":"open","number":"a"}`+"\n", 3)), m)
			if err != nil {
				t.Fatal(err)
			}
			if sum, err := feature.Export(t.Context(), src, g, io.Discard, feature.Options{}); err == nil && sum.Events != 3 {
				t.Errorf("%d of 3 events came out of %s", sum.Events, text)
			}
			src.Close()
		}
	})
}

// TestForeignFiles: the example mappings load files of other programs. The
// files are not part of the repository; where they are absent the test is
// exempt and says so.
func TestForeignFiles(t *testing.T) {
	const folder = "../../../../shared/data/"
	for _, x := range []struct {
		file, mapping string
		kind          feed.Kind
		pack          string
		events        int64
		skipped       int64
	}{
		{"call-records/cdr_200k.psv.gz", "call-records-calls", feed.Call, "calls", 80_007, 119_993},
		{"call-records/cdr_200k.psv.gz", "call-records-messages", feed.Message, "", 80_137, 119_863},
		{"transfers/tx_log.csv.gz", "transfers", feed.Transfer, "card-payments", 668_984, 10_000},
	} {
		t.Run(x.mapping, func(t *testing.T) {
			f, err := os.Open(folder + x.file)
			if errors.Is(err, os.ErrNotExist) {
				t.Skipf("exempt: %s is not here", x.file)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			mapping, err := os.ReadFile("../../../docs/examples/maps/" + x.mapping + ".yaml")
			if err != nil {
				t.Fatal(err)
			}
			m, err := feed.ParseMapping(x.mapping+".yaml", mapping)
			if err != nil {
				t.Fatal(err)
			}
			pack := []byte("pack: m\nversion: 1\nevent: message\nfeatures:\n  - {name: sent_1h, key: sender, aggregate: count, window: 1h}\n")
			if x.pack != "" {
				if pack, err = os.ReadFile("../../../docs/examples/features/" + x.pack + ".yaml"); err != nil {
					t.Fatal(err)
				}
			}
			p, err := feature.Parse("p.yaml", pack)
			if err != nil {
				t.Fatal(err)
			}
			g, err := p.Engine(x.kind, 2)
			if err != nil {
				t.Fatal(err)
			}
			src, err := feed.Open(f, m)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			var lines lineCounter
			sum, err := feature.Export(t.Context(), src, g, &lines, feature.Options{Refuse: func(r feed.Refusal) error {
				t.Errorf("row %d, %s: %s", r.Row, r.Field, r.Reason)
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			if sum.Events != x.events || sum.Skipped != x.skipped || int64(lines) != x.events+1 {
				t.Errorf("%d events, %d skipped, %d lines; want %d and %d", sum.Events, sum.Skipped, lines, x.events, x.skipped)
			}
		})
	}
}

type lineCounter int64

func (n *lineCounter) Write(p []byte) (int, error) {
	*n += lineCounter(bytes.Count(p, []byte("\n")))
	return len(p), nil
}
