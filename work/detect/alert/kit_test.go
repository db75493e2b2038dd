package alert_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/base/vault"
	"lanzha/know/institution"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

// house is a desk of alerts on one database, behind HTTP.
type house struct {
	t         testing.TB
	db        *sqldb.DB
	at        *atomic.Int64 // how far the clock is ahead of the wall, in nanoseconds
	ids       *lanzha.IDs
	journal   *journal.Journal
	outbox    *outbox.Outbox
	directory *institution.Directory
	desk      *alert.Desk
	detector  *detector
	server    *httptest.Server

	bank, otherBank, carrier, station, cityPolice institution.Institution
	seq                                           uint64
}

// detector takes changes as the event log does, and may be away.
type detector struct {
	mu    sync.Mutex
	away  bool
	taken []alert.Change
}

func (d *detector) Change(_ context.Context, c alert.Change) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		return &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "another is active"}
	}
	d.taken = append(d.taken, c)
	return nil
}

func (d *detector) leave(away bool) { d.mu.Lock(); d.away = away; d.mu.Unlock() }

func (d *detector) all() []alert.Change {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.taken)
}

func (h *house) now() time.Time {
	return time.Now().Add(time.Duration(h.at.Load())).UTC().Truncate(time.Microsecond)
}
func (h *house) pass(d time.Duration) { h.at.Add(int64(d)) }

var schemas = []sqldb.Schema{journal.Schema(), outbox.Schema(), api.Schema(), institution.Schema(), alert.Schema()}

// people are who calls; institutions are put in when they are made.
var people = map[string]auth.Actor{
	"officer": {ID: "01KB3V6N0Q8V4Y2ZC5T7R90FF1", Name: "officer", Roles: []auth.Role{auth.Officer}, Region: "530100"},
	"analyst": {ID: "01KB3V6N0Q8V4Y2ZC5T7R9ANA1", Name: "analyst", Roles: []auth.Role{auth.Analyst}, Region: "530100"},
	"leader":  {ID: "01KB3V6N0Q8V4Y2ZC5T7R9LEAD", Name: "leader", Roles: []auth.Role{auth.Leader}, Region: "530100"},
	"qujing":  {ID: "01KB3V6N0Q8V4Y2ZC5T7R9QJNG", Name: "qujing", Roles: []auth.Role{auth.Officer, auth.Analyst, auth.Leader}, Region: "530300"},
	"auditor": {ID: "01KB3V6N0Q8V4Y2ZC5T7R9AVD1", Name: "auditor", Roles: []auth.Role{auth.Auditor}, Region: "530100"},
	"admin":   {ID: "01KB3V6N0Q8V4Y2ZC5T7R9ADM1", Name: "admin", Roles: []auth.Role{auth.Admin}, Region: "530100"},
	"bank":    {ID: "01KB3V6N0Q8V4Y2ZC5T7R9BANK", Name: "bank", Roles: []auth.Role{auth.Responder}},
	"other":   {ID: "01KB3V6N0Q8V4Y2ZC5T7R9BNK2", Name: "other", Roles: []auth.Role{auth.Responder}},
	"station": {ID: "01KB3V6N0Q8V4Y2ZC5T7R9STAT", Name: "station", Roles: []auth.Role{auth.Unit}},
}

func both(t *testing.T, test func(h *house)) {
	t.Helper()
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) { test(open(t, db)) })
}

func open(t testing.TB, db *sqldb.DB) *house {
	t.Helper()
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, db: db, at: new(atomic.Int64), detector: &detector{}}
	h.ids = lanzha.NewIDs(h.now, nil)
	h.journal = journal.New(db, h.now, nil)
	h.outbox = outbox.New(db, h.now, h.ids, outbox.Options{Poll: 5 * time.Millisecond, Backoff: 10 * time.Millisecond})
	h.directory = institution.New(db, h.journal, v, h.now, h.ids)
	h.desk = &alert.Desk{
		Store: alert.NewStore(v), DB: db, Journal: h.journal, Outbox: h.outbox, IDs: h.ids, Now: h.now, Zone: time.FixedZone("", 8*3600),
		Directory: h.directory, Centre: "530100", Changer: h.detector,
		OfficerName: func(_ context.Context, _ sqldb.Queryer, id lanzha.ID) (string, error) {
			return "officer " + string(id[22:]), nil
		},
		Clue: func(context.Context, sqldb.Queryer, lanzha.ID) (alert.Subject, error) {
			return alert.Subject{}, lanzha.NotFound("clue")
		},
		Named: func() []string { return []string{"couriers", "clues"} },
	}
	h.desk.Register()
	may := auth.NewDecider()
	kit := api.New("test", may.Gate)
	h.desk.Mount(kit, may)

	h.bank = h.institution("bank-a", institution.Bank, "530100", institution.Range{Kind: institution.Card, Prefix: "622200"})
	h.otherBank = h.institution("bank-b", institution.Bank, "530100", institution.Range{Kind: institution.Card, Prefix: "621700"})
	h.carrier = h.institution("mobile-km", institution.Carrier, "530100", institution.Range{Kind: institution.Mobile, Prefix: "+86138"})
	h.cityPolice = h.institution("police-530100", institution.Police, "530100")
	h.institution("police-530000", institution.Police, "530000")
	h.station = h.institution("police-530114", institution.Police, "530114")
	where := map[string]lanzha.ID{"bank": h.bank.ID, "other": h.otherBank.ID, "station": h.station.ID}
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a, ok := people[r.Header.Get("As")]; ok {
			a.Institution = where[a.Name]
			r = r.WithContext(auth.WithActor(r.Context(), a))
		}
		kit.ServeHTTP(w, r)
	}))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- h.outbox.Run(ctx) }()
	go func() { ended <- h.journal.Run(ctx) }()
	t.Cleanup(func() {
		h.server.Close()
		stop()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	return h
}

func (h *house) tx(fn func(tx *sqldb.Tx) error) {
	h.t.Helper()
	if err := h.db.Tx(h.t.Context(), fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) institution(code string, kind institution.Kind, region lanzha.Region, ranges ...institution.Range) (in institution.Institution) {
	h.t.Helper()
	in = institution.Institution{Code: code, Name: code, Kind: kind, Region: region, Gateway: institution.ByHand, Ranges: ranges}
	h.tx(func(tx *sqldb.Tx) (err error) {
		in, err = h.directory.Create(h.t.Context(), tx, "", in)
		return err
	})
	return in
}

// raised is an alert that no other is like.
func (h *house) raised(domain feed.Domain, subject, becomes string) alert.Raised {
	h.seq++
	return alert.Raised{
		Log: "L", Seq: h.seq, Index: 1, Rule: "many-sims", Title: feature.Words{ZH: "一机多卡", EN: "many SIMs"}, Pack: "calls", Version: 3, PackSHA: "ab12",
		Severity: "high", Domain: domain, Subject: subject, At: lanzha.At(h.now().Add(-time.Minute)), Score: 80, Becomes: becomes,
		Reasons: feature.Words{ZH: subject + "近1小时用过9张卡", EN: "9 SIMs of " + subject + " in 1 h"},
		Values:  []alert.NamedValue{{Name: "imsis_1h", Title: feature.Words{ZH: "卡数", EN: "SIMs"}, Text: "9"}}, Kind: feed.Call, EventID: "e1",
	}
}

func (h *house) raise(batch ...alert.Raised) {
	h.t.Helper()
	h.tx(func(tx *sqldb.Tx) error { return h.desk.Raise(h.t.Context(), tx, batch) })
}

// one raises one alert and reads it as the officer does.
func (h *house) one(domain feed.Domain, subject, becomes string) alert.Page {
	h.t.Helper()
	h.raise(h.raised(domain, subject, becomes))
	return h.page("officer", h.list("officer", "limit=1")[0].ID)
}

type object = map[string]any

// call sends a request; the answer is decoded into out and any other status
// than the wanted one fails the test.
func (h *house) call(as, method, path string, want int, body, out any, header ...string) {
	h.t.Helper()
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.server.URL+"/api/v1"+path, reader)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("As", as)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := h.server.Client().Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if answer.StatusCode != want {
		h.t.Fatalf("%s %s as %s: %d, want %d: %s", method, path, as, answer.StatusCode, want, text)
	}
	if out == nil {
		return
	}
	if err := json.Unmarshal(text, out); err != nil {
		h.t.Fatalf("%s %s: %s: %v", method, path, text, err)
	}
}

// step does a step to the version of an alert that was read.
func (h *house) step(as string, p alert.Page, step string, want int, body any) (out alert.Page) {
	h.t.Helper()
	var to any
	if want == http.StatusOK {
		to = &out
	}
	h.call(as, http.MethodPost, fmt.Sprintf("/alerts/%s/%s", p.ID, step), want, body, to, "If-Match", api.ETag(p.Version))
	return out
}

func (h *house) page(as string, id lanzha.ID) (out alert.Page) {
	h.t.Helper()
	h.call(as, http.MethodGet, "/alerts/"+string(id), http.StatusOK, nil, &out)
	return out
}

// list reads all pages of a list of alerts.
func (h *house) list(as, query string) (out []alert.Body) {
	h.t.Helper()
	for cursor := ""; ; {
		var page api.List[alert.Body]
		h.call(as, http.MethodGet, "/alerts?"+query+"&cursor="+cursor, http.StatusOK, nil, &page)
		out = append(out, page.Items...)
		if cursor = page.Next; cursor == "" || query == "limit=1" {
			return out
		}
	}
}

// rows are the kinds of a record's timeline, the oldest first.
func (h *house) rows(record lanzha.ID) []string {
	h.t.Helper()
	found, err := h.journal.Timeline(h.t.Context(), h.db.Read(), record, 0, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	out := []string{}
	for _, r := range slices.Backward(found) {
		out = append(out, r.Kind)
	}
	return out
}

func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline, tick := time.After(20*time.Second), time.NewTicker(2*time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline:
			t.Fatal("waited in vain: " + what)
		case <-tick.C:
		}
	}
}
