package auth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/base/vault"
)

var schemas = []sqldb.Schema{journal.Schema(), auth.Schema()}

// house is accounts on a database, with a clock that tests set.
type house struct {
	*auth.Auth
	t       *testing.T
	db      *sqldb.DB
	journal *journal.Journal

	mu  sync.Mutex
	now time.Time
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func build(t *testing.T, db *sqldb.DB, o auth.Options) *house {
	t.Helper()
	h := &house{t: t, db: db, now: time.Date(2023, 2, 20, 1, 0, 0, 0, time.UTC)}
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keyset.json")})
	if err != nil {
		t.Fatal(err)
	}
	h.journal = journal.New(db, h.clock, nil)
	h.Auth = auth.New(db, h.journal, v, lanzha.NewIDs(h.clock, nil), h.clock, o)
	return h
}

func each(t *testing.T, test func(t *testing.T, h *house)) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) { test(t, build(t, db, auth.Options{})) })
}

// Create and the like in a transaction of their own.
func (h *house) Create(ctx context.Context, d auth.Draft) (a auth.Account, password string, err error) {
	first, err := h.FirstPassword(ctx, d.Login, "")
	if err != nil {
		h.t.Fatal(err)
	}
	err = h.db.Tx(ctx, func(tx *sqldb.Tx) error { a, err = h.Auth.Create(ctx, tx, d, first); return err })
	return a, first.Password, err
}

func (h *house) AddKey(ctx context.Context, id lanzha.ID, name string, expires time.Time) (c auth.Credential, key string, err error) {
	err = h.db.Tx(ctx, func(tx *sqldb.Tx) error { c, key, err = h.Auth.AddKey(ctx, tx, id, name, expires); return err })
	return c, key, err
}

func (h *house) AddCertificate(ctx context.Context, id lanzha.ID, name string, pem []byte) (c auth.Credential, err error) {
	err = h.db.Tx(ctx, func(tx *sqldb.Tx) error { c, err = h.Auth.AddCertificate(ctx, tx, id, name, pem); return err })
	return c, err
}

var asSystem = auth.WithActor(context.Background(), auth.System())

// account makes an account and returns it with its one-time password.
func (h *house) account(login string, role auth.Role) (auth.Account, string) {
	h.t.Helper()
	d := auth.Draft{Login: login, Name: "值班员", Roles: []auth.Role{role}, Region: "530100"}
	if role == auth.Unit || role == auth.Responder {
		d.Institution = mine
	}
	a, password, err := h.Create(asSystem, d)
	if err != nil {
		h.t.Fatal(err)
	}
	return a, password
}

// kinds lists what the journal says of a record, the oldest first.
func (h *house) kinds(id lanzha.ID) []string {
	h.t.Helper()
	rows, err := h.journal.Timeline(context.Background(), h.db.Read(), id, 0, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	var out []string
	for _, r := range rows {
		out = append([]string{strings.TrimPrefix(r.Kind, "account.")}, out...)
		if strings.Contains(string(r.Payload), "password\":") || strings.Contains(string(r.Payload), "secret") {
			h.t.Errorf("the journal holds a secret: %s", r.Payload)
		}
	}
	return out
}

// browser is a client with cookies, on a server with a few operations.
type browser struct {
	t      *testing.T
	base   string
	client *http.Client
}

func (h *house) serve() *httptest.Server {
	mux := http.NewServeMux()
	answer := func(f func(ctx context.Context, in map[string]string) (any, error)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			in := map[string]string{}
			_ = json.NewDecoder(r.Body).Decode(&in) // an empty body is an empty form
			for key := range r.URL.Query() {
				in[key] = r.URL.Query().Get(key)
			}
			out, err := f(r.Context(), in)
			status := map[lanzha.Code]int{"": 200, lanzha.CodeUnauthenticated: 401, lanzha.CodeForbidden: 403, lanzha.CodeTooMany: 429, lanzha.CodeInvalid: 400, lanzha.CodeConflict: 409, lanzha.CodeNotFound: 404, lanzha.CodeUnavailable: 503}[lanzha.CodeOf(err)]
			if status == 0 {
				status = 500
			}
			w.WriteHeader(status)
			if err != nil {
				_, _ = io.WriteString(w, err.Error())
				return
			}
			_ = json.NewEncoder(w).Encode(out)
		}
	}
	mux.HandleFunc("POST /session", answer(func(ctx context.Context, in map[string]string) (any, error) {
		return h.SignIn(ctx, auth.Attempt{Login: in["login"], Password: in["password"], Code: in["totp"]})
	}))
	mux.HandleFunc("DELETE /session", answer(func(ctx context.Context, _ map[string]string) (any, error) { return nil, h.SignOut(ctx) }))
	mux.HandleFunc("GET /me", answer(func(ctx context.Context, _ map[string]string) (any, error) {
		a, _ := auth.ActorFrom(ctx)
		return a, h.May(ctx, "me.read", auth.Resource{})
	}))
	mux.HandleFunc("GET /clues", answer(func(ctx context.Context, _ map[string]string) (any, error) {
		return nil, h.May(ctx, "clue.read", auth.Resource{Region: "530114"})
	}))
	mux.HandleFunc("GET /lookups", answer(func(ctx context.Context, _ map[string]string) (any, error) {
		return nil, h.May(ctx, "lookup.read", auth.Resource{Institution: mine})
	}))
	mux.HandleFunc("POST /password", answer(func(ctx context.Context, in map[string]string) (any, error) {
		return nil, h.ChangePassword(ctx, in["old"], in["new"])
	}))
	mux.HandleFunc("POST /totp", answer(func(ctx context.Context, _ map[string]string) (any, error) {
		secret, address, err := h.OfferTOTP(ctx)
		return map[string]string{"secret": secret, "address": address}, err
	}))
	mux.HandleFunc("PUT /totp", answer(func(ctx context.Context, in map[string]string) (any, error) {
		return nil, h.ConfirmTOTP(ctx, in["totp"])
	}))
	mux.HandleFunc("DELETE /totp", answer(func(ctx context.Context, in map[string]string) (any, error) { return nil, h.DropTOTP(ctx, in["totp"]) }))
	mux.HandleFunc("GET /oidc", answer(func(ctx context.Context, _ map[string]string) (any, error) { return h.StartOIDC(ctx) }))
	mux.HandleFunc("GET /callback", answer(func(ctx context.Context, in map[string]string) (any, error) {
		return h.FinishOIDC(ctx, in["state"], in["code"])
	}))
	return httptest.NewUnstartedServer(h.Middleware(mux))
}

func (h *house) browser() *browser {
	h.t.Helper()
	server := h.serve()
	server.Start()
	b := &browser{t: h.t, base: server.URL, client: &http.Client{Transport: &http.Transport{}}}
	h.t.Cleanup(func() { b.client.CloseIdleConnections(); server.Close() })
	return b.another()
}

// another is a second browser at the same server, with cookies of its own.
func (b *browser) another() *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return &browser{b.t, b.base, &http.Client{Jar: jar, Transport: b.client.Transport}}
}

// do sends a request; header pairs follow the body.
func (b *browser) do(method, path, body string, header ...string) (int, string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, b.base+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (b *browser) want(status int, says, method, path, body string, header ...string) string {
	b.t.Helper()
	got, text := b.do(method, path, body, header...)
	if got != status || !strings.Contains(text, says) {
		b.t.Fatalf("%s %s: %d %s, want %d saying %q", method, path, got, text, status, says)
	}
	return text
}

func form(pairs ...string) string {
	m := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	text, _ := json.Marshal(m)
	return string(text)
}

func TestFirstStart(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var group sync.WaitGroup
		var mu sync.Mutex
		var passwords []string
		for range 4 { // four processes start at once
			group.Go(func() {
				login, password, err := h.Bootstrap(context.Background())
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if password != "" {
					passwords = append(passwords, login+" "+password)
				}
			})
		}
		group.Wait()
		if len(passwords) != 1 {
			t.Fatalf("%d administrators were made", len(passwords))
		}
		login, password, _ := strings.Cut(passwords[0], " ")
		b := h.browser()
		b.want(401, "", "GET", "/me", "")
		b.want(200, "", "POST", "/session", form("login", login, "password", password))
		b.want(200, `"MustChange":true`, "GET", "/me", "")
		b.want(400, "12 characters", "POST", "/password", form("old", password, "new", "short"))
		b.want(400, "current password", "POST", "/password", form("old", "wrong", "new", "correct horse battery"))
		b.want(400, "differ", "POST", "/password", form("old", password, "new", password))
		b.want(200, "", "POST", "/password", form("old", password, "new", "correct horse battery"))
		b.want(200, `"MustChange":false`, "GET", "/me", "")
		b.want(403, "role", "GET", "/clues", "") // an administrator sees no business data
		b.another().want(401, "wrong", "POST", "/session", form("login", login, "password", password))
		b.another().want(200, "", "POST", "/session", form("login", " ADMIN ", "password", "correct horse battery"))
	})
}

func TestSessionsEnd(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		account, password := h.account("liwei", auth.Officer)
		b := h.browser()
		second, third := b.another(), b.another()
		for _, each := range []*browser{b, second, third} {
			each.want(200, "", "POST", "/session", form("login", "liwei", "password", password))
		}
		b.want(403, "first password", "GET", "/clues", "")
		third.want(200, "", "DELETE", "/session", "")
		third.want(401, "", "GET", "/me", "")
		b.want(200, "", "POST", "/password", form("old", password, "new", "correct horse battery"))
		b.want(200, "", "GET", "/clues", "")
		second.want(401, "", "GET", "/me", "") // changing the password ended the others
		h.pass(auth.Lifetime - time.Second)
		b.want(200, "", "GET", "/me", "")
		h.pass(2 * time.Second)
		b.want(401, "", "GET", "/me", "")

		b.want(200, "", "POST", "/session", form("login", "liwei", "password", "correct horse battery"))
		if n, err := sqldb.One(context.Background(), h.db.Read(), "session", sqldb.Value[int64], `SELECT count(*) FROM session`); err != nil || n != 1 {
			t.Errorf("%d sessions are kept, %v: those that expired are removed", n, err)
		}
		now, err := h.Get(asSystem, account.ID)
		if err != nil {
			t.Fatal(err)
		}
		d := auth.Draft{Name: now.Name, Roles: now.Roles, Region: now.Region, Disabled: true}
		if _, err := h.Update(asSystem, account.ID, now.Version-1, d); lanzha.CodeOf(err) != lanzha.CodeConflict {
			t.Errorf("an old version: %v", err)
		}
		if _, err := h.Update(asSystem, account.ID, now.Version, d); err != nil {
			t.Fatal(err)
		}
		b.want(401, "", "GET", "/me", "")
		b.want(401, "wrong", "POST", "/session", form("login", "liwei", "password", "correct horse battery"))
		want := []string{"created", "signed_in", "signed_in", "signed_in", "signed_out", "password_changed", "signed_in", "changed", "signin_failed"}
		if diff := cmp.Diff(want, h.kinds(account.ID)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSessionIsNotPlantedAndHidesItsToken(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, password := h.account("liwei", auth.Officer)
		b := h.browser()
		req, err := http.NewRequestWithContext(context.Background(), "POST", b.base+"/session", strings.NewReader(form("login", "liwei", "password", password)))
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(&http.Cookie{Name: auth.CookieName, Value: "planted"})
		res, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		c := res.Cookies()[0]
		if c.Value == "planted" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure {
			t.Errorf("cookie %+v", c)
		}
		stored, err := sqldb.One(context.Background(), h.db.Read(), "session", sqldb.Value[string], `SELECT token FROM session`)
		if err != nil || stored == c.Value || strings.Contains(stored, c.Value) {
			t.Errorf("the database holds the cookie itself: %v", err)
		}
		for _, site := range []string{"cross-site", "same-site"} {
			if status, text := b.do("POST", "/session", "{}", "Sec-Fetch-Site", site); status != 403 {
				t.Errorf("%s: %d %s", site, status, text)
			}
		}
	})
}

func TestGuessingIsSlowedDown(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, password := h.account("liwei", auth.Officer)
		h.account("wangfang", auth.Officer)
		b := h.browser()
		good := form("login", "liwei", "password", password)
		for range 9 {
			b.want(401, "wrong", "POST", "/session", form("login", "liwei", "password", "guess"))
		}
		b.want(200, "", "POST", "/session", good) // success forgets
		for range 10 {
			b.want(401, "wrong", "POST", "/session", form("login", "liwei", "password", "guess"))
		}
		b.want(429, "too many", "POST", "/session", good)
		h.pass(29 * time.Second)
		b.want(429, "too many", "POST", "/session", good)
		h.pass(time.Second)
		b.want(200, "", "POST", "/session", good)

		for range 10 { // a login that does not exist behaves the same
			b.want(401, "wrong", "POST", "/session", form("login", "nobody", "password", "guess"))
		}
		b.want(429, "too many", "POST", "/session", form("login", "nobody", "password", "guess"))

		if got := strings.Join(h.kinds(""), " "); got != strings.TrimSpace(strings.Repeat("signin_failed ", 10)) {
			t.Errorf("of the login that does not exist the journal says %q", got)
		}

		// Two hundred failures at many logins make all wait for the rest of the minute.
		tx := func(f func(tx *sqldb.Tx) error) {
			if err := h.db.Tx(context.Background(), f); err != nil {
				t.Fatal(err)
			}
		}
		tx(func(tx *sqldb.Tx) error {
			_, err := sqldb.Exec(context.Background(), tx, `UPDATE signin SET failures = 199, since = $1, last = $1 WHERE key = 'all'`, int64(lanzha.At(h.clock())))
			return err
		})
		b.want(401, "", "POST", "/session", form("login", "wangfang", "password", "guess"))
		b.want(429, "too many", "POST", "/session", good)
		h.pass(time.Minute)
		b.want(200, "", "POST", "/session", good)
	})
}

// authenticator is a telephone's: it knows the secret and makes codes, written
// apart from what it tests.
func authenticator(t *testing.T, secret string, now time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(now.Unix()/30)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", (binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff)%1_000_000)
}

func TestOneTimeCodes(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		account, password := h.account("liwei", auth.Officer)
		b := h.browser()
		b.want(200, "", "POST", "/session", form("login", "liwei", "password", password))
		b.want(409, "offered", "PUT", "/totp", form("totp", "123456"))
		var offer struct{ Secret, Address string }
		if err := json.Unmarshal([]byte(b.want(200, "otpauth://totp/Lanzha:liwei?", "POST", "/totp", "")), &offer); err != nil {
			t.Fatal(err)
		}
		b.another().want(200, "", "POST", "/session", form("login", "liwei", "password", password)) // it does not count yet
		b.want(400, "wrong", "PUT", "/totp", form("totp", "x"))
		code := authenticator(t, offer.Secret, h.clock())
		b.want(200, "", "PUT", "/totp", form("totp", code))
		b.want(409, "already", "POST", "/totp", "")

		other := b.another()
		other.want(401, "code is needed", "POST", "/session", form("login", "liwei", "password", password))
		other.want(401, "was used", "POST", "/session", form("login", "liwei", "password", password, "totp", code))
		h.pass(30 * time.Second)
		code = authenticator(t, offer.Secret, h.clock())
		other.want(401, "login or password", "POST", "/session", form("login", "liwei", "password", "guess", "totp", code))
		other.want(200, "", "POST", "/session", form("login", "liwei", "password", password, "totp", code))
		b.another().want(401, "was used", "POST", "/session", form("login", "liwei", "password", password, "totp", code))
		stored, err := sqldb.One(context.Background(), h.db.Read(), "account", sqldb.Value[string], `SELECT totp FROM account WHERE login = 'liwei'`)
		if err != nil || strings.Contains(stored, offer.Secret) || !strings.HasPrefix(stored, "1.A256GCM.") {
			t.Errorf("the secret is not sealed: %v", err)
		}

		// Guessing codes is slowed down, however often the code is asked for between.
		guesser := b.another()
		status := 0
		for i := 0; i < 50 && status != 429; i++ {
			guesser.do("POST", "/session", form("login", "liwei", "password", password))
			status, _ = guesser.do("POST", "/session", form("login", "liwei", "password", password, "totp", "000000"))
		}
		if status != 429 {
			t.Error("fifty codes could be guessed")
		}
		h.pass(time.Hour)
		b.want(400, "wrong", "DELETE", "/totp", form("totp", code))
		h.pass(time.Hour)
		b.want(200, "", "DELETE", "/totp", form("totp", authenticator(t, offer.Secret, h.clock())))
		b.another().want(200, "", "POST", "/session", form("login", "liwei", "password", password))

		// A lost telephone: the administrator resets both.
		if password, err = h.ResetPassword(asSystem, account.ID, 0, true); err != nil {
			t.Fatal(err)
		}
		b.want(401, "", "GET", "/me", "")
		b.want(200, `"MustChange":true`, "POST", "/session", form("login", "liwei", "password", password))
	})
}

func TestKeys(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := context.Background()
		account, _ := h.account("carrier-a", auth.Responder)
		officer, _ := h.account("liwei", auth.Officer)
		if _, _, err := h.AddKey(asSystem, officer.ID, "script", time.Time{}); lanzha.CodeOf(err) != lanzha.CodeConflict {
			t.Errorf("a person's key: %v", err)
		}
		if _, _, err := h.AddKey(asSystem, account.ID, "", time.Time{}); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("a key without name: %v", err)
		}
		if _, _, err := h.AddKey(asSystem, account.ID, "x", h.clock()); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("a key that has expired: %v", err)
		}
		forever, key, err := h.AddKey(asSystem, account.ID, "gateway", time.Time{})
		if err != nil || !strings.HasPrefix(key, forever.Shown) || len(key) < 47 {
			t.Fatalf("%q %v", forever.Shown, err)
		}
		_, brief, err := h.AddKey(asSystem, account.ID, "trial", h.clock().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		b := h.browser()
		b.want(200, `"Via":"key"`, "GET", "/me", "", "Authorization", "Bearer "+key)
		b.want(200, "", "GET", "/lookups", "", "Authorization", "bearer "+brief)
		b.want(403, "role", "GET", "/clues", "", "Authorization", "Bearer "+key)
		b.want(403, "person", "POST", "/password", form("old", "x", "new", "correct horse"), "Authorization", "Bearer "+key)
		for _, bad := range []string{"Bearer " + key + "x", "Bearer ", "Basic YTpi", "Bearer lzk_"} {
			b.want(401, "unauthenticated", "GET", "/lookups", "", "Authorization", bad)
		}
		h.pass(2 * time.Hour)
		b.want(401, "", "GET", "/lookups", "", "Authorization", "Bearer "+brief)
		stored, err := sqldb.All(ctx, h.db.Read(), sqldb.Value[string], `SELECT hash FROM credential`)
		if err != nil || strings.Contains(strings.Join(stored, " "), key[8:]) {
			t.Errorf("the key itself is stored: %v", err)
		}
		if err := h.Revoke(asSystem, officer.ID, forever.ID); lanzha.CodeOf(err) != lanzha.CodeNotFound {
			t.Errorf("revoking another account's key: %v", err)
		}
		if err := h.Revoke(asSystem, account.ID, forever.ID); err != nil {
			t.Fatal(err)
		}
		if err := h.Revoke(asSystem, account.ID, forever.ID); lanzha.CodeOf(err) != lanzha.CodeConflict {
			t.Errorf("revoking twice: %v", err)
		}
		b.want(401, "", "GET", "/lookups", "", "Authorization", "Bearer "+key)
		list, err := h.Credentials(asSystem, account.ID)
		if err != nil || len(list) != 2 || list[0].Name != "gateway" || list[0].RevokedAt.IsZero() || !list[1].RevokedAt.IsZero() {
			t.Errorf("%+v, %v", list, err)
		}
		if diff := cmp.Diff([]string{"created", "key_added", "key_added", "key_revoked"}, h.kinds(account.ID)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAdministratorsKeepTheirRegion(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		admin, _, err := h.Create(asSystem, auth.Draft{Login: "kunming-admin", Name: "管理员", Roles: []auth.Role{auth.Admin}, Region: "530100"})
		if err != nil {
			t.Fatal(err)
		}
		root, _, err := h.Create(asSystem, auth.Draft{Login: "root", Name: "管理员", Roles: []auth.Role{auth.Admin}})
		if err != nil {
			t.Fatal(err)
		}
		c := auth.WithActor(context.Background(), auth.Actor{ID: admin.ID, Roles: admin.Roles, Region: admin.Region})
		draft := auth.Draft{Login: "chenggong", Name: "李伟", Roles: []auth.Role{auth.Officer}, Region: "530114"}
		officer, _, err := h.Create(c, draft)
		if err != nil {
			t.Fatal(err)
		}
		for name, region := range map[string]lanzha.Region{"guiyang": "520100", "country": ""} {
			d := draft
			d.Login, d.Region = name, region
			if _, _, err := h.Create(c, d); lanzha.CodeOf(err) != lanzha.CodeNotFound {
				t.Errorf("an account in %q: %v", region, err)
			}
			if _, err := h.Update(c, officer.ID, officer.Version, d); lanzha.CodeOf(err) != lanzha.CodeNotFound {
				t.Errorf("moving one to %q: %v", region, err)
			}
		}
		if _, err := h.ResetPassword(c, root.ID, 0, false); lanzha.CodeOf(err) != lanzha.CodeNotFound {
			t.Errorf("resetting the password of the country's administrator: %v", err)
		}
		if _, err := h.Get(c, root.ID); lanzha.CodeOf(err) != lanzha.CodeNotFound {
			t.Errorf("reading it: %v", err)
		}
		if _, err := h.Update(c, admin.ID, admin.Version, auth.Draft{Name: "我", Roles: []auth.Role{auth.Admin, auth.Leader}, Region: "530100"}); lanzha.CodeOf(err) != lanzha.CodeForbidden {
			t.Errorf("giving oneself a role: %v", err)
		}
		if _, err := h.Update(c, admin.ID, admin.Version, auth.Draft{Name: "我", Roles: []auth.Role{auth.Admin}, Region: "530100"}); err != nil {
			t.Errorf("changing one's own name: %v", err)
		}
		if _, _, err := h.Create(c, draft); lanzha.CodeOf(err) != lanzha.CodeConflict {
			t.Errorf("the same login: %v", err)
		}
		logins := func(list []auth.Account, err error) string {
			if err != nil {
				t.Fatal(err)
			}
			out := ""
			for _, a := range list {
				out += a.Login + " "
			}
			return out
		}
		if got := logins(h.List(c, "", 10)); got != "chenggong kunming-admin " {
			t.Errorf("Kunming sees %q", got)
		}
		if got := logins(h.List(asSystem, "chenggong", 1)); got != "kunming-admin " {
			t.Errorf("the page after chenggong is %q", got)
		}
		officerCtx := auth.WithActor(context.Background(), auth.Actor{ID: officer.ID, Roles: officer.Roles, Region: officer.Region})
		if _, err := h.List(officerCtx, "", 10); lanzha.CodeOf(err) != lanzha.CodeForbidden {
			t.Errorf("an officer lists accounts: %v", err)
		}
	})
}

func TestDraftsThatDoNotFit(t *testing.T) {
	h := build(t, sqltest.OpenSQLite(t, schemas...), auth.Options{})
	good := auth.Draft{Login: "liwei", Name: "李伟", Roles: []auth.Role{auth.Officer}}
	for field, change := range map[string]func(*auth.Draft){
		"login":         func(d *auth.Draft) { d.Login = "Li Wei" },
		"name":          func(d *auth.Draft) { d.Name = strings.Repeat("长", 65) },
		"roles":         func(d *auth.Draft) { d.Roles = nil },
		"roles ":        func(d *auth.Draft) { d.Roles = []auth.Role{"system"} },
		"roles  ":       func(d *auth.Draft) { d.Roles = []auth.Role{auth.Officer, auth.Officer} },
		"roles   ":      func(d *auth.Draft) { d.Roles, d.Institution = []auth.Role{auth.Responder, auth.Officer}, mine },
		"region":        func(d *auth.Draft) { d.Region = "53" },
		"institution":   func(d *auth.Draft) { d.Roles = []auth.Role{auth.Responder} },
		"institution ":  func(d *auth.Draft) { d.Institution = mine },
		"institution  ": func(d *auth.Draft) { d.Roles, d.Institution = []auth.Role{auth.Unit}, "x" },
	} {
		d := good
		change(&d)
		_, _, err := h.Create(asSystem, d)
		if e, ok := err.(*lanzha.Error); !ok || e.Code != lanzha.CodeInvalid || e.Field != strings.TrimSpace(field) {
			t.Errorf("%q: %v", field, err)
		}
	}
}
