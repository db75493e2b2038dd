// Package registertest is a running register for tests: real databases, the
// shipped pack, the real gate, and officers of a county, two cities and a
// province. A room that stands on the register mounts itself on top.
package registertest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
	"lanzha/know/policy"
	"lanzha/work/register"
)

// Schemas are the tables that the register stands on, and its own.
func Schemas(more ...sqldb.Schema) []sqldb.Schema {
	return append([]sqldb.Schema{journal.Schema(), outbox.Schema(), auth.Schema(), api.Schema(), register.Schema()}, more...)
}

// Begin is when the house opens.
var Begin = time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC)

// Clock is the house's; tests move it.
type Clock struct {
	mu sync.Mutex
	t  time.Time
}

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

// Add moves it.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// AddDays moves it by days.
func (c *Clock) AddDays(n int) { c.Add(time.Duration(n) * 24 * time.Hour) }

// House is a running register.
type House struct {
	*testing.T
	DB     *sqldb.DB
	Clock  *Clock
	Desk   *register.Desk
	API    *api.API
	May    *auth.Decider
	Vault  *vault.Vault
	Actors map[string]auth.Actor
	ETag   string // of the last answer
	Header http.Header
	url    string
}

// Zone is where the legal days are.
var Zone = time.FixedZone("CST", 8*3600)

// Open builds a house over a database that has the tables. mount, which may be
// nil, adds rooms before the work begins.
func Open(t *testing.T, db *sqldb.DB, mount func(*House)) *House {
	t.Helper()
	h := &House{T: t, DB: db, Clock: &Clock{t: Begin}, Actors: map[string]auth.Actor{}, May: auth.NewDecider()}
	var err error
	h.Vault, err = vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	h.Must(err)
	now, ids := h.Clock.Now, lanzha.NewIDs(time.Now, nil)
	h.Desk = &register.Desk{
		Store: register.NewStore(h.Vault), DB: db, Journal: journal.New(db, now, nil), IDs: ids, Now: now, Zone: Zone,
		Outbox: outbox.New(db, now, ids, outbox.Options{Poll: 5 * time.Millisecond, Backoff: time.Millisecond}),
		Law:    register.Law(Packs(t)),
		OfficerName: func(_ context.Context, _ sqldb.Queryer, id lanzha.ID) (string, error) {
			for _, a := range h.Actors {
				if a.ID == id {
					return a.Name, nil
				}
			}
			return "", nil
		},
	}
	for i, a := range []auth.Actor{
		{Login: "officer", Name: "王测试", Roles: []auth.Role{auth.Officer}, Region: "530100"},
		{Login: "second", Name: "赵测试", Roles: []auth.Role{auth.Officer}, Region: "530100"},
		{Login: "leader", Name: "刘测试", Roles: []auth.Role{auth.Leader}, Region: "530100"},
		{Login: "leader2", Name: "孙测试", Roles: []auth.Role{auth.Leader}, Region: "530100"},
		{Login: "county", Name: "周测试", Roles: []auth.Role{auth.Leader, auth.Officer}, Region: "530114"},
		{Login: "province", Name: "郑测试", Roles: []auth.Role{auth.Leader}, Region: "530000"},
		{Login: "province2", Name: "吴测试", Roles: []auth.Role{auth.Leader}, Region: "530000"},
		{Login: "qujing", Name: "钱测试", Roles: []auth.Role{auth.Officer, auth.Leader}, Region: "530300"},
		{Login: "bank", Name: "陈测试", Roles: []auth.Role{auth.Responder}, Institution: "01KB3V6N0Q8V4Y2ZC5T7R9WXHD"},
	} {
		a.ID = lanzha.NewID(Begin, [10]byte{byte(i + 1)})
		h.Actors[a.Login] = a
	}
	h.API = api.New("test", h.May.Gate)
	h.Desk.Register()
	h.Desk.Mount(h.API, h.May)
	if mount != nil {
		mount(h)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if actor, ok := h.Actors[r.Header.Get("As")]; ok {
			ctx = auth.WithActor(ctx, actor)
		}
		h.API.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(server.Close)
	h.url = server.URL + api.Prefix
	ctx, stop := context.WithCancel(context.Background())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return h.Desk.Outbox.Run(ctx) })
	group.Go(func() error { return h.Desk.Journal.Run(ctx) })
	t.Cleanup(func() {
		stop()
		if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return h
}

// Packs are the shipped packs of joint punishment.
func Packs(t testing.TB) *policy.Library {
	t.Helper()
	library := policy.NewLibrary()
	for _, files := range policy.ShippedFiles() {
		if strings.HasPrefix(files[0].Name, "joint-punishment-") {
			pack, err := policy.Parse(files...)
			if err == nil {
				err = library.Add(pack)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return library
}

// Must ends the test on an error.
func (h *House) Must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// Body is a JSON object.
type Body = map[string]any

// Call sends body as JSON, wants a status, and decodes the answer into out,
// which may be nil or a *string for the text itself. headers are pairs.
func (h *House) Call(as, method, path string, want int, body, out any, headers ...string) {
	h.Helper()
	text := ""
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		encoded, err := json.Marshal(b)
		h.Must(err)
		text = string(encoded)
	}
	r, err := http.NewRequestWithContext(h.Context(), method, h.url+path, strings.NewReader(text))
	h.Must(err)
	r.Header.Set("As", as)
	if _, raw := body.(string); !raw {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	h.Must(err)
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	h.Must(err)
	h.ETag, h.Header = res.Header.Get("ETag"), res.Header
	if res.StatusCode != want {
		h.Fatalf("%s %s as %q: %d, want %d: %s", method, path, as, res.StatusCode, want, answer)
	}
	switch to := out.(type) {
	case nil:
	case *string:
		*to = string(answer)
	default:
		if err := json.Unmarshal(answer, out); err != nil {
			h.Fatalf("%s: %v", answer, err)
		}
	}
}

// Step posts to a record at the version that it has now.
func (h *House) Step(as, path, verb string, want int, body, out any) {
	h.Helper()
	h.Call("province", http.MethodGet, path, http.StatusOK, nil, nil)
	if body == nil {
		body = Body{}
	}
	if verb != "" {
		verb = "/" + verb
	}
	h.Call(as, http.MethodPost, path+verb, want, body, out, "If-Match", h.ETag)
}

// Person is somebody with an identity number of their own, born in 1990.
func Person(n int) Body {
	return Body{"kind": "individual", "name": "李某某", "number": ResidentID(n)}
}

// ResidentID makes an identity number with the right last character.
func ResidentID(n int) string {
	text := "53010019900101" + string([]byte{'0' + byte(n/100%10), '0' + byte(n/10%10), '0' + byte(n%10)})
	sum := 0
	for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += weight * int(text[i]-'0')
	}
	return text + string("10X98765432"[sum%11])
}

// Traded are facts of class B1: three bank accounts sold in May 2026.
func Traded() Body {
	return Body{
		"ground": "designated",
		"conduct": Body{
			"kind": "trade", "firstOn": "2026-05-01", "lastOn": "2026-05-20", "occasions": 1, "counterparties": 1,
		},
		"objects": []Body{{"kind": "bank_account", "count": 3}},
	}
}

// Sentenced are facts of class A: imprisoned for telecom fraud, not released.
func Sentenced() Body {
	return Body{
		"ground":   "sentenced",
		"offence":  Body{"kind": "telecom_fraud"},
		"sentence": Body{"kind": "fixed_term", "effectiveOn": "2026-03-02"},
		"conduct":  Body{"firstOn": "2024-05-01", "lastOn": "2024-06-01"},
	}
}

// Propose brings facts about a subject before the leader, and gives the
// proposal's path.
func (h *House) Propose(subject, facts Body) string {
	h.Helper()
	var p register.ProposalPage
	h.Call("officer", http.MethodPost, "/register/proposals", http.StatusCreated, Body{"subject": subject, "facts": facts, "evidence": []string{"讯问笔录"}}, &p)
	path := "/register/proposals/" + string(p.ID)
	h.Step("officer", path, "propose", http.StatusOK, nil, nil)
	return path
}

// List makes a listing of a subject on facts: proposed by an officer, approved
// by the city's leader.
func (h *House) List(subject, facts Body) register.ListingPage {
	h.Helper()
	path := h.Propose(subject, facts)
	var p register.ProposalPage
	h.Step("leader", path, "approve", http.StatusOK, Body{"documentNo": "昆公惩认字〔2026〕1号"}, &p)
	return h.Listing(p.Listing)
}

// Listing reads a listing.
func (h *House) Listing(id lanzha.ID) register.ListingPage {
	h.Helper()
	var l register.ListingPage
	h.Call("province", http.MethodGet, "/register/listings/"+string(id), http.StatusOK, nil, &l)
	return l
}

// Kinds are the journal rows about a record, the oldest first.
func (h *House) Kinds(id lanzha.ID) []string {
	h.Helper()
	rows, err := h.Desk.Journal.Timeline(h.Context(), h.DB.Read(), id, 0, 200)
	h.Must(err)
	out := []string{}
	for _, r := range rows {
		out = append(out, r.Kind)
	}
	slices.Reverse(out)
	return out
}

// Wait waits until something is.
func (h *House) Wait(what string, is func() bool) {
	h.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(20*time.Second)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-late:
			h.Fatalf("waited in vain for %s", what)
		}
	}
}
