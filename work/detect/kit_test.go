package detect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	"lanzha/base/stream"
	"lanzha/base/vault"
	"lanzha/know/institution"
	"lanzha/work/detect"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/rule"
	"lanzha/work/feed"
)

var schemas = []sqldb.Schema{journal.Schema(), outbox.Schema(), api.Schema(), institution.Schema(), alert.Schema(), detect.Schema()}

func both(t *testing.T, test func(t *testing.T, db *sqldb.DB)) {
	t.Helper()
	sqltest.Run(t, schemas, test)
}

// tryPack is a pack with a rule that many calls meet, one that always fails, and
// a question.
const tryPack = `pack: try
version: 1
title: {zh: 试验, en: trial}
zone: Asia/Shanghai
event: call
features:
  - {name: calls_10m, title: {zh: 主叫次数, en: calls}, key: caller, aggregate: count, window: 10m}
  - {name: callees_1h, title: {zh: 被叫数, en: callees}, key: caller, aggregate: distinct, of: callee, window: 1h}
  - {name: received_30m, title: {zh: 来电次数, en: received}, key: callee, aggregate: count, window: 30m}
bands: {medium: 30, high: 60}
actions: {low: allow, medium: review, high: hold}
lists: [couriers]
rules:
  - id: blast
    title: {zh: 群呼, en: blast calling}
    event: call
    subject: caller
    severity: high
    weight: 60
    when: calls_10m >= 5 && !listed('couriers', caller)
    reason: {zh: "近10分钟呼出{calls_10m}次", en: "{calls_10m} calls in 10 minutes"}
    hold: 1m
    becomes: none
  - id: broken
    title: {zh: 出错, en: broken}
    event: call
    subject: caller
    severity: low
    weight: 1
    when: 1 / (calls_10m - calls_10m) > 2
    reason: {zh: "错", en: "wrong"}
    becomes: none
signals:
  - id: called-often
    title: {zh: 半小时内是否接到三次来电, en: three calls within half an hour}
    event: call
    key: callee
    when: received_30m >= 3
`

func parse(t testing.TB, text string) *rule.Pack {
	t.Helper()
	p, err := rule.Parse("try.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// house is a detector on one database and one folder, behind HTTP.
type house struct {
	testing.TB
	*detect.Detector
	ahead  *atomic.Int64 // of the wall clock, in nanoseconds
	server *httptest.Server
	stop   func() // ends the work and waits for that
}

// open makes a detector; it does not run yet.
func open(t testing.TB, db *sqldb.DB, dir string, change func(o *detect.Options)) *house {
	t.Helper()
	h := &house{TB: t, ahead: new(atomic.Int64)}
	now := func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }
	v, err := vault.Open(vault.Options{File: filepath.Join(dir, "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	ids := lanzha.NewIDs(now, nil)
	j := journal.New(db, now, nil)
	directory := institution.New(db, j, v, now, ids)
	o := detect.Options{
		Stream: stream.Options{Dir: filepath.Join(dir, "log"), MaxBytes: 1 << 30}, Dir: filepath.Join(dir, "state"), Late: 10 * time.Minute,
		Address: "127.0.0.1:9611", Region: "530100", PerMinute: 1_000_000, Snapshot: time.Hour, Takeover: 5 * time.Second,
		Packs: []*rule.Pack{parse(t, tryPack)},
	}
	if change != nil {
		change(&o)
	}
	h.Detector, err = detect.New(&detect.Detector{
		DB: db, Journal: j, Vault: v, IDs: ids, Now: now, Options: o,
		Alerts: &alert.Desk{
			Store: alert.NewStore(v), DB: db, Journal: j, Outbox: outbox.New(db, now, ids, outbox.Options{}), IDs: ids, Now: now, Zone: time.UTC,
			Directory: directory, Centre: "530100",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	may := auth.NewDecider()
	a := api.New("test", may.Gate)
	h.Mount(a, may)
	h.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.ServeHTTP(w, r.WithContext(auth.WithActor(r.Context(), people[r.Header.Get("As")])))
	}))
	t.Cleanup(h.server.Close)
	return h
}

var people = map[string]auth.Actor{
	"bank":    {ID: "01KB3V6N0Q8V4Y2ZC5T7R9BANK", Name: "bank", Roles: []auth.Role{auth.Responder}, Institution: "01KB3V6N0Q8V4Y2ZC5T7R9BNK1"},
	"officer": {ID: "01KB3V6N0Q8V4Y2ZC5T7R90FF1", Name: "officer", Roles: []auth.Role{auth.Officer}, Region: "530100"},
	"leader":  {ID: "01KB3V6N0Q8V4Y2ZC5T7R9LEAD", Name: "leader", Roles: []auth.Role{auth.Leader}, Region: "530100"},
	"second":  {ID: "01KB3V6N0Q8V4Y2ZC5T7R9SEC2", Name: "second", Roles: []auth.Role{auth.Leader}, Region: "530100"},
}

// start runs it.
func (h *house) start() *house {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	stopped := false
	h.stop = func() {
		if cancel(); !stopped {
			stopped = true
			if err := <-done; err != nil {
				h.Error(err)
			}
		}
	}
	h.Cleanup(h.stop)
	return h
}

// active runs it until it is active and runs its packs.
func active(t testing.TB, db *sqldb.DB, dir string, change func(o *detect.Options)) *house {
	t.Helper()
	h := open(t, db, dir, change).start()
	h.until("the detector to be active", func() bool { return h.State().State == detect.Active && len(h.State().Packs) == len(h.Options.Packs) })
	return h
}

// until waits for what must come; only a hanging test sees its end.
func (h *house) until(what string, cond func() bool) {
	h.Helper()
	for end := time.Now().Add(time.Minute); !cond(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			h.Fatalf("waited a minute for %s: %+v", what, h.State())
		}
	}
}

// settled waits until all alerts are stored.
func (h *house) settled() *house {
	h.Helper()
	h.until("the alerts to be stored", func() bool { return h.State().Pending == 0 })
	return h
}

// call asks the API and returns the status and the answer.
func (h *house) call(as, method, path string, version int64, body any) (int, map[string]any) {
	h.Helper()
	var text io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		text = strings.NewReader(b)
	default:
		encoded, err := json.Marshal(b)
		if err != nil {
			h.Fatal(err)
		}
		text = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, h.server.URL+api.Prefix+path, text)
	if err != nil {
		h.Fatal(err)
	}
	r.Header.Set("As", as)
	r.Header.Set("Content-Type", "application/json")
	if version > 0 {
		r.Header.Set("If-Match", strconv.FormatInt(version, 10))
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Fatal(err)
	}
	defer answer.Body.Close()
	out := map[string]any{}
	if err := json.NewDecoder(answer.Body).Decode(&out); err != nil {
		h.Fatalf("%s %s: %v", method, path, err)
	}
	return answer.StatusCode, out
}

// begin is when the events of tests begin.
var begin = time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC)

// event is a call as JSON.
func event(caller, callee string, second int) string {
	return fmt.Sprintf(`{"id":"c%d","start":"%s","caller":"%s","callee":"%s","duration_s":20,"answered":true,"imei":"860001","cell":"46000-1"}`,
		second, begin.Add(time.Duration(second)*time.Second).Format(time.RFC3339), caller, callee)
}

func (h *house) score(caller, callee string, second int) map[string]any {
	h.Helper()
	status, out := h.call("bank", http.MethodPost, "/score", 0, `{"kind":"call","event":`+event(caller, callee, second)+`}`)
	if status != http.StatusOK {
		h.Fatalf("%d %v", status, out)
	}
	return out
}

// feature is a feature of a verdict.
func featureOf(verdict map[string]any, name string) any {
	return verdict["features"].(map[string]any)[name]
}

// batch is the n-th batch of a made-up town: 60 calls within a minute, of
// callers some of whom call often.
func batch(n int) *feed.Batch {
	b := feed.NewBuilder(feed.Call)
	for i := range 60 {
		k := n*60 + i
		caller := 13_800_000_000 + k*7919%400
		if i%6 == 0 {
			caller = 13_900_000_000 + k/6%9
		}
		at := begin.Add(time.Duration(k) * time.Second)
		line := fmt.Sprintf(`{"id":"%d","start":"%s","caller":"%d","callee":"%d","duration_s":%d,"answered":%t,"imei":"8600%d"}`,
			k, at.Format(time.RFC3339), caller, 15_000_000_000+k*104_729%900, k%100, k%3 == 0, caller%50)
		if !b.AddJSON([]byte(line)) {
			panic(fmt.Sprint(b.Batch().Refused))
		}
	}
	return b.Batch()
}

// alerts are the stored alerts without what differs from run to run: their own
// IDs, the moment of storing, and what is sealed anew each time.
func alerts(t testing.TB, db *sqldb.DB) []string {
	t.Helper()
	out, err := sqldb.All(context.Background(), db.Read(), func(s sqldb.Scanner) (string, error) {
		var seq, idx, version, score, at int64
		var rule, sha, title, severity, domain, subject, reasons, values, kind, event string
		err := s.Scan(&seq, &idx, &rule, &version, &sha, &title, &severity, &score, &domain, &subject, &reasons, &values, &kind, &event, &at)
		return fmt.Sprintln(seq, idx, rule, version, sha, title, severity, score, domain, subject, reasons, values, kind, event, at), err
	}, `SELECT seq, idx, rule, pack_version, pack_sha, title, severity, score, domain, subject, reasons, named_values, event_kind, event_id, event_at FROM alert ORDER BY seq, idx, rule`)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// copyLog copies a folder's event log, which nobody holds open, and its keys.
func copyLog(t testing.TB, from string) string {
	t.Helper()
	to := t.TempDir()
	if err := os.CopyFS(filepath.Join(to, "log"), os.DirFS(filepath.Join(from, "log"))); err != nil {
		t.Fatal(err)
	}
	keys, err := os.ReadFile(filepath.Join(from, "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "keys.json"), keys, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}
