package objection_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/know/policy"
	"lanzha/work/register"
	"lanzha/work/register/objection"
	"lanzha/work/register/registertest"
)

type body = registertest.Body

func both(t *testing.T, test func(h *registertest.House)) {
	t.Helper()
	sqltest.Run(t, registertest.Schemas(objection.Schema()), func(t *testing.T, db *sqldb.DB) {
		test(registertest.Open(t, db, func(h *registertest.House) {
			d := &objection.Desk{Register: h.Desk, Store: objection.NewStore(h.Vault)}
			d.Follow()
			d.Mount(h.API, h.May)
		}))
	})
}

// take hands in an objection at the counter, and gives its path.
func take(h *registertest.House, l register.ListingPage, ground string) string {
	h.Helper()
	var p objection.Page
	h.Call("officer", http.MethodPost, "/register/objections", http.StatusCreated, body{"listing": l.ID, "ground": ground, "words": "对认定有异议"}, &p)
	return "/register/objections/" + string(p.ID)
}

func TestOneThatIsDismissed(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(1), registertest.Traded())
		path := take(h, l, "designation")
		h.Call("qujing", http.MethodGet, path, http.StatusNotFound, nil, nil)
		h.Step("second", path, "verify", http.StatusConflict, body{"words": "未受理即核查"}, nil)
		h.Step("second", path, "accept", http.StatusOK, body{"accepted": true, "words": "受理"}, nil)
		h.Step("leader2", path, "answer", http.StatusConflict, body{"upheld": false, "words": "未核查即答复"}, nil)
		h.Step("second", path, "verify", http.StatusOK, body{"words": "账户均由本人出售"}, nil)
		var p objection.Page
		h.Step("leader2", path, "answer", http.StatusOK, body{"upheld": false, "words": "申诉不成立"}, &p)
		if p.State != objection.Dismissed || len(p.Steps) != 4 || p.Steps[3].Name != "孙测试" || p.Steps[0].Words != "对认定有异议" {
			t.Errorf("dismissed: %+v", p)
		}
		if got := h.Listing(l.ID); got.State != register.Running {
			t.Errorf("the listing is %s", got.State)
		}
		take(h, l, "designation") // another time
	})
}

// After the end there is nothing to lift: upholding tells the file so.
func TestNotLiftedAfterTheEnd(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(2), registertest.Traded())
		h.Clock.AddDays(800)
		path := take(h, l, "not_lifted")
		h.Step("second", path, "accept", http.StatusOK, body{"accepted": true, "words": "受理"}, nil)
		h.Step("second", path, "verify", http.StatusOK, body{"words": "某支付机构未解除"}, nil)
		h.Step("leader2", path, "answer", http.StatusOK, body{"upheld": true, "words": "已督促解除"}, nil)
		if got := h.Listing(l.ID); got.State != register.Ended || got.LiftedAt != nil {
			t.Errorf("the listing is %s", got.State)
		}
	})
}

// A row says whose listing is objected to, masked; of who was erased nothing.
func TestRowsAreToldApart(t *testing.T) {
	both(t, func(h *registertest.House) {
		var listed []register.ListingPage
		for i, name := range []string{"赵模拟", "某某商贸有限公司"} {
			who := registertest.Person(70 + i)
			if i == 1 {
				who["kind"], who["number"] = "unit", "91350100M000100Y43"
			}
			who["name"] = name
			listed = append(listed, h.List(who, registertest.Traded()))
			take(h, listed[i], "designation")
		}
		names := func() (out []string) {
			var list struct{ Items []objection.Body }
			h.Call("second", http.MethodGet, "/register/objections", http.StatusOK, nil, &list)
			for _, o := range list.Items {
				out = append(out, o.Name)
				var page objection.Page
				h.Call("second", http.MethodGet, "/register/objections/"+string(o.ID), http.StatusOK, nil, &page)
				if page.Name != o.Name {
					t.Errorf("the page says %q, the row %q", page.Name, o.Name)
				}
			}
			return out
		}
		if got, want := names(), []string{"某某商*有限公司", "赵**"}; !slices.Equal(got, want) {
			t.Errorf("the rows say %q, want %q", got, want)
		}
		h.Step("leader", "/register/listings/"+string(listed[0].ID), "lift", http.StatusOK, body{"ground": "wrong", "reason": "认定有误"}, nil)
		path := "/register/objections?listing=" + string(listed[0].ID)
		var list struct{ Items []objection.Body }
		h.Call("second", http.MethodGet, path, http.StatusOK, nil, &list)
		h.Step("second", "/register/objections/"+string(list.Items[0].ID), "accept", http.StatusOK, body{"accepted": false, "words": "已解除"}, nil)
		h.Step("leader", "/register/listings/"+string(listed[0].ID), "erase", http.StatusOK, body{"reason": "目的已实现"}, nil)
		if got, want := names(), []string{"某某商*有限公司", ""}; !slices.Equal(got, want) {
			t.Errorf("after the erasure the rows say %q, want %q", got, want)
		}
	})
}

// Clocks: none is shown until the operator cites the days; once they are cited,
// the day is shown, and what is late is told.
func TestDeadlinesComeFromTheOperatorsCitation(t *testing.T) {
	both(t, func(h *registertest.House) {
		var p objection.Page
		path := take(h, h.List(registertest.Person(3), registertest.Traded()), "designation")
		h.Call("second", http.MethodGet, path, http.StatusOK, nil, &p)
		if len(p.Due) == 0 || p.Due[0].Due != "" || !strings.Contains(p.Due[0].Clock.ZH, "未查明") {
			t.Fatalf("a deadline that nobody has cited: %+v", p.Due)
		}
		var files []policy.File
		for _, f := range policy.ShippedFiles() {
			if f[0].Name == register.DefaultPack+".yaml" {
				files = f
			}
		}
		pack, err := policy.Parse(append(files, policy.File{Name: register.DefaultPack + "@53.yaml", Text: []byte(overlay)})...)
		h.Must(err)
		h.Desk.Law = func(_ string, input map[string]any, o policy.Options) (policy.Answer, error) {
			return pack.Eval(input, o)
		}
		path = take(h, h.List(registertest.Person(4), registertest.Traded()), "designation")
		h.Call("second", http.MethodGet, path, http.StatusOK, nil, &p)
		if len(p.Due) == 0 || p.Due[0].Due != "2026-12-02" {
			t.Fatalf("seven days from 25 November 2026: %+v", p.Due)
		}
		h.Clock.AddDays(9)
		h.Wait("the lateness to be told", func() bool {
			kinds := h.Kinds(p.ID)
			return kinds[len(kinds)-1] == "objection.late"
		})
	})
}

// overlay is an operator's own citation of how many days the text gives.
const overlay = `pack: joint-punishment-2024
version: 1
title: {zh: 试验, en: trial}
summary: {zh: 试验, en: trial}
jurisdiction: "53"
effective: {from: 2024-12-01}
sources:
  final:
    document: 《电信网络诈骗及其关联违法犯罪联合惩戒办法》
parameters:
  acceptDays:
    values:
      - {id: JP-28-accept, zh: 七日内受理, en: within seven days, from: 2024-12-01, value: 7, source: final, article: 第十五条, phrase: 七日内, status: L}
`
