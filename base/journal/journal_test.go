package journal_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"))
}

var schemas = []sqldb.Schema{journal.Schema()}

func appendOne(t *testing.T, db *sqldb.DB, j *journal.Journal, e journal.Entry) {
	t.Helper()
	if err := db.Tx(context.Background(), func(tx *sqldb.Tx) error {
		err := j.Append(context.Background(), tx, time.Unix(1700000000, 0), e)
		return err
	}); err != nil {
		t.Error(err)
	}
}

// settled waits until n rows are settled: on PostgreSQL a row is when every
// transaction of the server that began before it has ended.
func settled(t *testing.T, db *sqldb.DB, j *journal.Journal, n int) []journal.Row {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		rows, err := j.After(context.Background(), db.Read(), journal.Cursor{}, n)
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) == n {
			return rows
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d rows are settled after 20 s, want %d", len(rows), n)
		}
	}
}

func kinds(rows []journal.Row) []string {
	out := []string{}
	for _, r := range rows {
		out = append(out, r.Kind)
	}
	return out
}

func TestTimelineAndSearch(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		j := journal.New(db, time.Now, nil)
		appendOne(t, db, j, journal.Entry{Kind: "clue.opened", Record: "C1", About: []lanzha.ID{"R1", "C1", ""}, Region: "530114", Actor: "A", Payload: map[string]int{"n": 1}})
		appendOne(t, db, j, journal.Entry{Kind: "lookup.asked", Record: "L1", About: []lanzha.ID{"C1"}, Region: "530114"})
		appendOne(t, db, j, journal.Entry{Kind: "clue.opened", Record: "C2", Region: "520100"})
		for _, c := range []struct {
			name string
			want []string
			got  func() ([]journal.Row, error)
		}{
			{"timeline", []string{"lookup.asked", "clue.opened"}, func() ([]journal.Row, error) { return j.Timeline(ctx, db.Read(), "C1", 0, 10) }},
			{"timeline of the report", []string{"clue.opened"}, func() ([]journal.Row, error) { return j.Timeline(ctx, db.Read(), "R1", 0, 10) }},
			{"timeline, first page", []string{"lookup.asked"}, func() ([]journal.Row, error) { return j.Timeline(ctx, db.Read(), "C1", 0, 1) }},
			{"by kind", []string{"clue.opened", "clue.opened"}, func() ([]journal.Row, error) {
				return j.Search(ctx, db.Read(), journal.Filter{Kind: "clue.opened", Limit: 9})
			}},
			{"by province", []string{"lookup.asked", "clue.opened"}, func() ([]journal.Row, error) {
				return j.Search(ctx, db.Read(), journal.Filter{Region: "530000", Limit: 9})
			}},
			{"by city, actor and record", []string{"clue.opened"}, func() ([]journal.Row, error) {
				return j.Search(ctx, db.Read(), journal.Filter{Region: "530100", Actor: "A", Record: "C1", Limit: 9})
			}},
		} {
			rows, err := c.got()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, kinds(rows)); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
		}
	})
}

// Two processes tail the same name while many write: each row takes effect
// once, and none is skipped although transactions commit out of order.
func TestTailIsExactlyOnce(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(context.Background())
		const writers, each = 8, 40
		count := func() int64 {
			n, err := sqldb.One(context.Background(), db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM journal WHERE kind = 'b'`)
			if err != nil {
				t.Error(err)
			}
			return n
		}
		var running sync.WaitGroup
		for range 2 {
			j := journal.New(db, time.Now, nil)
			j.Tail("stage", []string{"a"}, func(ctx context.Context, tx *sqldb.Tx, r journal.Row) error {
				err := j.Append(ctx, tx, r.At, journal.Entry{Kind: "b", Record: r.Record})
				return err
			})
			running.Go(func() {
				if err := j.Run(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		j := journal.New(db, time.Now, nil)
		var writing sync.WaitGroup
		for w := range writers {
			writing.Go(func() {
				for i := range each {
					appendOne(t, db, j, journal.Entry{Kind: "a", Record: lanzha.ID(fmt.Sprintf("%d-%d", w, i))})
					appendOne(t, db, j, journal.Entry{Kind: "noise", Record: "x"})
				}
			})
		}
		writing.Wait()
		for deadline := time.Now().Add(20 * time.Second); count() < writers*each && time.Now().Before(deadline); {
			<-time.After(20 * time.Millisecond)
		}
		cancel()
		running.Wait()
		distinct, err := sqldb.One(context.Background(), db.Read(), "count", sqldb.Value[int64], `SELECT count(DISTINCT record) FROM journal WHERE kind = 'b'`)
		if err != nil {
			t.Fatal(err)
		}
		if n := count(); n != writers*each || distinct != n {
			t.Fatalf("%d effects on %d records, want %d on as many", n, distinct, writers*each)
		}
	})
}

func TestABadRowIsParkedAndTheRestGoesOn(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(context.Background())
		j := journal.New(db, time.Now, nil)
		done := make(chan struct{})
		j.Tail("stage", []string{"a"}, func(ctx context.Context, tx *sqldb.Tx, r journal.Row) error {
			switch r.Record {
			case "bad":
				return lanzha.Invalid("payload", "cannot be read")
			case "worse":
				panic("a defect")
			case "last":
				tx.After(func() { close(done) })
			}
			err := j.Append(ctx, tx, r.At, journal.Entry{Kind: "b", Record: r.Record})
			return err
		})
		for _, id := range []lanzha.ID{"first", "bad", "worse", "last"} {
			appendOne(t, db, j, journal.Entry{Kind: "a", Record: id})
		}
		var running sync.WaitGroup
		running.Go(func() { _ = j.Run(ctx) })
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Error("the row after the bad one was never taken")
		}
		cancel()
		running.Wait()
		if n, err := j.Parked(context.Background()); err != nil || n != 2 {
			t.Errorf("parked = %d, %v", n, err)
		}
		rows, err := j.Search(context.Background(), db.Read(), journal.Filter{Kind: "b", Limit: 9})
		if err != nil || len(rows) != 2 {
			t.Errorf("effects: %v, %v", kinds(rows), err)
		}
	})
}

func TestNewEpochSortsAfterAllBefore(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		j := journal.New(db, time.Now, nil)
		appendOne(t, db, j, journal.Entry{Kind: "before", Record: "x"})
		before := settled(t, db, j, 1)[0].Cursor
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error { return j.NewEpoch(ctx, tx, time.Now()) }); err != nil {
			t.Fatal(err)
		}
		appendOne(t, db, j, journal.Entry{Kind: "after", Record: "x"})
		settled(t, db, j, 2)
		rows, err := j.After(ctx, db.Read(), before, 10)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"after"}, kinds(rows)); diff != "" || !before.Before(rows[0].Cursor) || rows[0].Epoch != 2 {
			t.Errorf("rows after the old cursor: %s (cursor %v)", diff, rows)
		}
		again, err := journal.ParseCursor(rows[0].Cursor.String())
		if err != nil || again != rows[0].Cursor {
			t.Errorf("cursor %v read back as %v, %v", rows[0].Cursor, again, err)
		}
	})
}

func TestParseCursorRefusesNonsense(t *testing.T) {
	for _, s := range []string{"1", "1.2", "1.2.x", "1.2.-3", "1.2.3.4", "99999999999999999999.0.0"} {
		if _, err := journal.ParseCursor(s); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("ParseCursor(%q): %v", s, err)
		}
	}
}

// TestSince follows two kinds among others, from any place, in pages.
func TestSince(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		j := journal.New(db, clock(), nil)
		write := func(kinds ...string) {
			for _, kind := range kinds {
				if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
					return j.Append(ctx, tx, time.Unix(1800000000, 0), journal.Entry{Kind: kind, Record: "R"})
				}); err != nil {
					t.Fatal(err)
				}
			}
		}
		rows := 0
		written := func(kinds ...string) {
			write(kinds...)
			rows += len(kinds)
			settled(t, db, j, rows)
		}
		var at journal.Cursor
		read := func(limit int) (got []string) {
			rows, next, err := j.Since(ctx, db.Read(), at, []string{"b.x", "c.x"}, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				got = append(got, r.Kind)
			}
			at = next
			return got
		}
		if got := read(9); got != nil {
			t.Errorf("an empty journal gives %v", got)
		}
		written("a.x", "b.x", "a.x", "c.x", "b.x", "a.x")
		for _, want := range [][]string{{"b.x", "c.x"}, {"b.x"}, nil} {
			if got := read(2); !slices.Equal(got, want) {
				t.Errorf("a page reads %v, want %v", got, want)
			}
		}
		if last, err := j.Last(ctx, db.Read()); err != nil || at != last {
			t.Errorf("the reading ends at %s, the journal at %s: %v", at, last, err)
		}
		written("a.x", "c.x")
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error { return j.NewEpoch(ctx, tx, time.Unix(1800000001, 0)) }); err != nil {
			t.Fatal(err)
		}
		written("b.x")
		if got := read(9); !slices.Equal(got, []string{"c.x", "b.x"}) {
			t.Errorf("over a restore it reads %v", got)
		}
	})
}
