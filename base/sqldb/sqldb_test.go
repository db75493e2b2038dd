package sqldb_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/fstest"

	"lanzha"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
)

var schemas = []sqldb.Schema{{Room: "things", Files: fstest.MapFS{
	"schema/001.sql": {Data: []byte(`CREATE TABLE thing (n SERIAL_KEY, name TEXT NOT NULL UNIQUE, data BYTES, xid BIGINT NOT NULL DEFAULT CURRENT_XID, done BOOLEAN NOT NULL DEFAULT FALSE);
CREATE INDEX thing_done ON thing (done, name);`)},
	"schema/002.sql": {Data: []byte(`ALTER TABLE thing ADD COLUMN size BIGINT NOT NULL DEFAULT 0;`)},
}}}

func TestTxCommitsOrNothing(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		woken := 0
		insert := func(name string, fail error) error {
			return db.Tx(ctx, func(tx *sqldb.Tx) error {
				tx.After(func() { woken++ })
				if _, err := sqldb.Exec(ctx, tx, `INSERT INTO thing (name, data, done) VALUES ($1, $2, $3)`, name, []byte{1, 2}, true); err != nil {
					return err
				}
				return fail
			})
		}
		boom := errors.New("boom")
		if err := insert("lost", boom); !errors.Is(err, boom) {
			t.Fatalf("err = %v", err)
		}
		for _, name := range []string{"b", "a", "B", "é"} {
			if err := insert(name, nil); err != nil {
				t.Fatal(err)
			}
		}
		if err := insert("a", nil); !sqldb.IsUnique(err) {
			t.Fatalf("a second a: %v", err)
		}
		names, err := sqldb.All(ctx, db.Read(), sqldb.Value[string], `SELECT name FROM thing WHERE done = $1 ORDER BY name`, true)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := join(names), "B a b é "; got != want {
			t.Errorf("names in order %q, want %q: both databases sort by bytes", got, want)
		}
		if woken != 4 {
			t.Errorf("After ran %d times, want 4: once a commit", woken)
		}
		if _, err := sqldb.One(ctx, db.Read(), "thing", sqldb.Value[string], `SELECT name FROM thing WHERE name = $1`, "none"); lanzha.CodeOf(err) != lanzha.CodeNotFound {
			t.Errorf("err = %v, want not_found", err)
		}
		if err := db.Migrate(ctx, schemas...); err != nil {
			t.Errorf("migrating again: %v", err)
		}
	})
}

func TestWritersQueueAndReadersSeeOnlyCommits(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := sqldb.Exec(ctx, tx, `INSERT INTO thing (name) VALUES ('counter')`)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 25 {
					if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
						_, err := sqldb.Exec(ctx, tx, `UPDATE thing SET size = size + 1 WHERE name = 'counter'`)
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		n, err := sqldb.One(ctx, db.Read(), "thing", sqldb.Value[int64], `SELECT size FROM thing WHERE name = 'counter'`)
		if err != nil || n != 200 {
			t.Fatalf("counter = %d, %v; want 200", n, err)
		}
	})
}

func TestOpenSaysWhatToDo(t *testing.T) {
	_, err := sqldb.Open(context.Background(), "/nonexistent/folder/x.db", sqldb.Options{})
	if lanzha.CodeOf(err) != lanzha.CodeUnavailable {
		t.Errorf("err = %v", err)
	}
	_, err = sqldb.Open(context.Background(), "postgres://nobody@127.0.0.1:1/none", sqldb.Options{})
	if lanzha.CodeOf(err) != lanzha.CodeUnavailable {
		t.Errorf("err = %v", err)
	}
}

func join(names []string) string {
	s := ""
	for _, n := range names {
		s += n + " "
	}
	return s
}
