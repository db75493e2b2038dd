package feed_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/simplifiedchinese"

	"lanzha"
	"lanzha/work/feed"
)

// all reads a file to its end: each event as "row name=value ...", each refusal
// as "row field: reason".
func all(t testing.TB, r io.Reader, m *feed.Mapping) (events, refused []string, skipped int) {
	t.Helper()
	s, err := feed.Open(r, m)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var b feed.Batch
	for {
		err := s.Next(&b)
		if errors.Is(err, io.EOF) {
			return events, refused, skipped
		}
		if err != nil {
			t.Fatal(err)
		}
		skipped += b.Skipped
		for i := range b.Events {
			events = append(events, show(&b, &b.Events[i], m.Kind()))
		}
		for _, r := range b.Refused {
			refused = append(refused, fmt.Sprintf("%d %s: %s", r.Row, r.Field, r.Reason))
		}
	}
}

func show(b *feed.Batch, e *feed.Event, kind feed.Kind) string {
	out := fmt.Sprint(e.Row)
	for _, f := range kind.Fields() {
		switch {
		case !e.Has(f):
		case f.Type == feed.Text:
			out += fmt.Sprintf(" %s=%s", f.Name, b.Text(e, f))
		case f.Type == feed.Instant:
			out += fmt.Sprintf(" %s=%s", f.Name, time.UnixMicro(e.Num(f)).UTC().Format(time.RFC3339Nano))
		default:
			out += fmt.Sprintf(" %s=%d", f.Name, e.Num(f))
		}
	}
	return out
}

func canonical(t testing.TB, kind feed.Kind, format feed.Format) *feed.Mapping {
	t.Helper()
	m, err := feed.Canonical(kind, format)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mapping(t testing.TB, text string) *feed.Mapping {
	t.Helper()
	m, err := feed.ParseMapping("m.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const calls = `id,start,caller,callee,duration_s,answered,imei,imsi,cell
c1,2026-03-01T08:00:00+08:00,13800000001,13900000001,61,true,86012345,46000,A1
c2,2026-03-01T00:00:01.5Z,,13900000002,0,false,,,
`

func TestCanonicalFiles(t *testing.T) {
	for _, x := range []struct {
		name, text string
		kind       feed.Kind
		format     feed.Format
		want       []string
		refused    []string
	}{
		{"calls", calls, feed.Call, feed.CSV, []string{
			"2 id=c1 start=2026-03-01T00:00:00Z caller=13800000001 callee=13900000001 duration_s=61 answered=1 imei=86012345 imsi=46000 cell=A1",
			"3 id=c2 start=2026-03-01T00:00:01.5Z callee=13900000002 duration_s=0 answered=0",
		}, nil},
		{"trailing columns absent, another order, a byte order mark, CRLF", "\xef\xbb\xbfto,time,amount,from\r\nb,2026-03-01T00:00:00Z,12.5,a\r\nb,2026-03-01T00:00:00Z,7,\"a\"\r\n", feed.Transfer, feed.CSV, []string{
			"2 time=2026-03-01T00:00:00Z from=a to=b amount=1250", "3 time=2026-03-01T00:00:00Z from=a to=b amount=700",
		}, nil},
		{"cells absent at the end of a row", "id,time,sender,recipient,text,imei,cell\nm1,2026-03-01T00:00:00Z,1,2\n", feed.Message, feed.CSV, []string{"2 id=m1 time=2026-03-01T00:00:00Z sender=1 recipient=2"}, nil},
		{"quotes", "id,time,sender,recipient,text\n\"m\"\"1\",2026-03-01T00:00:00Z,1,2,\"a, \"\"b\"\"\nand c\"\n", feed.Message, feed.CSV, []string{"2 id=m\"1 time=2026-03-01T00:00:00Z sender=1 recipient=2 text=a, \"b\"\nand c"}, nil},
		{"ndjson", `{"id":"t\u00251","time":"2026-03-01T00:00:00Z","from":"a","to":"b","amount":0.05,"more":{"x":[1,{"time":2}]},"channel":null}` + "\n\n" +
			`{"time":"2026-03-01T00:00:00Z","from":"\u4e2d\ud83d\ude00","to":"b\n","amount":"3.10","outcome":"confirmed","known":"2026-03-04T00:00:00Z"}`, feed.Transfer, feed.NDJSON, []string{
			"1 id=t%1 time=2026-03-01T00:00:00Z from=a to=b amount=5",
			"3 time=2026-03-01T00:00:00Z from=中😀 to=b\n amount=310 outcome=2 known=2026-03-04T00:00:00Z",
		}, nil},
		{"bad records never stop the rest", strings.Join([]string{
			"id,time,from,to,amount,outcome",
			"1,2026-02-30T00:00:00Z,a,b,1,",
			"2,2026-03-01T00:00:00Z,,b,1,",
			"3,2026-03-01T00:00:00Z,a,b,1.005,",
			"4,2026-03-01T00:00:00Z,a,b,-1,",
			"5,2026-03-01T00:00:00Z,a,b,1,perhaps",
			"6,2026-03-01T00:00:00Z,a,b,1,confirmed,7",
			`7,2026-03-01T00:00:00Z,a"x,b,1,`,
			`8,2026-03-01T00:00:00Z,"a"x,b,1,`,
			"9,2026-03-01T00:00:00Z,a\xff,b,1,",
			"10,0026-03-01T00:00:00Z,a,b,1,",
			"11,2026-03-01T00:00:00Z,a,b,99999999999999999999,",
			"12,2026-03-01T00:00:00Z,a,b,1,cleared",
			`13,2026-03-01T00:00:00Z,"a,b,1,`,
			"14,2026-03-01T00:00:00Z,a,b,1",
		}, "\n"), feed.Transfer, feed.CSV, []string{
			"13 id=12 time=2026-03-01T00:00:00Z from=a to=b amount=100 outcome=1",
			"15 id=14 time=2026-03-01T00:00:00Z from=a to=b amount=100",
		}, []string{
			"2 time: this is no time in the form that the file declares", "3 from: it is missing", "4 amount: an amount has two decimals at most",
			"5 amount: a decimal amount of 0 or more is wanted", "6 outcome: confirmed or cleared is wanted", "7 : it has more cells than there are columns",
			"8 : a quote stands inside a cell that is not quoted", "9 : a quoted cell goes on behind its closing quote", "10 : the text is not UTF-8",
			"11 time: a time between 1900 and 2999 is wanted", "12 amount: the amount is beyond 90 trillion",
			"14 : a record is longer than 1 MiB, or a quote in it does not end",
		}},
		{"bad lines of JSON", `{"time":"2026-03-01T00:00:00Z","from":"a","to":"b","amount":1}` + "\n[]\n{\"time\":1\n" +
			`{"time":"2026-03-01T00:00:00Z","from":"a","to":"b","amount":1,"from":"c"}` + "\n" + `{"time":"2026-03-01T00:00:00Z","from":["a"],"to":"b","amount":1}` + "\n{\"a\":01}\nx", feed.Transfer, feed.NDJSON,
			[]string{"1 time=2026-03-01T00:00:00Z from=a to=b amount=100"},
			[]string{"2 : this is no JSON object", "3 : this is no JSON object", "4 : a member stands in it twice", "5 : a list stands where a value is wanted", "6 : this is no JSON object", "7 : this is no JSON object"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			events, refused, _ := all(t, strings.NewReader(x.text), canonical(t, x.kind, x.format))
			if diff := cmp.Diff(x.want, events); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(x.refused, refused); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestMappings: foreign layouts need no code.
func TestMappings(t *testing.T) {
	for _, x := range []struct {
		name, mapping, text string
		want, refused       []string
		skipped             int
	}{
		{"cases, two columns of time, names by position, skipped records", `
kind: call
separator: "|"
columns: [Sequence, IMSI, Type, Number, Date, Time, Other]
take: {Type: [MOC, MTC]}
fields:
  id: Sequence
  start: {columns: [Date, Time], layout: "yyyy/MM/dd HH:mm:ss", zone: Asia/Shanghai}
  imsi: IMSI
cases:
  column: Type
  of:
    MOC: {caller: Number, callee: Other}
    MTC: {caller: Other, callee: Number}
`, "a|b|c|d|e|f|g|h\n0|460|MTC|139|2026/03/01|08:00:00|138\n1|460|SMS|139|2026/03/01|08:00:00|138\n2|460|MOC|139|2026/03/01|08:00:01|137\n3|460|MOC|139|2026/03/01\n", []string{
			"2 id=0 start=2026-03-01T00:00:00Z caller=138 callee=139 imsi=460", "4 id=2 start=2026-03-01T00:00:01Z caller=139 callee=137 imsi=460",
		}, []string{"5 Date: it is missing"}, 1},
		{"constants, values, a number of days, rounding", `
kind: transfer
header: false
columns: [step, a, b, amount, sar]
skip: {a: ["-2"]}
fields:
  time: {column: step, unit: day, from: 2023-01-01T00:00:00+08:00}
  from: a
  to: b
  amount: {column: amount, round: true}
  currency: {value: CNY}
  outcome: {column: sar, values: {"1": confirmed, "0": cleared, "": ""}}
`, "0,1,2,10.005,0\n1,-2,2,5,0\n2,1,2,0.0049,1\n3,1,2,1e-05,\n4,1,2,7,5\n", []string{
			"1 time=2022-12-31T16:00:00Z from=1 to=2 amount=1001 currency=CNY outcome=1", "3 time=2023-01-02T16:00:00Z from=1 to=2 amount=0 currency=CNY outcome=2",
			"4 time=2023-01-03T16:00:00Z from=1 to=2 amount=0 currency=CNY",
		}, []string{"5 sar: the mapping has no such value"}, 1},
		{"summer time", "kind: message\nfields: {time: {column: t, layout: yyyy-MM-dd HH:mm, zone: Europe/Berlin}, recipient: r}\n",
			"t,r\n2026-03-29 01:59,1\n2026-03-29 03:00,1\n2026-10-25 04:00,1\n", []string{"2 time=2026-03-29T00:59:00Z recipient=1", "3 time=2026-03-29T01:00:00Z recipient=1", "4 time=2026-10-25T03:00:00Z recipient=1"}, nil, 0},
		{"ndjson with a path", "kind: message\nformat: ndjson\nfields: {time: {column: head.at, unit: ms}, recipient: to.number}\n",
			`{"head":{"at":1772323200123},"to":{"number":"139"}}`, []string{"1 time=2026-03-01T00:00:00.123Z recipient=139"}, nil, 0},
	} {
		t.Run(x.name, func(t *testing.T) {
			events, refused, skipped := all(t, strings.NewReader(x.text), mapping(t, x.mapping))
			if diff := cmp.Diff(x.want, events); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(x.refused, refused); diff != "" {
				t.Error(diff)
			}
			if skipped != x.skipped {
				t.Errorf("%d skipped, want %d", skipped, x.skipped)
			}
		})
	}
}

// TestCompressedAndEncoded: gzip, zstd and GB18030 give what the plain file
// gives.
func TestCompressedAndEncoded(t *testing.T) {
	text := []byte("时间,号码\n2026-03-01T00:00:00Z,一三九\n")
	m := "kind: message\nfields: {time: 时间, recipient: 号码}\n"
	want := []string{"2 time=2026-03-01T00:00:00Z recipient=一三九"}
	var zipped, zst bytes.Buffer
	g := gzip.NewWriter(&zipped)
	g.Write(text)
	g.Close()
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	z.Write(text)
	z.Close()
	chinese, err := simplifiedchinese.GB18030.NewEncoder().Bytes(text)
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		text    []byte
		mapping string
	}{"plain": {text, m}, "gzip": {zipped.Bytes(), m}, "zstd": {zst.Bytes(), m}, "gb18030": {chinese, "encoding: gb18030\n" + m}} {
		events, refused, _ := all(t, bytes.NewReader(x.text), mapping(t, x.mapping))
		if diff := cmp.Diff(want, events); diff != "" || len(refused) > 0 {
			t.Errorf("%s: %s%v", name, diff, refused)
		}
	}
	s, err := feed.Open(bytes.NewReader(zipped.Bytes()[:zipped.Len()-9]), mapping(t, m))
	if err == nil {
		defer s.Close()
		for err == nil {
			err = s.Next(new(feed.Batch))
		}
	}
	if lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("a file that was cut off: %v", err)
	}
	if _, err := feed.Open(bytes.NewReader(chinese), mapping(t, m)); err == nil || !strings.Contains(err.Error(), "not UTF-8") {
		t.Errorf("GB18030 without saying so: %v", err)
	}
}

// TestLongFiles: records that lie across the parts in which a file is read,
// longer than a part, or longer than is taken.
func TestLongFiles(t *testing.T) {
	var file strings.Builder
	file.WriteString("id,time,recipient,text\n")
	for i := range 3000 {
		size := 100 + i*7%1500
		if i == 1000 {
			size = 400_000
		}
		fmt.Fprintf(&file, "%d,2026-03-01T00:00:00Z,1,\"%s\"\n", i, strings.Repeat("\"\"\n", size/3))
	}
	events, refused, _ := all(t, strings.NewReader(file.String()), canonical(t, feed.Message, feed.CSV))
	if len(events) != 3000 || len(refused) > 0 {
		t.Errorf("%d events, and refused %v", len(events), refused)
	}
	for i, e := range events[:1000] {
		if size := 100 + i*7%1500; !strings.HasSuffix(e, "text="+strings.Repeat("\"\n", size/3)) {
			t.Fatalf("event %d is %.200q", i, e)
		}
	}
	long := "id,time,recipient,text\n1,2026-03-01T00:00:00Z,1," + strings.Repeat("x", 3<<20) + "\n2,2026-03-01T00:00:00Z,1,y\n"
	events, refused, _ = all(t, strings.NewReader(long), canonical(t, feed.Message, feed.CSV))
	if len(events) != 1 || len(refused) != 1 || !strings.HasPrefix(events[0], "3 id=2") {
		t.Errorf("behind a line of 3 MB: %d refused, %v", len(refused), events)
	}
}

// TestRecordsGoOut: what AppendRecord writes is the record, as CSV with commas.
func TestRecordsGoOut(t *testing.T) {
	for _, x := range []struct{ mapping, text, want string }{
		{"kind: message\nfields: {time: t, recipient: r}\n", "t,r,\"x, y\"\n2026-03-01T00:00:00Z,\"1\",2\r\n2026-03-01T00:00:00Z,1\n", "2026-03-01T00:00:00Z,\"1\",2\n2026-03-01T00:00:00Z,1,\n"},
		{"kind: message\nseparator: \"|\"\nfields: {time: t, recipient: r}\n", "t|r|x\n2026-03-01T00:00:00Z|1|a,b\n2026-03-01T00:00:00Z|1\n", "2026-03-01T00:00:00Z,1,\"a,b\"\n2026-03-01T00:00:00Z,1,\n"},
		{"kind: message\nformat: ndjson\nfields: {time: t, recipient: r, text: x}\n", `{"x":"say \"a\"","r":1,"t":"2026-03-01T00:00:00Z"}`, "2026-03-01T00:00:00Z,1,\"say \"\"a\"\"\"\n"},
	} {
		s, err := feed.Open(strings.NewReader(x.text), mapping(t, x.mapping))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var b feed.Batch
		if err := s.Next(&b); err != nil {
			t.Fatal(err)
		}
		got := []byte{}
		for i := range b.Events {
			got = append(s.AppendRecord(got, &b, &b.Events[i]), '\n')
		}
		if diff := cmp.Diff(x.want, string(got)); diff != "" {
			t.Error(diff)
		}
	}
}

// TestWrongMappings: a mapping that cannot work is refused with the place.
func TestWrongMappings(t *testing.T) {
	for _, x := range []struct{ text, want string }{
		{"", "m.yaml: the mapping is empty"},
		{"kind: fax\n", "m.yaml: kind"},
		{"kind: call\nfeilds: {}\n", "feilds"},
		{"kind: call\nfields: {start: a}\n", "fields: callee is wanted"},
		{"kind: call\nfields: {start: a, callee: b, number: c}\n", "fields.number: a call has no such field; it has id, start"},
		{"kind: call\nfields: {start: {column: a, layout: DD.MM.YYYY}, callee: b}\n", "fields.start.layout"},
		{"kind: call\nfields: {start: {column: a, zone: Mars/Olympus}, callee: b}\n", "fields.start.zone"},
		{"kind: call\nfields: {start: {column: a, lay: x}, callee: b}\n", `a field has no "lay"`},
		{"kind: call\nfields: {start: {column: a, unit: week}, callee: b}\n", "fields.start.unit"},
		{"kind: call\nfields: {start: a, callee: b, answered: {column: c, values: {J: ja}}}\n", "fields.answered.values.J: true or false is wanted"},
		{"kind: call\nfields: {start: a, callee: {column: b, value: c}}\n", "fields.callee: a column or a value is wanted"},
		{"kind: call\nheader: false\nfields: {start: a, callee: b}\n", "columns: a file without a header"},
		{"kind: call\nfields: {start: a}\ncases: {column: t, of: {x: {callee: b}, y: {caller: b}}}\n", "cases.of.y: callee is wanted"},
		{"kind: call\nseparator: ab\nfields: {start: a, callee: b}\n", "separator: one byte"},
	} {
		if _, err := feed.ParseMapping("m.yaml", []byte(x.text)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%q: %v, want %q", x.text, err, x.want)
		}
	}
	for _, x := range []struct{ text, want string }{
		{"", "the file is empty"},
		{"id,time\n", "from: the file has no such column"},
		{"id,time,from,to,amont\n", "amont: a transfer has no such field"},
		{"id,time,from,to,amount,to\n", "to: the header has this column twice"},
	} {
		if _, err := feed.Open(strings.NewReader(x.text), canonical(t, feed.Transfer, feed.CSV)); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%q: %v, want %q", x.text, err, x.want)
		}
	}
}
