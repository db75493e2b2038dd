package own_test

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/register"
	"lanzha/work/register/notice"
	"lanzha/work/register/objection"
	"lanzha/work/register/own"
	"lanzha/work/register/registertest"
)

type body = registertest.Body

func both(t *testing.T, test func(h *registertest.House)) {
	t.Helper()
	sqltest.Run(t, registertest.Schemas(notice.Schema(), objection.Schema()), func(t *testing.T, db *sqldb.DB) {
		test(registertest.Open(t, db, func(h *registertest.House) {
			notices := &notice.Desk{Register: h.Desk, Store: notice.NewStore(h.Vault), Random: rand.Reader, Unit: func(lanzha.Region) string { return "昆明市反诈中心" }}
			objections := &objection.Desk{Register: h.Desk, Store: objection.NewStore(h.Vault)}
			notices.Follow()
			objections.Follow()
			notices.Mount(h.API, h.May)
			objections.Mount(h.API, h.May)
			(&own.Desk{Register: h.Desk, Notices: notices, Objections: objections}).Mount(h.API)
		}))
	})
}

// code serves the notice of a listing and gives the code on it.
func code(h *registertest.House, listing lanzha.ID) (notice.Body, string) {
	h.Helper()
	var n notice.Body
	h.Call("officer", http.MethodPost, "/register/notices", http.StatusCreated, body{"listing": listing}, &n)
	h.Call("officer", http.MethodPost, "/register/notices/"+string(n.ID)+"/code", http.StatusOK, body{}, &n, "If-Match", h.ETag)
	return n, n.Code
}

func view(h *registertest.House, code string) own.View {
	h.Helper()
	var v own.View
	h.Call("", http.MethodGet, "/register/own", http.StatusOK, nil, &v, "Notice-Code", code)
	return v
}

// The whole way: facts, proposal, approval, notice, the person's own view,
// their objection, its steps, and the lifting that follows.
func TestFromFactsToALiftedListing(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(1), registertest.Traded())
		other := h.List(registertest.Person(2), registertest.Traded())
		n, secret := code(h, l.ID)
		h.Call("officer", http.MethodPost, "/register/notices/"+string(n.ID)+"/serve", http.StatusOK, body{"how": "邮寄", "by": "王测试", "receiptNo": "EMS1"}, nil, "If-Match", h.ETag)

		v := view(h, strings.ToLower(secret))
		if !v.Binding || len(v.Listings) != 1 || v.Name != "李**" || v.Today != "2026-11-25" {
			t.Fatalf("the person sees %+v", v)
		}
		mine := v.Listings[0]
		if mine.ID != l.ID || mine.Until != "2028-11-25" || mine.Unit != "昆明市反诈中心" || len(mine.Measures) != len(l.Measures) || len(mine.Keeps) == 0 {
			t.Errorf("the listing: %+v", mine)
		}
		if !slices.ContainsFunc(mine.Why, func(r own.Reason) bool {
			return r.Citation.Article == "第三条第（二）项第1目" && r.Citation.Phrase == "三张（个）以上"
		}) {
			t.Errorf("by which article is not said: %+v", mine.Why)
		}
		if h.Header.Get("Cache-Control") != "no-store" {
			t.Error("the answer may be cached")
		}

		say := body{"ground": "designation", "words": "三个账户中有一个是被人冒名开立的"}
		h.Call("", http.MethodPost, "/register/own/objections", http.StatusCreated, say, &v, "Notice-Code", secret, "Idempotency-Key", "k")
		h.Call("", http.MethodPost, "/register/own/objections", http.StatusCreated, say, &v, "Notice-Code", secret, "Idempotency-Key", "k")
		h.Call("", http.MethodPost, "/register/own/objections", http.StatusConflict, say, nil, "Notice-Code", secret)
		h.Call("", http.MethodPost, "/register/own/objections", http.StatusNotFound, body{"listing": other.ID, "ground": "designation", "words": "替别人申诉"}, nil, "Notice-Code", secret)
		if len(v.Listings[0].Objections) != 1 || v.Listings[0].Objections[0].State != objection.Received {
			t.Fatalf("the objection: %+v", v.Listings[0].Objections)
		}
		for _, due := range v.Listings[0].Objections[0].Due {
			if due.Until != "" || !strings.Contains(due.Clock.ZH, "未查明") {
				t.Errorf("a deadline that nobody has cited: %+v", due)
			}
		}
		if len(v.Listings[0].Objections[0].Due) == 0 {
			t.Error("that no deadline is known is not said")
		}

		var found struct{ Items []objection.Body }
		h.Call("second", http.MethodGet, "/register/objections?state=received", http.StatusOK, nil, &found)
		if len(found.Items) != 1 || found.Items[0].Via != objection.ViaOwn {
			t.Fatalf("the officers find %+v", found.Items)
		}
		path := "/register/objections/" + string(found.Items[0].ID)
		h.Step("leader", path, "accept", http.StatusForbidden, body{"accepted": true, "words": "受理"}, nil) // who designated
		h.Step("second", path, "accept", http.StatusOK, body{"accepted": true, "words": "已受理，将核查开户资料"}, nil)
		h.Step("second", path, "accept", http.StatusConflict, body{"accepted": true, "words": "再次受理"}, nil)
		h.Step("second", path, "verify", http.StatusOK, body{"words": "银行影像显示并非本人"}, nil)
		h.Step("second", path, "answer", http.StatusForbidden, body{"upheld": true, "words": "成立"}, nil) // a leader's
		h.Step("leader", path, "answer", http.StatusForbidden, body{"upheld": true, "words": "成立"}, nil)
		h.Step("leader2", path, "answer", http.StatusOK, body{"upheld": true, "words": "申诉成立，已解除"}, nil)

		lifted := h.Listing(l.ID)
		if lifted.State != register.Lifted || lifted.LiftGround != register.Upheld || lifted.LiftedBy != "孙测试" {
			t.Errorf("upheld, and not lifted: %+v", lifted.ListingBody)
		}
		v = view(h, secret)
		if v.Binding || v.Listings[0].State != register.Lifted || v.Listings[0].LiftedAt == nil || len(v.Listings[0].Measures) != 0 {
			t.Errorf("after the lifting the person sees %+v", v)
		}
		steps := v.Listings[0].Objections[0].Steps
		if len(steps) != 4 || steps[2].Words != "" || steps[3].Words != "申诉成立，已解除" {
			t.Errorf("the way of the objection: %+v", steps)
		}
		if got := h.Listing(other.ID); got.State != register.Running {
			t.Errorf("somebody else's listing is %s", got.State)
		}
		kinds := h.Kinds(l.ID)
		for _, kind := range []string{"notice.made", "notice.coded", "notice.served", "notice.opened", "objection.received", "objection.accepted", "objection.verified", "objection.upheld", "listing.lifted"} {
			if !slices.Contains(kinds, kind) {
				t.Errorf("the listing's timeline has no %s: %v", kind, kinds)
			}
		}
	})
}

func TestCodes(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(3), registertest.Traded())
		n, first := code(h, l.ID)
		h.Call("officer", http.MethodPost, "/register/notices/"+string(n.ID)+"/code", http.StatusOK, body{}, &n, "If-Match", h.ETag)
		second := n.Code
		view(h, second)
		h.Call("", http.MethodGet, "/register/own", http.StatusNotFound, nil, nil, "Notice-Code", first) // replaced
		h.Call("", http.MethodGet, "/register/own", http.StatusUnprocessableEntity, nil, nil)
		texts, err := sqldb.All(t.Context(), h.DB.Read(), sqldb.Value[string], `SELECT code_hash || text || number FROM register_notice`)
		h.Must(err)
		journal, err := sqldb.All(t.Context(), h.DB.Read(), sqldb.Value[string], `SELECT payload || purpose FROM journal`)
		h.Must(err)
		once, err := sqldb.All(t.Context(), h.DB.Read(), sqldb.Value[string], `SELECT response FROM api_once`)
		h.Must(err)
		for _, text := range slices.Concat(texts, journal, once) {
			if strings.Contains(text, second) || strings.Contains(text, strings.ReplaceAll(second, "-", "")) {
				t.Errorf("the code is kept: %s", text)
			}
		}
		// Whoever tries codes must wait, also with the right one.
		for range 9 {
			h.Call("", http.MethodGet, "/register/own", http.StatusNotFound, nil, nil, "Notice-Code", "0000-0000-0000-0000")
		}
		h.Call("", http.MethodGet, "/register/own", http.StatusTooManyRequests, nil, nil, "Notice-Code", second)
		h.Clock.Add(11 * 60 * 1e9)
		view(h, second)
	})
}

// What names the person goes with the personal fields, and not while an answer
// is owed.
func TestErasureTakesNoticesAndObjections(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(4), registertest.Traded())
		n, secret := code(h, l.ID)
		h.Call("", http.MethodPost, "/register/own/objections", http.StatusCreated, body{"ground": "other", "words": "请求提前解除"}, nil, "Notice-Code", secret)
		h.Clock.AddDays(1000)
		path := "/register/listings/" + string(l.ID)
		h.Step("leader", path, "erase", http.StatusConflict, body{"reason": "保存期届满"}, nil)
		var found struct{ Items []objection.Body }
		h.Call("second", http.MethodGet, "/register/objections?listing="+string(l.ID), http.StatusOK, nil, &found)
		h.Step("second", "/register/objections/"+string(found.Items[0].ID), "accept", http.StatusOK, body{"accepted": false, "words": "期限已届满自动解除"}, nil)
		h.Step("leader", path, "erase", http.StatusOK, body{"reason": "保存期届满"}, nil)
		h.Wait("the words to go", func() bool {
			var page objection.Page
			h.Call("second", http.MethodGet, "/register/objections/"+string(found.Items[0].ID), http.StatusOK, nil, &page)
			var gone notice.Body
			h.Call("second", http.MethodGet, "/register/notices/"+string(n.ID), http.StatusOK, nil, &gone)
			return page.Steps[0].Words == "" && page.Steps[1].Words == "" && gone.Text == nil
		})
		h.Call("", http.MethodGet, "/register/own", http.StatusNotFound, nil, nil, "Notice-Code", secret)
	})
}
