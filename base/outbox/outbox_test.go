package outbox_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"lanzha"
	"lanzha/base/outbox"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"))
}

var schemas = []sqldb.Schema{outbox.Schema()}

func newOutbox(db *sqldb.DB, o outbox.Options) *outbox.Outbox {
	return outbox.New(db, time.Now, lanzha.NewIDs(time.Now, nil), o)
}

func owe(t *testing.T, db *sqldb.DB, b *outbox.Outbox, items ...outbox.Item) {
	t.Helper()
	if err := db.Tx(context.Background(), func(tx *sqldb.Tx) error { return b.Owe(context.Background(), tx, items...) }); err != nil {
		t.Fatal(err)
	}
}

// run starts a worker and returns what stops it and waits for it.
func run(t *testing.T, b *outbox.Outbox) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := b.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	return func() { cancel(); running.Wait() }
}

func receive[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came in 20 s")
		panic("unreachable")
	}
}

func TestAFailedAttemptIsRepeatedWithItsKey(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		b := newOutbox(db, outbox.Options{Backoff: time.Millisecond})
		keys := make(chan string, 10)
		done := make(chan string, 1)
		b.Handle("send", func(_ context.Context, it outbox.Item) (outbox.Effect, error) {
			keys <- it.Key
			if it.Attempts < 3 {
				return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "down"}
			}
			var p struct{ To string }
			if err := it.Into(&p); err != nil {
				return nil, err
			}
			return func(_ context.Context, tx *sqldb.Tx) error { tx.After(func() { done <- p.To }); return nil }, nil
		})
		stop := run(t, b)
		defer stop()
		item := outbox.Item{Key: "k1", Kind: "send", Lane: "a", Record: "R", DueAt: time.Now(), Payload: map[string]string{"to": "x"}}
		owe(t, db, b, item, item)
		for range 3 {
			if k := receive(t, keys); k != "k1" {
				t.Errorf("key %q", k)
			}
		}
		if to := receive(t, done); to != "x" {
			t.Errorf("to = %q", to)
		}
		attempts, err := b.Attempts(context.Background(), "R")
		if err != nil || len(attempts) != 3 || attempts[0].Error != "unavailable: down" || attempts[2].Error != "" {
			t.Errorf("attempts: %+v, %v", attempts, err)
		}
	})
}

func TestASlowLaneDelaysNoOther(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		b := newOutbox(db, outbox.Options{LaneWidth: 2})
		release := make(chan struct{})
		fast := make(chan string, 20)
		b.Handle("send", func(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
			if it.Lane == "slow" {
				select {
				case <-release:
				case <-ctx.Done():
				}
				return nil, nil
			}
			fast <- it.Key
			return nil, nil
		})
		stop := run(t, b)
		defer stop()
		var items []outbox.Item
		for i := range 10 {
			items = append(items, outbox.Item{Key: fmt.Sprint("slow", i), Kind: "send", Lane: "slow", DueAt: time.Now().Add(-time.Hour)})
		}
		for i := range 10 {
			items = append(items, outbox.Item{Key: fmt.Sprint("fast", i), Kind: "send", Lane: "fast", DueAt: time.Now()})
		}
		owe(t, db, b, items...)
		for range 10 {
			receive(t, fast)
		}
		close(release)
	})
}

func TestForgivenAndFutureItemsDoNotRun(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		b := newOutbox(db, outbox.Options{Poll: time.Millisecond})
		ran := make(chan string, 9)
		b.Handle("clock", func(_ context.Context, it outbox.Item) (outbox.Effect, error) { ran <- it.Key; return nil, nil })
		soon := time.Now().Add(100 * time.Millisecond)
		owe(t, db, b,
			outbox.Item{Key: "forgiven", Kind: "clock", Lane: "deadline", DueAt: time.Now()},
			outbox.Item{Key: "far", Kind: "clock", Lane: "deadline", DueAt: time.Now().Add(time.Hour)},
			outbox.Item{Key: "soon", Kind: "clock", Lane: "deadline", DueAt: soon})
		if err := db.Tx(context.Background(), func(tx *sqldb.Tx) error { return b.Forgive(context.Background(), tx, "forgiven") }); err != nil {
			t.Fatal(err)
		}
		stop := run(t, b)
		if k := receive(t, ran); k != "soon" || time.Now().Before(soon) {
			t.Errorf("%q ran first, early = %v", k, time.Now().Before(soon))
		}
		stop()
		if len(ran) != 0 {
			t.Errorf("%q ran too", <-ran)
		}
	})
}

// What a killed worker had leased is tried again, by whoever is there, with
// the same key; what it finished is not.
func TestALostLeaseIsTakenOver(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		now := time.Now()
		var mu sync.Mutex
		clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
		ids := lanzha.NewIDs(clock, nil)
		lost := outbox.New(db, clock, ids, outbox.Options{LaneWidth: 1})
		started := make(chan string, 1)
		lost.Handle("send", func(ctx context.Context, it outbox.Item) (outbox.Effect, error) {
			started <- it.Key
			<-ctx.Done() // as a process that hangs until it is killed
			return func(context.Context, *sqldb.Tx) error { return &lanzha.Error{Code: lanzha.CodeInternal} }, nil
		})
		owe(t, db, lost, outbox.Item{Key: "k", Kind: "send", Lane: "a", DueAt: now})
		stop := run(t, lost)
		receive(t, started)

		heir := outbox.New(db, clock, ids, outbox.Options{Poll: time.Millisecond})
		again := make(chan outbox.Item, 1)
		heir.Handle("send", func(_ context.Context, it outbox.Item) (outbox.Effect, error) { again <- it; return nil, nil })
		stopHeir := run(t, heir)
		defer stopHeir()
		mu.Lock()
		now = now.Add(3 * time.Minute)
		mu.Unlock()
		if it := receive(t, again); it.Key != "k" || it.Attempts != 2 {
			t.Errorf("taken over as %q, attempt %d", it.Key, it.Attempts)
		}
		stop()
	})
}

func TestGivenUpItemsAreDeadAndCanBeRevived(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		b := newOutbox(db, outbox.Options{Backoff: time.Millisecond, MaxTries: 2, Poll: time.Millisecond})
		tries := make(chan lanzha.ID, 9)
		b.Handle("send", func(_ context.Context, it outbox.Item) (outbox.Effect, error) {
			tries <- it.ID
			if it.Attempts <= 2 {
				return nil, &lanzha.Error{Code: lanzha.CodeUnavailable, Message: "down"}
			}
			return nil, nil
		})
		owe(t, db, b, outbox.Item{Key: "k", Kind: "send", Lane: "a", Record: "R", DueAt: time.Now()})
		stop := run(t, b)
		defer stop()
		receive(t, tries)
		id := receive(t, tries)
		for dead := int64(0); dead != 1; {
			var err error
			if dead, err = b.Dead(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error { return b.Revive(ctx, tx, id) }); err != nil {
			t.Fatal(err)
		}
		receive(t, tries)
	})
}
