package duty_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
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
	"lanzha/base/vault"
	"lanzha/work/duty"
)

var schemas = []sqldb.Schema{journal.Schema(), api.Schema(), duty.Schema()}

// served is the roster behind real HTTP; the header As names who calls.
type served struct {
	*testing.T
	roster *duty.Roster
	url    string
	actors map[string]auth.Actor
	etag   string // of the last answer
}

// serve opens the roster at noon of the day.
func serve(t *testing.T, db *sqldb.DB) *served {
	keys, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return hour(12) }
	s := &served{T: t, actors: map[string]auth.Actor{}, roster: duty.New(db, journal.New(db, now, nil), keys, now, lanzha.NewIDs(now, nil), zone)}
	for i, a := range []auth.Actor{
		{Login: "leader", Roles: []auth.Role{auth.Leader}, Region: "530100"},
		{Login: "officer", Roles: []auth.Role{auth.Officer}, Region: "530114"},
		{Login: "country", Roles: []auth.Role{auth.Admin}},
	} {
		a.ID = accounts[i]
		s.actors[a.Login] = a
	}
	decider := auth.NewDecider()
	a := api.New("test", decider.Gate)
	s.roster.Mount(a, decider)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if actor, ok := s.actors[r.Header.Get("As")]; ok {
			ctx = auth.WithActor(ctx, actor)
		}
		a.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + api.Prefix
	return s
}

func (s *served) call(as, method, path, version string, want int, body, out any) {
	s.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	if body == nil {
		text = nil
	}
	r, err := http.NewRequestWithContext(s.Context(), method, s.url+path, strings.NewReader(string(text)))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("As", as)
	r.Header.Set("Content-Type", "application/json")
	if version != "" {
		r.Header.Set("If-Match", `"`+version+`"`)
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

func list(region, day string, turns ...duty.Entry) map[string]any {
	entries := []map[string]any{}
	for _, e := range turns {
		entries = append(entries, map[string]any{"account": e.Account, "role": e.Role, "from": e.From, "to": e.To, "phone": e.Phone})
	}
	return map[string]any{"region": region, "day": day, "entries": entries}
}

func TestOperations(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		officer := turn(0, duty.Officer, 8, 24)
		officer.Phone = "0871-60000000"
		var got duty.Body
		s.call("leader", "PUT", "/duty", "", 428, list("530100", "2026-11-22", officer), nil)
		s.call("leader", "PUT", "/duty", "0", 200, list("530100", "2026-11-22", officer, turn(1, duty.Leader, 0, 24)), &got)
		if got.Version != 1 || s.etag != `"1"` || len(got.Entries) != 2 || got.RegionName != "云南省昆明市" ||
			len(got.Remarks) != 1 || got.Remarks[0].ZH != "11-22 00:00–08:00 没有值班民警" {
			t.Errorf("list: %+v", got)
		}
		s.call("leader", "PUT", "/duty", "0", 409, list("530100", "2026-11-22"), nil)
		s.call("leader", "PUT", "/duty", "1", 200, list("530100", "2026-11-22", officer), &got)
		s.call("leader", "PUT", "/duty", "1", 409, list("530100", "2026-11-22"), nil)
		if got.Version != 2 || len(got.Entries) != 1 {
			t.Errorf("replaced: %+v", got)
		}

		s.call("officer", "PUT", "/duty", "0", 403, list("530114", "2026-11-22"), nil)
		s.call("leader", "PUT", "/duty", "0", 404, list("530300", "2026-11-22"), nil)
		s.call("leader", "PUT", "/duty", "0", 404, list("", "2026-11-22"), nil)
		s.call("leader", "PUT", "/duty", "0", 422, list("999999", "2026-11-22"), nil)
		s.call("leader", "PUT", "/duty", "0", 409, list("530100", "2026-11-21"), nil)
		for field, bad := range map[string]map[string]any{
			"day":                list("530100", "2026-02-30"),
			"entries[0].from":    list("530100", "2026-11-23", turn(0, duty.Officer, 8, 24)),
			"entries[0].to":      list("530100", "2026-11-22", turn(0, duty.Officer, 8, 57)),
			"entries[0].account": list("530100", "2026-11-22", duty.Entry{Account: "somebody-with-26-letters!!", Role: duty.Officer, From: hour(1), To: hour(2)}),
		} {
			var p api.Problem
			s.call("leader", "PUT", "/duty", "0", 422, bad, &p)
			if len(p.Errors) != 1 || p.Errors[0].Location != field {
				t.Errorf("a bad %s: %+v", field, p)
			}
		}

		s.call("country", "PUT", "/duty", "0", 200, list("", "2026-11-22", turn(2, duty.Leader, 0, 24)), nil)
		s.call("leader", "PUT", "/duty", "0", 200, list("530114", "2026-11-23"), nil)
		var days struct{ Items []duty.Body }
		for query, want := range map[string][]string{
			"":                               {}, // the officer's own district, today
			"?region=530100":                 {"2026-11-22 530100"},
			"?from=2026-11-20&to=2026-12-20": {"2026-11-23 530114"},
			"?to=2026-12-20&region=530000":   {"2026-11-22 530100", "2026-11-23 530114"},
			"?from=2026-11-23&region=530000": {"2026-11-23 530114"},
		} {
			s.call("officer", "GET", "/duty"+query, "", 200, nil, &days)
			found := []string{}
			for _, d := range days.Items {
				found = append(found, d.Day+" "+string(d.Region))
			}
			if diff := cmp.Diff(want, found); diff != "" {
				t.Errorf("%s: %s", query, diff)
			}
		}
		s.call("officer", "GET", "/duty?from=2026-01-01&to=2026-12-31", "", 422, nil, nil)
		s.call("officer", "GET", "/duty?from=x", "", 422, nil, nil)

		var now struct{ Items []duty.Present }
		s.call("officer", "GET", "/duty/now", "", 200, nil, &now)
		if len(now.Items) != 2 || now.Items[0].Region != "530100" || now.Items[0].Turns[0].Phone != "0871-60000000" ||
			now.Items[1].Region != "" || now.Items[1].Turns[0].Account != accounts[2] {
			t.Errorf("now: %+v", now.Items)
		}
		stored, err := sqldb.One(t.Context(), db.Read(), "phone", sqldb.Value[string], `SELECT phone FROM duty_entry WHERE role = 'officer'`)
		if err != nil || stored == "" || strings.Contains(stored, "60000000") {
			t.Errorf("the phone lies in the database as %q, %v", stored, err)
		}
		rows, err := journal.New(db, time.Now, nil).Timeline(t.Context(), db.Read(), got.ID, 0, 9)
		if err != nil || len(rows) != 2 || rows[0].Kind != "duty.changed" || rows[0].Actor != accounts[0] || rows[0].Version != 2 {
			t.Errorf("timeline: %+v, %v", rows, err)
		}
	})
}

func TestOnDutyFallsBackUpward(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		put := func(region string, turns ...duty.Entry) {
			t.Helper()
			s.call("country", "PUT", "/duty", "0", 200, list(region, "2026-11-22", turns...), nil)
		}
		put("530114", turn(0, duty.Officer, 8, 18))
		put("530100", turn(1, duty.Officer, 0, 24), turn(0, duty.Officer, 20, 44))
		put("", turn(2, duty.Leader, 0, 24))
		for _, c := range []struct {
			name   string
			region lanzha.Region
			role   duty.Role
			hour   int
			want   []lanzha.ID
		}{
			{"the district's own", "530114", duty.Officer, 12, accounts[:1]},
			{"from the first instant", "530114", duty.Officer, 8, accounts[:1]},
			{"not at the last: the city's", "530114", duty.Officer, 18, accounts[1:2]},
			{"two of the city", "530114", duty.Officer, 21, []lanzha.ID{accounts[1], accounts[0]}},
			{"far into a turn begun the day before", "530100", duty.Officer, 43, accounts[:1]},
			{"the centre's leader", "530114", duty.Leader, 12, accounts[2:]},
			{"another province has the centre alone", "440100", duty.Officer, 12, []lanzha.ID{}},
			{"of an unknown region the centre's", "", duty.Leader, 12, accounts[2:]},
		} {
			got, err := s.roster.OnDuty(t.Context(), db.Read(), c.region, c.role, hour(c.hour))
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Errorf("%s: %s %v", c.name, diff, err)
			}
		}
	})
}
