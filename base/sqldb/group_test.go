package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
)

// Transactions that wait for the writer share a commit; one that fails, is
// cancelled or panics takes nobody with it and leaves nothing.
func TestWaitingTransactionsShareACommit(t *testing.T) {
	db := sqltest.OpenSQLite(t, schemas...)
	commits := 0
	db.Committed = func() { commits++ }
	add := func(ctx context.Context, name string, then func() error) error {
		return db.Tx(ctx, func(tx *sqldb.Tx) error {
			if _, err := sqldb.Exec(ctx, tx, `INSERT INTO thing (name) VALUES ($1)`, name); err != nil {
				return err
			}
			return then()
		})
	}
	well := func() error { return nil }
	boom := errors.New("boom")
	ended, cancel := context.WithCancel(t.Context())
	cancel()

	var group sync.WaitGroup
	inside, queued := make(chan struct{}), make(chan struct{})
	group.Go(func() {
		if err := add(t.Context(), "first", func() error { close(inside); <-queued; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-inside
	var mu sync.Mutex
	got := map[string]error{}
	start := func(name string, ctx context.Context, then func() error) {
		group.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					mu.Lock()
					got[name] = fmt.Errorf("%v", r)
					mu.Unlock()
				}
			}()
			err := add(ctx, name, then)
			mu.Lock()
			got[name] = err
			mu.Unlock()
		})
	}
	start("a", t.Context(), well)
	start("fails", t.Context(), func() error { return boom })
	start("cancelled", ended, well)
	start("panics", t.Context(), func() error { panic(boom) })
	start("first", t.Context(), well) // the name is taken: the statement fails
	start("b", t.Context(), well)
	for sqldb.Waiting(db) < 6 {
		runtime.Gosched()
	}
	close(queued)
	group.Wait()

	for name, want := range map[string]error{"a": nil, "b": nil, "fails": boom, "cancelled": context.Canceled} {
		if !errors.Is(got[name], want) {
			t.Errorf("%s: %v, want %v", name, got[name], want)
		}
	}
	if got["panics"] == nil || !sqldb.IsUnique(got["first"]) {
		t.Errorf("panics: %v, a name taken: %v", got["panics"], got["first"])
	}
	names, err := sqldb.All(t.Context(), db.Read(), sqldb.Value[string], `SELECT name FROM thing ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b", "first"}, names); diff != "" {
		t.Error(diff)
	}
	if commits != 1 {
		t.Errorf("%d commits for transactions that waited for each other, want 1", commits)
	}
}

// Where SQLite rolls a whole group back, the others of it run again.
func TestGroupThatIsLostRunsAgain(t *testing.T) {
	db := sqltest.OpenSQLite(t, schemas...)
	ctx := t.Context()
	var group sync.WaitGroup
	inside, queued := make(chan struct{}), make(chan struct{})
	runs := 0
	group.Go(func() {
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			if runs++; runs == 1 {
				close(inside)
				<-queued
			}
			_, err := sqldb.Exec(ctx, tx, `INSERT INTO thing (name) VALUES ('kept')`)
			return err
		}); err != nil {
			t.Error(err)
		}
	})
	<-inside
	group.Go(func() {
		err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := sqldb.Exec(ctx, tx, `ROLLBACK`) // as SQLite does by itself when the disk is full
			return errors.Join(err, errors.New("disk full"))
		})
		if err == nil {
			t.Error("a transaction that failed reports nothing")
		}
	})
	for sqldb.Waiting(db) < 1 {
		runtime.Gosched()
	}
	close(queued)
	group.Wait()
	n, err := sqldb.One(ctx, db.Read(), "count", sqldb.Value[int64], `SELECT count(*) FROM thing WHERE name = 'kept'`)
	if err != nil || n != 1 || runs != 2 {
		t.Errorf("kept %d times after %d runs (%v), want once after 2", n, runs, err)
	}
}

// What is left for later is done in order, by the next statement at the latest
// when that reads, and its failure is the transaction's.
func TestLater(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx := t.Context()
		later := func(tx *sqldb.Tx, name string) error {
			return sqldb.Later(ctx, tx, `INSERT INTO thing (name) VALUES ($1)`, name)
		}
		count := func(q sqldb.Queryer) int64 {
			n, err := sqldb.One(ctx, q, "count", sqldb.Value[int64], `SELECT count(*) FROM thing`)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			err := errors.Join(later(tx, "a"), later(tx, "b"))
			if n := count(tx); n != 2 {
				t.Errorf("the transaction reads %d of its 2 rows", n)
			}
			err = errors.Join(err, later(tx, "c"))
			n, failed := sqldb.Exec(ctx, tx, `UPDATE thing SET size = $1`, 7)
			if n != 3 {
				t.Errorf("a statement after it changes %d of 3 rows", n)
			}
			return errors.Join(err, failed, later(tx, "d"))
		}); err != nil {
			t.Fatal(err)
		}
		if n := count(db.Read()); n != 4 {
			t.Errorf("%d rows were kept, want 4", n)
		}
		for name, then := range map[string]func(tx *sqldb.Tx) error{
			"the commit": func(*sqldb.Tx) error { return nil },
			"a read": func(tx *sqldb.Tx) error {
				_, err := sqldb.One(ctx, tx, "count", sqldb.Value[int64], `SELECT count(*) FROM thing`)
				return err
			},
			"a read whose error nobody looks at": func(tx *sqldb.Tx) error {
				_, _ = sqldb.All(ctx, tx, sqldb.Value[string], `SELECT name FROM thing`)
				return nil
			},
			"a change": func(tx *sqldb.Tx) error {
				_, err := sqldb.Exec(ctx, tx, `UPDATE thing SET size = $1`, 8)
				return err
			},
		} {
			err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				if err := errors.Join(later(tx, "new"), later(tx, "a")); err != nil {
					return err
				}
				return then(tx)
			})
			if !sqldb.IsUnique(err) {
				t.Errorf("before %s: %v, want that the name is taken", name, err)
			}
		}
		if n := count(db.Read()); n != 4 {
			t.Errorf("%d rows after transactions that failed, want 4", n)
		}
	})
}
