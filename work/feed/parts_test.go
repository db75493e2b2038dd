package feed_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanzha/work/feed"
)

// parts reads a file in parts behind a record: "last: events, refusals" each,
// and all rows.
func parts(t *testing.T, text string, m *feed.Mapping, after int) (each []string, lasts []int, rows []string) {
	t.Helper()
	s, err := feed.Open(strings.NewReader(text), m)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p := feed.NewParts(s, after)
	f, _ := m.Kind().Field("id")
	var b feed.Batch
	for {
		last, err := p.Next(&b)
		if errors.Is(err, io.EOF) {
			return each, lasts, rows
		}
		if err != nil {
			t.Fatal(err)
		}
		each = append(each, fmt.Sprintf("%d: %d, %d, %d", last, len(b.Events), len(b.Refused), b.Skipped))
		lasts = append(lasts, last)
		for i := range b.Events {
			rows = append(rows, fmt.Sprintf("%d %s", b.Events[i].Row, b.Text(&b.Events[i], f)))
		}
		for _, r := range b.Refused {
			rows = append(rows, fmt.Sprintf("%d refused", r.Row))
		}
	}
}

// TestPartsEndAtTheSameRecords: wherever a file is taken up again behind a part,
// the rest comes in the parts in which it came before.
func TestPartsEndAtTheSameRecords(t *testing.T) {
	var text strings.Builder
	text.WriteString("id,time,recipient,text\n")
	for i := range 30_000 {
		body, at := "x", "2026-03-01T00:00:00Z"
		switch {
		case i%1000 == 7:
			at = "yesterday"
		case i > 9000 && i < 9200:
			body = strings.Repeat("y", 30_000)
		case i >= 12_000 && i < 25_000:
			text.WriteString("\n") // an empty line counts as a record, and is none
			continue
		}
		fmt.Fprintf(&text, "%d,%s,1,%s\n", i, at, body)
	}
	m := canonical(t, feed.Message, feed.CSV)
	each, lasts, rows := parts(t, text.String(), m, 0)
	if len(rows) != 17_013 || len(each) < 8 {
		t.Fatalf("%d records in parts %v", len(rows), each)
	}
	for i, last := range lasts {
		rest, _, more := parts(t, text.String(), m, last)
		if diff := cmp.Diff(each[i+1:], rest); diff != "" && len(each[i+1:])+len(rest) > 0 {
			t.Errorf("behind record %d: %s", last, diff)
		}
		if got := len(rows) - len(more); got < 0 || (len(more) > 0 && more[0] != rows[got]) && !strings.HasSuffix(more[0], "refused") {
			t.Errorf("behind record %d the first is %s", last, more[0])
		}
	}
}

// TestAFormReadsItsRecordsAgain, whatever the file was.
func TestAFormReadsItsRecordsAgain(t *testing.T) {
	for _, x := range []struct{ mapping, text, mended, want string }{
		{"kind: transfer\nseparator: \"|\"\nskip: {b: [\"-\"]}\nfields: {time: {column: t, layout: yyyy-MM-dd}, from: a, to: b, amount: {column: c, round: true}}\n",
			"x|t|a|b|c\n1|yesterday|a|b|1\n", "1|2026-03-01|a|\"b|b\"|1.005", `{"time":"2026-03-01T00:00:00Z","from":"a","to":"b|b","amount":1.01}`},
		{"kind: message\nformat: ndjson\nfields: {time: at.t, recipient: r}\n", `{"at":{"t":"?"},"r":1}`, `{"at":{"t":"2026-03-01T00:00:00Z"},"r":1}`, `{"time":"2026-03-01T00:00:00Z","recipient":"1"}`},
		{"", "id,start,callee\nc,?,1\n", "c,2026-03-01T00:00:00Z,1", `{"id":"c","start":"2026-03-01T00:00:00Z","callee":"1"}`},
	} {
		m := canonical(t, feed.Call, feed.CSV)
		if x.mapping != "" {
			m = mapping(t, x.mapping)
		}
		s, err := feed.Open(strings.NewReader(x.text), m)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var b feed.Batch
		if err := s.Next(&b); err != nil || len(b.Refused) != 1 {
			t.Fatalf("%d refused, %v", len(b.Refused), err)
		}
		if _, err := s.Form().Read(b.Refused[0].Record); err == nil || !strings.Contains(err.Error(), b.Refused[0].Reason) {
			t.Errorf("not mended: %v", err)
		}
		again, err := s.Form().Read(x.mended)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(x.want, string(again.AppendJSON(nil, &again.Events[0]))); diff != "" {
			t.Error(diff)
		}
		for _, none := range []string{"", x.mended + "\n" + x.mended} {
			if _, err := s.Form().Read(none); err == nil {
				t.Errorf("%q was read as one record", none)
			}
		}
	}
}
