package alert_test

import (
	"fmt"
	"testing"

	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/work/detect/alert"
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
