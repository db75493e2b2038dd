package crash_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"lanzha"
	"lanzha/work/clue"
)

// punctual is how late an escalation may come on a busy machine.
const punctual = 2 * time.Second

// asked is a question to the carrier that has little time.
type asked struct {
	ID          lanzha.ID
	Clue        lanzha.ID
	State       clue.LookupState
	AskedAt     time.Time
	DueAt       time.Time
	Escalation  int
	EscalatedTo lanzha.ID

	report lanzha.ID
}

// ask hands in a report with a number of the carrier that does not answer, and
// returns the question when it has been delivered.
func (f *furnished) ask(h *house, once, number string) asked {
	h.t.Helper()
	report := f.report(h, once, "530102", []string{number})
	var found struct{ Items []struct{ ID lanzha.ID } }
	until(h.t, "the clue", func() bool {
		f.as(h, "officer").must(http.MethodGet, "/clues?source="+string(report), "", 0, nil, &found)
		return len(found.Items) > 0
	})
	var page struct{ Lookups []asked }
	until(h.t, "the question", func() bool {
		f.as(h, "officer").must(http.MethodGet, "/clues/"+string(found.Items[0].ID), "", 0, nil, &page)
		return len(page.Lookups) > 0 && page.Lookups[0].State != clue.LookupAsked
	})
	page.Lookups[0].report = report
	return page.Lookups[0]
}

// escalations are when a question was escalated, by level.
func (f *furnished) escalations(h *house, q asked) map[int][]time.Time {
	h.t.Helper()
	var events struct {
		Items []struct {
			At      time.Time
			Record  lanzha.ID
			Kind    string
			Payload json.RawMessage
		}
	}
	f.as(h, "leader").must(http.MethodGet, "/clues/"+string(q.Clue)+"/timeline", "", 0, nil, &events)
	out := map[int][]time.Time{}
	for _, e := range events.Items {
		if e.Kind != "lookup.escalated" || e.Record != q.ID {
			continue
		}
		var payload struct{ Level int }
		if err := json.Unmarshal(e.Payload, &payload); err != nil {
			h.t.Fatal(err)
		}
		out[payload.Level] = append(out[payload.Level], e.At)
	}
	return out
}

func once(t *testing.T, what string, at []time.Time, from, to time.Time) {
	t.Helper()
	if len(at) != 1 || at[0].Before(from) || at[0].After(to) {
		t.Errorf("%s happened at %v; want once, between %v and %v", what, at, from, to)
	}
}

// A carrier does not answer. At half time its contact is told, at full time
// the leader on duty, also when the house is killed between or was down at the
// time.
func TestDeadlinesSurvive(t *testing.T) {
	t.Parallel()
	city := newSimulation(t, 3)
	f := furnish(t, city, child{Data: filepath.Join(t.TempDir(), "house")})
	h := newHouse(t, f.told)
	h.start("")
	first := f.ask(h, "first", "19290001111")
	half := first.AskedAt.Add(first.DueAt.Sub(first.AskedAt) / 2)
	until(t, "the escalation at half time", func() bool { return len(f.escalations(h, first)[1]) > 0 })
	h.kill()
	h.start("")
	<-h.serves
	up := time.Now()
	until(t, "the escalation at full time", func() bool { return len(f.escalations(h, first)[2]) > 0 })
	levels := f.escalations(h, first)
	once(t, "the escalation to the contact", levels[1], half, half.Add(punctual))
	latest := first.DueAt
	if up.After(latest) {
		latest = up
	}
	once(t, "the escalation to the leader", levels[2], first.DueAt, latest.Add(punctual))
	f.as(h, "officer").must(http.MethodGet, "/lookups/"+string(first.ID), "", 0, nil, &first)
	if first.State != clue.LookupOverdue || first.Escalation != 2 || first.EscalatedTo != f.leader {
		t.Errorf("the question is %+v, want overdue and with the leader", first)
	}

	second := f.ask(h, "second", "19290002222")
	h.kill()
	<-time.After(time.Until(second.DueAt))
	h.start("")
	<-h.serves
	up = time.Now()
	until(t, "the escalation that was missed", func() bool { return len(f.escalations(h, second)[2]) > 0 })
	once(t, "the escalation to the leader", f.escalations(h, second)[2], second.DueAt, up.Add(punctual))
	f.watched(h, "clues", 2)
	h.stop()
	f.check(t, city, ledger{reports: []lanzha.ID{first.report, second.report}, lines: 2})
}
