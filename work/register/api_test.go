package register_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/know/policy"
	"lanzha/work/register"
	"lanzha/work/register/registertest"
)

type body = registertest.Body

func both(t *testing.T, test func(h *registertest.House)) {
	t.Helper()
	sqltest.Run(t, registertest.Schemas(), func(t *testing.T, db *sqldb.DB) { test(registertest.Open(t, db, nil)) })
}

// with is facts with some parts replaced.
func with(facts body, pairs ...any) body {
	out := body{}
	for k, v := range facts {
		out[k] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

func TestFromFactsToTheRegister(t *testing.T) {
	both(t, func(h *registertest.House) {
		var p register.ProposalPage
		h.Call("officer", http.MethodPost, "/register/proposals", http.StatusCreated,
			body{"subject": registertest.Person(1), "facts": registertest.Traded(), "evidence": []string{"银行开户记录"}}, &p, "Idempotency-Key", "k1")
		if p.State != register.Draft || p.Blocked != "" || p.Level != "city" || len(p.Answer.Missing) != 0 {
			t.Fatalf("a draft on whole facts: %+v", p)
		}
		if p.Who.Name == "李某某" || strings.Contains(p.Who.Number, "19900101") {
			t.Errorf("the subject is not masked: %+v", p.Who)
		}
		var again register.ProposalPage
		h.Call("officer", http.MethodPost, "/register/proposals", http.StatusCreated,
			body{"subject": registertest.Person(1), "facts": registertest.Traded(), "evidence": []string{"银行开户记录"}}, &again, "Idempotency-Key", "k1")
		if again.ID != p.ID {
			t.Error("a repeat opened a second proposal")
		}
		path := "/register/proposals/" + string(p.ID)
		h.Step("second", path, "disagree", http.StatusOK, body{"row": "JP-05", "reason": "其中一张系本人自用"}, nil)
		h.Step("second", path, "disagree", http.StatusUnprocessableEntity, body{"row": "JP-99", "reason": "没有这一条"}, nil)
		h.Step("officer", path, "propose", http.StatusOK, nil, nil)

		// Who decides: not the proposer's rank, not a county, not another city,
		// not without the document, not over a disagreement in silence.
		document := body{"documentNo": "昆公惩认字〔2026〕1号"}
		h.Step("officer", path, "approve", http.StatusForbidden, document, nil)
		h.Step("county", path, "approve", http.StatusNotFound, document, nil)
		h.Step("qujing", path, "approve", http.StatusNotFound, document, nil)
		h.Step("leader", path, "approve", http.StatusForbidden, body{"documentNo": ""}, nil)
		h.Step("leader", path, "approve", http.StatusUnprocessableEntity, document, nil)
		h.Step("leader", path, "approve", http.StatusOK, body{"documentNo": "昆公惩认字〔2026〕1号", "note": "账户均由本人出售，自用一节不成立"}, &p)
		h.Call("leader", http.MethodPost, path+"/approve", http.StatusConflict, document, nil, "If-Match", h.ETag)

		l := h.Listing(p.Listing)
		if l.State != register.Running || l.Class != register.ClassB || !slices.Equal(l.Grounds, []string{"B1"}) || l.TermMonths != 24 {
			t.Fatalf("the listing: %+v", l.ListingBody)
		}
		if l.From != "2026-11-25" || l.Until != "2028-11-25" || l.DecidedBy != "刘测试" || l.DocumentNo != "昆公惩认字〔2026〕1号" {
			t.Errorf("its dates and names: %+v", l)
		}
		services := []string{}
		for _, m := range l.Measures {
			if m.Row == "" || m.Citation.Document == "" || m.Citation.Phrase == "" || m.Words.ZH == "" {
				t.Errorf("a measure without row or citation: %+v", m)
			}
			services = append(services, m.Service)
		}
		if slices.Contains(services, "serious_dishonesty_list") || !slices.Contains(services, "payment_account") || slices.Contains(services, "open_bank_account") {
			t.Errorf("a class B listing restricts %v", services)
		}
		if !slices.ContainsFunc(l.Keeps, func(k register.Kept) bool { return k.Item == "open_bank_account" }) {
			t.Error("opening a bank account is not told to stay open")
		}
		if !slices.ContainsFunc(l.Silent, func(s policy.Silence) bool { return s.Row == "JP-27-how" }) {
			t.Errorf("what the law does not say is not shown: %+v", l.Silent)
		}
		if diff := h.Kinds(p.ID); !slices.Equal(diff, []string{"proposal.created", "proposal.disagreed", "proposal.proposed", "proposal.approved", "listing.made"}) {
			t.Errorf("the proposal's timeline: %v", diff)
		}

		// The end comes by itself, with no job to bring it.
		h.Clock.AddDays(730)
		if got := h.Listing(l.ID); got.State != register.Running || !got.Binding {
			t.Errorf("on the last day: %s", got.State)
		}
		h.Clock.AddDays(1)
		if got := h.Listing(l.ID); got.State != register.Ended || got.Binding || got.Version != l.Version {
			t.Errorf("on the day of the end: %s, version %d", got.State, got.Version)
		}
	})
}

// What the journal says of a listing is enough to check by, and holds nothing
// of the person in the clear.
func TestWhatFollowersHear(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(2), registertest.Traded())
		rows, err := h.Desk.Journal.Timeline(t.Context(), h.DB.Read(), l.ID, 0, 10)
		h.Must(err)
		made := rows[slices.IndexFunc(rows, func(r journal.Row) bool { return r.Kind == "listing.made" })]
		var fact register.Fact
		h.Must(made.Into(&fact))
		if fact.Index != h.Vault.Index(registertest.ResidentID(2))[0] || fact.From != "2026-11-25" || fact.Until != "2028-11-25" || len(fact.Measures) != len(l.Measures) {
			t.Errorf("the fact: %+v", fact)
		}
		if text := string(made.Payload); strings.Contains(text, "李某某") || strings.Contains(text, registertest.ResidentID(2)) {
			t.Errorf("the journal names the person: %s", text)
		}
		current := func() (each []register.Current) {
			h.Must(h.Desk.Store.EachCurrent(t.Context(), h.DB.Read(), "2026-11-25", func(c register.Current) error {
				each = append(each, c)
				return nil
			}))
			return each
		}
		each := current()
		if len(each) != 1 || each[0].Listing != l.ID || each[0].Index != fact.Index {
			t.Errorf("the register read whole: %+v", each)
		}

		var lifted register.ListingPage
		h.Step("leader2", "/register/listings/"+string(l.ID), "lift", http.StatusOK, body{"ground": "wrong", "reason": "认定的账户系冒名开立"}, &lifted)
		if lifted.State != register.Lifted || lifted.Binding || lifted.LiftedBy != "孙测试" {
			t.Errorf("lifted: %+v", lifted)
		}
		h.Step("leader2", "/register/listings/"+string(l.ID), "lift", http.StatusConflict, body{"ground": "wrong", "reason": "再次"}, nil)
		h.Step("officer", "/register/listings/"+string(l.ID), "lift", http.StatusForbidden, body{"ground": "wrong", "reason": "无权"}, nil)
		if each = current(); len(each) != 0 {
			t.Errorf("a lifted listing still binds: %+v", each)
		}
		rows, err = h.Desk.Journal.Timeline(t.Context(), h.DB.Read(), l.ID, 0, 1)
		h.Must(err)
		h.Must(rows[0].Into(&fact))
		if rows[0].Kind != "listing.lifted" || !fact.Lifted {
			t.Errorf("the row of the lifting: %s %s", rows[0].Kind, rows[0].Payload)
		}
	})
}

func TestTheProvincialException(t *testing.T) {
	both(t, func(h *registertest.House) {
		facts := with(registertest.Traded(), "objects", []body{{"kind": "bank_account", "count": 2}}, "conduct", body{
			"kind": "rent", "firstOn": "2026-05-01", "lastOn": "2026-05-20", "occasions": 1, "counterparties": 1, "largeImpact": true, "necessary": true,
		})
		path := h.Propose(registertest.Person(3), facts)
		var p register.ProposalPage
		h.Call("leader", http.MethodGet, path, http.StatusOK, nil, &p)
		if !p.Review || p.Level != "province" || !slices.Contains(p.Answer.Missing, "designation.provincialReview") {
			t.Fatalf("below the threshold: %+v", p)
		}
		opinion := body{"opinion": "涉案资金巨大，确有惩戒必要"}
		claimed := with(facts, "designation", body{"provincialReview": true})
		h.Call("officer", http.MethodPost, "/register/proposals", http.StatusUnprocessableEntity, body{"subject": registertest.Person(3), "facts": claimed}, nil)
		document := body{"documentNo": "云公惩认字〔2026〕1号"}
		h.Step("province", path, "approve", http.StatusConflict, document, nil) // not reviewed
		h.Step("leader", path, "review", http.StatusForbidden, opinion, nil)    // of a city
		h.Step("province", path, "review", http.StatusOK, opinion, &p)
		if p.State != register.Reviewed || p.Review || p.Blocked != "" {
			t.Fatalf("reviewed: %+v", p)
		}
		h.Step("province", path, "approve", http.StatusForbidden, document, nil) // reviewed it
		h.Step("leader", path, "approve", http.StatusForbidden, document, nil)   // the row names the province
		h.Step("province2", path, "approve", http.StatusOK, document, &p)
		if l := h.Listing(p.Listing); l.Class != register.ClassB || !slices.Equal(l.Grounds, []string{"exception"}) || l.Until != "2028-11-25" {
			t.Errorf("the listing: %+v", l.ListingBody)
		}
	})
}

func TestWhatCannotBeListed(t *testing.T) {
	for _, c := range []struct {
		name  string
		facts body
		field string // of the refusal
	}{
		{"trade before the Anti-Fraud Law is excluded", with(registertest.Traded(), "conduct", body{"kind": "trade", "firstOn": "2022-11-01", "lastOn": "2022-11-30", "occasions": 1, "counterparties": 1}), "body.facts"},
		{"two accounts, once, to one, and no great impact", with(registertest.Traded(), "objects", []body{{"kind": "bank_account", "count": 2}},
			"conduct", body{"kind": "trade", "firstOn": "2026-05-01", "lastOn": "2026-05-01", "occasions": 1, "counterparties": 1, "largeImpact": false}), "body.facts"},
		{"how many is not known", with(registertest.Traded(), "objects", []body{{"kind": "bank_account"}}), "body.facts."},
		{"an opening under another's name before the law: the text does not say", with(registertest.Traded(), "conduct", body{"kind": "sham_agency", "firstOn": "2022-01-01", "lastOn": "2022-01-01"}), "body.confirm"},
		{"designated by a county", with(registertest.Traded(), "designation", body{"level": "county"}), "body.facts"},
		{"decided before the measures were in force", with(registertest.Traded(), "decision", body{"date": "2024-11-30"}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			both(t, func(h *registertest.House) {
				var p register.ProposalPage
				h.Call("officer", http.MethodPost, "/register/proposals", http.StatusCreated, body{"subject": registertest.Person(4), "facts": c.facts}, &p)
				if c.field == "body.facts" && strings.Contains(c.name, "excluded") && !strings.Contains(p.Blocked, "it is excluded") {
					t.Errorf("that it is excluded is not said: %q", p.Blocked)
				}
				if p.Blocked == "" {
					t.Fatalf("nothing is said to stand against it: %+v", p.Answer)
				}
				english := p.Blocked
				h.Call("officer", http.MethodGet, "/register/proposals/"+string(p.ID), http.StatusOK, nil, &p, "Accept-Language", "zh-CN")
				if p.Blocked == english || !strings.ContainsFunc(p.Blocked, func(r rune) bool { return r > 0x4e00 }) {
					t.Errorf("what stands against it is not said in Chinese: %q", p.Blocked)
				}
				var problem struct{ Errors []struct{ Location string } }
				h.Call("officer", http.MethodPost, "/register/proposals/"+string(p.ID)+"/propose", http.StatusConflict, body{}, &problem, "If-Match", h.ETag)
				if c.field != "" && (len(problem.Errors) == 0 || !strings.HasPrefix(problem.Errors[0].Location, c.field)) {
					t.Errorf("the refusal names %+v, want %s", problem.Errors, c.field)
				}
			})
		})
	}
}

func TestFactsThatThePackDoesNotKnow(t *testing.T) {
	both(t, func(h *registertest.House) {
		for _, facts := range []body{
			with(registertest.Traded(), "colour", "red"), with(registertest.Traded(), "decision", body{"date": "2026-11-26"}),
			with(registertest.Traded(), "subject", body{"kind": "unit"}), with(registertest.Traded(), "previous", body{"regime": "measures_2024", "runFrom": "2025-01-01", "runUntil": "2027-01-01"}), with(registertest.Traded(), "objects", []body{{"kind": "yacht", "count": 3}}), with(registertest.Traded(), "ground", 7),
		} {
			var problem struct{ Errors []struct{ Location string } }
			h.Call("officer", http.MethodPost, "/register/proposals", http.StatusUnprocessableEntity, body{"subject": registertest.Person(5), "facts": facts}, &problem)
			if len(problem.Errors) == 0 || !strings.HasPrefix(problem.Errors[0].Location, "body.facts.") {
				t.Errorf("the refusal names %+v", problem.Errors)
			}
		}
		h.Call("officer", http.MethodPost, "/register/proposals", http.StatusUnprocessableEntity, body{"subject": registertest.Person(5), "facts": registertest.Traded(), "pack": "no-such-pack"}, nil)
		h.Call("officer", http.MethodPost, "/register/proposals", http.StatusUnprocessableEntity,
			body{"subject": body{"kind": "individual", "name": "李某某", "number": "530100199001010010"}, "facts": registertest.Traded()}, nil)
	})
}

// Imprisoned and not released: listed, with no date guessed, until the release
// is recorded.
func TestReleaseSetsTheDates(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(6), registertest.Sentenced())
		if l.State != register.Pending || l.From != "" || l.Until != "" || l.Class != register.ClassA || l.Binding {
			t.Fatalf("not released: %+v", l.ListingBody)
		}
		path := "/register/listings/" + string(l.ID)
		h.Step("officer", path, "release", http.StatusUnprocessableEntity, body{"releasedOn": "2030-01-01"}, nil)
		h.Step("officer", path, "release", http.StatusUnprocessableEntity, body{"releasedOn": "2026-03-01"}, nil) // before the judgment
		h.Clock.AddDays(100)
		h.Step("officer", path, "release", http.StatusOK, body{"releasedOn": "2027-01-31"}, &l)
		if l.State != register.Running || l.From != "2027-01-31" || l.Until != "2030-01-31" {
			t.Errorf("released: %+v", l.ListingBody)
		}
		h.Step("officer", path, "release", http.StatusConflict, body{"releasedOn": "2027-02-01"}, nil)
	})
}

// Listed again while it runs: added up to the cap; lifting the first takes its
// share away from the second.
func TestListedAgain(t *testing.T) {
	both(t, func(h *registertest.House) {
		first := h.List(registertest.Person(7), with(registertest.Sentenced(), "sentence", body{"kind": "suspended", "effectiveOn": "2026-03-02"}))
		if first.Until != "2029-03-02" {
			t.Fatalf("a suspended sentence counts from the judgment: %+v", first.ListingBody)
		}
		h.Clock.AddDays(365)
		var second register.ProposalPage
		path := h.Propose(registertest.Person(7), with(registertest.Traded(), "conduct", body{"kind": "lend", "firstOn": "2027-05-01", "lastOn": "2027-05-01", "occasions": 3, "counterparties": 1}))
		h.Call("leader", http.MethodGet, path, http.StatusOK, nil, &second)
		if second.Answer.Result["runUntil"] != "2031-03-02" {
			t.Errorf("the answer does not add up what runs: %v", second.Answer.Result)
		}
		h.Step("leader", path, "approve", http.StatusOK, body{"documentNo": "昆公惩认字〔2027〕9号"}, &second)
		again := h.Listing(second.Listing)
		if again.From != "2027-11-25" || again.Until != "2031-03-02" || again.Capped || len(again.Others) != 1 {
			t.Errorf("two years on top of a run to 2029-03-02: %+v", again)
		}
		h.Step("leader", "/register/listings/"+string(first.ID), "lift", http.StatusOK, body{"ground": "ordered", "reason": "判决被撤销"}, nil)
		if again = h.Listing(second.Listing); again.Until != "2029-11-25" {
			t.Errorf("after the first was lifted it ends on %s", again.Until)
		}
		if kinds := h.Kinds(again.ID); !slices.Contains(kinds, "listing.dated") {
			t.Errorf("followers do not hear of the new end: %v", kinds)
		}
	})
}

// A unit is listed; a responsible person is listed by a decision of their own.
func TestAUnitAndItsPersons(t *testing.T) {
	both(t, func(h *registertest.House) {
		unit := body{"kind": "unit", "name": "某某商贸有限公司", "number": "91350100M000100Y43"}
		path := h.Propose(unit, registertest.Traded())
		id := path[strings.LastIndex(path, "/")+1:]
		var p register.ProposalPage
		h.Call("officer", http.MethodPost, "/register/proposals", http.StatusCreated,
			body{"subject": registertest.Person(8), "unitOf": id, "facts": registertest.Traded()}, &p)
		h.Step("officer", "/register/proposals/"+string(p.ID), "propose", http.StatusUnprocessableEntity, nil, nil) // may, not must: why?
		if p.Answer.Result["discretionary"] != true {
			t.Errorf("that a person may, and need not, be listed is not said: %v", p.Answer.Result)
		}
		h.Call("leader", http.MethodGet, path, http.StatusOK, nil, &p)
		if len(p.Persons) != 1 || p.Answer.Result["responsiblePersons"] != "may" {
			t.Errorf("the unit's persons: %+v", p)
		}
		h.Call("officer", http.MethodPost, "/register/proposals", http.StatusUnprocessableEntity, body{"subject": unit, "unitOf": id, "facts": registertest.Traded()}, nil)
	})
}

// A minor is not exempt by invention: the law's silence is shown and stored.
func TestTheLawIsSilentOnMinors(t *testing.T) {
	both(t, func(h *registertest.House) {
		minor := body{"kind": "individual", "name": "张某", "number": "530100201001010033"} // born in 2010
		var p register.ProposalPage
		h.Call("officer", http.MethodPost, "/register/proposals", http.StatusCreated, body{"subject": minor, "facts": registertest.Traded()}, &p)
		if !slices.ContainsFunc(p.Answer.Silent, func(s policy.Silence) bool { return s.Row == "JP-31" }) || p.Blocked != "" {
			t.Errorf("sixteen years old: silent %+v, blocked %q", p.Answer.Silent, p.Blocked)
		}
		path := "/register/proposals/" + string(p.ID)
		h.Step("officer", path, "propose", http.StatusUnprocessableEntity, nil, nil)
		h.Step("officer", path, "propose", http.StatusOK, body{"note": "多次出售账户，经教育不改"}, &p)
		h.Step("leader", path, "return", http.StatusOK, body{"reason": "补充监护人意见"}, &p)
		if p.State != register.Draft || len(p.Steps) != 3 || p.Steps[1].Note != "多次出售账户，经教育不改" {
			t.Errorf("given back: %+v", p)
		}
	})
}

func TestSearchAndReveal(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(9), registertest.Traded())
		var found struct{ Items []register.ListingBody }
		number := registertest.ResidentID(9)
		h.Call("officer", http.MethodPost, "/register/listings/search", http.StatusForbidden, body{"number": number, "purpose": ""}, nil)
		h.Call("officer", http.MethodPost, "/register/listings/search", http.StatusOK, body{"number": number, "purpose": "办理申诉"}, &found)
		if len(found.Items) != 1 || found.Items[0].ID != l.ID {
			t.Errorf("found %+v", found.Items)
		}
		h.Call("qujing", http.MethodPost, "/register/listings/search", http.StatusOK, body{"number": number, "purpose": "办理申诉"}, &found)
		if len(found.Items) != 0 {
			t.Errorf("another city finds %+v", found.Items)
		}
		var shown struct{ Value string }
		path := "/register/listings/" + string(l.ID)
		h.Call("officer", http.MethodPost, path+"/reveal", http.StatusForbidden, body{"field": "who.number", "purpose": ""}, nil)
		h.Call("officer", http.MethodPost, path+"/reveal", http.StatusOK, body{"field": "who.number", "purpose": "制作告知书"}, &shown)
		if shown.Value != number {
			t.Errorf("revealed %q", shown.Value)
		}
		h.Call("qujing", http.MethodPost, path+"/reveal", http.StatusNotFound, body{"field": "who.name", "purpose": "制作告知书"}, nil)
		if kinds := h.Kinds(l.ID); !slices.Contains(kinds, "listing.searched") || !slices.Contains(kinds, "listing.revealed") {
			t.Errorf("who looked is not in the timeline: %v", kinds)
		}
		rows, err := sqldb.All(t.Context(), h.DB.Read(), sqldb.Value[string], `SELECT payload FROM journal`)
		h.Must(err)
		for _, text := range rows {
			if strings.Contains(text, number) || strings.Contains(text, "李某某") {
				t.Errorf("the journal names the person: %s", text)
			}
		}
	})
}

func TestSearchByName(t *testing.T) {
	both(t, func(h *registertest.House) {
		called := func(n int, name string) body {
			who := registertest.Person(n)
			who["name"] = name
			return who
		}
		first := h.List(called(50, "欧阳模拟"), registertest.Traded())
		namesake := h.List(called(51, "欧阳模拟"), registertest.Traded())
		h.List(called(52, "欧阳模拟甲"), registertest.Traded())
		const path = "/register/listings/search"
		var found struct{ Items []register.FoundBody }
		look := func(as, name string) (ids []lanzha.ID) {
			h.Call(as, http.MethodPost, path, http.StatusOK, body{"name": name, "purpose": "办理申诉"}, &found)
			for _, l := range found.Items {
				ids = append(ids, l.ID)
			}
			return ids
		}
		for _, c := range []struct {
			as, name string
			want     []lanzha.ID
		}{
			{"officer", "欧阳模拟", []lanzha.ID{namesake.ID, first.ID}},
			{"province", " 欧阳　模拟 ", []lanzha.ID{namesake.ID, first.ID}},
			{"officer", "欧阳", nil}, // not a part of a name
			{"county", "欧阳模拟", nil},
			{"qujing", "欧阳模拟", nil},
		} {
			if got := look(c.as, c.name); !slices.Equal(got, c.want) {
				t.Errorf("%s finds %v by %q, want %v", c.as, got, c.name, c.want)
			}
		}
		look("officer", "欧阳模拟")
		for i, n := range []int{51, 50} { // told apart by the number
			if l := found.Items[i]; l.Name != "欧***" || l.Number != lanzha.Mask(registertest.ResidentID(n)) {
				t.Errorf("found %q %q", l.Name, l.Number)
			}
		}
		rows, err := h.Desk.Journal.Timeline(t.Context(), h.DB.Read(), first.ID, 0, 1)
		h.Must(err)
		if got := rows[0]; got.Kind != "listing.searched" || got.Purpose != "办理申诉" || got.Actor != h.Actors["officer"].ID || strings.Contains(string(got.Payload), "欧阳") {
			t.Errorf("the journal has %+v", got)
		}
		for _, in := range []body{{}, {"name": "　"}, {"name": "欧阳模拟", "number": registertest.ResidentID(50)}} {
			in["purpose"] = "办理申诉"
			h.Call("officer", http.MethodPost, path, http.StatusUnprocessableEntity, in, nil)
		}
		h.Call("officer", http.MethodPost, path, http.StatusForbidden, body{"name": "欧阳模拟", "purpose": ""}, nil)
		// Who was erased has no name to be found by.
		h.Step("leader", "/register/listings/"+string(first.ID), "lift", http.StatusOK, body{"ground": "wrong", "reason": "认定有误"}, nil)
		h.Step("leader", "/register/listings/"+string(first.ID), "erase", http.StatusOK, body{"reason": "目的已实现"}, nil)
		if got := look("officer", "欧阳模拟"); !slices.Equal(got, []lanzha.ID{namesake.ID}) {
			t.Errorf("after the erasure %v", got)
		}
		// A name that too many have shows nobody, and the look-up stands all the same.
		text := "kind,number_kind,name,number,region,regime,from,until\n"
		for i := range 101 {
			text += fmt.Sprintf("individual,other,模拟常名,E%08d,530114,notice_2019,2022-06-01,2027-06-01\n", i)
		}
		h.Call("leader", http.MethodPost, "/register/listings/import", http.StatusOK, text, nil, "Content-Type", "text/csv")
		var refused string
		h.Call("officer", http.MethodPost, path, http.StatusUnprocessableEntity, body{"name": "模拟常名", "purpose": "办理申诉"}, &refused)
		if !strings.Contains(refused, "more than 100") || !slices.Contains(h.Kinds(h.Actors["officer"].ID), "listing.searched") {
			t.Errorf("too many: %s", refused)
		}
	})
}

// Every row of a list says whom it is about, masked; of who was erased it says
// nothing.
func TestRowsAreToldApart(t *testing.T) {
	both(t, func(h *registertest.House) {
		paths := []string{"/register/listings?limit=2", "/register/proposals?limit=2"}
		names := func(path string) (out []string) {
			var page struct {
				Items []struct{ Name string }
				Next  string
			}
			for cursor := ""; ; cursor = page.Next {
				h.Call("officer", http.MethodGet, path+"&cursor="+cursor, http.StatusOK, nil, &page)
				for _, i := range page.Items {
					out = append(out, i.Name)
				}
				if page.Next == "" {
					return out
				}
			}
		}
		var all []register.ListingPage
		for i, name := range []string{"赵模拟", "钱模拟", "某某商贸有限公司"} {
			who := registertest.Person(60 + i)
			if i == 2 {
				who["kind"], who["number"] = "unit", "91350100M000100Y43"
			}
			who["name"] = name
			all = append(all, h.List(who, registertest.Traded()))
		}
		h.List(body{"kind": "individual", "name": "钱模拟", "number": registertest.ResidentID(61)}, registertest.Traded()) // the same one again
		for _, path := range paths {
			if got, want := names(path), []string{"钱**", "某某商*有限公司", "钱**", "赵**"}; !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
		if l := h.Listing(all[1].ID); l.Name != "钱**" || l.Others[0].Name != "钱**" {
			t.Errorf("the listing of %q, with %+v", l.Name, l.Others)
		}
		h.Step("leader", "/register/listings/"+string(all[0].ID), "lift", http.StatusOK, body{"ground": "wrong", "reason": "认定有误"}, nil)
		h.Step("leader", "/register/listings/"+string(all[0].ID), "erase", http.StatusOK, body{"reason": "目的已实现"}, nil)
		for _, path := range paths {
			if got, want := names(path), []string{"钱**", "某某商*有限公司", "钱**", ""}; !slices.Equal(got, want) {
				t.Errorf("%s after the erasure: %q, want %q", path, got, want)
			}
		}
	})
}

func TestLists(t *testing.T) {
	both(t, func(h *registertest.House) {
		running := h.List(registertest.Person(10), registertest.Traded())
		pending := h.List(registertest.Person(11), registertest.Sentenced())
		lifted := h.List(registertest.Person(12), registertest.Traded())
		h.Step("leader", "/register/listings/"+string(lifted.ID), "lift", http.StatusOK, body{"ground": "wrong", "reason": "认定有误"}, nil)
		list := func(as, query string) (ids []lanzha.ID) {
			var page struct {
				Items []register.ListingBody
				Next  string
			}
			for cursor := ""; ; cursor = page.Next {
				h.Call(as, http.MethodGet, "/register/listings?limit=1&cursor="+cursor+"&"+query, http.StatusOK, nil, &page)
				for _, l := range page.Items {
					ids = append(ids, l.ID)
				}
				if page.Next == "" {
					return ids
				}
			}
		}
		for _, c := range []struct {
			as, query string
			want      []lanzha.ID
		}{
			{"officer", "", []lanzha.ID{lifted.ID, pending.ID, running.ID}},
			{"province", "region=530100", []lanzha.ID{lifted.ID, pending.ID, running.ID}},
			{"qujing", "", nil},
			{"county", "", nil},
			{"officer", "state=running", []lanzha.ID{running.ID}},
			{"officer", "state=pending", []lanzha.ID{pending.ID}},
			{"officer", "state=lifted", []lanzha.ID{lifted.ID}},
			{"officer", "state=ended", nil},
			{"officer", "class=A", []lanzha.ID{pending.ID}},
			{"officer", "endsBefore=2028-11-26", []lanzha.ID{running.ID, lifted.ID}},
			{"officer", "endsBefore=2028-11-25", nil},
		} {
			if got := list(c.as, c.query); !slices.Equal(got, c.want) {
				t.Errorf("%s lists %s: %v, want %v", c.as, c.query, got, c.want)
			}
		}
		h.Call("qujing", http.MethodGet, "/register/listings/"+string(running.ID), http.StatusNotFound, nil, nil)
		h.Call("bank", http.MethodGet, "/register/listings", http.StatusForbidden, nil, nil)
		h.Call("officer", http.MethodGet, "/register/listings?endsBefore=soon", http.StatusUnprocessableEntity, nil, nil)
	})
}

// Records of older rules come with their own term, and keep it beside a listing
// of today.
func TestImportOfOlderRecords(t *testing.T) {
	both(t, func(h *registertest.House) {
		file := "kind,name,number,region,regime,decided_on,from,until,document_no,text,service,institution\n" +
			"individual,李某某," + registertest.ResidentID(20) + ",530100,notice_2019,2022-06-01,2022-06-01,2027-06-01,昆公〔2022〕8号,,payment_account,payment_firm\n" +
			"individual,李某某,53010019900101000X,530100,notice_2019,,2022-06-01,2027-06-01,,,,\n" +
			"individual,李某某," + registertest.ResidentID(21) + ",530100,measures_2024,,2025-06-01,2027-06-01,,,,\n" +
			"individual,李某某," + registertest.ResidentID(22) + ",530300,notice_2016,,2022-06-01,2027-06-01,,,,\n"
		var got struct {
			Taken   int
			Refused []struct {
				Location string
				Row      int
			}
		}
		h.Call("leader", http.MethodPost, "/register/listings/import", http.StatusOK, file, &got, "Content-Type", "text/csv")
		if got.Taken != 1 || len(got.Refused) != 3 || got.Refused[0].Location != "number" || got.Refused[0].Row != 3 || got.Refused[1].Location != "regime" || got.Refused[2].Location != "region" {
			t.Fatalf("the outcome: %+v", got)
		}
		h.Call("leader", http.MethodPost, "/register/listings/import", http.StatusOK, file, &got, "Content-Type", "text/csv")
		if got.Taken != 0 {
			t.Errorf("the same record was taken twice")
		}
		made := h.List(registertest.Person(20), registertest.Traded())
		if made.Until != "2028-11-25" || len(made.Others) != 1 || made.Others[0].Until != "2027-06-01" || made.Others[0].State != register.Running {
			t.Errorf("beside an older record: %+v", made)
		}
		if !slices.ContainsFunc(made.Silent, func(s policy.Silence) bool { return s.Row == "JPO" }) {
			t.Errorf("that no clause was found is not said: %+v", made.Silent)
		}
	})
}

// A slip in a draft stands against nothing; of who is listed a leader corrects
// the name, and followers hear of it.
func TestANameIsCorrected(t *testing.T) {
	both(t, func(h *registertest.House) {
		wrong := registertest.Person(31)
		wrong["name"] = "李某"
		h.Call("officer", http.MethodPost, "/register/proposals", http.StatusCreated, body{"subject": wrong, "facts": registertest.Traded()}, nil)
		l := h.List(registertest.Person(31), registertest.Traded())
		h.Call("officer", http.MethodPost, "/register/proposals", http.StatusConflict, body{"subject": wrong, "facts": registertest.Traded()}, nil)
		path := "/register/listings/" + string(l.ID)
		right := body{"name": "李某乙", "reason": "更名"}
		h.Step("officer", path, "correct", http.StatusForbidden, right, nil)
		h.Step("leader", path, "correct", http.StatusOK, right, nil)
		h.Step("leader", path, "correct", http.StatusUnprocessableEntity, right, nil)
		rows, err := h.Desk.Journal.Timeline(t.Context(), h.DB.Read(), l.ID, 0, 1)
		h.Must(err)
		var fact register.Fact
		h.Must(rows[0].Into(&fact))
		if fact.Name != h.Vault.Index("李某乙")[0] || rows[0].Purpose != "更名" {
			t.Errorf("the row of the correction: %s %s", rows[0].Kind, rows[0].Payload)
		}
	})
}

// A pack that has changed since is said, and refused until it was read.
func TestAnAnswerThatHasChanged(t *testing.T) {
	both(t, func(h *registertest.House) {
		path := h.Propose(registertest.Person(30), registertest.Traded())
		law := h.Desk.Law
		h.Desk.Law = func(pack string, input map[string]any, o policy.Options) (policy.Answer, error) {
			a, err := law(pack, input, o)
			a.Result["termMonths"], a.Result["termYears"] = 12, 1
			return a, err
		}
		document := body{"documentNo": "昆公惩认字〔2026〕30号"}
		h.Step("leader", path, "approve", http.StatusConflict, document, nil)
		var p register.ProposalPage
		h.Step("second", path, "evaluate", http.StatusOK, nil, &p)
		if p.State != register.Proposed || p.Answer.Result["termMonths"] != 12.0 {
			t.Fatalf("evaluated anew: %v", p.Answer.Result)
		}
		h.Step("leader", path, "approve", http.StatusOK, document, &p)
		if l := h.Listing(p.Listing); l.TermMonths != 12 || l.Until != "2027-11-25" {
			t.Errorf("the listing: %+v", l.ListingBody)
		}
	})
}

func TestErasure(t *testing.T) {
	both(t, func(h *registertest.House) {
		l := h.List(registertest.Person(40), registertest.Traded())
		path := "/register/listings/" + string(l.ID)
		reason := body{"reason": "保存期届满"}
		h.Step("leader", path, "erase", http.StatusConflict, reason, nil) // it binds
		h.Clock.AddDays(800)
		key, _, err := journal.NewKey(nil)
		h.Must(err)
		sealer := journal.NewSealer(h.Desk.Journal, key)
		sealed := int64(0)
		h.Wait("the journal to be sealed", func() bool {
			n, err := sealer.Seal(t.Context())
			h.Must(err)
			sealed += n
			made, err := sqldb.One(t.Context(), h.DB.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM journal`)
			h.Must(err)
			return sealed == made
		})
		before, err := sealer.Checkpoint(t.Context())
		h.Must(err)
		h.Step("officer", path, "erase", http.StatusForbidden, reason, nil)
		var gone register.ListingPage
		h.Step("leader", path, "erase", http.StatusOK, reason, &gone)
		if !gone.Who.Erased || gone.Who.Name != "" || gone.Who.Number != "" || gone.State != register.Ended || len(gone.Measures) != len(l.Measures) {
			t.Errorf("erased: %+v", gone)
		}
		var found struct{ Items []register.ListingBody }
		h.Call("officer", http.MethodPost, "/register/listings/search", http.StatusOK, body{"number": registertest.ResidentID(40), "purpose": "核对"}, &found)
		if len(found.Items) != 0 {
			t.Error("who was erased is still found")
		}
		index := h.Vault.Index(registertest.ResidentID(40))[0]
		for _, query := range []string{`SELECT payload FROM journal`, `SELECT facts || evidence || remarks FROM proposal`, `SELECT name || number || number_index || name_index FROM register_subject`} {
			texts, err := sqldb.All(t.Context(), h.DB.Read(), sqldb.Value[string], query)
			h.Must(err)
			for _, text := range texts {
				if strings.Contains(text, index) || query != `SELECT payload FROM journal` && text != "" {
					t.Errorf("%s: something is left: %s", query, text)
				}
			}
		}
		report, err := journal.Verify(t.Context(), h.DB, key.Verifier, []byte(before.Note))
		h.Must(err)
		if !report.OK || report.Erased == 0 {
			t.Errorf("the audit after an erasure: %+v", report)
		}
		var timeline struct{ Items []json.RawMessage }
		h.Call("officer", http.MethodGet, path+"/timeline", http.StatusOK, nil, &timeline)
		if len(timeline.Items) == 0 {
			t.Error("the timeline is gone too")
		}
	})
}

// With a retention the fields go by themselves, and not before.
func TestErasureByItself(t *testing.T) {
	sqltest.Run(t, registertest.Schemas(), func(t *testing.T, db *sqldb.DB) {
		h := registertest.Open(t, db, func(h *registertest.House) { h.Desk.Options.Retention = 30 * 24 * 60 * 60 * 1e9 })
		l := h.List(registertest.Person(41), registertest.Traded())
		h.Clock.AddDays(731 + 29)
		var owed string
		h.Must(func() (err error) {
			owed, err = sqldb.One(t.Context(), db.Read(), "item", sqldb.Value[string], `SELECT state FROM outbox WHERE kind = 'register.erase'`)
			return err
		}())
		if owed != "owed" || h.Listing(l.ID).Who.Erased {
			t.Errorf("erased before its time: %s", owed)
		}
		h.Clock.AddDays(2)
		h.Wait("the erasure", func() bool { return h.Listing(l.ID).Who.Erased })
	})
}
