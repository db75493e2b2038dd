package iso20022_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/api"
	"lanzha/base/auth"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/base/vault"
	"lanzha/work/feed"
	"lanzha/work/feed/iso20022"
)

var schemas = []sqldb.Schema{journal.Schema(), auth.Schema(), iso20022.Schema()}

var shanghai = time.FixedZone("CST", 8*3600)

// bench judges as simply as can be and remembers what it judged: the third
// transfer of a payer within an hour is held.
type bench struct {
	mu    sync.Mutex
	seen  map[string][]int64
	all   []string // "id from to amount currency channel person time" of each
	fails error    // what Score says instead
	gate  chan struct{}
}

func (s *bench) Score(_ context.Context, kind feed.Kind, b *feed.Batch) ([]iso20022.Scored, error) {
	if s.gate != nil {
		<-s.gate
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		return nil, s.fails
	}
	field := func(e *feed.Event, name string) string { f, _ := kind.Field(name); return string(b.Text(e, f)) }
	amount, _ := kind.Field("amount")
	out := []iso20022.Scored{}
	for i := range b.Events {
		e := &b.Events[i]
		from := field(e, "from")
		s.all = append(s.all, strings.Join([]string{
			field(e, "id"), from, field(e, "to"), lanzhaFen(e.Num(amount)), field(e, "currency"), field(e, "channel"), field(e, "person"),
			time.UnixMicro(e.Time).UTC().Format(time.RFC3339),
		}, " "))
		recent := 1
		for _, at := range s.seen[from] {
			if e.Time-at < int64(time.Hour/time.Microsecond) {
				recent++
			}
		}
		s.seen[from] = append(s.seen[from], e.Time)
		v := iso20022.Scored{Band: "low", Action: "allow", Packs: []iso20022.Pack{{Name: "transfers", Version: 1, High: 70, Rules: []string{"burst", "first-seen"}}}}
		if recent >= 3 {
			v.Score, v.Band, v.Action = 80, "high", "hold"
			v.Reasons = []iso20022.Reason{{Pack: "transfers", Rule: "burst", Weight: 80, Live: true, Zh: "一小时内第三笔", En: "the third within an hour", Value: float64(recent)}}
		}
		out = append(out, v)
	}
	return out, nil
}

func (s *bench) judged() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.all...)
}

func lanzhaFen(n int64) string { b, _ := json.Marshal(n); return string(b) }

// house is the room behind real HTTP with real keys.
type house struct {
	*testing.T
	desk   *iso20022.Desk
	bench  *bench
	auth   *auth.Auth
	url    string
	keys   map[string]string // by institution
	mu     sync.Mutex
	now    time.Time
	logged bytes.Buffer
}

func (h *house) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(time.Microsecond) // every look takes a while
	return h.now
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func open(t *testing.T, db *sqldb.DB) *house {
	t.Helper()
	h := &house{T: t, now: time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC), keys: map[string]string{}, bench: &bench{seen: map[string][]int64{}}}
	v, err := vault.Open(vault.Options{File: filepath.Join(t.TempDir(), "keys.json")})
	if err != nil {
		t.Fatal(err)
	}
	ids := lanzha.NewIDs(h.clock, nil)
	h.auth = auth.New(db, journal.New(db, h.clock, nil), v, ids, h.clock, auth.Options{Problem: api.WriteProblem})
	system := auth.WithActor(t.Context(), auth.System())
	for _, bank := range []lanzha.ID{"01KB3V6N0Q8V4Y2ZC5T7R9WXHA", "01KB3V6N0Q8V4Y2ZC5T7R9WXHB"} {
		login := "bank-" + strings.ToLower(string(bank[25:]))
		first, err := h.auth.FirstPassword(system, login, "")
		if err != nil {
			t.Fatal(err)
		}
		err = db.Tx(system, func(tx *sqldb.Tx) error {
			account, err := h.auth.Create(system, tx, auth.Draft{Login: login, Name: login, Roles: []auth.Role{auth.Responder}, Institution: bank}, first)
			if err == nil {
				_, h.keys[login], err = h.auth.AddKey(system, tx, account.ID, "gateway", time.Time{})
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	h.desk = &iso20022.Desk{
		DB: db, Vault: v, IDs: ids, Now: h.clock, Zone: shanghai, Scorer: h.bench, Log: slog.New(slog.NewTextHandler(&h.logged, nil)),
		Gate: func(ctx context.Context) error { return h.auth.Gate(ctx, "check.make") },
	}
	mux := http.NewServeMux()
	site := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<title>console") })
	h.desk.Mount(mux, site, h.auth.Middleware)
	mux.Handle("/", site)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

func each(t *testing.T, test func(h *house)) {
	t.Helper()
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) { test(open(t, db)) })
}

// call sends a request as an institution, or as nobody, and gives the status
// and the body.
func (h *house) call(as, method, path, body string, header ...string) (int, string) {
	h.Helper()
	r, err := http.NewRequestWithContext(h.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.Fatal(err)
	}
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+h.keys[as])
	}
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		h.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		h.Error(err)
	}
	return res.StatusCode, string(text)
}

const (
	pacs008 = "/v1/evaluate/iso20022/pacs.008.001.10"
	pacs002 = "/v1/evaluate/iso20022/pacs.002.001.12"
	fetch   = "/v1/admin/reports/getreportbymsgid?msgid="
	asJSON  = "application/json"
	asXML   = "application/xml"
)

// send posts a message that must be taken.
func (h *house) send(as, path, kind, body string) string {
	h.Helper()
	status, text := h.call(as, http.MethodPost, path, body, "Content-Type", kind)
	if status != http.StatusOK || !strings.Contains(text, `"message":"Transaction is valid"`) {
		h.Fatalf("%s: %d %s", path, status, text)
	}
	return text
}

// fetched is a report as a client reads it.
type fetched struct {
	Message string
	Data    struct {
		TransactionID string
		Transaction   map[string]any
		NetworkMap    map[string]any
		DataCache     map[string]any
		Report        struct {
			EvaluationID, Status, Timestamp string
			MetaData                        struct {
				PrcgTmDP, PrcgTmED int64
				TraceParent        string
			}
			TadpResult struct {
				ID, Cfg        string
				PrcgTm         int64
				TypologyResult []struct {
					ID, Cfg, TenantID string
					Result            float64
					Review            bool
					PrcgTm            int64
					Workflow          map[string]any
					RuleResults       []map[string]any
				}
			}
			Lanzha []struct {
				EndToEndID, TxSts, Band, Action string
				Evaluated                       bool
				Score                           int
				Reasons                         []map[string]any
			}
		}
	}
}

func (h *house) report(as, message string) fetched {
	h.Helper()
	status, text := h.call(as, http.MethodGet, fetch+message, "")
	var f fetched
	if err := json.Unmarshal([]byte(text), &f); err != nil || status != http.StatusOK || f.Message != "Report was found" {
		h.Fatalf("report of %s: %d %s", message, status, text)
	}
	return f
}

// transfer is the JSON of a pacs.008 as Tazama's clients send it.
func transfer(message, endToEnd, from, to string, amount any, change ...func(map[string]any)) string {
	type o = map[string]any
	party := func(id string) o {
		return o{
			"Nm": "Test Person", "CtctDtls": o{"MobNb": "+86-13800000000"},
			"Id": o{"PrvtId": o{"DtAndPlcOfBirth": o{"BirthDt": "1968-02-01", "CityOfBirth": "Unknown", "CtryOfBirth": "ZZ"}, "Othr": []any{o{"Id": id, "SchmeNm": o{"Prtry": "TAZAMA_EID"}}}}},
		}
	}
	account := func(id string) o {
		return o{"Id": o{"Othr": []any{o{"Id": id, "SchmeNm": o{"Prtry": "MSISDN"}}}}, "Nm": "Test"}
	}
	agent := func(id string) o { return o{"FinInstnId": o{"ClrSysMmbId": o{"MmbId": id}}} }
	money := func(n any) o { return o{"Amt": o{"Amt": n, "Ccy": "XTS"}} }
	m := o{
		"TxTp": "pacs.008.001.10", "DataCache": o{"dbtrId": "x"},
		"FIToFICstmrCdtTrf": o{
			"GrpHdr": o{"MsgId": message, "CreDtTm": "2026-11-25T01:55:00.000Z", "NbOfTxs": 1, "SttlmInf": o{"SttlmMtd": "CLRG"}},
			"CdtTrfTxInf": o{
				"PmtId": o{"InstrId": "same-for-all", "EndToEndId": endToEnd}, "IntrBkSttlmAmt": money(amount), "InstdAmt": money(amount), "XchgRate": 1,
				"ChrgBr": "DEBT", "ChrgsInf": o{"Amt": o{"Amt": 0, "Ccy": "XTS"}, "Agt": agent("fsp001")}, "InitgPty": party("initiator"),
				"Dbtr": party("person-" + from), "DbtrAcct": account(from), "DbtrAgt": agent("fsp001"),
				"CdtrAgt": agent("fsp002"), "Cdtr": party("person-" + to), "CdtrAcct": account(to), "Purp": o{"Cd": "MP2P"},
			},
			"RgltryRptg":  o{"Dtls": o{"Tp": "BALANCE OF PAYMENTS", "Cd": "100"}},
			"RmtInf":      o{"Ustrd": "rent"},
			"SplmtryData": o{"Envlp": o{"Doc": o{"Xprtn": "2026-11-30T10:38:56.000Z", "InitgPty": o{"Glctn": o{"Lat": "-3.1609", "Long": "38.3588"}}}}},
		},
	}
	for _, f := range change {
		f(m)
	}
	text, _ := json.Marshal(m)
	return string(text)
}

// status is the JSON of a pacs.002 as Tazama's clients send it.
func status(message, endToEnd, code, at string) string {
	type o = map[string]any
	agent := func(id string) o { return o{"FinInstnId": o{"ClrSysMmbId": o{"MmbId": id}}} }
	charge := o{"Amt": o{"Amt": 0, "Ccy": "USD"}, "Agt": agent("fsp001")}
	text, _ := json.Marshal(o{
		"TxTp": "pacs.002.001.12",
		"FIToFIPmtSts": o{
			"GrpHdr": o{"MsgId": message, "CreDtTm": at},
			"TxInfAndSts": o{
				"OrgnlInstrId": "same-for-all", "OrgnlEndToEndId": endToEnd, "TxSts": code, "ChrgsInf": []any{charge, charge, charge},
				"AccptncDtTm": "2023-06-02T07:52:31.000Z", "InstgAgt": agent("fsp001"), "InstdAgt": agent("fsp002"),
			},
		},
		"DataCache": o{"dbtrId": "x"},
	})
	return string(text)
}
