package alert_test

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
	"lanzha/work/detect/alert"
	"lanzha/work/feed"
)

// told waits until the detector has so many changes.
func (h *house) told(n int) []alert.Change {
	h.t.Helper()
	until(h.t, "the detector is told", func() bool { return len(h.detector.all()) >= n })
	return h.detector.all()
}

func (h *house) suppression(id lanzha.ID) (out alert.SuppressionBody) {
	h.t.Helper()
	h.call("officer", http.MethodGet, "/suppressions/"+string(id), http.StatusOK, nil, &out)
	return out
}

func TestASubjectIsLeftAloneForATime(t *testing.T) {
	both(t, func(h *house) {
		p := h.one(feed.Number, mobile, "none")
		until1 := h.now().Add(30 * 24 * time.Hour)
		body := object{"alert": p.ID, "rule": "many-sims", "until": until1, "why": "快递员，已电话核实"}
		h.call("officer", http.MethodPost, "/suppressions", http.StatusForbidden, body, nil)
		h.call("qujing", http.MethodPost, "/suppressions", http.StatusNotFound, body, nil)
		h.call("analyst", http.MethodPost, "/suppressions", http.StatusUnprocessableEntity, object{"alert": p.ID, "until": h.now().AddDate(2, 0, 0), "why": "x"}, nil)
		h.call("analyst", http.MethodPost, "/suppressions", http.StatusUnprocessableEntity, object{"alert": p.ID, "until": h.now().Add(-time.Hour), "why": "x"}, nil)
		h.call("analyst", http.MethodPost, "/suppressions", http.StatusUnprocessableEntity, object{"until": until1, "why": "x"}, nil) // of nothing
		var made, again alert.SuppressionBody
		h.call("analyst", http.MethodPost, "/suppressions", http.StatusCreated, body, &made, "Idempotency-Key", "s1")
		h.call("analyst", http.MethodPost, "/suppressions", http.StatusCreated, body, &again, "Idempotency-Key", "s1")
		if made.Standing != alert.InForce || made.ID != again.ID || made.MadeByName != "officer ANA1" || made.Subject != mobile {
			t.Errorf("made: %+v", made)
		}
		// The same number otherwise written is the same subject.
		h.call("leader", http.MethodPost, "/suppressions", http.StatusConflict, object{"domain": "number", "value": "+86 138 8881 2345", "rule": "many-sims", "until": until1, "why": "重复"}, nil)

		changes := h.told(2)
		want := []alert.Change{}
		for _, form := range []string{mobile, "+86" + mobile} {
			want = append(want, alert.Change{By: people["analyst"].ID, Why: "快递员，已电话核实", Suppress: &alert.SuppressChange{Rule: "many-sims", Domain: "number", Value: form, Until: lanzha.At(until1)}})
		}
		if diff := cmp.Diff(want, changes); diff != "" {
			t.Error(diff)
		}
		until(t, "the desk knows that it was told", func() bool { return h.suppression(made.ID).Told })
		if of := h.page("officer", p.ID).Suppressions; len(of) != 1 || of[0].ID != made.ID {
			t.Errorf("on the page: %+v", of)
		}

		path := "/suppressions/" + string(made.ID) + "/lift"
		h.call("analyst", http.MethodPost, path, http.StatusPreconditionRequired, object{"reason": "x"}, nil)
		h.call("analyst", http.MethodPost, path, http.StatusConflict, object{"reason": "x"}, nil, "If-Match", api.ETag(9))
		h.call("officer", http.MethodPost, path, http.StatusForbidden, object{"reason": "x"}, nil, "If-Match", api.ETag(1))
		var lifted alert.SuppressionBody
		h.call("leader", http.MethodPost, path, http.StatusOK, object{"reason": "又被举报"}, &lifted, "If-Match", api.ETag(1))
		if lifted.Standing != alert.Removed || lifted.LiftWhy != "又被举报" || lifted.LiftedName != "officer LEAD" {
			t.Errorf("lifted: %+v", lifted)
		}
		if last := h.told(4)[3]; !last.Suppress.Lift || last.By != people["leader"].ID || last.Why != "又被举报" {
			t.Errorf("told of the lift: %+v", last)
		}
		h.call("leader", http.MethodPost, path, http.StatusConflict, object{"reason": "x"}, nil, "If-Match", api.ETag(2))
		if rows := h.rows(p.ID); !slices.Equal(rows, []string{"alert.raised", "suppression.made", "suppression.lifted"}) {
			t.Errorf("the alert's timeline: %v", rows)
		}

		// One that is over makes room for another.
		short := object{"domain": "number", "value": mobile, "until": h.now().Add(time.Hour), "why": "测试"}
		var first alert.SuppressionBody
		h.call("analyst", http.MethodPost, "/suppressions", http.StatusCreated, short, &first)
		h.pass(2 * time.Hour)
		short["until"] = h.now().Add(time.Hour)
		h.call("analyst", http.MethodPost, "/suppressions", http.StatusCreated, short, nil)
		if got := h.suppression(first.ID); got.Standing != alert.Over || got.LiftedAt != nil {
			t.Errorf("over: %+v", got)
		}
		var list api.List[alert.SuppressionBody]
		h.call("auditor", http.MethodGet, "/suppressions", http.StatusOK, nil, &list)
		if len(list.Items) != 3 || list.Items[0].Subject != "138****2345" {
			t.Errorf("the list of an auditor: %+v", list.Items)
		}
		h.call("officer", http.MethodGet, "/suppressions?inForce=true", http.StatusOK, nil, &list)
		if len(list.Items) != 1 {
			t.Errorf("in force: %+v", list.Items)
		}
	})
}

// While the detector is away a change waits, and the detector hears of the
// record as it stands when it is back: a lift is never followed by what it
// lifted.
func TestADetectorThatIsAwayHearsTheLast(t *testing.T) {
	both(t, func(h *house) {
		h.detector.leave(true)
		var made alert.SuppressionBody
		h.call("analyst", http.MethodPost, "/suppressions", http.StatusCreated, object{"domain": "device", "value": imei, "until": h.now().Add(time.Hour), "why": "测试机"}, &made)
		h.call("analyst", http.MethodPost, "/suppressions/"+string(made.ID)+"/lift", http.StatusOK, object{"reason": "误设"}, nil, "If-Match", api.ETag(1))
		if h.suppression(made.ID).Told {
			t.Error("told while it was away")
		}
		h.detector.leave(false)
		until(t, "it is told", func() bool { return h.suppression(made.ID).Told })
		if all := h.detector.all(); !all[len(all)-1].Suppress.Lift {
			t.Errorf("the last that it heard: %+v", all)
		}
	})
}

// What the outbox has given up is owed anew.
func TestWhatWasGivenUpIsOwedAgain(t *testing.T) {
	both(t, func(h *house) {
		h.detector.leave(true)
		var made alert.EntryBody
		h.call("analyst", http.MethodPost, "/lists/couriers/entries", http.StatusCreated, object{"domain": "number", "value": mobile, "why": "快递员"}, &made)
		h.tx(func(tx *sqldb.Tx) error {
			_, err := tx.ExecContext(t.Context(), `UPDATE outbox SET state = 'dead' WHERE record = $1`, string(made.ID))
			return err
		})
		h.detector.leave(false)
		h.pass(2 * time.Hour)
		if err := h.desk.Tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c := h.told(2)[0]; c.List == nil || c.List.List != "couriers" || c.List.Remove {
			t.Errorf("told: %+v", c)
		}
	})
}

func TestNamedListsAreKept(t *testing.T) {
	both(t, func(h *house) {
		const path = "/lists/couriers/entries"
		entry := object{"domain": "number", "value": "0871-63161234", "until": h.now().Add(48 * time.Hour), "why": "医院回访电话"}
		h.call("officer", http.MethodPost, path, http.StatusForbidden, entry, nil)
		h.call("analyst", http.MethodPost, "/lists/clues/entries", http.StatusConflict, entry, nil)
		h.call("analyst", http.MethodPost, "/lists/Bad_Name/entries", http.StatusUnprocessableEntity, entry, nil)
		h.call("analyst", http.MethodPost, path, http.StatusUnprocessableEntity, object{"domain": "number", "value": " ", "why": "x"}, nil)
		var made alert.EntryBody
		h.call("analyst", http.MethodPost, path, http.StatusCreated, entry, &made, "Idempotency-Key", "e1")
		h.call("analyst", http.MethodPost, path, http.StatusCreated, entry, nil, "Idempotency-Key", "e1")
		h.call("analyst", http.MethodPost, path, http.StatusConflict, entry, nil)
		h.call("analyst", http.MethodPost, path, http.StatusUnprocessableEntity, object{"domain": "number", "value": "x", "until": h.now().Add(-time.Hour), "why": "x"}, nil)
		forms := []string{}
		for _, c := range h.told(3) {
			forms = append(forms, c.List.Value)
		}
		if diff := cmp.Diff([]string{"0871-63161234", "+8687163161234", "087163161234"}, forms); diff != "" {
			t.Error(diff)
		}

		at := path + "/" + string(made.ID)
		var kept alert.EntryBody
		h.call("analyst", http.MethodPut, at, http.StatusPreconditionRequired, object{"why": "长期"}, nil)
		h.call("analyst", http.MethodPut, at, http.StatusOK, object{"why": "长期"}, &kept, "If-Match", api.ETag(1))
		if kept.Until != nil || kept.Why != "长期" || kept.Version != 2 {
			t.Errorf("kept: %+v", kept)
		}
		h.call("officer", http.MethodGet, "/lists/own-lines/entries/"+string(made.ID), http.StatusNotFound, nil, nil)
		h.call("analyst", http.MethodPost, at+"/remove", http.StatusConflict, object{"reason": "x"}, nil, "If-Match", api.ETag(1))
		var removed alert.EntryBody
		h.call("leader", http.MethodPost, at+"/remove", http.StatusOK, object{"reason": "号码已注销"}, &removed, "If-Match", api.ETag(2))
		if removed.Standing != alert.Removed || removed.RemoveWhy != "号码已注销" {
			t.Errorf("removed: %+v", removed)
		}
		until(t, "the removal is told", func() bool {
			all := h.detector.all()
			return all[len(all)-1].List.Remove
		})
		if rows := h.rows(made.ID); !slices.Equal(rows, []string{"namedlist.added", "namedlist.changed", "namedlist.removed"}) {
			t.Errorf("the timeline: %v", rows)
		}
		h.call("analyst", http.MethodPost, path, http.StatusCreated, entry, nil) // once more

		var lists struct{ Items []alert.ListBody }
		h.call("officer", http.MethodGet, "/lists", http.StatusOK, nil, &lists)
		if diff := cmp.Diff([]alert.ListBody{{Name: "clues", House: true, Asked: true}, {Name: "couriers", Asked: true}, {Name: "dens", House: true}}, lists.Items); diff != "" {
			t.Error(diff)
		}
		h.call("bank", http.MethodGet, "/lists", http.StatusForbidden, nil, nil)
		var page api.List[alert.EntryBody]
		h.call("auditor", http.MethodGet, path+"?inForce=true", http.StatusOK, nil, &page)
		if len(page.Items) != 1 || page.Items[0].Subject == "0871-63161234" || !strings.Contains(page.Items[0].Subject, "*") {
			t.Errorf("an auditor's list: %+v", page.Items)
		}
	})
}

// A detector that begins with nothing hears what is in force, and nothing else.
func TestADetectorThatLostItsStateIsTold(t *testing.T) {
	both(t, func(h *house) {
		make := func(path string, body object) (id lanzha.ID) {
			var out struct{ ID lanzha.ID }
			h.call("analyst", http.MethodPost, path, http.StatusCreated, body, &out)
			return out.ID
		}
		make("/suppressions", object{"domain": "device", "value": "D1", "until": h.now().Add(time.Hour), "why": "x"})
		make("/suppressions", object{"domain": "device", "value": "D2", "until": h.now().Add(100 * time.Hour), "why": "x"})
		make("/lists/couriers/entries", object{"domain": "device", "value": "D3", "why": "x"})
		gone := make("/lists/couriers/entries", object{"domain": "device", "value": "D4", "why": "x"})
		make("/lists/couriers/entries", object{"domain": "device", "value": "D5", "until": h.now().Add(time.Hour), "why": "x"})
		h.call("analyst", http.MethodPost, "/lists/couriers/entries/"+string(gone)+"/remove", http.StatusOK, object{"reason": "x"}, nil, "If-Match", api.ETag(1))
		until(t, "all is told", func() bool {
			n, err := sqldb.One(t.Context(), h.db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM outbox WHERE state = 'owed'`)
			return err == nil && n == 0
		})
		before := len(h.detector.all())
		h.pass(2 * time.Hour)
		if err := h.desk.Retell(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := []string{}
		for _, c := range h.told(before + 2)[before:] {
			if c.List != nil {
				got = append(got, c.List.List+" "+c.List.Value)
			} else {
				got = append(got, "suppress "+c.Suppress.Value)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff([]string{"couriers D3", "suppress D2"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// Without a detector nobody is left alone: a suppression that nothing heeds
// would be a lie.
func TestWithoutADetectorNothingIsPromised(t *testing.T) {
	both(t, func(h *house) {
		h.desk.Changer = nil
		h.call("analyst", http.MethodPost, "/suppressions", http.StatusServiceUnavailable, object{"domain": "device", "value": imei, "until": h.now().Add(time.Hour), "why": "x"}, nil)
		h.call("analyst", http.MethodPost, "/lists/couriers/entries", http.StatusServiceUnavailable, object{"domain": "device", "value": imei, "why": "x"}, nil)
	})
}
