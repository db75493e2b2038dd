package feed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanzha/work/feed"
)

func refusals(b *feed.Batch) (out []string) {
	for _, r := range b.Refused {
		out = append(out, fmt.Sprintf("%d %s: %s: %s", r.Row, r.Field, r.Reason, r.Record))
	}
	return out
}

// TestEventsAreMadeInCode as texts, as JSON and as values, and checked as those
// of a file are.
func TestEventsAreMadeInCode(t *testing.T) {
	b := feed.NewBuilder(feed.Registration)
	field := func(name string) feed.Field {
		f, ok := feed.Registration.Field(name)
		if !ok {
			t.Fatal(name)
		}
		return f
	}
	const at, march = "2026-03-01T00:00:00Z", 1_772_323_200_000_000
	got := []bool{
		b.Add(map[string]string{"time": at, "what": "open", "number": "138", "imei": ""}),
		b.Add(map[string]string{"time": at, "what": "open"}),
		b.Add(map[string]string{"time": at, "what": "stolen", "number": "138"}),
		b.Add(map[string]string{"time": at, "what": "open", "number": "138", "nubmer": "1"}),
		b.Add(map[string]string{"time": at, "what": "open", "number": "\xff"}),
		b.AddJSON([]byte("{\"time\":\"" + at + "\",\n\"what\":\"restore\",\"account\":\"a\\u0041\",\"outlet\":null}")),
		b.AddJSON([]byte(`{"time":1,"what":"restore","account":"1"}`)),
		b.AddJSON([]byte(`{"what":"restore","who":{"name":"x"}}`)),
		b.AddJSON([]byte(`{"what":"restore"`)),
		b.AddJSON(nil),
		b.Put(march, feed.Value{Field: field("what"), Text: "replace"}, feed.Value{Field: field("number"), Text: "139"}, feed.Value{Field: field("outcome"), Num: feed.Cleared}),
		b.Put(march, feed.Value{Field: field("what"), Text: "replace"}, feed.Value{Field: field("number")}),
		b.Put(1<<60, feed.Value{Field: field("what"), Text: "replace"}, feed.Value{Field: field("number"), Text: "139"}),
		b.Put(march, feed.Value{Field: field("what"), Text: "replace"}, feed.Value{Field: field("number"), Text: "139"}, feed.Value{Field: field("outcome"), Num: 7}),
	}
	if diff := cmp.Diff([]bool{true, false, false, false, false, true, false, false, false, false, true, false, false, false}, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		`{"time":"2026-03-01T00:00:00Z","what":"open","number":"138"}`,
		`{"time":"2026-03-01T00:00:00Z","what":"restore","account":"aA"}`,
		`{"time":"2026-03-01T00:00:00Z","what":"replace","number":"139","outcome":"cleared"}`,
	}, objects(b.Batch())); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		`2 number: a registration has a number or an account: {"time":"2026-03-01T00:00:00Z","what":"open"}`,
		`3 what: open, restore or replace is wanted: {"number":"138","time":"2026-03-01T00:00:00Z","what":"stolen"}`,
		`4 nubmer: there is no such field: {"nubmer":"1","number":"138","time":"2026-03-01T00:00:00Z","what":"open"}`,
		`5 number: the text is not UTF-8: {"number":"\ufffd","time":"2026-03-01T00:00:00Z","what":"open"}`,
		`7 time: this is no time in the form that the file declares: {"time":1,"what":"restore","account":"1"}`,
		`8 who: there is no such field: {"what":"restore","who":{"name":"x"}}`,
		`9 : this is no JSON object: {"what":"restore"`,
		`10 time: it is missing: `,
		`12 number: a registration has a number or an account: {"time":"2026-03-01T00:00:00Z","what":"replace"}`,
		`13 time: a time between 1900 and 2999 is wanted: {"time":"38504-08-17T21:30:06.846976Z","what":"replace","number":"139"}`,
		`14 outcome: confirmed or cleared is wanted: {"time":"2026-03-01T00:00:00Z","what":"replace","number":"139"}`,
	}, refusals(b.Batch())); diff != "" {
		t.Error(diff)
	}
	b.Reset()
	if b.Add(map[string]string{"time": at, "what": "open", "account": "1"}); len(b.Batch().Events) != 1 || b.Batch().Events[0].Row != 1 || len(b.Batch().Refused) > 0 {
		t.Error("what was before the reset is still there")
	}
	var joined feed.Batch
	joined.Join(b.Batch())
	joined.Join(b.Batch())
	b.Reset()
	if diff := cmp.Diff([]string{`{"time":"2026-03-01T00:00:00Z","what":"open","account":"1"}`, `{"time":"2026-03-01T00:00:00Z","what":"open","account":"1"}`}, objects(&joined)); diff != "" {
		t.Error(diff)
	}
}

// TestRegistrationsFromFiles: the mapping must name what was registered.
func TestRegistrationsFromFiles(t *testing.T) {
	events, refused, _ := all(t, strings.NewReader("id,time,what,number,account,outlet,imei,channel\n1,2026-03-01T00:00:00Z,open,138,,o,,shop\n2,2026-03-01T00:00:00Z,open,,,o,,\n3,2026-03-01T00:00:00Z,Open,1,,,,\n"), canonical(t, feed.Registration, feed.CSV))
	if diff := cmp.Diff([]string{"2 id=1 time=2026-03-01T00:00:00Z what=open number=138 outlet=o channel=shop"}, events); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"3 number: a registration has a number or an account", "4 what: open, restore or replace is wanted"}, refused); diff != "" {
		t.Error(diff)
	}
	if _, err := feed.ParseMapping("m.yaml", []byte("kind: registration\nfields: {time: t, what: {value: open}, outlet: o}\n")); err == nil {
		t.Error("a mapping without a number and an account was taken")
	}
	if _, err := feed.ParseMapping("m.yaml", []byte("kind: registration\nfields: {time: t, what: {column: w, values: {K: opened}}, number: n}\n")); err == nil {
		t.Error("a mapping to a word that is none was taken")
	}
}
