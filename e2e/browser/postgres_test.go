package browser_test

import (
	"strings"
	"testing"
	"time"

	"lanzha/app/demo"
	"lanzha/base/sqldb/sqltest"
)

// The console stands on the API alone; one way through it on PostgreSQL shows
// that nothing in between depends on the database.
func TestIntakeOnPostgres(t *testing.T) {
	t.Parallel()
	needs(t)
	h, err := build(t.TempDir(), sqltest.PostgresURL(t), demo.Options{Seed: 8, Pace: 1, Calm: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.stop(); err != nil {
			t.Error(err)
		}
	})
	h.slow(t, "/carrier/2", 3*time.Second)
	intake(t, h, strings.TrimPrefix(h.City.Lines(5000)[1], "+86"))
}
