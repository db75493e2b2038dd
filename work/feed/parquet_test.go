package feed_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"

	"lanzha/work/feed"
)

// paid is a payment as a bank's warehouse writes it.
type paid struct {
	ID      string    `parquet:"id"`
	At      time.Time `parquet:"time,timestamp(microsecond)"`
	From    string    `parquet:"from,dict"`
	To      string    `parquet:"to,zstd"`
	Amount  int64     `parquet:"amount,decimal(2:18)"`
	Channel *string   `parquet:"channel,optional,snappy"`
}

func parquetOf[T any](t testing.TB, rows []T, perGroup int64, options ...parquet.WriterOption) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[T](&out, append(options, parquet.MaxRowsPerRowGroup(perGroup))...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestParquet: canonical columns come out as those of CSV would, across row
// groups and pages, and a bad row refuses itself alone.
func TestParquet(t *testing.T) {
	rows, want := []paid{}, []string{}
	for i := range 5000 {
		p := paid{ID: fmt.Sprint("t", i), At: time.UnixMicro(1_772_323_200_000_001 + int64(i)*1e6), From: fmt.Sprint("a", i%7), To: "b\"\\\n中", Amount: int64(i)}
		text := fmt.Sprintf("%d id=t%d time=%s from=a%d to=b\"\\\n中 amount=%d", i+1, i, p.At.UTC().Format(time.RFC3339Nano), i%7, i)
		if i%3 == 0 {
			channel := "app"
			p.Channel, text = &channel, text+" channel=app"
		}
		if i == 4000 {
			p.Amount = -1
		} else {
			want = append(want, text)
		}
		rows = append(rows, p)
	}
	file := parquetOf(t, rows, 1500, parquet.PageBufferSize(512))
	events, refused, _ := all(t, bytes.NewReader(file), canonical(t, feed.Transfer, feed.CSV))
	if diff := cmp.Diff(want, events); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"4001 amount: a decimal amount of 0 or more is wanted"}, refused); diff != "" {
		t.Error(diff)
	}
	events, refused, _ = all(t, bytes.NewReader(parquetOf(t, rows[:0], 10)), canonical(t, feed.Transfer, feed.CSV))
	if len(events)+len(refused) > 0 {
		t.Errorf("an empty file has %v %v", events, refused)
	}
}

// foreign is a call as another program keeps it.
type foreign struct {
	Seen deprecated.Int96 `parquet:"seen"`
	Wall int64            `parquet:"wall,timestamp(millisecond:local)"`
	Day  int32            `parquet:"day,date"`
	To   struct {
		Number string `parquet:"number"`
	} `parquet:"to"`
	Answered bool      `parquet:"answered"`
	Seconds  uint32    `parquet:"seconds"`
	Fee      float64   `parquet:"fee"`
	Cost     [4]byte   `parquet:"cost,decimal(3:9)"`
	Tags     []string  `parquet:"tags"`
	Unused   []float32 `parquet:"unused"`
}

// TestForeignParquet: other types, members of groups, and what cannot be a
// value.
func TestForeignParquet(t *testing.T) {
	row := foreign{
		Seen: deprecated.Int96{1_000_000, 0, 2440588 + 20513}, Wall: 1_772_352_000_500, Day: 20513, Answered: true, Seconds: 4_000_000_000, Fee: 0.1,
		Cost: [4]byte{0xff, 0xff, 0xff, 0x85}, Tags: []string{"a", "b"},
	}
	row.To.Number = "139"
	file := parquetOf(t, []foreign{row}, 10)
	for _, x := range []struct{ mapping, want string }{
		{"kind: call\nfields: {start: seen, callee: to.number, answered: answered, duration_s: seconds}\n", "1 start=2026-03-01T00:00:00.001Z callee=139 duration_s=4000000000 answered=1"},
		{"kind: call\nfields: {start: {column: wall, layout: \"yyyy-MM-dd HH:mm:ss.f\", zone: Asia/Shanghai}, callee: to.number}\n", "1 start=2026-03-01T00:00:00.5Z callee=139"},
		{"kind: message\nfields: {time: {column: day, layout: yyyy-MM-dd}, recipient: fee, text: cost}\n", "1 time=2026-03-01T00:00:00Z recipient=0.1 text=-0.123"},
	} {
		events, refused, _ := all(t, bytes.NewReader(file), mapping(t, x.mapping))
		if diff := cmp.Diff([]string{x.want}, events); diff != "" || len(refused) > 0 {
			t.Errorf("%s%v", diff, refused)
		}
	}
	for _, x := range []struct{ mapping, want string }{
		{"kind: call\nfields: {start: seen, callee: tags}\n", "tags: the column holds lists"},
		{"kind: call\nfields: {start: seen, callee: to}\n", "to: the column holds lists or groups"},
		{"kind: call\nfields: {start: seen, callee: number}\n", "number: the file has no such column"},
	} {
		if _, err := feed.Open(bytes.NewReader(file), mapping(t, x.mapping)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%v, want %q", err, x.want)
		}
	}
	if _, err := feed.Open(bytes.NewReader(file), canonical(t, feed.Call, feed.CSV)); err == nil || !strings.Contains(err.Error(), "seen: a call has no such field") {
		t.Errorf("columns that no field has: %v", err)
	}
	if _, err := feed.Open(io.MultiReader(bytes.NewReader(file)), canonical(t, feed.Call, feed.CSV)); err == nil || !strings.Contains(err.Error(), "comes in a stream") {
		t.Errorf("a stream: %v", err)
	}
}

// FuzzParquet: no file makes the reader panic or go on for ever.
func FuzzParquet(f *testing.F) {
	app := "app"
	f.Add(parquetOf(f, []paid{{ID: "1", At: time.Unix(1, 0), From: "a", To: "b", Amount: 1}, {Channel: &app}}, 1))
	f.Add(parquetOf(f, []foreign{{Fee: 1}}, 10))
	m, err := feed.ParseMapping("m.yaml", []byte("kind: transfer\nfields: {time: time, from: from, to: to, amount: {column: amount, round: true}, channel: channel}\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, file []byte) {
		if len(file) > 1<<16 {
			return
		}
		s, err := feed.Open(bytes.NewReader(file), m)
		if err != nil {
			return
		}
		defer s.Close()
		var b feed.Batch
		for range 1000 {
			if s.Next(&b) != nil {
				return
			}
		}
	})
}
