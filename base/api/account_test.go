package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/base/vault"
)

// desk is a browser at a server that has accounts and nothing else.
type desk struct {
	t      *testing.T
	base   string
	client *http.Client
}

// office starts a server with its first administrator, who has signed in and
// chosen a password.
func office(t *testing.T, db *sqldb.DB, provider auth.OIDC) (*desk, *api.API, *auth.Auth) {
	t.Helper()
	now := func() time.Time { return time.Date(2023, 2, 20, 1, 0, 0, 0, time.UTC) }
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keyset.json")})
	if err != nil {
		t.Fatal(err)
	}
	accounts := auth.New(db, journal.New(db, now, nil), v, lanzha.NewIDs(now, nil), now, auth.Options{Problem: api.WriteProblem, OIDC: provider})
	a := api.New("test", accounts.Gate)
	api.MountSession(a, accounts)
	api.MountAccounts(a, accounts)
	server := httptest.NewServer(accounts.Middleware(a))
	t.Cleanup(server.Close)
	d := (&desk{t: t, base: server.URL + api.Prefix}).fresh()
	login, password, err := accounts.Bootstrap(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	d.send(200, "POST", "/session", map[string]any{"login": login, "password": password})
	d.send(204, "POST", "/me/password", map[string]any{"current": password, "next": "correct horse battery"})
	return d, a, accounts
}

// fresh is another browser at the same server.
func (d *desk) fresh() *desk {
	jar, err := cookiejar.New(nil)
	if err != nil {
		d.t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	d.t.Cleanup(client.CloseIdleConnections)
	return &desk{d.t, d.base, client}
}

// send sends a JSON body (nil is none) and wants a status; header pairs follow.
func (d *desk) send(want int, method, path string, body any, header ...string) map[string]any {
	d.t.Helper()
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			d.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, d.base+path, reader)
	if err != nil {
		d.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := d.client.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if res.StatusCode != want {
		d.t.Fatalf("%s %s: %d %s, want %d", method, path, res.StatusCode, text, want)
	}
	out := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &out); err != nil {
			d.t.Fatalf("%s: %v", text, err)
		}
	}
	return out
}

func (d *desk) wrong(status int, location, method, path string, body any, header ...string) {
	d.t.Helper()
	problem := d.send(status, method, path, body, header...)
	text, _ := json.Marshal(problem["errors"])
	if location != "" && !strings.Contains(string(text), `"location":"`+location+`"`) {
		d.t.Errorf("%s %s names %s, want %s", method, path, text, location)
	}
}

var accountSchemas = []sqldb.Schema{journal.Schema(), auth.Schema(), api.Schema()}

func TestAccountsOverHTTP(t *testing.T) {
	sqltest.Run(t, accountSchemas, func(t *testing.T, db *sqldb.DB) {
		admin, _, _ := office(t, db, auth.OIDC{})
		stranger := admin.fresh()
		stranger.wrong(401, "", "GET", "/me", nil)
		stranger.wrong(401, "", "GET", "/accounts", nil)
		stranger.wrong(401, "", "POST", "/session", map[string]any{"login": "admin", "password": "guess"})
		stranger.wrong(422, "body.login", "POST", "/session", map[string]any{"login": "", "password": "guess"})
		if ways := stranger.send(200, "GET", "/session", nil); ways["oidc"] != false {
			t.Errorf("%v", ways)
		}
		stranger.send(404, "GET", "/session/oidc", nil)
		if me := admin.send(200, "GET", "/me", nil); me["login"] != "admin" || me["mustChangePassword"] != false || me["via"] != "session" {
			t.Errorf("%v", me)
		}

		// One creation for one key, and the one-time password in its first answer alone.
		draft := map[string]any{"login": "liwei", "name": "李伟", "roles": []string{"officer"}, "region": "530114", "institution": "", "disabled": false}
		made := admin.send(201, "POST", "/accounts", draft, "Idempotency-Key", "k1")
		again := admin.send(201, "POST", "/accounts", draft, "Idempotency-Key", "k1")
		if made["id"] != again["id"] || made["password"] == nil || again["password"] != nil {
			t.Fatalf("%v, then %v", made, again)
		}
		kept, err := sqldb.All(context.Background(), db.Read(), sqldb.Value[string], `SELECT response FROM api_once`)
		if err != nil || strings.Contains(strings.Join(kept, ""), made["password"].(string)) {
			t.Errorf("the one-time password is kept: %v", err)
		}
		admin.wrong(409, "body.login", "POST", "/accounts", draft, "Idempotency-Key", "k2")
		draft["login"], draft["password"] = "wangfang", "short"
		admin.wrong(422, "body.password", "POST", "/accounts", draft)
		draft["password"] = "chosen by the admin"
		if chosen := admin.send(201, "POST", "/accounts", draft); chosen["password"] != nil {
			t.Errorf("a chosen password is echoed: %v", chosen)
		}
		draft["roles"] = []string{"emperor"}
		admin.wrong(422, "body.roles", "POST", "/accounts", draft)
		first := admin.send(200, "GET", "/accounts?limit=2", nil)
		second := admin.send(200, "GET", "/accounts?limit=2&cursor="+first["next"].(string), nil)
		if len(first["items"].([]any)) != 2 || len(second["items"].([]any)) != 1 || second["next"] != "" {
			t.Errorf("pages %v and %v", first, second)
		}

		// The officer's day.
		path := "/accounts/" + made["id"].(string)
		officer := admin.fresh()
		if me := officer.send(200, "POST", "/session", map[string]any{"login": "liwei", "password": made["password"]}); me["mustChangePassword"] != true {
			t.Errorf("%v", me)
		}
		officer.wrong(422, "body.current", "POST", "/me/password", map[string]any{"current": "guess", "next": "correct horse battery"})
		officer.wrong(422, "body.next", "POST", "/me/password", map[string]any{"current": made["password"], "next": "short"})
		officer.send(204, "POST", "/me/password", map[string]any{"current": made["password"], "next": "correct horse battery"})
		officer.wrong(403, "", "GET", "/accounts", nil)
		officer.wrong(403, "", "GET", path, nil) // forbidden, not missing: the gate asks the role before any record
		officer.wrong(403, "", "GET", "/accounts/01KB3V6N0Q8V4Y2ZC5T7R9WXHD", nil)
		officer.wrong(422, "body.totp", "PUT", "/me/totp", map[string]any{"totp": "1"})
		if offer := officer.send(200, "POST", "/me/totp", nil); !strings.HasPrefix(offer["address"].(string), "otpauth://totp/") {
			t.Errorf("%v", offer)
		}
		officer.wrong(422, "body.totp", "PUT", "/me/totp", map[string]any{"totp": "000000"})
		officer.send(409, "DELETE", "/me/totp", map[string]any{"totp": "000000"})

		// Changes take the version that was read.
		draft = map[string]any{"login": "ignored", "name": "李伟", "roles": []string{"officer", "analyst"}, "region": "530114"}
		admin.wrong(428, "header.If-Match", "PUT", path, draft)
		admin.wrong(409, "", "PUT", path, draft, "If-Match", `"1"`)
		now := admin.send(200, "GET", path, nil)
		etag := api.ETag(int64(now["version"].(float64)))
		changed := admin.send(200, "PUT", path, draft, "If-Match", etag)
		if changed["login"] != "liwei" || len(changed["roles"].([]any)) != 2 {
			t.Errorf("%v", changed)
		}
		officer.send(401, "GET", "/me", nil) // new roles ask for signing in again
		officer.send(200, "POST", "/session", map[string]any{"login": "liwei", "password": "correct horse battery"})
		admin.wrong(428, "", "POST", path+"/password", map[string]any{})
		reset := admin.send(200, "POST", path+"/password", map[string]any{}, "If-Match", api.ETag(int64(changed["version"].(float64))))
		officer.send(401, "GET", "/me", nil)
		officer.send(200, "POST", "/session", map[string]any{"login": "liwei", "password": reset["password"]})
		officer.send(204, "DELETE", "/session", nil)
		officer.send(401, "GET", "/me", nil)
	})
}

func TestKeysOverHTTP(t *testing.T) {
	sqltest.Run(t, accountSchemas, func(t *testing.T, db *sqldb.DB) {
		admin, _, _ := office(t, db, auth.OIDC{})
		bank := admin.send(201, "POST", "/accounts", map[string]any{
			"login": "bank-a", "name": "某银行", "roles": []string{"responder"}, "region": "530100", "institution": "01KB3V6N0Q8V4Y2ZC5T7R9WXHD",
		})
		path := "/accounts/" + bank["id"].(string)
		made := admin.send(201, "POST", path+"/keys", map[string]any{"name": "gateway"}, "Idempotency-Key", "k1")
		again := admin.send(201, "POST", path+"/keys", map[string]any{"name": "gateway"}, "Idempotency-Key", "k1")
		if made["id"] != again["id"] || again["key"] != nil {
			t.Fatalf("%v, then %v", made, again)
		}
		admin.wrong(422, "body.expiresAt", "POST", path+"/keys", map[string]any{"name": "old", "expiresAt": "2020-01-01T00:00:00Z"})
		admin.wrong(422, "body.certificate", "POST", path+"/certificates", map[string]any{"name": "gateway", "certificate": "x"})
		bearer := "Bearer " + made["key"].(string)
		program := admin.fresh()
		if me := program.send(200, "GET", "/me", nil, "Authorization", bearer); me["via"] != "key" || me["login"] != "bank-a" {
			t.Errorf("%v", me)
		}
		program.wrong(403, "", "GET", "/accounts", nil, "Authorization", bearer)
		list := admin.send(200, "GET", path+"/credentials", nil)["items"].([]any)
		if len(list) != 1 || strings.Contains(made["key"].(string)[10:], list[0].(map[string]any)["shown"].(string)) {
			t.Errorf("%v", list)
		}
		revoke := path + "/credentials/" + made["id"].(string)
		admin.send(204, "DELETE", revoke, nil)
		admin.send(409, "DELETE", revoke, nil)
		program.send(401, "GET", "/me", nil, "Authorization", bearer)
	})
}

func TestEveryOperationNamesAKnownAction(t *testing.T) {
	_, a, accounts := office(t, sqltest.OpenSQLite(t, accountSchemas...), auth.OIDC{})
	if len(a.Operations()) < 15 {
		t.Fatalf("only %d operations were registered", len(a.Operations()))
	}
	for _, op := range a.Operations() {
		if known := slices.Contains(accounts.Actions(), op.Action); known == op.Public {
			t.Errorf("%s %s: action %q, public %v", op.Method, op.Path, op.Action, op.Public)
		}
	}
}

// What the provider answers is tried in package auth; here is the way there
// and back.
func TestIdentityProviderOverHTTP(t *testing.T) {
	var issuer *httptest.Server
	issuer = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"issuer": issuer.URL, "authorization_endpoint": issuer.URL + "/auth", "token_endpoint": issuer.URL + "/token", "jwks_uri": issuer.URL + "/keys",
		})
	}))
	t.Cleanup(issuer.Close)
	admin, _, _ := office(t, sqltest.OpenSQLite(t, accountSchemas...), auth.OIDC{Issuer: issuer.URL, ClientID: "lanzha", Claim: "preferred_username"})
	guest := admin.fresh()
	if ways := guest.send(200, "GET", "/session", nil); ways["oidc"] != true {
		t.Errorf("%v", ways)
	}
	res, err := guest.client.Get(guest.base + "/session/oidc")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	to, err := res.Location()
	if err != nil || res.StatusCode != http.StatusFound || !strings.HasPrefix(to.String(), issuer.URL+"/auth?") {
		t.Fatalf("%d to %v, %v", res.StatusCode, to, err)
	}
	guest.send(401, "GET", "/session/oidc/callback?state=forged&code=x", nil)
	guest.send(401, "GET", "/session/oidc/callback?error=access_denied&state="+to.Query().Get("state"), nil)
	guest.send(401, "GET", "/me", nil)
}
