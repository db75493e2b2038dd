package den_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/base/vault"
	"lanzha/know/institution"
	"lanzha/work/clue"
	"lanzha/work/clue/den"
	"lanzha/work/report"
)

var schemas = []sqldb.Schema{
	journal.Schema(), outbox.Schema(), api.Schema(), institution.Schema(), report.Schema(), clue.Schema(), den.Schema(),
}

// house is everything from a report to a den, on one database.
type house struct {
	t   testing.TB
	db  *sqldb.DB
	at  *atomic.Int64 // how far the clock is ahead of the wall, in nanoseconds
	ids *lanzha.IDs

	journal   *journal.Journal
	outbox    *outbox.Outbox
	directory *institution.Directory
	reports   *report.Desk
	clues     *clue.Desk
	dens      *den.Desk
	api       http.Handler

	mobile, fixed, unit, otherUnit institution.Institution // two carriers and two police units

	mu      sync.Mutex
	answers map[string]said // by value, for those who are asked over HTTP
	seq     int64           // how far the journal was followed
}

type said struct{ Address, Role string }

func (h *house) now() time.Time {
	return time.Now().Add(time.Duration(h.at.Load())).UTC().Truncate(time.Microsecond)
}
func (h *house) pass(d time.Duration) { h.at.Add(int64(d)) }

func open(t testing.TB, db *sqldb.DB) *house {
	t.Helper()
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, db: db, at: new(atomic.Int64), answers: map[string]said{}}
	h.ids = lanzha.NewIDs(h.now, nil)
	h.join(v)
	carriers := httptest.NewServer(http.HandlerFunc(h.answer))
	t.Cleanup(carriers.Close)
	h.clues.Gateways = map[institution.Gateway]clue.Asker{institution.BySandbox: asker{carriers.Client()}}
	h.mobile = h.institution("mobile-km", institution.Carrier, "530100", carriers.URL, institution.Range{Kind: institution.Mobile, Prefix: "+86138"})
	h.fixed = h.institution("fixed-km", institution.Carrier, "530100", carriers.URL, institution.Range{Kind: institution.Fixed, Prefix: "+86871"})
	h.unit = h.institution("police-chenggong", institution.Police, "530114", "")
	h.otherUnit = h.institution("police-wuhua", institution.Police, "530102", "")
	return h
}

// join builds the desks on the database.
func (h *house) join(v *vault.Vault) {
	h.journal = journal.New(h.db, h.now, nil)
	h.outbox = outbox.New(h.db, h.now, h.ids, outbox.Options{Poll: 5 * time.Millisecond})
	h.directory = institution.New(h.db, h.journal, v, h.now, h.ids)
	name := func(ctx context.Context, q sqldb.Queryer, id lanzha.ID) (string, error) {
		return "officer " + string(id[20:]), nil
	}
	leader := func(ctx context.Context, q sqldb.Queryer, r lanzha.Region, at time.Time) (lanzha.ID, error) {
		return leaderID, nil
	}
	h.reports = &report.Desk{Store: report.NewStore(v), DB: h.db, Journal: h.journal, IDs: h.ids, Now: h.now, Zone: time.UTC}
	h.clues = &clue.Desk{
		Store: clue.NewStore(v), DB: h.db, Journal: h.journal, Outbox: h.outbox, IDs: h.ids, Now: h.now,
		Reports: h.reports.Store, Directory: h.directory, Leader: leader, OfficerName: name,
		Auto: clue.Auto{On: true, Purpose: "核查涉诈线索", LegalBasis: "反电信网络诈骗法第二十六条"},
	}
	h.dens = &den.Desk{
		DB: h.db, Journal: h.journal, Outbox: h.outbox, IDs: h.ids, Now: h.now,
		Clues: h.clues.Store, Directory: h.directory, Leader: leader, OfficerName: name,
	}
	may := auth.NewDecider()
	kit := api.New("test", may.Gate)
	h.dens.Mount(kit, may)
	h.api = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a, ok := people[r.Header.Get("As")]; ok {
			if a.Institution == "unit" {
				a.Institution = h.unit.ID
			} else if a.Institution == "otherUnit" {
				a.Institution = h.otherUnit.ID
			}
			r = r.WithContext(auth.WithActor(r.Context(), a))
		}
		kit.ServeHTTP(w, r)
	})
}

const leaderID lanzha.ID = "01KB3V6N0Q8V4Y2ZC5T7R9LEAD"

var people = map[string]auth.Actor{
	"officer":     {ID: "01KB3V6N0Q8V4Y2ZC5T7R90FF1", Name: "officer", Roles: []auth.Role{auth.Officer}, Region: "530100"},
	"analyst":     {ID: "01KB3V6N0Q8V4Y2ZC5T7R9ANA1", Name: "analyst", Roles: []auth.Role{auth.Analyst}, Region: "530100"},
	"both":        {ID: "01KB3V6N0Q8V4Y2ZC5T7R9B0TH", Name: "both", Roles: []auth.Role{auth.Analyst, auth.Leader}, Region: "530100"},
	"leader":      {ID: leaderID, Name: "leader", Roles: []auth.Role{auth.Leader}, Region: "530100"},
	"district":    {ID: "01KB3V6N0Q8V4Y2ZC5T7R9D1ST", Name: "district", Roles: []auth.Role{auth.Officer}, Region: "530114"},
	"elsewhere":   {ID: "01KB3V6N0Q8V4Y2ZC5T7R9QJNG", Name: "elsewhere", Roles: []auth.Role{auth.Officer, auth.Analyst, auth.Leader}, Region: "530300"},
	"neighbour":   {ID: "01KB3V6N0Q8V4Y2ZC5T7R9WHVA", Name: "neighbour", Roles: []auth.Role{auth.Officer}, Region: "530102"},
	"country":     {ID: "01KB3V6N0Q8V4Y2ZC5T7R9CTRY", Name: "country", Roles: []auth.Role{auth.Leader}},
	"unit":        {ID: "01KB3V6N0Q8V4Y2ZC5T7R9VN1T", Name: "unit", Roles: []auth.Role{auth.Unit}, Institution: "unit"},
	"other unit":  {ID: "01KB3V6N0Q8V4Y2ZC5T7R9VN2T", Name: "other unit", Roles: []auth.Role{auth.Unit}, Institution: "otherUnit"},
	"responder":   {ID: "01KB3V6N0Q8V4Y2ZC5T7R9RESP", Name: "responder", Roles: []auth.Role{auth.Responder}, Institution: "unit"},
	"administers": {ID: "01KB3V6N0Q8V4Y2ZC5T7R9ADM1", Name: "admin", Roles: []auth.Role{auth.Admin}},
	"auditor":     {ID: "01KB3V6N0Q8V4Y2ZC5T7R9AVD1", Name: "auditor", Roles: []auth.Role{auth.Auditor}},
}

// asker asks over HTTP and reads what comes back.
type asker struct{ http *http.Client }

func (a asker) Ask(ctx context.Context, q clue.Question) (clue.Answer, error) {
	body, err := json.Marshal(map[string]string{"value": q.Value})
	if err != nil {
		return clue.Answer{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, q.Institution.Endpoint, bytes.NewReader(body))
	if err != nil {
		return clue.Answer{}, err
	}
	r.Header.Set("Idempotency-Key", q.Key)
	response, err := a.http.Do(r)
	if err != nil {
		return clue.Answer{}, err
	}
	defer response.Body.Close()
	var s said
	if err := json.NewDecoder(response.Body).Decode(&s); err != nil {
		return clue.Answer{}, err
	}
	if s.Address == "" {
		return clue.Answer{State: clue.AnswerRefused, Reason: "查无此号"}, nil
	}
	return clue.Answer{State: clue.AnswerAnswered, InstallAddress: s.Address, AddressRole: s.Role}, nil
}

func (h *house) answer(w http.ResponseWriter, r *http.Request) {
	var q struct{ Value string }
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	s := h.answers[q.Value]
	h.mu.Unlock()
	_ = json.NewEncoder(w).Encode(s)
}

func (h *house) tx(fn func(tx *sqldb.Tx) error) {
	h.t.Helper()
	if err := h.db.Tx(h.t.Context(), fn); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) institution(code string, kind institution.Kind, region lanzha.Region, endpoint string, ranges ...institution.Range) (in institution.Institution) {
	h.t.Helper()
	in = institution.Institution{Code: code, Name: code, Kind: kind, Region: region, Gateway: institution.ByHand, Endpoint: endpoint, Ranges: ranges}
	if endpoint != "" {
		in.Gateway = institution.BySandbox
	}
	h.tx(func(tx *sqldb.Tx) (err error) {
		in, err = h.directory.Create(h.t.Context(), tx, "", in)
		return err
	})
	return in
}

// tell has somebody tell of a value: source names the report, "" is an officer.
func (h *house) tell(kind clue.Kind, value string, source lanzha.ID, via lanzha.ID) (c clue.Clue) {
	h.t.Helper()
	src := clue.Source{ID: source, Kind: "report", Region: "530102", At: h.now()}
	h.tx(func(tx *sqldb.Tx) (err error) {
		c, _, err = h.clues.Open(h.t.Context(), tx, kind, value, src, via, "")
		return err
	})
	return c
}

// ask puts a question and leaves it open.
func (h *house) ask(c clue.Clue) (l clue.Lookup) {
	h.t.Helper()
	to := h.mobile.ID
	if c.Kind == clue.KindFixed {
		to = h.fixed.ID
	}
	h.tx(func(tx *sqldb.Tx) error {
		lookups, err := h.clues.Ask(h.t.Context(), tx, c, []lanzha.ID{to}, clue.Ask{
			Officers: []string{"officer"}, Purpose: "核查", LegalBasis: "法", Region: "530102", Deadline: 80 * 24 * time.Hour,
		})
		if err == nil {
			l = lookups[0]
		}
		return err
	})
	return l
}

// say answers a question.
func (h *house) say(l clue.Lookup, address, role string) error {
	return h.db.Tx(h.t.Context(), func(tx *sqldb.Tx) error {
		_, err := h.clues.Receive(h.t.Context(), tx, l.ID, clue.Answer{State: clue.AnswerAnswered, InstallAddress: address, AddressRole: role}, h.now(), "")
		return err
	})
}

// sight tells of a new value from a report of its own and has it answered.
func (h *house) sight(kind clue.Kind, address, role string) clue.Clue {
	h.t.Helper()
	c := h.tell(kind, h.value(kind), h.ids.Next(), "")
	h.reply(c, address, role)
	return c
}

func (h *house) reply(c clue.Clue, address, role string) {
	h.t.Helper()
	if err := h.say(h.ask(c), address, role); err != nil {
		h.t.Fatal(err)
	}
}

var values atomic.Int64

func (h *house) value(kind clue.Kind) string {
	if kind == clue.KindFixed {
		return fmt.Sprintf("+86871%08d", 60_000_000+values.Add(1))
	}
	return fmt.Sprintf("+86138%08d", values.Add(1))
}

// follow has the dens' desk look at everything that has happened.
func (h *house) follow() {
	h.t.Helper()
	seq, err := h.dens.CatchUp(h.t.Context(), h.seq)
	if err != nil {
		h.t.Fatal(err)
	}
	h.seq = seq
}

// all lists the dens, the newest first, after everything has been followed.
func (h *house) all() []den.Den {
	h.t.Helper()
	h.follow()
	dens, err := h.dens.Store.List(h.t.Context(), h.db.Read(), den.Filter{Scope: auth.Scope{All: true}, Limit: 100})
	if err != nil {
		h.t.Fatal(err)
	}
	return dens
}

func (h *house) kinds(record lanzha.ID) []string {
	h.t.Helper()
	rows, err := h.journal.Timeline(h.t.Context(), h.db.Read(), record, 0, 100)
	if err != nil {
		h.t.Fatal(err)
	}
	out := []string{}
	for i := len(rows) - 1; i >= 0; i-- {
		out = append(out, rows[i].Kind)
	}
	return out
}

// request calls the API as somebody; version 0 sends no If-Match. The body of
// the answer is decoded into out.
func (h *house) request(as, method, path string, version int64, body, out any) int {
	h.t.Helper()
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			h.t.Fatal(err)
		}
		reader = bytes.NewReader(text)
	}
	r := httptest.NewRequestWithContext(h.t.Context(), method, "/api/v1"+path, reader)
	r.Header.Set("As", as)
	r.Header.Set("Content-Type", "application/json")
	if version != 0 {
		r.Header.Set("If-Match", api.ETag(version))
	}
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, r)
	if out != nil {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			h.t.Fatalf("%s %s: %d %s: %v", method, path, w.Code, w.Body, err)
		}
	}
	return w.Code
}

// do runs a step over the API and returns the den; any other status than 200
// fails the test.
func (h *house) do(as string, d den.DenPage, step string, body any) (out den.DenPage) {
	h.t.Helper()
	var raw json.RawMessage
	if code := h.request(as, http.MethodPost, "/dens/"+string(d.ID)+"/"+step, d.Version, body, &raw); code != http.StatusOK {
		h.t.Fatalf("%s as %s: %d %s", step, as, code, raw)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *house) read(as string, id lanzha.ID) (out den.DenPage) {
	h.t.Helper()
	if code := h.request(as, http.MethodGet, "/dens/"+string(id), 0, nil, &out); code != http.StatusOK {
		h.t.Fatalf("reading a den as %s: %d", as, code)
	}
	return out
}

type object = map[string]any

// until waits for a condition.
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

// roads are so many places that have nothing to do with each other.
var roads = strings.Fields(`青槐路 白鹭路 听松路 石榴路 竹溪路 云杉路 落霞路 芦花路 玉兰路 梨园路 枫桥路 晴岚路
	丹桂路 紫藤路 银杏路 海棠路 杜鹃路 翠柏路 红枫路 碧桃路 腊梅路 茉莉路 百合路 蔷薇路 丁香路 木兰路 秋菊路 雪松路`)

// judge says what is thought of a clue's number, as an officer does.
func (h *house) judge(c clue.Clue, truth clue.Truth) {
	h.t.Helper()
	ctx := h.t.Context()
	h.tx(func(tx *sqldb.Tx) error {
		now, err := h.clues.Store.GetLocked(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		if now, err = clue.Judge(now, truth); err != nil {
			return err
		}
		if err := h.clues.Store.Update(ctx, tx, now); err != nil {
			return err
		}
		err = h.journal.Append(ctx, tx, h.now(), journal.Entry{Kind: "clue.judged", Record: c.ID, Payload: object{"truth": truth}})
		return err
	})
}

// facts is the payload of a den's last row of a kind.
func (h *house) facts(id lanzha.ID, kind string) (out den.Facts) {
	h.t.Helper()
	rows, err := h.journal.Search(h.t.Context(), h.db.Read(), journal.Filter{Record: id, Kind: kind, Limit: 1})
	if err != nil || len(rows) == 0 {
		h.t.Fatalf("no row %s: %v", kind, err)
	}
	if err := rows[0].Into(&out); err != nil {
		h.t.Fatal(err)
	}
	return out
}

func (h *house) evidence(id lanzha.ID) []den.Sighting {
	h.t.Helper()
	out, err := h.dens.Store.Evidence(h.t.Context(), h.db.Read(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// sorted compares lists of IDs whatever their order.
var sorted = cmpopts.SortSlices(func(a, b lanzha.ID) bool { return a < b })
