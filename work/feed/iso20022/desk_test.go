package iso20022_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/work/feed/iso20022"
)

func at(minute int) string { return fmt.Sprintf("2026-11-25T02:%02d:00.000Z", minute) }

// TestVerdictReachesTheReport: without a map a report shows our packs, their
// rules and the verdict in words; the scorer is given each settled transfer
// once, at the time at which it was settled.
func TestVerdictReachesTheReport(t *testing.T) {
	each(t, func(h *house) {
		for i := range 3 {
			end := fmt.Sprintf("e%d", i)
			h.send("bank-a", pacs008, asJSON, transfer("m"+end, end, "6222020200011234567", "payee", 614.03))
			h.send("bank-a", pacs002, asJSON, status("s"+end, end, "ACCC", at(i)))
		}
		want := []string{}
		for i := range 3 {
			want = append(want, fmt.Sprintf("e%d 6222020200011234567 payee 61403 XTS iso20022 person-6222020200011234567 2026-11-25T02:0%d:00Z", i, i))
		}
		if diff := cmp.Diff(want, h.bench.judged()); diff != "" {
			h.Fatal(diff)
		}

		quiet, loud := h.report("bank-a", "se0").Data.Report, h.report("bank-a", "se2").Data.Report
		if quiet.Status != "NALT" || quiet.Lanzha[0].Band != "low" || !quiet.Lanzha[0].Evaluated || quiet.TadpResult.TypologyResult[0].Result != 0 || quiet.TadpResult.TypologyResult[0].Review {
			h.Errorf("%+v", quiet)
		}
		typology := loud.TadpResult.TypologyResult[0]
		if loud.Status != "ALRT" || typology.ID != "transfers@1" || typology.Result != 80 || !typology.Review || typology.Workflow["alertThreshold"] != 70.0 || typology.Workflow["interdictionThreshold"] != nil {
			h.Errorf("%+v", loud)
		}
		if typology.TenantID != "01KB3V6N0Q8V4Y2ZC5T7R9WXHA" {
			h.Errorf("tenant %q", typology.TenantID)
		}
		rules := typology.RuleResults
		if len(rules) != 2 || rules[0]["id"] != "burst@1" || rules[0]["subRuleRef"] != ".01" || rules[0]["wght"] != 80.0 || rules[0]["indpdntVarbl"] != 3.0 || rules[1]["subRuleRef"] != ".00" {
			h.Errorf("rules %v", rules)
		}
		if v := loud.Lanzha[0]; v.Score != 80 || v.Action != "hold" || v.Reasons[0]["zh"] != "一小时内第三笔" {
			h.Errorf("%+v", v)
		}
	})
}

// TestStatusesOnTheWay: only settled transfers are judged; what is rejected or
// still on its way is reported as such, and may be settled later.
func TestStatusesOnTheWay(t *testing.T) {
	each(t, func(h *house) {
		h.send("bank-a", pacs008, asJSON, transfer("m1", "e1", "a", "b", 1))
		h.send("bank-a", pacs008, asJSON, transfer("m2", "e2", "a", "b", 1))
		for i, s := range []struct{ end, code string }{{"e1", "ACSP"}, {"e1", "ACSC"}, {"e1", "ACCC"}, {"e2", "RJCT"}, {"e2", "ACCC"}} {
			h.send("bank-a", pacs002, asJSON, status(fmt.Sprintf("s%d", i), s.end, s.code, at(i)))
		}
		if got := h.bench.judged(); len(got) != 1 || !strings.HasPrefix(got[0], "e1 ") {
			h.Fatalf("judged: %v", got)
		}
		for i, evaluated := range []bool{false, true, true, false, false} {
			r := h.report("bank-a", fmt.Sprintf("s%d", i)).Data.Report
			if r.Lanzha[0].Evaluated != evaluated || r.Status != "NALT" || (len(r.TadpResult.TypologyResult) == 1) != evaluated {
				h.Errorf("s%d: %+v", i, r)
			}
		}
	})
}

// TestSentAgain: what was answered once is answered the same again, and
// changes nothing; an ID that another message had is refused.
func TestSentAgain(t *testing.T) {
	each(t, func(h *house) {
		one := transfer("m1", "e1", "a", "b", 1)
		settled := status("s1", "e1", "ACCC", at(1))
		for range 3 {
			h.send("bank-a", pacs008, asJSON, one)
		}
		var all sync.WaitGroup
		for range 4 { // all at once: one of them is judged, the others wait or repeat
			all.Go(func() {
				for range 50 {
					code, text := h.call("bank-a", http.MethodPost, pacs002, settled, "Content-Type", asJSON)
					if code == http.StatusOK {
						return
					}
					if code != http.StatusServiceUnavailable {
						h.Errorf("%d %s", code, text)
						return
					}
					time.Sleep(10 * time.Millisecond)
				}
				h.Error("the message was never taken")
			})
		}
		all.Wait()
		if got := h.bench.judged(); len(got) != 1 {
			h.Errorf("judged %d times", len(got))
		}
		for path, body := range map[string]string{
			pacs008: transfer("m1", "e1", "a", "b", 2), pacs002: status("s1", "e1", "RJCT", at(1)),
		} {
			code, text := h.call("bank-a", http.MethodPost, path, body, "Content-Type", asJSON)
			if code != http.StatusBadRequest || !strings.Contains(text, "GrpHdr/MsgId another message with this MsgId came before") {
				h.Errorf("%d %s", code, text)
			}
		}
	})
}

// TestScorerIsDown: nothing is taken that was not judged; the same message is
// good once the scorer is back.
func TestScorerIsDown(t *testing.T) {
	each(t, func(h *house) {
		h.send("bank-a", pacs008, asJSON, transfer("m1", "e1", "a", "b", 1))
		for _, c := range []struct {
			err  error
			code int
			text string
		}{
			{&lanzha.Error{Code: lanzha.CodeUnavailable, Message: "the disk is full"}, 503, "the disk is full"},
			{&lanzha.Error{Code: lanzha.CodeTooMany, Message: "the quota is used up"}, 429, "the quota is used up"},
			{lanzha.Internal("log", fmt.Errorf("account 62220202 is broken")), 500, "Failed to process execution request. \n"},
		} {
			h.bench.fails = c.err
			code, text := h.call("bank-a", http.MethodPost, pacs002, status("s1", "e1", "ACCC", at(1)), "Content-Type", asJSON)
			if code != c.code || !strings.Contains(text, c.text) || strings.Contains(text, "62220202") {
				h.Errorf("%d %s", code, text)
			}
			if code, _ := h.call("bank-a", http.MethodGet, fetch+"s1", ""); code != http.StatusNoContent {
				h.Errorf("a report of what was not judged: %d", code)
			}
		}
		if !strings.Contains(h.logged.String(), "was not processed") {
			h.Errorf("the log says nothing: %s", h.logged.String())
		}
		h.bench.fails = nil
		h.send("bank-a", pacs002, asJSON, status("s1", "e1", "ACCC", at(1)))
		if got := h.bench.judged(); len(got) != 1 {
			h.Errorf("judged %v", got)
		}
	})
}

// TestRefused: a message that is wrong is told where and why, in the shape in
// which Tazama's service tells it, without its values.
func TestRefused(t *testing.T) {
	without := func(path ...string) func(map[string]any) {
		return func(m map[string]any) {
			for _, name := range path[:len(path)-1] {
				m = m[name].(map[string]any)
			}
			delete(m, path[len(path)-1])
		}
	}
	set := func(v any, path ...string) func(map[string]any) {
		return func(m map[string]any) {
			for _, name := range path[:len(path)-1] {
				m = m[name].(map[string]any)
			}
			m[path[len(path)-1]] = v
		}
	}
	body, tx := "FIToFICstmrCdtTrf", "CdtTrfTxInf"
	of := func(change func(map[string]any)) string { return transfer("m9", "e9", "a", "b", 1, change) }
	each(t, func(h *house) {
		for _, c := range []struct {
			path, kind, body string
			status           int
			code, message    string
		}{
			{pacs008, asJSON, of(without(body)), 400, "FST_ERR_VALIDATION", "body must have required property 'FIToFICstmrCdtTrf'"},
			{pacs008, asJSON, of(without(body, "GrpHdr", "MsgId")), 400, "FST_ERR_VALIDATION", "body/FIToFICstmrCdtTrf/GrpHdr must have required property 'MsgId'"},
			{pacs008, asJSON, of(without(body, tx, "Dbtr")), 400, "FST_ERR_VALIDATION", "body/FIToFICstmrCdtTrf/CdtTrfTxInf must have required property 'Dbtr'"},
			{pacs008, asJSON, of(set("x", body, "GrpHdr", "NbOfTxs")), 400, "FST_ERR_VALIDATION", "body/FIToFICstmrCdtTrf/GrpHdr/NbOfTxs must be integer"},
			{pacs008, asJSON, of(set("much", body, tx, "InstdAmt", "Amt", "Amt")), 400, "FST_ERR_VALIDATION", "body/FIToFICstmrCdtTrf/CdtTrfTxInf/InstdAmt/Amt/Amt must be number"},
			{pacs008, asJSON, of(set(-1, body, tx, "IntrBkSttlmAmt", "Amt", "Amt")), 400, "FST_ERR_VALIDATION", "body/FIToFICstmrCdtTrf/CdtTrfTxInf/IntrBkSttlmAmt/Amt/Amt a decimal amount of 0 or more is wanted"},
			{pacs008, asJSON, of(set(json.Number("1e999999999"), body, tx, "IntrBkSttlmAmt", "Amt", "Amt")), 400, "FST_ERR_VALIDATION", "body/FIToFICstmrCdtTrf/CdtTrfTxInf/IntrBkSttlmAmt/Amt/Amt a decimal amount of 0 or more is wanted"},
			{pacs008, asJSON, of(set([]any{}, body, tx, "DbtrAcct", "Id", "Othr")), 400, "FST_ERR_VALIDATION", "body/FIToFICstmrCdtTrf/CdtTrfTxInf/DbtrAcct/Id/Othr/0/Id it is missing"},
			{pacs008, asJSON, of(set("yesterday", body, "GrpHdr", "CreDtTm")), 400, "FST_ERR_VALIDATION", "body/FIToFICstmrCdtTrf/GrpHdr/CreDtTm a date and a time are wanted, as 2026-11-25T10:00:00+08:00"},
			{pacs008, asJSON, of(set("tenant", "TenantId")), 400, "FST_ERR_VALIDATION", "body must NOT be valid"},
			{pacs008, asJSON, `[]`, 400, "FST_ERR_VALIDATION", "body must be object"},
			{pacs008, asJSON, `{`, 400, "FST_ERR_CTP_INVALID_JSON_BODY", "body the body is no JSON"},
			{pacs008, asJSON, `{} {}`, 400, "FST_ERR_VALIDATION", "body one message is wanted, and more follows it"},
			{pacs008, "application/pdf", `{}`, 415, "FST_ERR_CTP_INVALID_MEDIA_TYPE", "application/json or application/xml is wanted"},
			{pacs008, asJSON, strings.Repeat(" ", 1<<20+1), 413, "FST_ERR_CTP_BODY_TOO_LARGE", "Request body is too large"},
			{pacs002, asJSON, status("s9", "never", "ACCC", at(1)), 400, "FST_ERR_VALIDATION", "body/FIToFIPmtSts/TxInfAndSts/OrgnlEndToEndId no pacs.008 of yours told of this transfer: send the pacs.008 first"},
			{pacs002, asXML, document("pacs.008.001.10", "<FIToFICstmrCdtTrf/>"), 400, "FST_ERR_VALIDATION", "Document/FIToFICstmrCdtTrf/GrpHdr/MsgId it is missing"},
			{pacs002, asXML, creditTransfer(1, transferXML("E", "A", "B", "1.00")), 400, "FST_ERR_VALIDATION", "Document this is another message than the address says"},
			{"/v1/evaluate/iso20022/camt.056.001.11", asJSON, `{}`, 404, "", "this message, or this version of it, is not read here"},
			{"/v1/evaluate/iso20022/pacs.008.001.99", asJSON, `{}`, 404, "", "this message, or this version of it, is not read here"},
			{"/v1/anything", asJSON, `{}`, 404, "", "Route POST is not found"},
		} {
			code, text := h.call("bank-a", http.MethodPost, c.path, c.body, "Content-Type", c.kind)
			got := map[string]any{}
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				h.Errorf("%s: %d %s", c.message, code, text)
				continue
			}
			want := map[string]any{"statusCode": float64(c.status), "error": http.StatusText(c.status), "message": c.message}
			if c.code != "" {
				want["code"] = c.code
			}
			if diff := cmp.Diff(want, got); diff != "" || code != c.status {
				h.Errorf("%d %s", code, diff)
			}
		}
		if code, text := h.call("bank-a", http.MethodGet, strings.TrimSuffix(fetch, "?msgid="), ""); code != 400 || !strings.Contains(text, "querystring must have required property 'msgid'") {
			h.Errorf("%d %s", code, text)
		}
		if code, text := h.call("bank-a", http.MethodGet, fetch+"never", ""); code != 204 || text != "" {
			h.Errorf("%d %s", code, text)
		}
	})
}

// TestWhoMaySend: an institution by its key, and it sees its own reports
// alone. Nobody without one, unless the open mode is on and the program asks
// from this host, for itself.
func TestWhoMaySend(t *testing.T) {
	each(t, func(h *house) {
		h.keys["nobody"] = "not a key"
		one := transfer("m1", "e1", "a", "b", 1)
		for _, c := range []struct {
			name, as string
			open     bool
			header   []string
			want     int
		}{
			{"no key", "", false, nil, 401},
			{"a wrong key", "nobody", false, nil, 401},
			{"a key", "bank-a", false, nil, 200},
			{"open", "", true, nil, 200},
			{"open, with a token that is none", "nobody", true, nil, 200},
			{"open, by a proxy", "", true, []string{"X-Forwarded-For", "203.0.113.7"}, 401},
			{"open, by another proxy", "", true, []string{"Forwarded", "for=203.0.113.7"}, 401},
			{"open, by a name that points here", "", true, []string{"Host", "evil.example"}, 401},
			{"open, from another site in a browser", "", true, []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		} {
			h.desk.Open = c.open
			code, text := h.call(c.as, http.MethodPost, pacs008, one, append([]string{"Content-Type", asJSON}, c.header...)...)
			if code != c.want {
				h.Errorf("%s: %d %s", c.name, code, text)
			}
		}
		h.desk.Open = false
		h.send("bank-a", pacs002, asJSON, status("s1", "e1", "ACCC", at(1)))
		h.report("bank-a", "s1")
		if code, _ := h.call("bank-b", http.MethodGet, fetch+"s1", ""); code != 204 {
			h.Errorf("another bank reads the report: %d", code)
		}
		if code, text := h.call("bank-b", http.MethodPost, pacs002, status("s2", "e1", "ACCC", at(1)), "Content-Type", asJSON); code != 400 || !strings.Contains(text, "no pacs.008 of yours") {
			h.Errorf("another bank settles the transfer: %d %s", code, text)
		}
		if code, _ := h.call("", http.MethodGet, fetch+"s1", ""); code != 401 {
			h.Errorf("nobody reads the report: %d", code)
		}
	})
}

// TestRoot: programs are told that the service is up; browsers get the
// console.
func TestRoot(t *testing.T) {
	each(t, func(h *house) {
		for accept, want := range map[string]string{"": `{"status":"UP"}`, "application/json": `{"status":"UP"}`, "text/html,application/xhtml+xml,*/*;q=0.8": "<title>console"} {
			header := []string{}
			if accept != "" {
				header = []string{"Accept", accept}
			}
			if code, text := h.call("", http.MethodGet, "/", "", header...); code != 200 || strings.TrimSpace(text) != want {
				h.Errorf("%q: %d %q", accept, code, text)
			}
		}
		if _, text := h.call("", http.MethodGet, "/health", "", "Accept", "text/html"); strings.TrimSpace(text) != `{"status":"UP"}` {
			h.Errorf("health: %q", text)
		}
	})
}

// TestSealedAndForgotten: the database holds no account, person or name in
// clear, and nothing at all when the time is over.
func TestSealedAndForgotten(t *testing.T) {
	each(t, func(h *house) {
		m, err := iso20022.LoadMap(iso20022.PublicMap)
		if err != nil {
			h.Fatal(err)
		}
		h.desk.Map = m
		h.send("bank-a", pacs008, asJSON, transfer("m1", "e1", "6222020200011234567", "6217000010001234567", 614.03))
		h.send("bank-a", pacs002, asJSON, status("s1", "e1", "ACCC", at(1)))
		for table, columns := range map[string]string{
			"iso20022_transfer": "message || digest || end_to_end || uetr || tx || instr || body", "iso20022_report": "message || digest || body", "iso20022_count": "payer || payee",
		} {
			var text string
			if err := h.desk.DB.Pool().QueryRowContext(h.Context(), "SELECT "+columns+" FROM "+table).Scan(&text); err != nil {
				h.Fatal(err)
			}
			for _, secret := range []string{"6222020200011234567", "6217000010001234567", "614", "Test"} {
				if strings.Contains(text, secret) {
					h.Errorf("%s holds %s in clear", table, secret)
				}
			}
		}
		h.pass(iso20022.DefaultKeep - time.Hour)
		if err := h.desk.Forget(h.Context()); err != nil {
			h.Fatal(err)
		}
		h.report("bank-a", "s1")
		h.pass(2 * time.Hour)
		if err := h.desk.Forget(h.Context()); err != nil {
			h.Fatal(err)
		}
		for _, table := range []string{"iso20022_transfer", "iso20022_report", "iso20022_count"} {
			var n int
			if err := h.desk.DB.Pool().QueryRowContext(h.Context(), "SELECT COUNT(*) FROM "+table).Scan(&n); err != nil || n != 0 {
				h.Errorf("%s: %d rows, %v", table, n, err)
			}
		}
	})
}

// TestMaps: a configuration that says what is not computed here is refused,
// naming it.
func TestMaps(t *testing.T) {
	public := `{"networkMap": {"messages": [{"txTp": "pacs.002.001.12", "typologies": [{"id": "t", "cfg": "999@1", "rules": [{"id": "%s@1.0.0", "cfg": "1"}]}]}]},
		"rules": [{"id": "901@1.0.0", "cfg": "1", "config": {"parameters": {"maxQueryRange": 1}, "bands": [{"subRuleRef": ".01"}]}}],
		"typologies": [{"id": "t", "cfg": "999@1", "rules": [{"id": "%s@1.0.0", "cfg": "1", "termId": "v", "wghts": []}], "expression": ["%s", "v"]}]}`
	for _, c := range []struct{ text, field string }{
		{fmt.Sprintf(public, "901", "901", "Add"), ""},
		{fmt.Sprintf(public, "018", "018", "Add"), "018@1.0.0"},
		{fmt.Sprintf(public, "902", "902", "Add"), "902@1.0.0"}, // without its config
		{fmt.Sprintf(public, "901", "902", "Add"), "999@1.901@1.0.0"},
		{fmt.Sprintf(public, "901", "901", "Multiply"), "999@1.expression"},
		{`{"networkMap": {"messages": [{"txTp": "pacs.008.001.10"}]}}`, "networkMap.messages"},
		{`{`, "feed.tazama.map"},
	} {
		_, err := iso20022.ParseMap([]byte(c.text))
		e, _ := err.(*lanzha.Error) //nolint:errorlint // nil is wanted too
		if (c.field == "") != (err == nil) || e != nil && e.Field != c.field {
			t.Errorf("%s: %v", c.field, err)
		}
	}
	if _, err := iso20022.LoadMap("nowhere.json"); lanzha.CodeOf(err) != lanzha.CodeUnavailable {
		t.Errorf("%v", err)
	}
}
