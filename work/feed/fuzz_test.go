package feed_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"lanzha/work/feed"
)

// read reads a file to its end and returns the texts of one field, and whether
// anything was refused.
func read(t *testing.T, text []byte, m *feed.Mapping, name string) (out []string, refused bool, again []byte) {
	s, err := feed.Open(bytes.NewReader(text), m)
	if err != nil {
		return nil, true, nil
	}
	defer s.Close()
	f, _ := m.Kind().Field(name)
	var b feed.Batch
	for {
		err := s.Next(&b)
		if errors.Is(err, io.EOF) {
			return out, refused, again
		}
		if err != nil {
			return out, true, nil
		}
		refused = refused || len(b.Refused) > 0
		for i := range b.Events {
			out = append(out, string(b.Text(&b.Events[i], f)))
			again = append(s.AppendRecord(again, &b, &b.Events[i]), '\n')
		}
	}
}

// FuzzCSV: no file makes the reader panic or stop, every record comes out as
// an event or refused, and what was taken whole reads as the standard library
// reads it.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("2026-03-01T00:00:00Z,1,\"a \"\"b\"\"\"\n2026-03-01T00:00:00Z,2\r\n"))
	f.Add([]byte("2026-03-01T00:00:00Z,1,\"a\n\n"))
	f.Add([]byte("\"2026-03-01T00:00:00Z\",\"1\",x\n,,,,\n\"\n"))
	m, err := feed.ParseMapping("m.yaml", []byte("kind: message\nheader: false\ncolumns: [t, r, x]\nfields: {time: t, recipient: r, text: x}\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, refused, again := read(t, text, m, "text")
		if refused {
			return
		}
		if c := strings.TrimPrefix(string(text), "\xef\xbb\xbf"); !bytes.HasPrefix(text, []byte{0x1f, 0x8b}) && !strings.Contains(c, "\r") {
			r := csv.NewReader(strings.NewReader(c))
			r.FieldsPerRecord = -1
			records, err := r.ReadAll()
			if err != nil || len(records) != len(got) {
				t.Fatalf("%d records; the standard library has %d, %v", len(got), len(records), err)
			}
			for i, record := range records {
				if record = append(record, "", ""); record[2] != got[i] {
					t.Fatalf("record %d: %q, want %q", i, got[i], record[2])
				}
			}
		}
		if once, refused, _ := read(t, again, m, "text"); refused || strings.Join(once, "|") != strings.Join(got, "|") {
			t.Fatalf("written and read again: %q, want %q", once, got)
		}
	})
}

// FuzzNDJSON: the same for lines of JSON.
func FuzzNDJSON(f *testing.F) {
	f.Add([]byte(`{"t":"2026-03-01T00:00:00Z","r":1,"x":"\ud83d\ude00 \"\\\/\b\f\n\r\t"}`))
	f.Add([]byte("{\"t\":\"2026-03-01T00:00:00Z\",\"r\":{\"a\":[1,2,{}]},\"x\":null}\n[]"))
	m, err := feed.ParseMapping("m.yaml", []byte("kind: message\nformat: ndjson\nfields: {time: t, recipient: r, text: x}\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, refused, _ := read(t, text, m, "text")
		if refused || bytes.HasPrefix(text, []byte{0x1f, 0x8b}) || bytes.HasPrefix(text, []byte{0xef, 0xbb, 0xbf}) {
			return
		}
		i := 0
		for line := range bytes.Lines(text) {
			line = bytes.Trim(line, "\r\n")
			if len(line) == 0 {
				continue
			}
			var want struct {
				X any `json:"x"`
			}
			d := json.NewDecoder(bytes.NewReader(line))
			d.UseNumber()
			if err := d.Decode(&want); err != nil {
				t.Fatalf("%q was taken: %v", line, err)
			}
			x, _ := json.Marshal(want.X)
			if s, ok := want.X.(string); ok {
				x = []byte(s)
			}
			if want.X == nil {
				x = nil
			}
			if string(x) != got[i] && !bytes.Contains(line, []byte(`"X"`)) {
				t.Fatalf("%q: text %q, want %q", line, got[i], x)
			}
			i++
		}
	})
}

// FuzzMapping: no text makes the loader panic.
func FuzzMapping(f *testing.F) {
	f.Add([]byte("kind: call\nseparator: \"|\"\ntake: {a: [b]}\nfields: {start: {columns: [a, b], layout: \"yyyy-MM-dd HH:mm:ss\", zone: Asia/Shanghai}, callee: c}\ncases: {column: t, of: {x: {caller: d}}}\n"))
	f.Add([]byte("kind: transfer\nfields: {time: {column: t, unit: day, from: 2026-01-01T00:00:00Z}, from: a, to: b, amount: {column: c, round: true}, outcome: {column: o, values: {\"1\": confirmed}}}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := feed.ParseMapping("m.yaml", text); err == nil {
			read(t, []byte("a,b,c\n1,2,3\n"), m, "id")
		}
	})
}
