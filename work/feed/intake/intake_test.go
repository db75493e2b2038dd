package intake_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/base/vault"
	"lanzha/work/feed"
	"lanzha/work/feed/intake"
)

var (
	schemas = []sqldb.Schema{journal.Schema(), api.Schema(), intake.Schema()}
	begin   = time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)
	bank    = lanzha.ID("01KB00000000000000000000B1")
	carrier = lanzha.ID("01KB00000000000000000000B2")
	people  = map[string]auth.Actor{
		"analyst": {ID: "01KB00000000000000000000A1", Name: "甲", Roles: []auth.Role{auth.Analyst}, Region: "530100"},
		"officer": {ID: "01KB00000000000000000000A2", Name: "乙", Roles: []auth.Role{auth.Officer}, Region: "530100"},
		"qujing":  {ID: "01KB00000000000000000000A3", Name: "丙", Roles: []auth.Role{auth.Analyst}, Region: "530300"},
		"bank":    {ID: "01KB00000000000000000000A4", Name: "丁", Roles: []auth.Role{auth.Responder}, Institution: bank},
		"carrier": {ID: "01KB00000000000000000000A5", Name: "戊", Roles: []auth.Role{auth.Responder}, Institution: carrier},
	}
)

// logged is an event log in memory, encoded as the real one is. It can be made
// to fail.
type logged struct {
	mu     sync.Mutex
	events []string // as JSON, with the kind
	taken  map[string]int64
	fail   func(h feed.Header) error // before anything is written; nil never
	after  func(h feed.Header) error // when it is written all the same
}

func (l *logged) Append(_ context.Context, kind feed.Kind, b *feed.Batch, h feed.Header) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fail != nil {
		if err := l.fail(h); err != nil {
			return false, err
		}
	}
	if h.Source != "" && h.Number <= l.taken[h.Source] {
		return false, nil
	}
	var read feed.Batch
	if _, _, err := read.Decode(b.Encode(nil, kind, h)); err != nil {
		return false, err
	}
	for i := range read.Events {
		l.events = append(l.events, kind.String()+" "+string(read.AppendJSON(nil, &read.Events[i])))
	}
	l.taken[h.Source] = h.Number
	if l.after != nil {
		return true, l.after(h)
	}
	return true, nil
}

func (l *logged) Taken(source string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken[source]
}

// served is the intake over real HTTP; the header X-As says who acts, as the
// session would.
type served struct {
	*testing.T
	url  string
	db   *sqldb.DB
	log  *logged
	desk *intake.Desk
	now  *time.Time
}

func serve(t *testing.T, db *sqldb.DB) *served {
	t.Helper()
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	now := begin
	clock := func() time.Time { return now }
	log := &logged{taken: map[string]int64{}}
	desk := &intake.Desk{DB: db, Vault: v, Journal: journal.New(db, clock, nil), IDs: lanzha.NewIDs(clock, nil), Now: clock, Log: log, Region: "530100"}
	may := auth.NewDecider()
	a := api.New("test", may.Gate)
	desk.Mount(a, may)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if actor, ok := people[r.Header.Get("X-As")]; ok {
			r = r.WithContext(auth.WithActor(r.Context(), actor))
		}
		a.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return &served{t, server.URL + api.Prefix, db, log, desk, &now}
}

// send sends a request and reads the answer into out, unless that is nil.
func (s *served) send(as, method, path string, body []byte, want int, out any, header ...string) string {
	s.Helper()
	r, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("X-As", as)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.Fatal(err)
	}
	if answer.StatusCode != want {
		s.Fatalf("%s %s: status %d, want %d: %s", method, path, answer.StatusCode, want, text)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			s.Fatalf("%v: %s", err, text)
		}
	}
	return string(text)
}

func (s *served) do(as, method, path string, body any, want int, out any, header ...string) string {
	s.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.Fatal(err)
	}
	return s.send(as, method, path, text, want, out, header...)
}

type letters = intake.LetterList

func (s *served) letters(as, query string) []intake.LetterBody {
	s.Helper()
	var page letters
	s.send(as, http.MethodGet, "/feeds/letters"+query, nil, http.StatusOK, &page)
	return page.Items
}

func diff(t *testing.T, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

const (
	one = `{"id":"t1","time":"2026-11-25T08:00:00Z","from":"a","to":"b","amount":1.00}`
	two = `{"id":"t2","time":"2026-11-25T08:00:01Z","from":"b","to":"c","amount":2.50}`
)

// TestEventsComeInByHTTP in every form, and what is wrong is told by row and
// field.
func TestEventsComeInByHTTP(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		csv := "id,time,from,to,amount\nt1,2026-11-25T08:00:00Z,a,b,1\nt3,yesterday,a,b,1\nt2,2026-11-25T08:00:01Z,b,c,2.5\n"
		var zipped, zst bytes.Buffer
		g := gzip.NewWriter(&zipped)
		g.Write([]byte(csv))
		g.Close()
		z, err := zstd.NewWriter(&zst)
		if err != nil {
			t.Fatal(err)
		}
		z.Write([]byte(csv))
		z.Close()
		bad := `{"id":"t3","time":"yesterday","from":"a","to":"b","amount":1}`
		for name, x := range map[string]struct {
			body, media, encoding string
			row                   int
		}{
			"csv":    {csv, "text/csv; charset=utf-8", "", 3},
			"gzip":   {zipped.String(), "text/csv", "gzip", 3},
			"zstd":   {zst.String(), "text/csv", "zstd", 3},
			"ndjson": {one + "\n" + bad + "\n" + two + "\n", "application/x-ndjson", "", 2},
			"json":   {"[\n" + one + ",\n {\"id\":\"t3\",\n\"time\":\"yesterday\",\"from\":\"a,]}\\\"\",\"to\":\"b\",\"amount\":1}, " + two + "]\n", "application/json", "", 2},
		} {
			s := serve(t, db)
			var got intake.Taken
			header := []string{"Content-Type", x.media}
			if x.encoding != "" {
				header = append(header, "Content-Encoding", x.encoding)
			}
			s.send("bank", http.MethodPost, "/feeds/transfer", []byte(x.body), http.StatusOK, &got, header...)
			if d := cmp.Diff(fmt.Sprint(intake.Taken{Taken: 2, Count: 1, Refused: []intake.Refused{{Row: x.row, Field: "time", Reason: "this is no time in the form that the file declares"}}}), fmt.Sprint(got)); d != "" {
				t.Errorf("%s: %s", name, d)
			}
			diff(t, []string{"transfer " + one, "transfer " + two}, s.log.events)
		}
		s := serve(t, db)
		if text := s.send("bank", http.MethodPost, "/feeds/transfer", []byte(bad), http.StatusOK, nil, "Accept-Language", "zh-CN"); !strings.Contains(text, "时间与所声明的格式不符") {
			t.Errorf("in Chinese: %s", text)
		}
		if text := s.send("bank", http.MethodGet, "/feeds/letters", nil, http.StatusOK, nil, "Accept-Language", "zh-CN"); !strings.Contains(text, "时间与所声明的格式不符") {
			t.Errorf("in Chinese: %s", text)
		}
		var got intake.Taken
		s.send("analyst", http.MethodPost, "/feeds/transfer", []byte(one), http.StatusOK, &got)
		if got.Taken != 1 || got.Count != 0 {
			t.Errorf("one event alone: %+v", got)
		}
		for body, want := range map[string]string{
			`[` + one:             "the JSON list does not end",
			`7`:                   "one JSON list of events is wanted",
			`[` + one + `] [`:     "one JSON list of events is wanted",
			"PAR1 and what it is": "one JSON list of events is wanted",
		} {
			if text := s.send("bank", http.MethodPost, "/feeds/transfer", []byte(body), http.StatusUnprocessableEntity, nil); !strings.Contains(text, want) {
				t.Errorf("%q: %s", body, text)
			}
		}
		s.send("bank", http.MethodPost, "/feeds/fax", []byte("[]"), http.StatusUnprocessableEntity, nil)
		s.send("bank", http.MethodPost, "/feeds/call", []byte("id,start,callee\n"), http.StatusUnprocessableEntity, nil, "Content-Type", "application/xml")
		s.send("bank", http.MethodPost, "/feeds/call", []byte("id,start,callee\n"), http.StatusUnprocessableEntity, nil, "Content-Type", "text/csv", "Content-Encoding", "br")
		s.send("officer", http.MethodPost, "/feeds/call", []byte("[]"), http.StatusForbidden, nil)
		s.send("nobody", http.MethodPost, "/feeds/call", []byte("[]"), http.StatusUnauthorized, nil)
		if text := s.send("bank", http.MethodPost, "/feeds/call", []byte("id,start,called\n"), http.StatusUnprocessableEntity, nil, "Content-Type", "text/csv"); !strings.Contains(text, "called") {
			t.Errorf("a column that no field has: %s", text)
		}
	})
}

// TestSentAgain: with an Idempotency-Key a body is taken once, and its letters
// stand once; another body under the same key loses nothing.
func TestSentAgain(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		body := []byte("[" + one + `,{"time":1},` + two + "]")
		for i := range 3 {
			var got intake.Taken
			s.send("bank", http.MethodPost, "/feeds/transfer", body, http.StatusOK, &got, "Idempotency-Key", "k")
			if got.Taken != 2 || got.Count != 1 || got.Again != (i > 0) {
				t.Errorf("time %d: %+v", i, got)
			}
		}
		if len(s.log.events) != 2 || len(s.letters("bank", "")) != 1 {
			t.Errorf("%d events, %d letters", len(s.log.events), len(s.letters("bank", "")))
		}
		s.send("bank", http.MethodPost, "/feeds/transfer", []byte(one), http.StatusOK, nil, "Idempotency-Key", "k")
		s.send("carrier", http.MethodPost, "/feeds/transfer", body, http.StatusOK, nil, "Idempotency-Key", "k")
		if len(s.log.events) != 5 {
			t.Errorf("%d events, want 5", len(s.log.events))
		}
	})
}

// TestALogThatIsFull: the sender is told, and the letters of what comes again
// stand once.
func TestALogThatIsFull(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		full := &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "the disk is full", Hint: "make room"}
		s.log.fail = func(feed.Header) error { return full }
		body := []byte("[" + one + `,{"time":1}]`)
		if text := s.send("bank", http.MethodPost, "/feeds/transfer", body, http.StatusServiceUnavailable, nil, "Idempotency-Key", "k"); !strings.Contains(text, "make room") {
			t.Error(text)
		}
		s.log.fail = nil
		s.send("bank", http.MethodPost, "/feeds/transfer", body, http.StatusOK, nil, "Idempotency-Key", "k")
		if len(s.log.events) != 1 || len(s.letters("bank", "")) != 1 {
			t.Errorf("%d events, %d letters", len(s.log.events), len(s.letters("bank", "")))
		}
	})
}

// TestRatesAndScope: each sees what is its own.
func TestRatesAndScope(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		s.send("bank", http.MethodPost, "/feeds/transfer", []byte("["+one+","+two+",{}]"), http.StatusOK, nil)
		s.send("carrier", http.MethodPost, "/feeds/call", []byte(`{"start":"2026-11-25T08:00:00Z","callee":"1"}`), http.StatusOK, nil)
		*s.now = begin.Add(30 * time.Second)
		for as, want := range map[string][]string{
			"bank": {"http transfer 2 1 2"}, "carrier": {"http call 1 0 1"}, "officer": {"http transfer 2 1 2", "http call 1 0 1"}, "qujing": {},
		} {
			var got intake.FeedsBody
			s.send(as, http.MethodGet, "/feeds", nil, http.StatusOK, &got)
			lines, open := []string{}, 0
			for _, r := range got.Feeds {
				lines = append(lines, fmt.Sprint(r.Channel, " ", r.Kind, " ", r.Taken, " ", r.Refused, " ", r.LastMinute))
			}
			if as == "bank" || as == "officer" {
				open = 1
			}
			if d := cmp.Diff(want, lines); d != "" || got.OpenLetters != open {
				t.Errorf("%s: %s%d letters", as, d, got.OpenLetters)
			}
		}
		*s.now = begin.Add(3 * time.Minute)
		var got intake.FeedsBody
		s.send("bank", http.MethodGet, "/feeds", nil, http.StatusOK, &got)
		if got.Feeds[0].LastMinute != 0 || got.Feeds[0].Taken != 2 {
			t.Errorf("three minutes later: %+v", got.Feeds[0])
		}
	})
}
