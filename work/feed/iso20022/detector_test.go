package iso20022_test

import (
	"context"
	"fmt"
	"path/filepath"
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
	"lanzha/know/institution"
	"lanzha/work/detect"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/rule"
	"lanzha/work/feed/iso20022"
)

const burst = `pack: transfers
version: 3
title: {zh: 转账, en: transfers}
zone: Asia/Shanghai
event: transfer
features:
  - {name: sent_1h, title: {zh: 转出次数, en: sent}, key: from, aggregate: count, window: 1h}
bands: {medium: 40, high: 70}
actions: {low: allow, medium: review, high: hold}
rules:
  - id: burst
    title: {zh: 连续转出, en: burst}
    event: transfer
    subject: from
    severity: high
    weight: 80
    when: sent_1h >= 3
    reason: {zh: "近1小时转出{sent_1h}笔", en: "{sent_1h} transfers in 1 h"}
    becomes: none
`

// TestDetector sends transfers to the detector itself: each stands in the
// event log before the answer, and the third is reported with its reason.
func TestDetector(t *testing.T) {
	all := append([]sqldb.Schema{outbox.Schema(), api.Schema(), institution.Schema(), alert.Schema(), detect.Schema()}, schemas...)
	sqltest.Run(t, all, func(t *testing.T, db *sqldb.DB) {
		h := open(t, db)
		pack, err := rule.Parse("transfers.yaml", []byte(burst))
		if err != nil {
			t.Fatal(err)
		}
		ids, j, dir := lanzha.NewIDs(time.Now, nil), journal.New(db, time.Now, nil), t.TempDir()
		detector, err := detect.New(&detect.Detector{
			DB: db, Journal: j, Vault: h.desk.Vault, IDs: ids, Now: time.Now,
			Options: detect.Options{
				Stream: stream.Options{Dir: filepath.Join(dir, "log"), MaxBytes: 1 << 30}, Dir: filepath.Join(dir, "state"), Late: 10 * time.Minute,
				Address: "127.0.0.1:9611", Region: "530100", PerMinute: 1000, Packs: []*rule.Pack{pack},
			},
			Alerts: &alert.Desk{
				Store: alert.NewStore(h.desk.Vault), DB: db, Journal: j, Outbox: outbox.New(db, time.Now, ids, outbox.Options{}), IDs: ids, Now: time.Now, Zone: time.UTC,
				Directory: institution.New(db, j, h.desk.Vault, time.Now, ids), Centre: "530100",
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(auth.WithActor(context.Background(), auth.System()))
		ended := make(chan error, 1)
		go func() { ended <- detector.Run(ctx) }()
		defer func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}()
		for deadline := time.Now().Add(30 * time.Second); detector.State().State != "active" || len(detector.State().Packs) == 0; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("the detector is %+v", detector.State())
			}
		}
		h.desk.Scorer = &iso20022.Asker{Ask: detector.Score, Packs: func() []iso20022.Pack {
			return []iso20022.Pack{{Name: pack.Name, Version: pack.Version, High: 70, Rules: []string{"burst"}}}
		}}
		now := func() string { return time.Now().UTC().Format(time.RFC3339Nano) }
		for i := range 3 {
			end := fmt.Sprintf("e%d", i)
			h.send("bank-a", pacs008, asJSON, transfer("m"+end, end, "6222020200011234567", "payee", 614.03))
			h.send("bank-a", pacs002, asJSON, status("s"+end, end, "ACCC", now()))
		}
		for end, want := range map[string]string{"e1": "NALT 0 allow ", "e2": "ALRT 80 hold 近1小时转出3笔"} {
			r := h.report("bank-a", "s"+end).Data.Report
			got := fmt.Sprintf("%s %d %s ", r.Status, r.Lanzha[0].Score, r.Lanzha[0].Action)
			for _, reason := range r.Lanzha[0].Reasons {
				got += fmt.Sprint(reason["zh"])
			}
			typologies := r.TadpResult.TypologyResult
			if got != want || len(typologies) != 1 || typologies[0].ID != "transfers@3" || typologies[0].Review != (r.Status == "ALRT") {
				t.Errorf("%s: %q, want %q; %+v", end, got, want, typologies)
			}
		}
	})
}
