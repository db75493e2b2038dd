package alert_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/work/detect/alert"
	"lanzha/work/feed"
)

const (
	imei   = "860000000000001"
	mobile = "13888812345"
	card   = "6222001234567890"
)

func TestWhatTheRuleWantsIsDecidedAtOnce(t *testing.T) {
	both(t, func(h *house) {
		for _, c := range []struct {
			name     string
			domain   feed.Domain
			subject  string
			becomes  string
			decision alert.Decision
			to       lanzha.ID
		}{
			{"a device becomes a clue", feed.Device, imei, "clue", alert.DecisionClue, ""},
			{"a number becomes a clue", feed.Number, mobile, "clue", alert.DecisionClue, ""},
			{"of a cell there is no clue", feed.Cell, "460-00-1", "clue", "", ""},
			{"of a withheld number neither", feed.Number, "匿名", "clue", "", ""},
			{"the bank of the card checks", feed.Account, card, "referral", alert.DecisionReferral, h.bank.ID},
			{"the carrier of the line checks", feed.Number, mobile, "referral", alert.DecisionReferral, h.carrier.ID},
			{"nobody is known who holds it", feed.Account, "9999001234567890", "referral", "", ""},
			{"the police of the place warn", feed.Number, mobile, "warning", alert.DecisionWarning, h.cityPolice.ID},
			{"an officer decides", feed.Number, mobile, "none", "", ""},
		} {
			p := h.one(c.domain, c.subject, c.becomes)
			state := alert.StateNew
			if c.decision != "" {
				state = alert.StateDecided
			}
			if p.State != state || p.Decision != c.decision || p.Institution != c.to || p.AtOnce != (c.decision != "") || p.Next.ZH == "" || p.Version != 1 {
				t.Errorf("%s: %+v", c.name, p)
			}
		}
	})
}

func TestAnAlertThatComesTwiceIsOne(t *testing.T) {
	both(t, func(h *house) {
		batch := []alert.Raised{}
		for range 250 { // more than go into one statement
			batch = append(batch, h.raised(feed.Number, mobile, "clue"))
		}
		h.raise(batch[:120]...)
		other := batch[7]
		other.Rule = "blast-calling" // the same event, another rule
		h.raise(append(batch, other)...)
		h.raise(batch...)
		got := h.list("officer", "limit=100")
		if len(got) != 251 {
			t.Errorf("%d alerts, want 251", len(got))
		}
		for _, a := range got {
			if rows := h.rows(a.ID); !slices.Equal(rows, []string{"alert.raised"}) {
				t.Fatalf("the rows of one: %v", rows)
			}
		}
	})
}

// A number from elsewhere is the work of the centre that saw it; one of a
// place within the centre's region is that place's.
func TestWhoseWorkAnAlertIs(t *testing.T) {
	both(t, func(h *house) {
		for subject, want := range map[string]lanzha.Region{"087163161234": "530100", "02087654321": "530100", "0874 3123456": "530100"} {
			if p := h.one(feed.Number, subject, "none"); p.Region != want {
				t.Errorf("%s: %s", subject, p.Region)
			}
		}
		h.desk.Centre = "530000"
		for subject, want := range map[string]lanzha.Region{"087163161234": "530100", "02087654321": "530000", "0874 3123456": "530300"} {
			h.raise(h.raised(feed.Number, subject, "none"))
			found, err := h.desk.Store.List(t.Context(), h.db.Read(), alert.Filter{Limit: 1})
			if err != nil || found[0].Region != want {
				t.Errorf("%s: %+v %v", subject, found, err)
			}
		}
	})
}

func TestAnOfficerTakesAndDecides(t *testing.T) {
	both(t, func(h *house) {
		p := h.one(feed.Number, mobile, "none")
		path := "/alerts/" + string(p.ID)
		h.call("", http.MethodGet, path, http.StatusUnauthorized, nil, nil)
		h.call("admin", http.MethodGet, path, http.StatusForbidden, nil, nil)
		h.call("qujing", http.MethodGet, path, http.StatusNotFound, nil, nil)
		h.call("officer", http.MethodPost, path+"/take", http.StatusPreconditionRequired, nil, nil)
		h.step("qujing", p, "take", http.StatusNotFound, nil)
		h.step("auditor", p, "take", http.StatusForbidden, nil)
		h.step("bank", p, "decide", http.StatusForbidden, object{"decision": "dismissed"})

		taken := h.step("officer", p, "take", http.StatusOK, nil)
		if taken.State != alert.StateTaken || taken.TakenByName != "officer 0FF1" || taken.Version != 2 {
			t.Errorf("taken: %+v", taken)
		}
		h.step("analyst", p, "take", http.StatusConflict, nil)     // overtaken
		h.step("analyst", taken, "take", http.StatusConflict, nil) // somebody has it
		h.step("officer", taken, "decide", http.StatusUnprocessableEntity, object{"decision": "stop"})
		h.step("officer", taken, "decide", http.StatusUnprocessableEntity, object{"decision": "dismissed"}) // without a reason
		h.step("officer", taken, "decide", http.StatusUnprocessableEntity, object{"decision": "clue", "institution": h.bank.ID})
		h.step("officer", taken, "decide", http.StatusUnprocessableEntity, object{"decision": "warning", "institution": h.bank.ID})
		h.step("officer", taken, "decide", http.StatusUnprocessableEntity, object{"decision": "referral", "institution": h.station.ID})
		h.step("officer", taken, "hand", http.StatusConflict, object{"institution": h.bank.ID})
		h.pass(90 * time.Second)
		decided := h.step("officer", taken, "decide", http.StatusOK, object{"decision": "dismissed", "note": "快递员正常派件"})
		if decided.State != alert.StateDecided || decided.Decision != alert.DecisionDismissed || decided.AtOnce || decided.Note != "快递员正常派件" || decided.DecidedByName != "officer 0FF1" {
			t.Errorf("decided: %+v", decided)
		}
		h.step("officer", decided, "decide", http.StatusConflict, object{"decision": "clue"})
		if rows := h.rows(p.ID); !slices.Equal(rows, []string{"alert.raised", "alert.taken", "alert.decided"}) {
			t.Errorf("the timeline: %v", rows)
		}
		cell := h.one(feed.Cell, "460-00-1", "none")
		h.step("officer", cell, "decide", http.StatusUnprocessableEntity, object{"decision": "clue"})
		h.step("officer", cell, "decide", http.StatusUnprocessableEntity, object{"decision": "referral"}) // nobody holds a cell by the directory
		if by := h.step("officer", cell, "decide", http.StatusOK, object{"decision": "referral", "institution": h.carrier.ID}); by.Institution != h.carrier.ID {
			t.Errorf("named by the officer: %+v", by)
		}
	})
}

func TestAReferralIsCheckedByItsInstitution(t *testing.T) {
	both(t, func(h *house) {
		mine := h.one(feed.Account, card, "referral")
		theirs := h.one(feed.Account, "6217001234567890", "referral")
		h.one(feed.Account, card, "none") // not handed to anybody
		h.tx(func(tx *sqldb.Tx) error {
			return h.desk.SetEvidence(t.Context(), tx, alert.Key{Log: "L", Seq: h.seq - 2, Index: 1, Rule: "many-sims"}, alert.Evidence{
				Hours:      []alert.Hour{{At: h.now().Truncate(time.Hour), Count: 3, Amount: 300_00}},
				Neighbours: []alert.Neighbour{{Domain: "account", Value: "6217009999999999", Count: 3, First: h.now(), Last: h.now()}, {Domain: "person", Value: "530102199001011234", Count: 1}},
			})
		})
		if bare, err := h.desk.Bare(t.Context(), h.db.Read(), 10); err != nil || len(bare) != 2 || bare[1].Subject.Value != "6217001234567890" || bare[0].Key.Seq != h.seq {
			t.Errorf("without evidence: %+v %v", bare, err)
		}
		if e := h.page("officer", mine.ID).Evidence; len(e.Hours) != 1 || e.Hours[0].Amount != 300_00 || e.Neighbours[0].Value != "6217009999999999" || e.Neighbours[1].Value != "5301**********1234" {
			t.Errorf("the evidence: %+v", e)
		}

		list := h.list("bank", "limit=10")
		if len(list) != 1 || list[0].ID != mine.ID || list[0].Subject != card {
			t.Errorf("the bank's list: %+v", list)
		}
		h.call("bank", http.MethodGet, "/alerts/"+string(theirs.ID), http.StatusNotFound, nil, nil)
		h.step("bank", theirs, "receive", http.StatusNotFound, nil)
		h.step("bank", theirs, "feedback", http.StatusNotFound, object{"verdict": "wrong"})
		h.step("officer", mine, "receive", http.StatusForbidden, nil)
		seen := h.page("bank", mine.ID)
		if len(seen.Evidence.Hours) != 1 || len(seen.Evidence.Neighbours) != 0 || len(seen.Others) != 0 {
			t.Errorf("what the bank sees: %+v", seen)
		}

		received := h.step("bank", seen, "receive", http.StatusOK, nil)
		if received.ReceivedAt == nil || received.CheckedAt != nil {
			t.Errorf("received: %+v", received)
		}
		h.step("bank", received, "receive", http.StatusConflict, nil)
		h.step("officer", received, "hand", http.StatusConflict, object{"institution": h.otherBank.ID}) // they have it
		h.step("bank", received, "feedback", http.StatusUnprocessableEntity, object{"verdict": "maybe"})
		checked := h.step("bank", received, "feedback", http.StatusOK, object{"verdict": "right", "note": "账户已由本行管控"})
		if checked.CheckedAt == nil || checked.Verdict != alert.Right || checked.Feedback[0].Institution != h.bank.ID {
			t.Errorf("checked: %+v", checked)
		}
		judged := h.step("officer", checked, "feedback", http.StatusOK, object{"verdict": "unsure"})
		if judged.Verdict != alert.Unsure || len(judged.Feedback) != 2 || *judged.CheckedAt != *checked.CheckedAt {
			t.Errorf("judged: %+v", judged)
		}
		if own := h.page("bank", mine.ID); len(own.Feedback) != 1 {
			t.Errorf("the bank sees what others said: %+v", own.Feedback)
		}
		if waiting := h.list("officer", "waiting=true"); len(waiting) != 1 || waiting[0].ID != theirs.ID {
			t.Errorf("waited for: %+v", waiting)
		}
		if rows := h.rows(mine.ID); !slices.Equal(rows, []string{"alert.raised", "alert.received", "alert.judged", "alert.judged"}) {
			t.Errorf("the timeline: %v", rows)
		}
	})
}

func TestWarningsDueStandInTheListOfTheStation(t *testing.T) {
	both(t, func(h *house) {
		p := h.one(feed.Number, mobile, "warning")
		if list := h.list("station", "decision=warning"); len(list) != 0 {
			t.Errorf("before it has any: %+v", list)
		}
		p = h.step("officer", p, "hand", http.StatusOK, object{"institution": h.station.ID})
		list := h.list("station", "decision=warning")
		if len(list) != 1 || list[0].Subject != mobile {
			t.Fatalf("warnings due: %+v", list)
		}
		seen := h.page("station", p.ID)
		if !strings.Contains(seen.Next.EN, "does not keep the talk itself yet") {
			t.Errorf("what happens now: %+v", seen.Next)
		}
		got := h.step("station", h.step("station", seen, "receive", http.StatusOK, nil), "feedback", http.StatusOK, object{"verdict": "right", "note": "已当面劝阻"})
		if got.Feedback[0].InstitutionName != "police-530114" {
			t.Errorf("feedback: %+v", got.Feedback)
		}
		h.desk.Centre = "440100" // a place whose police the directory does not know
		h.raise(h.raised(feed.Number, mobile, "warning"))
		found, err := h.desk.Store.List(t.Context(), h.db.Read(), alert.Filter{Unhanded: true, Limit: 10})
		if err != nil || len(found) != 1 || found[0].Decision != alert.DecisionWarning {
			t.Errorf("that nobody has: %+v %v", found, err)
		}
	})
}

func TestAuditorsReadMasked(t *testing.T) {
	both(t, func(h *house) {
		p := h.one(feed.Number, mobile, "clue")
		h.step("officer", p, "feedback", http.StatusOK, object{"verdict": "right", "note": "与13900001111同伙"})
		h.tx(func(tx *sqldb.Tx) error {
			return h.desk.SetEvidence(t.Context(), tx, alert.Key{Log: "L", Seq: h.seq, Index: 1, Rule: "many-sims"}, alert.Evidence{Neighbours: []alert.Neighbour{{Domain: "number", Value: "13900001111"}}})
		})
		seen := h.page("auditor", p.ID)
		if seen.Subject != "138****2345" || seen.Reasons.EN != "9 SIMs of 138****2345 in 1 h" || seen.Feedback[0].Note != "与139****1111同伙" || len(seen.Evidence.Neighbours) != 0 {
			t.Errorf("an auditor reads: %+v", seen)
		}
		if list := h.list("auditor", ""); list[0].Subject != "138****2345" {
			t.Errorf("in the list: %+v", list)
		}
		h.call("auditor", http.MethodPost, "/alerts/"+string(p.ID)+"/reveal", http.StatusForbidden, object{"purpose": "看看"}, nil)
	})
}

// A person is encrypted at rest, found by the exact value, and shown on a
// stated purpose that stands in the journal.
func TestPersonsAreSealed(t *testing.T) {
	both(t, func(h *house) {
		const person = "530102199001011234"
		p := h.one(feed.Person, person, "none")
		if p.Subject != "5301**********1234" || strings.Contains(p.Reasons.ZH, person) {
			t.Errorf("shown: %+v", p)
		}
		row, err := sqldb.One(t.Context(), h.db.Read(), "row", sqldb.Value[string], `SELECT subject || sealed || subject_index FROM alert WHERE id = $1`, string(p.ID))
		if err != nil || strings.Contains(row, person) {
			t.Errorf("kept: %q %v", row, err)
		}
		if found := h.list("officer", "q="+person); len(found) != 1 || found[0].ID != p.ID {
			t.Errorf("found by the value: %+v", found)
		}
		var shown struct{ Value string }
		path := "/alerts/" + string(p.ID) + "/reveal"
		h.call("officer", http.MethodPost, path, http.StatusUnprocessableEntity, object{"purpose": ""}, nil)
		h.call("qujing", http.MethodPost, path, http.StatusNotFound, object{"purpose": "劝阻"}, nil)
		h.call("officer", http.MethodPost, path, http.StatusOK, object{"purpose": "劝阻"}, &shown)
		if shown.Value != person || !slices.Equal(h.rows(p.ID), []string{"alert.raised", "alert.revealed"}) {
			t.Errorf("revealed: %+v %v", shown, h.rows(p.ID))
		}
	})
}

// Every filter of the list gives what a walk over all alerts gives, page by
// page.
func TestListsByFilterAndPage(t *testing.T) {
	both(t, func(h *house) {
		subjects := []struct {
			domain feed.Domain
			value  string
		}{{feed.Number, mobile}, {feed.Number, "+86 138 8881 2345"}, {feed.Device, imei}, {feed.Account, card}}
		for i := range 40 {
			s := subjects[i%4]
			r := h.raised(s.domain, s.value, []string{"none", "clue", "warning", "referral", "none"}[i%5])
			r.Rule, r.Severity = []string{"many-sims", "mule", "blast"}[i%3], []string{"low", "medium", "high"}[i%3]
			h.raise(r)
			h.pass(time.Second)
		}
		all := h.list("officer", "limit=500")
		since := all[20].RaisedAt
		for query, keep := range map[string]func(alert.Body) bool{
			"":                            func(alert.Body) bool { return true },
			"state=new":                   func(a alert.Body) bool { return a.State == "new" },
			"state=decided&severity=high": func(a alert.Body) bool { return a.State == "decided" && a.Severity == "high" },
			"rule=mule":                   func(a alert.Body) bool { return a.Rule == "mule" },
			"domain=device":               func(a alert.Body) bool { return a.Domain == "device" },
			"decision=referral":           func(a alert.Body) bool { return a.Decision == "referral" },
			"since=" + since.Format(time.RFC3339Nano): func(a alert.Body) bool { return !a.RaisedAt.Before(since.Truncate(time.Millisecond)) },
			"q=138-8881-2345":                         func(a alert.Body) bool { return a.Domain == "number" },
			"q=" + card + "&rule=blast":               func(a alert.Body) bool { return a.Domain == "account" && a.Rule == "blast" },
			"region=530114":                           func(alert.Body) bool { return false },
			"waiting=true":                            func(a alert.Body) bool { return a.Institution != "" && a.CheckedAt == nil },
		} {
			want := []lanzha.ID{}
			for _, a := range all {
				if keep(a) {
					want = append(want, a.ID)
				}
			}
			got := []lanzha.ID{}
			for _, a := range h.list("officer", "limit=7&"+query) {
				got = append(got, a.ID)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", query, diff)
			}
		}
		if others := h.page("officer", all[0].ID).Others; len(others) != 9 {
			t.Errorf("others of the subject: %d", len(others))
		}
		h.call("officer", http.MethodGet, "/alerts?cursor=x", http.StatusUnprocessableEntity, nil, nil)
		if got := h.list("qujing", ""); len(got) != 0 {
			t.Errorf("another city sees %d", len(got))
		}
	})
}

// The figures are those that counting by hand gives.
func TestFigures(t *testing.T) {
	both(t, func(h *house) {
		took := []time.Duration{}
		days := map[string]int64{}
		for i := range 30 {
			p := h.one(feed.Number, fmt.Sprintf("138888%05d", i), []string{"none", "none", "clue"}[i%3])
			days[p.RaisedAt.In(h.desk.Zone).Format(time.DateOnly)]++
			switch {
			case i%3 == 2: // at once
			case i%3 == 1 && i > 20: // stays open
			default:
				wait := time.Duration(i*i) * time.Second
				h.pass(wait)
				took = append(took, h.now().Sub(p.RaisedAt))
				p = h.step("officer", p, "decide", http.StatusOK, object{"decision": "dismissed", "note": "正常"})
			}
			if verdict := []string{"right", "wrong", "", "unsure", "right"}[i%5]; verdict != "" {
				h.step("officer", p, "feedback", http.StatusOK, object{"verdict": "unsure"}) // the later one counts
				p = h.page("officer", p.ID)
				h.step("officer", p, "feedback", http.StatusOK, object{"verdict": verdict})
			}
			h.pass(2 * time.Hour)
		}
		slices.Sort(took)
		var out struct{ Items []alert.FiguresBody }
		h.call("auditor", http.MethodGet, "/figures/alerts", http.StatusOK, nil, &out)
		if len(out.Items) != 1 {
			t.Fatalf("rules: %+v", out.Items)
		}
		f := out.Items[0]
		if f.Raised != 30 || f.AtOnce != 10 || f.Open != 3 || f.Decided != 17 || f.Clues != 10 || f.Dismissed != 17 || f.Right != 12 || f.Wrong != 6 || f.Unsure != 6 || *f.Precision != 12.0/18 {
			t.Errorf("figures: %+v", f)
		}
		// A second of grace: the clock runs on between the officer's decision and this test's reading of it.
		for _, c := range []struct {
			name string
			got  int64
			want time.Duration
		}{{"p50", *f.P50Seconds, took[8]}, {"p90", *f.P90Seconds, took[15]}} {
			if d := c.got - int64(c.want/time.Second); d < 0 || d > 1 {
				t.Errorf("%s: %d s, want %s", c.name, c.got, c.want)
			}
		}
		got := map[string]int64{}
		for _, d := range f.Days {
			got[d.Day] = d.Count
		}
		if diff := cmp.Diff(days, got); diff != "" {
			t.Error(diff)
		}
		h.call("bank", http.MethodGet, "/figures/alerts", http.StatusOK, nil, &out)
		if len(out.Items) != 0 {
			t.Errorf("a bank that was handed nothing: %+v", out.Items)
		}
		h.call("officer", http.MethodGet, "/figures/alerts?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", http.StatusUnprocessableEntity, nil, nil)
	})
}

func TestAlertsAreForgotten(t *testing.T) {
	both(t, func(h *house) {
		old := h.one(feed.Number, mobile, "none") // decided late
		h.one(feed.Number, mobile, "none")        // never decided
		h.one(feed.Number, mobile, "clue")        // decided at once
		h.pass(alert.Kept - time.Hour)
		h.step("officer", old, "decide", http.StatusOK, object{"decision": "clue"})
		h.step("officer", h.page("officer", old.ID), "feedback", http.StatusOK, object{"verdict": "right"})
		tidy := func() {
			if err := h.desk.Tidy(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if tidy(); len(h.list("officer", "")) != 3 {
			t.Error("forgotten too early")
		}
		h.pass(2 * time.Hour)
		if tidy(); len(h.list("officer", "")) != 1 {
			t.Error("kept too long, or not long enough")
		}
		h.pass(alert.Kept)
		tidy()
		if n, err := sqldb.One(t.Context(), h.db.Read(), "count", sqldb.Value[int64], `SELECT (SELECT count(*) FROM alert) + (SELECT count(*) FROM alert_feedback)`); err != nil || n != 0 {
			t.Errorf("%d rows are left: %v", n, err)
		}
	})
}
