package report_test

import (
	"bytes"
	"context"
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
	"lanzha/work/report"
)

var (
	schemas = []sqldb.Schema{journal.Schema(), api.Schema(), report.Schema()}
	now     = time.Date(2026, 2, 20, 8, 0, 0, 0, time.UTC) // 16:00 in Shanghai
	people  = map[string]auth.Actor{
		"chenggong": {ID: "01KB00000000000000000000A1", Name: "甲", Roles: []auth.Role{auth.Officer}, Region: "530114"},
		"kunming":   {ID: "01KB00000000000000000000A2", Name: "乙", Roles: []auth.Role{auth.Officer}, Region: "530100"},
		"qujing":    {ID: "01KB00000000000000000000A3", Name: "丙", Roles: []auth.Role{auth.Officer}, Region: "530300"},
		"auditor":   {ID: "01KB00000000000000000000A4", Name: "丁", Roles: []auth.Role{auth.Auditor}, Region: "530100"},
	}
)

// served is the stage over real HTTP; the header X-As says who acts, as the
// session would.
type served struct {
	*testing.T
	url string
	db  *sqldb.DB
	j   *journal.Journal
}

func serve(t *testing.T, db *sqldb.DB) *served {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	j := journal.New(db, clock, nil)
	may := auth.NewDecider()
	a := api.New("test", may.Gate)
	desk := &report.Desk{Store: report.NewStore(v), DB: db, Journal: j, IDs: lanzha.NewIDs(clock, nil), Now: clock, Zone: zone}
	desk.Mount(a, may)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if actor, ok := people[r.Header.Get("X-As")]; ok {
			r = r.WithContext(auth.WithActor(r.Context(), actor))
		}
		a.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return &served{t, server.URL + api.Prefix, db, j}
}

func (s *served) send(as, method, path, contentType string, body io.Reader, header ...string) (int, []byte) {
	s.Helper()
	r, err := http.NewRequest(method, s.url+path, body)
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("X-As", as)
	r.Header.Set("Content-Type", contentType)
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
	return answer.StatusCode, text
}

func (s *served) post(as, path, body string, header ...string) (int, []byte) {
	s.Helper()
	return s.send(as, http.MethodPost, path, "application/json", strings.NewReader(body), header...)
}

func (s *served) want(status int, got int, text []byte, into any) {
	s.Helper()
	if got != status {
		s.Fatalf("status %d, want %d: %s", got, status, text)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			s.Fatalf("%v: %s", err, text)
		}
	}
}

const story = `{"type":"report","channel":"110","ref110":"KM20260220001","region":"530114",
	"text":"今天下午3点接到13888812345的电话，让我转账3.5万元到6222021234567890128。",
	"caller":{"name":"张三丰","phone":"13700001111"},
	"parties":[{"role":"caller","name":"报警人"},{"role":"desk110","name":"110接警员"},{"role":"centre","name":"甲"}]}`

func TestAReportIsTakenWithWhatItsTextHolds(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		var made report.Body
		status, text := s.post("chenggong", "/reports", story, "Idempotency-Key", "k1")
		s.want(http.StatusCreated, status, text, &made)
		kinds := []string{}
		for _, f := range made.Finds {
			kinds = append(kinds, string(f.Kind)+" "+f.Value)
		}
		if diff := cmp.Diff([]string{"time 2026-02-20T15:00:00+08:00", "mobile +8613888812345", "amount 3500000", "card 6222021234567890128"}, kinds); diff != "" {
			t.Error(diff)
		}
		if made.AmountFen != 3_500_000 || made.OccurredAt == nil || !made.OccurredAt.Equal(now.Add(-time.Hour)) {
			t.Errorf("amount %d at %v: taken from the text", made.AmountFen, made.OccurredAt)
		}
		if made.Caller != (report.Caller{Name: "张**", Phone: "137****1111"}) {
			t.Errorf("the caller is shown as %+v", made.Caller)
		}
		var again report.Body
		status, text = s.post("chenggong", "/reports", story, "Idempotency-Key", "k1")
		s.want(http.StatusCreated, status, text, &again)
		if again.ID != made.ID {
			t.Error("a repeat made a second report")
		}
		status, text = s.post("chenggong", "/reports", strings.Replace(story, "3.5", "4.5", 1), "Idempotency-Key", "k1")
		s.want(http.StatusConflict, status, text, nil)

		stored, err := sqldb.One(context.Background(), db.Read(), "report", sqldb.Value[string], `SELECT caller FROM report`)
		if err != nil || strings.Contains(stored, "张三丰") || strings.Contains(stored, "13700001111") {
			t.Errorf("the caller lies clear in the database: %v", err)
		}
		rows, err := s.j.Search(context.Background(), db.Read(), journal.Filter{Kind: "report.received", Limit: 9})
		if err != nil || len(rows) != 1 || rows[0].Record != made.ID || bytes.Contains(rows[0].Payload, []byte("138")) {
			t.Errorf("journal: %v, %v", rows, err)
		}
	})
}

func TestRevealIsJournaledWithItsPurpose(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		var made report.Body
		status, text := s.post("chenggong", "/reports", story)
		s.want(http.StatusCreated, status, text, &made)
		path := "/reports/" + string(made.ID) + "/reveal"
		status, text = s.post("chenggong", path, `{"field":"caller.name","purpose":""}`)
		s.want(http.StatusUnprocessableEntity, status, text, nil)
		var shown api.Revealed
		status, text = s.post("chenggong", path, `{"field":"caller.name","purpose":"回访"}`)
		s.want(http.StatusOK, status, text, &shown)
		if shown.Value != "张三丰" || !shown.Until.Equal(now.Add(time.Minute)) {
			t.Errorf("shown: %+v", shown)
		}
		rows, err := s.j.Timeline(context.Background(), db.Read(), made.ID, 0, 1)
		if err != nil || rows[0].Kind != "report.revealed" || rows[0].Purpose != "回访" || rows[0].Actor != people["chenggong"].ID {
			t.Errorf("journal: %+v, %v", rows, err)
		}
	})
}

func TestNobodyReachesBeyondTheirScope(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		var made report.Body
		status, text := s.post("chenggong", "/reports", story)
		s.want(http.StatusCreated, status, text, &made)
		list := func(as string) int {
			var page api.List[report.Summary]
			status, text := s.send(as, http.MethodGet, "/reports", "", nil)
			s.want(http.StatusOK, status, text, &page)
			return len(page.Items)
		}
		if list("chenggong") != 1 || list("kunming") != 1 || list("qujing") != 0 {
			t.Error("a list shows its own scope and nothing beside it")
		}
		for _, c := range []struct {
			as, method, path, body string
			want                   int
		}{
			{"kunming", "GET", "/reports/" + string(made.ID), "", 200},
			{"qujing", "GET", "/reports/" + string(made.ID), "", 404},
			{"qujing", "POST", "/reports/" + string(made.ID) + "/reveal", `{"field":"caller.name","purpose":"回访"}`, 404},
			{"qujing", "POST", "/reports/" + string(made.ID) + "/close", `{"note":"x"}`, 404},
			{"qujing", "POST", "/reports", story, 404},
			{"qujing", "GET", "/reports?region=530114", "", 403},
			{"auditor", "GET", "/reports", "", 403},
			{"auditor", "GET", "/reports/" + string(made.ID), "", 403},
			{"nobody", "GET", "/reports", "", 401},
		} {
			status, text := s.send(c.as, c.method, c.path, "application/json", strings.NewReader(c.body), "If-Match", `"1"`)
			if status != c.want {
				t.Errorf("%s %s %s: %d, want %d: %s", c.as, c.method, c.path, status, c.want, text)
			}
		}
	})
}

func TestBadInputIsRefusedByField(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		long := strings.Repeat("被", 20_001)
		for _, c := range []struct {
			name, body string
			status     int
			location   string
		}{
			{"empty body", ``, 400, ""},
			{"no JSON", `type=report`, 400, "body"},
			{"wrong JSON type", `{"type":"report","region":"530114","text":5}`, 422, "body.text"},
			{"unknown field", `{"type":"report","region":"530114","text":"x","colour":"red"}`, 422, "body.colour"},
			{"no region", `{"type":"report","text":"x"}`, 422, "body.region"},
			{"no text", `{"type":"report","region":"530114","text":" "}`, 422, "body.text"},
			{"text too long", `{"type":"report","region":"530114","text":"` + long + `"}`, 422, "body.text"},
			{"10 MB of text", `{"type":"report","region":"530114","text":"` + strings.Repeat("a", 10<<20) + `"}`, 413, "body"},
			{"not UTF-8", "{\"type\":\"report\",\"region\":\"530114\",\"text\":\"\xff\xfe\"}", 422, "body"},
			{"a type that is none", `{"type":"gossip","region":"530114","text":"x"}`, 422, "body.type"},
			{"a region that is none", `{"type":"report","region":"53011","text":"x"}`, 422, "body.region"},
			{"the year 30000", `{"type":"report","region":"530114","text":"x","occurredAt":"30000-01-01T00:00:00Z"}`, 422, "body.occurredAt"},
			{"next week", `{"type":"report","region":"530114","text":"x","occurredAt":"2026-02-27T00:00:00Z"}`, 422, "body.occurredAt"},
			{"a negative amount", `{"type":"report","region":"530114","text":"x","amountFen":-1}`, 422, "body.amountFen"},
		} {
			status, text := s.post("chenggong", "/reports", c.body)
			var p api.Problem
			if err := json.Unmarshal(text, &p); err != nil {
				t.Errorf("%s: no problem document: %s", c.name, text)
				continue
			}
			located := c.location == ""
			for _, d := range p.Errors {
				located = located || d.Location == c.location
			}
			if status != c.status || !located {
				t.Errorf("%s: %d at %+v, want %d at %s", c.name, status, p.Errors, c.status, c.location)
			}
		}
		var made report.Body
		status, text := s.post("chenggong", "/reports", `{"type":"tip","region":"530114","text":"`+strings.Repeat("1", 40)+`"}`)
		s.want(http.StatusCreated, status, text, &made)
		if len(made.Finds) != 0 {
			t.Errorf("40 digits are taken for %+v", made.Finds)
		}
	})
}

func TestImportTakesTheGoodRowsAndReturnsTheBad(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		s := serve(t, db)
		file := "\ufefftype,region,text,amount,occurred_at,caller_phone\n" +
			"报案,530114,接到13888812345的诈骗电话,35000.5,2026-02-20 15:00,13700001111\n" +
			"report,530114,,,,\n" +
			"tip,530300,别的市的,,,\n" +
			"tip,530114,日期不对,,30000-01-01,\n" +
			"tip,530114,\"引号没有结束,,,\n" +
			"tip,530114,金额不对,三千,,\n"
		var out api.Imported
		status, text := s.send("chenggong", http.MethodPost, "/reports/import", "text/csv", strings.NewReader(file), "Idempotency-Key", "f1")
		s.want(http.StatusOK, status, text, &out)
		if out.Taken != 1 || out.Count < 4 {
			t.Errorf("taken %d, refused %d: %+v", out.Taken, out.Count, out.Refused)
		}
		rows := map[int]string{}
		for _, d := range out.Refused {
			rows[d.Row] = d.Location
		}
		for row, field := range map[int]string{3: "text", 4: "region", 5: "occurred_at"} {
			if rows[row] != field {
				t.Errorf("row %d refused at %q, want %q", row, rows[row], field)
			}
		}
		if !strings.HasPrefix(out.File, "type,region,text,amount,occurred_at,caller_phone,reason\n") || !strings.Contains(out.File, ",text: a report needs") {
			t.Errorf("the file that comes back:\n%s", out.File)
		}
		status, text = s.send("chenggong", http.MethodPost, "/reports/import", "text/csv", strings.NewReader(file), "Idempotency-Key", "f1")
		s.want(http.StatusOK, status, text, nil)
		n, err := sqldb.One(context.Background(), db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM report`)
		if err != nil || n != 1 {
			t.Errorf("after a repeat of the file: %d reports, %v", n, err)
		}
		for _, bad := range []string{"", "type,text\nreport,x\n", "type,region,text,colour\n"} {
			status, text = s.send("chenggong", http.MethodPost, "/reports/import", "text/csv", strings.NewReader(bad))
			if status < 400 || status > 422 {
				t.Errorf("%q: %d %s", bad, status, text)
			}
		}
	})
}
