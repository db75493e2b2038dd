package penalty_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
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
	"lanzha/base/vault"
	"lanzha/know/policy"
	"lanzha/work/register"
	"lanzha/work/register/penalty"
)

var (
	schemas = []sqldb.Schema{journal.Schema(), api.Schema(), penalty.Schema()}
	noon    = time.Date(2026, 11, 25, 4, 0, 0, 0, time.UTC)
)

type fields = map[string]any

// library compiles the one pack that is needed.
var library = sync.OnceValues(func() (*policy.Library, error) {
	l := policy.NewLibrary()
	for _, files := range policy.ShippedFiles() {
		if strings.HasPrefix(files[0].Name, penalty.Pack) {
			p, err := policy.Parse(files...)
			if err != nil {
				return nil, err
			}
			return l, l.Add(p)
		}
	}
	return nil, errors.New("the pack is not shipped")
})

// house is the desk behind real HTTP; the header As names who calls.
type house struct {
	*testing.T
	db      *sqldb.DB
	journal *journal.Journal
	desk    *penalty.Desk
	url     string
	actors  map[string]auth.Actor
	etag    string
}

func open(t *testing.T, db *sqldb.DB) *house {
	t.Helper()
	now := func() time.Time { return noon }
	h := &house{T: t, db: db, journal: journal.New(db, now, nil), actors: map[string]auth.Actor{}}
	for i, a := range []auth.Actor{
		{Login: "officer", Roles: []auth.Role{auth.Officer}, Region: "530114"},
		{Login: "leader", Roles: []auth.Role{auth.Leader}, Region: "530100"},
		{Login: "other", Roles: []auth.Role{auth.Leader}, Region: "530100"},
		{Login: "stranger", Roles: []auth.Role{auth.Officer, auth.Leader}, Region: "520100"},
		{Login: "country", Roles: []auth.Role{auth.Leader}},
		{Login: "admin", Roles: []auth.Role{auth.Admin}},
	} {
		a.ID = lanzha.NewID(noon, [10]byte{byte(i + 1)})
		h.actors[a.Login] = a
	}
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	h.must(err)
	packs, err := library()
	h.must(err)
	h.desk = &penalty.Desk{
		Store: penalty.NewStore(v), DB: db, Journal: h.journal, IDs: lanzha.NewIDs(time.Now, nil), Now: now, Zone: time.FixedZone("CST", 8*3600), Law: register.Law(packs),
	}
	may := auth.NewDecider()
	a := api.New("test", may.Gate)
	h.desk.Mount(a, may)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if actor, ok := h.actors[r.Header.Get("As")]; ok {
			ctx = auth.WithActor(ctx, actor)
		}
		a.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(server.Close)
	h.url = server.URL + api.Prefix + "/register/penalties"
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) call(as, method, path, key string, want int, body, out any) string {
	h.Helper()
	text := ""
	if body != nil {
		b, err := json.Marshal(body)
		h.must(err)
		text = string(b)
	}
	r, err := http.NewRequestWithContext(h.Context(), method, h.url+path, strings.NewReader(text))
	h.must(err)
	r.Header.Set("As", as)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
		r.Header.Set("If-Match", key)
	}
	res, err := http.DefaultClient.Do(r)
	h.must(err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	h.must(err)
	if res.StatusCode != want {
		h.Fatalf("%s %s as %q: %d, want %d: %s", method, path, as, res.StatusCode, want, answer)
	}
	h.etag = res.Header.Get("ETag")
	if out != nil {
		h.must(json.Unmarshal(answer, out))
	}
	return string(answer)
}

// step posts to a penalty at the version that it has now.
func (h *house) step(as string, id lanzha.ID, verb string, want int, body any) string {
	h.Helper()
	h.call("country", http.MethodGet, "/"+string(id), "", 200, nil, nil)
	return h.call(as, http.MethodPost, "/"+string(id)+"/"+verb, h.etag, want, body, nil)
}

func (h *house) get(id lanzha.ID) (p penalty.PenaltyPage) {
	h.Helper()
	h.call("country", http.MethodGet, "/"+string(id), "", 200, nil, &p)
	return p
}

// draft is a SIM pool run for gains of 60,000 yuan, gravely: article 42.
func draft(change func(fields)) fields {
	d := fields{
		"region": "530114", "subject": fields{"kind": "individual", "name": "李某某", "number": "530102199003070016"},
		"facts":   fields{"conduct": "illegal_device", "endedOn": "2026-10-08", "gainsFen": 6_000_000, "grave": true, "crime": false},
		"account": "在出租屋内架设猫池两台、GOIP设备一台", "devices": []fields{{"kind": "sim_pool", "count": 2}, {"kind": "goip", "count": 1}},
		"fineFen": 12_000_000, "detentionDays": 10,
	}
	if change != nil {
		change(d)
	}
	return d
}

func (h *house) propose(change func(fields)) lanzha.ID {
	h.Helper()
	var p penalty.PenaltyPage
	h.call("officer", http.MethodPost, "", "", 201, draft(change), &p)
	return p.ID
}

func decision(no string, more fields) fields {
	d := fields{"fineFen": 12_000_000, "detentionDays": 10, "documentNo": no, "decidedOn": "2026-11-20"}
	for k, v := range more {
		d[k] = v
	}
	return d
}

// TestFromFactsToCourt goes the whole way of a penalty.
func TestFromFactsToCourt(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		var p penalty.PenaltyPage
		h.call("officer", http.MethodPost, "", "once", 201, draft(nil), &p)
		var again penalty.PenaltyPage
		h.call("officer", http.MethodPost, "", "once", 201, draft(nil), &again)
		if again.ID != p.ID {
			t.Error("a repeat made another penalty")
		}
		// What there is nothing of is an empty list, which a reader can walk.
		bare := h.call("officer", http.MethodPost, "", "", 201, draft(func(d fields) { delete(d, "devices") }), nil)
		if !strings.Contains(bare, `"devices":[]`) || !strings.Contains(bare, `"remedies":[]`) {
			t.Errorf("without devices and remedies it reads %s", bare)
		}
		want := penalty.Band{Article: "第四十二条", Authority: "police_or_regulator", ConfiscateFen: 6_000_000, FineMinFen: 6_000_000, FineMaxFen: 60_000_000, DetentionMaxDays: 15}
		if diff := cmp.Diff(want, p.Band); diff != "" {
			t.Errorf("the band (-want +got):\n%s", diff)
		}
		if p.State != penalty.Proposed || p.Name == "李某某" || p.Number == "530102199003070016" || p.Stands || !strings.Contains(string(p.Answer), `"row":"AF-24"`) || p.RegionName == "" {
			t.Errorf("the page reads %+v", p)
		}

		// Who proposed cannot decide, nor anybody elsewhere, nor without a number.
		h.actors["officer-leader"] = h.actors["officer"]
		both := h.actors["officer"]
		both.Roles = []auth.Role{auth.Officer, auth.Leader}
		h.actors["officer"] = both
		h.step("officer", p.ID, "decide", 403, decision("呈公反诈罚决字〔2026〕1号", nil))
		h.step("stranger", p.ID, "decide", 404, decision("呈公反诈罚决字〔2026〕1号", nil))
		h.step("leader", p.ID, "decide", 403, decision("", nil))
		h.call("leader", http.MethodPost, "/"+string(p.ID)+"/decide", "", 428, decision("一号", nil), nil)
		h.call("leader", http.MethodPost, "/"+string(p.ID)+"/decide", `"9"`, 409, decision("一号", nil), nil)

		// Outside the bands nothing is imposed.
		for _, c := range []struct {
			more  fields
			field string
		}{
			{fields{"fineFen": 60_000_001}, "body.fineFen"}, {fields{"fineFen": 5_999_999}, "body.fineFen"},
			{fields{"detentionDays": 16}, "body.detentionDays"},
			{fields{"decidedOn": "2026-11-26"}, "body.decidedOn"}, {fields{"decidedOn": "2026-10-07"}, "body.decidedOn"},
		} {
			if got := h.step("leader", p.ID, "decide", 422, decision("一号", c.more)); !strings.Contains(got, c.field) {
				t.Errorf("%v is refused by %s, want %s", c.more, got, c.field)
			}
		}
		h.step("leader", p.ID, "serve", 409, fields{"how": "direct", "on": "2026-11-21"})
		h.step("leader", p.ID, "decide", 200, decision("呈公反诈罚决字〔2026〕1号", fields{"opinion": "同意"}))
		h.step("other", p.ID, "decide", 409, decision("二号", nil))
		h.call("officer", http.MethodPut, "/"+string(p.ID), `"2"`, 409, fields{"facts": draft(nil)["facts"], "account": "改", "fineFen": 6_000_000, "detentionDays": 0}, nil)

		h.step("officer", p.ID, "serve", 422, fields{"how": "direct", "on": "2026-11-19"})
		h.step("officer", p.ID, "serve", 200, fields{"how": "direct", "on": "2026-11-21"})
		h.step("officer", p.ID, "serve", 409, fields{"how": "post", "on": "2026-11-22"})

		// Reconsideration changes it, the court revokes it.
		h.step("officer", p.ID, "remedies/suit", 409, fields{"outcome": "upheld", "decidedOn": "2026-11-24", "documentNo": "判1号"})
		h.step("officer", p.ID, "remedies", 200, fields{"kind": "reconsideration", "filedOn": "2026-11-22", "organ": "昆明市人民政府"})
		h.step("officer", p.ID, "remedies", 409, fields{"kind": "reconsideration", "filedOn": "2026-11-22", "organ": "昆明市人民政府"})
		h.step("officer", p.ID, "remedies/reconsideration", 422, fields{"outcome": "changed", "decidedOn": "2026-11-23", "documentNo": "复1号"})
		h.step("officer", p.ID, "remedies/reconsideration", 200, fields{"outcome": "changed", "decidedOn": "2026-11-23", "documentNo": "复1号", "changed": fields{"fineFen": 6_000_000, "detentionDays": 0}})
		if got := h.get(p.ID); got.Measure != (penalty.Measure{FineFen: 6_000_000}) || !got.Stands || got.Confiscate != 6_000_000 || *got.Decided != (penalty.Measure{FineFen: 12_000_000, DetentionDays: 10}) {
			t.Errorf("after reconsideration it reads %+v", got.PenaltyBody)
		}
		h.step("officer", p.ID, "remedies", 200, fields{"kind": "suit", "filedOn": "2026-11-23", "organ": "昆明铁路运输法院"})
		h.step("officer", p.ID, "remedies/suit", 200, fields{"outcome": "revoked", "decidedOn": "2026-11-24", "documentNo": "判1号"})
		got := h.get(p.ID)
		if got.Measure != (penalty.Measure{}) || got.Stands || got.Confiscate != 0 || len(got.Remedies) != 2 {
			t.Errorf("after the judgment it reads %+v", got.PenaltyBody)
		}
		kinds := []string{}
		for _, e := range got.Timeline {
			kinds = append(kinds, e.Kind)
			if text := string(e.Payload); strings.Contains(text, "李某某") || strings.Contains(text, "5301021990") {
				t.Errorf("the journal holds personal data: %s", text)
			}
		}
		if diff := cmp.Diff([]string{"penalty.reviewed", "penalty.contested", "penalty.reviewed", "penalty.contested", "penalty.served", "penalty.decided", "penalty.proposed"}, kinds); diff != "" {
			t.Errorf("the timeline (-want +got):\n%s", diff)
		}
	})
}

// TestNothingIsAssumed: what the law needs and nobody knows is named, and what
// is not the police's to punish is not.
func TestNothingIsAssumed(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		for _, c := range []struct {
			name   string
			change func(fields)
			want   int
			says   string
		}{
			{"gains not known", func(d fields) { delete(d["facts"].(fields), "gainsFen") }, 422, "body.facts.gainsFen"},
			{"gravity not known", func(d fields) { delete(d["facts"].(fields), "grave") }, 422, "body.facts.grave"},
			{"a crime", func(d fields) {
				d["facts"] = fields{"conduct": "fraud_activity", "endedOn": "2026-10-08", "crime": true, "gainsFen": 0}
			}, 409, "body.facts.crime"},
			{"before the law", func(d fields) { d["facts"].(fields)["endedOn"] = "2022-11-30" }, 422, "body.facts.endedOn"},
			{"in the future", func(d fields) { d["facts"].(fields)["endedOn"] = "2026-11-26" }, 422, "body.facts.endedOn"},
			{"an operator's duty", func(d fields) { d["facts"].(fields)["conduct"] = "telecom_duty" }, 422, "body.facts.conduct"},
			{"no such region", func(d fields) { d["region"] = "539999" }, 422, "body.region"},
			{"another city", func(d fields) { d["region"] = "520102" }, 404, "no such"},
			{"a slip in the number", func(d fields) { d["subject"].(fields)["number"] = "530102199003070017" }, 422, "body.subject.number"},
			{"a device twice", func(d fields) { d["devices"] = []fields{{"kind": "goip", "count": 1}, {"kind": "goip", "count": 2}} }, 422, "body.devices"},
			{"a fine below one times the gains", func(d fields) { d["fineFen"] = 5_999_999 }, 422, "body.fineFen"},
			{"too few days by article 38", func(d fields) {
				d["facts"] = fields{"conduct": "fraud_activity", "endedOn": "2026-10-08", "crime": false, "gainsFen": 0}
				d["fineFen"], d["detentionDays"] = 5_000_000, 9
			}, 422, "body.detentionDays"},
			{"a unit detained", func(d fields) {
				d["subject"] = fields{"kind": "unit", "name": "模拟科技有限公司", "number": "91530100MA6K0TEAT6"}
			}, 422, "body."},
		} {
			if got := h.call("officer", http.MethodPost, "", "", c.want, draft(c.change), nil); !strings.Contains(got, c.says) || strings.Contains(got, "5301021990") {
				t.Errorf("%s: %s, want %q", c.name, got, c.says)
			}
		}
		if page := (api.List[penalty.PenaltyBody]{}); true {
			h.call("country", http.MethodGet, "", "", 200, nil, &page)
			if len(page.Items) != 0 {
				t.Errorf("what was refused is kept: %+v", page.Items)
			}
		}
		// A preview says the same without keeping anything.
		var out struct {
			Band   *penalty.Band
			Answer policy.Answer
		}
		h.call("officer", http.MethodPost, "/preview", "", 200, fields{"kind": "individual", "region": "530114", "facts": fields{"conduct": "trade_rent_lend", "endedOn": "2026-10-08", "grave": false}}, &out)
		if out.Band != nil || !cmp.Equal(out.Answer.Missing, []string{"gainsFen"}) {
			t.Errorf("without gains the preview reads %+v, missing %v", out.Band, out.Answer.Missing)
		}
		h.call("officer", http.MethodPost, "/preview", "", 200, fields{"kind": "individual", "region": "530114", "facts": fields{"conduct": "trade_rent_lend", "endedOn": "2026-10-08", "grave": false, "gainsFen": 1_999_999}}, &out)
		if out.Band == nil || *out.Band != (penalty.Band{Article: "第四十四条", Authority: "police", ConfiscateFen: 1_999_999, FineMaxFen: 20_000_000}) {
			t.Errorf("with gains the preview reads %+v", out.Band)
		}
	})
}

// TestListsSearchesAndSecrets: each sees their own, by the whole number and on
// a purpose.
func TestListsSearchesAndSecrets(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		ids := []lanzha.ID{}
		for range 5 {
			ids = append(ids, h.propose(nil))
		}
		h.step("leader", ids[4], "refuse", 422, fields{"opinion": " "})
		h.step("leader", ids[4], "refuse", 200, fields{"opinion": "证据不足"})
		list := func(as, query string) (got []lanzha.ID) {
			h.Helper()
			for cursor := ""; ; {
				var page api.List[penalty.PenaltyBody]
				h.call(as, http.MethodGet, "?limit=2&cursor="+cursor+query, "", 200, nil, &page)
				for _, p := range page.Items {
					got = append(got, p.ID)
				}
				if cursor = page.Next; cursor == "" {
					return got
				}
			}
		}
		for _, c := range []struct {
			as, query string
			want      []lanzha.ID
		}{
			{"officer", "", []lanzha.ID{ids[4], ids[3], ids[2], ids[1], ids[0]}},
			{"leader", "&state=proposed", []lanzha.ID{ids[3], ids[2], ids[1], ids[0]}},
			{"country", "&state=refused&region=530000", []lanzha.ID{ids[4]}},
			{"country", "&conduct=trade_rent_lend", nil},
			{"stranger", "", nil},
		} {
			if diff := cmp.Diff(c.want, list(c.as, c.query)); diff != "" {
				t.Errorf("%s lists %q (-want +got):\n%s", c.as, c.query, diff)
			}
		}
		h.call("stranger", http.MethodGet, "?region=530100", "", 403, nil, nil)
		h.call("stranger", http.MethodGet, "/"+string(ids[0]), "", 404, nil, nil)
		h.call("admin", http.MethodGet, "", "", 403, nil, nil)

		search := func(as, number string) int {
			h.Helper()
			var page api.List[penalty.PenaltyBody]
			h.call(as, http.MethodPost, "/search", "", 200, fields{"number": number, "purpose": "核对前科"}, &page)
			return len(page.Items)
		}
		if a, b, c := search("officer", "5301 0219 9003 070016"), search("stranger", "530102199003070016"), search("officer", "530102199003070032"); a != 5 || b != 0 || c != 0 {
			t.Errorf("searches find %d, %d and %d, want 5, 0 and 0", a, b, c)
		}
		h.call("officer", http.MethodPost, "/search", "", 403, fields{"number": "530102199003070016", "purpose": ""}, nil)
		var shown api.Revealed
		h.call("officer", http.MethodPost, "/"+string(ids[0])+"/reveal", "", 403, fields{"field": "number", "purpose": ""}, nil)
		h.call("officer", http.MethodPost, "/"+string(ids[0])+"/reveal", "", 200, fields{"field": "number", "purpose": "制作决定书"}, &shown)
		if shown.Value != "530102199003070016" {
			t.Errorf("revealed %q", shown.Value)
		}
		rows, err := h.journal.Timeline(t.Context(), db.Read(), ids[0], 0, 9)
		h.must(err)
		if len(rows) != 3 || rows[0].Kind != "penalty.revealed" || rows[0].Purpose != "制作决定书" || rows[1].Kind != "penalty.searched" || rows[1].Purpose != "核对前科" {
			t.Errorf("the journal says %+v", rows)
		}
		// Nothing of the person lies in the table in the clear.
		stored, err := sqldb.All(t.Context(), db.Read(), sqldb.Value[string], `SELECT name || number || account || opinion || facts || answer FROM penalty`)
		h.must(err)
		for _, text := range stored {
			if strings.Contains(text, "李某某") || strings.Contains(text, "530102199003070016") || strings.Contains(text, "出租屋") || strings.Contains(text, "证据不足") {
				t.Errorf("the table holds in the clear: %s", text)
			}
		}
	})
}

// TestTotals sums what was decided by conduct, region and month, as it stands.
func TestTotals(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		decided := func(month, region string, more func(fields), revoke bool) {
			h.Helper()
			id := h.proposeAs("country", func(d fields) {
				d["region"] = region
				d["facts"].(fields)["endedOn"] = "2026-07-01"
				if more != nil {
					more(d)
				}
			})
			p := h.get(id)
			h.step("other2", id, "decide", 200, decision("决1号", fields{"decidedOn": month + "-15", "fineFen": p.Proposed.FineFen, "detentionDays": p.Proposed.DetentionDays}))
			if revoke {
				h.step("country", id, "remedies", 200, fields{"kind": "suit", "filedOn": month + "-16", "organ": "法院"})
				h.step("country", id, "remedies/suit", 200, fields{"outcome": "revoked", "decidedOn": month + "-17", "documentNo": "判1号"})
			}
		}
		h.actors["other2"] = auth.Actor{ID: lanzha.NewID(noon, [10]byte{77}), Login: "other2", Roles: []auth.Role{auth.Leader}}
		traded := func(d fields) {
			d["facts"] = fields{"conduct": "trade_rent_lend", "endedOn": "2026-07-01", "gainsFen": 0, "grave": false}
			d["fineFen"], d["detentionDays"], d["devices"] = 100_000, 0, []fields{{"kind": "phone_card", "count": 7}}
		}
		decided("2026-09", "530114", nil, false)
		decided("2026-09", "530102", nil, true)
		decided("2026-10", "530114", traded, false)
		decided("2026-10", "520102", traded, false)
		decided("2026-11", "530300", traded, false)
		h.propose(nil) // not decided: in no sum

		device := penalty.Total{Penalties: 2, Revoked: 1, Detained: 1, DetentionDays: 10, FineFen: 12_000_000, ConfiscateFen: 6_000_000, Devices: map[penalty.DeviceKind]int64{"sim_pool": 4, "goip": 2}}
		cards := func(key string, n int64) penalty.Total {
			return penalty.Total{Key: key, Penalties: n, FineFen: lanzha.Fen(100_000 * n), Devices: map[penalty.DeviceKind]int64{"phone_card": 7 * n}}
		}
		keyed := func(key string) penalty.Total { t := device; t.Key = key; return t }
		yunnan, kunming, chenggong := device, device, device
		yunnan.Key, yunnan.Penalties, yunnan.FineFen, yunnan.Devices = "530000", 4, 12_200_000, map[penalty.DeviceKind]int64{"sim_pool": 4, "goip": 2, "phone_card": 14}
		kunming.Key, kunming.Penalties, kunming.FineFen, kunming.Devices = "530100", 3, 12_100_000, map[penalty.DeviceKind]int64{"sim_pool": 4, "goip": 2, "phone_card": 7}
		chenggong.Key, chenggong.Revoked, chenggong.FineFen, chenggong.Devices = "530114", 0, 12_100_000, map[penalty.DeviceKind]int64{"sim_pool": 2, "goip": 1, "phone_card": 7}
		wuhua := penalty.Total{Key: "530102", Penalties: 1, Revoked: 1, Devices: map[penalty.DeviceKind]int64{"sim_pool": 2, "goip": 1}}
		for _, c := range []struct {
			as, query string
			want      []penalty.Total
		}{
			{"country", "from=2026-01&until=2026-12&by=conduct", []penalty.Total{keyed("illegal_device"), cards("trade_rent_lend", 3)}},
			{"country", "from=2026-01&until=2026-12&by=month", []penalty.Total{keyed("2026-09"), cards("2026-10", 2), cards("2026-11", 1)}},
			{"country", "from=2026-10&until=2026-10&by=month", []penalty.Total{cards("2026-10", 2)}},
			{"country", "from=2026-01&until=2026-12&by=region", []penalty.Total{cards("520000", 1), yunnan}},
			{"country", "from=2026-01&until=2026-12&by=region&region=530000", []penalty.Total{kunming, cards("530300", 1)}},
			{"leader", "from=2026-01&until=2026-12&by=region", []penalty.Total{wuhua, chenggong}},
			{"country", "from=2026-01&until=2026-12&by=region&region=530300", []penalty.Total{cards("530300", 1)}},
			{"leader", "from=2026-01&until=2026-12&by=conduct&conduct=trade_rent_lend", []penalty.Total{cards("trade_rent_lend", 1)}},
			{"officer", "from=2026-10&until=2026-12&by=region", []penalty.Total{cards("530114", 1)}},
			{"stranger", "from=2026-01&until=2026-12&by=conduct", []penalty.Total{cards("trade_rent_lend", 1)}},
			{"stranger", "from=2025-01&until=2025-12&by=conduct", []penalty.Total{}},
		} {
			var out struct{ Items []penalty.Total }
			h.call(c.as, http.MethodGet, "/totals?"+c.query, "", 200, nil, &out)
			if diff := cmp.Diff(c.want, out.Items); diff != "" {
				t.Errorf("%s sums %s (-want +got):\n%s", c.as, c.query, diff)
			}
		}
		h.call("stranger", http.MethodGet, "/totals?from=2026-01&until=2026-12&by=conduct&region=530000", "", 403, nil, nil)
		h.call("country", http.MethodGet, "/totals?from=2026-12&until=2026-01&by=conduct", "", 422, nil, nil)
		h.call("country", http.MethodGet, "/totals?from=2026&until=2026-01&by=conduct", "", 422, nil, nil)
	})
}

func (h *house) proposeAs(as string, change func(fields)) lanzha.ID {
	h.Helper()
	var p penalty.PenaltyPage
	h.call(as, http.MethodPost, "", "", 201, draft(change), &p)
	return p.ID
}
