package journal_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
)

// TestAnAnnexIsSealedWithItsRow changes, swaps and removes annexes behind the
// journal's back: verification finds each, and lets an erasure pass.
func TestAnAnnexIsSealedWithItsRow(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		k := newKey(t)
		j := journal.New(db, clock(), nil)
		s := journal.NewSealer(j, k)
		fill(t, db, j, s, 1, 3)
		annex := func(payload any, data string) {
			if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
				return j.Append(ctx, tx, time.Unix(1800000000, 0), journal.Entry{Kind: "clue.opened", Record: "C9", Payload: payload, Annex: []byte(data)})
			}); err != nil {
				t.Fatal(err)
			}
		}
		annex(map[string]int{"n": 2}, "first") // row 3
		annex(nil, "second")                   // row 4
		before := seal(t, db, s)
		annex(nil, "not sealed yet") // row 5
		if got, err := j.Annex(ctx, db.Read(), 4); err != nil || string(got) != "second" {
			t.Errorf("the annex reads %q, %v", got, err)
		}
		if _, err := j.Annex(ctx, db.Read(), 1); lanzha.CodeOf(err) != lanzha.CodeNotFound {
			t.Errorf("a row without an annex: %v", err)
		}
		rows, err := j.Timeline(ctx, db.Read(), "C9", 0, 9)
		if err != nil || len(rows) != 3 || !strings.HasPrefix(string(rows[2].Payload), `{"n":2,"annex":"`) {
			t.Errorf("rows with an annex: %+v, %v", rows, err)
		}
		if r := verify(t, db, k, before); !r.OK || r.Unsealed != 1 {
			t.Errorf("untouched: %+v", r)
		}
		for _, attack := range []struct{ do, undo string }{
			{`UPDATE journal_annex SET data = (SELECT data FROM journal_annex WHERE seq = 4) WHERE seq = 3`, `UPDATE journal_annex SET data = $1 WHERE seq = 3`},
			{`DELETE FROM journal_annex WHERE seq = 3`, `INSERT INTO journal_annex (seq, data) VALUES (3, $1)`},
			{`INSERT INTO journal_annex (seq, data) SELECT 1, data FROM journal_annex WHERE seq = 3`, `DELETE FROM journal_annex WHERE seq = 1 AND length(data) = length($1)`},
		} {
			run := func(query string, args ...any) {
				if err := db.Tx(ctx, func(tx *sqldb.Tx) error { _, err := sqldb.Exec(ctx, tx, query, args...); return err }); err != nil {
					t.Fatal(err)
				}
			}
			run(attack.do)
			if r := verify(t, db, k, before); r.OK || r.First().Fault != journal.FaultChanged {
				t.Errorf("%s is not found: %+v", attack.do, r)
			}
			run(attack.undo, []byte("first"))
			if r := verify(t, db, k, before); !r.OK {
				t.Fatalf("%s left a fault: %+v", attack.undo, r.Findings)
			}
		}
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			return j.Erase(ctx, tx, time.Unix(1900000000, 0), "A", "retention", 3, 5)
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := j.Annex(ctx, db.Read(), 3); lanzha.CodeOf(err) != lanzha.CodeNotFound {
			t.Errorf("an erased annex: %v", err)
		}
		seal(t, db, s)
		if r := verify(t, db, k, before); !r.OK || r.Erased != 2 {
			t.Errorf("after erasure: %+v", r)
		}
	})
}
