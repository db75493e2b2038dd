package disposal_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/clue/disposal"
)

// line is a mobile line of 昆明移动, hand one of 昆明电信, whose officer answers
// in the console.
const (
	line = "13888812345"
	hand = "13312345678"
)

func TestASingleShutdownGoesAtOnceAndIsRestored(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		made := h.request("officer", request("shutdown", line))
		if len(made) != 1 || made[0].Batch != "" || made[0].State != "approved" || made[0].Institution != h.inst["mobile"] || made[0].ApprovedBy != "" {
			t.Fatalf("requested: %+v", made)
		}
		id := made[0].ID
		done := h.reaches(id, disposal.Done)
		if done.PlatformNo != "P-1" || done.SentAt.IsZero() || done.EndedAt.IsZero() {
			t.Errorf("done: %+v", done)
		}
		if diff := cmp.Diff([]string{"disposal.requested", "disposal.sent", "disposal.done"}, h.kinds(id)); diff != "" {
			t.Error(diff)
		}
		if kinds := h.kinds(made[0].Clue); !slices.Contains(kinds, "disposal.done") || kinds[0] != "clue.opened" {
			t.Errorf("the clue's timeline: %v", kinds)
		}
		got := h.get("officer", id)
		for _, part := range []string{"昆明移动", "云南省昆明市反诈中心", "第十一条", "关停", "申诉", "有效身份证件", line, "2026年11月22日20时00分"} {
			if !strings.Contains(got.Notice, part) {
				t.Errorf("the notice does not say %q:\n%s", part, got.Notice)
			}
		}
		if !strings.Contains(got.NoticeEn, "No. "+string(id)) || got.Remedy == "" || len(got.Papers) == 0 {
			t.Errorf("the person is not told: %+v", got)
		}

		// Once more is a conflict while it stands.
		var p api.Problem
		h.call("officer", "POST", "/disposals", 409, request("shutdown", line), &p)
		if p.Errors[0].Location != "body.values[0]" {
			t.Errorf("a second one: %+v", p)
		}

		after := h.step("officer", id, "undo", 200, body{"reason": "用户已核验"})
		if after.State != "done" || after.LiftedBy == "" {
			t.Fatalf("while it is lifted: %+v", after)
		}
		h.reaches(after.LiftedBy, disposal.Done)
		undone := h.reaches(id, disposal.Undone)
		if undone.UndoneAt.IsZero() || undone.Notice.ZH != got.Notice {
			t.Errorf("undone: %+v", undone)
		}
		want := []order{
			{To: "mobile", Key: string(id), Kind: "shutdown", Value: "+86" + line},
			{To: "mobile", Key: string(after.LiftedBy), Kind: "restore", Value: "+86" + line, Undoes: string(id)},
		}
		if diff := cmp.Diff(want, h.far.got()); diff != "" {
			t.Error(diff)
		}
		if kinds := h.kinds(id); kinds[len(kinds)-1] != "disposal.undone" {
			t.Errorf("timeline: %v", kinds)
		}
		h.step("officer", id, "undo", 409, body{"reason": "再来一次"})
		h.request("officer", request("shutdown", line)) // and it can be shut down anew
	})
}

func TestRestoreByValueReachesTheInstitutionThatActed(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		made := h.request("officer", request("shutdown", line))
		h.reaches(made[0].ID, disposal.Done)
		h.call("qujing", "POST", "/disposals", 409, with(request("restore", line), "category", "passed"), nil) // not their decision
		lift := h.request("second", with(request("restore", line), "category", "passed"))
		if len(lift) != 1 || lift[0].Institution != h.inst["mobile"] || lift[0].Undoes != made[0].ID {
			t.Fatalf("restore: %+v", lift)
		}
		h.reaches(made[0].ID, disposal.Undone)
		h.call("second", "POST", "/disposals", 409, request("restore", line), nil) // nothing is left

		// A refused restore leaves the original standing, and it can be tried
		// again.
		again := h.request("officer", request("shutdown", line))
		h.reaches(again[0].ID, disposal.Done)
		h.far.will(func(order, int) (int, string) { return 200, "refused 须到营业厅办理" })
		lift = h.request("officer", request("restore", line))
		if o := h.reaches(lift[0].ID, disposal.Refused); o.Remark != "须到营业厅办理" {
			t.Errorf("refused: %+v", o)
		}
		if o := h.reaches(again[0].ID, disposal.Done); o.LiftedBy != "" {
			t.Error("a refused restore still blocks the next")
		}
		h.far.will(nil)
		h.request("officer", request("restore", line))
		h.reaches(again[0].ID, disposal.Undone)
	})
}

func TestABatchWaitsForASecondOfficer(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		b := request("shutdown", line, "13888812346", line)
		made := h.request("officer", b)
		if len(made) != 2 || made[0].Batch == "" || made[0].Batch != made[1].Batch || made[0].State != "requested" {
			t.Fatalf("requested: %+v", made)
		}
		batch := "/disposals/batches/" + string(made[0].Batch)
		var p api.Problem
		h.call("officer", "POST", batch+"/approve", 403, nil, &p) // who asked
		h.step("officer", made[0].ID, "approve", 403, nil)
		h.call("qujing", "POST", batch+"/approve", 404, nil, nil) // another city
		h.call("telecom", "POST", batch+"/approve", 403, nil, nil)
		if o := h.far.got(); len(o) != 0 {
			t.Fatalf("sent without a second officer: %v", o)
		}
		h.call("mobile", "GET", "/disposals/"+string(made[0].ID), 404, nil, nil) // not theirs to see before it is decided
		var l list
		h.call("mobile", "GET", "/disposals?state=requested", 200, nil, &l)
		if len(l.Items) != 0 {
			t.Error("an institution sees what is not decided")
		}
		h.call("second", "GET", "/disposals?state=requested", 200, nil, &l)
		if len(l.Items) != 2 {
			t.Errorf("what waits for a decision: %d", len(l.Items))
		}
		h.call("second", "POST", batch+"/approve", 200, nil, &l)
		for _, o := range l.Items {
			if o.ApprovedBy != h.actors["second"].ID {
				t.Errorf("approved: %+v", o)
			}
			h.reaches(o.ID, disposal.Done)
		}
		h.call("second", "POST", batch+"/approve", 409, nil, nil)
		if diff := cmp.Diff([]string{"disposal.requested", "disposal.approved", "disposal.sent", "disposal.done"}, h.kinds(made[0].ID)); diff != "" {
			t.Error(diff)
		}

		// Rejecting needs a reason and frees the values.
		made = h.request("officer", request("shutdown", "13888812347", "13888812348"))
		batch = "/disposals/batches/" + string(made[0].Batch)
		h.step("officer", made[0].ID, "undo", 200, body{"reason": "号码记错"}) // withdrawn by who asked
		h.call("second", "POST", batch+"/reject", 422, body{"reason": ""}, nil)
		h.call("second", "POST", batch+"/reject", 200, body{"reason": "依据不足"}, &l)
		for _, o := range l.Items {
			if o.State != "rejected" || o.DecisionNote == "" {
				t.Errorf("rejected: %+v", o)
			}
		}
		h.reaches(h.request("officer", request("shutdown", "13888812347"))[0].ID, disposal.Done)
	})
}

func TestAProtectedValueNeedsALeader(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		hospital := "0871-63161234"
		var entry disposal.ProtectedBody
		add := body{"value": "0871-6316", "prefix": true, "name": "市第一医院（测试）", "category": "hospital", "why": "医院总机"}
		h.call("officer", "POST", "/protected", 403, add, nil)
		h.call("leader", "POST", "/protected", 201, add, &entry, "Idempotency-Key", "a")
		h.call("leader", "POST", "/protected", 201, add, nil, "Idempotency-Key", "a")
		h.call("leader", "POST", "/protected", 409, add, nil)
		h.call("leader", "POST", "/protected", 422, with(add, "value", "0871"), nil) // a whole city
		h.call("leader", "POST", "/protected", 422, with(add, "until", begin.Add(-time.Hour)), nil)

		for _, b := range []body{request("shutdown", hospital), request("intercept", "110"), request("intercept", "96110"), request("shutdown", line, hospital)} {
			var p api.Problem
			h.call("officer", "POST", "/disposals", 403, b, &p)
			if !strings.Contains(p.Detail, "protected") || len(p.Errors) == 0 || !strings.HasPrefix(p.Errors[0].Location, "body.values[") {
				t.Errorf("refused, but why? %+v", p)
			}
		}
		made := h.request("leader", request("shutdown", hospital))
		if !made[0].Protected {
			t.Error("not marked protected")
		}
		h.reaches(made[0].ID, disposal.Done)
		// Lifting it needs no leader.
		h.step("officer", made[0].ID, "undo", 200, body{"reason": "误操作"})
		h.reaches(made[0].ID, disposal.Undone)

		// In a batch the second officer must be a leader too, also when the
		// value was protected only after the request.
		waiting := h.request("officer", request("shutdown", "13888812346", "13888812347"))
		h.call("leader", "POST", "/protected", 201, body{"value": "13888812347", "name": "急救车（测试）", "category": "emergency", "why": "急救"}, nil)
		batch := "/disposals/batches/" + string(waiting[0].Batch)
		h.call("second", "POST", batch+"/approve", 403, nil, nil)
		h.call("leader", "POST", batch+"/approve", 200, nil, nil)
		for _, o := range waiting {
			h.reaches(o.ID, disposal.Done)
		}
		lifts := h.request("officer", request("restore", "13888812346", "13888812347"))
		h.call("second", "POST", "/disposals/batches/"+string(lifts[0].Batch)+"/approve", 200, nil, nil) // no leader to lift
		for _, o := range waiting {
			h.reaches(o.ID, disposal.Undone)
		}

		// Off the list, an officer may again.
		var l struct{ Items []disposal.ProtectedBody }
		h.call("officer", "GET", "/protected?limit=1", 200, nil, &l)
		if l.Items[0].Value != "110" || l.Items[0].Category != "emergency" || l.Items[len(l.Items)-1].Name == "" {
			t.Errorf("the list: %+v", l.Items)
		}
		h.call("officer", "DELETE", "/protected/"+string(entry.ID), 403, nil, nil, "If-Match", `"1"`)
		h.call("leader", "DELETE", "/protected/"+string(entry.ID), 428, nil, nil)
		h.call("leader", "DELETE", "/protected/"+string(entry.ID), 204, nil, nil, "If-Match", `"1"`)
		h.call("leader", "DELETE", "/protected/"+string(entry.ID), 404, nil, nil, "If-Match", `"1"`)
		if made := h.request("officer", request("shutdown", hospital)); made[0].Protected {
			t.Error("protected without an entry")
		}
		if diff := cmp.Diff([]string{"protected.added", "protected.removed"}, h.kinds(entry.ID)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestARepeatCarriesTheSameKey(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		h.far.will(func(o order, n int) (int, string) {
			if n < 4 {
				return http.StatusServiceUnavailable, ""
			}
			return 200, "done"
		})
		var first, again list
		h.call("officer", "POST", "/disposals", 201, request("shutdown", line), &first, "Idempotency-Key", "k")
		h.call("officer", "POST", "/disposals", 201, request("shutdown", line), &again, "Idempotency-Key", "k")
		if len(again.Items) != 1 || again.Items[0].ID != first.Items[0].ID {
			t.Fatalf("a repeat made another: %+v", again)
		}
		h.wait("the fourth attempt", func() bool {
			h.clock.add(time.Second) // past the back-off
			return len(h.far.got()) >= 4
		})
		h.reaches(first.Items[0].ID, disposal.Done)
		for _, o := range h.far.got() {
			if o.Key != string(first.Items[0].ID) {
				t.Errorf("another key: %+v", o)
			}
		}
	})
}

func TestAnInterceptionGoesToEveryCarrierOfTheRegion(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		made := h.request("district", request("intercept", "+852 9123 4567"))
		got := map[lanzha.ID]bool{}
		for _, o := range made {
			got[o.Institution] = true
		}
		want := map[lanzha.ID]bool{h.inst["mobile"]: true, h.inst["unicom"]: true, h.inst["telecom"]: true}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		// A restore lifts it everywhere.
		for _, o := range made {
			if o.Institution == h.inst["telecom"] {
				h.reaches(o.ID, disposal.Sent)
				h.step("telecom", o.ID, "done", 200, nil)
			}
			h.reaches(o.ID, disposal.Done)
		}
		if lift := h.request("district", request("restore", "+852 9123 4567")); len(lift) != 3 {
			t.Errorf("lifted at %d", len(lift))
		}
	})
}

func TestOnlyWhoCanIsAsked(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		named := func(code string, b body) body { return with(b, "institution", h.inst[code]) }
		for name, b := range map[string]body{
			"another network's line":   named("unicom", request("shutdown", line)),
			"a bank shuts nothing":     named("bank", request("shutdown", line)),
			"no line of ours":          request("shutdown", "+852 9123 4567"),
			"nobody holds it":          request("shutdown", "13700000001"),
			"an ordinary number":       request("block", line),
			"a card":                   request("block", "6228480402564890018"),
			"a fixed line has no card": request("recheck", "0871-63161234"),
			"carrier of another city":  named("qj-mobile", request("intercept", "+852 9123 4567")),
			"a reason of a restore":    with(request("shutdown", line), "category", "passed"),
			"no reason":                with(request("shutdown", line), "reason", "  "),
			"no basis":                 with(request("shutdown", line), "legalBasis", "   "),
			"an end in the past":       with(request("shutdown", line), "until", begin.Add(-time.Hour)),
			"no value":                 request("shutdown"),
			"not a number":             request("shutdown", "你好"),
		} {
			var p api.Problem
			h.call("officer", "POST", "/disposals", 422, b, &p)
			if p.Detail == "" {
				t.Errorf("%s: refused without a word", name)
			}
		}
		if made := h.request("officer", request("block", "http://fake-bank.example/login")); made[0].Institution != h.inst["regulator"] {
			t.Errorf("a site is blocked by %+v", made)
		}
		if made := h.request("officer", request("block", "17031234567")); made[0].Institution != h.inst["mobile"] {
			t.Errorf("a virtual number is blocked by %+v", made)
		}
		if o := slices.DeleteFunc(h.far.got(), func(o order) bool { return o.Kind == "block" }); len(o) != 0 {
			t.Errorf("something was sent: %v", o)
		}
	})
}

func TestScope(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		mine := h.request("officer", request("shutdown", line))[0]
		theirs := h.request("officer", request("shutdown", hand))[0]
		h.reaches(mine.ID, disposal.Done)
		h.reaches(theirs.ID, disposal.Sent)
		for _, as := range []string{"qujing", "district", "telecom"} {
			h.call(as, "GET", "/disposals/"+string(mine.ID), 404, nil, nil)
			h.call(as, "GET", "/disposals/"+string(mine.ID)+"/timeline", 404, nil, nil)
		}
		h.step("qujing", mine.ID, "undo", 404, body{"reason": "越权"})
		h.step("mobile", theirs.ID, "done", 404, nil)
		h.step("mobile", mine.ID, "undo", 403, body{"reason": "越权"})
		h.call("admin", "GET", "/disposals", 403, nil, nil)
		h.call("officer", "GET", "/disposals?region=530300", 403, nil, nil)
		h.call("", "GET", "/disposals", 401, nil, nil)
		h.call("qujing", "POST", "/disposals", 404, with(request("shutdown", "13888812346"), "region", "530100"), nil)
		h.call("qujing", "POST", "/disposals", 404, with(request("shutdown"), "values", nil, "clues", []lanzha.ID{mine.Clue}), nil)
		for as, want := range map[string]int{"officer": 2, "qujing": 0, "district": 0, "mobile": 1, "telecom": 1} {
			n := 0
			for _, state := range []string{"open", "done"} {
				var l list
				h.call(as, "GET", "/disposals?state="+state+"&institution="+string(h.inst[as]), 200, nil, &l)
				n += len(l.Items)
				for _, o := range l.Items {
					if h.inst[as] != "" && o.Institution != h.inst[as] {
						t.Errorf("%s sees %s's", as, o.InstitutionName)
					}
				}
			}
			if n != want {
				t.Errorf("%s sees %d, want %d", as, n, want)
			}
		}
		var l list
		h.call("officer", "GET", "/disposals?clue="+string(mine.Clue), 200, nil, &l)
		if len(l.Items) != 1 || l.Items[0].ID != mine.ID {
			t.Errorf("of a clue: %+v", l)
		}
		// What an institution does not ask for, it does not learn: another's ID
		// in the filter changes nothing.
		h.call("telecom", "GET", "/disposals?state=done&institution="+string(h.inst["mobile"]), 200, nil, &l)
		if len(l.Items) != 0 {
			t.Error("a filter widens the scope")
		}
	})
}

func TestWhatWasNotDeliveredIsNotSentAfterItWasLifted(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		h.far.will(func(order, int) (int, string) { return http.StatusServiceUnavailable, "" })
		id := h.request("officer", request("shutdown", line))[0].ID
		h.wait("an attempt", func() bool { return len(h.far.got()) > 0 })
		lift := h.step("officer", id, "undo", 200, body{"reason": "号码记错"}).LiftedBy
		h.far.will(nil)
		if _, due := h.owed(string(lift)); !due.Equal(begin.Add(2 * time.Minute)) {
			t.Errorf("the restore may overtake an attempt under way: due %s", due)
		}
		if state, _ := h.owed(string(id)); state != "forgiven" {
			t.Errorf("the shutdown is still %s", state)
		}
		h.clock.add(2 * time.Minute)
		h.reaches(lift, disposal.Done)
		o := h.reaches(id, disposal.Undone)
		if o.EndedAt != (time.Time{}) {
			t.Errorf("carried out after all: %+v", o)
		}
		sent := h.far.got()
		if last := sent[len(sent)-1]; last.Key != string(lift) || last.Undoes != string(id) {
			t.Errorf("the last to arrive: %+v", last)
		}
	})
}

func TestABatchOfRestoresWaitsToo(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		a, b := h.request("officer", request("shutdown", line))[0], h.request("officer", request("shutdown", "13888812346"))[0]
		h.reaches(a.ID, disposal.Done)
		h.reaches(b.ID, disposal.Done)
		both := request("restore", line, "13888812346")
		lifts := h.request("officer", both)
		if len(lifts) != 2 || lifts[0].State != "requested" {
			t.Fatalf("restores: %+v", lifts)
		}
		h.step("officer", a.ID, "undo", 409, body{"reason": "同时解除"}) // it is being lifted
		batch := "/disposals/batches/" + string(lifts[0].Batch)
		h.call("second", "POST", batch+"/reject", 200, body{"reason": "依据不足"}, nil)
		lifts = h.request("officer", both) // rejected, it can be asked again
		// An objection that is accepted does not wait with them.
		var ob disposal.ObjectionBody
		h.call("second", "POST", "/disposals/"+string(b.ID)+"/object", 201, body{"note": "本人自用"}, &ob)
		h.step("leader", b.ID, "answer", 200, body{"objection": ob.ID, "accepted": true, "answer": "予以恢复"})
		h.reaches(b.ID, disposal.Undone)
		h.reaches(a.ID, disposal.Done)
		h.call("second", "POST", "/disposals/batches/"+string(lifts[0].Batch)+"/approve", 200, nil, nil)
		h.reaches(a.ID, disposal.Undone)
	})
}
