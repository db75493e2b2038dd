package register_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lanzha"
	"lanzha/know/policy"
	"lanzha/work/register"
)

var shanghai = time.FixedZone("CST", 8*3600)

// listed makes a listing under the pack, of a start, a term and the cap of five
// years.
func listed(id string, start register.Day, months int) register.Listing {
	return register.Listing{
		ID: lanzha.ID(id), Pack: policy.Ref{Name: "joint-punishment-2024", Version: 1, SHA256: "x"}, Start: start, DecidedOn: start, TermMonths: months, CapMonths: 60,
	}
}

func TestSpans(t *testing.T) {
	lifted := func(l register.Listing) register.Listing {
		l.LiftedAt = time.Unix(1, 0)
		return l
	}
	older := func(id string, from, until register.Day) register.Listing {
		return register.Listing{ID: lanzha.ID(id), Pack: policy.Ref{Name: "银发〔2019〕85号"}, Start: from, Span: register.Span{From: from, Until: until}}
	}
	for _, c := range []struct {
		name     string
		listings []register.Listing
		want     map[lanzha.ID]register.Span
	}{
		{"one of two years", []register.Listing{listed("1", "2025-01-01", 24)},
			map[lanzha.ID]register.Span{"1": {From: "2025-01-01", Until: "2027-01-01"}}},
		{"29 February and three years", []register.Listing{listed("1", "2028-02-29", 36)},
			map[lanzha.ID]register.Span{"1": {From: "2028-02-29", Until: "2031-02-28"}}},
		{"listed again while it runs: added up", []register.Listing{listed("1", "2025-01-01", 24), listed("2", "2026-07-01", 24)},
			map[lanzha.ID]register.Span{"1": {From: "2025-01-01", Until: "2027-01-01"}, "2": {From: "2026-07-01", Until: "2029-01-01"}}},
		{"three and three years: the cap of five", []register.Listing{listed("1", "2025-01-01", 36), listed("2", "2026-07-01", 36)},
			map[lanzha.ID]register.Span{"1": {From: "2025-01-01", Until: "2028-01-01"}, "2": {From: "2026-07-01", Until: "2030-01-01", Capped: true}}},
		{"three times two years: the third gets one", []register.Listing{listed("1", "2025-01-01", 24), listed("2", "2026-01-01", 24), listed("3", "2027-01-01", 24)},
			map[lanzha.ID]register.Span{"1": {From: "2025-01-01", Until: "2027-01-01"}, "2": {From: "2026-01-01", Until: "2029-01-01"}, "3": {From: "2027-01-01", Until: "2030-01-01", Capped: true}}},
		{"on the very day after: the run goes on", []register.Listing{listed("1", "2025-01-01", 36), listed("2", "2028-01-01", 36)},
			map[lanzha.ID]register.Span{"1": {From: "2025-01-01", Until: "2028-01-01"}, "2": {From: "2028-01-01", Until: "2030-01-01", Capped: true}}},
		{"a gap of one day restarts the run", []register.Listing{listed("1", "2025-01-01", 36), listed("2", "2028-01-02", 36)},
			map[lanzha.ID]register.Span{"1": {From: "2025-01-01", Until: "2028-01-01"}, "2": {From: "2028-01-02", Until: "2031-01-02"}}},
		{"imprisoned and not released: no date is guessed", []register.Listing{listed("1", "", 36), listed("2", "2026-01-01", 24)},
			map[lanzha.ID]register.Span{"1": {}, "2": {From: "2026-01-01", Until: "2028-01-01"}}},
		{"a lifted one adds nothing", []register.Listing{lifted(listed("1", "2025-01-01", 36)), listed("2", "2026-07-01", 36)},
			map[lanzha.ID]register.Span{"1": {From: "2025-01-01", Until: "2028-01-01"}, "2": {From: "2026-07-01", Until: "2029-07-01"}}},
		{"an older regime keeps its own dates and stands apart", []register.Listing{older("0", "2022-06-01", "2027-06-01"), listed("1", "2025-01-01", 24)},
			map[lanzha.ID]register.Span{"0": {From: "2022-06-01", Until: "2027-06-01"}, "1": {From: "2025-01-01", Until: "2027-01-01"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, register.Spans(c.listings)); diff != "" {
				t.Errorf("spans (-want +got):\n%s", diff)
			}
		})
	}
}

// draw makes up to eight listings of one subject, some lifted, some whose start
// is not known.
func draw(t *rapid.T) []register.Listing {
	first := register.Day("2024-12-01")
	return rapid.Custom(func(t *rapid.T) []register.Listing {
		out := []register.Listing{}
		for i := range rapid.IntRange(1, 8).Draw(t, "listings") {
			l := listed(string(lanzha.NewID(time.Unix(1, 0), [10]byte{byte(i)})), first.AddDays(rapid.IntRange(0, 4000).Draw(t, "start")), rapid.SampledFrom([]int{24, 36}).Draw(t, "term"))
			switch rapid.IntRange(0, 5).Draw(t, "state") {
			case 0:
				l.LiftedAt = time.Unix(1, 0)
			case 1:
				l.Start = ""
			}
			out = append(out, l)
		}
		return out
	}).Draw(t, "subject")
}

// binds is the naive oracle: whether any listing that stands binds on a day.
func binds(listings []register.Listing, spans map[lanzha.ID]register.Span, day register.Day) bool {
	return slices.ContainsFunc(listings, func(l register.Listing) bool {
		l.Span = spans[l.ID]
		return l.State(day) == register.Running
	})
}

func TestNoRunBeyondTheCap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		listings := draw(t)
		spans := register.Spans(listings)
		var begin register.Day // of the run that the day lies in
		for i := range 10_000 {
			day := register.Day("2024-11-30").AddDays(i)
			switch {
			case !binds(listings, spans, day):
				begin = ""
			case begin == "":
				begin = day
			case day >= begin.AddMonths(60):
				t.Fatalf("bound since %s, and still on %s", begin, day)
			}
		}
	})
}

func TestSpansDoNotDependOnTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		listings := draw(t)
		shuffled := rapid.Permutation(listings).Draw(t, "order")
		if diff := cmp.Diff(register.Spans(listings), register.Spans(shuffled)); diff != "" {
			t.Fatalf("another order gives other dates:\n%s", diff)
		}
	})
}

// A term is shortened by the cap alone, and every listing binds from its start.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, l := range draw(t) {
			s := register.Spans([]register.Listing{l})[l.ID]
			if l.Start == "" {
				if s != (register.Span{}) {
					t.Fatalf("a date is guessed: %+v", s)
				}
				continue
			}
			if s.From != l.Start || s.Until != l.Start.AddMonths(l.TermMonths) || s.Capped {
				t.Fatalf("alone, %d months from %s are %+v", l.TermMonths, l.Start, s)
			}
		}
	})
}

// What a listing added, its lifting takes away: for every measure and day the
// subject is bound as if the listing had never been.
func TestLiftingIsTheInverseOfListing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := draw(t)
		added := listed("7ZZZZZZZZZZZZZZZZZZZZZZZZZ", register.Day("2024-12-01").AddDays(rapid.IntRange(0, 4000).Draw(t, "start")), rapid.SampledFrom([]int{24, 36}).Draw(t, "term"))
		now := added.Start.AddDays(0)
		at, err := time.ParseInLocation(time.DateOnly, string(now), shanghai)
		if err != nil {
			t.Fatal(err)
		}
		with := append(slices.Clone(before), added)
		added.Span = register.Spans(with)[added.ID]
		if added.State(now) == register.Ended {
			return // the cap left it nothing: there is nothing to lift
		}
		lifted, err := added.Lift(register.Wrong, "认定有误", "", at, shanghai)
		if err != nil {
			t.Fatal(err)
		}
		with[len(with)-1] = lifted
		was, is := register.Spans(before), register.Spans(with)
		delete(is, lifted.ID)
		if diff := cmp.Diff(was, is); diff != "" {
			t.Fatalf("after the lifting others end otherwise:\n%s", diff)
		}
		if lifted.Span = register.Spans(with)[lifted.ID]; len(lifted.Binding(now)) != 0 || lifted.State(now) != register.Lifted {
			t.Fatal("a lifted listing binds")
		}
	})
}

func TestMonthsClip(t *testing.T) {
	for _, c := range []struct {
		from register.Day
		n    int
		want register.Day
	}{
		{"2027-01-31", 1, "2027-02-28"}, {"2028-01-31", 1, "2028-02-29"}, {"2026-12-31", 2, "2027-02-28"},
		{"2026-11-25", 36, "2029-11-25"}, {"2026-03-31", -1, "2026-02-28"}, {"", 12, ""},
	} {
		if got := c.from.AddMonths(c.n); got != c.want {
			t.Errorf("%s and %d months is %s, want %s", c.from, c.n, got, c.want)
		}
	}
}

func TestState(t *testing.T) {
	l := listed("1", "2025-01-01", 24)
	l.Span = register.Span{From: "2025-01-01", Until: "2027-01-01"}
	l.Measures = []register.Measure{{Row: "JP-13"}}
	for day, want := range map[register.Day]register.State{
		"2024-12-31": register.Upcoming, "2025-01-01": register.Running, "2026-12-31": register.Running, "2027-01-01": register.Ended,
	} {
		if got := l.State(day); got != want {
			t.Errorf("on %s it is %s, want %s", day, got, want)
		}
		if n := len(l.Binding(day)); (n == 1) != (want == register.Running) {
			t.Errorf("on %s %d measures bind", day, n)
		}
	}
	unknown := listed("2", "", 36)
	if got := unknown.State("2030-01-01"); got != register.Pending || unknown.Binding("2030-01-01") != nil {
		t.Errorf("imprisoned and not released: %s", got)
	}
}

func TestRelease(t *testing.T) {
	now := time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC)
	l := listed("1", "", 36)
	l.DecidedOn = "2026-06-01"
	for name, on := range map[string]register.Day{"before the judgment": "2025-05-31", "not a day": "", "still to come": "2026-11-26"} {
		if _, err := l.Release(on, "2025-06-01", now, shanghai); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	released, err := l.Release("2026-05-01", "2025-06-01", now, shanghai)
	if err != nil || released.Start != "2026-05-01" || released.Version != l.Version+1 {
		t.Fatalf("%+v, %v", released, err)
	}
	if _, err := released.Release("2026-11-24", "", now, shanghai); lanzha.CodeOf(err) != lanzha.CodeConflict {
		t.Errorf("released twice: %v", err)
	}
}

func TestNewSubject(t *testing.T) {
	for _, c := range []struct {
		name       string
		kind       register.SubjectKind
		numberKind register.NumberKind
		number     string
		field      string // "": it is good
	}{
		{"a resident", register.Individual, "", "11010519491231002x", ""},
		{"spaces", register.Individual, "", "110105 19491231 002X", ""},
		{"a wrong last character", register.Individual, "", "110105194912310021", "body.subject.number"},
		{"a birthday that is none", register.Individual, "", "110105194913310021", "body.subject.number"},
		{"a passport", register.Individual, register.OtherPaper, "E12345678", ""},
		{"a unit", register.UnitKind, "", "91350100M000100Y43", ""},
		{"a unit's code with a wrong end", register.UnitKind, "", "91350100M000100Y44", "body.subject.number"},
		{"a unit with a passport", register.UnitKind, register.OtherPaper, "E12345678", "body.subject.numberKind"},
		{"nobody", "ghost", "", "1", "body.subject.kind"},
	} {
		_, err := register.NewSubject(c.kind, c.numberKind, "测试", c.number)
		var e *lanzha.Error
		if err != nil {
			e = err.(*lanzha.Error) //nolint:errcheck,forcetypeassert,errorlint // a test: it panics where it is none
		}
		if (e == nil) != (c.field == "") || e != nil && e.Field != c.field {
			t.Errorf("%s: %v, want field %q", c.name, err, c.field)
		}
	}
}
