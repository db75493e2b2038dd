package check_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/know/institution"
	"lanzha/work/register/check"
	"lanzha/work/register/registertest"
)

// house is a running register with institutions that check.
type house struct {
	*registertest.House
	desk *check.Desk
	ids  map[string]lanzha.ID // of institutions
}

func open(t *testing.T, db *sqldb.DB, perMinute int64) *house {
	t.Helper()
	h := &house{ids: map[string]lanzha.ID{}}
	h.House = registertest.Open(t, db, func(r *registertest.House) {
		ids := lanzha.NewIDs(time.Now, nil)
		directory := institution.New(db, r.Desk.Journal, r.Vault, r.Clock.Now, ids)
		for i, kind := range []institution.Kind{institution.Bank, institution.Payment, institution.Carrier, institution.Platform, institution.Community} {
			r.Must(db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				in, err := directory.Create(t.Context(), tx, "", institution.Institution{Code: string(kind), Name: "模拟" + string(kind), Kind: kind, Gateway: institution.ByHand})
				h.ids[string(kind)] = in.ID
				r.Actors[string(kind)] = auth.Actor{ID: lanzha.NewID(registertest.Begin, [10]byte{99, byte(i)}), Login: string(kind), Roles: []auth.Role{auth.Responder}, Institution: in.ID}
				return err
			}))
		}
		h.desk = h.newDesk(r, db, directory, perMinute)
		h.desk.Mount(r.API, r.May)
	})
	h.run(t, h.desk)
	return h
}

func (h *house) newDesk(r *registertest.House, db *sqldb.DB, directory *institution.Directory, perMinute int64) *check.Desk {
	return check.New(&check.Desk{
		DB: db, Journal: r.Desk.Journal, Vault: r.Vault, Register: r.Desk.Store, Directory: directory, IDs: r.Desk.IDs, Now: r.Clock.Now, Zone: registertest.Zone,
		Options: check.Options{PerMinute: perMinute, Region: "530100"},
	})
}

func (h *house) run(t *testing.T, d *check.Desk) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	h.Wait("the list to be read", func() bool {
		_, _, err := d.Ask(context.Background(), h.Actors["bank"], request(h.subject(900, check.OpenBankAccount)))
		return lanzha.CodeOf(err) != lanzha.CodeUnavailable
	})
}

func request(subjects ...check.Subject) *check.Request {
	return &check.Request{Purpose: check.Opening, Officer: "E10293", Reference: "20261125-000123", Checks: subjects}
}

func (h *house) subject(n int, s check.Service) check.Subject {
	p := registertest.Person(n)
	return check.Subject{Number: p["number"].(string), Name: p["name"].(string), Service: s}
}

func (h *house) ask(as string, subjects ...check.Subject) check.Reply {
	h.Helper()
	var reply check.Reply
	h.Call(as, http.MethodPost, "/register/checks", http.StatusOK, request(subjects...), &reply)
	if len(reply.Answers) != len(subjects) {
		h.Fatalf("%d answers to %d checks", len(reply.Answers), len(subjects))
	}
	return reply
}

// says is an answer in short: the result, and what binds until when.
func says(a check.Answer) string {
	s := string(a.Result)
	for _, m := range a.Measures {
		until := "?"
		if m.Until != nil {
			until = string(*m.Until)
		}
		s += fmt.Sprintf(" %s<%s", m.Measure, until)
		if m.Keeps != nil {
			s += " keeps"
		}
	}
	if a.Open != nil {
		s += " open"
	}
	return s
}

// until waits until a bank hears of somebody what it must, which takes less
// than a second.
func (h *house) until(what, want string, as string, s check.Subject) {
	h.Helper()
	began := time.Now()
	h.Wait(what, func() bool { return says(h.ask(as, s).Answers[0]) == want })
	if took := time.Since(began); took > 5*time.Second { // a second on a machine that has nothing else to do
		h.Errorf("%s: it took %v", what, took)
	}
}

func schemas() []sqldb.Schema {
	return registertest.Schemas(institution.Schema(), check.Schema())
}

// TestTheWholeWay lists somebody, and asks as every kind of institution until
// the listing was lifted.
func TestTheWholeWay(t *testing.T) {
	sqltest.Run(t, schemas(), func(t *testing.T, db *sqldb.DB) {
		h := open(t, db, 6000)
		wallet := h.subject(1, check.NoncounterWallet)
		if got := says(h.ask("bank", wallet).Answers[0]); got != "not_listed" {
			t.Errorf("before the listing a bank hears %q", got)
		}
		l := h.List(registertest.Person(1), registertest.Traded())
		h.until("the listing", "listed restrict<2028-11-25 keeps", "bank", wallet)

		for _, c := range []struct {
			as      string
			service check.Service
			want    string
		}{
			{"bank", check.OpenBankAccount, "listed open"},
			{"bank", check.NoncounterBank, "listed restrict<2028-11-25 keeps"},
			{"bank", check.NewECNYWallet, "listed suspend<2028-11-25"},
			{"payment", check.PaymentAccount, "listed stop<2028-11-25 keeps"},
			{"payment", check.NewPaymentAccount, "listed suspend<2028-11-25"},
			{"payment", check.NewECNYWallet, "listed suspend<2028-11-25"},
			{"carrier", check.PhoneLineFunctions, "listed restrict<2028-11-25 keeps"},
			{"carrier", check.LineTransfer, "listed restrict<2028-11-25"},
			{"carrier", check.NewTelecomService, "listed refuse<2028-11-25"},
			{"platform", check.AppDistribution, "listed refuse<2028-11-25"},
			{"platform", check.InternetAccount, "listed restrict_scope_not_fixed<2028-11-25"},
		} {
			if got := says(h.ask(c.as, h.subject(1, c.service)).Answers[0]); got != c.want {
				t.Errorf("a %s asks about %s and hears %q, want %q", c.as, c.service, got, c.want)
			}
		}

		// What is told, word for word, and nothing else.
		var text string
		h.Call("bank", http.MethodPost, "/register/checks", http.StatusOK, request(h.subject(1, check.OpenBankAccount)), &text)
		if !strings.HasSuffix(text, `"answers":[{"result":"listed","open":{"zh":"开立银行账户不在暂停之列：所列的只有支付账户和实名数字人民币钱包","en":"opening a bank account is not barred: the text names payment accounts and real-name e-CNY wallets alone"}}]}`+"\n") {
			t.Errorf("a bank that opens an account reads %s", text)
		}
		h.Call("bank", http.MethodPost, "/register/checks", http.StatusOK, request(wallet), &text)
		for _, secret := range []string{`"B"`, "B1", string(l.ID), "昆公惩认字", "trade", "讯问"} {
			if strings.Contains(text, secret) {
				t.Errorf("a bank reads %q, which it does not need: %s", secret, text)
			}
		}
		if !strings.Contains(text, `"basis":"《电信网络诈骗及其关联违法犯罪联合惩戒办法》第六条（条号待核）"`) {
			t.Errorf("a bank reads no basis: %s", text)
		}

		// By another name, and others.
		other := wallet
		other.Name = "李某"
		h.Call("bank", http.MethodPost, "/register/checks", http.StatusOK, request(other), &text)
		if !strings.HasSuffix(text, `"answers":[{"result":"name_differs"}]}`+"\n") {
			t.Errorf("by another name a bank reads %s", text)
		}
		lower := wallet
		lower.Number, lower.Name = strings.ToLower(" "+wallet.Number[:6]+" "+wallet.Number[6:]), "李 某某"
		if got := says(h.ask("bank", lower).Answers[0]); got != "listed restrict<2028-11-25 keeps" {
			t.Errorf("written otherwise the same person is %q", got)
		}
		many := []check.Subject{}
		for n := range check.MaxChecks {
			many = append(many, h.subject(n, check.NoncounterWallet))
		}
		for n, a := range h.ask("bank", many...).Answers {
			if (a.Result == check.Listed) != (n == 1) {
				t.Errorf("of a thousand the %dth is %q", n, a.Result)
			}
		}

		// Lifted, and lifted at once.
		h.Step("leader", "/register/listings/"+string(l.ID), "lift", http.StatusOK, registertest.Body{"ground": "wrong", "reason": "经复核认定有误"}, nil)
		h.until("the lifting", "not_listed", "bank", wallet)
	})
}

// TestDatesDecide: nothing is flipped, the day alone says what binds.
func TestDatesDecide(t *testing.T) {
	sqltest.Run(t, schemas(), func(t *testing.T, db *sqldb.DB) {
		h := open(t, db, 6000)
		use := h.subject(1, check.PaymentAccount)
		imprisoned := h.subject(2, check.PaymentAccount)
		h.List(registertest.Person(1), registertest.Traded())
		inside := h.List(registertest.Person(2), registertest.Sentenced())
		h.until("the listing", "listed stop<2028-11-25 keeps", "payment", use)
		if got := says(h.ask("payment", imprisoned).Answers[0]); got != "not_listed" {
			t.Errorf("of one whose term has not begun a firm hears %q", got)
		}
		h.Step("leader", "/register/listings/"+string(inside.ID), "release", http.StatusOK, registertest.Body{"releasedOn": "2026-11-25"}, nil)
		h.until("the release", "listed stop<2029-11-25 keeps", "payment", imprisoned)

		h.Clock.Add(time.Date(2028, 11, 24, 15, 59, 0, 0, time.UTC).Sub(h.Clock.Now())) // 23:59 of the last day
		if got := says(h.ask("payment", use).Answers[0]); got != "listed stop<2028-11-25 keeps" {
			t.Errorf("on the last day a firm hears %q", got)
		}
		h.Clock.Add(time.Minute)
		if got := says(h.ask("payment", use).Answers[0]); got != "not_listed" {
			t.Errorf("on the day after the last a firm hears %q", got)
		}
		if got := says(h.ask("payment", imprisoned).Answers[0]); got != "listed stop<2029-11-25 keeps" {
			t.Errorf("of the other a firm hears %q", got)
		}

		// Another process reads the same from the tables.
		second := h.newDesk(h.House, db, h.desk.Directory, 6000)
		h.run(t, second)
		reply, _, err := second.Ask(t.Context(), h.Actors["payment"], request(use, imprisoned))
		if err != nil || !strings.Contains(string(reply), `"answers":[{"result":"not_listed"},{"result":"listed","measures":[{"measure":"stop"`) {
			t.Errorf("another process says %s, %v", reply, err)
		}
	})
}

// made are the rows of all checks so far, in order. On PostgreSQL a row is
// followed once no older transaction of the whole server is open, also of
// another test's database: what the table has is waited for.
func (h *house) made() (rows []journal.Row) {
	h.Helper()
	n, err := sqldb.One(h.Context(), h.DB.Read(), "count", sqldb.Value[int], `SELECT count(*) FROM journal WHERE kind = 'check.made'`)
	h.Must(err)
	h.Wait("the checks to be settled", func() bool {
		rows, _, err = h.Desk.Journal.Since(h.Context(), h.DB.Read(), journal.Cursor{}, []string{"check.made"}, 10_000)
		h.Must(err)
		return len(rows) >= n
	})
	return rows
}

// TestEveryCheckIsInTheJournal reads back who asked about whom, why and what
// was told, without a word of the person in the clear.
func TestEveryCheckIsInTheJournal(t *testing.T) {
	sqltest.Run(t, schemas(), func(t *testing.T, db *sqldb.DB) {
		h := open(t, db, 6000)
		l := h.List(registertest.Person(1), registertest.Traded())
		listed := h.subject(1, check.PaymentAccount)
		h.until("the listing", "listed stop<2028-11-25 keeps", "payment", listed)
		before := len(h.made())
		h.ask("payment", listed, h.subject(2, check.NewPaymentAccount))
		rows := h.made()[before:]
		if len(rows) != 1 || rows[0].Region != "530100" || !strings.HasPrefix(string(rows[0].Payload), `{"checks":2,"listed":1,"requests":1,"annex":"`) {
			t.Fatalf("the journal says %+v", rows)
		}
		annex, err := h.Desk.Journal.Annex(t.Context(), db.Read(), rows[0].Seq)
		h.Must(err)
		index := func(s check.Subject) string { return h.Vault.Index(s.Number)[0] }
		want := fmt.Sprintf(`{"at":%d,"account":"%s","institution":"%s","purpose":"opening","officer":"E10293","reference":"20261125-000123","checks":[["%s","payment_account","listed","%s"],["%s","new_payment_account","not_listed"]]}`+"\n",
			registertest.Begin.UnixMicro(), h.Actors["payment"].ID, h.ids["payment"], index(listed), l.ID, index(h.subject(2, "")))
		if diff := cmp.Diff(want, string(annex)); diff != "" {
			t.Errorf("the journal keeps (-want +got):\n%s", diff)
		}
		if text := string(annex) + string(rows[0].Payload); strings.Contains(text, listed.Number) || strings.Contains(text, listed.Name) {
			t.Errorf("the journal holds personal data: %s", text)
		}

		// What is refused is not answered and leaves nothing.
		last, err := h.Desk.Journal.Last(t.Context(), db.Read())
		h.Must(err)
		for _, c := range []struct {
			as     string
			change func(r *check.Request)
			status int
			says   string
		}{
			{"payment", func(r *check.Request) { r.Checks[0].Service = check.LineTransfer }, 422, `body.checks[0].service`},
			{"payment", func(r *check.Request) { r.Checks[0].Service = "everything" }, 422, `body.checks[0].service`},
			{"payment", func(r *check.Request) {
				r.Checks = append(r.Checks, r.Checks[0])
				r.Checks[1].Number = r.Checks[1].Number[:17] + "Z"
			}, 422, `body.checks[1].number`},
			{"payment", func(r *check.Request) { r.Checks[0].Name = " " }, 422, `body.checks[0].name`},
			{"payment", func(r *check.Request) { r.Officer = "张三" }, 422, `body.officer`},
			{"payment", func(r *check.Request) { r.Reference = "" }, 422, `body.reference`},
			{"payment", func(r *check.Request) { r.Purpose = "curiosity" }, 422, `body.purpose`},
			{"payment", func(r *check.Request) { r.Checks = r.Checks[:0] }, 422, `body.checks`},
			{"community", func(*check.Request) {}, 403, `no service`},
			{"leader", func(*check.Request) {}, 403, `your role`},
			{"nobody", func(*check.Request) {}, 401, `signed in`},
		} {
			r := request(listed)
			c.change(r)
			var text string
			h.Call(c.as, http.MethodPost, "/register/checks", c.status, r, &text)
			if !strings.Contains(text, c.says) || strings.Contains(text, listed.Number[:17]) || strings.Contains(text, listed.Name) {
				t.Errorf("%s is answered %s, want %q and nothing of the person", c.as, text, c.says)
			}
		}
		if now, err := h.Desk.Journal.Last(t.Context(), db.Read()); err != nil || now != last {
			t.Errorf("refused checks left a row: %v, %v, %v", last, now, err)
		}
	})
}

// TestQuotas: beyond its quota an institution waits, and a leader may set
// another.
func TestQuotas(t *testing.T) {
	sqltest.Run(t, schemas(), func(t *testing.T, db *sqldb.DB) {
		h := open(t, db, 1200)
		hundred := func(as string, want int) {
			h.Helper()
			subjects := []check.Subject{}
			for n := range 100 {
				subjects = append(subjects, h.subject(n, check.PhoneLineFunctions))
			}
			h.Call(as, http.MethodPost, "/register/checks", want, request(subjects...), nil)
		}
		for range 12 {
			hundred("carrier", 200)
		}
		hundred("carrier", 429)
		if got := h.Header.Get("Retry-After"); got != "5" {
			t.Errorf("100 checks at 1,200 a minute: Retry-After is %q, want 5", got)
		}
		h.Clock.Add(5 * time.Second)
		hundred("carrier", 200)
		hundred("carrier", 429)

		// A quota of its own.
		path := "/register/quotas/" + string(h.ids["carrier"])
		set := registertest.Body{"perMinute": 60_000, "reason": "集中开户"}
		h.Call("officer", http.MethodPut, path, 403, set, nil, "If-Match", `"0"`)
		h.Call("leader", http.MethodPut, path, 428, set, nil)
		h.Call("leader", http.MethodPut, path, 200, set, nil, "If-Match", `"0"`)
		h.Call("leader2", http.MethodPut, path, 409, set, nil, "If-Match", `"0"`)
		h.Call("leader", http.MethodPut, "/register/quotas/01KB3V6N0Q8V4Y2ZC5T7R9WXHE", 404, set, nil, "If-Match", `"0"`)
		h.Clock.Add(time.Second)
		inRow := 0 // a thousand a second, twice: the house's quota fills up for one while this waits, never for two
		h.Wait("the quota", func() bool {
			h.Clock.Add(time.Second)
			_, _, err := h.desk.Ask(t.Context(), h.Actors["carrier"], request(manyOf(h, 1000)...))
			if err != nil {
				inRow = 0
				return false
			}
			inRow++
			return inRow == 2
		})
		for range 5 {
			h.Clock.Add(time.Second)
			hundred("carrier", 200)
			hundred("carrier", 200)
			hundred("carrier", 200)
		}
		h.Call("leader", http.MethodPut, path, 200, registertest.Body{"perMinute": 0, "reason": "违规查询"}, nil, "If-Match", `"1"`)
		h.Wait("the quota of nothing", func() bool {
			_, wait, err := h.desk.Ask(t.Context(), h.Actors["carrier"], request(h.subject(1, check.PhoneLineFunctions)))
			return lanzha.CodeOf(err) == lanzha.CodeTooMany && wait > 0
		})
		h.Must(h.desk.Flush(t.Context()))
		var list struct {
			PerMinute int64
			Own       []check.QuotaBody
			Used      []check.Usage
		}
		h.Call("leader", http.MethodGet, "/register/quotas", 200, nil, &list)
		if list.PerMinute != 1200 || len(list.Own) != 1 || list.Own[0].Version != 2 || list.Own[0].PerMinute != 0 || list.Own[0].SetBy != h.Actors["leader"].ID {
			t.Errorf("quotas read %+v", list)
		}
		found := false
		for _, u := range list.Used {
			found = found || u.Institution == h.ids["carrier"] && u.Checks >= 3000 && u.Refused >= 201
		}
		if !found {
			t.Errorf("usage reads %+v", list.Used)
		}
	})
}

func manyOf(h *house, n int) (out []check.Subject) {
	for i := range n {
		out = append(out, h.subject(i, check.PhoneLineFunctions))
	}
	return out
}

// TestSweeps: an institution that goes through numbers one after the other is
// noticed, one that serves its customers is not, and a leader answers it.
func TestSweeps(t *testing.T) {
	sqltest.Run(t, schemas(), func(t *testing.T, db *sqldb.DB) {
		h := open(t, db, 1_000_000)
		h.ask("carrier", manyOf(h, 1000)...) // 530100 1990-01-01 000 to 999
		customers := []check.Subject{}
		for i := range 600 { // all over the country, each some times
			customers = append(customers, check.Subject{Number: fmt.Sprintf("P%07d", i*7919%300), Name: "某某某", Service: check.NoncounterBank})
		}
		h.ask("bank", customers...)
		h.Must(h.desk.Flush(t.Context()))
		h.Must(h.desk.Flush(t.Context()))
		var page api.List[check.SweepBody]
		h.Call("leader", http.MethodGet, "/register/sweeps", 200, nil, &page)
		if len(page.Items) != 1 || page.Items[0].Kind != check.Sequence || page.Items[0].Institution != h.ids["carrier"] || page.Items[0].Sequences < 64 {
			t.Fatalf("sweeps read %+v", page.Items)
		}
		s := page.Items[0]
		if kinds := h.Kinds(s.ID); !cmp.Equal(kinds, []string{"sweep.noticed"}) {
			t.Errorf("the journal says %v", kinds)
		}
		h.Call("officer", http.MethodGet, "/register/sweeps", 403, nil, nil)
		path := "/register/sweeps/" + string(s.ID) + "/answer"
		answer := registertest.Body{"finding": "misuse", "note": "已约谈"}
		h.Call("leader", http.MethodPost, path, 428, answer, nil)
		h.Call("leader", http.MethodPost, path, 200, answer, nil, "If-Match", `"1"`)
		h.Call("leader2", http.MethodPost, path, 409, answer, nil, "If-Match", `"2"`)
		h.Call("leader", http.MethodGet, "/register/sweeps", 200, nil, &page)
		if len(page.Items) != 0 {
			t.Errorf("answered sweeps stay open: %+v", page.Items)
		}
		h.Call("leader", http.MethodGet, "/register/sweeps?all=true", 200, nil, &page)
		if len(page.Items) != 1 || page.Items[0].Finding != check.Misuse || page.Items[0].AnsweredBy != h.Actors["leader"].ID {
			t.Errorf("all sweeps read %+v", page.Items)
		}
	})
}

// TestManyAskAtOnce: each is answered after its own line was kept, and the
// seal covers them all.
func TestManyAskAtOnce(t *testing.T) {
	sqltest.Run(t, schemas(), func(t *testing.T, db *sqldb.DB) {
		h := open(t, db, 1_000_000)
		earlier := len(h.made())
		const callers, each = 16, 20
		done := make(chan error, callers)
		for c := range callers {
			go func() {
				for i := range each {
					r := request(h.subject(i, check.NoncounterBank))
					r.Reference = fmt.Sprintf("R-%d-%d", c, i)
					if _, _, err := h.desk.Ask(t.Context(), h.Actors["bank"], r); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range callers {
			h.Must(<-done)
		}
		rows, kept := h.made()[earlier:], ""
		for _, r := range rows {
			annex, err := h.Desk.Journal.Annex(t.Context(), db.Read(), r.Seq)
			h.Must(err)
			kept += string(annex)
		}
		for c := range callers {
			for i := range each {
				if n := strings.Count(kept, fmt.Sprintf(`"reference":"R-%d-%d"`, c, i)); n != 1 {
					t.Errorf("check %d of caller %d is kept %d times", i, c, n)
				}
			}
		}
		if len(rows) >= callers*each {
			t.Errorf("%d transactions for %d checks: none was shared", len(rows), callers*each)
		}
		key, _, err := journal.NewKey(nil)
		h.Must(err)
		_, err = journal.NewSealer(h.Desk.Journal, key).Seal(t.Context())
		h.Must(err)
		if report, err := journal.Verify(t.Context(), db, key.Verifier); err != nil || !report.OK || report.Sealed == 0 {
			t.Errorf("verification says %+v, %v", report, err)
		}
	})
}
