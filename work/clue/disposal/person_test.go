package disposal_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/clue/disposal"
)

func TestARechecksClockRunsFromTheCarriersNotice(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		id := h.request("officer", request("recheck", hand))[0].ID
		o := h.reaches(id, disposal.Sent)
		if want := begin.Add(time.Hour); !o.DueAt.Equal(want) { // the institution's own target
			t.Errorf("due %s, want %s", o.DueAt, want)
		}
		if !strings.Contains(o.Notice.ZH, "24小时内完成实名核验") {
			t.Errorf("the notice does not tell the time: %s", o.Notice.ZH)
		}
		h.clock.add(30 * time.Minute)
		h.wait("half time", func() bool { return slices.Contains(h.kinds(id), "disposal.escalated") })
		h.step("telecom", id, "acknowledge", 422, body{"noticedAt": begin.Add(time.Hour)}) // the future
		told := begin.Add(20 * time.Minute)
		b := h.step("telecom", id, "acknowledge", 200, body{"noticedAt": told})
		if !b.DueAt.Equal(told.Add(24*time.Hour)) || b.NoticedAt == nil || b.Escalation != 0 {
			t.Errorf("acknowledged: due %s, noticed %v, escalation %d", b.DueAt, b.NoticedAt, b.Escalation)
		}
		// The first clock is forgiven, the user's own is set.
		if state, _ := h.owed(string(id) + ".full"); state != "forgiven" {
			t.Errorf("the carrier's clock is %s", state)
		}
		if state, due := h.owed(string(id) + ".verify"); state != "owed" || !due.Equal(told.Add(24*time.Hour)) {
			t.Errorf("the user's clock is %s, due %s", state, due)
		}
		h.clock.add(2 * time.Hour)
		h.step("telecom", id, "acknowledge", 409, nil)
		if slices.Contains(h.kinds(id), "disposal.overdue") {
			t.Error("the carrier's clock still runs")
		}
		h.clock.add(24 * time.Hour)
		h.wait("the day to be over", func() bool { return slices.Contains(h.kinds(id), "disposal.overdue") })
		if b = h.get("officer", id); b.EscalatedTo != leaderOnDuty || !b.Late || b.State != "acknowledged" {
			t.Errorf("overdue: %+v", b)
		}
		h.step("telecom", id, "done", 422, nil) // how did it end?
		h.step("telecom", id, "done", 200, body{"outcome": "suspended", "note": "逾期未核验"})
		lift := h.step("officer", id, "undo", 200, body{"reason": "核验通过", "category": "passed"})
		h.reaches(lift.LiftedBy, disposal.Sent)
		h.step("telecom", lift.LiftedBy, "done", 200, nil)
		h.reaches(id, disposal.Undone)

		// Who passed in time has nothing to be restored.
		id = h.request("officer", request("recheck", hand))[0].ID
		h.reaches(id, disposal.Sent)
		h.step("telecom", id, "acknowledge", 200, nil)
		h.step("telecom", id, "done", 200, body{"outcome": "verified"})
		h.step("officer", id, "undo", 409, body{"reason": "恢复"})
		h.request("officer", request("recheck", hand)) // nor does it stand in the way of another
	})
}

func TestAnUnreadableReceiptIsKeptAndShown(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		h.far.will(func(order, int) (int, string) { return 200, "<html>系统维护</html>" })
		id := h.request("officer", request("shutdown", line))[0].ID
		h.wait("the receipt", func() bool { return slices.Contains(h.kinds(id), "disposal.unreadable") })
		if b := h.get("officer", id); b.State != "sent" || b.Unreadable != "<html>系统维护</html>" {
			t.Errorf("kept: %+v", b)
		}
		// One of ours has it on the telephone.
		h.step("officer", id, "done", 200, body{"note": "电话确认"})
		if b := h.get("officer", id); b.State != "done" || b.Remark != "电话确认" {
			t.Errorf("by hand: %+v", b)
		}
	})
}

func TestTheEndThatWasSetLiftsByItself(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		id := h.request("officer", with(request("shutdown", line), "until", begin.Add(72*time.Hour)))[0].ID
		o := h.reaches(id, disposal.Done)
		if !strings.Contains(o.Notice.ZH, "至2026年11月25日20时00分自动解除") {
			t.Errorf("the notice hides the end: %s", o.Notice.ZH)
		}
		h.clock.add(72 * time.Hour)
		o = h.reaches(id, disposal.Undone)
		lift, err := h.desk.Store.Get(t.Context(), db.Read(), o.LiftedBy)
		if err != nil || lift.Category != disposal.Ended || lift.RequestedBy != "" {
			t.Errorf("lifted by %+v, %v", lift, err)
		}
	})
}

func TestAnObjectionThatIsAcceptedLiftsAtOnce(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		made := h.request("officer", request("shutdown", line, "13888812346"))
		h.call("second", "POST", "/disposals/batches/"+string(made[0].Batch)+"/approve", 200, nil, nil)
		id := made[0].ID
		h.reaches(id, disposal.Done)

		// The notice is served and stays as it was.
		h.step("mobile", id, "serve", 200, body{"how": "sms", "note": "短信"})
		h.step("mobile", id, "serve", 409, body{"how": "post"})
		served := h.get("officer", id)
		if served.ServedHow != "sms" || served.ServedAt == nil || served.ServedBy != h.actors["mobile"].ID {
			t.Errorf("served: %+v", served)
		}

		var ob, again disposal.ObjectionBody
		object := "/disposals/" + string(id) + "/object"
		h.call("qujing", "POST", object, 404, body{"note": "不是我"}, nil)
		h.call("mobile", "POST", object, 403, body{"note": "不是我"}, nil)
		words := "本人一直自用，未参与诈骗"
		h.call("second", "POST", object, 201, body{"note": words}, &ob, "Idempotency-Key", "o")
		h.call("second", "POST", object, 201, body{"note": words}, &again, "Idempotency-Key", "o")
		if ob.ID != again.ID || ob.Note != words {
			t.Errorf("taken twice: %+v %+v", ob, again)
		}
		if got := h.get("mobile", id); len(got.Objections) != 0 {
			t.Error("the institution reads what the citizen says")
		}
		answer := body{"objection": ob.ID, "accepted": false, "answer": "维持处置"}
		h.step("officer", id, "answer", 403, answer) // who requested it does not turn it down
		h.step("leader", id, "answer", 200, answer)
		h.step("leader", id, "answer", 409, answer)

		h.call("second", "POST", object, 201, body{"note": "补交了资料"}, &ob)
		b := h.step("officer", id, "answer", 200, body{"objection": ob.ID, "accepted": true, "answer": "核查属实，予以恢复"})
		if b.LiftedBy == "" {
			t.Fatal("not lifted at once")
		}
		undone := h.reaches(id, disposal.Undone)
		if undone.Notice.ZH != served.Notice {
			t.Error("what was served has changed")
		}
		got := h.get("officer", id)
		if len(got.Objections) != 2 || got.Objections[0].Accepted || !got.Objections[1].Accepted || got.Objections[1].AnsweredBy != h.actors["officer"].ID {
			t.Errorf("objections: %+v", got.Objections)
		}
		h.call("second", "POST", object, 409, body{"note": "再申诉"}, nil)

		// What the citizen said lies nowhere in the clear.
		rows, err := h.desk.Clues.Journal.Timeline(t.Context(), db.Read(), id, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if strings.Contains(string(r.Payload), words) || strings.Contains(string(r.Payload), line) {
				t.Errorf("%s tells it: %s", r.Kind, r.Payload)
			}
		}
		for _, table := range []string{"disposal_objection", "api_once"} {
			column := map[string]string{"disposal_objection": "note", "api_once": "response"}[table]
			kept, err := sqldb.All(t.Context(), db.Read(), sqldb.Value[string], `SELECT `+column+` FROM `+table)
			if err != nil {
				t.Fatal(err)
			}
			if len(kept) == 0 || strings.Contains(strings.Join(kept, "|"), words) {
				t.Errorf("%s holds it in the clear, or nothing: %q", table, kept)
			}
		}
	})
}

func TestTheDeskAnswersWhoStoppedANumber(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		reason := "涉张某某被骗案，侦查中"
		shut := h.request("officer", with(request("shutdown", line), "reason", reason, "documentNo", "昆公刑字1号", "category", "case"))[0]
		h.reaches(shut.ID, disposal.Done)
		re := h.request("officer", request("recheck", hand))[0]
		h.reaches(re.ID, disposal.Sent)
		h.step("telecom", re.ID, "acknowledge", 200, nil)
		h.request("officer", request("shutdown", "13888812340", "13888812341")) // not decided: nobody's business

		var raw json.RawMessage
		ask := func(as, number string, want int) []disposal.Why {
			var l struct{ Items []disposal.Why }
			h.call(as, "GET", "/disposals/why?number="+number+"&purpose=desk", want, nil, &raw)
			if want == 200 {
				if err := json.Unmarshal(raw, &l); err != nil {
					t.Fatal(err)
				}
			}
			return l.Items
		}
		got := ask("officer", line, 200)
		if len(got) != 1 || got[0].Unit != "云南省昆明市反诈中心" || got[0].InstitutionName != "昆明移动" || got[0].ID != shut.ID ||
			got[0].Category != disposal.InCase || got[0].DoneAt == nil || len(got[0].Papers) == 0 || got[0].Remedy == "" || got[0].Contact != "96110" {
			t.Errorf("the unit's own desk: %+v", got)
		}
		// Another city answers its caller as well, without the case.
		got = ask("qujing", line, 200)
		if len(got) != 1 || got[0].ID != "" || got[0].Unit == "" {
			t.Errorf("another city's desk: %+v", got)
		}
		for _, hidden := range []string{reason, "昆公刑字1号", string(shut.ID), string(shut.Clue)} {
			if strings.Contains(string(raw), hidden) {
				t.Errorf("the desk tells %q", hidden)
			}
		}
		if got = ask("district", hand, 200); len(got) != 1 || got[0].VerifyBy == nil || !got[0].VerifyBy.Equal(begin.Add(24*time.Hour)) {
			t.Errorf("the clock of a recheck: %+v", got)
		}
		if got = ask("mobile", line, 200); len(got) != 1 {
			t.Errorf("the carrier's desk: %+v", got)
		}
		if got = ask("telecom", line, 200); len(got) != 0 {
			t.Errorf("another carrier's desk: %+v", got)
		}
		if got = ask("officer", "13888812340", 200); len(got) != 0 {
			t.Errorf("what is not decided: %+v", got)
		}
		ask("officer", "xyz", 422)
		ask("admin", line, 403)

		rows, err := h.desk.Clues.Journal.Search(t.Context(), db.Read(), journal.Filter{Kind: "disposal.why", Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != 6 || rows[0].Purpose != "desk" || strings.Contains(string(rows[0].Payload), "13888812340") {
			t.Errorf("asked 6 times, journaled %d: %+v", len(rows), rows)
		}
		// After it was lifted the desk says so for a while.
		h.step("officer", shut.ID, "undo", 200, body{"reason": "核验通过"})
		h.reaches(shut.ID, disposal.Undone)
		if got = ask("officer", line, 200); len(got) != 1 || got[0].UndoneAt == nil {
			t.Errorf("lifted: %+v", got)
		}
		h.clock.add(31 * 24 * time.Hour)
		if got = ask("officer", line, 200); len(got) != 0 {
			t.Errorf("long ago: %+v", got)
		}
	})
}

func TestByPlan(t *testing.T) {
	got := map[string]string{}
	for _, value := range []string{"110", "119", "120", "122", "12110", "96110", "12381", "95588", "95999999", "+8613888812345", "10086", "example.com"} {
		p, ok := disposal.ByPlan(value)
		if ok != (p.Category != "") {
			t.Errorf("%s: %+v, %v", value, p, ok)
		}
		got[value] = p.Category
	}
	want := map[string]string{
		"110": "emergency", "119": "emergency", "120": "emergency", "122": "emergency", "12110": "emergency",
		"96110": "service", "12381": "service", "95588": "service", "10086": "service", "95999999": "", "+8613888812345": "", "example.com": "",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProtectedDomainsCoverThoseBelow(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		h.call("leader", "POST", "/protected", 201, body{"value": "kmhospital.cn", "prefix": true, "name": "市医院（测试）", "category": "hospital", "why": "挂号"}, nil)
		h.call("leader", "POST", "/protected", 201, body{"value": hand, "name": "线人热线（测试）", "why": "临时", "until": begin.Add(time.Hour)}, nil)
		for value, want := range map[string]int{
			"https://guahao.kmhospital.cn/a": 403, "kmhospital.cn": 403, "notkmhospital.cn": 201, hand: 403,
		} {
			kind := "block"
			if value == hand {
				kind = "shutdown"
			}
			h.call("officer", "POST", "/disposals", want, request(kind, value), nil)
		}
		h.clock.add(time.Hour)
		h.call("officer", "POST", "/disposals", 201, request("shutdown", hand), nil) // the end has come
	})
}

func TestKinds(t *testing.T) {
	h := open(t, sqltest.OpenSQLite(t, schemas...))
	var l struct {
		Items []struct {
			Kind       disposal.Kind
			Bases      []disposal.Basis
			Categories []disposal.Category
		}
	}
	h.call("officer", "GET", "/disposals/kinds", 200, nil, &l)
	if len(l.Items) != len(disposal.Kinds) {
		t.Fatalf("%d kinds", len(l.Items))
	}
	for _, k := range l.Items {
		if len(k.Bases) == 0 || len(k.Categories) == 0 {
			t.Errorf("%s has no basis or no reason to choose", k.Kind)
		}
	}
}
