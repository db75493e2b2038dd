package crash_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lanzha"
	"lanzha/app"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/gateway/sandbox"
	"lanzha/know/institution"
	"lanzha/work/duty"
)

const cityRegion lanzha.Region = "530100"

// endpoints are the institutions that count keys.
var endpoints = []string{"/carrier/1", "/carrier/2", "/carrier/3", "/bank/1", "/bank/2"}

// simulation is a city whose institutions answer over HTTP from this process.
// Its address stays; the server behind it is new for each house.
type simulation struct {
	*sandbox.City
	t      *testing.T
	http   *httptest.Server
	server atomic.Pointer[sandbox.Server]
}

func newSimulation(t *testing.T, seed uint64) *simulation {
	s := &simulation{t: t, City: sandbox.NewCity(seed, cityRegion)}
	s.renew(t, sandbox.Mode{})
	s.http = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.server.Load().ServeHTTP(w, r) }))
	t.Cleanup(s.http.Close)
	return s
}

// renew puts a city behind the address that has been asked nothing yet.
func (s *simulation) renew(t *testing.T, m sandbox.Mode) {
	t.Helper()
	server := sandbox.NewServer(s.City, sandbox.Options{Scale: 1})
	for _, e := range endpoints {
		if err := server.SetMode(e, m); err != nil {
			t.Fatal(err)
		}
	}
	s.server.Store(server)
}

// counts adds up what the institutions counted.
func (s *simulation) counts(t *testing.T) sandbox.Stats {
	t.Helper()
	var sum sandbox.Stats
	for _, e := range endpoints {
		st, err := s.server.Load().Stats(e)
		if err != nil {
			t.Fatal(err)
		}
		sum.Keys, sum.Repeats, sum.Conflicts, sum.Down = sum.Keys+st.Keys, sum.Repeats+st.Repeats, sum.Conflicts+st.Conflicts, sum.Down+st.Down
	}
	return sum
}

// Prefixes of the two carriers whose officers answer by hand. The second has
// little time.
const (
	byHand     = "+86192"
	byHandSoon = "+861929"
	soon       = 3 * time.Second
)

// furnished is a house with directory, accounts and duty list, ready to be
// copied, and who is signed in to it.
type furnished struct {
	told       child
	checkpoint []byte // of the journal, kept elsewhere
	verifier   journal.Key
	leader     lanzha.ID
	people     map[string]http.CookieJar
	centre     string // API key of the provincial centre
	carrier    string // API key of the carrier by hand
	police     map[lanzha.Region]lanzha.ID
	soon       lanzha.ID // the carrier that has little time
}

// furnish fills a new house through its own rooms, as an administrator would
// on the first day.
func furnish(t *testing.T, city *simulation, told child) *furnished {
	t.Helper()
	f := &furnished{told: told, people: map[string]http.CookieJar{}, police: map[lanzha.Region]lanzha.ID{}}
	cfg, err := told.config()
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(auth.WithActor(context.Background(), auth.System()))
	defer stop()
	house, err := app.New(ctx, cfg, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		if err := errors.Join(house.Run(ctx, l), house.Close()); err != nil {
			t.Error(err)
		}
	})
	f.fill(t, ctx, house, city, "http://"+l.Addr().String())
	stop()
	running.Wait()
	db, err := sqldb.Open(context.Background(), cfg.DatabaseAddress(), sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	newest, err := journal.Newest(context.Background(), db.Read())
	if err != nil {
		t.Fatal(err)
	}
	f.checkpoint = []byte(newest.Note)
	if f.verifier, err = journal.ReadKey(filepath.Join(told.Data, "journal.key")); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *furnished) fill(t *testing.T, ctx context.Context, house *app.App, city *simulation, base string) {
	t.Helper()
	write := func(fn func(tx *sqldb.Tx) error) {
		t.Helper()
		if err := house.DB.Tx(ctx, fn); err != nil {
			t.Fatal(err)
		}
	}
	known := map[string]institution.Institution{}
	for _, in := range slices.Concat(city.Institutions(city.http.URL), []institution.Institution{
		{Code: "by-hand", Name: "模拟广电分公司", Kind: institution.Carrier, Region: cityRegion, Gateway: institution.ByHand, AnswerTarget: 10 * time.Minute,
			Ranges: []institution.Range{{Kind: institution.Mobile, Prefix: byHand}}},
		{Code: "by-hand-soon", Name: "模拟广电急询专席", Kind: institution.Carrier, Region: cityRegion, Gateway: institution.ByHand, AnswerTarget: soon,
			Contacts: []institution.Contact{{Name: "专员", Role: "值班专员", Phone: "+8619200000000"}},
			Ranges:   []institution.Range{{Kind: institution.Mobile, Prefix: byHandSoon}}},
	}) {
		write(func(tx *sqldb.Tx) error {
			made, err := house.Directory.Create(ctx, tx, "", in)
			known[in.Code] = made
			return err
		})
	}
	f.soon = known["by-hand-soon"].ID
	account := func(d auth.Draft) auth.Account {
		t.Helper()
		first, err := house.Auth.FirstPassword(ctx, d.Login, "")
		if err != nil {
			t.Fatal(err)
		}
		var made auth.Account
		write(func(tx *sqldb.Tx) error {
			made, err = house.Auth.Create(ctx, tx, d, first)
			return err
		})
		if d.Roles[0] == auth.Responder {
			return made // they come with a key
		}
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		f.people[d.Login] = jar
		c := &client{t: t, base: base, http: &http.Client{Jar: jar}}
		c.must(http.MethodPost, "/session", "", 0, map[string]any{"login": d.Login, "password": first.Password}, nil)
		c.must(http.MethodPost, "/me/password", "", 0, map[string]any{"current": first.Password, "next": "mock-passphrase-2023"}, nil)
		return made
	}
	key := func(a auth.Account) (key string) {
		write(func(tx *sqldb.Tx) (err error) {
			_, key, err = house.Auth.AddKey(ctx, tx, a.ID, "模拟", time.Time{})
			return err
		})
		return key
	}
	account(auth.Draft{Login: "officer", Name: "接警员甲", Roles: []auth.Role{auth.Officer}, Region: cityRegion})
	account(auth.Draft{Login: "analyst", Name: "研判员乙", Roles: []auth.Role{auth.Analyst}, Region: cityRegion})
	f.leader = account(auth.Draft{Login: "leader", Name: "值班领导丙", Roles: []auth.Role{auth.Leader}, Region: cityRegion}).ID
	f.centre = key(account(auth.Draft{Login: "province", Name: "省级平台", Roles: []auth.Role{auth.Responder}, Institution: known["sim-centre"].ID}))
	f.carrier = key(account(auth.Draft{Login: "by-hand", Name: "运营商专员", Roles: []auth.Role{auth.Responder}, Institution: known["by-hand"].ID}))
	district := city.StoryAt(0).Place.Region
	for _, in := range known {
		if in.Kind == institution.Police && in.Region.District() != "" {
			f.police[in.Region] = in.ID
		}
	}
	account(auth.Draft{Login: "police", Name: "民警丁", Roles: []auth.Role{auth.Unit}, Institution: f.police[district]})
	zone := house.Config.Location()
	day := time.Now().In(zone)
	from := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, zone)
	write(func(tx *sqldb.Tx) error {
		for i := range 2 { // midnight may pass
			from := from.AddDate(0, 0, i)
			if _, err := house.Roster.Replace(ctx, tx, "", duty.List{Region: cityRegion, Day: from.Format(time.DateOnly), Entries: []duty.Entry{
				{Account: f.leader, Role: duty.Leader, From: from, To: from.AddDate(0, 0, 1)},
			}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// copyTo copies the data folder of a house that is not running.
func (f *furnished) copyTo(t *testing.T, dir string) *furnished {
	t.Helper()
	made := os.DirFS(f.told.Data)
	if err := os.CopyFS(dir, made); err != nil {
		t.Fatal(err)
	}
	// The copies are for everybody to read, which the keys refuse.
	if err := fs.WalkDir(made, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chmod(filepath.Join(dir, name), 0o600)
	}); err != nil {
		t.Fatal(err)
	}
	out := *f
	out.told.Data = dir
	return &out
}

// client calls a house as one person or institution does. When the connection
// is lost it repeats the very request until it is answered.
type client struct {
	t    *testing.T
	base string
	key  string
	http *http.Client
}

func (f *furnished) as(h *house, login string) *client {
	return &client{t: h.t, base: h.base, http: &http.Client{Jar: f.people[login], Timeout: 20 * time.Second}}
}

func (f *furnished) by(h *house, key string) *client {
	return &client{t: h.t, base: h.base, key: key, http: &http.Client{Timeout: 20 * time.Second}}
}

// call sends a request, with an Idempotency-Key and an If-Match where given,
// and returns the status of the answer.
func (c *client) call(method, path, once string, version int64, in, out any) (int, error) {
	var text []byte
	if in != nil {
		var err error
		if text, err = json.Marshal(in); err != nil {
			return 0, err
		}
	}
	var last error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		status, answer, err := c.try(method, path, once, version, text)
		if err != nil {
			last = err
			continue
		}
		if status < 300 && out != nil {
			return status, json.Unmarshal(answer, out)
		}
		if status >= 500 {
			return status, fmt.Errorf("%s %s: %d %s", method, path, status, answer)
		}
		return status, nil
	}
	return 0, fmt.Errorf("%s %s: %w", method, path, last)
}

func (c *client) try(method, path, once string, version int64, text []byte) (int, []byte, error) {
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.base+api.Prefix+path, bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if c.key != "" {
		request.Header.Set("Authorization", "Bearer "+c.key)
	}
	if once != "" {
		request.Header.Set("Idempotency-Key", once)
	}
	if version != 0 {
		request.Header.Set("If-Match", api.ETag(version))
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, body, err
}

// must calls and fails the test unless all is well.
func (c *client) must(method, path, once string, version int64, in, out any) {
	c.t.Helper()
	status, err := c.call(method, path, once, version, in, out)
	if err != nil || status >= 300 {
		c.t.Fatalf("%s %s: %d, %v", method, path, status, err)
	}
}

// until repeats a question until it says yes.
func until(t *testing.T, what string, yes func() bool) {
	t.Helper()
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	late := time.After(patience)
	for !yes() {
		select {
		case <-every.C:
		case <-late:
			t.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// numbers gives ordinary mobile numbers of the city, each once, as citizens say
// them.
func (s *simulation) numbers() <-chan string {
	numbers := make(chan string)
	stop := make(chan struct{})
	s.t.Cleanup(func() { close(stop) })
	go func() {
		for n := 1; ; n++ {
			value, mobile := strings.CutPrefix(s.Lead(n).Value, "+861")
			if !mobile {
				continue
			}
			select {
			case numbers <- "1" + value:
			case <-stop:
				return
			}
		}
	}()
	return numbers
}
