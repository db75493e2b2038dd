package check

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lanzha"
	"lanzha/base/vault"
	"lanzha/know/institution"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// TestTheIndexIsTheRegister puts listings with random dates of a few persons,
// lifts some, and holds every answer on every day against the listings
// themselves.
func TestTheIndexIsTheRegister(t *testing.T) {
	zone := time.FixedZone("CST", 8*3600)
	start := register.Day("2026-01-01")
	rapid.Check(t, func(t *rapid.T) {
		x := NewIndex(0)
		measures := []register.Measure{
			{Row: "a", Measure: "stop", Service: string(PaymentAccount), Institution: "payment_firm"},
			{Row: "b", Measure: "suspend", Service: string(NewECNYWallet), Institution: "ecny_operator"},
		}
		x.Learn("both", measures, nil)
		x.Learn("first", measures[:1], nil)
		laws := map[string][]register.Measure{"both": measures, "first": measures[:1]}
		held := map[byte][]register.Listing{}
		for i := range rapid.IntRange(1, 40).Draw(t, "listings") {
			person := rapid.Byte().Draw(t, "person") % 8
			l := register.Listing{ID: lanzha.NewID(time.UnixMilli(int64(i+1)), [10]byte{byte(i)})}
			if rapid.IntRange(0, 4).Draw(t, "unknown start") > 0 {
				l.Span.From = start.AddDays(rapid.IntRange(0, 20).Draw(t, "from"))
				l.Span.Until = l.Span.From.AddDays(rapid.IntRange(0, 20).Draw(t, "days"))
			}
			law := rapid.SampledFrom([]string{"both", "first"}).Draw(t, "law")
			l.Measures = laws[law]
			c := register.Current{Listing: l.ID, Index: sumOf(person).String(), Span: l.Span, Law: law}
			if err := x.Put(c); err != nil {
				t.Fatal(err)
			}
			if rapid.Bool().Draw(t, "put twice") {
				if err := x.Put(c); err != nil {
					t.Fatal(err)
				}
			}
			if rapid.IntRange(0, 3).Draw(t, "lift") == 0 {
				x.Drop(l.ID)
				l.LiftedAt = time.Unix(1, 0)
			}
			held[person] = append(held[person], l)
		}
		for person := range byte(9) {
			for n := range 45 {
				on := start.AddDays(n)
				for _, to := range []ask{{institution.Payment, PaymentAccount}, {institution.Bank, NewECNYWallet}, {institution.Carrier, LineTransfer}} {
					want, listed := "", false
					for _, l := range held[person] {
						for _, m := range l.Binding(on) {
							if !slices.Contains(bindsWhom[m.Institution], to.kind) {
								continue
							}
							listed = true
							if m.Service == string(to.service) {
								want = max(want, string(l.Span.Until))
							}
						}
					}
					noon, _ := time.ParseInLocation(time.DateOnly, string(on), zone)
					f := x.find([]vault.Sum{sumOf(person)}, func() []vault.Sum { return nil }, to, today(noon.Add(12*time.Hour), zone))
					got := ""
					for _, until := range f.until {
						got = max(got, string(day(until)))
					}
					if got != want || (f.result == Listed) != listed || len(f.bound) > 1 {
						t.Fatalf("person %d on %s as %v: %s until %q by %d measures, want listed %v until %q", person, on, to, f.result, got, len(f.bound), listed, want)
					}
				}
			}
		}
	})
}

func sumOf(person byte) vault.Sum {
	s := vault.Sum{Generation: 1}
	s.Bits[0], s.Bits[9] = person%2, person // half of them begin in one slot
	return s
}

// TestOldAndNewKeys finds a person under either generation, and the name too.
func TestOldAndNewKeys(t *testing.T) {
	x := NewIndex(0)
	x.Learn("law", []register.Measure{{Row: "a", Measure: "stop", Service: string(PaymentAccount), Institution: "payment_firm", Words: policy.Words{ZH: "停止"}}}, nil)
	older, newer := vault.Sum{Generation: 1, Bits: [16]byte{1}}, vault.Sum{Generation: 2, Bits: [16]byte{2}}
	name, other := vault.Sum{Generation: 1, Bits: [16]byte{3}}, vault.Sum{Generation: 2, Bits: [16]byte{4}}
	if err := x.Put(register.Current{Listing: lanzha.NewID(time.UnixMilli(1), [10]byte{1}), Index: older.String(), Name: name.String(), Span: register.Span{From: "2026-01-01", Until: "2027-01-01"}, Law: "law"}); err != nil {
		t.Fatal(err)
	}
	on, to := number("2026-06-01", never), ask{institution.Payment, PaymentAccount}
	for _, c := range []struct {
		numbers, names []vault.Sum
		want           Result
	}{
		{[]vault.Sum{newer, older}, []vault.Sum{other, name}, Listed},
		{[]vault.Sum{newer, older}, []vault.Sum{other}, NameDiffers},
		{[]vault.Sum{newer}, []vault.Sum{other, name}, NotListed},
	} {
		if f := x.find(c.numbers, func() []vault.Sum { return c.names }, to, on); f.result != c.want {
			t.Errorf("%v by %v is %s, want %s", c.numbers, c.names, f.result, c.want)
		}
	}
}

func TestIDsPack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		random := [10]byte{}
		copy(random[:], rapid.SliceOfN(rapid.Byte(), 10, 10).Draw(t, "random"))
		id := lanzha.NewID(time.UnixMilli(rapid.Int64Range(0, 1<<48-1).Draw(t, "ms")), random)
		b, ok := packed(id)
		if got := unpacked(b); !ok || got != id {
			t.Fatalf("%s comes back as %s, %v", id, got, ok)
		}
	})
	for _, bad := range []lanzha.ID{"", "01KB3V6N0Q8V4Y2ZC5T7R9WXH", "01KB3V6N0Q8V4Y2ZC5T7R9WXHI"} {
		if _, ok := packed(bad); ok {
			t.Errorf("%q is taken for an ID", bad)
		}
	}
}

// TestReplyIsWhatTheDocumentSays reads what is written by hand into the types
// of the API document.
func TestReplyIsWhatTheDocumentSays(t *testing.T) {
	s := shapeOf([]register.Measure{{
		Row: "JP-14", Measure: "stop", Service: string(PaymentAccount), Institution: "payment_firm", Words: policy.Words{ZH: `停止"支付"`, EN: "stop"},
		Citation: policy.Citation{Document: "《办法》", Article: "第六条", Inferred: true}, Keeps: &register.Kept{Item: "balance", Words: policy.Words{ZH: "余额", EN: "balance"}},
	}}, []register.Kept{{Item: string(OpenBankAccount), Words: policy.Words{ZH: "不在其列", EN: "not barred"}}})
	b := s.bound[ask{institution.Payment, PaymentAccount}]
	found := []found{
		{result: NotListed}, {result: NameDiffers}, {result: Listed, bound: b, until: []int32{number("2028-11-25", never)}},
		{result: Listed, bound: slices.Concat(b, b), until: []int32{never, 0}}, {result: Listed, free: s.free[OpenBankAccount]}, {result: Listed},
	}
	x := NewIndex(0)
	x.moved(time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC), x.asOf.cursor)
	var got Reply
	if err := json.Unmarshal(appendReply(nil, x.asOf, true, found), &got); err != nil {
		t.Fatal(err)
	}
	stop := Bound{Measure: "stop", Words: Words{`停止"支付"`, "stop"}, Keeps: &Words{"余额", "balance"}, Basis: "《办法》第六条（条号待核）"}
	until := func(d register.Day) Bound { b := stop; b.Until = &d; return b }
	want := Reply{AsOf: AsOf{At: time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC), Cursor: "0.0.0", Late: true}, Answers: []Answer{
		{Result: NotListed}, {Result: NameDiffers}, {Result: Listed, Measures: []Bound{until("2028-11-25")}},
		{Result: Listed, Measures: []Bound{stop, until("1970-01-01")}}, {Result: Listed, Open: &Words{"不在其列", "not barred"}},
		{Result: Listed, Open: &Words{"对该业务没有限制措施", "no measure restricts this service"}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the reply (-want +got):\n%s", diff)
	}
}

func TestDecode(t *testing.T) {
	const good = `{"purpose":"opening","officer":"E1","reference":"R1","checks":[{"number":"1","name":"\u5f20三","service":"line_transfer"} , {"service":"s","name":"a\"b","number":""}]}`
	r, err := decode([]byte("\n" + good + " "))
	want := Request{Purpose: Opening, Officer: "E1", Reference: "R1", Checks: []Subject{{"1", "张三", LineTransfer}, {"", `a"b`, "s"}}}
	if diff := cmp.Diff(want, r); err != nil || diff != "" {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	for body, says := range map[string]string{
		``:                                     "body: want an object",
		`[]`:                                   "body: want an object",
		`{`:                                    "byte 1",
		good + `{}`:                            "follows the request",
		`{"who":"x"}`:                          "body: there is a key that does not belong there",
		`{"Purpose":"opening"}`:                "does not belong there",
		`{"purpose":1}`:                        "body.purpose: want a text",
		`{"purpose":null}`:                     "body.purpose: want a text",
		`{"purpose":"a","purpose":"b"}`:        "body.purpose: stands twice",
		`{"purpose":"a"`:                       "byte 14",
		`{"purpose":"a",}`:                     "byte 15",
		`{"purpose" "a"}`:                      "byte 11",
		`{"purpose":"a` + "\n" + `"}`:          "byte",
		`{"purpose":"\x"}`:                     "byte",
		`{"checks":{}}`:                        "body.checks: want a list",
		`{"checks":["a"]}`:                     "body.checks: want an object",
		`{"checks":[{"number":5}]}`:            "body.checks[0].number: want a text",
		`{"checks":[{},{"name":[]}]}`:          "body.checks[1].name: want a text",
		`{"checks":[{"number":"1","no":"2"}]}`: "does not belong there",
		`{"checks":[` + strings.Repeat("{},", 1000) + `{}]}`: "want 1 to 1000 checks",
	} {
		if _, err := decode([]byte(body)); lanzha.CodeOf(err) != lanzha.CodeInvalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%.60s: %v, want %q", body, err, says)
		}
	}
}

// FuzzDecode: what is taken means the same to encoding/json.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"purpose":"opening","officer":"E1","reference":"R1","checks":[{"number":"1","name":"\u5f20三","service":"line_transfer"},{}]}`))
	f.Add([]byte(`{"checks":[{"number":"\ud83d\ude00\\"}]}`))
	f.Add([]byte(`{"purpose":"`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if !json.Valid(body) {
			if r, err := decode(body); err == nil && utf8Valid(body) {
				t.Fatalf("%q is no JSON and is taken as %+v", body, r)
			}
			return
		}
		r, err := decode(body)
		if err != nil {
			return
		}
		var other Request
		if err := json.Unmarshal(body, &other); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		if len(r.Checks) == 0 {
			r.Checks, other.Checks = nil, nil
		}
		if diff := cmp.Diff(other, r); diff != "" {
			t.Fatalf("%q (-encoding/json +ours):\n%s", body, diff)
		}
	})
}

func utf8Valid(b []byte) bool { return strings.ToValidUTF8(string(b), "") == string(b) }

// TestGroup: every line is kept once; a failure is told to all whom it
// concerns and to nobody else; a panic stops nothing.
func TestGroup(t *testing.T) {
	var mu sync.Mutex
	kept := map[string]int{}
	turns := 0
	g := &group{now: time.Now, keep: func(_ context.Context, lines []*line) error {
		turns++ // one at a time, or the race detector tells
		for _, l := range lines {
			if text := string(l.text); strings.HasPrefix(text, "bad") {
				return errors.New("the disk is full")
			} else if strings.HasPrefix(text, "worse") {
				panic("worse")
			}
		}
		mu.Lock()
		defer mu.Unlock()
		for _, l := range lines {
			kept[string(l.text)]++
		}
		return nil
	}}
	var callers sync.WaitGroup
	for c := range 8 {
		callers.Go(func() {
			for i := range 200 {
				l := newLine()
				l.checks = 1
				l.text = fmt.Appendf(nil, "good %d %d", c, i)
				switch {
				case c == 0 && i%50 == 7:
					l.text = []byte("bad")
				case c == 1 && i%50 == 9:
					l.text = []byte("worse")
				}
				err := g.enter(t.Context(), l)
				mu.Lock()
				n := kept[string(l.text)]
				mu.Unlock()
				if err == nil && n != 1 || err != nil && n != 0 {
					t.Errorf("%s is kept %d times, its caller hears %v", l.text, n, err)
				}
			}
		})
	}
	callers.Wait()
	if g.busy || len(g.queue) != 0 || turns == 0 {
		t.Errorf("left behind: busy %v, %d lines", g.busy, len(g.queue))
	}
}

// blind is the blind index of somebody.
func blind(n int) [16]byte {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return [16]byte(sum[:16])
}

func TestSketchAndUsual(t *testing.T) {
	for _, n := range []int{0, 1, 10, 300, 5_000, 200_000} {
		var s, other sketch
		for i := range n {
			if s.add(blind(i)); i%2 == 0 {
				other.add(blind(i)) // counted twice is counted once
			}
		}
		s.merge(other[:])
		if got := s.count(); got < int64(n)*9/10 || got > int64(n)*11/10+1 {
			t.Errorf("%d persons are estimated as %d", n, got)
		}
	}
	day := slices.Repeat([]int64{100}, 24)
	u := usage{}
	for i := range 20_000 {
		u.persons.add(blind(i))
	}
	for _, c := range []struct {
		hours []int64
		want  []SweepKind
	}{
		{day[:23], []SweepKind{Volume}}, // no usual yet, and far beyond what is never unusual
		{day, []SweepKind{Volume}},
		{slices.Repeat([]int64{19_000}, 24), nil},
		{slices.Concat(day[:10], slices.Repeat([]int64{19_000}, 14)), nil},
	} {
		if got := u.sweeps(usual(c.hours)); !cmp.Equal(got, c.want) {
			t.Errorf("20,000 persons after hours of %v: %v, want %v", c.hours, got, c.want)
		}
	}
}
