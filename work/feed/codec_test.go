package feed_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lanzha"
	"lanzha/work/feed"
)

var update = flag.Bool("update", false, "write the golden files of the present version anew")

// samples are files of all kinds with every field, and with none that may be
// absent.
var samples = map[feed.Kind]string{
	feed.Call: `{"id":"c1","start":"2026-03-01T08:00:00.000001+08:00","caller":"13800000001","callee":"+8613900000001","duration_s":61,"answered":true,"imei":"860123456789012","imsi":"460001234567890","cell":"460-00-1A2B","presented":"95588","person":"p1","outcome":"confirmed","known":"2026-03-02T08:00:00+08:00"}
{"start":"2026-02-28T23:59:59Z","callee":"1"}
{"start":"2999-12-31T23:59:59.999999Z","callee":"12345678","duration_s":999999999999999999,"answered":false}
{"start":"1900-01-01T00:00:00Z","callee":"123456789"}
`,
	feed.Message: `{"id":"m1","time":"2026-03-01T00:00:00Z","sender":"106","recipient":"13900000001","text":"您的验证码是 \"12\"","imei":"86","cell":"A","outcome":"cleared"}
{"time":"2026-03-01T00:00:00Z","recipient":"0123456701234567"}
`,
	feed.Transfer: `{"id":"t1","time":"2026-03-01T00:00:00Z","from":"6222000000000000001","to":"6222000000000000002","amount":90000000000000.00,"currency":"CNY","channel":"app","phone":"13800000001"}
{"time":"2026-03-01T00:00:00Z","from":"a","to":"b","amount":0}
`,
	feed.Registration: `{"id":"r1","time":"2026-03-01T00:00:00Z","what":"open","number":"13800000001","outlet":"o-7","imei":"860123456789012","channel":"shop","person":"p1"}
{"time":"2026-03-01T00:00:01Z","what":"restore","account":"6222"}
`,
}

func batchOf(t testing.TB, kind feed.Kind, text string) *feed.Batch {
	t.Helper()
	s, err := feed.Open(strings.NewReader(text), canonical(t, kind, feed.NDJSON))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := &feed.Batch{}
	if err := s.Next(b); err != nil {
		t.Fatal(err)
	}
	return b
}

// objects are the events of a batch as JSON.
func objects(b *feed.Batch) (out []string) {
	for i := range b.Events {
		if !b.Events[i].Refused {
			out = append(out, string(b.AppendJSON(nil, &b.Events[i])))
		}
	}
	return out
}

// TestTheLogIsReadInAllItsForms: every version's golden file says what it said
// when it was written, and the present one is still written so.
func TestTheLogIsReadInAllItsForms(t *testing.T) {
	for kind, text := range samples {
		b := batchOf(t, kind, text)
		if len(b.Refused) > 0 {
			t.Fatalf("%s: %v", kind, b.Refused)
		}
		h := feed.Header{Source: "upload 7", Number: 300}
		entry := b.Encode(nil, kind, h)
		for version := 1; version <= int(entry[0]); version++ {
			name := filepath.Join("testdata", fmt.Sprintf("v%d-%s.bin", version, kind))
			if *update && version == int(entry[0]) {
				if err := os.WriteFile(name, entry, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if version == int(entry[0]) && !bytes.Equal(golden, entry) {
				t.Errorf("%s: the form has changed and the version has not", name)
			}
			var again feed.Batch
			gotKind, gotHeader, err := again.Decode(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(objects(b), objects(&again)); diff != "" || gotKind != kind || gotHeader != h {
				t.Errorf("%s: %s, %v, %s", name, gotKind, gotHeader, diff)
			}
		}
	}
}

// TestRefusedEventsStayOut of the log.
func TestRefusedEventsStayOut(t *testing.T) {
	b := batchOf(t, feed.Message, samples[feed.Message])
	b.Refuse(&b.Events[0], "time", "too late")
	var again feed.Batch
	if _, _, err := again.Decode(b.Encode(nil, feed.Message, feed.Header{})); err != nil || len(again.Events) != 1 || again.Events[0].Row != 1 {
		t.Errorf("%d events, %v", len(again.Events), err)
	}
}

// TestEntriesOfALaterVersion are refused with what to do, and those cut off at
// any byte as damaged.
func TestEntriesOfALaterVersion(t *testing.T) {
	var b feed.Batch
	entry := batchOf(t, feed.Call, samples[feed.Call]).Encode(nil, feed.Call, feed.Header{Source: "s", Number: 1})
	later := bytes.Clone(entry)
	later[0]++
	if _, _, err := b.Decode(later); lanzha.CodeOf(err) != lanzha.CodeInvalid || !strings.Contains(err.Error(), "does not read") {
		t.Errorf("a later version: %v", err)
	}
	for cut := range entry {
		if _, _, err := b.Decode(entry[:cut]); err == nil || len(b.Events) > 0 {
			t.Fatalf("cut at %d of %d: %d events, %v", cut, len(entry), len(b.Events), err)
		}
	}
	if _, _, err := b.Decode(append(entry, 0)); lanzha.CodeOf(err) != lanzha.CodeInternal {
		t.Errorf("a byte behind it: %v", err)
	}
}

// TestAnyEventGoesThroughTheLog: what is put in comes out, whatever the texts
// and numbers are.
func TestAnyEventGoesThroughTheLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(feed.Kinds()).Draw(t, "kind")
		builder := feed.NewBuilder(kind)
		texts := rapid.OneOf(rapid.StringMatching(`[0-9]{1,40}`), rapid.StringMatching(`[0-9:;/?]{1,20}`), rapid.String())
		instants := rapid.Int64Range(-2_208_988_800_000_000, 32_503_679_999_999_999)
		for range rapid.IntRange(0, 20).Draw(t, "events") {
			values := []feed.Value{}
			for _, f := range kind.Fields()[2:] {
				if !f.Required && rapid.Bool().Draw(t, "absent") {
					continue
				}
				v := feed.Value{Field: f}
				switch {
				case f.Of != nil:
					v.Text = rapid.SampledFrom(f.Of).Draw(t, f.Name)
				case f.Type == feed.Text:
					v.Text = texts.Draw(t, f.Name)
				case f.Type == feed.Instant:
					v.Num = instants.Draw(t, f.Name)
				case f.Type == feed.Bool:
					v.Num = rapid.Int64Range(0, 1).Draw(t, f.Name)
				case f.Type == feed.Outcome:
					v.Num = rapid.Int64Range(feed.Cleared, feed.Confirmed).Draw(t, f.Name)
				default:
					v.Num = rapid.Int64Range(0, 9_000_000_000_000_000).Draw(t, f.Name)
				}
				values = append(values, v)
			}
			builder.Put(instants.Draw(t, "time"), values...) // texts that are absent may refuse it
		}
		b := builder.Batch()
		h := feed.Header{Source: rapid.String().Draw(t, "source"), Number: rapid.Int64Min(0).Draw(t, "number")}
		var again feed.Batch
		k, got, err := again.Decode(b.Encode([]byte("before"), kind, h)[6:])
		if err != nil || k != kind || got != h {
			t.Fatalf("%v %v %v", k, got, err)
		}
		if diff := cmp.Diff(objects(b), objects(&again)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzDecode: no entry makes the decoder panic; what it takes is in range, and
// written again it says the same.
func FuzzDecode(f *testing.F) {
	for kind, text := range samples {
		f.Add(batchOf(f, kind, text).Encode(nil, kind, feed.Header{Source: "s", Number: 5}))
	}
	f.Fuzz(func(t *testing.T, entry []byte) {
		var b, again feed.Batch
		kind, h, err := b.Decode(entry)
		if err != nil {
			return
		}
		k, g, err := again.Decode(b.Encode(nil, kind, h))
		if err != nil || k != kind || g != h {
			t.Fatalf("%v %v %v", k, g, err)
		}
		if diff := cmp.Diff(objects(&b), objects(&again)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// aCallBatch is what a carrier sends: 500 calls with all that is known.
func aCallBatch(t testing.TB) *feed.Batch {
	builder := feed.NewBuilder(feed.Call)
	for i := range 500 {
		if !builder.AddJSON(fmt.Appendf(nil, `{"id":"%d","start":"2026-03-01T08:%02d:%02dZ","caller":"138%08d","callee":"139%08d","duration_s":%d,"answered":%t,"imei":"86012345%07d","imsi":"46000%010d","cell":"46000%07d"}`,
			9_000_000_000+i, i/60%60, i%60, i*7919%100_000_000, i*104729%100_000_000, i%300, i%3 > 0, i*31, i*17, i%5000)) {
			t.Fatal(builder.Batch().Refused)
		}
	}
	return builder.Batch()
}

func BenchmarkEncode(b *testing.B) {
	batch, out := aCallBatch(b), []byte{}
	for b.Loop() {
		out = batch.Encode(out[:0], feed.Call, feed.Header{Source: "carrier", Number: 1})
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/event")
	b.ReportMetric(float64(len(out))/500, "bytes/event")
}

func BenchmarkDecode(b *testing.B) {
	entry := aCallBatch(b).Encode(nil, feed.Call, feed.Header{Source: "carrier", Number: 1})
	var batch feed.Batch
	for b.Loop() {
		if _, _, err := batch.Decode(entry); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/500, "ns/event")
}
