package cases_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/cases"
	"lanzha/work/clue/den"
)

var schemas = []sqldb.Schema{journal.Schema(), api.Schema(), cases.Schema()}

func id(kind string, n int) lanzha.ID {
	var r [10]byte
	copy(r[:], fmt.Sprintf("%s%d", kind, n))
	return lanzha.NewID(noon, r)
}

// served is the desk behind real HTTP, its tail running; the header As names
// who calls.
type served struct {
	*testing.T
	db      *sqldb.DB
	journal *journal.Journal
	url     string
	actors  map[string]auth.Actor
	etag    string // of the last answer
}

func serve(t *testing.T, db *sqldb.DB) *served {
	now := func() time.Time { return noon }
	s := &served{T: t, db: db, journal: journal.New(db, now, nil), actors: map[string]auth.Actor{}}
	for i, a := range []auth.Actor{
		{Login: "officer", Roles: []auth.Role{auth.Officer}, Region: "530114"},
		{Login: "leader", Roles: []auth.Role{auth.Leader}, Region: "530100"},
		{Login: "stranger", Roles: []auth.Role{auth.Officer, auth.Leader}, Region: "520100"},
		{Login: "country", Roles: []auth.Role{auth.Officer}},
		{Login: "admin", Roles: []auth.Role{auth.Admin}},
	} {
		a.ID = id("account", i)
		s.actors[a.Login] = a
	}
	// Clues 1 and 2 are in Chenggong, clue 3 in Guiyang.
	clue := func(_ context.Context, _ sqldb.Queryer, record lanzha.ID) (auth.Resource, error) {
		for n, region := range map[int]lanzha.Region{1: "530114", 2: "530114", 3: "520100"} {
			if record == id("clue", n) {
				return auth.Resource{Type: "clue", ID: record, Region: region}, nil
			}
		}
		return auth.Resource{}, lanzha.NotFound("clue")
	}
	desk := &cases.Desk{
		DB: db, Journal: s.journal, Now: now, IDs: lanzha.NewIDs(now, nil), Zone: time.FixedZone("CST", 8*3600), Centre: "昆",
		Finders: map[string]cases.Finder{"clue": clue},
	}
	desk.Finders["dossier"] = desk.Find
	desk.Follow()
	decider := auth.NewDecider()
	a := api.New("test", decider.Gate)
	desk.Mount(a, decider)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if actor, ok := s.actors[r.Header.Get("As")]; ok {
			ctx = auth.WithActor(ctx, actor)
		}
		a.ServeHTTP(w, r.WithContext(ctx))
	}))
	s.url = server.URL + api.Prefix
	ctx, cancel := context.WithCancel(context.Background())
	var tail sync.WaitGroup
	tail.Go(func() {
		if err := s.journal.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		server.Close()
		cancel()
		tail.Wait()
	})
	return s
}

func (s *served) call(as, method, path, version string, want int, body, out any) {
	s.Helper()
	text := []byte{}
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			s.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(string(text)))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("As", as)
	r.Header.Set("Content-Type", "application/json")
	if method == "POST" && version != "" {
		r.Header.Set("Idempotency-Key", version)
		r.Header.Set("If-Match", version)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		s.Fatal(err)
	}
	s.etag = res.Header.Get("ETag")
	if res.StatusCode != want {
		s.Fatalf("%s %s as %q: %d, want %d: %s", method, path, as, res.StatusCode, want, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			s.Fatalf("%s: %v", answer, err)
		}
	}
}

// den tells of a den in Chenggong as its stage does, and waits until dossiers
// have heard of it.
func (s *served) den(kind string, n int, payload any) {
	s.Helper()
	s.news(journal.Entry{Kind: kind, Record: id("den", n), Region: "530114", Payload: payload})
	parked, err := s.journal.Parked(s.Context())
	if err != nil || parked != 0 {
		s.Fatalf("%d rows are parked, %v", parked, err)
	}
}

func (s *served) news(e journal.Entry) {
	s.Helper()
	var seq int64
	if err := s.db.Tx(s.Context(), func(tx *sqldb.Tx) (err error) {
		if err := s.journal.Append(s.Context(), tx, noon, e); err != nil {
			return err
		}
		seq, err = sqldb.One(s.Context(), tx, "row", sqldb.Value[int64], `SELECT max(seq) FROM journal`)
		return err
	}); err != nil {
		s.Fatal(err)
	}
	if !strings.HasPrefix(e.Kind, "den.") {
		return
	}
	for deadline := time.After(20 * time.Second); ; {
		heard, err := sqldb.All(s.Context(), s.db.Read(), sqldb.Value[int64], `SELECT seq FROM journal_cursor WHERE name = 'cases'`)
		if err != nil {
			s.Fatal(err)
		}
		if len(heard) == 1 && heard[0] >= seq {
			return
		}
		select {
		case <-s.journal.Appended():
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			s.Fatalf("the row %d was not heard", seq)
		}
	}
}

func (s *served) list(as, query string) []cases.Summary {
	s.Helper()
	out := []cases.Summary{}
	for cursor := ""; ; {
		var page api.List[cases.Summary]
		s.call(as, "GET", "/dossiers?limit=1&cursor="+cursor+query, "", 200, nil, &page)
		out = append(out, page.Items...)
		if cursor = page.Next; cursor == "" {
			return out
		}
	}
}

func nos(list []cases.Summary) []string {
	out := []string{}
	for _, d := range list {
		out = append(out, d.No)
	}
	return out
}

func linked(links []cases.Link) []string {
	out := []string{}
	for _, l := range links {
		out = append(out, l.Kind+" "+string(l.Record))
	}
	slices.Sort(out)
	return out
}

type payload map[string]any

func TestADenOpensItsDossierAndIsFollowedToTheEnd(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		s.news(journal.Entry{Kind: "clue.opened", Record: id("clue", 1), Region: "530114"})
		s.news(journal.Entry{Kind: "clue.opened", Record: id("clue", 3), Region: "520100"})
		first := payload{"address": "云南省昆明市呈贡区某路2号", "clues": []lanzha.ID{id("clue", 1), id("clue", 3)}, "reports": []lanzha.ID{id("report", 1)}}
		s.den("den.suspected", 1, first)
		s.den("den.suspected", 1, first) // heard twice, opened once
		found := s.list("officer", "")
		if len(found) != 1 || found[0].No != "昆专档〔2026〕1号" || found[0].State != cases.Open || found[0].Version != 1 ||
			found[0].Title != "疑似窝点 云南省昆明市呈贡区某路2号" || found[0].Den != id("den", 1) {
			t.Fatalf("dossiers: %+v", found)
		}
		path := "/dossiers/" + string(found[0].ID)

		s.den("den.evidence_added", 1, payload{"address": "x", "clues": []lanzha.ID{id("clue", 1), id("clue", 2)}, "reports": []lanzha.ID{id("report", 1), id("report", 2)}})
		outcome := den.Outcome{People: 4, Devices: den.Devices{GOIP: 3, Router: 3}, Cards: den.Cards{Bank: 2}, Note: "现场查获"}
		s.den("den.confirmed", 1, payload{"outcome": outcome})
		var got cases.Body
		s.call("officer", "GET", path, "", 200, nil, &got)
		if diff := cmp.Diff(outcome, got.Outcome); diff != "" || got.Result != cases.Confirmed || got.Version != 3 || s.etag != `"3"` || got.State != cases.Open {
			t.Errorf("outcome: %s, %+v", diff, got)
		}
		// Of the clue of another province it is told that there is one.
		if diff := cmp.Diff([]string{
			"clue ", "clue " + string(id("clue", 1)), "clue " + string(id("clue", 2)),
			"den " + string(id("den", 1)), "report " + string(id("report", 1)), "report " + string(id("report", 2)),
		}, linked(got.Links)); diff != "" {
			t.Error(diff)
		}
		// The timeline holds what happened to all of it; the clue of another
		// province is passed over, although it is linked.
		timeline := []string{}
		for _, e := range got.Timeline {
			timeline = append(timeline, e.Kind)
			if e.Record == id("clue", 3) {
				t.Error("the timeline shows a row outside the officer's scope")
			}
		}
		want := []string{"dossier.outcome", "den.confirmed", "dossier.linked", "den.evidence_added", "den.suspected", "dossier.opened", "den.suspected", "clue.opened"}
		if diff := cmp.Diff(want, timeline); diff != "" {
			t.Error(diff)
		}
		var more struct{ Items []api.Event }
		s.call("officer", "GET", fmt.Sprintf("%s/timeline?limit=2&before=%d", path, got.Timeline[1].Seq), "", 200, nil, &more)
		if len(more.Items) != 2 || more.Items[0].Kind != "dossier.linked" || more.Items[1].Kind != "den.evidence_added" {
			t.Errorf("read on: %+v", more.Items)
		}
		s.call("country", "GET", path, "", 200, nil, &got)
		if last := got.Timeline[len(got.Timeline)-2:]; last[0].Record != id("clue", 3) && last[1].Record != id("clue", 3) {
			t.Error("who sees the whole country misses the other province's row")
		}

		// Dens that end otherwise, and one whose first row was missed.
		s.den("den.suspected", 2, payload{"address": "甲"})
		s.den("den.nothing_found", 2, payload{"outcome": payload{"note": "查否"}})
		s.den("den.dismissed", 3, payload{})
		results := map[string]cases.Result{}
		for _, d := range s.list("officer", "") {
			results[d.No] = d.Result
		}
		if diff := cmp.Diff(map[string]cases.Result{"昆专档〔2026〕1号": "confirmed", "昆专档〔2026〕2号": "nothing_found", "昆专档〔2026〕3号": "dismissed"}, results); diff != "" {
			t.Error(diff)
		}
		if found := s.list("officer", "&record="+string(id("report", 2))); len(found) != 1 || found[0].No != "昆专档〔2026〕1号" || found[0].People != 4 {
			t.Errorf("by record: %+v", found)
		}
		rows, err := s.journal.Search(t.Context(), db.Read(), journal.Filter{Kind: "dossier.outcome", Limit: 9})
		if err != nil || len(rows) != 3 {
			t.Fatalf("%v %v", rows, err)
		}
		if strings.Contains(string(rows[2].Payload), "现场") {
			t.Error("the note of the outcome stands in the journal")
		}
	})
}

func TestFilingAndClosing(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		hand := payload{"title": "某路口专案", "region": "530114"}
		var d, again cases.Body
		s.call("officer", "POST", "/dossiers", "key-1", 201, hand, &d)
		s.call("officer", "POST", "/dossiers", "key-1", 201, hand, &again)
		if d.ID != again.ID || d.No != "昆专档〔2026〕1号" || d.OpenedBy != s.actors["officer"].ID || d.RegionName != "云南省昆明市呈贡区" {
			t.Errorf("by hand: %+v, repeated %+v", d, again)
		}
		s.call("officer", "POST", "/dossiers", "", 422, payload{"title": " ", "region": "530114"}, nil)
		s.call("officer", "POST", "/dossiers", "", 422, payload{"title": "x", "region": "539999"}, nil)
		s.call("officer", "POST", "/dossiers", "", 404, payload{"title": "x", "region": "530102"}, nil)
		s.call("admin", "POST", "/dossiers", "", 403, hand, nil)

		path := "/dossiers/" + string(d.ID)
		filing := payload{"documentNo": "昆公(刑)立字〔2026〕108号", "filedOn": "2026-11-22", "caseNo": "A5301"}
		s.call("officer", "POST", path+"/file", "1", 403, filing, nil)
		s.call("leader", "POST", path+"/file", "", 428, filing, nil)
		s.call("leader", "POST", path+"/file", "7", 409, filing, nil)
		s.call("leader", "POST", path+"/file", "1", 403, payload{"documentNo": " ", "filedOn": "2026-11-22"}, nil)
		s.call("leader", "POST", path+"/file", "1", 422, payload{"documentNo": "1", "filedOn": "2026-11-23"}, nil)
		s.call("leader", "POST", path+"/file", "1", 422, payload{"documentNo": "1", "filedOn": "someday"}, nil)
		s.call("leader", "POST", path+"/file", "1", 200, filing, &d)
		if want := (cases.Filing{DocumentNo: "昆公(刑)立字〔2026〕108号", FiledOn: "2026-11-22", By: s.actors["leader"].ID, At: noon}); d.State != cases.Filed || *d.Filing != want || d.CaseNo != "A5301" || d.Version != 2 {
			t.Errorf("filed: %+v", d)
		}
		s.call("leader", "POST", path+"/file", "2", 409, filing, nil)
		var p api.Problem
		s.call("officer", "POST", path+"/close", "2", 422, payload{"reason": " "}, &p)
		s.call("officer", "POST", path+"/close", "2", 200, payload{"reason": "移送起诉"}, &d)
		if d.State != cases.Closed || d.CloseReason != "移送起诉" || d.ClosedAt == nil || !d.ClosedAt.Equal(noon) || d.Filing == nil {
			t.Errorf("closed: %+v", d)
		}
		s.call("officer", "POST", path+"/close", "3", 409, payload{"reason": "再结"}, nil)
		kinds := []string{}
		for _, e := range d.Timeline {
			kinds = append(kinds, e.Kind)
			if strings.Contains(string(e.Payload), "移送") {
				t.Error("the reason stands in the journal")
			}
		}
		if diff := cmp.Diff([]string{"dossier.closed", "dossier.filed", "dossier.opened"}, kinds); diff != "" {
			t.Error(diff)
		}
	})
}

func TestScopeAndLinks(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		made := map[string]cases.Body{}
		for _, region := range []string{"530114", "530102", "520100", "530000"} {
			var d cases.Body
			s.call("country", "POST", "/dossiers", "", 201, payload{"title": "x", "region": region}, &d)
			made[region] = d
		}
		no := func(regions ...string) []string {
			out := []string{}
			for _, r := range regions {
				out = append(out, made[r].No)
			}
			return out
		}
		for _, c := range []struct {
			as, query string
			want      []string
		}{
			{"officer", "", no("530114")},
			{"leader", "", no("530102", "530114")},
			{"leader", "&region=530114", no("530114")},
			{"leader", "&state=open", no("530102", "530114")},
			{"leader", "&state=filed", no()},
			{"stranger", "", no("520100")},
			{"country", "", no("530000", "520100", "530102", "530114")},
			{"country", "&region=530000", no("530000", "530102", "530114")},
			{"country", "&state=open&region=530100", no("530102", "530114")},
		} {
			if diff := cmp.Diff(c.want, nos(s.list(c.as, c.query))); diff != "" {
				t.Errorf("%s%s: %s", c.as, c.query, diff)
			}
		}
		s.call("leader", "GET", "/dossiers?region=520100", "", 403, nil, nil)
		s.call("admin", "GET", "/dossiers", "", 403, nil, nil)
		s.call("nobody", "GET", "/dossiers", "", 401, nil, nil)

		// Outside the scope nothing is there, by any operation.
		path := "/dossiers/" + string(made["530114"].ID)
		filing := payload{"documentNo": "1", "filedOn": "2026-11-22"}
		link := func(kind string, record lanzha.ID) payload { return payload{"kind": kind, "record": record} }
		s.call("stranger", "GET", path, "", 404, nil, nil)
		s.call("stranger", "GET", path+"/timeline", "", 404, nil, nil)
		s.call("stranger", "POST", path+"/file", "1", 404, filing, nil)
		s.call("stranger", "POST", path+"/close", "1", 404, payload{"reason": "x"}, nil)
		s.call("stranger", "POST", path+"/links", "1", 404, link("clue", id("clue", 3)), nil)

		var d cases.Body
		s.call("officer", "POST", path+"/links", "1", 404, link("clue", id("clue", 3)), nil) // not his to read
		s.call("officer", "POST", path+"/links", "1", 404, link("clue", id("clue", 9)), nil)
		s.call("officer", "POST", path+"/links", "1", 404, link("dossier", made["520100"].ID), nil)
		s.call("officer", "POST", path+"/links", "1", 422, link("dossier", made["530114"].ID), nil)
		s.call("officer", "POST", path+"/links", "1", 422, link("account", id("account", 1)), nil)
		s.call("officer", "POST", path+"/links", "", 428, link("clue", id("clue", 1)), nil)
		s.call("officer", "POST", path+"/links", "1", 200, link("clue", id("clue", 1)), &d)
		if len(d.Links) != 1 || d.Links[0].By != s.actors["officer"].ID || d.Version != 2 || d.Timeline[0].Kind != "dossier.linked" {
			t.Errorf("linked: %+v", d)
		}
		s.call("officer", "POST", path+"/links", "2", 200, link("clue", id("clue", 1)), &d)
		if d.Version != 2 {
			t.Errorf("what is linked already was linked again: version %d", d.Version)
		}
		rows, err := s.journal.Timeline(t.Context(), db.Read(), id("clue", 1), 0, 9)
		if err != nil || len(rows) != 1 || rows[0].Kind != "dossier.linked" {
			t.Errorf("the clue's own timeline: %+v, %v", rows, err)
		}
	})
}
