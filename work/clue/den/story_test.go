package den_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/clue"
	"lanzha/work/clue/den"
	"lanzha/work/report"
)

// run follows the journal and fulfils what is owed until the test ends.
func (h *house) run() {
	ctx, stop := context.WithCancel(context.WithoutCancel(h.t.Context()))
	var group sync.WaitGroup
	group.Go(func() { _ = h.journal.Run(ctx) })
	group.Go(func() { _ = h.outbox.Run(ctx) })
	h.t.Cleanup(func() { stop(); group.Wait() })
}

// The story: a report, a lead of the provincial centre, two answers over HTTP,
// one hotel; judged, approved, dispatched, received, checked, confirmed.
func TestTheStory(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h, ctx := open(t, db), t.Context()
		h.clues.Register()
		h.dens.Register()
		h.run()
		h.answers["+8613888812345"] = said{hotelWide, "use"}
		h.answers["+8687163161234"] = said{hotel, "installation"}
		h.answers["+8613888800000"] = said{"昆明市呈贡区望湖路8号", "use"} // another line of the same night

		var told report.Report
		h.tx(func(tx *sqldb.Tx) (err error) {
			told, err = h.reports.Take(ctx, tx, report.Draft{
				Type: report.TypeReport, Channel: report.Channel110, Region: "530102",
				Text: "13888812345打来电话自称客服，让我转账3.5万元，后来13888800000又打来",
			}, people["officer"].ID)
			return err
		})
		var lead clue.Lead
		h.tx(func(tx *sqldb.Tx) (err error) {
			lead, _, err = h.clues.Push(ctx, tx, "0871-63161234", "530100", "SJ100001", "高频外呼", h.mobile.ID, "")
			return err
		})

		var found struct{ Items []den.DenBody }
		until(t, "a suspected den", func() bool {
			h.request("analyst", http.MethodGet, "/dens?state=suspected", 0, nil, &found)
			return len(found.Items) > 0
		})
		d := h.read("analyst", found.Items[0].ID)
		if d.Address != hotel || d.Clues != 2 || d.RegionName != "云南省昆明市呈贡区" || d.Confidence != den.Medium {
			t.Fatalf("raised: %+v", d.DenBody)
		}
		facts := h.facts(d.ID, "den.suspected")
		if diff := cmp.Diff(den.Facts{Address: hotel, Clues: []lanzha.ID{d.Evidence[0].Clue.ID, d.Evidence[1].Clue.ID}, Reports: []lanzha.ID{told.ID}}, facts, sorted); diff != "" {
			t.Error(diff)
		}
		for _, about := range []lanzha.ID{told.ID, lead.ID, d.Evidence[0].Clue.ID, d.Evidence[1].Clue.ID} {
			if !slices.Contains(h.kinds(about), "den.suspected") {
				t.Errorf("the timeline of %s does not show the den", about)
			}
		}
		byKind := map[clue.Kind]den.DenEvidence{}
		for _, e := range d.Evidence {
			byKind[e.Clue.Kind] = e
		}
		mobile := byKind[clue.KindMobile]
		if mobile.Clue.Value != "+8613888812345" || mobile.InstitutionName != "mobile-km" || mobile.Role != den.RoleUse || mobile.Weight != "beside" ||
			mobile.Address != hotelWide || mobile.Parts.Number != "88" || mobile.AnsweredAt.IsZero() || mobile.Origin == "" {
			t.Errorf("evidence: %+v", mobile)
		}
		if diff := cmp.Diff([]string{"region", "road", "number", "poi"}, mobile.Agrees); diff != "" || len(mobile.Differs) != 0 {
			t.Errorf("agrees: %s, differs: %v", diff, mobile.Differs)
		}

		d = h.do("analyst", d, "analyse", object{"opinion": "手机与固话装在同一酒店，建议检查"})
		d = h.do("leader", d, "reject", object{"reason": "请核对酒店名称"})
		d = h.do("analyst", d, "analyse", object{"opinion": "名称已核对"})
		d = h.do("leader", d, "approve", object{"documentKind": "inspection", "documentNo": "昆公(刑)检查字〔2023〕1号"})
		if code := h.request("unit", http.MethodGet, "/dens/"+string(d.ID), 0, nil, nil); code != http.StatusNotFound {
			t.Errorf("the unit reads a den that was not dispatched: %d", code)
		}
		d = h.do("officer", d, "dispatch", object{"institution": h.unit.ID})
		rows, err := h.journal.Search(ctx, db.Read(), journal.Filter{Record: d.ID, Kind: "den.dispatched", Limit: 1})
		if err != nil || len(rows) != 1 || rows[0].Institution != h.unit.ID || rows[0].Region != "530114" {
			t.Errorf("the row of the dispatch: %+v %v", rows, err)
		}
		d = h.do("unit", d, "receive", nil)
		d = h.do("unit", d, "confirm", object{"people": 4, "devices": object{"goip": 3, "router": 3}, "note": "现场查获4人"})
		want := den.Outcome{People: 4, Devices: den.Devices{GOIP: 3, Router: 3}, Note: "现场查获4人"}
		if d.State != den.Confirmed || *d.Outcome != want || d.CheckedAt == nil {
			t.Errorf("confirmed: %+v", d)
		}
		if diff := cmp.Diff([]string{
			"den.suspected", "den.analysed", "den.rejected", "den.analysed", "den.approved", "den.dispatched", "den.received", "den.confirmed",
		}, h.kinds(d.ID)); diff != "" {
			t.Error(diff)
		}
		var payload json.RawMessage
		rows, err = h.journal.Search(ctx, db.Read(), journal.Filter{Record: d.ID, Kind: "den.confirmed", Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		payload, _ = json.Marshal(den.Facts{Address: hotel, Clues: facts.Clues, Reports: facts.Reports, Outcome: &want})
		if string(rows[0].Payload) != string(payload) {
			t.Errorf("payload %s, want %s", rows[0].Payload, payload)
		}
		steps := []string{}
		for _, s := range d.Steps {
			steps = append(steps, s.Step+" "+s.ByName)
			if s.At.IsZero() {
				t.Errorf("%s has no time", s.Step)
			}
		}
		if diff := cmp.Diff([]string{
			"suspected ", "analysed officer R9ANA1", "rejected officer R9LEAD", "analysed officer R9ANA1", "approved officer R9LEAD",
			"dispatched officer R90FF1", "received officer R9VN1T", "confirmed officer R9VN1T",
		}, steps); diff != "" {
			t.Error(diff)
		}
		var figures den.DenFigures
		if code := h.request("auditor", http.MethodGet, "/figures/dens", 0, nil, &figures); code != http.StatusOK {
			t.Fatal(code)
		}
		if figures.Raised != 1 || figures.Confirmed != 1 || *figures.Precision != 1 || *figures.MedianSeconds < 0 {
			t.Errorf("figures: %+v", figures)
		}
	})
}

// received brings a den through all steps but the last.
func (h *house) received(id lanzha.ID) den.DenPage {
	h.t.Helper()
	d := h.read("analyst", id)
	d = h.do("analyst", d, "analyse", object{"opinion": "建议检查"})
	d = h.do("leader", d, "approve", object{"documentKind": "search", "documentNo": "1"})
	d = h.do("officer", d, "dispatch", object{"institution": h.unit.ID})
	return h.do("unit", d, "receive", nil)
}

// Where nothing was found, or the den was dismissed, only what is said later
// raises one anew: what was known then has been judged.
func TestRaisedAnew(t *testing.T) {
	for _, outcome := range []den.State{den.NothingFound, den.Dismissed, den.Confirmed} {
		t.Run(string(outcome), func(t *testing.T) {
			sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
				h := open(t, db)
				h.sight(clue.KindFixed, house88, "installation")
				again := h.sight(clue.KindFixed, house88, "installation")
				first := h.all()[0]
				// One more is asked of before the outcome, and answered before it,
				// but looked at after.
				before := h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), "")
				question := h.ask(before)
				var d den.DenPage
				if outcome == den.Dismissed {
					d = h.read("analyst", first.ID)
				} else {
					d = h.received(first.ID)
				}
				if err := h.say(question, house88, "installation"); err != nil {
					t.Fatal(err)
				}
				h.pass(time.Minute)
				switch outcome {
				case den.Dismissed:
					h.do("analyst", d, "dismiss", object{"reason": "线路已拆机"})
				case den.NothingFound:
					h.do("unit", d, "nothing-found", object{"note": "房间已空"})
				default:
					h.do("unit", d, "confirm", object{"people": 4})
				}
				h.follow()
				h.pass(time.Minute)
				h.tell(clue.KindFixed, again.Value, h.ids.Next(), "") // told of again, not seen again
				h.sight(clue.KindFixed, house88, "installation")
				h.follow()
				h.tell(clue.KindFixed, again.Value, h.ids.Next(), "")
				dens := h.all()
				if len(dens) != 1 {
					t.Fatalf("%d dens after one new clue", len(dens))
				}
				joined := len(h.evidence(first.ID))
				h.pass(time.Minute)
				h.reply(again, house88, "installation") // seen again after the outcome
				dens = h.all()
				if outcome == den.Confirmed {
					if len(dens) != 1 || joined != 4 || len(h.evidence(first.ID)) != 5 {
						t.Fatalf("%d dens, %d and %d pieces of evidence: what comes in about a den stays with it", len(dens), joined, len(h.evidence(first.ID)))
					}
					h.pass(721 * time.Hour) // a month later somebody moves in again
					h.sight(clue.KindFixed, house88, "installation")
					h.sight(clue.KindFixed, house88, "installation")
					dens = h.all()
				}
				if len(dens) != 2 || dens[0].State != den.Suspected || dens[0].Clues != 2 {
					t.Fatalf("not raised anew: %d dens, the last %s with %d clues", len(dens), dens[0].State, dens[0].Clues)
				}
				if joined != 2 && outcome != den.Confirmed {
					t.Errorf("what was settled took in evidence: %d", joined)
				}
				if d := h.read("analyst", first.ID); d.State != outcome {
					t.Errorf("the first den became %s", d.State)
				}
			})
		})
	}
}

// Eight institutions answer in the same instant: all of them are in one den,
// each once.
func TestRaisedOnceUnderConcurrentAnswers(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		questions := []clue.Lookup{}
		for range 8 {
			questions = append(questions, h.ask(h.tell(clue.KindFixed, h.value(clue.KindFixed), h.ids.Next(), "")))
		}
		for _, l := range questions {
			if err := h.say(l, house88, "installation"); err != nil {
				t.Fatal(err)
			}
		}
		rows, err := h.journal.Search(t.Context(), db.Read(), journal.Filter{Kind: "lookup.answered", Limit: 100})
		if err != nil || len(rows) != 8 {
			t.Fatal(len(rows), err)
		}
		// Each row twice at once, as if two processes had taken it: the tail's
		// cursor forbids that, and it must be harmless all the same.
		start := make(chan struct{})
		var group sync.WaitGroup
		for _, row := range slices.Concat(rows, rows) {
			group.Go(func() {
				<-start
				if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return h.dens.Follow(t.Context(), tx, row) }); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		group.Wait()
		dens := h.all()
		if len(dens) != 1 || dens[0].Clues != 8 || len(h.evidence(dens[0].ID)) != 8 {
			t.Fatalf("%d dens, the first with %d clues", len(dens), dens[0].Clues)
		}
		if kinds := h.kinds(dens[0].ID); kinds[0] != "den.suspected" || slices.Contains(kinds[1:], "den.suspected") || len(kinds) != 7 {
			t.Errorf("rows: %v", kinds)
		}
	})
}

// Two answers are looked at in one instant by two processes, and neither sees
// what the other has not committed: the second waits for the first, or nobody
// would raise the den.
func TestTheSecondWaitsForTheFirst(t *testing.T) {
	db := sqltest.OpenPostgres(t, schemas...)
	h := open(t, db)
	h.sight(clue.KindMobile, room, "outlet") // the place is known, and proves nothing
	h.follow()
	h.sight(clue.KindFixed, house88, "installation")
	h.sight(clue.KindFixed, room, "installation")
	rows, err := h.journal.Search(t.Context(), db.Read(), journal.Filter{Kind: "lookup.answered", Limit: 2})
	if err != nil || len(rows) != 2 {
		t.Fatal(len(rows), err)
	}
	inside, release, second := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	first := make(chan error, 1)
	go func() {
		first <- db.Tx(t.Context(), func(tx *sqldb.Tx) error {
			err := h.dens.Follow(t.Context(), tx, rows[0])
			close(inside)
			<-release
			return err
		})
	}()
	<-inside
	go func() {
		second <- db.Tx(t.Context(), func(tx *sqldb.Tx) error { return h.dens.Follow(t.Context(), tx, rows[1]) })
	}()
	until(t, "the second waits, or is through", func() bool {
		waiting, err := sqldb.One(t.Context(), db.Read(), "count", sqldb.Value[int64],
			`SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
		return err != nil || waiting > 0 || len(second) > 0
	})
	close(release)
	if err := errors.Join(<-first, <-second); err != nil {
		t.Fatal(err)
	}
	h.seq = rows[0].Seq // both rows are done
	if dens := h.all(); len(dens) != 1 || dens[0].Clues != 3 {
		t.Fatalf("%d dens", len(dens))
	}
}

// Two processes tail one PostgreSQL.
func TestTwoProcesses(t *testing.T) {
	db := sqltest.OpenPostgres(t, schemas...)
	h := open(t, db)
	h.dens.Register()
	h.run()
	other := &house{t: t, db: db, at: h.at, ids: h.ids}
	second := *h.dens
	other.journal, other.outbox = journal.New(db, h.now, nil), h.outbox
	second.Journal = other.journal
	second.Outbox = h.outbox
	other.journal.Tail("den", []string{"lookup.answered"}, second.Follow)
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() { _ = other.journal.Run(ctx) })
	defer group.Wait()
	defer stop()
	for i := range 8 {
		for range 2 {
			h.sight(clue.KindFixed, "昆明市呈贡区"+roads[i]+"6号", "installation")
		}
	}
	list := func() []den.Den {
		dens, err := h.dens.Store.List(t.Context(), db.Read(), den.Filter{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		return dens
	}
	until(t, "eight dens", func() bool { return len(list()) >= 8 })
	for _, d := range list() {
		if d.Clues != 2 || len(h.kinds(d.ID)) != 1 {
			t.Errorf("%s: %d clues, %v", d.Address(), d.Clues, h.kinds(d.ID))
		}
	}
	if parked, err := h.journal.Parked(t.Context()); len(list()) != 8 || parked != 0 || err != nil {
		t.Errorf("%d dens, %d rows parked, %v", len(list()), parked, err)
	}
}

// A den that its unit does not receive in time comes before the leader; one
// that it has received does not.
func TestLate(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		h.dens.Options.ReceiveWithin = 10 * time.Minute
		h.dens.Register()
		ids := []lanzha.ID{}
		for i := range 2 {
			for range 2 {
				h.sight(clue.KindFixed, "昆明市呈贡区"+roads[i]+"6号", "installation")
			}
			ids = append(ids, h.all()[0].ID)
		}
		h.received(ids[0])
		d := h.do("analyst", h.read("analyst", ids[1]), "analyse", object{"opinion": "建议检查"})
		d = h.do("leader", d, "approve", object{"documentKind": "search", "documentNo": "1"})
		d = h.do("officer", d, "dispatch", object{"institution": h.unit.ID})
		if d.ReceiveBy == nil || d.ReceiveBy.Sub(*d.DispatchedAt) != 10*time.Minute {
			t.Errorf("to be received by %v", d.ReceiveBy)
		}
		h.pass(11 * time.Minute)
		h.run()
		until(t, "the leader hears of it", func() bool { return slices.Contains(h.kinds(ids[1]), "den.late") })
		rows, err := h.journal.Search(t.Context(), db.Read(), journal.Filter{Kind: "den.late", Limit: 10})
		if err != nil || len(rows) != 1 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		var payload struct{ Leader, Unit lanzha.ID }
		if err := rows[0].Into(&payload); err != nil || payload.Leader != leaderID || payload.Unit != h.unit.ID {
			t.Errorf("%+v %v", payload, err)
		}
		h.do("unit", d, "receive", nil) // late is not too late
	})
}
