package cases_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"lanzha"
	"lanzha/work/cases"
	"lanzha/work/clue/den"
)

var noon = time.Date(2026, 11, 22, 4, 0, 0, 0, time.UTC)

func TestFile(t *testing.T) {
	const today = "2026-11-22"
	good := cases.Filing{DocumentNo: "昆公(刑)立字〔2026〕108号", FiledOn: today, By: "A", At: noon}
	for _, c := range []struct {
		name  string
		state cases.State
		spoil func(*cases.Filing)
		want  lanzha.Code
		field string
	}{
		{"by a decision of today", cases.Open, func(*cases.Filing) {}, "", ""},
		{"by one of last year", cases.Open, func(f *cases.Filing) { f.FiledOn = "2025-12-31" }, "", ""},
		{"by one of tomorrow", cases.Open, func(f *cases.Filing) { f.FiledOn = "2026-11-23" }, lanzha.CodeInvalid, "filedOn"},
		{"by one of year 30000", cases.Open, func(f *cases.Filing) { f.FiledOn = "30000-01-01" }, lanzha.CodeInvalid, "filedOn"},
		{"by one of no day", cases.Open, func(f *cases.Filing) { f.FiledOn = "2026-02-30" }, lanzha.CodeInvalid, "filedOn"},
		{"without number", cases.Open, func(f *cases.Filing) { f.DocumentNo = "" }, lanzha.CodeInvalid, "documentNo"},
		{"a second time", cases.Filed, func(*cases.Filing) {}, lanzha.CodeConflict, ""},
		{"when closed", cases.Closed, func(*cases.Filing) {}, lanzha.CodeConflict, ""},
	} {
		f := good
		c.spoil(&f)
		d, err := cases.Dossier{State: c.state}.File(f, "A5301", today)
		if lanzha.CodeOf(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if e, ok := err.(*lanzha.Error); ok && e.Field != c.field {
			t.Errorf("%s: field %q", c.name, e.Field)
		}
		if err == nil && (d.State != cases.Filed || *d.Filing != f || d.CaseNo != "A5301") {
			t.Errorf("%s: %+v", c.name, d)
		}
		if err != nil && (d.State != c.state || d.Filing != nil) {
			t.Errorf("%s: the dossier was changed: %+v", c.name, d)
		}
	}
}

// Whatever is tried in whatever order: a case has a decision and nothing else
// has, what is closed stays closed, and a decision once made never changes.
func TestStates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := cases.Dossier{State: cases.Open}
		for range rapid.IntRange(1, 8).Draw(t, "steps") {
			before := d
			var err error
			switch step := rapid.SampledFrom([]string{"file", "close", "learn"}).Draw(t, "step"); step {
			case "file":
				d, err = d.File(cases.Filing{DocumentNo: rapid.SampledFrom([]string{"", "1", "2", strings.Repeat("长", 101)}).Draw(t, "number"), FiledOn: "2026-11-22"}, "", "2026-11-22")
				if err == nil && before.State != cases.Open {
					t.Fatalf("filed from %s", before.State)
				}
			case "close":
				d, err = d.Close(rapid.SampledFrom([]string{"", "查否"}).Draw(t, "reason"), noon)
			case "learn":
				d = d.Learn(cases.Confirmed, den.Outcome{People: 4})
				if d.State != before.State {
					t.Fatal("news of the den changed the state")
				}
			}
			switch {
			case err != nil && (d.State != before.State || d.Filing != before.Filing || d.ClosedAt != before.ClosedAt):
				t.Fatalf("refused, yet changed: %+v", d)
			case before.State == cases.Closed && d.State != cases.Closed:
				t.Fatal("a closed dossier was opened")
			case before.Filing != nil && d.Filing != before.Filing:
				t.Fatal("the decision was replaced")
			case d.State == cases.Filed && d.Filing == nil, d.State == cases.Open && d.Filing != nil:
				t.Fatalf("state %s with decision %v", d.State, d.Filing)
			case (d.State == cases.Closed) != (d.ClosedAt != nil):
				t.Fatalf("state %s closed at %v", d.State, d.ClosedAt)
			}
		}
	})
}
