package batch_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/register/batch"
	"lanzha/work/register/registertest"
)

type body = registertest.Body

// upward takes what is handed up, and is down as often as told.
type upward struct {
	mu   sync.Mutex
	down int
	got  []batch.Handing
}

func (u *upward) HandUp(_ context.Context, h batch.Handing) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.got = append(u.got, h)
	if u.down > 0 {
		u.down--
		return errors.New("the folder is full")
	}
	return nil
}

func (u *upward) handed() []batch.Handing {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.got)
}

func both(t *testing.T, o batch.Options, test func(h *registertest.House, u *upward)) {
	t.Helper()
	sqltest.Run(t, registertest.Schemas(batch.Schema()), func(t *testing.T, db *sqldb.DB) {
		u := &upward{}
		test(registertest.Open(t, db, func(h *registertest.House) {
			d := &batch.Desk{Register: h.Desk, Gateway: u, Unit: func(lanzha.Region) string { return "昆明市反诈中心" }, Options: o}
			d.Follow()
			d.Mount(h.API, h.May)
		}), u)
	})
}

// gather makes a batch once the tail has seen what waits.
func gather(h *registertest.House, want int64) batch.Body {
	h.Helper()
	h.Wait("the entries to wait", func() bool {
		n, err := sqldb.One(h.Context(), h.DB.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM register_upward WHERE batch = ''`)
		h.Must(err)
		return n == want
	})
	var b batch.Body
	h.Call("officer", http.MethodPost, "/register/batches", http.StatusCreated, body{}, &b)
	if b.Entries != want {
		h.Fatalf("the batch has %d entries, want %d", b.Entries, want)
	}
	return b
}

func state(h *registertest.House, path string, want batch.State) batch.Body {
	h.Helper()
	var b batch.Body
	h.Wait("the batch to be "+string(want), func() bool {
		h.Clock.Add(time.Second) // for what is tried again after a while
		h.Call("officer", http.MethodGet, path, http.StatusOK, nil, &b)
		return b.State == want
	})
	return b
}

func TestUpwardAndBack(t *testing.T) {
	both(t, batch.Options{FeedbackWithin: 48 * time.Hour}, func(h *registertest.House, u *upward) {
		u.down = 2
		l := h.List(registertest.Person(1), registertest.Traded())
		gone := h.List(registertest.Person(2), registertest.Traded())
		h.Step("leader2", "/register/listings/"+string(gone.ID), "lift", http.StatusOK, body{"ground": "wrong", "reason": "认定有误"}, nil)
		h.Wait("what was never handed up to be dropped", func() bool {
			kinds, err := sqldb.All(t.Context(), h.DB.Read(), sqldb.Value[string], `SELECT listing FROM register_upward`)
			h.Must(err)
			return slices.Equal(kinds, []string{string(l.ID)})
		})
		b := gather(h, 1)
		h.Call("officer", http.MethodPost, "/register/batches", http.StatusConflict, body{}, nil) // nothing waits
		path := "/register/batches/" + string(b.ID)
		h.Call("qujing", http.MethodGet, path, http.StatusNotFound, nil, nil)
		h.Call("county", http.MethodPost, "/register/batches", http.StatusForbidden, body{}, nil)
		h.Step("officer", path, "hand", http.StatusOK, nil, nil)
		state(h, path, batch.Sent)
		handed := u.handed()
		if len(handed) != 3 || handed[0].Key != handed[2].Key || handed[2].Key != string(b.ID) {
			t.Fatalf("two failures and a success with one key: %+v", handed)
		}
		line := handed[2].Lines[0]
		if line.Number != registertest.ResidentID(1) || line.Action != batch.List || line.Until != "2028-11-25" || len(line.Measures) != len(l.Measures) {
			t.Errorf("the line: %+v", line)
		}

		report := body{"reports": []body{
			{"listing": l.ID, "action": "list", "measure": "JP-14", "state": "done", "institution": "某支付机构", "at": "2026-11-25T03:00:00Z"},
			{"listing": l.ID, "action": "list", "measure": "JP-17", "state": "failed", "institution": "某运营商", "at": "2026-11-25T03:00:00Z", "note": "证件号码不符"},
		}}
		h.Step("officer", path, "report", http.StatusConflict, report, nil) // no receipt yet
		h.Step("officer", path, "receive", http.StatusUnprocessableEntity, body{"acknowledged": false, "platformNo": "MN1", "at": "2026-11-25T02:30:00Z"}, nil)
		h.Step("officer", path, "receive", http.StatusOK, body{"acknowledged": true, "platformNo": "MN1", "at": "2026-11-25T02:30:00Z"}, &b)
		if b.State != batch.Acknowledged || b.PlatformNo != "MN1" || b.Figures.Expected != int64(len(l.Measures)) || b.Figures.Done != 0 {
			t.Errorf("acknowledged: %+v %+v", b, b.Figures)
		}
		h.Step("officer", path, "report", http.StatusUnprocessableEntity, body{"reports": []body{
			{"listing": l.ID, "action": "list", "measure": "JP-99", "state": "done", "institution": "某支付机构", "at": "2026-11-25T03:00:00Z"}}}, nil)
		h.Step("officer", path, "report", http.StatusOK, report, &b)
		if b.Figures.Done != 1 || b.Figures.Failed != 1 {
			t.Errorf("reported: %+v", b.Figures)
		}
		var executed struct{ Items []batch.Executed }
		h.Call("officer", http.MethodGet, "/register/listings/"+string(l.ID)+"/executions", http.StatusOK, nil, &executed)
		states := map[string]string{}
		for _, e := range executed.Items {
			states[e.Measure] = e.State
		}
		if states["JP-14"] != "done" || states["JP-17"] != "failed" || states["JP-13"] != "none" || len(states) != len(l.Measures) {
			t.Errorf("measure by measure: %v", states)
		}

		h.Clock.Add(49 * time.Hour)
		h.Wait("the missing reports to be told", func() bool { return slices.Contains(h.Kinds(b.ID), "batch.late") })

		// Lifted after it went up: the lifting goes up too.
		h.Step("leader2", "/register/listings/"+string(l.ID), "lift", http.StatusOK, body{"ground": "wrong", "reason": "认定有误"}, nil)
		lifting := gather(h, 1)
		var entries struct{ Items []batch.EntryBody }
		h.Call("officer", http.MethodGet, "/register/batches/"+string(lifting.ID)+"/entries", http.StatusOK, nil, &entries)
		if len(entries.Items) != 1 || entries.Items[0].Action != batch.Lift || entries.Items[0].Listing != l.ID {
			t.Errorf("the lifting: %+v", entries.Items)
		}
	})
}

// Without a setting nothing is chased.
func TestNoClockByItself(t *testing.T) {
	both(t, batch.Options{}, func(h *registertest.House, _ *upward) {
		h.List(registertest.Person(3), registertest.Traded())
		b := gather(h, 1)
		path := "/register/batches/" + string(b.ID)
		h.Step("officer", path, "hand", http.StatusOK, nil, nil)
		state(h, path, batch.Sent)
		h.Step("officer", path, "receive", http.StatusOK, body{"acknowledged": true, "platformNo": "MN2", "at": "2026-11-25T02:30:00Z"}, nil)
		n, err := sqldb.One(t.Context(), h.DB.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM outbox WHERE kind = 'batch.chase'`)
		h.Must(err)
		if n != 0 {
			t.Errorf("%d deadlines that nobody has set", n)
		}
	})
}

// What a refused batch held waits again; dates that were not known go up once
// they are.
func TestRefusedAndDated(t *testing.T) {
	both(t, batch.Options{}, func(h *registertest.House, u *upward) {
		l := h.List(registertest.Person(4), registertest.Sentenced())
		b := gather(h, 1)
		path := "/register/batches/" + string(b.ID)
		h.Step("officer", path, "hand", http.StatusOK, nil, nil)
		state(h, path, batch.Sent)
		h.Step("officer", path, "receive", http.StatusOK, body{"acknowledged": false, "platformNo": "MN3", "at": "2026-11-25T02:30:00Z", "reason": "格式不符"}, &b)
		if b.State != batch.Refused {
			t.Fatalf("refused: %+v", b)
		}
		again := gather(h, 1)
		h.Step("officer", "/register/batches/"+string(again.ID), "hand", http.StatusOK, nil, nil)
		state(h, "/register/batches/"+string(again.ID), batch.Sent)
		h.Clock.AddDays(40)
		h.Step("officer", "/register/listings/"+string(l.ID), "release", http.StatusOK, body{"releasedOn": "2026-12-31"}, nil)
		dated := gather(h, 1)
		h.Step("officer", "/register/batches/"+string(dated.ID), "hand", http.StatusOK, nil, nil)
		state(h, "/register/batches/"+string(dated.ID), batch.Sent)
		handed := u.handed()
		if last := handed[len(handed)-1].Lines[0]; last.Action != batch.Date || last.From != "2026-12-31" || last.Until != "2029-12-31" {
			t.Errorf("the dates: %+v", last)
		}
	})
}
