package browser_test

import (
	"errors"
	"net/http"
	"os"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/work/register/check"
)

// An institution goes through identity numbers: the leader sees it come up,
// sets what the institution may ask, which holds at once, and says what was
// found out.
func TestChecks(t *testing.T) {
	t.Parallel()
	h := shared(t)
	const login = "checks"
	h.manual(t, login, "1929", 3*time.Minute)
	const name = "模拟人工运营商" + login
	asker := h.client(t, login)
	ask := func(from, to int) error {
		r := check.Request{Purpose: check.Opening, Officer: "E10293", Reference: "20261125-000123"}
		for n := from; n < to; n++ {
			r.Checks = append(r.Checks, check.Subject{Number: resident(n), Name: "模拟人员", Service: check.PhoneLineFunctions})
		}
		return asker.Call(t.Context(), http.MethodPost, "/register/checks", 0, r, nil)
	}

	p := h.as(t, "officer", "/register")
	p.sees(".tabs a", "惩戒名单")
	p.misses(".tabs a[href='/register/checks']", "") // it is the leaders' alone
	p.close()

	p = h.as(t, "leader", "/register")
	p.click(".tabs a", "核验配额与异常")
	p.sees("@sweeps .empty", "没有待说明的异常核验")
	p.fill("@quota-find", name)
	p.sees("@quota @quota-perMinute", "统一配额 6,000")
	p.misses("@quota", "模拟移动")

	if err := ask(500, 900); err != nil {
		t.Fatal(err)
	}
	// What was counted is written, and looked at, once a minute.
	if err := h.House.Checks.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.sees("@sweep[data-kind=sequence]", name) // nobody read the page again
	p.sees("@sweep", "255 个证件号码与另一号码紧邻")
	p.sees("@own.has", "")

	p.click("@quota-set", "")
	p.fill("@quota-set-perMinute", "0")
	p.sees("@quota-set-submit:disabled", "") // not without a reason
	p.fill("@quota-set-reason", "逐号查询，暂停核验")
	p.submit("@quota-set-submit")
	p.sees("@quota @quota-perMinute", "停止核验")
	p.sees("@quota", "400")
	p.sees("@quota", "逐号查询，暂停核验")
	for {
		var problem *api.Problem
		if errors.As(ask(900, 901), &problem) && problem.Status == http.StatusTooManyRequests {
			break
		}
		pause(t, "the quota of nothing")
	}
	// A second change goes upon the first.
	p.click("@quota-set", "")
	p.fill("@quota-set-perMinute", "2000")
	p.fill("@quota-set-reason", "已整改，恢复核验")
	p.submit("@quota-set-submit")
	p.sees("@quota @quota-perMinute", "2,000")
	for ask(900, 901) != nil {
		pause(t, "the quota of two thousand")
	}

	if source, err := os.ReadFile(axe); err == nil { // TestRegisterLooks says where it is missing
		p.looksGood(look{"/register/checks?q=" + login, "@sweep", "@sweep-answer"}, 1280, string(source))
	}
	p.click("@sweep @sweep-answer", "")
	p.pick("@sweep-finding", "违规查询")
	p.fill("@sweep-note", "营业厅人员逐号查询，已约谈")
	p.submit("@sweep-answer-submit")
	p.misses("@sweep", "")
	p.click("@sweep-show button", "全部")
	p.sees("@sweep[data-finding=misuse]", "营业厅人员逐号查询，已约谈")
	p.misses("@sweep-answer", "")
	p.visit("/journal")
	p.sees("@row", "异常核验已说明")

	var open struct{ Items []struct{ ID lanzha.ID } }
	h.call(t, h.As(auth.Leader), http.MethodGet, "/register/sweeps", nil, &open)
	if len(open.Items) != 0 {
		t.Errorf("the answered sweep stays open: %+v", open.Items)
	}
}
