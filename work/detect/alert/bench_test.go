package alert_test

import (
	"fmt"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/auth"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/detect/alert"
	"lanzha/work/detect/feature"
	"lanzha/work/feed"
)

var opens = map[string]func(testing.TB, ...sqldb.Schema) *sqldb.DB{"sqlite": sqltest.OpenSQLite, "postgres": sqltest.OpenPostgres}

// Storing what the detector hands over, 500 alerts in a transaction as it does:
// ns/op is of one alert
// where there are many.
func BenchmarkRaise(b *testing.B) {
	for name, opened := range opens {
		b.Run(name, func(b *testing.B) {
			h := open(b, opened(b, schemas...))
			b.ResetTimer()
			for range b.N/500 + 1 {
				b.StopTimer()
				batch := make([]alert.Raised, 500)
				for i := range batch {
					batch[i] = h.raised(feed.Number, fmt.Sprintf("138%08d", i), []string{"none", "clue", "warning", "referral"}[i%4])
				}
				b.StartTimer()
				h.raise(batch...)
			}
		})
	}
}

// A page of 50 under the filters of the list, while 200,000 alerts lie in the
// table, of 200 rules and 100,000 subjects, one in a thousand not decided.
func BenchmarkList(b *testing.B) {
	const kept = 200_000
	for name, opened := range opens {
		b.Run(name, func(b *testing.B) {
			h := open(b, opened(b, schemas...))
			for from := 0; from < kept; from += 10_000 {
				h.tx(func(tx *sqldb.Tx) error {
					for part := from; part < from+10_000; part += 200 {
						alerts := make([]alert.Alert, 200)
						for i := range alerts {
							alerts[i] = h.kept(part + i)
						}
						if _, err := h.desk.Store.Insert(b.Context(), tx, alerts); err != nil {
							return err
						}
					}
					return nil
				})
			}
			if name == "postgres" {
				if _, err := h.db.Pool().ExecContext(b.Context(), "ANALYZE alert"); err != nil {
					b.Fatal(err)
				}
			}
			city, bank := auth.Scope{Region: "530100"}, auth.Scope{Institution: h.bank.ID}
			for _, c := range []struct {
				name string
				f    alert.Filter
			}{
				{"city", alert.Filter{Scope: city}},
				{"new", alert.Filter{Scope: city, State: alert.StateNew}},
				{"new and high", alert.Filter{Scope: city, State: alert.StateNew, Severity: alert.High}},
				{"a rule of the city", alert.Filter{Scope: city, Rule: "rule-7"}},
				{"warnings due", alert.Filter{Scope: city, Decision: alert.DecisionWarning}},
				{"that nobody has", alert.Filter{Scope: city, Unhanded: true}},
				{"a bank's", alert.Filter{Scope: bank}},
				{"a bank's unanswered", alert.Filter{Scope: bank, Open: true}},
				{"a subject", alert.Filter{Scope: city, Find: "13800000777"}},
				{"last hour", alert.Filter{Scope: city, Since: h.now().Add(-time.Hour), Severity: alert.Low}},
				{"another city", alert.Filter{Scope: auth.Scope{Region: "530300"}}},
			} {
				c.f.Limit = 51
				b.Run(c.name, func(b *testing.B) {
					for b.Loop() {
						if _, err := h.desk.Store.List(b.Context(), h.db.Read(), c.f); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			b.Run("figures of 30 days", func(b *testing.B) {
				for b.Loop() {
					if _, err := h.desk.Store.Figures(b.Context(), h.db.Read(), city, h.now().AddDate(0, 0, -30), h.now(), h.desk.Zone); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

// kept is the alert of a number, spread over half a year.
func (h *house) kept(i int) alert.Alert {
	at := h.now().AddDate(0, 0, -180).Add(time.Duration(i) * 75 * time.Second)
	a := alert.Alert{
		ID: lanzha.NewID(at, [10]byte{byte(i >> 16), byte(i >> 8), byte(i)}), Version: 1, State: alert.StateDecided, Key: alert.Key{Log: "L", Seq: uint64(i), Rule: fmt.Sprintf("rule-%d", i%200)},
		Title: feature.Words{ZH: "一机多卡", EN: "many SIMs"}, Severity: []alert.Severity{alert.Low, alert.Medium, alert.High}[i%3], Subject: alert.Subject{Domain: feed.Number, Value: fmt.Sprintf("138%08d", i%100_000)},
		Reasons: feature.Words{ZH: "近1小时用过9张卡", EN: "9 SIMs in 1 h"}, Values: []alert.NamedValue{{Name: "imsis_1h", Text: "9"}}, Kind: feed.Call, At: at, RaisedAt: at, Becomes: alert.None,
		Region: "530100", Decision: []alert.Decision{alert.DecisionClue, alert.DecisionDismissed, alert.DecisionWarning, alert.DecisionReferral}[i/7%4], DecidedBy: "01KB3V6N0Q8V4Y2ZC5T7R90FF1", DecidedAt: at.Add(time.Minute),
	}
	switch {
	case i%1000 == 0:
		a.State, a.Decision, a.DecidedBy, a.DecidedAt = alert.StateNew, "", "", time.Time{}
	case a.Decision == alert.DecisionReferral:
		a.Institution = []lanzha.ID{h.bank.ID, h.carrier.ID}[i%2]
		a.CheckedAt = at.Add(time.Hour)
	case a.Decision == alert.DecisionWarning:
		a.Institution = h.station.ID
	}
	return a
}
