package access_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
)

// testSearch finds every record by all that is known of it here, and by
// nothing elsewhere.
func testSearch(t *testing.T, w *world) {
	words := map[string]string{}
	for name, path := range map[string]string{"report": "/reports/", "clue": "/clues/", "den": "/dens/", "dossier": "/dossiers/"} {
		id := string(w.planted[name])
		record := w.read(w.planter, path+id, nil)
		words[id] = name
		for _, field := range []string{"ref110", "value", "address", "no"} {
			if word, ok := record[field].(string); ok {
				words[word] = name
			}
		}
	}
	if len(words) != 8 {
		t.Fatalf("searching for %d words, want an ID and a word of each of four records", len(words))
	}
	for word, name := range words {
		path := "/search?q=" + url.QueryEscape(word)
		if got := w.ok(w.in[auth.Officer], call{method: http.MethodGet, path: path}); !strings.Contains(got.body, string(w.planted[name])) {
			t.Errorf("an officer of here does not find the %s by %q: %s", name, word, got.body)
		}
		for _, role := range []auth.Role{auth.Officer, auth.Analyst, auth.Leader} {
			if got := w.ok(w.out[role], call{method: http.MethodGet, path: path}); strings.Contains(got.body, string(w.planted[name])) || got.body != "{\"items\":[],\"next\":\"\"}\n" {
				t.Errorf("%s of elsewhere searches %q and reads %s", role, word, got.body)
			}
		}
	}
}

// testListsUnderEveryFilter asks lists of elsewhere for what is ours by every
// parameter that names it.
func testListsUnderEveryFilter(t *testing.T, w *world) {
	report := w.read(w.planter, "/reports/"+string(w.planted["report"]), nil)
	clue := w.read(w.planter, "/clues/"+string(w.planted["clue"]), nil)
	for _, path := range []string{
		"/reports?ref110=" + url.QueryEscape(report["ref110"].(string)),
		"/clues?q=" + url.QueryEscape(clue["value"].(string)),
		"/clues?source=" + string(w.planted["report"]),
		"/lookups?state=answered&institution=" + string(w.carriers[0].ID),
		"/disposals?clue=" + w.read(w.planter, "/disposals/"+string(w.planted["disposal"]), nil)["clue"].(string),
		"/disposals?batch=" + string(w.planted["batch"]),
		"/dossiers?record=" + string(w.planted["den"]),
		"/dens?state=dispatched",
	} {
		inside := w.ok(w.in[auth.Officer], call{method: http.MethodGet, path: path})
		if strings.HasPrefix(inside.body, `{"items":[]`) {
			t.Errorf("GET %s finds nothing here: the test proves nothing", path)
		}
		for _, role := range []auth.Role{auth.Officer, auth.Leader} {
			if got := w.ok(w.out[role], call{method: http.MethodGet, path: path}); !strings.HasPrefix(got.body, `{"items":[]`) {
				t.Errorf("%s of elsewhere, GET %s: %s", role, path, got.body)
			}
		}
	}
	// A region that is not one's own is refused aloud.
	for _, list := range []string{"reports", "clues", "lookups", "disposals", "dens", "dossiers", "figures/dens", "figures/institutions"} {
		for _, region := range []lanzha.Region{here, hereDistrict} {
			if got := w.do(w.out[auth.Officer], call{method: http.MethodGet, path: "/" + list + "?region=" + string(region)}); got.status != http.StatusForbidden {
				t.Errorf("GET /%s?region=%s from elsewhere: %d, want 403", list, region, got.status)
			}
		}
	}
}

// events follows the live events of an account from the beginning of the
// journal until a row that satisfies enough.
func (w *world) events(who *actor, enough func(api.Event) bool) []api.Event {
	w.t.Helper()
	ctx, stop := context.WithTimeout(w.t.Context(), patience)
	defer stop()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.base+api.Prefix+"/events?cursor=0.0.0", nil)
	must(w.t, err)
	got, err := who.http.Do(request)
	must(w.t, err)
	defer got.Body.Close()
	var out []api.Event
	lines := bufio.NewScanner(got.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || data == "{}" {
			continue
		}
		var e api.Event
		must(w.t, json.Unmarshal([]byte(data), &e))
		out = append(out, e)
		if enough(e) {
			return out
		}
	}
	w.t.Fatalf("the stream of %s ended before what it should bring: %v", who.role, lines.Err())
	return nil
}

// testEvents reads the whole stream as everybody who has one: each sees only
// rows of their own scope, and of the kinds that the table gives their role.
func testEvents(t *testing.T, w *world) {
	// The last row of each stream is of its reader's own scope.
	end := map[*actor]lanzha.ID{}
	hereReport, _ := w.report()
	var thereReport struct{ ID lanzha.ID }
	w.ok(w.out[auth.Officer], call{method: http.MethodPost, path: "/reports", body: fields{"type": "tip", "region": thereDistrict, "text": "外市警情"}}).into(t, &thereReport)
	for _, role := range []auth.Role{auth.Officer, auth.Analyst, auth.Leader} {
		end[w.in[role]], end[w.out[role]] = hereReport, thereReport.ID
	}
	_, end[w.in[auth.Responder]] = w.answered("云南省昆明市呈贡区景明南路901号")
	end[w.in[auth.Unit]], _ = w.den("analyse", "approve", "dispatch")
	table := kindsTable(t)
	for who, last := range end {
		seen := map[string]bool{}
		for _, e := range w.events(who, func(e api.Event) bool { return e.Record == last }) {
			seen[e.Kind] = true
			inScope := who.region.Contains(e.Region) && who.institution == "" || who.institution != "" && e.Institution == who.institution
			if !inScope {
				t.Errorf("%s of %s%s gets %s of region %q, institution %q", who.role, who.region, who.institution, e.Kind, e.Region, e.Institution)
			}
			if !slices.Contains(table[e.Kind], string(who.role)) {
				t.Errorf("%s gets %s, which testdata/kinds.txt does not give the role", who.role, e.Kind)
			}
			if who.region == there && len(w.leaks(string(e.Payload)+string(e.Record))) > 0 {
				t.Errorf("%s of elsewhere gets %s %s %s", who.role, e.Kind, e.Record, e.Payload)
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s sees nothing at all", who.role)
		}
	}
}

// testSharedClue looks at what two cities have in common: a clue that both
// were told of. Each sees that the other was there, and nothing of what it did.
func testSharedClue(t *testing.T, w *world) {
	clue, lookup := w.answered("云南省昆明市呈贡区景明南路902号1单元101室")
	value := w.read(w.planter, "/clues/"+string(clue), nil)["value"].(string)
	report, _ := w.made(w.planter, "/reports", fields{"type": "tip", "region": hereDistrict, "text": "来电号码" + strings.TrimPrefix(value, "+86")})
	w.read(w.planter, "/clues/"+string(clue), func(r fields) bool { return r["reports"].(float64) == 2 }) // the officer's word and the report
	w.ok(w.planter, call{method: http.MethodPost, path: "/disposals", body: w.request(clue)})
	dossier, v := w.dossier()
	w.ok(w.planter, call{method: http.MethodPost, path: "/dossiers/" + string(dossier) + "/links", version: v, body: fields{"record": clue, "kind": "clue"}})

	stranger := w.out[auth.Officer]
	if got := w.do(stranger, call{method: http.MethodGet, path: "/clues/" + string(clue)}); got.status != http.StatusNotFound {
		t.Fatalf("before the other city is told, it reads %d %s", got.status, got.body)
	}
	same, _ := w.made(stranger, "/clues", fields{"value": strings.TrimPrefix(value, "+86"), "region": thereDistrict})
	if same != clue {
		t.Fatalf("the other city opened %s, want the one clue of the value, %s", same, clue)
	}
	page := w.ok(stranger, call{method: http.MethodGet, path: "/clues/" + string(clue)})
	for what, secret := range map[string]string{
		"the report": string(report), "the lookup": string(lookup), "the address": "景明南路", "the asking officer": string(w.planter.id),
		"the purpose": "核查涉诈线索", "the person": "模拟乙", "the name of the officer": "同事",
	} {
		if strings.Contains(page.body, secret) {
			t.Errorf("the other city reads %s on the page of the clue: %s", what, page.body)
		}
	}
	var shown struct {
		Sources []struct{ ID lanzha.ID }
		Lookups []struct{ State string }
	}
	page.into(t, &shown)
	if len(shown.Sources) != 3 || len(shown.Lookups) != 1 || shown.Lookups[0].State != "answered" {
		t.Errorf("the other city should see three sources and one answered question: %s", page.body)
	}
	for _, secret := range []string{string(report), string(lookup), string(dossier), string(w.planter.id)} {
		if got := w.ok(stranger, call{method: http.MethodGet, path: "/clues/" + string(clue) + "/timeline"}); strings.Contains(got.body, secret) {
			t.Errorf("the timeline tells the other city of %s: %s", secret, got.body)
		}
	}
	for _, path := range []string{"/disposals?clue=", "/dossiers?record="} {
		if got := w.ok(stranger, call{method: http.MethodGet, path: path + string(clue)}); !strings.HasPrefix(got.body, `{"items":[]`) {
			t.Errorf("GET %s: %s", path, got.body)
		}
	}
	if got := w.do(stranger, call{method: http.MethodPost, path: "/lookups/" + string(lookup) + "/reveal", body: fields{"field": "subscriber.name", "purpose": "查看"}}); got.status != http.StatusNotFound {
		t.Errorf("the other city reveals the person: %d %s", got.status, got.body)
	}
}

// testDossierGraph follows the links of a dossier that reaches into another
// city: the record stays unread, and so do its rows.
func testDossierGraph(t *testing.T, w *world) {
	province := w.account(auth.Draft{Roles: []auth.Role{auth.Officer}, Region: here.Province()})
	dossier, v := w.made(w.out[auth.Officer], "/dossiers", fields{"title": "外市专档", "region": thereDistrict})
	link := func(who *actor, record lanzha.ID, kind string) answer {
		return w.do(who, call{method: http.MethodPost, path: "/dossiers/" + string(dossier) + "/links", version: v, body: fields{"record": record, "kind": kind}})
	}
	for _, kind := range []string{"report", "clue", "den", "dossier"} {
		if got := link(w.out[auth.Officer], w.planted[kind], kind); got.status != http.StatusNotFound {
			t.Errorf("the other city links our %s: %d %s", kind, got.status, got.body)
		}
	}
	// The province may; its officer sees both.
	for _, kind := range []string{"report", "den"} {
		if got := link(province, w.planted[kind], kind); got.status != http.StatusOK {
			t.Fatalf("the province links our %s: %d %s", kind, got.status, got.body)
		}
		v++
	}
	path := "/dossiers/" + string(dossier)
	if whole := w.ok(province, call{method: http.MethodGet, path: path}); !strings.Contains(whole.body, string(w.planted["report"])) || !strings.Contains(whole.body, string(w.planted["den"])) {
		t.Fatalf("the province should see both links: %s", whole.body)
	}
	for _, p := range []string{path, path + "/timeline"} {
		if got := w.ok(w.out[auth.Officer], call{method: http.MethodGet, path: p}); len(w.leaks(got.body)) > 0 || strings.Contains(got.body, "report.received") || strings.Contains(got.body, "den.suspected") {
			t.Errorf("GET %s tells the other city of %v: %s", p, w.leaks(got.body), got.body)
		}
	}
}

// testJournalOfLeaders reads the journal as those who inspect it, by every
// filter.
func testJournalOfLeaders(t *testing.T, w *world) {
	for _, role := range []auth.Role{auth.Leader, auth.Auditor} {
		for _, filter := range []string{"", "&kind=lookup.answered", "&record=" + string(w.planted["report"]), "&actor=" + string(w.planter.id)} {
			var got, inside struct{ Items []api.Event }
			w.ok(w.in[role], call{method: http.MethodGet, path: "/journal?limit=500" + filter}).into(t, &inside)
			if len(inside.Items) == 0 {
				t.Errorf("%s of here reads nothing with %q", role, filter)
			}
			w.ok(w.out[role], call{method: http.MethodGet, path: "/journal?limit=500" + filter}).into(t, &got)
			for _, row := range got.Items {
				if !there.Contains(row.Region) {
					t.Errorf("%s of elsewhere reads %s of region %q", role, row.Kind, row.Region)
				}
			}
		}
	}
}

// testSmallerScope proves that a district of the same city is as far away as
// another city.
func testSmallerScope(t *testing.T, w *world) {
	neighbour := w.account(auth.Draft{Roles: []auth.Role{auth.Officer}, Region: "530102"})
	own := w.account(auth.Draft{Roles: []auth.Role{auth.Officer}, Region: hereDistrict})
	for _, path := range []string{
		"/reports/" + string(w.planted["report"]), "/clues/" + string(w.planted["clue"]), "/lookups/" + string(w.planted["lookup"]), "/disposals/" + string(w.planted["disposal"]),
		"/dens/" + string(w.planted["den"]), "/dossiers/" + string(w.planted["dossier"]), "/platform/entries/" + string(w.planted["entry"]),
	} {
		if got := w.do(neighbour, call{method: http.MethodGet, path: path}); got.status != http.StatusNotFound {
			t.Errorf("the neighbour, GET %s: %d", path, got.status)
		}
		w.ok(own, call{method: http.MethodGet, path: path})
	}
	for _, path := range []string{"/reports", "/clues", "/lookups?state=answered", "/disposals?state=done", "/dens", "/dossiers"} {
		if got := w.ok(neighbour, call{method: http.MethodGet, path: path}); len(w.leaks(got.body)) > 0 {
			t.Errorf("the neighbour, GET %s: %s", path, got.body)
		}
		if got := w.ok(own, call{method: http.MethodGet, path: path}); len(w.leaks(got.body)) == 0 {
			t.Errorf("an officer of the district, GET %s, finds nothing: %s", path, got.body)
		}
	}
}

// testAKeyThatEnds proves that access ends with what gave it: a key that is
// revoked, an account that is disabled, a role that is taken.
func testAKeyThatEnds(t *testing.T, w *world) {
	a := w.account(auth.Draft{Roles: []auth.Role{auth.Officer}, Region: here})
	w.ok(a, call{method: http.MethodGet, path: "/reports"})
	stored := w.read(w.in[auth.Admin], "/accounts/"+string(a.id), nil)
	w.ok(w.in[auth.Admin], call{method: http.MethodPut, path: "/accounts/" + string(a.id), version: version(stored), body: fields{"name": "某人", "roles": []auth.Role{auth.Officer}, "region": here, "disabled": true}})
	if got := w.do(a, call{method: http.MethodGet, path: "/reports"}); got.status != http.StatusUnauthorized {
		t.Errorf("a disabled account lists reports: %d", got.status)
	}
	visitor := w.visitor()
	var key struct {
		ID  lanzha.ID
		Key string
	}
	w.ok(w.in[auth.Admin], call{method: http.MethodPost, path: "/accounts/" + string(visitor.id) + "/keys", body: fields{"name": "对接"}}).into(t, &key)
	byKey := func() int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base+api.Prefix+"/lookups", nil)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+key.Key)
		got, err := http.DefaultClient.Do(request)
		must(t, err)
		must(t, got.Body.Close())
		return got.StatusCode
	}
	if got := byKey(); got != http.StatusOK {
		t.Errorf("the key gets %d", got)
	}
	w.ok(w.in[auth.Admin], call{method: http.MethodDelete, path: "/accounts/" + string(visitor.id) + "/credentials/" + string(key.ID)})
	if got := byKey(); got != http.StatusUnauthorized {
		t.Errorf("the revoked key gets %d", got)
	}
}
