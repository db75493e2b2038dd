package notice_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/register/notice"
	"lanzha/work/register/registertest"
)

type body = registertest.Body

func both(t *testing.T, test func(h *registertest.House)) {
	t.Helper()
	sqltest.Run(t, registertest.Schemas(notice.Schema()), func(t *testing.T, db *sqldb.DB) {
		test(registertest.Open(t, db, func(h *registertest.House) {
			d := &notice.Desk{Register: h.Desk, Store: notice.NewStore(h.Vault), Random: rand.Reader, Unit: func(lanzha.Region) string { return "昆明市公安局" }, Contact: "0871-60000000"}
			d.Follow()
			d.Mount(h.API, h.May)
		}))
	})
}

func TestANoticeTellsWhatTheLawWants(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(1), registertest.Traded())
		var n notice.Body
		h.Call("officer", http.MethodPost, "/register/notices", http.StatusCreated, body{"listing": l.ID}, &n)
		path := "/register/notices/" + string(n.ID)
		h.Step("officer", path, "code", http.StatusOK, nil, &n)
		var html string
		h.Call("officer", http.MethodPost, path+"/print", http.StatusOK, body{"code": n.Code}, &html)
		for _, want := range []string{
			"联合惩戒告知书", "李某某", registertest.ResidentID(1), n.Code,
			"惩戒依据", "昆公惩认字〔2026〕1号", "第三条第（二）项第1目“三张（个）以上”",
			"惩戒措施", "停止名下支付账户业务", "第六条（条号待核）",
			"保留的服务", "开立银行账户不在暂停之列",
			"惩戒期限2年，自2026年11月25日起，至2028年11月24日止", "自2028年11月25日起自动解除",
			"申诉权利", "昆明市公安局，电话0871-60000000", "@page { size: A4",
		} {
			if !strings.Contains(html, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if !strings.HasPrefix(h.Header.Get("Content-Type"), "text/html") {
			t.Errorf("the page is %s", h.Header.Get("Content-Type"))
		}
		h.Call("officer", http.MethodPost, path+"/print", http.StatusUnprocessableEntity, body{"code": "0000-0000-0000-0000"}, nil)
		h.Call("qujing", http.MethodPost, path+"/print", http.StatusNotFound, body{}, nil)
	})
}

// What was served stays as it was, whatever becomes of the listing.
func TestANoticeIsFrozen(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(2), registertest.Sentenced())
		var before, after, again notice.Body
		h.Call("officer", http.MethodPost, "/register/notices", http.StatusCreated, body{"listing": l.ID}, &before)
		if text := strings.Join(before.Text.Sections[3].Lines, ""); !strings.Contains(text, "自服刑完毕时起算") || strings.Contains(text, "止") && !strings.Contains(text, "起止日期") {
			t.Errorf("a date is guessed: %s", text)
		}
		h.Clock.AddDays(30)
		h.Step("officer", "/register/listings/"+string(l.ID), "release", http.StatusOK, body{"releasedOn": "2026-12-20"}, nil)
		h.Call("officer", http.MethodGet, "/register/notices/"+string(before.ID), http.StatusOK, nil, &after)
		if strings.Join(after.Text.Sections[3].Lines, "") != strings.Join(before.Text.Sections[3].Lines, "") {
			t.Error("the notice that was made has changed")
		}
		h.Call("officer", http.MethodPost, "/register/notices", http.StatusCreated, body{"listing": l.ID}, &again)
		if text := strings.Join(again.Text.Sections[3].Lines, ""); !strings.Contains(text, "自2026年12月20日起，至2029年12月19日止") || again.Number == before.Number {
			t.Errorf("the new notice %s: %s", again.Number, text)
		}
		h.Step("leader", "/register/listings/"+string(l.ID), "lift", http.StatusOK, body{"ground": "ordered", "reason": "再审改判无罪"}, nil)
		h.Call("officer", http.MethodPost, "/register/notices", http.StatusCreated, body{"listing": l.ID}, &again)
		if again.Kind != notice.OfLifting || !strings.Contains(again.Text.Title, "解除") || strings.Contains(strings.Join(again.Text.Sections[1].Lines, ""), "无罪") {
			t.Errorf("the notice of the lifting: %+v", again)
		}
	})
}

func TestProofOfDelivery(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(3), registertest.Traded())
		var n notice.Body
		h.Call("officer", http.MethodPost, "/register/notices", http.StatusCreated, body{"listing": l.ID}, &n, "Idempotency-Key", "a")
		var same notice.Body
		h.Call("officer", http.MethodPost, "/register/notices", http.StatusCreated, body{"listing": l.ID}, &same, "Idempotency-Key", "a")
		if same.ID != n.ID {
			t.Error("a repeat made a second notice")
		}
		path := "/register/notices/" + string(n.ID)
		var list struct{ Items []notice.Body }
		h.Call("officer", http.MethodGet, "/register/notices?unserved=true", http.StatusOK, nil, &list)
		if len(list.Items) != 1 || list.Items[0].Text != nil {
			t.Errorf("unserved: %+v", list.Items)
		}
		h.Step("officer", path, "serve", http.StatusUnprocessableEntity, body{"how": "当面", "by": "王测试", "at": "2030-01-01T00:00:00Z"}, nil)
		h.Step("officer", path, "serve", http.StatusUnprocessableEntity, body{"how": "当面", "by": " "}, nil)
		h.Step("officer", path, "serve", http.StatusOK, body{"how": "当面送达", "by": "王测试", "receiptNo": "回证12号"}, &n)
		if n.ServedHow != "当面送达" || n.ServedBy != "王测试" || n.ReceiptNo != "回证12号" || n.ServedAt == nil || n.RecordedBy != h.Actors["officer"].ID {
			t.Errorf("the proof: %+v", n)
		}
		h.Step("officer", path, "serve", http.StatusConflict, body{"how": "邮寄", "by": "王测试"}, nil)
		h.Call("officer", http.MethodGet, "/register/notices?unserved=true", http.StatusOK, nil, &list)
		if len(list.Items) != 0 {
			t.Errorf("unserved: %+v", list.Items)
		}
	})
}
