package notice_test

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

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
		var whole notice.Printed
		h.Call("officer", http.MethodPost, path+"/print", http.StatusOK, body{"code": n.Code, "purpose": "送达本人"}, &whole)
		for _, want := range []string{
			"联合惩戒告知书", "李某某", registertest.ResidentID(1), n.Code,
			"惩戒依据", "昆公惩认字〔2026〕1号", "第三条第（二）项第1目“三张（个）以上”",
			"惩戒措施", "停止名下支付账户业务", "第六条（条号待核）",
			"保留的服务", "开立银行账户不在暂停之列",
			"惩戒期限2年，自2026年11月25日起，至2028年11月24日止", "自2028年11月25日起自动解除",
			"申诉权利", "昆明市公安局，电话0871-60000000", "@page { size: A4",
		} {
			if !strings.Contains(whole.HTML, want) {
				t.Errorf("the page does not say %q", want)
			}
		}
		if want := "李某某（公民身份号码：" + registertest.ResidentID(1) + "）"; whole.Text.To != want || !whole.Until.Equal(registertest.Begin.Add(time.Minute)) {
			t.Errorf("the text is to %q until %s, want %q for a minute", whole.Text.To, whole.Until, want)
		}
		h.Call("officer", http.MethodPost, path+"/print", http.StatusUnprocessableEntity, body{"code": "0000-0000-0000-0000", "purpose": "送达本人"}, nil)
		h.Call("qujing", http.MethodPost, path+"/print", http.StatusNotFound, body{"purpose": "送达本人"}, nil)
	})
}

// The name and the number of a person leave whole on a purpose alone, and the
// journal keeps who stated it.
func TestNoNameWithoutAPurpose(t *testing.T) {
	both(t, func(h *registertest.House) {
		company := body{"kind": "unit", "name": "模拟（昆明）商贸有限公司", "number": "91350100M000100Y43"}
		for _, c := range []struct {
			subject      body
			name, number string // as they are masked
		}{
			{registertest.Person(4), "李**", "5301**********" + registertest.ResidentID(4)[14:]},
			{company, "模拟（*****有限公司", "9135**********" + company["number"].(string)[14:]},
		} {
			name, number := c.subject["name"].(string), c.subject["number"].(string)
			l := h.List(c.subject, registertest.Traded())
			var n notice.Body
			var made, read, coded, served, list, refused string
			h.Call("officer", http.MethodPost, "/register/notices", http.StatusCreated, body{"listing": l.ID}, &made)
			h.Must(json.Unmarshal([]byte(made), &n))
			path := "/register/notices/" + string(n.ID)
			h.Call("officer", http.MethodGet, path, http.StatusOK, nil, &read)
			h.Must(json.Unmarshal([]byte(read), &n))
			if n.Name != c.name || !strings.HasPrefix(n.Text.To, c.name+"（") || !strings.HasSuffix(n.Text.To, "："+c.number+"）") {
				t.Errorf("%s is read as %q, to %q", name, n.Name, n.Text.To)
			}
			h.Step("officer", path, "code", http.StatusOK, nil, &coded)
			h.Step("officer", path, "serve", http.StatusOK, body{"how": "当面送达", "by": "王测试"}, &served)
			h.Call("officer", http.MethodGet, "/register/notices?listing="+string(l.ID), http.StatusOK, nil, &list)
			h.Call("officer", http.MethodPost, path+"/print", http.StatusForbidden, body{"purpose": ""}, &refused)
			for what, text := range map[string]string{"made": made, "read": read, "coded": coded, "served": served, "listed": list, "refused": refused} {
				if strings.Contains(text, name) || strings.Contains(text, number) {
					t.Errorf("%s, it names the person: %s", what, text)
				}
				if what != "refused" && !strings.Contains(text, `"name":"`+c.name+`"`) {
					t.Errorf("%s, nobody knows whose it is: %s", what, text)
				}
			}
			if slices.Contains(h.Kinds(n.ID), "notice.printed") {
				t.Error("a print that was refused stands in the journal as one")
			}
			h.Call("officer", http.MethodPost, path+"/print", http.StatusOK, body{"purpose": "入卷"}, nil)
			rows, err := h.Desk.Journal.Timeline(t.Context(), h.DB.Read(), n.ID, 0, 1)
			h.Must(err)
			if got := rows[0]; got.Kind != "notice.printed" || got.Purpose != "入卷" || got.Actor != h.Actors["officer"].ID {
				t.Errorf("the journal ends with %+v", got)
			}
			if kinds := h.Kinds(l.ID); kinds[len(kinds)-1] != "notice.printed" {
				t.Errorf("the listing's timeline ends with %v", kinds)
			}
			// What was erased has no name any more, and nothing to print.
			h.Step("leader", "/register/listings/"+string(l.ID), "lift", http.StatusOK, body{"ground": "wrong", "reason": "认定有误"}, nil)
			h.Step("leader", "/register/listings/"+string(l.ID), "erase", http.StatusOK, body{"reason": "目的已实现"}, nil)
			h.Wait("the notice to be erased", func() bool {
				var gone notice.Body
				h.Call("officer", http.MethodGet, path, http.StatusOK, nil, &gone)
				return gone.Text == nil && gone.Name == ""
			})
			h.Call("officer", http.MethodPost, path+"/print", http.StatusConflict, body{"purpose": "入卷"}, nil)
		}
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
		other := h.List(registertest.Person(5), registertest.Traded())
		h.Call("officer", http.MethodPost, "/register/notices", http.StatusCreated, body{"listing": other.ID}, &n)
		h.Step("officer", "/register/notices/"+string(n.ID), "serve", http.StatusOK, body{"how": "当面送达", "by": h.Actors["officer"].ID}, nil)
		h.Call("officer", http.MethodGet, "/register/notices/"+string(n.ID), http.StatusOK, nil, &n)
		if n.ServedBy == "" || n.ServedBy != h.Actors["officer"].Name {
			t.Errorf("handed over by %q, and the officer is %q", n.ServedBy, h.Actors["officer"].Name)
		}
	})
}
