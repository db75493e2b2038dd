package clue_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"lanzha"
	"lanzha/work/clue"
)

var start = time.Date(2026, 2, 20, 9, 0, 0, 0, time.UTC)

func line() clue.Clue {
	return clue.Clue{ID: "C", Version: 1, Kind: clue.KindMobile, Value: "+8613888812345", State: clue.StateOpen, OpenedAt: start}
}

func ask() clue.Ask {
	return clue.Ask{Officers: []string{"甲"}, Purpose: "核查涉诈线索", LegalBasis: "反电信网络诈骗法", Region: "530114"}
}

func TestNewLookupStatesWhatTheLawWants(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*clue.Clue, *clue.Ask)
		to     lanzha.ID
		field  string // empty: it may be asked
		code   lanzha.Code
	}{
		{"usual", func(*clue.Clue, *clue.Ask) {}, "I", "", ""},
		{"no purpose", func(_ *clue.Clue, a *clue.Ask) { a.Purpose = " " }, "I", "body.purpose", lanzha.CodeInvalid},
		{"no basis", func(_ *clue.Clue, a *clue.Ask) { a.LegalBasis = "" }, "I", "body.legalBasis", lanzha.CodeInvalid},
		{"no officer", func(_ *clue.Clue, a *clue.Ask) { a.Officers = nil }, "I", "body.officers", lanzha.CodeInvalid},
		{"nobody to ask", func(*clue.Clue, *clue.Ask) {}, "", "body.institutions", lanzha.CodeInvalid},
		{"unknown field", func(_ *clue.Clue, a *clue.Ask) { a.Fields = []clue.Field{"mother"} }, "I", "body.fields", lanzha.CodeInvalid},
		{"location without a decision", func(_ *clue.Clue, a *clue.Ask) { a.Fields = []clue.Field{clue.FieldLocation} }, "I", "body.locationDecisionNo", lanzha.CodeInvalid},
		{"location with a decision", func(_ *clue.Clue, a *clue.Ask) {
			a.Fields, a.LocationDecisionNo = []clue.Field{clue.FieldLocation}, "技侦〔2026〕1号"
		}, "I", "", ""},
		{"an account without a document", func(c *clue.Clue, _ *clue.Ask) { c.Kind = clue.KindCard }, "I", "body.documentNo", lanzha.CodeInvalid},
		{"an account with a document", func(c *clue.Clue, a *clue.Ask) { c.Kind, a.DocumentNo = clue.KindCard, "调证〔2026〕1号" }, "I", "", ""},
		{"a closed clue", func(c *clue.Clue, _ *clue.Ask) { c.State = clue.StateClosed }, "I", "", lanzha.CodeConflict},
		{"a deadline beyond 90 days", func(_ *clue.Clue, a *clue.Ask) { a.Deadline = 91 * 24 * time.Hour }, "I", "body.deadlineSeconds", lanzha.CodeInvalid},
	} {
		subject, a := line(), ask()
		c.change(&subject, &a)
		_, err := clue.NewLookup("L", subject, c.to, 3*time.Minute, a, start)
		if lanzha.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want code %q", c.name, err, c.code)
			continue
		}
		if e, ok := err.(*lanzha.Error); ok && e.Field != c.field {
			t.Errorf("%s: field %q, want %q", c.name, e.Field, c.field)
		}
	}
}

func TestTheDeadlineIsTheAskersThenTheInstitutions(t *testing.T) {
	for _, c := range []struct {
		own, target, want time.Duration
	}{{0, 3 * time.Minute, 3 * time.Minute}, {time.Minute, 3 * time.Minute, time.Minute}, {0, 0, 24 * time.Hour}} {
		a := ask()
		a.Deadline = c.own
		l, err := clue.NewLookup("L", line(), "I", c.target, a, start)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.DueAt.Sub(start); got != c.want || l.Half().Sub(start) != c.want/2 {
			t.Errorf("own %v, target %v: due after %v, half after %v", c.own, c.target, got, l.Half().Sub(start))
		}
	}
}

// An institution that says more than it was asked does not widen the question.
func TestAnAnswerCoversWhatWasAskedAndNoMore(t *testing.T) {
	a := ask()
	a.Fields = []clue.Field{clue.FieldStatus}
	l, err := clue.NewLookup("L", line(), "I", time.Minute, a, start)
	if err != nil {
		t.Fatal(err)
	}
	l, err = l.Receive(clue.Answer{
		State: clue.AnswerAnswered, Subscriber: &clue.Person{Name: "张三", IDNumber: "1"}, Outlet: "o", OpenedOn: "2023-01-01",
		InstallAddress: "x", AddressRole: "use", LineStatus: "active", Location: "here",
	}, start, start.Add(2*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(clue.Answer{State: clue.AnswerAnswered, LineStatus: "active"}, l.Answer); diff != "" {
		t.Error(diff)
	}
	if l.State != clue.LookupAnswered || l.Took() != 2*time.Minute {
		t.Errorf("%s after %v: a late answer is taken", l.State, l.Took())
	}
}

// Whatever happens in whatever order, a question ends once, versions ascend,
// and only an unanswered one escalates.
func TestLookupStateMachine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, err := clue.NewLookup("L", line(), "I", time.Minute, ask(), start)
		if err != nil {
			t.Fatal(err)
		}
		now := start
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second)
			before := l
			var next clue.Lookup
			var err error
			switch rapid.SampledFrom([]string{"answered", "refused", "pending", "unreadable", "half", "full", "cancel"}).Draw(t, "event") {
			case "half":
				next, err = l.Escalate(1, "")
			case "full":
				next, err = l.Escalate(2, "leader")
			case "cancel":
				next, err = l.Cancel()
			default:
				next, err = l.Receive(clue.Answer{State: rapid.SampledFrom([]string{"answered", "refused", "pending", "unreadable"}).Draw(t, "answer")}, now, now)
			}
			if err != nil {
				if lanzha.CodeOf(err) != lanzha.CodeConflict {
					t.Fatalf("%s: %v", before.State, err)
				}
				if before.State.Pending() && before.Escalation == 0 {
					t.Fatalf("a pending question refused: %v", err)
				}
				continue
			}
			if !before.State.Pending() {
				t.Fatalf("%s went on to %s", before.State, next.State)
			}
			if next.Version != before.Version+1 || next.Escalation < before.Escalation {
				t.Fatalf("version %d -> %d, escalation %d -> %d", before.Version, next.Version, before.Escalation, next.Escalation)
			}
			l = next
		}
	})
}

func TestCloseWaitsForPendingLookups(t *testing.T) {
	c := line()
	c.DueAt = start.Add(time.Minute)
	if _, err := clue.Close(c, "核实为误报"); lanzha.CodeOf(err) != lanzha.CodeConflict {
		t.Errorf("err = %v", err)
	}
	c.DueAt = time.Time{}
	if _, err := clue.Close(c, " "); lanzha.CodeOf(err) != lanzha.CodeInvalid {
		t.Errorf("err = %v", err)
	}
	closed, err := clue.Close(c, "核实为误报")
	if err != nil || closed.State != clue.StateClosed {
		t.Errorf("%s, %v", closed.State, err)
	}
	if _, err := clue.Judge(closed, clue.TruthSpoofed); lanzha.CodeOf(err) != lanzha.CodeConflict {
		t.Errorf("err = %v", err)
	}
}
