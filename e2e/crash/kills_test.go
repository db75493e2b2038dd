package crash_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
	"lanzha/gateway/sandbox"
)

// kills is how often the house is killed: LANZHA_KILLS, or else what the test
// says.
func kills(t *testing.T, standard int) int {
	text := os.Getenv("LANZHA_KILLS")
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The house is killed at random moments, in its start too, while reports come
// in all the time.
func TestRandomKills(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		city := newSimulation(t, 1)
		underFire(t, city, furnish(t, city, child{Data: filepath.Join(t.TempDir(), "house")}), kills(t, 200))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		city := newSimulation(t, 2)
		made := furnish(t, city, child{Data: t.TempDir(), Database: sqltest.PostgresURL(t), Lease: time.Second})
		underFire(t, city, made, kills(t, 200)/10)
	})
}

// underFire kills a house so many times. Two officers hand in reports with
// three numbers each, one after the other; each repeats a report until it is
// acknowledged.
func underFire(t *testing.T, city *simulation, f *furnished, times int) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("LANZHA_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("LANZHA_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	// Answers take a moment, so that questions are under way when it ends;
	// some come as an error.
	city.renew(t, sandbox.Mode{MaxMS: 100, ErrorRate: 0.02})
	h := newHouse(t, f.told)

	l := ledger{answered: true}
	var mu sync.Mutex
	acknowledged := make(chan struct{}, 1) // something, in this life
	over := make(chan struct{})
	var officers sync.WaitGroup
	numbers := city.numbers()
	region := city.StoryAt(0).Report.Region
	for officer := range 2 {
		officers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-over:
					return
				default:
				}
				mu.Lock()
				told := []string{<-numbers, <-numbers, <-numbers}
				l.lines += len(told)
				mu.Unlock()
				id := f.report(h, fmt.Sprintf("report-%d-%d", officer, i), region, told)
				mu.Lock()
				l.reports = append(l.reports, id)
				mu.Unlock()
				select {
				case acknowledged <- struct{}{}:
				default:
				}
			}
		})
	}
	now := make(chan struct{})
	close(now)
	began, starting := time.Now(), 0
	for range times {
		select {
		case <-acknowledged: // of the last life
		default:
		}
		h.start("")
		// From the start of the process on, from when it serves, or from when
		// it has acknowledged something.
		wait, from := 200*time.Millisecond, (<-chan struct{})(now)
		switch random.IntN(5) {
		case 0:
			starting++
		case 1, 2:
			wait, from = 100*time.Millisecond, h.serves
		default:
			wait, from = 100*time.Millisecond, acknowledged
		}
		select {
		case <-from:
		case <-time.After(patience):
			t.Fatalf("it does not serve\n%s", h.out.errors.Bytes())
		}
		<-time.After(time.Duration(random.Int64N(int64(wait))))
		h.kill()
	}
	fired := time.Since(began)
	close(over)
	h.start("")
	officers.Wait()
	f.quiet(t, h, l)
	h.stop()
	f.check(t, city, l)
	st := city.counts(t)
	t.Logf("%d kills, %d of them from the start of the process on, in %v; %d reports, %d questions, %d repeated, drained in %v",
		times, starting, fired.Round(time.Second), len(l.reports), l.lines, st.Repeats, (time.Since(began) - fired).Round(time.Millisecond))
	if len(l.reports) < times/3 {
		t.Errorf("%d reports in %d lives: the house was hardly under fire", len(l.reports), times)
	}
}

// quiet waits until every question is answered.
func (f *furnished) quiet(t *testing.T, h *house, l ledger) {
	t.Helper()
	<-h.serves
	cfg, err := f.told.config()
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqldb.Open(t.Context(), cfg.DatabaseAddress(), sqldb.Options{Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	until(t, "quiet", func() bool {
		n, err := sqldb.One(t.Context(), db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM lookup WHERE state = 'answered'`)
		if err != nil {
			t.Fatal(err)
		}
		return n >= int64(l.lines)
	})
	f.watched(h, "clues", l.lines)
}
