package journal_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"lanzha"
	"lanzha/base/journal"
	"lanzha/base/sqldb"
	"lanzha/base/sqldb/sqltest"
)

// clock moves a minute on at each look, so that every checkpoint is kept.
func clock() func() time.Time {
	var mu sync.Mutex
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Minute)
		return at
	}
}

func newKey(t testing.TB) journal.Key {
	t.Helper()
	k, _, err := journal.NewKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// fill appends rows from..to-1, each in a transaction of its own, and seals.
func fill(t testing.TB, db *sqldb.DB, j *journal.Journal, s *journal.Sealer, from, to int) {
	t.Helper()
	ctx := context.Background()
	for i := from; i < to; i++ {
		if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
			err := j.Append(ctx, tx, time.Unix(1700000000+int64(i), 0), journal.Entry{
				Kind: "clue.opened", Record: lanzha.ID(fmt.Sprintf("C%d", i)), About: []lanzha.ID{"R1", lanzha.ID(fmt.Sprintf("R%d", i))},
				Version: 1, Actor: "A", Purpose: "核查", Region: "530114", Payload: map[string]int{"n": i},
			})
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	seal(t, db, s)
}

// seal seals until no row is left without a leaf: on PostgreSQL a row settles
// only when every transaction of the server that began before it has ended.
func seal(t testing.TB, db *sqldb.DB, s *journal.Sealer) journal.Checkpoint {
	t.Helper()
	ctx := context.Background()
	for deadline := time.Now().Add(20 * time.Second); ; {
		if _, err := s.Seal(ctx); err != nil {
			t.Fatal(err)
		}
		c, err := s.Checkpoint(ctx)
		if err != nil && lanzha.CodeOf(err) != lanzha.CodeNotFound {
			t.Fatal(err)
		}
		n, err := sqldb.One(ctx, db.Read(), "count", sqldb.Value[int64], `SELECT (SELECT count(*) FROM journal) - (SELECT count(*) FROM journal_leaf)`)
		if err != nil {
			t.Fatal(err)
		} else if n == 0 {
			return c
		}
		if time.Now().After(deadline) {
			t.Fatal("rows did not settle in 20 s")
		}
	}
}

// attack runs statements as somebody would who has the database's password.
func attack(t *testing.T, db *sqldb.DB, statements ...string) {
	t.Helper()
	for _, q := range statements {
		res, err := db.Pool().ExecContext(context.Background(), q)
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 && !strings.HasPrefix(q, "CREATE") {
			t.Fatalf("%s: changed %d rows, %v", q, n, err)
		}
	}
}

func verify(t testing.TB, db *sqldb.DB, k journal.Key, since ...journal.Checkpoint) journal.Report {
	t.Helper()
	var notes [][]byte
	for _, c := range since {
		notes = append(notes, []byte(c.Note))
	}
	r, err := journal.Verify(context.Background(), db, k.Verifier, notes...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// swapRows exchanges two rows but for their numbers.
var swapRows = []string{
	`CREATE TABLE stash AS SELECT * FROM journal WHERE seq IN (4, 5)`,
	`UPDATE journal SET (epoch, xid, at, kind, record, version, payload, salt, payload_hash) =
		(SELECT o.epoch, o.xid, o.at, o.kind, o.record, o.version, o.payload, o.salt, o.payload_hash FROM stash o WHERE o.seq = 9 - journal.seq) WHERE seq IN (4, 5)`,
}

func TestVerifyFindsEachAttack(t *testing.T) {
	for _, c := range []struct {
		name   string
		attack []string
		fault  journal.Fault
		index  int64
		seq    int64
	}{
		{"a field is changed", []string{`UPDATE journal SET actor = 'B' WHERE seq = 5`}, journal.FaultChanged, 4, 5},
		{"the time is changed", []string{`UPDATE journal SET at = at - 1 WHERE seq = 1`}, journal.FaultChanged, 0, 1},
		{"the payload is changed", []string{`UPDATE journal SET payload = '{"n":7}' WHERE seq = 5`}, journal.FaultChanged, 4, 5},
		{"the payload's hash is changed", []string{`UPDATE journal SET payload_hash = salt WHERE seq = 5`}, journal.FaultChanged, 4, 5},
		{"a payload is erased in silence", []string{`UPDATE journal SET payload = '', salt = '' WHERE seq = 5`}, journal.FaultErased, 4, 5},
		{"a row leaves a timeline", []string{`DELETE FROM journal_about WHERE seq = 5 AND record = 'R1'`}, journal.FaultChanged, 4, 5},
		{"a row enters a timeline", []string{`INSERT INTO journal_about (record, seq) VALUES ('X', 5)`}, journal.FaultChanged, 4, 5},
		{"two timelines become one", []string{`DELETE FROM journal_about WHERE seq = 5 AND record = 'R1'`, `UPDATE journal_about SET record = 'R12:R5' WHERE seq = 5 AND record = 'R5'`}, journal.FaultChanged, 4, 5},
		{"a row is removed", []string{`DELETE FROM journal_about WHERE seq = 5`, `DELETE FROM journal WHERE seq = 5`}, journal.FaultRemoved, 4, 5},
		{"the last sealed row is removed", []string{`DELETE FROM journal_about WHERE seq = 12`, `DELETE FROM journal WHERE seq = 12`}, journal.FaultRemoved, 11, 12},
		{"a row and its leaf are removed", []string{`DELETE FROM journal_about WHERE seq = 5`, `DELETE FROM journal WHERE seq = 5`, `DELETE FROM journal_leaf WHERE seq = 5`}, journal.FaultRemoved, 4, 0},
		{"a row is inserted in the past", []string{`INSERT INTO journal (seq, epoch, xid, at, kind, record, version, actor, purpose, region, institution, payload, salt, payload_hash)
			SELECT -3, epoch, xid, at, kind, 'X', version, actor, purpose, region, institution, payload, salt, payload_hash FROM journal WHERE seq = 1`}, journal.FaultInserted, 0, -3},
		{"two rows are swapped", swapRows, journal.FaultSwapped, 3, 4},
		{"two rows and their timelines are swapped", append(slices.Clip(swapRows), `UPDATE journal_about SET seq = 9 - seq WHERE seq IN (4, 5) AND record <> 'R1'`), journal.FaultSwapped, 3, 4},
		{"two leaves are swapped", []string{`UPDATE journal_leaf SET seq = -seq WHERE idx IN (3, 4)`, `UPDATE journal_leaf SET seq = 9 + seq WHERE idx IN (3, 4)`}, journal.FaultSwapped, 3, 5},
		{"a stored subtree is changed", []string{`UPDATE journal_leaf SET hashes = (SELECT o.hashes FROM journal_leaf o WHERE o.idx = 5) WHERE idx = 3`}, journal.FaultRewritten, 3, 0},
		{"the log's end is cut off", []string{`DELETE FROM journal_about WHERE seq > 10`, `DELETE FROM journal_leaf WHERE seq > 10`, `DELETE FROM journal_checkpoint WHERE size > 10`, `DELETE FROM journal WHERE seq > 10`}, journal.FaultCut, 10, 0},
		{"a checkpoint is forged", []string{`UPDATE journal_checkpoint SET note = replace(note, 'lanzha/journal', 'lanzha/journal') || 'x' WHERE size = 8`}, journal.FaultForged, 8, 0},
		{"checkpoints change places", []string{`UPDATE journal_checkpoint SET note = (SELECT o.note FROM journal_checkpoint o WHERE o.size = 4) WHERE size = 8`}, journal.FaultForged, 8, 0},
		{"the checkpoints are removed", []string{`DELETE FROM journal_checkpoint`}, journal.FaultCut, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
				k := newKey(t)
				j := journal.New(db, clock(), nil)
				s := journal.NewSealer(j, k)
				for i := 1; i <= 12; i += 4 {
					fill(t, db, j, s, i, i+4)
				}
				outside := seal(t, db, s)
				fill(t, db, j, s, 13, 15)
				if r := verify(t, db, k, outside); !r.OK || r.Sealed != 14 || r.Checkpoints < 4 { // rows that settle apart are sealed apart
					t.Fatalf("before the attack: %+v", r)
				}
				attack(t, db, c.attack...)
				r := verify(t, db, k, outside)
				if f := r.First(); r.OK || f == nil || f.Fault != c.fault || f.Index != c.index || c.seq != 0 && f.Seq != c.seq {
					t.Errorf("found %+v (%d in all), want %s at %d, row %d", f, r.Faults, c.fault, c.index, c.seq)
				}
			})
		})
	}
}

// Whoever changes a row, computes all hashes anew and has even the signing key
// is found by the checkpoint kept elsewhere, and by that alone.
func TestARewrittenLogIsFoundFromOutside(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		k := newKey(t)
		j := journal.New(db, clock(), nil)
		s := journal.NewSealer(j, k)
		fill(t, db, j, s, 1, 5)
		early := seal(t, db, s)
		fill(t, db, j, s, 5, 10)
		outside := seal(t, db, s)
		fill(t, db, j, s, 10, 12)
		attack(t, db, `UPDATE journal SET actor = 'B' WHERE seq = 6`, `DELETE FROM journal_leaf`, `UPDATE journal_seal SET size = 0, epoch = 0, xid = 0, seq = 0`)
		// Without the key the database's own checkpoints bear witness...
		attack(t, db, `CREATE TABLE stash AS SELECT * FROM journal_checkpoint`, `DELETE FROM journal_checkpoint`)
		thief := newKey(t)
		seal(t, db, journal.NewSealer(j, thief))
		attack(t, db, `DELETE FROM journal_checkpoint`, `INSERT INTO journal_checkpoint SELECT * FROM stash`)
		if f := verify(t, db, k).First(); f == nil || f.Fault != journal.FaultRewritten || f.Index != 4 || f.To != 9 {
			t.Errorf("found %+v, want rewritten in 4..9", f)
		}
		// ...and with it, or without them, only the one from elsewhere.
		attack(t, db, `DELETE FROM journal_checkpoint`, `DELETE FROM journal_leaf`, `UPDATE journal_seal SET size = 0, epoch = 0, xid = 0, seq = 0`)
		seal(t, db, s)
		if r := verify(t, db, k); !r.OK {
			t.Fatalf("the rewritten log agrees with itself: %+v", r.First())
		}
		if f := verify(t, db, k, outside).First(); f == nil || f.Fault != journal.FaultRewritten || f.Index != 0 || f.To != 9 {
			t.Errorf("found %+v, want rewritten in 0..9", f)
		}
		if f := verify(t, db, k, outside, early).First(); f == nil || f.Fault != journal.FaultRewritten || f.Index != 4 || f.To != 9 {
			t.Errorf("found %+v, want rewritten in 4..9", f)
		}
	})
}

func TestTheSealerStopsAtARewrittenLog(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		k := newKey(t)
		j := journal.New(db, clock(), nil)
		s := journal.NewSealer(j, k)
		fill(t, db, j, s, 1, 8)
		attack(t, db, `UPDATE journal_leaf SET hashes = (SELECT o.hashes FROM journal_leaf o WHERE o.idx = 5) WHERE idx = 3`)
		appendOne(t, db, j, journal.Entry{Kind: "a", Record: "x"})
		var err error
		for n := int64(0); err == nil && n == 0; { // until the row has settled
			n, err = s.Seal(context.Background())
		}
		if lanzha.CodeOf(err) != lanzha.CodeConflict {
			t.Errorf("sealing went on: %v", err)
		}
		if n, oldest, err := j.Lag(context.Background()); err != nil || n != 1 || oldest.Unix() != 1700000000 {
			t.Errorf("lag = %d since %v, %v", n, oldest, err)
		}
	})
}

func TestErasedRowsStayVerifiable(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		ctx := context.Background()
		k := newKey(t)
		j := journal.New(db, clock(), nil)
		s := journal.NewSealer(j, k)
		fill(t, db, j, s, 1, 6)
		before := seal(t, db, s)
		erase := func(seqs ...int64) error {
			return db.Tx(ctx, func(tx *sqldb.Tx) error {
				return j.Erase(ctx, tx, time.Unix(1800000000, 0), "A", "retention", seqs...)
			})
		}
		if err := erase(2, 4); err != nil {
			t.Fatal(err)
		}
		seal(t, db, s)
		if r := verify(t, db, k, before); !r.OK || r.Erased != 2 || r.Sealed != 6 {
			t.Errorf("after erasure: %+v", r)
		}
		if err := erase(99); lanzha.CodeOf(err) != lanzha.CodeNotFound {
			t.Errorf("a row that is not there: %v", err)
		}
		if err := erase(6); lanzha.CodeOf(err) != lanzha.CodeConflict {
			t.Errorf("the row that tells of the erasure: %v", err)
		}
		rows, err := j.Timeline(ctx, db.Read(), "C2", 0, 9)
		if err != nil || len(rows) != 2 || rows[0].Kind != journal.KindErased || string(rows[1].Payload) != "" {
			t.Errorf("timeline of an erased row: %+v, %v", rows, err)
		}
	})
}

// Two processes seal while many write out of order; all is sealed once.
func TestTwoSealers(t *testing.T) {
	sqltest.Run(t, schemas, func(t *testing.T, db *sqldb.DB) {
		k := newKey(t)
		ctx, cancel := context.WithCancel(context.Background())
		var sealing, writing sync.WaitGroup
		for range 2 {
			s := journal.NewSealer(journal.New(db, time.Now, nil), k)
			sealing.Go(func() {
				for ctx.Err() == nil {
					if _, err := s.Seal(context.Background()); err != nil {
						t.Error(err)
						return
					}
				}
				if err := s.Run(ctx); err != nil { // ends at once, after a last round
					t.Error(err)
				}
			})
		}
		j := journal.New(db, time.Now, nil)
		for w := range 4 {
			writing.Go(func() {
				for i := range 50 {
					appendOne(t, db, j, journal.Entry{Kind: "a", Record: lanzha.ID(fmt.Sprintf("%d-%d", w, i))})
				}
			})
		}
		writing.Wait()
		cancel()
		sealing.Wait()
		if r := verify(t, db, k, seal(t, db, journal.NewSealer(j, k))); !r.OK || r.Sealed != 200 || r.Unsealed != 0 {
			t.Errorf("%+v", r)
		}
	})
}

// The stored hashes are those of tlog: whoever has its tools can check ours.
func TestStoredHashesAreThoseOfTlog(t *testing.T) {
	db := sqltest.OpenSQLite(t, schemas...)
	ctx := context.Background()
	j := journal.New(db, clock(), nil)
	s := journal.NewSealer(j, newKey(t))
	for size := 1; size <= 40; size++ {
		fill(t, db, j, s, size, size+1)
		hashes, err := sqldb.All(ctx, db.Read(), sqldb.Value[[]byte], `SELECT hashes FROM journal_leaf ORDER BY idx`)
		if err != nil {
			t.Fatal(err)
		}
		var stored []tlog.Hash
		for _, h := range hashes {
			for ; len(h) > 0; h = h[tlog.HashSize:] {
				stored = append(stored, tlog.Hash(h[:tlog.HashSize]))
			}
		}
		root, err := tlog.TreeHash(int64(size), tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, err error) {
			for _, i := range indexes {
				out = append(out, stored[i])
			}
			return out, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Checkpoint(ctx)
		if err != nil || !strings.Contains(c.Note, fmt.Sprintf("\n%d\n%s\n", size, root)) {
			t.Fatalf("checkpoint %v, want root %s: %v", c, root, err)
		}
	}
}

func TestKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.key")
	var group sync.WaitGroup
	keys := make([]journal.Key, 4)
	for i := range keys {
		group.Go(func() {
			var err error
			if keys[i], err = journal.LoadKey(path); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, k := range keys {
		if k.Public != keys[0].Public || k.Signer.KeyHash() != k.Verifier.KeyHash() {
			t.Errorf("keys of one file differ: %s, %s", k.Public, keys[0].Public)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, err := fs.Glob(os.DirFS(filepath.Dir(path)), "*"); err != nil || len(left) != 1 {
		t.Errorf("files: %v, %v", left, err)
	}
	if _, err := journal.ParseKey("PRIVATE+KEY+x"); lanzha.CodeOf(err) != lanzha.CodeInvalid || strings.Contains(err.Error(), "PRIVATE") {
		t.Errorf("err = %v", err)
	}
	if _, err := journal.LoadKey("/nonexistent/key"); lanzha.CodeOf(err) != lanzha.CodeUnavailable {
		t.Errorf("err = %v", err)
	}
}

func TestACheckpointOfAnotherKeyIsRefused(t *testing.T) {
	db := sqltest.OpenSQLite(t, schemas...)
	j := journal.New(db, clock(), nil)
	s := journal.NewSealer(j, newKey(t))
	fill(t, db, j, s, 1, 3)
	c, err := s.Checkpoint(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{c.Note, strings.Replace(c.Note, "\n2\n", "\n3\n", 1), "", "x\n\n"} {
		if _, err := journal.Verify(context.Background(), db, newKey(t).Verifier, []byte(text)); lanzha.CodeOf(err) != lanzha.CodeInvalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// BenchmarkVerify tells rows/s over a journal of 100,000 sealed rows.
func BenchmarkVerify(b *testing.B) {
	const rows = 100_000
	for _, open := range []func(testing.TB, ...sqldb.Schema) *sqldb.DB{sqltest.OpenSQLite, sqltest.OpenPostgres} {
		db, ctx := open(b, schemas...), context.Background()
		b.Run(string(db.Dialect), func(b *testing.B) {
			k := newKey(b)
			j := journal.New(db, time.Now, nil)
			for range rows / 1000 {
				if err := db.Tx(ctx, func(tx *sqldb.Tx) error {
					for i := range 1000 {
						if err := j.Append(ctx, tx, time.Unix(1700000000, 0), journal.Entry{
							Kind: "clue.opened", Record: lanzha.ID(fmt.Sprint("C", i)), About: []lanzha.ID{"R1"}, Region: "530114", Payload: map[string]int{"n": i},
						}); err != nil {
							return err
						}
					}
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			s := journal.NewSealer(j, k)
			start := time.Now()
			c := seal(b, db, s)
			sealing := time.Since(start)
			for b.Loop() {
				if r := verify(b, db, k, c); !r.OK || r.Sealed != rows {
					b.Fatalf("%+v", r)
				}
			}
			b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(rows/sealing.Seconds(), "sealed/s")
		})
	}
}
