package outbox_test

import (
	"context"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
)

// row is what the outbox keeps of an item.
type row struct {
	state    string
	attempts int
	nextAt   time.Time
}

func read(t *testing.T, db *sqldb.DB, key string) row {
	t.Helper()
	r, err := sqldb.One(context.Background(), db.Read(), "item", func(s sqldb.Scanner) (row, error) {
		var r row
		var next lanzha.Micros
		err := s.Scan(&r.state, &r.attempts, &next)
		r.nextAt = next.Time()
		return r, err
	}, `SELECT state, attempts, next_at FROM outbox WHERE key = $1`, key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func waitFor(t *testing.T, db *sqldb.DB, key string, yes func(row) bool) {
	t.Helper()
	late := time.After(20 * time.Second)
	every := time.NewTicker(time.Millisecond)
	defer every.Stop()
	for !yes(read(t, db, key)) {
		select {
		case <-every.C:
		case <-late:
			t.Fatalf("%s is %+v after 20 s", key, read(t, db, key))
		}
	}
}

// A killed process cannot hand back what it held: on SQLite the next start
// takes it up at once, and what waits for its next attempt goes on waiting.
func TestAStartOnSQLiteTakesUpWhatWasHeld(t *testing.T) {
	db := sqltest.OpenSQLite(t, schemas...)
	ctx := context.Background()
	later := time.Now().Add(time.Hour)
	b := newOutbox(db, outbox.Options{Poll: time.Millisecond})
	ran := make(chan outbox.Item, 9)
	b.Handle("send", func(_ context.Context, it outbox.Item) (outbox.Effect, error) { ran <- it; return nil, nil })
	for _, key := range []string{"held", "failed", "fresh"} {
		owe(t, db, b, outbox.Item{Key: key, Kind: "send", Lane: "a", DueAt: later})
	}
	// As a killed process leaves it: begun and not ended; begun, failed, waiting.
	if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
		if _, err := sqldb.Exec(ctx, tx, `UPDATE outbox SET attempts = 1 WHERE key <> 'fresh'`); err != nil {
			return err
		}
		_, err := sqldb.Exec(ctx, tx, `INSERT INTO outbox_attempt (item, n, started_at, ended_at, error) SELECT id, 1, 0, 0, 'down' FROM outbox WHERE key = 'failed'`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	stop := run(t, b)
	if it := receive(t, ran); it.Key != "held" || it.Attempts != 2 {
		t.Errorf("%q ran, attempt %d; want held, attempt 2", it.Key, it.Attempts)
	}
	waitFor(t, db, "held", func(r row) bool { return r.state == "done" })
	stop()
	if len(ran) != 0 {
		t.Errorf("%q ran too", (<-ran).Key)
	}
}

// As long as an attempt runs nobody else takes its item, however short the
// lease.
func TestALeaseIsRenewed(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		const lease = 300 * time.Millisecond
		b := newOutbox(db, outbox.Options{Lease: lease, Poll: time.Millisecond})
		started, release := make(chan struct{}, 9), make(chan struct{})
		b.Handle("send", func(context.Context, outbox.Item) (outbox.Effect, error) {
			started <- struct{}{}
			<-release
			return nil, nil
		})
		owe(t, db, b, outbox.Item{Key: "k", Kind: "send", Lane: "a", DueAt: time.Now()})
		stop := run(t, b)
		defer stop()
		receive(t, started)
		first := read(t, db, "k").nextAt
		waitFor(t, db, "k", func(r row) bool { return r.nextAt.After(first.Add(2 * lease)) })
		close(release)
		waitFor(t, db, "k", func(r row) bool { return r.state == "done" })
		if r := read(t, db, "k"); r.attempts != 1 {
			t.Errorf("%d attempts, want 1", r.attempts)
		}
	})
}

// Stopping is no failure, not even of an item that has only one left.
func TestStoppingHandsBack(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		b := newOutbox(db, outbox.Options{MaxTries: 1})
		started := make(chan struct{}, 1)
		b.Handle("send", func(ctx context.Context, _ outbox.Item) (outbox.Effect, error) {
			started <- struct{}{}
			<-ctx.Done()
			return nil, ctx.Err()
		})
		owe(t, db, b, outbox.Item{Key: "k", Kind: "send", Lane: "a", DueAt: time.Now()})
		stop := run(t, b)
		receive(t, started)
		stop()
		if r := read(t, db, "k"); r.state != "owed" || r.nextAt.After(time.Now()) {
			t.Errorf("%+v, want owed and due", r)
		}
	})
}

// An item is dead after so many failures; attempts that a killed process began
// are none.
func TestLostAttemptsAreNoFailures(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		b := newOutbox(db, outbox.Options{MaxTries: 2, Backoff: time.Millisecond, Poll: time.Millisecond})
		tries := make(chan int, 9)
		b.Handle("send", func(_ context.Context, it outbox.Item) (outbox.Effect, error) {
			tries <- it.Attempts
			return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "down"}
		})
		owe(t, db, b, outbox.Item{Key: "k", Kind: "send", Lane: "a", DueAt: time.Now()})
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := sqldb.Exec(ctx, tx, `UPDATE outbox SET attempts = 40`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		stop := run(t, b)
		defer stop()
		for _, want := range []int{41, 42} {
			if n := receive(t, tries); n != want {
				t.Errorf("attempt %d, want %d", n, want)
			}
		}
		waitFor(t, db, "k", func(r row) bool { return r.state == "dead" })
	})
}

// What was overtaken leaves nothing: neither when the effect says so, nor when
// the item was forgiven while its attempt ran.
func TestAnOvertakenEffectLeavesNothing(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		b := newOutbox(db, outbox.Options{Poll: time.Millisecond})
		started, release := make(chan struct{}, 9), make(chan struct{})
		b.Handle("clock", func(_ context.Context, it outbox.Item) (outbox.Effect, error) {
			if it.Key == "forgiven" {
				started <- struct{}{}
				<-release
			}
			return func(ctx context.Context, tx *sqldb.Tx) error {
				if err := b.Owe(ctx, tx, outbox.Item{Key: "by " + it.Key, Kind: "clock", Lane: "b", DueAt: time.Now().Add(time.Hour)}); err != nil {
					return err
				}
				if it.Key == "late" {
					return lanzha.Conflict("somebody was faster")
				}
				return nil
			}, nil
		})
		owe(t, db, b,
			outbox.Item{Key: "late", Kind: "clock", Lane: "a", Record: "L", DueAt: time.Now()},
			outbox.Item{Key: "forgiven", Kind: "clock", Lane: "a", Record: "F", DueAt: time.Now()})
		stop := run(t, b)
		defer stop()
		receive(t, started)
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error { return b.Forgive(ctx, tx, "forgiven") }); err != nil {
			t.Fatal(err)
		}
		close(release)
		waitFor(t, db, "late", func(r row) bool { return r.state == "done" })
		for attempts := 0; attempts != 1; {
			found, err := b.Attempts(ctx, "F")
			if err != nil {
				t.Fatal(err)
			}
			attempts = len(found)
		}
		if r := read(t, db, "forgiven"); r.state != "forgiven" {
			t.Errorf("%+v, want forgiven", r)
		}
		n, err := sqldb.One(ctx, db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM outbox`)
		if err != nil || n != 2 {
			t.Errorf("%d items, %v; want the 2 of the start", n, err)
		}
	})
}

// A handler or an effect that panics fails its item, and the others go on.
func TestAPanicIsAFailure(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		b := newOutbox(db, outbox.Options{MaxTries: 1, Poll: time.Millisecond})
		b.Handle("send", func(_ context.Context, it outbox.Item) (outbox.Effect, error) {
			if it.Key == "handler" {
				panic("a defect")
			}
			return func(context.Context, *sqldb.Tx) error {
				if it.Key == "effect" {
					panic("a defect")
				}
				return nil
			}, nil
		})
		for _, key := range []string{"handler", "effect", "good"} {
			owe(t, db, b, outbox.Item{Key: key, Kind: "send", Lane: "a", DueAt: time.Now()})
		}
		stop := run(t, b)
		defer stop()
		for key, state := range map[string]string{"handler": "dead", "effect": "dead", "good": "done"} {
			waitFor(t, db, key, func(r row) bool { return r.state == state })
		}
	})
}
