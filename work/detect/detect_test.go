package detect_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/work/detect"
	"lanzha/work/detect/alert"
	"lanzha/work/feed"
)

func TestAVerdictKnowsTheEventItself(t *testing.T) {
	both(t, func(t *testing.T, db *sqldb.DB) {
		h := active(t, db, t.TempDir(), nil)
		for i := 1; i <= 4; i++ {
			v := h.score("13800000001", "15000000001", i)
			if got := featureOf(v, "calls_10m"); got != float64(i) || v["score"] != 0.0 || v["action"] != "allow" || len(v["reasons"].([]any)) != 0 {
				t.Errorf("call %d: %v", i, v)
			}
		}
		v := h.score("13800000001", "15000000002", 5)
		want := map[string]any{
			"score": 60.0, "band": "high", "action": "hold",
			"reasons":  []any{map[string]any{"rule": "blast", "pack": "try", "severity": "high", "weight": 60.0, "zh": "近10分钟呼出5次", "en": "5 calls in 10 minutes"}},
			"features": map[string]any{"calls_10m": 5.0, "callees_1h": 2.0, "received_30m": 1.0},
		}
		if diff := cmp.Diff(want, v); diff != "" {
			t.Error(diff)
		}
		if all := alerts(t, h.settled().DB); len(all) != 1 || !strings.Contains(all[0], "13800000001") || !strings.Contains(all[0], "c5") {
			t.Errorf("alerts: %q", all)
		}
	})
}

func TestABatchIsJudgedOneByOne(t *testing.T) {
	h := active(t, sqliteOf(t), t.TempDir(), nil)
	events := []string{event("13800000001", "15000000001", 1), `{"caller":"13800000001"}`, event("13800000001", "15000000001", 2), `{"start":"yesterday","callee":"1"}`}
	status, out := h.call("bank", http.MethodPost, "/score", 0, `{"events":[`+strings.Join(events, ",")+`],"kind":"call"}`)
	if status != http.StatusOK {
		t.Fatal(status, out)
	}
	got := []any{}
	for _, v := range out["verdicts"].([]any) {
		if r := v.(map[string]any)["refused"]; r != nil {
			got = append(got, r.(map[string]any)["field"])
			continue
		}
		got = append(got, featureOf(v.(map[string]any), "calls_10m"))
	}
	if diff := cmp.Diff([]any{1.0, "start", 2.0, "start"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsWrongIsNamedAndNothingIsStored(t *testing.T) {
	h := active(t, sqliteOf(t), t.TempDir(), nil)
	good := event("13800000001", "15000000001", 1)
	for _, c := range []struct{ body, field string }{
		{`{"kind":"call","event":{"start":"2026-11-25T08:00:00Z"}}`, "body.event.callee"},
		{`{"kind":"call","event":{"start":"2026-11-25T08:00:00Z","callee":"1","colour":"red"}}`, "body.event.colour"},
		{`{"kind":"call","event":{"start":"soon","callee":"1"}}`, "body.event.start"},
		{`{"kind":"walk","event":` + good + `}`, "body.kind"},
		{`{"event":` + good + `}`, "body.kind"},
		{`{"kind":"call"}`, "body.event"},
		{`{"kind":"call","event":` + good + `,"events":[]}`, "body.event"},
		{`{"kind":"call","events":[]}`, "body.events"},
		{`{"kind":"call","kind":"call","event":` + good + `}`, "body.kind"},
		{`{"kind":"call","event":` + good + `,"colour":1}`, "body"},
		{`{"kind":"call","event":` + good, "body"},
		{`{"kind":"call","event":` + good + `} x`, "body"},
		{`[]`, "body"},
		{`{"kind":"call","event":"x"}`, "body.event"},
		{`{"kind":"call","events":{}}`, "body.events"},
		{`{"kind":"call","events":[` + strings.Repeat("{},", 1000) + `{}]}`, "body.events"},
	} {
		status, out := h.call("bank", http.MethodPost, "/score", 0, c.body)
		errors, _ := out["errors"].([]any)
		if status != http.StatusUnprocessableEntity || len(errors) != 1 || errors[0].(map[string]any)["location"] != c.field {
			t.Errorf("%.80s: %d %v, want %s", c.body, status, out, c.field)
		}
	}
	if v := h.score("13800000001", "15000000001", 2); featureOf(v, "calls_10m") != 1.0 {
		t.Errorf("something of the refused requests was counted: %v", v)
	}
	if status, _ := h.call("officer", http.MethodPost, "/score", 0, `{}`); status != http.StatusForbidden {
		t.Errorf("an officer of the centre has events judged: %d", status)
	}
}

func TestAQuotaHolds(t *testing.T) {
	h := active(t, sqliteOf(t), t.TempDir(), func(o *detect.Options) { o.PerMinute = 600 })
	many := `{"kind":"call","events":[` + event("13800000001", "15000000001", 1) + strings.Repeat(","+event("13800000001", "15000000001", 1), 999) + `]}`
	if status, _ := h.call("bank", http.MethodPost, "/score", 0, many); status != http.StatusOK {
		t.Fatal(status)
	}
	if status, out := h.call("bank", http.MethodPost, "/score", 0, many); status != http.StatusTooManyRequests {
		t.Fatal(status, out)
	}
	h.ahead.Add(int64(-time.Hour)) // a clock that goes back gives nothing, and takes nothing
	if status, _ := h.call("bank", http.MethodPost, "/score", 0, many); status != http.StatusTooManyRequests {
		t.Fatal(status)
	}
	h.ahead.Add(int64(2 * time.Minute))
	if status, out := h.call("bank", http.MethodPost, "/score", 0, many); status != http.StatusOK {
		t.Fatal(status, out)
	}
}

func TestABatchIsTakenOnce(t *testing.T) {
	ctx, db, dir := context.Background(), sqliteOf(t), t.TempDir()
	h := active(t, db, dir, nil)
	give := func(n int64) bool {
		t.Helper()
		fresh, err := h.Append(ctx, feed.Call, batch(int(n)), feed.Header{Source: "load-1", Number: n})
		if err != nil {
			t.Fatal(err)
		}
		return fresh
	}
	if !give(1) || !give(2) || give(2) || give(1) || !give(3) {
		t.Error("a batch was taken twice, or not at all")
	}
	if h.Taken("load-1") != 3 || h.Taken("load-2") != 0 {
		t.Error(h.Taken("load-1"), h.Taken("load-2"))
	}
	// Two senders at once: one is taken.
	results := make(chan bool, 2)
	for range 2 {
		go func() {
			fresh, err := h.Append(ctx, feed.Call, batch(4), feed.Header{Source: "load-1", Number: 4})
			results <- fresh && err == nil
		}()
	}
	if a, b := <-results, <-results; a == b {
		t.Errorf("of two at once %v and %v were taken", a, b)
	}
	// A batch that does not fit into one entry is taken once, too.
	big := &feed.Batch{}
	for n := range 600 {
		big.Join(batch(n))
	}
	copied := &feed.Batch{}
	copied.Join(big)
	if fresh, err := h.Append(ctx, feed.Call, big, feed.Header{Source: "load-2", Number: 1}); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	if fresh, err := h.Append(ctx, feed.Call, copied, feed.Header{Source: "load-2", Number: 1}); err != nil || fresh {
		t.Fatal(fresh, err)
	}
	events := h.State().Kinds[0].Events
	if want := int64(4*60 + 600*60); events != want {
		t.Errorf("%d events were counted, want %d", events, want)
	}
	h.stop()
	h = active(t, db, dir, nil) // from the written state
	if give(4) || h.Taken("load-2") != 1 {
		t.Error("after a start a batch is taken again")
	}
	h.stop()
	h = active(t, db, copyLog(t, dir), nil) // from the log alone
	if give(4) || h.Taken("load-2") != 1 || !give(5) {
		t.Error("after a start without a written state a batch is taken again")
	}
}

func TestASourceIsForgottenWithItsBatches(t *testing.T) {
	h := active(t, sqliteOf(t), t.TempDir(), func(o *detect.Options) { o.Stream.MaxAge = time.Second })
	if _, err := h.Append(t.Context(), feed.Call, batch(1), feed.Header{Source: "load-1", Number: 7}); err != nil || h.Taken("load-1") != 7 {
		t.Fatal(err, h.Taken("load-1"))
	}
	h.until("the source to be forgotten", func() bool { return h.Taken("load-1") == 0 })
}

func TestARestartEqualsAReplay(t *testing.T) {
	both(t, func(t *testing.T, db *sqldb.DB) {
		ctx, dir := context.Background(), t.TempDir()
		h := active(t, db, dir, nil)
		for n := range 40 {
			if n%10 == 9 { // what changes the rules stands in the log as well
				if err := h.Change(ctx, alert.Change{List: &alert.ListChange{List: "couriers", Domain: "number", Value: "1390000000" + string(rune('0'+n/10))}, Why: "骑手"}); err != nil {
					t.Fatal(err)
				}
			}
			if n%13 == 12 { // a start from a written state in between
				h.stop()
				h = active(t, db, dir, nil)
			}
			if _, err := h.Append(ctx, feed.Call, batch(n), feed.Header{}); err != nil {
				t.Fatal(err)
			}
		}
		h.settled().stop()
		fresh := sqliteOf(t)
		again := active(t, fresh, copyLog(t, dir), nil).settled()
		want := alerts(t, db)
		if diff := cmp.Diff(want, alerts(t, fresh)); diff != "" || len(want) < 20 {
			t.Errorf("%d alerts; a replay gives others (-restarts +replay)\n%s", len(want), diff)
		}
		h = active(t, db, dir, nil)
		if diff := cmp.Diff(h.score("13900000001", "15000000001", 2400), again.score("13900000001", "15000000001", 2400)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestReloadKeepsState(t *testing.T) {
	both(t, func(t *testing.T, db *sqldb.DB) {
		h := active(t, db, t.TempDir(), nil)
		for i := range 4 {
			h.score("13800000001", "15000000001", i)
		}
		text := strings.NewReplacer("version: 1", "version: 2", "calls_10m >= 5", "calls_10m >= 4", "weight: 60", "weight: 90").Replace(tryPack)
		status, p := h.call("leader", http.MethodPost, "/detector/packs", 0, map[string]any{"text": text, "note": "阈值下调"})
		if status != http.StatusCreated {
			t.Fatal(status, p)
		}
		path := "/detector/packs/" + p["id"].(string) + "/activate"
		if status, out := h.call("leader", http.MethodPost, path, 1, nil); status != http.StatusForbidden {
			t.Errorf("who proposed it put it in force: %d %v", status, out)
		}
		if status, out := h.call("second", http.MethodPost, path, 1, nil); status != http.StatusOK || out["state"] != "active" {
			t.Fatal(status, out)
		}
		v := h.score("13800000001", "15000000001", 5)
		if featureOf(v, "calls_10m") != 5.0 || v["score"] != 90.0 {
			t.Errorf("the first verdict by the new rules: %v", v)
		}
		if s := h.State(); len(s.Packs) != 1 || s.Packs[0].Version != 2 {
			t.Errorf("%+v", s.Packs)
		}
		if status, out := h.call("leader", http.MethodPost, "/detector/packs", 0, map[string]any{"text": "pack: try\nversion: x\n", "note": "错"}); status != http.StatusUnprocessableEntity {
			t.Error(status, out)
		}
		cases := "cases:\n  - name: {zh: 用例, en: case}\n    events: [{at: 0s, call: {caller: '1', callee: '2'}}]\n    alerts: [{rule: blast, subject: '1'}]\n"
		if status, out := h.call("leader", http.MethodPost, "/detector/packs", 0, map[string]any{"text": text, "cases": cases, "note": "错"}); status != http.StatusUnprocessableEntity {
			t.Error(status, out)
		}
	})
}

func TestARuleThatFailsIsShownAndTheOthersGoOn(t *testing.T) {
	h := active(t, sqliteOf(t), t.TempDir(), nil)
	for i := range 6 {
		h.score("13800000001", "15000000001", i)
	}
	_, out := h.call("officer", http.MethodGet, "/detector", 0, nil)
	got := map[string][2]any{}
	for _, r := range out["rules"].([]any) {
		m := r.(map[string]any)
		got[m["rule"].(string)] = [2]any{m["hits"], m["errors"]}
	}
	if diff := cmp.Diff(map[string][2]any{"blast": {2.0, 0.0}, "broken": {0.0, 6.0}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestASignalTellsYesOrNoAndIsJournaled(t *testing.T) {
	both(t, func(t *testing.T, db *sqldb.DB) {
		h := active(t, db, t.TempDir(), nil)
		ask := func(value string) any {
			t.Helper()
			status, out := h.call("bank", http.MethodPost, "/signals/called-often", 0, map[string]string{"value": value, "purpose": "大额转账核实", "officer": "E1", "reference": "R-1"})
			if status != http.StatusOK || len(out) != 1 {
				t.Fatal(status, out)
			}
			return out["answer"]
		}
		now := int(time.Since(begin) / time.Second)
		for i := range 3 {
			h.score("13800000001", "15000000001", now-10+i)
		}
		h.score("13800000001", "15000000002", now-5)
		if got := []any{ask("15000000001"), ask("+8615000000001"), ask("15000000002"), ask("15000000003")}; !cmp.Equal(got, []any{"yes", "yes", "no", "unknown"}) {
			t.Error(got)
		}
		rows, err := sqldb.All(t.Context(), db.Read(), func(s sqldb.Scanner) (r [2]string, err error) { return r, s.Scan(&r[0], &r[1]) }, `SELECT purpose, payload FROM journal WHERE kind = 'signal.asked'`)
		if err != nil || len(rows) != 4 {
			t.Fatal(rows, err)
		}
		for _, r := range rows {
			if r[0] != "大额转账核实" || strings.Contains(r[1], "1500000000") || !strings.Contains(r[1], "called-often") {
				t.Error(r)
			}
		}
		for name, body := range map[string]map[string]string{"purpose": {"value": "1", "purpose": " ", "officer": "E1", "reference": "R"}} {
			if status, out := h.call("bank", http.MethodPost, "/signals/called-often", 0, body); status != http.StatusForbidden && status != http.StatusUnprocessableEntity {
				t.Error(name, status, out)
			}
		}
		if status, _ := h.call("bank", http.MethodPost, "/signals/other", 0, map[string]string{"value": "1", "purpose": "核实", "officer": "E1", "reference": "R"}); status != http.StatusNotFound {
			t.Error(status)
		}
	})
}

func TestEvidenceIsGatheredFromTheLog(t *testing.T) {
	h := active(t, sqliteOf(t), t.TempDir(), nil)
	for i := range 6 {
		h.score("13800000001", "1500000000"+string(rune('1'+i%2)), i*700)
	}
	for i := range 5 {
		h.score("13800000001", "15000000009", 7200+i)
	}
	var e alert.Evidence
	h.settled().until("evidence", func() bool {
		id, err := sqldb.One(t.Context(), h.DB.Read(), "alert", sqldb.Value[string], `SELECT id FROM alert WHERE evidence <> '' LIMIT 1`)
		if lanzha.CodeOf(err) == lanzha.CodeNotFound {
			return false
		}
		if err == nil {
			e, err = h.Alerts.Store.Evidence(t.Context(), h.DB.Read(), lanzha.ID(id))
		}
		if err != nil {
			t.Fatal(err)
		}
		return true
	})
	counts := []int64{}
	for _, hour := range e.Hours {
		counts = append(counts, hour.Count, hour.Answered)
	}
	if diff := cmp.Diff([]int64{6, 6, 5, 5}, counts); diff != "" {
		t.Error(diff)
	}
	found := map[string]int64{}
	for _, n := range e.Neighbours {
		found[n.Domain+" "+n.Value] = n.Count
	}
	want := map[string]int64{"number 15000000001": 3, "number 15000000002": 3, "number 15000000009": 5, "device 860001": 11, "cell 46000-1": 11}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
}

func TestAClockThatJumpsBackIsSurvived(t *testing.T) {
	h := active(t, sqliteOf(t), t.TempDir(), func(o *detect.Options) { o.Snapshot = time.Second })
	h.score("13800000001", "15000000001", 1)
	h.ahead.Store(int64(-3 * time.Hour))
	for i := 2; i < 6; i++ {
		h.score("13800000001", "15000000001", i)
	}
	if len(alerts(t, h.settled().DB)) != 1 {
		t.Error("the alert is missing")
	}
	at := h.State().Snapshot.Position
	h.until("a state to be written down", func() bool { return h.State().Snapshot.Position > at })
	h.ahead.Store(0)
	if v := h.score("13800000001", "15000000001", 7); featureOf(v, "calls_10m") != 6.0 {
		t.Error(v)
	}
}

func TestAHouseWithoutDetectionSaysSo(t *testing.T) {
	h := open(t, sqliteOf(t), t.TempDir(), func(o *detect.Options) { o.Off = true }).start()
	if status, out := h.call("bank", http.MethodPost, "/score", 0, `{"kind":"call","event":`+event("1", "2", 1)+`}`); status != http.StatusServiceUnavailable || out["hint"] != "turn it on by detect.on" {
		t.Error(status, out)
	}
	if err := h.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	if s := h.State(); s.State != detect.Off {
		t.Error(s.State)
	}
}
