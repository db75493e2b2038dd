package shelf_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/know/policy/shelf"
)

var schemas = []sqldb.Schema{journal.Schema(), auth.Schema(), api.Schema(), shelf.Schema()}

var at = time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC)

// house is a process that serves packs over real HTTP; the header As names who
// calls.
type house struct {
	*testing.T
	db      *sqldb.DB
	shelf   *shelf.Shelf
	journal *journal.Journal
	url     string
	actors  map[string]auth.Actor
	etag    string // of the last answer
}

// open starts a process on a database and loads its library.
func open(t *testing.T, db *sqldb.DB) *house {
	t.Helper()
	now := func() time.Time { return at }
	h := &house{T: t, db: db, journal: journal.New(db, now, nil), actors: map[string]auth.Actor{}}
	for i, a := range []auth.Actor{
		{Login: "analyst", Roles: []auth.Role{auth.Analyst}, Region: "530100"},
		{Login: "leader", Roles: []auth.Role{auth.Leader}, Region: "530100"},
		{Login: "second", Roles: []auth.Role{auth.Leader}, Region: "530100"},
		{Login: "district", Roles: []auth.Role{auth.Leader}, Region: "530114"},
		{Login: "officer", Roles: []auth.Role{auth.Officer}, Region: "530100"},
		{Login: "elsewhere", Roles: []auth.Role{auth.Leader}, Region: "440100"},
		{Login: "bank", Roles: []auth.Role{auth.Responder}, Institution: "01KB3V6N0Q8V4Y2ZC5T7R9WXHD"},
		{Login: "auditor", Roles: []auth.Role{auth.Auditor}},
	} {
		a.ID = lanzha.NewID(at, [10]byte{byte(i + 1)})
		h.actors[a.Login] = a
	}
	h.shelf = shelf.New(db, h.journal, lanzha.NewIDs(time.Now, nil), now, shelf.Options{Region: "530100", Zone: time.FixedZone("CST", 8*60*60)})
	if err := h.shelf.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	decider := auth.NewDecider()
	a := api.New("test", decider.Gate)
	h.shelf.Mount(a, decider)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if actor, ok := h.actors[r.Header.Get("As")]; ok {
			ctx = auth.WithActor(ctx, actor)
		}
		a.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(server.Close)
	h.url = server.URL + api.Prefix
	return h
}

// run follows the journal until the test ends.
func (h *house) run() {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.shelf.Run(ctx) }()
	h.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			h.Error(err)
		}
	})
}

type object = map[string]any

// call sends body as JSON and decodes the answer into out. headers are pairs.
func (h *house) call(as, method, path string, want int, body, out any, headers ...string) {
	h.Helper()
	text := []byte{}
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			h.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(h.Context(), method, h.url+path, strings.NewReader(string(text)))
	if err != nil {
		h.Fatal(err)
	}
	r.Header.Set("As", as)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		h.Fatal(err)
	}
	h.etag = res.Header.Get("ETag")
	if res.StatusCode != want {
		h.Fatalf("%s %s as %q: %d, want %d: %s", method, path, as, res.StatusCode, want, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			h.Fatalf("%s: %v", answer, err)
		}
	}
}

// draft hands in a text as somebody.
func (h *house) draft(as, text, cases string) shelf.DraftBody {
	h.Helper()
	var d shelf.DraftBody
	h.call(as, "POST", "/policy/drafts", 201, object{"text": text, "cases": cases}, &d)
	return d
}

// activate puts a draft in force by another.
func (h *house) activate(as string, d shelf.DraftBody) shelf.DraftBody {
	h.Helper()
	var done shelf.DraftBody
	h.call(as, "POST", "/policy/drafts/"+string(d.ID)+"/activate", 200, object{}, &done, "If-Match", api.ETag(d.Version))
	return done
}

// answer evaluates the fee pack and gives the fee, nil where it is open.
func (h *house) fee(as string, question object) (any, string) {
	h.Helper()
	var a struct {
		Result object `json:"result"`
		Pack   struct {
			SHA string `json:"sha256"`
		} `json:"pack"`
	}
	if question["input"] == nil {
		question["input"] = object{"who": "person"}
	}
	h.call(as, "POST", "/policy/packs/fee/eval", 200, question, &a)
	return a.Result["fee"], a.Pack.SHA
}

// fee is a pack whose fee for a person is n, and for a unit is open.
func feePack(version, n string) string {
	return `pack: fee
version: ` + version + `
title: {zh: 收费, en: fees}
summary: {zh: 收费多少, en: what is charged}
jurisdiction: nation
effective: {from: 2024-01-01}
sources: {law: {document: 《收费办法》, number: 1号, bodies: [某部], published: 2023-12-01, effective: 2024-01-01, publisher: 某部}}
inputs:
  who: {type: enum, zh: 对象, en: who, of: {person: {zh: 个人, en: a person}, unit: {zh: 单位, en: a unit}}}
parameters:
  unitFee: {type: int, zh: 单位收费（分）, en: fee of a unit in fen, unset: {zh: 办法未规定，需引用后填写, en: the measure is silent; cite and set it}}
tables:
  charge:
    zh: 收费标准
    en: the charge
    hit: first
    gives: {fee: int}
    rows:
      - {id: FE-1, zh: 个人, en: a person, when: "who == 'person'", then: {fee: ` + n + `}, source: law, article: 第一条, phrase: 个人收费, status: C}
      - {id: FE-2, zh: 单位, en: a unit, when: "who == 'unit'", then: {fee: "=unitFee"}, source: law, article: 第二条, phrase: 单位收费另行规定, status: C}
result: {fee: "=charge.fee"}
`
}

func feeCases(n string) string {
	return "pack: fee\ntests:\n  - {name: a person, input: {who: person}, want: {fee: " + n + "}}\n"
}
