package den_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lanzha"
	"lanzha/know/institution"
	"lanzha/know/place"
	"lanzha/work/clue"
	"lanzha/work/clue/den"
)

var t0 = time.Date(2023, 2, 20, 9, 0, 0, 0, time.UTC)

// Whatever is tried in whatever order by whomever: nobody is sent to a door
// that one person alone decided on, or without the document.
func TestNoWayWithoutFourEyesAndDocument(t *testing.T) {
	reached := map[den.State]int{}
	// What is tried more often than the rest, so that runs come far.
	likely := map[den.State][]den.Verb{
		den.Suspected: slices.Repeat([]den.Verb{den.Analyse}, 12), den.Analysed: slices.Repeat([]den.Verb{den.Approve}, 12),
		den.Approved: slices.Repeat([]den.Verb{den.Dispatch}, 12), den.Dispatched: slices.Repeat([]den.Verb{den.Receive}, 12),
	}
	tried := func(t *rapid.T) {
		d := den.Den{ID: "01KB3V6N0Q8V4Y2ZC5T7R90DEN", Version: 1, State: den.Suspected, Region: "530114", SuspectedAt: t0}
		now := t0
		verbs := []den.Verb{den.Analyse, den.Approve, den.Dispatch, den.Receive, den.Confirm, den.FindNothing, den.Dismiss, den.Reject}
		units := []institution.Institution{
			{ID: "here", Kind: institution.Police, Region: "530114"}, {ID: "city", Kind: institution.Police, Region: "530100"},
			{ID: "there", Kind: institution.Police, Region: "530102"}, {ID: "bank", Kind: institution.Bank, Region: "530114"},
			{ID: "gone", Kind: institution.Police, Region: "530114", Disabled: true},
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 90).Draw(t, "minutes")) * time.Minute)
			c := den.Command{
				Verb:         rapid.SampledFrom(slices.Concat(likely[d.State], verbs)).Draw(t, "verb"),
				Note:         rapid.SampledFrom([]string{"有理由", "有理由", "", "  "}).Draw(t, "note"),
				DocumentKind: rapid.SampledFrom([]den.DocumentKind{den.Inspection, den.Search, "", "letter"}).Draw(t, "kind"),
				DocumentNo:   rapid.SampledFrom([]string{"昆公(刑)检查字〔2023〕1号", "昆公(刑)搜查字〔2023〕1号", "", " "}).Draw(t, "document"),
				Unit:         rapid.SampledFrom(units).Draw(t, "unit"),
				Outcome:      den.Outcome{People: rapid.IntRange(-1, 4).Draw(t, "people")},
				CheckedAt:    now.Add(time.Duration(rapid.IntRange(-120, 5).Draw(t, "checked")) * time.Minute),
			}
			by := rapid.SampledFrom([]lanzha.ID{"a", "b", "c"}).Draw(t, "by")
			next, err := den.Decide(d, c, by, now)
			if err != nil {
				if next.Version != d.Version || next.State != d.State {
					t.Fatalf("a step that failed (%v) changed the den", err)
				}
				continue
			}
			if d.State.Final() {
				t.Fatalf("%s went on by %s", d.State, c.Verb)
			}
			if next.Version != d.Version+1 {
				t.Fatalf("version %d after %d", next.Version, d.Version)
			}
			d = next
			reached[d.State]++
			if !slices.Contains([]den.State{den.Approved, den.Dispatched, den.Received, den.Confirmed, den.NothingFound}, d.State) {
				continue
			}
			if d.AnalysedBy == "" || d.ApprovedBy == "" || d.AnalysedBy == d.ApprovedBy || strings.TrimSpace(d.DocumentNo) == "" ||
				d.DocumentKind != den.Inspection && d.DocumentKind != den.Search {
				t.Fatalf("%s with analyst %q, leader %q, document %q %q", d.State, d.AnalysedBy, d.ApprovedBy, d.DocumentKind, d.DocumentNo)
			}
			if d.State != den.Approved && d.Unit != "here" && d.Unit != "city" {
				t.Fatalf("dispatched to %s", d.Unit)
			}
			if d.State.Final() && (d.CheckedAt.Before(d.ApprovedAt) || d.CheckedAt.After(now)) {
				t.Fatalf("checked at %v, approved at %v, told at %v", d.CheckedAt, d.ApprovedAt, now)
			}
			if d.State == den.Confirmed && d.Outcome.People < 1 {
				t.Fatalf("confirmed with %+v", d.Outcome)
			}
		}
	}
	// A hundred runs may leave out a rare end.
	for range 10 {
		if rapid.Check(t, tried); len(reached) == len(den.States) {
			break
		}
	}
	for _, s := range den.States {
		if reached[s] == 0 {
			t.Errorf("no run reached %s: it proves nothing of it", s)
		}
	}
}

func TestDecideSaysWhatIsMissing(t *testing.T) {
	at := func(s den.State) den.Den {
		return den.Den{State: s, Version: 3, Region: "530114", AnalysedBy: "a", ApprovedAt: t0, DispatchedAt: t0}
	}
	unit := institution.Institution{ID: "here", Kind: institution.Police, Region: "530114"}
	long := strings.Repeat("长", 2001)
	for _, c := range []struct {
		name  string
		d     den.Den
		c     den.Command
		by    lanzha.ID
		code  lanzha.Code
		field string
	}{
		{"no opinion", at(den.Suspected), den.Command{Verb: den.Analyse}, "a", lanzha.CodeInvalid, "body.opinion"},
		{"too long an opinion", at(den.Suspected), den.Command{Verb: den.Analyse, Note: long}, "a", lanzha.CodeInvalid, "body.note"},
		{"no reason to dismiss", at(den.Suspected), den.Command{Verb: den.Dismiss}, "a", lanzha.CodeInvalid, "body.reason"},
		{"no reason to reject", at(den.Analysed), den.Command{Verb: den.Reject}, "b", lanzha.CodeInvalid, "body.reason"},
		{"the analyst approves", at(den.Analysed), den.Command{Verb: den.Approve, DocumentKind: den.Search, DocumentNo: "1"}, "a", lanzha.CodeForbidden, ""},
		{"the analyst rejects", at(den.Analysed), den.Command{Verb: den.Reject, Note: "不"}, "a", lanzha.CodeForbidden, ""},
		{"the system approves", at(den.Analysed), den.Command{Verb: den.Approve, DocumentKind: den.Search, DocumentNo: "1"}, "", lanzha.CodeForbidden, ""},
		{"no kind of document", at(den.Analysed), den.Command{Verb: den.Approve, DocumentNo: "1"}, "b", lanzha.CodeInvalid, "body.documentKind"},
		{"no document", at(den.Analysed), den.Command{Verb: den.Approve, DocumentKind: den.Search}, "b", lanzha.CodeInvalid, "body.documentNo"},
		{"not analysed", at(den.Suspected), den.Command{Verb: den.Approve, DocumentKind: den.Search, DocumentNo: "1"}, "b", lanzha.CodeConflict, ""},
		{"not approved", at(den.Analysed), den.Command{Verb: den.Dispatch, Unit: unit}, "b", lanzha.CodeConflict, ""},
		{"a bank", at(den.Approved), den.Command{Verb: den.Dispatch, Unit: institution.Institution{Kind: institution.Bank, Region: "530114"}}, "b", lanzha.CodeInvalid, "body.institution"},
		{"another district", at(den.Approved), den.Command{Verb: den.Dispatch, Unit: institution.Institution{Kind: institution.Police, Region: "530102"}}, "b", lanzha.CodeInvalid, "body.institution"},
		{"nothing in a confirmed den", at(den.Received), den.Command{Verb: den.Confirm, Outcome: den.Outcome{Note: "空"}}, "b", lanzha.CodeInvalid, "body.outcome"},
		{"less than nothing", at(den.Received), den.Command{Verb: den.Confirm, Outcome: den.Outcome{People: 4, Devices: den.Devices{GOIP: -1}}}, "b", lanzha.CodeInvalid, "body.outcome"},
		{"checked before approval", at(den.Received), den.Command{Verb: den.FindNothing, Note: "空房", CheckedAt: t0.Add(-time.Hour)}, "b", lanzha.CodeInvalid, "body.checkedAt"},
		{"checked tomorrow", at(den.Received), den.Command{Verb: den.FindNothing, Note: "空房", CheckedAt: t0.Add(48 * time.Hour)}, "b", lanzha.CodeInvalid, "body.checkedAt"},
		{"nothing found, nothing said", at(den.Received), den.Command{Verb: den.FindNothing}, "b", lanzha.CodeInvalid, "body.note"},
		{"no such step", at(den.Received), den.Command{Verb: "burn"}, "b", lanzha.CodeInvalid, "verb"},
	} {
		_, err := den.Decide(c.d, c.c, c.by, t0.Add(time.Hour))
		e, ok := err.(*lanzha.Error) //nolint:errorlint // Decide wraps nothing
		if !ok || e.Code != c.code || e.Field != c.field {
			t.Errorf("%s: %v, want %s of %q", c.name, err, c.code, c.field)
		}
	}
}

// A mass address is one that no room, and in an estate no house, singles out.
func TestMass(t *testing.T) {
	for address, want := range map[string]bool{
		"昆明市呈贡区望湖路88号晚枫酒店": true, "昆明市呈贡区望湖路88号晚枫酒店1206室": false, "昆明市呈贡区望湖路88号晚枫酒店8楼": true,
		"昆明市呈贡区望湖路8号远帆集体宿舍": true, "昆明市呈贡区阳光花园": true, "昆明市呈贡区阳光花园3栋": false, "昆明市呈贡区阳光花园3栋2单元": false,
		"昆明市呈贡区望湖路88号": false, "昆明市呈贡区望湖路88号晚枫大厦": true, "昆明市呈贡区望湖路88号晚枫酒店第二分店": true,
	} {
		if got := den.Mass(place.Parse(address, "")); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}

// Independence is symmetric, and nobody is independent of himself or of the
// clues through which he was found.
func TestIndependentIsSymmetric(t *testing.T) {
	ids := []lanzha.ID{"a", "b", "c", "d"}
	subject := rapid.Custom(func(t *rapid.T) den.Subject {
		id := rapid.SampledFrom(ids).Draw(t, "id")
		s := den.Subject{ID: id, Value: "value of " + string(id), Via: rapid.SliceOfDistinct(rapid.SampledFrom(ids), rapid.ID[lanzha.ID]).Draw(t, "via")}
		for _, source := range rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, 3, rapid.ID[lanzha.ID]).Draw(t, "sources") {
			s.Sources = append(s.Sources, clue.Source{ID: source})
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := subject.Draw(t, "a"), subject.Draw(t, "b")
		got := den.Independent(a, b)
		if got != den.Independent(b, a) {
			t.Fatal("not symmetric")
		}
		// The definition, literally: two sources that differ, one of each.
		apart := slices.ContainsFunc(a.Sources, func(x clue.Source) bool {
			return slices.ContainsFunc(b.Sources, func(y clue.Source) bool { return x.ID != y.ID })
		})
		if want := a.ID != b.ID && apart && !slices.Contains(a.Via, b.ID) && !slices.Contains(b.Via, a.ID); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}
