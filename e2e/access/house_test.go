package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"lanzha"
	"lanzha/app"
	"lanzha/app/demo"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/config"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/know/institution"
)

// The story plays in one city; the strangers sit in another.
const (
	here, hereDistrict   lanzha.Region = "530100", "530114"
	there, thereDistrict lanzha.Region = "530300", "530302"
	// patience bounds every wait.
	patience = 30 * time.Second
)

// actor is an account that calls the house.
type actor struct {
	role            auth.Role
	id, institution lanzha.ID
	region          lanzha.Region
	login, password string
	http            *http.Client
}

// world is a house with a city in it.
type world struct {
	t       *testing.T
	house   *app.App
	base    string
	in, out map[auth.Role]*actor // by role: of the city of the records, and of another
	planter *actor               // officer and analyst here, who is none of the above
	keeper  *actor               // leader here, likewise
	unsure  *actor               // nobody: never signed in
	told    demo.Result

	units, carriers [2]institution.Institution // here and there
	byFile          institution.Institution    // here; spoken to by signed files

	serial  atomic.Int64
	planted map[string]lanzha.ID // records of here that a case can share
	needles []string             // what a stranger must never read
}

func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, ""))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, newWorld(t, sqltest.PostgresURL(t, app.Schemas()...)))
	})
}

// newWorld starts a house, plays the story in it, and makes the people who
// will call.
func newWorld(t *testing.T, database string) *world {
	t.Helper()
	flags := map[string]string{"data": t.TempDir(), "centre.region": string(here), "centre.name": "模拟市反诈中心", "centre.short": "模"}
	if database != "" {
		flags["database"] = database
	}
	loaded, err := config.Load(config.Sources{Flags: flags})
	must(t, err)
	house, err := app.New(t.Context(), loaded.Config, app.Options{})
	must(t, err)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	w := &world{
		t: t, house: house, base: "http://" + l.Addr().String(), in: map[auth.Role]*actor{}, out: map[auth.Role]*actor{},
		unsure: &actor{http: client()}, planted: map[string]lanzha.ID{},
	}
	city, err := demo.New(t.Context(), house, w.base, demo.Options{Seed: 7, Calm: true})
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- house.Run(ctx, l) }()
	go func() { ended <- city.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error("the house ended:", err)
			}
		}
		must(t, house.Close())
	})
	must(t, city.SignIn(t.Context()))
	w.told, err = city.Once(t.Context(), 0, func(string) {}, func(context.Context) {})
	must(t, err)
	w.people()
	w.plant()
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func client() *http.Client {
	jar, _ := cookiejar.New(nil) // without options it does not fail
	return &http.Client{Jar: jar, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// people makes the institutions and the accounts.
func (w *world) people() {
	ctx := auth.WithActor(w.t.Context(), auth.System())
	add := func(in institution.Institution) (made institution.Institution) {
		must(w.t, w.house.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			var err error
			made, err = w.house.Directory.Create(ctx, tx, "", in)
			return err
		}))
		return made
	}
	for i, region := range []lanzha.Region{here, there} {
		district := []lanzha.Region{hereDistrict, thereDistrict}[i]
		w.carriers[i] = add(institution.Institution{Code: "carrier-" + string(region), Name: "手工运营商" + string(region), Kind: institution.Carrier, Region: region, Gateway: institution.ByHand, AnswerTarget: time.Hour, Ranges: []institution.Range{{Kind: institution.Mobile, Prefix: "+861398710"}}[:1-i]})
		w.units[i] = add(institution.Institution{Code: "station-" + string(district), Name: "派出所" + string(district), Kind: institution.Police, Region: district, Gateway: institution.ByHand})
	}
	w.byFile = add(institution.Institution{Code: "file-" + string(here), Name: "平台对接运营商", Kind: institution.Carrier, Region: here, Gateway: institution.ByPlatform, AnswerTarget: time.Hour})
	for _, role := range auth.Roles() {
		for i, of := range []map[auth.Role]*actor{w.in, w.out} {
			draft := auth.Draft{Roles: []auth.Role{role}, Region: []lanzha.Region{here, there}[i]}
			switch role {
			case auth.Unit:
				draft.Region, draft.Institution = "", w.units[i].ID
			case auth.Responder:
				draft.Region, draft.Institution = "", w.carriers[i].ID
			}
			of[role] = w.account(draft)
		}
	}
	w.planter = w.account(auth.Draft{Roles: []auth.Role{auth.Officer, auth.Analyst}, Region: here})
	w.keeper = w.account(auth.Draft{Roles: []auth.Role{auth.Leader}, Region: here})
}

// account makes an account that has changed its first password.
func (w *world) account(d auth.Draft) *actor {
	ctx := auth.WithActor(w.t.Context(), auth.System())
	n := w.serial.Add(1)
	d.Login, d.Name = fmt.Sprintf("someone-%d", n), fmt.Sprintf("同事%d", n)
	first, err := w.house.Auth.FirstPassword(ctx, d.Login, "")
	must(w.t, err)
	a := &actor{role: d.Roles[0], institution: d.Institution, region: d.Region, login: d.Login, password: fmt.Sprintf("quiet river stone %d", n*7919), http: client()}
	must(w.t, w.house.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		made, err := w.house.Auth.Create(ctx, tx, d, first)
		a.id = made.ID
		return err
	}))
	w.ok(a, call{method: http.MethodPost, path: "/session", body: fields{"login": d.Login, "password": first.Password}})
	w.ok(a, call{method: http.MethodPost, path: "/me/password", body: fields{"current": first.Password, "next": a.password}})
	return a
}

// fields is a JSON object.
type fields = map[string]any

// call is one request.
type call struct {
	method, path string
	body         fields
	raw          string // a body that is not JSON, with its type
	contentType  string
	version      int64 // of If-Match; 0 sends none unless none is what the record has
	unversioned  bool  // send version 0
}

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v in %s", err, a.body)
	}
}

// do sends a request. An event stream is read to its first event.
func (w *world) do(who *actor, c call) answer {
	w.t.Helper()
	var body io.Reader = strings.NewReader(c.raw)
	if c.body != nil {
		text, err := json.Marshal(c.body)
		must(w.t, err)
		body = bytes.NewReader(text)
		c.contentType = "application/json"
	}
	request, err := http.NewRequestWithContext(w.t.Context(), c.method, w.base+api.Prefix+c.path, body)
	must(w.t, err)
	if c.contentType != "" {
		request.Header.Set("Content-Type", c.contentType)
	}
	if c.version != 0 || c.unversioned {
		request.Header.Set("If-Match", api.ETag(c.version))
	}
	got, err := who.http.Do(request)
	must(w.t, err)
	defer got.Body.Close()
	if strings.HasPrefix(got.Header.Get("Content-Type"), "text/event-stream") {
		first := make([]byte, 64)
		n, _ := got.Body.Read(first)
		return answer{got.StatusCode, string(first[:n]), got.Header}
	}
	text, err := io.ReadAll(got.Body)
	must(w.t, err)
	return answer{got.StatusCode, string(text), got.Header}
}

// ok sends a request that must succeed.
func (w *world) ok(who *actor, c call) answer {
	w.t.Helper()
	got := w.do(who, c)
	if got.status >= 300 {
		w.t.Fatalf("%s %s: %d %s", c.method, c.path, got.status, got.body)
	}
	return got
}

// made sends a request that creates one record, and gives its ID and version.
func (w *world) made(who *actor, path string, body fields) (lanzha.ID, int64) {
	w.t.Helper()
	var one struct {
		ID      lanzha.ID
		Version int64
		Items   []struct {
			ID      lanzha.ID
			Version int64
		}
	}
	w.ok(who, call{method: http.MethodPost, path: path, body: body}).into(w.t, &one)
	if len(one.Items) > 0 {
		return one.Items[0].ID, one.Items[0].Version
	}
	return one.ID, one.Version
}

// read reads a record until good says so.
func (w *world) read(who *actor, path string, good func(fields) bool) fields {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got := w.do(who, call{method: http.MethodGet, path: path})
		if got.status < 300 {
			var out fields
			got.into(w.t, &out)
			if good == nil || good(out) {
				return out
			}
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("GET %s stays as %d %s", path, got.status, got.body)
		}
		select {
		case <-w.t.Context().Done():
			w.t.Fatal("the test has ended")
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func version(record fields) int64 { return int64(record["version"].(float64)) }

func inState(states ...string) func(fields) bool {
	return func(r fields) bool { return slices.Contains(states, r["state"].(string)) }
}

// emptyHouse is a house that nobody has moved into.
func emptyHouse(t *testing.T) *app.App {
	t.Helper()
	loaded, err := config.Load(config.Sources{Flags: map[string]string{"data": t.TempDir()}})
	must(t, err)
	house, err := app.New(t.Context(), loaded.Config, app.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, house.Close()) })
	return house
}
